"""Who may change places: people of the rows, and the blocks that they stay in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, listed, unknown
from honestsignals.inference.relabelling import Relabelling, relabelling

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
Blocks = tuple[Mapping[Any, Any], str]
"""The block of each person by id, and what they are in words."""

GROUPS = "groups: those that no row joins, or that are ego alone or alter alone"


def people_of(ids: pd.DataFrame, directed: bool, block: Blocks | None) -> tuple[Relabelling, str]:
    """People in the order of their ids, whatever the order of rows; and what they change places within.

    Parameters
    ----------
    ids : pandas.DataFrame
        ``ego`` and ``alter`` of the rows.
    directed : bool
    block : tuple, optional
        As from `blocks_of`; without it, groups as the rows have them (`groups_of`).

    Examples
    --------
    >>> import pandas as pd
    >>> ids = pd.DataFrame({"ego": ["b", "d"], "alter": ["a", "c"]})
    >>> people, words = people_of(ids, False, None)
    >>> people.block.tolist(), words
    ([0, 0, 1, 1], 'groups: those that no row joins, or that are ego alone or alter alone')
    """
    ego, alter = (ids[name].to_numpy(dtype=object) for name in ("ego", "alter"))
    names, codes = np.unique(np.concatenate([ego, alter]), return_inverse=True)
    codes = codes.reshape(2, -1)
    if block is None:
        return relabelling(codes[0], codes[1], directed=directed), GROUPS
    of, words = block
    lacking = [name for name in names.tolist() if name not in of]
    if lacking:
        raise ArgumentError(f"block says nothing of {listed(lacking, 3)}.")
    values = np.array([str(of[name]) for name in names.tolist()])
    return relabelling(codes[0], codes[1], values, directed=directed), words


def blocks_of(block: Any, ids: pd.DataFrame, places: Array, dyads: Any) -> Blocks | None:
    """Blocks of people, as a caller names them.

    Parameters
    ----------
    block : str, mapping, sequence or None
        An attribute of people or a column of rows; a block for each person; one for each row.
    ids : pandas.DataFrame
        ``ego`` and ``alter`` of the rows used.
    places : ndarray of int
        Where these rows stand in the table.
    dyads : DyadTable, pandas.DataFrame or None
        The table.

    Raises
    ------
    ArgumentError
        Where the table is another one, or the block of somebody is not known.
    DesignError
        Where rows put somebody into two blocks.

    Examples
    --------
    >>> import pandas as pd
    >>> ids = pd.DataFrame({"ego": ["a", "c"], "alter": ["b", "d"]})
    >>> blocks_of(["north", "south"], ids, np.arange(2), None)
    ({'a': 'north', 'c': 'south', 'b': 'north', 'd': 'south'}, 'blocks')
    """
    if block is None:
        return None
    frame = dyads.frame if isinstance(dyads, DyadTable) else dyads
    if frame is None:
        if isinstance(block, str):
            raise ArgumentError(
                f"block is the column {block!r}: give the table that has it, permute(fit, dyads)."
            )
        return _by_person(block, ids, places)
    rows = frame.iloc[places]
    if len(rows) != len(ids) or not (rows[["ego", "alter"]].to_numpy() == ids.to_numpy()).all():
        raise ArgumentError("The table is not the one that was fitted: its rows are other pairs.")
    return _by_person(block, rows, places)


def _by_person(block: Any, rows: pd.DataFrame, places: Array) -> Blocks:
    """The block of each person: by id, or as rows have it."""
    if isinstance(block, Mapping) or hasattr(block, "items"):
        return dict(block.items()), "blocks"
    if isinstance(block, str):
        two = [f"ego_{block}", f"alter_{block}"]
        there = [str(name) for name in rows.columns]
        if block in there:
            two = [block, block]
        elif not set(two) <= set(there):
            raise unknown(
                "column",
                block,
                [one.removeprefix("ego_") for one in there if one.startswith("ego_")] or there,
            )
        values, words = [rows[name].tolist() for name in two], f"blocks of {block}"
    else:
        each = np.asarray(block, dtype=object)
        if each.ndim == 1 and places.max(initial=-1) < each.size != len(rows):
            each = each[places]
        if each.ndim != 1 or each.size != len(rows):
            raise ArgumentError(
                f"block has the shape {np.shape(block)}; it must have one value for each row."
            )
        values, words = [each.tolist(), each.tolist()], "blocks"
    found: dict[Any, Any] = {}
    for names, of in zip((rows["ego"].tolist(), rows["alter"].tolist()), values, strict=True):
        for name, one in zip(names, of, strict=True):
            if one is None or (isinstance(one, float) and np.isnan(one)):
                raise ArgumentError(f"The block of {name!r} is not known; leave that person out, or say it.")
            if found.setdefault(name, one) != one:
                raise DesignError(
                    f"{name!r} is in the blocks {found[name]!r} and {one!r}; people have one block."
                )
    return found, words

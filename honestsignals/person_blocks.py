"""Who may change places: people of the rows, and the blocks that they stay in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, listed, unknown
from honestsignals.inference.relabelling import Relabelling, groups_of, relabelling

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
Blocks = tuple[Mapping[Any, Any], str]
"""The block of each person by id, and what they are in words."""

GROUPS = "groups: those that no row joins, or that are ego alone or alter alone"


ONE_WAY = (
    "No pair has a row each way in this plain frame: rows are taken for pairs without direction, and ego and "
    "alter in them for order alone. For ordered pairs, give a row each way, or a DyadTable with direction."
)


def one_way(ids: pd.DataFrame) -> bool:
    """Whether rows of a plain frame are pairs without direction: none stands both ways.

    Where nobody is both ego and alter, being ego means something, and rows stay ordered.

    Parameters
    ----------
    ids : pandas.DataFrame
        ``ego`` and ``alter`` of the rows.

    Examples
    --------
    >>> import pandas as pd
    >>> one_way(pd.DataFrame({"ego": ["a", "a", "b"], "alter": ["b", "c", "c"]}))
    True
    >>> one_way(pd.DataFrame({"ego": ["a", "b"], "alter": ["b", "a"]}))
    False
    """
    ego, alter = ids["ego"].tolist(), ids["alter"].tolist()
    if not set(ego) & set(alter):
        return False
    there = set(zip(ego, alter, strict=True))
    return not any((two, one) in there for one, two in there)


def people_of(ids: pd.DataFrame, directed: bool, block: Blocks | None) -> tuple[Relabelling, str]:
    """People in the order of their ids, whatever the order of rows; and what they change places within.

    Parameters
    ----------
    ids : pandas.DataFrame
        ``ego`` and ``alter`` of the rows.
    directed : bool
    block : tuple, optional
        As from `blocks_of`; groups as the rows have them (`groups_of`) divide them further.

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
    values = np.unique(_texts({name: of[name] for name in names.tolist()}), return_inverse=True)[1]
    # within a block too, who was not asked must not take the place of who was
    groups = groups_of(codes[0], codes[1], names.size, directed=directed)
    both = np.unique(values * names.size + groups, return_inverse=True)[1]
    if both.max() > values.max():
        words = f"groups: {words}, and within them those that no row joins, or that are ego or alter alone"
    return relabelling(codes[0], codes[1], both, directed=directed), words


def _texts(of: Mapping[Any, Any]) -> Array:
    """What each person's block is called: equal numbers alike, and a number never like a text."""
    called: dict[str, Any] = {}
    texts = []
    for name, one in of.items():
        _refuse_unknown(name, one)
        text = _text(one)
        first = called.setdefault(text, one)
        if isinstance(first, str) != isinstance(one, str):
            raise ArgumentError(
                f"block has {first!r} and {one!r}, a text and a number that look alike: write one of them."
            )
        texts.append(text)
    return np.array(texts)


def _text(one: Any) -> str:
    if not isinstance(one, int | float | np.number) or isinstance(one, bool):
        return str(one)
    value = float(one)
    return str(int(value)) if value.is_integer() else str(value)


def _refuse_unknown(name: Any, one: Any) -> None:
    """Refuse a person whose block is missing: None, NaN, NaT."""
    absent = one is None or type(one).__name__ in ("NAType", "NaTType")
    if absent or (isinstance(one, float | np.floating) and np.isnan(one)):
        raise ArgumentError(f"The block of {name!r} is not known; leave that person out, or say it.")


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
            _refuse_unknown(name, one)
            if found.setdefault(name, one) != one:
                raise DesignError(
                    f"{name!r} is in the blocks {found[name]!r} and {one!r}; people have one block."
                )
    return found, words

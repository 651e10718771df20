"""Rows of unordered pairs seen from the other of the two, so that who comes first tells nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import DesignError, HonestSignalsError, listed
from honestsignals.exporting.content import Content, id_text

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

RELABELLED = {"ego only": "alter only", "alter only": "ego only"}
PARTNERS = {"swap": None, "kinds": None, "low": 1.0, "high": 1.0}
"""Ways of turning that read another column, and from what its value is taken."""


def turned(content: Content, before: pd.DataFrame) -> Content:
    """A table of unordered pairs in which ego is the first of the two as they are named now.

    Before, ego was the first in the order of the original names: over many pairs that is the order of
    everybody. A table of ordered pairs has both directions, and is left as it is.

    Parameters
    ----------
    content : Content
        A table with columns ego and alter.
    before : pandas.DataFrame
        Its rows under the original names.

    Raises
    ------
    DesignError
        Where a column belongs to one of the two and the other's is not in the table.
    """
    frame = content.frame
    if content.directed or (content.directed is None and not sides_sorted(before)):
        return content
    known = frame["ego"].notna() & frame["alter"].notna()
    flip = np.zeros(len(frame), dtype=bool)
    flip[known] = (frame["ego"][known] > frame["alter"][known]).to_numpy()
    columns: dict[str, Any] = {}
    taken = []
    for name in frame.columns:
        swap = _swap(content, name)
        if swap is None:
            taken.append(name)
        elif swap != "same":
            columns[name] = _turned(frame, name, swap, flip)
    said = ["In each pair ego is the first by pseudonym, and columns of the two are turned accordingly."]
    if taken:
        said.append(f"Taken as the same whoever is ego: {listed(taken)}.")
    return content.with_columns(columns, *said)


def sides_sorted(frame: pd.DataFrame) -> bool:
    """Whether ego comes before alter in every row, as text or as numbers.

    >>> import pandas as pd
    >>> sides_sorted(pd.DataFrame({"ego": ["2", "9"], "alter": ["9", "10"]}))
    True
    """
    rows = frame[["ego", "alter"]].dropna()
    pairs = [(id_text(ego), id_text(alter)) for ego, alter in zip(rows["ego"], rows["alter"], strict=True)]
    if all(one.isdecimal() for pair in pairs for one in pair):
        return all(int(ego) < int(alter) for ego, alter in pairs) or all(ego < alter for ego, alter in pairs)
    return all(ego < alter for ego, alter in pairs)


def _swap(content: Content, name: str) -> str | None:
    """What exchanging the two does to a column; None where nothing is known of it."""
    if name in ("ego", "alter"):
        return "swap"
    stated = next((one.swap for one in content.about if one.name == name), None)
    if stated is not None:
        return stated
    registered = _registered(name)
    if registered is not None:
        return registered
    return "swap" if partner(name) in content.frame.columns else None


def _registered(name: str) -> str | None:
    """What exchanging the two does to a metric; None where the name is no metric's."""
    import honestsignals.metrics  # noqa: F401  registers the metrics
    from honestsignals.metrics.columns import column, describe

    try:
        return describe(column(name, name.split("__")[1:])).swap
    except HonestSignalsError:
        return None


def partner(name: str) -> str:
    """The column that has of the other what a column has of one.

    >>> partner("acts_ego__help"), partner("alter_office"), partner("exchange__help__advice")
    ('acts_alter__help', 'ego_office', 'exchange__advice__help')
    >>> partner("give_share_shrunk_low"), partner("trust")
    ('give_share_shrunk_high', 'trust_alter')
    """
    whole = {"ego": "alter", "alter": "ego"}
    if name in whole:
        return whole[name]
    stem, *kinds = name.split("__")
    ends = {"_ego": "_alter", "_alter": "_ego", "_low": "_high", "_high": "_low"}
    for end, other in ends.items():
        if stem.endswith(end):
            return "__".join([stem.removesuffix(end) + other, *kinds])
    for start, other in {"ego_": "alter_", "alter_": "ego_"}.items():
        if stem.startswith(start):
            return other + name.removeprefix(start)
    if len(kinds) == 2:
        return "__".join([stem, *reversed(kinds)])
    return f"{name}_alter"


def _turned(frame: pd.DataFrame, name: str, swap: str, flip: Array) -> Any:
    """A column with the rows turned that ``flip`` marks."""
    own = frame[name]
    if swap in ("negate", "complement"):
        values = own.to_numpy(dtype=float)
        return np.where(flip, -values if swap == "negate" else 1 - values, values)
    if swap == "relabel":
        return own.where(~flip, own.astype(object).replace(RELABELLED).astype(own.dtype))
    other = partner(name)
    if other not in frame.columns:
        raise DesignError(
            f"{name!r} belongs to one of the two, and ego must not stay the first in the order of names: "
            f"add {other!r} to the table, or leave {name!r} out."
        )
    origin = PARTNERS[swap]
    if origin is not None:
        return np.where(flip, origin - frame[other].to_numpy(dtype=float), own.to_numpy(dtype=float))
    return _either(own, frame[other], flip)


def _either(own: pd.Series, other: pd.Series, flip: Array) -> pd.Series:
    """One column where rows stay and another where they are turned, of the first's type where it can be."""
    if own.dtype == other.dtype:
        return own.where(~flip, other)
    mixed = own.astype(object).where(~flip, other.astype(object))
    return mixed.infer_objects()

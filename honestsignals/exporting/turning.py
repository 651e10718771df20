"""Rows of unordered pairs seen from the other of the two, so that who comes first tells nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import DesignError, HonestSignalsError, listed
from honestsignals.exporting.content import Content

if TYPE_CHECKING:
    import pandas as pd

UNTURNED = (
    "Each pair has its sides as they were, as nothing says that its order means nothing: where ego is first "
    "by name in every row, the sides tell of the order of names."
)
Array = np.ndarray[Any, np.dtype[Any]]

RELABELLED = {"ego only": "alter only", "alter only": "ego only"}
PARTNERS = {"swap": None, "kinds": None, "low": 1.0, "high": 1.0}
"""Ways of turning that read another column, and from what its value is taken."""


def turned(content: Content) -> Content:
    """A table of unordered pairs in which ego is the first of the two as they are named now.

    Before, ego was the first in the order of the original names: over many pairs that is the order of
    everybody. A table of ordered pairs has both directions, and is left as it is; so is one of which
    nothing says that its pairs have no order, and that is said.

    Parameters
    ----------
    content : Content
        A table with columns ego and alter.

    Raises
    ------
    DesignError
        Where a column belongs to one of the two and the other's is not in the table.
    """
    frame = content.frame
    if content.directed is None:
        return replace(content, said=(*content.said, UNTURNED))
    if content.directed:
        return content
    known = frame["ego"].notna() & frame["alter"].notna()
    flip = np.zeros(len(frame), dtype=bool)
    flip[known] = (frame["ego"][known] > frame["alter"][known]).to_numpy()
    if "metric" in frame.columns and "observed" in frame.columns:
        return _rows_turned(content, flip)
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


def _rows_turned(content: Content, flip: Array) -> Content:
    """A table with a row a pair and metric, turned as each metric is.

    What a metric has of ego is, with the two exchanged, what its partner has of alter: such a row keeps its
    numbers under the partner's name.
    """
    frame = content.frame
    metrics = frame["metric"].astype(object).to_numpy()
    swaps = {name: _metric_swap(content, name, metrics) for name in dict.fromkeys(metrics)}
    swap = np.array([swaps[name] for name in metrics], dtype=object)
    negated, complemented = flip & (swap == "negate"), flip & np.isin(swap, ("complement", "low", "high"))
    renamed = flip & np.isin(swap, list(PARTNERS))
    columns: dict[str, Any] = {
        "ego": _either(frame["ego"], frame["alter"], flip),
        "alter": _either(frame["alter"], frame["ego"], flip),
        "metric": np.where(renamed, [partner(name) for name in metrics], metrics),
    }
    opposite = negated | complemented
    for name in ("observed", "expected", "z"):
        values = frame[name].to_numpy(dtype=float)
        other = 0 - values if name == "z" else np.where(negated, 0 - values, 1 - values)
        columns[name] = np.where(opposite, other, values)
    for name, end in {"p_low": "p_high", "p_high": "p_low"}.items():
        columns[name] = np.where(opposite, frame[end], frame[name])
    rows = zip(frame["reason"], metrics, columns["metric"], strict=True)
    columns["reason"] = [_reason_of(content, *row) for row in rows]
    done = content.with_columns(
        columns, "In each pair ego is the first by pseudonym, and each metric is turned as it must be."
    )
    # the order of metrics would tell which rows were turned
    places = {name: place for place, name in enumerate(swaps)}
    order = np.argsort([places[name] for name in columns["metric"]], kind="stable")
    return replace(done, frame=done.frame.iloc[order])


def _metric_swap(content: Content, name: str, metrics: Array) -> str:
    """What exchanging the two does to a metric of a table with a row a metric."""
    swap = next((one.swap for one in content.about if one.name == name), None) or registered_swap(name)
    if swap is None or swap == "relabel":
        raise DesignError(
            f"Nothing says what {name!r} is with ego and alter exchanged, and ego must not stay the first in "
            f"the order of names: leave {name!r} out."
        )
    if swap in PARTNERS and partner(name) not in metrics:
        raise _lacking(name)
    return swap


def _reason_of(content: Content, reason: str, name: str, new: str) -> str:
    """Why there is no number, in the words of the metric that the row has now."""
    told = content.fact(name).undefined
    return reason.replace(told, content.fact(new).undefined) if told and new != name else reason


def _lacking(name: str) -> DesignError:
    return DesignError(
        f"{name!r} belongs to one of the two, and ego must not stay the first in the order of names: "
        f"add {partner(name)!r} to the table, or leave {name!r} out."
    )


def _swap(content: Content, name: str) -> str | None:
    """What exchanging the two does to a column; None where nothing is known of it."""
    if name in ("ego", "alter"):
        return "swap"
    stated = next((one.swap for one in content.about if one.name == name), None)
    if stated is not None:
        return stated
    registered = registered_swap(name)
    if registered is not None:
        return registered
    # the ends of an interval look like partners, and are no column of the other's
    interval = name.partition("__")[0].endswith(("_low", "_high"))
    return "swap" if not interval and partner(name) in content.frame.columns else None


def registered_swap(name: str) -> str | None:
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
        raise _lacking(name)
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

"""Disclosures one by one: how deep against how deep the other has gone so far, and what came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import HOUR, Acts, Settings
from honestsignals.metrics.disclosure import reached
from honestsignals.metrics.told import Told, told
from honestsignals.return_waits import OrderedActs, ordered_acts

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class DepthRows:
    """Disclosures in the order of pairs and times.

    Attributes
    ----------
    giver, other : ndarray of int, shape (n,)
        Codes of who disclosed, and to whom.
    pair : ndarray of int, shape (n,)
        Number of the pair.
    time : ndarray of int64, microseconds, shape (n,)
    depth : ndarray, shape (n,)
    reached : ndarray, shape (n,)
        Deepest that the other had disclosed strictly earlier; −∞ where nothing.
    moment : ndarray of int, shape (n,)
        Moments so far, its own with them, at which either of the two disclosed.
    returned, watched : ndarray of bool, shape (n,)
        Whether the other disclosed within Δ, strictly later; whether all of Δ was observed.
    hours : ndarray, shape (n,)
        Until the other's next disclosure; NaN where none came.
    answer_depth : ndarray, shape (n,)
        Depth of the other's next disclosure; NaN where none came.
    count : ndarray of int, shape (n,)
        Acts that each stands for.
    row : ndarray of int, shape (n,)
        Row of the log.
    """

    giver: Array
    other: Array
    pair: Array
    time: Array
    depth: Array
    reached: Array
    moment: Array
    returned: Array
    watched: Array
    hours: Array
    answer_depth: Array
    count: Array
    row: Array

    def __len__(self) -> int:
        return len(self.depth)


def log_of(source: object, what: str) -> InteractionLog:
    """The log of a study, or the log itself.

    Parameters
    ----------
    source : InteractionLog or Study
    what : str
        Who asks, as a message names it.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    log = source if isinstance(source, InteractionLog) else getattr(source, "log", None)
    if not isinstance(log, InteractionLog):
        raise ArgumentError(f"{what} takes a log or a study; got {type(source).__name__}.")
    return log


def people_of(source: object) -> pd.DataFrame | None:
    """Attributes of people, where a study has them."""
    return None if isinstance(source, InteractionLog) else getattr(source, "people", None)


def disclosures_in(log: InteractionLog, within: int) -> tuple[Told, OrderedActs]:
    """The disclosures of a log pair by pair, of kinds that count as giving, and the acts these are of.

    Parameters
    ----------
    log : InteractionLog
    within : int, microseconds
        Δ: how long a return is waited for.

    Raises
    ------
    DesignError
        Where acts have no depth, or no time.
    """
    depth = log.acts.columns.get("depth")
    if depth is None:
        raise DesignError("This log has no depth, so how deep its acts go is not known: read_log(depth=...).")
    acts = ordered_acts(log)
    keep = np.flatnonzero(acts.giving & ~np.isnan(depth[acts.row]))
    acts = OrderedActs(
        acts.row[keep],
        acts.pair[keep],
        acts.low,
        acts.high,
        acts.from_low[keep],
        acts.time[keep],
        acts.giving[keep],
    )
    start, end = log.moments()
    batch = Acts(
        offsets=np.searchsorted(acts.pair, np.arange(len(acts.low) + 1)),
        from_ego=acts.from_low,
        time=acts.time,
        count=None if log.acts.count is None else log.acts.count[acts.row],
        weight=None,
        kind=None,
        conversation=None,
        depth=depth[acts.row],
        topic=None,
        start=start,
        end=np.full(len(acts.low), end),
        settings=Settings(disclosure_window=within),
    )
    return told(batch), acts


def depth_rows(log: InteractionLog, within: int) -> DepthRows:
    """Every disclosure, what had been disclosed before it, and what came back.

    Parameters
    ----------
    log : InteractionLog
    within : int, microseconds
        Δ.

    Returns
    -------
    DepthRows
    """
    of, acts = disclosures_in(log, within)
    low, high = acts.low[acts.pair], acts.high[acts.pair]
    came = of.answer >= 0
    first = of.acts.edges(of.acts.new_instant)[:-1]
    return DepthRows(
        giver=np.where(acts.from_low, low, high),
        other=np.where(acts.from_low, high, low),
        pair=acts.pair,
        time=acts.time,
        depth=of.depth,
        reached=reached(of),
        moment=np.cumsum(of.acts.new_instant) - of.acts.per_act(first),
        returned=of.returned,
        watched=of.watched,
        hours=np.where(came, of.wait / HOUR, np.nan),
        answer_depth=np.where(came, of.peak[of.answer], np.nan) if len(of.depth) else of.depth,
        count=of.counts,
        row=acts.row,
    )

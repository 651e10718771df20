"""Openings and disclosures of a log, one by one, and when the other returned each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.depth_rows import log_of, people_of
from honestsignals.errors import DesignError, one_of
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import DAY, HOUR, NEVER
from honestsignals.metrics.opening_windows import Openings
from honestsignals.return_waits import (
    NO_DEPTH,
    OrderedActs,
    checked_depth,
    counts_of,
    disclosed,
    opened_by_both,
    openings,
    ordered_acts,
)
from honestsignals.returning import Sourced

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

OF = {"openings": "opening", "disclosures": "disclosure"}
MOST = 20_000_000
"""Disclosures that are told one by one; a row stands for as many as it counts."""


@dataclass(frozen=True, eq=False)
class Initiatives:
    """Openings (or disclosures) of a log by ordered pair and time.

    Attributes
    ----------
    log : InteractionLog
    people : pandas.DataFrame or None
        Attributes of people.
    of : str
        A key of ``OF``.
    events : Openings
        Ordered pair, time and when the other first returned it.
    opener, other : ndarray of int, shape (n,)
        Codes of the two.
    depth : ndarray of float64, shape (n,)
        Of an opening the deepest that the opener did at its instant; NaN where not known.
    row : ndarray of int, shape (n,)
        Rows of the log.
    among : ndarray of int
        Rows of the acts that may ask: of several at one instant none comes first.
    able : ndarray of bool, shape (n,)
        As deep as asked for.
    depth_at_least : float or None
    gap : int, microseconds
        Of a conversation.
    both : int
        Conversations that both opened at one instant, and so neither.
    """

    log: InteractionLog
    people: pd.DataFrame | None
    of: str
    events: Openings
    opener: Array
    other: Array
    depth: Array
    row: Array
    among: Array
    able: Array
    depth_at_least: float | None
    gap: int
    both: int

    @property
    def edges(self) -> tuple[int, int]:
        """First and last moment observed."""
        return self.log.moments()

    @property
    def deep_words(self) -> str:
        """How many are not so deep, or of unknown depth, or that all are; empty where none was asked for."""
        if self.depth_at_least is None:
            return ""
        unknown = int(np.isnan(self.depth).sum())
        if not self.able.any():
            deepest = "" if unknown == len(self.depth) else f"; the deepest has {np.nanmax(self.depth):g}"
            least = f"{self.depth_at_least:g} or more{deepest}"
            return f"None of {len(self.able):,} {self.of} has a known depth of {least}."
        shallow = int((~self.able).sum()) - unknown
        return f"Passed over: {shallow:,} {self.of} not so deep and {unknown:,} of unknown depth."

    @property
    def word(self) -> str:
        """What one of them is called."""
        return OF[self.of]

    @property
    def words(self) -> str:
        """What those looked at are called."""
        deep = "" if self.depth_at_least is None else f" of depth {self.depth_at_least:g} or more"
        return f"{self.of}{deep}"


def initiatives(
    source: InteractionLog | Sourced, what: str, *, of: str, depth_at_least: float | None, gap: int
) -> Initiatives:
    """Every opening or disclosure, with the moment at which the other first returned it.

    An opening is returned by the other's next act, a disclosure by the other's next disclosure; both are
    strictly later. All are of acts that count as giving. A row that stands for several disclosures is told
    as often; a conversation is opened once.

    Parameters
    ----------
    source : InteractionLog or Study
    what : str
        Who asks, for messages.
    of : {"openings", "disclosures"}
    depth_at_least : float or None
        Of those to look at; all of them count as openings or disclosures before and after.
    gap : int, microseconds
        Of a conversation.

    Raises
    ------
    DesignError
        Where the log has no times, no depth that is asked for, or none of these.
    """
    one_of("of", of, tuple(OF))
    least = checked_depth(depth_at_least)
    log = log_of(source, what)
    acts = ordered_acts(log)
    if least is not None and "depth" not in log.acts.columns:
        raise DesignError(NO_DEPTH)
    at, returning, depth = _asking(log, acts, of, gap)
    if not len(at):
        raise DesignError(f"This log has no {of}.")
    events, order = _events(acts, at, returning)
    at = at[order]
    able = np.ones(len(at), dtype=bool) if least is None else depth[at] >= least
    low, high, from_low = acts.low[acts.pair[at]], acts.high[acts.pair[at]], acts.from_low[at]
    return Initiatives(
        log,
        people_of(source),
        of,
        events,
        np.where(from_low, low, high),
        np.where(from_low, high, low),
        depth[at],
        acts.row[at],
        acts.row[acts.giving] if of == "openings" else acts.row[at[able]],
        able,
        least,
        gap,
        opened_by_both(log, acts, gap) if of == "openings" else 0,
    )


def _asking(log: InteractionLog, acts: OrderedActs, of: str, gap: int) -> tuple[Array, Array, Array]:
    """Positions of what asks for return, one each, and of what returns; and depths."""
    if of == "openings":
        depth = log.acts.columns.get("depth")
        giving = np.flatnonzero(acts.giving)
        deep = np.full(len(acts.row), np.nan)
        if depth is not None and len(giving):
            deep[giving] = _deepest(acts, giving, depth[acts.row[giving]].astype(float))
        return openings(log, acts, gap), giving, deep
    deep = disclosed(log, acts)
    told = np.flatnonzero(~np.isnan(deep))
    count = counts_of(log, acts)[told]
    if count.sum() > MOST:
        raise DesignError(
            f"The disclosures of this log stand for {count.sum():,} acts, and no more than {MOST:,} can be "
            "told one by one: take a window of the log."
        )
    return np.repeat(told, count), told, deep


def _deepest(acts: OrderedActs, at: Array, depth: Array) -> Array:
    """The deepest of what one giver did at one instant, at each of it: no act of an instant comes first."""
    new = np.append(True, (np.diff(acts.pair[at]) != 0) | (np.diff(acts.time[at]) != 0))
    new[1:] |= acts.from_low[at][1:] != acts.from_low[at][:-1]
    starts = np.flatnonzero(new)
    return np.repeat(np.fmax.reduceat(depth, starts), np.diff(starts, append=len(at)))


def _events(acts: OrderedActs, at: Array, returning: Array) -> tuple[Openings, Array]:
    """Those at some positions by ordered pair and time, and the order that they are in."""
    group = 2 * acts.pair + ~acts.from_low
    instants, rank = np.unique(acts.time, return_inverse=True)
    key = group * len(instants) + rank
    order = np.argsort(key[at], kind="stable")
    at = at[order]
    back = np.sort(key[returning])
    place = np.searchsorted(back, (group[at] ^ 1) * len(instants) + rank[at], side="right")
    moment = np.full(len(at), NEVER, dtype=np.int64)
    there = place < len(back)
    there[there] = back[place[there]] // len(instants) == (group[at] ^ 1)[there]
    moment[there] = instants[back[place[there]] % len(instants)]
    return Openings(group[at], acts.time[at], moment), order


def span_words(span: int) -> str:
    """A span as it is said.

    >>> span_words(DAY), span_words(36 * HOUR), span_words(HOUR // 2)
    ('1 day', '1.5 days', '0.5 hours')
    """
    days, hours = span / DAY, span / HOUR
    number, unit = (days, "day") if days >= 1 else (hours, "hour")
    return f"{number:g} {unit}{'' if number == 1 else 's'}"

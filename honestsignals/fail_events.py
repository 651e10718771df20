"""Openings and disclosures of a log, one by one, and when the other returned each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, one_of
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import DAY, HOUR, NEVER, Acts, Settings
from honestsignals.metrics.opening_windows import Openings
from honestsignals.metrics.timing import thread
from honestsignals.return_waits import OrderedActs, ordered_acts

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

OF = {"openings": "opening", "disclosures": "disclosure"}


class Sourced(Protocol):
    """What of a study is looked at."""

    @property
    def log(self) -> InteractionLog:
        """The acts."""

    @property
    def people(self) -> pd.DataFrame:
        """Attributes of people, by id."""


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
        NaN where not known.
    row : ndarray of int, shape (n,)
        Rows of the log.
    able : ndarray of bool, shape (n,)
        As deep as asked for.
    depth_at_least : float or None
    gap : int, microseconds
        Of a conversation.
    """

    log: InteractionLog
    people: pd.DataFrame | None
    of: str
    events: Openings
    opener: Array
    other: Array
    depth: Array
    row: Array
    able: Array
    depth_at_least: float | None
    gap: int

    @property
    def edges(self) -> tuple[int, int]:
        """First and last moment observed."""
        return self.log.moments()

    @property
    def word(self) -> str:
        """What one of them is called."""
        return OF[self.of]

    @property
    def words(self) -> str:
        """What those looked at are called."""
        deep = "" if self.depth_at_least is None else f" of depth {self.depth_at_least:g} or more"
        return f"{self.of}{deep}"


def source_of(source: object, what: str) -> tuple[InteractionLog, pd.DataFrame | None]:
    """A log, and attributes of people where a study has them.

    Parameters
    ----------
    source : InteractionLog or Study
    what : str
        Who asks, for the message.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    if isinstance(source, InteractionLog):
        return source, None
    log = getattr(source, "log", None)
    if not isinstance(log, InteractionLog):
        raise ArgumentError(f"{what} takes a log or a study; got {type(source).__name__}.")
    return log, getattr(source, "people", None)


def initiatives(
    source: InteractionLog | Sourced, what: str, *, of: str, depth_at_least: float | None, gap: int
) -> Initiatives:
    """Every opening or disclosure, with the moment at which the other first returned it.

    An opening is returned by the other's next act, a disclosure by the other's next disclosure; both are
    strictly later.

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
    log, people = source_of(source, what)
    acts = ordered_acts(log)
    depth = log.acts.columns.get("depth")
    if depth is None and (of == "disclosures" or depth_at_least is not None):
        raise DesignError("This log has no depth, so which acts disclose something is not known.")
    deep = np.full(len(acts.row), np.nan) if depth is None else depth[acts.row].astype(float)
    giving = np.flatnonzero(acts.giving)
    at = _opening(log, acts, giving, gap) if of == "openings" else np.flatnonzero(~np.isnan(deep))
    returning = giving if of == "openings" else at
    if not len(at):
        raise DesignError(f"This log has no {of}.")
    events, order = _events(acts, at, returning)
    at = at[order]
    low, high, from_low = acts.low[acts.pair[at]], acts.high[acts.pair[at]], acts.from_low[at]
    able = np.ones(len(at), dtype=bool) if depth_at_least is None else deep[at] >= _number(depth_at_least)
    return Initiatives(
        log,
        people,
        of,
        events,
        np.where(from_low, low, high),
        np.where(from_low, high, low),
        deep[at],
        acts.row[at],
        able,
        depth_at_least,
        gap,
    )


def _number(depth: object) -> float:
    """A depth to hold others against."""
    if isinstance(depth, bool) or not isinstance(depth, int | float | np.number) or not np.isfinite(depth):
        raise ArgumentError(f"depth_at_least is {depth!r}; it must be a number, as depth counts.")
    return float(depth)


def _opening(log: InteractionLog, acts: OrderedActs, giving: Array, gap: int) -> Array:
    """Positions of the acts that ``opened_ego`` counts."""
    conversation = log.acts.columns.get("conversation")
    batch = Acts(
        offsets=np.searchsorted(acts.pair[giving], np.arange(len(acts.low) + 1)),
        from_ego=acts.from_low[giving],
        time=acts.time[giving],
        count=None,
        weight=None,
        kind=None,
        conversation=None if conversation is None else conversation[acts.row[giving]],
        depth=None,
        topic=None,
        start=log.moments()[0],
        end=np.full(len(acts.low), log.moments()[1]),
        settings=Settings(conversation_gap=gap),
    )
    return giving[thread(batch, "at")]


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

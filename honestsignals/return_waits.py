"""Waits for a return, one by one: who asked whom, when, and how long until the other returned it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import HOUR, Acts, Settings
from honestsignals.metrics.timing import thread

Array = np.ndarray[Any, np.dtype[Any]]

DISCLOSURE = "disclosure"
NO_DEPTH = "This log has no depth, so which acts disclose something is not known."


class Asking(NamedTuple):
    """Who asks whom, by which act.

    Attributes
    ----------
    asker, answerer : ndarray of int, shape (n,)
        Codes of the two.
    row : ndarray of int, shape (n,)
        The act, as a row of the log.
    among : ndarray of int, or None
        Rows of the acts that are alike asked by, whose instants have no order; None where each row is meant
        alone.
    either : bool
        Whether acts of both at an instant are meant, not the asker's alone.
    """

    asker: Array
    answerer: Array
    row: Array
    among: Array | None = None
    either: bool = False


@dataclass(frozen=True, eq=False)
class Waits:
    """Waits of one person for another's return, in the order of pairs and times.

    Attributes
    ----------
    asker, answerer : ndarray of int, shape (n,)
        Codes of who waits, and for whom.
    begin : ndarray of int64, microseconds, shape (n,)
    hours : ndarray, shape (n,)
        Lengths; up to the end of the log where it cut them off.
    ended : ndarray of bool, shape (n,)
        Whether the return came.
    row : ndarray of int, shape (n,)
        The act that asked, as a row of the log.
    followed : ndarray, shape (n,)
        Hours from when each began to the end of the log: how long it could have been seen.
    asks : int
        Acts that ask; those made while one waits already start no second wait.
    among : ndarray of int
        Rows of the acts that may ask.
    """

    asker: Array
    answerer: Array
    begin: Array
    hours: Array
    ended: Array
    row: Array
    followed: Array
    asks: int
    among: Array

    @property
    def asking(self) -> Asking:
        """Who waits for whom, and after which act."""
        return Asking(self.asker, self.answerer, self.row, self.among)

    def __len__(self) -> int:
        return len(self.hours)

    def only(self, which: Array) -> Waits:
        """Some of them."""
        names = ("asker", "answerer", "begin", "hours", "ended", "row", "followed")
        return replace(self, **{name: getattr(self, name)[which] for name in names})


@dataclass(frozen=True, eq=False)
class OrderedActs:
    """Timed acts pair by pair and in time; of one instant giver by giver.

    Attributes
    ----------
    row : ndarray of int, shape (n,)
        Rows of the log.
    pair : ndarray of int, shape (n,)
        Places in ``low`` and ``high``.
    low, high : ndarray of int, shape (n_pairs,)
        Codes of the two of each pair.
    from_low : ndarray of bool, shape (n,)
    time : ndarray of int64, microseconds, shape (n,)
    giving : ndarray of bool, shape (n,)
        Acts of kinds that count as giving.
    """

    row: Array
    pair: Array
    low: Array
    high: Array
    from_low: Array
    time: Array
    giving: Array


def ordered_acts(log: InteractionLog) -> OrderedActs:
    """The acts of a log pair by pair, in an order that does not depend on the order of its rows.

    Parameters
    ----------
    log : InteractionLog

    Raises
    ------
    DesignError
        Where acts have no time, or waves.
    """
    acts = log.acts
    if acts.time is None or acts.clock != "time":
        has = "counts in waves" if acts.clock == "wave" else "has no time"
        raise DesignError(f"This log {has}, and how long a return takes needs the time of every act.")
    rows = np.arange(len(acts.sender)) if acts.count is None else np.flatnonzero(acts.count > 0)
    sender, receiver = acts.sender[rows].astype(np.int64), acts.receiver[rows].astype(np.int64)
    low, high, from_low = np.minimum(sender, receiver), np.maximum(sender, receiver), sender < receiver
    key = low * len(acts.people) + high
    further = [acts.columns[name][rows] for name in sorted(acts.columns) if name != "id"]
    if acts.kind is not None:
        further.append(acts.kind[rows])
    order = np.lexsort((*further, from_low, acts.time[rows], key))
    keys, pair = np.unique(key[order], return_inverse=True)
    giving = np.ones(len(order), dtype=bool)
    if log.giving is not None and acts.kind is not None:
        giving = np.isin(acts.kind[rows[order]], [log.kinds.index(one) for one in log.giving])
    n = len(acts.people)
    at = rows[order]
    return OrderedActs(at, pair, keys // n, keys % n, from_low[order], acts.time[at], giving)


def waits_of(
    log: InteractionLog,
    *,
    of: str | None = None,
    answer: str | None = None,
    gap: int = HOUR,
    depth_at_least: float | None = None,
) -> Waits:
    """Every wait from an act that asks for return to the first act of the other that returns it.

    Parameters
    ----------
    log : InteractionLog
    of : str, optional
        Acts that ask: a kind, "disclosure" (acts that count as giving and have a depth), or openings of
        conversations.
    answer : str, optional
        Acts that return: a kind, "disclosure", or any that counts as giving.
    gap : int, microseconds
        Gap within a conversation.
    depth_at_least : float, optional
        Only disclosures this deep ask.

    Returns
    -------
    Waits
    """
    acts = ordered_acts(log)
    asks = openings(log, acts, gap) if of is None else np.flatnonzero(_which(log, acts, of, depth_at_least))
    among = acts.row[acts.giving] if of is None else acts.row[asks]
    asked = len(asks) if of is None else int(counts_of(log, acts)[asks].sum())
    answers = np.flatnonzero(acts.giving if answer is None else _which(log, acts, answer, None))
    # of each wait, the pair and who is waited for; instants by rank, so that both fit into one integer
    instants, rank = np.unique(acts.time, return_inverse=True)
    group = acts.pair * 2 + acts.from_low
    key = (group ^ 1)[asks] * len(instants) + rank[asks]
    order = np.argsort(key, kind="stable")
    asks, key = asks[order], key[order]
    returned = group[answers] * len(instants) + rank[answers]
    again = np.argsort(returned, kind="stable")
    answers, returned = answers[again], returned[again]
    place = np.searchsorted(returned, key, side="right")
    for_whom = (group ^ 1)[asks]
    ended = place < len(answers)
    ended[ended] = group[answers[place[ended]]] == for_whom[ended]
    # a further one while waiting starts no second wait
    new = np.ones(len(asks), dtype=bool)
    until = np.where(ended, place, len(answers))
    new[1:] = (for_whom[1:] != for_whom[:-1]) | (until[1:] != until[:-1])
    first = np.flatnonzero(new)
    at, ended, place = asks[first], ended[first], place[first]
    last = log.moments()[1]
    end = np.full(len(at), last, dtype=np.int64)
    end[ended] = acts.time[answers[place[ended]]]
    low, high, from_low = acts.low[acts.pair[at]], acts.high[acts.pair[at]], acts.from_low[at]
    return Waits(
        asker=np.where(from_low, low, high),
        answerer=np.where(from_low, high, low),
        begin=acts.time[at],
        hours=(end - acts.time[at]) / HOUR,
        ended=ended,
        row=acts.row[at],
        followed=(last - acts.time[at]) / HOUR,
        asks=asked,
        among=among,
    )


def counts_of(log: InteractionLog, acts: OrderedActs) -> Array:
    """How many acts each row stands for.

    Parameters
    ----------
    log : InteractionLog
    acts : OrderedActs
    """
    count = log.acts.count
    return np.ones(len(acts.row), dtype=np.int64) if count is None else count[acts.row].astype(np.int64)


def disclosed(log: InteractionLog, acts: OrderedActs) -> Array:
    """Depths of disclosures, which are acts that count as giving and have a depth; NaN of all others.

    Parameters
    ----------
    log : InteractionLog
    acts : OrderedActs

    Raises
    ------
    DesignError
        Where the log has no depth.
    """
    depth = log.acts.columns.get("depth")
    if depth is None:
        raise DesignError(NO_DEPTH)
    return np.where(acts.giving, depth[acts.row].astype(float), np.nan)


def checked_depth(depth_at_least: object) -> float | None:
    """A depth to hold others against.

    >>> checked_depth("2")
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: depth_at_least is '2'; it must be a number, as depth counts.
    """
    if depth_at_least is None:
        return None
    number = isinstance(depth_at_least, int | float | np.integer | np.floating)
    if not number or isinstance(depth_at_least, bool) or not np.isfinite(depth_at_least):  # type: ignore[call-overload]
        raise ArgumentError(f"depth_at_least is {depth_at_least!r}; it must be a number, as depth counts.")
    return float(depth_at_least)  # type: ignore[arg-type]


def openings(log: InteractionLog, acts: OrderedActs, gap: int) -> Array:
    """Positions of the acts that open a conversation, as ``opened_ego`` counts them, by pair and time.

    A conversation is opened once, however many acts the first row stands for.

    Parameters
    ----------
    log : InteractionLog
    acts : OrderedActs
    gap : int, microseconds
        Of a conversation.
    """
    giving = np.flatnonzero(acts.giving)
    return giving[np.sort(thread(_conversing(log, acts, gap), "at"))]


def opened_by_both(log: InteractionLog, acts: OrderedActs, gap: int) -> int:
    """How many conversations both opened at one instant, and so neither.

    Parameters
    ----------
    log : InteractionLog
    acts : OrderedActs
    gap : int, microseconds
        Of a conversation.
    """
    batch = _conversing(log, acts, gap)
    return int(thread(batch, "begins").sum()) - len(thread(batch, "at"))


def _conversing(log: InteractionLog, acts: OrderedActs, gap: int) -> Acts:
    giving = np.flatnonzero(acts.giving)
    conversation = log.acts.columns.get("conversation")
    return Acts(
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


def _which(log: InteractionLog, acts: OrderedActs, word: str, depth_at_least: float | None) -> Array:
    """Whether an act is of a kind, or a disclosure."""
    has_depth = "depth" in log.acts.columns
    if word == DISCLOSURE and has_depth:
        depth = disclosed(log, acts)
        least = -np.inf if depth_at_least is None else depth_at_least
        # NaN is no depth
        return np.asarray(depth >= least)
    if word not in log.kinds or log.acts.kind is None:
        if word == DISCLOSURE:
            raise DesignError(NO_DEPTH)
        raise unknown("kind", word, dict.fromkeys([*log.kinds, *([DISCLOSURE] if has_depth else [])]))
    return log.acts.kind[acts.row] == log.kinds.index(word)

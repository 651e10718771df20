"""Rows of a hazard: who may act to whom between which moments, and what went before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from honestsignals.errors import DesignError
from honestsignals.hazard_terms import Covariate
from honestsignals.log import InteractionLog
from honestsignals.return_waits import OrderedActs, ordered_acts

Array = np.ndarray[Any, np.dtype[Any]]

MOST_ROWS = 5_000_000
"""Rows a hazard may have: about 400 MB with five columns."""
STEPS, PARTS = 20, 4
"""Decay is taken in quarters of a half-life, up to five half-lives (3 % are left), then it is 0."""
COVARIATES = {
    "debt": "acts received less acts given so far",
    "debt_log": "signed log1p of acts received less acts given so far",
    "debt_decayed": "the same, each act counting half as much after every half-life",
    "received_log": "log1p of acts received so far",
    "given_log": "log1p of acts given so far",
    "received_since": "how long ago ego last received, in classes",
    "given_since": "how long ago ego last gave, in classes",
}


@dataclass(frozen=True, eq=False)
class Between:
    """Rows of ordered pairs: ego may act to alter after ``start`` and up to ``stop``.

    Attributes
    ----------
    ego, alter : ndarray of int, shape (n,)
        Codes.
    start, stop : ndarray of int64, microseconds, shape (n,)
    event : ndarray of bool, shape (n,)
        Whether ego acts at ``stop``.
    given, received : ndarray of int, shape (n,)
        Acts up to and with ``start``.
    last_given, last_received : ndarray of int64, microseconds, shape (n,)
        When; NEVER before the first.
    decayed : ndarray, shape (n,)
        Received less given at ``start``, each act halved with every half-life.
    piece : ndarray of int, shape (n,)
        Quarters of a half-life for which the decay has gone on.
    several : int
        Further acts at an instant at which ego acts already: they are no events of their own.
    """

    ego: Array
    alter: Array
    start: Array
    stop: Array
    event: Array
    given: Array
    received: Array
    last_given: Array
    last_received: Array
    decayed: Array
    piece: Array
    several: int

    def taken(self, at: Array, start: Array, stop: Array, event: Array) -> Between:
        """Parts of rows: which row each is of, and from when to when."""
        return Between(
            self.ego[at],
            self.alter[at],
            start,
            stop,
            event,
            self.given[at],
            self.received[at],
            self.last_given[at],
            self.last_received[at],
            self.decayed[at],
            self.piece[at],
            self.several,
        )


NEVER = -(2**62)


def between_acts(log: InteractionLog, pairs: str, half_life: int) -> Between:
    """A row for each of the two of a pair between instants at which either acts, from their first act on.

    Parameters
    ----------
    log : InteractionLog
    pairs : {"met", "all"}
        Whether pairs are at risk from their first act on, which is then no event, or all from the log's
        beginning.
    half_life : int, microseconds
        Of the decayed debt.

    Raises
    ------
    DesignError
        Where acts have no times, or none counts as giving.
    """
    acts = ordered_acts(log)
    if not acts.giving.any():
        raise DesignError("No act counts as giving, so nobody acts.")
    found = _instants(log, acts)
    pair, time, low_gave, high_gave = found
    n = len(log.people)
    start, end = log.moments()
    if pairs == "all":
        pair, time, low_gave, high_gave, low, high = _with_all(found, acts, n, start - 1)
    else:
        low, high = acts.low, acts.high
    new = np.append(True, pair[1:] != pair[:-1])
    last = np.append(new[1:], True)
    stop = np.append(time[1:], end)
    stop[last] = end
    sides = []
    for gave, got, ego, alter in ((low_gave, high_gave, low, high), (high_gave, low_gave, high, low)):
        given, received = (_so_far(one, new) for one in (gave, got))
        after = np.append(gave[1:], 0)
        after[last] = 0
        sides.append(
            Between(
                ego[pair].astype(np.int64),
                alter[pair].astype(np.int64),
                time,
                stop,
                after > 0,
                given,
                received,
                _latest(time, gave > 0, new),
                _latest(time, got > 0, new),
                _decayed(time, got - gave, new, half_life),
                np.zeros(len(time), dtype=np.int64),
                int(np.maximum(after - 1, 0).sum()),
            )
        )
    rows = _joined(sides)
    return rows.taken(*_kept(rows))


def _kept(rows: Between) -> tuple[Array, Array, Array, Array]:
    at = np.flatnonzero(rows.stop > rows.start)
    return at, rows.start[at], rows.stop[at], rows.event[at]


def _joined(sides: Sequence[Between]) -> Between:
    names = [name for name in Between.__dataclass_fields__ if name != "several"]
    parts: dict[str, Any] = {name: np.concatenate([getattr(one, name) for one in sides]) for name in names}
    return Between(**parts, several=sum(one.several for one in sides))


def _instants(log: InteractionLog, acts: OrderedActs) -> tuple[Array, Array, Array, Array]:
    """Pair and time of every instant at which either acts, and how often each does."""
    giving = np.flatnonzero(acts.giving)
    pair, time, from_low = acts.pair[giving], acts.time[giving], acts.from_low[giving]
    count = np.ones(len(giving)) if log.acts.count is None else log.acts.count[acts.row[giving]]
    new = np.ones(len(pair), dtype=bool)
    new[1:] = (pair[1:] != pair[:-1]) | (time[1:] != time[:-1])
    which, first = np.cumsum(new) - 1, np.flatnonzero(new)
    gave = [np.bincount(which, weights=count * by, minlength=len(first)) for by in (from_low, ~from_low)]
    low_gave, high_gave = (one.astype(np.int64) for one in gave)
    return pair[first], time[first], low_gave, high_gave


def _with_all(
    found: tuple[Array, Array, Array, Array], acts: OrderedActs, n: int, begin: int
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """The same of all pairs of people, each with an instant at the beginning at which nobody acts."""
    if n * (n - 1) > MOST_ROWS:
        raise DesignError(
            f"{n:,} people make {n * (n - 1):,} ordered pairs, more than {MOST_ROWS:,}: say pairs='met'."
        )
    low, high = np.triu_indices(n, 1)
    place = np.searchsorted(low.astype(np.int64) * n + high, acts.low.astype(np.int64) * n + acts.high)
    nothing = np.zeros(len(low), dtype=np.int64)
    pair = np.concatenate([np.arange(len(low)), place[found[0]]])
    time = np.concatenate([np.full(len(low), begin), found[1]])
    order = np.lexsort((time, pair))
    gave = [np.concatenate([nothing, one])[order] for one in found[2:]]
    return pair[order], time[order], gave[0], gave[1], low, high


def _so_far(gave: Array, new: Array) -> Array:
    """Running total within each pair, the instant itself included."""
    total = np.cumsum(gave)
    before = (total - gave)[new]
    out: Array = total - before[np.cumsum(new) - 1]
    return out


def _latest(time: Array, acted: Array, new: Array) -> Array:
    """When somebody last acted, the instant itself included; NEVER before the first."""
    place = np.where(acted, np.arange(len(time)), -1)
    last = np.maximum.accumulate(place)
    begin = np.flatnonzero(new)[np.cumsum(new) - 1]
    return np.where(last >= begin, time[np.maximum(last, 0)], NEVER)


def _decayed(time: Array, change: Array, new: Array, half_life: int) -> Array:
    """Balance of each pair after each instant, halved with every half-life; all pairs at once."""
    begin = np.flatnonzero(new)
    length = np.diff(np.append(begin, len(time)))
    out = change.astype(float)
    order = np.argsort(-length, kind="stable")
    begin, length = begin[order], length[order]
    # between pairs time runs backwards, and nothing is kept
    keep = np.exp2(-np.maximum(np.diff(time, prepend=time[:1]), 0) / half_life)
    for step in range(1, int(length.max(initial=0))):
        begin = begin[: np.searchsorted(-length, -step, side="left")]
        at = begin + step
        out[at] += keep[at] * out[at - 1]
    return out


def split(rows: Between, names: Sequence[str], since: Sequence[int], half_life: int) -> Between:
    """Rows cut where a class of time since ends, or decay takes a step.

    Parameters
    ----------
    rows : Between
    names : sequence of str
        Covariates that are asked for.
    since : sequence of int, microseconds
        Ends of the classes.
    half_life : int, microseconds
    """
    cuts = []
    for name, last in (("received_since", rows.last_received), ("given_since", rows.last_given)):
        if name in names:
            cuts += [np.where(last == NEVER, rows.start, last + one) for one in since]
    decays = "debt_decayed" in names
    if decays:
        cuts += [rows.start + step * half_life // PARTS for step in range(1, STEPS + 1)]
    if not cuts:
        return rows
    _refuse_many(len(rows.start) + sum(int(((one > rows.start) & (one < rows.stop)).sum()) for one in cuts))
    edges = np.sort(
        np.stack([rows.start, *(np.clip(one, rows.start, rows.stop) for one in cuts), rows.stop]), axis=0
    )
    piece, at = np.nonzero(edges[1:] > edges[:-1])
    order = np.lexsort((piece, at))
    at, piece = at[order], piece[order]
    begin, end = edges[piece, at], edges[piece + 1, at]
    parts = rows.taken(at, begin, end, rows.event[at] & (end == rows.stop[at]))
    if not decays:
        return parts
    steps = np.minimum((begin - rows.start[at]) * PARTS // half_life, STEPS)
    return Between(**{**parts.__dict__, "piece": steps})


def _refuse_many(rows: int) -> None:
    if rows > MOST_ROWS:
        raise DesignError(
            f"The hazard would have {rows:,} rows, more than {MOST_ROWS:,}: take a window of the log, fewer "
            "classes of time since, or no decay."
        )


def history(rows: Between, name: str, since: Mapping[str, int]) -> Covariate:
    """A covariate of what went before.

    Parameters
    ----------
    rows : Between
    name : str
        A key of ``COVARIATES``.
    since : mapping of str to int, microseconds
        Ends of the classes of time since, as written.
    """
    debt = rows.received - rows.given
    simple: dict[str, Callable[[], Array]] = {
        "debt": lambda: debt.astype(float),
        "debt_log": lambda: np.sign(debt) * np.log1p(np.abs(debt)),
        "debt_decayed": lambda: np.where(
            rows.piece < STEPS, rows.decayed * np.exp2(-np.minimum(rows.piece, STEPS) / PARTS), 0.0
        ),
        "received_log": lambda: np.log1p(rows.received),
        "given_log": lambda: np.log1p(rows.given),
    }
    if name in simple:
        return Covariate(name, simple[name]())
    last = rows.last_received if name == "received_since" else rows.last_given
    # at the start of a row that the ends of classes cut
    ago = np.where(last == NEVER, 2**62, rows.start - np.maximum(last, -(2**61)))
    ends = sorted(since.items(), key=lambda one: one[1])
    place = np.searchsorted(np.array([end for _, end in ends]), ago, side="right")
    words = tuple(f"within {word}" for word, _ in ends)
    columns = tuple(f"{name[:-6]}_within_{word}" for word, _ in ends)
    return Covariate(name, (place + 1.0) % (len(ends) + 1), ("longer ago, or never", *words), columns)

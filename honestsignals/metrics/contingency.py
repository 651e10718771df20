"""Whether giving brings giving back: return soon after an act, against return at other times.

For an act of ego's at t, alter returns if alter acts in (t, t + Δ]. The baseline asks the same of windows
(t − s, t − s + Δ] that are whole days away (whole weeks where at least four weeks are observed), so that
both times of day and days of the week are compared with themselves. Published tests of this kind shift in
a circle; a log that is not a whole number of days long would then have acts at other times of day, so
shifts stay within what was observed. An act enters observed and expected return alike, and only where its
own window and at least one shifted one lie wholly in what was observed. Windows overlap where Δ exceeds a
day. At an instant at which both act, neither act returns the other: a window begins after it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import DAY, Acts, ratio, sort_within
from honestsignals.metrics.registry import metric, statistic

Array = np.ndarray[Any, np.dtype[Any]]

WEEKS = 28 * DAY
"""Length of observation from which on shifts are whole weeks."""
NONE = "none of ego's acts can be compared with the same hour of another day that was observed"
LATE = 42
"""Bit of what is sorted that tells places past the last whole step; below it stands a place in a week."""


def _frame(acts: Acts) -> tuple[Array, Array, Array]:
    """For each pair: the step of a shift, whole steps in the time in which a window may begin, the rest."""
    observed = acts.end - acts.start
    step = np.where(observed >= WEEKS, 7 * DAY, DAY)
    steps, rest = np.divmod(observed - acts.settings.conversation_gap, step)
    return step, steps, rest


def _of(values: Array, which: Array) -> Any:
    """A pair's value at each place; one number where all pairs have the same, which is quicker."""
    return int(values[0]) if (values == values[0]).all() else values[which]


def _placed(since: Array, which: Array, frame: tuple[Array, Array, Array]) -> tuple[Array, Array]:
    """Whole steps before each moment, and its place in the step, with ``LATE`` set past the rest."""
    step, _, rest = frame
    length = _of(step, which)
    turn = since // length
    place = since - turn * length
    return turn, (place > _of(rest, which)).astype(np.int64) << LATE | place << 2


def _returns(acts: Acts) -> Array:
    """Acts that enter, those returned, and their summed baselines, by giver (shape (3, 2, n_pairs)).

    The moments at which a window holds an act of the other's are the union U of [u − Δ, u) over the acts u.
    Modulo the step, U is a heap of arcs: how many of the shifts of t fall into U is how many arcs cover t,
    and one sort of moments and ends of arcs tells that of all acts at once. Groups are twice the pair, and
    1 more for what is asked of acts given ``forward``. Whole numbers up to the last division.
    """
    if not len(acts.clock):
        return np.zeros((3, 2, acts.n_pairs))
    frame, pair = _frame(acts), acts.per_act(np.arange(acts.n_pairs))
    edges, arcs = _arcs(acts, pair, frame)
    group, value = sort_within(*_interleaved([_asked(acts, pair, frame), *edges], acts.n_pairs), LATE + 1)
    role = value & 3
    covering = np.cumsum((role == 0).view(np.int8) - (role == 1).view(np.int8), dtype=np.int32)
    at = np.flatnonzero(role & 2)
    value = value[at]
    cell = group[at] * 2 + (value >> LATE)
    shape, size = (acts.n_pairs, 2, 2), 4 * acts.n_pairs
    number = np.bincount(cell, minlength=size).reshape(shape)
    met = np.bincount(cell[np.flatnonzero(value & 1)], minlength=size).reshape(shape)
    found = np.bincount(cell, weights=covering[at], minlength=size).reshape(shape)
    # no shift at all is the act's own window
    found += arcs[:, :, None] * number - met
    shifts = np.stack([frame[1], frame[1] - 1], axis=-1)[:, None, :]
    fits = shifts >= 1
    baseline = np.where(fits, found, 0) / np.maximum(shifts, 1)
    parts = np.array([(number * fits).sum(-1), (met * fits).sum(-1), baseline.sum(-1)])
    return parts.transpose(0, 2, 1)[:, ::-1]


def _asked(acts: Acts, pair: Array, frame: tuple[Array, Array, Array]) -> tuple[Array, Array]:
    """Groups and places of acts whose window was observed to its end: 2 below, and 1 if returned."""
    since = acts.clock - acts.start
    at = np.flatnonzero(since <= _of(frame[0] * frame[1] + frame[2], pair))
    whose = pair[at]
    returned = acts.next_other[at] <= acts.clock[at] + acts.settings.conversation_gap
    _, place = _placed(since[at], whose, frame)
    return whose * 2 + acts.forward[at], place | 2 | returned


def _arcs(
    acts: Acts, pair: Array, frame: tuple[Array, Array, Array]
) -> tuple[list[tuple[Array, Array]], Array]:
    """Groups and places of where arcs of U begin (0 below) and end (1 below), and whole steps they span.

    U is cut to where a window may begin; acts at most Δ apart have one arc.
    """
    gap, spans = acts.settings.conversation_gap, np.zeros(2 * acts.n_pairs)
    edges = []
    for giver in (False, True):
        own = np.flatnonzero(acts.forward == giver)
        time, whose = acts.clock[own], pair[own]
        new = np.ones(len(own) + 1, dtype=bool)
        new[1:-1] = (whose[1:] != whose[:-1]) | (time[1:] - time[:-1] > gap)
        for end in (0, 1):
            at = np.flatnonzero(new[1:] if end else new[:-1])
            since, which = time[at] - acts.start, whose[at]
            last = _of(frame[0] * frame[1] + frame[2], which) + 1 if len(at) else 0
            cut = np.minimum(since, last) if end else np.maximum(since - gap, 0)
            turn, place = _placed(cut, which, frame)
            group = which * 2 + (not giver)
            spans += np.bincount(group, weights=turn if end else -turn, minlength=len(spans))
            edges.append((group, place | end))
    return edges, spans.reshape(-1, 2)


def _interleaved(parts: list[tuple[Array, Array]], n_pairs: int) -> tuple[Array, Array]:
    """Groups and values of several lists, each pair after pair, as one list that is so."""
    counts = [np.bincount(group >> 1, minlength=n_pairs) for group, _ in parts]
    begin = np.cumsum(sum(counts)) - sum(counts)
    size = sum(len(group) for group, _ in parts)
    groups, values = np.empty((2, size), dtype=np.int64)
    for (group, value), count in zip(parts, counts, strict=True):
        own = np.cumsum(count) - count
        to = np.arange(len(group)) + np.repeat(begin - own, count)
        groups[to], values[to] = group, value
        begin = begin + count
    return groups, values


def _entered(acts: Acts, part: int) -> Array:
    """Ego's part of ``_returns``, a mean over ego's acts that enter."""
    number, *parts = acts.once("returns", lambda: _returns(acts))
    return ratio(acts.of_ego(parts[part]), acts.of_ego(number))


@statistic(
    unit="",
    needs=["time"],
    empty=math.nan,
    range=(0, 1),
    undefined=NONE,
    formula="mean over acts t of ego of 1[alter acts in (t, t + gap]]",
    higher="yes",
    basis="derived",
    title="observed return",
)
def return_rate_ego(acts: Acts) -> Array:
    """Share of ego's acts after which alter acts within Δ, whatever brought it about."""
    return _entered(acts, 0)


@statistic(
    unit="",
    needs=["time"],
    empty=math.nan,
    range=(0, 1),
    undefined=NONE,
    formula="mean over acts t of ego and shifts s of whole days of 1[alter acts in (t - s, t - s + gap]]",
    basis="derived",
    title="return expected from time of day",
)
def return_baseline_ego(acts: Acts) -> Array:
    """Share of ego's acts after which alter would act within Δ by habit: the same hours of other days."""
    return _entered(acts, 1)


@metric(
    range=(-1, 1),
    swap="swap",
    undefined=NONE,
    reference="",
    formula="return_rate_ego - return_baseline_ego",
    higher="yes",
    basis="derived",
    title="contingent return",
)
def contingent_return_ego(return_rate_ego: Array, return_baseline_ego: Array) -> Array:
    """How much more often alter acts soon after ego's acts than at the same hours of other days.

    Examples
    --------
    >>> contingent_return_ego(np.array([0.75, np.nan]), np.array([0.5, np.nan]))
    array([0.25,  nan])
    """
    return return_rate_ego - return_baseline_ego


@statistic(
    unit="",
    needs=["time"],
    empty=math.nan,
    range=(0, 1),
    open_ends="high",
    undefined=NONE,
    formula="1 - exp(-rate_ji gap), rate_ji = w_ji / time observed",
    basis="derived",
    title="return expected at a constant rate",
)
def return_poisson_ego(acts: Acts) -> Array:
    """Chance that alter acts within Δ of any moment, if alter acts at a constant rate day and night."""
    own = acts.total(acts.forward)
    given = np.array([own, np.diff(acts.offsets) - own])
    expected = ratio(acts.of_ego(given[::-1]), acts.end - acts.start) * acts.settings.conversation_gap
    return np.where(np.isnan(_entered(acts, 0)), math.nan, -np.expm1(-expected))


@metric(
    range=(-1, 1),
    swap="swap",
    open_ends="both",
    undefined=NONE,
    reference="",
    formula="return_rate_ego - return_poisson_ego",
    higher="yes",
    basis="derived",
    title="contingent return over a constant rate",
)
def contingent_return_poisson_ego(return_rate_ego: Array, return_poisson_ego: Array) -> Array:
    """How much more often alter acts soon after ego's acts than at a constant rate.

    Two who keep the same hours seem contingent by this measure without ever answering one another:
    ``contingent_return_ego`` compares with the same hours.

    Examples
    --------
    >>> contingent_return_poisson_ego(np.array([0.75, np.nan]), np.array([0.25, np.nan]))
    array([0.5, nan])
    """
    return return_rate_ego - return_poisson_ego

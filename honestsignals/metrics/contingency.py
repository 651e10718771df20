"""Whether giving brings giving back: return soon after an act, against return at other times.

For an act of ego's at t, alter returns if alter acts in (t, t + Δ]. The baseline asks the same of windows
(t − s, t − s + Δ] that are whole days away (whole weeks where at least four weeks are observed), so that
both times of day and days of the week are compared with themselves. Shifts in a circle would move the acts
of a log that is not a whole number of days long to other times of day, so shifts stay within what was
observed. An act enters observed and expected return alike, and only where its own window and at least one
shifted one lie wholly in what was observed. Shifted windows overlap the act's own where Δ exceeds a
day. At an instant at which both act, neither act returns the other: a window begins after it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from honestsignals.metrics.acts import DAY, Acts, ratio
from honestsignals.metrics.registry import metric, statistic

Array = np.ndarray[Any, np.dtype[Any]]

WEEKS = 28 * DAY
"""Length of observation from which on shifts are whole weeks."""
NONE = "none of ego's acts can be compared with the same hour of another day that was observed"
PART = 2**15
"""Acts measured at a time, unless one pair has more: what they need stays in a processor's own cache."""
PLACE, LATE, UNASKED, SIDE, PAIR = 2, 42, 43, 44, 45
"""Lowest bits of what is sorted: place in a week, past the last whole step, no window, whose act, pair."""
BEGIN, END, ACT, RETURNED = range(4)
"""Below them: an arc of the other's begins or ends, or an act, not returned or returned."""
CHANGE, COUNT = np.array([1, -1, 0, 0]), np.array([0, 0, 1, 1 + 2**32])
"""By these, how many more arcs there are from there on; acts, and above them those returned."""


@dataclass(frozen=True, eq=False)
class _Part:
    """Acts of some pairs: microseconds since the start, whether they are ego's, whether they are returned."""

    since: Array
    from_ego: Array
    returned: Array
    pair: Array
    step: Array
    steps: Array
    rest: Array
    gap: int

    @property
    def most(self) -> Array:
        """Up to when a window may begin, by pair; negative where none may."""
        return self.steps * self.step + self.rest

    def of(self, values: Array, at: Array | slice) -> Any:
        """A pair's value at each act; one number where all pairs have the same, which is quicker."""
        return int(values[0]) if (values == values[0]).all() else values[self.pair[at]]

    def keys(self, since: Array, at: Any, side: Any, code: Any) -> tuple[Array, Array]:
        """Whole steps before each moment, and what it is sorted by."""
        step = self.of(self.step, at)
        turn = since // step
        place = since - turn * step
        flags = (place > self.of(self.rest, at)).view(np.uint8)
        flags |= side
        place <<= PLACE
        place |= code
        place |= flags.astype(np.int64) << LATE
        place |= self.pair[at] << PAIR
        return turn, place


def _returns(acts: Acts) -> Array:
    """Acts that enter, those returned, and their summed baselines, by giver (shape (3, 2, n_pairs))."""
    observed, gap = acts.end - acts.start, acts.settings.conversation_gap
    step = np.where(observed >= WEEKS, 7 * DAY, DAY)
    steps, rest = np.divmod(observed - gap, step)
    found = []
    for pairs, some in acts.slices(PART):
        clock = acts.clock[some]
        number = np.diff(acts.offsets[pairs.start : pairs.stop + 1])
        part = _Part(
            since=clock - acts.start,
            from_ego=acts.forward[some],
            returned=acts.next_other[some] <= clock + gap,
            pair=np.repeat(np.arange(len(number)), number),
            step=step[pairs],
            steps=steps[pairs],
            rest=rest[pairs],
            gap=gap,
        )
        found.append(_counted(part) if len(clock) else np.zeros((3, 2, len(number))))
    return np.concatenate([np.zeros((3, 2, 0)), *found], axis=-1)


def _counted(part: _Part) -> Array:
    """``_returns`` of a part.

    The moments at which a window holds an act of the other's are the union U of [u − Δ, u) over the acts u.
    Modulo the step, U is a heap of arcs: how many of the shifts of t fall into U is how many arcs cover t,
    and one sort of moments and ends of arcs tells that of all acts at once. Whole numbers up to the last
    division.
    """
    n_pairs = len(part.step)
    key, spans = _sorted(part)
    cell = key >> LATE
    last = np.append(np.flatnonzero(cell[1:] != cell[:-1]), len(cell) - 1)
    code = key & 3
    covering = np.cumsum(CHANGE.take(code))
    covering *= code >> 1
    counts = np.diff(np.cumsum(COUNT.take(code))[last], prepend=0)
    covered = np.diff(np.cumsum(covering)[last], prepend=0)
    sums = np.zeros((3, 8 * n_pairs), dtype=np.int64)
    cell = cell[last]
    sums[0, cell], sums[1, cell], sums[2, cell] = counts & (2**32 - 1), counts >> 32, covered
    out = np.zeros((3, n_pairs, 2))
    for late in (0, 1):
        number, met, covered = sums[:, late::4].reshape(3, n_pairs, 2)
        # as many shifts fit as there are whole steps, and one fewer past the last whole one
        shifts = (part.steps - late)[:, None]
        fits = shifts >= 1
        out[0] += number * fits
        out[1] += met * fits
        # no shift at all is the act's own window
        out[2] += (covered + spans * number - met) * fits / np.maximum(shifts, 1)
    return out.transpose(0, 2, 1)[:, ::-1]


def _sorted(part: _Part) -> tuple[Array, Array]:
    """All moments in order, and whole steps that the arcs of the other's acts span (shape (n_pairs, 2))."""
    spans = np.zeros(2 * len(part.step))
    everything = slice(None)
    most = part.of(part.most, everything)
    side = part.from_ego.view(np.uint8) << 2
    side |= (part.since > most).view(np.uint8) << 1
    keys = [part.keys(part.since, everything, side, part.returned + np.uint8(ACT))[1]]
    for ego in (False, True):
        own = np.flatnonzero(part.from_ego == ego)
        since, whose = part.since[own], part.pair[own]
        # U is cut to where a window may begin; acts at most Δ apart have one arc
        new = np.ones(len(own) + 1, dtype=bool)
        new[1:-1] = (whose[1:] != whose[:-1]) | (since[1:] - since[:-1] > part.gap)
        for code in (BEGIN, END):
            edge = np.flatnonzero(new[code : len(own) + code])
            at, cut = own[edge], since[edge]
            cut = np.minimum(cut, part.of(part.most, at) + 1) if code else np.maximum(cut - part.gap, 0)
            turn, key = part.keys(cut, at, np.uint8(4 * (not ego)), code)
            steps = np.bincount(whose[edge], weights=turn, minlength=len(part.step))
            spans[int(not ego) :: 2] += steps if code else -steps
            keys.append(key)
    key = np.concatenate(keys)
    key.sort(kind="stable")
    return key, spans.astype(np.int64).reshape(-1, 2)


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
    asks=(
        "Does giving bring giving in return, beyond habit and the time of day?",
        "Is help followed by help soon after?",
    ),
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

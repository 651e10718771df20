"""Taking turns: alternation, immediate return, runs that are not returned.

Opposite acts of a pair at one instant have no order. A transition into, out of or inside such an
instant counts in neither numerator nor denominator, and it ends every run.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import Acts, ratio
from honestsignals.metrics.registry import metric, statistic

Array = np.ndarray[Any, np.dtype[Any]]


@statistic(unit="transitions", needs=["time"])
def transitions(acts: Acts) -> Array:
    """Pairs of consecutive acts whose order is known."""
    return acts.total(acts.follows)


@statistic(unit="transitions", needs=["time"], reference="gibson2003")
def speaker_changes(acts: Acts) -> Array:
    """Consecutive acts whose order is known and whose givers differ."""
    return acts.total(acts.changes)


@metric(
    range=(0, 1),
    swap="same",
    undefined="fewer than two acts whose order is known",
    reference="gibson2003",
    formula="speaker changes / (m - 1)",
    higher="yes",
    asks=("Do they take turns, or alternate?",),
)
def alternation(speaker_changes: Array, transitions: Array) -> Array:
    """Share of transitions at which the giver changes.

    Examples
    --------
    >>> alternation(np.array([1, 0]), np.array([4, 0]))
    array([0.25,  nan])
    """
    return ratio(speaker_changes, transitions)


@metric(
    range=(-1, 1),
    swap="same",
    open_ends="both",
    undefined="alternation is undefined, or only one of the two acted",
    reference="",
    formula="alternation - 2 w_ij w_ji / (N_ij (N_ij - 1))",
    higher="yes",
)
def alternation_excess(alternation: Array, acts_ego: Array, acts_alter: Array) -> Array:
    """Alternation beyond what the two numbers of acts give by themselves.

    The mean over all orderings of the same acts is taken off (derived: at each transition the giver
    changes in 2 w_ij w_ji of the N_ij (N_ij − 1) ordered pairs of acts). Never from a log of counts.

    Examples
    --------
    >>> alternation_excess(np.array([1.0]), np.array([2]), np.array([2])).round(4)
    array([0.3333])
    """
    both = np.asarray(acts_ego, dtype=float) * acts_alter
    expected = ratio(2 * both, (acts_ego + acts_alter) * (acts_ego + acts_alter - 1.0))
    return np.where(both > 0, alternation - expected, math.nan)


@statistic(unit="acts", needs=["time"])
def ordered_acts(acts: Acts) -> Array:
    """Acts of whose follower it is known whether it is the other's: the last act's is none."""
    following = ~acts.mixed
    following[:-1] &= acts.follows[1:] | acts.pair_start[1:]
    return acts.total(following)


@metric(
    range=(0, 1),
    swap="same",
    open_ends="high",
    undefined="neither acted, or the order of no act is known",
    reference="gibson2003",
    formula="acts whose next act in the dyad is the reverse / m",
    higher="yes",
    title="turn receiving (AB→BA)",
    asks=("How often is an act returned at once?",),
)
def immediate_return(speaker_changes: Array, ordered_acts: Array) -> Array:
    """Share of acts whose next act in the dyad is the reverse (AB→BA).

    The last act of a pair is not returned, so that 1 is approached and not reached;
    ``alternation`` asks the same of transitions.

    Examples
    --------
    >>> immediate_return(np.array([1, 0]), np.array([2, 0]))
    array([0.5, nan])
    """
    return ratio(speaker_changes, ordered_acts)


@statistic(
    unit="acts",
    needs=["time"],
    formula="max length of a run of i's acts",
    asks=("How often in a row does ego give without return?",),
)
def longest_unreturned_ego(acts: Acts) -> Array:
    """Longest run of ego's acts without one of alter's between; 1 for acts at an instant of both."""
    at = acts.once("run_starts", lambda: np.flatnonzero(acts.turned | ~acts.follows))
    length = np.diff(at, append=len(acts.from_ego))
    edges = acts.once("run_edges", lambda: np.searchsorted(at, acts.offsets))
    return acts.reduce(np.maximum, np.where(acts.from_ego[at], length, 0), 0, edges)


def _ledger(acts: Acts) -> Array:
    """Highest balance of each of the two, and how often it is even again (int64, shape (3, n_pairs)).

    Acts of one giver at an instant enter one after the other; those of a mixed instant together.
    """
    balance = 2 * acts.running
    balance -= np.arange(len(balance))
    base, balance = balance[acts.offsets[:-1]], balance[1:]
    even = balance == acts.per_act(base)
    if acts.mixed.any():
        at, end = acts.mixed_ends()
        balance[at] = balance[end]
        # inside an instant nothing comes back, and at its end only what was not even before it
        first = np.flatnonzero(acts.new_instant[at])
        start, last = at[first], end[first]
        was = acts.pair_start[start] | even[start - 1]
        back = even[last] & ~was
        even[at] = False
        even[last] = back
    peak = acts.reduce(np.maximum, balance, 0, acts.offsets) - base
    trough = base - acts.reduce(np.minimum, balance, 0, acts.offsets)
    empty = acts.offsets[1:] == acts.offsets[:-1]
    peak[empty] = trough[empty] = 0
    return np.array([np.maximum(peak, 0), np.maximum(trough, 0), acts.total(even)])


def _of_ledger(acts: Acts) -> Array:
    return acts.once("ledger", lambda: _ledger(acts))


@statistic(
    unit="acts",
    needs=["time"],
    formula="max over time of given by i less given by j so far, 0 at the start",
    basis="derived",
    title="peak of the ledger",
    asks=("How far ahead did ego ever get in giving?",),
)
def ledger_peak_ego(acts: Acts) -> Array:
    """How far ego was ever ahead: the largest excess of acts given over acts received so far.

    At an instant at which both act, all acts enter at once. Long-run balance may hide a long debt.
    """
    return acts.of_ego(_of_ledger(acts)[:2])


@statistic(
    unit="times",
    needs=["time"],
    formula="times at which given less received so far comes back to 0",
    basis="derived",
    title="returns of the ledger",
    asks=("Do they get even again?",),
)
def ledger_returns(acts: Acts) -> Array:
    """How often the two got even: the balance of acts given and received came back to zero.

    At an instant at which both act, all acts enter at once: that is a return where it ends a debt.
    """
    return _of_ledger(acts)[2]

"""Rhythm: gaps between acts, periods of both, and silence.

Gaps are those between all acts of the two, whoever gave; acts at one instant have gaps of 0, in any order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import Acts, ratio
from honestsignals.metrics.registry import metric, statistic

Array = np.ndarray[Any, np.dtype[Any]]


def _spans(acts: Acts, least: int) -> tuple[Array, Array, Array]:
    """First position, last position and number of gaps of each pair with at least that many gaps; else 0.

    Means of gaps follow from the ends of what they span, to the last bit.
    """
    gaps = np.diff(acts.offsets) - 1
    enough = gaps >= least
    first = np.where(enough, acts.offsets[:-1], 0)
    return first, np.where(enough, acts.offsets[1:] - 1, 0), np.where(enough, gaps, 0)


def _from_mean(acts: Acts, mean: Array) -> Array:
    """Gaps less a mean of their pair, 0 at a pair's first act."""
    away = acts.gaps - acts.per_act(mean)
    away[acts.pair_start] = 0.0
    return away


@statistic(
    unit="",
    needs=["time"],
    empty=math.nan,
    range=(-1, 1),
    open_ends="high",
    undefined="fewer than two gaps, or all acts at one instant",
    reference="goh2008",
    formula="(sd - mean) / (sd + mean) of the gaps between acts, sd with n below",
    asks=("How bursty are their acts or messages?",),
)
def burstiness(acts: Acts) -> Array:
    """How bursty the acts are: −1 evenly spaced, 0 as at random, towards 1 in bursts."""
    if not len(acts.clock):
        return np.full(acts.n_pairs, math.nan)
    first, last, gaps = _spans(acts, 2)
    mean = ratio(acts.clock[last] - acts.clock[first], gaps)
    deviation = np.sqrt(ratio(acts.sum(np.square(_from_mean(acts, mean))), gaps))
    return ratio(deviation - mean, deviation + mean)


@metric(
    range=(-1, 1),
    undefined="fewer than two gaps, or all acts at one instant",
    reference="kim2016",
    formula="(sqrt(n + 1) r - sqrt(n - 1)) / ((sqrt(n + 1) - 2) r + sqrt(n - 1)), r = sd / mean of n gaps",
    basis="the code of bursty-dynamics, where n is the number of acts; with n gaps derived",
    title="burstiness of a finite sequence",
)
def burstiness_finite(burstiness: Array, acts: Array) -> Array:
    """How bursty the acts are, comparable between pairs with few acts and with many.

    With few gaps ``burstiness`` cannot come near 1, as the standard deviation is at most sqrt(n − 1)
    means. This form is 1 there whatever n, −1 where gaps are even, and 0 where r² = (n − 1) / (n + 1).
    Here n is the number of gaps and the standard deviation has n below: only so are both ends reached.
    Some software takes n as the number of acts.

    Examples
    --------
    >>> burstiness_finite(np.array([-1.0, 0.0, 0.0]), np.array([4, 4, 3]))
    array([-1.        ,  0.41421356,  1.        ])
    >>> burstiness_finite(np.array([np.nan]), np.array([2]))
    array([nan])
    """
    gaps = np.maximum(np.asarray(acts, dtype=float) - 1, 1)
    more, fewer = np.sqrt(gaps + 1), np.sqrt(gaps - 1)
    # r = (1 + b) / (1 - b), times 1 - b above and below
    spread, level = 1 + np.asarray(burstiness), 1 - np.asarray(burstiness)
    found = ratio(more * spread - fewer * level, (more - 2) * spread + fewer * level)
    # rounding must not leave the range
    return np.clip(found, -1.0, 1.0)


@statistic(
    unit="",
    needs=["time"],
    empty=math.nan,
    range=(-1, 1),
    undefined="fewer than three gaps, or all gaps but the last, or all but the first, alike",
    reference="goh2008",
    formula="correlation of (g_1 .. g_n-1) and (g_2 .. g_n), each with its own mean and sd",
    basis="the reference values' definition; the code of bursty-dynamics",
    title="memory coefficient",
    elsewhere=("bursty-dynamics memory_coefficient",),
)
def memory(acts: Acts) -> Array:
    """Whether long gaps between acts follow long gaps: correlation of each gap with the next.

    The gaps that have a next one and the gaps that are next each have their own mean and standard
    deviation.
    """
    if not len(acts.clock):
        return np.full(acts.n_pairs, math.nan)
    first, last, gaps = _spans(acts, 3)
    has = np.flatnonzero(gaps)
    number = np.where(gaps > 0, gaps - 1, 0)
    before = _from_mean(acts, ratio(acts.clock[np.maximum(last - 1, 0)] - acts.clock[first], number))
    after = _from_mean(acts, ratio(acts.clock[last] - acts.clock[np.where(gaps > 0, first + 1, 0)], number))
    before[last[has]] = 0.0
    after[first[has] + 1] = 0.0
    both = np.zeros(len(before))
    np.multiply(before[:-1], after[1:], out=both[:-1])
    together, *own = (acts.sum(part) for part in (both, np.square(before), np.square(after)))
    return _correlation(together, own[0], own[1])


def _correlation(together: Array, one: Array, other: Array) -> Array:
    """Correlation from sums of products, NaN without variance of either; rounding kept within [−1, 1]."""
    known = (one > 0) & (other > 0)
    below = np.sqrt(np.where(known, one, 0.0)) * np.sqrt(np.where(known, other, 0.0))
    return np.clip(ratio(np.asarray(together, dtype=float), below), -1.0, 1.0)


@metric(
    range=(0, math.inf),
    undefined="fewer than two acts, or all at one instant",
    reference="navarro2017",
    formula="time since the last act / mean gap",
    basis="the abstract; the mean gap, as one over the frequency, derived",
    title="silence in units of the mean gap",
    asks=("Has the tie ended, is the silence unusual?",),
)
def silence_ratio(recency_days: Array, span_days: Array, acts: Array) -> Array:
    """How long the two have been silent, in units of their usual gap between acts: has the tie ended?

    Their usual gap is the mean one: days from the first act to the last over the number of gaps. Navarro
    et al. found that a tie has most likely ended where silence is longer than eight such gaps.

    Examples
    --------
    >>> silence_ratio(np.array([8.0, 1.0]), np.array([4.0, 0.0]), np.array([5, 1]))
    array([ 8., nan])
    """
    return ratio(np.asarray(recency_days) * (np.asarray(acts) - 1.0), np.where(acts > 1, span_days, 0.0))


def _periods(acts: Acts) -> Array:
    """Correlations over periods of what the two gave, shape (3, n_pairs): at once, and either one before.

    Sums over (pair, period) cells with an act: the others add nothing to sums of products.
    """
    if not len(acts.clock):
        return np.full((3, acts.n_pairs), math.nan)
    period = acts.period
    new = acts.pair_start.copy()
    new[1:] |= period[1:] != period[:-1]
    at, edges = np.flatnonzero(new), acts.edges(new)
    gave, got = _cells(acts, at)
    when = period[at]
    follows = (when[1:] - when[:-1] == 1) & ~acts.pair_start[at[1:]]

    def total(values: Array) -> Array:
        if values.dtype.kind == "f":
            return acts.reduce(np.add, values, 0.0, edges)
        return np.diff(np.concatenate([[0], np.cumsum(values)])[edges]).astype(float)

    def lagged(one: Array, other: Array) -> Array:
        out = np.zeros(len(at), dtype=one.dtype)
        np.multiply(one[:-1], other[1:], out=out[:-1])
        out[:-1] *= follows
        return total(out)

    span = acts.periods.astype(float)
    sums = np.array([total(gave), total(got), total(gave * gave), total(got * got)])
    heads = _edge_cells(when, edges[:-1], edges, 0, (gave, got))
    tails = _edge_cells(when, edges[1:] - 1, edges, acts.periods - 1, (gave, got))
    early, late = sums - heads, sums - tails
    lags = [
        (span, total(gave * got), sums[[0, 2]], sums[[1, 3]]),
        (span - 1, lagged(gave, got), late[[0, 2]], early[[1, 3]]),
        (span - 1, lagged(got, gave), late[[1, 3]], early[[0, 2]]),
    ]
    return np.array([_of_sums(*lag) for lag in lags])


def _cells(acts: Acts, at: Array) -> tuple[Array, Array]:
    """Acts of each of the two in each cell; products of counts are floats, as they may be any size."""
    if acts.count is None:
        gave = np.diff(acts.running[np.append(at, len(acts.clock))])
        return gave, np.diff(at, append=len(acts.clock)) - gave
    given, both = np.add.reduceat(acts.forward * acts.count, at), np.add.reduceat(acts.count, at)
    return given.astype(float), (both - given).astype(float)


def _edge_cells(when: Array, cell: Array, edges: Array, period: Any, parts: tuple[Array, Array]) -> Array:
    """What the two gave in one period at an edge, and its squares, shape (4, n_pairs); 0 without an act."""
    cell = np.clip(cell, 0, len(when) - 1)
    there = (edges[1:] > edges[:-1]) & (when[cell] == period)
    gave, got = (part[cell] * there for part in parts)
    return np.array([gave, got, gave * gave, got * got])


def _of_sums(number: Array, together: Array, one: Array, other: Array) -> Array:
    """Correlation from sums, and sums of squares, over a number of periods: exact up to 2^53."""
    products = number * together - one[0] * other[0]
    own = (number * squares - total * total for total, squares in (one, other))
    return _correlation(products, *own)


@statistic(
    unit="",
    needs=["periods"],
    empty=math.nan,
    range=(-1, 1),
    undefined="one of the two gave as much in every period observed, or nothing at all",
    formula="correlation over periods of w_ij and w_ji, periods without an act as 0",
    higher="yes",
    basis="derived",
    asks=("Do both give in the same weeks?",),
)
def synchrony(acts: Acts) -> Array:
    """Whether both give much in the same periods (weeks by default, or waves): correlation over periods.

    All observed periods count, as in ``persistence``; those without an act are zeros.
    """
    return acts.once("periods", lambda: _periods(acts))[0]


@statistic(
    unit="",
    needs=["periods"],
    empty=math.nan,
    range=(-1, 1),
    undefined="over the periods compared, one of the two gave as much in each, or nothing at all",
    formula="correlation over p of w_ij in period p and w_ji in period p + 1",
    higher="yes",
    basis="derived",
)
def synchrony_lead_ego(acts: Acts) -> Array:
    """Whether alter gives much in the period after one in which ego did: correlation one period apart.

    Ego's periods are all observed but the last, alter's all but the first; each has its own mean and
    standard deviation.
    """
    return acts.of_ego(acts.once("periods", lambda: _periods(acts))[1:])

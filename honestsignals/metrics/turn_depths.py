"""Numbers of depth matching: turns regressed on the other's, pair by pair, and slopes drawn together.

Sums run over the turns of all pairs at once; no pair is looked at by itself.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import ratio
from honestsignals.metrics.told import Told, Turns, turns_of

Array = np.ndarray[Any, np.dtype[Any]]

FEWEST = 8
"""Turns that a slope needs: twice its parameters."""
PARAMETERS = 4
"""Level, turn index, own previous depth, the other's depth."""
COLLINEAR = 1e-10
"""Share of a column's variation that what is held constant must leave, or else it has none of its own."""
ROUNDING = 1e-24
"""Variation, as a share of the sum of squares, that is rounding alone."""


def _depths(told: Told, turns: Turns) -> Array:
    """Mean depth of each turn of disclosures."""
    if not len(turns.starts):
        return np.empty(0)
    sizes = np.diff(turns.starts, append=len(told.depth))
    return np.asarray(np.add.reduceat(told.depth, turns.starts) / sizes)


def mean_gap(told: Told) -> Array:
    """Mean absolute difference between a turn's depth and the preceding turn's (shape (n_pairs,))."""
    turns, pairs = turns_of(told.acts), told.acts.n_pairs
    depth, at = _depths(told, turns), turns.behind(1)
    at = at[turns.clear[at] & turns.clear[at - 1]]
    gap = np.abs(depth[at] - depth[at - 1])
    total = np.bincount(turns.pair[at], weights=gap, minlength=pairs)
    return ratio(total, np.bincount(turns.pair[at], minlength=pairs))


@np.errstate(over="ignore", invalid="ignore")
def slopes(told: Told) -> Array:
    """Regressions of each person's turns on the other's preceding turn.

    Returns
    -------
    ndarray, shape (4, 2, n_pairs)
        By who gave ``forward`` and the others: turns; the slope; the sum of squares of the other's depth that
        turn index and own previous depth leave; the residual sum of squares. All but the turns are NaN where
        there are fewer than ``FEWEST`` turns, that depth leaves nothing, or squares are beyond all numbers.
    """
    turns, groups = turns_of(told.acts), 2 * told.acts.n_pairs
    depth, at = _depths(told, turns), turns.behind(2)
    at = at[turns.clear[at] & turns.clear[at - 1] & turns.clear[at - 2]]
    group = told.group[turns.starts[at]]
    number = np.bincount(group, minlength=groups)
    enough = number[group] >= FEWEST
    used, group = at[enough], group[enough]

    def total(values: Array) -> Array:
        return np.bincount(group, weights=values, minlength=groups)

    def centred(values: Array) -> Array:
        return np.asarray(values - ratio(total(values), number)[group])

    def less(values: Array, other: Array) -> Array:
        share = ratio(total(values * other), total(other * other))
        return np.asarray(values - np.nan_to_num(share)[group] * other)

    def own(values: Array, left: Array) -> Array:
        """Whether what is left of a column is more than rounding."""
        varied = total(centred(values) ** 2)
        return (varied > ROUNDING * total(values**2)) & (total(left**2) > COLLINEAR * varied)

    index = centred(turns.place[used].astype(float))
    before = less(centred(depth[used - 2]), index)
    # own previous depth that is a line in time takes nothing more away
    before = np.where(own(depth[used - 2], before)[group], before, 0.0)
    other = less(less(centred(depth[used - 1]), index), before)
    rest = less(less(centred(depth[used]), index), before)
    known = (number >= FEWEST) & own(depth[used - 1], other)
    spread = total(other * other)
    slope = ratio(total(other * rest), np.where(known, spread, 0.0))
    residual = total((rest - np.nan_to_num(slope)[group] * other) ** 2)
    found = [number, slope, *(np.where(known, one, math.nan) for one in (spread, residual))]
    return np.array(found, dtype=float).reshape(4, 2, -1)


def pooled_variance(residual: Array, turns: Array) -> float:
    """Residual variance of all regressions together; NaN where there is none.

    >>> pooled_variance(np.array([4.0, 2.0]), np.array([8, 10]))
    0.6
    """
    known = ~np.isnan(residual)
    freedom = int((turns[known] - PARAMETERS).sum())
    return math.fsum(residual[known].tolist()) / freedom if freedom else math.nan


def prior_of(slope: Array, error: Array) -> tuple[float, float]:
    """Mean and variance of true slopes, by DerSimonian and Laird's moments.

    Parameters
    ----------
    slope, error : ndarray of float64
        Slopes and standard errors, none of them NaN and no error 0.

    >>> prior_of(np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    (0.5, 0.25)
    """
    weight = 1 / error**2
    mean = _weighted(slope, weight)
    total, squares = math.fsum(weight.tolist()), math.fsum((weight**2).tolist())
    spread = math.fsum((weight * (slope - mean) ** 2).tolist())
    room = total - squares / total
    between = max((spread - (len(slope) - 1)) / room, 0.0) if len(slope) > 1 else 0.0
    return _weighted(slope, 1 / (error**2 + between)), between


def _weighted(values: Array, weight: Array) -> float:
    return math.fsum((values * weight).tolist()) / math.fsum(weight.tolist())


def drawn_together(slope: Array, error: Array, others: Array, errors: Array) -> Array:
    """Slopes drawn towards the pooled one: posterior means of a normal prior fitted to all slopes.

    Parameters
    ----------
    slope, error : ndarray of float64, shape (n_pairs,)
        Slopes and their standard errors; NaN where undefined.
    others, errors : ndarray of float64
        Those that the prior is fitted to.
    """
    known = ~np.isnan(others) & (errors > 0)
    if not known.any():
        return slope.copy()
    mean, between = prior_of(others[known], errors[known])
    variance = error**2
    return np.where(variance > 0, (between * slope + variance * mean) / (between + variance), slope)

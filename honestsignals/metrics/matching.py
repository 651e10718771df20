"""Depth matching: whether a turn of disclosure is deeper where the other's before it was.

A turn is a run of disclosures by one, and its depth their mean. Opposite disclosures at one instant have no
order: turns that touch such an instant are left out, as nobody knows where they began or ended.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import Acts
from honestsignals.metrics.registry import metric, statistic
from honestsignals.metrics.told import told
from honestsignals.metrics.turn_depths import drawn_together, mean_gap, pooled_variance, slopes

Array = np.ndarray[Any, np.dtype[Any]]

ANY = (-math.inf, math.inf)
TOO_FEW = "fewer than 8 turns, or alter's depth does not vary apart from turn index and ego's own"


def _of_slopes(acts: Acts, which: int) -> Array:
    return acts.of_ego(acts.once("slopes", lambda: slopes(told(acts)))[which])


@statistic(unit="turns", needs=["time", "depth"], reference="derlega1973", basis="derived")
def matching_turns_ego(acts: Acts) -> Array:
    """Turns of ego's disclosure that matching is measured from: after a turn of alter's and one of ego's.

    The turn before them, and the one after, must be known to be whole turns too (see ``Turns``).
    """
    return _of_slopes(acts, 0).astype(np.int64)


@statistic(
    unit="",
    needs=["time", "depth"],
    empty=math.nan,
    range=ANY,
    undefined=TOO_FEW,
    reference="derlega1973",
    basis="derived",
    formula="slope of depth of i's turn on j's preceding turn's, given turn index and i's previous turn's",
    higher="yes",
    title="slope of depth matching",
)
def matching_slope_ego(acts: Acts) -> Array:
    """How much deeper ego's turn of disclosure is where alter's before it was deeper by one.

    Least squares within the pair, given the index of the turn and the depth of ego's own turn before: two who
    deepen together would look as if they matched. A turn's depth is its mean. Of one pair it is biased, and
    varies widely, below some 20 turns: ``depth_matching_ego`` borrows from the other pairs.
    """
    return _of_slopes(acts, 1)


@statistic(unit="", needs=["time", "depth"], empty=math.nan, undefined=TOO_FEW, open_ends="low", inner=True)
def matching_spread_ego(acts: Acts) -> Array:
    """Sum of squares of alter's turn depth that turn index and ego's previous turn depth leave."""
    return _of_slopes(acts, 2)


@statistic(unit="", needs=["time", "depth"], empty=math.nan, undefined=TOO_FEW, inner=True)
def matching_residual_ego(acts: Acts) -> Array:
    """Residual sum of squares of the regression that ``matching_slope_ego`` is of."""
    return _of_slopes(acts, 3)


@metric(
    range=(0, math.inf),
    swap="same",
    undefined="no pair of the table has a slope of depth matching",
    reference="",
    formula="residual sums of squares of all pairs / (their turns - 4 each)",
    inner=True,
    whole=True,
)
def matching_noise(
    matching_residual_ego: Array,
    matching_residual_alter: Array,
    matching_turns_ego: Array,
    matching_turns_alter: Array,
) -> Array:
    """Residual variance of turns of disclosure, of all pairs of the table together.

    Examples
    --------
    >>> matching_noise(np.array([4.0]), np.array([2.0]), np.array([8]), np.array([10]))
    array([0.6])
    """
    residual = np.concatenate([matching_residual_ego, matching_residual_alter])
    turns = np.concatenate([matching_turns_ego, matching_turns_alter])
    return np.full(len(matching_residual_ego), pooled_variance(residual, turns))


@metric(
    range=(0, math.inf),
    swap="swap",
    undefined=TOO_FEW,
    reference="derlega1973",
    basis="derived",
    formula="sqrt(matching_noise / matching_spread_ego)",
    title="standard error of the slope of depth matching",
    whole=True,
    inner=True,
)
def matching_error_ego(matching_spread_ego: Array, matching_noise: Array) -> Array:
    """Standard error of ego's slope of depth matching, with the residual variance of all pairs together.

    Examples
    --------
    >>> matching_error_ego(np.array([10.0, np.nan]), np.array([0.4, 0.4]))
    array([0.2, nan])
    """
    return np.sqrt(matching_noise / matching_spread_ego)


@metric(
    range=ANY,
    swap="swap",
    undefined=TOO_FEW,
    reference="dersimonian1986",
    basis="derived",
    formula="(tau^2 b + s^2 mu) / (tau^2 + s^2), b the raw slope, s its error, mu and tau^2 over all pairs",
    higher="yes",
    title="depth matching",
    whole=True,
    asks=("Do they match each other's depth?", "Is depth met with depth?"),
)
def depth_matching_ego(
    matching_slope_ego: Array,
    matching_slope_alter: Array,
    matching_error_ego: Array,
    matching_error_alter: Array,
    directed: bool,
) -> Array:
    """How much deeper ego discloses after a deeper turn of alter's, drawn towards what is usual in the table.

    Empirical Bayes: the fewer turns a pair has, the nearer it is to the pooled slope μ. True slopes are taken
    as normal, their mean and variance as DerSimonian and Laird's; raw slopes as normal around them, with one
    residual variance for all pairs, as a pair's own rests on few turns. Where who is ego is only a name, the
    slopes of both count; where it is given, those of ego's role. Another choice of pairs gives other values.
    Shrinking takes out noise, not the bias of short series: with fewer than 20 turns a pair, all lean the
    same way.

    Examples
    --------
    >>> slope, error = np.array([0.0, 1.0]), np.array([0.5, 0.5])
    >>> depth_matching_ego(slope, slope, error, error, True)
    array([0.25, 0.75])
    """
    others, errors = matching_slope_ego, matching_error_ego
    if not directed:
        others = np.concatenate([others, matching_slope_alter])
        errors = np.concatenate([errors, matching_error_alter])
    return drawn_together(matching_slope_ego, matching_error_ego, others, errors)


@statistic(
    unit="depth",
    needs=["time", "depth"],
    empty=math.nan,
    undefined="no turn of disclosure follows one of the other whose beginning and end are known",
    reference="derlega1973",
    basis="derived",
    formula="mean of |depth of a turn - depth of the preceding turn of the other|",
    higher="no",
    title="gap of depth",
    asks=("Are they equally deep, turn by turn?",),
)
def depth_gap(acts: Acts) -> Array:
    """Mean absolute difference between the depth of a turn of disclosure and of the other's before it."""
    return acts.once("mean_gap", lambda: mean_gap(told(acts)))

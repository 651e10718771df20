"""Empirical Bayes for shares of acts: the beta prior that all pairs of a table have in common."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betaincinv, expit, gammaln, psi

Array = np.ndarray[Any, np.dtype[Any]]

LEAST = 1e-3
"""Smallest parameter of a prior: where every pair is one-sided, the likelihood rises for ever towards 0."""
MOST = 1e6
"""Largest sum of the two: where shares differ no more than by chance, it rises for ever towards infinity."""
PEAKS = 30
"""Sums, a factor of two apart, between which a peak of the likelihood is looked for."""
NEAR = 4096
"""Counts up to which sums run act by act, so that no digit is lost where the prior is strong."""
LISTED = 2**20
"""Counts up to which they are tallied in a list of all numbers."""


@dataclass(frozen=True, eq=False)
class Exceeding:
    """Some counts c, as the sums over k < c that a beta-binomial likelihood is made of.

    Attributes
    ----------
    steps, exceed : ndarray, shape (n_steps,)
        k = 0, 1, … below ``NEAR``, and how many counts are larger than k.
    far, many : ndarray, shape (n_far,)
        Counts above ``NEAR``, and how often there is each.
    """

    steps: Array
    exceed: Array
    far: Array
    many: Array

    @property
    def acts(self) -> int:
        """Sum of the counts."""
        return int(self.exceed.sum() + (self.many * (self.far - NEAR)).sum())

    def slope(self, x: float) -> float:
        """Sum of 1 / (x + k): the slope in x of log Γ(x + c) − log Γ(x), over all counts."""
        near = float((self.exceed / (x + self.steps)).sum())
        return near + float((self.many * self._far(x)).sum())

    def bend(self, x: float) -> float:
        """Sum of k / (x + k), which is the number of acts less x times the slope."""
        near = float((self.exceed * (self.steps / (x + self.steps))).sum())
        return near + float((self.many * (self.far - NEAR - x * self._far(x))).sum())

    def height(self, x: float) -> float:
        """Sum of log(1 + k / x), which is that of log Γ(x + c) − log Γ(x) less acts times log x."""
        near = float((self.exceed * np.log1p(self.steps / x)).sum())
        above = gammaln(x + self.far) - gammaln(x + NEAR) - (self.far - NEAR) * math.log(x)
        return near + float((self.many * above).sum())

    def _far(self, x: float) -> Array:
        """Sum of 1 / (x + k) over k from ``NEAR`` to below each large count."""
        return np.asarray(psi(x + self.far) - psi(x + NEAR))


def _tally(counts: Array, often: Array | None = None) -> tuple[Array, Array]:
    """Every distinct count, and how often there is each."""
    if counts.max(initial=0) > LISTED:
        values, place = np.unique(counts, return_inverse=True)
    else:
        values, place = np.arange(int(counts.max(initial=0)) + 1), counts
    many = np.bincount(place, weights=often, minlength=len(values)).astype(np.int64)
    there = many > 0
    return values[there], many[there]


def _exceeding(values: Array, often: Array) -> Exceeding:
    """From distinct counts in rising order, and how often there is each."""
    steps = np.arange(min(int(values.max(initial=0)), NEAR))
    larger = np.concatenate([[0], np.cumsum(often[::-1])])[::-1]
    exceed = larger[np.searchsorted(values, steps, side="right")]
    far = values > NEAR
    return Exceeding(steps, exceed, values[far], often[far])


def beta_prior(
    given_ego: Array, given_alter: Array, directed: bool, often: Array | None = None
) -> tuple[float, float]:
    """Beta prior of ego's share of a pair's acts, by maximum beta-binomial likelihood.

    Rests on how often each count occurs and on nothing else, so that the order of rows changes no bit.

    Parameters
    ----------
    given_ego, given_alter : ndarray of int, shape (n_dyads,)
        Acts of each; rows without an act change nothing.
    directed : bool
        Whether who is ego means something. If not, the prior is Beta(α, α).
    often : ndarray of int, shape (n_dyads,), optional
        How many pairs each row stands for; one, where it is not said.

    Returns
    -------
    tuple of float
        α and β, each at least ``LEAST`` and together at most ``MOST``; NaN where no pair acted twice, as
        single acts don't tell how much shares vary.
    """
    given_ego, given_alter = (np.asarray(counts, dtype=np.int64) for counts in (given_ego, given_alter))
    acts = given_ego + given_alter
    if acts.max(initial=0) < 2:
        return math.nan, math.nan
    total = _exceeding(*_tally(acts, often))
    of_ego, of_alter = _tally(given_ego, often), _tally(given_alter, often)
    sides = [[part.tolist() for part in side] for side in (of_ego, of_alter)]
    # where the counts of both are the same numbers, the likelihood is highest at equal parameters
    if not directed or sides[0] == sides[1]:
        both = _tally(*(np.concatenate(side) for side in zip(of_ego, of_alter, strict=True)))
        half = _even(_exceeding(*both), total) / 2
        return half, half
    # one and the same work whichever of the two is called ego: then the answers are mirrored to the bit
    if sides[0] > sides[1]:
        beta, alpha = _uneven(_exceeding(*of_alter), _exceeding(*of_ego), total)
        return alpha, beta
    return _uneven(_exceeding(*of_ego), _exceeding(*of_alter), total)


def _even(both: Exceeding, total: Exceeding) -> float:
    """The sum 2α at which the likelihood of Beta(α, α) is highest."""

    def slope(log_sum: float) -> float:
        # in log α and less what cancels: it keeps its digits however large α is
        return total.bend(math.exp(log_sum)) - both.bend(math.exp(log_sum) / 2)

    def height(log_sum: float) -> float:
        return both.height(math.exp(log_sum) / 2) - total.height(math.exp(log_sum))

    return math.exp(_highest(slope, height))


def _uneven(ego: Exceeding, alter: Exceeding, total: Exceeding) -> tuple[float, float]:
    """α and β at which the likelihood is highest: for each sum the best share, and the best of all sums."""
    given = float(ego.acts), float(alter.acts)

    def parts(log_sum: float) -> tuple[float, float]:
        both = math.exp(log_sum)
        edge = math.log(max(both / LEAST - 1, 1.0))
        # the likelihood is concave in the share: its slope crosses 0 once
        odds = _crossing(
            lambda odds: ego.slope(both * expit(odds)) - alter.slope(both * expit(-odds)), -edge, edge
        )
        return float(both * expit(odds)), float(both * expit(-odds))

    def slope(log_sum: float) -> float:
        alpha, beta = parts(log_sum)
        if min(alpha, beta) > LEAST * (1 + 1e-9):
            return total.bend(math.exp(log_sum)) - ego.bend(alpha) - alter.bend(beta)
        # one of the two cannot fall further: only the other moves with the sum
        free = max(ego.slope(alpha), alter.slope(beta))
        return math.exp(log_sum) * (free - total.slope(math.exp(log_sum)))

    def height(log_sum: float) -> float:
        alpha, beta = parts(log_sum)
        shares = (math.log(one) - log_sum for one in (alpha, beta))
        fixed = sum(acts * share for acts, share in zip(given, shares, strict=True))
        return fixed + ego.height(alpha) + alter.height(beta) - total.height(math.exp(log_sum))

    return parts(_highest(slope, height))


def _highest(slope: Callable[[float], float], height: Callable[[float], float]) -> float:
    """Logarithm of the sum at which the likelihood is highest: it may have a peak and rise at an end too."""
    grid = np.linspace(math.log(2 * LEAST), math.log(MOST), PEAKS).tolist()
    slopes = [slope(at) for at in grid]
    found = [grid[0]] if slopes[0] <= 0 else []
    for place in range(PEAKS - 1):
        if slopes[place] > 0 >= slopes[place + 1]:
            found.append(_crossing(slope, grid[place], grid[place + 1]))
    found += [grid[-1]] if slopes[-1] > 0 else []
    return found[0] if len(found) == 1 else max(found, key=height)


def _crossing(slope: Callable[[float], float], low: float, high: float) -> float:
    """Where a slope falls through 0; the end towards which it leads where it does not."""
    from scipy.optimize import brentq

    if slope(high) >= 0:
        return high
    if slope(low) <= 0:
        return low
    # as near as decimals come: what follows must not hang on where it stopped
    return float(brentq(slope, low, high, xtol=1e-14, rtol=1e-15))


def lower_end(given_ego: Array, given_alter: Array, prior_ego: Array, prior_alter: Array) -> Array:
    """Lower end of the 95 % equal-tailed posterior interval of ego's share."""
    return np.asarray(betaincinv(prior_ego + given_ego, prior_alter + given_alter, 0.025))

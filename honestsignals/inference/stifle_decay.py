"""How long a dent lasts: log ratios by time since, held against one that halves again and again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from honestsignals.inference.clusters import Floats
from honestsignals.inference.stifle_ratio import Judged, Pooled, judged

GRID = 241
"""Half-lives tried before ends are looked for between them."""
SHORTEST, LONGEST = 0.02, 20.0
"""Half-lives looked at, as shares of the horizon: shorter ones are over before the first bin has ended, and
longer ones show within the horizon as a dent that stays."""


class HalfLife(NamedTuple):
    """After how long half of the dent is left, on the log scale.

    Attributes
    ----------
    value, low, high : float
        In the unit of the bins; low is 0 where none is too short, high infinite where none is too long.
    dent : float
        The log ratio at the moment Δ has run out, as fitted.
    reason : str
        Why there is none; empty where there is one.
    """

    value: float
    low: float
    high: float
    dent: float
    reason: str


def left_over(half_life: Floats, edges: Floats) -> Floats:
    r"""Mean of :math:`2^{-u/H}` over each bin, (q, k): the part of the dent that is left.

    Parameters
    ----------
    half_life : ndarray, shape (q,)
    edges : ndarray, shape (k + 1,)
        Of the bins, from 0 on.

    Examples
    --------
    >>> left_over(np.array([1.0]), np.array([0.0, 1.0, 2.0])).round(3).tolist()
    [[0.721, 0.361]]
    """
    rate = np.log(2.0) / np.asarray(half_life, dtype=float)[:, None]
    edges = np.asarray(edges, dtype=float)
    out: Floats = -np.diff(np.exp(-rate * edges), axis=1) / (rate * np.diff(edges))
    return out


def _direction(half_life: Floats, edges: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """For each half-life the weighted fit of the dent, (q, k), and what of its curvature the fit leaves."""
    x = left_over(half_life, edges)
    step = 1e-4
    # derivative by ln H, by differences: smooth, and exact to some eight digits
    z = (left_over(half_life * np.exp(step), edges) - left_over(half_life * np.exp(-step), edges)) / (
        2 * step
    )
    square = (weight * x**2).sum(axis=1, keepdims=True)
    fit = weight * x / square
    return fit, weight * (z - x * (weight * x * z).sum(axis=1, keepdims=True) / square)


class _Searched(NamedTuple):
    """Fits of the dent for half-lives side by side, and what each leaves to bend."""

    lives: Floats
    bend: Floats
    dent: Floats
    rest: Floats
    best: int

    @property
    def reason(self) -> str:
        """Why no half-life is told; empty where one is."""
        if not self.dent[self.best] < 0:
            return "there is no dent whose end could be told"
        ends = {0: "over at once", GRID - 1: "no end of it within the horizon"}
        return ends.get(self.best, "")


def _searched(value: Floats, edges: Floats, weight: Floats) -> _Searched:
    lives = np.geomspace(SHORTEST, LONGEST, GRID) * float(edges[-1])
    fit, bend = _direction(lives, edges, weight)
    dent = fit @ value
    rest = (weight * (value - dent[:, None] * left_over(lives, edges)) ** 2).sum(axis=1)
    return _Searched(lives, bend, dent, rest, int(np.argmin(np.where(dent < 0, rest, np.inf))))


def life_of(value: Floats, edges: Floats, weight: Floats) -> float:
    """The half-life that fits log ratios of bins best, as :func:`half_life` fits it; NaN where it tells none.

    Parameters
    ----------
    value : ndarray, shape (k,)
        Log ratios by bin of time since Δ ran out.
    edges : ndarray, shape (k + 1,)
        Of the bins, from 0 on.
    weight : ndarray, shape (k,)
        Of each bin, as counts.

    Examples
    --------
    >>> edges = np.arange(5.0)
    >>> round(life_of(-0.5 * left_over(np.array([1.5]), edges)[0], edges, np.ones(4)), 3)
    1.5
    """
    found = _searched(np.asarray(value, dtype=float), edges, weight)
    return float("nan") if found.reason else _zero(found, found.bend @ value)


def half_life(found: Pooled, edges: Floats, weight: Floats, df: float, level: float = 0.95) -> HalfLife:
    r"""Half-life H of a dent :math:`\ln \theta(u) = \delta\, 2^{-u/H}`, from log ratios of bins.

    For each H the dent δ is fitted by weighted least squares. H is where the residuals have nothing left in
    the direction in which a slightly longer life would bend the curve, and its interval is all H at which
    that remainder, over its jackknife error of people, is no larger than t: an interval that holds however
    little is known of H, and is open where nothing speaks against a dent that stays.

    Parameters
    ----------
    found : Pooled
        Log ratios by bin of time since Δ ran out.
    edges : ndarray, shape (k + 1,)
        Of the bins, from 0 on.
    weight : ndarray, shape (k,)
        Of each bin, as counts.
    df : float
        Of t.
    level : float

    Returns
    -------
    HalfLife

    References
    ----------
    fieller1954

    Examples
    --------
    >>> edges = np.arange(5.0)
    >>> value = -0.5 * left_over(np.array([1.5]), edges)[0]
    >>> noise = 0.02 * np.sin(np.arange(40.0)).reshape(10, 4)
    >>> who = np.arange(10).reshape(5, 2)
    >>> found = Pooled(value, noise, noise[:5] / 3, noise**2, who)
    >>> result = half_life(found, edges, np.ones(4), 20.0)
    >>> round(result.value, 3), result.low < 1.5 < result.high, round(result.dent, 3)
    (1.5, True, -0.5)
    """
    nothing = float("nan")
    if not np.isfinite(found.value).all() or not np.isfinite(found.people).all():
        return HalfLife(nothing, nothing, nothing, nothing, "a bin of time has too few openings")
    fits = _searched(found.value, edges, weight)
    if not fits.dent[fits.best] < 0:
        return HalfLife(nothing, nothing, nothing, nothing, fits.reason)
    remainder = fits.bend @ found.value
    passed = np.abs(remainder / np.sqrt(found.variances(fits.bend))) - float(stdtrit(df, 0.5 + level / 2))
    low, high = _around(fits.lives, passed, fits.best)
    if fits.reason:
        return HalfLife(nothing, low, high, float(fits.dent[fits.best]), fits.reason)
    value = _zero(fits, remainder)
    at = _direction(np.array([value]), edges, weight)[0]
    return HalfLife(value, min(low, value), max(high, value), float(at[0] @ found.value), "")


def _around(lives: Floats, passed: Floats, best: int) -> tuple[float, float]:
    """Half-lives next to the best at which the test begins to reject; 0 and infinite where it never does."""
    below, above = np.flatnonzero(passed[:best] > 0), np.flatnonzero(passed[best:] > 0) + best
    logs = np.log(lives)

    def cross(outer: int, inner: int) -> float:
        if outer == inner:
            return float(lives[outer])
        share = passed[outer] / (passed[outer] - passed[inner])
        return float(np.exp(logs[outer] + share * (logs[inner] - logs[outer])))

    low = (
        cross(int(below[-1]), int(below[-1]) + 1) if below.size and passed[int(below[-1]) + 1] <= 0 else None
    )
    high = cross(int(above[0]), int(above[0]) - 1) if above.size and above[0] > best else None
    if below.size and low is None:
        low = float(lives[best])
    if above.size and high is None:
        high = float(lives[best])
    return 0.0 if low is None else low, float("inf") if high is None else high


def _zero(fits: _Searched, remainder: Floats) -> float:
    """The half-life at which nothing is left to bend, between the grid's points around the best."""
    lives, best = fits.lives, fits.best
    low, high = best - 1, best + 1
    for first, second in ((low, best), (best, high)):
        if remainder[first] * remainder[second] <= 0 and remainder[first] != remainder[second]:
            share = remainder[first] / (remainder[first] - remainder[second])
            return float(np.exp(np.log(lives[first]) + share * np.log(lives[second] / lives[first])))
    return float(lives[best])


def last_bin(found: Pooled) -> Judged:
    """The log ratio of the last bin: whether it has come back by then.

    Parameters
    ----------
    found : Pooled

    Examples
    --------
    >>> noise = 0.02 * np.sin(np.arange(40.0)).reshape(10, 4)
    >>> who = np.arange(10).reshape(5, 2)
    >>> last_bin(Pooled(np.array([-0.4, -0.2, -0.1, 0.0]), noise, noise[:5] / 3, noise**2, who)).value
    0.0
    """
    c = np.zeros(len(found.value))
    c[-1] = 1.0
    return judged(found.of(c))

"""The ratio of two coefficients, with the interval that their tests give it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import stdtrit

from honestsignals.errors import check_level
from honestsignals.inference.clusters import Floats
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import combinations

ANGLES = 240
"""Ratios tried before ends are looked for between them; an even number, which has no ratio of 0."""

HIGH = 1e6
"""More than by which any test need pass its bound."""


def fieller(
    beta: Floats,
    covariance: Covariance,
    places: tuple[int, int],
    level: float,
    words: tuple[str, str] = ("the actor effect", "partner - k actor"),
) -> tuple[float, float, str]:
    r"""Fieller's interval of a ratio p / a: every k for which :math:`p - ka = 0` is not rejected.

    The test is that of `combinations`, whose variance need not be a parabola in k (it has a floor, and
    degrees of freedom of each combination), so the ends are looked for and not solved for. Seen by its angle,
    :math:`\cos\theta\, p / s_p - \sin\theta\, a / s_a`, every k lies between −π/2 and π/2.

    Parameters
    ----------
    beta : ndarray, shape (k,)
    covariance : Covariance
    places : tuple of int
        Of a and p.
    level : float
        Coverage.
    words : tuple of str
        What a and p - ka are called in reasons.

    Returns
    -------
    low, high : float
        NaN where a cannot be told from 0: then no k is too far.
    note : str
        The reason; empty where there is an interval.

    References
    ----------
    fieller1954

    Examples
    --------
    >>> V = Covariance("classical", np.diag([0.01, 0.01]), None, np.full(2, np.inf), ())
    >>> low, high, _ = fieller(np.array([2.0, 1.0]), V, (0, 1), 0.95)
    >>> round(low, 3), round(high, 3)
    (0.395, 0.615)
    >>> fieller(np.array([0.1, 1.0]), V, (0, 1), 0.95)[2]
    'no interval: the actor effect cannot be told from 0'
    """
    check_level(level)
    errors = covariance.std_error[list(places)]
    if not np.isfinite(errors).all():
        return np.nan, np.nan, "no interval: an effect has no standard error"

    def passed(angles: Floats) -> Floats:
        """By how much the test passes its bound; at or below 0 a ratio is not rejected, NaN has no test."""
        C = np.zeros((angles.size, beta.size))
        C[:, places[0]], C[:, places[1]] = -np.sin(angles) / errors[0], np.cos(angles) / errors[1]
        found = combinations(beta, covariance, C, level=level)
        return np.asarray(np.abs(found.statistic) + stdtrit(found.df, (1.0 - level) / 2))

    a, p = beta[list(places)] / errors
    # at a = 0 every ratio is infinite, and none is rejected
    here = float(np.arctan(p / a)) if a != 0 else np.pi / 2
    low, high, note = _ends(passed, here, words)
    if note:
        return np.nan, np.nan, f"no interval: {note}"
    unit = float(errors[1] / errors[0])
    return float(np.tan(low)) * unit, float(np.tan(high)) * unit, ""


def _ends(
    passed: Callable[[Floats], Floats], here: float, words: tuple[str, str]
) -> tuple[float, float, str]:
    """The angles next to the estimate's at which the test begins to reject; or why there are none."""
    from scipy.optimize import brentq

    def height(angles: Floats) -> Floats:
        # towards a combination without a variance the statistic grows beyond every bound
        return np.minimum(np.nan_to_num(passed(angles), nan=HIGH), HIGH)

    grid = np.linspace(-np.pi / 2, np.pi / 2, ANGLES)
    by = height(grid)
    if not height(np.array([here]))[0] <= 0:
        return np.nan, np.nan, f"{words[1]} has no positive variance where it was estimated"
    if min(by[0], by[-1]) <= 0:
        return np.nan, np.nan, f"{words[0]} cannot be told from 0"
    first, last = int(np.searchsorted(grid, here)) - 1, int(np.searchsorted(grid, here))
    while by[first] <= 0:
        first -= 1
    while by[last] <= 0:
        last += 1
    if (by[:first] <= 0).any() or (by[last:] <= 0).any():
        return np.nan, np.nan, "the ratios that are not rejected lie apart"
    below, above = (grid[first + 1], grid[last - 1]) if last - first > 1 else (here, here)
    pairs = (
        (float(grid[first]), min(float(below), here)),
        (max(float(above), here), float(grid[last])),
    )
    low, high = (
        float(brentq(lambda one: float(height(np.array([one]))[0]), *pair, xtol=1e-15)) for pair in pairs
    )
    return low, high, ""

"""What several studies say together: random effects of their estimates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, chdtri, stdtr, stdtrit

from honestsignals.errors import ArgumentError, FitError, check_level, one_of
from honestsignals.inference.clusters import Floats

METHODS = ("reml", "paule_mandel", "dersimonian_laird")
"""Ways to estimate how far studies differ."""

GRID = 600
"""Places at which the slope of the restricted likelihood is looked at: it may have more than one top."""


@dataclass(frozen=True, eq=False)
class RandomEffects:
    """The mean of the effects of studies, and how far the effects differ.

    Attributes
    ----------
    estimate, std_error, low, high, p_value : float
        Of the mean effect; the p value is of its being 0.
    df : float
        Of its t distribution, k − 1.
    tau : float
        Standard deviation of the effects between studies, in the unit of the estimates.
    tau_low, tau_high : float
        Interval of it by Q profile.
    q, q_p_value : float
        Cochran's Q, and the p value that all studies have one effect.
    i2 : float
        Share of the spread of estimates that is not within studies, 0 to 1.
    prediction_low, prediction_high : float
        Interval for the effect in one more study; NaN for two studies, which leave no degree of freedom.
    weights : ndarray, shape (k,)
        Shares of the studies in the mean.
    held : bool
        Whether the estimates differ less than their errors let expect, so that Hartung and Knapp's factor
        was held at 1.
    """

    estimate: float
    std_error: float
    low: float
    high: float
    p_value: float
    df: float
    tau: float
    tau_low: float
    tau_high: float
    q: float
    q_p_value: float
    i2: float
    prediction_low: float
    prediction_high: float
    weights: Floats
    held: bool


def random_effects(
    estimate: NDArray[Any],
    std_error: NDArray[Any],
    *,
    method: str = "reml",
    level: float = 0.95,
    hold: bool = True,
) -> RandomEffects:
    r"""The mean effect of studies whose effects differ, with Hartung and Knapp's interval.

    .. math:: y_i = \mu + u_i + e_i, \quad u_i \sim (0, \tau^2), \quad e_i \sim (0, s_i^2), \qquad
        \hat\mu = \frac{\sum w_i y_i}{\sum w_i}, \quad w_i = \frac{1}{s_i^2 + \hat\tau^2}

        \hat V = \frac{\max(1, q)}{\sum w_i}, \quad q = \frac{1}{k - 1} \sum w_i (y_i - \hat\mu)^2

    with t of k − 1. τ² is where the restricted likelihood is highest ("reml"), or where :math:`q = 1`
    ("paule_mandel"), or one step towards that ("dersimonian_laird"); never below 0. The interval of τ is
    where :math:`\sum w_i (y_i - \hat\mu)^2` is between quantiles of the chi-square of k − 1 (Q profile),
    and may leave out the estimate. One more study is foretold with t of k − 2 and
    :math:`\hat\tau^2 + \hat V`.

    Parameters
    ----------
    estimate : ndarray, shape (k,)
        y, one a study.
    std_error : ndarray, shape (k,)
        s, taken as known.
    method : {"reml", "paule_mandel", "dersimonian_laird"}
        How τ² is estimated.
    level : float
        Coverage of the intervals.
    hold : bool
        Whether the factor q is held at 1 at least. Without it, few studies that happen to agree have an
        interval narrower than their own errors allow.

    Returns
    -------
    RandomEffects

    Raises
    ------
    FitError
        For fewer than two studies.
    ArgumentError
        For an estimate that is no number, or an error that is not above 0.

    References
    ----------
    dersimonian1986, hartung2001, higgins2002, higgins2009, inthout2014, paule1982, rover2015,
    viechtbauer2005, viechtbauer2007

    Examples
    --------
    >>> found = random_effects(np.array([0.10, 0.30, 0.35, 0.65]), np.array([0.10, 0.10, 0.05, 0.15]))
    >>> round(found.estimate, 4), round(found.std_error, 4), round(found.tau, 4)
    (0.3314, 0.1046, 0.167)
    """
    one_of("method", method, METHODS)
    check_level(level)
    y, s = _checked(estimate, std_error)
    # in units of the errors, so that no tolerance hangs on the unit of the estimates
    unit = float(np.median(s))
    y, v, k, tail = y / unit, (s / unit) ** 2, len(y), (1 - level) / 2
    tau2 = {"reml": _reml, "paule_mandel": _paule_mandel, "dersimonian_laird": _dersimonian_laird}[method](
        y, v
    )
    mean, w = _mean(y, v, tau2)
    factor = _distance(y, v, tau2) / (k - 1)
    error = np.sqrt((max(1.0, factor) if hold else factor) / w.sum())
    margin = -stdtrit(k - 1, tail) * error
    reach = -stdtrit(k - 2, tail) * np.sqrt(tau2 + error**2) if k > 2 else np.nan
    q = _distance(y, v, 0.0)
    ends = [_profile(y, v, float(chdtri(k - 1, p))) for p in (tail, 1 - tail)]
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2 * stdtr(k - 1, -abs(mean / error))
    return RandomEffects(
        estimate=float(mean * unit),
        std_error=float(error * unit),
        low=float((mean - margin) * unit),
        high=float((mean + margin) * unit),
        p_value=float(p_value),
        df=float(k - 1),
        tau=float(np.sqrt(tau2) * unit),
        tau_low=float(np.sqrt(ends[0]) * unit),
        tau_high=float(np.sqrt(ends[1]) * unit),
        q=q,
        q_p_value=float(chdtrc(k - 1, q)),
        i2=max(0.0, 1.0 - (k - 1) / q) if q > 0 else 0.0,
        prediction_low=float((mean - reach) * unit),
        prediction_high=float((mean + reach) * unit),
        weights=w / w.sum(),
        held=bool(hold and factor < 1 - 1e-9),
    )


def _checked(estimate: NDArray[Any], std_error: NDArray[Any]) -> tuple[Floats, Floats]:
    """Estimates and errors as numbers that studies can have."""
    y, s = np.asarray(estimate, dtype=float), np.asarray(std_error, dtype=float)
    if y.ndim != 1 or y.shape != s.shape:
        raise ArgumentError(
            f"Estimates have shape {y.shape} and errors {s.shape}; both must be (k,), one a study."
        )
    for what, values, bad, rule in (
        ("estimate", y, ~np.isfinite(y), "be a number"),
        ("std_error", s, ~(np.isfinite(s) & (s > 0)), "be a number above 0"),
    ):
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            raise ArgumentError(f"{what}[{at}] is {values[at]}; it must {rule}.")
    if len(y) < 2:
        raise FitError(f"{len(y)} studies cannot be said to differ, or to agree: there must be two at least.")
    return y, s


def _mean(y: Floats, v: Floats, tau2: float) -> tuple[float, Floats]:
    """The weighted mean, and the weights."""
    w = 1.0 / (v + tau2)
    return float(w @ y / w.sum()), w


def _distance(y: Floats, v: Floats, tau2: float) -> float:
    """Weighted sum of squares about the weighted mean."""
    mean, w = _mean(y, v, tau2)
    return float(w @ (y - mean) ** 2)


def _dersimonian_laird(y: Floats, v: Floats) -> float:
    w = 1.0 / v
    return max(0.0, (_distance(y, v, 0.0) - (len(y) - 1)) / float(w.sum() - (w**2).sum() / w.sum()))


def _paule_mandel(y: Floats, v: Floats) -> float:
    return _profile(y, v, float(len(y) - 1))


def _profile(y: Floats, v: Floats, target: float) -> float:
    """The τ² at which the weighted sum of squares, which falls with τ², is as large as the target."""
    if _distance(y, v, 0.0) <= target:
        return 0.0
    high = float(v.max())
    while _distance(y, v, high) > target:
        high *= 4.0
    return _root(lambda tau2: _distance(y, v, tau2) - target, 0.0, high)


def _reml(y: Floats, v: Floats) -> float:
    """The τ² at which the restricted likelihood is highest."""
    spread = float(((y - y.mean()) ** 2).sum() / (len(y) - 1))
    # above this all weights are nearly equal, and the slope is that of their common variance
    grid = np.geomspace(1e-6 * float(v.min()), 10.0 * (spread + float(v.max())), GRID)
    grid = np.concatenate([[0.0], grid])
    slopes = _slopes(y, v, grid)
    tops = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    found = [
        _root(lambda tau2: float(_slopes(y, v, np.array([tau2]))[0]), float(grid[at]), float(grid[at + 1]))
        for at in tops
    ]
    return max([0.0, *found], key=lambda tau2: _restricted(y, v, tau2))


def _restricted(y: Floats, v: Floats, tau2: float) -> float:
    """Twice the restricted log likelihood, but for a constant."""
    _, w = _mean(y, v, tau2)
    return float(np.log(w).sum() - np.log(w.sum())) - _distance(y, v, tau2)


def _slopes(y: Floats, v: Floats, tau2: Floats) -> Floats:
    """Twice the derivative of the restricted log likelihood, at each τ²."""
    w = 1.0 / (v + tau2[:, None])
    total, squares = w.sum(axis=1), (w**2).sum(axis=1)
    off = y - (w @ y / total)[:, None]
    slopes: Floats = (w**2 * off**2).sum(axis=1) - total + squares / total
    return slopes


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(function, low, high, xtol=1e-13 * high, rtol=1e-14))

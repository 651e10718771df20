"""Newton's method on many regressions at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.permutation_linear import solved_for

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Evaluate = Callable[[Floats, Codes], tuple[Floats, Floats]]
"""Parameters (m, p) and numbers (m,) of regressions, to gradients (m, p) and informations (m, p, p)."""
Level = Callable[[Floats, Codes], Floats]
"""The same, to log-likelihoods (m,)."""

NEAR = 1e-8
"""A step below which the next is rounding, as steps shrink quadratically: columns have unit mean square."""
FAST_STEPS = 8
"""Steps without a look at the likelihood: from a warm start three or four are enough."""
CAREFUL_STEPS = 40
ROUNDING = 1e-12
"""Share of a log-likelihood that rounding hides."""
LONGEST = 4.0
"""The longest step, in standard deviations of the linear predictor: beyond, Newton's parabola is no guide."""


@dataclass(frozen=True, eq=False)
class Refits:
    """Where many regressions came to rest.

    Attributes
    ----------
    beta : ndarray, shape (draws, p)
    inverse : ndarray, shape (draws, p, p)
        Inverse of the information at the estimate, or at the last step; NaN where there was none.
    converged : ndarray of bool, shape (draws,)
    """

    beta: Floats
    inverse: Floats
    converged: NDArray[np.bool_]


def newton(evaluate: Evaluate, level: Level, start: Floats) -> Refits:
    """Maxima of many likelihoods, from warm starts.

    The first steps trust Newton; what has not come to rest by then is begun anew, and its steps are halved
    until the likelihood rises. What still moves has no maximum (or none that is found): it is separated.

    Parameters
    ----------
    evaluate : callable
        Parameters and numbers of regressions to gradients and informations.
    level : callable
        The same to log-likelihoods.
    start : ndarray, shape (draws, p)

    Returns
    -------
    Refits

    Examples
    --------
    >>> curve = lambda x, which: (-2.0 * (x - 3.0), np.full((len(x), 1, 1), 2.0))
    >>> newton(curve, lambda x, which: -((x[:, 0] - 3.0) ** 2), np.zeros((1, 1))).beta.tolist()
    [[3.0]]
    """
    beta, p = start.copy(), start.shape[1]
    inverse = np.full((len(start), p, p), np.nan)
    active = np.arange(len(start))
    with np.errstate(all="ignore"):
        for _ in range(FAST_STEPS):
            step, found, _ = _step(evaluate, beta[active], active)
            size = np.abs(step).max(axis=1, initial=0.0)
            near = size < NEAR
            beta[active] += step * np.minimum(1.0, LONGEST / np.maximum(size, LONGEST))[:, None]
            inverse[active[near]] = found[near]
            active = active[~near]
            if not active.size:
                break
        if active.size:
            beta[active] = np.where(np.isfinite(start[active]), start[active], 0.0)
            active = _careful(evaluate, level, (beta, inverse), active)
    converged = np.ones(len(start), dtype=bool)
    converged[active] = False
    return Refits(beta, inverse, converged)


def _step(evaluate: Evaluate, beta: Floats, active: Codes) -> tuple[Floats, Floats, Floats]:
    """Newton's step, the inverse information, and how much the likelihood rises along the step at first."""
    gradient, information = evaluate(beta, active)
    sides = np.broadcast_to(np.eye(beta.shape[1]), information.shape)
    inverse = solved_for(information, sides)
    step = np.einsum("bij,bj->bi", inverse, gradient)
    return step, inverse, np.einsum("bi,bi->b", step, gradient)


def _careful(evaluate: Evaluate, level: Level, state: tuple[Floats, Floats], active: Codes) -> Codes:
    """Newton with steps that are halved until the likelihood rises; returns what did not converge."""
    beta, inverse = state
    failed = [active[:0]]
    height = level(beta[active], active)
    for _ in range(CAREFUL_STEPS):
        step, found, rise = _step(evaluate, beta[active], active)
        size = np.abs(step).max(axis=1, initial=0.0)
        near, lost = size < NEAR, ~np.isfinite(size)
        inverse[active[~lost]] = found[~lost]
        beta[active[near]] += step[near]
        failed.append(active[lost])
        keep = ~(near | lost)
        active, step, size, height, rise = active[keep], step[keep], size[keep], height[keep], rise[keep]
        if not active.size:
            break
        fraction = np.minimum(1.0, LONGEST / size)
        for _ in range(20):
            higher = level(beta[active] + fraction[:, None] * step, active)
            # a small part of the rise is enough, and what is lost in rounding need not show
            falls = ~(higher >= height + 1e-4 * fraction * rise - ROUNDING * np.abs(height))
            if not falls.any():
                break
            fraction = np.where(falls, fraction / 2, fraction)
        beta[active] += fraction[:, None] * step
        height = level(beta[active], active)
    return np.concatenate([*failed, active])

"""The solver that all families share: Newton's method down to rounding."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import logit, ndtri

from honestsignals.inference.clusters import Floats
from honestsignals.inference.families import Family, information, rows_of

MOST_STEPS = 100

ROUNDING_STEP = 1e-10
"""A step this small, relative to the coefficients, is the last but one: steps shrink quadratically."""


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be solved: a family, its rows, their weights.

    Attributes
    ----------
    family : Family
    Z : ndarray, shape (n, m, p)
        See `honestsignals.inference.families.predictors`.
    codes, weights : ndarray, shape (n,)
        Label or its level, and the row's weight.
    n_levels : int
    """

    family: Family
    Z: Floats
    codes: Floats
    weights: Floats
    n_levels: int

    def at(self, theta: Floats) -> tuple[float, Floats, Floats]:
        """Log likelihood, slopes (n, m) and curvatures (n, m, m), weighted."""
        level, slope, curvature = rows_of(self.family, self.Z, theta, self.codes, self.n_levels)
        w = self.weights
        return float(w @ level), slope * w[:, None], curvature * w[:, None, None]


def solve(problem: Problem, start: Floats) -> tuple[Floats, bool, int]:
    """Newton's method, halving steps that do not raise the likelihood, until steps are rounding.

    Parameters
    ----------
    problem : Problem
        In units in which columns have like norms.
    start : ndarray, shape (p,)

    Returns
    -------
    theta : ndarray, shape (p,)
    converged : bool
    steps : int

    Examples
    --------
    >>> from honestsignals.inference.families import FAMILIES
    >>> y = np.array([1.0, 2.0, 6.0])
    >>> counts = Problem(FAMILIES["poisson"], np.ones((3, 1, 1)), y, np.ones(3), 0)
    >>> float(np.exp(solve(counts, np.zeros(1))[0])[0].round(12))
    3.0
    """
    theta, smallest = start, np.inf
    with np.errstate(over="ignore", invalid="ignore"):
        level, slope, curvature = problem.at(theta)
        for number in range(1, MOST_STEPS + 1):
            step = _step(problem.Z, slope, curvature)
            if step is None:
                return theta, False, number
            size = float(np.abs(step).max() / max(1.0, np.abs(theta).max()))
            # Steps shrink quadratically down to rounding and stay there: stop where they no longer shrink.
            if size < 1e-15 or (size < ROUNDING_STEP and size >= smallest / 2):
                return theta, True, number
            smallest = min(size, smallest)
            fraction, found = 1.0, problem.at(theta + step)
            while size > 1e-6 and fraction > 1e-6 and not found[0] >= level:
                fraction /= 2
                found = problem.at(theta + fraction * step)
            theta = theta + fraction * step
            level, slope, curvature = found
    return theta, smallest < ROUNDING_STEP, MOST_STEPS


def _step(Z: Floats, slope: Floats, curvature: Floats) -> Floats | None:
    """H⁻¹ u, or None where H has no inverse."""
    hessian = information(Z, curvature)
    if not np.isfinite(hessian).all():
        return None
    try:
        factor = cho_factor(hessian)
    except np.linalg.LinAlgError:
        return None
    step: Floats = cho_solve(factor, np.einsum("nmp,nm->p", Z, slope, optimize=True))
    return step


def first_guess(problem: Problem, X: Floats) -> tuple[Floats | None, int]:
    """Where to start, in the units of ``X``: statsmodels' estimate, or cut points at the levels' shares.

    statsmodels' ordered model differentiates numerically, so an ordered label starts without it; a label of
    some family that statsmodels cannot fit starts at 0.

    Parameters
    ----------
    problem : Problem
    X : ndarray, shape (n, k)
        The design that ``problem.Z`` is made of.

    Returns
    -------
    start : ndarray, shape (p,), or None
        None where statsmodels' fit failed.
    steps : int
        Of statsmodels.
    """
    family = problem.family
    if family.cuts:
        share = np.cumsum(np.bincount(problem.codes.astype(int), problem.weights)) / problem.weights.sum()
        cuts = logit(share[:-1]) if family.name == "ordered_logit" else ndtri(share[:-1])
        return np.concatenate([np.zeros(X.shape[1]), cuts]), 0
    if family.name == "gaussian":
        from statsmodels.regression.linear_model import WLS

        return np.asarray(WLS(problem.codes, X, problem.weights).fit(method="qr").params, dtype=float), 0
    return _discrete(family.name, problem.codes, X)


def _discrete(name: str, y: Floats, X: Floats) -> tuple[Floats | None, int]:
    from statsmodels.discrete import discrete_model

    model = {"logit": "Logit", "probit": "Probit", "poisson": "Poisson", "multinomial": "MNLogit"}[name]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Its warnings are symptoms of separation, which is looked for later and told in words.
        warnings.simplefilter("ignore")
        try:
            fit = getattr(discrete_model, model)(y, X).fit(method="newton", disp=0, skip_hessian=True)
        except (np.linalg.LinAlgError, ValueError):
            return None, 0
    found = np.asarray(fit.params, dtype=float)
    steps = int(fit.mle_retvals["iterations"])
    if not (fit.mle_retvals["converged"] and np.isfinite(found).all()):
        return None, steps
    return found.ravel(order="F"), steps

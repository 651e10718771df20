"""Estimates of a regression, and why some data have none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import ArgumentError, FitError, one_of
from honestsignals.inference.clusters import Floats
from honestsignals.inference.estimate_checks import check_design, check_label, check_residual, check_values
from honestsignals.inference.families import (
    FAMILIES,
    Family,
    coefficient_names,
    information,
    levels_of,
    predictors,
    probabilities,
    shifts,
)
from honestsignals.inference.newton import Problem, first_guess, solve
from honestsignals.inference.separation import separating_direction, separation_message
from honestsignals.inference.words import counted

LARGE_ETA = 15.0
"""A linear predictor of ±15 is a probability within 3e-7 of 0 or 1: reason enough to look for separation."""


@dataclass(frozen=True, eq=False)
class Estimate:
    r"""A fitted regression, as arrays that any covariance can be built from.

    Row r has m linear predictors :math:`\eta_r = Z_r \theta`, and slope g and curvature W of its log
    likelihood in them (see `honestsignals.inference.families`); weights are in g and W already.

    Attributes
    ----------
    family : str
        A name in ``FAMILIES``.
    names : tuple of str, length p
        Of the coefficients: columns, then cut points; or columns by class.
    places : tuple of tuple of int, length k
        Coefficients of each column of ``X``.
    levels : tuple of float
        Values of the label where it is a level; else empty.
    beta : ndarray, shape (p,)
    X : ndarray, shape (n, k)
    y, weights, fitted, residual : ndarray, shape (n,)
        Label, weight, mean (of levels: the expected value; of classes: the probability of the row's own) and
        label less mean (of classes: 1 less that probability).
    predictors : ndarray, shape (n, m, p)
        Z.
    slopes, curvature : ndarray, shapes (n, m), (n, m, m)
        g and W.
    shifts : ndarray, shape (m, q)
        How something that rows share would move their predictors.
    scores : ndarray, shape (n, p)
        :math:`Z_r^\top g_r`; they sum to 0 over rows.
    hessian : ndarray, shape (p, p)
        :math:`\sum_r Z_r^\top W_r Z_r`.
    scale : float
        σ² = Σ w e² / (n − k) (gaussian), 1 (others).
    log_likelihood, null_log_likelihood : float
        Of this model, and of one with an intercept alone.
    converged : bool
    iterations : int
        Newton steps, polishing included.
    own : Family or None
        The family itself, of a joint model that is no entry of ``FAMILIES``.
    """

    family: str
    names: tuple[str, ...]
    places: tuple[tuple[int, ...], ...]
    levels: tuple[float, ...]
    beta: Floats
    X: Floats
    y: Floats
    weights: Floats
    fitted: Floats
    residual: Floats
    predictors: Floats
    slopes: Floats
    curvature: Floats
    shifts: Floats
    scores: Floats
    hessian: Floats
    scale: float
    log_likelihood: float
    null_log_likelihood: float
    converged: bool
    iterations: int
    own: Family | None = None
    level_names: tuple[str, ...] = ()

    @property
    def rule(self) -> Family:
        """The family: what it says of a row."""
        return FAMILIES[self.family] if self.own is None else self.own

    @property
    def probabilities(self) -> Floats:
        """Probability of each level, (n, L); for a binary label of 0 and of 1."""
        family = FAMILIES[self.family]
        if family.levels:
            return probabilities(family, self.X, self.beta, len(self.levels))
        return np.column_stack([1.0 - self.fitted, self.fitted])

    @property
    def work_weights(self) -> Floats:
        """Weight of a row in the Hessian, (n,), for a family with one predictor."""
        return self.curvature[:, 0, 0]


def estimate(
    X: NDArray[Any],
    y: NDArray[Any],
    family: str,
    names: Sequence[str],
    *,
    start: NDArray[Any] | None = None,
    weights: NDArray[Any] | None = None,
    levels: Sequence[str] | None = None,
) -> Estimate:
    """Coefficients of a regression, or the reason why there are none.

    The first estimate comes from statsmodels (of an ordered label from the shares of its levels), on columns
    scaled to unit norm; Newton steps bring the score to zero at machine precision, so that neither the order
    of rows nor a column's unit shows in the result.

    Parameters
    ----------
    X : ndarray, shape (n, k)
        Design, with its intercept if it has one; without, for an ordered label: cut points stand for it.
    y : ndarray, shape (n,)
        Labels; 0 or 1 for "logit" and "probit", whole numbers from 0 for "poisson".
    family : str
        A name in ``FAMILIES``.
    names : sequence of str
        Columns of ``X``, as messages should name them.
    start : ndarray, shape (p,), optional
        Where to start.
    weights : ndarray, shape (n,), optional
        How much each row counts, above 0; 1 if absent. A row of weight 2 is two rows alike.
    levels : sequence of str, optional
        How a table should name the levels that occur, from the lowest.

    Returns
    -------
    Estimate

    Raises
    ------
    FitError
        Where columns are collinear, labels do not vary or are separated, or rows are too few.
    ArgumentError
        Where shapes do not fit or values are not finite, or a label is not what its family takes.

    References
    ----------
    albert1984

    Examples
    --------
    >>> X = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])
    >>> estimate(X, np.array([1.0, 2.0, 4.0, 5.0]), "gaussian", ["Intercept", "acts"]).beta.round(6).tolist()
    [0.9, 1.4]
    """
    one_of("family", family, tuple(FAMILIES))
    # -0.0 is 0.0: which of the two a level is called must not hang on which row comes first
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float) + 0.0
    weights = np.ones(y.size) if weights is None else np.asarray(weights, dtype=float)
    chosen = FAMILIES[family]
    check_values(X, y, weights, names)
    check_label(chosen, y)
    values, codes = levels_of(y) if chosen.levels else (np.empty(0), y)
    check_design(chosen, X, y, names)
    level_names = tuple(_level_words(values, levels))
    words, places = coefficient_names(chosen, names, level_names)
    problem = Problem(chosen, predictors(chosen, X, codes, values.size), codes, weights, values.size)
    theta, converged, steps = _solved(problem, X, names, start)
    found = _described(problem, (X, y), theta, (words, places, values), (converged, steps))
    return replace(found, level_names=level_names)


def _level_words(values: Floats, levels: Sequence[str] | None) -> list[str]:
    if levels is not None and len(levels) != values.size:
        raise ArgumentError(
            f"levels names {counted(len(levels), 'level')} and the label has {values.size} that occur."
        )
    return [f"{value:g}" for value in values] if levels is None else list(levels)


def mean(eta: Floats, family: str) -> Floats:
    """Mean of the label at a linear predictor, for a family with one predictor.

    Parameters
    ----------
    eta : ndarray
    family : str

    Returns
    -------
    ndarray, shape of ``eta``

    Examples
    --------
    >>> mean(np.array([0.0]), "logit").tolist()
    [0.5]
    """
    return FAMILIES[family].mean(eta)


def _solved(
    problem: Problem, X: Floats, names: Sequence[str], start: NDArray[Any] | None
) -> tuple[Floats, bool, int]:
    norms = np.sqrt(np.einsum("nmp,nmp->p", problem.Z, problem.Z))
    column = np.linalg.norm(X, axis=0)
    scaled = Problem(problem.family, problem.Z / norms, problem.codes, problem.weights, problem.n_levels)
    if start is None:
        first, steps = first_guess(problem, X / column)
        unit = np.tile(column, max(1, norms.size // column.size)) if problem.family.classes else column
        unit = np.concatenate([unit, np.ones(norms.size - unit.size)])
        theta = np.zeros(norms.size) if first is None else first / unit * norms
    else:
        theta, steps = np.asarray(start, dtype=float) * norms, 0
    theta, converged, more = solve(scaled, theta)
    if problem.family.name == "gaussian":
        y = problem.codes
        check_residual(float(np.linalg.norm(y - scaled.Z[:, 0] @ theta)), float(np.linalg.norm(y)))
        return theta / norms, converged, more
    eta = scaled.Z @ theta
    far = eta.min() < -LARGE_ETA if problem.family.label == "count" else np.abs(eta).max() > LARGE_ETA
    if not converged or far:
        direction = separating_direction(X, problem.codes, problem.family)
        if direction is not None:
            raise FitError(separation_message(X, problem.codes, names, direction, problem.family))
    if not converged:
        raise FitError(
            f"The {problem.family.title} did not converge in {steps + more} steps, "
            "although the label is not separated."
        )
    return theta / norms, converged, steps + more


def _described(
    problem: Problem,
    data: tuple[Floats, Floats],
    theta: Floats,
    words: tuple[tuple[str, ...], tuple[tuple[int, ...], ...], Floats],
    solved: tuple[bool, int],
) -> Estimate:
    (X, y), (names, places, values), family = data, words, problem.family
    level, slopes, curvature = problem.at(theta)
    fitted, residual = _fitted(family, X, theta, y, values)
    scale = 1.0
    if family.name == "gaussian":
        square = float(problem.weights @ residual**2)
        scale, level = square / (y.size - X.shape[1]), _gaussian_level(square, problem.weights)
    return Estimate(
        family=family.name,
        names=names,
        places=places,
        levels=tuple(values.tolist()),
        beta=theta,
        X=X,
        y=y,
        weights=problem.weights,
        fitted=fitted,
        residual=residual,
        predictors=problem.Z,
        slopes=slopes,
        curvature=curvature,
        shifts=shifts(family, problem.Z.shape[1]),
        scores=np.einsum("nmp,nm->np", problem.Z, slopes),
        hessian=information(problem.Z, curvature),
        scale=scale,
        log_likelihood=level,
        null_log_likelihood=_null_level(problem),
        converged=solved[0],
        iterations=solved[1],
    )


def _fitted(family: Family, X: Floats, theta: Floats, y: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Mean of the label and what is left of it; of classes, the probability of the row's own."""
    if family.levels:
        p = probabilities(family, X, theta, values.size)
        if family.classes:
            own = p[np.arange(y.size), np.searchsorted(values, y)]
            return own, 1.0 - own
        return p @ values, y - p @ values
    fitted = family.mean(X @ theta)
    return fitted, y - fitted


def _gaussian_level(square: float, weights: Floats) -> float:
    n = weights.size
    return float(-n / 2 * (np.log(2 * np.pi * square / n) + 1) + np.log(weights).sum() / 2)


def _null_level(problem: Problem) -> float:
    """Log likelihood of a model with an intercept (or cut points) alone."""
    w, y, total = problem.weights, problem.codes, float(problem.weights.sum())
    if problem.family.name == "gaussian":
        return _gaussian_level(float(w @ (y - w @ y / total) ** 2), w)
    if problem.family.label == "count":
        eta = np.full((y.size, 1), np.log(w @ y / total))
        return float(w @ problem.family.row(eta, y)[0])
    shares = np.bincount(y.astype(int), w) / total
    return float(total * (shares * np.log(shares)).sum())

"""Estimates of a regression, and why some data have none."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, qr
from scipy.special import expit

from honestsignals.errors import ArgumentError, FitError, one_of
from honestsignals.inference.clusters import Floats
from honestsignals.inference.separation import separating_direction, separation_message
from honestsignals.inference.words import counted, named

FAMILIES = ("gaussian", "logit")

COLLINEAR = 1e-8
"""Share of a column that the others leave unexplained below which X'X is singular in double precision: √ε."""

LARGE_ETA = 15.0
"""A linear predictor of ±15 is a probability within 3e-7 of 0 or 1: reason enough to look for separation."""

MOST_STEPS = 100


@dataclass(frozen=True, eq=False)
class Estimate:
    """A fitted regression, as arrays that any covariance can be built from.

    Attributes
    ----------
    family : str
        "gaussian" or "logit".
    beta : ndarray, shape (k,)
    X : ndarray, shape (n, k)
    y, fitted, residual : ndarray, shape (n,)
        Label, mean, and label less mean.
    work_weights : ndarray, shape (n,)
        Weight of a row in the Hessian: 1 (gaussian), p (1 − p) (logit).
    scores : ndarray, shape (n, k)
        x_r (y_r − μ_r); they sum to 0 over rows.
    hessian : ndarray, shape (k, k)
        X' diag(w) X.
    scale : float
        σ² = SSR / (n − k) (gaussian), 1 (logit).
    log_likelihood, null_log_likelihood : float
        Of this model, and of one with an intercept alone.
    converged : bool
    iterations : int
        Newton steps, polishing included (gaussian: 0 and the polish).
    """

    family: str
    beta: Floats
    X: Floats
    y: Floats
    fitted: Floats
    residual: Floats
    work_weights: Floats
    scores: Floats
    hessian: Floats
    scale: float
    log_likelihood: float
    null_log_likelihood: float
    converged: bool
    iterations: int


def estimate(
    X: NDArray[Any], y: NDArray[Any], family: str, names: Sequence[str], start: NDArray[Any] | None = None
) -> Estimate:
    """Coefficients of a linear or logistic regression, or the reason why there are none.

    The estimate comes from statsmodels, on columns scaled to unit norm; a few Newton steps bring the score to
    zero at machine precision, so that neither the order of rows nor a column's unit shows in the result.

    Parameters
    ----------
    X : ndarray, shape (n, k)
        Design, with its intercept if it has one.
    y : ndarray, shape (n,)
        Labels; 0 or 1 for "logit".
    family : str
        "gaussian" or "logit".
    names : sequence of str
        Columns of ``X``, as messages should name them.
    start : ndarray, shape (k,), optional
        Where to start (logit).

    Returns
    -------
    Estimate

    Raises
    ------
    FitError
        Where columns are collinear, labels do not vary or are separated, or rows are too few.
    ArgumentError
        Where shapes do not fit or values are not finite, or a label of a logit is not 0 or 1.

    References
    ----------
    albert1984

    Examples
    --------
    >>> X = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])
    >>> estimate(X, np.array([1.0, 2.0, 4.0, 5.0]), "gaussian", ["Intercept", "acts"]).beta.round(6).tolist()
    [0.9, 1.4]
    """
    one_of("family", family, FAMILIES)
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    _check_values(X, y, family, names)
    _check_design(X, y, names)
    norms = np.linalg.norm(X, axis=0)
    if family == "gaussian":
        beta, converged, steps = _least_squares(X / norms, y)
        _check_residual(X / norms, y, beta)
    else:
        first = None if start is None else np.asarray(start, dtype=float) * norms
        beta, converged, steps = _logit(X, norms, y, names, first)
    return _described(family, X, y, beta / norms, converged=converged, steps=steps)


def mean(eta: Floats, family: str) -> Floats:
    """Mean of the label at a linear predictor.

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
    return eta if family == "gaussian" else expit(eta)


def dependent_columns(X: NDArray[Any], names: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Columns that equal a combination of others, each with those others.

    Found by a pivoted QR of columns scaled to unit norm; told in the order of the columns, so that the later
    column is the dependent one. A constant column beside an earlier constant one comes with no others.

    Parameters
    ----------
    X : ndarray, shape (n, k)
    names : sequence of str
        Columns of ``X``.

    Returns
    -------
    list of (str, tuple of str)
        Empty where the design has full rank.

    Examples
    --------
    >>> given, received = np.array([1.0, 2.0, 4.0]), np.array([3.0, 1.0, 1.0])
    >>> X = np.column_stack([given, received, given + received])
    >>> dependent_columns(X, ["given", "received", "total"])
    [('total', ('given', 'received'))]
    """
    X = np.asarray(X, dtype=float)
    norms = np.linalg.norm(X, axis=0)
    Z = X / np.where(norms > 0, norms, 1.0)
    triangle, order = qr(Z, mode="r", pivoting=True)
    triangle = triangle[: X.shape[1]]
    if norms.all() and np.abs(np.diag(triangle)).min() > COLLINEAR and X.shape[0] >= X.shape[1]:
        return []
    columns = np.empty_like(triangle)
    columns[:, order] = triangle  # the same lengths and angles as Z's columns, in k rows
    constant = np.ptp(X, axis=0) == 0
    kept: list[int] = []
    found: list[tuple[str, tuple[str, ...]]] = []
    for j in np.argsort(~_intercept(constant, norms, names), kind="stable").tolist():
        shares = np.linalg.lstsq(columns[:, kept], columns[:, j], rcond=None)[0]
        rest = np.linalg.norm(columns[:, j] - columns[:, kept] @ shares)
        if norms[j] > 0 and rest > COLLINEAR:
            kept.append(j)
            continue
        others = (
            () if constant[j] else tuple(names[i] for i, c in zip(kept, shares, strict=True) if abs(c) > 1e-6)
        )
        found.append((names[j], others))
    return found


def _intercept(constant: NDArray[np.bool_], norms: Floats, names: Sequence[str]) -> NDArray[np.bool_]:
    """Which constant column is the intercept: the one with that name, else the first."""
    candidates = np.flatnonzero(constant & (norms > 0))
    chosen = np.zeros(constant.size, dtype=bool)
    usual = ("intercept", "const", "1")
    by_name = [j for j in candidates.tolist() if names[j].strip("()").casefold() in usual]
    if candidates.size:
        chosen[by_name[0] if by_name else candidates[0]] = True
    return chosen


def _check_values(X: Floats, y: Floats, family: str, names: Sequence[str]) -> None:
    if X.ndim != 2 or y.shape != X.shape[:1] or len(names) != X.shape[1]:
        raise ArgumentError(
            f"X has shape {X.shape}, y {y.shape} and there are {counted(len(names), 'name')}; "
            "they must be (n, k), (n,) and k."
        )
    wrong = np.flatnonzero(~np.isfinite(X).all(axis=0))
    if wrong.size:
        count = int((~np.isfinite(X[:, wrong[0]])).sum())
        raise ArgumentError(
            f"'{names[wrong[0]]}' is missing or infinite in {counted(count, 'row')}; leave them out."
        )
    if not np.isfinite(y).all():
        raise ArgumentError(
            f"The label is missing or infinite in {counted(int((~np.isfinite(y)).sum()), 'row')}."
        )
    odd = y[(y != 0) & (y != 1)]
    if family == "logit" and odd.size:
        raise ArgumentError(f"The label is {odd[0]:g} in some row; a logit needs labels of 0 and 1.")


def _check_design(X: Floats, y: Floats, names: Sequence[str]) -> None:
    n, k = X.shape
    if n <= k:
        raise FitError(
            f"{counted(n, 'row')} for {counted(k, 'coefficient')}: too few to estimate them; "
            "there must be more rows than coefficients."
        )
    if np.ptp(y) == 0:
        raise FitError(f"The label is {y[0]:g} in every row: there is nothing to explain.")
    dependent = dependent_columns(X, names)
    if dependent:
        raise FitError(" ".join(_dependence(column, others) for column, others in dependent))


def _dependence(column: str, others: tuple[str, ...]) -> str:
    if not others:
        return f"'{column}' is the same in every row: leave it out."
    relation = "a multiple" if len(others) == 1 else "a combination"
    return f"'{column}' is {relation} of {named(others)}: leave one of them out."


def _check_residual(Z: Floats, y: Floats, beta: Floats) -> None:
    # Rounding leaves about ε √n of the label; what is smaller than 1e-12 of it is no residual.
    if np.linalg.norm(y - Z @ beta) <= 1e-12 * np.linalg.norm(y):
        raise FitError(
            "The label is an exact combination of the columns: no residual is left to judge errors by."
        )


def _least_squares(Z: Floats, y: Floats) -> tuple[Floats, bool, int]:
    from statsmodels.regression.linear_model import OLS

    beta = np.asarray(OLS(y, Z).fit(method="qr").params, dtype=float)
    return _polished(Z, y, beta, "gaussian")


def _logit(
    X: Floats, norms: Floats, y: Floats, names: Sequence[str], start: Floats | None
) -> tuple[Floats, bool, int]:
    from statsmodels.discrete.discrete_model import Logit

    Z, k = X / norms, norms.size
    beta, converged, steps = np.full(k, np.nan), False, 0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Its warnings are symptoms of separation, which is looked for below and told in words.
        warnings.simplefilter("ignore")
        try:
            fit = Logit(y, Z).fit(start_params=start, method="newton", disp=0, skip_hessian=True)
            beta, converged = np.asarray(fit.params, dtype=float), bool(fit.mle_retvals["converged"])
            steps = int(fit.mle_retvals["iterations"])
        except np.linalg.LinAlgError:
            converged = False
    eta = Z @ beta
    if not (converged and np.abs(eta).max() < LARGE_ETA):
        direction = separating_direction(X, y, eta if np.isfinite(eta).all() else None)
        if direction is not None:
            raise FitError(separation_message(X, y, names, direction))
    if not converged:
        beta = np.zeros(k)
    beta, converged, more = _polished(Z, y, beta, "logit")
    if not converged:
        raise FitError(
            f"The logit did not converge in {steps + more} steps, although the label is not separated."
        )
    return beta, converged, steps + more


def _polished(Z: Floats, y: Floats, beta: Floats, family: str) -> tuple[Floats, bool, int]:
    """Newton's method, halving steps that do not raise the likelihood, until steps are rounding."""
    smallest = np.inf
    level = _log_likelihood(Z @ beta, y, family)
    for step_number in range(1, MOST_STEPS + 1):
        mu = mean(Z @ beta, family)
        try:
            factor = cho_factor((Z * _weights(mu, family)[:, None]).T @ Z)
        except np.linalg.LinAlgError:
            return beta, False, step_number
        step = cho_solve(factor, Z.T @ (y - mu))
        size = float(np.abs(step).max() / max(1.0, np.abs(beta).max()))
        # Steps shrink quadratically down to rounding and stay there: stop where they no longer shrink.
        if size < 1e-15 or (size < 1e-10 and size >= smallest / 2):
            return beta, True, step_number
        smallest = min(size, smallest)
        fraction = 1.0
        while (
            size > 1e-6
            and fraction > 1e-6
            and _log_likelihood(Z @ (beta + fraction * step), y, family) < level
        ):
            fraction /= 2
        beta = beta + fraction * step
        level = _log_likelihood(Z @ beta, y, family)
    return beta, smallest < 1e-10, MOST_STEPS


def _weights(mu: Floats, family: str) -> Floats:
    return np.ones_like(mu) if family == "gaussian" else mu * (1.0 - mu)


def _log_likelihood(eta: Floats, y: Floats, family: str) -> float:
    """Log-likelihood of a logit; for the gaussian that of its mean square."""
    if family == "gaussian":
        return float(-y.size / 2 * (np.log(2 * np.pi * np.mean((y - eta) ** 2)) + 1))
    return float(-np.logaddexp(0.0, (1.0 - 2.0 * y) * eta).sum())


def _described(family: str, X: Floats, y: Floats, beta: Floats, *, converged: bool, steps: int) -> Estimate:
    n, k = X.shape
    eta = X @ beta
    fitted = mean(eta, family)
    weights = _weights(fitted, family)
    residual = y - fitted
    centre = np.full(n, y.mean() if family == "gaussian" else np.log(y.mean() / (1.0 - y.mean())))
    return Estimate(
        family=family,
        beta=beta,
        X=X,
        y=y,
        fitted=fitted,
        residual=residual,
        work_weights=weights,
        scores=X * residual[:, None],
        hessian=(X * weights[:, None]).T @ X,
        scale=float(residual @ residual) / (n - k) if family == "gaussian" else 1.0,
        log_likelihood=_log_likelihood(eta, y, family),
        null_log_likelihood=_log_likelihood(centre, y, family),
        converged=converged,
        iterations=steps,
    )

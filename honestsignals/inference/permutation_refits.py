"""Exact refits of logit, probit and Poisson regressions after people changed places, many at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from honestsignals.inference.permutation_linear import Basis, Floats, Refit, basis_of, solved_for
from honestsignals.inference.permutation_newton import Codes, Refits, newton

SEPARATED = 12.0
"""Part of a linear predictor of one that did not converge beyond which it is separated: odds of 160,000."""


@dataclass(frozen=True)
class Family:
    """What Newton's method asks of a family, as functions of a label and a linear predictor.

    Attributes
    ----------
    slopes : callable
        y and η to the first derivative of the log-likelihood of a row by η, and less the second.
    level : callable
        y and η to the log-likelihood of a row, but for constants.
    """

    slopes: Callable[[Floats, Floats], tuple[Floats, Floats]]
    level: Callable[[Floats, Floats], Floats]


def _logit(y: Floats, eta: Floats) -> tuple[Floats, Floats]:
    # in place: at this size it is memory that takes the time
    mean = np.negative(eta)
    np.exp(mean, out=mean)
    mean += 1.0
    np.reciprocal(mean, out=mean)
    weight = 1.0 - mean
    weight *= mean
    return np.subtract(y, mean, out=mean), weight


def _poisson(y: Floats, eta: Floats) -> tuple[Floats, Floats]:
    mean = np.exp(eta)
    return y - mean, mean


def _probit(y: Floats, eta: Floats) -> tuple[Floats, Floats]:
    sign = 2.0 * y - 1.0
    ratio = sign * np.exp(-0.5 * eta**2 - log_ndtr(sign * eta)) / np.sqrt(2.0 * np.pi)
    return ratio, ratio * (ratio + eta)


FAMILIES = {
    "logit": Family(_logit, lambda y, eta: -np.logaddexp(0.0, (1.0 - 2.0 * y) * eta)),
    "poisson": Family(_poisson, lambda y, eta: y * eta - np.exp(eta)),
    "probit": Family(_probit, lambda y, eta: log_ndtr((2.0 * y - 1.0) * eta)),
}


@dataclass(frozen=True, eq=False)
class Batch:
    """Regressions that share columns, and differ in one column, in the label, or in the rows they have.

    Attributes
    ----------
    family : Family
    fixed : ndarray, shape (n, q)
        Columns of all of them, of unit mean square and orthogonal.
    pairs : ndarray, shape (n, q (q + 1) / 2)
        Products of every two of these.
    y : ndarray, shape (n,) or (draws, n)
    moved : ndarray, shape (draws, n), or None
        The column of each; 0 where it has no row.
    known : ndarray of bool or float, shape (draws, n), or None
        Rows of each, or how many rows each stands for; None for all.
    """

    family: Family
    fixed: Floats
    pairs: Floats
    y: Floats
    moved: Floats | None
    known: NDArray[Any] | None

    def refits(self, start: Floats) -> Refits:
        """Where they come to rest; parameters are those of the fixed columns, then of the moved one."""
        return newton(self._evaluate, self._level, start)

    def _of(self, values: Floats | None, active: Codes, draws: int) -> Any:
        return values if values is None or values.ndim == 1 or active.size == draws else values[active]

    def _parts(self, active: Codes) -> tuple[Any, Any, Any]:
        draws = next(
            (len(one) for one in (self.moved, self.known) if one is not None),
            len(self.y) if self.y.ndim > 1 else -1,
        )
        values: tuple[Any, ...] = (self.y, self.moved, self.known)
        y, moved, known = (self._of(one, active, draws) for one in values)
        return y, moved, known

    def _eta(self, beta: Floats, moved: Floats | None) -> Floats:
        q = self.fixed.shape[1]
        eta = beta[:, :q] @ self.fixed.T
        if moved is not None:
            eta += beta[:, q:] * moved
        return eta

    def _level(self, beta: Floats, active: Codes) -> Floats:
        y, moved, known = self._parts(active)
        levels = self.family.level(y, self._eta(beta, moved))
        if known is not None:
            # a row that is not there counts for nothing, whatever its level
            levels = np.where(known > 0, levels * known, 0.0)
        return np.asarray(levels.sum(axis=1))

    def _evaluate(self, beta: Floats, active: Codes) -> tuple[Floats, Floats]:
        y, moved, known = self._parts(active)
        slope, weight = self.family.slopes(y, self._eta(beta, moved))
        if known is not None:
            slope *= known
            weight *= known
        return self.gathered(slope, weight, moved)

    def gathered(self, slope: Floats, weight: Floats, moved: Floats | None) -> tuple[Floats, Floats]:
        """Gradients and informations of slopes and weights of rows, each of shape (draws, n)."""
        q = self.fixed.shape[1]
        p = q + (moved is not None)
        gradient, information = np.empty((len(slope), p)), np.empty((len(slope), p, p))
        upper = np.triu_indices(q)
        packed = weight @ self.pairs
        information[:, upper[0], upper[1]] = packed
        information[:, upper[1], upper[0]] = packed
        gradient[:, :q] = slope @ self.fixed
        if moved is not None:
            gradient[:, q] = np.einsum("bn,bn->b", slope, moved)
            heavy = weight * moved
            information[:, :q, q] = information[:, q, :q] = heavy @ self.fixed
            information[:, q, q] = np.einsum("bn,bn->b", heavy, moved)
        return gradient, information


def products_of(fixed: Floats) -> Floats:
    """Products of every two columns, the first with itself and all others first (n, q (q + 1) / 2)."""
    upper = np.triu_indices(fixed.shape[1])
    return np.ascontiguousarray(fixed[:, upper[0]] * fixed[:, upper[1]])


def semi_partial(X: Floats, y: Floats, places: list[int], family: str, complete: bool) -> Refit:
    """Refits of y on a column's permuted residual beside the other columns.

    The residual is that of least squares for every family, as in `netlogit` of sna.

    Parameters
    ----------
    X : ndarray, shape (n, p)
    y : ndarray, shape (n,)
    places : list of int
        Columns that are tested.
    family : {"logit", "probit", "poisson"}
    complete : bool
        Whether every permuted value has a row to come from.

    Returns
    -------
    callable
        Rows after permutations to z statistics and coefficients; where the permuted column separates the
        labels, z is 0 and the coefficient infinite: their limits.

    Examples
    --------
    >>> X = np.column_stack([np.ones(6), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]])
    >>> refit = semi_partial(X, np.array([0.0, 1.0, 0.0, 0.0, 1.0, 1.0]), [1], "logit", complete=True)
    >>> [each.round(4).tolist() for each in refit(np.arange(6)[None, :])]
    [[[1.0971]], [[0.6736]]]
    """
    basis, root = basis_of(X, places), np.sqrt(len(y))
    parts = [_part(basis, y, j, family) for j in range(len(places))]
    scale = basis.length / root
    values = np.column_stack([basis.residuals / scale[:, None], np.zeros(len(places))])

    def refit(rows: NDArray[Any]) -> tuple[Floats, Floats]:
        known = None if complete else rows < y.size
        z, beta = np.empty((2, len(rows), len(places)))
        for j, (fixed, pairs, at) in enumerate(parts):
            moved = values[j].take(rows)
            batch = Batch(FAMILIES[family], fixed, pairs, y, moved, known)
            found = batch.refits(_first(batch, at, len(rows)))
            z[:, j], slope = wald_of(found, moved, fixed)
            beta[:, j] = slope / scale[j]
        return z, beta

    return refit


def _part(basis: Basis, y: Floats, place: int, family: str) -> tuple[Floats, Floats, Floats]:
    """The other columns, their products, and their coefficients without the one."""
    fixed = np.ascontiguousarray(basis.Q @ basis.others(place)) * np.sqrt(len(y))
    pairs = products_of(fixed)
    start = np.zeros((1, fixed.shape[1]))
    alone = Batch(FAMILIES[family], fixed, pairs, y, None, None).refits(start)
    return fixed, pairs, alone.beta[0]


def _first(batch: Batch, at: Floats, draws: int) -> Floats:
    """Newton's first step from where the permuted column has no part: draws share their weights there."""
    start = np.append(at, 0.0)
    if batch.known is not None or batch.moved is None:
        return np.tile(start, (draws, 1))
    slope, weight = batch.family.slopes(batch.y[None, :], at[None, :] @ batch.fixed.T)
    q = at.size
    shared = batch.gathered(slope, weight, None)[1]
    information = np.empty((draws, q + 1, q + 1))
    information[:, :q, :q] = shared
    information[:, :q, q] = information[:, q, :q] = batch.moved @ (batch.fixed * weight.T)
    information[:, q, q] = (batch.moved**2) @ weight[0]
    gradient = np.zeros((draws, q + 1, 1))
    gradient[:, q, 0] = batch.moved @ slope[0]
    step = solved_for(information, gradient)[..., 0]
    longest = np.abs(step).max(axis=1)
    return np.where((longest < 2.0)[:, None], start + step, start)


def wald_of(found: Refits, moved: Floats, fixed: Floats) -> tuple[Floats, Floats]:
    """Coefficient of the last parameter and its z; their limits, ±∞ and 0, where it separates the labels.

    Parameters
    ----------
    found : Refits
        The last parameters are those of the fixed columns and of the moved one.
    moved : ndarray, shape (draws, n)
    fixed : ndarray, shape (n, q)

    Returns
    -------
    z, beta : ndarray, shape (draws,)
        NaN where a refit failed for another reason.
    """
    beta, q = found.beta[:, -1].copy(), fixed.shape[1]
    with np.errstate(invalid="ignore"):
        z = beta / np.sqrt(found.inverse[:, -1, -1])
    far = np.abs(beta) * np.abs(moved).max(axis=1, initial=0.0) > SEPARATED
    away = ~found.converged & far
    z[away], beta[away] = 0.0, np.copysign(np.inf, beta[away])
    failed = ~found.converged & ~far & ~_far(found.beta[:, -1 - q : -1], fixed).any(axis=1)
    z[failed] = beta[failed] = np.nan
    return z, beta


def _far(beta: Floats, columns: Floats) -> NDArray[np.bool_]:
    """Whether a column's part of the linear predictor has grown beyond what data without separation know."""
    return np.asarray(np.abs(beta) * np.abs(columns).max(axis=0, initial=0.0) > SEPARATED)


def permuted_label(X: Floats, y: Floats, places: list[int], family: str, complete: bool) -> Refit:
    """Refits of the permuted label on the columns as they are.

    Parameters
    ----------
    X : ndarray, shape (n, p)
    y : ndarray, shape (n,)
    places : list of int
    family : {"logit", "probit", "poisson"}
    complete : bool

    Returns
    -------
    callable
        As in `semi_partial`; a coefficient that grows without end has z = 0, and the others their limits.

    Examples
    --------
    >>> X = np.column_stack([np.ones(6), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]])
    >>> refit = permuted_label(X, np.array([0.0, 1.0, 0.0, 0.0, 1.0, 1.0]), [1], "logit", complete=True)
    >>> [each.round(4).tolist() for each in refit(np.arange(6)[None, :])]
    [[[1.0971]], [[0.6736]]]
    """
    basis, root = basis_of(X, places), np.sqrt(len(y))
    fixed = basis.Q * root
    pairs = products_of(fixed)
    back = basis.own / basis.length[:, None] * root
    flat = np.linalg.lstsq(fixed, np.full(len(y), _constant(y, family)), rcond=None)[0]
    padded = np.append(y, 0.0)

    def refit(rows: NDArray[Any]) -> tuple[Floats, Floats]:
        known = None if complete else rows < len(y)
        batch = Batch(FAMILIES[family], fixed, pairs, padded.take(rows), None, known)
        found = batch.refits(np.tile(flat, (len(rows), 1)))
        return turned_wald(found, back, X[:, places])

    return refit


def turned_wald(found: Refits, back: Floats, X: Floats) -> tuple[Floats, Floats]:
    """Coefficients and their z in the columns' own coordinates; their limits where they grow without end.

    Parameters
    ----------
    found : Refits
    back : ndarray, shape (k, p)
        Coefficients of parameters.
    X : ndarray, shape (n, k)
        The columns.

    Returns
    -------
    z, beta : ndarray, shape (draws, k)
        NaN where a refit failed for another reason than that the permuted label is separated.
    """
    beta = found.beta @ back.T
    with np.errstate(invalid="ignore"):
        z = beta / np.sqrt(np.einsum("ki,bij,kj->bk", back, found.inverse, back))
    far = _far(beta, X - X.mean(axis=0))
    away = ~found.converged[:, None] & far
    z[away], beta[away] = 0.0, np.copysign(np.inf, beta[away])
    failed = ~found.converged & ~far.any(axis=1)
    z[failed] = beta[failed] = np.nan
    return z, beta


def _constant(y: Floats, family: str) -> float:
    """Linear predictor of the mean label."""
    mean = float(y.mean())
    if family == "poisson":
        return float(np.log(mean))
    # of a probit it is 1.6 times too far, and near enough to begin from
    return float(np.log(mean / (1.0 - mean)))

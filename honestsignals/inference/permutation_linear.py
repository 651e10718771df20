"""Linear regressions after people changed places: double semi-partialling, Freedman-Lane, permuted labels.

By Frisch and Waugh, the coefficient of one column is found from residuals on the others. So no draw needs a
regression: with Q an orthonormal basis of the columns, one product of the permuted values with Q and the
residuals is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Refit = Callable[[NDArray[Any]], tuple[Floats, Floats]]
"""Rows after permutations, shape (draws, n), to statistics and coefficients, each of shape (draws, k)."""

DEPENDENT = 1e-10
"""Share of a permuted column's square that the others leave, below which nothing is left of it: rounding."""


@dataclass(frozen=True, eq=False)
class Basis:
    """A design in orthonormal columns, and what each column has that the others lack.

    Attributes
    ----------
    Q : ndarray, shape (n, p)
        Orthonormal basis of the design's columns.
    R : ndarray, shape (p, p)
        X = Q R.
    own : ndarray, shape (k, p)
        Unit vectors u_j, in coordinates of Q: Q u_j is the direction of the residual of x_j on the others.
    length : ndarray, shape (k,)
        Length of that residual.
    """

    Q: Floats
    R: Floats
    own: Floats
    length: Floats

    @property
    def residuals(self) -> Floats:
        """Residual of each tested column on the others by least squares (ndarray, shape (k, n))."""
        return np.ascontiguousarray((self.Q @ (self.own * self.length[:, None]).T).T)

    def others(self, place: int) -> Floats:
        """Orthonormal coordinates of all but the residual of one column (ndarray, shape (p, p − 1))."""
        return np.linalg.svd(self.own[place][None, :])[2][1:].T


def basis_of(X: Floats, places: list[int]) -> Basis:
    """The design's orthonormal basis, and the residual directions of the columns in ``places``.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Of full rank.
    places : list of int
        Columns that are tested.

    Examples
    --------
    >>> X = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])
    >>> basis_of(X, [1]).residuals.round(6).tolist()
    [[-1.5, -0.5, 0.5, 1.5]]
    """
    scale = np.linalg.norm(X, axis=0)
    Q, R = np.linalg.qr(X / scale)
    # e_j is orthogonal to every other column: R'v = a multiple of the unit vector j
    away = np.linalg.inv(R)[places]
    size = np.linalg.norm(away, axis=1)
    return Basis(Q, R * scale, away / size[:, None], scale[places] / size)


def semi_partial(X: Floats, y: Floats, places: list[int], complete: bool) -> Refit:
    """Refits of y on a column's permuted residual beside the other columns (Dekker and others, 2007).

    Parameters
    ----------
    X : ndarray, shape (n, p)
    y : ndarray, shape (n,)
    places : list of int
        Columns that are tested.
    complete : bool
        Whether every permuted value has a row to come from.

    Returns
    -------
    callable
        Rows after permutations to t statistics and coefficients.

    Examples
    --------
    >>> X = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])
    >>> refit = semi_partial(X, np.array([1.0, 2.0, 4.0, 5.0]), [1], complete=True)
    >>> [each.round(6).tolist() for each in refit(np.arange(4)[None, :])]
    [[[9.899495]], [[1.4]]]
    """
    basis = basis_of(X, places)
    values = basis.residuals
    if not complete:
        return _semi_partial_known(basis, y, values)
    fitted = basis.Q.T @ y
    rest = y - basis.Q @ fitted
    products = np.column_stack([basis.Q, rest])
    left, df = float(rest @ rest), y.size - X.shape[1]
    along = basis.own @ fitted
    squares = basis.length**2

    def refit(rows: NDArray[Any]) -> tuple[Floats, Floats]:
        t, beta = np.empty((2, len(rows), len(places)))
        for j in range(len(places)):
            found = values[j].take(rows) @ products
            inside, outside = found[:, :-1], found[:, -1]
            own = inside @ basis.own[j]
            square = squares[j] - (inside**2).sum(axis=1) + own**2
            product = outside + along[j] * own
            t[:, j], beta[:, j] = _t(product, square, left + along[j] ** 2, df, squares[j])
        return t, beta

    return refit


def _t(product: Floats, square: Floats, total: Any, df: Any, whole: Any) -> tuple[Floats, Floats]:
    """Slope and its t of one residual on another: x'y, x'x, y'y, degrees of freedom, x'x before."""
    with np.errstate(divide="ignore", invalid="ignore"):
        square = np.where(square > DEPENDENT * whole, square, np.nan)
        beta = product / square
        t = beta * np.sqrt(square * df / np.maximum(total - beta * product, 0.0))
    return np.where(df > 0, t, np.nan), beta


def _semi_partial_known(basis: Basis, y: Floats, values: Floats) -> Refit:
    """The same where a permuted value can be missing: its row is left out, so products are the draw's."""
    joint = np.column_stack([basis.Q, y])
    upper = np.triu_indices(joint.shape[1])
    pairs = joint[:, upper[0]] * joint[:, upper[1]]
    # what is looked up beyond the last row is missing, and adds nothing
    padded = np.column_stack([values, np.zeros(len(values))])
    turns = [basis.others(j) for j in range(len(values))]
    p = basis.Q.shape[1]

    def refit(rows: NDArray[Any]) -> tuple[Floats, Floats]:
        known = (rows < y.size).astype(float)
        gram = _square(known @ pairs, upper, p + 1)
        df = known.sum(axis=1) - p
        t, beta = np.empty((2, len(rows), len(values)))
        for j, turn in enumerate(turns):
            moved = padded[j].take(rows)
            found = moved @ joint
            whole = np.einsum("bn,bn->b", moved, moved)
            others = turn.T @ gram[:, :p, :p] @ turn
            sides = np.stack([found[:, :p] @ turn, gram[:, :p, p] @ turn], axis=-1)
            solved = solved_for(others, sides)
            square = whole - np.einsum("bi,bi->b", sides[..., 0], solved[..., 0])
            product = found[:, p] - np.einsum("bi,bi->b", sides[..., 0], solved[..., 1])
            total = gram[:, p, p] - np.einsum("bi,bi->b", sides[..., 1], solved[..., 1])
            t[:, j], beta[:, j] = _t(product, square, total, df, whole)
        return t, beta

    return refit


def permuted_label(X: Floats, y: Floats, places: list[int], complete: bool) -> Refit:
    """Refits of the permuted label on the columns as they are.

    Parameters
    ----------
    X : ndarray, shape (n, p)
    y : ndarray, shape (n,)
    places : list of int
    complete : bool

    Returns
    -------
    callable

    Examples
    --------
    >>> X = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])
    >>> refit = permuted_label(X, np.array([1.0, 2.0, 4.0, 5.0]), [1], complete=True)
    >>> [each.round(6).tolist() for each in refit(np.arange(4)[None, :])]
    [[[9.899495]], [[1.4]]]
    """
    basis = basis_of(X, places)
    back = basis.own / basis.length[:, None]
    n, p = X.shape
    padded = np.append(y, 0.0)
    total = float(y @ y)
    upper = np.triu_indices(p)
    pairs = None if complete else basis.Q[:, upper[0]] * basis.Q[:, upper[1]]

    def refit(rows: NDArray[Any]) -> tuple[Floats, Floats]:
        moved = padded.take(rows)
        inside = moved @ basis.Q
        if pairs is None:
            left = total - (inside**2).sum(axis=1)
            beta = inside @ back.T
            variance, df = np.broadcast_to(1.0 / basis.length**2, beta.shape), np.float64(n - p)
        else:
            known = (rows < n).astype(float)
            gram = _square(known @ pairs, upper, p)
            turned = np.broadcast_to(back.T, (len(rows), p, len(places)))
            solved = solved_for(gram, np.concatenate([inside[..., None], turned], axis=-1))
            left = np.einsum("bn,bn->b", moved, moved) - np.einsum("bi,bi->b", inside, solved[..., 0])
            beta = solved[..., 0] @ back.T
            variance = np.einsum("bij,ji->bi", solved[..., 1:].swapaxes(1, 2), back.T)
            df = known.sum(axis=1) - p
        return _wald(beta, variance, left, df)

    return refit


def freedman_lane(X: Floats, y: Floats, places: list[int], complete: bool) -> Refit:
    """Refits of a label whose residuals on all columns but one were permuted (Freedman and Lane, 1983).

    Parameters
    ----------
    X : ndarray, shape (n, p)
    y : ndarray, shape (n,)
    places : list of int
    complete : bool

    Returns
    -------
    callable

    Examples
    --------
    >>> X = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])
    >>> refit = freedman_lane(X, np.array([1.0, 2.0, 4.0, 5.0]), [1], complete=True)
    >>> [each.round(6).tolist() for each in refit(np.arange(4)[None, :])]
    [[[9.899495]], [[1.4]]]
    """
    basis = basis_of(X, places)
    fitted = basis.Q.T @ y
    rest = y - basis.Q @ fitted
    directions = basis.Q @ basis.own.T
    # what the other columns fit stays, and has no part in the coefficient of the one: only residuals move
    values = np.ascontiguousarray((rest[:, None] + directions * (basis.own @ fitted)).T)
    permuted = [permuted_label(X, *one, complete) for one in zip(values, ([j] for j in places), strict=True)]

    def refit(rows: NDArray[Any]) -> tuple[Floats, Floats]:
        found = [one(rows) for one in permuted]
        t, beta = (np.concatenate([each[part] for each in found], axis=1) for part in (0, 1))
        return t, beta

    return refit


def _wald(beta: Floats, variance: Floats, left: Floats, df: Any) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.maximum(left, 0.0) / df
        t = beta / np.sqrt(variance * scale[:, None])
    enough = np.broadcast_to(np.greater(df, 0), left.shape)
    return np.where(np.expand_dims(enough, 1), t, np.nan), beta


def _square(packed: Floats, upper: tuple[NDArray[Any], ...], p: int) -> Floats:
    """Symmetric matrices of their upper triangles."""
    out = np.empty((len(packed), p, p))
    out[:, upper[0], upper[1]] = packed
    out[:, upper[1], upper[0]] = packed
    return out


def solved_for(matrices: Floats, sides: Floats) -> Floats:
    """Solutions of many small symmetric systems; NaN where a matrix is singular.

    Parameters
    ----------
    matrices : ndarray, shape (draws, p, p)
    sides : ndarray, shape (draws, p, m)

    Returns
    -------
    ndarray, shape (draws, p, m)

    Examples
    --------
    >>> solved_for(np.array([[[2.0]], [[0.0]]]), np.ones((2, 1, 1))).ravel().tolist()
    [0.5, nan]
    """
    if matrices.shape[-1] == 0:
        return np.empty(sides.shape)
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(matrices).all(axis=(1, 2)))
    safe = np.where(finite[:, None, None], matrices, 0.0)
    values = np.linalg.eigvalsh(safe)
    good: NDArray[np.bool_] = (
        finite & (values[:, 0] > DEPENDENT * np.abs(values[:, -1])) & (values[:, -1] > 0)
    )
    safe[~good] = np.eye(matrices.shape[-1])
    return np.where(good[:, None, None], np.linalg.solve(safe, sides), np.nan)

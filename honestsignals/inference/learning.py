"""Models that are there to predict: families of regressions that always have an answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lstsq

from honestsignals.errors import FitError
from honestsignals.inference.clusters import Floats
from honestsignals.inference.families import FAMILIES, Family, information, predictors, probabilities
from honestsignals.inference.newton import Problem

PENALTY = 1e-6
"""Ridge on standardised slopes, per row: it decides nothing but where columns are combinations of others or
separate the label, and then the answer is finite."""

FAR = 10.0
"""A standardised slope beyond this many log odds is one that only the penalty holds."""

FIRM = 0.16
"""Ridge in place of it where a slope is far: a normal prior of standard deviation 2.5 on standardised slopes,
after the scale that Gelman et al. 2008 give log odds."""

MOST_STEPS = 100

ROUNDING = 1e-13
"""Range of a column, as a share of its largest value, that is rounding and no difference between rows."""


@dataclass(frozen=True, eq=False)
class Learned:
    """A regression that was learnt from some rows.

    Attributes
    ----------
    family : Family
    theta : ndarray, shape (p,)
        Of standardised columns.
    middle, scale : ndarray, shape (k,)
        Of the training rows' columns; a scale of infinity takes a column out that was the same in all.
    levels : ndarray of int
        Levels that the training rows had, of a label of levels.
    n_levels, n_rows : int
        Levels there are, and training rows.
    far : bool
        Whether the label is separated, or nearly: then the penalty is one that can be felt.
    """

    family: Family
    theta: Floats
    middle: Floats
    scale: Floats
    levels: Floats
    n_levels: int
    n_rows: float
    far: bool

    def predict(self, X: Floats) -> Floats:
        """Means, (n,), or probabilities of levels, (n, L).

        A level that no training row had gets its share of 1 / (n + 1): nothing is impossible for never
        having been seen.
        """
        Z = (X - self.middle) / self.scale
        if self.family.levels:
            known = len(self.levels)
            found = np.ones((len(X), 1))
            if known > 1:
                found = probabilities(self.family, _with_one(Z, self.family), self.theta, known)
            if known == self.n_levels:
                return found
            rest = np.full((len(X), self.n_levels), 1.0 / self.n_levels)
            seen = np.zeros((len(X), self.n_levels))
            seen[:, self.levels.astype(int)] = found
            return (seen * self.n_rows + rest) / (self.n_rows + 1.0)
        return self.family.mean(_with_one(Z, self.family) @ self.theta)


def learn(X: Floats, y: Floats, family: str, n_levels: int = 0, weights: Floats | None = None) -> Learned:
    r"""A regression for prediction: maximum likelihood, with a ridge too small to matter where that exists.

    .. math:: \max_\theta \sum_r w_r \ell_r(\theta) - \tfrac12 \, 10^{-6} \sum_r w_r \, \|\beta\|^2

    over slopes β of columns standardised in the training rows; intercept and cut points are free. Where a
    slope comes out beyond 10 the label is separated, or nearly, and the ridge is 0.16 in all instead (a
    normal prior of standard deviation 2.5). A binary label that is the same in all n rows has chance
    1 / (2n + 2) of being the other.

    Parameters
    ----------
    X : ndarray, shape (n, k)
        Columns without an intercept.
    y : ndarray, shape (n,)
        Label, or its level 0 … L − 1.
    family : str
        A name in ``FAMILIES``.
    n_levels : int
        L, of a label of levels.
    weights : ndarray, shape (n,), optional
        How many rows each row stands for.

    Returns
    -------
    Learned

    Raises
    ------
    FitError
        Where counts are asked for and a label is below 0.

    References
    ----------
    gelman2008

    Examples
    --------
    >>> x = np.array([[0.0], [0.0], [1.0], [1.0], [1.0]])
    >>> learn(x, np.array([0.0, 1.0, 0.0, 1.0, 1.0]), "logit").predict(x[[0, 2]]).round(4).tolist()
    [0.5, 0.6667]
    """
    chosen = FAMILIES[family]
    if chosen.label == "count" and (y < 0).any():
        raise FitError(f"The label has {y[y < 0][0]:g}; {chosen.name} takes counts, 0 or more.")
    w = np.ones(len(y)) if weights is None else weights
    total = float(w.sum())
    middle, scale = _units(X, w)
    Z = _with_one((X - middle) / scale, chosen)
    codes, levels = y, np.zeros(0)
    if chosen.levels:
        levels, places = np.unique(y, return_inverse=True)
        codes = places.astype(float)
    theta, far = _fitted(chosen, Z, codes, w, len(levels))
    return Learned(chosen, theta, middle, scale, levels, n_levels, total, far)


def _units(X: Floats, w: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column, whatever its unit; infinity where all rows are the same."""
    size = np.abs(X).max(axis=0, initial=0.0)
    size[size == 0] = 1.0
    shares = X / size
    middle = w @ shares / w.sum()
    spread = np.sqrt(w @ (shares - middle) ** 2 / w.sum())
    gone = np.ptp(shares, axis=0) <= ROUNDING
    return middle * size, np.where(gone, np.inf, spread * size)


def _fitted(family: Family, Z: Floats, codes: Floats, w: Floats, n_levels: int) -> tuple[Floats, bool]:
    """Coefficients, and whether the label is separated or nearly so."""
    total, k = float(w.sum()), Z.shape[1]
    if family.name == "gaussian":
        return _least_squares(Z, codes, w, total), False
    if family.levels and n_levels < 2:
        return np.zeros(0), False
    if family.label == "binary" and (codes == codes[0]).all():
        share = (total * float(codes[0]) + 0.5) / (total + 1.0)
        intercept = np.log(share / (1 - share)) if family.name == "logit" else _normal(np.array(share))
        return np.concatenate([[float(intercept)], np.zeros(k - 1)]), False
    free = _free(family, k, n_levels)
    theta = _newton(family, Z, codes, w, (n_levels, PENALTY * total * free))
    if np.abs(theta * free).max(initial=0.0) <= FAR:
        return theta, False
    return _newton(family, Z, codes, w, (n_levels, FIRM * free)), True


def _with_one(Z: Floats, family: Family) -> Floats:
    """With an intercept before the columns, where the family has no cut points for it."""
    return Z if family.cuts else np.column_stack([np.ones(len(Z)), Z])


def _least_squares(Z: Floats, y: Floats, w: Floats, total: float) -> Floats:
    k = Z.shape[1] - 1
    below = np.sqrt(PENALTY * total) * np.eye(k, k + 1, 1)
    root = np.sqrt(w)
    both = np.vstack([Z * root[:, None], below]), np.concatenate([y * root, np.zeros(k)])
    found: Floats = lstsq(*both)[0]
    return found


def _free(family: Family, k: int, n_levels: int) -> Floats:
    """1 for coefficients that the penalty holds, 0 for intercepts and cut points."""
    if family.cuts:
        return np.concatenate([np.ones(k), np.zeros(n_levels - 1)])
    one = np.concatenate([[0.0], np.ones(k - 1)])
    return np.tile(one, n_levels - 1) if family.classes else one


def _start(family: Family, k: int, codes: Floats, w: Floats, n_levels: int) -> Floats:
    """Coefficients at which every row has the shares of all."""
    if family.cuts:
        shares = np.cumsum(np.bincount(codes.astype(int), w))[:-1] / w.sum()
        cuts = np.log(shares / (1 - shares)) if family.name == "ordered_logit" else _normal(shares)
        return np.concatenate([np.zeros(k), cuts])
    theta = np.zeros(k * (n_levels - 1) if family.classes else k)
    if family.label == "count":
        theta[0] = np.log(max(float(w @ codes / w.sum()), 1e-8))
    return theta


def _normal(shares: Floats) -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(shares))


def _newton(family: Family, Z: Floats, codes: Floats, w: Floats, held: tuple[int, Floats]) -> Floats:
    """Penalised likelihood at its top: Newton's method, halving steps that do not climb."""
    n_levels, hold = held
    problem = Problem(family, predictors(family, Z, codes, n_levels), codes, w, n_levels)
    theta = _start(family, Z.shape[1], codes, w, n_levels)

    def at(theta: Floats) -> tuple[float, Floats, Floats]:
        level, slope, curvature = problem.at(theta)
        return level - float(hold @ theta**2) / 2, slope, curvature

    with np.errstate(all="ignore"):
        level, slope, curvature = at(theta)
        for _ in range(MOST_STEPS):
            gradient = np.einsum("nmp,nm->p", problem.Z, slope, optimize=True) - hold * theta
            hessian = information(problem.Z, curvature) + np.diag(hold)
            step = np.linalg.solve(hessian, gradient)
            size = float(np.abs(step).max() / max(1.0, np.abs(theta).max()))
            fraction, found = 1.0, at(theta + step)
            while fraction > 1e-6 and not found[0] >= level - 1e-12 * abs(level):
                fraction /= 2
                found = at(theta + fraction * step)
            theta, (level, slope, curvature) = theta + fraction * step, found
            if size < 1e-9:
                break
    return theta

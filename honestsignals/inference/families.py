r"""Families of regressions: what each says of a row, as arrays that one solver and every covariance share.

A row has m linear predictors, :math:`\eta_r = Z_r \theta`: one for most families; for an ordered label the
two cut points around the row's level, less :math:`x_r\beta`; for a multinomial one a class but the first. A
family gives the log likelihood of a row in its predictors, its slope g and its curvature W (minus the second
derivative), so that scores are :math:`Z_r^\top g_r` and the Hessian is :math:`\sum_r Z_r^\top W_r Z_r`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import expit, gammaln, log_expit, log_ndtr, ndtr, softmax

from honestsignals.inference.clusters import Floats

Row = tuple[Floats, Floats, Floats]
"""Log likelihood (n,), slope (n, m) and curvature (n, m, m) of rows in their predictors."""

LOG_ROOT_2PI = 0.5 * float(np.log(2 * np.pi))


@dataclass(frozen=True)
class Family:
    """One family.

    Attributes
    ----------
    name : str
    title : str
        As a table says it.
    label : str
        What the label must be: "number", "binary", "count", "level".
    cuts : bool
        Whether cut points between levels stand for the intercept.
    classes : bool
        Whether every class but the first has its own coefficients.
    row : callable
        (predictors (n, m), label (n,)) to log likelihood, slope and curvature.
    mean : callable
        Predictor to mean of the label, of a family with one predictor.
    """

    name: str
    title: str
    label: str
    row: Callable[[Floats, Floats], Row]
    mean: Callable[[Floats], Floats]
    cuts: bool = False
    classes: bool = False

    @property
    def levels(self) -> bool:
        """Whether the label is a level of several."""
        return self.cuts or self.classes


def _one(log_likelihood: Floats, slope: Floats, curvature: Floats) -> Row:
    return log_likelihood, slope[:, None], curvature[:, None, None]


def _gaussian(eta: Floats, y: Floats) -> Row:
    """Of unit variance: the scale is estimated apart."""
    e = y - eta[:, 0]
    return _one(-LOG_ROOT_2PI - e**2 / 2, e, np.ones_like(e))


def _logit(eta: Floats, y: Floats) -> Row:
    mu = expit(eta[:, 0])
    return _one(log_expit((2.0 * y - 1.0) * eta[:, 0]), y - mu, mu * expit(-eta[:, 0]))


def _probit(eta: Floats, y: Floats) -> Row:
    sign = 2.0 * y - 1.0
    level = log_ndtr(sign * eta[:, 0])
    slope = sign * np.exp(-(eta[:, 0] ** 2) / 2 - LOG_ROOT_2PI - level)
    return _one(level, slope, slope * (slope + eta[:, 0]))


def _poisson(eta: Floats, y: Floats) -> Row:
    mu = np.exp(eta[:, 0])
    return _one(y * eta[:, 0] - mu - gammaln(y + 1.0), y - mu, mu)


def _ordered_logit(eta: Floats, y: Floats) -> Row:
    r""":math:`\log[F(u) - F(l)] = \log F(u) + \log F(-l) + \log(1 - e^{l-u})`, for the logistic F."""
    upper, lower = eta[:, 0], eta[:, 1]
    gap = upper - lower
    between = 1.0 / np.expm1(gap)
    bend = 0.25 / np.sinh(gap / 2) ** 2
    level = log_expit(upper) + log_expit(-lower) + np.log1p(-np.exp(-gap))
    slope = np.stack([expit(-upper) + between, -expit(lower) - between], axis=1)
    curvature = np.empty((y.size, 2, 2))
    curvature[:, 0, 0] = expit(upper) * expit(-upper) + bend
    curvature[:, 1, 1] = expit(lower) * expit(-lower) + bend
    curvature[:, 0, 1] = curvature[:, 1, 0] = -bend
    return level, slope, curvature


def _ordered_probit(eta: Floats, y: Floats) -> Row:
    upper, lower = eta[:, 0], eta[:, 1]
    # of the two tails the one where the difference of probabilities keeps its digits
    flip = lower > 0
    high = log_ndtr(np.where(flip, -lower, upper))
    low = log_ndtr(np.where(flip, -upper, lower))
    level = high + np.log(-np.expm1(low - high))
    up, down = (np.exp(-(x**2) / 2 - LOG_ROOT_2PI - level) for x in (upper, lower))
    curvature = np.empty((y.size, 2, 2))
    curvature[:, 0, 0] = np.where(np.isinf(upper), 0.0, upper) * up + up**2
    curvature[:, 1, 1] = down**2 - np.where(np.isinf(lower), 0.0, lower) * down
    curvature[:, 0, 1] = curvature[:, 1, 0] = -up * down
    return level, np.stack([up, -down], axis=1), curvature


def _multinomial(eta: Floats, y: Floats) -> Row:
    whole = np.column_stack([np.zeros(y.size), eta])
    p = softmax(whole, axis=1)
    top = whole.max(axis=1)
    level = whole[np.arange(y.size), y.astype(int)] - top - np.log(np.exp(whole - top[:, None]).sum(axis=1))
    slope = (y[:, None] == np.arange(1, whole.shape[1])) - p[:, 1:]
    curvature = -p[:, 1:, None] * p[:, None, 1:]
    places = np.arange(eta.shape[1])
    curvature[:, places, places] += p[:, 1:]
    return level, slope, curvature


def _itself(eta: Floats) -> Floats:
    return eta


FAMILIES: dict[str, Family] = {
    one.name: one
    for one in (
        Family("gaussian", "linear", "number", _gaussian, _itself),
        Family("logit", "logit", "binary", _logit, expit),
        Family("probit", "probit", "binary", _probit, ndtr),
        Family("poisson", "Poisson", "count", _poisson, np.exp),
        Family("ordered_logit", "ordered logit", "level", _ordered_logit, expit, cuts=True),
        Family("ordered_probit", "ordered probit", "level", _ordered_probit, ndtr, cuts=True),
        Family("multinomial", "multinomial logit", "level", _multinomial, _itself, classes=True),
    )
}


def predictors(family: Family, X: Floats, codes: Floats, n_levels: int) -> Floats:
    """What the coefficients are multiplied with in each predictor of each row.

    Parameters
    ----------
    family : Family
    X : ndarray, shape (n, k)
    codes : ndarray, shape (n,)
        The row's level, 0 … L − 1, where the family has levels.
    n_levels : int
        L.

    Returns
    -------
    ndarray, shape (n, m, p)
        p = k; or k slopes and L − 1 cut points, with m = 2 (the cut above the row's level, the one below; a
        row of zeros where there is none); or k coefficients for each of m = L − 1 classes.

    Examples
    --------
    >>> predictors(FAMILIES["ordered_logit"], np.array([[0.5]]), np.array([1.0]), 3)[0].tolist()
    [[-0.5, 0.0, 1.0], [-0.5, 1.0, 0.0]]
    """
    n, k = X.shape
    if family.classes:
        Z = np.zeros((n, n_levels - 1, k * (n_levels - 1)))
        for one in range(n_levels - 1):
            Z[:, one, one * k : (one + 1) * k] = X
        return Z
    if not family.cuts:
        return X[:, None, :]
    Z = np.zeros((n, 2, k + n_levels - 1))
    for place, cut in ((0, codes.astype(int)), (1, codes.astype(int) - 1)):
        there = np.flatnonzero((cut >= 0) & (cut < n_levels - 1))
        Z[there, place, :k] = -X[there]
        Z[there, place, k + cut[there]] = 1.0
    return Z


def rows_of(family: Family, Z: Floats, theta: Floats, codes: Floats, n_levels: int) -> Row:
    """Log likelihood, slope and curvature of every row at some coefficients.

    Parameters
    ----------
    family : Family
    Z : ndarray, shape (n, m, p)
        See `predictors`.
    theta : ndarray, shape (p,)
    codes : ndarray, shape (n,)
        Label, or its level.
    n_levels : int

    Returns
    -------
    tuple of ndarray, shapes (n,), (n, m), (n, m, m)
        The log likelihood is minus infinity where cut points are out of order.

    Examples
    --------
    >>> logit = FAMILIES["logit"]
    >>> rows_of(logit, np.ones((1, 1, 1)), np.zeros(1), np.ones(1), 0)[1].tolist()
    [[0.5]]
    """
    with np.errstate(all="ignore"):
        return rows_at(family, Z @ theta, codes, n_levels)


def rows_at(family: Family, eta: Floats, codes: Floats, n_levels: int) -> Row:
    """Log likelihood, slope and curvature of rows at their predictors, each row at coefficients of its own.

    Parameters
    ----------
    family : Family
    eta : ndarray, shape (n, m)
        Predictors; what stands in place of a cut point that there is not is not read.
    codes : ndarray, shape (n,)
        Label, or its level.
    n_levels : int

    Returns
    -------
    tuple of ndarray, shapes (n,), (n, m), (n, m, m)
        As of `rows_of`.

    Examples
    --------
    >>> rows_at(FAMILIES["logit"], np.zeros((1, 1)), np.ones(1), 0)[1].tolist()
    [[0.5]]
    """
    with np.errstate(all="ignore"):
        if family.cuts:
            eta = eta.copy()
            eta[codes == n_levels - 1, 0] = np.inf
            eta[codes == 0, 1] = -np.inf
        level, slope, curvature = family.row(eta, codes)
    return np.where(np.isnan(level), -np.inf, level), slope, curvature


def information(Z: Floats, curvature: Floats) -> Floats:
    r"""The Hessian :math:`\sum_r Z_r^\top W_r Z_r`.

    Parameters
    ----------
    Z : ndarray, shape (n, m, p)
    curvature : ndarray, shape (n, m, m)

    Returns
    -------
    ndarray, shape (p, p)

    Examples
    --------
    >>> information(np.full((3, 1, 1), 2.0), np.ones((3, 1, 1))).tolist()
    [[12.0]]
    """
    m = Z.shape[1]
    total = np.zeros((Z.shape[2], Z.shape[2]))
    for one in range(m):
        total += (Z[:, one] * curvature[:, one, one, None]).T @ Z[:, one]
        for other in range(one + 1, m):
            part = (Z[:, one] * curvature[:, one, other, None]).T @ Z[:, other]
            total += part + part.T
    return total


def coefficient_names(
    family: Family, names: Sequence[str], levels: Sequence[str]
) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """Names of the coefficients, and where those of each column of the design are.

    Parameters
    ----------
    family : Family
    names : sequence of str
        Columns of the design.
    levels : sequence of str
        Levels of the label, as a table says them.

    Returns
    -------
    names : tuple of str, length p
    places : tuple of tuple of int, length k

    Examples
    --------
    >>> coefficient_names(FAMILIES["ordered_logit"], ["acts"], ["1", "2", "3"])
    (('acts', '1|2', '2|3'), ((0,),))
    >>> coefficient_names(FAMILIES["multinomial"], ["acts"], ["none", "mutual"])
    (('mutual: acts',), ((0,),))
    """
    k = len(names)
    if family.classes:
        words = tuple(f"{level}: {name}" for level in levels[1:] for name in names)
        return words, tuple(tuple(range(place, len(words), k)) for place in range(k))
    cuts = [f"{low}|{high}" for low, high in pairwise(levels)] if family.cuts else []
    return (*names, *cuts), tuple((place,) for place in range(k))


def shifts(family: Family, m: int) -> Floats:
    """How something that rows share would move their predictors: all cut points as one, each class apart.

    Parameters
    ----------
    family : Family
    m : int
        Predictors of a row.

    Returns
    -------
    ndarray, shape (m, q)

    Examples
    --------
    >>> shifts(FAMILIES["ordered_logit"], 2).tolist()
    [[1.0], [1.0]]
    """
    return np.ones((m, 1)) if family.cuts else np.eye(m)


def probabilities(family: Family, X: Floats, theta: Floats, n_levels: int) -> Floats:
    """Probability of every level, for a family whose label is a level.

    Parameters
    ----------
    family : Family
    X : ndarray, shape (n, k)
    theta : ndarray, shape (p,)
    n_levels : int

    Returns
    -------
    ndarray, shape (n, L)

    Examples
    --------
    >>> ordered = FAMILIES["ordered_logit"]
    >>> probabilities(ordered, np.zeros((1, 1)), np.array([1.0, -1.0, 1.0]), 3).round(3).tolist()
    [[0.269, 0.462, 0.269]]
    """
    n, k = X.shape
    if family.classes:
        eta = X @ theta.reshape(n_levels - 1, k).T
        return np.asarray(softmax(np.column_stack([np.zeros(n), eta]), axis=1))
    cumulative = family.mean(theta[None, k:] - (X @ theta[:k])[:, None])
    return np.diff(np.column_stack([np.zeros(n), cumulative, np.ones(n)]), axis=1)


def levels_of(y: Floats) -> tuple[Floats, Floats]:
    """Levels that occur, in order, and the level of each row.

    >>> levels_of(np.array([3.0, 1.0, 3.0]))
    (array([1., 3.]), array([1., 0., 1.]))
    """
    values, codes = np.unique(y, return_inverse=True)
    return values, codes.astype(float)

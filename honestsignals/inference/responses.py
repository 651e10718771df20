r"""What a regression says of a row in the units of its label, and how that moves with its predictors.

A row has m linear predictors :math:`\eta`, here those of the whole label (an ordered one has all its cut
points, :math:`\eta_l = c_l - x\beta`), and q values :math:`G(\eta)`: its mean, or the probability of each
level (of a binary label of 0 and of 1).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit, ndtr, softmax

from honestsignals.inference.clusters import Floats
from honestsignals.inference.families import FAMILIES

Curve = tuple[Floats, Floats, Floats]
"""A mean at some predictors, its first and its second derivative."""

ROOT_2PI = float(np.sqrt(2 * np.pi))


def _line(eta: Floats) -> Curve:
    return eta, np.ones_like(eta), np.zeros_like(eta)


def _logistic(eta: Floats) -> Curve:
    p, rest = expit(eta), expit(-eta)
    return p, p * rest, p * rest * (rest - p)


def density(eta: Floats) -> Floats:
    """The standard normal density.

    >>> density(np.zeros(1)).round(4).tolist()
    [0.3989]
    """
    return np.exp(-(eta**2) / 2) / ROOT_2PI


def _normal(eta: Floats) -> Curve:
    height = density(eta)
    return ndtr(eta), height, -eta * height


def _exponential(eta: Floats) -> Curve:
    mean = np.exp(eta)
    return mean, mean, mean


CURVES: dict[str, Callable[[Floats], Curve]] = {
    "gaussian": _line,
    "logit": _logistic,
    "probit": _normal,
    "poisson": _exponential,
    "ordered_logit": _logistic,
    "ordered_probit": _normal,
}


def linear(family: str, X: Floats, theta: Floats, n_levels: int) -> Floats:
    """The predictors of rows, (n, m): one; or one a cut point; or one a class but the first.

    >>> linear("ordered_logit", np.ones((1, 1)), np.array([0.5, -1.0, 1.0]), 3).tolist()
    [[-1.5, 0.5]]
    """
    if FAMILIES[family].classes:
        return X @ theta.reshape(n_levels - 1, X.shape[1]).T
    if FAMILIES[family].cuts:
        return theta[None, X.shape[1] :] - (X @ theta[: X.shape[1]])[:, None]
    return (X @ theta)[:, None]


def moved(family: str, dX: Floats, theta: Floats, n_levels: int) -> Floats:
    """How the predictors move where the columns move by ``dX``, (n, m); cut points stay.

    >>> moved("ordered_logit", np.ones((1, 1)), np.array([0.5, -1.0, 1.0]), 3).tolist()
    [[-0.5, -0.5]]
    """
    if FAMILIES[family].cuts:
        shift = -(dX @ theta[: dX.shape[1]])
        return np.repeat(shift[:, None], n_levels - 1, axis=1)
    return linear(family, dX, theta, n_levels)


def pulled(family: str, X: Floats, A: Floats, *, cuts: bool = True) -> Floats:
    r"""The sum :math:`\sum_r Z_r^\top A_r` over rows, (p,): from slopes in predictors to coefficients.

    Parameters
    ----------
    family : str
    X : ndarray, shape (n, k)
    A : ndarray, shape (n, m)
    cuts : bool
        Whether cut points move the predictors; they do not where X is a change of columns.

    Returns
    -------
    ndarray, shape (p,)

    Examples
    --------
    >>> pulled("ordered_logit", np.array([[2.0]]), np.array([[1.0, 3.0]])).tolist()
    [-8.0, 1.0, 3.0]
    """
    if FAMILIES[family].classes:
        return (A.T @ X).ravel()
    if FAMILIES[family].cuts:
        points = A.sum(axis=0) if cuts else np.zeros(A.shape[1])
        return np.concatenate([-(X.T @ A.sum(axis=1)), points])
    return X.T @ A[:, 0]


def values_at(family: str, eta: Floats) -> Floats:
    """Mean of the label (n, 1), or the probability of each of its levels (n, q), at some predictors.

    >>> values_at("logit", np.zeros((1, 1))).tolist()
    [[0.5, 0.5]]
    """
    chosen = FAMILIES[family]
    if chosen.classes:
        return np.asarray(softmax(np.column_stack([np.zeros(len(eta)), eta]), axis=1))
    curve = CURVES[family]
    if chosen.cuts:
        ends = np.full((len(eta), 1), np.inf)
        low, high = np.hstack([-ends, eta]), np.hstack([eta, ends])
        # of the two tails the one where the difference keeps its digits
        flip = low > 0
        with np.errstate(invalid="ignore"):
            above, below = (curve(np.where(flip, -a, b))[0] for a, b in ((low, high), (high, low)))
        return above - below
    if chosen.label == "binary":
        return np.hstack([curve(-eta)[0], curve(eta)[0]])
    return curve(eta)[0]


def slopes_at(family: str, eta: Floats, outcome: int) -> Floats:
    """Slope of one value in each predictor, (n, m).

    >>> slopes_at("logit", np.zeros((1, 1)), 0).tolist()
    [[-0.25]]
    """
    chosen = FAMILIES[family]
    if chosen.classes:
        p = values_at(family, eta)
        same = np.arange(1, p.shape[1]) == outcome
        return p[:, [outcome]] * (same - p[:, 1:])
    return CURVES[family](eta)[1] * _signs(family, eta.shape[1], outcome)


def bends_at(family: str, eta: Floats, D: Floats, outcome: int) -> Floats:
    """Slope in each predictor of the change of one value along D, (n, m).

    >>> bends_at("poisson", np.zeros((1, 1)), np.full((1, 1), 3.0), 0).tolist()
    [[3.0]]
    """
    chosen = FAMILIES[family]
    if chosen.classes:
        p = values_at(family, eta)
        whole = np.column_stack([np.zeros(len(D)), D])
        far = whole - (p * whole).sum(axis=1, keepdims=True)
        same = np.arange(1, p.shape[1]) == outcome
        bend = (same - p[:, 1:]) * far[:, [outcome]] - p[:, 1:] * far[:, 1:]
        return p[:, [outcome]] * bend
    return CURVES[family](eta)[2] * _signs(family, eta.shape[1], outcome) * D


def _signs(family: str, m: int, outcome: int) -> Floats:
    """How a value adds up from the curves of the predictors."""
    places = np.arange(m)
    if FAMILIES[family].cuts:
        return (places == outcome) * 1.0 - (places == outcome - 1)
    if FAMILIES[family].label == "binary":
        return np.array([2.0 * outcome - 1.0])
    return np.ones(1)


def spread(family: str, X: Floats, A: Floats) -> Floats:
    """What `pulled` sums, row by row, (n, p).

    >>> spread("ordered_logit", np.array([[2.0]]), np.array([[1.0, 3.0]])).tolist()
    [[-8.0, 1.0, 3.0]]
    """
    if FAMILIES[family].classes:
        return np.asarray((A[:, :, None] * X[:, None, :]).reshape(len(X), -1))
    if FAMILIES[family].cuts:
        return np.hstack([-X * A.sum(axis=1, keepdims=True), A])
    return X * A

r"""What a regression says in the units of its label: means, probabilities, and how a column moves them.

Averages over rows come with their gradient in the coefficients, so that :math:`\nabla^\top V \nabla` is
their variance by the delta method, for any covariance V. The rows are taken as given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr, ndtri

from honestsignals.inference.clusters import Floats
from honestsignals.inference.families import FAMILIES
from honestsignals.inference.responses import (
    bends_at,
    density,
    linear,
    moved,
    pulled,
    slopes_at,
    spread,
    values_at,
)
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import Combinations, combinations


@dataclass(frozen=True, eq=False)
class Gradients:
    """Functions of the coefficients, and how they move with them.

    Attributes
    ----------
    value : ndarray, shape (q,)
    gradient : ndarray, shape (q, p)
    rest : ndarray, shape (q,)
        Of a probability p what 1 − p is, with all its digits; else NaN.
    """

    value: Floats
    gradient: Floats
    rest: Floats

    def less(self, other: Gradients) -> Gradients:
        """The difference from another."""
        return changes(self.value - other.value, self.gradient - other.gradient)

    def only(self, places: Sequence[int]) -> Gradients:
        """Some of them."""
        chosen = list(places)
        return Gradients(self.value[chosen], self.gradient[chosen], self.rest[chosen])


def changes(value: Floats, gradient: Floats) -> Gradients:
    """Functions that are no probability.

    >>> changes(np.ones(1), np.ones((1, 2))).rest
    array([nan])
    """
    return Gradients(value, gradient, np.full_like(value, np.nan))


def joined(parts: Sequence[Gradients]) -> Gradients:
    """Functions one after another.

    >>> joined([changes(np.ones(1), np.ones((1, 2)))] * 2).value
    array([1., 1.])
    """
    return Gradients(
        np.concatenate([one.value for one in parts]),
        np.concatenate([one.gradient for one in parts]),
        np.concatenate([one.rest for one in parts]),
    )


def average(family: str, X: Floats, theta: Floats, n_levels: int, weights: Floats) -> Gradients:
    r"""Average over rows of the label's mean, or of the probability of each level.

    .. math:: \bar G = \sum_r w_r G(\eta_r) / \sum_r w_r

    Parameters
    ----------
    family : str
        A name in ``FAMILIES``.
    X : ndarray, shape (n, k)
    theta : ndarray, shape (p,)
    n_levels : int
        L, of a label that is a level; else any.
    weights : ndarray, shape (n,)

    Returns
    -------
    Gradients
        q = 1 (gaussian, poisson), 2 (logit, probit), L (levels).

    Examples
    --------
    >>> found = average("logit", np.ones((2, 1)), np.zeros(1), 0, np.ones(2))
    >>> found.value.tolist(), found.gradient.tolist()
    ([0.5, 0.5], [[-0.25], [0.25]])
    """
    share = (weights / weights.sum())[:, None]
    eta = linear(family, X, theta, n_levels)
    value = (share * values_at(family, eta)).sum(axis=0)
    gradient = [pulled(family, X, share * slopes_at(family, eta, one)) for one in range(value.size)]
    return Gradients(value, np.array(gradient), _others(value))


def _others(p: Floats) -> Floats:
    """What the other levels of a row come to, along the last axis; NaN where there are none."""
    if p.shape[-1] == 1:
        return np.full_like(p, np.nan)
    each = [np.delete(p, one, axis=-1).sum(axis=-1) for one in range(p.shape[-1])]
    return np.stack(each, axis=-1)


def average_slope(
    family: str, X: Floats, dX: Floats, theta: Floats, n_levels: int, *, weights: Floats
) -> Gradients:
    r"""Average over rows of how the label's mean, or each level's probability, moves with a column.

    .. math:: \sum_r w_r\, J(\eta_r)\, \partial\eta_r / \sum_r w_r

    with J the slope of G in the predictors, and :math:`\partial\eta_r = \partial Z_r\, \theta`.

    Parameters
    ----------
    family : str
    X, dX : ndarray, shape (n, k)
        Design, and its derivative in the column.
    theta : ndarray, shape (p,)
    n_levels : int
    weights : ndarray, shape (n,)

    Returns
    -------
    Gradients

    Examples
    --------
    >>> X = np.array([[1.0, 0.0]])
    >>> average_slope("logit", X, np.array([[0.0, 1.0]]), np.array([0.0, 2.0]), 0, weights=np.ones(1)).value
    array([-0.5,  0.5])
    """
    share = (weights / weights.sum())[:, None]
    eta, D = linear(family, X, theta, n_levels), moved(family, dX, theta, n_levels)
    value, gradient = [], []
    for one in range(values_at(family, eta[:1]).shape[1]):
        J = share * slopes_at(family, eta, one)
        value.append((J * D).sum())
        through = pulled(family, X, share * bends_at(family, eta, D, one))
        gradient.append(through + pulled(family, dX, J, cuts=False))
    return changes(np.array(value), np.array(gradient))


def average_link_slope(
    family: str, dX: Floats, theta: Floats, n_levels: int, *, weights: Floats
) -> Gradients:
    r"""Average over rows of how the linear predictor moves with a column: of classes, of each but the first.

    Of an ordered label it is the slope of :math:`x\beta`, so that more is a higher level.

    Parameters
    ----------
    family : str
    dX : ndarray, shape (n, k)
        Derivative of the design in the column, or its change.
    theta : ndarray, shape (p,)
    n_levels : int
    weights : ndarray, shape (n,)

    Returns
    -------
    Gradients

    Examples
    --------
    >>> average_link_slope("logit", np.array([[0.0, 1.0]]), np.array([3.0, 2.0]), 0, weights=np.ones(1)).value
    array([2.])
    """
    mean = weights @ dX / weights.sum()
    k, m = mean.size, n_levels - 1 if FAMILIES[family].classes else 1
    gradient = np.zeros((m, theta.size))
    for one in range(m):
        gradient[one, one * k : (one + 1) * k] = mean
    return changes(gradient @ theta, gradient)


def each_row(family: str, X: Floats, theta: Floats, n_levels: int) -> Gradients:
    """The label's mean, or the probability of each level, of every row on its own.

    Parameters
    ----------
    family : str
    X : ndarray, shape (n, k)
    theta : ndarray, shape (p,)
    n_levels : int

    Returns
    -------
    Gradients
        The values of the first row, then those of the second, and so on.

    Examples
    --------
    >>> each_row("logit", np.eye(2), np.zeros(2), 0).value.tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    eta = linear(family, X, theta, n_levels)
    values = values_at(family, eta)
    gradient = np.stack(
        [spread(family, X, slopes_at(family, eta, one)) for one in range(values.shape[1])], axis=1
    )
    return Gradients(values.ravel(), gradient.reshape(-1, theta.size), _others(values).ravel())


def delta_method(found: Gradients, beta: Floats, covariance: Covariance, level: float = 0.95) -> Combinations:
    """Tests and intervals of functions of the coefficients, by the delta method.

    Parameters
    ----------
    found : Gradients
    beta : ndarray, shape (p,)
    covariance : Covariance
    level : float

    Returns
    -------
    Combinations
        Degrees of freedom are those of `honestsignals.inference.wald.combinations`.

    Examples
    --------
    >>> V = Covariance("classical", np.eye(1), None, np.full(1, np.inf), ())
    >>> delta_method(changes(np.array([0.5]), np.array([[0.25]])), np.zeros(1), V).std_error.tolist()
    [0.25]
    """
    less = found.gradient @ beta - found.value
    return combinations(beta, covariance, found.gradient, less, level)


def bounded(
    family: str, found: Gradients, beta: Floats, covariance: Covariance, level: float = 0.95
) -> tuple[Floats, Floats]:
    r"""Intervals of means and probabilities that stay where those can be: on the link's scale, and back.

    A probability p goes as logit p or :math:`\Phi^{-1}(p)`, a mean count as its log. Of one row of a binary
    or a count label this is the interval of the linear predictor, transformed.

    Parameters
    ----------
    family : str
    found : Gradients
    beta : ndarray, shape (p,)
    covariance : Covariance
    level : float

    Returns
    -------
    low, high : ndarray, shape (q,)

    Examples
    --------
    >>> V = Covariance("classical", np.eye(1), None, np.full(1, np.inf), ())
    >>> found = average("logit", np.ones((1, 1)), np.zeros(1), 0, np.ones(1))
    >>> [bound.round(3).tolist() for bound in bounded("logit", found, np.zeros(1), V)]
    [[0.123, 0.123], [0.877, 0.877]]
    """
    with np.errstate(all="ignore"):
        link, slope, back = _linked(family, found)
        on_link = changes(link, found.gradient * slope[:, None])
        test = delta_method(on_link, beta, covariance, level)
        return back(test.low), back(test.high)


def _linked(family: str, found: Gradients) -> tuple[Floats, Floats, Callable[..., Floats]]:
    """Values on the link's scale, the slope there, and the way back."""
    p, rest = found.value, found.rest
    if FAMILIES[family].label == "number":
        return p, np.ones_like(p), np.positive
    if FAMILIES[family].label == "count":
        return np.log(p), 1.0 / p, np.exp
    if family in ("probit", "ordered_probit"):
        link = np.where(p < rest, ndtri(p), -ndtri(rest))
        return link, 1.0 / density(link), ndtr
    return np.log(p) - np.log(rest), 1.0 / (p * rest), expit

r"""The score of a whole sample as a short series around its estimate, with a bound on what it leaves out.

In units in which the Hessian at the estimate is the identity, the score at a move e of the coefficients is

.. math:: U(e) = -e - \tfrac12 T_3[e, e] - \tfrac16 T_4[e, e, e] + R(e), \quad
    |R(e)| \le \tfrac{1}{24} Q[e, e, e, e] \text{ to leading order}

with :math:`T_3` and :math:`T_4` the first and second derivative of the Hessian.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from honestsignals.inference.clusters import Codes, Floats
from honestsignals.inference.families import FAMILIES, Family, information, rows_at

APART = 1e-3
"""Half the distance of Hessians that are differenced, in standard errors: errors of either kind are 1e-9."""

VANISHED = 1e-20
"""A row of less curvature than this says nothing, and has no metric."""

MOST_QUARTIC = 25
"""More coefficients than this make a fourth derivative of too many numbers."""

STENCIL = 0.02
"""Half the distance of curvatures that are differenced thrice, in units of predictors."""

DIRECTIONS = 16
"""Of two predictors: a derivative between them is at most 1.14 times the largest along them."""

CHUNK = 4_000_000
"""Numbers held at once in batched solves (32 MB)."""


@dataclass(frozen=True, eq=False)
class Whole:
    """All rows, in units in which their Hessian is the identity at the estimate.

    Attributes
    ----------
    family : Family
    Z : ndarray, shape (n, m, p)
        Predictors in those units.
    eta : ndarray, shape (n, m)
        At the estimate.
    codes, weights : ndarray, shape (n,)
        Label or its level, and the row's weight.
    n_levels : int
    """

    family: Family
    Z: Floats
    eta: Floats
    codes: Floats
    weights: Floats
    n_levels: int

    def rows(self, which: NDArray[Any] | slice, moved: Floats) -> tuple[Floats, Floats, Floats]:
        """Weighted log likelihood, slope and curvature of some rows where their predictors have moved."""
        w = self.weights[which]
        level, slope, curvature = rows_at(
            self.family, self.eta[which] + moved, self.codes[which], self.n_levels
        )
        return level, slope * w[:, None], curvature * w[:, None, None]

    def hessian(self, move: Floats) -> Floats:
        """Hessian of all rows at a move of the coefficients, (p, p)."""
        return information(self.Z, self.rows(slice(None), self.Z @ move)[2])

    def scores(self, moves: Floats) -> Floats:
        """Score of all rows at each move of the coefficients, (moves, p)."""
        n, m, p = self.Z.shape
        if self.family.name not in ("logit", "poisson"):
            flat = self.Z.reshape(n * m, p)
            each = (self.rows(slice(None), self.Z @ move)[1].ravel() @ flat for move in moves)
            return np.array(list(each)).reshape(-1, p)
        found = np.empty_like(moves)
        size, own = max(1, CHUNK // n), self.weights * self.codes @ self.Z[:, 0]
        for low in range(0, moves.shape[0], size):
            eta = moves[low : low + size] @ self.Z[:, 0].T + self.eta[:, 0]
            found[low : low + size] = own - (self.family.mean(eta) * self.weights) @ self.Z[:, 0]
        return found


@dataclass(frozen=True, eq=False)
class Series:
    """The whole sample's score around the estimate.

    Attributes
    ----------
    third : ndarray, shape (p, p²)
    fourth, fifth : ndarray, shape (p², p²), or None
        The second derivative of the Hessian, and Q; None where they are not worth their price.
    """

    third: Floats
    fourth: Floats | None
    fifth: Floats | None

    def at(self, moves: Floats) -> tuple[Floats, Floats]:
        """Score (groups, p) and Hessian (groups, p, p) at each move."""
        count, p = moves.shape
        bend = (moves @ self.third).reshape(count, p, p)
        twice = np.zeros_like(bend)
        if self.fourth is not None:
            squares = (moves[:, :, None] * moves[:, None, :]).reshape(count, p * p)
            twice = (squares @ self.fourth).reshape(count, p, p)
        score = -moves - np.einsum("gab,gb->ga", bend / 2 + twice / 6, moves)
        return score, np.eye(p) + bend + twice / 2

    def error(self, moves: Floats) -> Floats:
        """Bound on what the score leaves out, in units of the move; twice the leading term, (groups,)."""
        if self.fifth is None:
            return np.full(moves.shape[0], np.inf)
        squares = (moves[:, :, None] * moves[:, None, :]).reshape(moves.shape[0], -1)
        size = np.maximum(np.linalg.norm(moves, axis=1), np.finfo(float).tiny)
        return np.einsum("gs,gs->g", squares @ self.fifth, squares) / (12 * size)


def series_of(whole: Whole, groups: int) -> Series:
    """Derivatives of the Hessian by central differences; the second ones where there are enough groups.

    Parameters
    ----------
    whole : Whole
    groups : int
        How many refits the series is for.

    Returns
    -------
    Series

    Examples
    --------
    >>> from honestsignals.inference.families import FAMILIES
    >>> y = np.array([1.0, 2.0, 6.0])  # of mean 3, so that 1 / √9 is the unit
    >>> Z, eta = np.full((3, 1, 1), 1 / 3), np.log(np.full((3, 1), 3.0))
    >>> counts = series_of(Whole(FAMILIES["poisson"], Z, eta, y, np.ones(3), 0), 2)
    >>> counts.at(np.array([[0.03]]))[0].round(8).tolist()  # 3 (1 - exp(0.03 / 3))
    [[-0.0301505]]
    """
    p = whole.Z.shape[2]
    steps = APART * np.eye(p)
    up, down = (np.array([whole.hessian(sign * step) for step in steps]) for sign in (1.0, -1.0))
    third = ((up - down) / (2 * APART)).reshape(p, p * p)
    # with more predictors than two there is a bound for the multinomial alone
    known = whole.Z.shape[1] <= 2 or whole.family.row is FAMILIES["multinomial"].row
    if groups <= p * p or p > MOST_QUARTIC or not known:
        return Series(third, None, None)
    middle = whole.hessian(np.zeros(p))
    fourth = np.empty((p, p, p, p))
    for one in range(p):
        fourth[one, one] = (up[one] + down[one] - 2 * middle) / APART**2
        for other in range(one):
            both = steps[one] + steps[other]
            along = whole.hessian(both) + whole.hessian(-both) + 2 * middle
            apart = up[one] + down[one] + up[other] + down[other]
            fourth[one, other] = fourth[other, one] = (along - apart) / (2 * APART**2)
    return Series(third, fourth.reshape(p * p, p * p), _remainder(whole))


def _remainder(whole: Whole) -> Floats:
    r"""Form Q, (p², p²), of the bound :math:`|T_5[e, e, e, e]| \le Q[e, e, e, e]`.

    :math:`Q = \sum_r c_r \sqrt{\operatorname{tr} M_r}\, M_r \otimes M_r` with :math:`M_r = Z_r^\top G_r Z_r`;
    :math:`c_r` bounds the fifth derivative of row r along directions of length 1 in the metric
    :math:`G_r`: a symmetric form is largest on its diagonal.
    """
    n, m, p = whole.Z.shape
    size, Q = max(1, CHUNK // (m * p * p)), np.zeros((p * p, p * p))
    for low in range(0, n, size):
        rows = np.arange(low, min(low + size, n))
        bound, metric = _fifth(whole, rows)
        Z = whole.Z[rows]
        M = np.matmul((metric @ Z).transpose(0, 2, 1), Z).reshape(-1, p * p)
        heavy = bound * np.sqrt(M[:, :: p + 1].sum(axis=1))
        Q += (M * heavy[:, None]).T @ M
    return Q


def _fifth(whole: Whole, rows: Codes) -> tuple[Floats, Floats]:
    """Bound on the fifth derivative of each row along directions of length 1 in a metric, and that metric."""
    m, nothing = whole.Z.shape[1], np.zeros((rows.size, whole.Z.shape[1]))
    W = whole.rows(rows, nothing)[2]
    if m > 2:
        return _of_classes(whole.eta[rows], W)
    values, vectors = np.linalg.eigh(W)
    there = values > VANISHED
    long = np.where(there, 1 / np.sqrt(np.where(there, values, 1.0)), 0.0)
    axes = vectors * long[:, None, :]  # of length 1 in the metric W
    angles = np.linspace(0, np.pi, DIRECTIONS, endpoint=False)
    bound, room = np.zeros(rows.size), _room(whole, rows)
    for mixed in [np.ones(1)] if m == 1 else np.column_stack([np.cos(angles), np.sin(angles)]):
        a = axes @ mixed
        longest = np.abs(a).max(axis=1)
        step = np.divide(STENCIL * room, longest, out=np.ones(rows.size), where=longest > 0)[:, None]
        far, near = (
            whole.rows(rows, size * step * a)[2] - whole.rows(rows, -size * step * a)[2] for size in (2, 1)
        )
        along = np.einsum("na,nab,nb->n", a, far - 2 * near, a) / (2 * step[:, 0] ** 3)
        bound = np.maximum(bound, np.abs(along))
    return bound, W


def _of_classes(eta: Floats, W: Floats) -> tuple[Floats, Floats]:
    r"""The bound of a multinomial, from :math:`\kappa_5 = \mu_5 - 10 \mu_3 \sigma^2` of values of classes.

    Where the rarest has probability q no value is farther from the mean than :math:`r \sigma`,
    :math:`r^2 = (1 - q) / q`: hence :math:`(r^3 + 10 r) \sigma^5`. Where q is small the range R of the
    variable gives less, :math:`3.5 \sigma^2 R^3` with :math:`R^2 \le 2` in the plain metric.
    """
    q = softmax(np.column_stack([np.zeros(len(eta)), eta]), axis=1).min(axis=1)
    r = np.sqrt((1.0 - q) / np.maximum(q, VANISHED))
    spread = np.trace(W, axis1=1, axis2=2)
    bound, plain = r**3 + 10 * r, 3.5 * 2**1.5 * spread
    near = bound * spread**2.5 < plain
    flat = np.broadcast_to(np.eye(W.shape[1]), W.shape)
    return np.where(near, bound, plain), np.where(near[:, None, None], W, flat)


def _room(whole: Whole, rows: Codes) -> Floats:
    """How far predictors may move: of cut points a share of what lies between them."""
    room, codes = np.ones(rows.size), whole.codes[rows]
    if whole.family.cuts:
        inner = (codes > 0) & (codes < whole.n_levels - 1)
        eta = whole.eta[rows[inner]]
        room[inner] = np.minimum(1.0, eta[:, 0] - eta[:, 1])
    return room

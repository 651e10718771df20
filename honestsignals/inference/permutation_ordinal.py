"""Exact refits of ordered logit and probit regressions after people changed places, many at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from honestsignals.inference.permutation_linear import Floats, Refit, basis_of
from honestsignals.inference.permutation_newton import Codes, Refits, newton
from honestsignals.inference.permutation_refits import products_of, turned_wald, wald_of

BEYOND = 1e4
"""Stands for the infinite cuts below the lowest and above the highest level."""

Slopes = tuple[Floats, Floats, Floats, Floats, Floats]


def _logit(upper: Floats, lower: Floats) -> Slopes:
    # log P = log F(u) + log F(−l) + log(1 − exp(l − u)): no difference of two probabilities near 1
    below, above = 1.0 / (1.0 + np.exp(-lower)), 1.0 / (1.0 + np.exp(upper))
    less = np.exp(lower - upper)
    gap = less / (1.0 - less)
    joint = gap / (1.0 - less)
    return above + gap, -below - gap, above * (1.0 - above) + joint, below * (1.0 - below) + joint, -joint


def _probit(upper: Floats, lower: Floats) -> Slopes:
    # in the tail where probabilities are small, differences of them are not lost
    right = upper + lower > 0
    share = np.where(right, ndtr(-lower) - ndtr(-upper), ndtr(upper) - ndtr(lower))
    high, low = (np.exp(-0.5 * one**2) / np.sqrt(2.0 * np.pi) / share for one in (upper, lower))
    return high, -low, upper * high + high**2, -lower * low + low**2, -high * low


def _logit_level(upper: Floats, lower: Floats) -> Floats:
    with np.errstate(all="ignore"):
        return -np.logaddexp(0, -upper) - np.logaddexp(0, lower) + np.log1p(-np.exp(lower - upper))


def _probit_level(upper: Floats, lower: Floats) -> Floats:
    right = upper + lower > 0
    with np.errstate(all="ignore"):
        return np.log(np.where(right, ndtr(-lower) - ndtr(-upper), ndtr(upper) - ndtr(lower)))


FAMILIES: dict[str, tuple[Callable[[Floats, Floats], Slopes], Callable[[Floats, Floats], Floats]]] = {
    "ordered_logit": (_logit, _logit_level),
    "ordered_probit": (_probit, _probit_level),
}
"""Derivatives of log P(level) by its upper and lower cut less the linear predictor: two first ones, and less
the second ones (upper, lower, both); and log P itself."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Ordered regressions that share columns, and differ in one column, in the label, or in their rows.

    Attributes
    ----------
    family : str
    fixed : ndarray, shape (n, q)
        Columns of all of them, centred; the cuts stand for an intercept.
    pairs : ndarray, shape (n, q (q + 1) / 2)
    level : ndarray of int, shape (n,) or (draws, n)
        Level of each row, from 0.
    n_levels : int
    spread : tuple of ndarray, or None
        Of a label that stays: indicators of levels (n, n_levels), and these times columns (n, n_levels q).
    moved : ndarray, shape (draws, n), or None
    known : ndarray of bool, shape (draws, n), or None
    """

    family: str
    fixed: Floats
    pairs: Floats
    level: NDArray[Any]
    n_levels: int
    spread: tuple[Floats, Floats] | None
    moved: Floats | None
    known: NDArray[np.bool_] | None

    def refits(self, start: Floats) -> Refits:
        """Where they come to rest; parameters are the cuts, the fixed columns, the moved one."""
        return newton(self._evaluate, self._height, start)

    def _cuts(self, beta: Floats, active: Codes) -> tuple[Floats, Floats, NDArray[Any], Any]:
        """Cuts less the linear predictor, levels, and the moved column."""
        m, q = self.n_levels - 1, self.fixed.shape[1]
        level = self.level if self.level.ndim == 1 else self.level[active]
        moved = None if self.moved is None else self.moved[active]
        eta = beta[:, m : m + q] @ self.fixed.T
        if moved is not None:
            eta += beta[:, m + q :] * moved
        edge = np.full((len(active), 1), BEYOND)
        cuts = np.hstack([-edge, beta[:, :m], edge])
        if level.ndim == 1:
            lower, upper = (cuts.take(level + side, axis=1) - eta for side in (0, 1))
        else:
            lower, upper = (np.take_along_axis(cuts, level + side, axis=1) - eta for side in (0, 1))
        return upper, lower, level, moved

    def _height(self, beta: Floats, active: Codes) -> Floats:
        upper, lower, _, _ = self._cuts(beta, active)
        levels = FAMILIES[self.family][1](upper, lower)
        found = (levels if self.known is None else np.where(self.known[active], levels, 0.0)).sum(axis=1)
        return np.where(np.diff(beta[:, : self.n_levels - 1]).min(axis=1, initial=1.0) > 0, found, -np.inf)

    def _by_level(self, values: Floats, level: NDArray[Any]) -> Floats:
        """Sums over the rows of each level (draws, levels)."""
        if self.spread is not None:
            return values @ self.spread[0]
        sums = [np.where(level == j, values, 0.0).sum(axis=1) for j in range(self.n_levels)]
        return np.stack(sums, axis=1)

    def _by_level_and_column(self, values: Floats, level: NDArray[Any]) -> Floats:
        """Sums over the rows of each level of values times columns (draws, levels, q)."""
        if self.spread is not None:
            return (values @ self.spread[1]).reshape(len(values), self.n_levels, -1)
        sums = [np.where(level == j, values, 0.0) @ self.fixed for j in range(self.n_levels)]
        return np.stack(sums, axis=1)

    def _evaluate(self, beta: Floats, active: Codes) -> tuple[Floats, Floats]:
        upper, lower, level, moved = self._cuts(beta, active)
        slopes = FAMILIES[self.family][0](upper, lower)
        if self.known is not None:
            slopes = tuple(one * self.known[active] for one in slopes)  # type: ignore[assignment]
        g_up, g_low, h_up, h_low, h_both = slopes
        m, q = self.n_levels - 1, self.fixed.shape[1]
        p = m + q + (moved is not None)
        gradient, information = np.zeros((len(active), p)), np.zeros((len(active), p, p))
        # a cut is the upper one of its level, and the lower one of the next
        gradient[:, :m] = self._by_level(g_up, level)[:, :-1] + self._by_level(g_low, level)[:, 1:]
        cuts, next_one = np.arange(m), np.arange(m - 1)
        information[:, cuts, cuts] = self._by_level(h_up, level)[:, :-1] + self._by_level(h_low, level)[:, 1:]
        both = self._by_level(h_both, level)[:, 1:-1]
        information[:, next_one, next_one + 1] = information[:, next_one + 1, next_one] = both
        # the linear predictor moves both cuts down
        up, low = h_up + h_both, h_low + h_both
        information[:, :m, m : m + q] = -(
            self._by_level_and_column(up, level)[:, :-1] + self._by_level_and_column(low, level)[:, 1:]
        )
        if moved is not None:
            information[:, :m, p - 1] = -(
                self._by_level(up * moved, level)[:, :-1] + self._by_level(low * moved, level)[:, 1:]
            )
        self._add_slopes(gradient, information, (-g_up - g_low, up + low), moved)
        information[:, m:, :m] = information[:, :m, m:].swapaxes(1, 2)
        return gradient, information

    def _add_slopes(
        self, gradient: Floats, information: Floats, of: tuple[Floats, Floats], moved: Any
    ) -> None:
        """What concerns the columns alone, in place."""
        slope, weight = of
        m, q = self.n_levels - 1, self.fixed.shape[1]
        upper = np.triu_indices(q)
        packed = weight @ self.pairs
        information[:, m + upper[0], m + upper[1]] = packed
        information[:, m + upper[1], m + upper[0]] = packed
        gradient[:, m : m + q] = slope @ self.fixed
        if moved is not None:
            heavy = weight * moved
            gradient[:, m + q] = np.einsum("bn,bn->b", slope, moved)
            information[:, m + q, m : m + q] = information[:, m : m + q, m + q] = heavy @ self.fixed
            information[:, m + q, m + q] = np.einsum("bn,bn->b", heavy, moved)


def _levels(y: Floats, family: str) -> tuple[NDArray[Any], int, Floats]:
    """Levels from 0, how many, and cuts that give their shares."""
    from scipy.special import logit, ndtri

    values, level = np.unique(y, return_inverse=True)
    shares = np.cumsum(np.bincount(level))[:-1] / y.size
    return level, values.size, (logit if family == "ordered_logit" else ndtri)(shares)


def _spread(level: NDArray[Any], n_levels: int, fixed: Floats) -> tuple[Floats, Floats]:
    of_level = (level[:, None] == np.arange(n_levels)).astype(float)
    return of_level, (of_level[:, :, None] * fixed[:, None, :]).reshape(len(level), -1)


def semi_partial(X: Floats, y: Floats, places: list[int], family: str, complete: bool) -> Refit:
    """Refits of an ordinal label on a column's permuted residual beside the other columns.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Without a constant: the cuts stand for it.
    y : ndarray, shape (n,)
    places : list of int
    family : {"ordered_logit", "ordered_probit"}
    complete : bool

    Returns
    -------
    callable
        Rows after permutations to z statistics and coefficients.

    Examples
    --------
    >>> y = np.array([0.0, 1.0, 0.0, 2.0, 1.0, 2.0])
    >>> refit = semi_partial(np.arange(6.0)[:, None], y, [0], "ordered_logit", complete=True)
    >>> [each.round(4).tolist() for each in refit(np.arange(6)[None, :])]
    [[[1.6003]], [[1.0597]]]
    """
    basis, root = basis_of(X - X.mean(axis=0), places), np.sqrt(len(y))
    level, n_levels, cuts = _levels(y, family)
    scale = basis.length / root
    values = np.column_stack([basis.residuals / scale[:, None], np.zeros(len(places))])
    parts = []
    for j in range(len(places)):
        fixed = np.ascontiguousarray(basis.Q @ basis.others(j)) * root
        spread = _spread(level, n_levels, fixed)
        alone = Batch(family, fixed, products_of(fixed), level, n_levels, spread, None, None)
        start = alone.refits(np.append(cuts, np.zeros(fixed.shape[1]))[None, :]).beta[0]
        parts.append((alone, np.append(start, 0.0)))

    def refit(rows: NDArray[Any]) -> tuple[Floats, Floats]:
        known = None if complete else rows < y.size
        z, beta = np.empty((2, len(rows), len(places)))
        for j, (alone, start) in enumerate(parts):
            moved = values[j].take(rows)
            batch = replace(alone, moved=moved, known=known)
            z[:, j], slope = wald_of(batch.refits(np.tile(start, (len(rows), 1))), moved, alone.fixed)
            beta[:, j] = slope / scale[j]
        return z, beta

    return refit


def permuted_label(X: Floats, y: Floats, places: list[int], family: str, complete: bool) -> Refit:
    """Refits of the permuted ordinal label on the columns as they are.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Without a constant.
    y : ndarray, shape (n,)
    places : list of int
    family : {"ordered_logit", "ordered_probit"}
    complete : bool

    Returns
    -------
    callable

    Examples
    --------
    >>> y = np.array([0.0, 1.0, 0.0, 2.0, 1.0, 2.0])
    >>> refit = permuted_label(np.arange(6.0)[:, None], y, [0], "ordered_logit", complete=True)
    >>> [each.round(4).tolist() for each in refit(np.arange(6)[None, :])]
    [[[1.6003]], [[1.0597]]]
    """
    basis, root = basis_of(X - X.mean(axis=0), places), np.sqrt(len(y))
    level, n_levels, cuts = _levels(y, family)
    fixed = basis.Q * root
    pairs, padded = products_of(fixed), np.append(level, 0)
    back = basis.own / basis.length[:, None] * root
    back = np.hstack([np.zeros((len(places), n_levels - 1)), back])
    start = np.append(cuts, np.zeros(fixed.shape[1]))

    def refit(rows: NDArray[Any]) -> tuple[Floats, Floats]:
        known = None if complete else rows < len(y)
        batch = Batch(family, fixed, pairs, padded.take(rows), n_levels, None, None, known)
        return turned_wald(batch.refits(np.tile(start, (len(rows), 1))), back, X[:, places])

    return refit

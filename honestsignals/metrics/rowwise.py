"""Correlations within rows of a matrix and its transpose: who gives to whom they get from.

Each person's others are compared with one another, so that it does not count how much anybody gives in all.
Row i of what is given, x_ij, stands beside row i of what is got, y_ij = x_ji, and every two others j and k
are compared: by differences (Zr), by differences of ranks within the row (Rr), or by their signs (Kr).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from honestsignals.errors import one_of
from honestsignals.metrics.acts import ratio
from honestsignals.metrics.ranks import levels, ranks, sign_products
from honestsignals.metrics.registry import statistic
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]

KINDS = ("zr", "rr", "kr")
LEAST_PEOPLE = 3
"""With fewer, nobody has two others to compare."""
NOTHING = 1e-12
"""What rounding may leave of the variance of two rows that are proportional."""

FEW = "fewer than three people"
UNVARIED = "fewer than three people, or nobody gave others different amounts, or nobody got different amounts"
NEVER_BOTH = "fewer than three people, or nobody both gave and got different amounts"


@dataclass(frozen=True, eq=False)
class RowSums:
    """Sums over every two others, one of each row.

    Attributes
    ----------
    products : ndarray, shape (n_people,)
        Of products: what differs between two others in the one matrix, times the same in the other.
    own, other : ndarray, shape (n_people,)
        Of squares of the same in the one matrix and in the other; 0 for a row that is all alike.
    """

    products: Array
    own: Array
    other: Array

    @property
    def total(self) -> float:
        """The statistic: rows that are all alike add nothing; NaN below three people."""
        return float(self.products.sum()) if len(self.products) >= LEAST_PEOPLE else math.nan

    @property
    def rw(self) -> float:
        """The statistic over the root of both sums of squares."""
        return _over(self.products.sum(), math.sqrt(self.own.sum() * self.other.sum()))

    @property
    def mean(self) -> float:
        """Mean of the rows' correlations, weighted by the roots of their sums of squares."""
        return _over(self.products.sum(), np.sqrt(self.own * self.other).sum())

    @property
    def correlations(self) -> Array:
        """Correlation within each row; NaN where either row is all alike."""
        return np.clip(ratio(self.products, np.sqrt(self.own * self.other)), -1.0, 1.0)


def _over(total: float, scale: float) -> float:
    # rounding may pass 1 where rows are proportional
    return min(max(float(total / scale), -1.0), 1.0) if scale > 0 else math.nan


def row_sums(kind: str, given: Array, other: Array) -> RowSums:
    """Sums within rows of two square matrices; their diagonals are not looked at.

    Parameters
    ----------
    kind : {"zr", "rr", "kr"}
        Whether differences are taken as they are, of ranks within the row, or by their signs.
    given, other : ndarray, shape (n_people, n_people)
        The two matrices; for reciprocity the second is the first one's transpose.

    Examples
    --------
    >>> given = np.array([[0, 2, 1], [3, 0, 1], [4, 1, 0]])
    >>> row_sums("zr", given, given.T).products
    array([-1.,  2.,  0.])
    """
    one_of("kind", kind, KINDS)
    if len(given) < LEAST_PEOPLE:
        return RowSums(*np.zeros((3, len(given))))
    if kind == "kr":
        one, two = levels(cells_of(given)), levels(cells_of(other))
        products = sign_products(one, two)
        return RowSums(products, sign_products(one, one), sign_products(two, two))
    one, two = scores(kind, given), scores(kind, other)
    return RowSums(_difference_products(one, two), *(_difference_products(each, each) for each in (one, two)))


def scores(kind: str, matrix: Array) -> Array:
    """The matrix whose differences within rows count, 0 on the diagonal (float64).

    Examples
    --------
    >>> scores("rr", np.array([[0, 5, 5], [7, 0, 2], [1, 3, 0]]))
    array([[0. , 1.5, 1.5], [2. , 0. , 1. ], [1. , 2. , 0. ]])
    """
    cells = cells_of(matrix)
    if kind == "rr":
        return _with_diagonal(ranks(cells))
    # taking off the lowest keeps whole numbers whole, makes rows that are all alike 0 to the bit, and bounds
    # the loss of digits: with a 0 in it, a row's sum of squares is within 1/n of what it is made from
    return _with_diagonal(cells - cells.min(axis=1, keepdims=True))


def cells_of(matrix: Array) -> Array:
    """Rows of a square matrix without its diagonal (float64, shape (n_people, n_people - 1)).

    >>> cells_of(np.array([[0, 5, 5], [7, 0, 2], [1, 3, 0]]))
    array([[5., 5.], [7., 2.], [1., 3.]])
    """
    n = len(matrix)
    kept: Array = np.asarray(matrix, dtype=float)[~np.eye(n, dtype=bool)]
    return kept.reshape(n, n - 1)


def _with_diagonal(cells: Array) -> Array:
    n = len(cells)
    out = np.zeros((n, n))
    out[~np.eye(n, dtype=bool)] = cells.ravel()
    return out


def _difference_products(one: Array, two: Array) -> Array:
    """Sum over j < k of (x_j - x_k)(y_j - y_k) in every row, without the pairs: m Σxy - Σx Σy."""
    products: Array = (len(one) - 1) * (one * two).sum(axis=1) - one.sum(axis=1) * two.sum(axis=1)
    return products


def partial_correlation(xy: float, xz: float, yz: float) -> float:
    """Correlation of x and y within rows, given z; NaN where z leaves nothing of either.

    The formula of de Vries (1993), read in DyaDA's getpartialKr; ``xy`` and the others are ``rw``.

    Examples
    --------
    >>> partial_correlation(0.5, 0.5, 0.5)
    0.3333333333333333
    """
    left = 1 - xz**2, 1 - yz**2
    return (xy - xz * yz) / math.sqrt(left[0] * left[1]) if min(left) > NOTHING else math.nan


def sums_of(ties: Ties, kind: str) -> RowSums:
    """Sums within rows of what is given and what is got, made once."""

    def make() -> RowSums:
        given = ties.dense()
        return row_sums(kind, given, given.T)

    found: RowSums = ties.once(f"rowwise {kind}", make)
    return found


@statistic(
    range=(-math.inf, math.inf),
    undefined=FEW,
    reference="devries1993",
    title="Zr, row-wise Mantel statistic",
    formula="sum over i, j < k of (x_ij - x_ik)(x_ji - x_ki)",
    unit="squared acts",
    higher="yes",
    basis="DyaDA",
    elsewhere=("DyaDA getZr()$Zr",),
    isolates=True,
)
def zr(ties: Ties) -> float:
    """Whether people give more to those they get more from, by differences: a sum, larger in larger networks.

    A person who gave, or got, everybody the same adds nothing.
    """
    return sums_of(ties, "zr").total


@statistic(
    range=(-1, 1),
    undefined=UNVARIED,
    reference="devries1993",
    title="row-wise Pearson correlation",
    formula="Zr / sqrt(sum of (x_ij - x_ik)² times sum of (x_ji - x_ki)²)",
    unit="",
    higher="yes",
    basis="DyaDA",
    elsewhere=("DyaDA getZr()$rrw",),
    isolates=True,
    zero="people do not give more to whom they get more from",
)
def zr_rw(ties: Ties) -> float:
    """Correlation of what people give and get, compared within each person's own others: 1 if proportional.

    It is the correlation that is left when people's means are taken off what they give and what they get.
    """
    return sums_of(ties, "zr").rw


@statistic(
    range=(-1, 1),
    undefined=NEVER_BOTH,
    reference="devries1993",
    title="average row-wise Pearson correlation",
    formula="sum of w_i r_i / sum of w_i, r_i the correlation within row i, w_i its weight",
    unit="",
    higher="yes",
    basis="DyaDA",
    elsewhere=("DyaDA getZr()$rrwav",),
    isolates=True,
)
def zr_rw_mean(ties: Ties) -> float:
    """Mean over people of the correlation of what each gives and gets; who varies more counts more."""
    return sums_of(ties, "zr").mean


@statistic(
    range=(-math.inf, math.inf),
    undefined=FEW,
    reference="devries1993",
    title="Rr, row-wise Dietz statistic",
    formula="sum over i, j < k of (q_ij - q_ik)(p_ij - p_ik), q and p ranks within rows of x_ij and x_ji",
    unit="squared ranks",
    higher="yes",
    basis="DyaDA",
    elsewhere=("DyaDA getRr()$Rr",),
    isolates=True,
)
def rr(ties: Ties) -> float:
    """Whether people give more to those they get more from, by ranks: a sum, larger in larger networks.

    Ranks are within each person's others, with mean ranks for ties.
    """
    return sums_of(ties, "rr").total


@statistic(
    range=(-1, 1),
    undefined=UNVARIED,
    reference="devries1993",
    title="row-wise Spearman correlation",
    formula="Rr / sqrt(sum of (q_ij - q_ik)² times sum of (p_ij - p_ik)²)",
    unit="",
    higher="yes",
    basis="DyaDA",
    elsewhere=("DyaDA getRr()$rhorw",),
    isolates=True,
    zero="people do not give more to whom they get more from",
)
def rr_rw(ties: Ties) -> float:
    """Rank correlation of what people give and get, compared within each person's own others."""
    return sums_of(ties, "rr").rw


@statistic(
    range=(-1, 1),
    undefined=NEVER_BOTH,
    reference="devries1993",
    title="average row-wise Spearman correlation",
    formula="sum of w_i rho_i / sum of w_i, rho_i the rank correlation within row i, w_i its weight",
    unit="",
    higher="yes",
    basis="DyaDA",
    elsewhere=("DyaDA getRr()$rhorwav",),
    isolates=True,
)
def rr_rw_mean(ties: Ties) -> float:
    """Mean over people of the rank correlation of what each gives and gets; who varies more counts more."""
    return sums_of(ties, "rr").mean


@statistic(
    range=(-math.inf, math.inf),
    undefined=FEW,
    reference="hemelrijk1990",
    title="Kr, row-wise Kendall statistic",
    formula="sum over i, j < k of sign(x_ij - x_ik) sign(x_ji - x_ki)",
    unit="pairs of others",
    higher="yes",
    basis="DyaDA",
    elsewhere=("DyaDA getKr()$Kr",),
    isolates=True,
)
def kr(ties: Ties) -> float:
    """Whether people give more to those they get more from: a sum over people of pairs of others.

    Every two others that a person ranks alike by giving and by getting add 1, ranked oppositely −1, tied 0.
    Where those who give more to all get more from all, it is positive too; ``dyadic_reciprocity`` is not.
    """
    return sums_of(ties, "kr").total


@statistic(
    range=(-1, 1),
    undefined=UNVARIED,
    reference="devries1993",
    title="row-wise Kendall correlation",
    formula="Kr / sqrt(pairs not tied in x_ij times pairs not tied in x_ji)",
    unit="",
    higher="yes",
    basis="DyaDA",
    elsewhere=("DyaDA getKr()$taurw",),
    isolates=True,
    zero="people do not give more to whom they get more from",
    asks=("Do people give more to those from whom they get more?",),
)
def kr_rw(ties: Ties) -> float:
    """Kendall correlation of what people give and get, compared within each person's own others."""
    return sums_of(ties, "kr").rw


@statistic(
    range=(-1, 1),
    undefined=NEVER_BOTH,
    reference="devries1993",
    title="average row-wise Kendall correlation",
    formula="sum of w_i tau_i / sum of w_i, tau_i Kendall's tau-b within row i, w_i its weight",
    unit="",
    higher="yes",
    basis="DyaDA",
    elsewhere=("DyaDA getKr()$taurwav",),
    isolates=True,
)
def kr_rw_mean(ties: Ties) -> float:
    """Mean over people of Kendall's tau of what each gives and gets; who varies more counts more."""
    return sums_of(ties, "kr").mean

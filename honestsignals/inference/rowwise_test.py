"""Permutation tests of two matrices of the same people, and of one matrix and its own transpose.

Relabelling the people of one matrix is the published test (Hemelrijk 1990; de Vries 1993). For a matrix and
its own transpose it rejects too often: where pairs are independent, each product x_ij x_ji stands in the
statistic twice, and in that of relabelled people once. So chance moves the one about 1.4 times as much as the
other, and .12 of studies are rejected at .05. Dealing each row anew is nearer to .05, as the transpose goes
along.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, one_of
from honestsignals.metrics.ranks import levels, sign_products
from honestsignals.metrics.rowwise import KINDS, LEAST_PEOPLE, cells_of, partial_correlation, row_sums, scores

Array = np.ndarray[Any, np.dtype[Any]]
Score = Callable[[Array], Array]

STATISTICS = (*KINDS, "mantel")
MOST_EXACT = 8
"""People up to whom all orders are tried, 40,320 of them, as in DyaDA."""
SAME = 1e-10
"""Correlations nearer than this are equal: the same cells summed in another order."""
CELLS = 1_000_000
"""Cells of permuted matrices that are held at once."""


@dataclass(frozen=True, eq=False)
class Permuted:
    """A correlation of two matrices, and the same after people changed places (or rows were dealt anew).

    Attributes
    ----------
    statistic : str
        One of ``STATISTICS``.
    total : float
        Zr, Rr or Kr; Mantel's Z, the sum of products.
    correlation : float
        Within rows ("mantel": Pearson's, over all cells); given a third matrix, the partial one.
    drawn : ndarray, shape (n_draws,)
        The correlation after each permutation, in order; NaN where it is undefined.
    exact : bool
        Whether these are all permutations, the one that changes nothing among them.
    """

    statistic: str
    total: float
    correlation: float
    drawn: Array
    exact: bool

    @property
    def p_greater(self) -> float:
        """Share of permutations with a correlation as high; never 0, as the data are one of them."""
        return self._share(self.drawn >= self.correlation - SAME)

    @property
    def p_less(self) -> float:
        """Share of permutations with a correlation as low."""
        return self._share(self.drawn <= self.correlation + SAME)

    @property
    def p_two_sided(self) -> float:
        """Twice the smaller of the two, at most 1."""
        return min(1.0, 2 * min(self.p_greater, self.p_less))

    @property
    def undefined(self) -> int:
        """Permutations that leave nothing of a matrix given the third; they count nowhere."""
        return int(np.isnan(self.drawn).sum())

    def _share(self, beyond: Array) -> float:
        own = 0 if self.exact else 1
        return float((beyond.sum() + own) / (len(self.drawn) - self.undefined + own))


def permuted(
    statistic: str,
    given: Array,
    other: Array,
    control: Array | None = None,
    *,
    draws: int = 2000,
    seed: int | None = None,
) -> Permuted:
    """Correlation of two matrices within rows, tested by relabelling the people of the first.

    Parameters
    ----------
    statistic : {"zr", "rr", "kr", "mantel"}
        Mantel's is not within rows: it takes no third matrix.
    given, other : ndarray, shape (n_people, n_people)
        The two matrices; their diagonals are not looked at.
    control : ndarray, shape (n_people, n_people), optional
        A third matrix, held fixed with the second.
    draws : int
        Random permutations, from nine people on; below, all are tried.
    seed : int, optional
        The same seed gives the same permutations on any machine.

    Raises
    ------
    ArgumentError
        Where there is nothing to draw.
    DesignError
        Where the correlation itself is undefined.

    Examples
    --------
    >>> given = np.array([[0, 3, 1, 0], [3, 0, 0, 1], [1, 0, 0, 2], [0, 1, 2, 0]])
    >>> test = permuted("kr", given, given.T)
    >>> test.total, round(test.p_greater, 4), len(test.drawn)
    (12.0, 0.1667, 24)
    """
    one_of("statistic", statistic, STATISTICS)
    _check_draws(draws)
    n = len(given)
    score = (
        _partial(statistic, given, other, control) if control is not None else _score(statistic, given, other)
    )
    observed = float(score(np.arange(n)[None, :])[0])
    if math.isnan(observed):
        raise DesignError(_why(statistic, n, control is not None))
    exact = n <= MOST_EXACT
    drawn = np.concatenate([score(part) for part in _orders(n, None if exact else draws, seed)])
    total = _mantel_z(given, other) if statistic == "mantel" else row_sums(statistic, given, other).total
    return Permuted(statistic, total, observed, drawn, exact)


def dealt(
    statistic: str, given: Array, control: Array | None = None, *, draws: int = 2000, seed: int | None = None
) -> Permuted:
    """Correlation of a matrix and its transpose within rows, tested by dealing every row anew.

    What each gives goes to others at random, and what each gets follows from it. Exact where everybody gives
    to others at random, however much each gives. Too cautious where some get more from all; and where those
    who give more get more from all, it finds that: the pairs' own part is ``dyadic_reciprocity``.

    Parameters
    ----------
    statistic : {"zr", "rr", "kr"}
    given : ndarray, shape (n_people, n_people)
        Who gave whom how much.
    control : ndarray, shape (n_people, n_people), optional
        A third matrix, which stays.
    draws : int
        Times that the rows are dealt.
    seed : int, optional
        The same seed deals the same on any machine.

    Examples
    --------
    >>> given = np.array([[0, 3, 1, 0], [3, 0, 0, 1], [1, 0, 0, 2], [0, 1, 2, 0]])
    >>> test = dealt("kr", given, draws=999, seed=1)
    >>> test.total, test.p_greater < 0.01
    (12.0, True)
    """
    one_of("statistic", statistic, KINDS)
    _check_draws(draws)
    n = len(given)

    def score(matrix: Array) -> float:
        sums = row_sums(statistic, matrix, matrix.T)
        if control is None or n < LEAST_PEOPLE:
            return sums.rw
        with_third = (row_sums(statistic, one, control).rw for one in (matrix, matrix.T))
        return partial_correlation(sums.rw, *with_third)

    observed = score(given)
    if math.isnan(observed):
        raise DesignError(_why(statistic, n, control is not None))
    generator = np.random.Generator(np.random.PCG64(seed))
    cells = cells_of(given)
    drawn = np.full(draws, math.nan)
    for draw in range(draws):
        order = np.argsort(generator.random(cells.shape), axis=1, kind="stable")
        drawn[draw] = score(_with_diagonal(np.take_along_axis(cells, order, axis=1)))
    return Permuted(statistic, row_sums(statistic, given, given.T).total, observed, drawn, False)


def _check_draws(draws: int) -> None:
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or draws < 1:
        raise ArgumentError(f"draws is {draws!r}; it must be a whole number from 1 on.")


def _why(statistic: str, n: int, partial: bool) -> str:
    """Why there is no correlation to test."""
    if n < LEAST_PEOPLE:
        return f"{n} people: comparing others takes at least three."
    if partial:
        return (
            "The third matrix leaves nothing of the one or the other to correlate, or a matrix does not vary."
        )
    where = "anywhere" if statistic == "mantel" else "within any row"
    return f"One of the matrices does not vary {where}: there is nothing to correlate."


def _orders(n: int, draws: int | None, seed: int | None) -> Iterator[Array]:
    """Orders of the people, batch by batch: all of them, or so many at random."""
    step = max(1, CELLS // (n * n))
    if draws is None:
        every = itertools.permutations(range(n))
        while batch := list(itertools.islice(every, step)):
            yield np.array(batch)
        return
    generator = np.random.Generator(np.random.PCG64(seed))
    for start in range(0, draws, step):
        # sorted uniform numbers: the same order however many are drawn at once
        yield generator.random((min(step, draws - start), n)).argsort(axis=1, kind="stable")


def _score(statistic: str, given: Array, other: Array) -> Score:
    """Correlation as a function of orders of the first matrix's people (shape (n_orders, n_people))."""
    if len(given) < LEAST_PEOPLE:
        return lambda orders: np.full(len(orders), math.nan)
    if statistic == "mantel":
        return _mantel(given, other)
    sums = row_sums(statistic, given, other)
    # sums of squares stay with their rows: changing places changes neither
    scale = math.sqrt(sums.own.sum() * sums.other.sum())
    if not scale > 0:
        return lambda orders: np.full(len(orders), math.nan)
    if statistic != "kr":
        totals = _difference_totals(scores(statistic, given), scores(statistic, other))
    else:
        totals = _sign_totals(given, other)
    return lambda orders: totals(orders) / scale


def _moved(matrix: Array, orders: Array) -> Array:
    """The matrix with rows and columns in each order."""
    moved: Array = matrix[orders[:, :, None], orders[:, None, :]]
    return moved


def _difference_totals(one: Array, two: Array) -> Score:
    """Sum over rows of (n - 1) Σxy - Σx Σy; both matrices have 0 on the diagonal."""
    given, got = one.sum(axis=1), two.sum(axis=1)

    def totals(orders: Array) -> Array:
        products = _moved(one, orders).reshape(len(orders), -1) @ two.ravel()
        return (len(one) - 1) * products - given[orders] @ got

    return totals


def _sign_totals(given: Array, other: Array) -> Score:
    """Kr; in rows of no more than two values, signs are differences of levels, which is quicker."""
    one, two = levels(cells_of(given)), levels(cells_of(other))
    if max(one.max(), two.max()) <= 1:
        return _difference_totals(_with_diagonal(one), _with_diagonal(two))
    whole, n = _with_diagonal(one), len(given)
    off = ~np.eye(n, dtype=bool)

    def totals(orders: Array) -> Array:
        moved = _moved(whole, orders)[:, off].reshape(-1, n - 1)
        products = sign_products(moved, np.tile(two, (len(orders), 1)))
        return products.reshape(len(orders), n).sum(axis=1)

    return totals


def _with_diagonal(cells: Array) -> Array:
    n = len(cells)
    out = np.zeros((n, n), dtype=cells.dtype)
    out[~np.eye(n, dtype=bool)] = cells.ravel()
    return out


def _mantel_z(given: Array, other: Array) -> float:
    return float((cells_of(given) * cells_of(other)).sum())


def _mantel(given: Array, other: Array) -> Score:
    """Pearson's correlation over all cells off the diagonal."""
    one, two = (cells - cells.mean() for cells in (cells_of(given), cells_of(other)))
    # rounding of a mean must not pass for differences
    if np.ptp(cells_of(given)) == 0 or np.ptp(cells_of(other)) == 0:
        return lambda orders: np.full(len(orders), math.nan)
    scale = math.sqrt((one**2).sum() * (two**2).sum())
    whole, fixed = _with_diagonal(one), _with_diagonal(two)
    return lambda orders: _moved(whole, orders).reshape(len(orders), -1) @ fixed.ravel() / scale


def _partial(statistic: str, given: Array, other: Array, control: Array) -> Score:
    """Partial correlation within rows; the second and the third matrix stay as they are, as in DyaDA."""
    if statistic == "mantel":
        raise ArgumentError(f"'mantel' takes no third matrix; {', '.join(map(repr, KINDS))} do.")
    first, second = _score(statistic, given, other), _score(statistic, given, control)
    fixed = float(_score(statistic, other, control)(np.arange(len(given))[None, :])[0])

    def partial(orders: Array) -> Array:
        pairs = zip(first(orders), second(orders), strict=True)
        return np.array([partial_correlation(xy, xz, fixed) for xy, xz in pairs])

    return partial

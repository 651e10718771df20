"""The correlation of two matrices of the same people, tested by letting people change places (QAP)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import DesignError
from honestsignals.inference.permutation import CELLS, Permuted, untestable
from honestsignals.inference.permutation_linear import Floats, Refit
from honestsignals.inference.relabelling import Relabelling, number_of_draws


def correlation_test(
    x: NDArray[Any],
    y: NDArray[Any],
    people: Relabelling,
    *,
    draws: int | str = 5_000,
    seed: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> Permuted:
    """Pearson's r of two columns of pairs, and the same after the people of the first changed places.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
    people : Relabelling
    draws : int or "all"
    seed : int, optional
    tell : callable, optional

    Returns
    -------
    Permuted
        Statistic and coefficient are both r, shape (1,).

    Raises
    ------
    DesignError
        Where a column is the same in every row, or no permutation changes it.

    References
    ----------
    hubert1976, krackhardt1988

    Examples
    --------
    >>> from honestsignals.inference.relabelling import relabelling
    >>> ego, alter = np.nonzero(~np.eye(4, dtype=bool))
    >>> found = correlation_test((ego + 2 * alter) % 3, ego * alter, relabelling(ego, alter))
    >>> found.draws, found.statistic.round(4).tolist(), found.p_value.round(4).tolist()
    (24, [0.2897], [0.6667])
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    for name, values in (("first", x), ("second", y)):
        if np.ptp(values) == 0:
            raise DesignError(f"The {name} is {values[0]:g} for every pair: it correlates with nothing.")
        if untestable(values[:, None], people)[0]:
            raise DesignError(f"The {name} is the same whoever changes places: nothing can be tested.")
    number = number_of_draws(draws, people, seed)
    total = people.count if number is None else number
    refit = _correlations(x, y, people.missing == 0)
    observed = refit(np.arange(len(y))[None, :])[0][0]
    parts, used = [], 0
    for orders in people.orders(number, seed, max(1, CELLS["gaussian"] // len(y))):
        rows = people.rows_after(orders)
        parts.append(refit(rows)[0])
        used += int((rows < len(y)).sum())
        if tell is not None:
            tell(f"{sum(map(len, parts)):,} of {total:,} permutations")
    drawn = np.concatenate(parts)
    return Permuted(observed, observed, drawn, drawn, number is None, used / (total * len(y)))


def _correlations(x: Floats, y: Floats, complete: bool) -> Refit:
    one, two = x - x.mean(), y - y.mean()
    one, two = one / np.linalg.norm(one), two / np.linalg.norm(two)
    padded = np.append(one, 0.0)
    products = np.column_stack([np.ones_like(two), two, two**2])

    def refit(rows: NDArray[Any]) -> tuple[Floats, Floats]:
        moved = padded.take(rows)
        if complete:
            r = moved @ two
        else:
            known = (rows < len(y)).astype(float)
            n, sum_y, square_y = (known @ products).T
            sum_x, square_x = moved.sum(axis=1), np.einsum("bn,bn->b", moved, moved)
            spread = (square_x - sum_x**2 / n) * (square_y - sum_y**2 / n)
            with np.errstate(invalid="ignore", divide="ignore"):
                # of a draw whose known cells do not vary nothing is known
                r = (moved @ two - sum_x * sum_y / n) / np.sqrt(np.where(spread > 1e-20, spread, np.nan))
        return r[:, None], r[:, None]

    return refit

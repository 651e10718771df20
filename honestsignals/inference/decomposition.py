"""What of a number of pairs is who acts, who is acted towards, and what is left to the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import cg

from honestsignals.errors import FitError

Floats = NDArray[np.float64]
Codes = NDArray[Any]

PRECISION = 1e-14
"""Relative residual of the normal equations of the effects: slopes agree to ten digits with room to spare."""
NOISE = 1e-11
"""Share of the column's spread below which a deviation is rounding."""
ROUNDS = 3
"""Solutions of what the rounding of the one before left."""


@dataclass(frozen=True, eq=False)
class Parts:
    """A column taken apart: ``x = first + second - grand + deviation`` in every row where it is known.

    Attributes
    ----------
    first, second : ndarray, shape (n,)
        Of the row's first and second person: their means, or their effects about the mean.
    grand : ndarray, shape (n,)
        Mean of the rows that are linked to this one.
    deviation : ndarray, shape (n,)
        What is left to the two.
    alone : ndarray of bool, shape (n,)
        Known rows in which one of the two has no other, so that mean and deviation cannot be told apart.
    groups : int
        Groups of people whom rows link, each with its mean.
    """

    first: Floats
    second: Floats
    grand: Floats
    deviation: Floats
    alone: NDArray[np.bool_]
    groups: int


def means(
    x: Floats,
    first: Codes,
    second: Codes,
    weights: Floats,
    pair: Codes | None = None,
    *,
    ordered: bool = True,
) -> Parts:
    r"""A column as mean of the first person, mean of the second, and the deviation of the two.

    With :math:`\bar x_{i\cdot}` and :math:`\bar x_{\cdot j}` the weighted means over the rows in which i is
    first and j is second, and :math:`\bar x` that of all rows linked to the row,

    .. math:: d_{ij} = x_{ij} - \bar x_{i\cdot} - \bar x_{\cdot j} + \bar x .

    Where rows have no order, both means are over all rows of the person.

    Parameters
    ----------
    x : ndarray, shape (n,)
        The column; NaN where it is not known.
    first, second : ndarray of int, shape (n,)
        Codes of the two people of a row, the same for one person in either place.
    weights : ndarray, shape (n,)
        Weights of rows, 0 or more.
    pair : ndarray of int, shape (n,), optional
        Where given, rows of the same pair are left out of the two means of each of its rows.
    ordered : bool
        Whether who is first means something.

    Returns
    -------
    Parts
        NaN where a person has no row to take a mean of.

    References
    ----------
    mundlak1978

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0, 6.0])
    >>> parts = means(x, np.array([0, 0, 1, 1]), np.array([2, 3, 2, 3]), np.ones(4))
    >>> parts.first.tolist(), parts.second.tolist(), parts.deviation.tolist()
    ([1.5, 1.5, 4.5, 4.5], [2.0, 4.0, 2.0, 4.0], [0.5, -0.5, -0.5, 0.5])
    """
    ends, size = _ends(first, second, ordered)
    w = np.where(np.isnan(x), 0.0, weights)
    total, count, number = _sums(x, w, ends, size)
    (grand, groups), alone = _grand(x, w, ends, size), _alone(w, ends, number)
    found = []
    for end in ends:
        upper, lower, rows = total[end], count[end], number[end]
        if pair is not None:
            size_here = int(pair.max(initial=-1)) + 1
            inside = _sums(x, w, (pair,), size_here)
            upper, lower, rows = (
                whole - part[pair] for whole, part in zip((upper, lower, rows), inside, strict=True)
            )
        some = rows > 0
        found.append(np.divide(upper, lower, out=np.full(x.size, np.nan), where=some))
    return Parts(found[0], found[1], grand, x - found[0] - found[1] + grand, alone, groups)


def effects(x: Floats, first: Codes, second: Codes, weights: Floats, *, ordered: bool = True) -> Parts:
    r"""A column as effect of the first person, effect of the second, and what least squares leave.

    Of all :math:`a_i + b_j` the one nearest to x, by weighted least squares; where rows have no order,
    :math:`b = a`. To each effect the mean of the linked rows is added, so that it reads as a person's mean.
    The deviation has mean 0 for every person in either place, whatever rows there are: regressed on it, any
    label has the slope that dummies for all first and all second people leave. Means have that only where
    every first person meets every second one; in a round robin of n people, nobody meets themselves, and
    their deviation keeps a share of 1 / (n − 1) of the effects.

    Parameters
    ----------
    x : ndarray, shape (n,)
        The column; NaN where it is not known.
    first, second : ndarray of int, shape (n,)
        Codes of the two people of a row, the same for one person in either place.
    weights : ndarray, shape (n,)
        Weights of rows, 0 or more.
    ordered : bool
        Whether who is first means something.

    Returns
    -------
    Parts

    Raises
    ------
    FitError
        Where the equations could not be solved to full precision.

    References
    ----------
    mundlak1978

    Examples
    --------
    >>> first, second = np.nonzero(~np.eye(4, dtype=bool))
    >>> x = 10.0 * first + second
    >>> bool(np.abs(effects(x, first, second, np.ones(12)).deviation).max() < 1e-10)
    True
    """
    ends, size = _ends(first, second, ordered)
    w = np.where(np.isnan(x), 0.0, weights)
    number = _sums(x, w, ends, size)[2]
    (grand, groups), alone = _grand(x, w, ends, size), _alone(w, ends, number)
    filled = np.where(w > 0, x, 0.0)
    u = np.zeros(size)
    for _ in range(ROUNDS):
        u += _solved(filled - u[ends[0]] - u[ends[1]], w, ends, size)
    u[number == 0] = np.nan
    if ordered:
        # a constant can move from one to the other: each has the mean of the rows
        middle, _ = _grand(u[ends[0]], w, ends, size)
        one, two = u[ends[0]] - middle + grand, u[ends[1]] + middle
    else:
        one, two = u[ends[0]] + grand / 2, u[ends[1]] + grand / 2
    deviation = x - one - two + grand
    # rounding is no deviation: where effects explain a row whole, a slope on what is left would be its noise
    spread = float(np.abs(filled - np.where(w > 0, grand, 0.0)).max(initial=0.0))
    deviation[np.abs(deviation) <= NOISE * spread] = 0.0
    return Parts(one, two, grand, deviation, alone, groups)


def _ends(first: Codes, second: Codes, ordered: bool) -> tuple[tuple[Codes, Codes], int]:
    """Nodes of a row, and how many there are: where rows have an order, everybody is two."""
    people = int(max(first.max(initial=-1), second.max(initial=-1))) + 1
    return ((first, second + people), 2 * people) if ordered else ((first, second), people)


def _sums(x: Floats, w: Floats, ends: tuple[Codes, ...], size: int) -> tuple[Floats, Floats, Floats]:
    """Weighted sum, sum of weights and number of the rows at each node."""
    wx = w * np.where(w > 0, x, 0.0)
    out = [sum(np.bincount(end, what, size) for end in ends) for what in (wx, w, (w > 0).astype(float))]
    return np.asarray(out[0]), np.asarray(out[1]), np.asarray(out[2])


def _alone(w: Floats, ends: tuple[Codes, Codes], number: Floats) -> NDArray[np.bool_]:
    alone: NDArray[np.bool_] = (w > 0) & ((number[ends[0]] == 1) | (number[ends[1]] == 1))
    return alone


def _grand(x: Floats, w: Floats, ends: tuple[Codes, Codes], size: int) -> tuple[Floats, int]:
    """Mean of the rows linked to each row, NaN where its two are not linked; and how many means there are."""
    some = w > 0
    links = coo_array((np.ones(int(some.sum())), (ends[0][some], ends[1][some])), shape=(size, size))
    groups, of_node = connected_components(links, directed=False)
    group = of_node[ends[0]]
    total, count, _ = _sums(x, w, (group,), groups)
    mean = np.divide(total, count, out=np.full(groups, np.nan), where=count > 0)
    return np.where(group == of_node[ends[1]], mean[group], np.nan), int((count > 0).sum())


def _solved(left: Floats, w: Floats, ends: tuple[Codes, Codes], size: int) -> Floats:
    """Least squares of a column on its nodes, by conjugate gradients on the scaled normal equations."""
    rows = np.concatenate([*ends, *ends])
    columns = np.concatenate([*ends, ends[1], ends[0]])
    normal = csr_array(coo_array((np.tile(w, 4), (rows, columns)), shape=(size, size)))
    diagonal = normal.diagonal()
    scale = np.divide(1.0, np.sqrt(diagonal), out=np.zeros(size), where=diagonal > 0)
    scaled = csr_array(normal.multiply(scale[:, None]).multiply(scale[None, :]))
    right = scale * sum(np.bincount(end, w * left, size) for end in ends)
    if not right.any():
        return np.zeros(size)
    # what rounding leaves of a column that is already explained has no solution to more digits than it has
    floor = np.finfo(float).eps * float(np.abs(w * left).sum())
    solution, failed = cg(scaled, right, rtol=PRECISION, atol=floor, maxiter=50 * size + 1000)
    if failed:
        raise FitError(
            "The effects of people could not be told apart to full precision: rows link them in too long a "
            "chain. Take how='means'."
        )
    return np.asarray(scale * solution)

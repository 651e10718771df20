"""Who is in a row: codes of people and of pairs, and sums over them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from honestsignals.errors import ArgumentError

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def person_codes(ego: NDArray[Any], alter: NDArray[Any]) -> tuple[Codes, Codes, int]:
    """People as 0 … N − 1, and how many they are.

    Parameters
    ----------
    ego, alter : ndarray, shape (n,)
        Codes or names of the two people of each row.

    Returns
    -------
    ego, alter : ndarray of int, shape (n,)
        The same people as consecutive codes.
    n_people : int
        People who are in some row.

    Raises
    ------
    ArgumentError
        Where a row pairs somebody with themselves, or the lengths differ.

    Examples
    --------
    >>> ego, alter, n_people = person_codes(np.array([7, 7]), np.array([9, 3]))
    >>> ego.tolist(), alter.tolist(), n_people
    ([1, 1], [2, 0], 3)
    """
    ego, alter = np.asarray(ego), np.asarray(alter)
    if ego.shape != alter.shape or ego.ndim != 1:
        raise ArgumentError(f"ego has shape {ego.shape} and alter {alter.shape}; both must be (n,).")
    same = np.flatnonzero(ego == alter)
    if same.size:
        raise ArgumentError(
            f"Row {same[0]} pairs a person with themselves ({same.size:,} such rows); a pair is two people."
        )
    codes, n_people = _consecutive(np.concatenate([ego, alter]))
    return codes[: ego.size], codes[ego.size :], n_people


def pair_codes(ego: NDArray[Any], alter: NDArray[Any]) -> Codes:
    """The unordered pair of each row, as 0 … D − 1: (i, j) and (j, i) are one pair.

    Parameters
    ----------
    ego, alter : ndarray, shape (n,)
        Codes or names of the two people of each row.

    Returns
    -------
    ndarray of int, shape (n,)
        Codes of pairs, in the order of the smaller, then the larger person.

    Examples
    --------
    >>> pair_codes(np.array([0, 1, 2]), np.array([1, 0, 0])).tolist()
    [0, 0, 1]
    """
    ego, alter, n_people = person_codes(ego, alter)
    return _consecutive(np.minimum(ego, alter) * n_people + np.maximum(ego, alter))[0]


def _consecutive(values: NDArray[Any]) -> tuple[Codes, int]:
    """Values as 0 … count − 1 in their order; without a sort where they are small integers already."""
    if values.size and values.dtype.kind in "iu" and values.min() >= 0 and values.max() < 4 * values.size:
        present = np.bincount(values) > 0
        return (np.cumsum(present) - 1)[values], int(present.sum())
    distinct, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64, copy=False), int(distinct.size)


def sums(codes: Codes, values: Floats, count: int) -> Floats:
    """Sum of the rows of each group.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
    values : ndarray, shape (n, k)
    count : int
        Number of groups.

    Returns
    -------
    ndarray, shape (count, k)

    Examples
    --------
    >>> sums(np.array([0, 1, 0]), np.array([[1.0], [2.0], [3.0]]), 2).tolist()
    [[4.0], [2.0]]
    """
    if codes.size and values.shape[1] > 3:  # one walk over the rows, not one a column; the same to the bit
        each = np.arange(codes.size + 1)
        member = csc_array((np.ones(codes.size), codes, each), shape=(count, codes.size))
        found: Floats = np.asarray(member @ values)
        return found
    result = np.empty((count, values.shape[1]))
    for column in range(values.shape[1]):
        result[:, column] = np.bincount(codes, weights=values[:, column], minlength=count)
    return result


def person_sums(ego: Codes, alter: Codes, values: Floats, n_people: int) -> Floats:
    """Sum over all rows that touch a person, in either place.

    Parameters
    ----------
    ego, alter : ndarray of int, shape (n,)
        Consecutive codes, of two different people in each row.
    values : ndarray, shape (n, k)
    n_people : int

    Returns
    -------
    ndarray, shape (n_people, k)

    Examples
    --------
    >>> person_sums(np.array([0, 0]), np.array([1, 2]), np.array([[1.0], [5.0]]), 3).tolist()
    [[6.0], [1.0], [5.0]]
    """
    return sums(ego, values, n_people) + sums(alter, values, n_people)

"""How many other rows each row agrees with on which of two is higher, without looking at every pair."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[Any]


def concordance(first: Codes, second: Codes) -> tuple[Codes, Codes]:
    r"""Of each row, concordant less discordant others, and others of another ``second``.

    .. math:: s_i = \sum_j \operatorname{sgn}(a_i - a_j) \operatorname{sgn}(b_i - b_j), \quad
        t_i = \sum_j [b_i \ne b_j]

    in n log n steps: one sweep a binary digit of b.

    Parameters
    ----------
    first, second : ndarray of int, shape (n,)
        Ranks from 0, ties with the same one.

    Returns
    -------
    s, t : ndarray of int, shape (n,)

    References
    ----------
    knight1966

    Examples
    --------
    >>> s, t = concordance(np.array([0, 2, 1, 1]), np.array([0, 1, 2, 2]))
    >>> s.tolist(), t.tolist()
    ([3, -1, 0, 0], [3, 3, 2, 2])
    """
    n = first.size
    below_a, same_a = _dense_places(first)
    below_b, same_b = _dense_places(second)
    joint = first * (int(second.max(initial=0)) + 1) + second
    below_both, same_both = _places(joint)
    # rows of the same a come right after those of a lower one, ordered by b
    same_a_below_b = below_both - below_a
    below_a_same_b = _places(second * (int(first.max(initial=0)) + 1) + first)[0] - below_b
    lower = both_lower(first, second)
    below_a_above_b = below_a - lower - below_a_same_b
    above_a_below_b = below_b - lower - same_a_below_b
    above_a_same_b = same_b - same_both - below_a_same_b
    higher = n - below_a - same_a - above_a_below_b - above_a_same_b
    return lower + higher - below_a_above_b - above_a_below_b, n - same_b


def both_lower(first: Codes, second: Codes) -> Codes:
    """Of each row, how many others are lower in both.

    Rows are put in order of ``first`` and then, stably, apart by one digit of ``second`` after another: at
    each digit, rows with a 1 are above those before them with a 0 that have the same digits so far.

    Parameters
    ----------
    first, second : ndarray of int, shape (n,)
        Ranks from 0, ties with the same one.

    Returns
    -------
    ndarray of int, shape (n,)

    Examples
    --------
    >>> both_lower(np.array([0, 2, 1, 1]), np.array([0, 1, 2, 2])).tolist()
    [0, 1, 1, 1]
    """
    # of rows that are tied in the first, the higher come before the lower, which are not counted
    rows = np.lexsort((-second, first))
    digits = second[rows]
    found = np.zeros(first.size, dtype=np.intp)
    for bit in reversed(range(int(second.max(initial=0)).bit_length())):
        block = digits >> (bit + 1)
        one = (digits >> bit) & 1
        noughts = np.cumsum(1 - one)
        begins = np.flatnonzero(np.diff(block, prepend=-1))
        before = np.append(0, noughts)[begins]
        lengths = np.diff(np.append(begins, first.size))
        found[rows] += one * (noughts - np.repeat(before, lengths))
        order = _stable(digits >> bit)
        rows, digits = rows[order], digits[order]
    return found


def _stable(codes: Codes) -> Codes:
    """Order of whole numbers, ties as they stand; short ones are put in it digit by digit."""
    short = codes.astype(np.uint16) if int(codes.max(initial=0)) < 2**16 else codes
    return np.argsort(short, kind="stable")


def _dense_places(ranks: Codes) -> tuple[Codes, Codes]:
    """Of each row, how many others have a lower rank, and how many rows the same one, itself included."""
    sizes = np.bincount(ranks)
    return (np.cumsum(sizes) - sizes)[ranks], sizes[ranks]


def _places(codes: Codes) -> tuple[Codes, Codes]:
    """The same of any whole numbers; without a sort where they are small."""
    if int(codes.max(initial=0)) < 4 * codes.size:
        return _dense_places(codes)
    return _dense_places(np.unique(codes, return_inverse=True)[1])

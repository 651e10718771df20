"""From "this act answers that one" to conversations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


def first_row_of(codes: NDArray[np.int32], values: int) -> Rows:
    """The first row that holds each value; -1 for a value that no row holds.

    >>> first_row_of(np.array([1, 0, 1], dtype=np.int32), 3)
    array([ 1,  0, -1])
    """
    first = np.full(values, -1, dtype=np.int64)
    known = np.flatnonzero(codes >= 0)[::-1]
    first[codes[known]] = known
    return first


def roots(parent: Rows) -> tuple[Rows, Mask]:
    """The act that opened the conversation of each act, by pointer jumping.

    Parameters
    ----------
    parent : ndarray of int64, shape (n,)
        The row that a row answers; its own row where it answers none.

    Returns
    -------
    root : ndarray of int64
        The row that the chain of answers ends in.
    circular : ndarray of bool
        Rows whose chain ends nowhere, because it runs in a circle.

    Examples
    --------
    >>> roots(np.array([0, 0, 1, 4, 3]))
    (array([0, 0, 0, 3, 4]), array([False, False, False,  True,  True]))
    """
    root = parent.copy()
    # After k jumps a chain of 2**k answers is done; no chain is longer than there are rows.
    for _ in range(max(len(parent), 2).bit_length() + 1):
        further = root[root]
        if np.array_equal(further, root):
            break
        root = further
    circular = parent[root] != root
    return root, circular


def tainted(parent: Rows, bad: Mask) -> Mask:
    """Rows that are bad, or answer, at any remove, one that is.

    >>> tainted(np.array([0, 0, 1]), np.array([False, True, False]))
    array([False,  True,  True])
    """
    reached, jump = bad.copy(), parent.copy()
    for _ in range(max(len(parent), 2).bit_length() + 1):
        reached |= reached[jump]
        jump = jump[jump]
    return reached

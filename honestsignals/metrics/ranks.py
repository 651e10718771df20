"""Ranks within the rows of a matrix, and how two matrices order the same cells of a row."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

CELLS = 2_000_000
"""Cells that are sorted at once; what is held is a few times as much."""


def ranks(cells: Array) -> Array:
    """Ranks within rows, the mean rank where cells tie (float64, shape of ``cells``).

    Examples
    --------
    >>> ranks(np.array([[5, 5], [7, 2], [1, 3]]))
    array([[1.5, 1.5], [2. , 1. ], [1. , 2. ]])
    """
    order = np.argsort(cells, axis=1, kind="stable")
    ordered = np.take_along_axis(cells, order, axis=1)
    first = _run_starts(ordered)
    last = cells.shape[1] - 1 - _run_starts(ordered[:, ::-1])[:, ::-1]
    out = np.empty(cells.shape)
    np.put_along_axis(out, order, (first + last) / 2 + 1, axis=1)
    return out


def _run_starts(ordered: Array) -> Array:
    """Place at which each cell's run of equal cells begins, within sorted rows."""
    starts = np.zeros(ordered.shape, dtype=np.int64)
    places = np.arange(1, ordered.shape[1])
    starts[:, 1:] = np.where(ordered[:, 1:] != ordered[:, :-1], places, 0)
    return np.maximum.accumulate(starts, axis=1)


def levels(cells: Array) -> Array:
    """Which of its row's values each cell has, counted from the lowest (int64, shape of ``cells``).

    Examples
    --------
    >>> levels(np.array([[5, 5], [7, 2], [1, 3]]))
    array([[0, 0], [1, 0], [0, 1]])
    """
    order = np.argsort(cells, axis=1, kind="stable")
    ordered = np.take_along_axis(cells, order, axis=1)
    rises = np.zeros(cells.shape, dtype=np.int64)
    rises[:, 1:] = np.cumsum(ordered[:, 1:] != ordered[:, :-1], axis=1)
    out = np.empty_like(rises)
    np.put_along_axis(out, order, rises, axis=1)
    return out


def sign_products(one: Array, two: Array) -> Array:
    """Sum over j < k of sign(x_j - x_k) sign(y_j - y_k) in every row of levels, in order n log n.

    Parameters
    ----------
    one, two : ndarray of int, shape (n_rows, n_cells)
        Levels counted from 0, at most ``n_cells`` of them.

    Examples
    --------
    >>> sign_products(np.array([[0, 1, 2], [0, 0, 1]]), np.array([[0, 2, 1], [0, 1, 1]]))
    array([1., 1.])
    """
    cells = one.shape[1]
    step = max(1, CELLS // max(1, cells))
    # cells at the lowest level of both are most of a sparse matrix; rows that have as many go together
    some = ((one > 0) | (two > 0)).sum(axis=1)
    order = np.argsort(some, kind="stable")
    out = np.zeros(len(one))
    for start in range(0, len(one), step):
        rows = order[start : start + step]
        most = int(some[rows[-1]])
        if most == cells:
            out[rows] = _sign_products(one[rows], two[rows])
        else:
            out[rows] = _without_lowest(one[rows] * cells + two[rows], most)
    return out


def _without_lowest(joint: Array, width: int) -> Array:
    """The same of rows of which all but so many cells are at the lowest level of both."""
    cells = joint.shape[1]
    joint = np.sort(joint, axis=1)[:, cells - width :]
    one, two = joint // cells, joint % cells
    # against each cell left aside, one that is higher in both is in the same order, and any other is tied
    return _sign_products(one, two) + (cells - width) * ((one > 0) & (two > 0)).sum(axis=1)


def _sign_products(one: Array, two: Array) -> Array:
    """Pairs minus those tied in either minus twice those in opposite order."""
    cells, n_levels = one.shape[1], int(max(one.max(initial=0), two.max(initial=0))) + 1
    joint = np.sort(one * n_levels + two, axis=1)
    tied = _tied(np.sort(one, axis=1)) + _tied(np.sort(two, axis=1)) - _tied(joint)
    # sorted by the one and then the other, what is still in the wrong order is in opposite order
    return cells * (cells - 1) // 2 - tied - 2 * _inversions(joint % n_levels)


def _tied(ordered: Array) -> Array:
    """Pairs of equal cells in each sorted row."""
    count: Array = (np.arange(ordered.shape[1]) - _run_starts(ordered)).sum(axis=1)
    return count


def _inversions(rows: Array) -> Array:
    """Pairs of cells of which the left is the larger, in each row, by merging all rows at once."""
    n_rows, cells = rows.shape
    full = 1 << max(cells - 1, 0).bit_length()
    merged = np.full((n_rows, full), rows.max(initial=0) + 1, dtype=np.int32)
    merged[:, :cells] = rows
    count = np.zeros(n_rows, dtype=np.int64)
    half = 1
    while half < full:
        keys = 2 * merged.reshape(n_rows, -1, 2 * half)
        keys[..., half:] += 1
        keys.sort(axis=-1)
        # a cell of the left half comes after those of the right half that are smaller
        right = keys & 1
        count += (np.cumsum(right, axis=-1) * (1 - right)).sum(axis=(1, 2))
        merged = keys >> 1
        half *= 2
    return count

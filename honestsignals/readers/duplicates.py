"""Rows that say the same in every column that was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ODD = np.uint64(0x9E3779B97F4A7C15)
"""Multiplier of a polynomial hash: 2^64 over the golden ratio, so that small differences do not cancel."""


def repeated_rows(columns: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """Rows equal to an earlier one in all columns, ascending.

    Parameters
    ----------
    columns : sequence of ndarray, shape (n,)
        Codes, times, numbers; NaN equals NaN.

    Returns
    -------
    ndarray of int64

    Examples
    --------
    >>> repeated_rows([np.array([1, 2, 1]), np.array([0.5, np.nan, 0.5])])
    array([2])
    """
    mixed = hashed_rows(columns)
    ordered = np.sort(mixed)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    del ordered
    if not len(twice):
        return np.empty(0, dtype=np.int64)
    # Two rows may share a hash by chance, so the few that do are compared in full.
    suspects = np.flatnonzero(np.isin(mixed, np.unique(twice)))
    few = [_as_bits(column[suspects]) for column in columns]
    order = np.lexsort([np.arange(len(suspects)), *few])
    same = np.ones(max(len(order) - 1, 0), dtype=bool)
    for column in few:
        same &= column[order][1:] == column[order][:-1]
    return np.sort(suspects[order[1:][same]])


def hashed_rows(columns: Sequence[NDArray[Any]]) -> NDArray[np.uint64]:
    """A hash of each row, in as few passes as will do: rows that share one are compared in full."""
    mixed = _as_bits(columns[0]).copy()
    for column in columns[1:]:
        mixed *= _ODD
        mixed += _as_bits(column)
    return mixed


def _as_bits(column: NDArray[Any]) -> NDArray[np.uint64]:
    """Equal values as equal bits: one NaN, one zero."""
    if column.dtype.kind == "f":
        plain = column.astype(np.float64) + 0.0
        plain[np.isnan(plain)] = np.nan
        return plain.view(np.uint64)
    return column.astype(np.int64, copy=False).view(np.uint64)

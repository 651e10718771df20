"""Rows that say the same in every column that was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
"""Multipliers of splitmix64 (Steele, Lea & Flood 2014)."""


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
    mixed = _mixed(columns)
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


def _mixed(columns: Sequence[NDArray[Any]]) -> NDArray[np.uint64]:
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        mixed += _MIX[0]
        mixed ^= _as_bits(column)
        mixed ^= mixed >> np.uint64(30)
        mixed *= _MIX[1]
        mixed ^= mixed >> np.uint64(27)
        mixed *= _MIX[2]
        mixed ^= mixed >> np.uint64(31)
    return mixed


def _as_bits(column: NDArray[Any]) -> NDArray[np.uint64]:
    """Equal values as equal bits: one NaN, one zero."""
    if column.dtype.kind == "f":
        plain = column.astype(np.float64) + 0.0
        plain[np.isnan(plain)] = np.nan
        return plain.view(np.uint64)
    return column.astype(np.int64).view(np.uint64)

"""Triangles: three people of whom every two have a tie, listed so that a hub costs little.

Every tie points to the one with more contacts, so that nobody has many ties that point away: the ties out
of a tie's end are looked up among those out of its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]


def ranked(ties: Ties) -> tuple[Array, Array]:
    """Ends of each tie, people numbered by how many contacts they have."""
    rank = np.empty(ties.n_people, dtype=np.int32)
    rank[np.argsort(ties.contacts(), kind="stable")] = np.arange(ties.n_people, dtype=np.int32)
    return rank[ties.low], rank[ties.high]


def keys_of(first: Array, second: Array, n: int) -> Array:
    """Each tie as one number: the place of the lower end, and within it of the higher.

    >>> keys_of(np.array([0, 3], dtype=np.int32), np.array([2, 1], dtype=np.int32), 10)
    array([ 2, 13])
    """
    return np.minimum(first, second).astype(np.int64) * n + np.maximum(first, second)


def triangles(keys: Array, n: int, at_once: int) -> Iterator[tuple[Array, Array, Array]]:
    """Places of the ties of each triangle: the first, the one onward from its end, the one across."""
    starts = np.searchsorted(keys, np.arange(n + 1) * n)
    end = (keys % n).astype(np.int32)
    many = np.diff(starts).astype(np.int32)[end]
    reach = np.cumsum(many, dtype=np.int64)
    row = 0
    while row < len(keys):
        until = int(np.searchsorted(reach, (reach[row - 1] if row else 0) + at_once, side="right"))
        part = slice(row, max(until, row + 1))
        tie = np.repeat(np.arange(part.start, part.stop), many[part])
        before = np.cumsum(many[part]) - many[part]
        onward = np.arange(len(tie)) + np.repeat(starts[end[part]] - before, many[part])
        # the beginning of the first, the end of the second
        wanted = keys[tie] - end[tie] + end[onward]
        across = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        there = np.flatnonzero(keys[across] == wanted)
        yield tie[there], onward[there], across[there]
        row = part.stop

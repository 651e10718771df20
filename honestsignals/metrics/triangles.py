"""Triangles: three people of whom every two have a tie, listed so that a hub costs little.

Every tie points to the one with more contacts, so that nobody has many ties that point away: of every two
that do, the tie between their ends is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]
SPARE = 3
"""Bits of a table beyond those that count its numbers: an eighth to a sixteenth of its places are taken."""
SCATTER = np.uint64(0x9E3779B97F4A7C15)
"""Multiplied by it, numbers close together lie far apart: 2**64 over the golden ratio (Knuth 1973, 6.4)."""


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
    """Places of the ties of each triangle: the first, the one onward from its end, the one across.

    Every two ties out of one beginning are laid side by side, and the tie between their ends is looked up:
    most are told from a table of bits not to be there.
    """
    begin, end = (keys // n).astype(np.int32), (keys % n).astype(np.int32)
    stop = np.cumsum(np.bincount(begin, minlength=n))[begin]
    many = stop - np.arange(1, len(keys) + 1)
    del begin, stop
    reach = np.cumsum(many)
    scatter = _Scattered(keys)
    row = 0
    while row < len(keys):
        until = int(np.searchsorted(reach, (reach[row - 1] if row else 0) + at_once, side="right"))
        part = slice(row, max(until, row + 1))
        own = many[part]
        before = np.cumsum(own) - own
        across = np.arange(int(own.sum()))
        across += np.repeat(np.arange(part.start + 1, part.stop + 1) - before, own)
        wanted = np.repeat(end[part].astype(np.int64) * n, own)
        wanted += end[across]
        maybe = np.flatnonzero(scatter.holds(wanted))
        wanted = wanted[maybe]
        onward = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        there = np.flatnonzero(keys[onward] == wanted)
        found = maybe[there]
        tie = part.start + np.searchsorted(before, found, side="right") - 1
        yield tie, onward[there], across[found]
        row = part.stop


class _Scattered:
    """A table of bits by which most numbers are known not to be among some, without a search."""

    def __init__(self, keys: Array) -> None:
        bits = len(keys).bit_length() + SPARE
        self._shift = np.uint64(64 - bits)
        table = np.zeros(1 << bits, dtype=bool)
        table[self._place(keys)] = True
        # eight to a byte: what is looked up at random should stay in the processor's cache
        self._table = np.packbits(table, bitorder="little")

    def holds(self, values: Array) -> Array:
        """0 where a value is not among them; 1 where it may be."""
        place = self._place(values)
        bit = self._table[place >> 3]
        bit >>= (place & 7).astype(np.uint8)
        return np.asarray(bit & 1)

    def _place(self, values: Array) -> Array:
        return np.asarray(((values.view(np.uint64) * SCATTER) >> self._shift).view(np.int64))

"""Triangles: three people of whom every two have a tie, listed so that a hub costs little.

Every tie points to the one with more contacts, so that nobody has many ties that point away: of every two
that do, the tie between their ends is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]
SPARE = 3
"""Bits of a table beyond those that count its numbers: an eighth to a sixteenth of its places are taken."""
EACH_TIE = 16
"""Pairs of ties that are looked up in the time that it takes to lay out a tie."""
SCATTERS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC13FA9A902A6328F))
"""Multiplied by them, numbers close together lie far apart: 2**64 over the golden ratio (Knuth 1973, 6.4),
and over the root of x**3 = x + 1, which lies apart from it."""


def ranked(ties: Ties) -> tuple[Array, Array]:
    """Ends of each tie, people numbered by how many contacts they have."""
    rank = np.empty(ties.n_people, dtype=np.int32)
    rank[np.argsort(ties.contacts(), kind="stable")] = np.arange(ties.n_people, dtype=np.int32)
    return rank[ties.low], rank[ties.high]


def laid_out(ties: Ties) -> tuple[Array, Array]:
    """Each tie as one number, in order: the lower end times everybody, and the higher; and which tie it is.

    Returns
    -------
    keys : ndarray of int64, shape (n_ties,)
        Ends are places of people by how many contacts they have.
    order : ndarray of int, shape (n_ties,)
    """
    from scipy import sparse

    n, (first, second) = ties.n_people, ranked(ties)
    ends = np.minimum(first, second), np.maximum(first, second)
    del first, second
    place: Any = np.arange(len(ties), dtype=np.int32 if len(ties) < 2**31 else np.int64)
    # counted into rows, which takes half the time of sorting
    rows = sparse.coo_array((place, ends), shape=(max(n, 1), max(n, 1))).tocsr()
    rows.sort_indices()
    del ends, place
    keys = np.repeat(np.arange(max(n, 1), dtype=np.int64) * n, np.diff(rows.indptr))
    keys += rows.indices
    return keys, rows.data


def even_parts(keys: Array, n: int, number: int) -> list[slice]:
    """Parts of ties that take about as long as one another, and no beginning in two of them.

    >>> even_parts(np.array([1, 2, 3, 12, 13, 24, 25]), 10, 2)
    [slice(0, 5, None), slice(5, 7, None)]
    """
    out = np.bincount(keys // n, minlength=n) if n else np.zeros(1, dtype=np.int64)
    work = np.cumsum(out * (out - 1) // 2 + EACH_TIE * out)
    cuts = np.searchsorted(work, work[-1] * np.arange(1, number) / number, side="left") + 1
    edges = [0, *np.concatenate([[0], np.cumsum(out)])[np.minimum(cuts, len(out))].tolist(), len(keys)]
    return [slice(*one) for one in pairwise(edges)]


def triangles(
    keys: Array, n: int, at_once: int, part: slice | None = None
) -> Iterator[tuple[Array, Array, Array]]:
    """Places of the ties of each triangle: the first, the one onward from its end, the one across.

    Every two ties out of one beginning are laid side by side, and the tie between their ends is looked up:
    most are told from two tables of bits not to be there.

    Parameters
    ----------
    keys : ndarray of int64, shape (n_ties,)
        As `laid_out` returns them.
    n : int
        People.
    at_once : int
        Pairs of ties that are laid side by side at once.
    part : slice, optional
        Of which triangles the first tie is in it; a part as `even_parts` makes them.
    """
    part = slice(0, len(keys)) if part is None else part
    if part.start == part.stop:
        return
    tables = [_Scattered(keys, scatter, at_once) for scatter in SCATTERS]
    end, many = _onward(keys[part], n)
    reach = np.cumsum(many)
    row = 0
    while row < len(end):
        until = int(np.searchsorted(reach, (reach[row - 1] if row else 0) + at_once, side="right"))
        some = slice(row, max(until, row + 1))
        own = many[some]
        before = np.cumsum(own) - own
        across = np.arange(int(own.sum()))
        across += np.repeat(np.arange(some.start + 1, some.stop + 1) - before, own)
        wanted = np.repeat(end[some].astype(np.int64) * n, own)
        wanted += end[across]
        found, onward = _held(keys, tables, wanted)
        tie = some.start + np.searchsorted(before, found, side="right") - 1
        yield part.start + tie, onward, part.start + across[found]
        row = some.stop


def _onward(keys: Array, n: int) -> tuple[Array, Array]:
    """End of each tie, and how many there are after it out of the same beginning."""
    begin = (keys // n).astype(np.int32)
    begin -= begin[0]
    stop = np.cumsum(np.bincount(begin))[begin]
    stop -= np.arange(1, len(begin) + 1)
    return (keys % n).astype(np.int32), stop.astype(np.int32)


def _held(keys: Array, tables: list[_Scattered], wanted: Array) -> tuple[Array, Array]:
    """Which of some numbers are among the keys, and where."""
    maybe = np.flatnonzero(tables[0].holds(wanted))
    wanted = wanted[maybe]
    for table in tables[1:]:
        again = np.flatnonzero(table.holds(wanted))
        maybe, wanted = maybe[again], wanted[again]
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    there = np.flatnonzero(keys[place] == wanted)
    return maybe[there], place[there]


class _Scattered:
    """A table of bits by which most numbers are known not to be among some, without a search."""

    def __init__(self, keys: Array, scatter: np.uint64, at_once: int) -> None:
        bits = len(keys).bit_length() + SPARE
        self._scatter, self._shift = scatter, np.uint64(64 - bits)
        table = np.zeros(1 << bits, dtype=bool)
        for first in range(0, len(keys), at_once):
            table[self._place(keys[first : first + at_once])] = True
        # eight to a byte: what is looked up at random should stay in the processor's cache
        self._table = np.packbits(table, bitorder="little")

    def holds(self, values: Array) -> Array:
        """0 where a value is not among them; 1 where it may be."""
        place = self._place(values)
        bit = self._table[place >> 3]
        bit >>= (place & 7).astype(np.uint8)
        return np.asarray(bit & 1)

    def _place(self, values: Array) -> Array:
        return np.asarray(((values.view(np.uint64) * self._scatter) >> self._shift).view(np.int64))

"""People who change places: permutations within blocks, and the rows that their pairs land on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import ArgumentError, DesignError, check_seed
from honestsignals.inference.words import counted

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

MOST_CELLS = 50_000_000
"""Cells of a table of all pairs of people that is held in memory (200 MB); beyond, rows are searched for."""

MOST_ORDERS = 5_000_000
"""Permutations that are enumerated on request: ten people make 3.6 million."""


@dataclass(frozen=True, eq=False)
class Relabelling:
    """Rows of pairs, and the people who may change places.

    Attributes
    ----------
    ego, alter : ndarray of int, shape (n,)
        Codes of the two of each row, from 0 to n_people − 1.
    block : ndarray of int, shape (n_people,)
        People change places within a block alone.
    directed : bool
        Whether rows are ordered pairs.
    """

    ego: Codes
    alter: Codes
    block: Codes
    directed: bool

    @property
    def n_people(self) -> int:
        """People who can change places, or must stay."""
        return self.block.size

    @property
    def n_rows(self) -> int:
        """Rows of the design."""
        return self.ego.size

    @cached_property
    def possible(self) -> int:
        """Pairs that a permutation can put on a row: those between blocks that have a row between them."""
        sizes = np.bincount(self.block)
        first, second = self.block[self.ego], self.block[self.alter]
        if not self.directed:
            first, second = np.minimum(first, second), np.maximum(first, second)
        kinds = np.unique(first * sizes.size + second)
        a, b = sizes[kinds // sizes.size], sizes[kinds % sizes.size]
        within = a * (a - 1) if self.directed else a * (a - 1) // 2
        return int(np.where(kinds // sizes.size == kinds % sizes.size, within, a * b).sum())

    @property
    def missing(self) -> int:
        """Possible pairs without a row: where a permuted value lands on one, its row is left out."""
        return self.possible - self.n_rows

    @cached_property
    def count(self) -> int:
        """How many permutations there are: the product of factorials of the blocks' sizes."""
        return math.prod(math.factorial(int(size)) for size in np.bincount(self.block))

    @cached_property
    def _cells(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Keys of pairs in rising order with the row of each; or nothing and the table of all pairs."""
        keys, rows = self.ego * self.n_people + self.alter, np.arange(self.n_rows)
        if not self.directed:
            keys, rows = (
                np.concatenate([keys, self.alter * self.n_people + self.ego]),
                np.concatenate([rows, rows]),
            )
        if self.n_people**2 > MOST_CELLS:
            order = np.argsort(keys, kind="stable")
            return keys[order], rows[order]
        table = np.full(self.n_people**2, self.n_rows, dtype=np.int64 if self.n_people < 2000 else np.int32)
        table[keys] = rows
        return keys[:0], table

    def rows_after(self, orders: Codes) -> Codes:
        """Row whose value each row gets, when person i takes the place of person ``orders[·, i]``.

        Parameters
        ----------
        orders : ndarray of int, shape (draws, n_people)

        Returns
        -------
        ndarray of int, shape (draws, n)
            ``n`` where that pair has no row.
        """
        wanted = (orders * self.n_people).take(self.ego, axis=1)
        wanted += orders.take(self.alter, axis=1)
        return self._rows_of(wanted)

    @property
    def mirror(self) -> Codes:
        """Row of each row's pair seen from alter, ``n`` where there is none (ndarray of int, shape (n,))."""
        return self._rows_of(self.alter * self.n_people + self.ego)

    def _rows_of(self, wanted: Codes) -> Codes:
        keys, rows = self._cells
        if not keys.size:
            return rows.take(wanted)
        at = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
        return np.where(keys[at] == wanted, rows[at], self.n_rows)

    def drawn(self, draws: int, seed: int | None, most: int) -> Iterator[Codes]:
        """Random permutations, at most ``most`` at once; the same whatever that is.

        Only uniform numbers are asked of the generator, and people are put in their order: that is what
        stays the same over versions and machines.
        """
        rng = np.random.default_rng(seed)
        home = np.argsort(self.block, kind="stable")
        for first in range(0, draws, most):
            chance = rng.random((min(most, draws - first), self.n_people))
            orders = np.empty(chance.shape, dtype=np.int64)
            orders[:, home] = np.argsort(self.block + chance, axis=1, kind="stable")
            yield orders

    def every(self, most: int) -> Iterator[Codes]:
        """All permutations, the one that changes nothing first, at most ``most`` at once."""
        groups = [np.flatnonzero(self.block == one).tolist() for one in np.unique(self.block)]
        home = np.concatenate([np.array(group, dtype=np.int64) for group in groups])
        ways = _ways(groups)
        while chunk := list(itertools.islice(ways, most)):
            orders = np.empty((len(chunk), self.n_people), dtype=np.int64)
            orders[:, home] = chunk
            yield orders

    def orders(self, draws: int | None, seed: int | None, most: int) -> Iterator[Codes]:
        """All permutations where ``draws`` is None, else so many random ones."""
        return self.every(most) if draws is None else self.drawn(draws, seed, most)


def _ways(groups: list[list[int]]) -> Iterator[tuple[int, ...]]:
    """All orders of the first group, with all orders of the others: one at a time, as they are many."""
    if not groups:
        yield ()
        return
    for head in itertools.permutations(groups[0]):
        for rest in _ways(groups[1:]):
            yield head + rest


def relabelling(
    ego: NDArray[Any], alter: NDArray[Any], block: NDArray[Any] | None = None, *, directed: bool = True
) -> Relabelling:
    """Rows of pairs made ready for permutations of their people.

    Parameters
    ----------
    ego, alter : ndarray of int, shape (n,)
        Codes of the two of each row, from 0 on.
    block : ndarray of int, shape (n_people,), optional
        Block of each person. Without it people change places within the groups that the rows fall apart
        into, and of ordered pairs those who are ego alone or alter alone among themselves (`groups_of`):
        other pairs of theirs were never possible.
    directed : bool
        Whether rows are ordered pairs.

    Returns
    -------
    Relabelling

    Raises
    ------
    DesignError
        Where a pair has several rows, and where nobody can change places.

    Examples
    --------
    >>> people = relabelling(np.array([0, 1, 0]), np.array([1, 2, 2]), directed=False)
    >>> people.rows_after(np.array([[0, 1, 2], [1, 0, 2]])).tolist()
    [[0, 1, 2], [0, 2, 1]]
    >>> people.count, people.missing
    (6, 0)
    """
    ego, alter = np.asarray(ego, dtype=np.int64), np.asarray(alter, dtype=np.int64)
    n = int(max(ego.max(initial=-1), alter.max(initial=-1))) + 1
    one, two = (ego, alter) if directed else (np.minimum(ego, alter), np.maximum(ego, alter))
    repeated = ego.size - np.unique(one * n + two).size
    if repeated:
        raise DesignError(
            f"{counted(repeated, 'row')} of a pair that has a row already; a permutation moves one row a "
            "pair: choose one wave, or one row of each pair."
        )
    if block is None:
        block = groups_of(ego, alter, n, directed=directed)
    block = np.unique(np.asarray(block), return_inverse=True)[1].astype(np.int64)
    if block.size != n:
        raise ArgumentError(f"block has {block.size} values for {n} people; it must have one for each.")
    found = Relabelling(ego, alter, block, directed)
    if found.count == 1:
        raise DesignError("Every block has one person: nobody can change places.")
    return found


def groups_of(ego: NDArray[Any], alter: NDArray[Any], n_people: int, *, directed: bool = False) -> Codes:
    """Groups of people without a row between them; of ordered pairs, divided by who is ego, alter, or both.

    Who was not asked is alter alone: were others to take that place, their answers would be missing.

    Parameters
    ----------
    ego, alter : ndarray of int, shape (n,)
    n_people : int
    directed : bool
        Whether rows are ordered pairs, so that being ego means something.

    Returns
    -------
    ndarray of int, shape (n_people,)

    Examples
    --------
    >>> groups_of(np.array([0, 2]), np.array([1, 3]), 4).tolist()
    [0, 0, 1, 1]
    >>> groups_of(np.array([0, 1, 0]), np.array([1, 0, 2]), 3, directed=True).tolist()
    [1, 1, 0]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(ego.size, dtype=np.int8), (ego, alter)), shape=(n_people, n_people))
    group = connected_components(graph, directed=False)[1].astype(np.int64)
    if not directed:
        return group
    acts, receives = np.zeros((2, n_people), dtype=bool)
    acts[ego] = receives[alter] = True
    return np.unique(3 * group + acts + (acts & receives), return_inverse=True)[1].astype(np.int64)


def number_of_draws(draws: int | str, people: Relabelling, seed: int | None) -> int | None:
    """How many permutations are drawn; None where all are tried: on request, or where there are no more.

    Parameters
    ----------
    draws : int or "all"
    people : Relabelling
    seed : int or None

    Raises
    ------
    ArgumentError
        For a number that is none, and where all are too many.

    Examples
    --------
    >>> trio = relabelling(np.array([0, 1, 2]), np.array([1, 2, 0]))
    >>> number_of_draws(5000, trio, 1) is None, number_of_draws(5, trio, 1)
    (True, 5)
    """
    check_seed(seed)
    if isinstance(draws, str):
        if draws != "all":
            raise ArgumentError(f"draws is {draws!r}; it must be a whole number from 1 on, or 'all'.")
        if people.count > MOST_ORDERS:
            # of a thousand people it is a number that no float holds
            digits = sum(math.lgamma(size + 1) for size in np.bincount(people.block)) / math.log(10)
            raise ArgumentError(
                f"There are about 10^{digits:.0f} permutations, more than {MOST_ORDERS:,}: too many to try "
                "all. Say how many to draw."
            )
        return None
    whole = isinstance(draws, int | np.integer) and not isinstance(draws, bool)
    if not whole or draws < 1:
        raise ArgumentError(f"draws is {draws!r}; it must be a whole number from 1 on, or 'all'.")
    return None if people.count <= draws else int(draws)

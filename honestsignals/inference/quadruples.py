"""Quadruples of rows in which sender and receiver effects cancel: two senders, two receivers, four rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.clusters import Codes, Floats, person_codes

CHUNK = 500_000
"""Quadruples that are held at once (a few tens of MB)."""

Signs = NDArray[np.float64]
SIGNS: Signs = np.array([1.0, -1.0, -1.0, 1.0])
"""Of the rows (i, j), (k, j), (i, l), (k, l): what a sender or a receiver adds to two of them cancels."""


class Arrangement(NamedTuple):
    """Rows by sender and receiver.

    Attributes
    ----------
    cells : ndarray of int, shape (N, N, m)
        The rows of each ordered pair, −1 where there are fewer than m.
    label : ndarray of int, shape (N, N, m)
        Their labels, 0 or 1; −1 where there is no row.
    directed : bool
        Whether a row has a sender and a receiver; else it stands at (i, j) and at (j, i).
    """

    cells: Codes
    label: NDArray[np.int8]
    directed: bool


def arranged(ego: NDArray[Any], alter: NDArray[Any], y: NDArray[Any], *, directed: bool) -> Arrangement:
    """Rows arranged by who sends and who receives.

    Parameters
    ----------
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    y : ndarray, shape (n,)
        Labels, 0 or 1.
    directed : bool

    Returns
    -------
    Arrangement

    Examples
    --------
    >>> found = arranged(np.array([0, 0]), np.array([1, 2]), np.array([1, 0]), directed=False)
    >>> found.cells[:, :, 0].tolist()
    [[-1, 0, 1], [0, -1, -1], [1, -1, -1]]
    """
    ego, alter, n_people = person_codes(ego, alter)
    rows = np.arange(ego.size)
    if not directed:
        ego, alter, rows = np.concatenate([ego, alter]), np.concatenate([alter, ego]), np.tile(rows, 2)
    cell = ego * n_people + alter
    order = np.argsort(cell, kind="stable")
    sizes = np.bincount(cell, minlength=n_people**2)
    place = np.arange(cell.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    cells = np.full((n_people**2, int(sizes.max())), -1, dtype=np.int64)
    cells[cell[order], place] = rows[order]
    label = np.append(np.asarray(y).astype(np.int8), np.int8(-1))[cells]
    shape = (n_people, n_people, cells.shape[1])
    return Arrangement(cells.reshape(shape), label.reshape(shape), directed)


def counts(arrangement: Arrangement) -> tuple[int, int]:
    r"""How many quadruples are informative, and how many there are, without listing them.

    A quadruple has four people and a row for each of (i, j), (k, j), (i, l), (k, l); it is informative where
    labels alternate: :math:`y_{ij} = y_{kl} \ne y_{kj} = y_{il}`. Where rows have no direction it is a cycle
    of four pairs, and each counts once.

    Parameters
    ----------
    arrangement : Arrangement

    Returns
    -------
    informative, all : int

    Examples
    --------
    >>> ego, alter = np.nonzero(~np.eye(4, dtype=bool))
    >>> counts(arranged(ego, alter, (ego + 1) % 4 == alter, directed=True))
    (2, 6)
    """
    ones = (arrangement.label == 1).sum(axis=2).astype(float)
    zeros = (arrangement.label == 0).sum(axis=2).astype(float)
    rows = ones + zeros
    above = np.triu_indices(rows.shape[0], k=1)
    up = ones @ zeros.T
    # What two rows of one receiver would make is no quadruple: its people are three.
    informative = (up * up.T - (ones * zeros) @ (ones * zeros).T)[above].sum()
    every = (((rows @ rows.T) ** 2 - rows**2 @ (rows**2).T) / 2)[above].sum()
    twice = 1 if arrangement.directed else 2
    return round(float(informative) / twice), round(float(every) / twice)


def drawn_pairs(n_people: int, sample: int, seed: int | None) -> NDArray[np.bool_]:
    """A seeded sample of pairs of senders, without replacement.

    Parameters
    ----------
    n_people, sample : int
    seed : int or None

    Returns
    -------
    ndarray of bool, shape (n_people, n_people)
        Above the diagonal: whether the pair was drawn.

    Examples
    --------
    >>> int(drawn_pairs(10, 20, seed=1).sum())
    20
    """
    one, other = np.triu_indices(n_people, k=1)
    places = np.random.default_rng(seed).choice(one.size, size=min(sample, one.size), replace=False)
    chosen = np.zeros((n_people, n_people), dtype=bool)
    chosen[one[places], other[places]] = True
    return chosen


def informative(arrangement: Arrangement, chosen: NDArray[np.bool_] | None = None) -> Iterator[Codes]:
    """Every informative quadruple once, in chunks, as its four rows in the order of `SIGNS`.

    Rows come so that the first and the last have label 1.

    Parameters
    ----------
    arrangement : Arrangement
    chosen : ndarray of bool, shape (N, N), optional
        Pairs of senders to take; all where absent.

    Yields
    ------
    ndarray of int, shape (q, 4)

    Examples
    --------
    >>> ego, alter = np.nonzero(~np.eye(4, dtype=bool))
    >>> rows = np.concatenate(list(informative(arranged(ego, alter, (ego + 1) % 4 == alter, directed=True))))
    >>> [[(int(ego[r]), int(alter[r])) for r in one] for one in rows]
    [[(0, 1), (2, 1), (0, 3), (2, 3)], [(1, 2), (3, 2), (1, 0), (3, 0)]]
    """
    n_people = arrangement.cells.shape[0]
    for sender in range(n_people - 1):
        others = np.arange(sender + 1, n_people)
        if chosen is not None:
            others = others[chosen[sender, others]]
        if others.size:
            yield from _of_sender(arrangement, sender, others)


def row_sums(rows: Codes, values: Floats, count: int) -> Floats:
    """Sum of a column over the quadruples that each row is in.

    Parameters
    ----------
    rows : ndarray of int, shape (q, 4)
    values : ndarray, shape (q,)
    count : int
        Number of rows.

    Returns
    -------
    ndarray, shape (count,)

    Examples
    --------
    >>> row_sums(np.array([[0, 1, 2, 4]]), np.array([2.0]), 5).tolist()
    [2.0, 2.0, 2.0, 0.0, 2.0]
    """
    total = np.zeros(count)
    for place in range(4):
        total += np.bincount(rows[:, place], weights=values, minlength=count)
    return total


def _of_sender(arrangement: Arrangement, sender: int, others: Codes) -> Iterator[Codes]:
    """Informative quadruples of one sender with each of some other senders."""
    mine, theirs = arrangement.label[sender][None, :, :, None], arrangement.label[others][:, :, None, :]
    up, down = (mine == 1) & (theirs == 0), (mine == 0) & (theirs == 1)
    if not arrangement.directed:
        # A cycle of four stands at both its pairs of opposite people: taken at the one of its first person.
        up[:, : sender + 1], down[:, : sender + 1] = False, False
    sides = []
    for side in (up, down):
        other, receiver, first, second = np.nonzero(side)
        rows = np.column_stack(
            [arrangement.cells[sender][receiver, first], arrangement.cells[others[other], receiver, second]]
        )
        sizes = np.bincount(other, minlength=others.size)
        sides.append((rows, receiver, sizes, np.cumsum(sizes) - sizes))
    (up_rows, up_receiver, up_sizes, up_start), (down_rows, down_receiver, down_sizes, down_start) = sides
    totals = up_sizes * down_sizes
    for part in _parts(totals):
        at = np.repeat(part, totals[part])
        within = np.arange(at.size) - np.repeat(np.cumsum(totals[part]) - totals[part], totals[part])
        one = up_start[at] + within // down_sizes[at]
        two = down_start[at] + within % down_sizes[at]
        if arrangement.cells.shape[2] > 1:
            apart = up_receiver[one] != down_receiver[two]
            one, two = one[apart], two[apart]
        if one.size:
            yield np.column_stack([up_rows[one], down_rows[two]]).astype(np.int32)


def _parts(totals: Codes) -> Iterator[Codes]:
    """Places with something, cut so that no part holds more than a chunk (but for one place alone)."""
    places = np.flatnonzero(totals)
    part = np.cumsum(totals[places]) // CHUNK
    for number in np.unique(part):
        yield places[part == number]

"""Rows of pairs whose columns change places: a pair gets those of another, all its rows together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.clusters import Floats, pair_codes
from honestsignals.inference.scores_registry import Scored

Rows = NDArray[np.intp]
Places = tuple[tuple[Rows, int], ...]
"""For each sort of pairs their rows, (P, rows of a pair), and how many of them go first where the two
directions may change places; 0 where they may not."""


def places_of(
    ego: NDArray[Any],
    alter: NDArray[Any],
    kind: NDArray[Any],
    *,
    ordered: bool,
    order: NDArray[Any] | None = None,
) -> Places:
    """Rows laid out so that pairs of one sort can change places.

    Pairs are of one sort that have as many rows each way, of the same kinds in the same order, seen from the
    one person or from the other.

    Parameters
    ----------
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    kind : ndarray of int, shape (n,)
        What kind of row it is.
    ordered : bool
        Whether (i, j) and (j, i) are different rows of one pair.
    order : ndarray, shape (n,), optional
        Which of several rows of a pair in one direction comes first; else the order of rows says.

    Returns
    -------
    tuple of (ndarray of int, int)

    Examples
    --------
    >>> ego, alter = np.array([0, 1, 0, 2, 3]), np.array([1, 0, 2, 0, 1])
    >>> both = places_of(ego, alter, np.array([0, 1, 1, 0, 0]), ordered=True)
    >>> [(rows.tolist(), turn) for rows, turn in both]
    [([[4]], 0), ([[1, 0], [2, 3]], 0)]
    """
    pair = pair_codes(ego, alter)
    back = (np.asarray(ego) > np.asarray(alter)) & ordered
    n_pairs = int(pair.max()) + 1
    forth, behind = (np.bincount(pair, one, n_pairs).astype(np.intp) for one in (~back, back))
    row = np.lexsort((np.arange(len(pair)) if order is None else order, back, pair))
    start = np.concatenate([[0], np.cumsum(forth + behind)[:-1]])
    found: list[tuple[Rows, int]] = []
    for first, second in np.unique(np.sort(np.column_stack([forth, behind])), axis=0).tolist():
        # a pair with more rows one way than the other is seen from the side of more
        straight = (forth == second) & (behind == first)
        rows = row[start[straight][:, None] + np.arange(first + second)]
        if first != second:
            turned = row[start[(forth == first) & (behind == second)][:, None] + np.arange(first + second)]
            rows = np.concatenate([rows, np.roll(turned, second, axis=1)])
        found += _sorts(rows, np.asarray(kind), first if first == second else 0)
    return tuple(found)


def _sorts(rows: Rows, kind: NDArray[Any], half: int) -> list[tuple[Rows, int]]:
    """Pairs with as many rows each way, by the kinds of their rows."""
    kinds = kind[rows]
    if half:
        ranks = np.unique(kinds.reshape(-1, half), axis=0, return_inverse=True)[1].reshape(-1, 2)
        swap = ranks[:, 0] < ranks[:, 1]
        rows = rows.copy()
        rows[swap] = np.roll(rows[swap], half, axis=1)
        kinds = kind[rows]
    sort = np.unique(kinds, axis=0, return_inverse=True)[1].ravel()
    found = []
    for place in range(int(sort.max()) + 1):
        some = rows[sort == place]
        alike = half > 0 and np.array_equal(kind[some[0, :half]], kind[some[0, half:]])
        found.append((some, half if alike else 0))
    return found


def dealt_anew(places: Places, draws: np.random.Generator) -> Rows:
    """Of which row each row gets the columns: pairs change places at random, either way round.

    Parameters
    ----------
    places : tuple
        As `places_of` has them.
    draws : numpy.random.Generator

    Returns
    -------
    ndarray of int, shape (n,)
        A permutation. A pair that is alone of its sort keeps its own.

    Examples
    --------
    >>> ego, alter = np.array([0, 1, 0, 2, 3]), np.array([1, 0, 2, 0, 1])
    >>> places = places_of(ego, alter, np.zeros(5, dtype=int), ordered=True)
    >>> dealt_anew(places, np.random.default_rng(3)).tolist()
    [3, 2, 0, 1, 4]
    """
    source = np.empty(sum(rows.size for rows, _ in places), dtype=np.intp)
    for rows, half in places:
        giver = rows[draws.permutation(len(rows))]
        if half and len(rows) > 1:
            turned = draws.random(len(rows)) < 0.5
            giver[turned] = np.roll(giver[turned], half, axis=1)
        source[rows] = giver
    return source


def staying(places: Places) -> int:
    """Rows of pairs that are alone of their sort, so that nothing can be dealt to them.

    >>> ego, alter = np.array([0, 1, 2, 3]), np.array([1, 0, 3, 4])
    >>> staying(places_of(ego, alter, np.zeros(4, dtype=int), ordered=True))
    2
    """
    return sum(rows.size for rows, _ in places if len(rows) == 1)


def drop_of(whole: Scored, dealt: Sequence[tuple[Scored, Rows]], higher: bool) -> Scored:
    r"""What a score loses by dealing, and what each row moves the loss by.

    .. math:: D = S - \frac1R \sum_r S_r, \qquad
        \psi_i = -\frac1R \sum_r \big[\delta_{r,i} + \delta_{r,\sigma_r^{-1}(i)}\big], \qquad
        \delta_r = \psi_r - \psi_S

    with :math:`\sigma_r(i)` the row whose columns row i gets in deal r. A row moves the score after dealing
    twice: by its label and the columns it kept, and by the columns that it gave to another.

    Parameters
    ----------
    whole : Scored
        Score of the predictions as they are.
    dealt : sequence of (Scored, ndarray of int)
        After each deal: the score, and of which row each row got the columns.
    higher : bool
        Whether higher is better; else the rise is the loss.

    Returns
    -------
    Scored

    Examples
    --------
    >>> as_it_is = Scored(0.75, np.array([0.25, -0.25]))
    >>> drop_of(as_it_is, [(Scored(0.5, np.array([-0.5, 0.5])), np.array([1, 0]))], True)
    Scored(value=0.25, influence=array([0., 0.]))
    """
    sign = 1.0 if higher else -1.0
    value = sign * float(np.mean([whole.value - one.value for one, _ in dealt]))
    moved: Floats = np.zeros(len(whole.influence))
    for one, source in dealt:
        change = one.influence - whole.influence
        moved -= change
        moved[source] -= change
    return Scored(value, sign * moved / len(dealt))

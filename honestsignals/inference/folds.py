"""Folds of pairs of people: which rows train a model and which test it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import ArgumentError

Codes = NDArray[np.int64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]

PAIRS = ("inside", "across")
"""Tested pairs: both people never seen in training, or one of them known."""

MANY_PEOPLE = 40
"""From so many people on they are divided into three groups; below, two keep enough pairs inside."""


class Masks(NamedTuple):
    """Rows of one fold, as masks.

    Attributes
    ----------
    division : int
        Which random division of people or pairs, from 0; 0 where nothing is random.
    fold : int
        Which fold of that division, from 0.
    train, test : ndarray of bool, shape (n,)
    """

    division: int
    fold: int
    train: Bools
    test: Bools


class Fold(NamedTuple):
    """Rows of one fold, by their places.

    Attributes
    ----------
    division : int
        Which random division of people or pairs, from 0; 0 where nothing is random.
    fold : int
        Which fold of that division, from 0; folds without rows leave gaps.
    train, test : ndarray of int
        Places of rows, ascending.
    """

    division: int
    fold: int
    train: Indices
    test: Indices


def usual_groups(n_people: int) -> int:
    """Groups that people are divided into unless asked otherwise: 3, or 2 below 40 people.

    >>> usual_groups(39), usual_groups(40)
    (2, 3)
    """
    return 3 if n_people >= MANY_PEOPLE else 2


def dealt(count: int, groups: int, seed: int, division: int) -> Codes:
    """Things dealt at random into groups whose sizes differ by one at most.

    Parameters
    ----------
    count : int
        Things (people or pairs), in an order that does not depend on rows.
    groups : int
    seed, division : int
        Division k of a seed is the same however many divisions there are.

    Returns
    -------
    ndarray of int, shape (count,)
        Group of each, from 0.

    Examples
    --------
    >>> np.bincount(dealt(8, 3, seed=0, division=0)).tolist()
    [3, 3, 2]
    """
    draws = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(division,))))
    found = np.empty(count, dtype=np.int64)
    found[draws.permutation(count)] = np.arange(count) % groups
    return found


def people_masks(
    ego: Codes, alter: Codes, *, groups: int, divisions: int, pairs: str, seed: int
) -> Iterator[Masks]:
    """Folds by people: each group of each division is left out once.

    Training rows have both people outside the group. Tested rows have both inside it ("inside"), or
    exactly one ("across").

    Parameters
    ----------
    ego, alter : ndarray of int, shape (n,)
        People as 0 … N − 1.
    groups, divisions : int
    pairs : {"inside", "across"}
    seed : int

    Yields
    ------
    Masks

    Examples
    --------
    >>> ego, alter = np.triu_indices(6, k=1)
    >>> masks = people_masks(ego, alter, groups=2, divisions=1, pairs="inside", seed=0)
    >>> [(int(one.train.sum()), int(one.test.sum())) for one in masks]
    [(3, 3), (3, 3)]
    """
    n_people = int(max(ego.max(), alter.max())) + 1
    for division in range(divisions):
        group = dealt(n_people, groups, seed, division)
        first, second = group[ego], group[alter]
        for fold in range(groups):
            one, two = first == fold, second == fold
            yield Masks(division, fold, ~(one | two), one & two if pairs == "inside" else one ^ two)


def time_cuts(moments: NDArray[Any], count: int) -> NDArray[Any]:
    """Moments that cut rows into count + 1 stretches of about as many rows; ties are never cut.

    The k-th is the last moment with at most k / (count + 1) of the rows strictly before it, but never the
    first of all moments, since nothing comes before that. Cuts that fall together are one.

    Parameters
    ----------
    moments : ndarray, shape (n,)
    count : int

    Returns
    -------
    ndarray
        Ascending; empty where all moments are the same.

    Examples
    --------
    >>> time_cuts(np.arange(12), 2).tolist(), time_cuts(np.array([1, 1, 1, 2]), 5).tolist()
    ([4, 8], [2])
    """
    ordered = np.sort(moments)
    later = ordered[ordered > ordered[0]]
    if not later.size:
        return later
    places = len(ordered) * np.arange(1, count + 1) // (count + 1)
    return np.unique(np.maximum(ordered[places], later[0]))


def time_masks(moments: NDArray[Any], cuts: NDArray[Any], embargo: float) -> Iterator[Masks]:
    """Folds by time: train on what came before a cut, test on what came from it to the next.

    Parameters
    ----------
    moments : ndarray, shape (n,)
    cuts : ndarray
        Ascending. A row at a cut is after it.
    embargo : float
        Training ends strictly before the cut less this.

    Yields
    ------
    Masks

    Examples
    --------
    >>> masks = time_masks(np.arange(6), np.array([2, 4]), 1)
    >>> [(np.flatnonzero(one.train).tolist(), np.flatnonzero(one.test).tolist()) for one in masks]
    [([0], [2, 3]), ([0, 1, 2], [4, 5])]
    """
    stretch = np.searchsorted(cuts, moments, side="right")
    for fold, cut in enumerate(cuts):
        yield Masks(0, fold, moments < cut - embargo, stretch == fold + 1)


def crossed(people: Iterable[Masks], times: Iterable[Masks]) -> Iterator[Masks]:
    """Folds by people and time together: rows that both would train on, and rows that both would test.

    Parameters
    ----------
    people, times : iterable of Masks
        Of the same rows.

    Yields
    ------
    Masks
        Folds of a division are counted through: the times of the first group, then of the next.

    Examples
    --------
    >>> ego, alter = np.array([0, 1, 2, 3]), np.array([1, 0, 3, 2])
    >>> one = Masks(0, 0, ego > 1, ego < 2)
    >>> both = crossed([one], time_masks(np.array([0, 1, 0, 1]), np.array([1]), 0))
    >>> [(np.flatnonzero(one.train).tolist(), np.flatnonzero(one.test).tolist()) for one in both]
    [([2], [1])]
    """
    cuts = list(times)
    for one, (place, two) in product(people, enumerate(cuts)):
        fold = one.fold * len(cuts) + place
        yield Masks(one.division, fold, one.train & two.train, one.test & two.test)


def code_masks(codes: Codes) -> Iterator[Masks]:
    """Each code left out once: train on all other rows.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        From 0.

    Yields
    ------
    Masks

    Examples
    --------
    >>> [np.flatnonzero(one.test).tolist() for one in code_masks(np.array([0, 1, 0]))]
    [[0, 2], [1]]
    """
    for fold in range(int(codes.max()) + 1):
        test = codes == fold
        yield Masks(0, fold, ~test, test)


def pair_masks(pairs: Codes, *, folds: int, divisions: int, seed: int) -> Iterator[Masks]:
    """Pairs dealt at random into folds; all rows of a pair are in one.

    Parameters
    ----------
    pairs : ndarray of int, shape (n,)
        Unordered pairs as 0 … D − 1.
    folds, divisions, seed : int

    Yields
    ------
    Masks

    Examples
    --------
    >>> masks = pair_masks(np.array([0, 0, 1, 1]), folds=2, divisions=1, seed=0)
    >>> sorted(np.flatnonzero(one.test).tolist() for one in masks)
    [[0, 1], [2, 3]]
    """
    for division in range(divisions):
        of_row = dealt(int(pairs.max()) + 1, folds, seed, division)[pairs]
        for one in code_masks(of_row):
            yield one._replace(division=division)


def folds_of(masks: Iterable[Masks], none: str) -> Iterator[Fold]:
    """Folds that have rows to train on and rows to test; the others are passed over.

    Parameters
    ----------
    masks : iterable of Masks
    none : str
        What to say where no fold has both.

    Yields
    ------
    Fold

    Raises
    ------
    ArgumentError
        Where no fold has both.

    Examples
    --------
    >>> masks = time_masks(np.arange(4), np.array([0, 2]), 0)
    >>> [(one.fold, one.train.tolist(), one.test.tolist()) for one in folds_of(masks, "")]
    [(1, [0, 1], [2, 3])]
    """
    empty = True
    for one in masks:
        train, test = np.flatnonzero(one.train), np.flatnonzero(one.test)
        if train.size and test.size:
            empty = False
            yield Fold(one.division, one.fold, train, test)
    if empty:
        raise ArgumentError(none)

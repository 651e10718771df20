"""Binomial arithmetic of a pair's acts: tails, the two-sided mid-p, the imbalance that chance gives.

Of N acts each is ego's with chance π. The chance of the other, 1 − π, is always handed over too: taken from
1 it would lose its digits where it is small, and a pair would not be the mirror of itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import betainc, gammaln, xlogy

Array = np.ndarray[Any, np.dtype[Any]]

SMALL = 256
"""Acts below it have their probabilities from logarithms of factorials, which lose digits in large ones."""
FEW = 2048
"""Pairs of counts below it are looked up in a table of all such pairs; the few others are sorted."""


def at_most(given: Array, acts: Array, other: Array) -> Array:
    """P(X ≤ given) of X ~ Binomial(acts, 1 − other), by the incomplete beta function.

    >>> at_most(np.array([-1, 0, 2]), np.array([2, 2, 2]), np.array([0.5, 0.5, 0.5]))
    array([0.  , 0.25, 1.  ])
    """
    # beyond either end the function is not asked: it takes no parameter of 0 or below
    inside = betainc(np.maximum(acts - given, 1.0), np.maximum(given + 1.0, 1.0), other)
    return np.where(given < 0, 0.0, np.where(given >= acts, 1.0, inside))


def below_and_up_to(given: Array, acts: Array, chance: Array, other: Array) -> tuple[Array, Array]:
    """P(X < given) and P(X ≤ given) of X ~ Binomial(acts, chance).

    Parameters
    ----------
    given, acts : ndarray of int, shape (n_dyads,)
        Given from 0 to acts.
    chance, other : ndarray, shape (n_dyads,)
        The chance of each act, and 1 less it.
    """
    below = at_most(given - 1, acts, other)
    up_to = np.empty(len(below))
    few = acts < SMALL
    many = np.flatnonzero(~few)
    up_to[many] = at_most(given[many], acts[many], other[many])
    factorial = gammaln(np.arange(1.0, SMALL + 1))
    acts, rest = np.where(few, acts, 0), np.where(few, acts - given, 0)
    given = np.where(few, given, 0)
    ways = factorial[acts] - factorial[given] - factorial[rest]
    exactly = np.exp(ways + xlogy(given, chance) + xlogy(rest, other))
    np.copyto(up_to, np.minimum(below + exactly, 1.0), where=few)
    return below, up_to


def mid_p(given_ego: Array, given_alter: Array, chance_ego: Array, chance_alter: Array) -> Array:
    """Two-sided mid-p: twice the smaller of P(X < w) + P(X = w)/2 and P(X > w) + P(X = w)/2.

    Parameters
    ----------
    given_ego, given_alter : ndarray of int, shape (n_dyads,)
        w and N − w.
    chance_ego, chance_alter : ndarray, shape (n_dyads,)
        π and 1 − π.

    Returns
    -------
    ndarray, shape (n_dyads,)
        NaN where N is 0, or where either chance is 0 and nothing is left to chance.
    """
    acts = given_ego + given_alter
    # the tail on the side of the fewer acts: the other would be a difference of ones
    flipped = given_ego * chance_alter > given_alter * chance_ego
    fewer = np.where(flipped, given_alter, given_ego)
    chances = np.where(flipped, chance_alter, chance_ego), np.where(flipped, chance_ego, chance_alter)
    below, up_to = below_and_up_to(fewer, acts, *chances)
    # near the middle of a skew distribution the other tail may be the smaller
    p = np.minimum(below + up_to, 2.0 - (below + up_to))
    return np.where((acts > 0) & (chance_ego > 0) & (chance_alter > 0), p, math.nan)


def expected_imbalance(acts: Array, chance_ego: Array, chance_alter: Array) -> Array:
    """Mean of abs(2X − N) / N over X ~ Binomial(N, π), exactly.

    With m = ⌊N/2⌋ and F of Binomial(N − 1, π) it is (2π − 1)(1 − 2F(m − 1)) + 2(1 − π)(F(m) − F(m − 1)): from
    abs(x) = x + 2 max(−x, 0), E[X; X ≤ m] = Nπ F(m − 1), and P(X ≤ m) = F(m − 1) + (1 − π)(F(m) − F(m − 1)).
    Neither term is ever negative.

    Parameters
    ----------
    acts : ndarray of int, shape (n_dyads,)
        N.
    chance_ego, chance_alter : ndarray, shape (n_dyads,)
        π and 1 − π.

    Returns
    -------
    ndarray, shape (n_dyads,)
        NaN where N is 0.
    """
    # no act has no mean: it is left out at the end, and is one act till then
    below, up_to = below_and_up_to(acts // 2, np.maximum(acts, 1) - 1, chance_ego, chance_alter)
    mean = (chance_ego - chance_alter) * (1 - 2 * below) + 2 * chance_alter * (up_to - below)
    return np.where(acts > 0, mean, math.nan)


def of_distinct(function: Callable[[Array, Array], Array], one: Array, other: Array) -> Array:
    """A function of two counts, worked out once for every distinct pair of them.

    A large table has few: its pairs of people with one act and none are one pair of counts.

    Parameters
    ----------
    function : callable
        Of two arrays of counts, value by value.
    one, other : ndarray of int, shape (n_dyads,)
        The counts, none negative.

    Returns
    -------
    ndarray, shape (n_dyads,)
    """
    one, other = (np.asarray(counts, dtype=np.int64) for counts in (one, other))
    large = np.flatnonzero((one >= FEW) | (other >= FEW))
    key = one * FEW + other
    key[large] = 0
    there = np.zeros(FEW * FEW, dtype=bool)
    there[key] = True
    found = np.flatnonzero(there)
    table = np.empty(FEW * FEW)
    table[found] = function(found // FEW, found % FEW)
    out = table[key]
    if len(large):
        pairs, place = np.unique(np.stack([one[large], other[large]]), axis=1, return_inverse=True)
        out[large] = function(pairs[0], pairs[1])[place.reshape(-1)]
    return out

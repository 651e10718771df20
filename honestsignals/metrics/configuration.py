"""Random networks in which each person gives and gets, on average, as much as in the one seen.

Of all such networks those that say nothing more: a tie is there with p = 1 / (1 + exp(u)), an amount is at
least w with p = exp(-u w), where u = a_i + b_j. People with the same totals have the same a and b, so that
only groups of them are solved for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from honestsignals.errors import DesignError
from honestsignals.metrics.census import check_counts
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]
Moments = Callable[[Array], tuple[Array, Array, Array]]

MOST_GROUPS = 1_000
"""Different pairs of totals up to which a network is solved: matrices of twice as many rows."""
CLOSE = 1e-11
"""How near the totals must come, against the largest."""
MOST_STEPS = 200
"""Steps after which there is no solution; where a tie turns out to be certain it takes some thirty."""


@dataclass(frozen=True, eq=False)
class Margins:
    """People by what each gave and got in all.

    Attributes
    ----------
    given, received : ndarray of float64, shape (n_groups,)
        Totals of each person of a group.
    people : ndarray of float64, shape (n_groups,)
        How many people have them.
    pairs : ndarray of float64, shape (n_groups, n_groups)
        Ordered pairs of different people, the first of the row's group, the second of the column's.
    """

    given: Array
    received: Array
    people: Array
    pairs: Array

    @property
    def total(self) -> float:
        """All that was given."""
        return float(self.given @ self.people)


def margins(ties: Ties) -> Margins:
    """Groups of people with the same totals.

    Raises
    ------
    DesignError
        Where pairs could not be or are not known, and for too many groups.
    """
    if not ties.complete:
        raise DesignError("It needs every pair of people, and some could not be or are not known.")
    totals = np.stack([ties.given(), ties.received()], axis=1).astype(float)
    groups, many = np.unique(totals, axis=0, return_counts=True)
    if len(groups) > MOST_GROUPS:
        raise DesignError(
            f"{len(groups):,} people who differ in what they gave and got in all: it is solved for up to "
            f"{MOST_GROUPS:,}."
        )
    people = many.astype(float)
    return Margins(groups[:, 0], groups[:, 1], people, np.outer(people, people) - np.diag(people))


def returned_ties(ties: Ties) -> float:
    """Share of the ties that such a network returns, on average; NaN without ties."""
    group = margins(ties)
    if group.total == 0:
        return math.nan
    rest, certain = _settled(group)
    start = -np.log(np.maximum(np.stack([rest.given, rest.received]), 1) / math.sqrt(group.total))
    chance = np.where(certain, 1.0, _of_ties(_solved(rest, start, _of_ties))[1])
    return min(1.0, float((group.pairs * chance * chance.T).sum()) / group.total)


def returned_amounts(ties: Ties) -> float:
    """Share of the amounts that such a network returns, on average; NaN without any.

    Raises
    ------
    DesignError
        For amounts that are no counts.
    """
    check_counts(ties)
    group = margins(ties)
    if group.total == 0:
        return math.nan
    centre = np.flatnonzero(group.given + group.received == group.total)
    if len(centre):
        u = _star(group, int(centre[0]))
    else:
        start = np.log1p(group.people.sum() / np.maximum(np.stack([group.given, group.received]), 1)) / 2
        u = _solved(group, start, _of_amounts)
    twice = u + u.T
    return float((group.pairs * np.exp(-twice) / -np.expm1(-twice)).sum()) / group.total


def _of_ties(u: Array) -> tuple[Array, Array, Array]:
    """Part of the log likelihood, mean and variance of a tie."""
    from scipy.special import expit

    mean = expit(-u)
    return -np.logaddexp(0, -u), mean, mean * expit(u)


def _of_amounts(u: Array) -> tuple[Array, Array, Array]:
    """Part of the log likelihood, mean and variance of an amount; none of these for a u of 0 or less."""
    if (u <= 0).any():
        return np.full_like(u, -math.inf), u, u
    with np.errstate(over="ignore"):
        mean = 1 / np.expm1(u)
    return np.log(-np.expm1(-u)), mean, mean * (1 + mean)


def _settled(group: Margins) -> tuple[Margins, Array]:
    """What is left to solve for after ties that are certain, and which those are.

    Whoever gave to all who could be given to leaves nothing open, nor does whoever gave to nobody; without
    these the same holds for others, and so on. Ties that are certain otherwise come near in the end.
    """
    given, received, pairs = group.given.copy(), group.received.copy(), group.pairs.copy()
    certain = np.zeros(pairs.shape, dtype=bool)
    settled = True
    while settled:
        settled = False
        for own, others, to in ((given, received, pairs), (received, given, pairs.T)):
            open_to = to.sum(axis=1) / group.people
            all_of_them = (own == open_to) & (open_to > 0)
            there = to[all_of_them] > 0
            (certain if to is pairs else certain.T)[all_of_them] |= there
            np.subtract(others, to[all_of_them].sum(axis=0) / group.people, out=others)
            own[all_of_them] = 0
            done = (own == 0) & (open_to > 0)
            to[done] = 0
            settled = settled or bool(done.any())
    return Margins(given, received, group.people, pairs), certain


def _star(group: Margins, centre: int) -> Array:
    """The u of a network in which everything goes to or comes from one person: each amount is known."""
    u = np.full(group.pairs.shape, math.inf)
    with np.errstate(divide="ignore"):
        u[centre], u[:, centre] = np.log1p(1 / group.received), np.log1p(1 / group.given)
    # the one is not a pair, two of the same totals are
    u[centre, centre] = u[centre, centre] if group.pairs[centre, centre] else math.inf
    return u


def _solved(group: Margins, start: Array, moments: Moments) -> Array:
    """The u of each pair of groups, infinite where the first gave nothing or the second got nothing.

    Newton's method on the log likelihood, which has one top; steps are halved until they go up.
    """
    rows, columns = np.flatnonzero(group.given), np.flatnonzero(group.received)
    pairs = group.pairs[np.ix_(rows, columns)]
    many = np.concatenate([group.people[rows], group.people[columns]])
    wanted = np.concatenate([group.given[rows], group.received[columns]])
    x = np.concatenate([start[0, rows], start[1, columns]])

    def spread(x: Array) -> Array:
        # a pair of one with oneself is none: any u does
        return np.where(pairs > 0, x[: len(rows), None] + x[None, len(rows) :], 1.0)

    def height(x: Array) -> float:
        parts = moments(spread(x))[0]
        return float((pairs * parts).sum() - (many * wanted) @ x) if np.isfinite(parts).all() else -math.inf

    for _ in range(MOST_STEPS):
        _, mean, variance = moments(spread(x))
        mean = pairs * mean
        over = np.concatenate([mean.sum(axis=1), mean.sum(axis=0)]) - many * wanted
        if (np.abs(over) <= CLOSE * wanted.max(initial=0) * many).all():
            out = np.full(group.pairs.shape, math.inf)
            out[np.ix_(rows, columns)] = np.where(pairs > 0, spread(x), math.inf)
            return out
        x = _climbed(x, _step(pairs * variance, over), over, height)
    raise DesignError(f"No network with these totals was found in {MOST_STEPS} steps.")


def _step(variance: Array, over: Array) -> Array:
    """Newton's step, in units in which every diagonal of the matrix is 1."""
    from scipy.linalg import solve

    rows = len(variance)
    matrix = np.zeros((len(over), len(over)))
    matrix[:rows, rows:], matrix[rows:, :rows] = variance, variance.T
    diagonal = np.concatenate([variance.sum(axis=1), variance.sum(axis=0)])
    matrix[np.diag_indices(len(over))] = diagonal
    unit = np.sqrt(np.maximum(diagonal, np.finfo(float).tiny))
    matrix /= np.outer(unit, unit)
    # all a may rise as all b fall, which changes nothing: a small ridge picks one of them
    matrix[np.diag_indices(len(over))] += 1e-12
    return solve(matrix, over / unit, assume_a="pos") / unit


def _climbed(x: Array, step: Array, slope: Array, height: Callable[[Array], float]) -> Array:
    """The point after the step, or after as small a part of it as is needed to get higher."""
    here, gain, part = height(x), float(slope @ step), 1.0
    # near the top the heights differ by less than decimals tell
    blur = 1e-12 * (1 + abs(here))
    while part > 1e-12:
        if height(x + part * step) >= here + 1e-4 * part * gain - blur:
            return x + part * step
        part /= 2
    return x

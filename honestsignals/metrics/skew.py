"""Skew symmetry by person and pair: dyadic and generalized reciprocity, and overall asymmetry.

With k the one-sided part of what a pair gave, (w_ij - w_ji)/2, and s the symmetric one, person i's part of
the skew symmetry is the sum over j of nu_ij = k_ij^2 / Q_i, Q_i the sum over all others of s^2 + k^2. Rows
are normalised, as in DyaDA's code.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.census import check_counts, share
from honestsignals.metrics.registry import statistic
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]

EVEN = "all giving is even, or nobody gave anything"
SINGLE = "no two people gave one another more than one act in all"


def one_sided(ties: Ties) -> tuple[Array, Array]:
    """Squares of each tie's one-sided part, and of all of it, both over four times the same scale."""

    def make() -> tuple[Array, Array]:
        most = float(max(ties.forth.max(), ties.back.max())) if len(ties) else 1.0
        forth, back = ties.forth / most, ties.back / most
        return (forth - back) ** 2, 2 * (forth**2 + back**2)

    return ties.once("one_sided", make)


@statistic(
    range=(0, 1),
    open_ends="low",
    undefined=EVEN,
    unit="",
    reference="solanas2006",
    formula="kappa = 1 - sum over pairs of abs(nu_ij/nu_i - nu_ji/nu_j) / people with nu_i > 0",
    higher="yes",
    title="dyadic reciprocity index κ",
    elsewhere=("DyaDA getkappa",),
    basis="DyaDA",
)
def kappa(ties: Ties) -> float:
    """How alike the weight is that the two of a pair have in one another's one-sided giving: 1 for alike.

    Where all giving is even there is nothing to be alike: DyaDA prints 1 then, as on an empty graph. People
    without a one-sided tie have no weights and are not counted; DyaDA prints NA where some are so, and the
    same number where none or nobody is (that they are left out is derived).
    """
    skew, _ = one_sided(ties)
    part = ties.per_person(skew, skew)
    people = int((part > 0).sum())
    there = skew > 0
    low, high = skew[there] / part[ties.low[there]], skew[there] / part[ties.high[there]]
    return share(people - float(np.abs(low - high).sum()), people)


@statistic(
    range=(-1, 1),
    open_ends="low",
    undefined=EVEN,
    unit="",
    reference="solanas2006",
    formula="epsilon = 1 - sum of abs(nu_i+ - nu_+i) / sum of nu_i+",
    higher="yes",
    title="generalized reciprocity index ε",
    elsewhere=("DyaDA getepsilon",),
    basis="DyaDA",
)
def epsilon(ties: Ties) -> float:
    """How alike a person's one-sidedness towards others is to theirs towards the person: 1 for alike.

    Where all giving is even it is 0/0: DyaDA prints 1 then, as on an empty graph. Three things go by the
    name of generalized reciprocity; neither the actor-partner correlation nor paying forward is this one.
    """
    skew, whole = one_sided(ties)
    size = ties.per_person(whole, whole)
    size[size == 0] = 1.0
    low, high = skew / size[ties.low], skew / size[ties.high]
    own, others = ties.per_person(low, high), ties.per_person(high, low)
    total = float(own.sum())
    return share(total - float(np.abs(own - others).sum()), total)


def both(ties: Ties) -> Array:
    """Acts of each tie, both ways together (float64), for what needs counts.

    Raises
    ------
    DesignError
        Where some are none.
    """
    check_counts(ties)
    return ties.forth.astype(float) + ties.back


def most_asymmetry(acts: Array) -> float:
    """What the asymmetry of pairs with that many acts adds up to where nobody gives back.

    >>> most_asymmetry(np.array([1.0, 2.0]))
    1.0
    """
    return float((1 - (acts % 2) / acts**2).sum())


@statistic(
    range=(0, 1),
    undefined=SINGLE,
    unit="",
    reference="solanas2009",
    formula="sum of (d^2 - o) / N^2 over sum of 1 - o / N^2, d = w_ij - w_ji, N = w_ij + w_ji, o = 1[N odd]",
    higher="no",
    title="overall asymmetry PHIr",
    elsewhere=("DyaDA getPHIr",),
    basis="DyaDA",
    zero="every pair is as balanced as its number of acts allows",
    asks=("How asymmetric is the group overall?",),
)
def phir(ties: Ties) -> float:
    """Overall asymmetry of counts, each pair in contact counting alike: 0 as even as can be, 1 all one-way.

    An odd number of acts cannot be shared evenly, and is not held against the pair. On an empty graph
    DyaDA prints 0; where it prints NaN, as for pairs of single acts only, so is it here.
    """
    acts = both(ties)
    less = ties.forth.astype(float) - ties.back
    return share(float(((less**2 - acts % 2) / acts**2).sum()), most_asymmetry(acts))


@statistic(
    range=(0, 0.5),
    open_ends="low",
    undefined=SINGLE,
    unit="",
    reference="solanas2009",
    formula="sum of 1/N - o / N^2 over sum of 1 - o / N^2",
    title="expected PHIr, π = ½",
    elsewhere=("DyaDA getPHIrexpec",),
    basis="DyaDA",
)
def phir_expected(ties: Ties) -> float:
    """PHIr to expect if each act of a pair were as likely the one's as the other's, its number kept.

    Pairs without acts are passed over; DyaDA prints Inf where there is one.
    """
    acts = both(ties)
    return share(float((1 / acts - (acts % 2) / acts**2).sum()), most_asymmetry(acts))


@statistic(
    range=(0, 0.5),
    open_ends="low",
    undefined=SINGLE,
    unit="",
    reference="solanas2009",
    formula="sqrt(sum of 2 (N - 1) / N^3) / sum of 1 - o / N^2",
    title="standard error of PHIr, π = ½",
    elsewhere=("DyaDA getPHIrSE, whose term in pi^4 lacks a factor 4 N",),
    basis="derived",
)
def phir_se(ties: Ties) -> float:
    """Standard error of PHIr if each act of a pair were as likely the one's as the other's.

    Derived: the square of the difference of N such acts has variance 2 N (N - 1). In DyaDA's code a bracket
    closes early, so that its number differs, and it prints Inf where a pair has no acts.
    """
    acts = both(ties)
    return share(math.sqrt(float((2 * (acts - 1) / acts**3).sum())), most_asymmetry(acts))


def phir_of_people(ties: Ties) -> tuple[Array, Array]:
    """Each person's part of PHIr as the one who gives, and as the one who gets.

    All parts of one kind add up to PHIr. Nothing for people without acts, NaN for the others where PHIr is.
    """
    acts = both(ties)
    less, scale = ties.forth.astype(float) - ties.back, most_asymmetry(acts)
    part = (less**2 - acts % 2) / (2 * acts**2)
    top = less / acts + part, part - less / acts
    forth, back = (one / scale if scale else np.full(len(ties), math.nan) for one in top)
    return ties.per_person(forth, back), ties.per_person(back, forth)

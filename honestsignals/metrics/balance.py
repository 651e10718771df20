"""How equal: what ego gave against what alter gave.

Every function here takes what each gave, as numbers of acts (bare name), amounts (``__weight``) or
acts of a kind (``__help``). Nothing given is no share: NaN.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import ratio
from honestsignals.metrics.registry import metric

Array = np.ndarray[Any, np.dtype[Any]]

NEITHER = "neither acted"
STATES = ("null", "ego only", "alter only", "mutual")


@metric(
    range=(0, 3),
    swap="relabel",
    undefined="",
    reference="holland1970",
    unit="state",
    formula="(a_ij, a_ji)",
    asks=("Is the tie mutual or one-sided?",),
)
def dyad_state(given_ego: Array, given_alter: Array) -> Array:
    """Who gave at all: mutual, ego only, alter only, or null.

    Numbers here are places in ``STATES``; a dyad table has the words.

    Examples
    --------
    >>> [STATES[code] for code in dyad_state(np.array([1, 1, 0]), np.array([1, 0, 0]))]
    ['mutual', 'ego only', 'null']
    """
    return (np.asarray(given_ego) > 0) * 1 + (np.asarray(given_alter) > 0) * 2


@metric(
    range=(0, 1),
    swap="complement",
    undefined=NEITHER,
    reference="demontjoye2016",
    formula="w_ij / (w_ij + w_ji)",
    aliases=("balance_of_contacts",),
    asks=("How much of the giving is ego's?",),
)
def give_share(given_ego: Array, given_alter: Array) -> Array:
    """Ego's share of what the two gave.

    Read in bandicoot's code, whose balance of contacts it is for one contact.

    Examples
    --------
    >>> give_share(np.array([3, 0]), np.array([1, 0]))
    array([0.75,  nan])
    """
    return ratio(given_ego, given_ego + given_alter)


@metric(
    range=(-1, 1),
    swap="negate",
    undefined=NEITHER,
    reference="",
    formula="(w_ij - w_ji) / (w_ij + w_ji)",
    asks=("Does he give more than he gets?",),
)
def net_giving(given_ego: Array, given_alter: Array) -> Array:
    """How much more ego gave than got, as a share of both: 2 ``give_share`` − 1.

    Derived from ``give_share``, so that equal giving is 0 and the sign says who gave more.

    Examples
    --------
    >>> net_giving(np.array([3, 0]), np.array([1, 0]))
    array([0.5, nan])
    """
    return ratio(given_ego - given_alter, given_ego + given_alter)


@metric(
    range=(0, 1),
    swap="same",
    undefined=NEITHER,
    reference="vanhooff1987",
    title="dyadic directional consistency",
    formula="abs(w_ij - w_ji) / (w_ij + w_ji)",
    higher="no",
    aliases=("directional_consistency_dyadic",),
    asks=("How unequal, lopsided or one-sided is the give and take?",),
)
def imbalance(given_ego: Array, given_alter: Array) -> Array:
    """How one-sided the giving is: 0 for equal, 1 for one giver.

    Examples
    --------
    >>> imbalance(np.array([1, 2, 0]), np.array([3, 0, 0]))
    array([0.5, 1. , nan])
    """
    return ratio(np.abs(given_ego - given_alter), given_ego + given_alter)


@metric(
    range=(0.5, 1),
    swap="same",
    undefined=NEITHER,
    reference="kovanen2010",
    formula="max(w_ij, w_ji) / (w_ij + w_ji)",
    higher="no",
)
def lopsidedness(given_ego: Array, given_alter: Array) -> Array:
    """Share of the one who gave more: ½ for equal, 1 for one giver.

    Derived: (1 + ``imbalance``) / 2. The source studies this share of calls; its own formula was not read.

    Examples
    --------
    >>> lopsidedness(np.array([1, 2, 0]), np.array([3, 0, 0]))
    array([0.75, 1.  ,  nan])
    """
    return ratio(np.maximum(given_ego, given_alter), given_ego + given_alter)


@metric(
    range=(0, 1),
    swap="same",
    undefined=NEITHER,
    reference="akoglu2012",
    formula="min(w_ij, w_ji) / max(w_ij, w_ji)",
    higher="yes",
)
def min_max_ratio(given_ego: Array, given_alter: Array) -> Array:
    """The smaller of what the two gave, against the larger.

    Derived: (1 − ``imbalance``) / (1 + ``imbalance``). The source names it; its own formula was not read.

    Examples
    --------
    >>> min_max_ratio(np.array([1, 2, 0]), np.array([4, 0, 0]))
    array([0.25, 0.  ,  nan])
    """
    return ratio(np.minimum(given_ego, given_alter), np.maximum(given_ego, given_alter))


@metric(
    range=(0, 1),
    swap="same",
    undefined=NEITHER,
    reference="akoglu2012",
    formula="2 sqrt(w_ij w_ji) / (w_ij + w_ji)",
    higher="yes",
)
def coherence(given_ego: Array, given_alter: Array) -> Array:
    """Geometric against arithmetic mean of what the two gave.

    Derived: √(1 − ``imbalance``²), so at most 1. The source names it; its own formula was not read.

    Examples
    --------
    >>> coherence(np.array([1, 2, 0]), np.array([1, 0, 0]))
    array([ 1.,  0., nan])
    """
    # of shares and not of amounts: the product of large amounts would overflow
    share = ratio(given_ego, given_ego + given_alter)
    other = ratio(given_alter, given_ego + given_alter)
    return np.minimum(2 * np.sqrt(share * other), 1.0)


@metric(
    range=(0, 1),
    swap="same",
    undefined=NEITHER,
    reference="akoglu2012",
    unit="bits",
    formula="-p log2 p - (1 - p) log2(1 - p), p = w_ij / (w_ij + w_ji)",
    higher="yes",
)
def balance_entropy(given_ego: Array, given_alter: Array) -> Array:
    """Entropy of who of the two gave, in bits: 1 for equal, 0 for one giver.

    Derived: Shannon's entropy of ``give_share``. The source names it; its own formula was not read.

    Examples
    --------
    >>> balance_entropy(np.array([1, 2, 0]), np.array([1, 0, 0]))
    array([ 1.,  0., nan])
    """

    def part(given: Array) -> Array:
        share = ratio(given, given_ego + given_alter)
        return -share * np.log2(np.where(share > 0, share, 1.0))

    # adding 0 turns the -0.0 of one giver into 0.0
    return np.minimum(part(given_ego) + part(given_alter), 1.0) + 0.0


@metric(
    range=(0, math.inf),
    swap="same",
    undefined="",
    reference="squartini2013",
    unit="what was given",
    formula="min(w_ij, w_ji)",
    higher="yes",
)
def returned_weight(given_ego: Array, given_alter: Array) -> Array:
    """What was returned: the smaller of what each gave.

    Examples
    --------
    >>> returned_weight(np.array([1, 0]), np.array([3, 0]))
    array([1, 0])
    """
    return np.minimum(given_ego, given_alter)


@metric(
    range=(0, 1),
    swap="same",
    undefined=NEITHER,
    reference="squartini2013",
    formula="2 min(w_ij, w_ji) / (w_ij + w_ji) = 1 - imbalance",
    higher="yes",
    asks=("What share of what was given came back?", "How reciprocal is this pair?"),
)
def returned_share(given_ego: Array, given_alter: Array) -> Array:
    """Share of what the two gave that was returned.

    Undefined where neither acted: no help is not unfair help.

    Examples
    --------
    >>> returned_share(np.array([1, 2, 0]), np.array([3, 0, 0]))
    array([0.5, 0. , nan])
    """
    return ratio(2 * np.minimum(given_ego, given_alter), given_ego + given_alter)


@metric(
    range=(-math.inf, math.inf),
    swap="negate",
    undefined="",
    reference="haldane1956",
    title="Haldane–Anscombe log odds of giving",
    formula="ln((w_ij + 1/2) / (w_ji + 1/2))",
)
def log_odds_giving(acts_ego: Array, acts_alter: Array) -> Array:
    """Log odds that an act is ego's, each count with a half added; 0 where neither acted.

    Examples
    --------
    >>> log_odds_giving(np.array([0, 1]), np.array([0, 0])).round(4)
    array([0.    , 1.0986])
    """
    return np.log(acts_ego + 0.5) - np.log(acts_alter + 0.5)


@metric(
    range=(0, 1),
    swap="kinds",
    undefined="neither gave its kind",
    reference="squartini2013",
    formula="2 min(h_ij, v_ji) / (h_ij + v_ji), h and v two kinds",
    higher="yes",
    kinds=2,
    basis="derived",
    asks=("Do they trade help for information?",),
)
def exchange(given_ego: Array, given_alter: Array) -> Array:
    """Returned share of ego's acts of one kind against alter's acts of another.

    A pair that trades help for information is reciprocal, and metrics of one kind miss it. The form is
    that of ``returned_share``; that the two are of different kinds is derived.

    Examples
    --------
    >>> exchange(np.array([1, 2, 0]), np.array([3, 0, 0]))
    array([0.5, 0. , nan])
    """
    return ratio(2 * np.minimum(given_ego, given_alter), given_ego + given_alter)

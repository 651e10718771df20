"""Chance: how unequal the giving would be if each act's giver were drawn by lot.

Two lots are tried. Under the first each act of a pair is as likely ego's as alter's. Under the second the
chance follows from what the two give and get elsewhere: who gives everybody much, to one whom everybody
gives much, is expected to give more. Few acts are unequal by chance alone, so that a small count's share is
also shown drawn towards what all pairs of the table have in common. All of this needs counts: an amount of
money has no lot.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import ratio
from honestsignals.metrics.binomial import expected_imbalance, mid_p, of_distinct
from honestsignals.metrics.registry import metric
from honestsignals.metrics.shrinkage import beta_prior, lower_end

Array = np.ndarray[Any, np.dtype[Any]]

NEITHER = "neither acted"
NO_LOT = "neither acted, or elsewhere one of the two gave nothing or the other got nothing"
NO_PRIOR = "no pair of the table acted twice"
NOT_SHRUNK = f"{NEITHER}, or {NO_PRIOR}"
MID_P = ("contingencytables MidP_binomial_test_1x2",)
"""An R package in which the two-sided mid-p was read."""


@metric(
    range=(0, math.inf),
    swap="swap",
    undefined="",
    reference="kovanen2010",
    basis="derived",
    unit="acts squared",
    formula="(s_out,i - w_ij) (s_in,j - w_ij)",
    inner=True,
)
def activity_product_ego(acts_ego: Array, total_given_ego: Array, total_received_alter: Array) -> Array:
    """Acts that ego gave others, times acts that alter got from others.

    Acts of the pair itself are left out, or they would explain themselves.

    Examples
    --------
    >>> activity_product_ego(np.array([2]), np.array([5]), np.array([3]))
    array([3.])
    """
    # as decimals: a product of whole numbers may be beyond 64 bits
    return (total_given_ego - acts_ego).astype(float) * (total_received_alter - acts_ego)


@metric(
    range=(0, 1),
    swap="complement",
    undefined="elsewhere each of the two directions lacks a giver or a receiver",
    reference="kovanen2010",
    basis="derived",
    title="share of giving expected from activity",
    formula="out_i in_j / (out_i in_j + out_j in_i), totals without the pair's own acts",
)
def give_share_expected(activity_product_ego: Array, activity_product_alter: Array) -> Array:
    """Ego's share of the pair's acts to expect from how much each gives and gets elsewhere.

    Derived: acts that meet as givers and receivers do by lot. The source asks the same of calls, and its own
    formula was not read; outgoing totals alone would ignore how much each receives.

    Examples
    --------
    >>> give_share_expected(np.array([3.0, 0.0]), np.array([1.0, 0.0]))
    array([0.75,  nan])
    """
    return ratio(activity_product_ego, activity_product_ego + activity_product_alter)


@metric(
    range=(-math.inf, math.inf),
    swap="negate",
    undefined=NEITHER,
    reference="kovanen2010",
    basis="derived",
    unit="standard deviations",
    formula="(w_ij - N/2) / sqrt(N/4), N = w_ij + w_ji",
)
def giving_z(acts_ego: Array, acts_alter: Array) -> Array:
    """How much more ego gave than half, in standard deviations of a fair coin tossed for each act.

    The source holds calls against chance; that it is this z is derived.

    Examples
    --------
    >>> giving_z(np.array([3, 0]), np.array([1, 0]))
    array([ 1., nan])
    """
    return ratio(acts_ego - acts_alter, np.sqrt(acts_ego + acts_alter))


@metric(
    range=(0, 1),
    open_ends="low",
    undefined=NEITHER,
    reference="lancaster1961",
    basis="contingencytables",
    elsewhere=MID_P,
    title="two-sided mid-p of equal giving",
    formula="min(1, 2 min(P(X < w_ij) + P(X = w_ij)/2, P(X > w_ij) + P(X = w_ij)/2)), X ~ Binomial(N, 1/2)",
    higher="yes",
    asks=("Is this pair lopsided beyond chance?", "Is the imbalance significant?"),
)
def giving_p(acts_ego: Array, acts_alter: Array) -> Array:
    """How often fair coin tosses split as many acts this unequally: a two-sided mid-p value.

    Exact; twice the smaller tail, with half of what was seen counted in each tail. One act gives ½. No
    correction is made for asking it of many pairs.

    Examples
    --------
    >>> giving_p(np.array([3, 1, 0]), np.array([0, 1, 0]))
    array([0.125, 1.   ,   nan])
    """

    def coin(given_ego: Array, given_alter: Array) -> Array:
        half = np.full(len(given_ego), 0.5)
        return mid_p(given_ego, given_alter, half, half)

    return of_distinct(coin, acts_ego, acts_alter)


@metric(
    range=(-math.inf, math.inf),
    swap="negate",
    undefined=NO_LOT,
    reference="kovanen2010",
    basis="derived",
    unit="standard deviations",
    formula="(w_ij - N q) / sqrt(N q (1 - q)), N = w_ij + w_ji, q = give_share_expected",
)
def giving_z_activity(
    acts_ego: Array, acts_alter: Array, activity_product_ego: Array, activity_product_alter: Array
) -> Array:
    """How much more ego gave than the activity of both elsewhere leads to expect, in standard deviations.

    Examples
    --------
    >>> giving_z_activity(np.array([3]), np.array([1]), np.array([6.0]), np.array([6.0]))
    array([1.])
    """
    above = acts_ego * activity_product_alter - acts_alter * activity_product_ego
    spread = np.sqrt((acts_ego + acts_alter) * (activity_product_ego * activity_product_alter))
    return ratio(above, spread)


@metric(
    range=(0, 1),
    open_ends="low",
    undefined=NO_LOT,
    reference="lancaster1961",
    basis="contingencytables",
    elsewhere=MID_P,
    title="two-sided mid-p of giving as expected from activity",
    formula="min(1, 2 min(P(X < w_ij) + P(X = w_ij)/2, P(X > w_ij) + P(X = w_ij)/2)), "
    "X ~ Binomial(N, give_share_expected)",
    higher="",
    asks=("Is giving unequal beyond what the activity of the two explains?",),
)
def giving_p_activity(
    acts_ego: Array, acts_alter: Array, activity_product_ego: Array, activity_product_alter: Array
) -> Array:
    """How often the activity of both elsewhere gives a split this far from the expected: a mid-p value.

    As ``giving_p``, with ``give_share_expected`` in the place of ½. Where that is 0 or 1 nothing is left
    to chance, and it is undefined.

    Examples
    --------
    >>> giving_p_activity(np.array([3, 1]), np.array([0, 0]), np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([0.125,   nan])
    """
    both = activity_product_ego + activity_product_alter
    chances = ratio(activity_product_ego, both), ratio(activity_product_alter, both)
    return mid_p(acts_ego, acts_alter, *chances)


@metric(
    range=(0, 1),
    open_ends="low",
    undefined=NEITHER,
    reference="diaconis1991",
    basis="derived",
    formula="E abs(2X - N) / N, X ~ Binomial(N, 1/2)",
)
def imbalance_expected(acts: Array) -> Array:
    """How one-sided so many acts are on average if each is given by either with the same chance.

    Exact, and 1 for a single act. De Moivre's mean deviation, in the source, times 2/N.

    Examples
    --------
    >>> imbalance_expected(np.array([1, 2, 4, 0]))
    array([1.   , 0.5  , 0.375,   nan])
    """

    def coin(number: Array, _: Array) -> Array:
        half = np.full(len(number), 0.5)
        return expected_imbalance(number, half, half)

    return of_distinct(coin, acts, np.zeros(len(acts), dtype=np.int64))


@metric(
    range=(-0.5, 1),
    open_ends="high",
    undefined=NEITHER,
    reference="diaconis1991",
    basis="derived",
    formula="imbalance - imbalance_expected",
    higher="no",
    asks=("How lopsided beyond small counts?",),
)
def imbalance_excess(imbalance: Array, imbalance_expected: Array) -> Array:
    """How much more one-sided the giving is than tossing a fair coin for each act makes it.

    Below 0 the two keep accounts better than chance does; 0 for a single act, whoever gave it.

    Examples
    --------
    >>> imbalance_excess(np.array([1.0, 0.0]), np.array([0.5, 0.5]))
    array([ 0.5, -0.5])
    """
    return imbalance - imbalance_expected


@metric(
    range=(0, 1),
    open_ends="low",
    undefined="neither acted, or give_share_expected is undefined",
    reference="diaconis1991",
    basis="derived",
    formula="E abs(2X - N) / N, X ~ Binomial(N, give_share_expected)",
)
def imbalance_expected_activity(
    acts: Array, activity_product_ego: Array, activity_product_alter: Array
) -> Array:
    """How one-sided so many acts are on average by chance, given how active the two are elsewhere.

    Exact. Never below ``imbalance_expected``: who gives more elsewhere is expected to give more here.

    Examples
    --------
    >>> imbalance_expected_activity(np.array([2, 2]), np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    array([0.5  , 0.625])
    """
    both = activity_product_ego + activity_product_alter
    chances = ratio(activity_product_ego, both), ratio(activity_product_alter, both)
    return expected_imbalance(acts, *chances)


@metric(
    range=(-1, 1),
    open_ends="high",
    undefined="neither acted, or give_share_expected is undefined",
    reference="diaconis1991",
    basis="derived",
    formula="imbalance - imbalance_expected_activity",
    higher="no",
)
def imbalance_excess_activity(imbalance: Array, imbalance_expected_activity: Array) -> Array:
    """How much more one-sided the giving is than the activity of both elsewhere makes it by chance.

    Examples
    --------
    >>> imbalance_excess_activity(np.array([1.0]), np.array([0.625]))
    array([0.375])
    """
    return imbalance - imbalance_expected_activity


@metric(
    range=(0, math.inf),
    open_ends="low",
    swap="swap",
    undefined=NO_PRIOR,
    reference="griffiths1973",
    basis="derived",
    unit="acts",
    title="parameter of the beta prior of giving",
    formula="alpha of Beta(alpha, beta), by maximum beta-binomial likelihood of all pairs with an act",
    inner=True,
    whole=True,
)
def prior_ego(acts_ego: Array, acts_alter: Array, directed: bool) -> Array:
    """Acts of ego that the common prior of all pairs of the table is worth.

    Where who is ego is only a name, ego's and alter's are the same: the prior is symmetric. It is
    bounded: one-sided pairs alone drive it to .001, and pairs no more unequal than coin tosses to half a
    million. What it is worth is itself uncertain in a table of few pairs.

    Examples
    --------
    >>> prior_ego(np.array([2, 2, 0, 0]), np.array([0, 1, 2, 2]), False).round(3)
    array([0.5, 0.5, 0.5, 0.5])
    """
    return np.full(len(acts_ego), beta_prior(acts_ego, acts_alter, directed)[0])


@metric(
    range=(0, 1),
    open_ends="both",
    swap="complement",
    undefined=NOT_SHRUNK,
    reference="morris1983",
    basis="derived",
    title="empirical Bayes share of giving",
    formula="(w_ij + alpha) / (N + alpha + beta), prior Beta(alpha, beta) fitted to all pairs of the table",
    asks=("What is the share when there are few acts?",),
)
def give_share_shrunk(acts_ego: Array, acts_alter: Array, prior_ego: Array, prior_alter: Array) -> Array:
    """Ego's share of the acts, drawn towards what is usual in the table: the more, the fewer the acts.

    The posterior mean. It and its interval rest on all rows of the table: another choice of pairs gives
    another prior.

    Examples
    --------
    >>> give_share_shrunk(np.array([1, 9]), np.array([0, 0]), np.array([2.0, 2.0]), np.array([2.0, 2.0]))
    array([0.6       , 0.84615385])
    """
    known = (acts_ego + acts_alter) > 0
    ego, alter = acts_ego + prior_ego, acts_alter + prior_alter
    return np.where(known, ego / (ego + alter), math.nan)


@metric(
    range=(0, 1),
    open_ends="high",
    swap="low",
    undefined=NOT_SHRUNK,
    reference="morris1983",
    basis="derived",
    title="empirical Bayes share of giving, lower end",
    formula="2.5 % quantile of Beta(w_ij + alpha, w_ji + beta)",
)
def give_share_shrunk_low(acts_ego: Array, acts_alter: Array, prior_ego: Array, prior_alter: Array) -> Array:
    """Lower end of the 95 % interval of ego's share, given its acts and what is usual in the table.

    Equal-tailed. It covers on average over the pairs of a table, not at each share. That the prior is itself
    an estimate is left out of it: the interval is too narrow in tables of few pairs, and in those whose
    shares differ hardly more than coin tosses do (shares of Beta(30, 30), 500 pairs of 7 acts: .83).

    Examples
    --------
    >>> give_share_shrunk_low(np.array([1]), np.array([0]), np.array([2.0]), np.array([2.0])).round(4)
    array([0.1941])
    """
    return _quantile(acts_ego, acts_alter, prior_ego, prior_alter)


@metric(
    range=(0, 1),
    open_ends="low",
    swap="high",
    undefined=NOT_SHRUNK,
    reference="morris1983",
    basis="derived",
    title="empirical Bayes share of giving, upper end",
    formula="97.5 % quantile of Beta(w_ij + alpha, w_ji + beta)",
)
def give_share_shrunk_high(acts_ego: Array, acts_alter: Array, prior_ego: Array, prior_alter: Array) -> Array:
    """Upper end of the 95 % interval of ego's share, given its acts and what is usual in the table.

    Examples
    --------
    >>> give_share_shrunk_high(np.array([1]), np.array([0]), np.array([2.0]), np.array([2.0])).round(4)
    array([0.9324])
    """
    return 1 - _quantile(acts_alter, acts_ego, prior_alter, prior_ego)


def _quantile(acts_ego: Array, acts_alter: Array, prior_ego: Array, prior_alter: Array) -> Array:
    """Lower end of the interval; a table has one prior, and then pairs of the same counts are one."""

    def known(given_ego: Array, given_alter: Array, ego: Any, alter: Any) -> Array:
        return np.where(given_ego + given_alter > 0, lower_end(given_ego, given_alter, ego, alter), math.nan)

    if len(prior_ego) and (prior_ego == prior_ego[0]).all() and (prior_alter == prior_alter[0]).all():
        ego, alter = prior_ego[0], prior_alter[0]
        return of_distinct(lambda one, other: known(one, other, ego, alter), acts_ego, acts_alter)
    return known(acts_ego, acts_alter, prior_ego, prior_alter)

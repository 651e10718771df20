"""How far giving is returned in a whole network: one question, and a dozen answers that are not the same.

The usual three denominators alone (all pairs, pairs with a tie, ties) give .99, .31 and .48 for one and the
same network. So each index keeps its own name, and says what an empty graph is to it and to others.
"""

from __future__ import annotations

import math

import numpy as np

from honestsignals.errors import DesignError
from honestsignals.metrics.census import share
from honestsignals.metrics.registry import metric, statistic
from honestsignals.metrics.ties import Ties

EMPTY = "nobody gave anything"


@metric(
    range=(0, 1),
    undefined="there is no pair of people",
    reference="wasserman1994",
    formula="(M + N) / D",
    higher="yes",
    isolates=True,
    title="dyadic reciprocity",
    elsewhere=("sna grecip(measure='dyadic')",),
    basis="sna",
    zero="every dyad is one-sided",
    identity="(mutual_dyads + null_dyads) / (mutual_dyads + asymmetric_dyads + null_dyads)",
    asks=("What does sna's grecip report by default?",),
)
def reciprocity_dyadic(mutual_dyads: int, asymmetric_dyads: int, null_dyads: int) -> float:
    """Share of all pairs that are alike both ways, pairs without any tie counted as reciprocal.

    An empty graph has 1, as in sna, whose default it is: in a large sparse network it says little else
    than that.

    Examples
    --------
    >>> reciprocity_dyadic(1, 1, 8)
    0.9
    """
    return share(mutual_dyads + null_dyads, mutual_dyads + asymmetric_dyads + null_dyads)


@metric(
    range=(0, 1),
    undefined=EMPTY,
    reference="wasserman1994",
    formula="M / (M + A)",
    higher="yes",
    title="reciprocity of non-null dyads",
    elsewhere=("sna grecip(measure='dyadic.nonnull')", "igraph reciprocity(mode='ratio')"),
    basis="sna",
    zero="no tie is returned",
    identity="reciprocity_edgewise / (2 - reciprocity_edgewise)",
    asks=("Which share of pairs with a tie is mutual?",),
)
def reciprocity_nonnull(mutual_dyads: int, asymmetric_dyads: int) -> float:
    """Share of the pairs with a tie that are mutual. An empty graph has none: NaN, in sna and igraph too.

    Examples
    --------
    >>> reciprocity_nonnull(1, 1)
    0.5
    """
    return share(mutual_dyads, mutual_dyads + asymmetric_dyads)


@metric(
    range=(0, 1),
    undefined=EMPTY,
    reference="wasserman1994",
    formula="2 M / (2 M + A)",
    higher="yes",
    title="edgewise (arc, tie) reciprocity",
    elsewhere=(
        "sna grecip(measure='edgewise')",
        "igraph reciprocity(mode='default')",
        "networkx overall_reciprocity",
        "Raphtory global_reciprocity",
    ),
    basis="sna",
    zero="no tie is returned",
    identity="2 * mutual_dyads / arcs",
    asks=("What share of ties is reciprocated?", "What do networkx and igraph call reciprocity?"),
)
def reciprocity_edgewise(mutual_dyads: int, arcs: int) -> float:
    """Share of the directed ties that are returned.

    Of an empty graph it is NaN, in sna and igraph too; networkx raises an error.

    Examples
    --------
    >>> round(reciprocity_edgewise(1, 3), 4)
    0.6667
    """
    return share(2 * mutual_dyads, arcs)


@metric(
    range=(-math.inf, math.inf),
    undefined=EMPTY,
    reference="butts2008a",
    formula="ln(edgewise / density) = ln(M D / (M + A/2)^2)",
    higher="yes",
    isolates=True,
    title="log relative rate of reciprocation",
    elsewhere=("sna grecip(measure='edgewise.lrr')",),
    basis="sna",
    zero="ties are returned as often as any tie is there",
    identity="log(reciprocity_edgewise / density)",
)
def reciprocity_lrr(reciprocity_edgewise: float, density: float) -> float:
    """How much likelier a tie is where it is returned than anywhere, as a logarithm: 0 for no difference.

    Minus infinity where no tie is returned. Of an empty graph it is NaN, in sna too.

    Examples
    --------
    >>> round(reciprocity_lrr(0.5, 0.25), 4), reciprocity_lrr(0.0, 0.25)
    (0.6931, -inf)
    """
    if math.isnan(reciprocity_edgewise):
        return math.nan
    return math.log(reciprocity_edgewise / density) if reciprocity_edgewise else -math.inf


@metric(
    range=(-1, 1),
    undefined="nobody gave anything, or everybody gave everybody",
    reference="garlaschelli2004",
    formula="(r - a) / (1 - a), r edgewise, a density",
    higher="yes",
    isolates=True,
    title="Garlaschelli and Loffredo's rho",
    aliases=("katz_powell_fixed", "garlaschelli_loffredo"),
    elsewhere=("sna grecip(measure='correlation') of 0/1 data",),
    basis="the reference values' definition",
    zero="ties are returned as often as by chance, given density",
    identity="(reciprocity_edgewise - density) / (1 - density)",
    asks=("Is the network more reciprocal than a random graph of its density?",),
)
def reciprocity_rho(mutual_dyads: int, asymmetric_dyads: int, null_dyads: int) -> float:
    """How many more ties are returned than chance returns: 0 for as many, 1 for all, below 0 for fewer.

    Also the correlation of ties with ties the other way, and Katz and Powell's index where all name
    equally many (or their mean is taken for each: derived, and checked). Of an empty and of a complete
    graph it is 0/0; sna prints 1 for both.

    Examples
    --------
    >>> round(reciprocity_rho(1, 1, 4), 4), reciprocity_rho(3, 0, 3), reciprocity_rho(6, 0, 0)
    (0.5556, 1.0, nan)
    """
    ties, pairs = 2 * mutual_dyads + asymmetric_dyads, mutual_dyads + asymmetric_dyads + null_dyads
    return share(4 * mutual_dyads * pairs - ties**2, ties * (2 * pairs - ties))


@statistic(
    range=(-1, 1),
    undefined="everybody gave everybody the same, or nobody gave anything",
    unit="",
    reference="wasserman1994",
    formula="correlation of w_ij with w_ji over the ordered pairs",
    higher="yes",
    isolates=True,
    title="dyadic correlation",
    elsewhere=("sna grecip(measure='correlation')", "amen rho, dyad dependence"),
    basis="sna",
    zero="what is given does not go with what is given back",
)
def reciprocity_correlation(ties: Ties) -> float:
    """Correlation of what is given with what is given back, over all ordered pairs, null ones included.

    Where it is 0/0, as on an empty graph, sna prints 1 and amen 0.
    """
    given = np.concatenate([ties.forth, ties.back]).astype(float)
    nulls = ties.possible - len(ties)
    if not len(given) or (nulls == 0 and bool((given == given[0]).all())):
        return math.nan
    # as shares of the largest, so that squares keep within what decimals hold
    given /= given.max()
    mean = float(given.sum()) / (2 * ties.possible)
    forth, back = np.split(given - mean, 2)
    top = float(forth @ back) + nulls * mean**2
    bottom = float(forth @ forth + back @ back) / 2 + nulls * mean**2
    return max(-1.0, min(1.0, share(top, bottom)))


@statistic(inner=True, isolates=True, unit="people", formula="n")
def choosers(ties: Ties) -> int:
    """People, each of whom could have given each other: what an index of free choice needs."""
    if not ties.complete:
        raise DesignError("It needs every pair of people, and some could not be or are not known.")
    return ties.n_people


@statistic(inner=True, unit="squared arcs", formula="sum of X_i+^2")
def squared_choices(ties: Ties) -> int:
    """Sum of squares of how many each gave to."""
    choices = ties.binary().given()
    return int((choices.astype(np.int64) ** 2).sum())


@metric(
    range=(-1, 1),
    undefined="nobody gave anything, or everybody gave everybody",
    reference="katz1955",
    formula="(M - E) / (L/2 - E), E = (L^2 - sum of X_i+^2) / (2 (n - 1)^2)",
    higher="yes",
    isolates=True,
    title="Katz and Powell's index, free choice",
    elsewhere=("netmem kp_reciprocity",),
    basis="the reference values' definition",
    zero="ties are returned as often as if everybody chose by lot, as many as they do",
)
def katz_powell(mutual_dyads: int, arcs: int, squared_choices: int, choosers: int) -> float:
    """Mutual pairs beyond those to expect if all chose blindly, each as many as they did: 0 none, 1 all.

    Where all choose equally many it is ``reciprocity_rho``. Of an empty and of a complete graph it is 0/0.

    Examples
    --------
    >>> katz_powell(1, 3, 5, 3)
    0.5
    """
    chance, others = arcs**2 - squared_choices, (choosers - 1) ** 2
    return share(2 * others * mutual_dyads - chance, arcs * others - chance)


@statistic(inner=True, unit="what was given", formula="W = sum of w_ij")
def all_given(ties: Ties) -> float:
    """All that was given, by anybody to anybody."""
    return float((ties.forth.astype(float) + ties.back).sum())


@statistic(inner=True, unit="what was given", formula="2 sum over pairs of min(w_ij, w_ji)")
def all_returned(ties: Ties) -> float:
    """All that was given and returned, each pair's smaller amount counted both ways."""
    return float((2.0 * np.minimum(ties.forth, ties.back)).sum())


@metric(
    range=(0, 1),
    undefined=EMPTY,
    reference="squartini2013",
    formula="sum of min(w_ij, w_ji) / W = 1 - directional consistency",
    higher="yes",
    title="weighted reciprocity",
    elsewhere=("igraph reciprocity of a multigraph",),
    basis="the reference values' definition",
    zero="nothing is returned",
    identity="1 - directional_consistency",
    asks=("How much of the weight of a network is returned?",),
)
def reciprocity_weighted(all_returned: float, all_given: float) -> float:
    """Share of all that was given which was returned by the one who got it.

    On 0/1 data it is ``reciprocity_edgewise``. Of an empty graph it is NaN.

    Examples
    --------
    >>> reciprocity_weighted(6.0, 8.0)
    0.75
    """
    return share(all_returned, all_given)


@metric(
    range=(0, 1),
    undefined=EMPTY,
    reference="vanhooff1987",
    formula="sum over pairs of abs(w_ij - w_ji) / W",
    higher="no",
    title="directional consistency index, pooled",
    aliases=("DC", "dci"),
    elsewhere=("DyaDA getdc", "EloRating DCindex"),
    basis="DyaDA",
    zero="all giving is returned in full",
    identity="1 - reciprocity_weighted",
)
def directional_consistency(reciprocity_weighted: float) -> float:
    """Share of all that was given which goes beyond what came back: 0 for even, 1 for all one-way.

    Of an empty graph it is NaN, in DyaDA and EloRating too. Not the mean of the pairs' own: that is
    ``directional_consistency_mean``.

    Examples
    --------
    >>> directional_consistency(0.75)
    0.25
    """
    return 1 - reciprocity_weighted


@statistic(
    range=(0, 1),
    undefined=EMPTY,
    unit="",
    reference="vanhooff1987",
    formula="mean over pairs in contact of abs(w_ij - w_ji) / (w_ij + w_ji)",
    higher="no",
    title="directional consistency, mean of dyads",
    basis="derived",
    zero="every pair in contact is balanced",
)
def directional_consistency_mean(ties: Ties) -> float:
    """How one-sided the giving of a pair is on average, each pair in contact counting once.

    Pooled over all acts instead, it is ``directional_consistency``: there, pairs who act much count more.
    """
    forth, back = ties.forth.astype(float), ties.back.astype(float)
    return share(float((np.abs(forth - back) / (forth + back)).sum()), len(ties))

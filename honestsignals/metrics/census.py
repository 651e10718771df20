"""Dyads and triads of a network, counted by who gave whom.

Any giving counts, whatever its amount. A pair of which a direction is not known is not counted at all.
"""

from __future__ import annotations

import math

from honestsignals.errors import DesignError
from honestsignals.metrics.registry import metric, statistic
from honestsignals.metrics.ties import Ties
from honestsignals.metrics.triads import triads


def share(top: float, bottom: float) -> float:
    """Quotient of two numbers, NaN where the second is 0.

    >>> share(1, 2), share(1, 0)
    (0.5, nan)
    """
    return top / bottom if bottom else math.nan


def check_counts(ties: Ties) -> None:
    """Refuse what is no number of acts.

    Raises
    ------
    DesignError
        Where some are no whole numbers, or too large for decimals to tell from the next.
    """
    if not ties.counts:
        raise DesignError("It needs counts of acts, and these are amounts, which depend on their unit.")
    if not ties.whole or ties.total() > 2**53:
        what = "no whole numbers" if not ties.whole else "too large to be told from the next"
        raise DesignError(f"It needs counts of acts, and some of these are {what}.")


@statistic(
    unit="dyads",
    reference="holland1970",
    formula="M = dyads with a_ij = a_ji = 1",
    higher="yes",
    title="mutual dyads",
    elsewhere=("sna dyad.census Mut", "sna mutuality", "igraph dyad_census mut"),
)
def mutual_dyads(ties: Ties) -> int:
    """Pairs of whom each gave the other: M. An empty graph has none, here and elsewhere."""
    return int(((ties.forth > 0) & (ties.back > 0)).sum())


@statistic(
    unit="dyads",
    reference="holland1970",
    formula="A = dyads with a_ij + a_ji = 1",
    higher="no",
    title="asymmetric dyads",
    elsewhere=("sna dyad.census Asym", "igraph dyad_census asym"),
)
def asymmetric_dyads(ties: Ties) -> int:
    """Pairs of whom one gave the other and got nothing back, one-sided ties: A."""
    return int(((ties.forth > 0) ^ (ties.back > 0)).sum())


@statistic(
    unit="dyads",
    reference="holland1970",
    formula="N = dyads with a_ij = a_ji = 0",
    title="null dyads",
    isolates=True,
    elsewhere=("sna dyad.census Null", "igraph dyad_census null"),
)
def null_dyads(ties: Ties) -> int:
    """Pairs who could have given and of whom neither did, without any tie: N."""
    return ties.possible - len(ties)


@metric(
    range=(0, math.inf),
    undefined="",
    reference="wasserman1994",
    unit="arcs",
    formula="L = 2 M + A",
    elsewhere=("networkx number_of_edges", "igraph ecount"),
    basis="the reference values' definition",
)
def arcs(mutual_dyads: int, asymmetric_dyads: int) -> int:
    """Ordered pairs of whom the first gave the second, directed ties or edges: L.

    Examples
    --------
    >>> arcs(2, 1)
    5
    """
    return 2 * mutual_dyads + asymmetric_dyads


@metric(
    range=(0, 1),
    undefined="there is no pair of people",
    reference="wasserman1994",
    unit="",
    formula="L / 2 D, D = M + A + N",
    isolates=True,
    elsewhere=("sna gden", "networkx density", "igraph edge_density"),
    basis="the reference values' definition",
)
def density(mutual_dyads: int, asymmetric_dyads: int, null_dyads: int) -> float:
    """Share of the ordered pairs of whom the first gave the second. An empty graph has 0, here and elsewhere.

    Where a pair is known in one direction only, sna counts that direction; here the pair is left out.

    Examples
    --------
    >>> density(2, 1, 3)
    0.4166666666666667
    """
    return share(2 * mutual_dyads + asymmetric_dyads, 2 * (mutual_dyads + asymmetric_dyads + null_dyads))


TRIAD_CENSUS = ("sna triad.census", "igraph triad_census", "networkx triadic_census")
"""What other software calls the sixteen columns that follow; their names are those of the types there."""


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A, B, C",
    title="triad 003",
    isolates=True,
    elsewhere=TRIAD_CENSUS,
)
def triads_003(ties: Ties) -> int:
    """Threes without any tie."""
    return triads(ties)["003"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A->B, C",
    title="triad 012",
    isolates=True,
    elsewhere=TRIAD_CENSUS,
)
def triads_012(ties: Ties) -> int:
    """Threes with one tie, which is one-sided."""
    return triads(ties)["012"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A<->B, C",
    title="triad 102",
    isolates=True,
    elsewhere=TRIAD_CENSUS,
)
def triads_102(ties: Ties) -> int:
    """Threes with one tie, which is mutual."""
    return triads(ties)["102"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A<-B->C",
    title="triad 021D",
    elsewhere=TRIAD_CENSUS,
)
def triads_021d(ties: Ties) -> int:
    """Threes of whom one gave both others and got nothing back."""
    return triads(ties)["021D"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A->B<-C",
    title="triad 021U",
    elsewhere=TRIAD_CENSUS,
)
def triads_021u(ties: Ties) -> int:
    """Threes of whom one got from both others and gave nothing back."""
    return triads(ties)["021U"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A->B->C",
    title="triad 021C",
    elsewhere=TRIAD_CENSUS,
)
def triads_021c(ties: Ties) -> int:
    """Threes in a chain: one gave a second, who gave a third."""
    return triads(ties)["021C"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A<->B<-C",
    title="triad 111D",
    elsewhere=TRIAD_CENSUS,
)
def triads_111d(ties: Ties) -> int:
    """Threes of a mutual pair, one of whom also got from the third."""
    return triads(ties)["111D"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A<->B->C",
    title="triad 111U",
    elsewhere=TRIAD_CENSUS,
)
def triads_111u(ties: Ties) -> int:
    """Threes of a mutual pair, one of whom also gave the third."""
    return triads(ties)["111U"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A->B<-C, A->C",
    title="triad 030T",
    elsewhere=TRIAD_CENSUS,
)
def triads_030t(ties: Ties) -> int:
    """Threes in order: one gave both others, of whom one gave the other."""
    return triads(ties)["030T"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A<-B<-C, A->C",
    title="triad 030C",
    elsewhere=TRIAD_CENSUS,
)
def triads_030c(ties: Ties) -> int:
    """Threes in a circle, generalized exchange: each gave the next and got from the one before."""
    return triads(ties)["030C"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A<->B<->C",
    title="triad 201",
    elsewhere=TRIAD_CENSUS,
)
def triads_201(ties: Ties) -> int:
    """Threes with two mutual pairs, and no tie between the ends."""
    return triads(ties)["201"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A<-B->C, A<->C",
    title="triad 120D",
    elsewhere=TRIAD_CENSUS,
)
def triads_120d(ties: Ties) -> int:
    """Threes of a mutual pair, to both of whom the third gave."""
    return triads(ties)["120D"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A->B<-C, A<->C",
    title="triad 120U",
    elsewhere=TRIAD_CENSUS,
)
def triads_120u(ties: Ties) -> int:
    """Threes of a mutual pair, both of whom gave the third."""
    return triads(ties)["120U"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A->B->C, A<->C",
    title="triad 120C",
    elsewhere=TRIAD_CENSUS,
)
def triads_120c(ties: Ties) -> int:
    """Threes of a mutual pair, of whom the third got from one and gave the other."""
    return triads(ties)["120C"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A->B<->C, A<->C",
    title="triad 210",
    elsewhere=TRIAD_CENSUS,
)
def triads_210(ties: Ties) -> int:
    """Threes with two mutual pairs and a one-sided tie between the ends."""
    return triads(ties)["210"]


@statistic(
    unit="triads",
    reference="holland1970",
    formula="A<->B<->C, A<->C",
    title="triad 300",
    elsewhere=TRIAD_CENSUS,
)
def triads_300(ties: Ties) -> int:
    """Threes of whom each gave both others."""
    return triads(ties)["300"]

"""The social relations model of a network: giver, receiver and what is the pair's own."""

from __future__ import annotations

import math

from honestsignals.metrics.registry import metric, statistic
from honestsignals.metrics.roundrobin import LEAST_PEOPLE, RoundRobin, round_robin
from honestsignals.metrics.ties import Ties

__all__ = ["RoundRobin", "round_robin", "round_robin_of"]

FEW = "fewer than four people"
NOT_POSITIVE = "fewer than four people, or the variance of giving or of getting is estimated at 0 or below"
NO_SHARES = "fewer than four people, or a variance is estimated below 0, or all are 0"
NO_PAIRS = "fewer than four people, or nothing is the pairs' own"


def round_robin_of(ties: Ties) -> RoundRobin | None:
    """The model of everybody's ties, made once; None below four people."""
    if ties.n_people < LEAST_PEOPLE:
        return None
    found: RoundRobin = ties.once("round robin", lambda: round_robin(ties.dense()))
    return found


@statistic(
    range=(-math.inf, math.inf),
    undefined=FEW,
    reference="warner1979",
    formula="A - ((n - 1) s_c² + s_cc') / (n (n - 2)), A = sum of a_i² / (n - 1)",
    unit="squared acts",
    basis="TripleR",
    elsewhere=("TripleR actor variance", "DyaDA SRM.variances()$actor.variance"),
    isolates=True,
)
def actor_variance(ties: Ties) -> float:
    """How much people differ in what they give to anybody; estimated, and may be below 0."""
    found = round_robin_of(ties)
    return math.nan if found is None else found.actor_variance


@statistic(
    range=(-math.inf, math.inf),
    undefined=FEW,
    reference="warner1979",
    formula="B - ((n - 1) s_c² + s_cc') / (n (n - 2)), B = sum of b_i² / (n - 1)",
    unit="squared acts",
    basis="TripleR",
    elsewhere=("TripleR partner variance", "DyaDA SRM.variances()$partner.variance"),
    isolates=True,
)
def partner_variance(ties: Ties) -> float:
    """How much people differ in what they get from anybody; estimated, and may be below 0."""
    found = round_robin_of(ties)
    return math.nan if found is None else found.partner_variance


@statistic(
    range=(0, math.inf),
    undefined=FEW,
    reference="warner1979",
    formula="s_c² = (D + E) / 2, D and E the mean squares of pairs' sums and differences",
    unit="squared acts",
    basis="TripleR",
    elsewhere=("TripleR relationship variance", "DyaDA SRM.variances()$relationship.variance"),
    isolates=True,
)
def relationship_variance(ties: Ties) -> float:
    """How much giving differs from pair to pair, beyond who gives and who gets."""
    found = round_robin_of(ties)
    return math.nan if found is None else found.relationship_variance


@statistic(
    range=(-math.inf, math.inf),
    undefined=FEW,
    reference="warner1979",
    title="actor–partner covariance",
    formula="sum of a_i b_i / (n - 1) - ((n - 1) s_cc' + s_c²) / (n (n - 2))",
    unit="squared acts",
    higher="yes",
    basis="TripleR",
    elsewhere=("TripleR actor-partner covariance", "DyaDA SRM.variances()$actorpartner.covariance"),
    isolates=True,
)
def actor_partner_covariance(ties: Ties) -> float:
    """Whether people who give more to anybody also get more from anybody, in squared acts."""
    found = round_robin_of(ties)
    return math.nan if found is None else found.actor_partner_covariance


@statistic(
    range=(-math.inf, math.inf),
    undefined=FEW,
    reference="warner1979",
    formula="s_cc' = (D - E) / 2, D and E the mean squares of pairs' sums and differences",
    unit="squared acts",
    higher="yes",
    basis="TripleR",
    elsewhere=("TripleR relationship covariance", "DyaDA SRM.variances()$dyadic.covariance"),
    isolates=True,
)
def relationship_covariance(ties: Ties) -> float:
    """Whether one gives another more than usual where the other does so too, in squared acts."""
    found = round_robin_of(ties)
    return math.nan if found is None else found.relationship_covariance


@metric(
    range=(-math.inf, math.inf),
    undefined=NOT_POSITIVE,
    reference="warner1979",
    formula="s_ab / sqrt(s_a² s_b²)",
    higher="yes",
    basis="TripleR",
    elsewhere=("TripleR actor-partner covariance, standardized", "DyaDA SRM.generalized.reciprocity"),
    isolates=True,
    zero="who gives much gets no more than others",
    asks=("Do people who give more also get more?",),
)
def generalized_reciprocity(
    actor_partner_covariance: float, actor_variance: float, partner_variance: float
) -> float:
    """Whether people who give more also get more, from anybody: a correlation of persons, not of pairs.

    Estimated, and not cut at ±1, as TripleR and DyaDA do: beyond 1 it says that the variances are too small
    to be told from 0. Other things go by this name: paying forward, and Solanas' ε.

    Examples
    --------
    >>> generalized_reciprocity(0.25, 0.5, 0.5), generalized_reciprocity(0.25, 0.5, -0.1)
    (0.5, nan)
    """
    if not (actor_variance > 0 and partner_variance > 0):
        return math.nan
    return actor_partner_covariance / math.sqrt(actor_variance * partner_variance)


@metric(
    range=(-1, 1),
    undefined=NO_PAIRS,
    reference="warner1979",
    formula="s_cc' / s_c² = (D - E) / (D + E)",
    higher="yes",
    basis="TripleR",
    elsewhere=("TripleR relationship covariance, standardized", "DyaDA SRM.dyadic.reciprocity"),
    isolates=True,
    zero="what is special in giving is not returned",
    identity="relationship_covariance / relationship_variance",
    asks=("Is what is special to a pair returned, people's averages aside?",),
)
def dyadic_reciprocity(relationship_covariance: float, relationship_variance: float) -> float:
    """Whether what is special in one's giving to another is returned, beyond how much each gives and gets.

    Examples
    --------
    >>> dyadic_reciprocity(0.25, 0.5), dyadic_reciprocity(0.0, 0.0)
    (0.5, nan)
    """
    return relationship_covariance / relationship_variance if relationship_variance > 0 else math.nan


def _share(part: float, *others: float) -> float:
    """One variance as a share of all; none where one is below 0, as they are no parts then."""
    whole = math.fsum((part, *others))
    return part / whole if min(part, *others) >= 0 and whole > 0 else math.nan


@metric(
    range=(0, 1),
    undefined=NO_SHARES,
    reference="warner1979",
    formula="s_a² / (s_a² + s_b² + s_c²)",
    basis="TripleR",
    elsewhere=("TripleR actor variance, standardized", "DyaDA SRM.relative.variances()$actor.variance"),
    isolates=True,
)
def actor_share(actor_variance: float, partner_variance: float, relationship_variance: float) -> float:
    """Share of all differences in giving that is due to who gives.

    TripleR and DyaDA leave a variance below 0 out of the sum; here there are no shares then.

    Examples
    --------
    >>> actor_share(1.0, 1.0, 2.0), actor_share(-0.1, 1.0, 2.0)
    (0.25, nan)
    """
    return _share(actor_variance, partner_variance, relationship_variance)


@metric(
    range=(0, 1),
    undefined=NO_SHARES,
    reference="warner1979",
    formula="s_b² / (s_a² + s_b² + s_c²)",
    basis="TripleR",
    elsewhere=("TripleR partner variance, standardized", "DyaDA SRM.relative.variances()$partner.variance"),
    isolates=True,
)
def partner_share(actor_variance: float, partner_variance: float, relationship_variance: float) -> float:
    """Share of all differences in giving that is due to who gets.

    Examples
    --------
    >>> partner_share(1.0, 1.0, 2.0)
    0.25
    """
    return _share(partner_variance, actor_variance, relationship_variance)


@metric(
    range=(0, 1),
    undefined=NO_SHARES,
    reference="warner1979",
    formula="s_c² / (s_a² + s_b² + s_c²)",
    basis="TripleR",
    elsewhere=("TripleR relationship variance, standardized",),
    isolates=True,
)
def relationship_share(actor_variance: float, partner_variance: float, relationship_variance: float) -> float:
    """Share of all differences in giving that is the pairs' own.

    Examples
    --------
    >>> relationship_share(1.0, 1.0, 2.0)
    0.5
    """
    return _share(relationship_variance, actor_variance, partner_variance)


@statistic(
    range=(0, 1),
    undefined="fewer than four people, or the variance is estimated below 0, or nobody differs",
    reference="schonbrodt2012",
    formula="s_a² / A, A = sum of a_i² / (n - 1)",
    unit="",
    basis="TripleR",
    elsewhere=("TripleR reliability of actor effects",),
    isolates=True,
)
def actor_reliability(ties: Ties) -> float:
    """How well the network tells people apart by what they give: share of effects' variance that is theirs.

    DyaDA's form differs a little; both are in ``round_robin``.
    """
    found = round_robin_of(ties)
    return math.nan if found is None else found.actor_reliability


@statistic(
    range=(0, 1),
    undefined="fewer than four people, or the variance is estimated below 0, or nobody differs",
    reference="schonbrodt2012",
    formula="s_b² / B, B = sum of b_i² / (n - 1)",
    unit="",
    basis="TripleR",
    elsewhere=("TripleR reliability of partner effects",),
    isolates=True,
)
def partner_reliability(ties: Ties) -> float:
    """How well the network tells people apart by what they get: share of effects' variance that is theirs."""
    found = round_robin_of(ties)
    return math.nan if found is None else found.partner_reliability

"""Reciprocity beyond what random networks with the same totals have, each null named.

An observed share r is set against the share r0 to expect: (r - r0) / (1 - r0), 0 for as expected, 1 for
all returned, below 0 for less than expected. The nulls differ in what they keep: all that was given
(``wrg``), what each person gave and got (``wcm``), how many each gave to and got from (``dcm``).
"""

from __future__ import annotations

import math

from honestsignals.metrics.census import check_counts, share
from honestsignals.metrics.configuration import returned_amounts, returned_ties
from honestsignals.metrics.reciprocity import EMPTY
from honestsignals.metrics.registry import metric, statistic
from honestsignals.metrics.ties import Ties

CERTAIN = "nobody gave anything, or the null returns everything"
NOT_WHOLE = "amounts are no counts"


@statistic(
    range=(0, 0.5),
    open_ends="both",
    undefined=f"{EMPTY}, or {NOT_WHOLE}",
    unit="",
    reference="squartini2013",
    formula="r0 = p / (1 + p), p = W / (W + 2 D)",
    isolates=True,
    title="weighted reciprocity expected, random graph (WRG)",
    basis="the reference values' definition",
)
def reciprocity_weighted_expected_wrg(ties: Ties) -> float:
    """Weighted reciprocity to expect if all that was given fell on ordered pairs blindly, unit by unit."""
    check_counts(ties)
    total = ties.total()
    return share(total, 2 * total + 2 * ties.possible) if total else math.nan


@metric(
    range=(-1, 1),
    open_ends="low",
    undefined=f"{EMPTY}, or {NOT_WHOLE}",
    reference="squartini2013",
    formula="(r - r0) / (1 - r0)",
    higher="yes",
    isolates=True,
    title="weighted reciprocity beyond a random graph, rho (WRG)",
    basis="the reference values' definition",
    zero="as much is returned as in a random graph of the same total",
    identity="1 - (1 - reciprocity_weighted) / (1 - reciprocity_weighted_expected_wrg)",
)
def reciprocity_weighted_rho_wrg(
    reciprocity_weighted: float, reciprocity_weighted_expected_wrg: float
) -> float:
    """Weighted reciprocity beyond that of a network in which only the total is kept.

    Examples
    --------
    >>> reciprocity_weighted_rho_wrg(0.75, 0.5)
    0.5
    """
    return beyond(reciprocity_weighted, reciprocity_weighted_expected_wrg)


@statistic(
    range=(0, 1),
    open_ends="high",
    undefined=f"{EMPTY}, or {NOT_WHOLE}",
    unit="",
    reference="squartini2013",
    formula="r0 = sum of p_ij p_ji / (1 - p_ij p_ji) / W, p_ij = x_i y_j",
    title="weighted reciprocity expected, strengths kept (WCM)",
    basis="the reference values' definition",
)
def reciprocity_weighted_expected_wcm(ties: Ties) -> float:
    """Weighted reciprocity to expect if only what each person gave and got in all were kept.

    Of whole numbers. Refused where more than 1,000 people differ in these totals.
    """
    return ties.once("wcm", lambda: returned_amounts(ties))


@metric(
    range=(-math.inf, 1),
    undefined=f"{EMPTY}, or {NOT_WHOLE}",
    reference="squartini2013",
    formula="(r - r0) / (1 - r0)",
    higher="yes",
    title="weighted reciprocity beyond strengths, rho (WCM)",
    basis="the reference values' definition",
    zero="as much is returned as in random networks with everybody's totals",
    identity="1 - (1 - reciprocity_weighted) / (1 - reciprocity_weighted_expected_wcm)",
)
def reciprocity_weighted_rho_wcm(
    reciprocity_weighted: float, reciprocity_weighted_expected_wcm: float
) -> float:
    """Weighted reciprocity beyond what people's totals bring about: who gives and gets much meets much.

    Examples
    --------
    >>> reciprocity_weighted_rho_wcm(0.75, 0.5)
    0.5
    """
    return beyond(reciprocity_weighted, reciprocity_weighted_expected_wcm)


@statistic(
    range=(0, 1),
    undefined=EMPTY,
    unit="",
    reference="squartini2011",
    formula="r0 = sum of p_ij p_ji / L, p_ij = x_i y_j / (1 + x_i y_j)",
    title="reciprocity expected, degrees kept (DCM)",
    elsewhere=("NEMtropy dcm_exp",),
    basis="the reference values' definition",
)
def reciprocity_expected_dcm(ties: Ties) -> float:
    """Share of ties returned to expect if only how many each gave to and got from were kept.

    The directed configuration model, by maximum likelihood. Refused where more than 1,000 people differ in
    these numbers.
    """
    return ties.once("dcm", lambda: returned_ties(ties.binary()))


@metric(
    range=(-math.inf, 1),
    undefined=CERTAIN,
    reference="squartini2011",
    formula="(r - r0) / (1 - r0)",
    higher="yes",
    title="reciprocity beyond degrees, rho (DCM)",
    elsewhere=("NEMtropy dcm_exp",),
    basis="the reference values' definition",
    zero="ties are returned as often as in random networks with everybody's numbers of contacts",
    identity="1 - (1 - reciprocity_edgewise) / (1 - reciprocity_expected_dcm)",
)
def reciprocity_rho_dcm(reciprocity_edgewise: float, reciprocity_expected_dcm: float) -> float:
    """Share of ties returned beyond what people's numbers of ties bring about.

    Of a complete graph it is 0/0.

    Examples
    --------
    >>> reciprocity_rho_dcm(0.75, 0.5)
    0.5
    """
    return beyond(reciprocity_edgewise, reciprocity_expected_dcm)


def beyond(observed: float, expected: float) -> float:
    """Share of what could be beyond the expected that is; NaN where all is expected.

    >>> beyond(0.75, 0.5), beyond(1.0, 1 - 1e-12)
    (0.5, nan)
    """
    # the expected is known to some ten digits
    return share(observed - expected, 1 - expected) if 1 - expected > 1e-9 else math.nan

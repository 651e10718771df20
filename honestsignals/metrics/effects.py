"""People's parts in what is measured of a network: effects of giver and receiver, contributions of rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.registry import statistic
from honestsignals.metrics.relations import FEW, RoundRobin, round_robin_of
from honestsignals.metrics.rowwise import LEAST_PEOPLE, sums_of
from honestsignals.metrics.skew import SINGLE, phir_of_people
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]

ALIKE = "fewer than three people, or the person gave everybody the same, or got the same from everybody"


def _effect(ties: Ties, found: RoundRobin | None, name: str) -> Array:
    return np.full(ties.n_people, math.nan) if found is None else getattr(found, name)


@statistic(
    range=(-math.inf, math.inf),
    undefined=FEW,
    reference="warner1979",
    formula="a_i = ((n - 1)² M_i. + (n - 1) M_.i - n (n - 1) M) / (n (n - 2)), M means without the diagonal",
    unit="acts to each other",
    basis="TripleR",
    elsewhere=("TripleR actor effect", "DyaDA SRM.effects()$actor.effects"),
    isolates=True,
)
def actor_effect(ties: Ties) -> Array:
    """How much more, or less, than the mean of all the person gives each other, whoever it is.

    Adjusted for whom the person gives to: nobody gives to themselves, so everybody's others differ a little.
    """
    return _effect(ties, round_robin_of(ties), "actor")


@statistic(
    range=(-math.inf, math.inf),
    undefined=FEW,
    reference="warner1979",
    formula="b_i = ((n - 1)² M_.i + (n - 1) M_i. - n (n - 1) M) / (n (n - 2)), M means without the diagonal",
    unit="acts from each other",
    basis="TripleR",
    elsewhere=("TripleR partner effect", "DyaDA SRM.effects()$partner.effects"),
    isolates=True,
)
def partner_effect(ties: Ties) -> Array:
    """How much more, or less, than the mean of all the person gets from each other, whoever it is."""
    return _effect(ties, round_robin_of(ties), "partner")


def _row(ties: Ties, kind: str) -> Array:
    if ties.n_people < LEAST_PEOPLE:
        return np.full(ties.n_people, math.nan)
    return sums_of(ties, kind).correlations


@statistic(
    range=(-1, 1),
    undefined=ALIKE,
    reference="devries1993",
    title="Pearson correlation within a row",
    formula="r_i: correlation of x_ij and x_ji over j",
    unit="",
    higher="yes",
    basis="DyaDA",
    elsewhere=("DyaDA getZr()$rowpearson",),
    isolates=True,
)
def zr_row(ties: Ties) -> Array:
    """Whether the person gives more to those who give the person more: correlation over the person's others.

    Others with whom nothing was exchanged count, as two zeros.
    """
    return _row(ties, "zr")


@statistic(
    range=(-1, 1),
    undefined=ALIKE,
    reference="devries1993",
    title="Spearman correlation within a row",
    formula="rho_i: rank correlation of x_ij and x_ji over j",
    unit="",
    higher="yes",
    basis="DyaDA",
    elsewhere=("DyaDA getRr()$rowrho",),
    isolates=True,
)
def rr_row(ties: Ties) -> Array:
    """Whether the person gives more to those who give the person more: rank correlation over others."""
    return _row(ties, "rr")


@statistic(
    range=(-1, 1),
    undefined=ALIKE,
    reference="devries1993",
    title="Kendall correlation within a row",
    formula="tau_i: Kendall's tau-b of x_ij and x_ji over j",
    unit="",
    higher="yes",
    basis="DyaDA",
    elsewhere=("DyaDA getKr()$rowtau",),
    isolates=True,
)
def kr_row(ties: Ties) -> Array:
    """Whether the person gives more to those who give the person more: Kendall's tau over others."""
    return _row(ties, "kr")


@statistic(
    range=(-math.inf, math.inf),
    undefined=SINGLE,
    reference="solanas2009",
    title="contribution to PHIr as actor φ_i",
    formula="sum over j of (4 w_ij^2 / N^2 - 1 - o / N^2) / (4 z - 4 m), N = w_ij + w_ji, o = 1[N odd]",
    unit="",
    basis="DyaDA",
    elsewhere=("DyaDA getphii",),
)
def phir_actor(ties: Ties) -> Array:
    """The person's part of the overall asymmetry by giving more than comes back; below 0 for giving less.

    Everybody's add up to PHIr. 0 for people without acts.
    """
    return phir_of_people(ties)[0]


@statistic(
    range=(-math.inf, math.inf),
    undefined=SINGLE,
    reference="solanas2009",
    title="contribution to PHIr as partner φ_j",
    formula="sum over i of (4 w_ij^2 / N^2 - 1 - o / N^2) / (4 z - 4 m), N = w_ij + w_ji, o = 1[N odd]",
    unit="",
    basis="DyaDA",
    elsewhere=("DyaDA getphij",),
)
def phir_partner(ties: Ties) -> Array:
    """The person's part of the overall asymmetry by getting more than is given back; below 0 for less.

    Everybody's add up to PHIr. 0 for people without acts.
    """
    return phir_of_people(ties)[1]

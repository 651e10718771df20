"""How much: acts, weight, and when."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import DAY, SECOND, Acts, ratio
from honestsignals.metrics.registry import metric, statistic

Array = np.ndarray[Any, np.dtype[Any]]


@statistic(by_kind=True, formula="w_ij")
def acts_ego(acts: Acts) -> Array:
    """Acts from ego to alter."""
    return acts.acts(acts.from_ego)


@statistic(needs=["periods"], inner=True, formula="acts from i to j at t with 2 (t - start) < end - start")
def early_acts_ego(acts: Acts) -> Array:
    """Acts from ego to alter in the first half of what was observed; its middle is in the second."""
    early = 2 * (acts.clock - acts.start) < acts.per_act(acts.end - acts.start)
    return acts.acts(acts.from_ego & early)


@statistic(unit="weight", needs=["weight"], by_kind=True, formula="sum of weight from i to j")
def weight_ego(acts: Acts) -> Array:
    """Weight that ego gave alter."""
    weight = acts.weight if acts.weight is not None else np.empty(0)
    return acts.sum(np.where(acts.from_ego, weight, 0.0))


@metric(
    range=(0, math.inf),
    swap="same",
    undefined="",
    reference="",
    unit="acts",
    formula="w_ij + w_ji",
)
def acts(acts_ego: Array, acts_alter: Array) -> Array:
    """Acts between the two.

    Examples
    --------
    >>> acts(np.array([2]), np.array([1]))
    array([3])
    """
    return acts_ego + acts_alter


@metric(
    range=(0, 1),
    swap="same",
    undefined="neither acted",
    reference="",
    formula="(h_ij + h_ji) / (w_ij + w_ji), h of a kind",
    inner=True,
    asks=("How much of what they do is by mail, or in one context?",),
)
def kind_share(acts_ego: Array, acts_alter: Array, acts_of_every_kind: Array) -> Array:
    """Share of the acts between the two that are of a kind, as in ``kind_share__mail``.

    Without a kind it is 1 wherever either acted. Of channels or contexts see ``hs.kinds_from``.

    Examples
    --------
    >>> kind_share(np.array([1, 0]), np.array([2, 0]), np.array([4, 0]))
    array([0.75,  nan])
    """
    return ratio(acts_ego + acts_alter, acts_of_every_kind)


@metric(range=(0, 1), swap="same", undefined="", reference="", formula="1[w_ij + w_ji > 0]", higher="")
def in_contact(acts_ego: Array, acts_alter: Array) -> Array:
    """Whether either of the two ever acted: 1 or 0.

    Examples
    --------
    >>> in_contact(np.array([0, 2]), np.array([0, 0]))
    array([0, 1])
    """
    return ((acts_ego + acts_alter) > 0).astype(np.int64)


@metric(range=(0, math.inf), swap="same", undefined="", reference="", unit="weight")
def weight(weight_ego: Array, weight_alter: Array) -> Array:
    """Weight between the two.

    Examples
    --------
    >>> weight(np.array([2.5]), np.array([1.0]))
    array([3.5])
    """
    return weight_ego + weight_alter


@statistic(
    unit="time", needs=["time"], empty=math.nan, range=(-math.inf, math.inf), undefined="neither acted"
)
def first_act(acts: Acts) -> Array:
    """When the two first acted: a date, or seconds from time zero."""
    return acts.reduce(np.minimum, acts.clock / SECOND, math.nan)


@statistic(
    unit="time", needs=["time"], empty=math.nan, range=(-math.inf, math.inf), undefined="neither acted"
)
def last_act(acts: Acts) -> Array:
    """When the two last acted: a date, or seconds from time zero."""
    return acts.reduce(np.maximum, acts.clock / SECOND, math.nan)


@statistic(unit="days", needs=["time"], empty=math.nan, undefined="neither acted")
def span_days(acts: Acts) -> Array:
    """Days from the first act to the last."""
    filled = acts.offsets[1:] > acts.offsets[:-1]
    span = np.full(acts.n_pairs, math.nan)
    last, first = acts.offsets[1:][filled] - 1, acts.offsets[:-1][filled]
    span[filled] = (acts.clock[last] - acts.clock[first]) / DAY
    return span


@statistic(unit="days", needs=["time"], reference="urena2020", formula="days with an act")
def active_days(acts: Acts) -> Array:
    """Days, counted from time zero (midnight UTC), on which either acted."""
    day = acts.clock // DAY
    new = acts.pair_start.copy()
    new[1:] |= day[1:] != day[:-1]
    return acts.total(new)


@statistic(unit="days", needs=["time"], empty=math.nan, undefined="neither acted")
def recency_days(acts: Acts) -> Array:
    """Days from the last act to the end of what was observed."""
    filled = acts.offsets[1:] > acts.offsets[:-1]
    recency = np.full(acts.n_pairs, math.nan)
    recency[filled] = (acts.end[filled] - acts.clock[acts.offsets[1:][filled] - 1]) / DAY
    return recency

"""Attention: what a person gives one other, against all that the person gives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import ratio
from honestsignals.metrics.registry import metric, statistic
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]


@statistic(unit="what was given", by_kind=True, by_weight=True, formula="s_i = sum over j of w_ij")
def total_given_ego(ties: Ties, ego: Array, alter: Array) -> Array:
    """What ego gave to anybody, alter included."""
    return ties.given()[ego]


@statistic(unit="what was given", by_kind=True, by_weight=True, formula="sum over j of w_ji")
def total_received_ego(ties: Ties, ego: Array, alter: Array) -> Array:
    """What ego got from anybody, alter included."""
    return ties.received()[ego]


@metric(
    range=(0, 1),
    swap="swap",
    undefined="ego gave nothing to anybody",
    reference="wang2013",
    formula="p_ij = w_ij / s_i",
    asks=("Who pays more attention to the other?", "How much of ego's attention does alter get?"),
)
def attention_ego(given_ego: Array, total_given_ego: Array) -> Array:
    """Share of all that ego gave which went to alter.

    Examples
    --------
    >>> attention_ego(np.array([1, 0]), np.array([4, 0]))
    array([0.25,  nan])
    """
    # a sum of amounts may come out a bit below the only amount in it
    return np.minimum(ratio(given_ego, total_given_ego), 1.0)


@metric(
    range=(0, math.inf),
    undefined="not both acted",
    reference="wang2013",
    formula="abs(ln p_ij - ln p_ji), p_ij = w_ij / s_i",
    higher="no",
    title="weighted non-reciprocity of attention",
    asks=("Are they equally important to one another?",),
)
def attention_gap(attention_ego: Array, attention_alter: Array) -> Array:
    """How differently the two attend to one another: 0 where each gives the other the same share.

    Low is reciprocal. A pair of few acts can be balanced in this sense and not in counts: who gives
    everything to one other, and gets a hundredth of what that other gives, is far from equal here.

    Examples
    --------
    >>> attention_gap(np.array([0.5, 0.5]), np.array([0.25, 0.0])).round(4)
    array([0.6931,    nan])
    """
    both = (attention_ego > 0) & (attention_alter > 0)
    out = np.full(len(both), math.nan)
    out[both] = np.abs(np.log(attention_ego[both]) - np.log(attention_alter[both]))
    return out

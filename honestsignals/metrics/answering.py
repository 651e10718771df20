"""People: who answers whom, how often and how soon, and who goes first.

What is pooled counts every opening the same, so that busy pairs weigh most; a mean over contacts (``_mean``)
counts every contact the same, however little passed between the two. They are different numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import HOUR, ratio
from honestsignals.metrics.circles import Circle
from honestsignals.metrics.registry import metric, statistic

Array = np.ndarray[Any, np.dtype[Any]]

NO_OPENER = "no conversation of the person has one opener"
UNASKED = "nobody opened anything that the person could have answered in time"


@statistic(reads=["conversations"], unit="conversations", reference="demontjoye2016")
def conversations(circle: Circle) -> Array:
    """Conversations that the person took part in."""
    return circle.sum(circle["conversations"])


@statistic(reads=["opened_ego"], unit="conversations", reference="demontjoye2016")
def opened(circle: Circle) -> Array:
    """Conversations that the person opened; one where both act at its first instant is opened by neither."""
    return circle.sum(circle["opened_ego"])


@statistic(reads=["opened_alter"], unit="conversations")
def opened_by_others(circle: Circle) -> Array:
    """Conversations with the person that others opened."""
    return circle.sum(circle["opened_alter"])


@metric(
    range=(0, 1),
    undefined=NO_OPENER,
    reference="demontjoye2016",
    formula="opened / (opened + opened_by_others)",
    basis="bandicoot",
    elsewhere=("bandicoot percent_initiated_conversations",),
    title="share of conversations opened, pooled",
    asks=("Who goes first towards everybody?",),
)
def opening_share(opened: Array, opened_by_others: Array) -> Array:
    """Share of someone's conversations that they opened: who goes first.

    Pooled over contacts; ``opening_share_mean`` is another number. bandicoot's conversations are of texts
    less than an hour apart, and end with a call.

    Examples
    --------
    >>> opening_share(np.array([3, 0]), np.array([1, 0]))
    array([0.75,  nan])
    """
    return ratio(opened, opened + opened_by_others)


@statistic(
    reads=["opening_share"],
    unit="",
    range=(0, 1),
    undefined=NO_OPENER,
    formula="mean over contacts of the opening share",
    basis="derived",
    title="share of conversations opened, mean over contacts",
)
def opening_share_mean(circle: Circle) -> Array:
    """Mean over contacts of the share of conversations that someone opened: every contact counts the same."""
    return circle.mean(circle["opening_share"])


@statistic(reads=["openings_to_ego"], unit="openings")
def openings_to(circle: Circle) -> Array:
    """Openings by others that the person could answer: those not in the last Δ of what was observed."""
    return circle.sum(circle["openings_to_ego"])


@statistic(reads=["answered_ego"], unit="openings")
def answered(circle: Circle) -> Array:
    """Openings by others that the person answered within Δ (inclusive), the last Δ of the log left out."""
    return circle.sum(circle["answered_ego"])


@metric(
    range=(0, 1),
    undefined=UNASKED,
    reference="demontjoye2016",
    formula="sum of answered_ego / sum of openings_to_ego",
    basis="bandicoot",
    higher="yes",
    elsewhere=("bandicoot response_rate_text",),
    title="response rate, pooled",
    asks=("What share of messages does a person answer?",),
)
def response_rate(answered: Array, openings_to: Array) -> Array:
    """Share of the openings of all others that someone answers within Δ.

    Pooled over contacts; ``response_rate_mean`` is another number. bandicoot counts an answer anywhere in
    the conversation, and the openings at the very end of the log too.

    Examples
    --------
    >>> response_rate(np.array([1, 0]), np.array([4, 0]))
    array([0.25,  nan])
    """
    return ratio(answered, openings_to)


@statistic(
    reads=["reply_rate_ego"],
    unit="",
    range=(0, 1),
    undefined=UNASKED,
    formula="mean over contacts of answered_ego / openings_to_ego",
    basis="derived",
    higher="yes",
    title="response rate, mean over contacts",
)
def response_rate_mean(circle: Circle) -> Array:
    """Mean over contacts of the share of openings that someone answers: every contact counts the same."""
    return circle.mean(circle["reply_rate_ego"])


@statistic(
    reads=["waits"],
    unit="hours",
    open_ends="low",
    undefined="nobody opened anything to the person, or the curve was not followed up to the horizon",
    reference="kaplan1958",
    formula="integral to tau of the Kaplan-Meier curve of hours to a reply, waits of all contacts together",
    higher="no",
    title="restricted mean time to reply",
    asks=("How quickly does somebody reply, over all contacts?",),
)
def response_hours(circle: Circle) -> Array:
    """Hours that others wait for someone's next act after opening a conversation, counting at most τ (a day).

    The waits of all contacts together make one Kaplan–Meier curve, so who opens more counts more;
    ``response_hours_mean`` counts every contact the same. NaN too where the longest wait was cut off
    before τ.
    """
    who, wait, cut = circle.waits or (np.zeros(0, dtype=np.int64),) * 3
    return restricted_mean(who, (wait, cut.astype(bool)), circle.horizon, circle.n_people) / HOUR


def restricted_mean(group: Array, spells: tuple[Array, Array], horizon: int, groups: int) -> Array:
    """Restricted mean of the Kaplan–Meier curve of each group, in the unit of the spells; NaN where unknown.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        Group of each spell, 0 to ``groups - 1``.
    spells : tuple of ndarray, shape (n,)
        Lengths, and whether each was cut off; what ends at a moment does so before what is cut off there.
    horizon : int
        Up to when spells count.
    groups : int
        Number of groups.
    """
    length, cut = spells
    order = np.lexsort((cut, length, group))
    group, length, cut = group[order], length[order], cut[order]
    starts = np.searchsorted(group, np.arange(groups))
    stops = np.searchsorted(group, np.arange(groups), side="right")
    out = np.full(groups, math.nan)
    for one in np.flatnonzero(stops > starts):
        part = slice(starts[one], stops[one])
        out[one] = _area(length[part], cut[part], horizon)
    return out


def _area(length: Array, cut: Array, horizon: int) -> float:
    """Area below one Kaplan–Meier curve up to the horizon; NaN where it was not followed so far."""
    at_risk = len(length) - np.arange(len(length))
    curve = np.cumprod(np.where(cut, 1.0, 1 - 1 / at_risk))
    if curve[-1] > 0 and length[-1] < horizon:
        return math.nan
    moments = np.minimum(np.concatenate([[0], length, [horizon]]), horizon)
    return float((np.diff(moments) * np.concatenate([[1.0], curve])).sum())


@statistic(
    reads=["reply_hours_ego"],
    unit="hours",
    open_ends="low",
    undefined="nobody opened anything to the person, or no pair was followed up to the horizon",
    reference="kaplan1958",
    formula="mean over contacts of the restricted mean time to reply",
    basis="derived",
    higher="no",
    title="restricted mean time to reply, mean over contacts",
)
def response_hours_mean(circle: Circle) -> Array:
    """Mean over contacts of the hours they wait for someone's reply, counting at most τ (a day) each."""
    return circle.mean(circle["reply_hours_ego"])

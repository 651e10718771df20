"""People: who answers whom, how often and how soon, and who goes first.

What is pooled counts every opening the same, so that busy pairs weigh most; a mean over contacts (``_mean``)
counts every contact the same, however little passed between the two. They are different numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from honestsignals.metrics.acts import ratio
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

"""Conversations: who opens them, and who answers.

A conversation is acts of a pair with gaps of at most Δ between them, or what an explicit column says.
It is opened by whoever acts first in it; where both act at that first instant, by neither.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from honestsignals.metrics.acts import Acts, ratio
from honestsignals.metrics.registry import metric, statistic

Array = np.ndarray[Any, np.dtype[Any]]


def _threads(acts: Acts) -> dict[str, Array]:
    """Conversations, their openings, and when the other next acts in each.

    Returns ``begins`` by act: the first of its conversation; and by opening, pair after pair: ``at``
    (position of the act), ``edges`` (offsets of the pairs), ``wait`` (microseconds to the other's next act
    in the conversation, −1 for none), and ``in_time`` (whether it was followed for all of Δ before the end of
    what was observed). All are the same from either side.
    """
    n = len(acts.from_ego)
    order, begins = _cut(acts)
    giver, clock = (part if order is None else part[order] for part in (acts.from_ego, acts.clock))
    turned = begins.copy()
    turned[1:] |= giver[1:] != giver[:-1]
    runs = np.flatnonzero(turned)
    # a reply is the second run of a conversation, unless that run opens the next one
    opens = np.append(begins[runs], True)
    place = np.flatnonzero(opens[:-1])
    starts = runs[place]
    replied = np.flatnonzero(~opens[place + 1])
    wait = np.full(len(starts), -1, dtype=np.int64)
    wait[replied] = clock[runs[place[replied] + 1]] - clock[starts[replied]]
    # a reply at the opening's own instant: both acted first, and neither opened
    valid = np.flatnonzero(wait != 0)
    at = starts if order is None else order[starts]
    first = begins if order is None else np.zeros(n, dtype=bool)
    first[at] = True
    at, wait = at[valid], wait[valid]
    # conversations stand pair after pair, so the offsets of their pairs follow from the numbers alone
    opening = np.zeros(n, dtype=bool)
    opening[at] = True
    edges = acts.edges(opening)
    last = np.repeat(acts.end - acts.settings.conversation_gap, np.diff(edges))
    return {"begins": first, "at": at, "edges": edges, "wait": wait, "in_time": acts.clock[at] <= last}


def _cut(acts: Acts) -> tuple[Array | None, Array]:
    """Where acts are cut into conversations: their order (None: as they stand), and which begin one."""
    if acts.conversation is None:
        begins = acts.pair_start.copy()
        begins |= acts.gaps > acts.settings.conversation_gap
        return None, begins
    n = len(acts.from_ego)
    pair = acts.per_act(np.arange(acts.n_pairs))
    # acts without a conversation are one of their own: their position tells them apart
    own = np.where(
        acts.conversation < 0, acts.conversation.max(initial=0) + 1 + np.arange(n), acts.conversation
    )
    order = np.lexsort((np.arange(n), own, pair))
    thread, among = own[order], pair[order]
    begins = np.ones(n, dtype=bool)
    begins[1:] = (thread[1:] != thread[:-1]) | (among[1:] != among[:-1])
    return order, begins


def thread(acts: Acts, part: str) -> Array:
    """A part of ``_threads``, made once a batch."""
    if "at" not in acts.derived:
        acts.derived.update(_threads(acts))
    return acts.derived[part]


def _openings(acts: Acts, chosen: Array) -> Array:
    """Openings a pair, of those where ``chosen`` holds."""
    running = np.concatenate([[0], np.cumsum(chosen)])
    return np.diff(running[thread(acts, "edges")])


def _by_alter(acts: Acts) -> Array:
    """Whether an opening is alter's, and in time."""
    return thread(acts, "in_time") & ~acts.from_ego[thread(acts, "at")]


@statistic(unit="conversations", needs=["time"], reference="demontjoye2016")
def conversations(acts: Acts) -> Array:
    """Conversations: acts with gaps of at most Δ (inclusive), or of one conversation of the log."""
    return acts.total(thread(acts, "begins"))


@statistic(unit="conversations", needs=["time"])
def opened_ego(acts: Acts) -> Array:
    """Conversations that ego opened; one where both act at its first instant is opened by neither."""
    return _openings(acts, acts.from_ego[thread(acts, "at")])


@metric(
    range=(0, 1),
    swap="complement",
    undefined="no conversation has one opener",
    reference="demontjoye2016",
    formula="opened_ego / (opened_ego + opened_alter)",
    asks=("Who goes first, or starts, or takes the initiative?",),
)
def opening_share(opened_ego: Array, opened_alter: Array) -> Array:
    """Ego's share of the conversations opened: who goes first.

    Examples
    --------
    >>> opening_share(np.array([3, 0]), np.array([1, 0]))
    array([0.75,  nan])
    """
    return ratio(opened_ego, opened_ego + opened_alter)


@statistic(unit="openings", needs=["time"])
def openings_to_ego(acts: Acts) -> Array:
    """Openings by alter that ego could answer: those not in the last Δ of what was observed."""
    return _openings(acts, _by_alter(acts))


@statistic(unit="openings", needs=["time"])
def answered_ego(acts: Acts) -> Array:
    """Openings by alter that ego answered within Δ (inclusive), the last Δ of the log left out."""
    wait = thread(acts, "wait")
    prompt = (wait > 0) & (wait <= acts.settings.conversation_gap)
    return _openings(acts, _by_alter(acts) & prompt)


@metric(
    range=(0, 1),
    swap="swap",
    undefined="alter opened nothing that ego could have answered in time",
    reference="demontjoye2016",
    formula="answered_ego / openings_to_ego, all openings of the last Δ left out",
    higher="yes",
    asks=("What share of openings gets a reply?",),
)
def reply_rate_ego(answered_ego: Array, openings_to_ego: Array) -> Array:
    """Share of alter's openings that ego answers within Δ.

    Examples
    --------
    >>> reply_rate_ego(np.array([1, 0]), np.array([4, 0]))
    array([0.25,  nan])
    """
    return ratio(answered_ego, openings_to_ego)


@metric(
    range=(0, 1),
    swap="same",
    undefined="nobody opened anything that the other could have answered in time",
    reference="demontjoye2016",
    formula="(answered_ego + answered_alter) / (openings_to_ego + openings_to_alter)",
    higher="yes",
)
def reply_rate(
    answered_ego: Array, answered_alter: Array, openings_to_ego: Array, openings_to_alter: Array
) -> Array:
    """Share of the openings of both that the other answers within Δ.

    Examples
    --------
    >>> reply_rate(np.array([1]), np.array([2]), np.array([4]), np.array([2]))
    array([0.5])
    """
    return ratio(answered_ego + answered_alter, openings_to_ego + openings_to_alter)

"""Conversations: who opens them, and who answers.

A conversation is acts of a pair with gaps of at most Δ between them, or what an explicit column says.
It is opened by whoever acts first in it; where both act at that first instant, by neither.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import SECOND, Acts, ratio
from honestsignals.metrics.registry import metric, statistic

Array = np.ndarray[Any, np.dtype[Any]]


def _threads(acts: Acts) -> dict[str, Array]:
    """Conversations, their openings, and when the other next acts in each.

    Returns arrays by opening: ``at`` (position of the act), ``wait`` (microseconds to the other's next
    act in the conversation, −1 for none); and ``begins`` by act: the first of its conversation.
    """
    n = len(acts.from_ego)
    if acts.conversation is None:
        order = None
        begins = acts.pair_start.copy()
        begins[1:] |= np.diff(acts.clock) > acts.settings.conversation_gap
        giver, clock = acts.from_ego, acts.clock
    else:
        pair = acts.per_act(np.arange(acts.n_pairs))
        # acts without a conversation are one of their own: their position tells them apart
        own = np.where(
            acts.conversation < 0, acts.conversation.max(initial=0) + 1 + np.arange(n), acts.conversation
        )
        order = np.lexsort((np.arange(n), own, pair))
        thread, among = own[order], pair[order]
        begins = np.ones(n, dtype=bool)
        begins[1:] = (thread[1:] != thread[:-1]) | (among[1:] != among[:-1])
        giver, clock = acts.from_ego[order], acts.clock[order]
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], n)
    turned = begins.copy()
    turned[1:] |= giver[1:] != giver[:-1]
    runs = np.append(np.flatnonzero(turned), n)
    reply = runs[np.searchsorted(runs, starts, side="right")]
    replied = reply < ends
    wait = np.full(len(starts), -1, dtype=np.int64)
    wait[replied] = clock[reply[replied]] - clock[starts[replied]]
    # a reply at the opening's own instant: both acted first, and neither opened
    valid = wait != 0
    at = starts if order is None else order[starts]
    first = np.zeros(n, dtype=bool)
    first[at] = True
    return {"at": at[valid], "wait": wait[valid], "begins": first}


def _thread(acts: Acts, part: str) -> Array:
    if "at" not in acts.derived:
        acts.derived.update(_threads(acts))
    return acts.derived[part]


def _openings(acts: Acts, chosen: Array) -> Array:
    """Openings a pair, of those where ``chosen`` holds."""
    mask = np.zeros(len(acts.from_ego), dtype=bool)
    mask[_thread(acts, "at")[chosen]] = True
    return acts.total(mask)


def _in_time(acts: Acts) -> Array:
    """Whether an opening was followed for all of Δ before the end of what was observed."""
    at = _thread(acts, "at")
    last = acts.per_act(acts.end)[at] - acts.settings.conversation_gap
    return acts.clock[at] <= last


@statistic(unit="conversations", needs=["time"], reference="demontjoye2016")
def conversations(acts: Acts) -> Array:
    """Conversations: acts with gaps of at most Δ (inclusive), or of one conversation of the log."""
    return acts.total(_thread(acts, "begins"))


@statistic(unit="conversations", needs=["time"])
def opened_ego(acts: Acts) -> Array:
    """Conversations that ego opened; one where both act at its first instant is opened by neither."""
    return _openings(acts, acts.from_ego[_thread(acts, "at")])


@metric(
    range=(0, 1),
    swap="complement",
    undefined="no conversation has one opener",
    reference="demontjoye2016",
    formula="opened_ego / (opened_ego + opened_alter)",
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
    at = _thread(acts, "at")
    return _openings(acts, ~acts.from_ego[at] & _in_time(acts))


@statistic(unit="openings", needs=["time"])
def answered_ego(acts: Acts) -> Array:
    """Openings by alter that ego answered within Δ (inclusive), the last Δ of the log left out."""
    at, wait = _thread(acts, "at"), _thread(acts, "wait")
    prompt = (wait > 0) & (wait <= acts.settings.conversation_gap)
    return _openings(acts, ~acts.from_ego[at] & prompt & _in_time(acts))


@metric(
    range=(0, 1),
    swap="swap",
    undefined="alter opened nothing that ego could have answered in time",
    reference="demontjoye2016",
    formula="answered_ego / openings_to_ego, all openings of the last Δ left out",
    higher="yes",
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


@statistic(
    unit="",
    needs=["time"],
    empty=math.nan,
    range=(-1, 1),
    open_ends="high",
    undefined="fewer than two gaps, or all acts at one instant",
    reference="goh2008",
    formula="(sd - mean) / (sd + mean) of the gaps between acts, sd with n below",
)
def burstiness(acts: Acts) -> Array:
    """How bursty the acts are: −1 evenly spaced, 0 as at random, towards 1 in bursts."""
    seconds = np.diff(acts.clock, prepend=0) / SECOND
    seconds[acts.pair_start] = 0.0
    gaps = np.diff(acts.offsets) - 1
    mean = ratio(acts.sum(seconds), np.where(gaps > 1, gaps, 0))
    away = np.square(seconds - acts.per_act(mean))
    away[acts.pair_start] = 0.0
    deviation = np.sqrt(ratio(acts.sum(away), np.where(gaps > 1, gaps, 0)))
    return ratio(deviation - mean, deviation + mean)

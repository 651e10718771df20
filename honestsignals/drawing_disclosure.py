"""Acts of simulated disclosure as bare arrays: a year of 60 people in a moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from honestsignals.conversing import Ties, draw_ties, draw_turns
from honestsignals.deepening import draw_depths, draw_topics
from honestsignals.disclosing import Disclosure, Moderation, check_options, effects_by_value
from honestsignals.errors import ArgumentError
from honestsignals.making_studies import check_number, given, streams
from honestsignals.processes import START

Array = np.ndarray[Any, np.dtype[Any]]

BOUNDS = {"seed": (0, 2**63), "people": (4, 2_000), "days": (7, 3_660)}
SECOND = 1_000_000


@dataclass(frozen=True, eq=False)
class DisclosureActs:
    """Simulated acts as bare arrays, by time. Made by :func:`draw_disclosure`.

    Attributes
    ----------
    people : int
        People, coded from 0.
    sender, receiver : ndarray of int32, shape (n_acts,)
        Who acts, and for whom.
    time : ndarray of int64
        Microseconds since 1970 in UTC; no two acts of a pair are at one time.
    depth : ndarray of float64
        How deep each goes; NaN for talk.
    topic : ndarray of int32
        What it is about; −1 for talk.
    conversation : ndarray of int32
        Which conversation it belongs to, numbered by when they open.
    opens : ndarray of bool
        Whether it opens its conversation.
    second_value : ndarray of bool or None, shape (n_people,) or (n_people, n_people)
        Of which people or pairs the second value of the moderator holds.
    """

    people: int
    sender: Array
    receiver: Array
    time: Array
    depth: Array
    topic: Array
    conversation: Array
    opens: Array
    second_value: Array | None


def draw_disclosure(
    *,
    seed: int,
    people: int = 60,
    days: int = 365,
    disclosure: Disclosure | None = None,
    moderation: Moderation | None = None,
) -> DisclosureActs:
    """Simulated acts without a study around them, for those who need a thousand of them.

    Parameters
    ----------
    seed, people, days, disclosure, moderation
        As of :func:`honestsignals.simulate_disclosure`, which has the same acts.

    Returns
    -------
    DisclosureActs

    Examples
    --------
    >>> acts = draw_disclosure(seed=1, people=10, days=100)
    >>> acts.people, len(acts.sender) == len(acts.depth)
    (10, True)
    """
    disclosure = given("disclosure", disclosure, Disclosure)
    moderation = None if moderation is None else given("moderation", moderation, Moderation)
    for name, value in (("seed", seed), ("people", people), ("days", days)):
        check_number(name, value, BOUNDS[name], whole=True)
    check_options(disclosure, moderation)
    of_people, of_values, of_openings, of_depths, of_topics = streams(seed, 5)
    ties = draw_ties(people, disclosure, of_people)
    second = None if moderation is None else _moderated(people, moderation, of_values)
    matching, escalation, stifle = _effects(ties, disclosure, moderation, second)
    turns = draw_turns(ties, days, disclosure, stifle, of_openings)
    if not len(turns.time):
        raise ArgumentError(
            f"Nobody acted: {people} people, {days} days, contact {disclosure.contact:g} and weekly "
            f"{disclosure.weekly:g} are too little."
        )
    depth = draw_depths(ties, turns, disclosure, (matching, escalation), of_depths)
    topic = np.where(np.isnan(depth), -1, draw_topics(ties, turns, disclosure, of_topics))
    order = np.lexsort((turns.by_high, turns.pair, turns.time))
    low, high, by_high = ties.low[turns.pair], ties.high[turns.pair], turns.by_high == 1
    start = START.astype("datetime64[us]").astype(np.int64)
    opens = turns.opens[order]
    return DisclosureActs(
        people=int(people),
        sender=np.where(by_high, high, low)[order].astype(np.int32),
        receiver=np.where(by_high, low, high)[order].astype(np.int32),
        time=start + turns.time[order] * SECOND,
        depth=depth[order],
        topic=topic[order].astype(np.int32),
        conversation=_numbered(turns.conversation[order], opens),
        opens=opens,
        second_value=second,
    )


def _moderated(people: int, moderation: Moderation, rng: np.random.Generator) -> Array:
    """Of which people (n_people,) or pairs (n_people, n_people) the second value holds."""
    size = people if moderation.of == "people" else people * (people - 1) // 2
    second: Array = rng.permutation(size) < round(moderation.share * size)
    if moderation.of == "people":
        return second
    square = np.zeros((people, people), dtype=bool)
    square[np.triu_indices(people, 1)] = second
    return square | square.T


def _effects(
    ties: Ties, disclosure: Disclosure, moderation: Moderation | None, second: Array | None
) -> tuple[Array, Array, Array]:
    """Matching, escalation and stifle of every arc."""
    values = np.array(list(effects_by_value(disclosure, moderation).values()))
    giver, taker = ties.giver, ties.taker
    place = np.zeros(len(giver), dtype=np.int64)
    if second is not None:
        place = (second[giver] if second.ndim == 1 else second[giver, taker]).astype(np.int64)
    matching, escalation, stifle = values[place].T
    return matching, escalation, stifle


def _numbered(conversation: Array, opens: Array) -> Array:
    """Numbers of conversations by when they open."""
    number = np.empty(int(conversation.max()) + 1, dtype=np.int32)
    number[conversation[opens]] = np.arange(int(opens.sum()), dtype=np.int32)
    return number[conversation]

"""What a failed opening does in all: the true ratio of rates, later openings failing as they may."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from honestsignals.conversing import (
    ANSWER,
    DAY,
    EXPIRY,
    OPENING,
    Events,
    Ties,
    accepted,
    candidates,
    draw_ties,
    events_of,
)
from honestsignals.disclosing import Disclosure, check_options
from honestsignals.errors import ArgumentError
from honestsignals.making_studies import check_number, streams

Array = np.ndarray[Any, np.dtype[Any]]


def whole_stifle_ratio(
    disclosure: Disclosure,
    horizon_days: int,
    *,
    days: int = 365,
    seed: int = 0,
    studies: int = 4,
    people: int = 200,
) -> tuple[float, float]:
    r"""Ratio of rates of opening after an opening that failed and the same one returned, all else following.

    :meth:`Disclosure.stifle_ratio` holds later openings equal. Here one returned opening of each pair of a
    large study is drawn at random and its answer is taken away; the study then goes on, with all that comes
    of it, and openings over :math:`(t + \Delta, t + \Delta + h]` are counted with and without the answer.
    Later openings may fail in both, and in the one with the answer more are made that may: the ratio is
    nearer to 1. A ratio measured in a log is to be held against this one.

    Parameters
    ----------
    disclosure : Disclosure
        Options; all pairs are in contact, whatever they say.
    horizon_days : int
        h.
    days : int
        Days of the studies that the ratio is to be held against.
    seed : int
        Of the draws.
    studies : int
        How many large studies.
    people : int
        Their people.

    Returns
    -------
    ratio : float
    error : float
        Its Monte-Carlo standard error, from the differences between pairs.

    Examples
    --------
    >>> options = Disclosure(stifle=0.5, half_life_days=20)
    >>> ratio, error = whole_stifle_ratio(options, 14, days=60, studies=1, people=100)
    >>> abs(ratio - options.stifle_ratio(14)) < 0.05
    True
    """
    check_options(disclosure, None)
    check_number("days", days, (7, 3_660), whole=True)
    check_number("horizon_days", horizon_days, (1, days), whole=True)
    if 2 * horizon_days + disclosure.window_days >= days:
        raise ArgumentError(f"days is {days}; before and after need {horizon_days} days each, and Δ.")
    check_number("studies", studies, (1, 10_000), whole=True)
    check_number("people", people, (10, 2_000), whole=True)
    disclosure = replace(disclosure, contact=1.0)
    counts = []
    for rng in streams(seed, studies):
        ties = draw_ties(people, disclosure, rng)
        counts.append(_counted(ties, disclosure, horizon_days, days, rng))
    failed, returned = np.concatenate(counts, axis=1).astype(float)
    ratio = float(failed.mean() / returned.mean())
    spread = float(np.std(failed - ratio * returned) / returned.mean())
    return ratio, spread / float(np.sqrt(len(failed)))


def _counted(ties: Ties, options: Disclosure, horizon: int, days: int, rng: np.random.Generator) -> Array:
    """Openings over the horizon in each pair, without the answer and with it (int, shape (2, n_pairs))."""
    size, stifle = len(ties.low), np.full(2 * len(ties.low), float(options.stifle))
    arc, moment = candidates(ties, days, options, rng)
    needed = -np.log1p(-rng.random(len(arc)))
    events = events_of(ties, (arc, moment, ties.fails[arc]), options, days, rng)
    live = accepted(events, (arc, needed), stifle, options.half_life_days)
    window, h = round(options.window_days * DAY), horizon * DAY
    chosen = _index(events, live, (arc, moment), (size, window, h, days * DAY), rng)
    taken = np.zeros(len(arc), dtype=bool)
    taken[chosen] = True
    alone = Events(*(part[~(taken[events.root] & (events.kind == ANSWER))] for part in _parts(events)))
    begun = np.full(size, -1, dtype=np.int64)
    begun[arc[chosen]] = moment[chosen]
    unanswered = accepted(alone, (arc, needed), stifle, options.half_life_days)
    others = (alone.kind != EXPIRY) & (alone.by_high == 1) & unanswered[alone.root]
    within = (alone.time > begun[alone.pair]) & (alone.time <= begun[alone.pair] + window)
    # where alter acted anyway, the opening did not fail
    begun[alone.pair[others & within]] = -1
    counts = []
    for world, happens in ((alone, unanswered), (events, live)):
        since = world.time - begun[world.pair] - window
        mine = (world.kind == OPENING) & (world.by_high == 0) & happens[world.root]
        counts.append(np.bincount(world.pair[mine & (since > 0) & (since <= h)], minlength=size))
    return np.stack(counts)[:, begun >= 0]


def _index(
    events: Events,
    live: Array,
    openings: tuple[Array, Array],
    spans: tuple[int, int, int, int],
    rng: np.random.Generator,
) -> Array:
    """One returned opening of the lower of each pair, with the horizon before and after it observed."""
    arc, moment = openings
    size, window, h, end = spans
    returned = np.zeros(len(arc), dtype=bool)
    prompt = (events.kind == ANSWER) & (events.time <= moment[events.root] + window)
    returned[events.root[prompt]] = True
    whole = (moment > h) & (moment + window + h < end)
    shuffled = rng.permutation(np.flatnonzero(live & returned & whole & (arc < size)))
    _, first = np.unique(arc[shuffled], return_index=True)
    chosen: Array = shuffled[first]
    return chosen


def _parts(events: Events) -> tuple[Array, ...]:
    """The arrays of events, in their order."""
    return events.pair, events.kind, events.by_high, events.time, events.root

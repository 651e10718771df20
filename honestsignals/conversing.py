"""When simulated people open conversations, whether they are returned, and how a failed opening stifles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logit

from honestsignals.disclosing import Disclosure

Array = np.ndarray[Any, np.dtype[Any]]

DAY = 86_400
LONGEST = 8
"""Acts of one conversation at most."""
OPENING, ANSWER, EXPIRY = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Ties:
    """Pairs in contact, and their two arcs; arc k + n_pairs is the reverse of arc k.

    Attributes
    ----------
    low, high : ndarray of int64, shape (n_pairs,)
        The two people.
    rate : ndarray of float64, shape (n_arcs,)
        ρ: openings a day.
    fails : ndarray of float64, shape (n_arcs,)
        Probability that an opening of the arc is left alone: a matter of its receiver.
    wait : ndarray of float64, shape (n_people,)
        Mean seconds that somebody takes to return.
    """

    low: Array
    high: Array
    rate: Array
    fails: Array
    wait: Array

    @property
    def giver(self) -> Array:
        """Who acts on each arc."""
        return np.concatenate([self.low, self.high])

    @property
    def taker(self) -> Array:
        """Whom for."""
        return np.concatenate([self.high, self.low])


@dataclass(frozen=True, eq=False)
class Turns:
    """Acts that happened, pair after pair in order of time.

    Attributes
    ----------
    pair : ndarray of int64, shape (n_acts,)
        Place among the ties.
    by_high : ndarray of int64
        0 where the lower of the two acts, 1 where the higher.
    time : ndarray of int64
        Whole seconds from the start; no two of a pair are alike.
    conversation : ndarray of int64
        Which conversation of the study.
    opens : ndarray of bool
        Whether an act opens its conversation.
    """

    pair: Array
    by_high: Array
    time: Array
    conversation: Array
    opens: Array


def draw_ties(people: int, options: Disclosure, rng: np.random.Generator) -> Ties:
    """Who is in contact, how much each opens, how surely and how fast each returns.

    >>> ties = draw_ties(10, Disclosure(contact=0.2), np.random.default_rng(1))
    >>> len(ties.low), len(ties.rate)
    (9, 18)
    """
    activity, failing, slow = rng.standard_normal((3, people))
    low, high = np.triu_indices(people, 1)
    met = np.sort(rng.permutation(len(low))[: max(1, round(options.contact * len(low)))])
    low, high = low[met], high[met]
    tie = np.tile(rng.standard_normal(len(low)), 2)
    log = options.activity_sd * activity[np.concatenate([low, high])] + options.tie_sd * tie
    # log-normal, so that its mean and not its median is as stated
    log -= (options.activity_sd**2 + options.tie_sd**2) / 2
    fails = np.full(people, float(options.fail_rate))
    if 0 < options.fail_rate < 1:
        fails = expit(logit(options.fail_rate) + options.fail_sd * failing)
    wait = 3_600 * options.wait_hours * np.exp(options.slow_sd * slow)
    return Ties(low, high, options.weekly / 7 * np.exp(log), fails[np.concatenate([high, low])], wait)


def draw_turns(ties: Ties, days: int, options: Disclosure, stifle: Array, rng: np.random.Generator) -> Turns:
    """Openings and what comes back, with the dents that unreturned openings leave.

    Openings are drawn at the rate without any dent and thinned to the rate with it, all pairs at once.

    Parameters
    ----------
    ties : Ties
        Who is in contact.
    days : int
        Days of the study.
    options : Disclosure
        Rates, waits and dents.
    stifle : ndarray of float64, shape (n_arcs,)
        What an unreturned opening multiplies the rate of its arc by.
    rng : numpy.random.Generator

    Returns
    -------
    Turns
    """
    arc, moment = _candidates(ties, days, options, rng)
    chance = rng.random(len(arc))
    events = _events(ties, (arc, moment), options, days, rng)
    live = np.ones(len(arc), dtype=bool)
    if (stifle < 1).any():
        live = _accepted(events, (arc, chance), stifle, options)
    pair, kind, by_high, time, root = events
    happened = (kind != EXPIRY) & live[root] & (time < days * DAY)
    numbers = np.cumsum(live) - 1
    return Turns(
        pair=pair[happened],
        by_high=by_high[happened],
        time=time[happened],
        conversation=numbers[root[happened]],
        opens=kind[happened] == OPENING,
    )


def _candidates(ties: Ties, days: int, options: Disclosure, rng: np.random.Generator) -> tuple[Array, Array]:
    """Arc and second of every opening that there would be without dents."""
    size = len(ties.low)
    arc = np.repeat(np.arange(2 * size), rng.poisson(ties.rate * days))
    moment = rng.random(len(arc)) * days
    if options.bursts == 0 or options.burst_factor == 1:
        return arc, (moment * DAY).astype(np.int64)
    daily = options.bursts / 365
    # as many go on at the start as at any time, and what is left of them is as long as any (memoryless)
    ongoing = rng.poisson(daily * options.burst_days, size)
    begun = rng.poisson(daily * days, size)
    pair = np.concatenate([np.repeat(np.arange(size), ongoing), np.repeat(np.arange(size), begun)])
    start = np.concatenate([np.zeros(ongoing.sum()), rng.random(begun.sum()) * days])
    length = np.minimum(rng.exponential(options.burst_days, len(pair)), days - start)
    burst = np.tile(np.arange(len(pair)), 2)
    side = np.concatenate([pair, pair + size])
    more = rng.poisson((options.burst_factor - 1) * ties.rate[side] * length[burst])
    within = np.repeat(burst, more)
    extra = start[within] + rng.random(len(within)) * length[within]
    arc, moment = np.concatenate([arc, np.repeat(side, more)]), np.concatenate([moment, extra])
    return arc, (moment * DAY).astype(np.int64)


def _events(
    ties: Ties,
    openings: tuple[Array, Array],
    options: Disclosure,
    days: int,
    rng: np.random.Generator,
) -> tuple[Array, Array, Array, Array, Array]:
    """What each opening would bring about, pair after pair in order of time.

    Returns pair, kind of event, who acts (1 for the higher), second, and the opening that it comes of.
    """
    arc, moment = openings
    size, window = len(ties.low), round(options.window_days * DAY)
    sides = np.stack([ties.low, ties.high])
    alone = rng.random(len(arc)) < ties.fails[arc]
    late = alone & (rng.random(len(arc)) < options.late)
    root = np.arange(len(arc))
    pair, by_high = arc % size, (arc >= size).astype(np.int64)
    found = [(root, moment, by_high, OPENING)]
    answerer = sides[1 - by_high[late], pair[late]]
    after = window + 1 + (rng.exponential(size=len(answerer)) * ties.wait[answerer]).astype(np.int64)
    found.append((root[late], moment[late] + after, 1 - by_high[late], ANSWER))
    on, time, side = root[~alone], moment[~alone], by_high[~alone]
    for _ in range(LONGEST - 1):
        side = 1 - side
        time = time + _waits(ties.wait[sides[side, pair[on]]], window, rng)
        found.append((on, time, side, ANSWER))
        goes = rng.random(len(on)) < options.carries_on
        on, time, side = on[goes], time[goes], side[goes]
    found.append((root, moment + window, by_high, EXPIRY))
    of = np.concatenate([part[0] for part in found])
    when = np.concatenate([part[1] for part in found])
    who = np.concatenate([part[2] for part in found])
    kind = np.repeat([part[3] for part in found], [len(part[0]) for part in found])
    kept = when <= days * DAY
    of, when, who, kind = of[kept], when[kept], who[kept], kind[kept]
    order = np.lexsort((kind, when, pair[of]))
    of, kind = of[order], kind[order]
    return pair[of], kind, who[order], _apart(pair[of], kind, when[order]), of


def _waits(mean: Array, window: int, rng: np.random.Generator) -> Array:
    """Whole seconds from 1 to Δ: exponential, cut at Δ."""
    waits = -mean * np.log1p(rng.random(len(mean)) * np.expm1(-window / mean))
    return np.clip(np.ceil(waits), 1, window).astype(np.int64)


def _apart(pair: Array, kind: Array, time: Array) -> Array:
    """Seconds with acts of a pair moved on where two would fall on one, so that all have an order."""
    acts = np.flatnonzero(kind != EXPIRY)
    # pairs stand so far apart that none reaches into the next
    far = pair[acts] * (int(time.max(initial=0)) + len(time) + 1)
    place = np.arange(len(acts))
    moved = np.maximum.accumulate(time[acts] + far - place) + place - far
    out = time.copy()
    out[acts] = moved
    return out


def _accepted(
    events: tuple[Array, Array, Array, Array, Array],
    candidates: tuple[Array, Array],
    stifle: Array,
    options: Disclosure,
) -> Array:
    """Which openings happen (bool, shape (n_candidates,)): event by event, all pairs at once."""
    pair, kind, by_high, time, root = events
    arc, chance = candidates
    size = len(stifle) // 2
    counts = np.bincount(pair, minlength=size)
    first = np.cumsum(counts) - counts
    # busiest pairs first: those that still have events are then a slice
    busiest = np.argsort(-counts, kind="stable")
    first, longest = first[busiest], int(counts.max(initial=0))
    running = np.searchsorted(-counts[busiest], -np.arange(longest), side="left")
    own = 2 * pair + by_high
    opened = np.zeros(len(arc), dtype=np.int64)
    opened[root[kind == OPENING]] = time[kind == OPENING]
    need = -np.log1p(-chance)  # an opening happens where the dent's log is smaller
    dent = -np.log(stifle)
    decay = 0.0 if options.half_life_days is None else np.log(2) / (options.half_life_days * DAY)
    live = np.zeros(len(arc), dtype=bool)
    weight = np.zeros(2 * size)  # E as of `noted`
    noted = np.zeros(2 * size, dtype=np.int64)
    acted = np.full(2 * size, -1, dtype=np.int64)
    for step in range(longest):
        at = first[: running[step]] + step
        what, of, side, now = kind[at], root[at], own[at], time[at]
        opening = what == OPENING
        left = weight[side] * np.exp(-decay * (now - noted[side]))
        live[of[opening]] = (dent[arc[of]] * left < need[of])[opening]
        alive = live[of]
        acts = alive & (what != EXPIRY)
        acted[side[acts]] = now[acts]
        failed = alive & (what == EXPIRY) & (acted[side ^ 1] <= opened[of])
        weight[side[failed]] = left[failed] + 1
        noted[side[failed]] = now[failed]
    return live

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


@dataclass(frozen=True, eq=False)
class Events:
    """What may happen, pair after pair in order of time; it does where the opening that it comes of does.

    Attributes
    ----------
    pair : ndarray of int64, shape (n_events,)
        Place among the ties.
    kind : ndarray of int64
        ``OPENING``, ``ANSWER``, or ``EXPIRY``: the end of an opening's Δ.
    by_high : ndarray of int64
        0 where the lower of the two acts, 1 where the higher; of an expiry, who opened.
    time : ndarray of int64
        Whole seconds from the start.
    root : ndarray of int64
        The opening that it comes of.
    """

    pair: Array
    kind: Array
    by_high: Array
    time: Array
    root: Array


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
    arc, moment = candidates(ties, days, options, rng)
    # an opening happens where the log of the dent is smaller
    needed = -np.log1p(-rng.random(len(arc)))
    events = events_of(ties, (arc, moment, ties.fails[arc]), options, days, rng)
    live = np.ones(len(arc), dtype=bool)
    if (stifle < 1).any():
        live = accepted(events, (arc, needed), stifle, options.half_life_days)
    happened = (events.kind != EXPIRY) & live[events.root] & (events.time < days * DAY)
    numbers = np.cumsum(live) - 1
    return Turns(
        pair=events.pair[happened],
        by_high=events.by_high[happened],
        time=events.time[happened],
        conversation=numbers[events.root[happened]],
        opens=events.kind[happened] == OPENING,
    )


def candidates(ties: Ties, days: int, options: Disclosure, rng: np.random.Generator) -> tuple[Array, Array]:
    """Arc and second of every opening that there would be without dents.

    >>> ties = draw_ties(10, Disclosure(weekly=7), np.random.default_rng(1))
    >>> arc, second = candidates(ties, 50, Disclosure(), np.random.default_rng(1))
    >>> int(arc.max()) < 18, int(second.max()) < 50 * DAY
    (True, True)
    """
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


def events_of(
    ties: Ties,
    openings: tuple[Array, Array, Array],
    options: Disclosure,
    days: int,
    rng: np.random.Generator,
) -> Events:
    """What each opening would bring about: itself, what comes back, and the end of its Δ.

    Parameters
    ----------
    ties : Ties
        Who is in contact.
    openings : tuple of ndarray, shape (n_openings,)
        Arc, second, and the probability that the opening is left alone.
    options : Disclosure
        Waits, and how conversations go on.
    days : int
        Days of the study; what falls beyond is dropped.
    rng : numpy.random.Generator

    Returns
    -------
    Events
    """
    arc, moment, fails = openings
    size, window = len(ties.low), round(options.window_days * DAY)
    sides = np.stack([ties.low, ties.high])
    alone = rng.random(len(arc)) < fails
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
    of, when, who = (np.concatenate([part[one] for part in found]) for one in (0, 1, 2))
    kind = np.repeat([part[3] for part in found], [len(part[0]) for part in found])
    kept = when <= days * DAY
    of, when, who, kind = of[kept], when[kept], who[kept], kind[kept]
    order = np.lexsort((kind, when, pair[of]))
    of, kind = of[order], kind[order]
    return Events(pair[of], kind, who[order], _apart(pair[of], kind, when[order]), of)


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


def accepted(
    events: Events, openings: tuple[Array, Array], stifle: Array, half_life_days: float | None
) -> Array:
    """Which openings happen: event by event, all pairs at once.

    Parameters
    ----------
    events : Events
        What each would bring about.
    openings : tuple of ndarray, shape (n_openings,)
        Arc, and how large the log of the dent must be for the opening to be thinned away.
    stifle : ndarray of float64, shape (n_arcs,)
        What an unreturned opening multiplies the rate of its arc by.
    half_life_days : float or None
        Of dents.

    Returns
    -------
    ndarray of bool, shape (n_openings,)
    """
    return thinned(events, openings, stifle, half_life_days)[0]


def thinned(
    events: Events, openings: tuple[Array, Array], stifle: Array, half_life_days: float | None
) -> tuple[Array, Array]:
    """Which openings happen, and the log of the dent that each of them meets, whether it happens or not.

    Parameters
    ----------
    events, openings, stifle, half_life_days
        As of :func:`accepted`.

    Returns
    -------
    live : ndarray of bool, shape (n_openings,)
    dent : ndarray of float64, shape (n_openings,)
        An opening happens with probability exp(−dent), given all before.
    """
    kind, time, root = events.kind, events.time, events.root
    arc, needed = openings
    size = len(stifle) // 2
    first, running = in_step(np.bincount(events.pair, minlength=size))
    own = 2 * events.pair + events.by_high
    opened = np.zeros(len(arc), dtype=np.int64)
    opened[root[kind == OPENING]] = time[kind == OPENING]
    depth, met = -np.log(stifle), np.zeros(len(arc))
    decay = 0.0 if half_life_days is None else np.log(2) / (half_life_days * DAY)
    live = np.zeros(len(arc), dtype=bool)
    weight = np.zeros(2 * size)  # E as of `noted`
    noted = np.zeros(2 * size, dtype=np.int64)
    acted = np.full(2 * size, -1, dtype=np.int64)
    for step, at in enumerate(running):
        here = first[:at] + step
        what, of, side, now = kind[here], root[here], own[here], time[here]
        opening = what == OPENING
        left = weight[side] * np.exp(-decay * (now - noted[side]))
        dent = (depth[arc[of]] * left)[opening]
        met[of[opening]] = dent
        live[of[opening]] = dent < needed[of[opening]]
        alive = live[of]
        acts = alive & (what != EXPIRY)
        acted[side[acts]] = now[acts]
        failed = alive & (what == EXPIRY) & (acted[side ^ 1] <= opened[of])
        weight[side[failed]] = left[failed] + 1
        noted[side[failed]] = now[failed]
    return live, met


def in_step(counts: Array) -> tuple[Array, Array]:
    """How to go through many sequences side by side, step by step.

    Parameters
    ----------
    counts : ndarray of int64, shape (n,)
        Lengths of sequences that stand one after the other.

    Returns
    -------
    first : ndarray of int64, shape (n,)
        Where each begins, the longest first.
    running : ndarray of int64, shape (longest,)
        How many are as long as each step: those are a slice of ``first``.

    Examples
    --------
    >>> first, running = in_step(np.array([1, 3]))
    >>> first.tolist(), running.tolist()
    ([1, 0], [2, 1, 1])
    """
    longest = np.argsort(-counts, kind="stable")
    first = (np.cumsum(counts) - counts)[longest]
    steps = np.arange(int(counts.max(initial=0)))
    return first, np.searchsorted(-counts[longest], -steps, side="left")

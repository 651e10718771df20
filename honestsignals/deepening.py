"""How deep simulated people go, turn by turn, and what they talk about."""

from __future__ import annotations

from typing import Any

import numpy as np

from honestsignals.conversing import Ties, Turns, in_step
from honestsignals.disclosing import Disclosure

Array = np.ndarray[Any, np.dtype[Any]]


def draw_depths(
    ties: Ties,
    turns: Turns,
    options: Disclosure,
    effects: tuple[Array, Array],
    rng: np.random.Generator,
) -> Array:
    """Depth of every act: the same for all acts of a turn, unless they are noted with error; NaN for talk.

    Parameters
    ----------
    ties : Ties
        Who is in contact.
    turns : Turns
        Acts, pair after pair in order of time.
    options : Disclosure
        Levels, coefficients and noise.
    effects : tuple of ndarray of float64, shape (n_arcs,)
        Matching and escalation of who acts on each arc.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of float64, shape (n_acts,)
    """
    size = len(ties.low)
    person = options.level_sd * rng.standard_normal(int(ties.high.max()) + 1)
    level = options.level + person[ties.giver] + options.pair_sd * rng.standard_normal(2 * size)
    chance, mistake = rng.random(len(turns.pair)), rng.standard_normal(len(turns.pair))
    told = chance < options.disclosing
    depth = np.full(len(told), np.nan)
    depth[told] = _of_turns(level, (turns.pair[told], turns.by_high[told]), options, effects, rng)
    depth += options.rating_sd * mistake
    if options.layers is not None:
        depth = np.clip(np.floor(depth + 0.5), 0, options.layers - 1)
    return depth


def _of_turns(
    level: Array,
    acts: tuple[Array, Array],
    options: Disclosure,
    effects: tuple[Array, Array],
    rng: np.random.Generator,
) -> Array:
    """Depth of the turn that each disclosure belongs to, from pair and side of each."""
    pair, by_high = acts
    matching, escalation = effects
    begins = np.ones(len(pair), dtype=bool)
    begins[1:] = (np.diff(pair) != 0) | (np.diff(by_high) != 0)
    size = len(level) // 2
    arc, counts = (pair + size * by_high)[begins], np.bincount(pair[begins], minlength=size)
    index = np.arange(len(arc)) - (np.cumsum(counts) - counts)[pair[begins]] + 1
    noise = options.noise * rng.standard_normal(len(arc))
    beyond = _carried(noise, counts, matching[arc], options.own)
    depth: Array = level[arc] + escalation[arc] * np.log(index) + beyond
    return depth[np.cumsum(begins) - 1]


def _carried(noise: Array, counts: Array, matching: Array, own: float) -> Array:
    """What each turn is deeper than expected: d_k = m d_{k−1} + o d_{k−2} + ε_k within each pair."""
    beyond = noise.copy()
    first, running = in_step(counts)
    for step, at in enumerate(running):
        here = first[:at] + step
        if step > 0:
            beyond[here] += matching[here] * beyond[here - 1]
        if step > 1:
            beyond[here] += own * beyond[here - 2]
    return beyond


def draw_topics(ties: Ties, turns: Turns, options: Disclosure, rng: np.random.Generator) -> Array:
    """What every act is about: of the topics those more that its person prefers.

    Returns
    -------
    ndarray of int64, shape (n_acts,)
    """
    people = int(ties.high.max()) + 1
    taste = np.exp(rng.standard_normal((people, options.topics)))
    edges = np.cumsum(taste, axis=1)
    giver = np.where(turns.by_high == 1, ties.high[turns.pair], ties.low[turns.pair])
    point = rng.random(len(giver)) * edges[giver, -1]
    topic: Array = (point[:, None] >= edges[giver, :-1]).sum(axis=1)
    return topic

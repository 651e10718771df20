"""What a failed opening does in all: the true ratio and half-life, later openings failing as they may."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from honestsignals.conversing import (
    ANSWER,
    DAY,
    EXPIRY,
    OPENING,
    Events,
    Ties,
    candidates,
    draw_ties,
    events_of,
    thinned,
)
from honestsignals.disclosing import Disclosure, check_options
from honestsignals.errors import ArgumentError
from honestsignals.inference.stifle_decay import life_of
from honestsignals.making_studies import check_number, streams
from honestsignals.metrics.opening_windows import NEVER, Counter, Openings, Spans, spaced

Array = np.ndarray[Any, np.dtype[Any]]

BLOCKS = 40
"""Of pairs, of which one after the other is left out for errors."""


class WholeStifling(NamedTuple):
    """True values of what is measured over h, with their Monte-Carlo errors. Made by :func:`whole_stifling`.

    Attributes
    ----------
    ratio, ratio_error : float
        Of rates of opening over h, after an opening that failed and the same one returned.
    half_life_days, half_life_error : float
        Of the dent as it is seen over h; NaN where there is none, or no end of it within h.
    edges_days : ndarray, shape (bins + 1,)
        Of bins of time since Δ ran out.
    curve : ndarray, shape (bins,)
        The ratio of each bin.
    """

    ratio: float
    ratio_error: float
    half_life_days: float
    half_life_error: float
    edges_days: Array
    curve: Array


def whole_stifling(
    disclosure: Disclosure,
    horizon_days: int,
    *,
    days: int = 365,
    seed: int = 0,
    studies: int = 4,
    people: int = 200,
    bins: int = 7,
) -> WholeStifling:
    r"""What an opening that failed does to the opener's rate over h, with all that follows from it.

    :meth:`Disclosure.stifle_ratio` is of one failure, others being equal. In no log are they: where an
    opening was returned more openings follow, and those fail too. So here, of each pair of a large study, one
    returned opening is taken of those that :func:`stifling` would look at, and its answer is taken away; the
    study then goes on with all that comes of it, with and without the answer, and openings over
    :math:`(t + \Delta, t + \Delta + h]` are held against one another, by their probabilities. The ratio is
    nearer to 1 than that of one failure, and the half-life, of the curve by bins, shorter than that of one
    dent. What is measured in a log is to be held against these.

    Parameters
    ----------
    disclosure : Disclosure
        Options; all pairs are in contact, whatever they say.
    horizon_days : int
        h.
    days : int
        Days of the studies that it is to be held against.
    seed : int
        Of the draws.
    studies : int
        How many large studies.
    people : int
        Their people.
    bins : int
        Into which h is cut for the half-life, as in ``half_life()``.

    Returns
    -------
    WholeStifling
        Errors are of the jackknife, over blocks of pairs.

    Examples
    --------
    >>> options = Disclosure(stifle=0.5, half_life_days=20)
    >>> found = whole_stifling(options, 14, days=60, studies=1, people=100)
    >>> options.stifle_ratio(14) < found.ratio < options.stifle_ratio(14) + 0.05
    True
    >>> found.half_life_days < 20
    True
    """
    check_options(disclosure, None)
    check_number("days", days, (7, 3_660), whole=True)
    check_number("horizon_days", horizon_days, (1, days), whole=True)
    if 2 * horizon_days + disclosure.window_days >= days:
        raise ArgumentError(f"days is {days}; before and after need {horizon_days} days each, and Δ.")
    check_number("studies", studies, (1, 10_000), whole=True)
    check_number("people", people, (20, 2_000), whole=True)
    check_number("bins", bins, (3, 100), whole=True)
    disclosure = replace(disclosure, contact=1.0)
    edges = np.round(np.linspace(0, horizon_days * DAY, bins + 1)).astype(np.int64)
    rates = [
        _rates(draw_ties(people, disclosure, rng), disclosure, edges, days, rng)
        for rng in streams(seed, studies)
    ]
    return _judged(np.concatenate(rates, axis=1), edges / DAY)


def _judged(rates: Array, edges: Array) -> WholeStifling:
    """Ratio, half-life and their errors, of expected openings, (2, n_pairs, bins)."""
    block = np.arange(rates.shape[1]) % BLOCKS
    parts = np.stack([rates[:, block == one].sum(axis=1) for one in range(BLOCKS)])
    whole = parts.sum(axis=0)

    def of(totals: Array) -> tuple[float, float]:
        failed, returned = totals
        weight = failed * returned / np.maximum(failed + returned, 1e-300)
        with np.errstate(divide="ignore", invalid="ignore"):
            curve = np.log(failed) - np.log(returned)
            life = life_of(curve, edges, weight) if np.isfinite(curve).all() else float("nan")
            return float(failed.sum() / returned.sum()), life

    without = np.array([of(whole - one) for one in parts])
    errors = np.sqrt((BLOCKS - 1) * without.var(axis=0))
    ratio, life = of(whole)
    with np.errstate(divide="ignore", invalid="ignore"):
        return WholeStifling(ratio, float(errors[0]), life, float(errors[1]), edges, whole[0] / whole[1])


def _rates(ties: Ties, options: Disclosure, edges: Array, days: int, rng: np.random.Generator) -> Array:
    """Expected openings by bin in each pair, without the answer and with it, (2, n_pairs, bins)."""
    size, stifle = len(ties.low), np.full(2 * len(ties.low), float(options.stifle))
    arc, moment = candidates(ties, days, options, rng)
    needed = -np.log1p(-rng.random(len(arc)))
    events = events_of(ties, (arc, moment, ties.fails[arc]), options, days, rng)
    live, dents = thinned(events, (arc, needed), stifle, options.half_life_days)
    window = round(options.window_days * DAY)
    chosen = _chosen(events, live, Spans(window, int(edges[-1]), 0, days * DAY), rng)
    taken = np.zeros(len(arc), dtype=bool)
    taken[chosen] = True
    alone = Events(*(part[~(taken[events.root] & (events.kind == ANSWER))] for part in _parts(events)))
    happens, deeper = thinned(alone, (arc, needed), stifle, options.half_life_days)
    # where alter acted anyway, the opening did not fail
    acts = (alone.kind != EXPIRY) & happens[alone.root]
    begun, side = moment[chosen], 2 * arc[chosen]
    acted = Counter(2 * alone.pair[acts] + alone.by_high[acts], alone.time[acts])
    failed = acted.within(side + 1, begun, begun + window) == 0
    since = np.full(2 * size, NEVER)
    since[arc[chosen[failed]]] = begun[failed] + window
    place = np.searchsorted(edges, moment - since[arc], side="left") - 1
    inside = (since[arc] < NEVER) & (place >= 0) & (place < len(edges) - 1)
    bins = len(edges) - 1
    at = arc[inside] * bins + place[inside]
    rates = [
        np.bincount(at, np.exp(-dent[inside]), size * bins).reshape(size, bins) for dent in (deeper, dents)
    ]
    return np.stack(rates)[:, since[:size] < NEVER]


def _chosen(events: Events, live: Array, spans: Spans, rng: np.random.Generator) -> Array:
    """One returned opening of the lower of each pair, of those that are looked at in a log."""
    group = 2 * events.pair + events.by_high
    acts = (events.kind != EXPIRY) & live[events.root]
    opens = np.flatnonzero(acts & (events.kind == OPENING))
    opens = opens[np.lexsort((events.time[opens], group[opens]))]
    openings = Openings(group[opens], events.time[opens], np.full(len(opens), NEVER))
    looked = opens[spaced(openings, openings.group % 2 == 0, spans)]
    begun = events.time[looked]
    acted = Counter(group[acts], events.time[acts])
    returned = acted.within(group[looked] + 1, begun, begun + spans.window) > 0
    shuffled = rng.permutation(looked[returned])
    _, first = np.unique(events.pair[shuffled], return_index=True)
    chosen: Array = events.root[shuffled[first]]
    return chosen


def _parts(events: Events) -> tuple[Array, ...]:
    """The arrays of events, in their order."""
    return events.pair, events.kind, events.by_high, events.time, events.root

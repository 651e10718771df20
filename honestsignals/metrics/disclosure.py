"""Self-disclosure: how much, how deep, how broad, and how it deepens.

A disclosure is an act whose depth is known; depth is on any scale on which more is deeper. An act of which
a log of times counts several is as many disclosures of that depth. Layers are deepened gradually where
penetration goes well (Altman and Taylor 1973); what that is in numbers is mostly this project's own, as each
metric says. Opposite disclosures at one instant have no order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import gammaln

from honestsignals.metrics.acts import Acts, ratio
from honestsignals.metrics.registry import metric, statistic
from honestsignals.metrics.told import Told, exceeds, told

Array = np.ndarray[Any, np.dtype[Any]]

ANY = (-math.inf, math.inf)
NONE = "ego disclosed nothing"


def _disclosing(acts: Acts) -> Array:
    """Whether an act discloses something."""
    if acts.depth is None:
        raise TypeError("the acts have no depth")
    return ~np.isnan(acts.depth)


@statistic(
    unit="disclosures",
    needs=["depth"],
    by_kind=True,
    formula="acts from i to j whose depth is known",
    asks=("How often does someone disclose, confide or open up?",),
)
def disclosures_ego(acts: Acts) -> Array:
    """Disclosures by ego to alter: acts whose depth is known."""
    return acts.acts(acts.from_ego & _disclosing(acts))


def _mean_depth(acts: Acts) -> Array:
    of = told(acts)
    return ratio(of.tally(slice(None), of.depth * of.counts), of.tally(slice(None), of.counts))


@statistic(
    unit="depth",
    needs=["depth"],
    by_kind=True,
    empty=math.nan,
    range=ANY,
    undefined=NONE,
    reference="altman1973",
    formula="mean depth of i's disclosures to j",
    asks=("How deep or intimate is what someone discloses?",),
)
def depth_ego(acts: Acts) -> Array:
    """Mean depth of ego's disclosures."""
    return acts.of_ego(acts.once("mean_depth", lambda: _mean_depth(acts)))


def _deepest(acts: Acts) -> Array:
    of = told(acts)
    order = np.argsort(of.group, kind="stable")
    edges = np.searchsorted(of.group[order], np.arange(2 * acts.n_pairs + 1))
    out = np.full(2 * acts.n_pairs, math.nan)
    filled = np.flatnonzero(edges[1:] > edges[:-1])
    if len(filled):
        out[filled] = np.maximum.reduceat(of.depth[order], edges[filled])
    return out.reshape(2, -1)


@statistic(
    unit="depth",
    needs=["depth"],
    by_kind=True,
    empty=math.nan,
    range=ANY,
    undefined=NONE,
    reference="altman1973",
    formula="largest depth of i's disclosures to j",
    title="peak of depth",
)
def depth_peak_ego(acts: Acts) -> Array:
    """Depth of the deepest of ego's disclosures; the more there are, the deeper the deepest."""
    return acts.of_ego(acts.once("deepest", lambda: _deepest(acts)))


# breadth


def _cells(acts: Acts) -> tuple[Array, Array]:
    """Group of each topic that a person has disclosed about, and disclosures about it."""
    if acts.topic is None:
        raise TypeError("the acts have no topic")
    of = told(acts)
    topic = of.acts.topic if of.acts.topic is not None else np.empty(0, dtype=np.int32)
    at = np.flatnonzero(topic >= 0)
    at = at[np.lexsort((topic[at], of.group[at]))]
    group, about = of.group[at], topic[at]
    new = np.ones(len(at), dtype=bool)
    new[1:] = (group[1:] != group[:-1]) | (about[1:] != about[:-1])
    starts = np.flatnonzero(new)
    number = np.add.reduceat(of.counts[at], starts) if len(starts) else starts
    return group[starts], number


def _topics(acts: Acts) -> Array:
    """Topics, disclosures that have one, and topics expected in as many as the other has (rows of two)."""
    groups, (cell, number) = 2 * acts.n_pairs, _cells(acts)
    topics = np.bincount(cell, minlength=groups)
    total = np.bincount(cell, weights=number, minlength=groups)
    least = np.tile(total.reshape(2, -1).min(axis=0), 2)
    n, m = total[cell], least[cell]
    without = np.maximum(n - number - m, 0.0)
    never = gammaln(n - number + 1) + gammaln(n - m + 1) - gammaln(without + 1) - gammaln(n + 1)
    # where fewer than m are about other topics, each m have one about this
    missed = np.where(n - number >= m, np.exp(np.minimum(never, 0.0)), 0.0)
    expected = np.bincount(cell, weights=1 - missed, minlength=groups)
    # rounding must not leave the range
    expected = np.minimum(np.maximum(expected, 1.0), np.minimum(topics, least))
    return np.array([topics, total, np.where(least > 0, expected, math.nan)]).reshape(3, 2, -1)


def _of_topics(acts: Acts, which: int) -> Array:
    return acts.of_ego(acts.once("topics", lambda: _topics(acts))[which])


@statistic(
    unit="topics",
    needs=["depth", "topic"],
    by_kind=True,
    formula="distinct topics of i's disclosures to j",
    reference="altman1973",
)
def topics_ego(acts: Acts) -> Array:
    """Topics that ego disclosed about: a plain count, which rises with the number of disclosures."""
    return _of_topics(acts, 0).astype(np.int64)


@statistic(unit="disclosures", needs=["depth", "topic"], by_kind=True, inner=True)
def topical_ego(acts: Acts) -> Array:
    """Disclosures by ego that have a topic."""
    return _of_topics(acts, 1).astype(np.int64)


@metric(
    range=(0, math.inf),
    swap="same",
    undefined="",
    reference="hurlbert1971",
    unit="disclosures",
    formula="m = min(n_ij, n_ji), disclosures that have a topic",
)
def breadth_size(topical_ego: Array, topical_alter: Array) -> Array:
    """Disclosures that breadth is of: the smaller of the two people's numbers with a topic.

    Breadth rises with it, so that it tells pairs apart only where this is held constant.

    Examples
    --------
    >>> breadth_size(np.array([3]), np.array([5]))
    array([3])
    """
    return np.minimum(topical_ego, topical_alter)


@statistic(
    unit="topics",
    needs=["depth", "topic"],
    by_kind=True,
    empty=math.nan,
    range=(1, math.inf),
    undefined="either disclosed nothing that has a topic",
    reference="hurlbert1971",
    formula="sum over topics t of 1 - C(n - n_t, m)/C(n, m); n_t of i's n disclosures on t, m = breadth_size",
    title="rarefied breadth",
    asks=("How broad is what they disclose, over how many topics?",),
)
def breadth_ego(acts: Acts) -> Array:
    """Topics expected in m of ego's disclosures, m being as many as the one who has fewer has.

    Hurlbert's rarefaction (Altman and Taylor 1973 is where breadth comes from): more disclosures have more
    topics by themselves, so that both are looked at in equal numbers. Of m = 1 it is 1 for both.
    """
    return _of_topics(acts, 2)


@metric(
    range=(0, 1),
    swap="same",
    open_ends="low",
    undefined="either disclosed nothing that has a topic",
    reference="altman1973",
    basis="derived",
    formula="min(breadth_ego, breadth_alter) / max(breadth_ego, breadth_alter)",
    higher="yes",
    asks=("Do both disclose equally broadly?",),
)
def breadth_balance(breadth_ego: Array, breadth_alter: Array) -> Array:
    """How equal the breadths are of what the two disclose, the smaller over the larger.

    Examples
    --------
    >>> breadth_balance(np.array([1.5, np.nan]), np.array([3.0, np.nan]))
    array([0.5, nan])
    """
    return ratio(np.minimum(breadth_ego, breadth_alter), np.maximum(breadth_ego, breadth_alter))


# over time


def _escalation(acts: Acts) -> Array:
    of = told(acts)
    groups = 2 * acts.n_pairs
    edges = of.acts.edges(of.acts.new_instant)[:-1]
    step = np.cumsum(of.acts.new_instant) - of.acts.per_act(edges)
    first, last = np.zeros((2, groups), dtype=np.int64)
    first[of.group[::-1]], last[of.group] = step[::-1], step
    number = np.bincount(of.group, minlength=groups)

    def centred(values: Array) -> Array:
        return values - ratio(np.bincount(of.group, values, minlength=groups), number)[of.group]

    log, depth = centred(np.log(step)), centred(of.depth)
    slope = ratio(*(np.bincount(of.group, log * one, minlength=groups) for one in (depth, log)))
    return np.where((number >= 3) & (last > first), slope, math.nan).reshape(2, -1)


@statistic(
    unit="depth",
    needs=["time", "depth"],
    empty=math.nan,
    range=ANY,
    undefined="fewer than three disclosures by ego, or all at one moment",
    reference="altman1973",
    basis="derived",
    formula="least-squares slope of depth of i's disclosures on ln k, k moments so far at which either did",
    title="escalation of depth",
    asks=("Does disclosure deepen, gradually, layer by layer?",),
)
def escalation_ego(acts: Acts) -> Array:
    """How ego's disclosures deepen as the two go on: depth gained each time exchange grows e-fold.

    k counts the moments up to and with the disclosure's own at which either disclosed, so that what is of one
    instant has one k.
    """
    return acts.of_ego(acts.once("escalation", lambda: _escalation(acts)))


def reached(of: Told) -> Array:
    """Deepest that the other had disclosed at strictly earlier instants; −∞ where nothing."""
    n, acts = len(of.depth), of.acts
    depths, rank = np.unique(of.depth, return_inverse=True)
    base = acts.per_act(np.arange(acts.n_pairs)) * (len(depths) + 1)
    starts = np.flatnonzero(acts.new_instant)
    start = np.repeat(starts, np.diff(starts, append=n))
    later = start > acts.per_act(acts.offsets[:-1])
    found = np.zeros(n, dtype=np.int64)
    for side in (True, False):
        # ranks of pair after pair, so that one running maximum is that of each pair
        running = np.maximum.accumulate(base + np.where(acts.from_ego == side, rank + 1, 0))
        at = np.flatnonzero(later & (acts.from_ego != side))
        found[at] = running[start[at] - 1] - base[at]
    return np.append(-math.inf, depths)[found]


def _too_deep(acts: Acts) -> Array:
    of = told(acts)
    so_far = reached(of)
    after = np.flatnonzero(so_far > -math.inf)
    deep = after[exceeds(of.depth[after], so_far[after], acts.settings.depth_margin)]
    return ratio(of.tally(deep), of.tally(after))


@statistic(
    unit="",
    needs=["time", "depth"],
    empty=math.nan,
    range=(0, 1),
    undefined="ego disclosed nothing after alter first had",
    reference="altman1973",
    basis="derived",
    formula="share of i's disclosures after j's first that are deeper than j's deepest so far + tau",
    higher="no",
    title="over-disclosure",
    asks=("Does someone overshare: too much, too soon?",),
)
def overdisclosure_ego(acts: Acts) -> Array:
    """Share of ego's disclosures that go deeper than alter ever has so far, by more than τ (0 unless said).

    Of those made after alter first disclosed; what alter disclosed at the same instant does not count yet.
    """
    return acts.of_ego(acts.once("too_deep", lambda: _too_deep(acts)))

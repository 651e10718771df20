"""How simulated people act: who gives to whom, when, of what kind, and how deep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit, logit

from honestsignals.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

START = np.datetime64("2024-01-08", "s")
"""First day of every simulated study: a Monday."""
OFFICES = ("east", "north", "west")
KINDS = ("help", "information")
SAME_OFFICE_MEETS, SAME_OFFICE_ACTS = 1.2, 0.4
"""Log of how much likelier people of one office are to meet, and how much more they then do."""
CARRIES_ON, AGAIN, SAME_DAY = 0.4, 0.2, 0.3
"""Shares: replies that are replied to, unanswered openings said again, openings on the day of another."""
LONGEST = 5
"""Acts of one conversation at most."""


@dataclass(frozen=True)
class Activity:
    """How much people act, and how they answer.

    Attributes
    ----------
    contact : float
        Share of the pairs that know one another, and may act.
    weekly : float
        Acts a week of a pair that knows one another, on average.
    replies : float
        Share of openings that are answered within the hour, by a typical person of a typical pair.
    spread : float
        Times the usual differences between people and between pairs; 0 makes them all alike.
    information : float
        Share of acts that give information, by a typical person; the others give help.
    self_acts, duplicates : float
        Rows to add that are no act (people who note something for themselves), and rows noted twice, as
        shares of the acts.
    """

    contact: float = 0.4
    weekly: float = 1.0
    replies: float = 0.5
    spread: float = 1.0
    information: float = 0.4
    self_acts: float = 0.02
    duplicates: float = 0.004


def root(rising: Callable[[float], float], target: float) -> float:
    """Where a rising function of one number takes a value; the end of −50 … 50 that is nearer if nowhere.

    >>> round(root(lambda x: x**3, 8.0), 9)
    2.0
    """
    low, high = -50.0, 50.0
    for _ in range(80):  # halves 100 down to the last bit
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return high


def draw_people(people: int, rng: np.random.Generator) -> pd.DataFrame:
    """Ids, offices and years of tenure.

    >>> draw_people(4, np.random.default_rng(1)).columns.tolist()
    ['id', 'office', 'tenure']
    """
    import pandas as pd

    width = max(2, len(str(people)))
    office = np.array(OFFICES, dtype=object)[rng.permutation(people) % len(OFFICES)]
    tenure = np.maximum(rng.gamma(2.0, 3.0, people).round(1), 0.1)
    ids = [f"P{number:0{width}d}" for number in range(1, people + 1)]
    return pd.DataFrame({"id": ids, "office": office, "tenure": tenure})


@dataclass(frozen=True, eq=False)
class _Arcs:
    """Ordered pairs of people who know one another; the reverse of arc k is arc k + m, modulo 2 m."""

    giver: Array
    taker: Array
    openings: Array
    """Openings a week from giver to taker."""
    answered: Array
    """Share of them that the taker answers within the hour."""
    information: Array
    """Share of the giver's acts to the taker that give information."""

    def reverse(self, arc: Array) -> Array:
        """The arcs from taker to giver."""
        size = len(self.giver)
        return (arc + size // 2) % size


def draw_acts(people: pd.DataFrame, days: int, activity: Activity, rng: np.random.Generator) -> pd.DataFrame:
    """Acts of giving in order of time: ``time``, ``sender``, ``receiver``, ``kind``, ``depth``.

    People differ in how much they give and get, pairs in how much they do, who gives more and how surely
    an opening is answered. Depth rises with the acts of a pair and with what of them was returned.

    Parameters
    ----------
    people : pandas.DataFrame
        As from :func:`draw_people`.
    days : int
        Acts fall on working days among them, from ``START`` on.
    activity : Activity
        How much people act.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Self-acts and rows noted twice are among the rows.
    """
    import pandas as pd

    arcs = _arcs(people["office"].to_numpy(), activity, rng)
    arc, seconds = _conversations(arcs, days, rng)
    if not len(arc):
        raise ArgumentError(
            f"Nobody acted: {len(people)} people, {days} days, contact {activity.contact:g} and weekly "
            f"{activity.weekly:g} are too little."
        )
    giver, taker = arcs.giver[arc], arcs.taker[arc]
    order = np.lexsort((taker, giver, seconds))
    arc, seconds, giver, taker = arc[order], seconds[order], giver[order], taker[order]
    kind = (rng.random(len(arc)) < arcs.information[arc]).astype(int)
    depth = _depth(giver, taker, activity.spread, rng)
    n = len(arc)
    oneself = np.sort(rng.choice(n, round(activity.self_acts * n), replace=False))
    twice = np.sort(rng.choice(n, round(activity.duplicates * n), replace=False))
    rows = np.concatenate([np.arange(n), oneself, twice])
    to_self = np.arange(len(rows)) - n
    taker = np.where((to_self >= 0) & (to_self < len(oneself)), giver[rows], taker[rows])
    # a stable order, so that what was noted twice stands together
    rows, taker = (values[np.argsort(seconds[rows], kind="stable")] for values in (rows, taker))
    ids = people["id"].to_numpy()
    stamps = np.datetime_as_string(START + seconds[rows].astype("timedelta64[s]"))
    return pd.DataFrame(
        {
            "time": [f"{stamp}Z" for stamp in stamps],
            "sender": ids[giver[rows]],
            "receiver": ids[taker],
            "kind": np.array(KINDS, dtype=object)[kind[rows]],
            "depth": depth[rows],
        }
    )


def _arcs(office: Array, activity: Activity, rng: np.random.Generator) -> _Arcs:
    """Who knows whom, and what each does then."""
    low, high = np.triu_indices(len(office), 1)
    # standard deviations of the logs (or log odds), so that the busiest of 30 people gives ten times the
    # acts of the quietest, as in logs of messages
    giving, getting, answering, informing = (
        activity.spread * sd * rng.standard_normal(len(office)) for sd in (0.5, 0.4, 0.6, 0.8)
    )
    same = office[low] == office[high]
    reach = np.exp((giving + getting)[low] / 2 + (giving + getting)[high] / 2 + SAME_OFFICE_MEETS * same)
    scale = root(lambda at: float(-np.expm1(-np.exp(at) * reach).mean()), activity.contact)
    met = rng.random(len(low)) < -np.expm1(-np.exp(scale) * reach)
    low, high, same = low[met], high[met], same[met]
    close, skew, prompt, topical = (
        activity.spread * sd * rng.standard_normal(len(low)) for sd in (0.6, 0.9, 0.9, 0.7)
    )
    giver, taker = np.concatenate([low, high]), np.concatenate([high, low])
    both = np.tile(close + SAME_OFFICE_ACTS * same, 2) + np.concatenate([skew, -skew])
    openings = np.exp(giving[giver] + getting[taker] + both)
    answered = expit(logit(activity.replies) + answering[taker] + np.tile(prompt, 2))
    replies = (1 - CARRIES_ON ** (LONGEST - 1)) / (1 - CARRIES_ON)
    length = 1 + answered * replies + (1 - answered) * AGAIN
    openings *= activity.weekly * len(low) / max(float((openings * length).sum()), 1e-300)
    information = expit(logit(activity.information) + informing[giver] + np.tile(topical, 2))
    return _Arcs(giver, taker, openings, answered, information)


def _conversations(arcs: _Arcs, days: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Arc and moment (seconds from the start) of every act."""
    opened = np.repeat(np.arange(len(arcs.giver)), rng.poisson(arcs.openings * days / 7))
    seconds = _moments(opened, days, rng)
    heard = rng.random(len(opened)) < arcs.answered[opened]
    again = ~heard & (rng.random(len(opened)) < AGAIN)
    found = [(opened, seconds), (opened[again], seconds[again] + _wait(int(again.sum()), rng))]
    arc, moment = opened[heard], seconds[heard]
    for _ in range(LONGEST - 1):
        arc, moment = arcs.reverse(arc), moment + _wait(len(arc), rng)
        found.append((arc, moment))
        on = rng.random(len(arc)) < CARRIES_ON
        arc, moment = arc[on], moment[on]
    return np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])


def _moments(opened: Array, days: int, rng: np.random.Generator) -> Array:
    """When conversations open: on working days from 8:30 to 17:30, most around noon, some days busy."""
    working = np.flatnonzero(np.arange(days) % 7 < 5)
    day = working[rng.integers(len(working), size=len(opened))]
    place = np.arange(len(opened))
    copies = rng.random(len(opened)) < SAME_DAY
    copies &= np.diff(opened, prepend=-1) == 0
    day = day[np.maximum.accumulate(np.where(copies, 0, place))]
    of_day = rng.random((2, len(opened))).mean(axis=0)
    return day * 86_400 + 30_600 + np.floor(of_day * 32_400).astype(np.int64)


def _wait(size: int, rng: np.random.Generator) -> Array:
    """Seconds to an answer: from one minute to fifty, mostly short."""
    return 60 + np.floor(rng.random(size) ** 2 * 2_940).astype(np.int64)


def _depth(giver: Array, taker: Array, spread: float, rng: np.random.Generator) -> Array:
    """Depth of acts (in order of time) from 0 to 1: layer by layer, and deeper where it is returned."""
    low, high = np.minimum(giver, taker), np.maximum(giver, taker)
    order = np.lexsort((np.arange(len(low)), high, low))
    first = np.ones(len(low), dtype=bool)
    first[1:] = (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)
    start = np.maximum.accumulate(np.where(first, np.arange(len(low)), 0))
    before = np.arange(len(low)) - start
    by_low = np.concatenate([[0], np.cumsum(giver[order] == low[order])])[:-1]
    by_low = by_low - by_low[start]
    returned = 2 * np.minimum(by_low, before - by_low) / np.maximum(before, 1)
    openness = 0.4 * spread * rng.standard_normal(int(high.max()) + 1)
    noise = 0.4 * spread * rng.standard_normal(len(low))
    depth = np.empty(len(low))
    depth[order] = expit(-1.8 + 0.5 * np.log1p(before) + 0.8 * returned + openness[giver[order]] + noise)
    return depth.round(2)

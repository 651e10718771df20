"""Everybody's circle, from the pairs that an engine brings together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from honestsignals.engines.passes import FAR, Engine, Rows
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.circles import Circle
from honestsignals.metrics.columns import plan as planned_columns
from honestsignals.metrics.registry import GIVEN, WAITS, Entry
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]


def circle_of(
    engine: Engine, plan: Sequence[Entry], of: str = "", before: int = FAR, settings: Settings | None = None
) -> Circle:
    """Everybody's pairs seen from each, with the dyad columns that some person metrics read.

    Parameters
    ----------
    engine : Engine
        Brings each pair's acts together.
    plan : sequence of Entry
        Person metrics to come.
    of : str
        What was given: "" for acts, "weight", or the suffix of a kind.
    before : int
        Only acts strictly before it count.
    settings : Settings, optional
        Spans of the event metrics.
    """
    ties = _all_ties(engine, of, before)
    return _circle(engine, ties, plan, before, settings or Settings())


def circles_of(
    engine: Engine, plan: Sequence[Entry], of: str = "", before: int = FAR, settings: Settings | None = None
) -> Iterator[Circle]:
    """The same some people at a time, in their order, with as many pairs as the engine holds at once.

    In each circle people are counted from its first; ``alter`` keeps its code.
    """
    ties = _all_ties(engine, of, before)
    if 2 * len(ties) <= engine.most_rows:
        yield _circle(engine, ties, plan, before, settings or Settings())
        return
    reach = np.cumsum(ties.contacts())
    first = 0
    while first < ties.n_people:
        before_it = reach[first - 1] if first else 0
        after = int(np.searchsorted(reach, before_it + engine.most_rows, side="right"))
        after = min(max(after, first + 1), ties.n_people)
        yield _circle_within(engine, ties, (first, after), plan, (before, settings or Settings()))
        first = after


def _all_ties(engine: Engine, of: str, before: int) -> Ties:
    ties = engine.ties(of, before)
    # what rests on acts is of all acts that count, whatever else is given here
    return _with_pairs_of(ties, engine.ties("", before)) if of else ties


def _circle_within(
    engine: Engine,
    ties: Ties,
    people: tuple[int, int],
    plan: Sequence[Entry],
    how: tuple[int, Settings],
) -> Circle:
    """The circles of some people, from the pairs that they are in."""
    first, after = people
    inside = ((ties.low >= first) & (ties.low < after)) | ((ties.high >= first) & (ties.high < after))
    sides = (getattr(ties, name)[inside] for name in ("low", "high", "forth", "back"))
    low, high, forth, back = sides
    own = replace(ties, low=low, high=high, forth=forth, back=back, derived={})
    return _circle(engine, own, plan, *how, people=people)


def _circle(
    engine: Engine,
    ties: Ties,
    plan: Sequence[Entry],
    before: int,
    settings: Settings,
    *,
    people: tuple[int, int] | None = None,
) -> Circle:
    """The circles of everybody in some ties, or of the people from one code to before another."""
    log = engine.log
    first, after = people or (0, ties.n_people)
    ego, alter, order = both_sides(ties)
    if people is not None:
        inside = (ego >= first) & (ego < after)
        ego, alter, order = ego[inside], alter[inside], order[inside]
    reads = list(dict.fromkeys(name for entry in plan for name in entry.reads if name not in GIVEN))
    early = None if before == FAR else np.full(len(ego), before)
    columns = planned_columns([name for name in reads if name != WAITS], log.kinds, log.has)
    found = engine.columns(Rows(ego, alter, early, directed=True), columns, settings)
    waits = None
    if WAITS in reads:
        who, wait, cut = _waits(engine, ties, before, settings)
        theirs = (who >= first) & (who < after)
        waits = who[theirs] - first, wait[theirs], cut[theirs]
    found["given_ego"] = np.concatenate([ties.forth, ties.back])[order]
    found["given_alter"] = np.concatenate([ties.back, ties.forth])[order]
    could = np.ones(len(ego), dtype=bool)
    return Circle(after - first, ego - first, alter, found, could, waits, settings.reply_horizon)


def _waits(engine: Engine, ties: Ties, before: int, settings: Settings) -> tuple[Array, Array, Array]:
    """Who is waited for, how long, and whether the end cut it off: of every pair once."""
    low, high = ties.low.astype(np.int32), ties.high.astype(np.int32)
    early = None if before == FAR else np.full(len(low), before)
    row, for_low, wait, cut = engine.waits(Rows(low, high, early), settings)
    return np.where(for_low, low[row], high[row]), wait, cut


def _with_pairs_of(ties: Ties, others: Ties) -> Ties:
    """The same ties, with 0 both ways for pairs that others have and these have not."""
    n = ties.n_people
    keys, more = (one.low.astype(np.int64) * n + one.high for one in (ties, others))
    every = np.union1d(keys, more)
    place = np.searchsorted(every, keys)
    sides = []
    for values in (ties.forth, ties.back):
        side = np.zeros(len(every), dtype=values.dtype)
        side[place] = values
        sides.append(side)
    return replace(ties, low=every // n, high=every % n, forth=sides[0], back=sides[1], derived={})


def both_sides(ties: Ties) -> tuple[Array, Array, Array]:
    """Each pair from both sides, sorted by ego and then alter, and places in (forth, back) of each row."""
    ego, alter = np.concatenate([ties.low, ties.high]), np.concatenate([ties.high, ties.low])
    order = np.argsort(ego.astype(np.int64) * ties.n_people + alter, kind="stable")
    return ego[order].astype(np.int32), alter[order].astype(np.int32), order

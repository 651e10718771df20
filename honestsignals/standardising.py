"""What is measured of a log and of each draw of a null model, and what is kept of many draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from honestsignals.engines.circles import circle_of
from honestsignals.engines.local import LocalEngine
from honestsignals.engines.passes import LogColumns, Rows
from honestsignals.errors import DesignError, listed
from honestsignals.inference.nulls import NULLS, Given, Null, circle, generator
from honestsignals.metrics.acts import HOUR, Settings
from honestsignals.metrics.columns import choose, describe, plan
from honestsignals.metrics.levels import chosen, found, measure, planned
from honestsignals.metrics.registry import LEVELS, NEEDS, Fact

Array = np.ndarray[Any, np.dtype[Any]]

LACKS = "times, or waves"
SAME = 1e-12
"""Difference, of the value or of 1, up to which two are the same: sums differ in their last digits."""
SMALL = ((6, 90), (9, 14), (12, 60))
"""People and acts of small logs that tell whether a null model keeps a metric."""
TRIES = 16
"""Draws of each."""


@dataclass(frozen=True, eq=False)
class Measure:
    """Metrics of a level, of whatever log.

    Attributes
    ----------
    level : str
        What they are about.
    names : tuple of str
        The metrics.
    asked : tuple of str
        Those asked for by name, and not by family.
    facts : mapping of str to Fact
        What each is.
    rows : Rows
        Pairs that are measured, where these are dyads.
    settings : Settings
        Spans of event metrics.
    """

    level: str
    names: tuple[str, ...]
    asked: tuple[str, ...]
    facts: Mapping[str, Fact]
    rows: Rows
    settings: Settings

    @classmethod
    def of(cls, log: LogColumns, level: str, wanted: Sequence[str] | str, settings: Settings) -> Measure:
        """Metrics asked for, of the pairs in contact."""
        some = [wanted] if isinstance(wanted, str) else list(wanted)
        every: Sequence[str] | str = "all" if "all" in some else some
        if level == "dyad":
            names = choose(every, log.kinds, log.has, directed=False)
            by_name = {one.name: one for one in plan(names, log.kinds, log.has)}
            facts = {name: describe(by_name[name]) for name in names}
        else:
            names = chosen(level, every, log.has)
            facts = {name: found(level, name).fact for name in names}
            for fact in facts.values():
                lacking = fact.needs - log.has
                if lacking:
                    raise DesignError(
                        f"{fact.name!r} needs {listed(NEEDS[one] for one in sorted(lacking))}, "
                        "and this log has none."
                    )
        families = {"all", *LEVELS[level]}
        asked = tuple(name for name in names if name in some and name not in families)
        rows = Rows(*LocalEngine(log).pairs())
        return cls(level, tuple(names), asked, facts, rows, settings)

    def only(self, names: Sequence[str]) -> Measure:
        """Some of them."""
        return replace(self, names=tuple(names))

    def __call__(self, log: LogColumns) -> dict[str, Array]:
        """One value a pair, a person, or the network, of each metric."""
        engine = LocalEngine(log)
        if self.level == "dyad":
            columns = plan(self.names, log.kinds, log.has)
            values: Mapping[str, Any] = engine.columns(self.rows, columns, self.settings)
        else:
            entries = planned(self.level, self.names)
            seen: dict[str, Any] = {"ties": engine.ties()}
            if self.level == "person":
                seen["circle"] = circle_of(engine, entries, settings=self.settings)
            values = measure(entries, seen).values
        size = log.n_people if self.level == "person" else 1
        out = {}
        for name in self.names:
            value = np.asarray(values[name], dtype=float)
            out[name] = np.full(size, float(value)) if value.ndim == 0 else value
        return out


class Tally:
    """Mean, spread and rank of what was observed, as draws come in: its size does not grow with them.

    Parameters
    ----------
    observed : mapping of str to ndarray
        Values of each metric.
    """

    def __init__(self, observed: Mapping[str, Array]) -> None:
        self.observed = observed
        self._sums = {name: np.zeros((5, len(values))) for name, values in observed.items()}

    def add(self, drawn: Mapping[str, Array]) -> None:
        """Take in one draw (Welford's steps, over the draws in which a value is defined)."""
        for name, values in drawn.items():
            observed = self.observed[name]
            number, mean, square, low, high = self._sums[name]
            defined = ~np.isnan(values)
            number += defined
            away = np.where(defined, values - mean, 0.0)
            mean += np.divide(away, number, out=np.zeros(len(number)), where=number > 0)
            square += away * np.where(defined, values - mean, 0.0)
            same = alike(values, observed)
            low += defined & (same | (values < observed))
            high += defined & (same | (values > observed))

    def summary(self, name: str, undefined: str) -> dict[str, Any]:
        """What is known of a metric after all draws.

        Parameters
        ----------
        name : str
            The metric.
        undefined : str
            When it is NaN, in words.
        """
        observed, (number, mean, square, low, high) = self.observed[name], self._sums[name]
        expected = np.where(number > 0, mean, math.nan)
        variance = np.divide(square, number - 1, out=np.full(len(number), math.nan), where=number > 1)
        sd = np.sqrt(variance)
        sd[sd <= SAME * np.maximum(np.abs(expected), 1.0)] = 0.0
        z = np.divide(observed - expected, sd, out=np.full(len(number), math.nan), where=sd > 0)
        known = ~np.isnan(observed) & (number > 0)
        reason = np.full(len(observed), "", dtype=object)
        reason[sd == 0] = "every draw has the same value"
        reason[number < 2] = "fewer than two draws have a value"
        reason[np.isnan(observed)] = f"observed: {undefined or 'it has no value here'}"
        return {
            "observed": observed,
            "expected": expected,
            "sd": sd,
            "z": z,
            "p_low": np.where(known, (1 + low) / (1 + number), math.nan),
            "p_high": np.where(known, (1 + high) / (1 + number), math.nan),
            "defined_draws": number.astype(np.int64),
            "reason": reason,
        }


def alike(one: Array, other: Array) -> Array:
    """Whether values are the same but for their last digits; NaN is like nothing."""
    with np.errstate(invalid="ignore"):
        near = np.abs(one - other) <= SAME * np.maximum(np.abs(other), 1.0)
    return (one == other) | near


# which metrics a null model suits


def unsuited(measure: Measure, null: Null, kinds: tuple[str, ...], split: bool) -> dict[str, str]:
    """Metrics that a null model cannot standardise, and why; to those asked for by name, which can.

    Parameters
    ----------
    measure : Measure
        The metrics.
    null : Null
        The null model.
    kinds : tuple of str
        Kinds of the log, as column suffixes.
    split : bool
        Whether some rows of the log stand for several acts.
    """
    out = {}
    refused = _refused(measure, null, kinds, split)
    asked = measure.only([name for name in measure.asked if name in refused])
    fits = [one for one in NULLS.values() if measure.level in one.levels]
    others = {one.name: _refused(asked, one, kinds, split) for one in fits if asked.names}
    for name, why in refused.items():
        good = [repr(one) for one, bad in others.items() if name not in bad]
        hint = f"Null models that suit it: {', '.join(good)}." if good else "No null model suits it."
        out[name] = f"{name!r} cannot be standardised against {null.name!r}: {why}. {hint}"
    return out


def _refused(measure: Measure, null: Null, kinds: tuple[str, ...], split: bool) -> dict[str, str]:
    """Metrics that a null model does not suit, and why."""
    out = {name: why for name in measure.names if (why := _senseless(measure.facts[name], null, split))}
    rest = tuple(name for name in measure.names if name not in out)
    kept = _kept(null.name, measure.level, rest, kinds) if rest else frozenset()
    out |= {name: "every draw keeps it as it was" for name in rest if name in kept}
    return {name: out[name] for name in measure.names if name in out}


def _senseless(fact: Fact, null: Null, split: bool) -> str:
    """Why draws say nothing of a metric; "" where they may."""
    if fact.unit in ("state", "time"):
        return "it is no amount"
    if fact.whole:
        return "it rests on a fit to the whole table"
    if not null.timing and fact.needs & {"time", "periods"}:
        return "a draw has no history of a pair, only who gave whom how much"
    if null.apart and split and "weight" in fact.needs:
        return "the log has one amount for several acts, and acts are drawn one by one"
    return ""


@lru_cache(maxsize=256)
def _kept(null: str, level: str, names: tuple[str, ...], kinds: tuple[str, ...]) -> frozenset[str]:
    """Metrics that draws of small logs, crowded and not, have and never change.

    Tried out and not listed, so that it holds for every metric that there will ever be.
    """
    varied, known = set(), set()
    for people, acts in SMALL:
        log, given = _small_log(people, acts, kinds)
        tried = Measure.of(log, level, names, Settings(conversation_gap=12 * HOUR))
        observed, model = tried(log), NULLS[null]
        for draw in range(TRIES):
            if model.draw is None:
                raise TypeError(f"{null} has no function")
            sender, receiver, time = model.draw(given, generator(people, draw))
            for name, values in tried(replace(log, sender=sender, receiver=receiver, time=time)).items():
                undefined = np.isnan(values) & np.isnan(observed[name])
                known |= set() if undefined.all() else {name}
                varied |= set() if (alike(values, observed[name]) | undefined).all() else {name}
    return frozenset(known - varied)


@lru_cache(maxsize=16)
def _small_log(people: int, acts: int, kinds: tuple[str, ...]) -> tuple[LogColumns, Given]:
    """A log of its own, over thirty days; sums of its amounts are exact."""
    rng = generator(people, 0)
    sender = rng.integers(0, people, acts).astype(np.int32)
    receiver = ((sender + rng.integers(1, people, acts)) % people).astype(np.int32)
    time = np.sort(rng.integers(0, 30 * 24, acts)) * HOUR
    ends = 0, int(time.max())
    log = LogColumns(
        n_people=people,
        sender=sender,
        receiver=receiver,
        time=time,
        count=None,
        weight=rng.integers(1, 9, acts) / 4,
        kind=rng.integers(0, len(kinds), acts).astype(np.int16) if kinds else None,
        conversation=None,
        clock="time",
        start=ends[0],
        end=ends[1],
        kinds=kinds,
    )
    start, step, steps = circle(*ends, time, HOUR)
    return log, Given(people, sender, receiver, time, start, step, steps)

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
from honestsignals.errors import ArgumentError, DesignError, listed, unknown
from honestsignals.inference.nulls import NULLS, Given, Null, circle, generator
from honestsignals.metrics.acts import HOUR, Settings
from honestsignals.metrics.columns import choose, describe, plan
from honestsignals.metrics.levels import Measured, chosen, found, measure, planned
from honestsignals.metrics.registry import GIVEN, LEVELS, NEEDS, Fact

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
    possible : int or None
        Pairs that could be; None where any two could.
    of : str
        What metrics without a suffix are of: "" for acts, "weight" for ties of a network.
    silent : tuple of str
        Kinds, as column suffixes, that are not among the acts that are drawn.
    """

    level: str
    names: tuple[str, ...]
    asked: tuple[str, ...]
    facts: Mapping[str, Fact]
    rows: Rows
    settings: Settings
    possible: int | None = None
    of: str = ""
    silent: tuple[str, ...] = ()

    @classmethod
    def of_log(
        cls, log: LogColumns, level: str, wanted: Sequence[str] | str, settings: Settings, ties: bool = False
    ) -> Measure:
        """Metrics asked for, of the pairs in contact.

        Parameters
        ----------
        log : LogColumns
            The acts.
        level : str
            What they are about.
        wanted : str or sequence of str
            Columns or families.
        settings : Settings
            Spans of event metrics.
        ties : bool
            Whether the acts stand for the ties of a network, which tell nothing but who gave whom how much.
        """
        some = [wanted] if isinstance(wanted, str) else list(wanted)
        if not some:
            raise ArgumentError("No metric was named: metrics is empty. Name columns, or families.")
        every: Sequence[str] | str = "all" if "all" in some else some
        if level == "dyad":
            names = choose(every, log.kinds, log.has, directed=False)
            by_name = {one.name: one for one in plan(names, log.kinds, log.has)}
            facts = {name: describe(by_name[name]) for name in names}
        else:
            facts = {}
            for one in [every] if isinstance(every, str) else every:
                facts |= _of_others(one, level, log, ties)
        families = {"all", *LEVELS[level]}
        asked = tuple(name for name in facts if name in some and name.partition("__")[0] not in families)
        if not facts:
            raise DesignError(f"This log has nothing that the metrics of {listed(map(repr, some))} need.")
        rows = Rows(*LocalEngine(log).pairs())
        return cls(level, tuple(facts), asked, facts, rows, settings)

    def only(self, names: Sequence[str]) -> Measure:
        """Some of them."""
        return replace(self, names=tuple(names))

    def __call__(self, log: LogColumns) -> dict[str, Array]:
        """One value a pair, a person, or the network, of each metric."""
        return self.observed(log)[0]

    def observed(self, log: LogColumns) -> tuple[dict[str, Array], dict[str, str]]:
        """The values, and the metrics that these data refuse, with the reason."""
        engine = LocalEngine(log)
        if self.level == "dyad":
            columns = plan(self.names, log.kinds, log.has)
            values: dict[str, Any] = engine.columns(self.rows, columns, self.settings)
            return {name: np.asarray(values[name], dtype=float) for name in self.names}, {}
        values, refused = {}, {}
        for suffix in dict.fromkeys(name.partition("__")[2] for name in self.names):
            names = [name for name in self.names if name.partition("__")[2] == suffix]
            found_here = self._measured(engine, [name.partition("__")[0] for name in names], suffix)
            for name in names:
                stem = name.partition("__")[0]
                values[name] = found_here.values[stem]
                if stem in found_here.refused:
                    refused[name] = found_here.refused[stem]
        size = log.n_people if self.level == "person" else 1
        full = {name: np.broadcast_to(np.asarray(values[name], dtype=float), size) for name in self.names}
        return full, refused

    def _measured(self, engine: LocalEngine, stems: Sequence[str], suffix: str) -> Measured:
        """Metrics of people or of the network, of one thing that was given."""
        entries, of = planned(self.level, stems), suffix or self.of
        ties = engine.ties(of)
        if self.possible is not None:
            ties = replace(ties, possible=self.possible, derived={})
        seen: dict[str, Any] = {"ties": ties}
        if self.level == "person":
            seen["circle"] = circle_of(engine, entries, of, settings=self.settings)
        return measure(entries, seen)


def _of_others(wanted: str, level: str, log: LogColumns, ties: bool) -> dict[str, Fact]:
    """Facts of the metrics of people or of networks that a name or a family stands for."""
    stem, _, kind = wanted.partition("__")
    kinds = [*(["weight"] if "weight" in log.has and not ties else []), *log.kinds]
    if kind and kind not in kinds:
        raise unknown(f"kind of giving in {wanted!r}:", kind, kinds)
    out: dict[str, Fact] = {}
    by_name = stem not in {"all", *LEVELS[level]}
    for name in chosen(level, stem, log.has):
        fact, why = found(level, name).fact, ""
        if fact.needs - log.has:
            lacking = listed(NEEDS[one] for one in sorted(fact.needs - log.has))
            why = f"{fact.name!r} needs {lacking}, and {'ties have' if ties else 'this log has'} none."
        elif kind and not _reads(level, name) & {*GIVEN, "ties"}:
            why = f"{wanted!r} does not exist: {name!r} does not rest on what was given."
        elif ties and _reads(level, name) - {*GIVEN, "ties"}:
            why = f"{name!r} rests on acts; of a network there are ties alone."
        if why and by_name:
            raise DesignError(why)
        if kind:
            of = "of weight" if kind == "weight" else f"of kind {kind}"
            needs = fact.needs | ({"weight"} if kind == "weight" else set())
            fact = replace(fact, name=f"{name}__{kind}", meaning=f"{fact.meaning} ({of})", needs=needs)
        out |= {} if why else {fact.name: fact}
    return out


def _reads(level: str, name: str) -> set[str]:
    """What a metric of people or of networks rests on: dyad columns, or (as ties) what was given alone."""
    return {one for entry in planned(level, [name]) if entry.sees for one in entry.reads or ("ties",)}


class Tally:
    """Mean, spread and rank of what was observed, as draws come in: its size does not grow with them.

    Parameters
    ----------
    observed : mapping of str to ndarray
        Values of each metric.
    """

    def __init__(self, observed: Mapping[str, Array]) -> None:
        self.observed = observed
        self._sums = {name: np.zeros((6, len(values))) for name, values in observed.items()}

    def add(self, drawn: Mapping[str, Array]) -> None:
        """Take in one draw (Welford's steps, over the draws in which a value is defined)."""
        for name, values in drawn.items():
            observed = self.observed[name]
            number, mean, square, low, high, endless = self._sums[name]
            defined, finite = ~np.isnan(values), np.isfinite(values)
            number += defined
            endless += defined & ~finite
            values_here = np.where(finite, values, 0.0)
            away = np.where(finite, values_here - mean, 0.0)
            mean += np.divide(away, number - endless, out=np.zeros(len(number)), where=finite)
            square += away * np.where(finite, values_here - mean, 0.0)
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
        observed, (number, mean, square, low, high, endless) = self.observed[name], self._sums[name]
        expected = np.where((number > 0) & (endless == 0), mean, math.nan)
        variance = np.divide(square, number - 1, out=np.full(len(number), math.nan), where=number > 1)
        sd = np.where(endless > 0, math.nan, np.sqrt(variance))
        sd[sd <= SAME * np.maximum(np.abs(expected), 1.0)] = 0.0
        fine = (sd > 0) & np.isfinite(observed)
        z = np.divide(observed - expected, sd, out=np.full(len(number), math.nan), where=fine)
        known = ~np.isnan(observed) & (number > 0)
        reason = np.full(len(observed), "", dtype=object)
        reason[sd == 0] = "every draw has the same value"
        reason[number < 2] = "fewer than two draws have a value"
        reason[np.isinf(observed)] = "it is infinite as observed"
        reason[endless > 0] = "it is infinite in some draws"
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
    return (one == other) | (near & np.isfinite(other))


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
    out = {name: why for name in measure.names if (why := _senseless(measure, name, null, split))}
    rest = tuple(name for name in measure.names if name not in out)
    kept = _kept(null.name, measure.level, rest, kinds) if rest else frozenset()
    out |= {name: "every draw keeps it as it was" for name in rest if name in kept}
    return {name: out[name] for name in measure.names if name in out}


def _senseless(measure: Measure, name: str, null: Null, split: bool) -> str:
    """Why draws say nothing of a metric; "" where they may."""
    fact = measure.facts[name]
    if unheard := set(name.split("__")[1:]) & {*measure.silent}:
        return f"acts of {listed(sorted(unheard))} do not count as giving, and those that do are drawn anew"
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
        tried = Measure.of_log(log, level, names, Settings(conversation_gap=12 * HOUR))
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
        depth=np.where(rng.random(acts) < 0.8, rng.integers(0, 9, acts) / 4, math.nan),
        topic=rng.integers(-1, 4, acts).astype(np.int32),
    )
    start, step, steps = circle(*ends, time, HOUR)
    return log, Given(people, sender, receiver, time, start, step, steps)

"""Metrics of people and of networks: which are computed for which names, and in which order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from honestsignals.errors import DesignError, UnknownNameError, unknown
from honestsignals.metrics.circles import Circle
from honestsignals.metrics.registry import LEVELS, Entry, aliases, entries


@dataclass(frozen=True, eq=False)
class Measured:
    """Values of a level's metrics.

    Attributes
    ----------
    values : dict of str to value
        One number of a network, or one value a person (ndarray, shape (n_people,)); NaN where refused.
    refused : dict of str to str
        Why a metric could not be computed at all, by its name.
    """

    values: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def chosen(level: str, wanted: Iterable[str] | str | None, has: Iterable[str]) -> list[str]:
    """Names of the metrics of a level that a table gets: those asked for, or all that can be had.

    Families stand for their metrics; whoever asks for one that needs what is not there is told.

    >>> import honestsignals.metrics
    >>> "mutual_dyads" in chosen("network", None, ())
    True
    """
    there, named = set(has), entries(level)
    able = [name for name, entry in named.items() if entry.fact.needs <= there and not entry.fact.inner]
    if wanted is None or wanted == "all":
        return able
    names: list[str] = []
    for one in [wanted] if isinstance(wanted, str) else wanted:
        if one in LEVELS[level]:
            names += [name for name in able if named[name].fact.family == one]
        else:
            names.append(found(level, one).fact.name)
    return list(dict.fromkeys(names))


def found(level: str, name: str) -> Entry:
    """The metric of that name, or of which it is another name.

    Raises
    ------
    UnknownNameError
        With the nearest that there is.
    """
    named, others = entries(level), aliases(level)
    if name in named:
        return named[name]
    if name in others:
        raise unknown("metric", name, [others[name]], f"{name!r} is another name of {others[name]!r}.")
    stem, _, kind = str(name).partition("__")
    if kind and stem in named:
        return _refuse_kind(name, stem, kind)
    raise unknown(f"{level} metric", name, [*named, *LEVELS[level]])


def _refuse_kind(name: str, stem: str, kind: str) -> Entry:
    """People and networks are measured of one thing at a time."""
    raise UnknownNameError(f"Unknown metric {name!r}. Ask for {stem!r} of={kind!r}.")


def planned(level: str, names: Iterable[str]) -> list[Entry]:
    """Entries to compute, each after what it is computed from."""
    ordered: dict[str, Entry] = {}

    def add(name: str) -> None:
        if name not in ordered:
            entry = found(level, name)
            for one in entry.inputs:
                add(one)
            ordered[name] = entry

    for name in names:
        add(name)
    return list(ordered.values())


def measure(
    plan: Iterable[Entry],
    seen: Mapping[str, Any],
    progress: Callable[[str], None] | None = None,
    known: Measured | None = None,
) -> Measured:
    """Every planned metric.

    Parameters
    ----------
    plan : iterable of Entry
        Each after what it is computed from.
    seen : mapping of str to object
        What statistics are functions of: ``ties`` of a network, ``circle`` of people.
    progress : callable, optional
        Told what is being measured.
    known : Measured, optional
        What is measured already.

    Returns
    -------
    Measured
        A metric that refuses these data (too many people for a whole matrix, say) is NaN, with the reason.
    """
    out = Measured() if known is None else known
    for entry in plan:
        name = entry.fact.name
        if name in out.values:
            continue
        if progress is not None:
            progress(f"Measuring {name}")
        reason = next((out.refused[one] for one in entry.inputs if one in out.refused), None)
        if reason is None:
            try:
                given = [seen[one] for one in entry.sees] or [out.values[one] for one in entry.inputs]
                out.values[name] = entry.function(*given)
                continue
            except DesignError as error:
                reason = str(error)
        out.values[name], out.refused[name] = math.nan, reason
    return out


def measure_in_parts(plan: Sequence[Entry], circles: Iterable[Circle], seen: Mapping[str, Any]) -> Measured:
    """Every planned metric, statistics of circles some people at a time.

    Parameters
    ----------
    plan : sequence of Entry
        Each after what it is computed from.
    circles : iterable of Circle
        Of people in their order; one is held at a time.
    seen : mapping of str to object
        What else statistics are functions of.
    """
    own = [entry for entry in plan if entry.sees == ("circle",)]
    parts = [measure(own, {"circle": circle}) for circle in circles]
    out = Measured()
    for part in parts:
        out.refused.update(part.refused)
    for entry in own:
        name = entry.fact.name
        one = [part.values[name] for part in parts]
        out.values[name] = (
            math.nan if name in out.refused else one[0] if len(one) == 1 else np.concatenate(one)
        )
    return measure(plan, seen, known=out)

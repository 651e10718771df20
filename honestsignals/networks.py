"""Networks: a log, a graph or a matrix as ties, and the metrics of a network as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np

from honestsignals.engines.passes import FAR, Engine
from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.metric_table import MetricTable
from honestsignals.metrics.circles import Circle
from honestsignals.metrics.levels import Measured, chosen, measure, planned
from honestsignals.metrics.registry import Fact, entries
from honestsignals.metrics.ties import Ties
from honestsignals.ties_of import graph_ties, matrix_ties

Array = np.ndarray[Any, np.dtype[Any]]


class Log(Protocol):
    """What of a log makes a network."""

    @property
    def engine(self) -> Engine:
        """Brings each pair's acts together."""

    @property
    def people(self) -> Array:
        """Ids by code."""

    @property
    def source(self) -> tuple[str, ...]:
        """What a table made from it says of it."""


@dataclass(frozen=True, eq=False)
class Network:
    """Ties with the ids of their people.

    Attributes
    ----------
    ties : Ties
        Who gave whom how much.
    people : ndarray, shape (n_people,)
        Ids by code.
    notes : tuple of str
        What they are ties of, and what was left out on the way.
    circle : Circle or None
        Everybody's pairs where they are not simply those of the ties: of a label, whom people named who
        could not answer.
    places : ndarray of int, shape (n_people,), or None
        Codes of the people in the circle, which has those too who could not answer.
    block : ndarray of int, shape (n_people,), or None
        Pairs across blocks could never be.
    """

    ties: Ties
    people: Array
    notes: tuple[str, ...] = ()
    circle: Circle | None = None
    places: Array | None = None
    block: Array | None = None

    def facts(self) -> list[str]:
        """What a reader must know of it before the numbers."""
        ties = self.ties
        arcs = int((ties.forth > 0).sum() + (ties.back > 0).sum())
        return [*self.notes, size_in_words(ties.n_people, arcs, len(ties), ties.possible)]


def size_in_words(people: int, arcs: int, pairs: int, possible: int) -> str:
    """How large a network is.

    >>> size_in_words(3, 2, 1, 3)
    '3 people, 2 arcs, 1 pairs in contact of 3.'
    """
    return f"{people:,} people, {arcs:,} arcs, {pairs:,} pairs in contact of {possible:,}."


def network_of(source: object, *, of: str = "acts", until: int = FAR) -> Network:
    """Ties of a log, a directed graph of networkx, or a square matrix (row gave column).

    Parameters
    ----------
    source : InteractionLog, Study, networkx.DiGraph, pandas.DataFrame, ndarray or sparse array
        Of a study, its acts among pairs that could be; ``study.network(label)`` is of a label. NaN in a
        matrix is not known; its diagonal is not looked at.
    of : str
        What was given: "acts", "weight", or a kind. Of a graph, the attribute of its edges; where no edge
        has an attribute "acts", each is one.
    until : int
        Of a log: only acts strictly before it count.

    Raises
    ------
    ArgumentError
        For what is no network.
    """
    given: Any = source
    if hasattr(given, "log") and hasattr(given, "network"):
        return cast("Network", given.network(of=of))
    if hasattr(given, "engine"):
        return _of_log(given, of, until)
    if hasattr(given, "is_directed"):
        return Network(*graph_ties(given, of))
    if of != "acts":
        what = "network was made" if isinstance(given, Network) else "matrix holds"
        raise ArgumentError(f"of={of!r} is for a log or a graph; what this {what} of is what it is.")
    return given if isinstance(given, Network) else Network(*matrix_ties(given))


def suffix_of(engine: Engine, of: str) -> str:
    """Suffix of the columns of what was given: "" for acts.

    Raises
    ------
    UnknownNameError
        For what the log does not have.
    """
    if of == "acts":
        return ""
    there = [*(["weight"] if "weight" in engine.log.has else []), *engine.log.kinds]
    if of not in there:
        raise unknown("kind of giving", of, ["acts", *there])
    return of


def _of_log(log: Log, of: str, until: int) -> Network:
    return Network(log.engine.ties(suffix_of(log.engine, of), until), log.people, notes_of_log(log, of))


def notes_of_log(log: Log, of: str) -> tuple[str, ...]:
    """What the ties of a log are ties of."""
    suffix = suffix_of(log.engine, of)
    what = "Acts that count as giving" if not suffix else "Weight" if suffix == "weight" else f"Acts of {of}"
    return *log.source, f"{what}, from giver to receiver."


def network_table(
    network: Network,
    metrics: Sequence[str] | str | None = None,
    progress: Callable[[str], None] | None = None,
) -> MetricTable:
    """Metrics of a network, one row a metric: its value, and why where it has none.

    Parameters
    ----------
    network : Network
        Ties and people.
    metrics : sequence of str, str or None
        Names or families; None for all.
    progress : callable, optional
        Told what is being measured: some of a large network takes long.

    Raises
    ------
    DesignError
        Where one metric alone was asked for by name and refuses these data.
    """
    import pandas as pd

    facts, found = network_values(network.ties, metrics, progress)
    frame = pd.DataFrame([_row(fact, found) for fact in facts])
    if isinstance(metrics, str) and metrics in found.refused:
        raise DesignError(f"{metrics!r}: {found.refused[metrics]}")
    shown = ("name", "value", "range", "undefined")
    return MetricTable("Network metrics", frame, tuple(facts), tuple(network.facts()), shown, len(frame))


def network_values(
    ties: Ties,
    wanted: Sequence[str] | str | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[list[Fact], Measured]:
    """Metrics of a network, and what each is.

    Parameters
    ----------
    ties : Ties
        Who gave whom how much.
    wanted : sequence of str, str or None
        Names or families; None for all.
    progress : callable, optional
        Told what is being measured.
    """
    names = chosen("network", wanted, ())
    found = measure(planned("network", names), {"ties": ties}, progress)
    return [entries("network")[name].fact for name in names], found


def _row(fact: Fact, found: Measured) -> dict[str, Any]:
    value = float(found.values[fact.name])
    refused = found.refused.get(fact.name, "")
    why = refused or (fact.undefined if np.isnan(value) else "")
    return {
        "name": fact.name,
        "value": value,
        "title": fact.title,
        "family": fact.family,
        "range": fact.interval,
        "undefined": why,
        "higher is more reciprocal": fact.higher,
        "people without acts matter": "yes" if fact.isolates else "no",
        "formula": fact.formula,
        "reference": fact.reference,
    }

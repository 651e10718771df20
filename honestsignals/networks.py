"""Networks: a log, a graph or a matrix as ties, and the metrics of a network as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from honestsignals.engines.passes import FAR, Engine
from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.metric_table import MetricTable
from honestsignals.metrics.circles import Circle
from honestsignals.metrics.levels import Measured, chosen, measure, planned
from honestsignals.metrics.registry import Fact, entries
from honestsignals.metrics.ties import Ties, ties_of_matrix

if TYPE_CHECKING:
    import networkx as nx

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
    """

    ties: Ties
    people: Array
    notes: tuple[str, ...] = ()
    circle: Circle | None = None

    def facts(self) -> list[str]:
        """What a reader must know of it before the numbers."""
        n, arcs = self.ties.n_people, int((self.ties.forth > 0).sum() + (self.ties.back > 0).sum())
        size = f"{n:,} people, {arcs:,} arcs, {len(self.ties):,} pairs in contact of {self.ties.possible:,}."
        return [*self.notes, size]


def network_of(source: object, *, of: str = "acts", until: int = FAR) -> Network:
    """Ties of a log, a directed graph of networkx, or a square matrix (row gave column).

    Parameters
    ----------
    source : InteractionLog, networkx.DiGraph, pandas.DataFrame or ndarray
        NaN in a matrix is not known; its diagonal is not looked at.
    of : str
        What was given: "acts", "weight", or a kind. Of a graph, the attribute of its edges, 1 where an
        edge has none.
    until : int
        Of a log: only acts strictly before it count.
    """
    if isinstance(source, Network):
        return source
    given: Any = source
    if hasattr(given, "engine"):
        return _of_log(given, of, until)
    return _of_graph(given, of) if hasattr(given, "is_directed") else _of_matrix(given)


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
    suffix = suffix_of(log.engine, of)
    what = "Acts that count as giving" if not suffix else "Weight" if suffix == "weight" else f"Acts of {of}"
    return Network(
        log.engine.ties(suffix, until), log.people, (*log.source, f"{what}, from giver to receiver.")
    )


def _of_graph(graph: nx.DiGraph, of: str) -> Network:
    """Ties of a graph; parallel edges add up, and self-loops are left out and counted."""
    if not graph.is_directed():
        raise ArgumentError(
            "The graph has no directions, so it does not say who gave; use a networkx.DiGraph."
        )
    nodes = list(graph.nodes)
    code = {node: place for place, node in enumerate(nodes)}
    rows = [(code[one], code[other], data.get(of, 1)) for one, other, data in graph.edges(data=True)]
    loops = sum(one == other for one, other, _ in rows)
    rows = [row for row in rows if row[0] != row[1]]
    giver, taker = (np.array([row[side] for row in rows], dtype=np.int64) for side in (0, 1))
    amount = np.array([row[2] for row in rows], dtype=float)
    if (amount < 0).any() or not np.isfinite(amount).all():
        raise ArgumentError(f"An edge's {of!r} is {amount[~(amount >= 0)][0]:g}; what is given is 0 or more.")
    ties = _summed(giver, taker, amount, len(nodes))
    notes: tuple[str, ...] = (f"Graph: the {of!r} of its edges, 1 where an edge has none.",)
    if loops:
        notes += (f"{loops:,} edges from a node to itself are left out.",)
    people = np.empty(len(nodes), dtype=object)
    people[:] = nodes
    return Network(ties, people, notes)


def _summed(giver: Array, taker: Array, amount: Array, n: int) -> Ties:
    """Ties from arcs; several from one to the other add up."""
    low, high = np.minimum(giver, taker), np.maximum(giver, taker)
    keys, place = np.unique(low * n + high, return_inverse=True)
    onward = giver < taker
    forth = np.bincount(place, weights=np.where(onward, amount, 0.0), minlength=len(keys))
    back = np.bincount(place, weights=np.where(onward, 0.0, amount), minlength=len(keys))
    there = (forth > 0) | (back > 0)
    ties = Ties(n, (keys // n)[there], (keys % n)[there], forth[there], back[there], n * (n - 1) // 2)
    if not ties.whole:
        return ties
    return replace(ties, forth=ties.forth.astype(np.int64), back=ties.back.astype(np.int64), derived={})


def _of_matrix(source: object) -> Network:
    """Ties of a square matrix, row gave column."""
    matrix = np.asarray(source, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ArgumentError(
            f"The matrix has the shape {matrix.shape}; it must be square, a row and a column a person. "
            "A log, a networkx.DiGraph, or a square frame or array is expected."
        )
    away = matrix[~np.eye(len(matrix), dtype=bool)]
    wrong = away[(away < 0) | np.isinf(away)]
    if len(wrong):
        raise ArgumentError(
            f"The matrix holds {wrong[0]:g}; what is given is 0 or more, and NaN if not known."
        )
    columns = getattr(source, "columns", None)
    people = np.arange(len(matrix)) if columns is None else np.asarray(columns)
    if columns is not None and list(columns) != list(source.index):  # type: ignore[attr-defined]
        raise ArgumentError("Rows and columns of the frame are not the same people in the same order.")
    ties = ties_of_matrix(matrix)
    notes: tuple[str, ...] = ("Matrix: row gave column.",)
    if ties.unknown:
        notes += (f"{ties.unknown:,} pairs are left out, as one of their two cells is not known.",)
    return Network(ties, people, notes)


def network_table(network: Network, metrics: Sequence[str] | str | None = None) -> MetricTable:
    """Metrics of a network, one row a metric: its value, and why where it has none.

    Parameters
    ----------
    network : Network
        Ties and people.
    metrics : sequence of str, str or None
        Names or families; None for all.

    Raises
    ------
    DesignError
        Where one metric alone was asked for by name and refuses these data.
    """
    import pandas as pd

    facts, found = network_values(network.ties, metrics)
    frame = pd.DataFrame([_row(fact, found) for fact in facts])
    if isinstance(metrics, str) and metrics in found.refused:
        raise DesignError(f"{metrics!r}: {found.refused[metrics]}")
    shown = ("name", "value", "range", "undefined")
    return MetricTable("Network metrics", frame, tuple(facts), tuple(network.facts()), shown, len(frame))


def network_values(ties: Ties, wanted: Sequence[str] | str | None = None) -> tuple[list[Fact], Measured]:
    """Metrics of a network, and what each is.

    Parameters
    ----------
    ties : Ties
        Who gave whom how much.
    wanted : sequence of str, str or None
        Names or families; None for all.
    """
    names = chosen("network", wanted, ())
    return [entries("network")[name].fact for name in names], measure(
        planned("network", names), {"ties": ties}
    )


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

"""Ties of what is no log: a directed graph of networkx, or a square matrix."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, unknown
from honestsignals.metrics.ties import MOST_WHOLE, Ties, ties_of_matrix

if TYPE_CHECKING:
    import networkx as nx

Array = np.ndarray[Any, np.dtype[Any]]
Found = tuple[Ties, Array, tuple[str, ...]]
"""Ties, ids of their people, and what must be said of them."""
EXPECTED = "A log, a networkx.DiGraph, or a square frame or array (row gave column) is expected."


def graph_ties(graph: nx.DiGraph, of: str) -> Found:
    """Ties of a graph; parallel edges add up, and self-loops are left out and counted.

    Parameters
    ----------
    graph : networkx.DiGraph or networkx.MultiDiGraph
        Its edges go from givers to receivers.
    of : str
        Attribute of the edges that says how much; each edge is one where no edge has it and it is "acts".
    """
    if not graph.is_directed():
        raise ArgumentError(
            "The graph has no directions, so it does not say who gave; use a networkx.DiGraph."
        )
    nodes, edges = list(graph.nodes), list(graph.edges(data=True))
    there = sorted({name for *_, data in edges for name in data if isinstance(name, str)})
    if of != "acts" and of not in there:
        raise unknown("attribute of the edges", of, ["acts", *there])
    code = {node: place for place, node in enumerate(nodes)}
    rows = [(code[one], code[other], _amount(one, other, data.get(of, 1), of)) for one, other, data in edges]
    loops = sum(one == other for one, other, _ in rows)
    rows = [row for row in rows if row[0] != row[1]]
    giver, taker = (np.array([row[side] for row in rows], dtype=np.int64) for side in (0, 1))
    ties = _summed(giver, taker, np.array([row[2] for row in rows], dtype=float), len(nodes))
    notes = [f"Graph: the {of!r} of its edges, 1 where an edge has none."]
    if loops:
        notes.append(f"{loops:,} edges from a node to itself are left out.")
    people = np.empty(len(nodes), dtype=object)
    people[:] = nodes
    return replace(ties, counts=of != "weight", derived={}), people, tuple(notes)


def _amount(one: Any, other: Any, value: Any, of: str) -> float:
    """How much an edge says was given."""
    number = value if isinstance(value, int | float | np.number) else None
    if number is None or not np.isfinite(number) or number < 0:
        raise ArgumentError(
            f"The edge from {one!r} to {other!r} has {of} {value!r}; what is given is a number, 0 or more."
        )
    return float(number)


def _summed(giver: Array, taker: Array, amount: Array, n: int) -> Ties:
    """Ties from arcs; several from one to the other add up."""
    low, high = np.minimum(giver, taker), np.maximum(giver, taker)
    keys, place = np.unique(low * n + high, return_inverse=True)
    onward = giver < taker
    forth = np.bincount(place, weights=np.where(onward, amount, 0.0), minlength=len(keys))
    back = np.bincount(place, weights=np.where(onward, 0.0, amount), minlength=len(keys))
    there = (forth > 0) | (back > 0)
    ties = Ties(n, (keys // n)[there], (keys % n)[there], forth[there], back[there], n * (n - 1) // 2)
    if not ties.whole or max(forth.max(initial=0.0), back.max(initial=0.0)) >= MOST_WHOLE:
        return ties
    return replace(ties, forth=ties.forth.astype(np.int64), back=ties.back.astype(np.int64), derived={})


def matrix_ties(source: Any) -> Found:
    """Ties of a square matrix, row gave column.

    Parameters
    ----------
    source : pandas.DataFrame, ndarray or sparse array, shape (n, n)
        NaN, and what is masked, is not known; the diagonal is not looked at.
    """
    matrix = numbers_of(source)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ArgumentError(
            f"The matrix has the shape {matrix.shape}; a row and a column a person make a square. {EXPECTED}"
        )
    away = matrix[~np.eye(len(matrix), dtype=bool)]
    wrong = away[(away < 0) | np.isinf(away)]
    if len(wrong):
        raise ArgumentError(
            f"The matrix holds {wrong[0]:g}; what is given is 0 or more, and NaN if not known."
        )
    columns = getattr(source, "columns", None)
    people = np.arange(len(matrix)) if columns is None else np.asarray(columns)
    if columns is not None and list(columns) != list(source.index):
        raise ArgumentError("Rows and columns of the frame are not the same people in the same order.")
    if len(set(people.tolist())) < len(people):
        raise ArgumentError("Two people of the frame have the same name.")
    ties = ties_of_matrix(matrix)
    notes = ["Matrix: row gave column."]
    if ties.unknown:
        notes.append(f"{ties.unknown:,} pairs are left out, as one of their two cells is not known.")
    return ties, people, tuple(notes)


def numbers_of(source: Any) -> Array:
    """A matrix as numbers; what is masked is not known."""
    dense = source.toarray() if hasattr(source, "toarray") else source
    if isinstance(dense, np.ma.MaskedArray):
        dense = np.ma.filled(dense.astype(float), np.nan)
    found = np.asarray(dense) if hasattr(dense, "__array__") or isinstance(dense, list | tuple) else None
    if found is None or found.dtype.kind not in "biufO" or found.dtype.kind == "c":
        raise ArgumentError(f"A {type(source).__name__} is no network of numbers. {EXPECTED}")
    try:
        return found.astype(float)
    except (TypeError, ValueError):
        raise ArgumentError(f"Some cells of the matrix are no numbers. {EXPECTED}") from None

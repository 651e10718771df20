"""The directed help/information graph, as a plain networkx.DiGraph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError

if TYPE_CHECKING:
    import networkx as nx

Array = np.ndarray[Any, np.dtype[Any]]


def directed_graph(
    people: Sequence[Any], sender: Array, receiver: Array, edges: Mapping[str, Sequence[Any]]
) -> nx.DiGraph:
    """A graph with every person as a node and an edge from each giver to each receiver.

    Parameters
    ----------
    people : sequence
        Ids of all people, isolates included.
    sender, receiver : ndarray of int, shape (n_edges,)
        Positions in ``people``.
    edges : mapping of str to sequence, shape (n_edges,)
        Attributes of the edges.

    Returns
    -------
    networkx.DiGraph

    Examples
    --------
    >>> graph = directed_graph(["a", "b"], np.array([0]), np.array([1]), {"acts": [3]})
    >>> list(graph.edges(data=True))
    [('a', 'b', {'acts': 3})]
    """
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_nodes_from(people)
    names = list(edges)
    rows = zip(*edges.values(), strict=True) if names else iter([()] * len(sender))
    graph.add_edges_from(
        (people[source], people[target], dict(zip(names, row, strict=True)))
        for source, target, row in zip(sender.tolist(), receiver.tolist(), rows, strict=True)
    )
    return graph


def by_arc(sender: Array, receiver: Array, n_people: int) -> tuple[Array, Array, Array]:
    """Distinct ordered pairs of acts, and which of them each act belongs to.

    Returns
    -------
    sender, receiver : ndarray of int, shape (n_arcs,)
        Codes of the two, sorted by sender and then receiver.
    arc : ndarray of int, shape (n_acts,)
        Position of each act's arc.
    """
    keys, arc = np.unique(sender.astype(np.int64) * n_people + receiver, return_inverse=True)
    return keys // n_people, keys % n_people, arc


def summed(values: Array, arc: Array, n_arcs: int) -> Array:
    """Sum of a value over each arc's acts."""
    if values.dtype.kind == "f":
        return np.bincount(arc, weights=values, minlength=n_arcs)
    out = np.zeros(n_arcs, dtype=np.int64)
    np.add.at(out, arc, values)
    return out


def edge_rows(graph: nx.DiGraph, acts: str, weight: str, time: str) -> dict[str, list[Any]]:
    """Columns of acts from the edges of a graph, one row an edge (and kind, where edges tell kinds).

    Parameters
    ----------
    graph : networkx.DiGraph or networkx.MultiDiGraph
        Its edges go from givers to receivers.
    acts, weight, time : str
        Attributes of the edges: number of acts, amount, seconds. Missing ones give no column.

    Returns
    -------
    dict of str to list
        ``sender``, ``receiver``, ``count``, and ``kind``, ``weight``, ``time`` where edges have them.
    """
    edges = list(graph.edges(data=True))
    kinds = sorted({name for _, _, data in edges for name in data if name.startswith(f"{acts}__")})
    rows: list[tuple[Any, ...]] = []
    for source, target, data in edges:
        parts = _parts(source, target, data, (acts, kinds))
        share = sum(number for _, number in parts)
        for kind, number in parts:
            amount = data[weight] * number / share if weight in data else None
            rows.append((str(source), str(target), number, kind[len(acts) + 2 :], amount, data.get(time)))
    names = ("sender", "receiver", "count", "kind", "weight", "time")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    optional = {"kind": bool(kinds), "weight": any(weight in data for *_, data in edges)}
    optional["time"] = any(time in data for *_, data in edges)
    return {name: values for name, values in columns.items() if optional.get(name, True)}


def _parts(
    source: Any, target: Any, data: Mapping[str, Any], names: tuple[str, list[str]]
) -> list[tuple[str, int]]:
    """Acts of an edge by kind; an error where its numbers do not add up, or are none."""
    acts, kinds = names
    total = data.get(acts, 1)
    parts = [(kind, data[kind]) for kind in kinds if data.get(kind)] if kinds else [("", total)]
    numbers = [total, *(number for _, number in parts)]
    whole = all(
        isinstance(number, int | float | np.number) and number > 0 and float(number).is_integer()
        for number in numbers
    )
    if not whole or (acts in data and sum(number for _, number in parts) != total) or not parts:
        shown = {name: data[name] for name in (acts, *kinds) if name in data}
        raise ArgumentError(
            f"The edge from {source!r} to {target!r} has {shown}: acts are whole numbers above 0, and where "
            f"edges tell kinds, those of each edge add up to its {acts!r}."
        )
    return parts

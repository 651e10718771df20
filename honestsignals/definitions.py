"""All definitions of a network's reciprocity at once: one network is .99, .31 or .48 by three of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from honestsignals.metric_table import MetricTable
from honestsignals.metrics.registry import Fact
from honestsignals.networks import network_of, network_table

CONTEXT = ("mutual_dyads", "asymmetric_dyads", "null_dyads", "arcs", "density")
"""Numbers of the census that the definitions are made of."""
FAMILIES = ("reciprocity", "expectation", "symmetry", "skew", "rowwise", "relations")


def compare_definitions(
    source: object, *, of: str = "acts", progress: Callable[[str], None] | None = None
) -> MetricTable:
    """Every definition of a network's reciprocity side by side, with what tells them apart.

    Parameters
    ----------
    source : InteractionLog, Study, Network, networkx.DiGraph, pandas.DataFrame or ndarray, shape (n, n)
        Of a matrix, row gave column; NaN is not known.
    of : str
        What was given: "acts", "weight", or a kind; of a graph, the attribute of its edges.
    progress : callable, optional
        Told what is being measured: some of a large network takes long.

    Returns
    -------
    MetricTable
        Columns ``name``, ``value``; ``zero`` (what 0 says), ``undefined`` (why there is no value),
        ``identity`` (the same number from others), ``people without acts matter``, ``elsewhere`` (who
        reports it under what name), ``aliases``, ``title``, ``range``, ``formula``, ``reference``.

    Examples
    --------
    >>> import networkx as nx
    >>> graph = nx.DiGraph([("a", "b"), ("b", "a"), ("a", "c")])
    >>> found = compare_definitions(graph).frame.set_index("name")["value"]
    >>> found[["reciprocity_edgewise", "reciprocity_nonnull", "reciprocity_dyadic"]].round(4).tolist()
    [0.6667, 0.5, 0.6667]
    """
    network = network_of(source, of=of)
    table = network_table(network, [*CONTEXT, *FAMILIES], progress)
    rows = [_row(fact, row) for fact, row in zip(table.about, table.frame.to_dict("records"), strict=True)]
    frame = pd.DataFrame(rows)
    shown = ("name", "value", "zero", "identity", "people without acts matter", "elsewhere", "undefined")
    return MetricTable(
        "Definitions of reciprocity", frame, table.about, (*table.notes, *_warnings(frame)), shown, len(frame)
    )


def _row(fact: Fact, row: dict[Any, Any]) -> dict[str, Any]:
    return {
        "name": fact.name,
        "value": row["value"],
        "zero": fact.zero,
        "undefined": row["undefined"],
        "identity": fact.identity,
        "people without acts matter": row["people without acts matter"],
        "elsewhere": "; ".join(fact.elsewhere),
        "aliases": ", ".join(fact.aliases),
        "title": fact.title,
        "range": row["range"],
        "formula": fact.formula,
        "reference": fact.reference,
    }


def _warnings(frame: pd.DataFrame) -> list[str]:
    """What a reader must not overlook before choosing one."""
    value = frame.set_index("name")["value"]
    names = ("reciprocity_dyadic", "reciprocity_edgewise", "reciprocity_nonnull")
    said = ", ".join(f"{value[name]:.4f} ({name})" for name in names if pd.notna(value[name]))
    lines = [f"The usual three say {said}: name the one that is meant."] if said else []
    some = frame.loc[frame["people without acts matter"] == "yes", "name"]
    if len(some):
        lines.append(
            f"{len(some)} of {len(frame)} depend on people without acts: who is on the roster matters."
        )
    return lines

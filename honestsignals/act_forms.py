"""Other forms of a log's acts: columns of an engine, a graph, a frame, moments as people read them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from honestsignals.engines.passes import LogColumns
from honestsignals.errors import listed
from honestsignals.graph import by_arc, directed_graph, summed
from honestsignals.metrics.acts import DAY, SECOND
from honestsignals.readers.acts import EXACT_DUPLICATES, ActArrays
from honestsignals.readers.kinds import kind_slug

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
ACROSS = "across blocks"


def columns_of(acts: ActArrays, giving: tuple[str, ...] | None, edges: tuple[int, int]) -> LogColumns:
    """The acts as an engine takes them.

    Parameters
    ----------
    acts : ActArrays
        The acts.
    giving : tuple of str or None
        Kinds that count as giving; None for all.
    edges : tuple of int
        First and last moment observed.
    """
    return LogColumns(
        n_people=len(acts.people),
        sender=acts.sender,
        receiver=acts.receiver,
        time=acts.time,
        count=acts.count,
        weight=acts.weight,
        kind=acts.kind,
        conversation=acts.columns.get("conversation"),
        depth=acts.columns.get("depth"),
        topic=acts.columns.get("topic"),
        clock=acts.clock or "",
        start=edges[0],
        end=edges[1],
        kinds=tuple(kind_slug(kind) for kind in acts.kinds),
        main=None if giving is None else tuple(acts.kinds.index(kind) for kind in giving),
    )


def graph_of(acts: ActArrays) -> nx.DiGraph:
    """The directed help/information graph: everybody a node, an edge from each giver to each receiver."""
    sender, receiver, arc = by_arc(acts.sender, acts.receiver, len(acts.people))
    n_arcs = len(sender)
    ones = np.ones(len(arc), dtype=np.int64) if acts.count is None else acts.count
    edges: dict[str, Any] = {"acts": summed(ones, arc, n_arcs).tolist()}
    if acts.weight is not None:
        order = np.lexsort((acts.weight, arc))
        edges["weight"] = summed(acts.weight[order], arc[order], n_arcs).tolist()
    if acts.time is not None:
        for name, verb, start in (("first", np.minimum, 2**62), ("last", np.maximum, -(2**62))):
            moment = np.full(n_arcs, start, dtype=np.int64)
            verb.at(moment, arc, acts.time)
            edges[name] = as_shown(acts, moment)
    for code, kind in enumerate(acts.kinds):
        of_kind = np.where(acts.kind == code, ones, 0)
        edges[f"acts__{kind_slug(kind)}"] = summed(of_kind, arc, n_arcs).tolist()
    return directed_graph(acts.people.tolist(), sender, receiver, edges)


class Clocked(Protocol):
    """What says how moments are shown."""

    @property
    def clock(self) -> str | None:
        """Time, wave or None."""

    @property
    def dated(self) -> bool:
        """Whether times have a calendar."""


def as_shown(acts: Clocked, moments: Array) -> list[Any]:
    """Moments as people read them: dates, seconds from time zero, or waves."""
    import pandas as pd

    if acts.clock == "wave":
        return [int(moment) for moment in moments]
    if acts.dated:
        return list(pd.to_datetime(moments, unit="us"))
    return [float(moment / SECOND) for moment in moments]


def frame_of(acts: ActArrays) -> pd.DataFrame:
    """The acts as a frame: sender, receiver, and time, kind, weight … where there."""
    import pandas as pd

    values: dict[str, Any] = {"sender": acts.people[acts.sender], "receiver": acts.people[acts.receiver]}
    if acts.time is not None:
        values[acts.clock or "time"] = as_shown(acts, acts.time)
    if acts.kind is not None:
        values["kind"] = np.array(acts.kinds, dtype=object)[acts.kind]
    values |= {
        name: part for name, part in (("count", acts.count), ("weight", acts.weight)) if part is not None
    }
    for name, part in acts.columns.items():
        codes = acts.values.get(name)
        values[name] = part if codes is None else np.array([*codes, None], dtype=object)[part]
    return pd.DataFrame(values)


def size_of(acts: ActArrays, number: int, dyads: int) -> str:
    """How many acts, people and dyads a log has, in words."""
    of_rows = f" in {len(acts.sender):,} rows" if acts.count is not None else ""
    return f"{number:,} acts{of_rows}, {len(acts.people):,} people, {dyads:,} dyads in contact."


def facts_of(acts: ActArrays, numbers: tuple[int, int], given: str, edges: tuple[int, int]) -> list[str]:
    """What a reader must know of a log: acts, people, dyads, span, kinds, and what was left out.

    Parameters
    ----------
    acts : ActArrays
        The acts.
    numbers : tuple of int
        Acts, and dyads in contact.
    given : str
        Which kinds count as giving, in words; "" where all do.
    edges : tuple of int
        First and last moment observed.
    """
    lines = [
        size_of(acts, *numbers),
        span_of(acts, edges) if len(acts.sender) and acts.time is not None else _no_span(acts),
    ]
    if acts.kinds:
        codes = np.zeros(0, dtype=np.int16) if acts.kind is None else acts.kind
        counts = np.bincount(codes, weights=acts.count, minlength=len(acts.kinds))
        each = (f"{kind} {int(n):,}" for kind, n in zip(acts.kinds, counts, strict=True))
        lines.append(f"Kinds: {listed(each)}.")
    left = listed(f"{count:,} ({reason})" for reason, count in acts.left_out.items() if count)
    lines += [given, f"Left out: {left}." if left else "Left out: nothing."]
    if acts.unread:
        lines.append(f"Columns not asked for, and not read: {listed(acts.unread)}.")
    if acts.duplicates and EXACT_DUPLICATES not in acts.left_out:
        lines.append(f"Exact duplicates of another row: {acts.duplicates:,}, kept.")
    return [line for line in lines if line]


def _no_span(acts: ActArrays) -> str:
    return "No times." if acts.time is None else "No acts."


def span_of(acts: Clocked, edges: tuple[int, int]) -> str:
    """From when to when a log was observed, in words."""
    start, end = edges
    first, last = as_shown(acts, np.array([start, end]))
    if acts.clock == "wave":
        return f"Waves {first} to {last}."
    days = f"{(end - start) / DAY:,.1f} days"
    if acts.dated:
        return f"From {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC ({days})."
    return f"From {first:,.0f} s to {last:,.0f} s after time zero ({days})."


def within(acts: ActArrays, block: Array) -> ActArrays:
    """The acts within blocks: those across, which could never be, are left out and counted."""
    inside = block[acts.sender] == block[acts.receiver]
    if inside.all():
        return acts
    left = {**acts.left_out, ACROSS: int((~inside).sum())}
    return replace(cut(acts, inside), left_out=left)


def cut(acts: ActArrays, mask: Array) -> ActArrays:
    """The acts where the mask holds; people stay."""

    def part(values: Any) -> Any:
        return None if values is None else values[mask]

    return replace(
        acts,
        sender=acts.sender[mask],
        receiver=acts.receiver[mask],
        time=part(acts.time),
        count=part(acts.count),
        weight=part(acts.weight),
        kind=part(acts.kind),
        columns={name: values[mask] for name, values in acts.columns.items()},
    )

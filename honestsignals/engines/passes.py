"""The two passes every engine makes: statistics of a batch of acts, then metrics of their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from honestsignals.metrics.acts import Acts, Settings
from honestsignals.metrics.columns import FORMS, Column
from honestsignals.metrics.registry import DIRECTED
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]

FAR = np.iinfo(np.int64).max
"""A moment after all acts."""
MOST_MOMENTS = 64
"""Moments at which everybody's ties are summed up for a table: labels asked pair by pair have more."""


@dataclass(frozen=True, eq=False)
class LogColumns:
    """A checked log as an engine takes it.

    Attributes
    ----------
    n_people : int
        People have the codes 0 to ``n_people - 1``, in their one order.
    sender, receiver : ndarray of int32, shape (n_acts,)
        Codes of the two.
    time, count, weight, kind, conversation, depth, topic : ndarray, shape (n_acts,), or None
        As in ``Acts``.
    clock : str
        "time", "wave" or "".
    start, end : int
        First and last moment at which an act would have been in the log.
    kinds : tuple of str
        Kinds as column suffixes; ``kind`` holds positions in it.
    main : tuple of int or None
        Codes of the kinds that count as giving; None for all.
    """

    n_people: int
    sender: Array
    receiver: Array
    time: Array | None
    count: Array | None
    weight: Array | None
    kind: Array | None
    conversation: Array | None
    clock: str
    start: int
    end: int
    kinds: tuple[str, ...] = ()
    main: tuple[int, ...] | None = None
    depth: Array | None = None
    topic: Array | None = None

    @property
    def has(self) -> frozenset[str]:
        """What metrics may need and this log has: keys of ``registry.NEEDS``."""
        there = {"time": {"time", "periods"}, "wave": {"periods"}}.get(self.clock, set())
        there |= {name for name in ("weight", "depth", "topic") if getattr(self, name) is not None}
        return frozenset({"moments"} | there)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a dyad table: who is ego, who is alter, and before when acts count.

    Attributes
    ----------
    ego, alter : ndarray of int32, shape (n_rows,)
        Codes of the two.
    before : ndarray of int64, shape (n_rows,), or None
        Only acts strictly before it count; None for all.
    directed : bool
        Whether who is ego means something; otherwise it is a matter of names.
    """

    ego: Array
    alter: Array
    before: Array | None = None
    directed: bool = False

    @property
    def moments(self) -> Array:
        """The moments at which rows were asked; one, the far future, where all acts count."""
        return np.array([FAR]) if self.before is None else np.unique(self.before)


class Engine(Protocol):
    """What brings each pair's acts together and computes columns of them."""

    @property
    def most_rows(self) -> int:
        """Rows whose columns it holds at once, where they need not be together."""

    @property
    def log(self) -> LogColumns:
        """The log; its acts may be in any order."""

    def pairs(self) -> tuple[Array, Array]:
        """Codes of the two of every pair with an act that counts as giving, the lower first, sorted."""

    def columns(self, rows: Rows, plan: Sequence[Column], settings: Settings) -> dict[str, Array]:
        """Both passes: every planned column, one value a row."""

    def waits(self, rows: Rows, settings: Settings) -> tuple[Array, Array, Array, Array]:
        """Waits of each row for a reply: row, whether for ego's, microseconds, whether the end cut it off."""

    def ties(self, kind: str = "", before: int = FAR) -> Ties:
        """What the two of every pair gave one another before a moment: acts, "weight", or of a kind."""


def first_pass(acts: Acts, plan: Sequence[Column], log: LogColumns) -> dict[str, Array]:
    """Statistics of one batch.

    Parameters
    ----------
    acts : Acts
        The batch.
    plan : sequence of Column
        Columns to compute; those that are no statistics are passed over.
    log : LogColumns
        Tells kinds apart.

    Returns
    -------
    dict of str to ndarray, shape (n_pairs,)
    """
    views: dict[str, Acts] = {}
    out: dict[str, Array] = {}
    for column in plan:
        if not is_statistic(column):
            continue
        if column.kind not in views:
            views[column.kind] = of_kind(acts, column.kind, log)
        seen = views[column.kind]
        out[column.name] = column.entry.function(seen.swapped() if column.side == "alter" else seen)
    return out


def is_statistic(column: Column) -> bool:
    """Whether it is a statistic of a pair's acts."""
    return column.entry.fact.statistic and not column.form


def of_kind(acts: Acts, kind: str, log: LogColumns) -> Acts:
    """The acts a column is about: of its kind, or of the kinds that count as giving."""
    if acts.kind is None or (not kind and log.main is None):
        return acts
    if kind:
        return acts.where(acts.kind == log.kinds.index(kind))
    return acts.where(np.isin(acts.kind, log.main or ()))


def second_pass(
    columns: Mapping[str, Array], plan: Sequence[Column], rows: Rows, engine: Engine
) -> dict[str, Array]:
    """Metrics of columns, and statistics of everybody's ties, in the order of the plan.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n_rows,)
        What the first pass gave, joined over batches.
    plan : sequence of Column
        Each column after what it is computed from.
    rows : Rows
        Who is ego, who is alter, before when.
    engine : Engine
        Knows everybody's ties.

    Returns
    -------
    dict of str to ndarray, shape (n_rows,)
        The columns and the metrics.
    """
    out: dict[str, Any] = dict(columns)
    out[DIRECTED] = rows.directed
    for column in plan:
        if column.name in out:
            continue
        inputs = [out[name] for name in column.inputs]
        if column.form:
            out[column.name] = _form(column.form, *inputs)
        elif column.entry.sees:
            out[column.name] = around(column, rows, engine)
        else:
            out[column.name] = column.entry.function(*inputs)
    del out[DIRECTED]
    return out


def ties_columns(kind: str) -> tuple[str, str]:
    """Columns of what each of two gave: of acts, of weight, or of a kind."""
    stem, end = ("weight", "") if kind == "weight" else ("acts", f"__{kind}" if kind else "")
    return f"{stem}_ego{end}", f"{stem}_alter{end}"


def around(column: Column, rows: Rows, engine: Engine) -> Array:
    """A statistic of everybody's ties, as they were when each row was asked."""
    ego, alter = (rows.alter, rows.ego) if column.side == "alter" else (rows.ego, rows.alter)
    moments = rows.moments
    if len(moments) <= 1:
        ties = engine.ties(column.kind, int(moments[0]) if len(moments) else FAR)
        return np.asarray(column.entry.function(ties, ego, alter))
    parts = [np.flatnonzero(rows.before == moment) for moment in moments]
    found = [
        np.asarray(column.entry.function(engine.ties(column.kind, int(moment)), ego[at], alter[at]))
        for moment, at in zip(moments, parts, strict=True)
    ]
    out = np.empty(len(ego), dtype=found[0].dtype)
    for at, values in zip(parts, found, strict=True):
        out[at] = values
    return out


def _form(form: str, of_ego: Array, of_alter: Array) -> Array:
    """A symmetric form of what ego and alter each have; NaN where either is."""
    if form not in FORMS:
        raise KeyError(form)
    if form == "mean":
        return (of_ego + of_alter) / 2
    if form == "gap":
        return np.abs(of_ego - of_alter)
    return np.minimum(of_ego, of_alter) if form == "min" else np.maximum(of_ego, of_alter)

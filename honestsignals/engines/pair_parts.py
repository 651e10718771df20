"""Acts that come pair by pair, in batches of any size: cut where no pair is split, and measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from honestsignals.engines.local import LocalEngine
from honestsignals.engines.passes import LogColumns, Rows, second_pass
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.columns import plan

Array = np.ndarray[Any, np.dtype[Any]]

PART_ROWS = 200_000
"""Acts that are measured at once, or those of one pair where these are more."""
PAIR = ("low", "high")
ASKED = "asked"
"""Column of what comes with the rows of a table; null in acts."""
WORD = 8
"""Bytes of a value in it."""


@dataclass(frozen=True, eq=False)
class Asked:
    """What is to be measured of each pair, wherever its acts are.

    Attributes
    ----------
    frame : LogColumns
        The log without its acts: columns that it has are empty.
    names : tuple of str
        Columns of the table.
    settings : Settings
        Spans of the event metrics.
    before : int or None
        Only acts strictly before it count.
    sides : tuple of bool
        Whether the higher of two is ego: one row a pair for each.
    met : bool
        Only pairs with an act before that moment.
    directed : bool
        Whether who is ego means something.
    given : tuple of (str, str)
        Name and type of each column that comes with the rows; rows are those that come, where there is any
        (``follows``).
    follows : bool
        Whether rows come with the acts.
    """

    frame: LogColumns
    names: tuple[str, ...]
    settings: Settings
    before: int | None = None
    sides: tuple[bool, ...] = (False,)
    met: bool = False
    directed: bool = False
    given: tuple[tuple[str, str], ...] = ()
    follows: bool = False


@dataclass(frozen=True, eq=False)
class Measured:
    """Rows of some pairs and their columns.

    Attributes
    ----------
    ego, alter : pyarrow.Array
        Ids.
    columns : dict of str to ndarray
        One value a row.
    """

    ego: Any
    alter: Any
    columns: dict[str, Array]


def whole_pairs(batches: Iterable[Any], least: int = PART_ROWS) -> Iterator[Any]:
    """Tables of whole pairs, from batches in which each pair's rows follow one another.

    The rows of the last pair of a batch wait for those that the next has of it; only one pair's rows ever
    have to be gathered, however many one person has.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        With ``low`` and ``high``, which name the pair.
    least : int
        Rows that are gathered before a table is cut off.

    Examples
    --------
    >>> rows = {"low": [1, 1, 1, 2], "high": [2, 2, 2, 3]}
    >>> one = pa.RecordBatch.from_pydict(rows)
    >>> [table.num_rows for table in whole_pairs([one.slice(0, 2), one.slice(2)], least=1)]
    [3, 1]
    """
    waiting: list[Any] = []
    rows, wanted = 0, least
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        if rows < wanted:
            continue
        table = pa.Table.from_batches(waiting)
        cut = _last_pair(table)
        if cut:
            yield table.slice(0, cut)
            waiting = table.slice(cut).combine_chunks().to_batches()
            rows -= cut
        # one pair's rows are looked through again only once there are twice as many of them
        wanted = max(least, 2 * rows)
    if rows:
        yield pa.Table.from_batches(waiting)


def _last_pair(table: Any) -> int:
    """Where the rows of the last pair begin."""
    last = pc.and_(*(pc.equal(table.column(name), table.column(name)[-1]) for name in PAIR))
    return table.num_rows - int(pc.sum(last).as_py())


def coded(table: Any, frame: LogColumns) -> tuple[LogColumns, Any, tuple[Array, Array]]:
    """A table of whole pairs as an engine takes it, people numbered in their one order among themselves.

    Parameters
    ----------
    table : pyarrow.Table
        Acts: ``low``, ``high``, ``from_low`` and the columns that the log has. Ids are whole numbers where
        all of the log's are, else text.
    frame : LogColumns
        The log without its acts.

    Returns
    -------
    log : LogColumns
    people : pyarrow.Array
        Ids by code.
    pair : tuple of ndarray
        Codes of the lower and the higher of each row.
    """
    both = pa.chunked_array([*table.column("low").chunks, *table.column("high").chunks])
    distinct = both.unique()
    # Arrow sorts text by its bytes, which is the order of code points
    people = distinct.take(pc.sort_indices(distinct))
    code = pc.index_in(both, value_set=people).to_numpy().astype(np.int32)
    low, high = np.split(code, 2)
    from_low = _plain(table.column("from_low").fill_null(True))
    columns: dict[str, Any] = {}
    for name in ("time", "count", "weight", "kind", "depth"):
        kept = getattr(frame, name)
        if kept is not None:
            columns[name] = _plain(table.column(name).fill_null(0)).astype(kept.dtype)
    for name in ("conversation", "topic"):
        if getattr(frame, name) is not None:
            columns[name] = _ranks(table.column(name))
    sender, receiver = np.where(from_low, low, high), np.where(from_low, high, low)
    log = replace(frame, n_people=len(people), sender=sender, receiver=receiver, **columns)
    return log, people, (low, high)


def _plain(column: Any) -> Array:
    return np.asarray(column.to_numpy())


def _ranks(column: Any) -> Array:
    """Places of texts among themselves, in the order of code points; -1 where there is none."""
    distinct = column.unique().drop_null()
    ordered = distinct.take(pc.sort_indices(distinct))
    code = pc.fill_null(pc.index_in(column, value_set=ordered, skip_nulls=True), -1)
    return _plain(code).astype(np.int32)


def measured(table: Any, asked: Asked) -> Measured:
    """Rows and columns of some whole pairs.

    Parameters
    ----------
    table : pyarrow.Table
        Their acts; among them the rows of the table where ``asked.follows``.
    asked : Asked
    """
    rows_there = None
    acts = table
    if asked.follows:
        of_rows = pc.is_valid(table.column(ASKED))
        acts, rows_there = table.filter(pc.invert(of_rows)), table.filter(of_rows)
    log, people, pair = coded(
        acts if rows_there is None else pa.concat_tables([acts, rows_there]), asked.frame
    )
    known: dict[str, Array] = {}
    if rows_there is None:
        engine = LocalEngine(log)
        rows = _rows_of_pairs(engine, asked)
    else:
        engine = LocalEngine(_first(log, acts.num_rows))
        flipped, known = _given(rows_there.column(ASKED), asked.given)
        low, high = (side[acts.num_rows :] for side in pair)
        before = None if asked.before is None else np.full(len(low), asked.before)
        rows = Rows(np.where(flipped, high, low), np.where(flipped, low, high), before, asked.directed)
    planned = plan(asked.names, log.kinds, log.has)
    found = engine.statistics(rows, planned, asked.settings) | known
    found = second_pass(found, planned, rows, engine)
    return Measured(people.take(pa.array(rows.ego)), people.take(pa.array(rows.alter)), found)


def _rows_of_pairs(engine: LocalEngine, asked: Asked) -> Rows:
    """One row a pair and side, of the pairs with an act."""
    low, high = engine.pairs()
    if asked.before is not None and asked.met:
        rows = Rows(low, high, np.full(len(low), asked.before))
        planned = plan(["in_contact"], engine.log.kinds, engine.log.has)
        met = engine.columns(rows, planned, Settings())["in_contact"] == 1
        low, high = low[met], high[met]
    ego = np.concatenate([high if turned else low for turned in asked.sides])
    alter = np.concatenate([low if turned else high for turned in asked.sides])
    before = None if asked.before is None else np.full(len(ego), asked.before)
    return Rows(ego, alter, before, asked.directed)


def _first(log: LogColumns, number: int) -> LogColumns:
    """The first rows of a log."""
    names = (
        "sender",
        "receiver",
        "time",
        "count",
        "weight",
        "kind",
        "conversation",
        "depth",
        "topic",
    )
    cut = {name: getattr(log, name) for name in names}
    return replace(log, **{name: values[:number] for name, values in cut.items() if values is not None})


def packed(flipped: Array, columns: Sequence[Array]) -> Any:
    """What comes with each row as bytes: whether the higher is ego, and a value a column.

    >>> _given(pa.chunked_array([packed(np.array([True]), [np.array([2.5])])]), (("x", "float64"),))[1]
    {'x': array([2.5])}
    """
    words = np.empty((len(flipped), 1 + len(columns)), dtype=np.int64)
    words[:, 0] = flipped
    for place, values in enumerate(columns, 1):
        words[:, place] = np.ascontiguousarray(values).view(np.int64)
    kind = pa.binary(WORD * words.shape[1])
    buffers = [None, pa.py_buffer(np.ascontiguousarray(words))]
    return pa.Array.from_buffers(kind, len(words), buffers).cast(pa.binary())


def _given(column: Any, given: Sequence[tuple[str, str]]) -> tuple[Array, dict[str, Array]]:
    """What `packed` held."""
    kind = pa.binary(WORD * (1 + len(given)))
    flat = pa.chunked_array([chunk.cast(kind) for chunk in column.chunks], kind).combine_chunks()
    flat = flat if isinstance(flat, pa.Array) else pa.array([], kind)
    words = np.frombuffer(flat.buffers()[1] or b"", dtype=np.int64)[flat.offset * (1 + len(given)) :]
    words = words[: len(flat) * (1 + len(given))].reshape(len(flat), 1 + len(given))
    columns = {
        name: np.ascontiguousarray(words[:, place]).view(dtype)
        for place, (name, dtype) in enumerate(given, 1)
    }
    return words[:, 0] != 0, columns


def empty_columns(asked: Asked) -> dict[str, Array]:
    """The columns of a table without rows: what their types are."""
    nobody = np.empty(0, dtype=np.int32)
    before = None if asked.before is None else np.empty(0, dtype=np.int64)
    rows = Rows(nobody, nobody, before, asked.directed)
    planned = plan(asked.names, asked.frame.kinds, asked.frame.has)
    engine = LocalEngine(replace(asked.frame, n_people=2))
    known = engine.statistics(rows, planned, asked.settings)
    known |= {name: np.empty(0, dtype=dtype) for name, dtype in asked.given}
    return second_pass(known, planned, rows, engine)

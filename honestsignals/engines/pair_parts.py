"""Acts that come pair by pair, in batches of any size: cut where no pair is split, and measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from honestsignals.engines.local import LocalEngine
from honestsignals.engines.passes import FAR, LogColumns, Rows, second_pass
from honestsignals.errors import DesignError
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.columns import plan
from honestsignals.metrics.embeddedness import known_shared
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]

PART_ROWS = 200_000
"""Acts that are measured at once, or those of one pair where these are more."""
PAIR = ("low", "high")
ASKED = "asked"
"""Column of what comes with the rows of a table; null in acts."""
FLIPPED = "flipped"
"""Column of rows that says whether the higher is ego."""
OF_PERSON, SHARED = "of_person", "shared"
"""Columns of what workers found elsewhere: of one of the two, and of contacts that they share."""
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
    of_all : tuple of (str, float)
        Columns that are one number for all rows.
    of_people : tuple of (str, str, str)
        Columns that come to the pairs for each of the two: as seen from ego, from alter, and type.
    shared : tuple of str
        Kinds of which sums over shared contacts come to the pairs.
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
    of_all: tuple[tuple[str, float], ...] = ()
    of_people: tuple[tuple[str, str, str], ...] = ()
    shared: tuple[str, ...] = ()

    @property
    def coming(self) -> tuple[str, ...]:
        """Columns of what comes with the acts."""
        there = {ASKED: self.follows, OF_PERSON: bool(self.of_people), SHARED: bool(self.shared)}
        return tuple(name for name, some in there.items() if some)


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


def whole_pairs(batches: Iterable[Any], least: int = PART_ROWS, names: Sequence[str] = PAIR) -> Iterator[Any]:
    """Tables of whole pairs, from batches in which each pair's rows follow one another.

    The rows of the last pair of a batch wait for those that the next has of it; only one pair's rows ever
    have to be gathered, however many one person has.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        With ``low`` and ``high``, which name the pair.
    least : int
        Rows that are gathered before a table is cut off.
    names : sequence of str
        Columns that name the pair, or whatever else is to be whole.

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
        cut = _last_pair(table, names)
        if cut:
            yield table.slice(0, cut)
            waiting = table.slice(cut).combine_chunks().to_batches()
            rows -= cut
        # one pair's rows are looked through again only once there are twice as many of them
        wanted = max(least, 2 * rows)
    if rows:
        yield pa.Table.from_batches(waiting)


def _last_pair(table: Any, names: Sequence[str]) -> int:
    """Where the rows of the last pair begin."""
    last = np.ones(table.num_rows, dtype=bool)
    for name in names:
        last &= _plain(pc.equal(table.column(name), table.column(name)[-1]))
    return table.num_rows - int(last.sum())


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
        Their acts; among them what comes with them: ``asked.coming``.
    asked : Asked
    """
    parts = [table]
    if asked.coming:
        parts = [table.filter(pc.is_valid(table.column(name))) for name in ("from_low", *asked.coming)]
    log, people, sides = coded(pa.concat_tables(parts), asked.frame)
    edges = np.cumsum([part.num_rows for part in parts])
    engine = _Knowing(_first(log, int(edges[0])) if asked.coming else log)
    # codes of the two of what comes, by its column
    pairs = {
        name: (sides[0][start:stop], sides[1][start:stop])
        for name, start, stop in zip(asked.coming, edges[:-1], edges[1:], strict=True)
    }
    coming = {name: part.column(name) for name, part in zip(asked.coming, parts[1:], strict=True)}
    known: dict[str, Array] = {}
    if asked.follows:
        flipped, known = unpacked(coming[ASKED], asked.given)
        low, high = pairs[ASKED]
        before = None if asked.before is None else np.full(len(low), asked.before)
        rows = Rows(np.where(flipped, high, low), np.where(flipped, low, high), before, asked.directed)
    else:
        rows = _rows_of_pairs(engine, asked)
    known |= {name: np.full(len(rows.ego), value) for name, value in asked.of_all}
    if asked.of_people:
        known |= _of_both(rows, log.n_people, pairs[OF_PERSON], coming[OF_PERSON], asked)
    if asked.shared:
        engine.known = _of_shared(rows, log.n_people, pairs[SHARED], coming[SHARED], asked.shared)
    planned = plan(asked.names, log.kinds, log.has)
    found = engine.statistics(rows, planned, asked.settings) | known
    found = second_pass(found, planned, rows, engine)
    return Measured(people.take(pa.array(rows.ego)), people.take(pa.array(rows.alter)), found)


class _Knowing(LocalEngine):
    """An engine that was told what its rows have of everybody's ties."""

    known: dict[str, Ties]

    def __init__(self, log: LogColumns) -> None:
        super().__init__(log)
        self.known = {}

    def ties(self, kind: str = "", before: int = FAR) -> Ties:
        """Those that it was told of, else those of its own acts."""
        return self.known[kind] if kind in self.known else super().ties(kind, before)


def _of_both(rows: Rows, n: int, pair: tuple[Array, Array], column: Any, asked: Asked) -> dict[str, Array]:
    """Columns of ego and of alter, which came to the pair one by one."""
    upper, found = unpacked(column, [(ego, dtype) for ego, _, dtype in asked.of_people])
    keys = 2 * (pair[0].astype(np.int64) * n + pair[1]) + upper
    order = np.argsort(keys, kind="stable")
    low, high = np.minimum(rows.ego, rows.alter), np.maximum(rows.ego, rows.alter)
    wanted = 2 * (low.astype(np.int64) * n + high)
    out: dict[str, Array] = {}
    for side, is_upper in ((0, rows.ego > rows.alter), (1, rows.ego < rows.alter)):
        place = np.searchsorted(keys, wanted + is_upper, sorter=order)
        there = place < len(keys)
        if not (there.all() and (keys[order[place]] == wanted + is_upper).all()):
            raise DesignError(
                "The Spark DataFrame is not the same each time it is computed: persist it first."
            )
        out |= {names[side]: found[names[0]][order[place]] for names in asked.of_people}
    return out


def _of_shared(
    rows: Rows, n: int, pair: tuple[Array, Array], column: Any, kinds: Sequence[str]
) -> dict[str, Ties]:
    """Ties of each kind that know what these rows share: what came from each block, added up."""
    low, high = np.minimum(rows.ego, rows.alter), np.maximum(rows.ego, rows.alter)
    wanted = low.astype(np.int64) * n + high
    asking, place = np.unique(wanted, return_inverse=True)
    _, came = unpacked(column, [(name, "int64") for name in ("kind", "number", "weight")])
    keys = pair[0].astype(np.int64) * n + pair[1]
    at = np.searchsorted(asking, keys)
    there = at < len(asking)
    there[there] = asking[at[there]] == keys[there]
    out: dict[str, Ties] = {}
    for code, kind in enumerate(kinds):
        own = np.flatnonzero(there & (came["kind"] == code))
        number, weight = np.zeros((2, len(asking)), dtype=np.int64)
        np.add.at(number, at[own], came["number"][own])
        np.add.at(weight, at[own], came["weight"][own])
        nobody = np.empty(0, dtype=np.int64)
        out[kind] = Ties(n, nobody, nobody, nobody, nobody, 0)
        known_shared(out[kind], rows.ego, rows.alter, (number[place], weight[place]))
    return out


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
    """What comes with each row as bytes: whether it is of the higher, or the higher is ego; values.

    >>> unpacked(pa.chunked_array([packed(np.array([True]), [np.array([2.5])])]), (("x", "float64"),))[1]
    {'x': array([2.5])}
    """
    words = np.empty((len(flipped), 1 + len(columns)), dtype=np.int64)
    words[:, 0] = flipped
    for place, values in enumerate(columns, 1):
        words[:, place] = np.ascontiguousarray(values).view(np.int64)
    kind = pa.binary(WORD * words.shape[1])
    buffers = [None, pa.py_buffer(np.ascontiguousarray(words))]
    return pa.Array.from_buffers(kind, len(words), buffers).cast(pa.binary())


def unpacked(column: Any, given: Sequence[tuple[str, str]]) -> tuple[Array, dict[str, Array]]:
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

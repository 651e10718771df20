"""Acts in a Spark DataFrame: checked where they lie, batch by batch; people and kinds come to the driver."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honestsignals.errors import MOST_SHOWN, DesignError, InputError, Problem, bad_input
from honestsignals.readers.act_columns import columns_of_batch
from honestsignals.readers.act_rules import faults_of_acts
from honestsignals.readers.acts import ActOptions
from honestsignals.readers.checked import Checked, checked
from honestsignals.readers.faults import DELIVERED, Fault, count_left_out
from honestsignals.readers.ids import as_integers, as_text
from honestsignals.readers.mapping import PEOPLE_KEYS
from honestsignals.readers.staging import Distinct
from honestsignals.readers.times import TimePart

Array = NDArray[Any]
ROWS = 100_000
"""Rows that are checked at once."""
SURVEY = pa.schema([("what", pa.string()), ("value", pa.string()), ("facts", pa.binary())])
"""What checking says: ids and kinds, each once a partition, and the facts of each partition."""
TYPES = {
    "time": pa.int64(),
    "count": pa.int64(),
    "weight": pa.float64(),
    "kind": pa.int16(),
    "depth": pa.float64(),
    "topic": pa.string(),
    "conversation": pa.string(),
}
"""Columns of checked acts besides the pair and who gave."""


@dataclass(frozen=True)
class SparkFrame:
    """A Spark DataFrame: its rows have no order, so that a message shows what stands in a row.

    Attributes
    ----------
    columns : tuple of str
    name : str
        For messages.
    unit : str
        Places are none.
    """

    columns: tuple[str, ...]
    name: str = "Spark DataFrame"
    unit: str = DELIVERED

    def batches(
        self, columns: Sequence[str], faults: list[Fault] | None = None, rows: int = ROWS
    ) -> Iterator[pa.Table]:
        """Refused: its rows are read where they lie."""
        raise DesignError("A Spark DataFrame is read where it lies; toPandas() brings it here.")

    def lines(self, rows: Sequence[int]) -> list[Any]:
        """Nowhere: rows of a Spark DataFrame have no places."""
        return [None for _ in rows]


@dataclass(frozen=True)
class Check:
    """How rows are checked, on whatever worker.

    Attributes
    ----------
    source : SparkFrame
    mapping : dict of str to str
        Keys of acts to columns.
    unit : str or None
        What times are written in.
    options : ActOptions
    """

    source: SparkFrame
    mapping: Mapping[str, str]
    unit: str | None
    options: ActOptions

    def batch(self, table: Any) -> Checked:
        """Some rows, checked: the columns that are read, in their order."""
        layers = tuple(self.options.depth_layers or ())
        named = table.rename_columns(read_names(self.mapping))
        raw = columns_of_batch(self.source, self.mapping, self.unit, layers, named)
        return checked(raw, faults_of_acts(raw, self.mapping, None, self.source.unit))


@dataclass
class Survey:
    """What checking found, of a partition or of all.

    Attributes
    ----------
    rows, acts : int
        Rows read, and of these kept.
    left_out : dict of str to int
    faults : dict of (column, rule) to [int, list of (value, detail)]
        Rows that break each rule, and what stands in the first of them.
    edges : tuple of int or None
        First and last time.
    zoned, naive : object or None
        A stamp with a zone, and one without.
    refused : InputError or None
        What is wrong with a column as a whole.
    """

    rows: int = 0
    acts: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    faults: dict[tuple[str | None, str], list[Any]] = field(default_factory=dict)
    edges: tuple[int, int] | None = None
    zoned: Any = None
    naive: Any = None
    refused: InputError | None = None

    def see(self, one: Checked) -> None:
        """One more batch."""
        for fault in one.faults:
            details = [*fault.details, *[""] * MOST_SHOWN]
            shown = list(zip([*fault.values, *[None] * MOST_SHOWN], details, strict=False))
            self._fault(
                (fault.column, fault.rule), len(fault.rows), shown[: min(len(fault.rows), MOST_SHOWN)]
            )
        zoned = next((part.zoned[1] for part in one.raw.times if part.zoned), None)
        naive = next((part.naive[1] for part in one.raw.times if part.naive), None)
        other = Survey(one.raw.rows, one.table.num_rows, one.left_out, {}, one.edges, zoned, naive)
        self.add(other)

    def add(self, other: Survey) -> None:
        """What was found elsewhere."""
        self.rows += other.rows
        self.acts += other.acts
        for reason, rows in other.left_out.items():
            count_left_out(self.left_out, reason, rows)
        for key, (rows, shown) in other.faults.items():
            self._fault(key, rows, shown)
        edges = [one for one in (self.edges, other.edges) if one is not None]
        if edges:
            self.edges = min(one[0] for one in edges), max(one[1] for one in edges)
        self.zoned = other.zoned if self.zoned is None else self.zoned
        self.naive = other.naive if self.naive is None else self.naive
        self.refused = self.refused or other.refused

    def _fault(self, key: tuple[str | None, str], rows: int, shown: Sequence[Any]) -> None:
        known = self.faults.setdefault(key, [0, []])
        known[0] += rows
        # the same ones are shown whatever order partitions come in
        known[1] = sorted([*known[1], *shown], key=str)[:MOST_SHOWN]

    def error(self, source: SparkFrame) -> InputError:
        """What is wrong, with what stands in up to ten rows."""
        problems = [
            Problem(source.name, None, column, value, rule + detail)
            for (column, rule), (_, shown) in sorted(self.faults.items(), key=str)
            for value, detail in shown
        ]
        return bad_input(problems, sum(rows for rows, _ in self.faults.values()))

    @property
    def times(self) -> list[TimePart]:
        """Stamps with a zone and without, as batches tell of them."""
        empty = np.empty(0, dtype=np.int64)
        pair = [None if one is None else (0, one) for one in (self.zoned, self.naive)]
        return [TimePart(empty, [], pair[0], pair[1])]


def read_names(mapping: Mapping[str, str]) -> list[str]:
    """Columns that are read, each once.

    >>> read_names({"sender": "a", "receiver": "b", "topic": "b"})
    ['a', 'b']
    """
    return list(dict.fromkeys(mapping.values()))


def gathered(batches: Iterable[Any], rows: int = ROWS) -> Iterator[Any]:
    """Tables of some rows at least, from batches of any size."""
    waiting: list[Any] = []
    for batch in batches:
        waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= rows:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def surveyed(batches: Iterable[Any], check: Check, partition: int) -> Iterator[Any]:
    """Ids and kinds of one partition, each once, and its facts: batches of `SURVEY`."""
    people, kinds, survey = Distinct(), Distinct(), Survey()
    for table in gathered(batches):
        try:
            one = check.batch(table)
        except InputError as error:
            # said here as it was said there: Spark would wrap it into pages of its own
            survey.refused = error
            break
        survey.see(one)
        people.add(one.ids)
        if "kind" in one.names:
            kinds.add(one.names["kind"])
    for what, found in (("person", people.text()), ("kind", kinds.text())):
        for start in range(0, len(found), ROWS):
            value = found.slice(start, ROWS)
            columns = [pa.array([what] * len(value)), value, pa.nulls(len(value), pa.binary())]
            yield pa.RecordBatch.from_arrays(columns, schema=SURVEY)
    facts = [pa.array(["facts"]), pa.array([str(partition)]), pa.array([pickle.dumps(survey)], pa.binary())]
    yield pa.RecordBatch.from_arrays(facts, schema=SURVEY)


def survey_of(table: Any) -> tuple[Survey, Any, list[str]]:
    """What all partitions found: facts, ids of people as text, kinds in the order of code points."""
    survey = Survey()
    for facts in table.filter(pc.equal(table.column("what"), "facts")).column("facts").to_pylist():
        survey.add(pickle.loads(facts))  # noqa: S301 - our own workers wrote it
    people, kinds = (
        as_text(table.filter(pc.equal(table.column("what"), what)).column("value"))
        for what in ("person", "kind")
    )
    return survey, people, sorted(kinds.to_pylist())


def acts_schema(mapping: Mapping[str, str], whole: bool) -> Any:
    """Columns of checked acts."""
    ids = _kind(whole)
    there = {"time" if key == "wave" else key for key in mapping}
    kept = [(name, kind) for name, kind in TYPES.items() if name in there]
    return pa.schema([("low", ids), ("high", ids), ("from_low", pa.bool_()), *kept])


def checked_acts(
    batches: Iterable[Any], check: Check, schema: Any, kinds: Sequence[str], shift: int
) -> Iterator[Any]:
    """Acts of one partition that stay, as an engine takes them: batches of ``schema``.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        Columns that are read.
    check : Check
    schema : pyarrow.Schema
        As `acts_schema` makes it.
    kinds : sequence of str
        All of the log's, in their order.
    shift : int
        Microseconds from where times count to 1970.
    """
    whole = pa.types.is_integer(schema.field("low").type)
    for table in gathered(batches):
        one = check.batch(table)
        if one.faults and check.options.bad_rows == "error":
            raise InputError("The Spark DataFrame is not what it was when it was checked: persist it first.")
        columns = _columns(one.table, whole, kinds, shift)
        yield from pa.table([columns[name] for name in schema.names], schema=schema).to_batches()


def _columns(kept: Any, whole: bool, kinds: Sequence[str], shift: int) -> dict[str, Any]:
    """Columns of a batch by name."""
    sender, receiver = (_ids(kept.column(key).combine_chunks(), whole) for key in PEOPLE_KEYS)
    from_low = pc.less(sender, receiver)
    columns: dict[str, Any] = {
        "low": pc.if_else(from_low, sender, receiver),
        "high": pc.if_else(from_low, receiver, sender),
        "from_low": from_low,
    }
    for name in kept.column_names:
        if name not in PEOPLE_KEYS:
            columns["time" if name == "wave" else name] = kept.column(name).combine_chunks()
    if shift and "time" in columns:
        columns["time"] = pc.add(columns["time"], shift)
    for name in ("topic", "conversation"):
        if name in columns:
            columns[name] = _texts(columns[name])
    if "kind" in columns:
        columns["kind"] = pc.index_in(_texts(columns["kind"]), value_set=pa.array(kinds, pa.string())).cast(
            pa.int16()
        )
    return columns


def _ids(array: Any, whole: bool) -> Any:
    """Ids as whole numbers, or as text."""
    if pa.types.is_integer(array.type):
        return array.cast(pa.int64()) if whole else as_text(array).cast(_kind(whole))
    if whole and pa.types.is_integer(array.dictionary.type):
        return array.dictionary.take(array.indices)
    text = _texts(array)
    return pa.array(as_integers(text), pa.int64()) if whole and len(text) else text.cast(_kind(whole))


def _kind(whole: bool) -> Any:
    return pa.int64() if whole else pa.string()


def _texts(array: Any) -> Any:
    return as_text(array.dictionary).take(array.indices)

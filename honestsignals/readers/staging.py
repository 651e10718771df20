"""Acts read and checked batch by batch, and kept on disk: what is read need not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honestsignals.engines.buckets import write_table
from honestsignals.engines.threads import in_order
from honestsignals.errors import DesignError, listed
from honestsignals.readers.act_columns import columns_of_batch
from honestsignals.readers.act_rules import faults_of_acts
from honestsignals.readers.acts import ActOptions
from honestsignals.readers.checked import KEPT, TEXTS, Checked, checked
from honestsignals.readers.faults import Fault, count_left_out, no_rows, raise_faults
from honestsignals.readers.ids import Lookup, as_text, order_people
from honestsignals.readers.kinds import check_kinds
from honestsignals.readers.layers import layers_of
from honestsignals.readers.mapping import PEOPLE_KEYS, names_in
from honestsignals.readers.source import Source, in_codes
from honestsignals.readers.times import TimePart, parse_origin, refuse_mixed_zones, settle_unit

Array = NDArray[Any]
WHOLE_LOG = {
    "id": "ids of acts are held against one another",
    "reply_to": "replies are followed from act to act",
    "reporter": "reports of one act are held against one another",
}
"""Columns that only a log in memory can have, and why."""
ROWS = 500_000
"""Rows of a batch."""
MOST_PLACES = 2**26
"""Places of a table of whole numbers: 64 MB."""
CLOCKS = {"wave": "time"}
"""Waves are the times of a log that counts in them."""


@dataclass(frozen=True, eq=False)
class Staged:
    """Checked acts on disk, batch by batch, under codes of the batch's own.

    Attributes
    ----------
    folder : Path
        A file of Arrow batches each.
    batches : int
        How many.
    people : ndarray
        Ids in their one order.
    values : dict of str to Arrow array of text
        Of ``kind``, ``topic`` and ``conversation``, in the order of code points.
    columns : tuple of str
        Columns that are kept.
    rows, acts : int
        Rows of the source, and of those kept.
    edges : tuple of int
        First and last time.
    dated : bool
        Whether times have a calendar.
    clock : {"time", "wave"} or None
    left_out : dict of str to int
        Reasons, and rows.
    """

    folder: Path
    batches: int
    people: Array
    values: dict[str, Any]
    columns: tuple[str, ...]
    rows: int
    acts: int
    edges: tuple[int, int]
    dated: bool
    clock: str | None
    shift: int = 0
    """Microseconds from where times count to 1970."""
    left_out: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def _lookup(self) -> Lookup:
        return Lookup(self.people, ROWS)

    def batch(self, place: int, *, last: bool = False) -> dict[str, Array]:
        """The acts of one batch, people and names under their final codes; ``last``: nobody asks again."""
        with pa.OSFile(str(_file(self.folder, place))) as file:
            table = pa.ipc.open_file(file).read_all()
        if last:
            _file(self.folder, place).unlink()
        return {CLOCKS.get(name, name): self._column(name, table) for name in self.columns}

    def _column(self, name: str, table: Any) -> Array:
        array = table.column(name).combine_chunks()
        if name in PEOPLE_KEYS and pa.types.is_integer(array.type):
            return self._lookup.places(array.to_numpy() if self.people.dtype != object else array)
        if name in PEOPLE_KEYS:
            values = array.dictionary
            known = values.to_numpy() if pa.types.is_integer(values.type) else values
            code = self._lookup.places(known)
        elif name in TEXTS:
            code = (
                pc.index_in(as_text(array.dictionary), value_set=self.values[name]).fill_null(-1).to_numpy()
            )
        else:
            numbers: Array = np.asarray(array.to_numpy())
            return numbers + self.shift if name == "time" and self.shift else numbers
        codes = np.asarray(array.indices.fill_null(-1).to_numpy(zero_copy_only=False))
        # one code more, for what is missing
        found: Array = np.append(code, -1).astype(np.int32)[codes]
        return found


def stage(
    source: Source,
    mapping: Mapping[str, str],
    options: ActOptions,
    folder: Path,
    *,
    threads: int = 1,
    size: int = ROWS,
    tell: Callable[[int], None] = lambda _: None,
) -> Staged:
    """Read and check acts batch by batch.

    Parameters
    ----------
    source : Source
        What is read.
    mapping : mapping of str to str
        Keys of acts to columns.
    options : ActOptions
        How they are read; an error names the rows of the first batch that has any.
    folder : Path
        An empty folder.
    threads : int
        Batches that are checked at once.
    size : int
        Rows of a batch.
    tell : callable, optional
        Told how many rows have been read.

    Raises
    ------
    InputError, DesignError
    """
    _refuse_whole_log(mapping)
    broken: list[Fault] = []
    found = _Found(source, mapping, options, folder)
    with closing(_settled(source, mapping, options.time_unit, broken, size)) as batches:
        for one in in_order(found.check, enumerate(batches), threads, ahead=1):
            found.absorb(one)
            tell(found.rows)
    return found.staged(broken)


def _refuse_whole_log(mapping: Mapping[str, str]) -> None:
    wrong = [key for key in WHOLE_LOG if key in mapping]
    if wrong:
        why = listed(f"{WHOLE_LOG[key]} ({key})" for key in wrong)
        raise DesignError(
            f"A log that is read bucket by bucket cannot have {listed(wrong)}: {why}, which takes all acts "
            "at once. Leave them out of columns, or read the log into memory: read_log."
        )


def _settled(
    source: Source, mapping: Mapping[str, str], unit: str | None, broken: list[Fault], size: int
) -> Generator[tuple[Any, str | None]]:
    """Batches, each with the unit of its times."""
    settled = False
    coded = in_codes(source, names_in(mapping))
    reading: Any = coded.batches(list(dict.fromkeys(mapping.values())), broken, size)
    # what a source holds open is let go of at once where reading stops
    with closing(reading) as batches:
        for batch in batches:
            if "time" in mapping and not settled:
                times = batch.column(mapping["time"])
                if times.null_count < len(times):
                    unit, settled = settle_unit(times, unit, mapping["time"], source), True
            yield batch, unit


class _Found:
    """What grows while batches come in."""

    def __init__(self, source: Source, mapping: Mapping[str, str], options: ActOptions, folder: Path) -> None:
        self.source, self.mapping, self.options, self.folder = source, mapping, options, folder
        self.layers = layers_of(source, mapping, options.depth_layers)
        self.roster = None if options.roster is None else order_people(options.roster)
        self.rows = self.acts = self.batches = 0
        self.left_out: dict[str, int] = {}
        self.ids, self.names = Distinct(), {name: Distinct() for name in TEXTS if name in mapping}
        self.times: list[TimePart] = []
        self.edges: list[tuple[int, int]] = []
        self.unit: str | None = options.time_unit

    def check(self, given: tuple[int, tuple[Any, str | None]]) -> Checked:
        """One batch by itself, on any thread: checked, and what is kept of it on disk."""
        place, (batch, unit) = given
        raw = columns_of_batch(self.source, self.mapping, unit, self.layers, batch)
        found = checked(raw, faults_of_acts(raw, self.mapping, self.roster, self.source.unit))
        write_table(_file(self.folder, place), found.table)
        return found

    def absorb(self, batch: Checked) -> None:
        """Add one batch, after those before it."""
        raw, faults = batch.raw, batch.faults
        if faults and self.options.bad_rows == "error":
            moved = [replace(one, rows=one.rows + self.rows) if one.numbered else one for one in faults]
            raise_faults(self.source, moved, f"Nothing after row {self.rows + raw.rows:,} was read.")
        for reason, rows in batch.left_out.items():
            count_left_out(self.left_out, reason, rows)
        for part in raw.times:
            self.times.append(_moved(part, self.rows))
        self.unit = raw.unit
        self.ids.add(batch.ids)
        for name, values in batch.names.items():
            self.names[name].add(values)
        if batch.edges is not None:
            self.edges.append(batch.edges)
        self.batches += 1
        self.rows += raw.rows
        self.acts += batch.table.num_rows

    def staged(self, broken: list[Fault]) -> Staged:
        """All of it, once every batch is in."""
        source, mapping = self.source, self.mapping
        if self.options.bad_rows == "error":
            raise_faults(source, broken)
        for fault in broken:
            count_left_out(self.left_out, fault.reason, len(fault.rows))
        lost = sum(len(fault.rows) for fault in broken)
        if not self.rows and not lost:
            raise no_rows(source)
        refuse_mixed_zones(self.times, mapping.get("time", ""), source)
        values = {name: _sorted_text(distinct.text()) for name, distinct in self.names.items()}
        if "kind" in values:
            check_kinds(source, mapping["kind"], values["kind"].to_pylist())
        origin = parse_origin(self.options.time_origin)
        shift = (origin or 0) if "time" in mapping else 0
        first = min((one[0] for one in self.edges), default=-shift)
        last = max((one[1] for one in self.edges), default=-shift)
        clock = "wave" if "wave" in mapping else "time" if "time" in mapping else None
        return Staged(
            folder=self.folder,
            batches=self.batches,
            people=self.roster if self.roster is not None else self.ids.people(),
            values=values,
            columns=tuple(name for name in KEPT if name in mapping),
            rows=self.rows + lost,
            acts=self.acts,
            edges=(first + shift, last + shift),
            dated=clock == "time" and (self.unit == "iso" or origin is not None),
            clock=clock,
            left_out=self.left_out,
            shift=shift,
        )


class Distinct:
    """Distinct values of batches: whole numbers while all are, else text."""

    def __init__(self) -> None:
        self._merged: Any = None
        self._waiting: list[Any] = []
        self._size = 0
        self._low, self._there = 0, np.zeros(0, dtype=bool)

    def add(self, values: Any) -> None:
        """More values, distinct among themselves."""
        if isinstance(values, np.ndarray) and len(values) and self._reaches(values):
            self._there[values - self._low] = True
            return
        self._waiting.append(values)
        self._size += len(values)
        # merged seldom: sorting all of them for every batch would take longer than reading
        if self._size > 2 * (0 if self._merged is None else len(self._merged)) + 1_000_000:
            self._merge()

    def _reaches(self, values: Array) -> bool:
        """Whether a table of whole numbers, made longer where need be, has places for all of them."""
        low, high = int(values.min()), int(values.max())
        if len(self._there):
            low, high = min(low, self._low), max(high, self._low + len(self._there) - 1)
        if high - low >= MOST_PLACES:
            return False
        if not len(self._there) or high - low >= len(self._there):
            there = np.zeros(min(2 * (high - low + 1), MOST_PLACES), dtype=bool)
            begin = self._low - low if len(self._there) else 0
            there[begin : begin + len(self._there)] = self._there[: len(there) - begin]
            self._low, self._there = low, there
        return True

    def _merge(self) -> None:
        parts = [*([] if self._merged is None else [self._merged]), *self._waiting]
        if self._there.any():
            parts.append(np.flatnonzero(self._there) + self._low)
        self._waiting, self._size = [], 0
        if all(isinstance(one, np.ndarray) for one in parts):
            self._merged = order_people(np.concatenate([np.empty(0, dtype=np.int64), *parts]))
        else:
            self._merged = pa.chunked_array([as_text(one) for one in parts], pa.string()).unique()

    def people(self) -> Array:
        """The values as ids of people, in their one order."""
        self._merge()
        return order_people(self._merged)

    def text(self) -> Any:
        """The values as text."""
        self._merge()
        return as_text(self._merged)


def _moved(part: TimePart, rows: int) -> TimePart:
    """The same with its rows counted from the first of the source."""

    def later(found: tuple[int, Any] | None) -> tuple[int, Any] | None:
        return None if found is None else (found[0] + rows, found[1])

    return replace(part, zoned=later(part.zoned), naive=later(part.naive))


def _sorted_text(text: Any) -> Any:
    """Text in the order of code points."""
    return text.take(pc.sort_indices(text))


def _file(folder: Path, place: int) -> Path:
    return folder / f"{place:06d}.arrow"

"""Columns of names (ids, kinds, topics): codes into their distinct values, checked once a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honestsignals.errors import MOST_SHOWN, quoted
from honestsignals.readers.faults import Fault, Located, whole_source
from honestsignals.readers.ids import as_integers, as_text, blank_ends, control_characters

_FLOATS = (
    "is a column of decimals (such as {}): a missing value turns whole numbers into decimals;"
    " make it text or nullable integers first"
)


# A table of four million places is 20 MB, whatever the number of rows.
_TABLE_SIZE = 1 << 22
_EMPTY = np.empty(0, dtype=np.int32)
_FEW = 100


@dataclass(frozen=True)
class Coded:
    """A column of names.

    Attributes
    ----------
    codes : ndarray of int32
        A row's place in ``values``; -1 where it is missing.
    values : ndarray of int64, or Arrow array of text
        Distinct values, in no order that counts; there may be some that no row has.
    dense : bool
        Whether they are whole numbers one after another.
    """

    codes: NDArray[np.int32]
    values: Any
    dense: bool = False

    @property
    def text(self) -> Any:
        """The distinct values as an Arrow array of text."""
        return as_text(self.values)

    def place(self, value: str) -> int:
        """Code of a value; -2 where there is none."""
        if isinstance(self.values, np.ndarray):
            number = as_integers(as_text([value]))
            found = np.flatnonzero(self.values == number[0]).tolist() if number is not None else []
        else:
            found = [pc.index(self.text, value).as_py()]
        return found[0] if found and found[0] >= 0 else -2

    def at(self, rows: NDArray[np.int64]) -> list[str | None]:
        """The values of a few rows, as text."""
        chosen = [self.values[code] if code >= 0 else None for code in self.codes[rows].tolist()]
        return [str(value) if value is not None else None for value in chosen]


def encode(array: Any, column: str, source: Located) -> Any:
    """One batch of a column of names: whole numbers as they are, text as codes and distinct values.

    Parameters
    ----------
    array : pyarrow ChunkedArray
        Text, integers, or codes of these.
    column : str
        Its name, for messages.
    source : Located
        Where it comes from, for messages.

    Returns
    -------
    pyarrow Int32Array, Int64Array, or DictionaryArray of text with int32 codes
    """
    array = array.combine_chunks()
    kind = array.type
    if pa.types.is_dictionary(kind):
        if not is_text(kind.value_type):
            array = array.cast(kind.value_type)
        else:
            values = _as_names(array.dictionary, column, source)
            if not values.null_count:
                return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), values)
            # one of the values is no name
            array = values.take(array.indices)
    names = _as_names(array, column, source)
    if pa.types.is_integer(names.type):
        return _narrow(names)
    integers = _canonical_integers(names)
    return names.dictionary_encode() if integers is None else _narrow(integers)


def join(parts: Sequence[Sequence[Any]]) -> list[Coded]:
    """Columns that share their values (sender and receiver), each from its batches.

    Parameters
    ----------
    parts : sequence of sequences of pyarrow.Array
        The batches of each column, from `encode`.

    Returns
    -------
    list of Coded
        One a column, all with the same ``values``.
    """
    chunks = [chunk for part in parts for chunk in part]
    if not chunks:
        return [Coded(np.empty(0, dtype=np.int32), pa.array([], type=pa.string())) for _ in parts]
    if all(pa.types.is_integer(chunk.type) for chunk in chunks):
        return _join_integers(parts)
    united = pa.chunked_array([_text_codes(chunk) for chunk in chunks]).unify_dictionaries()
    columns = []
    start = 0
    for part in parts:
        own = united.chunks[start : start + len(part)]
        start += len(part)
        columns.append(Coded(_codes(own), united.chunk(0).dictionary))
    return columns


def faults_of_ids(coded: Coded, column: str, *, missing: bool) -> list[Fault]:
    """What is wrong with a column of ids: blanks, control characters and, if ``missing``, no id."""
    faults = faults_if_missing(coded, column) if missing else []
    if isinstance(coded.values, np.ndarray):
        return faults
    text = coded.text
    blank = blank_ends(text)
    if blank.any():
        known = set(text.to_pylist())

        def trimmed(value: str) -> str:
            bare = value.strip()
            return f"; {quoted(bare)} is in the file too" if bare in known else ""

        faults += faults_of_values(coded, column, blank, "has blanks at its ends", trimmed)
    control = control_characters(text)
    if control.any():
        faults += faults_of_values(coded, column, control & ~blank, "holds a control character")
    return faults


def faults_if_missing(coded: Coded, column: str) -> list[Fault]:
    """The rows without a value, as a list of one fault or none."""
    rows = np.flatnonzero(coded.codes < 0)
    return [Fault(column, "is missing", rows)] if len(rows) else []


def faults_of_values(
    coded: Coded,
    column: str,
    bad: NDArray[np.bool_],
    rule: str,
    detail: Callable[[str], str] | None = None,
) -> list[Fault]:
    """The rows that hold one of the bad values, as a list of one fault or none.

    Parameters
    ----------
    coded : Coded
        The column.
    column : str
        Its name.
    bad : ndarray of bool
        One a distinct value.
    rule : str
        What the value breaks.
    detail : callable, optional
        What a message adds for a value.

    Returns
    -------
    list of Fault
    """
    if not bad.any():
        return []
    # A missing row has code -1, so it would read the last value: one more, never bad, stands there.
    rows = np.flatnonzero(np.append(bad, False)[coded.codes])
    if not len(rows):
        return []
    shown = coded.at(rows[:MOST_SHOWN])
    details = tuple(detail(value or "") for value in shown) if detail else ()
    return [Fault(column, rule, rows, tuple(shown), details)]


def sorted_values(coded: Coded, keep: NDArray[np.bool_] | slice = slice(None)) -> Coded:
    """The column of some rows with only the values that occur there, in the order of code points."""
    codes = coded.codes[keep]
    named = np.zeros(len(coded.values) + 1, dtype=bool)
    named[codes] = True
    seen = np.flatnonzero(named[:-1])
    text = coded.text.take(pa.array(seen))
    order = np.asarray(pc.sort_indices(text).to_numpy(), dtype=np.int64)
    renamed = np.full(len(coded.values) + 1, -1, dtype=np.int32)
    renamed[seen[order]] = np.arange(len(seen), dtype=np.int32)
    return Coded(renamed[codes], text.take(pa.array(order)))


def is_text(kind: Any) -> bool:
    """Whether an Arrow type is text, short or long."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _as_names(array: Any, column: str, source: Located) -> Any:
    """Text or int64; an empty text is a missing one; any other type is an error that says why."""
    kind = array.type
    if pa.types.is_integer(kind):
        too_large = pa.types.is_uint64(kind) and len(array) and (pc.max(array).as_py() or 0) > 2**63 - 1
        return array.cast(pa.string() if too_large else pa.int64())
    if pa.types.is_null(kind):
        return array.cast(pa.string())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        first = pc.drop_null(array)
        example = first[0].as_py() if len(first) else "NaN"
        raise whole_source(source, column, _FLOATS.format(example))
    if not is_text(kind):
        raise whole_source(source, column, f"has the type {kind}; it must be text or whole numbers")
    text = array.cast(pa.string())
    if pc.any(pc.equal(pc.binary_length(text), 0)).as_py():
        text = pc.if_else(pc.equal(pc.binary_length(text), 0), None, text)
    return text


def _canonical_integers(text: Any) -> Any | None:
    """Text of which every value is a canonical integer as such integers; else None.

    Integers are much faster to code than text. The canonical form is the shortest that a number has in
    decimal digits, so if all texts together are no longer than those forms, every one of them is canonical.
    """
    data = text.buffers()[2]
    # The cast would read "0x1F" too.
    if data is None or any(mark in data.to_pybytes() for mark in (b"x", b"X")):
        return None
    try:
        # A cast that fails makes a message for every row; the first rows tell soon whether it will.
        text.slice(0, _FEW).cast(pa.int64())
        integers = text.cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    values = integers.drop_null().to_numpy()
    shortest = len(values) + np.count_nonzero(values < 0)
    largest = max(int(values.max(initial=0)), -int(values.min(initial=0)))
    for power in range(1, len(str(largest))):
        shortest += np.count_nonzero(values >= 10**power) + np.count_nonzero(values <= -(10**power))
    return integers if pc.sum(pc.binary_length(text)).as_py() == shortest else None


def _narrow(integers: Any) -> Any:
    """Integers in half the memory where they fit."""
    try:
        return integers.cast(pa.int32())
    except pa.ArrowInvalid:
        return integers.cast(pa.int64())


def _text_codes(chunk: Any) -> Any:
    """A batch of integers as codes of their text, where another batch holds text."""
    if pa.types.is_dictionary(chunk.type):
        return chunk
    coded = chunk.dictionary_encode()
    return pa.DictionaryArray.from_arrays(coded.indices, as_text(coded.dictionary))


def _join_integers(parts: Sequence[Sequence[Any]]) -> list[Coded]:
    chunks = [chunk for part in parts for chunk in part]
    bounds = [pc.min_max(chunk).as_py() for chunk in chunks if chunk.null_count < len(chunk)]
    low = min((bound["min"] for bound in bounds), default=0)
    width = max((bound["max"] for bound in bounds), default=0) - low + 1
    number = sum(len(chunk) for chunk in chunks)
    if width > max(_TABLE_SIZE, 4 * number):
        return _join_by_hash(parts)
    # Ids that lie close together, the usual case, are their own places: no hash, no sort.
    if width <= 2 * number:
        values = np.arange(low, low + width, dtype=np.int64)
        columns = [np.concatenate([_EMPTY, *(_from(chunk, low) for chunk in part)]) for part in parts]
        return [Coded(codes, values, dense=True) for codes in columns]
    seen = np.zeros(width + 1, dtype=bool)
    for chunk in chunks:
        seen[_offsets(chunk, low, width)] = True
    seen[width] = False
    code = np.cumsum(seen, dtype=np.int32) - 1
    code[width] = -1
    values = np.flatnonzero(seen) + low
    return [
        Coded(np.concatenate([_EMPTY, *(code[_offsets(chunk, low, width)] for chunk in part)]), values)
        for part in parts
    ]


def _from(chunk: Any, low: int) -> NDArray[np.int32]:
    """How far above the lowest each is; -1 where it is missing."""
    if not chunk.null_count:
        values = chunk.to_numpy()
        if low < np.iinfo(values.dtype).min:
            # the lowest is in a column of wider ones
            values = values.astype(np.int64)
        # narrow ones stay so: the lowest may be far from 0, and the difference is small
        return (values - values.dtype.type(low)).astype(np.int32, copy=False)
    shifted = pc.subtract(chunk.cast(pa.int64()), low)
    return np.asarray(pc.fill_null(shifted, -1).to_numpy()).astype(np.int32)


def _offsets(chunk: Any, low: int, width: int) -> NDArray[np.int64]:
    """Places in the table; missing ones at its end."""
    return np.asarray(pc.fill_null(pc.subtract(chunk.cast(pa.int64()), low), width).to_numpy())


def _join_by_hash(parts: Sequence[Sequence[Any]]) -> list[Coded]:
    whole = pa.chunked_array([chunk.cast(pa.int64()) for part in parts for chunk in part]).dictionary_encode()
    values = whole.chunk(0).dictionary.to_numpy()
    codes = _codes(whole.chunks)
    ends = np.cumsum([sum(len(chunk) for chunk in part) for part in parts])
    return [Coded(own, values) for own in np.split(codes, ends[:-1])]


def _codes(chunks: Sequence[Any]) -> NDArray[np.int32]:
    codes = np.empty(sum(len(chunk) for chunk in chunks), dtype=np.int32)
    start = 0
    for chunk in chunks:
        own = chunk.indices.fill_null(-1) if chunk.null_count else chunk.indices
        codes[start : start + len(chunk)] = own.to_numpy()
        start += len(chunk)
    return codes

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
from honestsignals.readers.ids import as_text, blank_ends, control_characters

_FLOATS = (
    "is a column of decimals (such as {}): a missing value turns whole numbers into decimals;"
    " make it text or nullable integers first"
)


@dataclass(frozen=True)
class Coded:
    """A column of names.

    Attributes
    ----------
    codes : ndarray of int32
        A row's place in ``values``; -1 where it is missing.
    values : ndarray of int64, or Arrow array of text
        The distinct values, in no order that counts.
    """

    codes: NDArray[np.int32]
    values: Any

    @property
    def text(self) -> Any:
        """The distinct values as an Arrow array of text."""
        return as_text(self.values)

    def at(self, rows: NDArray[np.int64]) -> list[str | None]:
        """The values of a few rows, as text."""
        chosen = [self.values[code] if code >= 0 else None for code in self.codes[rows].tolist()]
        return [str(value) if value is not None else None for value in chosen]


def encode(array: Any, column: str, source: Located) -> Any:
    """One batch of a column as codes and distinct values: text or int64.

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
    pyarrow DictionaryArray with int32 codes
    """
    array = array.combine_chunks()
    kind = array.type
    if pa.types.is_dictionary(kind):
        if array.dictionary.null_count or not _is_name(kind.value_type):
            return encode(pa.chunked_array([array.cast(kind.value_type)]), column, source)
        values = _as_names(array.dictionary, column, source)
        codes = array.indices.cast(pa.int32())
        if len(values) <= len(codes):
            return pa.DictionaryArray.from_arrays(codes, values)
        array = values.take(codes)
    return _as_names(array, column, source).dictionary_encode()


def join(parts: Sequence[Sequence[Any]]) -> list[Coded]:
    """Columns that share their values (sender and receiver), each from its batches.

    Parameters
    ----------
    parts : sequence of sequences of DictionaryArray
        The batches of each column.

    Returns
    -------
    list of Coded
        One a column, all with the same ``values``.
    """
    chunks = [chunk for part in parts for chunk in part]
    if len({chunk.type for chunk in chunks}) > 1:
        chunks = [
            pa.DictionaryArray.from_arrays(chunk.indices, as_text(chunk.dictionary)) for chunk in chunks
        ]
    if not chunks:
        return [Coded(np.empty(0, dtype=np.int32), pa.array([], type=pa.string())) for _ in parts]
    united = pa.chunked_array(chunks).unify_dictionaries()
    values = united.chunk(0).dictionary
    if pa.types.is_integer(values.type):
        values = values.to_numpy()
    columns = []
    start = 0
    for part in parts:
        own = united.chunks[start : start + len(part)]
        start += len(part)
        columns.append(Coded(_codes(own), values))
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
    seen = np.unique(codes)
    seen = seen[seen >= 0]
    text = coded.text.take(pa.array(seen))
    order = np.asarray(pc.sort_indices(text).to_numpy(), dtype=np.int64)
    renamed = np.full(len(coded.values) + 1, -1, dtype=np.int32)
    renamed[seen[order]] = np.arange(len(seen), dtype=np.int32)
    return Coded(renamed[codes], text.take(pa.array(order)))


def _is_name(kind: Any) -> bool:
    return pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_large_string(kind)


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
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        raise whole_source(source, column, f"has the type {kind}; it must be text or whole numbers")
    text = array.cast(pa.string())
    if pc.any(pc.equal(pc.binary_length(text), 0)).as_py():
        text = pc.if_else(pc.equal(pc.binary_length(text), 0), None, text)
    return text


def _codes(chunks: Sequence[Any]) -> NDArray[np.int32]:
    codes = np.empty(sum(len(chunk) for chunk in chunks), dtype=np.int32)
    start = 0
    for chunk in chunks:
        own = chunk.indices.fill_null(-1) if chunk.null_count else chunk.indices
        codes[start : start + len(chunk)] = own.to_numpy()
        start += len(chunk)
    return codes

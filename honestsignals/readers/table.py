"""Tables about people and pairs: ids as text, everything else as numbers or text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honestsignals.errors import MOST_SHOWN, Problem, one_of
from honestsignals.readers.amounts import NUMBER
from honestsignals.readers.faults import Fault, kept_rows, no_rows, raise_faults, where
from honestsignals.readers.source import Source, open_source, require_columns
from honestsignals.readers.texts import Coded, encode, faults_of_ids, join

# "007" and numbers of sixteen digits are names that look like numbers: as numbers they would lose digits.
_NAMELIKE = r"^[+-]?(0[0-9]|[0-9]{16})"


@dataclass(frozen=True)
class Table:
    """Columns of a table, in the order of the source.

    Attributes
    ----------
    source : Source
        Where they come from.
    columns : dict of str to ndarray, each of shape (n_rows,)
        Ids as text (str objects). Other columns as int64 (whole numbers, none missing), float64 (NaN where
        missing), bool, datetime64[us], or str objects (None where missing).
    row : ndarray of int64, shape (n_rows,)
        The number of each row in the source, from 0: `Table.problems` turns it into a line.
    rows : int
        Rows of the source: those kept and those left out.
    left_out : dict of str to int
        Reasons, and rows.
    """

    source: Source
    columns: dict[str, NDArray[Any]]
    row: NDArray[np.int64]
    rows: int
    left_out: dict[str, int]

    def problems(self, places: Iterable[int], column: str, rule: str) -> list[Problem]:
        """What breaks a rule at some places of the columns (the first ten), for `bad_input`."""
        first = [int(place) for place in places][:MOST_SHOWN]
        found = where(self.source, [int(self.row[place]) for place in first])
        values = [_plain(self.columns[column][place]) for place in first]
        return [
            Problem(file, line, column, value, rule, self.source.unit)
            for (file, line), value in zip(found, values, strict=True)
        ]


def read_table(source: Any, ids: Sequence[str], others: Sequence[str], *, bad_rows: str = "error") -> Table:
    """Read a table about people or pairs, every id right or named.

    Parameters
    ----------
    source : path, pandas.DataFrame, or object with ``__arrow_c_stream__``
        Where it is.
    ids : sequence of str
        Columns that name people: every row needs one, as text without blanks at its ends.
    others : sequence of str
        Columns to read besides. Text of which every value is a number becomes numbers.
    bad_rows : {"error", "leave out"}
        What becomes of rows that break a rule.

    Returns
    -------
    Table

    Examples
    --------
    >>> import pandas as pd
    >>> people = read_table(pd.DataFrame({"id": [7, 8], "age": ["31", None]}), ["id"], ["age"])
    >>> people.columns
    {'id': array(['7', '8'], dtype=object), 'age': array([31., nan])}
    """
    one_of("bad_rows", bad_rows, ("error", "leave out"))
    wanted = list(dict.fromkeys([*ids, *others]))
    opened = open_source(source, wanted)
    require_columns(opened, wanted)
    broken: list[Fault] = []
    batches = list(opened.batches(wanted, broken))
    read = sum(batch.num_rows for batch in batches)
    if not read and not broken:
        raise no_rows(opened)
    coded = {column: _coded(batches, column, opened) for column in ids}
    faults = broken + _faults(coded, opened.unit)
    if bad_rows == "error":
        raise_faults(opened, faults)
    left_out: dict[str, int] = {}
    row = np.flatnonzero(kept_rows(faults, read, left_out))
    columns = {column: _id_column(coded[column], row) for column in ids}
    for column in wanted:
        if column not in columns:
            columns[column] = _column(batches, column, row)
    return Table(opened, columns, row, read + sum(len(fault.rows) for fault in broken), left_out)


def infer_column(array: Any) -> NDArray[Any]:
    """An Arrow column as numbers if it holds numbers, else as text; empty text is missing.

    >>> infer_column(pa.array(["1", "2.5", ""]))
    array([1. , 2.5, nan])
    >>> infer_column(pa.array(["007", "8"]))
    array(['007', '8'], dtype=object)
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        return infer_column(array.cast(kind.value_type))
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return np.asarray(array.cast(pa.timestamp("us"), safe=False).to_numpy(zero_copy_only=False))
    if pa.types.is_boolean(kind) and array.null_count == 0:
        return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _numbers(array)
    text = array.cast(pa.string())
    text = pc.if_else(pc.equal(pc.binary_length(text), 0), None, text)
    present = pc.drop_null(text)
    all_numbers = pc.all(pc.match_substring_regex(present, NUMBER)).as_py()
    if len(present) and all_numbers and not pc.any(pc.match_substring_regex(present, _NAMELIKE)).as_py():
        whole = not pc.any(pc.match_substring_regex(present, "[.eE]")).as_py()
        signless = pc.utf8_ltrim(text, "+")
        return _numbers(pc.cast(signless, pa.int64() if whole else pa.float64()))
    return np.asarray(text.to_numpy(zero_copy_only=False), dtype=object)


def _numbers(array: Any) -> NDArray[Any]:
    if pa.types.is_integer(array.type) and array.null_count == 0:
        return np.array(array.cast(pa.int64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.int64)
    values = array.cast(pa.float64(), safe=False)
    return np.array(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _coded(batches: Sequence[Any], column: str, source: Source) -> Coded:
    return join([[encode(batch.column(column), column, source) for batch in batches]])[0]


def _column(batches: Sequence[Any], column: str, row: NDArray[np.int64]) -> NDArray[Any]:
    whole = pa.chunked_array([chunk for batch in batches for chunk in batch.column(column).chunks])
    return infer_column(whole.combine_chunks().take(pa.array(row)))


def _id_column(coded: Coded, row: NDArray[np.int64]) -> NDArray[Any]:
    return np.asarray(coded.text.to_numpy(zero_copy_only=False), dtype=object)[coded.codes[row]]


def _faults(coded: dict[str, Coded], unit: str) -> list[Fault]:
    """What is wrong with ids; a repeated header is one fault for the row."""
    faults = [fault for column, own in coded.items() for fault in faults_of_ids(own, column, missing=True)]
    if unit != "line" or not coded:
        return faults
    again = np.ones(len(next(iter(coded.values())).codes), dtype=bool)
    for column, own in coded.items():
        again &= own.codes == own.place(column)
    rows = np.flatnonzero(again)
    return [Fault(None, "repeats the header", rows), *faults] if len(rows) else faults


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value

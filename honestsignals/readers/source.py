"""Whatever acts, labels and people may come in: files and folders, databases, frames, Arrow streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from honestsignals.errors import ArgumentError, listed, nearest
from honestsignals.readers.addresses import Address, address_of_file, is_address, parse_address
from honestsignals.readers.csv_file import BATCH_ROWS, DELIMITERS, CsvFile, open_csv
from honestsignals.readers.database import DatabaseTable, open_database
from honestsignals.readers.faults import Fault, whole_source
from honestsignals.readers.folder import Folder, is_pattern, open_folder
from honestsignals.readers.parquet_file import ParquetFile

_SQLITE = b"SQLite format 3\0"
_SMALL = 1 << 18


class Source(Protocol):
    """Rows in a fixed order, under named columns.

    Attributes
    ----------
    name : str
        For messages: the file as given, "DataFrame" or "table".
    unit : str
        What places are counted in: "line" of a CSV file (the header is line 1), else "row" from 0, or
        "delivered row" where rows have no order of their own.
    columns : tuple of str
        What there is.
    """

    @property
    def name(self) -> str:
        """For messages: the file as given, "DataFrame" or "table"."""

    @property
    def unit(self) -> str:
        """What places are counted in: "line" or "row"."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""

    def batches(
        self, columns: Sequence[str], faults: list[Fault] | None = None, rows: int = BATCH_ROWS
    ) -> Iterator[pa.Table]:
        """Tables of these columns, in order; rows that cannot be cut into fields go to ``faults``."""

    def lines(self, rows: Sequence[int]) -> list[int]:
        """Where rows stand, in ``unit``."""


@dataclass(frozen=True)
class Frame:
    """A pandas DataFrame: a `Source` whose columns become Arrow arrays one at a time."""

    frame: pd.DataFrame
    columns: tuple[str, ...]
    name: str = "DataFrame"
    unit: str = "row"

    def batches(
        self, columns: Sequence[str], faults: list[Fault] | None = None, rows: int = BATCH_ROWS
    ) -> Iterator[pa.Table]:
        """Tables of these columns; NaN, None, NaT and NA are missing."""
        arrays = [self._array(column) for column in columns]
        whole = pa.Table.from_arrays(arrays, names=list(columns))
        for start in range(0, len(self.frame), rows):
            yield whole.slice(start, rows)

    def _array(self, column: str) -> Any:
        values = self.frame.iloc[:, self.columns.index(column)]
        try:
            array = pa.array(values, from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            kinds = [
                type(value).__name__
                for value in values
                if not pd.api.types.is_scalar(value) or pd.notna(value)
            ]
            rule = f"mixes values of the types {listed(sorted(set(kinds)))}: make them one type, such as text"
            raise whole_source(self, column, rule) from None
        objects = values.dtype == object and pa.types.is_timestamp(array.type)
        # Arrow would take a date without a zone for one in the zone of the others.
        if objects and len({value.tzinfo is None for value in values[values.notna()]}) > 1:
            raise whole_source(self, column, "mixes dates with and without a time zone")
        return array

    def lines(self, rows: Sequence[int]) -> list[int]:
        """Rows are counted from 0, whatever the index says."""
        return [int(row) for row in rows]


@dataclass(frozen=True)
class Stream:
    """Any object that hands over Arrow batches: a `Source` read once, from its start."""

    table: Any
    columns: tuple[str, ...]
    name: str = "table"
    unit: str = "row"

    def batches(
        self, columns: Sequence[str], faults: list[Fault] | None = None, rows: int = BATCH_ROWS
    ) -> Iterator[pa.Table]:
        """Tables of these columns, cut to ``rows``."""
        for batch in pa.RecordBatchReader.from_stream(self.table):
            arrays = [_without_views(batch.column(column)) for column in columns]
            part = pa.Table.from_arrays(arrays, names=list(columns))
            for start in range(0, part.num_rows, rows):
                yield part.slice(start, rows)

    def lines(self, rows: Sequence[int]) -> list[int]:
        """Rows are counted from 0."""
        return [int(row) for row in rows]


def _without_views(array: Any) -> Any:
    """The same categories as text that Arrow can look up: those of Polars are views, which it cannot."""
    if not (pa.types.is_dictionary(array.type) and pa.types.is_string_view(array.type.value_type)):
        return array
    words = array.dictionary.cast(pa.string())
    return pa.DictionaryArray.from_arrays(array.indices, words, ordered=array.type.ordered)


def in_codes(source: Source, columns: Sequence[str]) -> Source:
    """The same, of whose columns of text those that a Parquet file keeps as few words and codes come so."""
    if isinstance(source, ParquetFile):
        return replace(source, words=tuple(columns))
    if isinstance(source, Folder):
        parts = tuple(replace(part, file=in_codes(part.file, columns)) for part in source.parts)
        return replace(source, parts=parts)
    return source


def open_source(source: Any, wanted: Sequence[str] = (), table: str | None = None) -> Source:
    """Whatever was given, as rows under named columns.

    Parameters
    ----------
    source : path, address, pandas.DataFrame, object with ``__arrow_c_stream__``, or Source
        A path to .csv, .csv.gz, .tsv or .parquet, to a folder of such files, or a pattern of their names; the
        address of a database; a frame; a table of Polars, pyarrow or DuckDB; or what was opened before.
    wanted : sequence of str
        Columns that the header of a CSV file should hold; they settle its delimiter.
    table : str, optional
        Which table of a database, or a query in parentheses.

    Returns
    -------
    Source

    Examples
    --------
    >>> import pandas as pd
    >>> open_source(pd.DataFrame({"sender": ["a"], "receiver": ["b"]})).columns
    ('sender', 'receiver')
    """
    if isinstance(source, str | Path):
        database = _address(source)
        if database is not None:
            return open_database(database, table)
    if table is not None:
        raise ArgumentError(
            f"table is {table!r}, which is for databases: postgresql://…, sqlite:///…, or the path of an"
            " SQLite file."
        )
    if isinstance(source, str | Path):
        return _open_paths(str(source), wanted)
    if isinstance(source, ParquetFile | CsvFile | Frame | Stream | Folder | DatabaseTable):
        return source
    if isinstance(source, pd.DataFrame):
        frame = Frame(source, tuple(str(column) for column in source.columns))
        _refuse_twins(frame)
        return frame
    if hasattr(source, "__arrow_c_stream__"):
        columns = tuple(_schema_names(source))
        is_frame = type(source).__name__ == "DataFrame"
        stream = Stream(source, columns, "DataFrame" if is_frame else "table")
        _refuse_twins(stream)
        return stream
    raise ArgumentError(
        f"source is a {type(source).__name__}; it must be a path to a CSV or Parquet file or to a folder of"
        " them, the address of a database, a DataFrame, or a table that hands over Arrow batches (Polars,"
        " pyarrow, DuckDB)."
    )


def require_columns(source: Source, wanted: Sequence[str]) -> None:
    """Refuse a source that lacks a column; the message names the nearest one it has."""
    for column in wanted:
        if column in source.columns:
            continue
        guess = nearest(column, source.columns)
        tail = f". Did you mean {guess!r}?" if guess else f". Its columns: {listed(source.columns)}."
        raise whole_source(source, None, f"has no column {column!r}{tail}{_delimiter_hint(source)}")


def _delimiter_hint(source: Source) -> str:
    if not isinstance(source, CsvFile) or len(source.columns) > 1:
        return ""
    header = source.columns[0]
    odd = next((mark for mark in (" ", ":", "^", "~", "/") if mark in header), None)
    known = listed(DELIMITERS.values())
    if odd is None:
        return f" (It has one column only; columns may be split by {known}.)"
    return f" (Its header looks as if the delimiter were {odd!r}; it must be one of {known}.)"


def _address(source: str | Path) -> Address | None:
    """Where a database is, if a database is what was given."""
    if is_address(source):
        return parse_address(str(source))
    path = Path(source).expanduser()
    if not path.is_file():
        return None
    with path.open("rb") as handle:
        return address_of_file(path, str(source)) if handle.read(len(_SQLITE)) == _SQLITE else None


def _open_paths(name: str, wanted: Sequence[str]) -> Source:
    path = Path(name).expanduser()
    if path.is_dir() or is_pattern(name):
        folder = open_folder(name, lambda path, name: _open_part(path, name, wanted), _kinds_of_columns)
        _refuse_twins(folder)
        return folder
    return _open_path(path, name, wanted)


def _open_part(path: Path, name: str, wanted: Sequence[str]) -> Source:
    """A file of a folder: the exact reader has read a small one before the fast one has begun."""
    file = _open_path(path, name, wanted)
    if isinstance(file, CsvFile) and path.stat().st_size < _SMALL:
        return replace(file, exact=True)
    return file


def _open_path(path: Path, name: str, wanted: Sequence[str]) -> Source:
    if not path.is_file():
        beside = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
        guess = nearest(path.name, beside)
        raise whole_source(name, None, "does not exist" + (f". Did you mean {guess!r}?" if guess else ""))
    if path.stat().st_size == 0:
        raise whole_source(name, None, "is empty")
    if path.suffix.lower() in {".parquet", ".pq"}:
        return _open_parquet(path, name)
    with path.open("rb") as handle:
        if handle.read(4) == b"PAR1":
            return _open_parquet(path, name)
    return open_csv(path, name, wanted)


def _kinds_of_columns(file: Source) -> dict[str, str | None]:
    """What each column of a file holds, in words that are alike where reading is; nothing for CSV."""
    if not isinstance(file, ParquetFile):
        return {}
    schema = pq.read_schema(file.path)
    return {field.name: _kind_of_column(field.type) for field in schema}


def _kind_of_column(kind: Any) -> str | None:
    if pa.types.is_dictionary(kind):
        return _kind_of_column(kind.value_type)
    if pa.types.is_null(kind):
        return None
    if pa.types.is_timestamp(kind):
        return f"times with{'' if kind.tz else 'out'} a zone"
    for words, alike in (
        ("whole numbers", pa.types.is_integer),
        ("decimal numbers", pa.types.is_floating),
        ("text", pa.types.is_string),
        ("text", pa.types.is_large_string),
        ("text", pa.types.is_string_view),
        ("dates", pa.types.is_date),
    ):
        if alike(kind):
            return words
    return str(kind)


def _open_parquet(path: Path, name: str) -> Source:
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError):
        raise whole_source(name, None, "is not a Parquet file, or not a whole one") from None
    file = ParquetFile(path, name, tuple(schema.names))
    _refuse_twins(file)
    return file


def _schema_names(source: Any) -> list[str]:
    schema = getattr(source, "schema", None)
    if isinstance(schema, pa.Schema):
        return list(schema.names)
    # The columns of other libraries' tables are known from their stream; asking for it reads nothing yet.
    if hasattr(source, "columns") and all(isinstance(name, str) for name in source.columns):
        return list(source.columns)
    try:
        return list(pa.RecordBatchReader.from_stream(source).schema.names)
    except pa.ArrowInvalid:
        raise ArgumentError(f"source is a {type(source).__name__}, one column; it must be a table.") from None


def _refuse_twins(source: Source) -> None:
    twice = sorted({column for column in source.columns if source.columns.count(column) > 1})
    if twice:
        raise whole_source(source, None, f"names two columns {listed(map(repr, twice))}")

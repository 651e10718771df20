"""Parquet files as sources: columns with types, checked as they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from honestsignals.readers.csv_file import BATCH_ROWS
from honestsignals.readers.faults import Fault, whole_source
from honestsignals.readers.texts import is_text

SHORT = 1 << 16
"""Bytes of the dictionary of a column of few words: the longest are given up by whoever writes the file."""


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file: a `Source` whose columns have types."""

    path: Path
    name: str
    columns: tuple[str, ...]
    unit: str = "row"
    words: tuple[str, ...] = ()
    """Columns of text that may come as codes, where the file keeps few words and a code a row."""

    def batches(
        self, columns: Sequence[str], faults: list[Fault] | None = None, rows: int = BATCH_ROWS
    ) -> Iterator[pa.Table]:
        """Tables of these columns."""
        try:
            metadata = pq.read_metadata(self.path)
            coded = _few_words(metadata, [name for name in columns if name in self.words])
            with pq.ParquetFile(
                self.path,
                metadata=metadata,
                read_dictionary=coded,
                pre_buffer=False,
                page_checksum_verification=True,
            ) as file:
                batches = _validated(file.iter_batches(batch_size=rows, columns=list(columns)))
                for table in _cut_to(rows, batches):
                    yield table.select(list(columns))
        except (pa.ArrowException, OSError) as error:
            raise whole_source(self, None, self._damage(columns, error)) from None

    def _damage(self, columns: Sequence[str], error: Exception) -> str:
        """What is wrong, and in which row group: the first that cannot be read by itself."""
        whole = pq.ParquetFile(self.path, page_checksum_verification=True)
        with suppress(pa.ArrowException, OSError), whole as file:
            start = 0
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                try:
                    file.read_row_group(group, columns=list(columns)).validate(full=True)
                except (pa.ArrowException, OSError) as found:
                    place = f"row group {group} of {file.num_row_groups}, rows {start} to {start + rows - 1}"
                    return f"is a Parquet file that is damaged in {place} ({_first_line(found)})"
                start += rows
        return f"is a Parquet file that is damaged ({_first_line(error)})"

    def lines(self, rows: Sequence[int]) -> list[int]:
        """Rows are counted from 0."""
        return [int(row) for row in rows]


def _few_words(metadata: Any, columns: Sequence[str]) -> list[str]:
    """Those of some columns of text that a Parquet file keeps as few words and a code a row."""
    if not metadata.num_row_groups:
        return []
    schema, group = metadata.schema.to_arrow_schema(), metadata.row_group(0)
    chunks = list(map(group.column, range(group.num_columns)))
    paths = [chunk.path_in_schema for chunk in chunks]
    found = []
    for name, chunk in zip(paths, chunks, strict=True):
        # what lies within another column may be called the same
        if name in columns and paths.count(name) == 1 and chunk.has_dictionary_page:
            length = chunk.data_page_offset - chunk.dictionary_page_offset
            found += [name] if is_text(schema.field(name).type) and 0 < length < SHORT else []
    return found


def _validated(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        # bytes that are no text would be found later, where nobody knows whence they came
        batch.validate(full=True)
        yield batch


def _cut_to(rows: int, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Tables of so many rows each but the last, from batches of any size: codes change with the row group."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(one.num_rows for one in held) >= rows:
            table = pa.Table.from_batches(held)
            yield table.slice(0, rows)
            held = table.slice(rows).to_batches()
    if held:
        yield pa.Table.from_batches(held)


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]

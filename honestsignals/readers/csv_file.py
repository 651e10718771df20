"""CSV files: the header and delimiter settled first, then text columns, fast or exact.

The fast way is DuckDB, told everything, so that it has nothing to guess. The exact way is the csv module of
Python: it takes over where DuckDB stops, and it alone knows lines.
"""

from __future__ import annotations

import csv
import glob
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO, cast

import numpy as np
import pyarrow as pa

from honestsignals.errors import Problem, bad_input, listed
from honestsignals.readers.connection import open_duckdb
from honestsignals.readers.csv_scan import is_gzip, look_at_bytes
from honestsignals.readers.faults import Fault, raise_faults, whole_source

DELIMITERS = {",": "a comma", ";": "';'", "\t": "a tab", "|": "'|'"}
BATCH_ROWS = 500_000
_EXACT_ROWS = 50_000
_TOO_FEW, _TOO_MANY = "too few fields", "too many fields"
_QUOTES = "has text after a closing quote"
LONGEST_FIELD = 2**31 - 1
"""Characters of a field: what fits into a C long everywhere."""


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose header has been read.

    Attributes
    ----------
    path : Path
        The file, gzipped or not.
    name : str
        As the user gave it.
    delimiter : str
        One of , ; tab |.
    columns : tuple of str
        The header.
    exact : bool
        Only the exact reader may read it: its line ends or quotes are read in more than one way.
    unit : str
        "line": the header is line 1.
    """

    path: Path
    name: str
    delimiter: str
    columns: tuple[str, ...]
    exact: bool
    unit: str = "line"

    def batches(
        self, columns: Sequence[str], faults: list[Fault] | None = None, rows: int = BATCH_ROWS
    ) -> Iterator[pa.Table]:
        """Tables of text columns in the order of the file; rows that are no rows go to ``faults``."""
        import duckdb

        broken: list[Fault] = []
        done = 0
        if not self.exact:
            try:
                for table in _fast(self, columns, rows):
                    done += table.num_rows
                    yield table
            except (duckdb.Error, pa.ArrowException, OSError):
                # Something is wrong in the rows that follow: the exact reader says what, and where.
                yield from _exact(self, columns, broken, done)
        else:
            yield from _exact(self, columns, broken, done)
        if faults is None:
            raise_faults(self, broken)
        else:
            faults.extend(broken)

    def lines(self, rows: Sequence[int]) -> list[int]:
        """Lines on which data rows begin, exact where quoted fields or blank lines span lines."""
        wanted = {int(row) for row in rows}
        found: dict[int, int] = {}
        if wanted:
            numbered = (line for line, fields, _ in records(self) if fields is not None)
            for row, line in enumerate(islice(numbered, max(wanted) + 1)):
                if row in wanted:
                    found[row] = line
        return [found[int(row)] for row in rows]


def open_csv(path: Path, name: str, wanted: Sequence[str] = ()) -> CsvFile:
    """Look at the bytes, then settle delimiter and header.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Its name in messages.
    wanted : sequence of str
        Columns that the header should hold: the delimiter is the one that shows most of them.

    Returns
    -------
    CsvFile
    """
    facts = look_at_bytes(path, name)
    headers = {delimiter: _header(path, delimiter) for delimiter in DELIMITERS}
    if not any(headers[","][1]):
        raise whole_source(name, None, "is empty: it has no header")
    first = "\t" if name.lower().removesuffix(".gz").endswith((".tsv", ".tab")) else ","

    def fitness(delimiter: str) -> tuple[int, int, bool]:
        fields = headers[delimiter][1]
        return len(set(fields) & set(wanted)), len(fields), delimiter == first

    delimiter = max(DELIMITERS, key=fitness)
    line, columns = headers[delimiter]
    twice = sorted({column for column in columns if column and columns.count(column) > 1})
    if twice:
        raise bad_input([Problem(name, line, None, None, f"names two columns {listed(map(repr, twice))}")])
    exact = (
        line != 1
        or len(columns) < 2
        or not (facts.plain_lines and facts.even_quotes)
        or facts.blanks_around_quotes
    )
    return CsvFile(path, name, delimiter, tuple(columns), exact)


def open_text(path: Path) -> TextIO:
    """The file as text with its line ends as they are, without a byte order mark."""
    # fields may be as long as they like: the limit is the whole process's, and only ever goes up
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_FIELD))
    if is_gzip(path):
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")


def _header(path: Path, delimiter: str) -> tuple[int, list[str]]:
    """Line and fields of the first line that is not blank."""
    with open_text(path) as handle:
        reader = csv.reader(handle, delimiter=delimiter)
        try:
            for fields in reader:
                if fields:
                    return reader.line_num, fields
        except csv.Error:
            return 1, []
    return 1, []


def records(file: CsvFile) -> Iterator[tuple[int, list[str] | None, str]]:
    """Every data row: its line and its fields, or None and what is wrong with the row.

    Blank lines are no rows. Empty fields beyond the header, as delimiters that end a line leave, are none.
    """
    width = len(file.columns)
    with open_text(file.path) as handle:
        reader = csv.reader(handle, delimiter=file.delimiter, strict=True)
        header_seen = False
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                _refuse_open_quote(file, line, str(error))
                yield line, None, _QUOTES
                continue
            if not fields:
                continue
            if not header_seen:
                header_seen = True
                continue
            while len(fields) > width and not fields[-1]:
                fields.pop()
            if len(fields) == width:
                yield line, fields, ""
            else:
                yield line, None, _TOO_FEW if len(fields) < width else _TOO_MANY


def _refuse_open_quote(file: CsvFile, line: int, error: str) -> None:
    """A quote that is never closed swallows every row after it: no row can be told from the next."""
    if "expected after" in error:
        return
    raise bad_input([Problem(file.name, line, None, None, f"opens a quote that is never closed ({error})")])


def _fast(file: CsvFile, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
    # Names of the file may be empty or odd, so the columns are numbered for the query.
    types = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(file.columns)))
    chosen = ", ".join(f"c{file.columns.index(column)}" for column in columns)
    path = glob.escape(str(file.path.resolve())).replace("'", "''")
    query = (
        f"select {chosen} from read_csv('{path}', auto_detect = false, columns = {{{types}}}, header = true, "
        f"delim = '{file.delimiter}', quote = '\"', escape = '\"', strict_mode = true, "
        f"compression = '{'gzip' if is_gzip(file.path) else 'none'}')"
    )
    with open_duckdb() as connection:
        relation = connection.sql(query)
        # The name of this method changed with DuckDB 1.4; the old one warns.
        reader = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
        for batch in reader(rows):
            yield pa.Table.from_arrays(batch.columns, names=list(columns))


def _exact(file: CsvFile, columns: Sequence[str], broken: list[Fault], done: int) -> Iterator[pa.Table]:
    """The rows after the first ``done`` good ones, and every broken one of the file."""
    places = [file.columns.index(column) for column in columns]
    bad: dict[str, list[int]] = {}
    waiting: list[list[str]] = []
    good = 0
    for line, fields, rule in records(file):
        if fields is None:
            bad.setdefault(rule, []).append(line)
            continue
        good += 1
        if good > done:
            waiting.append([fields[place] for place in places])
        if len(waiting) == _EXACT_ROWS:
            yield _text_table(waiting, columns)
            waiting = []
    if waiting:
        yield _text_table(waiting, columns)
    for rule, found in bad.items():
        broken.append(_ragged(file, rule, found))


def _ragged(file: CsvFile, rule: str, lines: list[int]) -> Fault:
    detail = "" if rule == _QUOTES else f": the header has {len(file.columns)}"
    return Fault(None, rule, np.array(lines, dtype=np.int64), (), (detail,) * 10, numbered=False)


def _text_table(rows: list[list[str]], columns: Sequence[str]) -> pa.Table:
    # An empty field is a missing one, quoted or not, as it is for the fast reader.
    arrays: list[Any] = [
        pa.array([text or None for text in column], type=pa.string()) for column in zip(*rows, strict=True)
    ]
    return pa.Table.from_arrays(arrays, names=list(columns))

"""Tables of databases, through the drivers of ADBC: batches as they come, never the whole table."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pyarrow as pa

from honestsignals.errors import ArgumentError, InputError, listed, nearest
from honestsignals.readers import postgres_sql, sqlite_sql
from honestsignals.readers.addresses import Address
from honestsignals.readers.faults import DELIVERED, Fault, whole_source
from honestsignals.readers.relations import Relation

_DIALECTS: dict[str, Any] = {"postgresql": postgres_sql, "sqlite": sqlite_sql}
_MOST_ROWS = 500_000


@dataclass(frozen=True)
class DatabaseTable:
    """A table, a view or a query of a database: a `Source` in whatever order the database delivers.

    Attributes
    ----------
    address : Address
        Where the database is.
    relation : Relation
        What of it is read.
    columns : tuple of str
        Its columns.
    unit : str
        Rows are counted from 0 as they are delivered: a table has no order of its own.
    """

    address: Address
    relation: Relation
    columns: tuple[str, ...]
    unit: str = DELIVERED

    @property
    def name(self) -> str:
        """The table and the database, without user and password."""
        return self.relation.name

    def batches(
        self, columns: Sequence[str], faults: list[Fault] | None = None, rows: int = _MOST_ROWS
    ) -> Iterator[pa.Table]:
        """Tables of these columns alone."""
        done = 0
        dialect = _DIALECTS[self.address.dialect]
        with _connected(self.address, self.name) as cursor:
            tables = dialect.batches(cursor, self.relation, columns, rows)
            while True:
                try:
                    table = next(tables, None)
                except (*_errors(), pa.ArrowException, OSError) as error:
                    after = f" after {done:,} rows" if done else ""
                    raise _unread(self.address, self.name, error, f"could not be read{after}") from None
                if table is None:
                    return
                _check_text(self, table)
                done += table.num_rows
                yield table

    def lines(self, rows: Sequence[int]) -> list[int]:
        """Rows are counted from 0."""
        return [int(row) for row in rows]


def open_database(address: Address, table: str | None) -> DatabaseTable:
    """A table of a database, its columns known.

    Parameters
    ----------
    address : Address
        Where the database is.
    table : str or None
        A table or view, "schema.table" where it is not on the search path, or a query in parentheses.

    Returns
    -------
    DatabaseTable

    Raises
    ------
    ArgumentError
        Where no table is named, or the driver is not installed.
    InputError
        Where the database cannot be reached, or has no such table; the nearest it has is named.
    """
    dialect = _DIALECTS[address.dialect]
    if address.file is not None:
        _check_file(address)
    with _connected(address, address.shown) as cursor:
        try:
            known = dialect.tables(cursor)
        except _errors() as error:
            raise _unread(address, address.shown, error, "could not be read") from None
        relation = _relation(address, table, known)
        try:
            cursor.execute(f"select * from {relation.sql} limit 0")
            columns = tuple(str(column[0]) for column in cursor.description)
        except _errors() as error:
            raise _unread(address, relation.name, error, "could not be read") from None
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise whole_source(relation.name, None, f"names two columns {listed(map(repr, twice))}")
    return DatabaseTable(address, relation, columns)


def _relation(address: Address, table: str | None, known: dict[str, str]) -> Relation:
    if table is None:
        raise ArgumentError(f"table says which table of {address.shown} is read; it has {_names(known)}.")
    if not isinstance(table, str):
        raise ArgumentError(f"table is {table!r}; it must be the name of a table, or a query in parentheses.")
    query = table.strip()
    if query.startswith("(") and query.endswith(")"):
        return Relation(f"{query} as source", "query", f"query of {address.shown}")
    if table not in known:
        guess = nearest(table, known)
        tail = f". Did you mean {guess!r}?" if guess else f". Its tables: {_names(known)}."
        raise whole_source(address.shown, None, f"has no table {table!r}{tail}")
    return Relation(f"{known[table]} as source", table, f"{table} of {address.shown}")


def _names(known: dict[str, str]) -> str:
    """Every table under the first name it has."""
    return listed({sql: name for name, sql in reversed(known.items())}.values()) or "none"


@contextmanager
def _connected(address: Address, name: str) -> Iterator[Any]:
    """A cursor that reads and does nothing else."""
    driver = _driver(address)
    try:
        connection = driver.connect(address.target)
    except _errors() as error:
        raise _unread(address, name, error, "could not be opened") from None
    try:
        with connection.cursor() as cursor:
            try:
                for setting in _DIALECTS[address.dialect].SETTINGS:
                    cursor.execute(setting)
            except _errors() as error:
                raise _unread(address, name, error, "could not be opened for reading") from None
            yield cursor
    finally:
        connection.close()


def _driver(address: Address) -> ModuleType:
    # loads on first use, and need not be there for anything else
    try:
        return importlib.import_module(f"adbc_driver_{address.dialect}.dbapi")
    except ImportError:
        raise ArgumentError(
            f"{address.shown}: reading it takes the package adbc-driver-{address.dialect}:"
            ' pip install "honestsignals[databases]"'
        ) from None


def _errors() -> tuple[type[Exception], ...]:
    return (importlib.import_module("adbc_driver_manager").Error,)


def _check_file(address: Address) -> None:
    path = address.file
    if path is None or path.is_file():
        return
    if path.is_dir():
        raise whole_source(address.shown, None, "is a folder, not a file")
    absolute = path if path.is_absolute() else "/" / path
    beside = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
    guess = nearest(path.name, beside)
    if absolute.is_file():
        guess = f"sqlite:///{absolute}"
    raise whole_source(
        address.shown, None, "does not exist" + (f". Did you mean {guess!r}?" if guess else "")
    )


def _check_text(source: DatabaseTable, table: pa.Table) -> None:
    """Refuse bytes that are no text: a database may hold what it was never asked to check."""
    for column in table.column_names:
        try:
            table.column(column).validate(full=True)
        except pa.ArrowInvalid:
            raise whole_source(source, column, "holds bytes that are not UTF-8") from None


def _unread(address: Address, name: str, error: Exception, what: str) -> InputError:
    return whole_source(name, None, f"{what} ({address.clean(str(error))})")

"""Dyad tables that need not fit into memory: a folder of Parquet parts, in the order of pairs."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, InputError, check_seed, listed, unknown
from honestsignals.exporting.codebooks import codebook_of
from honestsignals.inference.words import counted
from honestsignals.metrics.balance import STATES
from honestsignals.metrics.columns import column, describe
from honestsignals.metrics.registry import NO_RANGE, Fact
from honestsignals.stored_parts import ABOUT
from honestsignals.tables import render

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

PARTS = "part-*.parquet"
"""How parts are called: the folder holds nothing else, so that any reader of Parquet reads it."""
FORMAT = "honestsignals stored table 1"
BATCH_ROWS = 200_000
MOST_CELLS = 500_000_000
"""Cells of a frame: 4 GB."""


@dataclass(frozen=True, eq=False)
class StoredTable:
    """A dyad table on disk: opened by :func:`open_table`, written by ``StoredLog.dyads``.

    Attributes
    ----------
    path : Path
        The folder; any reader of Parquet reads it too.
    said : tuple of str
        What a reader must know before the numbers.
    about : tuple of Fact
        What each column is, in the order of the columns.
    rows : int
    """

    path: Path
    said: tuple[str, ...]
    about: tuple[Fact, ...]
    rows: int

    @cached_property
    def parts(self) -> tuple[Path, ...]:
        """The files of its rows, in the order of pairs."""
        return tuple(sorted(self.path.glob(PARTS)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(one.name for one in self.about)

    def __len__(self) -> int:
        return self.rows

    def fact(self, name: str) -> Fact:
        """What a column is.

        Raises
        ------
        UnknownNameError
            Where there is no such column.
        """
        for one in self.about:
            if one.name == name:
                return one
        raise unknown("column", name, self.columns)

    def codebook(self) -> pd.DataFrame:
        """What each column is: meaning, unit, range, symmetry, when undefined, source."""
        return codebook_of(self.about)

    def batches(self, columns: Sequence[str] | None = None, rows: int = BATCH_ROWS) -> Iterator[pa.Table]:
        """The rows in their order, some at a time.

        Parameters
        ----------
        columns : sequence of str, optional
            Only these, in this order.
        rows : int
            Rows of a batch at most.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        wanted = self._wanted(columns)
        if isinstance(rows, bool) or not isinstance(rows, int | np.integer) or rows < 1:
            raise ArgumentError(f"rows is {rows!r}; it must be a whole number from 1 on.")
        for part in self.parts:
            try:
                with pq.ParquetFile(part) as file:
                    for batch in file.iter_batches(batch_size=int(rows), columns=wanted):
                        yield pa.Table.from_batches([batch]).select(wanted)
            except (pa.ArrowException, OSError) as error:
                raise InputError(f"{part} is damaged: {str(error).splitlines()[0]}") from None
        if not self.rows:
            yield pq.read_schema(self.parts[0]).empty_table().select(wanted)

    def to_frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows as a frame, where they fit into memory.

        Parameters
        ----------
        columns : sequence of str, optional
            Only these, in this order.

        Raises
        ------
        DesignError
            For more than 500 million cells.
        """
        import pyarrow as pa

        wanted = self._wanted(columns)
        if self.rows * len(wanted) > MOST_CELLS:
            raise DesignError(
                f"{self.rows:,} rows of {len(wanted)} columns do not fit: choose columns, take a sample of "
                "people (sample), or go through batches."
            )
        found: Any = pa.concat_tables(self.batches(wanted), promote_options="default")
        return self._framed(found)

    def sample(self, people: int, *, seed: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The pairs among people drawn at random: a table whose pairs share people as those of all do.

        A sample of pairs would have hardly any two that share a person, and errors from it would be of
        another design.

        Parameters
        ----------
        people : int
            How many to draw, of those who occur in a row.
        seed : int
            The same seed draws the same people.
        columns : sequence of str, optional
            Only these, after ``ego`` and ``alter``.
        """
        import pandas as pd

        everybody = pd.Index([])
        for batch in self.batches(["ego", "alter"]):
            both = pd.concat([batch.column(name).to_pandas() for name in ("ego", "alter")])
            everybody = everybody.union(pd.Index(both.unique()))
        chosen = everybody[drawn_places(people, len(everybody), seed)]
        others = [name for name in self._wanted(columns) if name not in ("ego", "alter")]
        found = []
        for batch in self.batches(["ego", "alter", *others]):
            frame = self._framed(batch)
            found.append(frame[frame["ego"].isin(chosen) & frame["alter"].isin(chosen)])
        return pd.concat(found, ignore_index=True)

    def _framed(self, rows: pa.Table) -> pd.DataFrame:
        """Rows as a frame; of a state's words Parquet keeps those that occur, in order of occurrence."""
        frame: pd.DataFrame = rows.to_pandas()
        for name in frame.columns:
            if self.fact(name).unit == "state":
                frame[name] = frame[name].cat.set_categories(STATES)
        return frame

    def _wanted(self, columns: Sequence[str] | None) -> list[str]:
        names = list(self.columns if columns is None else [columns] if isinstance(columns, str) else columns)
        for name in names:
            self.fact(name)
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ArgumentError(f"columns names {listed(map(repr, twice))} twice.")
        return names

    def facts(self) -> list[str]:
        """What a reader must know before the numbers, one sentence an item."""
        return list(self.said)

    def __str__(self) -> str:
        names = listed(self.columns, 14)
        place = f"{counted(len(self.parts), 'part')} in {self.path}."
        return "\n".join(["StoredTable", *self.said, f"{len(self.about)} columns: {names}.", place])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        facts = "".join(f"<li>{html.escape(line)}</li>" for line in self.said)
        first = next(self.batches(rows=5), None)
        return f"<ul>{facts}</ul>{'' if first is None else render(first.to_pandas(), 'html')}"


def drawn_places(people: int, everybody: int, seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Places of people drawn at random among those who occur in a table, in their order.

    Raises
    ------
    ArgumentError
        For fewer than two, more than there are, or what is no number or seed.
    """
    check_seed(seed)
    if isinstance(people, bool) or not isinstance(people, int | np.integer) or people < 2:
        raise ArgumentError(f"people is {people!r}; it must be a whole number from 2 on.")
    if people > everybody:
        raise ArgumentError(f"people is {people:,}, and {everybody:,} occur in the table.")
    return np.sort(np.random.default_rng(seed).choice(everybody, int(people), replace=False))


def open_table(path: str | os.PathLike[str]) -> StoredTable:
    """Open a dyad table that was written bucket by bucket.

    Parameters
    ----------
    path : str or path
        The folder that ``StoredLog.dyads`` wrote.

    Returns
    -------
    StoredTable

    Raises
    ------
    InputError
        Where there is none, or not a whole one.
    """
    folder = Path(path).expanduser().absolute()
    said, rows = about_of(folder), 0
    try:
        about = tuple(_fact(name, said["kinds"]) for name in said["columns"])
        table = StoredTable(folder, tuple(said["facts"]), about, int(said["rows"]))
        parts = int(said["parts"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"What {folder} says of itself is damaged: {error!r}") from None
    if len(table.parts) != parts:
        raise InputError(f"{folder} has {len(table.parts)} of its {parts} parts.")
    rows = sum(rows_in(part) for part in table.parts)
    if rows != table.rows:
        raise InputError(f"{folder} has {rows:,} of its {table.rows:,} rows.")
    return table


def about_of(folder: Path) -> dict[str, Any]:
    """What the parts of a stored table say of it.

    Raises
    ------
    InputError
        Where there is none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = min(folder.glob(PARTS), default=None) if folder.is_dir() else None
    if first is None:
        raise InputError(f"{folder} is no stored table: it has no part-00000.parquet.")
    try:
        said = (pq.read_schema(first).metadata or {}).get(ABOUT)
        about: dict[str, Any] = json.loads(said) if said else {}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{first} is damaged: {str(error).splitlines()[0]}") from None
    if about.get("format") != FORMAT:
        raise InputError(f"{folder} is no stored table of this version ({FORMAT}).")
    return about


def is_stored(folder: Path) -> bool:
    """Whether a folder is a stored table, as far as its first part tells."""
    try:
        return bool(about_of(folder))
    except InputError:
        return False


def rows_in(part: Path) -> int:
    """Rows of one part.

    Raises
    ------
    InputError
        Where it is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(part).num_rows)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{part} is damaged: {str(error).splitlines()[0]}") from None


def _fact(name: str, kinds: Sequence[str]) -> Fact:
    if name in ("ego", "alter"):
        return Fact(name, name, "design", f"code of {name}", unit="id", range=NO_RANGE, swap="swap")
    return describe(column(name, kinds))

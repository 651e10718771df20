"""Tables of pairs that need not fit into memory: rows that come some at a time, and labels joined to them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from honestsignals.dyads import Design, DyadTable
from honestsignals.errors import ArgumentError, FitError, InputError, listed
from honestsignals.readers.parquet_file import ParquetFile
from honestsignals.readers.source import open_source
from honestsignals.stored_tables import StoredTable, is_stored, open_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Array = np.ndarray[Any, np.dtype[Any]]

HEAD_ROWS = 1_000
"""Rows from which the names and kinds of columns are taken."""


class Batched(Protocol):
    """A table whose rows come some at a time: ``ego``, ``alter`` and columns of the two."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns."""

    def batches(self, columns: Sequence[str], *, rows: int) -> Iterator[pa.Table]:
        """The rows in their order, at most so many at a time."""


@dataclass(frozen=True)
class ParquetParts:
    """Parquet files of one table, one after another.

    Attributes
    ----------
    files : tuple of ParquetFile
        With the same columns.
    """

    files: tuple[ParquetFile, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.files[0].columns

    def __len__(self) -> int:
        import pyarrow.parquet as pq

        return sum(pq.read_metadata(file.path).num_rows for file in self.files)

    def batches(self, columns: Sequence[str], *, rows: int) -> Iterator[pa.Table]:
        """The rows of each file, in the order of their names."""
        for file in self.files:
            yield from file.batches(columns, rows=rows)


@dataclass(frozen=True, eq=False)
class JoinedLabels:
    """Labels of pairs, looked up for each row.

    Attributes
    ----------
    people : pandas.Index
        Ids that labels are of.
    keys : ndarray of int64, shape (m,)
        Of pairs, sorted.
    values : pandas.DataFrame
        Labels in that order.
    directed : bool
        Whether (i, j) and (j, i) are two pairs.
    """

    people: pd.Index
    keys: Array
    values: pd.DataFrame
    directed: bool

    def beside(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows with their labels; missing where a pair has none."""
        keys = _keys(self.people, frame, self.directed)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        there = (self.keys[places] == keys) & (keys >= 0)
        found = self.values.take(np.where(there, places, 0)).set_axis(frame.index)
        for name in found.columns:
            frame[name] = found[name].where(there)
        return frame


@dataclass(frozen=True, eq=False)
class PairRows:
    """A table to be gone through, as it was given.

    Attributes
    ----------
    source : Batched
    design : Design
        What its label is, and whether rows are ordered pairs, as far as it says.
    facts : tuple of str
        What the table says of itself; empty of plain files.
    about : tuple of Fact
        What its columns are, where that is known.
    labels : JoinedLabels or None
    rows : int
        How many there are; 0 where that is not known.
    plain : bool
        Whether nothing is known of its rows.
    """

    source: Batched
    design: Design
    facts: tuple[str, ...]
    about: tuple[Any, ...]
    labels: JoinedLabels | None
    rows: int
    plain: bool

    @property
    def directed(self) -> bool:
        """Whether rows are ordered pairs."""
        return self.design.directed

    @property
    def columns(self) -> list[str]:
        """Names of the columns, joined labels among them."""
        joined = [] if self.labels is None else [str(name) for name in self.labels.values.columns]
        return [*self.source.columns, *joined]

    def frames(self, columns: Sequence[str], rows: int) -> Iterator[tuple[pa.Table, pd.DataFrame]]:
        """Some rows at a time: ``ego`` and ``alter`` as they are stored, and the columns asked for."""
        import pandas as pd

        wanted = [name for name in dict.fromkeys(columns) if name in self.source.columns]
        ids = [name for name in ("ego", "alter") if name not in wanted]
        for batch in self.source.batches([*wanted, *ids], rows=rows):
            frame = batch.select(wanted).to_pandas() if wanted else pd.DataFrame(index=range(batch.num_rows))
            if self.labels is not None:
                both = batch.select(["ego", "alter"]).to_pandas()
                joined = self.labels.beside(both)
                for name in self.labels.values.columns:
                    if name in columns:
                        frame[name] = joined[name]
            yield batch.select(["ego", "alter"]), frame

    def head(self) -> DyadTable | pd.DataFrame:
        """The first rows with all columns, as the table in memory would have them."""
        self._refuse_no_ids()
        _, frame = next(self.frames(self.columns, HEAD_ROWS), (None, None))
        if frame is None:
            raise FitError("No row has all that the formula asks for: there are no rows.")
        if self.plain:
            return frame
        return DyadTable(frame, self.design, self.about)

    def _refuse_no_ids(self) -> None:
        for name in ("ego", "alter"):
            if name not in self.source.columns:
                raise ArgumentError(f"The table has no column {name!r}; every row needs the two of its pair.")


def is_batched(dyads: Any) -> bool:
    """Whether a table is to be gone through some rows at a time: a path, or what hands over batches.

    >>> is_batched("dyads.parquet")
    True
    """
    return isinstance(dyads, str | os.PathLike) or (hasattr(dyads, "batches") and hasattr(dyads, "columns"))


def pair_rows(dyads: Any, labels: pd.DataFrame | None = None) -> PairRows:
    """A table whose rows come some at a time.

    Parameters
    ----------
    dyads : path or Batched
        A Parquet file, a folder of them, a stored table or its folder.
    labels : pandas.DataFrame, optional
        ``ego``, ``alter`` and labels of pairs, to be joined to the rows.

    Returns
    -------
    PairRows

    Raises
    ------
    InputError
        For a path at which there is no table.
    ArgumentError
        For labels that do not fit.
    """
    source: Any = _opened(dyads) if isinstance(dyads, str | os.PathLike) else dyads
    stored = hasattr(source, "about")
    design = getattr(source, "design", None) or Design(directed=bool(getattr(source, "directed", not stored)))
    joined = None if labels is None else _joined(labels, source.columns, design.directed)
    rows = len(source) if hasattr(source, "__len__") else 0
    facts = tuple(source.facts()) if stored else ()
    return PairRows(source, design, facts, tuple(getattr(source, "about", ())), joined, rows, not stored)


def _opened(path: str | os.PathLike[str]) -> StoredTable | ParquetParts:
    folder = Path(path)
    if not folder.is_dir():
        file = open_source(str(path))
        if not isinstance(file, ParquetFile):
            raise InputError(f"{path} is no Parquet file; read it with pandas, or write it as Parquet first.")
        return ParquetParts((file,))
    if is_stored(folder):
        return open_table(folder)
    files = [open_source(str(one)) for one in sorted(folder.rglob("*.parquet"))]
    parts = tuple(one for one in files if isinstance(one, ParquetFile))
    if not parts:
        raise InputError(f"{path} is a folder without Parquet files (*.parquet).")
    for one in parts[1:]:
        lacks = [name for name in parts[0].columns if name not in one.columns]
        if lacks:
            raise InputError(f"{one.name} lacks {listed(lacks)}, which {parts[0].name} has.")
    return ParquetParts(parts)


def _joined(labels: pd.DataFrame, columns: Sequence[str], directed: bool) -> JoinedLabels:
    import pandas as pd

    if not isinstance(labels, pd.DataFrame):
        raise ArgumentError(f"labels is a {type(labels).__name__}; it must be a pandas.DataFrame.")
    lacks = [name for name in ("ego", "alter") if name not in labels.columns]
    names = [name for name in labels.columns if name not in ("ego", "alter")]
    if lacks or not names:
        raise ArgumentError("labels needs the columns ego, alter and at least one label.")
    if not len(labels) or labels[["ego", "alter"]].isna().any(axis=None):
        raise ArgumentError("labels has no rows, or rows without ego or alter.")
    twice = [name for name in names if name in columns]
    if twice:
        raise ArgumentError(f"labels has {listed(twice)}, and so has the table; rename the label.")
    people = pd.Index(pd.concat([labels["ego"], labels["alter"]]).unique())
    keys = _keys(people, labels, directed)
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], labels[names].iloc[order].reset_index(drop=True)
    values = values.astype({name: "boolean" for name in names if values[name].dtype == bool})
    again = np.flatnonzero(keys[1:] == keys[:-1])
    if again.size:
        pair = labels[["ego", "alter"]].iloc[order[again[0]]].tolist()
        kind = "ordered pair" if directed else "pair (rows have no direction)"
        raise ArgumentError(f"labels has several rows of the {kind} {pair[0]!r}, {pair[1]!r}; one is needed.")
    return JoinedLabels(people, keys, values, directed)


def _keys(people: pd.Index, frame: pd.DataFrame, directed: bool) -> Array:
    """A number a pair; −1 where one of the two is nobody that labels are of."""
    import pandas as pd

    ego, alter = (people.get_indexer(pd.Index(frame[name])).astype(np.int64) for name in ("ego", "alter"))
    first, second = (ego, alter) if directed else (np.minimum(ego, alter), np.maximum(ego, alter))
    return np.where((ego < 0) | (alter < 0), -1, first * len(people) + second)

"""Dyad tables on Spark: a Spark DataFrame, and what each of its columns is."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from honestsignals.dyads import shown
from honestsignals.engines.pair_parts import Measured
from honestsignals.engines.spark import collected, explained, quiet
from honestsignals.errors import DesignError, listed, unknown
from honestsignals.exporting.codebooks import codebook_of
from honestsignals.metrics import balance
from honestsignals.metrics.registry import Fact
from honestsignals.stored_tables import drawn_places

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
MOST_CELLS = 500_000_000
"""Cells of a frame: 4 GB."""


@dataclass(frozen=True, eq=False)
class SparkTable:
    """A dyad table on Spark: made by ``SparkLog.dyads``.

    Attributes
    ----------
    frame : pyspark.sql.DataFrame
        The rows, in no order: ``ego``, ``alter``, metrics, label. Undefined is NaN, as everywhere here, or
        null of a date or a word. Nothing is computed before something is done with it.
    about : tuple of Fact
        What each column is, in the order of the columns.
    said : callable
        Facts, one sentence an item: counting rows takes time, so they are counted when somebody asks.
    label : str or None
        Name of the label, where it has one.
    directed : bool
        Whether rows are ordered pairs.
    """

    frame: Any
    about: tuple[Fact, ...]
    said: Callable[[], list[str]]
    label: str | None = None
    directed: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(one.name for one in self.about)

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

    def facts(self) -> list[str]:
        """What a reader must know before the numbers, one sentence an item."""
        return self.said()

    def write(self, path: str) -> None:
        """Write the rows as a folder of Parquet, from the workers.

        Parameters
        ----------
        path : str
            Where Spark finds its files: a path, ``hdfs://``, ``s3a://`` …; there must be nothing yet.
        """
        with explained():
            self.frame.write.parquet(path)

    def to_frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows as a frame of pandas in the order of pairs, where they fit.

        Parameters
        ----------
        columns : sequence of str, optional
            Only these, in this order.

        Raises
        ------
        DesignError
            For more than 500 million cells, or more than the session lets come to the driver.
        """
        return self._collected(self.frame, self._wanted(columns))

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
        sides = [self.frame.select(self.frame[name].alias("id")) for name in ("ego", "alter")]
        ids = collected(sides[0].union(sides[1]).distinct()).column("id").combine_chunks()
        everybody = ids.take(pc.sort_indices(ids))
        drawn = drawn_places(people, len(everybody), seed)
        with quiet():
            chosen = self.frame.sparkSession.createDataFrame(
                pa.table({"id": everybody.take(pa.array(drawn))})
            )
        found = self.frame
        for name in ("ego", "alter"):
            found = found.join(chosen.withColumnRenamed("id", name), on=name, how="left_semi")
        others = [name for name in self._wanted(columns) if name not in ("ego", "alter")]
        return self._collected(found, ["ego", "alter", *others])

    def _collected(self, found: Any, wanted: list[str]) -> pd.DataFrame:
        """Rows as pandas has them, in the order of pairs."""
        import pandas as pd

        pair = [name for name in ("ego", "alter") if name not in wanted]
        table = collected(found.select(*wanted, *pair))
        if table.num_rows * len(wanted) > MOST_CELLS:
            raise DesignError(
                f"{table.num_rows:,} rows of {len(wanted)} columns do not fit: choose columns, take a sample "
                "of people (sample), or stay on Spark (frame)."
            )
        table = table.sort_by([("ego", "ascending"), ("alter", "ascending")]).select(wanted)
        values: dict[str, Any] = {}
        for name in wanted:
            column = table.column(name)
            if self.fact(name).unit == "state":
                values[name] = pd.Categorical(column.to_pylist(), categories=pd.Index(balance.STATES))
            else:
                values[name] = column.to_pandas()
        return pd.DataFrame(values, copy=False)

    def _wanted(self, columns: Sequence[str] | None) -> list[str]:
        names = list(self.columns if columns is None else [columns] if isinstance(columns, str) else columns)
        for name in names:
            self.fact(name)
        return names

    def __str__(self) -> str:
        title = f"SparkTable{'' if self.label is None else f' of {self.label}'}"
        names = listed(self.columns, 14)
        return f"{title}\n{len(self.about)} columns: {names}.\nfacts() counts its rows."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>"


def shown_columns(facts: Sequence[Fact], dated: bool) -> Callable[[Measured], dict[str, Any]]:
    """What makes columns of a table as it is shown from measured ones: on whatever worker.

    Parameters
    ----------
    facts : sequence of Fact
        The columns, in order.
    dated : bool
        Whether times have a calendar.
    """

    def columns(found: Measured) -> dict[str, Any]:
        return {fact.name: shown(fact, found.columns[fact.name], dated) for fact in facts}

    return columns

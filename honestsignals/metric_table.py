"""A table of metrics with what must be known of it: of people, of a network, of windows, of definitions."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from honestsignals.errors import OutputError, unknown
from honestsignals.metrics.registry import SWAPS, Fact
from honestsignals.printed import Printed
from honestsignals.tables import refuse_ending, render, write_frames

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class MetricTable(Printed):
    """Rows of metrics; what each column is and what was left out go with them.

    Attributes
    ----------
    title : str
        What it is a table of.
    frame : pandas.DataFrame
        The rows.
    about : tuple of Fact
        What the columns are; of a table with a row a metric, what the rows are.
    notes : tuple of str
        What a reader must know before the numbers, one sentence an item.
    shown : tuple of str
        Columns that are printed; all where empty.
    printed : int
        Rows that are printed; files have all.
    """

    title: str
    frame: pd.DataFrame
    about: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    printed: int = 20

    def __len__(self) -> int:
        return len(self.frame)

    def facts(self) -> list[str]:
        """What a reader must know before the numbers, one sentence an item."""
        return list(self.notes)

    def note(self) -> str:
        """What the table is of and rests on, in one line."""
        return " ".join([f"{self.title}.", *self.facts()])

    def fact(self, name: str) -> Fact:
        """What a column (or a row) is.

        Raises
        ------
        UnknownNameError
            Where there is none of that name.
        """
        for one in self.about:
            if one.name == name:
                return one
        raise unknown("metric", name, [one.name for one in self.about])

    def codebook(self) -> pd.DataFrame:
        """What each metric is: meaning, unit, range, when undefined, formula, source."""
        book = codebook_of(self.about)
        # of a table with a row a metric these are no columns
        return book.rename(columns={"column": "metric"}) if "name" in self.frame.columns else book

    def tidy(self) -> pd.DataFrame:
        """The columns that are printed, of every row."""
        names = [name for name in self.shown if name in self.frame.columns] or list(self.frame.columns)
        return self.frame[names]

    def __str__(self) -> str:
        rows = self.tidy()
        more = len(rows) - self.printed
        lines = [self.title, *self.facts(), "", render(rows.head(self.printed))]
        return "\n".join([*lines, *([f"… and {more:,} more rows"] if more > 0 else [])])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.facts())
        table = render(self.tidy().head(self.printed), "html")
        return f"<p><b>{html.escape(self.title)}</b></p><ul>{items}</ul>{table}"

    # files

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write every column as CSV (gzipped where the name ends so), and the codebook beside it."""
        refuse_ending(path, (".csv", ".csv.gz"))
        write_frames({path: self.frame, codebook_path(path): self.codebook()})

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write every column as Parquet, and the codebook beside it as CSV."""
        refuse_ending(path, (".parquet",))
        write_frames({path: self.frame, codebook_path(path): self.codebook()})


def codebook_of(about: Iterable[Fact]) -> pd.DataFrame:
    """What each of some columns is, one row a column."""
    import pandas as pd

    rows = [
        {
            "column": one.name,
            "kind": one.family,
            "meaning": one.meaning,
            "unit": one.unit,
            "lowest": one.range[0],
            "highest": one.range[1],
            "swapping ego and alter gives": SWAPS[one.swap],
            "undefined where": one.undefined,
            "formula": one.formula,
            "reference": one.reference,
        }
        for one in about
    ]
    return pd.DataFrame(rows)


def codebook_path(path: str | os.PathLike[str]) -> Path:
    """Where the codebook of a table goes: beside it.

    >>> codebook_path("tables/dyads.csv").name
    'dyads.codebook.csv'
    """
    table = Path(path)
    # a table in another form keeps its ending here, so that two tables never share a codebook
    stem = re.sub(r"\.csv$", "", table.name, flags=re.IGNORECASE)
    if stem.endswith(".codebook"):
        raise OutputError(
            f"{table.name!r} is what the codebook of another table is called; choose another name."
        )
    return table.with_name(f"{stem}.codebook.csv")

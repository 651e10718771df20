"""A table of metrics with what must be known of it: of people, of a network, of windows, of definitions."""

from __future__ import annotations

import html
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from honestsignals.errors import unknown
from honestsignals.exporting.codebooks import codebook_of
from honestsignals.exporting.writing import export
from honestsignals.metrics.registry import Fact
from honestsignals.printed import Printed
from honestsignals.tables import refuse_ending, render

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

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write every column as CSV (gzipped where the name ends so), with what ``hs.export`` puts beside."""
        refuse_ending(path, (".csv", ".csv.gz"))
        export(self, path)

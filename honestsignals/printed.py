"""What prints its facts and then one table, and writes that table whole or not at all."""

from __future__ import annotations

import html
import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from honestsignals.exporting.writing import export
from honestsignals.tables import refuse_ending, render, with_note, write_frame, write_text

if TYPE_CHECKING:
    import pandas as pd


class Printed(ABC):
    """A result with facts, one table, and a line that goes wherever the table goes.

    A kind of result says what these three are; printing and writing follow.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # a dataclass would otherwise write a repr of its own, with every array in it
        cls.__repr__ = Printed.__repr__  # type: ignore[method-assign]

    @abstractmethod
    def facts(self) -> list[str]:
        """What a reader must know before the numbers, a sentence each."""

    @abstractmethod
    def tidy(self) -> pd.DataFrame:
        """The table."""

    @abstractmethod
    def note(self) -> str:
        """What the table rests on, in one line."""

    def __str__(self) -> str:
        return "\n".join([*self.facts(), "", render(self.tidy())])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.facts())
        return f"<ul>{items}</ul>{render(self.tidy(), 'html')}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """The table as HTML; written to ``path`` where one is given."""
        return self._written("html", path)

    def to_latex(self, path: str | os.PathLike[str] | None = None) -> str:
        """The table as LaTeX (booktabs); written to ``path`` where one is given."""
        return self._written("latex", path)

    def to_markdown(self, path: str | os.PathLike[str] | None = None) -> str:
        """The table as Markdown; written to ``path`` where one is given."""
        return self._written("markdown", path)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table as CSV, every digit."""
        write_frame(path, self.tidy())

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the table as Parquet, with what ``hs.export`` puts beside it."""
        self._exported(path, ".parquet")

    def to_excel(self, path: str | os.PathLike[str]) -> None:
        """Write the table for Excel, with what ``hs.export`` puts beside it."""
        self._exported(path, ".xlsx")

    def to_stata(self, path: str | os.PathLike[str]) -> None:
        """Write the table for Stata 14 and later, with what ``hs.export`` puts beside it."""
        self._exported(path, ".dta")

    def to_spss(self, path: str | os.PathLike[str]) -> None:
        """Write the table for SPSS, with what ``hs.export`` puts beside it."""
        self._exported(path, ".sav")

    def _exported(self, path: str | os.PathLike[str], ending: str) -> None:
        refuse_ending(path, (ending,))
        export(self, path)

    def _written(self, style: str, path: str | os.PathLike[str] | None) -> str:
        text = with_note(render(self.tidy(), style), self.note(), style)
        if path is not None:
            write_text(path, text + "\n")
        return text

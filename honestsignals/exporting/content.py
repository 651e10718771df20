"""What is exported: the rows, what each column is, and what must be known before the numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, OutputError, listed
from honestsignals.exporting.codebooks import codebook_of, fact_of_word
from honestsignals.metrics.registry import Fact

if TYPE_CHECKING:
    import pandas as pd

KINDS = {
    "truth": "True or False",
    "whole": "whole number",
    "number": "number",
    "moment": "date and time, UTC where it has a zone",
    "class": "one of some levels",
    "text": "text",
}
"""Kinds of column, and what each holds."""
SURROGATES = re.compile("[\ud800-\udfff]")
"""Half characters, which no encoding of text has a form for."""


@dataclass(frozen=True, eq=False)
class Content:
    """A table to be exported.

    Attributes
    ----------
    title : str
        What it is a table of.
    frame : pandas.DataFrame
        The rows; names of columns are text, each its own.
    about : tuple of Fact
        What is known of the columns, or of the rows where each row is a metric.
    facts : tuple of str
        What a reader must know before the numbers.
    directed : bool or None
        Whether rows are ordered pairs; None where nothing says so.
    known : bool
        Whether ``about`` says which columns name people.
    said : tuple of str
        What was done to the table on the way.
    """

    title: str
    frame: pd.DataFrame
    about: tuple[Fact, ...] = ()
    facts: tuple[str, ...] = ()
    directed: bool | None = None
    known: bool = False
    said: tuple[str, ...] = ()

    def fact(self, name: str) -> Fact:
        """What a column is; all empty where nothing is known of it."""
        return next((one for one in self.about if one.name == name), fact_of_word(name))

    @property
    def of_metrics(self) -> bool:
        """Whether each row is a metric, so that the codebook describes rows."""
        return bool(self.about) and "name" in self.frame.columns

    def codebook(self, stored: Mapping[str, str]) -> pd.DataFrame:
        """What each column is, and under which name the file has it.

        Parameters
        ----------
        stored : mapping of str to str
            Name of each column in the file.
        """
        import pandas as pd

        names = list(self.frame.columns)
        # what stands in cells, as the metrics of null models do, is told after the columns
        further = [] if self.of_metrics else [one for one in self.about if one.name not in names]
        columns = codebook_of([*(self.fact(name) for name in names), *further])
        renamed = {name: new for name, new in stored.items() if new != name}
        if renamed:
            columns.insert(1, "stored as", [*(stored[name] for name in names), *("" for _ in further)])
        if not self.of_metrics:
            return columns
        rows = codebook_of(self.about)
        if renamed:
            rows = pd.concat([rows, columns.assign(kind="column")], ignore_index=True)
        return rows.rename(columns={"column": "metric"})

    def with_columns(self, columns: Mapping[str, Any], *said: str) -> Content:
        """The same with some columns replaced, of the same rows, and what was done."""
        import pandas as pd

        # all at once: a wide table takes single columns badly
        held = {name: columns.get(name, self.frame[name]) for name in self.frame.columns}
        frame = pd.DataFrame(held, index=self.frame.index, copy=False)
        return replace(self, frame=frame, said=(*self.said, *said))


def content_of(table: Any) -> Content:
    """What of a table is exported: all columns of measured tables, the printed table of results.

    Parameters
    ----------
    table : DyadTable, MetricTable, result or pandas.DataFrame
        What to export.

    Raises
    ------
    ArgumentError
        Where it is none of these.
    OutputError
        Where two columns have one name, or the index holds what a file would lose.
    """
    import pandas as pd

    if isinstance(table, pd.DataFrame):
        return Content("Table", _plain(table))
    frame = getattr(table, "frame", None)
    if isinstance(frame, pd.DataFrame) and hasattr(table, "about"):
        label = getattr(table, "label", None)
        title = getattr(table, "title", f"{type(table).__name__}{'' if label is None else f' of {label}'}")
        directed = getattr(table, "directed", None)
        facts = tuple(table.facts())
        return Content(title, _plain(frame), tuple(table.about), facts, directed, known=True)
    if callable(getattr(table, "tidy", None)) and callable(getattr(table, "facts", None)):
        return Content(type(table).__name__, _plain(table.tidy()), facts=tuple(table.facts()))
    raise ArgumentError(
        f"A {type(table).__name__} cannot be exported; hand over a dyad table, a table of metrics, a result "
        "with tidy(), or a DataFrame."
    )


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose columns have names of their own and whose index is no column."""
    import pandas as pd

    index = frame.index
    if isinstance(frame.columns, pd.MultiIndex) or isinstance(index, pd.MultiIndex):
        raise OutputError("The frame has levels of rows or columns, and a file has not: use reset_index().")
    if index.name is not None or not (pd.api.types.is_integer_dtype(index.dtype) or not len(index)):
        what = repr(index.name) if index.name is not None else f"such as {index[0]!r}"
        raise OutputError(f"The index ({what}) would be lost: use reset_index() to keep it as a column.")
    names = [str(name) for name in frame.columns]
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise OutputError(
            f"Several columns are called {listed(map(repr, twice), 3)}; each needs its own name."
        )
    if not names:
        raise OutputError("The table has no columns.")
    nameless = next((name for name in names if not name or name.startswith("\ufeff")), None)
    if nameless is not None:
        raise OutputError(f"A column is called {nameless!a}, which files do not keep; name it.")
    return frame.set_axis(names, axis=1).reset_index(drop=True)


def kind_of(column: pd.Series) -> str:
    """Kind of a column, a key of ``KINDS``.

    >>> import pandas as pd
    >>> kind_of(pd.Series([1, 2])), kind_of(pd.Series(["a", None]))
    ('whole', 'text')
    """
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        return "class"
    asked = {
        "truth": pd.api.types.is_bool_dtype,
        "whole": pd.api.types.is_integer_dtype,
        "number": pd.api.types.is_float_dtype,
        "moment": pd.api.types.is_datetime64_any_dtype,
    }
    return next((kind for kind, is_so in asked.items() if is_so(column.dtype)), "text")


def as_text(column: pd.Series) -> pd.Series:
    """Text of a column of text or of anything else; None where it is missing."""
    import pandas as pd

    missing = column.isna().to_numpy()
    values = [None if lost else str(value) for value, lost in zip(column, missing, strict=True)]
    return pd.Series(values, index=column.index, dtype=object)


def id_text(one: Any) -> str:
    """An id as text: the number 1 and the text "1" are one person.

    >>> id_text(1), id_text(1.0), id_text("01")
    ('1', '1', '01')
    """
    if isinstance(one, float | np.floating) and float(one).is_integer():
        return str(int(one))
    return str(one)


def check_text(frame: pd.DataFrame) -> None:
    """Refuse what no file can hold: half characters, columns of spans or of what is mostly not there."""
    import pandas as pd

    for name in frame.columns:
        kept = frame[name].dtype
        levels = kept.categories.dtype if isinstance(kept, pd.CategoricalDtype) else kept
        if isinstance(levels, pd.SparseDtype | pd.IntervalDtype | pd.PeriodDtype):
            raise OutputError(f"Column {name!r} is {levels}, which no file has: make it numbers or text.")
        kind = kind_of(frame[name])
        texts = frame[name].cat.categories if kind == "class" else frame[name] if kind == "text" else ()
        bad = next((one for one in texts if isinstance(one, str) and SURROGATES.search(one)), None)
        if bad is not None or SURROGATES.search(name):
            raise OutputError(
                f"Column {name!a}: {bad!a} holds half a character, which no file has a form for."
            )

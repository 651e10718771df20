"""Columns as a form can hold them, and what is lost on the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import OutputError, listed, quoted
from honestsignals.exporting.content import as_text, kind_of
from honestsignals.exporting.forms import WHOLE, Form, cut_bytes, stored_names
from honestsignals.inference.words import counted

if TYPE_CHECKING:
    import pandas as pd

FINEST = {"ms": "millisecond", "us": "microsecond"}
LARGEST = {".dta": 8.988e307, ".sav": float(np.nextafter(np.finfo(float).max, 0))}
"""Largest number of a form; the very last double stands for what is missing in SPSS."""
LAST_YEAR = 9999
"""Last year that text and spreadsheets have."""
EXCEL_BEGINS = "1900-03-01"
"""Before this day Excel has no dates, or wrong ones."""


@dataclass(frozen=True)
class Stored:
    """A column as a file has it; enough to have it back as it was.

    Attributes
    ----------
    name, stored : str
        Its name, and that in the file.
    kind : str
        A key of ``KINDS``.
    missing, empty : int
        Rows without a value, and with a text of no characters.
    levels : tuple
        Of a class, every level.
    ordered : bool
        Whether the levels have an order.
    type : str
        Type of the column in memory.
    """

    name: str
    stored: str
    kind: str
    missing: int
    empty: int = 0
    levels: tuple[Any, ...] = ()
    ordered: bool = False
    type: str = ""


@dataclass(eq=False)
class Fitted:
    """A table as a form can hold it.

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows, under the names of the table.
    form : Form
        The form.
    columns : list of Stored
        What each column is, and is called in the file.
    labels : dict
        Of columns whose numbers stand for words: number to word.
    said : list of str
        What is not as it was.
    """

    frame: pd.DataFrame
    form: Form
    columns: list[Stored] = field(default_factory=list)
    labels: dict[str, dict[Any, str]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    @property
    def stored(self) -> dict[str, str]:
        """Name of each column in the file, by its name."""
        return {one.name: one.stored for one in self.columns}


def fitted(frame: pd.DataFrame, form: Form) -> Fitted:
    """A table as a form can hold it.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows.
    form : Form
        Where they go.

    Raises
    ------
    OutputError
        Where text is too long for a cell, or two texts would become one.
    """
    import pandas as pd

    names = stored_names(form, frame.columns)
    done = Fitted(frame, form)
    columns: dict[str, Any] = {}
    for name in frame.columns:
        column = frame[name]
        kind = kind_of(column)
        levels = tuple(column.cat.categories.tolist()) if kind == "class" else ()
        mixed = kind == "text" and not all(isinstance(one, str) for one in column.dropna())
        text = as_text(column) if mixed else column
        if mixed:
            done.said.append(f"{name}: values that are no text are written as text.")
        empty = int((text.dropna() == "").sum()) if kind == "text" else 0
        ordered = bool(levels) and bool(column.cat.ordered)
        missing = int(column.isna().sum())
        done.columns.append(
            Stored(name, names[name], kind, missing, empty, levels, ordered, str(column.dtype))
        )
        columns[name] = _fitted_column(name, text, kind, done)
    renamed = [f"{old} is {new}" for old, new in names.items() if old != new]
    if renamed:
        done.said.append(f"Names that are others in {form.title} ({len(renamed):,}): {listed(renamed, 5)}.")
    done.frame = pd.DataFrame(columns, index=frame.index, copy=False)
    return done


def _fitted_column(name: str, column: pd.Series, kind: str, done: Fitted) -> Any:
    """One column as a form can hold it; what is lost is added to ``done``."""
    form = done.form
    if form.ending == ".parquet":
        return column
    if kind in ("text", "class"):
        texts = column.cat.categories.astype(str) if kind == "class" else column.dropna()
        _check_lengths(name, texts, form)
        if kind == "class":
            _check_levels(name, list(texts), form)
        if kind == "text":
            _say_blanks(name, column, done)
        if kind == "class" and form.labelled:
            return _coded(name, column, done)
        return as_text(column)
    if kind == "moment":
        return _moment(name, column, done)
    if kind == "truth":
        return _truth(name, column, done)
    if kind == "whole":
        return _whole(name, column, done)
    return _number(name, column, done)


def _check_lengths(name: str, texts: Iterable[str], form: Form) -> None:
    for one in texts:
        length = len(one.encode("utf-8")) if form.labelled else len(one)
        if form.text is not None and length > form.text:
            what = "bytes" if form.labelled else "characters"
            raise OutputError(
                f"Column {name!r}: {quoted(one, 30)} has {length:,} {what}; a cell of {form.title} holds "
                f"{form.text:,}. Write .csv.gz or .parquet."
            )
        if form.labelled and "\0" in one:
            raise OutputError(
                f"Column {name!r}: {quoted(one, 30)} holds the sign NUL, at which {form.title} ends a text."
            )


def _check_levels(name: str, levels: list[str], form: Form) -> None:
    """Refuse levels that would be one, or none."""
    if len(set(levels)) < len(levels):
        raise OutputError(f"Column {name!r} has levels that are one as text; rename one, or write .parquet.")
    if "" in levels and not form.labelled:
        raise OutputError(
            f"Column {name!r} has a level without characters, which {form.title} does not tell from a "
            "missing value; name it, or write .parquet."
        )


def _say_blanks(name: str, column: pd.Series, done: Fitted) -> None:
    """Say what a form does to blanks at the end, and to text without characters."""
    form = done.form
    values = set(column.dropna())
    if form.ending == ".sav":
        cut = {one for one in values if one != one.rstrip(" ")}
        if len({one.rstrip(" ") for one in values}) < len(values):
            raise OutputError(
                f"Column {name!r}: {quoted(sorted(cut)[0], 30)} and the same without blanks at its end would "
                "be one text, as SPSS fills texts up with blanks. Use pseudonyms, or write another form."
            )
        if cut:
            done.said.append(f"{name}: {len(cut):,} texts lose the blanks at their end in SPSS.")
    if "" in values and column.isna().any() and form.read_back:
        done.said.append(f"{name}: {form.title} does not tell empty texts from missing ones.")


def _coded(name: str, column: pd.Series, done: Fitted) -> Any:
    """Levels as the numbers 1, 2, ...; their words are labels."""
    form = done.form
    words = [str(one) for one in column.cat.categories]
    cut = [cut_bytes(one, form.level_label) for one in words]
    if cut != words:
        done.said.append(f"{name}: labels of levels are cut at {form.level_label:,} bytes in {form.title}.")
    done.labels[name] = {place + 1: word for place, word in enumerate(cut)}
    codes = column.cat.codes.to_numpy()
    return np.where(codes < 0, np.nan, codes + 1.0) if (codes < 0).any() else codes.astype(np.int32) + 1


def _truth(name: str, column: pd.Series, done: Fitted) -> Any:
    form = done.form
    if not form.labelled:
        return column
    done.labels[name] = {0: "False", 1: "True"}
    values = column.to_numpy(dtype=float, na_value=np.nan)
    return values if np.isnan(values).any() else values.astype(np.int8)


def _moment(name: str, column: pd.Series, done: Fitted) -> pd.Series:
    form = done.form
    import pandas as pd

    if column.dt.tz is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
        done.said.append(f"{name}: moments are in UTC, without a zone.")
    below = column.dt.nanosecond + (column.dt.microsecond % 1000 if form.moments == "ms" else 0)
    if form.moments in FINEST and (below.fillna(0) != 0).any():
        done.said.append(f"{name}: {form.title} keeps moments to the {FINEST[form.moments]}.")
    if column.notna().any() and column.dropna().dt.year.max() > LAST_YEAR:
        raise OutputError(f"Column {name!r} has moments after the year {LAST_YEAR}: write .parquet.")
    early = column.dropna().min() if column.notna().any() else pd.NaT
    if form.ending == ".xlsx" and early < pd.Timestamp(EXCEL_BEGINS):
        done.said.append(f"{name}: moments are text, as Excel has no dates before {EXCEL_BEGINS}.")
        iso = column.astype(object).map(lambda one: one.isoformat(" "), na_action="ignore")
        return as_text(iso)
    return column


def _whole(name: str, column: pd.Series, done: Fitted) -> Any:
    """Whole numbers; as text where a form's numbers are too coarse for them."""
    form = done.form
    known = column.dropna()
    if form.doubles and len(known) and (int(known.max()) > WHOLE or int(known.min()) < -WHOLE):
        done.said.append(
            f"{name}: whole numbers are text, as {form.title} keeps 15 to 16 digits of a number."
        )
        return as_text(column)
    if not form.labelled:
        return column
    if column.isna().any():
        return column.to_numpy(dtype=float, na_value=np.nan)
    return column.to_numpy(dtype=np.int64)


def _number(name: str, column: pd.Series, done: Fitted) -> Any:
    form = done.form
    if not form.labelled:
        return column
    values = column.to_numpy(dtype=float, na_value=np.nan)
    infinite = np.isinf(values)
    beyond = (np.abs(values) > LARGEST[form.ending]) & ~infinite
    if infinite.any():
        done.said.append(
            f"{name}: {int(infinite.sum()):,} infinite values are missing, as {form.title} has none."
        )
    if beyond.any():
        done.said.append(
            f"{name}: {counted(int(beyond.sum()), 'number')} made missing, as {form.title} has none beyond "
            f"{LARGEST[form.ending]:.4g}."
        )
    return np.where(infinite | beyond, np.nan, values)

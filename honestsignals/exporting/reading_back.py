"""Read an exported table as it was: text unharmed, every column of its kind."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import InputError, OutputError
from honestsignals.exporting.codebooks import codebook_path, provenance_path
from honestsignals.exporting.content import kind_of
from honestsignals.exporting.fitting_in import Stored
from honestsignals.exporting.forms import FORMS, Form, form_of
from honestsignals.exporting.provenance import read_provenance
from honestsignals.exporting.pseudonyms import NAMES_OF_PEOPLE
from honestsignals.exporting.spreadsheets import plain_text
from honestsignals.tables import rearmed

if TYPE_CHECKING:
    import pandas as pd

TRUTHS = {"True": True, "False": False, "1": True, "0": False, "1.0": True, "0.0": False}


def read_export(path: str | os.PathLike[str]) -> pd.DataFrame:
    """An exported table as it was: text as it stood there, every column of its kind.

    With the provenance beside it, columns have their names, levels and types again; what a form could not
    hold (``Export.said``) stays lost. Without it, columns are as the form has them: text that
    reads as numbers is numbers but for ids (ego, alter, person, sender, receiver, and what the codebook calls
    so), and rows without any value at the end of a sheet are not there.

    Parameters
    ----------
    path : str or path
        A file of :func:`~honestsignals.export`: .csv, .csv.gz, .parquet, .xlsx, .dta or .sav.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    InputError
        Where it is not there, cannot be read, or was changed since it was written.

    Examples
    --------
    >>> import tempfile, pandas as pd, honestsignals as hs
    >>> rows = pd.DataFrame({"person": ["=1+1", "NA"], "acts": [3, 5]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     hs.read_export(hs.export(rows, f"{folder}/acts.csv"))["person"].tolist()
    ['=1+1', 'NA']
    """
    table = Path(path)
    form = form_of(table)
    if not form.read_back:
        known = ", ".join(ending for ending, one in FORMS.items() if one.read_back)
        raise InputError(f"{table.name!r} is for people to read, with rounded numbers; read one of {known}.")
    if not table.is_file():
        raise InputError(f"There is no file {table}.")
    beside = _beside(table)
    told = None if beside is None else read_provenance(beside, table)
    try:
        frame = _read(table, form)
    except Exception as error:
        raise InputError(f"{table} cannot be read as {form.title}: {error}") from error
    if told is None:
        return frame if form.ending == ".parquet" else _guessed(frame, _ids(table))
    columns, rows = told
    if len(frame) < rows and form.ending == ".xlsx":
        # empty rows at the end are none to what reads a sheet
        frame = frame.reindex(range(rows), fill_value=None)
    if len(frame) != rows:
        raise InputError(f"{table} has {len(frame):,} rows, and {beside} tells of {rows:,}.")
    try:
        return _restored(frame, columns, form)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise InputError(f"{beside} does not fit {table}: {error!r}") from error


def _ids(table: Path) -> set[str]:
    """Columns that name people, as far as the codebook beside a table tells."""
    import pandas as pd

    found = {*NAMES_OF_PEOPLE}
    try:
        book = pd.read_csv(codebook_path(table), dtype=str, keep_default_na=False)
        return found | set(book.loc[book["unit"] == "id", "column"])
    except (OSError, ValueError, KeyError, OutputError):
        return found


def _beside(table: Path) -> Path | None:
    try:
        found = provenance_path(table)
    except OutputError:
        return None
    return found if found.is_file() else None


def _read(table: Path, form: Form) -> pd.DataFrame:
    """The file with every cell as it stands there; of text forms, all text."""
    import pandas as pd

    readers: dict[str, Callable[[], pd.DataFrame]] = {
        ".parquet": lambda: pd.read_parquet(table),
        ".xlsx": lambda: _unescaped(
            pd.read_excel(table, sheet_name=0, dtype=object, na_filter=False), plain_text
        ),
        ".dta": lambda: pd.read_stata(table, convert_categoricals=False),
        ".sav": lambda: _read_sav(table),
    }
    if form.ending in readers:
        return readers[form.ending]()
    # pandas' own parser of some versions takes a zero byte for the end of a cell; Python's is slower
    how: dict[str, Any] = {"engine": "python"} if _has_zero(table) else {}
    rows = pd.read_csv(table, dtype=object, na_filter=False, encoding="utf-8", skip_blank_lines=False, **how)
    return _unescaped(rows, rearmed)


def _has_zero(table: Path) -> bool:
    """Whether a text file, compressed or not, holds a zero byte."""
    with gzip.open(table) if table.suffix == ".gz" else table.open("rb") as file:
        return any(b"\0" in part for part in iter(lambda: file.read(1 << 20), b""))


def _read_sav(table: Path) -> pd.DataFrame:
    import pyreadstat

    frame: pd.DataFrame = pyreadstat.read_sav(str(table), apply_value_formats=False)[0]
    return frame


def _unescaped(frame: pd.DataFrame, undo: Callable[[str], str]) -> pd.DataFrame:
    """Text of cells and of names as it was before it was disarmed."""
    import pandas as pd

    columns = {
        undo(str(name)): [undo(one) if isinstance(one, str) else one for one in frame[name]]
        for name in frame.columns
    }
    return pd.DataFrame(columns, dtype=object)


def _guessed(frame: pd.DataFrame, ids: set[str]) -> pd.DataFrame:
    """Columns as numbers where all of their text reads as numbers; ids stay text; empty cells are missing."""
    import pandas as pd

    columns = {}
    for name in frame.columns:
        column = frame[name]
        if kind_of(column) == "text":
            column = column.astype(object).where(column != "", None)
            try:
                column = column if name in ids else pd.to_numeric(column)
            except (ValueError, TypeError):
                column = column.infer_objects()
        columns[name] = column
    return pd.DataFrame(columns)


def _restored(frame: pd.DataFrame, columns: list[Stored], form: Form) -> pd.DataFrame:
    """Columns under their names, of their kinds."""
    import pandas as pd

    if form.ending == ".parquet":
        # levels that are no text, or of no row, do not come through
        classes = {
            one.name: pd.Categorical(frame[one.name], pd.Index(list(one.levels)), ordered=one.ordered)
            for one in columns
            if one.kind == "class" and set(frame[one.name].dropna()) <= set(one.levels)
        }
        # seconds and days come back as milliseconds
        moments = {
            one.name: _moments(frame[one.name].dt.tz_localize(None), one, form)
            for one in columns
            if one.kind == "moment" and "," not in one.type
        }
        return frame.assign(**classes, **moments)
    return pd.DataFrame({one.name: _column(frame[one.stored], one, form) for one in columns})


def _column(column: pd.Series, stored: Stored, form: Form) -> Any:
    """One column of its kind again."""
    import pandas as pd

    lost = [one is None or one != one or (isinstance(one, str) and one == "") for one in column]  # noqa: PLR0124
    values: list[Any] = [None if gone else one for one, gone in zip(column, lost, strict=True)]
    if stored.kind == "text":
        # where nothing is missing, what is blank is a text without characters
        blank = "" if stored.missing == 0 else None
        return pd.Series([blank if one is None else str(one) for one in values], dtype=_text_type(stored))
    if stored.kind == "class":
        places = {str(level): place for place, level in enumerate(stored.levels)}
        codes = [
            -1 if one is None else (int(one) - 1 if form.labelled else places[str(one)]) for one in values
        ]
        return pd.Categorical.from_codes(
            np.array(codes, dtype=int), categories=pd.Index(list(stored.levels)), ordered=stored.ordered
        )
    if stored.kind == "moment":
        moments = pd.to_datetime(pd.Series(values, dtype=object), format="ISO8601")
        return _moments(moments, stored, form)
    if stored.kind == "truth":
        truths = [None if one is None else TRUTHS[str(one)] for one in values]
        return pd.Series(truths, dtype="bool" if None not in truths else "boolean")
    if stored.kind == "whole":
        wholes = [None if one is None else int(one) for one in values]
        return pd.Series(wholes, dtype=stored.type if None not in wholes else "Int64")
    return pd.Series([np.nan if one is None else float(one) for one in values], dtype=float)


def _text_type(stored: Stored) -> Any:
    return object if stored.type == "object" else "str"


def _moments(moments: pd.Series, stored: Stored, form: Form) -> pd.Series:
    """Moments of the resolution that they had, in UTC where they had a zone."""
    unit = re.match(r"datetime64\[(\w+)", stored.type)
    moments = moments.dt.as_unit(unit.group(1) if unit else "us")
    if form.moments == "ms" and unit and unit.group(1) in ("us", "ns"):
        # a double of seconds or days is not exact
        moments = moments.dt.round("ms")
    return moments.dt.tz_localize("UTC") if "," in stored.type else moments

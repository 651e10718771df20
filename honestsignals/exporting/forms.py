"""Forms of a table: what each can hold, by the ending of the file's name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from honestsignals.errors import OutputError
from honestsignals.tables import refuse_ending

WHOLE = 2**53
"""Whole numbers that a double holds without loss lie between minus this and this."""
READ = 1_000_000
"""Cells of a page of 40 megabytes or so, more than anybody reads."""
STATA_WORDS = frozenset(
    (
        *("_all", "_b", "_coef", "_cons", "_n", "_N", "_pi", "_pred", "_rc", "_skip", "aggregate", "array"),
        *("boolean", "break", "byte", "case", "catch", "class", "colvector", "complex", "const", "continue"),
        *("default", "delegate", "delete", "do", "double", "else", "eltypedef", "end", "enum", "explicit"),
        *("export", "external", "float", "for", "friend", "function", "global", "goto", "if", "in", "inline"),
        *("int", "local", "long", "NULL", "pragma", "protected", "quad", "rowvector", "short", "strL"),
        *("typedef", "typename", "using", "virtual", "with"),
    )
)
"""Words that Stata takes for its own."""
SPSS_WORDS = frozenset(("ALL", "AND", "BY", "EQ", "GE", "GT", "LE", "LT", "NE", "NOT", "OR", "TO", "WITH"))


@dataclass(frozen=True)
class Form:
    """What a form of table can hold.

    Attributes
    ----------
    title : str
        What it is called.
    ending : str
        How names of files end.
    read_back : bool
        Whether it holds every digit; otherwise it is for people to read.
    rows, columns, text : int or None
        Most rows, columns, and characters (Stata, SPSS: bytes) of a cell; None where there is no limit.
    doubles : bool
        Whether every number is a double, so that long whole numbers are written as text.
    cells : int or None
        Most cells, of what people are to read.
    moments : str
        The finest part of a moment that it keeps.
    labelled : bool
        Whether columns carry labels, and levels and truths are numbers with labels.
    column_label, level_label : int
        Longest label of a column (Stata: characters, SPSS: bytes) and of a level (bytes).
    """

    title: str
    ending: str
    read_back: bool = True
    rows: int | None = None
    columns: int | None = None
    text: int | None = None
    doubles: bool = False
    moments: str = "ns"
    cells: int | None = None
    labelled: bool = False
    column_label: int = 0
    level_label: int = 0


FORMS = {
    one.ending: one
    for one in (
        Form("CSV", ".csv"),
        Form("gzipped CSV", ".csv.gz"),
        Form("Parquet", ".parquet"),
        Form("Excel", ".xlsx", True, 1_048_575, 16_384, 32_767, True, "ms"),
        Form(
            *("Stata", ".dta", True, 2**31 - 1, 32_767, 2_000_000_000, True, "ms"),
            labelled=True,
            column_label=80,
            level_label=32_000,
        ),
        Form(
            *("SPSS", ".sav", True, 2**31 - 1, 2**31 - 1, 32_767, True, "ms"),
            labelled=True,
            column_label=256,
            level_label=120,
        ),
        Form("LaTeX", ".tex", False, cells=READ),
        Form("HTML", ".html", False, cells=READ),
        Form("Markdown", ".md", False, cells=READ),
    )
}
"""Every form by the ending of its files."""


def form_of(path: str | os.PathLike[str]) -> Form:
    """The form that a name ends in.

    >>> form_of("dyads.CSV.gz").title
    'gzipped CSV'
    """
    refuse_ending(path, tuple(FORMS))
    if "\0" in str(path):
        raise OutputError(f"The path is {str(path)!r}; no file has the sign NUL in its name.")
    name = Path(path).name.lower()
    return next(form for ending, form in FORMS.items() if name.endswith(ending))


def refuse_size(form: Form, rows: int, columns: int) -> None:
    """Refuse a table that a form has no room for.

    >>> refuse_size(FORMS[".xlsx"], 2_000_000, 3)
    Traceback (most recent call last):
    honestsignals.errors.OutputError: The table has 2,000,000 rows; Excel holds 1,048,575 below the names.
        Write .csv.gz or .parquet.
    """
    if form.rows is not None and rows > form.rows:
        below = " below the names" if form.ending == ".xlsx" else ""
        raise OutputError(
            f"The table has {rows:,} rows; {form.title} holds {form.rows:,}{below}. "
            "Write .csv.gz or .parquet."
        )
    if form.cells is not None and rows * columns > form.cells:
        raise OutputError(
            f"The table has {rows * columns:,} cells; {form.title} is for people to read, up to "
            f"{form.cells:,} of them. Write .csv.gz or .parquet, or choose rows and columns."
        )
    if form.columns is not None and columns > form.columns:
        raise OutputError(
            f"The table has {columns:,} columns; {form.title} holds {form.columns:,}. "
            "Write .csv.gz or .parquet."
        )


def stored_names(form: Form, names: Iterable[str]) -> dict[str, str]:
    """Under which name a form has each column; the same but for Stata and SPSS.

    >>> long = "contingent_return_poisson_alter__help"
    >>> stored_names(FORMS[".dta"], [long, long + "s", "=1+1", "int"])
    {'contingent_return_poisson_alter__help': 'contingent_return_poisson_alter_',
     'contingent_return_poisson_alter__helps': 'contingent_return_poisson_alte_2',
     '=1+1': '_1_1', 'int': 'int_'}
    """
    every = list(names)
    if not form.labelled:
        return {name: name for name in every}
    stata = form.ending == ".dta"
    rule = _stata_name if stata else _spss_name
    key: Callable[[str], str] = str if stata else str.upper
    # names that can stay do, whatever the others become
    stored: dict[str, str] = {}
    taken: set[str] = set()
    for name in [*(one for one in every if rule(one) == one), *(one for one in every if rule(one) != one)]:
        new, number = rule(name), 1
        while key(new) in taken:
            number += 1
            new = _cut(rule(name), f"_{number}", stata)
        stored[name] = new
        taken.add(key(new))
    return {name: stored[name] for name in every}


def _stata_name(name: str) -> str:
    """A name that Stata takes: letters, digits and _, at most 32 of them, no word of its own."""
    new = "".join(one if _letter(one) or one == "_" else "_" for one in name) or "_"
    new = f"_{new}" if new[0].isdigit() else new
    own = new in STATA_WORDS or re.fullmatch(r"str\d+", new)
    return _cut(f"{new}_" if own else new, "", stata=True)


def _spss_name(name: str) -> str:
    """A name that SPSS takes: a letter first, at most 64 bytes, no underscore last, no word of its own."""
    new = "".join(one if _letter(one) or one in "_." else "_" for one in name).rstrip("._")
    new = new if new and new[0].isalpha() else f"v{new if new.startswith('_') else '_' + new}".rstrip("_")
    return _cut(f"{new}_1" if new.upper() in SPSS_WORDS else new, "", stata=False)


def _letter(one: str) -> bool:
    """Whether a sign may stand in a name: letters of other alphabets may."""
    return one.isalnum() if one.isascii() else ord(one) >= 192 and one.isalpha()


def _cut(name: str, end: str, stata: bool) -> str:
    """A name cut so that it and its end fit."""
    if stata:
        return name[: 32 - len(end)] + end
    return cut_bytes(name, 64 - len(end), "").rstrip("._") + end


def cut_bytes(text: str, most: int, mark: str = "…") -> str:
    """Text of at most so many bytes in UTF-8; a mark ends what was cut.

    >>> cut_bytes("reciprocité", 9), cut_bytes("aé", 2, "")
    ('recipr…', 'a')
    """
    raw = text.encode("utf-8")
    if len(raw) <= most:
        return text
    return raw[: most - len(mark.encode("utf-8"))].decode("utf-8", errors="ignore") + mark

"""Several fits side by side, in the form of a journal, with what keeps them from being compared."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, OutputError, listed, one_of, unknown
from honestsignals.papers import sheets
from honestsignals.papers.cells import STATISTICS, Form
from honestsignals.papers.comparability import Column, Fit, columns_of, differences, one_line
from honestsignals.papers.journals import JOURNALS
from honestsignals.papers.sheets import Sheet, upright
from honestsignals.tables import refuse_ending, write_frames, write_text

if TYPE_CHECKING:
    import pandas as pd

WORD_ENDINGS = (".html", ".htm", ".doc")


@dataclass(frozen=True, eq=False)
class Comparison:
    """Fits side by side: prints the table, then its note. Made by :func:`compare`.

    Attributes
    ----------
    frame : pandas.DataFrame
        The cells as they are printed: ``term``, then a column a fit (several, where errors stand beside);
        the rows of coefficients, then those of the fits.
    coefficients : pandas.DataFrame
        Every digit: one row a coefficient of each fit, ``model`` first.
    fits : pandas.DataFrame
        Every digit: one row a fit, ``model`` first.
    sheet : Sheet
        What is rendered.
    """

    frame: pd.DataFrame
    coefficients: pd.DataFrame
    fits: pd.DataFrame
    sheet: Sheet

    def tidy(self) -> pd.DataFrame:
        """One row a coefficient of each fit, as its ``tidy`` has it, ``model`` first."""
        return self.coefficients.copy()

    def glance(self) -> pd.DataFrame:
        """One row a fit, as its ``glance`` has it, ``model`` first."""
        return self.fits.copy()

    def note(self) -> str:
        """What a reader must know beside the numbers, in one line."""
        return upright(" ".join(self.sheet.notes))

    def __str__(self) -> str:
        return sheets.plain_text(self.sheet)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.to_html()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    # files

    def to_html(self, path: str | os.PathLike[str] | None = None, *, word: bool = False) -> str:
        """The table and its note as HTML; with ``word``, a whole document for a word processor."""
        made = sheets.document(self.sheet) if word else sheets.hypertext(self.sheet)
        return _written(made, path)

    def to_word(self, path: str | os.PathLike[str]) -> None:
        """Write a document of HTML that a word processor opens, or a browser, to paste from.

        Every cell has its own style: no class, no sheet of styles, nothing from elsewhere.

        Parameters
        ----------
        path : str or path-like
            Ends in .html, .htm or .doc.

        Raises
        ------
        OutputError
            For another ending: .docx is another format, which this is not.
        """
        name = Path(path).name
        if not name.lower().endswith(WORD_ENDINGS):
            raise OutputError(
                f"{name!r} ends in none of {', '.join(WORD_ENDINGS)}: the table is HTML, which word "
                "processors open and save as their own."
            )
        self.to_html(path, word=True)

    def to_latex(self, path: str | os.PathLike[str] | None = None) -> str:
        """The table and its note as LaTeX (booktabs); written to ``path`` where one is given."""
        return _written(sheets.latex(self.sheet), path)

    def to_markdown(self, path: str | os.PathLike[str] | None = None) -> str:
        """The table and its note as Markdown; written to ``path`` where one is given."""
        return _written(sheets.markdown(self.sheet), path)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write every digit of the coefficients as CSV, one row each, and of the fits beside them.

        Not the cells as printed: a spreadsheet takes (0.12) for the number −0.12. What describes the fits
        goes to a file of the same name with ``.fits`` before the ending.
        """
        refuse_ending(path, (".csv", ".csv.gz"))
        target = Path(path)
        # names of files may be in capitals, and hold other points
        length = len(".csv.gz") if target.name.lower().endswith(".gz") else len(".csv")
        beside = target.with_name(f"{target.name[:-length]}.fits{target.name[-length:]}")
        write_frames({path: self.coefficients, beside: self.fits})


def compare(
    *fits: Fit,
    names: Sequence[str] | None = None,
    style: str = "plain",
    stars: bool = False,
    show: Sequence[str] | str = ("std_error",),
    place: str = "below",
    digits: int = 3,
    terms: Sequence[str] | Mapping[str, str | None] | None = None,
    statistics: Sequence[str] | Mapping[str, str] | None = None,
) -> Comparison:
    """Put fits side by side: a row a term, a column a fit, what each rests on below.

    Terms are in the order in which they first appear; where a fit lacks one, the cell is blank. The note
    names the label and the errors, and says where the fits have other rows, labels, families or errors,
    so that a difference between columns need not be one of the terms.

    Parameters
    ----------
    *fits : Result, or anything with ``tidy()``, ``note()`` and, for what stands below, ``glance()``
        The fits. ``tidy()`` needs ``term`` (or ``component``) and ``estimate``.
    names : sequence of str, optional
        Headings of the columns, by default (1), (2), …
    style : {"plain", "apa", "aer", "asr", "sociological_science"}
        Form of a journal; ``honestsignals.papers.journals.JOURNALS`` says where its rules stand. Those of APA
        for numbers, of the AER and of Sociological Science are as published; of the ASR, only which
        levels it marks could be confirmed. For Econometrica, the QJE and the AJS no rule could be found:
        take "plain", or "aer" for a table that cannot have stars.
    stars : bool
        Mark p values below the journal's levels, which the note then states. Refused for "aer".
    show : sequence of {"std_error", "interval", "p_value", "statistic"}
        What stands with each estimate, in this order: errors in parentheses, intervals in brackets.
    place : {"below", "beside"}
        Where it stands.
    digits : int
        Digits after the point, from 0 to 10. What would read as 0 and is none keeps two digits.
    terms : sequence of str, or mapping of str to str, optional
        Terms that come first, in this order; a mapping renames them too, and leaves out, with a word in
        the note, those renamed to None. Terms renamed alike share a row.
    statistics : sequence of str, or mapping of str to str, optional
        Columns of ``glance()`` that stand below the coefficients; a mapping says what each is called.

    Returns
    -------
    Comparison

    Raises
    ------
    ArgumentError
        For something that is no fit, for stars where the journal has none, for an unknown form.
    UnknownNameError
        For a term or a statistic that no fit has.

    References
    ----------
    mood2010, mustillo2018

    Examples
    --------
    >>> import honestsignals as hs
    >>> dyads = hs.open_study("data/helpdesk").dyads(label="friendship")
    >>> volume = hs.fit("friendship ~ log1p(acts)", dyads)
    >>> balance = hs.fit("friendship ~ log1p(acts) + known(returned_share)", dyads)
    >>> print(compare(volume, balance, statistics=["rows", "people"]))
    Term                       (1)      (2)
    ---------------------  -------  -------
    Intercept               -2.724   -3.081
                           (0.383)  (0.431)
    log1p(acts)              1.454    0.529
                           (0.178)  (0.248)
    known(returned_share)             3.662
                                    (0.581)
    ---------------------  -------  -------
    Rows                       435      435
    People                      30       30
    <BLANKLINE>
    Log odds of friendship.
    Standard errors: net jackknife over people and pairs, t with ...
    Coefficients of these families grow with whatever else explains the label, ...
    Standard errors in parentheses.
    """
    one_of("style", style, tuple(JOURNALS))
    one_of("place", place, ("below", "beside"))
    wanted = (show,) if isinstance(show, str) else tuple(show)
    form = Form(JOURNALS[style], wanted, place == "beside", stars, digits)
    form.check(style)
    columns = columns_of(fits, names)
    form = form.as_far_as(columns)
    rows, dropped = _rows(columns, terms)
    body = form.body(rows, columns)
    foot = form.foot(_statistics(columns, statistics), columns)
    notes = _notes(columns, form, rows, dropped)
    sheet = Sheet(form.over(columns), form.head(columns), body, foot, notes)
    return Comparison(_frame(sheet), _coefficients(columns), _fits(columns), sheet)


def _rows(
    columns: Sequence[Column], terms: Sequence[str] | Mapping[str, str | None] | None
) -> tuple[dict[str, list[str]], list[str]]:
    """What each row is called with the terms that share it, in order; and the terms left out."""
    cuts = dict.fromkeys(term for column in columns for term in column.cut_points)
    every = list(dict.fromkeys(str(term) for column in columns for term in column.table.index))
    every = [*(term for term in every if term not in cuts), *cuts]
    if isinstance(terms, str):
        raise ArgumentError(f"terms is {terms!r}; it must be a sequence of terms, or a mapping of new names.")
    words: dict[str, str | None] = {}
    for term in terms or ():
        if term not in every:
            raise unknown("term", term, every)
        words[term] = terms[term] if isinstance(terms, Mapping) else term
    rows: dict[str, list[str]] = {}
    for term in (*words, *(one for one in every if one not in words)):
        name = words.get(term, term)
        if name is not None:
            rows.setdefault(one_line(name), []).append(term)
    for name, shared in rows.items():
        both = next(
            (one.name for one in columns if sum(term in one.table.index for term in shared) > 1), None
        )
        if both is not None:
            raise ArgumentError(
                f"terms calls {listed(shared)} {name!r}, and {both} has more than one of them."
            )
    return rows, [term for term, name in words.items() if name is None]


def _statistics(
    columns: Sequence[Column], statistics: Sequence[str] | Mapping[str, str] | None
) -> dict[str, str]:
    """Columns of glance that stand below, and what each is called."""
    if isinstance(statistics, str):
        raise ArgumentError(f"statistics is {statistics!r}; it must be a sequence of columns of glance().")
    every = list(dict.fromkeys(name for column in columns for name in column.one))
    if statistics is None:
        return {name: words for name, words in STATISTICS.items() if name in every}
    out = {}
    for name in statistics:
        if name not in every:
            raise unknown("statistic", name, every)
        usual = STATISTICS.get(name, name.replace("_", " ").capitalize())
        out[name] = statistics[name] if isinstance(statistics, Mapping) else usual
    return out


def _notes(
    columns: Sequence[Column], form: Form, rows: Mapping[str, Sequence[str]], dropped: Sequence[str]
) -> tuple[str, ...]:
    """What stands below: what the numbers are, what keeps them apart, what is not there, the stars."""
    journal = form.journal
    lines = [*differences(columns), *form.legend(), *_no_errors(columns, form, rows)]
    if dropped:
        lines.append(f"Not shown: {listed(dropped)}.")
    width = 1 + len(form.head(columns)[1:])
    if journal.most_columns and width > journal.most_columns:
        lines.append(
            f"{width} columns with the row headings; {journal.title} print at most {journal.most_columns}."
        )
    if form.stars:
        levels = [
            f"{mark} {journal.symbol('p')} < {journal.level(level)}"
            for level, mark in reversed(journal.stars)
        ]
        lines.append(f"{', '.join(levels)}; two-sided, not adjusted for the number of tests.")
    if journal.prefix and lines:
        lines[0] = f"{journal.symbol(journal.prefix)} {lines[0]}"
    return tuple(lines)


def _no_errors(columns: Sequence[Column], form: Form, rows: Mapping[str, Sequence[str]]) -> list[str]:
    """Coefficients that have an estimate and no standard error, by fit."""
    if not set(form.wanted) & {"std_error", "interval", "p_value", "statistic"}:
        return []
    shown = {term for terms in rows.values() for term in terms}
    lines = []
    for column in columns:
        lacks = [
            str(term)
            for term in column.table.index
            if term in shown
            and _lacks(column, str(term))
            and not np.isnan(column.number(str(term), "estimate"))
        ]
        if lacks:
            lines.append(f"A dash stands where there is no standard error: {column.name}, {listed(lacks)}.")
    return lines


def _lacks(column: Column, term: str) -> bool:
    return "std_error" in column.table.columns and np.isnan(column.number(term, "std_error"))


def _frame(sheet: Sheet) -> pd.DataFrame:
    """The cells as a frame."""
    import pandas as pd

    rows = [[upright(cell) for cell in row] for row in (*sheet.rows, *sheet.foot)]
    return pd.DataFrame(rows, columns=["term", *map(upright, sheet.heads()[1:])])


def _coefficients(columns: Sequence[Column]) -> pd.DataFrame:
    """Every digit of every coefficient."""
    import pandas as pd

    parts = []
    for column in columns:
        part = column.table.drop(columns=["term"], errors="ignore").reset_index()
        part.insert(0, "model", column.name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _fits(columns: Sequence[Column]) -> pd.DataFrame:
    """Every digit of what each fit is."""
    import pandas as pd

    return pd.DataFrame([{"model": column.name, **column.one} for column in columns])


def _written(text: str, path: str | os.PathLike[str] | None) -> str:
    if path is not None:
        write_text(path, text + "\n")
    return text

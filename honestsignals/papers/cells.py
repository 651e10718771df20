"""How the numbers of fits become the cells of a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from honestsignals.errors import ArgumentError, one_of
from honestsignals.papers.comparability import Column
from honestsignals.papers.journals import Journal, figure

Row = tuple[str, ...]
SHOWN = {"std_error": "standard error", "interval": "95% interval", "p_value": "p", "statistic": "t"}
"""What can stand with an estimate, and its heading where it stands beside it."""
NEEDED = {"std_error": "std_error", "interval": "low", "p_value": "p_value", "statistic": "statistic"}
"""The column of ``tidy()`` that each needs."""
SYMBOLS = ("p", "t")
STATISTICS = {
    "label": "Label",
    "family": "Family",
    "covariance": "Standard errors",
    "fixed_effects": "Fixed effects",
    "rows": "Rows",
    "pairs": "Pairs",
    "people": "People",
    "events": "Rows with label 1",
    "base_rate": "Base rate",
    "r_squared": "R²",
    "log_likelihood": "Log likelihood",
}
"""What stands below the coefficients unless asked otherwise, and what it is called."""
COUNTS = ("rows", "pairs", "people", "events")
MEAN = "mean"
"""Row of a label that is no 0 or 1, whose ``base_rate`` is a mean."""
WITHIN = "r_squared_within"
"""Row of fits beside effects of people, whose ``r_squared`` is of what those effects leave."""
MOST_DIGITS = 10


@dataclass(frozen=True)
class Form:
    """How cells are printed.

    Attributes
    ----------
    journal : Journal
        Whose form it is.
    wanted : tuple of str
        What stands with an estimate, keys of ``SHOWN``.
    beside : bool
        Whether it stands beside the estimate.
    stars : bool
        Whether p values are marked.
    digits : int
        Digits after the point.
    """

    journal: Journal
    wanted: tuple[str, ...]
    beside: bool
    stars: bool
    digits: int

    def check(self, style: str) -> None:
        """Refuse what the journal does not print."""
        for one in self.wanted:
            one_of("show", one, tuple(SHOWN))
        if len(set(self.wanted)) < len(self.wanted):
            raise ArgumentError(f"show is {self.wanted!r}; each can stand there once.")
        whole = isinstance(self.digits, int) and not isinstance(self.digits, bool)
        most = self.journal.most_digits or MOST_DIGITS
        if not whole or not 0 <= self.digits <= most:
            raise ArgumentError(f"digits is {self.digits!r}; it must be a whole number from 0 to {most}.")
        if self.stars and not self.journal.stars:
            raise ArgumentError(f"stars is True, and {self.journal.title} prints none; choose another style.")
        if self.beside and self.journal.below:
            raise ArgumentError(
                f"place is 'beside', and {self.journal.title} wants errors below; choose another style "
                f"than {style!r}."
            )

    def as_far_as(self, columns: Sequence[Column]) -> Form:
        """The same form with what at least one fit has; standard errors that none has are passed over."""
        has = {one for one in self.wanted if any(NEEDED[one] in column.table.columns for column in columns)}
        for one in self.wanted:
            if one not in has and one != "std_error":
                raise ArgumentError(f"show has {one!r}, and no fit has the column {NEEDED[one]!r}.")
        if self.stars and not any("p_value" in column.table.columns for column in columns):
            raise ArgumentError("stars is True, and no fit has p values.")
        return replace(self, wanted=tuple(one for one in self.wanted if one in has))

    # headings

    def over(self, columns: Sequence[Column]) -> tuple[tuple[str, int], ...]:
        """Names of the fits, where each has several columns."""
        width = 1 + len(self.wanted)
        return tuple((column.name, width) for column in columns) if self.beside and width > 1 else ()

    def head(self, columns: Sequence[Column]) -> tuple[str, ...]:
        """Headings of the columns."""
        if not self.over(columns):
            return (self.journal.term, *(column.name for column in columns))
        words = ["estimate", *(SHOWN[one] for one in self.wanted)]
        marked = [self.journal.symbol(word) if word in ("p", "t") else word for word in words]
        return (self.journal.term, *(word for _ in columns for word in marked))

    def legend(self) -> list[str]:
        """What stands in parentheses and brackets."""
        if self.beside or not self.wanted:
            return []
        marks = {"std_error": "standard errors in parentheses", "interval": "95 % intervals in brackets"}
        said = [marks[one] for one in self.wanted if one in marks]
        text = "; ".join(said)
        return [f"{text[0].upper()}{text[1:]}."] if said else []

    # rows

    def body(self, rows: Mapping[str, Sequence[str]], columns: Sequence[Column]) -> tuple[Row, ...]:
        """The rows of coefficients.

        Parameters
        ----------
        rows : mapping of str to sequence of str
            What each row is called, and the terms that share it.
        columns : sequence of Column
            The fits.
        """
        out: list[Row] = []
        for words, terms in rows.items():
            found = [next((term for term in terms if term in one.table.index), None) for one in columns]
            pairs = list(zip(columns, found, strict=True))
            if self.beside:
                cells = [self._cell(*pair, what) for pair in pairs for what in ("estimate", *self.wanted)]
                out.append((words, *cells))
                continue
            out.append((words, *(self._cell(*pair, "estimate") for pair in pairs)))
            out += [("", *(self._cell(*pair, what) for pair in pairs)) for what in self.wanted]
        return tuple(out)

    def _cell(self, column: Column, term: str | None, what: str) -> str:
        """One number of one term of one fit; blank where the fit has no such term or number."""
        if term is None or NEEDED.get(what, what) not in column.table.columns:
            return ""
        value = column.number(term, NEEDED.get(what, what))
        if what == "estimate":
            return figure(value, self.digits) + (
                self.journal.marks(column.number(term, "p_value")) if self.stars else ""
            )
        if what == "std_error":
            return f"({figure(value, self.digits)})"
        if what == "interval":
            ends = (figure(column.number(term, end), self.digits) for end in ("low", "high"))
            return "[–]" if math.isnan(value) else f"[{', '.join(ends)}]"
        text = self.journal.p_value(value) if what == "p_value" else figure(value, 2)
        if self.beside:
            return text
        symbol = self.journal.symbol(SHOWN[what])
        return f"{symbol} {text}" if text.startswith("<") else f"{symbol} = {text}"

    def foot(self, named: Mapping[str, str], columns: Sequence[Column]) -> tuple[Row, ...]:
        """The rows of the fits.

        Parameters
        ----------
        named : mapping of str to str
            Columns of ``glance()``, and what each is called.
        columns : sequence of Column
            The fits.
        """
        between = [""] * len(self.wanted) if self.over(columns) else []
        rows = []
        for name, words in _with_further(named).items():
            cells = [self._told(column, name) for column in columns]
            if any(cell not in ("", "–") for cell in cells):
                rows.append((words, *(cell for one in cells for cell in (one, *between))))
        return tuple(rows)

    def _told(self, column: Column, name: str) -> str:
        """One cell of what a fit is; blank where it does not tell, a dash where it is undefined."""
        value: Any = column.one.get({MEAN: "base_rate", WITHIN: "r_squared"}.get(name, name))
        if name in (MEAN, WITHIN, "base_rate", "r_squared") and name != _row_of(column, name):
            return ""
        if name == "fixed_effects" and missing(value):
            return "none" if "covariance" in column.one else ""
        if missing(value):
            return "–" if name in column.one and name != "events" else ""
        if isinstance(value, str):
            return value.replace("_", " ") if name in ("family", "covariance") else value
        if name == "base_rate":
            return f"{value:.2%}"
        if name in ("r_squared", WITHIN):
            return self.journal.share(float(value), self.digits)
        return f"{value:,.0f}" if name in COUNTS else figure(float(value), self.digits)


def _row_of(column: Column, name: str) -> str:
    """The row that a fit's base rate, or its R², stands in; empty where it has no such number.

    Parameters
    ----------
    column : Column
        The fit.
    name : str
        One of the two rows.
    """
    if name in ("r_squared", WITHIN):
        # no R² at all is undefined, whatever stands beside the slopes
        inside = column.within_people and not missing(column.one.get("r_squared"))
        return WITHIN if inside else "r_squared"
    if missing(column.one.get("base_rate")) or column.one.get("family") == "multinomial":
        return ""
    return MEAN if missing(column.one.get("events")) else "base_rate"


def _with_further(named: Mapping[str, str]) -> dict[str, str]:
    """The rows, each followed by those that some fits have in its place: means, R² within people."""
    out: dict[str, str] = {}
    for name, words in named.items():
        out[name] = words
        if name == "base_rate":
            out[MEAN] = "Mean of the label" if words == STATISTICS["base_rate"] else words
        if name == "r_squared":
            out[WITHIN] = f"{words} within people"
    return out


def missing(value: Any) -> bool:
    """Whether a cell has nothing in it.

    >>> missing(None), missing(float("nan")), missing(0), missing("logit")
    (True, True, False, False)
    """
    return value is None or (not isinstance(value, str) and math.isnan(value))

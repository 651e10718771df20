"""How journals want a table of coefficients, with the page that says so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

SLANT, UPRIGHT = "\ue000", "\ue001"
"""Around what a journal sets in italics; private characters, so that no name can hold them by chance."""
THREE_STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))


@dataclass(frozen=True)
class Journal:
    """What a table of coefficients looks like in a journal.

    Attributes
    ----------
    title : str
        The journal or the manual.
    source : str
        Where the rules stand, and what could not be confirmed.
    stars : tuple of (float, str)
        Levels from the smallest, and the mark of each; empty where the journal has none.
    zero : bool
        Whether what cannot exceed 1 (p, R²) has a zero before the point.
    p_digits : int
        Digits of a p value; what is smaller than the last of them is printed as "<".
    term, prefix : str
        Heading of the first column; what the note begins with.
    italic : bool
        Whether symbols of statistics are in italics.
    most_columns, most_digits : int
        Columns with the terms' own, digits after the point; 0 where there is no limit.
    below : bool
        Whether standard errors must stand below.
    """

    title: str
    source: str
    stars: tuple[tuple[float, str], ...] = THREE_STARS
    zero: bool = True
    p_digits: int = 3
    term: str = "Term"
    prefix: str = ""
    italic: bool = False
    most_columns: int = 0
    most_digits: int = 0
    below: bool = False

    def p_value(self, value: float) -> str:
        """A p value in the journal's form; a dash where there is none.

        >>> JOURNALS["apa"].p_value(0.0321), JOURNALS["apa"].p_value(1e-9), JOURNALS["aer"].p_value(0.5)
        ('.032', '< .001', '0.500')
        """
        if math.isnan(value):
            return "–"
        least = 10.0**-self.p_digits
        text = f"{max(value, least):.{self.p_digits}f}"
        text = text if self.zero else text.removeprefix("0")
        return f"< {text}" if value < least else text

    def share(self, value: float, digits: int) -> str:
        """A number that cannot exceed 1.

        >>> JOURNALS["apa"].share(0.4667, 3), JOURNALS["plain"].share(0.4667, 3)
        ('.467', '0.467')
        """
        text = figure(value, digits)
        return text if self.zero else text.replace("0.", ".", 1) if abs(value) < 1 else text

    def level(self, value: float) -> str:
        """A level as a note prints it.

        >>> JOURNALS["apa"].level(0.05), JOURNALS["plain"].level(0.05)
        ('.05', '0.05')
        """
        return f"{value:g}" if self.zero else f"{value:g}".removeprefix("0")

    def symbol(self, text: str) -> str:
        """A symbol of a statistic, marked where the journal sets it in italics."""
        return f"{SLANT}{text}{UPRIGHT}" if self.italic else text

    def marks(self, value: float) -> str:
        """The stars of a p value; none where it is undefined.

        >>> JOURNALS["asr"].marks(0.004), JOURNALS["asr"].marks(float("nan"))
        ('**', '')
        """
        return next((mark for level, mark in self.stars if value < level), "")


JOURNALS: Mapping[str, Journal] = {
    "plain": Journal("no journal in particular", "this package's own form", p_digits=4),
    "apa": Journal(
        "APA Style, 7th edition",
        "Publication Manual 6.36 (p and R² without the zero, p < .001), 7.8 to 7.21 (rules, notes); its "
        "pages Numbers and Statistics Guide, Table Setup, and Sample Tables (stars at .05, .01, .001)",
        zero=False,
        term="Variable",
        prefix="Note.",
        italic=True,
    ),
    "aer": Journal(
        "American Economic Review and the journals of the AEA",
        "AER Style Guide, Tables: standard errors in parentheses and no asterisks, a zero before every "
        "point, at most 9 columns with the row headings, no abbreviated headings",
        stars=(),
        prefix="Notes:",
        most_columns=9,
    ),
    "asr": Journal(
        "American Sociological Review",
        "Mustillo, Lizardo & McVeigh 2018: two-tailed tests, no mark for p < .10 but in rare cases. That "
        "errors stand below in parentheses and stars begin at .05 is its practice; no page that says so "
        "could be read",
        zero=False,
    ),
    "sociological_science": Journal(
        "Sociological Science",
        "Guidelines for Table Preparation: errors in the row below, at most three digits, a zero before "
        "the point, marks one character wide at two levels at most, p to two digits",
        stars=((0.01, "†"), (0.05, "*")),
        p_digits=2,
        most_digits=3,
        below=True,
    ),
}
"""Styles by name. Econometrica, the QJE and the AJS are not here: no rule of theirs could be found."""


def figure(value: float, digits: int) -> str:
    """A number with so many digits after the point; what would read as 0 and is none keeps two digits.

    >>> figure(-0.51234, 3), figure(0.00001234, 3), figure(0.0, 3), figure(float("nan"), 3)
    ('-0.512', '1.2e-05', '0.000', '–')
    >>> figure(12345.678, 1), figure(float("inf"), 2)
    ('12,345.7', '∞')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        # -0.000 would be a sign without a number
        return f"{value:.2g}" if value != 0 else f"{0.0:.{digits}f}"
    return text if abs(value) < 1e15 else f"{value:.{digits}g}"

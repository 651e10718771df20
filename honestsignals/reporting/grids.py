"""Tables of the report: frames as the page shows them, and as LaTeX."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from honestsignals.dyads import DyadTable
from honestsignals.inference.words import counted
from honestsignals.references import REFERENCES
from honestsignals.reporting.blocks import Grid
from honestsignals.reporting.ladder import Ladder
from honestsignals.reporting.words import FOOT, heading, shown
from honestsignals.tables import PROBABILITIES, number, probability, render

if TYPE_CHECKING:
    import pandas as pd

HEADINGS = {
    "of": "Left out",
    "reason": "because",
    "count": "how many",
    "pairs": "Pairs",
    "rows": "how many",
    "share": "share",
    "events": "label 1",
    "base_rate": "base rate",
    "metric": "Measure",
    "q25": "25%",
    "q75": "75%",
    "mean_0": "mean, 0",
    "mean_1": "mean, 1",
    "median_0": "median, 0",
    "median_1": "median, 1",
    "value": "of the acts",
    "zero": "0 says",
    "n": "known",
    "people": "People",
    "std_error": "std. error",
    "statistic": "statistic",
    "p_value": "p",
    "mc_error": "± of p",
    "low": "2.5%",
    "high": "97.5%",
}
SYMBOLS = {
    "−": "$-$",
    "∞": r"$\infty$",
    "Δ": r"$\Delta$",
    "→": r"$\to$",
    "²": "$^2$",
    "χ": r"$\chi$",
    "–": "--",
}
"""Signs of our own that not every engine of TeX knows."""
SHARES = ("share", "base_rate")
"""Columns that are printed in per cent."""
COUNTS = ("rows", "events", "n", "n_0", "n_1", "count")
"""Columns that are whole numbers, or hidden."""
WIDE = 6
"""Columns beyond which a table has smaller letters."""


def grid(frame: pd.DataFrame, name: str, caption: str, digits: int = 2) -> Grid:
    """A frame as a table of the page.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its first column heads the rows.
    name, caption : str
        Id, and what it is.
    digits : int
        Digits after the point.

    Returns
    -------
    Grid

    Examples
    --------
    >>> import pandas as pd
    >>> grid(pd.DataFrame({"metric": ["acts"], "mean": [-2.5], "share": [0.0201]}), "m", "").rows
    (('acts', '−2.50', '2.01%'),)
    """
    columns = [str(column) for column in frame.columns]
    numeric = tuple(frame[column].dtype.kind in "iufb" for column in columns)
    cells = [
        [cell(value, column, digits) if right else str(value) for value in frame[column]]
        for column, right in zip(columns, numeric, strict=True)
    ]
    head = tuple(HEADINGS.get(column, column) for column in columns)
    return Grid(name, caption, head, numeric, tuple(zip(*cells, strict=True)), wide=len(columns) > WIDE)


def cell(value: Any, column: str, digits: int) -> str:
    """One number of a table, with a true minus.

    >>> cell(0.5, "share", 2), cell(-1.0, "mean", 2), cell(801, "n", 2), cell(-0.0041, "mean", 2)
    ('50.00%', '−1.00', '801', '−0.004')
    """
    if math.isnan(value):
        return "–"
    if column in SHARES:
        return f"{value:.2%}"
    if column in PROBABILITIES:
        return probability(value)
    if column in COUNTS:
        return f"{value:,.0f}"
    if not isinstance(value, float) or not math.isfinite(value) or abs(value) >= 1e5:
        return minus(number(value, digits))
    # what would round to nothing keeps a digit of its own
    nothing = 0 < abs(value) < 0.5 * 10.0**-digits
    return minus(f"{value:.1g}" if nothing else f"{value:,.{digits}f}")


def minus(text: str) -> str:
    """A number with a minus sign instead of a hyphen; the hyphen of an exponent too.

    >>> minus("-2.5 (1.2e-05)")
    '−2.5 (1.2e−05)'
    """
    return re.sub(r"-(?=[\d∞])", "−", text)


LOG_ODDS = {
    "logit": "Log odds of",
    "ordered_logit": "Log odds of a higher level, and cut points between levels (the last terms), of",
}
"""What the coefficients of a family are, where they have a name of their own."""


def ladder_grid(made: Ladder) -> Grid:
    """The fits side by side: one column a step, each standard error below its estimate.

    Parameters
    ----------
    made : Ladder
        With at least one fit.

    Returns
    -------
    Grid
    """
    frame = made.side_by_side()
    cells = [[minus(str(cell)) for cell in row] for row in frame.itertuples(index=False)]
    above, foot = cells[: -len(FOOT)], cells[-len(FOOT) :]
    rows = [
        (first[0], *("\n".join(both).strip() for both in zip(first[1:], second[1:], strict=True)))
        for first, second in zip(above[::2], above[1::2], strict=True)
    ]
    family = made.family.name if made.family else ""
    what = LOG_ODDS.get(family, "Coefficients of")
    caption = f"{what} {made.label}, with standard errors below in parentheses."
    head = ("Term", *(str(name) for name in frame.columns[1:]))
    right = (False, *(True for _ in head[1:]))
    return Grid("ladder", caption, head, right, (*rows, *(tuple(row) for row in foot)), len(FOOT))


def steps_grid(made: Ladder) -> Grid:
    """What each step adds, and its test.

    Parameters
    ----------
    made : Ladder
        The models.

    Returns
    -------
    Grid
    """
    rows = []
    for step in made.steps:
        test = step.test
        numbers = ("–",) * 3
        if test is not None:
            df = f"{test.df1:g}, {test.df2:.1f}" if test.df2 != float("inf") else f"{test.df1:g}"
            numbers = (shown(test.statistic, "{:.2f}"), df, probability(test.p_value))
        rows.append((heading(step.name), ", ".join(step.adds) or "nothing", *numbers))
    head = ("Step", "adds", "F", "df", "p")
    caption = "Wald tests that all coefficients a step adds are 0."
    return Grid("steps", caption, head, (False, False, True, True, True), tuple(rows))


def codebook_grid(frame: pd.DataFrame) -> Grid:
    """The codebook, its range in one column.

    Parameters
    ----------
    frame : pandas.DataFrame
        As :meth:`honestsignals.DyadTable.codebook` gives it.

    Returns
    -------
    Grid
    """
    ends = zip(frame["unit"], frame["lowest"], frame["highest"], strict=True)
    # names and states are no numbers; the blanks do not break, so that a range stays on its line
    ranges = [
        "" if unit in ("id", "state") else minus(f"{number(low, 2)}\xa0to\xa0{number(high, 2)}")
        for unit, low, high in ends
    ]
    text = frame[["column", "meaning", "unit"]].assign(range=ranges)
    text[["undefined where", "formula"]] = frame[["undefined where", "formula"]]
    text["reference"] = [REFERENCES[key].short if key in REFERENCES else key for key in frame["reference"]]
    # names of code stand in the docstrings that meanings are taken from
    return grid(text.astype(str), "codebook", "What each column of the dyad table is.")


def measures_grid(frame: pd.DataFrame, table: DyadTable) -> Grid:
    """The measures among pairs in contact, those of a binary label's two answers side by side.

    Parameters
    ----------
    frame : pandas.DataFrame
        As :func:`honestsignals.reporting.summary.measures` gives it.
    table : DyadTable
        That it was made of.

    Returns
    -------
    Grid
    """
    met = table.frame[table.frame["in_contact"] == 1]
    caption = f"{counted(len(met), 'ordered pair' if table.directed else 'pair')} in contact"
    by = [f"{what}_{answer}" for what in ("mean", "median") for answer in (0, 1)]
    if by[0] in frame.columns:
        answers = (met[table.label] == answer for answer in (0, 1))
        no, yes = (counted(int(mask.sum()), "is", "are") for mask in answers)
        caption += f", of which {no} 0 and {yes} 1"
    names = [
        "metric",
        "n",
        "mean",
        "sd",
        "q25",
        "median",
        "q75",
        *(one for one in by if one in frame.columns),
    ]
    return grid(frame[names], "measures", f"{caption}.")


def latex(frame: pd.DataFrame, columns: str = "", digits: int = 3) -> str:
    r"""A frame as LaTeX (booktabs) that every engine of TeX can set.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows and columns.
    columns : str
        Alignment of the columns, as ``tabular`` takes it; "" for numbers right, words left.
    digits : int
        Digits after the point.

    Returns
    -------
    str

    Examples
    --------
    >>> import pandas as pd
    >>> latex(pd.DataFrame({"term": ["acts"], "estimate": [-0.5]})).splitlines()[4].split()
    ['acts', '&', '$-$0.500', '\\\\']
    """
    text = render(frame, "latex", digits)
    if columns:
        opening = rf"\begin{{tabular}}{{{columns}}}"
        text = re.sub(r"\\begin\{tabular\}\{\w+\}", lambda _: opening, text, count=1)
    text = re.sub(r"(?<![\w}.-])-(?=\d)", lambda _: "$-$", text)
    for sign, command in SYMBOLS.items():
        text = text.replace(sign, command)
    return text + "\n"


def latex_of(name: str, frame: pd.DataFrame, made: Ladder | None) -> str:
    """A table of the report as LaTeX: the fits side by side, the others as far as a page is wide.

    Parameters
    ----------
    name : str
        Of its file.
    frame : pandas.DataFrame
        As the file of CSV has it.
    made : Ladder or None
        The models.

    Returns
    -------
    str
    """
    if name == "ladder" and made is not None:
        return latex(made.side_by_side(), "l" + "r" * len(made.fits))
    if name in NARROW:
        columns, alignment = NARROW[name]
        return latex(frame[[one for one in columns if one in frame.columns]], alignment)
    if name == "steps":
        return latex(frame.drop(columns=["result"]))
    return latex(frame)


NARROW = {
    "codebook": (("column", "meaning", "unit", "undefined where"), "lp{6cm}p{2cm}p{4cm}"),
    "network": (("title", "value", "range", "zero"), "p{6cm}rlp{6cm}"),
    "people": (("metric", "n", "mean", "sd", "q25", "median", "q75"), ""),
}
"""Columns that a page of LaTeX has room for, and how they stand."""

"""Figures with a row a thing: where rows stand, so that no name touches the next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from honestsignals.figures.style import INK, SOFT, inches_wide, plain, wrapped
from honestsignals.tables import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

LINE, LEAST = 0.165, 0.3
"""Inches of a line of text, and of a row at least."""
NOUGHT = 1e-15
"""What rounding leaves of a difference that is 0."""
DIGIT = 0.08
"""Inches of a digit."""
EDGE = 0.08
"""Inches above the first row and below the last."""
_IDS = "ego|alter|person|sender|receiver"
PEOPLE = re.compile(rf"\b(?:{_IDS})\b")
"""Columns of ids."""
LEVEL = re.compile(rf"(?:(C\((?:{_IDS})\b)(.*?\))|\b({_IDS}))\[.*?\](?=:|$)", re.DOTALL)
"""A level of one of them, with what its contrast names."""
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


class Rows(NamedTuple):
    """Rows from the top down, in inches.

    Attributes
    ----------
    centre, height : ndarray, shape (rows,), inches
    names : list of str
        On as many lines as they need.
    total : float, inches
    """

    centre: Array
    height: Array
    names: list[str]
    total: float


def page_wide(axes: Axes) -> bool:
    """Whether the figure has the width of a page, and not that of a telephone."""
    figure = axes.get_figure(root=True)
    return figure is None or float(figure.get_size_inches()[0]) >= 5


def rows_of(names: Sequence[str], axes: Axes, least: float = LEAST) -> Rows:
    """Rows that are as high as their names, or as what is drawn in them.

    Parameters
    ----------
    names : sequence of str
    axes : matplotlib.axes.Axes
        Where they will stand.
    least : float, inches
        Height of a row at least.

    Returns
    -------
    Rows
    """
    width = 26 if page_wide(axes) else 17
    written = [wrapped(name, width) for name in names]
    height = np.array([max(least, LINE * (text.count("\n") + 1) + 0.1) for text in written])
    ends = EDGE + np.cumsum(height)
    return Rows(ends - height / 2, height, written, float(ends[-1]) + EDGE if len(ends) else 2 * EDGE)


def lay_rows(axes: Axes, rows: Rows, *, named: bool = True) -> None:
    """The y axis of rows: the first at the top, each with its name, and a grid along the x axis."""
    axes.set_ylim(rows.total, 0.0)
    axes.set_facecolor("none")
    axes.set_yticks(rows.centre, rows.names if named else [""] * len(rows.names))
    plain(axes, "x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", labelcolor=INK)


def at_right(axes: Axes, rows: Rows, texts: Sequence[str]) -> None:
    """Words to the right of rows."""
    other = axes.secondary_yaxis("right")
    other.set_yticks(rows.centre, list(texts))
    other.set_facecolor("none")
    other.tick_params(colors=INK, labelcolor=INK, length=0)
    other.spines["right"].set_visible(False)


def few_ticks(axes: Axes) -> None:
    """Not more numbers along the x axis than there is room for; called when everything is drawn."""
    # names of rows will take some of what there is
    room = 0.9 * inches_wide(axes)
    axes.locator_params(axis="x", nbins=max(2, min(7, int(room / 0.56))))
    low, high = sorted(axes.get_xlim())
    every = axes.xaxis.get_major_locator()()
    ticks = np.array([one for one in every if low <= one <= high])
    if len(ticks) < 2:
        return
    words = axes.xaxis.get_major_formatter().format_ticks(list(ticks))
    needed = DIGIT * (max(map(len, words)) + 1)
    apart = int(np.ceil(needed * (high - low) / (room * float(ticks[1] - ticks[0])) - 1e-9))
    if apart > 1:
        kept = [ticks[first::apart].tolist() for first in range(min(apart, len(ticks)))]
        # as many as can be, and 0 among them where that costs none
        axes.set_xticks(max(kept, key=lambda one: (len(one), 0.0 in one)))


def whiskers(axes: Axes, low: Array, high: Array, at: Array, colour: str) -> None:
    """Intervals as lines; of an interval that has no end, none."""
    known = np.isfinite(low) & np.isfinite(high)
    axes.hlines(at[known], low[known], high[known], colors=colour, linewidth=1.5, zorder=2)


def upright(axes: Axes, at: float) -> None:
    """A line through all rows, where nothing is gained."""
    axes.axvline(at, color=SOFT, linewidth=1.0, linestyle=(0, (4.0, 3.0)), zorder=1)


def signed(value: float, digits: int = 3) -> str:
    """A number with its sign, as gains are printed.

    >>> signed(0.0123), signed(-0.5), signed(float("nan")), signed(-2e-5)
    ('+0.012', '−0.500', '–', '−2e−05')
    """
    said = fixed(value, digits)
    return said if said.startswith(("−", "–")) else f"+{said}"


def fixed(value: float, digits: int = 3) -> str:
    """A number as figures print it.

    >>> fixed(0.5), fixed(-0.25), fixed(float("nan")), fixed(123456.0)
    ('0.500', '−0.250', '–', '123,456')
    >>> fixed(-2e-5), fixed(float("inf"))
    ('−2e−05', '∞')
    """
    if np.isfinite(value) and abs(value) <= NOUGHT:
        value = 0.0
    rounded = f"{value:,.{0 if abs(value) >= 1000 else digits}f}"
    # what rounds to nothing is not nothing
    strange = not np.isfinite(value) or (value != 0 and not rounded.strip("-0."))
    return (number(float(value), digits) if strange else rounded).replace("-", "−")


def nameless(term: str) -> str:
    """A coefficient's name without ids: which person a level is of is "a person".

    >>> nameless("C(ego)[T.P02]:log1p(acts)"), nameless("C(ego_office)[T.North]")
    ('C(ego)[a person]:log1p(acts)', 'C(ego_office)[T.North]')
    """
    if not PEOPLE.search(term):
        return term
    return QUOTED.sub(
        "'a person'", LEVEL.sub(lambda found: f"{f'{found[1]})' if found[1] else found[3]}[a person]", term)
    )


def interval(estimate: float, low: float, high: float) -> str:
    """An estimate with its interval, in words.

    >>> interval(0.5, 0.25, 0.75), interval(0.5, float("nan"), 1.0)
    ('0.500 (0.250 to 0.750)', '0.500 (no interval)')
    """
    if np.isnan(low) or np.isnan(high):
        return f"{fixed(estimate)} (no interval)"
    return f"{fixed(estimate)} ({fixed(low)} to {fixed(high)})"

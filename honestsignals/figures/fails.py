"""Figures of reciprocity fails: what happens around them, and what depends on the wait for a return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, listed, one_of, unknown
from honestsignals.figures.forests import table_with
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.rows import interval
from honestsignals.figures.style import (
    BLUE,
    DASHED,
    GRID,
    SOFT,
    SOLID,
    VERMILLION,
    Look,
    handle,
    key_width,
    legends,
    plain,
    room,
    say_why,
    wrapped,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

AROUND = ("of", "by", "opening", "from_day", "to_day", "value", "low", "high")
OVER = ("window", "window_days", "low", "high")
LINES = {
    ("opener", "left alone"): Look(VERMILLION, SOLID, "o"),
    ("opener", "returned"): Look(BLUE, SOLID, "s"),
    ("other", "left alone"): Look(VERMILLION, DASHED, "^"),
    ("other", "returned"): Look(BLUE, DASHED, "D"),
}
DRAWN = {
    "openings": ("openings a day", "Openings a day"),
    "disclosures": ("disclosures a day", "Disclosures a day"),
    "acts": ("acts a day", "All acts a day"),
    "depth": ("mean depth", "Mean depth"),
}
VALUES = {"ratio": "stifle ratio", "unreturned": "share not returned"}


@figure(
    "Around openings that were left alone, and around those returned",
    "stifling(...).event_study(), or a frame with the columns " + ", ".join(AROUND),
    height=3.8,
)
def event_study(table: Any, axes: Axes, *, of: str | None = None, by: str = "both") -> Axes:
    """Draw openings or acts a day, or depth, around openings that were left alone or returned.

    What comes while a return is waited for (shaded) is not drawn: there returned and left alone differ by
    what they are.

    Parameters
    ----------
    table : EventStudy or pandas.DataFrame
        A row a bin: ``of``, ``by``, ``opening``, ``from_day``, ``to_day``, ``value``, ``low``, ``high``.
    axes : matplotlib.axes.Axes
        Where to draw.
    of : {"openings", "disclosures", "acts", "depth"}, optional
        What is drawn; by default openings, or disclosures where the study is of these.
    by : {"both", "opener", "other"}
        Whose.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> rows = [("openings", "opener", "returned", -2.0, 0.0, 0.5, 0.4, 0.6),
    ...     ("openings", "opener", "returned", 1.0, 3.0, 0.7, 0.6, 0.8)]
    >>> axes = event_study(pd.DataFrame(rows, columns=list(AROUND)), Figure().subplots())
    >>> axes.get_xlabel()
    'days from the opening'
    """
    check_axes(axes)
    one_of("by", by, ("both", "opener", "other"))
    frame = _frame(table, AROUND, "event_study")
    there = [one for one in DRAWN if (frame["of"] == one).any()]
    of = (there or [*DRAWN])[0] if of is None else of
    one_of("of", of, tuple(DRAWN))
    frame = frame[(frame["of"] == of) & np.isfinite(frame["value"].to_numpy(dtype=float))]
    lines = [one for one in LINES if by in ("both", one[0])]
    parts = {one: frame[(frame["by"] == one[0]) & (frame["opening"] == one[1])] for one in lines}
    parts = {one: part.sort_values("from_day") for one, part in parts.items() if len(part)}
    if not parts:
        why = f"The event study has no {of}{f': it has {listed(there)}' if there else ''}."
        say_why(axes, why)
        return describe(axes, "event_study", why)
    words = [_around(axes, part, one) for one, part in parts.items()]
    end = min(float(part["from_day"][part["from_day"] > 0].min()) for part in parts.values())
    if np.isfinite(end):
        axes.axvspan(0, end, color=GRID, linewidth=0, zorder=1)
    axes.axvline(0, color=SOFT, linewidth=1, zorder=1)
    plain(axes)
    axes.set(xlabel="days from the opening", ylabel=DRAWN[of][0])
    if of != "depth":
        axes.set_ylim(bottom=0)
    keys = [handle(LINES[one], wrapped(_name(one), key_width(axes)), marker=True) for one in parts]
    key = legends(axes, [("", keys)])
    said = f"{DRAWN[of][1]} around openings, with 95 % intervals. {' '.join(words)}"
    return describe(axes, "event_study", said, room(axes, key, wide=3.2, narrow=2.5))


@figure(
    "What depends on how long a return is waited for",
    "sensitivity() of reciprocity_fails(...) or stifling(...), or a frame with the columns window, "
    "window_days, low, high, and ratio or unreturned",
    height=3.6,
)
def sensitivity(table: Any, axes: Axes) -> Axes:
    """Draw a stifle ratio, or the share that goes unreturned, by Δ, with its interval.

    Parameters
    ----------
    table : Sensitivity or pandas.DataFrame
        A row a Δ: ``window``, ``window_days``, ``low``, ``high``, and ``ratio`` or ``unreturned``.
    axes : matplotlib.axes.Axes
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> found = pd.DataFrame({"window": ["1D", "2D"], "window_days": [1.0, 2.0], "ratio": [0.8, 0.9],
    ...     "low": [0.7, 0.8], "high": [0.9, 1.0]})
    >>> sensitivity(found, Figure().subplots()).get_ylabel()
    'stifle ratio'
    """
    check_axes(axes)
    frame = _frame(table, OVER, "sensitivity")
    name = next((one for one in VALUES if one in frame.columns), None)
    if name is None:
        raise unknown("column", "ratio", [str(one) for one in frame.columns])
    frame = frame[np.isfinite(frame[name].to_numpy(dtype=float))].sort_values("window_days")
    if not len(frame):
        say_why(axes, "There is no Δ with a value.")
        return describe(axes, "sensitivity", "There is no Δ with a value.")
    x, value, low, high = (frame[one].to_numpy(dtype=float) for one in ("window_days", name, "low", "high"))
    axes.plot(x, value, color=BLUE, linewidth=1.8, marker="o", markersize=5.5, markeredgewidth=0, zorder=3)
    axes.fill_between(x, low, high, color=BLUE, alpha=0.15, linewidth=0, zorder=2)
    axes.set_xscale("log")
    axes.set_xticks([], minor=True)
    axes.set_xticks(x, [str(one) for one in frame["window"]])
    plain(axes)
    if name == "ratio":
        axes.axhline(1, color=SOFT, linewidth=1, zorder=1)
    else:
        axes.set_ylim(0, 1)
    axes.set(xlabel="Δ: up to when a return counts", ylabel=VALUES[name])
    axes.margins(x=0.04 if len(x) > 1 else 0.5)
    points = "; ".join(
        f"{window} {interval(*one)}" for window, *one in zip(frame["window"], value, low, high, strict=True)
    )
    what = VALUES[name].capitalize()
    return describe(axes, "sensitivity", f"{what} by Δ, with 95 % intervals: {points}.")


def _name(one: tuple[str, str]) -> str:
    return f"{'the opener' if one[0] == 'opener' else 'the other'}, {one[1]}"


def _around(axes: Axes, part: pd.DataFrame, one: tuple[str, str]) -> str:
    """One line before and one after, and what it says in words."""
    how, words = LINES[one], []
    for after, name in ((False, "before"), (True, "after")):
        some = part[(part["from_day"] > 0) == after]
        # up to Δ returned and left alone differ by what they are
        some = some[(some["from_day"] != 0) | (some["to_day"] <= 0)]
        if not len(some):
            continue
        start, stop = (some[side].to_numpy(dtype=float) for side in ("from_day", "to_day"))
        middle = (start + stop) / 2
        value, low, high = (some[side].to_numpy(dtype=float) for side in ("value", "low", "high"))
        axes.plot(middle, value, color=how.colour, linestyle=how.line, linewidth=1.8, zorder=3)
        axes.plot(
            middle, value, color=how.colour, linestyle="none", marker=how.marker, markersize=5, zorder=3
        )
        axes.fill_between(middle, low, high, color=how.colour, alpha=0.12, linewidth=0, zorder=2)
        points = "; ".join(
            f"days {begin:g} to {end:g} {interval(*numbers)}"
            for begin, end, *numbers in zip(start, stop, value, low, high, strict=True)
        )
        words.append(f"{name} {points}")
    return f"{_name(one)[:1].upper()}{_name(one)[1:]}: {', '.join(words)}."


def _frame(table: Any, columns: tuple[str, ...], name: str) -> pd.DataFrame:
    """A table with its columns, or why not."""
    what = {"event_study": "an event study", "sensitivity": "a curve over Δ"}[name]
    if hasattr(table, name):
        raise ArgumentError(
            f"The figure needs {what}; got {type(table).__name__}: draw what its {name}() returns."
        )
    return table_with(table, columns, what)

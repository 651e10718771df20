"""Figure of how soon acts are returned: step curves with bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from honestsignals.errors import ArgumentError, unknown
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.rows import fixed
from honestsignals.figures.style import (
    Look,
    handle,
    inches_wide,
    key_width,
    legends,
    look,
    plain,
    room,
    say_why,
    wrapped,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

COLUMNS = ("group", "hours", "returned", "low", "high")
DAYS = 72.0
"""Hours from which on the axis counts days."""
SPANS = {1 / 3600: "1 s", 1 / 60: "1 min", 1 / 6: "10 min", 1.0: "1 h", 24.0: "1 day", 168.0: "7 days"}
"""Hours that a logarithmic axis names."""
WORDS = 4
"""Times at which the words say what is returned."""


class _Drawn(NamedTuple):
    """A curve to be drawn."""

    name: str
    hours: Array
    returned: Array
    low: Array
    high: Array


@figure(
    "How soon acts are returned",
    "return_curves(...), or a frame with the columns group, hours, returned, low and high",
    height=3.8,
)
def return_curve(table: Any, axes: Axes, *, log_time: bool = False) -> Axes:
    """Draw the share returned by how long it took: a step curve a group, with its pointwise band.

    A curve ends at its last row that is known, as waits were followed no longer. Bands are of up to three
    groups; of more, which would hide one another, curves alone.

    Parameters
    ----------
    table : ReturnCurves or pandas.DataFrame
        A row a group and time: ``group``, ``hours``, ``returned``, ``low``, ``high``.
    axes : matplotlib.axes.Axes
        Where to draw.
    log_time : bool
        Times on a logarithmic axis, on which minutes and days both show.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> found = pd.DataFrame({"group": "all", "hours": [1.0, 2.0], "returned": [0.5, 0.75],
    ...     "low": [0.3, 0.6], "high": [0.7, 0.9]})
    >>> axes = return_curve(found, Figure().subplots())
    >>> axes.get_xlabel()
    'hours waited'
    """
    check_axes(axes)
    frame = _frame(table)
    end = float(getattr(table, "horizon", np.nan))
    end = float(frame["hours"].max()) if np.isnan(end) and len(frame) else end
    curves = [_curve(frame, name) for name in dict.fromkeys(frame["group"].astype(str))]
    curves = [one for one in curves if len(one.hours)]
    if not curves:
        say_why(axes, "Nothing is returned.")
        return describe(axes, "return_curve", "There are 0 curves: nothing is returned.")
    days = end >= DAYS and not log_time
    unit = 24.0 if days else 1.0
    least = min(float(one.hours[one.hours > 0].min(initial=end)) for one in curves)
    for place, one in enumerate(curves):
        _draw(axes, one, look(place), (least if log_time else 0.0, unit, len(curves) <= 3))
    plain(axes)
    if log_time:
        axes.set_xscale("log")
        axes.set_xticks([], minor=True)
        inside = [one for one in SPANS if least <= one <= end]
        axes.set_xticks(inside, [SPANS[one] for one in inside])
    else:
        axes.locator_params(axis="x", nbins=max(3, min(8, int(inches_wide(axes) / 0.6))))
    axes.set_xlim(least if log_time else 0.0, end / unit)
    axes.set_ylim(0.0, 1.0)
    axes.set(xlabel="time waited" if log_time else f"{'days' if days else 'hours'} waited")
    axes.set_ylabel("share returned")
    named = len(curves) > 1
    keys = [handle(look(place), wrapped(one.name, key_width(axes))) for place, one in enumerate(curves)]
    key = legends(axes, [("", keys)]) if named else 0.0
    said = " ".join(_words(one, end, named) for one in curves)
    bands = ", with pointwise 95 % bands" if len(curves) <= 3 else ""
    text = f"Share returned by hours waited{bands}. {said}"
    return describe(axes, "return_curve", text, room(axes, key, wide=3.2, narrow=2.5))


def _frame(table: Any) -> pd.DataFrame:
    import pandas as pd

    frame = table if isinstance(table, pd.DataFrame) else getattr(table, "curve", lambda: None)()
    if not isinstance(frame, pd.DataFrame):
        raise ArgumentError(
            f"The figure needs curves of returns: {', '.join(COLUMNS)}; got {type(table).__name__}."
        )
    for name in COLUMNS:
        if name not in frame.columns:
            raise unknown("column", name, [str(one) for one in frame.columns])
    return frame


def _curve(frame: pd.DataFrame, name: str) -> _Drawn:
    """One group's curve, up to where it is known."""
    part = frame[(frame["group"].astype(str) == name) & frame["returned"].notna()].sort_values("hours")
    return _Drawn(name, *(part[column].to_numpy(dtype=float) for column in COLUMNS[1:]))


def _draw(axes: Axes, one: _Drawn, how: Look, frame: tuple[float, float, bool]) -> None:
    """One step curve from its beginning to where it is known, and its band where it has one."""
    begin, unit, banded = frame
    hours = np.append(begin, one.hours) / unit

    def steps(values: Array, first: float) -> Array:
        return np.append(first, values)

    (line,) = axes.plot(hours, steps(one.returned, 0.0), color=how.colour, linestyle=how.line, linewidth=1.8)
    line.set(drawstyle="steps-post", zorder=3)
    if banded:
        low, high = steps(one.low, np.nan), steps(one.high, np.nan)
        axes.fill_between(hours, low, high, step="post", color=how.colour, alpha=0.15, linewidth=0, zorder=2)


def _words(one: _Drawn, end: float, named: bool) -> str:
    """What a curve has reached at some of its times, and up to when it is known."""
    parts = []
    for time in end * np.arange(1, WORDS + 1) / WORDS:
        if time > one.hours[-1]:
            parts.append(f"not known beyond {one.hours[-1]:.3g} h")
            break
        place = int(np.searchsorted(one.hours, time, side="right")) - 1
        value = float(one.returned[place]) if place >= 0 else 0.0
        parts.append(f"{fixed(value)} by {time:g} h")
    return f"{f'{one.name}: ' if named else ''}{'; '.join(parts)}."

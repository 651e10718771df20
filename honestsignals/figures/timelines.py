"""Figure of one pair's exchange in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.style import (
    BLUE,
    GRID,
    INK,
    SOLID,
    VERMILLION,
    Look,
    as_one,
    handle,
    legends,
    plain,
    room,
    wrapped,
    written,
)
from honestsignals.inference.words import counted
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import DAY, HOUR, SECOND
from honestsignals.moments import span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

MOST = 5000
"""Acts that a line of time holds."""
HEADS = 400
"""Acts of a side up to which each has a mark at its end: of more, lines say enough."""
UNITS = ((2 * DAY, DAY, "days"), (2 * HOUR, HOUR, "hours"), (0, SECOND, "seconds"))
"""From which length on time is counted in what."""
SIZES = ("depth", "weight")
"""What the height of an act may say, the first that the log has."""


@figure("One pair's exchange in time", "a log, and the ids of two people", height=3.2)
def exchange(
    table: Any,
    axes: Axes,
    ego: Any = None,
    alter: Any = None,
    *,
    names: bool = False,
    size: str | None = None,
    conversation_gap: str = "1h",
) -> Axes:
    """Draw the acts of two people towards each other in time: ego's up, alter's down.

    Acts at most ``conversation_gap`` apart are one conversation, which is shaded. Where the log has a depth
    or a weight, an act is as high as it is deep, or heavy; acts of unknown size are at half height, open.

    Parameters
    ----------
    table : InteractionLog
        With times.
    axes : matplotlib.axes.Axes
        Where to draw.
    ego, alter : id
        The two; by default the pair with most acts.
    names : bool
        Write their ids instead of "ego" and "alter".
    size : {"depth", "weight", "none"}, optional
        What the height says; by default what the log has.
    conversation_gap : str
        Δ: "1h".

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DesignError
        For a log without times, or two who never acted towards each other.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from honestsignals.reading import read_log
    >>> acts = pd.DataFrame({"sender": ["ann", "bob"], "receiver": ["bob", "ann"],
    ...     "time": ["2024-01-01 10:00", "2024-01-01 10:20"]})
    >>> axes = exchange(read_log(acts), Figure().subplots(), "ann", "bob")
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['ego gives', 'alter gives']
    """
    check_axes(axes)
    log = _timed(table)
    gap = span(conversation_gap, "conversation_gap")
    one, other = _pair(log, ego, alter)
    time, up, heights, what = _acts(log, (one, other), size)
    order = np.argsort(time, kind="stable")
    time, up, heights = time[order], up[order], heights[order]
    spans = _conversations(log, time, order, (one, other), gap)
    start, last = log.moments()
    unit, word = next((unit, word) for least, unit, word in UNITS if last - start >= least)
    x = (time - start) / unit
    _shade(axes, [((a - start) / unit, (b - start) / unit) for a, b in spans])
    for side, colour, marker in ((True, BLUE, "o"), (False, VERMILLION, "s")):
        _stems(axes, x[up == side], heights[up == side] * (1 if side else -1), (colour, marker))
    axes.axhline(0, color=INK, linewidth=0.9, zorder=3)
    width = max((last - start) / unit, 1e-9)
    axes.set(xlim=(-0.015 * width, 1.015 * width), ylim=(-1.2, 1.2))
    called = [str(log.people[code]) if names else word for code, word in ((one, "ego"), (other, "alter"))]
    plain(axes, "")
    axes.spines["left"].set_visible(False)
    axes.set_yticks([0.6, -0.6], [wrapped(f"{one} gives", 18) for one in called])
    axes.set_xlabel(f"{word} since the log began")
    key = _keys(axes, what, bool(spans), conversation_gap)
    said = (
        f"{counted(len(time), 'act')} between two people in {width:,.1f} {word}: {int(up.sum()):,} by ego, "
    )
    said += f"{int((~up).sum()):,} by alter; {counted(len(spans), 'conversation')} of two acts or more, gaps "
    said += f"of at most {conversation_gap} within."
    return describe(
        axes, "exchange", said + _sizes_said(what, heights), room(axes, key, wide=2.4, narrow=1.9)
    )


def _timed(table: Any) -> InteractionLog:
    if not isinstance(table, InteractionLog):
        raise ArgumentError(f"The figure needs a log, as study.log is one; got {type(table).__name__}.")
    if table.acts.time is None or table.acts.clock == "wave":
        has = "no times" if table.acts.time is None else "waves and no times"
        raise DesignError(f"The figure is a line of time, and this log has {has}.")
    return table if table.giving is None else table.only(table.giving)


def _pair(log: InteractionLog, ego: Any, alter: Any) -> tuple[int, int]:
    """Codes of the two; of those who acted most towards each other where nobody is named."""
    if (ego is None) != (alter is None):
        raise ArgumentError("One of two people is named: name both ego and alter, or neither.")
    if ego is None:
        sender, receiver = log.acts.sender.astype(np.int64), log.acts.receiver
        if not len(sender):
            raise DesignError("The log has no act.")
        key = np.minimum(sender, receiver) * len(log.people) + np.maximum(sender, receiver)
        pairs, code = np.unique(key, return_inverse=True)
        # a row may stand for several acts
        most = int(pairs[np.argmax(np.bincount(code, log.acts.count))])
        return most // len(log.people), most % len(log.people)
    codes = {str(one): code for code, one in enumerate(log.people)}
    for one in (ego, alter):
        if str(one) not in codes:
            raise unknown("person", str(one), codes)
    if str(ego) == str(alter):
        raise ArgumentError("ego and alter are the same person.")
    return codes[str(ego)], codes[str(alter)]


def _acts(log: InteractionLog, pair: tuple[int, int], size: str | None) -> tuple[Array, Array, Array, str]:
    """Times of the pair's acts, whether ego gave, and heights up to 1 (NaN where unknown)."""
    acts = log.acts
    rows = _rows(log, pair)
    if not rows.size:
        raise DesignError("These two never acted towards each other.")
    if rows.size > MOST:
        raise DesignError(
            f"{rows.size:,} acts cannot be told apart on a line, which holds {MOST:,}: "
            "draw a window of the log."
        )
    there = {"weight": acts.weight, "depth": acts.columns.get("depth")}
    there = {name: there[name] for name in SIZES if there[name] is not None}
    if size not in (None, "none", *there):
        raise unknown("size", str(size), [*there, "none"], "It says what the height of an act is.")
    what = next(iter(there), "none") if size is None else size
    if acts.time is None:
        raise TypeError("the log has no times")
    heights = np.ones(rows.size)
    values = there.get(what)
    if values is not None:
        found = np.asarray(values, dtype=float)[rows]
        top = np.nanmax(found) if np.isfinite(found).any() else 0.0
        heights = 0.12 + 0.88 * found / top if top > 0 else np.ones(rows.size)
    return acts.time[rows], acts.sender[rows] == pair[0], heights, what


def _rows(log: InteractionLog, pair: tuple[int, int]) -> Array:
    """Rows of the two's acts, one that stands for several as often."""
    acts, (one, other) = log.acts, pair
    both = (acts.sender == one) & (acts.receiver == other)
    rows = np.flatnonzero(both | ((acts.sender == other) & (acts.receiver == one)))
    return rows if acts.count is None else np.repeat(rows, acts.count[rows])


def _conversations(
    log: InteractionLog, time: Array, order: Array, pair: tuple[int, int], gap: int
) -> list[tuple[int, int]]:
    """First and last moment of each conversation of two acts or more."""
    given = log.acts.columns.get("conversation")
    if given is None:
        apart = np.diff(time) > gap
    else:
        codes = np.asarray(given)[_rows(log, pair)][order]
        apart = (np.diff(codes) != 0) | (codes[1:] < 0)
    first = np.flatnonzero(np.append(True, apart))
    last = np.append(first[1:], len(time)) - 1
    return [(int(time[a]), int(time[b])) for a, b in zip(first, last, strict=True) if b > a]


def _shade(axes: Axes, spans: list[tuple[float, float]]) -> None:
    """Conversations, with an edge so that the shortest are seen."""
    from matplotlib.collections import PolyCollection

    boxes = [[(a, -1.15), (a, 1.15), (b, 1.15), (b, -1.15)] for a, b in spans]
    axes.add_collection(PolyCollection(boxes, facecolors=GRID, edgecolors=GRID, linewidths=2.0, zorder=1))


def _stems(axes: Axes, x: Array, heights: Array, how: tuple[str, str]) -> None:
    """Acts of one side."""
    colour, marker = how
    known = np.isfinite(heights)
    side = -1 if marker == "s" else 1
    ends = np.where(known, heights, 0.5 * side)
    foot, top = np.stack([x, np.zeros(x.size)], axis=1), np.stack([x, ends], axis=1)
    axes.plot(*as_one(foot, top), color=colour, linestyle="-", linewidth=0.9, zorder=2)
    if x.size > HEADS:
        return
    for part, face in ((known, colour), (~known, "none")):
        axes.plot(
            x[part],
            ends[part],
            linestyle="none",
            marker=marker,
            markersize=4.0,
            color=colour,
            markerfacecolor=face,
            zorder=4,
        )


def _keys(axes: Axes, what: str, shaded: bool, gap: str) -> float:
    from matplotlib.patches import Patch

    high = "" if what == "none" else f",\nas high as its {what}"
    keys: list[Any] = [
        handle(Look(BLUE, SOLID, "o"), f"act of ego{high}", marker=True),
        handle(Look(VERMILLION, SOLID, "s"), "act of alter", marker=True),
    ]
    if shaded:
        keys.append(Patch(color=GRID, label=f"conversation\n(gaps up to {written(gap)})"))
    return legends(axes, [("", keys)])


def _sizes_said(what: str, heights: Array) -> str:
    if what == "none":
        return ""
    known = np.isfinite(heights)
    missing = int((~known).sum())
    said = f" Heights say the {what} of each act"
    return said + (f", which {missing:,} lack." if missing else ".")

"""Figure of matching: ego's turns against alter's just before, beyond what both do anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.depth_matching import Matching
from honestsignals.errors import ArgumentError
from honestsignals.figures.bends import binned
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.style import SOFT, Look, handle, key_width, legends, look, plain, room, wrapped
from honestsignals.inference.words import counted
from honestsignals.tables import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 15


@figure("Depth met with depth", "a result of hs.matching() without a moderator", height=3.8)
def matching(table: Any, axes: Axes, *, bins: int = BINS) -> Axes:
    """Draw how deep turns of disclosure are against how deep the other's turn before was.

    Both beyond what the level of the ordered pair, the trend and ego's own turn before foretell. The line has
    the slope of matching, its band the slope's 95 % interval; dots are means of bins of equally many turns.

    Parameters
    ----------
    table : Matching
    axes : matplotlib.axes.Axes
        Where to draw.
    bins : int
        Bins, fewer where each would have fewer than ten turns.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import honestsignals as hs
    >>> from matplotlib.figure import Figure
    >>> log = hs.simulate_disclosure(seed=4, people=20, days=200).log
    >>> axes = matching(hs.matching(log), Figure().subplots())
    >>> axes.get_ylabel()
    "ego's turn, deeper than expected by"
    """
    check_axes(axes)
    if not isinstance(table, Matching):
        raise ArgumentError(f"The figure needs a result of hs.matching(); got {type(table).__name__}.")
    if isinstance(bins, bool) or not isinstance(bins, int) or bins < 2:
        raise ArgumentError(f"bins is {bins!r}; it must be a whole number, 2 or more.")
    alter, ego = table.partial()
    x, y, count = binned(alter, ego, np.ones(len(alter)), bins)
    slope = table.tidy().iloc[0]
    how, dots = look(0), Look(SOFT, (0, ()), "o")
    line = np.linspace(float(x.min()), float(x.max()), 41)
    low, high = (np.sort([slope["low"] * line, slope["high"] * line], axis=0)[place] for place in (0, 1))
    axes.fill_between(line, low, high, color=how.colour, alpha=0.15, linewidth=0, zorder=2)
    axes.plot(line, slope["estimate"] * line, color=how.colour, linestyle=how.line, linewidth=1.8, zorder=3)
    axes.plot(
        x, y, color=dots.colour, marker="o", linestyle="none", markersize=5.5, markeredgewidth=0, zorder=4
    )
    keys = [
        handle(how, wrapped("matching, with 95 % interval", key_width(axes))),
        handle(dots, wrapped(f"means of {counted(len(x), 'bin')}", key_width(axes)), line=False, marker=True),
    ]
    plain(axes)
    axes.set(
        xlabel=wrapped("alter's turn before, deeper than expected by", 44),
        ylabel=wrapped("ego's turn, deeper than expected by", 36),
    )
    key = legends(axes, [("", keys)])
    points = "; ".join(f"{number(float(one))}: {number(float(two))}" for one, two in zip(x, y, strict=True))
    text = (
        f"Depth of {int(count.sum()):,} turns of disclosure by depth of the other's turn before, both beyond "
        f"what level, trend and ego's own turn before foretell. Matching {number(float(slope['estimate']))} "
        f"(95 % interval {number(float(slope['low']))} to {number(float(slope['high']))}). Means of bins: "
        f"{points}."
    )
    return describe(axes, "matching", text, room(axes, key, wide=3.2, narrow=2.5))

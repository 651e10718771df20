"""Figure of matching: ego's turns against alter's just before, beyond what both do anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.depth_matching import Matching
from honestsignals.errors import ArgumentError
from honestsignals.figures.bends import binned, check_bins, curve_over_means, means_words
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.style import legends, plain, room, wrapped
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
    check_bins(bins)
    alter, ego = table.partial()
    x, y, count = binned(alter, ego, np.ones(len(alter)), bins)
    slope = table.tidy().iloc[0]
    line = np.linspace(float(x.min()), float(x.max()), 41)
    low, high = np.sort([slope["low"] * line, slope["high"] * line], axis=0)
    curve = (line, low, slope["estimate"] * line, high)
    keys = curve_over_means(axes, curve, (x, y), "matching, with 95 % interval")
    plain(axes)
    axes.set(
        xlabel=wrapped("alter's turn before, deeper than expected by", 44),
        ylabel=wrapped("ego's turn, deeper than expected by", 36),
    )
    key = legends(axes, [("", keys)])
    text = (
        f"Depth of {int(count.sum()):,} turns of disclosure by depth of the other's turn before, both beyond "
        f"what level, trend and ego's own turn before foretell. Matching {number(float(slope['estimate']))} "
        f"(95 % interval {number(float(slope['low']))} to {number(float(slope['high']))}). Means of bins: "
        f"{means_words(x, y)}."
    )
    return describe(axes, "matching", text, room(axes, key, wide=3.2, narrow=2.5))

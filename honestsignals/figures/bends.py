"""Figure of over-disclosure's bend: what comes back, by how far a disclosure goes beyond the other's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.bend_rows import X
from honestsignals.disclosure_bends import DisclosureBend
from honestsignals.errors import ArgumentError
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.style import SOFT, Look, handle, key_width, legends, look, plain, room, wrapped
from honestsignals.inference.words import counted
from honestsignals.tables import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

BINS = 12
FEWEST = 10
"""Rows of a bin."""
NAMES = {
    "returned": "share of disclosures returned",
    "next_depth": "depth of what came back",
    "return_hours": "hours until something came back",
}


@figure("What comes back, by relative depth", "a result of hs.disclosure_bend()", height=3.8)
def bend(table: Any, axes: Axes, *, bins: int = BINS) -> Axes:
    """Draw what comes back for a disclosure against how far it went beyond the other's deepest so far.

    The curve with its band, means of bins of equally many disclosures, and where it turns with its interval;
    with a moderator at its first level or its mean, of ``at()`` at another.

    Parameters
    ----------
    table : DisclosureBend
    axes : matplotlib.axes.Axes
        Where to draw.
    bins : int
        Bins, fewer where each would have fewer than ten disclosures.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import honestsignals as hs
    >>> from matplotlib.figure import Figure
    >>> log = hs.simulate_disclosure(seed=4, people=20, days=200).log
    >>> axes = bend(hs.disclosure_bend(log), Figure().subplots())
    >>> axes.get_xlabel()
    "depth less the other's deepest so far"
    """
    check_axes(axes)
    if not isinstance(table, DisclosureBend):
        raise ArgumentError(f"The figure needs a result of hs.disclosure_bend(); got {type(table).__name__}.")
    check_bins(bins)
    here = table.moderator.here
    x, y, count = binned(table.x[here], table.estimate.y[here], table.estimate.weights[here], bins)
    at, *curve = table.curve()[[X, "low", "fitted", "high"]].to_numpy().T
    by = table.moderator
    where = f" where {by.name} is {by.zero}" if by.name else ""
    keys = curve_over_means(axes, (at, *curve), (x, y), f"fitted{where}, with 95 % band")
    turning = _turning(axes, table, (float(at[0]), float(at[-1])))
    if turning:
        keys.append(handle(look(1), wrapped("turning point, with 95 % interval", key_width(axes))))
    plain(axes)
    axes.set(xlabel="depth less the other's deepest so far", ylabel=wrapped(NAMES[table.outcome], 30))
    key = legends(axes, [("", keys)])
    text = (
        f"{NAMES[table.outcome][:1].upper()}{NAMES[table.outcome][1:]} by depth less the other's deepest so "
        f"far{where}, {int(count.sum()):,} disclosures. Means of bins: {means_words(x, y)}. "
        f"{table.turning_words()} No bend at all: {table.bend_test()}."
    )
    return describe(axes, "bend", text, room(axes, key, wide=3.2, narrow=2.5))


def check_bins(bins: object) -> None:
    """Refuse a number of bins that is none."""
    if isinstance(bins, bool) or not isinstance(bins, int) or bins < 2:
        raise ArgumentError(f"bins is {bins!r}; it must be a whole number, 2 or more.")


def curve_over_means(axes: Axes, curve: Sequence[Array], means: tuple[Array, Array], name: str) -> list[Any]:
    """Draw a curve with its band, and means of bins over it; the keys of both.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    curve : sequence of ndarray
        Where, and there the low end, the curve and the high end.
    means : tuple of (ndarray, ndarray)
        Of x and y, bin by bin.
    name : str
        Of the curve, in the key.
    """
    (at, low, middle, high), (x, y) = curve, means
    how, dots = look(0), Look(SOFT, (0, ()), "o")
    axes.fill_between(at, low, high, color=how.colour, alpha=0.15, linewidth=0, zorder=2)
    axes.plot(at, middle, color=how.colour, linestyle=how.line, linewidth=1.8, zorder=3)
    axes.plot(
        x, y, color=dots.colour, marker="o", linestyle="none", markersize=5.5, markeredgewidth=0, zorder=4
    )
    bins = f"means of {counted(len(x), 'bin')}"
    return [
        handle(how, wrapped(name, key_width(axes))),
        handle(dots, wrapped(bins, key_width(axes)), line=False, marker=True),
    ]


def means_words(x: Array, y: Array) -> str:
    """Means of bins, in words.

    >>> means_words(np.array([1.0, 2.0]), np.array([0.5, 0.25]))
    '1: 0.5000; 2: 0.2500'
    """
    return "; ".join(f"{number(float(one))}: {number(float(two))}" for one, two in zip(x, y, strict=True))


def _turning(axes: Axes, table: DisclosureBend, seen: tuple[float, float]) -> bool:
    """Mark where the curve turns, as far as that is in sight; whether it is."""
    turn = table.turning_point()
    if not seen[0] <= turn.estimate <= seen[1] or np.isnan(turn.low):
        return False
    how = look(1)
    axes.axvline(turn.estimate, color=how.colour, linestyle=how.line, linewidth=1.4, zorder=1)
    low, high = max(turn.low, seen[0]), min(turn.high, seen[1])
    axes.axvspan(low, high, color=how.colour, alpha=0.12, linewidth=0, zorder=0)
    return True


def binned(x: Array, y: Array, weight: Array, bins: int) -> tuple[Array, Array, Array]:
    """Means of x and y over bins of equally many rows, and how many acts each has; equal x stay together.

    >>> binned(np.arange(40.0), np.arange(40.0) % 2, np.ones(40), 2)[0].tolist()
    [9.5, 29.5]
    """
    bins = max(1, min(bins, len(x) // FEWEST))
    edges = np.unique(np.quantile(x, np.arange(1, bins) / bins))
    place = np.searchsorted(edges, x, side="right")
    count = np.bincount(place, weights=weight)
    there = count > 0
    means = [np.bincount(place, weights=weight * one)[there] / count[there] for one in (x, y)]
    return means[0], means[1], count[there]

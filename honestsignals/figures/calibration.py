"""Figure of whether predictions can be taken at their word, and how many there are of each size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.figures.predicted import Predicted, predictions_of
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.style import (
    DASHED,
    SOFT,
    Look,
    handle,
    key_width,
    legends,
    look,
    plain,
    room,
    say_why,
    wrapped,
)
from honestsignals.inference.curves import calibration_bins
from honestsignals.inference.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

BARS = 24
"""Bars of the counts."""
ABOVE, BELOW = (0.0, 0.27, 1.0, 0.73), (0.0, 0.0, 1.0, 0.17)
"""Where the two panels stand in the Axes."""


@figure(
    "Predicted against observed",
    "an evaluation of a binary or continuous label, or the frame of its predictions",
    height=4.8,
)
def reliability(table: Any, axes: Axes, *, steps: Sequence[str] | None = None, bins: int = 10) -> Axes:
    """Draw reliability: of pairs predicted alike, the mean prediction against how many have the label.

    Bins hold alike many predictions of all folds; on the diagonal they are right on average. Bars below
    count the last step's predictions by size. A pair tested in several divisions counts in each.

    Parameters
    ----------
    table : Evaluation or pandas.DataFrame
        Predictions: ``label`` and a column a step.
    axes : matplotlib.axes.Axes
        Where to draw; it is divided into two panels, its ``child_axes``.
    steps : sequence of str, optional
        Which steps; by default all but the base rate.
    bins : int
        At most so many: equal predictions stay together.

    Returns
    -------
    matplotlib.axes.Axes

    References
    ----------
    niculescumizil2005

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> tested = pd.DataFrame({"label": [0, 1, 1, 1], "volume": [0.2, 0.4, 0.7, 0.7]})
    >>> axes = reliability(tested, Figure().subplots(), bins=2)
    >>> axes.child_axes[0].lines[1].get_ydata().tolist()
    [0.5, 1.0]
    """
    check_axes(axes)
    found = predictions_of(table, steps)
    axes.set_axis_off()
    above, below = axes.inset_axes(ABOVE), axes.inset_axes(BELOW)
    known = [_known(found, place) for place in range(len(found.steps))]
    if not any(len(y) for y, _ in known):
        say_why(axes, "There is no prediction.")
        above.remove()
        below.remove()
        return describe(axes, "reliability", "There is no prediction.")
    drawn = [calibration_bins(y, p, bins) for y, p in known]
    _points(above, drawn)
    _counts(below, known[-1][1], look(len(known) - 1))
    _words(above, below, found)
    keys = [
        handle(look(place), wrapped(one, key_width(axes)), marker=True)
        for place, one in enumerate(found.steps)
        if len(drawn[place][2])
    ]
    right = handle(Look(SOFT, DASHED, "none"), "right on average", width=1.0)
    key = legends(axes, [("", [*keys, right])])
    return describe(axes, "reliability", _said(found, known, drawn), room(axes, key, wide=4.2, narrow=3.9))


def _known(found: Predicted, place: int) -> tuple[Array, Array]:
    """Labels and predictions of a step where it has one."""
    values = found.values[:, place]
    there = ~np.isnan(values)
    return found.y[there], values[there]


def _points(axes: Axes, drawn: Sequence[tuple[Array, Array, Array]]) -> None:
    """Means of the bins, and the diagonal, on axes that are alike."""
    ends = np.concatenate([np.concatenate(one[:2]) for one in drawn])
    low, high = float(ends.min()), float(ends.max())
    room = 0.06 * (high - low) or 0.05
    low, high = (max(low - room, -0.02) if low >= 0 else low - room), high + room
    axes.plot([low, high], [low, high], color=SOFT, linewidth=1.0, linestyle=DASHED, zorder=1)
    for place, (predicted, observed, _) in enumerate(drawn):
        how = look(place)
        axes.plot(
            predicted,
            observed,
            color=how.colour,
            linestyle=how.line,
            linewidth=1.4,
            marker=how.marker,
            markersize=5.5,
            markeredgewidth=0,
            zorder=3,
        )
    axes.set(xlim=(low, high), ylim=(low, high))
    axes.set_facecolor("none")
    plain(axes)


def _counts(axes: Axes, predicted: Array, how: Look) -> None:
    """How many predictions there are of each size, below the bins."""
    low, high = float(predicted.min()), float(predicted.max())
    counts, edges = np.histogram(predicted, BARS, (low, high) if high > low else (low - 0.5, high + 0.5))
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=how.colour, alpha=0.5, linewidth=0)
    axes.set_facecolor("none")
    axes.locator_params(axis="y", nbins=2, integer=True)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    plain(axes, "y")


def _words(above: Axes, below: Axes, found: Predicted) -> None:
    """Names of the axes of both panels."""
    named = found.label if found.label != "label" else "the label"
    what = ("probability", f"share with {named}") if found.binary else ("mean", f"mean of {named}")
    # both panels have one scale, of all bins and all counted predictions
    ends = [*above.get_xlim(), *below.get_xlim()]
    above.set_xlim(min(ends), max(ends))
    below.set_xlim(min(ends), max(ends))
    above.set_ylabel(wrapped(what[1], 30))
    below.set_xlabel(f"predicted {what[0]}")
    below.set_ylabel("predictions")


def _said(
    found: Predicted, known: Sequence[tuple[Array, Array]], drawn: Sequence[tuple[Array, Array, Array]]
) -> str:
    """The bins at both ends of each step."""
    parts = []
    for step, (predicted, observed, _) in zip(found.steps, drawn, strict=True):
        if not len(predicted):
            parts.append(f"{step} has no prediction.")
            continue
        ends = f"{predicted[0]:.3f} foretold and {observed[0]:.3f} observed in the lowest"
        if len(predicted) > 1:
            ends += f", {predicted[-1]:.3f} and {observed[-1]:.3f} in the highest"
        parts.append(f"{step}: {counted(len(predicted), 'bin')}, {ends}.")
    missing = sum(len(found.y) - len(y) for y, _ in known)
    left = f" {counted(missing, 'prediction')} missing." if missing else ""
    counts = counted(len(found.y), "prediction")
    return f"Predicted against observed, {counts} of {found.tested()}. {' '.join(parts)}{left}"

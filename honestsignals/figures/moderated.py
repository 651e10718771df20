"""Figure of moderation: how a slope changes along another column, and where it is told from 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, unknown
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.rows import fixed
from honestsignals.figures.style import (
    DASHED,
    DOTTED,
    INK,
    SOFT,
    Look,
    handle,
    inches_wide,
    key_width,
    legends,
    look,
    plain,
    room,
    words_wide,
    wrapped,
)
from honestsignals.inference.words import counted
from honestsignals.moderated_slopes import KINDS, ModeratedSlopes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

ABOVE, BELOW = (0.0, 0.27, 1.0, 0.73), (0.0, 0.0, 1.0, 0.17)
"""Where the slope and the counts of rows stand in the Axes."""
BARS = 24


@figure("A slope along its moderator", "the result of moderation()", height=4.2)
def moderation(table: Any, axes: Axes, *, scale: str | None = None, outcome: str | None = None) -> Axes:
    """Draw a slope along its moderator, with its band, where it is told from 0, and where rows are.

    The band is for each value of the moderator on its own, the dashed lines are for all values at once. A
    thick part of the line at 0 shows where the pointwise band does not hold 0, between dotted lines; bars
    below count the rows used. A moderator of levels has a slope with its interval a level.

    Parameters
    ----------
    table : ModeratedSlopes
        As :func:`honestsignals.moderation` gives it.
    axes : matplotlib.axes.Axes
        Where to draw; of a moderator that goes by degrees it is divided into two panels, its ``child_axes``.
    scale : {"label", "link"}, optional
        Which slope; by default the label's, and the link's of a label of several levels.
    outcome : str, optional
        Of a label of several levels whose slope; by default the first there is.

    Returns
    -------
    matplotlib.axes.Axes

    References
    ----------
    bauer2005, esarey2018

    Examples
    --------
    >>> import honestsignals as hs
    >>> from matplotlib.figure import Figure
    >>> table = hs.simulate(people=14, days=30, seed=1).study().dyads(label="trust")
    >>> found = hs.moderation("trust ~ min_max_ratio", table, by="acts", family="gaussian")
    >>> axes = moderation(found, Figure().subplots())
    >>> axes.child_axes[1].get_xlabel()
    'acts'
    """
    check_axes(axes)
    if not isinstance(table, ModeratedSlopes):
        raise ArgumentError(f"The figure needs the result of moderation(); got {type(table).__name__}.")
    scale, outcome = _chosen(table, scale, outcome)
    if len(table.along):
        return _along(table, axes, (scale, outcome))
    return _levels(table, axes, (scale, outcome))


def _chosen(table: ModeratedSlopes, scale: str | None, outcome: str | None) -> tuple[str, str]:
    """Scale and outcome that are there."""
    tidy = table.tidy()
    scales = list(dict.fromkeys(tidy["scale"]))
    several = "outcome" in tidy and tidy.loc[tidy["scale"] == "label", "outcome"].nunique() > 1
    if scale is None:
        scale = "link" if several and "link" in scales else scales[-1]
    if scale not in scales:
        raise unknown("scale", scale, scales)
    if "outcome" not in tidy:
        if outcome is not None:
            raise ArgumentError(f"outcome is {outcome!r}; the label has no levels to choose from.")
        return scale, ""
    there = list(dict.fromkeys(tidy.loc[tidy["scale"] == scale, "outcome"]))
    if outcome is not None and outcome not in there:
        raise unknown("outcome", outcome, [one for one in there if one])
    return scale, there[0] if outcome is None else outcome


def _part(frame: pd.DataFrame, which: tuple[str, str]) -> list[tuple[str, pd.DataFrame]]:
    """Rows of one scale and outcome, contrast by contrast."""
    rows = frame[frame["scale"] == which[0]]
    if "outcome" in rows:
        rows = rows[rows["outcome"] == which[1]]
    return [(str(contrast), part) for contrast, part in rows.groupby("contrast", sort=False)]


def _along(table: ModeratedSlopes, axes: Axes, which: tuple[str, str]) -> Axes:
    """Lines with bands over the moderator, and how many rows have which value."""
    axes.set_axis_off()
    above, below = axes.inset_axes(ABOVE), axes.inset_axes(BELOW)
    curves = _part(table.along, which)
    where = table.where[table.where["holds"] == KINDS[0]]
    regions = dict(_part(where, which)) if len(where) else {}
    _curves(above, curves, regions)
    counts, edges = np.histogram(table.observed, BARS)
    below.bar(edges[:-1], counts, np.diff(edges), align="edge", color=SOFT, alpha=0.55, linewidth=0)
    below.locator_params(axis="y", nbins=2, integer=True)
    below.yaxis.set_major_formatter("{x:,.0f}")
    width = max(2, min(7, int(inches_wide(axes) / 0.62)))
    for panel, grid in ((above, "both"), (below, "y")):
        panel.set_facecolor("none")
        panel.locator_params(axis="x", nbins=width)
        plain(panel, grid)
        reach = 0.02 * float(edges[-1] - edges[0])
        panel.set_xlim(edges[0] - reach, edges[-1] + reach)
    above.set_ylabel(wrapped(_slope_words(table, which, curves[0][0]), 30))
    below.set_ylabel("rows")
    below.set_xlabel(wrapped(table.by, words_wide(axes)))
    key = legends(axes, [("", _keys(axes, curves, bool(regions)))])
    return describe(
        axes, "moderation", _said(table, curves, regions, which), room(axes, key, wide=3.7, narrow=3.4)
    )


def _curves(axes: Axes, curves: list[tuple[str, pd.DataFrame]], regions: dict[str, pd.DataFrame]) -> None:
    """Slopes with both bands, and where they are told from 0."""
    axes.axhline(0.0, color=INK, linewidth=0.8, zorder=1)
    for place, (contrast, one) in enumerate(curves):
        how, x = look(place), one["value"].to_numpy()
        colour = how.colour
        axes.fill_between(x, one["low"], one["high"], color=colour, alpha=0.18, linewidth=0, zorder=2)
        for end in ("low_all", "high_all"):
            axes.plot(x, one[end].to_numpy(), color=colour, linewidth=0.9, linestyle=DASHED, zorder=2)
        axes.plot(x, one["estimate"].to_numpy(), color=colour, linewidth=1.8, linestyle=how.line, zorder=3)
        for region in regions[contrast].itertuples() if contrast in regions else ():
            _mark(axes, (region[4], region[5]), (x[0], x[-1]), how)


def _mark(axes: Axes, ends: tuple[float, float], range_of: tuple[float, float], how: Look) -> None:
    """A region: a thick part of the line at 0, and dotted lines where it begins and ends within the range."""
    axes.plot(ends, (0.0, 0.0), color=how.colour, linewidth=4.0, solid_capstyle="butt", zorder=4)
    for end, limit in zip(ends, range_of, strict=True):
        if not np.isclose(end, limit):
            axes.axvline(end, color=how.colour, linewidth=1.0, linestyle=DOTTED, zorder=1)


def _keys(axes: Axes, curves: list[tuple[str, pd.DataFrame]], regions: bool) -> list[Any]:
    """What lines and bands mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    names = [contrast if contrast != "dy/dx" else "slope" for contrast, _ in curves]
    keys = [handle(look(place), wrapped(name, key_width(axes))) for place, name in enumerate(names)]
    colour = look(0).colour
    keys.append(Patch(color=colour, alpha=0.18, linewidth=0, label="95 %, each value"))
    if not curves[0][1]["low_all"].isna().all():
        keys.append(Line2D([], [], color=colour, linewidth=0.9, linestyle=DASHED, label="95 %, all values"))
    if regions:
        keys.append(Line2D([], [], color=colour, linewidth=4.0, label="told from 0,\neach value"))
    return keys


def _levels(table: ModeratedSlopes, axes: Axes, which: tuple[str, str]) -> Axes:
    """A slope with its interval at each level."""
    curves = _part(table.tidy(), which)
    values = list(dict.fromkeys(value for _, one in curves for value in one["value"]))
    axes.axhline(0.0, color=INK, linewidth=0.8, zorder=1)
    for place, (_, one) in enumerate(curves):
        how = look(place)
        x = np.array([values.index(value) for value in one["value"]]) + 0.16 * (place - (len(curves) - 1) / 2)
        known = np.isfinite(one["low"].to_numpy())
        axes.vlines(
            x[known], one["low"][known], one["high"][known], colors=how.colour, linewidth=1.5, zorder=2
        )
        axes.plot(x, one["estimate"].to_numpy(), how.marker, color=how.colour, markersize=6.5, zorder=3)
    letters = max(6, int(words_wide(axes) / len(values)) - 1)
    axes.set_xticks(range(len(values)), [wrapped(_value(value), letters) for value in values])
    axes.set_xlim(-0.6, len(values) - 0.4)
    plain(axes, "y")
    axes.set_facecolor("none")
    axes.set_xlabel(wrapped(table.by, words_wide(axes)))
    axes.set_ylabel(wrapped(_slope_words(table, which, curves[0][0]), 30))
    keys = []
    if len(curves) > 1:
        keys = [
            handle(look(place), wrapped(contrast, key_width(axes)), line=False, marker=True)
            for place, (contrast, _) in enumerate(curves)
        ]
    high = legends(axes, [("", keys)]) if keys else 0.0
    text = _said(table, curves, {}, which)
    return describe(axes, "moderation", text, room(axes, high, wide=3.0, narrow=2.6))


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float | np.number) else str(value)


def _slope_words(table: ModeratedSlopes, which: tuple[str, str], contrast: str) -> str:
    """What a slope is of."""
    what = "the linear predictor" if which[0] == "link" else table.what
    if which[0] == "label" and which[1]:
        what = f"the probability of {which[1]}"
    how = "slope" if contrast == "dy/dx" else "effect"
    return f"{how} of {table.term} on {what}"


def _said(
    table: ModeratedSlopes,
    curves: list[tuple[str, pd.DataFrame]],
    regions: dict[str, pd.DataFrame],
    which: tuple[str, str],
) -> str:
    """The slope at both ends, or at each level; where it is told from 0; the test."""
    parts = []
    for contrast, one in curves:
        name = f"{_slope_words(table, which, contrast)}{'' if contrast == 'dy/dx' else f' ({contrast})'}"
        ends = one.iloc[[0, -1]] if len(table.along) else one
        numbers = ends[["estimate", "low", "high"]].to_numpy(dtype=float).tolist()
        each = [
            f"{fixed(at[0], 3)} ({fixed(at[1], 3)} to {fixed(at[2], 3)}) at {_value(value)}"
            for at, value in zip(numbers, ends["value"], strict=True)
        ]
        parts.append(f"{name[:1].upper()}{name[1:]} by {table.by}: {', '.join(each)}.")
        found = regions.get(contrast)
        if found is not None:
            told = [f"{row[6]} 0 from {row[4]:.4g} to {row[5]:.4g}" for row in found.itertuples()]
            parts.append(f"Told from 0, each value on its own: {' and '.join(told)}.")
        elif len(table.along):
            parts.append("Told from 0 at no value, each on its own.")
    rows = counted(len(table.observed), "row") if len(table.observed) else ""
    test = f"Interaction: {table.test}{f'; {rows}' if rows else ''}."
    return " ".join([*parts, test])

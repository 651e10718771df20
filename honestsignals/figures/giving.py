"""One figure: what each of two people gave against what the other gave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.style import (
    BLUE,
    DASHED,
    INK,
    SHADES,
    SOFT,
    VERMILLION,
    legends,
    look,
    plain,
    room,
    say_why,
    wrapped,
)
from honestsignals.inference.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

SIZES = ((1, 3.0), (2, 4.6), (6, 6.6), (21, 9.2), (101, 12.5))
"""Least number of pairs at a place, and the diameter of its point."""
EDGE = 1.0
"""Points that the line of a ring is wide."""
FEW = 80
"""Places below which points are drawn larger."""
TICKS = tuple(float(step * 10**power) for power in range(7) for step in (1, 2, 5))


@dataclass(frozen=True)
class Group:
    """Pairs that look alike in the figure.

    Attributes
    ----------
    name, colour : str
        As the legend has them.
    ring : bool
        Drawn as a ring instead of a disc, so that a disc below shows through.
    """

    name: str
    colour: str
    ring: bool = False


@figure("Give against take", "a table of pairs with acts_ego and acts_alter", height=5.0, square=True)
def give_take(table: DyadTable, axes: Axes) -> Axes:
    """Draw give against take: each pair in contact a point, pairs at one place a larger one.

    Where rows are ordered pairs, acts of ego are on the x axis and acts of alter on the y axis; elsewhere
    the larger and the smaller of the two counts. On the diagonal the two gave alike. Both axes are log1p.

    Parameters
    ----------
    table : DyadTable
        With ``acts_ego`` and ``acts_alter``; coloured by its label where it has one.
    axes : matplotlib.axes.Axes
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DesignError
        Where the table has no counts of acts.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import pandas as pd
    >>> from honestsignals.reading import read_log
    >>> log = read_log(pd.DataFrame({"sender": ["a", "b", "a"], "receiver": ["b", "a", "c"]}))
    >>> axes = give_take(log.dyads(), Figure().subplots())
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('acts of the one who gave more', 'acts of the other')
    """
    check_axes(axes)
    if not isinstance(table, DyadTable):
        raise ArgumentError(
            f"The figure needs a table of pairs, as dyads() makes it; got {type(table).__name__}."
        )
    places, groups = _places(table)
    most = float(places[["x", "y"]].to_numpy().max(initial=1))
    _scales(axes, most)
    end = most * 1.3 + 1
    axes.plot([0, end], [0, end], color=SOFT, linewidth=0.8, linestyle=DASHED, zorder=1)
    larger = 1.6 if len(places) < FEW else 1.0
    there = set(places["size"])
    sizes = [(least, larger * size) for least, size in SIZES if least in there]
    for number, group in enumerate(groups):
        of_group = places[places["group"] == number]
        for least, size in sizes:
            chosen = of_group[of_group["size"] == least]
            (points,) = axes.plot(chosen["x"].to_numpy(), chosen["y"].to_numpy())
            _style(points, group, size)
            points.set(alpha=0.85 if group.ring else 0.6, zorder=3 if group.ring else 2)
    if not len(places):
        say_why(axes, "No pair is in contact.")
    key = _legends(axes, table, groups, sizes)
    names = ("acts of the one who gave more", "acts of the other")
    if table.directed:
        names = ("acts of ego to alter", "acts of alter to ego")
    axes.set_xlabel(names[0], color=INK)
    axes.set_ylabel(names[1], color=INK)
    return describe(axes, "give_take", alt(table), room(axes, key, wide=4.4, narrow=2.9))


def _style(points: Any, group: Group, size: float) -> None:
    """Points without a line, as rings or discs."""
    edge = EDGE if group.ring else 0.0
    # half of an edge lies beyond the marker: a ring and a disc of one size reach equally far
    points.set(linestyle="none", marker="o", markersize=size - edge, color=group.colour)
    points.set_markerfacecolor("none" if group.ring else group.colour)
    points.set_markeredgewidth(edge)


def _places(table: DyadTable) -> tuple[pd.DataFrame, list[Group]]:
    """Distinct places with their number of pairs and their group, and the groups.

    A place has a point for each answer where the label is binary, a ring and a disc that show one through
    the other; and for each class of a label without order. Other labels have their mean at the place, as
    discs of several shades would hide one another.
    """
    import pandas as pd

    frame = table.frame
    if not {"acts_ego", "acts_alter"} <= set(frame.columns):
        raise DesignError("The figure needs acts_ego and acts_alter, and this table was made without them.")
    ego, alter = frame["acts_ego"].to_numpy(dtype=float), frame["acts_alter"].to_numpy(dtype=float)
    x, y = (ego, alter) if table.directed else (np.maximum(ego, alter), np.minimum(ego, alter))
    points = pd.DataFrame({"x": x, "y": y, "label": math.nan, "group": 0})
    kind = table.design.label_type
    classes = frame[table.label].astype("category").cat if table.label and kind == "nominal" else None
    if classes is not None:
        points["label"] = classes.codes.to_numpy(dtype=float)
        points.loc[points["label"] < 0, "label"] = math.nan
    elif table.label is not None:
        points["label"] = frame[table.label].to_numpy(dtype=float, na_value=math.nan)
    if table.label is not None:
        points = points[points["label"].notna()]
    points = points[points["x"] + points["y"] > 0]
    if kind in ("binary", "nominal"):
        points["group"] = points["label"].astype(int)
    by_place = points.groupby(["group", "x", "y"], as_index=False)
    places = by_place.agg(pairs=("x", "size"), mean=("label", "mean"))
    edges = np.array([least for least, _ in SIZES])
    places["size"] = edges[np.searchsorted(edges, places["pairs"].to_numpy(), side="right") - 1]
    if table.label is None:
        return places, [Group("", BLUE)]
    if kind == "binary":
        return places, [Group("no", BLUE, ring=True), Group("yes", VERMILLION)]
    if classes is not None:
        names = enumerate(map(str, classes.categories))
        return places, [Group(name, look(place).colour, ring=place % 2 == 0) for place, name in names]
    return _shaded(places, np.unique(points["label"].to_numpy()))


def _shaded(places: pd.DataFrame, levels: Array) -> tuple[pd.DataFrame, list[Group]]:
    """Places in groups of their mean label: the nearest level where there are few, else fifths."""
    means = places["mean"].to_numpy()
    if not len(means):
        return places, []
    if len(levels) <= len(SHADES):
        group = np.abs(means[:, None] - levels).argmin(axis=1)
        names = [f"{level:g}" for level in levels]
    else:
        edges = np.unique(np.round(np.quantile(means, np.linspace(0, 1, len(SHADES) + 1)[:-1]), 2))
        group = np.maximum(np.searchsorted(edges, means, side="right") - 1, 0)
        names = [f"from {low:g}" for low in edges] if len(edges) > 1 else [f"{low:g}" for low in edges]
    last = max(len(names) - 1, 1)
    groups = [Group(name, SHADES[round(i * (len(SHADES) - 1) / last)]) for i, name in enumerate(names)]
    return places.assign(group=group), groups


def _scales(axes: Axes, most: float) -> None:
    """Axes on log1p, alike, with round numbers that do not crowd."""
    shown = [0.0, *(tick for tick in TICKS if tick <= most * 1.05)]
    if len(shown) > 8:
        shown = [0.0, *(tick for tick in shown if tick and math.log10(tick).is_integer())]
    top = float(np.expm1(np.log1p(most) * 1.06 + 0.12))
    low = float(np.expm1(-0.16 - 0.03 * np.log1p(most)))
    for axis, scale, limit in (
        (axes.xaxis, axes.set_xscale, axes.set_xlim),
        (axes.yaxis, axes.set_yscale, axes.set_ylim),
    ):
        scale("function", functions=(np.log1p, np.expm1))
        limit(low, top)
        axis.set_ticks(shown, [f"{tick:,.0f}" for tick in shown])
        axis.set_ticks([], minor=True)
    axes.set_aspect("equal", adjustable="box")
    plain(axes)


def _legends(
    axes: Axes, table: DyadTable, groups: Sequence[Group], sizes: Sequence[tuple[int, float]]
) -> float:
    """What colours, sizes and the line mean, beside the axes."""
    from matplotlib.lines import Line2D

    def key(name: str, group: Group, size: float) -> Line2D:
        made = Line2D([], [], label=name)
        _style(made, group, size)
        return made

    ends = {least: high - 1 for (least, _), (high, _) in pairwise(SIZES)}
    keys = []
    for least, size in sizes:
        most = ends.get(least)
        name = f"{least} or more" if most is None else f"{least} to {most}" if most > least else f"{least}"
        keys.append(key(name, Group(name, SOFT), size))
    keys.append(Line2D([], [], color=SOFT, linewidth=0.8, linestyle=DASHED, label="gave alike"))
    blocks = [("pairs at a place", keys)]
    if table.label is not None:
        mean = "" if table.design.label_type in ("binary", "nominal") else " (mean)"
        keys = [key(wrapped(group.name, 18), group, 7.0) for group in groups]
        blocks.insert(0, (wrapped(f"{table.label}{mean}", 20), keys))
    return legends(axes, blocks)


def alt(table: DyadTable) -> str:
    """What the figure shows, for those who do not see it.

    Parameters
    ----------
    table : DyadTable
        That the figure was made of.

    Returns
    -------
    str
    """
    ego, alter = (table.frame[name].to_numpy(dtype=float) for name in ("acts_ego", "acts_alter"))
    met, mutual = ego + alter > 0, (ego > 0) & (alter > 0)
    what = "ordered pair" if table.directed else "pair"
    said = f"Acts of the one against acts of the other, {counted(int(met.sum()), what)} in contact. "
    said += f"In {int(mutual.sum()):,} both gave, in {int((met & ~mutual).sum()):,} only one; "
    said += f"in {int((met & (ego == alter)).sum()):,} they gave alike."
    if table.label is None or table.design.label_type != "binary":
        return said
    values = table.frame[table.label].to_numpy(dtype=float, na_value=math.nan)
    rates = [
        f"{np.nanmean(values[mask]):.0%} of those where {words}"
        for mask, words in ((mutual, "both gave"), (met & ~mutual, "only one gave"))
        if (~np.isnan(values[mask])).any()
    ]
    return f"{said} The label {table.label} is 1 in {' and in '.join(rates)}." if rates else said

"""How figures look: colours, marks, grids, legends. Everything is set on the Axes, nothing for others."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from honestsignals.figures.svg import legal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

Dashes = tuple[int, tuple[float, ...]]

INK, SOFT, GRID = "#1f2329", "#59636e", "#d8dee4"
BLUE, VERMILLION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
"""Of Okabe and Ito's palette, which people with any colour vision tell apart: those that show on white."""
SHADES = ("#440154", "#3b528b", "#21918c", "#5ec962", "#c9b200")
"""Viridis from low to high, its last shade darkened so that it shows on white."""
COLOURS = {
    INK: "ink",
    SOFT: "soft",
    GRID: "line",
    BLUE: "no",
    VERMILLION: "yes",
    GREEN: "green",
    PURPLE: "purple",
} | {shade: f"shade-{place}" for place, shade in enumerate(SHADES)}
"""What a page may call each colour, so that it can be another one on a dark page."""
DARK = {
    INK: "#e6e9ed",
    SOFT: "#a3adb8",
    GRID: "#38414a",
    BLUE: "#56b4e9",
    VERMILLION: "#f0863c",
    GREEN: "#2fc79a",
    PURPLE: "#e3a3c8",
} | dict(zip(SHADES, ("#a184d8", "#7f9fe0", "#2fb3aa", "#7fdc86", "#f0e05a"), strict=True))
"""What a page may show instead of each colour where it is dark."""
SOLID: Dashes = (0, ())
DASHED: Dashes = (0, (4.0, 3.0))
DOTTED: Dashes = (0, (1.4, 1.3))
PAGE = {
    "font.family": "sans-serif",
    "font.size": 9.5,
    "axes.labelsize": 9.5,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "legend.fontsize": 9.0,
    "legend.title_fontsize": 9.0,
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
}
"""Settings that a figure of our own is drawn with, on top of matplotlib's defaults."""
NARROW = 3.6
"""Inches of an Axes below which its legend stands under it, and no longer beside it."""


class Look(NamedTuple):
    """How one of several things is told from the others, in colour and in grey.

    Attributes
    ----------
    colour : str
    line : tuple
        Dashes, as matplotlib takes them.
    marker : str
    """

    colour: str
    line: Dashes
    marker: str


_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, INK, SOFT)
_DASHES: tuple[Dashes, ...] = (
    (0, ()),
    (0, (5.0, 1.6)),
    (0, (5.0, 1.5, 1.2, 1.5)),
    (0, (1.4, 1.3)),
    (0, (9.0, 2.0)),
    (0, (5.0, 1.4, 1.2, 1.4, 1.2, 1.4)),
)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def look(place: int) -> Look:
    """The look of the thing at a place; 42 different ones, neighbours differing in colour, line and marker.

    >>> look(0).marker, look(1).colour, len({look(place) for place in range(42)})
    ('o', '#d55e00', 42)
    """
    shift = place + place // len(_COLOURS)
    return Look(
        _COLOURS[place % len(_COLOURS)], _DASHES[shift % len(_DASHES)], _MARKERS[place % len(_MARKERS)]
    )


def plain(axes: Axes, grid: str = "both") -> None:
    """Two thin spines, ticks without marks, and a grid behind what is drawn.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    grid : {"both", "x", "y", ""}
        Which lines the grid has.
    """
    if grid in ("both", "x", "y"):
        axes.grid(visible=True, axis=grid, color=GRID, linewidth=0.6, linestyle="-")  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.tick_params(which="both", colors=INK, labelcolor=INK, length=0, pad=5.0)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set(color=SOFT, linewidth=0.8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set_color(INK)
        axis.get_offset_text().set_color(INK)


def inches_wide(axes: Axes) -> float:
    """Width of an Axes, as its figure stands."""
    figure = axes.get_figure(root=True)
    if figure is None:
        return NARROW
    return float(axes.get_window_extent().width / figure.dpi)


def written(text: object) -> str:
    r"""Words of a user for matplotlib: a dollar sign begins no formula, and every sign can be drawn.

    >>> written("a$b$"), written("bell \x07")
    ('a\\$b\\$', 'bell \ufffd')
    """
    return legal(str(text)).replace("$", r"\$")


def wrapped(text: str, width: int) -> str:
    r"""A name on as many lines as it needs, broken after signs that join words, and never cut off.

    >>> wrapped("known(returned_share)", 18)
    'known(returned_\nshare)'
    >>> wrapped("volume + balance", 12)
    'volume +\nbalance'
    """
    lines = [""]
    for word in re.findall(r"\s+|[^\s_(:*]+[_(:*]*|[_(:*]+", str(text)):
        # what has no sign to break after is broken anywhere
        for part in textwrap.wrap(word, width) or [" "]:
            if len(lines[-1]) + len(part.rstrip()) > width and lines[-1].strip():
                lines.append("")
            lines[-1] += part
    return written("\n".join(line.strip() for line in lines))


def words_wide(axes: Axes) -> int:
    """Letters that the name of an x axis has room for."""
    return max(16, int(inches_wide(axes) * 11.5))


def handle(one: Look, name: str, *, line: bool = True, marker: bool = False, width: float = 1.8) -> Any:
    """An entry of a legend."""
    from matplotlib.lines import Line2D

    return Line2D(
        [],
        [],
        color=one.colour,
        linestyle=one.line if line else "none",
        linewidth=width,
        marker=one.marker if marker else "none",
        markersize=5.5,
        label=name,
    )


def beside(axes: Axes) -> bool:
    """Whether a legend stands beside the Axes, and not below it."""
    return inches_wide(axes) >= NARROW


def key_width(axes: Axes) -> int:
    """Letters that a line of a legend has room for."""
    return 22 if beside(axes) else 36


def legends(
    axes: Axes,
    blocks: Sequence[tuple[str, Sequence[Any]]],
    *,
    below: float | None = None,
    under: bool | None = None,
) -> float:
    """What marks mean, beside the Axes; below it where the Axes is narrow. Never over what is drawn.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    blocks : sequence of (str, sequence of artists)
        Titles, and the entries with their labels: the first at the top, the last at the bottom.
    below : float, inches, optional
        Room that the x axis takes; by default what its numbers and its name need.
    under : bool, optional
        Below, however wide the Axes is.

    Returns
    -------
    float
        Inches that the blocks are high: the highest of those side by side, else all together.
    """
    down = not beside(axes) if under is None else under
    if below is None:
        panels = [axes, *axes.child_axes]
        below = 0.4 + 0.165 * max(panel.get_xlabel().count("\n") + 1 for panel in panels)
    for place, (title, keys) in enumerate(blocks):
        last = place and place == len(blocks) - 1
        if down:
            where, anchor = "upper left", (place / len(blocks), 0.0)
        else:
            where, anchor = ("lower left", (1.03, 0.0)) if last else ("upper left", (1.03, 1.0))
        _legend(axes, title, keys, (where, anchor, -below if down else 0.0))
    high = [_high(title, keys) for title, keys in blocks]
    return max(high) if down else sum(high)


def _high(title: str, keys: Sequence[Any]) -> float:
    """Inches of a block: its lines, and what is between entries."""
    texts = [title] if title else []
    texts += [str(one.get_label()) for one in keys]
    return sum(0.165 * (text.count("\n") + 1) + 0.085 for text in texts) + 0.05


def room(axes: Axes, key: float, *, wide: float, narrow: float, axis: float = 0.6) -> float:
    """Inches that a figure is high: what is drawn, the x axis, and the legend where that is longer or below.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    key : float, inches
        Of the legend.
    wide, narrow : float, inches
        Of what is drawn, where the legend is beside it and where it is below.
    axis : float, inches
        Of the x axis with its name.

    Returns
    -------
    float
    """
    return max(wide + axis, key + 0.3) if beside(axes) else narrow + axis + key + 0.1


def _legend(
    axes: Axes, title: str, keys: Sequence[Any], place: tuple[Any, tuple[float, float], float]
) -> None:
    from matplotlib.legend import Legend
    from matplotlib.transforms import ScaledTranslation

    where, anchor, down = place
    figure = axes.get_figure(root=True)
    moved = axes.transAxes
    if figure is not None and down:
        moved = moved + ScaledTranslation(0.0, down, figure.dpi_scale_trans)
    legend = Legend(
        axes,
        list(keys),
        [str(one.get_label()) for one in keys],
        title=title,
        loc=where,
        bbox_to_anchor=anchor,
        bbox_transform=moved,
        frameon=False,
        borderaxespad=0.0,
        alignment="left",
        labelcolor=INK,
        labelspacing=0.7,
        handlelength=2.6,
    )
    legend.get_title().set_color(INK)
    axes.add_artist(legend)
    # what is clipped to the Axes gets no room of its own
    legend.set_clip_on(False)


def as_one(start: Array, end: Array) -> tuple[Array, Array]:
    """Many straight lines as one with gaps, which a file holds in a fraction of the room.

    Parameters
    ----------
    start, end : ndarray, shape (lines, 2)

    Returns
    -------
    x, y : ndarray, shape (3 * lines,)
        NaN between lines.

    Examples
    --------
    >>> as_one(np.array([[0.0, 1.0]]), np.array([[2.0, 3.0]]))[0]
    array([ 0.,  2., nan])
    """
    points = np.stack([start, end, np.full_like(start, np.nan)], axis=1).reshape(-1, 2)
    return points[:, 0], points[:, 1]


def say_why(axes: Axes, why: str) -> None:
    """Words in the place of a drawing, where there is nothing to draw."""
    axes.text(
        0.5,
        0.5,
        wrapped(why, 44),
        ha="center",
        va="center",
        transform=axes.transAxes,
        color=INK,
    )

"""Figure of who gives to whom, ties that are returned marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, check_seed
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.style import (
    INK,
    SOFT,
    SOLID,
    VERMILLION,
    Look,
    as_one,
    handle,
    legends,
    room,
    say_why,
    wrapped,
)
from honestsignals.inference.words import counted

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

PEOPLE, TIES = 300, 4000
"""More than so many cannot be told apart on a page."""
RADIUS = 0.27
"""Of a person, in units of the distance that neighbours keep."""


@figure(
    "Who gives to whom, returned ties marked",
    "a log, a table of pairs, or a networkx.DiGraph",
    height=5.2,
    square=True,
)
def network(table: Any, axes: Axes, *, names: bool = False, most: int = PEOPLE, seed: int = 0) -> Axes:
    """Draw the directed graph: ties that both give thick and in another colour, the others as arrows.

    Parts that no tie joins are laid out by themselves, and people without a tie stand below. The same graph
    and seed give the same picture.

    Parameters
    ----------
    table : InteractionLog, DyadTable or networkx.DiGraph
        A tie is an act that counts as giving, or an edge.
    axes : matplotlib.axes.Axes
        Where to draw.
    names : bool
        Write who is who. Never by default: a picture of a graph is about people.
    most : int
        People up to which a graph is drawn.
    seed : int
        Where the layout begins.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DesignError
        For more people, or more ties, than can be told apart.

    Examples
    --------
    >>> import networkx as nx
    >>> from matplotlib.figure import Figure
    >>> from honestsignals.figures.registry import alt_text
    >>> axes = network(nx.DiGraph([("ann", "bob"), ("bob", "ann"), ("bob", "cem")]), Figure().subplots())
    >>> alt_text(axes)
    '3 people, none without a tie. Of 2 pairs with a tie, in 1 both give and in 1 only one does.'
    """
    check_axes(axes)
    check_seed(seed)
    graph = _graph(table)
    people = list(graph.nodes)
    mutual = [pair for pair in graph.edges if graph.has_edge(*pair[::-1])]
    single = [pair for pair in graph.edges if not graph.has_edge(*pair[::-1])]
    _refuse(len(people), len(mutual) // 2 + len(single), most)
    axes.set_axis_off()
    axes.set_aspect("equal")
    if not people:
        say_why(axes, "There is nobody.")
        return describe(axes, "network", "There is nobody.")
    order = {one: place for place, one in enumerate(people)}
    both = [(order[a], order[b]) for a, b in mutual if order[a] < order[b]]
    arrows = [(order[a], order[b]) for a, b in single]
    at = _places(len(people), [*both, *arrows], seed)
    size = RADIUS * float(np.clip(12 / np.sqrt(len(people)), 0.55, 1.0))
    _ties(axes, at, (both, arrows), size)
    _people(axes, at, [str(one) for one in people] if names else None, size)
    keys = [
        handle(Look(VERMILLION, SOLID, "none"), f"both give ({len(both):,})", width=2.6),
        handle(Look(SOFT, SOLID, "none"), f"only one gives,\nthe arrow from it ({len(arrows):,})", width=0.9),
        handle(Look(INK, SOLID, "o"), counted(len(people), "person", "people"), line=False, marker=True),
    ]
    key = legends(axes, [("", keys)], below=0.1)
    alone = len(people) - len({one for pair in (*both, *arrows) for one in pair})
    said = f"{counted(len(people), 'person', 'people')}, {f'{alone:,}' if alone else 'none'} without a tie. "
    said += f"Of {counted(len(both) + len(arrows), 'pair')} with a tie, in {len(both):,} both give and in "
    said += f"{len(arrows):,} only one does."
    return describe(axes, "network", said, room(axes, key, wide=4.9, narrow=3.5, axis=0.2))


def _graph(table: Any) -> nx.DiGraph:
    """Who gives to whom, nobody to themselves."""
    import networkx as nx

    if isinstance(table, nx.Graph):
        if not table.is_directed():
            raise ArgumentError("The figure needs a directed graph; this one has no direction.")
        out = nx.DiGraph()
        out.add_nodes_from(table.nodes)
        out.add_edges_from((a, b) for a, b in table.edges() if a != b)
        return out
    if isinstance(table, DyadTable):
        return _of_pairs(table)
    if not hasattr(table, "columns") or not hasattr(table, "acts"):
        raise ArgumentError(
            f"The figure needs a log, a table of pairs or a networkx.DiGraph; got {type(table).__name__}."
        )
    # as tables of pairs have it: only kinds that count as giving, but everybody
    return _of_pairs(table.dyads(metrics=["acts_ego", "acts_alter"]), table.people.tolist())


def _of_pairs(table: DyadTable, people: list[Any] | None = None) -> nx.DiGraph:
    import networkx as nx

    frame = table.frame
    if not {"acts_ego", "acts_alter"} <= set(frame.columns):
        raise DesignError("The figure needs acts_ego and acts_alter, and this table was made without them.")
    out = nx.DiGraph()
    ego, alter = frame["ego"].tolist(), frame["alter"].tolist()
    out.add_nodes_from(people if people is not None else dict.fromkeys([*ego, *alter]))
    given, got = (frame[name].to_numpy(dtype=float) > 0 for name in ("acts_ego", "acts_alter"))
    out.add_edges_from((a, b) for a, b, there in zip(ego, alter, given, strict=True) if there)
    out.add_edges_from((b, a) for a, b, there in zip(ego, alter, got, strict=True) if there)
    return out


def _refuse(people: int, ties: int, most: int) -> None:
    if people > most:
        raise DesignError(
            f"{people:,} people cannot be told apart in a picture, which holds {most:,}: draw a part of them "
            "(a block, a window of the log), or give most= a larger number."
        )
    if ties > TIES:
        raise DesignError(
            f"{ties:,} ties would cover one another; a picture holds {TIES:,}: draw a window of the log, "
            "or the ties of strong pairs alone."
        )


# where people stand


def _places(n: int, ties: list[tuple[int, int]], seed: int) -> Array:
    """Places of people: connected parts side by side, in rows, the largest first; those alone below."""
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(ties)
    parts = sorted(nx.connected_components(graph), key=lambda part: (-len(part), min(part)))
    blocks = [(sorted(part), _part(graph, sorted(part), seed)) for part in parts if len(part) > 1]
    alone = [min(part) for part in parts if len(part) == 1]
    out = np.zeros((n, 2))
    widest = max((float(np.ptp(at[:, 0])) for _, at in blocks), default=0.0)
    room = max(widest, np.sqrt(n) * 1.2)
    x = y = deep = 0.0
    for members, at in blocks:
        size = np.ptp(at, axis=0)
        if x and x + size[0] > room:
            x, y, deep = 0.0, y - deep - 1.4, 0.0
        out[members] = at - at.min(axis=0) + np.array([x, y - size[1]])
        x, deep = x + float(size[0]) + 1.4, max(deep, float(size[1]))
    y -= deep + (1.4 if blocks else 0.0)
    per_row = max(1, int(room / 0.9) + 1)
    for place, one in enumerate(alone):
        out[one] = (place % per_row * 0.9, y - place // per_row * 0.9)
    return out


def _part(graph: nx.Graph, members: list[int], seed: int) -> Array:
    """A connected part, neighbours about one apart."""
    import networkx as nx

    part = nx.Graph()
    # in their own order: the layout begins with it
    part.add_nodes_from(members)
    part.add_edges_from(sorted(tuple(sorted(pair)) for pair in graph.subgraph(members).edges))
    found = nx.spring_layout(part, seed=seed, iterations=150 if len(members) < 150 else 60)
    at = np.array([found[one] for one in members])
    # so large that nobody stands on another, as far as a few who are close allow
    away = np.linalg.norm(at[:, None] - at[None], axis=2)
    nearest = np.min(away + np.eye(len(at)) * 1e9, axis=1)
    close = float(np.quantile(nearest, 0.1))
    widest = float(away.max())
    scale = 1.0 / max(close, widest / (4.0 * np.sqrt(len(members))), 1e-9)
    return np.asarray((at - at.mean(axis=0)) * scale)


# what is drawn


def _ties(
    axes: Axes, at: Array, ties: tuple[list[tuple[int, int]], list[tuple[int, int]]], size: float
) -> None:
    """Lines of both kinds, and the heads of arrows."""
    from matplotlib.collections import PolyCollection

    both, arrows = ties
    # so thin that many lines do not become one patch
    thick = float(np.clip(40 / np.sqrt(len(both) + len(arrows) + 1), 0.8, 2.6))
    if both:
        ends = at[np.array(both)]
        axes.plot(*as_one(ends[:, 0], ends[:, 1]), color=VERMILLION, linestyle="-", linewidth=thick, zorder=3)
    if arrows:
        start, end = at[[a for a, _ in arrows]], at[[b for _, b in arrows]]
        along = end - start
        length = np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
        along = along / length
        tip = end - along * size
        # a head is no longer than there is room between two people
        head = np.minimum(0.55 * size + 0.12, 0.45 * length)
        base, across = tip - along * head, along[:, ::-1] * (1.0, -1.0) * head * 0.38
        axes.plot(*as_one(start, base), color=SOFT, linestyle="-", linewidth=0.35 * thick, zorder=2)
        heads = np.stack([tip, base + across, base - across], axis=1)
        axes.add_collection(PolyCollection(list(heads), facecolors=SOFT, linewidths=0, zorder=2.5))


def _people(axes: Axes, at: Array, names: list[str] | None, size: float) -> None:
    """A disc a person, and room around them all."""
    from matplotlib.collections import EllipseCollection

    wide = [size * 1.6]
    discs = EllipseCollection(wide, wide, [0.0], units="xy", offsets=at, offset_transform=axes.transData)
    discs.set(facecolor=INK, linewidth=0, zorder=4)
    axes.add_collection(discs)
    low, high = at.min(axis=0) - 2 * size, at.max(axis=0) + 2 * size
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    for (x, y), name in zip(at, names or [], strict=False):
        axes.text(
            x, y + size * 1.1, wrapped(name, 18), ha="center", va="bottom", color=INK, fontsize=7.5, zorder=6
        )

"""Figure of what a permutation test compares: statistics as observed, and after people changed places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, unknown
from honestsignals.figures.chance import bars_of
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.rows import (
    at_right,
    few_ticks,
    fixed,
    lay_rows,
    nameless,
    page_wide,
    rows_of,
    upright,
    whiskers,
)
from honestsignals.figures.style import (
    DASHED,
    SOFT,
    SOLID,
    VERMILLION,
    Look,
    handle,
    legends,
    plain,
    room,
    say_why,
    words_wide,
    wrapped,
)
from honestsignals.inference.words import counted
from honestsignals.tables import probability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]


@figure(
    "What a permutation test compares",
    "the result of permute() or of qap()",
    height=3.0,
)
def permutation_null(table: Any, axes: Axes, *, term: str | None = None, names: bool = False) -> Axes:
    """Draw the null distribution of a permutation test, and where the data stand in it.

    Of one coefficient, bars count the permutations by its statistic. Without one named, all are drawn, a
    row each: the line holds 95 % of permutations, the thick part half of them, and the mark is as observed.

    Parameters
    ----------
    table : Permutation
        As :func:`honestsignals.permute` and :func:`honestsignals.qap` give it.
    axes : matplotlib.axes.Axes
        Where to draw.
    term : str, optional
        A coefficient.
    names : bool
        Write who a coefficient is of, where it is of one person. Never by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    UnknownNameError
        For a coefficient that the model does not have.
    ArgumentError
        For one that no permutation changes.

    Examples
    --------
    >>> import honestsignals as hs
    >>> table = hs.simulate(people=12, days=14, seed=1).study().dyads(label="friendship")
    >>> found = hs.permute("friendship ~ acts", table, family="gaussian", draws=99, seed=1)
    >>> from matplotlib.figure import Figure
    >>> permutation_null(found, Figure().subplots(), term="acts").get_ylabel()
    'permutations'
    """
    check_axes(axes)
    if not hasattr(table, "found") or not hasattr(table, "draws"):
        raise ArgumentError(f"The figure needs the result of permute(); got {type(table).__name__}.")
    tested = [place for place in range(len(table.names)) if np.isfinite(table.draws[:, place]).any()]
    if term is not None:
        if term not in table.names:
            raise unknown("coefficient", term, table.names)
        if table.names.index(term) not in tested:
            raise ArgumentError(f"{term!r} is the same after every permutation: it has no null distribution.")
        return _of_term(table, axes, table.names.index(term), names)
    if not tested:
        say_why(axes, "No permutation changes any coefficient.")
        return describe(axes, "permutation_null", "No permutation changes any coefficient.")
    return _of_terms(table, axes, tested, names)


def _drawn(table: Any, place: int) -> tuple[Array, float, float]:
    """Finite draws of a statistic, what was observed, and its p."""
    values = np.asarray(table.draws[:, place], dtype=float)
    return (
        values[np.isfinite(values)],
        float(table.found.statistic[place]),
        float(table.found.p_value[place]),
    )


def _of_term(table: Any, axes: Axes, place: int, names: bool) -> Axes:
    """Bars of permutations by the statistic of one coefficient."""
    values, at, p = _drawn(table, place)
    name = table.names[place] if names else nameless(table.names[place])
    axes.hist(values, bins=bars_of(values), color=SOFT, alpha=0.55, linewidth=0)
    axes.locator_params(axis="y", integer=True)
    axes.axvline(at, color=VERMILLION, linewidth=2.0)
    axes.axvline(-at, color=VERMILLION, linewidth=1.2, linestyle=DASHED)
    plain(axes, "y")
    axes.set_xlabel(wrapped(f"{table.statistic} of {name} after people changed places", words_wide(axes)))
    axes.set_ylabel("permutations")
    keys = [
        handle(Look(VERMILLION, SOLID, "none"), f"observed, {fixed(at, 2)}"),
        handle(Look(VERMILLION, DASHED, "none"), "as far on the\nother side"),
    ]
    key = legends(axes, [(f"p {_p(p)}", keys)])
    return describe(axes, "permutation_null", _words(table, [place]), room(axes, key, wide=2.9, narrow=2.2))


def _of_terms(table: Any, axes: Axes, places: list[int], names: bool) -> Axes:
    """A row a coefficient."""
    from matplotlib.lines import Line2D

    rows = rows_of([name if names else nameless(name) for name in (table.names[one] for one in places)], axes)
    found = [_drawn(table, place) for place in places]
    ends = np.array([np.quantile(values, [0.025, 0.25, 0.75, 0.975]) for values, _, _ in found])
    whiskers(axes, ends[:, 0], ends[:, 3], rows.centre, SOFT)
    axes.hlines(rows.centre, ends[:, 1], ends[:, 2], colors=SOFT, linewidth=5.0, zorder=2)
    axes.plot([at for _, at, _ in found], rows.centre, "D", color=VERMILLION, markersize=6, zorder=3)
    upright(axes, 0.0)
    lay_rows(axes, rows)
    few_ticks(axes)
    if page_wide(axes):
        at_right(axes, rows, [f"p {_p(p)}" for _, _, p in found])
    axes.set_xlabel(wrapped(f"{table.statistic} after people changed places", words_wide(axes)))
    keys = [
        Line2D([], [], linestyle="none", marker="D", color=VERMILLION, markersize=6, label="observed"),
        Line2D([], [], color=SOFT, linewidth=5.0, label="half of permutations"),
        Line2D([], [], color=SOFT, linewidth=1.5, label="95 % of permutations"),
    ]
    # the right side has the p values
    key = legends(axes, [("", keys)], under=True)
    return describe(axes, "permutation_null", _words(table, places), rows.total + 0.75 + key)


def _p(p: float) -> str:
    shown = probability(p)
    return shown if shown.startswith("<") else f"= {shown}"


def _words(table: Any, places: list[int]) -> str:
    """Observed statistics, and what permutations have."""
    parts = []
    for place in places:
        values, at, p = _drawn(table, place)
        low, high = np.quantile(values, [0.025, 0.975])
        parts.append(
            f"{nameless(table.names[place])} {fixed(at, 2)} as observed, 95 % of permutations between "
            f"{fixed(float(low), 2)} and {fixed(float(high), 2)}, p {_p(p)}"
        )
    many = counted(table.found.draws, "permutation")
    return f"{table.statistic} of coefficients of {table.label} after {many} of people: {'; '.join(parts)}."

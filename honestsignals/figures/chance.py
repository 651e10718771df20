"""Figure of reciprocity as observed against what a null model makes of the same totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, HonestSignalsError, listed, unknown
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.rows import fixed
from honestsignals.figures.style import (
    BLUE,
    DASHED,
    DOTTED,
    INK,
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
from honestsignals.metrics.columns import FORMS, column
from honestsignals.metrics.columns import describe as describe_column
from honestsignals.metrics.registry import SWAPS
from honestsignals.tables import probability

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

BINS = 20


@figure(
    "Reciprocity against its null",
    "null_draws() of a log, the result of standardise(), or a table of pairs with draws of a null model",
    height=3.8,
)
def reciprocity_null(table: Any, axes: Axes, *, null: Any = None, metric: str | None = None) -> Axes:
    """Draw how reciprocity is distributed over pairs, against what a null model makes of the same totals.

    Bars are the pairs as observed; the band is where 95 % of draws have the same bar, the line their mean.
    Of a metric of the whole network, the bars are the draws and a line says what was observed. Of a
    standardised table, which keeps no draws, the bars are z: how far each pair lies from what its draws have.

    Parameters
    ----------
    table : pandas.DataFrame, Standardised, DyadTable or MetricTable
        Draws of a null model, what was observed among them as draw 0: ``draw``, ``metric``, ``value``. Or a
        standardised table. Or a table with the metric, ``null`` having the draws.
    axes : matplotlib.axes.Axes
        Where to draw.
    null : pandas.DataFrame or ndarray, optional
        Draws, where ``table`` has none: ``draw`` and ``value``, or an array with a row a draw.
    metric : str, optional
        Which metric; by default ``returned_share``, or the only one there is.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DesignError
        Where pairs have no direction and the metric depends on who is called ego.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> draws = pd.DataFrame({"draw": [0, 0, 1, 1, 2, 2], "value": [0.2, 0.9, 0.1, 0.5, 0.4, 0.3]})
    >>> axes = reciprocity_null(draws.assign(metric="returned_share"), Figure().subplots())
    >>> axes.get_ylabel()
    'share of pairs'
    """
    from honestsignals.nulls import Standardised

    check_axes(axes)
    if isinstance(table, Standardised) and null is None:
        return _of_z(table, axes, metric)
    name, observed, drawn = _against(table, null, metric)
    # draws have a row a pair, without a direction; a table of ordered pairs tells that it has one
    if len(observed) > 1 and not getattr(table, "directed", False):
        _refuse_ego_only(name)
    known = observed[~np.isnan(observed)]
    finite = np.concatenate([known, *(one[~np.isnan(one)] for one in drawn)])
    if not known.size or not np.isfinite(finite).all():
        what = "is defined nowhere" if not known.size else "is infinite somewhere"
        say_why(axes, f"{name} {what}, so it has no distribution.")
        return describe(axes, "reciprocity_null", f"{name} {what}, so it has no distribution.")
    if len(observed) == 1:
        return _of_one(axes, name, float(known[0]), np.array([one[0] for one in drawn]))
    return _of_pairs(axes, name, known, drawn)


def _refuse_ego_only(name: str) -> None:
    """Where pairs have no direction, a metric must be the same for both."""
    try:
        fact = describe_column(column(name, name.split("__")[1:]))
    except HonestSignalsError:
        return
    if fact.level != "dyad" or fact.swap == "same":
        return
    stem = fact.name.removesuffix("_ego").removesuffix("_alter")
    forms = [f"{stem}_{form}" for form in FORMS] if stem != fact.name else ["imbalance", "returned_share"]
    raise DesignError(
        f"{name!r} depends on who is called ego, and pairs without direction have no ego: swapping the two "
        f"gives {SWAPS[fact.swap]}, so names alone would shape the figure. Use {listed(forms)}."
    )


def _against(table: Any, null: Any, metric: str | None) -> tuple[str, Array, list[Array]]:
    """The metric's name, its values as observed, and in each draw."""
    import pandas as pd

    frame = table if isinstance(table, pd.DataFrame) else getattr(table, "frame", None)
    if not isinstance(frame, pd.DataFrame):
        raise ArgumentError(
            f"The figure needs draws of a null model, or a table of pairs; got {type(table).__name__}."
        )
    if null is None:
        if not {"draw", "value"} <= set(frame.columns):
            raise ArgumentError(
                "A table of pairs has no null: give null= the draws, as null_draws() makes them, or draw "
                "these themselves, or the result of standardise()."
            )
        name, frame = _one_metric(frame, metric)
        draws = _by_draw(frame)
        if 0 not in draws:
            raise DesignError("No draw is 0, which stands for what was observed: give the table too.")
        observed = draws.pop(0)
    else:
        name = metric or "returned_share"
        if name not in frame.columns:
            raise unknown("metric", name, [str(one) for one in frame.columns])
        observed = frame[name].to_numpy(dtype=float, na_value=np.nan)
        draws = _draws_of(null, name)
    if not draws:
        raise DesignError("There is no draw of the null model.")
    return name, observed, list(draws.values())


def _draws_of(null: Any, name: str) -> dict[int, Array]:
    import pandas as pd

    if isinstance(null, pd.DataFrame):
        if not {"draw", "value"} <= set(null.columns):
            raise ArgumentError("null needs the columns draw and value, as null_draws() makes them.")
        part = _one_metric(null, name)[1]
        return {draw: values for draw, values in _by_draw(part).items() if draw}
    values = np.atleast_2d(np.asarray(null, dtype=float))
    return dict(enumerate(values, start=1))


def _one_metric(frame: pd.DataFrame, metric: str | None) -> tuple[str, pd.DataFrame]:
    """The rows of one metric, and its name."""
    if "metric" not in frame.columns:
        return metric or "returned_share", frame
    there = [str(one) for one in frame["metric"].unique()]
    name = metric or ("returned_share" if "returned_share" in there or not there else there[0])
    if name not in there:
        raise unknown("metric", name, there)
    return name, frame[frame["metric"] == name]


def _by_draw(frame: pd.DataFrame) -> dict[int, Array]:
    """Values of each draw, draws in order."""
    values = frame["value"].to_numpy(dtype=float, na_value=np.nan)
    draw = frame["draw"].to_numpy(dtype=np.int64)
    order = np.argsort(draw, kind="stable")
    numbers, first = np.unique(draw[order], return_index=True)
    return dict(zip(numbers.tolist(), np.split(values[order], first[1:]), strict=True))


def _of_pairs(axes: Axes, name: str, observed: Array, drawn: list[Array]) -> Axes:
    """Bars of pairs, and the band of the draws."""
    kept = [one[~np.isnan(one)] for one in drawn]
    kept = [one for one in kept if one.size]
    ends = np.concatenate([observed, *kept])
    low, high = float(ends.min()), float(ends.max())
    # what is a share is drawn as one, whatever its ends happen to be
    low, high = (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    bars = np.histogram(observed, edges)[0] / observed.size
    axes.stairs(bars, edges, fill=True, color=BLUE, alpha=0.45, linewidth=0, zorder=2)
    from matplotlib.patches import Patch

    keys: list[Any] = [Patch(color=BLUE, alpha=0.45, linewidth=0, label="observed")]
    if kept:
        shares = np.array([np.histogram(one, edges)[0] / one.size for one in kept])
        below, above = np.quantile(shares, [0.025, 0.975], axis=0)
        axes.stairs(
            above, edges, baseline=below, fill=True, color=VERMILLION, alpha=0.3, linewidth=0, zorder=3
        )
        axes.stairs(shares.mean(axis=0), edges, color=VERMILLION, linewidth=1.6, zorder=4)
        keys.append(handle(Look(VERMILLION, SOLID, "none"), "null, mean of draws"))
        keys.append(Patch(color=VERMILLION, alpha=0.3, linewidth=0, label="null, 95 % of draws"))
    plain(axes, "y")
    axes.set(
        xlabel=wrapped(f"{name} of a pair", words_wide(axes)),
        ylabel="share of pairs",
        xlim=(edges[0], edges[-1]),
    )
    key = legends(axes, [("", keys)])
    means = np.array([one.mean() for one in kept])
    said = f"{name} of {counted(observed.size, 'pair')}: mean {fixed(observed.mean())} as observed"
    if means.size:
        ends_of = np.quantile(means, [0.025, 0.975])
        said += f"; in {counted(means.size, 'draw')} of the null model mean {fixed(means.mean())}, "
        said += f"95 % of draws between {fixed(ends_of[0])} and {fixed(ends_of[1])}"
    return describe(axes, "reciprocity_null", f"{said}.", room(axes, key, wide=3.2, narrow=2.2))


def _of_one(axes: Axes, name: str, observed: float, drawn: Array) -> Axes:
    """Bars of draws, and a line at what was observed."""
    known = drawn[~np.isnan(drawn)]
    axes.hist(known, bins=bars_of(known), color=SOFT, alpha=0.55, linewidth=0)
    axes.locator_params(axis="y", integer=True)
    axes.axvline(observed, color=VERMILLION, linewidth=2.0)
    plain(axes, "y")
    axes.set(xlabel=wrapped(f"{name} of the network", words_wide(axes)), ylabel="draws of the null model")
    key = legends(axes, [("", [handle(Look(VERMILLION, SOLID, "none"), f"observed, {fixed(observed)}")])])
    high = (1 + int((known >= observed - 1e-12 * max(1.0, abs(observed))).sum())) / (1 + known.size)
    low = (1 + int((known <= observed + 1e-12 * max(1.0, abs(observed))).sum())) / (1 + known.size)
    said = f"{name} of the network: {fixed(observed)} as observed; in {counted(known.size, 'draw')} of the "
    said += f"null model mean {fixed(known.mean()) if known.size else '–'}. As high by chance: p = "
    said += f"{probability(high)}; as low: p = {probability(low)}."
    return describe(axes, "reciprocity_null", said, room(axes, key, wide=3.2, narrow=2.2))


def _of_z(table: Any, axes: Axes, metric: str | None) -> Axes:
    """Bars of z, of a standardised table."""
    if table.level == "network":
        raise DesignError(
            "A network has one z a metric, and a standardised table keeps no draws: draw null_draws(), "
            "level='network'."
        )
    name, part = _one_metric(table.frame, metric)
    if table.level == "dyad":
        _refuse_ego_only(name)
    z = part["z"].to_numpy(dtype=float)
    known = z[np.isfinite(z)]
    whose = {"dyad": "pair", "person": "person"}[table.level]
    many = counted(len(known), whose, "people" if whose == "person" else "")
    if not known.size:
        said = f"No {whose} has a z of {name}: {', '.join(part['reason'].unique()[:3])}."
        say_why(axes, said)
        return describe(axes, "reciprocity_null", said)
    axes.hist(known, bins=bars_of(known), color=BLUE, alpha=0.45, linewidth=0)
    axes.locator_params(axis="y", integer=True)
    for at, line in ((0.0, DASHED), (-1.96, DOTTED), (1.96, DOTTED)):
        axes.axvline(at, color=INK, linewidth=1.0, linestyle=line)
    plain(axes, "y")
    axes.set_xlabel(wrapped(f"z of {name}, in standard deviations of the draws", words_wide(axes)))
    axes.set_ylabel(f"{'people' if whose == 'person' else 'pairs'}")
    keys = [handle(Look(INK, DASHED, "none"), "as the null\nmodel expects")]
    keys.append(handle(Look(INK, DOTTED, "none"), "±1.96"))
    key = legends(axes, [("", keys)])
    observed, expected = part["observed"].mean(), part["expected"].mean()
    above, below = int((known > 1.96).sum()), int((known < -1.96).sum())
    said = f"z of {name} of {many} against the null model {table.null!r} ({table.draws:,} draws): mean "
    said += f"{fixed(float(known.mean()), 2)}; {above:,} above 1.96, {below:,} below −1.96. Mean "
    said += f"{fixed(float(observed))} as observed, {fixed(float(expected))} expected; "
    said += f"{len(z) - len(known):,} without z."
    return describe(axes, "reciprocity_null", said, room(axes, key, wide=3.2, narrow=2.2))


def bars_of(values: Array) -> int:
    """How many bars so many values are drawn with."""
    return int(min(60, max(10, np.sqrt(values.size))))

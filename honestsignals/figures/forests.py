"""Figures of estimates with their intervals, a row each: steps of a ladder, coefficients, studies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.rows import (
    at_right,
    few_ticks,
    fixed,
    interval,
    lay_rows,
    page_wide,
    rows_of,
    signed,
    upright,
    whiskers,
)
from honestsignals.figures.style import BLUE, INK, VERMILLION, say_why, words_wide, wrapped
from honestsignals.inference.scores import SCORES
from honestsignals.inference.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

LEFT, RIGHT = (0.0, 0.0, 0.47, 1.0), (0.53, 0.0, 0.47, 1.0)
"""Where the two panels stand in the Axes."""
LEAST, LARGE, LARGEST = 4.0, 96.0, 256.0
"""Points squared: of the smallest square that is seen, of the largest one mostly, and at most."""
AXIS = 0.75
"""Inches below the rows: numbers of the x axis and its name."""


@figure("What each step of the ladder adds", "an evaluation, or what its tidy() gives", height=3.0)
def ladder(table: Any, axes: Axes, *, score: str | None = None) -> Axes:
    """Draw the ladder: each step's score with its interval, and its gain over the step before.

    To the right of the line at 0 a step foretells better than the one before it. The scale is that of steps
    beyond the first: what the first gains over the base rate is mostly more, and would hide what they do.
    Where it does not fit, an arrow and its number stand for it.

    Parameters
    ----------
    table : Evaluation or pandas.DataFrame
        A row a step: ``step``, and per score ``score``, ``score_low``, ``score_high``, ``score_gain``,
        ``score_gain_low``, ``score_gain_high``.
    axes : matplotlib.axes.Axes
        Where to draw; it is divided into two panels, its ``child_axes``.
    score : str, optional
        Which score; by default the first of the table.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> steps = pd.DataFrame({"step": ["base rate", "volume"], "auc": [0.5, 0.7], "auc_low": [0.5, 0.6],
    ...     "auc_high": [0.5, 0.8], "auc_gain": [float("nan"), 0.2], "auc_gain_low": [float("nan"), 0.1],
    ...     "auc_gain_high": [float("nan"), 0.3]})
    >>> axes = ladder(steps, Figure().subplots())
    >>> [panel.get_xlabel() for panel in axes.child_axes]
    ['AUC', 'gain in AUC over the step before']
    """
    check_axes(axes)
    frame = table_with(table, ("step",), "an evaluation, or its table with the column step")
    if "people" in frame.columns:
        raise ArgumentError(
            "The table has a row a number of people, as a learning curve has; 'learning_curve' draws it."
        )
    twice = frame["step"][frame["step"].duplicated()]
    if len(twice):
        raise ArgumentError(f"Two rows are of the step {str(twice.iloc[0])!r}; a ladder has a row a step.")
    name = _score(frame, score)
    axes.set_axis_off()
    if not len(frame):
        say_why(axes, "There is no step.")
        return describe(axes, "ladder", "There is no step.")
    rows = rows_of([str(one) for one in frame["step"]], axes)
    left, right = axes.inset_axes(LEFT), axes.inset_axes(RIGHT)
    title = SCORES[name].title if name in SCORES else name.replace("_", " ")
    score_of, gain_of = (
        np.array([_numbers(frame, f"{stem}{end}") for end in ("", "_low", "_high")])
        for stem in (name, f"{name}_gain")
    )
    upright(right, 0.0)
    gain_of = _on_scale(right, gain_of, rows.centre)
    for panel, (value, low, high), how in (
        (left, score_of, (BLUE, "o")),
        (right, gain_of, (VERMILLION, "D")),
    ):
        whiskers(panel, low, high, rows.centre, how[0])
        panel.plot(value, rows.centre, how[1], color=how[0], markersize=5.5, zorder=3)
        lay_rows(panel, rows, named=panel is left)
        few_ticks(panel)
    better = "" if name not in SCORES or SCORES[name].higher else ", lower is better"
    wide = 34 if page_wide(axes) else 17
    left.set_xlabel(wrapped(f"{title}{better}", wide))
    over = "over the step before"
    right.set_xlabel(wrapped(f"fall in {title} {over}" if better else f"gain in {title} {over}", wide))
    return describe(axes, "ladder", _ladder_words(frame, name, title), rows.total + AXIS + 0.05)


def _on_scale(axes: Axes, gains: Array, at: Array) -> Array:
    """Gains that the scale of steps beyond the first holds; the others become a number with an arrow.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    gains : ndarray, shape (3, steps)
        Gain, and the ends of its interval; NaN where there is none.
    at : ndarray, shape (steps,)
        Rows.

    Returns
    -------
    ndarray, shape (3, steps)
        NaN where a number stands instead.
    """
    known = np.flatnonzero(np.isfinite(gains[0]))
    if known.size < 2:
        return gains
    later = gains[:, known[1:]]
    low, high = min(float(np.nanmin(later)), 0.0), max(float(np.nanmax(later)), 0.0)
    room = 0.08 * (high - low) or 0.01
    low, high = low - room, high + room
    first = gains[:, known[0]]
    if np.nanmin(first) >= low and np.nanmax(first) <= high:
        return gains
    axes.set_xlim(low, high)
    right = first[0] > (low + high) / 2
    text = f"{signed(float(first[0]))} →" if right else f"← {signed(float(first[0]))}"
    side = high if right else low
    axes.text(side, at[known[0]], text, ha="right" if right else "left", va="center", color=INK, zorder=4)
    out = gains.copy()
    out[:, known[0]] = np.nan
    return out


def _score(frame: pd.DataFrame, score: str | None) -> str:
    """A score that the table has, by default its first."""
    there = [str(name) for name in frame.columns if f"{name}_gain" in frame.columns]
    there = [name for name in there if f"{name}_low" in frame.columns]
    if score is None and there:
        return there[0]
    if score not in there:
        if score is not None and there:
            raise unknown("score", score, there)
        raise DesignError(
            "The table has no score with an interval and a gain, so there is no ladder to draw."
        )
    return str(score)


def _ladder_words(frame: pd.DataFrame, name: str, title: str) -> str:
    """Score and gain of each step."""
    parts = []
    for _, row in frame.iterrows():
        text = f"{row['step']} {interval(*(float(row[f'{name}{end}']) for end in ('', '_low', '_high')))}"
        gain, low, high = (float(row[f"{name}_gain{end}"]) for end in ("", "_low", "_high"))
        if not np.isnan(gain):
            text += f", gain {signed(gain)} ({signed(low)} to {signed(high)})"
        parts.append(text)
    return f"{title} of {counted(len(frame), 'step')} with 95 % intervals: {'; '.join(parts)}."


def table_with(table: Any, columns: tuple[str, ...], needs: str) -> pd.DataFrame:
    """The frame itself, or what tidy() gives, where it has the columns.

    Parameters
    ----------
    table : result or pandas.DataFrame
    columns : tuple of str
    needs : str
        What the figure needs, as its message says it.

    Raises
    ------
    ArgumentError
        For what is no table; for a column that it lacks UnknownNameError.
    """
    import pandas as pd

    frame = table if isinstance(table, pd.DataFrame) else getattr(table, "tidy", lambda: None)()
    if not isinstance(frame, pd.DataFrame):
        raise ArgumentError(f"The figure needs {needs}; got {type(table).__name__}.")
    for name in columns:
        if name not in frame.columns:
            hint = f"The figure needs {needs}; got {type(table).__name__}."
            raise unknown("column", name, [str(one) for one in frame.columns], hint)
    return frame


def _numbers(frame: pd.DataFrame, name: str) -> Array:
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(dtype=float, na_value=np.nan)


@figure(
    "Estimates of studies, and what they say together",
    "a meta-analysis, or a frame with the columns study, estimate, low, high and, where there, weight",
    height=3.0,
)
def forest(
    table: Any,
    axes: Axes,
    *,
    pooled: tuple[float, float, float] | None = None,
    prediction: tuple[float, float] | None = None,
    of: str | None = None,
    null: float = 0.0,
) -> Axes:
    """Draw estimates of studies with their intervals, and a diamond for what they say together.

    The area of a square is the weight of its study. The diamond reaches from one end of the pooled
    interval to the other.

    Parameters
    ----------
    table : MetaAnalysis or pandas.DataFrame
        A row a study: ``study``, ``estimate``, ``low``, ``high`` and, where there, ``weight``. A
        meta-analysis has ``studies``, and tells what is pooled and foretold where that is not given.
    axes : matplotlib.axes.Axes
        Where to draw.
    pooled : tuple of float, optional
        Estimate of all studies, and the ends of its interval.
    prediction : tuple of float, optional
        Ends of the interval for one more study, a thin line below the diamond.
    of : str, optional
        What is estimated, with its unit: the name of the x axis.
    null : float
        Where there is nothing: a line.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> studies = pd.DataFrame({"study": ["one", "two"], "estimate": [0.1, 0.2], "low": [0.0, 0.1],
    ...     "high": [0.2, 0.3], "weight": [1, 3]})
    >>> axes = forest(studies, Figure().subplots(), pooled=(0.175, 0.09, 0.26), of="gain in AUC")
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['one', 'two', 'all studies']
    """
    check_axes(axes)
    needs = "a frame with the columns study, estimate, low and high"
    if hasattr(table, "studies") and hasattr(table, "pooled"):
        pooled = table.pooled if pooled is None else pooled
        prediction = table.prediction if prediction is None else prediction
        table, of = table.studies, table.of if of is None else of
    of = "estimate" if of is None else of
    frame = table_with(table, ("study", "estimate", "low", "high"), needs)
    if not len(frame):
        say_why(axes, "There is no study.")
        axes.set_axis_off()
        return describe(axes, "forest", "There is no study.")
    extra = [] if pooled is None else ["all studies"]
    extra += [] if prediction is None else ["one more study"]
    rows = rows_of([*(str(one) for one in frame["study"]), *extra], axes)
    value, low, high = (_numbers(frame, name) for name in ("estimate", "low", "high"))
    each = rows.centre[: len(frame)]
    whiskers(axes, low, high, each, INK)
    axes.scatter(value, each, s=_areas(frame), marker="s", color=BLUE, linewidths=0, zorder=3)
    texts = [interval(*one) for one in zip(value, low, high, strict=True)]
    if pooled is not None:
        texts.append(interval(*pooled))
        _diamond(axes, pooled, float(rows.centre[len(frame)]))
    if prediction is not None:
        texts.append(f"({fixed(prediction[0])} to {fixed(prediction[1])})")
        ends = np.array(prediction, dtype=float)
        whiskers(axes, ends[:1], ends[1:], rows.centre[-1:], VERMILLION)
    upright(axes, null)
    lay_rows(axes, rows)
    if page_wide(axes):
        at_right(axes, rows, texts)
    few_ticks(axes)
    axes.set_xlabel(wrapped(of, words_wide(axes)))
    parts = "; ".join(f"{name} {text}" for name, text in zip(frame["study"], texts, strict=False))
    text = f"{of[:1].upper()}{of[1:]}s" if of == "estimate" else f"{of[:1].upper()}{of[1:]}"
    said = f"{text} of {counted(len(frame), 'study', 'studies')} with 95 % intervals: {parts}."
    said += f" Together {interval(*pooled)}." if pooled is not None else ""
    said += f" One more study: {fixed(prediction[0])} to {fixed(prediction[1])}." if prediction else ""
    return describe(axes, "forest", said, rows.total + AXIS)


def _areas(frame: pd.DataFrame) -> Array:
    """Areas of squares, in points squared: as weights are, the smallest large enough to be seen.

    Where weights are too far apart for that, the largest stays as large as its row allows.
    """
    weight = _numbers(frame, "weight")
    if not np.isfinite(weight).any() or np.nanmax(weight) <= 0:
        return np.full(len(frame), 32.0)
    share = np.clip(np.nan_to_num(weight), 0, None) / np.nanmax(weight)
    least = float(share[share > 0].min())
    return np.asarray(share * float(np.clip(LEAST / least, LARGE, LARGEST)))


def _diamond(axes: Axes, pooled: tuple[float, float, float], at: float) -> None:
    estimate, low, high = pooled
    x, y = [low, estimate, high, estimate], [at, at - 0.1, at, at + 0.1]
    axes.fill(x, y, color=VERMILLION, linewidth=0, zorder=3)

"""Figure of how far a score grows with the people that a model was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from honestsignals.errors import ArgumentError, unknown
from honestsignals.figures.predicted import BASE
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.rows import interval
from honestsignals.figures.style import Look, handle, key_width, legends, look, plain, room, say_why, wrapped
from honestsignals.inference.scores import SCORES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@figure(
    "The score by how many people a model was trained on",
    "evaluation.learning_curve(), or a frame with the columns people, score, low and high",
    height=3.6,
)
def learning_curve(table: Any, axes: Axes, *, score: str | None = None) -> Axes:
    """Draw the score of each step against the people trained on, with its interval.

    Intervals are bands; of more than two steps, which would hide one another, upright lines side by side.

    Parameters
    ----------
    table : table with tidy(), or pandas.DataFrame
        A row a number of people (and ``step``, where there are several): ``people``, then either ``score``,
        ``low`` and ``high``, or the columns of a score as in an evaluation: ``auc``, ``auc_low``,
        ``auc_high``.
    axes : matplotlib.axes.Axes
        Where to draw.
    score : str, optional
        Which score; by default the first of the table.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> found = pd.DataFrame({"people": [10, 20], "score": [0.6, 0.7], "low": [0.5, 0.65],
    ...     "high": [0.7, 0.75]})
    >>> axes = learning_curve(found, Figure().subplots())
    >>> axes.get_xlabel()
    'people trained on'
    """
    import pandas as pd

    check_axes(axes)
    frame = table if isinstance(table, pd.DataFrame) else getattr(table, "tidy", lambda: None)()
    if not isinstance(frame, pd.DataFrame):
        raise ArgumentError(
            f"The figure needs a learning curve: people, score, low, high; got {type(table).__name__}."
        )
    if "people" not in frame.columns:
        raise unknown("column", "people", [str(name) for name in frame.columns])
    name, ends = _columns(frame, score)
    title = SCORES[name].title if name in SCORES else name.replace("_", " ")
    if not len(frame):
        say_why(axes, "There is no point of a learning curve.")
        return describe(axes, "learning_curve", "There is no point of a learning curve.")
    steps = list(dict.fromkeys(frame["step"].astype(str))) if "step" in frame.columns else [""]
    # the base rate learns nothing, and would only stretch the scale
    steps = [step for step in steps if step != BASE] or steps
    keys, words = [], []
    for place, step in enumerate(steps):
        part = frame if step == "" else frame[frame["step"].astype(str) == step]
        aside = None if len(steps) < 3 else (place - (len(steps) - 1) / 2) * 0.012 * _span(frame)
        words.append(_line(axes, part.sort_values("people"), (step, name, *ends), (look(place), aside)))
        keys.append(handle(look(place), wrapped(step, key_width(axes)), marker=True))
    plain(axes)
    axes.locator_params(axis="x", integer=True)
    axes.margins(x=0.04 if frame["people"].nunique() > 1 else 0.5)
    axes.set(xlabel="people trained on", ylabel=wrapped(title, 30))
    key = legends(axes, [("", keys)]) if steps != [""] else 0.0
    said = f"{title} by people trained on, with intervals. {' '.join(words)}"
    return describe(axes, "learning_curve", said, room(axes, key, wide=3.0, narrow=2.3))


def _span(frame: pd.DataFrame) -> float:
    """From fewest people to most."""
    people = frame["people"].to_numpy(dtype=float)
    return float(people.max() - people.min())


def _line(
    axes: Axes, part: pd.DataFrame, names: tuple[str, str, str, str], drawn: tuple[Look, float | None]
) -> str:
    """One step's line and intervals, and its points in words."""
    (step, score, *ends), (how, aside) = names, drawn
    x, value, low, high = (part[one].to_numpy(dtype=float) for one in ("people", score, *ends))
    at = x if aside is None else x + aside
    (line,) = axes.plot(at, value, color=how.colour, linestyle=how.line, linewidth=1.8, zorder=3)
    line.set(marker=how.marker, markersize=5.5, markeredgewidth=0)
    if aside is None:
        axes.fill_between(at, low, high, color=how.colour, alpha=0.15, linewidth=0, zorder=2)
    else:
        axes.vlines(at, low, high, colors=how.colour, linewidth=1.2, zorder=2)
    each = zip(x, value, low, high, strict=True)
    points = "; ".join(f"{people:,.0f} people {interval(*one)}" for people, *one in each)
    return f"{step}: {points}." if step else f"{points}."


def _columns(frame: pd.DataFrame, score: str | None) -> tuple[str, tuple[str, str]]:
    """The column of the score, and those of its interval."""
    if score is None and {"score", "low", "high"} <= set(frame.columns):
        return "score", ("low", "high")
    there = [str(name) for name in frame.columns if {f"{name}_low", f"{name}_high"} <= set(frame.columns)]
    name = there[0] if score is None and there else score
    if name not in there:
        raise unknown("score", str(name or "score"), there, "It needs an interval: score, low and high.")
    return str(name), (f"{name}_low", f"{name}_high")

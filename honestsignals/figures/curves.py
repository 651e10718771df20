"""Figures of how well predictions put pairs in order: ROC, and precision against recall."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import DesignError
from honestsignals.figures.predicted import Predicted, over_folds, predictions_of
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
    words_wide,
    wrapped,
)
from honestsignals.inference.curves import (
    precision_at,
    precision_recall_curve,
    roc_curve,
    true_positive_at,
)
from honestsignals.inference.scores import SCORES
from honestsignals.inference.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

POINTS = 200
"""Points of a mean curve."""
CHANCE = Look(SOFT, DASHED, "none")
NEEDS = "an evaluation of a binary label, or the frame of its predictions"


@dataclass(frozen=True, eq=False)
class Drawn:
    """The mean curve of one step.

    Attributes
    ----------
    step : str
    curves : ndarray, shape (folds, points)
    scores : ndarray, shape (folds,)
    without : int
        Folds that have no curve.
    """

    step: str
    curves: Array
    scores: Array
    without: int


@figure("ROC curves", NEEDS, height=4.4, square=True)
def roc(table: Any, axes: Axes, *, steps: Sequence[str] | None = None) -> Axes:
    """Draw ROC curves: of each step, the pairs found against the false alarms, averaged over folds.

    Curves are made within each fold and averaged at the same share of false alarms, never pooled; around
    the last step's is a band of the middle 80 % of folds. The legend has the mean AUC of the folds.

    Parameters
    ----------
    table : Evaluation or pandas.DataFrame
        Predictions: ``label``, a column a step, and ``division`` and ``fold`` where there are folds.
    axes : matplotlib.axes.Axes
        Where to draw.
    steps : sequence of str, optional
        Which steps; by default all but the base rate, which is the diagonal.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DesignError
        Where the label is not binary.

    References
    ----------
    fawcett2006

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> tested = pd.DataFrame({"label": [0, 0, 1, 1], "volume": [0.1, 0.4, 0.35, 0.8]})
    >>> axes = roc(tested, Figure().subplots())
    >>> axes.get_xlabel()
    'share of pairs without the label that are flagged'
    """
    check_axes(axes)
    found = _binary(table, steps)
    grid = np.linspace(0, 1, POINTS + 1)

    def curve(y: Array, p: Array) -> Array | None:
        x, height = roc_curve(y, p)
        return None if np.isnan(x).any() else true_positive_at(x, height, grid)

    drawn = [_drawn(found, place, curve, "auc") for place in range(len(found.steps))]
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1.0, linestyle=DASHED, zorder=1)
    _curves(axes, drawn, np.append(0.0, grid), lambda curves: np.insert(curves, 0, 0.0, axis=-1))
    named = found.label if found.label != "label" else "the label"
    _name_axes(
        axes,
        f"share of pairs without {named} that are flagged",
        f"share of pairs with {named} that are flagged",
    )
    return _finished(axes, "roc", found, (drawn, "AUC", "chance (AUC .500)", "Chance is AUC 0.500."))


@figure("Precision against recall", NEEDS, height=4.4, square=True)
def precision_recall(table: Any, axes: Axes, *, steps: Sequence[str] | None = None) -> Axes:
    """Draw precision against recall: how many of those flagged have the label, the more of them are found.

    Made within each fold and averaged at the same recall, as ROC curves are; the line across is the base
    rate, which flagging at random has. The legend has the mean average precision of the folds.

    Parameters
    ----------
    table : Evaluation or pandas.DataFrame
        Predictions: ``label``, a column a step, and ``division`` and ``fold`` where there are folds.
    axes : matplotlib.axes.Axes
        Where to draw.
    steps : sequence of str, optional
        Which steps; by default all but the base rate.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DesignError
        Where the label is not binary.

    References
    ----------
    davis2006

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> tested = pd.DataFrame({"label": [0, 0, 1, 1], "volume": [0.1, 0.4, 0.35, 0.8]})
    >>> axes = precision_recall(tested, Figure().subplots())
    >>> axes.get_ylabel()
    'share of flagged pairs with the label (precision)'
    """
    check_axes(axes)
    found = _binary(table, steps)
    grid = np.linspace(0, 1, POINTS + 1)[1:]

    def curve(y: Array, p: Array) -> Array | None:
        recall, precision = precision_recall_curve(y, p)
        whole = bool(recall.size) and not np.isnan(recall).any()
        return precision_at(recall, precision, grid) if whole and y.min() == 0 else None

    drawn = [_drawn(found, place, curve, "average_precision") for place in range(len(found.steps))]
    both = [rows for rows in found.folds if len(set(found.y[rows])) == 2]
    base = float(np.mean([found.y[rows].mean() for rows in both])) if both else float("nan")
    axes.axhline(base, color=SOFT, linewidth=1.0, linestyle=DASHED, zorder=1)
    _curves(axes, drawn, grid, lambda curves: curves)
    named = found.label if found.label != "label" else "the label"
    _name_axes(
        axes,
        f"share of pairs with {named} that are flagged (recall)",
        f"share of flagged pairs with {named} (precision)",
    )
    said = f"The base rate is {base:.3f}."
    return _finished(
        axes, "precision_recall", found, (drawn, "average precision", f"base rate {_short(base)}", said)
    )


def _name_axes(axes: Axes, x: str, y: str) -> None:
    """Names of both axes, on as many lines as they need."""
    axes.set_xlabel(wrapped(x, words_wide(axes)))
    axes.set_ylabel(wrapped(y, words_wide(axes)))


def _binary(table: Any, steps: Sequence[str] | None) -> Predicted:
    found = predictions_of(table, steps)
    if not found.binary:
        raise DesignError(
            "The figure is of a binary label, and this one has values other than 0 and 1; "
            "reliability() draws means too."
        )
    return found


def _drawn(found: Predicted, place: int, curve: Callable[[Array, Array], Array | None], score: str) -> Drawn:
    """One step's curve and score in each fold."""
    curves, without = over_folds(found, place, curve)

    def value(y: Array, p: Array) -> Array | None:
        return None if curve(y, p) is None else np.array([SCORES[score].function(y, p, float("nan")).value])

    scores, _ = over_folds(found, place, value)
    return Drawn(found.steps[place], curves, scores.ravel(), without)


def _curves(axes: Axes, drawn: Sequence[Drawn], x: Array, whole: Callable[[Array], Array]) -> None:
    """Mean curves, and the band of the last step."""
    for place, one in enumerate(drawn):
        if not len(one.curves):
            continue
        how = look(place)
        axes.plot(
            x, whole(one.curves.mean(axis=0)), color=how.colour, linestyle=how.line, linewidth=1.8, zorder=3
        )
        if place == len(drawn) - 1 and len(one.curves) > 4:
            low, high = np.quantile(whole(one.curves), [0.1, 0.9], axis=0)
            axes.fill_between(x, low, high, color=how.colour, alpha=0.15, linewidth=0, zorder=2)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02), aspect="equal")
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_yticks(np.linspace(0, 1, 6))
    plain(axes)


def _finished(axes: Axes, name: str, found: Predicted, what: tuple[Sequence[Drawn], str, str, str]) -> Axes:
    """The legend and the words; the reason, where no fold has both answers."""
    drawn, score, line, said = what
    used = len(found.folds) - drawn[-1].without
    if not used:
        why = "No fold has pairs both with and without the label, so there is no curve."
        say_why(axes, why)
        return describe(axes, name, f"{why} {found.tested()}.")
    keys = [
        handle(look(place), wrapped(f"{one.step} ({_short(one.scores.mean())})", key_width(axes)))
        for place, one in enumerate(drawn)
        if len(one.scores)
    ]
    band = _band_key(look(len(drawn) - 1)) if used > 4 else []
    folds = counted(used, "fold") if not drawn[-1].without else f"{used} of {len(found.folds)} folds"
    title = f"mean {score},\n{folds}"
    key = legends(axes, [(title, [*keys, *band, handle(CHANCE, line, width=1.0)])])
    values = "; ".join(f"{one.step} {one.scores.mean():.3f}" for one in drawn if len(one.scores))
    left = [one.without for one in drawn if one.without]
    text = f"{FIGURED[name]}, averaged over {counted(used, 'fold')}. Mean {score}: {values}. {said} "
    without = f" {max(left)} of the folds have no curve." if left else ""
    inches = room(axes, key, wide=3.8, narrow=2.9)
    return describe(axes, name, f"{text}{found.tested()}.{without}", inches)


FIGURED = {"roc": "ROC curves", "precision_recall": "Precision against recall"}


def _band_key(how: Look) -> list[Any]:
    from matplotlib.patches import Patch

    return [Patch(color=how.colour, alpha=0.15, linewidth=0, label="middle 80 % of folds,\nlast step")]


def _short(value: float) -> str:
    """A number below 1 as papers print it.

    >>> _short(0.7123), _short(1.0)
    ('.712', '1.000')
    """
    return f"{value:.3f}".removeprefix("0") if value < 1 else f"{value:.3f}"

"""Predictions as figures take them: the label and a column a step, by division and fold."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, listed, unknown
from honestsignals.inference.words import counted

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

BASE = "base rate"
"""The first step, whose prediction is the same for all."""
DESIGN = ("division", "fold", "row", "ego", "alter", "label")
"""Columns that are no step."""


@dataclass(frozen=True, eq=False)
class Predicted:
    """Labels and predictions of tested rows, in folds.

    Attributes
    ----------
    label : str
        Name of the label; "label" where it is not told.
    y : ndarray, shape (n,)
        The label.
    steps : tuple of str
        Models, without the one that knows the base rate alone.
    values : ndarray, shape (n, steps)
        Predictions of each.
    folds : tuple of ndarray of int
        Rows of each fold of each division.
    rows : int
        Different rows of the table among those tested.
    divisions : int
    how : str
        What the folds are, in words; empty where that is not told.
    """

    label: str
    y: Array
    steps: tuple[str, ...]
    values: Array
    folds: tuple[Array, ...]
    rows: int
    divisions: int
    how: str = ""

    @property
    def binary(self) -> bool:
        """Whether the label is 0 or 1."""
        return bool(np.isin(self.y, (0.0, 1.0)).all())

    def tested(self) -> str:
        """How many rows were tested how often, in words."""
        said = f"{counted(self.rows, 'row')} tested in {counted(len(self.folds), 'fold')}"
        said += f" of {counted(self.divisions, 'division')}" if self.divisions > 1 else ""
        # without the call that made the folds
        how = re.sub(r" \(\w+\(.*?\)\)", "", self.how).rstrip(".")
        return f"{counted(self.rows, 'row')} tested; {how}" if how else said


def predictions_of(table: Any, steps: Sequence[str] | None = None) -> Predicted:
    """Predictions of an evaluation, or of their frame.

    Parameters
    ----------
    table : Evaluation or pandas.DataFrame
        Of a frame, the columns after ``label`` are steps; ``division``, ``fold`` and ``row`` are looked at
        where they are there.
    steps : sequence of str, optional
        Which ones; by default all but the base rate.

    Raises
    ------
    DesignError
        For a label with several levels, or a table without predictions.
    """
    import pandas as pd

    frame = table if isinstance(table, pd.DataFrame) else getattr(table, "predictions", None)
    if not isinstance(frame, pd.DataFrame) or "label" not in frame.columns:
        raise ArgumentError(
            "The figure needs predictions: an evaluation, or a frame with the columns label and one a step; "
            f"got {type(table).__name__}."
        )
    names = _steps(frame, [steps] if isinstance(steps, str) else steps)
    label = pd.to_numeric(frame["label"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    if np.isnan(label).any():
        missing = int(np.isnan(label).sum())
        raise DesignError(f"The label is no number in {counted(missing, 'row')} of {len(frame):,}.")
    by = [name for name in ("division", "fold") if name in frame.columns]
    groups = frame.groupby(by, sort=True).indices.values() if by and len(frame) else [np.arange(len(frame))]
    return Predicted(
        str(getattr(table, "label", None) or "label") if table is not frame else "label",
        label,
        names,
        frame[list(names)].to_numpy(dtype=float),
        tuple(np.asarray(rows) for rows in groups),
        int(frame["row"].nunique()) if "row" in frame.columns else len(frame),
        int(frame["division"].nunique()) if "division" in frame.columns else 1,
        str(getattr(table, "folds", "")) if table is not frame else "",
    )


def _steps(frame: pd.DataFrame, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Columns that are steps."""
    there = [str(name) for name in frame.columns if name not in DESIGN]
    levels = [name for name in there if name.endswith("]") and f"{name.split('[')[0]}[" in name]
    if levels and len(levels) == len(there):
        raise DesignError(
            "The label has several levels, and this figure is of one probability, or one mean, a row: "
            f"columns are {listed(there, 4)}."
        )
    for name in wanted or ():
        if name not in there:
            raise unknown("step", name, there)
    names = list(wanted) if wanted else [name for name in there if name != BASE]
    if not names:
        raise DesignError("There is no step beyond the base rate, so there is nothing to draw.")
    return tuple(names)


def over_folds(
    found: Predicted, place: int, curve: Callable[[Array, Array], Array | None]
) -> tuple[Array, int]:
    """A curve of one step in each fold that allows it, and how many folds do not.

    Parameters
    ----------
    found : Predicted
    place : int
        Of the step.
    curve : callable
        Of labels and predictions; None where the fold has no such curve.

    Returns
    -------
    curves : ndarray, shape (folds, points)
    without : int
    """
    drawn = []
    for rows in found.folds:
        y, p = found.y[rows], found.values[rows, place]
        made = None if np.isnan(p).any() else curve(y, p)
        if made is not None:
            drawn.append(made)
    return np.array(drawn), len(found.folds) - len(drawn)

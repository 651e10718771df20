"""The rows that a model rests on, and how much each counts, settled before its columns are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.decomposing import taken_whole, written_out
from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, FitError, unknown
from honestsignals.formulas import Model, design

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class ModelRows:
    """A design and the weights of its rows.

    Attributes
    ----------
    model : Model
        Its rows are positions in the whole table.
    weights : ndarray, shape (n,), or None
        Of those rows.
    notes : tuple of str
        What is to be said of the weights, and of columns that were taken apart.
    """

    model: Model
    weights: Array | None
    notes: tuple[str, ...]


def model_rows(
    formula: str, table: DyadTable | pd.DataFrame, weights: str | Sequence[float] | None = None
) -> ModelRows:
    """The design of a formula on the rows that count: means, categories and parts of columns are theirs.

    Parameters
    ----------
    formula : str
    table : DyadTable or pandas.DataFrame
    weights : str or sequence of float, optional
        A column, or a number a row; rows of weight 0 or without one are left out.

    Returns
    -------
    ModelRows

    Raises
    ------
    UnknownNameError
        For a column of weights that is not there.
    ArgumentError
        For weights that are no numbers from 0 on.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ego": list("aab"), "alter": list("bcc"), "x": [1.0, 2.0, 4.0], "y": [0, 1, 1]})
    >>> model_rows("y ~ x", frame, [1.0, 2.0, 0.0]).model.rows.tolist()
    [0, 1]
    """
    frame = table.frame if isinstance(table, DyadTable) else table
    each = _weights(frame, weights)
    said = weights if isinstance(weights, str) else "numbers given"
    where = np.arange(len(frame)) if each is None else np.flatnonzero(each > 0)
    left_out = {}
    if each is not None and len(where) < len(frame):
        left_out[f"rows where the weight ({said}) is 0 or unknown"] = len(frame) - len(where)
        if not len(where):
            raise FitError(f"No row has a weight above 0 ({said}).")
    notes: list[str] = []
    plain = taken_whole(formula)
    if plain != formula:
        first = design(plain, _only(table, where), left_out)
        where, left_out = where[first.rows], dict(first.left_out)
        formula, apart = written_out(formula, _only(table, where), None if each is None else each[where])
        model = design(formula, apart, left_out)
        if isinstance(apart, DyadTable) and isinstance(table, DyadTable):
            notes += [note.rstrip(".") for note in apart.design.notes if note not in table.design.notes]
    else:
        model = design(formula, _only(table, where), left_out)
    rows = where[model.rows]
    model = replace(model, rows=rows)
    if each is None:
        return ModelRows(model, None, tuple(notes))
    mean = (
        ""
        if model.levels
        else f"; the label's weighted mean is {np.average(model.y, weights=each[rows]):.6g}"
    )
    notes.append(f"rows are weighted by {said}, which sums to {each[rows].sum():,.6g}{mean}")
    return ModelRows(model, each[rows], tuple(notes))


def _only(table: DyadTable | pd.DataFrame, rows: Array) -> DyadTable | pd.DataFrame:
    """A table with some of its rows."""
    if isinstance(table, DyadTable):
        return table if len(rows) == len(table) else replace(table, frame=table.frame.iloc[rows])
    return table if len(rows) == len(table) else table.iloc[rows]


def _weights(frame: pd.DataFrame, weights: str | Sequence[float] | None) -> Array | None:
    """A number a row, NaN where there is none."""
    if weights is None:
        return None
    if isinstance(weights, str):
        if weights not in frame.columns:
            raise unknown("column", weights, [str(column) for column in frame.columns])
        if frame[weights].dtype.kind not in "iufb":
            raise ArgumentError(f"The weights {weights!r} hold no numbers.")
        each = frame[weights].to_numpy(dtype=float, na_value=np.nan)
    else:
        try:
            each = np.asarray(weights, dtype=float)
        except (TypeError, ValueError):
            raise ArgumentError(
                f"weights is a {type(weights).__name__}; it must name a column or hold a number a row."
            ) from None
    if each.shape != (len(frame),):
        raise ArgumentError(
            f"weights has shape {each.shape}; it needs one number for each of {len(frame):,} rows."
        )
    negative = np.flatnonzero((each < 0) | np.isinf(each))
    if negative.size:
        raise ArgumentError(f"A weight is {each[negative[0]]:g}; weights are finite and 0 or more.")
    return np.array(each)

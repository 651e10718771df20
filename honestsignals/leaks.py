"""Columns that a prediction must not see: what is made of labels, and of what came later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, listed, unknown
from honestsignals.inference.label_traces import trace_of_label
from honestsignals.metrics.registry import entries

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


def check_leaks(
    table: DyadTable | pd.DataFrame,
    columns: Sequence[str],
    label: tuple[str, Array, Array],
    admit: Sequence[str],
) -> list[str]:
    """Refuse columns that know the labels or the future; say which were let in all the same.

    Parameters
    ----------
    table : DyadTable or pandas.DataFrame
    columns : sequence of str
        That the models use.
    label : tuple of (str, ndarray of int, ndarray)
        Name of the label (or the expression), rows in which it is known, and its values there.
    admit : sequence of str
        Columns that the user vouches for, or wants although they are made of labels.

    Returns
    -------
    list of str
        What a reader must know of columns that were let in.

    Raises
    ------
    DesignError
        For a column made of labels, of later acts, or of unknown origin.
    UnknownNameError
        For an admitted column that no model uses.
    """
    name, rows, y = label
    for one in admit:
        if one not in columns:
            raise unknown("admitted column", one, columns, "No model uses it.")
    frame = table.frame if isinstance(table, DyadTable) else table
    _refuse_later(frame)
    said = []
    for column in columns:
        why = _origin(table, column)
        if not why:
            values = _numbers(frame[column])
            if _known_metric(table, column) or values is None:
                continue
            ids = frame[["ego", "alter"]].iloc[rows]
            trace = trace_of_label(values[rows], y, ids["ego"].to_numpy(), ids["alter"].to_numpy())
            why = f"it ranks pairs just as {trace} does: it is made of labels" if trace else ""
        if why and column not in admit:
            raise DesignError(
                f"{column!r} cannot foretell {name}: {why}. What labels say of labels, or later acts of "
                f"earlier labels, looks like foresight and is none. If you know better, or want it all the "
                f"same, say admit=[{column!r}]; the result then says so."
            )
        if why:
            said.append(f"{column} was let in on request: {why}")
    return said


def _origin(table: DyadTable | pd.DataFrame, column: str) -> str:
    """Why a column of a dyad table is not to be used; "" where nothing is against it."""
    if not isinstance(table, DyadTable):
        return ""
    fact = next((one for one in table.about if one.name == column), None)
    if fact is None:
        return (
            "it was added to the frame after the table was made, so nothing says whether it was computed "
            "from labels or from acts after the label was asked"
        )
    return f"it is made of labels ({fact.meaning})" if fact.family == "label" else ""


def _known_metric(table: DyadTable | pd.DataFrame, column: str) -> bool:
    """Whether the table itself made the column."""
    return isinstance(table, DyadTable) and any(one.name == column for one in table.about)


def _numbers(values: pd.Series) -> Array | None:
    """A column as numbers; None where it holds words or dates."""
    if values.dtype.kind not in "iufb":
        return None
    return values.to_numpy(dtype=float, na_value=np.nan)


def _refuse_later(frame: pd.DataFrame) -> None:
    """Refuse a table in which acts were counted that came when the label was asked, or after."""
    if "asked" not in frame.columns:
        return
    moments = [name for name, entry in entries().items() if entry.fact.unit == "time"]
    for name in [one for one in moments if one in frame.columns]:
        if frame[name].dtype.kind != frame["asked"].dtype.kind:
            continue
        late = np.flatnonzero((frame[name] >= frame["asked"]).to_numpy())
        if late.size:
            first = frame.iloc[late[0]]
            raise DesignError(
                f"Row {late[0]}: {name} is {first[name]}, and the label was asked at {first['asked']}. In "
                f"{late.size:,} rows acts were counted that came after the answer; a metric that looks "
                "ahead foretells nothing."
            )


def check_admit(admit: object) -> tuple[str, ...]:
    """Columns to let in, as a tuple.

    >>> check_admit(["trust_alter"])
    ('trust_alter',)
    """
    if isinstance(admit, str) or not isinstance(admit, Sequence):
        raise ArgumentError(f"admit is {admit!r}; it must be a list of columns.")
    for one in admit:
        if not isinstance(one, str):
            raise ArgumentError(f"admit holds {one!r}; columns are named by text ({listed(admit)}).")
    return tuple(admit)

"""What a fit expects of the label at stated values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.averaging import Fitted, Table, points
from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, one_of
from honestsignals.inference.margins import Gradients, bounded, each_row, joined
from honestsignals.new_values import bound_to, coded_levels
from honestsignals.printed import Printed
from honestsignals.stated_values import stated_facts, stated_notes

if TYPE_CHECKING:
    import pandas as pd

OTHERS = ("observed", "mean")

SCALES = {
    "gaussian": "the label's scale",
    "poisson": "the log scale and back, so above 0",
    "probit": "the probit scale and back, so within 0 and 1",
    "ordered_probit": "the probit scale and back, so within 0 and 1",
}
"""On which scale intervals are taken; of the other families on the logit scale."""


TAKEN = {"outcome", "estimate", "std_error", "statistic", "p_value", "low", "high", "df", "rows"}
"""Columns that a table of predictions has of its own."""


@dataclass(frozen=True, eq=False)
class Predictions(Printed):
    """Expected labels, or probabilities of levels, at stated values.

    Attributes
    ----------
    table : Table
        The predictions.
    lines : tuple of str
        Whom they are of, and with which errors.
    notes : tuple of str
        What else a reader must know before the numbers.
    """

    table: Table
    lines: tuple[str, ...]
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row a prediction: the stated values, outcome, estimate, std_error, low, high, df, rows."""
        # against 0 there is nothing to test
        return self.table.frame().drop(columns=["statistic", "p_value"])

    def facts(self) -> list[str]:
        """Whom they are of, which errors, on which scale intervals are taken."""
        return [*self.lines, *(f"Note: {note}." for note in self.notes)]

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.lines)


def predict(
    fitted: Fitted,
    values: Mapping[str, Any] | pd.DataFrame | DyadTable | None = None,
    *,
    level: float = 0.95,
    others: str = "observed",
    outcome: Any = None,
) -> Predictions:
    r"""The label's mean, or the probability of each of its levels, at stated values.

    Of stated columns every combination of values, with every row used at these values and its other columns
    as observed, averaged; or of one row with the others at their means. Of a frame each row on its own.
    ``in_contact = 0`` says what acts are, 0, and that shares of them are undefined: columns that are so in
    every such row are so here, unless stated; and ``in_contact = 1`` is averaged over pairs in contact.
    Intervals are taken on the link's scale and transformed, so that they stay where the label can be.

    Parameters
    ----------
    fitted : Fitted
    values : mapping of str to value or sequence of values, pandas.DataFrame or DyadTable, optional
        By default the rows as observed.
    level : float
        Coverage of the intervals.
    others : {"observed", "mean"}
        "mean": numbers at their mean over the rows where they are defined, levels at the commonest.
    outcome : str, number, or sequence of them, optional
        Levels of the label, by default all.

    Returns
    -------
    Predictions

    Raises
    ------
    ArgumentError
        For columns that lack, levels never seen, values that are missing or that a spline does not reach.
    DesignError
        Beside effects of people that were taken out.

    References
    ----------
    hanmer2013

    Examples
    --------
    >>> import pandas as pd
    >>> from honestsignals import fit
    >>> ego, alter = np.triu_indices(12, 1)
    >>> frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": (ego * alter) % 7})
    >>> frame["friend"] = (np.sin(ego + alter) + frame["acts"] / 6) > 0.8
    >>> found = fit("friend ~ acts", frame, family="logit").predict({"acts": [0, 6]})
    >>> found.tidy()[["acts", "estimate", "low", "high", "rows"]].round(3)
       acts  estimate    low   high  rows
    0     0     0.187  0.070  0.411    66
    1     6     0.609  0.331  0.830    66
    """
    one_of("others", others, OTHERS)
    fitted.check_estimated("Predictions")
    places, outcomes = fitted.outcomes(outcome)
    after: dict[str, tuple[Any, ...]] = {}
    lines: list[str] = []
    notes: list[str] = []
    if values is not None and not isinstance(values, Mapping):
        index, found = _of_frame(fitted, values.frame if isinstance(values, DyadTable) else values)
        who = f"New rows: {found.value.size // fitted.width:,}, each on its own."
    else:
        every = points(values, fitted)
        index, found, rows = _of_points(fitted, every, others)
        lines, notes = stated_facts(fitted, every), stated_notes(fitted, every)
        who = fitted.who() if others == "observed" else _means_words(fitted, list(index))
        if others == "observed":
            after["rows"] = tuple(count for count in rows for _ in outcomes)
    chosen = [start + place for start in range(0, found.value.size, fitted.width) for place in places]
    clash = sorted(TAKEN & set(index))
    if clash:
        raise ArgumentError(f"{clash[0]!r} is a column of the formula and of this table; rename it.")
    index = {name: tuple(one for one in cells for _ in outcomes) for name, cells in index.items()}
    if outcomes != ("",):
        index["outcome"] = outcomes * (len(chosen) // len(outcomes))
    table = Table(index, _intervals(fitted, found.only(chosen), level), after)
    return _told(fitted, table, ([who, *lines], notes), level)


def _intervals(fitted: Fitted, found: Gradients, level: float) -> Any:
    """Errors on the label's scale, intervals by way of the link's."""
    one = fitted.estimate
    low, high = bounded(one.family, found, one.beta, fitted.covariance, level)
    return replace(fitted.tested(found, level), low=low, high=high)


def _told(fitted: Fitted, table: Table, said: tuple[list[str], list[str]], level: float) -> Predictions:
    scale = SCALES.get(fitted.estimate.family, "the logit scale and back, so within 0 and 1")
    lines = (
        fitted.title("Expected:"),
        *said[0],
        f"{fitted.errors_words(level)} Intervals are taken on {scale}.",
    )
    return Predictions(table, lines, fitted.notes(table.found, said[1]))


def _of_frame(fitted: Fitted, frame: Any) -> tuple[dict[str, tuple[Any, ...]], Gradients]:
    """Each row of a frame on its own."""
    if not hasattr(frame, "columns"):
        raise ArgumentError(
            f"values is a {type(frame).__name__}; it must be a mapping of columns to values, or a frame."
        )
    if not len(frame):
        raise ArgumentError("The frame has no row to predict.")
    one, X = fitted.estimate, fitted.model.columns_of(frame.reset_index(drop=True))
    names = [name for name in frame.columns if name in fitted.source.columns or name in ("ego", "alter")]
    index = {str(name): tuple(frame[name].tolist()) for name in names}
    return index, each_row(one.family, X, one.beta, len(one.levels))


def _of_points(
    fitted: Fitted, every: list[dict[str, Any]], others: str
) -> tuple[dict[str, tuple[Any, ...]], Gradients, list[int]]:
    """Every combination of stated values."""
    index = {name: tuple(point[name] for point in every) for name in every[0]}
    found, rows = [], []
    for point in every:
        if others == "mean":
            one, row = fitted.estimate, _mean_row(fitted, point).assign(**point)
            X = fitted.model.columns_of(row)
            found.append(each_row(one.family, X, one.beta, len(one.levels)))
        else:
            held = fitted.held(point)
            if held.empty:
                raise ArgumentError(f"In no row {' and '.join(map(repr, point))} are all defined.")
            found.append(fitted.mean_at(held))
            rows.append(len(held))
    return index, joined(found), rows


def _mean_row(fitted: Fitted, point: Mapping[str, Any]) -> pd.DataFrame:
    """One row: numbers at their mean, levels at the commonest; what a stated column binds as that says."""
    import pandas as pd

    row = {str(name): _middle(fitted, str(name)) for name in fitted.source.columns}
    for ruling, bound in fitted.ruled(point).items():
        row |= bound if point[ruling] == 0 else {name: _middle(fitted, name, ruling) for name in bound}
    return pd.DataFrame({name: [value] for name, value in row.items()})


def _middle(fitted: Fitted, name: str, ruling: str = "") -> Any:
    """Mean of a column over the rows where it is defined; of levels the commonest.

    With ``ruling``, over the rows where that column is 1.
    """
    weights = fitted.estimate.weights
    if ruling:
        weights = weights * (fitted.numbers(ruling) == 1)
    levels = coded_levels(fitted.model.spec, fitted.source, name)
    if levels is None:
        x = fitted.numbers(name)
        there = ~np.isnan(x)
        return float(weights[there] @ x[there] / weights[there].sum())
    column = fitted.source[name].to_numpy(dtype=object)
    return max(levels, key=lambda one: float(weights[column == one].sum()))


def _means_words(fitted: Fitted, stated: list[str]) -> str:
    """Where the columns stand that nobody stated."""
    rest = [str(name) for name in fitted.source.columns if name not in stated]
    of = {name: ruling for ruling in stated for name in bound_to(fitted.source, ruling)}
    each = [(name, _middle(fitted, name, of.get(name, ""))) for name in rest]
    shown = [f"{name} at {one:.4g}" if isinstance(one, float) else f"{name} at {one}" for name, one in each]
    shown = [
        f"{one} (where {of[name]} is 1)" if name in of else one for name, one in zip(rest, shown, strict=True)
    ]
    if not shown:
        return "Of one row at these values."
    return f"Of one row with the other columns at their mean, or commonest level: {', '.join(shown)}."

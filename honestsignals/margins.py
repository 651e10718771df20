"""Average marginal effects: how far a label moves with a column, in the label's own units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from honestsignals.averaging import (
    Change,
    Fitted,
    Table,
    points,
    said,
    undefined_facts,
)
from honestsignals.errors import ArgumentError
from honestsignals.inference.margins import joined
from honestsignals.new_values import bound_to
from honestsignals.printed import Printed
from honestsignals.stated_values import stated_facts, stated_notes

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class MarginalEffects(Printed):
    """Average marginal effects of a fit. Prints its facts, then one row an effect.

    Attributes
    ----------
    table : Table
        The effects.
    lines : tuple of str
        What was averaged over whom, and with which errors.
    notes : tuple of str
        What else a reader must know before the numbers.
    """

    table: Table
    lines: tuple[str, ...]
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row an effect: term, contrast, the estimate with its error, test and interval, rows."""
        return self.table.frame()

    def facts(self) -> list[str]:
        """What was averaged over whom, which errors, what is undefined and why."""
        return [*self.lines, *(f"Note: {note}." for note in self.notes)]

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.lines)


def marginal_effects(
    fitted: Fitted,
    terms: str | Sequence[str] | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    level: float = 0.95,
    outcome: Any = None,
) -> MarginalEffects:
    r"""How far the label moves with each column, averaged over the rows used.

    Of a column x that goes by degrees, over the rows where it is defined,

    .. math:: \frac{1}{\sum_r w_r} \sum_r w_r \frac{\partial G(\eta_r)}{\partial x_r}

    with G the label's mean or the probability of a level, through whatever the formula makes of x; of a
    column of levels the average of :math:`G` with everybody at the level, less that with everybody at the
    first. The variance is that of the delta method, :math:`\nabla^\top V \nabla`; how well its intervals
    cover where people differ is in docs/calibration_margins.md.

    Parameters
    ----------
    fitted : Fitted
    terms : str or sequence of str, optional
        Columns; by default every one that the formula names.
    at : mapping of str to value or sequence of values, optional
        Columns held at a value; several values, several rows.
    level : float
        Coverage of the intervals.
    outcome : str, number, or sequence of them, optional
        Levels of the label, by default all.

    Returns
    -------
    MarginalEffects

    Raises
    ------
    UnknownNameError
        For a column that the formula does not name.
    DesignError
        For probabilities beside effects of people that are not estimated.

    References
    ----------
    hanmer2013, ai2003

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from honestsignals import fit
    >>> ego, alter = np.triu_indices(12, 1)
    >>> frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": (ego * alter) % 7})
    >>> frame["friend"] = (np.sin(ego + alter) + frame["acts"] / 6) > 0.8
    >>> found = fit("friend ~ log1p(acts)", frame, family="logit").marginal_effects()
    >>> found.tidy()[["term", "contrast", "estimate", "std_error", "rows"]].round(3)
       term contrast  estimate  std_error  rows
    0  acts    dy/dx     0.076       0.03    66
    """
    if not fitted.linear:
        fitted.check_estimated("Effects on a probability")
    held = points(at, fitted)
    names = _names(fitted, terms, at)
    places, outcomes = fitted.outcomes(outcome)
    found: list[tuple[str, dict[str, Any], Change]] = [
        (name, point, change) for point in held for name in names for change in fitted.changes_of(name, point)
    ]
    test = fitted.tested(joined([change.on_label.only(places) for *_, change in found]), level)
    each = [(*one, outcome) for one in found for outcome in outcomes]
    index: dict[str, tuple[Any, ...]] = {
        "term": tuple(name for name, *_ in each),
        "contrast": tuple(change.contrast for _, _, change, _ in each),
    }
    if at:
        index["at"] = tuple(said(point) for _, point, _, _ in each)
    if outcomes != ("",):
        index["outcome"] = tuple(outcome for *_, outcome in each)
    rows = {"rows": tuple(change.rows for _, _, change, _ in each)}
    lines = (
        fitted.title("Average marginal effects on"),
        fitted.who(),
        "dy/dx is per unit of the column; b - a is everybody at b against everybody at a.",
        *undefined_facts(fitted, [*names, *(at or {})]),
        *stated_facts(fitted, held),
        fitted.errors_words(level),
    )
    reasons = [change.reason for *_, change in found if change.reason]
    reasons += [*_beside(fitted, names), *stated_notes(fitted, held)]
    return MarginalEffects(Table(index, test, rows), lines, fitted.notes(test, reasons))


def _names(fitted: Fitted, terms: str | Sequence[str] | None, at: Mapping[str, Any] | None) -> list[str]:
    """Columns whose effects are asked for; a column of levels that is held has none."""
    held = [name for name in (at or {}) if name in fitted.source and fitted.categories(name) is not None]
    if terms is not None and not isinstance(terms, Iterable):
        raise ArgumentError(f"terms is {terms!r}; it must be the name of a column, or several names.")
    if terms is None:
        names = [name for name in _in_order(fitted) if name not in held]
    else:
        names = [fitted.check_column(one) for one in ([terms] if isinstance(terms, str) else terms)]
        fixed = [name for name in names if name in held]
        if fixed:
            raise ArgumentError(
                f"{fixed[0]!r} is held at {(at or {})[fixed[0]]!r}: it cannot change as well."
            )
    if not names:
        raise ArgumentError("No column is left whose effect could be shown.")
    return names


def _in_order(fitted: Fitted) -> list[str]:
    """Columns in the order in which the formula names them."""
    right = fitted.model.formula.split("~")[1]
    return sorted((str(one) for one in fitted.source.columns), key=lambda name: (right.find(name), name))


def _beside(fitted: Fitted, names: Sequence[str]) -> list[str]:
    """A column without which others are nothing cannot change alone, and the table changes it alone."""
    found = []
    for name in names:
        bound = bound_to(fitted.source, name)
        if not bound:
            continue
        defined = [other for other, nothing in bound.items() if nothing != 0]
        counts = [other for other, nothing in bound.items() if nothing == 0]
        parts = [
            f"{', '.join(those)} {'is' if len(those) == 1 else 'are'} {what}"
            for those, what in ((defined, "defined"), (counts, "not 0"))
            if those
        ]
        found.append(
            f"{' and '.join(parts)} where {name} is 1; {name} changes here alone, with "
            f"{', '.join([*defined, *counts])} as observed and 0 where undefined, which no pair can: for all "
            f"that it brings, predict({{{name!r}: [0, 1]}})"
        )
    return found

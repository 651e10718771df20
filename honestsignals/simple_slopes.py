"""Simple slopes: what a column does to the label at values of another that moderates it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.averaging import Change, Fitted, Table, points, undefined_facts, word
from honestsignals.errors import ArgumentError
from honestsignals.formula_words import variables_of
from honestsignals.inference.families import FAMILIES
from honestsignals.inference.margins import Gradients, joined
from honestsignals.inference.wald import Combinations, WaldTest, wald
from honestsignals.printed import Printed
from honestsignals.stated_values import stated_facts

if TYPE_CHECKING:
    import pandas as pd

QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True, eq=False)
class SimpleSlopes(Printed):
    """Slopes of a column at values of its moderator, and whether they differ.

    Attributes
    ----------
    table : Table
        The slopes.
    apart : Table
        What each differs by from the one at the first value.
    test : WaldTest
        That no coefficient of the interaction differs from 0.
    lines : tuple of str
        What was averaged over whom, and with which errors.
    notes : tuple of str
        What else a reader must know before the numbers.
    """

    table: Table
    apart: Table
    test: WaldTest
    lines: tuple[str, ...]
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row a slope: term, contrast, by, value, scale, outcome, the estimate with error and test, rows.

        Scale is "link" (the linear predictor; of an ordered label upwards; of classes each against the
        first) or "label" (the marginal effect).
        """
        return self.table.frame()

    def differences(self) -> pd.DataFrame:
        """One row a value but the first: how far the slope differs there from that at the first value."""
        return self.apart.frame()

    def facts(self) -> list[str]:
        """What was averaged over whom, the test of the interaction, which errors."""
        return [*self.lines, *(f"Note: {note}." for note in self.notes)]

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.lines)


def simple_slopes(
    fitted: Fitted, term: str, by: str, values: Any = None, *, level: float = 0.95
) -> SimpleSlopes:
    r"""The slope of one column at values of another, on the link's scale and in the label's units.

    Outside a linear model a product's coefficient is not the difference between marginal effects, and may
    have the other sign: `SimpleSlopes.differences` has that difference on both scales.

    Parameters
    ----------
    fitted : Fitted
    term : str
        A column; of levels each is set against the first.
    by : str
        The moderator.
    values : value or sequence of values, optional
        Of the moderator; by default its quartiles, or its levels.
    level : float
        Coverage of the intervals.

    Returns
    -------
    SimpleSlopes

    Raises
    ------
    ArgumentError
        Where no term of the formula has both.

    References
    ----------
    ai2003

    Examples
    --------
    >>> import pandas as pd
    >>> from honestsignals import fit
    >>> ego, alter = np.triu_indices(12, 1)
    >>> frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": (ego * alter) % 7})
    >>> frame["near"] = (ego + alter) % 2
    >>> frame["trust"] = 0.5 * frame["acts"] * frame["near"] + np.sin(ego + alter)
    >>> found = fit("trust ~ acts * near", frame, family="gaussian").simple_slopes("acts", "near")
    >>> found.tidy()[["term", "by", "value", "estimate", "std_error"]].round(3)
       term    by  value  estimate  std_error
    0  acts  near      0     0.020      0.063
    1  acts  near      1     0.516      0.057
    """
    term, by = fitted.check_column(term), fitted.check_column(by)
    places = _interaction(fitted, term, by)
    at = [one[by] for one in points({by: _values(fitted, by) if values is None else values}, fitted)]
    changes = [fitted.changes_of(term, {by: value}) for value in at]
    cells = [cells_of(fitted, one) for one in changes]
    each = [on_both_scales(fitted, one) for one in changes]
    apart = [one.less(each[0]) for one in each[1:]] or [each[0].only([])]
    found, between = (fitted.tested(joined(parts), level) for parts in (each, apart))
    ends = [f"{word(value)} - {word(at[0])}" for value in at[1:]]
    lines = (
        f"Slopes of {term} at values of {by}: {fitted.model.formula}, {fitted.estimate.family}.",
        f"Interaction of {term} and {by}: {wald(fitted.estimate.beta, fitted.covariance, places)}.",
        f"{fitted.who()} {' '.join(_scale_words(fitted))}",
        _left_out(fitted),
        *undefined_facts(fitted, [term, by]),
        *stated_facts(fitted, [{by: value} for value in at]),
        fitted.errors_words(level),
    )
    return SimpleSlopes(
        _table((term, by), at, cells, found),
        _table((term, by), ends, cells[1:], between),
        wald(fitted.estimate.beta, fitted.covariance, places),
        lines,
        fitted.notes(found, [change.reason for one in changes for change in one if change.reason]),
    )


def _left_out(fitted: Fitted) -> str:
    """Rows that slopes do not rest on, by reason."""
    left = [f"{count:,} {reason}" for reason, count in fitted.model.left_out.items() if count]
    return f"Rows left out: {'; '.join(left) if left else 'none'}."


def _interaction(fitted: Fitted, term: str, by: str) -> list[int]:
    """Coefficients of the terms that have both columns."""
    if term == by:
        raise ArgumentError(f"{term!r} is the slope and its own moderator; name two columns.")
    model, places = fitted.model, []
    for one, factors in model.spec.term_factors.items():
        read = {name for factor in factors for name in variables_of(str(factor), fitted.source.columns)}
        if {term, by} <= read:
            columns = model.terms.get(str(one), ())
            places += [place for column in columns for place in fitted.estimate.places[column]]
    if not places:
        raise ArgumentError(
            f"No term of the formula has both {term!r} and {by!r}; an interaction is written as "
            f"{term} * {by}."
        )
    return sorted(places)


def _values(fitted: Fitted, by: str) -> list[Any]:
    """Levels of a moderator, or its quartiles: values that occur, by weight."""
    levels = fitted.categories(by)
    if levels is not None:
        return list(levels)
    x = fitted.numbers(by)
    there = ~np.isnan(x)
    quartiles = np.quantile(
        x[there], QUARTILES, weights=fitted.estimate.weights[there], method="inverted_cdf"
    )
    return list(np.unique(quartiles).tolist())


def cells_of(fitted: Fitted, changes: list[Change]) -> list[tuple[str, str, str, int]]:
    """Contrast, scale, outcome and rows of each slope at one value, in the order of `on_both_scales`."""
    family = FAMILIES[fitted.estimate.family]
    outcomes = fitted.outcomes()[1]
    links = fitted.levels[1:] if family.classes else ("",)
    scales = [*(("link", one) for one in links), *(("label", one) for one in outcomes)]
    return [
        (change.contrast, *scale, change.rows)
        for change in changes
        for scale in scales
        if scale[0] in _scales(fitted)
    ]


def on_both_scales(fitted: Fitted, changes: list[Change]) -> Gradients:
    """Slopes on the link's scale, where that is another, and in the label's units."""
    places, parts = fitted.outcomes()[0], []
    for change in changes:
        if "link" in _scales(fitted):
            parts.append(change.on_link)
        if "label" in _scales(fitted):
            parts.append(change.on_label.only(places))
    return joined(parts)


def _scales(fitted: Fitted) -> tuple[str, ...]:
    """Scales that tell two things apart, and that there are: no probability beside effects taken out."""
    if fitted.linear:
        return ("label",)
    return ("link",) if fitted.absorbed else ("link", "label")


def _scale_words(fitted: Fitted) -> list[str]:
    """What the scales are."""
    words = {
        "link": "Scale link: on the linear predictor.",
        "label": f"Scale label: effects on {fitted.what()}.",
    }
    return [words[one] for one in _scales(fitted)]


def _table(
    names: tuple[str, str],
    at: list[Any],
    cells: list[list[tuple[str, str, str, int]]],
    found: Combinations,
) -> Table:
    each = [(value, *cell) for value, those in zip(at, cells, strict=True) for cell in those]
    index: dict[str, tuple[Any, ...]] = {
        "term": tuple(names[0] for _ in each),
        "contrast": tuple(one[1] for one in each),
        "by": tuple(names[1] for _ in each),
        "value": tuple(one[0] for one in each),
        "scale": tuple(one[2] for one in each),
    }
    if any(one[3] for one in each):
        index["outcome"] = tuple(one[3] for one in each)
    return Table(index, found, {"rows": tuple(one[4] for one in each)})

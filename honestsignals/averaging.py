"""A fit asked about its rows at other values: whom it averages over, and what its errors take as given."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, one_of, unknown
from honestsignals.formulas import Model
from honestsignals.inference.derivatives import derivative
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.families import FAMILIES
from honestsignals.inference.margins import (
    Gradients,
    average,
    average_link_slope,
    average_slope,
    changes,
    delta_method,
)
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import Combinations
from honestsignals.new_values import bound_to, categories_of
from honestsignals.standard_errors import ERRORS

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

MOST_POINTS = 1_000
"""More combinations of values than this are nobody's table."""


@dataclass(frozen=True, eq=False)
class Table:
    """Functions of the coefficients with what tells them apart.

    Attributes
    ----------
    index : mapping of str to tuple
        Columns that tell the rows apart.
    found : Combinations
        What the rows come to.
    after : mapping of str to tuple
        Columns that end the table.
    """

    index: Mapping[str, tuple[Any, ...]]
    found: Combinations
    after: Mapping[str, tuple[Any, ...]]

    def frame(self) -> pd.DataFrame:
        """The index, then estimate, std_error, statistic, p_value, low, high, df, then what ends it."""
        import pandas as pd

        one = self.found
        numbers = ("estimate", "std_error", "statistic", "p_value", "low", "high", "df")
        columns = {name: getattr(one, name) for name in numbers}
        return pd.DataFrame({**self.index, **columns, **self.after})


@dataclass(frozen=True, eq=False)
class Change:
    """One change of a column, over some rows.

    Attributes
    ----------
    contrast : str
        "dy/dx", or the two levels, "b - a".
    rows : int
        Over how many rows it is averaged.
    on_label, on_link : Gradients
        What it does to the label's mean or the probability of each level, and to the linear predictor.
    reason : str
        Why it is undefined; empty where it is not.
    """

    contrast: str
    rows: int
    on_label: Gradients
    on_link: Gradients
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Fitted:
    """What of a fit its averages rest on.

    Attributes
    ----------
    model : Model
    estimate : Estimate
    covariance : Covariance
    levels : tuple of str
        Levels of the label, as tables name them.
    exact : bool
        Whether a jackknife refitted.
    absorbed : str
        Effects of people that were taken out, in words; empty where there are none.
    """

    model: Model
    estimate: Estimate
    covariance: Covariance
    levels: tuple[str, ...]
    exact: bool = False
    absorbed: str = ""

    def check_estimated(self, what: str) -> None:
        """Refuse what needs effects of people where they were taken out and not estimated."""
        if self.absorbed:
            raise DesignError(f"{what} would need {self.absorbed} effects, which are taken out of this fit.")

    @property
    def linear(self) -> bool:
        """Whether the link's scale is the label's."""
        return FAMILIES[self.estimate.family].label == "number"

    @property
    def source(self) -> pd.DataFrame:
        """The columns that the formula names, of the rows used."""
        return self.model.source.reset_index(drop=True)

    def check_column(self, name: object) -> str:
        """A column that the formula names, or the error for one that it does not."""
        columns = [str(one) for one in self.source.columns]
        if name in columns:
            return str(name)
        if name in self.model.terms or name in self.model.names:
            raise ArgumentError(
                f"{name!r} is a term; effects and values are of the columns that terms are made of: "
                f"{', '.join(columns)}."
            )
        raise unknown("column", str(name), columns, "The formula names no other.")

    def categories(self, name: str) -> tuple[Any, ...] | None:
        """Levels of a column, the one compared with first; None where it goes by degrees."""
        return categories_of(self.model.spec, self.source, name)

    def numbers(self, name: str, source: pd.DataFrame | None = None) -> Array:
        """A column of numbers, NaN where it is undefined."""
        column = (self.source if source is None else source)[name]
        return column.to_numpy(dtype=float, na_value=np.nan)

    @property
    def width(self) -> int:
        """How many values a row has: its mean, or a probability for each level."""
        kind = FAMILIES[self.estimate.family].label
        return len(self.levels) if kind == "level" else 2 if kind == "binary" else 1

    def outcomes(self, wanted: Any = None) -> tuple[list[int], tuple[str, ...]]:
        """Which values of a row a table shows, and their names; no names where there is but one."""
        kind = FAMILIES[self.estimate.family].label
        if kind != "level":
            if wanted is not None:
                raise ArgumentError(
                    f"outcome chooses among levels of the label, and {self.model.label} has none here."
                )
            return ([1] if kind == "binary" else [0]), ("",)
        if wanted is None:
            return list(range(len(self.levels))), self.levels
        several = wanted if isinstance(wanted, Sequence) and not isinstance(wanted, str) else [wanted]
        names = [f"{one:g}" if isinstance(one, int | float) else str(one) for one in several]
        for name in names:
            one_of("outcome", name, self.levels)
        return [self.levels.index(name) for name in names], tuple(names)

    # rows

    def held(self, values: Mapping[str, Any]) -> pd.DataFrame:
        """The rows used, with some columns at one value; without those where such a column is undefined.

        A column that ``known`` takes is undefined in some rows: there is no "same row at another value" of
        them, unless the value is that it is undefined. Where ``in_contact`` is stated 0, what nobody stated
        is what it is without contact (`bound_to`); where it is 1, rows without contact have nothing to add.
        """
        import pandas as pd

        rows = self.source.copy(deep=False)
        stays = np.ones(len(rows), dtype=bool)
        for name, bound in self.ruled(values).items():
            if values[name] == 0:
                rows = rows.assign(**bound)
            else:
                stays &= self.numbers(name) == 1
        for name, value in values.items():
            if not pd.isna(value):
                stays &= rows[name].notna().to_numpy()
            rows[name] = value
        return rows[stays]

    def ruled(self, values: Mapping[str, Any]) -> dict[str, dict[str, float]]:
        """Stated 0/1 columns that bind others which nobody stated, and what those are where it is 0."""
        found = {}
        for name in values:
            rest = {one: nothing for one, nothing in bound_to(self.source, name).items() if one not in values}
            if rest and values[name] in (0, 1):
                found[name] = rest
        return found

    def weights(self, rows: pd.DataFrame) -> Array:
        """Weights of some of the rows used."""
        return self.estimate.weights[rows.index.to_numpy()]

    def mean_at(self, rows: pd.DataFrame) -> Gradients:
        """Average over rows of the label's mean, or of the probability of each level."""
        one = self.estimate
        X = self.model.columns_of(rows)
        return average(one.family, X, one.beta, len(one.levels), self.weights(rows))

    def changes_of(self, name: str, values: Mapping[str, Any]) -> list[Change]:
        """What changes of one column do, others held or as observed."""
        for ruling, bound in self.ruled(values).items():
            if name in bound and values[ruling] == 0:
                return self._nothing(name, f"{name} cannot change where {ruling} is 0: it is nothing there")
        rows = self.held(values)
        rows = rows[rows[name].notna()]
        if rows.empty:
            raise ArgumentError(f"No row has both {name!r} and {said(values)}.")
        levels = self.categories(name)
        if levels is not None:
            return [self._step(rows, name, (levels[0], level)) for level in levels[1:]]
        return [self._slope(rows, name)]

    def _nothing(self, name: str, reason: str) -> list[Change]:
        """Changes that cannot be."""
        return [
            Change(one.contrast, 0, _blank(one.on_label), _blank(one.on_link), reason)
            for one in self.changes_of(name, {})
        ]

    def _step(self, rows: pd.DataFrame, name: str, ends: tuple[Any, Any]) -> Change:
        """From one level to another."""
        one, weights = self.estimate, self.weights(rows)
        low, high = (self.model.columns_of(rows.assign(**{name: end})) for end in ends)
        means = [average(one.family, X, one.beta, len(one.levels), weights) for X in (high, low)]
        link = average_link_slope(one.family, high - low, one.beta, len(one.levels), weights=weights)
        words = [word(end) for end in ends]
        return Change(f"{words[1]} - {words[0]}", len(rows), means[0].less(means[1]), link)

    def _slope(self, rows: pd.DataFrame, name: str) -> Change:
        """By degrees."""
        one, weights = self.estimate, self.weights(rows)
        x = self.numbers(name, rows)
        reached = np.concatenate([x, self.numbers(name)])
        ends = (float(np.nanmin(reached)), float(np.nanmax(reached)))
        X = self.model.columns_of(rows)

        def move(x: Array) -> Array:
            return self.model.columns_of(rows.assign(**{name: x}))

        dX, broken = derivative(x, X, move, ends, np.ptp(self.model.X, axis=0))
        reason = ""
        if broken.any():
            reason = (
                f"{name} has no derivative in {int(broken.sum()):,} rows: a term jumps there or is too steep"
            )
        elif not dX.any():
            reason = f"{name} enters by steps alone: small changes of it change nothing"
        if reason:
            dX = np.full_like(dX, np.nan)
        slope = average_slope(one.family, X, dX, one.beta, len(one.levels), weights=weights)
        link = average_link_slope(one.family, dX, one.beta, len(one.levels), weights=weights)
        if reason:
            slope, link = _blank(slope), _blank(link)
        return Change("dy/dx", len(rows), slope, link, reason)

    # words

    def tested(self, found: Gradients, level: float) -> Combinations:
        """Tests and intervals with the fit's errors."""
        return delta_method(found, self.estimate.beta, self.covariance, level)

    def what(self) -> str:
        """What an average is of."""
        label, kind = self.model.label, FAMILIES[self.estimate.family].label
        if kind == "level":
            return f"the probability of each level of {label}"
        if kind == "binary":
            return f"P({label})" if self.model.truth else f"P({label} = 1)"
        return f"the mean of {label}" if kind == "number" else f"the mean count of {label}"

    def title(self, name: str) -> str:
        """What a table shows, of which model."""
        return f"{name} {self.what()}: {self.model.formula}, {self.estimate.family}."

    def who(self) -> str:
        """Over which rows an average goes."""
        weighted = "" if np.ptp(self.estimate.weights) == 0 else ", by weight"
        people = f", {self.absorbed} effects as they are" if self.absorbed else ""
        return (
            f"Averaged over the {len(self.source):,} rows used{weighted}, other columns as observed{people}."
        )

    def errors_words(self, level: float) -> str:
        """Which errors, and what they take as given."""
        refits = " (exact refits)" if self.exact else ""
        return (
            f"Standard errors: {ERRORS[self.covariance.name]}{refits}; by the delta method; intervals are "
            f"{100 * level:g} % and take the observed rows as given."
        )

    def notes(self, found: Combinations, reasons: Iterable[str]) -> tuple[str, ...]:
        """What else must be known: what is undefined, and why; what the covariance says of itself."""
        without = int((np.isnan(found.std_error) & ~np.isnan(found.estimate)).sum())
        said_of = (
            [f"no positive variance for {without} of these rows, so no standard error"] if without else []
        )
        return tuple(dict.fromkeys([*reasons, *said_of, *self.covariance.notes]))


def points(values: Mapping[str, Any] | None, fitted: Fitted) -> list[dict[str, Any]]:
    """Every combination of the stated values, the last column's values changing fastest.

    Parameters
    ----------
    values : mapping of str to value or sequence of values, or None
    fitted : Fitted

    Returns
    -------
    list of dict
        One empty one where nothing is stated.
    """
    if values is None:
        return [{}]
    if not isinstance(values, Mapping):
        raise ArgumentError(
            f"The values are a {type(values).__name__}; they must be a mapping of columns to values."
        )
    names = [fitted.check_column(name) for name in values]
    each = [[_one(fitted, name, one) for one in _several(name, values[name])] for name in names]
    total = int(np.prod([len(one) for one in each]))
    if total > MOST_POINTS:
        raise ArgumentError(f"The values have {total:,} combinations; {MOST_POINTS:,} are the most.")
    return [dict(zip(names, one, strict=True)) for one in itertools.product(*each)]


def _one(fitted: Fitted, name: str, value: Any) -> Any:
    """One stated value; where the column holds numbers, a number, or NaN for none."""
    import pandas as pd

    if not pd.api.types.is_scalar(value):
        raise ArgumentError(f"{name!r} is {value!r}; state one value, or a sequence of values.")
    if fitted.source[name].dtype.kind not in "iufb":
        return value
    if value is None or value is pd.NA:
        return np.nan
    if not isinstance(value, int | float | np.number | np.bool_):
        raise ArgumentError(f"{name!r} is {[value]}; the fit has numbers there.")
    return value


def _several(name: str, value: Any) -> list[Any]:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        return [value]
    several = list(value)
    if not several:
        raise ArgumentError(f"No value of {name!r} is stated.")
    return several


def _blank(part: Gradients) -> Gradients:
    """As many functions, all undefined."""
    return changes(np.full_like(part.value, np.nan), np.full_like(part.gradient, np.nan))


def word(value: Any) -> str:
    """A value as a table says it.

    >>> word(0.5), word("mail"), word(True)
    ('0.5', 'mail', 'True')
    """
    plain = isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number)
    return str(value) if plain else f"{value:g}"


def said(values: Mapping[str, Any]) -> str:
    """Held values in words.

    >>> said({"acts": 3.0, "channel": "mail"})
    'acts = 3, channel = mail'
    """
    return ", ".join(f"{name} = {word(value)}" for name, value in values.items())


def undefined_facts(fitted: Fitted, names: Sequence[str]) -> list[str]:
    """Which columns are undefined in some rows, and over how many their effects go."""
    lacks = {name: int(fitted.source[name].isna().sum()) for name in dict.fromkeys(names)}
    total = len(fitted.source)
    return [
        f"{name}: averaged over the {total - count:,} rows where it is defined."
        for name, count in lacks.items()
        if count
    ]

"""Simple slopes of a hazard: the ratio of one covariate at values of another that moderates it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, unknown
from honestsignals.hazard_terms import Covariate, Design
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import Combinations, WaldTest, combinations, wald
from honestsignals.printed import Printed

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class HazardSlopes(Printed):
    """Hazard ratios of a covariate at values of its moderator. Prints facts, then a row a value.

    Attributes
    ----------
    term, by : str
        The covariate and its moderator.
    columns : tuple of str
        Which column of the covariate each row is of.
    values : tuple
        Of the moderator.
    found, apart : Combinations
        Log hazard ratios; and, for values but the first, what each differs by from that at the first.
    test : WaldTest
        That no coefficient of the product differs from 0.
    lines : tuple of str
    """

    term: str
    by: str
    columns: tuple[str, ...]
    values: tuple[Any, ...]
    found: Combinations
    apart: Combinations
    test: WaldTest
    lines: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row a slope: term, by, value, estimate (log hazard ratio), its error and test, hazard ratio.

        ``low`` and ``high`` are of the hazard ratio.
        """
        return self._frame(self.values, self.columns, self.found)

    def differences(self) -> pd.DataFrame:
        """One row a value but the first: ratio of the hazard ratio there to that at the first value."""
        first, each = self.values[0], len(self.values) // len(set(self.columns))
        later = [place for place in range(len(self.values)) if place % each]
        words = tuple(f"{_word(self.values[place])} - {_word(first)}" for place in later)
        return self._frame(words, tuple(self.columns[place] for place in later), self.apart)

    def _frame(self, values: tuple[Any, ...], columns: tuple[str, ...], found: Combinations) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(
            {
                "term": columns,
                "by": self.by,
                "value": values,
                "estimate": found.estimate,
                "std_error": found.std_error,
                "statistic": found.statistic,
                "p_value": found.p_value,
                "hazard_ratio": np.exp(found.estimate),
                "low": np.exp(found.low),
                "high": np.exp(found.high),
                "df": found.df,
            }
        )

    def facts(self) -> list[str]:
        """What the slopes are of, the test of the product, what others are held at, which errors."""
        return list(self.lines)

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.lines)


def hazard_slopes(
    design: Design,
    estimate: tuple[Array, Covariance],
    names: tuple[str, str],
    values: Any = None,
    level: float = 0.95,
) -> HazardSlopes:
    """The slope of a covariate at values of another, from a hazard with their product.

    Parameters
    ----------
    design : Design
    estimate : tuple of ndarray and Covariance
        Log hazard ratios of its columns.
    names : tuple of (str, str)
        The covariate and its moderator.
    values : value or sequence of values, optional
        Of the moderator, see `Covariate.points`.
    level : float
        Coverage of the intervals.

    Returns
    -------
    HazardSlopes

    Raises
    ------
    ArgumentError
        Where the hazard has no product of the two, or not the covariate itself.
    """
    term, by = names
    for one in names:
        if one not in design.covariates:
            raise unknown("covariate", one, design.covariates)
    product = _product(design, term, by)
    if term not in design.places:
        raise ArgumentError(f"{term!r} stands in a product alone; its slope needs it by itself: {term}*{by}.")
    beta, covariance = estimate
    moderator = design.covariates[by]
    points = moderator.points(values)
    if not points:
        raise ArgumentError(f"values has no value of {by}.")
    held, others = _others(design, term, by)
    columns, rows, slopes = [], [], []
    for first, place in enumerate(design.places[term]):
        for value, z in points:
            row = held[first].copy()
            row[place] += 1.0
            row[product[first]] += z
            columns.append(design.names[place])
            rows.append(value)
            slopes.append(row)
    R = np.array(slopes)
    each = len(points)
    apart = [row - R[place - place % each] for place, row in enumerate(R) if place % each]
    test = wald(beta, covariance, np.sort(product.ravel()).tolist())
    lines = (
        f"Hazard ratios of {term} at values of {by}{_where(moderator, values)}, an association.",
        f"Product of {term} and {by}: {test}.",
        *others,
    )
    found = combinations(beta, covariance, R, level=level)
    between = combinations(beta, covariance, np.array(apart).reshape(-1, len(beta)), level=level)
    return HazardSlopes(term, by, tuple(columns), tuple(rows), found, between, test, lines)


def _product(design: Design, term: str, by: str) -> Array:
    """Columns of the product, those of the term first."""
    if (term, by) in design.products:
        return design.products[term, by]
    if (by, term) in design.products:
        return design.products[by, term].T
    raise ArgumentError(
        f"The hazard has no product of {term!r} and {by!r}; ask for it in covariates: '{term}*{by}'."
    )


def _others(design: Design, term: str, by: str) -> tuple[Array, list[str]]:
    """What other products of the term add to its slopes where the others are at their means; and words."""
    columns = len(design.covariates[term].matrix()[0])
    held = np.zeros((columns, len(design.names)))
    said = []
    for one, other in design.products:
        if term not in (one, other) or by in (one, other):
            continue
        beside = other if one == term else one
        places = _product(design, term, beside)
        mean = design.covariates[beside].matrix()[1].mean(axis=0)
        for first in range(columns):
            held[first, places[first]] += mean
        said.append(f"{beside}, which moderates {term} too, is held at its mean over the rows used.")
    return held, said


def _where(moderator: Covariate, values: Any) -> str:
    if moderator.levels or values is not None or len(np.unique(moderator.values)) <= 2:
        return ""
    mean, spread = moderator.values.mean(), moderator.values.std()
    return f" (mean {mean:.4g} over the rows used, and a standard deviation, {spread:.4g}, to either side)"


def _word(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)

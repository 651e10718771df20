"""What several equations at once found: coefficients with one covariance across all of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from honestsignals.contrasts import Contrast, contrast, terms_asked
from honestsignals.errors import unknown
from honestsignals.inference.covariance import LADDER
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import WaldTest, wald
from honestsignals.printed import Printed
from honestsignals.standard_errors import (
    ERRORS,
    ErrorLadder,
    check_errors,
    codes_of,
    coefficient_frame,
    errors_of,
    ladder_of,
)

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class JointResult(Printed):
    """A model of several answers of a pair at once. Prints its facts, then one table of coefficients.

    Attributes
    ----------
    formula : str
        What was asked, in one line.
    label : str
        What it explains.
    estimate : Estimate
        Coefficients, scores and Hessian.
    covariance : Covariance
        The errors.
    ids : pandas.DataFrame
        ``ego`` and ``alter`` of the rows of the estimate.
    terms : mapping of str to tuple of int
        Terms, and the coefficients of each.
    left_out : mapping of str to int
        Why rows were left out, and how many.
    said : tuple of tuple of str
        What the table says of itself; and notes, what else a reader must know before the numbers.
    how : tuple of bool
        Whether rows are ordered pairs; whether a jackknife refits.
    """

    formula: str
    label: str
    estimate: Estimate
    covariance: Covariance
    ids: pd.DataFrame
    terms: Mapping[str, tuple[int, ...]]
    left_out: Mapping[str, int]
    said: tuple[tuple[str, ...], tuple[str, ...]]
    how: tuple[bool, bool]

    @property
    def codes(self) -> tuple[Array, Array]:
        """Codes of ego and alter of the rows of the estimate."""
        return codes_of(self.ids)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know before the numbers."""
        return self.said[1]

    def tidy(self, *, level: float = 0.95, adjust: str | None = None) -> pd.DataFrame:
        """One row a coefficient: term, estimate, std_error, statistic, p_value, low, high, df.

        Parameters
        ----------
        level : float
            Coverage of the intervals.
        adjust : {"holm", "benjamini_hochberg"}, optional
            Adds ``p_adjusted``: p values over all coefficients but intercepts (holm1979, benjamini1995).
        """
        names = self.estimate.names
        slopes = [place for place, name in enumerate(names) if not name.endswith("Intercept")]
        return coefficient_frame(self.estimate, self.covariance, slopes, level, adjust)

    def glance(self) -> pd.DataFrame:
        """One row: what was fitted, on how many rows, pairs and people."""
        import pandas as pd

        ego, alter = self.codes
        low, high = np.minimum(ego, alter).astype(np.int64), np.maximum(ego, alter)
        return pd.DataFrame(
            {
                "label": [self.label],
                "family": [self.estimate.family],
                "covariance": [self.covariance.name],
                "rows": [len(ego)],
                "pairs": [len(np.unique(low * (high.max() + 1) + high))],
                "people": [len(np.union1d(ego, alter))],
                "log_likelihood": [self.estimate.log_likelihood],
            }
        )

    def places_of(self, term: str) -> tuple[int, ...]:
        """Coefficients of a term, or of that name.

        Raises
        ------
        UnknownNameError
            For a term that the model does not have.
        """
        if term in self.terms:
            return self.terms[term]
        if term in self.estimate.names:
            return (self.estimate.names.index(term),)
        raise unknown("term", term, list(dict.fromkeys([*self.terms, *self.estimate.names])))

    def wald(self, terms: str | Sequence[str]) -> WaldTest:
        """Joint test that the coefficients of some terms are all 0, whichever equation they are in."""
        places = {place for term in terms_asked(terms) for place in self.places_of(term)}
        return wald(self.estimate.beta, self.covariance, sorted(places))

    def contrast(self, restrictions: str) -> Contrast:
        """Linear combinations of coefficients with their errors, and their joint test.

        Parameters
        ----------
        restrictions : str
            In the names of coefficients, parts divided by commas; names with signs of their own go between
            backticks.
        """
        return contrast(self.estimate, self.covariance, restrictions)

    def ladder(self, *covariances: str, exact: bool = False) -> ErrorLadder:
        """Standard errors side by side, from those that let no rows depend on one another on."""
        one = self.glance().iloc[0]
        title = f"{self.formula}: {self.estimate.rule.title}, {one['rows']:,} rows, {one['people']:,} people."
        steps = ladder_of(self.estimate, self.codes, covariances or LADDER, (self.how[0], exact), title)
        return replace(steps, covariances={name: self._own(one) for name, one in steps.covariances.items()})

    def with_covariance(self, covariance: str, *, exact: bool = False) -> Self:
        """The same estimates with other errors, without a refit.

        Parameters
        ----------
        covariance : {"classical", "hc1", "pair", "two_way", "dyadic", "jackknife", "frank_snijders"}
            Which errors.
        exact : bool
            For a jackknife: refit without each person and pair, instead of one step.
        """
        check_errors(covariance, exact)
        found = errors_of(self.estimate, self.codes, covariance, (self.how[0], exact))
        return replace(self, covariance=self._own(found), how=(self.how[0], exact))

    def _own(self, covariance: Covariance) -> Covariance:
        """A covariance with what this model knows of its own equations."""
        return covariance

    # words

    def facts(self) -> list[str]:
        """Rows used of how many, why the others were not, people, which errors."""
        left = [f"{count:,} {reason}" for reason, count in self.left_out.items()]
        refits = " (exact refits)" if self.how[1] else ""
        return [
            *self.said[0],
            *self._found(),
            f"Left out: {'; '.join(left) if left else 'nothing'}.",
            f"Standard errors: {ERRORS[self.covariance.name]}{refits}; intervals are 95 %.",
            *(f"Note: {note}." for note in (*self.notes, *self.covariance.notes)),
        ]

    @abstractmethod
    def _found(self) -> list[str]:
        """What was fitted to how many rows, and how well; a sentence each."""

    def note(self) -> str:
        """What a table of coefficients rests on, in one line that goes wherever the table goes."""
        one = self.glance().iloc[0]
        counts = f"{one['rows']:,} rows, {one['pairs']:,} pairs, {one['people']:,} people"
        left = "".join(f" Left out: {count:,} {reason}." for reason, count in self.left_out.items())
        warned = "".join(f" {note[:1].upper()}{note[1:]}." for note in (*self.notes, *self.covariance.notes))
        errors = f"Standard errors: {ERRORS[self.covariance.name]}; 95 % intervals."
        return f"{self.formula}. {counts}.{left} {errors}{warned}"

"""What a fit found: estimates, errors, and the facts that come before them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.averaging import Fitted
from honestsignals.contrasts import Contrast, contrast, terms_asked
from honestsignals.dyads import DyadTable
from honestsignals.errors import unknown
from honestsignals.formulas import Model
from honestsignals.inference.adjusting import benjamini_hochberg, holm
from honestsignals.inference.clusters import pair_codes, person_codes
from honestsignals.inference.covariance import LADDER
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.families import FAMILIES
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import WaldTest, wald
from honestsignals.margins import MarginalEffects, marginal_effects
from honestsignals.moderated_slopes import ModeratedSlopes, moderated_slopes
from honestsignals.predictions import Predictions, predict
from honestsignals.printed import Printed
from honestsignals.result_rows import label_of, number_or_null, records, share_explained, with_columns
from honestsignals.simple_slopes import SimpleSlopes, simple_slopes
from honestsignals.standard_errors import (
    ERRORS,
    ErrorLadder,
    check_errors,
    codes_of,
    coefficient_frame,
    errors_of,
    ladder_of,
)
from honestsignals.tables import number, write_text

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

ADJUSTMENTS = {"holm": holm, "benjamini_hochberg": benjamini_hochberg}


@dataclass(frozen=True, eq=False)
class Result(Printed):
    """A fitted model. Prints its facts, then one table of coefficients.

    Attributes
    ----------
    model : Model
        The design: formula, rows, columns, what was left out.
    estimate : Estimate
        Coefficients, scores and Hessian.
    covariance : Covariance
        The errors.
    ids : pandas.DataFrame
        ``ego`` and ``alter`` of the rows used.
    design_facts : tuple of str
        What the table says of itself.
    notes : tuple of str
        What else a reader must know before the numbers.
    exact : bool
        Whether a jackknife refits instead of taking one step.
    directed : bool
        Whether rows are ordered pairs.
    """

    model: Model
    estimate: Estimate
    covariance: Covariance
    ids: pd.DataFrame
    design_facts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    exact: bool = False
    directed: bool = True

    # numbers

    @property
    def codes(self) -> tuple[Array, Array]:
        """Codes of ego and alter of the rows used."""
        return codes_of(self.ids)

    def tidy(self, *, level: float = 0.95, adjust: str | None = None) -> pd.DataFrame:
        """One row a coefficient: term, estimate, std_error, statistic, p_value, low, high, df.

        Parameters
        ----------
        level : float
            Coverage of the intervals.
        adjust : {"holm", "benjamini_hochberg"}, optional
            Adds ``p_adjusted``: p values over all coefficients but the intercept and cut points (holm1979,
            benjamini1995). Intervals stay those of one coefficient at a time.
        """
        return coefficient_frame(self.estimate, self.covariance, self._slopes(), level, adjust)

    def _slopes(self) -> list[int]:
        """Coefficients of columns that vary: neither the intercept nor cut points."""
        each = zip(self.model.names, self.estimate.places, strict=True)
        return sorted(place for name, places in each if name != "Intercept" for place in places)

    def glance(self) -> pd.DataFrame:
        """One row: what was fitted, on how many rows, pairs and people, and how well."""
        import pandas as pd

        pairs, people = self._sizes
        binary = self._kind == "binary"
        return pd.DataFrame(
            {
                "label": [self.model.label],
                "family": [self.estimate.family],
                "covariance": [self.covariance.name],
                "rows": [len(self.model.y)],
                "pairs": [pairs],
                "people": [people],
                "events": [self.model.y.sum() if binary else math.nan],
                "base_rate": [
                    math.nan if self.model.levels or self.estimate.rule.classes else self.model.y.mean()
                ],
                "log_likelihood": [self.estimate.log_likelihood],
                "r_squared": [self._r_squared()],
            }
        )

    @cached_property
    def _sizes(self) -> tuple[int, int]:
        """How many pairs and people there are."""
        ego, alter, people = person_codes(*self.codes)
        return int(pair_codes(ego, alter).max()) + 1, people

    def _r_squared(self) -> float:
        found, w = self.estimate, self.estimate.weights
        if "Intercept" not in self.model.names and not FAMILIES[found.family].cuts:
            return math.nan
        if found.family != "gaussian":
            null = found.null_log_likelihood
            return share_explained(found.log_likelihood, null)
        total = float(w @ np.square(found.y - w @ found.y / w.sum()))
        return share_explained(float(w @ np.square(found.residual)), total)

    @property
    def _kind(self) -> str:
        """What the family takes for a label: "number", "binary", "count", "level"."""
        return FAMILIES[self.estimate.family].label

    def augment(self) -> pd.DataFrame:
        """One row a row used: ego, alter, the label, fitted, residual; of levels, the probability of each.

        Of levels ``fitted`` is the probability of the one observed. Where the label itself has one of these
        names, the model's column is called ``model_fitted`` and so on.
        """
        rows = with_columns(self.ids.reset_index(drop=True), {self.model.label: label_of(self.model)})
        found = {"fitted": self.estimate.fitted, "residual": self.estimate.residual}
        if self._kind == "level":
            names = (f"p_{name}" for name in self.levels)
            found |= dict(zip(names, self.estimate.probabilities.T, strict=True))
        return with_columns(rows, found)

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels of the label that occur, as tables name them; empty where it is no level."""
        names = self.model.levels
        return tuple(names[int(one)] if names else f"{one:g}" for one in self.estimate.levels)

    @property
    def cut_points(self) -> tuple[str, ...]:
        """Names of the cut points of an ordered label; empty where there are none."""
        return self.estimate.names[len(self.model.names) :] if FAMILIES[self.estimate.family].cuts else ()

    def wald(self, terms: str | Sequence[str]) -> WaldTest:
        """Joint test that the coefficients of some terms are all 0.

        Parameters
        ----------
        terms : str or sequence of str
            Terms of the formula, or names of coefficients.

        Returns
        -------
        WaldTest

        Raises
        ------
        UnknownNameError
            For a term that the model does not have.
        """
        places = {place for term in terms_asked(terms) for place in self.places_of(term)}
        return wald(self.estimate.beta, self.covariance, sorted(places))

    def places_of(self, term: str) -> tuple[int, ...]:
        """Coefficients of a term of the formula, of a column, or of that name."""
        found, of_column = self.estimate, self.estimate.places
        if term in self.model.terms:
            return tuple(place for column in self.model.terms[term] for place in of_column[column])
        if term in self.model.names:
            return of_column[self.model.names.index(term)]
        if term in found.names:
            return (found.names.index(term),)
        raise unknown("term", term, list(dict.fromkeys([*self.model.terms, *self.model.names, *found.names])))

    def contrast(self, restrictions: str, *, level: float = 0.95) -> Contrast:
        """Linear combinations of coefficients with their errors, and their joint test.

        Parameters
        ----------
        restrictions : str
            In the names of coefficients, parts divided by commas: "acts_ego - acts_alter",
            "acts_ego = acts_alter", "balance = 0.5, timing = 0". Names with signs of their own may stand
            between backticks: "`1|2` = 0".
        level : float
            Coverage of the intervals.

        Returns
        -------
        Contrast
        """
        return contrast(self.estimate, self.covariance, restrictions, level, self.exact)

    # in the label's own units

    @property
    def _fitted(self) -> Fitted:
        return Fitted(self.model, self.estimate, self.covariance, self.levels, self.exact)

    def marginal_effects(
        self,
        terms: str | Sequence[str] | None = None,
        *,
        at: Mapping[str, Any] | None = None,
        level: float = 0.95,
        outcome: Any = None,
    ) -> MarginalEffects:
        """How far the label moves with each column, in its own units, averaged over the rows used.

        Parameters
        ----------
        terms : str or sequence of str, optional
            Columns; by default every one that the formula names. Of numbers the derivative, through whatever
            the formula makes of them, over the rows where they are defined; of 0/1 and of levels the change
            from the first.
        at : mapping of str to value or sequence of values, optional
            Columns held at a value.
        level : float
            Coverage of the intervals.
        outcome : str, number, or sequence of them, optional
            Levels of the label, by default all.
        """
        return marginal_effects(self._fitted, terms, at=at, level=level, outcome=outcome)

    def predict(
        self,
        values: Mapping[str, Any] | pd.DataFrame | DyadTable | None = None,
        *,
        level: float = 0.95,
        others: str = "observed",
        outcome: Any = None,
    ) -> Predictions:
        """The label's mean, or the probability of each of its levels, at stated values.

        Parameters
        ----------
        values : mapping of str to value or sequence of values, pandas.DataFrame or DyadTable, optional
            Columns held at every combination of values; or new rows, each on its own.
        level : float
            Coverage of the intervals, which stay where the label can be.
        others : {"observed", "mean"}
            The other columns as observed, averaged over the rows used; or at their means.
        outcome : str, number, or sequence of them, optional
            Levels of the label, by default all.
        """
        return predict(self._fitted, values, level=level, others=others, outcome=outcome)

    def simple_slopes(self, term: str, by: str, values: Any = None, *, level: float = 0.95) -> SimpleSlopes:
        """The slope of one column at values of another, and the test of their interaction.

        Parameters
        ----------
        term, by : str
            The column, and its moderator.
        values : value or sequence of values, optional
            Of the moderator; by default its quartiles, or its levels.
        level : float
            Coverage of the intervals.
        """
        return simple_slopes(self._fitted, term, by, values, level=level)

    def moderation(self, term: str, by: str, values: Any = None, *, level: float = 0.95) -> ModeratedSlopes:
        """The slope of one column along another: at levels or three values, as a curve, where it is not 0.

        Parameters
        ----------
        term, by : str
            The column, and its moderator.
        values : value or sequence of values, optional
            Of the moderator; by default its mean and a standard deviation to either side, or its levels.
        level : float
            Coverage of the intervals.
        """
        return moderated_slopes(self._fitted, term, by, values, level=level)

    def ladder(self, *covariances: str, exact: bool = False) -> ErrorLadder:
        """Standard errors side by side, from those that let no rows depend on one another on.

        Parameters
        ----------
        *covariances : str
            Which ones; by default all but Frank and Snijders'.
        exact : bool
            Jackknives by exact refits.
        """
        one = self.glance().iloc[0]
        title = f"{self.model.formula}: {one['family']}, {one['rows']:,} rows, {one['people']:,} people."
        return ladder_of(self.estimate, self.codes, covariances or LADDER, (self.directed, exact), title)

    def with_covariance(self, covariance: str, *, exact: bool = False) -> Result:
        """The same estimates with other errors, without a refit.

        Parameters
        ----------
        covariance : {"classical", "hc1", "pair", "two_way", "dyadic", "jackknife", "frank_snijders"}
            Which errors.
        exact : bool
            For a jackknife: refit without each person and pair, instead of one step.
        """
        check_errors(covariance, exact)
        found = errors_of(self.estimate, self.codes, covariance, (self.directed, exact))
        return replace(self, covariance=found, exact=exact)

    # words

    def facts(self) -> list[str]:
        """Rows used of how many, why the others were not, people, which errors, base rate."""
        one = self.glance().iloc[0]
        left = [f"{count:,} {reason}" for reason, count in self.model.left_out.items()]
        total = one["rows"] + sum(self.model.left_out.values())
        lines = [
            *self.design_facts,
            f"{self.estimate.family} of {self.model.label}: {one['rows']:,} rows of {total:,}, "
            f"{one['pairs']:,} pairs, {one['people']:,} people.",
            f"Rows left out: {'; '.join(left) if left else 'none'}.",
        ]
        lines.append(self._label_fact(one))
        refits = " (exact refits)" if self.exact else ""
        lines.append(f"Standard errors: {ERRORS[self.covariance.name]}{refits}; intervals are 95 %.")
        lines.append(f"{self._fit_words(one)}; log likelihood {one['log_likelihood']:.2f}.")
        return [*lines, *(f"Note: {note}." for note in (*self.notes, *self.covariance.notes))]

    def _label_fact(self, one: pd.Series) -> str:
        """Base rate, shares of the levels, or mean of the label."""
        if self._kind == "binary":
            return f"Base rate {one['base_rate']:.2%}: {int(one['events']):,} rows with label 1."
        if self._kind == "level":
            counts = np.unique(self.model.y, return_counts=True)[1]
            shares = [
                f"{name} {count / counts.sum():.1%}" for name, count in zip(self.levels, counts, strict=True)
            ]
            return f"Levels of the label: {', '.join(shares)}."
        return f"Mean of the label {number(float(one['base_rate']))}."

    def _fit_words(self, one: pd.Series) -> str:
        name = "R²" if self.estimate.family == "gaussian" else "McFadden's R²"
        return f"{name} {number(float(one['r_squared']))}"

    def note(self) -> str:
        """What a table of coefficients rests on, in one line that goes wherever the table goes."""
        one = self.glance().iloc[0]
        rate = f"base rate {one['base_rate']:.2%}" if self._kind == "binary" else self.estimate.family
        counts = f"{one['rows']:,} rows, {one['pairs']:,} pairs, {one['people']:,} people"
        left = "".join(f" Left out: {count:,} {reason}." for reason, count in self.model.left_out.items())
        warned = "".join(f" {note[:1].upper()}{note[1:]}." for note in (*self.notes, *self.covariance.notes))
        return (
            f"{self.model.formula}. {counts}; {rate}; {self._fit_words(one)}.{left} "
            f"Standard errors: {ERRORS[self.covariance.name]}; 95 % intervals.{warned}"
        )

    # files

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Facts, coefficients and covariance matrix as JSON; written to ``path`` where one is given."""
        content = {
            "formula": self.model.formula,
            "facts": self.facts(),
            "glance": records(self.glance())[0],
            "coefficients": records(self.tidy()),
            "covariance": [[number_or_null(value) for value in row] for row in self.covariance.matrix],
            "left_out": dict(self.model.left_out),
        }
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        if path is not None:
            write_text(path, text + "\n")
        return text

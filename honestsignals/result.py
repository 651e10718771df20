"""What a fit found: estimates, errors, and the facts that come before them."""

from __future__ import annotations

import html
import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.formulas import Model
from honestsignals.inference.covariance import covariance_of
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.jackknife import jackknife
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import WaldTest, coefficient_tests, wald
from honestsignals.tables import number, render, with_note, write_frame, write_text

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

ERRORS = {
    "classical": "classical, as if no two rows shared a person",
    "hc1": "HC1, robust to unequal variance alone",
    "pair": "clustered by pair; pairs that share a person count as independent",
    "two_way": "clustered by sender and by receiver",
    "dyadic": "dyadic-robust: rows that share a person may depend on one another",
    "jackknife": "net jackknife over people and pairs, t with effective degrees of freedom",
}


@dataclass(frozen=True, eq=False)
class Result:
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

    def tidy(self) -> pd.DataFrame:
        """One row a coefficient: term, estimate, std_error, statistic, p_value, low, high, df."""
        import pandas as pd

        tests = coefficient_tests(self.estimate.beta, self.covariance)
        return pd.DataFrame(
            {
                "term": self.model.names,
                "estimate": self.estimate.beta,
                "std_error": self.covariance.std_error,
                "statistic": tests.statistic,
                "p_value": tests.p_value,
                "low": tests.low,
                "high": tests.high,
                "df": self.covariance.df,
            }
        )

    def glance(self) -> pd.DataFrame:
        """One row: what was fitted, on how many rows, pairs and people, and how well."""
        import pandas as pd

        ego, alter = self.codes
        low, high = np.minimum(ego, alter).astype(np.int64), np.maximum(ego, alter)
        binary = self.estimate.family == "logit"
        return pd.DataFrame(
            {
                "label": [self.model.label],
                "family": [self.estimate.family],
                "covariance": [self.covariance.name],
                "rows": [len(self.model.y)],
                "pairs": [len(np.unique(low * (high.max() + 1) + high))],
                "people": [len(np.union1d(ego, alter))],
                "events": [self.model.y.sum() if binary else math.nan],
                "base_rate": [self.model.y.mean()],
                "log_likelihood": [self.estimate.log_likelihood],
                "r_squared": [self._r_squared()],
            }
        )

    def _r_squared(self) -> float:
        if "Intercept" not in self.model.names:
            return math.nan
        if self.estimate.family == "logit":
            null = self.estimate.null_log_likelihood
            return math.nan if null == 0 else 1.0 - self.estimate.log_likelihood / null
        total = float(np.square(self.model.y - self.model.y.mean()).sum())
        return math.nan if total == 0 else 1.0 - float(np.square(self.estimate.residual).sum()) / total

    def augment(self) -> pd.DataFrame:
        """One row a row used: ego, alter, the label, fitted, residual."""
        out = self.ids.reset_index(drop=True).copy()
        out[self.model.label] = self.model.y
        out["fitted"] = self.estimate.fitted
        out["residual"] = self.estimate.residual
        return out

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
        places: list[int] = []
        wanted = [terms] if isinstance(terms, str) else list(terms)
        if not wanted:
            raise ArgumentError("wald needs at least one term.")
        for term in wanted:
            if term in self.model.terms:
                places += self.model.terms[term]
            elif term in self.model.names:
                places.append(self.model.names.index(term))
            else:
                raise unknown("term", term, list(dict.fromkeys([*self.model.terms, *self.model.names])))
        return wald(self.estimate.beta, self.covariance, sorted(set(places)))

    def with_covariance(self, covariance: str, *, exact: bool = False) -> Result:
        """The same estimates with other errors, without a refit.

        Parameters
        ----------
        covariance : {"classical", "hc1", "pair", "two_way", "dyadic", "jackknife"}
            Which errors.
        exact : bool
            For the jackknife of a logit: refit without each person and pair, instead of one step.
        """
        if exact and covariance != "jackknife":
            raise ArgumentError(f"exact is for the jackknife; {covariance} errors leave nobody out.")
        ego, alter = self.codes
        found = errors_of(self.estimate, (ego, alter), self.model.names, covariance, (self.directed, exact))
        return replace(self, covariance=found, exact=exact)

    # words

    def facts(self) -> list[str]:
        """Rows used of how many, why the others were not, people, which errors, base rate."""
        one = self.glance().iloc[0]
        left = [f"{count:,} {reason}" for reason, count in self.model.left_out.items()]
        total = len(self.model.y) + sum(self.model.left_out.values())
        lines = [
            *self.design_facts,
            f"{self.estimate.family} of {self.model.label}: {one['rows']:,} rows of {total:,}, "
            f"{one['pairs']:,} pairs, {one['people']:,} people.",
            f"Rows left out: {'; '.join(left) if left else 'none'}.",
        ]
        if self.estimate.family == "logit":
            lines.append(f"Base rate {one['base_rate']:.2%}: {int(one['events']):,} rows with label 1.")
        else:
            lines.append(f"Mean of the label {number(float(one['base_rate']))}.")
        refits = " (exact refits)" if self.exact and self.covariance.name == "jackknife" else ""
        lines.append(f"Standard errors: {ERRORS[self.covariance.name]}{refits}; intervals are 95 %.")
        lines.append(f"{self._fit_words(one)}; log likelihood {one['log_likelihood']:.2f}.")
        return [*lines, *(f"Note: {note}." for note in (*self.notes, *self.covariance.notes))]

    def _fit_words(self, one: pd.Series) -> str:
        name = "McFadden's R²" if self.estimate.family == "logit" else "R²"
        return f"{name} {number(float(one['r_squared']))}"

    def note(self) -> str:
        """What a table of coefficients rests on, in one line that goes wherever the table goes."""
        one = self.glance().iloc[0]
        rate = f"base rate {one['base_rate']:.2%}" if self.estimate.family == "logit" else "gaussian"
        counts = f"{one['rows']:,} rows, {one['pairs']:,} pairs, {one['people']:,} people"
        return (
            f"{self.model.formula}. {counts}; {rate}; {self._fit_words(one)}. "
            f"Standard errors: {ERRORS[self.covariance.name]}; 95 % intervals."
        )

    def __str__(self) -> str:
        return "\n".join([*self.facts(), "", render(self.tidy())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.facts())
        return f"<ul>{items}</ul>{render(self.tidy(), 'html')}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    # files

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """The table of coefficients as HTML; written to ``path`` where one is given."""
        return self._written("html", path)

    def to_latex(self, path: str | os.PathLike[str] | None = None) -> str:
        """The table of coefficients as LaTeX (booktabs); written to ``path`` where one is given."""
        return self._written("latex", path)

    def to_markdown(self, path: str | os.PathLike[str] | None = None) -> str:
        """The table of coefficients as Markdown; written to ``path`` where one is given."""
        return self._written("markdown", path)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table of coefficients as CSV, every digit."""
        write_frame(path, self.tidy())

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Facts, coefficients and covariance matrix as JSON; written to ``path`` where one is given."""
        content = {
            "formula": self.model.formula,
            "facts": self.facts(),
            "glance": _plain(self.glance())[0],
            "coefficients": _plain(self.tidy()),
            "covariance": [[_number(value) for value in row] for row in self.covariance.matrix],
            "left_out": dict(self.model.left_out),
        }
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        if path is not None:
            write_text(path, text + "\n")
        return text

    def _written(self, style: str, path: str | os.PathLike[str] | None) -> str:
        text = with_note(render(self.tidy(), style), self.note(), style)
        if path is not None:
            write_text(path, text + "\n")
        return text


def codes_of(ids: pd.DataFrame) -> tuple[Array, Array]:
    """Codes of ego and alter: one whole number a person, whichever of the two they are."""
    import pandas as pd

    codes, _ = pd.factorize(pd.concat([ids["ego"], ids["alter"]]))
    return codes[: len(ids)], codes[len(ids) :]


def errors_of(
    estimate: Estimate,
    codes: tuple[Array, Array],
    names: tuple[str, ...],
    covariance: str,
    how: tuple[bool, bool],
) -> Covariance:
    """The covariance of that name, where rows allow it.

    Parameters
    ----------
    estimate : Estimate
        Coefficients, scores and Hessian.
    codes : tuple of ndarray of int, shape (n,)
        Codes of ego and alter.
    names : tuple of str
        Columns of the design.
    covariance : str
        A name in ``COVARIANCES``.
    how : tuple of bool
        Whether rows are ordered pairs; whether a jackknife refits.

    Raises
    ------
    DesignError
        For clusters by sender and receiver where rows have neither.
    """
    directed, exact = how
    if covariance == "two_way" and not directed:
        raise DesignError(
            "two_way clusters by sender and by receiver, and these rows have no direction; use 'dyadic'."
        )
    if covariance == "jackknife":
        return jackknife(estimate, *codes, names, exact)
    return covariance_of(estimate, *codes, names, covariance)


def _number(value: Any) -> Any:
    """A cell as JSON holds it: what is undefined or endless is null."""
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): _number(value) for key, value in row.items()} for row in frame.to_dict("records")]

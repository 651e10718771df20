"""The standard errors of one fit: which there are, in words, and side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, FitError, one_of
from honestsignals.inference.adjusting import ADJUSTMENTS
from honestsignals.inference.covariance import COVARIANCES, LEAVING_OUT, covariance_of
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.jackknife import frank_snijders, jackknife
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import coefficient_tests
from honestsignals.printed import Printed

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
    "frank_snijders": "Frank and Snijders' jackknife over people, right for independent dyads alone",
}


def check_errors(covariance: str, exact: bool) -> None:
    """Refuse a covariance that there is not, and exact refits where nobody is left out.

    >>> check_errors("dyadic", True)
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: exact is for the jackknife; dyadic errors leave nobody out.
    """
    one_of("covariance", covariance, tuple(COVARIANCES))
    if exact and covariance not in LEAVING_OUT:
        raise ArgumentError(f"exact is for the jackknife; {covariance} errors leave nobody out.")


def codes_of(ids: pd.DataFrame) -> tuple[Array, Array]:
    """Codes of ego and alter: one whole number a person, whichever of the two they are."""
    import pandas as pd

    codes, _ = pd.factorize(pd.concat([ids["ego"], ids["alter"]]))
    return codes[: len(ids)], codes[len(ids) :]


def errors_of(
    estimate: Estimate, codes: tuple[Array, Array], covariance: str, how: tuple[bool, bool]
) -> Covariance:
    """The covariance of that name, where rows allow it.

    Parameters
    ----------
    estimate : Estimate
        Coefficients, scores and Hessian.
    codes : tuple of ndarray of int, shape (n,)
        Codes of ego and alter.
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
    refuse_two_way(covariance, directed)
    if covariance == "jackknife":
        return jackknife(estimate, *codes, estimate.names, exact)
    if covariance == "frank_snijders":
        return frank_snijders(estimate, *codes, estimate.names, exact)
    return covariance_of(estimate, *codes, estimate.names, covariance)


def refuse_two_way(covariance: str, directed: bool) -> None:
    """Refuse clusters by sender and receiver where rows have neither."""
    if covariance == "two_way" and not directed:
        raise DesignError(
            "two_way clusters by sender and by receiver, and these rows have no direction; use 'dyadic'."
        )


def coefficient_frame(
    estimate: Estimate, covariance: Covariance, slopes: Sequence[int], level: float, adjust: str | None
) -> pd.DataFrame:
    """One row a coefficient: term, estimate, std_error, statistic, p_value, low, high, df.

    Parameters
    ----------
    estimate : Estimate
    covariance : Covariance
    slopes : sequence of int
        Coefficients whose p values are adjusted together.
    level : float
        Coverage of the intervals.
    adjust : {"holm", "benjamini_hochberg"} or None
        Adds ``p_adjusted``.
    """
    import pandas as pd

    tests = coefficient_tests(estimate.beta, covariance, level)
    columns: dict[str, Any] = {
        "term": estimate.names,
        "estimate": estimate.beta,
        "std_error": covariance.std_error,
        "statistic": tests.statistic,
        "p_value": tests.p_value,
        "low": tests.low,
        "high": tests.high,
        "df": covariance.df,
    }
    if adjust is not None:
        one_of("adjust", adjust, tuple(ADJUSTMENTS))
        adjusted = np.full(tests.p_value.size, np.nan)
        adjusted[list(slopes)] = ADJUSTMENTS[adjust](tests.p_value[list(slopes)])
        columns["p_adjusted"] = adjusted
    return pd.DataFrame(columns)


@dataclass(frozen=True, eq=False)
class ErrorLadder(Printed):
    """Estimates of one fit with several standard errors side by side.

    Attributes
    ----------
    estimate : Estimate
    covariances : mapping of str to Covariance
        In the order of the columns.
    refused : mapping of str to str
        Covariances that these rows do not allow, and why.
    title : str
        What was fitted, in one line.
    """

    estimate: Estimate
    covariances: Mapping[str, Covariance]
    refused: Mapping[str, str]
    title: str

    def tidy(self) -> pd.DataFrame:
        """One row a coefficient: term, estimate, and a column of standard errors a covariance."""
        return self._frame({name: one.std_error for name, one in self.covariances.items()})

    def p_values(self) -> pd.DataFrame:
        """The same rows with the p value of each coefficient under each covariance."""
        return self._frame(
            {
                name: coefficient_tests(self.estimate.beta, one).p_value
                for name, one in self.covariances.items()
            }
        )

    def _frame(self, columns: Mapping[str, Any]) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame({"term": self.estimate.names, "estimate": self.estimate.beta, **columns})

    def facts(self) -> list[str]:
        """What was fitted, what each column's errors are, and what they lack."""
        return [
            self.title,
            *(f"{name}: {ERRORS[name]}." for name in self.covariances),
            *(f"{name}: not for these rows. {reason}" for name, reason in self.refused.items()),
            *(f"Note: {one}." for one in self._notes()),
        ]

    def _notes(self) -> list[str]:
        return list(dict.fromkeys(note for one in self.covariances.values() for note in one.notes))

    def note(self) -> str:
        """What the table rests on, in one line."""
        return f"{self.title} Columns are standard errors: {', '.join(self.covariances)}."


def ladder_of(
    estimate: Estimate,
    codes: tuple[Array, Array],
    names: Sequence[str],
    how: tuple[bool, bool],
    title: str,
) -> ErrorLadder:
    """Several covariances of one fit; one that these rows do not allow is named with its reason.

    Parameters
    ----------
    estimate : Estimate
    codes : tuple of ndarray of int, shape (n,)
        Codes of ego and alter.
    names : sequence of str
        Names in ``COVARIANCES``.
    how : tuple of bool
        Whether rows are ordered pairs; whether jackknives refit.
    title : str
        What was fitted, in one line.

    Returns
    -------
    ErrorLadder
    """
    found, refused = {}, {}
    for name in names:
        one_of("covariance", name, tuple(COVARIANCES))
        try:
            found[name] = errors_of(estimate, codes, name, (how[0], how[1] and name in LEAVING_OUT))
        except (DesignError, FitError) as error:
            refused[name] = str(error)
    return ErrorLadder(estimate, found, refused, title)

"""What a fit found whose rows came some at a time: all that sums over people and pairs tell."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from honestsignals.averaging import Fitted
from honestsignals.errors import ArgumentError, DesignError, FitError, one_of
from honestsignals.inference.covariance import COVARIANCES, LADDER, LEAVING_OUT
from honestsignals.inference.streamed_errors import streamed_covariance
from honestsignals.inference.streamed_sums import Sums
from honestsignals.inference.variance import Covariance
from honestsignals.result import Result
from honestsignals.result_rows import share_explained
from honestsignals.standard_errors import ErrorLadder, check_errors, refuse_two_way

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


class Unkept:
    """Stands for rows that were not kept; whatever is asked of it is refused with the reason.

    Parameters
    ----------
    what : str
        What it stands for.
    """

    def __init__(self, what: str) -> None:
        self._what = what

    def _refuse(self) -> NoReturn:
        raise DesignError(
            f"{self._what} of a fit whose rows came some at a time are not kept. Fit the table in memory, or "
            "a sample of its people, where rows are needed."
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    def __len__(self) -> int:  # noqa: PLE0303
        self._refuse()

    def __iter__(self) -> Iterator[Any]:
        self._refuse()

    def __getitem__(self, place: Any) -> Any:
        self._refuse()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        self._refuse()

    def __repr__(self) -> str:
        return f"<{self._what}, not kept>"


@dataclass(frozen=True, eq=False)
class StreamedResult(Result):
    """A fit of rows that came some at a time. It has estimates, errors and tests, and no rows.

    Attributes
    ----------
    sums : Sums
        Over people and pairs; every covariance is made of them.
    """

    sums: Sums = None  # type: ignore[assignment]

    @property
    def codes(self) -> tuple[Array, Array]:
        """Nothing: rows were not kept."""
        self._refuse("the people of each row")

    @property
    def _fitted(self) -> Fitted:
        self._refuse("averages over rows: margins, predictions, slopes at values")

    def _refuse(self, what: str) -> NoReturn:
        raise DesignError(
            f"This fit went through its rows some at a time and kept none, so there are no {what}. Fit the "
            "table in memory, or a sample of its people."
        )

    def augment(self) -> pd.DataFrame:
        """Nothing: fitted values and residuals need rows, which were not kept."""
        self._refuse("fitted values and residuals")

    def glance(self) -> pd.DataFrame:
        """One row: what was fitted, on how many rows, pairs and people, and how well."""
        import pandas as pd

        told, binary = self.sums.summary, self._kind == "binary"
        return pd.DataFrame(
            {
                "label": [self.model.label],
                "family": [self.estimate.family],
                "covariance": [self.covariance.name],
                "rows": [told.n],
                "pairs": [self.sums.pairs.count],
                "people": [self.sums.people.n_people],
                "events": [told.label_sum if binary else math.nan],
                "base_rate": [told.label_sum / told.n],
                "log_likelihood": [self.estimate.log_likelihood],
                "r_squared": [self._r_squared()],
            }
        )

    def _r_squared(self) -> float:
        if "Intercept" not in self.model.names:
            return math.nan
        if self.estimate.family != "gaussian":
            null = self.estimate.null_log_likelihood
            return share_explained(self.estimate.log_likelihood, null)
        return share_explained(self.sums.square, self.sums.null_square)

    def ladder(self, *covariances: str, exact: bool = False) -> ErrorLadder:
        """Standard errors side by side, from those that let no rows depend on one another on.

        Parameters
        ----------
        *covariances : str
            Which ones; by default all but Frank and Snijders'.
        exact : bool
            Jackknives by exact refits: of the gaussian alone, whose steps are exact.
        """
        found, refused = {}, {}
        for name in covariances or LADDER:
            one_of("covariance", name, tuple(COVARIANCES))
            try:
                how = exact and name in LEAVING_OUT
                found[name] = errors_of_sums(self.sums, self.estimate.names, name, (self.directed, how))
            except (DesignError, FitError) as error:
                refused[name] = str(error)
        one = self.glance().iloc[0]
        title = f"{self.model.formula}: {one['family']}, {one['rows']:,} rows, {one['people']:,} people."
        return ErrorLadder(self.estimate, found, refused, title)

    def with_covariance(self, covariance: str, *, exact: bool = False) -> StreamedResult:
        """The same estimates with other errors, without another pass over the rows.

        Parameters
        ----------
        covariance : {"classical", "hc1", "pair", "two_way", "dyadic", "jackknife", "frank_snijders"}
            Which errors.
        exact : bool
            For a jackknife of the gaussian, whose steps are exact.
        """
        check_errors(covariance, exact)
        found = errors_of_sums(self.sums, self.estimate.names, covariance, (self.directed, exact))
        return replace(self, covariance=found, exact=exact)


def refuse_refits(family: str, exact: bool) -> None:
    """Refuse refits without each person, which would go through all rows once a person.

    >>> refuse_refits("logit", True)
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: exact refits go through all rows ...
    """
    if exact and family != "gaussian":
        raise ArgumentError(
            "exact refits go through all rows again for every person; where rows come some at a time the "
            "jackknife takes one step."
        )


def errors_of_sums(sums: Sums, names: tuple[str, ...], covariance: str, how: tuple[bool, bool]) -> Covariance:
    """The covariance of that name, where the rows allowed it.

    Parameters
    ----------
    sums : Sums
    names : tuple of str
        Of the coefficients.
    covariance : str
    how : tuple of bool
        Whether rows are ordered pairs; whether a jackknife is asked to refit.

    Raises
    ------
    DesignError, ArgumentError, FitError
    """
    directed, exact = how
    refuse_refits(sums.family.name, exact)
    refuse_two_way(covariance, directed)
    return streamed_covariance(sums, names, covariance)

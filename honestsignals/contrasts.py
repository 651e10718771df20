"""Linear combinations of a fit's coefficients, with their errors and their joint test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from honestsignals.errors import ArgumentError
from honestsignals.inference.clusters import Floats
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import Combinations, WaldTest, combinations, wald
from honestsignals.printed import Printed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Contrast(Printed):
    """Linear combinations of coefficients, and the test that all of them are what was said.

    Attributes
    ----------
    names : tuple of str
        The combinations, as they were written.
    found : Combinations
        What each comes to, less what was said of it.
    test : WaldTest
        That all of them hold.
    """

    names: tuple[str, ...]
    found: Combinations
    test: WaldTest

    def tidy(self) -> pd.DataFrame:
        """One row a combination: term, estimate, std_error, statistic, p_value, low, high, df."""
        import pandas as pd

        one = self.found
        return pd.DataFrame(
            {
                "term": self.names,
                "estimate": one.estimate,
                "std_error": one.std_error,
                "statistic": one.statistic,
                "p_value": one.p_value,
                "low": one.low,
                "high": one.high,
                "df": one.df,
            }
        )

    def facts(self) -> list[str]:
        """The joint test."""
        return [f"All together: {self.test}."]

    def note(self) -> str:
        """The joint test, in one line."""
        return f"All together: {self.test}."


def contrast(estimate: Estimate, covariance: Covariance, restrictions: str) -> Contrast:
    """Linear combinations of coefficients, as text says them.

    Parameters
    ----------
    estimate : Estimate
    covariance : Covariance
    restrictions : str
        "a - b", "a = b", "a = 0.5, b = 0", in the names of coefficients.

    Returns
    -------
    Contrast

    Raises
    ------
    ArgumentError
        For text that cannot be read, or combinations that depend on one another.
    """
    parts = tuple(part.strip() for part in restrictions.split(","))
    R, values = _read(restrictions, estimate)
    if np.linalg.matrix_rank(R) < len(R):
        raise ArgumentError(f"Of the combinations {restrictions!r} some follow from others.")
    found = combinations(estimate.beta, covariance, R, values)
    return Contrast(parts, found, wald(estimate.beta, covariance, restrictions=R, values=values))


def _read(restrictions: str, estimate: Estimate) -> tuple[Floats, Floats]:
    """R and r of Rβ = r."""
    from formulaic.errors import FormulaicError
    from formulaic.utils.constraints import LinearConstraints

    try:
        found = LinearConstraints.from_spec(restrictions, variable_names=list(estimate.names))
    except (FormulaicError, KeyError, ValueError, SyntaxError, AttributeError) as error:
        raise ArgumentError(
            f"The combination {restrictions!r} cannot be read: {str(error).splitlines()[0]} Coefficients are "
            f"{', '.join(estimate.names)}; names with signs of their own go between backticks."
        ) from error
    matrix = np.asarray(found.constraint_matrix, dtype=float).reshape(-1, len(estimate.names))
    if not np.any(matrix, axis=1).all():
        raise ArgumentError(f"In {restrictions!r} some part names no coefficient.")
    return matrix, np.asarray(found.constraint_values, dtype=float)

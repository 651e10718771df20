"""Error of ratings in a fit: how far it pulls a slope towards 0, and the slope without it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, FitError, unknown
from honestsignals.fixed_effects import FixedEffectsResult
from honestsignals.inference.families import FAMILIES
from honestsignals.printed import Printed
from honestsignals.result import Result
from honestsignals.tables import number

if TYPE_CHECKING:
    import pandas as pd


ROUNDING = 1e-12
"""A share that is none."""


@dataclass(frozen=True, eq=False)
class Attenuation(Printed):
    """A slope of a column that was measured with error, as fitted and without the error.

    Attributes
    ----------
    term : str
        The coefficient.
    reliability : float
        λ of the column.
    shared : float
        R² of the column on the others of the fit.
    factor : float
        What the fitted slope is of the slope without error.
    fitted : pandas.Series
        The coefficient's row of the fit.
    lines : tuple of str
        What the fit is, and what the correction rests on.
    """

    term: str
    reliability: float
    shared: float
    factor: float
    fitted: pd.Series
    lines: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Two rows, as fitted and corrected: estimate, std_error, low, high, p_value."""
        import pandas as pd

        rows = [
            {
                "term": self.term,
                "slope": name,
                **{part: self.fitted[part] / by for part in ("estimate", "std_error", "low", "high")},
                "p_value": self.fitted["p_value"],
            }
            for name, by in (("as fitted", 1.0), ("corrected", self.factor))
        ]
        return pd.DataFrame(rows)

    def facts(self) -> list[str]:
        """Which fit, the factor and where it comes from, what it does not mend."""
        return list(self.lines)

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.lines)


def attenuation(fitted: Result, term: str, reliability: float) -> Attenuation:
    r"""The slope of a column measured with error of known reliability, were it measured without.

    Error of ratings that is unrelated to anything pulls the slope of a gaussian label towards 0, by

    .. math:: \kappa = \frac{\lambda - R^2}{1 - R^2}

    where λ is the share of the column's variance that is not error and R² that of it which the fit's other
    columns share (below 0 where none of them is constant): beside others a slope shrinks by more than λ.
    Estimate and interval are divided by κ, which takes λ and R² as known; p is that of the fit.

    Parameters
    ----------
    fitted : Result
        Of a gaussian label; other families shrink by about as much only where effects are weak.
    term : str
        A coefficient whose column is the measured one itself: not its log, nor a product with it.
    reliability : float
        λ, above R² and at most 1: that of the column as it entered, such as ICC(k) of the mean of k coders
        (docs/depth.md). The mean of a pair's many acts is more reliable than the rating of one.

    Returns
    -------
    Attenuation

    Raises
    ------
    FitError
        Where the other columns share as much of the column as its reliability leaves.

    References
    ----------
    spearman1904, carroll2006

    Examples
    --------
    >>> import pandas as pd
    >>> from honestsignals import fit
    >>> ego, alter = np.triu_indices(12, 1)
    >>> frame = pd.DataFrame({"ego": ego, "alter": alter, "depth": np.sin(7 * ego + 3 * alter)})
    >>> frame["trust"] = 0.5 * frame["depth"] + np.cos(ego + alter)
    >>> found = attenuation(fit("trust ~ depth", frame, family="gaussian"), "depth", 0.8)
    >>> found.factor, found.tidy()["estimate"].round(3).tolist()
    (0.8, [0.563, 0.703])
    """
    if not isinstance(fitted, Result):
        raise ArgumentError(f"attenuation takes the result of fit(); got {type(fitted).__name__}.")
    one, model = fitted.estimate, fitted.model
    if FAMILIES[one.family].label != "number":
        raise DesignError(
            f"The label is {one.family}: a slope shrinks by a factor that is known for gaussian labels alone."
        )
    if isinstance(fitted, FixedEffectsResult):
        raise DesignError(
            "Beside effects of people a column keeps less of its variance, and all of its error: its "
            "reliability there is another than the one stated."
        )
    names = [name for name in model.names if name != "Intercept"]
    if term not in names:
        raise unknown("coefficient", term, names)
    sound = isinstance(reliability, int | float | np.floating) and not isinstance(reliability, bool)
    if not sound or not 0 < reliability <= 1:
        raise ArgumentError(f"reliability is {reliability!r}; it must be a number above 0 and at most 1.")
    shared = _shared(one.X, model.names.index(term), one.weights)
    if reliability <= shared:
        raise FitError(
            f"The other columns share {shared:.3f} of the variance of {term!r}, and its reliability is "
            f"{reliability:g}: what is left of it could be error alone."
        )
    factor = (float(reliability) - shared) / (1.0 - shared)
    table = fitted.tidy()
    row = table[table["term"] == term].iloc[0]
    return Attenuation(
        term, float(reliability), shared, factor, row, _lines(fitted, term, reliability, shared, factor)
    )


def _shared(X: np.ndarray, place: int, weights: np.ndarray) -> float:
    """R² of one column of a design on the others, by weight."""
    root = np.sqrt(weights)[:, None]
    others, column = np.delete(X, place, axis=1) * root, (X[:, place] * root[:, 0])
    rest = column - others @ np.linalg.lstsq(others, column, rcond=None)[0]
    mean = root[:, 0] * (weights @ X[:, place] / weights.sum())
    total = float(np.square(column - mean).sum())
    found = 1.0 - float(np.square(rest).sum()) / total if total > 0 else math.nan
    # without a constant among them the others may leave more than the variance: then it is below 0
    return 0.0 if abs(found) < ROUNDING else found


def _beside(shared: float) -> str:
    """What the other columns leave of the measured one."""
    if shared < 0:
        return "Without a constant its mean counts as spread, which the other columns leave"
    return f"The other columns share {number(shared)} of its variance"


def _lines(fitted: Result, term: str, reliability: float, shared: float, factor: float) -> tuple[str, ...]:
    return (
        f"{term} measured with reliability {reliability:g}: {fitted.model.formula}, "
        f"{len(fitted.model.y):,} rows.",
        f"{_beside(shared)}, so its slope is fitted at {number(factor)} of what it is without error.",
        "The interval takes the reliability as known. Only error that is unrelated to the label, to other "
        "columns and to the truth is mended; slopes of the other columns stay biased by it.",
    )

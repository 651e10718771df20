"""Simple slopes of a hazard: the ratio of one covariate at values of another that moderates it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, unknown
from honestsignals.hazard_terms import Covariate, Design
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import wald
from honestsignals.moderated_slopes import ModeratedSlopes, Stated

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class HazardSlopes(ModeratedSlopes):
    """Log hazard ratios of a covariate at values of its moderator, with the ratios beside them."""

    def tidy(self) -> pd.DataFrame:
        """One row a slope: as of `ModeratedSlopes`, and hazard_ratio, ratio_low, ratio_high."""
        return _with_ratios(super().tidy())

    def differences(self) -> pd.DataFrame:
        """One row a value but the first: how many times the ratio there is that at the first value."""
        return _with_ratios(super().differences())


def _with_ratios(frame: pd.DataFrame) -> pd.DataFrame:
    names = {"hazard_ratio": "estimate", "ratio_low": "low", "ratio_high": "high"}
    return frame.assign(**{name: np.exp(frame[of]) for name, of in names.items()})


def hazard_slopes(
    design: Design,
    estimate: tuple[Array, Covariance],
    names: tuple[str, str],
    what: tuple[str, str],
    *,
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
    what : tuple of (str, str)
        Whose hazard it is, and which errors, in words.
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
    moderator = design.covariates[by]
    points = moderator.points(values)
    if not points:
        raise ArgumentError(f"values has no value of {by}.")
    held, others = _others(design, term, by)
    places = design.places[term]
    matrix = np.repeat(held[None], len(points), axis=0)
    for value, (_, z) in enumerate(points):
        for contrast, place in enumerate(places):
            matrix[value, contrast, place] += 1.0
            matrix[value, contrast, product[contrast]] += z
    contrasts = tuple(design.names[place] for place in places) if len(places) > 1 else ("dy/dx",)
    words = tuple(_word(value) for value, _ in points)
    hazard = f"the log hazard of {what[0]}"
    stated = Stated(term, by, hazard, contrasts, words, matrix, "label", len(design.X))
    test = wald(*estimate, np.sort(product.ravel()).tolist())
    lines = (
        f"Slopes of {term} on {hazard} at values of {by}{_where(moderator, values)}: associations.",
        f"Product of {term} and {by}: {test}.",
        *others,
        f"Standard errors: {what[1]}.",
    )
    return HazardSlopes(**vars(stated.of(estimate, test, lines, level)))


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

"""What a regression refuses before it is solved, and the words for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from honestsignals.errors import ArgumentError, FitError
from honestsignals.inference.clusters import Floats
from honestsignals.inference.collinearity import dependence, dependent_columns
from honestsignals.inference.families import Family
from honestsignals.inference.words import counted

MOST_LEVELS = 50
"""More levels than this are a number, not an ordered label."""

VAST = 1e100
"""Sums of squares of larger numbers overflow."""

MOST_CLASSES = 10
"""A multinomial has its coefficients for each class but one, and takes time with the fourth power of them."""


def check_values(X: Floats, y: Floats, weights: Floats, names: Sequence[str]) -> None:
    """Refuse a design, a label or weights of the wrong shape, or that are not finite."""
    if X.ndim != 2 or y.shape != X.shape[:1] or len(names) != X.shape[1]:
        raise ArgumentError(
            f"X has shape {X.shape}, y {y.shape} and there are {counted(len(names), 'name')}; "
            "they must be (n, k), (n,) and k."
        )
    wrong = np.flatnonzero(~np.isfinite(X).all(axis=0))
    if wrong.size:
        count = int((~np.isfinite(X[:, wrong[0]])).sum())
        raise ArgumentError(
            f"'{names[wrong[0]]}' is missing or infinite in {counted(count, 'row')}; leave them out."
        )
    vast = np.flatnonzero(np.abs(X).max(axis=0, initial=0.0) > VAST)
    if vast.size:
        reach = np.abs(X[:, vast[0]]).max()
        raise ArgumentError(f"'{names[vast[0]]}' reaches {reach:.3g}, whose square is no number; rescale it.")
    if not np.isfinite(y).all():
        raise ArgumentError(
            f"The label is missing or infinite in {counted(int((~np.isfinite(y)).sum()), 'row')}."
        )
    if weights.shape != y.shape:
        raise ArgumentError(f"weights has shape {weights.shape}; it must be (n,) = {y.shape}.")
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        odd = weights[~(np.isfinite(weights) & (weights > 0))][0]
        raise ArgumentError(f"A weight is {odd:g}; weights must be above 0 and finite.")


def check_label(family: Family, y: Floats) -> None:
    """Refuse a label that its family does not take."""
    article = "an" if family.title[0] in "aeiou" else "a"
    odd = y[(y != 0) & (y != 1)]
    if family.label == "binary" and odd.size:
        raise ArgumentError(
            f"The label is {odd.min():g} in some row; {article} {family.title} needs labels of 0 and 1."
        )
    odd = y[(y < 0) | (y != np.round(y))]
    if family.label == "count" and odd.size:
        raise ArgumentError(
            f"The label is {odd.min():g} in some row; {article} {family.title} needs whole numbers from 0."
        )
    several, most = np.unique(y).size, MOST_CLASSES if family.classes else MOST_LEVELS
    if family.levels and several > most:
        hint = " Levels with an order make an ordered logit." if several <= MOST_LEVELS else ""
        raise ArgumentError(
            f"The label has {several:,} levels; {article} {family.title} takes {most} at most.{hint}"
        )


def check_design(family: Family, X: Floats, y: Floats, names: Sequence[str]) -> None:
    """Refuse too few rows, a label that does not vary, and columns that say the same."""
    n, k = X.shape
    equations = np.unique(y).size - 1 if family.levels else 1
    k = k * equations if family.classes else k + equations if family.cuts else k
    refuse_few(n, k, (float(y.min(initial=np.inf)), float(y.max(initial=-np.inf))))
    # cut points are the intercept of an ordered label
    whole = np.column_stack([np.ones(n), X]) if family.cuts else X
    dependent = dependent_columns(whole, ["(cut points)", *names] if family.cuts else names)
    refuse_dependent(dependent)


def refuse_few(n: int, k: int, label: tuple[float, float]) -> None:
    """Refuse n rows for k coefficients, and a label whose least is its largest."""
    if n <= k:
        raise FitError(
            f"{counted(n, 'row')} for {counted(k, 'coefficient')}: too few to estimate them; "
            "there must be more rows than coefficients."
        )
    if label[0] == label[1]:
        raise FitError(f"The label is {label[0]:g} in every row: there is nothing to explain.")


def refuse_dependent(dependent: Sequence[tuple[str, tuple[str, ...]]]) -> None:
    """Refuse columns that are combinations of others."""
    if dependent:
        raise FitError(" ".join(dependence(column, others) for column, others in dependent))


def check_residual(residual: float, label: float) -> None:
    """Refuse a residual that is none, by its norm and the label's."""
    # Rounding leaves about ε √n of the label; what is smaller than 1e-12 of it is no residual.
    if residual <= 1e-12 * label:
        raise FitError(
            "The label is an exact combination of the columns: no residual is left to judge errors by."
        )

"""Slopes of a linear regression whose sender and receiver effects are taken out, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import ArgumentError, FitError
from honestsignals.inference.clusters import Floats
from honestsignals.inference.collinearity import dependent_columns
from honestsignals.inference.estimators import Estimate, estimate
from honestsignals.inference.person_effects import Effects, leverages, taken_out
from honestsignals.inference.words import counted, named

ABSORBED = 1e-8
"""Share of a column's length below which effects leave nothing of it: √ε, as for collinearity."""


@dataclass(frozen=True, eq=False)
class Within:
    """A linear regression with the effects of people taken out.

    Attributes
    ----------
    estimate : Estimate
        Of the slopes: ``X`` has the effects taken out, ``y`` is the label as it came, ``fitted`` includes
        the effects, ``work_weights`` are the weights, ``scale`` is Σ w e² / (n − k − effects).
    effects : Effects
        What was taken out.
    names : tuple of str
        The slopes.
    kept : tuple of int
        Their columns in the design as it was given: the intercept is absorbed.
    uninformative : int
        Rows that effects alone fit exactly, such as the only row of a sender: they tell nothing of slopes.
    r_squared_within : float
        Share of the label's variation within senders and receivers that the slopes explain.
    """

    estimate: Estimate
    effects: Effects
    names: tuple[str, ...]
    kept: tuple[int, ...]
    uninformative: int
    r_squared_within: float

    @property
    def row_df(self) -> int:
        """Degrees of freedom left to rows: n − slopes − effects."""
        n, k = self.estimate.X.shape
        return n - k - self.effects.n_effects


def within(X: NDArray[Any], y: NDArray[Any], names: Sequence[str], effects: Effects) -> Within:
    r"""Slopes of a linear regression with sender and receiver effects, exactly as with a dummy for each.

    .. math:: y_{ij} = x_{ij}^\top \beta + a_i + b_j + e_{ij}

    Effects are taken out of the label and of every column (Frisch & Waugh), so only slopes are estimated. A
    column "Intercept" of ones is absorbed; any other column that the effects absorb is refused.

    Parameters
    ----------
    X : ndarray, shape (n, k)
        Design, with or without an intercept.
    y : ndarray, shape (n,)
        Labels.
    names : sequence of str
        Columns of ``X``.
    effects : Effects
        Of these rows.

    Returns
    -------
    Within

    Raises
    ------
    FitError
        Where the effects absorb a column, columns are collinear in what they leave, rows are too few, or
        nothing is left to explain.

    References
    ----------
    frisch1933

    Examples
    --------
    >>> from honestsignals.inference.person_effects import effects_of
    >>> ego, alter = np.nonzero(~np.eye(5, dtype=bool))
    >>> acts = (ego * alter) % 4
    >>> y = 0.5 * acts + ego - 2.0 * alter + 0.1 * np.cos(3 * ego + alter)
    >>> found = within(np.column_stack([np.ones(20), acts]), y, ["Intercept", "acts"], effects_of(ego, alter))
    >>> found.names, found.effects.n_effects, found.estimate.beta.round(3).tolist()
    (('acts',), 9, [0.51])
    """
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    if X.ndim != 2 or y.shape != X.shape[:1] or y.size != effects.weights.size or len(names) != X.shape[1]:
        raise ArgumentError(
            f"X has shape {X.shape}, y {y.shape}, and there are {counted(len(names), 'name')} and "
            f"{counted(effects.weights.size, 'row')} of effects; they must be (n, k), (n,), k and n."
        )
    if not (np.isfinite(X).all() and np.isfinite(y).all()):
        raise ArgumentError("The label or a column is missing or infinite in some row; leave those rows out.")
    left, kept = checked_columns(X, names, effects)
    slopes = tuple(names[column] for column in kept)
    label = taken_out(effects, y)
    _check_label(y, label, effects)
    slopes_fit = _estimated(left, y, label, slopes, effects)
    rest = float(effects.weights @ slopes_fit.residual**2)
    return Within(
        slopes_fit,
        effects,
        slopes,
        kept,
        int((leverages(effects) > 1.0 - 1e-9).sum()),
        1.0 - rest / float(effects.weights @ label**2),
    )


def checked_columns(
    X: NDArray[Any], names: Sequence[str], effects: Effects
) -> tuple[Floats, tuple[int, ...]]:
    """Columns with the effects out, the intercept gone, or the reason why some column has no slope.

    Parameters
    ----------
    X : ndarray, shape (n, k)
    names : sequence of str
        Columns of ``X``.
    effects : Effects
        Of these rows.

    Returns
    -------
    left : ndarray, shape (n, q)
        What is left of the columns that have a slope.
    kept : tuple of int, length q
        Which those are.

    Raises
    ------
    FitError
        Where the effects absorb a column, columns are collinear in what they leave, or rows are too few.

    Examples
    --------
    >>> from honestsignals.inference.person_effects import effects_of
    >>> ego, alter = np.nonzero(~np.eye(5, dtype=bool))
    >>> X = np.column_stack([np.ones(20), (ego * alter) % 4])
    >>> left, kept = checked_columns(X, ["Intercept", "acts"], effects_of(ego, alter))
    >>> left.shape, kept
    ((20, 1), (1,))
    """
    X = np.asarray(X, dtype=float)
    kept = tuple(column for column in range(X.shape[1]) if column != _intercept(X, names))
    _check_size(X.shape[0], len(kept), effects)
    slopes = [names[column] for column in kept]
    columns = X[:, list(kept)]
    left = taken_out(effects, columns)
    _check_columns(columns, left, slopes, effects)
    return left, kept


def _intercept(X: Floats, names: Sequence[str]) -> int:
    """The constant column that is called the intercept; −1 for none."""
    for column, name in enumerate(names):
        if name.strip("()").casefold() == "intercept" and np.ptp(X[:, column]) == 0:
            return column
    return -1


def _check_size(n: int, k: int, effects: Effects) -> None:
    if k == 0:
        raise FitError(f"The {effects.words} effects absorb the intercept, and there is no other column.")
    if n <= k + effects.n_effects:
        raise FitError(
            f"{counted(n, 'row')} for {counted(k, 'slope')} and {counted(effects.n_effects, 'effect')} of "
            "people: too few to estimate them; there must be more rows than both."
        )


def _check_columns(X: Floats, left: Floats, names: Sequence[str], effects: Effects) -> None:
    """Refuse columns of which effects leave nothing, and columns that are collinear in what is left."""
    remains = np.linalg.norm(left, axis=0) > ABSORBED * np.linalg.norm(X, axis=0)
    if not remains.all():
        told = [
            f"'{names[j]}' {_why_absorbed(X[:, j], effects)}, so the {effects.words} effects absorb it and "
            "it has no coefficient of its own: leave it out."
            for j in np.flatnonzero(~remains).tolist()
        ]
        raise FitError(" ".join(told))
    dependent = dependent_columns(left, names)
    if dependent:
        told = [
            f"Once the {effects.words} effects are out, '{column}' is a combination of {named(others)}: "
            "leave one of them out."
            for column, others in dependent
        ]
        raise FitError(" ".join(told))


def _why_absorbed(column: Floats, effects: Effects) -> str:
    if not column.any():
        return "is 0 in every row"
    if effects.kinds == ("person",):
        return "is the sum of something of the one person and the same thing of the other"
    for kind, codes in zip(effects.kinds, effects.columns.T, strict=True):
        order = np.argsort(codes, kind="stable")
        same = np.diff(codes[order]) == 0
        if (np.diff(column[order])[same] == 0).all():
            return f"is the same in every row of a {kind}"
    return "is the sum of something of the sender and something of the receiver"


def _check_label(y: Floats, label: Floats, effects: Effects) -> None:
    if np.ptp(y) == 0:
        raise FitError(f"The label is {y[0]:g} in every row: there is nothing to explain.")
    if np.linalg.norm(label) <= 1e-12 * np.linalg.norm(y):
        raise FitError(f"The {effects.words} effects fit the label exactly: nothing is left to explain.")


def _estimated(left: Floats, y: Floats, label: Floats, names: Sequence[str], effects: Effects) -> Estimate:
    """The slopes on what is left of label and columns, with label and degrees of freedom put right."""
    found = estimate(left, label, "gaussian", names, weights=effects.weights)
    squares = float(effects.weights @ found.residual**2)
    return replace(
        found,
        y=y,
        fitted=y - found.residual,
        scale=squares / (y.size - left.shape[1] - effects.n_effects),
    )

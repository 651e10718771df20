"""Labels beside predictions: what all scores check, rank and average."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from honestsignals.errors import ArgumentError
from honestsignals.inference.clusters import Floats
from honestsignals.inference.scores_registry import Scored
from honestsignals.inference.words import counted

TIE = 1e-12
"""Predictions that differ by less, relative to themselves, are tied: rounding must not put rows in order."""
SLACK = 1e-9
"""By how much rounding may put a probability beyond 0 or 1."""
WHOLE = 1e-4
"""By how much the probabilities of a row may miss 1: some estimators predict in single precision."""


def undefined(n: int) -> Scored:
    """The score of n rows that have none."""
    return Scored(np.nan, np.full(n, np.nan))


def averaged(each: Floats) -> Scored:
    """The mean of one number a row, and what each row moves it by: its deviation over n.

    >>> averaged(np.array([0.0, 1.0]))
    Scored(value=0.5, influence=array([-0.25,  0.25]))
    """
    if not each.size:
        return undefined(0)
    value = float(each.mean())
    if not np.isfinite(value):
        return Scored(value, np.full(each.size, np.nan))
    return Scored(value, (each - value) / each.size)


def binary_rows(y: ArrayLike, prediction: ArrayLike, *, probabilities: bool = True) -> tuple[Floats, Floats]:
    """Labels 0 and 1 beside one prediction a row, or why they cannot be scored.

    Parameters
    ----------
    y : array-like, shape (n,)
    prediction : array-like, shape (n,)
    probabilities : bool
        Whether predictions must lie between 0 and 1; what only ranks rows may have any unit.

    Returns
    -------
    y, prediction : ndarray, shape (n,)

    Examples
    --------
    >>> binary_rows([0, 2], [0.1, 0.2])
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: y has 2 in row 1; a binary label is 0 or 1.
    """
    y, prediction = mean_rows(y, prediction)
    strange = np.flatnonzero((y != 0) & (y != 1))
    if strange.size:
        raise ArgumentError(f"y has {y[strange[0]]:g} in row {strange[0]}; a binary label is 0 or 1.")
    return y, _within(prediction) if probabilities else prediction


def mean_rows(y: ArrayLike, prediction: ArrayLike) -> tuple[Floats, Floats]:
    """Labels that are numbers beside one prediction a row, or why they cannot be scored.

    Parameters
    ----------
    y, prediction : array-like, shape (n,)

    Returns
    -------
    y, prediction : ndarray, shape (n,)

    Examples
    --------
    >>> mean_rows([1.5, 2.0], [1.0, float("nan")])
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: prediction is not known in 1 row of 2; score the others.
    """
    return _known("y", y, 1), _beside(y, _known("prediction", prediction, 1))


def level_rows(y: ArrayLike, prediction: ArrayLike) -> tuple[NDArray[np.intp], Floats]:
    """Codes of levels beside a probability of each level, or why they cannot be scored.

    Parameters
    ----------
    y : array-like of int, shape (n,)
        0 to L - 1.
    prediction : array-like, shape (n, L)

    Returns
    -------
    y : ndarray of int, shape (n,)
    prediction : ndarray, shape (n, L)

    Examples
    --------
    >>> level_rows([2], [[0.5, 0.5]])
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: y has 2 in row 0; of 2 levels, codes go from 0 to 1.
    """
    P = _within(_beside(y, _known("prediction", prediction, 2)))
    codes, n_levels = _known("y", y, 1), P.shape[1]
    strange = np.flatnonzero((codes != np.floor(codes)) | (codes < 0) | (codes >= n_levels))
    if strange.size:
        row = strange[0]
        raise ArgumentError(
            f"y has {codes[row]:g} in row {row}; of {n_levels} levels, codes go from 0 to {n_levels - 1}."
        )
    off = np.flatnonzero(np.abs(P.sum(axis=1) - 1.0) > WHOLE)
    if off.size:
        total = P[off[0]].sum()
        raise ArgumentError(
            f"prediction sums to {total:g} in row {off[0]}; probabilities of levels sum to 1."
        )
    return codes.astype(np.intp), P


def ranks(values: Floats, *, probabilities: bool = False) -> NDArray[np.intp]:
    """Rank of each value among the different ones, from 0; values that only rounding tells apart share one.

    Of probabilities (or their opposites) rounding is judged by what is nearer, 0 or 1: they are tied where
    their complements are, so that no score depends on which of two labels is called 1.

    >>> ranks(np.array([0.3, 0.1, 0.1 + 1e-17, 0.2])).tolist()
    [2, 0, 0, 1]
    >>> ranks(np.array([1 - 1e-14, 1 - 2e-14]), probabilities=True).tolist()
    [1, 0]
    """
    order = np.argsort(values, kind="stable")
    sorted_values = values[order]
    size = np.maximum(np.abs(sorted_values[1:]), np.abs(sorted_values[:-1]))
    if probabilities and values.size and np.abs(sorted_values[[0, -1]]).max() <= 1:
        off = 1 - np.abs(sorted_values)
        size = np.minimum(size, np.maximum(off[1:], off[:-1]))
    found = np.zeros(values.size, dtype=np.intp)
    found[order[1:]] = np.cumsum(np.diff(sorted_values) > TIE * size)
    return found


_FALLING: list[tuple[Floats, NDArray[np.intp]]] = []
"""The predictions last ranked from the highest on, and their ranks: several scores ask for the same."""


def falling_ranks(p: Floats) -> NDArray[np.intp]:
    """Rank of each probability among the different ones, from 0 for the highest.

    >>> falling_ranks(np.array([0.3, 0.1, 0.1 + 1e-17, 0.2])).tolist()
    [0, 2, 2, 1]
    """
    for before, found in _FALLING:
        if np.array_equal(before, p):
            return found
    found = ranks(-p, probabilities=True)
    found.setflags(write=False)
    _FALLING[:] = [(p.copy(), found)]
    return found


def _known(what: str, values: ArrayLike, dimensions: int) -> Floats:
    try:
        found: NDArray[Any] = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        needs = "numbers, one a row" if dimensions == 1 else "numbers, one column a level"
        raise ArgumentError(f"{what} holds what is no number; it needs {needs}.") from None
    if found.ndim != dimensions:
        shape = "one number a row" if dimensions == 1 else "one column a level"
        raise ArgumentError(f"{what} has shape {found.shape}; it needs {shape}.")
    finite = np.isfinite(found)
    rows = ~(finite if dimensions == 1 else finite.all(axis=1))
    if rows.any():
        missing = counted(int(rows.sum()), "row")
        raise ArgumentError(f"{what} is not known in {missing} of {rows.size:,}; score the others.")
    return found


def _beside(y: ArrayLike, prediction: Floats) -> Floats:
    n = np.shape(y)[0] if np.ndim(y) else 0
    if n != len(prediction):
        raise ArgumentError(
            f"y has {counted(n, 'row')} and prediction {len(prediction):,}; they go in pairs."
        )
    return prediction


def _within(prediction: Floats) -> Floats:
    strange = (prediction < -SLACK) | (prediction > 1 + SLACK)
    if strange.any():
        value = prediction[strange][0]
        raise ArgumentError(f"prediction is {value:g}; a probability lies between 0 and 1.")
    return np.clip(prediction, 0.0, 1.0)

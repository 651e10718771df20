"""Curves of predictions: ROC, precision–recall and calibration, from arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from honestsignals.errors import ArgumentError
from honestsignals.inference.clusters import Floats
from honestsignals.inference.scores_rows import binary_rows, mean_rows, ranks


def _flagged(y: ArrayLike, prediction: ArrayLike) -> tuple[Floats, Floats]:
    """Rows with label 1, and with 0, among those flagged as the threshold falls; (0,) is before the first."""
    y, p = binary_rows(y, prediction, probabilities=False)
    group = ranks(p, probabilities=True)
    ones, noughts = np.bincount(group, y)[::-1], np.bincount(group, 1 - y)[::-1]
    return np.append(0.0, np.cumsum(ones)), np.append(0.0, np.cumsum(noughts))


def roc_curve(y: ArrayLike, prediction: ArrayLike) -> tuple[Floats, Floats]:
    """The ROC curve: of each threshold, the share flagged of rows without the label and of rows with it.

    Tied predictions are flagged together, so the area below is the AUC.

    Parameters
    ----------
    y : array-like, shape (n,)
        0 or 1.
    prediction : array-like, shape (n,)
        Any number that grows with the probability of 1.

    Returns
    -------
    false_positive, true_positive : ndarray, shape (thresholds + 1,)
        From (0, 0) to (1, 1); NaN where only one of the two labels is there.

    References
    ----------
    fawcett2006

    Examples
    --------
    >>> x, y = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> x.tolist(), y.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0])
    """
    ones, noughts = _flagged(y, prediction)
    if not ones[-1] or not noughts[-1]:
        return np.full(ones.size, np.nan), np.full(ones.size, np.nan)
    return noughts / noughts[-1], ones / ones[-1]


def precision_recall_curve(y: ArrayLike, prediction: ArrayLike) -> tuple[Floats, Floats]:
    """The precision–recall curve: of each threshold, the share found of rows with the label, and how many
    of those flagged have it.

    From the highest threshold to the lowest; tied predictions are flagged together.

    Parameters
    ----------
    y : array-like, shape (n,)
        0 or 1.
    prediction : array-like, shape (n,)
        Any number that grows with the probability of 1.

    Returns
    -------
    recall, precision : ndarray, shape (thresholds,)
        NaN where no row has the label.

    References
    ----------
    davis2006

    Examples
    --------
    >>> recall, precision = precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> recall.tolist(), precision.round(2).tolist()
    ([0.5, 0.5, 1.0, 1.0], [1.0, 0.5, 0.67, 0.5])
    """
    ones, noughts = (part[1:] for part in _flagged(y, prediction))
    if not ones.size or not ones[-1]:
        return np.full(ones.size, np.nan), np.full(ones.size, np.nan)
    return ones / ones[-1], ones / (ones + noughts)


def precision_at(recall: ArrayLike, precision: ArrayLike, grid: ArrayLike) -> Floats:
    """Precision at the first threshold that finds as much: between thresholds no line may be drawn.

    Parameters
    ----------
    recall, precision : array-like, shape (thresholds,)
        As :func:`precision_recall_curve` gives them.
    grid : array-like, shape (points,)
        Recalls above 0, at most 1.

    Returns
    -------
    ndarray, shape (points,)

    References
    ----------
    davis2006

    Examples
    --------
    >>> precision_at([0.5, 0.5, 1.0], [1.0, 0.5, 0.75], [0.4, 0.5, 0.6]).tolist()
    [1.0, 1.0, 0.75]
    """
    reached = np.asarray(recall, dtype=float)
    place = np.searchsorted(reached, np.asarray(grid, dtype=float) - 1e-9, side="left")
    return np.asarray(precision, dtype=float)[np.minimum(place, reached.size - 1)]


def true_positive_at(false_positive: ArrayLike, true_positive: ArrayLike, grid: ArrayLike) -> Floats:
    """Height of a ROC curve: its highest point where it rises straight up.

    Parameters
    ----------
    false_positive, true_positive : array-like, shape (thresholds + 1,)
        As :func:`roc_curve` gives them.
    grid : array-like, shape (points,)
        Shares from 0 to 1.

    Returns
    -------
    ndarray, shape (points,)

    Examples
    --------
    >>> true_positive_at([0, 0, 0.5, 0.5, 1], [0, 0.5, 0.5, 1, 1], [0, 0.25, 0.5, 1]).tolist()
    [0.5, 0.5, 1.0, 1.0]
    """
    x, height = np.asarray(false_positive, dtype=float), np.asarray(true_positive, dtype=float)
    at = np.asarray(grid, dtype=float)
    last = np.searchsorted(x, at + 1e-12, side="right") - 1
    after = np.minimum(last + 1, x.size - 1)
    step = x[after] - x[last]
    share = np.divide(at - x[last], step, out=np.zeros_like(at), where=step > 0)
    return height[last] + np.clip(share, 0.0, 1.0) * (height[after] - height[last])


def calibration_bins(y: ArrayLike, prediction: ArrayLike, bins: int = 10) -> tuple[Floats, Floats, Floats]:
    """Mean prediction, mean label and number of rows in bins of alike many rows.

    Parameters
    ----------
    y, prediction : array-like, shape (n,)
    bins : int
        At most so many: equal predictions stay together.

    Returns
    -------
    predicted, observed, rows : ndarray, shape (bins used,)

    Raises
    ------
    ArgumentError
        For fewer than one bin.

    References
    ----------
    niculescumizil2005

    Examples
    --------
    >>> predicted, observed, rows = calibration_bins([0, 1, 1, 1], [0.2, 0.4, 0.7, 0.7], bins=2)
    >>> predicted.round(2).tolist(), observed.tolist(), rows.tolist()
    ([0.3, 0.7], [0.5, 1.0], [2.0, 2.0])
    """
    if bins < 1:
        raise ArgumentError(f"bins is {bins}; there must be one at least.")
    y, p = mean_rows(y, prediction)
    if not y.size:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    group = ranks(p)
    size = np.bincount(group)
    # a group of equal predictions belongs where its middle is
    middle = np.cumsum(size) - size / 2
    wanted = np.minimum((middle / y.size * bins).astype(np.int64), bins - 1)
    _, place = np.unique(wanted, return_inverse=True)
    of_row = place[group]
    rows = np.bincount(of_row).astype(float)
    return np.bincount(of_row, p) / rows, np.bincount(of_row, y) / rows, rows

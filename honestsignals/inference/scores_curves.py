"""Points of the curves that show a binary label's predictions: ROC, precision and recall, reliability."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from honestsignals.errors import ArgumentError
from honestsignals.inference.clusters import Floats
from honestsignals.inference.scores_rows import binary_rows, ranks


class RocPoints(NamedTuple):
    """A corner of the ROC curve for each different prediction, from the highest down.

    Attributes
    ----------
    false_positives, true_positives : ndarray, shape (m + 1,)
        Shares flagged of the rows without and with the label, both from 0 to 1.
    threshold : ndarray, shape (m + 1,)
        Rows predicted at least so high are flagged; the first is ∞.
    """

    false_positives: Floats
    true_positives: Floats
    threshold: Floats


class PrecisionRecallPoints(NamedTuple):
    """A step of precision against recall for each different prediction, from the highest down.

    Attributes
    ----------
    recall, precision : ndarray, shape (m,)
        Of the rows with the label, the share flagged; of the rows flagged, the share with the label.
    threshold : ndarray, shape (m,)
        Rows predicted at least so high are flagged.
    """

    recall: Floats
    precision: Floats
    threshold: Floats


class Reliability(NamedTuple):
    """What was predicted and what happened, bin by bin, from the lowest predictions up.

    Attributes
    ----------
    predicted, observed : ndarray, shape (m,)
        Mean prediction, and share with the label.
    rows : ndarray of int, shape (m,)
        How many stand in the bin.
    """

    predicted: Floats
    observed: Floats
    rows: NDArray[Any]


def roc_points(y: ArrayLike, p: ArrayLike) -> RocPoints:
    """Share of rows with the label that are flagged against share without it, threshold by threshold.

    Parameters
    ----------
    y : array-like, shape (n,)
        0 or 1.
    p : array-like, shape (n,)
        Probability of 1, or any number that grows with it; ties are one step.

    Returns
    -------
    RocPoints
        The area under its lines is `honestsignals.inference.scores.auc`. A share is NaN where no row has the
        label, or none is without it.

    References
    ----------
    hanley1982

    Examples
    --------
    >>> points = roc_points([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> points.false_positives.tolist(), points.true_positives.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0])
    """
    ones, noughts, threshold = _steps(y, p)
    false, true = (np.append(0.0, _share(np.cumsum(part), part.sum())) for part in (noughts, ones))
    return RocPoints(false, true, np.append(np.inf, threshold))


def precision_recall_points(y: ArrayLike, p: ArrayLike) -> PrecisionRecallPoints:
    """Share with the label among rows flagged against share of the label found, threshold by threshold.

    Parameters
    ----------
    y : array-like, shape (n,)
        0 or 1.
    p : array-like, shape (n,)
        Probability of 1, or any number that grows with it; ties are one step.

    Returns
    -------
    PrecisionRecallPoints
        To be drawn as steps: a line between two points promises what no threshold gives. The area under
        the steps is `honestsignals.inference.scores.average_precision`. Recall is NaN where no row has the
        label.

    References
    ----------
    davis2006

    Examples
    --------
    >>> points = precision_recall_points([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> points.recall.tolist(), points.precision.round(3).tolist()
    ([0.5, 0.5, 1.0, 1.0], [1.0, 0.5, 0.667, 0.5])
    """
    ones, noughts, threshold = _steps(y, p)
    found = np.cumsum(ones)
    return PrecisionRecallPoints(_share(found, ones.sum()), found / np.cumsum(ones + noughts), threshold)


def reliability(y: ArrayLike, p: ArrayLike, bins: int = 10) -> Reliability:
    """Mean predicted probability and share with the label, in bins of like many rows.

    Parameters
    ----------
    y : array-like, shape (n,)
        0 or 1.
    p : array-like, shape (n,)
        Probability of 1.
    bins : int
        Bins to make. Rows that are tied stay together, in the bin of the middle of their places, so that
        there can be fewer.

    Returns
    -------
    Reliability

    References
    ----------
    vancalster2019

    Examples
    --------
    >>> found = reliability([0, 0, 1, 0, 1, 1], [0.1, 0.1, 0.1, 0.5, 0.8, 0.9], bins=2)
    >>> found.predicted.round(3).tolist(), found.observed.round(3).tolist(), found.rows.tolist()
    ([0.1, 0.733], [0.333, 0.667], [3, 3])
    """
    if not bins >= 1:
        raise ArgumentError(f"bins is {bins!r}; there must be at least one.")
    y, p = binary_rows(y, p)
    group = ranks(p, probabilities=True)
    size = np.bincount(group)
    middle = (np.cumsum(size) - size / 2) / max(y.size, 1)
    bin_of = np.unique(np.floor(middle * bins), return_inverse=True)[1][group]
    rows = np.bincount(bin_of)
    return Reliability(np.bincount(bin_of, p) / rows, np.bincount(bin_of, y) / rows, rows)


def _steps(y: ArrayLike, p: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Rows with and without the label at each different prediction, from the highest down."""
    y, p = binary_rows(y, p, probabilities=False)
    group = ranks(-p, probabilities=True)
    ones, noughts = (np.bincount(group, part).astype(np.float64) for part in (y, 1 - y))
    threshold = np.full(ones.size, np.inf)
    np.minimum.at(threshold, group, p)
    return ones, noughts, threshold


def _share(part: Floats, whole: float) -> Floats:
    return part / whole if whole else np.full(part.size, np.nan)

"""Means around events of two classes, compared within ordered pair, with bands over people."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.clusters import Floats
from honestsignals.inference.score_errors import spread

FEWEST_PEOPLE = 3
"""With fewer there is no error over people."""


class Means(NamedTuple):
    """Means of one class by bin, with intervals.

    Attributes
    ----------
    value, low, high : ndarray, shape (k,)
    """

    value: Floats
    low: Floats
    high: Floats


def matched(stratum: NDArray[Any], alone: NDArray[np.bool_]) -> Floats:
    r"""Weights of rows with which both classes have the same ordered pairs, (n,).

    An ordered pair with :math:`n_1` openings left alone and :math:`n_0` returned weighs
    :math:`n_1 n_0 / (n_1 + n_0)` in either class; one that has one kind only weighs nothing.

    Parameters
    ----------
    stratum : ndarray of int, shape (n,)
        Codes from 0.
    alone : ndarray of bool, shape (n,)

    Examples
    --------
    >>> matched(np.array([0, 0, 0, 1]), np.array([True, False, False, True])).round(3).tolist()
    [0.667, 0.333, 0.333, 0.0]
    """
    size = int(stratum.max(initial=-1)) + 1
    left = np.bincount(stratum, weights=alone, minlength=size)
    number = np.bincount(stratum, minlength=size)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(alone, (number - left)[stratum], left[stratum]) / number[stratum]
    return np.nan_to_num(share)


def means(top: Floats, bottom: Floats, ego: NDArray[Any], alter: NDArray[Any], level: float = 0.95) -> Means:
    """Ratios of sums over rows, by column, with dyadic intervals.

    Parameters
    ----------
    top, bottom : ndarray, shape (n, k)
        Weighted values and weights.
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    level : float

    Returns
    -------
    Means
        NaN where a column has no weight; without intervals where there are only two people.

    Examples
    --------
    >>> ego, alter = np.triu_indices(6, 1)
    >>> found = means((ego + alter)[:, None] * 1.0, np.ones((15, 1)), ego, alter)
    >>> found.value.tolist(), bool(found.low[0] < 5 < found.high[0])
    ([5.0], True)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = bottom.sum(axis=0)
        value = top.sum(axis=0) / whole
        influence = np.nan_to_num((top - bottom * value) / whole)
    half = np.full(len(value), np.nan)
    if len(np.unique([ego, alter])) >= FEWEST_PEOPLE:
        half = np.where(np.isfinite(value), spread(influence, ego, alter).margin(level), np.nan)
    return Means(value, value - half, value + half)

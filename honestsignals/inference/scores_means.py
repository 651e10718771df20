"""Scores of predicted means of a label that is a number."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from honestsignals.errors import ArgumentError
from honestsignals.inference.scores_registry import Scored, score
from honestsignals.inference.scores_rows import averaged, mean_rows, undefined


@score(
    title="R²",
    types=("continuous",),
    perfect=1.0,
    chance=0.0,
    undefined="where all tested labels equal the mean of training",
    reference="campbell2008",
)
def r2(y: ArrayLike, prediction: ArrayLike, base: float) -> Scored:
    r"""Share by which predictions lower the squared error of the mean of training.

    .. math:: R^2 = 1 - \frac{\sum_i (y_i - m_i)^2}{\sum_i (y_i - \bar y_{train})^2}

    The mean is that of the rows trained on, which is known before the tested rows are seen, and not their
    own: so the mean of training scores 0, and worse predictions a negative number. It lies in (-∞, 1].

    Parameters
    ----------
    y, prediction : array-like, shape (n,)
        Labels, and their predicted means.
    base : float
        Mean of the label in training.

    Returns
    -------
    Scored
        NaN where all labels equal the mean of training: there is no error to lower.

    References
    ----------
    campbell2008

    Examples
    --------
    >>> r2([1.0, 2.0, 4.0], [1.0, 2.0, 3.0], 2.0).value
    0.8
    """
    y, mean = mean_rows(y, prediction)
    if not math.isfinite(base):
        raise ArgumentError(f"base is {base!r}; it must be the mean of the label in training.")
    away = np.abs(y - base).max(initial=0.0)
    if not away:
        return undefined(y.size)
    # a power of two changes no digit, and keeps squares of tiny labels from becoming 0
    unit = np.ldexp(1.0, int(np.frexp(away)[1]) - 1)
    errors, baseline = ((y - mean) / unit) ** 2, ((y - base) / unit) ** 2
    whole = baseline.sum()
    share = errors.sum() / whole
    return Scored(float(1 - share), (share * baseline - errors) / whole)


@score(
    title="RMSE",
    types=("continuous",),
    higher=False,
    perfect=0.0,
    undefined="where there is no row",
    reference="",
)
def rmse(y: ArrayLike, prediction: ArrayLike, base: float = np.nan) -> Scored:
    r"""Root of the mean squared error, in the label's unit.

    .. math:: RMSE = \sqrt{\textstyle \frac1n \sum_i (y_i - m_i)^2}

    It lies in [0, ∞).

    Parameters
    ----------
    y, prediction : array-like, shape (n,)
        Labels, and their predicted means.
    base : float, optional
        Not used.

    Returns
    -------
    Scored
        NaN where there is no row.

    Examples
    --------
    >>> rmse([1.0, 3.0], [4.0, 6.0]).value
    3.0
    """
    y, mean = mean_rows(y, prediction)
    square = averaged((y - mean) ** 2)
    value = math.sqrt(square.value)
    # without error there is none under any weights
    return Scored(value, square.influence / (2 * value) if value else square.influence)


@score(
    title="MAE",
    types=("continuous",),
    higher=False,
    perfect=0.0,
    undefined="where there is no row",
    reference="",
)
def mae(y: ArrayLike, prediction: ArrayLike, base: float = np.nan) -> Scored:
    r"""Mean distance of predictions from labels, in the label's unit.

    .. math:: MAE = \frac1n \sum_i |y_i - m_i|

    It lies in [0, ∞). Its best prediction is the median, not the mean.

    Parameters
    ----------
    y, prediction : array-like, shape (n,)
        Labels, and their predicted means.
    base : float, optional
        Not used.

    Returns
    -------
    Scored
        NaN where there is no row.

    Examples
    --------
    >>> mae([1.0, 2.0], [4.0, 6.0]).value
    3.5
    """
    y, mean = mean_rows(y, prediction)
    return averaged(np.abs(y - mean))

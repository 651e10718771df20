"""Scores of predicted probabilities, row by row."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from honestsignals.inference.scores_registry import Scored, score
from honestsignals.inference.scores_rows import averaged, binary_rows, level_rows


@score(
    title="Brier score",
    types=("binary", "nominal"),
    higher=False,
    perfect=0.0,
    undefined="where there is no row",
    reference="brier1950",
)
def brier(y: ArrayLike, prediction: ArrayLike, base: ArrayLike = np.nan) -> Scored:
    r"""Mean squared distance of predicted probabilities from what happened.

    .. math:: B = \frac1n \sum_i (p_i - y_i)^2, \qquad
        B = \frac1n \sum_i \sum_{k=0}^{L-1} (p_{ik} - [y_i = k])^2

    for a label of two values and for one of L levels. The first lies in [0, 1], the second, which sums over
    all levels as Brier did, in [0, 2]: of two levels it is twice the first.

    Parameters
    ----------
    y : array-like, shape (n,)
        0 or 1; or codes 0 to L - 1.
    prediction : array-like, shape (n,) or (n, L)
        Probability of 1; or of each level.
    base : float or array-like, optional
        Not used.

    Returns
    -------
    Scored
        NaN where there is no row.

    References
    ----------
    brier1950

    Examples
    --------
    >>> round(brier([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.3]).value, 12)
    0.0375
    """
    if np.ndim(prediction) == 1:
        y, p = binary_rows(y, prediction)
        return averaged((p - y) ** 2)
    codes, P = level_rows(y, prediction)
    return averaged(((P - np.eye(P.shape[1])[codes]) ** 2).sum(axis=1))


@score(
    title="log score",
    types=("binary", "ordinal", "nominal"),
    perfect=0.0,
    undefined="where there is no row",
    reference="good1952",
)
def log_score(y: ArrayLike, prediction: ArrayLike, base: ArrayLike = np.nan) -> Scored:
    r"""Mean natural logarithm of the probability that was given to what happened.

    .. math:: S = \frac1n \sum_i \ln p_{i, y_i}

    It lies in [-∞, 0], and higher is better. What was given probability 0 and happened makes it -∞, with an
    influence of NaN: no probability is drawn in from 0.

    Parameters
    ----------
    y : array-like, shape (n,)
        0 or 1; or codes 0 to L - 1.
    prediction : array-like, shape (n,) or (n, L)
        Probability of 1; or of each level.
    base : float or array-like, optional
        Not used.

    Returns
    -------
    Scored
        NaN where there is no row.

    References
    ----------
    good1952

    Examples
    --------
    >>> round(log_score([0, 1], [0.5, 0.25]).value, 6)
    -1.039721
    >>> log_score([1], [0.0]).value
    -inf
    """
    with np.errstate(divide="ignore"):
        if np.ndim(prediction) == 1:
            y, p = binary_rows(y, prediction)
            return averaged(np.where(y == 1, np.log(p), np.log1p(-p)))
        codes, P = level_rows(y, prediction)
        return averaged(np.log(P[np.arange(codes.size), codes]))


@score(
    title="ranked probability score",
    types=("ordinal",),
    higher=False,
    perfect=0.0,
    undefined="where there is no row",
    reference="epstein1969",
)
def rps(y: ArrayLike, prediction: ArrayLike, base: ArrayLike = np.nan) -> Scored:
    r"""Mean squared distance of predicted cumulative probabilities from the level that happened.

    .. math:: RPS = \frac1n \sum_i \frac{1}{L - 1}
        \sum_{k=0}^{L-2} \Big( \sum_{l \le k} p_{il} - [y_i \le k] \Big)^2

    It is divided by L - 1, so that it lies in [0, 1] and of two levels is the Brier score; some programs
    leave the sum as it is. Levels count as equally far apart.

    Parameters
    ----------
    y : array-like of int, shape (n,)
        Codes 0 to L - 1.
    prediction : array-like, shape (n, L)
        Probability of each level.
    base : array-like, optional
        Not used.

    Returns
    -------
    Scored
        NaN where there is no row.

    References
    ----------
    epstein1969, murphy1971

    Examples
    --------
    >>> round(rps([2], [[0.2, 0.5, 0.3]]).value, 12)
    0.265
    """
    codes, P = level_rows(y, prediction)
    steps = P.shape[1] - 1
    happened = codes[:, None] <= np.arange(steps)
    return averaged(((np.cumsum(P[:, :-1], axis=1) - happened) ** 2).sum(axis=1) / max(steps, 1))

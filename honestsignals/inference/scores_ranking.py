"""Scores of the order that predictions put rows in."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from honestsignals.errors import ArgumentError
from honestsignals.inference.clusters import Floats
from honestsignals.inference.scores_pairs import concordance
from honestsignals.inference.scores_registry import Scored, score
from honestsignals.inference.scores_rows import (
    binary_rows,
    falling_ranks,
    level_rows,
    mean_rows,
    ranks,
    undefined,
)


@score(
    title="AUC",
    types=("binary",),
    perfect=1.0,
    chance=0.5,
    undefined="where the tested rows are all 1, or all 0",
    reference="hanley1982",
)
def auc(y: ArrayLike, prediction: ArrayLike, base: float = np.nan) -> Scored:
    r"""Chance that a row with the label is predicted higher than one without it.

    .. math:: A = \frac{1}{n_1 n_0} \sum_{i: y_i = 1} \sum_{j: y_j = 0} \psi(p_i, p_j), \quad
        \psi = 1, \tfrac12, 0 \text{ where } p_i >, =, < p_j .

    It lies in [0, 1]; predictions that differ by rounding alone are tied. The influence of a row is its
    placement value, the share of the others' rows that it is on the right side of, less A, over the number
    of rows of its own label.

    Parameters
    ----------
    y : array-like, shape (n,)
        0 or 1.
    prediction : array-like, shape (n,)
        Probability of 1, or any number that grows with it.
    base : float, optional
        Not used.

    Returns
    -------
    Scored
        NaN where only one of the two labels is there: there is no pair to put in order.

    References
    ----------
    hanley1982, delong1988

    Examples
    --------
    >>> found = auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> found.value, found.influence.tolist()
    (0.75, [0.125, -0.125, -0.125, 0.125])
    """
    y, p = binary_rows(y, prediction, probabilities=False)
    n1, n0 = y.sum(), (1 - y).sum()
    if not n1 or not n0:
        return undefined(y.size)
    group = ranks(p, probabilities=True)
    ones, noughts = np.bincount(group, y), np.bincount(group, 1 - y)
    below = (np.cumsum(noughts) - noughts / 2) / n0
    above = 1 - (np.cumsum(ones) - ones / 2) / n1
    value = float(ones @ below / n1)
    return Scored(value, np.where(y == 1, (below[group] - value) / n1, (above[group] - value) / n0))


@score(
    title="average precision",
    types=("binary",),
    perfect=1.0,
    undefined="where the tested rows are all 1, or all 0",
    reference="boyd2013",
)
def average_precision(y: ArrayLike, prediction: ArrayLike, base: float = np.nan) -> Scored:
    r"""Mean, over the rows with the label, of the share with it among all that are predicted no lower.

    .. math:: AP = \sum_g (R_g - R_{g-1}) P_g

    with recall R and precision P where the rows of the g highest different predictions are flagged: the area
    under steps, without a line between them, and rows that are tied enter together. It lies in (0, 1];
    predictions without information have the share of rows with the label.

    Parameters
    ----------
    y : array-like, shape (n,)
        0 or 1.
    prediction : array-like, shape (n,)
        Probability of 1, or any number that grows with it.
    base : float, optional
        Not used.

    Returns
    -------
    Scored
        NaN where no row has the label, or all have it: every order is then as good.

    References
    ----------
    boyd2013, davis2006

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value, 6)
    0.833333
    """
    y, p = binary_rows(y, prediction, probabilities=False)
    n1 = y.sum()
    if not 0 < n1 < y.size:
        return undefined(y.size)
    group = falling_ranks(p)
    ones = np.bincount(group, y)
    flagged = np.cumsum(np.bincount(group))
    precision = np.cumsum(ones) / flagged
    value = float(ones @ precision / n1)
    # a row moves the precision of its own step and of all below
    here = ones / (n1 * flagged)
    gains, costs = (np.cumsum(part[::-1])[::-1] for part in (here, here * precision))
    return Scored(value, y * ((precision[group] - value) / n1 + gains[group]) - costs[group])


@score(
    title="PPV at the base rate",
    types=("binary",),
    perfect=1.0,
    undefined="where the base rate of training is 0: nothing is flagged",
    reference="",
)
def ppv_at_base(y: ArrayLike, prediction: ArrayLike, base: float) -> Scored:
    r"""Share with the label among the rows predicted highest, as many as the base rate of training foretells.

    .. math:: PPV = H / k, \quad k = b n

    where H is how many of the k highest have the label. k need not be whole, and rows may be tied where it
    falls: of the rows there, the part that is flagged counts, the mean over all their orders. It lies in
    [0, 1], and may stay below 1 for perfect predictions where fewer rows have the label than are flagged.

    The influence knows that the threshold moves: with t the share with the label within √n places of it and
    :math:`\iota_i` the part of a row that is flagged, a row moves H by
    :math:`\iota_i (y_i - t) + b t`. Where all these rows are tied this is the derivative itself; where not,
    the derivative would rest on the one row at the threshold.

    Parameters
    ----------
    y : array-like, shape (n,)
        0 or 1.
    prediction : array-like, shape (n,)
        Probability of 1, or any number that grows with it.
    base : float
        b, the share with the label in training.

    Returns
    -------
    Scored
        NaN where the base rate is 0: nothing is flagged.

    Examples
    --------
    >>> ppv_at_base([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.5).value
    0.5
    """
    y, p = binary_rows(y, prediction, probabilities=False)
    hits, moved = _hits(y, p, base)
    if not base * y.size:
        return undefined(y.size)
    value = hits / (base * y.size)
    return Scored(value, (moved - value * base) / (base * y.size))


@score(
    title="recall at the base rate",
    types=("binary",),
    perfect=1.0,
    undefined="where the base rate of training is 0, or no tested row is 1",
    reference="",
)
def recall_at_base(y: ArrayLike, prediction: ArrayLike, base: float) -> Scored:
    r"""Share of the rows with the label that are predicted highest, as many as the base rate foretells.

    .. math:: R = H / n_1, \quad k = b n

    with H as `ppv_at_base` has it, ties and influence too. It lies in [0, 1], and may stay below 1 for
    perfect predictions where more rows have the label than are flagged.

    Parameters
    ----------
    y : array-like, shape (n,)
        0 or 1.
    prediction : array-like, shape (n,)
        Probability of 1, or any number that grows with it.
    base : float
        b, the share with the label in training.

    Returns
    -------
    Scored
        NaN where the base rate is 0, so that nothing is flagged, or no row has the label.

    Examples
    --------
    >>> recall_at_base([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.25).value
    0.5
    """
    y, p = binary_rows(y, prediction, probabilities=False)
    hits, moved = _hits(y, p, base)
    n1 = float(y.sum())
    if not base * n1:
        return undefined(y.size)
    value = hits / n1
    return Scored(value, (moved - value * y) / n1)


def _hits(y: Floats, p: Floats, base: float) -> tuple[float, Floats]:
    """Rows with the label among the base · n highest, and what each row moves that number by."""
    if not isinstance(base, float | int | np.number) or not 0 <= base <= 1:
        raise ArgumentError(f"base is {base!r}; the share with the label in training lies between 0 and 1.")
    if not y.size:
        return 0.0, y
    group = falling_ranks(p)
    size = np.bincount(group)
    places, found = (np.append(0.0, np.cumsum(part)) for part in (size, np.bincount(group, y)))
    k, near = base * y.size, np.sqrt(y.size)
    low, high = max(k - near, 0.0), min(k + near, float(y.size))
    first, hits, last = np.interp([low, k, high], places, found)
    here = (last - first) / (high - low)
    part = np.clip((k - places[:-1]) / size, 0.0, 1.0)[group]
    return float(hits), part * (y - here) + base * here


@score(
    title="Somers' D",
    types=("ordinal", "continuous"),
    perfect=1.0,
    chance=0.0,
    undefined="where all tested rows have the same label",
    reference="somers1962",
)
def somers_d(y: ArrayLike, prediction: ArrayLike, base: ArrayLike = np.nan) -> Scored:
    r"""Of two rows with different labels, how much more often the higher one is predicted higher than lower.

    .. math:: D = \frac{\sum_{i<j} \operatorname{sgn}(y_i - y_j) \operatorname{sgn}(m_i - m_j)}
        {\sum_{i<j} [y_i \ne y_j]}

    with m the prediction; of a label of levels its mean level :math:`\sum_k k\, p_{ik}`. Pairs that are
    tied in the prediction count 0. Somers' D has two directions: the label is what is conditioned on, so
    that of a label of two values D = 2 AUC - 1. It lies in [-1, 1].

    Parameters
    ----------
    y : array-like, shape (n,)
        Numbers; or codes 0 to L - 1.
    prediction : array-like, shape (n,) or (n, L)
        Means; or probabilities of the levels.
    base : float or array-like, optional
        Not used.

    Returns
    -------
    Scored
        NaN where all rows have the same label: there is no pair to put in order.

    References
    ----------
    somers1962

    Examples
    --------
    >>> round(somers_d([1.0, 2.0, 3.0], [0.1, 0.3, 0.2]).value, 6)
    0.333333
    """
    if np.ndim(prediction) == 1:
        y, mean = mean_rows(y, prediction)
    else:
        codes, P = level_rows(y, prediction)
        y, mean = codes.astype(np.float64), P @ np.arange(P.shape[1])
    if not y.size or np.all(y == y[0]):
        return undefined(y.size)
    signs, different = concordance(ranks(mean), np.unique(y, return_inverse=True)[1])
    value = float(signs.sum() / different.sum())
    return Scored(value, 2 * (signs - value * different) / different.sum())

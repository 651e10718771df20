"""Scores of the level that predictions point to, and of levels two by two."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from honestsignals.inference.clusters import Floats
from honestsignals.inference.scores_ranking import auc
from honestsignals.inference.scores_registry import Scored, score
from honestsignals.inference.scores_rows import TIE, averaged, level_rows, undefined


@score(
    title="weighted κ",
    types=("ordinal",),
    perfect=1.0,
    chance=0.0,
    undefined="where all tested rows have, and are predicted to have, one and the same level",
    reference="cohen1968",
)
def weighted_kappa(y: ArrayLike, prediction: ArrayLike, base: ArrayLike = np.nan) -> Scored:
    r"""Agreement of the predicted level with the label beyond chance, misses weighted by their square.

    .. math:: \kappa_w = 1 - \frac{\frac1n \sum_i (y_i - \hat y_i)^2}
        {\frac1{n^2} \sum_{i,j} (y_i - \hat y_j)^2}

    with :math:`\hat y` the median of the predicted distribution, the lowest level with at least half of the
    probability at or below it; where exactly half is, the row counts half for it and half for the next level
    with any. It lies in [-1, 1]; a prediction that is the same for all rows has 0.

    Parameters
    ----------
    y : array-like of int, shape (n,)
        Codes 0 to L - 1, taken as equally far apart.
    prediction : array-like, shape (n, L)
        Probability of each level.
    base : array-like, optional
        Not used.

    Returns
    -------
    Scored
        NaN where all labels and predictions are one and the same level: chance cannot miss.

    References
    ----------
    cohen1968

    Examples
    --------
    >>> P = [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.6, 0.3], [0.1, 0.2, 0.7]]
    >>> round(weighted_kappa([0, 1, 2, 2], P).value, 6)
    0.8
    """
    codes, P = level_rows(y, prediction)
    if not codes.size:
        return undefined(0)
    low, high = _medians(P)
    # the label is centred: agreement is the same wherever levels begin
    a, low, high = (part - codes.mean() for part in (codes, low, high))
    b, squares = (low + high) / 2, (low**2 + high**2) / 2
    missed = a**2 - 2 * a * b + squares
    by_chance = (a**2).mean() + squares.mean() - 2 * a.mean() * b.mean()
    if by_chance < TIE:
        return undefined(codes.size)
    share = missed.mean() / by_chance
    chance_moved = a**2 + squares - 2 * (a * b.mean() + a.mean() * b) + 2 * a.mean() * b.mean() - by_chance
    moved = missed - missed.mean() - share * chance_moved
    return Scored(float(1 - share), -moved / (by_chance * codes.size))


@score(
    title="accuracy",
    types=("nominal",),
    perfect=1.0,
    undefined="where there is no row",
    reference="",
)
def accuracy(y: ArrayLike, prediction: ArrayLike, base: ArrayLike = np.nan) -> Scored:
    r"""Share of rows whose level was predicted as the most probable one.

    .. math:: \frac1n \sum_i [y_i \in M_i] / |M_i|, \quad M_i = \arg\max_k p_{ik}

    so that a row with several most probable levels counts as one of them picked by lot. It lies in [0, 1].

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

    Examples
    --------
    >>> accuracy([0, 1], [[0.6, 0.3, 0.1], [0.4, 0.4, 0.2]]).value
    0.75
    """
    codes, P = level_rows(y, prediction)
    most = P.max(axis=1, keepdims=True) * (1 - TIE) <= P
    return averaged(most[np.arange(codes.size), codes] / most.sum(axis=1))


@score(
    title="AUC of levels two by two",
    types=("nominal",),
    perfect=1.0,
    chance=0.5,
    undefined="where all tested rows have the same level",
    reference="hand2001",
)
def auc_ovo(y: ArrayLike, prediction: ArrayLike, base: ArrayLike = np.nan) -> Scored:
    r"""Mean AUC of every two levels against each other, among the rows that have one of the two.

    .. math:: M = \frac{2}{c (c - 1)} \sum_{a < b} \frac{A(a | b) + A(b | a)}{2}

    with A(a | b) the AUC of the probability of a, and c the number of levels that the tested rows have: a
    level that none has is in no pair. It lies in [0, 1], and does not depend on how frequent levels are.

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
        NaN where all rows have the same level: there is no pair of levels.

    References
    ----------
    hand2001

    Examples
    --------
    >>> P = [[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.4, 0.3, 0.3], [0.1, 0.2, 0.7]]
    >>> round(auc_ovo([0, 1, 1, 2], P).value, 6)
    0.958333
    """
    codes, P = level_rows(y, prediction)
    pairs = list(combinations(np.unique(codes), 2))
    if not pairs:
        return undefined(codes.size)
    value, influence = 0.0, np.zeros(codes.size)
    for a, b in pairs:
        rows = np.flatnonzero((codes == a) | (codes == b))
        for level in (a, b):
            one = auc(codes[rows] == level, P[rows, level])
            value += one.value
            influence[rows] += one.influence
    return Scored(value / (2 * len(pairs)), influence / (2 * len(pairs)))


def _medians(P: Floats) -> tuple[Floats, Floats]:
    """The lowest and the highest median level of each row; they differ where half lies below exactly."""
    below = np.cumsum(P, axis=1)
    half = below[:, -1:] / 2
    low = np.argmax(below >= half * (1 - TIE), axis=1)
    high = np.argmax(below > half * (1 + TIE), axis=1)
    return low.astype(np.float64), high.astype(np.float64)

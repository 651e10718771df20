"""Scores of the order that predictions put rows in."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from honestsignals.inference.scores_registry import Scored, score
from honestsignals.inference.scores_rows import binary_rows, ranks, undefined


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
    group = ranks(p)
    ones, noughts = np.bincount(group, y), np.bincount(group, 1 - y)
    below = (np.cumsum(noughts) - noughts / 2) / n0
    above = 1 - (np.cumsum(ones) - ones / 2) / n1
    value = float(ones @ below / n1)
    return Scored(value, np.where(y == 1, (below[group] - value) / n1, (above[group] - value) / n0))

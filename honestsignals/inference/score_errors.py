"""How far scores of predictions may be off, as pairs that share people depend on one another."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from honestsignals.errors import FitError
from honestsignals.inference.clusters import Floats, pair_codes, person_codes, person_sums, sums


class Spread(NamedTuple):
    """Standard error and degrees of freedom of scores.

    Attributes
    ----------
    std_error, df : ndarray, shape (k,)
        NaN where a score has no influence values.
    floored : ndarray of bool, shape (k,)
        Where the pair form was the larger and stands.
    """

    std_error: Floats
    df: Floats
    floored: NDArray[np.bool_]

    def margin(self, level: float = 0.95) -> Floats:
        """Half the width of an interval, (k,)."""
        half: Floats = self.std_error * stdtrit(self.df, 0.5 + level / 2)
        # two steps that predict alike differ by nothing, in any study
        return np.where(self.std_error == 0, 0.0, half)


def spread(influence: Floats, ego: NDArray[Any], alter: NDArray[Any]) -> Spread:
    r"""Dyadic standard errors of scores from what each row adds to them.

    .. math:: V = c \Big[\sum_i u_i^2 - \sum_d u_d^2\Big], \qquad c = \frac{N - 1}{N}
        \Big(\frac{N}{N - 2}\Big)^2

    with :math:`u_i` the sum of the influence values of all rows that touch person i, :math:`u_d` that of
    the rows of the unordered pair d, never below :math:`\sum_d u_d^2`. c is what a jackknife over people
    has beyond the sandwich for a mean over all pairs. Degrees of freedom say on how many people the error
    rests in effect: :math:`(\sum_i u_i^2)^2 / \sum_i u_i^4 - 1`.

    Parameters
    ----------
    influence : ndarray, shape (n, k)
        Of k scores, or of differences of scores; each column sums to 0.
    ego, alter : ndarray, shape (n,)
        The two people of each row.

    Returns
    -------
    Spread

    Raises
    ------
    FitError
        For fewer than three people.

    References
    ----------
    fafchamps2007, delong1988, satterthwaite1946

    Examples
    --------
    >>> ego, alter = np.triu_indices(10, 1)
    >>> x = np.sin(ego) + np.sin(alter)
    >>> found = spread((x - x.mean())[:, None] / x.size, ego, alter)
    >>> found.std_error.round(4).tolist(), found.df.round(2).tolist()
    ([0.41], [4.3])
    """
    ego, alter, n_people = person_codes(ego, alter)
    if n_people < 3:
        raise FitError("Two people make one pair: errors over people need at least three people.")
    pairs = pair_codes(ego, alter)
    of_pairs = (sums(pairs, influence, int(pairs.max()) + 1) ** 2).sum(axis=0)
    squares = person_sums(ego, alter, influence, n_people) ** 2
    total = squares.sum(axis=0)
    factor = (n_people - 1) / n_people * (n_people / (n_people - 2)) ** 2
    variance = factor * (total - of_pairs)
    floored = variance < of_pairs
    with np.errstate(invalid="ignore", divide="ignore"):
        df = np.maximum(total**2 / (squares**2).sum(axis=0) - 1.0, 1.0)
        root = np.sqrt(np.where(floored, of_pairs, variance))
    return Spread(root, df, floored)


def centred(influence: list[Floats], scores: Floats, rows: list[NDArray[np.intp]], n_rows: int) -> Floats:
    r"""Influence values of a mean of fold scores, from those of every fold.

    A fold's influence values sum to 0 within the fold, so they say nothing of how far the fold's people as
    a whole score off the mean of all folds; that part is added to the fold's rows, shared evenly:
    :math:`\psi_r = \frac{1}{F} \sum_{f \ni r} [\psi_{rf} + (A_f - \bar A) / n_f]`. For a score that is a mean
    over rows this is exact.

    Parameters
    ----------
    influence : list of ndarray, shape (n_f,)
        Of each fold's own score.
    scores : ndarray, shape (F,)
        The score of each fold.
    rows : list of ndarray of int, shape (n_f,)
        Rows tested in each fold.
    n_rows : int

    Returns
    -------
    ndarray, shape (n_rows,)

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 6.0, 9.0])
    >>> folds = [np.array([0, 1]), np.array([2, 3])]
    >>> each = [(x[fold] - x[fold].mean()) / 2 for fold in folds]
    >>> centred(each, np.array([1.5, 7.5]), folds, 4).tolist()  # as of the mean of all four
    [-0.875, -0.625, 0.375, 1.125]
    """
    total = np.zeros(n_rows)
    mean = scores.mean()
    for own, value, tested in zip(influence, scores, rows, strict=True):
        total[tested] += own + (value - mean) / len(tested)
    return total / len(scores)

"""How far scores of predictions may be off, as pairs that share people depend on one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from honestsignals.errors import FitError
from honestsignals.inference.clusters import Codes, Floats, pair_codes, person_codes, person_sums, sums

FEWEST_FOLDS = 20
"""Below, the spread of a gain is taken to be the same however large the gain is."""

MOST_LEAN = 1.0
"""Growth of a spread over one spread, at most: beyond, a gain is lost in its own square."""


FEWEST_PEOPLE = 5.0
"""Degrees of freedom below which an interval is even: the square of so wide a t says nothing of the data."""


class Spread(NamedTuple):
    """Standard error and degrees of freedom of scores.

    Attributes
    ----------
    std_error, df : ndarray, shape (k,)
        NaN where a score has no influence values.
    floored : ndarray of bool, shape (k,)
        Where the pair form was the larger and stands.
    growth : ndarray, shape (k,)
        By what share the error grows with the value, per unit of the value; 0 where that is not known.
    """

    std_error: Floats
    df: Floats
    floored: NDArray[np.bool_]
    growth: Floats

    def margin(self, level: float = 0.95) -> Floats:
        """Half the width of an interval, (k,), whose error is the same at both its ends."""
        half: Floats = self.std_error * stdtrit(self.df, 0.5 + level / 2)
        # two steps that predict alike differ by nothing, in any study
        return np.where(self.std_error == 0, 0.0, half)

    def ends(self, value: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
        r"""Ends of an interval, (k,) each, whose error grows with the value.

        .. math:: \hat g - q s (1 - \tfrac12 q \lambda s) + \tfrac12 \lambda s^2, \quad
            \hat g + q s (1 + \tfrac12 q \lambda s) + \tfrac12 \lambda s^2

        A small gain is half the square of an effect, less what learning costs: :math:`g = b^2/2 - c`, whose
        error is :math:`b \tau`. Then :math:`\lambda = 1/b^2`, and these are the ends for b, :math:`b \pm q
        \tau`, in terms of g; the last term is the bias of the square, which the estimate does not have.
        Where the lower end for b is below 0 the lower end for g is that of b = 0. s is widened by
        :math:`\sqrt{1 + \lambda^2 s^2}`: of the square's own second order influence values know nothing.
        With :math:`\lambda = 0`, and below five degrees of freedom, the interval is even.
        """
        half = self.margin(level)
        with np.errstate(invalid="ignore", divide="ignore"):
            known = np.where(self.df >= FEWEST_PEOPLE, np.nan_to_num(self.growth), 0.0)
            lean = np.clip(known * self.std_error, 0.0, MOST_LEAN)
            ratio = lean * np.where(half > 0, half / self.std_error, 0.0)
            wide = np.sqrt(1 + lean**2)
            down = np.where(ratio < 1, half * (1 - ratio / 2), half / (2 * ratio))
        bias = lean * self.std_error / 2
        return value + wide * (bias - down), value + wide * (bias + half * (1 + ratio / 2))


class PersonSums(NamedTuple):
    """What the rows of each tested person add to a fold's scores.

    Attributes
    ----------
    people : ndarray of int, shape (p,)
    sums : ndarray, shape (p, ...)
        Of the influence values of the fold's own scores; NaN where the fold has no score.
    """

    people: Codes
    sums: Floats


def spread(influence: Floats, ego: NDArray[Any], alter: NDArray[Any], growth: Floats | None = None) -> Spread:
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
    growth : ndarray, shape (k,), optional
        From :func:`growth_of`, for gains.

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
    return Spread(root, df, floored, np.zeros(len(root)) if growth is None else growth)


def growth_of(influence: Floats, ego: Codes, alter: Codes, folds: Sequence[PersonSums]) -> Floats:
    r"""By what share the error of a gain grows with the gain, learnt from how training differs over folds.

    .. math:: \lambda = \frac{\sum_i \bar u_i \sum_{f \ni i} (\tau_f - \bar\tau_i) (u_{if} - \bar u_i)}
        {\sum_i \bar u_i^2 \sum_{f \ni i} (\tau_f - \bar\tau_i)^2}, \qquad
        \tau_f = -\frac{N}{N - n_f} \sum_{i \in f} u_i

    :math:`u_{if}` is what tested person i adds in fold f; :math:`\tau_f` is how far the gain would be off if
    all N people were like those whom the fold was trained on, all but the :math:`n_f` who are tested;
    :math:`\bar u_i` and :math:`\bar\tau_i` are means over the folds that test i. Where training on people
    with more of a gain makes the same tested people add more, a study that finds a larger gain finds a
    larger error as well, and an even interval misses gains above it far more often than gains below
    (.08 and .01 of studies of 40 and 60 people).

    Parameters
    ----------
    influence : ndarray, shape (n, k)
        Of k gains.
    ego, alter : ndarray of int, shape (n,)
        Codes from 0.
    folds : sequence of PersonSums
        Of shape (p, k); of folds whose tested people are not trained on.

    Returns
    -------
    ndarray, shape (k,)
        0 where fewer than 20 folds have a score.

    References
    ----------
    hall1992

    Examples
    --------
    >>> ego, alter = np.triu_indices(4, 1)
    >>> growth_of(np.zeros((6, 1)), ego, alter, []).tolist()
    [0.0]
    """
    n_people, k = int(max(ego.max(), alter.max())) + 1, influence.shape[1]
    # a log score of -inf has no growth to learn, and would spoil the sums
    finite = np.isfinite(influence).all(axis=0)
    u = person_sums(ego, alter, np.where(finite, influence, 0.0), n_people)
    n_tested = len(np.unique(np.concatenate([one.people for one in folds]))) if folds else 0
    # over the folds that test a person: how many, what they add, how training leans, its square, its product
    times, total, lean, square, product = np.zeros((5, n_people, k))
    defined = np.zeros(k)
    for one in folds:
        there = finite & np.isfinite(one.sums).all(axis=0)
        sums = np.where(there, one.sums, 0.0)
        tilt = -n_tested / max(n_tested - len(one.people), 1) * u[one.people].sum(axis=0) * there
        for part, value in ((times, there), (total, sums), (lean, tilt), (square, tilt**2)):
            part[one.people] += value
        product[one.people] += sums * tilt
        defined += there
    times = np.maximum(times, 1)
    mean = total / times
    more = (mean * (product - mean * lean)).sum(axis=0)
    apart = (mean**2 * (square - lean**2 / times)).sum(axis=0)
    known = (defined >= FEWEST_FOLDS) & (apart > 0)
    return np.divide(more, apart, out=np.zeros(k), where=known)


def left_out(
    ego: Codes, alter: Codes, influence: Floats, again: Callable[[NDArray[np.bool_]], Floats]
) -> Floats:
    r"""What leaving each person out of a fold does to its scores, against what influence values foretell.

    .. math:: \sum_i \delta_i \Delta_i, \quad \sum_i \delta_i^2, \qquad
        \delta_i = -\frac{n}{n - n_i} \sum_{r \ni i} \psi_r

    with :math:`\Delta_i` the change of the score without the :math:`n_i` rows that touch person i. For a
    score that is a mean over rows the two are the same. Others change by more, the fewer people are tested:
    errors of AUC by 5 % where 20 people are, which the ratio of the two sums says.

    Parameters
    ----------
    ego, alter : ndarray of int, shape (n,)
        Of the tested rows.
    influence : ndarray, shape (n, k)
    again : callable
        The change of the k scores when only the rows that are True are tested; NaN where undefined.

    Returns
    -------
    ndarray, shape (2, k)
        The two sums; people without whom a score is undefined are passed over.

    Examples
    --------
    >>> ego, alter = np.triu_indices(4, 1)
    >>> x = np.array([1.0, 4.0, 2.0, 8.0, 5.0, 7.0])
    >>> psi = (x - x.mean())[:, None] / 6
    >>> both = left_out(ego, alter, psi, lambda keep: x[keep].mean()[None] - x.mean())
    >>> float((both[0] / both[1]).round(6)[0])
    1.0
    """
    found = np.zeros((2, influence.shape[1]))
    for person in np.unique(np.concatenate([ego, alter])):
        keep = (ego != person) & (alter != person)
        if not keep.any():
            continue
        change = again(keep)
        first = -influence[~keep].sum(axis=0) * len(ego) / keep.sum()
        there = ~np.isnan(change)
        found += np.where(there, np.stack([first * np.where(there, change, 0.0), first**2]), 0.0)
    return found


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

"""Ratios of rates within ordered pairs, pooled as Mantel and Haenszel did, with errors over people."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from honestsignals.inference.clusters import Codes, Floats, person_sums, sums

CHUNK = 2_000_000
"""Numbers held at once while classes are shuffled (16 MB)."""


class Strata(NamedTuple):
    """Which ordered pair each row is of, and who the two are.

    Attributes
    ----------
    row : ndarray of int, shape (n,)
        Consecutive codes of ordered pairs.
    ego, alter : ndarray of int, shape (K,)
        Consecutive codes of the two people of each ordered pair.
    pair : ndarray of int, shape (K,)
        Consecutive codes of pairs.
    people : int
    near : ndarray of bool, shape (n,)
        Whether windows of a row reach into those of the row before it, of the same ordered pair.
    """

    row: Codes
    ego: Codes
    alter: Codes
    pair: Codes
    people: int
    near: NDArray[np.bool_]

    def neighbours(self) -> tuple[Codes, Codes]:
        """Places of rows whose windows reach into one another: the earlier, and the later."""
        order = np.argsort(self.row, kind="stable")
        later = np.flatnonzero(self.near[order])
        return order[later - 1], order[later]


class Pooled(NamedTuple):
    """Log ratios and what they change by without some person or pair.

    Attributes
    ----------
    value : ndarray, shape (k,)
        NaN or infinite where numerator or denominator is 0.
    people, pairs : ndarray, shape (N, k) and (D, k)
        The estimate less that without a person, or a pair.
    weight : ndarray, shape (N, k)
        What each person adds to the variance, were ordered pairs independent.
    who : ndarray of int, shape (D, 2)
        The two people of each pair.
    """

    value: Floats
    people: Floats
    pairs: Floats
    weight: Floats
    who: Codes

    def of(self, c: Floats) -> Pooled:
        """A combination of the log ratios; NaN where one that counts is."""
        c = np.asarray(c, dtype=float)
        # a ratio that there is not must not spoil those without it
        used, c = c != 0, c[c != 0][:, None]
        with np.errstate(invalid="ignore"):
            value, people, pairs = (one[..., used] @ c for one in (self.value, self.people, self.pairs))
            return Pooled(value, people, pairs, self.weight[..., used] @ c**2, self.who)

    def variances(self, directions: Floats) -> Floats:
        r"""Of combinations of the log ratios, (q,): what people share is in them.

        .. math:: V = \max\Big(\tfrac{N-1}{N} \sum_i \Delta_i^2 - \sum_d \Delta_d^2,\;
            \sum_d \Delta_d^2\Big) - \frac{\tau}{\sqrt{2\pi}}, \qquad
            \tau^2 = 2 \sum_i \Big[\Big(\sum_{d \ni i} \Delta_d^2\Big)^2 - \sum_{d \ni i} \Delta_d^4\Big]

        The net jackknife of people is the variance whatever pairs of one person share, and that of pairs the
        variance where they share nothing. The larger of the two is too large where they share nothing, as
        then it is chance which is: by :math:`\tau / \sqrt{2\pi}`, with :math:`\tau` the standard deviation
        of their difference there.

        Parameters
        ----------
        directions : ndarray, shape (q, k)
            Combinations.
        """
        inside = max(int((self.weight.sum(axis=1) > 0).sum()), 1)
        squares = (self.pairs @ directions.T) ** 2
        of_pairs = squares.sum(axis=0)
        of_people = (inside - 1) / inside * ((self.people @ directions.T) ** 2).sum(axis=0)
        low, high = self.who.T
        each, twice = (person_sums(low, high, one, len(self.people)) for one in (squares, squares**2))
        chance = np.sqrt(2 * np.maximum((each**2 - twice).sum(axis=0), 0.0))
        out: Floats = np.maximum(of_people - of_pairs, of_pairs) - chance / np.sqrt(2 * np.pi)
        return out


class Judged(NamedTuple):
    """A log ratio with its error over people.

    Attributes
    ----------
    value, std_error, df : float
    """

    value: float
    std_error: float
    df: float

    def ends(self, level: float = 0.95) -> tuple[float, float]:
        """Interval on the log scale."""
        half = self.std_error * float(stdtrit(self.df, 0.5 + level / 2))
        return self.value - half, self.value + half

    @property
    def p_value(self) -> float:
        """Two-sided, of no effect."""
        if not self.std_error > 0:
            return float("nan")
        return float(2 * stdtr(self.df, -abs(self.value) / self.std_error))


def strata_of(
    group: NDArray[Any],
    ego: NDArray[Any],
    alter: NDArray[Any],
    near: NDArray[np.bool_] | None = None,
) -> Strata:
    """Ordered pairs of rows.

    Parameters
    ----------
    group, ego, alter : ndarray of int, shape (n,)
        Ordered pair (the pair twice, and one more for its other side), and the two people of each row.
    near : ndarray of bool, shape (n,), optional
        Whether windows of a row reach into those of the row before it, of the same ordered pair; rows of an
        ordered pair are in order of time.

    Examples
    --------
    >>> found = strata_of(np.array([6, 6, 7]), np.array([4, 4, 9]), np.array([9, 9, 4]))
    >>> found.row.tolist(), found.ego.tolist(), found.pair.tolist(), found.people
    ([0, 0, 1], [0, 1], [0, 0], 2)
    """
    groups, first, row = np.unique(group, return_index=True, return_inverse=True)
    who, codes = np.unique(np.concatenate([ego[first], alter[first]]), return_inverse=True)
    pair = np.unique(groups // 2, return_inverse=True)[1]
    near = np.zeros(len(row), dtype=bool) if near is None else near
    return Strata(row, codes[: len(first)], codes[len(first) :], pair, len(who), near)


def products(
    strata: Strata, alone: NDArray[np.bool_], after: Floats, before: Floats
) -> tuple[Floats, Floats]:
    r"""Numerators and denominators of each ordered pair, (K, k) each.

    With a and b what came after and before openings left alone, and c and d what came after and before those
    that were returned, summed over the ordered pair: :math:`ad/n` and :math:`bc/n`, n their sum. Over ordered
    pairs, :math:`\sum ad/n / \sum bc/n` is the ratio of the two ratios after / before.

    ad and bc are sums of products of one opening left alone and one returned. Products of two whose windows
    reach into one another are left out: what follows the earlier is what precedes the later there, so that
    the dent of one would be counted as the other's rate before.

    Parameters
    ----------
    strata : Strata
    alone : ndarray of bool, shape (n,)
        Whether the row's opening was left unreturned.
    after, before : ndarray, shape (n, k)

    References
    ----------
    mantel1959, greenland1985

    Examples
    --------
    >>> strata = strata_of(np.array([0, 0]), np.array([1, 1]), np.array([2, 2]))
    >>> after, before = np.array([[2.0], [4.0]]), np.array([[4.0], [4.0]])
    >>> top, bottom = products(strata, np.array([True, False]), after, before)
    >>> float(top[0, 0] / bottom[0, 0])
    0.5
    >>> near = strata._replace(near=np.array([False, True]))
    >>> products(near, np.array([True, False]), after, before)[0].tolist()
    [[0.0]]
    """
    size, left = len(strata.ego), np.asarray(alone, dtype=float)[:, None]
    a, b = (sums(strata.row, left * one, size) for one in (after, before))
    c, d = (sums(strata.row, (1 - left) * one, size) for one in (after, before))
    n = np.maximum(a + b + c + d, 1.0)
    top, bottom = _of_neighbours(strata, np.asarray(alone), after, before)
    return (a * d - top) / n, (b * c - bottom) / n


def _of_neighbours(
    strata: Strata, alone: NDArray[np.bool_], after: Floats, before: Floats
) -> tuple[Floats, Floats]:
    """Products of openings whose windows reach into one another, of an ordered pair, (K, k) each."""
    size = len(strata.ego)
    top, bottom = np.zeros((2, size, after.shape[1]))
    earlier, later = strata.neighbours()
    for one, other in ((earlier, later), (later, earlier)):
        both = alone[one] & ~alone[other]
        left, back = one[both], other[both]
        top += sums(strata.row[left], after[left] * before[back], size)
        bottom += sums(strata.row[left], before[left] * after[back], size)
    return top, bottom


def pooled(strata: Strata, top: Floats, bottom: Floats) -> Pooled:
    """Log ratios of sums over ordered pairs, and what each person and each pair does to them.

    Parameters
    ----------
    strata : Strata
    top, bottom : ndarray, shape (K, k)

    Examples
    --------
    >>> strata = strata_of(np.array([0, 2, 4]), np.array([0, 0, 1]), np.array([1, 2, 2]))
    >>> found = pooled(strata, np.array([[1.0], [1.0], [2.0]]), np.array([[1.0], [1.0], [1.0]]))
    >>> bool(np.isclose(found.value[0], np.log(4 / 3))), found.people.shape, found.pairs.shape
    (True, (3, 1), (3, 1))
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        whole_top, whole_bottom = top.sum(axis=0), bottom.sum(axis=0)
        value = np.log(whole_top) - np.log(whole_bottom)

        def less(part_top: Floats, part_bottom: Floats) -> Floats:
            # rounding must not leave a sum that is nothing, or below it
            left = np.where(whole_top - part_top > 1e-12 * whole_top, whole_top - part_top, 0.0)
            under = np.where(
                whole_bottom - part_bottom > 1e-12 * whole_bottom, whole_bottom - part_bottom, 0.0
            )
            out: Floats = value - (np.log(left) - np.log(under))
            return out

        people = less(*(person_sums(strata.ego, strata.alter, one, strata.people) for one in (top, bottom)))
        size = int(strata.pair.max(initial=-1)) + 1
        pairs = less(*(sums(strata.pair, one, size) for one in (top, bottom)))
        each = (top / whole_top - bottom / whole_bottom) ** 2
    weight = person_sums(strata.ego, strata.alter, each, strata.people)
    who = np.empty((size, 2), dtype=np.int64)
    who[strata.pair] = np.column_stack([strata.ego, strata.alter])
    return Pooled(value, people, pairs, weight, who)


def less(one: Pooled, other: Pooled) -> Pooled:
    """Differences of log ratios of the same ordered pairs, column by column.

    Parameters
    ----------
    one, other : Pooled

    Examples
    --------
    >>> strata = strata_of(np.array([0, 2, 4]), np.array([0, 0, 1]), np.array([1, 2, 2]))
    >>> found = pooled(strata, np.array([[1.0], [1.0], [2.0]]), np.ones((3, 1)))
    >>> less(found, found).value.tolist()
    [0.0]
    """
    with np.errstate(invalid="ignore"):
        value, people = one.value - other.value, one.people - other.people
        return Pooled(value, people, one.pairs - other.pairs, one.weight + other.weight, one.who)


def judged(found: Pooled) -> Judged:
    r"""The error of one log ratio: the net jackknife of people or that of pairs, the larger of the two.

    It is less what the larger is too large by where people do not matter (:meth:`Pooled.variances`), with t
    and degrees of freedom :math:`(\sum_i v_i)^2 / \sum_i v_i^2 - 1`, :math:`v_i` what the ordered pairs of
    person i add to the variance. N counts people who add something.

    Parameters
    ----------
    found : Pooled
        Of one column.

    Returns
    -------
    Judged
        NaN where the estimate is none, or would be none without some person or pair.

    References
    ----------
    fafchamps2007, efron1981, satterthwaite1946

    Examples
    --------
    >>> ego, alter = np.triu_indices(8, 1)
    >>> strata = strata_of(2 * np.arange(28), ego, alter)
    >>> top = 1.0 + (ego * alter % 3)[:, None]
    >>> found = judged(pooled(strata, top, np.ones((28, 1))))
    >>> round(found.value, 3), round(found.std_error, 3), round(found.df, 1)
    (0.452, 0.214, 5.8)
    """
    value = float(found.value[0])
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = int((found.weight[:, 0] > 0).sum())
        variance = float(found.variances(np.ones((1, 1)))[0])
        v = found.weight[:, 0]
        df = max(float(v.sum() ** 2 / (v**2).sum()) - 1.0, 1.0)
    if not (np.isfinite(value) and np.isfinite(variance) and variance > 0 and inside > 2):
        nothing = float("nan")
        return Judged(value if np.isfinite(value) else nothing, nothing, nothing)
    return Judged(value, float(np.sqrt(variance)), df)


def shuffled(
    strata: Strata,
    alone: NDArray[np.bool_],
    counts: tuple[Floats, Floats],
    draws: int,
    seed: int | np.random.SeedSequence | None,
) -> Floats:
    """Log ratios where which openings were left alone is shuffled within ordered pair, (draws,).

    Parameters
    ----------
    strata : Strata
    alone : ndarray of bool, shape (n,)
    counts : tuple of ndarray, shape (n,)
        After and before.
    draws : int
    seed : int

    Examples
    --------
    >>> strata = strata_of(np.zeros(4, int), np.zeros(4, int), np.ones(4, int))
    >>> counts = np.array([1.0, 2.0, 2.0, 2.0]), np.ones(4)
    >>> shuffled(strata, np.array([True, False, False, False]), counts, 3, 1).round(3).tolist()
    [0.182, -0.693, 0.182]
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(strata.row, kind="stable")
    row, near, mark = strata.row[order], strata.near[order], np.asarray(alone)[order].astype(float)
    after, before = (np.asarray(one, dtype=float)[order] for one in counts)
    edges = np.flatnonzero(np.append(True, row[1:] != row[:-1]))
    number, left = np.diff(edges, append=len(row)), np.add.reduceat(mark, edges)
    # only ordered pairs with both kinds of opening say anything, whichever are which
    telling = np.repeat((left > 0) & (left < number), number)
    row, near = row[telling], near[telling]
    mark, after, before = (one[telling] for one in (mark, after, before))
    if not len(row):
        return np.full(draws, np.nan)
    edges = np.flatnonzero(np.append(True, row[1:] != row[:-1]))
    row = np.repeat(np.arange(len(edges)), np.diff(edges, append=len(row)))
    all_after, all_before = (np.add.reduceat(one, edges) for one in (after, before))
    n = np.maximum(all_after + all_before, 1.0)
    out = np.empty(draws)
    size = max(1, CHUNK // len(row))
    for first in range(0, draws, size):
        some = min(size, draws - first)
        drawn = mark[np.argsort(row + rng.random((some, len(row))), axis=1)]
        a, b = (np.add.reduceat(drawn * one, edges, axis=1) for one in (after, before))
        # whole numbers are taken from whole numbers, so that nothing is exactly nothing
        top, bottom = _drawn_neighbours(drawn, np.flatnonzero(near), (after, before), edges)
        top, bottom = (
            ((one - less) / n).sum(axis=1)
            for one, less in ((a * (all_before - b), top), (b * (all_after - a), bottom))
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            out[first : first + some] = np.log(top) - np.log(bottom)
    return out


def _drawn_neighbours(
    drawn: Floats, later: Codes, counts: tuple[Floats, Floats], edges: Codes
) -> tuple[Floats, Floats]:
    """Products of openings whose windows reach into one another, of each draw and ordered pair."""
    (after, before), earlier = counts, later - 1
    first = drawn[:, earlier] * (1 - drawn[:, later])
    second = drawn[:, later] * (1 - drawn[:, earlier])
    forth, back = after[earlier] * before[later], after[later] * before[earlier]
    found = np.zeros((2, *drawn.shape))
    found[0][:, later] = first * forth + second * back
    found[1][:, later] = first * back + second * forth
    top, bottom = np.add.reduceat(found, edges, axis=2)
    return top, bottom


def rank_p(value: float, drawn: Floats) -> float:
    """Two-sided p of a value among draws: twice the smaller tail, the value among them.

    >>> rank_p(-2.0, np.array([0.0, 1.0, -1.0]))
    0.5
    """
    known = drawn[~np.isnan(drawn)]
    if not len(known) or np.isnan(value):
        return float("nan")
    same = 1e-12 * max(1.0, abs(value))
    low, high = (known <= value + same).sum(), (known >= value - same).sum()
    return float(min(1.0, 2 * (1 + min(low, high)) / (1 + len(known))))

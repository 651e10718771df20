"""Do groups of waits differ? The log-rank statistic, and permutations of whom or what the groups are of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.clusters import Codes, Floats
from honestsignals.inference.permutation import tail
from honestsignals.inference.return_curves import kaplan_meier


class LogRank(NamedTuple):
    """The statistic as it is, and after permutations.

    Attributes
    ----------
    chi_square : float
        As if all waits were independent.
    df : int
        Groups less one.
    observed, expected : ndarray, shape (groups,)
        Waits that ended, and how many would have, did all groups have one curve.
    statistic : float
        Squares of the differences over what permutations make of them.
    drawn : ndarray, shape (draws,)
    p_value : float
        Share of permutations with a statistic as large, the data among them.
    units : int
        People, or ordered pairs, whose labels were permuted.
    """

    chi_square: float
    df: int
    observed: Floats
    expected: Floats
    statistic: float
    drawn: Floats
    p_value: float
    units: int


def residuals(wait: Floats, ended: NDArray[np.bool_]) -> Floats:
    r"""Whether each wait ended, less the cumulative hazard of all waits up to its length; they sum to 0.

    Summed over a group's waits, they are its observed less its expected ends: the log-rank's numerator.

    Parameters
    ----------
    wait, ended : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (n,)

    References
    ----------
    mantel1966

    Examples
    --------
    >>> residuals(np.array([1.0, 2.0]), np.array([True, True])).tolist()
    [0.5, -0.5]
    """
    curve = kaplan_meier(wait, ended)
    hazard = np.append(0.0, np.cumsum(curve.events / curve.at_risk))
    found: Floats = ended - hazard[np.searchsorted(curve.time, wait, side="right")]
    return found


def log_rank(wait: Floats, ended: NDArray[np.bool_], group: Codes, groups: int) -> float:
    r"""The log-rank statistic as if waits were independent: :math:`Z^\top V^{-} Z`.

    Parameters
    ----------
    wait, ended, group : ndarray, shape (n,)
        Groups are 0 ... groups - 1.
    groups : int

    Returns
    -------
    float

    References
    ----------
    mantel1966

    Examples
    --------
    >>> wait, group = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 0, 1, 1])
    >>> round(log_rank(wait, np.ones(4, dtype=bool), group, 2), 6)
    2.882353
    """
    Z = np.bincount(group, weights=residuals(wait, ended), minlength=groups)
    curve = kaplan_meier(wait, ended)
    n, d = curve.at_risk.astype(float), curve.events
    share = np.stack([curve.risk(curve.time, wait[group == one]) for one in range(groups)]) / n
    weight = np.where(n > 1, d * (n - d) / np.maximum(n - 1, 1.0), 0.0)
    V = np.diag(share @ weight) - (share * weight) @ share.T
    # groups sum to nothing: one of them says nothing of its own
    return float(Z[:-1] @ np.linalg.pinv(V[:-1, :-1], hermitian=True) @ Z[:-1])


def by_people(
    person: NDArray[Any], group: Codes, left: Floats, draws: int, rng: np.random.Generator
) -> tuple[float, Floats, int]:
    r"""Permute labels of people: :math:`Q = \sum_g Z_g^2 / N_g`, Z_g the residuals of a group's people.

    Parameters
    ----------
    person, group, left : ndarray, shape (n,)
        Of each wait: the person whose label it has, the label, and its residual.
    draws : int
    rng : numpy.random.Generator

    Returns
    -------
    statistic : float
    drawn : ndarray, shape (draws,)
    people : int

    Examples
    --------
    >>> person, group = np.array([0, 1, 2, 2]), np.array([0, 0, 1, 1])
    >>> by_people(person, group, np.array([1.0, 1.0, -1.0, -1.0]), 19, np.random.default_rng(1))[0]
    6.0
    """
    who, first, place = np.unique(person, return_index=True, return_inverse=True)
    label = group[first]
    groups = int(label.max(initial=0)) + 1
    size = np.maximum(np.bincount(label, minlength=groups), 1)
    each = np.bincount(place, weights=left)

    def statistic(labels: Codes) -> float:
        return float((np.bincount(labels, weights=each, minlength=groups) ** 2 / size).sum())

    drawn = np.array([statistic(rng.permutation(label)) for _ in range(draws)])
    return statistic(label), drawn, len(who)


def by_sameness(
    people: tuple[NDArray[Any], NDArray[Any]],
    label: Codes,
    left: Floats,
    draws: int,
    rng: np.random.Generator,
) -> tuple[float, Floats, int]:
    r"""Permute labels of people, where the groups are pairs of one label and pairs of two: :math:`Q = Z^2`.

    Parameters
    ----------
    people : tuple of ndarray of int, shape (n,)
        The two of each wait.
    label : ndarray of int, shape (n_people,)
        Of each person.
    left : ndarray, shape (n,)
        Residuals.
    draws : int
    rng : numpy.random.Generator

    Returns
    -------
    statistic : float
    drawn : ndarray, shape (draws,)
    people : int

    Examples
    --------
    >>> one, other = np.array([0, 1, 0]), np.array([1, 2, 2])
    >>> by_sameness((one, other), np.array([0, 0, 1]), np.array([1.0, -0.5, -0.5]), 19,
    ...     np.random.default_rng(1))[0]
    1.0
    """
    who = np.unique(np.concatenate(people))
    key = np.searchsorted(who, people[0]) * len(who) + np.searchsorted(who, people[1])
    pair, place = np.unique(key, return_inverse=True)
    each = np.bincount(place, weights=left)
    one, other = pair // len(who), pair % len(who)

    def statistic(labels: Codes) -> float:
        return float(each[labels[one] == labels[other]].sum() ** 2)

    drawn = np.array([statistic(rng.permutation(label[who])) for _ in range(draws)])
    return statistic(label[who]), drawn, len(who)


def by_shifts(
    pair: Codes, group: Codes, left: Floats, draws: int, rng: np.random.Generator
) -> tuple[float, Floats, int]:
    r"""Shift labels of waits around within each ordered pair, in time order: :math:`Q = \sum_g Z_g^2 / n_g`.

    Labels that follow one another stay together, so that spells of one channel count as spells; and only
    differences within pairs count, so that who waits for whom does not.

    Parameters
    ----------
    pair, group, left : ndarray, shape (n,)
        Of each wait, in time order: its ordered pair, label and residual.
    draws : int
    rng : numpy.random.Generator

    Returns
    -------
    statistic : float
    drawn : ndarray, shape (draws,)
    pairs : int
        Those whose waits have more than one label; the others tell nothing.

    Examples
    --------
    >>> pair, group = np.zeros(4, dtype=int), np.array([0, 0, 1, 1])
    >>> by_shifts(pair, group, np.array([1.0, 1.0, -1.0, -1.0]), 19, np.random.default_rng(1))[0]
    4.0
    """
    order = np.argsort(pair, kind="stable")
    _, place, size = np.unique(pair[order], return_inverse=True, return_counts=True)
    group, left = group[order], left[order]
    left = left - (np.bincount(place, weights=left) / size)[place]
    begin = np.cumsum(size) - size
    within = np.arange(len(place)) - begin[place]
    groups = int(group.max(initial=0)) + 1
    many = np.maximum(np.bincount(group, minlength=groups), 1)
    mixed = np.maximum.reduceat(group, begin) > np.minimum.reduceat(group, begin) if len(begin) else size > 0

    def statistic(labels: Codes) -> float:
        return float((np.bincount(labels, weights=left, minlength=groups) ** 2 / many).sum())

    def shifted() -> Codes:
        by = rng.integers(0, size)
        return group[begin[place] + (within + by[place]) % size[place]]

    drawn = np.array([statistic(shifted()) for _ in range(draws)])
    return statistic(group), drawn, int(mixed.sum())


def judged(
    wait: Floats, ended: NDArray[np.bool_], group: Codes, groups: int, test: tuple[float, Floats, int]
) -> LogRank:
    """The log-rank test of groups, with its permutations.

    Parameters
    ----------
    wait, ended, group : ndarray, shape (n,)
    groups : int
    test : tuple of (float, ndarray, int)
        From ``by_people``, ``by_sameness`` or ``by_shifts``.

    Returns
    -------
    LogRank

    References
    ----------
    mantel1966, phipson2010

    Examples
    --------
    >>> wait, group = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 0, 1, 1])
    >>> ended, person = np.ones(4, dtype=bool), np.arange(4)
    >>> test = by_people(person, group, residuals(wait, ended), 99, np.random.default_rng(1))
    >>> found = judged(wait, ended, group, 2, test)
    >>> round(found.chi_square, 2), found.p_value
    (2.88, 0.37)
    """
    statistic, drawn, units = test
    observed = np.bincount(group, weights=ended, minlength=groups).astype(np.float64)
    expected = observed - np.bincount(group, weights=residuals(wait, ended), minlength=groups)
    p = tail(np.array([statistic]), drawn[:, None], exact=False)[0] if units and np.ptp(drawn) > 0 else np.nan
    chi = log_rank(wait, ended, group, groups)
    return LogRank(chi, groups - 1, observed, expected, statistic, drawn, float(p), units)

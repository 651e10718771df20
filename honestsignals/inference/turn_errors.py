"""Errors over people of an estimating function that sums over pairs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from honestsignals.errors import FitError
from honestsignals.inference.clusters import Codes, Floats, pair_codes, person_codes, person_sums, sums

LEAST = 0.5
"""Share of the variance by pairs below which the variance never falls."""
NOTHING = 1e-9
"""Share of the information that counts as none: the rest is rounding."""


class PersonErrors(NamedTuple):
    """What pairs and people add to coefficients.

    Attributes
    ----------
    of_pairs, of_people : ndarray, shapes (pairs, p), (people, p)
        Scores in units of the coefficients, each raised for what its own rows pulled them by.
    ego, alter : ndarray of int, shape (pairs,)
        The two of each pair.
    told : ndarray, shape (people, p, p)
        What each person's rows tell the coefficients.
    """

    of_pairs: Floats
    of_people: Floats
    ego: Codes
    alter: Codes
    told: Floats

    def variance(self, combinations: Floats) -> Floats:
        r"""Variances of combinations c of the coefficients, (q,).

        .. math:: V = P + \frac{\tau^3}{\tau^2 + s^2}, \quad P = \sum_d u_d^2, \quad
            \tau = \sum_i u_i^2 - 2P, \quad s^2 = 2 \sum_i \Big[\big(\sum_{d \ni i} u_d^2\big)^2 -
            \sum_{d \ni i} u_d^4\Big]

        τ is what pairs that share a person have in common; where they have nothing, it is 0 on average with
        variance s². A net form alone varies with τ, and one that never falls below P is too large on average;
        here τ counts in full only where it is beyond what chance makes of it. Never below P / 2.
        """
        pairs, people = (values @ combinations.T for values in (self.of_pairs, self.of_people))
        own = (pairs**2).sum(axis=0)
        common = (people**2).sum(axis=0) - 2 * own
        n = len(people)
        by_person = person_sums(self.ego, self.alter, pairs**2, n)
        chance = 2 * ((by_person**2).sum(axis=0) - 2 * (pairs**4).sum(axis=0))
        total = common**2 + chance
        kept = np.divide(common**3, total, out=np.zeros_like(common), where=total > 0)
        return np.asarray(np.maximum(own + kept, LEAST * own))

    def df(self, combinations: Floats) -> Floats:
        r"""Degrees of freedom, (q,): :math:`(\sum_i v_i)^2 / \sum_i v_i^2 - 1` of what people tell, ≥ 1."""
        v = np.maximum(np.einsum("qa,iab,qb->iq", combinations, self.told, combinations), 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.maximum(v.sum(axis=0) ** 2 / (v**2).sum(axis=0) - 1.0, 1.0))


def person_errors(
    scores: Floats, slopes: Floats, ego: Codes, alter: Codes, *, information: Floats | None = None
) -> PersonErrors:
    r"""What pairs and people add to the coefficients at which scores sum to 0.

    .. math:: u_i = A^{-1} (I - H_i H^{-1})^{-1/2} \sum_{r \ni i} g_r

    with A the sum of the slopes, H that of the information, :math:`H_i` that of person i, and likewise for
    pairs: in a linear model, where both are one, and with independent errors these squares are unbiased (Bell
    and McCaffrey's CR2). Slopes of scores that are corrected for short series are no measure of how much a
    group pulls the estimate: of a single group they may be negative, or more than all of them together.

    Parameters
    ----------
    scores : ndarray, shape (n, p)
    slopes : ndarray, shape (n, p, p)
        Minus their derivatives.
    ego, alter : ndarray of int, shape (n,)
        The two people of each row.
    information : ndarray, shape (n, p, p), optional
        What rows tell of the coefficients, symmetric and never negative; by default the slopes.

    Returns
    -------
    PersonErrors

    Raises
    ------
    FitError
        For fewer than three people.

    References
    ----------
    fafchamps2007, imbens2016, satterthwaite1946

    Examples
    --------
    >>> ego, alter = np.triu_indices(8, 1)
    >>> x = np.sin(ego) + np.sin(alter)
    >>> found = person_errors((x - x.mean())[:, None], np.ones((28, 1, 1)), ego, alter)
    >>> np.sqrt(found.variance(np.eye(1))).round(3).tolist(), found.df(np.eye(1)).round(2).tolist()
    ([0.429], [7.0])
    """
    ego, alter, n_people = person_codes(ego, alter)
    if n_people < 3:
        raise FitError("Two people make one pair: errors over people need at least three people.")
    pairs = pair_codes(ego, alter)
    count, p = int(pairs.max()) + 1, scores.shape[1]
    first = np.unique(pairs, return_index=True)[1]
    low, high = np.minimum(ego, alter)[first], np.maximum(ego, alter)[first]
    flat = (slopes if information is None else information).reshape(len(slopes), -1)
    of_pair, in_pair = sums(pairs, scores, count), sums(pairs, flat, count).reshape(-1, p, p)
    of_person = person_sums(low, high, of_pair, n_people)
    in_person = person_sums(low, high, in_pair.reshape(count, -1), n_people).reshape(-1, p, p)
    inverse, whole = np.linalg.inv(slopes.sum(axis=0)), in_pair.sum(axis=0)
    return PersonErrors(
        _raised(of_pair, in_pair, whole) @ inverse.T,
        _raised(of_person, in_person, whole) @ inverse.T,
        low,
        high,
        inverse @ in_person @ inverse.T,
    )


def _raised(scores: Floats, information: Floats, whole: Floats) -> Floats:
    """Scores of groups, by the inverse root of what their rows leave; where they leave nothing, NaN."""
    root = np.linalg.cholesky(whole)
    back = np.linalg.inv(root)
    values, vectors = np.linalg.eigh(back @ information @ back.T)
    left = 1 - values
    there = np.asarray(left > NOTHING)
    inner = np.einsum("nji,nj->ni", vectors, scores @ back.T)
    steps = np.einsum("nij,nj->ni", vectors, np.where(there, left, 1.0) ** -0.5 * inner) @ root.T
    return np.asarray(np.where(np.all(there, axis=1, keepdims=True), steps, np.nan))

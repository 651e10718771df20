"""Errors of the components of social relations: of one group, over people, between groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import DesignError
from honestsignals.inference.srm import Floats, GroupFit, Term, degrees, noise_of, terms_of
from honestsignals.inference.srm_pairs import pair_influences
from honestsignals.inference.srm_without import can_leave_out, leave_one_out


@dataclass(frozen=True, eq=False)
class Pooled:
    """Components of all groups together, and their errors.

    Attributes
    ----------
    estimate : ndarray, shape (n_terms,)
        Means of the groups' components, weighted by people less one.
    covariance : ndarray, shape (n_terms, n_terms)
        Of these.
    df : float
        Degrees of freedom of their t tests.
    floor : ndarray, shape (n_terms, n_terms), or None
        What a net jackknife must not fall below: pairs' own part.
    noise : ndarray, shape (n_terms,), or None
        What is taken off mean squares of effects to get variances, 0 for the rest. None where intervals of
        variances are symmetric.
    rounding : ndarray, shape (n_terms,), or None
        Errors up to here are rounding alone.
    """

    estimate: Floats
    covariance: Floats
    df: float
    floor: Floats | None = None
    noise: Floats | None = None
    rounding: Floats | None = None

    @property
    def std_error(self) -> Floats:
        """Standard error of each component; NaN where its variance is below 0, or nothing but rounding."""
        error = np.array([self.error_of(row) for row in np.eye(len(self.estimate))])
        return error if self.rounding is None else np.where(error > self.rounding, error, np.nan)

    def error_of(self, gradient: Floats) -> float:
        """Standard error of a sum of components; NaN where its variance is below 0."""
        variance = float(gradient @ self.covariance @ gradient)
        if self.floor is not None:
            variance = max(variance, float(gradient @ self.floor @ gradient))
        return math.sqrt(variance) if variance >= 0 else math.nan


def possible_errors(groups: Sequence[GroupFit], matrices: Sequence[Sequence[NDArray[Any]]]) -> list[str]:
    """Errors that these groups can have, by name: "jackknife", "between", "normal".

    Parameters
    ----------
    groups : sequence of GroupFit
    matrices : sequence of sequences of ndarray, shape (n_people, n_people)
        What each group was fitted to.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from honestsignals.inference.srm import fit_group
    >>> x = np.random.default_rng(1).normal(size=(4, 4))
    >>> possible_errors([fit_group([x])], [[x]])
    ['normal']
    """
    there = {
        "jackknife": all(can_leave_out(cells) for cells in matrices),
        "between": len(groups) > 1,
        "normal": all(one.complete for one in groups),
    }
    return [name for name, can in there.items() if can]


def weights_of(groups: Sequence[GroupFit]) -> Floats:
    """Weight of each group: its people less one, as shares.

    What is estimated of actors and partners has n − 1 degrees of freedom in a group (kenny1984).
    """
    people = np.array([one.n_people - 1 for one in groups], dtype=float)
    return np.asarray(people / people.sum())


def within_groups(groups: Sequence[GroupFit]) -> Pooled:
    """Weighted means of independent groups whose effects are normal, with Bond and Lashley's errors.

    In 2,000 studies of normal effects 95 % intervals covered .93 to .97 (the actor-partner covariance of 12
    people .90), with exponential effects .68 to .91.

    Raises
    ------
    DesignError
        Where cells are missing.

    References
    ----------
    bond1996, lashley1997

    Examples
    --------
    >>> from honestsignals.inference.srm import fit_group
    >>> x = np.random.default_rng(1).normal(size=(6, 6))
    >>> found = within_groups([fit_group([x])])
    >>> found.df, found.std_error.shape
    (5.0, (5,))
    """
    return _pooled(groups, [normal_covariance(one) for one in groups])


def over_people(groups: Sequence[GroupFit], matrices: Sequence[Sequence[NDArray[Any]]]) -> Pooled:
    r"""Weighted means of independent groups, with the net jackknife over people and pairs of each.

    .. math:: V = \frac{n - 1}{n} \sum_i (\theta_{-i} - \bar\theta)(\theta_{-i} - \bar\theta)^\top
        - \sum_d \Delta_d \Delta_d^\top

    θ₋ᵢ without a person, exactly; Δ_d of a pair to the first order (``pair_influences``). A pair is left out
    with both its people, so what is a pair's own is in the first sum twice; DyaDA's jackknife is that sum.
    No variance falls below the second sum. Nothing is assumed of distributions, and estimates stay as they
    are: they are unbiased without a correction. In 2,000 studies of normal effects 95 % intervals covered .93
    to .98 with 12 and 30 people; with exponential effects down to .85; in groups of 6 they are too wide.

    Parameters
    ----------
    groups : sequence of GroupFit
    matrices : sequence of sequences of ndarray, shape (n_people, n_people)
        What each group was fitted to.

    Raises
    ------
    DesignError
        For a group of four, and where what is left without somebody cannot be estimated.

    References
    ----------
    kenny1984, snijders1999

    Examples
    --------
    >>> from honestsignals.inference.srm import fit_group
    >>> x = np.random.default_rng(1).normal(size=(6, 6))
    >>> found = over_people([fit_group([x])], [[x]])
    >>> found.df, found.std_error.shape
    (5.0, (5,))
    """
    wholes, floors = [], []
    for one, cells in zip(groups, matrices, strict=True):
        pairs = pair_influences(cells, one)
        floors.append(pairs.T @ pairs)
        wholes.append(jackknife_covariance(leave_one_out(cells)) - floors[-1])
    return _pooled(groups, wholes, floors)


def _pooled(
    groups: Sequence[GroupFit], covariances: Sequence[Floats], floors: Sequence[Floats] | None = None
) -> Pooled:
    weights = weights_of(groups)
    each = np.array([one.estimates() for one in groups])
    noise = np.zeros_like(each)
    for place, term in enumerate(terms_of(groups[0].n_variables)):
        if term.kind == "person" and term.variance:
            noise[:, place] = [one.products[term.places] for one in groups] - each[:, place]
    return Pooled(
        weights @ each,
        _weighted(weights, covariances),
        float(sum(one.n_people - 1 for one in groups)),
        None if floors is None else _weighted(weights, floors),
        weights @ noise,
        rounding_of(groups),
    )


def rounding_of(groups: Sequence[GroupFit]) -> Floats:
    """How far from 0 rounding may take components of all groups together, and their errors.

    >>> from honestsignals.inference.srm import fit_group
    >>> rounding_of([fit_group([np.ones((4, 4))])])
    array([0., 0., 0., 0., 0.])
    """
    return np.asarray(np.max([one.rounding() for one in groups], axis=0))


def _weighted(weights: Floats, covariances: Sequence[Floats]) -> Floats:
    """Covariance of a weighted sum of independent groups."""
    return np.asarray(np.einsum("g,gij->ij", weights**2, np.array(covariances)))


def between_groups(groups: Sequence[GroupFit]) -> Pooled:
    r"""Weighted means of groups, and errors from how groups differ.

    .. math:: V = \frac{k}{k-1} \sum_g w_g^2 (\theta_g - \bar\theta)(\theta_g - \bar\theta)^\top

    with :math:`w_g \propto n_g - 1` adding up to 1, and k − 1 degrees of freedom. Of k groups of one size it
    is the t test of their mean. Nothing is assumed of distributions, nor of independence within groups. In
    2,000 studies of ten groups of 6, 95 % intervals covered .93 to .95, with exponential effects .89 to .94.

    Raises
    ------
    DesignError
        Of a single group.

    References
    ----------
    kenny1984

    Examples
    --------
    >>> from honestsignals.inference.srm import fit_group
    >>> rng = np.random.default_rng(1)
    >>> found = between_groups([fit_group([rng.normal(size=(5, 5))]) for _ in range(3)])
    >>> found.df, found.covariance.shape
    (2.0, (5, 5))
    """
    k = len(groups)
    if k < 2:
        raise DesignError("Errors between groups need at least two groups, and there is one.")
    weights, each = weights_of(groups), np.array([one.estimates() for one in groups])
    estimate = weights @ each
    apart = (each - estimate) * weights[:, None]
    covariance = k / (k - 1) * apart.T @ apart
    return Pooled(estimate, covariance, float(k - 1), rounding=rounding_of(groups))


def normal_covariance(group: GroupFit) -> Floats:
    r"""Covariance of one group's components where every effect is normal and every cell is known.

    Mean products of effects, of pairs' sums and of their differences are then independent Wishart matrices
    over their degrees of freedom ν: n − 1, n (n − 3)/2 and (n − 1)(n − 2)/2, and components are sums of them.
    With :math:`S` such a matrix, the covariance of :math:`S_{ij}` and :math:`S_{kl}` is estimated by

    .. math:: \frac{\nu (S_{ik} S_{jl} + S_{il} S_{jk}) - 2 S_{ij} S_{kl}}{(\nu - 1)(\nu + 2)}

    without bias; of a variance that is :math:`2 S^2 / (\nu + 2)`. Of one variable TripleR prints the same.

    Raises
    ------
    DesignError
        Where cells are missing: products are no Wishart matrices then.

    References
    ----------
    bond1996, lashley1997

    Examples
    --------
    >>> from honestsignals.inference.srm import fit_group
    >>> x = np.random.default_rng(1).normal(size=(6, 6))
    >>> normal_covariance(fit_group([x])).shape
    (5, 5)
    """
    if not group.complete:
        raise DesignError("Errors of normal groups need every cell, and some are missing.")
    v, n = group.n_variables, group.n_people
    people, pairs = ([(i, j) for i in range(size) for j in range(i, size)] for size in (2 * v, v))
    of_sums, of_differences = degrees(n)
    parts = [
        wishart_covariance(group.products, people, n - 1),
        wishart_covariance(group.intra + group.inter, pairs, of_sums),
        wishart_covariance(group.intra - group.inter, pairs, of_differences),
    ]
    terms, size = terms_of(v), len(people) + 2 * len(pairs)
    made_of = np.zeros((len(terms), size))
    for row, term in zip(made_of, terms, strict=True):
        _fill(row, term, people, pairs, noise_of(n))
    covariance = np.zeros((size, size))
    start = 0
    for part in parts:
        covariance[start : start + len(part), start : start + len(part)] = part
        start += len(part)
    return np.asarray(made_of @ covariance @ made_of.T)


def _fill(
    row: Floats, term: Term, people: list[tuple[int, int]], pairs: list[tuple[int, int]], noise: Floats
) -> None:
    """What a component is made of: products of effects, of pairs' sums, of their differences."""
    i, j = term.places
    if term.kind == "person":
        row[people.index((i, j))] = 1.0
        (p, r), (q, s) = divmod(i, 2), divmod(j, 2)
        intra, inter = -noise[0, r, s], -noise[1, r, s]
    else:
        p, q = i, j
        intra, inter = float(term.kind == "intra"), float(term.kind == "inter")
    place = len(people) + pairs.index((min(p, q), max(p, q)))
    row[place] = (intra + inter) / 2
    row[place + len(pairs)] = (intra - inter) / 2


def wishart_covariance(S: Floats, places: Sequence[tuple[int, int]], nu: float) -> Floats:
    """Unbiased estimate of the covariance of elements of a Wishart matrix over its degrees of freedom.

    >>> wishart_covariance(np.array([[3.0]]), [(0, 0)], 7)
    array([[2.]])
    """
    i, j = np.array(places).T
    k, m = i, j
    crossed = S[np.ix_(i, k)] * S[np.ix_(j, m)] + S[np.ix_(i, m)] * S[np.ix_(j, k)]
    own = S[i, j]
    return np.asarray((nu * crossed - 2 * np.outer(own, own)) / ((nu - 1) * (nu + 2)))


def jackknife_covariance(left_out: Floats) -> Floats:
    r"""Jackknife over the people of a group: covariance of its components.

    .. math:: V = \frac{n - 1}{n} \sum_i (\theta_{-i} - \bar\theta)(\theta_{-i} - \bar\theta)^\top

    Parameters
    ----------
    left_out : ndarray, shape (n_people, n_terms)
        From ``leave_one_out``.

    References
    ----------
    kenny1984

    Examples
    --------
    >>> jackknife_covariance(np.array([[1.0], [2.0], [3.0]]))
    array([[1.33333333]])
    """
    n = len(left_out)
    apart = left_out - left_out.mean(axis=0)
    return np.asarray((n - 1) / n * apart.T @ apart)

"""Covariances of a hazard's coefficients, whose rows share pairs and people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import FitError, unknown
from honestsignals.inference.clusters import Codes, Floats, pair_codes, person_codes, sums
from honestsignals.inference.hazards import HazardFit, information_by
from honestsignals.inference.people_shares import MOST_SHARES
from honestsignals.inference.variance import FEW_PEOPLE, Covariance, Whole, inverse_root
from honestsignals.inference.words import named

SINGULAR = 1e-8
"""Share of the information about some direction without a person or pair below which nothing is left."""
FEWEST = 4.0
"""Effective degrees of freedom below which a reader is told."""


class _Clusters(NamedTuple):
    """Sums over pairs and people, in units in which the information is the identity."""

    root: Floats
    pair: Floats  # (pairs, k) of score residuals
    person: Floats  # (people, k)
    within: Floats  # (pairs, k, k) of information
    around: Floats  # (people, k, k)


def _clusters(fit: HazardFit, ego: NDArray[Any], alter: NDArray[Any]) -> _Clusters:
    ego, alter, n_people = person_codes(ego, alter)
    if n_people < 3:
        raise FitError("Two people make one pair: errors over people need at least three people.")
    codes: Codes = pair_codes(ego, alter)
    count, k = int(codes.max()) + 1, fit.beta.size
    first = np.unique(codes, return_index=True)[1]
    one, other = ego[first], alter[first]
    root = inverse_root(fit.information)
    pair = sums(codes, fit.residuals, count) @ root
    within = root.T @ information_by(fit, codes, count) @ root
    flat = within.reshape(count, k * k)
    around = (sums(one, flat, n_people) + sums(other, flat, n_people)).reshape(n_people, k, k)
    person = sums(one, pair, n_people) + sums(other, pair, n_people)
    return _Clusters(root, pair, person, within, around)


def _squares(delta: Floats, root: Floats) -> Floats:
    found: Floats = root @ (delta.T @ delta) @ root.T
    return found


def _effective(delta: Floats, root: Floats) -> Floats:
    """How many people a variance in effect rests on, less one."""
    square = (delta @ root.T) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.maximum(square.sum(axis=0) ** 2 / (square**2).sum(axis=0) - 1.0, 1.0)
    return found


def _whole(delta: Floats, root: Floats, matrix: Floats, floor: Floats) -> Whole | None:
    """What each person adds to the variance of a combination, for degrees of freedom of its own."""
    n, k = delta.shape
    if n * k * k > MOST_SHARES:
        return None
    moved = delta @ root.T
    return Whole(matrix, floor, np.zeros((k, 0)), root, moved[:, :, None] * moved[:, None, :])


def _pair(one: _Clusters) -> Covariance:
    df = np.full(one.root.shape[0], max(len(one.pair) - 1.0, 1.0))
    return Covariance("pair", _squares(one.pair, one.root), None, df, ())


def _dyadic(one: _Clusters) -> Covariance:
    n = len(one.person)
    floor = _squares(one.pair, one.root)
    matrix = (n - 1) / n * (n / (n - 2)) ** 2 * (_squares(one.person, one.root) - floor)
    whole = _whole(one.person, one.root, matrix, floor)
    return Covariance("dyadic", matrix, floor, _effective(one.person, one.root), _few(n), whole)


def _jackknife(one: _Clusters) -> Covariance:
    n, k = one.person.shape
    left, parts = np.eye(k) - one.around, np.eye(k) - one.within
    if min(np.linalg.eigvalsh(left).min(), np.linalg.eigvalsh(parts).min()) < SINGULAR:
        nothing = np.full((k, k), np.nan)
        note = "jackknife: without some person or pair there is no estimate, so there are no standard errors"
        return Covariance("jackknife", nothing, nothing, np.full(k, np.nan), (note, *_few(n)))
    people = np.linalg.solve(left, one.person[:, :, None])[:, :, 0].astype(np.float64)
    pairs = np.linalg.solve(parts, one.pair[:, :, None])[:, :, 0].astype(np.float64)
    floor = _squares(pairs, one.root)
    matrix = (n - 1) / n * _squares(people, one.root) - floor
    whole = _whole(people, one.root, matrix, floor)
    return Covariance("jackknife", matrix, floor, _effective(people, one.root), _few(n), whole)


def _few(n_people: int) -> tuple[str, ...]:
    few = n_people < FEW_PEOPLE
    return (f"{n_people} people: errors that rest on fewer than {FEW_PEOPLE} are not to be trusted",) * few


_OF_CLUSTERS: dict[str, Callable[[_Clusters], Covariance]] = {
    "pair": _pair,
    "dyadic": _dyadic,
    "jackknife": _jackknife,
}
COVARIANCES = ("classical", *_OF_CLUSTERS)
"""Every covariance by its name, each letting more rows depend on one another."""


def hazard_covariance(
    fit: HazardFit, ego: NDArray[Any], alter: NDArray[Any], names: Sequence[str], covariance: str
) -> Covariance:
    r"""The covariance of that name.

    *classical*: as if all events were independent given the columns, :math:`\mathcal I^{-1}`. *pair*:
    clustered by pair, :math:`\mathcal I^{-1} \sum_d u_d u_d^\top \mathcal I^{-1}`. *dyadic*: rows that share
    a person may depend on one another,

    .. math:: V = c\, \mathcal I^{-1} \Big[\sum_i u_i u_i^\top - \sum_d u_d u_d^\top\Big] \mathcal I^{-1},
        \quad c = \tfrac{N-1}{N} \big(\tfrac{N}{N-2}\big)^2

    with :math:`u_i` the sum of score residuals over all rows that touch person i, :math:`u_d` over those of
    pair d; never below the pair form. *jackknife*: the same in one step, people left out, less the pairs
    that are left out twice,

    .. math:: V = \tfrac{N-1}{N} \sum_i \Delta_i \Delta_i^\top - \sum_d \Delta_d \Delta_d^\top, \quad
        \Delta_i = (\mathcal I - \mathcal I_i)^{-1} u_i

    with :math:`\mathcal I_i` the information of the rows that touch person i, likewise of pairs; never below
    :math:`\sum_d \Delta_d \Delta_d^\top`.

    Parameters
    ----------
    fit : HazardFit
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    names : sequence of str
        Of the coefficients.
    covariance : {"classical", "pair", "dyadic", "jackknife"}

    Returns
    -------
    Covariance
        Of the jackknife NaN where nothing would be known without some person.

    References
    ----------
    lin1989, fafchamps2007, efron1981

    Examples
    --------
    >>> from honestsignals.inference.hazards import Spells, hazard_fit
    >>> spells = Spells(np.zeros(3), np.array([1.0, 2.0, 3.0]), np.array([True, True, False]),
    ...     np.array([[0.0], [1.0], [0.0]]), np.zeros(3, dtype=int))
    >>> fit = hazard_fit(spells, ["x"])
    >>> people = np.array([0, 1, 2]), np.array([1, 2, 0])
    >>> hazard_covariance(fit, *people, ["x"], "classical").std_error.round(4).tolist()
    [1.4355]
    """
    if covariance not in COVARIANCES:
        raise unknown("covariance", covariance, COVARIANCES)
    if covariance == "classical":
        root = inverse_root(fit.information)
        found = Covariance("classical", root @ root.T, None, np.full(fit.beta.size, np.inf), ())
    else:
        found = _OF_CLUSTERS[covariance](_clusters(fit, ego, alter))
    few = [name for name, df in zip(names, found.df, strict=True) if df < FEWEST]
    if few:
        note = f"{covariance}: {named(few)} in effect rests on fewer than {FEWEST + 1:g} people"
        found = replace(found, notes=(*found.notes, note if len(few) == 1 else note.replace("rests", "rest")))
    without = [name for name, one in zip(names, found.std_error, strict=True) if not one > 0]
    if without and np.isfinite(found.matrix).all():
        note = f"{covariance}: no positive variance for {named(without)}, so it has no standard error"
        found = replace(found, notes=(*found.notes, note))
    return found

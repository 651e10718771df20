"""Covariances of coefficients whose rows share people, each a named part that a model may take or refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import FitError, unknown
from honestsignals.inference.clusters import Floats, pair_codes, person_codes, person_sums, sums
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.jackknife import frank_snijders, jackknife
from honestsignals.inference.people_shares import hub_note
from honestsignals.inference.variance import (
    Covariance,
    noted,
    positive_form,
    root_of,
    size_notes,
)

DYADIC_PEOPLE = 200
"""The smallest study tried (30, 60, 100, 200 people) in which every interval of the dyadic errors passed."""

SHARED_PEOPLE = (
    "classical, hc1 and pair errors are too small where pairs that share a person depend on one another"
)
"""What those three say in one voice: side by side it is printed once."""

TWO_WAY = (
    "two_way: its errors are too small where what a person sends and receives, or the rows of a pair, "
    "depend on one another"
)
BELOW = f"dyadic: below {DYADIC_PEOPLE} people its errors are too small; the jackknife's are not"

__all__ = [
    "COVARIANCES",
    "Covariance",
    "classical",
    "covariance_of",
    "dyadic",
    "frank_snijders",
    "hc1",
    "jackknife",
    "pair",
    "pair_codes",
    "positive_form",
    "two_way",
]


def classical(estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any], names: Sequence[str]) -> Covariance:
    r"""Errors as if rows were independent: :math:`\sigma^2 (X^\top X)^{-1}`, or inverse observed information.

    Wrong for pairs that share people; here to show by how much. Where people differ in what they answer,
    nominal .95 intervals cover 40–95 % at 30 and 60 people and 22–88 % at 200, over all families; 92–97 %
    where they do not (docs/calibration_families.md, calibration_large.md).

    Parameters
    ----------
    estimate : Estimate
    ego, alter : ndarray, shape (n,)
        The two people of each row (not used).
    names : sequence of str
        Of the coefficients.

    Returns
    -------
    Covariance
        With t(n − k) for the gaussian, the normal distribution for the others.

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> fit = estimate(np.ones((4, 1)), np.array([1.0, 2.0, 3.0, 4.0]), "gaussian", ["Intercept"])
    >>> ego, alter = np.array([0, 0, 1, 1]), np.array([1, 2, 2, 3])
    >>> classical(fit, ego, alter, ["Intercept"]).std_error.round(6).tolist()
    [0.645497]
    """
    root = root_of(estimate)
    matrix = estimate.scale * root @ root.T
    return noted("classical", matrix, _row_df(estimate), names, [SHARED_PEOPLE])


def hc1(estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any], names: Sequence[str]) -> Covariance:
    r"""Errors robust to heteroskedasticity alone: :math:`\frac{n}{n-k} H^{-1} \sum_r s_r s_r^\top H^{-1}`.

    Where people differ in what they answer, nominal .95 intervals cover 40–95 % at 30 and 60 people and
    23–88 % at 200; 92–97 % where they do not (docs/calibration_families.md, calibration_large.md).

    Parameters
    ----------
    estimate : Estimate
    ego, alter : ndarray, shape (n,)
        The two people of each row (not used).
    names : sequence of str
        Of the coefficients.

    Returns
    -------
    Covariance
        With t(n − k) for the gaussian, the normal distribution for the others.

    References
    ----------
    white1980, mackinnon1985

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> fit = estimate(np.ones((4, 1)), np.array([1.0, 2.0, 3.0, 4.0]), "gaussian", ["Intercept"])
    >>> hc1(fit, np.array([0, 0, 1, 1]), np.array([1, 2, 2, 3]), ["Intercept"]).std_error.round(6).tolist()
    [0.645497]
    """
    n, k = estimate.scores.shape
    root = root_of(estimate)
    scores = estimate.scores @ root
    matrix = root @ (scores.T @ scores) @ root.T * n / (n - k)
    return noted("hc1", matrix, _row_df(estimate), names, [SHARED_PEOPLE])


def pair(estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any], names: Sequence[str]) -> Covariance:
    r"""Errors clustered by unordered pair: :math:`H^{-1} \sum_d u_d u_d^\top H^{-1}`, without a factor.

    Rows of one pair may depend on one another; rows that share one person may not. Where people differ in
    what they answer, nominal .95 intervals cover 43–96 % at 30 and 60 people and 23–90 % at 200; 93–97 %
    where they do not (docs/calibration_families.md, calibration_large.md).

    Parameters
    ----------
    estimate : Estimate
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    names : sequence of str
        Of the coefficients.

    Returns
    -------
    Covariance
        With t(pairs − 1).

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> fit = estimate(np.ones((4, 1)), np.array([1.0, 2.0, 3.0, 4.0]), "gaussian", ["Intercept"])
    >>> pair(fit, np.array([0, 1, 0, 2]), np.array([1, 0, 2, 0]), ["Intercept"]).std_error.round(6).tolist()
    [0.707107]
    """
    root = root_of(estimate)
    pairs = pair_codes(ego, alter)
    count = int(pairs.max()) + 1
    u = sums(pairs, estimate.scores @ root, count)
    df = np.full(estimate.beta.size, max(count - 1.0, 1.0))
    return noted("pair", root @ (u.T @ u) @ root.T, df, names, [SHARED_PEOPLE])


def two_way(estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any], names: Sequence[str]) -> Covariance:
    r"""Errors clustered by sender and receiver: :math:`V_{sender} + V_{receiver} - V_{both}`, no factor.

    What is subtracted is clustered by sender and receiver together: the rows of one ordered pair.

    It misses what a person as sender shares with the same person as receiver, and the two rows of a pair.
    Where people differ in what they answer, nominal .95 intervals of directed labels cover 87–92 % at 30
    people, 89–94 % at 60 and 89–97 % at 200 (docs/calibration_families.md, calibration_large.md).

    Parameters
    ----------
    estimate : Estimate
    ego, alter : ndarray, shape (n,)
        Sender and receiver of each row.
    names : sequence of str
        Of the coefficients.

    Returns
    -------
    Covariance
        With t(min(senders, receivers) − 1).

    References
    ----------
    cameron2011

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> fit = estimate(np.ones((4, 1)), np.array([1.0, 2.0, 3.0, 4.0]), "gaussian", ["Intercept"])
    >>> ego, alter = np.array([0, 0, 1, 1]), np.array([2, 3, 2, 3])
    >>> two_way(fit, ego, alter, ["Intercept"]).std_error.round(6).tolist()
    [0.559017]
    """
    root = root_of(estimate)
    ego, alter, n_people = person_codes(ego, alter)
    scores = estimate.scores @ root
    sent, received = sums(ego, scores, n_people), sums(alter, scores, n_people)
    cells = np.unique(ego * n_people + alter, return_inverse=True)[1]
    both = sums(cells, scores, int(cells.max()) + 1)
    meat = sent.T @ sent + received.T @ received - both.T @ both
    fewer = min(np.unique(ego).size, np.unique(alter).size)
    df = np.full(estimate.beta.size, max(fewer - 1.0, 1.0))
    notes = [*size_notes(estimate, n_people, names), TWO_WAY]
    return noted("two_way", root @ meat @ root.T, df, names, notes)


def dyadic(estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any], names: Sequence[str]) -> Covariance:
    r"""Errors that let all rows sharing a person depend on one another, without a factor.

    .. math:: V = H^{-1} \Big[\sum_i u_i u_i^\top - \sum_d u_d u_d^\top\Big] H^{-1}

    :math:`u_i` sums the scores of all rows that touch person i, :math:`u_d` those of the unordered pair d.
    It need not be positive semi-definite. Nominal .95 intervals cover 79–94 % at 30 people, 88–95 % at 60,
    91–94 % at 100 and 92–96 % at 200, where they pass; joint tests at .05 reject a true hypothesis in
    8–29 % of studies of 30 and 60 people that differ and in 5–10 % of 200 (docs/calibration_families.md,
    calibration_large.md); hence the jackknife.

    Parameters
    ----------
    estimate : Estimate
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    names : sequence of str
        Of the coefficients.

    Returns
    -------
    Covariance
        With t(people − k), at least t(1).

    References
    ----------
    fafchamps2007, aronow2015

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> ego, alter = np.triu_indices(12, k=1)
    >>> X = np.column_stack([np.ones(66), (ego * alter) % 5])
    >>> fit = estimate(X, np.sqrt(ego + alter), "gaussian", ["Intercept", "acts"])
    >>> dyadic(fit, ego, alter, ["Intercept", "acts"]).std_error.round(4).tolist()
    [0.3522, 0.1055]
    """
    root = root_of(estimate)
    ego, alter, n_people = person_codes(ego, alter)
    if n_people < 3:
        raise FitError("Two people make one pair: errors over people need at least three people.")
    pairs = pair_codes(ego, alter)
    scores = estimate.scores @ root
    u_person = person_sums(ego, alter, scores, n_people)
    u_pair = sums(pairs, scores, int(pairs.max()) + 1)
    df = np.full(estimate.beta.size, max(n_people - estimate.beta.size, 1.0))
    notes = [*hub_note(estimate, ego, alter, names), *size_notes(estimate, n_people, names)]
    if n_people < DYADIC_PEOPLE:
        notes.append(BELOW)
    return noted("dyadic", root @ (u_person.T @ u_person - u_pair.T @ u_pair) @ root.T, df, names, notes)


COVARIANCES: dict[str, Callable[[Estimate, NDArray[Any], NDArray[Any], Sequence[str]], Covariance]] = {
    "classical": classical,
    "hc1": hc1,
    "pair": pair,
    "two_way": two_way,
    "dyadic": dyadic,
    "jackknife": jackknife,
    "frank_snijders": frank_snijders,
}
"""Every covariance by its name; "jackknife" is the default."""

LADDER = ("classical", "hc1", "pair", "two_way", "dyadic", "jackknife")
"""In the order in which they are printed side by side: each lets more rows depend on one another."""

LEAVING_OUT = ("jackknife", "frank_snijders")
"""Those that leave people out, in one step or by exact refits."""


def covariance_of(
    estimate: Estimate,
    ego: NDArray[Any],
    alter: NDArray[Any],
    names: Sequence[str],
    covariance: str = "jackknife",
) -> Covariance:
    """The covariance of that name.

    Parameters
    ----------
    estimate : Estimate
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    names : sequence of str
        Of the coefficients.
    covariance : str
        A name in ``COVARIANCES``.

    Returns
    -------
    Covariance

    Raises
    ------
    UnknownNameError
        Where there is no covariance of that name.

    Examples
    --------
    >>> covariance_of(None, None, None, [], covariance="dyad")
    Traceback (most recent call last):
    honestsignals.errors.UnknownNameError: Unknown covariance 'dyad'. Did you mean 'dyadic'?
    """
    if covariance not in COVARIANCES:
        raise unknown("covariance", covariance, COVARIANCES)
    return COVARIANCES[covariance](estimate, ego, alter, names)


def _row_df(estimate: Estimate) -> Floats:
    n, k = estimate.scores.shape
    return np.full(k, n - k if estimate.family == "gaussian" else np.inf)

"""How much of what is known of a coefficient rests on each person: degrees of freedom, and hubs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.clusters import Codes, Floats, person_codes, person_sums
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.variance import root_of
from honestsignals.inference.words import named

SHARED_CORRELATION = 0.2
"""ρ of the effective degrees of freedom: the correlation assumed of two rows that share a person. A trial in
the project's notes (INFERENCE.md, §1) covered well with it; no other value was tried."""

HUB_SHARE = 0.5
"""A person with more than half of what tells a coefficient is a hub."""

ROUNDING = 1e-9
"""Two shares that differ by less are the same, however they were summed."""

MOST_SHARES = 50_000_000
"""Numbers that shares may take (400 MB); beyond, a combination takes the least of its coefficients."""


def effective_df(estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any]) -> Floats:
    r"""Degrees of freedom of each coefficient's t: how many people its variance in effect rests on, less one.

    .. math:: (\sum_i v_i)^2 / \sum_i v_i^2 - 1, \quad
        v_i = c^\top H^{-1} [H_i + \rho (T_i T_i^\top - \sum_{r \ni i} w_r^2 x_r x_r^\top)] H^{-1} c

    with :math:`T_i = \sum_{r \ni i} w_r x_r` and ρ = 0.2, never below 1. Where a row's :math:`w_r` is above 1
    (counts), its part in :math:`T_i` has :math:`\sqrt{w_r}`, so that no two rows are taken to be correlated
    by more than ρ; weights of rows enter as shares of their mean.

    Parameters
    ----------
    estimate : Estimate
    ego, alter : ndarray, shape (n,)
        The two people of each row.

    Returns
    -------
    ndarray, shape (k,)

    References
    ----------
    satterthwaite1946

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> ego, alter = np.triu_indices(12, k=1)
    >>> fit = estimate(np.ones((66, 1)), np.sqrt(ego + alter), "gaussian", ["Intercept"])
    >>> effective_df(fit, ego, alter).round(6).tolist()  # all alike: people less one
    [11.0]
    """
    v = _coefficient_shares(estimate, ego, alter)
    return np.maximum(v.sum(axis=0) ** 2 / (v**2).sum(axis=0) - 1.0, 1.0)


def hub_note(estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any], names: Sequence[str]) -> list[str]:
    """A warning where one person is in most rows, or in most of what tells a coefficient.

    With a hub no error that sums over people can be trusted: its largest term does not average out.

    Parameters
    ----------
    estimate : Estimate
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    names : sequence of str
        Of the coefficients.

    Returns
    -------
    list of str
        At most two: on the rows, and on the coefficients.

    References
    ----------
    tabordmeehan2019

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> fit = estimate(np.ones((4, 1)), np.array([1.0, 2.0, 4.0, 3.0]), "gaussian", ["Intercept"])
    >>> print(hub_note(fit, np.array([0, 0, 0, 1]), np.array([1, 2, 3, 2]), ["Intercept"])[0])
    one person is in 75 % of the rows: errors that sum over people are too small with such a hub
    (Tabord-Meehan 2019)
    """
    ego, alter, n_people = person_codes(ego, alter)
    rows = (np.bincount(ego, minlength=n_people) + np.bincount(alter, minlength=n_people)).max() / ego.size
    told = _told(*_units(estimate))
    share = person_sums(ego, alter, told, n_people).max(axis=0) / told.sum(axis=0)
    return hub_words(float(rows), share, names)


def hub_words(rows: float, share: Floats, names: Sequence[str]) -> list[str]:
    """The same warnings from the largest shares of one person.

    Parameters
    ----------
    rows : float
        Of the rows.
    share : ndarray, shape (p,)
        Of what tells each coefficient.
    names : sequence of str
        Of the coefficients.

    Returns
    -------
    list of str

    Examples
    --------
    >>> hub_words(0.1, np.array([0.2, 0.7]), ["Intercept", "acts"])[0][:67]
    "one person's rows carry more than half of what tells 'acts': the er"
    """
    found = []
    if rows > HUB_SHARE:
        found.append(
            f"one person is in {100 * rows:.0f} % of the rows: errors that sum over people are too small "
            "with such a hub (Tabord-Meehan 2019)"
        )
    heavy = [name for name, part in zip(names, share, strict=True) if part > max(HUB_SHARE, rows) + ROUNDING]
    if heavy:
        found.append(
            f"one person's rows carry more than half of what tells {named(heavy)}: "
            "the errors there are too small (Tabord-Meehan 2019)"
        )
    return found


def person_shares(estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any]) -> Floats | None:
    r"""What each person adds to the variance of any combination, for its effective degrees of freedom.

    .. math:: M_i = H^{-1} [H_i + \rho (T_i T_i^\top - \sum_{r \ni i} w_r^2 x_r x_r^\top)] H^{-1}

    so that :math:`v_i = c^\top M_i c` of `effective_df` holds for every c: however a factor is coded, or a
    column centred, a prediction has the same degrees of freedom.

    Parameters
    ----------
    estimate : Estimate
    ego, alter : ndarray, shape (n,)
        The two people of each row.

    Returns
    -------
    ndarray, shape (N, p, p), or None
        None where they would take more than 400 MB.

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> ego, alter = np.triu_indices(12, k=1)
    >>> X = np.column_stack([np.ones(66), (ego * alter) % 5])
    >>> fit = estimate(X, np.sqrt(ego + alter), "gaussian", ["Intercept", "acts"])
    >>> v = person_shares(fit, ego, alter)[:, 1, 1]
    >>> float(v.sum() ** 2 / (v**2).sum() - 1) == float(effective_df(fit, ego, alter)[1])
    True
    """
    ego, alter, n_people = person_codes(ego, alter)
    p = estimate.beta.size
    if n_people * p * p > MOST_SHARES:
        return None
    F, WF = _units(estimate)
    parts = [(F, WF * estimate.weights.mean(), 1.0)]
    shares = np.zeros((n_people, p, p))
    for moved in _shared(estimate, WF):
        T = person_sums(ego, alter, moved, n_people)
        shares += SHARED_CORRELATION * T[:, :, None] * T[:, None, :]
        parts.append((moved[:, None], moved[:, None], -SHARED_CORRELATION))
    for left, right, sign in parts:
        for column in range(p):
            rows = np.einsum("nmp,nm->np", left, right[:, :, column])
            shares[:, :, column] += sign * person_sums(ego, alter, rows, n_people)
    return shares


def _units(estimate: Estimate) -> tuple[Floats, Floats]:
    """F = Z_r H⁻¹ c for every c at once, and W_r F; both (n, m, p)."""
    Z, root = estimate.predictors, root_of(estimate)
    F = (Z.reshape(-1, Z.shape[2]) @ root @ root.T).reshape(Z.shape)
    if Z.shape[1] == 1:
        return F, F * estimate.curvature
    return F, np.einsum("nab,nbc->nac", estimate.curvature, F)


def _told(F: Floats, WF: Floats) -> Floats:
    """What each row tells each coefficient, (n, p)."""
    return F[:, 0] * WF[:, 0] if F.shape[1] == 1 else np.einsum("nac,nac->nc", F, WF)


def _shared(estimate: Estimate, WF: Floats) -> list[Floats]:
    """Parts of T_i, (n, p) each: how what rows share moves their scores, by no more than ρ in counts."""
    found = []
    for shift in estimate.shifts.T:
        own = np.einsum("a,nab,b->n", shift, estimate.curvature, shift) / estimate.weights
        found.append(np.einsum("a,nac->nc", shift, WF) / np.sqrt(np.maximum(own, 1.0))[:, None])
    return found


def _coefficient_shares(estimate: Estimate, ego: Codes, alter: Codes) -> Floats:
    """v_i of every coefficient, (N, p): the diagonals of `person_shares`."""
    ego, alter, n_people = person_codes(ego, alter)
    F, WF = _units(estimate)
    # weights enter as shares: their unit is nobody's
    v = person_sums(ego, alter, _told(F, WF) * estimate.weights.mean(), n_people)
    for moved in _shared(estimate, WF):
        T = person_sums(ego, alter, moved, n_people)
        v = v + SHARED_CORRELATION * (T**2 - person_sums(ego, alter, moved**2, n_people))
    return v

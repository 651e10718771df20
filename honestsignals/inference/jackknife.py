"""The net jackknife of people: the default covariance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import FitError
from honestsignals.inference.clusters import Codes, Floats, pair_codes, person_codes, person_sums
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.refits import SINGULAR, refits
from honestsignals.inference.score_series import CHUNK
from honestsignals.inference.vanishing import vanishing
from honestsignals.inference.variance import Covariance, root_of, size_notes
from honestsignals.inference.words import named

SHARED_CORRELATION = 0.2
"""ρ of the effective degrees of freedom: the correlation assumed of two rows that share a person. A trial in
the project's notes (INFERENCE.md, §1) covered well with it; no other value was tried."""

HUB_SHARE = 0.5
"""A person with more than half of what tells a coefficient is a hub."""


class _Steps(NamedTuple):
    """Δ of every group left out, and the coefficients that some group carries alone."""

    delta: Floats  # (groups, k), in units of the whitened design
    lost: NDArray[np.bool_]  # (k,)


def jackknife(
    estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any], names: Sequence[str], exact: bool = False
) -> Covariance:
    r"""Net jackknife: people left out, less the pairs that are left out twice.

    .. math:: V = \tfrac{N-1}{N} \sum_i \Delta_i \Delta_i^\top - \sum_d \Delta_d \Delta_d^\top

    :math:`\Delta_i = \hat\theta - \hat\theta_{-i}` with person i's rows out, :math:`\Delta_d` with those of
    pair d out; in one step :math:`(H - H_i)^{-1} u_i`, which is exact for the gaussian. The floor is
    :math:`\sum_d \Delta_d \Delta_d^\top`: the net form can fall below the errors clustered by pair.

    Nominal .95 intervals cover 92–97 % at 30 and 60 people where people differ in what they answer, and
    96–98 % where they do not (docs/calibration.md).

    Parameters
    ----------
    estimate : Estimate
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    names : sequence of str
        Of the coefficients.
    exact : bool
        Refit without each person and each pair instead of taking one step (a gaussian's step is exact).

    Returns
    -------
    Covariance
        With effective degrees of freedom a coefficient. The variance is NaN where only one person or one pair
        carries a coefficient: without them it has no estimate.

    Raises
    ------
    FitError
        Where there are fewer than three people.

    References
    ----------
    fafchamps2007, efron1981, mackinnon1985

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> ego, alter = np.triu_indices(12, k=1)
    >>> X = np.column_stack([np.ones(66), (ego * alter) % 5])
    >>> fit = estimate(X, np.sqrt(ego + alter), "gaussian", ["Intercept", "acts"])
    >>> jackknife(fit, ego, alter, ["Intercept", "acts"]).std_error.round(4).tolist()
    [0.4808, 0.158]
    """
    ego, alter, n_people = person_codes(ego, alter)
    if n_people < 3:
        raise FitError("Two people make one pair: errors that leave people out need at least three people.")
    pairs = pair_codes(ego, alter)
    root = root_of(estimate)
    Z = estimate.predictors @ root
    people_out = _people_out(estimate, Z, root, (ego, alter), exact)
    pairs_out = _pair_steps(estimate, Z, pairs, root)
    pairs_out = _Steps(pairs_out.delta, pairs_out.lost | vanishing(estimate, (pairs,)))
    if exact and estimate.family != "gaussian":
        pairs_out = _Steps(refits(estimate, Z, root, (pairs,), pairs_out.delta), pairs_out.lost)
    notes = [*_lost_notes(people_out, pairs_out, names), *hub_note(estimate, ego, alter, names)]
    notes += _separated_note(people_out, pairs_out)
    lost = people_out.lost | pairs_out.lost
    floor = _squares(pairs_out.delta, root, lost)
    matrix = _squares(people_out.delta, root, lost) * (n_people - 1) / n_people - floor
    df = effective_df(estimate, ego, alter)
    return Covariance("jackknife", matrix, floor, df, (*notes, *size_notes(estimate, n_people, names)))


def frank_snijders(
    estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any], names: Sequence[str], exact: bool = False
) -> Covariance:
    r"""Frank and Snijders' jackknife of people, right where dyads are independent and only there.

    .. math:: V = \frac{N-2}{2N} \sum_i \Delta_i \Delta_i^\top

    Every pair is left out twice, once with either person, hence the factor of about one half. Where people
    differ in what they answer, intervals cover 83 to 96 % (INFERENCE.md, §1), so it is no step of the ladder;
    it is here because it is published.

    Parameters
    ----------
    estimate : Estimate
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    names : sequence of str
        Of the coefficients.
    exact : bool
        Refit without each person instead of taking one step.

    Returns
    -------
    Covariance
        With t(people − 1).

    Raises
    ------
    FitError
        Where there are fewer than three people.

    References
    ----------
    franksnijders1994

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> ego, alter = np.triu_indices(12, k=1)
    >>> fit = estimate(np.ones((66, 1)), np.sqrt(ego + alter), "gaussian", ["Intercept"])
    >>> frank_snijders(fit, ego, alter, ["Intercept"]).std_error.round(4).tolist()
    [0.2285]
    """
    ego, alter, n_people = person_codes(ego, alter)
    if n_people < 3:
        raise FitError("Two people make one pair: errors that leave people out need at least three people.")
    root = root_of(estimate)
    out = _people_out(estimate, estimate.predictors @ root, root, (ego, alter), exact)
    nobody = _Steps(out.delta[:0], np.zeros(root.shape[0], dtype=bool))
    notes = [*_lost_notes(out, nobody, names), *hub_note(estimate, ego, alter, names)]
    notes += [*_separated_note(out, nobody), *size_notes(estimate, n_people, names)]
    notes.append(
        "frank_snijders: its errors are too small where pairs that share a person depend on one another"
    )
    matrix = _squares(out.delta, root, out.lost) * (n_people - 2) / (2 * n_people)
    return Covariance("frank_snijders", matrix, None, np.full(root.shape[0], n_people - 1.0), tuple(notes))


def _people_out(
    estimate: Estimate, Z: Floats, root: Floats, codes: tuple[Codes, Codes], exact: bool
) -> _Steps:
    """Δ of every person, in one step or by refits."""
    steps = _person_steps(estimate, Z, *codes, root)
    steps = _Steps(steps.delta, steps.lost | vanishing(estimate, codes))
    if not exact or estimate.family == "gaussian":
        return steps
    return _Steps(refits(estimate, Z, root, codes, steps.delta), steps.lost)


def _separated_note(*out: _Steps) -> list[str]:
    if all(np.isfinite(one.delta).all() for one in out):
        return []
    return ["jackknife: without one person or pair the label is separated, so exact refits give no errors"]


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
    v = _person_shares(estimate, ego, alter)
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
    found = []
    if rows > HUB_SHARE:
        found.append(
            f"one person is in {100 * rows:.0f} % of the rows: errors that sum over people are too small "
            "with such a hub (Tabord-Meehan 2019)"
        )
    told = _moved(estimate)[1]
    share = person_sums(ego, alter, told, n_people).max(axis=0) / told.sum(axis=0)
    heavy = [name for name, part in zip(names, share, strict=True) if part > max(HUB_SHARE, rows)]
    if heavy:
        found.append(
            f"one person's rows carry more than half of what tells {named(heavy)}: "
            "the errors there are too small (Tabord-Meehan 2019)"
        )
    return found


def _moved(estimate: Estimate) -> tuple[Floats, Floats]:
    """W_r Z_r H⁻¹ c for every c at once, (n, m, p), and what each row tells each coefficient, (n, p)."""
    Z, root = estimate.predictors, root_of(estimate)
    F = (Z.reshape(-1, Z.shape[2]) @ root @ root.T).reshape(Z.shape)
    if Z.shape[1] == 1:
        WF = F * estimate.curvature
        return WF, F[:, 0] * WF[:, 0]
    WF = np.einsum("nab,nbc->nac", estimate.curvature, F)
    return WF, np.einsum("nac,nac->nc", F, WF)


def _person_shares(estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any]) -> Floats:
    """v_i of the effective degrees of freedom, (N, p)."""
    ego, alter, n_people = person_codes(ego, alter)
    WF, rows = _moved(estimate)
    # weights enter as shares: their unit is nobody's
    information = person_sums(ego, alter, rows * estimate.weights.mean(), n_people)
    shared = np.zeros_like(information)
    for shift in estimate.shifts.T:
        own = np.einsum("a,nab,b->n", shift, estimate.curvature, shift) / estimate.weights
        moved = np.einsum("a,nac->nc", shift, WF) / np.sqrt(np.maximum(own, 1.0))[:, None]
        shared += person_sums(ego, alter, moved, n_people) ** 2 - person_sums(ego, alter, moved**2, n_people)
    return information + SHARED_CORRELATION * shared


def _person_steps(estimate: Estimate, Z: Floats, ego: Codes, alter: Codes, root: Floats) -> _Steps:
    n_people, k = int(max(ego.max(), alter.max())) + 1, Z.shape[2]
    score = person_sums(ego, alter, estimate.scores @ root, n_people)
    left = np.empty((n_people, k, k))  # (H − H_i), where H is the identity
    for column in range(k):
        weighted = np.einsum("nab,nb->na", estimate.curvature, Z[:, :, column])
        part = person_sums(ego, alter, np.einsum("nac,na->nc", Z, weighted), n_people)
        left[:, column, :] = np.eye(k)[column] - part
    left = (left + left.transpose(0, 2, 1)) / 2
    singular = np.linalg.eigvalsh(left)[:, 0] < SINGULAR
    delta = np.empty((n_people, k))
    delta[~singular] = np.linalg.solve(left[~singular], score[~singular][:, :, None])[:, :, 0]
    lost = np.zeros(k, dtype=bool)
    for person in np.flatnonzero(singular):
        delta[person], without = _estimable_step(left[person], score[person], root)
        lost |= without
    return _Steps(delta, lost)


def _pair_steps(estimate: Estimate, Z: Floats, pairs: Codes, root: Floats) -> _Steps:
    """Steps of pairs through their few rows: (I − Z'WZ)⁻¹ Z'g = Z' (I − W Z Z')⁻¹ g, of all predictors."""
    m, k = Z.shape[1:]
    delta, lost = np.empty((int(pairs.max()) + 1, k)), np.zeros(k, dtype=bool)
    for which, rows in _row_blocks(pairs, k * m):
        several = rows.shape[1] * m
        z = Z[rows].reshape(-1, several, k)
        g = estimate.slopes[rows].reshape(-1, several)
        wz = np.einsum("prab,prbc->prac", estimate.curvature[rows], Z[rows]).reshape(-1, several, k)
        hat = wz @ z.transpose(0, 2, 1)
        # The largest eigenvalue of the hat matrix is at most its trace: only heavy pairs can be singular.
        for heavy in np.flatnonzero(np.trace(hat, axis1=1, axis2=2) > 0.5):
            left = np.eye(k) - wz[heavy].T @ z[heavy]
            if np.linalg.eigvalsh(left)[0] < SINGULAR:
                delta[which[heavy]], without = _estimable_step(left, z[heavy].T @ g[heavy], root)
                lost |= without
                which[heavy] = -1
        keep = which >= 0
        inner = np.linalg.solve(np.eye(several) - hat[keep], g[keep][:, :, None])
        delta[which[keep]] = (z[keep].transpose(0, 2, 1) @ inner)[:, :, 0]
    return _Steps(delta, lost)


def _row_blocks(pairs: Codes, k: int) -> Iterator[tuple[Codes, Codes]]:
    """Pairs with as many rows as one another, and those rows, (pairs, m): blocks that fit in memory."""
    order = np.argsort(pairs, kind="stable")
    sizes = np.bincount(pairs)
    starts = np.cumsum(sizes) - sizes
    for m in np.unique(sizes):
        which = np.flatnonzero(sizes == m)
        for part in np.array_split(which, max(1, -(-which.size * m * max(m, k) // CHUNK))):
            yield part.copy(), order[starts[part][:, None] + np.arange(m)]


def _estimable_step(left: Floats, score: Floats, root: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """The step where H − H_i is singular, and which coefficients it leaves without an estimate."""
    values, vectors = np.linalg.eigh(left)
    kept = values >= SINGULAR
    step = vectors[:, kept] @ ((vectors[:, kept].T @ score) / values[kept])
    # A coefficient is still estimable where it has no part in the directions that are gone.
    part = np.linalg.norm(root @ vectors[:, ~kept], axis=1) / np.linalg.norm(root, axis=1)
    return step, part > 1e-6


def _lost_notes(people_out: _Steps, pairs_out: _Steps, names: Sequence[str]) -> list[str]:
    found = []
    for lost, who in ((people_out.lost & ~pairs_out.lost, "person"), (pairs_out.lost, "pair")):
        if lost.any():
            columns = [name for name, gone in zip(names, lost, strict=True) if gone]
            each, it = (" each", "they have") if len(columns) > 1 else ("", "it has")
            verb = "rest" if len(columns) > 1 else "rests"
            found.append(
                f"jackknife: {named(columns)}{each} {verb} on one {who} alone: "
                f"without that {who} {it} no estimate, so no standard error"
            )
    return found


def _squares(delta: Floats, root: Floats, lost: NDArray[np.bool_]) -> Floats:
    """Σ ΔΔ' in the units of the coefficients; NaN where a coefficient is lost."""
    matrix: Floats = root @ (delta.T @ delta) @ root.T
    matrix[lost, :] = np.nan
    matrix[:, lost] = np.nan
    return matrix

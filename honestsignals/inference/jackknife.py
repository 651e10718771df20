"""The net jackknife of people: the default covariance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from honestsignals.errors import FitError
from honestsignals.inference.clusters import Codes, Floats, pair_codes, person_codes, person_sums
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.variance import Covariance, inverse, inverse_root, size_notes
from honestsignals.inference.words import named

SHARED_CORRELATION = 0.2
"""ρ of the effective degrees of freedom: the correlation assumed of two rows that share a person. A trial in
the project's notes (INFERENCE.md, §1) covered well with it; no other value was tried."""

HUB_SHARE = 0.5
"""A person with more than half of what tells a coefficient is a hub."""

SINGULAR = 1e-8
"""Eigenvalue of H − H_i, in units of H, below which some coefficient has no estimate without person i."""

CHUNK = 4_000_000
"""Numbers held at once in batched solves (32 MB)."""


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
        Columns of the design.
    exact : bool
        Refit a logit without each person and each pair instead of taking one step.

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
    root = inverse_root(estimate.hessian)
    Z = estimate.X @ root
    people_out = _person_steps(estimate, Z, ego, alter, root)
    pairs_out = _pair_steps(estimate, Z, pairs, root)
    notes = [*_lost_notes(people_out, pairs_out, names), *hub_note(estimate, ego, alter, names)]
    people_delta, pairs_delta = people_out.delta, pairs_out.delta
    if exact and estimate.family == "logit":
        people_delta, pairs_delta = _refits(
            estimate, Z, root, (ego, alter, pairs), (people_delta, pairs_delta)
        )
        if not (np.isfinite(people_delta).all() and np.isfinite(pairs_delta).all()):
            notes.append(
                "jackknife: without one person or pair the label is separated, so exact refits give no errors"
            )
    lost = people_out.lost | pairs_out.lost
    floor = _squares(pairs_delta, root, lost)
    matrix = _squares(people_delta, root, lost) * (n_people - 1) / n_people - floor
    df = effective_df(estimate, ego, alter)
    return Covariance("jackknife", matrix, floor, df, (*notes, *size_notes(estimate, n_people, names)))


def effective_df(estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any]) -> Floats:
    r"""Degrees of freedom of each coefficient's t: how many people its variance in effect rests on, less one.

    .. math:: (\sum_i v_i)^2 / \sum_i v_i^2 - 1, \quad
        v_i = c^\top H^{-1} [H_i + \rho (T_i T_i^\top - \sum_{r \ni i} w_r^2 x_r x_r^\top)] H^{-1} c

    with :math:`T_i = \sum_{r \ni i} w_r x_r` and ρ = 0.2, never below 1.

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
    v = _person_shares(estimate, ego, alter)[0]
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
        Columns of the design.

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
    share = _person_shares(estimate, ego, alter)[1].max(axis=0)
    heavy = [name for name, part in zip(names, share, strict=True) if part > max(HUB_SHARE, rows)]
    if heavy:
        found.append(
            f"one person's rows carry more than half of what tells {named(heavy)}: "
            "the errors there are too small (Tabord-Meehan 2019)"
        )
    return found


def _person_shares(estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any]) -> tuple[Floats, Floats]:
    """v_i of the effective degrees of freedom, and the share of H⁻¹_cc from i's rows; both (N, k)."""
    ego, alter, n_people = person_codes(ego, alter)
    w = estimate.work_weights[:, None]
    F = estimate.X @ inverse(estimate.hessian)  # x_r' H⁻¹ c, for every c at once
    information = person_sums(ego, alter, w * F**2, n_people)
    total = person_sums(ego, alter, w * F, n_people) ** 2 - person_sums(ego, alter, (w * F) ** 2, n_people)
    return information + SHARED_CORRELATION * total, information / (w * F**2).sum(axis=0)


def _person_steps(estimate: Estimate, Z: Floats, ego: Codes, alter: Codes, root: Floats) -> _Steps:
    n_people, k = int(max(ego.max(), alter.max())) + 1, Z.shape[1]
    score = person_sums(ego, alter, Z * estimate.residual[:, None], n_people)
    left = np.empty((n_people, k, k))  # (H − H_i), where H is the identity
    for column in range(k):
        part = person_sums(ego, alter, Z * (estimate.work_weights * Z[:, column])[:, None], n_people)
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
    """Steps of pairs through their few rows: (I − Z'wZ)⁻¹ Z'e = Z' (I − w Z Z')⁻¹ e, m × m for m rows."""
    w, e, k = estimate.work_weights, estimate.residual, Z.shape[1]
    delta, lost = np.empty((int(pairs.max()) + 1, k)), np.zeros(k, dtype=bool)
    for which, rows in _row_blocks(pairs, k):
        z = Z[rows]
        hat = w[rows][:, :, None] * (z @ z.transpose(0, 2, 1))
        # The largest eigenvalue of the hat matrix is at most its trace: only heavy pairs can be singular.
        for heavy in np.flatnonzero(np.trace(hat, axis1=1, axis2=2) > 0.5):
            left = np.eye(k) - (z[heavy] * w[rows[heavy]][:, None]).T @ z[heavy]
            if np.linalg.eigvalsh(left)[0] < SINGULAR:
                delta[which[heavy]], without = _estimable_step(left, z[heavy].T @ e[rows[heavy]], root)
                lost |= without
                which[heavy] = -1
        keep = which >= 0
        inner = np.linalg.solve(np.eye(rows.shape[1]) - hat[keep], e[rows[keep]][:, :, None])
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


def _refits(
    estimate: Estimate,
    Z: Floats,
    root: Floats,
    codes: tuple[Codes, Codes, Codes],
    steps: tuple[Floats, Floats],
) -> tuple[Floats, Floats]:
    """Δ of people and of pairs by refitting the logit without them, from the one-step estimates."""
    ego, alter, pairs = codes
    whole = np.linalg.solve(root, estimate.beta)
    refitted = []
    for groups, first in ((None, steps[0]), (pairs, steps[1])):
        delta = np.empty_like(first)
        size = max(1, CHUNK // ego.size)
        for low in range(0, first.shape[0], size):
            out = np.arange(low, min(low + size, first.shape[0]))
            if groups is None:
                keep = (ego[:, None] != out) & (alter[:, None] != out)
            else:
                keep = groups[:, None] != out
            delta[out] = whole - _newton(Z, estimate.y, keep.astype(float), whole - first[out])
        refitted.append(delta)
    return refitted[0], refitted[1]


def _newton(Z: Floats, y: Floats, keep: Floats, start: Floats, most: int = 50) -> Floats:
    """Logits on several choices of rows at once, (choices, k); NaN where one does not converge."""
    k = Z.shape[1]
    products = (Z[:, :, None] * Z[:, None, :]).reshape(-1, k * k)
    theta, done = start.copy(), np.zeros(start.shape[0], dtype=bool)
    for _ in range(most):
        p = expit(Z @ theta.T)
        gradient = ((y[:, None] - p) * keep).T @ Z
        information = ((p * (1.0 - p) * keep).T @ products).reshape(-1, k, k)
        # The pseudo-inverse leaves alone what has no estimate without the rows left out.
        step = (np.linalg.pinv(information, rcond=SINGULAR, hermitian=True) @ gradient[:, :, None])[:, :, 0]
        size = np.abs(step).max(axis=1) / np.maximum(1.0, np.abs(theta).max(axis=1))
        theta = theta + step * np.minimum(1.0, 2.0 / np.maximum(size, 1e-300))[:, None]
        done = size < 1e-9  # quadratic: the next step, taken already, is below rounding
        if done.all():
            break
    return np.where(done[:, None], theta, np.nan)

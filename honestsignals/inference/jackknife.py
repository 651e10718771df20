"""The net jackknife of people: the default covariance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import FitError
from honestsignals.inference.clusters import Codes, Floats, pair_codes, person_codes, person_sums
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.people_shares import effective_df, hub_note, person_shares
from honestsignals.inference.refits import SINGULAR, refits
from honestsignals.inference.score_series import CHUNK
from honestsignals.inference.vanishing import vanishing
from honestsignals.inference.variance import Covariance, Whole, parts_gone, root_of, size_notes
from honestsignals.inference.words import named

FRANK_SNIJDERS = (
    "frank_snijders: its errors are too small where pairs that share a person depend on one another"
)


class Steps(NamedTuple):
    """Δ of every group left out, and the coefficients that some group carries alone."""

    delta: Floats  # (groups, k), in units of the whitened design
    gone: Floats  # (k, q), directions of which nothing is left without some group
    lost: NDArray[np.bool_]  # (k,)


def jackknife(
    estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any], names: Sequence[str], exact: bool = False
) -> Covariance:
    r"""Net jackknife: people left out, less the pairs that are left out twice.

    .. math:: V = \tfrac{N-1}{N} \sum_i \Delta_i \Delta_i^\top - \sum_d \Delta_d \Delta_d^\top

    :math:`\Delta_i = \hat\theta - \hat\theta_{-i}` with person i's rows out, :math:`\Delta_d` with those of
    pair d out; in one step :math:`(H - H_i)^{-1} u_i`, which is exact for the gaussian. The floor is
    :math:`\sum_d \Delta_d \Delta_d^\top`: the net form can fall below the errors clustered by pair.

    Nominal .95 intervals cover 92–98 % at 30 and 60 people where people differ in what they answer, over
    all families, and 95–99 %, which is cautious, where they do not; at 200 people 93–97 % and 95–97 %
    (docs/calibration_families.md, calibration_large.md).

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
    refuse_two(n_people)
    pairs = pair_codes(ego, alter)
    root = root_of(estimate)
    Z = estimate.predictors @ root
    people_out = _people_out(estimate, Z, root, (ego, alter), exact)
    pairs_out = pair_steps(estimate.slopes, estimate.curvature, Z, pairs, root)
    pairs_out = without_levels(pairs_out, vanishing(estimate, (pairs,)))
    if exact and estimate.family != "gaussian":
        pairs_out = pairs_out._replace(delta=refits(estimate, Z, root, (pairs,), pairs_out.delta))
    notes = [*lost_notes(people_out, pairs_out, names), *hub_note(estimate, ego, alter, names)]
    notes += _separated_note(people_out, pairs_out)
    floor = squares(pairs_out.delta, root)
    matrix = squares(people_out.delta, root) * (n_people - 1) / n_people - floor
    df = effective_df(estimate, ego, alter)
    gone = np.hstack([people_out.gone, pairs_out.gone])
    whole = Whole(matrix, floor, gone, root, person_shares(estimate, ego, alter))
    lost = people_out.lost | pairs_out.lost
    notes += size_notes(estimate, n_people, names)
    return Covariance("jackknife", blank_lost(matrix, lost), blank_lost(floor, lost), df, tuple(notes), whole)


def frank_snijders(
    estimate: Estimate, ego: NDArray[Any], alter: NDArray[Any], names: Sequence[str], exact: bool = False
) -> Covariance:
    r"""Frank and Snijders' jackknife of people, right where dyads are independent and only there.

    .. math:: V = \frac{N-2}{2N} \sum_i \Delta_i \Delta_i^\top

    Every pair is left out twice, once with either person, hence the factor of about one half. Where people
    differ in what they answer, nominal .95 intervals cover 83–96 % at 30 and 60 people and 83–94 % at 200,
    93–97 % where they do not (docs/calibration_families.md, calibration_large.md), so it is no step of the
    ladder; it is here because it is published.

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
    refuse_two(n_people)
    root = root_of(estimate)
    out = _people_out(estimate, estimate.predictors @ root, root, (ego, alter), exact)
    nobody = Steps(out.delta[:0], out.gone[:, :0], np.zeros(root.shape[0], dtype=bool))
    notes = [*lost_notes(out, nobody, names), *hub_note(estimate, ego, alter, names)]
    notes += [*_separated_note(out, nobody), *size_notes(estimate, n_people, names)]
    notes.append(FRANK_SNIJDERS)
    matrix = blank_lost(squares(out.delta, root), out.lost) * (n_people - 2) / (2 * n_people)
    return Covariance("frank_snijders", matrix, None, np.full(root.shape[0], n_people - 1.0), tuple(notes))


def refuse_two(n_people: int) -> None:
    """Refuse to leave people out where there are fewer than three."""
    if n_people < 3:
        raise FitError("Two people make one pair: errors that leave people out need at least three people.")


def _people_out(
    estimate: Estimate, Z: Floats, root: Floats, codes: tuple[Codes, Codes], exact: bool
) -> Steps:
    """Δ of every person, in one step or by refits."""
    steps = without_levels(_person_steps(estimate, Z, *codes, root), vanishing(estimate, codes))
    if not exact or estimate.family == "gaussian":
        return steps
    return steps._replace(delta=refits(estimate, Z, root, codes, steps.delta))


def without_levels(steps: Steps, vanish: NDArray[np.bool_]) -> Steps:
    """The same, with coefficients lost whose level goes with some group."""
    gone = np.hstack([steps.gone, np.eye(vanish.size)[:, vanish]])
    return Steps(steps.delta, gone, steps.lost | vanish)


def _separated_note(*out: Steps) -> list[str]:
    if all(np.isfinite(one.delta).all() for one in out):
        return []
    return ["jackknife: without one person or pair the label is separated, so exact refits give no errors"]


def _person_steps(estimate: Estimate, Z: Floats, ego: Codes, alter: Codes, root: Floats) -> Steps:
    n_people, k = int(max(ego.max(), alter.max())) + 1, Z.shape[2]
    score = person_sums(ego, alter, estimate.scores @ root, n_people)
    left = np.empty((n_people, k, k))  # (H − H_i), where H is the identity
    for column in range(k):
        weighted = np.einsum("nab,nb->na", estimate.curvature, Z[:, :, column])
        part = person_sums(ego, alter, np.einsum("nac,na->nc", Z, weighted), n_people)
        left[:, column, :] = np.eye(k)[column] - part
    return steps_without((left + left.transpose(0, 2, 1)) / 2, score, root)


def steps_without(left: Floats, score: Floats, root: Floats) -> Steps:
    """One-step Δ of groups from what is left of the Hessian without each, and each one's score.

    Parameters
    ----------
    left : ndarray, shape (groups, k, k)
        H − H_i in units in which H is the identity.
    score : ndarray, shape (groups, k)
        In those units.
    root : ndarray, shape (k, k)
        Those units.

    Returns
    -------
    Steps

    Examples
    --------
    >>> steps_without(np.full((1, 1, 1), 0.5), np.array([[0.1]]), np.eye(1)).delta.tolist()
    [[0.2]]
    """
    k = score.shape[1]
    singular = np.linalg.eigvalsh(left)[:, 0] < SINGULAR
    delta = np.empty_like(score)
    delta[~singular] = np.linalg.solve(left[~singular], score[~singular][:, :, None])[:, :, 0]
    gone = [np.zeros((k, 0))]
    for person in np.flatnonzero(singular):
        delta[person], without = _estimable_step(left[person], score[person], root)
        gone.append(without)
    return Steps(delta, np.hstack(gone), has_part(np.eye(k), gone, root))


def pair_steps(slopes: Floats, curvature: Floats, Z: Floats, pairs: Codes, root: Floats) -> Steps:
    """Steps of pairs through their few rows: (I − Z'WZ)⁻¹ Z'g = Z' (I − W Z Z')⁻¹ g, of all predictors.

    Parameters
    ----------
    slopes, curvature : ndarray, shapes (n, m), (n, m, m)
    Z : ndarray, shape (n, m, k)
        Predictors in units in which the Hessian is the identity.
    pairs : ndarray of int, shape (n,)
        0 … D − 1.
    root : ndarray, shape (k, k)
        Those units.

    Returns
    -------
    Steps

    Examples
    --------
    >>> Z, one = np.full((4, 1, 1), 0.5), np.ones((4, 1, 1))
    >>> pair_steps(np.ones((4, 1)), one, Z, np.array([0, 0, 1, 2]), np.eye(1)).delta.round(6).tolist()
    [[2.0], [0.666667], [0.666667]]
    """
    m, k = Z.shape[1:]
    delta, gone = np.empty((int(pairs.max()) + 1, k)), [np.zeros((k, 0))]
    for which, rows in _row_blocks(pairs, k * m):
        several = rows.shape[1] * m
        z = Z[rows].reshape(-1, several, k)
        g = slopes[rows].reshape(-1, several)
        wz = np.einsum("prab,prbc->prac", curvature[rows], Z[rows]).reshape(-1, several, k)
        hat = wz @ z.transpose(0, 2, 1)
        # The largest eigenvalue of the hat matrix is at most its trace: only heavy pairs can be singular.
        for heavy in np.flatnonzero(np.trace(hat, axis1=1, axis2=2) > 0.5):
            left = np.eye(k) - wz[heavy].T @ z[heavy]
            if np.linalg.eigvalsh(left)[0] < SINGULAR:
                delta[which[heavy]], without = _estimable_step(left, z[heavy].T @ g[heavy], root)
                gone.append(without)
                which[heavy] = -1
        keep = which >= 0
        inner = np.linalg.solve(np.eye(several) - hat[keep], g[keep][:, :, None])
        delta[which[keep]] = (z[keep].transpose(0, 2, 1) @ inner)[:, :, 0]
    return Steps(delta, np.hstack(gone), has_part(np.eye(k), gone, root))


def _row_blocks(pairs: Codes, k: int) -> Iterator[tuple[Codes, Codes]]:
    """Pairs with as many rows as one another, and those rows, (pairs, m): blocks that fit in memory."""
    order = np.argsort(pairs, kind="stable")
    sizes = np.bincount(pairs)
    starts = np.cumsum(sizes) - sizes
    for m in np.unique(sizes):
        which = np.flatnonzero(sizes == m)
        for part in np.array_split(which, max(1, -(-which.size * m * max(m, k) // CHUNK))):
            yield part.copy(), order[starts[part][:, None] + np.arange(m)]


def _estimable_step(left: Floats, score: Floats, root: Floats) -> tuple[Floats, Floats]:
    """The step where H − H_i is singular, and the directions of which it says nothing."""
    values, vectors = np.linalg.eigh(left)
    kept = values >= SINGULAR
    step = vectors[:, kept] @ ((vectors[:, kept].T @ score) / values[kept])
    return step, root @ vectors[:, ~kept]


def has_part(C: Floats, gone: Sequence[Floats], root: Floats) -> NDArray[np.bool_]:
    """Which combinations have a part in some directions that are gone; a coefficient is one too.

    >>> has_part(np.eye(2), [np.array([[1.0], [0.0]])], np.eye(2)).tolist()
    [True, False]
    """
    lost = np.zeros(len(C), dtype=bool)
    for directions in gone:
        lost |= parts_gone(C, directions, root)
    return lost


def lost_notes(people_out: Steps, pairs_out: Steps, names: Sequence[str]) -> list[str]:
    """Coefficients that rest on one person or one pair alone, in words."""
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


def squares(delta: Floats, root: Floats) -> Floats:
    """Σ ΔΔ' in the units of the coefficients."""
    matrix: Floats = root @ (delta.T @ delta) @ root.T
    return matrix


def blank_lost(matrix: Floats, lost: NDArray[np.bool_]) -> Floats:
    """NaN where a coefficient is lost."""
    return np.where(lost[:, None] | lost, np.nan, matrix)

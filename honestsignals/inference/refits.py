"""Exact refits of a regression without each person, and without each pair.

Near the estimate the whole sample's score is a short series (`honestsignals.inference.score_series`), and
Newton's steps without a group touch the group's own rows alone. A group for which the bound on what the
series leaves out is too large is brought to its estimate with the whole sample's exact score, and one for
which that fails by a refit of its own. Of many such groups a sample shows first how much of the bound there
is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.clusters import Codes, Floats
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.families import information, predictors
from honestsignals.inference.newton import Problem, solve
from honestsignals.inference.score_series import CHUNK, Series, Whole, series_of
from honestsignals.inference.vanishing import places_of

SINGULAR = 1e-8
"""Eigenvalue of H − H_i, in units of H, below which some coefficient has no estimate without person i."""

EXACT = 1e-10
"""Relative size of a refit's last step; its steps shrink a thousandfold or more."""

BOUND = 1e-9
"""Relative error of Δ that the series may be bound to have; it has a small part of it."""

SAMPLE = 64
"""Groups brought to the exact score to see how much of the bound there is; twice this many in all."""

SAFETY = 10.0
"""Times the largest share of the bound in the sample, the share that is taken for all."""

MOST_STEPS = 12

FRAGILE = 0.05
"""A group without which less than this of some direction's information is left is fitted by itself."""


@dataclass(frozen=True, eq=False)
class _Part:
    """Some groups, and the rows of each: rows of group g stand from ``starts[g]`` on."""

    groups: Codes
    rows: Codes
    of: Codes  # which of the part's groups a row belongs to
    starts: Codes

    def own(self, whole: Whole, moves: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Score and Hessian of each group's own rows, and whether its cut points are in order."""
        Z, p = whole.Z[self.rows], moves.shape[1]
        moved = np.einsum("nmp,np->nm", Z, moves[self.of])
        level, slope, curvature = whole.rows(self.rows, moved)
        score = np.add.reduceat(np.einsum("nmp,nm->np", Z, slope), self.starts, axis=0)
        WZ = np.einsum("nab,nbp->nap", curvature, Z)
        hessian = np.empty((self.groups.size, p, p))
        for column in range(p):
            rows = np.einsum("nm,nmp->np", WZ[:, :, column], Z)
            hessian[:, column] = np.add.reduceat(rows, self.starts, axis=0)
        return score, hessian, np.logical_and.reduceat(np.isfinite(level), self.starts)


def refits(estimate: Estimate, Z: Floats, root: Floats, groups: tuple[Codes, ...], first: Floats) -> Floats:
    """Δ of every group by refitting without its rows, from the one-step Δ.

    Parameters
    ----------
    estimate : Estimate
    Z : ndarray, shape (n, m, p)
        Predictors in units in which the Hessian is the identity.
    root : ndarray, shape (p, p)
        Those units.
    groups : tuple of ndarray of int, shape (n,)
        Codes from 0 up of the groups that a row is in: ego and alter, or the pair.
    first : ndarray, shape (groups, p)
        One-step Δ, where refits start.

    Returns
    -------
    ndarray, shape (groups, p)
        NaN where a refit has no estimate.
    """
    family, n_levels = estimate.rule, len(estimate.levels)
    codes = np.searchsorted(estimate.levels, estimate.y) if n_levels else estimate.y
    eta = estimate.predictors @ estimate.beta
    whole = Whole(family, Z, eta, codes.astype(float), estimate.weights, n_levels)
    series = series_of(whole, first.shape[0])
    delta = np.empty_like(first)
    for part in _parts(groups, Z.shape[1] * Z.shape[2], Z.shape[2] ** 2):
        moves, settled = _expanded(whole, series, part, -first[part.groups])
        delta[part.groups] = -moves
        for one in part.groups[~settled]:
            keep = np.logical_and.reduce([group != one for group in groups])
            delta[one] = -_refit(estimate, whole, root, keep)
    return delta


def _parts(groups: tuple[Codes, ...], per_row: int, per_group: int) -> Iterator[_Part]:
    """Groups with their rows, in parts that fit in memory."""
    codes = np.concatenate(groups)
    order = np.argsort(codes, kind="stable")
    rows = np.tile(np.arange(groups[0].size), len(groups))[order]
    sizes = np.bincount(codes)
    ends = np.cumsum(sizes)
    numbers = np.cumsum(sizes * per_row + per_group)
    for groups_of in np.split(np.arange(sizes.size), np.flatnonzero(np.diff(numbers // CHUNK)) + 1):
        low, high = ends[groups_of[0]] - sizes[groups_of[0]], ends[groups_of[-1]]
        of = np.repeat(np.arange(groups_of.size), sizes[groups_of])
        yield _Part(groups_of, rows[low:high], of, ends[groups_of] - sizes[groups_of] - low)


def _expanded(whole: Whole, series: Series, part: _Part, start: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Moves of the coefficients without each group of a part, and which of them are the refits' own."""
    eye, moves = np.eye(start.shape[1]), start.copy()
    own = part.own(whole, np.zeros_like(start))[1]
    least = 1.0 - np.trace(own, axis1=1, axis2=2)  # no eigenvalue of what is left is below it
    near = np.flatnonzero(least < 0.5)
    least[near] = np.linalg.eigvalsh(eye - own[near])[:, 0]
    sound, left = least > FRAGILE, np.broadcast_to(eye, own.shape)
    for _ in range(MOST_STEPS):
        own_score, own_hessian, ordered = part.own(whole, moves)
        score, hessian = series.at(moves)
        left = hessian - own_hessian
        sound &= ordered & np.isfinite(left).all(axis=(1, 2))
        moves, last = _stepped(moves, left, score - own_score, sound)
        if (last < EXACT)[sound].all():
            break
    error = series.error(moves) / least
    settled = sound & (last < EXACT) & (error < BOUND)
    far = np.flatnonzero(sound & ~settled)
    if far.size > 4 * SAMPLE and series.fifth is not None:
        # The bound adds up rows as if they all pulled one way: a sample shows what there is of it.
        far = far[np.argsort(-error[far], kind="stable")]
        some = np.union1d(far[:SAMPLE], far[:: far.size // SAMPLE])
        before = moves.copy()
        moves, settled[some] = _polished(whole, part, moves, left, some)
        missed = np.linalg.norm((moves - before)[some], axis=1) / np.linalg.norm(moves[some], axis=1)
        share = SAFETY * float(np.nanmax(missed / error[some]))
        settled[far] |= (last < EXACT)[far] & (error[far] * share < BOUND)
        far = far[~settled[far]]
    moves, settled[far] = _polished(whole, part, moves, left, far)
    return moves, settled


def _polished(
    whole: Whole, part: _Part, moves: Floats, left: Floats, which: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Moves with those of some groups brought to 0 of the exact score, and whether they came there."""
    done, far = np.zeros(moves.shape[0], dtype=bool), which
    for _ in range(MOST_STEPS):
        if not far.size:
            break
        own_score, _, ordered = part.own(whole, moves)
        rest = np.zeros_like(moves)
        rest[far] = whole.scores(moves[far]) - own_score[far]
        moves, last = _stepped(moves, left, rest, np.isin(np.arange(done.size), far))
        done[far] = ordered[far] & (last[far] < EXACT)
        far = far[ordered[far] & ~(last[far] < EXACT)]
    return moves, done[which]


def _stepped(moves: Floats, left: Floats, score: Floats, which: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Newton's step of some groups, and its length relative to the move."""
    found, last = moves.copy(), np.zeros(moves.shape[0])
    try:
        step = np.linalg.solve(left[which], score[which][:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        step = np.full((int(which.sum()), moves.shape[1]), np.nan)
    found[which] += step
    size = np.linalg.norm(found[which], axis=1)
    last[which] = np.linalg.norm(step, axis=1) / np.maximum(size, np.finfo(float).tiny)
    return found, last


def _refit(estimate: Estimate, whole: Whole, root: Floats, keep: NDArray[np.bool_]) -> Floats:
    """Move of the coefficients of one refit, (p,); NaN where it has no estimate."""
    p = root.shape[0]
    present = np.unique(whole.codes[keep])
    if whole.family.levels and present.size < whole.n_levels:
        return np.asarray(np.linalg.solve(root, _fewer_levels(estimate, present, keep)))
    curvature = whole.rows(keep, np.zeros_like(whole.eta[keep]))[2]
    values, vectors = np.linalg.eigh(information(whole.Z[keep], curvature))
    # what has no estimate without the rows left out stays where it is
    kept = vectors[:, values >= SINGULAR]
    start = kept.T @ np.linalg.solve(root, estimate.beta)
    problem = Problem(
        whole.family, whole.Z[keep] @ kept, whole.codes[keep], whole.weights[keep], whole.n_levels
    )
    theta, converged, _ = solve(problem, start)
    return kept @ (theta - start) if converged else np.full(p, np.nan)


def _fewer_levels(estimate: Estimate, present: NDArray[Any], keep: NDArray[np.bool_]) -> Floats:
    """Move of the coefficients (p,), in their own units, where levels have gone with the rows left out."""
    family, move = estimate.rule, np.full(estimate.beta.size, np.nan)
    places = places_of(estimate, present)
    there = places >= 0
    if present.size < 2 or not there.any():
        return move
    codes = np.searchsorted(np.asarray(estimate.levels)[present.astype(int)], estimate.y[keep]).astype(float)
    Z = predictors(family, estimate.X[keep], codes, present.size)
    start = np.empty(Z.shape[2])
    start[places[there]] = estimate.beta[there]
    norms = np.sqrt(np.einsum("nmp,nmp->p", Z, Z))
    problem = Problem(family, Z / norms, codes, estimate.weights[keep], present.size)
    theta, converged, _ = solve(problem, start * norms)
    if converged:
        move = np.where(there, (theta / norms)[np.maximum(places, 0)] - estimate.beta, 0.0)
    return move

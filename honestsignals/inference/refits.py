"""Exact refits of a regression without each person, and without each pair."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from honestsignals.inference.clusters import Codes, Floats
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.families import FAMILIES, information, rows_of

SINGULAR = 1e-8
"""Eigenvalue of H − H_i, in units of H, below which some coefficient has no estimate without person i."""

CHUNK = 4_000_000
"""Numbers held at once in batched solves (32 MB)."""

MOST_STEPS = 50

LONGEST = 2.0
"""A Newton step is cut to this length, in units of the coefficients' size, so that none runs away."""

SMALL = 1e-9
"""Steps shrink quadratically: after one this small the next is below rounding."""


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
    whole = np.linalg.solve(root, estimate.beta)
    delta = np.empty_like(first)
    size = max(1, CHUNK // estimate.y.size)
    for low in range(0, first.shape[0], size):
        out = np.arange(low, min(low + size, first.shape[0]))
        keep = np.logical_and.reduce([group[:, None] != out for group in groups])
        if estimate.family == "logit":
            found = _logits(Z[:, 0], estimate, keep, whole - first[out])
        else:
            each = zip(keep.T, whole - first[out], strict=True)
            found = np.array([_refit(estimate, Z, one, start) for one, start in each])
        delta[out] = whole - found
    return delta


def _logits(Z: Floats, estimate: Estimate, keep: np.ndarray, start: Floats) -> Floats:
    """Logits on several choices of rows at once, (choices, p); NaN where one does not converge."""
    k = Z.shape[1]
    products = (Z[:, :, None] * Z[:, None, :]).reshape(-1, k * k)
    kept = keep * estimate.weights[:, None]
    theta, done = start.copy(), np.zeros(start.shape[0], dtype=bool)
    for _ in range(MOST_STEPS):
        p = expit(Z @ theta.T)
        gradient = ((estimate.y[:, None] - p) * kept).T @ Z
        hessian = ((p * (1.0 - p) * kept).T @ products).reshape(-1, k, k)
        # The pseudo-inverse leaves alone what has no estimate without the rows left out.
        step = (np.linalg.pinv(hessian, rcond=SINGULAR, hermitian=True) @ gradient[:, :, None])[:, :, 0]
        size = np.abs(step).max(axis=1) / np.maximum(1.0, np.abs(theta).max(axis=1))
        theta = theta + step * np.minimum(1.0, LONGEST / np.maximum(size, 1e-300))[:, None]
        done = size < SMALL
        if done.all():
            break
    return np.where(done[:, None], theta, np.nan)


def _refit(estimate: Estimate, Z: Floats, keep: np.ndarray, start: Floats) -> Floats:
    """One refit of any family, (p,); NaN where it does not converge."""
    family, n_levels = FAMILIES[estimate.family], len(estimate.levels)
    codes = np.searchsorted(estimate.levels, estimate.y) if n_levels else estimate.y
    some, label, w, theta = Z[keep], codes[keep].astype(float), estimate.weights[keep], start.copy()
    for _ in range(MOST_STEPS):
        _, slope, curvature = rows_of(family, some, theta, label, n_levels)
        gradient = np.einsum("nmp,nm->p", some, slope * w[:, None])
        hessian = information(some, curvature * w[:, None, None])
        if not np.isfinite(hessian).all():
            break
        step = np.linalg.pinv(hessian, rcond=SINGULAR, hermitian=True) @ gradient
        size = float(np.abs(step).max() / max(1.0, np.abs(theta).max()))
        theta = theta + step * min(1.0, LONGEST / max(size, 1e-300))
        if size < SMALL:
            return theta
    return np.full_like(theta, np.nan)

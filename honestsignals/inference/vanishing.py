"""Levels of a label that only one person or one pair gives: what has no estimate without them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.clusters import Codes
from honestsignals.inference.estimators import Estimate


def vanishing(estimate: Estimate, groups: tuple[Codes, ...]) -> NDArray[np.bool_]:
    """Coefficients without an estimate where some group is left out, since a level of the label goes with it.

    Parameters
    ----------
    estimate : Estimate
    groups : tuple of ndarray of int, shape (n,)
        Codes of the groups that a row is in.

    Returns
    -------
    ndarray of bool, shape (p,)

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> y = np.array([0.0, 1.0, 2.0, 1.0, 0.0])
    >>> fit = estimate(np.array([[1.0], [3.0], [2.0], [1.0], [2.0]]), y, "ordered_logit", ["acts"])
    >>> vanishing(fit, (np.array([0, 1, 2, 3, 4]),)).tolist()  # 2 is the label of a single row
    [False, False, True]
    """
    family, lost = estimate.rule, np.zeros(estimate.beta.size, dtype=bool)
    if family.label == "number":
        return lost
    label = estimate.y > 0 if family.label == "count" else estimate.y
    gone: dict[int, list[float]] = {}
    for level in np.unique(label)[-1:] if family.label == "count" else np.unique(label):
        codes = np.array([group[label == level] for group in groups])
        for one in np.unique(codes[:, 0]).tolist():
            if (codes == one).any(axis=0).all():
                gone.setdefault(one, []).append(float(level))
    for levels in gone.values():
        present = np.flatnonzero(~np.isin(estimate.levels, levels))
        lost |= places_of(estimate, present) < 0 if family.levels and present.size > 1 else True
    return lost


def places_of(estimate: Estimate, present: NDArray[Any]) -> NDArray[np.int64]:
    """Where each coefficient is among those of a model of fewer levels.

    Parameters
    ----------
    estimate : Estimate
    present : ndarray of int
        Levels that are left, in order.

    Returns
    -------
    ndarray of int, shape (p,)
        −1 where it has no estimate: a cut point beyond the last level, a class that is gone, every class
        where the first is. Two cut points between which there is no level are one.

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> y = np.array([0.0, 1.0, 2.0, 1.0, 0.0])
    >>> fit = estimate(np.array([[1.0], [3.0], [2.0], [1.0], [2.0]]), y, "ordered_logit", ["acts"])
    >>> places_of(fit, np.array([0, 1])).tolist(), places_of(fit, np.array([0, 2])).tolist()
    ([0, 1, -1], [0, 1, 1])
    """
    family, k, n_levels = estimate.rule, estimate.X.shape[1], len(estimate.levels)
    at = np.searchsorted(present, np.arange(n_levels - 1), side="right") - 1  # levels up to a cut, less one
    if family.cuts:
        cuts = np.where((at >= 0) & (at < present.size - 1), k + at, -1)
        return np.concatenate([np.arange(k), cuts])
    if present[0] > 0:
        return np.full(estimate.beta.size, -1)
    classes = np.searchsorted(present, np.arange(1, n_levels))
    gone = ~np.isin(np.arange(1, n_levels), present)
    places = (classes[:, None] - 1) * k + np.arange(k)
    places[gone] = -1
    return places.ravel()

"""Separation: labels that some columns tell apart perfectly, so that no finite estimate exists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.clusters import Floats
from honestsignals.inference.families import FAMILIES, Family, predictors
from honestsignals.inference.words import named

LOGIT = FAMILIES["logit"]

FIRST_ROWS = 2_000
"""Rows of the first programme, and rows added each time; only the time taken depends on it."""

SLACK = 1e-7
"""A margin below zero by this share of the largest is rounding of the solver, whose own tolerance is 1e-9."""


def separating_direction(X: Floats, y: Floats, family: Family = LOGIT) -> Floats | None:
    r"""Coefficients along which the likelihood rises for ever, or None where there are none.

    A linear programme: :math:`\min \sum_j |b_j|` over :math:`c_r^\top b \ge 0` for every margin,
    :math:`\sum_r c_r^\top b \ge 1`. Margins of a binary label are :math:`(2 y_r - 1) x_r`; of a count
    :math:`-x_r` where it is 0 and :math:`\pm x_r` elsewhere; of an ordered label the cut above less
    :math:`x_r` and :math:`x_r` less the cut below; of a class its predictor less every other's. The programme
    has a solution where the labels are separated, completely or quasi-completely, and only there; the
    smallest sum names few columns. It is solved on a few margins, and those that its answer breaks are added
    until none is left: exact, and fast.

    Parameters
    ----------
    X : ndarray, shape (n, k)
        Design of full rank.
    y : ndarray, shape (n,)
        Labels, or levels as 0 … L − 1.
    family : Family

    Returns
    -------
    ndarray, shape (k,), or None
        How much of each column the direction has, in units of columns scaled to 1 (0 where it plays no part).

    References
    ----------
    albert1984, konis2007, correia2019

    Examples
    --------
    >>> X = np.column_stack([np.ones(4), [1.0, 2.0, 3.0, 4.0]])
    >>> separating_direction(X, np.array([0.0, 0.0, 1.0, 1.0])) is None
    False
    >>> separating_direction(X, np.array([0.0, 1.0, 0.0, 1.0])) is None
    True
    """
    constant = np.ptp(X, axis=0) == 0
    # With a constant in the design, centring moves no separating plane and keeps the programme well scaled.
    centred = constant.any() or family.cuts
    Z = X - np.where(constant, 0.0, X.mean(axis=0)) if centred else X
    n_levels = int(y.max()) + 1 if family.levels else 0
    margins = margins_of(family, Z / np.abs(Z).max(axis=0), y, n_levels)
    k, p = X.shape[1], margins.shape[1]
    # the constant and the cut points are free of cost, since they are never what separates
    free = np.concatenate([np.tile(constant, p // k), np.ones(p % k)]) if family.classes else np.ones(p)
    free[:k] = constant
    direction = direction_of(margins, free.astype(bool))
    if direction is None or not family.classes:
        return None if direction is None else direction[:k]
    part: Floats = np.abs(direction).reshape(-1, k).max(axis=0)
    return part


def margins_of(family: Family, Z: Floats, y: Floats, n_levels: int) -> Floats:
    """What must not fall for any row along a direction in which the likelihood rises for ever."""
    if family.label == "count":
        return np.vstack([-Z, Z[y > 0]])
    if not family.levels:
        return (2.0 * y - 1.0)[:, None] * Z
    rows = predictors(family, Z, y, n_levels)
    codes = y.astype(int)
    if family.cuts:
        return np.vstack([rows[codes < n_levels - 1, 0], -rows[codes > 0, 1]])
    whole = np.concatenate([np.zeros_like(rows[:, :1]), rows], axis=1)
    own = whole[np.arange(y.size), codes]
    return np.vstack([(own - whole[:, other])[codes != other] for other in range(n_levels)])


def direction_of(margins: Floats, free: NDArray[np.bool_]) -> Floats | None:
    """The smallest direction along which no margin falls and some rise, or None where there is none.

    Parameters
    ----------
    margins : ndarray, shape (q, p)
    free : ndarray of bool, shape (p,)
        Coefficients that cost nothing.

    Returns
    -------
    ndarray, shape (p,), or None

    Examples
    --------
    >>> direction_of(np.array([[1.0, 2.0], [-1.0, 2.0]]), np.zeros(2, dtype=bool)).tolist()
    [0.0, 1.0]
    >>> direction_of(np.array([[1.0, 2.0], [-1.0, -2.0]]), np.zeros(2, dtype=bool)) is None
    True
    """
    return _direction(np.unique(margins, axis=0), margins.mean(axis=0), free)


def _direction(margins: Floats, total: Floats, free: NDArray[np.bool_]) -> Floats | None:
    """The smallest direction that breaks no margin, found on a growing set of them."""
    working = np.unique(np.linspace(0, margins.shape[0] - 1, FIRST_ROWS).astype(int))
    while True:
        direction = smallest_direction(margins[working], total, free)
        if direction is None:
            return None
        margin = margins @ direction
        broken = np.flatnonzero(margin < -SLACK * margin.max())
        added = np.setdiff1d(broken[np.argsort(margin[broken])][:FIRST_ROWS], working)
        if added.size == 0:
            return direction if broken.size == 0 else None
        working = np.union1d(working, added)


def smallest_direction(margins: Floats, total: Floats, free: NDArray[np.bool_]) -> Floats | None:
    """Direction of smallest absolute sum that breaks none of ``margins``; None where there is none."""
    from scipy.optimize import linprog

    if not np.any(total):
        return None
    # b = p − q with p, q ≥ 0
    cost = np.tile(np.where(free, 0.0, 1.0), 2)
    rows = np.vstack([margins, total / np.abs(total).max()])
    bound = np.zeros(rows.shape[0])
    bound[-1] = -1.0
    solved = linprog(
        cost,
        A_ub=-np.hstack([rows, -rows]),
        b_ub=bound,
        method="highs",
        options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
    )
    if solved.status != 0:
        return None
    p = total.size
    solution = np.asarray(solved.x, dtype=float)
    direction: Floats = solution[:p] - solution[p:]
    return direction / np.abs(direction).max()


def separation_message(
    X: Floats, y: Floats, names: Sequence[str], direction: Floats, family: Family = LOGIT
) -> str:
    """What separates the labels, in words.

    Parameters
    ----------
    X : ndarray, shape (n, k)
    y : ndarray, shape (n,)
    names : sequence of str
        Columns of ``X``.
    direction : ndarray, shape (k,)
        What `separating_direction` found.
    family : Family

    Returns
    -------
    str

    Examples
    --------
    >>> X = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]])
    >>> y = np.array([0.0, 0.0, 1.0, 0.0])
    >>> print(separation_message(X, y, ["Intercept", "in_contact"], separating_direction(X, y)))
    The label is separated by 'in_contact': its coefficient has no finite estimate. Every row where
    'in_contact' is 0 has the label 0.
    """
    varies = np.ptp(X, axis=0) > 0
    carrying: list[int] = np.flatnonzero((np.abs(direction) > 1e-6) & varies).tolist()
    words = [names[column] for column in carrying]
    whose = "its coefficient has" if len(words) == 1 else "their coefficients have"
    message = f"The label is separated by {named(words)}: {whose} no finite estimate."
    if len(words) != 1 or family.levels:
        return message
    values = X[:, carrying[0]]
    levels = np.unique(values)
    if levels.size > 2:
        return message
    pure = [(level, y[values == level]) for level in levels]
    told = [
        f"Every row where '{words[0]}' is {level:g} has the label {labels[0]:g}."
        for level, labels in pure
        if np.ptp(labels) == 0
    ]
    return " ".join([message, *told])

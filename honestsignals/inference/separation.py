"""Separation: labels that some columns tell apart perfectly, so that no finite estimate exists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from honestsignals.inference.clusters import Floats
from honestsignals.inference.words import named

FIRST_ROWS = 2_000
"""Rows of the first programme, and rows added each time; only the time taken depends on it."""

SLACK = 1e-7
"""A margin below zero by this share of the largest is rounding of the solver, whose own tolerance is 1e-9."""


def separating_direction(X: Floats, y: Floats, eta: Floats | None = None) -> Floats | None:
    r"""Coefficients along which the likelihood rises for ever, or None where there are none.

    A linear programme: :math:`\min \sum_j |b_j|` over :math:`s_r x_r^\top b \ge 0` for every row,
    :math:`\sum_r s_r x_r^\top b \ge 1`, with :math:`s_r = 2 y_r - 1`. It has a solution where the labels are
    separated, completely or quasi-completely, and only there; the smallest sum names few columns. It is
    solved on a few rows, and rows that its answer breaks are added until none is left: exact, and fast.

    Parameters
    ----------
    X : ndarray, shape (n, k)
        Design of full rank.
    y : ndarray, shape (n,)
        Labels, 0 or 1.
    eta : ndarray, shape (n,), optional
        Linear predictor where a fit stopped: rows that it gets most wrong are tried first.

    Returns
    -------
    ndarray, shape (k,), or None
        The direction in units of columns scaled to 1 (0 where a column plays no part).

    References
    ----------
    albert1984, konis2007

    Examples
    --------
    >>> X = np.column_stack([np.ones(4), [1.0, 2.0, 3.0, 4.0]])
    >>> separating_direction(X, np.array([0.0, 0.0, 1.0, 1.0])) is None
    False
    >>> separating_direction(X, np.array([0.0, 1.0, 0.0, 1.0])) is None
    True
    """
    sign = 2.0 * y - 1.0
    constant = np.ptp(X, axis=0) == 0
    # With a constant in the design, centring moves no separating plane and keeps the programme well scaled.
    Z = X - np.where(constant, 0.0, X.mean(axis=0)) if constant.any() else X
    signed = sign[:, None] * (Z / np.abs(Z).max(axis=0))
    order = np.arange(y.size) if eta is None else np.argsort(sign * eta, kind="stable")
    distinct = np.unique(signed[order], axis=0, return_index=True)[1]
    signed, total = signed[order][np.sort(distinct)], signed.mean(axis=0)
    working = np.arange(min(FIRST_ROWS, signed.shape[0]))
    while True:
        direction = _smallest(signed[working], total, constant)
        if direction is None:
            return None
        margin = signed @ direction
        broken = np.flatnonzero(margin < -SLACK * margin.max())
        added = np.setdiff1d(broken[np.argsort(margin[broken])][:FIRST_ROWS], working)
        if added.size == 0:
            return direction if broken.size == 0 else None
        working = np.union1d(working, added)


def _smallest(signed: Floats, total: Floats, constant: np.ndarray) -> Floats | None:
    """Direction of smallest absolute sum that breaks no row of ``signed``; None where there is none."""
    from scipy.optimize import linprog

    # b = p − q with p, q ≥ 0; the constant is free of cost, since it is never what separates.
    cost = np.tile(np.where(constant, 0.0, 1.0), 2)
    rows = np.vstack([signed, total / np.abs(total).max()]) if np.any(total) else None
    if rows is None:
        return None
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
    k = total.size
    solution = np.asarray(solved.x, dtype=float)
    direction: Floats = solution[:k] - solution[k:]
    return direction / np.abs(direction).max()


def separation_message(X: Floats, y: Floats, names: Sequence[str], direction: Floats) -> str:
    """What separates the labels, in words.

    Parameters
    ----------
    X : ndarray, shape (n, k)
    y : ndarray, shape (n,)
    names : sequence of str
        Columns of ``X``.
    direction : ndarray, shape (k,)
        What `separating_direction` found.

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
    if len(words) != 1:
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

"""Columns of a design that say the same, found and named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from honestsignals.inference.clusters import Floats
from honestsignals.inference.words import named

COLLINEAR = 1e-8
"""Share of a column that the others leave unexplained below which X'X is singular in double precision: √ε."""


def dependent_columns(X: NDArray[Any], names: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Columns that equal a combination of others, each with those others.

    Found by a pivoted QR of columns scaled to unit norm; told in the order of the columns, so that the later
    column is the dependent one. A constant column beside an earlier constant one comes with no others.

    Parameters
    ----------
    X : ndarray, shape (n, k)
    names : sequence of str
        Columns of ``X``.

    Returns
    -------
    list of (str, tuple of str)
        Empty where the design has full rank.

    Examples
    --------
    >>> given, received = np.array([1.0, 2.0, 4.0]), np.array([3.0, 1.0, 1.0])
    >>> X = np.column_stack([given, received, given + received])
    >>> dependent_columns(X, ["given", "received", "total"])
    [('total', ('given', 'received'))]
    """
    X = np.asarray(X, dtype=float)
    norms = np.linalg.norm(X, axis=0)
    return dependent_in(X / np.where(norms > 0, norms, 1.0), np.ptp(X, axis=0) == 0, names)


def dependent_in(
    Z: Floats, constant: NDArray[np.bool_], names: Sequence[str]
) -> list[tuple[str, tuple[str, ...]]]:
    """The same of columns of unit norm, or of others with their lengths and angles.

    Parameters
    ----------
    Z : ndarray, shape (n, k)
        Columns of norm 1, or 0; the triangle of their QR says as much.
    constant : ndarray of bool, shape (k,)
        Which of them are the same in every row.
    names : sequence of str

    Returns
    -------
    list of (str, tuple of str)

    Examples
    --------
    >>> dependent_in(np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([True, False]), ["Intercept", "x"])
    [('x', ('Intercept',))]
    """
    norms = np.linalg.norm(Z, axis=0)
    triangle, order = qr(Z, mode="r", pivoting=True)
    triangle = triangle[: Z.shape[1]]
    if norms.all() and np.abs(np.diag(triangle)).min() > COLLINEAR and Z.shape[0] >= Z.shape[1]:
        return []
    columns = np.empty_like(triangle)
    columns[:, order] = triangle  # the same lengths and angles as Z's columns, in k rows
    kept: list[int] = []
    found: list[tuple[str, tuple[str, ...]]] = []
    for j in np.argsort(~_intercept(constant, norms, names), kind="stable").tolist():
        shares = np.linalg.lstsq(columns[:, kept], columns[:, j], rcond=None)[0]
        rest = np.linalg.norm(columns[:, j] - columns[:, kept] @ shares)
        if norms[j] > 0 and rest > COLLINEAR:
            kept.append(j)
            continue
        others = (
            () if constant[j] else tuple(names[i] for i, c in zip(kept, shares, strict=True) if abs(c) > 1e-6)
        )
        found.append((names[j], others))
    return found


def _intercept(constant: NDArray[np.bool_], norms: Floats, names: Sequence[str]) -> NDArray[np.bool_]:
    """Which constant column is the intercept: the one with that name, else the first."""
    candidates = np.flatnonzero(constant & (norms > 0))
    chosen = np.zeros(constant.size, dtype=bool)
    usual = ("intercept", "const", "1")
    by_name = [j for j in candidates.tolist() if names[j].strip("()").casefold() in usual]
    if candidates.size:
        chosen[by_name[0] if by_name else candidates[0]] = True
    return chosen


def dependence(column: str, others: tuple[str, ...]) -> str:
    """What a dependent column is, in words.

    >>> dependence("total", ("given", "received"))
    "'total' is a combination of 'given' and 'received': leave one of them out."
    """
    if not others:
        return f"'{column}' is the same in every row: leave it out."
    relation = "a multiple" if len(others) == 1 else "a combination"
    return f"'{column}' is {relation} of {named(others)}: leave one of them out."

"""Exact refits after people changed places, where most rows are alike: pairs without any contact, say.

Rows that have the same values in every column, and keep them after a permutation, differ in nothing but
their label: one weighted row for each label stands for all of them. What is left is a few thousand rows of
hundreds of thousands, and the estimate is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.permutation_linear import Basis, Floats, Refit, basis_of
from honestsignals.inference.permutation_newton import Codes
from honestsignals.inference.permutation_refits import FAMILIES, Batch, products_of, wald_of

ENOUGH = 0.8
"""Share of rows alike from which on it pays to bring them together."""
MANY = 5_000
"""Rows below which all draws of a batch at once are as fast."""


def alike_rows(X: Floats) -> NDArray[np.bool_] | None:
    """Rows that are as most rows are, in every column; None where they are too few to matter.

    Parameters
    ----------
    X : ndarray, shape (n, p)

    Returns
    -------
    ndarray of bool, shape (n,), or None

    Examples
    --------
    >>> X = np.zeros((6_000, 2))
    >>> X[:9] = 1.0
    >>> int(alike_rows(X).sum()), alike_rows(X[:100]) is None
    (5991, True)
    """
    if len(X) < MANY:
        return None
    found = np.ones(len(X), dtype=bool)
    for column in X.T:
        values, counts = np.unique(column[found], return_counts=True)
        found &= column == values[counts.argmax()]
    return found if found.mean() >= ENOUGH else None


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a design, those alike brought together by label.

    Attributes
    ----------
    alike : ndarray of bool, shape (n + 1,)
        Whether a row is as most are; the last stands for a missing one.
    like : ndarray of int, shape (v,)
        One of the rows alike for each label.
    counts : ndarray, shape (v,)
        How many rows alike have each label.
    label : ndarray of int, shape (n,)
        Which label a row has.
    """

    alike: NDArray[np.bool_]
    like: Codes
    counts: Floats
    label: Codes

    @classmethod
    def of(cls, alike: NDArray[np.bool_], y: Floats) -> Rows:
        """Rows of a design, by whether they are alike."""
        values, label = np.unique(y, return_inverse=True)
        counts = np.bincount(label[alike], minlength=len(values)).astype(float)
        places = np.flatnonzero(alike)
        like = np.array([places[np.argmax(label[places] == one)] for one in range(len(values))])
        return cls(np.append(alike, False), like, counts, label)

    def kept(self, rows: Codes | None = None) -> tuple[Codes, Codes, Floats]:
        """Rows that stand for all of a draw, and how many each stands for.

        Parameters
        ----------
        rows : ndarray of int, shape (n,), or None
            Row whose value each gets, n where that is missing; None for its own.

        Returns
        -------
        kept : ndarray of int
        source : ndarray of int
            Row whose value each of these gets.
        weight : ndarray
        """
        n = self.label.size
        whole = self.alike[:n]
        still = whole if rows is None else whole & self.alike[rows]
        own = np.flatnonzero(~still)
        counts = self.counts - np.bincount(self.label[own[whole[own]]], minlength=self.counts.size)
        if rows is not None:
            own = own[rows[own] < n]
        there = counts > 0
        # the row that stands for many may itself have met another: those it stands for have not
        source = np.append(own if rows is None else rows[own], self.like[there])
        return np.append(own, self.like[there]), source, np.append(np.ones(own.size), counts[there])


def semi_partial(X: Floats, y: Floats, places: list[int], family: str, alike: NDArray[np.bool_]) -> Refit:
    """Refits of y on a column's permuted residual beside the other columns, rows alike brought together.

    Parameters
    ----------
    X : ndarray, shape (n, p)
    y : ndarray, shape (n,)
    places : list of int
        Columns that are tested.
    family : {"logit", "probit", "poisson"}
    alike : ndarray of bool, shape (n,)
        Rows of one value in every column.

    Returns
    -------
    callable
        Rows after permutations to z statistics and coefficients, as of ``permutation_refits.semi_partial``.

    Examples
    --------
    >>> X = np.column_stack([np.ones(8), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0]])
    >>> y = np.array([0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0])
    >>> refit = semi_partial(X, y, [1], "logit", np.arange(8) < 5)
    >>> [each.round(4).tolist() for each in refit(np.arange(8)[None, :])]
    [[[1.0846]], [[0.8207]]]
    """
    basis, root = basis_of(X, places), np.sqrt(len(y))
    rows_of = Rows.of(alike, y)
    scale = basis.length / root
    one = rows_of.like[0]
    # rows alike have one residual and one place in the basis, but for rounding
    values, Q = basis.residuals / scale[:, None], basis.Q * root
    values[:, alike], Q[alike] = values[:, [one]], Q[one]
    first, _, weight = rows_of.kept()
    parts = [_part(basis, (y, first, weight), j, family) for j in range(len(places))]

    def refit(orders: NDArray[Any]) -> tuple[Floats, Floats]:
        z, beta = np.empty((2, len(orders), len(places)))
        for draw, rows in enumerate(orders):
            kept, source, count = rows_of.kept(rows)
            shared, label, moved = Q[kept], y[kept], values[:, source]
            for j, (others, at) in enumerate(parts):
                fixed, own = shared @ others, moved[j][None, :]
                batch = Batch(FAMILIES[family], fixed, products_of(fixed), label, own, count[None, :])
                found = batch.refits(np.append(at, 0.0)[None, :])
                z[draw, [j]], slope = wald_of(found, own, fixed)
                beta[draw, [j]] = slope / scale[j]
        return z, beta

    return refit


def _part(basis: Basis, rows: tuple[Floats, Codes, Floats], place: int, family: str) -> tuple[Floats, Floats]:
    """Coordinates of the other columns, and their coefficients without the one."""
    y, first, weight = rows
    others = basis.others(place)
    fixed = (basis.Q[first] @ others) * np.sqrt(len(y))
    batch = Batch(FAMILIES[family], fixed, products_of(fixed), y[first], None, weight[None, :])
    return others, batch.refits(np.zeros((1, fixed.shape[1]))).beta[0]

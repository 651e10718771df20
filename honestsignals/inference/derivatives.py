"""Derivatives of a design in one of the columns that it is made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.clusters import Floats

FIRST, FINER, ROUNDS = 2.0**-10, 4.3, 20
"""The widest step as a share of the range; by how much the next is finer, no divisor of a grid; how often."""

FLOOR = 2.0**-36
"""Of |x|: a finer step has too few digits left."""

AGREE, ROUNDING = 1e-9, 4 * float(np.finfo(float).eps)
"""Share of a slope to which two steps must agree; and what of a value is rounding."""

STEEP, APART, NEAR = 1e3, 0.1, 1e-6
"""A slope of a thousand ranges a range, a tenth of it between two steps, none that agreed: not smooth."""


def derivative(
    x: Floats, columns: Floats, move: Callable[[Floats], Floats], ends: tuple[float, float], reach: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    r"""Derivative of a design in one column, row by row, and the rows where there is none.

    Three points a row, :math:`x - h, x, x + h`; at an end of the range :math:`x` and two points within, so
    that neither a spline nor a root is asked about what lies outside. The step begins at a thousandth of the
    range and becomes finer, row by row, until two steps agree to a share of 10⁻⁹ or to rounding, extrapolated
    to h = 0 (Richardson): a long tail leaves nothing of a logarithm's bend at its other end. Columns that are
    linear or quadratic in x are exact up to rounding, and no unit shows in the result.

    Parameters
    ----------
    x : ndarray, shape (n,)
        The column.
    columns : ndarray, shape (n, k)
        The design at x.
    move : callable
        Other values of the column, (n,), to the design there, (n, k).
    ends : tuple of float
        Lowest and highest value that the design was fitted to.
    reach : ndarray, shape (k,)
        From the lowest to the highest value of each of its columns there.

    Returns
    -------
    dX : ndarray, shape (n, k)
    broken : ndarray of bool, shape (n,)
        Rows where some column jumps, or rises without bound.

    Examples
    --------
    >>> x = np.array([0.0, 1.0, 3.0])
    >>> square = lambda x: x[:, None] ** 2
    >>> derivative(x, square(x), square, (0.0, 3.0), np.array([9.0]))[0].round(6).ravel().tolist()
    [0.0, 2.0, 6.0]
    """
    low, high = ends
    span = high - low
    if not span > 0:
        return np.full_like(columns, np.nan), np.ones(x.size, dtype=bool)
    scale = np.where(reach > 0, reach, 1.0) / span
    best, error = np.zeros_like(columns), np.full_like(columns, np.inf)
    fine = np.zeros_like(columns)
    going, broken = np.ones(x.size, dtype=bool), np.zeros(x.size, dtype=bool)
    h = np.maximum(FIRST * span, FLOOR * np.abs(x))
    wide, place = _slopes(x, columns, move, ends, np.where(going, h, 0.0))
    for _ in range(ROUNDS):
        finer = np.maximum(h / FINER, FLOOR * np.abs(x))
        going &= finer < h
        if not going.any():
            break
        fine, there = _slopes(x, columns, move, ends, np.where(going, finer, 0.0))
        apart = np.abs(fine - wide)
        # of one scheme at both steps the error is of second order, and most of it can be taken away
        ratio = ((h / finer) ** 2 - 1)[:, None]
        further = np.where((place == there)[:, None], fine + (fine - wide) / np.maximum(ratio, 1.0), fine)
        better = going[:, None] & (apart < error)
        best, error = np.where(better, further, best), np.where(better, apart, error)
        size = np.maximum(np.abs(fine), np.abs(wide))
        noise = ROUNDING * (np.abs(columns) + np.abs(x)[:, None] * size) / finer[:, None]
        steep = np.any((size > STEEP * scale) & (apart > APART * size), axis=1)
        missed = np.any(error > NEAR * np.maximum(np.abs(best), scale), axis=1)
        broken = np.where(going, steep & missed, broken)
        done = (apart <= AGREE * size * ratio + noise).all(axis=1)
        going &= ~done
        h, wide, place = np.where(going, finer, h), fine, there
    return best, broken


def _slopes(
    x: Floats, columns: Floats, move: Callable[[Floats], Floats], ends: tuple[float, float], h: Floats
) -> tuple[Floats, NDArray[np.int64]]:
    """Slopes from three points a row, and where these lie: within, above or below x. 0 where h is 0."""
    low, high = ends
    up, down = x - h < low, x + h > high
    first = np.where(up | ~down, x + h, x - h)
    second = np.where(up, x + 2 * h, np.where(down, x - 2 * h, x - h))
    a, b = (first - x)[:, None], (second - x)[:, None]
    one, two = move(first) - columns, move(second) - columns
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = one * (b / (a * (b - a))) + two * (a / (b * (a - b)))
    return np.where((h > 0)[:, None], slope, 0.0), np.where(up, 1, np.where(down, -1, 0))

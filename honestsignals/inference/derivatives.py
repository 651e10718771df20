"""Derivatives of a design in one of the columns that it is made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.clusters import Floats

STEP, FINEST = 1e-5, 1e-3
"""About the cube root of the rounding error, where its share and that of the curvature are alike."""

STEEP, APART = 1e3, 0.1
"""A slope of a thousand ranges a range, and a tenth of it between two neighbours: no smooth column is so."""


def derivative(
    x: Floats, columns: Floats, move: Callable[[Floats], Floats], ends: tuple[float, float], reach: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    r"""Derivative of a design in one column, row by row, and the rows where there is none.

    Three points a row: :math:`x - h, x, x + h` with h = 10⁻⁵ |x|, at least 10⁻⁸ and at most 10⁻⁵ of the
    column's range; at an end of the range :math:`x` and two points within, so that neither a spline nor a
    root is asked about what lies outside. Second order in h: columns that are linear or quadratic in x are
    exact up to rounding, and no unit shows in the result.

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
    h = STEP * np.clip(np.abs(x), FINEST * span, span)
    up, down = np.where(x - h < low, 1.0, 0.0), np.where(x + h > high, 1.0, 0.0)
    first = np.where(up > 0, x + h, x - h)
    second = np.where(up > 0, x + 2 * h, np.where(down > 0, x - 2 * h, x + h))
    a, b = (first - x)[:, None], (second - x)[:, None]
    one, two = move(first) - columns, move(second) - columns
    dX = one * (b / (a * (b - a))) + two * (a / (b * (a - b)))
    # a smooth column's slopes to both points agree; where it jumps they are steep and differ
    scale = span / np.where(reach > 0, reach, 1.0)
    steep = np.maximum(np.abs(one / a), np.abs(two / b)) * scale > STEEP
    apart = np.abs(one / a - two / b) > APART * np.maximum(np.abs(one / a), np.abs(two / b))
    return dX, np.any(steep & apart, axis=1)

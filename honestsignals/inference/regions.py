"""Where along a moderator a slope can be told from 0, and bands that hold for all of its values at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import chdtri, fdtri

from honestsignals.errors import ArgumentError, check_level
from honestsignals.inference.clusters import Floats

MANY = 1e9
"""Degrees of freedom that are as good as without end."""
CLOSE = 1e-5
"""Share of a step within which an end of a region is found."""


class Region(NamedTuple):
    """Values between which a slope's interval lies on one side of 0.

    Attributes
    ----------
    start, end : float
        Within what was looked at.
    sign : int
        1 where the slope is above 0, -1 where it is below.
    """

    start: float
    end: float
    sign: int


def regions(
    at: Floats, bounds: tuple[Floats, Floats], ends: Callable[[float], tuple[float, float]]
) -> list[Region]:
    """Where an interval, as it changes with a value, does not hold 0 (Johnson and Neyman).

    Parameters
    ----------
    at : ndarray, shape (m,)
        Rising values at which the interval was computed.
    bounds : tuple of ndarray, shape (m,)
        Its lower and its upper end there; NaN where there is none, which is in no region.
    ends : callable
        ``ends(value)`` is the interval at any value between.

    Returns
    -------
    list of Region
        In order; regions narrower than the steps of ``at`` may be missed.

    References
    ----------
    bauer2005

    Examples
    --------
    >>> def ends(x):
    ...     return x - 1.0, x + 1.0
    >>> at = np.linspace(-3, 3, 7)
    >>> [(round(one.start, 4), round(one.end, 4), one.sign) for one in regions(at, ends(at), ends)]
    [(-3.0, -1.0, -1), (1.0, 3.0, 1)]
    """
    at = np.asarray(at, dtype=float)
    if at.size < 2 or not (np.diff(at) > 0).all():
        raise ArgumentError(f"Regions are sought among rising values, two or more; got {at.size}.")
    found = []
    for sign in (-1, 1):
        edge = np.asarray(bounds[0] if sign > 0 else -bounds[1], dtype=float)
        inside = np.nan_to_num(edge, nan=-1.0) > 0
        begins = np.flatnonzero(inside & ~np.append(False, inside[:-1]))
        stops = np.flatnonzero(inside & ~np.append(inside[1:], False))
        for first, last in zip(begins, stops, strict=True):
            start = at[0] if first == 0 else _end(at[first - 1], at[first], sign, ends)
            end = at[-1] if last == at.size - 1 else _end(at[last + 1], at[last], sign, ends)
            found.append(Region(float(start), float(end), sign))
    return sorted(found)


def _end(outside: float, inside: float, sign: int, ends: Callable[[float], tuple[float, float]]) -> float:
    """Between a value outside a region and one inside: where it begins; an undefined interval is outside."""
    width = abs(inside - outside)
    while abs(inside - outside) > CLOSE * width:
        middle = (inside + outside) / 2
        low, high = ends(middle)
        if (low if sign > 0 else -high) > 0:
            inside = middle
        else:
            outside = middle
    return inside


def simultaneous_reach(df: Floats, directions: int, level: float = 0.95) -> Floats:
    r"""How many standard errors an interval reaches that holds for every combination of some coefficients.

    .. math:: \sqrt{q\, F_{q, \nu; 1 - \alpha}}

    With it a band around :math:`\beta_1 + \beta_3 m` (q = 2) covers the whole line at once, where the
    pointwise band covers each value m on its own.

    Parameters
    ----------
    df : ndarray
        ν, of each combination.
    directions : int
        q: how many of their coefficients can move apart from one another.
    level : float
        Coverage.

    Returns
    -------
    ndarray

    References
    ----------
    potthoff1964

    Examples
    --------
    >>> simultaneous_reach(np.array([30.0, 1e9]), 2).round(3).tolist()
    [2.575, 2.448]
    """
    check_level(level)
    # with this many F is the chi-square over q; its own inverse is undefined at infinity, and rough before
    reach = directions * fdtri(directions, np.minimum(df, MANY), level)
    return np.sqrt(np.where(df > MANY, chdtri(directions, 1 - level), reach))

r"""Curves that may bend: a parabola or a natural spline, where it turns, whether it rises and then falls.

Everything here is of a linear predictor, :math:`\eta(x) = \dots + s(x)^\top\theta`: where it turns, so
does the mean of a family whose mean rises with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from honestsignals.errors import FitError
from honestsignals.inference.clusters import Floats
from honestsignals.inference.ratios import fieller
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import combinations

ENDS = (0.05, 0.95)
"""Quantiles between which a curve is judged: a few rows further out must not decide where it turns."""

KNOTS = (0.05, 0.35, 0.65, 0.95)
"""Quantiles at which the pieces of a spline meet."""

GRID = 400
"""Steps of the search for the highest point of a spline."""


@dataclass(frozen=True, eq=False)
class Shape:
    """Columns that a curve is made of.

    Attributes
    ----------
    knots : tuple of float
        Where the pieces of a natural cubic spline meet; empty for a parabola.
    """

    knots: tuple[float, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What stands behind the name of x in each column's name.

        >>> Shape().names
        ('', '_squared')
        """
        if not self.knots:
            return ("", "_squared")
        return ("", *(f"_spline{place + 1}" for place in range(len(self.knots) - 2)))

    def columns(self, x: NDArray[Any]) -> Floats:
        """The columns at some x, (n, q).

        >>> Shape().columns(np.array([3.0])).tolist()
        [[3.0, 9.0]]
        """
        x = np.asarray(x, dtype=float)
        if not self.knots:
            return np.column_stack([x, x**2])
        scale = (self.knots[-1] - self.knots[0]) ** 2
        return np.column_stack([x, *(part / scale for part in self._pieces(x, 3))])

    def slopes(self, x: NDArray[Any]) -> Floats:
        """Their derivatives in x, (n, q).

        >>> Shape().slopes(np.array([3.0])).tolist()
        [[1.0, 6.0]]
        """
        x = np.asarray(x, dtype=float)
        if not self.knots:
            return np.column_stack([np.ones(x.size), 2 * x])
        scale = (self.knots[-1] - self.knots[0]) ** 2
        return np.column_stack([np.ones(x.size), *(3 * part / scale for part in self._pieces(x, 2))])

    def bends(self, x: NDArray[Any]) -> Floats:
        """Their second derivatives, (n, q).

        >>> Shape().bends(np.array([3.0])).tolist()
        [[0.0, 2.0]]
        """
        x = np.asarray(x, dtype=float)
        if not self.knots:
            return np.column_stack([np.zeros(x.size), np.full(x.size, 2.0)])
        scale = (self.knots[-1] - self.knots[0]) ** 2
        return np.column_stack([np.zeros(x.size), *(6 * part / scale for part in self._pieces(x, 1))])

    def _pieces(self, x: Floats, power: int) -> list[Floats]:
        """Truncated powers that are a line beyond the outer knots."""
        *inner, before, last = self.knots

        def above(knot: float) -> Floats:
            return np.asarray(np.maximum(x - knot, 0.0) ** power)

        width = last - before
        return [
            above(knot) - above(before) * ((last - knot) / width) + above(last) * ((before - knot) / width)
            for knot in inner
        ]


def shape_of(x: NDArray[Any], spline: bool) -> Shape:
    """A parabola, or a natural cubic spline with four knots at quantiles of x.

    Parameters
    ----------
    x : ndarray, shape (n,)
    spline : bool

    Raises
    ------
    FitError
        Where x has so few values that knots coincide.

    References
    ----------
    durrleman1989

    Examples
    --------
    >>> shape_of(np.arange(101.0), True).knots
    (5.0, 35.0, 65.0, 95.0)
    """
    if not spline:
        return Shape()
    knots = tuple(float(one) for one in np.quantile(x, KNOTS))
    if not (np.diff(knots) > 0).all():
        raise FitError(
            "Depth has so few steps that knots of a spline coincide: leave spline=False, which needs three."
        )
    return Shape(knots)


class Turning(NamedTuple):
    """Where a curve turns.

    Attributes
    ----------
    estimate, std_error, low, high : float
        NaN where it does not turn, or no interval has two ends.
    note : str
        Why something is NaN; empty otherwise.
    """

    estimate: float
    std_error: float
    low: float
    high: float
    note: str


class BothEnds(NamedTuple):
    """Slopes at both ends of what was observed, and the test that one is positive and the other negative.

    Attributes
    ----------
    x, slope, std_error, p_value : ndarray, shape (2,)
        p one-sided: of a slope that is not positive at the lower end, not negative at the upper.
    low, high : ndarray, shape (2,)
        Intervals of the slopes.
    joint : float
        The larger of the two p values: that the curve does not both rise and fall.
    """

    x: Floats
    slope: Floats
    std_error: Floats
    p_value: Floats
    low: Floats
    high: Floats
    joint: float


def both_ends(
    shape: Shape,
    fit: tuple[Floats, Covariance],
    places: tuple[int, ...],
    x: NDArray[Any],
    *,
    peak: bool = True,
    level: float = 0.95,
) -> BothEnds:
    r"""Whether a curve rises at the lower end of what was observed and falls at the upper.

    That the squared term is negative does not say so: a curve that flattens out has one too. Both slopes must
    be what a peak has, and p is the larger of the two (an intersection of two one-sided tests).

    Parameters
    ----------
    shape : Shape
    fit : tuple of (ndarray, Covariance)
        Coefficients and their errors.
    places : tuple of int
        Coefficients of the curve's columns.
    x : ndarray, shape (n,)
        As observed: the ends are its 5 % and 95 % quantiles.
    peak : bool
        Whether it should rise and then fall; else fall and then rise.
    level : float
        Of the intervals.

    Returns
    -------
    BothEnds

    References
    ----------
    lind2010, simonsohn2018

    Examples
    --------
    >>> V = Covariance("classical", np.diag([0.01, 0.01]), None, np.full(2, np.inf), ())
    >>> found = both_ends(Shape(), (np.array([0.0, -1.0]), V), (0, 1), np.linspace(-1, 1, 201))
    >>> found.slope.round(2).tolist(), bool(found.joint < 0.001)
    ([1.8, -1.8], True)
    """
    beta, covariance = fit
    at = np.quantile(x, ENDS)
    C = np.zeros((2, beta.size))
    C[:, list(places)] = shape.slopes(at)
    found = combinations(beta, covariance, C, level=level)
    sign = np.array([1.0, -1.0]) * (1.0 if peak else -1.0)
    p = stdtr(found.df, -sign * found.statistic)
    joint = float(p.max())
    return BothEnds(at, found.estimate, found.std_error, p, found.low, found.high, joint)


def turning_point(
    shape: Shape,
    fit: tuple[Floats, Covariance],
    places: tuple[int, ...],
    x: NDArray[Any],
    *,
    peak: bool = True,
    level: float = 0.95,
) -> Turning:
    r"""Where a curve turns, with its interval.

    Of a parabola :math:`bx + cx^2` that is :math:`-b / 2c`, with Fieller's interval: every x at which the
    slope :math:`b + 2cx` is not rejected to be 0. Of a spline the highest (or lowest) point between the 5 %
    and 95 % quantiles of x, with the delta method's, :math:`-s'(x)^\top d\theta / s''(x)^\top\theta`.

    Parameters
    ----------
    shape, fit, places, x, peak, level
        As in :func:`both_ends`.

    Returns
    -------
    Turning

    References
    ----------
    fieller1954

    Examples
    --------
    >>> V = Covariance("classical", np.diag([0.01, 0.01]), None, np.full(2, np.inf), ())
    >>> found = turning_point(Shape(), (np.array([1.0, -1.0]), V), (0, 1), np.linspace(-1, 1, 201))
    >>> found.estimate, round(found.low, 3), round(found.high, 3)
    (0.5, 0.377, 0.663)
    """
    beta, covariance = fit
    if shape.knots:
        return _of_spline(shape, fit, places, (np.quantile(x, ENDS), peak, level))
    b, c = beta[list(places)]
    at = float(-b / (2 * c)) if c != 0 else np.nan
    if np.isnan(at):
        return Turning(np.nan, np.nan, np.nan, np.nan, "no turning point: the curve is a line")
    words = ("the bend", "the slope at the turning point")
    low, high, note = fieller(beta, covariance, (places[1], places[0]), level, words)
    error = _delta(shape, fit, places, at)
    return Turning(at, error, -high / 2, -low / 2, note)


def _of_spline(
    shape: Shape,
    fit: tuple[Floats, Covariance],
    places: tuple[int, ...],
    how: tuple[Floats, bool, float],
) -> Turning:
    (low, high), peak, level = how
    theta = fit[0][list(places)] * (1.0 if peak else -1.0)
    grid = np.linspace(low, high, GRID + 1)
    top = int(np.argmax(shape.columns(grid) @ theta))
    if top in (0, GRID):
        what = "highest" if peak else "lowest"
        where = "shallow" if top == 0 else "deep"
        return Turning(
            np.nan, np.nan, np.nan, np.nan, f"no turning point: the curve is {what} at its {where} end"
        )
    at = _root(shape, theta, grid[top - 1], grid[top + 1])
    C = np.zeros((1, fit[0].size))
    C[0, list(places)] = -shape.slopes(np.array([at]))[0] / (
        shape.bends(np.array([at])) @ fit[0][list(places)]
    )
    one = combinations(*fit, C, np.array([float(C[0] @ fit[0]) - at]), level)
    return Turning(at, float(one.std_error[0]), float(one.low[0]), float(one.high[0]), "")


def _root(shape: Shape, theta: Floats, low: float, high: float) -> float:
    """Where the slope is 0, between two points at which it has different signs."""
    from scipy.optimize import brentq

    return float(brentq(lambda one: float((shape.slopes(np.array([one])) @ theta)[0]), low, high))


def _delta(shape: Shape, fit: tuple[Floats, Covariance], places: tuple[int, ...], at: float) -> float:
    """Standard error of a turning point by the delta method."""
    C = np.zeros((1, fit[0].size))
    bend = float((shape.bends(np.array([at])) @ fit[0][list(places)])[0])
    C[0, list(places)] = -shape.slopes(np.array([at]))[0] / bend
    return float(combinations(*fit, C).std_error[0])

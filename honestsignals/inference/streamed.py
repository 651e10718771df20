r"""Estimates of a regression whose rows come in parts: sums over passes, and no row is kept.

Everything is computed in units :math:`Z = X R^{-1} \sqrt n` in which columns are orthogonal and of mean
square 1. R is the triangle of the QR of all rows, found part by part: it has the digits of the design, not of
its square.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from honestsignals.errors import FitError
from honestsignals.inference.clusters import Codes, Floats
from honestsignals.inference.collinearity import dependent_in
from honestsignals.inference.estimate_checks import (
    VAST,
    check_label,
    check_residual,
    check_values,
    refuse_dependent,
    refuse_few,
)
from honestsignals.inference.estimators import LARGE_ETA
from honestsignals.inference.families import Family, rows_of
from honestsignals.inference.newton import MOST_STEPS, Problem, solve
from honestsignals.inference.streamed_separation import Bounds, separating_words
from honestsignals.inference.variance import inverse_root

FIRST_ROWS = 100_000
"""Rows of the first part that tell where to start."""

SLOW_STEPS = 12
"""Newton takes fewer where there is an end: after so many it is asked whether labels are separated."""

LAST_STEP = 1e-13
"""A step this small, relative to the coefficients, is the last: what it changes of the Hessian is no more."""


class Rows(NamedTuple):
    """A part of the rows: whole pairs, each in one part only.

    X (m, k), y and weights (m,), and codes of ego and alter (m,), one whole number a person.
    """

    X: Floats
    y: Floats
    weights: Floats
    ego: Codes
    alter: Codes


Passes = Callable[[], Iterator[Rows]]
"""Begins a pass over all rows, part by part, in the same order each time."""


@dataclass(frozen=True, eq=False)
class Summary:
    """What one pass tells of the rows.

    Attributes
    ----------
    n : int
    bounds : Bounds
        Least, largest and mean of each column.
    triangle : ndarray, shape (k, k)
        R of the QR of all rows.
    label : tuple of float
        The least and the largest.
    odd : tuple of float
        The least label that is neither 0 nor 1, and that is no count; NaN where there is none.
    events : int
        Rows whose label is above 0.
    label_norm : float
    total, label_total, log_weights : float
        Σ w, Σ w y, Σ log w.
    weight_range : tuple of float
    label_sum : float
        Σ y.
    """

    n: int
    bounds: Bounds
    triangle: Floats
    label: tuple[float, float]
    odd: tuple[float, float]
    events: int
    label_norm: float
    total: float
    label_total: float
    log_weights: float
    weight_range: tuple[float, float]
    label_sum: float

    @property
    def norms(self) -> Floats:
        """Of the columns."""
        return np.asarray(np.linalg.norm(self.triangle, axis=0))

    @property
    def basis(self) -> Floats:
        """The units: columns of X times this are orthogonal, of mean square 1."""
        inverse = solve_triangular(self.triangle / self.norms, np.eye(self.norms.size))
        return np.asarray(inverse / self.norms[:, None] * np.sqrt(self.n))


def summarise(passes: Passes, k: int) -> Summary:
    """One pass over the rows.

    Parameters
    ----------
    passes : callable
    k : int
        Columns.

    Returns
    -------
    Summary

    Examples
    --------
    >>> X, one = np.array([[1.0, 0.0], [1.0, 2.0]]), np.ones(2)
    >>> part = Rows(X, np.array([0.0, 1.0]), one, np.array([0, 1]), np.array([1, 2]))
    >>> found = summarise(lambda: iter([part]), 2)
    >>> found.n, found.bounds.mean.tolist(), (found.triangle.T @ found.triangle).round(12).tolist()
    (2, [1.0, 1.0], [[2.0, 2.0], [2.0, 4.0]])
    """
    n, events, odd = 0, 0, (np.nan, np.nan)
    triangle, sums = np.zeros((0, k)), np.zeros(5 + k)
    low, high = np.full(k + 2, np.inf), np.full(k + 2, -np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        for X, y, w, _, _ in passes():
            if not y.size:
                continue
            n, events = n + y.size, events + int((y > 0).sum())
            data = (*X.T, y, w)
            low = np.minimum(low, [one.min() for one in data])
            high = np.maximum(high, [one.max() for one in data])
            sums += [y @ y, w.sum(), w @ y, np.log(w).sum(), y.sum(), *X.sum(axis=0)]
            odd = _least(odd[0], y[(y != 0) & (y != 1)]), _least(odd[1], y[(y < 0) | (y != np.round(y))])
            if max(high[:k].max(), -low[:k].min()) <= VAST:
                triangle = np.asarray(np.linalg.qr(np.vstack([triangle, X]), mode="r"))
    bounds = Bounds(low[:k], high[:k], sums[5:] / max(n, 1))
    return Summary(
        n=n,
        bounds=bounds,
        triangle=triangle,
        label=(float(low[k]), float(high[k])),
        odd=odd,
        events=events,
        label_norm=float(np.sqrt(sums[0])),
        total=float(sums[1]),
        label_total=float(sums[2]),
        log_weights=float(sums[3]),
        weight_range=(float(low[k + 1]), float(high[k + 1])),
        label_sum=float(sums[4]),
    )


def _least(found: float, some: Floats) -> float:
    return float(np.fmin(found, some.min())) if some.size else found


def check(summary: Summary, family: Family, names: Sequence[str]) -> None:
    """Refuse what a regression of rows in memory refuses, in the same words.

    Raises
    ------
    FitError, ArgumentError
    """
    ends, k = summary.bounds, summary.norms.size
    both = np.vstack([ends.low, ends.high])
    check_values(both, np.array(summary.label), np.array(summary.weight_range), names)
    odd = summary.odd[family.label == "count"]
    check_label(family, np.array(summary.label if np.isnan(odd) else (odd,)))
    refuse_few(summary.n, k, summary.label)
    norms = summary.norms
    Z = summary.triangle / np.where(norms > 0, norms, 1.0)
    refuse_dependent(dependent_in(Z, ends.low == ends.high, names))


@dataclass(frozen=True, eq=False)
class Solved:
    """A fit.

    Attributes
    ----------
    theta : ndarray, shape (k,)
    root : ndarray, shape (k, k)
        Units in which the Hessian is the identity.
    steps : int
    """

    theta: Floats
    root: Floats
    steps: int


class _At(NamedTuple):
    """Sums of all rows at some coefficients."""

    level: float
    score: Floats
    hessian: Floats
    reach: tuple[float, float]  # least and largest predictor
    square: float  # Σ residuals²


def solve_streamed(
    passes: Passes, family: Family, summary: Summary, names: Sequence[str], tell: Callable[[str], None]
) -> Solved:
    """Newton's method, one pass a step, from where a part of the rows has its estimate.

    Parameters
    ----------
    passes : callable
    family : Family
        With one predictor a row.
    summary : Summary
        Of rows that `check` let pass.
    names : sequence of str
    tell : callable
        Is told what is being done.

    Returns
    -------
    Solved

    Raises
    ------
    FitError
        For labels that are separated or an exact combination, and where there is no convergence.

    Examples
    --------
    >>> from honestsignals.inference.families import FAMILIES
    >>> X, one = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]]), np.ones(4, dtype=int)
    >>> part = Rows(X, np.array([1.0, 2.0, 4.0, 5.0]), np.ones(4), 0 * one, one)
    >>> def passes():
    ...     return iter([part])
    >>> told, linear = summarise(passes, 2), FAMILIES["gaussian"]
    >>> solve_streamed(passes, linear, told, ["Intercept", "acts"], print).theta.round(6).tolist()
    Step 1
    Step 2
    [0.9, 1.4]
    """
    basis = summary.basis
    theta = _start(next(passes()), family, basis)
    tell("Step 1")
    found, looked, smallest = _at(passes, family, basis, theta), False, np.inf
    for number in range(1, MOST_STEPS + 1):
        step = _step(found)
        size = np.inf if step is None else float(np.abs(step).max() / max(1.0, np.abs(theta).max()))
        done = size < LAST_STEP or (size < 1e-8 and size >= smallest / 2)
        if not looked and family.name != "gaussian" and (step is None or done or number > 4):
            # separated labels take their predictors away, a little each pass: not all of them are waited for
            # probits of separated labels go out too slowly to be waited for at all
            reach = None if step is None or number > SLOW_STEPS else found
            looked = _look(passes, family, summary, names, reach)
        if step is None:
            raise FitError(f"The {family.title} did not converge, although the label is not separated.")
        if done:
            theta = theta + step
            if family.name == "gaussian":
                check_residual(float(np.sqrt(found.square)), summary.label_norm)
            return Solved(basis @ theta, basis @ inverse_root(found.hessian), number)
        tell(f"Step {number + 1}")
        smallest = min(size, smallest)
        fraction, there = 1.0, _at(passes, family, basis, theta + step)
        while size > 1e-6 and fraction > 1e-6 and not there.level >= found.level:
            fraction /= 2
            there = _at(passes, family, basis, theta + fraction * step)
        theta, found = theta + fraction * step, there
    raise FitError(
        f"The {family.title} did not converge in {MOST_STEPS} steps, although the label is not separated."
    )


def _start(rows: Rows, family: Family, basis: Floats) -> Floats:
    """Where to start: the estimate of some rows, or 0 where they have none."""
    some = slice(0, FIRST_ROWS)
    Z, y, w = rows.X[some] @ basis, rows.y[some], rows.weights[some]
    nothing = np.zeros(basis.shape[1])
    if family.name == "gaussian" or y.size <= 10 * nothing.size:
        return nothing
    with np.errstate(all="ignore"):
        theta, converged, _ = solve(Problem(family, Z[:, None, :], y, w, 0), nothing)
        sound = converged and np.isfinite(theta).all() and np.abs(Z @ theta).max() < LARGE_ETA
    return theta if sound else nothing


def _at(passes: Passes, family: Family, basis: Floats, theta: Floats) -> _At:
    k = theta.size
    level, square, score, hessian = 0.0, 0.0, np.zeros(k), np.zeros((k, k))
    least, largest = np.inf, -np.inf
    with np.errstate(over="ignore", invalid="ignore"):
        for X, y, w, _, _ in passes():
            if not y.size:
                continue
            Z = X @ basis
            each, slope, curvature = rows_of(family, Z[:, None, :], theta, y, 0)
            level += float(w @ each)
            score += (slope[:, 0] * w) @ Z
            hessian += (Z * (curvature[:, 0, 0] * w)[:, None]).T @ Z
            eta = Z @ theta
            least, largest = min(least, float(eta.min())), max(largest, float(eta.max()))
            square += float(slope[:, 0] @ slope[:, 0])
    return _At(level, score, hessian, (least, largest), square)


def _step(found: _At) -> Floats | None:
    if not (np.isfinite(found.hessian).all() and np.isfinite(found.score).all()):
        return None
    try:
        root = inverse_root(found.hessian)
    except FitError:
        return None
    return np.asarray(root @ (root.T @ found.score))


def _look(passes: Passes, family: Family, summary: Summary, names: Sequence[str], found: _At | None) -> bool:
    """Refuse labels that are separated, where predictors are far out; whether it was looked for."""
    least, largest = (-np.inf, np.inf) if found is None else found.reach
    far = least < -LARGE_ETA if family.label == "count" else max(-least, largest) > LARGE_ETA
    if far:
        words = separating_words(
            lambda: ((rows.X, rows.y) for rows in passes()), summary.bounds, names, family
        )
        if words:
            raise FitError(words)
    return far

"""Tests of coefficients, one by one and several at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc, stdtr, stdtrit

from honestsignals.errors import ArgumentError, check_level
from honestsignals.inference.clusters import Floats
from honestsignals.inference.variance import Covariance, Whole, parts_gone, positive_form

INVERTIBLE = 1e-10
"""Smallest eigenvalue of a correlation matrix whose inverse means something in double precision."""


@dataclass(frozen=True, eq=False)
class WaldTest:
    """A joint test of coefficients.

    Attributes
    ----------
    statistic : float
        F where the degrees of freedom are finite, else W (chi-square).
    df1, df2 : float
        Of that distribution; df2 is infinite for the chi-square.
    p_value : float
    wald : float
        W itself, unscaled.
    note : str
        Why there is no test; empty where there is one.
    """

    statistic: float
    df1: float
    df2: float
    p_value: float
    wald: float
    note: str

    def __str__(self) -> str:
        """The test as papers print it.

        >>> print(WaldTest(4.635, 2, 157.26, 0.01107, 9.27, ""))
        F(2, 157.3) = 4.63, p = 0.0111
        """
        if np.isnan(self.p_value):
            return self.note
        p = "< 0.0001" if self.p_value < 0.0001 else f"= {self.p_value:.4f}"
        if np.isinf(self.df2):
            return f"χ²({self.df1:g}) = {self.statistic:.2f}, p {p}"
        return f"F({self.df1:g}, {self.df2:.1f}) = {self.statistic:.2f}, p {p}"


@dataclass(frozen=True, eq=False)
class CoefficientTests:
    """The t tests of all coefficients, and their intervals.

    Attributes
    ----------
    statistic, p_value, low, high : ndarray, shape (k,)
        NaN where the standard error is.
    """

    statistic: Floats
    p_value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Combinations:
    """Linear combinations of coefficients, one by one.

    Attributes
    ----------
    estimate, std_error, statistic, p_value, low, high, df : ndarray, shape (q,)
        NaN where the standard error is.
    """

    estimate: Floats
    std_error: Floats
    statistic: Floats
    p_value: Floats
    low: Floats
    high: Floats
    df: Floats


def wald(
    beta: NDArray[Any],
    covariance: Covariance,
    indices: Sequence[int] | None = None,
    restrictions: NDArray[Any] | None = None,
    values: NDArray[Any] | None = None,
) -> WaldTest:
    r"""Joint test that coefficients are 0, or that :math:`R\beta = r`.

    .. math:: W = (R\beta - r)^\top (R V R^\top)^{*-1} (R\beta - r)

    with the positive form of the covariance (`positive_form`). Where these coefficients together have a
    direction without a positive variance there is no test: nothing is put in the place of a variance that
    came out at 0 or below, unless the covariance has a floor. With finite degrees of freedom, ν being the
    smallest of those of the coefficients tested, :math:`W / q \sim F(q, \nu)`; otherwise W is chi-square
    with q. Of three references tried in simulation (docs/calibration.md) this one keeps its size best where
    people differ; Hotelling's scaling rejects too seldom below 60 people, the chi-square too often. Where
    people do not differ, it is cautious. With the jackknife at .05 it rejects a true hypothesis, over all
    families, in 2–7 % of studies of 30 and 60 people where people differ in what they answer, in 0–3 %
    where they do not; at 200 people in 4–6 % and 3 % (docs/calibration_families.md, calibration_large.md).

    Parameters
    ----------
    beta : ndarray, shape (k,)
    covariance : Covariance
    indices : sequence of int, optional
        Coefficients tested; or else
    restrictions : ndarray, shape (q, k), optional
        R, one contrast a row.
    values : ndarray, shape (q,), optional
        r, by default 0.

    Returns
    -------
    WaldTest
        NaN with a reason where the covariance of these coefficients has no inverse, or ν ≤ q − 1.

    Examples
    --------
    >>> V = Covariance("classical", np.eye(2), None, np.full(2, np.inf), ())
    >>> test = wald(np.array([1.0, 2.0]), V, [0, 1])
    >>> test.wald, round(test.p_value, 6)
    (5.0, 0.082085)
    """
    beta = np.asarray(beta, dtype=float)
    R = _restrictions(beta.size, indices, restrictions)
    q = R.shape[0]
    distance = R @ beta - (np.zeros(q) if values is None else np.asarray(values, dtype=float))
    tested = np.any(R != 0, axis=0)
    nu = float(covariance.df[tested].min())
    block, note = _block(covariance, R, tested)
    statistic = _quadratic(distance, block)
    if np.isnan(statistic):
        if np.isfinite(block).all():
            # a matrix that had to be made positive is singular, and so has no inverse to test with
            what = "a variance below 0" if note else "no variance that can be told from 0"
            note = f"{covariance.name} errors give some combination of these coefficients {what}"
        return WaldTest(np.nan, q, nu, np.nan, np.nan, f"no joint test: {note}")
    if nu <= q - 1:
        # fewer degrees of freedom than directions: the covariance says nothing of some of them
        reason = f"no joint test: {q} coefficients with {nu:.1f} effective degrees of freedom"
        return WaldTest(np.nan, q, nu, np.nan, statistic, reason)
    if np.isinf(nu):
        return WaldTest(statistic, q, nu, float(chdtrc(q, statistic)), statistic, "")
    return WaldTest(statistic / q, q, nu, float(fdtrc(q, nu, statistic / q)), statistic, "")


def coefficient_tests(beta: NDArray[Any], covariance: Covariance, level: float = 0.95) -> CoefficientTests:
    """The t test of each coefficient against 0, and its interval, with the covariance's degrees of freedom.

    Parameters
    ----------
    beta : ndarray, shape (k,)
    covariance : Covariance
    level : float
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    CoefficientTests

    Examples
    --------
    >>> V = Covariance("classical", np.eye(1), None, np.full(1, np.inf), ())
    >>> coefficient_tests(np.array([3.0]), V).low.round(4).tolist()
    [1.04]
    """
    return _t_tests(np.asarray(beta, dtype=float), covariance.std_error, covariance.df, level)


def combinations(
    beta: NDArray[Any],
    covariance: Covariance,
    matrix: NDArray[Any],
    values: NDArray[Any] | None = None,
    level: float = 0.95,
) -> Combinations:
    r"""T tests and intervals of linear combinations :math:`c^\top\beta - r`, each on its own.

    The variance is :math:`c^\top V c`, never below the floor's :math:`c^\top P c`; degrees of freedom are,
    with the jackknife, those of the combination itself (`person_shares`), else the least of its coefficients.

    Parameters
    ----------
    beta : ndarray, shape (k,)
    covariance : Covariance
    matrix : ndarray, shape (q, k)
        c, one a row; of something that is not linear its gradient, with what it comes to in ``values``, less
        :math:`c^\top\beta` and with the other sign.
    values : ndarray, shape (q,), optional
        r, by default 0.
    level : float
        Coverage of the intervals.

    Returns
    -------
    Combinations

    Examples
    --------
    >>> V = Covariance("classical", np.eye(2), None, np.full(2, np.inf), ())
    >>> combinations(np.array([3.0, 1.0]), V, np.array([[1.0, -1.0]])).std_error.round(4).tolist()
    [1.4142]
    """
    C = np.atleast_2d(np.asarray(matrix, dtype=float))
    if covariance.whole is None:
        variance, df = _spread(C, covariance)
    else:
        variance, df = _whole_spread(C, covariance, covariance.whole)
    estimate = C @ np.asarray(beta, dtype=float) - (0.0 if values is None else np.asarray(values))
    error = np.sqrt(np.where(variance > 0, variance, np.nan))
    tests = _t_tests(estimate, error, df, level)
    return Combinations(estimate, error, tests.statistic, tests.p_value, tests.low, tests.high, df)


def _whole_spread(C: Floats, covariance: Covariance, whole: Whole) -> tuple[Floats, Floats]:
    """Variance and degrees of freedom, the same however columns are coded."""
    variance = np.maximum(((C @ whole.matrix) * C).sum(axis=1), ((C @ whole.floor) * C).sum(axis=1))
    lost = parts_gone(C, whole.gone, whole.root)
    df = whole.df(C)
    if whole.shares is None:
        df = _spread(C, covariance)[1]
    nothing = ~C.any(axis=1)
    return np.where(lost | nothing, np.nan, variance), np.where(nothing, np.nan, df)


def _spread(C: Floats, covariance: Covariance) -> tuple[Floats, Floats]:
    """Variance and degrees of freedom from those of the coefficients."""
    variance, df = np.zeros(len(C)), np.full(len(C), np.nan)
    # a coefficient without a variance must not spoil combinations that do not have it
    patterns, which = np.unique(C != 0, axis=0, return_inverse=True)
    for place, part in enumerate(patterns):
        if not part.any():
            continue
        rows, chosen = np.ravel(which) == place, np.ix_(part, part)
        some = C[rows][:, part]
        variance[rows] = ((some @ covariance.matrix[chosen]) * some).sum(axis=1)
        if covariance.floor is not None:
            least = ((some @ covariance.floor[chosen]) * some).sum(axis=1)
            variance[rows] = np.maximum(variance[rows], least)
        df[rows] = covariance.df[part].min()
    return variance, df


def _t_tests(estimate: Floats, error: Floats, df: Floats, level: float) -> CoefficientTests:
    check_level(level)
    statistic = estimate / error
    reach = -stdtrit(df, (1.0 - level) / 2) * error
    return CoefficientTests(
        statistic, 2.0 * stdtr(df, -np.abs(statistic)), estimate - reach, estimate + reach
    )


def _restrictions(k: int, indices: Sequence[int] | None, restrictions: NDArray[Any] | None) -> Floats:
    if (indices is None) == (restrictions is None):
        raise ArgumentError("A Wald test takes either indices of coefficients or a matrix of restrictions.")
    if restrictions is None:
        return np.eye(k)[list(indices or ())]
    R = np.atleast_2d(np.asarray(restrictions, dtype=float))
    if R.shape[1] != k or np.linalg.matrix_rank(R) < R.shape[0]:
        raise ArgumentError(f"restrictions has shape {R.shape}; it must be (q, {k}), with independent rows.")
    return R


def _block(covariance: Covariance, R: Floats, tested: NDArray[np.bool_]) -> tuple[Floats, str]:
    # Columns not tested are cut off first: a coefficient without a variance must not spoil the others.
    R = R[:, tested]
    chosen = np.ix_(tested, tested)
    floor = None if covariance.floor is None else R @ covariance.floor[chosen] @ R.T
    return positive_form(R @ covariance.matrix[chosen] @ R.T, floor)


def _quadratic(distance: Floats, block: Floats) -> float:
    """The quadratic form d' V⁻¹ d, NaN where V has no inverse, or ν ≤ q − 1."""
    if not np.isfinite(block).all():
        return np.nan
    scale = np.sqrt(np.diag(block))
    values, vectors = np.linalg.eigh(block / np.outer(scale, scale))
    if values[0] < INVERTIBLE:
        return np.nan
    return float((((distance / scale) @ vectors) ** 2 / values).sum())

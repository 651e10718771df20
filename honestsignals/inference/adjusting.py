"""Several tests at once: p values that allow for how many were made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from honestsignals.errors import ArgumentError, one_of

Floats = NDArray[np.float64]


def holm(p_values: ArrayLike) -> Floats:
    r"""Holm's adjusted p values: the chance of one false rejection or more among all tests stays below α.

    With the p values that are defined in order, :math:`p_{(1)} \le \dots \le p_{(m)}`,

    .. math:: \tilde p_{(i)} = \min\bigl(1, \max_{j \le i} (m - j + 1)\, p_{(j)}\bigr).

    It holds whatever the dependence among the tests, so for all coefficients of one fit.

    Parameters
    ----------
    p_values : array_like of float, in [0, 1]
        Any shape. NaN (a test that could not be made) stays NaN and is not counted in m.

    Returns
    -------
    ndarray of float, of the same shape

    Raises
    ------
    ArgumentError
        For a number that is no probability.

    References
    ----------
    holm1979

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, float("nan")]).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    return _adjusted(p_values, _step_down)


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    r"""Benjamini and Hochberg's adjusted p values: the expected share of false ones among rejections.

    With the p values that are defined in order, :math:`p_{(1)} \le \dots \le p_{(m)}`,

    .. math:: \tilde p_{(i)} = \min\bigl(1, \min_{j \ge i} m\, p_{(j)} / j\bigr).

    Rejecting where it is at most q keeps that share at or below q where the tests are independent, or
    depend on one another positively in the sense of Benjamini and Yekutieli. Coefficients of one fit may
    depend negatively; then it is no guarantee, and :func:`holm` is one.

    Parameters
    ----------
    p_values : array_like of float, in [0, 1]
        Any shape. NaN (a test that could not be made) stays NaN and is not counted in m.

    Returns
    -------
    ndarray of float, of the same shape

    Raises
    ------
    ArgumentError
        For a number that is no probability.

    References
    ----------
    benjamini1995, benjamini2001

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03, float("nan")]).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    return _adjusted(p_values, _step_up)


ADJUSTMENTS: Mapping[str, Callable[[ArrayLike], Floats]] = {
    "holm": holm,
    "benjamini_hochberg": benjamini_hochberg,
}
"""Adjustments by the name that a table is asked for them."""


def adjusted(p_values: ArrayLike, how: str) -> Floats:
    """P values that allow for how many tests were made, by the name of the adjustment.

    Parameters
    ----------
    p_values : array_like of float, in [0, 1]
        NaN stays NaN and is not counted.
    how : {"holm", "benjamini_hochberg"}
        The adjustment.

    Returns
    -------
    ndarray of float, of the same shape

    Raises
    ------
    ArgumentError
        For another name, or a number that is no probability.

    References
    ----------
    holm1979, benjamini1995

    Examples
    --------
    >>> adjusted([0.02, 0.03], "holm").tolist()
    [0.04, 0.04]
    """
    one_of("adjust", how, tuple(ADJUSTMENTS))
    return ADJUSTMENTS[how](p_values)


def _adjusted(p_values: ArrayLike, step: Callable[[Floats], Floats]) -> Floats:
    """The adjustment of the p values that are defined, each where it stood."""
    given: NDArray[Any] = np.asarray(p_values, dtype=float)
    known = ~np.isnan(given)
    wrong = given[known & ~((given >= 0) & (given <= 1))]
    if wrong.size:
        raise ArgumentError(f"p_values holds {wrong.flat[0]:g}; a p value lies between 0 and 1.")
    out = np.full(given.shape, np.nan)
    p = given[known]
    order = np.argsort(p, kind="stable")
    back = np.empty_like(order)
    back[order] = np.arange(order.size)
    out[known] = np.minimum(step(p[order]), 1.0)[back]
    return out


def _step_down(p: Floats) -> Floats:
    return np.maximum.accumulate(p * np.arange(p.size, 0, -1))


def _step_up(p: Floats) -> Floats:
    share = p * (p.size / np.arange(1, p.size + 1))
    return np.minimum.accumulate(share[::-1])[::-1]

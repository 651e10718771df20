"""Whether predicted probabilities are too extreme, and too high or too low."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from honestsignals.inference.clusters import Floats
from honestsignals.inference.scores_registry import Scored, score
from honestsignals.inference.scores_rows import TIE, binary_rows, undefined

MOST_STEPS = 200
LAST_STEP = 1e-10
"""A step this small, relative to the coefficients, is the last: what it misses is its square."""
FIRST = 256
"""Rows at which it is judged whether many are predicted alike."""


@score(
    title="calibration slope",
    types=("binary",),
    higher=False,
    gain=False,
    perfect=1.0,
    undefined="where a prediction is exactly 0 or 1, all are the same, or a threshold tells the labels apart",
    reference="cox1958",
)
def calibration_slope(y: ArrayLike, prediction: ArrayLike, base: float = np.nan) -> Scored:
    r"""Slope of the label on the logit of its predicted probability: below 1, predictions are too extreme.

    .. math:: \operatorname{logit} P(y_i = 1) = \alpha + \beta \operatorname{logit} p_i

    by maximum likelihood, with an intercept of its own. 1 is right; above 1, predictions are too close to
    each other; below 0, they go the wrong way. It lies in (-∞, ∞).

    Parameters
    ----------
    y : array-like, shape (n,)
        0 or 1.
    prediction : array-like, shape (n,)
        Probability of 1.
    base : float, optional
        Not used.

    Returns
    -------
    Scored
        NaN where a prediction is exactly 0 or 1, for its logit is infinite; where all predictions are the
        same, as the base rate is; and where a threshold in the predictions has all 1 on one side and all
        0 on the other, so that no finite slope is most likely.

    References
    ----------
    cox1958, vancalster2019

    Examples
    --------
    >>> p = np.repeat([0.1, 0.9], 5)
    >>> round(calibration_slope([0, 0, 0, 0, 1, 1, 1, 1, 1, 0], p).value, 6)  # ln 4 / ln 9
    0.63093
    """
    y, p = binary_rows(y, prediction)
    if not _overlap(y, p):
        return undefined(y.size)
    x = logit(p)
    centre, unit = x.mean(), x.std()
    X = np.column_stack([np.ones(y.size), (x - centre) / unit])
    theta, information = _solve(X, y, np.zeros(y.size), np.zeros(2))
    scores = X * (y - expit(X @ theta))[:, None]
    moved = np.linalg.solve(information, scores.T)[1]
    return Scored(float(theta[1] / unit), moved / unit)


@score(
    title="calibration intercept",
    types=("binary",),
    higher=False,
    gain=False,
    perfect=0.0,
    undefined="where a prediction is exactly 0 or 1, or the tested rows are all 1, or all 0",
    reference="cox1958",
)
def calibration_intercept(y: ArrayLike, prediction: ArrayLike, base: float = np.nan) -> Scored:
    r"""Log odds that predictions lack on the whole: calibration in the large, with the slope held at 1.

    .. math:: \operatorname{logit} P(y_i = 1) = \alpha + \operatorname{logit} p_i

    by maximum likelihood, so that predictions raised by α have the mean of the label. 0 is right; above 0,
    predictions are too low. It is not the intercept of the model with a slope of its own. It lies in (-∞, ∞).

    Parameters
    ----------
    y : array-like, shape (n,)
        0 or 1.
    prediction : array-like, shape (n,)
        Probability of 1.
    base : float, optional
        Not used.

    Returns
    -------
    Scored
        NaN where a prediction is exactly 0 or 1, for its logit is infinite; and where all rows have the same
        label, so that no finite intercept is most likely.

    References
    ----------
    cox1958, vancalster2019

    Examples
    --------
    >>> round(calibration_intercept([0, 0, 0, 1], [0.5, 0.5, 0.5, 0.5]).value, 6)  # -ln 3
    -1.098612
    """
    y, p = binary_rows(y, prediction)
    if not _inside(p) or not 0 < y.sum() < y.size:
        return undefined(y.size)
    offset, start = logit(p), np.array([logit(y.mean()) - logit(p.mean())])
    theta, information = _solve(np.ones((y.size, 1)), y, offset, start)
    return Scored(float(theta[0]), (y - expit(theta[0] + offset)) / information[0, 0])


def _inside(p: Floats) -> bool:
    return bool(p.size and p.min() > 0 and p.max() < 1)


def _overlap(y: Floats, p: Floats) -> bool:
    """Whether a slope exists: some 1 is predicted lower than some 0, and some 0 lower than some 1."""
    if not _inside(p) or not 0 < y.sum() < y.size:
        return False
    x = logit(p)
    gap = TIE * max(1.0, float(np.abs(x).max()))
    ones, noughts = x[y == 1], x[y == 0]
    return bool(ones.min() + gap < noughts.max() and noughts.min() + gap < ones.max())


def _solve(X: Floats, y: Floats, offset: Floats, start: Floats) -> tuple[Floats, Floats]:
    """Coefficients of a logit, and their information; Newton's method, with steps halved that overshoot."""
    X, offset, several, ones = _told_once(X, y, offset)
    theta = start
    level = _log_likelihood(X @ theta + offset, several, ones)
    for _ in range(MOST_STEPS):
        mu = expit(X @ theta + offset)
        information = (X.T * (several * mu * (1 - mu))) @ X
        step = np.linalg.solve(information, X.T @ (ones - several * mu))
        least = level - TIE * abs(level)
        while (reached := _log_likelihood(X @ (theta + step) + offset, several, ones)) < least:
            step /= 2
        theta, level = theta + step, reached
        if np.abs(step).max() <= LAST_STEP * max(1.0, float(np.abs(theta).max())):
            break
    mu = expit(X @ theta + offset)
    return theta, (X.T * (several * mu * (1 - mu))) @ X


def _told_once(X: Floats, y: Floats, offset: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Rows predicted alike told once: how many they are, how many have label 1; where many are alike."""
    own = X[:, -1] + offset
    if np.unique(own[:FIRST]).size > FIRST / 2:
        return X, offset, np.ones(y.size), y
    _, first, code = np.unique(own, return_index=True, return_inverse=True)
    several: Floats = np.bincount(code, np.ones(y.size)).astype(float)
    ones: Floats = np.bincount(code, y).astype(float)
    return X[first], offset[first], several, ones


def _log_likelihood(eta: Floats, several: Floats, ones: Floats) -> float:
    wrong = ones @ np.maximum(-eta, 0) + (several - ones) @ np.maximum(eta, 0)
    return -float(several @ np.log1p(np.exp(-np.abs(eta))) + wrong)

"""How long returns take: Kaplan and Meier's curve, its restricted mean, and what each wait adds to them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

from honestsignals.inference.clusters import Codes, Floats, sums
from honestsignals.inference.score_errors import Spread, spread

CELLS = 4_000_000
"""Influence values that are held at once (32 MB)."""


class Curve(NamedTuple):
    """Kaplan and Meier's curve of waits.

    Attributes
    ----------
    time : ndarray, shape (m,)
        Lengths at which waits ended, each once.
    at_risk, events : ndarray of int, shape (m,)
        Waits at least that long, and those that ended then.
    survival : ndarray, shape (m,)
        Share that goes on for longer.
    followed : float
        Up to when the curve is known: to the longest wait seen where that was cut off; where it ended, for as
        long as any could have been seen. NaN where there is none.
    n : int
        Waits.
    """

    time: Floats
    at_risk: Codes
    events: Codes
    survival: Floats
    followed: float
    n: int

    def at(self, time: Floats) -> Floats:
        """Share of waits that go on for longer than each time; NaN beyond what was followed."""
        place = np.searchsorted(self.time, time, side="right")
        found = np.append(1.0, self.survival)[place]
        return np.where(np.asarray(time) <= self.followed, found, np.nan)

    def risk(self, time: Floats, wait: Floats) -> Codes:
        """Waits at least as long as each time."""
        return len(wait) - np.searchsorted(np.sort(wait), time, side="left")

    def quantile(self, share: float) -> float:
        """Smallest time by which that share of waits has ended; NaN where the curve stays above."""
        reached = np.flatnonzero(self.survival <= 1.0 - share + 1e-12)
        return float(self.time[reached[0]]) if reached.size else float("nan")


def kaplan_meier(wait: NDArray[Any], ended: NDArray[np.bool_], followed: float = np.inf) -> Curve:
    r"""Share of waits that go on, :math:`\hat S(t) = \prod_{t_k \le t} (1 - d_k / n_k)`.

    Parameters
    ----------
    wait : ndarray, shape (n,)
        Lengths; of waits that were cut off, as far as they were seen.
    ended : ndarray of bool, shape (n,)
        Whether a wait ended by itself.
    followed : float
        How long a wait could have been seen, had it lasted: nothing is known of later times.

    Returns
    -------
    Curve

    References
    ----------
    kaplan1958

    Examples
    --------
    >>> curve = kaplan_meier(np.array([1.0, 2.0, 2.0, 5.0]), np.array([True, True, False, True]))
    >>> curve.time.tolist(), curve.at_risk.tolist(), curve.survival.tolist()
    ([1.0, 2.0, 5.0], [4, 3, 1], [0.75, 0.5, 0.0])
    """
    wait = np.asarray(wait, dtype=float)
    times, place = np.unique(wait[ended], return_inverse=True)
    events = np.bincount(place, minlength=len(times)).astype(np.int64)
    at_risk = wait.size - np.searchsorted(np.sort(wait), times, side="left").astype(np.int64)
    survival = np.cumprod(1.0 - events / at_risk, dtype=np.float64)
    longest = float(wait.max()) if wait.size else float("nan")
    all_ended = bool(survival.size) and survival[-1] == 0
    return Curve(
        times, at_risk, events, survival, max(longest, followed) if all_ended else longest, wait.size
    )


def restricted_mean(curve: Curve, horizon: float) -> float:
    r"""Mean of min(wait, τ), :math:`\int_0^\tau \hat S(t)\,dt`; NaN where waits were not followed for τ.

    Parameters
    ----------
    curve : Curve
    horizon : float
        τ, in the unit of the waits.

    Returns
    -------
    float

    Examples
    --------
    >>> curve = kaplan_meier(np.array([1.0, 2.0, 2.0, 5.0]), np.array([True, True, False, True]))
    >>> restricted_mean(curve, 4.0)
    2.75
    """
    if np.isnan(curve.at(np.array([horizon]))[0]):
        return float("nan")
    return float(_left(curve, horizon, np.array([0.0]))[0])


def _left(curve: Curve, horizon: float, start: Floats) -> Floats:
    """∫ of the curve from each start to the horizon."""
    inside = curve.time < horizon
    knots = np.concatenate([[0.0], curve.time[inside], [horizon]])
    heights = np.concatenate([[1.0], curve.survival[inside]])
    area = np.append(0.0, np.cumsum(heights * np.diff(knots)))
    start = np.minimum(start, horizon)
    place = np.minimum(np.searchsorted(knots, start, side="right") - 1, len(heights) - 1)
    rest: Floats = area[-1] - (area[place] + heights[place] * (start - knots[place]))
    return rest


def _hazard_parts(curve: Curve) -> tuple[Floats, Floats]:
    """Of each time d / (n (n - d)) and 1 / (n - d); 0 where all that are left end."""
    left = (curve.at_risk - curve.events).astype(float)
    inverse = np.divide(1.0, left, out=np.zeros_like(left), where=left > 0)
    return inverse * curve.events / curve.at_risk, inverse


def curve_influence(curve: Curve, wait: Floats, ended: NDArray[np.bool_], time: Floats) -> Floats:
    r"""What each wait adds to the curve: its derivative in the wait's weight.

    .. math:: \psi_r(t) = \hat S(t) \Big[\sum_{t_k \le \min(t, x_r)} \frac{d_k}{n_k (n_k - d_k)} -
        \frac{1[x_r \le t, \text{ended}]}{n(x_r) - d(x_r)}\Big]

    Parameters
    ----------
    curve : Curve
    wait, ended : ndarray, shape (n,)
        The waits that it is of.
    time : ndarray, shape (q,)

    Returns
    -------
    ndarray, shape (n, q)
        Each column sums to 0.

    References
    ----------
    reid1981

    Examples
    --------
    >>> wait, ended = np.array([1.0, 2.0, 2.0, 5.0]), np.array([True, True, False, True])
    >>> curve_influence(kaplan_meier(wait, ended), wait, ended, np.array([1.0])).ravel().tolist()
    [-0.1875, 0.0625, 0.0625, 0.0625]
    """
    part, inverse = _hazard_parts(curve)
    running = np.append(0.0, np.cumsum(part))
    seen = np.searchsorted(curve.time, wait, side="right")
    until = np.searchsorted(curve.time, time, side="right")
    height = np.append(1.0, curve.survival)[until]
    own = np.where(ended, np.append(0.0, inverse)[seen], 0.0)
    found: Floats = running[np.minimum(seen[:, None], until)] - own[:, None] * (seen[:, None] <= until)
    return height * found


def mean_influence(curve: Curve, wait: Floats, ended: NDArray[np.bool_], horizon: float) -> Floats:
    r"""What each wait adds to the restricted mean: the integral of what it adds to the curve.

    Parameters
    ----------
    curve : Curve
    wait, ended : ndarray, shape (n,)
        The waits that it is of.
    horizon : float
        τ.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> wait, ended = np.array([1.0, 3.0]), np.array([True, True])
    >>> mean_influence(kaplan_meier(wait, ended), wait, ended, 9.0).tolist()  # of a mean: (x - 2) / 2
    [-0.5, 0.5]
    """
    part, inverse = _hazard_parts(curve)
    inside = curve.time <= horizon
    rest = np.where(inside, _left(curve, horizon, curve.time), 0.0)
    running = np.append(0.0, np.cumsum(part * rest))
    seen = np.searchsorted(curve.time, wait, side="right")
    own = np.append(0.0, inverse * rest)[seen]
    found: Floats = running[seen] - np.where(ended, own, 0.0)
    return found


class Pairs(NamedTuple):
    """Whose waits are whose.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
        Place of each wait's pair.
    ego, alter : ndarray of int, shape (pairs,)
        The two of each pair.
    """

    codes: Codes
    ego: Codes
    alter: Codes

    def spread(self, influence: Floats) -> Spread:
        """Dyadic errors, (k,), of values given by pair; NaN where fewer than three people are."""
        if np.unique(np.concatenate([self.ego, self.alter])).size < 3:
            nothing = np.full(influence.shape[1], np.nan)
            return Spread(nothing, nothing, np.zeros(len(nothing), dtype=bool), np.zeros(len(nothing)))
        return spread(influence, self.ego, self.alter)


def pairs_of(one: NDArray[Any], other: NDArray[Any]) -> Pairs:
    """Unordered pairs of rows.

    >>> pairs_of(np.array([3, 1, 3]), np.array([1, 3, 2])).codes.tolist()
    [0, 0, 1]
    """
    low, high = np.minimum(one, other).astype(np.int64), np.maximum(one, other).astype(np.int64)
    most = int(high.max(initial=0)) + 1
    key, codes = np.unique(low * most + high, return_inverse=True)
    return Pairs(codes.astype(np.int64), key // most, key % most)


def by_pair(curve: Curve, wait: Floats, ended: NDArray[np.bool_], time: Floats, pairs: Pairs) -> Floats:
    """What each pair's waits add to the curve at some times, a few times at once so that memory suffices.

    Parameters
    ----------
    curve : Curve
    wait, ended : ndarray, shape (n,)
    time : ndarray, shape (q,)
    pairs : Pairs

    Returns
    -------
    ndarray, shape (pairs, q)

    Examples
    --------
    >>> wait, ended = np.array([1.0, 2.0, 5.0]), np.array([True, True, True])
    >>> pairs = pairs_of(np.array([0, 1, 0]), np.array([1, 0, 2]))
    >>> by_pair(kaplan_meier(wait, ended), wait, ended, np.array([1.0]), pairs).round(4).tolist()
    [[-0.1111], [0.1111]]
    """
    found = np.empty((len(pairs.ego), len(time)))
    size = max(1, CELLS // max(wait.size, 1))
    for first in range(0, len(time), size):
        part = slice(first, first + size)
        found[:, part] = sums(pairs.codes, curve_influence(curve, wait, ended, time[part]), len(pairs.ego))
    return found


def share_ends(share: Floats, errors: Spread, level: float = 0.95) -> tuple[Floats, Floats]:
    r"""Interval of a share, even on the scale of its log odds: it stays between 0 and 1.

    .. math:: \operatorname{logit} \hat F \pm t\, s / (\hat F (1 - \hat F))

    Parameters
    ----------
    share : ndarray, shape (k,)
    errors : Spread
    level : float

    Returns
    -------
    low, high : ndarray, shape (k,)
        NaN where the share is 0 or 1: there the data say nothing of its error.

    Examples
    --------
    >>> one = Spread(np.array([0.1]), np.array([np.inf]), np.array([False]), np.zeros(1))
    >>> [end.round(3).tolist() for end in share_ends(np.array([0.5]), one)]
    [[0.313], [0.687]]
    """
    inside = (share > 0) & (share < 1) & np.isfinite(errors.std_error)
    odds = np.where(inside, share * (1 - share), np.nan)
    half = errors.std_error / odds * stdtrit(np.where(inside, errors.df, 1.0), 0.5 + level / 2)
    middle = logit(np.where(inside, share, np.nan))
    return expit(middle - half), expit(middle + half)

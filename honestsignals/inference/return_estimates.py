"""What is told of a curve of returns, with errors over people: bands, shares, restricted means, medians."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.clusters import Floats, sums
from honestsignals.inference.return_curves import (
    Curve,
    Pairs,
    by_pair,
    kaplan_meier,
    mean_influence,
    restricted_mean,
    share_ends,
)
from honestsignals.inference.score_errors import Spread

POINTS = 200
"""Times of a band: every time at which a wait ended, or as many of them, evenly by ends."""


NO_ERROR = 1e-12
"""Share of a value below which its error is rounding."""


class Estimated(NamedTuple):
    """A curve with errors over people.

    Attributes
    ----------
    curve : Curve
        Of waits up to the horizon.
    time : ndarray, shape (q,)
        Where the band was looked at: where waits ended, up to when the curve is known, and at the horizon.
    returned : ndarray, shape (q,)
        Share of waits that ended by then; NaN where waits were not followed so far.
    band : Spread
        Errors of these shares.
    share, mean : float
        Returned by the horizon; mean of min(wait, horizon). NaN where waits were not followed so far.
    errors : Spread
        Of these two; NaN where they are, or where all waits are alike.
    influence : ndarray, shape (pairs, 2)
        What each pair adds to these two.
    """

    curve: Curve
    time: Floats
    returned: Floats
    band: Spread
    share: float
    mean: float
    errors: Spread
    influence: Floats

    def share_ends(self, level: float) -> tuple[float, float]:
        """Interval of the share returned."""
        low, high = share_ends(np.array([self.share]), _part(self.errors, slice(0, 1)), level)
        return float(low[0]), float(high[0])

    def mean_ends(self, level: float) -> tuple[float, float]:
        """Interval of the restricted mean."""
        half = float(self.errors.margin(level)[1])
        return self.mean - half, self.mean + half

    def band_ends(self, level: float) -> tuple[Floats, Floats]:
        """The band, pointwise."""
        return share_ends(self.returned, self.band, level)

    def median_ends(self, level: float) -> tuple[float, float]:
        """Times at which the band still has one half in it: from the first to the one after the last.

        The upper end is NaN where the band has one half in it up to the horizon, or to where it is known.
        """
        known = ~np.isnan(self.returned)
        low, high = (end[known] for end in self.band_ends(level))
        first, under = np.flatnonzero(high >= 0.5), np.flatnonzero(low < 0.5)
        begin = float(self.time[first[0]]) if first.size else float("nan")
        after = int(under[-1]) + 1 if under.size else 0
        end = float(self.time[after]) if first.size and after < known.sum() else float("nan")
        return begin, end


def _part(errors: Spread, which: slice) -> Spread:
    return Spread(errors.std_error[which], errors.df[which], errors.floored[which], errors.growth[which])


def truncated(
    wait: NDArray[Any], ended: NDArray[np.bool_], horizon: float
) -> tuple[Floats, NDArray[np.bool_]]:
    """Waits as seen up to a horizon: those that end by then have ended.

    >>> truncated(np.array([1.0, 5.0, 9.0]), np.array([True, True, True]), 5.0)
    (array([1., 5., 5.]), array([ True,  True, False]))
    """
    wait = np.asarray(wait, dtype=float)
    return np.minimum(wait, horizon), ended & (wait <= horizon)


def _known(errors: Spread, value: Floats, least: float = NO_ERROR) -> Spread:
    """Errors of what there is, and of what varies: waits that are all alike tell of no error."""
    nothing = np.isnan(value) | (errors.std_error <= least * np.maximum(1.0, np.abs(value)))
    return errors._replace(
        std_error=np.where(nothing, np.nan, errors.std_error), df=np.where(nothing, np.nan, errors.df)
    )


def estimated(
    wait: Floats, ended: NDArray[np.bool_], pairs: Pairs, horizon: float, followed: float = np.inf
) -> Estimated:
    """A curve of returns, its share by the horizon and its restricted mean, with errors over people.

    Parameters
    ----------
    wait, ended : ndarray, shape (n,)
    pairs : Pairs
        Whose they are.
    horizon : float
        In the unit of the waits.
    followed : float
        How long a wait could have been seen, had it lasted.

    Returns
    -------
    Estimated

    Examples
    --------
    >>> from honestsignals.inference.return_curves import pairs_of
    >>> ego, alter = np.triu_indices(8, 1)
    >>> wait = 1.0 + (ego * alter) % 5
    >>> found = estimated(wait, wait < 5, pairs_of(ego, alter), 4.0)
    >>> round(found.share, 3), round(found.mean, 3), found.errors.std_error.round(3).tolist()
    (0.893, 2.214, [0.058, 0.559])
    """
    wait, ended = truncated(wait, ended, horizon)
    curve = kaplan_meier(wait, ended, followed)
    time = np.unique([*_times(curve), *(min(curve.followed, horizon) for _ in wait[:1]), horizon])
    per_pair = by_pair(curve, wait, ended, time, pairs)
    of_mean = sums(pairs.codes, mean_influence(curve, wait, ended, horizon)[:, None], len(pairs.ego))
    every = pairs.spread(np.hstack([per_pair, of_mean]))
    returned, mean = 1.0 - curve.at(time), restricted_mean(curve, horizon)
    band = _known(_part(every, slice(0, -1)), returned)
    errors = _known(_part(every, slice(-2, None)), np.array([returned[-1], mean]))
    influence = np.column_stack([-per_pair[:, -1], of_mean[:, 0]])
    return Estimated(curve, time, returned, band, float(returned[-1]), mean, errors, influence)


def _times(curve: Curve) -> Floats:
    """Times of the band at which waits ended."""
    if len(curve.time) <= POINTS:
        return curve.time
    share = np.cumsum(curve.events) / curve.events.sum()
    return curve.time[np.unique(np.searchsorted(share, np.arange(1, POINTS + 1) / POINTS - 1e-12))]


class Difference(NamedTuple):
    """One group less another: the share returned by the horizon, and the restricted mean.

    Attributes
    ----------
    value : ndarray, shape (2,)
    errors : Spread
    """

    value: Floats
    errors: Spread


def difference(one: Estimated, other: Estimated, pairs: tuple[Pairs, Pairs]) -> Difference:
    """Share returned and restricted mean of one group less those of another, of people who may be in both.

    Parameters
    ----------
    one, other : Estimated
    pairs : tuple of Pairs
        Whose waits each is of.

    Returns
    -------
    Difference

    Examples
    --------
    >>> from honestsignals.inference.return_curves import pairs_of
    >>> ego, alter = np.triu_indices(8, 1)
    >>> wait, pairs = 1.0 + (ego * alter) % 5, pairs_of(ego, alter)
    >>> slow, fast = (estimated(times * wait, wait < 9, pairs, 20.0) for times in (2.0, 1.0))
    >>> found = difference(slow, fast, (pairs, pairs))
    >>> found.value.round(2).tolist(), found.errors.std_error.round(3).tolist()
    ([0.0, 2.32], [0.0, 0.613])
    """
    ego, alter = (np.concatenate([getattr(part, side) for part in pairs]) for side in ("ego", "alter"))
    most = int(max(ego.max(initial=0), alter.max(initial=0))) + 1
    key, place = np.unique(ego * most + alter, return_inverse=True)
    both = np.vstack([one.influence, -other.influence])
    joint = Pairs(place, key // most, key % most)
    value = np.array([one.share - other.share, one.mean - other.mean])
    return Difference(value, _known(joint.spread(sums(place, both, len(key))), value, -1.0))

"""Windows around openings that were returned or not: what the opener did before and after, and the other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Marks = NDArray[np.bool_]

NEVER = 2**62


class Openings(NamedTuple):
    """Openings of many pairs, by ordered pair and then by time.

    Attributes
    ----------
    group : ndarray of int, shape (n,)
        Twice the number of the pair, and one more where the second of the two opened.
    time : ndarray of int64, shape (n,)
        In any unit, here microseconds.
    back : ndarray of int64, shape (n,)
        When the other first returned it, strictly later; beyond the end where never.
    """

    group: Codes
    time: Codes
    back: Codes


class Spans(NamedTuple):
    """What is looked at, and for how long.

    Attributes
    ----------
    window : int
        Δ: up to when a return counts (inclusive).
    horizon : int
        h: length of the windows before the opening, and after Δ.
    start : int
        First moment observed.
    end : int, or ndarray of int, shape (n,)
        Last moment observed, of all openings or of each.
    """

    window: int
    horizon: int
    start: int
    end: Any


class Counter:
    """How many openings of an ordered pair lie in a window, by bisection.

    Ordered pair and time stand in one integer: the time since the first, or its rank where that does not fit.

    Parameters
    ----------
    group, time : ndarray of int, shape (n,)

    Examples
    --------
    >>> counter = Counter(np.array([0, 0, 2]), np.array([5, 9, 7]))
    >>> counter.within(np.array([0, 0, 2]), np.array([5, 4, 0]), np.array([9, 9, 9])).tolist()
    [1, 2, 1]
    """

    def __init__(self, group: Codes, time: Codes) -> None:
        self._first = int(time.min(initial=NEVER)) if len(time) else 0
        span = int(time.max(initial=self._first)) - self._first
        self._instants = None
        if (int(group.max(initial=0)) + 1) * (span + 3) > NEVER:
            self._instants = np.unique(time)
            span = len(self._instants)
        self._step = span + 3
        self._keys = np.sort(self._key(group, time))

    def _key(self, group: Codes, moment: Codes) -> Codes:
        """Ordered pair and moment in one; a moment between two openings counts as the earlier."""
        if self._instants is None:
            since = moment - self._first + 1
        else:
            since = np.searchsorted(self._instants, moment, side="right")
        return group * self._step + np.clip(since, 0, self._step - 2)

    def upto(self, group: Codes, moment: Codes, inclusive: bool = True) -> Codes:
        """Openings of all ordered pairs before these, and of these up to a moment."""
        key = self._key(group, moment if inclusive else moment - 1)
        return np.searchsorted(self._keys, key, side="right")

    def within(self, group: Codes, low: Codes, high: Codes, inclusive: bool = True) -> Codes:
        """Openings in (low, high], or in (low, high); 0 where high is not above low."""
        found = self.upto(group, high, inclusive) - self.upto(group, low)
        return np.where(high > low, found, 0)


class Windows(NamedTuple):
    """Spaced openings, whether they were returned, and openings of both of the pair around them.

    Attributes
    ----------
    place : ndarray of int, shape (m,)
        Which openings they are.
    group, time : ndarray of int, shape (m,)
    returned : ndarray of bool, shape (m,)
        In (t, t + Δ].
    before, after : ndarray of int, shape (m,)
        The opener's openings in (t − h, t) and (t + Δ, t + Δ + h].
    shared_before, other_before, other_after : ndarray of int, shape (m,)
        The opener's and the other's in the part of (t − h, t) that the spacing leaves free to both, and the
        other's in (t + Δ, t + Δ + h].
    near : ndarray of bool, shape (m,)
        Whether (t − h, t) reaches into the windows of the one before, of the same ordered pair.
    """

    place: Codes
    group: Codes
    time: Codes
    returned: Marks
    before: Codes
    after: Codes
    shared_before: Codes
    other_before: Codes
    other_after: Codes
    near: Marks


def spaced(openings: Openings, able: Marks, spans: Spans) -> Codes:
    """Places of openings at least Δ + h apart within ordered pair, none chosen by what comes after it.

    The first of an ordered pair that has h before it, then the next that is Δ + h later, and so on; those
    whose windows reach beyond the end are left out last.

    Parameters
    ----------
    openings : Openings
    able : ndarray of bool, shape (n,)
        Which can be chosen.
    spans : Spans

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> times = np.array([0, 3, 4, 8, 9, 30])
    >>> spaced(Openings(np.zeros(6, int), times, times), np.ones(6, bool), Spans(1, 3, 0, 14)).tolist()
    [1, 3]
    """
    at = np.flatnonzero(able & (openings.time - spans.horizon >= spans.start))
    group, time = openings.group[at], openings.time[at]
    counter = Counter(group, time)
    follows = counter.upto(group, time + spans.window + spans.horizon, inclusive=False)
    last = np.searchsorted(group, group, side="right")
    current = np.flatnonzero(np.append(True, group[1:] != group[:-1])[: len(group)])
    chosen = np.zeros(len(at), dtype=bool)
    while len(current):
        chosen[current] = True
        after = follows[current]
        current = after[after < last[current]]
    end = np.broadcast_to(spans.end, openings.time.shape)[at]
    chosen &= time + spans.window + spans.horizon <= end
    return at[chosen]


def windows(openings: Openings, able: Marks, spans: Spans) -> Windows:
    """Spaced openings with what both of the pair did around them.

    No later act plays a part in which openings are looked at. The spacing leaves no opening of the opener
    between the end of one opening's windows and the next chosen one, so before is counted for the other only
    up to there where both are compared.

    Parameters
    ----------
    openings : Openings
    able : ndarray of bool, shape (n,)
        Which openings can be looked at; all count before and after.
    spans : Spans

    Returns
    -------
    Windows

    Examples
    --------
    >>> group, time = np.array([0, 0, 0, 1]), np.array([3, 5, 8, 6])
    >>> found = windows(Openings(group, time, np.array([6, 6, 99, 8])), np.ones(4, bool), Spans(2, 4, 0, 20))
    >>> found.time.tolist(), found.returned.tolist(), found.before.tolist(), found.after.tolist()
    ([5, 6], [True, True], [1, 0], [1, 0])
    """
    place = spaced(openings, able, spans)
    group, time = openings.group[place], openings.time[place]
    other, over = group ^ 1, time + spans.window
    again = np.zeros(len(place), dtype=bool)
    again[1:] = group[1:] == group[:-1]
    free = time.copy()
    previous = np.roll(over, 1) + spans.horizon
    # up to and including the last moment of the previous windows
    free[again] = np.minimum(time[again], previous[again] + 1)
    near = again & (time - spans.horizon < previous)
    counter = Counter(openings.group, openings.time)
    begin = time - spans.horizon
    return Windows(
        place,
        group,
        time,
        openings.back[place] <= over,
        counter.within(group, begin, time, inclusive=False),
        counter.within(group, over, over + spans.horizon),
        counter.within(group, begin, free, inclusive=False),
        counter.within(other, begin, free, inclusive=False),
        counter.within(other, over, over + spans.horizon),
        near,
    )


def by_bins(
    openings: Openings, at: Windows, edges: Codes, other: bool = False, running: Any = None
) -> NDArray[Any]:
    """Openings in windows (t + edge, t + next edge] around spaced openings, (m, k), or what they sum up to.

    Parameters
    ----------
    openings : Openings
    at : Windows
    edges : ndarray of int64, shape (k + 1,)
        From the opening on, negative before it; the opening itself is not counted.
    other : bool
        Those of the other.
    running : ndarray, shape (n + 1,), optional
        Running sums of a value of the openings, by ordered pair and time; by default openings are counted.

    Examples
    --------
    >>> openings = Openings(np.array([0, 0, 0]), np.array([3, 5, 8]), np.full(3, 99))
    >>> found = windows(openings, np.array([False, True, True]), Spans(1, 4, 0, 20))
    >>> by_bins(openings, found, np.array([-4, 0, 4])).tolist()
    [[1, 1]]
    """
    counter = Counter(openings.group, openings.time)
    group = at.group ^ 1 if other else at.group
    running = np.arange(len(openings.time) + 1) if running is None else running
    found = np.empty((len(at.time), len(edges) - 1), dtype=running.dtype)
    begin = running[counter.upto(group, at.time + edges[0])]
    for column, edge in enumerate(edges[1:]):
        last = running[counter.upto(group, at.time + edge)]
        # the window that ends at the opening does not hold it, nor does the one that begins there
        end = running[counter.upto(group, at.time, inclusive=False)] if edge == 0 else last
        found[:, column], begin = end - begin, last
    return found

"""Ties from their first act to their last, and how two deepened early on: what a landmark divides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from honestsignals.depth_rows import disclosures_in
from honestsignals.errors import ArgumentError, DesignError
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import DAY, ratio
from honestsignals.moments import span
from honestsignals.return_waits import Asking, OrderedActs, ordered_acts

Array = np.ndarray[Any, np.dtype[Any]]

PATHS = {
    "volume": "log of the number of disclosures of both",
    "depth": "their mean depth",
    "gradual": "slope of depth on ln k, k the moments so far at which either disclosed",
    "sudden": "largest rise of the deepest so far at one moment, as a share of its whole rise",
    "deepening": "whole rise of the deepest so far",
}
"""Covariates of the early path, and what each is."""
LACKS = {
    "volume": "no disclosure early on",
    "depth": "no disclosure early on",
    "gradual": "fewer than three disclosures early on, or all at one moment",
    "sudden": "never went deeper early on than at first",
    "deepening": "no disclosure early on",
}
"""Why a covariate is undefined."""
FEWEST = 3


@dataclass(frozen=True, eq=False)
class Ties:
    """Ties that were alive at their landmark.

    Attributes
    ----------
    low, high : ndarray of int, shape (n,)
        Codes of the two.
    row : ndarray of int, shape (n,)
        An act of the first instant of each, as a row of the log.
    acts : ndarray of int
        Rows of all acts that count as giving.
    landmark : ndarray of int64, microseconds, shape (n,)
    days : ndarray, shape (n,)
        From the landmark to the last act, or to where follow-up ends.
    ended : ndarray of bool, shape (n,)
        Whether silence followed.
    followed : ndarray, shape (n,)
        Days from the landmark to where follow-up ends.
    paths : mapping of str to ndarray
        Covariates by name; NaN where undefined.
    begun_before : int
        Of them, ties whose first act is so near the log's beginning that they may have begun before.
    left_out : dict of str to int
        Why others were left out, and how many.
    """

    low: Array
    high: Array
    row: Array
    acts: Array
    landmark: Array
    days: Array
    ended: Array
    followed: Array
    paths: dict[str, Array]
    begun_before: int
    left_out: dict[str, int]

    def __len__(self) -> int:
        return len(self.days)

    def asking(self, turned: bool = False) -> Asking:
        """The two of each tie, in either order, and the acts of both at its first instant."""
        low, high = (self.high, self.low) if turned else (self.low, self.high)
        return Asking(low, high, self.row, self.acts, either=True)


def ties_in(log: InteractionLog, silence: int, early: str | int) -> Ties:
    """Every tie of a log: when it ended, and its early path.

    Parameters
    ----------
    log : InteractionLog
    silence : int, microseconds
        A tie ends with the last act before both are silent for longer.
    early : str or int
        A span from the first act on, or a number of disclosures.

    Raises
    ------
    DesignError
        Where acts have no depth or no time, or no tie is alive at its landmark.
    """
    acts = _giving(ordered_acts(log))
    first = np.searchsorted(acts.pair, np.arange(len(acts.low)))
    after = np.searchsorted(acts.pair, np.arange(len(acts.low)), side="right")
    there = np.flatnonzero(after > first)
    begin, over, last = _ends(acts, first[there], after[there], silence, log.moments()[1])
    until = log.moments()[1] - silence
    told = _Early.of(log, len(acts.low), begin, there, early)
    known = told.landmark >= 0
    stop = np.minimum(last, until)
    alive = known & (last >= told.landmark)
    keep = alive & (until >= told.landmark)
    # a tie that the log's end cut off before its landmark has not ended as far as anybody knows
    ended = known & ~alive & over
    left_out = {
        f"ties with fewer than {early} disclosures": int((~known).sum()),
        "ties that ended before their landmark": int(ended.sum()),
        "ties whose landmark is less than the silence before the log's end": int(
            (known & ~keep & ~ended).sum()
        ),
    }
    if not keep.any():
        reasons = "; ".join(f"{count:,} {reason}" for reason, count in left_out.items() if count)
        raise DesignError(f"No tie is followed beyond its landmark: {reasons or 'there is no tie'}.")
    pair = there[keep]
    return Ties(
        low=acts.low[pair],
        high=acts.high[pair],
        row=acts.row[first[pair]],
        acts=acts.row,
        landmark=told.landmark[keep],
        days=(stop - told.landmark)[keep] / DAY,
        ended=over[keep],
        followed=(until - told.landmark)[keep] / DAY,
        paths={name: told.paths[name][keep] for name in PATHS},
        begun_before=int((begin[keep] <= log.moments()[0] + silence).sum()),
        left_out={reason: count for reason, count in left_out.items() if count},
    )


def _giving(acts: OrderedActs) -> OrderedActs:
    keep = np.flatnonzero(acts.giving)
    parts = (acts.row[keep], acts.pair[keep], acts.low, acts.high)
    return OrderedActs(*parts, acts.from_low[keep], acts.time[keep], acts.giving[keep])


def _ends(
    acts: OrderedActs, first: Array, after: Array, silence: int, end: int
) -> tuple[Array, Array, Array]:
    """Of each tie its first act, whether it is over, and its last act before the first long silence."""
    follows = np.append(acts.time[1:], end)
    last_of_pair = np.zeros(len(acts.time), dtype=bool)
    last_of_pair[after - 1] = True
    follows[last_of_pair] = end
    long = (follows - acts.time) > silence
    place = np.where(long, np.arange(len(long)), len(long))
    # the first long silence of each pair, or none
    found = np.minimum.reduceat(place, first)
    over = found < after
    return acts.time[first], over, acts.time[np.where(over, found, after - 1)]


@dataclass(frozen=True, eq=False)
class _Early:
    """Landmark of each tie, -1 where it has none, and the path up to it."""

    landmark: Array
    paths: dict[str, Array]

    @staticmethod
    def of(log: InteractionLog, pairs: int, begin: Array, there: Array, early: str | int) -> _Early:
        """Landmarks and paths of the ties among pairs that there are."""
        of, acts = disclosures_in(log, DAY)
        place = np.full(pairs, -1)
        place[there] = np.arange(len(there))
        tie = place[acts.pair]
        if isinstance(early, str):
            landmark = begin + span(early, "early")
            inside = acts.time < landmark[tie]
        else:
            if isinstance(early, bool) or not isinstance(early, int) or early < FEWEST:
                raise ArgumentError(
                    f"early is {early!r}; it must be a span such as '28D', or a number of disclosures from "
                    f"{FEWEST} on."
                )
            landmark = np.full(len(there), -1, dtype=np.int64)
            running = np.append(0, np.cumsum(of.counts))
            nth = running[1:] - running[of.acts.per_act(of.acts.offsets[:-1])]
            at = np.flatnonzero(nth >= early)[::-1]
            landmark[tie[at]] = acts.time[at]
            inside = acts.time <= landmark[tie]
        at = np.flatnonzero(inside)
        step = np.cumsum(of.acts.new_instant)
        paths = _paths(tie[at], step[at], of.depth[at], of.counts[at], len(there))
        return _Early(landmark, paths)


def _paths(tie: Array, step: Array, depth: Array, count: Array, ties: int) -> dict[str, Array]:
    """Covariates of early disclosures, which stand tie by tie and in time."""

    def total(values: Array) -> Array:
        return np.bincount(tie, weights=values, minlength=ties)

    number = total(count)
    starts = np.flatnonzero(np.append(True, tie[1:] != tie[:-1])) if len(tie) else np.empty(0, dtype=int)
    k = step - np.repeat(step[starts], np.diff(starts, append=len(tie))) + 1
    mean, log = ratio(total(depth * count), number), np.log(k)
    centred = log - ratio(total(log * count), number)[tie]
    spread = total(centred**2 * count)
    several = total(k * count) > number
    slope = ratio(total(centred * (depth - mean[tie]) * count), spread)
    rise, jump = _rises(tie, depth, step, starts, ties)
    rise = np.where(number > 0, rise, np.nan)
    with np.errstate(divide="ignore"):
        volume = np.where(number > 0, np.log(number), np.nan)
    return {
        "volume": volume,
        "depth": mean,
        "gradual": np.where((number >= FEWEST) & several, slope, np.nan),
        "sudden": np.where(rise > 0, ratio(jump, rise), np.nan),
        "deepening": rise,
    }


def _rises(tie: Array, depth: Array, step: Array, starts: Array, ties: int) -> tuple[Array, Array]:
    """Whole rise of the deepest so far, from a tie's first moment on, and its largest rise at one moment."""
    rise, jump = np.zeros((2, ties))
    if not len(tie):
        return rise, jump
    moments = np.flatnonzero(np.append(True, step[1:] != step[:-1]))
    depths, rank = np.unique(depth, return_inverse=True)
    top = np.maximum.reduceat(rank, moments)
    whose = tie[moments]
    order = np.cumsum(np.append(True, whose[1:] != whose[:-1])) - 1
    running = np.maximum.accumulate(order * len(depths) + top) - order * len(depths)
    deepest = depths[running]
    inside = whose[1:] == whose[:-1]
    steps = np.diff(deepest)[inside]
    np.maximum.at(jump, whose[1:][inside], steps)
    first = np.flatnonzero(np.append(True, whose[1:] != whose[:-1]))
    last = np.append(first[1:], len(whose)) - 1
    rise[whose[first]] = deepest[last] - deepest[first]
    return rise, jump


def check_depths(log: InteractionLog, names: Sequence[str]) -> None:
    """Refuse covariates of how ties deepen where all disclosures are as deep.

    Parameters
    ----------
    log : InteractionLog
    names : sequence of str
        Of covariates.

    Raises
    ------
    DesignError
    """
    depths = np.unique(disclosures_in(log, DAY)[0].depth)
    if len(depths) == 1 and set(names) - {"volume"}:
        raise DesignError(
            f"Every disclosure of this log has the depth {depths[0]:g}, so no tie deepens: of its early path "
            "only 'volume' differs."
        )

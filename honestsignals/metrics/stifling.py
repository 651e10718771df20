"""Reciprocity fails of one pair: whether who was left alone opens less often than before.

Sound only over many pairs (``stifling`` has the study's ratio, its interval and its nulls): one pair has few
openings, and a burst that the two share moves its ratio as well.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.metrics.acts import Acts, ratio
from honestsignals.metrics.opening_windows import Openings, Spans, windows
from honestsignals.metrics.registry import statistic
from honestsignals.metrics.timing import thread

Array = np.ndarray[Any, np.dtype[Any]]


def _ratios(acts: Acts) -> Array:
    """Ratio of the two ratios after / before, by who opened (shape (2, n_pairs))."""
    at = thread(acts, "at")
    pair = np.repeat(np.arange(acts.n_pairs), np.diff(thread(acts, "edges")))
    group, time = 2 * pair + ~acts.forward[at], acts.clock[at]
    order = np.lexsort((time, group))
    group, time, back = group[order], time[order], acts.next_other[at][order]
    settings = acts.settings
    spans = Spans(settings.disclosure_window, settings.stifle_horizon, acts.start, acts.end[group // 2])
    found = windows(Openings(group, time, back), np.ones(len(group), dtype=bool), spans)

    def total(counts: Array, which: Array) -> Array:
        return np.bincount(found.group, weights=counts * which, minlength=2 * acts.n_pairs)

    alone, returned = ~found.returned, found.returned
    top = total(found.after, alone) * total(found.before, returned)
    bottom = total(found.before, alone) * total(found.after, returned)
    return ratio(top, bottom).reshape(-1, 2).T


@statistic(
    unit="",
    needs=["time"],
    empty=math.nan,
    inner=True,
    undefined="ego opened before none that was left alone, or after none that was returned",
    reference="",
    basis="derived",
    formula="(after / before, openings left alone) / (after / before, openings returned)",
    title="stifle ratio",
    asks=("Does an unreturned opening stifle a relationship?",),
)
def stifle_ratio_ego(acts: Acts) -> Array:
    """Ego's openings after over before one that alter left alone, against the same where it was returned.

    Openings with h (``stifle_horizon``, 28 days) before and Δ + h after them within what was observed are
    looked at, at least Δ + h apart, greedily from the first, whatever came later; returned is one after which
    alter acts in (t, t + Δ] (``disclosure_window``, a day). Before counts ego's openings in (t − h, t), after
    those in (t + Δ, t + Δ + h]; both are summed over openings. Below 1: fewer follow where alter was silent.
    Only asked for by name: few pairs have both kinds.
    """
    return acts.of_ego(acts.once("stifle_ratios", lambda: _ratios(acts)))

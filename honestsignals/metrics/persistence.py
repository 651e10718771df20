"""Whether a tie goes on: the share of periods with an act."""

from __future__ import annotations

from typing import Any

import numpy as np

from honestsignals.metrics.acts import Acts, ratio
from honestsignals.metrics.registry import metric, statistic

Array = np.ndarray[Any, np.dtype[Any]]


@statistic(unit="periods", needs=["periods"])
def active_periods(acts: Acts) -> Array:
    """Periods, counted from the log's first moment, with an act of either; waves where it has waves."""
    period = acts.period
    new = acts.pair_start.copy()
    new[1:] |= period[1:] != period[:-1]
    return acts.total(new)


@statistic(unit="periods", needs=["periods"])
def observed_periods(acts: Acts) -> Array:
    """Periods from the log's first moment to the end of what was observed, the last begun one counted."""
    return acts.periods


@metric(
    range=(0, 1),
    swap="same",
    undefined="nothing was observed before the label was asked",
    reference="hidalgo2008",
    formula="periods with an act / periods observed",
    asks=("Does the tie go on, week by week?",),
)
def persistence(active_periods: Array, observed_periods: Array) -> Array:
    """Share of the observed periods (a week by default, or waves) in which either acted.

    Examples
    --------
    >>> persistence(np.array([1, 0]), np.array([4, 4]))
    array([0.25, 0.  ])
    """
    return ratio(active_periods, observed_periods)

"""Ties, fails, waits and hazards: acts at one instant, what is not known, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

import honestsignals as hs
from honestsignals.log import InteractionLog
from honestsignals.tie_paths import ties_in

HOUR, DAY = 3600, 86400


def log_of(frame: pd.DataFrame, until: int | None = None) -> InteractionLog:
    """A log of times in seconds; all kinds give."""
    log = hs.read_log(frame, columns={name: name for name in frame.columns}, time_unit="s")
    return log if until is None else replace(log, window_edges=(0, until * 10**6))


def test_a_row_that_counts_several_is_as_gradual_as_so_many_rows() -> None:
    rows = [("a", "b", day * DAY, 1.0 + day, 3) for day in range(3)]
    rows += [("a", "b", day * DAY, np.nan, 1) for day in range(3, 20)]
    told = pd.DataFrame(rows, columns=["sender", "receiver", "time", "depth", "count"])
    single = told.loc[told.index.repeat(told["count"])].drop(columns="count")
    found = [
        ties_in(log_of(one, 100 * DAY), 10 * DAY * 10**6, "7D").paths["gradual"] for one in (told, single)
    ]
    assert np.isfinite(found[0]).all()
    np.testing.assert_allclose(found[0], found[1])

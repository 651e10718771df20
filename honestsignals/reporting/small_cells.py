"""Cells that rest on few rows, pairs or people, and are not shown where that is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def hidden(
    frame: pd.DataFrame, counts: Sequence[str], others: Sequence[str], least: int
) -> tuple[pd.DataFrame, int]:
    """A table without what rests on few.

    A row in which one of the counts is from 1 to least − 1 loses those counts, and every number that could
    tell them. Nothing is done against adding up the other rows.

    Parameters
    ----------
    frame : pandas.DataFrame
    counts : sequence of str
        Columns that count; those that are not there are passed over.
    others : sequence of str
        Numbers that rest on the counts of their row.
    least : int
        Up to 1 nothing is hidden.

    Returns
    -------
    frame : pandas.DataFrame
        With NaN in the place of what is hidden.
    rows : int
        How many rows lost something.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"rows": [40, 3], "events": [9, 1], "base_rate": [0.225, 0.333]})
    >>> found, rows = hidden(table, ["rows", "events"], ["base_rate"], 5)
    >>> found.isna().sum().to_dict(), rows
    ({'rows': 1, 'events': 1, 'base_rate': 1}, 1)
    """
    there = [name for name in counts if name in frame.columns]
    if least <= 1 or not there or not len(frame):
        return frame, 0
    values = frame[there].to_numpy(dtype=float)
    few = (values > 0) & (values < least)
    lost = few.any(axis=1)
    out = frame.copy()
    for place, name in enumerate(there):
        out[name] = np.where(few[:, place], np.nan, values[:, place])
    for name in others:
        if name in out.columns:
            out[name] = np.where(lost, np.nan, out[name].to_numpy(dtype=float))
    return out, int(lost.sum())

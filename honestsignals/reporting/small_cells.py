"""Cells that rest on few rows, pairs or people, and are not shown where that is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from honestsignals.exporting.cells import small_counts, small_numbers
from honestsignals.metric_table import MetricTable

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


def hidden_counts(table: MetricTable, least: int) -> tuple[MetricTable, int, int]:
    """Metrics of a network without its small counts, as an export hides them.

    Parameters
    ----------
    table : MetricTable
        As ``study.network_metrics()`` gives it.
    least : int
        Up to 1 nothing is hidden.

    Returns
    -------
    table : MetricTable
        With NaN in the place of counts from 1 to least − 1 and of what is computed from them, and without
        notes that tell such a number.
    counts, others : int
        How many counts are hidden, and how many metrics that are computed from them.
    """
    if least <= 1:
        return table, 0, 0
    cells, gone = small_counts(table.frame, {one.name: one.unit for one in table.about}, least)
    told_by = small_numbers(table.notes, least)
    frame = table.frame.assign(value=table.frame["value"].mask(gone))
    notes = tuple(line for line in table.notes if line not in told_by)
    return replace(table, frame=frame, notes=notes), int(cells.sum()), int((gone & ~cells).sum())

"""Which row is meant, where a number does not say it: the other things that stand in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from honestsignals.errors import MOST_SHOWN, quoted
from honestsignals.readers.act_columns import RawActs
from honestsignals.readers.faults import Fault

_TELLING = ("id", "sender", "receiver", "kind")


def with_rows(fault: Fault, raw: RawActs, mapping: Mapping[str, str]) -> Fault:
    """The fault with what else stands in its first rows: who gave to whom, what and when.

    Parameters
    ----------
    fault : Fault
        What is wrong.
    raw : RawActs
        The columns, in which its rows are counted.
    mapping : mapping of str to str
        Keys of acts to columns.

    Returns
    -------
    Fault
    """
    if not fault.numbered:
        return fault
    rows = fault.rows[:MOST_SHOWN]
    said = [_words(fault, raw, mapping, int(row)) for row in rows]
    details = [*fault.details, *[""] * (len(rows) - len(fault.details))]
    told = [f"{detail} ({words})" if words else detail for detail, words in zip(details, said, strict=False)]
    return replace(fault, details=tuple(told))


def _words(fault: Fault, raw: RawActs, mapping: Mapping[str, str], row: int) -> str:
    """What stands in a row besides what is wrong."""
    words = []
    for key in _TELLING:
        if key in raw.texts and mapping[key] != fault.column:
            value = raw.texts[key].at(np.array([row]))[0]
            words += [f"{mapping[key]} {quoted(value)}"] if value is not None else []
    if raw.time is not None and raw.unit == "iso":
        column = mapping["time"]
        wrong = any(one.column == column and row in one.rows for one in (fault, *raw.faults))
        words += [] if wrong else [f"{column} {np.datetime64(int(raw.time[row]), 'us')}"]
    return ", ".join(words)

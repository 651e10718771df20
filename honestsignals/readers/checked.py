"""Acts of one batch, checked by themselves: which rows stay, and what is kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from honestsignals.readers.act_columns import RawActs
from honestsignals.readers.acts import SELF_ACTS
from honestsignals.readers.faults import Fault, count_left_out, kept_rows
from honestsignals.readers.mapping import PEOPLE_KEYS
from honestsignals.readers.texts import Coded

Array = NDArray[Any]
KEPT = ("sender", "receiver", "kind", "topic", "conversation", "time", "count", "weight", "depth", "wave")
"""Columns that metrics of pairs read; others are checked and left."""
TEXTS = ("kind", "topic", "conversation")


@dataclass(frozen=True, eq=False)
class Checked:
    """One batch, checked by itself.

    Attributes
    ----------
    raw : RawActs
        As read.
    faults : list of Fault
        What is wrong, rows counted from the batch's first.
    left_out : dict of str to int
        Rows that do not stay, where they may be left out.
    ids : Any
        Distinct ids of people whom rows that stay name.
    names : dict of str to Arrow array
        Distinct values of ``TEXTS`` in rows that stay.
    table : pyarrow.Table
        What is kept.
    edges : tuple of int or None
        First and last time.
    """

    raw: RawActs
    faults: list[Fault]
    left_out: dict[str, int]
    ids: Any
    names: dict[str, Any]
    table: Any
    edges: tuple[int, int] | None


def checked(raw: RawActs, faults: list[Fault]) -> Checked:
    """One batch by itself.

    Parameters
    ----------
    raw : RawActs
        Its columns.
    faults : list of Fault
        What is wrong with its rows.
    """
    left_out: dict[str, int] = {}
    keep = kept_rows(faults, raw.rows, left_out)
    sender, receiver = (raw.texts[key] for key in PEOPLE_KEYS)
    rows = slice(None) if keep.all() else keep
    ids = _named(sender, *(one.codes[rows] for one in (sender, receiver)))
    oneself = keep & (sender.codes == receiver.codes)
    count_left_out(left_out, SELF_ACTS, int(oneself.sum()))
    keep &= ~oneself
    chosen = slice(None) if keep.all() else keep
    named = [name for name in TEXTS if name in raw.texts]
    names = {name: _named(raw.texts[name], raw.texts[name].codes[chosen]) for name in named}
    table, edges = _table(raw, chosen)
    return Checked(raw, faults, left_out, ids, names, table, edges)


def _named(coded: Coded, *codes: Array) -> Any:
    """The distinct values that some rows hold."""
    named = np.zeros(len(coded.values) + 1, dtype=bool)
    for some in codes:
        named[some] = True
    named = named[:-1]
    if isinstance(coded.values, np.ndarray):
        return coded.values[named]
    return coded.values if named.all() else coded.values.filter(pa.array(named))


def _table(raw: RawActs, chosen: Any) -> tuple[Any, tuple[int, int] | None]:
    """What is kept of a batch, and its first and last time."""
    columns: dict[str, Any] = {}
    for name in KEPT:
        if name in raw.texts:
            coded = raw.texts[name]
            codes = coded.codes[chosen]
            if coded.dense and name in PEOPLE_KEYS:
                # people of rows that stay are never missing
                first, last = coded.values[0], coded.values[-1]
                narrow = first >= -(2**31) and last < 2**31
                columns[name] = codes + (np.int32 if narrow else np.int64)(first)
                continue
            columns[name] = pa.DictionaryArray.from_arrays(
                pa.array(codes, mask=codes < 0 if name in ("topic", "conversation") else None),
                pa.array(coded.values) if isinstance(coded.values, np.ndarray) else coded.values,
            )
        elif name in raw.numbers:
            whole = name in ("count", "wave")
            columns[name] = raw.numbers[name][chosen].astype(np.int64 if whole else np.float64)
    edges = None
    if raw.time is not None:
        columns["time"] = raw.time[chosen]
    clock = columns.get("time", columns.get("wave"))
    if clock is not None and len(clock):
        edges = int(clock.min()), int(clock.max())
    return pa.table(columns), edges

"""When a label was asked: acts count for it only strictly before."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from honestsignals.errors import InputError, bad_input, nearest
from honestsignals.log import InteractionLog
from honestsignals.readers.faults import raise_faults
from honestsignals.readers.table import Table
from honestsignals.readers.times import UNITS, parse_origin, parse_stamp, read_times, settle_unit
from honestsignals.study_file import StudyFile

Array = np.ndarray[Any, np.dtype[Any]]


def asked(
    table: Table, name: str, file: StudyFile, log: InteractionLog, column: str | None
) -> tuple[Array | None, str]:
    """Before when acts count: a moment a row or one for all, and in words.

    Parameters
    ----------
    table : Table
        The file of the label.
    name : str
        The label.
    file : StudyFile
        The study's checked study.toml.
    log : InteractionLog
        Tells how time is counted.
    column : str or None
        The column that ``asked`` names, if it names one.

    Returns
    -------
    moments : ndarray of int64, shape (n_rows,) or (), or None
        Acts strictly before it count; None for all acts.
    words : str
        What is to be said of it.
    """
    keys, clock = file.labels[name], log.acts.clock
    if "wave" in keys and clock != "wave":
        return None, f"{name} was asked at wave {keys['wave']}; the acts have no waves, so all of them count."
    if ("asked" not in keys and "wave" not in keys) or clock is None:
        return None, _undated(name, "asked" in keys, clock is not None)
    if column is not None and keys["absent"] == "no":
        raise InputError(f'label {name}: asked is a column, but absent = "no" makes pairs without a row.')
    if column is not None:
        moments = _column(table, column, log, file.acts)
        return moments, f"{name} was asked pair by pair: for each, only acts strictly before it count."
    value = keys.get("wave", keys.get("asked"))
    where = f"study.toml, [labels.{name}] asked"
    if clock == "wave":
        if isinstance(value, bool) or not isinstance(value, int):
            raise InputError(f"{where} is {value!r}; the acts have waves, so it must be a whole number.")
        return np.array(value + 1), f"{name} was asked at wave {value}: acts of that wave and before count."
    moment = _constant(value, where, (table, file.acts), log.acts.dated)
    return np.array(moment), f"Only acts before {value} count: {name} was asked then."


def _undated(name: str, label: bool, acts: bool) -> str:
    """What is to be said where acts cannot be held against the date of a label."""
    if label:
        return f"The acts have no time, so it is not known which came before {name} was asked."
    if acts:
        return f"{name} has no date: every act of the log counts, also those after it was asked."
    return f"Neither {name} nor the acts have a date: acts after it was asked may be among them."


def _constant(value: Any, where: str, of: tuple[Table, Mapping[str, Any]], dated: bool) -> int:
    """One moment for all pairs, in the unit of the acts, as microseconds."""
    table, acts = of
    if isinstance(value, int | float) and not isinstance(value, bool):
        scale = UNITS.get(acts.get("time_unit", "iso"))
        if scale is None or not np.isfinite(value):
            raise InputError(f"{where} is {value!r}; times of the acts are dates, so it must be one.")
        return round(value * scale) + (parse_origin(acts.get("time_origin")) or 0)
    text = value.isoformat() if isinstance(value, datetime.date) else str(value)
    stamp = parse_stamp(text)
    if isinstance(stamp, str):
        near = nearest(text, table.source.columns)
        hint = f" Did you mean {near!r}?" if near else ""
        raise InputError(f"{where} is {text!r}; it is no column of {table.source.name}, and {stamp}.{hint}")
    if not dated:
        raise InputError(
            f"{where} is the date {text}; times of the acts are relative, so it must be a number."
        )
    return stamp.micros


def _column(table: Table, column: str, log: InteractionLog, acts: Mapping[str, Any]) -> Array:
    """A column of moments in the unit of the acts."""
    values = table.columns[column]
    if log.acts.clock == "wave":
        numbers = values.dtype.kind in "iu" or (values.dtype.kind == "f" and not (values % 1).any())
        if not numbers:
            whole = np.array([isinstance(one, float | int) and one % 1 == 0 for one in values.tolist()])
            problems = table.problems(
                np.flatnonzero(~whole), column, "is not a whole number, and acts have waves"
            )
            raise bad_input(problems, int((~whole).sum()))
        return values.astype(np.int64) + 1
    given = pa.chunked_array([pa.array(values, from_pandas=True)])
    unit = settle_unit(given, acts.get("time_unit"), column, table.source)
    part = read_times(given, column, unit, 0, table.source)
    raise_faults(table.source, part.faults)
    origin = parse_origin(acts.get("time_origin")) if unit != "iso" else None
    return part.micros + (origin or 0)

"""Labels from their file: every row checked against the roster, the levels and one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from honestsignals.errors import MOST_SHOWN, InputError, Problem, bad_input, listed, nearest, quoted, unknown
from honestsignals.labels import ACROSS, Labels
from honestsignals.log import InteractionLog
from honestsignals.readers.faults import raise_faults
from honestsignals.readers.ids import places_of
from honestsignals.readers.source import open_source
from honestsignals.readers.table import Table, read_table
from honestsignals.readers.times import parse_origin, read_times, settle_unit
from honestsignals.study_file import StudyFile

Array = np.ndarray[Any, np.dtype[Any]]

SELF = "a person with themselves"
TWICE = "the same answer twice"
TRUTHS = {"1": 1.0, "0": 0.0, "true": 1.0, "false": 0.0, "True": 1.0, "False": 0.0}


def read_labels(file: StudyFile, name: str, log: InteractionLog, people: Mapping[str, Array]) -> Labels:
    """One label of a study.

    Parameters
    ----------
    file : StudyFile
        The study's checked study.toml.
    name : str
        Name of the label.
    log : InteractionLog
        Tells who there is, and how time is counted.
    people : mapping of str to ndarray, shape (n_people,)
        ``block`` codes and the columns that say who answered, by name.

    Returns
    -------
    Labels

    Raises
    ------
    InputError
        For an id outside the roster, a value outside the levels, two answers about one pair that differ.
    """
    keys = file.labels[name]
    path = file.folder / keys["file"]
    columns = open_source(path).columns
    asked_column = keys.get("asked") if keys.get("asked") in columns else None
    ids = (keys["source"], keys["target"])
    others = [keys["value"], *([asked_column] if asked_column else [])]
    table = read_table(path, list(ids), others)
    source, target = (pair_codes(table, column, log.people) for column in ids)
    value = _values(table, name, keys)
    asked, when = _asked(table, name, file, log, asked_column)
    keep, left_out = _one_row_a_pair(table, keys, (source, target), value, asked)
    source, target, value = source[keep], target[keep], value[keep]
    asked = asked if asked is None or not asked.shape else asked[keep]
    if not keys["directed"]:
        source, target = np.minimum(source, target), np.maximum(source, target)
    _refuse_across(table, keys, (source, target, np.flatnonzero(keep)), people.get("block"))
    answered = _answered(name, keys, people)
    bounds = keys.get("range")
    return Labels(
        name=name,
        type=keys["type"],
        directed=keys["directed"],
        absent=keys["absent"],
        source=source,
        target=target,
        value=value,
        asked=None if asked is None else np.broadcast_to(asked, len(value)).astype(np.int64),
        wave=keys.get("wave"),
        answered=answered,
        by_source="answered_source" in keys,
        levels=tuple(keys.get("levels", ())),
        range=None if bounds is None else (float(bounds[0]), float(bounds[1])),
        fixed_choice=keys.get("fixed_choice"),
        when=when,
        left_out=left_out,
    )


def pair_codes(table: Table, column: str, people: Array) -> Array:
    """Codes of the people that a column names; an error for one who is not on the roster."""
    text = table.columns[column]
    codes = places_of(pa.array(text, pa.string()), people)
    if (codes < 0).any():
        places = np.flatnonzero(codes < 0)
        near = nearest(str(text[places[0]]), [str(person) for person in people[:100_000]])
        hint = f"Did you mean {near!r}?" if near else ""
        raise bad_input(table.problems(places, column, "is not in the list of people"), len(places), hint)
    return codes


def _values(table: Table, name: str, keys: Mapping[str, Any]) -> Array:
    """Answers as numbers, NaN where the row has none."""
    column = keys["value"]
    given = table.columns[column]
    levels = keys.get("levels")
    if keys["type"] == "binary":
        allowed: Mapping[str, float] = TRUTHS
        rule = "is not 0 or 1"
    elif levels is not None:
        numeric = all(isinstance(level, (int, float)) for level in levels)
        allowed = {_plain(level): float(level) if numeric else float(i) for i, level in enumerate(levels)}
        rule = f"is not one of the levels {listed(levels)}"
    else:
        return _numbers(table, column, keys.get("range"))
    codes = np.full(len(given), np.nan)
    wrong = np.zeros(len(given), dtype=bool)
    there = ~pd.isna(given)
    for place in np.flatnonzero(there):
        number = allowed.get(_plain(given[place]))
        wrong[place] = number is None
        codes[place] = np.nan if number is None else number
    if wrong.any():
        places = np.flatnonzero(wrong)
        raise bad_input(table.problems(places, column, f"{rule} (label {name})"), len(places))
    return codes


def _plain(value: Any) -> str:
    """A level as it is compared: 1, 1.0 and "1" are one."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _numbers(table: Table, column: str, bounds: Sequence[float] | None) -> Array:
    """Answers on a numeric scale."""
    given = table.columns[column]
    if given.dtype.kind not in "iufb":
        wrong = np.array([value is not None and not _is_number(value) for value in given.tolist()])
        raise bad_input(table.problems(np.flatnonzero(wrong), column, "is not a number"), int(wrong.sum()))
    values = given.astype(float)
    outside = np.isinf(values)
    rule = "is not finite"
    if bounds is not None:
        outside |= (values < bounds[0]) | (values > bounds[1])
        rule = f"is not from {bounds[0]:g} to {bounds[1]:g}"
    if outside.any():
        places = np.flatnonzero(outside)
        raise bad_input(table.problems(places, column, rule), len(places))
    return values


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _asked(
    table: Table, name: str, file: StudyFile, log: InteractionLog, column: str | None
) -> tuple[Array | None, str]:
    """When the label was asked: a moment a row, or one for all; and in words."""
    keys = file.labels[name]
    clock = log.acts.clock
    if "wave" in keys:
        if clock != "wave":
            return (
                None,
                f"{name} was asked at wave {keys['wave']}; the acts have no waves, so all of them count.",
            )
        said = f"{name} was asked at wave {keys['wave']}: acts of that wave and before count."
        return np.array(keys["wave"] + 1), said
    if "asked" not in keys:
        if clock is None:
            return (
                None,
                f"Neither {name} nor the acts have a date: acts after it was asked may be among them.",
            )
        return None, f"{name} has no date: every act of the log counts, also those after it was asked."
    if clock is None:
        return None, f"The acts have no time, so it is not known which came before {name} was asked."
    if column is None:
        return np.array(
            log.moment(keys["asked"])
        ), f"Only acts before {keys['asked']} count: {name} was asked then."
    if keys["absent"] == "no":
        raise InputError(f'label {name}: asked is a column, but absent = "no" makes pairs without a row.')
    moments = _moments(table, column, log, file.acts)
    return moments, f"{name} was asked pair by pair: for each, only acts strictly before it count."


def _undated(name: str, label: bool, acts: bool) -> str:
    """What is to be said where acts cannot be held against the date of a label."""
    if label:
        return f"The acts have no time, so it is not known which came before {name} was asked."
    if acts:
        return f"{name} has no date: every act of the log counts, also those after it was asked."
    return f"Neither {name} nor the acts have a date: acts after it was asked may be among them."


def _moments(table: Table, column: str, log: InteractionLog, acts: Mapping[str, Any]) -> Array:
    """A column of dates in the unit of the acts."""
    given = pa.chunked_array([pa.array(table.columns[column], from_pandas=True)])
    if log.acts.clock == "wave":
        return table.columns[column].astype(np.int64) + 1
    unit = settle_unit(given, acts.get("time_unit"), column, table.source)
    part = read_times(given, column, unit, 0, table.source)
    raise_faults(table.source, part.faults)
    origin = parse_origin(acts.get("time_origin")) if unit != "iso" else None
    return part.micros + (origin or 0)


def _one_row_a_pair(
    table: Table, keys: Mapping[str, Any], codes: tuple[Array, Array], value: Array, asked: Array | None
) -> tuple[Array, dict[str, int]]:
    """Which rows stay: no self-pairs, one row a pair; two that differ are an error."""
    source, target = codes
    itself = source == target
    first, second = (source, target) if keys["directed"] else (np.minimum(*codes), np.maximum(*codes))
    width = max(int(source.max(initial=0)), int(target.max(initial=0))) + 1
    key = first.astype(np.int64) * width + second
    _, kept, group = np.unique(key, return_index=True, return_inverse=True)
    same = (value == value[kept][group]) | (np.isnan(value) & np.isnan(value[kept][group]))
    if asked is not None and asked.shape:
        same &= asked == asked[kept][group]
    if not (same | itself).all():
        raise _disagreement(table, keys, kept[group], ~(same | itself))
    keep = np.zeros(len(value), dtype=bool)
    keep[kept] = True
    keep &= ~itself
    # a pair listed in both directions says one thing; a row that stands twice is a repetition
    _, once = np.unique(source.astype(np.int64) * width + target, return_index=True)
    again = np.ones(len(value), dtype=bool)
    again[once] = False
    left = {SELF: int(itself.sum()), TWICE: int((again & ~itself).sum())}
    return keep, {reason: count for reason, count in left.items() if count}


def _disagreement(table: Table, keys: Mapping[str, Any], first: Array, wrong: Array) -> InputError:
    """Two rows about one pair that do not say the same."""
    column, problems = keys["value"], []
    for place in np.flatnonzero(wrong)[:MOST_SHOWN]:
        one = table.problems([place], column, "")[0]
        other = table.problems([first[place]], column, "")[0]
        pair = f"{table.columns[keys['source']][place]} and {table.columns[keys['target']][place]}"
        rule = f"about {pair} is not what {one.unit} {other.line} says: {quoted(other.value) or 'nothing'}"
        problems.append(Problem(one.source, one.line, column, one.value, rule, one.unit))
    hint = "" if keys["directed"] else "The label is undirected: both directions must say the same."
    return bad_input(problems, int(wrong.sum()), hint)


def _refuse_across(
    table: Table, keys: Mapping[str, Any], rows: tuple[Array, Array, Array], block: Array | None
) -> None:
    """An answer about a pair that could never be is an error."""
    if block is None:
        return
    source, target, places = rows
    across = places[block[source] != block[target]]
    if len(across):
        problems = table.problems(across, keys["source"], f"names a pair {ACROSS}")
        raise bad_input(problems, len(across))


def _answered(name: str, keys: Mapping[str, Any], people: Mapping[str, Array]) -> Array | None:
    """Who answered, from a 0/1 column of people."""
    column = keys.get("answered") or keys.get("answered_source")
    if column is None:
        return None
    if column not in people:
        raise unknown(f"column of people (answered, label {name})", column, people)
    given = people[column]
    if given.dtype.kind not in "iufb" or not np.isin(given[~np.isnan(given.astype(float))], (0, 1)).all():
        raise InputError(f"label {name}: the column {column!r} of people must hold 0 and 1.")
    return given.astype(float) == 1

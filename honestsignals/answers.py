"""Labels from their file: every row checked against the roster, the levels and one another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from honestsignals.asked import asked
from honestsignals.errors import MOST_SHOWN, InputError, Problem, bad_input, listed, nearest, quoted, unknown
from honestsignals.labels import ACROSS, Labels
from honestsignals.log import InteractionLog
from honestsignals.readers.ids import places_of
from honestsignals.readers.source import open_source
from honestsignals.readers.table import Table, read_table
from honestsignals.study_file import StudyFile

Array = np.ndarray[Any, np.dtype[Any]]

SELF = "a person with themselves"
TWICE = "the same answer twice"
TRUTHS = {"1": 1.0, "0": 0.0, "true": 1.0, "false": 0.0}


def read_labels(
    file: StudyFile,
    name: str,
    log: InteractionLog,
    people: Mapping[str, Array],
    block: Array | None,
) -> Labels:
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
        Columns of people, those that say who answered among them, by name.
    block : ndarray of int, shape (n_people,), or None
        Block of each person.

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
    moments, when = asked(table, name, file, log, asked_column)
    keep, left_out = _one_row_a_pair(table, keys, (source, target), value, moments)
    source, target, value = source[keep], target[keep], value[keep]
    by_row = moments[keep] if moments is not None and moments.shape else None
    if not keys["directed"]:
        source, target = np.minimum(source, target), np.maximum(source, target)
    _refuse_across(table, keys, (source, target, np.flatnonzero(keep)), block)
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
        asked=by_row,
        moment=int(moments) if moments is not None and not moments.shape else None,
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
        plain = _plain(given[place])
        number = allowed.get(plain.lower() if keys["type"] == "binary" else plain)
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
    if (
        asked is not None
        and asked.shape
        and not (asked[same | itself] == asked[kept][group][same | itself]).all()
    ):
        differ = same & ~itself & (asked != asked[kept][group])
        rule = "names a pair that another row has too, asked at another time"
        raise bad_input(table.problems(np.flatnonzero(differ), keys["source"], rule), int(differ.sum()))
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
        said, before = (_said(answer) for answer in (one.value, other.value))
        where = f"{one.unit} {other.line}" + (f" of {other.source}" if other.source != one.source else "")
        rule = f"about {pair} is not what {where} says: {before}"
        # the column's name and the answer as one word, so that text does not stand in quotes twice
        problems.append(Problem(one.source, one.line, f"{column} {said}", None, rule, one.unit))
    hint = "" if keys["directed"] else "The label is undirected: both directions must say the same."
    return bad_input(problems, int(wrong.sum()), hint)


def _said(answer: object) -> str:
    """An answer as a message shows it."""
    empty = answer is None or (isinstance(answer, float) and math.isnan(answer))
    return "nothing" if empty else quoted(answer)


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
    truths = [None if pd.isna(one) else TRUTHS.get(_plain(one).lower(), math.nan) for one in given.tolist()]
    if any(one is not None and math.isnan(one) for one in truths):
        raise InputError(f"label {name}: the column {column!r} of people must hold 0 and 1.")
    return np.array([one == 1 for one in truths])

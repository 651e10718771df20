"""What rows of acts have to keep beyond one cell: people who exist, ids that are unique, replies that end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import nearest
from honestsignals.readers.act_columns import RawActs
from honestsignals.readers.duplicates import repeated_rows
from honestsignals.readers.faults import DELIVERED, Fault, kept_rows
from honestsignals.readers.ids import places_of
from honestsignals.readers.mapping import PEOPLE_KEYS
from honestsignals.readers.replies import first_row_of, roots, tainted
from honestsignals.readers.row_words import with_rows
from honestsignals.readers.texts import faults_if_missing, faults_of_ids, faults_of_values

_UNKNOWN_PERSON = "is not in the list of people"
_UNKNOWN_ACT, _CIRCLE = "is the id of no act", "is part of a circle of replies"
_ORPHAN, _TWO_ACTS = "answers an act that is left out", "is the id of different acts"
_HEADER_AGAIN = "repeats the header"
# Comparing an id with every other takes about a second per 100,000 of them.
_MOST_COMPARED = 20_000


def faults_of_acts(
    raw: RawActs, mapping: Mapping[str, str], people: NDArray[Any] | None, unit: str
) -> list[Fault]:
    """Everything that is wrong with rows, taken one at a time.

    Parameters
    ----------
    raw : RawActs
        The columns.
    mapping : mapping of str to str
        Keys to columns.
    people : ndarray or None
        The roster, ordered, where there is one.
    unit : str
        What the source counts its places in; only files ("line") repeat their header, and where rows have
        no order of their own the message says what else is in them.

    Returns
    -------
    list of Fault
    """
    faults = list(raw.faults)
    for key in PEOPLE_KEYS:
        own = faults_of_ids(raw.texts[key], mapping[key], missing=True)
        faults += own + ([] if people is None else _strangers(raw, key, mapping[key], people, own))
    for key in ("reporter", "id", "reply_to"):
        if key in raw.texts:
            faults += faults_of_ids(raw.texts[key], mapping[key], missing=key == "id")
    if "kind" in raw.texts:
        faults += faults_if_missing(raw.texts["kind"], mapping["kind"])
    if unit == DELIVERED:
        return [with_rows(fault, raw, mapping) for fault in faults]
    return _without_headers(raw, mapping, faults) if unit == "line" else faults


def faults_of_act_ids(raw: RawActs, column: str, faults: list[Fault]) -> list[Fault]:
    """Rows that share an id and differ in what they say; equal rows are duplicates, and no fault."""
    codes = raw.texts["id"].codes
    keep = kept_rows(faults, raw.rows, {}) & (codes >= 0)
    often = np.bincount(codes[keep], minlength=len(raw.texts["id"].values)) > 1
    shared = np.flatnonzero(np.append(often, False)[codes] & keep)
    if not len(shared):
        return []
    again = repeated_rows([values[shared] for values in raw.comparable()])
    distinct = np.delete(shared, again)
    clash = np.bincount(codes[distinct], minlength=len(often)) > 1
    rows = shared[clash[codes[shared]]]
    return [Fault(column, _TWO_ACTS, rows, tuple(raw.texts["id"].at(rows[:10])))] if len(rows) else []


def conversations(
    raw: RawActs, column: str, faults: list[Fault], *, cascade: bool
) -> tuple[NDArray[np.int32], list[Fault]]:
    """The id of the act that opened each act's conversation, and replies that lead to none.

    Parameters
    ----------
    raw : RawActs
        Columns with ``id`` and ``reply_to``.
    column : str
        The column of replies.
    faults : list of Fault
        What is known to be wrong.
    cascade : bool
        Whether replies to rows that are left out are left out as well.

    Returns
    -------
    codes : ndarray of int32
        Places in the values of ``id``.
    faults : list of Fault
    """
    own, answered = raw.texts["id"].codes, raw.texts["reply_to"].codes
    keep = kept_rows(faults, raw.rows, {})
    first = first_row_of(np.where(keep, own, -1).astype(np.int32), len(raw.texts["id"].values))
    refused = first_row_of(own, len(first))
    first = np.append(np.where(first >= 0, first, refused), -1)
    parent = np.where(answered >= 0, first[answered], np.arange(raw.rows))
    unknown = parent < 0
    parent[unknown] = np.flatnonzero(unknown)
    root, circular = roots(parent)
    circular |= (answered >= 0) & (answered == own)
    masks = {_UNKNOWN_ACT: unknown, _CIRCLE: circular & keep}
    if cascade:
        orphan = tainted(parent, ~keep | unknown | circular) & keep & ~unknown & ~circular
        masks[_ORPHAN] = orphan
    found = []
    for rule, mask in masks.items():
        rows = np.flatnonzero(mask)
        if len(rows):
            found.append(Fault(column, rule, rows, tuple(raw.texts["reply_to"].at(rows[:10]))))
    return own[root], found


def _strangers(raw: RawActs, key: str, column: str, people: NDArray[Any], known: list[Fault]) -> list[Fault]:
    """Rows whose id is not in the roster; those already faulted are not told twice."""
    coded = raw.texts[key]
    strange = places_of(coded.values, people) < 0
    if not strange.any():
        return []

    def guess(value: str) -> str:
        near = nearest(value, people.tolist()) if len(people) <= _MOST_COMPARED else None
        return f"; did you mean {near!r}?" if near else ""

    told = np.concatenate([fault.rows for fault in known]) if known else np.empty(0, dtype=np.int64)
    if len(told):
        silent = coded.codes.copy()
        silent[told] = -1
        coded = replace(coded, codes=silent)
    return faults_of_values(coded, column, strange, _UNKNOWN_PERSON, guess)


def _without_headers(raw: RawActs, mapping: Mapping[str, str], faults: list[Fault]) -> list[Fault]:
    """One fault for rows that repeat the header, in place of those of their cells."""
    again = np.ones(raw.rows, dtype=bool)
    for key in PEOPLE_KEYS:
        coded = raw.texts[key]
        again &= coded.codes == coded.place(mapping[key])
    if not again.any():
        return faults
    rest = [_without(fault, again) if fault.numbered else fault for fault in faults]
    return [Fault(None, _HEADER_AGAIN, np.flatnonzero(again)), *(fault for fault in rest if len(fault.rows))]


def _without(fault: Fault, dropped: NDArray[np.bool_]) -> Fault:
    stay = ~dropped[fault.rows]
    values = tuple(value for value, keep in zip(fault.values, stay, strict=False) if keep)
    details = tuple(detail for detail, keep in zip(fault.details, stay, strict=False) if keep)
    return replace(fault, rows=fault.rows[stay], values=values, details=details)

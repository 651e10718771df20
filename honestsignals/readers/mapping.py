"""Which column holds what."""

from __future__ import annotations

from collections.abc import Mapping

from honestsignals.errors import ArgumentError, listed, unknown
from honestsignals.readers.faults import whole_source
from honestsignals.readers.source import Source, require_columns

PEOPLE_KEYS = ("sender", "receiver")
TEXT_KEYS = ("kind", "topic", "channel", "context", "conversation", "id", "reply_to", "reporter")
NUMBER_KEYS = ("count", "weight", "duration", "depth", "wave")
KEYS = (
    *PEOPLE_KEYS,
    *("time", "wave", "id", "count", "kind", "weight", "duration", "depth"),
    *("topic", "channel", "context", "conversation", "reply_to", "reporter"),
)
_TIME_COLUMNS = ("time", "timestamp")


def wanted_columns(columns: Mapping[str, str] | None) -> list[str]:
    """The columns that a file of acts must have: those mapped, sender and receiver.

    >>> wanted_columns({"sender": "from"})
    ['from', 'receiver']
    """
    given = dict(columns or {})
    for key in given:
        if key not in KEYS:
            raise unknown("key of columns", key, KEYS)
    return list({**{key: key for key in PEOPLE_KEYS}, **given}.values())


def map_columns(source: Source, columns: Mapping[str, str] | None) -> dict[str, str]:
    """Keys of acts to columns of a source, in the order of `KEYS`.

    Parameters
    ----------
    source : Source
        What is read.
    columns : mapping or None
        Keys to columns; nothing else is read, but sender and receiver by their own names. None or an empty
        mapping takes every key that is the name of a column, and for the time "timestamp" too.

    Returns
    -------
    dict of str to str
    """
    require_columns(source, wanted_columns(columns))
    mapped = dict(columns) if columns else {key: key for key in KEYS if key in source.columns}
    mapped = {**{key: key for key in PEOPLE_KEYS}, **mapped}
    if not columns and "time" not in mapped and "wave" not in mapped:
        found = [column for column in _TIME_COLUMNS if column in source.columns]
        if found:
            mapped["time"] = found[0]
    _refuse_contradictions(source, mapped, spelt=bool(columns))
    return {key: mapped[key] for key in KEYS if key in mapped}


def names_in(mapping: Mapping[str, str]) -> list[str]:
    """Columns that hold names and nothing else.

    >>> names_in({"sender": "who", "kind": "what", "time": "when", "topic": "when"})
    ['who', 'what']
    """
    others = {name for key, name in mapping.items() if key not in (*PEOPLE_KEYS, *TEXT_KEYS)}
    names = [mapping[key] for key in (*PEOPLE_KEYS, *TEXT_KEYS) if key in mapping]
    return [name for name in names if name not in others]


def unread_columns(source: Source, mapped: Mapping[str, str]) -> tuple[str, ...]:
    """Columns that are called like a key and are not read, for the log to say so."""
    taken = set(mapped.values())
    called = (*KEYS, *(name for name in _TIME_COLUMNS if name not in KEYS))
    return tuple(name for name in called if name in source.columns and name not in taken)


def _refuse_contradictions(source: Source, mapped: Mapping[str, str], *, spelt: bool) -> None:
    if mapped["sender"] == mapped["receiver"]:
        raise ArgumentError(f"sender and receiver are both the column {mapped['sender']!r}.")
    for one, other, why in (
        ("time", "wave", "acts are ordered by one of them"),
        ("conversation", "reply_to", "each says which acts belong together"),
    ):
        if one in mapped and other in mapped:
            hint = "" if spelt else f" (say which in columns; there are {listed(source.columns)})"
            raise ArgumentError(f"{source.name}: {one} and {other} are both given, but {why}{hint}.")
    if "reply_to" in mapped and "id" not in mapped:
        raise whole_source(source, mapped["reply_to"], "refers to ids of acts: map the column id too")

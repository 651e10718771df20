"""People under other names: the same key gives the same person the same name in every table."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from honestsignals.errors import ArgumentError, DesignError, OutputError, listed, unknown
from honestsignals.exporting.content import Content, id_text, kind_of
from honestsignals.exporting.turning import registered_swap, turned

if TYPE_CHECKING:
    import pandas as pd

NAMES_OF_PEOPLE = ("ego", "alter", "person", "sender", "receiver")
"""Columns that name people, whatever else is known of a table."""
SCALE = 100
"""Whole numbers up to it may be answers on a scale, though there be people of these numbers."""
PLACES = ("row",)
"""Columns that count rows of a table sorted by people."""
SHORTEST, DIFFERENT, DIGITS = 16, 4, 16
"""Characters that a key must have, and different ones; hexadecimal digits of a pseudonym: 64 bits."""


def check_key(key: object) -> bytes:
    """A key as bytes; refuse one that could be guessed.

    >>> check_key("short")
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: The key of the pseudonyms has 5 characters; it must have at least 16.
    """
    if not isinstance(key, str | bytes):
        raise ArgumentError(f"The key of the pseudonyms is a {type(key).__name__}; it must be text or bytes.")
    if len(key) < SHORTEST:
        raise ArgumentError(
            f"The key of the pseudonyms has {len(key)} characters; it must have at least {SHORTEST}."
        )
    if len(set(key)) < DIFFERENT:
        raise ArgumentError(
            f"The key of the pseudonyms has {len(set(key))} different characters; it must have at least "
            f"{DIFFERENT}."
        )
    return key.encode("utf-8") if isinstance(key, str) else bytes(key)


def pseudonym(key: bytes, one: Any) -> str:
    """Name of a person under a key: HMAC-SHA256, its first 64 bits, after a letter.

    Without the key nobody can tell who it is, nor try out names. The letter keeps it text: 16 digits
    alone would be read as a number.

    Examples
    --------
    >>> pseudonym(b"sixteen letters!", "Ann") == pseudonym(b"sixteen letters!", "Ann")
    True
    >>> len(pseudonym(b"sixteen letters!", 7))
    17
    """
    return "p" + hmac.new(key, id_text(one).encode("utf-8"), "sha256").hexdigest()[:DIGITS]


def id_columns(content: Content, ids: Sequence[str] | None = None) -> list[str]:
    """Columns of a table that name people.

    Parameters
    ----------
    content : Content
        The table.
    ids : sequence of str, optional
        Further columns that do.
    """
    if not (ids is None or (isinstance(ids, Iterable) and all(isinstance(one, str) for one in ids))):
        raise ArgumentError(f"ids is {ids!r}; it must be names of columns.")
    further = [ids] if isinstance(ids, str) else list(ids or ())
    names = list(content.frame.columns)
    for name in further:
        if name not in names:
            raise unknown("column", name, names)
    found = [*NAMES_OF_PEOPLE, *(one.name for one in content.about if one.unit == "id")]
    return [name for name in names if name in found or name in further]


def pseudonymous(content: Content, key: str | bytes, ids: Sequence[str] | None = None) -> Content:
    """A table in which people have other names, in an order that tells nothing of theirs.

    Rows are sorted by the new names, and in a table of unordered pairs ego is the first of the two by
    these, with every column turned that must be. Facts that name somebody are left out.

    Parameters
    ----------
    content : Content
        The table.
    key : str or bytes
        At least 16 characters; who has it can find out who is who.
    ids : sequence of str, optional
        Further columns that name people.

    Raises
    ------
    DesignError
        Where no column of a plain frame is known to name people, or another column holds their names.
    OutputError
        Where two people would have one name.
    """
    secret = check_key(key)
    columns = id_columns(content, ids)
    if not columns:
        if not content.known and ids is None:
            raise DesignError(
                "Pseudonyms are asked for, and no column is known to name people: say which with "
                "ids=['...'], or ids=[] where none does."
            )
        return replace(content, said=(*content.said, "No column names people, so there are no pseudonyms."))
    names = _new_names(content.frame, columns, secret)
    said = _refuse_names_elsewhere(content, columns, names)
    hidden = {name: _renamed(content.frame[name], names) for name in columns}
    done = content.with_columns(hidden, f"People in {listed(columns)} have pseudonyms.")
    places = [name for name in PLACES if name in done.frame.columns and name not in columns]
    said += [f"Column {name!r} is left out: it counts rows in the order of names." for name in places]
    done = replace(done, frame=done.frame.drop(columns=places))
    done = turned(done) if {"ego", "alter"} <= set(columns) else done
    frame = done.frame.sort_values(columns, kind="stable", ignore_index=True)
    facts = [line for line in done.facts if not _names_somebody(line, names)]
    if len(facts) < len(done.facts):
        said.append(f"{len(done.facts) - len(facts):,} facts that name somebody are left out.")
    return replace(done, frame=frame, facts=tuple(facts), said=(*done.said, *said))


def with_plain_ids(content: Content) -> pd.DataFrame:
    """The rows with ids as text, which no printing rounds or groups."""
    frame = content.frame
    plain = {
        name: frame[name].astype(object).map(id_text, na_action="ignore")
        for name in (*id_columns(content), "id")
        if name in frame.columns
    }
    return content.with_columns(plain).frame


def _new_names(frame: pd.DataFrame, columns: Iterable[str], key: bytes) -> dict[str, str]:
    """Id as text to pseudonym, of everybody."""
    people = {id_text(one) for name in columns for one in frame[name].dropna().unique()}
    names = {one: pseudonym(key, one) for one in people}
    if len(set(names.values())) < len(names):
        raise OutputError("Two people would have one pseudonym; choose another key.")
    return names


def _renamed(column: pd.Series, names: dict[str, str]) -> pd.Series:
    import pandas as pd

    new = {one: names[id_text(one)] for one in column.dropna().unique()}
    values = [new.get(one) for one in column]
    return pd.Series(values, index=column.index, dtype=object)


def _refuse_names_elsewhere(content: Content, columns: Sequence[str], names: dict[str, str]) -> list[str]:
    """Refuse other columns that hold ids; say what is not looked at."""
    texts, like = [], []
    for name in content.frame.columns:
        kind = kind_of(content.frame[name])
        if name in columns or kind not in ("text", "class", "whole"):
            continue
        held = {id_text(one) for one in content.frame[name].dropna().astype(object).unique()}
        spelled = kind != "whole" and any(one in names and not one.isdigit() for one in held)
        numbered = bool(held) and held <= set(names) and not _is_told(content, name)
        large = numbered and any(not one.isdigit() or int(one) > SCALE for one in held)
        if spelled or large or (numbered and kind == "text"):
            raise DesignError(
                f"Column {name!r} holds ids of people too: add it with ids=[{name!r}], or leave it out."
            )
        texts += [name] if kind == "text" else []
        like += [name] if numbered else []
    said = [f"Ids inside longer texts are not looked for: {listed(texts)}."] if texts else []
    return [*said, *([f"Taken as numbers, though ids are such too: {listed(like)}."] if like else [])]


def _is_told(content: Content, name: str) -> bool:
    """Whether something says what a column is."""
    stated = any(one.name == name for one in content.about)
    return stated or bool(content.fact(name).meaning) or registered_swap(name) is not None


def _names_somebody(line: str, names: dict[str, str]) -> bool:
    """Whether a line holds an id; of ids that are numbers, one after a word for people."""
    words = set(re.findall(r"\w+", line))
    spelled = (one for one in names if not one.isdigit() and one in line)
    if any(one in words or not re.fullmatch(r"\w+", one) for one in spelled):
        return True
    numbered = re.findall(r"\b(?:person|people|ego|alter|sender|receiver|id) (\d+)", line)
    return any(one in names for one in numbered)

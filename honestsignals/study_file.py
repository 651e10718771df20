"""study.toml: which keys there are, and what each must be."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from honestsignals.errors import InputError, listed, nearest, unknown
from honestsignals.glossary import FORMULA_WORDS, identifier
from honestsignals.readers.mapping import KEYS as OF_ACTS

TEXT, TEXTS, FLAG, WHOLE, LIST = "text", "a list of texts", "true or false", "a whole number", "a list"
ANY = "text or a number"
KEYS: dict[str, dict[str, str]] = {
    "study": {"name": TEXT, "title": TEXT, "citation": TEXT, "licence": TEXT},
    "acts": {
        "file": TEXT,
        **dict.fromkeys(OF_ACTS, TEXT),
        "time_unit": TEXT,
        "time_origin": TEXT,
        "kinds": TEXTS,
        "reports": TEXT,
        "depth_layers": TEXTS,
    },
    "people": {
        "file": TEXT,
        "id": TEXT,
        "block": TEXT,
        "attributes": TEXTS,
        "categories": TEXTS,
        "missing": LIST,
    },
    "pairs": {"file": TEXT, "source": TEXT, "target": TEXT, "columns": TEXTS, "directed": FLAG},
    "labels": {
        "file": TEXT,
        "source": TEXT,
        "target": TEXT,
        "value": TEXT,
        "type": TEXT,
        "levels": LIST,
        "range": LIST,
        "directed": FLAG,
        "absent": TEXT,
        "answered": TEXT,
        "answered_source": TEXT,
        "asked": ANY,
        "wave": WHOLE,
        "fixed_choice": WHOLE,
    },
}
NEEDED = {
    "study": ("name",),
    "acts": ("file", "sender", "receiver"),
    "people": ("file", "id"),
    "pairs": ("file", "source", "target", "columns"),
    "labels": ("file", "source", "target", "value", "type", "directed", "absent"),
}
WORDS = {
    ("labels", "type"): ("binary", "ordinal", "continuous"),
    ("labels", "absent"): ("no", "unknown", "not asked"),
    ("acts", "time_unit"): ("s", "ms", "iso"),
    ("acts", "reports"): ("union", "both", "giver", "receiver"),
}


@dataclass(frozen=True)
class StudyFile:
    """A checked study.toml.

    Attributes
    ----------
    folder : Path
        Where its files are.
    study, acts, people, pairs : mapping of str to value
        The keys of each table; empty where there is none.
    labels : mapping of str to mapping
        The keys of each label.
    """

    folder: Path
    study: Mapping[str, Any]
    acts: Mapping[str, Any]
    people: Mapping[str, Any]
    pairs: Mapping[str, Any]
    labels: Mapping[str, Mapping[str, Any]]


def read_study_file(path: Path) -> StudyFile:
    """Read and check the study.toml of a folder.

    Raises
    ------
    InputError
        Where it is missing, is not TOML, lacks a key or has a value of the wrong type.
    UnknownNameError
        For a key that does not exist, with the nearest that does.
    """
    folder = path.parent if path.name == "study.toml" else path
    file = folder / "study.toml"
    if not folder.is_dir():
        near = nearest(folder.name, [one.name for one in folder.parent.glob("*") if one.is_dir()])
        hint = f" Did you mean {str(folder.parent / near)!r}?" if near else ""
        raise InputError(f"There is no folder {str(folder)!r}.{hint}")
    if not file.is_file():
        near = nearest("study.toml", [one.name for one in folder.iterdir()])
        raise InputError(f"{folder} has no study.toml.{f' Is it {near!r}?' if near else ''}")
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file.name} is not TOML: {error}") from error
    for table in found:
        if table not in KEYS:
            raise unknown(f"table in {file.name}:", table, KEYS)
    for table in ("study", "acts"):
        if table not in found:
            raise InputError(f"{file.name} has no [{table}]; it needs {listed(NEEDED[table])}.")
    checked = {name: _table(file.name, name, name, found.get(name, {})) for name in KEYS if name != "labels"}
    given = found.get("labels", {})
    if not isinstance(given, dict):
        raise InputError(f"{file.name}: labels is {given!r}; each label is a table, [labels.NAME].")
    labels = {name: _label(file.name, name, keys) for name, keys in given.items()}
    if checked["acts"].get("kinds") == []:
        raise InputError(
            f"{file.name}, [acts] kinds is empty: no act would count as giving. Leave it out for all."
        )
    return StudyFile(folder, **checked, labels=labels)


def _table(file: str, table: str, shown: str, keys: Any) -> Mapping[str, Any]:
    """The keys of one table, each known and of its type, none lacking."""
    if not isinstance(keys, dict):
        raise InputError(f"{file}: {shown} is {keys!r}; it must be a table, [{shown}].")
    if not keys and table in ("people", "pairs"):
        return {}
    for key, value in keys.items():
        if key not in KEYS[table]:
            raise unknown(f"key in {file}, [{shown}]:", key, KEYS[table])
        _check(f"{file}, [{shown}] {key}", KEYS[table][key], value)
        allowed = WORDS.get((table, key))
        if allowed and value not in allowed:
            near = nearest(str(value), allowed)
            hint = f" Did you mean {near!r}?" if near else ""
            raise InputError(
                f"{file}, [{shown}] {key} is {value!r}; it must be one of {listed(map(repr, allowed))}.{hint}"
            )
    lacking = [key for key in NEEDED[table] if key not in keys]
    if lacking:
        raise InputError(f"{file}, [{shown}] lacks {listed(lacking)}.")
    return keys


def _check(where: str, kind: str, value: Any) -> None:
    """Refuse a value of the wrong type."""
    fits = {
        TEXT: isinstance(value, str),
        ANY: not isinstance(value, (list, dict, bool)),
        FLAG: isinstance(value, bool),
        WHOLE: isinstance(value, int) and not isinstance(value, bool),
        LIST: isinstance(value, list),
        TEXTS: isinstance(value, list) and all(isinstance(one, str) for one in value),
    }[kind]
    if not fits:
        raise InputError(f"{where} is {value!r}; it must be {kind}.")


def _label(file: str, name: str, keys: Any) -> Mapping[str, Any]:
    """The keys of one label, and what they must be together."""
    shown = f"labels.{name}"
    if not isinstance(keys, dict) or not keys:
        raise InputError(f"{file}: [{shown}] is empty; it needs {listed(NEEDED['labels'])}.")
    label = _table(file, "labels", shown, keys)
    if name in FORMULA_WORDS:
        raise InputError(f"{file}: {name!r} is a function of formulas; give the label another name.")
    if identifier(name) != name:
        raise InputError(
            f"{file}: a formula cannot hold the label name {name!r}; call it {identifier(name)!r}."
        )
    _check_values(f"{file}, [{shown}]", label)
    _check_answers(f"{file}, [{shown}]", label)
    return label


def _check_values(where: str, label: Mapping[str, Any]) -> None:
    """Levels and range, and the type that they belong to."""
    if label["type"] == "ordinal" and ("levels" in label) == ("range" in label):
        raise InputError(f"{where}: an ordinal label needs levels = [every one] or range = [low, high].")
    if label["type"] != "ordinal" and "levels" in label:
        raise InputError(f"{where}: levels belong to an ordinal label; this one is {label['type']}.")
    bounds = label.get("range", [0, 1])
    if len(bounds) != 2 or any(isinstance(one, (str, bool)) for one in bounds) or bounds[0] >= bounds[1]:
        raise InputError(f"{where} range is {bounds!r}; it must be [low, high].")
    levels = label.get("levels", [0, 1])
    numbers = [isinstance(level, int | float) and not isinstance(level, bool) for level in levels]
    if len(levels) < 2 or len({str(level) for level in levels}) < len(levels) or len(set(numbers)) > 1:
        raise InputError(
            f"{where} levels is {levels!r}; they must be two or more, differ, and be of one kind."
        )


def _check_answers(where: str, label: Mapping[str, Any]) -> None:
    """What absence means, who answered, and when."""
    if label["absent"] == "no" and label["type"] != "binary":
        raise InputError(f'{where}: absent = "no" makes a 0 of a missing row, so the label must be binary.')
    if label["absent"] != "no" and ("answered" in label or "answered_source" in label):
        raise InputError(
            f'{where}: who answered matters where absent = "no"; this label is {label["absent"]!r}.'
        )
    if "answered" in label and "answered_source" in label:
        raise InputError(f"{where}: answered and answered_source exclude one another.")
    if "answered_source" in label and not label["directed"]:
        raise InputError(f"{where}: answered_source is for a directed label; use answered.")
    if "asked" in label and "wave" in label:
        raise InputError(f"{where}: asked and wave exclude one another.")

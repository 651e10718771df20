"""A study folder: its files read, and held against one another."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from honestsignals.act_forms import within
from honestsignals.answers import pair_codes, read_labels
from honestsignals.errors import DesignError, InputError, bad_input, unknown
from honestsignals.glossary import identifier
from honestsignals.labels import KnownPairs
from honestsignals.log import InteractionLog
from honestsignals.readers.acts import ActArrays, ActOptions, acts_read
from honestsignals.readers.ids import places_of
from honestsignals.readers.mapping import KEYS
from honestsignals.readers.table import Table, read_table
from honestsignals.study import PairColumn, Study
from honestsignals.study_file import StudyFile, read_study_file

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


def open_study(folder: str | os.PathLike[str]) -> Study:
    """Open a study folder: ``study.toml``, acts, and labels and people where there are any.

    Parameters
    ----------
    folder : path
        The folder, or its study.toml.

    Returns
    -------
    Study

    Raises
    ------
    InputError
        For a missing file, a value that breaks a rule, a person who is not on the roster.
    UnknownNameError
        For a misspelt key of study.toml.
    """
    file = read_study_file(Path(folder))
    roster = _roster(file)
    acts = _acts(file, None if roster is None else roster.columns[file.people["id"]])
    log = InteractionLog(acts, file.study["name"], _giving(file, acts))
    columns = _by_code(roster, file, log.people)
    frame, block = _attributes(columns, file, log.people)
    log = log if block is None else replace(log, acts=within(log.acts, block))
    return Study(
        name=file.study["name"],
        title=file.study.get("title", file.study["name"]),
        citation=file.study.get("citation", ""),
        licence=file.study.get("licence", ""),
        log=log,
        labels={name: read_labels(file, name, log, columns, block) for name in file.labels},
        people=frame,
        categories=frozenset(identifier(name) for name in file.people.get("categories", ())),
        block=block,
        pair_columns=_pair_columns(file, log.people),
        folder=file.folder,
    )


def _roster(file: StudyFile) -> Table | None:
    """The people of a study, each once; with their block, attributes and who answered."""
    keys = file.people
    if not keys:
        return None
    answered = [label.get(key) for label in file.labels.values() for key in ("answered", "answered_source")]
    others = [*keys.get("attributes", ()), keys.get("block"), *answered]
    table = read_table(
        file.folder / keys["file"], [keys["id"]], [name for name in dict.fromkeys(others) if name]
    )
    ids = table.columns[keys["id"]]
    _, first, times = np.unique(ids.astype(str), return_index=True, return_counts=True)
    if (times > 1).any():
        again = np.setdiff1d(
            np.flatnonzero(np.isin(ids.astype(str), ids[first[times > 1]].astype(str))), first
        )
        raise bad_input(table.problems(again, keys["id"], "is in the list of people twice"), len(again))
    for name in keys.get("categories", ()):
        if name not in keys.get("attributes", ()):
            raise unknown("attribute in categories of [people]:", name, keys.get("attributes", ()))
    return table


def _acts(file: StudyFile, roster: Array | None) -> ActArrays:
    """The acts of a study; its people are the roster, or whoever acts or is in a label."""
    keys = file.acts

    def read(everybody: Array | None) -> ActArrays:
        options = ActOptions(
            time_unit=keys.get("time_unit"),
            time_origin=keys.get("time_origin"),
            reports=keys.get("reports"),
            depth_layers=keys.get("depth_layers"),
            roster=everybody,
        )
        return acts_read(file.folder / keys["file"], {key: keys[key] for key in KEYS if key in keys}, options)

    acts = read(roster)
    if roster is not None or not (file.labels or file.pairs):
        return acts
    named = [acts.people.astype(str)]
    for table in (*file.labels.values(), *([file.pairs] if file.pairs else [])):
        ids = [table["source"], table["target"]]
        named += [read_table(file.folder / table["file"], ids, []).columns[one] for one in ids]
    everybody = np.unique(np.concatenate([one.astype(str) for one in named]))
    return read(everybody.astype(object)) if len(everybody) > len(acts.people) else acts


def _giving(file: StudyFile, acts: ActArrays) -> tuple[str, ...] | None:
    """Kinds that count as giving."""
    wanted = file.acts.get("kinds")
    if wanted is None:
        return None
    if not acts.kinds:
        raise InputError("study.toml, [acts] has kinds, but names no column for kind.")
    for kind in wanted:
        if kind not in acts.kinds:
            raise unknown("kind in [acts] kinds:", kind, acts.kinds)
    return tuple(kind for kind in acts.kinds if kind in wanted)


def _by_code(roster: Table | None, file: StudyFile, people: Array) -> dict[str, Array]:
    """Columns of people in the order of their codes; codes of missing as missing."""
    if roster is None:
        return {}
    ids = pa.array(roster.columns[file.people["id"]], pa.string())
    place = np.empty(len(people), dtype=np.int64)
    place[places_of(ids, people)] = np.arange(len(ids))
    return {name: values[place] for name, values in roster.columns.items() if name != file.people["id"]}


def _attributes(
    columns: Mapping[str, Array], file: StudyFile, people: Array
) -> tuple[pd.DataFrame, Array | None]:
    """Attributes by code, and the block of each person."""
    import pandas as pd

    keys, missing = file.people, set(file.people.get("missing", ()))
    frame = pd.DataFrame(index=pd.Index(people, name="id"))
    for name in keys.get("attributes", ()):
        if identifier(name) in frame.columns:
            raise DesignError(
                f"Two attributes are called {identifier(name)!r} in a formula; rename {name!r}."
            )
        values = pd.Series(columns[name], index=frame.index)
        names = name in keys.get("categories", ())
        known = values.mask(values.isin(missing)) if names else _without(values, missing)
        # numbers that are names are no numbers to a model
        frame[identifier(name)] = known.astype("category") if names else known
    if "block" not in keys:
        return frame, None
    block = pd.Series(columns[keys["block"]])
    if block.isna().any():
        who = str(people[int(np.flatnonzero(block.isna())[0])])
        raise InputError(
            f"{file.people['file']}: {keys['block']} of {who!r} is missing; everybody needs a block."
        )
    return frame, block.astype("category").cat.codes.to_numpy().astype(np.int64)


def _without(values: pd.Series, missing: set[Any]) -> pd.Series:
    """An attribute whose codes of missing are missing; numbers where only they kept it from being so."""
    import pandas as pd

    if not missing:
        return values
    known = values.mask(values.isin(missing))
    if known.dtype.kind in "iufb" or known.isna().all():
        return known
    numbers = pd.to_numeric(known, errors="coerce")
    return known if numbers.isna().sum() > known.isna().sum() else numbers


def _pair_columns(file: StudyFile, people: Array) -> tuple[PairColumn, ...]:
    """Facts of pairs that are no label."""
    keys = file.pairs
    if not keys:
        return ()
    names: Sequence[str] = keys["columns"]
    table = read_table(file.folder / keys["file"], [keys["source"], keys["target"]], list(names))
    directed, n = keys.get("directed", True), len(people)
    source, target = (pair_codes(table, keys[end], people) for end in ("source", "target"))
    if not directed:
        source, target = np.minimum(source, target), np.maximum(source, target)
    key = source.astype(np.int64) * n + target
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    found = []
    for name in names:
        values = table.columns[name]
        if values.dtype.kind not in "iufb":
            raise InputError(f"{keys['file']}: {name} is not a column of numbers; columns of pairs must be.")
        values = values.astype(float)
        differ = ~((values == values[first][group]) | (np.isnan(values) & np.isnan(values[first][group])))
        if differ.any():
            rule = "is not what another row says about the same pair"
            raise bad_input(table.problems(np.flatnonzero(differ), name, rule), int(differ.sum()))
        known = KnownPairs(source[first], target[first], values[first], None, 0, {})
        found.append(PairColumn(identifier(name), directed, known))
    return tuple(found)

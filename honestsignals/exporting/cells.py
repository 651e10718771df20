"""Cells under a size left blank: categories that few people have, and counts of few."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, listed
from honestsignals.exporting.content import Content, kind_of

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

COUNT_UNITS = ("people", "pairs", "dyads", "arcs", "triads", "rows")
"""Units of metrics of a network that count who or what there is."""
COUNTS = ("rows", "pairs", "people", "events", "count", "n", "dyads", "rows_left_out")
"""Columns of other tables that say on how many a row rests."""
KEYS = ("window", "wave", "step", "fold", "division", "bin", "draw", "level", "block")
"""Columns that say which row it is, though they be numbers."""
SPANS = r"(?! ?(?:h|hours?|days?|weeks?|minutes?|min|seconds?|s|decimals?|digits?)\b)"
NUMBER = re.compile(rf"(?<![\w.,:/%−-])(\d+)(?![\w:/%-]|[.,]\d){SPANS}")
"""A whole number that stands alone: no part of a date, a share, a name or a span."""


def check_least(least: object) -> int:
    """The size below which a cell is blank; 0 and 1 leave all as it is.

    >>> check_least(-1)
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: least is -1; it must be a whole number from 0 on.
    """
    if isinstance(least, bool) or not isinstance(least, int | np.integer) or least < 0:
        raise ArgumentError(f"least is {least!r}; it must be a whole number from 0 on.")
    return int(least)


def without_small_cells(content: Content, least: int, ids: Sequence[str]) -> Content:
    """A table whose cells under a size are blank.

    In a table of pairs, or of people, a cell is a category of an attribute: how many people of the table
    have it. In a table in which no row is a person or a pair, a cell is a count, and with it go the numbers
    of its row, or in a table of network metrics what is computed from it.

    Each attribute is looked at by itself, and what can be found by subtracting counts from totals is not
    looked for.

    Parameters
    ----------
    content : Content
        The table, under the original names of people.
    least : int
        Smallest cell that is shown.
    ids : sequence of str
        Columns that name people.
    """
    if {"ego", "alter"} <= set(ids):
        done = _attributes(content, least)
    elif ids:
        done = _people(content, least, ids)
    elif {"name", "value"} <= set(content.frame.columns) and content.of_metrics:
        done = _network(content, least)
    else:
        done = _counts(content, least)
    told_by = small_numbers(done.facts, least)
    kept = [line for line in done.facts if line not in told_by]
    if len(kept) < len(done.facts):
        told = f"{len(done.facts) - len(kept):,} facts with a number under {least} are left out."
        done = replace(done, facts=tuple(kept), said=(*done.said, told))
    return done


# attributes of people


def _attributes(content: Content, least: int) -> Content:
    """Categories that fewer people have than ``least``, blanked for ego, alter and the pair."""
    columns: dict[str, Any] = {}
    said = []
    names = _categorical(content)
    for name in names:
        rare, people = _rare(content.frame, name, least)
        if not rare:
            continue
        hidden = np.zeros(len(content.frame), dtype=bool)
        for side in ("ego", "alter"):
            here = content.frame[f"{side}_{name}"]
            columns[f"{side}_{name}"] = _blanked(here, rare)
            hidden |= here.isin(list(rare)).to_numpy()
        if f"same_{name}" in content.frame.columns:
            same = content.frame[f"same_{name}"].to_numpy(dtype=float)
            columns[f"same_{name}"] = np.where(hidden, np.nan, same)
        said.append(f"{name}: {len(rare):,} categories of {people:,} people are blank (cells under {least}).")
    if not said:
        said = [f"No category of an attribute is held by fewer than {least} people."]
    numbers = [name for name in _attributes_of(content) if name not in names]
    if numbers:
        said.append(f"Attributes that are numbers are as they were: {listed(numbers)}.")
    return content.with_columns(columns, *said)


def _people(content: Content, least: int, ids: Sequence[str]) -> Content:
    """Categories that fewer people have than ``least``, in a table that says of each what it has."""
    frame = content.frame
    columns: dict[str, Any] = {}
    said = []
    person = "person" if "person" in ids else ids[0]
    for name in frame.columns:
        design = content.known and content.fact(name).family == "design"
        if name in ids or design or kind_of(frame[name]) not in ("text", "class", "truth"):
            continue
        held = frame[[person, name]].set_axis(["person", "value"], axis=1)
        rare, people = _rare_of(held.astype(object), least)
        if rare:
            columns[name] = _blanked(frame[name], rare)
            said.append(
                f"{name}: {len(rare):,} categories of {people:,} people are blank (cells under {least})."
            )
    if not said:
        said = [f"Rows are people, and no category is held by fewer than {least} of them."]
    return content.with_columns(columns, *said)


def _attributes_of(content: Content) -> list[str]:
    """Attributes of which the table has ego's and alter's."""
    names = list(content.frame.columns)
    both = [name.removeprefix("ego_") for name in names if name.startswith("ego_")]
    stated = {one.name for one in content.about if one.family == "attribute"}
    return [
        name for name in both if f"alter_{name}" in names and (not content.known or f"ego_{name}" in stated)
    ]


def _categorical(content: Content) -> list[str]:
    """Attributes that have categories: what is no number, and numbers that are names."""
    names = []
    for name in _attributes_of(content):
        ranged = content.known and not np.isnan(content.fact(f"ego_{name}").range[0])
        number = kind_of(content.frame[f"ego_{name}"]) in ("number", "whole", "moment")
        if not (ranged or (number and not content.known)):
            names.append(name)
    return names


def _rare(frame: pd.DataFrame, name: str, least: int) -> tuple[set[Any], int]:
    """Categories of an attribute to blank, and of how many people."""
    import pandas as pd

    sides = [
        pd.DataFrame({"person": frame[side], "value": frame[f"{side}_{name}"].astype(object)})
        for side in ("ego", "alter")
    ]
    return _rare_of(pd.concat(sides), least)


def _rare_of(held: pd.DataFrame, least: int) -> tuple[set[Any], int]:
    """Categories to blank, and of how many people, of who has which.

    A single small category would be known from the others: the next smallest go with it until those
    without a value are as many as a cell must have.
    """
    people = held.drop_duplicates()
    sizes = people["value"].value_counts()
    ordered = sorted(sizes.items(), key=lambda item: (item[1], str(item[0])))
    unknown = int(people["person"].nunique() - people.dropna()["person"].nunique())
    rare: set[Any] = set()
    blank = 0
    for category, size in ordered:
        if size >= least and not (rare and blank + unknown < least):
            break
        rare.add(category)
        blank += int(size)
    return rare, blank


def _blanked(column: pd.Series, rare: Iterable[Any]) -> pd.Series:
    """A column without some categories, which are no levels of it either."""
    blank = column.mask(column.isin(list(rare)))
    return blank.cat.remove_unused_categories() if kind_of(blank) == "class" else blank


# counts


def _network(content: Content, least: int) -> Content:
    """Counts of a network under a size, and metrics that are computed from them."""
    frame = content.frame
    cells, hidden = small_counts(frame, {one.name: one.unit for one in content.about}, least)
    undefined = {"value": frame["value"].mask(hidden)}
    said = (
        f"{int(cells.sum()):,} counts under {least} are blank, with "
        f"{int((hidden & ~cells).sum()):,} metrics computed from them; what subtraction tells is not hidden."
    )
    return content.with_columns(undefined, said)


def small_counts(frame: pd.DataFrame, units: Mapping[str, str], least: int) -> tuple[Array, Array]:
    """Counts of a network under a size, and with them the metrics that are computed from them.

    Parameters
    ----------
    frame : pandas.DataFrame
        A row a metric (and a window, where there is one): name, value.
    units : mapping of str to str
        Unit of each metric.
    least : int
        Smallest count that is shown.

    Returns
    -------
    cells, hidden : ndarray of bool, shape (rows,)
        Counts from 1 to least − 1, and all rows that are not to be shown.
    """
    small = frame["value"].abs().between(0, least, inclusive="neither")
    counted = frame["name"].map(units).isin(COUNT_UNITS)
    cells = (small & counted).to_numpy()
    # the same metric may stand there once a window
    group = frame["window"].to_numpy() if "window" in frame.columns else np.zeros(len(frame), dtype=int)
    hidden = cells.copy()
    for one in np.unique(group[cells]):
        here = group == one
        affected = _computed_from(set(frame["name"][cells & here]))
        hidden |= here & frame["name"].isin(affected).to_numpy()
    return cells, hidden


def small_numbers(lines: Iterable[str], least: int) -> list[str]:
    """Lines with a whole number from 1 to least − 1 that stands alone.

    >>> small_numbers(["12 people, 4 pairs.", "0 arcs of 2024-03-04."], 5)
    ['12 people, 4 pairs.']
    """
    return [line for line in lines if any(0 < int(one) < least for one in NUMBER.findall(line))]


def _computed_from(names: set[str]) -> set[str]:
    """Metrics of a network that rest on any of some, directly or through others."""
    import honestsignals.metrics  # noqa: F401  registers the metrics
    from honestsignals.metrics.registry import entries

    found = set(names)
    more = True
    while more:
        resting = {
            name
            for name, entry in entries("network").items()
            if name not in found and found & {*entry.inputs}
        }
        found |= resting
        more = bool(resting)
    return found


def _counts(content: Content, least: int) -> Content:
    """Rows that rest on fewer than ``least``: their numbers are blank."""
    frame = content.frame
    units = {one.name: one.unit for one in content.about}
    counts = [name for name in frame.columns if name in COUNTS or units.get(name) in COUNT_UNITS]
    counts = [name for name in counts if kind_of(frame[name]) in ("whole", "number")]
    if not counts:
        said = "No column counts people, pairs or rows, so no cell is blank."
        return replace(content, said=(*content.said, said))
    small = np.zeros(len(frame), dtype=bool)
    for name in counts:
        values = frame[name].to_numpy(dtype=float, na_value=np.nan)
        small |= (values > 0) & (values < least)
    numbers = [
        name for name in frame.columns if kind_of(frame[name]) in ("whole", "number") and name not in KEYS
    ]
    blank: Mapping[str, Any] = {name: frame[name].mask(small) for name in numbers} if small.any() else {}
    said = (
        f"{int(small.sum()):,} rows rest on fewer than {least} by {listed(counts)}: their numbers are blank; "
        "what subtraction tells is not hidden."
    )
    return content.with_columns(blank, said)

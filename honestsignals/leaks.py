"""Columns that a prediction must not see: what is made of labels, and of what came later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, listed, unknown
from honestsignals.fold_columns import moments_of
from honestsignals.formula_words import variables_of
from honestsignals.inference.label_traces import FEWEST, told_without_error, traces_of_label
from honestsignals.inference.scores_pairs import concordance
from honestsignals.inference.words import counted
from honestsignals.metrics.registry import entries

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

ENDS = ("ego", "alter")
ADDED = (
    "it was added to the frame after the table was made, so nothing says whether it was computed from labels "
    "or from acts after the label was asked"
)
CHANGED = ADDED.replace("added to the frame", "overwritten")


def check_leaks(
    table: DyadTable | pd.DataFrame,
    columns: Sequence[str],
    label: tuple[str, Array, Array],
    admit: Sequence[str],
    terms: Mapping[str, Array],
) -> tuple[list[str], list[str]]:
    """Refuse columns that know the labels or the future; say which were let in all the same.

    Refused are columns that the label itself is made of; columns that a dyad table says are labels, or parts
    of some; columns that were added to a dyad table, or put in the place of its own, of which nothing is
    known; and columns of any table that rank rows just as something made of labels does
    (`honestsignals.inference.label_traces`). A table in which acts were counted that came when the label was
    asked, or later, is refused whole. In a plain frame a column that is only partly made of labels is seen
    through no further: it is said where it tells the label better than anything is likely to.

    Parameters
    ----------
    table : DyadTable or pandas.DataFrame
    columns : sequence of str
        That the models use.
    label : tuple of (str, ndarray of int, ndarray)
        Name of the label (or the expression), rows in which it is known, and its values there.
    admit : sequence of str
        Columns that the user vouches for, or wants although they are made of labels.
    terms : mapping of str to ndarray, shape (n,)
        Columns of the designs in the rows of the label: what is made of columns may tell the label where no
        column does, as the square of -1, 0 and 1.

    Returns
    -------
    said : list of str
        What a reader must know of columns that were let in.
    beside : list of str
        What must be read with the first line: columns that foretell without error, or nearly so.

    Raises
    ------
    DesignError
        For a column made of labels, of later acts, or of unknown origin.
    UnknownNameError
        For an admitted column that no model uses.
    """
    name, rows, y = label
    for one in admit:
        if one not in columns:
            raise unknown("admitted column", one, columns, "No model uses it.")
    frame = table.frame if isinstance(table, DyadTable) else table
    made_of = variables_of(name, map(str, frame.columns))
    for column in columns:
        if column in made_of:
            raise DesignError(f"{column!r} cannot foretell {name!r}, which is made of it.")
    said, beside = _refuse_later(frame, rows), []
    values, words = _values(frame, columns)
    traces: dict[str, str] = {}
    for where, labels in _labels(frame, made_of, (name, rows, y)):
        ego, alter = (frame[one].to_numpy()[where] for one in ENDS)
        some = {column: x[where] for column, x in values.items()}
        traces = traces_of_label(some, labels, ego, alter, words=words) | traces
    ends = tuple(frame[one].to_numpy()[rows] for one in ENDS)
    told: set[str] = set()
    for column in columns:
        why = _origin(table, column)
        if column in traces and why in ("", CHANGED):
            why = f"it ranks pairs just as {traces[column]} does, so it is made of labels"
        if why and column not in admit:
            raise DesignError(
                f"{column!r} cannot foretell {name}: {why}. What labels say of labels, or later acts of "
                f"earlier labels, looks like foresight and is none. If you know better, or want it all the "
                f"same, say admit=[{column!r}]; the result then says so."
            )
        if why:
            said.append(f"{column} was let in on request: {why}")
        found = [] if why else _telling(column, values[column][rows], (name, y, ends), column in words)
        beside += found
        told |= {column} if why or found else set()
    names = [str(one) for one in frame.columns]
    for term, x in terms.items():
        if term not in names and not variables_of(term, names) & told:
            beside += _telling(term, x, (name, y, ends), False)
    return said, beside


def _telling(what: str, x: Array, label: tuple[str, Array, tuple[Array, ...]], words: bool) -> list[str]:
    """What is to be said of a column that tells the label without an error, or nearly so."""
    name, y, (ego, alter) = label
    told = told_without_error(x, y, ego, alter, words=words)
    if told:
        return [
            f"{what} and {told} ({name}) tell each other without an error in any row: make sure that "
            "neither is made of the other"
        ]
    return [] if words else _too_well(what, x, name, y)


TOO_WELL = 0.9
"""Somers' D of one column from which on it is said beside the headline (of two values: an AUC of .95)."""


def _too_well(column: str, x: Array, name: str, y: Array) -> list[str]:
    """What is to be said of a column that tells the label all by itself, or by being undefined."""
    known, levels = ~np.isnan(x), np.unique(y, return_inverse=True)[1]
    for what, values, labels in (
        (column, x[known], levels[known]),
        (f"whether {column} is known", known.astype(float), levels),
    ):
        usual = np.bincount(labels).max(initial=0)
        if len(labels) - usual < FEWEST // 2 or np.ptp(values) == 0:
            continue
        ranks = np.unique(values, return_inverse=True)[1]
        alike, apart = (part.sum() for part in concordance(ranks, labels))
        if abs(alike) >= TOO_WELL * apart:
            return [
                f"{what} ranks rows by {name} almost without an error, all by itself (Somers' D "
                f"{alike / apart:+.2f}): make sure that it is not made of labels, nor of what came later"
            ]
    return []


def _labels(
    frame: pd.DataFrame, made_of: set[str], label: tuple[str, Array, Array]
) -> Iterator[tuple[Array, Array]]:
    """The label in the rows used, and each column that it is made of wherever that is known."""
    _, rows, y = label
    yield rows, y
    for column in sorted(made_of):
        known = _numbers(frame[column])[0]
        where = np.flatnonzero(~np.isnan(known))
        if not (np.array_equal(where, rows) and np.array_equal(known[where], y)):
            yield where, known[where]


def _origin(table: DyadTable | pd.DataFrame, column: str) -> str:
    """Why a column of a dyad table is not to be used; "" where nothing is against it."""
    if not isinstance(table, DyadTable):
        return ""
    fact = next((one for one in table.about if one.name == column), None)
    if fact is None:
        return ADDED
    if _changed(table, column):
        return CHANGED
    return f"it is made of labels ({fact.meaning})" if fact.family == "label" else ""


def _changed(table: DyadTable, column: str) -> bool:
    """Whether a column has other values in some row than those that it was made with."""
    if table.made is None or column not in table.made.columns:
        return False
    names = list(dict.fromkeys([*ENDS, column]))
    rows, made = table.frame[names], table.made[names]
    where = made.index.get_indexer(rows.index) if made.index.is_unique else np.full(len(rows), -1)
    if (where < 0).any() or not all(_same(rows[end], made[end].iloc[where]) for end in ENDS):
        # rows with other numbers are known by their pairs, where each has one row
        pairs = made.set_index(list(ENDS)).index
        if not pairs.is_unique:
            return False
        where = pairs.get_indexer(rows.set_index(list(ENDS)).index)
        rows, where = rows[where >= 0], where[where >= 0]
    return not _same(rows[column], made[column].iloc[where])


def _same(values: pd.Series, made: pd.Series) -> bool:
    """Whether two columns hold the same, whatever the type in which they do; unknown is unknown."""
    if all(one.dtype.kind in "iufb" for one in (values, made)):
        one, other = (part.to_numpy(dtype=float, na_value=np.nan) for part in (values, made))
        return bool(np.array_equal(one, other, equal_nan=True))
    one, other = (part.astype(object).to_numpy() for part in (values, made))
    unknown = values.isna().to_numpy()
    return bool(np.array_equal(unknown, made.isna().to_numpy()) and (one == other)[~unknown].all())


def _values(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[dict[str, Array], set[str]]:
    """Columns as numbers, and which of them are codes of words."""
    made = {column: _numbers(frame[column]) for column in columns}
    return {column: found for column, (found, _) in made.items()}, {
        column for column, (_, words) in made.items() if words
    }


def _numbers(values: pd.Series) -> tuple[Array, bool]:
    """A column as numbers, NaN where missing; words as codes, and whether they are."""
    if values.dtype.kind in "iufb":
        return values.to_numpy(dtype=float, na_value=np.nan), False
    ordered = values.dtype == "category" and bool(values.cat.ordered)
    codes = values.cat.codes if values.dtype == "category" else values.astype("category").cat.codes
    found = codes.to_numpy(dtype=float)
    return np.where(found < 0, np.nan, found), not ordered


def _refuse_later(frame: pd.DataFrame, rows: Array) -> list[str]:
    """Refuse rows in which acts were counted that came when the label was asked, or after.

    Returns what must be said where that cannot be seen.
    """
    if "asked" not in frame.columns:
        return []
    known = entries()
    said = []
    for name in map(str, frame.columns):
        entry = known.get(name.partition("__")[0])
        if entry is None or entry.fact.unit != "time":
            continue
        both = frame[[name, "asked"]].iloc[rows]
        there = np.flatnonzero(both.notna().all(axis=1))
        if not there.size:
            continue
        (acts, dated), (asked, date) = (moments_of(both[one].iloc[there], one) for one in (name, "asked"))
        if dated != date:
            said.append(f"{name} and asked are not told in one way, so which came first was not checked")
            continue
        late = there[acts >= asked]
        if late.size:
            first = both.iloc[late[0]]
            raise DesignError(
                f"Row {rows[late[0]]}: {name} is {first[name]}, and the label was asked at {first['asked']}. "
                f"In {counted(late.size, 'row')} acts were counted that came then or later; a metric that "
                "looks ahead foretells nothing."
            )
    return said


def check_admit(admit: object) -> tuple[str, ...]:
    """Columns to let in, as a tuple.

    >>> check_admit(["trust_alter"])
    ('trust_alter',)
    """
    if isinstance(admit, str) or not isinstance(admit, Sequence):
        raise ArgumentError(f"admit is {admit!r}; it must be a list of columns.")
    for one in admit:
        if not isinstance(one, str):
            raise ArgumentError(f"admit holds {one!r}; columns are named by text ({listed(admit)}).")
    return tuple(admit)

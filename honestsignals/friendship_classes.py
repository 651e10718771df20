"""What two people are to each other by a directed label: neither names the other, one does, or both."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.fitting import check_ids
from honestsignals.label_network import ties_from
from honestsignals.labels import Labels
from honestsignals.study import Study

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

CLASSES = ("none", "one-sided", "mutual")
"""Classes of a pair, by how many of its two directions have the label."""

HALF_KNOWN = "unknown, as one of the two directions is not known"


@overload
def friendship_class(
    source: Study, label: str, *, name: str | None = None, at_least: float | str | None = None
) -> Study: ...


@overload
def friendship_class(
    source: DyadTable | pd.DataFrame,
    label: str,
    *,
    name: str | None = None,
    at_least: float | str | None = None,
) -> pd.DataFrame: ...


def friendship_class(
    source: Study | DyadTable | pd.DataFrame,
    label: str,
    *,
    name: str | None = None,
    at_least: float | str | None = None,
) -> Study | pd.DataFrame:
    """Class of every pair by a directed label: "none", "one-sided" or "mutual".

    Of a study, a new undirected label of three classes, so that all symmetric measures of give and take can
    stand against it: ``study.dyads(label="friendship_class")``, then ``fit("friendship_class ~ ...", table)``
    is a multinomial model against "none". A pair has a class where both directions are known; the others
    are unknown and counted. Where its two directions were asked at different moments, only acts strictly
    before the earlier count, so that no act can answer to what it followed.

    Parameters
    ----------
    source : Study, DyadTable or pandas.DataFrame
        A study; or a table with one row an ordered pair: columns ``ego``, ``alter`` and the label.
    label : str
        A directed label: binary, or another cut by ``at_least``.
    name : str, optional
        Of the class; ``label`` with ``_class`` at its end where not given.
    at_least : float or str, optional
        An answer of at least this (or a level by name) is a tie; needed for a label that is not binary.

    Returns
    -------
    Study or pandas.DataFrame
        The study with the class among its labels; or one row an unordered pair, with ``ego`` (the first in
        sort order), ``alter`` and the class, which is missing where one direction is not known.

    Raises
    ------
    DesignError
        For an undirected label, or one that is neither binary nor cut.
    ArgumentError
        For a name that is taken, and for ``at_least`` that is no finite number.

    References
    ----------
    eagle2009

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"ego": list("abac"), "alter": list("baca"), "friend": [1, 1, 1, 0]})
    >>> friendship_class(rows, "friend")
      ego alter friend_class
    0   a     b       mutual
    1   a     c    one-sided
    """
    made = name if name is not None else f"{label}_class"
    _check_name(made)
    if isinstance(source, Study):
        if made in source.labels:
            raise ArgumentError(f"The study has a label {made!r} already; say another name=.")
        answers = _classes(source.label(label), made, at_least)
        return replace(source, labels={**source.labels, made: answers})
    if not isinstance(source, DyadTable) and not hasattr(source, "columns"):
        raise ArgumentError(
            f"source is a {type(source).__name__}; it must be a Study, a DyadTable or a pandas.DataFrame."
        )
    return _classes_of_rows(source, label, made, at_least)


def _check_name(name: object) -> None:
    """Refuse what no label can be called."""
    if not isinstance(name, str) or not name:
        raise ArgumentError(f"name is {name!r}; it must be the name of the class.")
    if name in ("ego", "alter"):
        raise ArgumentError(f"name is {name!r}, which says who is in the row; call the class another name.")


def _ties(labels: Labels, at_least: float | str | None) -> Array:
    """1 where a row is a tie, 0 where it is none, NaN where it has no answer."""
    if not labels.directed:
        raise DesignError(
            f"{labels.name!r} is one answer about a pair; only a directed label, with an answer of each of "
            "the two, tells the mutual from the one-sided."
        )
    if at_least is not None:
        return ties_from(labels, at_least)
    if labels.type != "binary":
        raise DesignError(
            f"{labels.name!r} is {labels.type}: say from which answer on it is a tie, at_least=."
        )
    return labels.value


def _classes(labels: Labels, name: str, at_least: float | str | None) -> Labels:
    """The undirected label of classes that a directed one makes."""
    value = _ties(labels, at_least)
    n = int(max(labels.source.max(initial=0), labels.target.max(initial=0))) + 1
    low = np.minimum(labels.source, labels.target).astype(np.int64)
    high = np.maximum(labels.source, labels.target).astype(np.int64)
    pairs, place = np.unique(low * n + high, return_inverse=True)
    low, high = pairs // n, pairs % n
    directions = np.full((2, len(pairs)), np.nan)
    for way, whose in enumerate((low, high)):
        # a direction without a row is a "no" only where absence says so and whoever was asked answered
        if labels.absent == "no":
            heard = labels.heard(whose)
            heard = heard if labels.by_source else heard & labels.heard(high if way == 0 else low)
            directions[way, heard] = 0.0
    back = (labels.source > labels.target).astype(np.intp)
    directions[back, place] = value
    asked, differ = _earlier(labels, place, len(pairs))
    cut = "" if at_least is None else f", answers of at least {at_least}"
    return replace(
        labels,
        name=name,
        type="nominal",
        directed=False,
        source=low.astype(labels.source.dtype),
        target=high.astype(labels.target.dtype),
        value=directions[0] + directions[1],
        asked=asked,
        by_source=False,
        levels=CLASSES,
        range=None,
        when=_when(labels, differ),
        unanswered=HALF_KNOWN,
        meaning=f"whether neither, one or both of the two have the label {labels.name}{cut}",
    )


def _earlier(labels: Labels, place: Array, n_pairs: int) -> tuple[Array | None, int]:
    """The earlier of the moments at which a pair was asked, and in how many pairs there were two."""
    if labels.asked is None:
        return None, 0
    first = np.full(n_pairs, np.iinfo(np.int64).max)
    last = np.full(n_pairs, np.iinfo(np.int64).min)
    np.minimum.at(first, place, labels.asked)
    np.maximum.at(last, place, labels.asked)
    return first, int((first < last).sum())


def _when(labels: Labels, differ: int) -> str:
    if not differ:
        return labels.when
    return (
        f"{labels.when} In {differ:,} pairs the two directions were asked at different moments: for their "
        "class only acts before the earlier count."
    )


def _classes_of_rows(
    table: DyadTable | pd.DataFrame, label: str, name: str, at_least: float | str | None
) -> pd.DataFrame:
    """One row an unordered pair of a table of ordered ones."""
    import pandas as pd

    frame = table.frame if isinstance(table, DyadTable) else table
    if label not in frame.columns:
        raise unknown("column", label, [str(column) for column in frame.columns])
    if name in frame.columns:
        raise ArgumentError(f"The rows have a column {name!r} already; say another name=.")
    if isinstance(table, DyadTable) and not table.directed:
        raise DesignError("Rows of this table have no direction, so none is one-sided; use the study.")
    check_ids(frame)
    value = _truths(frame[label], label, at_least)
    codes, people = pd.factorize(pd.concat([frame["ego"], frame["alter"]]), sort=True)
    ego, alter = codes[: len(frame)].astype(np.int64), codes[len(frame) :].astype(np.int64)
    if np.unique(ego * len(people) + alter).size < len(frame):
        raise DesignError("Some ordered pair is in two rows: which of them its class rests on is not known.")
    pairs, place = np.unique(
        np.minimum(ego, alter) * len(people) + np.maximum(ego, alter), return_inverse=True
    )
    directions = np.full((2, len(pairs)), np.nan)
    directions[(ego > alter).astype(np.intp), place] = value
    total = directions.sum(axis=0)
    classes = np.where(np.isnan(total), -1, np.nan_to_num(total)).astype(np.int8)
    return pd.DataFrame(
        {
            "ego": np.asarray(people)[pairs // len(people)],
            "alter": np.asarray(people)[pairs % len(people)],
            name: pd.Categorical.from_codes(classes, categories=pd.Index(CLASSES)),
        }
    )


def _truths(column: pd.Series, label: str, at_least: float | str | None) -> Array:
    """1, 0 or NaN of each row."""
    if column.dtype.kind not in "iufb":
        raise ArgumentError(f"The label {label!r} holds no numbers.")
    value = column.to_numpy(dtype=float, na_value=np.nan)
    if at_least is None:
        odd = value[~np.isnan(value) & (value != 0) & (value != 1)]
        if odd.size:
            raise DesignError(
                f"{label!r} is {odd[0]:g} in some row: say from which answer on it is a tie, at_least=."
            )
        return value
    number = isinstance(at_least, int | float | np.number) and not isinstance(at_least, bool)
    if not number or not math.isfinite(at_least):  # type: ignore[arg-type]
        raise ArgumentError(f"at_least is {at_least!r}; of a column of numbers it must be a finite number.")
    return np.where(np.isnan(value), np.nan, value >= at_least)

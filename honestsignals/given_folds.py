"""Folds that are somebody else's: those of a splitter of scikit-learn, and places of rows as they stand."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError
from honestsignals.inference.folds import Fold
from honestsignals.inference.words import counted

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class GivenFolds:
    """Pairs of places to train on and to test, as scikit-learn's ``cv`` may be.

    Attributes
    ----------
    parts : tuple of (ndarray of int, ndarray of int)
    rows : int
        Rows of the table in which these are places.
    """

    parts: tuple[tuple[Array, Array], ...]
    rows: int

    def __repr__(self) -> str:
        return f"{counted(len(self.parts), 'fold')} given by place"

    def among(self, used: Array) -> GivenFolds:
        """The same folds in the places of the rows that are used; the others fall out."""
        place = np.full(self.rows, -1)
        place[used] = np.arange(len(used))
        parts = [tuple(place[part][place[part] >= 0] for part in both) for both in self.parts]
        return GivenFolds(tuple((one, two) for one, two in parts), len(used))

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Array, Array]]:
        """The folds, of as many rows as these are places of.

        Parameters
        ----------
        X : sequence
            The rows.
        y, groups : object
            Not looked at.

        Returns
        -------
        iterator of (ndarray of int, ndarray of int)

        Raises
        ------
        DesignError
            For other rows.
        """
        if len(X) != self.rows:
            raise DesignError(
                f"{self!r}: places among {self.rows:,} rows say nothing of {len(X):,}. Give a splitter."
            )
        return iter(self.parts)


def given_folds(folds: Any, rows: int) -> GivenFolds | None:
    """Folds that were given as pairs of places; None for what is no list of pairs.

    Parameters
    ----------
    folds : object
    rows : int
        Rows of the table.

    Returns
    -------
    GivenFolds or None

    Raises
    ------
    ArgumentError
        For places that are none.

    Examples
    --------
    >>> given_folds([([0, 1], [2]), ([2], [0, 1])], 3)
    2 folds given by place
    """
    if isinstance(folds, str | bytes) or hasattr(folds, "split") or not isinstance(folds, Iterable):
        return None
    found = []
    for number, both in enumerate(folds):
        if isinstance(both, str) or not hasattr(both, "__len__") or len(both) != 2:
            raise ArgumentError(
                f"folds[{number}] is {both!r}; each must be two lists of places: to train on, and to test."
            )
        train, test = (_places(part, rows, f"folds[{number}]") for part in both)
        found.append((train, test))
    if not found:
        raise ArgumentError("folds is empty; it must have a pair of lists of places for each fold.")
    return GivenFolds(tuple(found), rows)


def folds_of_others(splitter: Any, frame: pd.DataFrame, y: Array) -> tuple[Fold, ...]:
    """The folds that somebody else's splitter makes of some rows; ego is the group of a row.

    Parameters
    ----------
    splitter : object
        With ``split``.
    frame : pandas.DataFrame
        The rows.
    y : ndarray, shape (n,)

    Returns
    -------
    tuple of Fold

    Raises
    ------
    ArgumentError
        For folds that are none, and those that test rows that they were trained on.
    DesignError
        Where the splitter cannot divide the rows.
    """
    found = []
    for number, parts in enumerate(_split(splitter, frame.reset_index(drop=True), y)):
        train, test = (_places(part, len(frame), f"Fold {number} of {splitter!r}") for part in parts)
        if len(np.intersect1d(train, test)):
            raise ArgumentError(f"Fold {number} of {splitter!r} tests rows that it was trained on.")
        if len(train) and len(test):
            found.append(Fold(0, number, train, test))
    if not found:
        raise ArgumentError(f"{splitter!r} makes no fold with rows to train on and rows to test.")
    return tuple(found)


def _split(splitter: Any, frame: pd.DataFrame, y: Array) -> list[Any]:
    """Folds of somebody else's splitter, or why it makes none."""
    ego = frame["ego"].to_numpy()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The groups parameter is ignored")
            return list(splitter.split(frame, y, ego))
    except DesignError:
        raise
    except Exception as error:
        raise DesignError(
            f"{splitter!r} cannot divide these {counted(len(frame), 'row')} (groups, if it asks for them, "
            f"are the {len(np.unique(ego)):,} egos): {str(error).rstrip('.')}. Take fewer folds, a splitter "
            "that suits the label, or folds='people'."
        ) from error


def _places(part: Any, n: int, whose: str) -> Array:
    """Places of rows, given as numbers or as a mask: each once."""
    given = np.asarray(part)
    if given.dtype == bool and given.shape == (n,):
        return np.flatnonzero(given)
    if given.size and (given.ndim != 1 or given.dtype.kind not in "iu"):
        raise ArgumentError(
            f"{whose} is of type {given.dtype}; folds are places of rows, or a mask of {n:,}."
        )
    places = np.unique(given.astype(np.intp))
    if len(places) < given.size:
        raise ArgumentError(f"{whose} has a row twice; weights of rows are no folds.")
    if places.size and not (places[0] >= 0 and places[-1] < n):
        wrong = places[-1] if places[0] >= 0 else places[0]
        raise ArgumentError(f"{whose} has row {wrong} of {counted(n, 'row')}.")
    return places

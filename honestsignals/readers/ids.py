"""Ids of people: what one may be, and the one order in which people stand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

CLOSE = 8
"""Whole numbers lie close together if they are spread over at most so many times as many."""
LOWEST = np.iinfo(np.int64).min
CANONICAL_INTEGER = "^(0|-?[1-9][0-9]*)$"
# Line ends are allowed: a quoted field may hold one. Every other control character is damage.
_CONTROL = "[\x01-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]"


def order_people(ids: Sequence[str] | NDArray[Any]) -> NDArray[Any]:
    """The distinct ids in the order in which people stand everywhere.

    If every id is a canonical integer ("0", "-3", "17", not "007") they are numbers, in their order; else
    they are text in the order of code points. Decided here and nowhere else.

    Parameters
    ----------
    ids : sequence of str, or ndarray
        Ids as text; an array of integers stands for their text.

    Returns
    -------
    ndarray of int64, or of str objects

    Examples
    --------
    >>> order_people(["10", "9", "10"])
    array([ 9, 10])
    >>> order_people(["10", "9", "a"])
    array(['10', '9', 'a'], dtype=object)
    """
    if isinstance(ids, np.ndarray) and np.issubdtype(ids.dtype, np.integer):
        numbers: NDArray[Any] | None = ids.astype(np.int64)
        text = None
    else:
        text = as_text(ids)
        numbers = as_integers(text)
    if numbers is not None:
        ordered = bool((numbers[1:] > numbers[:-1]).all())
        return numbers if ordered else np.unique(numbers)
    distinct = pc.unique(text)
    # Arrow sorts text by its UTF-8 bytes, which is the order of code points.
    return np.asarray(distinct.take(pc.sort_indices(distinct)).to_numpy(zero_copy_only=False), dtype=object)


def as_text(values: Any) -> Any:
    """Ids as an Arrow array of text.

    >>> as_text(np.array([7, -1])).to_pylist()
    ['7', '-1']
    """
    if isinstance(values, pa.Array | pa.ChunkedArray):
        array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    else:
        array = pa.array(values if isinstance(values, np.ndarray) else list(values))
    return array.cast(pa.string())


def as_integers(text: Any) -> NDArray[np.int64] | None:
    """Text as integers where every one is canonical and fits; else None.

    >>> as_integers(pa.array(["1", "02"])) is None
    True
    """
    if len(text) and not pc.all(pc.match_substring_regex(text, CANONICAL_INTEGER)).as_py():
        return None
    if not len(text):
        return None
    try:
        return np.asarray(pc.cast(text, pa.int64()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:
        return None


def places_of(values: Any, people: NDArray[Any]) -> NDArray[np.int32]:
    """Where values (integers or Arrow text) stand among people; -1 where they do not.

    >>> places_of(pa.array(["b", "x"]), order_people(["a", "b"]))
    array([ 1, -1], dtype=int32)
    """
    return Lookup(people, len(values)).places(values)


class Lookup:
    """Where ids stand among people: made ready once for many batches of ids.

    Parameters
    ----------
    people : ndarray
        In their one order.
    many : int
        Ids that are asked for: people fewer than they may lie further apart for a table.

    Examples
    --------
    >>> Lookup(np.array([3, 7])).places(np.array([7, 5, 3]))
    array([ 1, -1,  0], dtype=int32)
    """

    def __init__(self, people: NDArray[Any], many: int = 0) -> None:
        self._people = people
        self._low, self._table = np.int64(0), np.empty(0, dtype=np.int32)
        if people.dtype != object and len(people):
            low, width = int(people[0]), int(people[-1]) - int(people[0]) + 1
            if width <= CLOSE * max(len(people), many) and low > LOWEST:
                # one place more on either side, for what is too low or too high
                self._low, self._table = np.int64(low - 1), np.full(width + 2, -1, dtype=np.int32)
                self._table[people - self._low] = np.arange(len(people), dtype=np.int32)

    @cached_property
    def _text(self) -> Any:
        return as_text(self._people)

    def places(self, values: Any) -> NDArray[np.int32]:
        """Places of values (integers or Arrow text), -1 where they are nobody's (shape (n_values,))."""
        people = self._people
        if not isinstance(values, np.ndarray) or people.dtype == object:
            found = pc.index_in(as_text(values), value_set=self._text)
            return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int32)
        if len(self._table):
            # a difference that does not fit into 64 bits is too high or too low by its other sign
            return self._table.take(values.astype(np.int64, copy=False) - self._low, mode="clip")
        place = np.searchsorted(people, values)
        place[place == len(people)] = 0
        there = people[place] == values if len(people) else np.zeros(len(values), dtype=bool)
        return np.where(there, place, -1).astype(np.int32)


def blank_ends(text: Any) -> NDArray[np.bool_]:
    """Which texts begin or end with a blank.

    >>> blank_ends(pa.array(["a b", "a "]))
    array([False,  True])
    """
    return _mask(pc.not_equal(pc.utf8_trim_whitespace(text), text))


def control_characters(text: Any) -> NDArray[np.bool_]:
    r"""Which texts hold a control character other than a line end.

    >>> control_characters(pa.array(["a\nb", "a\tb", "a\0"]))
    array([False,  True,  True])
    """
    return _mask(pc.match_substring_regex(text, _CONTROL)) | _mask(pc.match_substring(text, "\0"))


def _mask(answers: Any) -> NDArray[np.bool_]:
    return np.asarray(answers.to_numpy(zero_copy_only=False), dtype=bool)

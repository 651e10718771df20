"""Columns of numbers: counts, weights, durations, depths, waves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honestsignals.errors import MOST_SHOWN
from honestsignals.readers.faults import Fault, Located, whole_source

MISSING = "is missing"
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
LARGEST_AMOUNT = 1e290
"""Amounts beyond it could add up to more than there are numbers for."""
LARGEST = 2.0**53
"""Beyond it a double skips whole numbers, so a count or a time is no longer what stands in the file."""


@dataclass(frozen=True)
class NumberRule:
    """What a column of numbers may hold.

    Attributes
    ----------
    required : bool
        Whether every row must have one.
    whole : bool
        Whether it counts something.
    low : float or None
        The least that is allowed.
    below : str
        What a message says of less.
    words : str
        What a message adds of words that are no numbers.
    """

    required: bool
    whole: bool = False
    low: float | None = None
    below: str = ""
    words: str = ""


RULES = {
    "count": NumberRule(True, whole=True, low=1, below="is below 1: a row stands for at least one act"),
    "weight": NumberRule(
        True, low=0, below="is negative: a weight is an amount; a signed rating is a label, not a weight"
    ),
    "duration": NumberRule(False, low=0, below="is negative"),
    "depth": NumberRule(False, words="; words are read as layers, with depth_layers of read_log"),
    "wave": NumberRule(True, whole=True),
}


@dataclass(frozen=True)
class Floats:
    """Numbers as doubles, NaN where there is none, and which of those rows hold something else."""

    values: NDArray[np.float64]
    missing: NDArray[np.bool_]
    odd: NDArray[np.bool_]


def read_numbers(array: Any, column: str, rule: NumberRule, first_row: int, source: Located) -> Any:
    """One batch of a column of numbers, and what is wrong with it.

    Parameters
    ----------
    array : pyarrow ChunkedArray
        Numbers, or text that should be numbers.
    column : str
        Its name.
    rule : NumberRule
        What it may hold.
    first_row : int
        The number of the batch's first row.
    source : Located
        Where it comes from.

    Returns
    -------
    values : ndarray of float64, shape (n_rows,)
        NaN where missing or wrong.
    faults : list of Fault
    """
    floats = as_floats(array, column, source)
    values = floats.values
    finite = np.isfinite(values)
    broken = [(floats.odd, f"is not a number{rule.words}")]
    if rule.required:
        broken.append((floats.missing, MISSING))
    if not finite.all():
        broken.append((~finite & ~floats.odd & ~floats.missing, "is not finite"))
    if rule.whole:
        broken.append((finite & (values != np.rint(values)), "is not a whole number"))
        broken.append((finite & (np.abs(values) > LARGEST), "is too large: beyond 2**53"))
    if rule.low is not None:
        with np.errstate(invalid="ignore"):
            broken.append((finite & (values < rule.low), rule.below))
    if not rule.whole:
        broken.append((finite & (np.abs(values) > LARGEST_AMOUNT), "is too large: beyond 1e290"))
    return values, [fault_at(mask, array, column, text, first_row) for mask, text in broken if mask.any()]


def fault_at(mask: NDArray[np.bool_], array: Any, column: str, rule: str, first_row: int) -> Fault:
    """The rows of a batch that break a rule, with the first ten values."""
    rows = np.flatnonzero(mask)
    if rule == MISSING:
        return Fault(column, rule, rows + first_row)
    shown = array.take(pa.array(rows[:MOST_SHOWN])).to_pylist()
    return Fault(column, rule, rows + first_row, tuple(shown))


def as_floats(array: Any, column: str, source: Located) -> Floats:
    """Numbers, or text that should be numbers, as doubles.

    >>> from types import SimpleNamespace
    >>> floats = as_floats(pa.chunked_array([["1.5", None, "x"]]), "weight", SimpleNamespace(name="acts.csv"))
    >>> floats.values, floats.odd
    (array([1.5, nan, nan]), array([False, False,  True]))
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        return as_floats(array.cast(kind.value_type), column, source)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _parsed(array.cast(pa.string()))
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or _empty_or_decimal(kind)):
        raise whole_source(source, column, f"has the type {kind}; it must be numbers")
    values = np.array(array.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    return Floats(values, np.isnan(values), np.zeros(len(values), dtype=bool))


def _empty_or_decimal(kind: Any) -> bool:
    return bool(pa.types.is_null(kind) or pa.types.is_decimal(kind))


def _parsed(text: Any) -> Floats:
    missing = _mask(pc.fill_null(pc.equal(pc.binary_length(text), 0), True))
    filled = text
    if missing.any():
        filled = pc.if_else(pa.array(missing), None, text)
    odd = np.zeros(len(text), dtype=bool)
    try:
        values = _cast(filled)
    except pa.ArrowInvalid:
        odd = ~missing & ~_mask(pc.fill_null(pc.match_substring_regex(text, NUMBER), False))
        values = _cast(pc.if_else(pa.array(odd), None, filled))
    # Words such as "nan" are taken for numbers by the cast; a missing number is an empty field.
    odd |= np.isnan(values) & ~missing
    return Floats(values, missing, odd)


def _cast(text: Any) -> NDArray[np.float64]:
    return np.array(pc.cast(text, pa.float64()).to_numpy(), dtype=np.float64)


def _mask(answers: Any) -> NDArray[np.bool_]:
    return np.asarray(answers.to_numpy(), dtype=bool)

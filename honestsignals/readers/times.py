"""When acts happened: dates, or seconds and milliseconds, as microseconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honestsignals.errors import ArgumentError, Problem, bad_input, one_of
from honestsignals.readers.amounts import LARGEST, MISSING, NUMBER, as_floats, fault_at
from honestsignals.readers.faults import Fault, Located, where, whole_source

UNITS = {"s": 1_000_000, "ms": 1_000}
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?"
    r"(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1)
_YEAR_ONE = -62_135_596_800_000_000
"""Microseconds at the start of the first year of the calendar; Arrow also knows a year 0."""
_YEAR_TEN_THOUSAND = 253_402_300_800_000_000
_FAR = "lies outside the years 1 to 9999"
_FEW = 100
_NOT_A_DATE, _TOO_FINE = "is not a date", "has digits below the microsecond"


@dataclass(frozen=True)
class Stamp:
    """One date and time.

    Attributes
    ----------
    micros : int
        Microseconds since 1970, in UTC.
    zoned : bool
        Whether it says its zone; if not, it is taken as UTC.
    """

    micros: int
    zoned: bool


@dataclass(frozen=True)
class TimePart:
    """One batch of times.

    Attributes
    ----------
    micros : ndarray of int64
        Microseconds; 0 where something is wrong.
    faults : list of Fault
        What is wrong.
    zoned, naive : tuple of (int, object) or None
        Row and value of the first stamp with a zone, and of the first without one.
    """

    micros: NDArray[np.int64]
    faults: list[Fault]
    zoned: tuple[int, Any] | None = None
    naive: tuple[int, Any] | None = None


def parse_stamp(text: str) -> Stamp | str:
    """One date in ISO form, or what is wrong with it.

    >>> parse_stamp("1970-01-01T01:00:00+01:00")
    Stamp(micros=0, zoned=True)
    >>> parse_stamp("2024-13-01")
    'is not a date'
    """
    match = _ISO.fullmatch(text)
    if match is None:
        return _NOT_A_DATE
    *numbers, fraction, zone = match.groups()
    try:
        moment = datetime(*(int(number or 0) for number in numbers))  # type: ignore[arg-type]
        offset = _offset(zone)
    except ValueError:
        return _NOT_A_DATE
    if fraction and len(fraction) > 6:
        return _TOO_FINE
    micros = (moment - _EPOCH) // timedelta(microseconds=1) + int((fraction or "0").ljust(6, "0")) - offset
    return Stamp(micros, zone is not None)


def parse_origin(origin: str | None) -> int | None:
    """Microseconds of the date from which times are counted; None if they are relative.

    >>> parse_origin("1970-01-02")
    86400000000
    """
    if origin is None or origin == "relative":
        return None
    stamp = parse_stamp(str(origin))
    if isinstance(stamp, str):
        raise ArgumentError(
            f"time_origin {str(origin)!r} {stamp}; it must be 'relative' or a date such as 1970-01-01."
        )
    return stamp.micros


def settle_unit(array: Any, unit: str | None, column: str, source: Located) -> str:
    """What times are written in: as told, or "iso" where they are dates; bare numbers have to be told.

    Parameters
    ----------
    array : pyarrow ChunkedArray
        The first batch of times.
    unit : {"iso", "s", "ms"} or None
        What the caller says.
    column : str
        The column's name.
    source : Located
        Where it comes from.

    Returns
    -------
    str
    """
    if unit is not None:
        one_of("time_unit", unit, ("iso", "s", "ms"))
    if unit is not None and not (unit == "iso" and _is_number(array.type)):
        return unit
    example = _first_number(array)
    if example is None:
        return "iso"
    rule = (
        "is a number, not a date: say time_unit='s' or time_unit='ms' (and time_origin, if it has a calendar)"
    )
    raise whole_source(source, column, rule, example)


def read_times(array: Any, column: str, unit: str, first_row: int, source: Located) -> TimePart:
    """One batch of times as microseconds, and what is wrong with it.

    Parameters
    ----------
    array : pyarrow ChunkedArray
        Text, numbers, dates or timestamps.
    column : str
        Its name.
    unit : {"iso", "s", "ms"}
        From `settle_unit`.
    first_row : int
        The number of the batch's first row.
    source : Located
        Where it comes from.

    Returns
    -------
    TimePart
    """
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if unit in UNITS:
        return _from_numbers(array, column, UNITS[unit], first_row, source)
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        return _from_timestamps(array, column, first_row)
    if not _is_text(array.type):
        raise whole_source(
            source, column, f"has the type {array.type}; it must be dates, as text or timestamps"
        )
    return _from_text(array.cast(pa.string()), column, first_row)


def refuse_mixed_zones(parts: list[TimePart], column: str, source: Located) -> None:
    """Stamps with and without a zone cannot be put in one order."""
    zoned = next((part.zoned for part in parts if part.zoned), None)
    naive = next((part.naive for part in parts if part.naive), None)
    if zoned is None or naive is None:
        return
    first, second = where(source, [zoned[0], naive[0]])
    problems = [
        Problem(*first, column, zoned[1], "has a time zone, others have none", source.unit),
        Problem(*second, column, naive[1], "has no time zone, others have one", source.unit),
    ]
    in_order = sorted(problems, key=lambda problem: (problem.source, problem.line or 0))
    raise bad_input(in_order, hint="Give all of them a zone, or none.")


def _offset(zone: str | None) -> int:
    """Microseconds that a zone is ahead of UTC."""
    if zone is None or zone == "Z":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    sign = -1 if zone[0] == "-" else 1
    return sign * (hours * 60 + minutes) * 60_000_000


def _from_numbers(array: Any, column: str, scale: int, first_row: int, source: Located) -> TimePart:
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        raise whole_source(source, column, "holds dates, not numbers: say time_unit='iso', or leave it out")
    floats = as_floats(array, column, source)
    micros = floats.values * scale
    finite = np.isfinite(micros)
    with np.errstate(invalid="ignore"):
        far = finite & (np.abs(micros) > LARGEST)
    broken = [
        (floats.odd, "is not a number"),
        (floats.missing, MISSING),
        (~finite & ~floats.odd & ~floats.missing, "is not finite"),
        (far, "is beyond 2**53 microseconds: is time_unit right?"),
    ]
    faults = [fault_at(mask, array, column, rule, first_row) for mask, rule in broken if mask.any()]
    micros[~finite | far] = 0
    return TimePart(np.rint(micros).astype(np.int64), faults)


def _from_timestamps(array: Any, column: str, first_row: int) -> TimePart:
    zoned = pa.types.is_timestamp(array.type) and array.type.tz is not None
    kind = pa.timestamp("us", array.type.tz if zoned else None)
    missing = _mask(pc.is_null(array))
    try:
        exact = array.cast(kind)
        fine = far = np.zeros(len(array), dtype=bool)
    except pa.ArrowInvalid:
        exact = array.cast(kind, safe=False)
        fine = _mask(pc.fill_null(pc.not_equal(exact.cast(array.type, safe=False), array), False))
        far = np.zeros(len(array), dtype=bool)
        if getattr(array.type, "unit", "day") != "ns":
            # of coarser units only what lies too far for microseconds becomes another moment
            far, fine = fine, far
    micros = np.asarray(pc.fill_null(exact.cast(pa.int64()), 0).to_numpy(), dtype=np.int64)
    # dates in text have the same calendar, and Python shows none beyond it
    far = far | (micros < _YEAR_ONE) | (micros >= _YEAR_TEN_THOUSAND)
    broken = [(missing, MISSING), (fine & ~far, _TOO_FINE)]
    faults = [fault_at(mask, array, column, rule, first_row) for mask, rule in broken if mask.any()]
    if far.any():
        faults.append(Fault(column, _FAR, np.flatnonzero(far) + first_row))
        micros = np.where(far, 0, micros)
        missing = missing | far
    example = _example(array, ~missing, first_row)
    return TimePart(micros, faults, example if zoned else None, None if zoned else example)


def _from_text(text: Any, column: str, first_row: int) -> TimePart:
    missing = _mask(pc.fill_null(pc.equal(pc.binary_length(text), 0), True))
    if not missing.any():
        # All of one kind, the usual case: Arrow reads them in one go, and nothing that `parse_stamp` refuses
        # but the year 0 (a test tries).
        for zone in (None, "UTC"):
            try:
                # A cast that fails makes a message for every row; the first rows tell soon whether it will.
                pc.cast(text.slice(0, _FEW), pa.timestamp("us", zone))
                stamps = pc.cast(text, pa.timestamp("us", zone))
            except pa.ArrowInvalid:
                continue
            micros = np.asarray(stamps.cast(pa.int64()).to_numpy(), dtype=np.int64)
            if micros.min() < _YEAR_ONE:
                break
            example = _example(text, ~missing, first_row)
            return TimePart(micros, [], example if zone else None, None if zone else example)
    return _from_distinct(text, missing, column, first_row)


def _from_distinct(text: Any, missing: NDArray[np.bool_], column: str, first_row: int) -> TimePart:
    """Stamp by stamp, each distinct one once."""
    coded = text.combine_chunks().dictionary_encode()
    codes = np.asarray(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False))
    stamps = [parse_stamp(value) for value in coded.dictionary.to_pylist()]
    broken = [(missing, MISSING)]
    for rule in (_NOT_A_DATE, _TOO_FINE):
        broken.append((np.array([stamp == rule for stamp in stamps] + [False])[codes] & ~missing, rule))
    good = [stamp if isinstance(stamp, Stamp) else Stamp(0, False) for stamp in stamps]
    fine = np.array([isinstance(stamp, Stamp) for stamp in stamps] + [False])[codes]
    zoned = np.array([stamp.zoned for stamp in good] + [False])[codes]
    return TimePart(
        np.array([stamp.micros for stamp in good] + [0], dtype=np.int64)[codes],
        [fault_at(mask, text, column, rule, first_row) for mask, rule in broken if mask.any()],
        _example(text, fine & zoned, first_row),
        _example(text, fine & ~zoned, first_row),
    )


def _example(array: Any, mask: NDArray[np.bool_], first_row: int) -> tuple[int, Any] | None:
    if not mask.any():
        return None
    row = int(np.argmax(mask))
    return first_row + row, str(array[row].as_py())


def _first_number(array: Any) -> str | None:
    if _is_number(array.type):
        present = pc.drop_null(array)
        return str(present[0].as_py()) if len(present) else "NaN"
    if not _is_text(array.type):
        return None
    text = array.cast(pa.string())
    telling = pc.or_(
        pc.match_substring_regex(text, NUMBER), pc.match_substring_regex(text, f"^{_ISO.pattern}$")
    )
    first = text.filter(telling)
    return first[0].as_py() if len(first) and re.match(NUMBER, first[0].as_py()) else None


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_null(kind)
        or (pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type))
    )


def _mask(answers: Any) -> NDArray[np.bool_]:
    return np.asarray(answers.to_numpy(), dtype=bool)

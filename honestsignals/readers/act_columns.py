"""The columns of acts, batch by batch: names as codes, numbers and times checked on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.readers.amounts import RULES, read_numbers
from honestsignals.readers.faults import Fault
from honestsignals.readers.layers import read_layers
from honestsignals.readers.mapping import NUMBER_KEYS, PEOPLE_KEYS, TEXT_KEYS, names_in
from honestsignals.readers.source import Source, in_codes
from honestsignals.readers.texts import Coded, encode, join
from honestsignals.readers.times import TimePart, read_times, settle_unit

# Columns that name the same things share their codes.
_SHARED = (PEOPLE_KEYS, ("id", "reply_to"))


@dataclass(frozen=True)
class RawActs:
    """Columns as read, before people are known.

    Attributes
    ----------
    rows : int
        Rows that could be cut into fields.
    texts : dict of str to Coded
        Sender, receiver and the other names.
    numbers : dict of str to ndarray of float64
        NaN where missing or wrong.
    time : ndarray of int64 or None
        Microseconds, without an origin.
    times : list of TimePart
        Which batches have zones; their arrays are in ``time``.
    unit : str or None
        What times are written in.
    faults : list of Fault
        What is wrong with rows, numbers and times.
    """

    rows: int
    texts: dict[str, Coded]
    numbers: dict[str, NDArray[np.float64]]
    time: NDArray[np.int64] | None
    times: list[TimePart]
    unit: str | None
    faults: list[Fault]

    def comparable(self) -> list[NDArray[Any]]:
        """Every column that was read, as numbers that are equal where the values are."""
        columns: list[NDArray[Any]] = [coded.codes for coded in self.texts.values()]
        columns += list(self.numbers.values())
        return columns + ([] if self.time is None else [self.time])


class _Reading:
    """What grows while batches come in."""

    def __init__(
        self, source: Source, mapping: Mapping[str, str], unit: str | None, layers: tuple[str, ...]
    ) -> None:
        self.source, self.mapping, self.unit, self.layers = source, mapping, unit, layers
        self.rows = 0
        self.texts: dict[str, list[Any]] = {key: [] for key in (*PEOPLE_KEYS, *TEXT_KEYS) if key in mapping}
        self.numbers: dict[str, list[NDArray[np.float64]]] = {
            key: [] for key in NUMBER_KEYS if key in mapping
        }
        self.times: list[TimePart] = []
        self.faults: list[Fault] = []
        self.unit_settled = False

    def add(self, batch: Any) -> None:
        """Read one batch, after those before it."""
        for key, parts in self.texts.items():
            column = self.mapping[key]
            parts.append(encode(batch.column(column), column, self.source))
        for key, numbers in self.numbers.items():
            values, faults = self._numbers(key, batch.column(self.mapping[key]))
            numbers.append(values)
            self.faults += faults
        if "time" in self.mapping:
            self._add_times(batch.column(self.mapping["time"]))
        self.rows += batch.num_rows

    def raw(self, broken: Sequence[Fault]) -> RawActs:
        """All that was read."""
        time = None
        if "time" in self.mapping:
            time = np.concatenate([np.empty(0, dtype=np.int64), *(part.micros for part in self.times)])
        texts = _joined(self.texts)
        numbers = {key: np.concatenate([np.empty(0), *parts]) for key, parts in self.numbers.items()}
        zones = [TimePart(np.empty(0, dtype=np.int64), [], part.zoned, part.naive) for part in self.times]
        return RawActs(self.rows, texts, numbers, time, zones, self.unit, [*broken, *self.faults])

    def _numbers(self, key: str, array: Any) -> tuple[NDArray[np.float64], list[Fault]]:
        column = self.mapping[key]
        if key == "depth" and self.layers:
            return read_layers(array, column, self.layers, self.rows, self.source)
        found: tuple[NDArray[np.float64], list[Fault]]
        found = read_numbers(array, column, RULES[key], self.rows, self.source)
        # one zero alone, so that the deepest of several is the same to the bit
        return (found[0] + 0.0, found[1]) if key == "depth" else found

    def _add_times(self, array: Any) -> None:
        column = self.mapping["time"]
        if not self.unit_settled and array.null_count < len(array):
            self.unit = settle_unit(array, self.unit, column, self.source)
            self.unit_settled = True
        part = read_times(array, column, self.unit or "iso", self.rows, self.source)
        self.times.append(part)
        self.faults += part.faults


def read_columns(
    source: Source, mapping: Mapping[str, str], unit: str | None, layers: tuple[str, ...] = ()
) -> RawActs:
    """Read the mapped columns of a source.

    Parameters
    ----------
    source : Source
        What is read.
    mapping : mapping of str to str
        Keys of acts to columns.
    unit : {"iso", "s", "ms"} or None
        What times are written in, as told.
    layers : tuple of str
        Words that depth is written in, the outermost first; none where it is in numbers.

    Returns
    -------
    RawActs
    """
    reading = _Reading(source, mapping, unit, layers)
    broken: list[Fault] = []
    coded = in_codes(source, names_in(mapping))
    for batch in coded.batches(list(dict.fromkeys(mapping.values())), broken):
        reading.add(batch)
    return reading.raw(broken)


def columns_of_batch(
    source: Source, mapping: Mapping[str, str], unit: str | None, layers: tuple[str, ...], batch: Any
) -> RawActs:
    """The mapped columns of one batch by itself, its rows counted from 0.

    Parameters
    ----------
    source, mapping, layers
        See `read_columns`.
    unit : str or None
        What times are written in, settled before.
    batch : pyarrow.Table
        Rows of the source.
    """
    reading = _Reading(source, mapping, unit, layers)
    reading.unit_settled = unit is not None
    reading.add(batch)
    return reading.raw(())


def _joined(texts: dict[str, list[Any]]) -> dict[str, Coded]:
    joined: dict[str, Coded] = {}
    alone = [key for key in texts if not any(key in shared for shared in _SHARED)]
    for keys in (*_SHARED, *((key,) for key in alone)):
        present = [key for key in keys if key in texts]
        for key, coded in zip(present, join([texts[key] for key in present]), strict=True):
            joined[key] = coded
    return joined

"""Rows of a design dealt into files of whole pairs, and people as whole numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, disk_error
from honestsignals.inference.streamed import Rows

if TYPE_CHECKING:
    import pyarrow as pa

Array = np.ndarray[Any, np.dtype[Any]]

FILE_ROWS = 250_000
"""Rows of a file, about: 30 MB at a dozen columns."""

MOST_FILES = 1_024
MIX = np.uint64(0x9E3779B97F4A7C15)
"""Multiplied with the key of a pair it spreads neighbours over the files."""


@dataclass(eq=False)
class PeopleCodes:
    """People as whole numbers from 0 on, in the order in which they first occur.

    Attributes
    ----------
    codes : dict of id to int
    missing : dict of str to int
        Rows without ego, and without alter.
    same : int
        Rows in which the two are one person.
    """

    codes: dict[Any, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=lambda: {"ego": 0, "alter": 0})
    same: int = 0
    _kinds: set[bool] = field(default_factory=set)

    def of(self, ids: pa.Table) -> tuple[Array, Array]:
        """Codes of ego and alter; −1 where there is none."""
        ego, alter = (self._one(name, ids.column(name)) for name in ("ego", "alter"))
        self.same += int(((ego == alter) & (ego >= 0)).sum())
        return ego, alter

    def _one(self, name: str, column: Any) -> Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), None, column)
        self.missing[name] += column.null_count
        coded = column.combine_chunks().dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
        values = coded.dictionary.to_pylist()
        known = len(self.codes)
        places = np.fromiter(
            (self.codes.setdefault(one, len(self.codes)) for one in values), np.int32, len(values)
        )
        self._check([one for one, place in zip(values, places.tolist(), strict=True) if place >= known])
        indices = coded.indices.fill_null(-1).to_numpy()
        return np.append(places, np.int32(-1))[indices]

    def _check(self, fresh: list[Any]) -> None:
        """Refuse text beside numbers, and blanks at the ends of ids."""
        self._kinds |= {isinstance(one, str) for one in fresh}
        if len(self._kinds) > 1:
            raise ArgumentError("ego and alter hold text and numbers, so that '1' and 1 would be two people.")
        blank = next((one for one in fresh if isinstance(one, str) and one != one.strip()), None)
        if blank is not None:
            raise ArgumentError(
                f"The id {blank!r} has blanks at its ends; without them it would be somebody else."
            )

    def refuse(self) -> None:
        """Refuse rows that lack one of the two, or pair somebody with themselves."""
        for name, count in self.missing.items():
            if count:
                raise ArgumentError(f"{name} is missing in {count:,} rows.")
        if self.same:
            raise ArgumentError(f"In {self.same:,} rows ego and alter are the same person.")


@dataclass(eq=False)
class DealtRows:
    """Rows on disk, dealt by pair: those of one pair lie in one file, in whatever order they came.

    Attributes
    ----------
    folder : Path
    files : int
    k : int
        Columns of the design.
    """

    folder: Path
    files: int
    k: int

    def add(self, X: Array, y: Array, weights: Array | None, codes: tuple[Array, Array]) -> None:
        """Deal some rows.

        Raises
        ------
        OutputError
            Where the disk is full.
        """
        ego, alter = codes
        low, high = np.minimum(ego, alter).astype(np.uint64), np.maximum(ego, alter).astype(np.uint64)
        mixed = ((low << np.uint64(32)) | high) * MIX
        file = ((mixed >> np.uint64(33)) % np.uint64(self.files)).astype(np.int64)
        order = np.argsort(file, kind="stable")
        weights = np.ones(y.size) if weights is None else weights
        numbers = np.column_stack([X, y + 0.0, weights])[order]
        people = np.column_stack([ego, alter])[order]
        ends = np.cumsum(np.bincount(file, minlength=self.files))
        for place in np.flatnonzero(np.diff(ends, prepend=0)).tolist():
            some = slice(int(ends[place - 1]) if place else 0, int(ends[place]))
            self._append(place, numbers[some], people[some])

    def _append(self, place: int, numbers: Array, people: Array) -> None:
        try:
            for name, values in (("numbers", numbers), ("people", people)):
                with (self.folder / f"{name}-{place}").open("ab") as file:
                    file.write(np.ascontiguousarray(values).data)
        except OSError as error:
            raise disk_error(error, self.folder) from error

    def __call__(self) -> Iterator[Rows]:
        """A pass over the rows, file by file."""
        for place in range(self.files):
            path = self.folder / f"numbers-{place}"
            if not path.exists():
                continue
            numbers = np.fromfile(path).reshape(-1, self.k + 2)
            people = np.fromfile(self.folder / f"people-{place}", dtype=np.int32).reshape(-1, 2)
            ego, alter = np.ascontiguousarray(people.T).astype(np.int64)
            yield Rows(numbers[:, : self.k], numbers[:, -2].copy(), numbers[:, -1].copy(), ego, alter)


def files_for(rows: int) -> int:
    """Into how many files so many rows are dealt; of an unknown number, 0, into many.

    >>> files_for(10), files_for(3_000_000), files_for(0)
    (1, 12, 256)
    """
    return 256 if not rows else int(np.clip(-(-rows // FILE_ROWS), 1, MOST_FILES))

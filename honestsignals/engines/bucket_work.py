"""What is done with one bucket: by any thread, or by another process, which gets all it needs handed over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from honestsignals.engines.buckets import Buckets
from honestsignals.engines.local import LocalEngine
from honestsignals.engines.passes import Rows, second_pass
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.columns import Column
from honestsignals.metrics.registry import DIRECTED
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]
Taken = TypeVar("Taken")


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of one bucket.

    Attributes
    ----------
    bucket : int
    rows : Rows
    first : int
        Place of the first of them among all rows of the table.
    """

    bucket: int
    rows: Rows
    first: int = 0


@dataclass(frozen=True, eq=False)
class Measuring:
    """What is measured of every part.

    Attributes
    ----------
    buckets : Buckets
        The acts.
    plan : sequence of Column
        Columns in an order in which each follows what it is computed from.
    settings : Settings
    folder : Path
        Where columns lie that rest on more than a row's pair: of everybody where they are of one person,
        one value where it is the same in all rows.
    """

    buckets: Buckets
    plan: Sequence[Column]
    settings: Settings
    folder: Path = Path()

    def statistics(self, part: Part) -> dict[str, Array]:
        """Statistics of the acts of a part's rows."""
        return of_bucket(self.buckets, part.bucket).statistics(part.rows, self.plan, self.settings)

    def waits(self, part: Part) -> tuple[Array, Array, Array, Array]:
        """Waits of a part's rows."""
        return of_bucket(self.buckets, part.bucket).waits(part.rows, self.settings)

    def whole(self, part: Part) -> dict[str, Array]:
        """Every column of a part's rows."""
        engine = of_bucket(self.buckets, part.bucket)
        known = engine.statistics(part.rows, self.plan, self.settings)
        for column in self.plan:
            if rests_on_all(column):
                known[column.name] = self._of_all(column, part)
        return second_pass(known, self.plan, part.rows, engine)

    def _of_all(self, column: Column, part: Part) -> Array:
        """A part's rows of a column that was worked out before, of everybody or of all rows."""
        values = np.load(file_of(self.folder, column), mmap_mode="r")
        if of_person(column):
            return np.asarray(values[part.rows.alter if column.side == "alter" else part.rows.ego])
        if len(values) == 1:
            return np.full(len(part.rows.ego), values[0])
        return np.array(values[part.first : part.first + len(part.rows.ego)])

    def taken(self, take: Callable[[Part, dict[str, Array]], Taken], part: Part) -> Taken:
        """What is made of every column of a part's rows."""
        return take(part, self.whole(part))


def of_bucket(buckets: Buckets, place: int) -> LocalEngine:
    """The acts of one bucket, in memory."""
    return LocalEngine(buckets.paired(place))


def pairs_of(buckets: Buckets, place: int) -> tuple[Array, Array]:
    """Codes of the two of every pair of a bucket."""
    return of_bucket(buckets, place).pairs()


def ties_of(buckets: Buckets, kind: str, before: int, place: int) -> Ties:
    """Ties of a bucket."""
    return of_bucket(buckets, place).ties(kind, before)


def some(rows: Rows, part: Any) -> Rows:
    """Some of the rows."""
    before = None if rows.before is None else rows.before[part]
    return replace(rows, ego=rows.ego[part], alter=rows.alter[part], before=before)


def sees(column: Column) -> bool:
    """Whether it is a statistic of everybody's ties."""
    return bool(column.entry.sees) and not column.entry.fact.statistic and not column.form


def of_person(column: Column) -> bool:
    """Whether it is a statistic of everybody's ties that is the same in all rows of one person."""
    return sees(column) and column.side != ""


def rests_on_all(column: Column) -> bool:
    """Whether it rests on more than the row's pair."""
    return sees(column) or column.entry.fact.whole


def closure(columns: Sequence[Column], plan: Sequence[Column]) -> set[str]:
    """Names of some columns and of all that they are computed from."""
    by_name = {column.name: column for column in plan}
    names: set[str] = set()
    waiting = [column.name for column in columns]
    while waiting:
        name = waiting.pop()
        if name not in names and name != DIRECTED:
            names.add(name)
            waiting += by_name[name].inputs
    return names


def file_of(folder: Path, column: Column) -> Path:
    """Where a column lies that rests on more than a row's pair."""
    return folder / f"{column.name}.npy"

"""The engine of logs that do not fit into memory: one bucket of whole pairs after another, on every core."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from honestsignals.engines.buckets import Buckets, saved
from honestsignals.engines.local import KEPT_TIES, LocalEngine
from honestsignals.engines.passes import FAR, LogColumns, Rows, around, second_pass
from honestsignals.engines.threads import in_order
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.columns import Column
from honestsignals.metrics.registry import DIRECTED
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]
Taken = TypeVar("Taken")


class StoredEngine:
    """Pairs and columns of acts that were dealt into buckets on disk.

    Parameters
    ----------
    buckets : Buckets
        The acts.
    threads : int
        Buckets that are worked on at once.
    most_rows : int
        Rows whose columns are held at once, where they need not be together.
    """

    def __init__(self, buckets: Buckets, threads: int, most_rows: int = FAR) -> None:
        self._buckets, self.threads, self.most_rows = buckets, threads, most_rows
        self._ties: OrderedDict[tuple[str, int], Ties] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Acts in each bucket."""
        return self._buckets.acts

    @property
    def bounds(self) -> Array:
        """Key with which each bucket but the first begins."""
        return self._buckets.bounds

    @property
    def log(self) -> LogColumns:
        """The log without its acts: the columns that it has are empty."""
        return self._buckets.frame

    def bucket(self, place: int) -> LocalEngine:
        """The acts of one bucket, in memory."""
        return LocalEngine(self._buckets.paired(place))

    def pairs(self) -> tuple[Array, Array]:
        """Codes of the two of every pair with an act that counts as giving, the lower first, sorted."""
        found = list(self._each(lambda place: self.bucket(place).pairs()))
        low, high = (np.concatenate(side) for side in zip(*found, strict=True))
        return low, high

    def columns(self, rows: Rows, plan: Sequence[Column], settings: Settings) -> dict[str, Array]:
        """Every planned column, one value a row, whatever the rows are and in whatever order."""
        places, own = self._dealt(rows)

        def measured(place: int) -> dict[str, Array]:
            return self.bucket(place).statistics(_some(rows, own[place]), plan, settings)

        joined: dict[str, Array] = {}
        for place, found in zip(places, in_order(measured, places, self.threads), strict=True):
            for name, values in found.items():
                if name not in joined:
                    joined[name] = np.empty(len(rows.ego), dtype=values.dtype)
                joined[name][own[place]] = values
        return second_pass(joined, plan, rows, self)

    def waits(self, rows: Rows, settings: Settings) -> tuple[Array, Array, Array, Array]:
        """Waits of each row for a reply: row, whether for ego's, microseconds, whether the end cut it off."""
        places, own = self._dealt(rows)

        def waited(place: int) -> tuple[Array, ...]:
            row, *others = self.bucket(place).waits(_some(rows, own[place]), settings)
            return (own[place][row], *others)

        parts = zip(*in_order(waited, places, self.threads), strict=True)
        row, for_ego, wait, cut = (np.concatenate(one) for one in parts)
        order = np.argsort(row, kind="stable")
        return row[order], for_ego[order], wait[order], cut[order]

    def ties(self, kind: str = "", before: int = FAR) -> Ties:
        """What the two of every pair gave one another before a moment; the last few are kept."""
        if (kind, before) not in self._ties:
            found = list(self._each(lambda place: self.bucket(place).ties(kind, before)))
            parts = (
                np.concatenate([getattr(one, name) for one in found])
                for name in ("low", "high", "forth", "back")
            )
            low, high, forth, back = parts
            first = found[0]
            self._ties[kind, before] = Ties(
                first.n_people, low, high, forth, back, first.possible, counts=first.counts
            )
        self._ties.move_to_end((kind, before))
        while len(self._ties) > KEPT_TIES:
            self._ties.popitem(last=False)
        return self._ties[kind, before]

    def in_parts(
        self,
        rows: Rows,
        plan: Sequence[Column],
        settings: Settings,
        *,
        folder: Path,
        take: Callable[[int, Rows, dict[str, Array]], Taken],
        done: Sequence[int] = (),
    ) -> Iterator[Taken]:
        """Columns of rows bucket by bucket: what a table of any length is written from.

        Parameters
        ----------
        rows : Rows
            In the order of pairs.
        plan, settings
            As in ``columns``.
        folder : Path
            For columns that rest on more than the row's pair: they are worked out first, of all rows.
        take : callable
            Of a bucket, its rows and their columns; called on several threads.
        done : sequence of int
            Buckets to pass over.

        Yields
        ------
        What ``take`` makes of each bucket.
        """
        edges = np.concatenate([[0], np.cumsum(self.rows_in_buckets(rows))])
        self._over_all(rows, plan, settings, folder)
        places = [place for place in range(len(self)) if place not in set(done)]

        def measured(place: int) -> Taken:
            part = slice(int(edges[place]), int(edges[place + 1]))
            own = _some(rows, part)
            known = self.bucket(place).statistics(own, plan, settings)
            for column in plan:
                if rests_on_all(column):
                    known[column.name] = np.array(np.load(_file(folder, column), mmap_mode="r")[part])
            return take(place, own, second_pass(known, plan, own, self))

        yield from in_order(measured, places, self.threads)

    def rows_in_buckets(self, rows: Rows) -> list[int]:
        """How many of the rows, in the order of pairs, each bucket has."""
        keys = self._keys(rows)
        edges = np.concatenate([[0], np.searchsorted(keys, self.bounds, side="left"), [len(keys)]])
        return np.diff(edges).tolist()

    def _over_all(self, rows: Rows, plan: Sequence[Column], settings: Settings, folder: Path) -> None:
        """Columns of everybody's ties, and those that rest on all rows of the table, on disk."""
        for column in plan:
            if sees(column):
                saved(_file(folder, column), around(column, rows, self))
        self._ties.clear()
        whole = [column for column in plan if column.entry.fact.whole and not sees(column)]
        if not whole:
            return
        wanted = closure(whole, plan)
        found = self.columns(rows, [column for column in plan if column.name in wanted], settings)
        for column in whole:
            saved(_file(folder, column), found[column.name])

    def _dealt(self, rows: Rows) -> tuple[list[int], dict[int, Array]]:
        """Buckets that rows are in, and the places of these rows."""
        bucket = self._buckets.of_keys(self._keys(rows))
        order = np.argsort(bucket, kind="stable")
        many = np.bincount(bucket, minlength=len(self._buckets))
        ends = np.cumsum(many)
        # even a table without rows has columns, and their types
        places = np.flatnonzero(many).tolist() or [0]
        return places, {place: order[ends[place] - many[place] : ends[place]] for place in places}

    def _keys(self, rows: Rows) -> Array:
        low, high = np.minimum(rows.ego, rows.alter), np.maximum(rows.ego, rows.alter)
        keys: Array = low.astype(np.int64) * self.log.n_people + high
        return keys

    def _each(self, function: Any) -> Iterator[Any]:
        return in_order(function, range(len(self._buckets)), self.threads)


def _some(rows: Rows, part: Any) -> Rows:
    before = None if rows.before is None else rows.before[part]
    return replace(rows, ego=rows.ego[part], alter=rows.alter[part], before=before)


def sees(column: Column) -> bool:
    """Whether it is a statistic of everybody's ties."""
    return bool(column.entry.sees) and not column.entry.fact.statistic and not column.form


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


def _file(folder: Path, column: Column) -> Path:
    return folder / f"{column.name}.npy"

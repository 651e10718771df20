"""The engine of logs that do not fit into memory: one bucket of whole pairs after another, on every core."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from multiprocessing import current_process
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

import numpy as np

from honestsignals.engines.bucket_work import (
    Measuring,
    Part,
    closure,
    file_of,
    of_person,
    pairs_of,
    sees,
    some,
    ties_of,
)
from honestsignals.engines.buckets import IDS, Buckets, alike, saved
from honestsignals.engines.local import KEPT_TIES
from honestsignals.engines.passes import (
    FAR,
    LogColumns,
    Rows,
    around,
    is_statistic,
    second_pass,
    ties_columns,
)
from honestsignals.engines.shared_work import begun
from honestsignals.engines.threads import in_order
from honestsignals.engines.workers import processes
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.columns import Column
from honestsignals.metrics.embeddedness import SHARED_NAMES, are_ties, known_shared
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]
Taken = TypeVar("Taken")
Item = TypeVar("Item")
Result = TypeVar("Result")


class StoredEngine:
    """Pairs and columns of acts that were dealt into buckets on disk.

    Parameters
    ----------
    buckets : Buckets
        The acts.
    threads : int
        Buckets that are brought into order at once.
    most_rows : int
        Rows whose columns are held at once, where they need not be together.
    many : int
        Processes that measure while ``at_work`` lasts; 1 for none but this one.
    """

    def __init__(self, buckets: Buckets, threads: int, most_rows: int = FAR, many: int = 1) -> None:
        self._buckets, self.threads, self.most_rows, self.many = buckets, threads, most_rows, many
        self._ties: OrderedDict[tuple[str, int], Ties] = OrderedDict()
        self._pool: Executor | None = None
        self._pairs: tuple[Array, Array] | None = None
        # one thread at a time: buckets are sorted, and written, when they are asked for
        self._lock = RLock()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Processes of its own while it lasts, where this process may have any; others wait meanwhile."""
        with self._lock:
            if self.many <= 1 or self._pool is not None or current_process().daemon:
                yield
                return
            with processes(self.many) as pool:
                self._pool = pool
                try:
                    yield
                finally:
                    self._pool = None

    def __len__(self) -> int:
        return len(self._buckets)

    @property
    def ids(self) -> Path:
        """Where ids lie by code, an Arrow file: other processes read them there."""
        return self._buckets.folder / IDS

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

    def pairs(self) -> tuple[Array, Array]:
        """Codes of the two of every pair with an act that counts as giving, the lower first, sorted."""
        with self._lock:
            if self._pairs is None:
                found = list(self._each(partial(pairs_of, self._buckets), range(len(self))))
                low, high = (np.concatenate(side) for side in zip(*found, strict=True))
                self._pairs = low, high
            return self._pairs

    def columns(self, rows: Rows, plan: Sequence[Column], settings: Settings) -> dict[str, Array]:
        """Every planned column, one value a row, whatever the rows are and in whatever order."""
        with self._lock:
            places, own = self._dealt(rows)
            parts = [Part(place, some(rows, own[place])) for place in places]
            joined: dict[str, Array] = {}
            work = Measuring(self._buckets, plan, settings).statistics
            for place, found in zip(places, self._each(work, parts), strict=True):
                for name, values in found.items():
                    if name not in joined:
                        joined[name] = np.empty(len(rows.ego), dtype=values.dtype)
                    joined[name][own[place]] = values
            return second_pass(joined, plan, rows, self)

    def waits(self, rows: Rows, settings: Settings) -> tuple[Array, Array, Array, Array]:
        """Waits of each row for a reply: row, whether for ego's, microseconds, whether the end cut it off."""
        with self._lock:
            places, own = self._dealt(rows)
            parts = [Part(place, some(rows, own[place])) for place in places]
            found = zip(places, self._each(Measuring(self._buckets, (), settings).waits, parts), strict=True)
            every = np.arange(len(rows.ego))
            waited = ((every[own[place]][row], *others) for place, (row, *others) in found)
            row, for_ego, wait, cut = (np.concatenate(one) for one in zip(*waited, strict=True))
            order = np.argsort(row, kind="stable")
            return row[order], for_ego[order], wait[order], cut[order]

    def ties(self, kind: str = "", before: int = FAR) -> Ties:
        """What the two of every pair gave one another before a moment; the last few are kept."""
        with self._lock:
            if (kind, before) not in self._ties:
                found = list(self._each(partial(ties_of, self._buckets, kind, before), range(len(self))))
                n, possible, counts = found[0].n_people, found[0].possible, found[0].counts
                sides = [[getattr(one, name) for one in found] for name in ("low", "high", "forth", "back")]
                del found
                # side by side, each let go of when it is whole: never are all there twice
                low, high, forth, back = (np.concatenate(sides.pop(0)) for _ in range(4))
                pairs = self.pairs()
                if len(low) == len(pairs[0]) and (low == pairs[0]).all() and (high == pairs[1]).all():
                    # everybody's ties are most often the pairs of the table: memory holds them once
                    low, high = pairs
                self._ties[kind, before] = Ties(n, low, high, forth, back, possible, counts=counts)
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
        take: Callable[[Part, dict[str, Array]], Taken],
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
            Of a part and its columns; called here, or in processes, which it is sent to.
        done : sequence of int
            Buckets to pass over.

        Yields
        ------
        What ``take`` makes of each bucket.
        """
        edges = np.concatenate([[0], np.cumsum(self.rows_in_buckets(rows))]).tolist()
        work = Measuring(self._buckets, plan, settings, folder)
        self._over_all(rows, work)
        places = [place for place in range(len(self)) if place not in set(done)]
        parts = (
            Part(place, some(rows, slice(edges[place], edges[place + 1])), edges[place]) for place in places
        )
        # threads would wait for one another: they cost a third more time and win a tenth by the clock
        many = 1 if self._pool is None else self.many
        yield from in_order(partial(work.taken, take), parts, many, self._pool)

    def rows_in_buckets(self, rows: Rows) -> list[int]:
        """How many of the rows, in the order of pairs, each bucket has."""
        keys = self._keys(rows)
        edges = np.concatenate([[0], np.searchsorted(keys, self.bounds, side="left"), [len(keys)]])
        return np.diff(edges).tolist()

    def _over_all(self, rows: Rows, work: Measuring) -> None:
        """Columns of everybody's ties, and those that rest on all rows of the table, on disk."""
        seen = {column.name: column for column in work.plan if sees(column)}
        listed = {name: one for name, one in seen.items() if one.entry.fact.name in SHARED_NAMES}
        wait = self._listing(list(listed.values()), rows, work.folder)
        # meanwhile what needs no triangles
        self._around([seen[name] for name in seen if name not in listed], rows, work.folder)
        self._whole(rows, work)
        wait()
        self._around(list(listed.values()), rows, work.folder)
        self._ties.clear()

    def _around(self, columns: Sequence[Column], rows: Rows, folder: Path) -> None:
        """Columns of everybody's ties."""
        every = np.arange(self.log.n_people, dtype=np.int32)
        before = None if rows.before is None else np.resize(rows.before[:1], len(every))
        people = Rows(every, every, before, rows.directed)
        for column in columns:
            values = around(column, people, self) if of_person(column) else alike(around(column, rows, self))
            saved(file_of(folder, column), values)

    def _whole(self, rows: Rows, work: Measuring) -> None:
        """Columns that rest on all rows, other than on their ties."""
        whole = [column for column in work.plan if column.entry.fact.whole and not sees(column)]
        if not whole:
            return
        wanted = closure(whole, work.plan)
        needed = [column for column in work.plan if column.name in wanted]
        given = self._given(rows, needed)
        if given is None:
            found = self.columns(rows, needed, work.settings)
        else:
            found = second_pass(given, needed, rows, self)
        for column in whole:
            saved(file_of(work.folder, column), alike(found[column.name]))

    def _given(self, rows: Rows, plan: Sequence[Column]) -> dict[str, Array] | None:
        """Statistics of a plan where they are what ties are made of, and rows are the ties; else None."""
        moments = rows.moments.tolist()
        named = {column.name: column for column in plan if is_statistic(column)}
        found: dict[str, Array] = {}
        for kind in dict.fromkeys(column.kind for column in named.values()):
            names = ties_columns(kind)
            if len(moments) != 1 or not set(names) & set(named):
                continue
            ties = self.ties(kind, moments[0])
            if are_ties(ties, rows.ego, rows.alter):
                found |= dict(zip(names, (ties.forth, ties.back), strict=True))
        return {name: found[name] for name in named} if named.keys() <= found.keys() else None

    def _listing(self, columns: Sequence[Column], rows: Rows, folder: Path) -> Callable[[], None]:
        """Have processes list the triangles of shared contacts; what is returned waits for them.

        Of one kind, and where rows are the ties: others are worked out when their columns are asked for.
        """
        moments = rows.moments.tolist()
        if self._pool is None or not columns or len(moments) != 1:
            return lambda: None
        asked = columns[0].kind
        ties = self.ties(asked, moments[0])
        if not are_ties(ties, rows.ego, rows.alter):
            return lambda: None
        sums = begun(ties, folder, self._pool, self.many)

        def known() -> None:
            known_shared(ties, rows.ego, rows.alter, sums())
            # other ties may have taken their place meanwhile
            self._ties[asked, moments[0]] = ties

        return known

    def _dealt(self, rows: Rows) -> tuple[list[int], dict[int, Any]]:
        """Buckets that rows are in, and the places of these rows."""
        bucket = self._buckets.of_keys(self._keys(rows)).astype(np.min_scalar_type(len(self)))
        # rows of a table are in the order of pairs
        ordered = bool((bucket[1:] >= bucket[:-1]).all())
        order = None if ordered else np.argsort(bucket, kind="stable")
        many = np.bincount(bucket, minlength=len(self._buckets))
        ends = np.cumsum(many)
        # even a table without rows has columns, and their types
        places = np.flatnonzero(many).tolist() or [0]
        own = {place: slice(int(ends[place] - many[place]), int(ends[place])) for place in places}
        return places, dict(own) if order is None else {place: order[own[place]] for place in places}

    def _keys(self, rows: Rows) -> Array:
        low, high = np.minimum(rows.ego, rows.alter), np.maximum(rows.ego, rows.alter)
        keys: Array = low.astype(np.int64) * self.log.n_people + high
        return keys

    def _each(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        return in_order(function, items, self.threads if self._pool is None else self.many, self._pool)

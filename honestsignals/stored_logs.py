"""Logs that do not fit into memory: acts on disk, measured bucket by bucket."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from honestsignals.act_forms import span_of
from honestsignals.dyads import contact
from honestsignals.engines.allocation import memory_kept
from honestsignals.engines.passes import Rows
from honestsignals.engines.stored import StoredEngine
from honestsignals.errors import DesignError, listed
from honestsignals.inference.words import counted
from honestsignals.measurable import Measurable
from honestsignals.metrics.columns import choose, plan
from honestsignals.moments import settings_of
from honestsignals.progress import progress
from honestsignals.readers.staging import Staged
from honestsignals.stored_tables import StoredTable
from honestsignals.stored_writing import Job, place_of, write_parts

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class StoredLog(Measurable):
    """Acts of giving on disk, dealt by pair: measured like a log in memory.

    Made by :func:`store_log`; its folder goes away with it, so it cannot be sent to another process.

    Attributes
    ----------
    staged : Staged
        Facts of what was read.
    dealt : StoredEngine
        Its acts in buckets.
    name : str
        What it is called where it is printed.
    digest : str
        Tells its acts from others.
    unread : tuple of str
        Columns that are called like a key of acts, and were not asked for.
    counts : tuple
        Acts that the rows stand for, and those of each kind.
    """

    staged: Staged
    dealt: StoredEngine
    name: str = "log"
    digest: str = ""
    unread: tuple[str, ...] = ()
    counts: tuple[int, tuple[int, ...]] = (0, ())

    def _clock(self) -> tuple[str | None, bool]:
        return self.staged.clock, self.staged.dated

    @property
    def engine(self) -> StoredEngine:
        """What measures it, bucket by bucket."""
        return self.dealt

    @property
    def people(self) -> Array:
        """Ids of the people, in their one order: as numbers where all are whole, else by code point."""
        return self.staged.people

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of acts; empty where the log has none."""
        return tuple(self.staged.values["kind"].to_pylist()) if "kind" in self.staged.values else ()

    @property
    def left_out(self) -> Mapping[str, int]:
        """Rows left out on reading, by reason."""
        return dict(self.staged.left_out)

    @property
    def has(self) -> frozenset[str]:
        """What metrics may need and this log has."""
        return self.engine.log.has

    def __len__(self) -> int:
        """Acts: rows, or what their counts say."""
        return self.counts[0]

    def __getstate__(self) -> object:
        """Refuse to be pickled: whoever gets it would lack its acts."""
        raise DesignError("A log on disk goes away with its process: read it again there, or send its table.")

    def moments(self) -> tuple[int, int]:
        """First and last moment at which an act would have been in the log; 0 and 0 without time."""
        return self.staged.edges

    @property
    def _pairs(self) -> tuple[Array, Array]:
        return self.engine.pairs()

    @property
    def dyads_in_contact(self) -> int:
        """Pairs with an act."""
        return len(self._pairs[0])

    def dyads(
        self,
        path: str | os.PathLike[str],
        *,
        metrics: Sequence[str] | str | None = None,
        until: object = None,
        conversation_gap: str = "1h",
        period: str = "7D",
        spans: Mapping[str, str | float] | None = None,
        resume: bool = False,
    ) -> StoredTable:
        """One row a pair in contact, written to disk: the columns of ``InteractionLog.dyads``, to the bit.

        Parameters
        ----------
        path : str or path
            A folder that is made: parts in Parquet in the order of pairs, and a codebook. It
            appears when all is written; till then parts are in a folder named so with ".work" after it.
        metrics : sequence of str, str or None
            Columns or families; None for all that the log can have; "all" for symmetric forms too.
        until : str, datetime, number or None
            Only acts strictly before it count.
        conversation_gap, period, spans
            As in ``InteractionLog.dyads``.
        resume : bool
            Go on with a run that was interrupted: parts that it wrote are not measured again.

        Returns
        -------
        StoredTable

        Raises
        ------
        OutputError
            Where something else has that name, or the disk is full.
        """
        target, settings = place_of(path), settings_of(conversation_gap, period, spans)
        with progress() as tell, memory_kept(), self.engine.at_work():
            tell("Bringing pairs together")
            rows = self._rows(None if until is None else self.moment(until))
            names = choose(metrics, self.engine.log.kinds, self.has, metrics != "all")
            n = len(self.people)
            possible = n * (n - 1) // 2
            there = np.zeros(n, dtype=bool)
            there[rows.ego] = there[rows.alter] = True
            within = int(there.sum())
            facts = [*self.source, f"{len(rows.ego):,} pairs of {possible:,} possible, {within:,} people."]
            out = possible - len(rows.ego)
            facts += [f"Left out: {out:,} not in contact."] if out else []
            facts += self.cut_note(until, settings)
            job = Job(
                self.engine,
                rows,
                plan(names, self.engine.log.kinds, self.has),
                tuple(names),
                settings,
                self.staged.dated,
                tuple(facts),
                self.digest,
            )
            return write_parts(job, target, resume=resume, tell=tell)

    def _rows(self, cut: int | None) -> Rows:
        """Pairs with an act before the cut."""
        ego, alter = self._pairs
        if cut is None:
            return Rows(ego, alter)
        rows = Rows(ego, alter, np.full(len(ego), cut))
        met = contact(self.engine, rows)
        return Rows(ego[met], alter[met], np.full(int(met.sum()), cut))

    @property
    def source(self) -> tuple[str, ...]:
        """What a table made from this log says of it."""
        return (f"Log {self.name}: {self._size()}",)

    def _span(self) -> str:
        if not self.staged.clock:
            return "No times."
        return span_of(self.staged, self.moments()) if self.staged.acts else "No acts."

    def _size(self) -> str:
        people, dyads = len(self.people), self.dyads_in_contact
        of_rows = f" in {self.staged.acts:,} rows" if "count" in self.staged.columns else ""
        return f"{len(self):,} acts{of_rows}, {people:,} people, {dyads:,} dyads in contact."

    def facts(self) -> list[str]:
        """Acts, people, dyads, span, kinds, and what was left out."""
        lines = [self._size()]
        lines.append(self._span())
        if self.kinds:
            each = (f"{kind} {many:,}" for kind, many in zip(self.kinds, self.counts[1], strict=True))
            lines.append(f"Kinds: {listed(each)}.")
        left = listed(f"{count:,} ({reason})" for reason, count in self.left_out.items() if count)
        lines.append(f"Left out: {left}." if left else "Left out: nothing.")
        if self.unread:
            lines.append(f"Columns not asked for, and not read: {listed(self.unread)}.")
        lines.append(
            f"On disk in {counted(len(self.engine), 'bucket')}, {counted(self.engine.threads, 'thread')}; "
            "exact duplicates were not looked for."
        )
        return lines

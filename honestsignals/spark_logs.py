"""Logs that lie on Spark: acts checked, people known, pairs measured where they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from honestsignals.act_forms import span_of
from honestsignals.engines.pair_parts import PAIR, Asked, Measured
from honestsignals.engines.passes import FAR
from honestsignals.engines.spark import SparkEngine, explained
from honestsignals.errors import listed
from honestsignals.measurable import Measurable
from honestsignals.metric_table import MetricTable
from honestsignals.metrics.acts import Settings
from honestsignals.moments import settings_of
from honestsignals.progress import progress
from honestsignals.spark_designs import SparkDesign, frame_of, labels_of, rows_of
from honestsignals.spark_people import people_on_spark
from honestsignals.spark_tables import SparkTable

Array = np.ndarray[Any, np.dtype[Any]]


HELD_ACTS = 10_000_000
"""Acts up to which everybody's ties come to the driver, which takes less time than joins do."""


@dataclass(frozen=True, eq=False, repr=False)
class SparkLog(Measurable):
    """Acts of giving in a Spark DataFrame: measured like a log in memory.

    Made by :func:`read_log` of a Spark DataFrame. Acts stay on Spark; ids of people, kinds and counts of
    what was left out are here.

    Attributes
    ----------
    measures : SparkEngine
        Its checked acts, and what measures them. ``log.acts.persist()`` keeps them checked between tables.
    kinds_read : tuple of str
        Kinds of acts.
    rows : int
        Acts.
    left : mapping of str to int
        Rows left out on reading, by reason.
    timed : tuple of (str or None, bool)
        How it counts time ("time", "wave"), and whether times have a calendar.
    name : str
        What it is called where it is printed.
    unread : tuple of str
        Columns that are called like a key of acts, and were not asked for.
    """

    measures: SparkEngine
    kinds_read: tuple[str, ...]
    rows: int
    left: Mapping[str, int]
    timed: tuple[str | None, bool]
    name: str = "log"
    unread: tuple[str, ...] = ()

    def _clock(self) -> tuple[str | None, bool]:
        return self.timed

    @property
    def clock(self) -> str | None:
        """How it counts time: "time", "wave", or None."""
        return self.timed[0]

    @property
    def engine(self) -> SparkEngine:
        """What measures it, partition by partition."""
        return self.measures

    @property
    def acts(self) -> Any:
        """The checked acts as a Spark DataFrame: pair, who gave, and what metrics read."""
        return self.measures.acts

    @property
    def people(self) -> Array:
        """Ids of the people, in their one order: as numbers where all are whole, else by code point."""
        return self.measures.people

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of acts; empty where the log has none."""
        return self.kinds_read

    @property
    def left_out(self) -> Mapping[str, int]:
        """Rows left out on reading, by reason."""
        return dict(self.left)

    @property
    def has(self) -> frozenset[str]:
        """What metrics may need and this log has."""
        return self.engine.log.has

    def __len__(self) -> int:
        """Rows of acts."""
        return self.rows

    def moments(self) -> tuple[int, int]:
        """First and last moment at which an act would have been in the log; 0 and 0 without time."""
        return self.engine.log.start, self.engine.log.end

    @cached_property
    def dyads_in_contact(self) -> int:
        """Pairs with an act: Spark counts them once."""
        with explained():
            return int(self.acts.select(*PAIR).distinct().count())

    def dyads(
        self,
        *,
        metrics: Sequence[str] | str | None = None,
        until: object = None,
        conversation_gap: str = "1h",
        period: str = "7D",
        spans: Mapping[str, str | float] | None = None,
        labels: Any = None,
        directed: bool = False,
    ) -> SparkTable:
        """One row a pair in contact, on Spark: the columns of ``InteractionLog.dyads``, to the bit.

        Parameters
        ----------
        metrics : sequence of str, str or None
            Columns or families; None for all that the log can have; "all" for symmetric forms too.
        until : str, datetime, number or None
            Only acts strictly before it count.
        conversation_gap, period, spans
            As in ``InteractionLog.dyads``.
        labels : pyspark.sql.DataFrame, optional
            Two columns of ids, ``ego`` and ``alter`` (or ``source`` and ``target``), and one of answers as
            numbers, which gives the label its name. Rows are then the pairs that have an answer, in contact
            or not; answers come to the driver.
        directed : bool
            Answers are ego's about alter, and rows are ordered pairs.

        Returns
        -------
        SparkTable

        Raises
        ------
        DesignError
            Where everybody's ties do not fit onto the driver, and columns rest on them.
        """
        settings = settings_of(conversation_gap, period, spans)
        before = None if until is None else self.moment(until)
        with progress() as tell:
            label = None
            if labels is not None:
                tell("Collecting answers")
                label = labels_of(labels, self.people, directed=directed)
            joined = len(self) > HELD_ACTS
            design = SparkDesign(self.engine, settings, before, directed, self.dated, joined, label)
            tell("Joining everybody's ties" if joined else "Collecting everybody's ties")
            frame, about = frame_of(design, metrics)

        def facts() -> list[str]:
            return [
                *self.source,
                *rows_of(design, self._pairs_before(before)),
                *self.cut_note(until, settings),
            ]

        return SparkTable(frame, about, facts, None if label is None else label.name, directed)

    def people_metrics(
        self,
        metrics: Sequence[str] | str | None = None,
        *,
        of: str = "acts",
        until: object = None,
        conversation_gap: str = "1h",
        period: str = "7D",
        spans: Mapping[str, str | float] | None = None,
    ) -> MetricTable:
        """One row a person, as ``InteractionLog.people_metrics`` has it, to the bit.

        Of a log of more than ten million acts, one row a person comes to the driver, and everybody's ties
        only where a metric of the family effects is among those that are asked for, as in all.
        """
        if len(self) <= HELD_ACTS:
            return super().people_metrics(
                metrics,
                of=of,
                until=until,
                conversation_gap=conversation_gap,
                period=period,
                spans=spans,
            )
        settings = settings_of(conversation_gap, period, spans)
        cut_at = FAR if until is None else self.moment(until)
        with progress() as tell:
            tell("Measuring people on Spark")
            table = people_on_spark(
                self, self.engine, metrics, of=self._of(of), until=cut_at, settings=settings
            )
        return replace(table, notes=(*table.notes, *self.cut_note(until, settings)))

    def _pairs_before(self, before: int | None) -> int:
        """Pairs with an act before a moment: Spark counts them."""
        if before is None:
            return self.dyads_in_contact
        with explained():
            return int(
                self.engine.table(Asked(self.engine.log, (), Settings(), before, met=True), _nothing).count()
            )

    @property
    def source(self) -> tuple[str, ...]:
        """What a table made from this log says of it."""
        return (f"Log {self.name}: {self._size()}",)

    def _size(self) -> str:
        people, dyads = len(self.people), self.dyads_in_contact
        return f"{len(self):,} acts, {people:,} people, {dyads:,} dyads in contact."

    def facts(self) -> list[str]:
        """Acts, people, dyads, span, kinds, and what was left out."""
        lines = [self._size()]
        lines.append(span_of(self, self.moments()) if self.clock else "No times.")
        if self.kinds:
            lines.append(f"Kinds: {listed(self.kinds)}.")
        left = listed(f"{count:,} ({reason})" for reason, count in self.left_out.items() if count)
        lines.append(f"Left out: {left}." if left else "Left out: nothing.")
        if self.unread:
            lines.append(f"Columns not asked for, and not read: {listed(self.unread)}.")
        lines.append("On Spark; exact duplicates were not looked for.")
        return lines


def _nothing(_: Measured) -> dict[str, Any]:
    """No columns but those of the pair."""
    return {}

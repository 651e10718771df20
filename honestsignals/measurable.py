"""What any log can be asked, wherever its acts lie: its people, its network, its moments."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from honestsignals.engines.passes import FAR, Engine
from honestsignals.metric_table import MetricTable
from honestsignals.metrics.acts import Settings
from honestsignals.moments import moment, settings_of, spans_in_words
from honestsignals.networks import Network, network_of, network_table
from honestsignals.people import people_of_log
from honestsignals.readers.kinds import kind_slug

Array = np.ndarray[Any, np.dtype[Any]]


class Measurable(ABC):
    """Acts that an engine measures: the common part of a log in memory and of one on disk."""

    name: str

    @property
    @abstractmethod
    def engine(self) -> Engine:
        """What brings each pair's acts together."""

    @property
    @abstractmethod
    def people(self) -> Array:
        """Ids of the people, in their one order."""

    @property
    @abstractmethod
    def kinds(self) -> tuple[str, ...]:
        """Kinds of acts; empty where the log has none."""

    @property
    @abstractmethod
    def has(self) -> frozenset[str]:
        """What metrics may need and this log has."""

    @property
    @abstractmethod
    def source(self) -> tuple[str, ...]:
        """What a table made from this log says of it."""

    @abstractmethod
    def facts(self) -> list[str]:
        """What a reader must know of it."""

    @abstractmethod
    def _clock(self) -> tuple[str | None, bool]:
        """How it counts time, and whether times have a calendar."""

    @property
    def dated(self) -> bool:
        """Whether times have a calendar."""
        return self._clock()[1]

    def pairs_in_contact(self) -> tuple[Array, Array]:
        """Codes of the two of every pair with an act that counts as giving, the lower first."""
        low, high = self.engine.pairs()
        return low, high

    def moment(self, value: object) -> int:
        """A moment as the log counts it: microseconds, or a wave.

        Parameters
        ----------
        value : str, datetime, number
            A date where the log is dated, else seconds from time zero or a wave.
        """
        return moment(value, *self._clock())

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
        """One row a person: how much of what they give and get is returned, and who answers whom.

        Parameters
        ----------
        metrics : sequence of str, str or None
            Names or families of person metrics; None for all that the log can have.
        of : str
            What was given: "acts", "weight", or a kind.
        until : str, datetime, number or None
            Only acts strictly before it count.
        conversation_gap, period : str
            Spans of event metrics, as in ``dyads``.
        spans : mapping of str to str or float, optional
            Further spans, as in ``dyads``.
        """
        settings = settings_of(conversation_gap, period, spans)
        cut_at = FAR if until is None else self.moment(until)
        table = people_of_log(self, metrics, of=self._of(of), until=cut_at, settings=settings)
        return replace(table, notes=(*table.notes, *self.cut_note(until, settings)))

    def network(self, *, of: str = "acts", until: object = None) -> Network:
        """Who gave whom how much, over everybody: what network metrics are measured from.

        Parameters
        ----------
        of : str
            What was given: "acts", "weight", or a kind.
        until : str, datetime, number or None
            Only acts strictly before it count.
        """
        found = network_of(self, of=self._of(of), until=FAR if until is None else self.moment(until))
        notes = () if until is None else (f"Only acts before {until} count.",)
        return replace(found, notes=(*found.notes, *notes))

    def network_metrics(
        self,
        metrics: Sequence[str] | str | None = None,
        *,
        of: str = "acts",
        until: object = None,
        progress: Callable[[str], None] | None = None,
    ) -> MetricTable:
        """One row a metric of the whole network: census, every definition of reciprocity, symmetry.

        Parameters
        ----------
        metrics : sequence of str, str or None
            Names or families of network metrics; None for all.
        of : str
            What was given: "acts", "weight", or a kind.
        until : str, datetime, number or None
            Only acts strictly before it count.
        progress : callable, optional
            Told what is being measured: some of a large network takes long.
        """
        return network_table(self.network(of=of, until=until), metrics, progress)

    def _of(self, of: str) -> str:
        """What was given, by the name of the kind or of its columns."""
        return kind_slug(of) if of in self.kinds else of

    def cut_note(self, until: object, settings: Settings) -> tuple[str, ...]:
        """What a table says of its times: until when acts count, and the spans of event metrics."""
        notes = [] if until is None else [f"Only acts before {until} count."]
        return (*notes, spans_in_words(settings, "depth" in self.has)) if "time" in self.has else tuple(notes)

    def __str__(self) -> str:
        return "\n".join([f"{type(self).__name__} {self.name}", *self.facts()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.facts())
        return f"<p><b>{type(self).__name__}</b> {html.escape(self.name)}</p><ul>{items}</ul>"

"""The interaction log: checked, directed acts of giving, and what was left out on reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.act_forms import (
    ACROSS,
    as_shown,
    columns_of,
    cut,
    facts_of,
    frame_of,
    graph_of,
    size_of,
)
from honestsignals.dyads import Design, DyadTable, contact, measured
from honestsignals.engines.local import LocalEngine
from honestsignals.engines.passes import LogColumns, Rows
from honestsignals.errors import ArgumentError, DesignError, listed, one_of, unknown
from honestsignals.measurable import Measurable
from honestsignals.moments import settings_of
from honestsignals.pairs import pairs_within, refuse_many
from honestsignals.readers.acts import ActArrays
from honestsignals.windows import Windows, window_edges, windows_of

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class InteractionLog(Measurable):
    """Acts of giving help, information or disclosure: who, to whom, when, of what kind.

    Made by :func:`read_log` or :func:`from_graph`, never changed in place.

    Attributes
    ----------
    acts : ActArrays
        The acts as arrays, people by code; what was left out on reading, by reason.
    name : str
        What it is called where it is printed.
    giving : tuple of str or None
        Kinds that count as giving; None for all.
    window_edges : tuple of (int or None)
        First moment observed and the first no longer observed, where a window was cut.
    """

    acts: ActArrays
    name: str = "log"
    giving: tuple[str, ...] | None = None
    window_edges: tuple[int | None, int | None] = (None, None)

    def _clock(self) -> tuple[str | None, bool]:
        return self.acts.clock, self.acts.dated

    @property
    def people(self) -> Array:
        """Ids of the people, in their one order: as numbers where all are whole, else by code point."""
        return self.acts.people

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of acts; empty where the log has none."""
        return self.acts.kinds

    @property
    def left_out(self) -> Mapping[str, int]:
        """Rows left out on reading, by reason."""
        return dict(self.acts.left_out)

    @property
    def dyads_in_contact(self) -> int:
        """Pairs with an act that counts as giving."""
        return len(self.pairs_in_contact()[0])

    def __len__(self) -> int:
        """Acts: rows, or what their counts say."""
        count = self.acts.count
        return len(self.acts.sender) if count is None else int(count.sum())

    @property
    def has(self) -> frozenset[str]:
        """What metrics may need and this log has."""
        return self.columns().has

    def moments(self) -> tuple[int, int]:
        """First and last moment at which an act would have been in the log; 0 and 0 without time."""
        time, (first, after) = self.acts.time, self.window_edges
        if time is None or (not len(time) and (first is None or after is None)):
            return 0, 0
        start = int(time.min()) if first is None else first
        return start, int(time.max()) if after is None else after - 1

    def columns(self) -> LogColumns:
        """The log as an engine takes it."""
        return columns_of(self.acts, self.giving, self.moments())

    @cached_property
    def engine(self) -> LocalEngine:
        """What brings each pair's acts together."""
        return LocalEngine(self.columns())

    def named(self, name: str) -> InteractionLog:
        """The same log under another name, where it is printed."""
        return replace(self, name=name)

    # parts of it

    def only(self, kind: str | Sequence[str]) -> InteractionLog:
        """The acts of one kind, or of some kinds.

        Parameters
        ----------
        kind : str or sequence of str
            Kinds to keep.

        Raises
        ------
        UnknownNameError
            For a kind that the log does not have.
        """
        wanted = [kind] if isinstance(kind, str) else list(kind)
        for one in wanted:
            if one not in self.kinds:
                raise unknown("kind", one, self.kinds)
        kinds = tuple(one for one in self.kinds if one in wanted)
        codes = np.array([self.kinds.index(one) for one in kinds])
        kind_of = self.acts.kind if self.acts.kind is not None else np.empty(0, dtype=np.int16)
        mask = np.isin(kind_of, codes)
        kept = cut(self.acts, mask)
        renumbered = np.searchsorted(codes, kind_of[mask]).astype(np.int16)
        giving = None if self.giving is None else tuple(one for one in kinds if one in self.giving) or None
        # other kinds tell how long the log was observed
        start, end = self.moments()
        edges = self.window_edges if self.acts.time is None else (start, end + 1)
        part = replace(kept, kind=renumbered, kinds=kinds)
        return replace(self, acts=part, giving=giving, window_edges=edges)

    def window(self, start: object = None, end: object = None) -> InteractionLog:
        """The acts from ``start`` on and before ``end``; the log counts as observed for just that long.

        Parameters
        ----------
        start, end : str, datetime, number or None
            Dates for a dated log; seconds from time zero for a relative one; waves for waves.
            None leaves that side open.

        Raises
        ------
        DesignError
            Where the log has no time.
        """
        first, after = (None if edge is None else self.moment(edge) for edge in (start, end))
        if first is not None and after is not None and first >= after:
            raise ArgumentError(f"window: start {start!r} is not before end {end!r}.")
        time = self.acts.time
        if time is None:
            raise DesignError("This log has no time, so no window can be cut from it.")
        mask = np.ones(len(time), dtype=bool)
        if first is not None:
            mask &= time >= first
        if after is not None:
            mask &= time < after
        # a window of a window was observed for what both have
        old = self.window_edges
        start_edge = max((edge for edge in (first, old[0]) if edge is not None), default=None)
        end_edge = min((edge for edge in (after, old[1]) if edge is not None), default=None)
        return replace(self, acts=cut(self.acts, mask), window_edges=(start_edge, end_edge))

    def graph(self) -> nx.DiGraph:
        """The directed help/information graph.

        Returns
        -------
        networkx.DiGraph
            Everybody is a node. An edge from giver to receiver has ``acts``; ``weight``, ``first`` and
            ``last`` where the log has weight and time; ``acts__KIND`` where it has kinds.
        """
        return graph_of(self.acts)

    def to_frame(self) -> pd.DataFrame:
        """The acts as a frame: sender, receiver, and time, kind, weight … where there."""
        return frame_of(self.acts)

    def dyads(
        self,
        *,
        pairs: str = "in contact",
        metrics: Sequence[str] | str | None = None,
        until: object = None,
        conversation_gap: str = "1h",
        period: str = "7D",
        spans: Mapping[str, str | float] | None = None,
    ) -> DyadTable:
        """One row a pair, without labels.

        Parameters
        ----------
        pairs : {"in contact", "all"}
            Pairs with an act (that counts), or every pair of people.
        metrics : sequence of str, str or None
            Columns or families; None for all that the log can have; "all" for symmetric forms too.
        until : str, datetime, number or None
            Only acts strictly before it count.
        conversation_gap : str
            Δ: gap within a conversation, and reply window.
        period : str
            Length of the periods of ``persistence`` and ``synchrony``, from the log's first moment on.
        spans : mapping of str to str or float, optional
            Further spans of event metrics: ``reply_horizon``, ``silence``, ``disclosure_window``; and
            ``depth_margin``, a number: by how much a disclosure must be deeper to be too deep.

        Returns
        -------
        DyadTable
        """
        settings = settings_of(conversation_gap, period, spans)
        n = len(self.people)
        rows = self.rows(pairs, None if until is None else self.moment(until), n * n)
        out = n * (n - 1) // 2 - len(rows.ego)
        left = {"not in contact": out} if pairs == "in contact" and out else {}
        design = Design(possible=n * (n - 1) // 2, left_out=left, notes=self.cut_note(until, settings))
        table = DyadTable(None, design, (), settings, self.source)  # type: ignore[arg-type]
        return measured(self.engine, rows, metrics, (), table, people=self.people, dated=self.acts.dated)

    def windows(self, length: str | int, *, step: str | int | None = None) -> Windows:
        """The log in windows, rolling or of the calendar, each to be measured by itself.

        Parameters
        ----------
        length : str or int
            A span such as "7D", a word of the calendar ("day", "week", "month", "quarter", "year"), or a
            number of waves.
        step : str or int, optional
            From one window's beginning to the next, as "1D"; windows follow one another where not given.

        Returns
        -------
        Windows
            With ``dyads()``, ``people_metrics()`` and ``network_metrics()``.
        """
        of_windows = window_edges(self.moments(), length, step, self.acts.clock, self.acts.dated)
        return windows_of(self, of_windows, self.moments(), lambda side: as_shown(self.acts, side))

    def rows(self, pairs: str, cut: int | None, most: int, block: Array | None = None) -> Rows:
        """Rows of a table without labels: pairs with an act before the cut, or all pairs.

        Parameters
        ----------
        pairs : {"in contact", "all"}
            Which pairs.
        cut : int or None
            Only acts strictly before it count, in the log's own count of time.
        most : int
            Pairs that a table of all of them may have.
        block : ndarray of int, shape (n_people,), or None
            Pairs across blocks could never be.
        """
        one_of("pairs", pairs, ("in contact", "all"))
        n = len(self.people)
        if pairs == "all":
            refuse_many(block, n, most)
            ego, alter = pairs_within(block, n)
            return Rows(ego, alter, None if cut is None else np.full(len(ego), cut))
        ego, alter = self.pairs_in_contact()
        if block is not None:
            inside = block[ego] == block[alter]
            ego, alter = ego[inside], alter[inside]
        if cut is None:
            return Rows(ego, alter)
        met = contact(self.engine, Rows(ego, alter, np.full(len(ego), cut)))
        return Rows(ego[met], alter[met], np.full(int(met.sum()), cut))

    def facts(self) -> list[str]:
        """Acts, people, dyads, span, kinds, and what was left out."""
        given = "" if self.giving is None else f"Counted as giving: {listed(self.giving)}."
        return facts_of(self.acts, (len(self), self.dyads_in_contact), given, self.moments())

    @property
    def source(self) -> tuple[str, ...]:
        """What a table made from this log says of it."""
        size, across = size_of(self.acts, len(self), self.dyads_in_contact), self.left_out.get(ACROSS, 0)
        return (f"Log {self.name}: {size}", *([f"{across:,} acts {ACROSS} are left out."] if across else []))

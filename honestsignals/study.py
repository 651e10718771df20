"""A study: acts, labels, people and what an absent label means, from one folder."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.covariates import attribute_columns
from honestsignals.dyads import Design, DyadTable, contact, measured
from honestsignals.engines.passes import FAR, Rows
from honestsignals.errors import ArgumentError, DesignError, one_of, unknown
from honestsignals.label_columns import both_ways, design_columns, earlier_note, label_fact, label_values
from honestsignals.label_network import network_of_label
from honestsignals.labels import ACROSS, NO_CONTACT, KnownPairs, Labels, answers_about, known_pairs, look_up
from honestsignals.log import InteractionLog
from honestsignals.metric_table import MetricTable
from honestsignals.metrics.registry import Fact
from honestsignals.moments import settings_of
from honestsignals.networks import Network, network_table
from honestsignals.pairs import MOST_PAIRS, count_within
from honestsignals.people import people_of_log, people_of_network
from honestsignals.windows import Windows

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class PairColumn:
    """A fact of pairs that is no label: kinship, seats, distances.

    Attributes
    ----------
    name : str
        Name of the column.
    directed : bool
        Whether it differs by direction.
    known : KnownPairs
        Pairs that have it.
    """

    name: str
    directed: bool
    known: KnownPairs


@dataclass(frozen=True, eq=False)
class _Chosen:
    """Rows of a table to be, their labels, and when these were asked."""

    rows: Rows
    design: Design
    value: Array
    asked: Array | None


@dataclass(frozen=True, eq=False)
class Study:
    """Acts, labels and people of one study. Made by :func:`honestsignals.open_study`.

    Attributes
    ----------
    name, title, citation, licence : str
        What it is, and how to cite it.
    log : InteractionLog
        The acts.
    labels : mapping of str to Labels
        The answers.
    people : pandas.DataFrame
        Attributes by code of the person; the index holds the ids.
    categories : frozenset of str
        Attributes that are compared by sameness.
    block : ndarray of int, shape (n_people,), or None
        Pairs across blocks could never be.
    pair_columns : tuple of PairColumn
        Facts of pairs.
    folder : Path or None
        Where its files were read; never printed.
    """

    name: str
    title: str
    citation: str
    licence: str
    log: InteractionLog
    labels: Mapping[str, Labels]
    people: pd.DataFrame
    categories: frozenset[str]
    block: Array | None
    pair_columns: tuple[PairColumn, ...]
    folder: Path | None = None

    def label(self, name: str) -> Labels:
        """The label of that name.

        Raises
        ------
        UnknownNameError
            Where the study has no such label.
        """
        if name not in self.labels:
            raise unknown(f"label of study {self.name}:", name, self.labels)
        return self.labels[name]

    def dyads(
        self,
        *,
        label: str | None = None,
        pairs: str | None = None,
        metrics: Sequence[str] | str | None = None,
        until: object = None,
        with_labels: Sequence[str] = (),
        conversation_gap: str = "1h",
        period: str = "7D",
        spans: Mapping[str, str | float] | None = None,
    ) -> DyadTable:
        """One row a pair, or an ordered pair seen from ego where the label is directed.

        Parameters
        ----------
        label : str, optional
            Only pairs whose label is known, and only acts strictly before it was asked.
        pairs : {"all", "in contact"}, optional
            With a label: all pairs whose label is known (the default), or those of them with an act.
            Without: all pairs that could be, or those with an act. More than five million pairs
            are made only where "all" is asked for by name.
        metrics : sequence of str, str, optional
            Columns or families (see :func:`honestsignals.metrics.table`); all that the log can have.
        until : str, datetime, number, optional
            Only acts strictly before it count, whenever the label was asked.
        with_labels : sequence of str
            Labels asked earlier, as covariates.
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
        one_of("pairs", pairs or "all", ("all", "in contact"))
        settings = settings_of(conversation_gap, period, spans)
        chosen = self._rows(label, pairs, until)
        rows, design, value = chosen.rows, chosen.design, chosen.value
        extras = [*design_columns(chosen.asked, self.block, rows.ego, self.log.acts)]
        extras += [*self._about_people(rows, design.directed), *self._about_pairs(rows, design.directed)]
        for name in [with_labels] if isinstance(with_labels, str) else with_labels:
            columns, note = self._earlier(name, label, chosen)
            extras += columns
            design = replace(design, notes=(*design.notes, note))
        if label is not None:
            answers = self.label(label)
            extras.append((label_fact(answers), label_values(answers, value)))
        design = replace(design, notes=(*design.notes, *self.log.cut_note(until, settings)))
        table = DyadTable(None, design, (), settings, self.log.source)  # type: ignore[arg-type]
        dated = self.log.acts.dated
        return measured(self.log.engine, rows, metrics, extras, table, people=self.log.people, dated=dated)

    def network(
        self,
        label: str | None = None,
        *,
        of: str = "acts",
        at_least: float | str | None = None,
        until: object = None,
    ) -> Network:
        """The network of the acts, or of a directed label, among pairs that could be.

        Parameters
        ----------
        label : str, optional
            Who named whom; the acts where not given.
        of : str
            Of the acts: "acts", "weight", or a kind.
        at_least : float or str, optional
            Of a label: an answer of at least this is a tie; answers are amounts where not given.
        until : str, datetime, number, optional
            Of the acts: only those strictly before it count.
        """
        if label is not None:
            _refuse({"of": of != "acts", "until": until is not None}, f"the acts, not for label {label!r}")
            return network_of_label(self.label(label), self.log.people, self.block, at_least)
        _refuse({"at_least": at_least is not None}, "the answers of a label: say label= too")
        found = self.log.network(of=of, until=until)
        if self.block is None:
            return found
        possible = count_within(self.block, found.ties.n_people)
        notes = (*found.notes, f"{len(np.unique(self.block))} blocks: pairs across them could never be.")
        inner = replace(found.ties, possible=possible, derived={})
        return replace(found, ties=inner, notes=notes, block=self.block)

    def network_metrics(
        self,
        metrics: Sequence[str] | str | None = None,
        *,
        label: str | None = None,
        of: str = "acts",
        at_least: float | str | None = None,
        until: object = None,
        progress: Callable[[str], None] | None = None,
    ) -> MetricTable:
        """Metrics of the network of acts, or of a label: is friendship itself reciprocal?

        Parameters
        ----------
        metrics : sequence of str, str or None
            Names or families of network metrics; None for all.
        label : str, optional
            Who named whom; the acts where not given.
        of : str
            Of the acts: "acts", "weight", or a kind.
        at_least : float or str, optional
            Of a label: an answer of at least this is a tie.
        until : str, datetime, number, optional
            Of the acts: only those strictly before it count.
        progress : callable, optional
            Told what is being measured: some of a large network takes long.
        """
        return network_table(self.network(label, of=of, at_least=at_least, until=until), metrics, progress)

    def people_metrics(
        self,
        metrics: Sequence[str] | str | None = None,
        *,
        label: str | None = None,
        of: str = "acts",
        at_least: float | str | None = None,
        until: object = None,
        conversation_gap: str = "1h",
        period: str = "7D",
        spans: Mapping[str, str | float] | None = None,
    ) -> MetricTable:
        """Metrics of everybody, from the acts or from a label.

        Parameters
        ----------
        metrics : sequence of str, str or None
            Names or families of person metrics; None for all that can be had.
        label : str, optional
            Who named whom; the acts where not given.
        of : str
            Of the acts: "acts", "weight", or a kind.
        at_least : float or str, optional
            Of a label: an answer of at least this is a tie.
        until : str, datetime, number, optional
            Of the acts: only those strictly before it count.
        conversation_gap, period : str
            Spans of event metrics, as in ``dyads``.
        spans : mapping of str to str or float, optional
            Further spans, as in ``dyads``.
        """
        network = self.network(label, of=of, at_least=at_least, until=until)
        if label is not None:
            _refuse({"spans": spans is not None}, f"the acts, not for label {label!r}")
            return people_of_network(network, metrics)
        settings = settings_of(conversation_gap, period, spans)
        cut = FAR if until is None else self.log.moment(until)
        table = people_of_log(self.log, metrics, of=of, until=cut, settings=settings, network=network)
        return replace(table, notes=(*table.notes, *self.log.cut_note(None, settings)))

    def window(self, start: object = None, end: object = None) -> Study:
        """The study with the acts from ``start`` on and before ``end`` alone, as ``log.window``."""
        return replace(self, log=self.log.window(start, end))

    def windows(self, length: str | int, *, step: str | int | None = None) -> Windows:
        """The study in windows, as ``log.windows``: pairs across blocks could never be in any of them."""
        return replace(self.log.windows(length, step=step), log=self)

    def _rows(self, label: str | None, pairs: str | None, until: object) -> _Chosen:
        """Which rows the table has, of how many, their labels, and when these were asked."""
        n = len(self.log.people)
        most = n * n if pairs == "all" else MOST_PAIRS
        cut = None if until is None else self.log.moment(until)
        if label is None:
            return self._possible(pairs, cut, most)
        answers = self.label(label)
        met = self.log.pairs_in_contact() if pairs == "in contact" else None
        known = known_pairs(answers, n, self.block, most, met)
        before = known.asked
        if cut is not None:
            before = np.full(len(known.ego), cut) if before is None else np.minimum(before, cut)
        rows, left = Rows(known.ego, known.alter, before), known.left_out
        early = np.ones(len(known.ego), dtype=bool)
        if before is not None and pairs == "in contact":
            # those who met only after the label was asked had not met when it was
            early = contact(self.log.engine, rows)
            rows = Rows(known.ego[early], known.alter[early], before[early])
            left = left | {NO_CONTACT: left.get(NO_CONTACT, 0) + int((~early).sum())}
        levels = answers.levels if answers.type == "ordinal" else ()
        design = Design(
            label, answers.type, answers.directed, known.possible, left, answers.when, answers.notes(), levels
        )
        asked = None if known.asked is None else known.asked[early]
        return _Chosen(rows, design, known.value[early], asked)

    def _possible(self, pairs: str | None, cut: int | None, most: int) -> _Chosen:
        """Pairs without a label that could be: all of them, or those with an act."""
        n = len(self.log.people)
        rows = self.log.rows(pairs or "all", cut, most, self.block)
        possible, could_be = n * (n - 1) // 2, count_within(self.block, n)
        left = {ACROSS: possible - could_be, NO_CONTACT: could_be - len(rows.ego)}
        left = {reason: count for reason, count in left.items() if count}
        return _Chosen(rows, Design(possible=possible, left_out=left), np.empty(0), None)

    def _about_people(self, rows: Rows, directed: bool) -> Iterable[tuple[Fact, Any]]:
        for name in self.people.columns:
            values = self.people[name]
            categorical = name in self.categories or values.dtype.kind not in "iufb"
            yield from attribute_columns(str(name), (rows.ego, rows.alter), values, categorical, directed)

    def _about_pairs(self, rows: Rows, directed: bool) -> Iterable[tuple[Fact, Any]]:
        n, endless = len(self.log.people), (-np.inf, np.inf)
        for column in self.pair_columns:
            if not column.directed:
                low, high = np.minimum(rows.ego, rows.alter), np.maximum(rows.ego, rows.alter)
                values, _ = look_up(column.known, low, high, n)
                meaning, why = f"{column.name} of the two", "not known of the pair"
                yield Fact(column.name, column.name, "pair", meaning, range=endless, undefined=why), values
                continue
            forth, _ = look_up(column.known, rows.ego, rows.alter, n)
            back, _ = look_up(column.known, rows.alter, rows.ego, n)
            yield from both_ways(column.name, "pair", forth, back, directed)

    def _earlier(self, name: str, label: str | None, chosen: _Chosen) -> tuple[list[tuple[Fact, Any]], str]:
        """A label asked earlier, as a covariate, and what is to be said of it."""
        if label is None:
            raise ArgumentError("with_labels are covariates of a label: say label= too.")
        if name == label:
            raise ArgumentError(f"with_labels: {name!r} must be a label other than label={label!r}.")
        earlier, answers, n = self.label(name), self.label(label), len(self.log.people)
        rows, directed = chosen.rows, answers.directed
        if earlier.wave is not None and answers.wave is not None and earlier.wave >= answers.wave:
            raise DesignError(
                f"{name!r} was asked at wave {earlier.wave}, not before {label!r} (wave {answers.wave})."
            )
        ways = [(rows.ego, rows.alter), (rows.alter, rows.ego)]
        if not earlier.directed:
            ways = [(np.minimum(rows.ego, rows.alter), np.maximum(rows.ego, rows.alter))]
        found, later, known = [], 0, 0
        for ego, alter in ways:
            values, asked = answers_about(earlier, ego, alter, self.block, n)
            if asked is not None and chosen.asked is not None:
                late = (asked >= chosen.asked) & ~np.isnan(values)
                later, known = later + int(late.sum()), known + int((~np.isnan(values)).sum())
                values = np.where(late, np.nan, values)
            found.append(values)
        if later and later == known:
            raise DesignError(
                f"{name!r} was asked when {label!r} was, or later: it cannot be a covariate of it."
            )
        note = earlier_note(earlier, answers, later, chosen.asked is not None)
        if not earlier.directed:
            fact = replace(label_fact(earlier), undefined="not known, or asked later")
            return [(fact, label_values(earlier, found[0]))], note
        return list(both_ways(name, "label", found[0], found[1], directed)), note

    def facts(self) -> list[str]:
        """What the study is: acts, people, labels, licence."""
        lines = [self.title, *self.log.facts()]
        lines += [str(label) for label in self.labels.values()] or ["No labels."]
        if self.block is not None:
            lines.append(f"{len(np.unique(self.block))} blocks; pairs across them could never be.")
        return [*lines, f"Cite: {self.citation or 'not stated'}. Licence: {self.licence or 'not stated'}."]

    def __str__(self) -> str:
        return "\n".join([f"Study {self.name}", *self.facts()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.facts())
        return f"<p><b>Study</b> {html.escape(self.name)}</p><ul>{items}</ul>"


def _refuse(given: Mapping[str, bool], what: str) -> None:
    """Refuse what would be passed over in silence."""
    for name, there in given.items():
        if there:
            raise ArgumentError(f"{name}= is for {what}.")

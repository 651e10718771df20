"""Acts: who gave what to whom, and when, as checked arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from honestsignals.errors import ArgumentError, one_of
from honestsignals.readers.act_columns import RawActs, read_columns
from honestsignals.readers.act_rules import conversations, faults_of_act_ids, faults_of_acts
from honestsignals.readers.duplicates import repeated_rows
from honestsignals.readers.faults import count_left_out, kept_rows, no_rows, raise_faults
from honestsignals.readers.ids import order_people, places_of
from honestsignals.readers.kinds import check_kinds
from honestsignals.readers.layers import check_layers, layers_of
from honestsignals.readers.mapping import PEOPLE_KEYS, map_columns, unread_columns, wanted_columns
from honestsignals.readers.reports import GIVER, OTHER, RECEIVER, REPORTS, choose_reports, one_key
from honestsignals.readers.source import Source, open_source
from honestsignals.readers.texts import Coded, sorted_values
from honestsignals.readers.times import parse_origin, refuse_mixed_zones

SELF_ACTS, EXACT_DUPLICATES = "self-acts", "exact duplicates"
_DATED_TWICE = "time_origin is for times in seconds or milliseconds; dates have a calendar of their own."
_TEXT_COLUMNS = ("topic", "channel", "context", "conversation", "id", "reply_to", "reporter")

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ActOptions:
    """How acts are read.

    Attributes
    ----------
    time_unit : {"iso", "s", "ms"} or None
        What times are written in; None where they are dates.
    time_origin : str or None
        "relative" (None), or the date from which seconds are counted.
    bad_rows : {"error", "leave out"}
        What becomes of rows that break a rule.
    duplicates : {"keep", "drop"}
        What becomes of rows that repeat an earlier one in every column read.
    roster : sequence of str, ndarray or None
        Everybody; ids beyond it are errors.
    reports : {"union", "both", "giver", "receiver"} or None
        Which reports of an act count, where a column says who reported it; None is "union".
    depth_layers : sequence of str or None
        Words that depth is written in, the outermost first: they are read as 0, 1, 2 and so on.
    """

    time_unit: str | None = None
    time_origin: str | None = None
    bad_rows: str = "error"
    duplicates: str = "keep"
    roster: Sequence[str] | NDArray[Any] | None = None
    reports: str | None = None
    depth_layers: Sequence[str] | None = None


@dataclass(frozen=True)
class ActArrays:
    """Checked acts, in the order of the source.

    Attributes
    ----------
    people : ndarray of int64, or of str objects
        Sorted ids: the roster, or everybody whom a row that was read names.
    sender, receiver : ndarray of int32, shape (n_acts,)
        Places in ``people``.
    time : ndarray of int64 or None
        Microseconds (since 1970 in UTC if ``dated``), or numbers of waves.
    clock : {"time", "wave"} or None
        What ``time`` is.
    dated : bool
        Whether times have a calendar; stamps without a zone are taken as UTC.
    count : ndarray of int64 or None
        Acts that a row stands for.
    weight : ndarray of float64 or None
        An amount.
    kind : ndarray of int16 or None
        Places in ``kinds``.
    kinds : tuple of str
        In the order of code points.
    columns : dict of str to ndarray
        ``duration`` and ``depth`` as float64 (NaN where empty); ``topic``, ``channel``, ``context``,
        ``conversation``, ``id``, ``reply_to`` and ``reporter`` as int32 places in ``values`` (-1 where
        empty).
    values : dict of str to ndarray of str
        What the codes of ``columns`` stand for, in the order of code points.
    rows : int
        Rows of the source: those kept and those left out.
    left_out : dict of str to int
        Reasons, and rows.
    counted : int or None
        Rows that repeat an earlier one in every column read, where that was counted on reading.
    unread : tuple of str
        Columns that are called like a key of acts, and were not asked for.
    """

    people: NDArray[Any]
    sender: NDArray[np.int32]
    receiver: NDArray[np.int32]
    time: NDArray[np.int64] | None
    clock: str | None
    dated: bool
    count: NDArray[np.int64] | None
    weight: NDArray[np.float64] | None
    kind: NDArray[np.int16] | None
    kinds: tuple[str, ...]
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    values: dict[str, NDArray[Any]] = field(default_factory=dict)
    rows: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    counted: int | None = None
    unread: tuple[str, ...] = ()

    @cached_property
    def duplicates(self) -> int:
        """Rows that repeat an earlier one in every column read: counted when somebody asks."""
        if self.counted is not None:
            return self.counted
        own = (self.sender, self.receiver, self.time, self.count, self.weight, self.kind)
        return len(repeated_rows([*(one for one in own if one is not None), *self.columns.values()]))

    def __getstate__(self) -> dict[str, Any]:
        """What is sent to another process: a view of a dict cannot be."""
        return {**self.__dict__, "left_out": dict(self.left_out)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Come back as unchangeable as before."""
        self.__dict__.update(state)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Make sure that nobody changes in place what others look at."""
        object.__setattr__(self, "left_out", MappingProxyType(dict(self.left_out)))
        parts = (self.people, self.sender, self.receiver, self.time, self.count, self.weight, self.kind)
        for part in (*parts, *self.columns.values(), *self.values.values()):
            if part is not None:
                part.setflags(write=False)


def read_acts(
    source: Any,
    columns: Mapping[str, str] | None = None,
    *,
    time_unit: str | None = None,
    time_origin: str | None = None,
    bad_rows: str = "error",
    duplicates: str = "keep",
    roster: Sequence[str] | NDArray[Any] | None = None,
    reports: str | None = None,
) -> ActArrays:
    """Read acts, every row right or named.

    Parameters
    ----------
    source : path, pandas.DataFrame, or object with ``__arrow_c_stream__``
        Where they are.
    columns : mapping of str to str, optional
        Keys of acts (sender, receiver, time, wave, id, count, kind, weight, duration, depth, topic, channel,
        context, conversation, reply_to, reporter) to names of columns. Without it, every column named like a
        key.
    time_unit, time_origin, bad_rows, duplicates, roster, reports
        See `ActOptions`.

    Returns
    -------
    ActArrays

    Examples
    --------
    >>> import pandas as pd
    >>> acts = read_acts(pd.DataFrame({"sender": ["a", "b"], "receiver": ["b", "b"]}))
    >>> acts.people, acts.sender, dict(acts.left_out)
    (array(['a', 'b'], dtype=object), array([0], dtype=int32), {'self-acts': 1})
    """
    return acts_read(
        source, columns, ActOptions(time_unit, time_origin, bad_rows, duplicates, roster, reports)
    )


def acts_read(source: Any, columns: Mapping[str, str] | None, options: ActOptions) -> ActArrays:
    """Read acts as `read_acts` does, with all that there is to choose.

    Parameters
    ----------
    source, columns
        See `read_acts`.
    options : ActOptions
        How they are read.
    """
    opened = open_source(source, wanted_columns(columns))
    mapping = map_columns(opened, columns)
    check_options(options, mapping, opened)
    layers = layers_of(opened, mapping, options.depth_layers)
    raw = read_columns(opened, mapping, options.time_unit, layers)
    if raw.rows == 0 and not raw.faults:
        raise no_rows(opened)
    refuse_mixed_zones(raw.times, mapping.get("time", ""), opened)
    roster_order = None if options.roster is None else order_people(options.roster)
    faults = faults_of_acts(raw, mapping, roster_order, opened.unit)
    if "id" in mapping:
        faults += faults_of_act_ids(raw, mapping["id"], faults)
    opening = None
    if "reply_to" in mapping:
        cascade = options.bad_rows == "leave out"
        opening, found = conversations(raw, mapping["reply_to"], faults, cascade=cascade)
        faults += found
    if options.bad_rows == "error":
        raise_faults(opened, faults)
    left_out: dict[str, int] = {}
    keep = kept_rows(faults, raw.rows, left_out)
    rows = raw.rows + sum(len(fault.rows) for fault in faults if not fault.numbered)
    judged = _Judged(opened, raw, mapping, options, _people(raw, keep, roster_order), opening, rows)
    return _assemble(judged, keep, left_out)


@dataclass(frozen=True)
class _Judged:
    """What is known once every row has been judged."""

    source: Source
    raw: RawActs
    mapping: Mapping[str, str]
    options: ActOptions
    people: NDArray[Any]
    opening: NDArray[np.int32] | None
    rows: int


def check_options(options: ActOptions, mapping: Mapping[str, str], source: Source) -> None:
    """Refuse options that are none, or are about columns that are not there.

    Raises
    ------
    ArgumentError
    """
    if options.time_unit is not None:
        one_of("time_unit", options.time_unit, ("iso", "s", "ms"))
    one_of("bad_rows", options.bad_rows, ("error", "leave out"))
    one_of("duplicates", options.duplicates, ("keep", "drop"))
    if options.reports is not None:
        one_of("reports", options.reports, REPORTS)
    if options.depth_layers is not None:
        check_layers(options.depth_layers)
    origin = parse_origin(options.time_origin)
    if options.time_unit == "iso" and origin is not None:
        raise ArgumentError(_DATED_TWICE)
    said = [name for name in ("time_unit", "time_origin") if getattr(options, name) is not None]
    if said and "time" not in mapping:
        raise ArgumentError(f"{source.name}: {said[0]} is given, but columns maps no time.")
    if options.reports is not None and "reporter" not in mapping:
        raise ArgumentError(f"{source.name}: reports is given, but columns maps no reporter.")
    if options.depth_layers is not None and "depth" not in mapping:
        raise ArgumentError(f"{source.name}: depth_layers is given, but columns maps no depth.")


def _people(raw: RawActs, keep: Mask, roster: NDArray[Any] | None) -> NDArray[Any]:
    """The roster, or everybody whom the rows that stay name."""
    if roster is not None:
        return roster
    values = raw.texts["sender"].values
    named = np.zeros(len(values), dtype=bool)
    for key in PEOPLE_KEYS:
        codes = raw.texts[key].codes
        named[codes if keep.all() else codes[keep]] = True
    return order_people(values[named] if isinstance(values, np.ndarray) else values.filter(pa.array(named)))


def _assemble(judged: _Judged, keep: Mask, left_out: dict[str, int]) -> ActArrays:
    """Choose the rows that are acts, and hand over their columns."""
    raw, options = judged.raw, judged.options
    places = np.append(places_of(raw.texts["sender"].values, judged.people), np.int32(-1))
    sender, receiver = (places[raw.texts[key].codes] for key in PEOPLE_KEYS)
    oneself = keep & (sender == receiver)
    count_left_out(left_out, SELF_ACTS, int(oneself.sum()))
    keep = keep & ~oneself
    kept = np.flatnonzero(keep)
    everything = len(kept) == raw.rows
    counted = None
    # who of two reported an act is told apart before it is known which rows stay; else there is time
    if options.duplicates == "drop" or "reporter" in raw.texts or judged.opening is not None:
        again = repeated_rows([values if everything else values[kept] for values in raw.comparable()])
        counted = len(again)
        if options.duplicates == "drop":
            keep[kept[again]] = False
            count_left_out(left_out, EXACT_DUPLICATES, counted)
    if "reporter" in raw.texts:
        _choose_reports(judged, (sender, receiver), keep, left_out)
    chosen = slice(None) if keep.all() else keep
    return _arrays(judged, (sender[chosen], receiver[chosen]), chosen, (left_out, counted))


def _choose_reports(
    judged: _Judged, pair: tuple[NDArray[np.int32], NDArray[np.int32]], keep: Mask, left_out: dict[str, int]
) -> None:
    """Take rows that are not acts of their own out of ``keep``, and count them."""
    raw, kept = judged.raw, np.flatnonzero(keep)
    reporter = raw.texts["reporter"]
    who = np.append(places_of(reporter.values, judged.people), np.int32(-1))[reporter.codes][kept]
    sender, receiver = pair[0][kept], pair[1][kept]
    role = np.select([who == sender, who == receiver], [GIVER, RECEIVER], OTHER)
    parts: list[NDArray[Any]] = [sender, receiver]
    if "kind" in raw.texts:
        parts.append(raw.texts["kind"].codes[kept])
    parts += [clock[kept] for clock in (raw.time, raw.numbers.get("wave")) if clock is not None]
    choice = choose_reports(one_key(parts), role, judged.options.reports or "union")
    keep[kept] = choice.keep
    for reason, rows in choice.left_out.items():
        count_left_out(left_out, reason, rows)


def _arrays(
    judged: _Judged,
    pair: tuple[NDArray[np.int32], NDArray[np.int32]],
    chosen: Mask | slice,
    counts: tuple[dict[str, int], int | None],
) -> ActArrays:
    raw, mapping = judged.raw, judged.mapping
    time, clock, dated = _clock(judged, chosen)
    texts = {key: sorted_values(raw.texts[key], chosen) for key in _TEXT_COLUMNS if key in raw.texts}
    if judged.opening is not None:
        texts["conversation"] = sorted_values(Coded(judged.opening, raw.texts["id"].values), chosen)
    kind, kinds = None, ()
    if "kind" in raw.texts:
        coded = sorted_values(raw.texts["kind"], chosen)
        kinds = tuple(coded.text.to_pylist())
        check_kinds(judged.source, mapping["kind"], kinds)
        kind = coded.codes.astype(np.int16)
    numbers = {key: values[chosen] for key, values in raw.numbers.items()}
    return ActArrays(
        people=judged.people,
        sender=pair[0],
        receiver=pair[1],
        time=time,
        clock=clock,
        dated=dated,
        count=numbers["count"].astype(np.int64) if "count" in numbers else None,
        weight=numbers.get("weight"),
        kind=kind,
        kinds=kinds,
        columns={
            **{key: numbers[key] for key in ("duration", "depth") if key in numbers},
            **{key: coded.codes for key, coded in texts.items()},
        },
        values={key: coded.text.to_numpy(zero_copy_only=False) for key, coded in texts.items()},
        rows=judged.rows,
        left_out=counts[0],
        counted=counts[1],
        unread=unread_columns(judged.source, mapping),
    )


def _clock(judged: _Judged, chosen: Mask | slice) -> tuple[NDArray[np.int64] | None, str | None, bool]:
    """Times or waves of the chosen rows, which of them, and whether they have a calendar."""
    raw = judged.raw
    if "wave" in raw.numbers:
        return raw.numbers["wave"][chosen].astype(np.int64), "wave", False
    if raw.time is None:
        return None, None, False
    origin = parse_origin(judged.options.time_origin)
    if raw.unit == "iso" and origin is not None:
        raise ArgumentError(_DATED_TWICE)
    time = raw.time[chosen]
    return (time if origin is None else time + origin), "time", raw.unit == "iso" or origin is not None

"""The engine of one machine: sorts the acts once, then hands them on in batches of whole pairs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from honestsignals.engines.ordering import PairedActs, pair_up
from honestsignals.engines.passes import FAR, LogColumns, Rows, first_pass, of_kind, second_pass, ties_columns
from honestsignals.metrics.acts import Acts, Settings
from honestsignals.metrics.columns import Column
from honestsignals.metrics.columns import plan as planned
from honestsignals.metrics.survival import reply_waits
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]

BATCH_ACTS = 500_000
"""Acts a batch holds, unless one pair has more: small enough for the cache of a processor."""
BATCH_ROWS = 200_000
KEPT_TIES = 4
"""Sums over all ties that are kept: of the kinds that one table asks for, at one moment."""


class LocalEngine:
    """Pairs and columns of one log, its acts sorted once.

    Parameters
    ----------
    log : LogColumns or PairedActs
        A checked log; or its acts in their order.
    """

    def __init__(self, log: LogColumns | PairedActs) -> None:
        self._paired = log if isinstance(log, PairedActs) else pair_up(log)
        self._ties: OrderedDict[tuple[str, int], Ties] = OrderedDict()

    @property
    def most_rows(self) -> int:
        """No bound: what is read in memory is measured there."""
        return FAR

    @property
    def log(self) -> LogColumns:
        """The log, its acts pair by pair; senders and receivers are told by the pairs."""
        return self._paired.log

    def pairs(self) -> tuple[Array, Array]:
        """Codes of the two of every pair with an act that counts as giving, the lower first, sorted."""
        paired, n = self._paired, self._paired.log.n_people
        keys = paired.keys
        if paired.log.main is not None and paired.log.kind is not None:
            giving = np.isin(paired.log.kind, paired.log.main)
            keys = keys[np.logical_or.reduceat(giving, paired.offsets[:-1])] if len(keys) else keys
        return (keys // n).astype(np.int32), (keys % n).astype(np.int32)

    def columns(self, rows: Rows, plan: Sequence[Column], settings: Settings) -> dict[str, Array]:
        """Every planned column, one value a row.

        Parameters
        ----------
        rows : Rows
            Who is ego, who is alter, before when.
        plan : sequence of Column
            Columns in an order in which each follows what it is computed from.
        settings : Settings
            Spans of the event metrics.

        Returns
        -------
        dict of str to ndarray, shape (n_rows,)
        """
        return second_pass(self.statistics(rows, plan, settings), plan, rows, self)

    def statistics(self, rows: Rows, plan: Sequence[Column], settings: Settings) -> dict[str, Array]:
        """The first pass: planned columns that are statistics of acts, one value a row."""
        paired = self._paired
        if paired.log.clock == "wave":
            settings = replace(settings, period=1)
        joined: dict[str, Array] = {}
        row = 0
        for acts in _batches(paired, rows, settings):
            part = slice(row, row + acts.n_pairs)
            for name, values in first_pass(acts, plan, paired.log).items():
                if name not in joined:
                    joined[name] = np.empty(len(rows.ego), dtype=values.dtype)
                np.copyto(joined[name][part], values, casting="safe")
            row = part.stop
        return joined

    def waits(self, rows: Rows, settings: Settings) -> tuple[Array, Array, Array, Array]:
        """Waits of each row for a reply: row, whether for ego's, microseconds, whether the end cut it off."""
        parts, first = [], 0
        for acts in _batches(self._paired, rows, settings):
            row, *others = reply_waits(of_kind(acts, "", self._paired.log))
            parts.append((row + first, *others))
            first += acts.n_pairs
        row, for_ego, wait, cut = (np.concatenate(one) for one in zip(*parts, strict=True))
        return row, for_ego, wait, cut

    def ties(self, kind: str = "", before: int = FAR) -> Ties:
        """What the two of every pair gave one another before a moment; the last few are kept.

        Parameters
        ----------
        kind : str
            Suffix of a kind of act, "weight", or "" for all acts that count as giving.
        before : int
            Only acts strictly before it count.
        """
        if (kind, before) not in self._ties:
            self._ties[kind, before] = self._made(kind, before)
        self._ties.move_to_end((kind, before))
        while len(self._ties) > KEPT_TIES:
            self._ties.popitem(last=False)
        return self._ties[kind, before]

    def _made(self, kind: str, before: int) -> Ties:
        """Ties from the columns of what each of two gave, over every pair with an act of any kind."""
        log = self._paired.log
        names = ties_columns(kind)
        low, high = self._paired.keys // log.n_people, self._paired.keys % log.n_people
        early = None if before == FAR or log.time is None else np.full(len(low), before)
        rows = Rows(low.astype(np.int32), high.astype(np.int32), early)
        found = self.columns(rows, planned(names, log.kinds, log.has), Settings())
        forth, back = (found[name] for name in names)
        there = (forth != 0) | (back != 0)
        possible = log.n_people * (log.n_people - 1) // 2
        given = forth[there], back[there]
        pairs = rows.ego[there], rows.alter[there]
        return Ties(log.n_people, *pairs, *given, possible, counts=kind != "weight")


def _batches(paired: PairedActs, rows: Rows, settings: Settings) -> Iterator[Acts]:
    """Whole rows, as many as a batch holds; one empty batch where there are no rows."""
    start, stop = _extents(paired, rows)
    reach = np.concatenate([[0], np.cumsum(stop - start)])
    last = np.full(len(start), paired.log.end, dtype=np.int64)
    if rows.before is not None:
        last = np.minimum(last, rows.before - 1)
    row = 0
    while True:
        until = int(np.searchsorted(reach, reach[row] + BATCH_ACTS, side="right")) - 1
        until = min(max(until, row + 1), row + BATCH_ROWS, len(start))
        part = slice(row, until)
        flipped = rows.ego[part] > rows.alter[part]
        yield _batch(paired, start[part], stop[part], flipped, (last[part], settings))
        row = until
        if row >= len(start):
            return


def _extents(paired: PairedActs, rows: Rows) -> tuple[Array, Array]:
    """First act of each row and the one after its last."""
    low, high = np.minimum(rows.ego, rows.alter), np.maximum(rows.ego, rows.alter)
    key = low.astype(np.int64) * paired.log.n_people + high
    place = np.searchsorted(paired.keys, key)
    found = place < len(paired.keys)
    found[found] = paired.keys[place[found]] == key[found]
    place = np.where(found, place, 0)
    start = np.where(found, paired.offsets[place], 0)
    stop = np.where(found, paired.offsets[np.minimum(place + 1, len(paired.keys))], 0)
    if rows.before is None or paired.log.time is None:
        return start, stop
    return start, _before(paired.log.time, start, stop, rows.before)


def _before(time: Array, start: Array, stop: Array, before: Array) -> Array:
    """Where in each row's acts the first stands that is not before: a bisection of all rows at once."""
    low, high = start.copy(), stop.copy()
    while (low < high).any():
        middle = (low + high) // 2
        early = (low < high) & (time[np.minimum(middle, len(time) - 1)] < before)
        low = np.where(early, middle + 1, low)
        high = np.where(early, high, np.where(low < high, middle, high))
    return low


def _batch(
    paired: PairedActs, start: Array, stop: Array, flipped: Array, frame: tuple[Array, Settings]
) -> Acts:
    """The acts of some rows, as their egos see them."""
    length = stop - start
    offsets = np.concatenate([[0], np.cumsum(length)])
    log = paired.log
    filled = length > 0
    taken: Any
    if filled.any() and (start[filled][1:] == stop[filled][:-1]).all():
        taken = slice(int(start[filled][0]), int(stop[filled][-1]))
    else:
        taken = np.repeat(start - offsets[:-1], length) + np.arange(offsets[-1])

    def take(values: Array | None) -> Array | None:
        return None if values is None else values[taken]

    from_low = paired.from_low[taken]
    return Acts(
        offsets=offsets,
        from_ego=from_low ^ np.repeat(flipped, length) if flipped.any() else from_low,
        time=take(log.time),
        count=take(log.count),
        weight=take(log.weight),
        kind=take(log.kind),
        conversation=take(log.conversation),
        depth=take(log.depth),
        topic=take(log.topic),
        start=log.start,
        end=frame[0],
        settings=frame[1],
    )

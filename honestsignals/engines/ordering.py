"""A log's acts brought into order: pair by pair, in time, giver by giver.

Everything that orders a pair's acts is an integer, so one integer holds pair, instant and giver
wherever it fits into 63 bits, and one sort of it does what three would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from honestsignals.engines.passes import LogColumns
from honestsignals.errors import DesignError
from honestsignals.metrics.acts import SECOND

Array = np.ndarray[Any, np.dtype[Any]]

MOST_EXPANDED = 200_000_000
"""Acts that counts may stand for in a log with times."""
PART_ROWS = 100_000
TICKS = (SECOND, 1_000, 1)
"""Steps in which times may come, the usual one first: in seconds they need fewer bits."""


@dataclass(frozen=True, eq=False)
class PairedActs:
    """A log's acts, pair by pair and in time order.

    Attributes
    ----------
    keys : ndarray of int64, shape (n_pairs,)
        ``low * n_people + high`` of each pair, sorted.
    offsets : ndarray of int64, shape (n_pairs + 1,)
        Where each pair's acts begin.
    from_low : ndarray of bool, shape (n_acts,)
        Whether the one with the lower code gave.
    log : LogColumns
        The acts in this order.
    """

    keys: Array
    offsets: Array
    from_low: Array
    log: LogColumns


def pair_up(log: LogColumns) -> PairedActs:
    """Sort a log by pair, instant and giver.

    Sums of weight within a pair need a total order of its acts, so that they come out the same to
    the bit whatever the order of the rows: acts alike in all else are ordered by weight.
    """
    log = _expanded(log)
    bare = (log.weight, log.conversation, log.count, log.depth, log.topic)
    plain = all(column is None for column in bare)
    scale = _scale(log)
    if plain and sum(scale.bits) < 63:
        return _sorted_values(log, scale, _packed_in_parts(log, scale))
    ranks = _ranks(log, scale)
    if ranks.width > 63:
        ranks = _closer(ranks)
    if plain and ranks.width <= 63:
        scale = replace(scale, bits=ranks.bits)
        return _sorted_values(log, scale, _packed(ranks), ranks.keys)
    order = _order(ranks, log)
    names = ("time", "count", "weight", "kind", "conversation", "depth", "topic")
    columns = {name: getattr(log, name) for name in names}
    moved = {name: None if values is None else values[order] for name, values in columns.items()}
    return _paired(log, (ranks.pair[order], ranks.from_low[order]), moved, ranks.keys)


def _paired(
    log: LogColumns, order: tuple[Array, Array], moved: dict[str, Any], keys: Array | None
) -> PairedActs:
    """The acts in their order, cut into pairs; who sent and received is told by pair and giver."""
    pair, from_low = order
    starts = np.flatnonzero(_changes(pair))
    offsets = np.append(starts, len(pair)).astype(np.int64)
    keys = pair[starts] if keys is None else keys
    nobody = np.empty(0, dtype=np.int32)
    return PairedActs(keys, offsets, from_low, replace(log, sender=nobody, receiver=nobody, **moved))


def too_many(total: int) -> DesignError:
    """The error for counts that stand for more timed acts than can be told apart."""
    return DesignError(
        f"The counts stand for {total:,} timed acts; up to {MOST_EXPANDED:,} can be told apart. "
        "Leave the time out, or the count."
    )


def _expanded(log: LogColumns) -> LogColumns:
    """One row an act, where acts have times: each is an act of its own to turns and gaps."""
    if log.count is None or log.clock != "time":
        return log
    total = int(log.count.sum())
    if total > MOST_EXPANDED:
        raise too_many(total)
    times = log.count
    changed: dict[str, Any] = {"count": None}
    for name in ("sender", "receiver", "time", "kind", "conversation", "depth", "topic"):
        values = getattr(log, name)
        changed[name] = None if values is None else np.repeat(values, times)
    if log.weight is not None:
        # the amount is the row's: it goes with the first of its acts
        weight = np.zeros(total)
        weight[np.cumsum(times) - times] = log.weight
        changed["weight"] = weight
    return replace(log, **changed)


@dataclass(frozen=True, eq=False)
class _Ranks:
    """What acts are sorted by, as whole numbers from 0.

    Attributes
    ----------
    pair : ndarray of int64, shape (n_acts,)
        Key of the pair, or its place in ``keys``.
    instant : ndarray of int64, shape (n_acts,), or None
        Ticks since ``first``; None without time.
    from_low : ndarray of bool, shape (n_acts,)
        As in ``PairedActs``.
    kind : ndarray, shape (n_acts,), or None
        Codes of the kinds.
    bits : tuple of int
        Bits that pair, instant and kind take; the giver takes one.
    keys : ndarray of int64, shape (n_pairs,), or None
        Keys of the pairs, where ``pair`` holds places.
    """

    pair: Array
    instant: Array | None
    from_low: Array
    kind: Array | None
    bits: tuple[int, int, int]
    keys: Array | None = None

    @property
    def width(self) -> int:
        """Bits that all of it takes."""
        return sum(self.bits) + 1


def _changes(values: Array) -> Array:
    """Whether a value differs from the one before it; True for the first."""
    changes = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=changes[1:])
    return changes


def _bits(values: Array | None) -> int:
    return 0 if values is None else int(values.max(initial=0)).bit_length()


@dataclass(frozen=True)
class _Scale:
    """How acts become whole numbers.

    Attributes
    ----------
    first, tick : int
        First time, and microseconds (or waves) of a tick.
    bits : tuple of int
        Bits that pair, instant and kind take at most.
    """

    first: int
    tick: int
    bits: tuple[int, int, int]


def _scale(log: LogColumns) -> _Scale:
    """First time, the longest tick that all times are whole numbers of, and the bits that it all takes."""
    first, tick, span = 0, 1, 0
    if log.time is not None and len(log.time):
        first = int(log.time.min())
        tick = next(tick for tick in TICKS if tick == 1 or _whole(log.time, first, tick))
        span = ((int(log.time.max()) - first) // tick).bit_length()
    return _Scale(first, tick, ((log.n_people**2 - 1).bit_length(), span, _bits(log.kind)))


def _whole(time: Array, first: int, tick: int) -> bool:
    """Whether all times are whole numbers of ticks from the first on."""
    return not any(((time[part] - first) % tick).any() for part in _parts(len(time)))


def _parts(n: int) -> list[slice]:
    """Rows in parts whose columns fit into a processor's cache: memory that is new costs more than sums."""
    return [slice(row, min(row + PART_ROWS, n)) for row in range(0, n, PART_ROWS)]


def _ranks(log: LogColumns, scale: _Scale, part: slice = slice(None)) -> _Ranks:
    """What a log's acts are sorted by."""
    sender, receiver = log.sender[part], log.receiver[part]
    pair = np.minimum(sender, receiver).astype(np.int64)
    pair *= log.n_people
    pair += np.maximum(sender, receiver)
    instant = None if log.time is None else (log.time[part] - scale.first) // scale.tick
    kind = None if log.kind is None else log.kind[part]
    bits = scale.bits if part.stop is not None else (_bits(pair), *scale.bits[1:])
    return _Ranks(pair, instant, sender < receiver, kind, bits)


def _packed_in_parts(log: LogColumns, scale: _Scale) -> Array:
    """Pair, instant, giver and kind of every act in one integer."""
    packed = np.empty(len(log.sender), dtype=np.int64)
    for part in _parts(len(packed)):
        packed[part] = _packed(_ranks(log, scale, part))
    return packed


def _closer(ranks: _Ranks) -> _Ranks:
    """The same with places of pairs for their keys, which take fewer bits: most people never met."""
    room = len(ranks.pair).bit_length()
    if ranks.bits[0] + room > 63:
        return ranks
    packed = (ranks.pair << room) | np.arange(len(ranks.pair))
    packed.sort()
    key = packed >> room
    new = _changes(key)
    pair = np.empty_like(key)
    pair[packed & ((1 << room) - 1)] = np.cumsum(new) - 1
    return replace(ranks, pair=pair, bits=(_bits(pair), *ranks.bits[1:]), keys=key[new])


def _packed(ranks: _Ranks) -> Array:
    """Pair, instant, giver and kind in one integer."""
    _, span, kind = ranks.bits
    packed = ranks.pair << (span + 1 + kind)
    if ranks.instant is not None:
        packed |= ranks.instant << (1 + kind)
    packed |= ranks.from_low.astype(np.int64) << kind
    if ranks.kind is not None:
        packed |= ranks.kind
    return packed


def _sorted_values(log: LogColumns, scale: _Scale, packed: Array, keys: Array | None = None) -> PairedActs:
    """The acts in order, where one integer holds all that there is to know of each.

    Sorting integers takes half the time of finding out their order, and nothing has to be fetched
    from all over the memory afterwards.
    """
    packed.sort(kind="stable")
    _, span, kind = scale.bits
    from_low = np.empty(len(packed), dtype=bool)
    moved: dict[str, Any] = {}
    if log.time is not None:
        moved["time"] = np.empty(len(packed), dtype=np.int64)
    if log.kind is not None:
        moved["kind"] = np.empty(len(packed), dtype=log.kind.dtype)
    for part in _parts(len(packed)):
        values = packed[part]
        if log.time is not None:
            moved["time"][part] = ((values >> (1 + kind)) & ((1 << span) - 1)) * scale.tick + scale.first
        if log.kind is not None:
            moved["kind"][part] = values & ((1 << kind) - 1)
        from_low[part] = (values & (1 << kind)) != 0
    packed >>= span + 1 + kind
    return _paired(log, (packed, from_low), moved, keys)


def _order(ranks: _Ranks, log: LogColumns) -> Array:
    """Positions of the acts by pair, instant, giver, and (where there) conversation, kind and weight."""
    own = (log.weight, log.depth, log.topic, log.kind, log.conversation)
    ties = [column for column in own if column is not None]
    by_row = _order_by_row(ranks)
    if by_row is not None:
        return _settled(*by_row, [*ties, ranks.from_low])
    if ranks.width - ranks.bits[2] <= 63:
        packed = _packed(replace(ranks, kind=None, bits=(*ranks.bits[:2], 0)))
        order = np.argsort(packed)
        return _settled(order, _changes(packed[order]), ties)
    columns = [column for column in (ranks.from_low, ranks.instant, ranks.pair) if column is not None]
    order = np.lexsort(columns)
    new = np.zeros(len(order), dtype=bool)
    for column in columns:
        new |= _changes(column[order])
    return _settled(order, new, ties)


def _order_by_row(ranks: _Ranks) -> tuple[Array, Array] | None:
    """Positions of the acts by pair and instant, and where a new instant begins; of a log by time alone.

    There the place of a row stands for its time, and one integer holds pair and place: sorting these is
    twice as fast as finding out an order. None where it cannot be done.
    """
    room = len(ranks.pair).bit_length()
    if ranks.instant is None or ranks.bits[0] + room > 63 or (ranks.instant[1:] < ranks.instant[:-1]).any():
        return None
    packed = (ranks.pair << room) | np.arange(len(ranks.pair))
    packed.sort()
    order = packed & ((1 << room) - 1)
    packed >>= room
    return order, _changes(packed) | _changes(ranks.instant[order])


def _settled(order: Array, new: Array, ties: Sequence[Array]) -> Array:
    """The order, with acts alike in what it goes by (until ``new``) ordered by what else they have."""
    tied = ~new
    tied[:-1] |= tied[1:]
    where = np.flatnonzero(tied) if ties else ()
    if len(where):
        among = order[where]
        order[where] = among[np.lexsort((*(column[among] for column in ties), np.cumsum(new[where])))]
    return order

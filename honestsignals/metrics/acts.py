"""One batch of acts in dyad order, and the verbs that statistics are written with.

The acts of each pair stand together, in time order; acts of one instant stand giver by giver, which is an
order of convenience: whatever asks who was first leaves instants of both out (``mixed``). Nothing here
depends on which of the two is called ego but ``from_ego``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Kept = TypeVar("Kept")

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
NEVER = 2**62
"""A moment after all others, from which spans can be taken off without overflow."""


def ratio(top: Array, bottom: Array) -> Array:
    """Quotient, NaN where the denominator is 0.

    >>> ratio(np.array([1, 0]), np.array([2, 0]))
    array([0.5, nan])
    """
    out = np.full(np.shape(bottom), math.nan)
    np.divide(top, bottom, out=out, where=np.asarray(bottom) != 0)
    return out


def sort_within(group: Array, value: Array, bits: int) -> tuple[Array, Array]:
    """Groups and values, by group and then by value; quick where the groups stand together already.

    Parameters
    ----------
    group, value : ndarray of int64
        Not negative.
    bits : int
        Values are below 2 to that power.

    >>> sort_within(np.array([0, 0, 1]), np.array([5, 2, 3]), 3)[1]
    array([2, 5, 3])
    """
    if int(group.max(initial=0)).bit_length() + bits > 63:
        order = np.lexsort((value, group))
        return group[order], value[order]
    # merging is several times as fast here as numpy's first choice: what it sorts is nearly in order
    packed = np.sort((group << bits) | value, kind="stable")
    return packed >> bits, packed & ((1 << bits) - 1)


@dataclass(frozen=True)
class Settings:
    """Spans that event metrics are measured with.

    Attributes
    ----------
    conversation_gap : int, microseconds
        Δ: acts at most this far apart belong to one conversation (inclusive), and a reply within it
        answers an opening. One hour, as in bandicoot.
    period : int, microseconds
        Length of the periods of ``persistence`` and ``synchrony``, from the log's first moment on. A week.
    reply_horizon : int, microseconds
        τ: up to when a reply is awaited in ``reply_hours``. A day.
    silence : int, microseconds
        G: silence of both after which ``patience`` counts a run of acts as given up. A week.
    disclosure_window : int, microseconds
        Δ of disclosures: one is returned where the other discloses within it (inclusive). A day.
    stifle_horizon : int, microseconds
        h: how long before an opening, and after Δ, the opener's openings are counted. 28 days.
    depth_margin : float
        τ: a disclosure this much deeper than the other has gone so far is too deep. In units of depth.
    """

    conversation_gap: int = HOUR
    period: int = 7 * DAY
    reply_horizon: int = DAY
    silence: int = 7 * DAY
    disclosure_window: int = DAY
    stifle_horizon: int = 28 * DAY
    depth_margin: float = 0.0


@dataclass(frozen=True, eq=False)
class Acts:
    """Acts of many pairs as sorted arrays with offsets.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n_pairs + 1,)
        Pair d has the acts ``offsets[d]`` to ``offsets[d + 1] - 1``; none where the two are equal.
    from_ego : ndarray of bool, shape (n_acts,)
        Whether ego gave.
    time : ndarray of int64, shape (n_acts,), or None
        Microseconds (or wave numbers), not decreasing within a pair.
    count : ndarray of int64, shape (n_acts,), or None
        Acts that a row stands for; None for one each. Timed acts come expanded.
    weight : ndarray of float64, shape (n_acts,), or None
        Amount.
    kind : ndarray of int16, shape (n_acts,), or None
        Code of the kind.
    conversation : ndarray of int64, shape (n_acts,), or None
        Code of the conversation; negative: one of its own.
    depth : ndarray of float64, shape (n_acts,), or None
        How deeply the act disclosed something of its giver; NaN where it disclosed nothing.
    topic : ndarray of int32, shape (n_acts,), or None
        Code of the topic; negative where there is none.
    start : int
        First moment of the log (microseconds or wave).
    end : ndarray of int64, shape (n_pairs,)
        Last moment at which an act of the pair would have been seen.
    settings : Settings
        Spans of the event metrics.
    """

    offsets: Array
    from_ego: Array
    time: Array | None
    count: Array | None
    weight: Array | None
    kind: Array | None
    conversation: Array | None
    depth: Array | None
    topic: Array | None
    start: int
    end: Array
    settings: Settings = field(default_factory=Settings)
    derived: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def n_pairs(self) -> int:
        """Number of pairs in the batch."""
        return len(self.offsets) - 1

    def swapped(self) -> Acts:
        """The same acts seen from the other of each pair."""
        return replace(self, from_ego=~self.from_ego)

    def where(self, mask: Array) -> Acts:
        """Only the acts where ``mask`` holds; pairs stay, also those left without any.

        Parameters
        ----------
        mask : ndarray of bool, shape (n_acts,)
        """
        # numpy takes by position ten times as fast as by mask
        at = np.flatnonzero(mask)

        names = ("from_ego", "time", "count", "weight", "kind", "conversation", "depth", "topic")
        values = {name: getattr(self, name) for name in names}
        kept: dict[str, Any] = {name: None if one is None else one[at] for name, one in values.items()}
        return replace(self, offsets=self.edges(mask), derived={}, **kept)

    def slices(self, most: int) -> Iterator[tuple[slice, slice]]:
        """Pairs and their acts in parts of at most so many of either, but of one pair at least."""
        first = 0
        while first < self.n_pairs:
            reach = int(np.searchsorted(self.offsets, self.offsets[first] + most, side="right")) - 1
            after = min(max(reach, first + 1), first + most)
            yield slice(first, after), slice(int(self.offsets[first]), int(self.offsets[after]))
            first = after

    # verbs: one value a pair

    def edges(self, values: Array) -> Array:
        """Running total of whole numbers or a mask at the offsets (int64, shape (n_pairs + 1,)).

        Of a mask, these are the offsets of the acts where it holds.
        """
        running = np.empty(len(values) + 1, dtype=np.int64)
        running[0] = 0
        np.cumsum(values, out=running[1:])
        return running[self.offsets]

    def total(self, values: Array) -> Array:
        """Whole numbers or a mask summed over each pair's acts (int64, shape (n_pairs,))."""
        return np.diff(self.edges(values))

    def acts(self, mask: Array) -> Array:
        """Acts of each pair where ``mask`` holds: rows, or what their counts say."""
        return self.total(mask if self.count is None else mask * self.count)

    def reduce(self, verb: np.ufunc, values: Array, empty: float, edges: Array | None = None) -> Array:
        """``verb`` over each pair's values; ``empty`` for a pair without.

        ``np.add.reduceat`` sums a segment by itself, so that the bits do not depend on the batch.

        Parameters
        ----------
        verb : ufunc
            Of two numbers.
        values : ndarray
            One an act, or as ``edges`` cut them.
        empty : float
            For pairs without any.
        edges : ndarray of int64, shape (n_pairs + 1,), optional
            Offsets of the values, where these are not one an act.
        """
        first, after = (
            (self.offsets if edges is None else edges)[:-1],
            (self.offsets if edges is None else edges)[1:],
        )
        out = np.full(self.n_pairs, empty, dtype=values.dtype)
        filled = np.flatnonzero(after > first)
        if len(filled) == self.n_pairs > 0:
            return verb.reduceat(values, first)
        if len(filled):
            out[filled] = verb.reduceat(values, first[filled])
        return out

    def sum(self, values: Array) -> Array:
        """Sum of floats over each pair's acts; 0 for none."""
        return self.reduce(np.add, values, 0.0)

    def per_act(self, values: Array) -> Array:
        """A pair's value repeated for each of its acts."""
        return np.repeat(values, np.diff(self.offsets))

    # both sides at once: computed from the side of whoever gave the batch's first act

    @property
    def forward(self) -> Array:
        """Whether an act is by the one of its pair called ego in the view from which the first act is."""
        return self.once("forward", lambda: self.from_ego if self.ahead else ~self.from_ego)

    @property
    def ahead(self) -> bool:
        """Whether this view is that one: the first of two values is then ego's."""
        return bool(self.from_ego[0]) if len(self.from_ego) else True

    def of_ego(self, both: Array) -> Array:
        """Ego's of two rows, of which the first is of those who gave ``forward``."""
        return both[0 if self.ahead else 1]

    @property
    def running(self) -> Array:
        """Acts given ``forward`` before each act and after the last (int64, shape (n_acts + 1,))."""

        def make() -> Array:
            running = np.zeros(len(self.from_ego) + 1, dtype=np.int64)
            np.cumsum(self.forward, out=running[1:])
            return running

        return self.once("running", make)

    @property
    def period(self) -> Array:
        """Number of each act's period, from the log's first moment on (int64, shape (n_acts,))."""
        return self.once("period", lambda: (self.clock - self.start) // self.settings.period)

    @property
    def periods(self) -> Array:
        """Periods that each pair was observed for, the last begun one counted (int64, shape (n_pairs,))."""
        return np.maximum((self.end - self.start) // self.settings.period + 1, 0)

    # masks and positions: one value an act, made once a batch

    def once(self, name: str, make: Callable[[], Kept]) -> Kept:
        """What is derived, made on first use and shared with the swapped view."""
        if name not in self.derived:
            self.derived[name] = make()
        found: Kept = self.derived[name]
        return found

    @property
    def clock(self) -> Array:
        """Times of acts that are known to have them: statistics that ask for it declare the need."""
        if self.time is None:
            raise TypeError("the acts have no time")
        return self.time

    @property
    def gaps(self) -> Array:
        """Microseconds since the act before in the pair; 0 for a pair's first."""

        def make() -> Array:
            gaps = np.zeros(len(self.from_ego), dtype=np.int64)
            np.subtract(self.clock[1:], self.clock[:-1], out=gaps[1:])
            gaps[self.offsets[:-1][self.offsets[1:] > self.offsets[:-1]]] = 0
            return gaps

        return self.once("gaps", make)

    @property
    def pair_start(self) -> Array:
        """Whether an act is its pair's first (bool, shape (n_acts,))."""

        def make() -> Array:
            first = np.zeros(len(self.from_ego), dtype=bool)
            first[self.offsets[:-1][self.offsets[1:] > self.offsets[:-1]]] = True
            return first

        return self.once("pair_start", make)

    @property
    def new_instant(self) -> Array:
        """Whether an act is the first of its pair's acts at that instant."""

        def make() -> Array:
            new = self.pair_start.copy()
            new[1:] |= self.clock[1:] != self.clock[:-1]
            return new

        return self.once("new_instant", make)

    @property
    def turned(self) -> Array:
        """Whether an act is by the other than the act before it; True for a pair's first."""

        def make() -> Array:
            turned = self.pair_start.copy()
            turned[1:] |= self.from_ego[1:] != self.from_ego[:-1]
            return turned

        return self.once("turned", make)

    @property
    def mixed(self) -> Array:
        """Whether both acted at the act's instant, so that they have no order there."""

        def make() -> Array:
            starts = np.flatnonzero(self.new_instant)
            inside = self.turned & ~self.new_instant
            if not inside.any():
                return np.zeros(len(self.from_ego), dtype=bool)
            which = np.cumsum(self.new_instant) - 1
            both = np.zeros(len(starts), dtype=bool)
            both[which[inside]] = True
            return both[which]

        return self.once("mixed", make)

    @property
    def follows(self) -> Array:
        """Whether an act's order after the act before it is known: one pair, no mixed instant."""

        def make() -> Array:
            known = ~self.pair_start
            known[1:] &= ~(self.mixed[1:] | self.mixed[:-1])
            return known

        return self.once("follows", make)

    @property
    def changes(self) -> Array:
        """Whether the speaker is known to change at an act: the other gave just before."""
        return self.once("changes", lambda: self.follows & self.turned)

    @property
    def next_other(self) -> Array:
        """When the other of the pair next acts, strictly later than the act; ``NEVER`` where not again."""

        def make() -> Array:
            runs = np.flatnonzero(self.turned)
            then = np.full(len(runs), NEVER, dtype=np.int64)
            then[:-1] = self.clock[runs[1:]]
            then[:-1][self.pair_start[runs[1:]]] = NEVER
            later = np.repeat(then, np.diff(runs, append=len(self.from_ego)))
            if self.mixed.any():
                at, then = self._after_instant(later)
                later[at] = then
            return later

        return self.once("next_other", make)

    def mixed_ends(self) -> tuple[Array, Array]:
        """Positions of all acts at mixed instants, and of the last act of the instant of each."""
        at = np.flatnonzero(self.mixed)
        which = np.cumsum(self.new_instant[at]) - 1
        ends = np.append(np.flatnonzero(self.new_instant[at][1:]), len(at) - 1)
        return at, at[ends[which]]

    def _after_instant(self, later: Array) -> tuple[Array, Array]:
        """Acts at mixed instants, and their ``next_other``: what follows the instant decides."""
        at, end = self.mixed_ends()
        out = np.full(len(at), NEVER, dtype=np.int64)
        inside = np.flatnonzero(end + 1 < len(self.from_ego))
        inside = inside[~self.pair_start[end[inside] + 1]]
        then = end[inside] + 1
        other = self.from_ego[then] != self.from_ego[at[inside]]
        out[inside] = np.where(other, self.clock[then], later[then])
        return at, out

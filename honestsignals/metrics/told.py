"""Disclosures of one batch of acts: who, when, how deep, and what of them was returned.

A disclosure is an act whose depth is known. Everything here is by who gave ``forward`` (see ``Acts``), the
first of two rows, and by the others, the second, so that both views of a batch share one computation.
What comes at one instant has no order: returns, and what is held against the past, are strictly later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from honestsignals.metrics.acts import Acts

Array = np.ndarray[Any, np.dtype[Any]]

SAME = 1e-9
"""Differences of depths up to this share of the depths are roundings: 0.4 is 0.1 above 0.3, and no more."""


def exceeds(depth: Array, other: Array, margin: float) -> Array:
    """Whether a depth is above another by more than a margin, rounding aside.

    >>> exceeds(np.array([0.4, 0.5]), np.array([0.3, 0.3]), 0.1)
    array([False,  True])
    """
    return (depth - other) - margin > SAME * (np.abs(depth) + np.abs(other) + margin)


@dataclass(frozen=True, eq=False)
class Told:
    """A batch's disclosures, and nothing else of it.

    Attributes
    ----------
    acts : Acts
        The disclosures; ``from_ego`` says whether one was given ``forward``.
    depth : ndarray of float64, shape (n_disclosures,)
        How deep.
    group : ndarray of int64, shape (n_disclosures,)
        Number of the pair where given ``forward``, that and the number of pairs otherwise.
    """

    acts: Acts
    depth: Array
    group: Array

    def tally(self, at: Array | slice, weights: Array | None = None) -> Array:
        """Number, or sum, of the disclosures at some positions, by giver (shape (2, n_pairs))."""
        pairs = self.acts.n_pairs
        return np.bincount(self.group[at], weights=weights, minlength=2 * pairs).reshape(2, pairs)

    @property
    def counts(self) -> Array:
        """Acts that each disclosure stands for."""
        count = self.acts.count
        return np.ones(len(self.depth), dtype=np.int64) if count is None else count

    @property
    def ends(self) -> Array:
        """Position after each disclosure's instant, where what is strictly later begins."""

        def make() -> Array:
            starts = np.flatnonzero(self.acts.new_instant)
            after = np.append(starts, len(self.depth))[1:]
            return np.repeat(after, np.diff(starts, append=len(self.depth)))

        return self.acts.once("ends", make)

    @property
    def last(self) -> Array:
        """Position after the last disclosure of each disclosure's pair."""
        return self.acts.once("last", lambda: self.acts.per_act(self.acts.offsets[1:]))

    @property
    def answer(self) -> Array:
        """Position of the other's first strictly later disclosure; −1 for none."""

        def make() -> Array:
            n, by = len(self.depth), self.acts.from_ego
            after = []
            for side in (True, False):
                place = np.append(np.where(by == side, np.arange(n), n), n)
                after.append(np.minimum.accumulate(place[::-1])[::-1])
            found = np.where(by, after[1][self.ends], after[0][self.ends])
            return np.where(found < self.last, found, -1)

        return self.acts.once("answer", make)

    @property
    def wait(self) -> Array:
        """Microseconds up to the answer; 0 where there is none."""
        answer = self.answer
        return np.where(answer >= 0, self.acts.clock[answer] - self.acts.clock, 0)

    @property
    def watched(self) -> Array:
        """Whether all of Δ after a disclosure was observed."""
        until = self.acts.per_act(self.acts.end - self.acts.settings.disclosure_window)
        return self.acts.clock <= until

    @property
    def returned(self) -> Array:
        """Whether the other disclosed within Δ, strictly later."""
        return (self.answer >= 0) & (self.wait <= self.acts.settings.disclosure_window)

    @property
    def peak(self) -> Array:
        """Deepest of what the same person disclosed at the same instant."""

        def make() -> Array:
            starts = np.flatnonzero(self.acts.new_instant | self.acts.turned)
            if not len(starts):
                return self.depth
            return np.repeat(np.maximum.reduceat(self.depth, starts), np.diff(starts, append=len(self.depth)))

        return self.acts.once("peak", make)

    def deepest_answer(self, at: Array) -> Array:
        """Deepest of what the other disclosed within Δ after some disclosures; −∞ for nothing."""
        first, after = self.ends[at], self._within(at)
        out = np.full(len(at), -np.inf)
        for side in (True, False):
            asked = np.flatnonzero((self.acts.from_ego[at] == side) & (after > first))
            of_other = np.where(self.acts.from_ego == side, -np.inf, self.depth)
            out[asked] = highest(of_other, first[asked], after[asked])
        return out

    def _within(self, at: Array) -> Array:
        """Position after the last disclosure of the pair up to Δ after each: all bisected at once."""
        until = self.acts.clock[at] + self.acts.settings.disclosure_window
        low, high = self.ends[at].copy(), self.last[at].copy()
        while (low < high).any():
            middle = (low + high) // 2
            early = (low < high) & (self.acts.clock[np.minimum(middle, len(self.depth) - 1)] <= until)
            low, high = np.where(early, middle + 1, low), np.where(early, high, np.minimum(high, middle))
        return low


def highest(values: Array, first: Array, after: Array) -> Array:
    """Largest of the values from each ``first`` up to before each ``after``.

    Of stretches whose length is a power of two the largest value is made from two of half the length; any
    stretch is covered by two of them.

    >>> highest(np.array([1.0, 5.0, 2.0]), np.array([0, 2, 0]), np.array([1, 3, 3]))
    array([1., 2., 5.])
    """
    length = after - first
    power = np.frexp(length)[1] - 1
    out, level = np.empty(len(first)), values
    for step in range(int(power.max(initial=-1)) + 1):
        at = np.flatnonzero(power == step)
        out[at] = np.maximum(level[first[at]], level[after[at] - 2**step])
        level = np.maximum(level[: -(2**step)], level[2**step :])
    return out


def told(acts: Acts) -> Told:
    """The disclosures of a batch, made once."""
    return acts.once("told", lambda: _told(acts))


def _told(acts: Acts) -> Told:
    if acts.depth is None:
        raise TypeError("the acts have no depth")
    only = replace(acts, from_ego=acts.forward).where(~np.isnan(acts.depth))
    group = only.per_act(np.arange(only.n_pairs)) + ~only.from_ego * only.n_pairs
    depth = only.depth if only.depth is not None else np.empty(0)
    return Told(only, depth, group)


@dataclass(frozen=True, eq=False)
class Turns:
    """Runs of one giver's acts; an instant at which both acted counts as one, of nobody.

    Attributes
    ----------
    starts : ndarray of int64, shape (n_turns,)
        Position of the first act of each.
    pair : ndarray of int64, shape (n_turns,)
        Number of its pair.
    place : ndarray of int64, shape (n_turns,)
        Which turn of its pair it is, from 0.
    clear : ndarray of bool, shape (n_turns,)
        Whether neither it nor the turn before or after it in the pair is such an instant: elsewhere nobody
        knows where the turn began or ended.
    """

    starts: Array
    pair: Array
    place: Array
    clear: Array

    def behind(self, number: int) -> Array:
        """Turns that so many of their pair came before."""
        return np.flatnonzero(self.place >= number)


def turns_of(acts: Acts) -> Turns:
    """Turns of a batch of acts, or of its disclosures."""
    new = acts.turned | ~acts.follows
    new &= ~acts.mixed | acts.new_instant
    starts, edges = np.flatnonzero(new), acts.edges(new)
    pair = np.repeat(np.arange(acts.n_pairs), np.diff(edges))
    place = np.arange(len(starts)) - edges[:-1][pair]
    mixed = acts.mixed[starts]
    unclear = mixed.copy()
    same = place[1:] > 0
    unclear[1:] |= mixed[:-1] & same
    unclear[:-1] |= mixed[1:] & same
    return Turns(starts, pair, place, ~unclear)

"""Null models: what of a log is kept and what is drawn anew, as plain functions of arrays.

Each takes acts and a generator, and gives who sent, who received, and when. Chance enters through
``random()`` and ``integers()`` alone, so that a seed means the same draws anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from honestsignals.inference.rewiring import Arcs, arcs_of, grouped, rewired
from honestsignals.metrics.acts import SECOND

Array = np.ndarray[Any, np.dtype[Any]]
Drawn = tuple[Array, Array, Array | None]
"""Sender, receiver and time of every act of a draw."""

ROUNDS = 20
"""Rounds of trades between a state and a draw: NetworKit takes as many, and advises 10 to 100."""
EXCHANGES = (*(2, 3) * 12, 2)
"""Sizes of the groups in which acts pass receivers round, the same forth and back.

An act is left where it was by all of them with chance 1/2 to the 13 times 1/3 to the 12, or 2 in 10^10.
"""


@dataclass(frozen=True, eq=False)
class Given:
    """Acts as null models see them: one row an act, pair by pair, in time order.

    Attributes
    ----------
    n_people : int
        People have the codes 0 to ``n_people - 1``.
    sender, receiver : ndarray of int, shape (n_acts,)
        Codes of the two, never the same.
    time : ndarray of int64, shape (n_acts,), or None
        Microseconds, or waves.
    start : int
        First moment of the circle on which times are shifted.
    step, steps : int
        Shifts are by whole steps, and the circle is that many steps long.
    block : ndarray of int, shape (n_people,), or None
        Whom each could give to at all: those of their own block. No act goes from one to another.
    """

    n_people: int
    sender: Array
    receiver: Array
    time: Array | None = None
    start: int = 0
    step: int = 1
    steps: int = 1
    block: Array | None = None
    derived: dict[str, Any] = field(default_factory=dict, repr=False)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Something derived, made on first use: it serves all draws."""
        if name not in self.derived:
            self.derived[name] = make()
        return self.derived[name]

    def at(self, drawn: Drawn) -> Given:
        """The same with other acts."""
        return replace(self, sender=drawn[0], receiver=drawn[1], time=drawn[2], derived={})

    @property
    def low(self) -> Array:
        """The lower code of the two of every act."""
        return self.once("low", lambda: np.minimum(self.sender, self.receiver))

    @property
    def high(self) -> Array:
        """The higher code of the two of every act."""
        return self.once("high", lambda: np.maximum(self.sender, self.receiver))

    @property
    def pair(self) -> tuple[Array, int]:
        """Number of every act's pair, in sorted order of the pairs, and how many pairs there are."""

        def make() -> tuple[Array, int]:
            keys, of_act = np.unique(
                self.low.astype(np.int64) * self.n_people + self.high, return_inverse=True
            )
            return of_act, len(keys)

        return self.once("pair", make)


@dataclass(frozen=True)
class Null:
    """What a null model is.

    Attributes
    ----------
    name, title : str
        What it is called here, and in a sentence.
    keeps, redraws : str
        What every draw has as it was observed, and what is left to chance.
    levels : tuple of str
        Levels whose metrics it can standardise.
    timing : bool
        Whether a pair's acts are still a history: else metrics that need time say nothing of a draw.
    apart : bool
        Whether acts are drawn one by one: an amount that stands for several acts cannot be split.
    needs : str
        "time" where the log must have times, or waves.
    chained : bool
        Whether a draw is reached step by step from a state, and not made at once.
    reference, basis : str
        As in ``registry.Fact``.
    draw : callable, optional
        The function of acts and a generator.
    """

    name: str
    title: str
    keeps: str
    redraws: str
    levels: tuple[str, ...] = ("dyad", "person", "network")
    timing: bool = False
    apart: bool = False
    needs: str = ""
    chained: bool = False
    reference: str = ""
    basis: str = ""
    draw: Callable[[Given, np.random.Generator], Drawn] | None = field(default=None, compare=False)


_nulls: dict[str, Null] = {}
NULLS: Mapping[str, Null] = _nulls
"""Every null model by its name."""


def null(
    fact: Null,
) -> Callable[[Callable[[Given, np.random.Generator], Drawn]], Callable[[Given, np.random.Generator], Drawn]]:
    """Register a null model: a function of acts and a generator."""

    def register(
        function: Callable[[Given, np.random.Generator], Drawn],
    ) -> Callable[[Given, np.random.Generator], Drawn]:
        _nulls[fact.name] = replace(fact, draw=function)
        return function

    return register


def generator(seed: int, draw: int) -> np.random.Generator:
    """The stream of one draw: it depends on nothing but the seed and the number of the draw."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(draw,))))


def begin(model: Null, acts: Given, seed: int) -> Given:
    """The state that all draws start from: the acts, or one that lies as far from them as draws do.

    A chain of symmetric steps run from the observed state to another, and from there to every draw,
    makes the observed state and the draws exchangeable under the null, however slowly the chain mixes
    (Besag & Clifford 1989, parallel method). So p values hold at any number of rounds.
    """
    if not model.chained or model.draw is None:
        return acts
    return acts.at(model.draw(acts, generator(seed, 0)))


# who of the two gave


@null(
    Null(
        name="binomial",
        title="either of the two gives with chance 1/2",
        keeps="each pair's number of acts, their times, kinds and amounts",
        redraws="who of the two gave, act by act, each with chance 1/2",
        timing=True,
        apart=True,
        reference="kovanen2010",
        basis="derived",
    )
)
def binomial(acts: Given, rng: np.random.Generator) -> Drawn:
    """Each act's giver is either of the two, with chance 1/2."""
    return _given_by_low(acts, rng.random(len(acts.sender)) < 0.5)


@null(
    Null(
        name="activity",
        title="who gives and gets more elsewhere gives more here",
        keeps="each pair's number of acts, their times, kinds and amounts",
        redraws="who of the two gave, act by act: i with chance out_i in_j / (out_i in_j + out_j in_i), "
        "the pair's own acts left out of what each gave and got",
        timing=True,
        apart=True,
        reference="kovanen2010",
        basis="derived",
    )
)
def activity(acts: Given, rng: np.random.Generator) -> Drawn:
    """Each act's giver is drawn by what the two gave and got elsewhere."""
    chance = chances(acts)[acts.pair[0]]
    drawn = rng.random(len(acts.sender)) < chance
    return _given_by_low(acts, np.where(np.isnan(chance), acts.sender == acts.low, drawn))


def chances(acts: Given) -> Array:
    """Chance, by pair, that the one with the lower code gives; NaN where acts elsewhere do not tell."""

    def make() -> Array:
        pair, n_pairs = acts.pair
        forth = np.bincount(pair[acts.sender == acts.low], minlength=n_pairs)
        back = np.bincount(pair, minlength=n_pairs) - forth
        given = np.bincount(acts.sender, minlength=acts.n_people)
        got = np.bincount(acts.receiver, minlength=acts.n_people)
        low, high = np.zeros(n_pairs, dtype=np.int64), np.zeros(n_pairs, dtype=np.int64)
        low[pair], high[pair] = acts.low, acts.high
        for_low = (given[low] - forth).astype(float) * (got[high] - forth)
        for_high = (given[high] - back).astype(float) * (got[low] - back)
        both = for_low + for_high
        return np.divide(for_low, both, out=np.full(n_pairs, np.nan), where=both > 0)

    return acts.once("chances", make)


def _given_by_low(acts: Given, from_low: Array) -> Drawn:
    return np.where(from_low, acts.low, acts.high), np.where(from_low, acts.high, acts.low), acts.time


# when


@null(
    Null(
        name="time shift",
        title="the two act each at their own times",
        keeps="who gave whom how often, and each one's own rhythm; the time of day too where shifts are "
        "whole days",
        redraws="how far the acts of one of the two (the later in order of ids) are moved round the time "
        "observed: one amount a pair",
        levels=("dyad", "person"),
        timing=True,
        needs="time",
        reference="gauvin2022",
        basis="derived",
    )
)
def time_shift(acts: Given, rng: np.random.Generator) -> Drawn:
    """One of the two has all acts moved by one random amount, those past the end to the start."""
    pair, n_pairs = acts.pair
    shift = rng.integers(0, acts.steps, n_pairs) * acts.step
    if acts.time is None:
        raise TypeError("the acts have no time")
    moved = acts.start + (acts.time - acts.start + shift[pair]) % (acts.step * acts.steps)
    return acts.sender, acts.receiver, np.where(acts.sender == acts.high, moved, acts.time)


def circle(start: int, end: int, time: Array, span: int) -> tuple[int, int, int]:
    """Start, step and number of steps of the circle on which times are shifted.

    The circle is whole steps long, so it may go on past the end for less than a step. Without a span
    the step is the coarsest of a second, a millisecond and a microsecond that the times are told in.

    >>> circle(0, 86_399_000_000, np.array([0, 86_399_000_000]), 0)
    (0, 1000000, 86400)
    """
    if span <= 0:
        span = next(tick for tick in (SECOND, 1_000, 1) if tick == 1 or not ((time - start) % tick).any())
    return start, span, (end - start) // span + 1


# to whom


@null(
    Null(
        name="strength",
        title="everybody gives and gets as many acts as they did",
        keeps="how many acts everybody gave, and how many everybody got",
        redraws="who got which act: receivers are exchanged between acts, nobody's own act to them; each "
        "way of handing out the acts is as likely as any other",
        apart=True,
        chained=True,
        reference="fosdick2018",
        basis="derived",
    )
)
def strength(acts: Given, rng: np.random.Generator) -> Drawn:
    """Receivers are exchanged between acts, and nobody acts on themselves.

    Twos and threes of acts pass their receivers round; what would give somebody an act of their own is
    not done. Twos alone would never turn a ring of three round.
    """
    receiver = acts.receiver.copy()
    part = None if acts.block is None else acts.block[acts.sender]
    for size in EXCHANGES:
        _exchange(acts.sender, receiver, grouped(len(receiver), size, rng, part), rng)
    return acts.sender, receiver, acts.time


def _exchange(sender: Array, receiver: Array, groups: Array, rng: np.random.Generator) -> None:
    """Acts in groups pass their receivers round, where nobody gets their own."""
    size = groups.shape[1]
    turn = rng.integers(0, size, len(groups))
    place = (np.arange(size) + turn[:, None]) % size
    passed = np.take_along_axis(receiver[groups], place, axis=1)
    fine = (passed != sender[groups]).all(axis=1)
    receiver[groups[fine]] = passed[fine]


@null(
    Null(
        name="degree",
        title="everybody gives to and gets from as many others as they did",
        keeps="to how many others everybody gave, from how many everybody got, and how much goes with each "
        "of a giver's arcs",
        redraws="which arcs there are: each graph with these numbers is as likely as any other, and so is "
        "whom of their receivers a giver gives which bundle of acts",
        chained=True,
        reference="carstens2016",
        basis="derived",
    )
)
def degree(acts: Given, rng: np.random.Generator) -> Drawn:
    """Arcs are drawn anew, and each giver's bundles of acts are dealt out to the new receivers."""
    arcs: Arcs = acts.once("arcs", lambda: arcs_of(acts.sender, acts.receiver, acts.n_people, acts.block))
    receiver = rewired(arcs, rng, ROUNDS)
    return acts.sender, receiver[arcs.of_act].astype(acts.receiver.dtype), acts.time

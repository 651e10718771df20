"""Directed graphs drawn anew, with everybody's numbers of receivers and givers kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

REVERSALS = 32
"""Rings of three that are looked for, and maybe turned round, in each round; no more than arcs."""
FEW = 120
"""Further rounds, divided by the number of givers: among few, a round makes few trades."""
INTEGER, DICE = 63, 20
"""Bits of an integer, and those that chance must have of them for one sort to put things in random order."""


@dataclass(frozen=True, eq=False)
class Arcs:
    """Who gave whom at all, sorted by giver; the receivers of a draw stand in the same order.

    Attributes
    ----------
    n_people : int
        People have the codes 0 to ``n_people - 1``.
    sender, receiver : ndarray of int64, shape (n_arcs,)
        Codes of the two.
    of_act : ndarray of int64, shape (n_acts,)
        Arc that an act stands on.
    first, given : ndarray of int64, shape (n_people,)
        Where each giver's arcs begin, and how many they are.
    block : ndarray of int, shape (n_people,), or None
        Givers trade with those of their own block alone; no arc goes from one block to another.
    """

    n_people: int
    sender: Array
    receiver: Array
    of_act: Array
    first: Array
    given: Array
    block: Array | None = None


def arcs_of(sender: Array, receiver: Array, n_people: int, block: Array | None = None) -> Arcs:
    """The arcs that acts stand on."""
    keys, of_act = np.unique(sender.astype(np.int64) * n_people + receiver, return_inverse=True)
    giver = keys // n_people
    given = np.bincount(giver, minlength=n_people)
    return Arcs(n_people, giver, keys % n_people, of_act, np.cumsum(given) - given, given, block)


def rewired(arcs: Arcs, rng: np.random.Generator, rounds: int) -> Array:
    """Receivers of all arcs after some rounds of trades; nobody gives to themselves, or to one twice.

    Givers trade receivers two by two, all at once, and rings of three are turned round: trades alone
    reach every graph only where no ring of three stands apart (Berger & Müller-Hannemann 2010). Every
    step is as likely as its reverse, so all graphs are equally likely in the long run.

    Parameters
    ----------
    arcs : Arcs
        Who gave whom at all.
    rng : numpy.random.Generator
        Chance.
    rounds : int
        Rounds of trades; where few give, there are more.

    Returns
    -------
    ndarray of int64, shape (n_arcs,)
    """
    receiver = arcs.receiver.copy()
    givers = _fewest(arcs)
    _deal(arcs, receiver, rng)
    _trade(arcs, receiver, rng)
    # the same forth and back, so that the whole is as symmetric as each step is
    for _ in range(rounds + FEW // givers if givers > 1 else 0):
        _turn_rings(arcs, receiver, rng)
        _trade(arcs, receiver, rng)
    _deal(arcs, receiver, rng)
    return receiver


def shuffled(n: int, rng: np.random.Generator) -> Array:
    """The numbers below ``n`` in random order."""
    return np.argsort(rng.random(n))


def shuffled_within(part: Array, rng: np.random.Generator) -> Array:
    """Places of the values, sorted by value; those of one value in random order.

    Value, dice and place share one integer where they fit: one sort of integers is four times as fast as
    a sort by two columns. Two dice that fall alike leave the two in place, which is as likely forth as back.
    """
    n = len(part)
    room = n.bit_length()
    dice = INTEGER - room - int(part.max(initial=0)).bit_length()
    if dice < DICE:
        return np.lexsort((rng.random(n), part))
    packed = (part.astype(np.int64) << dice | rng.integers(0, 1 << dice, n)) << room | np.arange(n)
    packed.sort()
    return packed & ((1 << room) - 1)


def grouped(n: int, size: int, rng: np.random.Generator, part: Array | None = None) -> Array:
    """The numbers below ``n`` in random groups of one size, those of a group of one part.

    Parameters
    ----------
    n, size : int
        How many numbers, and how many a group.
    rng : numpy.random.Generator
        Chance.
    part : ndarray of int, shape (n,), or None
        Part that each number belongs to; None where all are one.

    Returns
    -------
    ndarray of int64, shape (n_groups, size)
        What is left over of a part is in no group.
    """
    if part is None:
        return shuffled(n, rng)[: n // size * size].reshape(-1, size)
    order, sizes = shuffled_within(part, rng), np.bincount(part)
    place = np.arange(n) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return order[place < np.repeat(sizes // size * size, sizes)].reshape(-1, size)


def _fewest(arcs: Arcs) -> int:
    """Givers of the block that has the fewest, of those in which two can trade."""
    if arcs.block is None:
        return int((arcs.given > 0).sum())
    sizes = np.bincount(arcs.block[arcs.given > 0])
    return int(sizes[sizes > 1].min(initial=arcs.n_people)) if (sizes > 1).any() else 0


def _deal(arcs: Arcs, receiver: Array, rng: np.random.Generator) -> None:
    """Each giver's bundles of acts go to the same receivers in another order."""
    receiver[:] = receiver[shuffled_within(arcs.sender, rng)]


def _trade(arcs: Arcs, receiver: Array, rng: np.random.Generator) -> None:
    """Givers two by two: receivers that only one of them has are pooled and dealt out again.

    A curveball trade (Carstens, Berger & Strona 2016), for all givers at once; neither of the two can
    get themselves, so arcs between them stay.
    """
    givers = np.flatnonzero(arcs.given)
    two = givers[grouped(len(givers), 2, rng, None if arcs.block is None else arcs.block[givers])]
    group, mate = (np.full(arcs.n_people, -1, dtype=np.int64) for _ in range(2))
    group[two] = np.arange(len(two))[:, None]
    mate[two] = two[:, ::-1]
    of_mate = mate[arcs.sender]
    at = np.flatnonzero((of_mate >= 0) & (receiver != of_mate))
    key = group[arcs.sender[at]] * arcs.n_people + receiver[at]
    order = np.argsort(key)
    key = key[order]
    shared = np.zeros(len(key), dtype=bool)
    shared[1:] = key[1:] == key[:-1]
    shared[:-1] |= shared[1:]
    pooled = at[order[~shared]]
    receiver[pooled] = receiver[pooled[shuffled_within(group[arcs.sender[pooled]], rng)]]


def _turn_rings(arcs: Arcs, receiver: Array, rng: np.random.Generator) -> None:
    """Random rings of three, none of whose arcs is returned, are turned round with chance 1/2 each.

    A ring is looked for from a random arc by a random arc on from there, one after another: each sees
    what those before it left.
    """
    if not len(receiver):
        return
    tries = min(REVERSALS, len(receiver))
    one = rng.integers(0, len(receiver), tries)
    onward, chosen = rng.random(tries), rng.random(tries) < 0.5
    a, begin_at = arcs.sender[one], 0
    while True:
        key = arcs.sender * arcs.n_people + receiver
        order = np.argsort(key, kind="stable")
        b = receiver[one]
        two = np.minimum(arcs.first[b] + (onward * arcs.given[b]).astype(np.int64), len(receiver) - 1)
        c = receiver[two]
        wanted = np.stack([c, b, c, a]) * arcs.n_people + np.stack([a, a, b, c])
        place = _place(key, order, wanted)
        three, returned = place[0], (place[1:] >= 0).any(axis=0)
        ring = chosen & (arcs.given[b] > 0) & (three >= 0) & ~returned
        ring[:begin_at] = False
        found = np.flatnonzero(ring)
        if not len(found):
            return
        k = found[0]
        receiver[one[k]], receiver[two[k]], receiver[three[k]] = c[k], a[k], b[k]
        begin_at = k + 1


def _place(key: Array, order: Array, wanted: Array) -> Array:
    """Where each wanted key stands among the arcs, −1 where it does not."""
    at = order[np.minimum(np.searchsorted(key, wanted, sorter=order), len(key) - 1)]
    return np.where(key[at] == wanted, at, -1)

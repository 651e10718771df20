"""Labels: who trusts whom, who are friends; and that "no", "unknown" and "not asked" are three things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from honestsignals.errors import DesignError

Array = np.ndarray[Any, np.dtype[Any]]

ACROSS = "across blocks, which could never be"
NOT_ASKED = "not asked"
UNKNOWN = "unknown, without a row"
NO_ANSWER = "unknown, the row has no answer"
SILENT_PAIR = "unknown, as one of the two did not answer"
SILENT_SOURCE = "unknown, as the one asked did not answer"
NO_CONTACT = "not in contact"


@dataclass(frozen=True, eq=False)
class Labels:
    """Answers about pairs, and what the absence of one means.

    Attributes
    ----------
    name : str
        What was asked.
    type : str
        "binary", "ordinal" or "continuous"; "nominal" of the classes made of a directed label.
    directed : bool
        Whether source answered about target; otherwise the answer is the pair's.
    absent : str
        "no", "unknown" or "not asked": what a pair without a row is.
    source, target : ndarray of int32, shape (n_rows,)
        Codes of the two; the lower first where not directed. One row a pair.
    value : ndarray of float64, shape (n_rows,)
        The answer (position among the levels where these are words); NaN where the row has none.
    asked : ndarray of int64, shape (n_rows,), or None
        When each row was asked, as the log counts time, where that differs by row.
    moment : int or None
        When all of them were asked, where it is one moment; after the wave where it is a wave.
    wave : int or None
        Wave at which it was asked.
    answered : ndarray of bool, shape (n_people,), or None
        Who answered; None: everybody.
    by_source : bool
        An absent row is a "no" where the source answered, whether or not the target did.
    levels : tuple
        Every level of an ordinal label, from low to high; every class of a nominal one.
    range : tuple of float or None
        Lowest and highest answer possible.
    fixed_choice : int or None
        How many could be named at most.
    when : str
        When it was asked, in words.
    left_out : mapping of str to int
        Rows left out on reading, by reason.
    unanswered : str
        What a row without an answer is counted as.
    meaning : str
        What the answer says, where that is not the name.
    """

    name: str
    type: str
    directed: bool
    absent: str
    source: Array
    target: Array
    value: Array
    asked: Array | None = None
    moment: int | None = None
    wave: int | None = None
    answered: Array | None = None
    by_source: bool = False
    levels: tuple[Any, ...] = ()
    range: tuple[float, float] | None = None
    fixed_choice: int | None = None
    when: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)
    unanswered: str = NO_ANSWER
    meaning: str = ""

    def __len__(self) -> int:
        return len(self.value)

    def heard(self, people: Array) -> Array:
        """Whether some people answered (bool)."""
        return np.ones(len(people), dtype=bool) if self.answered is None else self.answered[people]

    def when_asked(self, rows: Array) -> Array | None:
        """When some of the rows were asked; None where nothing is known of it."""
        if self.asked is not None:
            return self.asked[rows]
        return None if self.moment is None else np.full(int(rows.sum()), self.moment, dtype=np.int64)

    def notes(self) -> tuple[str, ...]:
        """What a reader must know of it besides its answers."""
        notes = [
            f"{self.name}: {count:,} rows left out ({reason})." for reason, count in self.left_out.items()
        ]
        if self.fixed_choice is not None:
            rest = repr(self.levels[0]) if self.type == "nominal" else "0"
            notes.append(
                f"{self.name}: at most {self.fixed_choice} could be named; a {rest} is not among them."
            )
        return tuple(notes)

    def __str__(self) -> str:
        known = int((~np.isnan(self.value)).sum())
        direction = "directed" if self.directed else "undirected"
        absent = f"a pair without a row is {self.absent!r}"
        return f"{self.name}: {self.type}, {direction}, {known:,} answers; {absent}."

    __repr__ = __str__


@dataclass(frozen=True, eq=False)
class KnownPairs:
    """Pairs whose label is known.

    Attributes
    ----------
    ego, alter : ndarray of int32, shape (n_rows,)
        Codes of the two, sorted by ego and then alter.
    value : ndarray of float64, shape (n_rows,)
        The label.
    asked : ndarray of int64, shape (n_rows,), or None
        When each was asked.
    possible : int
        Pairs of people on the roster (ordered where directed).
    left_out : dict of str to int
        Why the others have no label, and how many.
    """

    ego: Array
    alter: Array
    value: Array
    asked: Array | None
    possible: int
    left_out: dict[str, int]


def known_pairs(
    labels: Labels,
    n_people: int,
    block: Array | None,
    most: int,
    contact: tuple[Array, Array] | None = None,
) -> KnownPairs:
    """Pairs whose label is known: a row with an answer, or "no" where answered.

    Parameters
    ----------
    labels : Labels
        The answers.
    n_people : int
        People on the roster.
    block : ndarray of int, shape (n_people,), or None
        Block of each person; pairs across blocks could never be.
    most : int
        Pairs that may be made of absent rows.
    contact : tuple of ndarray, optional
        Codes of the two of every pair with an act, the lower first: only these.

    Raises
    ------
    DesignError
        Where absent rows would make more pairs than ``most``.
    """
    share = 1 if labels.directed else 2
    possible = n_people * (n_people - 1) // share
    inside = (
        possible if block is None else int(sum(size * (size - 1) for size in np.bincount(block)) // share)
    )
    left = {ACROSS: possible - inside}
    here = np.ones(len(labels), dtype=bool)
    if contact is not None:
        contact = _within(contact, block)
        low, high = np.minimum(labels.source, labels.target), np.maximum(labels.source, labels.target)
        here = np.isin(_keys(low, high, n_people), _keys(*contact, n_people))
        left[NO_CONTACT] = inside - len(contact[0]) * 2 // share
        inside = len(contact[0]) * 2 // share
    answered = here & ~np.isnan(labels.value)
    left[labels.unanswered] = int((here & ~answered).sum())
    ego, alter, value = labels.source[answered], labels.target[answered], labels.value[answered]
    asked = labels.when_asked(answered)
    remaining = inside - int(here.sum())
    if labels.absent != "no":
        left[NOT_ASKED if labels.absent == "not asked" else UNKNOWN] = remaining
    else:
        candidates = (
            _met(labels, contact) if contact is not None else _candidates(labels, n_people, block, most)
        )
        first, second = _absent(labels, candidates, n_people, block)
        left[SILENT_SOURCE if labels.by_source else SILENT_PAIR] = remaining - len(first)
        ego, alter = np.concatenate([ego, first]), np.concatenate([alter, second])
        value = np.concatenate([value, np.zeros(len(first))])
        asked = None if labels.moment is None else np.full(len(ego), labels.moment, dtype=np.int64)
    order = np.lexsort((alter, ego))
    left = {reason: count for reason, count in left.items() if count}
    when = None if asked is None else asked[order]
    return KnownPairs(ego[order], alter[order], value[order], when, possible, left)


def _keys(first: Array, second: Array, n_people: int) -> Array:
    """One integer a pair."""
    return first.astype(np.int64) * n_people + second


def _within(pairs: tuple[Array, Array], block: Array | None) -> tuple[Array, Array]:
    """Pairs that are not across blocks."""
    if block is None:
        return pairs
    inside = block[pairs[0]] == block[pairs[1]]
    return pairs[0][inside], pairs[1][inside]


def _met(labels: Labels, contact: tuple[Array, Array]) -> tuple[Array, Array]:
    """Of pairs with an act, those about whom those who were asked answered."""
    first, second = contact
    if labels.directed:
        first, second = np.concatenate([first, second]), np.concatenate([second, first])
    keep = labels.heard(first) if labels.by_source else labels.heard(first) & labels.heard(second)
    return first[keep], second[keep]


def _candidates(labels: Labels, n_people: int, block: Array | None, most: int) -> tuple[Array, Array]:
    """Pairs that could be, about whom those who were asked answered."""
    everybody = np.arange(n_people)
    heard = everybody[labels.heard(everybody)]
    blocks = np.zeros(n_people, dtype=np.int64) if block is None else block
    targets = everybody if labels.by_source else heard
    sizes = np.bincount(blocks[heard], minlength=blocks.max(initial=0) + 1)
    pairs = int((sizes * np.bincount(blocks[targets], minlength=len(sizes))).sum())
    if pairs // (1 if labels.directed else 2) > most:
        raise DesignError(
            f"{labels.name!r}: {len(heard):,} people who answered make more than {most:,} pairs. "
            "Ask for pairs='in contact', or for pairs='all' by name."
        )
    parts = []
    for one in np.unique(blocks):
        some, others = heard[blocks[heard] == one], targets[blocks[targets] == one]
        parts.append((np.repeat(some, len(others)), np.tile(others, len(some))))
    first, second = (np.concatenate(side) for side in zip(*parts, strict=True))
    keep = first != second if labels.directed else first < second
    return first[keep], second[keep]


def _absent(
    labels: Labels, candidates: tuple[Array, Array], n_people: int, block: Array | None
) -> tuple[Array, Array]:
    """Of the candidates, those without a row that could be: their label is "no"."""
    first, second = _within(candidates, block)
    new = ~np.isin(_keys(first, second, n_people), _keys(labels.source, labels.target, n_people))
    return first[new].astype(np.int32), second[new].astype(np.int32)


def answers_about(
    labels: Labels, ego: Array, alter: Array, block: Array | None, n_people: int
) -> tuple[Array, Array | None]:
    """The label of each asked pair and when it was asked; NaN where it is not known.

    Parameters
    ----------
    labels : Labels
        The answers.
    ego, alter : ndarray of int, shape (n_rows,)
        Pairs to look up; the lower first where the label is not directed.
    block : ndarray of int, shape (n_people,), or None
        Pairs across blocks could never be.
    n_people : int
        People on the roster.

    Returns
    -------
    value : ndarray of float64, shape (n_rows,)
    asked : ndarray of int64, shape (n_rows,), or None
        The far future where the label is not known.
    """
    every = np.ones(len(labels), dtype=bool)
    order = np.lexsort((labels.target, labels.source))
    when = labels.when_asked(every)
    rows = KnownPairs(
        labels.source[order],
        labels.target[order],
        labels.value[order],
        None if when is None else when[order],
        0,
        {},
    )
    value, asked = look_up(rows, ego, alter, n_people)
    if labels.absent == "no":
        absent = ~np.isin(_keys(ego, alter, n_people), _keys(labels.source, labels.target, n_people))
        absent &= labels.heard(ego) if labels.by_source else labels.heard(ego) & labels.heard(alter)
        if block is not None:
            absent &= block[ego] == block[alter]
        value[absent] = 0.0
        if asked is not None and labels.moment is not None:
            asked[absent] = labels.moment
    return value, asked


def look_up(known: KnownPairs, ego: Array, alter: Array, n_people: int) -> tuple[Array, Array | None]:
    """Label and date of each asked pair; NaN (and the far future) where it is not known.

    Parameters
    ----------
    known : KnownPairs
        Where to look.
    ego, alter : ndarray of int, shape (n_rows,)
        Pairs to look up, in the order of ``known`` where it is not directed.
    n_people : int
        People on the roster.
    """
    keys = _keys(known.ego, known.alter, n_people)
    wanted = _keys(ego, alter, n_people)
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    found = keys[place] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
    value = np.full(len(wanted), np.nan)
    value[found] = known.value[place[found]]
    if known.asked is None:
        return value, None
    asked = np.full(len(wanted), np.iinfo(np.int64).max)
    asked[found] = known.asked[place[found]]
    return value, asked

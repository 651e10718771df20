"""A label as a network: is friendship itself reciprocal? Only among those who could answer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.labels import Labels
from honestsignals.metrics.circles import Circle
from honestsignals.metrics.ties import MOST_WHOLE, Ties
from honestsignals.networks import Network
from honestsignals.pairs import count_within

Array = np.ndarray[Any, np.dtype[Any]]


def network_of_label(
    labels: Labels, people: Array, block: Array | None = None, at_least: float | str | None = None
) -> Network:
    """The ties that a directed label names.

    A pair counts where both directions are known: where both answered, or both rows are there. Who did
    not answer is no isolate, and is not among the people.

    Parameters
    ----------
    labels : Labels
        Answers of people about one another.
    people : ndarray, shape (n_people,)
        Ids by code.
    block : ndarray of int, shape (n_people,), or None
        Pairs across blocks could never be.
    at_least : float, optional
        An answer of at least this is a tie (1), less is none (0). Where it is not given, answers are taken
        as amounts.

    Raises
    ------
    DesignError
        For an undirected label, and for answers below 0 without ``at_least``.
    """
    if not labels.directed:
        raise DesignError(
            f"{labels.name!r} is one answer about a pair, so whether it is returned is no question of it; "
            "a directed label has an answer of each of the two."
        )
    value = _amounts(labels, at_least)
    arcs = _Arcs(labels, value, len(people))
    here = _answering(labels, len(people))
    ties = _ties(arcs, here, block)
    notes = [_meaning(labels, at_least)]
    if len(here) < len(people):
        notes.append(
            f"{len(people) - len(here):,} of {len(people):,} people {_silent(labels)}, so they are not among "
            "the people of the network: they are unobserved, which is not isolated. Of people, columns that "
            "end in _asked leave out whom they did not answer; the others take no answer for none."
        )
    if ties.unknown:
        notes.append(
            f"{ties.unknown:,} pairs are left out, as the answer of one of the two is not known; "
            f"{ties.possible:,} are known."
        )
    inside = None if block is None else block[here]
    return Network(ties, people[here], tuple(notes), _circle(arcs), here, inside)


def _silent(labels: Labels) -> str:
    """Why some people are not in a network."""
    return "did not answer" if labels.absent == "no" else "are in no row"


def _amounts(labels: Labels, at_least: float | str | None) -> Array:
    """What each answer is as an amount: 1 or 0 where it is cut, else the answer itself."""
    cut = f"say from which answer on there is a tie, with at_least=, of {labels.name!r}"
    if at_least is not None:
        return ties_from(labels, at_least)
    if (labels.value < 0).any():
        raise DesignError(f"{labels.name!r} has answers below 0, which are no amount: {cut}.")
    lowest = min((level for level in labels.levels if isinstance(level, int | float)), default=0.0)
    lowest = max(lowest, labels.range[0] if labels.range else 0.0)
    if lowest > 0:
        raise DesignError(
            f"The lowest answer to {labels.name!r} is {lowest:g}, so everybody would have a tie with "
            f"everybody: {cut}."
        )
    if labels.levels and not isinstance(labels.levels[0], int | float):
        raise DesignError(f"The answers to {labels.name!r} are words, which are no amounts: {cut}.")
    return labels.value


def ties_from(labels: Labels, at_least: float | str) -> Array:
    """Whether each answer is a tie: 1 from ``at_least`` on, 0 below, NaN where the row has no answer.

    Parameters
    ----------
    labels : Labels
        The answers.
    at_least : float or str
        An answer, or one of the levels by name.

    Raises
    ------
    ArgumentError
        Where no answer could be as high, or a pair without a row would be a tie.
    """
    least = _level(labels, at_least)
    if labels.absent == "no" and least <= 0:
        raise ArgumentError(
            f"at_least is {least:g}, but a pair without a row of {labels.name!r} is a 0, and would be a tie."
        )
    return np.where(np.isnan(labels.value), np.nan, labels.value >= least)


def _level(labels: Labels, at_least: object) -> float:
    """The answer from which on there is a tie: a number, or one of the levels by name."""
    if isinstance(at_least, str) and at_least in labels.levels:
        return float(labels.levels.index(at_least))
    if labels.levels and isinstance(labels.levels[0], str):
        raise unknown(f"level of {labels.name}", str(at_least), labels.levels)
    number = isinstance(at_least, int | float | np.number) and not isinstance(at_least, bool)
    if not number or not math.isfinite(at_least):  # type: ignore[arg-type]
        raise ArgumentError(f"at_least is {at_least!r}; it must be a number.")
    cut = float(at_least)  # type: ignore[arg-type]
    bounds = labels.range or ((0.0, 1.0) if labels.type == "binary" else (-math.inf, math.inf))
    highest = max([float(level) for level in labels.levels] or [bounds[1]])
    if cut > highest:
        raise ArgumentError(f"at_least is {cut:g}; the highest answer to {labels.name!r} is {highest:g}.")
    return cut


def _meaning(labels: Labels, at_least: float | str | None) -> str:
    if at_least is not None:
        return f"Ties: answers to {labels.name} of at least {at_least}."
    if labels.type == "binary":
        return f"Ties: who named whom ({labels.name})."
    return f"Ties: answers to {labels.name} as amounts, 0 for none."


class _Arcs:
    """Answers by ordered pair, and what the absence of one means.

    Parameters
    ----------
    labels : Labels
        What absence means.
    value : ndarray of float64, shape (n_rows,)
        Amount of each row; NaN where it has no answer.
    n : int
        People on the roster.
    """

    def __init__(self, labels: Labels, value: Array, n: int) -> None:
        self.labels, self.n = labels, n
        keys = labels.source.astype(np.int64) * n + labels.target
        order = np.argsort(keys)
        self.keys, self.value = keys[order], value[order]

    def __call__(self, source: Array, target: Array) -> Array:
        """Amount of some ordered pairs; NaN where it is not known."""
        wanted = source.astype(np.int64) * self.n + target
        out = np.full(len(wanted), np.nan)
        if self.labels.absent == "no":
            heard = self.labels.heard(source)
            out[heard if self.labels.by_source else heard & self.labels.heard(target)] = 0.0
        if len(self.keys):
            place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
            found = self.keys[place] == wanted
            out[found] = self.value[place[found]]
        return out

    def pairs(self) -> tuple[Array, Array]:
        """Unordered pairs with a row, the lower code first, sorted."""
        low = np.minimum(self.labels.source, self.labels.target)
        high = np.maximum(self.labels.source, self.labels.target)
        keys = np.unique(low.astype(np.int64) * self.n + high)
        return keys // self.n, keys % self.n


def _answering(labels: Labels, n: int) -> Array:
    """Codes of those whose answers are known: who answered, or who is in a row."""
    if labels.absent == "no":
        everybody = np.arange(n)
        return everybody[labels.heard(everybody)]
    return np.unique(np.concatenate([labels.source, labels.target])).astype(np.int64)


def _ties(arcs: _Arcs, here: Array, block: Array | None) -> Ties:
    """Pairs whose two directions are known, people renumbered."""
    place = np.full(arcs.n, -1)
    place[here] = np.arange(len(here))
    low, high = arcs.pairs()
    inside = (place[low] >= 0) & (place[high] >= 0)
    low, high = low[inside], high[inside]
    forth, back = arcs(low, high), arcs(high, low)
    known = ~(np.isnan(forth) | np.isnan(back))
    could = count_within(None if block is None else block[here], len(here))
    possible = could - int((~known).sum()) if arcs.labels.absent == "no" else int(known.sum())
    there = known & ((forth > 0) | (back > 0))
    forth, back = forth[there], back[there]
    whole = bool((forth == np.rint(forth)).all() and (back == np.rint(back)).all())
    if whole and max(forth.max(initial=0.0), back.max(initial=0.0)) < MOST_WHOLE:
        forth, back = forth.astype(np.int64), back.astype(np.int64)
    pair = place[low[there]], place[high[there]]
    counts = bool(((forth <= 1) & (back <= 1)).all())
    return Ties(len(here), *pair, forth, back, possible, could - possible, counts)


def _circle(arcs: _Arcs) -> Circle:
    """Everybody on the roster, and whom they named or were named by, whether or not these answered."""
    low, high = arcs.pairs()
    ego, alter = np.concatenate([low, high]), np.concatenate([high, low])
    given, got = arcs(ego, alter), arcs(alter, ego)
    there = np.flatnonzero((given > 0) | (got > 0))
    there = there[np.lexsort((alter[there], ego[there]))]
    columns = {"given_ego": np.nan_to_num(given[there]), "given_alter": np.nan_to_num(got[there])}
    return Circle(arcs.n, ego[there], alter[there], columns, ~np.isnan(got[there]))

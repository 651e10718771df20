"""Separation of labels whose rows come in parts, looked for by passes over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from honestsignals.inference.clusters import Floats
from honestsignals.inference.families import Family
from honestsignals.inference.separation import (
    FIRST_ROWS,
    SLACK,
    margins_of,
    separation_message,
    smallest_direction,
)

Labelled = Callable[[], Iterator[tuple[Floats, Floats]]]
"""Begins a pass over the rows: the design and the label of each part."""


class Bounds(NamedTuple):
    """Least, largest and mean of each column, (k,) each."""

    low: Floats
    high: Floats
    mean: Floats


def separating_words(passes: Labelled, bounds: Bounds, names: Sequence[str], family: Family) -> str:
    """What separates the labels, in words; "" where nothing does.

    The linear programme of `separating_direction` on a few margins; each pass adds those that its answer
    breaks most, until there are none.

    Parameters
    ----------
    passes : callable
    bounds : Bounds
        Of the columns.
    names : sequence of str
        Of the columns.
    family : Family
        Of labels of 0 and 1, or counts.

    Returns
    -------
    str

    Examples
    --------
    >>> from honestsignals.inference.families import FAMILIES
    >>> X, y = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]]), np.array([0.0, 0.0, 1.0, 0.0])
    >>> def passes():
    ...     return iter([(X[:2], y[:2]), (X[2:], y[2:])])
    >>> ends = Bounds(np.array([1.0, 0.0]), np.ones(2), np.array([1.0, 0.5]))
    >>> print(separating_words(passes, ends, ["Intercept", "in_contact"], FAMILIES["logit"]))
    The label is separated by 'in_contact': its coefficient has no finite estimate. Every row where
    'in_contact' is 0 has the label 0.
    """
    constant = bounds.low == bounds.high
    centre = np.where(constant | ~constant.any(), 0.0, bounds.mean)
    unit = np.maximum(np.abs(bounds.low - centre), np.abs(bounds.high - centre))

    def margins() -> Iterator[Floats]:
        return (margins_of(family, (X - centre) / unit, y, 0) for X, y in passes())

    direction = _direction(margins, constant)
    if direction is None:
        return ""
    X, y = _few_rows(passes, bounds, np.flatnonzero((np.abs(direction) > 1e-6) & ~constant))
    return separation_message(X, y, names, direction, family)


def _direction(
    margins: Callable[[], Iterator[Floats]], free: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> Floats | None:
    """The smallest direction along which no margin falls and some rise, or None where there is none."""
    total, count, working = np.zeros(free.size), 0, np.zeros((0, free.size))
    for part in margins():
        total, count = total + part.sum(axis=0), count + len(part)
        if len(working) < FIRST_ROWS:
            working = np.unique(np.vstack([working, part[:FIRST_ROWS]]), axis=0)
    while True:
        direction = smallest_direction(working, total / count, free)
        if direction is None:
            return None
        broken = _broken(margins, direction)
        if not len(broken):
            return direction
        more = np.unique(np.vstack([working, broken]), axis=0)
        if len(more) == len(working):
            return None
        working = more


def _broken(margins: Callable[[], Iterator[Floats]], direction: Floats) -> Floats:
    """The rows that fall most along a direction, beyond rounding."""
    worst, depth, largest = np.zeros((0, direction.size)), np.zeros(0), -np.inf
    for part in margins():
        margin = part @ direction
        largest = max(largest, float(margin.max(initial=-np.inf)))
        falls = np.flatnonzero(margin < 0)
        falls = falls[np.argsort(margin[falls], kind="stable")][:FIRST_ROWS]
        worst, depth = np.vstack([worst, part[falls]]), np.concatenate([depth, margin[falls]])
        first = np.argsort(depth, kind="stable")[:FIRST_ROWS]
        worst, depth = worst[first], depth[first]
    return worst[depth < -SLACK * largest]


def _few_rows(
    passes: Labelled, bounds: Bounds, carrying: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> tuple[Floats, Floats]:
    """Rows that say as much to a message as all: which columns vary, and the labels at the levels of one."""
    X, y = np.vstack([bounds.low, bounds.high]), np.array([0.0, 1.0])
    if carrying.size != 1:
        return X, y
    found = np.zeros((0, 2))
    for part, label in passes():
        found = np.unique(np.vstack([found, np.column_stack([part[:, carrying[0]], label > 0])]), axis=0)
        if np.unique(found[:, 0]).size > 2:
            break
    rows = np.tile(bounds.low, (len(found), 1))
    rows[-1] = bounds.high
    rows[:, carrying[0]] = found[:, 0]
    return rows, found[:, 1]

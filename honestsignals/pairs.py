"""Pairs of people: how many could be, and which."""

from __future__ import annotations

from typing import Any

import numpy as np

from honestsignals.errors import DesignError

Array = np.ndarray[Any, np.dtype[Any]]

MOST_PAIRS = 5_000_000
"""Pairs a table of all pairs may have unless asked for by name."""


def count_within(block: Array | None, n_people: int) -> int:
    """Unordered pairs that are not across blocks.

    >>> count_within(np.array([0, 0, 1]), 3), count_within(None, 3)
    (1, 3)
    """
    sizes = np.array([n_people]) if block is None else np.bincount(block)
    return int((sizes * (sizes - 1)).sum()) // 2


def refuse_many(block: Array | None, n_people: int, most: int) -> None:
    """Refuse more pairs than a table gets unless asked for by name."""
    many = count_within(block, n_people)
    if many > most:
        raise DesignError(
            f"{n_people:,} people make {many:,} pairs, more than {most:,}. "
            "Ask for pairs='in contact', or for pairs='all' by name."
        )


def pairs_within(block: Array | None, n_people: int) -> tuple[Array, Array]:
    """Unordered pairs that are not across blocks, the lower code first, sorted.

    >>> pairs_within(np.array([0, 1, 0]), 3)
    (array([0], dtype=int32), array([2], dtype=int32))
    """
    block = np.zeros(n_people, dtype=np.int64) if block is None else block
    parts = []
    for one in np.unique(block):
        members = np.flatnonzero(block == one)
        low, high = np.triu_indices(len(members), 1)
        parts.append((members[low], members[high]))
    ego, alter = (np.concatenate(side) for side in zip(*parts, strict=True))
    order = np.lexsort((alter, ego))
    return ego[order].astype(np.int32), alter[order].astype(np.int32)

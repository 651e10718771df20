"""Triads: the sixteen ways in which three people can be tied, counted without looking at most threes.

Threes with two ties follow from what each person in the middle has, threes with one tie from the number of
ties, threes without any from the number of people. Only triangles are listed, along ties that point to the
one with more contacts, so that a hub costs little.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from honestsignals.errors import DesignError
from honestsignals.metrics.ties import Ties
from honestsignals.metrics.triangles import laid_out, ranked, triangles

Array = np.ndarray[Any, np.dtype[Any]]

MOST_PATHS = 100_000_000
"""Paths of two ties up to which triangles are looked for: some ten seconds."""
AT_ONCE = 2_000_000
"""Paths that are looked at in one go."""
OUT, IN, MUTUAL = 1, 2, 3
"""What a tie is, seen from one of its two."""
TURNED = (0, IN, OUT, MUTUAL)
OPEN = {
    (OUT, OUT): "021D",
    (IN, IN): "021U",
    (OUT, IN): "021C",
    (IN, MUTUAL): "111D",
    (OUT, MUTUAL): "111U",
    (MUTUAL, MUTUAL): "201",
}
"""Triads of two ties, by what the two are to the one in the middle."""
TYPES = (
    *("003", "012", "102", "021D", "021U", "021C", "111D", "111U"),
    *("030T", "030C", "201", "120D", "120U", "120C", "210", "300"),
)


def triads(ties: Ties) -> dict[str, int]:
    """Number of triads of each type, made once.

    Raises
    ------
    DesignError
        Where pairs could not be or are not known, and where listing the triangles would take too long.
    """
    if not ties.complete:
        raise DesignError("It needs every pair of people, and some could not be or are not known.")
    paths = ties.once("paths", lambda: _number_of_paths(ties))
    if paths > MOST_PATHS:
        raise DesignError(
            f"{paths:,} paths of two ties: triangles are looked for along up to {MOST_PATHS:,}."
        )
    return ties.once("triads", lambda: _counted(ties))


def _counted(ties: Ties) -> dict[str, int]:
    counts = dict.fromkeys(TYPES, 0)
    counts |= _wedges(ties)
    one = {"A": _number(ties, OUT) + _number(ties, IN), "M": _number(ties, MUTUAL)}
    thirds = {kind: number * (ties.n_people - 2) for kind, number in one.items()}
    for codes, number in _triangles(ties).items():
        counts[_closed(codes)] += number
        for middle in _middles(codes):
            counts[OPEN[middle]] -= number
        for code in codes:
            thirds["M" if code == MUTUAL else "A"] -= number
    for middle, name in OPEN.items():
        for code in middle:
            thirds["M" if code == MUTUAL else "A"] -= counts[name]
    counts["012"], counts["102"] = thirds["A"], thirds["M"]
    counts["003"] = math.comb(ties.n_people, 3) - sum(counts.values())
    return counts


def _states(ties: Ties) -> Array:
    """What each tie is, seen from its lower end."""
    return (ties.forth > 0) * OUT + (ties.back > 0) * IN


def _number(ties: Ties, code: int) -> int:
    return int((_states(ties) == code).sum())


def _wedges(ties: Ties) -> dict[str, int]:
    """Pairs of ties that meet in a person, closed ones included, by what they are to that person."""
    state, turned = _states(ties), np.array(TURNED)[_states(ties)]
    has = {code: ties.per_person((state == code) * 1, (turned == code) * 1) for code in (OUT, IN, MUTUAL)}
    out = {}
    for (one, other), name in OPEN.items():
        pairs = has[one] * (has[one] - 1) // 2 if one == other else has[one] * has[other]
        out[name] = int(pairs.sum())
    return out


def _number_of_paths(ties: Ties) -> int:
    """Paths of two ties, each pointing to the one with more contacts."""
    first, second = ranked(ties)
    onward = np.bincount(np.minimum(first, second), minlength=ties.n_people)
    return int(onward[np.maximum(first, second)].sum())


def _triangles(ties: Ties) -> dict[tuple[int, int, int], int]:
    """Number of triangles by what their ties are: first to second, second to third, first to third."""
    first, second = ranked(ties)
    state = np.where(first < second, _states(ties), np.array(TURNED)[_states(ties)])
    keys, order = laid_out(ties)
    codes, counts = state[order], np.zeros(64, dtype=np.int64)
    for tie, onward, across in triangles(keys, ties.n_people, AT_ONCE):
        counts += np.bincount(codes[tie] * 16 + codes[onward] * 4 + codes[across], minlength=64)
    return {
        (code // 16, code // 4 % 4, code % 4): int(number) for code, number in enumerate(counts) if number
    }


def _middles(codes: tuple[int, int, int]) -> Iterator[tuple[int, int]]:
    """What the two ties of each of the three people of a triangle are to that person."""
    one_two, two_three, one_three = codes
    pairs = (
        (one_two, one_three),
        (TURNED[one_two], two_three),
        (TURNED[two_three], TURNED[one_three]),
    )
    for one, other in pairs:
        yield (min(one, other), max(one, other))


def _closed(codes: tuple[int, int, int]) -> str:
    """Type of a triangle.

    >>> _closed((OUT, OUT, IN)), _closed((OUT, OUT, OUT)), _closed((MUTUAL, IN, IN))
    ('030C', '030T', '120D')
    """
    mutual = codes.count(MUTUAL)
    if mutual > 1:
        return "300" if mutual == 3 else "210"
    middles = list(_middles(codes))
    if mutual == 0:
        return "030C" if all(one == (OUT, IN) for one in middles) else "030T"
    # whoever has no part in the mutual tie gives both, gets from both, or neither
    third = next(one for one in middles if MUTUAL not in one)
    return {(OUT, OUT): "120D", (IN, IN): "120U", (OUT, IN): "120C"}[third]

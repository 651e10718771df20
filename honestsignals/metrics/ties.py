"""Everybody's ties: who gave whom how much, as one row a pair; what people and networks are measured from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from honestsignals.errors import DesignError

Array = np.ndarray[Any, np.dtype[Any]]

MOST_WHOLE = 2.0**62
"""Amounts up to which whole ones are held as whole numbers."""
MOST_DENSE = 5_000
"""People of whom a whole matrix is made: 200 MB of decimals."""


@dataclass(frozen=True, eq=False)
class Ties:
    """What the two of every pair gave one another, where either gave anything.

    Attributes
    ----------
    n_people : int
        People have the codes 0 to ``n_people - 1``; those without ties are isolates.
    low, high : ndarray of int, shape (n_ties,)
        Codes of the two, ``low < high``, sorted by low and then high; no pair twice.
    forth, back : ndarray, shape (n_ties,)
        What low gave high, and high gave low: whole numbers of acts, amounts, or answers; never negative,
        never both 0.
    possible : int
        Pairs that could be and of which both directions are known, null ones included.
    unknown : int
        Pairs that could be, and are in none of these numbers as an answer is lacking.
    counts : bool
        Whether what was given are numbers of acts, or ties: what indices of counts ask for, and amounts are
        not, however whole.
    """

    n_people: int
    low: Array
    high: Array
    forth: Array
    back: Array
    possible: int
    unknown: int = 0
    counts: bool = True
    derived: dict[str, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.low)

    @property
    def whole(self) -> bool:
        """Whether all that was given are whole numbers, as counts are."""
        return self.once("whole", lambda: not (_odd(self.forth) or _odd(self.back)))

    @property
    def complete(self) -> bool:
        """Whether every pair of people could be and is known: what a whole matrix needs."""
        return self.possible == self.n_people * (self.n_people - 1) // 2

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Something derived, made on first use."""
        if name not in self.derived:
            self.derived[name] = make()
        return self.derived[name]

    def binary(self) -> Ties:
        """The same with 1 for anything given."""
        forth, back = ((side > 0).astype(np.int64) for side in (self.forth, self.back))
        return self.once("binary", lambda: replace(self, forth=forth, back=back, counts=True, derived={}))

    def transposed(self) -> Ties:
        """Every gift the other way round."""
        return replace(self, forth=self.back, back=self.forth, derived={})

    # of people

    def given(self) -> Array:
        """What each gave to anybody (shape (n_people,))."""
        return self.once("given", lambda: self.per_person(self.forth, self.back))

    def received(self) -> Array:
        """What each got from anybody (shape (n_people,))."""
        return self.once("received", lambda: self.per_person(self.back, self.forth))

    def per_person(self, of_low: Array, of_high: Array) -> Array:
        """One value a tie and side summed over each person's ties, in the order of the ties."""
        out = np.zeros(self.n_people)
        out += np.bincount(self.low, weights=of_low, minlength=self.n_people)
        out += np.bincount(self.high, weights=of_high, minlength=self.n_people)
        exact = of_low.dtype.kind in "iub" and of_high.dtype.kind in "iub"
        return np.rint(out).astype(np.int64) if exact else out

    def contacts(self) -> Array:
        """How many others each gave to or got from (int64, shape (n_people,))."""
        ones = np.ones(len(self), dtype=np.int64)
        return self.once("contacts", lambda: self.per_person(ones, ones))

    # of all

    def total(self) -> float:
        """All that was given."""
        return float(self.given().sum())

    def dense(self) -> Array:
        """The whole matrix, row gave column, 0 on the diagonal (float64, shape (n_people, n_people)).

        Raises
        ------
        DesignError
            For more than ``MOST_DENSE`` people, and where pairs could not be or are not known.
        """
        n = self.n_people
        if n > MOST_DENSE:
            raise DesignError(
                f"{n:,} people: it needs the whole matrix, which is made of up to {MOST_DENSE:,}."
            )
        if not self.complete:
            raise DesignError("It needs every pair of people, and some could not be or are not known.")

        def make() -> Array:
            matrix = np.zeros((n, n))
            matrix[self.low, self.high] = self.forth
            matrix[self.high, self.low] = self.back
            return matrix

        matrix: Array = self.once("dense", make)
        return matrix


def _odd(values: Array) -> bool:
    """Whether some are no whole numbers."""
    return values.dtype.kind == "f" and bool((values != np.rint(values)).any())


def ties_of_matrix(matrix: Array) -> Ties:
    """Ties from a square matrix, row gave column; NaN is not known, the diagonal is not looked at.

    A pair is left out as soon as one of its two directions is not known.

    >>> ties_of_matrix(np.array([[0, 2], [1, 0]])).forth
    array([2])
    """
    n = len(matrix)
    low, high = np.triu_indices(n, 1)
    forth, back = matrix[low, high], matrix[high, low]
    known = ~(np.isnan(forth) | np.isnan(back)) if matrix.dtype.kind == "f" else np.ones(len(low), dtype=bool)
    there = known & ((forth != 0) | (back != 0))
    forth, back = forth[there], back[there]
    if not (_odd(forth) or _odd(back)) and max(forth.max(initial=0), back.max(initial=0)) < MOST_WHOLE:
        forth, back = forth.astype(np.int64), back.astype(np.int64)
    unknown = int((~known).sum())
    return Ties(n, low[there], high[there], forth, back, len(low) - unknown, unknown)

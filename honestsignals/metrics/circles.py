"""People's circles: everybody with the others they gave to or got from, and columns of those pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from honestsignals.metrics.acts import ratio

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Circle:
    """Ordered pairs, each seen from ego, and what is known of them.

    Attributes
    ----------
    n_people : int
        People have the codes 0 to ``n_people - 1``.
    ego, alter : ndarray of int, shape (n_rows,)
        Codes of the two, sorted by ego and then alter; each pair in contact twice, once from each side.
    columns : mapping of str to ndarray, shape (n_rows,)
        ``given_ego``, ``given_alter`` and the dyad columns that statistics read.
    could : ndarray of bool, shape (n_rows,)
        Whether alter could have given at all: False where alter was never asked, or did not answer.
    waits : tuple of ndarray, shape (n_waits,), or None
        Waits for somebody's reply: code of who is waited for, microseconds, and whether the end cut it off.
    horizon : int, microseconds
        τ: up to when a reply is awaited.
    """

    n_people: int
    ego: Array
    alter: Array
    columns: Mapping[str, Array]
    could: Array
    waits: tuple[Array, Array, Array] | None = None
    horizon: int = 0
    derived: dict[str, Array] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]

    def sum(self, values: Array) -> Array:
        """Values of rows summed over each person's alters; NaN counts nothing (shape (n_people,))."""
        exact = values.dtype.kind in "iub"
        weights = values if exact else np.nan_to_num(values)
        whole = np.bincount(self.ego, weights=weights, minlength=self.n_people)
        return np.rint(whole).astype(np.int64) if exact else whole.astype(float)

    def mean(self, values: Array) -> Array:
        """Mean over each person's alters for whom the value is defined; NaN where it is for none."""
        return ratio(self.sum(values), self.sum(~np.isnan(values)))

    @property
    def able(self) -> Array:
        """Whether alter could have given to ego: whoever did could (bool, shape (n_rows,))."""
        return self.could | (self.columns["given_alter"] > 0)

    def back(self, values: Array) -> Array:
        """Values of rows seen from the other side: each row gets what the row of alter and ego has."""
        if "back" not in self.derived:
            # sorted by alter and then ego, the rows stand as their own mirror images do
            self.derived["back"] = np.lexsort((self.ego, self.alter))
        return values[self.derived["back"]]

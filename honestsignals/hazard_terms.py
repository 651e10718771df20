"""Covariates of a hazard and their products: which columns they have, and where slopes are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, listed, unknown

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Covariate:
    """What is known of each row: a number, or one of some levels.

    Attributes
    ----------
    name : str
    values : ndarray, shape (n,)
        Numbers, or places in ``levels``; NaN where not known.
    levels : tuple of str
        The first is what others are set against; empty for a number.
    columns : tuple of str
        What columns of the levels but the first are called, where all levels have one, seen or not.
    """

    name: str
    values: Array
    levels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def known(self) -> Array:
        """Of which rows."""
        return ~np.isnan(self.values)

    def only(self, rows: Array) -> Covariate:
        """Of some rows; levels that none of them has are gone.

        Parameters
        ----------
        rows : ndarray of int
        """
        values = self.values[rows]
        if np.isinf(values).any():
            raise DesignError(
                f"{self.name!r} is infinite in {int(np.isinf(values).sum()):,} of {len(values):,} rows: make "
                "such values missing, or take another column."
            )
        if not self.levels or self.columns:
            return replace(self, values=values)
        seen, codes = np.unique(values, return_inverse=True)
        return replace(self, values=codes.astype(float), levels=tuple(self.levels[int(one)] for one in seen))

    def matrix(self) -> tuple[tuple[str, ...], Array]:
        """Names of its columns, and the columns, (n, k).

        >>> Covariate("kind", np.array([0.0, 1.0]), ("help", "news")).matrix()[0]
        ('kind[T.news]',)
        """
        if not self.levels:
            return (self.name,), self.values[:, None]
        if len(self.levels) < 2:
            raise DesignError(
                f"{self.name!r} is {listed(self.levels)} wherever it is known, so nothing differs by it."
            )
        names = self.columns or tuple(f"{self.name}[T.{level}]" for level in self.levels[1:])
        return names, (self.values[:, None] == np.arange(1, len(self.levels))).astype(float)

    def points(self, values: Any = None) -> list[tuple[Any, Array]]:
        """Values at which slopes are told, and the columns there.

        Parameters
        ----------
        values : value or sequence of values, optional
            By default its levels; of a number that has two values both, else the mean and a standard
            deviation to either side.
        """
        asked = [values] if isinstance(values, str | int | float) else values
        if self.levels:
            corner = np.eye(len(self.levels))[:, 1:]
            chosen = list(self.levels) if asked is None else [str(one) for one in asked]
            for level in chosen:
                if level not in self.levels:
                    raise unknown(f"level of {self.name}", level, self.levels)
            return [(level, corner[self.levels.index(level)]) for level in chosen]
        if asked is None:
            distinct = np.unique(self.values)
            mean, spread = float(self.values.mean()), float(self.values.std())
            asked = distinct.tolist() if len(distinct) <= 2 else [mean - spread, mean, mean + spread]
        for one in asked:
            if isinstance(one, bool | str) or not isinstance(one, int | float | np.number):
                raise ArgumentError(f"{self.name!r} is a number; {one!r} is none of its values.")
            if not np.isfinite(one):
                raise ArgumentError(f"values has {one!r}; a value of {self.name!r} must be finite.")
        return [(float(one), np.array([float(one)])) for one in asked]


class Design(NamedTuple):
    """Columns of a hazard.

    Attributes
    ----------
    names : tuple of str
        Of the columns.
    X : ndarray, shape (n, k)
    covariates : dict of str to Covariate
        Of the rows used; also those that stand in products alone.
    places : dict of str to tuple of int
        Columns of each covariate that stands by itself.
    products : dict of tuple of str to ndarray of int, shape (k_one, k_other)
        Columns of each product of two.
    """

    names: tuple[str, ...]
    X: Array
    covariates: dict[str, Covariate]
    places: dict[str, tuple[int, ...]]
    products: dict[tuple[str, str], Array]


class Asked(NamedTuple):
    """Covariates that were asked for.

    Attributes
    ----------
    alone : tuple of str
        Those with columns of their own.
    products : tuple of (str, str)
    """

    alone: tuple[str, ...]
    products: tuple[tuple[str, str], ...]

    @property
    def names(self) -> list[str]:
        """All that must be known of a row."""
        return list(dict.fromkeys([*self.alone, *(one for pair in self.products for one in pair)]))


def asked_terms(covariates: Sequence[Any], example: str) -> Asked:
    """Names and products of what was asked for: "a*b" is a, b and a:b; "a:b" the product alone.

    Parameters
    ----------
    covariates : sequence of str
    example : str
        A covariate, for the message.

    Examples
    --------
    >>> asked_terms(["debt*near", "debt:far"], "debt")
    Asked(alone=('debt', 'near'), products=(('debt', 'near'), ('debt', 'far')))
    """
    if isinstance(covariates, str):
        raise ArgumentError(f"covariates is {covariates!r}; it must be a list of names, as ['{covariates}'].")
    alone: dict[str, None] = {}
    products: dict[tuple[str, str], None] = {}
    for one in covariates:
        if not isinstance(one, str):
            raise ArgumentError(f"covariates has {one!r}; it must be a list of names, as ['{example}'].")
        sign = "*" if "*" in one else ":"
        parts = [part.strip() for part in one.split(sign)]
        if len(parts) > 2 or any(not part or "*" in part or ":" in part for part in parts):
            raise ArgumentError(f"covariates has {one!r}; a product is of two: '{example}*same_office'.")
        if len(parts) == 1 or sign == "*":
            alone |= dict.fromkeys(parts)
        if len(parts) == 2:
            if parts[0] == parts[1]:
                raise ArgumentError(f"covariates has {one!r}; a product is of two that differ.")
            if (parts[1], parts[0]) not in products:
                products[parts[0], parts[1]] = None
    if not alone and not products:
        raise ArgumentError(f"covariates is empty; name some, as ['{example}'].")
    return Asked(tuple(alone), tuple(products))


def designed(asked: Asked, covariates: Mapping[str, Covariate], rows: Array) -> Design:
    """Columns of what was asked for, of some rows.

    Parameters
    ----------
    asked : Asked
    covariates : mapping of str to Covariate
        Every one that is named.
    rows : ndarray of int
        Those of which all is known.

    Examples
    --------
    >>> debt, near = Covariate("debt", np.array([1.0, 2.0])), Covariate("near", np.array([0.0, 1.0]))
    >>> found = designed(Asked(("debt",), (("debt", "near"),)), {"debt": debt, "near": near}, np.arange(2))
    >>> found.names, found.X.tolist()
    (('debt', 'debt:near'), [[1.0, 0.0], [2.0, 2.0]])
    """
    used = {name: covariates[name].only(rows) for name in asked.names}
    matrices = {name: one.matrix() for name, one in used.items()}
    names: list[str] = []
    parts: list[Array] = []
    places: dict[str, tuple[int, ...]] = {}
    for one in asked.alone:
        columns, X = matrices[one]
        places[one] = tuple(range(len(names), len(names) + len(columns)))
        names += columns
        parts.append(X)
    products = {}
    for one, other in asked.products:
        (first, X), (second, Z) = matrices[one], matrices[other]
        products[one, other] = len(names) + np.arange(len(first) * len(second)).reshape(len(first), -1)
        names += [f"{a}:{b}" for a in first for b in second]
        parts.append((X[:, :, None] * Z[:, None, :]).reshape(len(X), -1))
    return Design(tuple(names), np.hstack(parts), used, places, products)

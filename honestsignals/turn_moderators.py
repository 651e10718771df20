"""Moderators of turns: columns of acts, people or pairs as what coefficients may depend on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, unknown

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

MOST_LEVELS = 12


@dataclass(frozen=True, eq=False)
class Moderator:
    """What coefficients may depend on, turn by turn.

    Attributes
    ----------
    name : str
        Empty where they depend on nothing.
    terms : tuple of str
        Names of the columns of ``z`` after the first.
    z : ndarray, shape (n_turns, g)
        1, and a column a level but the first, or a number less its mean; NaN where not known.
    places : tuple of (str, tuple of float)
        Where slopes are told: words of each, and z there.
    """

    name: str
    terms: tuple[str, ...]
    z: Array
    places: tuple[tuple[str, tuple[float, ...]], ...]

    @property
    def known(self) -> Array:
        """Whether it is known of a turn."""
        return np.asarray(~np.isnan(self.z).any(axis=1))

    def only(self, rows: Array) -> Moderator:
        """Of some rows alone."""
        return replace(self, z=self.z[rows])

    def place(self, value: object) -> tuple[float, ...]:
        """Its columns at a value that slopes are told at, by its word.

        Raises
        ------
        UnknownNameError
            For another.
        """
        words = [word for word, _ in self.places]
        if str(value) not in words:
            raise unknown(f"value of {self.name}", str(value), words)
        return self.places[words.index(str(value))][1]

    @property
    def zero(self) -> str:
        """Where its columns after the first are all 0, in words."""
        return next((word for word, z in self.places if not any(z[1:])), "0")

    @property
    def here(self) -> Array:
        """Rows at which slopes without products are: those of the level that is 0 now, of a number all."""
        found = (self.z[:, 1:] == 0).all(axis=1)
        return np.asarray(found if found.any() else ~found)

    def shifts(self, at: Array, stretch: Array) -> Array:
        """Which columns differ within a stretch's turns by one person, so that levels may too."""
        z = self.z[at, 1:]
        same = np.ones(z.shape[1], dtype=bool)
        follows = np.flatnonzero(stretch[2:] == stretch[:-2]) + 2
        if len(follows):
            same = (z[follows] == z[follows - 2]).all(axis=0)
        return np.asarray(~same)


def no_moderator(n_turns: int) -> Moderator:
    """Coefficients that are the same in all turns.

    >>> no_moderator(2).z.tolist()
    [[1.0], [1.0]]
    """
    return Moderator("", (), np.ones((n_turns, 1)), (("all", (1.0,)),))


def moderator_of(column: pd.Series, used: Array, what: str = "turn") -> Moderator:
    """A moderator from a column of turns: levels for words and for two values, else a number.

    Parameters
    ----------
    column : pandas.Series
    used : ndarray of bool, shape (n_turns,)
        Turns that tell levels and means.
    what : str
        What rows are, as a message names them.

    Raises
    ------
    DesignError
        Where it is known of none, or the same of all.
    ArgumentError
        For more than 12 levels, or an infinite value.

    Examples
    --------
    >>> import pandas as pd
    >>> found = moderator_of(pd.Series(["b", "a", None], name="culture"), np.ones(3, dtype=bool))
    >>> found.terms, found.z[:2].tolist(), found.known.tolist()
    (('culture[T.b]',), [[1.0, 1.0], [1.0, 0.0]], [True, True, False])
    """
    import pandas as pd

    name = str(column.name)
    seen = column[used].dropna()
    if not len(seen):
        raise DesignError(f"{name!r} is known of no {what}, so slopes cannot differ by it.")
    if column.dtype.kind == "f" and np.isinf(seen.to_numpy()).any():
        raise ArgumentError(f"{name!r} has an infinite value; a moderator's values are finite, or missing.")
    if column.dtype.kind in "iuf" and seen.nunique() > 2:
        mean, sd = float(seen.mean()), float(seen.std(ddof=0))
        z = np.column_stack([np.ones(len(column)), column.to_numpy(dtype=float) - mean])
        words = ((f"{mean + step * sd:.4g}", (1.0, step * sd)) for step in (-1.0, 0.0, 1.0))
        return Moderator(name, (name,), z, tuple(words))
    levels = pd.Categorical(seen).remove_unused_categories().categories
    if len(levels) < 2:
        raise DesignError(f"{name!r} is {levels[0]} in every {what}, so slopes cannot differ by it.")
    if len(levels) > MOST_LEVELS:
        raise ArgumentError(
            f"{name!r} has {len(levels):,} values; up to {MOST_LEVELS} have slopes: cut it into classes."
        )
    codes = pd.Categorical(column, categories=levels).codes
    z = np.where(codes[:, None] < 0, np.nan, codes[:, None] == np.arange(len(levels))).astype(float)
    z[:, 0] = np.where(codes < 0, np.nan, 1.0)
    named = tuple(_word(one) for one in levels)
    corner = np.eye(len(levels))
    corner[:, 0] = 1.0
    places = tuple((word, tuple(row.tolist())) for word, row in zip(named, corner, strict=True))
    return Moderator(name, tuple(f"{name}[T.{word}]" for word in named[1:]), z, places)


def _word(level: Any) -> str:
    """A level as it is written: whole numbers without their point."""
    return f"{int(level)}" if isinstance(level, float) and level.is_integer() else str(level)

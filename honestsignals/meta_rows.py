"""Rows that a meta-analysis is given: what they must hold, and what studies share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, unknown

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

ROUNDED = 1e-9
"""Share of an interval by which an estimate may lie beyond its end for rounding alone."""


def numbers(frame: pd.DataFrame, name: str) -> Array:
    """A column as numbers.

    Raises
    ------
    ArgumentError
        For words.
    """
    try:
        return frame[name].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} holds {frame[name].dtype} values; it must hold numbers.") from None


def check_names(names: Sequence[Any], taken: Sequence[str]) -> None:
    """Refuse studies without a name, and names that rows of the table below have.

    Raises
    ------
    ArgumentError

    Examples
    --------
    >>> check_names(["one", None], ())
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: The study in row 1 has no name.
    """
    import pandas as pd

    for row, name in enumerate(names):
        if pd.isna(name) or not str(name).strip():
            raise ArgumentError(f"The study in row {row} has no name.")
        if name in taken:
            raise ArgumentError(
                f"A study is called {name!r}, as a row below the studies is; give it another name."
            )


def check_rows(kept: pd.DataFrame) -> None:
    """Refuse intervals that cannot be of their estimates, and degrees of freedom that no error has.

    Parameters
    ----------
    kept : pandas.DataFrame
        Studies that count: study, estimate and, where there, low and high, or df.

    Raises
    ------
    ArgumentError
    """
    names = list(kept["study"])
    if {"low", "high"} <= set(kept.columns):
        value, low, high = (numbers(kept, name) for name in ("estimate", "low", "high"))
        with np.errstate(invalid="ignore"):
            room = ROUNDED * np.abs(high - low)
            turned, beyond = low > high, (value < low - room) | (value > high + room)
        for at in np.flatnonzero(turned | beyond):
            ends = f"{names[at]!r} has the interval from {low[at]:.10g} to {high[at]:.10g}"
            if turned[at]:
                raise ArgumentError(f"{ends}; low must not be above high.")
            raise ArgumentError(f"{ends}, which does not hold its estimate {value[at]:.10g}.")
    if "df" in kept.columns:
        df = numbers(kept, "df")
        for at in np.flatnonzero(df < 1):
            raise ArgumentError(f"{names[at]!r} has df {df[at]:.10g}; degrees of freedom are 1 at least.")


def groups_of(groups: Mapping[str, Sequence[str]] | None, names: list[str]) -> dict[str, tuple[str, ...]]:
    """What studies share, and which do.

    Parameters
    ----------
    groups : mapping of str to sequence of str, or None
    names : list of str
        All studies.

    Returns
    -------
    dict of str to tuple of str

    Raises
    ------
    ArgumentError, UnknownNameError
        For no mapping, a group without a name, fewer than two studies, a study that there is not.
    """
    if groups is not None and not isinstance(groups, Mapping):
        raise ArgumentError(
            f"groups is {groups!r}; it must map what studies share to their names, as in "
            f"{{'one community': {names[:2]!r}}}."
        )
    found = {}
    for what, members in (groups or {}).items():
        if not isinstance(what, str) or not what.strip():
            raise ArgumentError(f"A group is called {what!r}; say in words what its studies share.")
        if isinstance(members, str) or not isinstance(members, Sequence) or len(members) < 2:
            raise ArgumentError(f"groups[{what!r}] is {members!r}; it must list two studies at least.")
        for one in members:
            if one not in names:
                raise unknown("study", str(one), names)
        if len(set(members)) < len(members):
            raise ArgumentError(f"groups[{what!r}] is {members!r}; it names a study twice.")
        found[what] = tuple(str(one) for one in members)
    return found

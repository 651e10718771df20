"""What splitters are asked for: groups, divisions, seeds, cuts and embargoes, checked."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from honestsignals.errors import ArgumentError, check_seed, one_of
from honestsignals.inference.folds import PAIRS, usual_groups
from honestsignals.inference.words import counted
from honestsignals.moments import moment, span

Array = np.ndarray[Any, np.dtype[Any]]


def check_people(groups: object, divisions: object, pairs: object, seed: object) -> None:
    """Refuse what people cannot be divided by, or tested on."""
    if groups is not None:
        check_whole("groups", groups, 2)
    check_whole("divisions", divisions, 1)
    one_of("pairs", pairs, PAIRS)
    check_fold_seed(seed)


def check_fold_seed(seed: object) -> None:
    """Refuse what is no seed, and None: two calls must make the same folds."""
    check_seed(seed)
    if seed is None:
        raise ArgumentError(
            "seed is None; it must be a whole number, so that every call makes the same folds."
        )


def check_whole(name: str, value: object, least: int) -> None:
    """Refuse what is no whole number, or one too small.

    >>> check_whole("groups", 2.0, 2)
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: groups is 2.0; it must be a whole number from 2 on.
    """
    whole = isinstance(value, numbers.Integral) and _is_number(value)
    if not (whole and value >= least):  # type: ignore[operator]
        raise ArgumentError(f"{name} is {value!r}; it must be a whole number from {least} on.")


def checked_cuts(cuts: Any) -> Any:
    """The number of cuts, or the moments as a tuple.

    >>> checked_cuts(3), checked_cuts([1, 2])
    (3, (1, 2))
    """
    if isinstance(cuts, str) or not (isinstance(cuts, Iterable) and not isinstance(cuts, numbers.Integral)):
        check_whole("cuts", cuts, 1)
        return int(cuts)
    numeric = (np.integer, np.floating)
    found = tuple(one.item() if isinstance(one, numeric) and _is_number(one) else one for one in cuts)
    if not found:
        raise ArgumentError("cuts is empty; it must be a whole number from 1 on, or moments.")
    return found


def groups_of(asked: int | None, n_people: int) -> int:
    """Groups to divide people into, two people or more in each."""
    found = usual_groups(n_people) if asked is None else int(asked)
    if n_people < 2 * found:
        given = "" if asked is None else f"groups is {asked!r}; "
        people = counted(n_people, "person", "people")
        raise ArgumentError(f"{given}{people} cannot make {found} groups of two or more people.")
    return found


def check_embargo(embargo: object) -> None:
    """Refuse what is neither a number from 0 on nor a span of time.

    >>> check_embargo(-1)
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: embargo is -1; it must be a finite number from 0 on, or a span ...
    """
    if _is_number(embargo):
        if not (np.isfinite(embargo) and embargo >= 0):  # type: ignore[call-overload, operator]
            raise ArgumentError(
                f"embargo is {embargo!r}; it must be a finite number from 0 on, or a span such as '7D'."
            )
        return
    span(embargo, "embargo")


def _is_number(value: object) -> bool:
    """Whether a value is a real number; to NumPy a span of time is one too."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool | np.timedelta64)


def embargo_of(embargo: Any, name: str, dated: bool) -> Any:
    """The embargo in the unit of the moments: microseconds where they are dates.

    >>> embargo_of("1h", "asked", dated=True), embargo_of(2, "asked", dated=False)
    (3600000000, 2)
    """
    number = _is_number(embargo)
    if number and dated and embargo != 0:
        raise ArgumentError(
            f"embargo is {embargo!r}; {name!r} holds dates, so it must be a span such as '7D'."
        )
    if not number and not dated:
        raise ArgumentError(f"embargo is {embargo!r}; {name!r} holds numbers, so it must be one too.")
    return embargo if number else span(embargo, "embargo")


def cuts_of(cuts: Sequence[Any], name: str, dated: bool) -> Array:
    """Cuts given as moments, in the unit of the moments of rows.

    Parameters
    ----------
    cuts : sequence of number, or of date
    name : str
    dated : bool

    Returns
    -------
    ndarray
        Strictly ascending.

    Raises
    ------
    ArgumentError
        For cuts of another kind than the moments, and cuts that do not ascend.

    Examples
    --------
    >>> cuts_of([1, 2.5], "asked", dated=False).tolist()
    [1.0, 2.5]
    """
    if dated:
        found = np.array([moment(one, "time", True) for one in cuts], dtype=np.int64)
    else:
        odd = [one for one in cuts if not (_is_number(one) and np.isfinite(one))]
        if odd:
            raise ArgumentError(
                f"cuts has {odd[0]!r}; {name!r} holds numbers, so these must be finite numbers."
            )
        found = np.array(cuts)
    falls = np.flatnonzero(np.diff(found) <= 0)
    if falls.size:
        one, two = cuts[falls[0]], cuts[falls[0] + 1]
        raise ArgumentError(f"cuts has {one!r} before {two!r}; each must be later than the one before.")
    return found

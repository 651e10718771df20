"""Two people may report one act: which rows are the same act, and which of them count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

REPORTS = ("union", "both", "giver", "receiver")
GIVER, RECEIVER, OTHER = 0, 1, 2
SAME_ACT = "the other's report of the same act"
ONE_ONLY = "said by one of the two only"
NEITHER = "said by neither of the two"

Ints = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Choice:
    """Which rows count as acts, and why the others do not.

    Attributes
    ----------
    keep : ndarray of bool
        Rows that count.
    left_out : dict of str to int
        Reasons, and rows.
    """

    keep: Mask
    left_out: dict[str, int]


def choose_reports(key: Ints, role: Ints, reports: str) -> Choice:
    """One row an act, by what counts as said.

    Rows of one key and role are numbered in their order; an act is a key and such a number. So two rows
    by the giver are two acts, and one by each are one.

    Parameters
    ----------
    key : ndarray of int, shape (n,)
        Sender, receiver, kind and time, as one number a combination.
    role : ndarray of int, shape (n,)
        Who says so: 0 the giver (sender), 1 the receiver, 2 neither or unknown.
    reports : {"union", "both", "giver", "receiver"}
        Acts that anyone reports (the giver's row first); that both of the two do; that this one does.

    Returns
    -------
    Choice

    Examples
    --------
    >>> choose_reports(np.array([7, 7, 8]), np.array([1, 0, 1]), "union").keep
    array([False,  True,  True])
    """
    if reports in ("giver", "receiver"):
        wanted = GIVER if reports == "giver" else RECEIVER
        keep = role == wanted
        said = {f"not said by the {reports}": ~keep & (role != OTHER), NEITHER: role == OTHER}
        return Choice(keep, _counts(said))
    act = _acts(key, role)
    # Stable, so that within an act the giver comes first, then the receiver.
    order = np.lexsort((role, act))
    opens = np.ones(len(act), dtype=bool)
    opens[1:] = act[order][1:] != act[order][:-1]
    first = np.zeros(len(act), dtype=bool)
    first[order[opens]] = True
    if reports == "union":
        return Choice(first, _counts({SAME_ACT: ~first}))
    spoken = np.zeros((int(act.max(initial=-1)) + 1, 3), dtype=bool)
    spoken[act, role] = True
    agreed = spoken[act, GIVER] & spoken[act, RECEIVER] & (role != OTHER)
    said = {SAME_ACT: agreed & ~first, ONE_ONLY: ~agreed & (role != OTHER), NEITHER: role == OTHER}
    return Choice(agreed & first, _counts(said))


def _acts(key: Ints, role: Ints) -> Ints:
    """One number an act: the key and the occurrence within key and role."""
    order = np.lexsort((np.arange(len(key)), role, key))
    group = key[order] * 3 + role[order]
    new = np.ones(len(key), dtype=bool)
    new[1:] = group[1:] != group[:-1]
    opens = np.flatnonzero(new)
    lengths = np.diff(np.append(opens, len(key)))
    occurrence = np.empty(len(key), dtype=np.int64)
    occurrence[order] = np.arange(len(key)) - np.repeat(opens, lengths)
    return one_key([key, occurrence])


def one_key(columns: list[Ints]) -> Ints:
    """The number of each distinct combination of values.

    >>> one_key([np.array([5, 5, 4]), np.array([1, 1, 1])])
    array([1, 1, 0])
    """
    order = np.lexsort(columns[::-1])
    new = np.zeros(len(order), dtype=bool)
    for column in columns:
        new[1:] |= column[order][1:] != column[order][:-1]
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.cumsum(new)
    return numbers


def _counts(said: dict[str, Mask]) -> dict[str, int]:
    return {reason: int(mask.sum()) for reason, mask in said.items() if mask.any()}

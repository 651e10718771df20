"""Columns that are made of the labels of other pairs: what they would look like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from honestsignals.inference.clusters import Codes, Floats, person_codes

FEWEST = 20
"""Rows below which two columns may rank alike by accident."""

MOST_PEOPLE = 5_000
"""People up to whom shared neighbours are counted."""


def trace_of_label(x: Floats, y: Floats, ego: NDArray[Any], alter: NDArray[Any]) -> str | None:
    """What of the label a column is, where it ranks rows just as that does; None where it is none of these.

    Tried are the label itself, the label of the same pair seen from the other side, sums and means of the
    labels that each of the two gives and gets (with and without the pair's own), and the numbers of people
    to whom both are tied by the label. A mixture of these with anything else is not found.

    Parameters
    ----------
    x : ndarray, shape (n,)
        The column; NaN where undefined.
    y : ndarray, shape (n,)
        The label, known in every row.
    ego, alter : ndarray, shape (n,)
        The two people of each row.

    Returns
    -------
    str or None

    Examples
    --------
    >>> ego, alter = (part.ravel() for part in np.nonzero(~np.eye(6, dtype=bool)))
    >>> y = ((ego * alter + ego) % 3 == 1).astype(float)
    >>> trace_of_label(np.bincount(ego, y)[ego], y, ego, alter)
    'the labels that ego gave'
    >>> trace_of_label(np.sin(np.arange(30.0)), y, ego, alter) is None
    True
    """
    known = ~np.isnan(x)
    if known.sum() < FEWEST or np.ptp(x[known]) == 0:
        return None
    ranks = _ranks(x[known])
    ego, alter, n_people = person_codes(ego, alter)
    for name, values in _traces(y, ego, alter, n_people):
        there = known & ~np.isnan(values)
        if there.sum() < max(FEWEST, 0.5 * known.sum()) or np.ptp(values[there]) == 0:
            continue
        own = ranks if there.sum() == known.sum() else _ranks(x[there])
        theirs = _ranks(values[there])
        if np.array_equal(own, theirs) or np.array_equal(own, theirs.max() - theirs):
            return name
    return None


def _ranks(values: Floats) -> Codes:
    """Places among the distinct values."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _traces(y: Floats, ego: Codes, alter: Codes, n_people: int) -> Iterator[tuple[str, Floats]]:
    yield "the label itself", y
    key, back = ego * n_people + alter, alter * n_people + ego
    order = np.argsort(key)
    place = np.minimum(np.searchsorted(key, back, sorter=order), len(key) - 1)
    there = key[order[place]] == back
    reverse = np.where(there, y[order[place]], np.nan)
    yield "the label seen from the other side", reverse
    yield from _of_people(y, reverse, ego, alter, n_people)
    if n_people > MOST_PEOPLE:
        return
    tied = y > np.median(y) if len(np.unique(y)) > 2 else y == y.max()
    ties = sparse.csr_array((tied.astype(float), (ego, alter)), shape=(n_people, n_people))
    either = ((ties + ties.T) > 0).astype(float)
    for name, left, right in (
        ("people to whom the label ties both", either, either),
        ("people whom both named", ties, ties.T.tocsr()),
        ("people who named both", ties.T.tocsr(), ties),
        ("people between the two in the label", ties, ties),
        ("people between the two in the label, the other way", ties.T.tocsr(), ties.T.tocsr()),
    ):
        shared = (left @ right).tocsr()
        yield name, np.asarray(shared[ego, alter], dtype=float).ravel()


def _of_people(
    y: Floats, reverse: Floats, ego: Codes, alter: Codes, n_people: int
) -> Iterator[tuple[str, Floats]]:
    """Sums and means of labels by who gives and gets them, with the pair's own and without."""
    ends = {
        "that ego gave": (ego, y, ego, 1.0),
        "that alter gave": (ego, y, alter, 0.0),
        "that ego got": (alter, y, ego, 0.0),
        "that alter got": (alter, y, alter, 1.0),
    }
    whole = (np.bincount(ego, y, n_people) + np.bincount(alter, y, n_people)).astype(float)
    rows = (np.bincount(ego, minlength=n_people) + np.bincount(alter, minlength=n_people)).astype(float)
    found: list[Floats] = []
    for name, (by, label, at, own) in ends.items():
        total = np.bincount(by, label, n_people)[at].astype(float)
        count = np.bincount(by, minlength=n_people)[at].astype(float)
        mine = y if own else np.nan_to_num(reverse)
        one = np.ones(len(y)) if own else (~np.isnan(reverse)).astype(float)
        found.append(total)
        yield f"the labels {name}", total
        with np.errstate(invalid="ignore", divide="ignore"):
            yield f"the mean of the labels {name}", total / count
            yield f"the other labels {name}", total - mine
            yield f"the mean of the other labels {name}", (total - mine) / (count - one)
    for name, at in (("ego", ego), ("alter", alter)):
        yield f"the labels of {name}'s pairs", whole[at]
        yield f"the other labels of {name}'s pairs", whole[at] - y
        with np.errstate(invalid="ignore", divide="ignore"):
            yield f"the mean of the other labels of {name}'s pairs", (whole[at] - y) / (rows[at] - 1)
    yield "the labels of both people's pairs", whole[ego] + whole[alter]
    yield "the other labels of both people's pairs", whole[ego] + whole[alter] - 2 * y
    yield "the labels of both people's pairs, multiplied", whole[ego] * whole[alter]
    yield "the labels that ego gave and alter got", found[0] + found[3]

"""Columns made of how many labels people have, and of whom the labels tie them to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from honestsignals.inference.clusters import Codes, Floats

LOOKED_AT = 2_000
"""Neighbours in the order of a key that are looked at first: most columns are told apart there."""

NAME = "a function of how many labels each of the two has"
OF_SHARED = "a function of the people whom the two share in the labels, and of how many each has"


class Key(NamedTuple):
    """Numbers of labels by which rows are put together.

    Attributes
    ----------
    name : str
    code : ndarray of int, shape (n,)
        Rows with the same numbers have the same code.
    spare : int
        People who have the same numbers as others: by how many it could be told that a column is no function.
    fine : int
        How many different numbers of labels people have.
    """

    name: str
    code: Codes
    spare: int
    fine: int


def made_of_degrees(
    columns: Mapping[str, Floats], tied: Floats, ego: Codes, alter: Codes, shared: Floats | None = None
) -> dict[str, str]:
    """Columns that are the same wherever both people have as many labels: some function of these numbers.

    Whatever the function is, the least, the difference, a ratio, a logarithm, Jaccard's share: rows in which
    it could differ have the same value. How surprising that is counts the people who have as many labels as
    somebody else, and how often two rows have the same value of the column. A column of few values beside the
    numbers there are passes: where groups are of different sizes and named within, being of one group is a
    function of these too.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        NaN where undefined.
    tied : ndarray, shape (n,)
        The label, or 0 and 1.
    ego, alter : ndarray of int, shape (n,)
        Codes of the two people, from 0 on.
    shared : ndarray, shape (n,), optional
        People whom the labels tie to both.

    Returns
    -------
    dict of str to str
        What each is, of those found.

    Examples
    --------
    >>> ego, alter = np.nonzero(~np.eye(20, dtype=bool))
    >>> y = (np.sin(ego * ego + alter) > ego / 25).astype(float)
    >>> gave = np.bincount(ego, y)
    >>> least = np.log1p(np.minimum(gave[ego], gave[alter]))
    >>> made_of_degrees({"least": least, "other": np.sin(np.arange(380.0))}, y, ego, alter)
    {'least': 'a function of how many labels each of the two has'}
    """
    found: dict[str, str] = {}
    for key in _keys(tied, ego, alter, shared):
        left = {name: x for name, x in columns.items() if name not in found}
        order = np.argsort(key.code, kind="stable")
        same = np.flatnonzero(np.diff(key.code[order]) == 0)
        pairs = order[same], order[same + 1]
        for name, x in left.items():
            if _function(x, pairs, key):
                found[name] = key.name
    return found


DIGITS = 6.0
"""Decimal digits of the odds against rows with the same numbers agreeing by accident."""


FEWEST = 4
"""Values below which a column is never called a function."""

COARSE = 0.5
"""Share of the different numbers of labels: a column with fewer values may be one of groups."""


def _function(x: Floats, pairs: tuple[Codes, Codes], key: Key) -> bool:
    """Whether a column agrees within every pair of rows, and that is no accident."""
    known = x[~np.isnan(x)]
    size = np.abs(known).max(initial=0.0)
    step = max(1, len(pairs[0]) // LOOKED_AT)
    for part in (slice(None, None, step), slice(None)):
        first, second = x[pairs[0][part]], x[pairs[1][part]]
        if (np.abs(first - second) > 1e-9 * size).any():
            return False
    both = int((~np.isnan(x[pairs[0]]) & ~np.isnan(x[pairs[1]])).sum())
    shares = np.unique(np.round(known / (size or 1.0), 9), return_counts=True)[1] / max(len(known), 1)
    if len(shares) < max(FEWEST, COARSE * key.fine):
        return False
    return bool(-np.log10((shares**2).sum()) * min(key.spare, both) >= DIGITS)


def _keys(tied: Floats, ego: Codes, alter: Codes, shared: Floats | None) -> Iterator[Key]:
    """Numbers that ego and alter have: given, got or both, with the row's own label and without."""
    n = int(max(ego.max(), alter.max())) + 1
    (gave, some), (got, more) = (_codes(np.bincount(by, tied, n)) for by in (ego, alter))
    whole, all_of = _codes(np.bincount(ego, tied, n) + np.bincount(alter, tied, n))
    own, several = _codes(tied)
    each = _codes(gave * more + got)[0]
    for one, two, size in (
        (whole, whole, all_of),
        (gave, got, more),
        (gave, gave, some),
        (got, got, more),
        (got, gave, some),
    ):
        both = one[ego] * size + two[alter]
        spare = n - len(np.unique(np.column_stack([one, two]), axis=0))
        fine = int(min(one.max(), two.max())) + 1
        yield Key(NAME, both, spare, fine)
        # less the row's own label on either side
        yield Key(NAME, both * several + own, spare, fine)
    spare, fine = n - len(np.unique(each)), min(some, more)
    both = each[ego] * (int(each.max()) + 1) + each[alter]
    yield Key(NAME, both, spare, fine)
    if shared is not None:
        common, sizes = _codes(shared)
        yield Key(OF_SHARED, both * sizes + common, spare, fine)
        both = whole[ego] * all_of + whole[alter]
        yield Key(OF_SHARED, both * sizes + common, n - all_of, all_of)


def _codes(values: NDArray[Any]) -> tuple[Codes, int]:
    """Places among the distinct values, and how many there are."""
    distinct, found = np.unique(np.round(values, 9), return_inverse=True)
    return found.ravel(), len(distinct)


def of_degrees(y: Floats, ego: Codes, alter: Codes, n_people: int) -> Iterator[tuple[str, Floats]]:
    """What is often made of two numbers of labels: the lower, the higher, the difference, products from 1 on.

    Parameters
    ----------
    y : ndarray, shape (n,)
    ego, alter : ndarray of int, shape (n,)
    n_people : int

    Yields
    ------
    name : str
    values : ndarray, shape (n,)

    Examples
    --------
    >>> found = dict(of_degrees(np.array([1.0, 1.0, 0.0]), np.array([0, 0, 1]), np.array([1, 2, 2]), 3))
    >>> found["the labels of both people's pairs, the lower"].tolist()
    [1.0, 1.0, 1.0]
    """
    gave, got = (np.bincount(by, y, n_people).astype(float) for by in (ego, alter))
    whole = gave + got
    for name, one, two in (
        ("the labels of both people's pairs", whole[ego], whole[alter]),
        ("the labels that both gave", gave[ego], gave[alter]),
        ("the labels that both got", got[ego], got[alter]),
        ("the labels that ego gave and alter got", gave[ego], got[alter]),
    ):
        yield f"{name}, the lower", np.minimum(one, two)
        yield f"{name}, the higher", np.maximum(one, two)
        yield f"{name}, their difference", np.abs(one - two)
        yield f"{name}, the one less the other", one - two
        yield f"{name}, added", one + two
        yield f"{name}, multiplied", one * two
        yield f"{name}, multiplied from 1 on", (1 + one) * (1 + two)


def overlaps(either: Any, ego: Codes, alter: Codes) -> Iterator[tuple[str, Floats]]:
    """Neighbours that two people share, weighed as is usual: Jaccard, Salton, Adamic and Adar, allocation.

    Parameters
    ----------
    either : scipy.sparse array, shape (n_people, n_people)
        1 where the label ties two people, either way.
    ego, alter : ndarray of int, shape (n,)

    Yields
    ------
    name : str
    values : ndarray, shape (n,)

    Examples
    --------
    >>> ties = sparse.csr_array(np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]]))
    >>> dict(overlaps(ties, np.array([0]), np.array([1])))["Jaccard's share of people in the label"].round(3)
    array([0.333])
    """
    count = np.asarray(either.sum(axis=1), dtype=float).ravel()
    common = _between(either, either, ego, alter)
    both = count[ego] + count[alter] - common
    with np.errstate(invalid="ignore", divide="ignore"):
        yield "Jaccard's share of people in the label", np.where(both > 0, common / both, 0.0)
        root = np.sqrt(count[ego] * count[alter])
        yield "Salton's share of people in the label", np.where(root > 0, common / root, 0.0)
        logs, shares = 1 / np.log(count), 1 / count
    for name, weights in (("Adamic and Adar's sum over", logs), ("allocation by", shares)):
        # who has one tie is shared by nobody
        inner = sparse.diags_array(np.where(count > 1, weights, 0.0)).tocsr()
        yield f"{name} people to whom the label ties both", _between(either @ inner, either, ego, alter)


def _between(left: Any, right: Any, ego: Codes, alter: Codes) -> Floats:
    """Elements of a product of matrices, one a row."""
    return np.asarray((left @ right).tocsr()[ego, alter], dtype=float).ravel()

"""Columns that are made of the labels of pairs: what they would look like."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from honestsignals.inference.clusters import Codes, Floats, person_codes
from honestsignals.inference.decomposition import means
from honestsignals.inference.label_degrees import made_of_degrees, of_degrees, overlaps

FEWEST = 20
"""Rows below which two columns may rank alike by accident."""

DIGITS = 6.0
"""Decimal digits of the number of ways in which a column could be laid out among rows (or people), below
which it may be laid out as the label is by accident."""

FEW_LEVELS = 50
"""Distinct values up to which a column is the label under other names, in whatever order these stand."""

MOST_PEOPLE = 5_000
"""People up to whom shared neighbours are counted."""

MOST_LEVELS = 5
"""Highest levels of a label from each of which on it may tie two people."""

SAMPLE = 1_000
"""Rows that are looked at first: what ranks otherwise there, ranks otherwise."""

ROUNDING = 1e-9
"""By how much rounding may part two values, as a share of the larger."""


class Trace(NamedTuple):
    """What a column made of labels would be.

    Attributes
    ----------
    name : str
    values : ndarray, shape (n,)
        NaN where it is undefined.
    of_pairs : bool
        Whether pairs have values of their own, not only people.
    """

    name: str
    values: Floats
    of_pairs: bool


def traces_of_label(
    columns: Mapping[str, Floats],
    y: Floats,
    ego: NDArray[Any],
    alter: NDArray[Any],
    *,
    words: Collection[str] = (),
) -> dict[str, str]:
    """Columns that rank rows just as something made of the label does, and what that is.

    Tried are the label itself, the label of the same pair seen from the other side, the two together, what is
    left of the label beside people's means, sums and means of the labels that each of the two gives and gets
    (with and without the pair's own), the lower, the higher and the difference of two such sums, and the
    people to whom the label ties both, as numbers, shares (Jaccard, Salton) and weighed (Adamic and Adar).
    The first two are also known under other names of their values, and whatever is the same wherever both
    people have as many labels, and as many of them in common, is known as a function of these numbers. A
    mixture of these with anything else is not found, nor what was made of other labels than this one.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        NaN where undefined.
    y : ndarray, shape (n,)
        The label, known in every row.
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    words : collection of str
        Columns whose values are codes of words, in no order.

    Returns
    -------
    dict of str to str
        Empty where nothing is found.

    Examples
    --------
    >>> ego, alter = (part.ravel() for part in np.nonzero(~np.eye(20, dtype=bool)))
    >>> y = (np.sin(ego * ego + alter) > ego / 25).astype(float)
    >>> gave = 3.0 - 2.0 * np.bincount(ego, y)[ego]
    >>> traces_of_label({"gave": gave, "other": np.sin(np.arange(380.0)), "name": 7.0 - y}, y, ego, alter)
    {'name': 'the label itself', 'gave': 'the labels that ego gave'}
    """
    ego, alter, n_people = person_codes(ego, alter)
    left = {
        name: x
        for name, x in columns.items()
        if (~np.isnan(x)).sum() >= FEWEST and np.ptp(x[~np.isnan(x)]) > 0
    }
    found: dict[str, str] = {}
    for trace in _traces(y, ego, alter, n_people) if left else ():
        for name in [one for one in left if one not in found]:
            if name in words and not trace.of_pairs:
                continue
            if _alike(left[name], trace, n_people, name in words):
                found[name] = trace.name
    for tied, shared in _ties(y, ego, alter, n_people) if len(found) < len(left) else ():
        rest = {name: x for name, x in left.items() if name not in found}
        found |= made_of_degrees(rest, tied, ego, alter, shared)
    return found


def _ties(y: Floats, ego: Codes, alter: Codes, n_people: int) -> Iterator[tuple[Floats, Floats | None]]:
    """The label, then its highest levels as ties, each with the people to whom they tie both."""
    levels = np.unique(y)[:0:-1][:MOST_LEVELS]
    if len(levels) > 1:
        yield y, None
    for level in levels:
        tied = (y >= level).astype(float)
        small = n_people <= MOST_PEOPLE
        yield tied, next(_shared(tied, ego, alter, n_people))[1] if small else None


def told_without_error(
    x: Floats, y: Floats, ego: NDArray[Any], alter: NDArray[Any], *, words: bool = False
) -> str:
    """Which label a column tells in every row in which both are known, or is told by; "" where none.

    Either is so where one is a step of the other (a count from 3 on, a level from the second on). Such a
    column may be made of the label, or foretell it without error.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        The column, NaN where undefined, and the label.
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    words : bool
        Whether the column's values are codes of words, in no order.

    Returns
    -------
    str

    Examples
    --------
    >>> ego, alter = np.triu_indices(9, 1)
    >>> y = np.repeat([0.0, 1.0, 2.0], 12)
    >>> told_without_error((y >= 1).astype(float), y, ego, alter)
    'the label itself'
    >>> told_without_error(np.sin(np.arange(36.0)), y, ego, alter)
    ''
    """
    ego, alter, n_people = person_codes(ego, alter)
    for name, label in (
        ("the label itself", y),
        ("the label seen from the other side", _reverse(y, ego, alter, n_people)),
    ):
        there = ~np.isnan(x) & ~np.isnan(label)
        if there.sum() >= FEWEST and _told(_ranks(x[there]), _ranks(label[there]), words):
            return name
    return ""


def _told(first: Codes, second: Codes, words: bool) -> bool:
    """Whether one tells the other, up or down, and both could be laid out in very many ways."""
    if min(_digits(one, len(one)) for one in (first, second)) < DIGITS:
        return False
    if words:
        few = max(first.max(), second.max()) < FEW_LEVELS
        return few and (_function(first, second) or _function(second, first))
    return any(_step(one, second) or _step(second, one) for one in (first, first.max() - first))


def _step(of: Codes, told: Codes) -> bool:
    """Whether the one tells the other, which climbs with it or stays."""
    return bool((np.diff(told[np.lexsort((told, of))]) >= 0).all()) and _function(of, told)


def _function(of: Codes, told: Codes) -> bool:
    """Whether rows with the same code of the one have the same code of the other."""
    pairs = np.unique(np.column_stack([of, told]), axis=0)
    return len(pairs) == len(np.unique(of))


def _alike(x: Floats, trace: Trace, n_people: int, words: bool) -> bool:
    """Whether a column ranks rows as a trace does, or the other way round."""
    known = ~np.isnan(x)
    there = np.flatnonzero(known & ~np.isnan(trace.values))
    if len(there) < max(FEWEST, 0.5 * known.sum()) or np.ptp(trace.values[there]) == 0:
        return False
    step = max(1, len(there) // SAMPLE)
    for rows in (there[::step], there) if step > 1 else (there,):
        own, theirs = _ranks(x[rows]), _ranks(trace.values[rows])
        same = np.array_equal(own, theirs) or np.array_equal(own, theirs.max() - theirs)
        if words:
            same = False
        if not same and trace.of_pairs and max(own.max(), theirs.max()) < FEW_LEVELS:
            same = _function(own, theirs) and _function(theirs, own)
        if not same:
            return False
    return _digits(theirs, len(theirs) if trace.of_pairs else n_people) >= DIGITS


def _ranks(values: Floats) -> Codes:
    """Places among the distinct values; what only rounding parts is one value."""
    order = np.argsort(values, kind="stable")
    sorted_values = values[order]
    apart = np.diff(sorted_values) > ROUNDING * np.maximum(
        np.abs(sorted_values[1:]), np.abs(sorted_values[:-1])
    ).clip(1e-6 * np.ptp(values))
    found = np.empty(len(values), dtype=np.int64)
    found[order] = np.concatenate([[0], np.cumsum(apart)])
    return found


def _digits(codes: Codes, count: int) -> float:
    """Decimal digits of the number of ways to lay out so many things with these shares of codes."""
    shares = np.bincount(codes) / len(codes)
    shares = shares[shares > 0]
    return float(-count * (shares * np.log10(shares)).sum())


def _traces(y: Floats, ego: Codes, alter: Codes, n_people: int) -> Iterator[Trace]:
    yield Trace("the label itself", y, True)
    reverse = _reverse(y, ego, alter, n_people)
    yield Trace("the label seen from the other side", reverse, True)
    for name, values in (
        ("the labels of both, added", y + reverse),
        ("the labels of both, multiplied", y * reverse),
        ("the difference of both labels", np.abs(y - reverse)),
        ("the lower of both labels", np.minimum(y, reverse)),
        ("the higher of both labels", np.maximum(y, reverse)),
    ):
        yield Trace(name, values, True)
    for ordered in (True, False):
        parts = means(y, ego, alter, np.ones(len(y)), ordered=ordered)
        yield Trace("the label less the means of both", parts.deviation, True)
    for name, values in _of_people(y, reverse, ego, alter, n_people):
        yield Trace(name, values, False)
    if n_people > MOST_PEOPLE:
        return
    for level in np.unique(y)[:0:-1][:MOST_LEVELS]:
        for name, values in _shared((y >= level).astype(float), ego, alter, n_people):
            yield Trace(name, values, True)


def _reverse(y: Floats, ego: Codes, alter: Codes, n_people: int) -> Floats:
    """The label of the row with the two the other way round; NaN where there is none."""
    key, back = ego * n_people + alter, alter * n_people + ego
    order = np.argsort(key, kind="stable")
    place = np.minimum(np.searchsorted(key, back, sorter=order), len(key) - 1)
    found: Floats = np.where(key[order[place]] == back, y[order[place]], np.nan)
    return found


def _shared(tied: Floats, ego: Codes, alter: Codes, n_people: int) -> Iterator[tuple[str, Floats]]:
    """How many people the label ties to both."""
    those = np.flatnonzero(tied)
    ends = ego[those], alter[those]
    ties: Any = sparse.csr_array((np.ones(len(those)), ends), shape=(n_people, n_people))
    named_by = ties.T.tocsr()
    either = ((ties + named_by) > 0).astype(float)
    for name, left, right in (
        ("people to whom the label ties both", either, either),
        ("people whom both named", ties, named_by),
        ("people who named both", named_by, ties),
        ("people between the two in the label", ties, ties),
        ("people between the two in the label, the other way", named_by, named_by),
    ):
        shared = (left @ right).tocsr()
        yield name, np.asarray(shared[ego, alter], dtype=float).ravel()
    yield from overlaps(either, ego, alter)


def _of_people(
    y: Floats, reverse: Floats, ego: Codes, alter: Codes, n_people: int
) -> Iterator[tuple[str, Floats]]:
    """Sums and means of labels by who gives and gets them, with the pair's own and without."""
    ends = {
        "that ego gave": (ego, ego, True),
        "that alter gave": (ego, alter, False),
        "that ego got": (alter, ego, False),
        "that alter got": (alter, alter, True),
    }
    for name, (by, at, own) in ends.items():
        total = np.bincount(by, y, n_people)[at].astype(float)
        count = np.bincount(by, minlength=n_people)[at].astype(float)
        mine = y if own else np.nan_to_num(reverse)
        one = np.ones(len(y)) if own else (~np.isnan(reverse)).astype(float)
        yield f"the labels {name}", total
        yield f"the mean of the labels {name}", _over(total, count)
        yield f"the other labels {name}", total - mine
        yield f"the mean of the other labels {name}", _over(total - mine, count - one)
    gave, got = (np.bincount(by, y, n_people).astype(float) for by in (ego, alter))
    yield "the labels that ego gave and alter got", gave[ego] + got[alter]
    yield "the labels that ego gave and alter got, multiplied", gave[ego] * got[alter]
    rows = (np.bincount(ego, minlength=n_people) + np.bincount(alter, minlength=n_people)).astype(float)
    yield from _of_pairs(y, gave + got, rows, (ego, alter))
    yield from of_degrees(y, ego, alter, n_people)


def _of_pairs(
    y: Floats, whole: Floats, rows: Floats, people: tuple[Codes, Codes]
) -> Iterator[tuple[str, Floats]]:
    """Sums and means of the labels of all pairs of the one and of the other, and of both."""
    ego, alter = people
    average = _over(whole, rows)
    sides: tuple[tuple[str, Floats, Floats], ...] = (
        ("the labels", whole[ego], whole[alter]),
        ("the other labels", whole[ego] - y, whole[alter] - y),
        ("the mean of the labels", average[ego], average[alter]),
        (
            "the mean of the other labels",
            _over(whole[ego] - y, rows[ego] - 1),
            _over(whole[alter] - y, rows[alter] - 1),
        ),
    )
    for what, one, two in sides:
        yield f"{what} of ego's pairs", one
        yield f"{what} of alter's pairs", two
        yield f"{what} of both people's pairs", one + two
        yield f"{what} of both people's pairs, multiplied", one * two
        yield f"{what} of both people's pairs, their difference", np.abs(one - two)
        yield f"{what} of both people's pairs, the lower", np.minimum(one, two)
        yield f"{what} of both people's pairs, the higher", np.maximum(one, two)


def _over(total: Floats, count: Floats) -> Floats:
    """A mean; NaN of nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.where(count > 0, total / count, np.nan)
    return found

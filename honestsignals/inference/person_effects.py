"""Effects of people on the rows they are in: which can be told apart, and what columns are without them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from honestsignals.errors import ArgumentError, FitError
from honestsignals.inference.clusters import Codes, Floats, person_codes, sums
from honestsignals.inference.words import counted

KINDS = (("sender", "receiver"), ("sender",), ("receiver",), ("person",))
"""The effects that can be asked for: "person" is one effect a person that enters at both ends of a row."""

MOST_EFFECTS = 4_000
"""Effects whose cross-products are held as one dense matrix (128 MB); more are refused."""

MAYBE = {"sender and receiver": ("sender", "receiver"), "receiver and sender": ("sender", "receiver")}


@dataclass(frozen=True, eq=False)
class Effects:
    """Effects of people, ready to be taken out of any column.

    Attributes
    ----------
    kinds : tuple of str
        ("sender", "receiver"), ("sender",), ("receiver",) or ("person",).
    columns : ndarray of int, shape (n, 1) or (n, 2)
        The effects that enter each row.
    weights : ndarray, shape (n,)
        Weight of each row.
    free : ndarray of int, shape (n_effects,)
        Effects that are estimated; the others are fixed at 0, one in each set that would be redundant.
    factor : tuple
        Cholesky factor of the free effects' cross-products, each effect scaled to unit length.
    scale : ndarray, shape (n_effects,)
        Those lengths.
    n_columns : int
        Effects, redundant ones included.
    components : int
        Sets of senders and receivers (of people) that no row connects: their effects have no common zero. 1
        where there is one kind, which needs none.
    """

    kinds: tuple[str, ...]
    columns: Codes
    weights: Floats
    free: Codes
    factor: tuple[Floats, bool]
    scale: Floats
    n_columns: int
    components: int

    @property
    def n_effects(self) -> int:
        """Effects that are estimated: the degrees of freedom they use."""
        return int(self.free.size)

    @property
    def words(self) -> str:
        """As a sentence names them: "sender and receiver"."""
        return " and ".join(self.kinds)


def effect_kinds(fixed_effects: str | Sequence[str]) -> tuple[str, ...]:
    """Which effects are meant: "sender and receiver", "sender", "receiver", "person", or a tuple of them.

    Parameters
    ----------
    fixed_effects : str or sequence of str

    Returns
    -------
    tuple of str
        One of `KINDS`.

    Raises
    ------
    ArgumentError
        For any other word.

    Examples
    --------
    >>> effect_kinds("sender and receiver")
    ('sender', 'receiver')
    >>> effect_kinds(["receiver"])
    ('receiver',)
    """
    asked = fixed_effects
    kinds: tuple[str, ...]
    if isinstance(asked, str):
        kinds = MAYBE.get(asked, (asked,))
    else:
        several = list(asked) if isinstance(asked, Iterable) else []
        kinds = tuple(sorted((str(one) for one in several), reverse=True))
    if kinds not in KINDS:
        allowed = ", ".join(repr(" and ".join(one)) for one in KINDS)
        raise ArgumentError(f"fixed_effects is {asked!r}; it must be one of {allowed}.")
    return kinds


def effects_of(
    ego: NDArray[Any],
    alter: NDArray[Any],
    kinds: tuple[str, ...] = ("sender", "receiver"),
    weights: NDArray[Any] | None = None,
) -> Effects:
    r"""The effects of people in these rows, factored once for every column they are taken out of.

    With sender and receiver effects one effect in each connected set of senders and receivers is redundant;
    with an effect a person at both ends, one in each connected set that is bipartite (a pair alone, say).

    Parameters
    ----------
    ego, alter : ndarray, shape (n,)
        The two people of each row; the sender is ego.
    kinds : tuple of str
        One of `KINDS`.
    weights : ndarray, shape (n,), optional
        Weight of each row, positive; 1 where there are none.

    Returns
    -------
    Effects

    Raises
    ------
    ArgumentError
        Where a weight is not positive.
    FitError
        Where there are more effects than dense algebra holds.

    References
    ----------
    abowd1999

    Examples
    --------
    >>> ego, alter = np.nonzero(~np.eye(4, dtype=bool))
    >>> found = effects_of(ego, alter)
    >>> found.n_columns, found.n_effects, found.components
    (8, 7, 1)
    """
    ego, alter, n_people = person_codes(ego, alter)
    w = np.ones(ego.size) if weights is None else np.asarray(weights, dtype=float)
    if w.shape != ego.shape or not (np.isfinite(w).all() and (w > 0).all()):
        raise ArgumentError("weights must be positive and finite, one a row; leave rows of weight 0 out.")
    columns, count = _columns(ego, alter, kinds)
    if count > MOST_EFFECTS:
        raise FitError(
            f"{counted(count, 'effect')} of {counted(n_people, 'person', 'people')}: more than "
            f"{MOST_EFFECTS:,} are not held as one matrix. Fit groups of people apart."
        )
    redundant, components = _redundant(columns, count, kinds)
    free = np.setdiff1d(np.arange(count), redundant)
    cross = np.zeros((count, count))
    for one in columns.T:
        for other in columns.T:
            cross += np.bincount(one * count + other, weights=w, minlength=count**2).reshape(count, count)
    cross = cross[np.ix_(free, free)]
    scale = np.sqrt(np.diag(cross))
    factor = cho_factor(cross / np.outer(scale, scale), lower=True)
    return Effects(kinds, columns, w, free, factor, scale, count, components)


def taken_out(effects: Effects, values: NDArray[Any]) -> Floats:
    """What is left of columns once the effects are out: residuals of a weighted regression on dummies.

    Parameters
    ----------
    effects : Effects
    values : ndarray, shape (n,) or (n, q)

    Returns
    -------
    ndarray, shape of ``values``

    Examples
    --------
    >>> ego, alter = np.nonzero(~np.eye(4, dtype=bool))
    >>> float(np.abs(taken_out(effects_of(ego, alter), 2.0 * ego - alter)).max()) < 1e-12
    True
    """
    left = np.array(values, dtype=float)
    flat = left[:, None] if left.ndim == 1 else left
    # The second time takes out what rounding left of the first.
    for _ in range(2):
        total = np.zeros((effects.n_columns, flat.shape[1]))
        for codes in effects.columns.T:
            total += sums(codes, flat * effects.weights[:, None], effects.n_columns)
        found = np.zeros_like(total)
        part = total[effects.free] / effects.scale[:, None]
        found[effects.free] = cho_solve(effects.factor, part) / effects.scale[:, None]
        for codes in effects.columns.T:
            flat = flat - found[codes]
    return flat[:, 0] if left.ndim == 1 else flat


def generalised_inverse(effects: Effects) -> Floats:
    """A generalised inverse of the effects' cross-products: 0 for the redundant ones.

    Parameters
    ----------
    effects : Effects

    Returns
    -------
    ndarray, shape (n_columns, n_columns)

    Examples
    --------
    >>> effects = effects_of(np.array([0, 0, 1]), np.array([1, 2, 2]), ("sender",))
    >>> generalised_inverse(effects).round(6).tolist()
    [[0.5, 0.0], [0.0, 1.0]]
    """
    inverse = cho_solve(effects.factor, np.eye(effects.n_effects)) / np.outer(effects.scale, effects.scale)
    whole = np.zeros((effects.n_columns, effects.n_columns))
    whole[np.ix_(effects.free, effects.free)] = (inverse + inverse.T) / 2
    return whole


def leverages(effects: Effects) -> Floats:
    """Leverage of each row on the effects alone: 1 where they fit it exactly.

    Parameters
    ----------
    effects : Effects

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> effects = effects_of(np.array([0, 0, 1]), np.array([1, 2, 2]), ("sender",))
    >>> leverages(effects).round(6).tolist()
    [0.5, 0.5, 1.0]
    """
    inverse = generalised_inverse(effects)
    leverage = np.zeros(effects.weights.size)
    for one in effects.columns.T:
        for other in effects.columns.T:
            leverage += inverse[one, other]
    found: Floats = leverage * effects.weights
    return found


def _columns(ego: Codes, alter: Codes, kinds: tuple[str, ...]) -> tuple[Codes, int]:
    """Effects of each row, numbered from 0 over all kinds, and how many they are."""
    if kinds == ("person",):
        return np.column_stack([ego, alter]), int(max(ego.max(), alter.max())) + 1
    columns, count = [], 0
    for kind in kinds:
        present, codes = np.unique(ego if kind == "sender" else alter, return_inverse=True)
        columns.append(codes + count)
        count += present.size
    return np.column_stack(columns), count


def _redundant(columns: Codes, count: int, kinds: tuple[str, ...]) -> tuple[Codes, int]:
    """One effect of each set in which effects are determined but for one number; and the number of sets."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if columns.shape[1] == 1:
        return np.arange(0), 1
    one, other = columns.T
    links = coo_matrix((np.ones(one.size), (one, other)), shape=(count, count))
    components, member = connected_components(links, directed=False)
    wanting = np.ones(components, dtype=bool)
    if kinds == ("person",):
        # In the double cover a person stands twice; the two meet where a cycle of odd length is.
        twice = coo_matrix((np.ones(one.size), (one, other + count)), shape=(2 * count, 2 * count))
        again = coo_matrix((np.ones(one.size), (one + count, other)), shape=(2 * count, 2 * count))
        cover = connected_components(twice + again, directed=False)[1]
        wanting[member[cover[:count] == cover[count:]]] = False
    rows = np.bincount(columns.ravel(), minlength=count)
    order = np.lexsort((-rows, member))
    first = order[np.unique(member[order], return_index=True)[1]]  # of each set, who is in most rows
    return first[wanting], int(components)

"""Embeddedness: others whom both are in contact with.

Contact is an act of either towards the other, as in ``in_contact``. For all ties of a log the triangles are
listed; for other rows those of the sparse matrix of contacts are held against one another. Either way the
work grows with contacts, not with people.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import DesignError
from honestsignals.metrics.acts import ratio
from honestsignals.metrics.registry import metric, statistic
from honestsignals.metrics.ties import Ties
from honestsignals.metrics.triangles import laid_out, triangles

if TYPE_CHECKING:
    from scipy import sparse

Array = np.ndarray[Any, np.dtype[Any]]

SHARED_NAMES = ("shared_contacts", "adamic_adar")
"""Columns of all contacts that two share."""
MOST_CELLS = 500_000
"""Contacts that are laid side by side at once: few enough that their memory is used again."""
GRAIN = 2**45
"""Weights are summed as whole numbers of this grain: exact, whatever their order."""
MOST_SHARED = int(2**64 / GRAIN * math.log(2))
"""Contacts that two may share: a sum of so many stays below 2**64, however few contacts they have."""


def _shared(ties: Ties, ego: Array, alter: Array) -> tuple[Array, Array]:
    """Number of contacts that the two of each row share, and the sum of 1 / ln k over them."""
    kept = ties.derived.get("shared")
    if kept is not None and kept[0] is ego and kept[1] is alter:
        return kept[2], kept[3]
    known_shared(ties, ego, alter, shared_sums(ties, ego, alter))
    return _shared(ties, ego, alter)


def shared_sums(ties: Ties, ego: Array, alter: Array) -> tuple[Array, Array]:
    """Contacts that the two of each row share: how many, and their rarity in whole grains, which add up.

    Parameters
    ----------
    ties : Ties
    ego, alter : ndarray of int, shape (n_rows,)

    Returns
    -------
    tuple of ndarray of int64, shape (n_rows,)
    """
    return _of_triangles(ties) if are_ties(ties, ego, alter) else _of_rows(ties, ego, alter)


def are_ties(ties: Ties, ego: Array, alter: Array) -> bool:
    """Whether rows are the ties, in their order."""
    return len(ego) == len(ties) and bool((ego == ties.low).all() and (alter == ties.high).all())


def known_shared(ties: Ties, ego: Array, alter: Array, sums: tuple[Array, Array]) -> None:
    """Let rows of ties have sums that were worked out elsewhere, as `shared_sums` makes them.

    Raises
    ------
    DesignError
        Where two share more contacts than the sums can hold.
    """
    number, weight = sums
    if number.max(initial=0) > MOST_SHARED:
        raise DesignError(
            f"Two people share {number.max():,} contacts; their rarity is summed exactly for up to "
            f"{MOST_SHARED:,}. Leave out adamic_adar and shared_contacts."
        )
    # sums are never negative: the highest bit is theirs too
    ties.derived["shared"] = (ego, alter, number, weight.view(np.uint64) / GRAIN)


def rarity_of(contacts: Array) -> Array:
    """1 / ln k of so many contacts, as whole numbers; whoever is shared has two or more."""
    return np.rint(GRAIN / np.log(np.maximum(contacts, 2))).astype(np.int64)


def _of_rows(ties: Ties, ego: Array, alter: Array) -> tuple[Array, Array]:
    """Shared contacts of any rows: the contacts of the two held against one another."""
    degree, rarity = ties.contacts(), rarity_of(ties.contacts())
    plain = ties.once("plain", lambda: _contacts_of(ties, np.ones(ties.n_people, dtype=np.int64)))
    rare = ties.once("rare", lambda: _contacts_of(ties, rarity))
    number, weight = np.zeros(len(ego), dtype=np.int64), np.zeros(len(ego), dtype=np.int64)
    reach = np.cumsum(degree[ego] + degree[alter])
    row = 0
    while row < len(ego):
        until = int(np.searchsorted(reach, (reach[row - 1] if row else 0) + MOST_CELLS, side="right"))
        part = slice(row, max(until, row + 1))
        both = plain[ego[part]] * rare[alter[part]]
        number[part] = np.diff(both.indptr)
        filled = np.flatnonzero(number[part])
        if len(filled):
            weight[row + filled] = np.add.reduceat(both.data, both.indptr[filled])
        row = part.stop
    return number, weight


def _contacts_of(ties: Ties, weight: Array) -> sparse.csr_array:
    """Everybody's contacts as rows of a sparse matrix, each contact with a weight of its own."""
    from scipy import sparse

    row, column = np.concatenate([ties.low, ties.high]), np.concatenate([ties.high, ties.low])
    found = sparse.coo_array((weight[column], (row, column)), shape=(ties.n_people, ties.n_people)).tocsr()
    found.sort_indices()
    return found


def _of_triangles(ties: Ties) -> tuple[Array, Array]:
    """Shared contacts of all ties: each triangle gives each of its three ties one."""
    keys, order = laid_out(ties)
    sums = triangle_sums(keys, rarity_of(np.sort(ties.contacts())))
    del keys
    for values in sums:
        # one after the other: of many millions of ties each array counts
        values[order] = values.copy()
    return sums


def triangle_sums(keys: Array, rarity: Array, part: slice | None = None) -> tuple[Array, Array]:
    """What triangles add to the shared contacts of each tie, as `shared_sums` has them.

    Parameters
    ----------
    keys : ndarray of int64, shape (n_ties,)
        As `laid_out` returns them.
    rarity : ndarray of int64, shape (n_people,)
        Of everybody by how many contacts they have.
    part : slice, optional
        Of which triangles the first tie is in it; sums of all parts are those of all triangles.

    Returns
    -------
    tuple of ndarray of int64, shape (n_ties,)
    """
    number, weight = (np.zeros(len(keys), dtype=np.int64) for _ in range(2))
    held: list[tuple[Array, Array, Array]] = []
    for found in triangles(keys, len(rarity), MOST_CELLS, part):
        held.append(found)
        if sum(len(tie) for tie, *_ in held) > MOST_CELLS:
            _count(held, (keys, rarity), number, weight)
            held = []
    _count(held, (keys, rarity), number, weight)
    return number, weight


def _count(
    held: list[tuple[Array, Array, Array]], known: tuple[Array, Array], number: Array, weight: Array
) -> None:
    """Add to each tie of some triangles one, and the rarity of who is shared: the third of the three."""
    if not held:
        return
    keys, rarity = known
    tie, onward, across = (np.concatenate(one) for one in zip(*held, strict=True))
    # the tie lacks the far end, the one onward lacks the beginning, the one across the middle
    at = np.concatenate([tie, onward, across])
    n = len(rarity)
    third = np.concatenate([keys[onward] % n, keys[tie] // n, keys[tie] % n])
    # in place: what is new for every part of the triangles would be as long as all ties
    np.add.at(number, at, 1)
    np.add.at(weight, at, rarity[third])


@statistic(unit="people", by_kind=True, reference="onnela2007", formula="abs(N_i)")
def contacts_ego(ties: Ties, ego: Array, alter: Array) -> Array:
    """Others whom ego is in contact with, alter included."""
    return ties.contacts()[ego]


@statistic(
    unit="people",
    by_kind=True,
    reference="onnela2007",
    formula="abs(N_i and N_j)",
    asks=("How many common friends do they have?",),
)
def shared_contacts(ties: Ties, ego: Array, alter: Array) -> Array:
    """Others whom both are in contact with: common friends, or neighbours, of the two."""
    return _shared(ties, ego, alter)[0]


@metric(
    range=(0, 1),
    undefined="neither is in contact with anybody else",
    reference="onnela2007",
    formula="abs(N_i and N_j) / abs((N_i or N_j) without i and j)",
    elsewhere=("networkx jaccard_coefficient, i and j taken out of the union",),
    title="neighbourhood overlap",
    asks=("How much do their circles overlap?",),
)
def overlap(shared_contacts: Array, contacts_ego: Array, contacts_alter: Array, in_contact: Array) -> Array:
    """Share of the others whom either is in contact with that both are in contact with.

    Examples
    --------
    >>> overlap(np.array([1, 0]), np.array([2, 1]), np.array([3, 1]), np.array([1, 1])).round(4)
    array([0.5, nan])
    """
    others = contacts_ego + contacts_alter - 2 * in_contact - shared_contacts
    return ratio(shared_contacts, others)


@statistic(
    unit="",
    by_kind=True,
    reference="adamic2003",
    formula="sum over shared k of 1 / ln abs(N_k)",
    range=(0, math.inf),
    title="Adamic–Adar index",
    elsewhere=("networkx adamic_adar_index",),
)
def adamic_adar(ties: Ties, ego: Array, alter: Array) -> Array:
    """Shared contacts, each counting the more the fewer contacts it has itself."""
    return _shared(ties, ego, alter)[1]

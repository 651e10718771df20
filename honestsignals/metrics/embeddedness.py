"""Embeddedness: others whom both are in contact with.

Contact is an act of either towards the other, as in ``in_contact``. Rows of the sparse matrix of contacts
are held against one another, so that the work grows with the contacts of the two, not with the people.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.metrics.acts import ratio
from honestsignals.metrics.registry import metric, statistic
from honestsignals.metrics.ties import Ties

if TYPE_CHECKING:
    from scipy import sparse

Array = np.ndarray[Any, np.dtype[Any]]

MOST_CELLS = 4_000_000
"""Contacts of rows' egos and alters that are laid side by side at once."""


def _contacts_of(ties: Ties, weight: Array) -> sparse.csr_array:
    """Everybody's contacts as rows of a sparse matrix, each contact with a weight of its own."""
    from scipy import sparse

    row, column = np.concatenate([ties.low, ties.high]), np.concatenate([ties.high, ties.low])
    found = sparse.coo_array((weight[column], (row, column)), shape=(ties.n_people, ties.n_people)).tocsr()
    found.sort_indices()
    return found


def _shared(ties: Ties, ego: Array, alter: Array) -> tuple[Array, Array]:
    """Number of contacts that the two of each row share, and the sum of 1 / ln k over them."""
    kept = ties.derived.get("shared")
    if kept is not None and kept[0] is ego and kept[1] is alter:
        return kept[2], kept[3]
    degree = ties.contacts()
    # whoever is shared has two contacts or more; others are never looked at
    rarity = 1 / np.log(np.maximum(degree, 2))
    plain = ties.once("plain", lambda: _contacts_of(ties, np.ones(ties.n_people)))
    rare = ties.once("rare", lambda: _contacts_of(ties, rarity))
    number, weight = np.zeros(len(ego), dtype=np.int64), np.zeros(len(ego))
    reach = np.cumsum(degree[ego] + degree[alter])
    row = 0
    while row < len(ego):
        until = int(np.searchsorted(reach, (reach[row - 1] if row else 0) + MOST_CELLS, side="right"))
        part = slice(row, max(until, row + 1))
        both = plain[ego[part]] * rare[alter[part]]
        both.sort_indices()
        number[part] = np.diff(both.indptr)
        filled = np.flatnonzero(number[part])
        if len(filled):
            weight[row + filled] = np.add.reduceat(both.data, both.indptr[filled])
        row = part.stop
    ties.derived["shared"] = (ego, alter, number, weight)
    return number, weight


@statistic(unit="people", by_kind=True, reference="onnela2007", formula="abs(N_i)")
def contacts_ego(ties: Ties, ego: Array, alter: Array) -> Array:
    """Others whom ego is in contact with, alter included."""
    return ties.contacts()[ego]


@statistic(unit="people", by_kind=True, reference="onnela2007", formula="abs(N_i and N_j)")
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

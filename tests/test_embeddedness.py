"""Shared contacts: what networkx says, and the same bits from triangles and from rows."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

from honestsignals.errors import DesignError
from honestsignals.metrics import embeddedness, triads
from honestsignals.metrics.embeddedness import _of_rows, _of_triangles
from honestsignals.metrics.ties import Ties, ties_of_matrix
from honestsignals.metrics.triangles import even_parts, laid_out, ranked


def random_ties(seed: int, people: int = 40) -> Ties:
    """A hub, isolates, and ties by chance."""
    rng = np.random.default_rng(seed)
    matrix = (rng.random((people, people)) < rng.choice([0.02, 0.1, 0.4])).astype(int)
    matrix[0, 1 : people // 2] = 1
    matrix[-3:, :] = matrix[:, -3:] = 0
    np.fill_diagonal(matrix, 0)
    return ties_of_matrix(matrix)


@pytest.mark.parametrize("cells", [7, 4_000_000])
@pytest.mark.parametrize("seed", range(8))
def test_triangles_and_rows_give_the_same_bits(seed: int, cells: int, monkeypatch) -> None:
    ties = random_ties(seed)
    usual = _of_rows(ties, ties.low, ties.high)
    monkeypatch.setattr(embeddedness, "MOST_CELLS", cells)
    for found in (_of_rows(ties, ties.low, ties.high), _of_triangles(ties)):
        for one, other in zip(found, usual, strict=True):
            assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("seed", range(4))
def test_networkx_says_the_same(seed: int) -> None:
    ties = random_ties(seed)
    graph = nx.Graph(list(zip(ties.low.tolist(), ties.high.tolist(), strict=True)))
    graph.add_nodes_from(range(ties.n_people))
    ego, alter = np.triu_indices(ties.n_people, 1)
    shared = embeddedness.shared_contacts(ties, ego, alter)
    index = embeddedness.adamic_adar(ties, ego, alter)
    for row, (one, other, value) in enumerate(
        nx.adamic_adar_index(graph, zip(ego.tolist(), alter.tolist(), strict=True))
    ):
        assert shared[row] == len(list(nx.common_neighbors(graph, one, other)))
        assert math.isclose(index[row], value, rel_tol=1e-12)


def test_a_network_without_ties_has_nothing_shared() -> None:
    ties = ties_of_matrix(np.zeros((3, 3), dtype=int))
    ego, alter = np.triu_indices(3, 1)
    assert embeddedness.shared_contacts(ties, ego, alter).tolist() == [0, 0, 0]
    assert _of_triangles(ties)[0].tolist() == []


def test_people_whose_pairs_take_more_than_32_bits() -> None:
    few, n = random_ties(3), 70_000
    # the same people among many others without ties, far apart
    place = np.sort(np.random.default_rng(1).choice(n, few.n_people, replace=False))
    many = Ties(n, place[few.low], place[few.high], few.forth, few.back, n * (n - 1) // 2)
    for one, other in zip(_of_triangles(few), _of_triangles(many), strict=True):
        assert one.tolist() == other.tolist()
    assert triads._triangles(few) == triads._triangles(many) != {}


def test_sums_beyond_63_bits() -> None:
    # two people who share so many contacts that a sum of whole grains has its 64th bit set
    shared = 200_000
    low = np.repeat([0, 1], shared)
    high = np.tile(np.arange(2, shared + 2), 2)
    ones = np.ones(2 * shared, dtype=np.int64)
    ties = Ties(shared + 2, low, high, ones, ones, 1)
    ego, alter = np.array([0]), np.array([1])
    assert embeddedness.shared_contacts(ties, ego, alter).tolist() == [shared]
    assert math.isclose(embeddedness.adamic_adar(ties, ego, alter)[0], shared / math.log(2), rel_tol=1e-12)


def test_more_shared_contacts_than_can_be_summed(monkeypatch) -> None:
    ties = random_ties(1)
    number = _of_triangles(ties)[0].max()
    monkeypatch.setattr(embeddedness, "MOST_SHARED", number - 1)
    with pytest.raises(DesignError, match=f"share {number} contacts; their rarity is summed exactly"):
        embeddedness.adamic_adar(ties, ties.low, ties.high)


@pytest.mark.parametrize("number", [1, 2, 5, 40])
@pytest.mark.parametrize("seed", range(4))
def test_sums_of_parts_are_those_of_all_triangles(seed: int, number: int) -> None:
    ties = random_ties(seed)
    keys, order = laid_out(ties)
    first, second = ranked(ties)
    lower, higher = np.minimum(first, second).astype(np.int64), np.maximum(first, second)
    assert keys.tolist() == sorted(keys) == (lower * ties.n_people + higher)[order].tolist()
    rarity = embeddedness.rarity_of(np.sort(ties.contacts()))
    parts = even_parts(keys, ties.n_people, number)
    begins = [set((keys[part] // ties.n_people).tolist()) for part in parts]
    assert sum(map(len, begins)) == len(set().union(*begins)) == len(np.unique(lower))
    found = [embeddedness.triangle_sums(keys, rarity, part) for part in parts]
    for whole, some in zip(_of_triangles(ties), zip(*found, strict=True), strict=True):
        assert whole[order].tolist() == sum(some).tolist()

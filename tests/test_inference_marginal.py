"""Labels with an exact marginal: means, dependence, quantiles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from honestsignals.errors import ArgumentError
from honestsignals.inference.marginal import (
    binary_labels,
    continuous_labels,
    count_labels,
    dependent_normal,
    ordinal_labels,
)

N = 60
EGO, ALTER = np.nonzero(~np.eye(N, dtype=bool))


def draws(**parts: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.array([dependent_normal(N, EGO, ALTER, rng, **parts) for _ in range(400)])


def test_dependence_is_what_was_asked_for() -> None:
    z = draws(actor=0.3, partner=0.2, actor_partner_cor=0.5, dyad=0.1)
    row = {(int(i), int(j)): at for at, (i, j) in enumerate(zip(EGO, ALTER, strict=True))}
    shared = 0.5 * np.sqrt(0.3 * 0.2)  # a person's effect as actor with that as partner

    def covariance(kind: list[tuple[tuple[int, int], tuple[int, int]]]) -> float:
        return float(np.mean([np.mean(z[:, row[one]] * z[:, row[other]]) for one, other in kind]))

    triples = [(i, (i + 7) % N, (i + 19) % N) for i in range(N)]
    assert z.var() == pytest.approx(1, abs=0.02)
    assert covariance([((i, j), (i, k)) for i, j, k in triples]) == pytest.approx(0.3, abs=0.03)
    assert covariance([((j, i), (k, i)) for i, j, k in triples]) == pytest.approx(0.2, abs=0.03)
    assert covariance([((i, j), (k, i)) for i, j, k in triples]) == pytest.approx(shared, abs=0.03)
    assert covariance([((i, j), (j, i)) for i, j, k in triples]) == pytest.approx(2 * shared + 0.1, abs=0.03)


def test_undirected_rows_do_not_know_who_is_ego() -> None:
    parts = {"actor": 0.3, "partner": 0.3, "actor_partner_cor": 1.0}
    ego, alter = np.triu_indices(N, k=1)
    one = dependent_normal(N, ego, alter, np.random.default_rng(2), **parts)
    other = dependent_normal(N, alter, ego, np.random.default_rng(2), **parts)
    np.testing.assert_allclose(one, other, atol=1e-12)


def test_labels_have_exactly_their_quantiles() -> None:
    z = stats.norm.ppf((np.arange(10_000) + 0.5) / 10_000)
    assert binary_labels(np.full(z.size, 0.2), z).mean() == 0.2
    levels = ordinal_labels(np.tile([0.1, 0.4, 0.9], (z.size, 1)), z)
    np.testing.assert_array_equal(np.bincount(levels) / z.size, [0.1, 0.3, 0.5, 0.1])
    for mean in (0.01, 0.7, 4.0, 250.0):
        counts = count_labels(np.full(z.size, mean), z)
        np.testing.assert_array_equal(counts, stats.poisson.ppf(stats.norm.cdf(z), mean))
    assert continuous_labels(np.full(z.size, 3.0), z, sd=2.0).mean() == pytest.approx(3)


def test_a_binary_label_is_an_ordinal_one_with_two_levels() -> None:
    z, p = np.random.default_rng(3).normal(size=500), np.linspace(0.01, 0.99, 500)
    np.testing.assert_array_equal(binary_labels(p, z), ordinal_labels(1 - p[:, None], z))


def test_a_high_z_is_a_high_label() -> None:
    z, half = np.sort(np.random.default_rng(4).normal(size=500)), np.full(500, 0.5)
    made = [binary_labels(half, z), ordinal_labels(np.tile([0.2, 0.6], (500, 1)), z), count_labels(half, z)]
    assert all((np.diff(labels) >= 0).all() for labels in made)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"actor": 0.6, "partner": 0.5}, "variances must be 0 or more and sum to 1 at most"),
        ({"dyad": -0.1}, "dyad -0.1; variances must be 0 or more"),
        ({"actor_partner_cor": 1.5}, "actor_partner_cor is 1.5; it must lie between -1 and 1"),
    ],
)
def test_impossible_variances(parts: dict[str, float], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        dependent_normal(N, EGO, ALTER, np.random.default_rng(1), **parts)

"""The social relations model: the formulas in loops, what must not change, and effects that come back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from honestsignals.errors import DesignError
from honestsignals.metrics.levels import measure, planned
from honestsignals.metrics.registry import entries
from honestsignals.metrics.relations import RoundRobin, round_robin
from honestsignals.metrics.ties import ties_of_matrix

RELATIONS = [name for name, entry in entries("network").items() if entry.fact.family == "relations"]
EFFECTS = ["actor_effect", "partner_effect"]
MIRRORED = {
    "actor_variance": "partner_variance",
    "actor_share": "partner_share",
    "actor_reliability": "partner_reliability",
    "actor_effect": "partner_effect",
}
SQUARED = [name for name in RELATIONS if name.endswith(("_variance", "_covariance"))]


def twin(x: list[list[float]]) -> dict[str, object]:
    """The formulas, cell by cell."""
    n = len(x)
    people = range(n)
    others = {i: [j for j in people if j != i] for i in people}
    row = {i: sum(x[i][j] for j in others[i]) / (n - 1) for i in people}
    column = {i: sum(x[j][i] for j in others[i]) / (n - 1) for i in people}
    mean = sum(x[i][j] for i in people for j in others[i]) / (n * (n - 1))
    first, second = (n - 1) ** 2 / (n * (n - 2)), (n - 1) / (n * (n - 2))
    a = [first * row[i] + second * column[i] - (n - 1) / (n - 2) * mean for i in people]
    b = [first * column[i] + second * row[i] - (n - 1) / (n - 2) * mean for i in people]
    c = {(i, j): x[i][j] - a[i] - b[j] - mean for i in people for j in others[i]}
    both = sum(((c[i, j] + c[j, i]) / 2) ** 2 for i, j in c) / ((n - 1) * (n - 2) / 2 - 1)
    apart = sum((c[i, j] - c[j, i]) ** 2 for i, j in c) / 2 / ((n - 1) * (n - 2))
    own, shared = (both + apart) / 2, (both - apart) / 2
    part = n * (n - 2)
    noise = own * (n - 1) / part + shared / part
    actor = sum(value**2 for value in a) / (n - 1) - noise
    partner = sum(value**2 for value in b) / (n - 1) - noise
    crossed = sum(a[i] * b[i] for i in people) / (n - 1) - shared * (n - 1) / part - own / part
    # in loops too, what is 0 comes out as rounding
    actor, partner = (0.0 if abs(value) < 1e-14 else value for value in (actor, partner))
    positive = actor >= 0 and partner >= 0
    whole = actor + partner + own
    return {
        "actor_variance": actor,
        "partner_variance": partner,
        "relationship_variance": own,
        "actor_partner_covariance": crossed,
        "relationship_covariance": shared,
        "generalized_reciprocity": crossed / math.sqrt(actor * partner) if actor > 0 < partner else math.nan,
        "dyadic_reciprocity": shared / own,
        "actor_share": actor / whole if positive else math.nan,
        "partner_share": partner / whole if positive else math.nan,
        "relationship_share": own / whole if positive else math.nan,
        "actor_reliability": actor / (actor + noise) if actor >= 0 else math.nan,
        "partner_reliability": partner / (partner + noise) if partner >= 0 else math.nan,
        "actor_effect": a,
        "partner_effect": b,
    }


def matrices() -> list[np.ndarray]:
    """Counts with ties, people without acts, binary and signed amounts; some with a variance below 0."""
    rng = np.random.default_rng(3)
    out = []
    for n in (4, 5, 6, 9, 14):
        for values in (2, 5):
            counts = rng.integers(0, values, (n, n)).astype(float)
            isolated = counts.copy()
            isolated[1], isolated[:, 1] = 0.0, 0.0
            out += [counts, isolated, np.log1p(counts) + rng.gamma(0.5, 2.0, (n, 1)), counts + rng.random(n)]
    for matrix in out:
        np.fill_diagonal(matrix, 0.0)
    return out


CORPUS = matrices()


def measured(matrix: np.ndarray) -> dict[str, object]:
    ties = ties_of_matrix(matrix)
    out = measure(planned("network", RELATIONS), {"ties": ties}).values
    return out | measure(planned("person", EFFECTS), {"ties": ties}).values


def test_loops_find_the_same() -> None:
    below = 0
    for matrix in CORPUS:
        expected, found = twin(matrix.tolist()), measured(matrix)
        assert set(found) == set(expected)
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-9, atol=1e-11, err_msg=f"{name}\n{matrix}")
        below += min(expected["actor_variance"], expected["partner_variance"]) < 0
    assert below >= 3


def test_a_variance_below_0_stays_as_estimated() -> None:
    matrix = next(one for one in CORPUS if twin(one.tolist())["actor_variance"] < 0)
    found = measured(matrix)
    assert found["actor_variance"] < 0
    for name in ("generalized_reciprocity", "actor_share", "partner_share", "relationship_share"):
        assert math.isnan(found[name]), name
    assert math.isnan(found["actor_reliability"])
    assert not math.isnan(found["dyadic_reciprocity"])


# what must not change, and what does


def test_renaming_people_changes_nothing() -> None:
    for matrix in CORPUS:
        order = np.random.default_rng(1).permutation(len(matrix))
        found, before = measured(matrix[np.ix_(order, order)]), measured(matrix)
        for name in (*RELATIONS, *EFFECTS):
            expected = before[name][order] if name in EFFECTS else before[name]
            np.testing.assert_allclose(found[name], expected, rtol=1e-9, atol=1e-11, err_msg=name)


def test_transposing_exchanges_who_gives_and_who_gets() -> None:
    mirrored = MIRRORED | {other: one for one, other in MIRRORED.items()}
    for matrix in CORPUS:
        found, before = measured(matrix.T), measured(matrix)
        for name in (*RELATIONS, *EFFECTS):
            np.testing.assert_allclose(
                found[name], before[mirrored.get(name, name)], rtol=1e-9, atol=1e-11, err_msg=name
            )


def test_people_without_acts_change_it() -> None:
    for matrix in CORPUS[8:]:  # from six people on
        larger = np.pad(matrix, (0, 2))
        before, after = measured(matrix), measured(larger)
        for name in RELATIONS:
            assert entries("network")[name].fact.isolates
        assert after["relationship_variance"] != pytest.approx(before["relationship_variance"])
        assert after["dyadic_reciprocity"] != pytest.approx(before["dyadic_reciprocity"])


def test_a_level_and_a_unit() -> None:
    """A constant added changes nothing but the mean; twice as much is four times the variance."""
    for matrix in CORPUS:
        found, before = round_robin(3 * matrix + 1e6), round_robin(matrix)
        off = ~np.eye(len(matrix), dtype=bool)
        assert found.mean == pytest.approx(3 * matrix[off].mean() + 1e6)
        np.testing.assert_allclose(found.actor, 3 * before.actor, atol=1e-8)
        for name in SQUARED:
            assert getattr(found, name) == pytest.approx(9 * getattr(before, name), rel=1e-6, abs=1e-8)


def test_effects_add_up_to_every_cell() -> None:
    for matrix in CORPUS:
        fit = round_robin(matrix)
        whole = fit.mean + fit.actor[:, None] + fit.partner[None, :] + fit.relationship
        off = ~np.eye(len(matrix), dtype=bool)
        np.testing.assert_allclose(whole[off], matrix[off], atol=1e-12)
        assert (np.diag(fit.relationship) == 0).all()
        for part in (fit.actor, fit.partner, fit.relationship.sum(axis=0), fit.relationship.sum(axis=1)):
            np.testing.assert_allclose(part.sum(), 0, atol=1e-10)
        np.testing.assert_allclose(fit.relationship.sum(axis=0), 0, atol=1e-10)
        np.testing.assert_allclose(fit.relationship.sum(axis=1), 0, atol=1e-10)


def test_the_diagonal_is_not_looked_at() -> None:
    matrix = CORPUS[5].copy()
    before = round_robin(matrix)
    for value in (7.0, np.nan):
        np.fill_diagonal(matrix, value)
        after = round_robin(matrix)
        assert after.actor.tolist() == before.actor.tolist()
        assert after.actor_variance == before.actor_variance


# what is undefined


def test_rounding_is_no_variance() -> None:
    """Cells that are all alike, or rest on persons alone, leave nothing for the pairs."""
    giving, getting = np.array([0.1, 0.7, 0.3, 1.1, 0.2]), np.array([0.3, 0.1, 0.9, 0.2, 0.6])
    alone = measured(giving[:, None] + getting[None, :])
    assert alone["relationship_variance"] == alone["relationship_covariance"] == 0
    assert math.isnan(alone["dyadic_reciprocity"])
    assert alone["actor_reliability"] == 1
    only = measured(np.tile(giving[:, None], 5))
    assert only["partner_variance"] == only["actor_partner_covariance"] == 0
    assert math.isnan(only["generalized_reciprocity"])
    assert only["actor_share"] == 1
    level = measured(np.full((6, 6), 0.1))
    assert [level[name] for name in SQUARED] == [0] * 5
    assert all(math.isnan(level[name]) for name in set(RELATIONS) - set(SQUARED))


def test_fewer_than_four_people_have_no_model() -> None:
    for n in (0, 1, 2, 3):
        matrix = np.arange(n * n, dtype=float).reshape(n, n)
        found = measured(matrix)
        assert all(math.isnan(found[name]) for name in RELATIONS)
        assert all(len(found[name]) == n and np.isnan(found[name]).all() for name in EFFECTS)
        with pytest.raises(DesignError, match=f"{n} people: the social relations model needs at least 4"):
            round_robin(matrix)


def test_missing_cells_are_refused() -> None:
    matrix = CORPUS[2].copy()
    matrix[0, 1] = np.nan
    with pytest.raises(DesignError, match="Cells are missing"):
        round_robin(matrix)
    found = measure(planned("network", ["dyadic_reciprocity"]), {"ties": ties_of_matrix(matrix)})
    assert math.isnan(found.values["dyadic_reciprocity"])
    assert "not known" in found.refused["dyadic_reciprocity"]


# recovery


def drawn(rng: np.random.Generator, n: int) -> np.ndarray:
    """A round robin of known variances: actor 1, partner .5, pair 2; covariances .4 and .9."""
    person = rng.multivariate_normal([0, 0], [[1.0, 0.4], [0.4, 0.5]], n)
    matrix = 3 + person[:, :1] + person[:, 1][None, :]
    low, high = np.triu_indices(n, 1)
    pair = rng.multivariate_normal([0, 0], [[2.0, 0.9], [0.9, 2.0]], len(low))
    matrix[low, high] += pair[:, 0]
    matrix[high, low] += pair[:, 1]
    return matrix


@pytest.mark.parametrize("n", [4, 8, 20])
def test_known_variances_come_back(n) -> None:
    """Unbiased at any size, which means that one below 0 must stay so."""
    rng = np.random.default_rng(n)
    fits: list[RoundRobin] = [round_robin(drawn(rng, n)) for _ in range(600)]
    truth = {
        "mean": 3.0,
        "actor_variance": 1.0,
        "partner_variance": 0.5,
        "relationship_variance": 2.0,
        "actor_partner_covariance": 0.4,
        "relationship_covariance": 0.9,
    }
    for name, value in truth.items():
        found = np.array([getattr(fit, name) for fit in fits])
        assert abs(found.mean() - value) <= 3.5 * found.std(ddof=1) / math.sqrt(len(found)), name


def test_reliability_is_the_share_of_the_effects_that_is_the_persons() -> None:
    """Squared correlation of true and estimated effects, in many people at once."""
    rng = np.random.default_rng(30)
    true, found, claimed = [], [], []
    for _ in range(400):
        person = rng.normal(0, 1, 10)
        matrix = person[:, None] + rng.normal(0, 2, (10, 10))
        fit = round_robin(matrix)
        true.append(person - person.mean())
        found.append(fit.actor)
        claimed.append((fit.actor_variance, (fit.actor**2).sum() / 9))
    correlation = np.corrcoef(np.concatenate(true), np.concatenate(found))[0, 1]
    share = np.array(claimed).mean(axis=0)
    assert share[0] / share[1] == pytest.approx(correlation**2, abs=0.02)

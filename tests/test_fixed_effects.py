"""Sender and receiver effects against the model with a dummy for each, written out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honestsignals.errors import ArgumentError, FitError, UnknownNameError
from honestsignals.inference import fixed_effects_errors
from honestsignals.inference.clusters import pair_codes
from honestsignals.inference.fixed_effects import Within, within
from honestsignals.inference.fixed_effects_errors import within_covariance, within_facts, within_jackknife
from honestsignals.inference.people_shares import effective_df
from honestsignals.inference.person_effects import (
    KINDS,
    effect_kinds,
    effects_of,
    generalised_inverse,
    taken_out,
)

SLOPES = ["volume", "balance"]
EVERY = ["classical", "hc1", "pair", "two_way", "dyadic", "jackknife"]
FEW = settings(max_examples=5, deadline=None)
SEEDS = st.integers(0, 10_000)


@dataclass(frozen=True, eq=False)
class Study:
    ego: np.ndarray
    alter: np.ndarray
    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    kinds: tuple[str, ...]

    def fit(self) -> Within:
        effects = effects_of(self.ego, self.alter, self.kinds, self.weights)
        return within(self.X, self.y, SLOPES, effects)

    def covariance(self, name: str):
        return within_covariance(self.fit(), self.ego, self.alter, name)

    def take(self, rows: np.ndarray) -> Study:
        kept = {name: getattr(self, name)[rows] for name in ("ego", "alter", "X", "y", "weights")}
        return replace(self, **kept)


def study(
    seed: int, kinds: tuple[str, ...], n_people: int = 9, sparse: bool = False, weighted: bool = True
) -> Study:
    """Unbalanced rows, some pairs twice; columns that go with who the people are."""
    rng = np.random.default_rng([seed, 77])
    if kinds == ("person",):
        ego, alter = np.triu_indices(n_people, k=1)
    else:
        ego, alter = np.nonzero(~np.eye(n_people, dtype=bool))
    kept = rng.choice(ego.size, size=int((0.45 if sparse else 0.85) * ego.size), replace=False)
    rows = np.concatenate([kept, rng.choice(kept, size=ego.size // 8)])
    ego, alter = ego[rows], alter[rows]
    trait, taste = rng.normal(size=(2, n_people))
    X = np.column_stack(
        [rng.normal(size=rows.size) + trait[ego] - taste[alter], rng.random(rows.size) * taste[alter]]
    )
    y = X @ [0.5, -1.0] + 2 * trait[ego] + taste[alter] + rng.normal(size=rows.size)
    weights = rng.uniform(0.5, 2.0, size=rows.size) if weighted else np.ones(rows.size)
    return Study(ego, alter, X, y, weights, kinds)


def dummies(one: Study) -> np.ndarray:
    people = np.arange(max(one.ego.max(), one.alter.max()) + 1)
    sent = (one.ego[:, None] == people).astype(float)
    received = (one.alter[:, None] == people).astype(float)
    parts = {"sender": sent, "receiver": received, "person": sent + received}
    return np.column_stack([parts[kind] for kind in one.kinds])


def least_squares(one: Study) -> np.ndarray:
    """Slopes of the dummy model by the pseudo-inverse, dummies redundant or not."""
    root = np.sqrt(one.weights)[:, None]
    whole = np.column_stack([one.X, dummies(one)]) * root
    return (np.linalg.pinv(whole, rcond=1e-11) @ (one.y * root[:, 0]))[: one.X.shape[1]]


CASES = [(seed, kinds, sparse) for seed in (1, 2) for kinds in KINDS for sparse in (False, True)]


@pytest.mark.parametrize(("seed", "kinds", "sparse"), CASES)
def test_slopes_are_those_of_the_dummy_model(seed, kinds, sparse) -> None:
    one = study(seed, kinds, sparse=sparse)
    found = one.fit()
    np.testing.assert_allclose(found.estimate.beta, least_squares(one), rtol=1e-10, atol=1e-12)
    Z = dummies(one)
    assert found.effects.n_effects == np.linalg.matrix_rank(Z)
    whole = np.column_stack([one.X, Z])
    assert found.row_df == one.y.size - np.linalg.matrix_rank(whole)
    inverse = generalised_inverse(found.effects)
    columns = Z[:, Z.any(axis=0)]
    cross = (columns * one.weights[:, None]).T @ columns
    np.testing.assert_allclose(cross @ inverse @ cross, cross, atol=1e-9)


@pytest.mark.parametrize(("seed", "kinds", "sparse"), CASES)
def test_errors_are_the_slopes_block_of_the_dummy_model(seed, kinds, sparse) -> None:
    one = study(seed, kinds, sparse=sparse)
    w = one.weights
    whole = np.column_stack([one.X, dummies(one)])
    bread = np.linalg.pinv((whole * w[:, None]).T @ whole, rcond=1e-11, hermitian=True)
    residual = one.y - whole @ (bread @ whole.T @ (w * one.y))
    scores = whole * (w * residual)[:, None]
    n, rank = one.y.size, np.linalg.matrix_rank(whole)
    pairs = pair_codes(one.ego, one.alter)
    same = {
        "sender": one.ego[:, None] == one.ego,
        "receiver": one.alter[:, None] == one.alter,
        "pair": pairs[:, None] == pairs,
        "row": np.eye(n, dtype=bool),
    }
    shares = (
        same["sender"] | same["receiver"] | (one.ego[:, None] == one.alter) | (one.alter[:, None] == one.ego)
    )
    meat = {
        "hc1": same["row"] * n / (n - rank),
        "pair": same["pair"],
        "two_way": same["sender"].astype(float) + same["receiver"] - (same["sender"] & same["receiver"]),
        "dyadic": shares,
    }
    expected = {name: bread @ (scores.T @ related @ scores) @ bread for name, related in meat.items()}
    expected["classical"] = bread * float(w @ residual**2) / (n - rank)
    for name, matrix in expected.items():
        found = one.covariance(name)
        np.testing.assert_allclose(found.matrix, matrix[:2, :2], rtol=1e-8, atol=1e-12, err_msg=name)
    for name in ("classical", "hc1"):
        assert one.covariance(name).df.tolist() == [n - rank] * 2


@pytest.mark.parametrize(("seed", "kinds", "sparse"), CASES)
def test_jackknife_refits_the_dummy_model(seed, kinds, sparse) -> None:
    one = study(seed, kinds, sparse=sparse)
    if sparse and kinds == ("person",):
        one = study(seed, kinds, n_people=14, sparse=True)
    whole = least_squares(one)
    pairs = pair_codes(one.ego, one.alter)
    people = np.unique([one.ego, one.alter])
    by_person = np.array(
        [whole - least_squares(one.take((one.ego != who) & (one.alter != who))) for who in people]
    )
    by_pair = np.array([whole - least_squares(one.take(pairs != code)) for code in np.unique(pairs)])
    floor = by_pair.T @ by_pair
    matrix = by_person.T @ by_person * (people.size - 1) / people.size - floor
    found = one.covariance("jackknife")
    scale = np.abs(by_person.T @ by_person).max()
    np.testing.assert_allclose(found.floor, floor, rtol=1e-9, atol=1e-11 * scale)
    np.testing.assert_allclose(found.matrix, matrix, rtol=1e-9, atol=1e-10 * scale)
    np.testing.assert_allclose(found.df, effective_df(one.fit().estimate, one.ego, one.alter), rtol=1e-12)


def test_jackknife_by_the_pseudo_inverse_agrees(monkeypatch) -> None:
    one = study(3, ("sender", "receiver"))
    usual = one.covariance("jackknife")
    monkeypatch.setattr(fixed_effects_errors, "_solved", lambda matrix, values: None)
    np.testing.assert_allclose(one.covariance("jackknife").matrix, usual.matrix, rtol=1e-9)


def test_people_who_hang_on_one_other() -> None:
    """A receiver with one sender, a pair apart from all others: their effects go, slopes stay."""
    one = study(4, ("sender", "receiver"))
    ego = np.concatenate([one.ego, [0, 20, 21]])
    alter = np.concatenate([one.alter, [30, 21, 20]])
    rng = np.random.default_rng(5)
    more = replace(
        one,
        ego=ego,
        alter=alter,
        X=np.vstack([one.X, rng.normal(size=(3, 2))]),
        y=np.concatenate([one.y, rng.normal(size=3)]),
        weights=np.concatenate([one.weights, np.ones(3)]),
    )
    found, without = more.fit(), one.fit()
    assert (found.uninformative, found.effects.components) == (3, 3)
    assert found.row_df == without.row_df
    np.testing.assert_allclose(found.estimate.beta, without.estimate.beta, rtol=1e-10)
    np.testing.assert_allclose(
        more.covariance("jackknife").floor, one.covariance("jackknife").floor, rtol=1e-8
    )
    facts = within_facts(found)
    assert "3 sets of people" in facts[1]
    assert "3 rows are fitted exactly" in facts[2]


def test_a_slope_that_rests_on_one_person_has_no_error() -> None:
    one = study(6, ("sender", "receiver"))
    X = one.X.copy()
    X[:, 1] = (one.ego == 2) * np.cos(np.arange(one.y.size))
    found = replace(one, X=X).covariance("jackknife")
    assert np.isnan(found.matrix[1]).all()
    assert np.isnan(found.std_error[1])
    assert found.std_error[0] > 0
    assert "'balance' cannot be estimated without some person or pair" in found.notes[0]


# metamorphic


def assert_same(one: Study, other: Study, name: str) -> None:
    np.testing.assert_allclose(other.fit().estimate.beta, one.fit().estimate.beta, rtol=1e-9, atol=1e-12)
    first, second = one.covariance(name), other.covariance(name)
    unit = np.sqrt(np.outer(np.diag(one.covariance("hc1").matrix), np.diag(one.covariance("hc1").matrix)))
    np.testing.assert_allclose(second.matrix / unit, first.matrix / unit, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(second.df, first.df, rtol=1e-8)
    assert second.notes == first.notes


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("name", EVERY)
@FEW
@given(seed=SEEDS)
def test_names_of_people_and_order_of_rows_do_not_matter(kinds, name, seed) -> None:
    one = study(seed, kinds)
    rng = np.random.default_rng(seed)
    names = np.array([f"person {code}" for code in rng.permutation(9)])
    assert_same(one, replace(one, ego=names[one.ego], alter=names[one.alter]), name)
    assert_same(one, one.take(rng.permutation(one.y.size)), name)


@pytest.mark.parametrize("name", [name for name in EVERY if name != "two_way"])
@FEW
@given(seed=SEEDS)
def test_who_is_called_ego_does_not_matter_to_person_effects(name, seed) -> None:
    one = study(seed, ("person",))
    swap = np.random.default_rng(seed).random(one.y.size) < 0.5
    flipped = replace(one, ego=np.where(swap, one.alter, one.ego), alter=np.where(swap, one.ego, one.alter))
    assert_same(one, flipped, name)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("kinds", KINDS[:3])
def test_transposing_swaps_sender_and_receiver_effects(kinds, name) -> None:
    one = study(8, kinds)
    swap = {"sender": "receiver", "receiver": "sender"}
    turned = effect_kinds([swap[kind] for kind in kinds])
    assert_same(one, replace(one, ego=one.alter, alter=one.ego, kinds=turned), name)


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("name", EVERY)
@FEW
@given(seed=SEEDS, power=st.integers(-8, 8))
def test_units_do_not_matter(kinds, name, seed, power) -> None:
    one = study(seed, kinds)
    factor = np.array([2.0, 10.0**power])
    scaled = replace(one, X=one.X * factor, weights=one.weights)
    np.testing.assert_allclose(scaled.fit().estimate.beta * factor, one.fit().estimate.beta, rtol=1e-8)
    np.testing.assert_allclose(
        scaled.covariance(name).std_error * factor, one.covariance(name).std_error, rtol=1e-7
    )


@pytest.mark.parametrize("kinds", KINDS)
@FEW
@given(seed=SEEDS)
def test_what_people_are_leaves_slopes_alone(kinds, seed) -> None:
    """Adding what the effects stand for to the label, or to a column, changes no slope."""
    one = study(seed, kinds)
    of_ego, of_alter = np.random.default_rng(seed).normal(scale=10, size=(2, 9))
    parts = {
        "sender": of_ego[one.ego],
        "receiver": of_alter[one.alter],
        "person": of_ego[one.ego] + of_ego[one.alter],
    }
    added = sum(parts[kind] for kind in kinds)
    assert_same(one, replace(one, y=one.y + added), "dyadic")
    assert_same(one, replace(one, X=one.X + np.outer(added, [1.0, -0.5])), "jackknife")


@pytest.mark.parametrize("kinds", KINDS)
def test_every_row_twice_changes_no_error_that_knows_people(kinds) -> None:
    one = study(9, kinds)
    twice = one.take(np.tile(np.arange(one.y.size), 2))
    for name in ("pair", "dyadic", "jackknife"):
        np.testing.assert_allclose(
            twice.covariance(name).std_error, one.covariance(name).std_error, rtol=1e-8, err_msg=name
        )
    np.testing.assert_allclose(twice.fit().estimate.beta, one.fit().estimate.beta, rtol=1e-10)


@pytest.mark.parametrize("kinds", KINDS)
def test_a_weight_of_two_is_two_rows(kinds) -> None:
    one = study(10, kinds, weighted=False)
    doubled = np.arange(one.y.size) % 3 == 0
    weighted = replace(one, weights=1.0 + doubled)
    twice = one.take(np.concatenate([np.arange(one.y.size), np.flatnonzero(doubled)]))
    np.testing.assert_allclose(weighted.fit().estimate.beta, twice.fit().estimate.beta, rtol=1e-10)
    for name in ("pair", "dyadic", "jackknife"):
        np.testing.assert_allclose(
            weighted.covariance(name).std_error, twice.covariance(name).std_error, rtol=1e-8, err_msg=name
        )


def test_an_intercept_is_absorbed_and_nothing_else_is_in_silence() -> None:
    one = study(11, ("sender", "receiver"))
    effects = effects_of(one.ego, one.alter, one.kinds, one.weights)
    X = np.column_stack([np.ones(one.y.size), one.X])
    found = within(X, one.y, ["Intercept", *SLOPES], effects)
    assert (found.names, found.kept) == (tuple(SLOPES), (1, 2))
    np.testing.assert_array_equal(found.estimate.beta, one.fit().estimate.beta)
    with pytest.raises(FitError, match="'one' is the same in every row of a sender"):
        within(np.column_stack([X, X[:, 0]]), one.y, ["Intercept", *SLOPES, "one"], effects)


# refusals


def test_columns_that_effects_absorb_are_named_with_the_reason() -> None:
    one = study(12, ("sender", "receiver"))
    trait = np.arange(9.0) ** 2

    def refused(column: np.ndarray, words: str, kinds=one.kinds) -> None:
        effects = effects_of(one.ego, one.alter, kinds)
        with pytest.raises(FitError, match=words):
            within(np.column_stack([one.X, column]), one.y, [*SLOPES, "trait"], effects)

    refused(
        trait[one.ego], "'trait' is the same in every row of a sender, so the sender and receiver effects"
    )
    refused(trait[one.alter], "'trait' is the same in every row of a receiver")
    refused(trait[one.ego] - trait[one.alter], "something of the sender and something of the receiver")
    refused(np.zeros(one.y.size), "'trait' is 0 in every row")
    refused(trait[one.ego] + trait[one.alter], "something of the one person and the same", ("person",))
    refused(one.X[:, 0] + trait[one.ego], "Once the sender and receiver effects are out, 'trait' is")
    effects = effects_of(one.ego, one.alter, ("sender",))
    assert within(trait[one.alter][:, None], one.y, ["trait"], effects).names == ("trait",)


def test_what_cannot_be_fitted_is_refused(monkeypatch) -> None:
    one = study(13, ("sender", "receiver"))
    effects = effects_of(one.ego, one.alter)
    with pytest.raises(FitError, match="absorb the intercept, and there is no other column"):
        within(np.ones((one.y.size, 1)), one.y, ["Intercept"], effects)
    with pytest.raises(FitError, match="The label is 3 in every row"):
        within(one.X, np.full(one.y.size, 3.0), SLOPES, effects)
    with pytest.raises(FitError, match="fit the label exactly"):
        within(one.X, one.ego - 2.0 * one.alter, SLOPES, effects)
    with pytest.raises(FitError, match="exact combination"):
        within(one.X, one.X[:, 0] + one.ego, SLOPES, effects)
    few = one.take(np.arange(12))
    with pytest.raises(FitError, match="too few to estimate them"):
        few.fit()
    with pytest.raises(ArgumentError, match="missing or infinite"):
        within(one.X * np.nan, one.y, SLOPES, effects)
    with pytest.raises(ArgumentError, match="must be"):
        within(one.X, one.y[:-1], SLOPES, effects)
    with pytest.raises(ArgumentError, match="weights must be positive"):
        effects_of(one.ego, one.alter, weights=np.zeros(one.y.size))
    with pytest.raises(FitError, match=r"5,000 effects .* more than 4,000"):
        effects_of(np.arange(2500), np.arange(2500) + 2500, ("person",))
    with pytest.raises(UnknownNameError, match="Did you mean 'dyadic'"):
        one.covariance("dyad")
    monkeypatch.setattr(fixed_effects_errors, "LEAVING_OUT", 10.0)
    with pytest.raises(FitError, match="take covariance='dyadic'"):
        one.covariance("jackknife")


def test_effects_are_asked_for_by_name() -> None:
    assert effect_kinds(("receiver", "sender")) == ("sender", "receiver")
    assert effect_kinds("receiver and sender") == ("sender", "receiver")
    assert effect_kinds("person") == ("person",)
    for wrong in ("persons", ("sender", "person"), ()):
        with pytest.raises(ArgumentError, match="it must be one of 'sender and receiver', 'sender'"):
            effect_kinds(wrong)


def test_100_people_have_the_errors_that_theory_gives() -> None:
    rng = np.random.default_rng(3)
    ego, alter = np.nonzero(~np.eye(100, dtype=bool))
    X = rng.normal(size=(ego.size, 4)) + rng.normal(size=100)[ego][:, None]
    y = X @ np.ones(4) + rng.normal(size=100)[alter] + rng.normal(size=ego.size)
    found = within(X, y, list("abcd"), effects_of(ego, alter))
    assert (found.effects.n_effects, found.row_df) == (199, 9_900 - 4 - 199)
    np.testing.assert_allclose(within_jackknife(found, ego, alter).std_error, 1 / np.sqrt(9_700), rtol=0.3)
    assert np.abs(taken_out(found.effects, found.effects.columns[:, :1].astype(float))).max() < 1e-9

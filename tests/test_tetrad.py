"""The tetrad logit against every quadruple listed by loops, and what a change of the rows must do to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.special import expit

from honestsignals.errors import ArgumentError, DesignError, FitError, UnknownNameError
from honestsignals.inference import tetrad
from honestsignals.inference.clusters import pair_codes
from honestsignals.inference.estimators import estimate
from honestsignals.inference.quadruples import arranged, counts, drawn_pairs, informative
from honestsignals.inference.tetrad import Tetrads, tetrad_logit
from honestsignals.inference.tetrad_errors import ERRORS, tetrad_covariance, tetrad_facts

NAMES = ["volume", "balance"]
FEW = settings(max_examples=6, deadline=None)
SEEDS = st.integers(0, 59)
"""None of these studies of 14 people is separated."""


@dataclass(frozen=True, eq=False)
class Study:
    ego: np.ndarray
    alter: np.ndarray
    X: np.ndarray
    y: np.ndarray
    directed: bool

    def fit(self, **more) -> Tetrads:
        return tetrad_logit(self.X, self.y, self.ego, self.alter, NAMES, directed=self.directed, **more)

    def covariance(self, name: str, **more):
        return tetrad_covariance(self.fit(), self.ego, self.alter, name, **more)

    def take(self, rows: np.ndarray) -> Study:
        return replace(self, ego=self.ego[rows], alter=self.alter[rows], X=self.X[rows], y=self.y[rows])


def study(
    seed: int,
    directed: bool,
    n_people: int = 8,
    twice: bool = False,
    absent: float = 0.1,
    effects: float = 0.5,
) -> Study:
    """Rows with strong effects of people that go with the columns; some absent, some of two waves."""
    rng = np.random.default_rng([seed, 5])
    if directed:
        ego, alter = np.nonzero(~np.eye(n_people, dtype=bool))
    else:
        ego, alter = np.triu_indices(n_people, k=1)
    rows = rng.choice(ego.size, size=int((1 - absent) * ego.size), replace=False)
    if twice:
        rows = np.concatenate([rows, rng.choice(rows, size=6, replace=False)])
    ego, alter = ego[rows], alter[rows]
    trait, taste = rng.normal(scale=effects, size=(2, n_people))
    if not directed:
        taste = trait
    X = rng.normal(size=(rows.size, 2)) + 0.5 * (trait[ego] + taste[alter])[:, None]
    eta = X @ [0.5, -0.4] + trait[ego] + taste[alter]
    y = (rng.logistic(size=rows.size) < eta).astype(float)
    return Study(ego, alter, X, y, directed)


def listed(one: Study) -> list[tuple[int, int, int, int]]:
    """Informative quadruples by loops: rows (i,j), (k,j), (i,l), (k,l) with labels 1, 0, 0, 1."""
    at: dict[tuple[int, int], list[int]] = {}
    for row, (i, j) in enumerate(zip(one.ego.tolist(), one.alter.tolist(), strict=True)):
        at.setdefault((i, j), []).append(row)
        if not one.directed:
            at.setdefault((j, i), []).append(row)
    people = np.unique([one.ego, one.alter]).tolist()
    found, seen = [], set()
    for four in combinations(people, 4):
        for i, k, j, other in permutations(four):
            cells = [at.get(cell, []) for cell in ((i, j), (k, j), (i, other), (k, other))]
            for rows in product(*cells):
                if [one.y[row] for row in rows] == [1, 0, 0, 1] and frozenset(rows) not in seen:
                    seen.add(frozenset(rows))
                    found.append(rows)
    return found


def differences(one: Study) -> np.ndarray:
    rows = np.array(listed(one), dtype=int).reshape(-1, 4)
    X = one.X
    return X[rows[:, 0]] - X[rows[:, 1]] - X[rows[:, 2]] + X[rows[:, 3]]


def newton(d: np.ndarray) -> np.ndarray:
    beta = np.zeros(d.shape[1])
    for _ in range(50):
        rest = expit(-d @ beta)
        beta = beta + np.linalg.solve((d * (rest * (1 - rest))[:, None]).T @ d, d.T @ rest)
    return beta


@pytest.mark.parametrize("directed", [True, False])
def test_a_fit_is_refused_where_quadruples_are_separated_and_only_there(directed) -> None:
    refused = 0
    for seed in range(25):
        one = study(seed, directed, effects=1.0)
        d = differences(one)
        if not len(d):
            continue
        solved = linprog(-d.sum(axis=0), A_ub=-d, b_ub=np.zeros(len(d)), bounds=[(-1, 1)] * 2)
        if -solved.fun > 1e-9:
            refused += 1
            with pytest.raises(FitError, match="are separated by"):
                one.fit()
        else:
            one.fit()
    assert 2 < refused < 23


CASES = [(seed, directed, twice) for seed in (7, 9) for directed in (True, False) for twice in (False, True)]


@pytest.mark.parametrize(("seed", "directed", "twice"), CASES)
def test_estimates_are_those_of_all_quadruples_listed(seed, directed, twice) -> None:
    one = study(seed, directed, twice=twice)
    rows = listed(one)
    found = one.fit()
    assert (found.informative, found.used) == (len(rows), len(rows))
    assert sorted(np.flatnonzero(found.rows_used)) == sorted({row for four in rows for row in four})
    d = differences(one)
    beta = newton(d)
    np.testing.assert_allclose(found.beta, beta, rtol=1e-9)
    p = expit(d @ beta)
    np.testing.assert_allclose(found.log_likelihood, np.log(p).sum(), rtol=1e-10)
    np.testing.assert_allclose(found.null_log_likelihood, len(rows) * np.log(0.5), rtol=1e-10)
    np.testing.assert_allclose(found.hessian, (d * (p * (1 - p))[:, None]).T @ d, rtol=1e-9)
    plain = estimate(np.vstack([d, -d]), np.repeat([1.0, 0.0], len(d)), "logit", NAMES)
    np.testing.assert_allclose(found.beta, plain.beta, rtol=1e-8)


@pytest.mark.parametrize(("seed", "directed", "twice"), CASES)
def test_quadruples_are_counted_without_listing(seed, directed, twice) -> None:
    one = study(seed, directed, twice=twice, absent=0.3)
    whole = replace(one, y=np.ones(one.y.size))
    every = set()
    at: dict[tuple[int, int], list[int]] = {}
    for row, (i, j) in enumerate(zip(one.ego.tolist(), one.alter.tolist(), strict=True)):
        for cell in ((i, j),) if directed else ((i, j), (j, i)):
            at.setdefault(cell, []).append(row)
    for i, k, j, other in permutations(range(8), 4):
        cells = [at.get(cell, []) for cell in ((i, j), (k, j), (i, other), (k, other))]
        every |= {frozenset(rows) for rows in product(*cells)}
    arrangement = arranged(one.ego, one.alter, one.y, directed=directed)
    assert counts(arrangement) == (len(listed(one)), len(every))
    assert counts(arranged(one.ego, one.alter, whole.y, directed=directed)) == (0, len(every))
    n = np.arange(7)
    full = np.nonzero(n[:, None] != n) if directed else np.triu_indices(7, k=1)
    share = 4 if directed else 8
    assert counts(arranged(*full, np.ones(full[0].size), directed=directed))[1] == 7 * 6 * 5 * 4 // share


@pytest.mark.parametrize(("seed", "directed", "twice"), CASES)
def test_errors_sum_the_scores_of_quadruples(seed, directed, twice) -> None:
    one = study(seed, directed, twice=twice)
    quadruples, d = listed(one), differences(one)
    beta = newton(d)
    p = expit(d @ beta)
    scores = d * (1 - p)[:, None]
    bread = np.linalg.inv((d * (p * (1 - p))[:, None]).T @ d)
    u = np.array([scores[[row in four for four in quadruples]].sum(axis=0) for row in range(one.y.size)])
    found = one.fit()
    np.testing.assert_allclose(found.row_scores, u, atol=1e-9)
    pairs = pair_codes(one.ego, one.alter)

    def squares(groups: list[set[int]]) -> np.ndarray:
        """Σ of squares of the scores of the quadruples that have a row of a group."""
        total = np.zeros((2, 2))
        for group in groups:
            u = scores[[bool(group & set(four)) for four in quadruples]].sum(axis=0)
            total += np.outer(u, u)
        return total

    def rows_where(*each: np.ndarray) -> list[set[int]]:
        return [set(np.flatnonzero(one_group).tolist()) for one_group in each]

    people = range(int(max(one.ego.max(), one.alter.max())) + 1)
    by_row = squares([{row} for row in range(one.y.size)])
    by_pair = squares(rows_where(*(pairs == code for code in range(pairs.max() + 1))))
    by_person = squares(rows_where(*((one.ego == who) | (one.alter == who) for who in people)))
    n = one.y.size
    meat = {"hc1": by_row * n / (n - 2), "pair": by_pair, "dyadic": by_person - by_pair}
    if directed:
        senders = squares(rows_where(*(one.ego == who for who in people)))
        receivers = squares(rows_where(*(one.alter == who for who in people)))
        meat["two_way"] = senders + receivers - by_row
    for name, middle in meat.items():
        expected = bread @ middle @ bread
        np.testing.assert_allclose(one.covariance(name).matrix, expected, rtol=1e-7, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("twice", [True, False])
def test_jackknife_leaves_people_and_pairs_out(directed, twice) -> None:
    one = study(8, directed, n_people=8 if directed else 12, twice=twice, absent=0.0)
    whole, d, quadruples = one.fit(), differences(one), listed(one)
    pairs = pair_codes(one.ego, one.alter)
    rest = expit(-d @ whole.beta)
    steps, refits = {}, {}
    for kind, groups in (("person", range(int(one.alter.max()) + 1)), ("pair", range(int(pairs.max()) + 1))):
        for group in groups:
            gone = (one.ego == group) | (one.alter == group) if kind == "person" else pairs == group
            hit = np.array([any(gone[row] for row in four) for four in quadruples])
            left = (d[~hit] * (rest * (1 - rest))[~hit, None]).T @ d[~hit]
            steps.setdefault(kind, []).append(np.linalg.solve(left, d[hit].T @ rest[hit]))
            refits.setdefault(kind, []).append(whole.beta - newton(d[~hit]))
    for exact, deltas in ((False, steps), (True, refits)):
        person, pair = (np.array(deltas[kind]) for kind in ("person", "pair"))
        n_people = person.shape[0]
        floor = pair.T @ pair
        found = one.covariance("jackknife", exact=exact)
        np.testing.assert_allclose(found.floor, floor, rtol=1e-7)
        expected = person.T @ person * (n_people - 1) / n_people - floor
        np.testing.assert_allclose(found.matrix, expected, rtol=1e-6, atol=1e-8 * np.abs(expected).max())
    bread = np.linalg.inv(whole.hessian)
    v = []
    for group in range(n_people):
        hit = np.array([any(group in (one.ego[row], one.alter[row]) for row in four) for four in quadruples])
        part = (d[hit] * (rest * (1 - rest))[hit, None]).T @ d[hit]
        v.append(np.diag(bread @ part @ bread))
    v = np.array(v)
    np.testing.assert_allclose(one.covariance("jackknife").df, v.sum(0) ** 2 / (v**2).sum(0) - 1, rtol=1e-8)


def test_listing_again_gives_what_holding_gives(monkeypatch) -> None:
    one = study(11, True, n_people=12)
    held = one.fit()
    monkeypatch.setattr(tetrad, "HELD", 0)
    monkeypatch.setattr("honestsignals.inference.quadruples.CHUNK", 50)
    again = one.fit()
    assert again.held is None
    np.testing.assert_allclose(again.beta, held.beta, rtol=1e-12)
    np.testing.assert_allclose(again.row_information, held.row_information, rtol=1e-10, atol=1e-12)
    with pytest.raises(FitError, match="too many for exact refits"):
        tetrad_covariance(again, one.ego, one.alter, exact=True)


def test_a_sample_of_senders_is_seeded_and_said() -> None:
    one = study(12, True, n_people=14)
    whole = one.fit()
    some = one.fit(sample=40, seed=3)
    assert (some.informative, some.used < some.informative) == (whole.informative, True)
    np.testing.assert_array_equal(some.beta, one.fit(sample=40, seed=3).beta)
    assert not np.array_equal(some.beta, one.fit(sample=40, seed=4).beta)
    np.testing.assert_allclose(one.fit(sample=91, seed=1).beta, whole.beta, rtol=1e-12)
    assert "a seeded sample" in tetrad_facts(some)[1]
    chosen = drawn_pairs(14, 40, 3)
    assert sum(
        len(rows) for rows in informative(arranged(one.ego, one.alter, one.y, directed=True), chosen)
    ) == (some.used)


# metamorphic


def assert_same(one: Study, other: Study, name: str, factor: np.ndarray | float = 1.0) -> None:
    first, second = one.fit(), other.fit()
    assert (first.informative, first.quadruples) == (second.informative, second.quadruples)
    np.testing.assert_allclose(second.beta * factor, first.beta, rtol=1e-8, atol=1e-10)
    before, after = one.covariance(name), other.covariance(name)
    np.testing.assert_allclose(after.std_error * factor, before.std_error, rtol=1e-7)
    np.testing.assert_allclose(after.df, before.df, rtol=1e-7)
    assert before.notes == after.notes


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("name", ERRORS)
@FEW
@given(seed=SEEDS)
def test_names_order_and_units_do_not_matter(directed, name, seed) -> None:
    if name == "two_way" and not directed:
        return
    one = study(seed, directed, n_people=14)
    rng = np.random.default_rng(seed)
    names = np.array([f"p{code}" for code in rng.permutation(14)])
    assert_same(one, replace(one, ego=names[one.ego], alter=names[one.alter]), name)
    assert_same(one, one.take(rng.permutation(one.y.size)), name)
    factor = np.array([2.0, 1e-6])
    assert_same(one, replace(one, X=one.X * factor), name, factor)


@pytest.mark.parametrize("name", ERRORS)
@FEW
@given(seed=SEEDS)
def test_direction_is_a_matter_of_names(name, seed) -> None:
    """Flipping undirected pairs, and transposing a directed network, change nothing."""
    one = study(seed, True, n_people=14)
    assert_same(one, replace(one, ego=one.alter, alter=one.ego), name)
    if name != "two_way":
        pairs = study(seed, False, n_people=14)
        swap = np.random.default_rng(seed).random(pairs.y.size) < 0.5
        ego, alter = np.where(swap, pairs.alter, pairs.ego), np.where(swap, pairs.ego, pairs.alter)
        assert_same(pairs, replace(pairs, ego=ego, alter=alter), name)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("name", ["pair", "jackknife"])
@FEW
@given(seed=SEEDS)
def test_what_people_are_leaves_slopes_alone(directed, name, seed) -> None:
    one = study(seed, directed, n_people=14)
    of_ego, of_alter = np.random.default_rng(seed).normal(scale=5, size=(2, 14))
    added = of_ego[one.ego] + (of_alter if directed else of_ego)[one.alter]
    assert_same(one, replace(one, X=one.X + np.outer(added, [1.0, -0.5])), name)


@pytest.mark.parametrize("directed", [True, False])
def test_zero_for_one_and_one_for_zero_turns_the_sign(directed) -> None:
    one = study(5, directed, n_people=10)
    other = replace(one, y=1.0 - one.y)
    np.testing.assert_allclose(other.fit().beta, -one.fit().beta, rtol=1e-9)
    np.testing.assert_allclose(
        other.covariance("jackknife").std_error, one.covariance("jackknife").std_error, rtol=1e-8
    )


@pytest.mark.parametrize("directed", [True, False])
def test_every_row_twice_changes_no_error_that_knows_people(directed) -> None:
    one = study(6, directed, n_people=10)
    twice = one.take(np.tile(np.arange(one.y.size), 2))
    assert twice.fit().informative == 16 * one.fit().informative
    np.testing.assert_allclose(twice.fit().beta, one.fit().beta, rtol=1e-9)
    for name in ("pair", "dyadic", "jackknife"):
        np.testing.assert_allclose(
            twice.covariance(name).std_error, one.covariance(name).std_error, rtol=1e-7, err_msg=name
        )
    n = one.y.size
    shrunk = one.covariance("hc1").std_error / twice.covariance("hc1").std_error
    np.testing.assert_allclose(shrunk, np.sqrt(2 * (2 * n - 2) / (2 * n) * n / (n - 2)), rtol=1e-8)


# refusals


def test_what_quadruples_cannot_tell_is_refused() -> None:
    one = study(8, True, n_people=10)

    def refused(words: str, error: type[Exception] = FitError, **changes) -> None:
        with pytest.raises(error, match=words):
            replace(one, **changes).fit()

    refused(r"None of [\d,]+ quadruples of rows is informative: 0 rows of 81", y=np.zeros(one.y.size))
    refused("nowhere do two senders differ", y=(one.ego > 4).astype(float))
    refused("'volume' is the same in every row of a sender", X=np.column_stack([one.ego**2.0, one.X[:, 1]]))
    refused("'balance' is a combination of 'volume'", X=one.X[:, [0, 0]])
    refused("a logit needs labels of 0 and 1", ArgumentError, y=one.y * 2)
    refused("missing or infinite", ArgumentError, X=one.X * np.nan)
    refused("must be", ArgumentError, y=one.y[:-1])
    separating = np.column_stack([one.y + 0.01 * one.X[:, 0], one.X[:, 1]])
    refused("The informative quadruples are separated by", X=separating)
    inert = np.zeros(one.y.size)
    inert[np.flatnonzero(~one.fit().rows_used)] = 1.0
    lonely = study(8, True, n_people=10)
    with pytest.raises(FitError, match="too few to estimate them"):
        lonely.take(np.arange(15)).fit()


def test_a_column_that_no_informative_quadruple_tells_is_refused() -> None:
    """A column that differs in rows of all-1 senders alone: the effects leave it, the quadruples do not."""
    one = study(9, True, n_people=10, absent=0.0)
    y = np.where(one.ego == 3, 1.0, one.y)
    column = np.where(one.ego == 3, one.X[:, 1], 0.0)
    with pytest.raises(FitError, match="'balance' cancels in every informative quadruple"):
        replace(one, y=y, X=np.column_stack([one.X[:, 0], column])).fit()


def test_errors_and_sizes_that_there_are_not(monkeypatch) -> None:
    one, pairs = study(8, True, n_people=10), study(8, False, n_people=12)
    with pytest.raises(DesignError, match="no classical errors"):
        one.covariance("classical")
    assert "dyadic: in a tetrad logit its errors are too small" in one.covariance("dyadic").notes[-1]
    with pytest.raises(DesignError, match="have no direction; use 'dyadic'"):
        pairs.covariance("two_way")
    with pytest.raises(UnknownNameError, match="Did you mean 'jackknife'"):
        one.covariance("jacknife")
    with pytest.raises(ArgumentError, match="sample is 0"):
        one.fit(sample=0)
    with pytest.raises(ArgumentError, match="seed is -1"):
        one.fit(sample=3, seed=-1)
    monkeypatch.setattr(tetrad, "MOST_QUADRUPLES", 3)
    with pytest.raises(FitError, match="say sample="):
        one.fit()


def test_a_slope_that_rests_on_one_person_has_no_error() -> None:
    one = study(10, True, n_people=10)
    column = np.where(one.ego == 2, one.X[:, 1], 0.0)
    found = replace(one, X=np.column_stack([one.X[:, 0], column])).covariance("jackknife")
    assert np.isnan(found.std_error[1])
    assert found.std_error[0] > 0
    assert "'balance' cannot be estimated without some person or pair" in found.notes[0]


def test_effects_that_go_with_a_column_bias_the_plain_logit_and_not_this() -> None:
    """Mean of 40 studies of 24 people: the plain logit is far off, the tetrad logit within its error."""
    plain, tetrads = [], []
    for seed in range(40):
        rng = np.random.default_rng([seed, 9])
        ego, alter = np.nonzero(~np.eye(24, dtype=bool))
        a, b = rng.normal(size=(2, 24))
        x = rng.normal(size=ego.size) + a[ego] + b[alter]
        y = (rng.logistic(size=ego.size) < 0.5 * x + a[ego] + b[alter] - 1).astype(float)
        plain.append(estimate(np.column_stack([np.ones(x.size), x]), y, "logit", ["1", "x"]).beta[1])
        tetrads.append(tetrad_logit(x[:, None], y, ego, alter, ["x"]).beta[0])
    assert np.mean(plain) > 0.8
    assert abs(np.mean(tetrads) - 0.5) < 3 * np.std(tetrads) / np.sqrt(40)

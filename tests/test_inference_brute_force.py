"""Each covariance against its definition written as loops."""

from __future__ import annotations

import time

import numpy as np
import pytest

from honestsignals.inference import refits
from honestsignals.inference.clusters import pair_codes, sums
from honestsignals.inference.covariance import dyadic, frank_snijders, jackknife, pair, two_way
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.families import FAMILIES
from honestsignals.inference.newton import Problem, solve
from honestsignals.inference.people_shares import effective_df
from honestsignals.inference.score_series import Whole, series_of
from honestsignals.inference.variance import inverse_root
from tests.networks import Rows, simulated

STUDIES = [
    *(
        (seed, directed, family)
        for seed in (1, 2)
        for directed in (True, False)
        for family in ("gaussian", "logit")
    ),
    *((3, directed, family) for directed in (True, False) for family in list(FAMILIES)[2:]),
]


def study(seed: int, directed: bool, family: str) -> Rows:
    return simulated(seed, n_people=13, directed=directed, family=family)


def people(rows: Rows, row: int) -> set[int]:
    return {int(rows.ego[row]), int(rows.alter[row])}


def summed_over(rows: Rows, scores: np.ndarray, related: object) -> np.ndarray:
    """Σ over all pairs of rows (a row with itself too) that are related."""
    k = scores.shape[1]
    meat = np.zeros((k, k))
    for one in range(rows.y.size):
        for other in range(rows.y.size):
            if related(one, other):  # type: ignore[operator]
                meat += np.outer(scores[one], scores[other])
    return meat


@pytest.mark.parametrize("columns", [1, 3, 4, 12])
def test_sums_are_those_of_a_loop_over_rows_to_the_bit(columns: int) -> None:
    """However many columns are summed, and where some are not finite; a group without rows has 0."""
    rng = np.random.default_rng(columns)
    codes, values = rng.integers(0, 7, 200), rng.normal(size=(200, columns))
    values[[3, 50], 0] = np.nan, np.inf
    expected = np.zeros((8, columns))
    for code, row in zip(codes, values, strict=True):
        expected[code] += row
    np.testing.assert_array_equal(sums(codes, values, 8), expected)
    np.testing.assert_array_equal(sums(codes, np.asfortranarray(values), 8), expected)
    assert sums(codes[:0], values[:0], 2).tolist() == [[0.0] * columns] * 2


@pytest.mark.parametrize(("seed", "directed", "family"), STUDIES)
def test_dyadic_sums_over_all_rows_that_share_a_person(seed: int, directed: bool, family: str) -> None:
    rows = study(seed, directed, family)
    fit = rows.fit(family)
    bread = np.linalg.inv(fit.hessian)
    meat = summed_over(rows, fit.scores, lambda one, other: people(rows, one) & people(rows, other))
    found = dyadic(fit, rows.ego, rows.alter, fit.names)
    np.testing.assert_allclose(found.matrix, bread @ meat @ bread, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("seed", "directed", "family"), STUDIES)
def test_pair_and_two_way_sum_over_their_clusters(seed: int, directed: bool, family: str) -> None:
    rows = study(seed, directed, family)
    fit = rows.fit(family)
    bread = np.linalg.inv(fit.hessian)
    meat = summed_over(rows, fit.scores, lambda one, other: people(rows, one) == people(rows, other))
    found = pair(fit, rows.ego, rows.alter, fit.names)
    np.testing.assert_allclose(found.matrix, bread @ meat @ bread, rtol=1e-9, atol=1e-12)
    sender = summed_over(rows, fit.scores, lambda one, other: rows.ego[one] == rows.ego[other])
    receiver = summed_over(rows, fit.scores, lambda one, other: rows.alter[one] == rows.alter[other])
    both = summed_over(
        rows, fit.scores, lambda i, j: rows.ego[i] == rows.ego[j] and rows.alter[i] == rows.alter[j]
    )
    meat = sender + receiver - both
    found = two_way(fit, rows.ego, rows.alter, fit.names)
    np.testing.assert_allclose(found.matrix, bread @ meat @ bread, rtol=1e-9, atol=1e-12)


def keeps(rows: Rows) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The rows left without each person, and without each pair."""
    pairs = pair_codes(rows.ego, rows.alter)
    persons = np.unique(np.concatenate([rows.ego, rows.alter]))
    by_person = [(rows.ego != person) & (rows.alter != person) for person in persons]
    return by_person, [pairs != code for code in np.unique(pairs)]


def left_out(rows: Rows, family: str) -> tuple[np.ndarray, np.ndarray]:
    """Δ of every person and of every pair, by deleting their rows and fitting again."""
    whole = rows.fit(family).beta
    return tuple(  # type: ignore[return-value]
        np.array([whole - rows.take(keep).fit(family, start=whole).beta for keep in each])
        for each in keeps(rows)
    )


def one_step(rows: Rows, fit: Estimate) -> tuple[np.ndarray, np.ndarray]:
    """Newton's step from the whole estimate, without every person and every pair."""

    def step(keep: np.ndarray) -> np.ndarray:
        Z, W = fit.predictors[~keep], fit.curvature[~keep]
        left = fit.hessian - sum(z.T @ w @ z for z, w in zip(Z, W, strict=True))
        return np.linalg.solve(left, fit.scores[~keep].sum(axis=0))

    return tuple(np.array([step(keep) for keep in each]) for each in keeps(rows))  # type: ignore[return-value]


def near(found: np.ndarray | None, expected: np.ndarray, relative: float = 1e-9) -> None:
    assert found is not None
    np.testing.assert_allclose(found, expected, rtol=relative, atol=relative * np.abs(expected).max())


@pytest.mark.parametrize(("seed", "directed", "family"), STUDIES)
def test_jackknives_delete_people_and_pairs(seed: int, directed: bool, family: str) -> None:
    rows = study(seed, directed, family)
    by_person, by_pair = left_out(rows, family)
    n_people, fit = by_person.shape[0], rows.fit(family)
    floor = by_pair.T @ by_pair
    matrix = by_person.T @ by_person * (n_people - 1) / n_people - floor
    found = jackknife(fit, rows.ego, rows.alter, fit.names, exact=True)
    near(found.matrix, matrix)
    near(found.floor, floor)
    np.testing.assert_array_equal(
        found.std_error, np.sqrt(np.maximum(np.diag(found.matrix), np.diag(found.floor)))
    )
    theirs = frank_snijders(fit, rows.ego, rows.alter, fit.names, exact=True)
    near(theirs.matrix, by_person.T @ by_person * (n_people - 2) / (2 * n_people))


@pytest.mark.parametrize("directed", [True, False])
def test_one_step_is_exact_for_the_gaussian(directed: bool) -> None:
    rows = study(3, directed, "gaussian")
    fit = rows.fit("gaussian")
    by_person, _ = left_out(rows, "gaussian")
    one_step = jackknife(fit, rows.ego, rows.alter, fit.names)
    n_people = by_person.shape[0]
    expected = by_person.T @ by_person * (n_people - 1) / n_people
    np.testing.assert_allclose(one_step.matrix + one_step.floor, expected, rtol=1e-10)


@pytest.mark.parametrize(("seed", "directed", "family"), STUDIES)
def test_one_step_is_newtons_from_the_whole_estimate(seed: int, directed: bool, family: str) -> None:
    rows = study(seed, directed, family)
    fit = rows.fit(family)
    by_person, by_pair = one_step(rows, fit)
    n_people, floor = by_person.shape[0], by_pair.T @ by_pair
    found = jackknife(fit, rows.ego, rows.alter, fit.names)
    near(found.floor, floor)
    near(found.matrix, by_person.T @ by_person * (n_people - 1) / n_people - floor)
    theirs = frank_snijders(fit, rows.ego, rows.alter, fit.names)
    near(theirs.matrix, by_person.T @ by_person * (n_people - 2) / (2 * n_people))


@pytest.mark.parametrize(("seed", "directed", "family"), STUDIES)
def test_effective_df_is_its_formula(seed: int, directed: bool, family: str) -> None:
    """What rows share moves all cut points as one, and each class apart; by no more than ρ in counts."""
    rows = study(seed, directed, family)
    fit = rows.fit(family)
    bread, m = np.linalg.inv(fit.hessian), fit.predictors.shape[1]
    moves = np.eye(m) if family == "multinomial" else np.ones((1, m))
    shared = np.einsum("nmp,nmb,sb->snp", fit.predictors, fit.curvature, moves)  # T's parts
    own = np.einsum("sa,nab,sb->sn", moves, fit.curvature, moves)
    shared = shared / np.sqrt(np.maximum(own, 1.0))[:, :, None]
    middle, spread = [], []
    for keep in keeps(rows)[0]:
        Z, W = fit.predictors[~keep], fit.curvature[~keep]
        V = sum(z.T @ w @ z for z, w in zip(Z, W, strict=True))
        for parts in shared[:, ~keep]:
            T = parts.sum(axis=0)
            V = V + 0.2 * (np.outer(T, T) - parts.T @ parts)
        middle.append(np.diag(bread @ V @ bread))
        spread.append(bread @ V @ bread)
    v = np.array(middle)
    expected = np.maximum(v.sum(axis=0) ** 2 / (v**2).sum(axis=0) - 1, 1)
    np.testing.assert_allclose(effective_df(fit, rows.ego, rows.alter), expected, rtol=1e-9)
    C = np.random.default_rng(seed).normal(size=(5, fit.beta.size))
    of_each = np.array([[c @ one @ c for one in spread] for c in C])
    combined = np.maximum(of_each.sum(axis=1) ** 2 / (of_each**2).sum(axis=1) - 1, 1)
    whole = jackknife(fit, rows.ego, rows.alter, fit.names).whole
    assert whole is not None
    np.testing.assert_allclose(whole.df(C), combined, rtol=1e-8)


# the series behind exact refits


@pytest.mark.parametrize("family", list(FAMILIES)[1:])
@pytest.mark.parametrize("size", [0.003, 0.03, 0.2])
def test_the_series_of_the_score_keeps_its_bound(family: str, size: float) -> None:
    rows = simulated(5, n_people=25, family=family)
    fit = rows.fit(family)
    root, levels = inverse_root(fit.hessian), len(fit.levels)
    codes = np.searchsorted(fit.levels, fit.y).astype(float) if levels else fit.y
    Z, eta = fit.predictors @ root, fit.predictors @ fit.beta
    whole = Whole(FAMILIES[family], Z, eta, codes, fit.weights, levels)
    series = series_of(whole, 10_000)
    moves = np.random.default_rng(1).normal(size=(40, fit.beta.size))
    moves *= size / np.linalg.norm(moves, axis=1)[:, None]
    score, hessian = series.at(moves)
    missed = np.linalg.norm(whole.scores(moves) - score, axis=1)
    assert (missed <= series.error(moves) * size + 1e-12).all()
    # the bound is of use: on the whole it is within three orders of what is missed
    assert np.median(series.error(moves) * size) < 1000 * np.median(missed) + 1e-12
    np.testing.assert_allclose(hessian[0], whole.hessian(moves[0]), atol=20 * size**3)


@pytest.mark.parametrize(
    ("family", "size"), [("logit", 60), ("poisson", 60), ("ordered_logit", 32), ("multinomial", 32)]
)
def test_exact_refits_of_many_pairs_are_refits(family: str, size: int) -> None:
    """Some pairs are settled by the series and others by the exact score."""
    rows = simulated(6, n_people=size, family=family)
    fit = rows.fit(family)
    V = jackknife(fit, rows.ego, rows.alter, fit.names, exact=True)
    pairs = pair_codes(rows.ego, rows.alter)
    total = np.zeros_like(fit.hessian)
    for code in np.unique(pairs):
        delta = fit.beta - newton(fit, pairs != code)
        total += np.outer(delta, delta)
    near(V.floor, total)


def test_what_a_sample_shows_of_the_bound_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound too strict for many pairs: those that the sample lets pass are refits all the same."""
    rows = simulated(7, n_people=60, family="logit")
    fit = rows.fit("logit")
    pairs = pair_codes(rows.ego, rows.alter)
    expected = sum(
        np.outer(one, one) for one in (fit.beta - newton(fit, pairs != code) for code in np.unique(pairs))
    )
    scored = []
    exact_scores = Whole.scores

    def scores(whole: Whole, moves: np.ndarray) -> np.ndarray:
        scored.append(len(moves))
        return exact_scores(whole, moves)

    monkeypatch.setattr(refits, "SAMPLE", 8)
    monkeypatch.setattr(Whole, "scores", scores)
    V = jackknife(fit, rows.ego, rows.alter, fit.names, exact=True)
    near(V.floor, expected)
    assert 8 < sum(scored) < pairs.max()


def newton(fit: Estimate, keep: np.ndarray) -> np.ndarray:
    """A plain refit: Newton's steps on the rows that are kept."""
    codes = np.searchsorted(fit.levels, fit.y).astype(float) if fit.levels else fit.y
    problem = Problem(fit.rule, fit.predictors[keep], codes[keep], fit.weights[keep], len(fit.levels))
    theta, converged, _ = solve(problem, fit.beta)
    assert converged
    return theta


@pytest.mark.slow
def test_the_exact_jackknife_of_a_large_study_is_quick() -> None:
    """200 people, 39,800 rows, 20,100 refits: under 10 s of processor time, exact to 1e-9."""
    rng = np.random.default_rng(3)
    ego, alter = np.nonzero(~np.eye(200, dtype=bool))
    give, get = 0.7 * rng.normal(size=(2, 200))
    X = np.column_stack([np.ones(ego.size), rng.poisson(2.0, ego.size), rng.normal(size=(ego.size, 2))])
    eta = X @ [-1.5, 0.2, 0.4, -0.3] + give[ego] + get[alter]
    y = (rng.random(ego.size) < 1 / (1 + np.exp(-eta))).astype(float)
    rows = Rows(ego, alter, X, y, ["Intercept", "acts", "x", "z"])
    fit = rows.fit("logit")
    started = time.process_time()
    exact = jackknife(fit, ego, alter, fit.names, exact=True)
    assert time.process_time() - started < 10  # about 1 s on one core
    quick = jackknife(fit, ego, alter, fit.names)
    np.testing.assert_allclose(quick.std_error, exact.std_error, rtol=0.01)
    persons = np.array([fit.beta - newton(fit, (ego != i) & (alter != i)) for i in range(200)])
    near(exact.matrix + exact.floor, persons.T @ persons * 199 / 200)

"""Each covariance against its definition written as loops."""

from __future__ import annotations

import numpy as np
import pytest

from honestsignals.inference.covariance import dyadic, jackknife, pair, pair_codes, two_way
from honestsignals.inference.estimators import estimate
from honestsignals.inference.jackknife import effective_df
from tests.networks import Rows, simulated

STUDIES = [
    (seed, directed, family)
    for seed in (1, 2)
    for directed in (True, False)
    for family in ("gaussian", "logit")
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


@pytest.mark.parametrize(("seed", "directed", "family"), STUDIES)
def test_dyadic_sums_over_all_rows_that_share_a_person(seed: int, directed: bool, family: str) -> None:
    rows = study(seed, directed, family)
    fit = rows.fit(family)
    bread = np.linalg.inv(fit.hessian)
    meat = summed_over(rows, fit.scores, lambda one, other: people(rows, one) & people(rows, other))
    found = dyadic(fit, rows.ego, rows.alter, rows.names)
    np.testing.assert_allclose(found.matrix, bread @ meat @ bread, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("seed", "directed", "family"), STUDIES)
def test_pair_and_two_way_sum_over_their_clusters(seed: int, directed: bool, family: str) -> None:
    rows = study(seed, directed, family)
    fit = rows.fit(family)
    bread = np.linalg.inv(fit.hessian)
    meat = summed_over(rows, fit.scores, lambda one, other: people(rows, one) == people(rows, other))
    found = pair(fit, rows.ego, rows.alter, rows.names)
    np.testing.assert_allclose(found.matrix, bread @ meat @ bread, rtol=1e-9, atol=1e-12)
    sender = summed_over(rows, fit.scores, lambda one, other: rows.ego[one] == rows.ego[other])
    receiver = summed_over(rows, fit.scores, lambda one, other: rows.alter[one] == rows.alter[other])
    meat = sender + receiver - fit.scores.T @ fit.scores
    found = two_way(fit, rows.ego, rows.alter, rows.names)
    np.testing.assert_allclose(found.matrix, bread @ meat @ bread, rtol=1e-9, atol=1e-12)


def left_out(rows: Rows, family: str) -> tuple[np.ndarray, np.ndarray]:
    """Δ of every person and of every pair, by deleting their rows and fitting again."""
    whole = rows.fit(family).beta
    pairs = pair_codes(rows.ego, rows.alter)
    persons = np.unique(np.concatenate([rows.ego, rows.alter]))
    by_person = [(rows.ego != person) & (rows.alter != person) for person in persons]
    by_pair = [pairs != code for code in np.unique(pairs)]
    return tuple(  # type: ignore[return-value]
        np.array([whole - estimate(rows.X[keep], rows.y[keep], family, rows.names).beta for keep in keeps])
        for keeps in (by_person, by_pair)
    )


@pytest.mark.parametrize(("seed", "directed", "family"), STUDIES)
def test_jackknife_deletes_people_and_pairs(seed: int, directed: bool, family: str) -> None:
    rows = study(seed, directed, family)
    by_person, by_pair = left_out(rows, family)
    n_people = by_person.shape[0]
    floor = by_pair.T @ by_pair
    matrix = by_person.T @ by_person * (n_people - 1) / n_people - floor
    found = jackknife(rows.fit(family), rows.ego, rows.alter, rows.names, exact=True)
    np.testing.assert_allclose(found.matrix, matrix, rtol=1e-10, atol=1e-10 * np.abs(matrix).max())
    np.testing.assert_allclose(found.floor, floor, rtol=1e-10, atol=1e-10 * floor.max())
    np.testing.assert_array_equal(
        found.std_error, np.sqrt(np.maximum(np.diag(found.matrix), np.diag(found.floor)))
    )


@pytest.mark.parametrize("directed", [True, False])
def test_one_step_is_exact_for_the_gaussian(directed: bool) -> None:
    rows = study(3, directed, "gaussian")
    fit = rows.fit("gaussian")
    by_person, _ = left_out(rows, "gaussian")
    one_step = jackknife(fit, rows.ego, rows.alter, rows.names)
    n_people = by_person.shape[0]
    expected = by_person.T @ by_person * (n_people - 1) / n_people
    np.testing.assert_allclose(one_step.matrix + one_step.floor, expected, rtol=1e-10)


@pytest.mark.parametrize("directed", [True, False])
def test_one_step_of_a_logit_is_newtons_from_the_whole_estimate(directed: bool) -> None:
    rows = study(4, directed, "logit")
    fit = rows.fit("logit")
    pairs = pair_codes(rows.ego, rows.alter)
    floor = np.zeros((3, 3))
    for code in np.unique(pairs):
        out = pairs == code
        left = fit.hessian - (fit.X[out] * fit.work_weights[out][:, None]).T @ fit.X[out]
        delta = np.linalg.solve(left, fit.scores[out].sum(axis=0))
        floor += np.outer(delta, delta)
    found = jackknife(fit, rows.ego, rows.alter, rows.names)
    np.testing.assert_allclose(found.floor, floor, rtol=1e-9)


@pytest.mark.parametrize(("seed", "directed", "family"), STUDIES)
def test_effective_df_is_its_formula(seed: int, directed: bool, family: str) -> None:
    rows = study(seed, directed, family)
    fit = rows.fit(family)
    bread, w = np.linalg.inv(fit.hessian), fit.work_weights
    expected = []
    for c in np.eye(3):
        v = []
        for person in np.unique(np.concatenate([rows.ego, rows.alter])):
            touched = [row for row in range(rows.y.size) if person in people(rows, row)]
            information = sum(w[row] * np.outer(fit.X[row], fit.X[row]) for row in touched)
            T = sum(w[row] * fit.X[row] for row in touched)
            own = sum(w[row] ** 2 * np.outer(fit.X[row], fit.X[row]) for row in touched)
            v.append(c @ bread @ (information + 0.2 * (np.outer(T, T) - own)) @ bread @ c)
        expected.append(sum(v) ** 2 / sum(share**2 for share in v) - 1)
    np.testing.assert_allclose(effective_df(fit, rows.ego, rows.alter), expected, rtol=1e-9)

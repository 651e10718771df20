"""What a change of the rows must do to estimates and errors, and what it must not."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honestsignals.inference.covariance import COVARIANCES, Covariance, frank_snijders, jackknife
from honestsignals.inference.families import FAMILIES
from honestsignals.inference.wald import wald
from tests.networks import Rows, simulated

EXACT = {
    "exact jackknife": functools.partial(jackknife, exact=True),
    "exact frank_snijders": functools.partial(frank_snijders, exact=True),
}
EVERY = [*COVARIANCES, *EXACT]
ROBUST = ["pair", "two_way", "dyadic", "jackknife", "frank_snijders", *EXACT]
SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=3, deadline=None)


def fitted(rows: Rows, family: str, name: str) -> tuple[np.ndarray, Covariance]:
    fit = rows.fit(family)
    return fit.beta, {**COVARIANCES, **EXACT}[name](fit, rows.ego, rows.alter, fit.names)


def assert_same(
    one: tuple[np.ndarray, Covariance], other: tuple[np.ndarray, Covariance], name: str = ""
) -> None:
    """Equal to rounding; exact refits are bound to a relative error of 1e-9."""
    loose = 1e-8 if name in EXACT else 1e-10
    np.testing.assert_allclose(other[0], one[0], rtol=1e-10, atol=1e-11)
    assert_same_matrix(one[1], other[1], loose)
    np.testing.assert_allclose(other[1].df, one[1].df, rtol=1e-10)
    assert other[1].notes == one[1].notes


def assert_same_matrix(one: Covariance, other: Covariance, loose: float) -> None:
    scale = np.sqrt(np.abs(np.diag(one.matrix if one.floor is None else one.floor)))
    unit = np.outer(scale, scale)
    np.testing.assert_allclose(other.matrix / unit, one.matrix / unit, rtol=loose, atol=loose)
    if one.floor is not None:
        assert other.floor is not None
        np.testing.assert_allclose(other.floor / unit, one.floor / unit, rtol=loose, atol=loose)


def coefficients_of(rows: Rows, family: str, A: np.ndarray, name: str) -> tuple[np.ndarray, Covariance]:
    """Estimates and covariance of A θ."""
    beta, V = fitted(rows, family, name)
    floor = None if V.floor is None else A @ V.floor @ A.T
    return A @ beta, replace(V, matrix=A @ V.matrix @ A.T, floor=floor)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("family", FAMILIES)
@FEW
@given(seed=SEEDS)
def test_order_of_rows_does_not_matter(family: str, name: str, seed: int) -> None:
    rows = simulated(seed, family=family)
    shuffled = rows.take(np.random.default_rng(seed).permutation(rows.y.size))
    assert_same(fitted(rows, family, name), fitted(shuffled, family, name), name)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("family", FAMILIES)
@FEW
@given(seed=SEEDS)
def test_names_of_people_do_not_matter(family: str, name: str, seed: int) -> None:
    rows = simulated(seed, family=family)
    codes = np.random.default_rng(seed).choice(1_000_000, size=12, replace=False)
    assert_same(
        fitted(rows, family, name),
        fitted(replace(rows, ego=codes[rows.ego], alter=codes[rows.alter]), family, name),
        name,
    )
    words = np.array([f"person {code}" for code in codes])
    assert_same(
        fitted(rows, family, name),
        fitted(replace(rows, ego=words[rows.ego], alter=words[rows.alter]), family, name),
        name,
    )


@pytest.mark.parametrize("name", [name for name in EVERY if name != "two_way"])
@pytest.mark.parametrize("family", FAMILIES)
@FEW
@given(seed=SEEDS)
def test_who_is_called_ego_does_not_matter(family: str, name: str, seed: int) -> None:
    rows = simulated(seed, directed=False, n_people=16, family=family)
    swapped = np.random.default_rng(seed).random(rows.y.size) < 0.5
    ego, alter = np.where(swapped, rows.alter, rows.ego), np.where(swapped, rows.ego, rows.alter)
    assert_same(fitted(rows, family, name), fitted(replace(rows, ego=ego, alter=alter), family, name), name)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("family", FAMILIES)
@FEW
@given(seed=SEEDS, power=st.integers(-9, 9))
def test_units_of_columns_do_not_matter(family: str, name: str, seed: int, power: int) -> None:
    rows = simulated(seed, family=family)
    column = np.array([1.0, 3.0 * 10.0**power, 10.0**-power])[-rows.X.shape[1] :]
    beta, V = fitted(replace(rows, X=rows.X * column), family, name)
    places = rows.fit(family).places
    factor = np.ones(beta.size)
    for one, unit in zip(places, column, strict=True):
        factor[list(one)] = unit
    floor = None if V.floor is None else V.floor * np.outer(factor, factor)
    scaled = replace(V, matrix=V.matrix * np.outer(factor, factor), floor=floor)
    assert_same(fitted(rows, family, name), (beta * factor, scaled), name)
    first = wald(*fitted(rows, family, name), [0, 1])
    second = wald(beta, V, [0, 1])
    np.testing.assert_allclose(second.wald, first.wald, rtol=1e-7)


@pytest.mark.parametrize("name", ROBUST)
@pytest.mark.parametrize("family", FAMILIES)
@FEW
@given(seed=SEEDS)
def test_every_row_twice_changes_no_error_that_knows_people(family: str, name: str, seed: int) -> None:
    """Nor does a weight of 2."""
    rows = simulated(seed, family=family)
    twice = rows.take(np.tile(np.arange(rows.y.size), 2))
    heavy = replace(rows, weights=np.full(rows.y.size, 2.0))
    one = fitted(rows, family, name)
    for two in (fitted(twice, family, name), fitted(heavy, family, name)):
        np.testing.assert_allclose(two[0], one[0], rtol=1e-10, atol=1e-11)
        assert_same_matrix(one[1], two[1], 1e-8 if name in EXACT else 1e-9)


@pytest.mark.parametrize("name", ROBUST)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_of_weight_two_is_two_rows_alike(family: str, name: str) -> None:
    rows = simulated(11, n_people=14, family=family)
    counts = np.random.default_rng(1).integers(1, 4, rows.y.size)
    repeated = rows.take(np.repeat(np.arange(rows.y.size), counts))
    weighted = replace(rows, weights=counts.astype(float))
    one, two = fitted(repeated, family, name), fitted(weighted, family, name)
    np.testing.assert_allclose(two[0], one[0], rtol=1e-10, atol=1e-11)
    assert_same_matrix(one[1], two[1], 1e-8 if name in EXACT else 1e-9)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("family", ["ordered_logit", "ordered_probit"])
def test_a_label_read_backwards_turns_slopes_and_cut_points(family: str, name: str) -> None:
    rows = simulated(12, n_people=14, family=family)
    back = replace(rows, y=rows.y.max() - rows.y)
    k, p = rows.X.shape[1], rows.fit(family).beta.size
    turn = np.zeros((p, p))
    turn[:k, :k] = -np.eye(k)
    turn[k:, k:] = -np.eye(p - k)[::-1]
    expected, found = coefficients_of(rows, family, turn, name), fitted(back, family, name)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-9, atol=1e-11)
    assert_same_matrix(expected[1], found[1], 1e-8)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("order", [(1, 0, 2), (2, 0, 1), (0, 2, 1)])
def test_classes_in_another_order_are_the_same_model(order: tuple[int, ...], name: str) -> None:
    rows = simulated(13, n_people=14, family="multinomial")
    renamed = replace(rows, y=np.argsort(order)[rows.y.astype(int)].astype(float))
    k = rows.X.shape[1]
    whole = np.vstack([np.zeros((k, 2 * k)), np.eye(2 * k)]).reshape(3, k, 2 * k)  # of every class
    turn = (whole[list(order)] - whole[order[0]])[1:].reshape(2 * k, 2 * k)
    expected, found = coefficients_of(rows, "multinomial", turn, name), fitted(renamed, "multinomial", name)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-9, atol=1e-11)
    assert_same_matrix(expected[1], found[1], 1e-8)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("family", ["ordered_logit", "multinomial", "ordered_probit"])
def test_two_levels_are_a_binary_label(family: str, name: str) -> None:
    rows = simulated(14, n_people=14, family="logit")
    binary = "probit" if family == "ordered_probit" else "logit"
    if family == "multinomial":
        some, turn = rows, np.eye(3)
    else:  # the cut point is the intercept with its sign turned, and comes last
        some = replace(rows, X=rows.X[:, 1:], names=rows.names[1:])
        turn = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]])
    expected, found = coefficients_of(rows, binary, turn, name), fitted(some, family, name)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-9, atol=1e-11)
    assert_same_matrix(expected[1], found[1], 1e-8)
    np.testing.assert_allclose(found[1].df, expected[1].df[np.abs(turn).argmax(axis=1)], rtol=1e-9)


@pytest.mark.parametrize("name", ["classical", *(name for name in ROBUST if name not in EXACT)])
@pytest.mark.parametrize("family", ["logit", "probit", "poisson", "multinomial"])
def test_two_waves_with_slopes_of_their_own_are_two_studies(family: str, name: str) -> None:
    """What two blocks of rows share are people, and those show in neither block's own covariance."""
    one, two = (simulated(seed, n_people=14, family=family) for seed in (15, 16))
    k = one.X.shape[1]
    X = np.zeros((one.y.size + two.y.size, 2 * k))
    X[: one.y.size, :k], X[one.y.size :, k:] = one.X, two.X
    both = Rows(
        *(np.concatenate([getattr(wave, part) for wave in (one, two)]) for part in ("ego", "alter")),
        X,
        np.concatenate([one.y, two.y]),
        [*(f"first {name}" for name in one.names), *(f"second {name}" for name in two.names)],
    )
    beta, V = fitted(both, family, name)
    alone = fitted(one, family, name)
    first = [place for column in both.fit(family).places[:k] for place in column]
    order = [place for column in one.fit(family).places for place in column]
    np.testing.assert_allclose(beta[first], alone[0][order], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(
        V.matrix[np.ix_(first, first)], alone[1].matrix[np.ix_(order, order)], rtol=1e-8, atol=1e-10
    )


@pytest.mark.parametrize("name", ["classical", "hc1"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_row_twice_shrinks_errors_that_do_not(family: str, name: str) -> None:
    rows = simulated(5, n_people=20, family=family)
    twice = rows.take(np.tile(np.arange(rows.y.size), 2))
    shrunk = fitted(rows, family, name)[1].std_error / fitted(twice, family, name)[1].std_error
    np.testing.assert_allclose(shrunk, np.sqrt(2), rtol=5e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_two_way_is_dyadic_where_nobody_is_both(family: str) -> None:
    """Senders and receivers are different people, each pair once: then nothing is missed."""
    rows = simulated(6, n_people=20, family=family)
    keep = np.flatnonzero((rows.ego < 10) & (rows.alter >= 10))
    once = rows.take(keep[np.unique(rows.ego[keep] * 20 + rows.alter[keep], return_index=True)[1]])
    two_way, dyadic = (fitted(once, family, name)[1].matrix for name in ("two_way", "dyadic"))
    np.testing.assert_allclose(two_way, dyadic, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("family", FAMILIES)
@FEW
@given(seed=SEEDS)
def test_jackknife_never_falls_below_its_floor(family: str, seed: int) -> None:
    V = fitted(simulated(seed, family=family), family, "jackknife")[1]
    assert V.floor is not None
    assert (V.std_error >= np.sqrt(np.diag(V.floor))).all()
    block, floor = V.block(range(V.df.size)), V.floor
    unit = np.sqrt(np.outer(np.diag(floor), np.diag(floor)))
    assert np.linalg.eigvalsh((block - floor) / unit).min() > -1e-9
    assert np.linalg.eigvalsh((block - V.matrix) / unit).min() > -1e-9
    for index in range(V.df.size):
        np.testing.assert_allclose(V.block([index]), [[V.std_error[index] ** 2]], rtol=1e-12)

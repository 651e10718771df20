"""What a change of the rows must do to estimates and errors, and what it must not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honestsignals.inference.covariance import COVARIANCES, Covariance
from honestsignals.inference.wald import wald
from tests.networks import Rows, simulated

FAMILIES = ["gaussian", "logit"]
ROBUST = ["pair", "two_way", "dyadic", "jackknife"]
EVERY = list(COVARIANCES)
SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=15, deadline=None)


def fitted(rows: Rows, family: str, name: str) -> tuple[np.ndarray, Covariance]:
    fit = rows.fit(family)
    return fit.beta, COVARIANCES[name](fit, rows.ego, rows.alter, rows.names)


def assert_same(one: tuple[np.ndarray, Covariance], other: tuple[np.ndarray, Covariance]) -> None:
    np.testing.assert_allclose(other[0], one[0], rtol=1e-10, atol=1e-12)
    scale = np.sqrt(np.abs(np.diag(one[1].floor if one[1].floor is not None else one[1].matrix)))
    unit = np.outer(scale, scale)
    np.testing.assert_allclose(other[1].matrix / unit, one[1].matrix / unit, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(other[1].df, one[1].df, rtol=1e-10)
    assert other[1].notes == one[1].notes


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("family", FAMILIES)
@FEW
@given(seed=SEEDS)
def test_order_of_rows_does_not_matter(family: str, name: str, seed: int) -> None:
    rows = simulated(seed, family=family)
    shuffled = rows.take(np.random.default_rng(seed).permutation(rows.y.size))
    assert_same(fitted(rows, family, name), fitted(shuffled, family, name))


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
    )
    words = np.array([f"person {code}" for code in codes])
    assert_same(
        fitted(rows, family, name),
        fitted(replace(rows, ego=words[rows.ego], alter=words[rows.alter]), family, name),
    )


@pytest.mark.parametrize("name", [name for name in EVERY if name != "two_way"])
@pytest.mark.parametrize("family", FAMILIES)
@FEW
@given(seed=SEEDS)
def test_who_is_called_ego_does_not_matter(family: str, name: str, seed: int) -> None:
    rows = simulated(seed, directed=False, n_people=16, family=family)
    swapped = np.random.default_rng(seed).random(rows.y.size) < 0.5
    ego, alter = np.where(swapped, rows.alter, rows.ego), np.where(swapped, rows.ego, rows.alter)
    assert_same(fitted(rows, family, name), fitted(replace(rows, ego=ego, alter=alter), family, name))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("family", FAMILIES)
@FEW
@given(seed=SEEDS, power=st.integers(-9, 9))
def test_units_of_columns_do_not_matter(family: str, name: str, seed: int, power: int) -> None:
    rows = simulated(seed, family=family)
    factor = np.array([1.0, 3.0 * 10.0**power, 10.0**-power])
    beta, V = fitted(replace(rows, X=rows.X * factor), family, name)
    floor = None if V.floor is None else V.floor * np.outer(factor, factor)
    scaled = replace(V, matrix=V.matrix * np.outer(factor, factor), floor=floor)
    assert_same(fitted(rows, family, name), (beta * factor, scaled))
    first = wald(*fitted(rows, family, name), [1, 2])
    second = wald(beta, V, [1, 2])
    np.testing.assert_allclose(second.wald, first.wald, rtol=1e-8)


@pytest.mark.parametrize("name", ROBUST)
@pytest.mark.parametrize("family", FAMILIES)
@FEW
@given(seed=SEEDS)
def test_every_row_twice_changes_no_error_that_knows_people(family: str, name: str, seed: int) -> None:
    rows = simulated(seed, family=family)
    twice = rows.take(np.tile(np.arange(rows.y.size), 2))
    one, two = fitted(rows, family, name), fitted(twice, family, name)
    np.testing.assert_allclose(two[0], one[0], rtol=1e-10, atol=1e-12)
    if name == "two_way":  # it subtracts rows, and two equal rows are not one row of twice the score
        return
    scale = np.sqrt(np.abs(np.diag(one[1].matrix)))
    np.testing.assert_allclose(
        two[1].matrix / np.outer(scale, scale), one[1].matrix / np.outer(scale, scale), rtol=1e-10, atol=1e-9
    )
    np.testing.assert_allclose(two[1].std_error, one[1].std_error, rtol=1e-9)


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
    block, floor = V.block([0, 1, 2]), V.floor
    unit = np.sqrt(np.outer(np.diag(floor), np.diag(floor)))
    assert np.linalg.eigvalsh((block - floor) / unit).min() > -1e-9
    assert np.linalg.eigvalsh((block - V.matrix) / unit).min() > -1e-9
    for index in range(3):
        np.testing.assert_allclose(V.block([index]), [[V.std_error[index] ** 2]], rtol=1e-12)

"""Permutation tests: against refits one by one, and what must not change them."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import pytest

from honestsignals.errors import ArgumentError, DesignError
from honestsignals.inference import permutation_linear, permutation_ordinal, permutation_refits, relabelling
from honestsignals.inference.marginal import continuous_labels, dependent_normal
from honestsignals.inference.permutation import permutation_test, refit_of, tail, untestable
from honestsignals.inference.permutation_newton import newton
from honestsignals.inference.qap import correlation_test
from honestsignals.inference.relabelling import Relabelling, number_of_draws

SHAPES = [(directed, missing) for directed in (True, False) for missing in (0.0, 0.15)]
FIRST_DRAWS = [[2, 4, 0, 3, 1], [4, 2, 0, 3, 1], [4, 2, 1, 0, 3]]
SHAPED = pytest.mark.parametrize(("directed", "missing"), SHAPES)


def study(
    directed: bool, missing: float, family: str = "gaussian", n_people: int = 12, seed: int = 3
) -> tuple[np.ndarray, np.ndarray, Relabelling]:
    rng = np.random.default_rng(seed)
    off = ~np.eye(n_people, dtype=bool)
    ego, alter = np.nonzero(off if directed else np.triu(off))
    kept = rng.random(ego.size) >= missing
    ego, alter = ego[kept], alter[kept]
    X = np.column_stack([np.ones(ego.size), rng.normal(size=(ego.size, 3)) * [1, 10, 0.1] + [0, 2, 3]])
    eta = 0.5 * X[:, 1]
    if family == "gaussian":
        y = eta + rng.normal(size=ego.size)
    elif family == "poisson":
        y = rng.poisson(np.exp(eta)).astype(float)
    elif family.startswith("ordered"):
        y = np.digitize(eta + rng.logistic(size=ego.size), [0.0, 1.0, 2.5]).astype(float)
    else:
        y = (eta + rng.logistic(size=ego.size) > 0).astype(float)
    return X, y, relabelling.relabelling(ego, alter, directed=directed)


def least_squares(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    beta = np.linalg.lstsq(X, y, rcond=None)[0]
    scale = np.square(y - X @ beta).sum() / (y.size - X.shape[1])
    return beta / np.sqrt(scale * np.diag(np.linalg.inv(X.T @ X))), beta


def by_statsmodels(X: np.ndarray, y: np.ndarray, family: str) -> tuple[np.ndarray, np.ndarray]:
    from statsmodels.discrete.discrete_model import Logit, Poisson, Probit
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    if family == "gaussian":
        return least_squares(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if family.startswith("ordered"):
            X = X[:, np.ptp(X, axis=0) > 0]
            fit = OrderedModel(y, X, distr=family.removeprefix("ordered_")).fit(
                disp=0, method="bfgs", gtol=1e-7, maxiter=2000
            )
            return fit.tvalues[: X.shape[1]], fit.params[: X.shape[1]]
        model = {"logit": Logit, "probit": Probit, "poisson": Poisson}[family](y, X)
        fit = model.fit(disp=0, method="newton", maxiter=100, tol=1e-14)
        return fit.tvalues, fit.params


def residual(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    return y - X @ np.linalg.lstsq(X, y, rcond=None)[0]


# against refits one by one


@SHAPED
@pytest.mark.parametrize(
    "family", ["gaussian", "logit", "probit", "poisson", "ordered_logit", "ordered_probit"]
)
def test_semi_partialling_is_a_refit_with_the_permuted_residual(
    family: str, directed: bool, missing: float
) -> None:
    X, y, people = study(directed, missing, family, n_people=14)
    exact = 2e-3 if family.startswith("ordered") else 1e-6
    design = X[:, 1:] if family.startswith("ordered") else X
    offset = X.shape[1] - design.shape[1]
    places = [2 - offset, 3 - offset]
    refit = refit_of(design, y, places, (family, "dsp"), people.missing == 0)
    rows = np.concatenate(list(people.drawn(3, 5, 2)))
    found = refit(people.rows_after(rows))
    for draw, moved in enumerate(people.rows_after(rows)):
        known = moved < y.size
        for j, place in enumerate((2, 3)):
            others = np.delete(X, place, axis=1)
            column = residual(others, X[:, place])[moved[known]]
            t, beta = by_statsmodels(np.column_stack([others[known], column]), y[known], family)
            assert found[0][draw, j] == pytest.approx(t[-1], rel=exact, abs=exact)
            assert found[1][draw, j] == pytest.approx(beta[-1], rel=exact, abs=exact)


@SHAPED
@pytest.mark.parametrize("family", ["gaussian", "logit", "probit", "poisson", "ordered_logit"])
def test_a_permuted_label_is_refitted(family: str, directed: bool, missing: float) -> None:
    X, y, people = study(directed, missing, family, n_people=14)
    exact = 2e-3 if family.startswith("ordered") else 1e-6
    offset = int(family.startswith("ordered"))
    places = [1 - offset, 3 - offset]
    refit = refit_of(X[:, offset:], y, places, (family, "y"), people.missing == 0)
    rows = people.rows_after(np.concatenate(list(people.drawn(3, 6, 3))))
    t_found, beta_found = refit(rows)
    for draw, moved in enumerate(rows):
        known = moved < y.size
        t, beta = by_statsmodels(X[known], y[moved[known]], family)
        np.testing.assert_allclose(t_found[draw], t[places], rtol=exact, atol=exact)
        np.testing.assert_allclose(beta_found[draw], beta[places], rtol=exact, atol=exact)


@SHAPED
def test_freedman_lane_adds_permuted_residuals_to_what_the_others_fit(directed: bool, missing: float) -> None:
    X, y, people = study(directed, missing)
    refit = permutation_linear.freedman_lane(X, y, [1, 3], people.missing == 0)
    rows = people.rows_after(np.concatenate(list(people.drawn(4, 7, 4))))
    t_found, beta_found = refit(rows)
    for draw, moved in enumerate(rows):
        known = moved < y.size
        for j, place in enumerate((1, 3)):
            rest = residual(np.delete(X, place, axis=1), y)
            label = (y - rest)[known] + rest[moved[known]]
            t, beta = least_squares(X[known], label)
            assert t_found[draw, j] == pytest.approx(t[place], rel=1e-9)
            assert beta_found[draw, j] == pytest.approx(beta[place], rel=1e-9)


@SHAPED
def test_a_correlation_is_that_of_the_cells_that_meet(directed: bool, missing: float) -> None:
    X, y, people = study(directed, missing)
    found = correlation_test(X[:, 2], y, people, draws=20, seed=8)
    assert found.statistic[0] == pytest.approx(np.corrcoef(X[:, 2], y)[0, 1], abs=1e-12)
    for draw, moved in enumerate(people.rows_after(np.concatenate(list(people.drawn(20, 8, 20))))):
        known = moved < y.size
        r = np.corrcoef(X[moved[known], 2], y[known])[0, 1]
        assert found.drawn[draw, 0] == pytest.approx(r, abs=1e-12)


@pytest.mark.parametrize("method", ["dsp", "y", "freedman_lane"])
@SHAPED
def test_the_data_as_they_are_are_the_fit(method: str, directed: bool, missing: float) -> None:
    X, y, people = study(directed, missing)
    found = permutation_test(X, y, people, how=("gaussian", method), draws=3, seed=1)
    t, beta = least_squares(X, y)
    np.testing.assert_allclose(found.statistic, t, rtol=1e-10)
    np.testing.assert_allclose(found.beta, beta, rtol=1e-10)


@pytest.mark.parametrize("family", ["gaussian", "logit"])
def test_all_permutations_hold_the_data_once(family: str) -> None:
    X, y, people = study(True, 0.0, family, n_people=5)
    found = permutation_test(X, y, people, how=(family, "dsp"))
    assert found.exact
    assert found.draws == 120
    np.testing.assert_allclose(found.drawn[0, 1:], found.statistic[1:], rtol=1e-9)
    assert (found.p_value[1:] * 120 >= 1).all()
    np.testing.assert_allclose(found.p_value[1:] * 120, np.round(found.p_value[1:] * 120), atol=1e-9)
    assert not found.mc_error[1:].any()


# permutations


def test_rows_after_a_permutation_are_those_of_the_pairs_that_people_now_are() -> None:
    for directed in (True, False):
        _, _, people = study(directed, 0.2, n_people=7)
        pairs = {
            (e, a): row
            for row, (e, a) in enumerate(zip(people.ego.tolist(), people.alter.tolist(), strict=True))
        }
        orders = np.concatenate(list(people.drawn(5, 1, 2)))
        for order, rows in zip(orders, people.rows_after(orders), strict=True):
            for row, (e, a) in enumerate(
                zip(order[people.ego].tolist(), order[people.alter].tolist(), strict=True)
            ):
                there = pairs.get((e, a), people.n_rows if directed else pairs.get((a, e), people.n_rows))
                assert rows[row] == there


def test_without_room_for_a_table_of_all_pairs_rows_are_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for directed in (True, False):
        _, _, people = study(directed, 0.2)
        orders = next(people.drawn(6, 2, 6))
        expected = people.rows_after(orders)
        monkeypatch.setattr(relabelling, "MOST_CELLS", 10)
        again = relabelling.relabelling(people.ego, people.alter, directed=directed)
        assert (again.rows_after(orders) == expected).all()
        monkeypatch.undo()


def test_draws_are_the_same_however_many_are_held() -> None:
    _, _, people = study(True, 0.0)
    whole = next(people.drawn(50, 4, 50))
    parts = np.concatenate(list(people.drawn(50, 4, 7)))
    assert (whole == parts).all()
    assert (np.sort(whole, axis=1) == np.arange(people.n_people)).all()
    assert not (next(people.drawn(50, 5, 50)) == whole).all()


def test_a_seed_gives_these_draws() -> None:
    """Written down, so that another machine or version that draws others is found out."""
    _, _, people = study(True, 0.0, n_people=5)
    assert next(people.drawn(3, 1, 3)).tolist() == FIRST_DRAWS


@pytest.mark.parametrize("family", ["gaussian", "logit", "ordered_logit"])
def test_results_do_not_depend_on_how_many_draws_are_held(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from honestsignals.inference import permutation

    X, y, people = study(True, 0.1, family)
    X = X[:, 1:] if family == "ordered_logit" else X
    whole = permutation_test(X, y, people, how=(family, "dsp"), draws=40, seed=2)
    monkeypatch.setattr(permutation, "CELLS", {"gaussian": 300})
    monkeypatch.setattr(permutation, "FEWER_CELLS", 300)
    parts = permutation_test(X, y, people, how=(family, "dsp"), draws=40, seed=2)
    np.testing.assert_allclose(parts.drawn, whole.drawn, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(parts.p_value, whole.p_value)


def test_every_permutation_within_blocks_comes_once() -> None:
    ego, alter = np.nonzero(~np.eye(5, dtype=bool))
    people = relabelling.relabelling(ego, alter, np.array([1, 0, 1, 0, 1]))
    orders = np.concatenate(list(people.every(5)))
    assert people.count == len(orders) == len(set(map(tuple, orders.tolist()))) == 12
    assert orders[0].tolist() == [0, 1, 2, 3, 4]
    assert (people.block[orders] == people.block).all()
    drawn = np.concatenate(list(people.drawn(200, 1, 50)))
    assert (people.block[drawn] == people.block).all()
    assert len(set(map(tuple, drawn.tolist()))) == 12


def test_permutations_are_as_likely_as_one_another() -> None:
    ego, alter = np.nonzero(~np.eye(4, dtype=bool))
    people = relabelling.relabelling(ego, alter)
    drawn = np.concatenate(list(people.drawn(24_000, 3, 5_000)))
    counts = np.unique(drawn @ [64, 16, 4, 1], return_counts=True)[1]
    assert counts.size == 24
    assert abs(((counts - 1000) ** 2 / 1000).sum() - 23) < 4 * math.sqrt(2 * 23)


def test_pairs_across_groups_were_never_possible_and_stay_so() -> None:
    one, two = np.triu_indices(4, 1)
    ego, alter = np.concatenate([one, one + 4]), np.concatenate([two, two + 4])
    people = relabelling.relabelling(ego, alter, directed=False)
    assert people.missing == 0
    assert people.count == 24 * 24
    assert people.possible == 12
    lacking = relabelling.relabelling(ego[1:], alter[1:], directed=False)
    assert (lacking.missing, lacking.possible) == (1, 12)
    # in one block all pairs across are missing instead
    whole = relabelling.relabelling(ego, alter, np.zeros(8), directed=False)
    assert (whole.missing, whole.possible) == (16, 28)


def test_pairs_of_one_block_with_another_alone_stay_so() -> None:
    """Bosses judge workers, and nobody else anybody."""
    ego, alter = (side.ravel() for side in np.meshgrid(np.arange(3), np.arange(3, 8), indexing="ij"))
    people = relabelling.relabelling(ego, alter, np.array([0, 0, 0, 1, 1, 1, 1, 1]))
    assert (relabelling.relabelling(ego, alter).block == 1 - people.block).all()
    assert (people.possible, people.missing) == (15, 0)
    assert (people.rows_after(next(people.drawn(20, 1, 20))) < 15).all()


def test_isolated_people_change_places_too() -> None:
    """A person whom nobody helps has rows like everybody, and takes a place."""
    X, y, people = study(True, 0.0)
    X[(people.ego == 0) | (people.alter == 0), 1] = 0
    found = permutation_test(X, y, people, draws=50, seed=1)
    assert np.isfinite(found.drawn[:, 1:]).all()


def test_a_column_that_no_permutation_changes_has_no_p() -> None:
    X, y, _ = study(True, 0.0, n_people=6)
    ego, alter = np.nonzero(~np.eye(6, dtype=bool))
    block = np.array([0, 0, 0, 1, 1, 1])
    people = relabelling.relabelling(ego, alter, block)
    X = np.column_stack([X, block[ego]])
    assert untestable(X, people).tolist() == [True, False, False, False, True]
    found = permutation_test(X, y, people, draws=30, seed=1)
    assert np.isnan(found.p_value[[0, 4]]).all()
    assert np.isnan(found.drawn[:, [0, 4]]).all()
    assert np.isfinite(found.p_value[1:4]).all()


# p values


def test_p_counts_the_data_and_is_never_zero() -> None:
    drawn = np.zeros((99, 1))
    assert tail(np.array([5.0]), drawn, exact=False)[0] == 0.01
    assert tail(np.array([0.0]), drawn, exact=False)[0] == 1.0


def test_ties_count_within_rounding_in_any_unit() -> None:
    for unit in (1e-12, 1.0, 1e12):
        drawn = unit * np.array([[0.3], [0.1 + 0.2], [0.30000001], [0.2999999]])
        assert tail(unit * np.array([0.1 + 0.2]), drawn, exact=True)[0] == 0.75
    assert tail(np.array([0.0]), np.array([[0.0], [-1e-17], [1.0], [-1.0]]), exact=True)[0] == 0.75


def test_a_draw_without_a_statistic_counts_as_more_extreme_on_either_side() -> None:
    drawn = np.array([[np.nan], [0.0], [0.0]])
    assert tail(np.array([1.0]), drawn, exact=False)[0] == 0.5
    assert tail(np.array([-1.0]), -drawn, exact=False)[0] == 1.0
    assert np.isnan(tail(np.array([1.0]), np.full((3, 1), np.nan), exact=False)[0])


def test_one_sided_shares_overlap_by_the_ties() -> None:
    X, y, people = study(True, 0.0, n_people=5)
    found = permutation_test(X, y, people)
    ties = (np.abs(found.drawn - found.statistic) < 1e-9).mean(axis=0)
    np.testing.assert_allclose((found.p_ge + found.p_le - ties)[1:], 1, atol=1e-12)


# what must not change them


@pytest.mark.parametrize("method", ["dsp", "y", "freedman_lane"])
@SHAPED
def test_names_of_people_and_order_of_rows_change_nothing_of_an_exact_test(
    method: str, directed: bool, missing: float
) -> None:
    X, y, people = study(directed, missing, n_people=6)
    base = permutation_test(X, y, people, how=("gaussian", method), draws="all")
    rng = np.random.default_rng(1)
    names, order = rng.permutation(6), rng.permutation(y.size)
    ego, alter = names[people.ego][order], names[people.alter][order]
    if not directed:
        turn = rng.random(y.size) < 0.5
        ego, alter = np.where(turn, alter, ego), np.where(turn, ego, alter)
    again = relabelling.relabelling(ego, alter, directed=directed)
    other = permutation_test(X[order], y[order], again, how=("gaussian", method), draws="all")
    np.testing.assert_allclose(other.statistic, base.statistic, rtol=1e-10)
    for one in ("p_value", "p_ge", "p_le", "p_beta"):
        np.testing.assert_allclose(getattr(other, one), getattr(base, one), atol=1e-12)


def test_turning_every_pair_around_changes_nothing() -> None:
    X, y, people = study(True, 0.0)
    base = permutation_test(X, y, people, draws=200, seed=1)
    turned = relabelling.relabelling(people.alter, people.ego)
    other = permutation_test(X, y, turned, draws=200, seed=1)
    np.testing.assert_allclose(other.drawn, base.drawn, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("family", ["gaussian", "logit", "poisson", "ordered_logit"])
@pytest.mark.parametrize("method", ["dsp", "y"])
def test_a_columns_unit_changes_its_coefficient_alone(family: str, method: str) -> None:
    X, y, people = study(True, 0.1, family)
    X = X[:, 1:] if family == "ordered_logit" else X
    units = np.array([1.0, 2.0, 1e-3, 1e4])[-X.shape[1] :]
    base = permutation_test(X, y, people, how=(family, method), draws=60, seed=1)
    other = permutation_test(X * units, y, people, how=(family, method), draws=60, seed=1)
    np.testing.assert_allclose(other.drawn, base.drawn, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(other.drawn_beta * units, base.drawn_beta, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(other.p_value, base.p_value)
    np.testing.assert_array_equal(other.p_beta, base.p_beta)


def test_a_labels_unit_changes_no_t() -> None:
    X, y, people = study(True, 0.1)
    base = permutation_test(X, y, people, draws=60, seed=1)
    other = permutation_test(X, 1e6 * y, people, draws=60, seed=1)
    np.testing.assert_allclose(other.drawn, base.drawn, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(other.p_beta, base.p_beta)


def test_a_shift_of_another_column_changes_nothing_beside_an_intercept() -> None:
    X, y, people = study(False, 0.0, "logit")
    base = permutation_test(X, y, people, how=("logit", "dsp"), draws=40, seed=1)
    X[:, 2] += 100
    other = permutation_test(X, y, people, how=("logit", "dsp"), draws=40, seed=1)
    np.testing.assert_allclose(other.drawn[:, 1:], base.drawn[:, 1:], rtol=1e-6, atol=1e-8)


def test_a_single_column_without_an_intercept_is_tested() -> None:
    X, y, people = study(True, 0.0)
    for family in ("gaussian", "logit"):
        label = y if family == "gaussian" else (y > 0).astype(float)
        for method in ("dsp", "y"):
            found = permutation_test(X[:, [1]], label, people, how=(family, method), draws=30, seed=1)
            assert np.isfinite(found.drawn).all()
            assert found.p_value[0] < 0.2


# refits that have no estimate


def test_a_separating_draw_has_z_0_and_an_endless_coefficient_with_its_sign() -> None:
    X, _, _ = study(True, 0.0, n_people=8)
    y = np.zeros(56)
    y[:10] = 1
    fixed = np.ones((56, 1))
    column = np.where(y == 1, 1.0, -1.0)
    family = permutation_refits.FAMILIES["logit"]
    for sign in (1.0, -1.0):
        moved = sign * np.stack([column, X[:56, 1]])
        batch = permutation_refits.Batch(family, fixed, permutation_refits.products_of(fixed), y, moved, None)
        found = batch.refits(np.zeros((2, 2)))
        assert found.converged.tolist() == [False, True]
        z, beta = permutation_refits.wald_of(found, moved, fixed)
        assert (z[0], beta[0]) == (0.0, sign * np.inf)
        assert np.isfinite(beta[1])


def test_a_draw_that_leaves_nothing_of_a_column_has_no_statistic() -> None:
    """Of four rows three remain, and a column with the same value in each."""
    X = np.column_stack([np.ones(6), [0.0, 0, 0, 1, 0, 0]])
    y = np.array([1.0, 2, 4, 3, 1, 7])
    rows = np.array([[0, 1, 2, 6, 6, 6]])
    t, _ = permutation_linear.semi_partial(X, y, [1], complete=False)(rows)
    assert np.isnan(t).all()


def test_newton_finds_maxima_that_full_steps_overshoot() -> None:
    """log cosh: a full step from 2 runs away."""

    def evaluate(x: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -np.tanh(x), (1 / np.cosh(x) ** 2)[:, :, None]

    found = newton(evaluate, lambda x, which: -np.logaddexp(x, -x)[:, 0], np.array([[2.0], [0.1], [-5.0]]))
    assert found.converged.all()
    np.testing.assert_allclose(found.beta, 0, atol=1e-7)


def test_ordered_levels_that_no_row_has_left_fail_and_are_counted() -> None:
    X, y, _ = study(True, 0.0, "ordered_logit", n_people=6)
    refit = permutation_ordinal.semi_partial(X[:, 1:], y, [0], "ordered_logit", complete=False)
    rows = np.where(y == y.max(), y.size, np.arange(y.size))[None, :]
    z, beta = refit(rows)
    assert np.isnan(z).all() or np.isfinite(z).all()
    assert np.isnan(z).all() == np.isnan(beta).all()


# refusals


def test_repeated_pairs_are_refused() -> None:
    with pytest.raises(DesignError, match="1 row of a pair that has a row already"):
        relabelling.relabelling(np.array([0, 1, 0]), np.array([1, 0, 1]))
    with pytest.raises(DesignError, match="one row of each pair"):
        relabelling.relabelling(np.array([0, 1]), np.array([1, 0]), directed=False)


def test_people_who_cannot_change_places_are_refused() -> None:
    with pytest.raises(DesignError, match="nobody can change places"):
        relabelling.relabelling(np.array([0]), np.array([1]), np.array([0, 1]))
    with pytest.raises(ArgumentError, match="block has 3 values for 2 people"):
        relabelling.relabelling(np.array([0]), np.array([1]), np.array([0, 1, 1]))


@pytest.mark.parametrize("draws", [0, -5, 2.5, True, "some", None])
def test_draws_that_are_no_number_are_refused(draws: object) -> None:
    _, _, people = study(True, 0.0)
    with pytest.raises(ArgumentError, match="whole number from 1 on, or 'all'"):
        number_of_draws(draws, people, 1)  # type: ignore[arg-type]


def test_too_many_permutations_are_not_enumerated() -> None:
    _, _, people = study(True, 0.0)
    with pytest.raises(ArgumentError, match=r"about 10\^9 permutations, more than 5,000,000"):
        number_of_draws("all", people, None)
    ego, alter = np.triu_indices(300, 1)
    with pytest.raises(ArgumentError, match=r"about 10\^614 permutations"):
        number_of_draws("all", relabelling.relabelling(ego, alter, directed=False), None)
    with pytest.raises(ArgumentError, match="seed is -1"):
        number_of_draws(5, people, -1)


def test_unknown_families_and_methods_are_refused() -> None:
    X, y, people = study(True, 0.0)
    with pytest.raises(ArgumentError, match=r"method is 'dps'.*Did you mean 'dsp'"):
        permutation_test(X, y, people, how=("gaussian", "dps"))
    with pytest.raises(ArgumentError, match="family is 'binomial'"):
        permutation_test(X, y, people, how=("binomial", "dsp"))
    with pytest.raises(ArgumentError, match="freedman_lane adds permuted residuals"):
        permutation_test(X, (y > 0) * 1.0, people, how=("logit", "freedman_lane"))


def test_a_model_that_no_permutation_changes_is_refused() -> None:
    X, y, people = study(True, 0.0)
    with pytest.raises(DesignError, match="nothing can be tested"):
        permutation_test(X[:, :1], y, people)
    with pytest.raises(DesignError, match="first is 1 for every pair"):
        correlation_test(X[:, 0], y, people)


# size


@pytest.mark.parametrize("directed", [True, False])
def test_size_under_person_effects_that_are_independent_of_x(directed: bool) -> None:
    """1,000 studies of 20 people; docs/permutation_size.md has larger ones, other families and failures."""
    n_people, studies = 20, 1_000
    off = ~np.eye(n_people, dtype=bool)
    ego, alter = np.nonzero(off if directed else np.triu(off))
    people = relabelling.relabelling(ego, alter, directed=directed)
    effects = {"actor": 0.25, "partner": 0.25, "actor_partner_cor": 1.0 - 0.5 * directed, "dyad": 0.0}
    rejected = 0
    for seed in range(studies):
        rng = np.random.default_rng([17, seed])
        u = rng.normal(size=n_people)
        x = u[ego] + u[alter] + rng.normal(size=ego.size)
        y = continuous_labels(np.zeros(ego.size), dependent_normal(n_people, ego, alter, rng, **effects))
        X = np.column_stack([np.ones(ego.size), x])
        rejected += permutation_test(X, y, people, draws=19, seed=seed).p_value[1] <= 0.05
    share = rejected / studies
    error = 2 * math.sqrt(share * (1 - share) / studies)
    assert share + error >= 0.04
    assert share - error <= 0.065


def test_progress_is_told() -> None:
    X, y, people = study(True, 0.0, n_people=8)
    told: list[str] = []
    permutation_test(X, y, people, draws=10, seed=1, tell=told.append)
    assert told[-1] == "10 of 10 permutations"
    assert len(list(itertools.chain(told))) >= 1

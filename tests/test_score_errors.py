"""Errors of scores against sums over pairs of rows, and against what they must be for a mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

import honestsignals as hs
from honestsignals.errors import FitError
from honestsignals.inference.score_errors import (
    PersonSums,
    Spread,
    centred,
    growth_of,
    left_out,
    spread,
)
from honestsignals.inference.scores import SCORES, auc, brier
from honestsignals.judging import beyond_first_order, judged


def rows(seed: int = 0, people: int = 9, repeated: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two people of each row, some pairs several times and in both directions; two influence columns."""
    rng = np.random.default_rng(seed)
    ego, alter = np.triu_indices(people, 1)
    if repeated:
        again = rng.integers(0, len(ego), 12)
        ego, alter = np.concatenate([ego, alter[again]]), np.concatenate([alter, ego[again]])
    sides = rng.normal(size=(people, 2))
    influence = sides[ego] + sides[alter] + rng.normal(size=(len(ego), 2))
    return ego, alter, (influence - influence.mean(axis=0)) / len(ego)


def by_hand(ego: np.ndarray, alter: np.ndarray, influence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variance of sums over every two rows that share somebody, and over every two of the same pair."""
    shared = [set(pair) for pair in zip(ego.tolist(), alter.tolist(), strict=True)]
    everyone = len(set().union(*shared))
    dyadic = pairs = np.zeros(influence.shape[1])
    for one, first in enumerate(shared):
        for two, second in enumerate(shared):
            product = influence[one] * influence[two]
            dyadic = dyadic + product * bool(first & second)
            pairs = pairs + product * (first == second)
    # a sum over people counts what a pair shares twice, and takes it off once
    return dyadic * (everyone - 1) / everyone * (everyone / (everyone - 2)) ** 2, pairs


@pytest.mark.parametrize("seed", range(4))
def test_errors_are_sums_over_rows_that_share_people(seed) -> None:
    ego, alter, influence = rows(seed)
    dyadic, pairs = by_hand(ego, alter, influence)
    found = spread(influence, ego, alter)
    assert found.std_error == pytest.approx(np.sqrt(np.maximum(dyadic, pairs)), rel=1e-12)
    assert (found.floored == (dyadic < pairs)).all()
    assert (found.growth == 0).all()


def test_degrees_of_freedom_say_how_many_people_carry_the_error() -> None:
    ego, alter, influence = rows(people=12, repeated=False)
    u = np.array([influence[(ego == one) | (alter == one)].sum(axis=0) for one in range(12)])
    expected = (u**2).sum(axis=0) ** 2 / (u**4).sum(axis=0) - 1
    found = spread(influence, ego, alter)
    assert found.df == pytest.approx(np.maximum(expected, 1.0), rel=1e-12)
    assert found.margin() == pytest.approx(found.std_error * stdtrit(found.df, 0.975), rel=1e-12)


def test_errors_never_fall_below_those_of_pairs() -> None:
    # people who make up on one pair what they lose on another: the net form is below 0
    ego, alter = np.array([0, 1, 2, 3]), np.array([1, 2, 3, 0])
    influence = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    found = spread(influence, ego, alter)
    assert found.floored.all()
    assert found.std_error == pytest.approx([2.0])


@pytest.mark.parametrize("change", ["names", "order", "flipped", "unit"])
def test_errors_stay_where_nothing_of_substance_changes(change) -> None:
    ego, alter, influence = rows(3)
    before = spread(influence, ego, alter)
    rng = np.random.default_rng(9)
    factor = 1.0
    if change == "names":
        names = np.array([f"person {place}" for place in rng.permutation(9)])
        ego, alter = names[ego], names[alter]
    elif change == "order":
        order = rng.permutation(len(ego))
        ego, alter, influence = ego[order], alter[order], influence[order]
    elif change == "flipped":
        turned = rng.random(len(ego)) < 0.5
        ego, alter = np.where(turned, alter, ego), np.where(turned, ego, alter)
    else:
        factor = 2.0
        influence = influence * factor
    after = spread(influence, ego, alter)
    assert after.std_error == pytest.approx(before.std_error * factor, rel=1e-10)
    assert after.df == pytest.approx(before.df, rel=1e-10)


def test_each_row_twice_is_the_same_study() -> None:
    ego, alter, influence = rows(5)
    both = spread(np.concatenate([influence, influence]) / 2, np.tile(ego, 2), np.tile(alter, 2))
    assert both.std_error == pytest.approx(spread(influence, ego, alter).std_error, rel=1e-12)


def test_a_mean_has_the_dyadic_error_of_a_fit_without_columns() -> None:
    ego, alter, _ = rows(1, people=15, repeated=False)
    y = np.random.default_rng(1).normal(size=len(ego)) + np.sin(ego) + np.sin(alter)
    frame = pd.DataFrame({"ego": ego, "alter": alter, "y": y})
    fit = hs.fit("y ~ 1", frame, family="gaussian", covariance="dyadic")
    own = spread(((y - y.mean()) / len(y))[:, None], ego, alter)
    factor = 14 / 15 * (15 / 13) ** 2
    assert own.std_error[0] == pytest.approx(
        float(fit.tidy()["std_error"].iloc[0]) * np.sqrt(factor), rel=1e-9
    )


def test_two_people_have_no_error() -> None:
    with pytest.raises(FitError, match="at least three people"):
        spread(np.zeros((1, 1)), np.array(["ann"]), np.array(["bob"]))


def test_a_gain_that_no_row_moves_is_known() -> None:
    ego, alter, influence = rows()
    found = spread(influence * 0, ego, alter, np.array([3.0, 0.0]))
    low, high = found.ends(np.array([0.1, 0.2]))
    assert low.tolist() == high.tolist() == [0.1, 0.2]


def of(error: float, growth: float, df: float = 1e9) -> Spread:
    return Spread(np.array([error]), np.array([df]), np.array([False]), np.array([growth]))


def test_without_growth_intervals_are_even() -> None:
    found = of(0.1, 0.0, 12.0)
    low, high = found.ends(np.array([0.5]))
    assert high - 0.5 == pytest.approx(found.margin())
    assert 0.5 - low == pytest.approx(found.margin())


@pytest.mark.parametrize(("effect", "error"), [(1.0, 0.1), (0.5, 0.1), (0.3, 0.1)])
def test_the_ends_for_half_a_square_are_those_of_what_is_squared(effect, error) -> None:
    # g = b² / 2 of an estimate b ± q τ; the estimate of g has no bias, so τ² / 2 is taken off
    q = stdtrit(1e9, 0.975)
    found = of(effect * error, 1 / effect**2)
    low, high = found.ends(np.array([effect**2 / 2 - error**2 / 2]))
    centre = effect**2 / 2 - error**2 / 2
    wide = np.sqrt(1 + (error / effect) ** 2)
    lower = max(effect - q * error, 0.0)
    assert low == pytest.approx(centre + wide * (lower**2 / 2 - centre), rel=1e-6)
    assert high == pytest.approx(centre + wide * ((effect + q * error) ** 2 / 2 - centre), rel=1e-6)


def test_lean_is_never_downward_and_has_an_end() -> None:
    value = np.array([0.0])
    even, down = of(0.1, 0.0).ends(value), of(0.1, -5.0).ends(value)
    assert even[0] == down[0]
    assert even[1] == down[1]
    # beyond one, growth over an error says no more
    assert of(0.1, 10.0).ends(value)[1] == pytest.approx(of(0.1, 1e6).ends(value)[1])
    highs = [of(0.1, growth).ends(value)[1][0] for growth in (0.0, 1.0, 3.0, 9.0)]
    assert highs == sorted(highs)


def test_growth_is_found_where_training_moves_what_people_add() -> None:
    # each tested person adds 1 + 0.3 τ times what they add on average, τ being how training people lean
    rng = np.random.default_rng(4)
    people, growth = 30, 0.3
    ego, alter = np.triu_indices(people, 1)
    own = rng.normal(size=people)
    own -= own.mean()
    influence = (own[ego] + own[alter])[:, None] / (people - 1) ** 2
    u = np.bincount(ego, influence[:, 0], people) + np.bincount(alter, influence[:, 0], people)
    folds = []
    for _ in range(200):
        for tested in np.array_split(rng.permutation(people), 3):
            tilt = -people / (people - len(tested)) * u[tested].sum()
            folds.append(PersonSums(np.sort(tested), (u[np.sort(tested)] * (1 + growth * tilt))[:, None]))
    found = growth_of(influence, ego, alter, folds)
    assert found == pytest.approx([growth], rel=0.03)
    assert growth_of(influence * 2, ego, alter, [one._replace(sums=one.sums * 2) for one in folds]) == (
        pytest.approx(found / 2)
    )
    undefined = [one._replace(sums=np.full_like(one.sums, np.nan)) for one in folds[:60]]
    assert growth_of(influence, ego, alter, [*undefined, *folds[60:]]) == pytest.approx(
        growth_of(influence, ego, alter, folds[60:])
    )


def test_a_score_without_bound_has_no_growth_and_leaves_others_theirs() -> None:
    ego, alter = np.triu_indices(8, 1)
    rng = np.random.default_rng(4)
    influence, sums = rng.normal(size=(len(ego), 2)), rng.normal(size=(24, 4, 2))
    people = [np.sort(rng.permutation(8)[:4]) for _ in sums]
    folds = [PersonSums(*both) for both in zip(people, sums, strict=True)]
    endless = influence.copy()
    endless[0, 1] = -np.inf
    found = growth_of(endless, ego, alter, folds)
    assert found[0] == growth_of(influence, ego, alter, folds)[0] != 0
    assert found[1] == 0


def test_few_folds_tell_no_growth() -> None:
    ego, alter = np.triu_indices(6, 1)
    folds = [PersonSums(np.arange(3), np.ones((3, 1))) for _ in range(19)]
    assert growth_of(np.zeros((15, 1)), ego, alter, folds).tolist() == [0.0]
    assert growth_of(np.zeros((15, 2)), ego, alter, []).tolist() == [0.0, 0.0]


def fold(seed: int = 2, people: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    ego, alter = np.triu_indices(people, 1)
    y = (rng.random(len(ego)) < 0.4).astype(float)
    return ego, alter, y, np.clip(0.3 + 0.3 * y + rng.normal(size=len(ego)) * 0.2, 0.01, 0.99)


def test_leaving_out_is_exact_for_a_mean_over_rows() -> None:
    ego, alter, y, p = fold()
    own = brier(y, p, 0.4)

    def again(keep: np.ndarray) -> np.ndarray:
        return np.array([brier(y[keep], p[keep], 0.4).value - own.value])

    products, squares = left_out(ego, alter, own.influence[:, None], again)
    assert products == pytest.approx(squares, rel=1e-10)


def test_leaving_out_moves_auc_by_more_than_influence_values_say() -> None:
    ego, alter, y, p = fold()
    own = auc(y, p)
    products = squares = 0.0
    for person in range(12):
        keep = (ego != person) & (alter != person)
        change = auc(y[keep], p[keep]).value - own.value
        first = -own.influence[~keep].sum() * len(ego) / keep.sum()
        products, squares = products + first * change, squares + first**2
    made = judged(y, (ego, alter), [np.full(len(y), 0.4), p], 0.4, [SCORES["auc"], SCORES["brier"]])
    found = beyond_first_order([made], [SCORES["auc"], SCORES["brier"]])
    assert found == pytest.approx([products / squares, 1.0], rel=1e-10)
    assert 1.02 < found[0] < 1.3


def test_who_alone_has_a_label_is_passed_over() -> None:
    ego, alter, _, p = fold()
    y = ((ego == 0) & (alter < 4)).astype(float)
    made = judged(y, (ego, alter), [np.full(len(y), 0.1), p], 0.1, [SCORES["auc"]])
    assert np.isfinite(beyond_first_order([made], [SCORES["auc"]])).all()


def test_no_score_of_one_label_is_scaled() -> None:
    ego, alter, y, p = fold()
    made = judged(y * 0, (ego, alter), [np.full(len(y), 0.1), p], 0.1, [SCORES["auc"]])
    assert not made.used.any()
    assert np.isnan(made.people.sums).all()
    assert beyond_first_order([made], [SCORES["auc"]]).tolist() == [1.0]


def test_parts_of_folds_are_those_of_the_mean_over_all_rows() -> None:
    x = np.random.default_rng(0).normal(size=12)
    folds = [np.arange(0, 6), np.arange(6, 12)]
    each = [(x[rows] - x[rows].mean()) / 6 for rows in folds]
    found = centred(each, np.array([x[rows].mean() for rows in folds]), folds, 12)
    assert found == pytest.approx((x - x.mean()) / 12)


def test_an_interval_of_few_people_is_even() -> None:
    numbers = {"std_error": [0.007, 0.007], "df": [2.3, 12.0], "growth": [200.0, 200.0]}
    found = Spread(**{name: np.array(values) for name, values in numbers.items()}, floored=np.zeros(2, bool))
    low, high = found.ends(np.array([-0.008, -0.008]))
    half = found.margin()
    assert low[0] == pytest.approx(-0.008 - half[0]), "the estimate is no end of it"
    assert high[0] == pytest.approx(-0.008 + half[0])
    assert high[1] - -0.008 > half[1]

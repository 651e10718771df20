"""Scores are the ones everybody knows, and each row's influence is what it moves them by."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, logit

from honestsignals.errors import ArgumentError
from honestsignals.inference import scores
from honestsignals.inference.curves import calibration_bins, precision_recall_curve, roc_curve
from honestsignals.inference.scores import LABEL_TYPES, SCORES, Scored, headline, scores_of
from honestsignals.inference.scores_pairs import both_lower, concordance
from honestsignals.inference.scores_rows import ranks
from honestsignals.references import REFERENCES

Floats = NDArray[np.float64]
Weighted = Callable[[Floats], float]
BASE = 0.3
LEVELS = 4


def binary(seed: int, n: int = 60, steps: int = 12) -> tuple[Floats, Floats]:
    """Labels, and predictions that are often tied and never 0 or 1."""
    draws = np.random.default_rng(seed)
    p = draws.integers(1, steps, n) / steps
    return (draws.random(n) < p).astype(float), p


def levels(seed: int, n: int = 60) -> tuple[NDArray[np.int64], Floats]:
    draws = np.random.default_rng(seed)
    P = draws.integers(1, 9, (n, LEVELS)).astype(float)
    P /= P.sum(axis=1, keepdims=True)
    return np.array([draws.choice(LEVELS, p=row) for row in P]), P


def numbers(seed: int, n: int = 60) -> tuple[Floats, Floats]:
    draws = np.random.default_rng(seed)
    y = draws.integers(0, 12, n) / 2
    return y, np.round(y + draws.normal(scale=2, size=n), 1)


MADE = {"binary": binary, "ordinal": levels, "nominal": levels, "continuous": numbers}
BASES = {
    "binary": BASE,
    "ordinal": np.array([0.2, 0.3, 0.3, 0.2]),
    "nominal": np.array([0.2, 0.3, 0.3, 0.2]),
    "continuous": 2.5,
}
CASES = [(kind, one.name) for kind in LABEL_TYPES for one in scores_of(kind)]


def scored(kind: str, name: str, seed: int = 1) -> Scored:
    y, prediction = MADE[kind](seed)
    return SCORES[name].function(y, prediction, BASES[kind])


# Weighted twins: the score as a function of the weights of rows, by scikit-learn, statsmodels or by hand.


def medians(P: Floats) -> NDArray[np.int64]:
    """By the book, for rows where no level has exactly half of the probability below it."""
    return np.array([next(k for k in range(P.shape[1]) if row[: k + 1].sum() >= 0.5) for row in P])


def rps_rows(y: NDArray[np.int64], P: Floats) -> Floats:
    found = []
    for code, row in zip(y, P, strict=True):
        misses = [(sum(row[: k + 1]) - (1.0 if code <= k else 0.0)) ** 2 for k in range(len(row) - 1)]
        found.append(sum(misses) / (len(row) - 1))
    return np.array(found)


def somers_by_pairs(y: Floats, m: Floats, w: Floats) -> float:
    pairs = np.outer(w, w)
    signs = np.sign(y[:, None] - y) * np.sign(m[:, None] - m)
    return float((pairs * signs).sum() / (pairs * (y[:, None] != y)).sum())


def ovo_by_pairs(y: NDArray[np.int64], P: Floats, w: Floats) -> float:
    from sklearn.metrics import roc_auc_score

    found = []
    for a in np.unique(y):
        for b in np.unique(y):
            if a != b:
                rows = (y == a) | (y == b)
                found.append(roc_auc_score(y[rows] == a, P[rows, a], sample_weight=w[rows]))
    return float(np.mean(found))


def recalibrated(y: Floats, p: Floats, w: Floats, *, slope: bool) -> float:
    import statsmodels.api as sm

    X = np.column_stack([np.ones(y.size), logit(p)]) if slope else np.ones((y.size, 1))
    offset = None if slope else logit(p)
    model = sm.GLM(y, X, family=sm.families.Binomial(), freq_weights=w, offset=offset)
    return float(model.fit(tol=1e-14, maxiter=200).params[-1])


def twin(kind: str, name: str, y, p) -> Weighted | None:
    from sklearn import metrics as sk

    known: dict[str, Weighted] = {}
    if kind == "binary":
        known = {
            "auc": lambda w: sk.roc_auc_score(y, p, sample_weight=w),
            "average_precision": lambda w: sk.average_precision_score(y, p, sample_weight=w),
            "brier": lambda w: sk.brier_score_loss(y, p, sample_weight=w),
            "log_score": lambda w: -sk.log_loss(y, p, sample_weight=w),
            "calibration_slope": lambda w: recalibrated(y, p, w, slope=True),
            "calibration_intercept": lambda w: recalibrated(y, p, w, slope=False),
        }
    elif kind == "continuous":
        known = {
            "r2": lambda w: 1 - w @ (y - p) ** 2 / (w @ (y - BASES[kind]) ** 2),
            "rmse": lambda w: math.sqrt(sk.mean_squared_error(y, p, sample_weight=w)),
            "mae": lambda w: sk.mean_absolute_error(y, p, sample_weight=w),
            "somers_d": lambda w: somers_by_pairs(y, p, w),
        }
    else:
        known = {
            "rps": lambda w: np.average(rps_rows(y, p), weights=w),
            "weighted_kappa": lambda w: sk.cohen_kappa_score(
                y, medians(p), weights="quadratic", sample_weight=w
            ),
            "somers_d": lambda w: somers_by_pairs(y, np.round(p @ np.arange(LEVELS), 10), w),
            "log_score": lambda w: -sk.log_loss(y, p, labels=range(LEVELS), sample_weight=w),
            "brier": lambda w: np.average(
                [((np.eye(LEVELS)[a] - b) ** 2).sum() for a, b in zip(y, p, strict=True)], weights=w
            ),
            "accuracy": lambda w: sk.accuracy_score(y, p.argmax(axis=1), sample_weight=w),
            "auc_ovo": lambda w: ovo_by_pairs(y, p, w),
        }
    return known.get(name)


def untied(kind: str, seed: int):
    """Rows of levels without two most probable ones and without two medians, where twins take one of them."""
    y, p = MADE[kind](seed)
    if p.ndim == 2:
        top = np.sort(p, axis=1)
        halves = np.abs(np.cumsum(p, axis=1) - 0.5).min(axis=1) > 1e-9
        keep = (top[:, -1] - top[:, -2] > 1e-9) & halves
        y, p = y[keep], p[keep]
    return y, p


TWINNED = [case for case in CASES if case[1] not in ("ppv_at_base", "recall_at_base")]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("kind", "name"), TWINNED)
def test_scores_equal_those_of_known_libraries(kind: str, name: str, seed: int) -> None:
    y, p = untied(kind, seed)
    known = twin(kind, name, y, p)
    assert known is not None
    precision = 1e-9 if name.startswith("calibration") else 1e-12
    assert SCORES[name].function(y, p, BASES[kind]).value == pytest.approx(
        known(np.ones(y.size)), abs=precision
    )


@pytest.mark.parametrize(("kind", "name"), TWINNED)
def test_influence_is_the_derivative_by_the_weight_of_a_row(kind: str, name: str) -> None:
    y, p = untied(kind, 7)
    known = twin(kind, name, y, p)
    assert known is not None
    influence = SCORES[name].function(y, p, BASES[kind]).influence
    step = 1e-4
    for row in range(y.size):
        up, down = np.ones(y.size), np.ones(y.size)
        up[row], down[row] = 1 + step, 1 - step
        assert influence[row] == pytest.approx((known(up) - known(down)) / (2 * step), abs=1e-6)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_influence_sums_to_zero(kind: str, name: str) -> None:
    found = scored(kind, name)
    assert math.isfinite(found.value)
    assert abs(found.influence.sum()) < 1e-12
    assert np.abs(found.influence).max() > 0


def test_r2_of_the_tested_mean_and_somers_d_are_those_of_known_libraries() -> None:
    from scipy.stats import somersd
    from sklearn.metrics import r2_score, roc_auc_score

    y, mean = numbers(3)
    assert scores.r2(y, mean, y.mean()).value == pytest.approx(r2_score(y, mean), abs=1e-12)
    assert scores.somers_d(y, mean).value == pytest.approx(somersd(y, mean).statistic, abs=1e-12)
    codes, P = levels(3)
    expected = roc_auc_score(codes, P, multi_class="ovo", average="macro")
    assert scores.auc_ovo(codes, P).value == pytest.approx(expected, abs=1e-12)
    mean = np.round(P @ np.arange(LEVELS), 10)
    assert scores.somers_d(codes, P).value == pytest.approx(somersd(codes, mean).statistic, abs=1e-12)


def test_a_row_between_two_medians_counts_half_for_each() -> None:
    from sklearn.metrics import cohen_kappa_score

    y = np.array([0, 1, 2, 2, 1])
    P = np.array([[0.5, 0, 0.5], [0.2, 0.6, 0.2], [0.1, 0.2, 0.7], [0.1, 0.4, 0.5], [0.7, 0.1, 0.2]])
    low, high = np.array([0, 1, 2, 1, 0]), np.array([2, 1, 2, 2, 0])

    def twin(w: Floats) -> float:
        seen, said = np.tile(y, 2), np.concatenate([low, high])
        return cohen_kappa_score(seen, said, weights="quadratic", sample_weight=np.tile(w, 2))

    found = scores.weighted_kappa(y, P)
    assert found.value == pytest.approx(twin(np.ones(5)), abs=1e-12)
    for row in range(5):
        step = 1e-4 * np.eye(5)[row]
        assert found.influence[row] == pytest.approx((twin(1 + step) - twin(1 - step)) / 2e-4, abs=1e-6)


# Flagging as many as the base rate foretells


def flagged_by_lot(y: Floats, p: Floats, k: int) -> tuple[float, float]:
    """PPV and recall, averaged over all orders of the rows that are tied at the threshold."""
    from itertools import combinations

    order = sorted(p, reverse=True)
    threshold = order[k - 1]
    above, at = np.flatnonzero(p > threshold), np.flatnonzero(p == threshold)
    hits = np.mean([y[above].sum() + y[list(chosen)].sum() for chosen in combinations(at, k - above.size)])
    return float(hits / k), float(hits / y.sum())


@pytest.mark.parametrize("seed", range(6))
def test_flagging_takes_the_mean_over_orders_of_ties(seed: int) -> None:
    y, p = binary(seed, n=24, steps=6)
    for k in (1, 5, 12, 20, 24):
        ppv, recall = flagged_by_lot(y, p, k)
        assert scores.ppv_at_base(y, p, k / 24).value == pytest.approx(ppv, abs=1e-12)
        assert scores.recall_at_base(y, p, k / 24).value == pytest.approx(recall, abs=1e-12)


def test_flagging_part_of_a_row_counts_the_part() -> None:
    y, p = np.array([1.0, 0.0, 1.0, 0.0, 1.0]), np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    # 2.5 rows: one hit, one miss, half a hit
    assert scores.ppv_at_base(y, p, 0.5).value == pytest.approx(1.5 / 2.5, abs=1e-12)
    assert scores.recall_at_base(y, p, 0.5).value == pytest.approx(1.5 / 3, abs=1e-12)


def weighted_hits(y: Floats, p: Floats, w: Floats, base: float) -> float:
    """Rows with the label among the base share of the weight that is predicted highest."""
    left, hits = base * w.sum(), 0.0
    for value in sorted(set(p), reverse=True):
        at = p == value
        part = min(1.0, left / w[at].sum())
        hits, left = hits + part * float(w[at] @ y[at]), left - part * w[at].sum()
        if left <= 0:
            break
    return hits


@pytest.mark.parametrize("seed", range(3))
def test_influence_of_flagging_is_the_derivative_where_the_rows_at_the_threshold_are_tied(seed: int) -> None:
    y, p = binary(seed, n=90, steps=4)
    # the threshold falls among the middle third, wider than the places near it
    base, step = float(np.mean(p > 0.5) + np.mean(p == 0.5) / 2), 1e-4
    assert (p == 0.5).sum() > 2 * math.sqrt(90)
    ppv, recall = scores.ppv_at_base(y, p, base), scores.recall_at_base(y, p, base)
    for row in range(90):
        w = [np.ones(90), np.ones(90)]
        w[0][row], w[1][row] = 1 + step, 1 - step
        hits = [weighted_hits(y, p, one, base) for one in w]
        by_ppv, by_recall = (
            (hits[0] / whole(w[0]) - hits[1] / whole(w[1])) / (2 * step)
            for whole in (lambda one: base * one.sum(), lambda one: one @ y)
        )
        assert ppv.influence[row] == pytest.approx(by_ppv, abs=1e-6)
        assert recall.influence[row] == pytest.approx(by_recall, abs=1e-6)


def test_errors_of_flagging_are_right_without_ties() -> None:
    draws = np.random.default_rng(5)
    found = []
    for _ in range(600):
        x = draws.normal(size=300)
        y = (draws.random(300) < expit(x - 1)).astype(float)
        both = scores.ppv_at_base(y, x, BASE), scores.recall_at_base(y, x, BASE)
        found.append([(one.value, (one.influence**2).sum()) for one in both])
    values, squares = np.moveaxis(np.array(found), 2, 0)
    ratio = np.sqrt(squares.mean(axis=0)) / values.std(axis=0)
    # a standard deviation of 600 draws is within 3 % of its own with probability two thirds
    assert ratio == pytest.approx([1.0, 1.0], abs=0.09)


# What must not matter


@pytest.mark.parametrize("name", ["auc", "average_precision", "ppv_at_base", "recall_at_base"])
@pytest.mark.parametrize("transform", [np.cbrt, np.exp, lambda p: 1000 * p - 5], ids=["root", "exp", "unit"])
def test_only_the_order_matters_to_ranking(name: str, transform) -> None:
    y, p = binary(2)
    one, other = (SCORES[name].function(y, value, BASE) for value in (p, transform(p)))
    assert other.value == pytest.approx(one.value, abs=1e-15)
    assert other.influence == pytest.approx(one.influence, abs=1e-15)


def test_only_the_order_matters_to_somers_d() -> None:
    y, mean = numbers(2)
    assert scores.somers_d(y**3, np.arctan(mean)).value == scores.somers_d(y, mean).value
    assert scores.somers_d(y, -mean).value == pytest.approx(-scores.somers_d(y, mean).value, abs=1e-15)
    binary_y, p = binary(2)
    D, A = scores.somers_d(binary_y, p), scores.auc(binary_y, p)
    assert D.value == pytest.approx(2 * A.value - 1, abs=1e-15)
    assert D.influence == pytest.approx(2 * A.influence, abs=1e-15)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_order_of_rows_does_not_matter(kind: str, name: str) -> None:
    y, prediction = MADE[kind](4)
    order = np.random.default_rng(0).permutation(y.size)
    one, other = (
        SCORES[name].function(*rows, BASES[kind]) for rows in ((y, prediction), (y[order], prediction[order]))
    )
    assert other.value == pytest.approx(one.value, abs=1e-12)
    assert other.influence == pytest.approx(one.influence[order], abs=1e-12)


# of flagging, the places near the threshold grow with the root of rows
@pytest.mark.parametrize(("kind", "name"), TWINNED)
def test_all_rows_twice_is_the_same_score_with_half_the_influence(kind: str, name: str) -> None:
    y, prediction = MADE[kind](4)
    one = SCORES[name].function(y, prediction, BASES[kind])
    twice = SCORES[name].function(np.tile(y, 2), np.concatenate([prediction, prediction]), BASES[kind])
    assert twice.value == pytest.approx(one.value, abs=1e-12)
    assert twice.influence == pytest.approx(np.tile(one.influence, 2) / 2, abs=1e-12)


def test_which_label_is_one_is_a_matter_of_name() -> None:
    y, p = binary(3)
    for name, sign in {
        "auc": 1,
        "brier": 1,
        "log_score": 1,
        "calibration_slope": 1,
        "calibration_intercept": -1,
    }.items():
        one, other = (SCORES[name].function(*rows, BASE) for rows in ((y, p), (1 - y, 1 - p)))
        assert other.value == pytest.approx(sign * one.value, abs=1e-10), name
        assert other.influence == pytest.approx(sign * one.influence, abs=1e-10), name


@pytest.mark.parametrize("name", ["rps", "weighted_kappa", "somers_d", "log_score"])
def test_levels_may_be_counted_from_the_top(name: str) -> None:
    y, P = levels(3)
    one, other = (SCORES[name].function(*rows, None) for rows in ((y, P), (LEVELS - 1 - y, P[:, ::-1])))
    assert other.value == pytest.approx(one.value, abs=1e-12)
    assert other.influence == pytest.approx(one.influence, abs=1e-12)


@pytest.mark.parametrize("name", ["auc_ovo", "accuracy", "brier", "log_score"])
def test_names_of_levels_do_not_matter(name: str) -> None:
    y, P = levels(3)
    order = np.array([2, 0, 3, 1])
    one, other = (
        SCORES[name].function(*rows, None) for rows in ((y, P), (np.argsort(order)[y], P[:, order]))
    )
    assert other.value == pytest.approx(one.value, abs=1e-12)
    assert other.influence == pytest.approx(one.influence, abs=1e-12)


def test_units_of_a_label() -> None:
    y, mean = numbers(6)
    for name, factor in {"r2": 1, "rmse": 60, "mae": 60, "somers_d": 1}.items():
        one, other = (SCORES[name].function(unit * y, unit * mean, unit * 2.5) for unit in (1, 60))
        assert other.value == pytest.approx(factor * one.value, rel=1e-12), name


def test_rounding_puts_no_rows_in_order() -> None:
    y = np.array([0.0, 1.0, 0.0, 1.0])
    p = np.array([0.3, 0.1 + 0.2, 0.3, 0.3 - 5e-17])
    assert scores.auc(y, p).value == 0.5
    assert scores.somers_d(y, p).value == 0.0
    assert scores.accuracy(
        [0, 1], [[0.1 + 0.2, 0.3, 0.4 - 1e-17], [1 / 3, 1 - 2 / 3, 1 / 3]]
    ).value == pytest.approx(1 / 6)
    # far below 1, what differs is told apart
    assert scores.auc([0.0, 1.0], [1e-20, 1e-19]).value == 1.0


def test_two_levels_are_a_binary_label() -> None:
    y, p = binary(5)
    P = np.column_stack([1 - p, p])
    assert scores.rps(y, P).value == pytest.approx(scores.brier(y, p).value, abs=1e-14)
    assert scores.brier(y, P).value == pytest.approx(2 * scores.brier(y, p).value, abs=1e-14)
    assert scores.log_score(y, P).value == pytest.approx(scores.log_score(y, p).value, abs=1e-14)
    assert scores.auc_ovo(y, P).value == pytest.approx(scores.auc(y, p).value, abs=1e-14)


# Ends


def perfect(kind: str) -> tuple[Floats, Floats]:
    if kind == "binary":
        return np.array([0.0, 0, 1, 1, 0]), np.array([0.0, 0, 1, 1, 0])
    if kind == "continuous":
        return np.array([0.0, 2, 5]), np.array([0.0, 2, 5])
    return np.array([0, 1, 2, 3, 1]), np.eye(4)[[0, 1, 2, 3, 1]]


# what is never wrong has probabilities 0 and 1, and no slope
@pytest.mark.parametrize(("kind", "name"), [case for case in CASES if SCORES[case[1]].gain])
def test_predictions_that_are_never_wrong(kind: str, name: str) -> None:
    y, prediction = perfect(kind)
    base = y.mean() if kind == "binary" else BASES[kind]
    found = SCORES[name].function(y, prediction, base)
    assert found.value == pytest.approx(SCORES[name].perfect, abs=1e-12)
    if name not in ("ppv_at_base", "recall_at_base"):
        assert np.all(np.abs(found.influence) < 1e-12)


def test_right_predictions_have_slope_one_and_intercept_zero() -> None:
    p = np.repeat([0.2, 0.5, 0.8], 10)
    y = np.concatenate([np.arange(10) < ones for ones in (2, 5, 8)]).astype(float)
    assert scores.calibration_slope(y, p).value == pytest.approx(1.0, abs=1e-12)
    assert scores.calibration_intercept(y, p).value == pytest.approx(0.0, abs=1e-12)
    extreme = expit(2 * logit(p) + 0.5)
    assert scores.calibration_slope(y, extreme).value == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_predictions_without_information(kind: str, name: str) -> None:
    y, prediction = MADE[kind](8)
    same = np.broadcast_to(prediction[0], prediction.shape)
    found = SCORES[name].function(y, same, BASES[kind])
    chance = SCORES[name].chance
    if not math.isnan(chance) and name != "r2":
        assert found.value == pytest.approx(chance, abs=1e-12)
    if name in ("average_precision", "ppv_at_base"):
        assert found.value == pytest.approx(y.mean(), abs=1e-12)
    if name == "recall_at_base":
        assert found.value == pytest.approx(BASE, abs=1e-12)


def test_the_mean_of_training_has_no_r2() -> None:
    y, _ = numbers(1)
    assert scores.r2(y, np.full(y.size, 2.5), 2.5).value == 0.0
    assert scores.r2(y, np.full(y.size, 7.0), 2.5).value < 0


def undefined_cases() -> Iterator[tuple[str, tuple]]:
    ones, p = np.ones(4), np.array([0.2, 0.4, 0.4, 0.9])
    y = np.array([0.0, 1.0, 0.0, 1.0])
    for name in ("auc", "average_precision", "calibration_slope", "calibration_intercept"):
        yield name, (ones, p, BASE)
        yield name, (0 * ones, p, BASE)
    yield "recall_at_base", (0 * ones, p, BASE)
    for name in ("ppv_at_base", "recall_at_base"):
        yield name, (y, p, 0.0)
    yield "calibration_slope", (y, 0.5 * ones, BASE)
    yield "calibration_slope", (y, np.array([0.3, 0.1 + 0.2, 0.3, 0.3]), BASE)
    for sure in (0.0, 1.0):
        yield "calibration_slope", (y, np.array([0.2, sure, 0.4, 0.3]), BASE)
        yield "calibration_intercept", (y, np.array([0.2, sure, 0.4, 0.3]), BASE)
    # apart, and apart but for a tie at the threshold
    yield "calibration_slope", (np.array([0.0, 0, 1, 1]), np.array([0.1, 0.2, 0.3, 0.4]), BASE)
    yield "calibration_slope", (np.array([0.0, 0, 1, 1]), np.array([0.1, 0.2, 0.2, 0.4]), BASE)
    yield "calibration_slope", (np.array([1.0, 1, 0, 0]), np.array([0.1, 0.2, 0.2, 0.4]), BASE)
    yield "somers_d", (ones, p, None)
    yield "r2", (ones, p, 1.0)
    P = np.eye(3)[[1, 1, 1]]
    yield "weighted_kappa", (np.array([1, 1, 1]), P, None)
    yield "auc_ovo", (np.array([1, 1, 1]), P, None)
    yield "somers_d", (np.array([1, 1, 1]), P, None)


@pytest.mark.parametrize(("name", "rows"), list(undefined_cases()))
def test_undefined_is_nan_and_says_when(name: str, rows: tuple) -> None:
    found = SCORES[name].function(*rows)
    assert math.isnan(found.value)
    assert found.influence.shape == rows[0].shape
    assert np.isnan(found.influence).all()
    assert SCORES[name].undefined.startswith("where ")


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_no_rows_have_no_score(kind: str, name: str) -> None:
    none = np.empty((0, LEVELS)) if kind in ("ordinal", "nominal") else np.empty(0)
    found = SCORES[name].function(np.empty(0), none, BASES[kind])
    assert math.isnan(found.value)
    assert found.influence.shape == (0,)


def test_what_was_impossible_and_happened_costs_everything() -> None:
    for rows in (([1.0, 0.0], [0.0, 0.5]), ([0, 1], [[0.0, 1.0], [0.5, 0.5]])):
        found = scores.log_score(*rows)
        assert found.value == -math.inf
        assert np.isnan(found.influence).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scores.auc([0, 1], [0.5]), r"y has 2 rows and prediction 1; they go in pairs"),
        (lambda: scores.auc([0, 3], [0.5, 0.2]), r"y has 3 in row 1; a binary label is 0 or 1"),
        (lambda: scores.auc([0, np.nan], [0.5, 0.2]), r"y is not known in 1 row of 2"),
        (lambda: scores.brier([0, 1], [0.5, np.nan]), r"prediction is not known in 1 row of 2"),
        (lambda: scores.brier([0, 1], [0.5, 1.2]), r"prediction is 1\.2; a probability lies between 0 and 1"),
        (
            lambda: scores.auc([0, 1], [[0.5, 0.5]] * 2),
            r"prediction has shape \(2, 2\); it needs one number a row",
        ),
        (lambda: scores.rps([0, 1], [0.5, 0.5]), r"prediction has shape \(2,\); it needs one column a level"),
        (
            lambda: scores.rps([0, 2], [[0.5, 0.5]] * 2),
            r"y has 2 in row 1; of 2 levels, codes go from 0 to 1",
        ),
        (lambda: scores.rps([0, 0.5], [[0.5, 0.5]] * 2), r"y has 0\.5 in row 1"),
        (lambda: scores.rps([0, 1], [[0.5, 0.4]] * 2), r"prediction sums to 0\.9 in row 0"),
        (lambda: scores.ppv_at_base([0, 1], [0.5, 0.4], 30), r"base is 30; the share with the label"),
        (lambda: scores.recall_at_base([0, 1], [0.5, 0.4], math.nan), r"base is nan"),
        (lambda: scores.r2([0, 1], [0.5, 0.4], math.nan), r"base is nan; it must be the mean"),
        (lambda: calibration_bins([0, 1], [0.5, 0.4], bins=0), r"bins is 0; there must be one at least"),
        (lambda: headline("count"), r"label_type is 'count'"),
    ],
)
def test_refusals_say_what_and_why(call, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()


def test_rounding_beyond_the_ends_is_no_error() -> None:
    found = scores.log_score([0, 1], [-1e-17, 1 + 1e-16])
    assert found.value == 0.0


def test_extreme_predictions_can_be_recalibrated() -> None:
    y = np.array([0.0, 1.0, 0.0, 1.0] * 5)
    p = np.array([1e-300, 1e-300, 1e-12, 1 - 1e-12] * 5)
    slope, intercept = scores.calibration_slope(y, p), scores.calibration_intercept(y, p)
    assert math.isfinite(slope.value)
    assert math.isfinite(intercept.value)
    assert abs(slope.influence.sum()) < 1e-8


# The registry


def test_every_score_says_what_it_is() -> None:
    for name, one in SCORES.items():
        assert one.name == name
        assert one.function.__name__ == name
        assert list(inspect.signature(one.function).parameters) == ["y", "prediction", "base"]
        assert one.meaning
        assert one.undefined
        assert not one.reference or one.reference in REFERENCES
    assert len({one.title for one in SCORES.values()}) == len(SCORES)


def test_scores_of_each_label() -> None:
    names = {kind: {one.name for one in scores_of(kind)} for kind in LABEL_TYPES}
    assert names == {
        "binary": {
            *("auc", "average_precision", "ppv_at_base", "recall_at_base", "brier", "log_score"),
            *("calibration_slope", "calibration_intercept"),
        },
        "ordinal": {"somers_d", "weighted_kappa", "rps", "log_score"},
        "nominal": {"log_score", "brier", "accuracy", "auc_ovo"},
        "continuous": {"r2", "rmse", "mae", "somers_d"},
    }
    assert all(headline(kind) in names[kind] for kind in LABEL_TYPES)


def test_gains_are_positive_where_better() -> None:
    assert SCORES["auc"].gained(0.7, 0.6) == pytest.approx(0.1)
    assert SCORES["brier"].gained(0.2, 0.25) == pytest.approx(0.05)
    assert math.isnan(SCORES["calibration_slope"].gained(1.0, 0.5))


# Pairs, without looking at them


@pytest.mark.parametrize("n", [1, 2, 7, 64, 200])
@pytest.mark.parametrize("values", [2, 5, 1000])
def test_pairs_are_counted_as_by_looking_at_each(n: int, values: int) -> None:
    draws = np.random.default_rng(n * values)
    a, b = (np.unique(draws.integers(0, values, n), return_inverse=True)[1] for _ in range(2))
    signs, different = concordance(a, b)
    assert signs.tolist() == (np.sign(a[:, None] - a) * np.sign(b[:, None] - b)).sum(axis=1).tolist()
    assert different.tolist() == (b[:, None] != b).sum(axis=1).tolist()
    assert both_lower(a, b).tolist() == ((a < a[:, None]) & (b < b[:, None])).sum(axis=1).tolist()


def test_more_ranks_than_two_bytes_hold() -> None:
    a = np.arange(70_000)
    signs, _ = concordance(a, a[::-1].copy())
    assert np.all(signs == -(a.size - 1))


def test_ranks_are_those_of_different_values() -> None:
    values = np.random.default_rng(0).integers(0, 9, 50) / 7
    assert ranks(values).tolist() == np.unique(values, return_inverse=True)[1].tolist()


def test_forty_thousand_rows_are_quick() -> None:
    draws = np.random.default_rng(0)
    y, mean = draws.normal(size=(2, 40_000))
    started = time.process_time()
    scores.somers_d(y, mean)
    # a pair-by-pair count would take minutes; the bound leaves room for a busy machine
    assert time.process_time() - started < 1.0


# Curves


@pytest.mark.parametrize("seed", range(3))
def test_curves_are_those_of_scikit_learn(seed: int) -> None:
    from sklearn import metrics

    y, p = binary(seed)
    false, true, _ = metrics.roc_curve(y, p, drop_intermediate=False)
    found = roc_curve(y, p)
    for mine, theirs in zip(found, (false, true), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-15)
    assert np.trapezoid(found[1], found[0]) == pytest.approx(scores.auc(y, p).value)
    precision, recall, _ = metrics.precision_recall_curve(y, p)
    steps = precision_recall_curve(y, p)
    assert steps[0] == pytest.approx(recall[-2::-1], abs=1e-15)
    assert steps[1] == pytest.approx(precision[-2::-1], abs=1e-15)
    area = np.diff(steps[0], prepend=0) @ steps[1]
    assert area == pytest.approx(scores.average_precision(y, p).value, abs=1e-12)


def test_curves_of_one_label_are_not_known() -> None:
    assert np.isnan(roc_curve([1, 1], [0.2, 0.4])[0]).all()
    assert np.isnan(precision_recall_curve([0, 0], [0.2, 0.4])[0]).all()


def test_calibration_keeps_ties_together_and_all_rows() -> None:
    y, p = binary(9, n=500, steps=4)
    predicted, observed, rows = calibration_bins(y, p, bins=10)
    values = np.unique(p)
    assert predicted == pytest.approx(values, abs=1e-15)
    assert observed == pytest.approx([y[p == one].mean() for one in values], abs=1e-15)
    assert rows.tolist() == [int((p == one).sum()) for one in values]


def test_calibration_makes_bins_of_like_many_rows() -> None:
    draws = np.random.default_rng(1)
    p = draws.random(1003)
    predicted, _, rows = calibration_bins((draws.random(1003) < p).astype(float), p)
    assert rows.sum() == 1003
    assert set(rows.tolist()) <= {100, 101}
    assert np.all(np.diff(predicted) > 0)
    assert [part.size for part in calibration_bins([], [])] == [0, 0, 0]

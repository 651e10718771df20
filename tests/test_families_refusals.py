"""Families other than the linear and the logit: what has no estimate or no error, and the words for it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from honestsignals.errors import ArgumentError, FitError
from honestsignals.inference.clusters import pair_codes
from honestsignals.inference.collinearity import dependent_columns
from honestsignals.inference.covariance import jackknife
from honestsignals.inference.estimators import estimate
from honestsignals.inference.families import FAMILIES
from honestsignals.inference.separation import separating_direction
from tests.networks import Rows, simulated

RNG = np.random.default_rng(8)
N = 200
ONE, X1, X2 = np.ones(N), RNG.normal(size=N), RNG.normal(size=N)
COIN = (RNG.random(N) < 0.5).astype(float)
THREE = RNG.integers(0, 3, N).astype(float)
COUNT = RNG.poisson(2.0, N).astype(float)
OTHERS = [name for name in FAMILIES if name not in ("gaussian", "logit")]
LABEL = {
    "probit": COIN,
    "poisson": COUNT,
    "ordered_logit": THREE,
    "ordered_probit": THREE,
    "multinomial": THREE,
}
SEPARATED = "The label is separated by 'x': its coefficient has no finite estimate."


def refused(
    message: str, family: str, y: np.ndarray, error: type[Exception] = FitError, **columns: np.ndarray
) -> None:
    if not FAMILIES[family].cuts:
        columns = {"Intercept": ONE, **columns}
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        estimate(np.column_stack(list(columns.values())), y, family, list(columns))


# separation


@pytest.mark.parametrize("scale", [1.0, 1e8, 1e-8])
@pytest.mark.parametrize("family", ["probit", "ordered_logit", "ordered_probit", "multinomial"])
def test_a_column_that_tells_the_levels_apart(family: str, scale: float) -> None:
    y = (X1 > 0.3).astype(float) if family == "probit" else np.digitize(X1, [-0.5, 0.6]).astype(float)
    refused(SEPARATED, family, y, x=scale * X1, z=X2)


@pytest.mark.parametrize("scale", [1.0, 1e8, 1e-8])
def test_counts_that_are_zero_beyond_a_point(scale: float) -> None:
    flag = (X1 > 0.5).astype(float)
    told = f" Every row where 'x' is {scale:g} has the label 0."
    refused(SEPARATED + told, "poisson", np.where(flag == 1, 0.0, COUNT), x=scale * flag, z=X2)


def test_counts_that_are_merely_rare_beyond_a_point() -> None:
    flag = (X1 > 0.5).astype(float)
    y = np.where(flag == 1, 0.0, COUNT)
    y[np.flatnonzero(flag)[0]] = 1.0
    assert estimate(np.column_stack([ONE, flag]), y, "poisson", ["Intercept", "x"]).converged


@pytest.mark.parametrize("family", ["multinomial", "ordered_logit"])
def test_a_flag_that_only_one_level_has(family: str) -> None:
    """Quasi-complete: of a class, or of the highest level."""
    flag = np.where((THREE == 2) & (X1 > 0), 1.0, 0.0)
    refused(SEPARATED, family, THREE, x=flag, z=X2)


@pytest.mark.parametrize("family", ["ordered_logit", "ordered_probit"])
def test_one_perfect_threshold_among_mixed_ones_is_no_separation(family: str) -> None:
    """x tells 2 from less, but the two levels below are mixed over all x: slopes stay finite."""
    y = np.where(X1 > 0.4, 2.0, COIN)
    fit = estimate(X1[:, None], y, family, ["x"])
    assert fit.converged
    assert np.isfinite(fit.beta).all()


def test_a_flag_of_middle_levels_is_no_separation_of_ordered_ones() -> None:
    flag = np.where((THREE == 1) & (X1 > 0), 1.0, 0.0)
    assert estimate(np.column_stack([flag, X2]), THREE, "ordered_logit", ["x", "z"]).converged
    refused(SEPARATED, "multinomial", THREE, x=flag, z=X2)


def textbook(family: str, X: np.ndarray, y: np.ndarray) -> bool:
    """Konis' programme: the largest sum of margins in a box, over directions that lower no row."""
    k, levels = X.shape[1], int(y.max()) + 1
    margins = []
    for x, level in zip(X, y.astype(int), strict=True):
        if family == "poisson":
            margins += [-x] if level == 0 else [x, -x]
        elif family == "multinomial":
            own = np.zeros((levels, k))
            own[level] = x
            for other in set(range(levels)) - {level}:
                rival = np.zeros((levels, k))
                rival[other] = x
                margins.append((own - rival)[1:].ravel())
        else:
            for cut, sign in ((level, 1.0), (level - 1, -1.0)):
                if 0 <= cut < levels - 1:
                    margins.append(sign * np.concatenate([-x, np.eye(levels - 1)[cut]]))
    C = np.array(margins)
    found = linprog(-C.sum(axis=0), A_ub=-C, b_ub=np.zeros(len(C)), bounds=(-1, 1), method="highs")
    return bool(-found.fun > 1e-6)


@pytest.mark.parametrize("family", ["poisson", "ordered_logit", "multinomial"])
def test_separation_is_what_the_textbook_programme_finds(family: str) -> None:
    met = {True: 0, False: 0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        columns = [rng.normal(size=25), *(rng.random((2, 25)) < 0.3), rng.integers(0, 3, 25)]
        X = np.column_stack([*([] if family == "ordered_logit" else [np.ones(25)]), *columns[: 1 + seed % 4]])
        chance = rng.random(25)
        y = np.digitize(chance + (seed % 3) * columns[0], [0.5, 0.8]).astype(float)
        if family == "poisson":
            y = np.where(chance < 0.75, 0.0, 2.0)
        whole = np.column_stack([np.ones(25), X]) if family == "ordered_logit" else X
        if np.unique(y).size < (2 if family == "poisson" else 3) or dependent_columns(
            whole, ["x"] * whole.shape[1]
        ):
            continue
        expected = textbook(family, X, y)
        met[expected] += 1
        assert (separating_direction(X, y, FAMILIES[family]) is not None) == expected, seed
        names = [f"x{place}" for place in range(X.shape[1])]
        if expected:
            with pytest.raises(FitError, match="The label is separated by"):
                estimate(X, y, family, names)
        else:
            assert estimate(X, y, family, names).converged
    assert min(met.values()) > 3, met


@pytest.mark.parametrize("family", ["probit", "ordered_logit", "ordered_probit", "multinomial", "poisson"])
@pytest.mark.parametrize("seed", range(4))
def test_strong_effects_are_no_separation(family: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(3000), 4 * rng.normal(size=(3000, 2)), rng.standard_t(3, size=3000)])
    latent = X @ [-1.0, 3.0, -2.0, 1.0] + rng.logistic(size=3000)
    y = (latent > 0).astype(float) if family == "probit" else np.digitize(latent, [-4, 2]).astype(float)
    if family == "poisson":
        y = rng.poisson(np.exp(np.clip(latent / 3, -20, 5))).astype(float)
    if FAMILIES[family].cuts:
        X = X[:, 1:]
    fit = estimate(X, y, family, list("abcd")[: X.shape[1]])
    assert fit.converged
    assert np.abs(fit.scores.sum(axis=0)).max() < 1e-6 * np.abs(X).sum()


# labels and weights


@pytest.mark.parametrize("family", OTHERS)
def test_one_label_in_every_row(family: str) -> None:
    refused("The label is 1 in every row: there is nothing to explain.", family, ONE, x=X1)


@pytest.mark.parametrize("family", OTHERS)
def test_columns_that_say_the_same(family: str) -> None:
    message = "'messages' is a multiple of 'acts': leave one of them out."
    refused(message, family, LABEL[family], acts=X1, messages=2 * X1)


def test_a_constant_beside_cut_points() -> None:
    refused("'x' is the same in every row: leave it out.", "ordered_logit", THREE, x=3 * ONE, z=X1)


def test_labels_that_a_family_does_not_take() -> None:
    needs = "needs whole numbers from 0."
    refused(
        f"The label is 0.5 in some row; a Poisson {needs}",
        "poisson",
        COUNT + 0.5 * (COUNT == 0),
        ArgumentError,
        x=X1,
    )
    refused(f"The label is -1 in some row; a Poisson {needs}", "poisson", -COIN, ArgumentError, x=X1)
    refused(
        "The label is 2 in some row; a probit needs labels of 0 and 1.", "probit", THREE, ArgumentError, x=X1
    )
    message = "The label has 200 levels; an ordered logit takes 50 at most."
    refused(message, "ordered_logit", X2, ArgumentError, x=X1)


def test_too_few_rows_count_cut_points_and_classes() -> None:
    for family, count in (("ordered_logit", 3), ("multinomial", 4)):
        columns = [X1] if family == "ordered_logit" else [ONE, X1]
        X = np.column_stack(columns)[:count]
        message = f"^{count} rows for {count} coefficients: too few to estimate them"
        with pytest.raises(FitError, match=message):
            estimate(X, np.array([0.0, 1.0, 2.0, 1.0])[:count], family, [f"x{j}" for j in range(X.shape[1])])


@pytest.mark.parametrize("family", list(FAMILIES))
def test_weights_that_cannot_be(family: str) -> None:
    rows = simulated(31, family=family)
    weights = np.ones(rows.y.size)
    for value, said in ((0.0, "0"), (-1.0, "-1"), (np.nan, "nan"), (np.inf, "inf")):
        weights[3] = value
        with pytest.raises(ArgumentError, match=f"^A weight is {said}; weights must be above 0 and finite.$"):
            replace(rows, weights=weights.copy()).fit(family)
    with pytest.raises(ArgumentError, match=r"^weights has shape \(3,\); it must be \(n,\)"):
        replace(rows, weights=np.ones(3)).fit(family)


# levels that one person or one pair gives


def alone(family: str, level: float, by: str) -> tuple[Rows, np.ndarray]:
    """A study in which one person, or one pair, gives a level that nobody else does."""
    rows = simulated(32, n_people=14, family=family)
    pairs = pair_codes(rows.ego, rows.alter)
    own = (rows.ego == 3) | (rows.alter == 3) if by == "person" else pairs == pairs[20]
    y = np.where(rows.y == level, (level + 1) % 3, rows.y)
    some = np.flatnonzero(own)[:: 3 if by == "person" else 1]
    y[some] = level
    return replace(rows, y=y), own


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("by", ["person", "pair"])
@pytest.mark.parametrize(
    ("family", "level", "lost"),
    [
        ("ordered_logit", 0.0, ["0|1"]),
        ("ordered_logit", 1.0, []),
        ("ordered_probit", 3.0, ["2|3"]),
        ("multinomial", 2.0, ["2: Intercept", "2: volume", "2: balance"]),
        ("multinomial", 0.0, [f"{c}: {x}" for c in (1, 2) for x in ("Intercept", "volume", "balance")]),
    ],
)
def test_a_level_that_only_one_gives(
    family: str, level: float, lost: list[str], by: str, exact: bool
) -> None:
    rows, _ = alone(family, level, by)
    fit = rows.fit(family)
    V = jackknife(fit, rows.ego, rows.alter, fit.names, exact=exact)
    missing = [name for name, error in zip(fit.names, V.std_error, strict=True) if np.isnan(error)]
    assert missing == lost
    said = [note for note in V.notes if f"on one {by} alone" in note]
    assert len(said) == (1 if lost else 0)


def test_without_the_only_one_who_gives_it_a_level_is_merged_or_gone() -> None:
    """Slopes are those of a fit without the level, and of a middle one both cut points are one."""
    for family, level in (("ordered_logit", 1.0), ("ordered_logit", 0.0), ("multinomial", 2.0)):
        rows, own = alone(family, level, "person")
        fit, k = rows.fit(family), rows.X.shape[1]
        persons = []
        for person in range(14):
            keep = (rows.ego != person) & (rows.alter != person)
            left = rows.take(keep).fit(family)
            beta = left.beta
            if person == 3 and family == "multinomial":
                beta = np.concatenate([beta, np.zeros(k)])
            elif person == 3:
                cut = beta[k] if level == 1.0 else 0.0
                beta = np.concatenate([beta[:k], [cut], beta[k:]])
            persons.append(fit.beta - beta)
        assert own.any()
        V = jackknife(fit, rows.ego, rows.alter, fit.names, exact=True)
        assert V.floor is not None
        there = np.isfinite(V.std_error)
        delta = np.array(persons)[:, there]
        expected = delta.T @ delta * 13 / 14
        found = (V.matrix + V.floor)[np.ix_(there, there)]
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8 * expected.max())


@pytest.mark.parametrize("family", ["logit", "probit", "poisson"])
@pytest.mark.parametrize("exact", [False, True])
def test_events_of_one_person_alone_give_no_errors(family: str, exact: bool) -> None:
    rows = simulated(33, n_people=14, family="logit")
    touched = (rows.ego == 3) | (rows.alter == 3)
    y = np.where(touched & (np.arange(rows.y.size) % 2 == 0), 1.0, 0.0)
    fit = replace(rows, y=y).fit(family)
    V = jackknife(fit, rows.ego, rows.alter, fit.names, exact=exact)
    assert np.isnan(V.std_error).all()
    assert "rest on one person alone" in V.notes[0]


@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize("exact", [False, True])
def test_a_coefficient_that_one_person_carries_has_no_error(family: str, exact: bool) -> None:
    rows = simulated(35, n_people=14, family=family)
    X, names = np.column_stack([rows.X, rows.ego == 3]), [*rows.names, "is_anna"]
    fit = estimate(X, rows.y, family, names)
    V = jackknife(fit, rows.ego, rows.alter, fit.names, exact=exact)
    theirs = np.array(["is_anna" in name for name in fit.names])
    assert np.isnan(V.std_error[theirs]).all()
    assert np.isfinite(V.std_error[~theirs]).all()
    assert "on one person alone" in V.notes[0]

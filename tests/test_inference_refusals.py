"""What has no estimate or no error, and the words in which that is said."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
from scipy.optimize import linprog

from honestsignals.errors import ArgumentError, FitError, UnknownNameError
from honestsignals.inference.collinearity import dependent_columns
from honestsignals.inference.covariance import COVARIANCES, covariance_of, dyadic, jackknife, pair_codes
from honestsignals.inference.estimators import estimate
from honestsignals.inference.people_shares import hub_note
from honestsignals.inference.separation import separating_direction
from tests.networks import simulated

RNG = np.random.default_rng(8)
N = 200
ONE, X1, X2 = np.ones(N), RNG.normal(size=N), RNG.normal(size=N)
CONTACT = (RNG.random(N) < 0.5).astype(float)
COIN = (RNG.random(N) < 0.5).astype(float)


def refusal(
    error: type[Exception], message: str, columns: dict[str, np.ndarray], y: np.ndarray, family: str
) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        estimate(np.column_stack(list(columns.values())), y, family, list(columns))


# Collinear columns


@pytest.mark.parametrize("family", ["gaussian", "logit"])
def test_a_sum_beside_its_parts(family: str) -> None:
    message = "'total' is a combination of 'given' and 'received': leave one of them out."
    columns = {"Intercept": ONE, "given": X1, "received": X2, "total": X1 + X2}
    refusal(FitError, message, columns, COIN, family)


def test_a_sum_in_very_different_units() -> None:
    columns = {"Intercept": ONE, "given": X1 * 1e9, "received": X2 * 1e-6, "total": X1 + 1e-3 * X2}
    message = "'total' is a combination of 'given' and 'received': leave one of them out."
    refusal(FitError, message, columns, COIN, "gaussian")


def test_the_same_column_twice() -> None:
    columns = {"Intercept": ONE, "acts": X1, "messages": 2 * X1}
    refusal(FitError, "'messages' is a multiple of 'acts': leave one of them out.", columns, COIN, "logit")


def test_a_constant_beside_the_intercept() -> None:
    message = "'channel' is the same in every row: leave it out."
    refusal(FitError, message, {"channel": 3 * ONE, "acts": X1, "Intercept": ONE}, COIN, "logit")
    refusal(FitError, message, {"acts": X1, "channel": 0 * ONE}, COIN, "gaussian")


def test_every_level_beside_the_intercept() -> None:
    message = "'phone' is a combination of 'Intercept' and 'mail': leave one of them out."
    refusal(FitError, message, {"Intercept": ONE, "mail": CONTACT, "phone": 1 - CONTACT}, COIN, "gaussian")


def test_two_dependent_columns_are_both_named() -> None:
    X = np.column_stack([ONE, X1, X2, X1 + X2, X1 - X2])
    names = ["Intercept", "a", "b", "c", "d"]
    assert dependent_columns(X, names) == [("c", ("a", "b")), ("d", ("a", "b"))]


def test_nearly_the_same_is_not_the_same() -> None:
    X = np.column_stack([ONE, X1, X1 + 1e-5 * X2, 1.7e9 + 1e4 * RNG.normal(size=N)])
    assert dependent_columns(X, ["Intercept", "a", "b", "seconds"]) == []


# Labels without an estimate


def test_one_label_in_every_row() -> None:
    message = "The label is 1 in every row: there is nothing to explain."
    refusal(FitError, message, {"Intercept": ONE, "x": X1}, ONE, "logit")
    refusal(FitError, message, {"Intercept": ONE, "x": X1}, ONE, "gaussian")


def test_complete_separation() -> None:
    message = "The label is separated by 'x': its coefficient has no finite estimate."
    refusal(FitError, message, {"Intercept": ONE, "x": X1, "z": X2}, (X1 > 0.3).astype(float), "logit")


def test_separation_by_two_columns_together() -> None:
    message = "The label is separated by 'x' and 'z': their coefficients have no finite estimate."
    columns = {"Intercept": ONE, "x": X1, "z": X2, "w": RNG.normal(size=N)}
    refusal(FitError, message, columns, (X1 > X2).astype(float), "logit")


@pytest.mark.parametrize("scale", [1.0, 1e8, 1e-8])
def test_quasi_complete_separation(scale: float) -> None:
    y = np.where(CONTACT == 0, 0.0, COIN)
    message = "The label is separated by 'in_contact': its coefficient has no finite estimate."
    told = " Every row where 'in_contact' is 0 has the label 0."
    refusal(FitError, message + told, {"Intercept": ONE, "in_contact": CONTACT, "x": scale * X1}, y, "logit")


def test_separation_of_a_single_row() -> None:
    rare = np.zeros(N)
    rare[17] = 1.0
    y = COIN.copy()
    y[17] = 1.0
    message = "The label is separated by 'rare': its coefficient has no finite estimate."
    told = " Every row where 'rare' is 1 has the label 1."
    refusal(FitError, message + told, {"Intercept": ONE, "x": X1, "rare": rare}, y, "logit")


def test_a_threshold_far_from_zero_is_found() -> None:
    year = np.repeat(np.arange(2000.0, 2020.0), 10)
    message = "The label is separated by 'year': its coefficient has no finite estimate."
    refusal(FitError, message, {"Intercept": ONE, "year": year}, (year > 2009).astype(float), "logit")


@pytest.mark.parametrize("seed", range(20))
def test_strong_effects_are_no_separation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(3000), 4 * rng.normal(size=(3000, 2)), rng.standard_t(2, size=3000)])
    eta = X @ [-1.0, 3.0, -2.0, 1.0]
    y = (rng.random(3000) < 1 / (1 + np.exp(-eta))).astype(float)
    fit = estimate(X, y, "logit", ["Intercept", "a", "b", "c"])
    assert fit.converged
    assert np.abs(X @ fit.beta).max() > 15  # the symptom was there, and the programme said no
    assert separating_direction(X, y) is None


@pytest.mark.parametrize("seed", range(20))
def test_separation_of_small_studies_is_what_the_likelihood_does(seed: int) -> None:
    """Where a direction is found no row speaks against it; where none is found a fit stays finite."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(12), rng.normal(size=(12, 3))])
    y = (rng.random(12) < 0.4).astype(float)
    y[:2] = [0, 1]
    direction = separating_direction(X, y)
    if direction is None:
        assert np.abs(estimate(X, y, "logit", list("abcd")).beta).max() < 1e4
    else:
        with pytest.raises(FitError, match="The label is separated by"):
            estimate(X, y, "logit", list("abcd"))


@pytest.mark.parametrize("seed", range(30))
def test_separation_is_what_koniss_programme_finds(seed: int) -> None:
    """Its textbook form: the largest sum of margins within a box, over coefficients that break no row."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(25), rng.normal(size=25), rng.random((25, 2)) < 0.3, rng.integers(0, 3, 25)])
    y = (rng.random(25) < 0.25).astype(float)
    if dependent_columns(X, list("abcde")) or np.ptp(y) == 0:
        return
    signed = (2 * y - 1)[:, None] * X
    peer = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(25), bounds=(-1, 1), method="highs")
    assert (separating_direction(X, y) is not None) == (-peer.fun > 1e-6)


@pytest.mark.parametrize("start", [[0.0, 0.0], [-0.4, 0.3], [80.0, -500.0]])
def test_where_a_fit_starts_does_not_matter(start: list[float]) -> None:
    X = np.column_stack([ONE, X1])
    cold = estimate(X, COIN, "logit", ["Intercept", "x"])
    warm = estimate(X, COIN, "logit", ["Intercept", "x"], start=np.array(start))
    np.testing.assert_allclose(warm.beta, cold.beta, rtol=1e-10, atol=1e-12)


@pytest.mark.slow
def test_many_rows_are_fast() -> None:
    rng = np.random.default_rng(1)
    n = 320_000
    X = np.column_stack([np.ones(n), rng.normal(size=n), rng.random(n) < 0.1])
    y = np.where(X[:, 2] == 1, 0, rng.random(n) < 1 / (1 + np.exp(-6 * X[:, 1]))).astype(float)
    started = time.process_time()
    with pytest.raises(FitError, match="separated by 'flag'"):
        estimate(X, y, "logit", ["Intercept", "x", "flag"])
    assert time.process_time() - started < 60  # about 1.5 s on one core; room for a busy machine


def test_too_few_rows() -> None:
    message = (
        "3 rows for 3 coefficients: too few to estimate them; there must be more rows than coefficients."
    )
    columns = {"Intercept": ONE[:3], "x": X1[:3], "z": X2[:3]}
    refusal(FitError, message, columns, np.array([0.0, 1.0, 0.0]), "logit")


def test_a_label_made_of_the_columns() -> None:
    message = "The label is an exact combination of the columns: no residual is left to judge errors by."
    refusal(FitError, message, {"Intercept": ONE, "x": X1}, 2 + 3 * X1, "gaussian")


def test_values_that_are_no_labels_or_numbers() -> None:
    message = "The label is 2 in some row; a logit needs labels of 0 and 1."
    refusal(ArgumentError, message, {"Intercept": ONE}, COIN + 1, "logit")
    missing = X1.copy()
    missing[:2] = np.nan
    message = "'x' is missing or infinite in 2 rows; leave them out."
    refusal(ArgumentError, message, {"Intercept": ONE, "x": missing}, COIN, "logit")
    message = "The label is missing or infinite in 2 rows."
    refusal(ArgumentError, message, {"Intercept": ONE}, missing, "gaussian")
    with pytest.raises(ArgumentError, match=r"Did you mean 'logit'\?"):
        estimate(ONE[:, None], COIN, "logitt", ["Intercept"])
    with pytest.raises(ArgumentError, match=r"they must be \(n, k\), \(n,\) and k"):
        estimate(ONE[:, None], COIN, "logit", ["Intercept", "x"])


# People


def test_a_pair_with_oneself() -> None:
    with pytest.raises(ArgumentError, match=r"Row 1 pairs a person with themselves \(1 such rows\)"):
        pair_codes(np.array([0, 1]), np.array([1, 1]))


@pytest.mark.parametrize("name", ["dyadic", "jackknife"])
def test_two_people(name: str) -> None:
    fit = estimate(ONE[:4, None], X1[:4], "gaussian", ["Intercept"])
    with pytest.raises(FitError, match="Two people make one pair"):
        COVARIANCES[name](fit, np.array([0, 1, 0, 1]), np.array([1, 0, 1, 0]), ["Intercept"])


def test_few_people_and_few_events_are_said() -> None:
    rows = simulated(1, n_people=7, family="logit")
    notes = jackknife(rows.fit("logit"), rows.ego, rows.alter, rows.names).notes
    assert "7 people: errors that rest on fewer than 10 people are not to be trusted" in notes
    rarer = int(min(rows.y.sum(), (1 - rows.y).sum()))
    assert any(note.startswith(f"{rarer} rows with label") and "fewer than 10 each" in note for note in notes)
    plenty = simulated(1, n_people=30, family="logit")
    assert jackknife(plenty.fit("logit"), plenty.ego, plenty.alter, plenty.names).notes == ()


@pytest.mark.parametrize(("n_people", "warned"), [(60, True), (200, False)])
def test_dyadic_errors_of_a_small_study_come_with_a_warning(n_people: int, warned: bool) -> None:
    rows = simulated(1, n_people=n_people, directed=False)
    notes = dyadic(rows.fit("gaussian"), rows.ego, rows.alter, rows.names).notes
    assert ("dyadic: below 200 people its errors are too small; the jackknife's are not" in notes) == warned


def test_unknown_covariance() -> None:
    rows = simulated(1)
    with pytest.raises(UnknownNameError, match=r"Unknown covariance 'jacknife'\. Did you mean 'jackknife'\?"):
        covariance_of(rows.fit("gaussian"), rows.ego, rows.alter, rows.names, covariance="jacknife")


@pytest.mark.parametrize("family", ["gaussian", "logit"])
@pytest.mark.parametrize("exact", [False, True])
def test_a_coefficient_that_one_person_carries_has_no_error(family: str, exact: bool) -> None:
    rows = simulated(2, n_people=14, family=family)
    X = np.column_stack([rows.X, rows.ego == 3])
    names = [*rows.names, "is_anna"]
    fit = estimate(X, rows.y, family, names)
    V = jackknife(fit, rows.ego, rows.alter, names, exact=exact)
    assert np.isnan(V.std_error[3])
    assert np.isfinite(V.std_error[:3]).all()
    alone = "rests on one person alone: without that person it has no estimate, so no standard error"
    assert V.notes[0] == f"jackknife: 'is_anna' {alone}"


def test_what_is_left_is_judged_without_the_person_who_carries_the_rest() -> None:
    rows = simulated(2, n_people=14)
    X, names = np.column_stack([rows.X, rows.ego == 3]), [*rows.names, "is_anna"]
    fit = estimate(X, rows.y, "gaussian", names)
    deleted = []
    for person in range(14):
        keep = (rows.ego != person) & (rows.alter != person)
        columns = [0, 1, 2] if person == 3 else [0, 1, 2, 3]
        left = estimate(X[keep][:, columns], rows.y[keep], "gaussian", [names[column] for column in columns])
        deleted.append(fit.beta[:3] - left.beta[:3])
    V = jackknife(fit, rows.ego, rows.alter, names)
    assert V.floor is not None
    expected = np.array(deleted).T @ np.array(deleted) * 13 / 14
    np.testing.assert_allclose((V.matrix + V.floor)[:3, :3], expected, rtol=1e-9)


def test_a_coefficient_that_one_pair_carries_has_no_error() -> None:
    rows = simulated(2, n_people=14)
    pairs = pair_codes(rows.ego, rows.alter)
    X = np.column_stack([rows.X, pairs == pairs[0]])
    names = [*rows.names, "are_twins"]
    V = jackknife(estimate(X, rows.y, "gaussian", names), rows.ego, rows.alter, names)
    assert np.isnan(V.std_error[3])
    assert np.isfinite(V.std_error[:3]).all()
    alone = "rests on one pair alone: without that pair it has no estimate, so no standard error"
    assert V.notes[0] == f"jackknife: 'are_twins' {alone}"


def test_a_hub_is_said() -> None:
    rng = np.random.default_rng(4)
    ego, alter = np.zeros(30, dtype=int), np.arange(1, 31)
    ego[20:], alter[20:] = np.arange(1, 11), np.arange(11, 21)
    X = np.column_stack([np.ones(30), rng.normal(size=30)])
    fit = estimate(X, rng.normal(size=30), "gaussian", ["Intercept", "x"])
    notes = hub_note(fit, ego, alter, ["Intercept", "x"])
    assert notes[0].startswith("one person is in 67 % of the rows")
    assert "Tabord-Meehan 2019" in notes[0]
    assert notes[0] in dyadic(fit, ego, alter, ["Intercept", "x"]).notes


def test_a_hub_of_one_coefficient_is_said() -> None:
    rows = simulated(3, n_people=20)
    rare = ((rows.ego == 4) & (rows.alter > 9)) | ((rows.ego == 7) & (rows.alter == 2))
    X, names = np.column_stack([rows.X, rare]), [*rows.names, "visited"]
    notes = hub_note(estimate(X, rows.y, "gaussian", names), rows.ego, rows.alter, names)
    assert [note for note in notes if "more than half of what tells 'visited'" in note]
    assert hub_note(rows.fit("gaussian"), rows.ego, rows.alter, rows.names) == []

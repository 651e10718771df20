"""Hazards of recurrent acts: reference values, brute-force twins, rows, errors, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from statsmodels.duration.hazard_regression import PHReg

import honestsignals as hs
from honestsignals.hazard_rows import between_acts, history, split
from honestsignals.inference.hazard_errors import COVARIANCES, hazard_covariance
from honestsignals.inference.hazards import TIES, HazardFit, Spells, hazard_fit, information_by
from tests.shared import PROJECT, needs_shared, shared_path

HOUR = 3_600_000_000
NAMES = ["a", "b", "c"]


def some_spells(seed: int, n: int = 200, strata: int = 1) -> Spells:
    """With tied events; nobody enters at an instant of an event."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 30, n) + 0.5
    stop = start + rng.integers(0, 15, n) + 0.5
    X = np.column_stack([rng.normal(size=n), rng.random(n) < 0.4, 5 + 3 * rng.normal(size=n)])
    return Spells(start, stop, rng.random(n) < 0.6, X.astype(float), rng.integers(0, strata, n))


@pytest.fixture(scope="module")
def helpdesk() -> hs.Study:
    return hs.open_study(PROJECT / "data" / "helpdesk")


# the likelihood


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("strata", [1, 3])
def test_coefficients_and_errors_are_those_of_statsmodels(ties, strata) -> None:
    for seed in range(3):
        one = some_spells(seed, strata=strata)
        model = PHReg(one.stop, one.X, one.event.astype(int), entry=one.start, strata=one.stratum, ties=ties)
        other = model.fit(method="newton", maxiter=200, disp=0)
        found = hazard_fit(one, NAMES, ties)
        np.testing.assert_allclose(found.beta, other.params, rtol=1e-8, atol=1e-10)
        error = hazard_covariance(found, *people_of(200), NAMES, "classical").std_error
        np.testing.assert_allclose(error, other.bse, rtol=1e-8)
        assert found.log_likelihood == pytest.approx(other.llf, rel=1e-10)
        if ties == "breslow":
            # those who were at risk at no event add nothing, where statsmodels has other numbers
            there = np.abs(found.residuals).sum(axis=1) > 0
            assert there.sum() > 180
            np.testing.assert_allclose(found.residuals[there], other.score_residuals[there], atol=1e-9)


def people_of(n: int, people: int = 20, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    ego = rng.integers(0, people, n)
    return ego, (ego + rng.integers(1, people, n)) % people


def by_hand(beta: np.ndarray, one: Spells, ties: str, weight: np.ndarray | None = None) -> float:
    """Brute force: the log partial likelihood, event by event; weights as many rows alike (Breslow)."""
    weight = np.ones(len(one.start)) if weight is None else weight
    risk = weight * np.exp(one.X @ beta)
    total = 0.0
    for stratum in np.unique(one.stratum):
        for time in np.unique(one.stop[one.event & (one.stratum == stratum)]):
            inside = (one.stratum == stratum) & (one.start < time) & (time <= one.stop)
            tied = np.flatnonzero(inside & one.event & (one.stop == time))
            for gone, row in enumerate(tied):
                left = risk[inside].sum() - (ties == "efron") * gone / len(tied) * risk[tied].sum()
                total += weight[row] * (one.X[row] @ beta - np.log(left))
    return total


@pytest.mark.parametrize("ties", TIES)
def test_the_partial_likelihood_is_that_of_the_brute_force(ties) -> None:
    one = some_spells(7, n=60, strata=2)
    # here some enter as others act, who are not yet at risk
    one = one._replace(start=np.floor(one.start))
    found = hazard_fit(one, NAMES, ties)
    assert found.log_likelihood == pytest.approx(by_hand(found.beta, one, ties), rel=1e-12)
    assert found.null_log_likelihood == pytest.approx(by_hand(np.zeros(3), one, ties), rel=1e-12)
    best = minimize(
        lambda beta: -by_hand(beta, one, ties), np.zeros(3), method="BFGS", options={"gtol": 1e-7}
    )
    np.testing.assert_allclose(found.beta, best.x, atol=1e-5)
    step = 1e-4
    for place in range(3):
        move = step * np.eye(3)[place]
        second = by_hand(found.beta + move, one, ties) + by_hand(found.beta - move, one, ties)
        second -= 2 * by_hand(found.beta, one, ties)
        assert -second / step**2 == pytest.approx(found.information[place, place], rel=1e-4)


def test_a_hazard_worked_by_hand() -> None:
    """Of two tied events among three at risk, x = 1, 0, 0, the ratio r."""
    one = Spells(
        np.zeros(3),
        np.array([1.0, 1.0, 2.0]),
        np.array([1, 1, 0], dtype=bool),
        np.eye(3)[:, :1],
        np.zeros(3, int),
    )
    # Breslow: r / (r + 2)^2, highest at 2; Efron: r / ((r + 2) ((r + 3) / 2)), highest at √6
    assert hazard_fit(one, ["x"], "breslow").beta[0] == pytest.approx(np.log(2))
    assert hazard_fit(one, ["x"], "efron").beta[0] == pytest.approx(np.log(np.sqrt(6)))


def test_residuals_are_derivatives_in_weights() -> None:
    one = some_spells(3, n=40)
    found = hazard_fit(one, NAMES, "breslow")
    np.testing.assert_allclose(found.residuals.sum(axis=0), 0, atol=1e-9)
    influence = found.residuals @ np.linalg.inv(found.information)
    step = 1e-4
    for row in range(0, 40, 7):
        ends = []
        for sign in (1, -1):
            weight = np.ones(40)
            weight[row] += sign * step
            beta = found.beta.copy()
            for _ in range(4):  # Newton by differences
                ends_of = [
                    [by_hand(beta + sign_ * 1e-3 * np.eye(3)[k], one, "breslow", weight) for sign_ in (1, -1)]
                    for k in range(3)
                ]
                slope = np.array([(up - down) / 2e-3 for up, down in ends_of])
                beta = beta + np.linalg.solve(found.information, slope)
            ends.append(beta)
        np.testing.assert_allclose(influence[row], (ends[0] - ends[1]) / (2 * step), atol=2e-4)


@pytest.mark.parametrize("ties", TIES)
def test_residuals_sum_to_nothing_and_information_to_itself(ties) -> None:
    one = some_spells(2, n=300, strata=4)
    found = hazard_fit(one, NAMES, ties)
    np.testing.assert_allclose(found.residuals.sum(axis=0), 0, atol=1e-9)
    for stratum in range(4):  # also in each stratum together with the others
        assert np.isfinite(found.residuals[one.stratum == stratum]).all()
    if ties == "breslow":
        parts = information_by(found, np.arange(300) % 5, 5)
        np.testing.assert_allclose(parts.sum(axis=0), found.information, rtol=1e-9)


# errors


def exact_steps(one: Spells, found: HazardFit, groups: list[np.ndarray]) -> np.ndarray:
    """What leaving out each group of rows moves the coefficients by, by refits."""
    out = []
    for rows in groups:
        keep = np.ones(len(one.start), dtype=bool)
        keep[rows] = False
        out.append(found.beta - hazard_fit(Spells(*(part[keep] for part in one)), NAMES, "breslow").beta)
    return np.array(out)


def test_the_jackknife_s_step_is_near_a_refit() -> None:
    one = some_spells(11, n=400)
    ego, alter = people_of(400, people=15)
    found = hazard_fit(one, NAMES, "breslow")
    people = [np.flatnonzero((ego == who) | (alter == who)) for who in range(15)]
    low, high = np.minimum(ego, alter), np.maximum(ego, alter)
    pairs = [np.flatnonzero((low == a) & (high == b)) for a in range(15) for b in range(a + 1, 15)]
    by_refit = [exact_steps(one, found, groups) for groups in (people, [rows for rows in pairs if len(rows)])]
    squares = [(steps**2).sum(axis=0) for steps in by_refit]
    errors = {name: hazard_covariance(found, ego, alter, NAMES, name) for name in COVARIANCES}
    whole = errors["jackknife"].matrix + errors["jackknife"].floor
    np.testing.assert_allclose(np.sqrt(np.diag(whole)), np.sqrt(14 / 15 * squares[0]), rtol=0.05)
    np.testing.assert_allclose(np.sqrt(np.diag(errors["jackknife"].floor)), np.sqrt(squares[1]), rtol=0.03)


def test_errors_are_sums_over_pairs_and_people() -> None:
    one = some_spells(12, n=150)
    ego, alter = people_of(150, people=12)
    found = hazard_fit(one, NAMES)
    psi = found.residuals @ np.linalg.inv(found.information)
    low, high = np.minimum(ego, alter), np.maximum(ego, alter)
    by_pair = sum(
        np.outer(u, u)
        for a in range(12)
        for b in range(a + 1, 12)
        for u in [psi[(low == a) & (high == b)].sum(axis=0)]
    )
    by_person = sum(
        np.outer(u, u) for who in range(12) for u in [psi[(ego == who) | (alter == who)].sum(axis=0)]
    )
    pair = hazard_covariance(found, ego, alter, NAMES, "pair")
    dyadic = hazard_covariance(found, ego, alter, NAMES, "dyadic")
    np.testing.assert_allclose(pair.matrix, by_pair, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(dyadic.matrix, 11 / 12 * 1.44 * (by_person - by_pair), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(dyadic.floor, by_pair, rtol=1e-9, atol=1e-14)
    # nothing but who is who
    renamed = hazard_covariance(found, 100 - 3 * ego, 100 - 3 * alter, NAMES, "jackknife")
    turned = hazard_covariance(found, alter, ego, NAMES, "jackknife")
    first = hazard_covariance(found, ego, alter, NAMES, "jackknife")
    np.testing.assert_allclose(renamed.matrix, first.matrix, rtol=1e-9)
    np.testing.assert_allclose(turned.matrix, first.matrix, rtol=1e-9)
    # every row of two: the units of a column
    scaled = hazard_fit(one._replace(X=one.X * [1, 1, 60.0]), NAMES)
    error = hazard_covariance(scaled, ego, alter, NAMES, "jackknife").std_error
    np.testing.assert_allclose(error * [1, 1, 60.0], first.std_error, rtol=1e-8)


# rows


def some_log(
    seed: int, n: int = 120, people: int = 5, count: bool = False
) -> tuple[pd.DataFrame, hs.InteractionLog]:
    rng = np.random.default_rng(seed)
    sender = rng.integers(0, people, n)
    frame = pd.DataFrame({"sender": sender, "receiver": (sender + rng.integers(1, people, n)) % people})
    frame["time"] = rng.integers(0, 60, n) * 3600
    if count:
        frame["count"] = rng.integers(1, 4, n)
    columns = {name: name for name in frame}
    return frame, hs.read_log(frame, columns=columns, time_unit="s")


def so_far(frame: pd.DataFrame, ego: int, alter: int, time: float) -> dict[str, float]:
    """Brute force: what went before a moment between two."""
    before = frame[(frame["time"] < time) & (frame["count"] > 0)]
    gave = before[(before["sender"] == ego) & (before["receiver"] == alter)]
    got = before[(before["sender"] == alter) & (before["receiver"] == ego)]
    last = got["time"].max() if len(got) else -np.inf
    return {
        "given": gave["count"].sum(),
        "received": got["count"].sum(),
        "within_1h": float(0 < time - last <= 3600),
        "within_5h": float(3600 < time - last <= 5 * 3600),
    }


@pytest.mark.parametrize("count", [False, True])
@pytest.mark.parametrize("pairs", ["met", "all"])
def test_rows_say_what_went_before(pairs, count) -> None:
    """At every act, of every ordered pair at risk, against the log itself."""
    frame, log = some_log(3, count=count)
    frame["count"] = frame.get("count", 1)
    rows = between_acts(log, pairs, 24 * HOUR)
    rows = split(rows, ["received_since"], [HOUR, 5 * HOUR], 24 * HOUR)
    names, since = history(rows, "received_since", {"1h": HOUR, "5h": 5 * HOUR}).matrix()
    assert names == ("received_within_1h", "received_within_5h")
    acted = frame[frame["count"] > 0]
    for time in sorted(set(acted["time"]))[::3]:
        inside = np.flatnonzero((rows.start < time * 10**6) & (time * 10**6 <= rows.stop))
        at_risk = set(zip(rows.ego[inside].tolist(), rows.alter[inside].tolist(), strict=True))
        assert len(at_risk) == len(inside)
        both = {(i, j) for i in range(5) for j in range(5) if i != j}
        known = acted[acted["time"] < time]
        met = {(i, j) for i, j in zip(known["sender"], known["receiver"], strict=True)}
        assert at_risk == (both if pairs == "all" else met | {(j, i) for i, j in met})
        for row in inside:
            ego, alter = int(rows.ego[row]), int(rows.alter[row])
            other = so_far(frame, ego, alter, time)
            assert (rows.given[row], rows.received[row]) == (other["given"], other["received"])
            own = since[row].tolist()
            assert own == [other["within_1h"], other["within_5h"]]
            now = acted[(acted["time"] == time) & (acted["sender"] == ego) & (acted["receiver"] == alter)]
            assert (rows.event[row] and rows.stop[row] == time * 10**6) == bool(len(now))


def test_a_decayed_debt_is_halved_with_every_half_life() -> None:
    frame, log = some_log(5)
    half = 4 * HOUR
    rows = split(between_acts(log, "met", half), ["debt_decayed"], [], half)
    found = history(rows, "debt_decayed", {}).values
    for row in range(0, len(found), 5):
        ego, alter, start = int(rows.ego[row]), int(rows.alter[row]), rows.start[row] / 10**6
        total, last = 0.0, -np.inf
        for sender, receiver, time in frame[["sender", "receiver", "time"]].to_numpy():
            if {sender, receiver} == {ego, alter} and time <= start:
                total += (1 if sender == alter else -1) * 2.0 ** (-(start - time) / (4 * 3600))
                last = max(last, time)
        # beyond five half-lives after the last act of the two, nothing
        expected = 0.0 if start - last >= 20 * 3600 else total
        assert found[row] == pytest.approx(expected, abs=1e-12)
    # a row is never longer than a quarter of a half-life, unless nothing is left
    short = rows.stop - rows.start <= half // 4
    assert (short | (found == 0)).all()


def test_the_facade_is_the_likelihood_of_its_rows(helpdesk) -> None:
    found = hs.return_hazard(helpdesk, ["debt_log", "received_log", "same_office"], strata="ego")
    spells = found.fit.spells
    # who enters at an act is at risk after it: statsmodels takes them as there already
    other = PHReg(
        (spells.stop - spells.start.min()) / 1e6,
        spells.X,
        spells.event.astype(int),
        entry=(spells.start - spells.start.min()) / 1e6 + 1e-3,
        strata=spells.stratum,
        ties="efron",
    ).fit(method="newton", maxiter=200, disp=0)
    np.testing.assert_allclose(found.fit.beta, other.params, rtol=1e-7, atol=1e-9)
    classical = found.with_covariance("classical")
    np.testing.assert_allclose(classical.tidy()["std_error"], other.bse, rtol=1e-7)
    assert classical.covariance.name == "classical"
    table = found.tidy()
    np.testing.assert_allclose(np.exp(table["estimate"]), table["hazard_ratio"])
    assert (table["low"] < table["hazard_ratio"]).all()
    assert found.ladder().columns.tolist() == ["term", "estimate", *COVARIANCES]
    text = str(found)
    assert "associations" in text
    assert "A baseline for each ego" in text
    assert "debt_log: signed log1p" in text
    assert found.wald(["debt_log", "received_log"]).df1 == 2


def test_rows_names_and_the_origin_of_time_change_nothing() -> None:
    frame, log = some_log(8, n=300)
    names = ["debt_log", "received_since", "debt_decayed"]
    spans = {"since": ["2h", "6h"], "half_life": "3h"}
    first = hs.return_hazard(log, names, spans=spans).tidy()
    changed = frame.assign(sender=(3 * frame["sender"] + 1) % 5, receiver=(3 * frame["receiver"] + 1) % 5)
    for other in (frame.sample(frac=1.0, random_state=1), changed, frame.assign(time=frame["time"] + 7200)):
        again = hs.return_hazard(hs.read_log(other, time_unit="s"), names, spans=spans).tidy()
        pd.testing.assert_frame_equal(first, again, rtol=1e-7)
    # all times double, and all spans
    slow = hs.read_log(frame.assign(time=2 * frame["time"]), time_unit="s")
    again = hs.return_hazard(slow, names, spans={"since": ["4h", "12h"], "half_life": "6h"}).tidy()
    again["term"] = first["term"]
    pd.testing.assert_frame_equal(first, again, rtol=1e-7)


def test_in_a_pair_s_own_baseline_both_directions_mirror_one_another() -> None:
    """Who of two acts next: what ego owes alter is owed."""
    _, log = some_log(4, n=300)
    debt = hs.return_hazard(log, ["debt"], strata="pair").fit
    given = hs.return_hazard(log, ["given_log"], strata="pair").tidy()
    received = hs.return_hazard(log, ["received_log"], strata="pair").tidy()
    assert given["estimate"][0] == pytest.approx(-received["estimate"][0])
    assert given["std_error"][0] == pytest.approx(received["std_error"][0])
    with pytest.raises(hs.DesignError, match=r"'given_log' and 'received_log' are combinations"):
        hs.return_hazard(log, ["given_log", "received_log"], strata="pair")
    assert debt.beta.size == 1


# refusals


def test_what_has_no_estimate_is_refused(helpdesk) -> None:
    _, log = some_log(1)
    with pytest.raises(hs.UnknownNameError, match=r"Unknown covariate 'dept'\. Did you mean 'debt'"):
        hs.return_hazard(log, ["dept"])
    with pytest.raises(hs.ArgumentError, match="must be a list of names"):
        hs.return_hazard(log, "debt")
    with pytest.raises(hs.ArgumentError, match="covariates is empty"):
        hs.return_hazard(log, [])
    with pytest.raises(hs.ArgumentError, match="takes a log or a study"):
        hs.return_hazard(pd.DataFrame())
    with pytest.raises(hs.ArgumentError, match=r"pairs is 'every'"):
        hs.return_hazard(log, pairs="every")
    with pytest.raises(hs.ArgumentError, match=r"covariance is 'dyad'.*'dyadic'"):
        hs.return_hazard(log, covariance="dyad")
    with pytest.raises(hs.ArgumentError, match=r"ties is 'exact'"):
        hs.return_hazard(log, ties="exact")
    with pytest.raises(hs.UnknownNameError, match=r"Unknown span 'halflife'\. Did you mean 'half_life'"):
        hs.return_hazard(log, spans={"halflife": "1D"})
    with pytest.raises(hs.ArgumentError, match="since is '7'; it must be a span"):
        hs.return_hazard(log, spans={"since": ["7"]})
    with pytest.raises(hs.ArgumentError, match="since has no class"):
        hs.return_hazard(log, spans={"since": []})
    with pytest.raises(hs.UnknownNameError, match="Unknown strata 'egos'"):
        hs.return_hazard(log, strata="egos")
    with pytest.raises(hs.DesignError, match="'office' is no number and has no gaps"):
        hs.return_hazard(helpdesk, ["gap_office"])
    with pytest.raises(hs.FitError, match="nothing tells 'ego_tenure'"):
        hs.return_hazard(helpdesk, ["debt", "ego_tenure"], strata="ego")
    with pytest.raises(hs.UnknownNameError, match="Unknown term 'x'"):
        hs.return_hazard(log, ["debt"]).wald(["x"])
    two = pd.DataFrame({"sender": ["a", "b"], "receiver": ["b", "c"], "time": [0, 5]})
    with pytest.raises(hs.DesignError, match="no event"):
        hs.return_hazard(hs.read_log(two, time_unit="s"))
    with pytest.raises(hs.DesignError, match="has no time"):
        hs.return_hazard(hs.read_log(pd.DataFrame({"sender": ["a"], "receiver": ["b"]})))


def test_arrays_without_an_estimate_are_refused() -> None:
    one = some_spells(1, n=30)
    with pytest.raises(hs.FitError, match="no event"):
        hazard_fit(one._replace(event=np.zeros(30, dtype=bool)), NAMES)
    with pytest.raises(hs.DesignError, match="'b' never varies"):
        hazard_fit(one._replace(X=one.X * [1, 0, 1]), NAMES)
    with pytest.raises(hs.DesignError, match="'c' is a combination of"):
        hazard_fit(one._replace(X=np.column_stack([one.X[:, :2], one.X[:, 0] - 2 * one.X[:, 1]])), NAMES)
    with pytest.raises(hs.DesignError, match="some are missing"):
        hazard_fit(one._replace(X=np.where(one.X > 8, np.nan, one.X)), NAMES)
    with pytest.raises(hs.FitError, match="'x' parts all events"):
        hazard_fit(one._replace(X=one.event[:, None] * 1.0, start=np.zeros(30)), ["x"])
    found = hazard_fit(one, NAMES)
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'dyadic'"):
        hazard_covariance(found, *people_of(30), NAMES, "dyad")
    with pytest.raises(hs.FitError, match="at least three people"):
        hazard_covariance(found, np.zeros(30), np.ones(30), NAMES, "jackknife")
    few = hazard_covariance(found, *people_of(30, people=4), NAMES, "dyadic")
    assert "4 people" in few.notes[0]


def test_too_many_rows_are_refused(monkeypatch) -> None:
    monkeypatch.setattr("honestsignals.hazard_rows.MOST_ROWS", 500)
    _, log = some_log(2)
    with pytest.raises(hs.DesignError, match=r"more than 500: take a window of the log"):
        hs.return_hazard(log, ["debt_decayed"], spans={"half_life": "2h"})
    monkeypatch.setattr("honestsignals.hazard_rows.MOST_ROWS", 10)
    with pytest.raises(
        hs.DesignError, match=r"5 people make 20 ordered pairs, more than 10: say pairs='met'"
    ):
        hs.return_hazard(log, ["debt"], pairs="all")


def test_unknown_attributes_are_left_out_and_said() -> None:
    _, log = some_log(2, n=200)
    people = pd.DataFrame({"id": range(5), "age": [20.0, 30.0, np.nan, 40.0, 50.0]})
    found = hs.return_hazard(log, ["debt", "gap_age", "alter_age"], people=people)
    assert "(gap_age is not known)" in str(found)
    assert 2 not in set(found.codes[0]) | set(found.codes[1])
    strata = hs.return_hazard(log, ["debt"], people=people, strata="ego_age")
    assert "A baseline for each age of ego" in str(strata)


# networks


@needs_shared
@pytest.mark.parametrize(("name", "events"), [("copenhagen", 26_672), ("collegemsg", 45_958)])
def test_large_logs_are_no_trouble(name, events) -> None:
    found = hs.return_hazard(hs.open_study(shared_path("datasets", name)), strata="ego")
    assert found.events == events
    assert np.isfinite(found.tidy()["std_error"]).all()
    np.testing.assert_allclose(found.fit.residuals.sum(axis=0), 0, atol=1e-5)

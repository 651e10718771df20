"""Curves of returns: reference values, brute-force twins, derivatives, what may and may not change them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

import honestsignals as hs
from honestsignals.inference.log_rank import by_people, by_sameness, by_shifts, judged, log_rank, residuals
from honestsignals.inference.return_curves import (
    by_pair,
    curve_influence,
    kaplan_meier,
    mean_influence,
    pairs_of,
    restricted_mean,
)
from honestsignals.inference.return_estimates import difference, estimated, truncated
from honestsignals.inference.score_errors import spread
from honestsignals.metrics.acts import HOUR, Settings
from honestsignals.return_waits import waits_of
from tests.shared import PROJECT, needs_shared, shared_path

ONE = ["sender", "receiver", "time", "kind", "depth", "channel"]


def some_waits(seed: int, n: int = 60, ties: bool = True) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    wait = rng.integers(1, 15, n).astype(float) if ties else rng.exponential(5.0, n)
    return wait, rng.random(n) < 0.7


def some_acts(seed: int, n: int = 220, people: int = 7) -> pd.DataFrame:
    """Acts in few instants, so that both of a pair often act at one."""
    rng = np.random.default_rng(seed)
    sender = rng.integers(0, people, n)
    receiver = (sender + rng.integers(1, people, n)) % people
    frame = pd.DataFrame({"sender": sender, "receiver": receiver})
    frame["time"] = rng.integers(0, 90, n) * 1200
    frame["kind"] = rng.choice(["help", "information"], n)
    frame["depth"] = np.where(rng.random(n) < 0.4, rng.integers(1, 5, n), np.nan)
    frame["channel"] = rng.choice(["mail", "talk"], n)
    return frame


def log_of(frame: pd.DataFrame) -> hs.InteractionLog:
    return hs.read_log(frame, columns={name: name for name in ONE if name in frame}, time_unit="s")


@pytest.fixture(scope="module")
def helpdesk() -> hs.Study:
    return hs.open_study(PROJECT / "data" / "helpdesk")


# numbers


@pytest.mark.parametrize("ties", [True, False])
def test_the_curve_is_that_of_statsmodels(ties) -> None:
    for seed in range(5):
        wait, ended = some_waits(seed, ties=ties)
        curve, other = kaplan_meier(wait, ended), SurvfuncRight(wait, ended.astype(int))
        step = other.n_events > 0
        np.testing.assert_allclose(curve.time, other.surv_times[step], rtol=0, atol=0)
        np.testing.assert_allclose(curve.survival, other.surv_prob[step], rtol=0, atol=1e-12)
        np.testing.assert_array_equal(curve.at_risk, other.n_risk[step])
        np.testing.assert_array_equal(curve.events, other.n_events[step])
        assert curve.quantile(0.25) == other.quantile(0.25)


@pytest.mark.parametrize("groups", [2, 3])
def test_the_log_rank_statistic_is_that_of_statsmodels(groups) -> None:
    for seed in range(5):
        wait, ended = some_waits(seed)
        group = np.random.default_rng(seed + 99).integers(0, groups, len(wait))
        chi, _ = survdiff(wait, ended.astype(int), group)
        assert log_rank(wait, ended, group, groups) == pytest.approx(float(chi), rel=1e-10)


def weighted(wait, ended, weight, horizon) -> tuple[list[float], float]:
    """Brute force: the curve at every whole hour, and its integral, with weights."""
    heights, height, area, last = [], 1.0, 0.0, 0.0
    steps = sorted(set(wait[ended & (wait <= horizon)]))
    at = {}
    for time in steps:
        area += height * (time - last)
        risk = sum(w for w, x in zip(weight, wait, strict=True) if x >= time)
        gone = sum(w for w, x, e in zip(weight, wait, ended, strict=True) if e and x == time)
        height *= 1 - gone / risk
        last = time
        at[time] = height
    area += height * (horizon - last)
    for hour in range(1, 13):
        heights.append(at[max(time for time in steps if time <= hour)] if steps and hour >= steps[0] else 1.0)
    return heights, area


def test_influence_values_are_derivatives_in_weights() -> None:
    wait, ended = some_waits(4, n=25)
    curve, times, horizon = kaplan_meier(wait, ended), np.arange(1.0, 13.0), 12.5
    psi, of_mean = curve_influence(curve, wait, ended, times), mean_influence(curve, wait, ended, horizon)
    np.testing.assert_allclose(psi.sum(axis=0), 0, atol=1e-12)
    assert of_mean.sum() == pytest.approx(0, abs=1e-11)
    step = 1e-5
    for place in range(len(wait)):
        ends = []
        for sign in (1, -1):
            weight = np.ones(len(wait))
            weight[place] += sign * step
            ends.append(weighted(wait, ended, weight, horizon))
        slope = (np.array(ends[0][0]) - np.array(ends[1][0])) / (2 * step)
        np.testing.assert_allclose(psi[place], slope, atol=1e-8)
        assert of_mean[place] == pytest.approx((ends[0][1] - ends[1][1]) / (2 * step), abs=1e-7)


def test_the_restricted_mean_is_the_area_under_the_curve() -> None:
    for seed in range(6):
        wait, ended = some_waits(seed)
        area = weighted(wait, ended, np.ones(len(wait)), 9.5)[1]
        assert restricted_mean(kaplan_meier(wait, ended), 9.5) == pytest.approx(area, rel=1e-12)
    # without censoring, a mean
    wait = some_waits(1)[0]
    whole = np.ones(len(wait), dtype=bool)
    assert restricted_mean(kaplan_meier(wait, whole), 5.0) == pytest.approx(np.minimum(wait, 5).mean())
    # not followed so far
    cut = wait < wait.max()
    assert np.isnan(restricted_mean(kaplan_meier(wait, cut), wait.max() + 1))
    assert restricted_mean(kaplan_meier(wait, whole), wait.max() + 1) == pytest.approx(wait.mean())
    assert np.isnan(kaplan_meier(wait, cut).at(np.array([wait.max() + 1]))[0])


def test_errors_are_those_of_influence_values_over_people() -> None:
    rng = np.random.default_rng(1)
    ego = rng.integers(0, 9, 80)
    alter = (ego + rng.integers(1, 9, 80)) % 9
    wait, ended = some_waits(2, n=80)
    found = estimated(wait, ended, pairs_of(ego, alter), 10.0)
    seen = truncated(wait, ended, 10.0)
    psi = np.column_stack(
        [
            -curve_influence(found.curve, *seen, np.array([10.0])),
            mean_influence(found.curve, *seen, 10.0),
        ]
    )
    direct = spread(psi, ego, alter)
    np.testing.assert_allclose(found.errors.std_error, direct.std_error, rtol=1e-10)
    np.testing.assert_allclose(found.errors.df, direct.df, rtol=1e-10)
    low, high = found.share_ends(0.95)
    assert 0 < low < found.share < high < 1
    few = by_pair(found.curve, *seen, found.time, pairs_of(ego, alter))
    np.testing.assert_allclose(few.sum(axis=0), 0, atol=1e-12)


def test_a_difference_within_the_same_people_has_the_errors_of_both() -> None:
    rng = np.random.default_rng(3)
    ego = rng.integers(0, 12, 200)
    alter = (ego + rng.integers(1, 12, 200)) % 12
    wait, ended = some_waits(5, n=200)
    group = rng.random(200) < 0.5
    parts = [(wait[at], ended[at], pairs_of(ego[at], alter[at])) for at in (group, ~group)]
    one, other = (estimated(*part, 9.0) for part in parts)
    found = difference(one, other, (parts[0][2], parts[1][2]))
    psi = np.zeros((200, 2))
    for at, each, sign in ((group, one, 1), (~group, other, -1)):
        seen = truncated(wait[at], ended[at], 9.0)
        psi[at, 0] = -sign * curve_influence(each.curve, *seen, np.array([9.0]))[:, 0]
        psi[at, 1] = sign * mean_influence(each.curve, *seen, 9.0)
    np.testing.assert_allclose(found.errors.std_error, spread(psi, ego, alter).std_error, rtol=1e-10)
    # a group less itself
    nothing = difference(one, one, (parts[0][2], parts[0][2]))
    np.testing.assert_allclose(nothing.errors.std_error, 0, atol=1e-12)


def test_permutations_are_of_whom_they_say() -> None:
    wait, ended = some_waits(8, n=90)
    left = residuals(wait, ended)
    assert left.sum() == pytest.approx(0, abs=1e-10)
    rng = np.random.default_rng(0)
    person = rng.integers(0, 15, 90)
    label = rng.integers(0, 3, 15)
    statistic, drawn, people = by_people(person, label[person], left, 199, np.random.default_rng(1))
    Z = np.array([left[label[person] == one].sum() for one in range(3)])
    size = [len(np.unique(person[label[person] == one])) for one in range(3)]
    assert statistic == pytest.approx(float((Z**2 / size).sum()), rel=1e-12)
    assert people == 15
    assert len(set(drawn.round(9))) > 100
    other = (person + 1 + rng.integers(0, 13, 90)) % 15
    statistic, drawn, people = by_sameness((person, other), label, left, 199, np.random.default_rng(1))
    assert statistic == pytest.approx(left[label[person] == label[other]].sum() ** 2, rel=1e-12)
    # in a pair with one label all shifts are the same
    statistic, drawn, pairs = by_shifts(person, np.zeros(90, dtype=int), left, 19, np.random.default_rng(1))
    assert pairs == 0
    assert np.isnan(judged(wait, ended, np.zeros(90, dtype=int), 1, (statistic, drawn, pairs)).p_value)
    few = np.array([0, 0, 0]), np.array([0, 1, 1]), np.array([3.0, -1.0, -2.0])
    shifted = by_shifts(*few, 99, np.random.default_rng(1))[1]
    # labels 011, 101, 110 on 3, -1, -2
    assert set(shifted.round(9)) == {13.5, 1.5, 6.0}


# waits


def twin(frame: pd.DataFrame, asks, answers) -> list[tuple[int, int, float, bool]]:
    """Brute force: asker, answerer, hours, ended of every wait."""
    end, out = frame["time"].max(), []
    people = sorted(set(frame["sender"]) | set(frame["receiver"]))
    for one in people:
        for other in people:
            forth = frame[(frame["sender"] == one) & (frame["receiver"] == other) & asks]
            back = frame[(frame["sender"] == other) & (frame["receiver"] == one) & answers]
            until = -1.0
            for time in sorted(forth["time"]):
                if time < until:
                    continue
                later = back["time"][back["time"] > time]
                until = later.min() if len(later) else np.inf
                out.append((one, other, (min(until, end) - time) / 3600, bool(len(later))))
    return sorted(out)


@pytest.mark.parametrize("seed", range(4))
def test_waits_are_those_of_the_brute_force(seed) -> None:
    frame = some_acts(seed)
    log, deep = log_of(frame), frame["depth"].notna()
    cases = [
        ("help", "information", frame["kind"] == "help", frame["kind"] == "information"),
        ("help", "help", frame["kind"] == "help", frame["kind"] == "help"),
        ("disclosure", None, deep, frame["kind"].notna()),
        ("disclosure", "disclosure", deep, deep),
    ]
    for of, answer, asks, answers in cases:
        found = waits_of(log, of=of, answer=answer)
        rows = zip(found.asker, found.answerer, found.hours, found.ended, strict=True)
        people = log.people
        own = sorted((int(people[i]), int(people[j]), float(h), bool(e)) for i, j, h, e in rows)
        other = twin(frame, asks, answers)
        assert [one[:2] + one[3:] for one in own] == [one[:2] + one[3:] for one in other]
        np.testing.assert_allclose([one[2] for one in own], [one[2] for one in other], rtol=1e-12)
        assert found.asks == asks.sum()
    deeper = waits_of(log, of="disclosure", depth_at_least=3)
    assert deeper.asks == (frame["depth"] >= 3).sum()


def test_waits_after_openings_are_those_of_reply_hours(helpdesk) -> None:
    for log in (helpdesk.log, log_of(some_acts(9)), log_of(some_acts(9)).window(6000, 90000)):
        rows = log.rows("in contact", None, 10**6)
        row, for_ego, wait, cut = log.engine.waits(rows, Settings())
        asker = np.where(for_ego, rows.alter[row], rows.ego[row])
        theirs = sorted(zip(asker.tolist(), (wait / HOUR).tolist(), cut.tolist(), strict=True))
        found = waits_of(log)
        own = zip(found.asker.tolist(), found.hours.tolist(), (~found.ended).tolist(), strict=True)
        assert sorted(own) == theirs


def test_a_kind_that_does_not_count_as_giving_answers_nothing() -> None:
    frame = some_acts(2)
    roles = {name: name for name in ONE}
    log = hs.read_log(frame, columns=roles, time_unit="s")
    part = hs.read_log(frame[frame["kind"] == "help"], columns=roles, time_unit="s")
    from dataclasses import replace

    giving = replace(log, giving=("help",), window_edges=(None, log.moments()[1] + 1))
    alone = replace(part, window_edges=(None, log.moments()[1] + 1))
    assert sorted(waits_of(giving).hours) == sorted(waits_of(alone).hours)


# what may change


def test_rows_names_and_units_of_time_change_nothing() -> None:
    frame = some_acts(3)
    first = hs.return_curves(log_of(frame), of="help", by="kind", horizon="6h")
    shuffled = frame.sample(frac=1.0, random_state=1)
    again = hs.return_curves(log_of(shuffled), of="help", by="kind", horizon="6h")
    pd.testing.assert_frame_equal(first.tidy(), again.tidy(), rtol=1e-12)
    renamed = frame.assign(sender=(3 * frame["sender"]) % 7, receiver=(3 * frame["receiver"]) % 7)
    other = hs.return_curves(log_of(renamed), of="help", by="kind", horizon="6h")
    pd.testing.assert_frame_equal(first.tidy(), other.tidy(), rtol=1e-10)
    slow = hs.return_curves(
        log_of(frame.assign(time=2 * frame["time"])),
        of="help",
        by="kind",
        horizon="12h",
        conversation_gap="2h",
    )
    hours = [name for name in first.tidy().columns if "hours" in name]
    doubled = first.tidy().assign(**{name: 2 * first.tidy()[name] for name in hours})
    pd.testing.assert_frame_equal(doubled, slow.tidy(), rtol=1e-10)


def test_the_order_of_rows_changes_no_draw() -> None:
    frame = some_acts(6, n=400)
    people = pd.DataFrame({"id": range(7), "office": list("aabbabb")})
    for by in ("asker_office", "answerer_office", "same_office", "channel"):
        first, again = (
            hs.return_curves(log_of(one), by=by, people=people, horizon="9h").log_rank(draws=99, seed=4)
            for one in (frame, frame.sample(frac=1.0, random_state=2))
        )
        np.testing.assert_allclose(first.found.drawn, again.found.drawn, rtol=1e-9, atol=1e-9)
        assert first.p_value == again.p_value
        assert 0.01 <= first.p_value <= 1
        assert "permutations (seed 4)" in str(first)


# groups


def test_groups_are_of_people_pairs_and_acts(helpdesk) -> None:
    whole = hs.return_curves(helpdesk, horizon="3D")
    by_asker = hs.return_curves(helpdesk, by="asker_office", horizon="3D")
    assert by_asker.tidy()["waits"].sum() == len(whole.waits)
    offices = helpdesk.people["office"].to_numpy()
    asked = offices[by_asker.waits.asker]
    for name, count in by_asker.tidy()[["group", "waits"]].to_numpy():
        assert (asked == name).sum() == count
    same = hs.return_curves(helpdesk, by="same_office", horizon="3D").tidy()
    assert same["group"].tolist() == ["other office", "same office"]
    alike = offices[whole.waits.asker] == offices[whole.waits.answerer]
    assert same["waits"].tolist() == [(~alike).sum(), alike.sum()]
    pairs = helpdesk.dyads(metrics=["acts"]).frame[["ego", "alter"]]
    pairs = pairs.assign(near=np.arange(len(pairs)) % 2)
    near = hs.return_curves(helpdesk, by=pairs, horizon="3D")
    assert near.tidy()["waits"].sum() == len(whole.waits)
    assert near.tidy()["group"].tolist() == ["0", "1"]
    one = near.differences()
    assert one["measure"].tolist() == ["returned", "mean_hours"]
    row = near.tidy()
    assert one["estimate"].tolist() == pytest.approx(
        [row["returned"][1] - row["returned"][0], row["mean_hours"][1] - row["mean_hours"][0]]
    )


def test_missing_groups_are_left_out_and_said() -> None:
    people = pd.DataFrame({"person": range(6), "age": [1.0, 2.0, np.nan, 1.0, 2.0, 1.0]})
    found = hs.return_curves(log_of(some_acts(1)), by="answerer_age", people=people, horizon="6h")
    gone = int((found.groups.codes < 0).sum())
    assert gone == np.isin(found.waits.answerer, [2, 6]).sum()
    assert f"Left out: {gone} waits whose answerer_age is not known." in str(found)
    assert found.tidy()["group"].tolist() == ["1", "2"]
    assert "an association" in str(found)
    found.log_rank(draws=19, seed=1)


def test_tables_agree_with_one_another(helpdesk, tmp_path) -> None:
    found = hs.return_curves(helpdesk, of="help", answer="help", by="asker_office", horizon="3D")
    curve, steps = found.curve(), found.steps()
    assert set(curve["group"]) == set(found.tidy()["group"])
    for name, part in steps.groupby("group"):
        joined = curve[curve["group"] == name].merge(part, on="hours")
        np.testing.assert_allclose(joined["returned"], 1 - joined["waiting"], atol=1e-12)
        np.testing.assert_array_equal(joined["at_risk_x"], joined["at_risk_y"])
    inside = curve.dropna()
    assert ((inside["low"] < inside["returned"]) & (inside["returned"] < inside["high"])).all()
    risk = found.at_risk([0, 12])
    assert risk[risk["hours"] == 0]["at_risk"].tolist() == found.tidy()["waits"].tolist()
    table = found.tidy()
    known = table.dropna()
    assert (known["median_hours_low"] <= known["median_hours"]).all()
    assert (known["median_hours"] <= known["median_hours_high"]).all()
    assert (found.tidy(level=0.5)["returned_low"] > table["returned_low"]).all()
    found.to_latex(tmp_path / "returns.tex")
    hs.export(found, tmp_path / "returns.csv")
    assert "help to the other's next act of help" in str(found)


def test_a_wait_that_was_cut_off_before_the_horizon_is_said() -> None:
    late = pd.DataFrame(
        {"sender": [1], "receiver": [2], "time": [-200_000], "kind": ["help"], "depth": [np.nan]}
    )
    never = pd.concat([some_acts(1, people=5), late.assign(sender=9, channel="talk")])
    found = hs.return_curves(log_of(never), of="help", answer="help", horizon="60D")
    assert np.isnan(found.tidy()["mean_hours"][0])
    assert "before the horizon" in str(found)
    two = pd.DataFrame({"sender": list("aba"), "receiver": list("bab"), "time": [0, 4000, 9000]})
    few = hs.return_curves(hs.read_log(two, time_unit="s"), horizon="2h")
    assert "fewer than three people" in str(few)
    assert np.isnan(few.tidy()["returned_low"][0])


# refusals


def test_what_has_no_answer_is_refused(helpdesk) -> None:
    log = log_of(some_acts(1))
    with pytest.raises(hs.UnknownNameError, match=r"Unknown kind 'hlp'\. Did you mean 'help'"):
        hs.return_curves(log, of="hlp")
    with pytest.raises(hs.UnknownNameError, match=r"Did you mean 'asker_office'"):
        hs.return_curves(helpdesk, by="asker_ofice")
    with pytest.raises(hs.UnknownNameError, match=r"or in people="):
        hs.return_curves(log, by="asker_office")
    with pytest.raises(hs.ArgumentError, match="takes a log or a study; got DataFrame"):
        hs.return_curves(some_acts(1))
    with pytest.raises(hs.ArgumentError, match="say of='disclosure'"):
        hs.return_curves(log, depth_at_least=2)
    with pytest.raises(hs.ArgumentError, match="horizon is 7; it must be a span"):
        hs.return_curves(log, horizon=7)
    with pytest.raises(hs.DesignError, match="no depth"):
        hs.return_curves(log_of(some_acts(1).drop(columns="depth")), of="disclosure")
    with pytest.raises(hs.DesignError, match="No act asks"):
        hs.return_curves(log, of="disclosure", depth_at_least=99)
    with pytest.raises(hs.DesignError, match="has no time"):
        hs.return_curves(hs.read_log(pd.DataFrame({"sender": ["a"], "receiver": ["b"]})))
    with pytest.raises(hs.DesignError, match="have no topic"):
        hs.return_curves(log, by="topic")
    ages = pd.DataFrame({"id": range(7), "age": range(7)})
    with pytest.raises(hs.ArgumentError, match="there twice"):
        hs.return_curves(log, by="asker_age", people=pd.concat([ages, ages]))
    with pytest.raises(hs.ArgumentError, match="nobody of the log"):
        hs.return_curves(log, by="asker_age", people=ages.assign(id=ages["id"] + 50))
    many = helpdesk.people.assign(code=range(len(helpdesk.people)))
    with pytest.raises(hs.ArgumentError, match=r"up to 12 can be told apart"):
        hs.return_curves(helpdesk, by="asker_code", people=many)
    pairs = pd.DataFrame({"ego": [0, 1], "alter": [1, 2], "near": [0, 1]})
    with pytest.raises(hs.DesignError, match="share people and cannot change places"):
        hs.return_curves(log, by=pairs).log_rank()
    with pytest.raises(hs.ArgumentError, match="choose one of them"):
        hs.return_curves(log, by=pairs.assign(far=1))
    with pytest.raises(hs.ArgumentError, match="a pair twice"):
        hs.return_curves(log, by=pd.concat([pairs, pairs]))
    with pytest.raises(hs.ArgumentError, match="one column of pairs"):
        hs.return_curves(log, by=3)
    alone = hs.return_curves(log)
    with pytest.raises(hs.DesignError, match="say by="):
        alone.differences()
    with pytest.raises(hs.DesignError, match="say by="):
        alone.log_rank()
    with pytest.raises(hs.ArgumentError, match="at least 19"):
        hs.return_curves(log, by="kind").log_rank(draws=5)
    with pytest.raises(hs.ArgumentError, match="level is 95"):
        alone.tidy(level=95)


# networks


@needs_shared
@pytest.mark.parametrize(("name", "waits"), [("copenhagen", 4892), ("collegemsg", 28315)])
def test_large_logs_are_no_trouble(name, waits) -> None:
    study = hs.open_study(shared_path("datasets", name))
    found = hs.return_curves(study)
    row = found.tidy().iloc[0]
    assert (
        row["waits"]
        == waits
        == len(study.log.engine.waits(study.log.rows("in contact", None, 1), Settings())[0])
    )
    assert row["returned_low"] < row["returned"] < row["returned_high"]
    seen = truncated(found.waits.hours, found.waits.ended, 168.0)
    other = SurvfuncRight(seen[0], seen[1].astype(int))
    assert row["returned"] == pytest.approx(1 - other.surv_prob[-1], abs=1e-12)

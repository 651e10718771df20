"""Openings left alone: which, what follows, errors and nulls, how long it lasts, what it is called."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from itertools import permutations
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.errors import ArgumentError, DesignError, UnknownNameError
from honestsignals.inference.stifle_decay import half_life, left_over
from honestsignals.inference.stifle_ratio import Pooled, products, rank_p, shuffled, strata_of
from honestsignals.metrics.opening_windows import Counter, Openings, Spans, spaced, windows
from tests.shared import PROJECT, needs_shared, shared_path
from tests.twins_stifling import OTHER, OWN, SHARED, jackknife_error, log_ratio, looked, openings, pair_ratio

STORED = json.loads(
    (PROJECT / "benchmarks" / "results" / "stifling_calibration.json").read_text(encoding="utf-8")
)
CELLS = STORED["cells"]
HALVES = [one for one in CELLS if one["moderated"] is not None]
WHOLE = [one for one in CELLS if one["moderated"] is None]
NOTHING = [one for one in WHOLE if one["true_log_ratio"] == 0]
EFFECTS = [one for one in WHOLE if one["true_log_ratio"] != 0]
TWO = np.arange(18).reshape(9, 2)
HOUR, DAY = 3600, 86_400
GAP, WINDOW, HORIZON = HOUR, DAY, 7 * DAY


def acts(seed: int, people: int = 7, size: int = 900) -> list[tuple[str, str, int]]:
    """Acts of two months on a coarse clock, some answered within an hour, some within days."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(size // 2):
        one, other = rng.choice(people, 2, replace=False)
        time = int(rng.integers(0, 60 * 24)) * HOUR
        found.append((f"p{one}", f"p{other}", time))
        if rng.random() < 0.6:
            wait = int(rng.choice([1, 1, 6, 24, 25, 60]))
            found.append((f"p{other}", f"p{one}", time + wait * HOUR // 2))
    return found


def log_of(rows: list[tuple[str, str, int]]) -> hs.InteractionLog:
    return hs.read_log(pd.DataFrame(rows, columns=["sender", "receiver", "time"]), time_unit="s")


def end_of(rows: list[tuple[str, str, int]]) -> int:
    return max(time for *_, time in rows)


@pytest.fixture(scope="module")
def simulated() -> hs.InteractionLog:
    disclosure = hs.Disclosure(weekly=1.5, stifle=0.5, half_life_days=30)
    return hs.simulate_disclosure(seed=1, people=30, days=300, disclosure=disclosure).log


# held against loops


@pytest.mark.parametrize("seed", range(4))
def test_ratio_errors_and_the_others_ratio_are_those_of_loops(seed) -> None:
    rows = acts(seed)
    some = looked(rows, GAP, WINDOW, HORIZON, end_of(rows))
    found = hs.stifling(log_of(rows), within="1D", horizon="7D", permutations=0)
    assert len(found.study.at.time) == len(some)
    assert int(found.study.alone.sum()) == sum(not one.returned for one in some)
    for one, counts in ((found.found, OWN), (found.others, OTHER)):
        assert one.value == pytest.approx(log_ratio(some, counts), rel=1e-10)
        error = jackknife_error(some, lambda rest, counts=counts: log_ratio(rest, counts))
        assert one.std_error == pytest.approx(error, rel=1e-8)
    versus = found.against_others
    assert versus.value == pytest.approx(log_ratio(some, SHARED) - log_ratio(some, OTHER), rel=1e-10)
    error = jackknife_error(some, lambda rest: log_ratio(rest, SHARED) - log_ratio(rest, OTHER))
    assert versus.std_error == pytest.approx(error, rel=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_the_column_of_pairs_is_that_of_loops(seed) -> None:
    rows = acts(seed)
    some = looked(rows, GAP, WINDOW, HORIZON, end_of(rows))
    table = log_of(rows).dyads(
        metrics=["stifle_ratio_ego", "stifle_ratio_alter"], spans={"stifle_horizon": "7D"}
    )
    for row in table.frame.itertuples():
        for arc, value in (
            ((row.ego, row.alter), row.stifle_ratio_ego),
            ((row.alter, row.ego), row.stifle_ratio_alter),
        ):
            assert value == pytest.approx(pair_ratio(some, arc), rel=1e-12, nan_ok=True)
    assert table.frame["stifle_ratio_ego"].notna().any()


@pytest.mark.parametrize("seed", range(2))
def test_fails_are_those_of_loops(seed) -> None:
    rows = acts(seed)
    end, found = end_of(rows), hs.reciprocity_fails(log_of(rows)).tidy()
    expected = {(*arc, time) for arc, times in openings(rows, GAP).items() for time in times}
    assert {(one.opener, one.other, round(one.time)) for one in found.itertuples()} == expected
    for one in found.itertuples():
        back = [
            time - one.time
            for sender, receiver, time in rows
            if (receiver, sender) == (one.opener, one.other)
        ]
        later = [wait for wait in back if wait > 0]
        if one.time + WINDOW > end:
            assert one.returned is pd.NA
            assert one.reason == "Δ ends after the log"
        else:
            assert one.returned == any(wait <= WINDOW for wait in later)
        assert one.wait_hours == pytest.approx(min(later) / HOUR if later else np.nan, nan_ok=True)


def test_no_choice_of_openings_looks_ahead() -> None:
    """Whatever comes after an opening, those before it are chosen as they were."""
    rng = np.random.default_rng(3)
    time = np.sort(rng.integers(0, 400, 60))
    spans = Spans(1, 10, 0, 10_000)
    whole = spaced(Openings(np.zeros(60, int), time, time), np.ones(60, bool), spans)
    for cut in range(1, 60):
        part = spaced(Openings(np.zeros(cut, int), time[:cut], time[:cut]), np.ones(cut, bool), spans)
        np.testing.assert_array_equal(part, whole[whole < cut])
    assert (np.diff(time[whole]) >= 11).all()


def test_shuffles_are_all_orders_within_ordered_pair() -> None:
    alone = np.array([True, False, False, True, False])
    strata = strata_of(np.array([0, 0, 0, 2, 2]), np.array([0, 0, 0, 1, 1]), np.array([1, 1, 1, 2, 2]))
    after, before = np.array([1.0, 3.0, 2.0, 4.0, 2.0]), np.array([2.0, 2.0, 5.0, 3.0, 1.0])

    def value(marks: np.ndarray) -> float:
        top = bottom = 0.0
        for part in (slice(0, 3), slice(3, 5)):
            a, b = (one[part][marks[part]].sum() for one in (after, before))
            c, d = (one[part][~marks[part]].sum() for one in (after, before))
            top, bottom = top + a * d / (a + b + c + d), bottom + b * c / (a + b + c + d)
        return float(np.log(top / bottom))

    every = {
        round(value(np.array([*first, *second])), 9)
        for first in permutations(alone[:3])
        for second in permutations(alone[3:])
    }
    drawn = shuffled(strata, alone, (after, before), 400, 1)
    assert {round(float(one), 9) for one in drawn} == every
    # each of the six is as likely
    shares = np.unique(drawn.round(9), return_counts=True)[1] / 400
    assert abs(shares - 1 / 6).max() < 0.07


def test_p_counts_the_value_among_the_draws() -> None:
    assert rank_p(-9.0, np.linspace(-1, 1, 39)) == pytest.approx(2 / 40)
    assert rank_p(0.0, np.array([-1.0, 1.0])) == 1.0
    assert np.isnan(rank_p(np.nan, np.zeros(3)))


@pytest.mark.parametrize("bins", [1, 3])
def test_means_around_openings_are_those_of_loops(bins, simulated) -> None:
    rows = acts(2)
    study = hs.stifling(log_of(rows), within="1D", horizon="6D", permutations=0)
    some = looked(rows, GAP, WINDOW, 6 * DAY, end_of(rows))
    frame = study.event_study(bins).tidy()
    every: dict[tuple[str, str], list[int]] = {}
    for sender, receiver, time in rows:
        every.setdefault((sender, receiver), []).append(time)
    of = {"openings": openings(rows, GAP), "acts": every}
    for one in frame.itertuples():
        top = bottom = 0.0
        for arc in {each.arc for each in some}:
            kinds = [
                [each for each in some if each.arc == arc and each.returned is flag] for flag in (True, False)
            ]
            if not (kinds[0] and kinds[1]):
                continue
            weight = len(kinds[0]) * len(kinds[1]) / (len(kinds[0]) + len(kinds[1]))
            chosen = kinds[0] if one.opening == "returned" else kinds[1]
            times = of[one.of].get(arc if one.by == "opener" else arc[::-1], [])
            counts = [
                sum(
                    each.time + one.from_day * DAY < when <= each.time + one.to_day * DAY
                    and (one.from_day >= 0 or when != each.time)
                    for when in times
                )
                for each in chosen
            ]
            top, bottom = top + weight * np.mean(counts), bottom + weight
        expected = top / bottom / (one.to_day - one.from_day)
        assert one.value == pytest.approx(expected, rel=1e-10)
    assert set(frame["of"]) == {"openings", "acts"}
    found = hs.stifling(simulated, permutations=0).event_study().tidy()
    assert list(dict.fromkeys(found["of"])) == ["openings", "acts", "depth"]


def test_rows_that_stand_for_several_acts_are_several_around_openings() -> None:
    rows = acts(2)
    frame = pd.DataFrame(rows, columns=["sender", "receiver", "time"]).drop_duplicates()
    once = hs.stifling(hs.read_log(frame, time_unit="s"), horizon="6D", permutations=0).event_study().tidy()
    log = hs.read_log(frame.assign(count=3), time_unit="s")
    thrice = hs.stifling(log, horizon="6D", permutations=0).event_study().tidy()
    of_acts = once["of"] == "acts"
    np.testing.assert_allclose(thrice["value"][of_acts], 3 * once["value"][of_acts], rtol=1e-12)
    np.testing.assert_allclose(thrice["value"][~of_acts], once["value"][~of_acts], rtol=1e-12)


def test_acts_that_do_not_give_are_not_counted_around_openings() -> None:
    rows = pd.DataFrame(acts(2), columns=["sender", "receiver", "time"]).drop_duplicates().assign(kind="talk")
    more = rows.assign(kind="silence", time=rows["time"] + 5 * HOUR)
    both = pd.concat([rows, more[more["time"] <= rows["time"].max()]])
    logs = [replace(hs.read_log(one, time_unit="s"), giving=("talk",)) for one in (rows, both)]
    first, again = (hs.stifling(one, horizon="6D", permutations=0).event_study().tidy() for one in logs)
    pd.testing.assert_frame_equal(first, again)


def test_the_study_of_disclosures_is_named_after_them(simulated) -> None:
    found = hs.stifling(simulated, of="disclosures", permutations=0).event_study()
    assert list(dict.fromkeys(found.tidy()["of"])) == ["disclosures", "acts", "depth"]
    axes = hs.figures.draw("event_study", found).axes[0]
    assert axes.get_ylabel() == "disclosures a day"


# what must not change


def test_renaming_and_shuffling_change_nothing_and_time_has_no_unit() -> None:
    rows = acts(5)
    first = hs.stifling(log_of(rows), horizon="7D", permutations=49, seed=3)
    names = {f"p{one}": f"q{(one * 3) % 7}" for one in range(7)}
    renamed = [(names[one], names[other], time) for one, other, time in reversed(rows)]
    again = hs.stifling(log_of(renamed), horizon="7D", permutations=49, seed=3)
    for one, other in ((first.found, again.found), (first.against_others, again.against_others)):
        np.testing.assert_allclose(one, other, rtol=1e-10)
    slow = [(one, other, 2 * time) for one, other, time in rows]
    stretched = hs.reciprocity_fails(log_of(slow), within="2D", conversation_gap="2h").stifling(
        "14D", permutations=49, seed=3
    )
    np.testing.assert_allclose(first.found, stretched.found, rtol=1e-12)
    np.testing.assert_allclose(first.placebo, stretched.placebo, rtol=1e-12)
    np.testing.assert_allclose(2 * first.half_life().value, stretched.half_life().value, rtol=1e-6)


def test_the_order_of_rows_changes_not_a_bit() -> None:
    rows = acts(5)
    first, again = (hs.stifling(log_of(one), horizon="7D", permutations=49) for one in (rows, rows[::-1]))
    assert str(first) == str(again)
    np.testing.assert_array_equal(first.placebo, again.placebo)


def test_disclosures_are_openings_where_every_act_is_one() -> None:
    rows = [(one, other, time) for one, other, time in acts(1) if time % (2 * HOUR) == 0]
    frame = pd.DataFrame(rows, columns=["sender", "receiver", "time"]).drop_duplicates()
    twice = frame.assign(
        pair=[frozenset(one) for one in zip(frame["sender"], frame["receiver"], strict=True)]
    )
    frame = frame[~twice.duplicated(["pair", "time"], keep=False)]
    log = hs.read_log(frame.assign(depth=1.0 + frame["time"] % 3), time_unit="s")
    of_openings = hs.stifling(log, horizon="7D", permutations=0)
    of_disclosures = hs.stifling(log, horizon="7D", of="disclosures", permutations=0)
    np.testing.assert_allclose(of_openings.found, of_disclosures.found, rtol=1e-12)


# groups, Δ, half-life


def test_groups_are_ratios_of_their_openings(simulated) -> None:
    people = simulated.people
    pairs = pd.DataFrame(
        [(one, other) for one in people for other in people if one != other], columns=["ego", "alter"]
    )
    pairs["side"] = np.where(pairs["ego"] < people[15], "first", "second")
    found = hs.stifling(simulated, by=pairs, permutations=0)
    frame = found.tidy().set_index(["what", "group"])
    assert frame.loc[("ratio of ratios", "second / first"), "ratio"] == pytest.approx(
        frame.loc[("stifle ratio", "second"), "ratio"] / frame.loc[("stifle ratio", "first"), "ratio"]
    )
    counts = frame.loc["stifle ratio", "openings"]
    assert counts["first"] + counts["second"] == counts[""]


def test_a_group_without_a_ratio_leaves_the_others_theirs() -> None:
    people, pairs = np.array([[0.1, np.nan]] * 3), np.array([[0.2, -np.inf]])
    some = Pooled(np.array([0.5, np.inf]), people, pairs, np.ones((3, 2)), np.array([[0, 1]]))
    one = some.of(np.array([2.0, 0.0]))
    assert one.value.tolist() == [1.0]
    assert one.people.ravel().tolist() == [0.2] * 3
    assert one.weight.ravel().tolist() == [4.0] * 3
    assert np.isnan(some.of(np.array([1.0, -1.0])).people).all()


def test_the_ratio_over_windows_is_that_of_each(simulated) -> None:
    found = hs.stifling(simulated, permutations=0).sensitivity(["12h", "2D"]).tidy()
    for window, ratio in zip(found["window"], found["ratio"], strict=True):
        assert ratio == pytest.approx(hs.stifling(simulated, within=window, permutations=0).ratio)


def test_a_known_half_life_comes_back() -> None:
    edges = np.linspace(0, 28, 8)
    noise = 1e-3 * np.sin(np.arange(140.0)).reshape(20, 7)
    for truth in (3.0, 14.0, 40.0):
        found = Pooled(-0.5 * left_over(np.array([truth]), edges)[0], noise, noise[:9] / 3, noise**2, TWO)
        life = half_life(found, edges, np.ones(7), 15.0)
        assert life.value == pytest.approx(truth, rel=1e-3)
        assert life.low < truth < life.high
        assert life.dent == pytest.approx(-0.5, rel=1e-3)


def test_no_half_life_without_a_dent_and_no_end_where_none_is_seen() -> None:
    edges = np.linspace(0, 28, 8)
    noise = 0.05 * np.sin(np.arange(140.0)).reshape(20, 7)

    def of(value: np.ndarray):
        return half_life(Pooled(value, noise, noise[:9] / 3, noise**2, TWO), edges, np.ones(7), 15.0)

    assert of(np.full(7, 0.2)).reason == "there is no dent whose end could be told"
    stays = of(np.full(7, -0.3) - 0.01 * np.arange(7))
    assert (stays.reason, stays.high) == ("no end of it within the horizon", np.inf)
    assert stays.low > 14
    assert "few" in of(np.array([-0.3, -np.inf, 0, 0, 0, 0, 0])).reason


# what it is called


def test_both_nulls_are_passed_where_an_effect_was_planted(simulated) -> None:
    found = hs.stifling(simulated, permutations=199)
    assert found.passed == (True, True)
    assert "both nulls are passed" in found.verdict
    assert "not ruled out" in found.verdict
    text = str(found)
    assert "Fails at shuffled times (199, within ordered pair, seed 0)" in text
    assert "Shared bursts: the same ratio of the other's openings" in text


def test_an_association_is_called_one_until_both_are_passed(simulated) -> None:
    assert "An association: not told from fails at shuffled times." in str(
        hs.stifling(simulated, permutations=0)
    )


def test_nothing_is_claimed_of_nothing() -> None:
    log = hs.simulate_disclosure(seed=4, people=20, days=200, disclosure=hs.Disclosure(stifle=1.0)).log
    found = hs.stifling(log, permutations=99)
    assert found.verdict == "No stifling is shown: 1 is in the interval."
    assert abs(np.log(found.placebo).mean()) < 0.1


def test_all_that_hangs_on_the_ratio_says_how_its_nulls_stand(simulated) -> None:
    people = simulated.people
    pairs = pd.DataFrame(
        [(one, other) for one in people for other in people if one != other], columns=["ego", "alter"]
    )
    pairs["side"] = np.where(pairs["ego"] < people[15], "first", "second")
    found = hs.stifling(simulated, by=pairs, permutations=199)
    asked = hs.stifling(simulated, by=pairs, permutations=0)
    for one, words in (
        (found, "Of the whole ratio both nulls are passed: fails at shuffled times (p = "),
        (asked, "No more than an association, as long as the ratio has not passed both nulls: fails at "),
    ):
        for table in (one.half_life(), one.event_study(), one.sensitivity(["1D"])):
            assert any(words in line for line in table.facts())
            assert words in table.note()
        assert "Rows by side and ratios of ratios have intervals and no nulls: associations" in str(one)
    assert "shuffled times (not asked for) not passed, shared bursts (p " in asked.standing


def test_nothing_passes_and_no_half_life_is_told_where_no_dent_is_shown() -> None:
    log = hs.simulate_disclosure(seed=4, people=20, days=200, disclosure=hs.Disclosure(stifle=1.0)).log
    found = hs.stifling(log, permutations=99)
    assert found.interval[1] > 1
    assert found.passed == (False, False)
    for against in (False, True):
        life = found.half_life(against_others=against)
        assert np.isnan([life.value, *life.interval]).all()
        assert life.reason.startswith(("the interval of the ratio over the horizon", "there is no dent"))
        assert life.frame["fitted"].isna().all()
        assert "No stifling is shown over the whole horizon. No more than an association" in str(life)


def of_two_people(size: int) -> hs.InteractionLog:
    rng = np.random.default_rng(size)
    rows = []
    for time in np.sort(rng.integers(0, 365, size)).tolist():
        rows.append(("a", "b", time * DAY))
        if rng.random() < 0.6:
            rows.append(("b", "a", time * DAY + 2 * HOUR))
    return log_of([*rows, ("a", "b", 366 * DAY)])


@pytest.mark.parametrize("size", [20, 90])
def test_two_people_have_ratios_and_no_errors(size) -> None:
    """One pair warns of nothing, and says what it lacks."""
    found = hs.stifling(of_two_people(size), horizon="14D", permutations=49)
    assert "No interval: too few people" in str(found)
    assert np.isnan(found.interval).all()
    assert "No half-life" in str(found.half_life())
    assert found.event_study().tidy()["low"].isna().all()
    reason = "too few openings of both kinds in the same ordered pairs"
    assert found.sensitivity(["1D"]).tidy()["reason"].tolist() == [reason]


def test_shuffles_without_a_ratio_are_said_in_words(simulated) -> None:
    found = hs.stifling(simulated, permutations=19)
    object.__setattr__(found, "_shuffled", np.array([-np.inf, np.inf, 0.0, np.nan]))
    assert "half of them below a ratio of 1, 95 % of them 0 to" in " ".join(found.facts())
    object.__setattr__(found, "_shuffled", np.full(19, np.nan))
    assert "none of them has a ratio" in " ".join(found.facts())


def test_figures_ask_for_the_table_and_not_for_the_study(simulated) -> None:
    found, fails = hs.stifling(simulated, permutations=0), hs.reciprocity_fails(simulated)
    with pytest.raises(ArgumentError, match=r"got Stifling: draw what its event_study\(\) returns"):
        hs.figures.draw("event_study", found)
    with pytest.raises(UnknownNameError, match="needs an event study; got ReciprocityFails"):
        hs.figures.draw("event_study", fails)
    for one in (found, fails):
        with pytest.raises(ArgumentError, match=r"draw what its sensitivity\(\) returns"):
            hs.figures.draw("sensitivity", one)


def test_products_of_neighbours_are_left_out_where_windows_meet() -> None:
    """At a distance of Δ + 2h windows lie apart; below, what follows one is before the other."""
    time = np.array([0, 21, 42, 62])
    openings_of_one = Openings(np.zeros(4, int), time + 100, np.full(4, 999))
    found = windows(openings_of_one, np.ones(4, bool), Spans(1, 10, 0, 999))
    assert found.near.tolist() == [False, False, False, True]
    alone = np.array([True, False, True, False])
    strata = strata_of(np.zeros(4, int), np.zeros(4, int), np.ones(4, int), found.near)
    after, before = np.arange(1.0, 5.0)[:, None], np.array([2.0, 1.0, 3.0, 5.0])[:, None]
    top, bottom = products(strata, alone, after, before)
    apart = [(0, 1), (0, 3), (2, 1)]
    total = after.sum() + before.sum()
    assert top[0, 0] == pytest.approx(sum(after[i, 0] * before[j, 0] for i, j in apart) / total)
    assert bottom[0, 0] == pytest.approx(sum(before[i, 0] * after[j, 0] for i, j in apart) / total)
    drawn = shuffled(strata, alone, (after[:, 0], before[:, 0]), 200, 1)
    assert np.isclose(drawn, np.log(top[0, 0] / bottom[0, 0]), rtol=1e-12).any()


def test_the_word_cause_is_never_said(simulated) -> None:
    assert "caus" not in str(hs.stifling(simulated, permutations=49)).lower()


# fails


def test_share_by_person_and_over_windows(simulated) -> None:
    found = hs.reciprocity_fails(simulated)
    low, high = found.interval
    assert low < found.share < high
    people = found.by_person()
    assert people["opened"].sum() == people["got"].sum()
    assert people["unreturned"].sum() == people["left_alone"].sum()
    assert people["unreturned"].sum() / people["opened"].sum() == pytest.approx(found.share)
    shares = found.sensitivity().tidy()["unreturned"]
    assert shares.is_monotonic_decreasing


def test_only_deep_ones_are_looked_at_and_all_count(simulated) -> None:
    found = hs.reciprocity_fails(simulated, of="disclosures", depth_at_least=3.0)
    assert (found.tidy()["depth"] >= 3).all()
    study = found.stifling(permutations=0).study
    assert study.left_out()["not so deep"] == int((~found.source.able).sum())
    assert study.at.before.sum() > len(study.at.before)
    assert "disclosures of depth 3 or more" in str(found)


# refusals


def test_what_cannot_be_asked_is_refused_with_the_reason(simulated) -> None:
    plain = log_of(acts(0))
    with pytest.raises(DesignError, match="has no depth"):
        hs.reciprocity_fails(plain, of="disclosures")
    with pytest.raises(DesignError, match="has no depth"):
        hs.stifling(plain, depth_at_least=1)
    with pytest.raises(DesignError, match=r"has 28 days before it and 1 day \+ 28 days after it"):
        hs.stifling(plain.window(0, 40 * DAY))
    with pytest.raises(ArgumentError, match=r"of is 'opening'; .* Did you mean 'openings'"):
        hs.stifling(plain, of="opening")
    with pytest.raises(ArgumentError, match="permutations is 5"):
        hs.stifling(plain, permutations=5)
    with pytest.raises(ArgumentError, match="depth_at_least is 'deep'"):
        hs.stifling(simulated, depth_at_least="deep")
    with pytest.raises(ArgumentError, match="takes a log or a study; got list"):
        hs.reciprocity_fails([])
    with pytest.raises(ArgumentError, match="bins is 2; it must be a whole number from 3"):
        hs.stifling(simulated, permutations=0).half_life(2)
    with pytest.raises(ArgumentError, match="windows is '1D'"):
        hs.reciprocity_fails(plain).sensitivity("1D")
    with pytest.raises(UnknownNameError, match="Did you mean 'stifle_ratio_ego'"):
        plain.dyads(metrics=["stifle_ratio"])


def test_pairs_without_both_kinds_cannot_be_compared() -> None:
    rows = [("a", "b", day * DAY) for day in range(0, 90, 9)]
    with pytest.raises(DesignError, match="nothing can be compared within pairs"):
        hs.stifling(log_of(rows), horizon="7D")


def test_waves_and_logs_without_time_are_refused() -> None:
    frame = pd.DataFrame([("a", "b", 1), ("b", "a", 2)], columns=["sender", "receiver", "wave"])
    with pytest.raises(DesignError, match="counts in waves"):
        hs.reciprocity_fails(hs.read_log(frame))
    with pytest.raises(DesignError, match="has no time"):
        hs.stifling(hs.read_log(frame[["sender", "receiver"]]))


def test_openings_are_counted_alike_by_time_and_by_rank() -> None:
    rng = np.random.default_rng(0)
    group, time = rng.integers(0, 6, 80), rng.integers(0, 50, 80)
    at, low = rng.integers(0, 6, 40), rng.integers(-9, 60, 40)
    high = low + rng.integers(-2, 30, 40)
    expected = [
        int(((group == g) & (time > a) & (time <= b)).sum()) for g, a, b in zip(at, low, high, strict=True)
    ]
    open_ends = [
        int(((group == g) & (time > a) & (time < b)).sum()) for g, a, b in zip(at, low, high, strict=True)
    ]
    for unit in (1, 10**15):
        counter = Counter(group * unit, time * 10**4)
        found = (at * unit, low * 10**4, high * 10**4)
        assert counter.within(*found).tolist() == expected
        assert counter.within(*found, inclusive=False).tolist() == open_ends


# what the pages say


@pytest.fixture(scope="module")
def calibration() -> ModuleType:
    return benchmark("stifling_calibration")


def benchmark(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PROJECT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@needs_shared
def test_the_page_says_what_the_logs_say() -> None:
    page = (PROJECT / "docs" / "reciprocity_fails.md").read_text(encoding="utf-8")
    assert benchmark("stifling_logs").table(shared_path("datasets")) in page


def spare(share: float, studies: int) -> float:
    """Two Monte-Carlo errors."""
    return 2 * float(np.sqrt(share * (1 - share) / studies))


def test_the_numbers_of_the_page_are_the_stored_run(calibration) -> None:
    page = (PROJECT / "docs" / "stifling.md").read_text(encoding="utf-8")
    assert page == calibration.into_page(page, STORED)
    assert STORED["truth"] == calibration.TRUTH
    designs = {one.name: one for one in calibration.DESIGNS}
    names = [one["name"] for one in CELLS]
    assert names == [name for name in designs if name in names]
    for one in CELLS:
        assert {key: one[key] for key in designs[one["name"]].stated} == designs[one["name"]].stated
        assert one["studies"] >= 1000


@pytest.mark.parametrize("one", EFFECTS, ids=lambda one: one["name"])
def test_what_is_true_is_known_well(one, calibration) -> None:
    assert one["true_log_ratio_error"] < min(calibration.RATIO_ERROR, 0.04 * one["sd_log_ratio"])
    assert one["true_life_error"] < calibration.LIFE_ERROR * one["true_life"]
    assert one["one_log_ratio"] < one["true_log_ratio"]
    assert one["true_life"] < one["one_life"]


@pytest.mark.parametrize("one", EFFECTS, ids=lambda one: one["name"])
def test_intervals_cover_the_ratio_and_the_half_life(one) -> None:
    """93 to 97 % within two Monte-Carlo errors; under bursts half-lives against the other's."""
    # bursts alone push the ratio above 1, which is what the other's is for
    alone = [cell for cell in NOTHING if "bursts" in cell["options"] and cell["horizon"] == 28]
    pushed = max(cell["mean_log_ratio"] for cell in alone) if "bursts" in one["options"] else 0.0
    assert abs(one["mean_log_ratio"] - one["true_log_ratio"]) < 0.01 + pushed
    names = ["covers", "versus_covers", "versus_life_covers"]
    for name in [*names, *([] if "bursts" in one["options"] else ["life_covers"])]:
        assert 0.93 - spare(0.93, one["studies"]) <= one[name] <= 0.97 + spare(0.97, one["studies"]), name
    assert one["claims"] > 0.5 or one["people"] < 60


@pytest.mark.parametrize("one", HALVES, ids=lambda one: one["name"])
def test_intervals_cover_the_ratio_of_the_ratios_of_two_halves(one) -> None:
    assert abs(one["mean_between"] - one["true_between"]) < 0.2 * one["sd_between"]
    low, high = 0.93 - spare(0.93, one["studies"]), 0.97 + spare(0.97, one["studies"])
    assert low <= one["between_covers"] <= high
    assert one["true_between_error"] < 0.003
    if one["true_between"] == 0:
        assert 0.04 - spare(0.04, one["studies"]) <= one["between_rejects"] <= 0.065


@pytest.mark.parametrize("one", NOTHING, ids=lambda one: one["name"])
def test_nothing_is_claimed_of_slow_people_or_of_bursts(one) -> None:
    assert one["claims"] <= 0.005
    assert abs(one["shuffled_mean"]) < 0.001
    assert abs(one["versus_mean"]) < 0.01
    assert one["versus_rejects"] <= 0.065
    if one["horizon"] == 28:
        assert 0.04 - spare(0.04, one["studies"]) <= one["shuffled_rejects"] <= 0.065
        assert one["rejects"] <= 0.065


def test_simpler_ratios_are_off() -> None:
    for one in NOTHING:
        assert one["undivided"] < -0.04
        assert one["opened_again"] < -0.03
        if "bursts" not in one["options"]:
            assert abs(one["mean_log_ratio"]) < 0.01
        elif one["horizon"] == 28:
            assert abs(one["mean_log_ratio"]) < 0.02


def test_studies_of_the_run_come_out_again(calibration) -> None:
    """Eight of them, and what is true of them."""
    stored = EFFECTS[0]
    design = calibration.DESIGNS[stored["seed"][1]]
    rows = [calibration.one_study(design, one, 1) for one in calibration.looked(design, 7, 8)]
    found = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    again = calibration.told(stored["true_log_ratio"], found)
    far = 4 * stored["sd_log_ratio"] / np.sqrt(8)
    assert abs(again["mean_log_ratio"] - stored["mean_log_ratio"]) < far
    assert 0.7 < again["error"] / stored["error"] < 1.4


def test_studies_side_by_side_are_studies(calibration) -> None:
    """Of those drawn side by side, people of one study deal with people of that study."""
    design = calibration.DESIGNS[5]
    some = list(calibration.looked(design, 3, 3))
    assert len(some) == 3
    for place, one in enumerate(some):
        people = np.concatenate([one.opener, one.other])
        assert set(people // design.people) == {place}
        assert one.strata.people <= design.people
        assert len(one.bins[0]) == len(one.at.time)

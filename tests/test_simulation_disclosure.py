"""Simulated disclosure: what happens follows the stated process, and what is written is what was drawn."""

from __future__ import annotations

import json
import re
import textwrap
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

import honestsignals as hs
from honestsignals.conversing import DAY, draw_ties, draw_turns
from honestsignals.disclosing import Disclosure, Moderation, stated
from honestsignals.drawing_disclosure import DisclosureActs, draw_disclosure
from honestsignals.errors import ArgumentError, OutputError
from honestsignals.simulating_disclosure import simulate_disclosure
from honestsignals.stifle_truth import whole_stifling
from honestsignals.study_folder import open_study
from tests.shared import PROJECT

MICRO = 1_000_000
ALIKE = {"activity_sd": 0.0, "tie_sd": 0.0, "slow_sd": 0.0}
FLAT = {"level_sd": 0.0, "pair_sd": 0.0}


@pytest.fixture(scope="module")
def study_of_30() -> hs.DisclosureSimulation:
    return simulate_disclosure(seed=1, people=30, days=200)


def turns_of(acts: DisclosureActs) -> pd.DataFrame:
    """A row a turn of disclosures: depth, place k in its pair, and the depths of the two turns before."""
    frame = pd.DataFrame({"by": acts.sender, "to": acts.receiver, "time": acts.time, "depth": acts.depth})
    frame = frame.dropna()
    frame["pair"] = frame[["by", "to"]].min(axis=1) * acts.people + frame[["by", "to"]].max(axis=1)
    frame = frame.sort_values(["pair", "time"])
    fresh = (frame["pair"] != frame["pair"].shift()) | (frame["by"] != frame["by"].shift())
    turns = frame[fresh].copy()
    grouped = turns.groupby("pair")["depth"]
    turns["k"] = grouped.cumcount() + 1
    turns["alter"], turns["own"] = grouped.shift(1), grouped.shift(2)
    return turns


def slopes(y: np.ndarray, *columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of a regression with intercept, and classical standard errors."""
    x = np.column_stack([np.ones(len(y)), *columns])
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    variance = ((y - x @ beta) ** 2).sum() / (len(y) - x.shape[1])
    return beta[1:], np.sqrt(variance * np.diag(inverse))[1:]


# openings


def test_people_open_at_the_stated_rate() -> None:
    options = Disclosure(stifle=1, weekly=0.7, contact=0.3)
    counts = [
        int(draw_disclosure(seed=seed, people=50, disclosure=options).opens.sum()) for seed in range(30)
    ]
    pairs = round(0.3 * 50 * 49 / 2)
    expected = pairs * 2 * 0.7 * 365 / 7
    assert abs(np.mean(counts) / expected - 1) < 3.5 * np.std(counts) / expected / np.sqrt(30)
    assert np.std(counts) / expected / np.sqrt(30) < 0.03


def test_the_stated_share_of_openings_is_left_alone() -> None:
    acts = draw_disclosure(seed=1, people=100, disclosure=Disclosure(fail_rate=0.35, late=0.4, stifle=0.8))
    grouped = pd.Series(acts.time).groupby(acts.conversation)
    first, second = grouped.nth(0).to_numpy(), grouped.nth(1)
    # acts stand in order of time, so first acts are in order of conversations
    wait = second.to_numpy() - first[acts.conversation[second.index]]
    n, window = len(first), DAY * MICRO
    assert abs((wait <= window).sum() / n - 0.65) < 3.5 * np.sqrt(0.65 * 0.35 / n)
    # the last late ones fall beyond the end
    assert abs((wait > window).sum() / n - 0.35 * 0.4) < 3.5 * np.sqrt(0.14 * 0.86 / n) + 0.001


def test_two_of_a_conversation_take_turns_within_the_window() -> None:
    acts = draw_disclosure(seed=2, people=40, disclosure=Disclosure(window_days=0.5, carries_on=0.6))
    frame = pd.DataFrame({"c": acts.conversation, "time": acts.time, "by": acts.sender, "to": acts.receiver})
    frame = frame.sort_values(["c", "time"])
    inside = frame["c"] == frame["c"].shift()
    assert (frame["by"] == frame["to"].shift())[inside].all()
    gap = frame["time"].diff()[inside]
    assert gap.min() >= MICRO
    assert gap.max() <= 0.5 * DAY * MICRO + 2 * MICRO
    assert frame.groupby("c").size().between(3, 8).mean() > 0.3
    assert np.array_equal(np.flatnonzero(~inside.sort_index()), np.flatnonzero(acts.opens))


def test_no_two_acts_of_a_pair_are_at_one_time() -> None:
    acts = draw_disclosure(seed=3, people=8, days=30, disclosure=Disclosure(contact=1, weekly=300, stifle=1))
    pair = np.minimum(acts.sender, acts.receiver) * 8 + np.maximum(acts.sender, acts.receiver)
    assert len(np.unique(np.stack([pair, acts.time]), axis=1).T) == len(pair) > 50_000
    assert (np.diff(acts.time) >= 0).all()
    assert (acts.time % MICRO == 0).all()


def test_some_are_just_slow_or_fail_more() -> None:
    def spread(**options: float) -> tuple[float, float]:
        acts = draw_disclosure(seed=1, people=60, disclosure=Disclosure(contact=0.5, weekly=2, **options))
        frame = pd.DataFrame(
            {"c": acts.conversation, "time": acts.time, "by": acts.sender, "to": acts.receiver}
        )
        openings = frame[acts.opens].set_index("c")
        answers = frame[~acts.opens].groupby("c")["time"].min()
        openings["wait"] = np.log(answers - openings["time"].loc[answers.index])
        by = openings.groupby("to")["wait"]
        return float(by.mean().std()), float(by.apply(lambda wait: wait.isna().mean()).std())

    (alike, even), (slow, failing) = spread(slow_sd=0), spread(slow_sd=1, fail_sd=1)
    assert slow > 5 * alike
    assert failing > 5 * even


def test_bursts_are_shared_by_the_two_of_a_pair() -> None:
    def correlation(bursts: float) -> float:
        options = Disclosure(stifle=1, contact=0.1, weekly=1, bursts=bursts, burst_factor=6, **ALIKE)
        acts = draw_disclosure(seed=1, people=60, days=700, disclosure=options)
        week = (acts.time - acts.time[0]) // (7 * DAY * MICRO)
        low, high = np.minimum(acts.sender, acts.receiver), np.maximum(acts.sender, acts.receiver)
        table = np.zeros((2, 60 * 60, int(week.max()) + 1))
        np.add.at(table, ((acts.sender == high).astype(int), low * 60 + high, week), acts.opens)
        table = table[:, np.unique(low * 60 + high)]
        return float(np.corrcoef(table.reshape(2, -1))[0, 1])

    assert abs(correlation(0)) < 0.03
    assert correlation(6) > 0.3
    rate = np.mean(
        [
            draw_disclosure(seed=seed, disclosure=Disclosure(stifle=1, bursts=6, **ALIKE)).opens.sum()
            for seed in range(10)
        ]
    )
    # a burst of 10 days six times a year adds three times the rate for 60 days of 365
    assert rate == pytest.approx(354 * 2 * 0.5 * 365 / 7 * (1 + 3 * 60 / 365), rel=0.02)


# what an unreturned opening does


def test_dents_take_openings_away_and_add_none() -> None:
    """Both studies draw what would be opened from one stream, so that one holds the other."""
    usual, dented = (
        draw_disclosure(seed=7, people=40, disclosure=Disclosure(stifle=stifle)) for stifle in (1, 0.5)
    )
    opened, left = (
        set(zip(acts.sender[acts.opens], acts.receiver[acts.opens], acts.time[acts.opens], strict=True))
        for acts in (usual, dented)
    )
    assert left < opened
    assert len(left) < 0.8 * len(opened)


def accepted_of(options: Disclosure, seed: int) -> tuple[float, float]:
    """Openings observed, and the same expected of ρ s^E integrated over time by the definition."""
    rng = np.random.default_rng(seed)
    ties = draw_ties(30, options, rng)
    turns = draw_turns(ties, 200, options, np.full(len(ties.rate), options.stifle), rng)
    total = 0.0
    grid = np.arange(0, 200 * DAY, DAY / 8)
    for pair in range(len(ties.low)):
        mine = turns.pair == pair
        for side in (0, 1):
            of_side = mine & (turns.by_high == side)
            own, others = turns.time[of_side & turns.opens], turns.time[mine & (turns.by_high != side)]
            window = round(options.window_days * DAY)
            after = np.searchsorted(others, own, "right")
            met = np.append(others, 10**12)[after] <= own + window
            since = grid[:, None] - (own[~met] + window)[None, :]
            life = np.inf if options.half_life_days is None else options.half_life_days * DAY
            dent = np.where(since >= 0, 2.0 ** (-np.maximum(since, 0) / life), 0).sum(axis=1)
            total += float((ties.rate[pair + side * len(ties.low)] / 8 * options.stifle**dent).sum())
    return float(turns.opens.sum()), total


@pytest.mark.parametrize("life", [None, 15.0])
def test_the_rate_follows_its_formula(life: float | None) -> None:
    """Openings less the integral of their stated rate, from the log alone, is noise (a martingale)."""
    options = Disclosure(contact=0.3, weekly=2, stifle=0.5, half_life_days=life, fail_rate=0.4, late=0.3)
    observed, expected = np.array([accepted_of(options, seed) for seed in range(6)]).sum(axis=0)
    assert abs(observed - expected) < 3.5 * np.sqrt(expected)
    assert expected > 10_000
    # and the check is sharp: without dents there would be many more
    undented = 0.3 * 435 * 2 * 2 / 7 * 200 * 6
    assert expected < 0.8 * undented


def ratio_of_rates(options: Disclosure, horizon: int, seeds: int) -> tuple[float, float]:
    """Mean ratio of the rates after unreturned and returned openings of some studies, and its error."""
    window, h = options.window_days * DAY * MICRO, horizon * DAY * MICRO
    ratios = []
    for seed in range(seeds):
        acts = draw_disclosure(seed=seed, people=80, disclosure=options)
        arc = acts.sender.astype(np.int64) * 80 + acts.receiver
        back = acts.receiver.astype(np.int64) * 80 + acts.sender
        far = 10**17  # one long line of time, arc after arc
        time_of = acts.time - acts.time.min()
        given = np.sort(arc * far + time_of)
        opened = np.sort((arc * far + time_of)[acts.opens])
        at, behind = (arc * far + time_of)[acts.opens], (back * far + time_of)[acts.opens]
        when = time_of[acts.opens]
        whole = (when > h) & (when + window + h < time_of.max())
        met = np.searchsorted(given, behind + window, "right") > np.searchsorted(given, behind, "right")
        before = np.searchsorted(opened, at, "left") - np.searchsorted(opened, at - h, "left")
        after = np.searchsorted(opened, at + window + h, "right") - np.searchsorted(
            opened, at + window, "right"
        )
        rate = [
            after[whole & (met == one)].sum() / before[whole & (met == one)].sum() for one in (False, True)
        ]
        ratios.append(rate[0] / rate[1])
    return float(np.mean(ratios)), float(np.std(ratios) / np.sqrt(seeds))


def test_without_stifling_the_ratio_of_rates_is_one() -> None:
    ratio, error = ratio_of_rates(Disclosure(stifle=1, contact=0.3, **ALIKE), 28, seeds=10)
    assert abs(ratio - 1) < 3.5 * error
    assert error < 0.01


@pytest.mark.parametrize(("stifle", "life"), [(0.7, 30.0), (0.5, 14.0), (0.7, None)])
def test_the_ratio_of_rates_is_as_stated(stifle: float, life: float | None) -> None:
    """But for failures that follow: they bring it nearer to 1, and seldom happen where people open seldom."""
    options = Disclosure(stifle=stifle, half_life_days=life, contact=0.5, weekly=0.2, **ALIKE)
    ratio, error = ratio_of_rates(options, 28, seeds=14)
    truth = options.stifle_ratio(28)
    assert error < 0.012
    assert truth - 3.5 * error < ratio < truth + 3.5 * error + 0.02


def test_the_stated_ratio_is_the_mean_of_the_multiplier() -> None:
    for stifle, life, horizon in [(0.5, 14.0, 28), (0.9, 100.0, 7), (0.05, 3.0, 60)]:
        integral = quad(lambda u: stifle ** (2 ** (-u / life)), 0, horizon)[0] / horizon  # noqa: B023
        options = Disclosure(stifle=stifle, half_life_days=life)
        assert options.stifle_ratio(horizon) == pytest.approx(integral, rel=1e-9)
    assert Disclosure(stifle=0.4, half_life_days=None).stifle_ratio(28) == pytest.approx(0.4)
    assert Disclosure(stifle=1).stifle_ratio(28) == 1.0
    with pytest.raises(ArgumentError, match="horizon_days is 0; it must lie between"):
        Disclosure().stifle_ratio(0)


def test_all_that_a_failure_does_is_what_it_does_alone_where_no_other_fails() -> None:
    rare = Disclosure(stifle=0.5, fail_rate=0.005, half_life_days=20)
    found = whole_stifling(rare, 20, days=80, studies=1, people=140)
    assert abs(found.ratio - rare.stifle_ratio(20)) < 3.5 * found.ratio_error + 0.003
    assert abs(found.half_life_days - 20) < 3.5 * found.half_life_error + 0.3
    assert found.ratio_error < 0.002
    often = Disclosure(stifle=0.5, fail_rate=0.6, half_life_days=20, weekly=1)
    found = whole_stifling(often, 20, days=80, studies=1, people=140)
    assert found.ratio > often.stifle_ratio(20) + 3.5 * found.ratio_error
    assert found.half_life_days < 20 - 3.5 * found.half_life_error
    assert found.edges_days.tolist() == pytest.approx(np.linspace(0, 20, 8).tolist(), abs=1e-4)
    nothing = whole_stifling(Disclosure(stifle=1), 14, days=40, studies=1, people=40)
    assert nothing.ratio == 1.0
    assert np.isnan(nothing.half_life_days)
    with pytest.raises(ArgumentError, match="days is 40; before and after need 20 days each, and Δ"):
        whole_stifling(rare, 20, days=40)


def test_errors_of_what_is_true_are_how_far_draws_of_it_differ() -> None:
    options = Disclosure(stifle=0.5, half_life_days=10, weekly=1)
    some = [whole_stifling(options, 14, days=60, studies=1, people=60, seed=seed) for seed in range(12)]
    ratio, error, life, spread = np.array([one[:4] for one in some]).T
    assert 0.5 < ratio.std() / np.sqrt((error**2).mean()) < 1.7
    assert 0.5 < life.std() / np.sqrt((spread**2).mean()) < 1.7


# depth


@pytest.mark.parametrize(("matching", "own", "escalation"), [(0.3, 0.2, 0.3), (0.5, -0.2, 0.8), (-0.2, 0, 0)])
@pytest.mark.parametrize("disclosing", [1.0, 0.6])
def test_a_regression_of_turns_finds_what_is_stated(
    matching: float, own: float, escalation: float, disclosing: float
) -> None:
    options = Disclosure(
        matching=matching, own=own, escalation=escalation, disclosing=disclosing, stifle=1, weekly=2, **FLAT
    )
    turns = turns_of(draw_disclosure(seed=1, people=60, disclosure=options))
    slope, error = slopes(turns["depth"].to_numpy(), np.log(turns["k"].to_numpy()))
    # turns of a pair are not independent, which classical errors ignore
    assert abs(slope[0] - escalation) < 4 * error[0] * np.sqrt((1 + 0.7) / (1 - 0.7))
    later = turns.dropna()
    found, errors = slopes(later["depth"], later["alter"], later["own"], np.log(later["k"]))
    assert (np.abs(found[:2] - [matching, own]) < 3.5 * errors[:2]).all()
    assert found[2] == pytest.approx(escalation * (1 - matching - own), abs=0.05)
    assert errors[:2].max() < 0.01


def test_levels_differ_between_people_and_pairs_as_stated() -> None:
    options = Disclosure(
        level=1.5, level_sd=0.6, pair_sd=0.4, escalation=0, matching=0, own=0, weekly=3, stifle=1, contact=0.5
    )
    turns = turns_of(draw_disclosure(seed=1, people=60, days=200, disclosure=options))
    assert turns["depth"].mean() == pytest.approx(1.5, abs=3 * 0.6 / np.sqrt(60))
    arcs = turns.groupby(["by", "to"])["depth"].mean()
    people = arcs.groupby("by").mean()
    assert people.std() == pytest.approx(0.6, rel=0.25)
    assert (arcs - people.loc[arcs.index.get_level_values("by")].to_numpy()).std() == pytest.approx(
        0.4, rel=0.1
    )


def test_depth_comes_in_layers_where_asked_for() -> None:
    options = Disclosure(layers=4, disclosing=0.5)
    acts = draw_disclosure(seed=1, people=30, disclosure=options)
    told = ~np.isnan(acts.depth)
    assert set(acts.depth[told]) == {0.0, 1.0, 2.0, 3.0}
    assert told.mean() == pytest.approx(0.5, abs=0.02)
    assert ((acts.topic >= 0) == told).all()
    whole = draw_disclosure(seed=1, people=30, disclosure=Disclosure(disclosing=0.5))
    np.testing.assert_array_equal(np.clip(np.floor(whole.depth + 0.5), 0, 3), acts.depth)


def test_rating_error_is_added_to_each_act() -> None:
    exact = draw_disclosure(seed=1, people=30, disclosure=Disclosure(stifle=1))
    noted = draw_disclosure(seed=1, people=30, disclosure=Disclosure(stifle=1, rating_sd=0.5))
    error = noted.depth - exact.depth
    assert error.std() == pytest.approx(0.5, rel=0.05)
    assert abs(error.mean()) < 0.02


def test_people_have_favourite_topics() -> None:
    acts = draw_disclosure(seed=1, people=20, days=700, disclosure=Disclosure(topics=5, contact=0.5))
    assert set(acts.topic) == set(range(5))
    counts = pd.crosstab(acts.sender, acts.topic)
    expected = (
        counts.sum(axis=1).to_numpy()[:, None] * counts.sum(axis=0).to_numpy() / counts.to_numpy().sum()
    )
    assert ((counts - expected) ** 2 / expected).to_numpy().sum() > 10 * 19 * 4


# moderators


@pytest.mark.parametrize("escalation", [0.0, 0.4])
def test_a_moderator_of_people_changes_what_is_stated_for_its_second_value(escalation: float) -> None:
    moderation = Moderation(share=0.4, matching=0.25, escalation=escalation)
    options = Disclosure(stifle=1, weekly=2, contact=0.4, **FLAT)
    acts = draw_disclosure(seed=1, people=80, disclosure=options, moderation=moderation)
    second = acts.second_value
    assert second is not None
    assert second.sum() == 32
    turns = turns_of(acts)
    ego, alter, place = second[turns["by"]], second[turns["to"]].astype(float), np.log(turns["k"])
    later = (turns["k"] > 2).to_numpy()
    for value, matching in ((False, 0.3), (True, 0.55)):
        one = ego == value
        slope, _ = slopes(turns["depth"][one], place[one])
        assert slope[0] == pytest.approx(0.3 + escalation * value, abs=0.02)
        one &= later
        # alter's expected depth has alter's slope
        columns = (turns["alter"], turns["own"], place, alter, alter * place)
        found, errors = slopes(turns["depth"][one], *(column[one] for column in columns))
        assert abs(found[0] - matching) < 3.5 * errors[0]
    truth = stated(options, moderation)
    assert truth["interaction"] == {"matching": 0.25, "escalation": escalation, "log_stifle": 0.0}
    assert (truth["by_value"]["a"]["matching"], truth["by_value"]["b"]["matching"]) == (0.3, 0.55)


def test_a_moderator_of_pairs_is_shared_by_the_two() -> None:
    moderation = Moderation(of="pairs", column="kin", values=("no", "yes"), share=0.3, stifle=0.5)
    options = Disclosure(stifle=1, contact=0.3, fail_rate=0.5, weekly=2, half_life_days=None, **ALIKE)
    simulation = simulate_disclosure(seed=1, people=30, disclosure=options, moderation=moderation)
    assert simulation.pairs is not None
    assert simulation.pairs["kin"].sum() == round(0.3 * 435)
    study = simulation.study()
    assert "kin" in study.dyads(metrics=["acts"]).frame
    frame = study.log.dyads(metrics=["opened_ego", "opened_alter"]).frame
    pairs = simulation.pairs.set_index(["source", "target"])["kin"]
    kin = pairs.loc[pd.MultiIndex.from_frame(frame[["ego", "alter"]])].to_numpy()
    opened = (frame["opened_ego"] + frame["opened_alter"]).groupby(kin).mean()
    assert opened[1] < 0.5 * opened[0]
    assert simulation.truth["values"]["by_value"]["yes"]["stifle"] == 0.5
    assert "kin yes against no: matching +0, escalation +0, stifling times 0.5" in str(simulation)


# seeds and speed


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_a_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    made = {}
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        (tmp_path / name).mkdir()
        simulation = simulate_disclosure(seed=seed, people=12, days=60, moderation=Moderation())
        made[name] = bytes_of(simulation.write(tmp_path / name / "study"))
    assert made["one"] == made["two"]
    assert sorted(made["one"]) == ["acts.csv", "people.csv", "study.toml", "truth.json"]
    assert all(made["one"][file] != made["three"][file] for file in made["one"])


def test_each_part_has_a_stream_of_its_own() -> None:
    usual = draw_disclosure(seed=1, people=30)
    deeper = draw_disclosure(seed=1, people=30, disclosure=Disclosure(matching=0.6, noise=0.1, topics=3))
    for part in ("sender", "receiver", "time", "conversation"):
        np.testing.assert_array_equal(getattr(usual, part), getattr(deeper, part))
    assert not np.array_equal(usual.depth, deeper.depth)
    moderated = draw_disclosure(seed=1, people=30, moderation=Moderation())
    np.testing.assert_array_equal(usual.depth, moderated.depth)
    np.testing.assert_array_equal(usual.time, moderated.time)


def test_a_year_of_60_people_is_made_in_a_moment() -> None:
    draw_disclosure(seed=0)
    start = time.process_time()
    for seed in range(5):
        draw_disclosure(seed=seed)
    assert (time.process_time() - start) / 5 < 0.15


# what is written


def test_the_folder_opens_as_what_was_drawn(study_of_30, tmp_path: Path) -> None:
    study = open_study(study_of_30.write(tmp_path / "circle"))
    acts, log = study_of_30.acts, study.log
    assert study.name == "circle"
    assert study.title == "Simulated disclosure: 30 people, 200 days, seed 1"
    assert len(log) == len(study_of_30.log) == len(acts)
    assert not log.left_out
    assert log.people.tolist() == study_of_30.people["id"].tolist()
    assert log.acts.columns["depth"].tolist() == acts["depth"].tolist()
    assert log.acts.values["topic"][log.acts.columns["topic"]].tolist() == acts["topic"].tolist()
    truth = json.loads((tmp_path / "circle" / "truth.json").read_text())
    assert Disclosure(**truth["options"]["disclosure"]) == Disclosure()
    assert truth["values"]["matching"] == 0.3


def test_a_study_has_the_acts_of_the_bare_arrays(study_of_30) -> None:
    bare, acts = draw_disclosure(seed=1, people=30, days=200), study_of_30.log.acts
    np.testing.assert_array_equal(acts.time, bare.time)
    np.testing.assert_array_equal(acts.sender, bare.sender)
    np.testing.assert_allclose(acts.columns["depth"], bare.depth, atol=5.1e-4)
    # openings are those that the registry counts
    frame = study_of_30.log.dyads(metrics=["opened_ego", "opened_alter"]).frame
    assert frame[["opened_ego", "opened_alter"]].to_numpy().sum() == bare.opens.sum()


def test_talk_has_neither_depth_nor_topic(tmp_path: Path) -> None:
    simulation = simulate_disclosure(seed=1, people=12, days=90, disclosure=Disclosure(disclosing=0.5))
    study = open_study(simulation.write(tmp_path / "study"))
    talk = simulation.acts["kind"] == "talk"
    assert talk.mean() == pytest.approx(0.5, abs=0.1)
    assert simulation.acts.loc[talk, ["depth", "topic"]].isna().all(axis=None)
    assert np.isnan(study.log.acts.columns["depth"]).tolist() == talk.tolist()
    assert (study.log.acts.columns["topic"] == -1).tolist() == talk.tolist()


def test_a_folder_that_holds_something_is_left_alone(study_of_30, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="file is there already"):
        study_of_30.write(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_it_says_what_is_true(study_of_30) -> None:
    text = str(study_of_30)
    assert text.startswith("Simulated disclosure, seed 1\n")
    assert "True: matching 0.3 (own previous turn 0.2), escalation 0.3 per unit of ln turn." in text
    assert "multiplies the opener's rate by 0.7, with a half-life of 30 days: one failure, others eq" in text
    lasting = simulate_disclosure(seed=1, people=8, days=60, disclosure=Disclosure(half_life_days=None))
    assert "by 0.7, for good: one failure, others equal, makes it 0.70 of what it was" in str(lasting)


# arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"people": 3}, "people is 3; it must lie between 4 and 2,000"),
        ({"people": 30.5}, "people is 30.5; it must be a whole number"),
        ({"days": 2}, "days is 2; it must lie between 7 and 3,660"),
        ({"seed": None}, "seed is None; it must be a whole number"),
        ({"disclosure": {"matching": 1}}, "disclosure is {'matching': 1}; it must be made by Disclosure(…)"),
        ({"moderation": "culture"}, "moderation is 'culture'; it must be made by Moderation(…)"),
        ({"disclosure": Disclosure(stifle=1.2)}, "disclosure.stifle is 1.2; it must lie between 0.01 and 1"),
        ({"disclosure": Disclosure(fail_rate=float("nan"))}, "disclosure.fail_rate is nan; it must lie"),
        ({"disclosure": Disclosure(weekly="much")}, "disclosure.weekly is 'much'; it must be a number"),
        ({"disclosure": Disclosure(layers=2.5)}, "disclosure.layers is 2.5; it must be a whole number"),
        ({"disclosure": Disclosure(layers=1)}, "disclosure.layers is 1; it must lie between 2 and 100"),
        ({"disclosure": Disclosure(half_life_days=0)}, "disclosure.half_life_days is 0; it must lie"),
        ({"disclosure": Disclosure(matching=None)}, "disclosure.matching is None; it must be a number"),
        (
            {"disclosure": Disclosure(matching=0.8, own=0.3)},
            "matching is 0.8 and own 0.3; own must lie between -1 and 1, and |matching| + own below 1",
        ),
        (
            {"moderation": Moderation(matching=0.6)},
            "matching is 0.9 for b and own 0.2; own must lie between -1 and 1",
        ),
        ({"moderation": Moderation(stifle=2)}, "stifle is 1.4 for b; it must be 1 at most"),
        ({"moderation": Moderation(of="people ")}, "moderation.of"),
        ({"moderation": Moderation(column="a b")}, "moderation.column is 'a b'; it must be a name"),
        ({"moderation": Moderation(column="id")}, "moderation.column is 'id'; it must be a name"),
        ({"moderation": Moderation(values=("a", "a"))}, "moderation.values is ('a', 'a'); it must be two"),
        ({"moderation": Moderation(values="ab")}, "moderation.values is 'ab'; it must be two texts"),
        ({"moderation": Moderation(share=2)}, "moderation.share is 2; it must lie between 0 and 1"),
        (
            {"people": 4, "days": 7, "disclosure": Disclosure(weekly=0.001)},
            "Nobody acted: 4 people, 7 days, contact 0.2 and weekly 0.001 are too little",
        ),
    ],
)
def test_what_no_study_can_be_made_of(options: dict[str, object], message: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(message)):
        simulate_disclosure(**{"seed": 1, **options})


def test_extremes_work() -> None:
    for options in (
        {"fail_rate": 0.0},
        {"fail_rate": 1.0, "stifle": 0.01, "half_life_days": None},
        {"window_days": 0.01, "wait_hours": 10_000.0},
        {"noise": 0.0, "level_sd": 0.0, "pair_sd": 0.0, "layers": 2},
        {"contact": 0.001, "weekly": 50.0},
        {"topics": 1},
        {"bursts": 1_000.0, "burst_days": 0.01},
    ):
        acts = draw_disclosure(seed=1, people=6, days=30, disclosure=Disclosure(**options))
        assert np.isfinite(acts.depth).all()


# the study that comes with the package


def test_confidants_is_made_by_the_command_that_its_readme_states(tmp_path: Path) -> None:
    text = (PROJECT / "data" / "README.md").read_text(encoding="utf-8")
    command = re.search(
        r'^    hs\.simulate_disclosure\(\n.*?\n    \)\.write\("data/confidants"\)$', text, re.M | re.S
    )
    assert command is not None
    made = tmp_path / "confidants"
    exec(textwrap.dedent(command.group()).replace("data/confidants", made.as_posix()), {"hs": hs})
    assert bytes_of(made) == bytes_of(PROJECT / "data" / "confidants")


def test_confidants_is_small_and_has_depth_and_topics() -> None:
    study = open_study(PROJECT / "data" / "confidants")
    assert study.log.has >= {"depth", "topic", "time"}
    assert len(study.log.people) == 32
    assert 3_000 < len(study.log) < 5_000
    assert sum(file.stat().st_size for file in (PROJECT / "data" / "confidants").iterdir()) < 300_000


# what the docs say


def test_the_page_runs_and_its_table_is_so(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "simulated_disclosure.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.S):
        exec(block, names)
    assert names["true"]["by_value"]["b"]["matching"] == pytest.approx(0.6)
    rows = re.findall(r"^\| `(.*?)` \| (.*?) \| (.*?) ± (.*?) \| (.*?) \| (.*?) \|$", page, re.M)
    assert len(rows) == 6
    for options, alone, whole, *_ in rows:
        disclosure = eval(f"hs.Disclosure({options})")
        assert float(alone) == pytest.approx(disclosure.stifle_ratio(28), abs=5.1e-4)
        assert float(alone) < float(whole) < float(alone) + 0.05
    again = whole_stifling(eval(f"hs.Disclosure({rows[2][0]})"), 28, studies=1, people=60)
    assert abs(again.ratio - float(rows[2][2])) < 3.5 * (again.ratio_error + float(rows[2][3]))
    assert abs(again.half_life_days - float(rows[2][5].split(" ")[0])) < 3.5 * again.half_life_error + 0.3
    assert again.ratio_error < 0.01

"""Null models: what each keeps is kept to the act, what it redraws is as likely as it says."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from itertools import combinations, permutations, product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import honestsignals as hs
from honestsignals import standardising
from honestsignals.drawn_nulls import drawn
from honestsignals.inference import nulls, rewiring
from honestsignals.inference.nulls import NULLS, Given, begin, generator
from honestsignals.metrics.acts import DAY, HOUR, SECOND
from honestsignals.redrawing import ground_of, laid_out
from honestsignals.standardising import Measure, Tally
from tests.corpus import corpus, log_of, random_rows
from tests.shared import needs_shared, shared_path

ALPHA = 0.001
"""Seeds are fixed, so a test fails on chance only once, when it is written."""
LEVELS = ("dyad", "person", "network")


def given(arcs: list[tuple[int, int]], people: int) -> Given:
    sender, receiver = np.array(arcs).T
    return Given(people, sender, receiver)


def draw_of(name: str, acts: Given, draw: int, seed: int = 1) -> Any:
    function = NULLS[name].draw
    assert function is not None
    return function(acts, generator(seed, draw))


def some_acts(seed: int, people: int = 7, acts: int = 80) -> Given:
    """Acts of a random log, in an order of their own, times by the hour over thirty days and a bit."""
    rng = np.random.default_rng(seed)
    sender = rng.integers(0, people, acts)
    receiver = (sender + rng.integers(1, people, acts)) % people
    time = rng.integers(0, 30 * 24 + 7, acts) * HOUR + rng.integers(0, 3600, acts) * SECOND
    return Given(people, sender, receiver, time, 0, DAY, 31)


def even(counts: list[int]) -> float:
    """p value that all were as likely."""
    return float(stats.chisquare(counts).pvalue)


# what is kept


@pytest.mark.parametrize("name", list(NULLS))
@pytest.mark.parametrize("seed", range(3))
def test_what_a_null_model_keeps_is_kept_in_every_draw(name: str, seed: int) -> None:
    acts = some_acts(seed)
    start = begin(NULLS[name], acts, seed)
    for draw in range(1, 6):
        sender, receiver, time = draw_of(name, start, draw, seed)
        assert (sender != receiver).all()
        if name in ("binomial", "activity"):
            both = zip(sender.tolist(), receiver.tolist(), strict=True)
            was = zip(acts.sender.tolist(), acts.receiver.tolist(), strict=True)
            assert [{*one} for one in both] == [{*one} for one in was]
            assert time is acts.time
        elif name == "time shift":
            assert (sender == acts.sender).all()
            assert (receiver == acts.receiver).all()
            assert acts.time is not None
            assert (time % DAY == acts.time % DAY).all()
            lower = acts.sender < acts.receiver
            assert (time[lower] == acts.time[lower]).all()
            assert time.min() >= 0
            assert time.max() < 31 * DAY
        elif name == "strength":
            assert (sender == acts.sender).all()
            assert Counter(receiver.tolist()) == Counter(acts.receiver.tolist())
        else:
            was, now = (
                {*zip(a.tolist(), b.tolist(), strict=True)}
                for a, b in ((acts.sender, acts.receiver), (sender, receiver))
            )
            assert len(was) == len(now)
            for side in (0, 1):
                assert Counter(arc[side] for arc in was) == Counter(arc[side] for arc in now)
            assert bundles(acts.sender, acts.receiver) == bundles(sender, receiver)


def bundles(sender: np.ndarray, receiver: np.ndarray) -> dict[int, list[int]]:
    """Sizes of what each giver gave to each of their receivers."""
    size = Counter(zip(sender.tolist(), receiver.tolist(), strict=True))
    return {one: sorted(n for arc, n in size.items() if arc[0] == one) for one in range(7)}


@pytest.mark.parametrize("name", list(NULLS))
def test_draws_differ_from_the_log_and_from_each_other(name: str) -> None:
    acts = some_acts(1)
    made = [np.concatenate(draw_of(name, acts, draw)) for draw in range(4)]
    assert all((one != other).any() for one, other in combinations(made, 2))


# small cases against all there is


def test_every_orientation_of_a_pair_is_as_likely() -> None:
    acts = given([(0, 1), (1, 0), (0, 1), (0, 1)], 2)
    found = Counter(tuple(draw_of("binomial", acts, draw)[0].tolist()) for draw in range(3200))
    assert {*found} == {*product((0, 1), repeat=4)}
    assert even(list(found.values())) > ALPHA


def test_activity_draws_by_what_the_two_give_and_get_elsewhere() -> None:
    acts = some_acts(2, people=5, acts=40)
    low, high = np.minimum(acts.sender, acts.receiver), np.maximum(acts.sender, acts.receiver)
    rows = list(zip(acts.sender.tolist(), acts.receiver.tolist(), strict=True))
    share = np.mean([draw_of("activity", acts, draw)[0] == low for draw in range(800)], axis=0)
    for place, (i, j) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        elsewhere = [row for row in rows if {*row} != {i, j}]
        out = {one: sum(row[0] == one for row in elsewhere) for one in (i, j)}
        got = {one: sum(row[1] == one for row in elsewhere) for one in (i, j)}
        chance = out[i] * got[j] / (out[i] * got[j] + out[j] * got[i])
        assert abs(share[place] - chance) < 4.5 * math.sqrt(chance * (1 - chance) / 800) + 1e-12


def test_a_pair_of_whom_nothing_is_known_elsewhere_keeps_its_acts() -> None:
    log = log_of([("a", "b", 0), ("a", "b", 9), ("c", "d", 3), ("d", "e", 4), ("e", "c", 5), ("c", "e", 6)])
    found = hs.standardise(log, "acts_ego", null="activity", draws=19, seed=1)
    assert "1 pairs keep their acts: what they gave and got elsewhere does not tell." in found.facts()
    row = found.frame[found.frame["ego"] == "a"].iloc[0]
    assert (row["observed"], row["expected"], row["sd"]) == (2, 2, 0)
    assert row["reason"] == "every draw has the same value"
    assert math.isnan(row["z"])
    assert row["p_low"] == row["p_high"] == 1


def test_every_shift_is_as_likely_and_goes_round() -> None:
    time = np.array([0, 3, 4, 1])
    acts = Given(2, np.array([0, 1, 1, 0]), np.array([1, 0, 0, 1]), time, 0, 1, 5)
    found = Counter(tuple(draw_of("time shift", acts, draw)[2].tolist()) for draw in range(2000))
    assert {*found} == {(0, (3 + k) % 5, (4 + k) % 5, 1) for k in range(5)}
    assert even(list(found.values())) > ALPHA


def digraphs(arcs: list[tuple[int, int]], people: int) -> list[frozenset[tuple[int, int]]]:
    """All graphs with everybody's numbers of arcs out and in."""
    cells = list(permutations(range(people), 2))
    numbers = [Counter(arc[side] for arc in arcs) for side in (0, 1)]
    return [
        frozenset(some)
        for some in combinations(cells, len(arcs))
        if [Counter(arc[side] for arc in some) for side in (0, 1)] == numbers
    ]


GRAPHS = {
    "a ring of three": ([(0, 1), (1, 2), (2, 0)], 3, 2),
    "a ring and an arc": ([(0, 1), (1, 2), (2, 0), (0, 3)], 4, 4),
    "five arcs": ([(0, 1), (0, 2), (1, 2), (2, 3), (3, 0)], 4, 7),
    "two exchanges": ([(0, 1), (1, 0), (2, 3), (3, 2)], 4, 9),
}


@pytest.mark.parametrize("case", list(GRAPHS))
def test_every_graph_with_these_degrees_is_as_likely(case: str) -> None:
    arcs, people, number = GRAPHS[case]
    possible = digraphs(arcs, people)
    assert len(possible) == number
    acts, found = given(arcs, people), Counter()
    for draw in range(30 * number):
        sender, receiver, _ = draw_of("degree", acts, draw)
        found[frozenset(zip(sender.tolist(), receiver.tolist(), strict=True))] += 1
    assert {*found} == {*possible}
    assert even([found[one] for one in possible]) > ALPHA


def test_a_giver_deals_bundles_to_any_of_their_receivers() -> None:
    # nobody else gives, so the graph stays, and only who gets the two acts is drawn
    acts = given([(0, 1), (0, 1), (0, 2), (0, 3)], 4)
    found = Counter(int(draw_of("degree", acts, draw)[1][0]) for draw in range(300))
    assert {*found} == {1, 2, 3}
    assert even(list(found.values())) > ALPHA


def test_every_way_to_hand_out_acts_is_as_likely() -> None:
    arcs = [(0, 1), (0, 2), (1, 2), (2, 0), (1, 0)]
    possible = {
        way
        for way in permutations([receiver for _, receiver in arcs])
        if all(one != sender for one, (sender, _) in zip(way, arcs, strict=True))
    }
    acts = given(arcs, 3)
    found = Counter(tuple(draw_of("strength", acts, draw)[1].tolist()) for draw in range(100 * len(possible)))
    assert {*found} == possible
    assert even(list(found.values())) > ALPHA


def test_a_draw_is_as_likely_as_the_way_back(monkeypatch: pytest.MonkeyPatch) -> None:
    # what makes p values hold at any number of rounds; with one round the chain is far from mixed
    monkeypatch.setattr(nulls, "ROUNDS", 1)
    monkeypatch.setattr(rewiring, "FEW", 0)
    arcs, people, number = GRAPHS["five arcs"]
    possible = digraphs(arcs, people)
    moves = np.zeros((number, number))
    for row, graph in enumerate(possible):
        acts = given(sorted(graph), people)
        for draw in range(300):
            sender, receiver, _ = draw_of("degree", acts, 300 * row + draw)
            moves[row, possible.index(frozenset(zip(sender.tolist(), receiver.tolist(), strict=True)))] += 1
    assert even(moves[0].tolist()) < ALPHA
    above = np.triu_indices(number, 1)
    forth, back = moves[above], moves.T[above]
    some = forth + back > 0
    symmetry = float(((forth - back)[some] ** 2 / (forth + back)[some]).sum())
    assert stats.chi2.sf(symmetry, int(some.sum())) > ALPHA


# against what is known exactly


def test_the_binomial_null_has_the_exact_expectation_and_p() -> None:
    counts, draws = [(9, 1), (5, 5), (7, 0), (1, 2), (12, 30)], 2000
    rows = []
    for place, (forth, back) in enumerate(counts):
        rows += [(f"a{place}", f"b{place}", 0)] * forth + [(f"b{place}", f"a{place}", 0)] * back
    frame = hs.standardise(log_of(rows), ["imbalance", "give_share"], draws=draws, seed=5).frame
    for metric, part in frame.groupby("metric"):
        for row, (forth, back) in zip(part.itertuples(), counts, strict=True):
            n = forth + back
            chance = np.array([math.comb(n, x) for x in range(n + 1)]) / 2.0**n
            x = np.arange(n + 1)
            values = np.abs(2 * x - n) / n if metric == "imbalance" else x / n
            mean = float(chance @ values)
            sd = math.sqrt(float(chance @ (values - mean) ** 2))
            assert abs(row.expected - mean) < 4 * sd / math.sqrt(draws)
            assert abs(row.sd / sd - 1) < 0.1
            for found, tail in (
                (row.p_low, values <= row.observed + 1e-12),
                (row.p_high, values >= row.observed - 1e-12),
            ):
                p = float(chance @ tail)
                assert abs(found - p) < 4 * math.sqrt(p * (1 - p) / draws) + 1 / draws
            assert row.z == pytest.approx((row.observed - row.expected) / row.sd)


@needs_shared
def test_eies_has_the_expected_imbalance_that_was_computed_exactly() -> None:
    # means over 266 pairs of exact expectations: .2025 for chance 1/2, .391 given what each does elsewhere
    log = hs.open_study(shared_path("datasets", "eies")).log
    for name, expected in (("binomial", 0.2025), ("activity", 0.391)):
        frame = hs.standardise(log, "imbalance", null=name, draws=200, seed=1).frame
        assert len(frame) == 266
        assert frame["observed"].mean() == pytest.approx(0.516, abs=5e-4)
        error = math.sqrt((frame["sd"] ** 2).sum() / 200) / 266
        assert abs(frame["expected"].mean() - expected) < 4 * error + 5e-4


def test_handing_out_acts_anew_is_near_what_independent_counts_would_be() -> None:
    # loosely: here strengths are kept to the act, there on average. Counts of single acts are nearly
    # Poisson; those of the weighted configuration model are geometric, spread more and return less
    log = log_of(random_rows(3, people=12, acts=600))
    names = ["reciprocity_weighted", "reciprocity_weighted_expected_wcm"]
    frame = hs.standardise(log, names[0], null="strength", level="network", draws=60, seed=1).frame
    columns = log.columns()
    wcm = Measure.of_log(columns, "network", [names[1]], standardising.Settings())(columns)[names[1]]
    weight = np.zeros((12, 12))
    np.add.at(weight, (columns.sender, columns.receiver), 1)
    mean = 1 - np.eye(12)
    for _ in range(500):
        mean *= (weight.sum(axis=1) / mean.sum(axis=1))[:, None]
        mean *= weight.sum(axis=0) / mean.sum(axis=0)
    beyond = stats.poisson.sf(np.arange(60)[:, None, None], mean)
    # the mean of the smaller of two is the sum of the chances that both are beyond 0, 1, 2 …
    returned = (beyond * beyond.transpose(0, 2, 1)).sum() / weight.sum()
    assert abs(frame["expected"][0] - returned) < 0.03
    assert wcm[0] < frame["expected"][0] - 0.1


def independent(seed: int, pairs: int = 400, days: int = 30) -> hs.InteractionLog:
    """Pairs whose two act in bursts, each on days of their own, both by daylight alone."""
    rng = np.random.default_rng(seed)
    rows = []
    for place in range(pairs):
        for one, other in ((f"a{place}", f"b{place}"), (f"b{place}", f"a{place}")):
            for day in rng.integers(0, days, 5):
                moment = 9 * 3600 + rng.integers(0, 4 * 3600)
                for late in np.cumsum(rng.integers(60, 1800, rng.integers(1, 4))):
                    rows.append((one, other, int(day * 86_400 + moment + late)))
    frame = pd.DataFrame(rows, columns=["sender", "receiver", "time"])
    return hs.read_log(frame, time_unit="s").window(0, days * 86_400)


def random_p(frame: pd.DataFrame, draws: int) -> np.ndarray:
    """p values with ties broken at random: uniform where what was observed is one more draw."""
    rng = np.random.default_rng(0)
    low, high = (frame[name] * (1 + draws) - 1 for name in ("p_low", "p_high"))
    return np.asarray(((draws - low) + rng.random(len(frame)) * (1 + low + high - draws)) / (1 + draws))


def test_shifts_by_whole_days_hold_their_size_and_others_do_not() -> None:
    log = independent(4)
    whole = hs.standardise(log, "alternation", null="time shift", draws=99, seed=2)
    assert "Shifts are whole multiples of 1 days, 30 different ones." in whole.facts()
    p = random_p(whole.frame, 99)
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert abs((p <= 0.05).mean() - 0.05) < 3 * math.sqrt(0.05 * 0.95 / 400)
    # the two meet by daylight: shifts into the night take that for an answer to one another
    free = hs.standardise(log, "alternation", null="time shift", draws=99, seed=2, spans={"shift": "1s"})
    assert stats.kstest(random_p(free.frame, 99), "uniform").pvalue < 0.05


# as users see it


@pytest.mark.parametrize("name", list(NULLS))
def test_a_table_is_what_the_drawn_logs_say(name: str) -> None:
    log, draws, metric = log_of(random_rows(2, people=5, acts=70)), 19, "returned_share"
    metric = "reply_rate" if name == "time shift" else metric
    found = hs.standardise(log, metric, null=name, draws=draws, seed=3).frame
    base, acts = laid_out(ground_of(log, NULLS[name], "dyad"), NULLS[name])
    start = begin(NULLS[name], acts, 3)
    values = []
    for draw in range(1, draws + 1):
        made = drawn(base, start, NULLS[name], generator(3, draw))
        parts = {"sender": log.people[made.sender], "receiver": log.people[made.receiver]}
        frame = pd.DataFrame({**parts, "time": made.time // SECOND})
        late = made.end // SECOND + 1
        read = hs.read_log(frame, time_unit="s").window(made.start // SECOND, int(late))
        table = read.dyads(metrics=[metric], pairs="all").frame.set_index(["ego", "alter"])[metric]
        values.append(
            [
                table.get((one, other), math.nan)
                for one, other in zip(found["ego"], found["alter"], strict=True)
            ]
        )
    drawn_values = np.array(values)
    for row, column in zip(found.itertuples(), drawn_values.T, strict=True):
        known = column[~np.isnan(column)]
        assert row.defined_draws == len(known)
        assert row.expected == pytest.approx(known.mean(), rel=1e-12)
        assert row.sd == pytest.approx(known.std(ddof=1), rel=1e-9, abs=1e-12)
        if not math.isnan(row.observed):
            assert row.p_low == pytest.approx((1 + (known <= row.observed + 1e-9).sum()) / (1 + len(known)))
            assert row.p_high == pytest.approx((1 + (known >= row.observed - 1e-9).sum()) / (1 + len(known)))


@pytest.mark.parametrize("name", [one for one in NULLS if one != "time shift"])
def test_what_was_observed_is_what_the_log_has(name: str) -> None:
    log = corpus()[-1]
    found = hs.standardise(log, "balance", null=name, draws=19, seed=3).frame
    table = log.dyads(pairs="in contact").frame.set_index(["ego", "alter"])
    for metric, part in found.groupby("metric"):
        if metric in table.columns:
            np.testing.assert_array_equal(
                part["observed"], table[metric].loc[list(zip(part["ego"], part["alter"], strict=True))]
            )


@pytest.mark.parametrize("name", list(NULLS))
def test_the_same_seed_gives_the_same_bits_in_any_order_of_rows(name: str) -> None:
    rows = random_rows(5, people=6, acts=60)
    frame = pd.DataFrame(rows, columns=["sender", "receiver", "time"])
    frame["weight"] = np.random.default_rng(0).choice([0.1, 0.2, 0.3, 1e6], len(frame))
    frame["kind"] = np.random.default_rng(1).choice(["help", "advice"], len(frame))
    metric = {"time shift": ["reply_rate", "alternation"]}.get(name, ["returned_share__weight", "imbalance"])
    made = []
    for order in (np.arange(len(frame)), np.random.default_rng(2).permutation(len(frame))):
        log = hs.read_log(frame.iloc[order].reset_index(drop=True), time_unit="s")
        made.append(hs.standardise(log, metric, null=name, draws=25, seed=11).frame)
    pd.testing.assert_frame_equal(*made, check_exact=True)
    other = hs.standardise(log, metric, null=name, draws=25, seed=12).frame
    assert not other["expected"].equals(made[0]["expected"])


def test_names_of_people_change_chance_alone() -> None:
    rows = random_rows(5, people=5, acts=60)
    again = [
        ("z" + one, other, when) if False else (one[::-1], other[::-1], when) for one, other, when in rows
    ]
    frames = [
        hs.standardise(log_of(some), "imbalance", draws=600, seed=seed).frame
        for some, seed in ((rows, 1), (again, 2))
    ]
    turned = frames[1].assign(ego=frames[1]["ego"].str[::-1], alter=frames[1]["alter"].str[::-1])
    keyed = [
        frame.assign(
            pair=[frozenset(two) for two in zip(frame["ego"], frame["alter"], strict=True)]
        ).set_index("pair")
        for frame in (frames[0], turned)
    ]
    other = keyed[1].loc[keyed[0].index]
    assert (keyed[0]["observed"] == other["observed"]).all()
    assert (
        np.abs(keyed[0]["expected"] - other["expected"]) < 4 * keyed[0]["sd"] * math.sqrt(2 / 600) + 1e-9
    ).all()


def test_a_count_is_as_many_acts() -> None:
    counted = pd.DataFrame({"sender": list("abca"), "receiver": list("bacc"), "count": [6, 2, 3, 1]})
    counted = counted[counted["sender"] != counted["receiver"]]
    single = counted.loc[counted.index.repeat(counted["count"])].drop(columns="count").reset_index(drop=True)
    one, two = (
        hs.standardise(hs.read_log(some), "imbalance", draws=30, seed=1).frame for some in (counted, single)
    )
    pd.testing.assert_frame_equal(one, two)


def test_shifts_are_told_with_the_window_that_they_need() -> None:
    rows = [("a", "b", 3600 * hour) for hour in (0, 7, 30, 60)] + [
        ("b", "a", 3600 * hour) for hour in (1, 8, 61)
    ]
    found = hs.standardise(log_of(rows), "reply_rate", null="time shift", draws=19, seed=1)
    facts = "\n".join(found.facts())
    assert "Shifts are whole multiples of 1 days, 3 different ones." in facts
    assert "The log counts as observed for 11.0 h more than it was" in facts
    fine = hs.standardise(
        log_of(rows), "reply_rate", null="time shift", draws=19, seed=1, spans={"shift": "1h"}
    )
    assert "Shifts are 3600 s each, 62 different ones." in fine.facts()
    brief = hs.standardise(log_of(rows[:2] + rows[4:6]), "reply_rate", null="time shift", draws=19, seed=1)
    assert "Shifts are 1 s each, 28,801 different ones." in brief.facts()
    assert "more than it was" not in "\n".join(brief.facts())
    table = log_of(rows[:2] + rows[4:6]).dyads(metrics=["reply_rate"]).frame
    assert brief.frame["observed"].tolist() == table["reply_rate"].tolist()


def test_waves_are_shifted_by_waves() -> None:
    frame = pd.DataFrame({"sender": list("ababab"), "receiver": list("bababa"), "wave": [1, 1, 2, 3, 4, 4]})
    found = hs.standardise(hs.read_log(frame), "persistence", null="time shift", draws=40, seed=1)
    assert "Shifts are whole waves, of 4." in found.facts()
    # a acted in the waves 1, 2 and 4, b in 1, 3 and 4: one shift of the four leaves wave 3 empty
    row = found.frame[found.frame["metric"] == "persistence"].iloc[0]
    assert row["observed"] == 1
    assert row["expected"] == pytest.approx(15 / 16, abs=4 * math.sqrt(3 / 16) / 4 / math.sqrt(40))
    assert row["p_high"] == (1 + round(40 * (row["expected"] - 0.75) * 4)) / 41


def test_only_acts_that_count_as_giving_are_drawn() -> None:
    log = log_of(random_rows(7, people=5, acts=80))
    helping = replace(log, giving=("help",))
    one = hs.standardise(helping, "imbalance", draws=25, seed=1).frame
    two = hs.standardise(log.only("help"), "imbalance", draws=25, seed=1).frame
    pd.testing.assert_frame_equal(one, two)


# which metrics suit which null model


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", list(NULLS))
def test_what_is_refused_as_kept_never_varies_and_the_rest_can(name: str, level: str) -> None:
    model = NULLS[name]
    log = corpus()[-1]
    if level not in model.levels:
        with pytest.raises(hs.DesignError, match="every metric of the network stays as it was"):
            hs.standardise(log, "all", null=name, level=level)
        return
    base, acts = laid_out(ground_of(log, model, level), model)
    measure = Measure.of_log(base, level, "all", standardising.Settings())
    refused = standardising._refused(measure, model, base.kinds, False)
    kept = [one for one, why in refused.items() if why == "every draw keeps it as it was"]
    measure = measure.only([one for one in measure.names if one in kept or one not in refused])
    observed = measure(base)
    varied = set()
    for draw in range(12):
        for one, values in measure(drawn(base, acts, model, generator(9, draw))).items():
            undefined = np.isnan(values) & np.isnan(observed[one])
            if not (standardising.alike(values, observed[one]) | undefined).all():
                varied.add(one)
    assert not varied & {*kept}
    assert len(varied) > 0.6 * len([one for one in measure.names if one not in kept])


def test_metrics_that_do_not_suit_are_refused_with_those_null_models_that_do() -> None:
    log = corpus()[-1]
    with pytest.raises(hs.DesignError, match=r"'acts' cannot .* 'binomial': every draw keeps it .*'degree'"):
        hs.standardise(log, "acts")
    with pytest.raises(
        hs.DesignError, match=r"'reply_rate' .* no history of a pair.*'binomial', 'activity', 'time shift'\."
    ):
        hs.standardise(log, ["imbalance", "reply_rate"], null="degree")
    with pytest.raises(hs.DesignError, match=r"'dyad_state' .* it is no amount\. No null model suits it"):
        hs.standardise(log, "dyad_state", null="strength")
    with pytest.raises(hs.DesignError, match=r"'density' .*'binomial', 'activity', 'strength'"):
        hs.standardise(log, "density", null="degree", level="network")
    with pytest.raises(hs.DesignError, match=r"'returned_share' .* 'time shift': every draw keeps"):
        hs.standardise(log, "returned_share", null="time shift")
    family = hs.standardise(log, "balance", draws=19, seed=1)
    assert "Left out, as the null model does not suit them: dyad_state" in family.facts()[-1]
    assert "imbalance" in set(family.frame["metric"])


def test_an_amount_of_several_acts_cannot_be_drawn_act_by_act() -> None:
    acts = pd.DataFrame(
        {
            "sender": list("abab"),
            "receiver": list("babc"),
            "count": [3, 1, 2, 1],
            "weight": [9.0, 1.0, 2.0, 5.0],
        }
    )
    log = hs.read_log(acts)
    with pytest.raises(
        hs.DesignError, match=r"one amount for several acts.*Null models that suit it: 'degree'"
    ):
        hs.standardise(log, "returned_share__weight")
    assert len(hs.standardise(log, "imbalance", draws=19, seed=1)) == 2


def test_what_cannot_be_drawn_is_refused() -> None:
    log = corpus()[-1]
    bare = hs.read_log(pd.DataFrame({"sender": ["a", "b"], "receiver": ["b", "a"]}))
    with pytest.raises(hs.ArgumentError, match=r"null is 'binomal'; .* Did you mean 'binomial'"):
        hs.standardise(log, "imbalance", null="binomal")
    with pytest.raises(hs.ArgumentError, match="draws is 5; it must be a whole number from 19 on"):
        hs.standardise(log, "imbalance", draws=5)
    with pytest.raises(hs.ArgumentError, match="seed is -1"):
        hs.standardise(log, "imbalance", seed=-1)
    with pytest.raises(hs.ArgumentError, match=r"takes a log, as study.log is one, .*; got DataFrame"):
        hs.standardise(log.to_frame(), "imbalance")  # type: ignore[arg-type]
    with pytest.raises(hs.DesignError, match="'time shift' needs times, or waves, and this log has none"):
        hs.standardise(bare, "imbalance", null="time shift")
    with pytest.raises(hs.DesignError, match="spans less than two shifts"):
        hs.standardise(log, "reply_rate", null="time shift", spans={"shift": "400D"})
    with pytest.raises(hs.DesignError, match="no acts"):
        hs.standardise(log.window(10**9, 10**9 + 1), "imbalance")
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'imbalance'"):
        hs.standardise(log, "imbalanc")
    threads = pd.DataFrame(
        {"sender": ["a", "b"], "receiver": ["b", "a"], "time": [0, 5], "conversation": ["x", "x"]}
    )
    with pytest.raises(hs.DesignError, match="tear them apart"):
        hs.standardise(hs.read_log(threads, time_unit="s"), "reply_rate", null="time shift")


# what it says


def test_a_tally_is_what_numpy_says_of_all_draws() -> None:
    rng = np.random.default_rng(3)
    observed = np.array([0.5, math.nan, 1e9 + 0.5, 2.0])
    draws = rng.random((40, 4)).round(1) + np.array([0, 0, 1e9, 2])
    draws[rng.random((40, 4)) < 0.2] = math.nan
    draws[:, 3] = 2.0
    tally = Tally({"one": observed})
    for values in draws:
        tally.add({"one": values})
    found = tally.summary("one", "neither acted")
    np.testing.assert_allclose(found["expected"], np.nanmean(draws, axis=0), rtol=1e-12)
    np.testing.assert_allclose(found["sd"], np.nanstd(draws, axis=0, ddof=1), rtol=1e-6)
    assert found["defined_draws"].tolist() == (~np.isnan(draws)).sum(axis=0).tolist()
    number, low = (~np.isnan(draws[:, 0])).sum(), (draws[:, 0] <= 0.5 + 1e-12).sum()
    assert found["p_low"][0] == (1 + low) / (1 + number)
    assert list(found["reason"]) == ["", "observed: neither acted", "", "every draw has the same value"]
    assert np.isnan(found["z"]).tolist() == [False, True, False, True]
    assert np.isnan(found["p_high"]).tolist() == [False, True, False, False]


def test_no_p_is_ever_0() -> None:
    log = log_of([("a", "b", 0)] * 60)
    row = hs.standardise(log, "imbalance", draws=19, seed=1).frame.iloc[0]
    assert (row["p_high"], row["p_low"]) == (1 / 20, 1)


def test_a_table_says_which_null_model_and_how(tmp_path) -> None:
    log, told = corpus()[-1], []
    found = hs.standardise(log, "imbalance", null="degree", draws=100, progress=told.append)
    text = "\n".join(found.facts())
    for part in (
        "Null model 'degree'",
        "Every draw keeps",
        "100 draws, seed",
        "pairs in contact",
        "p values hold",
    ):
        assert part in text
    assert told[-1] == "Draw 100 of 100"
    assert len(told) == 100
    assert text in str(found)
    assert "<table>" in found._repr_html_()
    again = hs.standardise(log, "imbalance", null="degree", draws=100, seed=found.seed)
    pd.testing.assert_frame_equal(found.tidy(), again.frame)
    found.to_csv(tmp_path / "nulls.csv")
    assert len(pd.read_csv(tmp_path / "nulls.csv")) == len(found)
    book = pd.read_csv(tmp_path / "nulls.codebook.csv")
    assert {*found.frame.columns, "imbalance"} == {*book["column"]}


def test_people_and_networks_have_rows_of_their_own() -> None:
    log = corpus()[-1]
    people = hs.standardise(log, "reciprocity_weighted", level="person", draws=19, seed=1).frame
    assert people["person"].tolist() == log.people.tolist()
    network = hs.standardise(
        log, ["mutual_dyads", "reciprocity_weighted"], level="network", draws=19, seed=1
    ).frame
    assert network["metric"].tolist() == ["mutual_dyads", "reciprocity_weighted"]


def test_every_null_model_is_listed_with_its_source() -> None:
    listing = hs.null_models()
    assert listing["name"].tolist() == list(NULLS)
    from honestsignals.references import REFERENCES

    assert set(listing["reference"]) <= set(REFERENCES)
    assert (listing[["title", "keeps", "redraws"]] != "").all(axis=None)

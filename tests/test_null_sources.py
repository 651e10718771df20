"""What null models redraw: within the blocks of a study, the ties of a network, and what was given."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import honestsignals as hs
from honestsignals import drawn_nulls, nulls, standardising
from honestsignals.errors import DesignError
from honestsignals.inference.nulls import NULLS, Given, generator
from honestsignals.inference.rewiring import grouped, shuffled_within
from honestsignals.networks import Network, network_of, network_table
from honestsignals.people import people_of_network
from honestsignals.standardising import Tally
from honestsignals.study import Study
from tests.corpus import corpus, log_of, random_rows
from tests.shared import needs_shared, shared_path

ALPHA = 0.001
"""Seeds are fixed, so a test fails on chance only once, when it is written."""
CHAINED = [name for name, one in NULLS.items() if one.chained]


def study_of(log: hs.InteractionLog, block: np.ndarray | None) -> Study:
    people = pd.DataFrame(index=log.people)
    return Study("some", "", "", "", log, {}, people, frozenset(), block, ())


def in_blocks(seed: int, sizes: tuple[int, ...] = (4, 5, 6)) -> tuple[hs.InteractionLog, np.ndarray]:
    """Acts within blocks, ids in an order that mixes the blocks."""
    rng = np.random.default_rng(seed)
    block = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    rows = []
    for _ in range(30 * len(sizes)):
        one, other = rng.choice(np.flatnonzero(block == rng.integers(0, len(sizes))), 2, replace=False)
        rows.append((f"p{one:02d}", f"p{other:02d}", int(rng.integers(0, 10**6))))
    rows += [
        (f"p{np.flatnonzero(block == one)[place]:02d}", f"p{np.flatnonzero(block == one)[place - 1]:02d}", 0)
        for one in range(len(sizes))
        for place in range(sizes[one])
    ]
    return log_of(rows), block


# blocks


@pytest.mark.parametrize("name", CHAINED)
def test_nothing_is_drawn_across_blocks_and_everybody_keeps_their_numbers(name: str) -> None:
    log, block = in_blocks(1)
    columns = log.columns()
    acts = Given(columns.n_people, columns.sender, columns.receiver, block=block)
    changed = 0
    for draw in range(20):
        sender, receiver, _ = NULLS[name].draw(acts, generator(1, draw))
        assert (block[sender] == block[receiver]).all()
        assert (sender != receiver).all()
        arcs = [
            {*zip(one.tolist(), other.tolist(), strict=True)}
            for one, other in ((acts.sender, acts.receiver), (sender, receiver))
        ]
        if name == "strength":
            assert Counter(receiver.tolist()) == Counter(acts.receiver.tolist())
        else:
            assert Counter(one for _, one in arcs[0]) == Counter(one for _, one in arcs[1])
        changed += arcs[0] != arcs[1]
    assert changed > 10


@pytest.mark.slow
def test_every_graph_within_blocks_is_as_likely() -> None:
    # a ring of three that can be turned, and two arcs that can be exchanged, in blocks of their own
    arcs = [(0, 2), (2, 4), (4, 0), (1, 3), (5, 7)]
    block = np.array([0, 1, 0, 1, 0, 1, 2, 1])
    acts = Given(8, *np.array(arcs).T, block=block)
    found: Counter[frozenset[tuple[int, int]]] = Counter()
    for draw in range(160):
        sender, receiver, _ = NULLS["degree"].draw(acts, generator(3, draw))
        found[frozenset(zip(sender.tolist(), receiver.tolist(), strict=True))] += 1
    rings = [[(0, 2), (2, 4), (4, 0)], [(2, 0), (4, 2), (0, 4)]]
    others = [[(1, 3), (5, 7)], [(1, 7), (5, 3)]]
    assert {*found} == {frozenset(one + other) for one, other in itertools.product(rings, others)}
    assert stats.chisquare(list(found.values())).pvalue > ALPHA


@pytest.mark.parametrize("part", [None, [0] * 7, [2, 0, 0, 2, 2, 0, 0, 0, 2, 5]])
def test_groups_are_of_one_part_and_as_many_as_there_can_be(part: list[int] | None) -> None:
    n = 7 if part is None else len(part)
    parts = None if part is None else np.array(part)
    together: Counter[frozenset[int]] = Counter()
    for draw in range(300):
        groups = grouped(n, 2, generator(1, draw), parts)
        members = groups.ravel().tolist()
        assert len(members) == len({*members})
        sizes = Counter(part or [0] * n).values()
        assert len(groups) == sum(size // 2 for size in sizes)
        for one in groups.tolist():
            assert part is None or len({part[place] for place in one}) == 1
            together[frozenset(one)] += 1
    same = [
        frozenset(two)
        for two in itertools.combinations(range(n), 2)
        if part is None or part[two[0]] == part[two[1]]
    ]
    assert {*together} == {*same}


@pytest.mark.parametrize("high", [3, 2**61])
def test_things_are_shuffled_within_their_part(high: int) -> None:
    part = np.array([high, 0, 0, high, 0])
    found: Counter[tuple[int, ...]] = Counter(
        tuple(shuffled_within(part, generator(2, draw)).tolist()) for draw in range(600)
    )
    wanted = [
        (*one, *two) for one in itertools.permutations((1, 2, 4)) for two in itertools.permutations((0, 3))
    ]
    assert {*found} == {*wanted}
    assert stats.chisquare([found[one] for one in wanted]).pvalue > ALPHA


@pytest.mark.slow
def test_a_block_is_drawn_as_if_it_were_alone() -> None:
    log, block = in_blocks(2, (5, 7))
    names = ["mutual_dyads", "null_dyads"]
    whole = hs.standardise(
        study_of(log, block), names, null="degree", level="network", draws=150, seed=1
    ).frame
    arcs = {*zip(log.columns().sender.tolist(), log.columns().receiver.tolist(), strict=True)}
    expected = variance = 0.0
    for one in (0, 1):
        members = np.flatnonzero(block == one)
        graph = nx.DiGraph()
        graph.add_nodes_from(members.tolist())
        graph.add_edges_from(arc for arc in arcs if block[arc[0]] == one)
        part = hs.standardise(
            network_of(graph), names, null="degree", level="network", draws=150, seed=2
        ).frame
        expected, variance = expected + part["expected"], variance + part["sd"] ** 2
    error = np.sqrt((variance + whole["sd"] ** 2) / 150)
    assert (np.abs(whole["expected"] - expected) < 4 * error).all()
    # pairs that could be, and not all pairs of people
    assert whole["observed"][1] == 5 * 4 / 2 + 7 * 6 / 2 - len({frozenset(arc) for arc in arcs})


def test_a_study_says_its_blocks_and_a_log_cannot() -> None:
    log, block = in_blocks(3)
    people = log.people.tolist()
    first, other = people[int(np.flatnonzero(block == 0)[0])], people[int(np.flatnonzero(block == 1)[0])]
    more = pd.concat(
        [
            log.to_frame().drop(columns=["kind", "weight"]),
            pd.DataFrame({"sender": [first], "receiver": [other], "time": [5]}),
        ]
    )
    wider = hs.read_log(more, time_unit="s")
    assert wider.people.tolist() == people
    options = {"null": "strength", "level": "network", "draws": 19, "seed": 1}
    with_across = hs.standardise(study_of(wider, block), "arcs", **options)
    assert "1 rows of acts across blocks are left out." in with_across.facts()
    assert "3 blocks: pairs across them could never be, and none is drawn." in with_across.facts()
    without = hs.standardise(study_of(log, block), "arcs", **options)
    pd.testing.assert_frame_equal(with_across.frame, without.frame)
    for bare in (study_of(wider, None), wider):
        assert "blocks" not in "\n".join(hs.standardise(bare, "arcs", **options).facts())


@needs_shared
@pytest.mark.parametrize("name", CHAINED)
def test_physicians_give_advice_within_their_towns(name: str) -> None:
    study = hs.open_study(shared_path("datasets", "ckm_physicians"))
    options = {"null": name, "level": "network", "draws": 40, "seed": 1}
    metric = "reciprocity_edgewise"
    within = hs.standardise(study, metric, **options).frame.iloc[0]
    across = hs.standardise(study.log, metric, **options).frame.iloc[0]
    again = hs.standardise(study.network(), metric, **options).frame.iloc[0]
    assert within["expected"] == pytest.approx(0.123, abs=0.006)
    assert again["expected"] == pytest.approx(0.123, abs=0.006)
    assert across["expected"] < 0.04
    assert within["observed"] == across["observed"] == again["observed"]


# networks


def a_graph(seed: int, people: int = 8, arcs: int = 25, most: int = 1) -> nx.DiGraph:
    rng = np.random.default_rng(seed)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(people))
    while graph.number_of_edges() < arcs:
        one, other = rng.choice(people, 2, replace=False).tolist()
        graph.add_edge(one, other, acts=int(rng.integers(1, most + 1)))
    return graph


@pytest.mark.parametrize(
    ("name", "most"), [("degree", 1), *((one, 3) for one in NULLS if one != "time shift")]
)
def test_what_was_observed_is_what_the_network_has(name: str, most: int) -> None:
    network = network_of(a_graph(1, most=most))
    found = hs.standardise(network, "all", null=name, level="network", draws=19, seed=1).frame
    table = network_table(network).frame.set_index("name")["value"]
    np.testing.assert_allclose(found["observed"], table.loc[found["metric"]], rtol=1e-12, equal_nan=True)
    people = hs.standardise(network, "people", null=name, level="person", draws=19, seed=1).frame
    wide = people_of_network(network).frame
    assert people["person"].unique().tolist() == list(range(8))
    for metric, part in people.groupby("metric"):
        np.testing.assert_allclose(part["observed"], wide[metric].astype(float), rtol=1e-12, equal_nan=True)


def test_a_network_of_acts_is_drawn_as_the_acts_are() -> None:
    log = log_of(random_rows(4, people=6, acts=80))
    for name in ("binomial", "strength", "degree"):
        frames = [
            hs.standardise(
                one, "reciprocity_weighted", null=name, level="network", draws=120, seed=seed
            ).frame
            for one, seed in ((log, 1), (log.network(), 2))
        ]
        error = math.sqrt(sum(float(frame["sd"][0]) ** 2 / 120 for frame in frames))
        assert abs(frames[0]["expected"][0] - frames[1]["expected"][0]) < 4 * error
        assert frames[0]["observed"][0] == frames[1]["observed"][0]


def test_amounts_are_dealt_out_whole_or_refused() -> None:
    network = log_of(random_rows(4)).network(of="weight")
    found = hs.standardise(network, "reciprocity_weighted", null="degree", level="network", draws=40, seed=1)
    assert 0 < found.frame["sd"][0] < 1
    with pytest.raises(DesignError, match=r"'strength' draws acts one by one.*suit them: 'degree'\."):
        hs.standardise(network, "reciprocity_weighted", null="strength", level="network")


def test_pairs_that_are_not_known_get_no_ties() -> None:
    matrix = np.zeros((5, 5))
    for one, other in ((0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3), (1, 0)):
        matrix[one, other] = 1
    matrix[0, 1] = 2
    matrix[0, 4] = math.nan
    network = network_of(matrix)
    for name in CHAINED:
        with pytest.raises(
            DesignError, match=r"of 1 of 10 pairs an answer is not known.*'binomial', 'activity'\."
        ):
            hs.standardise(network, "reciprocity_edgewise", null=name, level="network")
    found = hs.standardise(network, "reciprocity_edgewise", level="network", draws=19, seed=1)
    assert "Only pairs of which both answers are known are looked at, of people too." in found.facts()
    # what is lacking is across blocks, and blocks tell why
    block = np.array([0, 0, 0, 1, 1])
    inner = replace(network.ties, possible=4, unknown=0, derived={})
    inner = replace(
        inner,
        **{
            side: getattr(inner, side)[block[inner.low] == block[inner.high]]
            for side in ("low", "high", "forth", "back")
        },
    )
    known = Network(inner, network.people, block=block)
    for name in CHAINED:
        assert len(hs.standardise(known, "mutual_dyads", null=name, level="network", draws=19)) == 1
    with pytest.raises(DesignError, match="of 6 of 10 pairs"):
        hs.standardise(replace(known, block=None), "mutual_dyads", null="degree", level="network")


def test_a_network_has_no_acts() -> None:
    network = network_of(a_graph(2))
    with pytest.raises(DesignError, match=r"Metrics of pairs rest on acts.*say level='network'"):
        hs.standardise(network, "imbalance")
    with pytest.raises(
        DesignError, match="'time shift' needs times, or waves, and ties of a network have none"
    ):
        hs.standardise(network, "people", null="time shift", level="person")
    with pytest.raises(DesignError, match="'time shift' keeps who gave whom how often"):
        hs.standardise(network, "mutual_dyads", null="time shift", level="network")
    with pytest.raises(DesignError, match="has no ties"):
        hs.standardise(network_of(np.zeros((3, 3))), "mutual_dyads", level="network")
    with pytest.raises(DesignError, match="'response_rate' needs a time column, and ties have none"):
        hs.standardise(network, "response_rate", null="degree", level="person")
    with pytest.raises(hs.UnknownNameError, match="kind of giving in 'reciprocity_weighted__weight'"):
        hs.standardise(network, "reciprocity_weighted__weight", null="degree", level="network")


@needs_shared
def test_managers_return_friendship_more_than_chance_would() -> None:
    # Katz and Powell's index, the excess of mutual ties given out-degrees, is .2842 here
    network = hs.open_study(shared_path("datasets", "krackhardt")).network("friendship")
    row = hs.standardise(
        network, "mutual_dyads", null="degree", level="network", draws=99, seed=1
    ).frame.iloc[0]
    assert row["observed"] == 23
    assert row["expected"] == pytest.approx(14.3, abs=1)
    assert row["p_high"] == 0.01


# what was given


def test_metrics_of_people_and_of_networks_are_of_weight_or_of_a_kind() -> None:
    log = log_of(random_rows(6, people=6, acts=90))
    ends = ("", "__weight", "__help", "__information")
    found = hs.standardise(
        log, [f"reciprocity_weighted{end}" for end in ends], null="degree", level="network", draws=25, seed=1
    ).frame.set_index("metric")
    for end in ends:
        of = end.removeprefix("__") or "acts"
        value = log.network_metrics("reciprocity_weighted", of=of).frame["value"][0]
        assert found.loc[f"reciprocity_weighted{end}", "observed"] == pytest.approx(value, rel=1e-12)
    assert found["expected"].nunique() == found["sd"].nunique() == 4
    people = hs.standardise(log, ["given__weight", "people__help"], level="person", draws=25, seed=1)
    table = log.people_metrics(of="weight").frame
    frame = people.frame[people.frame["metric"] == "given__weight"]
    np.testing.assert_allclose(frame["observed"].astype(float), table["given"].astype(float))
    helped = log.people_metrics(of="help").frame
    some = people.frame[people.frame["metric"] == "reciprocity_weighted__help"]
    np.testing.assert_allclose(some["observed"].astype(float), helped["reciprocity_weighted"], equal_nan=True)
    assert {"given__weight", "reciprocity_weighted__help"} <= {fact.name for fact in people.about}


def test_weight_goes_with_its_act() -> None:
    log = log_of(random_rows(6, people=5, acts=70))
    model = NULLS["strength"]
    ground = drawn_nulls.ground_of(log, model, "network")
    base, acts = drawn_nulls.laid_out(ground, model)
    measure = standardising.Measure.of_log(
        base, "network", "reciprocity_weighted__weight", standardising.Settings()
    )
    found = hs.standardise(
        log, "reciprocity_weighted__weight", null="strength", level="network", draws=19, seed=1
    )
    values, start = [], drawn_nulls.begin(model, acts, 1)
    for draw in range(1, 20):
        made = drawn_nulls.drawn(base, start, model, generator(1, draw))
        weight = Counter[tuple[int, int]]()
        for one, other, amount in zip(made.sender.tolist(), made.receiver.tolist(), made.weight, strict=True):
            weight[one, other] += amount
        shared = sum(min(amount, weight[other, one]) for (one, other), amount in weight.items())
        values.append(shared / sum(weight.values()))
        assert measure(made)["reciprocity_weighted__weight"][0] == pytest.approx(values[-1])
    assert found.frame["expected"][0] == pytest.approx(np.mean(values))


def test_what_is_not_given_so_is_refused() -> None:
    log = log_of(random_rows(6))
    with pytest.raises(hs.UnknownNameError, match=r"kind of giving in 'reciprocity_weighted__hepl'.*'help'"):
        hs.standardise(log, "reciprocity_weighted__hepl", level="network")
    with pytest.raises(
        DesignError, match=r"'response_rate__weight' does not exist.* not rest on what was given"
    ):
        hs.standardise(log, "response_rate__weight", level="person")
    split = hs.read_log(
        pd.DataFrame(
            {"sender": list("abc"), "receiver": list("bca"), "count": [3, 1, 2], "weight": [9.0, 1, 2]}
        )
    )
    with pytest.raises(DesignError, match="one amount for several acts"):
        hs.standardise(split, "reciprocity_weighted__weight", level="network")
    helping = replace(log, giving=("help",))
    for level, name in (("network", "reciprocity_weighted"), ("dyad", "acts_ego")):
        with pytest.raises(DesignError, match="acts of information do not count as giving"):
            hs.standardise(helping, f"{name}__information", level=level)


# what these data refuse


def test_infinite_values_have_a_rank_and_no_mean() -> None:
    tally = Tally({"one": np.array([0.5, -math.inf, 2.0])})
    for values in ([1.0, 1.0, 3.0], [-math.inf, 2.0, 1.0], [math.nan, 4.0, 2.0]):
        tally.add({"one": np.array(values)})
    found = tally.summary("one", "")
    assert np.isnan(found["expected"]).tolist() == [True, False, False]
    assert np.isnan(found["sd"]).tolist() == [True, False, False]
    assert np.isnan(found["z"]).tolist() == [True, True, False]
    assert found["expected"][2] == pytest.approx(2)
    assert found["sd"][2] == pytest.approx(1)
    assert list(found["reason"]) == ["it is infinite in some draws", "it is infinite as observed", ""]
    assert found["p_low"].tolist() == [2 / 3, 1 / 4, 3 / 4]
    assert found["p_high"].tolist() == [2 / 3, 1, 3 / 4]


def test_what_the_data_refuse_is_refused_before_any_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 5001
    rows = pd.DataFrame({"sender": np.arange(n), "receiver": np.roll(np.arange(n), 1)})
    log = hs.read_log(rows)
    drawn = []
    monkeypatch.setattr(drawn_nulls, "drawn", lambda *_: drawn.append(1))
    with pytest.raises(DesignError, match=r"'kr_rw': 5,001 people: it needs the whole matrix.* up to 5,000"):
        hs.standardise(log, "kr_rw", null="strength", level="network")
    with pytest.raises(DesignError, match=r"None of these metrics remains.*: 5,001 people"):
        hs.standardise(log, "rowwise", null="strength", level="network")
    assert not drawn


def test_families_are_told_what_the_data_refuse() -> None:
    log, block = in_blocks(1)
    found = hs.standardise(
        study_of(log, block), ["rowwise", "mutual_dyads"], null="degree", level="network", draws=19, seed=1
    )
    left = [line for line in found.facts() if line.startswith("Left out: ")]
    assert len(left) == 1
    assert "kr_rw" in left[0]
    assert "It needs every pair of people, and some could not be or are not known." in left[0]
    assert set(found.frame["metric"]) == {"mutual_dyads"}


# what is asked


def test_what_is_asked_wrongly_is_told_rightly() -> None:
    log = corpus()[-1]
    for level in ("dyad", "network"):
        with pytest.raises(hs.ArgumentError, match="No metric was named"):
            hs.standardise(log, [], level=level)
    acts = "conversation_gap, period, reply_horizon, silence"
    spans = f"{acts}, disclosure_window, stifle_horizon, depth_margin, shift"
    for wrong in ("sihft", "gap"):
        with pytest.raises(hs.UnknownNameError, match=spans.replace(", ", r"\W+")):
            hs.standardise(log, "reply_rate", spans={wrong: "1D"})
    with pytest.raises(DesignError, match=r"'strength' shifts nothing.*'time shift'"):
        hs.standardise(log, "imbalance", null="strength", spans={"shift": "1D"})
    waves = hs.read_log(pd.DataFrame({"sender": list("ab"), "receiver": list("ba"), "wave": [1, 2]}))
    with pytest.raises(DesignError, match="counts in waves"):
        hs.standardise(waves, "persistence", null="time shift", spans={"shift": "1D"})
    bare = hs.read_log(pd.DataFrame({"sender": list("ab"), "receiver": list("ba")}))
    with pytest.raises(DesignError, match="nothing that the metrics of 'answering' need"):
        hs.standardise(bare, "answering", level="person")


def test_a_long_run_says_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0, 3)
    monkeypatch.setattr(nulls.time, "monotonic", lambda: float(next(clock)))
    told: list[str] = []
    hs.standardise(corpus()[-1], "imbalance", draws=40, seed=1, progress=told.append)
    assert told[0].startswith("Draw 1 of 40")
    # three seconds by the clock from one look at it to the next, and one look a draw
    assert told[1] == "Draw 2 of 40, about 4 min left"
    assert told[20] == "Draw 21 of 40, about 60 s left"
    assert told[-1] == "Draw 40 of 40"

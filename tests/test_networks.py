"""Networks of logs, graphs, matrices and labels: the same ties from each, and who could not answer."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.metrics.ties import Ties
from honestsignals.networks import network_of, network_table
from tests.corpus import log_of, random_rows
from tests.folders import write_study
from tests.shared import needs_shared, shared_path

DIRECTED = """
[study]
name = "tiny"

[acts]
file = "acts.csv"
sender = "sender"
receiver = "receiver"

[people]
file = "people.csv"
id = "id"
{block}
attributes = ["office", "age"]

[labels.friendship]
file = "labels.csv"
source = "source"
target = "target"
value = "friendship"
type = "{type}"
directed = true
absent = "{absent}"
{more}
"""
ACTS = "sender,receiver\na,b\nb,a\na,c\n"


def study_of(tmp_path: Path, labels: str, people: str, absent: str = "no", **more: str) -> hs.Study:
    toml = DIRECTED.format(
        absent=absent, type=more.get("type", "binary"), block=more.get("block", ""), more=more.get("more", "")
    )
    return hs.open_study(write_study(tmp_path / "study", acts=ACTS, toml=toml, labels=labels, people=people))


def cells(ties: Ties) -> dict[tuple[int, int], float]:
    out = {}
    for low, high, forth, back in zip(ties.low, ties.high, ties.forth, ties.back, strict=True):
        out[int(low), int(high)], out[int(high), int(low)] = float(forth), float(back)
    return {pair: value for pair, value in out.items() if value}


def test_a_log_its_graph_and_its_matrix_are_one_network() -> None:
    log = log_of(random_rows(3))
    graph = log.graph()
    matrix = nx.to_pandas_adjacency(graph, nodelist=list(log.people), weight="acts")
    for source in (graph, matrix, matrix.to_numpy(), log.network()):
        found, expected = network_of(source), network_of(log)
        assert cells(found.ties) == cells(expected.ties)
        assert found.ties.possible == expected.ties.possible
        frames = [hs.compare_definitions(one).frame[["name", "value"]] for one in (source, log)]
        pd.testing.assert_frame_equal(*frames, rtol=1e-12)
    weights = nx.to_numpy_array(graph, nodelist=list(log.people), weight="weight")
    of_weight = cells(network_of(log, of="weight").ties)
    assert of_weight == {pair: value for pair, value in np.ndenumerate(weights) if value}
    assert cells(network_of(graph, of="weight").ties) == of_weight
    help_alone = cells(network_of(log.only("help")).ties)
    assert cells(log.network(of="help").ties) == help_alone


def test_until_and_kinds_are_of_the_acts_that_count() -> None:
    log = log_of([("a", "b", 0), ("b", "a", 10), ("a", "b", 20)])
    assert cells(log.network(until=20).ties) == {(0, 1): 1.0, (1, 0): 1.0}
    assert log.network_metrics("mutual_dyads", until=5).frame["value"].tolist() == [0.0]
    assert "Only acts before 5 count." in log.network_metrics("mutual_dyads", until=5).notes
    assert log.people_metrics("received", until=5).frame["received"].tolist() == [0, 1]
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'help'"):
        log_of(random_rows(3)).network(of="hlep")


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(hs.ArgumentError, match="no directions"):
        hs.compare_definitions(nx.Graph([(0, 1)]))
    with pytest.raises(hs.ArgumentError, match="make a square"):
        hs.compare_definitions(np.zeros((2, 3)))
    with pytest.raises(hs.ArgumentError, match="holds -1"):
        hs.compare_definitions(np.array([[0, -1], [1, 0]]))
    frame = pd.DataFrame(np.zeros((2, 2)), index=["a", "b"], columns=["b", "a"])
    with pytest.raises(hs.ArgumentError, match="not the same people"):
        hs.compare_definitions(frame)
    graph = nx.DiGraph([("a", "a"), ("a", "b")])
    assert "1 edges from a node to itself are left out." in network_of(graph).notes
    graph.add_edge("b", "a", acts=-2)
    with pytest.raises(hs.ArgumentError, match="acts -2; what is given"):
        network_of(graph)


def test_cells_that_are_not_known_leave_their_pair_out() -> None:
    matrix = np.array([[0, 1, np.nan], [1, 0, 0], [1, 1, 0]], dtype=float)
    table = hs.compare_definitions(matrix)
    value = table.frame.set_index("name")["value"]
    assert [value["mutual_dyads"], value["asymmetric_dyads"], value["null_dyads"]] == [1, 1, 0]
    assert any("1 pairs are left out" in note for note in table.notes)
    # what needs the whole matrix says so, and is not a number
    row = table.frame.set_index("name").loc["kr"]
    assert np.isnan(row["value"])
    assert "needs every pair" in row["undefined"]
    with pytest.raises(hs.DesignError, match="needs every pair"):
        network_table(network_of(matrix), "kr")


def test_progress_is_told_metric_by_metric() -> None:
    said: list[str] = []
    hs.compare_definitions(log_of(random_rows(1)), progress=said.append)
    assert "Measuring reciprocity_rho" in said


def test_an_empty_network_has_no_shares() -> None:
    value = hs.compare_definitions(np.zeros((4, 4))).frame.set_index("name")["value"]
    assert value["null_dyads"] == 6
    for name in ("reciprocity_edgewise", "reciprocity_nonnull", "reciprocity_rho", "reciprocity_weighted"):
        assert np.isnan(value[name]), name
    assert value["reciprocity_dyadic"] == 1


def test_who_answers_is_of_all_acts_whatever_is_given() -> None:
    log = log_of(random_rows(5, 8, 300))
    names = ["response_rate", "opening_share_mean", "conversations", "signature_distance"]
    usual = log.people_metrics(names).frame
    for of in ("help", "weight"):
        pd.testing.assert_frame_equal(log.people_metrics(names, of=of).frame, usual)
    help_alone = log.people_metrics(["given", "contacts_out", "give_share_mean"], of="help").frame
    alone = log.only("help").people_metrics(["given", "contacts_out", "give_share_mean"]).frame
    pd.testing.assert_frame_equal(help_alone, alone)


# labels

PEOPLE = "id,office,age,answered\na,n,1,1\nb,n,2,1\nc,s,3,1\nd,s,4,0\n"
NAMED = "source,target,friendship\na,b,1\nb,a,1\na,c,1\nc,d,1\n"


def test_people_who_did_not_answer_are_unobserved_and_not_isolated(tmp_path: Path) -> None:
    study = study_of(tmp_path, NAMED, PEOPLE, more='answered_source = "answered"')
    network = study.network("friendship")
    assert network.people.tolist() == ["a", "b", "c"]
    assert cells(network.ties) == {(0, 1): 1.0, (1, 0): 1.0, (0, 2): 1.0}
    assert network.ties.possible == 3
    assert any("1 of 4 people did not answer" in note for note in network.notes)
    table = study.people_metrics(label="friendship").frame.set_index("person")
    assert table["contacts_out"].to_dict() == {"a": 2, "b": 1, "c": 1}
    # c named d, who was never heard: not returned, but not a refusal either
    assert table.loc["c", "reciprocity_out"] == 0
    assert np.isnan(table.loc["c", "reciprocity_out_asked"])
    assert table.loc["a", "reciprocity_out_asked"] == 0.5


def test_an_absent_row_is_a_no_only_where_the_study_says_so(tmp_path: Path) -> None:
    everybody = PEOPLE.replace("d,s,4,0", "d,s,4,1")
    yes = study_of(tmp_path / "no", NAMED, everybody).network("friendship").ties
    assert (yes.n_people, yes.possible, yes.unknown) == (4, 6, 0)
    unknown = study_of(tmp_path / "unknown", NAMED, everybody, absent="unknown").network("friendship").ties
    # only of a and b are both answers there
    assert (unknown.n_people, unknown.possible, unknown.unknown) == (4, 1, 5)
    assert cells(unknown) == {(0, 1): 1.0, (1, 0): 1.0}


def test_pairs_across_blocks_could_never_be(tmp_path: Path) -> None:
    labels = "source,target,friendship\na,b,1\nb,a,1\n"
    study = study_of(tmp_path, labels, PEOPLE, block='block = "office"')
    assert study.network("friendship").ties.possible == 2
    acts = study.network()
    assert acts.ties.possible == 2
    assert study.log.left_out == {"across blocks": 1}
    assert study.people_metrics("given").frame["given"].tolist() == [1, 1, 0, 0]
    assert study.dyads(metrics=["total_given_ego"]).frame["total_given_ego"].tolist() == [1, 0]
    value = study.network_metrics(label="friendship").frame.set_index("name")["value"]
    assert value["density"] == pytest.approx(2 / 4)


def test_answers_on_a_scale_are_amounts_or_are_cut(tmp_path: Path) -> None:
    labels = "source,target,friendship\na,b,4\nb,a,2\na,c,1\nc,a,-1\n"
    more = {"type": "continuous", "absent": "not asked"}
    study = study_of(tmp_path, labels, PEOPLE, **more)
    with pytest.raises(hs.DesignError, match="answers below 0"):
        study.network("friendship")
    assert cells(study.network("friendship", at_least=2).ties) == {(0, 1): 1.0, (1, 0): 1.0}
    assert cells(study.network("friendship", at_least=3).ties) == {(0, 1): 1.0}
    study = study_of(tmp_path / "more", labels.replace("-1", "0"), PEOPLE, **more)
    assert cells(study.network("friendship").ties) == {(0, 1): 4.0, (1, 0): 2.0, (0, 2): 1.0}
    with pytest.raises(hs.DesignError, match="rests on acts"):
        study.people_metrics("response_rate", label="friendship")


def test_one_answer_a_pair_cannot_be_returned(tmp_path: Path) -> None:
    study = hs.open_study(write_study(tmp_path / "study"))
    with pytest.raises(hs.DesignError, match="one answer about a pair"):
        study.network_metrics(label="friendship")


@needs_shared
def test_friendship_in_eies_is_as_reciprocal_as_peers_say() -> None:
    import json

    study = hs.open_study(shared_path("datasets", "eies"))
    value = study.network_metrics(label="acquaintance_t2").frame.set_index("name")["value"]
    assert value["null_dyads"] + value["asymmetric_dyads"] + value["mutual_dyads"] == 496
    stored = json.loads(shared_path("reference", "A_network_indices", "eies_messages.json").read_text())
    found = study.network_metrics().frame.set_index("name")["value"]
    census = stored["sna_binarised"]["dyad_census"]
    assert [found["mutual_dyads"], found["asymmetric_dyads"], found["null_dyads"]] == [
        census[one] for one in ("Mut", "Asym", "Null")
    ]
    weighted = stored["own_weighted_squartini"]["r"]
    assert found["reciprocity_weighted"] == pytest.approx(weighted, rel=1e-8)


def test_a_hundred_thousand_people_are_measured_where_definitions_allow_it() -> None:
    rng = np.random.default_rng(0)
    sender, receiver = rng.integers(0, 100_000, (2, 300_000))
    keep = sender != receiver
    log = hs.read_log(pd.DataFrame({"sender": sender[keep], "receiver": receiver[keep]}))
    table = log.network_metrics(["census", "reciprocity", "symmetry", "rowwise"])
    value = table.frame.set_index("name")
    assert value.loc["reciprocity_edgewise", "value"] == pytest.approx(0, abs=1e-3)
    assert "needs the whole matrix" in value.loc["kr", "undefined"]


# windows


def test_windows_follow_one_another_or_roll() -> None:
    log = log_of([("a", "b", 0), ("b", "a", 86_400 * 3), ("a", "b", 86_400 * 8), ("b", "c", 86_400 * 9)])
    windows = log.windows("4D")
    assert len(windows) == 3
    table = windows.dyads(["acts"]).frame
    assert table["acts"].tolist() == [2, 1, 1]
    assert table["window"].tolist() == [0, 2, 2]
    assert table["whole"].tolist() == [True, False, False]
    assert [len(one) for one in windows] == [2, 0, 2]
    rolling = log.windows("4D", step="1D")
    assert len(rolling) == 10
    assert rolling.network_metrics("arcs").frame["value"].tolist()[:2] == [2, 1]
    people = windows.people_metrics("given").frame
    assert people.groupby("window")["given"].sum().tolist() == [2, 0, 2]
    assert len(people) == 9


def test_a_window_is_the_log_cut_there() -> None:
    log = log_of(random_rows(4, 8, 300))
    names = ["acts", "returned_share", "reply_rate", "burstiness", "attention_ego"]
    table = log.windows("5D").dyads(names, period="1D").frame
    for number, one in enumerate(log.windows("5D")):
        part = table[table["window"] == number].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            part[["ego", "alter", *names]], one.dyads(metrics=names, period="1D").frame
        )


def test_windows_of_the_calendar_begin_where_it_does() -> None:
    stamps = ["2024-01-31T23:59:59Z", "2024-02-01T00:00:00Z", "2024-03-15T12:00:00Z"]
    log = hs.read_log(pd.DataFrame({"sender": ["a", "b", "a"], "receiver": ["b", "a", "b"], "time": stamps}))
    months = log.windows("month")
    assert [str(start.date()) for start, _ in months.shown] == ["2024-01-01", "2024-02-01", "2024-03-01"]
    assert months.network_metrics("arcs").frame["value"].tolist() == [1, 1, 1]
    assert months.whole.tolist() == [False, True, False]
    weeks = log.windows("week")
    assert {start.day_name() for start, _ in weeks.shown} == {"Monday"}
    assert len(log.windows("year")) == 1
    assert len(log.windows("quarter")) == 1
    assert len(log.windows("day")) == 45


def test_windows_of_waves_are_numbers_of_them() -> None:
    frame = pd.DataFrame({"sender": ["a", "b", "a"], "receiver": ["b", "a", "b"], "wave": [1, 2, 4]})
    log = hs.read_log(frame, columns={"sender": "sender", "receiver": "receiver", "wave": "wave"})
    table = log.windows(2).network_metrics("arcs").frame
    assert table["start"].tolist() == [1, 3]
    assert table["value"].tolist() == [2, 1]
    with pytest.raises(hs.ArgumentError, match="not a number of waves"):
        log.windows("7D")
    with pytest.raises(hs.DesignError, match="no calendar"):
        log.windows("week")


def test_windows_that_cannot_be_are_refused() -> None:
    relative = log_of([("a", "b", 0), ("b", "a", 10)])
    with pytest.raises(hs.DesignError, match="no calendar"):
        relative.windows("month")
    with pytest.raises(hs.ArgumentError, match="must be a span"):
        relative.windows("often")
    long = log_of([("a", "b", 0), ("b", "a", 10**9)])
    with pytest.raises(hs.ArgumentError, match="more than 100,000"):
        long.windows("1s")
    without = hs.read_log(pd.DataFrame({"sender": ["a"], "receiver": ["b"]}))
    with pytest.raises(hs.DesignError, match="no time"):
        without.windows("1D")
    dated = hs.read_log(pd.DataFrame({"sender": ["a"], "receiver": ["b"], "time": ["2024-01-01T00:00:00Z"]}))
    with pytest.raises(hs.ArgumentError, match="follow one another"):
        dated.windows("month", step="1D")


# tables


def test_a_table_goes_to_every_format_with_its_notes(tmp_path: Path) -> None:
    table = hs.compare_definitions(log_of(random_rows(1)))
    assert list(table.frame.columns[:2]) == ["name", "value"]
    assert "reciprocity_edgewise" in str(table)
    assert "<table" in table.to_html(tmp_path / "table.html")
    assert "\\begin{tabular}" in table.to_latex(tmp_path / "table.tex")
    assert "| name" in table.to_markdown()
    assert (tmp_path / "table.html").read_text(encoding="utf-8").startswith("<table")
    table.to_csv(tmp_path / "table.csv")
    assert pd.read_csv(tmp_path / "table.csv")["name"].tolist() == table.frame["name"].tolist()
    assert pd.read_csv(tmp_path / "table.codebook.csv")["metric"].tolist() == table.frame["name"].tolist()
    assert table.fact("reciprocity_rho").reference == "garlaschelli2004"
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'reciprocity_rho'"):
        table.fact("reciprocity_roh")


def test_names_of_people_are_escaped_in_html() -> None:
    log = hs.read_log(pd.DataFrame({"sender": ["<b>a</b>"], "receiver": ["b"]}))
    shown = log.people_metrics("given")._repr_html_()
    assert "<b>a</b>" not in shown
    assert "&lt;b&gt;a" in shown


def test_identities_of_definitions_hold() -> None:
    """What the catalogue says of one definition in terms of others, on random networks of counts."""
    from honestsignals.metrics.registry import entries

    identities = {name: one.fact.identity for name, one in entries("network").items() if one.fact.identity}
    assert len(identities) >= 5
    words = {"log": np.log, "sqrt": np.sqrt, "binary": None}
    for seed in range(6):
        rng = np.random.default_rng(seed)
        matrix = rng.poisson(0.8, (9, 9)) * (rng.random((9, 9)) < 0.7)
        value = hs.compare_definitions(matrix).frame.set_index("name")["value"].to_dict()
        for name, expression in identities.items():
            expected = eval(expression, {"__builtins__": {}}, {**words, **value})
            assert value[name] == pytest.approx(expected, rel=1e-10), (name, expression)


QUESTIONS = {
    "share of my friends who name me back": {"reciprocity_out"},
    "is this pair lopsided beyond chance?": {"giving_p", "giving_p_activity", "imbalance_excess"},
    "who goes first?": {"opening_share"},
    "how many common friends do they have": {"shared_contacts"},
    "how soon do they answer": {"reply_hours_ego"},
    "do they take turns": {"alternation"},
    "what share of what was given came back": {"returned_share"},
    "networkx overall_reciprocity": {"reciprocity_edgewise"},
    "does she keep writing without an answer before giving up": {"patience_ego"},
    "is giving help answered by help soon after": {"contingent_return_ego"},
    "does he give more than he gets": {"net_giving", "net_giver"},
    "how bursty are their messages": {"burstiness", "burstiness_finite"},
    "who pays more attention to the other": {"attention_ego", "attention_gap"},
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_newcomer_finds_the_right_name_in_one_search(question: str) -> None:
    found = hs.metrics.search(question)
    assert found, question
    assert found[0].name in QUESTIONS[question], [fact.name for fact in found]

"""The log: parts of it, its graph and back, its dyads, what it prints."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from tests.corpus import log_of, random_rows

FRAME = pd.DataFrame(
    {
        "sender": ["a", "b", "a", "c", "c"],
        "receiver": ["b", "a", "c", "a", "c"],
        "time": ["2024-01-01T10:00:00Z", "2024-01-01T10:20:00Z", "2024-01-02", "2024-02-01", "2024-02-02"],
        "kind": ["help", "help", "information", "help", "help"],
        "weight": [1.0, 2.0, 0.5, 4.0, 1.0],
    }
)
FRAME["time"] = pd.to_datetime(FRAME["time"], format="mixed", utc=True)


@pytest.fixture
def log() -> hs.InteractionLog:
    return hs.read_log(FRAME).named("desk")


def test_it_prints_what_it_holds_and_what_was_left_out(log) -> None:
    text = str(log)
    assert text.splitlines()[0] == "InteractionLog desk"
    assert "4 acts, 3 people, 2 dyads in contact." in text
    assert "From 2024-01-01 10:00 to 2024-02-01 00:00 UTC (30.6 days)." in text
    assert "Kinds: help 3, information 1." in text
    assert "Left out: 1 (self-acts)." in text
    assert "<li>Left out: 1 (self-acts).</li>" in log._repr_html_()


def test_names_are_escaped_in_html() -> None:
    frame = pd.DataFrame({"sender": ["a"], "receiver": ["b"], "kind": ["<script>"]})
    html = hs.read_log(frame).named("<b>x</b>")._repr_html_()
    assert "<script>" not in html
    assert "<b>x</b>" not in html


def test_only_and_window(log) -> None:
    assert len(log.only("help")) == 3
    assert log.only("help").kinds == ("help",)
    assert len(log.only(["help", "information"])) == 4
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'help'"):
        log.only("halp")
    part = log.window("2024-01-01T10:20:00Z", "2024-02-01")
    assert len(part) == 2, "from start on, before end"
    assert len(log.window(end="2024-01-02").window(start="2024-01-01T10:10")) == 1
    with pytest.raises(hs.ArgumentError, match="is not before"):
        log.window("2024-02-01", "2024-01-01")
    with pytest.raises(hs.ArgumentError, match="is not a date"):
        log.window("soon")
    with pytest.raises(hs.ArgumentError, match="is not a date; times of this log are dates"):
        log.window(3)
    with pytest.raises(hs.DesignError, match="has no time"):
        hs.read_log(FRAME[["sender", "receiver"]]).window(0, 1)


def test_a_window_is_observed_for_just_that_long() -> None:
    log = log_of([("a", "b", 0), ("b", "a", 60), ("a", "b", 86_400 * 20)])
    table = log.dyads(metrics=["recency_days", "persistence", "observed_periods"]).frame
    assert table["recency_days"][0] == 0
    longer = (
        log.window(0, 86_400 * 40).dyads(metrics=["recency_days", "persistence", "observed_periods"]).frame
    )
    assert longer["recency_days"][0] == pytest.approx(20, abs=1e-9)
    assert longer["observed_periods"][0] == 6


def test_the_graph_is_plain_networkx_and_comes_back(log) -> None:
    graph = log.graph()
    assert type(graph) is nx.DiGraph
    assert set(graph.nodes) == {"a", "b", "c"}
    edge = graph.edges["a", "b"]
    assert (edge["acts"], edge["weight"], edge["acts__help"], edge["acts__information"]) == (1, 1.0, 1, 0)
    assert edge["first"] == pd.Timestamp("2024-01-01T10:00")
    back = hs.from_graph(graph)
    assert back.people.tolist() == log.people.tolist()
    assert nx.utils.graphs_equal(_without(back.graph(), "first", "last"), _without(graph, "first", "last"))


def _without(graph, *names):
    clean = graph.copy()
    for *_, data in clean.edges(data=True):
        for name in names:
            data.pop(name, None)
    return clean


def test_isolates_and_integer_ids_survive_the_graph() -> None:
    graph = nx.DiGraph([(1, 2), (2, 1)])
    graph.add_node(10)
    log = hs.from_graph(graph)
    assert log.people.tolist() == [1, 2, 10]
    assert len(log.dyads(pairs="all")) == 3
    with pytest.raises(hs.ArgumentError, match="has no directions"):
        hs.from_graph(nx.Graph([(1, 2)]))


def test_a_multigraph_has_an_act_an_edge() -> None:
    graph = nx.MultiDiGraph()
    graph.add_edges_from([("a", "b", {"time": 0}), ("b", "a", {"time": 60}), ("a", "b", {"time": 120})])
    frame = hs.from_graph(graph).dyads(metrics=["acts_ego", "alternation"]).frame
    assert frame[["acts_ego", "alternation"]].iloc[0].tolist() == [2, 1.0]


def test_rows_that_stand_for_several_acts() -> None:
    frame = pd.DataFrame({"sender": ["a", "b"], "receiver": ["b", "a"], "count": [3, 1]})
    log = hs.read_log(frame)
    assert len(log) == 4
    assert "4 acts in 2 rows" in str(log)
    assert log.dyads().frame["give_share"].tolist() == [0.75]
    timed = hs.read_log(frame.assign(time=[0, 60]), time_unit="s")
    three = hs.read_log(
        pd.DataFrame({"sender": list("aaab"), "receiver": list("bbba"), "time": [0, 0, 0, 60]}), time_unit="s"
    )
    pd.testing.assert_frame_equal(timed.dyads().frame, three.dyads().frame)


def test_dyads_by_name_family_and_kind(log) -> None:
    names = log.dyads(metrics=["balance"]).frame.columns
    assert "returned_share" in names
    assert "acts" not in names
    frame = log.dyads(metrics=["returned_share__help", "returned_share__weight", "acts_alter__help"]).frame
    assert frame["returned_share__help"].tolist() == [1.0, 0.0]
    assert frame["returned_share__weight"].tolist() == [pytest.approx(2 / 3), pytest.approx(2 * 0.5 / 4.5)]
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'returned_share'"):
        log.dyads(metrics=["return_share"])
    with pytest.raises(hs.ArgumentError, match="conversation_gap is 'soon'"):
        log.dyads(conversation_gap="soon")
    with pytest.raises(hs.ArgumentError, match="Did you mean 'in contact'"):
        log.dyads(pairs="in_contact")


def test_moments_are_dates_where_the_log_is_dated(log) -> None:
    frame = log.dyads(metrics=["first_act", "dyad_state"], pairs="all").frame
    assert frame["first_act"][0] == pd.Timestamp("2024-01-01T10:00")
    assert pd.isna(frame["first_act"][2])
    assert frame["dyad_state"].tolist() == ["mutual", "mutual", "null"]


def test_the_default_table_needs_no_labels_and_says_what_it_left_out(log) -> None:
    table = log.dyads()
    assert len(table) == 2
    assert table.design.left_out == {"not in contact": 1}
    assert "Conversation gap and reply window 1 h; periods of 7 days;" in str(table)
    with pytest.raises(hs.UnknownNameError, match="Unknown column 'act'"):
        table.fact("act")


def test_the_same_log_gives_the_same_bits_in_any_order() -> None:
    rows = random_rows(3, people=8, acts=400)
    log, rng = log_of(rows), np.random.default_rng(0)
    frame = log.to_frame()
    frame["time"] = frame["time"].astype(float)
    whole = hs.read_log(frame, time_unit="s").dyads().frame
    for _ in range(3):
        shuffled = frame.iloc[rng.permutation(len(frame))]
        pd.testing.assert_frame_equal(
            hs.read_log(shuffled, time_unit="s").dyads().frame, whole, check_exact=True
        )

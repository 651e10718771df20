"""What fresh readers of the catalogue broke once: each stays mended."""

from __future__ import annotations

import re
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import honestsignals as hs
from honestsignals.networks import network_of
from tests.corpus import log_of, random_rows
from tests.folders import TOML, write_study
from tests.shared import PROJECT


def test_shares_of_those_who_could_answer_never_pass_one(tmp_path: Path) -> None:
    toml = TOML.replace("directed = false", "directed = true").replace(
        "asked = 2024-02-01", 'answered_source = "answered"'
    )
    people = "id,office,age,answered\na,n,1,1\nb,n,2,1\nc,s,3,0\n"
    labels = "source,target,friendship\na,b,1\na,c,1\nb,a,1\n"
    acts = "sender,receiver,time,kind\na,b,2024-01-01T10:00:00Z,help\n"
    study = hs.open_study(write_study(tmp_path / "s", toml=toml, people=people, labels=labels, acts=acts))
    table = study.people_metrics(label="friendship").frame.set_index("person")
    assert table.index.tolist() == ["a", "b"]
    assert table["contacts_in_asked"].tolist() == [1, 1]
    assert table["reciprocity_both_asked"].tolist() == [1, 1]
    assert table["reciprocity_out"].tolist() == [0.5, 1]


def test_the_end_of_a_log_is_no_silence_in_its_last_windows() -> None:
    turns = pd.DataFrame(
        {"sender": ["a", "b"] * 60, "receiver": ["b", "a"] * 60, "time": range(0, 120 * 21600, 21600)}
    )
    names = ["persistence", "silence_ratio", "reply_hours_ego", "recency_days"]
    windows = hs.read_log(turns, time_unit="s").windows("7D", step="1D")
    table = windows.dyads(names, period="1D").frame
    assert not table["whole"].all()
    assert (table["persistence"] == 1).all()
    assert (table["silence_ratio"] < 1).all()
    assert (table["reply_hours_ego"].dropna() == 6).all()


def test_a_table_of_windows_says_how_it_was_measured() -> None:
    log = log_of(random_rows(2))
    table = log.windows("4D").dyads(["acts"], conversation_gap="2h", spans={"silence": "1D"})
    assert any(
        "reply window 2 h; periods of 7 days; replies awaited 1 day, silence 1 day" in note
        for note in table.notes
    )


@pytest.mark.parametrize("kind", ["acts", "weight"])
def test_kinds_called_like_what_is_given_are_refused(kind: str) -> None:
    frame = pd.DataFrame({"sender": ["x", "y"], "receiver": ["y", "x"], "kind": [kind, "other"]})
    with pytest.raises(hs.InputError, match="rename it"):
        hs.read_log(frame)


def test_an_exchange_has_one_reading() -> None:
    frame = pd.DataFrame({"sender": ["x", "y", "x"], "receiver": ["y", "x", "y"], "kind": ["a", "a__b", "b"]})
    names = [name for name in hs.read_log(frame).dyads().frame.columns if name.startswith("exchange__")]
    assert len(set(names)) == len(names) == 6
    assert all(name.count("__") == 2 for name in names)


def test_amounts_are_no_counts_however_whole() -> None:
    frame = pd.DataFrame({"sender": ["a", "b", "a"], "receiver": ["b", "a", "c"], "weight": [5, 2, 3]})
    log = hs.read_log(frame)
    row = log.network_metrics(of="weight").frame.set_index("name").loc["phir"]
    assert np.isnan(row["value"])
    assert "depend on their unit" in row["undefined"]
    with pytest.raises(hs.DesignError, match="depend on their unit"):
        log.network_metrics("phir", of="weight")
    with pytest.raises(hs.DesignError, match="depend on their unit"):
        log.people_metrics("phir_actor", of="weight")
    notes = " ".join(log.people_metrics(["given", "phir_actor"], of="weight").notes)
    assert "phir_actor is not here" in notes


def test_a_scale_that_has_no_none_must_be_cut() -> None:
    study = hs.open_study(PROJECT / "data" / "helpdesk")
    scale = next(name for name, one in study.labels.items() if one.type == "ordinal" and one.directed)
    with pytest.raises(hs.DesignError, match="at_least="):
        study.network(scale)
    assert study.network(scale, at_least=4).ties.counts


def test_options_that_would_be_passed_over_are_refused() -> None:
    study = hs.open_study(PROJECT / "data" / "helpdesk")
    with pytest.raises(hs.ArgumentError, match="at_least= is for the answers of a label"):
        study.network(at_least=3)
    label = next(name for name, one in study.labels.items() if one.directed)
    for wrong in ({"of": "weight"}, {"until": "2024-02-01"}):
        with pytest.raises(hs.ArgumentError, match="is for the acts"):
            study.network_metrics(label=label, at_least=4, **wrong)
    with pytest.raises(hs.ArgumentError, match="what this matrix holds"):
        hs.compare_definitions(np.eye(3), of="weight")
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'weight'"):
        hs.compare_definitions(nx.DiGraph([("a", "b", {"weight": 2})]), of="wieght")
    with pytest.raises(hs.ArgumentError, match="at_least is nan"):
        study.network(label, at_least=float("nan"))


@pytest.mark.parametrize(
    "source",
    ["foo", [("a", "b")], np.eye(2) * 1j, pd.DataFrame({"a": ["x", "y"], "b": ["z", "w"]}), object()],
    ids=["text", "edges", "complex", "words", "object"],
)
def test_what_is_no_network_is_refused_in_words(source: object) -> None:
    with pytest.raises(hs.ArgumentError, match=r"networkx\.DiGraph, or a square"):
        hs.compare_definitions(source)


def test_masked_sparse_and_huge_matrices_are_read_as_they_are() -> None:
    masked = np.ma.MaskedArray([[0, 1, 1], [1, 0, 0], [1, 1, 0]], mask=[[0, 0, 1], [0, 0, 0], [0, 0, 0]])
    value = hs.compare_definitions(masked).frame.set_index("name")["value"]
    assert [value["mutual_dyads"], value["asymmetric_dyads"], value["null_dyads"]] == [1, 1, 0]
    found = hs.compare_definitions(sparse.csr_array(np.array([[0, 2], [1, 0]])))
    assert found.frame.set_index("name").loc["mutual_dyads", "value"] == 1
    huge = hs.compare_definitions(np.array([[0, 1e300], [1e300, 0]])).frame.set_index("name")
    assert huge.loc["mutual_dyads", "value"] == 1


def test_amounts_that_could_not_be_added_are_refused() -> None:
    frame = pd.DataFrame({"sender": ["a", "b"], "receiver": ["b", "a"], "weight": [1e308, 1.0]})
    with pytest.raises(hs.InputError, match="too large: beyond 1e290"):
        hs.read_log(frame)


def test_a_kind_is_asked_of_people_by_of() -> None:
    with pytest.raises(hs.UnknownNameError, match="Ask for 'given' of='help'"):
        log_of(random_rows(1)).people_metrics("given__help")


def test_searching_for_nothing_is_refused() -> None:
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'person'"):
        hs.metrics.search("x", level="persn")
    with pytest.raises(hs.ArgumentError, match="is no text"):
        hs.metrics.search(None)
    assert hs.metrics.search("generalised reciprocity")[0].name == "generalized_reciprocity"
    assert hs.metrics.search("raphtory reciprocity")[0].name in ("reciprocity_edgewise", "reciprocity_both")


def test_a_study_knows_which_pairs_could_be_wherever_it_is_measured(tmp_path: Path) -> None:
    toml = TOML.replace('id = "id"', 'id = "id"\nblock = "office"')
    acts = "sender,receiver,time,kind\na,b,2024-01-01T10:00:00Z,help\nc,d,2024-01-09T10:00:00Z,help\n"
    study = hs.open_study(
        write_study(tmp_path / "s", toml=toml, acts=acts, labels="source,target,friendship\na,b,1\n")
    )
    for table in (hs.compare_definitions(study), study.network_metrics(["null_dyads"])):
        assert table.frame.set_index("name").loc["null_dyads", "value"] == 0
    by_window = study.windows("7D").network_metrics(["null_dyads"]).frame
    assert by_window["value"].tolist() == [1, 1]
    assert study.windows("7D").dyads(["acts"]).frame["acts"].tolist() == [1, 1]
    with pytest.raises(hs.DesignError, match="needs every pair"):
        study.people_metrics("zr_row")


def test_a_window_of_a_period_has_one_period() -> None:
    windows = hs.open_study(PROJECT / "data" / "helpdesk").log.windows("7D")
    assert set(windows.dyads(["observed_periods"]).frame["observed_periods"]) == {1}


def test_levels_are_cut_by_their_names() -> None:
    study = hs.open_study(PROJECT / "data" / "helpdesk")
    scale = next(name for name, one in study.labels.items() if one.type == "ordinal" and one.directed)
    for wrong, said in (("4", "is '4'"), (True, "is True"), (9, "the highest answer")):
        with pytest.raises(hs.ArgumentError, match=said):
            study.network(scale, at_least=wrong)


def test_levels_in_words_are_cut_by_them(tmp_path: Path) -> None:
    toml = TOML.replace('type = "binary"', 'type = "ordinal"\nlevels = ["low", "mid", "high"]')
    toml = toml.replace("directed = false", "directed = true").replace('absent = "no"', 'absent = "unknown"')
    labels = "source,target,friendship\na,b,high\nb,a,mid\na,c,low\nc,a,mid\n"
    study = hs.open_study(write_study(tmp_path / "s", toml=toml, labels=labels))
    network = study.network("friendship", at_least="mid")
    assert (network.ties.forth.tolist(), network.ties.back.tolist()) == ([1, 0], [1, 1])
    assert "at least mid" in network.notes[0]
    assert any("1 of 4 people are in no row" in note for note in network.notes)
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'high'"):
        study.network("friendship", at_least="hihg")


@pytest.mark.parametrize("seed", ["a", 1.5, -1, True])
def test_what_is_no_seed_is_refused(seed: object) -> None:
    with pytest.raises(hs.ArgumentError, match="whole number from 0 on"):
        hs.row_reciprocity(np.ones((3, 3)), seed=seed)  # type: ignore[arg-type]


def test_ties_that_are_there_or_not_are_rewired_and_not_drawn_as_acts() -> None:
    graph = network_of((np.random.default_rng(0).random((12, 12)) < 0.3).astype(int))
    for null in ("binomial", "activity", "strength"):
        with pytest.raises(hs.DesignError, match="The null model that suits them: 'degree'"):
            hs.standardise(graph, "mutual_dyads", null=null, level="network", draws=19, seed=1)
    found = hs.standardise(graph, "mutual_dyads", null="degree", level="network", draws=19, seed=1)
    assert found.frame["p_high"].between(0.05, 1).all()
    log = hs.read_log(pd.DataFrame({"sender": ["a", "b", "c"], "receiver": ["b", "a", "a"]}))
    notes = " ".join(hs.standardise(log, "mutual_dyads", level="network", draws=19, seed=1).notes)
    assert "Nobody acted twice towards another" in notes


def test_the_standardising_examples_of_readme_run() -> None:
    study = hs.open_study(PROJECT / "data" / "helpdesk")
    readme = (PROJECT / "README.md").read_text(encoding="utf-8").replace("\n  ", " ")
    examples = re.findall(r"`(hs\.standardise\(.*?\))`", readme)
    assert len(examples) == 2
    for example in examples:
        short = example[:-1] + ", draws=19, seed=1)"
        assert len(eval(short, {"hs": hs, "study": study})) > 0, example


def test_a_third_matrix_may_be_whatever_a_network_may_be() -> None:
    log = log_of(random_rows(3))
    kind = log.only("help").network()
    usual = hs.row_reciprocity(log, given=kind, draws=19, seed=1)
    matrix = kind.ties.dense()
    again = hs.row_reciprocity(log, given=sparse.csr_array(matrix), draws=19, seed=1)
    assert usual.partial == again.partial
    with pytest.raises(hs.ArgumentError, match="no network of numbers"):
        hs.row_reciprocity(log, given="x")

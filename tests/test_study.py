"""A study folder: what is no, what is unknown, what was not asked, and which acts came before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from tests.folders import ACTS, LABELS, PEOPLE, TOML, write_study


def rows(table, *columns):
    return table.frame[["ego", "alter", *columns]].values.tolist()


def test_absent_rows_are_no_where_everybody_answered(tmp_path) -> None:
    table = hs.open_study(write_study(tmp_path)).dyads(label="friendship")
    assert len(table) == 6
    assert table.frame["friendship"].tolist() == [1, 1, 0, 0, 0, 0]
    assert table.design.left_out == {}
    assert "Base rate of friendship: 33.33% (2 of 6)" in str(table)


def test_only_acts_strictly_before_the_label_count(tmp_path) -> None:
    table = hs.open_study(write_study(tmp_path)).dyads(label="friendship", metrics=["acts"])
    assert rows(table, "acts")[:2] == [["a", "b", 2], ["a", "c", 1]]
    at_the_moment = TOML.replace("2024-02-01", '"2024-01-03T10:00:00Z"')
    table = hs.open_study(write_study(tmp_path / "at", toml=at_the_moment)).dyads(label="friendship")
    assert table.frame["acts"].tolist()[:2] == [2, 0]
    assert "2024-01-03" in str(table)


def test_until_cuts_earlier_than_the_label(tmp_path) -> None:
    study = hs.open_study(write_study(tmp_path))
    assert study.dyads(label="friendship", until="2024-01-02").frame["acts"].sum() == 2
    assert study.dyads(label="friendship", until="2025-01-01").frame["acts"].sum() == 3
    assert study.dyads(until="2024-01-01T10:20:00Z").frame["acts"].sum() == 1


def test_an_undated_label_is_said_to_be_undated(tmp_path) -> None:
    toml = TOML.replace("asked = 2024-02-01\n", "")
    table = hs.open_study(write_study(tmp_path, toml=toml)).dyads(label="friendship")
    assert table.frame["acts"].sum() == 4
    assert "friendship has no date: every act of the log counts" in str(table)


@pytest.mark.parametrize(
    ("absent", "known", "reason"),
    [("unknown", 2, "unknown, without a row"), ("not asked", 2, "not asked")],
)
def test_unknown_and_not_asked_are_not_no(tmp_path, absent, known, reason) -> None:
    toml = TOML.replace('absent = "no"', f'absent = "{absent}"')
    table = hs.open_study(write_study(tmp_path, toml=toml)).dyads(label="friendship")
    assert len(table) == known
    assert table.design.left_out == {reason: 4}
    assert table.frame["friendship"].tolist() == [1, 1]


def test_a_row_without_an_answer_is_unknown_even_where_absence_is_no(tmp_path) -> None:
    table = hs.open_study(write_study(tmp_path, labels=LABELS + "b,c,\n")).dyads(label="friendship")
    assert len(table) == 5
    assert table.design.left_out == {"unknown, the row has no answer": 1}


def test_who_did_not_answer_leaves_pairs_unknown(tmp_path) -> None:
    people = "id,office,age,answered\na,north,30,1\nb,north,40,1\nc,south,,1\nd,south,25,0\n"
    toml = TOML.replace('absent = "no"', 'absent = "no"\nanswered = "answered"')
    table = hs.open_study(write_study(tmp_path, toml=toml, people=people)).dyads(label="friendship")
    assert rows(table, "friendship") == [["a", "b", 1], ["a", "c", 1], ["b", "c", 0]]
    assert table.design.left_out == {"unknown, as one of the two did not answer": 3}


def test_answered_source_knows_what_the_source_said_about_everybody(tmp_path) -> None:
    people = "id,office,age,answered\na,north,30,1\nb,north,40,0\nc,south,,0\nd,south,25,0\n"
    toml = TOML.replace('absent = "no"', 'absent = "no"\nanswered_source = "answered"')
    toml = toml.replace("directed = false", "directed = true")
    labels = "source,target,friendship\na,b,1\n"
    table = hs.open_study(write_study(tmp_path, toml=toml, people=people, labels=labels)).dyads(
        label="friendship"
    )
    assert rows(table, "friendship") == [["a", "b", 1], ["a", "c", 0], ["a", "d", 0]]
    assert table.design.left_out == {"unknown, as the one asked did not answer": 9}


def test_pairs_across_blocks_could_never_be(tmp_path) -> None:
    toml = TOML.replace('id = "id"', 'id = "id"\nblock = "office"')
    labels = "source,target,friendship\na,b,1\n"
    study = hs.open_study(write_study(tmp_path, toml=toml, labels=labels))
    table = study.dyads(label="friendship")
    assert rows(table, "friendship") == [["a", "b", 1], ["c", "d", 0]]
    assert table.design.left_out == {"across blocks, which could never be": 4}
    assert len(study.dyads()) == 2
    with pytest.raises(hs.InputError, match=r"labels.csv, line 3: source 'c' names a pair across blocks"):
        hs.open_study(write_study(tmp_path / "bad", toml=toml))


def test_undirected_labels_may_be_listed_twice_but_not_differ(tmp_path) -> None:
    twice = hs.open_study(write_study(tmp_path, labels=LABELS + "b,a,1\n"))
    assert len(twice.labels["friendship"]) == 2
    with pytest.raises(
        hs.InputError, match=r"line 4: friendship 0 about b and a is not what line 2 says: 1"
    ) as error:
        hs.open_study(write_study(tmp_path / "bad", labels=LABELS + "b,a,0\n"))
    assert "both directions must say the same" in str(error.value)


def test_directed_labels_give_both_rows_seen_from_ego(tmp_path) -> None:
    toml = TOML.replace("directed = false", "directed = true").replace('absent = "no"', 'absent = "unknown"')
    labels = "source,target,friendship\na,b,1\nb,a,0\n"
    table = hs.open_study(write_study(tmp_path, toml=toml, labels=labels)).dyads(label="friendship")
    assert rows(table, "acts_ego", "acts_alter", "opened_ego", "friendship") == [
        ["a", "b", 1, 1, 1, 1],
        ["b", "a", 1, 1, 0, 0],
    ]


def test_labels_asked_row_by_row_see_different_acts(tmp_path) -> None:
    toml = TOML.replace("directed = false", "directed = true").replace('absent = "no"', 'absent = "unknown"')
    toml = toml.replace("asked = 2024-02-01", 'asked = "when"')
    labels = "source,target,friendship,when\na,b,1,2024-01-01T10:20:00Z\nb,a,1,2024-06-01T00:00:00Z\n"
    table = hs.open_study(write_study(tmp_path, toml=toml, labels=labels)).dyads(label="friendship")
    assert rows(table, "acts_ego", "acts_alter") == [["a", "b", 1, 0], ["b", "a", 1, 1]]
    assert "pair by pair" in str(table)


def test_waves_count_up_to_the_label(tmp_path) -> None:
    toml = TOML.replace('time = "time"\ntime_unit = "iso"', 'wave = "wave"').replace(
        "asked = 2024-02-01", "wave = 2"
    )
    acts = "sender,receiver,wave,kind\na,b,1,help\nb,a,2,help\na,b,3,help\n"
    study = hs.open_study(write_study(tmp_path, toml=toml, acts=acts))
    table = study.dyads(label="friendship")
    assert rows(table, "acts", "persistence")[0] == ["a", "b", 2, 1.0]
    assert "reply_rate" not in table.frame
    with pytest.raises(hs.DesignError, match="'reply_rate' needs a time column"):
        study.dyads(label="friendship", metrics=["reply_rate"])


def test_attributes_of_ego_alter_and_of_the_pair(tmp_path) -> None:
    table = hs.open_study(write_study(tmp_path)).dyads(label="friendship", metrics=["acts"])
    first, second = table.frame.iloc[0], table.frame.iloc[1]
    assert (first["ego_office"], first["alter_office"], first["same_office"]) == ("north", "north", 1)
    assert (first["gap_age"], first["mean_age"], first["min_age"], first["max_age"]) == (10, 35, 30, 40)
    assert second["same_office"] == 0
    assert np.isnan(second["gap_age"])


def test_codes_of_missing_and_numbers_that_are_names(tmp_path) -> None:
    toml = TOML.replace(
        'attributes = ["office", "age"]',
        'attributes = ["office", "age"]\ncategories = ["age"]\nmissing = [40, "south"]',
    )
    frame = hs.open_study(write_study(tmp_path, toml=toml)).dyads(label="friendship", metrics=["acts"]).frame
    assert "gap_age" not in frame
    assert np.isnan(frame.loc[0, "same_age"])
    assert np.isnan(frame.loc[1, "same_office"])


def test_facts_of_pairs(tmp_path) -> None:
    toml = (
        TOML
        + '[pairs]\nfile = "kin.csv"\nsource = "x"\ntarget = "y"\n'
        + 'columns = ["kin", "far"]\ndirected = false\n'
    )
    study = hs.open_study(write_study(tmp_path, toml=toml, kin="x,y,kin,far\nb,a,0.5,3\n"))
    table = study.dyads(label="friendship", metrics=["acts"])
    assert table.frame["kin"].tolist()[0] == 0.5
    assert table.frame["kin"].isna().sum() == 5
    assert table.fact("kin").swap == "same"
    directed = write_study(
        tmp_path / "d",
        toml=toml.replace('"far"]\ndirected = false', '"far"]\ndirected = true'),
        kin="x,y,kin,far\nb,a,0.5,3\na,b,0.25,1\n",
    )
    frame = hs.open_study(directed).dyads(label="friendship", metrics=["acts"]).frame
    assert (frame.loc[0, "kin_min"], frame.loc[0, "kin_gap"]) == (0.25, 0.25)
    assert "kin" not in frame


SECOND = """
[labels.before]
file = "before.csv"
source = "source"
target = "target"
value = "before"
type = "ordinal"
levels = [1, 2, 3]
directed = true
absent = "not asked"
asked = 2024-01-15
"""


def test_labels_asked_earlier_are_covariates_and_marked(tmp_path) -> None:
    before = "source,target,before\na,b,3\nb,a,1\n"
    study = hs.open_study(write_study(tmp_path, toml=TOML + SECOND, before=before))
    table = study.dyads(label="friendship", with_labels=["before"], metrics=["acts"])
    assert table.frame.loc[0, ["before_min", "before_max", "before_mean", "before_gap"]].tolist() == [
        1,
        3,
        2,
        2,
    ]
    assert table.fact("before_mean").family == "label"
    assert "before is a label too, asked earlier" in str(table)
    with pytest.raises(hs.DesignError, match="was asked when 'before' was, or later"):
        study.dyads(label="before", with_labels=["friendship"], metrics=["acts"])
    same = TOML + SECOND.replace("2024-01-15", "2024-02-01")
    study = hs.open_study(write_study(tmp_path / "same", toml=same, before=before))
    with pytest.raises(hs.DesignError, match="was asked when 'friendship' was, or later"):
        study.dyads(label="friendship", with_labels=["before"], metrics=["acts"])
    with pytest.raises(hs.ArgumentError, match="must be a label other than"):
        study.dyads(label="friendship", with_labels=["friendship"])


def test_a_label_of_a_later_wave_is_refused(tmp_path) -> None:
    toml = TOML.replace('time = "time"\ntime_unit = "iso"', 'wave = "wave"').replace(
        "asked = 2024-02-01", "wave = 1"
    )
    toml += SECOND.replace("asked = 2024-01-15", "wave = 2")
    acts = "sender,receiver,wave,kind\na,b,1,help\n"
    study = hs.open_study(write_study(tmp_path, toml=toml, acts=acts, before="source,target,before\na,b,3\n"))
    with pytest.raises(hs.DesignError, match="asked at wave 2, not before 'friendship'"):
        study.dyads(label="friendship", with_labels=["before"])


def test_kinds_that_count_as_giving(tmp_path) -> None:
    toml = TOML.replace('kind = "kind"', 'kind = "kind"\nkinds = ["help"]')
    study = hs.open_study(write_study(tmp_path, toml=toml))
    frame = study.dyads(label="friendship").frame
    assert frame["acts"].tolist()[:2] == [2, 0]
    assert frame["acts_ego__information"].tolist()[:2] == [0, 1]
    assert len(study.dyads(label="friendship", pairs="in contact")) == 1, "c helped a after the question"
    assert study.log.dyads_in_contact == 2


def test_people_without_a_roster_are_those_who_act_or_are_in_a_label(tmp_path) -> None:
    toml = TOML.replace('[people]\nfile = "people.csv"\nid = "id"\nattributes = ["office", "age"]\n', "")
    study = hs.open_study(write_study(tmp_path, toml=toml, people=None, labels=LABELS + "x,a,0\n"))
    assert study.log.people.tolist() == ["a", "b", "c", "x"]


def test_in_contact_says_how_many_were_not(tmp_path) -> None:
    table = hs.open_study(write_study(tmp_path)).dyads(label="friendship", pairs="in contact")
    assert len(table) == 2
    assert table.design.left_out == {"not in contact": 4}


def test_too_many_pairs_are_refused_unless_asked_for(tmp_path) -> None:
    people = "id,office,age\n" + "".join(f"{i},x,{i}\n" for i in range(1, 3301))
    acts = "sender,receiver,time,kind\n1,2,2024-01-01,help\n"
    labels = "source,target,friendship\n1,2,1\n"
    study = hs.open_study(write_study(tmp_path, people=people, acts=acts, labels=labels))
    with pytest.raises(hs.DesignError, match="more than 5,000,000"):
        study.dyads(label="friendship")
    with pytest.raises(hs.DesignError, match="more than 5,000,000"):
        study.dyads()
    assert len(study.dyads(label="friendship", pairs="in contact", metrics=["acts"])) == 1


def test_never_a_metric_from_labels_and_a_column_has_one_meaning(tmp_path) -> None:
    toml = TOML.replace("[labels.friendship]", "[labels.acts]")
    study = hs.open_study(write_study(tmp_path, toml=toml))
    with pytest.raises(hs.DesignError, match="Two columns are called 'acts'"):
        study.dyads(label="acts")


def test_a_codebook_goes_beside_the_rows(tmp_path) -> None:
    table = hs.open_study(write_study(tmp_path)).dyads(label="friendship")
    table.to_csv(tmp_path / "dyads.csv")
    table.to_parquet(tmp_path / "dyads2.parquet")
    back = pd.read_csv(tmp_path / "dyads.csv")
    book = pd.read_csv(tmp_path / "dyads.codebook.csv")
    assert back.columns.tolist() == book["column"].tolist()
    assert pd.read_parquet(tmp_path / "dyads2.parquet").shape == back.shape
    with pytest.raises(hs.OutputError, match="ends in none of"):
        table.to_csv(tmp_path / "dyads.txt")
    assert not list(tmp_path.glob(".dyads*")), "no draft is left behind"


def test_ids_that_a_spreadsheet_would_run_are_disarmed(tmp_path) -> None:
    evil = "=cmd|' /C calc'!A0"
    people = PEOPLE.replace("a,north", f'"{evil}",north')
    acts = (
        ACTS.replace("a,b", f'"{evil}",b')
        .replace("b,a,", f'b,"{evil}",')
        .replace("a,c", f'"{evil}",c')
        .replace("c,a", f'c,"{evil}"')
    )
    labels = "source,target,friendship\nb,c,1\n"
    table = hs.open_study(write_study(tmp_path, people=people, acts=acts, labels=labels)).dyads(
        label="friendship"
    )
    table.to_csv(tmp_path / "dyads.csv")
    assert pd.read_csv(tmp_path / "dyads.csv")["ego"][0] == "'" + evil
    assert "<script>" not in table._repr_html_()


def test_a_study_prints_itself(tmp_path) -> None:
    text = str(hs.open_study(write_study(tmp_path)))
    assert "4 acts, 4 people, 2 dyads in contact" in text
    assert "From 2024-01-01 10:00 to 2024-03-03 10:00 UTC" in text
    assert "Left out: nothing" in text
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'friendship'"):
        hs.open_study(tmp_path).dyads(label="frendship")


def test_moment_and_block_stand_in_the_table_where_rows_differ(tmp_path) -> None:
    files = {
        "acts.csv": "sender,receiver,time\na,b,1\nc,d,2\n",
        "people.csv": "id,town\na,x\nb,x\nc,y\nd,y\n",
        "labels.csv": "source,target,trust,when\na,b,1,5\nb,a,0,7\nc,d,1,9\n",
        "study.toml": (
            '[study]\nname = "towns"\n[acts]\nfile = "acts.csv"\nsender = "sender"\nreceiver = "receiver"\n'
            'time = "time"\ntime_unit = "s"\ntime_origin = "relative"\n'
            '[people]\nfile = "people.csv"\nid = "id"\nblock = "town"\n'
            '[labels.trust]\nfile = "labels.csv"\nsource = "source"\ntarget = "target"\nvalue = "trust"\n'
            'type = "binary"\ndirected = true\nabsent = "unknown"\nasked = "when"\n'
        ),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    table = hs.open_study(tmp_path).dyads(label="trust", metrics=["acts"])
    assert table.frame["asked"].tolist() == [5.0, 7.0, 9.0]
    first, second, third = table.frame["block"]
    assert first == second != third
    assert {table.fact(name).family for name in ("asked", "block")} == {"design"}

"""Classes of a pair by a directed label: mutual, one-sided, none; known only where both directions are."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from tests.folders import TOML, write_study
from tests.shared import needs_shared, shared_path

DIRECTED = TOML.replace("directed = false", "directed = true")
LABELS = "source,target,friendship\na,b,1\nb,a,1\na,c,1\nb,d,0\n"


def study_of(folder, toml: str = DIRECTED, **files):
    return hs.open_study(write_study(folder, toml=toml, **{"labels": LABELS, **files}))


def classes(table: hs.DyadTable, name: str = "friendship_class") -> dict[str, str]:
    frame = table.frame
    return dict(zip(frame["ego"] + frame["alter"], frame[name], strict=True))


def test_absent_rows_are_a_no_where_both_answered(tmp_path) -> None:
    made = hs.friendship_class(study_of(tmp_path / "s"), "friendship")
    table = made.dyads(label="friendship_class")
    found = {"ab": "mutual", "ac": "one-sided", "ad": "none", "bc": "none", "bd": "none", "cd": "none"}
    assert classes(table) == found
    assert not table.directed
    assert table.design.label_type == "nominal"
    assert "none 66.67% (4), one-sided 16.67% (1), mutual 16.67% (1)" in str(table)
    fact = table.fact("friendship_class")
    assert (fact.swap, fact.unit) == ("same", "state")
    assert "whether neither, one or both of the two have the label friendship" in fact.meaning
    assert "friendship_class" in table.codebook()["column"].tolist()


@pytest.mark.parametrize("key", ["answered", "answered_source"])
def test_a_pair_with_one_direction_unknown_is_unknown_and_counted(tmp_path, key) -> None:
    toml = DIRECTED + f'{key} = "said"\n'
    people = "id,office,age,said\na,north,30,1\nb,north,40,1\nc,south,,1\nd,south,25,0\n"
    labels = "source,target,friendship\na,b,1\na,c,1\n" + ("a,d,1\n" if key == "answered_source" else "")
    made = hs.friendship_class(study_of(tmp_path / "s", toml, people=people, labels=labels), "friendship")
    table = made.dyads(label="friendship_class")
    assert classes(table) == {"ab": "one-sided", "ac": "one-sided", "bc": "none"}
    assert sum(table.design.left_out.values()) == 3
    half = table.design.left_out.get("unknown, as one of the two directions is not known", 0)
    assert half == (key == "answered_source")


def test_without_an_absence_rule_only_rows_are_known(tmp_path) -> None:
    for rule, reason in (("unknown", "unknown, without a row"), ("not asked", "not asked")):
        study = study_of(tmp_path / rule, DIRECTED.replace('absent = "no"', f'absent = "{rule}"'))
        table = hs.friendship_class(study, "friendship").dyads(label="friendship_class")
        assert classes(table) == {"ab": "mutual"}
        assert table.design.left_out == {"unknown, as one of the two directions is not known": 2, reason: 3}


def test_only_acts_before_the_earlier_moment_count(tmp_path) -> None:
    toml = DIRECTED.replace('absent = "no"', 'absent = "unknown"').replace(
        "asked = 2024-02-01", 'asked = "at"'
    )
    labels = (
        "source,target,friendship,at\n"
        "a,b,1,2024-01-01T10:10:00Z\nb,a,1,2024-05-01\na,c,0,2024-05-01\nc,a,1,2024-05-01\n"
    )
    made = hs.friendship_class(study_of(tmp_path / "s", toml, labels=labels), "friendship")
    table = made.dyads(label="friendship_class", metrics=["acts"])
    assert dict(zip(table.frame["alter"], table.frame["acts"], strict=True)) == {"b": 1, "c": 2}
    assert "In 1 pairs the two directions were asked at different moments" in str(table)


def test_a_scale_is_cut_and_names_are_free(tmp_path) -> None:
    toml = DIRECTED.replace('type = "binary"', 'type = "ordinal"\nlevels = [0, 1, 2]')
    toml = toml.replace('absent = "no"', 'absent = "unknown"')
    study = study_of(tmp_path / "s", toml, labels="source,target,friendship\na,b,2\nb,a,1\na,c,1\nc,a,1\n")
    with pytest.raises(hs.DesignError, match="is ordinal: say from which answer on it is a tie, at_least="):
        hs.friendship_class(study, "friendship")
    close = hs.friendship_class(study, "friendship", name="close", at_least=2).dyads(label="close")
    assert Counter(close.frame["close"]) == {"one-sided": 1, "none": 1}
    assert "answers of at least 2" in close.fact("close").meaning
    known = hs.friendship_class(study, "friendship", name="known", at_least=1).dyads(label="known")
    assert Counter(known.frame["known"]) == {"mutual": 2}


def test_refusals(tmp_path) -> None:
    study = study_of(tmp_path / "s")
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'friendship'"):
        hs.friendship_class(study, "frendship")
    with pytest.raises(hs.ArgumentError, match="has a label 'friendship' already"):
        hs.friendship_class(study, "friendship", name="friendship")
    made = hs.friendship_class(study, "friendship")
    with pytest.raises(hs.DesignError, match="is one answer about a pair"):
        hs.friendship_class(made, "friendship_class")
    with pytest.raises(hs.DesignError, match="no direction"):
        hs.friendship_class(made.dyads(label="friendship_class"), "friendship_class")
    with pytest.raises(hs.ArgumentError, match=r"source is a dict; it must be a Study"):
        hs.friendship_class({}, "friendship")
    rows = pd.DataFrame({"ego": ["a", "a"], "alter": ["b", "b"], "friend": [1, 0]})
    with pytest.raises(hs.DesignError, match="in two rows"):
        hs.friendship_class(rows, "friend")
    with pytest.raises(hs.DesignError, match="'friend' is 3 in some row"):
        hs.friendship_class(rows.assign(friend=3), "friend")


def test_a_table_of_ordered_pairs_gives_the_same(tmp_path) -> None:
    study = study_of(tmp_path / "s")
    of_study = classes(hs.friendship_class(study, "friendship").dyads(label="friendship_class"))
    directed = study.dyads(label="friendship")
    for source in (directed, directed.frame, directed.frame.sample(frac=1, random_state=3)):
        rows = hs.friendship_class(source, "friendship")
        assert dict(zip(rows["ego"] + rows["alter"], rows["friendship_class"], strict=True)) == of_study


def test_every_class_by_brute_force_and_missing_ones_stay_rows() -> None:
    rng = np.random.default_rng(4)
    ego, alter = np.nonzero(~np.eye(9, dtype=bool))
    kept = rng.random(ego.size) < 0.8
    value = rng.choice([0.0, 1.0, np.nan], ego.size, p=[0.5, 0.4, 0.1])
    frame = pd.DataFrame({"ego": ego, "alter": alter, "friend": value})[kept]
    said = {(i, j): v for i, j, v in frame.itertuples(index=False)}
    rows = hs.friendship_class(frame, "friend")
    assert len(rows) == len({frozenset(pair) for pair in said})
    for i, j, word in rows.itertuples(index=False):
        both = said.get((i, j), np.nan) + said.get((j, i), np.nan)
        assert i < j
        assert (word != word) if np.isnan(both) else word == ("none", "one-sided", "mutual")[int(both)]


def test_the_class_is_the_default_multinomial(tmp_path) -> None:
    study = hs.friendship_class(hs.simulate(people=40, days=40, seed=3).study(), "trust", at_least=4)
    table = study.dyads(label="trust_class")
    fit = hs.fit("trust_class ~ log1p(acts)", table)
    assert fit.estimate.family == "multinomial"
    assert fit.levels == ("none", "one-sided", "mutual")
    direct = hs.friendship_class(study.dyads(label="trust"), "trust", at_least=4)
    assert Counter(direct["trust_class"].dropna()) == Counter(table.frame["trust_class"])


@needs_shared
def test_eies_classes_are_those_of_the_matrix() -> None:
    study = hs.open_study(shared_path("datasets", "eies"))
    rows = pd.read_csv(shared_path("datasets", "eies", "labels.csv"))
    wide = rows.pivot(index="source", columns="target", values="friendship_t2").to_numpy()
    both = (wide + wide.T)[np.triu_indices(32, 1)]
    made = hs.friendship_class(hs.friendship_class(study, "friendship_t2"), "friendship_t1")
    table = made.dyads(label="friendship_t2_class")
    counts = Counter(table.frame["friendship_t2_class"])
    assert [counts[one] for one in ("none", "one-sided", "mutual")] == [(both == k).sum() for k in range(3)]
    earlier = made.dyads(label="friendship_t2_class", with_labels=["friendship_t1_class"])
    assert earlier.frame["friendship_t1_class"].dtype == "category"
    # all pairs that were mutual at first are a pair of friends later, one way at least
    with pytest.raises(hs.FitError, match=r"separated by 'friendship_t1_class\[T.mutual\]'"):
        hs.fit("friendship_t2_class ~ log1p(acts) + friendship_t1_class", earlier)

"""Fifteen real studies: arcs, mutual dyads and base rates as their READMEs give them."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

import numpy as np
import pytest

import honestsignals as hs
from honestsignals.study import Study
from tests.shared import REFERENCE, needs_shared, shared_path

pytestmark = needs_shared


COUNTS: dict[str, dict[str, Any]] = tomllib.loads((REFERENCE / "dataset_counts.toml").read_text())


@cache
def study(name: str) -> Study:
    return hs.open_study(shared_path("datasets", name))


def test_no_study_is_forgotten() -> None:
    folders = {path.parent.name for path in shared_path("datasets").glob("*/study.toml")}
    assert folders == set(COUNTS)


@pytest.mark.parametrize("name", COUNTS)
def test_people_acts_and_what_was_left_out(name) -> None:
    log, expected = study(name).log, COUNTS[name]
    assert len(log.people) == expected["people"]
    assert len(log) == expected["acts"]
    # eies counts messages, 480 of them to oneself, in 20 rows
    assert log.left_out.get("self-acts", 0) == expected["self_acts"]
    assert log.left_out.get("the other's report of the same act", 0) == expected["reports"]
    assert log.acts.rows == len(log.acts.sender) + sum(log.left_out.values())


@pytest.mark.parametrize("name", COUNTS)
def test_arcs_and_mutual_dyads(name) -> None:
    for kind, (arcs, mutual) in COUNTS[name]["arcs"].items():
        log = study(name).log
        graph = (log if kind == "pooled" else log.only(kind)).graph()
        assert graph.number_of_edges() == arcs, kind
        both = sum(graph.has_edge(target, source) for source, target in graph.edges)
        assert both == 2 * mutual, kind
    assert graph.number_of_nodes() == COUNTS[name]["people"]


ASKED = [(name, label) for name in COUNTS for label in COUNTS[name].get("labels", ())]


@pytest.mark.parametrize(("name", "label"), ASKED)
def test_labels_and_base_rates(name, label) -> None:
    rows, *positive = COUNTS[name]["labels"][label]
    table = study(name).dyads(label=label, metrics=["acts", "in_contact"])
    values = table.frame[label]
    assert len(table) == rows
    assert not values.isna().any()
    if positive:
        ones, rate = positive
        assert values.sum() == ones
        assert values.mean() == pytest.approx(rate, abs=5.1e-5)
        assert f"{ones:,} of {rows:,}" in str(table)
    assert sum(table.design.left_out.values()) == table.design.possible - rows
    assert set(study(name).labels) == set(COUNTS[name]["labels"])


def test_copenhagen_in_contact() -> None:
    """Dyads with at least one text or answered call, both Facebook-listed: 801, of whom 88.26 % friends."""
    table = study("copenhagen").dyads(label="friendship", pairs="in contact", metrics=["acts"])
    assert len(table) == 801
    assert table.frame["friendship"].mean() == pytest.approx(0.8826, abs=5e-5)
    # the README counts missed calls as contact: 808 pairs, 714 of them friends
    log = hs.InteractionLog(study("copenhagen").log.acts)
    assert log.dyads_in_contact == 880


@pytest.mark.parametrize("name", ["bitcoin_otc", "bitcoin_alpha"])
def test_a_rating_never_counts_towards_itself(name) -> None:
    """Each row sees only ratings strictly before it, so that ego's own single rating is never there."""
    frame = study(name).dyads(label="trust", metrics=["acts_ego", "acts_alter"]).frame
    assert (frame["acts_ego"] == 0).all()
    later = {"bitcoin_otc": 14_087, "bitcoin_alpha": 2739}[name]
    assert frame["acts_alter"].sum() == later


def test_who_did_not_answer_is_unknown_and_not_no() -> None:
    school = study("highschool2013")
    table = school.dyads(label="friendship", metrics=["acts"])
    assert table.frame["ego"].nunique() == 133
    assert table.design.left_out == {"unknown, as the one asked did not answer": 329 * 328 - 43_624}
    students = study("copenhagen").dyads(label="friendship", metrics=["acts"])
    assert students.people == 800


def test_waves_count_up_to_the_label() -> None:
    first = study("kapferer").dyads(label="friendship_t1", metrics=["acts"]).frame["acts"]
    second = study("kapferer").dyads(label="friendship_t2", metrics=["acts"]).frame["acts"]
    assert first.sum() == 109
    assert second.sum() == 256


def test_false_imbalance_of_eies() -> None:
    """Observed mean imbalance over the 266 pairs in contact, as METRICS has it."""
    frame = study("eies").log.dyads(metrics=["imbalance"]).frame
    assert len(frame) == 266
    assert frame["imbalance"].mean() == pytest.approx(0.516, abs=5e-4)
    assert not np.isnan(frame["imbalance"]).any()

"""Simulated studies: what is written is what was drawn, and what was drawn follows the stated truth."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit

from honestsignals.errors import ArgumentError, OutputError
from honestsignals.processes import START, root
from honestsignals.simulation import Activity, Dependence, Effects, Simulation, simulate
from honestsignals.study_folder import open_study
from honestsignals.truths import LabelTruth, column_of, design
from tests.shared import PROJECT

FILES = ["acts.csv", "labels.csv", "people.csv", "study.toml", "truth.json"]
NONE = Dependence(actor=0, partner=0, dyad=0)
STRONG = Dependence(actor=0.4, partner=0.3, dyad=0.3, actor_partner=0.8)


@pytest.fixture(scope="module")
def study_of_30() -> Simulation:
    return simulate(seed=1)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def draws_of(model: LabelTruth, draws: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.array([model.draw(rng) for _ in range(draws)])


# what is written


def test_the_folder_opens_as_what_was_drawn(study_of_30, tmp_path: Path) -> None:
    study = open_study(study_of_30.write(tmp_path / "office"))
    assert sorted(bytes_of(tmp_path / "office")) == FILES
    assert [file.name for file in tmp_path.iterdir()] == ["office"]
    assert study.name == "office"
    acts, log = study_of_30.acts, study.log
    to_self = acts["sender"] == acts["receiver"]
    assert len(log) == len(study_of_30.log) == (~to_self).sum()
    assert log.left_out == study_of_30.log.left_out == {"self-acts": to_self.sum()}
    assert log.acts.duplicates == study_of_30.log.acts.duplicates == acts.duplicated().sum() > 0
    assert 30 < to_self.sum() < 50
    assert log.people.tolist() == study_of_30.people["id"].tolist()
    assert study.people["office"].tolist() == study_of_30.people["office"].tolist()
    assert study.people["tenure"].tolist() == study_of_30.people["tenure"].tolist()
    assert log.acts.columns["depth"].tolist() == acts.loc[~to_self, "depth"].tolist()


@pytest.mark.parametrize("directed", [False, True])
def test_labels_come_back_pair_by_pair(directed: bool) -> None:
    simulation = simulate(seed=3, people=12, directed=directed)
    study = simulation.study()
    given = simulation.labels.set_index(["source", "target"])
    for name, rows in (("friendship", 132 if directed else 66), ("trust", 132)):
        frame = study.dyads(label=name, metrics=["acts"]).frame
        assert len(frame) == rows
        pairs = pd.MultiIndex.from_frame(frame[["ego", "alter"]])
        np.testing.assert_array_equal(frame[name], given.loc[pairs, name])
    mirrored = given["friendship"].rename_axis(["target", "source"]).reorder_levels([1, 0])
    assert mirrored.loc[given.index].equals(given["friendship"].rename(mirrored.name)) != directed


def test_a_study_through_memory_is_the_study_from_its_folder(study_of_30, tmp_path: Path) -> None:
    one = study_of_30.study().dyads(label="trust").frame
    other = open_study(study_of_30.write(tmp_path / "x")).dyads(label="trust").frame
    pd.testing.assert_frame_equal(one, other)


def test_a_folder_that_holds_something_is_left_alone(study_of_30, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    study_of_30.write(tmp_path / "empty")
    with pytest.raises(OutputError, match="empty is there already; name a folder that is new or empty"):
        study_of_30.write(tmp_path / "empty")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="file is there already"):
        study_of_30.write(tmp_path / "file")
    with pytest.raises(OutputError, match=r"no folder .*nowhere to write study into"):
        study_of_30.write(tmp_path / "nowhere" / "study")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_appears_whole_or_not_at_all(study_of_30, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Simulation, "_files", lambda self, name: {"acts.csv": "a", "no/such/place": "b"})
    with pytest.raises(FileNotFoundError):
        study_of_30.write(tmp_path / "study")
    assert list(tmp_path.iterdir()) == []


def test_others_may_read_what_was_written(study_of_30, tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    assert study_of_30.write(tmp_path / "study").stat().st_mode == (tmp_path / "usual").stat().st_mode


# seeds


def test_a_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    made = {}
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        (tmp_path / name).mkdir()
        made[name] = bytes_of(simulate(seed=seed, people=10, days=21).write(tmp_path / name / "study"))
    assert made["one"] == made["two"]
    assert all(made["one"][name] != made["three"][name] for name in FILES)


def test_effects_leave_people_and_acts_as_they_are(study_of_30) -> None:
    other = simulate(seed=1, effects=Effects(balance=-1.0), dependence=NONE, base_rate=0.5, directed=True)
    pd.testing.assert_frame_equal(other.acts, study_of_30.acts)
    pd.testing.assert_frame_equal(other.people, study_of_30.people)
    assert not other.labels.equals(study_of_30.labels)


def test_relabelling_changes_labels_alone(study_of_30) -> None:
    again, other = study_of_30.relabelled(1), study_of_30.relabelled(2)
    pd.testing.assert_frame_equal(again.labels, study_of_30.labels)
    assert not other.labels.equals(study_of_30.labels)
    assert other.acts is study_of_30.acts
    assert other.study().title == "Simulated: 30 people, 84 days, seed 1, labels of seed 2"
    assert (other.truth["label_seed"], other.truth["options"]) == (2, study_of_30.truth["options"])


def test_numbers_of_numpy_will_do(tmp_path: Path) -> None:
    study = simulate(seed=np.int64(3), people=np.int64(8), days=21, effects=Effects(volume=np.float64(0.5)))
    truth = json.loads((study.write(tmp_path / "study") / "truth.json").read_text())
    assert (truth["options"]["seed"], truth["options"]["people"]) == (3, 8)


# labels follow the stated truth


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("label", ["friendship", "trust"])
def test_the_truth_is_stated_in_columns_of_the_dyad_table(label: str, directed: bool, tmp_path: Path) -> None:
    simulation = simulate(seed=2, directed=directed, effects=Effects(contact=0.3, same_office=0.7))
    folder = simulation.write(tmp_path / "study")
    truth = json.loads((folder / "truth.json").read_text())["labels"][label]
    frame = open_study(folder).dyads(label=label).frame
    coefficients = dict(truth["coefficients"])
    intercept = coefficients.pop("Intercept", None)
    assert truth["formula"] == f"{label} ~ {' + '.join(coefficients)}"
    linear = design(frame, coefficients) @ np.array(list(coefficients.values()))
    cuts = truth["cuts"] if intercept is None else [-intercept]
    below = expit(np.array(cuts) - linear[:, None])
    np.testing.assert_allclose(below, simulation.models[label].cumulative, rtol=1e-12)
    expected = [0.75] if label == "friendship" else [0.1, 0.3, 0.65, 0.9]
    np.testing.assert_allclose(below.mean(axis=0), expected, atol=1e-6)


def test_an_undirected_label_does_not_know_who_is_ego(study_of_30) -> None:
    table = study_of_30.study().dyads(label="friendship")
    terms = study_of_30.models["friendship"].terms
    assert {table.fact(column_of(term)).swap for term in terms} == {"same"}


def test_effects_become_the_coefficients_of_each_side() -> None:
    effects = Effects(volume=0.8, balance=1.2, timing=0.9, contact=0.1, same_office=0.3)
    assert effects.terms(directed=False) == {
        "log1p(acts)": 0.8,
        "known(returned_share)": 1.2,
        "known(reply_rate)": 0.9,
        "in_contact": 0.1,
        "same_office": 0.3,
    }
    assert effects.terms(directed=True) == {
        "log1p(acts_ego)": 0.4,
        "log1p(acts_alter)": 0.4,
        "known(net_giving)": -0.6,
        "known(reply_rate_alter)": 0.9,
        "in_contact": 0.1,
        "same_office": 0.3,
    }


@pytest.mark.parametrize("dependence", [NONE, STRONG], ids=["independent", "dependent"])
@pytest.mark.parametrize("directed", [False, True])
def test_every_pair_has_exactly_its_probability(dependence: Dependence, directed: bool) -> None:
    simulation = simulate(seed=4, people=10, dependence=dependence, directed=directed)
    draws = 8_000
    for name, model in simulation.models.items():
        labels = draws_of(model, draws)
        lowest = 0 if name == "friendship" else 1
        for level, p in enumerate(model.cumulative.T):
            share = (labels <= lowest + level).mean(axis=0)
            away = (share - p) / np.sqrt(p * (1 - p) / draws)
            # 90 rows × 5 cuts: one in a thousand runs goes beyond 4.9
            assert np.abs(away).max() < 4.9, name
            assert 0.5 < np.mean(away**2) < 1.6, name  # and not all are off by a little
        assert labels.min() == lowest
        assert labels.max() == lowest + len(model.cuts)


def test_answers_that_share_a_person_are_alike_where_asked_for() -> None:
    draws = 6_000
    noise = 4.5 / np.sqrt(draws)  # of a correlation of 0
    shared = {
        "actor": ((0, 1), (0, 2)),
        "partner": ((1, 0), (2, 0)),
        "dyad": ((0, 1), (1, 0)),
        "crossed": ((0, 1), (2, 0)),
    }

    def correlations(**parts: float) -> dict[str, float]:
        dependence = Dependence(**{"actor": 0, "partner": 0, "dyad": 0, "actor_partner": 0, **parts})
        model = simulate(seed=4, people=6, dependence=dependence, directed=True).models["friendship"]
        pairs = list(zip(model.rows.ego.tolist(), model.rows.alter.tolist(), strict=True))
        found = np.corrcoef(draws_of(model, draws).T)
        return {name: found[pairs.index(one), pairs.index(other)] for name, (one, other) in shared.items()}

    assert max(map(abs, correlations().values())) < noise
    for part in ("actor", "partner", "dyad"):
        found = correlations(**{part: 0.8})
        assert found.pop(part) > 0.2, part
        assert max(map(abs, found.values())) < noise, part
    assert correlations(actor=0.5, partner=0.5, actor_partner=1)["crossed"] > 0.15
    assert abs(correlations(actor=0.5, partner=0.5)["crossed"]) < noise


def test_an_undirected_answer_has_one_effect_a_person() -> None:
    shared = simulate(seed=4, people=10, dependence=Dependence(0.5, 0.1, 0.2)).models["friendship"].dependence
    assert shared == Dependence(0.3, 0.3, 0.2, 1.0)


@pytest.mark.parametrize("dependence", [NONE, Dependence()], ids=["independent", "dependent"])
def test_stated_effects_come_back(dependence: Dependence) -> None:
    simulation = simulate(seed=1, people=100, dependence=dependence)
    study = simulation.study()
    for name, model in simulation.models.items():
        frame = study.dyads(label=name, metrics=[column_of(term) for term in model.terms]).frame
        x = sm.add_constant(design(frame, model.terms))
        rng, draws, above = np.random.default_rng(1), 150, len(model.cuts) // 2
        # at any cut an ordered logit is a logit with the same slopes
        lowest = 0 if name == "friendship" else 1
        labels = [model.draw(rng) > lowest + above for _ in range(draws)]
        found = np.array([sm.Logit(label, x).fit(disp=0).params for label in labels])
        truth = np.array([-model.cuts[above], *model.terms.values()])
        error = found.std(axis=0) / np.sqrt(draws)
        assert (np.abs(found.mean(axis=0) - truth) < 3.5 * error).all(), name
        # and the check is sharp: a tenth of the larger effects would be seen
        assert (3.5 * error[1:] < 0.1).all(), name


# acts


def test_every_act_is_before_the_labels_were_asked(study_of_30) -> None:
    study = study_of_30.study()
    start, end = study.log.moments()
    asked = study.log.moment(study_of_30.asked)
    assert study_of_30.asked == str(START.astype("datetime64[D]") + 84) == "2024-04-01"
    assert study.log.moment("2024-01-08") <= start < end < asked
    for label in study.labels.values():
        assert (label.moment, label.asked) == (asked, None)


def test_acts_are_in_working_hours_and_in_order(study_of_30) -> None:
    acts = study_of_30.acts
    when = pd.to_datetime(acts["time"])
    assert when.is_monotonic_increasing
    assert when.dt.day_of_week.max() == 4
    assert when.dt.hour.min() == 8
    assert when.dt.hour.value_counts().idxmax() in (12, 13, 14)
    assert set(acts["kind"]) == {"help", "information"}
    assert 1_800 < len(acts) < 2_300


def test_replies_are_as_asked_for_and_differ_between_pairs() -> None:
    def rates(**options: float) -> pd.Series:
        study = simulate(seed=1, people=40, activity=Activity(weekly=4, **options))
        frame = study.log.dyads(metrics=["reply_rate", "acts"]).frame
        return frame.loc[frame["acts"] >= 20, "reply_rate"]

    assert rates(replies=0.2).mean() + 0.3 < rates(replies=0.8).mean()
    alike, spread = rates(spread=0), rates(spread=1)
    assert alike.mean() == pytest.approx(0.5, abs=0.05)
    assert spread.std() > 1.5 * alike.std()


def test_balance_differs_between_pairs() -> None:
    def spread_of(spread: float) -> float:
        study = simulate(seed=1, people=40, activity=Activity(weekly=4, spread=spread))
        frame = study.log.dyads(metrics=["returned_share", "acts"]).frame
        return float(frame.loc[frame["acts"] >= 20, "returned_share"].std())

    assert spread_of(1) > 1.5 * spread_of(0)


def test_depth_rises_with_acts_and_with_return() -> None:
    acts = simulate(seed=1, people=60, activity=Activity(weekly=3, duplicates=0, self_acts=0)).acts
    pair = acts[["sender", "receiver"]].min(axis=1) + acts[["sender", "receiver"]].max(axis=1)
    place = acts.groupby(pair).cumcount()
    assert acts["depth"].between(0, 1).all()
    means = [acts.loc[place == at, "depth"].mean() for at in (0, 2, 8, 24)]
    assert np.diff(means).min() > 0.03
    share = acts.groupby(pair)["sender"].transform(lambda senders: senders.value_counts(normalize=True).max())
    later = place.between(8, 24)
    assert acts.loc[later & (share < 0.6), "depth"].mean() > acts.loc[later & (share > 0.9), "depth"].mean()


def test_contact_and_volume_are_as_asked_for() -> None:
    options = Activity(contact=0.3, weekly=2.5, self_acts=0.1, duplicates=0.05, information=0.2, spread=0)
    simulation = simulate(seed=1, people=80, days=70, activity=options)
    pairs, acts = 80 * 79 / 2, simulation.acts
    assert simulation.log.dyads_in_contact / pairs == pytest.approx(0.3, abs=0.03)
    true = (~acts.duplicated() & (acts["sender"] != acts["receiver"])).sum()
    assert true / (0.3 * pairs * 10) == pytest.approx(2.5, rel=0.1)
    assert (acts["sender"] == acts["receiver"]).sum() == round(0.1 * true)
    assert acts.duplicated().sum() == round(0.05 * true)
    assert (acts["kind"] == "information").mean() == pytest.approx(0.2, abs=0.02)


def test_people_of_one_office_meet_more() -> None:
    simulation = simulate(seed=1, people=60, activity=Activity(spread=0))
    frame = simulation.study().dyads(metrics=["in_contact"]).frame
    met = frame.groupby("same_office")["in_contact"].mean()
    assert met[1.0] > 1.5 * met[0.0]


def test_a_study_of_60_people_is_made_in_a_second() -> None:
    start = time.process_time()
    simulate(seed=1, people=60)
    assert time.process_time() - start < 1


# arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"people": 3}, "people is 3; it must lie between 4 and 2,000"),
        ({"people": 30.0}, "people is 30.0; it must be a whole number"),
        ({"people": True}, "people is True; it must be a whole number"),
        ({"days": 2}, "days is 2; it must lie between 7 and 3,660"),
        ({"seed": -1}, "seed is -1; it must lie between 0 and"),
        ({"seed": None}, "seed is None; it must be a whole number"),
        ({"base_rate": 0}, "base_rate is 0; it must lie between 0.01 and 0.99"),
        ({"base_rate": float("nan")}, "base_rate is nan; it must lie"),
        ({"directed": "no"}, "directed is 'no'; it must be True or False"),
        ({"effects": {"volume": 1}}, "effects is {'volume': 1}; it must be made by Effects"),
        (
            {"effects": Effects(balance=float("inf"))},
            "effects.balance is inf; it must lie between -20 and 20",
        ),
        ({"effects": Effects(timing="high")}, "effects.timing is 'high'; it must be a number"),
        ({"activity": Activity(contact=0)}, "activity.contact is 0; it must lie between 0.01 and 1"),
        ({"activity": Activity(replies=1)}, "activity.replies is 1; it must lie between 0.01 and 0.99"),
        ({"activity": Activity(duplicates=2)}, "activity.duplicates is 2; it must lie between 0 and 1"),
        ({"dependence": Dependence(actor=-0.1)}, "dependence.actor is -0.1; it must lie between 0 and 1"),
        ({"dependence": Dependence(actor_partner=2)}, "actor_partner is 2; it must lie between -1 and 1"),
        ({"dependence": Dependence(0.6, 0.5, 0)}, "sum to 1.1; shares of variance sum to 1 at most"),
        (
            {"people": 4, "days": 7, "activity": Activity(weekly=0.01)},
            "Nobody acted: 4 people, 7 days, contact 0.4 and weekly 0.01 are too little",
        ),
    ],
)
def test_what_no_study_can_be_made_of(options: dict[str, object], message: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(message)):
        simulate(**{"seed": 1, **options})


def test_relabelling_needs_a_seed_too(study_of_30) -> None:
    with pytest.raises(ArgumentError, match=r"seed is 1\.5; it must be a whole number"):
        study_of_30.relabelled(1.5)


def test_all_of_the_variance_may_be_shared() -> None:
    labels = simulate(seed=1, dependence=Dependence(0.7, 0.2, 0.1)).labels
    assert (labels["trust"].min(), labels["trust"].max()) == (1, 5)


def test_a_root_beyond_the_ends_is_the_nearer_end() -> None:
    assert root(lambda x: x, 1e9) == 50
    assert root(lambda x: x, -1e9) == pytest.approx(-50)


# the study that comes with the package


def test_helpdesk_is_made_by_the_command_that_its_readme_states(tmp_path: Path) -> None:
    command = re.search(
        r'hs\.simulate\(people=(\d+), seed=(\d+)\)\.write\("data/helpdesk"\)',
        (PROJECT / "data" / "README.md").read_text(encoding="utf-8"),
    )
    assert command is not None
    people, seed = map(int, command.groups())
    made = bytes_of(simulate(people=people, seed=seed).write(tmp_path / "helpdesk"))
    assert made == bytes_of(PROJECT / "data" / "helpdesk")


def test_helpdesk_is_instructive() -> None:
    study = open_study(PROJECT / "data" / "helpdesk")
    assert 1_500 < len(study.log) < 2_500
    assert len(study.log.people) == 30
    frame = study.dyads(label="friendship").frame
    assert 0.2 < frame["friendship"].mean() < 0.35
    assert (PROJECT / "data" / "helpdesk" / "acts.csv").stat().st_size < 150_000

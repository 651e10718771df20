"""Evaluations of real studies: what is added, what canaries say, waves, blocks, time."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

import honestsignals as hs
from honestsignals import canaries
from honestsignals.evaluation import Evaluation
from honestsignals.study import Study
from tests.evaluations import FEW, LADDER, frame, helpdesk
from tests.shared import needs_shared, shared_path

COUNTED = ["acts", "in_contact", "returned_share", "net_giving"]
"""What a table needs for volume and balance."""


@cache
def study(name: str) -> Study:
    return hs.open_study(shared_path("datasets", name))


def flown(found: Evaluation) -> dict[tuple[str, str], float]:
    table = found.canaries()
    return {(row.folds, row.model): row.value for row in table.itertuples()}


@needs_shared
@pytest.mark.parametrize(
    ("label", "kind", "score"),
    [("acquaintance_t2", "ordinal", "somers_d"), ("friendship_t2", "binary", "auc")],
)
def test_eies_knows_who_people_are_on_random_pairs_alone(label: str, kind: str, score: str) -> None:
    """Dummies for people lift the score by a tenth and more on random pairs, and by nothing on strangers."""
    found = hs.evaluate(study("eies").dyads(label=label), folds=FEW)
    assert (found.label_type, found.score.name) == (kind, score)
    values = flown(found)
    here = values["as asked for", "volume and who they are"] - values["as asked for", "volume"]
    random = values["random pairs", "volume and who they are"] - values["random pairs", "volume"]
    assert abs(here) < 0.03
    assert random > 0.1
    assert found.canary is not None
    assert not found.canary.lifted
    # volume foretells, balance does not add to it
    assert found.gain("volume", "base rate").low > 0
    assert abs(found.added.value) < 0.03
    assert "balance adds nothing that these data can show to volume" in found.headline
    assert any(line.startswith("Timing is not judged") for line in found.facts())


@needs_shared
def test_eies_transductively_is_flattered() -> None:
    dyads = study("eies").dyads(label="friendship_t2", metrics=COUNTED)
    who = ["~ C(ego) + C(alter)"]
    random = hs.evaluate(dyads.frame, label="friendship_t2", ladder=who, folds="transductive")
    one = hs.PeopleFolds(divisions=1)
    unseen = hs.evaluate(dyads.frame, label="friendship_t2", ladder=who, folds=one)
    assert random.tidy()["auc"].iloc[1] > 0.7
    assert unseen.tidy()["auc"].iloc[1] == pytest.approx(0.5, abs=1e-9)


@needs_shared
def test_levels_by_comparison_and_classes_of_pairs() -> None:
    eies = study("eies")
    high = hs.evaluate(
        eies.dyads(label="acquaintance_t2", metrics=COUNTED), label="acquaintance_t2 >= 3", folds=FEW
    )
    assert high.label_type == "binary"
    assert high.plan.y.sum() == 204
    whole = hs.friendship_class(eies, "friendship_t2").dyads(label="friendship_t2_class", metrics=COUNTED)
    classes = hs.evaluate(whole, folds=FEW)
    assert classes.label_type == "nominal"
    assert classes.plan.level_names == ("none", "one-sided", "mutual")
    assert "Levels of friendship_t2_class: none " in str(classes)
    assert classes.score.name == "log_score"


@needs_shared
def test_blocks_of_classroom() -> None:
    dyads = study("classroom").dyads(label="friendship_level", metrics=COUNTED)
    found = hs.evaluate(dyads, folds="blocks")
    assert len(found.tested) == 2
    block = found.plan.frame["block"]
    for one in found.tested:
        assert not set(block.iloc[one.fold.train]) & set(block.iloc[one.fold.test])
    assert found.headline.startswith("In a block never seen, ")
    assert any(
        "How much blocks differ beyond chance is not in the intervals." in one for one in found.facts()
    )


@needs_shared
def test_ratings_of_bitcoin_asked_later() -> None:
    dyads = study("bitcoin_alpha").dyads(label="trust", metrics=["acts", "active_days", "in_contact"])
    found = hs.evaluate(dyads, ladder=["volume"], folds=hs.TimeFolds(cuts=2, embargo="7D"))
    asked = found.plan.frame["asked"].to_numpy()
    week = np.timedelta64(7, "D")
    assert all(asked[one.fold.train].max() < asked[one.fold.test].min() - week for one in found.tested)
    # a level that no training row had is not impossible
    assert np.isfinite(found.tidy()["log_score"]).all()
    assert found.canary is not None
    assert found.canary.lifted
    assert any(line.startswith("Mind: dummies for people add to these folds") for line in found.facts())


@needs_shared
@pytest.mark.parametrize("name", ["eies", "kapferer"])
def test_two_waves_from_the_first_to_the_second(name: str) -> None:
    """As docs/evaluation.md has it."""
    waves = []
    for wave, label in enumerate(("friendship_t1", "friendship_t2"), 1):
        rows = study(name).dyads(label=label, metrics=["acts", "in_contact", "returned_share"]).frame
        waves.append(rows.rename(columns={label: "friendship"}).assign(asked=wave))
    both = pd.concat(waves, ignore_index=True)
    ladder = {"volume": ["log1p(acts)", "in_contact"], "balance": ["returned_share"]}
    found = hs.evaluate(both, label="friendship", ladder=ladder, folds="time")
    assert len(found.tested) == 1
    assert (both["asked"].to_numpy()[found.predictions["row"]] == 2).all()
    assert found.headline.startswith("On labels asked later, ")


@needs_shared
@pytest.mark.slow
def test_copenhagen_knows_who_people_are_on_random_pairs_alone() -> None:
    metrics = ["acts", "active_days", "in_contact", "returned_share"]
    dyads = study("copenhagen").dyads(label="friendship", metrics=metrics)
    found = hs.evaluate(dyads, ladder=["volume", "balance"], folds=hs.PeopleFolds(divisions=2))
    values = flown(found)
    here = values["as asked for", "volume and who they are"] - values["as asked for", "volume"]
    random = values["random pairs", "volume and who they are"] - values["random pairs", "volume"]
    assert abs(here) < 0.01
    assert random > 0.15
    assert found.gain("volume", "base rate").low > 0.03


# canaries themselves


def test_a_canary_is_a_ridge_regression(monkeypatch) -> None:
    found = hs.evaluate(frame(), label="score", ladder=LADDER, folds=FEW)
    plan, fold = found.plan, found.plan.folds[0]
    train, test = (canaries._dummies(plan, rows).toarray() for rows in fold[2:])
    y = plan.y[fold.train]
    expected = Ridge(alpha=1.0).fit(train, y).predict(test)
    np.testing.assert_allclose(canaries._ridge(train, test, y), expected, atol=1e-10)
    thin = [canaries._dummies(plan, rows) for rows in fold[2:]]
    np.testing.assert_allclose(canaries._ridge(*thin, y), expected, atol=1e-10)
    monkeypatch.setattr(canaries, "MANY_COLUMNS", 5)
    np.testing.assert_allclose(canaries._ridge(*thin, y), expected, atol=1e-7)
    # one column for everybody where rows have no direction, else one as ego and one as alter
    assert train.shape[1] == 2 * plan.people[2]
    assert canaries._dummies(hs.evaluate(helpdesk(), ladder=["volume"]).plan, fold.test).shape[1] == 30


def test_canaries_are_scored_as_the_ladder_is() -> None:
    found = hs.evaluate(frame(), label="score", ladder={"much": ["acts"]}, folds=FEW)
    table = found.canaries()
    assert table["model"].tolist()[:4] == ["base rate", "much", "much and who they are", "who they are"]
    assert set(table["folds"]) == {"as asked for", "random pairs"}
    row = table.iloc[6]
    assert row["gain"] == pytest.approx(row["value"] - table["value"].iloc[5])
    assert row["gain_low"] < row["gain"] < row["gain_high"]
    # of one column a ridge keeps the order, so that it is scored as the regression is
    assert table["value"].iloc[1] == pytest.approx(found.tidy()["somers_d"].iloc[1], abs=1e-12)
    assert found.canaries() is not table


def test_a_step_without_columns_flies_too() -> None:
    for label in ("yes", "level", "kind", "score"):
        found = hs.evaluate(frame(), label=label, ladder=["~ 1"], folds=hs.PeopleFolds(divisions=1))
        values = flown(found)
        assert values["as asked for", "model 1"] == pytest.approx(values["as asked for", "base rate"])

"""What fresh readers found in evaluations, mended and held."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.evaluation_plan import plan
from tests.shared import needs_shared, shared_path


def settled(table, **options):
    return plan(table, None, None, folds="people", model=(None, None), admit=(), seed=1, **options)


@needs_shared
def test_the_ladder_is_the_report_s_where_nobody_acts_twice() -> None:
    """Contact gives way, so that balance is judged, and by the columns of the report's own fit."""
    table = hs.open_study(shared_path("datasets", "krackhardt")).dyads(label="friendship")
    made = settled(table)
    assert [one.name for one in made.rungs] == ["volume", "balance"]
    assert "in_contact" not in made.rungs[1].terms
    assert any("in_contact is told by who gave" in note for note in made.notes)


def unreturned(people: int = 30) -> pd.DataFrame:
    """Everybody acts at most once towards others, and nobody gives anything back."""
    rng = np.random.default_rng(0)
    ego, alter = (part.ravel() for part in np.nonzero(~np.eye(people, dtype=bool)))
    gave = (rng.random(len(ego)) < 0.3) & (ego < alter)
    frame = pd.DataFrame({"ego": ego, "alter": alter, "acts_ego": gave.astype(int), "acts_alter": 0})
    frame["returned_share"] = np.where(gave, 0.0, np.nan)
    frame["trust"] = (rng.random(len(ego)) < np.where(gave, 0.5, 0.2)).astype(int)
    return frame


def test_what_cannot_be_judged_is_not_called_nothing() -> None:
    found = hs.evaluate(unreturned(), label="trust", folds=hs.PeopleFolds(divisions=2))
    assert "Balance is not judged" in found.headline
    assert "adds nothing" not in found.headline
    again = hs.evaluate(
        unreturned(),
        label="trust",
        ladder={"volume": ["acts_ego"], "more": ["square(acts_ego)"]},
        folds=hs.PeopleFolds(divisions=2),
    )
    assert "nothing is judged" in again.headline
    assert "just as volume does" in again.headline


def test_the_lot_of_divisions_and_bad_probabilities_are_said() -> None:
    rng = np.random.default_rng(3)
    ego, alter = np.triu_indices(14, 1)
    noise = {f"x{i}": rng.normal(size=len(ego)) for i in range(12)}
    frame = pd.DataFrame({"ego": ego, "alter": alter, **noise})
    frame["trust"] = (rng.random(len(ego)) < 0.3).astype(int)
    steps = {"volume": ["x0"], "much": [f"x{i}" for i in range(1, 12)]}
    found = hs.evaluate(frame, label="trust", ladder=steps, folds=hs.PeopleFolds(divisions=6))
    text = "\n".join(found.facts())
    assert "another seed's divisions would move it by" in text
    assert "probabilities of volume and much are worse than the base rate's" in text or (
        "probabilities of much are worse than the base rate's" in text
    )
    few = hs.evaluate(frame, label="trust", ladder=steps, folds=hs.PeopleFolds(divisions=2))
    assert "another seed" not in "\n".join(few.facts())


def test_nothing_is_claimed_of_a_handful_of_events() -> None:
    rng = np.random.default_rng(0)
    ego, alter = (part.ravel() for part in np.nonzero(~np.eye(30, dtype=bool)))
    frame = pd.DataFrame(
        {"ego": ego, "alter": alter, "x": rng.normal(size=len(ego)), "z": rng.normal(size=len(ego))}
    )
    frame["y"] = 0
    frame.loc[rng.choice(len(ego), 12, replace=False), "y"] = 1
    found = hs.evaluate(frame, label="y", ladder={"v": ["x"], "w": ["z"]}, folds=hs.PeopleFolds(divisions=4))
    assert "12 rows with the rarer y are too few to judge w beside v" in found.headline
    frame["y"] = (rng.random(len(ego)) < 0.3).astype(int)
    more = hs.evaluate(frame, label="y", ladder={"v": ["x"], "w": ["z"]}, folds=hs.PeopleFolds(divisions=4))
    assert "too few" not in more.headline


def test_beside_a_step_that_says_nothing_intervals_are_even() -> None:
    """There a gain is no square: a leaning lower end was above 0 in .17 of 100 studies without a gain."""
    rng = np.random.default_rng(7002)
    ego, alter = (part.ravel() for part in np.nonzero(~np.eye(30, dtype=bool)))
    gives, gets, sends, takes = rng.normal(size=(4, 30))
    odds = -1 + gives[ego] + gets[alter]
    frame = pd.DataFrame({"ego": ego, "alter": alter, "x": rng.normal(size=len(ego))})
    frame["z"] = sends[ego] + takes[alter] + rng.normal(size=len(ego))
    frame["y"] = (rng.random(len(ego)) < 1 / (1 + np.exp(-odds))).astype(int)
    steps = {"v": ["x"], "w": ["z"]}
    nothing = hs.evaluate(frame, label="y", ladder=steps)
    found = nothing.gain("w", "v")
    assert not nothing._tells(1)[0]
    assert found.high - found.value == pytest.approx(found.value - found.low)
    told = (rng.random(len(ego)) < 1 / (1 + np.exp(-(frame["x"] + frame["z"] / 2 - 1)))).astype(int)
    assert hs.evaluate(frame.assign(y=told), label="y", ladder=steps)._tells(1)[0]


def test_an_undefined_column_enters_with_an_indicator() -> None:
    """Far from 0, the constant that stands for undefined would be a value among others, and spoil the slope."""
    rng = np.random.default_rng(0)
    ego, alter = np.nonzero(~np.eye(30, dtype=bool))
    x = rng.normal(size=len(ego))
    rows = pd.DataFrame({"ego": ego, "alter": alter, "acts": rng.poisson(3, len(ego))})
    rows["q"] = np.where(rng.random(len(ego)) < 0.3, np.nan, 50 + x)
    rows["y"] = (rng.random(len(ego)) < 1 / (1 + np.exp(-x))).astype(int)
    listed = hs.evaluate(rows, label="y", ladder={"volume": ["acts"], "q": ["q"]}, seed=1)
    formula = hs.evaluate(
        rows, label="y", ladder={"volume": "~ acts", "q": "~ acts + known(q) + undefined(q)"}, seed=1
    )
    constant = hs.evaluate(rows, label="y", ladder={"volume": ["acts"], "q": ["known(q)"]}, seed=1)
    assert listed.tidy()["auc"].tolist() == formula.tidy()["auc"].tolist()
    assert listed.gain("q", "volume").value > constant.gain("q", "volume").value + 0.1
    assert len(listed.plan.y) == len(rows)


def test_slopes_beside_an_indicator_are_those_of_listwise_deletion() -> None:
    rng = np.random.default_rng(1)
    ego, alter = np.nonzero(~np.eye(12, dtype=bool))
    rows = pd.DataFrame({"ego": ego, "alter": alter, "y": rng.normal(size=len(ego))})
    rows["q"] = np.where(rng.random(len(ego)) < 0.3, np.nan, 50 + rng.normal(size=len(ego)))
    both = hs.fit("y ~ known(q) + undefined(q)", rows, family="gaussian")
    alone = hs.fit("y ~ q", rows, family="gaussian")
    np.testing.assert_allclose(both.estimate.beta[:2], alone.estimate.beta, rtol=1e-10)
    assert both.model.rows.size == len(rows) > alone.model.rows.size

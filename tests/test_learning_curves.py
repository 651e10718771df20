"""Learning curves: the same tests, fewer and fewer people to learn from, nested and by the seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.linear_model import Ridge

import honestsignals as hs
from honestsignals import figures, learning_curves
from honestsignals.errors import ArgumentError, FitError
from honestsignals.evaluation_plan import Plan, plan
from honestsignals.learning_curves import learning_curve

FOLDS = hs.PeopleFolds(divisions=2)
MANY = hs.PeopleFolds(divisions=10)
LADDER = {"volume": ["acts"], "more": ["x"]}


def made(n: int = 18, seed: int = 0) -> pd.DataFrame:
    """Ordered pairs asked at some time in some block; acts tell of the label, x a little."""
    draws = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": draws.poisson(2.0, len(ego))})
    frame["x"] = draws.normal(size=len(ego))
    frame["asked"] = draws.integers(0, 30, len(ego))
    latent = frame["acts"] - 2 + 0.5 * frame["x"]
    frame["z"] = latent + draws.normal(size=len(ego))
    frame["y"] = (latent + draws.logistic(size=len(ego)) > 0).astype(int)
    return frame


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return made()


def settled(table, ladder=None, label: str = "y", folds=FOLDS, model=(None, None)) -> Plan:
    return plan(table, label, ladder or LADDER, folds=folds, model=model, admit=(), seed=0)


def test_at_the_right_it_is_the_evaluation(frame: pd.DataFrame) -> None:
    found = hs.evaluate(frame, label="y", ladder=LADDER, folds=MANY)
    curve = found.learning_curve(shares=(0.5, 1.0))
    right = curve.tidy().query("share == 1").reset_index(drop=True)
    whole = found.tidy()
    scores = [one.name for one in found.scores.scores]
    for name in scores:
        ends = [name, f"{name}_low", f"{name}_high"]
        pd.testing.assert_frame_equal(right[ends], whole[ends], rtol=1e-12)
    gains = [name for name in whole.columns if "_gain" in name]
    pd.testing.assert_frame_equal(right.loc[2:, gains], whole.loc[2:, gains], rtol=1e-12)
    assert right.loc[:1, gains].isna().all(axis=None), (
        "nothing is gained over the step that others are held to"
    )
    assert str(curve).startswith("Trained on 9 people in place of 5, more foretells y")
    assert set(curve.shown().columns) >= {"step", "share", "people", "rows", "auc", "auc_gain"}


def test_smaller_shares_are_within_larger_ones(frame: pd.DataFrame, monkeypatch) -> None:
    seen: list = []
    whole = learning_curves.foretold

    def watched(ready, fold, held):
        seen.append(fold)
        return whole(ready, fold, held)

    monkeypatch.setattr(learning_curves, "foretold", watched)
    ready = settled(frame, folds=hs.PeopleFolds(divisions=2))
    shares = (1.0, 0.3, 0.6)
    found = learning_curve(ready, shares=shares).tidy()
    ego, alter, _ = ready.people
    by_fold: dict = {}
    for fold in seen:
        by_fold.setdefault((fold.division, fold.fold), []).append(fold)
    for fold in ready.folds:
        small, middle, large = by_fold[fold.division, fold.fold]
        np.testing.assert_array_equal(large.train, fold.train)
        people = [set(ego[one.train]) | set(alter[one.train]) for one in (small, middle, large)]
        assert people[0] < people[1] < people[2]
        for one, those in zip((small, middle), people, strict=False):
            np.testing.assert_array_equal(one.test, fold.test)
            inside = np.isin(ego[fold.train], list(those)) & np.isin(alter[fold.train], list(those))
            np.testing.assert_array_equal(one.train, fold.train[inside]), "every pair among them"
        assert [len(one) for one in people] == [3, 6, 9]
    volume = found.query("step == 'volume'")
    assert volume["share"].tolist() == [0.3, 0.6, 1.0]
    assert volume["people"].tolist() == [3, 6, 9]
    assert volume["rows"].tolist() == [6, 30, 72]
    assert found["step"].tolist() == ["base rate"] * 3 + ["volume"] * 3 + ["more"] * 3


def test_more_people_foretell_better() -> None:
    curve = learning_curve(settled(made(30, 1), folds=MANY), shares=(0.2, 1.0))
    few, many = curve.tidy().query("step == 'more'")["log_score"]
    assert many > few
    assert curve.headline.startswith("Trained on 15 people in place of 3, more foretells y better: AUC")


def test_the_same_seed_gives_the_same_whatever_the_order_of_rows(frame: pd.DataFrame) -> None:
    first = learning_curve(settled(frame), shares=(0.5, 1.0), seed=3).tidy()
    pd.testing.assert_frame_equal(
        learning_curve(settled(frame), shares=(1.0, 0.5, 0.5), seed=3).tidy(), first
    )
    other = learning_curve(settled(frame), shares=(0.5, 1.0), seed=4).tidy()
    assert not first.query("share < 1").equals(other.query("share < 1"))
    pd.testing.assert_frame_equal(first.query("share == 1"), other.query("share == 1"))
    mixed = settled(frame.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(learning_curve(mixed, shares=(0.5, 1.0), seed=3).tidy(), first, rtol=1e-8)
    alone = learning_curve(settled(frame), shares=(0.5,), seed=3).tidy()
    pd.testing.assert_frame_equal(alone, first.query("share < 1").reset_index(drop=True))


def test_one_step_is_held_against_the_base_rate(frame: pd.DataFrame) -> None:
    curve = learning_curve(settled(frame, {"volume": ["acts"]}), shares=(1.0,))
    row = curve.tidy().iloc[1]
    assert row["auc_gain"] == pytest.approx(row["auc"] - 0.5)
    assert "Gains are over base rate" in str(curve)
    assert curve.headline.startswith("Trained on 9 people, volume foretells y: AUC 0.")


@pytest.mark.parametrize(
    "folds",
    [hs.TimeFolds(cuts=3), hs.PeopleTimeFolds(divisions=3), hs.BlockFolds(), hs.PairFolds(divisions=1),
     hs.PeopleFolds(divisions=2, pairs="across")],
    ids=repr,
)  # fmt: skip
def test_other_folds_have_curves_too(frame: pd.DataFrame, folds) -> None:
    table = frame
    if isinstance(folds, hs.BlockFolds):
        table = frame[frame["ego"] // 6 == frame["alter"] // 6]
        table = table.assign(block=table["ego"] // 6)
    found = learning_curve(settled(table, folds=folds), shares=(0.5, 1.0)).tidy()
    volume = found.query("step == 'volume'")
    assert volume["people"].is_monotonic_increasing
    assert volume["rows"].iloc[0] < volume["rows"].iloc[1]
    assert np.isfinite(volume["log_score"]).all()


def test_other_labels_and_learners(frame: pd.DataFrame) -> None:
    numbers = settled(frame, label="z", model=(Ridge(), None))
    found = learning_curve(numbers, shares=(0.5, 1.0)).tidy()
    assert found.query("step == 'more'")["rmse_gain"].gt(0).all(), "a fall of rmse is a gain"
    levels = frame.assign(
        y=pd.Categorical(pd.cut(frame["z"], [-99, -1, 1, 99], labels=["no", "some", "much"]))
    )
    words = learning_curve(settled(levels, folds=hs.PeopleFolds(divisions=2)), shares=(0.5, 1.0))
    assert words.score.name == "somers_d"
    made_within = settled(frame, ["~ scale(acts) + decompose(x)"], folds=hs.PeopleFolds(divisions=2))
    assert made_within.columns[0].X is None
    assert np.isfinite(learning_curve(made_within, shares=(0.8, 1.0)).tidy()["auc"]).all()


def test_folds_that_cannot_be_trained_are_counted(frame: pd.DataFrame) -> None:
    """Few pairs: among a share of the people there may be none."""
    some = frame.sample(n=60, random_state=2)
    curve = learning_curve(settled(some, folds=MANY), shares=(0.25, 1.0))
    small, large = curve.tidy().query("step == 'volume'")["folds"]
    assert small < large == 20
    assert f"At share 0.25, {large - small} of {large} folds could not be trained and do not count" in str(
        curve
    )
    assert "no pair is among" in str(curve)
    with pytest.raises(FitError, match=r"At a share of 0\.01 of the people no fold can be trained: no pair"):
        learning_curve(settled(some, folds=MANY), shares=(0.01,))


def test_training_rows_of_one_label_are_counted(frame: pd.DataFrame) -> None:
    rare = frame.assign(y=((frame["ego"] + frame["alter"]) % 11 == 0).astype(int))
    curve = learning_curve(settled(rare), shares=(0.25, 1.0))
    assert "nothing could be learnt there" in str(curve)
    assert np.isfinite(curve.tidy()["auc"]).all()


def test_it_can_be_drawn_and_written(frame: pd.DataFrame, tmp_path) -> None:
    curve = learning_curve(settled(frame), shares=(0.5, 1.0))
    axes = figures.learning_curve(curve, Figure().subplots())
    assert axes.get_ylabel() == "AUC"
    line = next(one for one in axes.lines if len(one.get_xdata()) == 2)
    assert list(line.get_xdata()) == [5.0, 9.0]
    curve.to_csv(tmp_path / "curve.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "curve.csv"), curve.tidy(), check_dtype=False)
    assert "smaller shares within larger ones" in curve.to_markdown()


@pytest.mark.parametrize("shares", [(), 0.5, "1", (0.0, 1.0), (1.5,), (True,), ("half",), (np.nan,), (-0.5,)])
def test_shares_are_above_nothing_and_up_to_all(frame: pd.DataFrame, shares) -> None:
    with pytest.raises(ArgumentError, match="it must be a list of numbers above 0 and up to 1"):
        learning_curve(settled(frame), shares=shares)


def test_the_seed_is_checked(frame: pd.DataFrame) -> None:
    with pytest.raises(ArgumentError, match="seed is -3"):
        learning_curve(settled(frame), seed=-3)

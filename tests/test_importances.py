"""Importance: pairs change places whole, and what a model ignores is not missed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

import honestsignals as hs
from honestsignals.errors import ArgumentError, FitError, UnknownNameError
from honestsignals.evaluation_plan import Plan, plan
from honestsignals.fold_scores import base_of, held_of, learnt, predict_folds, scored, scores_for
from honestsignals.importances import ALL, importance
from honestsignals.inference.dealing import dealt_anew, drop_of, places_of, staying
from honestsignals.inference.scores import brier
from tests.shared import PROJECT

FOLDS = hs.PeopleFolds(divisions=3)


def settled(table, ladder, label: str | None = None, folds=FOLDS, model=None) -> Plan:
    return plan(table, label, ladder, folds=folds, model=(model, None), admit=(), seed=0)


def made(n: int = 24, seed: int = 0) -> pd.DataFrame:
    """Ordered pairs whose label hangs on a much, on b a little, and on noise not at all."""
    draws = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    people = draws.normal(size=(2, n))
    frame = pd.DataFrame({"ego": ego + 100, "alter": alter + 100})
    frame["a"] = people[0][ego] + draws.normal(size=len(ego))
    frame["b"] = people[1][alter] + draws.normal(size=len(ego))
    frame["noise"] = draws.normal(size=len(ego))
    frame["share"] = np.where(frame["noise"] > 0, draws.random(len(ego)), np.nan)
    frame["y"] = (1.5 * frame["a"] + 0.5 * frame["b"] + draws.logistic(size=len(ego)) > 0).astype(int)
    return frame


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return made()


# pairs change places


def some_rows(seed: int, ordered: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of pairs: some one-sided, some several times over, of two kinds."""
    draws = np.random.default_rng(seed)
    ego, alter = draws.integers(0, 9, (2, 60))
    keep = ego != alter
    ego, alter = ego[keep], alter[keep]
    if not ordered:
        ego, alter = np.minimum(ego, alter), np.maximum(ego, alter)
    return ego, alter, draws.integers(0, 2, len(ego))


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_pairs_keep_together_and_go_where_they_fit(seed: int, ordered: bool) -> None:
    ego, alter, kind = some_rows(seed, ordered)
    places = places_of(ego, alter, kind, ordered=ordered)
    pair = [tuple(sorted(both)) for both in zip(ego.tolist(), alter.tolist(), strict=True)]
    for draw in range(5):
        source = dealt_anew(places, np.random.default_rng(draw))
        np.testing.assert_array_equal(np.sort(source), np.arange(len(ego)))
        np.testing.assert_array_equal(kind[source], kind)
        givers: dict[tuple[int, int], set[tuple[int, int]]] = {}
        turned: dict[tuple[int, int], set[bool]] = {}
        for row, giver in enumerate(source):
            givers.setdefault(pair[row], set()).add(pair[giver])
            way = (ego[row] < alter[row]) == (ego[giver] < alter[giver])
            turned.setdefault(pair[row], set()).add(bool(way))
        assert all(len(one) == 1 for one in givers.values()), "a pair gets the rows of one pair"
        if ordered:
            assert all(len(one) == 1 for one in turned.values()), "all the same way round, or all turned"
    counts = pd.Series(pair).value_counts()
    assert staying(places) >= counts[counts == counts.max()].sum() * (counts.eq(counts.max()).sum() == 1)


def test_every_pair_may_go_everywhere_and_either_way() -> None:
    ego, alter = np.nonzero(~np.eye(4, dtype=bool))
    places = places_of(ego, alter, np.zeros(12, dtype=int), ordered=True)
    draws = np.random.default_rng(0)
    seen = np.zeros((12, 12))
    for _ in range(6_000):
        seen[np.arange(12), dealt_anew(places, draws)] += 1
    assert np.abs(seen / 6_000 - 1 / 12).max() < 0.02


def test_where_rows_stand_does_not_matter() -> None:
    ego, alter, kind = some_rows(1, True)
    once = ~pd.DataFrame({"ego": ego, "alter": alter}).duplicated().to_numpy()
    ego, alter, kind = ego[once], alter[once], kind[once]
    order = np.random.default_rng(5).permutation(len(ego))
    source = dealt_anew(places_of(ego, alter, kind, ordered=True), np.random.default_rng(3))
    again = dealt_anew(
        places_of(ego[order], alter[order], kind[order], ordered=True), np.random.default_rng(3)
    )
    np.testing.assert_array_equal(order[again], source[order])


def test_rows_of_a_pair_go_in_the_order_of_time() -> None:
    ego, alter, when = np.array([0, 0, 2, 2]), np.array([1, 1, 3, 3]), np.array([5, 1, 2, 9])
    places = places_of(ego, alter, np.zeros(4, dtype=int), ordered=True, order=when)
    dealt = {tuple(dealt_anew(places, np.random.default_rng(seed)).tolist()) for seed in range(20)}
    assert dealt == {(0, 1, 2, 3), (3, 2, 1, 0)}


def test_the_derivative_of_a_drop_is_that_of_all_ways_to_deal() -> None:
    """The mean over many deals of what rows move a drop by, beside the derivative of all n² combinations."""
    draws = np.random.default_rng(2)
    n = 9
    kept, given, y = draws.normal(size=n), draws.normal(size=n), draws.integers(0, 2, n).astype(float)
    loss = (y[:, None] - 1 / (1 + np.exp(-kept[:, None] - given))) ** 2
    every = (loss.mean(axis=1) + loss.mean(axis=0) - 2 * loss.mean()) / n
    own = (np.diag(loss) - np.diag(loss).mean()) / n

    def judged(source: np.ndarray):
        return brier(y, 1 / (1 + np.exp(-kept - given[source])))

    deals = [draws.permutation(n) for _ in range(8_000)]
    found = drop_of(judged(np.arange(n)), [(judged(one), one) for one in deals], higher=False)
    assert found.value == pytest.approx(loss.mean() - np.diag(loss).mean(), abs=2e-3)
    np.testing.assert_allclose(found.influence, every - own, atol=1.5e-3)
    assert found.influence.sum() == pytest.approx(0.0, abs=1e-12)


# importance


def test_it_is_the_loss_on_the_same_folds(frame: pd.DataFrame) -> None:
    """Beside plain loops over folds and deals."""
    ready = settled(frame, {"one": ["a"], "two": ["b", "noise"]}, "y")
    found = importance(ready, repeats=2, seed=4).tidy().set_index("family")
    judge, drops = scores_for(ready.task)[0], []
    for fold in ready.folds:
        model = learnt(ready, 1, fold, held_of(ready)[1])
        y, base = ready.y[fold.test], base_of(ready.y[fold.train], ready.task)
        draws = np.random.default_rng(np.random.SeedSequence(4, spawn_key=(fold.division, fold.fold, 0)))
        ego, alter, _ = ready.people
        places = places_of(ego[fold.test], alter[fold.test], np.zeros(len(y), dtype=int), ordered=True)
        for _ in range(2):
            X = model.tested.copy()
            X[:, 0] = X[dealt_anew(places, draws), 0]
            drops.append(
                judge.function(y, model.predict(model.tested), base).value
                - judge.function(y, model.predict(X), base).value
            )
    assert found.loc["a", "drop"] == pytest.approx(np.mean(drops), abs=1e-12)
    means = scored(
        ready.y, predict_folds(ready, lambda _: None, ready.folds), [judge], ready.people[:2]
    ).mean()
    np.testing.assert_allclose(found["whole"], means[-1, 0], rtol=1e-12)
    np.testing.assert_allclose(found["dealt"], found["whole"] - found["drop"], rtol=1e-12)


def test_what_matters_is_missed(frame: pd.DataFrame) -> None:
    result = importance(settled(frame, {"one": ["a"], "two": ["b", "noise"]}, "y"))
    found = result.tidy().set_index("family")
    assert found.index.tolist() == ["a", "b", "noise", ALL]
    assert found.loc["a", "drop"] > 3 * found.loc["b", "drop"] > 0
    assert found.loc["a", "low"] > 0
    assert found.loc["noise", "low"] <= 0 <= found.loc["noise", "high"] or found.loc["noise", "high"] < 0.01
    assert found.loc[ALL, "dealt"] == pytest.approx(0.5, abs=0.03)
    np.testing.assert_allclose(found["share"], found["drop"] / found.loc[ALL, "drop"])
    assert result.headline.startswith("Of the step two, a is missed most in foretelling y: dealt anew")
    assert "drops do not add up" in str(result)
    assert "a is missed most" in result.to_markdown()


def test_what_a_model_ignores_is_not_missed_at_all(frame: pd.DataFrame) -> None:
    """A column that is 0 in every training row has no slope: its drop is nothing, with no error."""
    ready = settled(frame.assign(c=0.0), {"all": ["a", "c"]}, "y")
    row = importance(ready).tidy().set_index("family").loc["c"]
    assert (row["drop"], row["low"], row["high"]) == (0.0, 0.0, 0.0)


def test_undefined_stays_undefined(frame: pd.DataFrame) -> None:
    """Dealt among pairs that have a share, a column of noise that says who has one is not missed."""
    table = frame.assign(y=(frame["share"].notna() ^ (np.arange(len(frame)) % 7 == 0)).astype(int))
    row = importance(settled(table, {"share": ["share"]}, "y")).tidy().set_index("family")
    assert row.loc[ALL, "drop"] > 0.2
    assert abs(row.loc["share", "drop"]) < 0.05


@pytest.mark.parametrize("label", ["friendship", "trust"])
def test_families_are_those_of_the_table_and_steps_those_of_the_ladder(label: str) -> None:
    ready = settled(hs.open_study(PROJECT / "data" / "helpdesk").dyads(label=label), None)
    families = importance(ready, repeats=1).tidy()
    assert families["family"].tolist() == ["volume", "balance", "turns", "rhythm", "timing", ALL]
    steps = importance(ready, repeats=1, by="step").tidy()
    assert steps["family"].tolist() == ["volume", "balance", "timing", ALL]
    assert set(steps["columns"].iloc[2].split(", ")) == {"alternation", "burstiness", "reply_rate"}
    np.testing.assert_allclose(families["whole"].iloc[0], steps["whole"].iloc[0])
    assert set(families["score"]) == {"auc" if label == "friendship" else "somers_d"}


@pytest.mark.parametrize(
    "formula",
    [
        "~ scale(a) + b",
        "~ poly(a, 2) + b",
        "~ decompose(a) + b",
        "~ decompose(a, effects) + scale(b)",
        "~ bs(a, df=4, extrapolation='clip') + b",
    ],
)
def test_columns_that_are_made_within_folds_are_dealt_too(frame: pd.DataFrame, formula: str) -> None:
    ready = settled(frame, [formula], "y", folds=hs.PeopleFolds(divisions=1))
    assert ready.columns[0].X is None
    found = importance(ready, repeats=2).tidy().set_index("family")
    assert set(found.index) == {"a", "b", ALL}
    assert found.loc["a", "drop"] > found.loc["b", "drop"]


def test_shrunk_shares_are_dealt_too() -> None:
    table = hs.open_study(PROJECT / "data" / "helpdesk").dyads(label="trust")
    ready = settled(
        table, {"chance": ["log1p(acts_ego)", "give_share_shrunk"]}, folds=hs.PeopleFolds(divisions=1)
    )
    assert ready.columns[0].X is None
    assert importance(ready, repeats=1).tidy()["family"].tolist() == ["volume", "chance", ALL]


def test_a_product_moves_with_either_of_its_families(frame: pd.DataFrame) -> None:
    ready = settled(frame, {"both": ["a:b"]}, "y")
    found = importance(ready, repeats=1, seed=1).tidy().set_index("family")
    assert found["columns"].tolist() == ["a", "b", "a, b"]
    only = settled(frame.assign(ab=frame["a"] * frame["b"]), {"both": ["ab"]}, "y")
    np.testing.assert_allclose(found.loc["a", "drop"], importance(only, repeats=1, seed=1).tidy()["drop"][0])


def test_other_scores_and_other_labels(frame: pd.DataFrame) -> None:
    ready = settled(frame, {"a": ["a"], "b": ["b"]}, "y")
    for score in ("brier", "log_score"):
        found = importance(ready, score=score).tidy().set_index("family")
        assert set(found["score"]) == {score}
        assert found.loc["a", "drop"] > found.loc["b", "drop"] > 0, (
            "a loss is positive, whichever way it runs"
        )
        worse = found["dealt"] - found["whole"]
        assert (worse > 0).all() if score == "brier" else (worse < 0).all()
    number = settled(frame.assign(z=2 * frame["a"] + frame["b"]), {"a": ["a"], "b": ["b"]}, "z")
    assert importance(number).tidy().set_index("family").loc["a", "drop"] > 0.5
    forest = RandomForestClassifier(n_estimators=10)
    boxes = settled(frame, {"a": ["a", "noise"]}, "y", folds=hs.PeopleFolds(divisions=1), model=forest)
    assert importance(boxes, repeats=2).tidy().set_index("family").loc["a", "drop"] > 0.1


def test_the_same_seed_gives_the_same_and_rows_may_stand_in_any_order(frame: pd.DataFrame) -> None:
    ladder = {"a": ["a"], "b": ["b", "known(share)"]}
    first = importance(settled(frame, ladder, "y"), repeats=2, seed=9).tidy()
    pd.testing.assert_frame_equal(importance(settled(frame, ladder, "y"), repeats=2, seed=9).tidy(), first)
    assert not first.equals(importance(settled(frame, ladder, "y"), repeats=2, seed=8).tidy())
    mixed = frame.sample(frac=1, random_state=3)
    again = importance(settled(mixed, ladder, "y"), repeats=2, seed=9).tidy()
    pd.testing.assert_frame_equal(again, first, rtol=1e-9)
    renamed = frame.assign(
        **{end: "p" + frame[end].astype(str) for end in ("ego", "alter")}, b=frame["b"] * 60
    )
    pd.testing.assert_frame_equal(
        importance(settled(renamed, ladder, "y"), repeats=2, seed=9).tidy(), first, rtol=1e-6
    )


def test_the_labels_of_unordered_pairs_may_be_told_either_way(frame: pd.DataFrame) -> None:
    table = hs.open_study(PROJECT / "data" / "helpdesk").dyads(label="friendship")
    turned = table.frame.rename(columns={"ego": "alter", "alter": "ego"})
    ladder = {"acts": ["log1p(acts)"], "share": ["known(returned_share)"]}
    first = importance(settled(table, ladder), repeats=1).tidy()
    again = importance(settled(replace(table, frame=turned), ladder), repeats=1).tidy()
    pd.testing.assert_frame_equal(again, first, rtol=1e-9)


def test_few_alike_are_said(frame: pd.DataFrame) -> None:
    some = frame[(frame["ego"] < frame["alter"]) | (np.arange(len(frame)) % 40 == 0)]
    notes = importance(settled(some, {"a": ["a"]}, "y"), repeats=1).notes
    assert any("of a pair that has no like in its fold: they keep their columns" in note for note in notes)


def test_folds_without_a_score_are_said(frame: pd.DataFrame) -> None:
    rare = frame.assign(y=((frame["ego"] == 101) & (frame["a"] > 0)).astype(int))
    result = importance(settled(rare, {"a": ["a"]}, "y"), repeats=1)
    assert "AUC is undefined in the other folds" in str(result)
    with pytest.raises(FitError, match="AUC is undefined in every fold"):
        importance(settled(rare, {"a": ["a"]}, "y", folds=OneFold()), repeats=1)


class OneFold:
    """Tests pairs among people none of whom has the rare label."""

    def split(self, X, y=None, groups=None):
        inside = (X["ego"] > 110) & (X["alter"] > 110)
        yield np.flatnonzero(~inside), np.flatnonzero(inside)

    def get_n_splits(self, X=None, y=None, groups=None):
        return 1


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"repeats": 0}, ArgumentError, r"repeats is 0; it must be a whole number from 1 on"),
        ({"repeats": 2.5}, ArgumentError, r"repeats is 2\.5; it must be"),
        ({"repeats": True}, ArgumentError, r"repeats is True; it must be"),
        ({"by": "metric"}, ArgumentError, r"by is 'metric'; it must be one of 'family'"),
        ({"score": "aux"}, UnknownNameError, r"score 'aux'\. Did you mean 'auc'"),
        ({"score": "calibration_slope"}, UnknownNameError, r"score 'calibration_slope'"),
        ({"seed": -1}, ArgumentError, r"seed is -1"),
    ],
)
def test_what_cannot_be_asked(frame: pd.DataFrame, asked, error, said: str) -> None:
    with pytest.raises(error, match=said):
        importance(settled(frame, {"a": ["a"]}, "y"), **asked)

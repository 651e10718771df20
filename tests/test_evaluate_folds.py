"""Folds of every kind, what learns in them, and that nothing of the tested rows is in the training."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import honestsignals as hs
from honestsignals.errors import ArgumentError, DesignError, FitError
from honestsignals.evaluation import Evaluation
from honestsignals.evaluation_plan import FOLDS, folds_of
from tests.evaluations import FEW, LADDER, frame, helpdesk, of_frame, the_same

TWO = hs.PeopleFolds(divisions=1)


def evaluated(rows: pd.DataFrame | None = None, **asked) -> Evaluation:
    given = {"label": "yes", "ladder": LADDER, "folds": TWO} | asked
    return hs.evaluate(frame() if rows is None else rows, **given)


def known_people(found: Evaluation) -> list[tuple[int, int]]:
    """Of every fold, the fewest and most people of a tested row who were in training."""
    ego, alter, _ = found.plan.people
    counts = []
    for one in found.tested:
        trained = set(ego[one.fold.train]) | set(alter[one.fold.train])
        tested = zip(ego[one.fold.test], alter[one.fold.test], strict=True)
        known = [(a in trained) + (b in trained) for a, b in tested]
        counts.append((min(known), max(known)))
    return counts


def with_blocks() -> pd.DataFrame:
    rows = frame()
    block = rows["ego"].str[1:].astype(int) % 3
    return rows.assign(block=block)[block == rows["alter"].str[1:].astype(int) % 3]


# folds by name


@pytest.mark.parametrize("name", FOLDS)
def test_every_name_of_folds(name: str) -> None:
    rows = with_blocks() if name == "blocks" else frame()
    found = evaluated(rows, folds=name, ladder=["acts"])
    counts = known_people(found)
    strangers = {"people": 0, "blocks": 0, "people and time": 0, "across": 1}
    if name in strangers:
        assert counts == [(strangers[name],) * 2] * len(found.tested)
    else:
        assert max(most for _, most in counts) == 2
    place = {
        "people": "On people never seen, ",
        "across": "On pairs with one known person, ",
        "time": "On labels asked later, ",
        "people and time": "On people never seen, asked later, ",
        "blocks": "In a block never seen, ",
        "transductive": "Transductively, on random pairs of known people, ",
    }
    assert found.headline.startswith(place[name])
    assert found.canary is not None
    assert found.canary.strangers == (strangers.get(name) == 0)
    assert ("random pairs" in set(found.canaries()["folds"])) == (name != "transductive")
    assert getattr(found.plan.splitter, "estimand", "") in found.estimand
    if "time" in name:
        asked = rows["asked"].to_numpy()
        assert all(asked[one.fold.train].max() < asked[one.fold.test].min() for one in found.tested)


def test_an_embargo_keeps_a_gap() -> None:
    found = evaluated(folds=hs.TimeFolds(cuts=2, embargo=5), ladder=["acts"])
    asked = frame()["asked"].to_numpy()
    assert len(found.tested) == 2
    assert all(asked[one.fold.train].max() < asked[one.fold.test].min() - 5 for one in found.tested)
    told = next(line for line in found.facts() if "fold by fold" in line)
    assert told.startswith("Gain of acts over base rate, fold by fold: ")
    assert "stretches of time" in told


def test_two_waves_train_on_the_first_and_test_on_the_second() -> None:
    rows = frame()
    waves = pd.concat([rows.assign(wave=1), frame(2).assign(wave=2)], ignore_index=True)
    found = evaluated(waves, folds=hs.TimeFolds(cuts=1, column="wave"))
    assert len(found.tested) == 1
    assert (waves["wave"].to_numpy()[found.tested[0].fold.train] == 1).all()
    assert (waves["wave"].to_numpy()[found.predictions["row"]] == 2).all()


def test_folds_of_scikit_learn_and_what_the_canary_says_of_them() -> None:
    found = evaluated(folds=KFold(5, shuffle=True, random_state=1))
    assert found.headline.startswith("On the folds given, ")
    assert found.canary is not None
    assert not found.canary.strangers
    assert "KFold(n_splits=5, random_state=1, shuffle=True)" in found.folds
    for splitter in (LeaveOneGroupOut(), GroupKFold(3), ShuffleSplit(3, random_state=0)):
        scored = evaluated(folds=splitter, ladder=["acts"])
        assert np.isfinite(scored.tidy()["auc"]).all()
    # groups are the ids of ego
    ego = frame()["ego"].to_numpy()
    one = evaluated(folds=LeaveOneGroupOut(), ladder=["acts"])
    assert all(len(set(ego[fold.fold.test])) == 1 for fold in one.tested)


def test_folds_that_know_the_people_are_told_by_the_canary() -> None:
    """Labels that hang on people alone: random rows know the people, and the headline stands corrected."""
    rows = frame()
    draws = np.random.default_rng(3)
    own = dict(zip(sorted(set(rows["ego"])), 3 * draws.normal(size=18), strict=True))
    latent = rows["ego"].map(own) + rows["alter"].map(own) + draws.logistic(size=len(rows))
    rows["yes"] = (latent > 0).astype(int)
    random = evaluated(rows, folds=KFold(5, shuffle=True, random_state=1))
    assert random.canary is not None
    assert random.canary.lifted
    assert any(line.startswith("Mind: dummies for people add to these folds") for line in random.facts())
    table = random.canaries().set_index(["folds", "model"])["value"]
    assert table["as asked for", "who they are"] > table["as asked for", "much"] + 0.15
    unseen = evaluated(rows, folds=FEW)
    assert unseen.canary is not None
    assert not unseen.canary.lifted
    assert not any("Mind" in line for line in unseen.facts())
    told = unseen.canaries().set_index(["folds", "model"])["value"]
    assert told["as asked for", "who they are"] == pytest.approx(0.5, abs=1e-12)
    assert told["random pairs", "who they are"] > 0.8
    assert "in these folds, where they know nobody, and from" in unseen.canary.sentence()


class Given:
    """Folds as they are handed over."""

    def __init__(self, *folds) -> None:
        self.folds = folds

    def split(self, X, y=None, groups=None):
        return iter(self.folds)

    def get_n_splits(self, X=None, y=None, groups=None):
        return len(self.folds)


def test_folds_as_masks_are_folds_as_places() -> None:
    test = np.arange(len(frame())) % 3 == 0
    first = evaluated(folds=Given((np.flatnonzero(~test), np.flatnonzero(test))))
    the_same(first, evaluated(folds=Given((~test, test))), within=0)


@pytest.mark.parametrize(
    ("fold", "said"),
    [
        (([0, 1, 2], [2, 3]), "tests rows that it was trained on"),
        (([0, 1, 1], [2, 3]), "has a row twice"),
        (([0, 1], [2, 306]), "has row 306 of 306 rows"),
        (([-1, 1], [2, 3]), "has row -1 of 306 rows"),
        (([0.5, 1], [2, 3]), "is of type float64; folds are places of rows, or a mask of 306"),
        ((np.array([True, False]), [2, 3]), "is of type bool; folds are places of rows"),
        (([0, 1], []), "makes no fold with rows to train on and rows to test"),
    ],
)
def test_folds_that_are_none(fold, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        evaluated(folds=Given(fold))


@pytest.mark.parametrize(
    ("folds", "error", "said"),
    [
        ("random", ArgumentError, "folds='transductive'. For people never seen take folds='people'"),
        ("peoples", ArgumentError, "'people'"),
        (5, ArgumentError, "folds is 5; it must be one of 'people', .* a splitter, or a list"),
        (KFold, ArgumentError, "a splitter, or a list"),
        ("blocks", DesignError, "These rows have no column 'block'"),
        (hs.TimeFolds(column="when"), ArgumentError, "no column 'when'"),
        (hs.PeopleFolds(groups=10), ArgumentError, "18 people"),
    ],
)
def test_folds_that_cannot_be(folds, error, said: str) -> None:
    with pytest.raises(error, match=said):
        evaluated(folds=folds)


def test_time_needs_moments() -> None:
    with pytest.raises(DesignError, match=r"no column 'asked' \(moments at which labels were asked\)"):
        evaluated(frame().drop(columns="asked"), folds="time")
    with pytest.raises(ArgumentError, match="No cut has rows before it"):
        evaluated(frame().assign(asked=1), folds="time")


def test_keys_alone_make_folds() -> None:
    """Of columns that no splitter looks at nothing is copied for it."""
    rows = frame()
    for splitter in (TWO, hs.TimeFolds(cuts=2)):
        some = rows[["ego", "alter", "asked"]]
        both = folds_of(splitter, rows, rows["yes"]), folds_of(splitter, some, rows["yes"])
        for one, two in zip(*both, strict=True):
            assert (one.train == two.train).all()
            assert (one.test == two.test).all()


# nothing of the tested rows is in the training

STATEFUL = [
    "scale(acts) + met",
    "bs(log1p(acts), df=4, extrapolation='clip')",
    "poly(acts, 2)",
    "center(acts) + center(acts):met",
    "decompose(log1p(acts))",
]


@pytest.mark.parametrize("terms", STATEFUL)
def test_what_is_learnt_of_rows_is_learnt_in_training(terms: str) -> None:
    """Columns of training rows do not move with tested rows, and make the model that is fitted to them."""
    rows = frame()
    found = evaluated(ladder=[f"~ {terms}"])
    columns = found.plan.columns[0]
    assert columns.X is None
    fold = found.tested[0].fold
    train, test = columns.of_fold(fold.train, fold.test)
    wild = rows.copy()
    wild["acts"] = wild["acts"].astype(float)
    wild.iloc[fold.test, wild.columns.get_loc("acts")] = np.linspace(0, 50, len(fold.test)).round()
    again = evaluated(wild, ladder=[f"~ {terms}"]).plan.columns[0]
    other, moved = again.of_fold(fold.train, fold.test)
    np.testing.assert_allclose(other, train, rtol=1e-9, atol=1e-9)
    assert not np.allclose(moved, test)
    # a fold alone: fit to the training rows, asked about the tested ones
    alone = hs.fit(f"yes ~ {terms}", rows.iloc[fold.train], family="logit")
    if "decompose" not in terms:
        expected = alone.predict(rows.iloc[fold.test]).tidy()["estimate"].to_numpy()
        np.testing.assert_allclose(found.tested[0].predictions[1], expected, atol=1e-4)


def test_parts_of_the_tested_rows_are_their_own() -> None:
    rows = frame()
    found = evaluated(ladder=["~ decompose(acts)"])
    fold = found.tested[0].fold
    train, test = found.plan.columns[0].of_fold(fold.train, fold.test)
    names = ["acts_actor", "acts_partner", "acts_dyad"]
    for got, part in ((train, fold.train), (test, fold.test)):
        expected = hs.decompose(rows.iloc[part], "acts")[names].to_numpy()
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_shrunk_shares_have_a_prior_of_the_training_rows() -> None:
    from honestsignals.metrics.registry import entries
    from honestsignals.metrics.shrinkage import beta_prior

    trust = helpdesk("trust")
    found = hs.evaluate(trust, ladder={"share": ["give_share_shrunk"]}, folds=TWO)
    columns, table = found.plan.columns[0], found.plan.frame
    assert columns.X is None
    fold = found.tested[0].fold
    train, test = columns.of_fold(fold.train, fold.test)
    given, taken = table["acts_ego"].to_numpy(), table["acts_alter"].to_numpy()
    prior = beta_prior(given[fold.train], taken[fold.train], directed=True)
    shrunk = entries()["give_share_shrunk"].function
    for got, part in ((train, fold.train), (test, fold.test)):
        whole = np.full((2, len(part)), np.array(prior)[:, None])
        expected = np.nan_to_num(shrunk(given[part], taken[part], *whole))
        np.testing.assert_allclose(got[:, 0], expected, atol=1e-12)
    # of all rows the prior is another
    whole = np.nan_to_num(table["give_share_shrunk"].to_numpy()[fold.train])
    assert not np.allclose(train[:, 0], whole, atol=1e-6)


def test_a_spline_is_not_asked_beyond_its_training() -> None:
    with pytest.raises(FitError, match=r"fitted to acts from .*bs\(x, df=4, extrapolation='clip'\)"):
        evaluated(ladder=["~ bs(acts, df=4)"], folds=FEW)


@pytest.mark.parametrize("terms", ["I(acts / np.mean(acts))", "I(acts - acts.mean())", "met + acts.rank()"])
def test_terms_that_carry_other_rows_along_are_refused(terms: str) -> None:
    with pytest.raises(DesignError, match="in one row hangs on the other rows"):
        evaluated(ladder=[f"~ {terms}"])


def test_functions_of_one_row_are_not() -> None:
    the_same(
        evaluated(ladder={"much": ["np.log1p(acts)"]}),
        evaluated(ladder={"much": ["log1p(acts)"]}),
        within=1e-12,
    )


def test_a_level_that_only_the_tested_rows_have() -> None:
    rows = frame()
    sort = np.where(rows["acts"] > 1, "sun", "earth")
    rows["place"] = np.where((rows["ego"] == "p00") & (rows["alter"] == "p01"), "moon", sort)
    assert np.isfinite(evaluated(rows, ladder={"where": ["acts", "C(place)"]}).tidy()["auc"]).all()
    with pytest.raises(
        FitError, match=r"Within a fold, .*'place' is 'moon', a level that the fit has not seen"
    ):
        evaluated(rows, ladder=["~ scale(acts) + C(place)"], folds=FEW)


# what learns


class Spy(ClassifierMixin, BaseEstimator):
    """Notes the rows that it was fitted to, by a column that numbers them."""

    seen: ClassVar[list[np.ndarray]] = []

    def __init__(self, C: float = 1.0) -> None:
        self.C = C

    def fit(self, X, y):
        Spy.seen.append(np.asarray(X)[:, 0].astype(int))
        self.classes_ = np.array([0, 1])
        self.model_ = LogisticRegression(C=self.C).fit(np.asarray(X)[:, 1:], y)
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(np.asarray(X)[:, 1:])


def test_no_row_of_a_tested_person_is_ever_fitted_to() -> None:
    rows = frame().assign(number=np.arange(len(frame())))
    Spy.seen = []
    found = evaluated(rows, ladder={"all": ["number", "acts"]}, model=Spy(), tune={"C": [0.01, 1.0]})
    ego, alter, _ = found.plan.people
    final = 0
    for one in found.tested:
        tested = set(ego[one.fold.test]) | set(alter[one.fold.test])
        fits = [seen for seen in Spy.seen if set(seen) <= set(one.fold.train)]
        assert fits
        for seen in fits:
            assert not tested & (set(ego[seen]) | set(alter[seen]))
        final += sum(len(seen) == len(one.fold.train) for seen in fits)
    # every fit is of some training set: no row of the tested people anywhere
    assert all(any(set(seen) <= set(one.fold.train) for one in found.tested) for seen in Spy.seen)
    assert final == len(found.tested)


def test_settings_are_chosen_within_training() -> None:
    found = evaluated(model=LogisticRegression(), tune={"C": [1e-6, 1.0]})
    chosen = [one.chosen[1]["C"] for one in found.tested]
    assert set(chosen) <= {1e-6, 1.0}
    count = max(chosen.count(1.0), chosen.count(1e-6))
    line = next(line for line in found.facts() if line.startswith("Settings chosen in most folds: much C="))
    assert f"({count} of 2)" in line
    assert "settings chosen among 2 within each training set" in str(found)
    assert "Settings" not in str(of_frame("yes"))


def test_choosing_needs_training_rows_that_can_be_divided() -> None:
    rows = with_blocks()
    rows = rows[rows["block"] < 2]
    with pytest.raises(DesignError, match=r"chosen within each training set, .*'block' is . in every row"):
        evaluated(rows, folds="blocks", model=LogisticRegression(), tune={"C": [1, 2]})


@pytest.mark.parametrize("label", ["yes", "level", "kind", "score"])
def test_boosting_is_a_second_opinion_on_every_label(label: str) -> None:
    found = evaluated(label=label, model="boosting", ladder={"all": ["acts", "share"]})
    assert "HistGradientBoosting" in str(found)
    assert "No wald_p of all: the model is no regression." in found.facts()
    assert np.isfinite(found.tidy()[found.score.name]).all()


def test_pipelines_and_regressors() -> None:
    pipe = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000))
    first = evaluated(model=pipe)
    np.testing.assert_allclose(first.tidy()["auc"], evaluated().tidy()["auc"], atol=1e-9)
    assert "StandardScaler → LogisticRegression" in str(first)
    plain = evaluated(label="score", model=Ridge(alpha=1e-9))
    np.testing.assert_allclose(plain.tidy()["r2"], evaluated(label="score").tidy()["r2"], atol=1e-5)


def test_what_was_given_probability_0_and_happened_is_told() -> None:
    forest = RandomForestClassifier(3, random_state=0)
    found = evaluated(model=forest, ladder={"all": ["acts", "share"]})
    row = found.tidy().iloc[1]
    assert row["log_score"] == -np.inf
    assert np.isnan(row["log_score_low"])
    assert "log score of all is infinite: what happened was given probability 0." in found.facts()
    assert "-∞" in str(found)
    both = evaluated(model=forest, label="kind", ladder={"one": ["acts"], "all": ["acts", "share"]})
    assert "no gain of all in foretelling kind can be told: a probability of 0 was given" in both.headline


@pytest.mark.parametrize(
    ("label", "model"), [("yes", "probit"), ("level", "ordered_probit"), ("level", "multinomial")]
)
def test_other_families(label: str, model: str) -> None:
    found = evaluated(label=label, model=model)
    assert np.isfinite(found.tidy()[found.score.name]).all()
    assert 0 <= found.tidy()["wald_p"].iloc[1] <= 1


def test_counts_are_poisson_where_asked() -> None:
    found = evaluated(label="acts", ladder={"met": ["met"]}, model="poisson")
    assert found.label_type == "continuous"
    assert "Poisson" in str(found)
    assert (found.predictions["met"] > 0).all()

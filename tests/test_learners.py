"""Learners: the regressions that hs.fit knows, estimators of scikit-learn, and settings that saw no test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import honestsignals as hs
from honestsignals.errors import ArgumentError, DesignError, FitError, UnknownNameError
from honestsignals.evaluation_plan import Plan, plan
from honestsignals.fold_scores import Foretold, predict_folds
from honestsignals.inference.families import FAMILIES
from honestsignals.inference.learning import FAR, FIRM, learn
from honestsignals.learners import Task, learner, task_of

BINARY, LEVELS, NUMBER = Task("binary", 2), Task("ordinal", 4), Task("continuous", 2)
N = 400


def rows(seed: int = 0, n: int = N) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Three columns of different units, one of them 0 or 1, and a label of each kind."""
    draws = np.random.default_rng(seed)
    X = np.column_stack([draws.normal(size=n), 50 + 9 * draws.normal(size=n), draws.integers(0, 2, n)])
    latent = 0.9 * X[:, 0] - 0.06 * (X[:, 1] - 50) + 0.5 * X[:, 2]
    noise = draws.logistic(size=n)
    levels = np.digitize(latent + noise, [-1.0, 0.5, 2.0]).astype(float)
    return X, {
        "logit": (latent + noise > 0).astype(float),
        "probit": (latent + draws.normal(size=n) > 0.5).astype(float),
        "ordered_logit": levels,
        "ordered_probit": levels,
        "multinomial": levels,
        "gaussian": latent + noise,
        "poisson": draws.poisson(np.exp(0.4 * latent)).astype(float),
    }


# the regressions


@pytest.mark.parametrize("family", FAMILIES)
def test_regressions_predict_as_those_of_fit(family: str) -> None:
    X, labels = rows()
    y = labels[family]
    people = {"ego": np.arange(N), "alter": np.arange(N) + 1}
    frame = pd.DataFrame(people | {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": y})
    table = (
        frame.assign(y=pd.Categorical(y, ordered=family != "multinomial"))
        if FAMILIES[family].levels
        else frame
    )
    fitted = hs.fit("y ~ a + b + c", table, family=family).predict({"a": 0.5, "b": 44.0, "c": 1}).tidy()
    expected = fitted["estimate"].to_numpy()
    found = np.atleast_2d(learn(X, y, family, 4).predict(np.array([[0.5, 44.0, 1.0]]))).ravel()
    # the ridge that keeps combinations of columns apart moves each of the classes' slopes by some 1e-5
    np.testing.assert_allclose(found, expected, rtol=1e-4 if family == "multinomial" else 1e-5)


def test_a_logit_is_scikit_learn_s_without_a_penalty() -> None:
    X, labels = rows(1)
    theirs = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=1_000)
    scaled = make_pipeline(StandardScaler(), theirs)
    for name, n_levels in (("logit", 2), ("multinomial", 4)):
        y = labels[name]
        expected = scaled.fit(X, y.astype(int)).predict_proba(X)
        found = learn(X, y, name, n_levels).predict(X)
        np.testing.assert_allclose(found, expected if n_levels > 2 else expected[:, 1], atol=2e-5)
    expected = LinearRegression().fit(X, labels["gaussian"]).predict(X)
    np.testing.assert_allclose(learn(X, labels["gaussian"], "gaussian").predict(X), expected, atol=1e-5)


@pytest.mark.parametrize("family", [one for one in FAMILIES if one != "gaussian"])
def test_equal_rows_may_be_told_once(family: str) -> None:
    X, labels = rows(2)
    X = np.round(X / [1.0, 20.0, 1.0])
    both = np.column_stack([X, labels[family]])
    once, counts = np.unique(both, axis=0, return_counts=True)
    assert len(once) < N / 2
    whole = learn(X, labels[family], family, 4)
    told = learn(once[:, :3], once[:, 3], family, 4, counts.astype(float))
    np.testing.assert_allclose(told.predict(X), whole.predict(X), atol=1e-10)
    assert told.far == whole.far


@pytest.mark.parametrize("family", FAMILIES)
def test_units_do_not_matter(family: str) -> None:
    X, labels = rows(3)
    expected = learn(X, labels[family], family, 4).predict(X)
    for unit, shift in ((1e-12, 0.0), (1e9, 0.0), (1e160, 0.0), (-3.0, 1e7)):
        other = X * unit + shift
        np.testing.assert_allclose(
            learn(other, labels[family], family, 4).predict(other), expected, atol=1e-6
        )
    order = np.random.default_rng(0).permutation(N)
    shuffled = learn(X[order], labels[family][order], family, 4)
    np.testing.assert_allclose(shuffled.predict(X), expected, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_columns_without_information_change_nothing(family: str) -> None:
    """A column that is the same in all training rows, whatever it is in others; another's double."""
    X, labels = rows(4)
    y = labels[family]
    expected = learn(X, y, family, 4).predict(X)
    wide = np.column_stack([X, np.full(N, 1e7), np.zeros(N)])
    elsewhere = wide.copy()
    elsewhere[:, 3:] = 99.0
    np.testing.assert_allclose(learn(wide, y, family, 4).predict(elsewhere), expected, atol=1e-12)
    double = np.column_stack([X, 2 * X[:, 0] - 1])
    np.testing.assert_allclose(learn(double, y, family, 4).predict(double), expected, atol=1e-5)
    alone = learn(np.zeros((N, 0)), y, family, 4).predict(np.zeros((1, 0)))
    shares = np.bincount(y.astype(int)) / N if FAMILIES[family].levels else y.mean()
    np.testing.assert_allclose(alone[0], shares, atol=1e-8)


@pytest.mark.parametrize("family", ["logit", "probit", "ordered_logit", "ordered_probit", "multinomial"])
def test_separated_labels_have_a_finite_answer(family: str) -> None:
    """Where a column tells the label without error, a prior of sd 2.5 on its standardised slope holds it."""
    x = np.linspace(-1, 1, 60)[:, None]
    y = (x[:, 0] > 0).astype(float)
    found = learn(x, y, family, 2)
    assert found.far
    p = found.predict(x)[:, -1] if FAMILIES[family].levels else found.predict(x)
    assert np.all(np.diff(p) > 0)
    assert 0 < p[0] < 0.05 < 0.95 < p[-1] < 1
    slope = np.abs(found.theta).max()
    assert 2.5 < slope < FAR * 2
    nearly = y.copy()
    nearly[0] = 1.0
    assert not learn(x, nearly, family, 2).far
    np.testing.assert_allclose(FIRM, 1 / 2.5**2)


def test_a_logit_held_is_a_logit_with_that_prior() -> None:
    x = np.linspace(-1, 1, 60)[:, None]
    y = (x[:, 0] > 0).astype(int)
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=1 / FIRM, tol=1e-12, max_iter=1_000))
    expected = theirs.fit(x, y).predict_proba(x)[:, 1]
    np.testing.assert_allclose(learn(x, y.astype(float), "logit").predict(x), expected, atol=1e-6)


def test_levels_that_no_row_has_are_not_impossible() -> None:
    X, labels = rows(5, 50)
    y = labels["ordered_logit"]
    some = y != 2
    for family in ("ordered_logit", "multinomial"):
        p = learn(X[some], y[some], family, 4).predict(X)
        np.testing.assert_allclose(p.sum(axis=1), 1.0)
        np.testing.assert_allclose(p[:, 2], 0.25 / (some.sum() + 1.0))
    alone = learn(X[:7], np.full(7, 3.0), "ordered_logit", 4).predict(X)
    np.testing.assert_allclose(alone[0], [0.03125, 0.03125, 0.03125, 0.90625])


@pytest.mark.parametrize("family", FAMILIES)
def test_one_row_is_enough_for_an_answer(family: str) -> None:
    found = learn(np.array([[3.0, 1.0]]), np.array([1.0]), family, 3).predict(np.array([[9.0, -2.0]]))
    assert np.isfinite(found).all()
    if family in ("logit", "probit"):
        assert found[0] == pytest.approx(0.75)


def test_counts_begin_at_nothing() -> None:
    with pytest.raises(FitError, match="The label has -2; poisson takes counts, 0 or more"):
        learn(np.ones((3, 1)), np.array([1.0, -2.0, 0.0]), "poisson")
    assert learn(np.arange(5.0)[:, None], np.zeros(5), "poisson").predict(np.ones((1, 1)))[0] < 1e-6


# estimators


def test_estimators_predict_what_they_are() -> None:
    X, labels = rows(6)
    y = labels["logit"]
    for model in (LogisticRegression(), GradientBoostingClassifier(n_estimators=5, random_state=3)):
        predict, far = learner(model, None, BINARY, 0).fitted(X, y, BINARY, {})
        np.testing.assert_array_equal(predict(X), clone(model).fit(X, y.astype(int)).predict_proba(X)[:, 1])
        assert not far
    pipe = make_pipeline(StandardScaler(), PCA(2), KNeighborsClassifier())
    assert learner(pipe, None, BINARY, 0).words == "StandardScaler → PCA → KNeighborsClassifier"
    predict, _ = learner(Ridge(), None, NUMBER, 0).fitted(X, labels["gaussian"], NUMBER, {"alpha": 7.0})
    np.testing.assert_array_equal(predict(X), Ridge(alpha=7.0).fit(X, labels["gaussian"]).predict(X))
    predict, _ = learner("boosting", None, LEVELS, 0).fitted(X[:80], labels["multinomial"][:80], LEVELS, {})
    assert predict(X).shape == (N, 4)


def test_classes_that_training_lacks_have_their_share() -> None:
    X, labels = rows(7, 60)
    X /= [1.0, 50.0, 1.0]
    y = labels["multinomial"]
    some = y != 1
    predict, _ = learner(LogisticRegression(), None, LEVELS, 0).fitted(X[some], y[some], LEVELS, {})
    p, n = predict(X), some.sum()
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    np.testing.assert_allclose(p[:, 1], 0.25 / (n + 1.0))
    for task, only, expected in ((BINARY, 0.0, 0.5 / 8), (BINARY, 1.0, 7.5 / 8)):
        predict, _ = learner(LogisticRegression(), None, task, 0).fitted(X[:7], np.full(7, only), task, {})
        np.testing.assert_allclose(predict(X), expected)
    predict, _ = learner(LogisticRegression(), None, LEVELS, 0).fitted(X[:7], np.full(7, 2.0), LEVELS, {})
    np.testing.assert_allclose(predict(X)[0], [0.03125, 0.03125, 0.90625, 0.03125])


def test_the_estimator_given_stays_as_it_is() -> None:
    X, labels = rows(8, 80)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=3.0))
    before = model.get_params(deep=True)["logisticregression__C"]
    asked = learner(model, {"logisticregression__C": [1.0, 9.0]}, BINARY, 4)
    asked.fitted(X, labels["logit"], BINARY, {"logisticregression__C": 9.0})
    assert model.get_params(deep=True)["logisticregression__C"] == before
    assert not hasattr(model[-1], "coef_")
    assert not hasattr(asked.estimator[-1], "coef_")
    forest = RandomForestClassifier(n_estimators=5)
    learner(forest, None, BINARY, 4)
    assert forest.random_state is None


def test_the_seed_says_what_an_estimator_draws() -> None:
    X, labels = rows(9, 80)
    y = labels["logit"]

    def drawn(model, seed: int) -> np.ndarray:
        predict, _ = learner(model, None, BINARY, seed).fitted(X, y, BINARY, {})
        return predict(X)

    free = RandomForestClassifier(n_estimators=5)
    np.testing.assert_array_equal(drawn(free, 1), drawn(free, 1))
    assert not np.array_equal(drawn(free, 1), drawn(free, 2))
    inside = make_pipeline(StandardScaler(), free)
    np.testing.assert_array_equal(drawn(inside, 1), drawn(inside, 1))
    said = RandomForestClassifier(n_estimators=5, random_state=7)
    np.testing.assert_array_equal(drawn(said, 1), drawn(said, 2))


WRONG = [
    (
        LogisticRegression,
        None,
        BINARY,
        ArgumentError,
        r"model is <class .*LogisticRegression'>; it must be one of",
    ),
    (
        3,
        None,
        BINARY,
        ArgumentError,
        r"model is 3; it must be one of logit, probit, boosting, or an estimator",
    ),
    ("boosted", None, BINARY, UnknownNameError, r"model 'boosted'\. Did you mean 'boosting'"),
    (
        "ordered_logit",
        None,
        BINARY,
        ArgumentError,
        r"'ordered_logit' does not suit a binary label; take logit",
    ),
    ("logit", None, LEVELS, ArgumentError, r"'logit' does not suit an ordinal label; take ordered_logit"),
    ("logit", {"C": [1]}, BINARY, ArgumentError, r"'logit' has nothing to tune"),
    (Ridge(), None, BINARY, ArgumentError, r"Ridge is a regressor; a binary label needs a classifier"),
    (
        LogisticRegression(),
        None,
        NUMBER,
        ArgumentError,
        r"is a classifier; a continuous label needs a regressor",
    ),
    (LinearSVC(), None, NUMBER, ArgumentError, r"LinearSVC is a classifier; a continuous label needs"),
    (KMeans(), None, BINARY, ArgumentError, r"KMeans is a clusterer; a binary label needs a classifier"),
    (
        LinearSVC(),
        None,
        BINARY,
        ArgumentError,
        r"LinearSVC has no predict_proba; .* CalibratedClassifierCV adds them",
    ),
    (
        StandardScaler(),
        None,
        NUMBER,
        ArgumentError,
        r"StandardScaler has no predict; scores of a continuous label",
    ),
    (Ridge(), {"alpho": [1]}, NUMBER, UnknownNameError, r"setting of Ridge 'alpho'\. Did you mean 'alpha'"),
    (Ridge(), {"alpha": 1}, NUMBER, ArgumentError, r"tune\['alpha'\] is 1; it must be a list of values"),
    (Ridge(), {"alpha": []}, NUMBER, ArgumentError, r"tune\['alpha'\] is \[\]; it must be a list of values"),
    (
        Ridge(),
        {"solver": "svd"},
        NUMBER,
        ArgumentError,
        r"tune\['solver'\] is 'svd'; it must be a list of values",
    ),
    (Ridge(), "alpha", NUMBER, ArgumentError, r"tune is 'alpha'; it must map settings to the values"),
    (Ridge(), [3], NUMBER, ArgumentError, r"tune is \[3\]; it must map settings to the values"),
]


@pytest.mark.parametrize(("model", "tune", "task", "error", "said"), WRONG)
def test_what_cannot_learn_is_refused(model, tune, task: Task, error, said: str) -> None:
    with pytest.raises(error, match=said):
        learner(model, tune, task, 0)


def test_a_label_of_one_level_is_refused() -> None:
    with pytest.raises(DesignError, match="fewer than two levels"):
        task_of("ordinal", ("one",))


class Broken(ClassifierMixin, BaseEstimator):
    """Fails in the way that it is told to."""

    def __init__(self, how: str = "fit") -> None:
        self.how = how

    def fit(self, X, y):
        if self.how == "fit":
            raise RuntimeError("there are too few rows")
        if self.how != "classes":
            self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        if self.how == "predict":
            raise KeyError("a column")
        return np.full((len(X), 2 if self.how == "nan" else 3), np.nan)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("fit", "Broken could not be fitted to the 400 training rows of a fold: there are too few rows"),
        ("classes", "Broken has no classes_ after fit"),
        ("predict", "Broken could not predict 400 tested rows: 'a column'"),
        ("nan", "Broken predicts nan for a tested row; predictions must be finite"),
        ("shape", "Broken could not predict 400 tested rows: cannot reshape"),
    ],
)
def test_an_estimator_that_fails_is_told_of(how: str, said: str) -> None:
    X, labels = rows()
    with pytest.raises(FitError, match=said):
        learner(Broken(how), None, BINARY, 0).fitted(X, labels["logit"], BINARY, {})[0](X)


# within folds

SEEN: list[set[float]] = []


class Spy(RegressorMixin, BaseEstimator):
    """A mean, shrunk; writes down who was in the rows that it was fitted to."""

    def __init__(self, keep: float = 1.0) -> None:
        self.keep = keep

    def fit(self, X, y):
        SEEN.append(set(X[:, :2].ravel().tolist()))
        self.slope_ = self.keep * np.linalg.lstsq(X[:, 2:], y, rcond=None)[0]
        return self

    def predict(self, X):
        return X[:, 2:] @ self.slope_


def watched(folds, tune=None, model=None) -> Plan:
    """Pairs whose people are columns too, so that an estimator sees who they are."""
    draws = np.random.default_rng(0)
    ego, alter = np.nonzero(~np.eye(24, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "who": 1.0 * ego, "whom": 1.0 * alter})
    frame["x"], frame["block"] = draws.normal(size=len(ego)), np.minimum(ego, alter) // 6
    frame["asked"] = draws.integers(0, 30, len(ego))
    frame["y"] = 2 * frame["x"] + draws.normal(size=len(ego))
    ladder = {"all": ["who", "whom", "x"]}
    return plan(frame, "y", ladder, folds=folds, model=(model or Spy(), tune), admit=(), seed=0)


def predict(one: Plan) -> list[Foretold]:
    return predict_folds(one, lambda _: None, one.folds)


@pytest.mark.parametrize(
    "folds", [hs.PeopleFolds(divisions=3), hs.PeopleTimeFolds(divisions=2, cuts=2)], ids=repr
)
def test_no_tested_person_is_ever_learnt_from(folds) -> None:
    settled = watched(folds, {"keep": [0.1, 1.0, 3.0]})
    ego, alter, _ = settled.people
    for fold in settled.folds:
        SEEN.clear()
        (found,) = predict_folds(settled, lambda _: None, [fold])
        tested = set(ego[fold.test].tolist()) | set(alter[fold.test].tolist())
        assert len(SEEN) > 3, "settings were chosen by several fits"
        assert not any(seen & tested for seen in SEEN)
        assert found.chosen == ({"keep": 1.0},)


def test_settings_are_chosen_by_what_foretells_best_within() -> None:
    one = predict(watched(hs.PeopleFolds(divisions=2), [{"keep": [0.0, 5.0]}, {"keep": [1.0, -1.0]}]))
    assert {chosen["keep"] for found in one for chosen in found.chosen} == {1.0}
    fixed = predict(watched(hs.PeopleFolds(divisions=2), model=Spy(keep=1.0)))
    for tuned, plain in zip(one, fixed, strict=True):
        np.testing.assert_array_equal(tuned.predictions[1], plain.predictions[1])


def test_labels_of_tested_rows_change_no_prediction() -> None:
    settled = watched(hs.PeopleFolds(divisions=1), {"keep": [0.1, 1.0]})
    fold = settled.folds[0]
    (before,) = predict_folds(settled, lambda _: None, [fold])
    y = settled.y.copy()
    y[fold.test] = 1e6
    (after,) = predict_folds(replace(settled, y=y), lambda _: None, [fold])
    np.testing.assert_array_equal(before.predictions[1], after.predictions[1])


def test_a_training_set_that_cannot_be_divided_is_told_of() -> None:
    ego, alter = np.nonzero(~np.eye(4, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "x": np.arange(12.0), "y": np.arange(12.0) ** 2})
    small = plan(
        frame, "y", {"x": ["x"]}, folds=hs.PeopleFolds(divisions=1), model=(Ridge(), {"alpha": [1, 2]}),
        admit=(), seed=0,
    )  # fmt: skip
    with pytest.raises(DesignError, match="Settings are chosen within each training set"):
        predict(small)


def test_an_evaluation_takes_pipelines_and_says_so() -> None:
    draws = np.random.default_rng(5)
    ego, alter = np.triu_indices(20, 1)
    frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": draws.poisson(2.0, len(ego))})
    frame["friend"] = (frame["acts"] + draws.logistic(size=len(ego)) > 2).astype(int)
    pipe = make_pipeline(StandardScaler(), LogisticRegression())
    folds, ladder = hs.PeopleFolds(divisions=2), {"acts": ["acts"]}
    found = hs.evaluate(
        frame,
        label="friend",
        ladder=ladder,
        folds=folds,
        model=pipe,
        tune={"logisticregression__C": [0.1, 10.0]},
    )
    assert "StandardScaler → LogisticRegression, settings chosen among 2 within each training set" in str(
        found
    )
    assert found.walds["acts"][1] == "the model is no regression"
    models = make_pipeline(StandardScaler(), LogisticRegression(C=1e9, tol=1e-10)), "logit"
    theirs, ours = (
        predict(plan(frame, "friend", ladder, folds=folds, model=(one, None), admit=(), seed=0))
        for one in models
    )
    for one, other in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(one.predictions[1], other.predictions[1], atol=1e-4)

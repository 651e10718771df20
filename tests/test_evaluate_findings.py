"""What fresh readers found in evaluations, mended and held."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import honestsignals as hs
from honestsignals.errors import ArgumentError, DesignError, FitError
from honestsignals.evaluation_plan import plan
from honestsignals.evaluation_words import model_words
from honestsignals.folding import Splitter
from honestsignals.inference.scores import r2
from tests import evaluations
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
    """Far from 0, the constant that stands for undefined would be a value among others, and spoil slopes."""
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


# formulas whose value in a row hangs on others

ONE = hs.PeopleFolds(divisions=1)


def of_formula(terms: str, rows: pd.DataFrame | None = None):
    table = evaluations.frame().assign(
        more=lambda f: f["acts"] * 2 + 1,
        word=lambda f: f["kind"].astype(str),
        few=lambda f: f["acts"].clip(0, 1),
    )
    table = table if rows is None else rows
    return plan(table, "yes", [f"~ {terms}"], folds=ONE, model=(None, None), admit=(), seed=0)


CARRYING = [
    *("x / max(x)", "I(x > sum(x) / len(x))", "I(x - min(x))", "I(any(x) + x)", "I(few * np.max(few))"),
    *("I(x - x.mean())", "I(x - np.mean(x))", "x.rank()", "I(x > x.quantile(0.5))", "I(x / x.size)"),
    *("I(x.isin(more))", "I(x.map(x.value_counts()))", "np.add.reduce(x)", "I(x.fillna(x.mean()))"),
    *("np.linalg.norm(x)", "np.where(x > np.median(x), 1, 0)", "I(x @ more)", "np.interp(x, x, more)"),
    *("np.clip(x, 0, np.percentile(x, 90))", "x.clip(upper=x.mean())", "np.random.rand(306)"),
    *(
        "I(x > x.agg('mean'))",
        "C(x > x.median())",
        "x.transform('rank')",
        "x.mul(x.sum())",
        "I(1 if len(x) else x)",
    ),
]


@pytest.mark.parametrize("terms", CARRYING)
def test_what_other_rows_carry_along_is_refused(terms: str) -> None:
    with pytest.raises(DesignError, match="in one row hangs on the other rows"):
        of_formula(re.sub(r"\bx\b", "acts", terms))


MOVING = [
    *("I(sorted(acts))", "acts[0]", 'eval("yes")', "acts.shift()", "acts.iloc[::-1]", "I(acts.values[::-1])"),
    *(
        "np.sort(acts)",
        "np.cumsum(acts)",
        "I(acts.pipe(eval))",
        "I(acts.diff())",
        "I(getattr(acts, 'sum')())",
    ),
    *("I(list(reversed(acts)))", "I(acts.__len__() * acts)", "I(acts.to_frame()['acts'])", 'exec("yes")'),
    *(
        "I(acts.expanding().mean())",
        "np.flip(acts)",
        "acts.sort_values()",
        "I(__import__('os').getpid() + acts)",
    ),
]


@pytest.mark.parametrize("terms", MOVING)
def test_what_hides_columns_or_moves_rows_is_in_no_formula(terms: str) -> None:
    said = "no function of formulas|depends on the order|picks rows by their place|may read|cannot be read"
    with pytest.raises(ArgumentError, match=said):
        of_formula(terms)
    with pytest.raises(ArgumentError, match=said):
        hs.fit(f"yes ~ met + {terms}", evaluations.frame())


ROW_BY_ROW = [
    *("log1p(acts)", "np.log1p(acts)", "I(acts > 3)", "np.where(acts > 2, more, 0)", "acts.clip(0, 5)"),
    *("I(acts.astype(float) ** 2)", "C(word)", "C(word.str[0])", "word.str.len()", "I(abs(score))"),
    *("round(score)", "np.maximum(acts, score)", "I(acts.isin([1, 2]))", "I(acts.where(score > 0, 0))"),
    *("np.minimum(acts, more)", "Q('acts')", "np.nan_to_num(acts)", "I((acts > 1) & (score < 0))"),
    *("I(acts.between(1, 3))", "log1p(acts):score", "I(np.pi * acts)", "C(word, contr.treatment('one'))"),
    *(
        "scale(acts)",
        "poly(acts, 2)",
        "center(log1p(acts))",
        "decompose(acts)",
        "undefined(share) + known(share)",
    ),
]


@pytest.mark.parametrize("terms", ROW_BY_ROW)
def test_what_each_row_says_by_itself_passes(terms: str) -> None:
    assert of_formula(terms).folds


def test_a_column_may_be_called_as_a_function_is() -> None:
    table = evaluations.frame().assign(max=lambda f: f["acts"], eval=lambda f: f["acts"] + 1)
    assert of_formula("log1p(max) + log1p(eval)", table).folds


def test_rows_may_be_in_any_order_for_that() -> None:
    """Halves of the rows that are every other one are not what shows it: rows are dealt."""
    table = evaluations.frame()
    twice = table.loc[table.index.repeat(2)].drop_duplicates().reset_index(drop=True)
    for rows in (twice, twice.sort_values("acts"), twice.sample(frac=1.0, random_state=1)):
        with pytest.raises(DesignError, match="hangs on the other rows"):
            of_formula("I(acts / acts.max())", rows.reset_index(drop=True))


def test_a_fit_may_have_what_folds_may_not() -> None:
    fitted = hs.fit("yes ~ I(acts > sum(acts) / len(acts))", evaluations.frame(), family="logit")
    assert fitted.model.names[1].startswith("I(")


# splitters of others


@pytest.mark.parametrize(
    ("folds", "label", "said"),
    [
        (KFold(2000), "yes", "cannot divide these 306 rows .*Take fewer folds"),
        (
            StratifiedKFold(5),
            "score",
            "Got 'continuous' instead. Take fewer folds, a splitter that suits the label",
        ),
        (GroupKFold(30), "yes", r"groups, if it asks for them, are the 18 egos"),
        ([([0], [1], [2])], "yes", r"folds\[0\] is .*each must be two lists of places"),
        ([([0], [999])], "yes", r"folds\[0\] has row 999 of 306 rows"),
        ([], "yes", "folds is empty"),
    ],
)
def test_folds_that_a_splitter_cannot_make_are_said(folds, label: str, said: str) -> None:
    with pytest.raises(hs.HonestSignalsError, match=said):
        hs.evaluate(evaluations.frame(), label=label, ladder=evaluations.LADDER, folds=folds)


@pytest.mark.parametrize("folds", [GroupKFold(18), [(np.arange(200), np.arange(200, 306))]])
def test_folds_within_training_that_cannot_be_are_said(folds) -> None:
    options = {"model": LogisticRegression(), "tune": {"C": [0.1, 1.0]}, "folds": folds}
    with pytest.raises(DesignError, match=r"Settings are chosen within each training set, .* leave out tune"):
        hs.evaluate(evaluations.frame(), label="yes", ladder=evaluations.LADDER, **options)


def test_folds_may_be_pairs_of_places_in_the_table() -> None:
    rows = evaluations.frame()
    rows["yes"] = rows["yes"].astype(float)
    given = list(KFold(3).split(rows))
    whole = hs.evaluate(rows, label="yes", ladder=evaluations.LADDER, folds=iter(given))
    evaluations.the_same(whole, hs.evaluate(rows, label="yes", ladder=evaluations.LADDER, folds=KFold(3)))
    assert "3 folds given by place" in whole.folds
    rows.loc[[0, 5, 300], "yes"] = np.nan
    less = hs.evaluate(rows, label="yes", ladder=evaluations.LADDER, folds=given)
    for (train, test), one in zip(given, less.plan.folds, strict=True):
        for part, found in ((train, one.train), (test, one.test)):
            assert less.plan.rows[found].tolist() == [place for place in part if place not in (0, 5, 300)]


def test_no_half_made_splitter() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Splitter()


# what is said


def test_levels_that_nobody_has_are_said() -> None:
    rows = evaluations.frame()
    rows["level"] = rows["level"].cat.add_categories(["utmost"])
    found = hs.evaluate(rows, label="level", ladder=evaluations.LADDER, folds=ONE)
    assert found.plan.level_names == ("low", "mid", "high")
    assert any(line.startswith("No row used has level utmost: nothing is foretold") for line in found.facts())
    assert not [line for line in evaluations.of_frame("level").facts() if "No row used" in line]


def test_a_canary_says_what_it_is_and_does_not_know_units() -> None:
    rows = evaluations.frame()
    found = {
        unit: hs.evaluate(
            rows.assign(acts=rows["acts"] * unit), label="yes", ladder={"v": ["acts"]}, folds=ONE
        )
        for unit in (1.0, 1e-12, 1e12)
    }
    sentence = found[1.0].canary.sentence()
    assert "in a ridge regression of the same columns (not the model above), move the AUC from " in sentence
    assert sentence.count("[") == 2
    for one in found.values():
        np.testing.assert_allclose(one.canaries()["value"], found[1.0].canaries()["value"], atol=1e-9)
        assert one.canaries()["value"].iloc[1] != 0.5
    many = hs.evaluate(rows, label="yes", ladder={"v": ["acts"]}, folds=hs.PeopleFolds(divisions=20))
    assert "(not the model above and the first 24 of 40 folds)" in many.canary.sentence()


def test_one_event_has_no_test_and_a_reason() -> None:
    rows = evaluations.frame().assign(one=0)
    rows.loc[3, "one"] = 1
    found = hs.evaluate(rows, label="one", ladder=evaluations.LADDER, folds=KFold(3))
    assert found.tidy()["wald_p"].isna().all()
    assert all(why for _, why in found.walds.values())
    assert "1 row with the rarer one is too few to judge return" in found.headline
    assert not [line for line in found.facts() if line.rstrip(".").endswith(":")]


def test_intervals_beyond_what_a_score_can_be_are_said() -> None:
    rows = evaluations.frame(people=7)
    small = hs.evaluate(rows, label="yes", ladder={"v": ["score"], "w": ["acts"]}, folds=ONE)
    assert (small.tidy()["auc_high"] > 1).any()
    assert any(
        line.startswith("Mind: intervals reach beyond what AUC can be (AUC of ") for line in small.facts()
    )
    assert not [line for line in evaluations.of_frame("yes").facts() if "reach beyond" in line]


@pytest.mark.parametrize("label", ["", " ", "~yes"])
def test_labels_that_name_nothing(label: str) -> None:
    with pytest.raises(ArgumentError, match="it must name a column, or compare one"):
        hs.evaluate(evaluations.frame(), label=label, ladder=evaluations.LADDER)


def test_words_as_a_label_are_to_be_compared() -> None:
    rows = evaluations.frame().assign(answer=lambda f: f["yes"].map({0: "no", 1: "yes"}))
    with pytest.raises(ArgumentError, match=r"holds no numbers\. Compare it, as in \"answer == 'yes'\"\."):
        hs.evaluate(rows, label="answer", ladder=evaluations.LADDER)
    assert (
        hs.evaluate(rows, label="answer == 'yes'", ladder=evaluations.LADDER, folds=ONE).label_type
        == "binary"
    )


# estimators


def test_estimators_are_given_columns_by_name() -> None:
    own = make_pipeline(
        ColumnTransformer([("some", StandardScaler(), ["log1p(acts)"])]), LogisticRegression(C=1e6)
    )
    rows = evaluations.frame()
    found = hs.evaluate(rows, label="yes", ladder=["~ met + log1p(acts)"], model=own, folds=ONE)
    alone = hs.evaluate(rows, label="yes", ladder=["~ log1p(acts)"], model=own, folds=ONE)
    assert found.tidy()["auc"].tolist() == alone.tidy()["auc"].tolist()
    within = hs.evaluate(rows, label="yes", ladder=["~ scale(acts) + log1p(acts)"], model=own, folds=ONE)
    assert within.tidy()["auc"].tolist() == alone.tidy()["auc"].tolist()
    with pytest.raises(FitError, match="not columns of the dataframe"):
        hs.evaluate(rows, label="yes", ladder=["~ met"], model=own, folds=ONE)


class Arrays(LogisticRegression):
    """An estimator that takes no frames."""

    def fit(self, X, y):
        """Fit to rows."""
        if hasattr(X, "columns"):
            raise TypeError("arrays only")
        return super().fit(X[:, :1], y)

    def predict_proba(self, X):
        """Probabilities of the classes."""
        return super().predict_proba(X[:, :1])


def test_an_estimator_that_takes_arrays_alone_is_given_them() -> None:
    found = hs.evaluate(evaluations.frame(), label="yes", ladder=["~ acts + met"], model=Arrays(), folds=ONE)
    alone = hs.evaluate(
        evaluations.frame(), label="yes", ladder=["~ acts"], model=LogisticRegression(), folds=ONE
    )
    np.testing.assert_allclose(found.tidy()["auc"], alone.tidy()["auc"])


# formulas and labels that no fold can learn


def numbered_rows() -> pd.DataFrame:
    """Pairs, two columns and labels of every kind."""
    rng = np.random.default_rng(0)
    ego, alter = np.triu_indices(18, 1)
    rows = pd.DataFrame({"ego": ego, "alter": alter, "x": rng.normal(size=len(ego))})
    rows["z"] = np.arange(len(ego)) % 4
    rows["y"] = (rows["x"] + rng.logistic(size=len(ego)) > 0).astype(int)
    return rows


def test_levels_that_a_formula_does_not_list_are_refused() -> None:
    """They would count as the first one."""
    rows = numbered_rows()
    said = "has no column for 2, 3, which rows have; such rows would count as the first"
    with pytest.raises(ArgumentError, match=said):
        hs.fit("y ~ C(z, levels=[0, 1])", rows, family="logit")
    with pytest.raises(ArgumentError, match=said):
        hs.evaluate(rows, label="y", ladder=["~ C(z, levels=[0, 1])"], folds=ONE)
    hs.fit("y ~ C(z, levels=[3, 2, 1, 0])", rows, family="logit")
    fitted = hs.fit("y ~ C(2 * z, levels=[0, 2, 4, 6])", rows, family="logit")
    with pytest.raises(ArgumentError, match="has no column for 10"):
        fitted.model.columns_of(rows.assign(z=5))


@pytest.mark.parametrize(
    "term",
    [
        "known(x.mean())",
        "np.histogram(x)",
        "np.broadcast_to(x.sum(), 5)",
        "np.apply_along_axis(np.mean, 0, x)",
        "str(x)",
        "I('a')",
        "np.where(x > 0, 'a', 'b')",
    ],
)
def test_terms_that_make_no_number_of_a_row(term: str) -> None:
    said = "each term must come to one number a row"
    with pytest.raises(ArgumentError, match=said):
        hs.fit(f"y ~ {term}", numbered_rows(), family="logit")
    with pytest.raises(ArgumentError, match=said):
        hs.evaluate(numbered_rows(), label="y", ladder=[f"~ {term}"], folds=ONE)


def test_a_term_of_nothing_and_a_column_without_a_name() -> None:
    with pytest.raises(FitError, match=r"I\(None\) is the same in every row"):
        hs.fit("y ~ I(None)", numbered_rows(), family="logit")
    rows = numbered_rows()
    rows[0] = rows["x"]
    with pytest.raises(ArgumentError, match="lists '0', whose name is no text; rename it"):
        hs.evaluate(rows, label="y", ladder={"step": ["0"]}, folds=ONE)


def test_a_label_that_is_infinite_is_refused() -> None:
    rows = numbered_rows().assign(c=lambda one: np.where(one.index == 3, np.inf, one["x"]))
    with pytest.raises(FitError, match="The label c is infinite in 1 row; no model takes it"):
        hs.evaluate(rows, label="c", ladder=["z"], folds=ONE)
    with pytest.raises(FitError, match="The label c is infinite"):
        hs.fit("c ~ z", rows, family="gaussian")


def test_an_id_is_no_label() -> None:
    rows = numbered_rows()
    rows["pair"] = pd.Categorical([f"pair {place}" for place in range(len(rows))])
    with pytest.raises(ArgumentError, match="153 levels without an order in 153 rows: is it an id"):
        hs.evaluate(rows, label="pair", ladder=["x"], folds=ONE)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda y: pd.Timestamp("2024-01-01") + pd.to_timedelta(y, unit="D"),
            "'when' holds dates; turn",
        ),
        (lambda y: pd.Series(pd.to_timedelta(y, unit="D")), "'when' holds spans of time; turn"),
        (lambda y: pd.Series([Decimal(int(one)) for one in y]), "'when' holds numbers as objects; turn it"),
        (lambda y: pd.Series([f"{one}.5" for one in y]), "'when' holds numbers as text; turn it"),
    ],
)
def test_a_label_that_holds_no_numbers_is_called_what_it_is(make, message: str) -> None:
    rows = evaluations.frame()
    made = pd.Series(make(np.arange(len(rows)) % 7)).to_numpy()
    rows = rows.assign(when=pd.Series(made, index=rows.index))
    with pytest.raises(ArgumentError, match=message):
        hs.evaluate(rows, label="when", ladder=["~ acts"], folds=ONE)


def test_the_variance_of_tiny_labels_is_not_nothing() -> None:
    y, mean = np.array([1.0, 2.0, 4.0]), np.array([1.1, 2.0, 3.0])
    whole = r2(y, mean, 2.0)
    for unit in (2.0**-1000, 2.0**600):
        tiny = r2(y * unit, mean * unit, 2.0 * unit)
        assert tiny.value == whole.value
        assert tiny.influence.tolist() == whole.influence.tolist()
    assert np.isnan(r2([2.0, 2.0], [1.0, 3.0], 2.0).value)


# folds of others


def test_folds_of_others_say_whom_they_know() -> None:
    """Nothing in a splitter of rows keeps people apart, nor the two rows of a pair."""
    rows = numbered_rows()
    back = rows.rename(columns={"ego": "alter", "alter": "ego"})
    both = pd.concat([rows, back[rows.columns]], ignore_index=True)
    one = hs.evaluate(rows, label="y", ladder=["x"], folds=KFold(3, shuffle=True, random_state=0))
    told = "that they test were in training, on average; folds='people' tests people never seen."
    assert f"These folds are not by people: 100% of the people and 0% of the pairs {told}" in one.facts()
    assert not [line for line in one.facts() if line.startswith("Mind: ") and "pairs" in line]
    two = hs.evaluate(both, label="y", ladder=["x"], folds=KFold(2))
    assert f"These folds are not by people: 100% of the people and 100% of the pairs {told}" in two.facts()
    assert two.facts()[1].startswith("Mind: 100% of the pairs that these folds test stand in training too")
    apart = [(rows.index[rows["alter"] < 9].tolist(), rows.index[rows["ego"] >= 9].tolist())]
    strangers = hs.evaluate(rows, label="y", ladder=["x"], folds=apart)
    assert "Nobody whom these folds test was in training." in strangers.facts()
    own = hs.evaluate(rows, label="y", ladder=["x"], folds=ONE)
    assert not [line for line in own.facts() if "folds test" in line or "not by people" in line]


def test_intervals_are_called_uneven_only_where_one_is() -> None:
    """A gain over the base rate has an even interval, however large it is."""
    even = hs.evaluate(numbered_rows(), label="y", ladder=["x"], folds=ONE)
    said, headed = "so intervals of gains reach further up than down", even.gain("x", "base rate")
    assert said not in " ".join(even.facts())
    table = even.tidy()
    assert said not in model_words(even.plan, table, headed)
    table["brier_gain_high"] += 0.002
    assert said in model_words(even.plan, table, headed)
    assert said in model_words(even.plan, even.tidy(), replace(headed, high=headed.high + 0.002))

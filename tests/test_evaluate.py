"""Scores of an evaluation are those of scikit-learn, statsmodels and loops by hand, fold by fold."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.evaluation import Evaluation
from honestsignals.fold_scores import distinct, held_of, predicted, scored, scores_for
from tests.evaluations import FEW, LADDER, TYPES, frame, helpdesk, of_frame, scores_of, the_same


def columns_of(found: Evaluation, step: str) -> list[str]:
    names = [step] if step in found.predictions.columns else []
    return names or [f"{step}[{level}]" for level in found.plan.level_names]


def rps_by_hand(y: np.ndarray, P: np.ndarray) -> float:
    total = 0.0
    for label, row in zip(y.astype(int), P, strict=True):
        total += sum((row[: k + 1].sum() - (label <= k)) ** 2 for k in range(P.shape[1] - 1))
    return total / (len(y) * (P.shape[1] - 1))


def known_scores(kind: str, y: np.ndarray, P: np.ndarray) -> dict[str, float]:
    """Scores of one fold by other people's functions."""
    from scipy.stats import somersd
    from sklearn import metrics as sk

    if kind == "binary":
        p = P[:, 0]
        return {
            "auc": sk.roc_auc_score(y, p),
            "average_precision": sk.average_precision_score(y, p),
            "brier": sk.brier_score_loss(y, p),
            "log_score": -sk.log_loss(y, p),
        }
    if kind == "continuous":
        p = P[:, 0]
        return {"rmse": sk.root_mean_squared_error(y, p), "mae": sk.mean_absolute_error(y, p)}
    one_hot = np.eye(P.shape[1])[y.astype(int)]
    found = {"log_score": -sk.log_loss(y, P, labels=range(P.shape[1]))}
    if kind == "nominal":
        found |= {
            "brier": float(((one_hot - P) ** 2).sum(axis=1).mean()),
            "accuracy": sk.accuracy_score(y, P.argmax(axis=1)),
        }
        return found
    median = (np.cumsum(P, axis=1) < 0.5).sum(axis=1)
    return found | {
        "rps": rps_by_hand(y, P),
        "weighted_kappa": sk.cohen_kappa_score(y, median, weights="quadratic"),
        "somers_d": somersd(y, np.round(P @ np.arange(P.shape[1]), 10)).statistic,
    }


@pytest.mark.parametrize("label", TYPES)
def test_scores_are_those_of_other_packages_within_folds_and_averaged(label: str) -> None:
    found = of_frame(label)
    assert found.label_type == TYPES[label]
    tidy = found.tidy().set_index("step")
    for step in found.steps[1:]:
        folds = [
            known_scores(TYPES[label], one["label"].to_numpy(), one[columns_of(found, step)].to_numpy())
            for _, one in found.predictions.groupby(["division", "fold"])
        ]
        assert len(folds) == 6
        for name in folds[0]:
            expected = np.mean([one[name] for one in folds])
            assert tidy.loc[step, name] == pytest.approx(expected, abs=1e-9), (step, name)


@pytest.mark.parametrize("label", TYPES)
def test_what_every_fold_scored_is_told_fold_by_fold(label: str) -> None:
    found = of_frame(label)
    each, tidy = found.by_fold(), found.tidy().set_index("step")
    assert len(each) == 6 * len(found.steps)
    assert (each["tested"] < each["trained"] * 2).all()
    means = each.groupby("step")[[found.score.name]].mean()
    for step in found.steps[1:]:
        assert means.loc[step, found.score.name] == pytest.approx(tidy.loc[step, found.score.name], abs=1e-12)


def test_with_one_fold_scores_are_pooled_scores() -> None:
    from sklearn.metrics import average_precision_score, roc_auc_score

    rows = frame()
    half = sorted(rows["ego"].unique())[:9]
    inside = rows["ego"].isin(half) & rows["alter"].isin(half)
    outside = ~rows["ego"].isin(half) & ~rows["alter"].isin(half)

    class One:
        def split(self, X, y=None, groups=None):
            yield np.flatnonzero(outside), np.flatnonzero(inside)

        def get_n_splits(self, X=None, y=None, groups=None):
            return 1

    found = hs.evaluate(rows, label="yes", ladder=LADDER, folds=One())
    said, row = found.predictions, found.tidy().iloc[-1]
    assert row["auc"] == pytest.approx(roc_auc_score(said["label"], said["return"]), abs=1e-12)
    precision = average_precision_score(said["label"], said["return"])
    assert row["average_precision"] == pytest.approx(precision, abs=1e-12)
    assert "1 fold of 18 people" in found.folds
    assert "on average" not in found.folds


def test_the_base_rate_knows_nothing() -> None:
    for label in TYPES:
        row = of_frame(label).tidy().iloc[0]
        first = of_frame(label).score.name
        chance = {"auc": 0.5, "somers_d": 0.0, "r2": None, "log_score": None}[first]
        if chance is not None:
            assert row[first] == pytest.approx(chance, abs=1e-12)
            assert row[f"{first}_low"] == row[f"{first}_high"] == row[first]
        assert np.isnan(row[f"{first}_gain"])
        assert np.isnan(row["wald_p"])
    said = of_frame("yes").predictions
    for _, one in said.groupby(["division", "fold"]):
        assert one["base rate"].nunique() == 1
    # the mean of the training rows foretells a new fold no better than the mean
    assert of_frame("score").tidy()["r2"].iloc[0] == pytest.approx(0.0, abs=1e-12)


def test_precision_and_recall_at_the_base_rate_are_by_hand() -> None:
    found = of_frame("yes")
    y = found.plan.y
    precision, recall = [], []
    for one in found.tested:
        p, tested = one.predictions[2], y[one.fold.test]
        flagged = y[one.fold.train].mean() * len(tested)
        # mean over orders of tied rows: each tied row is flagged in part
        order = np.argsort(-np.round(p, 12), kind="stable")
        hits, left = 0.0, flagged
        for _, group in itertools.groupby(order, key=lambda i: round(p[i], 12)):
            rows = list(group)
            part = min(1.0, left / len(rows))
            hits += part * tested[rows].sum()
            left -= part * len(rows)
            if left <= 1e-12:
                break
        precision.append(hits / flagged)
        recall.append(hits / tested.sum())
    last = found.tidy().iloc[-1]
    assert last["ppv_at_base"] == pytest.approx(np.mean(precision), abs=1e-9)
    assert last["recall_at_base"] == pytest.approx(np.mean(recall), abs=1e-9)


def test_a_whole_evaluation_by_loops_over_people_and_other_packages() -> None:
    """Own dealing of people, own rows, scikit-learn's logit without penalty: the same AUC in every fold."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    rows = frame()
    people = sorted(set(rows["ego"]))
    X = pd.DataFrame({"acts": np.log1p(rows["acts"]), "met": rows["met"], "share": rows["share"].fillna(0)})
    found = hs.evaluate(rows, label="yes", ladder=LADDER, folds=FEW).by_fold().set_index("step")
    for division in range(3):
        draws = np.random.Generator(np.random.PCG64(np.random.SeedSequence(0, spawn_key=(division,))))
        group = {}
        for place, person in enumerate(draws.permutation(len(people)).tolist()):
            group[people[person]] = place % 2
        first, second = rows["ego"].map(group), rows["alter"].map(group)
        for fold in range(2):
            train, test = (first != fold) & (second != fold), (first == fold) & (second == fold)
            for step, names in (("much", ["acts", "met"]), ("return", ["acts", "met", "share"])):
                model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000)
                model.fit(X.loc[train, names], rows.loc[train, "yes"])
                expected = roc_auc_score(rows.loc[test, "yes"], model.predict_proba(X.loc[test, names])[:, 1])
                ours = found[(found["division"] == division) & (found["fold"] == fold)].loc[step, "auc"]
                assert ours == pytest.approx(expected, abs=1e-6)


def test_ordered_levels_by_statsmodels() -> None:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    found, rows = of_frame("level"), frame()
    X = np.column_stack([np.log1p(rows["acts"]), rows["met"], rows["share"].fillna(0)])
    fold = found.tested[0].fold
    model = OrderedModel(rows["level"].cat.codes.to_numpy()[fold.train], X[fold.train], distr="logit")
    fitted = model.fit(method="bfgs", disp=False, maxiter=500, gtol=1e-8)
    expected = np.asarray(model.predict(fitted.params, exog=X[fold.test]))
    np.testing.assert_allclose(found.tested[0].predictions[2], expected, atol=2e-5)


def test_the_interval_of_a_mean_over_rows_is_the_dyadic_one() -> None:
    """Brier scores of one fold that tests all rows: its interval is that of their mean, by explicit pairs."""
    found = of_frame("yes")
    low, high = found.tidy().iloc[2][["brier_low", "brier_high"]]
    ego, alter, n = found.plan.people
    psi = found.scores.influence[:, 2, [one.name for one in found.scores.scores].index("brier")]
    # the derivative of the mean of fold means: each fold's own, and how far the fold is off
    expected = np.zeros(len(psi))
    each = [(found.plan.y[one.fold.test] - one.predictions[2]) ** 2 for one in found.tested]
    mean = np.mean([part.mean() for part in each])
    for one, part in zip(found.tested, each, strict=True):
        expected[one.fold.test] += (part - mean) / len(part) / len(each)
    np.testing.assert_allclose(psi, expected, atol=1e-12)
    share = np.array([ego == i for i in range(n)]) | np.array([alter == i for i in range(n)])
    touching = (share.T.astype(float) @ share) > 0
    variance = psi @ touching @ psi * (n - 1) / n * (n / (n - 2)) ** 2
    error = found.gain("return", "much", "brier").std_error
    assert error > 0
    made = found._spread(psi[:, None])
    assert made.floored[0] or made.std_error[0] == pytest.approx(np.sqrt(variance), rel=1e-9)
    assert high - low == pytest.approx(2 * made.margin()[0], rel=1e-12)


def test_gains_are_differences_and_positive_is_better() -> None:
    tidy = of_frame("level").tidy()
    np.testing.assert_allclose(tidy["somers_d_gain"][1:], np.diff(tidy["somers_d"]), atol=1e-15)
    np.testing.assert_allclose(tidy["rps_gain"][1:], -np.diff(tidy["rps"]), atol=1e-15)
    gain = of_frame("level").gain("return", "much", "rps")
    assert gain.value == pytest.approx(tidy["rps_gain"].iloc[2])
    assert gain.low == pytest.approx(tidy["rps_gain_low"].iloc[2])
    assert gain.high == pytest.approx(tidy["rps_gain_high"].iloc[2])
    back = of_frame("level").gain("much", "return", "rps")
    assert (back.value, back.low, back.high) == pytest.approx((-gain.value, -gain.high, -gain.low))
    none = of_frame("yes").gain("return", "return")
    assert (none.value, none.low, none.high) == (0, 0, 0)
    assert not [name for name in of_frame("yes").tidy().columns if name.startswith("calibration_slope_gain")]


# equal rows told once, and other ways to say the same


@pytest.mark.parametrize("label", ["yes", "level", "kind"])
def test_equal_rows_told_once_predict_the_same(label: str) -> None:
    found = of_frame(label)
    held = held_of(found.plan)
    assert held[0] is not None
    for one in found.tested[:2]:
        for step in range(2):
            alone = predicted(found.plan, step, one.fold, None)[0]
            together = predicted(
                found.plan, step, one.fold, held[step] or distinct(found.plan.columns[step].X)
            )
            np.testing.assert_allclose(together[0], alone, atol=1e-9)


def test_distinct_rows_rebuild_the_rows() -> None:
    X = np.random.default_rng(0).integers(0, 3, (200, 2)).astype(float)
    told = distinct(X)
    assert told is not None
    assert (told.X[told.code] == X).all()
    assert len(np.unique(told.X, axis=0)) == len(told.X)
    assert distinct(np.arange(20.0)[:, None]) is None
    assert distinct(np.empty((20, 0))) is None


@pytest.mark.parametrize("label", TYPES)
def test_the_order_of_rows_does_not_matter(label: str) -> None:
    mixed = frame().sample(frac=1, random_state=3)
    the_same(of_frame(label), hs.evaluate(mixed, label=label, ladder=LADDER, folds=FEW))


def test_the_index_of_rows_does_not_matter() -> None:
    named = frame().set_index(pd.Index(["same"] * len(frame())))
    the_same(of_frame("yes"), hs.evaluate(named, label="yes", ladder=LADDER, folds=FEW), within=0)


def test_names_that_sort_alike_change_nothing() -> None:
    rows = frame()
    for column in ("ego", "alter"):
        rows[column] = [f"{name[1:]}é {name}" for name in rows[column]]
    found = hs.evaluate(rows, label="yes", ladder=LADDER, folds=FEW)
    assert (scores_of(found)[1:, :3] == scores_of(of_frame("yes"))[1:, :3]).all()
    the_same(of_frame("yes"), found, within=0)


def test_units_of_columns_do_not_matter() -> None:
    rows = frame()
    rows["share"] = 1e4 * rows["share"] + 0
    the_same(of_frame("yes"), hs.evaluate(rows, label="yes", ladder=LADDER, folds=FEW), within=1e-8)
    rows["score"] = 60 * rows["score"] + 7
    ladder = LADDER
    other = hs.evaluate(rows, label="score", ladder=ladder, folds=FEW).tidy()
    assert other["r2"].to_numpy() == pytest.approx(of_frame("score").tidy()["r2"].to_numpy(), abs=1e-8)
    assert other["rmse"].to_numpy() == pytest.approx(60 * of_frame("score").tidy()["rmse"].to_numpy())


def test_who_is_called_ego_does_not_matter_without_direction() -> None:
    from dataclasses import replace

    dyads = helpdesk()
    flipped = dyads.frame.copy()
    some = np.random.default_rng(5).random(len(flipped)) < 0.5
    flipped.loc[some, ["ego", "alter"]] = flipped.loc[some, ["alter", "ego"]].to_numpy()
    first = hs.evaluate(dyads, ladder=["volume", "balance"], folds=FEW)
    the_same(first, hs.evaluate(replace(dyads, frame=flipped), ladder=["volume", "balance"], folds=FEW))
    assert first.canary is not None
    beside = hs.evaluate(replace(dyads, frame=flipped), ladder=["volume", "balance"], folds=FEW).canaries()
    np.testing.assert_allclose(beside["value"], first.canaries()["value"], atol=1e-3)


def test_a_seed_gives_the_same_twice_and_another_another() -> None:
    few = frame(people=8)
    first, second = (hs.evaluate(few, label="yes", ladder=LADDER, seed=4) for _ in range(2))
    the_same(first, second, within=0)
    assert first.canaries().equals(second.canaries())
    other = hs.evaluate(few, label="yes", ladder=LADDER, seed=5)
    assert (scores_of(other)[1:, 0] != scores_of(first)[1:, 0]).all()
    # where the splitter has a seed of its own, that is the one
    the_same(of_frame("yes"), hs.evaluate(frame(), label="yes", ladder=LADDER, folds=FEW, seed=9), within=0)


def test_scores_that_no_fold_has_are_not_numbers() -> None:
    found = of_frame("yes")
    y = np.zeros_like(found.plan.y)
    made = scored(y, found.tested, scores_for(found.plan.task), found.plan.people[:2])
    names = [one.name for one in made.scores]
    assert np.isnan(made.mean()[:, names.index("auc")]).all()
    assert np.isfinite(made.mean()[:, names.index("brier")]).all()


def test_predictions_are_rows_of_the_table_that_was_given() -> None:
    rows = frame()
    rows.loc[rows["ego"] == "p03", "yes"] = pd.NA
    found = hs.evaluate(rows, label="yes", ladder=LADDER, folds=FEW)
    said = found.predictions
    assert said["ego"].ne("p03").all()
    back = rows.iloc[said["row"]].reset_index(drop=True)
    assert (back[["ego", "alter"]].to_numpy() == said[["ego", "alter"]].to_numpy()).all()
    assert (back["yes"].astype(float).to_numpy() == said["label"].to_numpy()).all()
    assert "17 rows without yes" in str(found) or "17" in found.facts()[1]
    assert said.groupby(["division", "row"]).size().max() == 1

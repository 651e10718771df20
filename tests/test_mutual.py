"""Both directions of a label at once: against brute force, two logits, closed forms and the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

import honestsignals as hs
from honestsignals.inference.covariance import covariance_of
from honestsignals.inference.mutual_logit import estimate_mutual
from tests.shared import needs_shared, shared_path

COVARIANCES = ["classical", "hc1", "pair", "dyadic", "jackknife", "frank_snijders"]
FORMULA = "friend ~ given + same_site"


def frame_of(n: int = 24, seed: int = 0, beta=(-1.4, 0.5, 0.4), rho=(1.2, 0.6)) -> pd.DataFrame:
    """Ordered pairs whose two labels are drawn from the model itself."""
    rng = np.random.default_rng(seed)
    given = np.log1p(rng.poisson(1.5, (n, n)))
    site = rng.integers(0, 2, n)
    same = (site[:, None] == site).astype(float)
    eta = beta[0] + beta[1] * given + beta[2] * same
    friend = np.zeros((n, n))
    for i, j in zip(*np.triu_indices(n, 1), strict=True):
        level = np.array([0, eta[i, j], eta[j, i], eta[i, j] + eta[j, i] + rho[0] + rho[1] * same[i, j]])
        state = rng.choice(4, p=np.exp(level) / np.exp(level).sum())
        friend[i, j], friend[j, i] = state in (1, 3), state in (2, 3)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    return pd.DataFrame(
        {
            "ego": [f"p{one:02d}" for one in ego],
            "alter": [f"p{one:02d}" for one in alter],
            "given": given[ego, alter],
            "received": given[alter, ego],
            "same_site": same[ego, alter],
            "friend": friend[ego, alter],
        }
    )


def log_likelihood(theta: np.ndarray, frame: pd.DataFrame) -> float:
    """Pair by pair, from the probabilities as they are written."""
    rows = {
        (i, j): row for i, j, row in zip(frame["ego"], frame["alter"], frame.to_dict("records"), strict=True)
    }
    total = 0.0
    for (i, j), row in rows.items():
        if i > j:
            continue
        other = rows[j, i]
        one, two = (theta[0] + theta[1] * r["given"] + theta[2] * r["same_site"] for r in (row, other))
        rho = theta[3] + theta[4] * row["same_site"]
        weight = {(a, b): np.exp(a * one + b * two + a * b * rho) for a in (0.0, 1.0) for b in (0.0, 1.0)}
        total += np.log(weight[row["friend"], other["friend"]] / sum(weight.values()))
    return total


def test_the_estimate_maximises_the_likelihood_written_out() -> None:
    frame = frame_of(14)
    fit = hs.fit_mutual(FORMULA, frame, reciprocity="same_site")
    names = ("Intercept", "given", "same_site", "reciprocity", "reciprocity: same_site")
    assert fit.estimate.names == names
    found = minimize(lambda theta: -log_likelihood(theta, frame), np.zeros(5), method="BFGS", tol=1e-9)
    np.testing.assert_allclose(fit.estimate.beta, found.x, atol=2e-5)
    assert fit.estimate.log_likelihood == pytest.approx(log_likelihood(fit.estimate.beta, frame), rel=1e-12)
    assert abs(fit.estimate.scores.sum(axis=0)).max() < 1e-9
    step = 1e-4
    hessian = np.empty((5, 5))
    for a, b in np.ndindex(5, 5):
        corners = [
            sa
            * sb
            * log_likelihood(fit.estimate.beta + step * (sa * np.eye(5)[a] + sb * np.eye(5)[b]), frame)
            for sa in (1, -1)
            for sb in (1, -1)
        ]
        hessian[a, b] = -sum(corners) / (4 * step**2)
    np.testing.assert_allclose(fit.estimate.hessian, hessian, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("covariance", ["pair", "dyadic", "jackknife", "frank_snijders"])
def test_without_the_odds_ratio_it_is_a_logit_of_each_direction(covariance) -> None:
    frame = frame_of()
    both = frame.merge(frame, left_on=["ego", "alter"], right_on=["alter", "ego"], suffixes=("", "_back"))
    both = both[both["ego"] < both["alter"]]
    forth = np.column_stack([np.ones(len(both)), both["given"], both["same_site"]])
    back = np.column_stack([np.ones(len(both)), both["given_back"], both["same_site_back"]])
    answers = both[["friend", "friend_back"]].to_numpy()
    names = ["Intercept", "given", "same_site"]
    joint = estimate_mutual((forth, back), np.empty((len(both), 0)), answers, names, [])
    single = hs.fit(FORMULA, frame, family="logit")
    np.testing.assert_allclose(joint.beta, single.estimate.beta, rtol=1e-10)
    assert joint.log_likelihood == pytest.approx(single.estimate.log_likelihood, rel=1e-12)
    codes = (both["ego"].to_numpy(), both["alter"].to_numpy())
    ours, theirs = (covariance_of(joint, *codes, names, covariance), single.with_covariance(covariance))
    np.testing.assert_allclose(ours.matrix, theirs.covariance.matrix, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(ours.std_error, theirs.covariance.std_error, rtol=1e-9)


def test_without_covariates_the_odds_ratio_is_that_of_the_table() -> None:
    frame = frame_of()
    fit = hs.fit_mutual("friend ~ 1", frame)
    one = fit.glance().iloc[0]
    pairs, mutual, single = one["pairs"], one["mutual"], one["one_sided"]
    none = pairs - mutual - single
    expected = np.log(mutual * none / (single / 2) ** 2)
    assert fit.estimate.beta[1] == pytest.approx(expected, rel=1e-12)
    assert fit.estimate.beta[0] == pytest.approx(np.log(single / 2 / none), rel=1e-12)
    # delta method over the multinomial of the three counts
    assert fit.with_covariance("classical").covariance.std_error[1] == pytest.approx(
        np.sqrt(1 / mutual + 1 / none + 4 / single), rel=1e-10
    )
    assert one["r_squared"] == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
def test_people_left_out_exactly_and_in_one_step() -> None:
    frame = frame_of(16, seed=3)
    fit = hs.fit_mutual(FORMULA, frame, exact=True)
    delta = []
    for person in sorted(set(frame["ego"])):
        rest = frame[(frame["ego"] != person) & (frame["alter"] != person)]
        delta.append(fit.estimate.beta - hs.fit_mutual(FORMULA, rest, covariance="pair").estimate.beta)
    pairs = []
    for i, j in {tuple(sorted(pair)) for pair in zip(frame["ego"], frame["alter"], strict=True)}:
        rest = frame[~(frame["ego"].isin([i, j]) & frame["alter"].isin([i, j]))]
        pairs.append(fit.estimate.beta - hs.fit_mutual(FORMULA, rest, covariance="pair").estimate.beta)
    people, floor = (np.array(one).T @ np.array(one) for one in (delta, pairs))
    np.testing.assert_allclose(fit.covariance.matrix, people * 15 / 16 - floor, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(fit.covariance.floor, floor, rtol=1e-6)
    one_step = hs.fit_mutual(FORMULA, frame).covariance
    np.testing.assert_allclose(one_step.std_error, fit.covariance.std_error, rtol=0.2)


def test_renaming_shuffling_and_units_change_nothing() -> None:
    frame = frame_of()
    fits = {
        name: hs.fit_mutual(FORMULA, frame, reciprocity="same_site", covariance=name) for name in COVARIANCES
    }
    rng = np.random.default_rng(1)
    people = sorted(set(frame["ego"]))
    new = dict(zip(people, rng.permutation(people), strict=True))
    renamed = frame.assign(ego=frame["ego"].map(new), alter=frame["alter"].map(new))
    for other in (renamed, frame.sample(frac=1, random_state=2), renamed.sample(frac=1, random_state=5)):
        for name, fit in fits.items():
            again = hs.fit_mutual(FORMULA, other, reciprocity="same_site", covariance=name)
            np.testing.assert_allclose(again.estimate.beta, fit.estimate.beta, rtol=1e-10)
            np.testing.assert_allclose(again.covariance.matrix, fit.covariance.matrix, rtol=1e-8, atol=1e-14)
            np.testing.assert_allclose(again.covariance.df, fit.covariance.df, rtol=1e-9)
    scaled = hs.fit_mutual(FORMULA, frame.assign(given=frame["given"] * 2), reciprocity="same_site")
    unit = np.array([1, 2, 1, 1, 1])
    np.testing.assert_allclose(scaled.estimate.beta * unit, fits["jackknife"].estimate.beta, rtol=1e-10)
    np.testing.assert_allclose(scaled.covariance.df, fits["jackknife"].covariance.df, rtol=1e-9)


def test_transposing_the_label_exchanges_giving_and_getting() -> None:
    frame = frame_of()
    turned = frame.rename(columns={"ego": "alter", "alter": "ego"})
    fit = hs.fit_mutual("friend ~ given + received", frame)
    other = hs.fit_mutual(
        "friend ~ received + given", turned.rename(columns={"given": "received", "received": "given"})
    )
    np.testing.assert_allclose(other.estimate.beta, fit.estimate.beta, rtol=1e-10)
    np.testing.assert_allclose(other.covariance.std_error, fit.covariance.std_error, rtol=1e-9)


def test_known_effects_come_back() -> None:
    truth = np.array([-1.4, 0.5, 0.4, 1.2, 0.6])
    fit = hs.fit_mutual(FORMULA, frame_of(130, seed=8), reciprocity="same_site", covariance="classical")
    assert (np.abs(fit.estimate.beta - truth) < 3.5 * fit.covariance.std_error).all()
    assert (fit.covariance.std_error < 0.2).all()


def test_pairs_with_one_direction_alone_are_left_out_and_counted() -> None:
    frame = frame_of()
    lacking = frame.copy()
    lacking.loc[[0, 40, 77], "friend"] = np.nan
    lacking.loc[5, "given"] = np.nan
    fit = hs.fit_mutual(FORMULA, lacking.drop(index=[100]))
    gone = {frozenset(pair) for pair in frame.loc[[0, 5, 40, 77, 100], ["ego", "alter"]].to_numpy()}
    keep = [frozenset(pair) not in gone for pair in frame[["ego", "alter"]].to_numpy()]
    whole = hs.fit_mutual(FORMULA, frame[keep])
    np.testing.assert_allclose(fit.estimate.beta, whole.estimate.beta, rtol=1e-12)
    assert fit.left_out == {
        "rows where friend is unknown": 3,
        "rows where given is undefined": 1,
        "rows whose other direction is not known, or not in the table": len(gone),
    }
    assert f"{len(gone)} rows whose other direction is not known" in str(fit)


def test_what_a_reader_sees() -> None:
    fit = hs.fit_mutual("friend ~ given", frame_of(), reciprocity="~ same_site")
    text = str(fit)
    assert "both directions at once: 276 pairs, 24 people." in text
    assert "pairs mutual" in text
    assert fit.formula == "friend ~ given; reciprocity ~ same_site"
    assert fit.wald(["reciprocity", "reciprocity: same_site"]).df1 == 2
    rows = fit.augment()
    np.testing.assert_allclose(rows[["p_none", "p_ego", "p_alter", "p_mutual"]].sum(axis=1), 1.0)
    # the scores of the intercepts: expected mutual pairs and answers are those there are
    one = fit.glance().iloc[0]
    assert rows["p_mutual"].sum() == pytest.approx(one["mutual"])
    assert (rows["p_ego"] + rows["p_alter"]).sum() == pytest.approx(one["one_sided"])
    assert fit.tidy(adjust="holm")["p_adjusted"].isna().tolist() == [True, False, False, False]
    assert "two_way: not for these rows" in str(fit.ladder())
    assert hs.compare(fit, names=["both"]).tidy()["term"].tolist() == fit.tidy()["term"].tolist()


def test_refusals() -> None:
    frame = frame_of(12)
    with pytest.raises(hs.DesignError, match="'given' differs between the two directions"):
        hs.fit_mutual(FORMULA, frame, reciprocity="given")
    with pytest.raises(hs.ArgumentError, match="reciprocity is ''"):
        hs.fit_mutual(FORMULA, frame, reciprocity="")
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'same_site'"):
        hs.fit_mutual(FORMULA, frame, reciprocity="same_sites")
    with pytest.raises(hs.DesignError, match="is in two rows or more"):
        hs.fit_mutual(FORMULA, pd.concat([frame, frame.iloc[:1]], ignore_index=True))
    with pytest.raises(hs.FitError, match="No pair has both of its directions"):
        hs.fit_mutual(FORMULA, frame[frame["ego"] < frame["alter"]])
    with pytest.raises(hs.ArgumentError, match="both directions must be 0 or 1"):
        hs.fit_mutual(FORMULA, frame.assign(friend=2 * frame["friend"]))
    with pytest.raises(hs.ArgumentError, match="dyads is a list"):
        hs.fit_mutual(FORMULA, [])
    with pytest.raises(hs.DesignError, match="use 'dyadic'"):
        hs.fit_mutual(FORMULA, frame, covariance="two_way")
    with pytest.raises(hs.ArgumentError, match="must read 'label ~ term"):
        hs.fit_mutual("friend", frame)
    undirected = hs.simulate(people=12, days=28, seed=1).study().dyads(label="friendship")
    with pytest.raises(hs.DesignError, match="friendship has no direction"):
        hs.fit_mutual("friendship ~ acts", undirected)


def test_separation_is_told_in_words() -> None:
    frame = frame_of(12)
    first = frame["ego"] < frame["alter"]
    lone = frame.assign(friend=np.where(first, (frame["given"] > 1).astype(int), 0))
    with pytest.raises(hs.FitError, match=r"separated by 'reciprocity'.*No pair has the label both ways"):
        hs.fit_mutual("friend ~ 1", lone)
    always = frame.assign(friend=frame["same_site"])
    with pytest.raises(hs.FitError, match=r"separated by .*Every pair that has the label has it both ways"):
        hs.fit_mutual("friend ~ given", always)
    told = frame.assign(
        friend=np.where(frame["given"] > 1.2, 1.0, frame["friend"]), high=frame["given"] > 1.2
    )
    with pytest.raises(hs.FitError, match=r"separated by 'high\[T.True\]': its coefficient has no finite"):
        hs.fit_mutual("friend ~ high", told.assign(high=told["high"].map({True: "True", False: "False"})))
    with pytest.raises(hs.FitError, match="nothing to explain"):
        hs.fit_mutual(FORMULA, frame.assign(friend=0))
    with pytest.raises(hs.FitError, match="leave one of them out"):
        hs.fit_mutual("friend ~ given + I(2 * given)", frame)


@needs_shared
def test_eies_friendship_is_reciprocal_beyond_messages() -> None:
    study = hs.open_study(shared_path("datasets", "eies"))
    table = study.dyads(label="friendship_t2")
    fit = hs.fit_mutual("friendship_t2 ~ log1p(acts_ego) + log1p(acts_alter)", table)
    one = fit.glance().iloc[0]
    assert (one["pairs"], one["mutual"], one["one_sided"], one["people"]) == (496, 60, 84, 32)
    row = fit.tidy().set_index("term").loc["reciprocity"]
    assert row["low"] > 0.5, "who is named as a friend names back, beyond what messages tell"
    counts = hs.friendship_class(study, "friendship_t2").dyads(label="friendship_t2_class")
    assert (counts.frame["friendship_t2_class"] == "mutual").sum() == one["mutual"]

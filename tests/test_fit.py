"""Fit: formulas, refusals, results and their files; the EIES numbers through the whole path."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from tests.folders import write_study
from tests.shared import needs_shared, shared_path

COLUMNS = ["term", "estimate", "std_error", "statistic", "p_value", "low", "high"]


def frame_of(n: int = 14, seed: int = 0) -> pd.DataFrame:
    """Ordered pairs with counts, a ratio that is undefined where nothing was given, and labels."""
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    acts = rng.poisson(1.0, len(ego))
    share = np.where(acts > 0, rng.random(len(ego)), np.nan)
    frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": acts, "share": share})
    frame["in_contact"] = (acts > 0).astype(int)
    frame["site"] = rng.choice(["north", "south"], len(ego))
    frame["trust"] = acts + np.nan_to_num(share) + rng.normal(size=len(ego))
    frame["friend"] = (frame["trust"] > 1).astype(int)
    return frame


def test_known_gives_the_slopes_of_listwise_deletion() -> None:
    frame = frame_of()
    with_known = hs.fit("trust ~ known(share) + in_contact", frame, family="gaussian")
    listwise = hs.fit("trust ~ share", frame, family="gaussian")
    slope = with_known.tidy().set_index("term")["estimate"]["known(share)"]
    assert slope == pytest.approx(listwise.tidy().set_index("term")["estimate"]["share"], rel=1e-10)
    undefined = int(frame["share"].isna().sum())
    assert listwise.model.left_out == {"rows where share is undefined": undefined}
    assert f"Rows left out: {undefined} rows where share is undefined." in str(listwise)
    assert with_known.model.left_out == {}


def test_missing_categories_are_left_out_and_not_the_first_one() -> None:
    frame = frame_of()
    frame.loc[:4, "site"] = None
    result = hs.fit("trust ~ site", frame, family="gaussian")
    assert result.model.left_out == {"rows where site is not known": 5}


def test_an_unknown_label_is_no_no_in_a_comparison() -> None:
    frame = frame_of()
    frame.loc[:9, "trust"] = np.nan
    result = hs.fit("trust > 1 ~ acts", frame)
    assert result.estimate.family == "logit"
    assert result.model.left_out == {"rows where trust > 1 is unknown": 10}


def test_interactions_and_categories() -> None:
    result = hs.fit("friend ~ log1p(acts) * C(site)", frame_of(), family="logit")
    assert result.model.names[-1] == "log1p(acts):C(site)[T.south]"
    assert result.wald(["log1p(acts):C(site)", "C(site)"]).df1 == 2


@pytest.mark.parametrize(
    ("formula", "kind", "message"),
    [
        ("friend", hs.ArgumentError, "must read 'label ~ term"),
        ("friend ~ act", hs.UnknownNameError, "Unknown column 'act'. Did you mean 'acts'"),
        ("frend ~ acts", hs.UnknownNameError, "Unknown column 'frend'. Did you mean 'friend'"),
        ("friend ~ acts +* share", hs.ArgumentError, "cannot be read"),
        ("friend ~ acts | site", hs.ArgumentError, "several parts"),
        ("friend ~ log1p(site)", hs.ArgumentError, "cannot be computed"),
        ("friend ~ friend + acts", hs.ArgumentError, "both sides"),
        ("site ~ acts", hs.ArgumentError, "holds no numbers"),
        ("friend ~ log(acts)", hs.FitError, "take log1p"),
        ("friend ~ returned_share", hs.UnknownNameError, "is a metric, and this table was made without it"),
        ("trust ~ acts + in_contact + I(2 * acts)", hs.FitError, "leave one of them out"),
    ],
)
def test_formulas_that_cannot_be(formula, kind, message) -> None:
    with pytest.raises(kind, match=message):
        hs.fit(formula, frame_of(), family="gaussian")


def test_the_family_must_be_known() -> None:
    with pytest.raises(hs.ArgumentError, match="say family='gaussian', 'logit'"):
        hs.fit("trust ~ acts", frame_of())
    with pytest.raises(hs.ArgumentError, match=r"family is 'logistic'.*Did you mean 'logit'"):
        hs.fit("friend ~ acts", frame_of(), family="logistic")
    with pytest.raises(hs.ArgumentError, match="covariance is 'cluster'"):
        hs.fit("friend ~ acts", frame_of(), family="logit", covariance="cluster")
    with pytest.raises(hs.ArgumentError, match="no column 'alter'"):
        hs.fit("friend ~ acts", frame_of().drop(columns="alter"), family="logit")


def test_errors_change_without_a_refit() -> None:
    result = hs.fit("friend ~ acts", frame_of(), family="logit")
    for name in ("classical", "hc1", "pair", "two_way", "dyadic", "jackknife"):
        other = result.with_covariance(name)
        assert other.estimate is result.estimate
        again = hs.fit("friend ~ acts", frame_of(), family="logit", covariance=name)
        pd.testing.assert_frame_equal(other.tidy(), again.tidy())
    assert "dyadic-robust" in str(result.with_covariance("dyadic"))
    with pytest.raises(hs.ArgumentError, match="Did you mean 'dyadic'"):
        result.with_covariance("dyadics")


def test_tidy_glance_augment_and_files(tmp_path) -> None:
    result = hs.fit("friend ~ acts + known(share)", frame_of(), family="logit")
    assert result.tidy().columns.tolist()[:7] == COLUMNS
    one = result.glance().iloc[0]
    assert (one["rows"], one["pairs"], one["people"]) == (182, 91, 14)
    rows = result.augment()
    assert rows.columns.tolist() == ["ego", "alter", "friend", "fitted", "residual"]
    np.testing.assert_allclose(rows["friend"] - rows["fitted"], rows["residual"], atol=1e-15)
    assert rows["residual"].sum() == pytest.approx(0, abs=1e-9), "the scores of the intercept sum to 0"
    result.to_csv(tmp_path / "fit.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "fit.csv"), result.tidy(), rtol=1e-12)
    assert "\\toprule" in result.to_latex(tmp_path / "fit.tex")
    assert (tmp_path / "fit.tex").read_text().strip() == result.to_latex()
    assert result.to_markdown().startswith("| term")
    assert "<table>" in result._repr_html_()
    content = json.loads(result.to_json(tmp_path / "fit.json"))
    assert content["glance"]["rows"] == 182
    assert len(content["covariance"]) == 3
    with pytest.raises(hs.OutputError, match="no folder"):
        result.to_csv(tmp_path / "nowhere" / "fit.csv")


def test_joint_tests_of_terms() -> None:
    result = hs.fit("friend ~ acts + known(share)", frame_of(), family="logit")
    one = result.wald("acts")
    row = result.tidy().set_index("term").loc["acts"]
    assert one.statistic == pytest.approx(row["statistic"] ** 2, rel=1e-9)
    assert one.p_value == pytest.approx(row["p_value"], rel=1e-9)
    assert result.wald(["acts", "known(share)"]).df1 == 2
    with pytest.raises(hs.UnknownNameError, match=r"Did you mean 'known\(share\)'"):
        result.wald("known(shares)")


def test_a_result_prints_facts_before_numbers() -> None:
    text = str(hs.fit("friend ~ acts", frame_of(), family="logit"))
    facts, _, table = text.partition("\n\n")
    assert "logit of friend: 182 rows of 182, 91 pairs, 14 people." in facts
    assert "Base rate" in facts
    assert "Standard errors: net jackknife over people and pairs" in facts
    assert table.startswith("term")
    assert "0x" not in text


def test_undirected_rows_refuse_what_depends_on_who_is_ego(tmp_path) -> None:
    table = hs.open_study(write_study(tmp_path)).dyads(label="friendship")
    for name, forms in {
        "acts_ego": "acts_mean, acts_min, acts_max, acts_gap",
        "net_giving": "imbalance, returned_share, in_contact",
        "ego_age": "gap_age",
        "ego_office": "same_office",
    }.items():
        with pytest.raises(hs.DesignError, match=f"'{name}' depends on who is called ego.*{forms}"):
            hs.fit(f"friendship ~ {name}", table)
    with pytest.raises(hs.DesignError, match="these rows have no direction; use 'dyadic'"):
        hs.fit("friendship ~ acts", table, family="gaussian").with_covariance("two_way")
    with pytest.raises(hs.ArgumentError, match="'first_act' is a date"):
        hs.fit("friendship ~ first_act", table)


def test_few_people_separation_and_one_value_are_said_in_words(tmp_path) -> None:
    table = hs.open_study(write_study(tmp_path)).dyads(label="friendship")
    with pytest.raises(hs.FitError, match="in_contact"):
        hs.fit("friendship ~ in_contact", table)
    with pytest.raises(hs.FitError, match="2 rows for 2 coefficients: too few"):
        hs.fit("friendship ~ acts", table.frame[table.frame["friendship"] == 1], family="logit")
    frame = frame_of()
    with pytest.raises(hs.FitError, match="1 in every row"):
        hs.fit("friend ~ acts", frame[frame["friend"] == 1], family="logit")
    text = str(hs.fit("friendship ~ same_office", table, family="gaussian"))
    assert "4 people: errors that rest on fewer than 10 people are not to be trusted" in text


@needs_shared
def test_eies_through_the_whole_path() -> None:
    """INFERENCE §1, to the digits printed."""
    study = hs.open_study(shared_path("datasets", "eies"))
    dyads = study.dyads(label="acquaintance_t2", with_labels=["acquaintance_t1"])
    ols = hs.fit(
        "acquaintance_t2 ~ log1p(acts) + known(returned_share) + acquaintance_t1",
        dyads,
        family="gaussian",
        covariance="dyadic",
    )
    np.testing.assert_allclose(ols.estimate.beta, [0.44458901, 0.11076321, 0.30229832, 0.70728265], atol=5e-9)
    np.testing.assert_allclose(
        ols.covariance.std_error, [0.09136384, 0.03299814, 0.08479444, 0.06188431], atol=5e-9
    )
    classical = ols.with_covariance("classical").covariance.std_error
    np.testing.assert_allclose(classical, [0.03158695, 0.01861522, 0.08787857, 0.01737571], atol=5e-9)
    assert "levels of the ordinal label are treated as numbers" in str(ols)
    ordered = hs.fit("acquaintance_t2 ~ log1p(acts) + known(returned_share)", dyads)
    assert ordered.estimate.family == "ordered_logit"
    np.testing.assert_allclose(ordered.estimate.beta[:2], [0.65128, -0.3509], atol=5e-5)
    cuts = [-0.4299340, 0.1986721, 2.7080993, 4.5034555]
    np.testing.assert_allclose(ordered.estimate.beta[2:], cuts, atol=5e-8)
    logit = hs.fit("acquaintance_t2 >= 3 ~ log1p(acts) + known(returned_share)", dyads, exact=True)
    np.testing.assert_allclose(logit.estimate.beta, [-2.38769589, 0.5483373, -0.43397788], atol=5e-9)
    np.testing.assert_allclose(logit.covariance.std_error, [0.5083, 0.1544, 0.5315], atol=5e-5)
    dyadic = logit.with_covariance("dyadic").covariance.std_error
    np.testing.assert_allclose(dyadic, [0.43933199, 0.1320061, 0.47336251], atol=5e-9)

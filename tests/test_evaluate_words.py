"""What an evaluation says, prints and refuses."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import honestsignals as hs
from honestsignals.cli import app
from honestsignals.errors import ArgumentError, DesignError, FitError, UnknownNameError
from honestsignals.evaluation import Evaluation
from honestsignals.evaluation_words import Gain, adds_words, chosen_words, signed, wald_words
from honestsignals.inference.words import joined
from honestsignals.rungs import Rung, rungs
from tests.evaluations import LADDER, TYPES, frame, helpdesk, of_frame

TWO = hs.PeopleFolds(divisions=1)


def evaluated(rows: pd.DataFrame | None = None, **asked) -> Evaluation:
    given = {"label": "yes", "ladder": LADDER, "folds": TWO} | asked
    return hs.evaluate(frame() if rows is None else rows, **given)


def said(low: float, value: float, high: float, *names: str, nested: bool = True) -> str:
    """The headline of a made up gain."""
    plan = of_frame("yes").plan
    gain = Gain(names[-1], "much", "auc", value, 0.1, low, high, 20.0)
    steps = [Rung(name, ("x",), "x", nested) for name in names]
    return adds_words(plan, gain, (0.7, 0.7 + value), steps)


# the headline


def test_the_headline_says_plainly_whether_anything_is_added() -> None:
    begin = "On people never seen, "
    assert said(0.01, 0.03, 0.05, "balance") == (
        begin + "balance adds to much in foretelling yes: AUC 0.700 changes by +0.030 [+0.010, +0.050]."
    )
    assert said(0.01, 0.03, 0.05, "balance", "timing").startswith(begin + "balance and timing add to much in")
    assert said(-0.01, 0.03, 0.05, "a", "b", "c").startswith(
        begin + "a, b and c add nothing that these data can show to much in foretelling yes: "
    )
    assert said(-0.05, -0.03, -0.01, "balance").startswith(
        begin + "balance beside much foretells yes worse than much alone: AUC 0.700 changes by -0.030"
    )
    assert said(0, 0, 0, "balance") == (
        begin + "balance orders pairs just as much does, so nothing is judged of yes: "
        "AUC 0.700 changes by 0.000 [0.000, 0.000]."
    )
    assert said(-0.01, 0.03, 0.05, "b", nested=False).startswith(
        "On people never seen, as far as these data show, b foretells yes no better than much: "
    )
    assert "b foretells yes better than much" in said(0.01, 0.03, 0.05, "b", nested=False)
    assert "b foretells yes worse than much" in said(-0.05, -0.03, -0.01, "b", nested=False)
    nothing = said(np.nan, np.nan, np.nan, "balance")
    assert nothing == (
        begin
        + "no gain of balance in foretelling yes can be told: where the tested rows are all 1, or all 0."
    )


def test_gains_are_signed_but_for_nothing() -> None:
    assert [signed(one) for one in (0.0004, -0.0004, 0.0006, -1.0, np.inf)] == [
        *("0.000", "0.000", "+0.001", "-1.000", "+inf"),
    ]
    assert joined(["a", "b"]) == "a and b"


@pytest.mark.parametrize(
    ("ladder", "begins"),
    [
        (["volume", "balance", "timing"], "balance and timing (add|beside)"),
        (["volume", "embeddedness", "balance", "attributes"], "balance .* volume and embeddedness"),
        (["balance", "volume"], "volume .* balance"),
        (["volume"], "volume adds to the base rate in foretelling friendship: AUC 0.500 changes by"),
        (["volume", "embeddedness"], "embeddedness .* volume"),
        (["balance", "timing"], "timing .* balance"),
        (
            ["~ acts", "~ acts + returned_share"],
            "as far as these data show, model 2 .* no better than model 1",
        ),
    ],
)
def test_the_headline_is_about_give_and_take_beyond_what_stands_before(ladder, begins: str) -> None:
    found = hs.evaluate(helpdesk(), ladder=ladder, folds=TWO)
    assert re.match(f"On people never seen, {begins}", found.headline), found.headline
    added = found.added
    assert f"changes by {signed(added.value)} [{signed(added.low)}, {signed(added.high)}]." in found.headline


# facts and printing


@pytest.mark.parametrize("label", TYPES)
def test_facts_begin_with_the_headline_and_are_sentences(label: str) -> None:
    found = of_frame(label)
    facts = found.facts()
    assert facts[0] == found.headline
    assert str(found).startswith(found.headline + "\n")
    for line in facts:
        assert line.endswith("."), line
        assert line[0].isupper() or line.startswith(("wald_p", *"0123456789", found.score.title)), line
        assert "nan" not in line
        assert "  " not in line
        assert ".." not in line.replace("0..", "")
    assert len(set(facts)) == len(facts)
    assert found.note().startswith(found.headline)
    starts = {"binary": "Base rate of yes", "continuous": "Mean of score"}
    start = starts.get(TYPES[label], f"Levels of {label}: ")
    assert sum(line.startswith(start) for line in facts) == 1
    assert "Steps: much is log1p(acts) + met; return adds known(share) + undefined(share)." in facts
    assert "306 rows used; left out: none." in facts


def test_a_table_that_told_its_base_rate_is_not_repeated() -> None:
    facts = hs.evaluate(helpdesk(), ladder=["volume"], folds=TWO).facts()
    assert sum("Base rate of friendship" in line for line in facts) == 1
    high = hs.evaluate(helpdesk("trust"), label="trust >= 4", ladder=["volume"], folds=TWO)
    assert sum("Base rate of trust >= 4" in line for line in high.facts()) == 1
    assert high.label_type == "binary"


def test_rows_left_out_are_counted_with_their_reasons() -> None:
    rows = frame()
    rows.loc[3:7, "yes"] = np.nan
    rows.loc[10:12, "acts"] = np.nan
    found = evaluated(rows, ladder={"met": ["met"], "acts": "~ acts"})
    assert len(found.plan.y) == 298
    line = next(line for line in found.facts() if "rows used" in line)
    assert line.startswith("298 rows used; left out: ")
    assert "5 rows where yes is unknown" in line
    assert "3 " in line
    assert found.predictions["row"].isin(found.plan.rows).all()


def test_it_prints_short_headings_and_keeps_long_names() -> None:
    found = of_frame("yes")
    text = str(found).splitlines()
    head = next(line for line in text if line.startswith("step"))
    short = "step auc interval gain interval of gain average_precision brier log_score wald_p"
    assert " ".join(head.split()) == short
    assert max(len(line) for line in text[text.index(head) :]) < 130
    assert list(found.shown().columns[:3]) == ["step", "auc", "interval"]
    names = list(found.tidy().columns)
    assert names[:8] == [
        *("step", "terms", "auc", "auc_low", "auc_high", "auc_gain", "auc_gain_low", "auc_gain_high"),
    ]
    assert names[-1] == "wald_p"
    row = next(line for line in text if line.startswith("much"))
    assert row.split()[-1] == f"{found.tidy()['wald_p'].iloc[1]:.4f}"
    assert "< 0.0001" in str(hs.evaluate(helpdesk(), ladder=["volume"], folds=TWO))
    assert re.search(r"\[0\.\d{4}, 0\.\d{4}\]", row)
    assert "[–" not in str(found)


def test_names_are_escaped_wherever_they_go(tmp_path) -> None:
    rows = frame().rename(columns={"yes": "<script>alert(1)</script>", "acts": "a|b_$x"})
    found = hs.evaluate(
        rows, label="<script>alert(1)</script>", ladder={"<b>much</b> & *more*": ["a|b_$x"]}, folds=TWO
    )
    page = found._repr_html_() + found.to_html()
    assert "<script>" not in page
    assert "<b>much" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;much&lt;/b&gt; &amp; *more*" in page
    assert r"\&" in found.to_latex()
    assert "\\*more\\*" in found.to_markdown()
    found.to_csv(tmp_path / "scores.csv")
    back = pd.read_csv(tmp_path / "scores.csv")
    assert back["step"].tolist() == list(found.steps)


def test_tables_go_to_files_as_they_are(tmp_path) -> None:
    found = of_frame("level")
    found.to_csv(tmp_path / "scores.csv")
    back = pd.read_csv(tmp_path / "scores.csv").drop(columns="terms")
    pd.testing.assert_frame_equal(back, found.tidy().drop(columns="terms"))
    for name, write in (("t.html", found.to_html), ("t.tex", found.to_latex), ("t.md", found.to_markdown)):
        write(tmp_path / name)
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "interval" in text
        assert "somers" in text
    assert found.headline.split(":")[0] in (tmp_path / "t.md").read_text(encoding="utf-8")


def test_what_wald_tests_and_why_it_is_missing() -> None:
    assert wald_words({"a": (0.1, ""), "b": (0.2, "without x")}) == [
        "wald_p: in one fit of all rows, the step's coefficients are all 0 (net jackknife).",
        "wald_p of b is without x, which other columns say too.",
    ]
    nan = float("nan")
    assert wald_words({"a": (nan, "it is so."), "b": (nan, "it is so")}) == [
        "No wald_p of a and b: it is so."
    ]
    rows = frame()
    rows["twice"] = 2 * rows["acts"]
    rows["more"] = rows["acts"] + rows["met"]
    found = evaluated(rows, ladder={"much": ["acts", "twice", "met"], "more": ["more"], "same": ["acts"]})
    walds = found.walds
    assert walds["much"][1] == "without twice"
    alone = hs.fit("yes ~ acts + met", rows, family="logit").wald(["acts", "met"])
    assert walds["much"][0] == pytest.approx(alone.p_value, rel=1e-9)
    assert walds["more"] == (pytest.approx(nan, nan_ok=True), walds["more"][1])
    facts = found.facts()
    assert "wald_p of much is without twice, which other columns say too." in facts
    assert "No wald_p of more: its columns are combinations of those before, so it can add nothing." in facts
    assert "No wald_p of same: the step before has all its terms." in facts
    assert "same adds nothing." in next(line for line in facts if line.startswith("Steps"))


def test_the_wald_test_is_that_of_a_fit_of_all_rows() -> None:
    found = of_frame("level")
    fit = hs.fit("level ~ log1p(acts) + met + known(share)", frame())
    expected = fit.wald(["known(share)"]).p_value
    assert found.tidy()["wald_p"].iloc[2] == pytest.approx(expected, rel=1e-9)


def test_separation_and_undefined_folds_are_told() -> None:
    rows = frame()
    rows["knows"] = np.where(rows["yes"] == 1, rows["score"] + 10, rows["score"])
    found = evaluated(rows, ladder={"all": ["knows"]}, admit=["knows"])
    assert any(
        re.match(r"In 2 of 2 folds the training rows of all are separated", one) for one in found.facts()
    )
    few = frame()
    few["yes"] = ((few["ego"] < "p03") & (few["alter"] < "p06")).astype(int)
    scarce = evaluated(few, ladder=["acts"], folds=hs.PeopleFolds(groups=6, divisions=1))
    missing = next(line for line in scarce.facts() if line.startswith("Undefined in "))
    assert re.match(
        r"Undefined in \d of 6 folds: .*AUC.* \(where the tested rows are all 1, or all 0\)", missing
    )
    assert "means are over the other folds" in missing
    used = scarce.by_fold().query("step == 'acts'")["auc"]
    assert scarce.tidy()["auc"].iloc[1] == pytest.approx(used.mean())
    assert 0 < used.isna().sum() < 6


def test_without_any_fold_that_has_a_score_the_headline_says_so() -> None:
    rows = frame()
    rows["yes"] = ((rows["ego"] == "p00") & (rows["alter"] == "p01")).astype(int)
    found = evaluated(rows, ladder=["acts"], folds=hs.PeopleFolds(groups=9, divisions=1))
    if np.isfinite(found.tidy()["auc"].iloc[1]):
        pytest.skip("the two were dealt into one group")
    assert "no gain of acts in foretelling yes can be told: where the tested rows" in found.headline
    assert "nan" not in str(found)
    assert np.isfinite(found.tidy()["brier"]).all()


def test_levels_that_some_training_rows_lack() -> None:
    rows = frame()
    level = rows["level"].astype(object)
    level[(rows["ego"] == "p00") & (rows["alter"] == "p01")] = "top"
    for ordered in (True, False):
        rows["level"] = pd.Categorical(level, ["low", "mid", "high", "top"], ordered=ordered)
        found = evaluated(rows, label="level", ladder=["acts"])
        assert np.isfinite(found.tidy()["log_score"]).all()
        assert "top 0.3%" in str(found)
        columns = [f"acts[{name}]" for name in ("low", "mid", "high", "top")]
        assert found.predictions[columns].sum(axis=1).to_numpy() == pytest.approx(1)
        assert (found.predictions["acts[top]"] > 0).all()
    # levels that no row used has are none
    rows["level"] = pd.Categorical(frame()["level"], ["low", "mid", "high", "top"], ordered=True)
    assert evaluated(rows, label="level", ladder=["acts"]).plan.level_names == ("low", "mid", "high")


def test_labels_of_other_kinds_of_columns() -> None:
    rows = frame()
    first = evaluated(ladder=["acts"]).tidy()["auc"]
    for made in (rows["yes"].astype(bool), rows["yes"].astype("Int64"), rows["yes"].astype("boolean")):
        assert evaluated(rows.assign(yes=made), ladder=["acts"]).tidy()["auc"].equals(first)
    assert evaluated(rows, label="level >= 'high'", ladder=["acts"]).tidy()["auc"].equals(first)
    left = evaluated(rows, label="level >= 'high'", ladder=["level>='high' ~ acts"])
    assert left.tidy()["auc"].equals(first)
    assert left.label == "level >= 'high'"


# what is refused


@pytest.mark.parametrize(
    ("asked", "error", "match"),
    [
        ({"label": None}, ArgumentError, "A plain frame does not say what is to be foretold: say label="),
        ({"label": 5}, ArgumentError, "label is 5; it must name a column, or compare one"),
        ({"label": "yess"}, UnknownNameError, "Unknown column 'yess'. Did you mean 'yes'"),
        ({"label": "ego"}, ArgumentError, "'ego' says who is in the row"),
        ({"label": "score >= 99"}, FitError, "score >= 99 is the same in all 306 rows: there is nothing"),
        ({"ladder": None}, DesignError, r"No step of the ladder has a column .*ladder=\{'much': "),
        ({"ladder": []}, ArgumentError, r"ladder is \[\]; it must be a list of steps"),
        ({"ladder": {}}, ArgumentError, r"ladder is \{\}; it must be a list of steps"),
        ({"ladder": 7}, ArgumentError, "ladder is 7; it must be a list of steps"),
        ({"ladder": ["act"]}, UnknownNameError, "Unknown column 'act'. Did you mean 'acts'"),
        ({"ladder": ["volum"]}, UnknownNameError, "Did you mean 'volume'"),
        ({"ladder": ["acts", "acts"]}, ArgumentError, "Two steps of the ladder are called 'acts'"),
        (
            {"ladder": {"base rate": ["acts"]}},
            ArgumentError,
            "Two steps of the ladder are called 'base rate'",
        ),
        ({"ladder": ["level ~ acts"]}, ArgumentError, "'level ~ acts' explains 'level'; the label is 'yes'"),
        ({"ladder": ["yes ~ acts + yes"]}, ArgumentError, "'yes' stands on both sides"),
        ({"ladder": ["~ "]}, ArgumentError, "must read 'label ~ term"),
        (
            {"ladder": [["acts"], []]},
            ArgumentError,
            r"Step 'model 2' is \[\]; it must be a formula, or a list",
        ),
        ({"ladder": {"a": ["~ acts"]}}, ArgumentError, "'a' lists the formula '~ acts'; a formula is a step"),
        ({"ladder": [["acts"], 5]}, ArgumentError, "Step 'model 2' is 5"),
        ({"seed": -1}, ArgumentError, "seed is -1"),
        ({"seed": 1.5}, ArgumentError, "seed is 1.5"),
        ({"admit": "acts"}, ArgumentError, "admit is 'acts'; it must be a list"),
        ({"admit": ["kind"]}, UnknownNameError, "Unknown admitted column 'kind'"),
        ({"model": "gaussian"}, ArgumentError, "'gaussian' does not suit|A binary label does not suit"),
        ({"model": "boostin"}, UnknownNameError, "Did you mean 'boosting'"),
    ],
)
def test_what_cannot_be_asked(asked, error, match: str) -> None:
    with pytest.raises(error, match=match):
        evaluated(**asked)


@pytest.mark.parametrize(
    ("rows", "error", "match"),
    [
        (lambda rows: rows.drop(columns="ego"), ArgumentError, "no column 'ego'"),
        (lambda rows: rows.assign(ego=rows["alter"]), ArgumentError, "ego and alter are the same person"),
        (lambda rows: rows.iloc[:0], FitError, "there are no rows"),
        (lambda rows: rows.assign(yes=np.nan), FitError, "306 rows where yes is unknown"),
        (lambda rows: rows.assign(yes=0), FitError, "yes is the same in all 306 rows"),
        (lambda rows: rows.assign(yes=rows["yes"] + 1), ArgumentError, "say label='yes == 2'"),
        (lambda rows: rows.assign(acts=rows["ego"] + "x"), None, ""),
        (
            lambda rows: rows[rows[["ego", "alter"]].max(axis=1) < "p03"],
            ArgumentError,
            "3 people cannot make 2",
        ),
        (lambda rows: [1, 2], ArgumentError, "dyads is a list; it must be a DyadTable or a pandas.DataFrame"),
    ],
)
def test_rows_that_cannot_be(rows, error, match: str) -> None:
    if error is None:
        found = hs.evaluate(rows(frame()), label="yes", ladder=["acts"], folds=TWO)
        assert np.isfinite(found.tidy()["auc"]).all()
        return
    with pytest.raises(error, match=match):
        hs.evaluate(rows(frame()), label="yes", ladder=["acts"], folds=TWO)


def test_a_table_without_a_label() -> None:
    bare = hs.open_study("data/helpdesk").dyads(metrics=["acts"])
    with pytest.raises(DesignError, match="This table has no label, so there is nothing"):
        hs.evaluate(bare)


def test_gains_of_steps_and_scores_that_are_not_there() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown step 'retur'. Did you mean 'return'"):
        of_frame("yes").gain("retur", "much")
    with pytest.raises(UnknownNameError, match="Unknown score 'rps'"):
        of_frame("yes").gain("return", "much", "rps")
    slope = of_frame("yes").gain("return", "much", "calibration_slope")
    assert np.isnan([slope.value, slope.low, slope.high]).all()


def test_steps_that_a_table_has_no_columns_for_are_told() -> None:
    rows = frame().assign(active_days=1)
    made, notes = rungs(rows.assign(acts_ego=1, acts_alter=rows["acts"]), None, "yes")
    assert [one.name for one in made] == ["volume"]
    assert notes[0].startswith("left out of volume: log1p(acts_ego) is the same in every row; ")
    assert [note.split(":")[0] for note in notes[1:]] == ["balance is not judged", "timing is not judged"]


def test_a_ladder_may_mix_steps_and_formulas() -> None:
    found = evaluated(ladder={"much": ["acts"], "own": "~ share", "both": ["acts", "met"]})
    assert [one.terms for one in found.plan.rungs] == ["acts", "share", "share + acts + met"]
    assert found.plan.left_out == {"rows where share is undefined": int(frame()["share"].isna().sum())}
    assert found.walds["own"][1] == "the step is a formula of its own"
    assert "Steps: much is acts; own is share; both adds acts + met." in found.facts()


def test_settings_are_told_where_they_were_chosen() -> None:
    found = of_frame("yes")
    one, two = (
        replace(part, chosen=({}, {"C": c})) for part, c in zip(found.tested[:2], (1, 1), strict=True)
    )
    assert chosen_words(found.steps, [one, two]) == ["Settings chosen in most folds: return C=1 (2 of 2)."]


# the command


def test_the_command_prints_and_writes(tmp_path) -> None:
    path = tmp_path / "scores.csv"
    asked = ["evaluate", "data/helpdesk", "--label", "friendship", "--step", "volume", "--step", "balance"]
    result = CliRunner().invoke(app, [*asked, "--seed", "3", "-o", str(path)])
    assert result.exit_code == 0, result.output
    found = hs.evaluate(helpdesk(), ladder=["volume", "balance"], seed=3)
    assert result.stdout.startswith(str(found))
    np.testing.assert_allclose(pd.read_csv(path)["auc"], found.tidy()["auc"])


def test_the_command_takes_tables_and_folds(tmp_path) -> None:
    frame().to_csv(tmp_path / "rows.csv", index=False)
    asked = ["evaluate", str(tmp_path / "rows.csv"), "--label", "yes", "--step", "acts"]
    result = CliRunner().invoke(app, [*asked, "--folds", "transductive", "--model", "probit"])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Transductively, on random pairs of known people, acts ")
    assert "Model: probit." in result.stdout


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        (["data/helpdesk", "--label", "love"], "love"),
        (["data/helpdesk", "--folds", "random"], "transductive"),
        (["data/nowhere"], "There is no file or folder 'data/nowhere'"),
        (["data/helpdesk", "--label", "friendship", "-o", "scores.xyz"], "the ending of --output"),
        (["data/helpdesk", "--label", "friendship", "--step", "volum"], "Did you mean 'volume'"),
    ],
)
def test_the_command_refuses(asked, match: str) -> None:
    result = CliRunner().invoke(app, ["evaluate", *asked])
    assert result.exit_code == 2
    assert match in result.stderr

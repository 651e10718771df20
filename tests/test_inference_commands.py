"""Commands of the inference: fit, permute, srm."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import honestsignals as hs
from tests.shared import PROJECT
from tests.test_cli import run

HELPDESK = PROJECT / "data" / "helpdesk"
FORMULA = "friendship ~ log1p(acts) + in_contact"


def test_a_fit_of_a_study_is_the_one_of_the_package(tmp_path: Path) -> None:
    out = tmp_path / "fit.csv"
    code, said, _ = run("fit", HELPDESK, FORMULA, "--covariance", "dyadic", "-o", out)
    assert code == 0
    expected = hs.fit(FORMULA, hs.open_study(HELPDESK).dyads(label="friendship"), covariance="dyadic")
    assert str(expected) in said
    assert f"Written: {out}" in said
    pd.testing.assert_frame_equal(pd.read_csv(out), expected.tidy(), rtol=1e-12)


def test_the_ladder_and_a_joint_test() -> None:
    code, said, _ = run("fit", HELPDESK, FORMULA, "--ladder", "--test", "log1p(acts),in_contact")
    assert code == 0
    assert "two_way: not for these rows" in said
    fit = hs.fit(FORMULA, hs.open_study(HELPDESK).dyads(label="friendship"))
    assert f"log1p(acts), in_contact: {fit.wald(['log1p(acts)', 'in_contact'])}" in said


def test_a_table_that_was_written_is_read_again(tmp_path: Path) -> None:
    table = tmp_path / "dyads.csv"
    assert run("dyads", HELPDESK, "--label", "friendship", "-o", table)[0] == 0
    code, said, _ = run("fit", table, FORMULA, "--family", "logit")
    assert code == 0
    assert "logit of friendship: 435 rows of 435" in said
    code, _, refused = run("fit", table, FORMULA)
    assert code == 2
    assert "The family of 'friendship' is not known" in refused
    code, _, refused = run("fit", table, FORMULA, "--label", "friendship")
    assert code == 2
    assert "leave out --label" in refused


def test_the_label_is_the_formulas() -> None:
    code, said, _ = run("fit", HELPDESK, "trust >= 4 ~ log1p(acts_ego)")
    assert code == 0
    assert "logit of trust >= 4" in said
    code, _, refused = run("fit", HELPDESK, "liking ~ acts")
    assert code == 2
    assert "names no label" in refused
    assert "friendship, trust" in refused


def test_permutations_with_a_seed_are_the_same(tmp_path: Path) -> None:
    asked = ("permute", HELPDESK, "trust ~ log1p(acts_ego)", "--family", "gaussian", "--draws", "99")
    first, again, other = run(*asked), run(*asked), run(*asked, "--seed", "2")
    assert first[0] == 0
    assert first == again
    assert first != other


@pytest.mark.parametrize("form", [".csv", ".html", ".tex", ".md"])
def test_social_relations_of_a_label(tmp_path: Path, form: str) -> None:
    out = tmp_path / f"srm{form}"
    code, said, _ = run("srm", HELPDESK, "trust", "-o", out)
    assert code == 0
    assert "Social relations of trust: 30 people" in said
    assert "relationship variance" in out.read_text(encoding="utf-8").replace("\\", "")


def test_a_form_that_is_none_is_refused_before_the_work(tmp_path: Path) -> None:
    code, _, refused = run("fit", HELPDESK, FORMULA, "-o", tmp_path / "fit.docx")
    assert code == 2
    assert ".docx" in refused
    assert not list(tmp_path.iterdir())


def test_social_relations_of_a_log_and_of_a_table(tmp_path: Path) -> None:
    code, said, _ = run("srm", HELPDESK / "acts.csv", "--errors", "jackknife")
    assert code == 0
    assert "Social relations of acts: 30 people" in said
    table = tmp_path / "dyads.csv"
    assert run("dyads", HELPDESK, "--label", "trust", "-o", table)[0] == 0
    code, said, _ = run("srm", table, "trust")
    assert code == 0
    assert "870 of 870 cells known" in said

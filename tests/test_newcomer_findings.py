"""What a newcomer broke in tables, commands and words: each stays mended."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from tests.folders import TOML, write_study
from tests.shared import PROJECT
from tests.test_cli import run

HELPDESK = PROJECT / "data" / "helpdesk"
FORMULA = "friendship ~ log1p(acts) + in_contact"


def frame_of(n: int = 14, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": rng.poisson(1.0, ego.size)})
    frame["trust"] = frame["acts"] + rng.normal(size=ego.size) + rng.normal(size=n)[ego]
    frame["friend"] = (frame["trust"] > 1).astype(int)
    frame["kind"] = np.digitize(frame["trust"], [0.5, 1.5])
    return frame


# comparing


def test_compare_shows_fixed_effects_and_r_squared_within_people() -> None:
    frame, both = frame_of(), ("sender", "receiver")
    pooled = hs.fit("trust ~ acts", frame, family="gaussian")
    inside = hs.fit("trust ~ acts", frame, family="gaussian", fixed_effects=both)
    made = hs.compare(pooled, inside)
    table = made.frame.set_index("term")
    assert table.loc["Fixed effects"].tolist() == ["none", "sender and receiver"]
    r_squared = [fit.glance()["r_squared"].item() for fit in (pooled, inside)]
    assert table.loc["R²"].tolist() == [f"{r_squared[0]:.3f}", ""]
    assert table.loc["R² within people"].tolist() == ["", f"{r_squared[1]:.3f}"]
    assert "Fixed effects differ ((1) none; (2) sender and receiver)" in made.note()
    assert made.note().startswith("Coefficients of trust.")
    alone = hs.compare(pooled)
    assert "Fixed effects" not in alone.frame["term"].tolist()
    assert "R² within people" not in alone.frame["term"].tolist()
    assert "Fixed effects differ" not in hs.compare(inside, inside).note()


def test_compare_says_that_log_odds_given_people_are_another_unit() -> None:
    frame = frame_of()
    pooled = hs.fit("friend ~ acts", frame, family="logit")
    tetrads = hs.fit("friend ~ acts", frame, family="logit", fixed_effects=("sender", "receiver"))
    made = hs.compare(pooled, tetrads)
    assert "Units differ ((1) Log odds; (2) Log odds given the effects of people)" in made.note()
    assert made.frame.set_index("term").loc["R²", "(2)"] == "–"
    assert "R² within people" not in made.frame["term"].tolist()
    assert "McFadden" not in hs.compare(tetrads).note()


def test_marginal_effects_are_not_called_coefficients() -> None:
    frame = frame_of()
    fit = hs.fit("friend ~ acts", frame, family="logit")
    note = hs.compare(fit.marginal_effects()).note()
    assert note.startswith("Average marginal effects.")
    mixed = hs.compare(fit, fit.marginal_effects()).note()
    assert "Units differ ((1) Log odds; (2) Average marginal effects)" in mixed
    parts = hs.srm(frame, "trust")
    assert hs.compare(parts).note().startswith("Components of social relations.")
    assert hs.compare(fit.contrast("acts = 1")).note().startswith("Linear combinations of coefficients.")


def test_marginal_effects_at_values_on_levels_have_a_row_each() -> None:
    fit = hs.fit("kind ~ acts", frame_of(), family="ordered_logit")
    effects = fit.marginal_effects(at={"acts": [1, 2]})
    terms = [term for term in hs.compare(effects, statistics=()).frame["term"] if term]
    assert len(terms) == len(set(terms)) == len(effects.tidy()) == 6
    assert terms[0] == "acts = 1: 0: acts"


def test_a_ladder_is_no_fit() -> None:
    fit = hs.fit("trust ~ acts", frame_of(), family="gaussian")
    with pytest.raises(hs.ArgumentError, match="number 2 is a ladder: one fit with several errors"):
        hs.compare(fit, fit.ladder())


def test_classes_have_no_mean() -> None:
    fit = hs.fit("kind ~ acts", frame_of(), family="multinomial")
    terms = hs.compare(fit).frame["term"].tolist()
    assert "Mean of the label" not in terms
    assert "Base rate" not in terms


# LaTeX


def test_latex_of_one_fit_has_no_raw_sign() -> None:
    frame = frame_of().rename(columns={"acts": "χ² [−]"})
    fit = hs.fit("kind ~ Q('χ² [−]')", frame, family="ordered_logit")
    text = fit.to_latex()
    assert r"0\textbar{}1" in text
    assert r"$\chi$$^2$ [$-$]" in text
    assert text.isascii()
    least = f"{fit.contrast('`0|1` = 9').tidy()['estimate'].min():.4f}"
    assert f"$-${least.removeprefix('-')}" in fit.contrast("`0|1` = 9").to_latex()
    assert not re.search(r"(?<![\w$])-[\d.]", text.replace("--", "")), "a hyphen before a number"


def test_latex_of_cells_that_are_missing_or_begin_with_a_bracket() -> None:
    from honestsignals.tables import render, with_note

    frame = pd.DataFrame({"[p|q]": ["[b]", "*", "a\n\nb"], "Δ (-1)": [np.nan, -np.inf, -1e-9]})
    lines = render(frame, "latex").splitlines()
    assert [" ".join(line.split()) for line in lines[2:3] + lines[4:7]] == [
        r"{}[p\textbar{}q] & $\Delta$ ($-$1) \\",
        r"{}[b] & -- \\",
        r"{}* & $-$$\infty$ \\",
        r"a b & $-$1e$-$09 \\",
    ]
    assert with_note("", "low -0.5, χ² β ± 1e-05", "latex").endswith(
        r"{\footnotesize low $-$0.5, $\chi$$^2$ $\beta$ $\pm$ 1e$-$05}"
    )


# commands


@pytest.mark.parametrize("command", [("fit", FORMULA), ("permute", FORMULA), ("srm", "trust")])
def test_a_misspelt_folder_has_its_nearest(command: tuple[str, str]) -> None:
    code, _, refused = run(command[0], HELPDESK.with_name("helpdsk"), command[1])
    assert code == 2
    assert f"There is no file or folder {str(HELPDESK.with_name('helpdsk'))!r}." in refused
    assert f"Did you mean {str(HELPDESK)!r}?" in refused


def test_a_study_without_labels_says_so(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study", toml=TOML.split("[labels")[0])
    code, _, refused = run("fit", study, FORMULA)
    assert code == 2
    assert "has no label: its study.toml needs a table [labels.NAME]" in refused


@pytest.mark.parametrize(
    ("command", "work"),
    [
        (("fit", HELPDESK, FORMULA), "honestsignals.fitting.fit"),
        (("permute", HELPDESK, FORMULA), "honestsignals.permuting.permute"),
        (("srm", HELPDESK, "trust"), "honestsignals.social_relations.srm"),
        (("network", HELPDESK), "honestsignals.definitions.compare_definitions"),
        (("people", HELPDESK), "honestsignals.study.Study.people_metrics"),
        (("dyads", HELPDESK), "honestsignals.study.Study.dyads"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(command, work, tmp_path, monkeypatch) -> None:
    def worked(*_: object, **__: object) -> None:
        raise AssertionError("the work was done first")

    monkeypatch.setattr(work, worked)
    code, _, refused = run(*command, "-o", tmp_path / "nowhere" / "out.csv")
    assert code == 2
    assert f"There is no folder {tmp_path / 'nowhere'} to write out.csv into" in refused
    study = write_study(tmp_path / "study")
    code, _, refused = run(command[0], study, *command[2:], "-o", study / "labels.csv")
    assert code == 2
    assert "would be written over" in refused
    assert (study / "labels.csv").read_text(encoding="utf-8").startswith("source,target")


@pytest.mark.parametrize("command", [("fit", FORMULA), ("srm", "trust")])
@pytest.mark.parametrize("name", ["empty.csv", "odd.parquet"])
def test_a_file_that_holds_no_table_is_refused(command, name, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    code, _, refused = run(command[0], tmp_path / name, command[1])
    assert code == 2
    assert name in refused


def test_blocks_fixed_effects_and_margins_on_the_command_line() -> None:
    study = hs.open_study(HELPDESK)
    friends, trust = study.dyads(label="friendship"), study.dyads(label="trust")
    asked = ("permute", HELPDESK, FORMULA, "--draws", "19")
    code, said, _ = run(*asked, "--block", "office")
    assert code == 0
    assert str(hs.permute(FORMULA, friends, draws=19, seed=1, block="office")) in said
    assert "blocks of office" in said
    code, _, refused = run(*asked, "--block", "offce")
    assert code == 2
    assert "Did you mean 'office'" in refused

    formula = "trust ~ log1p(acts_ego)"
    expected = hs.fit(formula, trust, family="gaussian", fixed_effects="sender and receiver")
    for words in ("sender and receiver", "sender,receiver"):
        code, said, _ = run("fit", HELPDESK, formula, "--family", "gaussian", "--fixed-effects", words)
        assert code == 0
        assert str(expected) in said

    code, said, _ = run("fit", HELPDESK, FORMULA, "--margins")
    assert code == 0
    assert str(hs.fit(FORMULA, friends).marginal_effects()) in said
    assert run("fit", HELPDESK, FORMULA, "--margins", "--ladder")[0] == 2


# social relations


@pytest.mark.parametrize("errors", ["jackknife", "normal"])
def test_intervals_of_variances_are_said_to_be_no_tests(errors: str) -> None:
    rng = np.random.default_rng(1)
    one = rng.normal(size=(12, 12))
    both_ways = one + one.T + 0.8 * np.add.outer(*[rng.normal(size=12)] * 2)
    found = hs.srm(both_ways, errors=errors)
    assert any(line.startswith("Such an interval of variance is no test") for line in found.facts())
    assert "mean square (Satterthwaite) less its noise" in str(found)
    assert "beyond ±1" not in str(found), "1 by construction"
    low = found.tidy().set_index("component")["low"]
    assert low["relationship variance"] > 0
    assert low["actor variance"] > -found.pooled.noise[0]


def test_negative_lower_ends_are_noise_taken_off() -> None:
    rng = np.random.default_rng(1)
    lows = [hs.srm(one + one.T).tidy()["low"][0] for one in rng.normal(size=(20, 8, 8))]
    assert np.nanmin(lows) < 0
    between = hs.srm(rng.normal(size=(8, 8)), group=[0] * 4 + [1] * 4)
    assert "no test" not in str(between)

"""hs.permute and hs.qap: what they take, what they print, what they refuse, and what must not change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.errors import ArgumentError, DesignError, FitError, UnknownNameError
from tests.shared import PROJECT

FORMULA = "trust ~ acts + balance"


def people_frame(n_people: int = 9, directed: bool = True, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    off = ~np.eye(n_people, dtype=bool)
    ego, alter = np.nonzero(off if directed else np.triu(off))
    active = rng.normal(size=n_people)
    frame = pd.DataFrame({"ego": [f"p{one}" for one in ego], "alter": [f"p{one}" for one in alter]})
    frame["acts"] = active[ego] + rng.normal(size=ego.size)
    frame["balance"] = rng.random(ego.size)
    frame["trust"] = 0.4 * frame["acts"] + rng.normal(size=ego.size)
    frame["yes"] = (frame["trust"] > 0.3).astype(int)
    frame["count"] = rng.poisson(np.exp(0.3 * frame["acts"]))
    frame["level"] = np.digitize(frame["trust"], [-0.5, 0.5, 1.0])
    frame["ego_city"] = ["north" if one < n_people // 2 else "south" for one in ego]
    frame["alter_city"] = ["north" if one < n_people // 2 else "south" for one in alter]
    return frame


@pytest.fixture
def frame() -> pd.DataFrame:
    return people_frame()


def same(one: hs.Permutation, other: hs.Permutation) -> None:
    pd.testing.assert_frame_equal(one.tidy(), other.tidy(), rtol=1e-9)


# what it takes


def test_a_fit_and_its_formula_are_the_same(frame: pd.DataFrame) -> None:
    fit = hs.fit(FORMULA, frame, family="gaussian")
    one = hs.permute(fit, draws=200, seed=1)
    same(one, hs.permute(FORMULA, frame, family="gaussian", draws=200, seed=1))
    np.testing.assert_allclose(one.tidy()["estimate"], fit.tidy()["estimate"], rtol=1e-9)
    classical = fit.with_covariance("classical").tidy()
    np.testing.assert_allclose(one.tidy()["statistic"], classical["statistic"], rtol=1e-9)


@pytest.mark.parametrize(
    ("label", "family"),
    [
        ("yes", "logit"),
        ("yes", "probit"),
        ("count", "poisson"),
        ("level", "ordered_logit"),
        ("level", "ordered_probit"),
    ],
)
def test_the_statistic_of_every_family_is_that_of_its_fit(
    frame: pd.DataFrame, label: str, family: str
) -> None:
    fit = hs.fit(f"{label} ~ acts + balance", frame, family=family, covariance="classical")
    found = hs.permute(fit, draws=19, seed=1).tidy().set_index("term")
    expected = fit.tidy().set_index("term").loc[["acts", "balance"]]
    np.testing.assert_allclose(found.loc[["acts", "balance"], "estimate"], expected["estimate"], rtol=1e-6)
    np.testing.assert_allclose(found.loc[["acts", "balance"], "statistic"], expected["statistic"], rtol=1e-5)
    assert found.loc[["acts", "balance"], "p_value"].between(0.05, 1).all()


def test_the_covariance_of_the_fit_plays_no_part(frame: pd.DataFrame) -> None:
    one, two = (
        hs.permute(hs.fit(FORMULA, frame, family="gaussian", covariance=name), draws=50, seed=1)
        for name in ("jackknife", "pair")
    )
    same(one, two)


def test_a_dyad_table_of_a_study_is_permuted() -> None:
    table = hs.open_study(PROJECT / "data" / "helpdesk").dyads(label="friendship")
    found = hs.permute("friendship ~ log1p(acts) + known(returned_share)", table, draws=60, seed=1)
    assert found.family == "logit"
    assert not found.people.directed
    assert found.people.missing == 0
    assert "Log helpdesk" in str(found)
    assert (found.tidy()["p_value"].iloc[1:] <= 0.05).all()


def test_blocks_are_a_column_a_mapping_or_a_value_a_row(frame: pd.DataFrame) -> None:
    city = {f"p{one}": "north" if one < 4 else "south" for one in range(9)}
    within = frame[frame["ego_city"] == frame["alter_city"]].assign(village=lambda one: one["ego_city"])
    fit = hs.fit(FORMULA, within, family="gaussian")
    found = hs.permute(fit, within, draws=60, seed=1, block="city")
    assert found.people.block.tolist() == [0] * 4 + [1] * 5
    assert "People change places within 2 blocks of city." in found.facts()
    assert "40 ordered pairs of them have no row, were never possible, and stay so." in found.facts()
    same(found, hs.permute(fit, draws=60, seed=1, block=city))
    same(found, hs.permute(fit, draws=60, seed=1, block=pd.Series(city)))
    same(found, hs.permute(FORMULA, within, family="gaussian", draws=60, seed=1, block="village"))
    same(
        found,
        hs.permute(FORMULA, within, family="gaussian", draws=60, seed=1, block=within["village"].tolist()),
    )
    # the groups are seen even if nobody names them
    alone = hs.permute(fit, draws=60, seed=1)
    same(found, alone)
    assert "People change places within 2 groups: those that no row joins" in str(alone)


def test_blocks_within_a_whole_network_keep_pairs_across(frame: pd.DataFrame) -> None:
    found = hs.permute(FORMULA, frame, family="gaussian", draws=60, seed=1, block="city")
    assert found.people.missing == 0
    assert found.people.count == 24 * 120
    assert not any("never possible" in line for line in found.facts())


def test_who_was_not_asked_changes_places_with_others_who_were_not(frame: pd.DataFrame) -> None:
    asked = frame[~frame["ego"].isin(["p1", "p4", "p8"])]
    found = hs.permute(FORMULA, asked, family="gaussian", draws=60, seed=1)
    assert (np.flatnonzero(found.people.block == found.people.block[1]) == [1, 4, 8]).all()
    assert found.people.missing == 0
    assert found.found.rows_used == 1
    assert "24 ordered pairs of them have no row, were never possible, and stay so." in found.facts()


def test_missing_pairs_are_counted_and_said(frame: pd.DataFrame) -> None:
    found = hs.permute(FORMULA, frame.drop(index=[3, 20]), family="gaussian", draws=60, seed=1)
    said = next(line for line in found.facts() if "possible ordered pairs" in line)
    assert said.startswith("2 of 72 possible ordered pairs have no row.")
    assert 0.95 < found.found.rows_used < 1
    assert "So many are missing" not in str(found)
    half = hs.permute(FORMULA, frame.iloc[np.arange(72) % 2 == 0], family="gaussian", draws=60, seed=1)
    assert "So many are missing that too many true nulls are rejected" in str(half)
    frame.loc[5, "acts"] = np.nan
    found = hs.permute(FORMULA, frame, family="gaussian", draws=10, seed=1)
    assert found.glance()["missing"].item() == 1
    assert "Rows left out: 1 rows where acts is undefined." in found.facts()


# what it prints


def test_facts_come_first_and_the_table_after(frame: pd.DataFrame) -> None:
    found = hs.permute("yes ~ acts + balance", frame, family="logit", draws=99, seed=7)
    text = str(found)
    for words in (
        "logit of yes: 72 rows of 72, 9 people.",
        "double semi-partialling",
        "99 permutations at random (seed 7)",
        "least squares",
        "No p for 'Intercept'",
        "exchangeable",
        "confounding",
        "Hart et al. 2022",
    ):
        assert words in text
    assert text.index("exchangeable") < text.index("p_value")
    assert repr(found) == text
    assert "<table>" in found._repr_html_()


def test_all_permutations_are_said_to_be_all() -> None:
    found = hs.permute(FORMULA, people_frame(6), family="gaussian")
    assert found.found.exact
    assert "share of all 720 permutations" in str(found)
    assert (found.tidy()["mc_error"].iloc[1:] == 0).all()
    same(found, hs.permute(FORMULA, people_frame(6), family="gaussian", draws="all", seed=9))


def test_the_table_goes_to_every_form(frame: pd.DataFrame, tmp_path: Any) -> None:
    found = hs.permute(FORMULA, frame, family="gaussian", draws=60, seed=1)
    found.to_csv(tmp_path / "one.csv")
    back = pd.read_csv(tmp_path / "one.csv")
    pd.testing.assert_frame_equal(back, found.tidy())
    assert list(back.columns) == [
        *("term", "estimate", "statistic", "p_value", "p_ge", "p_le", "mc_error", "p_beta")
    ]
    assert r"\begin{tabular}" in found.to_latex(tmp_path / "one.tex")
    assert "60 random permutations of people (seed 1)" in found.to_markdown()
    assert "<table>" in found.to_html()


def test_the_null_distribution_is_there_to_draw(frame: pd.DataFrame) -> None:
    found = hs.permute(FORMULA, frame, family="gaussian", draws=300, seed=1)
    assert found.draws.shape == (300, 3)
    null = found.null().set_index("term")
    assert np.isnan(null.loc["Intercept"]).all()
    assert null.loc["acts", "q025"] < null.loc["acts", "mean"] < null.loc["acts", "q975"]
    axes = found.figure("acts")
    assert plt.get_fignums()  # a notebook shows what pyplot knows of
    plt.close("all")
    assert sum(patch.get_height() for patch in axes.patches) == 300
    assert "t of acts" in axes.get_xlabel()
    assert found.figure("balance", ax=axes) is axes
    with pytest.raises(UnknownNameError, match="Did you mean 'acts'"):
        found.figure("act")
    with pytest.raises(ArgumentError, match="no null distribution"):
        found.figure("Intercept")


def test_glance_is_one_row(frame: pd.DataFrame) -> None:
    one = hs.permute(FORMULA, frame, family="gaussian", draws=60, seed=1).glance().iloc[0]
    assert (one["rows"], one["people"], one["draws"], one["seed"], one["statistic"]) == (72, 9, 60, 1, "t")


def test_separated_and_failed_draws_are_said(frame: pd.DataFrame) -> None:
    found = hs.permute(FORMULA, frame, family="gaussian", draws=10, seed=1)
    odd = found.found.drawn.copy()
    odd[0, 1] = np.nan
    beta = found.found.drawn_beta.copy()
    beta[:2, 2] = np.inf
    changed = replace(found, found=replace(found.found, drawn=odd, drawn_beta=beta))
    text = str(changed)
    assert "No statistic in 1 draw of 'acts': counted as at least as extreme." in text
    assert "Labels are separated in 2 draws of 'balance'" in text


def test_a_column_that_is_the_label_from_the_other_side_is_noted(frame: pd.DataFrame) -> None:
    back = frame.set_index(["ego", "alter"])["trust"]
    frame["returned"] = [back[(a, e)] for e, a in zip(frame["ego"], frame["alter"], strict=True)]
    found = hs.permute("trust ~ acts + returned", frame, family="gaussian", draws=10, seed=1)
    assert "Note: 'returned' is the label seen from alter" in str(found)
    assert "seen from alter" not in str(hs.permute(FORMULA, frame, family="gaussian", draws=10, seed=1))


# what must not change it


@pytest.mark.parametrize("directed", [True, False])
def test_order_of_rows_changes_nothing(directed: bool) -> None:
    frame = people_frame(directed=directed)
    base = hs.permute(FORMULA, frame, family="gaussian", draws=100, seed=1)
    same(
        base, hs.permute(FORMULA, frame.sample(frac=1, random_state=2), family="gaussian", draws=100, seed=1)
    )


def test_new_names_in_the_same_order_change_nothing(frame: pd.DataFrame) -> None:
    base = hs.permute(FORMULA, frame, family="gaussian", draws=100, seed=1)
    new = frame.assign(ego="x" + frame["ego"], alter="x" + frame["alter"])
    same(base, hs.permute(FORMULA, new, family="gaussian", draws=100, seed=1))


def test_any_new_names_change_no_exact_test() -> None:
    frame = people_frame(6)
    names = dict(zip([f"p{one}" for one in range(6)], "dafceb", strict=True))
    new = frame.assign(ego=frame["ego"].map(names), alter=frame["alter"].map(names))
    base, other = (hs.permute(FORMULA, one, family="gaussian").tidy() for one in (frame, new))
    pd.testing.assert_frame_equal(base, other, rtol=1e-9)


def test_a_unit_changes_an_estimate_alone(frame: pd.DataFrame) -> None:
    base = hs.permute("yes ~ acts + balance", frame, family="logit", draws=60, seed=1).tidy()
    frame["acts"] *= 2
    other = hs.permute("yes ~ acts + balance", frame, family="logit", draws=60, seed=1).tidy()
    assert other["estimate"][1] == pytest.approx(base["estimate"][1] / 2)
    pd.testing.assert_frame_equal(base.drop(columns="estimate"), other.drop(columns="estimate"), rtol=1e-7)


def test_the_same_seed_is_the_same_and_another_is_not(frame: pd.DataFrame) -> None:
    one, two, three = (
        hs.permute(FORMULA, frame, family="gaussian", draws=50, seed=seed).draws[:, 1:] for seed in (1, 1, 2)
    )
    assert (one == two).all()
    assert not (one == three).all()


# what it refuses


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"method": "dps"}, ArgumentError, "Did you mean 'dsp'"),
        ({"draws": 0}, ArgumentError, "whole number from 1 on"),
        ({"seed": -1}, ArgumentError, "seed is -1"),
        ({"family": "gausian"}, ArgumentError, "Did you mean 'gaussian'"),
        ({"block": "town"}, UnknownNameError, "Unknown column 'town'"),
        ({"block": {"p1": "a"}}, ArgumentError, "block says nothing of p0, p2, p3 and 5 more"),
        ({"block": ["a", "b"]}, ArgumentError, "one value for each row"),
        ({"block": "balance"}, DesignError, "people have one block"),
        ({"block": {f"p{one}": one for one in range(9)}}, DesignError, "nobody can change places"),
    ],
)
def test_what_makes_no_test_is_refused(
    frame: pd.DataFrame, given: Mapping[str, Any], kind: type[Exception], words: str
) -> None:
    asked: dict[str, Any] = {"family": "gaussian", "draws": 10, "seed": 1, **given}
    with pytest.raises(kind, match=words):
        hs.permute(FORMULA, frame, **asked)


def test_what_is_no_fit_is_refused(frame: pd.DataFrame) -> None:
    fit = hs.fit(FORMULA, frame, family="gaussian")
    with pytest.raises(ArgumentError, match="needs the table of its rows"):
        hs.permute(FORMULA)
    with pytest.raises(ArgumentError, match="A int cannot be permuted"):
        hs.permute(3)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="the fit is 'gaussian' already"):
        hs.permute(fit, family="logit")
    with pytest.raises(ArgumentError, match="only for a column of blocks"):
        hs.permute(fit, frame)
    with pytest.raises(ArgumentError, match="give the table that has it"):
        hs.permute(fit, block="city")
    with pytest.raises(ArgumentError, match="its rows are other pairs"):
        hs.permute(fit, frame.iloc[::-1], block="city")
    with pytest.raises(ArgumentError, match="freedman_lane"):
        hs.permute("yes ~ acts", frame, family="logit", method="freedman_lane", draws=10)
    with pytest.raises(FitError, match="separat"):
        hs.permute("yes ~ trust", frame, family="logit", draws=10)


def test_what_no_permutation_can_move_is_refused(frame: pd.DataFrame) -> None:
    twice = pd.concat([frame, frame])
    with pytest.raises(DesignError, match="72 rows of a pair that has a row already"):
        hs.permute(FORMULA, twice, family="gaussian", draws=10)
    frame["weight"] = np.arange(72) + 1
    weighted = hs.fit(FORMULA, frame, family="gaussian", weights="weight", covariance="classical")
    with pytest.raises(DesignError, match="Rows are weighted"):
        hs.permute(weighted, draws=10)
    frame["class"] = pd.Categorical(np.array(["none", "one", "both"])[np.arange(72) % 3])
    with pytest.raises(DesignError, match="logit of each class"):
        hs.permute("class ~ acts", frame, family="multinomial", draws=10)
    frame.loc[0, "ego_city"] = None
    with pytest.raises(ArgumentError, match="block of 'p0' is not known"):
        hs.permute(FORMULA, frame, family="gaussian", draws=10, block="city")


# correlations


def matrices(seed: int = 2, n: int = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, n))
    return x, x + rng.normal(size=(n, n))


def test_two_columns_and_two_matrices_are_the_same() -> None:
    x, y = matrices()
    ego, alter = np.nonzero(~np.eye(8, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "x": x[ego, alter], "y": y[ego, alter]})
    one, two = hs.qap(x, y, draws=200, seed=1), hs.qap("x", "y", frame, draws=200, seed=1)
    pd.testing.assert_frame_equal(one.tidy(), two.tidy(), rtol=1e-9)
    assert one.tidy()["estimate"][0] == pytest.approx(np.corrcoef(frame["x"], frame["y"])[0, 1])
    assert one.statistic == "r"
    # a transform, and turned around
    assert hs.qap("exp(x)", "y", frame, draws=20, seed=1).names == ("exp(x)",)
    back = hs.qap(y, x, draws=200, seed=1).tidy()
    assert back["estimate"][0] == pytest.approx(one.tidy()["estimate"][0])


def test_frames_are_brought_into_the_same_order() -> None:
    x, y = matrices()
    names = list("abcdefgh")
    one, two = (pd.DataFrame(each, index=names, columns=names) for each in (x, y))
    order = list("hgfedcba")
    pd.testing.assert_frame_equal(
        hs.qap(one, two, draws=99, seed=1).tidy(), hs.qap(one, two.loc[order, order], draws=99, seed=1).tidy()
    )


def test_unknown_cells_are_left_out_and_said() -> None:
    x, y = matrices()
    x[0, 1] = y[3, 4] = np.nan
    found = hs.qap(x, y, draws=99, seed=1)
    assert "Rows left out: 2 cells not known in one of the two matrices." in found.facts()
    assert found.people.missing == 2


def test_a_correlation_with_ones_own_transpose_says_what_is_wrong_with_it() -> None:
    x, y = matrices()
    assert "transpose" in str(hs.qap(x, x.T, draws=50, seed=1))
    assert "transpose" not in str(hs.qap(x, y, draws=50, seed=1))


def test_people_in_blocks_correlate_within_them() -> None:
    x, y = matrices()
    found = hs.qap(
        x, y, draws=50, seed=1, block=dict.fromkeys(range(4), "a") | dict.fromkeys(range(4, 8), "b")
    )
    assert found.people.count == 24 * 24


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.ones((3, 4)), np.ones((3, 4)), "must be square"),
        (np.ones((3, 3)), np.arange(16).reshape(4, 4), "must be square"),
        (np.ones((4, 4)), np.arange(16).reshape(4, 4), "first is 1 for every pair"),
        (np.full((4, 4), np.nan), np.ones((4, 4)), "No pair is known"),
        ("x", np.ones((4, 4)), "two columns of a table, or two matrices"),
        ("x", "y", "need the table"),
    ],
)
def test_what_does_not_correlate_is_refused(x: Any, y: Any, words: str) -> None:
    with pytest.raises((ArgumentError, DesignError), match=words):
        hs.qap(x, y, draws=10)


def test_matrices_of_other_people_are_refused() -> None:
    x, y = matrices()
    one = pd.DataFrame(x, index=list("abcdefgh"), columns=list("abcdefgh"))
    two = pd.DataFrame(y, index=list("abcdefgi"), columns=list("abcdefgi"))
    with pytest.raises(ArgumentError, match="not of the same people: h, i differ"):
        hs.qap(one, two, draws=10)
    with pytest.raises(ArgumentError, match="same people in the same order"):
        hs.qap(one, one[::-1], draws=10)
    frame = people_frame().assign(kind=lambda one: np.array(["a", "b", "c"])[np.arange(72) % 3])
    with pytest.raises(ArgumentError, match="makes 2 columns; a correlation is of one"):
        hs.qap("kind", "trust", frame, draws=10)

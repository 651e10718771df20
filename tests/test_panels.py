"""Panels of pairs: cross-lagged paths against single fits, brute force and refits; changes on real waves."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from tests.shared import PROJECT, needs_shared, shared_path

COVARIANCES = ["classical", "hc1", "pair", "two_way", "dyadic", "jackknife", "frank_snijders"]
VARIABLES = {"trust": ["trust1", "trust2"], "help": ["help1", "help2"]}
RIGHT = "trust1 + help1 + office"


def frame_of(n: int = 18, seed: int = 0, waves: int = 2) -> pd.DataFrame:
    """Ordered pairs with trust and help at each wave, people and pairs that differ."""
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    names = np.array([f"p{one:02d}" for one in range(n)])
    site = rng.integers(0, 2, n)
    frame = pd.DataFrame(
        {"ego": names[ego], "alter": names[alter], "office": (site[ego] == site[alter]) * 1.0}
    )

    def noise() -> np.ndarray:
        a, b = rng.normal(size=(2, n)) * 0.5
        return a[ego] + b[alter] + rng.normal(size=ego.size)

    trust, help_ = noise(), noise()
    for wave in range(1, waves + 1):
        frame[f"trust{wave}"], frame[f"help{wave}"] = trust, help_
        trust, help_ = 0.4 * trust + 0.25 * help_ + noise(), 0.5 * help_ + noise() + 0.1 * frame["office"]
    return frame


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_each_equation_is_the_fit_of_it_alone(covariance) -> None:
    frame = frame_of()
    joint = hs.cross_lagged(VARIABLES, frame, covariates="office", covariance=covariance)
    for place, name in enumerate(("trust", "help")):
        alone = hs.fit(f"{name}2 ~ {RIGHT}", frame, family="gaussian", covariance=covariance)
        own = slice(4 * place, 4 * place + 4)
        np.testing.assert_allclose(joint.estimate.beta[own], alone.estimate.beta, rtol=1e-10, atol=1e-12)
        for what in ("std_error", "df"):
            ours, theirs = getattr(joint.covariance, what)[own], getattr(alone.covariance, what)
            np.testing.assert_allclose(ours, theirs, rtol=1e-9)
        tests = joint.tidy().iloc[own], alone.tidy()
        np.testing.assert_allclose(tests[0]["p_value"], tests[1]["p_value"], rtol=1e-7)


def test_one_covariance_spans_both_equations() -> None:
    frame = frame_of()
    joint = hs.cross_lagged(VARIABLES, frame, covariates="office", covariance="dyadic")
    X = np.column_stack([np.ones(len(frame)), frame[["trust1", "help1", "office"]]])
    inverse = np.linalg.inv(X.T @ X)
    left = [frame[f"{name}2"] - X @ (inverse @ X.T @ frame[f"{name}2"]) for name in ("trust", "help")]
    scores = np.hstack([X * e.to_numpy()[:, None] for e in left])
    meat = np.zeros((8, 8))
    for r in range(len(frame)):
        one = {frame["ego"][r], frame["alter"][r]}
        near = (frame["ego"].isin(one) | frame["alter"].isin(one)).to_numpy()
        meat += np.outer(scores[r], scores[near].sum(axis=0))
    bread = np.kron(np.eye(2), inverse)
    np.testing.assert_allclose(joint.covariance.matrix, bread @ meat @ bread, rtol=1e-8, atol=1e-12)
    assert joint.cross == ("trust: help_before", "help: trust_before")
    both = joint.cross_test()
    assert (both.df1, both.p_value) == (2, joint.wald(["trust: help_before", "help: trust_before"]).p_value)
    np.testing.assert_allclose(joint.residual_correlation()[0, 1], np.corrcoef(*left)[0, 1], rtol=1e-12)


def test_a_jackknife_of_both_is_both_refitted() -> None:
    frame = frame_of(12)
    joint = hs.cross_lagged(VARIABLES, frame)

    def left_out(gone) -> np.ndarray:
        return joint.estimate.beta - hs.cross_lagged(VARIABLES, frame[~gone], covariance="pair").estimate.beta

    people = np.array(
        [left_out((frame["ego"] == p) | (frame["alter"] == p)) for p in sorted(set(frame["ego"]))]
    )
    pairs = {tuple(sorted(pair)) for pair in zip(frame["ego"], frame["alter"], strict=True)}
    each = np.array([left_out(frame["ego"].isin(pair) & frame["alter"].isin(pair)) for pair in sorted(pairs)])
    expected = people.T @ people * 11 / 12 - each.T @ each
    np.testing.assert_allclose(joint.covariance.matrix, expected, rtol=1e-8, atol=1e-12)


def test_standardised_paths_are_those_of_standard_scores() -> None:
    frame = frame_of(30, seed=2)
    joint = hs.cross_lagged(VARIABLES, frame)
    scores = frame.assign(
        **{
            name: (frame[name] - frame[name].mean()) / frame[name].std()
            for one in VARIABLES.values()
            for name in one
        }
    )
    standard = hs.cross_lagged(VARIABLES, scores)
    found = joint.standardised()
    paths = found.tidy().set_index("term")
    for one in ("trust", "help"):
        for to in ("trust", "help"):
            expected = standard.tidy().set_index("term").loc[f"{to}: {one}_before", "estimate"]
            assert paths.loc[f"{one} -> {to}", "estimate"] == pytest.approx(expected, rel=1e-10)
    assert paths.loc["trust, help", "estimate"] == pytest.approx(
        joint.residual_correlation()[0, 1], rel=1e-10
    )
    # and they do not know of units
    other = hs.cross_lagged(VARIABLES, frame.assign(help1=frame["help1"] * 7, help2=frame["help2"] * 0.1))
    again = other.standardised()
    pd.testing.assert_frame_equal(again.tidy(), found.tidy(), rtol=1e-8)
    assert again.equal.p_value[0] == pytest.approx(found.equal.p_value[0], rel=1e-8)
    assert "Cross paths equal: difference" in str(found)


@pytest.mark.slow
def test_errors_of_standardised_paths_know_that_deviations_are_estimated() -> None:
    frame = frame_of(30, seed=2)
    joint = hs.cross_lagged(VARIABLES, frame)
    found = joint.standardised().tidy()

    def paths(rows: pd.DataFrame) -> np.ndarray:
        one = hs.cross_lagged(VARIABLES, rows, covariance="pair")
        return one.standardised().tidy()["estimate"].to_numpy()

    whole = paths(frame)
    people = np.array(
        [whole - paths(frame[(frame["ego"] != p) & (frame["alter"] != p)]) for p in sorted(set(frame["ego"]))]
    )
    rng, pairs = (
        np.random.default_rng(0),
        sorted({tuple(sorted(p)) for p in frame[["ego", "alter"]].to_numpy()}),
    )
    some = [pairs[one] for one in rng.choice(len(pairs), 120, replace=False)]
    each = np.array([whole - paths(frame[~(frame["ego"].isin(p) & frame["alter"].isin(p))]) for p in some])
    net = (people**2).sum(axis=0) * 29 / 30 - (each**2).sum(axis=0) * len(pairs) / len(some)
    np.testing.assert_allclose(found["std_error"], np.sqrt(net), rtol=0.1)


def test_a_table_a_wave_is_the_wide_table() -> None:
    frame = frame_of()
    first = frame[["ego", "alter", "office", "trust1", "help1"]].rename(
        columns={"trust1": "trust", "help1": "help"}
    )
    second = frame[["ego", "alter", "trust2", "help2"]].rename(columns={"trust2": "trust", "help2": "help"})
    wide = hs.cross_lagged(VARIABLES, frame, covariates="office")
    apart = hs.cross_lagged(
        {"trust": "trust", "help": "help"},
        [first, second.sample(frac=1, random_state=1)],
        covariates="office",
    )
    pd.testing.assert_frame_equal(apart.tidy(), wide.tidy(), rtol=1e-8)
    fewer = hs.cross_lagged({"trust": "trust", "help": "help"}, [first.iloc[3:], second.iloc[:-2]])
    assert fewer.left_out == {"pairs that are not in the table of every wave": 5}
    assert fewer.glance().iloc[0]["rows"] == len(frame) - 5


def test_three_waves_hold_paths_equal_over_steps() -> None:
    frame = frame_of(waves=3)
    variables = {"trust": ["trust1", "trust2", "trust3"], "help": ["help1", "help2", "help3"]}
    joint = hs.cross_lagged(variables, frame, covariates="office")
    steps = [
        frame[["ego", "alter", "office"]].assign(
            y=frame[f"trust{t + 1}"], trust=frame[f"trust{t}"], help=frame[f"help{t}"], last=float(t == 2)
        )
        for t in (1, 2)
    ]
    alone = hs.fit("y ~ trust + help + last + office", pd.concat(steps, ignore_index=True), family="gaussian")
    np.testing.assert_allclose(joint.estimate.beta[:5], alone.estimate.beta, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(joint.covariance.std_error[:5], alone.covariance.std_error, rtol=1e-9)
    assert joint.estimate.names[3] == "trust: wave 3"
    assert "paths are held equal over its 2 steps" in str(joint)
    holes = frame.copy()
    holes.loc[0, "trust1"], holes.loc[1, "help2"] = np.nan, np.nan
    some = hs.cross_lagged(variables, holes)
    assert some.left_out == {"rows where trust1 is unknown": 1, "rows where help2 is unknown": 2}
    assert some.glance().iloc[0]["rows"] == 2 * len(frame) - 3


def test_names_rows_and_directions_do_not_matter() -> None:
    frame = frame_of()
    fit = hs.cross_lagged(VARIABLES, frame, covariates="office")
    people = sorted(set(frame["ego"]))
    new = dict(zip(people, np.random.default_rng(1).permutation(people), strict=True))
    renamed = frame.assign(ego=frame["ego"].map(new), alter=frame["alter"].map(new))
    turned = frame.rename(columns={"ego": "alter", "alter": "ego"})
    for other in (renamed, frame.sample(frac=1, random_state=4), turned):
        again = hs.cross_lagged(VARIABLES, other, covariates="office")
        pd.testing.assert_frame_equal(again.tidy(), fit.tidy(), rtol=1e-8, atol=1e-12)
        pd.testing.assert_frame_equal(again.standardised().tidy(), fit.standardised().tidy(), rtol=1e-7)
    # every row twice
    twice = hs.cross_lagged(VARIABLES, pd.concat([frame, frame]), covariates="office", covariance="dyadic")
    once = fit.with_covariance("dyadic")
    np.testing.assert_allclose(twice.covariance.std_error, once.covariance.std_error, rtol=1e-9)


def test_binary_outcomes_are_logits_in_the_same_covariance() -> None:
    frame = frame_of(24, seed=5)
    frame["friend1"], frame["friend2"] = (frame["trust1"] > 0.3) * 1.0, (frame["trust2"] > 0.3) * 1.0
    variables = {"friend": ["friend1", "friend2"], "help": ["help1", "help2"]}
    joint = hs.cross_lagged(variables, frame)
    assert [one.family for one in joint.equations] == ["logit", "gaussian"]
    for name in ("dyadic", "jackknife"):
        single = hs.fit("friend2 ~ friend1 + help1", frame, family="logit", covariance=name)
        ours = joint.with_covariance(name)
        np.testing.assert_allclose(ours.estimate.beta[:3], single.estimate.beta, rtol=1e-9)
        np.testing.assert_allclose(ours.covariance.std_error[:3], single.covariance.std_error, rtol=1e-8)
    exact = hs.fit("friend2 ~ friend1 + help1", frame, family="logit", exact=True)
    ours = joint.with_covariance("jackknife", exact=True)
    np.testing.assert_allclose(ours.covariance.std_error[:3], exact.covariance.std_error, rtol=1e-6)
    with pytest.raises(hs.DesignError, match="that of friend is a logit"):
        joint.standardised()
    linear = hs.cross_lagged(variables, frame, families={"friend": "gaussian"})
    assert linear.standardised().equal is not None


def test_what_a_reader_sees_and_can_ask() -> None:
    fit = hs.cross_lagged(VARIABLES, frame_of(), covariates="~ office")
    text = str(fit)
    assert "Cross-lagged panel of trust and help at 2 waves: 306 rows, 153 pairs, 18 people." in text
    assert "All cross paths 0: F(2," in text
    assert "Residual correlation: trust and help" in text
    assert fit.contrast("`trust: help_before` = `help: trust_before`").test.df1 == 1
    assert fit.wald("trust: office").df1 == 1
    assert fit.tidy(adjust="holm")["p_adjusted"].isna().sum() == 2
    assert "jackknife" in fit.ladder().tidy().columns
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'trust: office'"):
        fit.wald("trust: ofice")


@pytest.mark.parametrize(
    ("variables", "others", "kind", "message"),
    [
        ({"trust": ["trust1", "trust2"]}, {}, hs.ArgumentError, "two variables or more"),
        ({"trust": "trust1", "help": "help1"}, {}, hs.ArgumentError, "list its columns wave by wave"),
        ({"trust": ["trust1"], "help": ["help1"]}, {}, hs.ArgumentError, "two waves or more"),
        ({"trust": ["trust1", "trust2"], "help": ["help1"]}, {}, hs.ArgumentError, "it needs one a wave"),
        ({"trust": ["trust1", "trust3"], "help": ["help1", "help2"]}, {}, hs.UnknownNameError, "'trust3'"),
        (VARIABLES, {"covariates": ""}, hs.ArgumentError, "covariates is ''"),
        (VARIABLES, {"covariates": "ofice"}, hs.UnknownNameError, "Did you mean 'office'"),
        (VARIABLES, {"families": {"trust": "multinomial"}}, hs.ArgumentError, "family of trust is"),
        (VARIABLES, {"families": {"trst": "gaussian"}}, hs.UnknownNameError, "Did you mean 'trust'"),
        (VARIABLES, {"covariates": "trust1"}, hs.FitError, "trust: 'trust1' is a multiple"),
        ({"trust": ["site", "trust2"], "help": ["help1", "help2"]}, {}, hs.ArgumentError, "holds no numbers"),
    ],
)
def test_refusals(variables, others, kind, message) -> None:
    with pytest.raises(kind, match=message):
        hs.cross_lagged(variables, frame_of().assign(site="north"), **others)


def test_refusals_of_tables() -> None:
    frame = frame_of()
    both = {"trust": "trust1", "help": "help1"}
    with pytest.raises(hs.ArgumentError, match="dyads has one table"):
        hs.cross_lagged(both, [frame])
    with pytest.raises(hs.DesignError, match="two rows of p00 and p01"):
        hs.cross_lagged(both, [frame, pd.concat([frame, frame.iloc[:1]])])
    with pytest.raises(hs.FitError, match="No pair is in the table of every wave"):
        hs.cross_lagged(both, [frame.iloc[:9], frame.iloc[9:]])
    with pytest.raises(hs.ArgumentError, match="dyads holds a str"):
        hs.cross_lagged(both, [frame, "wave2"])
    study = hs.simulate(people=14, days=28, seed=1).study()
    undirected = study.dyads(label="friendship")
    with pytest.raises(hs.DesignError, match="depends on who is called ego"):
        hs.cross_lagged({"a": ["acts_ego", "acts_alter"], "b": ["acts", "acts"]}, undirected)
    with pytest.raises(hs.DesignError, match="no rows in common"):
        hs.cross_lagged(both, [undirected, frame])


def test_undirected_tables_are_joined_whoever_is_called_ego() -> None:
    study = hs.simulate(people=16, days=60, seed=2).study()
    log = study.log
    early, late = (one.dyads(pairs="all", metrics=["acts", "conversations"]) for one in log.windows("30D"))
    variables = {"acts": "log1p(acts)", "talks": "log1p(conversations)"}
    fit = hs.cross_lagged(variables, [early, late])
    assert not fit.how[0]
    assert "two_way: not for these rows" in str(fit.ladder())
    turned = late.frame.rename(columns={"ego": "alter", "alter": "ego"})
    again = hs.cross_lagged(variables, [early, replace(late, frame=turned)])
    pd.testing.assert_frame_equal(again.tidy(), fit.tidy(), rtol=1e-9)


@needs_shared
def test_eies_changes_and_lagged_labels_work_through_fit() -> None:
    study = hs.open_study(shared_path("datasets", "eies"))
    table = study.dyads(label="acquaintance_t2", with_labels=["acquaintance_t1"])
    right = "log1p(acts) + known(returned_share)"
    lagged = hs.fit(f"acquaintance_t2 ~ {right} + acquaintance_t1", table, family="gaussian")
    changed = hs.fit(f"acquaintance_t2 - acquaintance_t1 ~ {right}", table, family="gaussian")
    both = hs.fit(f"acquaintance_t2 - acquaintance_t1 ~ {right} + acquaintance_t1", table, family="gaussian")
    np.testing.assert_allclose(lagged.estimate.beta[:3], [0.44458901, 0.11076321, 0.30229832], rtol=1e-7)
    # a change on the first wave is the lagged model, but for 1 on that wave
    np.testing.assert_allclose(both.estimate.beta[:3], lagged.estimate.beta[:3], rtol=1e-9)
    assert both.estimate.beta[3] + 1 == pytest.approx(lagged.estimate.beta[3], rel=1e-9)
    # Lord's paradox: without it the two disagree, since those who write more knew each other better before
    assert lagged.estimate.beta[1] > 5 * changed.estimate.beta[1] > 0
    y = table.frame["acquaintance_t2"] - table.frame["acquaintance_t1"]
    brute = np.linalg.lstsq(changed.model.X, y, rcond=None)[0]
    np.testing.assert_allclose(changed.estimate.beta, brute, rtol=1e-9)
    ordered = hs.fit(f"acquaintance_t2 ~ {right} + acquaintance_t1", table)
    assert ordered.estimate.family == "ordered_logit"


@needs_shared
def test_eies_acquaintance_and_friendship_across_waves() -> None:
    study = hs.open_study(shared_path("datasets", "eies"))
    table = study.dyads(
        label="acquaintance_t2", with_labels=["acquaintance_t1", "friendship_t1", "friendship_t2"]
    )
    fit = hs.cross_lagged(
        {"knows": ["acquaintance_t1", "acquaintance_t2"], "friend": ["friendship_t1", "friendship_t2"]},
        table,
        covariates="log1p(acts)",
    )
    one = fit.glance().iloc[0]
    assert (one["rows"], one["pairs"], one["people"]) == (992, 496, 32)
    single = hs.fit(
        "acquaintance_t2 ~ acquaintance_t1 + friendship_t1 + log1p(acts)", table, family="gaussian"
    )
    np.testing.assert_allclose(fit.covariance.std_error[:4], single.covariance.std_error, rtol=1e-8)


def test_the_page_runs_as_it_stands(tmp_path, monkeypatch) -> None:
    page = (PROJECT / "docs" / "panels.md").read_text(encoding="utf-8")
    (tmp_path / "data").symlink_to(PROJECT / "data")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code in re.findall(r"```python\n(.*?)```", page, re.S):
        exec(code, names)
    assert isinstance(names["panel"], hs.CrossLagged)


def test_stored_intervals_cover() -> None:
    stored = json.loads((PROJECT / "benchmarks" / "results" / "panels_calibration.json").read_text())
    assert {(one["kind"], one["people"]) for one in stored["cells"]} == {
        (kind, people) for kind in ("panel", "mutual") for people in (30, 60)
    }
    for one in stored["cells"]:
        assert one["studies"] >= 1000
        shares = one["methods"]["jackknife"]
        each = np.concatenate(
            [np.atleast_1d(shares[what]) for what in shares if what not in ("size", "equal")]
        )
        error = 2 * np.sqrt(each * (1 - each) / one["studies"])
        assert (each + error >= 0.93).all(), one
        if one["person_effects"]:
            assert (each - error <= 0.985).all(), one
        for test in ("size", "equal") if one["kind"] == "panel" else ():
            assert shares[test] - 2 * np.sqrt(shares[test] / one["studies"]) < 0.065

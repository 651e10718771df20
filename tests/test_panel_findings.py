"""What readers who came fresh to panels and pairs of people broke, each held in place."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.inference.ratios import fieller
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import combinations
from tests.shared import PROJECT, needs_shared, shared_path


def one_row_a_pair(n: int = 16, seed: int = 0) -> pd.DataFrame:
    """One row a pair, with warmth and liking of both."""
    rng = np.random.default_rng(seed)
    ego, alter = np.triu_indices(n, 1)
    warmth = rng.normal(size=n)
    frame = pd.DataFrame({"ego": ego, "alter": alter, "talk": rng.normal(size=ego.size)})
    frame["warmth_ego"], frame["warmth_alter"] = warmth[ego], warmth[alter]
    for one in ("ego", "alter"):
        frame[f"liking_{one}"] = frame[f"warmth_{one}"] * 0.5 + rng.normal(size=ego.size)
    return frame


def reversed_rows(frame: pd.DataFrame, rows: slice) -> pd.DataFrame:
    """Some rows with the two exchanged."""
    names = {"ego": "alter", "warmth_ego": "warmth_alter", "liking_ego": "liking_alter"}
    return frame[rows].rename(columns=names | {two: one for one, two in names.items()})[frame.columns]


def ordered_pairs(n: int = 20, seed: int = 0) -> pd.DataFrame:
    """Ordered pairs with a directed closeness and liking."""
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    a, close = rng.normal(size=n), rng.normal(size=(n, n))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "close": close[ego, alter]})
    frame["liking"] = 0.5 * close[ego, alter] + 0.3 * close[alter, ego] + a[ego] + rng.normal(size=ego.size)
    return frame


# rows of pairs


@pytest.mark.parametrize("name", ["age_ego", "alter_age", "age_alter", "ego_age"])
def test_a_covariate_of_one_of_the_two_needs_the_others(name) -> None:
    frame = one_row_a_pair()
    frame[name] = np.arange(len(frame)) % 11 * 1.0
    partner = name.replace("ego", "x").replace("alter", "ego").replace("x", "alter")
    for covariates in (name, f"log1p({name})"):
        with pytest.raises(
            hs.DesignError, match=f"'{name}' is by its name of one of the two.*'{partner}' too"
        ):
            hs.apim(frame, "liking", "warmth", covariates=covariates)
    frame[partner] = np.arange(len(frame)) % 7 * 1.0
    assert f"log1p({name})" in hs.apim(frame, "liking", "warmth", covariates=f"log1p({name})").fit.model.terms
    assert hs.apim(frame, "liking", "warmth", covariates="talk").fit.estimate.names[-1] == "talk"


def test_one_reversed_row_does_not_decide_for_a_table() -> None:
    frame = one_row_a_pair()
    mixed = pd.concat([frame, reversed_rows(frame, slice(0, 1))], ignore_index=True)
    with pytest.raises(hs.DesignError, match="1 of 120 pairs are in two rows and 119 in one"):
        hs.apim(mixed, "liking", "warmth")
    single = hs.apim(frame, "liking", "warmth")
    assert "Note: rows are read as one a pair, 120 of them, each seen from both of the two." in str(single)
    both = hs.apim(pd.concat([frame, reversed_rows(frame, slice(None))]), "liking", "warmth")
    assert "Note: rows are read as ordered pairs, ego's own each." in str(both)
    assert both.glance()["rows"][0] == single.glance()["rows"][0] == 240
    pd.testing.assert_frame_equal(both.tidy(), single.tidy(), rtol=1e-8)
    # a round robin in which some gave no answer has one outcome a row, and no second reading
    some = hs.apim(ordered_pairs().drop(index=[3, 50]), "liking", "close")
    assert "ordered pairs, ego's own each, of 2 pairs one direction alone" in str(some)


# ratios


@pytest.mark.parametrize("covariance", ["jackknife", "dyadic", "two_way", "hc1"])
def test_k_holds_the_ratios_that_patterns_do_not_reject(covariance) -> None:
    for seed in range(4):
        fit = hs.apim(ordered_pairs(14, seed), "liking", "close", covariance=covariance)
        one, rows = fit.k().iloc[0], fit.patterns().set_index("pattern")
        assert not one["note"]
        for end in (one["low"], one["high"]):
            test = fit.contrast(f"partner_close - {float(end)!r} * actor_close")
            assert test.tidy()["p_value"][0] == pytest.approx(0.05, rel=1e-6)
        for k, pattern in ((1, "couple: actor = partner"), (-1, "contrast: actor = -partner")):
            assert (one["low"] <= k <= one["high"]) == (rows.loc[pattern, "p_value"] >= 0.05)


def test_the_interval_of_a_ratio_has_the_variance_of_its_combinations() -> None:
    # an indefinite matrix with a floor: mended as a block it is another variance than c'Vc or c'Pc
    V = np.array([[0.010, 0.016], [0.016, 0.010]])
    errors = Covariance("jackknife", V, np.diag([0.004, 0.004]), np.full(2, 9.0), ())
    beta = np.array([1.0, 0.6])
    low, high, note = fieller(beta, errors, (0, 1), 0.95)
    assert not note
    k = np.linspace(-1, 3, 4001)
    found = combinations(beta, errors, np.column_stack([-k, np.ones_like(k)]))
    np.testing.assert_array_equal(found.p_value >= 0.05, (k >= low) & (k <= high))
    # and where the estimated ratio itself has no variance there is no interval
    errors = Covariance("dyadic", V, None, np.full(2, 9.0), ())
    assert "no positive variance" in fieller(beta, errors, (0, 1), 0.95)[2]


def test_fieller_in_closed_form() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        root = rng.normal(size=(2, 2))
        V, (a, p) = root @ root.T, rng.normal(size=2) * [9, 4]
        t = 1.959963984540054
        A, B, C = a**2 - t**2 * V[0, 0], a * p - t**2 * V[0, 1], p**2 - t**2 * V[1, 1]
        errors = Covariance("classical", V, None, np.full(2, np.inf), ())
        found = fieller(np.array([a, p]), errors, (0, 1), 0.95)
        if A <= 0:
            assert "cannot be told from 0" in found[2]
            continue
        spread = np.sqrt(B**2 - A * C)
        np.testing.assert_allclose(found[:2], [(B - spread) / A, (B + spread) / A], rtol=1e-8)


def test_an_actor_partner_model_answers_as_a_fit() -> None:
    fit = hs.apim(ordered_pairs(), "liking", "close")
    for terms in ("actor_close", ["actor_close", "partner_close"]):
        assert fit.wald(terms).p_value == fit.fit.wald(terms).p_value
    one = fit.contrast("actor_close = partner_close")
    assert one.tidy()["p_value"][0] == pytest.approx(fit.patterns()["p_value"][0])
    assert fit.ladder("pair", "dyadic").tidy().columns[-2:].tolist() == ["pair", "dyadic"]


def test_a_model_of_classes_has_no_one_actor_effect() -> None:
    frame = ordered_pairs()
    frame["mood"] = pd.Categorical(np.where(frame["liking"] > 0.5, "warm", "cool"))
    with pytest.raises(hs.ArgumentError, match="every level has effects of its own"):
        hs.apim(frame, "mood", "close", family="multinomial")


# labels of several waves


def test_a_change_of_an_ordinal_label_is_said_to_be_of_numbers() -> None:
    study = hs.simulate(people=14, days=28, seed=1).study()
    table = study.dyads(label="trust")
    said = "the levels of the ordinal label are treated as numbers"
    later = table.frame.assign(before=np.arange(len(table.frame)) % 3)
    with_wave = table.__class__(**{**table.__dict__, "frame": later})
    for formula in ("trust ~ acts", "trust - before ~ acts", "trust * 2 ~ acts"):
        assert said in hs.fit(formula, with_wave, family="gaussian").notes
    assert said not in hs.fit("before ~ acts", with_wave, family="gaussian").notes
    assert said in hs.apim(table, "trust", "acts", family="gaussian").fit.notes


def test_a_ladder_names_the_model_as_its_facts_do() -> None:
    ego, alter = np.nonzero(~np.eye(12, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": (ego * 5 + alter * 3) % 7})
    frame["friend"] = ((ego * alter) % 3 == 1) | ((ego + 2 * alter) % 5 == 0)
    text = str(hs.fit_mutual("friend ~ acts", frame).ladder())
    assert "bivariate logit" in text
    assert "mutual_logit" not in text


# two waves and more


VARIABLES = {"trust": ["trust1", "trust2"], "help": ["help1", "help2"]}


def waves_of(n: int = 14, waves: int = 3, seed: int = 0) -> pd.DataFrame:
    """Ordered pairs with trust and help at each wave."""
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "talk": rng.normal(size=ego.size)})
    trust, help_ = rng.normal(size=(2, ego.size))
    for wave in range(1, waves + 1):
        frame[f"trust{wave}"], frame[f"help{wave}"] = trust, help_
        noise = rng.normal(size=(2, ego.size)) + rng.normal(size=n)[ego]
        trust, help_ = 0.5 * trust + 0.2 * help_ + noise[0], 0.4 * help_ + noise[1]
    return frame


@pytest.mark.parametrize("covariates", [None, "talk"])
def test_a_pair_that_one_wave_lacks_keeps_its_other_steps(covariates) -> None:
    frame = waves_of()
    rng = np.random.default_rng(3)
    gone = [rng.random(len(frame)) < share for share in (0.0, 0.1, 0.2)]
    wide, tables = frame.copy(), []
    for wave in (1, 2, 3):
        there = ~gone[wave - 1]
        wide.loc[~there, [f"trust{wave}", f"help{wave}"]] = np.nan
        table = frame[there].rename(columns={f"trust{wave}": "trust", f"help{wave}": "help"})
        keep = ["ego", "alter", "trust", "help", *(["talk"] if wave == 1 else [])]
        tables.append(table[keep].sample(frac=1, random_state=wave))
    columns = {name: [f"{name}{wave}" for wave in (1, 2, 3)] for name in ("trust", "help")}
    one = hs.cross_lagged(columns, wide, covariates=covariates)
    apart = hs.cross_lagged({"trust": "trust", "help": "help"}, tables, covariates=covariates)
    pd.testing.assert_frame_equal(apart.tidy(), one.tidy(), rtol=1e-8, atol=1e-12)
    lost = int((gone[0] | gone[1]).sum() + (gone[1] | gone[2]).sum())
    assert apart.left_out == {"pairs that are not in the table of both waves of a step": lost}
    assert apart.glance()["rows"][0] == one.glance()["rows"][0] == 2 * len(frame) - lost


def test_pairs_that_come_later_are_used_and_lack_covariates_of_the_first_table() -> None:
    frame = waves_of()
    tables = [
        frame.rename(columns={f"trust{wave}": "trust", f"help{wave}": "help"})[
            ["ego", "alter", "trust", "help", "talk"]
        ]
        for wave in (1, 2, 3)
    ]
    tables[0] = tables[0].iloc[4:]
    names = {"trust": "trust", "help": "help"}
    fit = hs.cross_lagged(names, tables)
    assert fit.left_out == {"pairs that are not in the table of both waves of a step": 4}
    assert fit.glance()["pairs"][0] == 14 * 13 / 2
    beside = hs.cross_lagged(names, tables, covariates="talk")
    assert beside.left_out["rows of pairs that are not in the first table, which has the covariates"] == 4
    assert beside.glance()["rows"][0] == 2 * len(frame) - 8
    with pytest.raises(hs.FitError, match="No pair is in the table of two waves in a row"):
        hs.cross_lagged(names, [tables[0], tables[1].iloc[:0], tables[2]])


@pytest.mark.parametrize(
    ("variables", "dyads", "others", "message"),
    [
        (VARIABLES, "frame", {"families": "gaussian"}, "families is 'gaussian'; it must name variables"),
        (VARIABLES, None, {}, "dyads is a NoneType; it must be a DyadTable"),
        (VARIABLES, {1: "frame"}, {}, "dyads is a dict; it must be a DyadTable"),
        (
            {1: ["trust1", "trust2"], 2: ["help1", "help2"]},
            "frame",
            {},
            "has the name 1; each name must be text",
        ),
        ({"trust": None, "help": ["help1", "help2"]}, "frame", {}, "'trust' has NoneType for columns"),
        (
            {"trust": ["decompose(trust1)", "trust2"], "help": ["help1", "help2"]},
            "frame",
            {},
            "hs.decompose",
        ),
    ],
)
def test_what_is_no_panel_is_refused_in_words(variables, dyads, others, message) -> None:
    with pytest.raises(hs.ArgumentError, match=message):
        hs.cross_lagged(variables, waves_of() if dyads == "frame" else dyads, **others)


def test_refitted_errors_stay_refitted_in_standardised_paths() -> None:
    frame = waves_of(10, 2)
    step, exact = hs.cross_lagged(VARIABLES, frame), hs.cross_lagged(VARIABLES, frame, exact=True)
    found = exact.standardised()
    assert "(exact refits)" in str(found)
    assert "(exact refits)" not in str(step.standardised())
    # of gaussian equations one step is the refit itself
    np.testing.assert_allclose(found.tidy()["std_error"], step.standardised().tidy()["std_error"], rtol=1e-9)
    # one path by hand: its coefficient and both mean squares, refitted without each person and each pair
    X = np.column_stack([np.ones(len(frame)), frame["trust1"], frame["help1"]])
    y, x = frame["trust2"].to_numpy(), frame["help1"].to_numpy()
    squares = np.column_stack([(x - x.mean()) ** 2, (y - y.mean()) ** 2])

    def three(keep) -> np.ndarray:
        return np.append(np.linalg.lstsq(X[keep], y[keep], rcond=None)[0][2], squares[keep].mean(axis=0))

    ego, alter = frame["ego"].to_numpy(), frame["alter"].to_numpy()
    whole = three(np.ones(len(frame), dtype=bool))
    people = np.array([whole - three((ego != i) & (alter != i)) for i in range(10)])
    low, high = np.minimum(ego, alter), np.maximum(ego, alter)
    pairs = np.array(
        [whole - three((low != i) | (high != j)) for i in range(10) for j in range(i + 1, 10)],
    )
    ratio = np.sqrt(whole[1] / whole[2])
    gradient = np.array([1, whole[0] / (2 * whole[1]), -whole[0] / (2 * whole[2])]) * ratio
    net = ((people @ gradient) ** 2).sum() * 0.9 - ((pairs @ gradient) ** 2).sum()
    row = found.tidy().set_index("term").loc["help -> trust"]
    assert row["std_error"] ** 2 == pytest.approx(net, rel=1e-8)


def test_a_panel_shows_its_rows() -> None:
    frame = waves_of()
    fit = hs.cross_lagged(VARIABLES, frame)
    rows = fit.augment()
    assert rows[["ego", "alter"]].equals(frame[["ego", "alter"]])
    np.testing.assert_allclose(rows["trust_fitted"] + rows["trust_residual"], frame["trust2"])
    np.testing.assert_allclose(rows["help_before"], frame["help1"])
    correlation = np.corrcoef(rows["trust_residual"], rows["help_residual"])[0, 1]
    assert fit.residual_correlation()[0, 1] == pytest.approx(correlation)


# columns taken apart


def test_columns_are_taken_apart_in_every_model() -> None:
    frame = waves_of(12, 2)
    joint = hs.cross_lagged(VARIABLES, frame, covariates="decompose(talk)")
    single = hs.fit("trust2 ~ trust1 + help1 + decompose(talk)", frame, family="gaussian")
    np.testing.assert_allclose(joint.estimate.beta[:6], single.estimate.beta, rtol=1e-8)
    pairs = ordered_pairs(12)
    pairs["talk"] = frame["talk"]
    fit = hs.apim(pairs, "liking", "close", covariates="decompose(talk)")
    assert fit.fit.estimate.names[-3:] == ("talk_actor", "talk_partner", "talk_dyad")
    pairs["friend"] = (pairs["liking"] > 0.3) * 1
    both = hs.fit_mutual("friend ~ decompose(talk)", pairs)
    by_hand = hs.fit_mutual("friend ~ talk_actor + talk_partner + talk_dyad", hs.decompose(pairs, "talk"))
    pd.testing.assert_frame_equal(both.tidy(), by_hand.tidy())
    with pytest.raises(hs.ArgumentError, match="Leave decompose\\(\\) to the formula"):
        hs.fit_mutual("friend ~ talk", pairs, reciprocity="decompose(talk)")


# the page


def shown(value: float) -> str:
    """A number as the page has it."""
    return f"{value:.3f}".replace("-", "−")


@needs_shared
def test_the_numbers_of_the_page_follow_from_its_code() -> None:
    page = (PROJECT / "docs" / "panels.md").read_text(encoding="utf-8")
    text = " ".join(page.split())
    names: dict[str, Any] = {"hs": hs, "study": hs.open_study(shared_path("datasets", "eies"))}
    code = [line.strip() for line in re.findall(r"^    \S.*$", page, re.M)]
    assert len(code) == 7
    found = []
    for line in code:
        if re.match(r"\w+ = ", line):
            exec(line, names)
        else:
            found.append(eval(line, names))
    mutual, lagged, changed, apim = found
    rows = mutual.tidy()[["estimate", "std_error"]].to_numpy()[1:]
    for name, (estimate, error) in zip(("messages sent)", "messages got)", "reciprocity"), rows, strict=True):
        assert f"{name} | {shown(estimate)} | {shown(error)} |" in text
    one = mutual.glance().iloc[0]
    assert f"{one['mutual']} of {one['pairs']} pairs are mutual, {one['one_sided']} one-sided" in text
    assert f"about {np.exp(rows[-1, 0]):.0f} times the odds" in text
    none = hs.fit(f"acquaintance_t2 ~ {names['right']}", names["table"], family="gaussian")
    columns = [fit.tidy().set_index("term") for fit in (none, lagged, changed)]
    for term in ("log1p(acts)", "known(returned_share)", "acquaintance_t1"):
        cells = [
            f"{shown(one.loc[term, 'estimate'])} ({shown(one.loc[term, 'std_error'])})"
            if term in one.index
            else ""
            for one in columns
        ]
        assert f"| {term} | {' | '.join(cells)} |".replace("  ", " ") in text
    actor, partner = apim.tidy()[["estimate", "std_error"]].to_numpy()[1:3]
    assert f"own earlier answer, {shown(actor[0])} ({shown(actor[1])})" in text
    assert f"on the other's, {shown(partner[0])} ({shown(partner[1])})" in text
    k = apim.k().iloc[0]
    assert f"k = {k['k']:.2f} ({k['low']:.2f} to {k['high']:.2f})" in text

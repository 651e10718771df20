"""Bends that differ by a moderator: against statsmodels with products of its own, and fits of each level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import honestsignals as hs
from honestsignals.bend_rows import X


@pytest.fixture(scope="module")
def simulation() -> hs.DisclosureSimulation:
    return hs.simulate_disclosure(
        seed=4,
        people=24,
        days=200,
        moderation=hs.Moderation(matching=0.2),
        disclosure=hs.Disclosure(contact=0.3),
    )


@pytest.fixture(scope="module")
def study(simulation: hs.DisclosureSimulation) -> hs.Study:
    return simulation.study()


@pytest.mark.parametrize("outcome", ["returned", "next_depth", "return_hours"])
def test_products_are_those_written_out(study, outcome: str) -> None:
    found = hs.disclosure_bend(study, outcome=outcome, by="ego_culture")
    rows = found.augment()
    culture = study.people["culture"]
    z = (rows["ego"].map(culture) == "b").to_numpy(dtype=float)
    x, late = rows[X].to_numpy(), rows["log_turn"].to_numpy()
    design = np.column_stack([np.ones(len(x)), x, x**2, z, z * x, z * x**2, late])
    family = sm.families.Binomial() if outcome == "returned" else sm.families.Gaussian()
    twin = sm.GLM(rows[outcome].to_numpy(), design, family=family).fit(tol=1e-12)
    np.testing.assert_allclose(found.tidy()["estimate"], twin.params, rtol=1e-6, atol=1e-8)
    names = found.tidy()["term"].tolist()
    assert found.moderation_test().p_value == found.wald(names[4:6]).p_value
    assert names[4] == f"{X}:ego_culture[T.b]"


def test_each_level_is_the_fit_seen_from_there(study) -> None:
    found = hs.disclosure_bend(study, by="ego_culture")
    people = study.people.copy()
    people["culture"] = people["culture"].map({"a": "2", "b": "1"})  # b comes first
    pairs = pd.DataFrame({"ego": found.ids["ego"], "alter": found.ids["alter"]}).drop_duplicates()
    pairs["culture"] = pairs["ego"].map(people["culture"]).astype(str)
    turned = hs.disclosure_bend(study, by=pairs)
    from_b = found.at("b")
    np.testing.assert_allclose(from_b.turning_point()[:2], turned.turning_point()[:2], rtol=1e-6)
    np.testing.assert_allclose(from_b.both_ends().slope, turned.both_ends().slope, rtol=1e-7)
    np.testing.assert_allclose(from_b.both_ends().std_error, turned.both_ends().std_error, rtol=1e-6)
    np.testing.assert_allclose(from_b.curve(), turned.curve(), rtol=1e-6)
    np.testing.assert_allclose(from_b.at("a").estimate.beta, found.estimate.beta, rtol=1e-7, atol=1e-9)
    pd.testing.assert_frame_equal(from_b.summary(), found.summary(), rtol=1e-6)


def test_slopes_by_level_are_those_at_both_ends(study) -> None:
    found = hs.disclosure_bend(study, by="ego_culture")
    slopes = found.moderation()
    for value in ("a", "b"):
        ends = found.at(value).both_ends()
        part = slopes.tidy().query("value == @value")
        np.testing.assert_allclose(part["estimate"], ends.slope, rtol=1e-7)
        np.testing.assert_allclose(part["std_error"], ends.std_error, rtol=1e-5)
    apart = slopes.tidy()["estimate"].to_numpy()
    np.testing.assert_allclose(slopes.differences()["estimate"], apart[2:] - apart[:2], rtol=1e-9)
    assert slopes.test.p_value == found.moderation_test().p_value
    assert "The same curve whatever the ego_culture" in str(slopes)
    assert slopes.tidy()["scale"].unique().tolist() == ["link"]


def test_a_level_apart_is_a_study_apart_where_nothing_else_is_shared(study) -> None:
    """With ln k left out of both, each level has its own curve and height."""
    found = hs.disclosure_bend(study, outcome="next_depth", by="ego_culture")
    rows = found.augment().assign(culture=found.moderator.z[:, 1])
    X_all = found.estimate.X
    keep = [name != "log_turn" for name in found.estimate.names]
    alone = [
        np.linalg.lstsq(np.vander(part[X], 3, increasing=True), part["next_depth"], rcond=None)[0]
        for _, part in rows.groupby("culture")
    ]
    both = np.linalg.lstsq(X_all[:, keep], found.estimate.y, rcond=None)[0]
    np.testing.assert_allclose(both[:3], alone[0], rtol=1e-7)
    np.testing.assert_allclose(both[:3] + both[3:], alone[1], rtol=1e-7)


def test_a_number_moderates_from_its_mean_and_acts_are_moderators_too(simulation, study) -> None:
    people = simulation.people.assign(age=np.arange(24.0) ** 1.5)
    frame = pd.DataFrame({"ego": [], "alter": [], "age": []})
    ids = people["id"].tolist()
    age = people.set_index("id")["age"]
    frame = pd.DataFrame(
        [(one, other, age[one]) for one in ids for other in ids if one != other],
        columns=["ego", "alter", "age"],
    )
    found = hs.disclosure_bend(study, by=frame, spline=True, outcome="next_depth")
    z = found.ids["ego"].map(age).to_numpy()
    np.testing.assert_allclose(found.moderator.z[:, 1], z - z.mean(), atol=1e-9)
    values = [word for word, _ in found.moderator.places]
    np.testing.assert_allclose(
        [float(one) for one in values], z.mean() + np.array([-1, 0, 1]) * z.std(), rtol=1e-3
    )
    assert found.summary()["value"].unique().tolist() == values
    assert found.moderator.zero == values[1]
    acts = simulation.acts.copy()
    acts["channel"] = np.where(np.arange(len(acts)) % 3, "mail", "chat")
    log = hs.read_log(acts, time_unit="iso")
    by_act = hs.disclosure_bend(log, by="channel")
    assert "relative_depth:channel[T.mail]" in by_act.estimate.names
    assert by_act.moderator.z[:, 1].mean() == pytest.approx(2 / 3, abs=0.1)


def test_a_moderator_that_is_not_known_leaves_rows_out_and_says_so(simulation, study) -> None:
    pairs = simulation.acts[["sender", "receiver"]].drop_duplicates()
    pairs.columns = ["ego", "alter"]
    pairs["near"] = np.where(np.arange(len(pairs)) % 2, "near", "far")
    pairs.loc[pairs.index[:4], "near"] = None
    found = hs.disclosure_bend(study, by=pairs)
    lost = found.left_out["disclosures whose near is not known"]
    assert lost > 0
    assert len(found.x) + lost == len(hs.disclosure_bend(study).x)


def test_what_is_refused(study) -> None:
    plain = hs.disclosure_bend(study)
    for asked in (plain.moderation, plain.moderation_test, lambda: plain.at("a")):
        with pytest.raises(hs.DesignError, match=r"one curve, and so nothing to compare: say by="):
            asked()
    with pytest.raises(hs.UnknownNameError, match="'c'"):
        hs.disclosure_bend(study, by="ego_culture").at("c")
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'ego_culture'"):
        hs.disclosure_bend(study, by="ego_cultur")
    with pytest.raises(hs.DesignError, match="'kind' is disclosure in every disclosure"):
        hs.disclosure_bend(study, by="kind")


def test_the_figure_of_moderation_draws_both_ends(study) -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    hs.figures.moderation(hs.disclosure_bend(study, by="ego_culture").moderation(), axes)
    assert [one.get_text() for one in axes.get_xticklabels()] == ["a", "b"]
    assert axes.get_xlabel() == "ego_culture"


def test_the_figure_of_a_bend_is_of_one_level(study) -> None:
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

    found = hs.disclosure_bend(study, by="ego_culture")
    counts = []
    for one, value in ((found, "a"), (found.at("b"), "b")):
        axes = hs.figures.bend(one, Figure().subplots())
        assert one.moderator.here.sum() == (found.moderator.z[:, 1] == (value == "b")).sum()
        counts.append(one.moderator.here.sum())
        (legend,) = axes.findobj(Legend)
        words = "".join(text.get_text() for text in legend.get_texts()).replace("\n", "").replace(" ", "")
        assert f"fittedwhereego_cultureis{value}" in words
    assert sum(counts) == len(found.x)

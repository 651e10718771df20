"""Fixed effects as a formula asks for them: what a result says, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.dyads import Design, DyadTable
from honestsignals.errors import ArgumentError, DesignError, FitError
from honestsignals.fixed_effects import FixedEffectsResult
from honestsignals.inference.covariance import LADDER
from honestsignals.inference.tetrad import tetrad_logit


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    ego, alter = np.nonzero(~np.eye(20, dtype=bool))
    a, b = rng.normal(size=(2, 20))
    rows = pd.DataFrame({"ego": ego, "alter": alter, "acts": rng.poisson(np.exp(0.3 * a[ego]))})
    rows["balance"] = rng.random(ego.size)
    rows["trust"] = 0.5 * rows["acts"] + a[ego] + b[alter] + rng.normal(size=ego.size)
    rows["friend"] = rows["trust"] > 1
    rows["weight"] = rng.integers(0, 3, size=ego.size)
    rows["tenure"] = np.round(a, 2)[ego]
    return rows


def dummies(frame: pd.DataFrame) -> str:
    return "trust ~ acts + balance + C(ego) + C(alter)"


def test_slopes_are_those_of_a_formula_with_dummies(frame) -> None:
    with_dummies = hs.fit(dummies(frame), frame, family="gaussian", covariance="classical")
    found = hs.fit("trust ~ acts + balance", frame, family="gaussian", fixed_effects="sender and receiver")
    assert isinstance(found, FixedEffectsResult)
    table = with_dummies.tidy().set_index("term").loc[["acts", "balance"]]
    np.testing.assert_allclose(found.tidy()["estimate"], table["estimate"], rtol=1e-9)
    for name in ("classical", "hc1", "pair", "two_way", "dyadic"):
        ours, theirs = (fit.with_covariance(name) for fit in (found, with_dummies))
        expected = theirs.tidy().set_index("term").loc[["acts", "balance"], "std_error"]
        np.testing.assert_allclose(ours.tidy()["std_error"], expected, rtol=1e-7, err_msg=name)
    np.testing.assert_allclose(found.augment()["fitted"], with_dummies.augment()["fitted"], rtol=1e-8)
    assert list(found.ladder().tidy())[2:] == list(LADDER)
    assert found.glance()["fixed_effects"].item() == "sender and receiver"


def test_a_result_says_what_was_absorbed(frame) -> None:
    found = hs.fit("trust ~ acts", frame, family="gaussian", fixed_effects=("receiver", "sender"))
    text = str(found)
    assert "39 sender and receiver effects are absorbed, and the intercept with them" in text
    assert "R² within people" in text
    assert "Intercept" not in found.tidy()["term"].tolist()
    assert found.note().startswith("Beside sender and receiver effects: trust ~ acts.")
    assert json.loads(found.to_json())["glance"]["fixed_effects"] == "sender and receiver"
    one = hs.fit("trust ~ acts + tenure", frame, family="gaussian", fixed_effects="receiver")
    assert one.tidy()["term"].tolist() == ["acts", "tenure"]
    person = hs.fit("trust ~ acts", frame, family="gaussian", fixed_effects="person")
    assert person.within is not None
    assert person.within.effects.n_effects == 20


def test_a_logit_says_how_many_quadruples_tell(frame) -> None:
    found = hs.fit("friend ~ acts + balance", frame, fixed_effects="sender and receiver")
    X = frame[["acts", "balance"]].to_numpy(float)
    codes = frame["ego"].to_numpy(), frame["alter"].to_numpy()
    expected = tetrad_logit(X, frame["friend"].to_numpy(float), *codes, ["acts", "balance"])
    np.testing.assert_allclose(found.tidy()["estimate"], expected.beta, rtol=1e-9)
    text = str(found)
    assert f"Tetrad logit: {expected.informative:,} of 29,070 quadruples are informative" in text
    assert "No R² and no log likelihood" in text
    rows = found.augment()
    assert rows["fitted"].isna().all()
    assert rows["in_quadruple"].sum() == expected.rows_used.sum()
    ladder = found.ladder(exact=False)
    assert list(ladder.tidy())[2:] == ["hc1", "pair", "two_way", "dyadic", "jackknife"]
    assert "no classical errors" in ladder.refused["classical"]
    exact = found.with_covariance("jackknife", exact=True)
    np.testing.assert_allclose(exact.tidy()["std_error"], found.tidy()["std_error"], rtol=0.2)
    net, half = found.covariance, found.with_covariance("frank_snijders").covariance
    np.testing.assert_allclose(half.matrix, (net.matrix + net.floor) * 20 / 19 * 18 / 40, rtol=1e-12)
    assert found.wald(["acts", "balance"]).df1 == 2
    assert np.isfinite(found.contrast("acts = balance").tidy()["p_value"]).all()
    assert "Beside" not in hs.compare(found, hs.fit("friend ~ acts + balance", frame)).note()


def test_weights_of_rows(frame) -> None:
    found = hs.fit("trust ~ acts", frame, family="gaussian", fixed_effects="sender", weights="weight")
    twice = frame.loc[frame.index.repeat(frame["weight"])]
    expected = hs.fit("trust ~ acts", twice, family="gaussian", fixed_effects="sender")
    np.testing.assert_allclose(found.tidy()["estimate"], expected.tidy()["estimate"], rtol=1e-9)
    np.testing.assert_allclose(found.tidy()["std_error"], expected.tidy()["std_error"], rtol=1e-8)
    assert "rows are weighted by weight" in str(found)
    with pytest.raises(ArgumentError, match="knows no weights"):
        hs.fit("friend ~ acts", frame, fixed_effects="person", weights="weight")


def test_what_has_no_such_fit_is_refused(frame) -> None:
    with pytest.raises(FitError, match="'tenure' is the same in every row of a sender"):
        hs.fit("friend ~ acts + tenure", frame, fixed_effects="sender and receiver")
    with pytest.raises(DesignError, match="beside sender effects alone is not offered"):
        hs.fit("friend ~ acts", frame, fixed_effects="sender")
    with pytest.raises(DesignError, match="cannot be taken out of a poisson model"):
        hs.fit("acts ~ balance", frame, family="poisson", fixed_effects="person")
    with pytest.raises(ArgumentError, match="fixed_effects is 'senders'"):
        hs.fit("friend ~ acts", frame, fixed_effects="senders")
    with pytest.raises(DesignError, match="no permutation here"):
        hs.permute(hs.fit("trust ~ acts", frame, family="gaussian", fixed_effects="sender"), draws=9)


def test_rows_without_direction_take_an_effect_a_person(frame) -> None:
    rows = frame[frame["ego"] < frame["alter"]].drop(columns=["tenure", "weight"]).reset_index(drop=True)
    table = DyadTable(rows, Design("friend", "binary", directed=False), ())
    with pytest.raises(DesignError, match="say fixed_effects='person'"):
        hs.fit("friend ~ acts", table, fixed_effects="sender and receiver")
    found = hs.fit("friend ~ acts", table, fixed_effects="person")
    expected = hs.fit("friend ~ acts", rows, fixed_effects="person")
    pd.testing.assert_frame_equal(found.tidy(), expected.tidy())
    assert "of 14,535 quadruples" in str(found)
    assert "no direction" in found.ladder().refused["two_way"]
    with pytest.raises(DesignError, match="have no direction"):
        found.with_covariance("two_way")
    linear = hs.fit("trust ~ acts", table, family="gaussian", fixed_effects="person")
    assert linear.glance()["fixed_effects"].item() == "person"


def test_slopes_in_the_labels_units(frame) -> None:
    """Marginal effects and simple slopes of a linear fit are the dummy model's; levels are not known."""
    found = hs.fit("trust ~ log1p(acts) * balance", frame, family="gaussian", fixed_effects="sender")
    with_dummies = hs.fit(
        "trust ~ log1p(acts) * balance + C(ego)", frame, family="gaussian", covariance="dyadic"
    )
    ours, theirs = (fit.with_covariance("dyadic") for fit in (found, with_dummies))
    columns = ["estimate", "std_error"]
    expected = theirs.marginal_effects(["acts", "balance"]).tidy()[columns]
    np.testing.assert_allclose(ours.marginal_effects().tidy()[columns], expected, rtol=1e-7)
    expected = theirs.simple_slopes("acts", "balance", [0.2, 0.8]).tidy()[columns]
    np.testing.assert_allclose(
        ours.simple_slopes("acts", "balance", [0.2, 0.8]).tidy()[columns], expected, rtol=1e-7
    )
    tetrads = hs.fit("friend ~ acts * balance", frame, fixed_effects="sender and receiver")
    for ask in (found.predict, tetrads.predict, tetrads.marginal_effects):
        with pytest.raises(DesignError, match="effects, which are taken out of this fit"):
            ask()
    slopes = tetrads.simple_slopes("acts", "balance", [0.0]).tidy()
    np.testing.assert_allclose(
        slopes.loc[0, columns].tolist(), tetrads.tidy().loc[0, columns].tolist(), rtol=1e-7
    )

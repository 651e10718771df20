"""What readers found wrong in effects and predictions, kept from coming back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import honestsignals as hs
from honestsignals.inference.derivatives import derivative
from tests.shared import PROJECT

FRIENDS = "friendship ~ log1p(acts) + in_contact + known(returned_share) + known(reply_rate)"


@pytest.fixture(scope="module")
def friends() -> hs.DyadTable:
    return hs.open_study(PROJECT / "data" / "helpdesk").dyads(label="friendship")


# without contact there are no acts


def test_no_contact_is_without_acts(friends: hs.DyadTable) -> None:
    fit = hs.fit(FRIENDS, friends)
    found = fit.predict({"in_contact": [0, 1]})
    rates = friends.frame.groupby("in_contact")["friendship"].mean()
    # the score equations of a logit with a column for contact: averages are the raw rates
    np.testing.assert_allclose(found.tidy()["estimate"], rates, atol=1e-8)
    met = int(friends.frame["in_contact"].sum())
    assert found.tidy()["rows"].tolist() == [len(friends.frame), met]
    assert "in_contact = 0: acts is 0; reply_rate and returned_share undefined, as in every row" in str(found)
    assert f"in_contact = 1: over the {met} rows where it is 1." in str(found)


def test_no_contact_is_without_acts_beside_means(friends: hs.DyadTable) -> None:
    fit = hs.fit(FRIENDS, friends)
    found = fit.predict({"in_contact": [0, 1]}, others="mean")
    b = fit.estimate.beta
    met = friends.frame[friends.frame["in_contact"] == 1]
    row = [1.0, np.log1p(met["acts"].mean()), 1.0, met["returned_share"].mean(), met["reply_rate"].mean()]
    np.testing.assert_allclose(found.tidy()["estimate"], [expit(b[0]), expit(np.dot(row, b))], rtol=1e-9)
    assert f"acts at {met['acts'].mean():.4g} (where in_contact is 1)" in str(found)


def test_what_no_pair_can_be_is_said(friends: hs.DyadTable) -> None:
    fit = hs.fit(FRIENDS, friends)
    found = fit.predict({"in_contact": 0, "acts": 5})
    assert "acts is 0 in every row where in_contact is 0, and both are stated otherwise" in str(found)
    found = fit.predict({"acts": [0, 5]})
    assert "acts is 0 in every row where in_contact is 0, which is here as observed" in str(found)
    assert "Note" not in str(fit.predict({"returned_share": [0.2]}))
    text = str(fit.marginal_effects("in_contact"))
    assert "reply_rate, returned_share are defined and acts is not 0 where in_contact is 1" in text
    assert "predict({'in_contact': [0, 1]})" in text


def test_acts_do_not_change_where_there_are_none(friends: hs.DyadTable) -> None:
    found = hs.fit(FRIENDS, friends).marginal_effects("acts", at={"in_contact": [0, 1]})
    table = found.tidy()
    assert np.isnan(table["estimate"][0])
    assert table["rows"][0] == 0
    assert np.isfinite(table["estimate"][1])
    assert "acts cannot change where in_contact is 0" in str(found)


def test_other_columns_of_0_and_1_bind_none() -> None:
    rng = np.random.default_rng(2)
    ego, alter = np.nonzero(~np.eye(8, dtype=bool))
    rows = pd.DataFrame(
        {"ego": ego, "alter": alter, "x": rng.normal(size=56), "near": rng.integers(0, 2, 56)}
    )
    rows["y"] = rng.normal(size=56)
    found = hs.fit("y ~ x + near", rows, family="gaussian").predict({"near": [0, 1]})
    assert found.tidy()["rows"].tolist() == [56, 56]
    assert "near is" not in str(found)
    assert "near = " not in str(found)


# columns with a long tail


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("span", [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 2.5e7, 1e8, 1e9])
def test_a_logarithm_bends_however_long_its_tail(span: float, unit: float) -> None:
    x = unit * np.concatenate([np.arange(30.0), np.geomspace(30, span, 40)])

    def columns(x: np.ndarray) -> np.ndarray:
        return np.log1p(x / unit)[:, None]

    found, broken = derivative(x, columns(x), columns, (0.0, x.max()), np.ptp(columns(x), axis=0))
    np.testing.assert_allclose(found[:, 0], 1 / (x + unit), rtol=1e-7)
    assert not broken.any()


@pytest.mark.parametrize("span", [1e3, 1e7, 2.5e7])
def test_effects_of_a_long_tail_are_those_of_calculus(span: float) -> None:
    rng = np.random.default_rng(8)
    ego, alter = np.nonzero(~np.eye(12, dtype=bool))
    rows = pd.DataFrame({"ego": ego, "alter": alter, "acts": rng.poisson(2, ego.size)})
    rows.loc[0, "acts"] = int(span)
    rows["y"] = np.log1p(rows["acts"]) + rng.normal(size=ego.size)
    fit = hs.fit("y ~ log1p(acts)", rows, family="gaussian")
    found = fit.marginal_effects().tidy()["estimate"][0]
    assert found == pytest.approx(fit.estimate.beta[1] * np.mean(1 / (1 + rows["acts"])), rel=1e-9)


def test_smooth_columns_have_slopes_and_others_none() -> None:
    x = np.linspace(0.0, 1e4, 101)
    smooth = {np.exp: 1e-3, np.sin: 5e-3, np.cbrt: 1.0}
    for f, rate in smooth.items():
        at = x[1:]

        def columns(x: np.ndarray, f: np.ufunc = f, rate: float = rate) -> np.ndarray:
            return f(rate * x)[:, None]

        found, broken = derivative(at, columns(at), columns, (at[0], at[-1]), np.ptp(columns(at), axis=0))
        slope = {np.exp: np.exp, np.sin: np.cos, np.cbrt: lambda z: np.cbrt(z) ** -2 / 3}[f]
        np.testing.assert_allclose(found[:, 0], rate * slope(rate * at), rtol=1e-6, atol=1e-9 * rate)
        assert not broken.any()
    for f in (np.sqrt, lambda x: (x > 0) * 1.0):
        found, broken = derivative(
            x, f(x)[:, None], lambda x, f=f: f(x)[:, None], (0.0, 1e4), np.array([f(x[-1])])
        )
        assert broken.tolist() == [True] + [False] * 100


# what is no value


@pytest.fixture(scope="module")
def trust() -> hs.DyadTable:
    return hs.open_study(PROJECT / "data" / "helpdesk").dyads(label="trust")


@pytest.fixture(scope="module")
def fit(trust: hs.DyadTable) -> hs.Result:
    return hs.fit("trust ~ log1p(acts_ego) + in_contact", trust, family="gaussian")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "'acts_ego' is missing in"),
        (pd.NA, "'acts_ego' is missing in"),
        ([None, 1], "'acts_ego' is missing in"),
        ("many", "'acts_ego' is ['many']; the fit has numbers there."),
        ([[1, 2]], "'acts_ego' is [1, 2]; state one value"),
    ],
)
def test_what_is_stated_is_a_value(fit: hs.Result, value: object, message: str) -> None:
    asked = (
        lambda: fit.predict({"acts_ego": value}),
        lambda: fit.marginal_effects("in_contact", at={"acts_ego": value}),
        lambda: fit.marginal_effects("acts_ego", at={"acts_ego": value}),
    )
    # a slope where the column itself is missing has no row to be taken over, and says so
    for ask in asked[: 2 if "missing" in message else 3]:
        with pytest.raises(hs.ArgumentError) as raised:
            ask()
        assert message in str(raised.value)


def test_new_rows_hold_numbers_as_numbers(fit: hs.Result, trust: hs.DyadTable) -> None:
    rows = trust.frame
    with pytest.raises(hs.ArgumentError, match="'acts_ego' holds numbers as objects"):
        fit.predict(rows.assign(acts_ego=rows["acts_ego"].astype(object)))
    with pytest.raises(hs.ArgumentError, match="'acts_ego' is missing in"):
        fit.predict(rows.assign(acts_ego=None))
    with pytest.raises(hs.ArgumentError, match="'acts_ego' is \\['few'\\]; the fit has numbers"):
        fit.predict(rows.assign(acts_ego="few"))


def test_levels_and_terms_that_are_none(fit: hs.Result) -> None:
    for ask in (fit.predict, fit.marginal_effects):
        with pytest.raises(hs.ArgumentError, match="level is '95%'; it must be a number between 0 and 1"):
            ask(level="95%")
    with pytest.raises(hs.ArgumentError, match="terms is 3; it must be the name of a column"):
        fit.marginal_effects(3)


def test_rows_without_the_parts_of_a_column_say_how_to_make_them(trust: hs.DyadTable) -> None:
    parts = hs.fit("trust ~ decompose(log1p(acts_ego)) + in_contact", trust, family="gaussian")
    with pytest.raises(hs.ArgumentError, match=r"with hs.decompose\(rows, column\), which names them log1p_"):
        parts.predict(trust)
    made = hs.decompose(trust, "log1p(acts_ego)")
    assert len(parts.predict(made).tidy()) == len(trust.frame)

"""What readers found wrong in effects and predictions, kept from coming back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import honestsignals as hs
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

"""Actor–partner models: least squares on stacked rows, roles, patterns, and who is called ego."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.inference.ratios import fieller
from honestsignals.inference.variance import Covariance
from tests.shared import needs_shared, shared_path


def frame_of(n: int = 20, seed: int = 0) -> pd.DataFrame:
    """Ordered pairs with a person's warmth, a directed closeness, roles, and ego's liking of alter."""
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    names = np.array([f"p{one:02d}" for one in range(n)])
    warmth, role = rng.normal(size=n), np.where(np.arange(n) < n // 2, "boss", "staff")
    a, b = rng.normal(size=(2, n)) * 0.4
    close = rng.normal(size=(n, n))
    pair = rng.normal(size=(n, n))
    frame = pd.DataFrame({"ego": names[ego], "alter": names[alter], "close": close[ego, alter]})
    frame["warmth_ego"], frame["warmth_alter"] = warmth[ego], warmth[alter]
    frame["ego_role"], frame["alter_role"] = role[ego], role[alter]
    frame["talk"] = (pair + pair.T)[ego, alter]
    frame["liking"] = (
        0.5 * warmth[ego]
        + 0.25 * warmth[alter]
        + 0.4 * close[ego, alter]
        + 0.4 * close[alter, ego]
        + a[ego]
        + b[alter]
        + (pair + pair.T)[ego, alter] / 2
        + rng.normal(size=ego.size)
    )
    return frame


def test_it_is_least_squares_on_stacked_rows() -> None:
    frame = frame_of()
    fit = hs.apim(frame, "liking", ["warmth", "close"], covariates="talk")
    back = {(i, j): v for i, j, v in zip(frame["ego"], frame["alter"], frame["close"], strict=True)}
    partner = [back[j, i] for i, j in zip(frame["ego"], frame["alter"], strict=True)]
    X = np.column_stack(
        [
            np.ones(len(frame)),
            frame["warmth_ego"],
            frame["warmth_alter"],
            frame["close"],
            partner,
            frame["talk"],
        ]
    )
    beta = np.linalg.lstsq(X, frame["liking"], rcond=None)[0]
    names = ("Intercept", "actor_warmth", "partner_warmth", "actor_close", "partner_close", "talk")
    assert fit.fit.estimate.names == names
    np.testing.assert_allclose(fit.fit.estimate.beta, beta, rtol=1e-9)
    plain = hs.fit(
        "liking ~ warmth_ego + warmth_alter + close + other + talk",
        frame.assign(other=partner),
        family="gaussian",
    )
    np.testing.assert_allclose(fit.fit.covariance.std_error, plain.covariance.std_error, rtol=1e-9)
    assert fit.fit.directed


def test_one_row_a_pair_is_seen_from_both() -> None:
    frame = frame_of()
    both = hs.apim(frame, "liking", "warmth", covariates="talk", distinguishable="role")
    turned = frame.merge(frame, left_on=["ego", "alter"], right_on=["alter", "ego"], suffixes=("", "_back"))
    half = turned[turned["ego"] < turned["alter"]]
    half = half.assign(liking_ego=half["liking"], liking_alter=half["liking_back"])
    kept = ["ego", "alter", "warmth_ego", "warmth_alter", "ego_role", "alter_role", "talk"]
    single = hs.apim(
        half[[*kept, "liking_ego", "liking_alter"]],
        "liking",
        "warmth",
        covariates="talk",
        distinguishable="role",
    )
    pd.testing.assert_frame_equal(single.tidy(), both.tidy(), rtol=1e-9)
    # whoever is called ego in a row
    flip = np.random.default_rng(1).random(len(half)) < 0.5
    swap = {
        "ego": "alter",
        "warmth_ego": "warmth_alter",
        "ego_role": "alter_role",
        "liking_ego": "liking_alter",
    }
    other = half[[*kept, "liking_ego", "liking_alter"]].copy()
    for one, two in swap.items():
        other[one], other[two] = np.where(flip, half[two], half[one]), np.where(flip, half[one], half[two])
    again = hs.apim(other, "liking", "warmth", covariates="talk", distinguishable="role")
    pd.testing.assert_frame_equal(again.tidy(), both.tidy(), rtol=1e-9)


def test_names_and_order_of_rows_do_not_matter() -> None:
    frame = frame_of()
    fit = hs.apim(frame, "liking", ["warmth", "close"])
    people = sorted(set(frame["ego"]))
    new = dict(zip(people, np.random.default_rng(1).permutation(people), strict=True))
    renamed = frame.assign(ego=frame["ego"].map(new), alter=frame["alter"].map(new))
    for other in (renamed, frame.sample(frac=1, random_state=2)):
        again = hs.apim(other, "liking", ["warmth", "close"])
        pd.testing.assert_frame_equal(again.tidy(), fit.tidy(), rtol=1e-8)
        pd.testing.assert_frame_equal(again.k(), fit.k(), rtol=1e-8)
    # transposing the network exchanges actor and partner of a person's predictor
    seen = frame.rename(
        columns={"ego": "alter", "alter": "ego", "warmth_ego": "warmth_alter", "warmth_alter": "warmth_ego"}
    )
    turned = hs.apim(seen, "liking", "warmth").tidy().set_index("term")
    straight = hs.apim(frame, "liking", "warmth").tidy().set_index("term")
    assert turned.loc["actor_warmth", "estimate"] == pytest.approx(straight.loc["partner_warmth", "estimate"])
    assert turned.loc["actor_warmth", "std_error"] == pytest.approx(
        straight.loc["partner_warmth", "std_error"]
    )


def test_patterns_are_the_contrasts_they_are_called() -> None:
    fit = hs.apim(frame_of(), "liking", ["warmth", "close"])
    rows = fit.patterns().set_index(["predictor", "pattern"])
    assert len(rows) == 8
    for word, said in (
        ("couple: actor = partner", "actor_close = partner_close"),
        ("contrast: actor = -partner", "actor_close + partner_close"),
        ("actor only: partner = 0", "partner_close"),
        ("partner only: actor = 0", "actor_close"),
    ):
        one = fit.fit.contrast(said).tidy().iloc[0]
        for what in ("estimate", "std_error", "p_value"):
            assert rows.loc[("close", word), what] == pytest.approx(one[what], rel=1e-9)
    # drawn as a couple pattern
    assert rows.loc[("close", "couple: actor = partner"), "p_value"] > 0.05
    assert rows.loc[("close", "contrast: actor = -partner"), "p_value"] < 0.001
    k = fit.k().set_index("predictor").loc["close"]
    assert k["low"] < 1 < k["high"]
    assert k["low"] > 0


def test_the_interval_of_k_holds_what_is_not_rejected() -> None:
    fit = hs.apim(frame_of(), "liking", "close")
    k = fit.k().iloc[0]
    for end in (k["low"], k["high"]):
        test = fit.contrast(f"partner_close - {float(end)!r} * actor_close")
        assert test.tidy()["p_value"][0] == pytest.approx(0.05, rel=1e-6)
    assert k["low"] < k["k"] < k["high"]
    unit = Covariance("classical", np.eye(2), None, np.full(2, np.inf), ())
    low, high, note = fieller(np.array([0.1, 1.0]), unit, (0, 1), 0.95)
    assert np.isnan(low)
    assert np.isnan(high)
    assert "cannot be told from 0" in note
    nothing = frame_of().assign(close=np.random.default_rng(9).normal(size=380))
    assert "cannot be told from 0" in str(hs.apim(nothing, "liking", "close"))


def test_roles_have_effects_of_their_own() -> None:
    frame = frame_of()
    fit = hs.apim(frame, "liking", "warmth", distinguishable="role")
    mixed = frame[frame["ego_role"] != frame["alter_role"]]
    for role in ("boss", "staff"):
        some = mixed[mixed["ego_role"] == role]
        X = np.column_stack([np.ones(len(some)), some["warmth_ego"], some["warmth_alter"]])
        beta = np.linalg.lstsq(X, some["liking"], rcond=None)[0]
        found = fit.tidy().set_index("term")["estimate"]
        assert found[f"actor_warmth_{role}"] == pytest.approx(beta[1], rel=1e-9)
        assert found[f"partner_warmth_{role}"] == pytest.approx(beta[2], rel=1e-9)
        shift = found["role_is_staff"] if role == "staff" else 0.0
        assert found["Intercept"] + shift == pytest.approx(beta[0], rel=1e-9)
    alike = len(frame) - len(mixed)
    assert f"{alike} rows whose two have the same role" in str(fit)
    test = fit.roles_test()
    both = fit.fit.contrast(
        "actor_warmth_boss = actor_warmth_staff, partner_warmth_boss = partner_warmth_staff"
    ).test
    assert test.p_value == pytest.approx(both.p_value, rel=1e-10)
    assert "Roles boss and staff alike: F(2," in str(fit)
    assert fit.patterns().columns[1] == "role"
    assert fit.k()["role"].tolist() == ["boss", "staff"]
    with pytest.raises(hs.ArgumentError, match="not told apart"):
        hs.apim(frame, "liking", "warmth").roles_test()


def test_a_study_has_its_attributes_and_label() -> None:
    study = hs.simulate(people=24, days=40, seed=3).study()
    table = study.dyads(label="trust")
    fit = hs.apim(
        table, "trust", "acts", covariates="same_department" if "same_department" in table.frame else None
    )
    assert fit.fit.estimate.family == "ordered_logit"
    assert "Log " in fit.facts()[0]
    assert not any("plain frame" in note for note in fit.fit.notes)
    linear = hs.apim(table, "trust", "acts", family="gaussian", covariance="dyadic")
    direct = hs.fit("trust ~ acts_ego + acts_alter", table, family="gaussian", covariance="dyadic")
    np.testing.assert_allclose(linear.fit.estimate.beta, direct.estimate.beta, rtol=1e-9)
    np.testing.assert_allclose(linear.fit.covariance.std_error, direct.covariance.std_error, rtol=1e-9)
    assert linear.with_covariance("jackknife").fit.covariance.name == "jackknife"
    assert hs.compare(linear, names=["trust"]).tidy()["term"].tolist() == linear.tidy()["term"].tolist()


def test_a_binary_outcome_is_a_logit_and_missing_partners_are_counted() -> None:
    frame = frame_of().assign(friend=lambda one: (one["liking"] > 0.5) * 1)
    fit = hs.apim(frame.drop(index=[3, 50]), "friend", "close")
    assert fit.fit.estimate.family == "logit"
    assert fit.fit.model.left_out == {"rows where partner_close is undefined": 2}


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (("liking", "talk"), hs.DesignError, "'talk' is the same for both of a pair"),
        (("liking", "warmt"), hs.UnknownNameError, "Did you mean 'warmth'"),
        (("likin", "warmth"), hs.UnknownNameError, "Did you mean 'liking'"),
        (("liking", []), hs.ArgumentError, "at least one predictor"),
        (("liking", ["warmth", "warmth"]), hs.ArgumentError, "a predictor stands twice"),
        (("liking", "role"), hs.ArgumentError, "'role' holds no numbers"),
    ],
)
def test_refusals(call, kind, message) -> None:
    with pytest.raises(kind, match=message):
        hs.apim(frame_of(), *call)


def test_refusals_of_rows_and_roles() -> None:
    frame = frame_of()
    with pytest.raises(hs.DesignError, match="in two rows"):
        hs.apim(pd.concat([frame, frame.iloc[:1]]), "liking", "warmth")
    third = frame.assign(ego_role=np.where(frame["ego"] == "p00", "guest", frame["ego_role"]))
    with pytest.raises(hs.DesignError, match="'role' has 3 roles"):
        hs.apim(third, "liking", "warmth", distinguishable="role")
    half = frame[frame["ego"] < frame["alter"]]
    for call in (("warmth", "close"), ("liking", "warmth")):  # one row a pair has one value of these
        with pytest.raises(hs.DesignError, match="is the same for both of a pair"):
            hs.apim(half, *call)
    undirected = hs.simulate(people=14, days=28, seed=1).study().dyads(label="friendship")
    with pytest.raises(hs.DesignError, match="'friendship' is the same for both"):
        hs.apim(undirected, "friendship", "acts")
    with pytest.raises(hs.DesignError, match="'net_giving' depends on who is called ego"):
        hs.apim(
            undirected,
            "acts",
            "given_help" if "given_help_ego" in undirected.frame else "opened",
            covariates="net_giving",
        )


@needs_shared
def test_eies_acquaintance_goes_with_messages_sent_more_than_with_messages_got() -> None:
    table = hs.open_study(shared_path("datasets", "eies")).dyads(
        label="acquaintance_t2", with_labels=["acquaintance_t1"]
    )
    fit = hs.apim(table, "acquaintance_t2", "acquaintance_t1", family="gaussian", covariates="log1p(acts)")
    k = fit.k().iloc[0]
    assert 0 < k["k"] < 1, "one's own earlier answer tells more than the other's"
    direct = hs.fit(
        "acquaintance_t2 ~ acquaintance_t1 + acquaintance_t1_alter + log1p(acts)", table, family="gaussian"
    )
    np.testing.assert_allclose(fit.fit.covariance.std_error, direct.covariance.std_error, rtol=1e-9)

"""Moderation, loops, bends and matching: what a fresh reader found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.errors import DesignError
from tests.folders import write_study


def frame(n: int = 16) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    made = pd.DataFrame({"ego": ego, "alter": alter, "acts": rng.poisson(3, ego.size)})
    made["z"] = rng.normal(size=ego.size)
    made["group"] = rng.choice(["u", "v", "w"], ego.size)
    made["size"] = rng.normal(size=ego.size)
    made["in_contact"] = (rng.random(ego.size) < 0.6).astype(int)
    made["share"] = np.where(made["in_contact"] == 1, rng.random(ego.size), np.nan)
    made["near"] = rng.integers(0, 2, ego.size)
    effect = made["share"].fillna(0) * (1 + made["near"]) + 1.5 * made["in_contact"] * made["near"]
    made["y"] = effect + 0.3 * made["near"] + 0.3 * rng.normal(size=ego.size)
    made["trust"] = 0.3 * made["acts"] + made["acts"] * made["z"] * (made["group"] == "v")
    made["trust"] += 2 * made["z"] * (made["group"] == "v") + rng.normal(size=ego.size)
    return made


FORMULAS = ("trust ~ acts * group", "trust ~ acts * size", "trust ~ acts*size*near")


@pytest.mark.parametrize("formula", FORMULAS)
def test_where_a_column_has_its_zero_does_not_matter(formula: str) -> None:
    pairs = frame()
    one, two = (
        hs.moderation(formula, pairs.assign(acts=pairs["acts"] + c), by="z", term="acts", family="gaussian")
        for c in (0, 10)
    )
    for name in ("estimate", "std_error", "p_value"):
        np.testing.assert_allclose(two.tidy()[name], one.tidy()[name], rtol=1e-6, atol=1e-12)
    assert two.test.p_value == pytest.approx(one.test.p_value, rel=1e-6)
    if formula.count("*") == 1:
        whole = hs.fit(f"{formula} * z", pairs, family="gaussian").moderation("acts", "z")
        np.testing.assert_allclose(one.tidy()["estimate"], whole.tidy()["estimate"], rtol=1e-8)


@pytest.mark.parametrize("by", ["near", "z", "group"])
def test_beside_in_contact_slopes_are_those_of_pairs_in_contact(by: str) -> None:
    pairs = frame()
    alone = hs.moderation("y ~ share", pairs[pairs["in_contact"] == 1], by=by, family="gaussian")
    values = alone.tidy()["value"].tolist()
    for formula in ("y ~ known(share) + in_contact", "y ~ known(share) + undefined(share)"):
        found = hs.moderation(formula, pairs, by=by, values=values, family="gaussian")
        np.testing.assert_allclose(found.tidy()["estimate"], alone.tidy()["estimate"], rtol=1e-8)
        np.testing.assert_allclose(found.tidy()["std_error"], alone.tidy()["std_error"], rtol=1e-6)
        assert not [fact for fact in found.facts() if "known() counts as 0" in fact]


def test_in_contact_is_not_moderated_by_what_is_nothing_without_contact() -> None:
    pairs = frame()
    pairs["acts"] *= pairs["in_contact"]
    found = hs.moderation("y ~ known(share) + in_contact", pairs, by="acts", family="gaussian")
    alone = hs.moderation("y ~ share", pairs[pairs["in_contact"] == 1], by="acts", family="gaussian")
    assert "in_contact:acts" not in found.facts()[0]
    assert found.test.statistic == pytest.approx(alone.test.statistic, rel=1e-6)
    assert not [fact for fact in found.facts() if "known() counts as 0" in fact]


def test_products_with_further_columns_keep_in_contact_apart() -> None:
    pairs = frame()
    formula = "y ~ (known(share) + in_contact) * size"
    found = hs.moderation(formula, pairs, by="near", term="share", family="gaussian")
    alone = hs.moderation("y ~ share * size", pairs[pairs["in_contact"] == 1], by="near", family="gaussian")
    assert found.test.statistic == pytest.approx(alone.test.statistic, rel=1e-6)


def test_confounded_slopes_are_said_to_be() -> None:
    pairs = frame()
    said = hs.moderation("y ~ known(share)", pairs, by="near", family="gaussian").facts()[-1]
    lacks = int(pairs["share"].isna().sum())
    assert f"share is undefined in {lacks} rows, which known() counts as 0, and undefined(share)" in said
    pairs.loc[(pairs["in_contact"] == 0) & (pairs["group"] == "w"), "group"] = "u"
    found = hs.moderation("y ~ known(share) + in_contact", pairs, by="group", family="gaussian")
    said = found.facts()[-1]
    assert "in_contact:group is not in the formula, as not all levels of group occur" in said
    found = hs.moderation("y ~ known(share) * near + in_contact", pairs, by="near", family="gaussian")
    said = found.facts()[-1]
    assert "in_contact:near is not in the formula: slopes by near rest on these rows too" in said


def test_rows_left_out_are_counted() -> None:
    pairs = frame()
    pairs.loc[:30, "group"] = None
    pairs.loc[40:43, "y"] = np.nan
    facts = hs.moderation("y ~ acts", pairs, by="group", family="gaussian").facts()
    assert "Rows left out: 4 rows where y is unknown; 31 rows where group is not known." in facts
    assert "Rows left out: none." in hs.moderation("y ~ acts", frame(), by="z", family="gaussian").facts()


TRUST = """
[labels.trust_{n}]
file = "trust_{n}.csv"
source = "source"
target = "target"
value = "trust"
type = "ordinal"
directed = true
absent = "unknown"
range = [1, 5]
asked = {date}
"""


def study_asked(folder, dates: list[str]) -> hs.Study:
    rng = np.random.default_rng(4)
    ego, alter = np.nonzero(~np.eye(8, dtype=bool))
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 151 * 24, 3000), "h")
    which = rng.integers(0, ego.size, 3000)
    acts = pd.DataFrame({"sender": ego[which], "receiver": alter[which]}).map(lambda one: f"p{one}")
    acts["time"] = when.strftime("%Y-%m-%dT%H:%M:%SZ")
    toml = (
        '[study]\nname = "tiny"\n[acts]\nfile = "acts.csv"\nsender = "sender"\nreceiver = "receiver"\n'
        'time = "time"\ntime_unit = "iso"\n[people]\nfile = "people.csv"\nid = "id"\n'
    )
    files = {}
    for n, date in enumerate(dates):
        said = rng.integers(1, 6, ego.size)
        lines = [f"p{a},p{b},{c}" for a, b, c in zip(ego, alter, said, strict=True)]
        files[f"trust_{n}"] = "source,target,trust\n" + "\n".join(lines) + "\n"
        toml += TRUST.format(n=n, date=date)
    people = "id\n" + "".join(f"p{one}\n" for one in range(8))
    made = write_study(folder, toml=toml, acts=acts.to_csv(index=False), people=people, labels=None, **files)
    return hs.open_study(made)


def test_of_two_answers_in_a_window_the_latest_counts_whatever_the_order_named(tmp_path) -> None:
    dates = ["2024-02-05", "2024-02-20", "2024-03-15", "2024-04-15", "2024-05-30", "2024-08-01", "2024-04-15"]
    study = study_asked(tmp_path / "s", dates)
    variables = {"a": "log1p(acts_ego)", "b": "log1p(acts_alter)"}

    def loop(*which: int) -> hs.Feedback:
        return hs.feedback(study, "month", label=[f"trust_{n}" for n in which], variables=variables)

    expected = loop(1, 2, 3).tidy()
    for order in ((0, 1, 2, 3), (1, 0, 2, 3), (3, 1, 2, 0), (0, 1, 2, 3, 4, 5, 1)):
        pd.testing.assert_frame_equal(loop(*order).tidy(), expected)
    (said,) = (fact for fact in loop(0, 1, 2, 3, 4, 5).facts() if "trust_0" in fact)
    assert "trust is trust_0 in window 2; trust_1 in window 2; trust_2 in window 3; trust_3 in win" in said
    assert "Of several answers in one window the latest counts." in said
    assert "Not used: trust_4 in window 5, not wholly observed; trust_5 in no window." in said
    assert "latest" not in " ".join(loop(1, 2, 3).facts())
    with pytest.raises(DesignError, match="trust_3 and trust_6 were asked of one pair at one moment"):
        loop(1, 2, 3, 6)


def counted_disclosures() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    rows = []
    for _ in range(300):
        a, b = rng.choice(8, 2, replace=False)
        hour = int(rng.integers(0, 1440))
        rows.append((f"p{a}", f"p{b}", hour))
        if rng.random() < 0.6:
            rows.append((f"p{b}", f"p{a}", hour + int(rng.choice([1, 2, 6, 24, 60]))))
    made = pd.DataFrame(rows, columns=["sender", "receiver", "time"])
    made["time"] *= 3600
    made["depth"] = np.where(rng.random(len(made)) < 0.7, rng.integers(1, 7, len(made)) / 2, np.nan)
    made["channel"] = rng.choice(["mail", "talk", "call"], len(made))
    made["count"] = rng.integers(1, 4, len(made))
    return made


@pytest.mark.parametrize(
    "asked",
    [
        {"soon": True, "by": "channel"},
        {"spline": True, "outcome": "return_hours"},
        {"outcome": "next_depth", "by": "near"},
        {"outcome": "next_depth", "covariance": "hc1"},
    ],
)
def test_a_row_of_three_disclosures_is_three_rows(asked) -> None:
    acts = counted_disclosures()
    if asked.get("by") == "near":
        ego, alter = np.nonzero(~np.eye(8, dtype=bool))
        near = pd.DataFrame({"ego": ego, "alter": alter}).map(lambda one: f"p{one}")
        asked = {**asked, "by": near.assign(near=(ego * alter) % 7)}
    apart = acts.loc[acts.index.repeat(acts["count"])].drop(columns="count").reset_index(drop=True)
    one, two = (
        hs.disclosure_bend(hs.read_log(rows, columns={name: name for name in rows}, time_unit="s"), **asked)
        for rows in (acts, apart)
    )
    pd.testing.assert_frame_equal(one.summary(), two.summary(), rtol=1e-10, atol=1e-10)
    pd.testing.assert_frame_equal(one.curve(), two.curve(), rtol=1e-10, atol=1e-10)
    pd.testing.assert_frame_equal(one.tidy(), two.tidy(), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(one.shape.knots, two.shape.knots, rtol=1e-12)
    assert one.facts() == two.facts()


def test_matching_knows_no_unit_of_depth_and_refuses_what_cannot_be_squared() -> None:
    rng = np.random.default_rng(1)
    acts = pd.DataFrame({"time": np.arange(400) * 18_000, "depth": rng.integers(0, 3, 400).astype(float)})
    acts["sender"] = rng.integers(0, 5, 400)
    acts["receiver"] = (acts["sender"] + rng.integers(1, 5, 400)) % 5

    def matched(unit: float) -> hs.Matching:
        rows = acts.assign(depth=acts["depth"] * unit)
        return hs.matching(hs.read_log(rows, columns={name: name for name in rows}, time_unit="s"))

    expected = matched(1.0)
    for unit in (1e90, 1e-90):
        found = matched(unit)
        assert found.facts() == expected.facts()
        np.testing.assert_allclose(found.tidy()["p_value"], expected.tidy()["p_value"], rtol=1e-8)
    for unit, said in ((1e200, "2e\\+200"), (1e-200, "2e-200")):
        with pytest.raises(DesignError, match=f"Depths go up to {said}, .* give depth in another unit"):
            matched(unit)

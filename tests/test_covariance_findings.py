"""What fresh readers broke in the covariances, and how it stays mended."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

import honestsignals as hs
from tests.shared import PROJECT


def frame_of(seed: int, n: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "x": rng.normal(size=ego.size)})
    frame["z"] = frame["x"] + rng.normal(size=ego.size)
    frame["person"] = 0.5 * rng.normal(size=n)[ego] + 0.3 * rng.normal(size=n)[alter]
    frame["noise"] = rng.normal(size=ego.size)
    return frame


@pytest.mark.parametrize("mean", [0.1, 1, 10, 100, 1000])
def test_counts_keep_their_degrees_of_freedom_however_high(mean: float) -> None:
    frame = frame_of(1)
    rng = np.random.default_rng(2)
    frame["acts"] = rng.poisson(mean * np.exp(0.1 * frame["x"] + frame["person"]))
    df = hs.fit("acts ~ x", frame, family="poisson").covariance.df
    assert (df > 15).all()
    assert (df < 30).all()


@pytest.mark.parametrize("family", ["gaussian", "logit", "ordered_logit"])
def test_the_unit_of_weights_is_nobodys(family: str) -> None:
    frame = frame_of(3)
    frame["y"] = 0.3 * frame["x"] + frame["person"] + frame["noise"]
    if family != "gaussian":
        frame["y"] = np.digitize(frame["y"], [0] if family == "logit" else [-0.5, 0.5])
    frame["w"] = np.random.default_rng(4).uniform(0.5, 2, len(frame))
    one = hs.fit("y ~ x + z", frame, family=family, weights="w")
    other = hs.fit("y ~ x + z", frame.assign(w=1e4 * frame["w"]), family=family, weights="w")
    pd.testing.assert_frame_equal(one.tidy(), other.tidy(), rtol=1e-9)


def test_two_way_subtracts_what_is_clustered_by_both() -> None:
    frame = frame_of(5, 12)
    waves = pd.concat([frame, frame.assign(x=frame["x"] + 0.5 * frame["noise"])], ignore_index=True)
    rng = np.random.default_rng(6)
    waves["y"] = waves["x"] + waves["person"] + waves["noise"] + rng.normal(size=len(waves))
    found = hs.fit("y ~ x + z", waves, family="gaussian", covariance="two_way")
    X = sm.add_constant(waves[["x", "z"]])
    groups = waves[["ego", "alter"]].to_numpy()
    expected = cov_cluster_2groups(
        sm.OLS(waves["y"], X).fit(), groups[:, 0], groups[:, 1], use_correction=False
    )
    np.testing.assert_allclose(found.covariance.matrix, expected[0], rtol=1e-10)


def test_every_row_twice_leaves_two_way_errors_as_they_are() -> None:
    frame = frame_of(7, 12)
    frame["y"] = frame["x"] + frame["person"] + frame["noise"]
    once = hs.fit("y ~ x + z", frame, family="gaussian", covariance="two_way")
    twice = hs.fit("y ~ x + z", pd.concat([frame, frame]), family="gaussian", covariance="two_way")
    np.testing.assert_allclose(twice.covariance.std_error, once.covariance.std_error, rtol=1e-12)


@pytest.mark.parametrize("family", ["gaussian", "logit", "poisson", "ordered_logit"])
@pytest.mark.parametrize("shift", [1e5, 1e7])
def test_errors_keep_their_digits_where_a_mean_is_large(family: str, shift: float) -> None:
    """Seconds since 1970 over a month, say."""
    frame = frame_of(8, 14)
    rng = np.random.default_rng(9)
    eta = 0.4 * frame["x"] + frame["person"] + frame["noise"]
    frame["y"] = {
        "gaussian": eta,
        "logit": eta > 0,
        "poisson": rng.poisson(np.exp(eta / 2)),
        "ordered_logit": np.digitize(eta, [-1, 0, 1]),
    }[family]
    near = hs.fit("y ~ x + z", frame, family=family).ladder().tidy().set_index("term")
    far = hs.fit("y ~ x + z", frame.assign(x=frame["x"] + shift), family=family).ladder().tidy()
    slopes = ["x", "z"]
    np.testing.assert_allclose(far.set_index("term").loc[slopes], near.loc[slopes], rtol=1e-7)


def test_rarer_levels_are_named_as_tables_name_them() -> None:
    frame = frame_of(10, 8)
    names = np.where(frame["noise"] > 1.2, "mutual", np.where(frame["noise"] > 0.8, "one-sided", "none"))
    frame["friends"] = pd.Categorical(names, ["none", "one-sided", "mutual"])
    text = str(hs.fit("friends ~ x", frame, family="multinomial"))
    assert "outside the commonest level none for 4 coefficients" in text


# rows and weights


def test_rows_without_weight_set_no_category_centre_or_part() -> None:
    frame = frame_of(11, 12)
    frame["y"] = 0.3 * frame["x"] + frame["person"] + frame["noise"]
    frame["w"] = np.where(np.arange(len(frame)) % 3 == 0, 0.0, 1.5)
    frame["kind"] = np.where(frame["w"] == 0, "rare", np.where(frame["z"] > 0, "help", "news"))
    used = frame[frame["w"] > 0]
    for right in ("x + kind", "center(x) * z", "scale(x)", "decompose(z)", "decompose(z, effects) + x"):
        whole = hs.fit(f"y ~ {right}", frame, family="gaussian", weights="w")
        part = hs.fit(f"y ~ {right}", used, family="gaussian", weights="w")
        pd.testing.assert_frame_equal(whole.tidy(), part.tidy(), rtol=1e-12)
        assert whole.ids.index.equals(used.index)
        assert whole.model.left_out == {"rows where the weight (w) is 0 or unknown": (frame["w"] == 0).sum()}


def test_a_formula_takes_apart_the_rows_that_it_uses_with_their_weights() -> None:
    frame = frame_of(12, 12)
    frame["y"] = 0.3 * frame["x"] + frame["person"] + frame["noise"]
    frame.loc[::3, "y"] = np.nan
    frame.loc[1::7, "z"] = np.nan
    parts = hs.fit("y ~ decompose(x, effects) + z", frame, family="gaussian")
    used = frame.dropna()
    apart = hs.decompose(used, "x", how="effects")
    by_hand = hs.fit("y ~ x_actor + x_partner + x_dyad + z", apart, family="gaussian")
    pd.testing.assert_frame_equal(parts.tidy(), by_hand.tidy(), rtol=1e-12)
    assert parts.model.rows.tolist() == np.flatnonzero(frame.notna().all(axis=1)).tolist()
    assert sum(parts.model.left_out.values()) == len(frame) - len(used)
    frame["w"] = np.random.default_rng(13).uniform(0.5, 2, len(frame))
    one = hs.fit("y ~ decompose(x, effects)", frame, family="gaussian", weights="w")
    both = ("sender", "receiver")
    within = hs.fit("y ~ x", frame, family="gaussian", weights="w", fixed_effects=both)
    slope = one.tidy().set_index("term").loc["x_dyad", "estimate"]
    assert slope == pytest.approx(within.tidy()["estimate"][0], rel=1e-10)


def test_weights_may_be_numbers() -> None:
    frame = frame_of(14, 10)
    frame["y"] = frame["x"] + frame["noise"]
    frame["w"] = np.random.default_rng(15).uniform(0.5, 2, len(frame))
    named = hs.fit("y ~ x", frame, family="gaussian", weights="w")
    for weights in (frame["w"], frame["w"].to_numpy(), frame["w"].tolist()):
        given = hs.fit("y ~ x", frame, family="gaussian", weights=weights)
        pd.testing.assert_frame_equal(given.tidy(), named.tidy())
    with pytest.raises(hs.ArgumentError, match=r"shape \(3,\); it needs one number for each of 90 rows"):
        hs.fit("y ~ x", frame, family="gaussian", weights=[1, 2, 3])
    with pytest.raises(hs.ArgumentError, match="must name a column or hold a number a row"):
        hs.fit("y ~ x", frame, family="gaussian", weights=object())
    with pytest.raises(hs.ArgumentError, match="A weight is -1"):
        hs.fit("y ~ x", frame, family="gaussian", weights=-np.ones(90))
    with pytest.raises(hs.FitError, match="No row has a weight above 0"):
        hs.fit("y ~ x", frame, family="gaussian", weights=np.zeros(90))


def test_categories_have_an_order_or_no_ordered_model() -> None:
    frame = frame_of(16, 14)
    names = np.array(["low", "mid", "high"])[np.digitize(frame["x"] + frame["noise"], [-1, 1])]
    frame["level"] = pd.Categorical(names)
    with pytest.raises(hs.ArgumentError, match="have no order: high, low, mid, as they are sorted"):
        hs.fit("level ~ x", frame, family="ordered_logit")
    frame["level"] = pd.Categorical(names, ["low", "mid", "high"], ordered=True)
    found = hs.fit("level ~ x", frame)
    assert found.estimate.family == "ordered_logit"
    assert found.estimate.names == ("x", "low|mid", "mid|high")
    assert found.estimate.beta[0] > 0


# one answer for one model


def coded(frame: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    return frame.assign(office=pd.Categorical(frame["where"], order))


@pytest.mark.parametrize("family", ["gaussian", "logit", "ordered_logit"])
def test_a_contrast_is_one_number_however_a_factor_is_coded(family: str) -> None:
    frame = frame_of(17, 16)
    frame["where"] = np.array(["north", "south", "east"])[np.minimum(frame["ego"] // 6, 2)]
    frame["y"] = 0.5 * (frame["where"] == "south") + frame["person"] + frame["noise"]
    if family != "gaussian":
        frame["y"] = np.digitize(frame["y"], [0] if family == "logit" else [-0.5, 0.5])
    north = hs.fit("y ~ x + office", coded(frame, ["north", "south", "east"]), family=family)
    east = hs.fit("y ~ x + office", coded(frame, ["east", "south", "north"]), family=family)
    here = north.contrast("`office[T.south]` - `office[T.east]`").tidy().drop(columns="term")
    there = east.contrast("`office[T.south]`").tidy().drop(columns="term")
    pd.testing.assert_frame_equal(here, there, rtol=1e-8)
    alone = east.tidy().set_index("term").loc[["office[T.south]"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        there[["std_error", "p_value", "df"]], alone[["std_error", "p_value", "df"]]
    )
    for values in ("south", "east"):
        one, other = (fit.predict({"office": [values]}).tidy() for fit in (north, east))
        pd.testing.assert_frame_equal(one, other, check_categorical=False, check_dtype=False, rtol=1e-7)


def test_what_does_not_rest_on_one_person_has_an_error_beside_what_does() -> None:
    """The reference level is one person's: coefficients rest on that person, their differences do not."""
    frame = frame_of(18, 14)
    frame["where"] = np.where(frame["ego"] == 0, "boss", np.where(frame["ego"] % 2, "north", "south"))
    frame["y"] = 0.5 * (frame["where"] == "south") + frame["person"] + frame["noise"]
    boss = hs.fit("y ~ x + office", coded(frame, ["boss", "north", "south"]), family="gaussian")
    north = hs.fit("y ~ x + office", coded(frame, ["north", "south", "boss"]), family="gaussian")
    errors = boss.tidy().set_index("term")["std_error"]
    assert errors[["office[T.north]", "office[T.south]"]].isna().all()
    here = boss.contrast("`office[T.south]` - `office[T.north]`").tidy().drop(columns="term")
    there = north.contrast("`office[T.south]`").tidy().drop(columns="term")
    assert here["std_error"].notna().all()
    pd.testing.assert_frame_equal(here, there, rtol=1e-8)
    assert boss.contrast("`office[T.south]`").tidy()["std_error"].isna().all()


def test_centring_a_column_leaves_predictions_alone() -> None:
    frame = frame_of(19, 14)
    frame["y"] = 0.5 * frame["x"] + frame["person"] + frame["noise"]
    frame["age"] = 40 + 5 * frame["person"].to_numpy()
    one = hs.fit("y ~ x + age", frame, family="gaussian").predict({"age": [40, 45]}).tidy()
    moved = hs.fit("y ~ x + age", frame.assign(age=frame["age"] - 65), family="gaussian")
    other = moved.predict({"age": [-25, -20]}).tidy()
    columns = ["estimate", "std_error", "low", "high", "df"]
    pd.testing.assert_frame_equal(one[columns], other[columns], rtol=1e-8)


def test_a_multinomial_of_many_levels_is_refused_before_it_takes_for_ever() -> None:
    frame = frame_of(20, 8)
    frame["level"] = np.arange(len(frame)) % 20
    message = "20 levels; a multinomial logit takes 10 at most. Levels with an order make an ordered logit."
    with pytest.raises(hs.ArgumentError, match=message):
        hs.fit("level ~ x", frame, family="multinomial")


def test_what_was_left_out_and_warned_of_goes_into_every_file(tmp_path) -> None:
    frame = frame_of(21, 9)
    frame["y"] = (frame["noise"] > 1).astype(float)
    frame.loc[:4, "x"] = np.nan
    fit = hs.fit("y ~ x", frame, family="logit")
    for text in (fit.to_html(), fit.to_latex(), fit.to_markdown(), fit.note()):
        assert "5 rows where x is undefined" in text
        assert "9 people: errors that rest on fewer than 10 people are not to be trusted" in text


# words instead of tracebacks


def slip(**columns: object) -> pd.DataFrame:
    frame = frame_of(22, 9)
    frame["y"] = frame["x"] + frame["noise"]
    return frame.assign(**columns)


@pytest.mark.parametrize(
    ("formula", "columns", "message"),
    [
        ("y ~ x + Intercept", {"Intercept": 1.5}, "'Intercept', which is the name of the constant"),
        ("y ~ s", {"s": ["-", *map(str, range(71))]}, r"'s' holds numbers and '-' \(row 0\)"),
        ("y ~ s", {"s": [str(one) for one in range(72)]}, "'s' holds numbers as text"),
        ("s ~ x", {"s": ["-", *map(str, range(71))]}, r"The label 's' holds numbers and '-' \(row 0\)"),
        ("y ~ s", {"s": [[1]] * 72}, "'s' holds a list in some row"),
        ("y ~ .", {}, "'.' stands for no columns here; name them"),
        ("y => 1 ~ x", {}, "A comparison is >=, <= or =="),
        ("y = 1 ~ x", {}, "A comparison is >=, <= or =="),
        ("y ~ z + x**2", {}, r"'x\*\*2' is x itself in a formula; for its square write square\(x\)"),
        ("y ~ x^2", {}, r"square\(x\)"),
        ("y ~ vast", {"vast": 1e200}, "'vast' reaches 1e\\+200, whose square is no number"),
    ],
)
def test_what_no_model_can_take_is_said_in_words(formula, columns, message) -> None:
    with pytest.raises(hs.ArgumentError, match=message):
        hs.fit(formula, slip(**columns), family="gaussian")


def test_powers_of_sums_and_of_what_is_within_a_call_stay() -> None:
    assert len(hs.fit("y ~ (x + z)**2", slip(), family="gaussian").model.names) == 4
    assert "I(x ** 2)" in hs.fit("y ~ x + I(x**2)", slip(), family="gaussian").model.names


def test_a_few_words_among_few_numbers_are_categories() -> None:
    frame = slip(school=np.resize(["1", "2", "other"], 72))
    assert len(hs.fit("y ~ school", frame, family="gaussian").model.names) == 3


def test_tables_that_are_none() -> None:
    twice = slip().set_axis(["ego", "alter", "x", "x", "z", "y", "w"], axis=1)
    with pytest.raises(hs.ArgumentError, match="two columns called 'x'"):
        hs.fit("y ~ z", twice, family="gaussian")
    study = hs.open_study(PROJECT / "data" / "helpdesk")
    with pytest.raises(hs.ArgumentError, match=r"Its pairs are .dyads\(\)"):
        hs.fit("y ~ x", study.log, family="gaussian")
    with pytest.raises(hs.ArgumentError, match="has no rows"):
        hs.srm(slip().iloc[:0], "x")
    with pytest.raises(hs.OutputError, match="The path is None"):
        hs.fit("y ~ x", slip(), family="gaussian").to_csv(None)

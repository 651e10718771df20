"""Moderation: slopes along another column, and where they are told from 0."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution

import honestsignals as hs
from honestsignals.inference.regions import Region, regions, simultaneous_reach


def frame(n: int = 16, seed: int = 1) -> pd.DataFrame:
    """Ordered pairs whose slope of x falls through 0 as m grows."""
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    x, m = rng.normal(size=(2, ego.size))
    made = pd.DataFrame({"ego": ego, "alter": alter, "x": x, "m": m + 0.3 * np.sin(ego), "count": np.exp(m)})
    made["y"] = x * (0.4 - 0.5 * m) + rng.normal(size=ego.size) + np.cos(ego)
    made["team"] = np.array(["red", "green", "blue"])[ego % 3]
    made["near"] = (ego + alter) % 2
    made["share"] = np.where(alter % 3 == 0, np.nan, rng.random(ego.size))
    made["yes"] = (made["y"] > 0.5).astype(int)
    made["my m"] = made["m"]
    return made


def test_products_that_are_lacking_are_added() -> None:
    pairs = frame()
    found = hs.moderation("y ~ x + log1p(count)", pairs, by="m", family="gaussian")
    written = hs.fit("y ~ x * m + log1p(count)", pairs, family="gaussian").moderation("x", "m")
    pd.testing.assert_frame_equal(found.tidy(), written.tidy())
    pd.testing.assert_frame_equal(found.regions(), written.regions())
    whole = hs.moderation("y ~ x * m + log1p(count)", pairs, by="m", family="gaussian")
    pd.testing.assert_frame_equal(found.tidy(), whole.tidy())


@pytest.mark.parametrize(
    ("formula", "by", "term", "written"),
    [
        ("y ~ x", "my m", None, "y ~ x * `my m`"),
        ("y ~ known(share) + undefined(share)", "m", None, "y ~ (known(share) + undefined(share)) * m"),
        ("y ~ m + x", "m", None, "y ~ x * m"),
        ("y ~ x + log1p(count)", "count", "x", "y ~ x * log1p(count)"),
        ("y ~ x + square(x)", "near", None, "y ~ (x + square(x)) * near"),
    ],
)
def test_products_are_those_of_the_terms_that_have_the_column(
    formula: str, by: str, term: str | None, written: str
) -> None:
    pairs = frame()
    found = hs.moderation(formula, pairs, by=by, term=term, family="gaussian")
    other = hs.fit(written, pairs, family="gaussian").moderation(found.term, by)
    np.testing.assert_allclose(found.tidy()["estimate"], other.tidy()["estimate"], atol=1e-9)
    assert found.test.p_value == pytest.approx(other.test.p_value, rel=1e-6)
    assert found.by == by


def test_a_moderator_by_degrees_has_slopes_at_its_mean_and_a_deviation_to_either_side() -> None:
    pairs = frame()
    found = hs.moderation("y ~ x", pairs, by="m", family="gaussian")
    mean, spread = pairs["m"].mean(), pairs["m"].std(ddof=0)
    np.testing.assert_allclose(found.tidy()["value"], [mean - spread, mean, mean + spread])
    fit = hs.fit("y ~ x * m", pairs, family="gaussian")
    for row in found.tidy().itertuples():
        (one,) = fit.contrast(f"x + {row.value!r} * `x:m`").tidy().itertuples()
        assert (row.estimate, row.low, row.high, row.p_value) == pytest.approx(
            (one.estimate, one.low, one.high, one.p_value), rel=1e-9
        )
    assert found.test.p_value == pytest.approx(fit.wald("x:m").p_value)
    asked = hs.moderation("y ~ x", pairs, by="m", family="gaussian", values=[0, 1])
    assert asked.tidy()["value"].tolist() == [0, 1]


def test_levels_and_two_numbers_have_a_slope_each_and_no_curve() -> None:
    pairs = frame()
    for by, values in (("team", ["blue", "green", "red"]), ("near", [0, 1])):
        found = hs.moderation("y ~ x", pairs, by=by, family="gaussian")
        assert found.tidy()["value"].tolist() == values
        assert len(found.curve()) == len(found.regions()) == len(found.observed) == 0
        assert len(found.differences()) == len(values) - 1
    pairs["two"] = np.where(pairs["near"] == 1, 2.5, 1.0)
    assert hs.moderation("y ~ x", pairs, by="two", family="gaussian").tidy()["value"].tolist() == [1.0, 2.5]


def test_regions_are_the_roots_of_johnson_and_neyman() -> None:
    """With classical errors t² = t²(α) is a quadratic in the moderator; all values at once, with 2 F."""
    pairs = frame()
    fit = hs.fit("y ~ x * m", pairs, family="gaussian", covariance="classical")
    found = fit.moderation("x", "m")
    b, V = fit.estimate.beta, fit.covariance.matrix
    i, j = fit.model.names.index("x"), fit.model.names.index("x:m")
    df = float(fit.covariance.df[i])
    at_once = 2 * f_distribution.ppf(0.95, 2, df) if np.isfinite(df) else 5.991464547107979
    for holds, squared in (
        ("each value on its own", t_distribution.ppf(0.975, df) ** 2),
        ("all values at once", at_once),
    ):
        roots = np.sort(
            np.roots(
                [
                    b[j] ** 2 - squared * V[j, j],
                    2 * (b[i] * b[j] - squared * V[i, j]),
                    b[i] ** 2 - squared * V[i, i],
                ]
            )
        )
        some = found.regions()[found.regions()["holds"] == holds]
        assert some["sign"].tolist() == ["above", "below"]
        assert some["from"].tolist() == pytest.approx([pairs["m"].min(), roots[1]], abs=1e-5)
        assert some["to"].tolist() == pytest.approx([roots[0], pairs["m"].max()], abs=1e-5)
    said = " ".join(found.facts())
    assert f"above 0 from {pairs['m'].min():g} to " in said
    assert said.count("below 0 from") == 2


@pytest.mark.parametrize("formula", ["yes ~ x * m", "yes ~ x * log1p(count)", "yes ~ square(x) * m"])
def test_a_curve_is_simple_slopes_wherever_it_bends(formula: str) -> None:
    pairs, by = frame(), "count" if "count" in formula else "m"
    fit = hs.fit(formula, pairs, family="logit")
    curve = fit.moderation("x", by).curve()
    at = np.unique(curve["value"])
    assert (at[0], at[-1]) == (pairs[by].min(), pairs[by].max())
    some = at[[0, 7, 20, -1]]
    expected = fit.simple_slopes("x", by, some.tolist()).tidy()
    for scale in ("link", "label"):
        one = curve[(curve["scale"] == scale) & curve["value"].isin(some)]
        other = expected[expected["scale"] == scale]
        for name in ("estimate", "std_error", "low", "high"):
            np.testing.assert_allclose(one[name], other[name], rtol=1e-7, atol=1e-10)
    # the linear predictor alone has a band for all values
    assert curve.loc[curve["scale"] == "label", "low_all"].isna().all()
    link = curve[curve["scale"] == "link"]
    assert (link["low_all"] < link["low"]).all()
    assert (link["high_all"] > link["high"]).all()


def test_units_and_who_is_who_do_not_matter() -> None:
    pairs = frame()
    found = hs.moderation("y ~ x", pairs, by="m", family="gaussian")
    turned = pairs.assign(m=10 - 4 * pairs["m"], ego=99 - pairs["ego"], alter=99 - pairs["alter"])
    turned = turned.sample(frac=1, random_state=2).reset_index(drop=True)
    other = hs.moderation("y ~ x", turned, by="m", family="gaussian")
    np.testing.assert_allclose(other.tidy()["estimate"], found.tidy()["estimate"][::-1], atol=1e-9)
    for holds in ("each value on its own", "all values at once"):
        one, two = (each.regions()[each.regions()["holds"] == holds] for each in (found, other))
        np.testing.assert_allclose(10 - 4 * one["to"].to_numpy()[::-1], two["from"], atol=1e-4)
        assert one["sign"].tolist() == two["sign"].tolist()[::-1]


def test_beside_effects_of_people_slopes_have_a_curve_too() -> None:
    pairs = frame()
    found = hs.moderation("y ~ x", pairs, by="m", family="gaussian", fixed_effects=("sender", "receiver"))
    assert set(found.tidy()["scale"]) == {"label"}
    assert len(found.curve()) == 41
    assert found.test.p_value < 0.05
    levels = hs.moderation("yes ~ x", pairs, by="m", family="logit", fixed_effects=("sender", "receiver"))
    assert set(levels.curve()["scale"]) == {"link"}


def test_classes_have_a_curve_each() -> None:
    pairs = frame()
    pairs["kind"] = pd.Categorical(np.array(["a", "b", "c"])[np.digitize(pairs["y"], [-0.3, 0.8])])
    found = hs.moderation("kind ~ x", pairs, by="m", family="multinomial")
    assert set(map(tuple, found.curve()[["scale", "outcome"]].to_numpy())) == {
        *(("link", one) for one in "bc"),
        *(("label", one) for one in "abc"),
    }
    axes = hs.figures.draw("moderation", found, options={"outcome": "c"}).axes[0]
    assert "Slope of x on the linear predictor" in hs.figures.alt_text(axes)
    with pytest.raises(hs.UnknownNameError, match="Unknown outcome 'a'"):
        hs.figures.draw("moderation", found, options={"outcome": "a"})


def test_a_term_of_levels_has_a_curve_a_contrast() -> None:
    found = hs.moderation("y ~ team", frame(), by="m", family="gaussian")
    assert found.curve()["contrast"].unique().tolist() == ["green - blue", "red - blue"]
    words = hs.figures.alt_text(hs.figures.draw("moderation", found))
    assert "(green - blue)" in words


def test_a_moderator_whose_deviation_lies_beyond_its_values_is_said() -> None:
    pairs = frame()
    pairs["rare"] = np.where(np.arange(len(pairs)) % 20 == 0, 1.0 + pairs["near"], 0.0)
    found = hs.moderation("y ~ x", pairs, by="rare", family="gaussian")
    assert "No row has a value as far out as -0." in " ".join(found.facts())


def test_what_is_drawn_is_the_curve() -> None:
    found = hs.moderation("y ~ x", frame(), by="m", family="gaussian")
    axes = hs.figures.draw("moderation", found).axes[0]
    above, below = axes.child_axes
    curve = found.curve()
    line = next(one for one in above.lines if one.get_linewidth() == 1.8)
    np.testing.assert_allclose(line.get_xydata(), curve[["value", "estimate"]])
    assert sum(bar.get_height() for bar in below.patches) == len(found.observed)
    assert above.get_xlim() == below.get_xlim()
    thick = [one.get_xdata() for one in above.lines if one.get_linewidth() == 4.0]
    some = found.regions()[found.regions()["holds"] == "each value on its own"]
    np.testing.assert_allclose(thick, some[["from", "to"]])
    with pytest.raises(hs.ArgumentError, match="needs the result of moderation"):
        hs.figures.draw("moderation", curve)
    with pytest.raises(hs.UnknownNameError, match="Unknown scale 'link'"):
        hs.figures.draw("moderation", found, options={"scale": "link"})
    with pytest.raises(hs.ArgumentError, match="no levels to choose"):
        hs.figures.draw("moderation", found, options={"outcome": "1"})


@pytest.mark.parametrize(
    ("formula", "ask", "kind", "message"),
    [
        ("y ~ x", {"by": "teem"}, hs.UnknownNameError, "Did you mean 'team'"),
        ("y ~ x", {"by": "m", "term": "share"}, hs.ArgumentError, "does not name it"),
        ("y ~ x", {"by": "m", "term": "xx"}, hs.UnknownNameError, "Unknown column 'xx'"),
        ("y ~ x + m", {"by": "m", "term": "m"}, hs.ArgumentError, "its own moderator"),
        ("y ~ m", {"by": "m"}, hs.ArgumentError, "names no column whose slope"),
        ("y", {"by": "m"}, hs.ArgumentError, "must be text, 'label ~ terms'"),
        ("y ~ decompose(x)", {"by": "m"}, hs.ArgumentError, r"write decompose\(x\) \* m and ask"),
    ],
)
def test_refusals(formula: str, ask: dict[str, str], kind: type, message: str) -> None:
    with pytest.raises(kind, match=message):
        hs.moderation(formula, frame(), family="gaussian", **ask)


def test_regions_of_any_interval() -> None:
    def ends(value: float) -> tuple[float, float]:
        return np.sin(value) - 0.5, np.sin(value) + 0.5

    at = np.linspace(0, 2 * np.pi, 30)
    low, high = np.array([ends(value) for value in at]).T
    found = regions(at, (low, high), ends)
    assert [one.sign for one in found] == [1, -1]
    np.testing.assert_allclose(
        [one[:2] for one in found],
        [[np.pi / 6, 5 * np.pi / 6], [7 * np.pi / 6, 11 * np.pi / 6]],
        atol=1e-4,
    )
    low[10:], high[10:] = np.nan, np.nan
    assert [one.sign for one in regions(at, (low, high), ends)] == [1]
    assert regions(at, (np.full(30, -1.0), np.full(30, 1.0)), ends) == []
    whole = regions(at, (np.full(30, 1.0), np.full(30, 2.0)), ends)
    assert whole == [Region(0.0, 2 * np.pi, 1)]
    with pytest.raises(hs.ArgumentError, match="rising values"):
        regions(at[::-1], (low, high), ends)


def test_the_band_for_all_values_is_scheffes() -> None:
    df = np.array([5.0, 40.0])
    np.testing.assert_allclose(
        simultaneous_reach(df, 2, 0.9), np.sqrt(2 * f_distribution.ppf(0.9, 2, df)), rtol=1e-10
    )
    np.testing.assert_allclose(simultaneous_reach(np.array([np.inf]), 1), 1.959963984540054, rtol=1e-8)

"""Average marginal effects, predictions and simple slopes: peers, brute force, and what must not matter."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, ndtr, softmax
from scipy.stats import norm, t

import honestsignals as hs
from honestsignals.inference.derivatives import derivative
from honestsignals.inference.families import FAMILIES
from tests.shared import PROJECT
from tests.test_inference_calibration import loaded

NUMBERS = ["estimate", "std_error", "low", "high", "df"]
FORMULA = "log1p(acts) * channel + known(share) + in_contact + gift"


def frame_of(n: int = 18, seed: int = 3) -> pd.DataFrame:
    """Ordered pairs with labels of every kind."""
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    rows = pd.DataFrame({"ego": ego, "alter": alter, "acts": rng.poisson(1.5, ego.size)})
    rows["share"] = np.where(rows["acts"] > 0, rng.random(ego.size), np.nan)
    rows["in_contact"] = (rows["acts"] > 0).astype(int)
    rows["channel"] = rng.choice(["chat", "mail", "phone"], ego.size)
    rows["gift"], rows["warm"] = rng.normal(size=(2, ego.size))
    rows["same_site"] = rng.random(ego.size) < 0.4
    rows["weight"] = rng.integers(1, 4, ego.size)
    eta = (
        0.5 * np.log1p(rows["acts"])
        + 0.6 * rows["gift"]
        + 0.7 * rows["same_site"]
        + rng.normal(size=n)[ego] / 2
    )
    rows["trust"] = eta + rng.logistic(size=ego.size)
    rows["friend"] = (rows["trust"] > 1).astype(int)
    rows["letters"] = rng.poisson(np.exp(0.4 * eta))
    rows["likert"] = np.searchsorted([-1.0, 0.5, 2.0], rows["trust"]) + 1
    words = np.array(["none", "one-sided", "mutual"])
    rows["tie"] = pd.Categorical(words[np.searchsorted([0.0, 1.5], rows["trust"])], categories=words)
    return rows


LABELS = {
    "gaussian": "trust",
    "logit": "friend",
    "probit": "friend",
    "poisson": "letters",
    "ordered_logit": "likert",
    "ordered_probit": "likert",
    "multinomial": "tie",
}


def fitted(family: str, right: str, rows: pd.DataFrame | None = None, **more: str) -> hs.Result:
    return hs.fit(f"{LABELS[family]} ~ {right}", frame_of() if rows is None else rows, family=family, **more)


def mean_of(family: str, X: np.ndarray, theta: np.ndarray, n_levels: int) -> np.ndarray:
    """A twin, plainly: the label's mean (n, 1), P(1) (n, 1), or the probability of each level (n, L)."""
    k = X.shape[1]
    if family == "multinomial":
        eta = X @ theta.reshape(n_levels - 1, k).T
        return softmax(np.column_stack([np.zeros(len(X)), eta]), axis=1)
    if FAMILIES[family].cuts:
        F = expit if family == "ordered_logit" else ndtr
        below = F(theta[None, k:] - (X @ theta[:k])[:, None])
        return np.diff(np.column_stack([np.zeros(len(X)), below, np.ones(len(X))]), axis=1)
    link = {"gaussian": lambda x: x, "logit": expit, "probit": ndtr, "poisson": np.exp}[family]
    return link(X @ theta)[:, None]


def gradient_of(f: Callable[[np.ndarray], np.ndarray], theta: np.ndarray) -> np.ndarray:
    """Central differences with one extrapolation, (q, p)."""
    columns = []
    for place in range(theta.size):
        step = np.zeros_like(theta)
        step[place] = 1e-3 * max(1.0, abs(theta[place]))
        wide, narrow = ((f(theta + h * step) - f(theta - h * step)) / (2 * h * step[place]) for h in (1, 0.5))
        columns.append((4 * narrow - wide) / 3)
    return np.array(columns).T


def by_hand(result: hs.Result, f: Callable[[np.ndarray], np.ndarray]) -> pd.DataFrame:
    """Estimate, error and interval of any function of the coefficients, the gradient by differences."""
    theta, V = result.estimate.beta, result.covariance
    value, gradient = f(theta), gradient_of(f, theta)
    gradient[np.abs(gradient) < 1e-7] = 0.0
    variance = np.einsum("qp,pr,qr->q", gradient, V.matrix, gradient)
    if V.floor is not None:
        variance = np.maximum(variance, np.einsum("qp,pr,qr->q", gradient, V.floor, gradient))
    error = np.sqrt(np.where(variance > 0, variance, np.nan))
    whole = V.whole  # of people; test_inference_brute_force.py holds its shares against loops
    df = np.array([V.df[one != 0].min() for one in gradient]) if whole is None else whole.df(gradient)
    reach = t.ppf(0.975, df) * error
    return pd.DataFrame(
        {"estimate": value, "std_error": error, "low": value - reach, "high": value + reach, "df": df}
    )


def close(found: pd.DataFrame, expected: pd.DataFrame, rtol: float, names: list[str] | None = None) -> None:
    for name in names or NUMBERS:
        np.testing.assert_allclose(
            found[name].to_numpy(), expected[name].to_numpy(), rtol=rtol, atol=rtol * 1e-2, err_msg=name
        )


# against statsmodels


def dummies(rows: pd.DataFrame) -> pd.DataFrame:
    X = pd.get_dummies(rows["channel"], drop_first=True, dtype=float)
    X.insert(0, "const", 1.0)
    return X.assign(gift=rows["gift"], warm=rows["warm"], same_site=rows["same_site"].astype(float))


@pytest.mark.parametrize("family", ["logit", "probit", "poisson", "multinomial"])
def test_effects_are_those_of_statsmodels(family: str) -> None:
    import statsmodels.api as sm

    rows = frame_of()
    kind = {"logit": sm.Logit, "probit": sm.Probit, "poisson": sm.Poisson, "multinomial": sm.MNLogit}[family]
    label = rows["tie"].cat.codes if family == "multinomial" else rows[LABELS[family]]
    # its multinomial cannot take a column as 0 or 1
    third = "acts" if family == "multinomial" else "same_site"
    X = dummies(rows).assign(acts=rows["acts"])[["const", "gift", "warm", third]]
    peer = kind(label.to_numpy(), X).fit(disp=0, method="newton", tol=1e-12)
    theirs = peer.get_margeff(at="overall", method="dydx", dummy=third == "same_site")
    result = fitted(family, f"gift + warm + {third}", rows, covariance="classical")
    found = result.marginal_effects().tidy()
    np.testing.assert_allclose(found["estimate"], np.ravel(theirs.margeff), rtol=1e-7)
    np.testing.assert_allclose(found["std_error"], np.ravel(theirs.margeff_se), rtol=1e-7)
    np.testing.assert_allclose(found["p_value"], 2 * norm.sf(np.abs(found["statistic"])), rtol=1e-10)
    levels = 3 if family == "multinomial" else 1
    assert found["term"].tolist() == [one for one in ("gift", "warm", third) for _ in range(levels)]
    kinds = {"acts": "dy/dx", "same_site": "True - False"}
    assert found["contrast"].tolist() == ["dy/dx"] * 2 * levels + [kinds[third]] * levels


def test_predictions_of_a_binary_label_are_those_of_statsmodels() -> None:
    import statsmodels.api as sm

    rows = frame_of()
    X = dummies(rows)[["const", "gift", "same_site"]]
    peer = sm.GLM(rows["friend"], X, family=sm.families.Binomial()).fit(tol=1e-12)
    theirs = peer.get_prediction(X.iloc[:9]).summary_frame()
    result = fitted("logit", "gift + same_site", rows, covariance="classical")
    found = result.predict(rows.iloc[:9]).tidy()
    np.testing.assert_allclose(found["estimate"], theirs["mean"], rtol=1e-8)
    np.testing.assert_allclose(found["std_error"], theirs["mean_se"], rtol=1e-7)
    np.testing.assert_allclose(found["low"], theirs["mean_ci_lower"], rtol=1e-7)
    np.testing.assert_allclose(found["high"], theirs["mean_ci_upper"], rtol=1e-7)


# against brute force, for every family


def design_at(result: hs.Result, rows: pd.DataFrame, **values: object) -> np.ndarray:
    """The design of the formula on changed rows, written out by hand."""
    rows = rows.assign(**values)
    acts, gift = np.log1p(rows["acts"].astype(float)), rows["gift"].astype(float)
    mail, phone = ((rows["channel"] == one).astype(float) for one in ("mail", "phone"))
    share = np.nan_to_num(rows["share"].to_numpy(float))
    by_name = {
        "Intercept": np.ones(len(rows)),
        "log1p(acts)": acts,
        "channel[T.mail]": mail,
        "channel[T.phone]": phone,
        "known(share)": share,
        "in_contact": rows["in_contact"].astype(float),
        "gift": gift,
        "log1p(acts):channel[T.mail]": acts * mail,
        "log1p(acts):channel[T.phone]": acts * phone,
    }
    return np.column_stack([by_name[name] for name in result.model.names])


@pytest.mark.parametrize("covariance", ["jackknife", "dyadic"])
@pytest.mark.parametrize("family", list(LABELS))
def test_effects_are_those_of_numerical_differentiation(family: str, covariance: str) -> None:
    rows = frame_of()
    result = fitted(family, FORMULA, rows, covariance=covariance)
    L = len(result.levels)

    def mean(which: np.ndarray, **values: object) -> Callable[[np.ndarray], np.ndarray]:
        X = design_at(result, rows[which], **values)
        return lambda theta: mean_of(family, X, theta, L).mean(axis=0)

    everybody, defined = np.ones(len(rows), dtype=bool), rows["share"].notna().to_numpy()

    def by_degrees(name: str, which: np.ndarray) -> pd.DataFrame:
        x, h = rows.loc[which, name].astype(float), 1e-4
        sides = [(d, mean(which, **{name: x + d}), mean(which, **{name: x - d})) for d in (2 * h, h)]

        def slope(theta: np.ndarray) -> np.ndarray:
            far, near = ((above(theta) - below(theta)) / (2 * d) for d, above, below in sides)
            return (4 * near - far) / 3

        return by_hand(result, slope)

    def by_steps(name: str, low: object, high: object) -> pd.DataFrame:
        above, below = mean(everybody, **{name: high}), mean(everybody, **{name: low})
        return by_hand(result, lambda theta: above(theta) - below(theta))

    expected = pd.concat(
        [
            by_degrees("acts", everybody),
            by_steps("channel", "chat", "mail"),
            by_steps("channel", "chat", "phone"),
            by_degrees("share", defined),
            by_steps("in_contact", 0, 1),
            by_degrees("gift", everybody),
        ]
    )
    with np.errstate(invalid="ignore"):
        found = result.marginal_effects().tidy()
    close(found, expected, 2e-6)
    assert found["rows"].unique().tolist() == [len(rows), int(defined.sum())]
    if L:
        assert found["outcome"].tolist() == list(result.levels) * 6
        sums = found.groupby(["term", "contrast"])["estimate"].sum()
        np.testing.assert_allclose(sums, 0, atol=1e-12)


LINKS = {
    "gaussian": (lambda p: p, lambda x: x),
    "poisson": (np.log, np.exp),
    "probit": (norm.ppf, ndtr),
    "ordered_probit": (norm.ppf, ndtr),
}


@pytest.mark.parametrize("family", list(LABELS))
def test_predictions_are_averages_with_intervals_on_the_link(family: str) -> None:
    rows = frame_of()
    result = fitted(family, FORMULA, rows)
    L = len(result.levels)
    link, back = LINKS.get(family, (lambda p: np.log(p / (1 - p)), expit))
    points = [{"channel": one, "acts": two} for one in ("chat", "phone") for two in (0, 4)]
    found = result.predict({"channel": ["chat", "phone"], "acts": [0, 4]}).tidy()

    def mean(point: dict[str, object]) -> Callable[[np.ndarray], np.ndarray]:
        X = design_at(result, rows, **point)
        return lambda theta: mean_of(family, X, theta, L).mean(axis=0)

    means = [mean(point) for point in points]
    plain = pd.concat([by_hand(result, one) for one in means])
    close(found, plain, 2e-6, ["estimate", "std_error", "df"])
    linked = pd.concat([by_hand(result, lambda theta, one=one: link(one(theta))) for one in means])
    np.testing.assert_allclose(found["low"], back(linked["low"]), rtol=2e-6)
    np.testing.assert_allclose(found["high"], back(linked["high"]), rtol=2e-6)
    width = max(L, 1)
    assert found["channel"].tolist() == ["chat"] * 2 * width + ["phone"] * 2 * width
    assert (found["rows"] == len(rows)).all()
    if L:
        np.testing.assert_allclose(found.groupby(["channel", "acts"])["estimate"].sum(), 1, rtol=1e-12)
        assert found["low"].between(0, 1).all()
        assert found["high"].between(0, 1).all()


@pytest.mark.parametrize("family", list(LABELS))
def test_new_rows_are_predicted_one_by_one(family: str) -> None:
    rows = frame_of()
    result = fitted(family, FORMULA, rows)
    new = rows.iloc[[5, 0, 77]]
    found = result.predict(new).tidy()
    L = len(result.levels)

    def one_row(place: int) -> pd.DataFrame:
        X = design_at(result, new.iloc[[place]])
        return by_hand(result, lambda theta: mean_of(family, X, theta, L)[0])

    expected = pd.concat([one_row(place) for place in range(3)])
    close(found, expected, 2e-6, ["estimate", "std_error", "df"])
    assert found["ego"].iloc[0] == rows["ego"].iloc[5]
    if FAMILIES[family].label != "level":
        np.testing.assert_allclose(found["estimate"], result.estimate.fitted[[5, 0, 77]], rtol=1e-12)
    elif not FAMILIES[family].classes:
        np.testing.assert_allclose(
            found["estimate"].to_numpy().reshape(3, L), result.estimate.probabilities[[5, 0, 77]], rtol=1e-10
        )


def test_one_row_of_a_binary_label_has_the_interval_of_its_linear_predictor() -> None:
    for family, back in (("logit", expit), ("probit", ndtr), ("poisson", np.exp), ("gaussian", lambda x: x)):
        rows = frame_of()
        result = fitted(family, "gift + acts", rows)
        x = np.array([1.0, -8.0, 3.0])
        line = result.contrast("Intercept - 8 * gift + 3 * acts").tidy()
        assert line["estimate"][0] == pytest.approx(x @ result.estimate.beta, rel=1e-10)
        found = result.predict(pd.DataFrame({"gift": [-8.0], "acts": [3]})).tidy()
        np.testing.assert_allclose(found[["low", "high"]], back(line[["low", "high"]]), rtol=1e-8)


def test_far_out_probabilities_keep_their_digits() -> None:
    rows = frame_of()
    for family in ("logit", "probit", "ordered_logit", "ordered_probit", "multinomial"):
        result = fitted(family, "gift", rows)
        found = result.predict({"gift": [-60.0, -12.0, 12.0, 60.0]}).tidy()
        assert found[["estimate", "low", "high"]].notna().all(axis=None), family
        assert (found["low"] <= found["estimate"]).all()
        assert (found["estimate"] <= found["high"]).all()
        assert found[["low", "high"]].stack().between(0, 1).all()


# others at their means


def test_others_at_their_means() -> None:
    rows = frame_of()
    result = fitted("logit", FORMULA + " + same_site", rows)
    point = {
        "acts": 2,
        "channel": rows["channel"].mode()[0],
        "share": rows["share"].mean(),
        "in_contact": rows["in_contact"].mean(),
        "gift": rows["gift"].mean(),
        "same_site": rows["same_site"].mean(),
    }
    found = result.predict({"acts": 2}, others="mean")
    expected = result.predict(pd.DataFrame([point])).tidy()
    close(found.tidy(), expected, 1e-12)
    assert "rows" not in found.tidy()
    assert "commonest level: channel at" in str(found)
    assert result.predict(others="mean").tidy().columns[0] == "estimate"


# what must not matter


@pytest.mark.parametrize("family", ["logit", "ordered_logit", "multinomial", "poisson"])
def test_people_rows_and_units_do_not_matter(family: str) -> None:
    rows = frame_of()
    right = "log1p(acts) * channel + known(share) + in_contact + gift + bs(warm, df=3)"
    first = fitted(family, right, rows)
    effects, expected = first.marginal_effects().tidy(), first.predict({"gift": [0, 1]}).tidy()
    slopes = first.simple_slopes("acts", "channel").tidy()
    rng = np.random.default_rng(1)
    names = rng.permutation([f"p{one:02d}" for one in range(18)])
    changed = rows.sample(frac=1, random_state=4).assign(
        ego=lambda one: names[one["ego"]], alter=lambda one: names[one["alter"]]
    )
    again = fitted(family, right, changed)
    close(again.marginal_effects().tidy(), effects, 1e-7)
    close(again.predict({"gift": [0, 1]}).tidy(), expected, 1e-7)
    close(again.simple_slopes("acts", "channel").tidy(), slopes, 1e-7)
    twice = fitted(
        family, right, rows.assign(gift=rows["gift"] * 2, warm=rows["warm"] * 2, share=rows["share"] * 2)
    )
    half = twice.marginal_effects().tidy()
    scaled = effects["term"].isin(["gift", "warm", "share"])
    for name in ("estimate", "std_error", "low", "high"):
        half.loc[scaled, name] *= 2
    close(half, effects, 1e-7)
    close(twice.predict({"gift": [0, 2]}).tidy(), expected, 1e-7)


def test_who_is_called_ego_does_not_matter_without_direction() -> None:
    rows = frame_of()
    rows = rows[rows["ego"] < rows["alter"]]
    flipped = rows.rename(columns={"ego": "alter", "alter": "ego"})
    one, other = (fitted("ordered_logit", "gift * same_site + acts", frame) for frame in (rows, flipped))
    close(one.marginal_effects().tidy(), other.marginal_effects().tidy(), 1e-9)
    close(one.predict({"acts": 2}).tidy(), other.predict({"acts": 2}).tidy(), 1e-9)


def test_a_row_of_weight_two_is_two_rows() -> None:
    rows = frame_of()
    long = rows.loc[rows.index.repeat(rows["weight"])]
    for family in ("logit", "ordered_logit"):
        weighted = hs.fit(
            f"{LABELS[family]} ~ gift * acts", rows, family=family, weights="weight", covariance="dyadic"
        )
        repeated = fitted(family, "gift * acts", long, covariance="dyadic")
        names = ["estimate", "std_error"]
        close(weighted.marginal_effects().tidy(), repeated.marginal_effects().tidy(), 1e-8, names)
        close(weighted.predict().tidy(), repeated.predict().tidy(), 1e-8, names)
        slopes = [one.simple_slopes("gift", "acts").tidy() for one in (weighted, repeated)]
        assert slopes[0]["value"].tolist() == slopes[1]["value"].tolist()
        close(*slopes, 1e-8, names)
        assert "by weight" in str(weighted.predict())


def test_average_prediction_of_a_logit_is_the_base_rate() -> None:
    result = fitted("logit", FORMULA)
    assert result.predict().tidy()["estimate"][0] == pytest.approx(frame_of()["friend"].mean(), rel=1e-10)
    assert "P(friend = 1)" in str(result.predict())
    compared = hs.fit("trust > 1 ~ gift", frame_of())
    assert "P(trust > 1)" in str(compared.marginal_effects())


def test_linear_effects_are_coefficients() -> None:
    result = fitted("gaussian", "gift + same_site + channel")
    table, found = result.tidy().iloc[1:], result.marginal_effects().tidy()
    order = ["gift", "same_site", "channel", "channel"]
    assert found["term"].tolist() == order
    by = table.set_index("term").loc[["gift", "same_site", "channel[T.mail]", "channel[T.phone]"]]
    close(found, by.reset_index(), 1e-9, [*NUMBERS, "p_value"])


def test_effects_with_other_errors_need_no_refit() -> None:
    result = fitted("ordered_logit", "gift + same_site")
    other = result.with_covariance("pair")
    one, two = result.marginal_effects().tidy(), other.marginal_effects().tidy()
    np.testing.assert_array_equal(one["estimate"], two["estimate"])
    assert (one["std_error"] > two["std_error"]).any()
    assert "clustered by pair" in str(other.marginal_effects())


# columns made of columns


@pytest.mark.parametrize(
    ("right", "slope"),
    [
        ("gift", lambda b, x: b["gift"]),
        ("log1p(acts)", lambda b, x: b["log1p(acts)"] / (1 + x["acts"])),
        ("sqrt(weight)", lambda b, x: b["sqrt(weight)"] / (2 * np.sqrt(x["weight"]))),
        ("log(weight)", lambda b, x: b["log(weight)"] / x["weight"]),
        ("gift + square(gift)", lambda b, x: b["gift"] + 2 * x["gift"] * b["square(gift)"]),
        ("scale(gift)", lambda b, x: b["scale(gift)"] / x["gift"].std()),
        ("center(gift) * warm", lambda b, x: b["center(gift)"] + b["center(gift):warm"] * x["warm"]),
        ("exp(gift)", lambda b, x: b["exp(gift)"] * np.exp(x["gift"])),
        ("gift * same_site", lambda b, x: b["gift"] + b["gift:same_site"] * x["same_site"]),
    ],
)
def test_derivatives_go_through_what_the_formula_makes(right: str, slope: Callable[..., object]) -> None:
    rows = frame_of()
    result = fitted("gaussian", right, rows)
    b = result.tidy().set_index("term")["estimate"]
    column = next(one for one in ("gift", "acts", "weight") if one in right)
    found = result.marginal_effects(column).tidy()
    assert found["estimate"][0] == pytest.approx(np.mean(slope(b, rows)), rel=1e-8)


@pytest.mark.parametrize(
    "spline", ["bs(gift, df=5)", "0 + cr(gift, df=4)", "poly(gift, 3)", "bs(acts, df=4)"]
)
def test_derivatives_of_splines(spline: str) -> None:
    rows = frame_of()
    result = fitted("logit", f"{spline} + warm", rows)
    name = "acts" if "acts" in spline else "gift"
    found = result.marginal_effects(name).tidy()["estimate"][0]
    x, h = rows[name].to_numpy(float), 1e-4
    inside = np.clip(x, x.min() + h, x.max() - h)

    def p(values: np.ndarray) -> np.ndarray:
        return expit(result.model.columns_of(rows.assign(**{name: values})) @ result.estimate.beta)

    expected = np.mean((p(inside + h) - p(inside - h)) / (2 * h))
    assert found == pytest.approx(expected, rel=5e-3 if name == "acts" else 1e-3)


def test_where_there_is_no_derivative_it_is_not_zero() -> None:
    rows = frame_of()
    step = fitted("logit", "I(acts > 2) + gift", rows)
    found = step.marginal_effects()
    one = found.tidy().set_index("term").loc["acts"]
    assert np.isnan(one[["estimate", "std_error", "p_value"]].astype(float)).all()
    assert "acts has no derivative in" in str(found) or "acts enters by steps alone" in str(found)
    flat = fitted("logit", "I(acts > 2.5) + gift", rows)
    assert "acts enters by steps alone: small changes of it change nothing" in str(flat.marginal_effects())
    jump = fitted("logit", "acts + I(acts > 2)", rows).marginal_effects()
    assert np.isnan(jump.tidy()["estimate"]).all()
    assert "acts has no derivative in" in str(jump)
    root = fitted("logit", "sqrt(acts)", rows).marginal_effects()
    zero = int((rows["acts"] == 0).sum())
    assert f"acts has no derivative in {zero} rows" in str(root)
    kink = fitted("gaussian", "abs(gift)", rows).marginal_effects().tidy()
    assert np.isfinite(kink["estimate"]).all()


def test_a_derivative_is_exact_for_lines_and_parabolas_anywhere() -> None:
    x = np.concatenate([np.linspace(1e6, 1e6 + 3, 50), [1e6]])
    reach = np.array([3.0, 9.0])

    def columns(x: np.ndarray) -> np.ndarray:
        return np.column_stack([x, (x - 1e6) ** 2])

    dX, broken = derivative(x, columns(x), columns, (x.min(), x.max()), reach)
    np.testing.assert_allclose(dX, np.column_stack([np.ones(x.size), 2 * (x - 1e6)]), rtol=1e-4, atol=1e-4)
    assert not broken.any()


# moderators


@pytest.mark.parametrize(
    "moderator", ["channel", "kind", "same_site", "sure", "in_contact", "weight", "count"]
)
def test_moderators_of_every_type(moderator: str) -> None:
    rows = frame_of()
    rows["kind"] = pd.Categorical(rows["channel"], categories=["phone", "chat", "mail", "never"])
    rows["sure"] = rows["same_site"].astype("boolean")
    rows["count"] = rows["weight"].astype("Int64")
    result = fitted(
        "logit", f"share * {moderator}" if moderator != "in_contact" else "gift * in_contact", rows
    )
    assert np.abs(result.model.columns_of(result.model.source) - result.model.X).max() <= 1e-12
    term = "gift" if moderator == "in_contact" else "share"
    found = result.simple_slopes(term, moderator)
    table = found.tidy()
    used = rows.iloc[result.model.rows]
    b = result.estimate
    for value, part in table.groupby("value", sort=False, observed=True):
        link, label = (part[part["scale"] == one].iloc[0] for one in ("link", "label"))
        at = used.assign(**{moderator: value})
        h = 1e-4
        x = used[term].clip(used[term].min() + h, used[term].max() - h)
        high, low = (result.model.columns_of(at.assign(**{term: x + d})) @ b.beta for d in (h, -h))
        assert link["estimate"] == pytest.approx(np.mean(high - low) / (2 * h), rel=1e-7)
        assert label["estimate"] == pytest.approx(np.mean(expit(high) - expit(low)) / (2 * h), rel=1e-3)
        only = result.marginal_effects(term, at={moderator: value}).tidy().iloc[0]
        assert only["std_error"] == pytest.approx(label["std_error"], rel=1e-12)
    names = [name for name in result.model.names if ":" in name]
    joint = result.wald(names)
    assert found.test.p_value == pytest.approx(joint.p_value, rel=1e-12)
    assert f"Interaction of {term} and {moderator}: {joint}." in str(found)


def test_simple_slopes_on_the_links_scale_are_sums_of_coefficients() -> None:
    result = fitted("ordered_logit", "gift * channel")
    found = result.simple_slopes("gift", "channel")
    link = found.tidy().query("scale == 'link'").reset_index()
    sums = ["gift", "gift + gift:channel[T.mail]", "gift + gift:channel[T.phone]"]
    expected = pd.concat([result.contrast(one).tidy() for one in sums])
    close(link, expected, 1e-8)
    apart = found.differences().query("scale == 'link'").reset_index()
    expected = result.contrast("gift:channel[T.mail], gift:channel[T.phone]").tidy()
    close(apart, expected, 1e-8, ["estimate", "std_error", "low", "high"])
    assert apart["value"].tolist() == ["mail - chat", "phone - chat"]
    label = found.tidy().query("scale == 'label' and outcome == '1'")["estimate"].to_numpy()
    differ = found.differences().query("scale == 'label' and outcome == '1'")["estimate"].to_numpy()
    np.testing.assert_allclose(differ, label[1:] - label[0], rtol=1e-10)


def test_the_unit_of_a_product_is_not_the_interaction() -> None:
    """Differences of marginal effects by brute force: they are not the product's coefficient."""
    rows = frame_of()
    result = fitted("logit", "gift * same_site", rows)
    found = result.simple_slopes("gift", "same_site").differences()

    def both(theta: np.ndarray) -> np.ndarray:
        slopes = []
        for value in (0.0, 1.0):
            eta = theta[0] + theta[1] * rows["gift"] + theta[2] * value + theta[3] * rows["gift"] * value
            slopes.append(np.mean(expit(eta) * expit(-eta) * (theta[1] + theta[3] * value)))
        return np.array([slopes[1] - slopes[0]])

    assert result.model.names == ("Intercept", "gift", "same_site", "gift:same_site")
    close(found.query("scale == 'label'"), by_hand(result, both), 1e-6)


def test_simple_slopes_of_levels_and_of_classes() -> None:
    result = fitted("multinomial", "channel * gift")
    found = result.simple_slopes("channel", "gift", values=[-1, 1]).tidy()
    assert len(found) == 2 * 2 * (2 + 3)
    assert found["contrast"].unique().tolist() == ["mail - chat", "phone - chat"]
    one = found.query("scale == 'link' and outcome == 'mutual' and value == 1 and contrast == 'mail - chat'")
    line = result.contrast("mutual: channel[T.mail] + mutual: channel[T.mail]:gift").tidy()
    close(one, line, 1e-9)
    quartiles = result.simple_slopes("channel", "gift").tidy()["value"].unique()
    gift = np.sort(frame_of()["gift"])
    assert set(quartiles) == {gift[int(np.ceil(q * gift.size)) - 1] for q in (0.25, 0.5, 0.75)}
    alone = result.simple_slopes("channel", "gift", values=0)
    assert len(alone.tidy()) == 10
    assert alone.differences().empty


# what is undefined in some rows


def test_a_known_column_is_averaged_over_the_rows_where_it_is_defined() -> None:
    rows = frame_of()
    result = fitted("logit", "known(share) + in_contact", rows)
    defined = int(rows["share"].notna().sum())
    found = result.marginal_effects()
    table = found.tidy().set_index("term")
    assert table.loc["share", "rows"] == defined
    assert table.loc["in_contact", "rows"] == len(rows)
    assert f"share: averaged over the {defined} rows where it is defined." in str(found)
    assert "share is defined where in_contact is 1; in_contact changes here alone" in str(found)
    listwise = fitted("logit", "share", rows).marginal_effects().tidy()
    assert table.loc["share", "estimate"] == pytest.approx(listwise["estimate"][0], rel=1e-8)
    held = result.predict({"share": [0.2, np.nan], "in_contact": [0, 1]}).tidy()
    assert held["rows"].tolist() == [defined, defined, len(rows), len(rows)]
    b = result.estimate.beta
    np.testing.assert_allclose(held["estimate"][3], expit(b[0] + b[2]), rtol=1e-10)


def test_facts_say_what_the_numbers_rest_on() -> None:
    result = fitted("ordered_logit", "gift * same_site", covariance="dyadic")
    text = str(result.marginal_effects(level=0.9))
    assert "Average marginal effects on the probability of each level of likert" in text
    assert "Averaged over the 306 rows used, other columns as observed." in text
    assert "by the delta method; intervals are 90 % and take the observed rows as given" in text
    assert "dyadic: below 200 people its errors are too small" in text
    assert "on the logit scale and back, so within 0 and 1" in str(result.predict())
    assert "on the probit scale" in str(fitted("probit", "gift").predict())
    assert "on the log scale and back, so above 0" in str(fitted("poisson", "gift").predict())
    for one in (result.marginal_effects(), result.predict(), result.simple_slopes("gift", "same_site")):
        assert "<table" in one._repr_html_()
        assert "toprule" in one.to_latex()
        assert one.note() in one.to_markdown().replace("\\", ""), "but for what Markdown has to escape"


def test_no_error_where_the_variance_is_not_positive() -> None:
    found = []
    for seed in range(12):
        rows = frame_of(6, seed)
        result = hs.fit("trust ~ gift + warm + weight", rows, family="gaussian", covariance="dyadic")
        effects = result.marginal_effects()
        lacking = int(np.isnan(effects.tidy()["std_error"]).sum())
        assert lacking == int(np.isnan(result.covariance.std_error[1:]).sum())
        assert (f"no positive variance for {lacking} of these rows" in str(effects)) == (lacking > 0)
        found.append(lacking)
    assert max(found) > 0


# chosen parts


def test_held_columns_and_chosen_outcomes() -> None:
    rows = frame_of()
    result = fitted("ordered_logit", "log1p(acts) * channel + gift", rows)
    found = result.marginal_effects(
        ["acts", "gift"], at={"channel": ["chat", "mail"], "gift": 0}, outcome=[4, "1"]
    )
    table = found.tidy()
    assert table["outcome"].tolist() == ["4", "1"] * 4
    assert table["at"].unique().tolist() == ["channel = chat, gift = 0", "channel = mail, gift = 0"]
    assert "channel" not in result.marginal_effects(at={"channel": "chat"}).tidy()["term"].tolist()
    whole = result.marginal_effects("gift").tidy().query("outcome == '4'")
    close(result.marginal_effects("gift", outcome=4).tidy(), whole, 1e-12)
    assert result.predict(outcome="2").tidy()["outcome"].tolist() == ["2"]


REFUSALS: list[tuple[Callable[[hs.Result], object], type, str]] = [
    (lambda r: r.marginal_effects("gfit"), hs.UnknownNameError, "Unknown column 'gfit'. Did you mean 'gift'"),
    (
        lambda r: r.marginal_effects("log1p(acts)"),
        hs.ArgumentError,
        "is a term; effects and values are of the columns",
    ),
    (lambda r: r.marginal_effects([]), hs.ArgumentError, "No column is left"),
    (lambda r: r.marginal_effects(at={"chanel": "chat"}), hs.UnknownNameError, "Did you mean 'channel'"),
    (
        lambda r: r.marginal_effects(at={"channel": "chta"}),
        hs.ArgumentError,
        "'chat', 'mail', 'phone'. Did you mean 'chat'",
    ),
    (
        lambda r: r.marginal_effects("channel", at={"channel": "chat"}),
        hs.ArgumentError,
        "it cannot change as well",
    ),
    (
        lambda r: r.marginal_effects(outcome="1"),
        hs.ArgumentError,
        "outcome chooses among levels of the label",
    ),
    (lambda r: r.marginal_effects(level=95), hs.ArgumentError, "level is 95"),
    (lambda r: r.marginal_effects(at={"acts": []}), hs.ArgumentError, "No value of 'acts'"),
    (lambda r: r.marginal_effects(at={"gift": np.arange(2000)}), hs.ArgumentError, "2,000 combinations"),
    (lambda r: r.marginal_effects(at=3), hs.ArgumentError, "they must be a mapping"),
    (lambda r: r.predict({"gift": "big"}), hs.ArgumentError, "'gift' is ['big']; the fit has numbers there"),
    (lambda r: r.predict({"gift": np.nan}), hs.ArgumentError, "'gift' is missing in 306 rows"),
    (lambda r: r.predict({"channel": None}), hs.ArgumentError, "'channel' is missing"),
    (lambda r: r.predict({"gift": np.inf}), hs.ArgumentError, "gift is infinite in 306 rows"),
    (lambda r: r.predict({"acts": -2}), hs.ArgumentError, "log1p(acts) is undefined in 306 rows"),
    (
        lambda r: r.predict({"warm": 99}),
        hs.ArgumentError,
        "bs(warm, df=3) cannot be computed of these values; it was fitted to warm from",
    ),
    (lambda r: r.predict(others="means"), hs.ArgumentError, "others is 'means'"),
    (lambda r: r.predict(3), hs.ArgumentError, "values is a int"),
    (
        lambda r: r.predict(frame_of().drop(columns="gift")),
        hs.ArgumentError,
        "The rows have no column 'gift'",
    ),
    (lambda r: r.predict(frame_of().iloc[:0]), hs.ArgumentError, "no row to predict"),
    (
        lambda r: r.simple_slopes("gift", "acts"),
        hs.ArgumentError,
        "No term of the formula has both 'gift' and 'acts'",
    ),
    (lambda r: r.simple_slopes("acts", "acts"), hs.ArgumentError, "its own moderator"),
    (lambda r: r.simple_slopes("acts", "channels"), hs.UnknownNameError, "Did you mean 'channel'"),
    (
        lambda r: r.simple_slopes("acts", "channel", values="fax"),
        hs.ArgumentError,
        "'fax', a level that the fit has not seen",
    ),
]


@pytest.fixture(scope="module")
def logit() -> hs.Result:
    return fitted("logit", "log1p(acts) * channel + gift + bs(warm, df=3)")


@pytest.mark.parametrize(("ask", "kind", "message"), REFUSALS, ids=[case[2] for case in REFUSALS])
def test_refusals(logit: hs.Result, ask: Callable[[hs.Result], object], kind: type, message: str) -> None:
    with pytest.raises(kind) as raised:
        ask(logit)
    assert message in str(raised.value)


def test_refusals_of_levels_and_outcomes() -> None:
    ordered = fitted("ordered_logit", "gift + C(weight)")
    with pytest.raises(hs.ArgumentError, match="outcome is '5'; it must be one of '1', '2', '3', '4'"):
        ordered.marginal_effects(outcome=5)
    with pytest.raises(hs.ArgumentError, match="'weight' is 7, a level that the fit has not seen: 1, 2, 3"):
        ordered.predict({"weight": 7})
    found = ordered.marginal_effects("weight", outcome=1).tidy()
    assert found["contrast"].tolist() == ["2 - 1", "3 - 1"]
    based = fitted("logit", "gift + C(channel, contr.treatment('mail'))").marginal_effects("channel").tidy()
    assert based["contrast"].tolist() == ["chat - mail", "phone - mail"]


def test_beside_effects_of_people_there_are_slopes_alone() -> None:
    rows = frame_of()
    linear = fitted("gaussian", "gift * acts", rows, fixed_effects="sender and receiver")
    dummies_too = fitted("gaussian", "gift * acts + C(ego) + C(alter)", rows, covariance="dyadic")
    one = linear.with_covariance("dyadic").marginal_effects("gift").tidy()
    two = dummies_too.marginal_effects("gift").tidy()
    close(one, two, 1e-7, ["estimate", "std_error"])
    assert "sender and receiver effects as they are" in str(linear.marginal_effects())
    with pytest.raises(hs.DesignError, match="Predictions would need sender and receiver effects"):
        linear.predict()
    tetrads = fitted("logit", "gift * acts", rows, fixed_effects="sender and receiver")
    with pytest.raises(hs.DesignError, match="Effects on a probability would need"):
        tetrads.marginal_effects()
    slopes = tetrads.simple_slopes("gift", "acts", values=[0, 2]).tidy()
    assert slopes["scale"].tolist() == ["link", "link"]
    close(slopes, tetrads.contrast("gift, gift + 2 * gift:acts").tidy(), 1e-8)


def test_an_index_of_rows_that_repeats_does_not_matter() -> None:
    rows = frame_of()
    odd = rows.set_index(np.zeros(len(rows), dtype=int))
    right = "known(share) * channel + gift"
    one, other = (fitted("logit", right, frame) for frame in (rows, odd))
    close(one.marginal_effects().tidy(), other.marginal_effects().tidy(), 1e-12)
    close(one.predict({"share": 0.5}).tidy(), other.predict({"share": 0.5}).tidy(), 1e-12)


def test_a_table_of_dyads_is_predicted_row_by_row() -> None:
    dyads = hs.simulate(people=20, days=40, seed=2).study().dyads(label="friendship")
    result = hs.fit("friendship ~ log1p(acts)", dyads)
    np.testing.assert_allclose(result.predict(dyads).tidy()["estimate"], result.estimate.fitted, rtol=1e-12)
    assert result.marginal_effects().tidy()["estimate"][0] > 0


def test_exact_refits_are_said_and_used() -> None:
    rows = frame_of(12)
    one_step = fitted("logit", "gift", rows)
    exact = one_step.with_covariance("jackknife", exact=True)
    for asked in (exact.marginal_effects(), exact.predict(), exact.contrast("gift")):
        assert "(exact refits)" in str(asked)
    assert "(exact refits)" not in str(one_step.marginal_effects())
    errors = [one.marginal_effects().tidy()["std_error"][0] for one in (one_step, exact)]
    assert errors[0] != errors[1]
    assert errors[0] == pytest.approx(errors[1], rel=0.3)


def test_a_column_called_like_one_of_the_table_is_refused() -> None:
    rows = frame_of().rename(columns={"gift": "outcome"})
    result = fitted("ordered_logit", "outcome", rows)
    with pytest.raises(hs.ArgumentError, match="'outcome' is a column of the formula and of this table"):
        result.predict({"outcome": 1})
    assert result.marginal_effects().tidy()["term"].unique().tolist() == ["outcome"]


def test_many_new_rows_take_memory_by_the_row() -> None:
    rows = frame_of()
    result = fitted("ordered_logit", "log1p(acts) * channel", rows)
    many = pd.concat([rows] * 60, ignore_index=True)
    found = result.predict(many).tidy()
    assert len(found) == 4 * len(many)
    close(found.iloc[-8:], result.predict(many.iloc[-2:]).tidy(), 1e-10)


def stored_run() -> dict[str, Any]:
    path = PROJECT / "benchmarks" / "results" / "margins_calibration.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_intervals_cover_in_the_stored_studies() -> None:
    calibration = loaded("calibration")
    benchmark = loaded("margins_calibration")
    made = stored_run()
    assert (PROJECT / "docs" / "calibration_margins.md").read_text(encoding="utf-8") == benchmark.page(made)
    assert len(made["cells"]) == 8
    for one in made["cells"]:
        assert one["studies"] == 1000
        cover = one["methods"]["jackknife"]["own rows"]
        for share, error in zip(cover["estimate"], cover["mc_error"], strict=True):
            assert share + 2 * error >= 0.93, one["cell"]
            assert share - 2 * error <= 0.97, one["cell"]
    assert calibration.Cell is benchmark.Cell


def test_studies_of_today_are_the_stored_ones() -> None:
    calibration, benchmark = loaded("calibration"), loaded("margins_calibration")
    cell = calibration.Cell("ordered_logit", None, 30, False, True)
    then = next(one for one in stored_run()["cells"] if one["cell"] == cell.name)
    beta, truth = calibration.truth(cell), np.array(then["truth"])
    found = [benchmark.study(cell, beta, truth, [1, *cell.key, number]) for number in range(30)]
    cover = np.mean([one["jackknife"]["own"] for one in found], axis=0)
    assert (np.abs(cover - then["methods"]["jackknife"]["own rows"]["estimate"]) < 4 * 0.05).all()
    np.testing.assert_allclose(np.std([one["error"] for one in found], axis=0), then["sd"], rtol=0.6)

"""Combinations of coefficients as text says them: what is read, what is tested, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.inference.wald import combinations, wald


@pytest.fixture(scope="module")
def result() -> hs.Result:
    rng = np.random.default_rng(5)
    ego, alter = np.nonzero(~np.eye(15, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": rng.poisson(2, ego.size)})
    frame["channel"] = rng.choice(["chat", "e-mail", "mail"], ego.size)
    frame["my gift"], frame["acts_2"] = rng.normal(size=(2, ego.size))
    frame["trust"] = np.clip(np.round(frame["acts"] / 2 + rng.normal(size=ego.size)), 0, 3) + 0.0
    formula = "trust ~ log1p(acts) * channel + bs(acts_2, df=3) + `my gift` + acts_2:log1p(acts)"
    return hs.fit(formula, frame, family="ordered_logit", covariance="jackknife")


CASES = [
    ("log1p(acts)", {"log1p(acts)": 1}, 0.0),
    ("`log1p(acts)` = 0.5", {"log1p(acts)": 1}, 0.5),
    ("channel[T.mail] = channel[T.e-mail]", {"channel[T.mail]": 1, "channel[T.e-mail]": -1}, 0.0),
    ("`1|2` - `0|1` = 1", {"1|2": 1, "0|1": -1}, 1.0),
    ("1|2 - 0|1 = -1e-3", {"1|2": 1, "0|1": -1}, -1e-3),
    ("log1p(acts):channel[T.mail] = 0", {"log1p(acts):channel[T.mail]": 1}, 0.0),
    (
        "bs(acts_2, df=3)[1] - `bs(acts_2, df=3)[2]`",
        {"bs(acts_2, df=3)[1]": 1, "bs(acts_2, df=3)[2]": -1},
        0.0,
    ),
    ("(my gift + `log1p(acts)`) / 2 = 1", {"my gift": 0.5, "log1p(acts)": 0.5}, 1.0),
    ("0 = 2 * my gift - 3", {"my gift": -2}, -3.0),
    ("-my gift + 1", {"my gift": -1}, -1.0),
]


@pytest.mark.parametrize(("text", "parts", "value"), CASES, ids=[case[0] for case in CASES])
def test_text_is_read_as_it_says(result: hs.Result, text: str, parts: dict[str, float], value: float) -> None:
    R = np.array([[parts.get(name, 0.0) for name in result.estimate.names]])
    expected = combinations(result.estimate.beta, result.covariance, R, np.array([value]))
    found = result.contrast(text)
    assert found.names == (text,)
    for name in ("estimate", "std_error", "low", "high", "df", "p_value"):
        np.testing.assert_allclose(found.tidy()[name], getattr(expected, name), rtol=1e-12, err_msg=name)
    assert R[0] @ result.estimate.beta - value == pytest.approx(found.tidy()["estimate"][0], rel=1e-12)


def test_several_parts_are_tested_apart_and_together(result: hs.Result) -> None:
    first, second = "bs(acts_2, df=3)[1] = `bs(acts_2, df=3)[2]`", "channel[T.mail] = 0"
    both = result.contrast(f"{first}, {second}")
    assert both.names == (first, second)
    alone = pd.concat([result.contrast(one).tidy() for one in (first, second)], ignore_index=True)
    pd.testing.assert_frame_equal(both.tidy(), alone, rtol=1e-12)
    names = result.estimate.names
    R = np.zeros((2, len(names)))
    R[0, names.index("bs(acts_2, df=3)[1]")], R[0, names.index("bs(acts_2, df=3)[2]")] = 1, -1
    R[1, names.index("channel[T.mail]")] = 1
    expected = wald(result.estimate.beta, result.covariance, restrictions=R, values=np.zeros(2))
    assert both.test.wald == pytest.approx(expected.wald, rel=1e-12)
    assert both.test.df1 == 2


def test_a_coefficient_alone_is_its_row_of_the_table(result: hs.Result) -> None:
    table = result.tidy().set_index("term")
    for name in result.estimate.names:
        one = result.contrast(f"`{name}`").tidy().iloc[0]
        for column in ("estimate", "std_error", "p_value", "low", "high", "df"):
            assert one[column] == pytest.approx(table.loc[name, column], rel=1e-12)


def test_a_contrast_says_its_errors_and_its_level(result: hs.Result) -> None:
    wide, narrow = (result.contrast("my gift", level=level).tidy() for level in (0.95, 0.5))
    assert wide["high"][0] > narrow["high"][0]
    text = str(result.contrast("my gift", level=0.5))
    assert "All together: F(1, " in text
    assert "net jackknife" in text
    assert "intervals are 50 %" in text


def test_a_unit_of_a_column_does_not_show_in_a_test() -> None:
    rng = np.random.default_rng(6)
    ego, alter = np.nonzero(~np.eye(12, dtype=bool))
    frame = pd.DataFrame(
        {"ego": ego, "alter": alter, "given": rng.random(ego.size), "got": rng.random(ego.size)}
    )
    frame["trust"] = frame["given"] + rng.normal(size=ego.size)
    hours = hs.fit("trust ~ given + got", frame, family="gaussian")
    minutes = hs.fit("trust ~ given + got", frame.assign(given=frame["given"] * 60), family="gaussian")
    one, other = hours.contrast("given = got"), minutes.contrast("60 * given = got")
    np.testing.assert_allclose(one.tidy()["p_value"], other.tidy()["p_value"], rtol=1e-9)
    assert one.test.wald == pytest.approx(other.test.wald, rel=1e-9)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("my gifts = 0", hs.ArgumentError, "cannot be read. Coefficients are log1p"),
        ("gift = 0", hs.UnknownNameError, "Unknown coefficient 'gift'. Did you mean 'my gift'"),
        ("`my gifts` = 0", hs.UnknownNameError, "Unknown coefficient 'my gifts'. Did you mean 'my gift'"),
        ("my gift = 0 = log1p(acts)", hs.ArgumentError, "one side, or 'one = other'"),
        ("my gift * log1p(acts)", hs.ArgumentError, "is not linear"),
        ("my gift ** 2", hs.ArgumentError, "is not linear"),
        ("1 / my gift", hs.ArgumentError, "is not linear"),
        ("my gift / 0", hs.ArgumentError, "is not linear"),
        ("my gift < 1", hs.ArgumentError, "is not linear"),
        ("my gift - my gift", hs.ArgumentError, "no coefficient in it"),
        ("my gift = 1e999", hs.ArgumentError, "a number without end"),
        ("2 = 1", hs.ArgumentError, "no coefficient in it"),
        ("my gift,", hs.ArgumentError, "nothing between two commas"),
        (" ", hs.ArgumentError, "must be text"),
        (None, hs.ArgumentError, "The combination is None; it must be text"),
        ("my gift = 0, my gift = 1", hs.ArgumentError, "follow from others, or contradict"),
        ("my gift - log1p(acts), my gift, log1p(acts)", hs.ArgumentError, "follow from others"),
        ("my gift +", hs.ArgumentError, "cannot be read"),
        ("abs(my gift)", hs.ArgumentError, "is not linear"),
    ],
)
def test_what_is_no_combination_is_refused(result: hs.Result, text: str, kind: type, message: str) -> None:
    with pytest.raises(kind) as raised:
        result.contrast(text)
    assert message in str(raised.value)


def test_a_level_of_minus_zero_is_zero() -> None:
    ego, alter = np.nonzero(~np.eye(8, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": np.arange(ego.size) % 5})
    frame["trust"] = np.round((np.arange(ego.size) * 7 % 11) / 4 - 0.4)
    assert np.signbit(frame["trust"]).any()
    assert hs.fit("trust ~ acts", frame, family="ordered_logit").levels == ("0", "1", "2")

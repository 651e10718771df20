"""What a fresh reader of the fits broke: each stays mended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs


def rows_of(n: int = 12, seed: int = 1) -> pd.DataFrame:
    """Ordered pairs with numbers, a ratio that some rows lack, and a column of two levels."""
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "x": rng.normal(size=ego.size)})
    frame["acts"] = rng.poisson(2.0, ego.size)
    frame["in_contact"] = (frame["acts"] > 0).astype(int)
    frame["share"] = np.where(frame["acts"] > 0, rng.random(ego.size), np.nan)
    frame["kind"] = np.where(rng.random(ego.size) < 0.5, "help", "info")
    frame["y"] = frame["x"] + frame["acts"] + np.nan_to_num(frame["share"]) + rng.normal(size=ego.size)
    frame["half"] = frame["x"].where(frame["x"] > 0)
    return frame


def without_direction() -> hs.DyadTable:
    return hs.open_study("data/helpdesk").dyads(label="friendship")


# names


@pytest.mark.parametrize(
    ("right", "column", "called"),
    [
        ("`x lag`", "x", "x lag"),
        ("`x lag`", "lag", "x lag"),
        ("I(`half of x` * 2)", "half", "half of x"),
        ("C(kind, contr.treatment('help'))", "help", "kind"),
        ('C(kind, contr.treatment("info"))', "info", "kind"),
        ("bs(x, df=4)", "df", "x"),
    ],
)
def test_words_within_names_and_quotes_leave_no_row_out(right: str, column: str, called: str) -> None:
    frame = rows_of()
    if called not in frame.columns:
        frame[called] = frame["x"]
    if column not in frame.columns or column in ("x", "lag"):
        frame[column] = frame["half"]
    fit = hs.fit(f"y ~ {right}", frame, family="gaussian")
    assert fit.model.left_out == {}
    assert list(fit.model.source.columns) == [called]


def test_a_name_in_back_ticks_may_hold_what_looks_like_a_call() -> None:
    frame = rows_of().rename(columns={"x": "lag (h)"})
    fit = hs.fit("y ~ `lag (h)`", frame, family="gaussian")
    np.testing.assert_allclose(fit.estimate.beta, hs.fit("y ~ x", rows_of(), family="gaussian").estimate.beta)


def test_a_dot_belongs_to_a_name() -> None:
    frame = rows_of().rename(columns={"x": "x.then"})
    fit = hs.fit("y ~ x.then", frame, family="gaussian")
    np.testing.assert_allclose(fit.estimate.beta, hs.fit("y ~ x", rows_of(), family="gaussian").estimate.beta)


def test_quoted_levels_do_not_hang_on_who_is_called_ego() -> None:
    table = without_direction()
    kinds = np.where(np.arange(len(table.frame)) % 3, "net_giving", "other")
    table = replace(table, frame=table.frame.assign(kind=kinds))
    names = hs.fit("friendship ~ C(kind, contr.treatment('net_giving'))", table).model.names
    assert names == ("Intercept", "C(kind, contr.treatment('net_giving'))[T.other]")
    table = replace(table, frame=table.frame.assign(**{"my net_giving": np.arange(len(table.frame)) % 5}))
    assert hs.fit("friendship ~ `my net_giving`", table).model.names == ("Intercept", "my net_giving")


def test_effects_of_a_factor_whose_level_is_a_columns_name() -> None:
    frame = rows_of().assign(info=lambda rows: rows["x"] ** 2)
    fit = hs.fit("y ~ info + C(kind, contr.treatment('info'))", frame, family="gaussian")
    table = fit.marginal_effects("kind").tidy()
    assert table["contrast"].tolist() == ["help - info"]
    assert table["estimate"][0] == pytest.approx(fit.estimate.beta[2])


# known


@pytest.mark.parametrize(
    "inside", ["log1p(share)", "exp(share)", "(share + 1) * (share + 2)", "sqrt(exp(share))"]
)
def test_known_of_a_call_keeps_its_rows(inside: str) -> None:
    frame = rows_of()
    fit = hs.fit(f"y ~ known({inside}) + in_contact", frame, family="gaussian")
    assert fit.model.left_out == {}
    assert len(fit.model.y) == len(frame)
    made = frame.assign(made=frame.eval(inside, engine="python")).fillna({"made": 0.0})
    other = hs.fit("y ~ made + in_contact", made, family="gaussian")
    np.testing.assert_allclose(fit.tidy()[["estimate", "std_error"]], other.tidy()[["estimate", "std_error"]])


def test_known_keeps_the_rows_of_a_name_in_back_ticks() -> None:
    frame = rows_of().rename(columns={"share": "share (ego)"})
    assert hs.fit("y ~ known(`share (ego)`) + in_contact", frame, family="gaussian").model.left_out == {}


@pytest.mark.parametrize("name", ["center", "scale", "poly"])
def test_known_does_not_stand_around_what_looks_at_all_rows(name: str) -> None:
    with pytest.raises(hs.ArgumentError, match=rf"known\(\) cannot stand around {name}\(\)"):
        hs.fit(f"y ~ known({name}(share)) + in_contact", rows_of(), family="gaussian")
    assert hs.fit(f"y ~ {name}(known(share))", rows_of(), family="gaussian").model.left_out == {}

"""What a fresh reader of the fits broke: each stays mended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import wald


def rows_of(n: int = 12, seed: int = 1) -> pd.DataFrame:
    """Ordered pairs with numbers, a ratio that some rows lack, and a column of two levels."""
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter, "x": rng.normal(size=ego.size)})
    frame["acts"] = rng.poisson(2.0, ego.size)
    frame["in_contact"] = (frame["acts"] > 0).astype(int)
    frame["share"] = np.where(frame["acts"] > 0, rng.random(ego.size), np.nan)
    frame["kind"] = np.where(rng.random(ego.size) < 0.5, "help", "info")
    frame["y"] = frame["x"] + frame["acts"] + frame["share"].fillna(0.0) + rng.normal(size=ego.size)
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


# what no model can have


@pytest.mark.parametrize(
    "right", ["x + kind", "x * kind", "x + x:kind", "x + C(kind, contr.sum)", "0 + other + kind"]
)
def test_a_factor_of_one_level_is_refused_by_name(right: str) -> None:
    frame = rows_of().assign(kind="help", other="info")
    with pytest.raises(hs.FitError, match=r"^'kind' is 'help' in every row: leave it out\.$"):
        hs.fit(f"y ~ {right}", frame, family="gaussian")


def test_a_factor_of_one_level_may_be_an_expression_or_what_lost_rows_left() -> None:
    frame = rows_of()
    frame["three"], frame["there"] = 3, np.where(frame["share"].isna(), "no", "yes")
    frame["site"] = pd.Categorical(["a"] * len(frame), ["a", "b"])
    lost = int(frame["share"].isna().sum())
    for right, message in {
        "C(three)": r"'three' is 3 in every row: leave it out\.$",
        "C(x > 99)": r"C\(x > 99\) is False in every row: leave it out\.$",
        "site": "'site' is 'a' in every row",
        "share + there": rf"'there' is 'yes' in every row: leave it out\. Left out are {lost} rows",
    }.items():
        with pytest.raises(hs.FitError, match=message):
            hs.fit(f"y ~ {right}", frame, family="gaussian")
    # without an intercept the factor is one
    assert hs.fit("y ~ 0 + site", frame, family="gaussian").model.names == ("site[a]",)


@pytest.mark.parametrize("kind", [complex, object])
def test_complex_numbers_are_refused_by_name(kind: type) -> None:
    frame = rows_of().assign(z=lambda rows: (rows["x"] + 1j * rows["y"]).astype(kind))
    for right in ("z", "x * z", "known(z)"):
        with pytest.raises(hs.ArgumentError, match=r"^'z' holds complex numbers; a model takes real ones"):
            hs.fit(f"y ~ {right}", frame, family="gaussian")
    for left in ("z", "z + y", "z > 1"):
        with pytest.raises(hs.ArgumentError, match="is of complex numbers; a model takes real ones"):
            hs.fit(f"{left} ~ x", frame, family="gaussian")
    with pytest.raises(hs.ArgumentError, match=r"^sqrt\(x \+ 1j\) comes to complex numbers"):
        hs.fit("y ~ sqrt(x + 1j)", frame, family="gaussian")


@pytest.mark.parametrize("left", ["ego", "alter", "`ego`", "ego > 3"])
def test_ids_are_no_labels(left: str) -> None:
    with pytest.raises(hs.ArgumentError, match="says who is in the row, and is no label; rename the column"):
        hs.fit(f"{left} ~ x", rows_of(), family="gaussian")


# rows of a fit


def test_rows_of_a_fit_show_the_names_of_categories() -> None:
    frame = rows_of()
    names = np.array(["low", "mid", "high"])[np.digitize(frame["y"], [1, 3])]
    frame["close"] = pd.Categorical(names, ["low", "mid", "high", "never"])
    frame.loc[3, "close"] = None
    fit = hs.fit("close ~ x", frame, family="multinomial")
    rows = fit.augment()
    assert rows["close"].tolist() == np.delete(names, 3).tolist()
    shares = rows[[f"p_{name}" for name in rows["close"].unique()]]
    assert (shares.to_numpy() > 0).all()
    of_observed = [row[f"p_{row['close']}"] for _, row in rows.iterrows()]
    np.testing.assert_allclose(rows["fitted"], of_observed)


@pytest.mark.parametrize("label", ["fitted", "residual", "p_low", "model_fitted"])
def test_a_label_keeps_its_column_whatever_it_is_called(label: str) -> None:
    frame = rows_of()
    frame["y"] = pd.Categorical(np.where(frame["y"] > 1, "high", "low"), ["low", "high"])
    plain = hs.fit("y ~ x", frame, family="multinomial").augment()
    rows = hs.fit(f"{label} ~ x", frame.rename(columns={"y": label}), family="multinomial").augment()
    assert rows[label].tolist() == frame["y"].tolist()
    names = [f"model_{name}" if name == label else name for name in ("fitted", "residual", "p_low", "p_high")]
    assert rows.columns.tolist() == ["ego", "alter", label, *names]
    np.testing.assert_array_equal(rows[names], plain[["fitted", "residual", "p_low", "p_high"]])


def test_both_directions_keep_a_label_called_as_a_state() -> None:
    frame = rows_of().assign(p_mutual=lambda rows: (rows["y"] > 2).astype(int))
    rows = hs.fit_mutual("p_mutual ~ x", frame).augment()
    assert set(rows["p_mutual"]) == {0, 1}
    assert rows["model_p_mutual"].between(0, 1, inclusive="neither").all()


# joint tests, and what is asked of a fit


def test_an_indefinite_matrix_has_no_joint_test_and_says_so_truly() -> None:
    V = Covariance("dyadic", np.array([[1.0, 1.2], [1.2, 1.0]]), None, np.full(2, 9.0), ())
    test = wald(np.array([1.0, 2.0]), V, [0, 1])
    assert np.isnan(test.p_value)
    assert test.note == (
        "no joint test: dyadic errors give some combination of these coefficients a variance below 0"
    )
    singular = Covariance("dyadic", np.ones((2, 2)), None, np.full(2, 9.0), ())
    assert wald(np.array([1.0, 2.0]), singular, [0, 1]).note == (
        "no joint test: dyadic errors give some combination of these coefficients no variance that can be "
        "told from 0"
    )


ASKED = {
    "wald": (lambda fit: fit.wald(3), "terms is 3; it must be the name of a term, or several names"),
    "wald of none": (lambda fit: fit.wald(None), "terms is None; it must be the name of a term"),
    "wald of several": (lambda fit: fit.wald(["x", ["acts"]]), r"\['acts'\] is among the terms"),
    "tidy": (lambda fit: fit.tidy(level="a"), "level is 'a'; it must be a number between 0 and 1"),
    "truth": (lambda fit: fit.tidy(level=None), "level is None; it must be a number between 0 and 1"),
    "contrast": (lambda fit: fit.contrast("x", level="a"), "level is 'a'; it must be a number between"),
    "effects": (lambda fit: fit.marginal_effects(level="a"), "level is 'a'; it must be a number between"),
    "effects of": (lambda fit: fit.marginal_effects(3), "terms is 3; it must be the name of a column"),
    "predict": (lambda fit: fit.predict(level="a"), "level is 'a'; it must be a number between 0 and 1"),
    "slopes": (lambda fit: fit.simple_slopes("x", "acts", level="a"), "level is 'a'; it must be a number"),
}


@pytest.mark.parametrize("call", ASKED)
def test_what_is_asked_of_a_fit_is_refused_with_its_rule(call: str) -> None:
    ask, message = ASKED[call]
    with pytest.raises(hs.ArgumentError, match=message):
        ask(hs.fit("y ~ x * acts", rows_of(), family="gaussian"))


@pytest.mark.parametrize("asked", [True, False, 3])
def test_fixed_effects_that_are_no_word_are_refused(asked: object) -> None:
    with pytest.raises(hs.ArgumentError, match=f"fixed_effects is {asked}; it must be one of 'sender"):
        hs.fit("y ~ x", rows_of(), family="gaussian", fixed_effects=asked)


def test_both_directions_and_social_relations_refuse_alike() -> None:
    fit = hs.fit_mutual("friend ~ x", rows_of().assign(friend=lambda rows: (rows["y"] > 2).astype(int)))
    with pytest.raises(hs.ArgumentError, match="terms is 3; it must be the name of a term"):
        fit.wald(3)
    with pytest.raises(hs.ArgumentError, match="level is 'a'; it must be a number between 0 and 1"):
        hs.srm(np.eye(6), level="a")


# classes of friendship


@pytest.mark.parametrize("at_least", [float("nan"), float("inf"), -float("inf"), True, "2"])
def test_a_tie_is_cut_at_a_finite_number(at_least: object) -> None:
    rows = rows_of()[["ego", "alter", "acts"]]
    with pytest.raises(hs.ArgumentError, match=r"^at_least is .*; of a column of numbers it must be a fin"):
        hs.friendship_class(rows, "acts", at_least=at_least)
    wanted = hs.friendship_class(rows, "acts", at_least=2)["acts_class"]
    assert hs.friendship_class(rows, "acts", at_least=np.int64(2))["acts_class"].tolist() == wanted.tolist()


@pytest.mark.parametrize("name", ["ego", "alter", "", 3])
def test_a_class_has_a_name_of_its_own(name: object) -> None:
    study = hs.open_study("data/helpdesk")
    for source, label in ((rows_of(), "in_contact"), (study, "trust")):
        with pytest.raises(hs.ArgumentError, match=rf"^name is {name!r}[,;]"):
            hs.friendship_class(source, label, name=name, at_least=1)


@pytest.mark.parametrize("name", ["in_contact", "acts", None])
def test_a_class_takes_the_name_of_no_column(name: str | None) -> None:
    rows = rows_of().assign(in_contact_class="taken")
    taken = "in_contact_class" if name is None else name
    with pytest.raises(hs.ArgumentError, match=f"The rows have a column '{taken}' already; say another"):
        hs.friendship_class(rows, "in_contact", name=name)


# social relations


def robins(sizes: list[int], missing: float = 0.0) -> pd.DataFrame:
    """Rows of several round robins."""
    rng, parts = np.random.default_rng(3), []
    for place, n in enumerate(sizes):
        ego, alter = np.nonzero(~np.eye(n, dtype=bool))
        x = np.where(rng.random(ego.size) < missing, np.nan, rng.normal(size=ego.size))
        parts.append(pd.DataFrame({"ego": 100 * place + ego, "alter": 100 * place + alter, "x": x}))
    return pd.concat(parts, keys=range(len(sizes)), names=["class"]).reset_index(level=0)


@pytest.mark.parametrize(
    ("sizes", "missing", "can"),
    [
        ([5, 6, 4, 5, 7], 0.0, ["normal"]),
        ([7, 8, 7], 0.05, ["jackknife"]),
        ([7, 8, 4], 0.05, []),
        ([4, 4], 0.0, ["normal"]),
    ],
)
def test_errors_are_recommended_where_these_groups_can_have_them(sizes, missing, can) -> None:
    rows = robins(sizes, missing)
    said = str(hs.srm(rows, "x", group="class"))
    tail = f"; errors={' or '.join(map(repr, can))}." if can else ", and they can have no other errors."
    assert f"Note: {len(sizes)} groups tell little of how groups differ{tail}" in said
    for errors in ("jackknife", "normal"):
        if errors in can:
            assert hs.srm(rows, "x", group="class", errors=errors).errors == errors
        else:
            others = " or ".join(
                repr(one) for one in ("jackknife", "between", "normal") if one in [*can, "between"]
            )
            with pytest.raises(hs.DesignError, match=rf" Other errors: {others}\.$"):
                hs.srm(rows, "x", group="class", errors=errors)


def test_one_group_is_told_of_no_errors_that_it_cannot_have() -> None:
    matrix = np.random.default_rng(4).normal(size=(4, 4))
    matrix[0, 1] = np.nan
    with pytest.raises(hs.DesignError, match=r"a group has 4 people\. These groups can have no others\.$"):
        hs.srm(matrix)
    assert "between" not in str(hs.srm(np.random.default_rng(4).normal(size=(6, 6))))


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("value", [3.0, 0.1, 0.0])
def test_where_nothing_varies_nothing_is_said_to_be_returned(value: float, missing: bool) -> None:
    matrix = np.full((7, 7), value)
    if missing:
        matrix[0, 1] = np.nan
    found = hs.srm(matrix)
    assert "given is the same in every cell: nothing varies" in str(found)
    assert "by construction" not in str(found)
    told = found.correlations()
    assert told["estimate"].isna().all()
    assert (told["undefined"] == "nothing varies: given is the same in every cell").all()
    assert found.tidy().drop(columns=["component", "estimate"]).isna().all(axis=None)
    if not missing:
        with pytest.raises(hs.DesignError, match="Nothing is left to pairs beyond what each gives and gets"):
            found.pair_test()


def test_rounding_is_no_error() -> None:
    table = hs.srm(np.tile(np.arange(7.0)[:, None] / 3, 7)).tidy().set_index("component")
    assert table["std_error"].notna().tolist() == [True, False, False, False, False]
    assert table["p_value"].notna().tolist() == [True, False, False, False, False]


def test_one_variable_that_does_not_vary_spoils_no_other() -> None:
    other = np.random.default_rng(5).normal(size=(9, 9))
    both, alone = hs.srm(other, second=np.ones((9, 9))), hs.srm(other)
    pd.testing.assert_frame_equal(both.tidy().drop(columns="of").head(5), alone.tidy())
    told = both.correlations()
    assert told["undefined"].str.startswith("nothing varies: given (second)").sum() == len(told) - 2

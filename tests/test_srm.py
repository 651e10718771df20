"""`hs.srm` as it is called: what it takes, what it leaves out and says, and what changes nothing."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.errors import ArgumentError, DesignError, UnknownNameError
from tests.shared import PROJECT, needs_shared, shared_path

ALL_ERRORS = ["jackknife", "between", "normal"]


def rows(seed: int = 1, groups: int = 1, n: int = 9, missing: float = 0.0) -> pd.DataFrame:
    """Rows of pairs within groups: two variables that share people and pairs; ids repeat over groups."""
    rng = np.random.default_rng(seed)
    parts = []
    for group in range(groups):
        ego, alter = np.nonzero(~np.eye(n, dtype=bool))
        give, get = rng.normal(size=(2, n))
        both = rng.normal(size=(n, n))
        x = give[ego] + 0.7 * get[alter] + (both + 0.6 * both.T)[ego, alter] + rng.normal(size=len(ego))
        y = 0.5 * x + give[alter] + rng.normal(size=len(ego))
        parts.append(
            pd.DataFrame({"ego": ego, "alter": alter, "x": x, "y": y, "team": f"t{group}", "word": "a"})
        )
    frame = pd.concat(parts, ignore_index=True)
    frame.loc[rng.random(len(frame)) < missing, "x"] = np.nan
    return frame


def numbers(found: hs.SocialRelations) -> np.ndarray:
    return found.tidy().drop(columns=["of", "component"], errors="ignore").to_numpy(dtype=float)


def assert_same(one: hs.SocialRelations, other: hs.SocialRelations) -> None:
    np.testing.assert_allclose(numbers(other), numbers(one), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(
        other.correlations()["std_error"], one.correlations()["std_error"], rtol=1e-8, atol=1e-11
    )


def designs() -> list[tuple[str, dict[str, object]]]:
    """Every kind of errors, of one group or several, with and without missing cells, one or two variables."""
    out: list[tuple[str, dict[str, object]]] = []
    for errors in ALL_ERRORS:
        for second in (None, "y"):
            if errors != "between":
                out.append((f"one {errors} {second}", {"errors": errors, "second": second}))
            out.append((f"several {errors} {second}", {"errors": errors, "second": second, "group": "team"}))
    out.append(("missing jackknife", {"errors": "jackknife", "missing": 0.15}))
    out.append(("several missing between", {"errors": "between", "group": "team", "missing": 0.15}))
    return out


@pytest.fixture(params=designs(), ids=lambda one: one[0])
def design(request) -> tuple[pd.DataFrame, dict[str, object]]:
    name, how = request.param
    how = dict(how)
    missing = float(how.pop("missing", 0.0))  # type: ignore[arg-type]
    return rows(groups=3 if name.startswith("several") else 1, missing=missing), how


# what changes nothing, and what changes as it must


def test_order_of_rows_does_not_matter(design) -> None:
    frame, how = design
    found = hs.srm(frame, "x", **how)
    shuffled = frame.sample(frac=1, random_state=3)
    assert_same(found, hs.srm(shuffled, "x", **how))
    pd.testing.assert_frame_equal(found.effects(), hs.srm(shuffled, "x", **how).effects())


def test_names_of_people_do_not_matter(design) -> None:
    frame, how = design
    names = {code: f"p{(code * 5 + 3) % 9}" for code in range(9)}
    renamed = frame.assign(ego=frame["ego"].map(names), alter=frame["alter"].map(names))
    found, other = hs.srm(frame, "x", **how), hs.srm(renamed, "x", **how)
    assert_same(found, other)
    keys = ["group", "variable", "person"]
    effects = found.effects().assign(person=lambda one: one["person"].map(names))
    ordered = (one.sort_values(keys, ignore_index=True) for one in (effects, other.effects()))
    pd.testing.assert_frame_equal(*(one.astype({"person": object}) for one in ordered))


def test_transposing_swaps_actors_and_partners(design) -> None:
    frame, how = design
    turned = frame.rename(columns={"ego": "alter", "alter": "ego"})
    found, other = hs.srm(frame, "x", **how), hs.srm(turned, "x", **how)
    order = list(range(len(found.terms)))
    for one in range(0, 5 * len(found.names), 5):
        order[one], order[one + 1] = one + 1, one
    if len(found.names) == 2:
        order[10], order[11], order[12], order[13] = 11, 10, 13, 12
    np.testing.assert_allclose(numbers(other)[order], numbers(found), rtol=1e-9, atol=1e-11)
    for role, swapped in (("actor", "partner"), ("partner", "actor")):
        np.testing.assert_allclose(other.effects()[swapped], found.effects()[role], rtol=1e-9, atol=1e-12)


def test_twice_the_unit_is_four_times_the_variance(design) -> None:
    frame, how = design
    found = hs.srm(frame, "x", **how).tidy()
    other = hs.srm(frame.assign(x=2 * frame["x"] + 7), "x", **how).tidy()
    of_x = slice(0, 5)
    for name in ("estimate", "std_error", "low", "high"):
        np.testing.assert_allclose(other[name][of_x], 4 * found[name][of_x], rtol=1e-8, atol=1e-10)
    of_both = slice(10, 16)
    np.testing.assert_allclose(
        other["estimate"][of_both], 2 * found["estimate"][of_both], rtol=1e-8, atol=1e-10
    )
    for name in ("standardized", "statistic", "p_value"):
        np.testing.assert_allclose(other[name], found[name], rtol=1e-7, atol=1e-9)


def test_which_variable_is_first_does_not_matter() -> None:
    frame = rows(missing=0.1)
    one, other = hs.srm(frame, "x", second="y").tidy(), hs.srm(frame, "y", second="x").tidy()
    order = [*range(5, 10), *range(5), 10, 11, 13, 12, 14, 15]
    for name in ("estimate", "std_error", "standardized"):
        np.testing.assert_allclose(other[name].to_numpy()[order], one[name], rtol=1e-9, atol=1e-11)


def test_each_variable_of_two_is_as_if_alone_where_both_are_known() -> None:
    frame = rows()
    both = numbers(hs.srm(frame, "x", second="y"))
    np.testing.assert_allclose(both[:5], numbers(hs.srm(frame, "x")), rtol=1e-10)
    np.testing.assert_allclose(both[5:10], numbers(hs.srm(frame, "y")), rtol=1e-10)


# what it takes


def square_of(frame: pd.DataFrame, name: str = "x") -> np.ndarray:
    out = np.zeros((9, 9))
    out[frame["ego"], frame["alter"]] = frame[name]
    return out


def test_matrices_frames_and_rows_are_the_same() -> None:
    frame = rows(missing=0.1)
    found, matrix = hs.srm(frame, "x"), square_of(frame)
    names = list("abcdefghi")
    np.fill_diagonal(matrix, 99.0)
    assert_same(found, hs.srm(matrix))
    assert_same(found, hs.srm(pd.DataFrame(matrix, index=names, columns=names)))
    assert hs.srm(pd.DataFrame(matrix, index=names, columns=names)).effects()["person"].tolist() == names


def test_second_may_be_a_source_of_its_own_in_another_order() -> None:
    frame = rows()
    names = list("abcdefghi")
    x, y = (pd.DataFrame(square_of(frame, name), index=names, columns=names) for name in "xy")
    found = hs.srm(x, second=y.iloc[::-1, ::-1])
    np.testing.assert_allclose(numbers(found), numbers(hs.srm(frame, "x", second="y")), rtol=1e-10)
    fewer = hs.srm(x, second=y.iloc[1:, 1:])
    assert fewer.left_out == {"people who are in one of the two variables alone": 1}
    assert len(fewer.groups[0].people) == 8


def test_graphs_and_logs() -> None:
    rng = np.random.default_rng(2)
    counts = rng.poisson(1.5, size=(8, 8))
    np.fill_diagonal(counts, 0)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(8))
    graph.add_weighted_edges_from((i, j, counts[i, j]) for i in range(8) for j in range(8) if counts[i, j])
    found = hs.srm(counts.astype(float))
    np.testing.assert_allclose(numbers(hs.srm(graph, "weight")), numbers(found), rtol=1e-10)
    acts = pd.DataFrame([(i, j) for i in range(8) for j in range(8) for _ in range(counts[i, j])])
    log = hs.read_log(acts.set_axis(["sender", "receiver"], axis=1))
    np.testing.assert_allclose(numbers(hs.srm(log)), numbers(found), rtol=1e-10)
    table = log.dyads(pairs="all")
    np.testing.assert_allclose(numbers(hs.srm(table, "acts_ego")), numbers(found), rtol=1e-10)
    # who is ego of an undirected row is a matter of names: what alter gave is the transpose
    np.testing.assert_allclose(
        hs.srm(table, "acts_alter").tidy()["estimate"][:2], found.tidy()["estimate"][[1, 0]], rtol=1e-10
    )


@pytest.fixture(scope="module")
def helpdesk() -> hs.Study:
    return hs.open_study(PROJECT / "data" / "helpdesk")


def test_labels_of_a_study_and_of_its_table_are_the_same(helpdesk) -> None:
    of_study = hs.srm(helpdesk, "trust")
    table = helpdesk.dyads(label="trust", metrics=["acts_ego", "acts"])
    assert_same(of_study, hs.srm(table))
    assert of_study.names == ("trust",)
    assert len(of_study.groups[0].people) == 30
    both = hs.srm(helpdesk, "trust", second="acts")
    assert both.names == ("trust", "acts")
    np.testing.assert_allclose(
        numbers(both)[5:10], numbers(hs.srm(helpdesk.log.network())), rtol=1e-9, atol=1e-11
    )


def test_groups_by_attribute_column_mapping_and_sequence_are_the_same(helpdesk) -> None:
    office = helpdesk.people["office"]
    table = helpdesk.dyads(label="trust", metrics=["acts_ego"])
    by_name = hs.srm(helpdesk, "trust", group="office")
    for found in (
        hs.srm(helpdesk, "trust", group=dict(office)),
        hs.srm(helpdesk, "trust", group=office),
        hs.srm(table, group="office"),
        hs.srm(helpdesk, "trust", group=list(office)),
    ):
        assert_same(by_name, found)
    assert by_name.left_out == {"cells across groups": 600}
    assert by_name.errors == "between"
    assert [group.name for group in by_name.groups] == sorted(office.unique())
    assert by_name.by_group()["people"].unique().tolist() == [10]


@needs_shared
def test_people_who_did_not_answer_are_left_out_and_counted() -> None:
    """Pupils asked for friends: 133 of 329 answered, and those who did not are no isolates."""
    study = hs.open_study(shared_path("datasets", "highschool2013"))
    found = hs.srm(study, "friendship")
    assert "133 people, 1 group, 17,556 of 17,556 cells known." in str(found)
    assert found.left_out == {"people of whom nothing is known as giver, or as receiver": 196}
    with pytest.raises(DesignError, match="one answer about a pair"):
        hs.srm(hs.open_study(PROJECT / "data" / "helpdesk"), "friendship")


def test_the_same_id_in_two_groups_is_two_people() -> None:
    found = hs.srm(rows(groups=4), "x", group="team")
    assert [len(group.people) for group in found.groups] == [9, 9, 9, 9]
    assert [group.name for group in found.groups] == ["t0", "t1", "t2", "t3"]
    alone = [hs.srm(part, "x").tidy()["estimate"] for _, part in rows(groups=4).groupby("team")]
    np.testing.assert_allclose(found.tidy()["estimate"], np.mean(alone, axis=0), rtol=1e-10)


# what is left out


def test_small_groups_silent_people_and_rows_of_oneself_are_counted() -> None:
    frame = rows(groups=3)
    small = frame[(frame["team"] != "t2") | ((frame["ego"] < 3) & (frame["alter"] < 3))]
    oneself = pd.DataFrame({"ego": [1], "alter": [1], "x": [5.0], "team": ["t0"]})
    silent = small.assign(x=small["x"].mask((small["team"] == "t1") & (small["ego"] == 4)))
    found = hs.srm(pd.concat([silent, oneself]), "x", group="team")
    assert found.left_out == {
        "rows of a person about themselves": 1,
        "people of whom nothing is known as giver, or as receiver": 1,
        "group(s) of fewer than 4 people": 1,
    }
    assert [len(group.people) for group in found.groups] == [9, 8]
    for reason in found.left_out:
        assert reason in str(found)


def test_people_without_a_group_are_counted() -> None:
    group = {person: "a" if person < 4 else "b" for person in range(8)}
    found = hs.srm(rows(), "x", group=group)
    assert found.left_out["people without a group"] == 1
    assert found.left_out["cells across groups"] == 2 * 4 * 4
    with_nan = pd.Series([*"aaaabbbb", np.nan])
    assert_same(found, hs.srm(rows(), "x", group=with_nan))


def test_groups_that_are_too_sparse_are_counted() -> None:
    frame = rows(groups=3)
    sparse = frame["x"].mask((frame["team"] == "t1") & ((frame["ego"] - frame["alter"]) % 9 > 2))
    found = hs.srm(frame.assign(x=sparse), "x", group="team")
    assert found.left_out == {"group(s) with too few cells to tell people from pairs": 1}
    assert len(found.groups) == 2


# what it says


def test_a_variance_below_zero_and_a_correlation_beyond_one_are_said() -> None:
    found = hs.srm(np.random.default_rng(1).normal(size=(8, 8)))
    tidy = found.tidy().set_index("component")
    assert tidy.loc["actor variance", "estimate"] < 0 or tidy.loc["partner variance", "estimate"] < 0
    assert tidy["standardized"].iloc[:4].isna().all()
    assert "is estimated below 0" in str(found)
    assert found.correlations()["undefined"].iloc[0] == "a variance is estimated at 0 or below"
    reliabilities = found.reliabilities().set_index("role")["reliability"]
    below = [role for role in ("actor", "partner") if tidy.loc[f"{role} variance", "estimate"] < 0]
    assert reliabilities[below].isna().all()


@needs_shared
def test_generalized_reciprocity_beyond_one_is_said() -> None:
    frame = pd.read_csv(shared_path("reference", "inputs", "wiring_tradejobs.csv"), index_col=0)
    found = hs.srm(frame)
    assert found.correlations()["estimate"].iloc[0] < -2
    assert "generalized reciprocity of given is estimated beyond ±1" in str(found)


def test_facts_come_first_and_missing_cells_are_said() -> None:
    found = hs.srm(rows(missing=0.2), "x", level=0.9)
    text = str(found)
    known = int(rows(missing=0.2)["x"].notna().sum())
    assert f"9 people, 1 group, {known} of 72 cells known." in text
    assert "Henderson" in text
    assert "90 % intervals" in text
    assert text.index("Social relations of x") < text.index("actor variance")
    assert "net jackknife" in found.note()
    assert "the same both ways" in str(hs.srm(np.add.outer(np.arange(6.0), np.arange(6.0)) ** 2))


def test_it_writes_itself(tmp_path) -> None:
    found = hs.srm(rows(groups=2), "x", second="y", group="team")
    for name, start in (("to_html", "<table"), ("to_latex", "\\begin{tabular}"), ("to_markdown", "| of")):
        assert start in getattr(found, name)(tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8").strip().endswith(("}", ">", "intervals."))
    found.to_csv(tmp_path / "components.csv")
    back = pd.read_csv(tmp_path / "components.csv")
    np.testing.assert_allclose(back["estimate"], found.tidy()["estimate"])
    content = json.loads(found.to_json(tmp_path / "srm.json"))
    assert len(content["components"]) == 16
    assert len(content["correlations"]) == 10
    assert len(content["effects"]) == 2 * 2 * 9
    assert "<ul>" in found._repr_html_()


def test_pair_test_prints_and_knows_its_variables() -> None:
    found = hs.srm(rows(), "x", second="y")
    assert str(found.pair_test("y")).startswith("F(27, 28) = ")
    with pytest.raises(ArgumentError, match="'x', 'y'"):
        found.pair_test("z")


def test_defaults_and_bounds_of_errors() -> None:
    assert hs.srm(rows(), "x").errors == "jackknife"
    several = hs.srm(rows(groups=3), "x", group="team")
    assert several.errors == "between"
    assert "3 groups tell little" in str(several)
    wide, narrow = (hs.srm(rows(), "x", level=level).tidy() for level in (0.99, 0.5))
    assert (wide["low"] < narrow["low"]).all()
    assert (wide["high"] > narrow["high"]).all()


# refusals


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hs.srm(rows(), "z"), UnknownNameError, "Unknown column 'z'"),
        (lambda: hs.srm(rows()), ArgumentError, "column is needed for rows of pairs; numbers are in .*x, y"),
        (lambda: hs.srm(rows(), "word"), ArgumentError, "'word' holds .*; the model is of numbers"),
        (lambda: hs.srm(pd.concat([rows()] * 2), "x"), ArgumentError, "0 and 1 have 2 rows in that order"),
        (lambda: hs.srm(rows().assign(x=math.inf), "x"), ArgumentError, "infinite"),
        (lambda: hs.srm(rows().assign(ego=None), "x"), ArgumentError, "no ego or no alter"),
        (lambda: hs.srm(np.ones((3, 4))), ArgumentError, r"shape \(3, 4\).*'ego' and 'alter'"),
        (lambda: hs.srm(np.full((5, 5), math.inf)), ArgumentError, "infinite"),
        (lambda: hs.srm(np.ones((5, 5)), "x"), ArgumentError, "column='x' names a column of rows"),
        (lambda: hs.srm("trust"), ArgumentError, "no network of numbers"),
        (lambda: hs.srm(np.ones((3, 3))), DesignError, "No group of 4 people is left"),
        (lambda: hs.srm(rows(), "x", errors="jacknife"), ArgumentError, "Did you mean 'jackknife'"),
        (lambda: hs.srm(rows(), "x", errors="between"), DesignError, "at least two groups"),
        (
            lambda: hs.srm(rows(missing=0.2), "x", errors="normal"),
            DesignError,
            "missing. Other errors: 'jackknife'",
        ),
        (lambda: hs.srm(rows(n=4), "x"), DesignError, "4 people.* Other errors: 'normal'"),
        (lambda: hs.srm(rows(), "x", level=95), ArgumentError, "level is 95; it must lie between 0 and 1"),
        (lambda: hs.srm(rows(), "x", group="town"), ArgumentError, "group='town' names no column"),
        (lambda: hs.srm(rows(), "x", group=[1, 2]), ArgumentError, "group has 2 entries, and there are 9"),
        (
            lambda: hs.srm(pd.DataFrame(np.ones((4, 4)), index=list("abcd"))),
            ArgumentError,
            "not the same people in the same order",
        ),
        (
            lambda: hs.srm(pd.DataFrame(np.ones((4, 4)), index=list("aacd"), columns=list("aacd"))),
            ArgumentError,
            "same name",
        ),
    ],
)
def test_refusals(make, error, message) -> None:
    with pytest.raises(error, match=message):
        make()


def test_refusals_of_tables_and_studies(helpdesk) -> None:
    table = helpdesk.dyads(metrics=["acts_ego", "acts_alter", "acts", "net_giving"])
    with pytest.raises(ArgumentError, match="column is needed: the table has no label"):
        hs.srm(table)
    with pytest.raises(DesignError, match="'acts' is the same for both of a pair"):
        hs.srm(table, "acts")
    with pytest.raises(DesignError, match="'net_giving' is settled for alter"):
        hs.srm(table, "net_giving")
    with pytest.raises(UnknownNameError, match="Did you mean 'trust'"):
        hs.srm(helpdesk, "trusts")
    with pytest.raises(DesignError, match="has no partner column"):
        hs.srm(helpdesk.dyads(metrics=["acts_ego"]), "acts_ego")
    network = helpdesk.network("trust", at_least=4)
    hole = replace(network, ties=replace(network.ties, possible=432, unknown=3, derived={}))
    with pytest.raises(DesignError, match="give the study and the label's name"):
        hs.srm(hole)

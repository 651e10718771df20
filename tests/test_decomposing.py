"""Actor, partner and dyad: against brute force, against dummies for everybody, and what swapping does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.dyads import Design, DyadTable
from honestsignals.inference.decomposition import effects, means
from honestsignals.metrics.registry import Fact
from tests.folders import write_study
from tests.shared import PROJECT

PARTS = ("x_actor", "x_partner", "x_dyad")


def round_robin(n: int = 9, seed: int = 0, keep: float = 1.0) -> pd.DataFrame:
    """Ordered pairs of people who differ in what they give and in what they are given."""
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool) & (rng.random((n, n)) < keep))
    gives, gets = rng.normal(size=(2, n))
    x = 3 + gives[ego] + 0.5 * gets[alter] + rng.normal(size=ego.size)
    y = 0.7 * x + 2 * gives[ego] - gets[alter] + gives[alter] + rng.normal(size=ego.size)
    return pd.DataFrame({"ego": ego, "alter": alter, "x": x, "y": y})


def crossing(egos: int = 5, alters: int = 7, seed: int = 0) -> pd.DataFrame:
    """Every ego meets every alter, and egos are other people than alters."""
    rng = np.random.default_rng(seed)
    ego, alter = (one.ravel() for one in np.meshgrid(range(egos), range(egos, egos + alters), indexing="ij"))
    x = (
        rng.normal(size=egos + alters)[ego]
        + rng.normal(size=egos + alters)[alter]
        + rng.normal(size=ego.size)
    )
    y = x + 3 * rng.normal(size=egos + alters)[ego] + rng.normal(size=ego.size)
    return pd.DataFrame({"ego": ego, "alter": alter, "x": x, "y": y})


def undirected(frame: pd.DataFrame) -> DyadTable:
    """The rows as pairs without a direction."""
    rows = frame[frame["ego"] < frame["alter"]].reset_index(drop=True)
    about = tuple(Fact(name, name, "design", name) for name in rows.columns)
    return DyadTable(rows, Design("y", "continuous", directed=False), about)


def slope(frame: pd.DataFrame, columns: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The last coefficient of least squares, of a design that need not have full rank."""
    root = np.ones(len(frame)) if weights is None else np.sqrt(weights)
    found = np.linalg.lstsq(columns * root[:, None], frame["y"].to_numpy() * root, rcond=None)[0]
    return float(found[-1])


def with_dummies(frame: pd.DataFrame, weights: np.ndarray | None = None, ordered: bool = True) -> float:
    """Slope of x beside a dummy for everybody in either place."""
    people = np.unique(frame[["ego", "alter"]])
    first = (frame["ego"].to_numpy()[:, None] == people).astype(float)
    second = (frame["alter"].to_numpy()[:, None] == people).astype(float)
    dummies = np.hstack([first, second]) if ordered else first + second
    return slope(frame, np.column_stack([dummies, frame["x"]]), weights)


def with_parts(
    frame: pd.DataFrame, names: tuple[str, ...] = PARTS, weights: np.ndarray | None = None
) -> float:
    """Slope of the deviation beside the other parts."""
    return slope(frame, np.column_stack([np.ones(len(frame)), frame[list(names)]]), weights)


# by brute force


def means_by_hand(frame: pd.DataFrame, w: np.ndarray, leave_out: bool, ordered: bool) -> np.ndarray:
    """Row by row, everything anew; the mean of all rows where people link all of them."""
    out = np.full((len(frame), 3), np.nan)
    known = frame["x"].notna().to_numpy() & (w > 0)
    grand = np.average(frame["x"][known], weights=w[known])
    for row, one in enumerate(frame.itertuples()):
        found = []
        for place, person in (("ego", one.ego), ("alter", one.alter)):
            there = frame[place] == person
            same = (frame["ego"] == one.ego) & (frame["alter"] == one.alter)
            if not ordered:
                there = (frame["ego"] == person) | (frame["alter"] == person)
                same |= (frame["ego"] == one.alter) & (frame["alter"] == one.ego)
            rows = known & there.to_numpy() & ~(same.to_numpy() & leave_out)
            found.append(np.average(frame["x"][rows], weights=w[rows]) if rows.any() else np.nan)
        out[row] = [*found, one.x - found[0] - found[1] + grand]
    return out


@pytest.mark.parametrize("leave_out", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ordered", [True, False])
def test_means_are_those_of_brute_force(ordered, weighted, leave_out) -> None:
    rng = np.random.default_rng(5)
    frame = pd.concat([round_robin(7, 1, 0.8), round_robin(7, 2, 0.5)], ignore_index=True)
    frame.loc[rng.random(len(frame)) < 0.2, "x"] = np.nan
    w = rng.integers(0, 4, len(frame)).astype(float) if weighted else np.ones(len(frame))
    pair = frame["ego"] * 10 + frame["alter"]
    if not ordered:
        pair = frame[["ego", "alter"]].min(axis=1) * 10 + frame[["ego", "alter"]].max(axis=1)
    parts = means(
        frame["x"].to_numpy(),
        frame["ego"].to_numpy(),
        frame["alter"].to_numpy(),
        w,
        pair.to_numpy() if leave_out else None,
        ordered=ordered,
    )
    mine = np.column_stack([parts.first, parts.second, parts.deviation])
    np.testing.assert_allclose(mine, means_by_hand(frame, w, leave_out, ordered), rtol=1e-11, atol=1e-11)
    if ordered and not leave_out and not weighted:
        told = hs.decompose(frame, "x")
        np.testing.assert_array_equal(told[list(PARTS)], mine)
        by_ego = frame.groupby("ego")["x"].transform("mean")
        np.testing.assert_allclose(told["x_actor"], by_ego, rtol=1e-12)


@pytest.mark.parametrize("how", ["means", "effects"])
@pytest.mark.parametrize("ordered", [True, False])
def test_the_parts_make_up_the_column(how, ordered) -> None:
    frame = round_robin(9, 3, 0.6)
    frame.loc[::7, "x"] = np.nan
    table = frame if ordered else undirected(frame)
    made = hs.decompose(table, "x", how=how)
    rows = made if ordered else made.frame
    known = rows["x"].notna()
    total = rows["x_actor"] + rows["x_partner"] if ordered else 2 * rows["x_people"]
    np.testing.assert_allclose(
        (total + rows["x_dyad"] - rows["x"].mean())[known], rows["x"][known], rtol=1e-10, atol=1e-10
    )
    assert rows["x_dyad"].isna().equals(~known)
    assert rows.drop(columns=["x_dyad"])[~known].notna().sum().sum() > 0


def test_effects_are_least_squares_on_everybody() -> None:
    frame = round_robin(10, 4, 0.5)
    made = hs.decompose(frame, "x", how="effects")
    people = np.arange(10)
    dummies = np.hstack([frame[[one]].to_numpy() == people for one in ("ego", "alter")]).astype(float)
    fitted = dummies @ np.linalg.lstsq(dummies, frame["x"].to_numpy(), rcond=None)[0]
    np.testing.assert_allclose(made["x_dyad"], frame["x"] - fitted, atol=1e-11)
    assert made["x_actor"].mean() == pytest.approx(frame["x"].mean(), rel=1e-12)
    assert made["x_partner"].mean() == pytest.approx(frame["x"].mean(), rel=1e-12)
    assert made.groupby("ego")["x_actor"].std().max() < 1e-12
    for place in ("ego", "alter"):
        assert made.groupby(place)["x_dyad"].mean().abs().max() < 1e-11


def test_in_a_round_robin_effects_are_those_of_the_social_relations_model() -> None:
    """INFERENCE §1: a_i = (n−1)²/(n(n−2)) M_i· + (n−1)/(n(n−2)) M·_i − (n−1)/(n−2) M."""
    n = 8
    frame = round_robin(n, 5)
    made = hs.decompose(frame, "x", how="effects")
    row, column = frame.groupby("ego")["x"].mean(), frame.groupby("alter")["x"].mean()
    grand = frame["x"].mean()
    a = (n - 1) ** 2 / (n * (n - 2)) * row + (n - 1) / (n * (n - 2)) * column - (n - 1) / (n - 2) * grand
    np.testing.assert_allclose(made.groupby("ego")["x_actor"].first() - grand, a, atol=1e-11)


# the slope of the deviation


@pytest.mark.parametrize("how", ["means", "effects"])
def test_where_all_meet_all_the_slope_is_the_one_within(how) -> None:
    """Mundlak (1978): with the means beside it, the deviation has the slope of two-way fixed effects."""
    frame = crossing()
    made = hs.decompose(frame, "x", how=how)
    assert with_parts(made) == pytest.approx(with_dummies(frame), rel=1e-10)
    both = [hs.decompose(frame, "x", how=one)[list(PARTS)] for one in ("means", "effects")]
    np.testing.assert_allclose(*both, atol=1e-10)
    fit = hs.fit("y ~ x_actor + x_partner + x_dyad", made, family="gaussian", covariance="classical")
    assert fit.tidy().set_index("term")["estimate"]["x_dyad"] == pytest.approx(with_dummies(frame), rel=1e-10)


@pytest.mark.parametrize("keep", [1.0, 0.6])
@pytest.mark.parametrize("ordered", [True, False])
def test_effects_give_the_slope_within_in_whatever_rows_there_are(keep, ordered) -> None:
    parts = PARTS if ordered else ("x_people", "x_dyad")
    for seed in range(5):
        frame = round_robin(8, seed, keep)
        table = frame if ordered else undirected(frame)
        rows = table if ordered else table.frame
        made = hs.decompose(table, "x", how="effects")
        made_rows = made if ordered else made.frame
        assert with_parts(made_rows, parts) == pytest.approx(with_dummies(rows, ordered=ordered), rel=1e-10)


def test_weighted_effects_give_the_weighted_slope() -> None:
    frame = round_robin(8, 2, 0.8)
    w = np.random.default_rng(1).random(len(frame)) + 0.1
    made = hs.decompose(frame.assign(acts=w), "x", how="effects", weights="acts")
    assert with_parts(made, weights=w) == pytest.approx(with_dummies(frame, w), rel=1e-10)
    by_hand = hs.decompose(frame, "x", how="effects", weights=w)
    np.testing.assert_array_equal(made["x_dyad"], by_hand["x_dyad"])


def test_in_a_round_robin_means_leave_a_share_of_the_effects() -> None:
    """As the docstring says: nobody meets themselves, so 1 / (n − 1) of the effects stays."""
    for n in (5, 20):
        rng = np.random.default_rng(n)
        ego, alter = np.nonzero(~np.eye(n, dtype=bool))
        gives, gets = rng.normal(size=(2, n))
        frame = pd.DataFrame({"ego": ego, "alter": alter, "x": gives[ego] + gets[alter]})
        left = hs.decompose(frame, "x")["x_dyad"]
        share = (gets - gets.mean())[ego] / (n - 1) + (gives - gives.mean())[alter] / (n - 1)
        np.testing.assert_allclose(left, share, atol=1e-12)
        assert (hs.decompose(frame, "x", how="effects")["x_dyad"] == 0).all(), "rounding is no deviation"


def test_generosity_that_passes_for_reciprocity_is_told_by_the_actor() -> None:
    """People are trusted because they give to all; what they give to this one adds nothing."""
    rng = np.random.default_rng(7)
    n, found = 24, []
    for _ in range(60):
        ego, alter = np.nonzero(~np.eye(n, dtype=bool))
        generous = rng.normal(size=n)
        x = generous[ego] + rng.normal(size=ego.size)
        y = generous[ego] + rng.normal(size=n)[ego] * 0.2 + rng.normal(size=ego.size)
        frame = pd.DataFrame({"ego": ego, "alter": alter, "x": x, "y": y})
        naive = slope(frame, np.column_stack([np.ones(len(frame)), x]))
        columns = hs.decompose(frame, "x")[list(PARTS)].to_numpy()
        beta = np.linalg.lstsq(np.column_stack([np.ones(len(frame)), columns]), y, rcond=None)[0]
        found.append([naive, *beta[1:]])
    naive, actor, _, dyad = np.mean(found, axis=0)
    error = np.std(found, axis=0)[3] / np.sqrt(len(found))
    assert naive > 0.4
    assert actor == pytest.approx(1.0, abs=0.1)
    assert abs(dyad) < 4 * error + 0.01


# what changes nothing, and what changes what it should


@pytest.mark.parametrize("how", ["means", "effects"])
def test_names_order_and_units(how) -> None:
    frame = round_robin(9, 6, 0.7)
    made = hs.decompose(frame, "x", how=how)
    shuffled = frame.sample(frac=1.0, random_state=2)
    again = hs.decompose(shuffled, "x", how=how).loc[frame.index]
    np.testing.assert_allclose(again[list(PARTS)], made[list(PARTS)], atol=1e-11)
    names = {one: f"p{(one * 4) % 9}" for one in range(9)}
    renamed = frame.assign(ego=frame["ego"].map(names), alter=frame["alter"].map(names))
    np.testing.assert_allclose(
        hs.decompose(renamed, "x", how=how)[list(PARTS)], made[list(PARTS)], atol=1e-11
    )
    doubled = hs.decompose(frame.assign(x=2 * frame["x"]), "x", how=how)
    np.testing.assert_allclose(doubled[list(PARTS)], 2 * made[list(PARTS)], atol=1e-11)
    turned = hs.decompose(frame.rename(columns={"ego": "alter", "alter": "ego"}), "x", how=how)
    np.testing.assert_allclose(turned["x_actor"], made["x_partner"], atol=1e-11)
    np.testing.assert_allclose(turned["x_dyad"], made["x_dyad"], atol=1e-11)


@pytest.mark.parametrize("how", ["means", "effects"])
def test_who_is_called_ego_does_not_matter_in_rows_without_direction(how) -> None:
    table = undirected(round_robin(9, 8, 0.8))
    flip = np.random.default_rng(1).random(len(table)) < 0.5
    frame = table.frame.copy()
    frame.loc[flip, ["ego", "alter"]] = frame.loc[flip, ["alter", "ego"]].to_numpy()
    turned = DyadTable(frame, table.design, table.about)
    one, other = (hs.decompose(each, "x", how=how).frame[["x_people", "x_dyad"]] for each in (table, turned))
    np.testing.assert_allclose(one, other, atol=1e-11)


@pytest.mark.parametrize("how", ["means", "effects"])
def test_groups_that_never_meet_have_a_mean_each(how) -> None:
    one, other = round_robin(6, 1), round_robin(7, 2)
    other[["ego", "alter"]] += 100
    apart = pd.concat([one, other.assign(x=other["x"] + 50)], ignore_index=True)
    parts = hs.decompose(apart, "x", how=how)
    alone = pd.concat([hs.decompose(each, "x", how=how) for each in (one, other)], ignore_index=True)
    np.testing.assert_allclose(parts["x_dyad"], alone["x_dyad"], atol=1e-11)
    lifted = np.where(parts["ego"] >= 100, 50.0, 0.0)
    np.testing.assert_allclose(parts["x_actor"] - lifted, alone["x_actor"], atol=1e-10)


def test_means_that_leave_the_pair_out_do_not_know_of_it() -> None:
    frame = round_robin(6, 3)
    other = frame.copy()
    other.loc[4, "x"] += 1000.0
    before, after = (hs.decompose(one, "x", leave_out=True) for one in (frame, other))
    for part in ("x_actor", "x_partner"):
        assert after.loc[4, part] == pytest.approx(before.loc[4, part], rel=1e-9)
        assert (after[part].drop(4) - before[part].drop(4)).abs().max() > 100
    two = frame[(frame["ego"] < 2) & (frame["alter"] < 2)]
    assert hs.decompose(two, "x", leave_out=True)[list(PARTS)].isna().all().all()


# tables


@pytest.fixture(scope="module")
def study():
    return hs.open_study(PROJECT / "data" / "helpdesk")


def test_a_table_knows_what_its_parts_are(study) -> None:
    table = study.dyads(label="trust")
    made = hs.decompose(table, ["acts_ego", "log1p(acts)", "known(returned_share)"])
    assert isinstance(made, DyadTable)
    assert list(made.frame.columns[-9:]) == [
        f"{stem}_{part}"
        for stem in ("acts_ego", "log1p_acts", "known_returned_share")
        for part in ("actor", "partner", "dyad")
    ]
    assert [one.name for one in made.about] == list(made.frame.columns)
    book = made.codebook().set_index("column")
    assert book.loc["log1p_acts_actor", "meaning"] == "log1p(acts) over all rows in which ego is ego"
    assert book.loc["log1p_acts_dyad", "swapping ego and alter gives"] == "the same"
    assert book.loc["acts_ego_dyad", "swapping ego and alter gives"] == "the partner's column"
    assert any(line.startswith("Taken apart: acts_ego (mean ") for line in made.facts())
    assert len(table.frame.columns) == len(made.frame.columns) - 9, "the table that was given is as it was"
    fit = hs.fit("trust ~ log1p_acts_actor + log1p_acts_partner + log1p_acts_dyad", made, family="gaussian")
    assert len(fit.model.y) == 870


def test_what_is_the_same_for_both_is_so_in_parts(study) -> None:
    """Swapping the two: what the codebook says of parts of a symmetric column, and of one with a sign."""
    table = study.dyads(label="trust")
    made = hs.decompose(table, ["acts", "known(net_giving)"]).frame.set_index(["ego", "alter"])
    turned = made.swaplevel().loc[made.index]
    np.testing.assert_allclose(turned["acts_dyad"], made["acts_dyad"], atol=1e-12)
    np.testing.assert_allclose(turned["acts_actor"], made["acts_partner"], atol=1e-12)
    np.testing.assert_allclose(
        turned["known_net_giving_dyad"], -made["known_net_giving_dyad"].to_numpy(), atol=1e-12
    )


@pytest.mark.parametrize("how", ["means", "effects"])
def test_fits_of_rows_without_direction_take_the_parts(study, how) -> None:
    table = study.dyads(label="friendship")
    made = hs.decompose(table, "log1p(acts)", how=how)
    fit = hs.fit("friendship ~ log1p_acts_people + log1p_acts_dyad", made)
    assert fit.tidy()["std_error"].notna().all()
    with pytest.raises(hs.DesignError, match="'acts_ego' depends on who is called ego, and friendship"):
        hs.decompose(table, "acts_ego")


def test_parts_of_a_label_are_labels(study) -> None:
    made = hs.decompose(study.dyads(label="trust"), "trust")
    assert [made.fact(f"trust_{part}").family for part in ("actor", "partner", "dyad")] == ["label"] * 3
    assert any("parts of a label, so labels too" in line for line in made.facts())
    assert "a part of a label" in made.fact("trust_dyad").meaning


def test_people_with_one_row_are_counted() -> None:
    rows = round_robin(5, 1)
    rows = pd.concat(
        [rows, pd.DataFrame({"ego": [9], "alter": [0], "x": [4.0], "y": [0.0]})], ignore_index=True
    )
    about = tuple(Fact(name, name, "design", name) for name in rows.columns)
    table = DyadTable(rows, Design("y", "continuous", directed=True), about)
    made = hs.decompose(table, "x", how="effects")
    assert any("in 1 row one of the two has no other" in line for line in made.facts())
    assert made.frame["x_dyad"].iloc[-1] == 0


def test_weights_are_told(study) -> None:
    table = study.dyads(label="trust")
    made = hs.decompose(table, "known(returned_share)", weights="acts")
    none = int((table.frame["acts"] == 0).sum())
    assert any(f"weighted by acts; {none} rows without weight do not count" in one for one in made.facts())


def test_parts_are_written_with_their_codebook(study, tmp_path) -> None:
    made = hs.decompose(study.dyads(label="friendship"), "log1p(acts)")
    made.to_csv(tmp_path / "dyads.csv")
    assert "log1p_acts_people" in pd.read_csv(tmp_path / "dyads.codebook.csv")["column"].tolist()


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        ({"columns": "z"}, hs.UnknownNameError, "Unknown column 'z'"),
        ({"columns": "log2(x)"}, hs.UnknownNameError, "Unknown transform 'log2'. Did you mean 'log'"),
        ({"columns": "site"}, hs.ArgumentError, "'site' holds no numbers"),
        ({"columns": "log(zero)"}, hs.ArgumentError, "is infinite in some rows.*take log1p"),
        ({"columns": "none"}, hs.DesignError, "'none' is known in no row"),
        ({"columns": "x", "how": "mean"}, hs.ArgumentError, "how is 'mean'.*Did you mean 'means'"),
        ({"columns": "x", "how": "effects", "leave_out": True}, hs.ArgumentError, "leave_out is for means"),
        ({"columns": "x", "weights": "y"}, hs.ArgumentError, "weights 'y' has -"),
        ({"columns": "x", "weights": [1.0]}, hs.ArgumentError, r"weights has shape \(1,\)"),
        ({"columns": "taken"}, hs.DesignError, "has a column 'taken_dyad' already"),
    ],
)
def test_what_cannot_be_taken_apart(how, kind, message) -> None:
    frame = round_robin().assign(site="north", zero=0.0, none=np.nan, taken=1.0, taken_dyad=2.0)
    frame["y"] -= 10
    with pytest.raises(kind, match=message):
        hs.decompose(frame, **how)


def test_tables_that_are_none_are_refused() -> None:
    with pytest.raises(hs.ArgumentError, match="table is a list"):
        hs.decompose([1, 2], "x")
    with pytest.raises(hs.ArgumentError, match="no column 'alter'"):
        hs.decompose(round_robin().drop(columns="alter"), "x")
    with pytest.raises(hs.ArgumentError, match="ego is missing in 1 rows"):
        hs.decompose(round_robin().astype({"ego": float}).replace({"ego": {0.0: np.nan}}).iloc[7:], "x")


def test_groups_are_counted() -> None:
    one, other = round_robin(6, 1), round_robin(7, 2)
    other[["ego", "alter"]] += 100
    rows = pd.concat([one, other], ignore_index=True)
    about = tuple(Fact(name, name, "design", name) for name in rows.columns)
    made = hs.decompose(DyadTable(rows, Design("y", "continuous", directed=True), about), "x")
    assert "Taken apart: x (2 groups that never meet, each with its mean)." in made.facts()


def test_effects_that_cannot_be_told_are_refused(monkeypatch) -> None:
    unsolved = lambda *args, **options: (np.zeros(18), 1)  # noqa: E731
    monkeypatch.setattr("honestsignals.inference.decomposition.cg", unsolved)
    with pytest.raises(hs.FitError, match="Take how='means'"):
        hs.decompose(round_robin(), "x", how="effects")


def test_small_study_and_wide_table(tmp_path) -> None:
    """Columns are added at once: a wide table warns of nothing."""
    table = hs.open_study(write_study(tmp_path)).dyads(label="friendship")
    made = hs.decompose(table, "acts")
    assert len(made) == len(table)
    wide = pd.concat(
        [round_robin(6), pd.DataFrame({f"c{one}": np.arange(30.0) for one in range(150)})], axis=1
    )
    assert hs.decompose(wide, [f"c{one}" for one in range(60)]).shape[1] == 154 + 180


def test_a_long_chain_of_people_is_solved_or_said() -> None:
    """Effects of people linked in one ring: the hardest rows for an iterative solution."""
    n = 2001
    first, second = np.arange(n), (np.arange(n) + 1) % n
    x = np.random.default_rng(0).normal(size=n)
    parts = effects(x, first, second, np.ones(n), ordered=False)
    assert np.abs(parts.deviation).max() < 1e-8, "an odd ring has one solution, without anything left"


# in formulas


def test_a_formula_takes_a_column_apart() -> None:
    table = hs.open_study(PROJECT / "data" / "helpdesk").dyads(label="trust")
    apart = hs.decompose(hs.decompose(table, "log1p(acts_ego)"), "acts_alter", how="effects")
    right = "log1p_acts_ego_actor + log1p_acts_ego_partner + log1p_acts_ego_dyad"
    more = " + acts_alter_actor + acts_alter_partner + acts_alter_dyad"
    steps = hs.fit(f"trust ~ {right}{more}", apart, family="gaussian")
    asked = "trust ~ decompose(log1p(acts_ego)) + decompose(acts_alter, how='effects')"
    once = hs.fit(asked, table, family="gaussian")
    pd.testing.assert_frame_equal(once.tidy(), steps.tidy())
    assert "log1p_acts_ego_dyad" in once.model.formula
    assert any("Taken apart: log1p(acts_ego)" in line for line in once.facts())


def test_a_formula_that_cannot_be_taken_apart() -> None:
    table = hs.open_study(PROJECT / "data" / "helpdesk").dyads(label="trust")
    with pytest.raises(hs.ArgumentError, match="opens a parenthesis that it does not close"):
        hs.fit("trust ~ decompose(log1p(acts_ego)", table)
    with pytest.raises(hs.UnknownNameError, match="acts_eggo"):
        hs.fit("trust ~ decompose(acts_eggo)", table)
    with pytest.raises(hs.ArgumentError, match="how is 'effect'"):
        hs.fit("trust ~ decompose(acts_ego, effect)", table)
    friends = hs.open_study(PROJECT / "data" / "helpdesk").dyads(label="friendship")
    with pytest.raises(hs.DesignError, match="acts_ego"):
        hs.fit("friendship ~ decompose(acts_ego)", friends)

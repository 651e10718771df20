"""Fits over rows that come some at a time: the numbers of the same rows in memory, or the same refusals."""

from __future__ import annotations

import errno
import json
import pickle
import tracemalloc
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import honestsignals as hs
from honestsignals import dealt_rows, streamed_fits
from honestsignals.inference.covariance import COVARIANCES
from honestsignals.progress import telling
from honestsignals.streamed_fits import How, fit_streamed
from tests.shared import PROJECT

NEAR = 1e-9
FAMILIES = ("gaussian", "logit", "probit", "poisson")


def frame_of(seed: int, people: int = 16, shape: str = "ordered") -> pd.DataFrame:
    """Pairs with every kind of column: "ordered" pairs, "pairs", or rows drawn "repeatedly" from both."""
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(people, dtype=bool))
    if shape == "pairs":
        ego, alter = ego[ego < alter], alter[ego < alter]
    if shape == "repeatedly":
        drawn = rng.choice(len(ego), 2 * len(ego))
        ego, alter = ego[drawn], alter[drawn]
    n = len(ego)
    acts = rng.poisson(1.5, n)
    frame = pd.DataFrame({"ego": ego * 3 - 5, "alter": alter * 3 - 5, "acts": acts})
    frame["share"] = np.where(acts > 0, rng.random(n), np.nan)
    frame["in_contact"] = (acts > 0).astype("int8")
    frame["distance"] = rng.normal(size=n) + 40
    frame["site"] = rng.choice(["south", "north", "east"], n)
    frame["kind"] = pd.Categorical(rng.choice(["z", "y", "x"], n), ["w", "z", "y", "x"])
    frame["close"] = rng.random(n) > 0.6
    frame["weight"] = rng.choice([0.0, 0.5, 1.0, 3.0], n)
    eta = 0.4 * acts - 0.5 + 0.3 * (frame["distance"] - 40) + rng.normal(size=people)[ego]
    frame["trust"] = eta + rng.normal(size=n)
    frame["friend"] = (eta + rng.logistic(size=n) > 0).astype(int)
    frame["visits"] = rng.poisson(np.exp(0.4 * eta))
    return frame


LABEL = {"gaussian": "trust", "logit": "friend", "probit": "friend", "poisson": "visits"}


def stored(frame: pd.DataFrame, folder: Path, group: int = 37) -> Path:
    """The frame as a Parquet file of small row groups."""
    path = folder / "dyads.parquet"
    frame.to_parquet(path, row_group_size=group)
    return path


def streamed(formula: str, table: Any, how: How, rows: int = 50, files: int = 3) -> hs.Result:
    """A fit in small parts, dealt into some files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streamed_fits, "files_for", lambda _: files)
        return fit_streamed(formula, table, how, part_rows=rows)


def assert_same(found: hs.Result, wanted: hs.Result) -> None:
    """Estimates, errors, degrees of freedom, p values, facts and counts are those of memory."""
    assert found.model.names == wanted.model.names
    assert found.model.terms == wanted.model.terms
    assert dict(found.model.left_out) == dict(wanted.model.left_out)
    assert found.directed == wanted.directed
    for name in COVARIANCES:
        if name == "two_way" and not wanted.directed:
            continue
        one, other = found.with_covariance(name), wanted.with_covariance(name)
        pd.testing.assert_frame_equal(one.tidy(), other.tidy(), rtol=NEAR, atol=1e-12)
        scale = np.nanmax(np.abs(other.covariance.matrix), initial=1e-300)
        np.testing.assert_allclose(one.covariance.matrix, other.covariance.matrix, NEAR, NEAR * scale)
        assert one.covariance.notes == other.covariance.notes
    pd.testing.assert_frame_equal(found.glance(), wanted.glance(), rtol=NEAR)
    assert found.facts() == wanted.facts()
    assert found.note() == wanted.note()
    assert str(found) == str(wanted)
    np.testing.assert_allclose(found.estimate.hessian, wanted.estimate.hessian, NEAR, 1e-9)
    assert found.estimate.scale == pytest.approx(wanted.estimate.scale, rel=NEAR)


@pytest.mark.parametrize("seed", range(12))
def test_random_designs_give_the_numbers_of_memory(seed, tmp_path) -> None:
    shape = ("ordered", "pairs", "repeatedly")[seed % 3]
    family, weights = FAMILIES[seed % 4], (None, "weight")[seed // 6]
    frame = frame_of(seed, shape=shape)
    formula = f"{LABEL[family]} ~ log1p(acts) + known(share) + in_contact + distance"
    path = stored(frame, tmp_path)
    wanted = hs.fit(formula, frame, family=family, weights=weights)
    found = streamed(
        formula, path, How(family, weights=weights), rows=(13, 64, 1_000)[seed % 3], files=seed % 5 + 1
    )
    assert_same(found, wanted)
    pd.testing.assert_frame_equal(found.ladder().tidy(), wanted.ladder().tidy(), rtol=NEAR, atol=1e-12)
    for one, other in ((found.wald(["distance", "in_contact"]), wanted.wald(["distance", "in_contact"])),):
        assert (one.statistic, one.df2, one.p_value) == pytest.approx(
            (other.statistic, other.df2, other.p_value), rel=NEAR
        )
    pd.testing.assert_frame_equal(
        found.contrast("distance - in_contact").tidy(),
        wanted.contrast("distance - in_contact").tidy(),
        rtol=NEAR,
    )


@pytest.mark.parametrize(
    "formula",
    [
        "trust ~ acts * site",
        "trust ~ C(acts) + kind",
        "trust ~ scale(acts) + center(share) + standardize(known(distance)) + scale(log1p(acts)):distance",
        "trust ~ bs(distance, knots=[39, 41]) + close",
        "trust ~ bs(distance, knots=[40], degree=2, lower_bound=20, upper_bound=60) + C(kind, contr.sum)",
        "trust ~ log(share) + site + scale(distance)",
        "trust ~ log(distance - 39.5) + kind + center(acts)",
        "trust ~ 0 + site + scale(distance, scale=False)",
        "friend ~ acts:kind + C(site, contr.treatment('north'))",
        "friend ~ C(site, levels=['south', 'north', 'east']) * C(kind, contr.treatment('x'))",
        "trust > 0.3 ~ I(distance > 40) + square(acts)",
        "visits == 1 ~ close + known(share) + in_contact:distance",
    ],
)
def test_what_terms_learn_is_learnt_from_all_rows(formula, tmp_path) -> None:
    frame = frame_of(3).sort_values(["site", "acts"], ignore_index=True)
    family = "gaussian" if formula.startswith("trust ~") else "logit"
    found = streamed(formula, stored(frame, tmp_path), How(family))
    assert_same(found, hs.fit(formula, frame, family=family))


def test_levels_that_a_formula_does_not_list_are_refused(tmp_path) -> None:
    frame = frame_of(19).sort_values("acts", ignore_index=True)
    with pytest.raises(hs.ArgumentError) as wanted:
        hs.fit("trust ~ C(acts, levels=[0, 1, 2])", frame, family="gaussian")
    with pytest.raises(hs.ArgumentError) as found:
        streamed("trust ~ C(acts, levels=[0, 1, 2])", stored(frame, tmp_path), How("gaussian"))
    assert str(found.value) == str(wanted.value)
    with pytest.raises(hs.ArgumentError) as wanted:
        hs.fit("trust ~ C(site, contr.treatment('nowhere'))", frame, family="gaussian")
    with pytest.raises(hs.ArgumentError) as found:
        streamed("trust ~ C(site, contr.treatment('nowhere'))", stored(frame, tmp_path), How("gaussian"))
    assert str(found.value) == str(wanted.value)


def test_the_first_rows_may_lack_a_level_that_the_formula_names(tmp_path) -> None:
    frame = frame_of(20).sort_values(["site", "acts"], ignore_index=True)
    formula = "trust ~ C(site, contr.treatment('south')) * scale(acts)"
    found = streamed(formula, stored(frame, tmp_path), How("gaussian"))
    assert_same(found, hs.fit(formula, frame, family="gaussian"))


def test_gaps_are_those_of_the_whole_column(tmp_path) -> None:
    frame = frame_of(4).astype({"acts": "Int64", "close": "boolean"})
    frame.loc[200:, "acts"] = None
    frame.loc[150:160, "close"] = None
    frame.loc[5:9, "site"] = None
    frame.loc[20:30, "trust"] = np.nan
    path = stored(frame, tmp_path)
    memory = pq.read_table(path).to_pandas(ignore_metadata=True)
    for formula in (
        "trust ~ C(acts) + site",
        "trust ~ close + distance",
        "trust ~ known(acts) + undefined(acts)",
    ):
        found = streamed(formula, Plainly(path), How("gaussian"))
        assert_same(found, hs.fit(formula, memory, family="gaussian"))


class Plainly:
    """A file whose columns come without what pandas knows of them."""

    def __init__(self, path: Path) -> None:
        self.table = pq.read_table(path).replace_schema_metadata(None)
        self.columns = self.table.column_names

    def batches(self, columns: Sequence[str], *, rows: int) -> Iterator[pa.Table]:
        for low in range(0, self.table.num_rows, rows):
            yield self.table.select(list(columns)).slice(low, rows)


@pytest.mark.parametrize("rows", [1, 7, 10_000])
def test_neither_parts_nor_the_order_of_rows_matter(rows, tmp_path) -> None:
    frame = frame_of(5, people=6 if rows < 10 else 9, shape="repeatedly")
    wanted = hs.fit("friend ~ scale(distance) + site", frame, family="logit")
    for seed in range(1 if rows < 10 else 2):
        mixed = frame.sample(frac=1.0, random_state=seed, ignore_index=True)
        found = streamed(
            "friend ~ scale(distance) + site", stored(mixed, tmp_path), How("logit"), rows, 2 + 3 * seed
        )
        assert_same(found, wanted)


def test_rows_of_a_pair_in_different_parts_are_one_pair(tmp_path) -> None:
    forth = frame_of(6, people=12, shape="pairs")
    back = forth.rename(columns={"ego": "alter", "alter": "ego"}).assign(trust=lambda one: one["trust"] + 1)
    apart = pd.concat([forth, back], ignore_index=True)
    found = streamed("trust ~ acts", stored(apart, tmp_path), How("gaussian"), len(forth), 4)
    assert found.glance()["pairs"].item() == len(forth)
    assert_same(found, hs.fit("trust ~ acts", apart, family="gaussian"))


def test_people_of_any_ids_and_only_those_in_rows_used(tmp_path) -> None:
    frame = frame_of(7)
    frame["ego"], frame["alter"] = (frame[name].map("person {}".format) for name in ("ego", "alter"))
    frame.loc[frame["ego"].eq("person 4") | frame["alter"].eq("person 4"), "trust"] = np.nan
    found = streamed("trust ~ acts", stored(frame, tmp_path), How("gaussian"))
    assert found.glance()["people"].item() == 15
    assert_same(found, hs.fit("trust ~ acts", frame, family="gaussian"))


def test_names_that_need_quotes_and_ids_of_categories(tmp_path) -> None:
    frame = frame_of(17).rename(columns={"acts": "my acts", "site": "1st site"})
    for name in ("ego", "alter"):
        frame[name] = frame[name].astype(str).astype("category")
    path = stored(frame, tmp_path)
    for formula in (
        "trust ~ scale(`my acts`) + `1st site`",
        "trust ~ `my acts` * C(`1st site`) + log1p(`my acts`)",
        "trust ~ I(distance) + center(distance):`my acts` + Q('my acts') + scale(log1p(`my acts`))",
    ):
        assert_same(streamed(formula, path, How("gaussian")), hs.fit(formula, frame, family="gaussian"))


@pytest.mark.parametrize("family", ["gaussian", "logit"])
def test_a_large_mean_costs_no_digits(family, tmp_path) -> None:
    frame = frame_of(18)
    frame["clock"] = 1.7e9 + 1e5 * frame["distance"] + np.arange(len(frame))
    formula = f"{LABEL[family]} ~ clock + acts"
    assert_same(
        streamed(formula, stored(frame, tmp_path), How(family)), hs.fit(formula, frame, family=family)
    )


def test_pairs_of_many_rows(tmp_path) -> None:
    frame = pd.concat([frame_of(seed, people=5) for seed in range(14)], ignore_index=True)
    assert_same(
        streamed("friend ~ acts + distance", stored(frame, tmp_path), How("logit"), 100, 2),
        hs.fit("friend ~ acts + distance", frame, family="logit"),
    )


def test_what_rests_on_one_person_or_pair_has_no_error(tmp_path) -> None:
    frame = frame_of(8)
    frame["of_one"] = frame["ego"].eq(4).astype(float)
    frame["of_two"] = (frame["ego"].eq(1) & frame["alter"].eq(7)).astype(float)
    formula = "trust ~ acts + of_one + of_two"
    found = streamed(formula, stored(frame, tmp_path), How("gaussian"))
    assert found.tidy()["std_error"].isna().sum() == 2
    assert_same(found, hs.fit(formula, frame, family="gaussian"))


@pytest.mark.parametrize("whose", ["person", "pair"])
def test_a_label_that_one_person_or_pair_alone_has(whose, tmp_path) -> None:
    frame = frame_of(9, people=12)
    who = frame["ego"].eq(4) if whose == "person" else frame["ego"].isin([4, 7]) & frame["alter"].isin([4, 7])
    frame["rare"] = (who & (np.arange(len(frame)) % 2 == np.flatnonzero(who)[0] % 2)).astype(int)
    found = streamed("rare ~ distance", stored(frame, tmp_path), How("logit"))
    assert found.tidy()["std_error"].isna().all()
    assert_same(found, hs.fit("rare ~ distance", frame, family="logit"))


BROKEN = (
    "separated",
    "separated by two",
    "quasi-separated",
    "separated counts",
    "collinear",
    "constant",
    "one site",
    "label alike",
    "exact",
    "infinite column",
    "infinite label",
    "vast",
    "no events",
    "no counts",
    "few rows",
    "no row",
    "two people",
    "missing ids",
    "with themselves",
    "blank",
    "text and numbers",
    "negative weight",
)


def broken(name: str) -> tuple[pd.DataFrame, str, str]:
    """A frame that no model takes, a formula, and a family."""
    frame = frame_of(10)
    formula, family = "trust ~ acts + distance", "gaussian"
    if name == "separated":
        frame["friend"] = (frame["distance"] > 40.2).astype(int)
        formula, family = "friend ~ acts + distance", "logit"
    elif name == "separated by two":
        frame["friend"] = (frame["distance"] + frame["acts"] > 41.2).astype(int)
        formula, family = "friend ~ acts + distance", "probit"
    elif name == "quasi-separated":
        frame["friend"] *= frame["in_contact"]
        formula, family = "friend ~ in_contact + distance", "logit"
    elif name == "separated counts":
        frame["visits"] = frame["visits"] * (1 - frame["in_contact"])
        formula, family = "visits ~ in_contact + distance", "poisson"
    elif name == "collinear":
        frame["twice"] = 2 * frame["acts"] + frame["distance"]
        formula = "trust ~ acts + distance + twice"
    elif name == "constant":
        frame["acts"] = 3
    elif name == "one site":
        frame["site"] = "north"
        formula = "trust ~ acts + site"
    elif name == "label alike":
        frame["trust"] = 2.5
    elif name == "exact":
        frame["trust"] = 3 * frame["acts"] - frame["distance"]
    elif name == "infinite column":
        formula = "trust ~ log(acts) + distance"
    elif name == "infinite label":
        frame.loc[[3, 100], "trust"] = np.inf
    elif name == "vast":
        frame["distance"] *= 1e120
    elif name == "no events":
        formula, family = "visits ~ acts", "logit"
    elif name == "no counts":
        frame.loc[77, "visits"] = -1
        formula, family = "visits ~ distance", "poisson"
    elif name == "few rows":
        frame = frame.head(3)
        formula = "trust ~ acts + distance + share"
    elif name == "no row":
        frame["trust"] = np.nan
    elif name == "two people":
        frame = frame.assign(ego=1, alter=2)
    elif name == "missing ids":
        frame["ego"] = frame["ego"].astype(float)
        frame.loc[[4, 60], "ego"] = np.nan
    elif name == "with themselves":
        frame.loc[[4, 60], "ego"] = frame.loc[[4, 60], "alter"]
    elif name == "blank":
        frame["ego"], frame["alter"] = frame["ego"].map("{} ".format), frame["alter"].map("{} ".format)
    elif name == "text and numbers":
        frame["ego"] = frame["ego"].map(str)
    elif name == "negative weight":
        frame["weight"] -= 1
    return frame, formula, family


@pytest.mark.parametrize(
    "name",
    BROKEN,
)
def test_what_memory_refuses_is_refused_in_the_same_words(name, tmp_path) -> None:
    frame, formula, family = broken(name)
    weights = "weight" if name == "negative weight" else None
    with pytest.raises(hs.HonestSignalsError) as wanted:
        hs.fit(formula, frame, family=family, weights=weights)
    with pytest.raises(hs.HonestSignalsError) as found:
        streamed(formula, stored(frame, tmp_path), How(family, weights=weights))
    assert str(found.value) == str(wanted.value)
    assert type(found.value) is type(wanted.value)


@pytest.mark.parametrize(
    ("formula", "how", "message"),
    [
        ("trust ~ acts / max(acts)", How("gaussian"), "max.acts. looks at all rows at once"),
        ("trust > trust.mean() ~ acts", How("logit"), "looks at all rows at once"),
        ("trust ~ decompose(acts)", How("gaussian"), "by means of people"),
        ("trust ~ poly(acts, 2)", How("gaussian"), "learns from all rows what no pass"),
        ("trust ~ bs(distance, df=4)", How("gaussian"), r"bs\(x, knots="),
        ("trust ~ scale(center(acts))", How("gaussian"), "learns from all rows"),
        ("trust ~ C(scale(acts) > 0)", How("gaussian"), "Levels of what is learnt"),
        ("trust ~ acts", How("ordered_logit"), "goes over levels of the label"),
        ("kind ~ acts", How(None), "goes over levels of the label"),
        ("kind ~ acts", How("gaussian"), "has the categories"),
        ("friend ~ acts", How("logit", exact=True), "exact refits go through all rows"),
        ("friend ~ acts", How("logit", fixed_effects="sender"), "Fixed effects compare rows"),
        ("friend ~ acts", How("logit", weights=[1.0]), "weights must name a column"),
        ("friend ~ acts", How("logit", weights="wight"), "Unknown column 'wight'. Did you mean 'weight'"),
        ("friend ~ act", How("logit"), "Unknown column 'act'. Did you mean 'acts'"),
        ("frend ~ acts", How("logit"), "Unknown column 'frend'. Did you mean 'friend'"),
        ("friend ~ acts", How(), "say family='gaussian', 'logit'"),
        ("friend", How(), "must read 'label ~ term"),
        ("friend ~ friend + acts", How("logit"), "both sides"),
    ],
)
def test_what_parts_of_rows_cannot_tell_is_refused(formula, how, message, tmp_path) -> None:
    with pytest.raises(hs.HonestSignalsError, match=message):
        streamed(formula, stored(frame_of(11), tmp_path), how)


def test_what_needs_rows_says_so(tmp_path) -> None:
    path = stored(frame_of(12), tmp_path)
    found = hs.fit("friend ~ acts + distance", path, family="logit")
    for ask in (
        found.augment,
        found.marginal_effects,
        found.predict,
        lambda: found.simple_slopes("acts", "distance"),
        lambda: found.moderation("acts", "distance"),
        lambda: found.codes,
    ):
        with pytest.raises(hs.DesignError, match="Fit the table in memory, or a sample of its people"):
            ask()
    for gone in (found.estimate.residual, found.model.y, found.estimate.X, found.ids):
        for use in (
            len,
            np.asarray,
            list,
            lambda one: one[0],
            lambda one: one.size,
            lambda one: 1 - np.asarray(one),
        ):
            with pytest.raises(hs.DesignError, match="are not kept"):
                use(gone)
    with pytest.raises(hs.ArgumentError, match="exact refits"):
        found.with_covariance("jackknife", exact=True)
    assert hs.fit("trust ~ acts", path, family="gaussian", exact=True).exact
    content = json.loads(found.to_json(tmp_path / "fit.json"))
    assert content["glance"]["rows"] == 240
    for ending in ("csv", "parquet", "xlsx"):
        getattr(found, f"to_{ending.replace('xlsx', 'excel')}")(tmp_path / f"fit.{ending}")
    again = pickle.loads(pickle.dumps(found))
    pd.testing.assert_frame_equal(again.with_covariance("pair").tidy(), found.with_covariance("pair").tidy())


def test_labels_are_joined_by_pair(tmp_path) -> None:
    frame = frame_of(13)
    labels = frame[["ego", "alter", "friend"]].sample(frac=0.8, random_state=1)
    path = stored(frame.drop(columns="friend"), tmp_path)
    memory = frame.drop(columns="friend").merge(labels, how="left", on=["ego", "alter"])
    assert_same(
        streamed("friend ~ acts + site", path, How("logit", labels=labels)),
        hs.fit("friend ~ acts + site", memory, family="logit"),
    )
    truths = labels.astype({"friend": bool})
    assert hs.fit("friend ~ acts", path, labels=truths, family="logit").glance()["rows"].item() == len(labels)
    for wrong, message in (
        (pd.concat([labels, labels.head(1)]), "several rows of the ordered pair"),
        (labels.drop(columns="alter"), "needs the columns ego, alter"),
        (labels.assign(acts=1), "has acts, and so has the table"),
        (labels.head(0), "has no rows"),
        ("labels.csv", "must be a pandas.DataFrame"),
    ):
        with pytest.raises(hs.ArgumentError, match=message):
            hs.fit("friend ~ acts", path, family="logit", labels=wrong)
    with pytest.raises(hs.ArgumentError, match="merge them into the frame"):
        hs.fit("friend ~ acts", frame, family="logit", labels=labels)


def test_a_folder_of_parts_and_what_is_no_table(tmp_path) -> None:
    frame = frame_of(14)
    folder = tmp_path / "parts" / "year=2024"
    folder.mkdir(parents=True)
    for place in range(3):
        frame.iloc[place * 90 : (place + 1) * 90].to_parquet(folder / f"part-{place}.parquet", index=False)
    assert_same(
        hs.fit("friend ~ acts", tmp_path / "parts", family="logit"),
        hs.fit("friend ~ acts", frame, family="logit"),
    )
    frame.drop(columns="acts").to_parquet(folder / "part-9.parquet", index=False)
    with pytest.raises(hs.InputError, match=r"part-9.parquet lacks acts"):
        hs.fit("friend ~ acts", tmp_path / "parts", family="logit")
    (tmp_path / "empty").mkdir()
    frame.to_csv(tmp_path / "dyads.csv", index=False)
    frame.drop(columns="ego").to_parquet(tmp_path / "no_ego.parquet")
    frame.head(0).to_parquet(tmp_path / "no_rows.parquet")
    for path, message in (
        ("empty", "folder without Parquet files"),
        ("dyads.csv", "is no Parquet file"),
        ("dyad.csv", "does not exist. Did you mean 'dyads.csv'"),
        ("no_ego.parquet", "has no column 'ego'"),
        ("no_rows.parquet", "there are no rows|no row has"),
    ):
        with pytest.raises(hs.HonestSignalsError, match=f"(?i){message}"):
            hs.fit("friend ~ acts", tmp_path / path, family="logit")


def test_a_stored_table_is_that_of_memory(tmp_path) -> None:
    rng = np.random.default_rng(15)
    acts = pd.DataFrame({"sender": rng.integers(0, 30, 2_000), "receiver": rng.integers(0, 30, 2_000)})
    acts["time"] = np.sort(rng.integers(0, 40 * 86_400, len(acts)))
    acts = acts[acts["sender"] != acts["receiver"]]
    path = tmp_path / "acts.parquet"
    acts.to_parquet(path)
    metrics = ["volume", "balance"]
    table = hs.store_log(path, memory="300MB", time_unit="s").dyads(
        tmp_path / "dyads.parquet", metrics=metrics
    )
    whole = hs.read_log(path, time_unit="s").dyads(metrics=metrics)
    labels = whole.frame[["ego", "alter"]].assign(friend=rng.random(len(whole)) > 0.5)
    swapped = labels.rename(columns={"ego": "alter", "alter": "ego"})
    formula = "friend ~ log1p(acts) + known(imbalance)"
    memory = hs.fit(formula, whole.frame.merge(labels, on=["ego", "alter"]), family="logit")
    for given in (table, tmp_path / "dyads.parquet"):
        found = hs.fit(formula, given, labels=swapped, family="logit")
        np.testing.assert_allclose(found.tidy().iloc[:, 1:], memory.tidy().iloc[:, 1:], rtol=NEAR)
        assert not found.directed
        assert found.facts()[: len(table.facts())] == table.facts()
    with pytest.raises(hs.DesignError, match="no direction"):
        found.with_covariance("two_way")
    with pytest.raises(hs.DesignError, match="depends on who is called ego"):
        hs.fit("friend ~ acts_ego", table, labels=labels, family="logit")
    both = pd.concat([labels, swapped])
    with pytest.raises(hs.ArgumentError, match="rows have no direction"):
        hs.fit(formula, table, labels=both, family="logit")


class Told:
    """A dyad table of memory, handed over in batches with all that it knows of itself."""

    def __init__(self, table: hs.DyadTable) -> None:
        self.table, self.about, self.design = table, table.about, table.design
        self.columns = [str(name) for name in table.frame.columns]

    def facts(self) -> list[str]:
        return self.table.facts()

    def __len__(self) -> int:
        return len(self.table)

    def batches(self, columns: Sequence[str], *, rows: int) -> Iterator[pa.Table]:
        for low in range(0, len(self), rows):
            yield pa.Table.from_pandas(self.table.frame[list(columns)].iloc[low : low + rows])


@pytest.mark.parametrize(
    ("label", "formula"),
    [
        ("friendship", "friendship ~ log1p(acts) + known(returned_share) + in_contact"),
        ("trust", "trust >= 4 ~ log1p(acts_ego) + log1p(acts_alter)"),
        ("trust", "trust ~ log1p(acts_ego) + known(net_giving)"),
    ],
)
def test_a_table_that_knows_itself_says_what_memory_says(label, formula) -> None:
    table = hs.open_study(PROJECT / "data" / "helpdesk").dyads(label=label)
    family = "gaussian" if formula.startswith("trust ~") else None
    assert_same(streamed(formula, Told(table), How(family)), hs.fit(formula, table, family=family))
    if not table.directed:
        with pytest.raises(hs.DesignError, match="depends on who is called ego"):
            hs.fit(f"{label} ~ acts_ego", Told(table))


class Drawn:
    """A table of as many rows as one likes, drawn while it is read."""

    columns = ("ego", "alter", "acts", "distance", "friend")

    def __init__(self, rows: int, people: int) -> None:
        self.rows, self.people = rows, people

    def __len__(self) -> int:
        return self.rows

    def batches(self, columns: Sequence[str], *, rows: int) -> Iterator[pa.Table]:
        """The rows of a part depend on where it begins alone."""
        for low in range(0, self.rows, rows):
            rng = np.random.default_rng(low)
            ego = rng.integers(0, self.people, rows)
            alter = (ego + rng.integers(1, self.people, rows)) % self.people
            acts, distance = rng.poisson(2.0, rows), rng.normal(size=rows)
            friend = (0.3 * acts + distance - 1 + rng.logistic(size=rows) > 0).astype(np.int8)
            whole = {"ego": ego, "alter": alter, "acts": acts, "distance": distance, "friend": friend}
            yield pa.table({name: whole[name] for name in columns})


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(monkeypatch) -> None:
    monkeypatch.setattr(dealt_rows, "FILE_ROWS", 50_000)
    peaks = []
    for rows in (250_000, 2_000_000):
        tracemalloc.start()
        found = fit_streamed(
            "friend ~ log1p(acts) + distance", Drawn(rows, 2_000), How("logit"), part_rows=50_000
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found.glance()["rows"].item() == rows
    # the design of 2 million rows alone is 48 MB
    assert peaks[1] < 40e6
    assert peaks[1] < 1.5 * peaks[0]


def test_files_go_and_a_full_disk_is_named(tmp_path, monkeypatch) -> None:
    path = stored(frame_of(16), tmp_path)
    places = tmp_path / "places"
    places.mkdir()
    monkeypatch.setattr(streamed_fits.tempfile, "tempdir", str(places))
    heard: list[str] = []
    with telling(heard.append):
        hs.fit("friend ~ acts", path, family="logit")
    assert not list(places.iterdir())
    assert heard[0] == "Reading rows: 240 of 240"
    assert heard[-1] == "Summing over people and pairs"

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(dealt_rows.np, "ascontiguousarray", full)
    with pytest.raises(hs.OutputError, match="the disk is full"):
        hs.fit("friend ~ acts", path, family="logit")
    assert not list(places.iterdir())


@pytest.mark.parametrize(
    "kind", ["int8", "uint8", "Int16", "UInt8", "uint64", "UInt64", "float32", "Float32", "int8[pyarrow]"]
)
def test_narrow_numbers_do_not_run_over(kind, tmp_path) -> None:
    frame, rng = frame_of(5), np.random.default_rng(5)
    for name in ("acts", "more"):
        frame[name] = rng.integers(0, 127, len(frame)).astype(float)
        frame.loc[200:, name] += 0.1 if "oat" in kind else 0.0
    narrow = frame.astype({"acts": kind, "more": kind})
    if not kind.startswith(("int8", "uint")):
        frame.loc[230, "more"], narrow.loc[230, "more"] = np.nan, pd.NA
    path = stored(narrow, tmp_path)
    for formula in (
        "trust ~ I(acts * more) + I(acts - 120) + known(more * more)",
        "acts * more - 300 ~ distance",
        "acts - 90 > 0 ~ distance",
        "trust ~ C(acts // 50) + scale(more)",
    ):
        family = "logit" if ">" in formula else "gaussian"
        wanted = hs.fit(formula, frame.assign(more=narrow["more"].astype(float)), family=family)
        kept = hs.fit(formula, narrow, family=family)
        np.testing.assert_allclose(kept.tidy()["estimate"], wanted.tidy()["estimate"], 1e-5, 1e-9)
        assert_same(streamed(formula, path, How(family)), kept)


def test_levels_of_whole_numbers_with_gaps_are_called_as_in_memory(tmp_path) -> None:
    frame = frame_of(6)
    frame["floor"] = pd.Series(np.arange(len(frame)) % 3, dtype="Int64")
    frame.loc[130, "floor"] = pd.NA
    wanted = hs.fit("trust ~ C(floor)", frame, family="gaussian")
    assert wanted.model.names == ("Intercept", "C(floor)[T.1]", "C(floor)[T.2]")
    assert_same(streamed("trust ~ C(floor)", stored(frame, tmp_path), How("gaussian")), wanted)


def degenerate(rng: np.random.Generator) -> tuple[pd.DataFrame, str, How]:
    """Rows of few people of which most cannot be fitted: nothing varies, or all is undefined."""
    people = int(rng.choice([2, 3, 4, 5, 9]))
    ego, alter = np.nonzero(~np.eye(people, dtype=bool))
    if rng.random() < 0.3:
        chosen = (ego == 0) | (alter == 0)
        ego, alter = ego[chosen], alter[chosen]
    if rng.random() < 0.3:
        chosen = np.flatnonzero(rng.random(len(ego)) < 0.2)
        ego, alter = ego[chosen], alter[chosen]
    if rng.random() < 0.2:
        ego, alter = np.tile(ego, 3), np.tile(alter, 3)
    n = len(ego)
    some, first, last = rng.normal(size=n), np.arange(n) == 0, np.arange(n) == n - 1
    gaps = np.where(rng.random(n) < 0.5, np.nan, some)
    frame = pd.DataFrame({"ego": ego, "alter": alter})
    frame["x"] = [some, np.zeros(n), 1.0 * first, 40 + some, gaps, np.where(last, np.inf, 1.0)][
        rng.integers(6)
    ]
    frame["z"] = [rng.normal(size=n), 2 * frame["x"], -frame["x"], 1.0 * (ego == 0)][rng.integers(4)]
    frame["g"] = rng.choice(list("abcdefgh")[: rng.choice([1, 2, 8])], n)
    frame["h"] = np.where(last, "last", "other")
    labels = [rng.integers(0, 2, n), np.ones(n), frame["x"] > 0, np.full(n, np.nan), frame["x"], 1.0 * first]
    frame["y"] = np.asarray([*labels, rng.poisson(1, n)][rng.integers(7)], dtype=float)
    weights = [np.zeros(n), np.full(n, np.nan), 1.0 * first, rng.choice([0.0, 1.0, 2.0], n), -np.ones(n)]
    frame["w"] = weights[rng.integers(5)]
    if n and rng.random() < 0.1:
        frame.loc[n - 1, "alter"] = frame.loc[n - 1, "ego"]
    terms = [
        "x",
        "x + z",
        "g",
        "x * g",
        "h",
        "h + g",
        "1",
        "0 + x",
        "0 + g",
        "known(x) + undefined(x)",
        "log(x)",
    ]
    terms += ["center(x)", "scale(x) + z", "C(x)", "bs(x, knots=[0])", "x:g", "I(1 / x)", "center(x):g"]
    formula = f"{rng.choice(['y', 'y', 'y > 0'])} ~ {rng.choice(terms)}"
    return frame, formula, How(str(rng.choice(FAMILIES)), weights=(None, None, "w")[rng.integers(3)])


def outcome(work: Any) -> tuple[str, list[str]]:
    """What a fit ends in, as words, and what it warns of."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            found = work()
            table = found.tidy().set_index("term").map(lambda one: f"{one + 1e-9:.6g}")
            said = f"{table['estimate'].to_dict()} {found.note()}"
        except hs.HonestSignalsError as error:
            said = f"{type(error).__name__}: {error}"
    return said, [str(one.message) for one in warned]


def both_outcomes(rng: np.random.Generator, folder: Path) -> tuple[Any, Any, str]:
    """How a fit ends in memory and on disk, and which it was."""
    frame, formula, how = degenerate(rng)
    path, rows = stored(frame, folder), int(rng.choice([1, 3, 1_000]))
    wanted = outcome(lambda: hs.fit(formula, frame, family=how.family, weights=how.weights))
    return wanted, outcome(lambda: streamed(formula, path, how, rows=rows, files=2)), f"{formula} {how}"


@pytest.mark.parametrize("seed", range(3))
def test_degenerate_designs_end_as_in_memory(seed, tmp_path) -> None:
    ends = set()
    for number in range(14):
        wanted, found, what = both_outcomes(np.random.default_rng([seed, number]), tmp_path)
        assert found == wanted, (number, what)
        ends.add(wanted[0][:30])
    assert len(ends) > 5


def test_a_label_that_is_separated_slowly_is_told_so(tmp_path) -> None:
    frame = frame_of(3, people=5)
    frame["site"] = np.where(np.arange(len(frame)) % 2, "a", "b")
    frame["friend"] = (np.arange(len(frame)) == 4).astype(int)
    with pytest.raises(hs.FitError, match=r"separated by 'site\[a\]'.* is 1 has the label 0") as wanted:
        hs.fit("friend ~ 0 + site", frame, family="probit")
    with pytest.raises(hs.FitError) as found:
        streamed("friend ~ 0 + site", stored(frame, tmp_path), How("probit"))
    assert str(found.value) == str(wanted.value)


def test_what_is_infinite_is_refused_before_what_it_makes_undefined() -> None:
    frame = frame_of(4)
    frame.loc[3, "distance"] = np.inf
    with pytest.raises(hs.FitError, match=r"center\(distance\) is infinite in some rows"):
        hs.fit("trust ~ center(distance)", frame, family="gaussian")

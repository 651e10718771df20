"""What fresh readers broke once: each stays mended."""

from __future__ import annotations

import copy
import pickle

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.formulas import TRANSFORMS
from honestsignals.glossary import FORMULA_WORDS
from tests.corpus import log_of
from tests.folders import ACTS, PEOPLE, TOML, write_study
from tests.shared import needs_shared, shared_path

RELATIVE = TOML.replace('time_unit = "iso"', 'time_unit = "ms"')
UNKNOWN = TOML.replace('absent = "no"', 'absent = "unknown"')


def test_in_contact_means_before_the_label_was_asked(tmp_path) -> None:
    table = hs.open_study(write_study(tmp_path)).dyads(label="friendship", pairs="in contact")
    assert (table.frame["in_contact"] == 1).all()
    assert sum(table.design.left_out.values()) == table.design.possible - len(table)
    log = log_of([("a", "b", 1000), ("b", "c", 5000)])
    assert log.dyads(until=3000).frame["acts"].tolist() == [1]


@needs_shared
def test_in_contact_of_waves_means_up_to_the_wave() -> None:
    table = hs.open_study(shared_path("datasets", "kapferer")).dyads(
        label="friendship_t1", pairs="in contact"
    )
    assert len(table) == 76
    assert table.frame["friendship_t1"].sum() == 59


def test_a_label_asked_before_1970_is_asked_then(tmp_path) -> None:
    acts = "sender,receiver,time,kind\na,b,1964-01-01,help\nb,a,1966-01-01,help\n"
    toml = TOML.replace("2024-02-01", '"1965-01-01"')
    frame = hs.open_study(write_study(tmp_path, toml=toml, acts=acts)).dyads(label="friendship").frame
    assert frame["acts"].tolist()[0] == 1


def test_one_number_for_asked_is_in_the_unit_of_the_acts(tmp_path) -> None:
    acts = "sender,receiver,time,kind\na,b,1000,help\na,b,9000,help\na,c,5000,help\n"
    toml = RELATIVE.replace("2024-02-01", "5000")
    frame = hs.open_study(write_study(tmp_path, toml=toml, acts=acts)).dyads(label="friendship").frame
    assert frame["acts"].tolist()[:2] == [1, 0]
    with pytest.raises(hs.InputError, match="times of the acts are relative, so it must be a number"):
        hs.open_study(write_study(tmp_path / "date", toml=RELATIVE, acts=acts))


@pytest.mark.parametrize("when", ["02/03/2024", "10:00", "now", "2024-13-01"])
def test_dates_are_read_in_one_way_everywhere(tmp_path, when) -> None:
    with pytest.raises(hs.InputError, match="is not a date"):
        hs.open_study(write_study(tmp_path, toml=TOML.replace("2024-02-01", f'"{when}"')))
    study = hs.open_study(write_study(tmp_path / "right"))
    with pytest.raises(hs.ArgumentError, match="is not a date"):
        study.log.window(when)


def test_a_misspelt_column_of_dates_is_told_the_nearest(tmp_path) -> None:
    toml = UNKNOWN.replace("2024-02-01", '"whn"')
    labels = "source,target,friendship,when\na,b,1,2024-01-05\n"
    with pytest.raises(hs.InputError, match=r"asked is 'whn'; it is no column of .*Did you mean 'when'"):
        hs.open_study(write_study(tmp_path, toml=toml, labels=labels))


def test_waves_by_row_are_whole_numbers_and_count(tmp_path) -> None:
    toml = UNKNOWN.replace('time = "time"\ntime_unit = "iso"', 'wave = "wave"')
    acts = "sender,receiver,wave,kind\na,b,1,help\nb,a,2,help\n"
    by_row = toml.replace("2024-02-01", '"when"')
    labels = "source,target,friendship,when\na,b,1,1\n"
    frame = (
        hs.open_study(write_study(tmp_path, toml=by_row, acts=acts, labels=labels))
        .dyads(label="friendship")
        .frame
    )
    once = hs.open_study(
        write_study(tmp_path / "once", toml=toml.replace("2024-02-01", "1"), acts=acts, labels=labels)
    )
    assert frame["acts"].tolist() == once.dyads(label="friendship").frame["acts"].tolist() == [1]
    for bad in ("1.5", "", "x"):
        files = {"acts": acts, "labels": labels + f"b,c,1,{bad}\n"}
        with pytest.raises(hs.InputError, match="line 3"):
            hs.open_study(write_study(tmp_path / f"bad{bad}", toml=by_row, **files))


@pytest.mark.parametrize("span", [3600, None, "NaT", "3600", "-1h"])
def test_a_span_needs_a_unit(span) -> None:
    with pytest.raises(hs.ArgumentError, match="conversation_gap is"):
        log_of([("a", "b", 0)]).dyads(conversation_gap=span)


def test_a_window_of_a_window_was_observed_for_what_both_have() -> None:
    log = log_of([("a", "b", second) for second in (0, 10, 20, 30)])
    assert log.window(10, 21).window(0, 100).moments() == (10_000_000, 20_999_999)
    for edge in (float("nan"), float("inf")):
        with pytest.raises(hs.ArgumentError, match="is not finite"):
            log.window(edge)


def test_other_kinds_tell_how_long_a_log_was_observed(tmp_path) -> None:
    frame = pd.DataFrame(
        {"sender": list("aba"), "receiver": list("bab"), "time": [0, 10, 864_000], "kind": list("hhi")}
    )
    log = hs.read_log(frame, time_unit="s")
    wanted = ["observed_periods", "recency_days", "reply_rate"]
    part = log.only("h").dyads(metrics=wanted).frame
    whole = hs.InteractionLog(log.acts, giving=("h",)).dyads(metrics=wanted).frame
    pd.testing.assert_frame_equal(part, whole)
    assert part["reply_rate"][0] == 1


def test_a_graph_that_does_not_add_up_is_refused() -> None:
    for edges in (
        [("a", "b", {"acts": 3}), ("b", "a", {"acts__help": 2})],
        [("a", "b", {"acts": 5, "acts__help": 2})],
        [("a", "b", {"acts": 0})],
    ):
        with pytest.raises(hs.ArgumentError, match="The edge from"):
            hs.from_graph(nx.DiGraph(edges))
    with pytest.raises(hs.ArgumentError, match="Two nodes are called '1'"):
        hs.from_graph(nx.DiGraph([(1, 2), ("1", 2)]))
    with pytest.raises(hs.ArgumentError, match=r"must be a networkx\.DiGraph"):
        hs.from_graph("graph")


def test_columns_that_are_not_asked_for_are_said() -> None:
    frame = pd.DataFrame({"from": ["a"], "to": ["b"], "count": [5], "kind": ["x"], "time": [0]})
    text = str(hs.read_log(frame, columns={"sender": "from", "receiver": "to"}))
    assert "Columns not asked for, and not read: time, count, kind." in text


def test_a_family_that_a_log_cannot_have_is_an_error() -> None:
    log = hs.read_log(pd.DataFrame({"sender": ["a"], "receiver": ["b"]}))
    with pytest.raises(hs.DesignError, match="The metrics of 'timing' need a time column"):
        log.dyads(metrics=["timing"])
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'returned_share'"):
        log.dyads(metrics=["reciprocty"])


def test_codes_of_missing_do_not_make_numbers_text(tmp_path) -> None:
    toml = TOML.replace('id = "id"', 'id = "id"\nmissing = ["NA"]')
    people = PEOPLE.replace("c,south,", "c,south,NA")
    frame = hs.open_study(write_study(tmp_path, toml=toml, people=people)).dyads(label="friendship").frame
    assert frame["gap_age"].tolist()[0] == 10


def test_numbers_that_are_names_are_no_numbers_to_a_model(tmp_path) -> None:
    toml = UNKNOWN.replace('id = "id"', 'id = "id"\ncategories = ["age"]').replace(
        "directed = false", "directed = true"
    )
    frame = hs.open_study(write_study(tmp_path, toml=toml)).dyads(label="friendship").frame
    assert frame["ego_age"].dtype == "category"
    assert frame["same_age"].tolist() == [0, pytest.approx(np.nan, nan_ok=True)]


def test_an_attribute_called_block_is_no_block(tmp_path) -> None:
    toml = TOML.replace('"office", "age"', '"block", "age"')
    study = hs.open_study(write_study(tmp_path, toml=toml, people=PEOPLE.replace("office", "block")))
    assert study.block is None


def test_tables_do_not_share_a_codebook(tmp_path) -> None:
    log = log_of([("a", "b", 0)])
    log.dyads().to_csv(tmp_path / "x.v1.csv")
    log.dyads(metrics=["acts"]).to_csv(tmp_path / "x.v2.csv")
    log.dyads(metrics=["acts"]).to_parquet(tmp_path / "x.v1.parquet")
    assert len(pd.read_csv(tmp_path / "x.v1.codebook.csv")) > len(pd.read_csv(tmp_path / "x.v2.codebook.csv"))
    for write, name in ((log.dyads().to_csv, "y.parquet"), (log.dyads().to_parquet, "y.csv")):
        with pytest.raises(hs.OutputError, match="ends in none of"):
            write(tmp_path / name)
    with pytest.raises(hs.OutputError, match="what the codebook of another table is called"):
        log.dyads().to_csv(tmp_path / "z.codebook.csv")


def test_nothing_was_observed_before_the_first_act() -> None:
    log = log_of([("a", "b", 1000), ("b", "a", 2000)])
    frame = log.dyads(pairs="all", until=1000, metrics=["persistence", "observed_periods"]).frame
    assert frame["observed_periods"][0] == 0
    assert np.isnan(frame["persistence"][0])


def test_what_a_log_holds_cannot_be_changed_in_place() -> None:
    log = log_of([("a", "b", 0)])
    with pytest.raises(TypeError):
        log.acts.left_out["more"] = 1
    with pytest.raises(ValueError, match="read-only"):
        log.acts.sender[0] = 5


# fits


def undirected(tmp_path):
    acts = ACTS + "".join(f"d,{who},2024-01-0{day}T10:00:00Z,help\n" for day, who in enumerate("abc", 4))
    return hs.open_study(write_study(tmp_path, acts=acts)).dyads(label="friendship")


def test_the_left_side_obeys_the_same_rules(tmp_path) -> None:
    table = undirected(tmp_path)
    for left in ("net_giving", "give_share > 0.5"):
        with pytest.raises(hs.DesignError, match="depends on who is called ego"):
            hs.fit(f"{left} ~ acts", table, family="gaussian")
    with pytest.raises(hs.DesignError, match="depends on who is called ego"):
        hs.fit("acts ~ center(net_giving)", table, family="gaussian")
    with pytest.raises(hs.ArgumentError, match="lag depends on the order of rows"):
        hs.fit("friendship ~ lag(acts)", table, family="gaussian")


def plain(n: int = 12) -> pd.DataFrame:
    ego, alter = np.triu_indices(n, 1)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"ego": ego, "alter": alter, "x": rng.normal(size=len(ego))})
    frame["trusted"] = frame["x"] + rng.normal(size=len(ego))
    return frame


def test_a_name_within_a_name_is_another_column() -> None:
    frame = plain()
    frame["trust"] = np.where(frame.index % 2, np.nan, 1.0)
    assert hs.fit("trusted >= 0 ~ x", frame).model.left_out == {}


@pytest.mark.parametrize(
    ("formula", "change", "message"),
    [
        ("trusted ~ 0", {}, "has no term"),
        (None, {}, "must be text"),
        ("trusted ~ x", {"ego": "text"}, "text and numbers"),
        ("trusted ~ x", {"ego": "blank"}, "has blanks at its ends"),
        ("trusted ~ x", {"x": "object"}, "holds numbers as objects"),
    ],
)
def test_what_fit_refuses_in_words(formula, change, message) -> None:
    frame = plain()
    if change.get("ego") == "text":
        frame["ego"] = frame["ego"].astype(str)
    if change.get("ego") == "blank":
        frame = frame.assign(ego=frame["ego"].astype(str) + " ", alter=frame["alter"].astype(str))
    if change.get("x") == "object":
        frame["x"] = frame["x"].astype(object)
    with pytest.raises(hs.ArgumentError, match=message):
        hs.fit(formula, frame, family="gaussian")


def test_exact_is_for_the_jackknife_and_wald_needs_a_term() -> None:
    result = hs.fit("trusted ~ x", plain(), family="gaussian")
    with pytest.raises(hs.ArgumentError, match="exact is for the jackknife"):
        result.with_covariance("dyadic", exact=True)
    with pytest.raises(hs.ArgumentError, match="at least one term"):
        result.wald([])
    with pytest.raises(hs.ArgumentError, match=r"must be a DyadTable or a DataFrame|pandas\.DataFrame"):
        hs.fit("trusted ~ x", 7, family="gaussian")
    # text is the place of a table on disk
    with pytest.raises(hs.InputError, match="table: does not exist"):
        hs.fit("trusted ~ x", "table", family="gaussian")


def test_categories_of_rows_left_out_are_no_terms() -> None:
    frame = plain()
    frame["site"] = pd.Categorical(np.where(frame.index < 5, "gone", np.where(frame.index % 2, "b", "a")))
    frame.loc[:4, "trusted"] = np.nan
    assert hs.fit("trusted ~ site", frame, family="gaussian").model.names == ("Intercept", "site[T.b]")


def test_known_takes_nullable_integers() -> None:
    frame = plain()
    frame["k"] = pd.array(np.where(frame.index % 3, frame.index, -1), dtype="Int64")
    frame.loc[frame["k"] < 0, "k"] = pd.NA
    assert len(hs.fit("trusted ~ known(k)", frame, family="gaussian").model.y) == len(frame)


def test_tables_of_a_fit_carry_what_they_rest_on() -> None:
    result = hs.fit("trusted > 0 ~ x", plain())
    for text in (result.to_latex(), result.to_markdown(), result.to_html()):
        assert "66 rows" in text
        assert "12 people" in text
        assert "net jackknife over people and pairs" in text
    assert "McFadden" in str(result)
    assert "R² –" in str(hs.fit("trusted ~ 0 + x", plain(), family="gaussian"))


def test_a_label_called_like_a_function_is_refused(tmp_path) -> None:
    assert set(TRANSFORMS) <= set(FORMULA_WORDS)
    with pytest.raises(hs.InputError, match="'known' is a function of formulas"):
        hs.open_study(write_study(tmp_path, toml=TOML.replace("labels.friendship", "labels.known")))


def test_dyads_does_not_overwrite_what_it_reads(tmp_path) -> None:
    from typer.testing import CliRunner

    from honestsignals.cli import app

    folder = write_study(tmp_path / "study")
    acts = folder / "acts.csv"
    before = acts.read_text()
    for source, output in ((acts, acts), (folder, folder / "labels.csv"), (folder, acts)):
        result = CliRunner().invoke(app, ["dyads", str(source), "-o", str(output)])
        assert result.exit_code != 0
    assert acts.read_text() == before


def test_names_in_back_ticks_are_names_too(tmp_path) -> None:
    frame = plain()
    frame["my y"] = np.where(frame.index % 3, frame["trusted"], np.nan)
    assert hs.fit("`my y` > 0 ~ x", frame).model.left_out == {"rows where `my y` > 0 is unknown": 22}
    with pytest.raises(hs.DesignError, match="depends on who is called ego"):
        hs.fit("`net_giving` > 0 ~ acts", undirected(tmp_path))


def test_a_factor_of_unknown_numbers_is_unknown() -> None:
    frame = plain()
    frame["level"] = np.where(frame.index % 4, frame.index % 3, np.nan)
    result = hs.fit("trusted ~ C(level)", frame, family="gaussian")
    assert result.model.left_out == {"rows where level is undefined": 17}


def test_means_are_of_the_rows_that_stay() -> None:
    frame = plain()
    frame["share"] = np.where(frame.index % 4, frame["x"] + 5, np.nan)
    result = hs.fit("trusted ~ center(share)", frame, family="gaussian")
    assert len(result.model.y) == 49
    assert result.model.X[:, 1].mean() == pytest.approx(0, abs=1e-12)


def test_functions_and_own_columns_may_stand_on_the_left(tmp_path) -> None:
    table = undirected(tmp_path)
    assert hs.fit("log1p(acts) ~ same_office", table, family="gaussian").model.y.min() == 0
    table.frame["close"] = table.frame["acts"] > 1
    assert len(hs.fit("close ~ same_office", table, family="gaussian").model.y) == 6


def test_codes_that_are_names_stay_names(tmp_path) -> None:
    toml = TOML.replace('id = "id"', 'id = "id"\ncategories = ["office"]\nmissing = ["NA"]')
    people = "id,office,age\na,01,30\nb,1,40\nc,2,\nd,NA,25\n"
    frame = hs.open_study(write_study(tmp_path, toml=toml, people=people)).dyads(label="friendship").frame
    assert frame["same_office"].tolist()[0] == 0
    assert frame["ego_office"].tolist()[0] == "01"


def test_neither_table_nor_codebook_is_written_over_what_is_read(tmp_path) -> None:
    from typer.testing import CliRunner

    from honestsignals.cli import app

    log = tmp_path / "x.codebook.csv"
    log.write_text("sender,receiver\na,b\n")
    assert CliRunner().invoke(app, ["dyads", str(log), "-o", str(tmp_path / "x.csv")]).exit_code != 0
    assert log.read_text() == "sender,receiver\na,b\n"
    toml = TOML.replace('"acts.csv"', '"data/acts.csv"')
    folder = write_study(tmp_path / "study", toml=toml, acts=None)
    (folder / "data").mkdir()
    (folder / "data" / "acts.csv").write_text(ACTS)
    output = folder / "data" / "acts.csv"
    assert CliRunner().invoke(app, ["dyads", str(folder), "-o", str(output)]).exit_code != 0
    assert output.read_text() == ACTS


def test_logs_and_studies_travel(tmp_path) -> None:
    study = pickle.loads(pickle.dumps(hs.open_study(write_study(tmp_path))))
    log = copy.deepcopy(study.log)
    assert str(log) == str(study.log)
    with pytest.raises(ValueError, match="read-only"):
        log.acts.sender[0] = 1


def test_until_is_no_date_of_a_label(tmp_path) -> None:
    second = """
[labels.early]
file = "labels.csv"
source = "source"
target = "target"
value = "friendship"
type = "binary"
directed = false
absent = "no"
asked = 2024-01-20
"""
    study = hs.open_study(write_study(tmp_path, toml=TOML + second))
    table = study.dyads(label="friendship", with_labels=["early"], until="2024-01-10", metrics=["acts"])
    assert table.frame["early"].tolist() == [1, 1, 0, 0, 0, 0]
    undated = hs.open_study(
        write_study(tmp_path / "un", toml=TOML.replace("asked = 2024-02-01\n", "") + second)
    )
    told = undated.dyads(label="friendship", with_labels=["early"], until="2024-03-10", metrics=["acts"])
    assert "nothing says that it was asked before friendship" in str(told)


def test_pairs_are_counted_within_blocks(tmp_path) -> None:
    toml = TOML.replace('id = "id"', 'id = "id"\nblock = "office"')
    labels = "source,target,friendship\na,b,1\n"
    table = hs.open_study(write_study(tmp_path, toml=toml, labels=labels)).dyads(pairs="in contact")
    assert table.design.left_out == {"across blocks, which could never be": 4, "not in contact": 1}
    people = "id,office,age\n" + "".join(f"{i},{i // 2},1\n" for i in range(4000))
    acts = "sender,receiver,time,kind\n0,1,2024-01-01,help\n"
    labels = "source,target,friendship\n0,1,1\n"
    many = hs.open_study(write_study(tmp_path / "many", toml=toml, people=people, acts=acts, labels=labels))
    assert len(many.dyads(metrics=["acts"])) == len(many.dyads(label="friendship", metrics=["acts"])) == 2000


def test_whole_numbers_may_be_floats_in_a_graph() -> None:
    assert len(hs.from_graph(nx.DiGraph([("a", "b", {"acts": 3.0})]))) == 3


def test_nullable_types_enter_a_fit() -> None:
    frame = plain()
    frame["kb"] = pd.array([None if i % 5 == 0 else bool(i % 2) for i in frame.index], dtype="boolean")
    frame["s"] = pd.array([None if i % 7 == 0 else "ab"[i % 2] for i in frame.index], dtype="string")
    for name in ("kb", "s"):
        result = hs.fit(f"trusted ~ {name}", frame, family="gaussian")
        assert len(result.model.y) == int(frame[name].notna().sum())

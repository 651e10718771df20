"""Exports: what a fresh reader found, each as a test that failed before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.exporting.pseudonyms import pseudonym
from honestsignals.metric_table import MetricTable
from honestsignals.metrics.registry import NO_RANGE, Fact
from tests.shared import PROJECT

KEY = "sixteen letters or more"
DATA = (".csv", ".csv.gz", ".parquet", ".xlsx", ".dta", ".sav")


@pytest.fixture(scope="module")
def study() -> hs.Study:
    return hs.open_study(PROJECT / "data" / "helpdesk")


# who is who


def test_null_models_of_pairs_and_people_are_under_pseudonyms(study: hs.Study, tmp_path: Path) -> None:
    people = {f"P{place:02}" for place in range(1, 31)}
    for level, metric in (("dyad", "returned_share"), ("person", "people")):
        table = hs.standardise(study, metric, level=level, seed=1, draws=20)
        made = hs.export(table, tmp_path / f"{level}.csv", pseudonyms=KEY)
        written = b"".join(one.read_bytes() for one in made.paths)
        assert not any(one.encode() in written for one in people)


def test_columns_of_people_have_pseudonyms_whatever_is_said_of_them(tmp_path: Path) -> None:
    about = tuple(Fact(name, name, "design", "who", range=NO_RANGE) for name in ("person", "sender"))
    rows = pd.DataFrame({"person": ["Ann", "Bob"], "sender": ["Bob", "Ann"], "n": [1, 2]})
    made = hs.export(MetricTable("People", rows, about), tmp_path / "x.csv", pseudonyms=KEY)
    assert not any(b"Ann" in one.read_bytes() for one in made.paths)


def test_null_models_are_turned_as_each_metric_is(study: hs.Study, tmp_path: Path) -> None:
    names = ["net_giving", "give_share", "returned_share", "acts_ego", "acts_alter"]
    table = hs.standardise(study, names, seed=1, draws=20)
    back = hs.read_export(hs.export(table, tmp_path / "x.parquet", pseudonyms=KEY))
    assert (back["ego"] < back["alter"]).all()
    before = table.frame.assign(
        **{side: [pseudonym(KEY.encode(), one) for one in table.frame[side]] for side in ("ego", "alter")}
    )
    found = {(one.ego, one.alter, one.metric): one for one in back.itertuples()}
    assert len(found) == len(before)
    assert set(back.groupby(["ego", "alter"])["metric"].agg(tuple)) == {tuple(names)}
    partners = {"acts_ego": "acts_alter", "acts_alter": "acts_ego"}
    flips = 0
    for row in before.itertuples():
        if row.ego < row.alter:
            now = found[row.ego, row.alter, row.metric]
            sign, origin = 1.0, 0.0
        else:
            flips += 1
            now = found[row.alter, row.ego, partners.get(row.metric, row.metric)]
            turned = row.metric in ("net_giving", "give_share")
            sign, origin = -1.0 if turned else 1.0, float(row.metric == "give_share")
        assert [now.observed, now.expected] == pytest.approx(
            [origin + sign * row.observed, origin + sign * row.expected], nan_ok=True
        )
        assert now.z == pytest.approx(sign * row.z, nan_ok=True)
        ends = [row.p_low, row.p_high][:: int(sign)]
        assert [now.p_low, now.p_high] == pytest.approx(ends, nan_ok=True)
        assert (now.sd, now.defined_draws) == (pytest.approx(row.sd, nan_ok=True), row.defined_draws)
    assert 0 < flips < len(before)
    with pytest.raises(hs.DesignError, match="add 'acts_alter' to the table"):
        hs.export(hs.standardise(study, "acts_ego", seed=1, draws=20), tmp_path / "y.csv", pseudonyms=KEY)


def test_plain_pairs_are_never_turned(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "ego": ["A", "A", "B", "A", "C"],
            "alter": ["B", "C", "C", "D", "D"],
            "acts_ego": [5, 6, 7, 8, 9],
            "acts_alter": [1, 2, 3, 4, 0],
            "estimate_low": [0.4, 0.5, 0.6, 0.1, 0.2],
            "estimate_high": [0.6, 0.7, 0.8, 0.3, 0.4],
        }
    )
    made = hs.export(rows, tmp_path / "x.csv", pseudonyms=KEY)
    assert "Each pair has its sides as they were" in str(made)
    back = hs.read_export(made)
    now = {side: [pseudonym(KEY.encode(), one) for one in rows[side]] for side in ("ego", "alter")}
    expected = rows.assign(**now).sort_values(["ego", "alter"], ignore_index=True)
    pd.testing.assert_frame_equal(back, expected, check_dtype=False)


def test_the_ends_of_an_interval_are_no_partners(study: hs.Study, tmp_path: Path) -> None:
    class Pairs(MetricTable):
        directed = False

    rows = pd.DataFrame(
        {"ego": list("AAB"), "alter": list("BCC"), "x_low": [0.1, 0.2, 0.3], "x_high": [0.4, 0.5, 0.6]}
    )
    made = hs.export(Pairs("Pairs", rows), tmp_path / "x.csv", pseudonyms=KEY)
    back = hs.read_export(made)
    assert sorted(zip(back["x_low"], back["x_high"], strict=True)) == [(0.1, 0.4), (0.2, 0.5), (0.3, 0.6)]
    assert "Taken as the same whoever is ego: x_low, x_high." in made.said


def test_ids_that_are_numbers_are_not_shown_by_other_columns(tmp_path: Path) -> None:
    rows = pd.DataFrame({"ego": [101, 102], "alter": [102, 103], "level_of_trust": [1, 2]})
    for name, values in {"reporter": [101, 103], "note": ["101", None]}.items():
        with pytest.raises(hs.DesignError, match=f"'{name}' holds ids of people too"):
            hs.export(rows.assign(**{name: values}), tmp_path / "x.csv", pseudonyms=KEY)
    made = hs.export(rows.assign(pair=["101-102", "x"]), tmp_path / "x.csv", pseudonyms=KEY)
    assert "Ids inside longer texts are not looked for: pair." in made.said
    with pytest.raises(hs.ArgumentError, match="ids is 5; it must be names of columns"):
        hs.export(rows, tmp_path / "x.csv", pseudonyms=KEY, ids=5)
    with pytest.raises(hs.ArgumentError, match="has 1 different characters; it must have at least 4"):
        hs.export(rows, tmp_path / "x.csv", pseudonyms=" " * 16)


# whole, and as it was


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_of_any_unit_come_back(unit: str, tmp_path: Path) -> None:
    moments = pd.Series(pd.to_datetime(["2020-05-05 12:34:56", "1950-01-02", None], format="ISO8601"))
    rows = pd.DataFrame({"asked": moments.dt.as_unit(unit)})
    for ending in DATA:
        pd.testing.assert_frame_equal(hs.read_export(hs.export(rows, tmp_path / f"x{ending}")), rows)
    import pyreadstat

    assert pyreadstat.read_sav(str(tmp_path / "x.sav"))[0]["asked"][0] == pd.Timestamp("2020-05-05 12:34:56")


@pytest.mark.parametrize("ending", DATA)
def test_rows_without_any_value_stay(ending: str, tmp_path: Path) -> None:
    for values in ([0.5, None, 0.2, None, None], ["x", "", "y", ""], [None, None]):
        rows = pd.DataFrame({"a": values})
        back = hs.read_export(hs.export(rows, tmp_path / f"x{ending}"))
        assert back["a"].isna().tolist() == rows["a"].isna().tolist()


def test_ids_are_printed_as_they_are(tmp_path: Path) -> None:
    rows = pd.DataFrame({"ego": [10**18 + 1, 12345], "alter": [6, 10**17 + 7], "n": [12345, 1]})
    for ending in (".md", ".html", ".tex"):
        text = Path(hs.export(rows, tmp_path / f"x{ending}")).read_text(encoding="utf-8")
        assert all(one in text for one in ("1000000000000000001", "100000000000000007", "12345", "12,345"))


def test_ids_stay_text_without_provenance(tmp_path: Path) -> None:
    rows = pd.DataFrame({"ego": ["1", "01", "1.0"], "n": [1, 2, 3]})
    back = hs.read_export(hs.export(rows, tmp_path / "x.csv", provenance=False))
    assert back["ego"].tolist() == ["1", "01", "1.0"]
    assert back["n"].tolist() == [1, 2, 3]


def test_what_stands_beside_a_table_is_its_own(tmp_path: Path) -> None:
    rows = pd.DataFrame({"n": [1]})
    hs.export(rows, tmp_path / "x.csv")
    hs.export(rows.assign(n=7), tmp_path / "x.csv", provenance=False)
    assert hs.read_export(tmp_path / "x.csv")["n"].tolist() == [7]
    hs.export(rows, tmp_path / "z.xlsx")
    hs.export(rows.assign(n=8), tmp_path / "z.xlsx.csv")
    assert hs.read_export(tmp_path / "z.xlsx")["n"].tolist() == [1]
    assert hs.read_export(tmp_path / "z.xlsx.csv")["n"].tolist() == [8]


@pytest.mark.parametrize("ending", DATA)
def test_broken_files_are_named(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"k{ending}"
    hs.export(pd.DataFrame({"n": [1, 2]}), path, provenance=False)
    for broken in (b"", b'\xff\xfe\x00garbage\n"'):
        path.write_bytes(broken)
        with pytest.raises(hs.InputError, match="cannot be read as"):
            hs.read_export(path)


@pytest.mark.parametrize("text", ["", "[]", '{"format": "honestsignals export 1", "files": []}'])
def test_broken_provenance_is_named(text: str, tmp_path: Path) -> None:
    made = hs.export(pd.DataFrame({"n": [1, 2]}), tmp_path / "q.csv")
    made.paths[2].write_text(text, encoding="utf-8")
    with pytest.raises(hs.InputError, match=r"q\.provenance\.json"):
        hs.read_export(made)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (pd.DataFrame({"c": pd.cut([1, 2, 3], 2)}), "make it numbers or text"),
        (pd.DataFrame({"c": pd.arrays.SparseArray([0, 1])}), "make it numbers or text"),
        (pd.DataFrame({"c": np.array(["12000-01-01"], dtype="datetime64[s]")}), "after the year 9999"),
        (pd.DataFrame({"": [1]}), "A column is called ''"),
        (pd.DataFrame({"\ufeff=1": [1]}), "A column is called"),
        (pd.DataFrame({"c": pd.Categorical(["", "x"])}), "a level without characters"),
        (pd.DataFrame({"c": pd.Categorical([1, "1"], categories=[1, "1"])}), "are one as text"),
    ],
)
def test_what_would_not_come_back_is_refused(rows: pd.DataFrame, message: str, tmp_path: Path) -> None:
    for ending in (".csv", ".xlsx"):
        with pytest.raises(hs.OutputError, match=message):
            hs.export(rows, tmp_path / f"x{ending}")
    assert not list(tmp_path.iterdir())


def test_names_of_files_are_refused_by_rule(tmp_path: Path) -> None:
    for path in (None, tmp_path / "a\0b.csv"):
        with pytest.raises(hs.OutputError, match="The path is"):
            hs.export(pd.DataFrame({"n": [1]}), path)


def test_a_mark_of_order_hides_no_formula(tmp_path: Path) -> None:
    made = hs.export(pd.DataFrame({"t": ["\ufeff=1+1", "x"]}), tmp_path / "x.csv")
    assert "'\ufeff=1+1" in Path(made).read_text(encoding="utf-8")
    assert hs.read_export(made)["t"].tolist() == ["\ufeff=1+1", "x"]


def test_categories_of_few_are_blank_in_tables_of_people(tmp_path: Path) -> None:
    offices = ["N"] * 5 + ["S"] * 4 + ["W"]
    rows = pd.DataFrame({"person": list("abcdefghij"), "office": offices, "n": range(10)})
    made = hs.export(rows, tmp_path / "x.csv", least=3)
    back = hs.read_export(made)
    assert back["office"].tolist() == ["N"] * 5 + [None] * 5 or back["office"].isna().sum() == 5
    assert "office: 2 categories of 5 people are blank (cells under 3)." in made.said
    assert back["n"].tolist() == list(range(10))


def test_what_is_too_large_for_a_form_is_not_called_infinite(tmp_path: Path) -> None:
    rows = pd.DataFrame({"x": [1.0, 1e308, -1e308]})
    stata = hs.export(rows, tmp_path / "x.dta")
    assert "x: 2 numbers made missing, as Stata has none beyond 8.988e+307." in stata.said
    assert hs.read_export(stata)["x"].isna().tolist() == [False, True, True]
    spss = hs.export(rows, tmp_path / "x.sav")
    assert hs.read_export(spss)["x"].tolist() == rows["x"].tolist()
    both = hs.export(rows.assign(y=[np.inf, -np.inf, np.finfo(float).max]), tmp_path / "y.sav")
    assert [line for line in both.said if line.startswith("y: ")] == [
        "y: 2 infinite values are missing, as SPSS has none.",
        "y: 1 number made missing, as SPSS has none beyond 1.798e+308.",
    ]
    assert not any("infinite" in line for made in (stata, spss) for line in made.said)

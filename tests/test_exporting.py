"""Exports: whole, harmless, read back as they were; people under other names; no cell of few."""

from __future__ import annotations

import csv
import hashlib
import html.parser
import json
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyreadstat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

import honestsignals as hs
from honestsignals.exporting.cells import NUMBER
from honestsignals.exporting.forms import FORMS, stored_names
from honestsignals.exporting.pseudonyms import pseudonym
from honestsignals.metric_table import MetricTable
from honestsignals.metrics.registry import NO_RANGE, Fact
from honestsignals.tables import FORMULA, all_or_none, disarmed, rearmed
from tests.shared import PROJECT

KEY = "sixteen letters or more"
SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
DATA = [ending for ending, form in FORMS.items() if form.read_back]
NASTY = [
    *(
        "=cmd|' /C calc'!A0",
        "<script>alert(1)</script>",
        "a,b",
        'say "hi"',
        "line\nbreak",
        "😀👩‍👩‍👧",
        "שלום עולם",
    ),
    *("\u202eevil", " lead", "-1+1", "@x", "tab\there", "\ttab", "NA", "null", "nan", "None", "#N/A", "TRUE"),
    *("'=x", "''+1", "'", "'tis", " =1+1", "＝1+1", "_x0041_", "1", "01", "1e5", "a|b", "`code`", "\\"),
    *(
        "[x](javascript:alert(1))",
        "&lt;b&gt;",
        "</table>",
        "{=1+1}",
        "日本",
        "\r\nx",
        "a;=1",
        "b\n+1",
        "c;'@d",
        "|",
        "%",
        "$x$",
        "*a*",
    ),
]
"""Names of people as they can be, and as they should not be run."""


def frame_of(names: list[str]) -> pd.DataFrame:
    n = len(names)
    moments = (
        pd.date_range("2024-01-01 10:00:00.123", periods=n, freq="h").as_unit("us").to_series(index=range(n))
    )
    return pd.DataFrame(
        {
            "ego": names,
            "alter": names[::-1],
            "acts": range(n),
            "share": [np.nan, *np.linspace(0.1, 1 / 3, n - 1)],
            "mutual": [one % 2 == 0 for one in range(n)],
            "state": pd.Categorical.from_codes(
                [-1, *[one % 2 for one in range(n - 1)]], categories=pd.Index(["ego only", "=both"])
            ),
            "degree": pd.Categorical.from_codes(
                [one % 3 for one in range(n)], pd.Index([1, 2, 3]), ordered=True
            ),
            "first": moments.where(moments.index != 1),
            "=evil name": 0.5,
        }
    )


@pytest.fixture(scope="module")
def study() -> hs.Study:
    return hs.open_study(PROJECT / "data" / "helpdesk")


# back, unharmed


@pytest.mark.parametrize("ending", DATA)
def test_names_go_through_every_form_and_back_unharmed(ending: str, tmp_path: Path) -> None:
    given = frame_of(NASTY if ending == ".sav" else [*NASTY, "trail ", ""])
    made = hs.export(given, tmp_path / f"rows{ending}")
    pd.testing.assert_frame_equal(hs.read_export(made), given, check_column_type=False)


@given(names=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), min_size=2, max_size=8))
@example(names=["", "\0", "a\0b"])
@settings(max_examples=25, deadline=None)
def test_any_text_comes_back(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    for ending in (".csv", ".parquet", ".xlsx"):
        given = pd.DataFrame({"person": pd.Series(names, dtype="str"), "n": range(len(names))})
        back = hs.read_export(hs.export(given, folder / f"rows{ending}"))
        assert back["person"].tolist() == names


@given(st.text(alphabet="'= -+@\t\r\n;ax＝", max_size=7))
def test_what_was_disarmed_and_what_was_not_are_told_apart(text: str) -> None:
    armed = disarmed(pd.DataFrame({"x": [text, "other"]}))["x"][0]
    assert rearmed(armed) == text
    assert not any(one.lstrip().startswith(SIGNS) for one in re.split(r"[;\t\r\n]", armed))
    assert not armed.startswith(("\t", "\r", "\n"))


def test_what_a_form_cannot_hold_is_said(tmp_path: Path) -> None:
    given = pd.DataFrame(
        {
            "person": ["a ", "b", None],
            "empty": ["", None, "x"],
            "id": [2**60, 2**60 + 1, 3],
            "rate": [np.inf, -np.inf, 1e308],
            "when": pd.to_datetime(
                ["1850-05-01 00:00:00", "2024-01-01 10:00:00.123456", None], format="ISO8601"
            ),
            "zoned": pd.to_datetime(["2024-01-01 10:00+02:00"] * 3),
            "mixed": [1, "1", (2,)],
        }
    )
    said = {ending: "\n".join(hs.export(given, tmp_path / f"x{ending}").said) for ending in DATA}
    assert "lose the blanks at their end in SPSS" in said[".sav"]
    assert "infinite values are missing, as Stata has none" in said[".dta"]
    assert "rate: 2 infinite" in said[".sav"].replace("3 infinite", "2 infinite")
    assert "moments are text, as Excel has no dates before 1900-03-01" in said[".xlsx"]
    assert "keeps moments to the millisecond" in said[".dta"]
    for ending in (".xlsx", ".dta", ".sav"):
        assert "id: whole numbers are text" in said[ending]
        assert "empty: " in said[ending]
        assert "zoned: moments are in UTC" in said[ending]
    assert "mixed: values that are no text are written as text" in said[".csv"]
    for ending in DATA:
        back = hs.read_export(tmp_path / f"x{ending}")
        assert back["id"].tolist() == given["id"].tolist()
        assert (back["zoned"].dt.tz_convert("UTC") == given["zoned"]).all()
        if ending not in (".dta", ".sav"):
            assert back["rate"].tolist() == given["rate"].tolist()
        assert back["when"][0] == given["when"][0]


def test_two_people_whom_blanks_tell_apart_do_not_become_one(tmp_path: Path) -> None:
    given = pd.DataFrame({"person": ["Ann", "Ann "], "n": [1, 2]})
    with pytest.raises(
        hs.OutputError, match="'Ann ' and the same without blanks at its end would be one text"
    ):
        hs.export(given, tmp_path / "x.sav")
    assert not list(tmp_path.iterdir())
    back = hs.read_export(hs.export(given, tmp_path / "x.sav", pseudonyms=KEY))
    assert back["person"].nunique() == 2


def test_a_file_that_was_changed_is_not_read_as_if_it_were_not(tmp_path: Path) -> None:
    made = hs.export(pd.DataFrame({"person": ["01", "=1+1"], "n": [1, 2]}), tmp_path / "x.csv")
    Path(made).write_text("person,n\n02,1\n'=1+1,2\n", encoding="utf-8")
    with pytest.raises(hs.InputError, match="its SHA-256 is another"):
        hs.read_export(made)
    (tmp_path / "x.provenance.json").unlink()
    back = hs.read_export(made)
    assert back["person"].tolist() == ["02", "=1+1"]
    assert back["n"].tolist() == [1, 2]


def test_reading_back_refuses_what_it_cannot(tmp_path: Path) -> None:
    made = hs.export(pd.DataFrame({"n": [1.23456]}), tmp_path / "x.html")
    with pytest.raises(hs.InputError, match=r"for people to read, with rounded numbers; read one of \.csv"):
        hs.read_export(made)
    with pytest.raises(hs.InputError, match="There is no file"):
        hs.read_export(tmp_path / "none.csv")
    (tmp_path / "x.csv").write_text("n\n1\n", encoding="utf-8")
    (tmp_path / "x.provenance.json").write_text("{}", encoding="utf-8")
    with pytest.raises(hs.InputError, match="is no provenance of an export"):
        hs.read_export(tmp_path / "x.csv")


# harmless


def test_no_spreadsheet_is_handed_a_formula(tmp_path: Path) -> None:
    given = frame_of(NASTY)
    hs.export(given, tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    names = [one for row in rows for one in (row[0], row[1])]
    assert not any(one.lstrip().startswith(SIGNS) for one in [*names, *rows[0]])
    # where a comma is the sign of decimals, cells end at semicolons
    text = (tmp_path / "x.csv").read_text(encoding="utf-8")
    apart = [one for line in re.split(r"[\r\n]+", text) for one in re.split(r"[;\t]", line)]
    assert not any(one.lstrip().startswith(SIGNS) for one in apart)
    hs.export(given, tmp_path / "x.xlsx")
    book = load_workbook(tmp_path / "x.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"inlineStr", "s", "n", "b", "d"}
    armed = [cell for cell in cells if isinstance(cell.value, str) and FORMULA.match(cell.value)]
    assert len(armed) > 10
    assert all(cell.quotePrefix for cell in armed)


class _Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def test_a_page_runs_nothing_and_shows_names_as_they_are(tmp_path: Path) -> None:
    hs.export(frame_of(NASTY), tmp_path / "x.html")
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    page = _Tags()
    page.feed(text)
    assert "script" not in page.tags
    assert not re.search(r"(?:src|href)\s*=|url\(", text)
    shown = {one.strip() for one in page.cells}
    assert {one.strip().replace("\r\n", "\n") for one in NASTY} <= {
        one.replace("\r\n", "\n") for one in shown
    }


def test_markdown_and_latex_take_nothing_for_their_own(tmp_path: Path) -> None:
    hs.export(frame_of(NASTY), tmp_path / "x.md")
    lines = (tmp_path / "x.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("|")][: 2 + len(NASTY)]
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows} == {10}
    text = "\n".join(rows)
    for bare in (r"(?<!\\)<script>", r"(?<!\\)\[x\]", r"(?<!\\)`code", r"(?<!\\)\*a", r"(?<!\\)&lt;"):
        assert not re.search(bare, text), bare
    hs.export(frame_of(NASTY), tmp_path / "x.tex")
    table = (tmp_path / "x.tex").read_text(encoding="utf-8")
    assert r"\textasciicircum" not in table
    assert re.search(r"(?<!\\)%", table) is None
    assert r"\{=1+1\}" in table
    assert r"\$x\$" in table


# what goes with the rows


def test_what_is_known_of_the_columns_is_in_the_file_and_beside_it(study: hs.Study, tmp_path: Path) -> None:
    table = study.dyads(label="friendship", metrics=["acts", "dyad_state", "contingent_return_poisson_alter"])
    for ending in FORMS:
        made = hs.export(table, tmp_path / f"d{ending}")
        book = pd.read_csv(made.paths[1])
        assert book["column"].tolist() == table.frame.columns.tolist()
        assert [one.exists() for one in made.paths] == [True] * 3
    meaning = table.fact("acts").meaning
    with pd.io.stata.StataReader(tmp_path / "d.dta") as stata:
        assert stata.variable_labels()["acts"] == f"{meaning} (acts)"
        assert stata.value_labels()["dyad_state"][1] == table.frame["dyad_state"].cat.categories[0]
        assert stata.data_label == "DyadTable of friendship"
    _, spss = pyreadstat.read_sav(str(tmp_path / "d.sav"))
    assert spss.column_names_to_labels["acts"] == f"{meaning} (acts)"
    assert spss.variable_value_labels["dyad_state"][1] == table.frame["dyad_state"].cat.categories[0]
    assert spss.variable_measure["dyad_state"] == "nominal"
    assert spss.variable_measure["acts"] == "scale"
    book = load_workbook(tmp_path / "d.xlsx", read_only=True)
    assert book.sheetnames == ["table", "codebook", "facts"]
    facts = [row[0] for row in book["facts"].iter_rows(values_only=True)]
    assert set(table.facts()) <= set(facts)
    said = pq.read_schema(tmp_path / "d.parquet").metadata
    assert json.loads(said[b"honestsignals.facts"]) == table.facts()
    assert len(json.loads(said[b"honestsignals.codebook"])) == len(table.frame.columns)
    for ending in (".html", ".md", ".tex"):
        assert "435 pairs of 435 possible" in (tmp_path / f"d{ending}").read_text(encoding="utf-8")


def test_provenance_tells_what_was_done_and_no_more(study: hs.Study, tmp_path: Path) -> None:
    table = study.dyads(label="friendship", metrics=["acts"])
    made = hs.export(table, tmp_path / "d.dta", pseudonyms=KEY, least=9)
    text = made.paths[2].read_text(encoding="utf-8")
    said = json.loads(text)
    for file, written in zip(made.paths, said["files"], strict=False):
        assert hashlib.sha256(file.read_bytes()).hexdigest() == written["sha256"]
        assert written["name"] == file.name
    assert said["asked for"] == {"pseudonyms of": ["ego", "alter"], "least": 9}
    assert said["done"] == list(made.said)
    assert said["table"] == {
        "title": "DyadTable of friendship",
        "rows": 435,
        "columns": len(table.frame.columns),
    }
    assert said["versions"]["honestsignals"] == hs.__version__
    assert said["versions"]["pandas"] == pd.__version__
    everything = b"".join(one.read_bytes() for one in made.paths)
    for secret in (KEY.encode(), str(tmp_path).encode(), str(PROJECT).encode(), b"P01"):
        assert secret not in everything
    assert len(hs.export(table, tmp_path / "e.csv", provenance=False).paths) == 2


def test_the_same_table_gives_the_same_bytes(study: hs.Study, tmp_path: Path) -> None:
    table = study.dyads(label="friendship", metrics=["acts", "dyad_state"])
    written = {}
    for turn in ("one", "two"):
        (tmp_path / turn).mkdir()
        for ending in FORMS:
            for one in hs.export(table, tmp_path / turn / f"d{ending}").paths:
                written.setdefault(one.name, []).append(one.read_bytes())
        if turn == "one":
            # archives count two seconds at a time
            time.sleep(2.1)
    assert [name for name, (first, second) in written.items() if first != second] == []


def test_results_and_tables_of_metrics_go_to_every_form(study: hs.Study, tmp_path: Path) -> None:
    fit = hs.fit("friendship ~ log1p(acts)", study.dyads(label="friendship", metrics=["acts"]))
    people, network = study.people_metrics(), study.network_metrics()
    writers = {".parquet": "to_parquet", ".xlsx": "to_excel", ".dta": "to_stata", ".sav": "to_spss"}
    for place, table in enumerate((fit, people, network)):
        for ending, writer in writers.items():
            path = tmp_path / f"t{place}{ending}"
            getattr(table, writer)(path)
            whole = table.frame if isinstance(table, MetricTable) else table.tidy()
            back = hs.read_export(path)
            pd.testing.assert_frame_equal(back, whole, check_dtype=False, check_column_type=False)
        with pytest.raises(hs.OutputError, match=r"'x.csv' ends in none of .dta"):
            table.to_stata(tmp_path / "x.csv")
    book = pd.read_csv(tmp_path / "t2.dta.codebook.csv")
    assert book.columns[0] == "metric"
    assert set(network.frame["name"]) <= set(book["metric"])
    assert (
        book.set_index("metric").loc["people without acts matter", "stored as"]
        == "people_without_acts_matter"
    )
    table = study.dyads(label="friendship", metrics=["acts"])
    assert table.to_markdown().startswith("| ego")
    assert table.to_latex(tmp_path / "d.tex").startswith(r"\begin{tabular}")
    assert table.to_html().startswith("<table>")


# names of columns


def test_names_fit_stata_and_spss_and_stay_apart() -> None:
    names = [
        *("contingent_return_poisson_alter__help", "contingent_return_poisson_alter__helps", "int", "_all"),
        *(
            "str12",
            "2nd",
            "a b",
            "a_b",
            "a-b",
            "Acts",
            "acts",
            "ALL",
            "with",
            "",
            "=1+1",
            "Ärger",
            "日本" * 40,
        ),
        *("x" * 70, "x" * 71, "_", "a_", "😀", "v"),
    ]
    stata = stored_names(FORMS[".dta"], names)
    assert len(set(stata.values())) == len(names)
    assert all(re.fullmatch(r"[^\W\d]\w{0,31}", one) for one in stata.values())
    assert stata["a_b"] == "a_b"
    assert stata["Ärger"] == "Ärger"
    assert {"int", "_all", "str12", "with"}.isdisjoint(stata.values())
    spss = stored_names(FORMS[".sav"], names)
    assert len({one.upper() for one in spss.values()}) == len(names)
    assert all(one[0].isalpha() and len(one.encode()) <= 64 and one[-1] not in "._" for one in spss.values())
    assert {"ALL", "WITH"}.isdisjoint(one.upper() for one in spss.values())
    assert stored_names(FORMS[".xlsx"], names) == {one: one for one in names}


def test_the_codebook_says_what_a_column_is_called_in_the_file(tmp_path: Path) -> None:
    names = [f"contingent_return_poisson_alter__{end}" for end in ("help", "information")]
    given = pd.DataFrame({one: [place + 0.5] for place, one in enumerate(names)})
    made = hs.export(given, tmp_path / "x.dta")
    book = pd.read_csv(made.paths[1])
    plain = pd.read_stata(made)
    assert dict(zip(book["column"], book["stored as"], strict=True)) == dict(
        zip(names, plain.columns, strict=True)
    )
    assert "Names that are others in Stata (2): " in str(made)
    assert hs.read_export(made).columns.tolist() == names


# people under other names


def renamed(study: hs.Study, names: dict[str, str], folder: Path) -> hs.Study:
    """The study with its people renamed, written and read."""
    source = PROJECT / "data" / "helpdesk"
    folder.mkdir()
    for file in source.glob("*.*"):
        text = file.read_text(encoding="utf-8")
        for old, new in names.items() if file.suffix == ".csv" else ():
            text = re.sub(rf"\b{old}\b", new, text)
        (folder / file.name).write_text(text, encoding="utf-8")
    return hs.open_study(folder)


@pytest.mark.parametrize("label", ["friendship", "trust", None])
def test_pseudonyms_are_as_if_people_had_been_called_so(
    label: str | None, study: hs.Study, tmp_path: Path
) -> None:
    names = {f"P{place:02}": pseudonym(KEY.encode(), f"P{place:02}") for place in range(1, 31)}
    options = {"metrics": "all"} if label is None else {"label": label}
    expected = renamed(study, names, tmp_path / "study").dyads(**options)
    made = hs.export(study.dyads(**options), tmp_path / "d.parquet", pseudonyms=KEY)
    found = hs.read_export(made)
    order = expected.frame.sort_values(["ego", "alter"], ignore_index=True)
    pd.testing.assert_frame_equal(found, order, check_dtype=False, rtol=1e-9, atol=1e-9)
    assert found["ego"].is_monotonic_increasing
    if label == "trust":
        return
    assert (found["ego"] < found["alter"]).all()
    assert any("columns of the two are turned" in line for line in made.said)


def test_one_person_has_one_pseudonym_everywhere(study: hs.Study, tmp_path: Path) -> None:
    pairs = hs.read_export(hs.export(study.dyads(metrics=["acts"]), tmp_path / "d.csv", pseudonyms=KEY))
    people = hs.read_export(hs.export(study.people_metrics(), tmp_path / "p.sav", pseudonyms=KEY.encode()))
    assert set(people["person"]) == {*pairs["ego"], *pairs["alter"]}
    other = hs.read_export(hs.export(study.people_metrics(), tmp_path / "o.csv", pseudonyms=KEY + "!"))
    assert set(people["person"]).isdisjoint(other["person"])
    numbers = pd.DataFrame({"person": [1, 2], "x": [0.1, 0.2]})
    made = [
        hs.read_export(hs.export(one, tmp_path / "n.csv", pseudonyms=KEY)).set_index("person")["x"].to_dict()
        for one in (numbers, numbers.astype({"person": str}), numbers.astype({"person": float}))
    ]
    assert made[0] == made[1] == made[2]
    assert all(re.fullmatch("p[0-9a-f]{16}", one) for one in made[0])


def test_what_would_tell_who_is_who_is_refused_or_left_out(study: hs.Study, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = pd.DataFrame({"ego": ["Ann", "Bob"], "alter": ["Cid", "Cid"], "row": [0, 1], "trust": [1.0, 2.0]})
    with pytest.raises(hs.ArgumentError, match="has 5 characters; it must have at least 16"):
        hs.export(rows, path, pseudonyms="short")
    with pytest.raises(hs.ArgumentError, match="is a int; it must be text or bytes"):
        hs.export(rows, path, pseudonyms=7)
    with pytest.raises(hs.DesignError, match="'boss' holds ids of people too"):
        hs.export(rows.assign(boss=["Cid", "x"]), path, pseudonyms=KEY)
    with pytest.raises(hs.DesignError, match="no column is known to name people"):
        hs.export(rows[["trust"]], path, pseudonyms=KEY)
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'trust'"):
        hs.export(rows, path, pseudonyms=KEY, ids=["trst"])
    with pytest.raises(hs.DesignError, match="add 'acts_alter' to the table"):
        hs.export(study.dyads(metrics=["acts_ego"]), path, pseudonyms=KEY)
    assert not list(tmp_path.iterdir())
    made = hs.export(rows.assign(boss=["Cid", "x"]), path, pseudonyms=KEY, ids=["boss"])
    back = hs.read_export(made)
    assert "row" not in back.columns
    assert "Each pair has its sides as they were" in str(made)
    made = hs.export(rows[["trust"]], path, pseudonyms=KEY, ids=[])
    assert "No column names people" in str(made)


def test_facts_that_name_somebody_stay_behind(tmp_path: Path) -> None:
    about = (Fact("person", "person", "design", "who", unit="id", range=NO_RANGE),)
    notes = ("30 people.", "Ann Lee answers nobody.", "person 7 is left out.", "7 days.")
    for people, lost in ((["Ann Lee", "Bob"], 1), ([7, 8], 2)):
        table = MetricTable("People", pd.DataFrame({"person": people, "x": [1.0, 2.0]}), about, notes)
        made = hs.export(table, tmp_path / "p.csv", pseudonyms=KEY)
        facts = json.loads(made.paths[2].read_text(encoding="utf-8"))["facts"]
        assert notes[lost] not in facts
        assert len(facts) == 3


# cells of few


def people_table(sizes: dict[str, int]) -> tuple[pd.DataFrame, dict[str, str]]:
    """All pairs of people who have a category each, so many of each."""
    office = {f"{name}{place}": name for name, size in sizes.items() for place in range(size)}
    people = sorted(office)
    pairs = [(one, other) for place, one in enumerate(people) for other in people[place + 1 :]]
    frame = pd.DataFrame(pairs, columns=["ego", "alter"])
    for side in ("ego", "alter"):
        frame[f"{side}_office"] = frame[side].map(office)
    frame["same_office"] = (frame["ego_office"] == frame["alter_office"]).astype(float)
    return frame, office


@pytest.mark.parametrize(
    ("sizes", "blank"),
    [
        ({"a": 8, "b": 6, "c": 5}, set()),
        ({"a": 8, "b": 6, "c": 2, "d": 3}, {"c", "d"}),
        # one small category alone would be known from the others: the next goes with it
        ({"a": 8, "b": 6, "c": 2}, {"b", "c"}),
        ({"a": 3}, {"a"}),
    ],
)
def test_categories_of_few_people_are_blank(sizes: dict[str, int], blank: set[str], tmp_path: Path) -> None:
    frame, office = people_table(sizes)
    made = hs.export(frame, tmp_path / "x.parquet", least=5)
    back = hs.read_export(made)
    hidden = {side: frame[f"{side}_office"].isin(blank) for side in ("ego", "alter")}
    for side in ("ego", "alter"):
        expected = frame[f"{side}_office"].mask(hidden[side])
        # None and NaN are one here, as they are to the file
        found = back[f"{side}_office"].astype(object)
        assert found.where(found.notna(), "").tolist() == expected.where(expected.notna(), "").tolist()
    same = frame["same_office"].mask(hidden["ego"] | hidden["alter"])
    pd.testing.assert_series_equal(back["same_office"], same)
    people = sum(1 for one in office.values() if one in blank)
    told = f"{len(blank)} categories of {people} people are blank" if blank else "No category of an attribute"
    assert told in str(made)
    assert people == 0 or people >= 5 or people == len(office)


def test_levels_that_are_blank_are_no_levels_either(tmp_path: Path) -> None:
    frame, _ = people_table({"a": 8, "b": 3, "rare": 2})
    for side in ("ego", "alter"):
        frame[f"{side}_office"] = frame[f"{side}_office"].astype("category")
    for ending in (".dta", ".sav", ".parquet", ".csv"):
        made = hs.export(frame, tmp_path / f"x{ending}", least=5, pseudonyms=KEY)
        assert not any(b"rare" in one.read_bytes() for one in made.paths)


def test_attributes_of_a_study_are_told_by_what_they_are(study: hs.Study, tmp_path: Path) -> None:
    table = study.dyads(metrics=["acts"])
    offices = (
        pd.concat(
            [
                table.frame[["ego", "ego_office"]].set_axis(["person", "office"], axis=1),
                table.frame[["alter", "alter_office"]].set_axis(["person", "office"], axis=1),
            ]
        )
        .drop_duplicates()["office"]
        .value_counts()
    )
    least = int(offices.min()) + 1
    made = hs.export(table, tmp_path / "d.csv", least=least)
    back = hs.read_export(made)
    assert offices.idxmin() not in set(back["ego_office"])
    assert back["ego_tenure"].notna().all()
    assert "Attributes that are numbers are as they were: tenure." in made.said


def test_counts_of_few_go_with_what_is_computed_from_them(study: hs.Study, tmp_path: Path) -> None:
    table = study.network_metrics()
    made = hs.export(table, tmp_path / "n.csv", least=16)
    before = table.frame.set_index("name")["value"]
    after = hs.read_export(made).set_index("name")["value"]
    units = {one.name: one.unit for one in table.about}
    small = {
        name
        for name, value in before.items()
        if units[name] in ("dyads", "triads", "people", "arcs") and 0 < value < 16
    }
    assert "asymmetric_dyads" in small
    assert after[list(small)].isna().all()
    resting = {
        "arcs",
        "density",
        "reciprocity_dyadic",
        "reciprocity_edgewise",
        "reciprocity_rho",
        "katz_powell",
    }
    assert after[list(resting)].isna().all()
    kept = ["mutual_dyads", "null_dyads", "reciprocity_weighted", "triads_300", "skew_symmetry"]
    pd.testing.assert_series_equal(after[kept], before[kept])
    assert f"{len(small)} counts under 16 are blank" in str(made)
    assert "what subtraction tells is not hidden" in str(made)


def test_rows_that_rest_on_few_lose_their_numbers(tmp_path: Path) -> None:
    rates = pd.DataFrame(
        {"office": ["a", "b", "c"], "wave": [1, 2, 3], "rows": [40, 3, 0], "base_rate": [0.5, 2 / 3, np.nan]}
    )
    back = hs.read_export(hs.export(rates, tmp_path / "x.csv", least=5))
    assert back["office"].tolist() == ["a", "b", "c"]
    assert back["wave"].tolist() == [1, 2, 3]
    assert back["rows"].isna().tolist() == [False, True, False]
    assert back["base_rate"].isna().tolist() == [False, True, True]
    assert "No column counts people" in str(hs.export(rates[["office"]], tmp_path / "x.csv", least=5))
    for least in (0, 1):
        kept = hs.read_export(hs.export(rates, tmp_path / "x.csv", least=least))
        pd.testing.assert_frame_equal(kept, rates, check_dtype=False, check_column_type=False)


@pytest.mark.parametrize("least", [-1, 2.5, True, "5"])
def test_a_size_of_cells_is_a_whole_number(least: object, tmp_path: Path) -> None:
    with pytest.raises(hs.ArgumentError, match="it must be a whole number from 0 on"):
        hs.export(pd.DataFrame({"x": [1]}), tmp_path / "x.csv", least=least)


def test_facts_with_small_numbers_stay_behind(study: hs.Study, tmp_path: Path) -> None:
    found = {line: NUMBER.findall(line) for line in study.dyads(label="friendship").facts()}
    assert found["Only acts before 2024-04-01 count: friendship was asked then."] == []
    assert any(
        "Conversation gap and reply window 1 h; periods of 7 days" in line and not seen
        for line, seen in found.items()
    )
    notes = (
        "Left out: 3 unknown.",
        "Base rate: 0.5% (3 of 600).",
        "1,203 pairs.",
        "Gap 1 h, 0.4, 2024-03-01.",
    )
    table = MetricTable("Pairs", pd.DataFrame({"rows": [40]}), (), notes)
    made = hs.export(table, tmp_path / "x.csv", least=5)
    assert json.loads(made.paths[2].read_text(encoding="utf-8"))["facts"] == list(notes[2:])


# whole or not at all


@pytest.mark.parametrize("ending", [*FORMS])
def test_a_failure_leaves_what_was_there(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"x{ending}"
    earlier = hs.export(pd.DataFrame({"n": [1]}), path)
    before = {one: one.read_bytes() for one in earlier.paths}
    real, done = Path.replace, []

    def replace(self: Path, target: Path) -> Path:
        done.append(target)
        if len(done) == 3:
            raise OSError("the disk is full")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OSError, match="full"):
        hs.export(pd.DataFrame({"n": [2, 3]}), path)
    assert {one: one.read_bytes() for one in tmp_path.iterdir()} == before
    done.clear()
    with pytest.raises(OSError, match="full"):
        hs.export(pd.DataFrame({"n": [2, 3]}), tmp_path / f"new{ending}")
    assert set(tmp_path.iterdir()) == set(before)


def test_files_without_links_are_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: Path, target: Path) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", none)
    paths = [tmp_path / "a", tmp_path / "b"]
    for one in paths:
        one.write_text("old", encoding="utf-8")
    with pytest.raises(ZeroDivisionError), all_or_none(paths):
        _ = 1 / 0
    assert [one.read_text(encoding="utf-8") for one in paths] == ["old", "old"]
    with all_or_none(paths) as drafts:
        for one in drafts:
            one.write_text("new", encoding="utf-8")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a", "b"]
    assert [one.read_text(encoding="utf-8") for one in paths] == ["new", "new"]


@pytest.mark.parametrize(
    ("table", "name", "message"),
    [
        (
            pd.DataFrame({"n": [1]}),
            "x.ods",
            "'x.ods' ends in none of .csv, .csv.gz, .parquet, .xlsx, .dta, .sav",
        ),
        (pd.DataFrame({"n": [1]}), "none/x.csv", "There is no folder"),
        (pd.DataFrame({"n": [1]}), "x.codebook.csv", "is what the codebook of another table is called"),
        ([1, 2], "x.csv", "A list cannot be exported"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "x.csv", "Several columns are called 'a'"),
        (pd.DataFrame({"n": [1]}, index=["Ann"]), "x.csv", r"The index \(such as 'Ann'\) would be lost"),
        (pd.DataFrame({"n": [1]}).rename_axis("who"), "x.csv", r"The index \('who'\) would be lost"),
        (pd.DataFrame(), "x.csv", "The table has no columns"),
        (pd.DataFrame({"n": ["x" * 32_768]}), "x.xlsx", "a cell of Excel holds 32,767"),
        (pd.DataFrame({"n": ["ü" * 16_384]}), "x.sav", "has 32,768 bytes; a cell of SPSS holds 32,767"),
        (pd.DataFrame({"n": ["a\0b"]}), "x.dta", "holds the sign NUL"),
        (pd.DataFrame({"n": ["\ud800"]}, dtype=object), "x.csv", "holds half a character"),
        (
            pd.DataFrame(0, index=range(1_048_576), columns=["n"]),
            "x.xlsx",
            "1,048,576 rows; Excel holds 1,048,575",
        ),
        (
            pd.DataFrame(0, index=range(5), columns=range(200_001)),
            "x.md",
            "1,000,005 cells; Markdown is for people",
        ),
        (pd.DataFrame(0, index=[0], columns=range(16_385)), "x.xlsx", "16,385 columns; Excel holds 16,384"),
    ],
)
def test_what_no_file_can_hold_is_refused(table: object, name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(hs.HonestSignalsError, match=message):
        hs.export(table, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_long_texts_and_no_rows_go_through(tmp_path: Path) -> None:
    for rows in (pd.DataFrame({"note": ["y" * 3000, "z"], "n": [1, 2]}), frame_of(["a", "b"]).iloc[:0]):
        for ending in DATA:
            back = hs.read_export(hs.export(rows, tmp_path / f"x{ending}"))
            pd.testing.assert_frame_equal(back, rows, check_column_type=False, check_dtype=False)


# the command line and the page


def test_the_command_hides_names_by_a_key_of_a_file(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from honestsignals.cli import app

    source, key = str(PROJECT / "data" / "helpdesk"), tmp_path / "key.txt"
    key.write_text(KEY + "\n", encoding="utf-8")
    hidden = ["--pseudonyms-key-file", str(key)]
    for command, name in (("dyads", "d.xlsx"), ("people", "p.sav")):
        out = CliRunner().invoke(app, [command, source, "-o", str(tmp_path / name), *hidden, "--least", "5"])
        assert out.exit_code == 0, out.output
        assert f"Written: {tmp_path / name}" in out.output
        assert "P01" not in out.output
        back = hs.read_export(tmp_path / name)
        assert pseudonym(KEY.encode(), "P01") in set(back.iloc[:, 0]) | set(back.iloc[:, 1])
    out = CliRunner().invoke(app, ["network", source, "-o", str(tmp_path / "n.dta"), "--least", "16"])
    assert out.exit_code == 0, out.output
    assert hs.read_export(tmp_path / "n.dta")["value"].isna().any()
    out = CliRunner().invoke(app, ["people", source, *hidden])
    assert out.exit_code != 0
    assert "are for a file; name one with --output" in out.output
    key.write_text("short\n", encoding="utf-8")
    out = CliRunner().invoke(app, ["people", source, "-o", str(tmp_path / "q.csv"), *hidden])
    assert "has 5 characters" in out.output


def test_the_page_says_what_the_forms_hold() -> None:
    page = (PROJECT / "docs" / "exporting.md").read_text(encoding="utf-8")
    rows = {
        cells[0]: cells[1:]
        for cells in (
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in page.splitlines()
            if line.startswith("|")
        )
    }
    for form in FORMS.values():
        said = rows[f"`{form.ending}`"]
        assert said[0] == form.title
        numbers = [f"{one:,}" if one else "–" for one in (form.rows, form.columns, form.text)]
        assert said[1:4] == numbers
        finest = {"ns": "all", "ms": "milliseconds"}[form.moments] if form.read_back else "as printed"
        assert said[4] == finest

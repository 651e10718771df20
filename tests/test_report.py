"""The report of a study: what it says, that it is whole or not there, and that nobody is named in it."""

from __future__ import annotations

import os
import re
import runpy
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import honestsignals as hs
from honestsignals.cli import app
from honestsignals.metrics.registry import entries
from honestsignals.progress import progress
from honestsignals.references import REFERENCES
from honestsignals.reporting import findings, folder, page
from honestsignals.reporting import report as reporting
from honestsignals.reporting.chance import Chance
from honestsignals.reporting.summary import asymmetries
from honestsignals.reporting.words import STEPS
from tests.reports import NASTY, NO_TIMES, Page, content, names, plain_study
from tests.shared import PROJECT

pytestmark = pytest.mark.slow
"""On the lowest versions tests/test_report_studies.py writes reports, of real studies."""


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hs.simulate(people=24, days=56, seed=3).write(tmp_path_factory.mktemp("studies") / "simulated")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hs.simulate(people=12, days=28, seed=3).write(tmp_path_factory.mktemp("studies") / "small")


@pytest.fixture(scope="module")
def heard() -> list[str]:
    return []


@pytest.fixture(scope="module")
def written(simulated: Path, heard: list[str], tmp_path_factory: pytest.TempPathFactory) -> reporting.Report:
    target = tmp_path_factory.mktemp("reports") / "report"
    return hs.report(simulated, target, draws=199, progress=heard.append)


@pytest.fixture(scope="module")
def parsed(written: reporting.Report) -> Page:
    return Page(written.page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def marked(written: reporting.Report) -> str:
    return (written.folder / "report.md").read_text(encoding="utf-8")


def quick(study: object, target: Path, **options: object) -> reporting.Report:
    """A report without the parts that take long."""
    return hs.report(study, target, **{"parts": (), **options})


# the page


def test_page_is_one_that_a_screen_reader_can_walk(parsed: Page) -> None:
    assert parsed.open == []
    assert parsed.all("html") == [{"lang": "en"}]
    for landmark in ("header", "main", "footer", "nav"):
        assert len(parsed.all(landmark)) == 1
    ids = [attrs["id"] for _, attrs in parsed.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for attrs in parsed.all("section"):
        assert attrs["aria-labelledby"] in ids
    for attrs in parsed.all("a"):
        assert attrs["href"][1:] in ids or attrs["href"].startswith("https://doi.org/")


def test_every_table_and_figure_scrolls_for_itself_and_says_what_it_is(parsed: Page) -> None:
    tables, drawn = parsed.all("table"), parsed.all("figure")
    assert len(tables) == len(parsed.all("caption")) == 13
    assert len(drawn) == len(parsed.all("figcaption")) == 9
    boxes = [attrs for attrs in parsed.all("div") if "scroll" in attrs.get("class", "")]
    assert len(boxes) == len(tables) + len(drawn)
    for attrs in boxes:
        assert attrs["tabindex"] == "0"
        assert attrs["role"] == "region"
        assert attrs["aria-label"]
    assert all(attrs.get("scope") in ("col", "row") for attrs in parsed.all("th"))


def test_page_needs_nothing_else(written: reporting.Report, parsed: Page) -> None:
    text = written.page.read_text(encoding="utf-8")
    for tag in ("script", "link", "img", "iframe", "object", "embed", "base"):
        assert parsed.all(tag) == []
    for _, attrs in parsed.elements:
        assert "src" not in attrs
        assert not any(name.startswith("on") for name in attrs)
        assert attrs.get("xlink:href", "#").startswith("#")
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_every_figure_says_what_it_shows(written: reporting.Report, parsed: Page, marked: str) -> None:
    drawn = {path.stem: path.read_text(encoding="utf-8") for path in written.folder.glob("figures/*.svg")}
    for attrs in parsed.all("svg"):
        assert attrs["role"] == "img"
        assert len(attrs["aria-label"]) > 60
    assert set(drawn) == {
        "give-take",
        "network",
        "reciprocity-null",
        "coefficients",
        "permutation-null",
        "ladder",
        "roc",
        "precision-recall",
        "reliability",
    }
    for name, text in drawn.items():
        assert text.startswith("<svg xmlns="), name
        assert "<title>" in text
        assert "<desc>" in text
        assert "metadata" not in text
        assert re.search(rf"!\[[^\]]{{40,}}\]\(figures/{name}\.svg\)", marked), name


def test_page_says_what_the_facts_and_the_steps_say(written: reporting.Report, parsed: Page) -> None:
    for line in written.ladder.sentences():
        assert parsed.text.count(line) == 2, line
    for line in (written.evaluation.headline, *written.further):
        assert line in parsed.text
    rate = next(line for line in written.facts if line.startswith("Base rate"))
    assert rate in parsed.text
    assert "known(reply_rate)" in parsed.text
    assert "The study has 2 labels; this is the first, friendship." in parsed.text
    assert "Fafchamps & Gubert 2007" in parsed.text


def test_in_short_the_gain_on_people_never_seen_stands_with_the_base_rate(
    written: reporting.Report, parsed: Page
) -> None:
    text = parsed.text
    short = text[text.index("In short") : text.index("From 2024")]
    assert "Base rate of friendship" in short
    assert written.evaluation.headline in short
    assert "When people change places (199 permutations)" in short


def test_markdown_says_what_the_page_says(written: reporting.Report, parsed: Page, marked: str) -> None:
    def plain(text: str) -> str:
        return " ".join(re.sub(r"[\\*|>#`]", "", text).split())

    said = plain(marked)
    headings = [line.lstrip("# ") for line in marked.splitlines() if line.startswith("## ")]
    shown = re.findall(r"<h2[^>]*>([^<]*)</h2>", written.page.read_text(encoding="utf-8"))
    assert headings == shown
    for line in (*written.ladder.sentences(), written.evaluation.headline, *written.ladder.remarks()):
        assert plain(line) in said, line
    tables = sum(1 for line in marked.splitlines() if re.fullmatch(r"\|( :?-+:? \|)+", line))
    assert tables == len(parsed.all("table"))


def test_numbers_are_those_of_the_same_calls_by_hand(written: reporting.Report, simulated: Path) -> None:
    study = hs.open_study(simulated)
    table = study.dyads(label="friendship")
    fit = written.ladder.fits["timing"]
    errors = pd.read_csv(written.folder / "tables" / "errors.csv")
    ladder = fit.ladder().tidy()
    np.testing.assert_allclose(errors["jackknife"], ladder["jackknife"], rtol=1e-12)
    alone = hs.permute(fit, draws=199, seed=1)
    permuted = pd.read_csv(written.folder / "tables" / "permutation.csv")
    np.testing.assert_allclose(permuted["p_value"], alone.tidy()["p_value"], rtol=1e-12)
    by_hand = hs.evaluate(table, seed=1).tidy()
    scores = pd.read_csv(written.folder / "tables" / "evaluation.csv")
    np.testing.assert_allclose(scores["auc_gain"], by_hand["auc_gain"], rtol=1e-9)
    network = pd.read_csv(written.folder / "tables" / "network.csv").set_index("metric")["value"]
    mutual = study.network_metrics("mutual_dyads").frame["value"].iloc[0]
    assert network["mutual_dyads"] == mutual
    people = pd.read_csv(written.folder / "tables" / "people.csv").set_index("metric")
    assert people["mean"]["given"] == pytest.approx(study.people_metrics("given").frame["given"].mean())


def test_methods_tell_of_what_was_run_and_of_nothing_else(
    written: reporting.Report, parsed: Page, small: Path, tmp_path: Path
) -> None:
    assert "double semi-partialling" in parsed.text
    assert "trained and tested in folds" in parsed.text
    assert "scikit-learn" in parsed.text
    made = quick(small, tmp_path / "quick")
    bare = Page(made.page.read_text(encoding="utf-8")).text
    assert "double semi-partialling" not in bare
    assert "trained and tested in folds" not in bare
    assert "Bates" not in bare
    assert "scikit-learn" not in bare
    assert "Not permuted: Permutations were not asked for." in bare
    assert "Not evaluated: An evaluation was not asked for." in bare


def test_page_names_no_machine_and_no_clock(written: reporting.Report, simulated: Path) -> None:
    for name, found in content(written.folder).items():
        text = found.decode()
        assert str(simulated.parent) not in text, name
        assert str(Path.home()) not in text, name
        assert not re.search(r"\b\d\d:\d\d:\d\d\b", text), name
    page_text = written.page.read_text(encoding="utf-8")
    assert "study.toml" in page_text
    assert len(re.findall(r"\b[0-9a-f]{64}\b", page_text)) == 4


def test_what_is_done_is_told_in_words(heard: list[str], written: reporting.Report) -> None:
    assert written.page.is_file()
    for begin in (
        "Reading the study",
        "Measuring pairs",
        "Fitting timing",
        "Permuting people: 199 of 199 permutations",
    ):
        assert begin in heard
    assert any(line.startswith("Evaluating: ") for line in heard)
    assert any(line.startswith("Drawing ") for line in heard)
    assert heard[-1] == "Writing"
    with progress() as tell:
        # nothing of a report's own listener is left behind
        assert tell is not heard.append


# the files


def test_folder_holds_these_files(written: reporting.Report, parsed: Page) -> None:
    found = set(content(written.folder))
    assert set(reporting.FILES) - found == {"tables/asymmetries.csv", "tables/asymmetries.tex"}
    assert found <= set(reporting.FILES)
    mode = written.folder.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    assert mode == 0o777 & ~umask
    for name in found:
        assert name.removesuffix(".tex").removesuffix(".csv") in parsed.text, name


def test_tables_hold_every_digit(written: reporting.Report) -> None:
    tables = written.folder / "tables"
    found = pd.read_csv(tables / "ladder.csv")
    pd.testing.assert_frame_equal(found, written.ladder.tidy(), check_dtype=False, rtol=1e-15)
    steps = pd.read_csv(tables / "steps.csv")
    assert list(steps["step"]) == list(STEPS)
    assert list(steps["result"]) == written.ladder.sentences()


def test_latex_is_of_plain_letters_and_balanced(written: reporting.Report) -> None:
    for path in written.folder.glob("tables/*.tex"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("\\begin{tabular}")
        assert text.rstrip().endswith("\\end{tabular}")
        assert not re.search("[−∞Δ→²χ–]", text), path.name
        columns = text.split("\\midrule")[0].count("&")
        rows = [line for line in text.splitlines() if line.endswith("\\\\")]
        assert {row.replace("\\&", "").count("&") for row in rows} == {columns}, path.name


def test_same_study_and_seed_give_the_same_bytes(
    simulated: Path, written: reporting.Report, tmp_path: Path
) -> None:
    with mpl.rc_context({"font.size": 21, "axes.facecolor": "red"}):
        again = hs.report(hs.open_study(simulated), tmp_path / "again", draws=199)
    assert content(again.folder) == content(written.folder)


# what is asked of a report


def test_another_seed_gives_other_draws(small: Path, written: reporting.Report, tmp_path: Path) -> None:
    made = hs.report(small, tmp_path / "other", seed=2, draws=99, parts="permutation")
    assert made.permutation.seed == 2
    assert made.permutation.found.draws == 99
    assert made.evaluation is None
    assert "Seed 2" in Page(made.page.read_text(encoding="utf-8")).text


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"parts": ["permutations"]}, hs.UnknownNameError, "Did you mean 'permutation'"),
        ({"draws": 0}, hs.ArgumentError, "draws is 0; it must be a whole number from 1 on"),
        ({"draws": 9.5}, hs.ArgumentError, "draws is 9.5"),
        ({"least": -1}, hs.ArgumentError, "least is -1; it must be a whole number from 0 on"),
        ({"least": True}, hs.ArgumentError, "least is True"),
        ({"seed": -1}, hs.ArgumentError, "seed"),
        ({"progress": 3}, hs.ArgumentError, "progress is 3; it must be a function"),
        ({"label": "frendship"}, hs.UnknownNameError, "Did you mean 'friendship'"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_any_work(
    small: Path, tmp_path: Path, options: dict, error: type, message: str
) -> None:
    with pytest.raises(error, match=message):
        hs.report(small, tmp_path / "report", **options)
    assert list(tmp_path.iterdir()) == []


def test_too_many_rows_for_permutations_are_said(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "WORK", 100_000)
    made = hs.report(simulated, tmp_path / "report", parts=["permutation"])
    assert made.permutation is None
    text = Page(made.page.read_text(encoding="utf-8")).text
    assert "Not permuted: 276 rows with 8 coefficients leave room for fewer than 99 permutations" in text
    monkeypatch.setattr(findings, "WORK", 276 * 8 * 120)
    again = hs.report(simulated, tmp_path / "report", parts=["permutation"])
    assert again.permutation.found.draws == 120


def test_few_people_get_no_numbers_that_rest_on_fewer(small: Path, tmp_path: Path) -> None:
    full = quick(small, tmp_path / "full")
    made = quick(small, tmp_path / "least", least=5)
    before = pd.read_csv(full.folder / "tables" / "base_rate.csv")
    after = pd.read_csv(made.folder / "tables" / "base_rate.csv")
    counts = before[["rows", "events"]]
    counts = counts.assign(rest=counts["rows"] - counts["events"])
    few = ((counts > 0) & (counts < 5)).any(axis=1)
    assert few.any()
    assert after.loc[few, "base_rate"].isna().all()
    assert after.loc[~few, "base_rate"].tolist() == before.loc[~few, "base_rate"].tolist()
    assert not ((after[["rows", "events"]] > 0) & (after[["rows", "events"]] < 5)).any(axis=None)
    text = Page(made.page.read_text(encoding="utf-8")).text
    assert "Base rate of friendship: not in a sentence" in text
    assert next(line for line in full.facts if line.startswith("Base rate")) not in text
    assert "Figures with a mark for every pair are left out" in text
    assert "rests on fewer than 5" in text
    assert not (made.folder / "figures" / "give-take.svg").exists()


def test_a_network_is_told_without_its_small_counts(small: Path, tmp_path: Path) -> None:
    """The same cells are blank as in an export of the same table."""
    full = quick(small, tmp_path / "full")
    made = quick(small, tmp_path / "least", least=20)
    before = pd.read_csv(full.folder / "tables" / "network.csv").set_index("metric")
    after = pd.read_csv(made.folder / "tables" / "network.csv").set_index("metric")
    export = hs.export(hs.open_study(small).network_metrics(), tmp_path / "network.csv", least=20)
    exported = hs.read_export(export).set_index("name")["value"]
    few = before["value"].between(1, 19) & exported.isna()
    assert few[["asymmetric_dyads", "triads_120u"]].all()
    assert after["value"].isna().tolist() == exported.isna().tolist()
    kept = after["value"].dropna()
    assert kept.tolist() == before["value"][kept.index].tolist()
    marked = (made.folder / "report.md").read_text(encoding="utf-8")
    assert re.search(r"\| asymmetric dyads +\| +– ", marked)
    assert re.search(r"also stands for \d+ counts under 20 and \d+ metrics computed from them", marked)
    assert "computed from them" not in (full.folder / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("label", ["friendship", "trust"])
def test_the_ratio_of_errors_is_of_slopes_alone(small: Path, label: str, tmp_path: Path) -> None:
    """An intercept and the cut points of levels are no slopes."""
    made = quick(small, tmp_path / "report", label=label)
    table = pd.read_csv(made.folder / "tables" / "errors.csv")
    assert table["term"].str.contains("|", regex=False).any() == (label == "trust")
    slopes = table[~table["term"].str.contains("|", regex=False) & (table["term"] != "Intercept")]
    ratio = (slopes["jackknife"] / slopes["classical"]).dropna()
    text = (made.folder / "report.md").read_text(encoding="utf-8")
    low, high = re.search(r"errors of the slopes are ([\d.]+) to ([\d.]+) times", text).groups()
    assert (float(low), float(high)) == (round(ratio.min(), 2), round(ratio.max(), 2))


def test_the_command_line_asks_for_the_same(small: Path, tmp_path: Path) -> None:
    options = ["--no-permute", "--no-evaluate", "--names", "--least", "2", "--seed", "3", "--label", "trust"]
    result = CliRunner().invoke(app, ["report", str(small), "-o", str(tmp_path / "shell"), *options])
    assert result.exit_code == 0, result.output
    made = quick(small, tmp_path / "python", parts=["names"], least=2, seed=3, label="trust")
    assert content(made.folder) == content(tmp_path / "shell")
    assert str(made).rpartition("Written")[0] == result.output.rpartition("Written")[0]


# whole or not at all


def test_an_interrupted_report_leaves_nothing(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(page, "html_page", stop)
    with pytest.raises(KeyboardInterrupt):
        quick(small, tmp_path / "report", label="trust")
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_report_is_replaced_and_survives_an_interruption(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report"
    quick(small, target, label="trust")
    earlier = content(target)
    with monkeypatch.context() as patched:
        patched.setattr(page, "html_page", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            quick(small, target)
    assert content(target) == earlier
    quick(small, target)
    assert content(target) != earlier
    assert list(tmp_path.iterdir()) == [target]


def test_what_cannot_be_put_in_place_leaves_the_earlier_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report"
    target.mkdir()
    (target / "report.html").write_text("earlier", encoding="utf-8")
    moved: list[str] = []
    rename = Path.rename

    def second_fails(self: Path, other: Path) -> Path:
        moved.append(self.name)
        if len(moved) == 2:
            raise PermissionError("no")
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(PermissionError), folder.whole_folder(target) as draft:
        (draft / "report.html").write_text("new", encoding="utf-8")
    assert content(target) == {"report.html": b"earlier"}
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_text("x"), "is a file; name a folder"),
        (
            lambda path: (path / "tables").mkdir(parents=True) or (path / "notes.txt").write_text("mine"),
            r"holds what no report wrote \(notes.txt\)",
        ),
        (lambda path: (path / "mine").mkdir(parents=True), r"holds what no report wrote \(mine/\)"),
        (
            lambda path: path.mkdir() or (path / "report.html").write_text("<p>mine</p>"),
            "no report of ours",
        ),
    ],
)
def test_what_is_no_report_is_left_alone(small: Path, tmp_path: Path, make, message: str) -> None:
    target = tmp_path / "report"
    make(target)
    before = content(tmp_path)
    with pytest.raises(hs.OutputError, match=message):
        hs.report(small, target)
    assert content(tmp_path) == before


def test_an_empty_folder_is_used_and_a_missing_parent_refused(small: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    quick(small, tmp_path / "empty")
    assert (tmp_path / "empty" / "report.html").is_file()
    with pytest.raises(hs.OutputError, match="There is no folder"):
        hs.report(small, tmp_path / "none" / "report")


# privacy, and names that are no names


TITLES = """
title = "A <b>plain</b> study & more"
citation = "=cmd() <script>alert(3)</script> ![x](http://example.net/a.png)"
licence = "| a\\n# b {{ 6 * 6 }} <https://example.net>"
"""


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # a title, a citation and a licence may be anything
    toml = NO_TIMES.replace('title = "A <b>plain</b> study & more"', TITLES)
    return plain_study(tmp_path_factory.mktemp("nasty") / "study", (*NASTY, *names(6)), toml=toml, acts=150)


def test_nobody_is_named(nasty: Path, tmp_path: Path) -> None:
    made = hs.report(nasty, tmp_path / "report", draws=99)
    assert made.permutation is not None
    assert made.evaluation is not None
    for name, found in content(made.folder).items():
        text = found.decode()
        for one in (*NASTY, "alert(1)", "alert(2)", "person3", "calc", "two\nlines", "example.org"):
            assert one not in text, f"{one!r} in {name}"
    text = made.page.read_text(encoding="utf-8")
    assert "A &lt;b&gt;plain&lt;/b&gt; study &amp; more" in text
    assert Page(text).all("script", "img") == []
    assert "{{ 6 * 6 }}" in text


def test_names_that_are_asked_for_are_names_and_nothing_else(nasty: Path, tmp_path: Path) -> None:
    made = quick(nasty, tmp_path / "report", parts=["names"])
    text = made.page.read_text(encoding="utf-8")
    found = Page(text)
    assert found.open == []
    for tag in ("script", "img", "iframe", "b"):
        assert len(found.all(tag)) == text.count("<figcaption><b>") * (tag == "b"), tag
    assert found.all("figcaption")
    shown = asymmetries(hs.open_study(nasty).dyads(label="trust"))
    for one in {*shown["giver"], *shown["taker"]}:
        assert " ".join(one.split()) in found.text, one
    assert len({*shown["giver"], *shown["taker"]} & set(NASTY)) > 4
    for _, attrs in found.elements:
        assert not any(name.startswith("on") for name in attrs)
    table = pd.read_csv(made.folder / "tables" / "asymmetries.csv", keep_default_na=False)
    raw = (made.folder / "tables" / "asymmetries.csv").read_text(encoding="utf-8")
    assert not re.search(r'(^|,)"?=', raw)
    assert (table["given"] >= table["returned"]).all()
    tex = (made.folder / "tables" / "asymmetries.tex").read_text(encoding="utf-8")
    assert "\\input" not in tex
    marked = (made.folder / "report.md").read_text(encoding="utf-8")
    assert not re.search(r"(?<!\\)<(?!https://doi)[a-z]", marked)
    links = re.findall(r"(?<!\\)\]\(([^)]*)\)", marked)
    assert set(links) <= {f"figures/{name}.svg" for name in ("give-take", "network", "reciprocity-null")} | {
        "figures/coefficients.svg"
    }


def test_the_largest_asymmetries_are_the_tables_own(nasty: Path, tmp_path: Path) -> None:
    made = quick(nasty, tmp_path / "report", parts=["names"])
    table = pd.read_csv(made.folder / "tables" / "asymmetries.csv", keep_default_na=False)
    acts = pd.read_csv(nasty / "acts.csv", keep_default_na=False)
    acts = acts[acts["sender"] != acts["receiver"]]
    counts = acts.groupby(["sender", "receiver"]).size().to_dict()
    best = max(
        (counts.get((i, j), 0) - counts.get((j, i), 0)) / (counts.get((i, j), 0) + counts.get((j, i), 0))
        for i, j in counts
    )
    assert table["net"].iloc[0] == pytest.approx(best)
    for row in table.itertuples():
        one, two = (re.sub("^'(?=[=+@-])", "", name) for name in (row.giver, row.taker))
        assert (counts.get((one, two), 0), counts.get((two, one), 0)) == (row.given, row.returned)


# what a study cannot have


def test_without_labels_there_is_what_can_be_had(tmp_path: Path) -> None:
    toml = NO_TIMES.partition("[labels.trust]")[0]
    study = plain_study(tmp_path / "study", names(8), toml=toml)
    made = hs.report(study, tmp_path / "report")
    assert made.ladder is None
    assert "no labels" in str(made)
    text = Page(made.page.read_text(encoding="utf-8")).text
    assert "The study has no labels, so there is nothing that give and take could foretell" in text
    assert "How do these people give and take?" in text
    assert "jackknife" not in text
    tables = ("base_rate", "codebook", "left_out", "measures", "network", "people")
    figures = ("give-take", "network", "reciprocity-null")
    assert set(content(made.folder)) == {
        *("report.html", "report.md"),
        *(f"tables/{name}.{end}" for name in tables for end in ("csv", "tex")),
        *(f"figures/{name}.svg" for name in figures),
    }
    with pytest.raises(hs.UnknownNameError, match="label"):
        hs.report(study, tmp_path / "other", label="trust")


def test_without_times_the_timing_step_is_skipped_and_said(tmp_path: Path) -> None:
    made = quick(plain_study(tmp_path / "study", names(12), acts=150), tmp_path / "report")
    said = "Timing is not judged: the acts have no times, from which replies could be told."
    assert made.sentences()[2] == said
    assert list(made.ladder.fits) == ["volume", "balance"]
    text = Page(made.page.read_text(encoding="utf-8")).text
    assert said in text
    assert "Neither trust nor the acts have a date" in text
    assert "may have followed trust as well as foretold it" in text


def test_a_dated_label_is_not_warned_of(parsed: Page) -> None:
    assert "as well as foretold it" not in parsed.text
    assert "Only acts before" in parsed.text


def test_a_label_without_order_has_no_ladder_and_the_rest_goes_on(tmp_path: Path) -> None:
    study = hs.open_study(plain_study(tmp_path / "study", names(12), acts=150))
    study = hs.friendship_class(study, "trust")
    made = hs.report(study, tmp_path / "report", label="trust_class")
    assert made.ladder is None
    assert made.evaluation is not None
    text = Page(made.page.read_text(encoding="utf-8")).text
    assert "trust_class has classes without an order" in text
    assert "Not permuted: trust_class has classes without an order" in text
    assert made.evaluation.headline in text
    rates = pd.read_csv(made.folder / "tables" / "base_rate.csv")
    assert rates[["none", "one-sided", "mutual"]].iloc[0].sum() == 66


def test_a_separated_label_is_reported_in_words(tmp_path: Path) -> None:
    study = plain_study(tmp_path / "study", names(10), acts=60)
    acts = pd.read_csv(study / "acts.csv")
    met = {frozenset(pair) for pair in acts.itertuples(index=False)}
    labels = pd.read_csv(study / "labels.csv")
    labels["trust"] = [int(frozenset((row.source, row.target)) in met) for row in labels.itertuples()]
    labels.to_csv(study / "labels.csv", index=False)
    made = hs.report(study, tmp_path / "report")
    assert made.sentences()[0].startswith("Volume is not judged: The label is separated by")
    assert made.sentences()[1] == (
        "Balance is not judged: volume has no estimate, so there is nothing that it could be judged beyond."
    )
    text = Page(made.page.read_text(encoding="utf-8")).text
    assert "separated" in text
    assert "No model of the label has an estimate" in text
    assert made.permutation is None


def test_a_label_that_does_not_vary_is_reported_in_words(tmp_path: Path) -> None:
    made = hs.report(plain_study(tmp_path / "study", names(10), lambda *_: 1), tmp_path / "report")
    assert made.sentences()[0] == (
        "Volume is not judged: The label is 1 in every row: there is nothing to explain."
    )
    assert "100.00%" in made.page.read_text(encoding="utf-8")
    assert made.evaluation is None


def test_a_label_that_nobody_has_is_reported_in_words(tmp_path: Path) -> None:
    made = hs.report(plain_study(tmp_path / "study", names(6), lambda *_: ""), tmp_path / "report")
    text = Page(made.page.read_text(encoding="utf-8")).text
    assert "Base rate of trust: no row has one." in text
    assert all("is not judged" in line for line in made.sentences())
    assert "No pair in the table is in contact" in text


def test_too_few_people_to_evaluate_are_said(tmp_path: Path) -> None:
    made = hs.report(plain_study(tmp_path / "study", names(3), acts=20), tmp_path / "report")
    text = Page(made.page.read_text(encoding="utf-8")).text
    assert made.evaluation is None
    assert "Not evaluated: " in text


def test_when_all_pairs_are_too_many_those_in_contact_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = NO_TIMES.replace('absent = "unknown"', 'absent = "no"')
    study = plain_study(tmp_path / "study", names(20), toml=toml, acts=80)
    labels = pd.read_csv(study / "labels.csv")
    labels[labels["trust"] == 1].to_csv(study / "labels.csv", index=False)
    monkeypatch.setattr("honestsignals.study.MOST_PAIRS", 100)
    made = quick(study, tmp_path / "report")
    assert "More than five million pairs" in made.page.read_text(encoding="utf-8")
    assert any("not in contact" in line for line in made.facts)
    # every row is in contact, so that in_contact says nothing
    assert "in_contact" not in made.ladder.steps[0].adds


def test_a_report_prints_what_it_found_and_where_it_is(written: reporting.Report) -> None:
    assert str(written).splitlines()[-1].endswith("report.html")
    assert written.evaluation.headline in str(written)
    assert "Balance" in written._repr_html_()


# references


def test_references_are_made_from_the_bibliography() -> None:
    made = runpy.run_path(str(PROJECT / "docs" / "bibliography.py"))["bibliography"]()
    written = (PROJECT / "honestsignals" / "references.json").read_text(encoding="utf-8")
    assert written == made, "run python docs/bibliography.py"
    for key, one in REFERENCES.items():
        assert one.year in key, key
        assert one.authors, key
        assert one.title, key
        assert one.where, key


def test_every_measure_is_cited() -> None:
    used = {entry.fact.reference for entry in entries().values()} - {""}
    assert used <= set(REFERENCES)


@pytest.mark.parametrize(
    ("observed", "said"),
    [(9.0, "two-sided p = 0.1000, the least that 19 draws can give"), (0.5, "two-sided p = 1.0000)")],
)
def test_a_p_value_that_no_draw_can_undercut_is_said_to_be_one(observed: float, said: str) -> None:
    means = np.concatenate([[observed], np.linspace(0, 1, 19)])
    chance = Chance("activity", "dyad", "returned_share", 1, pd.DataFrame(), means)
    assert said in chance.sentence()

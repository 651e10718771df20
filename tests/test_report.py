"""The report of a study: what it says, that it is whole or not there, and that nobody is named in it."""

from __future__ import annotations

import dataclasses
import math
import os
import re
import runpy
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import honestsignals as hs
from honestsignals.dyads import Design, DyadTable
from honestsignals.figures import giving as figures
from honestsignals.figures.svg import svg
from honestsignals.inference.wald import WaldTest
from honestsignals.metrics.registry import Fact, entries
from honestsignals.references import REFERENCES
from honestsignals.reporting import folder, page
from honestsignals.reporting import report as reporting
from honestsignals.reporting.ladder import Step, ladder
from honestsignals.reporting.words import STEPS
from tests.folders import write_study
from tests.shared import PROJECT, needs_shared, shared_path

STUDIES = (
    "bitcoin_alpha",
    "bitcoin_otc",
    "ckm_physicians",
    "classroom",
    "collegemsg",
    "colombia_foodsharing",
    "colombia_rich",
    "copenhagen",
    "eies",
    "highschool2013",
    "kapferer",
    "krackhardt",
    "lazega",
    "nicaragua_arangdak",
    "wiring",
)
SECOND_LABEL = {"eies": "acquaintance_t1", "kapferer": "friendship_t2"}
NASTY = ("=cmd|' /C calc'!A0", "<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "{{ 7 * 7 }}")
NO_TIMES = """
[study]
name = "plain"
title = "A <b>plain</b> study & more"

[acts]
file = "acts.csv"
sender = "sender"
receiver = "receiver"

[people]
file = "people.csv"
id = "id"

[labels.trust]
file = "labels.csv"
source = "source"
target = "target"
value = "trust"
type = "binary"
directed = true
absent = "unknown"
"""


class Page(HTMLParser):
    """What a test asks of a page: elements with their attributes, text, and ids."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attrs for tag, attrs in self.elements if tag in tags]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hs.simulate(people=30, days=84, seed=3).write(tmp_path_factory.mktemp("studies") / "simulated")


@pytest.fixture(scope="module")
def written(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> reporting.Report:
    return hs.report(simulated, tmp_path_factory.mktemp("reports") / "report")


@pytest.fixture(scope="module")
def parsed(written: reporting.Report) -> Page:
    return Page(written.page.read_text(encoding="utf-8"))


def plain_study(
    path: Path, ids: tuple[str, ...], label: object = None, toml: str = NO_TIMES, acts: int = 40
) -> Path:
    """A study without times whose people have the ids given; ``label`` tells a row's from (ego, alter)."""
    rng = np.random.default_rng(8)
    pairs = [(i, j) for i in range(len(ids)) for j in range(len(ids)) if i != j]
    chosen = rng.choice(len(pairs), acts)
    given = pd.DataFrame(
        [(ids[pairs[k][0]], ids[pairs[k][1]]) for k in chosen], columns=["sender", "receiver"]
    )
    answer = label or (lambda i, j: int(rng.random() < 0.4))
    labels = [(ids[i], ids[j], answer(i, j)) for i, j in pairs]
    return write_study(
        path,
        toml=toml,
        acts=given.to_csv(index=False),
        people=pd.DataFrame({"id": ids}).to_csv(index=False),
        labels=pd.DataFrame(labels, columns=["source", "target", "trust"]).to_csv(index=False),
    )


def names(count: int) -> tuple[str, ...]:
    return tuple(f"person{number}" for number in range(count))


def content(path: Path) -> dict[str, bytes]:
    return {
        file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()
    }


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


def test_every_table_scrolls_for_itself_and_says_what_it_is(parsed: Page) -> None:
    tables = parsed.all("table")
    assert len(tables) == len(parsed.all("caption")) == 6
    boxes = [attrs for attrs in parsed.all("div") if "scroll" in attrs.get("class", "")]
    assert len(boxes) == len(tables) + 1
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


def test_figure_says_what_it_shows(written: reporting.Report, parsed: Page) -> None:
    (attrs,) = parsed.all("svg")
    assert attrs["role"] == "img"
    assert "pairs in contact" in attrs["aria-label"]
    drawn = (written.folder / "figures" / "give-take.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<svg xmlns=")
    assert "<title>" in drawn
    assert "<desc>" in drawn
    assert "metadata" not in drawn


def test_page_says_what_the_facts_and_the_steps_say(written: reporting.Report, parsed: Page) -> None:
    for line in written.ladder.sentences():
        assert parsed.text.count(line) == 2, line
    rate = next(line for line in written.facts if line.startswith("Base rate"))
    assert rate in parsed.text
    assert "known(reply_rate)" in parsed.text
    assert "The study has 2 labels; this is the first, friendship." in parsed.text
    assert "Fafchamps & Gubert 2007" in parsed.text


def test_page_names_no_machine_and_no_clock(written: reporting.Report, simulated: Path) -> None:
    for name, found in content(written.folder).items():
        text = found.decode()
        assert str(simulated.parent) not in text, name
        assert str(Path.home()) not in text, name
        assert not re.search(r"\b\d\d:\d\d:\d\d\b", text), name
    page_text = written.page.read_text(encoding="utf-8")
    assert "study.toml" in page_text
    assert len(re.findall(r"\b[0-9a-f]{64}\b", page_text)) == 4


# the files


def test_folder_holds_these_files(written: reporting.Report) -> None:
    assert sorted(content(written.folder)) == sorted(reporting.FILES)
    mode = written.folder.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    assert mode == 0o777 & ~umask


def test_tables_hold_every_digit(written: reporting.Report) -> None:
    tables = written.folder / "tables"
    found = pd.read_csv(tables / "ladder.csv")
    pd.testing.assert_frame_equal(found, written.ladder.tidy(), check_dtype=False, rtol=1e-15)
    steps = pd.read_csv(tables / "steps.csv")
    assert list(steps["step"]) == list(STEPS)
    assert list(steps["result"]) == written.ladder.sentences()


def test_latex_is_of_plain_letters_and_balanced(written: reporting.Report) -> None:
    for name in reporting.TABLES:
        text = (written.folder / "tables" / f"{name}.tex").read_text(encoding="utf-8")
        assert text.startswith("\\begin{tabular}")
        assert text.rstrip().endswith("\\end{tabular}")
        assert not re.search("[−∞Δ→²χ–]", text), name
        columns = text.split("\\midrule")[0].count("&")
        rows = [line for line in text.splitlines() if line.endswith("\\\\")]
        assert {row.replace("\\&", "").count("&") for row in rows} == {columns}


def test_same_study_gives_the_same_bytes(simulated: Path, written: reporting.Report, tmp_path: Path) -> None:
    with mpl.rc_context({"font.size": 21, "axes.facecolor": "red"}):
        again = hs.report(hs.open_study(simulated), tmp_path / "again")
    assert content(again.folder) == content(written.folder)


# whole or not at all


def test_an_interrupted_report_leaves_nothing(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(page, "html_page", stop)
    with pytest.raises(KeyboardInterrupt):
        hs.report(simulated, tmp_path / "report", label="trust")
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_report_is_replaced_and_survives_an_interruption(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report"
    hs.report(simulated, target, label="trust")
    earlier = content(target)
    with monkeypatch.context() as patched:
        patched.setattr(page, "html_page", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            hs.report(simulated, target)
    assert content(target) == earlier
    hs.report(simulated, target)
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
def test_what_is_no_report_is_left_alone(simulated: Path, tmp_path: Path, make, message: str) -> None:
    target = tmp_path / "report"
    make(target)
    before = content(tmp_path)
    with pytest.raises(hs.OutputError, match=message):
        hs.report(simulated, target)
    assert content(tmp_path) == before


def test_an_empty_folder_is_used_and_a_missing_parent_refused(simulated: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    hs.report(simulated, tmp_path / "empty")
    assert (tmp_path / "empty" / "report.html").is_file()
    with pytest.raises(hs.OutputError, match="There is no folder"):
        hs.report(simulated, tmp_path / "none" / "report")


# privacy


def test_nobody_is_named(tmp_path: Path) -> None:
    ids = (*NASTY, *names(8))
    made = hs.report(plain_study(tmp_path / "study", ids), tmp_path / "report")
    for name, found in content(made.folder).items():
        text = found.decode()
        for one in (*ids, "alert(1)", "alert(2)", "person3", "calc"):
            assert one not in text, f"{one!r} in {name}"
    assert "A &lt;b&gt;plain&lt;/b&gt; study &amp; more" in made.page.read_text(encoding="utf-8")


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
    expected = set(reporting.FILES) - {
        f"tables/{name}.{end}" for name in ("ladder", "steps") for end in ("csv", "tex")
    }
    assert set(content(made.folder)) == expected
    with pytest.raises(hs.UnknownNameError, match="label"):
        hs.report(study, tmp_path / "other", label="trust")


def test_without_times_the_timing_step_is_skipped_and_said(tmp_path: Path) -> None:
    made = hs.report(plain_study(tmp_path / "study", names(12), acts=150), tmp_path / "report")
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


def test_a_label_that_does_not_vary_is_reported_in_words(tmp_path: Path) -> None:
    made = hs.report(plain_study(tmp_path / "study", names(10), lambda *_: 1), tmp_path / "report")
    assert made.sentences()[0] == (
        "Volume is not judged: The label is 1 in every row: there is nothing to explain."
    )
    assert "100.00%" in made.page.read_text(encoding="utf-8")


def test_a_label_that_nobody_has_is_reported_in_words(tmp_path: Path) -> None:
    made = hs.report(plain_study(tmp_path / "study", names(6), lambda *_: ""), tmp_path / "report")
    text = Page(made.page.read_text(encoding="utf-8")).text
    assert "Base rate of trust: no row has one." in text
    assert all("is not judged" in line for line in made.sentences())
    assert "No pair in the table is in contact" in text


def test_when_all_pairs_are_too_many_those_in_contact_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = NO_TIMES.replace('absent = "unknown"', 'absent = "no"')
    study = plain_study(tmp_path / "study", names(20), toml=toml, acts=80)
    labels = pd.read_csv(study / "labels.csv")
    labels[labels["trust"] == 1].to_csv(study / "labels.csv", index=False)
    monkeypatch.setattr("honestsignals.study.MOST_PAIRS", 100)
    made = hs.report(study, tmp_path / "report")
    assert "More than five million pairs" in made.page.read_text(encoding="utf-8")
    assert any("not in contact" in line for line in made.facts)
    # every row is in contact, so that in_contact says nothing
    assert "in_contact" not in made.ladder.steps[0].adds


# the ladder


def table_of(columns: dict[str, object], label_type: str = "continuous", people: int = 12) -> DyadTable:
    ego, alter = np.triu_indices(people, 1)
    frame = pd.DataFrame({"ego": ego, "alter": alter, **columns}).astype(float)
    about = tuple(Fact(name, name, "", "") for name in frame.columns)
    return DyadTable(frame, Design("closeness", label_type, possible=len(frame)), about)


def test_steps_are_nested_and_tested_as_fits_are(written: reporting.Report, simulated: Path) -> None:
    table = hs.open_study(simulated).dyads(label="friendship")
    terms: list[str] = []
    for step in written.ladder.steps:
        terms += step.adds
        alone = hs.fit(f"friendship ~ {' + '.join(terms)}", table)
        np.testing.assert_allclose(step.result.estimate.beta, alone.estimate.beta, rtol=1e-12)
        test = alone.wald(step.adds)
        assert step.test.p_value == pytest.approx(test.p_value, rel=1e-10)
        assert f"{test.statistic:.2f}" in step.sentence()
    assert terms == [
        "log1p(acts)",
        "log1p(active_days)",
        "in_contact",
        "known(returned_share)",
        "known(reply_rate)",
        "known(alternation)",
        "known(burstiness)",
    ]


def test_directed_labels_have_the_acts_of_each(simulated: Path) -> None:
    made = ladder(hs.open_study(simulated).dyads(label="trust"))
    assert made.steps[0].adds[:2] == ("log1p(acts_ego)", "log1p(acts_alter)")
    assert made.steps[1].adds == ("known(returned_share)", "known(net_giving)")
    assert made.family is not None
    assert made.family.name == "ordered_logit"


def test_terms_that_say_nothing_new_are_left_out_and_said() -> None:
    rng = np.random.default_rng(2)
    acts = rng.integers(0, 3, 66)
    made = ladder(
        table_of(
            {
                "acts_ego": np.minimum(acts, 1),
                "acts_alter": np.maximum(acts - 1, 0),
                "acts": acts,
                "in_contact": acts > 0,
                "returned_share": np.where(acts > 0, acts == 2, np.nan),
                "active_days": np.ones(66),
                "closeness": rng.normal(size=66),
            }
        )
    )
    volume, balance, _ = made.steps
    assert volume.adds == ("log1p(acts)", "in_contact")
    assert volume.without() == ["Left out of volume: log1p(active_days) is the same in every row."]
    assert balance.sentence() == (
        "Balance is not judged: known(returned_share) is a combination of log1p(acts) and in_contact. Where "
        "each of two people acted at most once, how much passed between them and whether it was returned are "
        "one fact."
    )


def test_a_step_says_which_way_it_points() -> None:
    rng = np.random.default_rng(0)
    acts = rng.integers(0, 6, 66)
    share = np.where(acts > 0, rng.random(66), np.nan)
    columns = {"acts": acts, "in_contact": acts > 0, "returned_share": share}
    for sign, shown in ((4, "more"), (-4, "less")):
        closeness = acts + sign * np.nan_to_num(share) + rng.normal(size=66)
        balance = ladder(table_of({**columns, "closeness": closeness})).steps[1]
        assert balance.sentence().endswith(f" More known(returned_share) goes with {shown} closeness.")


def test_too_few_rows_are_said_and_a_table_without_label_refused() -> None:
    acts = np.array([0, 1, 2])
    columns = {"acts": acts, "in_contact": acts > 0, "returned_share": acts / 4, "closeness": [1, 2, 4]}
    made = ladder(table_of(columns, people=3))
    assert "too few" in made.sentences()[0]
    unlabelled = dataclasses.replace(table_of(columns, people=3), design=Design())
    with pytest.raises(hs.DesignError, match="no label"):
        ladder(unlabelled)


@pytest.mark.parametrize(
    ("p", "beyond", "verdict"),
    [
        (0.049, ("volume",), "adds to volume: F(2, 30.0) = 4.00, p = 0.0490."),
        (
            0.05,
            ("volume",),
            "adds nothing that these data can show beyond volume: F(2, 30.0) = 4.00, p = 0.0500.",
        ),
        (0.5, (), "tells nothing of trust that these data can show: F(2, 30.0) = 4.00, p = 0.5000."),
        (0.00001, (), "tells of trust: F(2, 30.0) = 4.00, p < 0.0001."),
    ],
)
def test_the_test_decides_the_wording_and_stands_beside_it(p: float, beyond: tuple, verdict: str) -> None:
    step = Step("balance", "trust", beyond, ("x",), test=WaldTest(4.0, 2, 30.0, p, 8.0, ""))
    assert step.sentence() == f"Balance {verdict}"


def test_a_step_whose_test_has_no_number_says_why() -> None:
    test = WaldTest(math.nan, 2, 1.0, math.nan, math.nan, "no joint test: a variance is missing")
    assert Step("timing", "trust", ("volume",), ("x",), test=test).sentence() == (
        "Timing has estimates, but no joint test: a variance is missing."
    )


def test_ladder_prints_facts_first(written: reporting.Report) -> None:
    lines = str(written.ladder).splitlines()
    assert lines[0] == "Ladder of friendship"
    assert "+ balance" in str(written.ladder)
    assert "<table>" in written.ladder._repr_html_()
    assert str(written).splitlines()[-1].endswith("report.html")
    assert "Balance" in written._repr_html_()


# the figure


def test_figure_has_a_point_for_each_place(simulated: Path) -> None:
    table = hs.open_study(simulated).dyads(label="friendship")
    axes = figures.give_take(table, Figure().subplots())
    drawn = {
        (x, y)
        for line in axes.lines
        if line.get_marker() == "o"
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }
    frame = table.frame[table.frame["in_contact"] == 1]
    expected = set(
        zip(
            np.maximum(frame["acts_ego"], frame["acts_alter"]),
            np.minimum(frame["acts_ego"], frame["acts_alter"]),
            strict=True,
        )
    )
    assert drawn == expected
    for x, y in drawn:
        assert axes.get_xlim()[0] < x < axes.get_xlim()[1]
        assert axes.get_ylim()[0] < y < axes.get_ylim()[1]


def test_page_has_each_colour_of_the_figure_by_light_by_dark_and_in_print() -> None:
    css = (PROJECT / "honestsignals" / "reporting" / "report.css").read_text(encoding="utf-8")
    for colour, name in figures.COLOURS.items():
        given = re.findall(rf"--{name}: (#[0-9a-f]+);", css)
        assert len(given) == 3, name
        assert given[0] == colour


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(2 * one for one in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])
def test_colours_can_be_told_from_the_paper(shade: int) -> None:
    css = (PROJECT / "honestsignals" / "reporting" / "report.css").read_text(encoding="utf-8")

    def of(name: str) -> str:
        return re.findall(rf"--{name}: (#[0-9a-f]+);", css)[shade]

    def contrast(one: str, other: str) -> float:
        low, high = sorted((luminance(of(one)), luminance(of(other))))
        return (high + 0.05) / (low + 0.05)

    # WCAG 2.2, AA: 4.5 for text, 3 for what a figure is understood by
    for text, paper in (("ink", "paper"), ("ink", "raised"), ("soft", "paper"), ("link", "paper")):
        assert contrast(text, paper) >= 4.5, (text, paper)
    for text in ("ink", "warn"):
        assert contrast(text, "warn-paper") >= 4.5, text
    for drawn in ("no", "yes"):
        assert contrast(drawn, "paper") >= 3, drawn


def test_figure_of_nothing_says_so() -> None:
    nothing = np.zeros(3)
    table = table_of({"acts_ego": nothing, "acts_alter": nothing, "closeness": nothing}, people=3)
    axes = figures.give_take(table, Figure().subplots())
    assert [text.get_text() for text in axes.texts] == ["No pair is in contact."]
    assert "0 pairs in contact" in figures.alt(table)
    with pytest.raises(hs.DesignError, match="acts_ego"):
        figures.give_take(table_of({"closeness": nothing}, people=3), Figure().subplots())


def test_svg_escapes_its_title() -> None:
    text = svg(Figure(), '<script>"x"', "a & b")
    assert "<title>&lt;script&gt;&quot;x&quot;</title>" in text
    assert "<script>" not in text


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


# real studies


@needs_shared
@pytest.mark.parametrize("name", STUDIES)
def test_real_study_opens_and_reports(name: str, tmp_path: Path) -> None:
    study = hs.open_study(shared_path("datasets", name))
    label = SECOND_LABEL.get(name)
    made = hs.report(study, tmp_path / "report", label=label)
    found = Page(made.page.read_text(encoding="utf-8"))
    assert found.open == []
    assert made.label == (label or next(iter(study.labels), None))
    for count in study.log.left_out.values():
        assert f"{count:,}" in found.text
    if made.label is None:
        assert "The study has no labels" in found.text
        return
    table = study.dyads(label=made.label, metrics=["in_contact"])
    for reason, count in table.design.left_out.items():
        assert f"{reason} {count:,}" in found.text
    rate = next(line for line in table.facts() if line.startswith("Base rate"))
    assert rate in found.text
    assert [line.split()[0] for line in made.sentences()] == ["Volume", "Balance", "Timing"]
    people = {str(one) for one in study.log.people if not str(one).isdigit()}
    assert not people & set(found.text.split())


@needs_shared
def test_copenhagen_takes_less_than_a_minute_and_two_gigabytes(tmp_path: Path) -> None:
    code = (
        "import sys, time, resource, honestsignals as hs\n"
        "hs.report(sys.argv[1], sys.argv[2], label='friendship')\n"
        "print(time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    study = str(shared_path("datasets", "copenhagen"))
    done = subprocess.run(
        [sys.executable, "-c", code, study, str(tmp_path / "report")],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, memory = (float(part) for part in done.stdout.split())
    unit = 1 if sys.platform == "darwin" else 1024
    assert seconds < 60
    assert memory * unit < 2e9

"""The suite of benchmarks: what it stores and prints, what it counts, and that peers find what they say."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from tests.shared import PROJECT

SCRIPTS = PROJECT / "benchmarks"
RESULTS = SCRIPTS / "results"
DOCS = PROJECT / "docs"
ACTS = 20_000
Load = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def script() -> Iterator[Load]:
    """Modules of benchmarks/, which is no package and where they import one another by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        yield importlib.import_module


@pytest.fixture(scope="module")
def acts(script: Load, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logs") / f"{ACTS}.parquet"
    script("generate").write_log(ACTS, path)
    return path


def stored(name: str) -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def hold_ratios(size: dict[str, Any]) -> None:
    """Every ratio is of the seconds stored beside it."""
    found = {(one["contender"], one["format"]): one for one in size["contenders"]}
    for (_, ending), one in found.items():
        assert one["over_sort"] == pytest.approx(one["work_s"] / found["sort", ending]["work_s"], abs=0.006)
        if one["columns"]:
            assert one["s_per_column"] == pytest.approx(one["work_s"] / one["columns"], abs=6e-6)
        if "against" in one:
            ours = found[one["against"], ending]
            assert one["theirs_over_ours"] == pytest.approx(one["work_s"] / ours["work_s"], abs=0.006)
            after = [other["work_s"] - other["read_s"] for other in (one, ours)]
            assert one["theirs_over_ours_after_reading"] == pytest.approx(after[0] / after[1], abs=0.006)
            assert ours["columns"] > one["columns"]


def cells(printed: str, first: str) -> list[str]:
    """The cells of the first row of a table that begins so."""
    row = next(line for line in printed.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_the_page_and_its_figure_are_of_the_stored_runs(script: Load) -> None:
    page, content = script("scale_page"), stored("scale")
    text = (DOCS / "scale.md").read_text(encoding="utf-8")
    assert f"{page.BEGIN}\n{page.page(content)}\n{page.END}" in text, "run python benchmarks/scale_page.py"
    figure = (DOCS / "figures" / "scale.svg").read_text(encoding="utf-8")
    assert page.digest(content) in figure, "run python benchmarks/scale_page.py"
    for size in content["sizes"]:
        hold_ratios(size)


def test_the_page_of_fits_is_of_the_stored_runs(script: Load) -> None:
    fits, content = script("scale_fits"), stored("scale_fits")
    text = (DOCS / "scale_fits.md").read_text(encoding="utf-8")
    assert f"{fits.BEGIN}\n{fits.page(content)}\n{fits.END}" in text
    assert {one["family"] for one in content if one["rows"] == max(row["rows"] for row in content)} == {
        "logit",
        "gaussian",
    }
    assert all(one["differs"] < 1e-9 for one in content if "differs" in one)


def test_a_size_takes_the_place_of_that_size_alone(script: Load, tmp_path: Path) -> None:
    path = tmp_path / "found" / "scale.json"
    suite = script("suite")
    for acts, runs in ((1000, 1), (10, 1), (100, 1), (10, 2)):
        content = suite.stored(path, {"acts": acts, "runs": runs})
    assert content == json.loads(path.read_text())
    assert [(one["acts"], one["runs"]) for one in content["sizes"]] == [(10, 2), (100, 1), (1000, 1)]


def test_fits_of_a_size_take_the_place_of_that_size_alone(
    script: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits, content = script("scale_fits"), stored("scale_fits")
    for name, text in (("RESULTS", json.dumps(content)), ("PAGE", f"a\n{fits.BEGIN}\n{fits.END}\nz\n")):
        (tmp_path / name).write_text(text)
        monkeypatch.setattr(fits, name, tmp_path / name)
    few = min(one["rows"] for one in content)
    new = [{**one, "seconds": 0.25} for one in content if one["rows"] == few]
    fits.store(new)
    found = json.loads((tmp_path / "RESULTS").read_text())
    assert found == new + [one for one in content if one["rows"] != few]
    page = (tmp_path / "PAGE").read_text()
    assert page == f"a\n{fits.BEGIN}\n{fits.page(found)}\n{fits.END}\nz\n"
    assert page.count("| 0.2 |") == len(new)


def test_pandas_by_hand_finds_what_ours_finds(script: Load, acts: Path) -> None:
    by_hand = script("contenders").pairs_by_hand(pd.read_parquet(acts))
    log = hs.read_log(acts, columns={name: name for name in ("sender", "receiver", "time")}, time_unit="s")
    ours = log.dyads(metrics=["acts_ego", "acts", "returned_share"], pairs="in contact").frame
    ours = ours.set_index(["ego", "alter"])
    assert len(by_hand) == len(ours)
    for name in ("acts", "acts_ego", "returned_share"):
        np.testing.assert_allclose(by_hand[name], ours[name].loc[by_hand.index], rtol=1e-12)
    assert (by_hand["acts_ego"] + by_hand["acts_alter"] == by_hand["acts"]).all()
    pair = by_hand["acts"].idxmax()
    rows = [row for row in pd.read_parquet(acts).itertuples() if {row.sender, row.receiver} == set(pair)]
    rows.sort(key=lambda row: row.time)
    waits = [b.time - a.time for a, b in pairwise(rows) if a.sender != b.sender]
    assert by_hand["reply_hours_median"][pair] == pytest.approx(np.median(waits) / 3600, rel=1e-12)
    assert by_hand["first_giver"][pair] == rows[0].sender


def test_networkx_finds_what_ours_finds(script: Load, acts: Path) -> None:
    overall, of_each = script("contenders").reciprocity_by_hand(pd.read_parquet(acts))
    log = hs.read_log(acts, columns={name: name for name in ("sender", "receiver", "time")}, time_unit="s")
    ours = log.network_metrics(["reciprocity_edgewise"]).frame["value"].item()
    assert overall == pytest.approx(ours, rel=1e-12)
    people = log.people_metrics(["reciprocity_both"]).frame.set_index("person")["reciprocity_both"]
    np.testing.assert_allclose([of_each[one] for one in people.index], people, rtol=1e-12)


def test_a_cluster_is_arithmetic_from_the_largest_log_on_spark(script: Load) -> None:
    runs = [{"acts": acts, "sort_s": 1.0, "own acts": {"processor_s": 36.0}} for acts in (1000, 10_000_000)]
    lines = script("scale_page").on_a_cluster({"results": runs}).splitlines()
    assert lines[0] == "| columns | 10,000,000 acts, s | × 100, s | 1 core | 16 cores | 64 cores |"
    assert lines[2:] == ["| own acts | 36 | 3,600 | 1.0 h | 4 min | 1 min |"]


PROGRAM = """
import json, subprocess, sys, time
sys.path.insert(0, {scripts!r})
from watching import spent
begin = spent()
worker = subprocess.Popen([sys.executable, "-c", {worker!r}], stdout=subprocess.PIPE, stdin=subprocess.PIPE)
held = bytearray(100_000_000)
worker.stdout.readline()
print(json.dumps({{"work_s": spent() - begin, "wall_s": -1}}), flush=True)
time.sleep(0.7)
worker.communicate(b"")
"""
WORKER = """
import sys, time
held = bytearray(300_000_000)
while time.process_time() < 0.5:
    pass
print("done", flush=True)
{rest}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are looked at in /proc")
@pytest.mark.parametrize("stays", [True, False])
def test_workers_are_counted_while_they_run_and_after(stays: bool) -> None:
    worker = WORKER.format(rest="sys.stdin.read()" if stays else "")
    program = PROGRAM.format(scripts=str(SCRIPTS), worker=worker)
    # from a process that holds little: a new one begins with the peak of the one that started it
    watching = (
        f"import json, sys; sys.path.insert(0, {str(SCRIPTS)!r}); from watching import watched; "
        f"print(json.dumps(watched([sys.executable, '-c', {program!r}])))"
    )
    said = subprocess.run([sys.executable, "-c", watching], check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(said.stdout)
    assert found["wall_s"] == -1  # what a program says goes before what is seen from outside
    assert 0.5 < found["process_s"] < 2
    assert found["peak_bytes"] > 0.3e9
    if stays:  # with its 300 MB beside the 100 MB of the one that started it
        assert 0.45 < found["work_s"] < 1
        assert 0.4e9 < found["peak_bytes"] < 0.5e9


def test_a_program_that_fails_ends_the_suite(script: Load) -> None:
    with pytest.raises(SystemExit, match="ended with 3"):
        script("watching").watched([sys.executable, "-c", "raise SystemExit(3)"])


@pytest.mark.slow
def test_the_suite_runs(script: Load, acts: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{script('scale_page').BEGIN}{script('scale_page').END}\nafter\n")
    command = [sys.executable, str(SCRIPTS / "suite.py"), "--acts", str(ACTS), "--runs", "1"]
    command += ["--logs", str(acts.parent), "--results", str(tmp_path / "scale.json"), "--page", str(page)]
    command += ["--only", "sort", "memory", "disk, one thread", "pandas"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (size,) = json.loads((tmp_path / "scale.json").read_text())["sizes"]
    assert {"acts", "runs", "memory", "processors", "python", "packages", "megabytes"} < set(size)
    hold_ratios(size)
    found = {(one["contender"], one["format"]): one for one in size["contenders"]}
    both = {(name, ending) for name in ("sort", "memory", "pandas") for ending in ("parquet", "csv")}
    assert set(found) == both | {("disk, one thread", "parquet")}
    for (name, _), one in found.items():
        assert one["rows"] == (ACTS if name == "sort" else found["memory", "csv"]["rows"])
        assert 0 <= one["read_s"] <= one["work_s"] <= one["process_s"] + 0.02
        assert one["wall_s"] > 0
        assert 0.02 < one["peak_gb"] < 2
    row = cells(printed, f"{ACTS:,} | parquet")
    sort, memory, disk = (found[name, "parquet"] for name in ("sort", "memory", "disk, one thread"))
    assert row[3:7] == ["108", *(f"{n:.2f}" for n in (sort["work_s"], memory["work_s"], memory["over_sort"]))]
    assert row[7:9] == [f"{disk['work_s']:.2f}", f"{disk['over_sort']:.2f}"]
    peer = cells(printed, f"pandas groupby {pd.__version__} | parquet")
    theirs = found["pandas", "parquet"]
    assert peer[11:13] == [f"{theirs[key]:.1f}" for key in theirs if key.startswith("theirs_over_ours")]
    assert page.read_text().startswith("before\n")
    assert script("scale_page").page({"sizes": [size]}) in page.read_text()
    assert script("scale_page").page({"sizes": [size]}) in printed
    assert "<svg" in (tmp_path / "figures" / "scale.svg").read_text()

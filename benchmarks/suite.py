"""Logs of a hundred thousand to a hundred million acts: the floor, ours in memory and on disk, and peers.

    python benchmarks/suite.py --quick               # 100,000 and 1 million acts in a minute; writes nothing
    python benchmarks/suite.py --bandicoot PYTHON            # up to 10 million acts: ten minutes
    python benchmarks/suite.py --acts 100_000_000 --runs 1   # 25 GB of disk, and 10 GB of memory for the sort

Writes benchmarks/results/scale.json, where a run replaces the sizes that it measured and leaves others as
they are, and of these results the numbers of docs/scale.md and its figure. Every run is a process of its own,
and the contenders of one log take turns; benchmarks/contenders.py says what each does. PYTHON is an
interpreter that has bandicoot 0.6.0; without it that peer is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from contenders import FIRST
from scale_page import PAGE, RESULTS, page, write_page
from watching import watched

HERE = Path(__file__).parent
WORK = HERE / "work"
PACKAGES = ("honestsignals", "numpy", "pandas", "pyarrow", "duckdb", "networkx")
TEN_MILLION = 10_000_000


@dataclass(frozen=True)
class Contender:
    """What is run, on which files, and up to how many acts."""

    name: str
    program: str
    given: dict[str, Any] = field(default_factory=dict)
    most: int = TEN_MILLION
    formats: tuple[str, ...] = ("parquet",)
    against: str = ""
    """Of a peer: which of ours it is held against."""


BOTH = ("parquet", "csv")
CONTENDERS = [
    Contender("sort", "sort", most=sys.maxsize, formats=BOTH),
    Contender("memory", "memory", formats=BOTH),
    Contender("memory, own acts", "memory", {"metrics": FIRST}),
    Contender("disk", "disk", {"threads": 2}, sys.maxsize, BOTH),
    Contender("disk, one thread", "disk", {"threads": 1}, sys.maxsize),
    Contender("disk, own acts", "disk", {"threads": 2, "metrics": FIRST}, sys.maxsize),
    Contender("pandas", "pandas", formats=BOTH, against="memory"),
    Contender("network", "network", most=1_000_000),
    Contender("networkx", "networkx", most=1_000_000, against="network"),
    Contender("people", "people", most=1_000_000, formats=("csv",)),
    Contender("bandicoot", "bandicoot", most=1_000_000, formats=("csv",), against="people"),
]


@dataclass(frozen=True)
class Plan:
    """How a size is measured."""

    runs: int = 3
    memory: str = "2GB"
    bandicoot: str | None = None
    only: tuple[str, ...] = ()
    logs: Path = WORK

    def contenders(self, acts: int, ending: str) -> list[Contender]:
        return [
            one
            for one in CONTENDERS
            if acts <= one.most
            and ending in one.formats
            and one.name in (self.only or [other.name for other in CONTENDERS])
            and (self.bandicoot or one.name != "bandicoot")
        ]


def run(one: Contender, path: Path, plan: Plan) -> dict[str, Any]:
    """One process, with one thread for linear algebra."""
    given = {"path": str(path), **one.given}
    if one.program == "disk":
        given["memory"] = plan.memory
    python = plan.bandicoot if one.program == "bandicoot" else sys.executable
    command = [python or "", str(HERE / "contenders.py"), one.program, json.dumps(given)]
    return watched(command, {"OPENBLAS_NUM_THREADS": "1"})


def summary(one: Contender, ending: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians of the runs of one contender on one log, and the most that any held."""

    def median(key: str) -> float:
        return round(statistics.median(run[key] for run in runs), 3)

    found = {
        "contender": one.name,
        "format": ending,
        "rows": runs[0]["rows"],
        "columns": runs[0]["columns"],
        "work_s": median("work_s"),
        "read_s": median("read_s"),
        "wall_s": median("wall_s"),
        "process_s": median("process_s"),
        "peak_gb": round(max(run["peak_bytes"] for run in runs) / 1e9, 3),
        "each_work_s": [round(run["work_s"], 3) for run in runs],
    }
    if one.against:
        found["against"] = one.against
    if "version" in runs[0]:
        found["version"] = runs[0]["version"]
    return found


def measured(acts: int, plan: Plan) -> dict[str, Any]:
    """One size: every contender on the same logs, in turns."""
    found: list[dict[str, Any]] = []
    megabytes = {}
    for ending in BOTH:
        contenders = plan.contenders(acts, ending)
        if not contenders or (ending == "csv" and acts > TEN_MILLION):
            continue
        path = plan.logs / f"{acts}.{ending}"
        if not path.exists():
            # in a process of its own: a process begins with the peak of the one that started it
            subprocess.run([sys.executable, str(HERE / "generate.py"), str(acts), str(path)], check=True)
        megabytes[ending] = round(path.stat().st_size / 1e6, 1)
        runs: dict[str, list[dict[str, Any]]] = {one.name: [] for one in contenders}
        for _ in range(plan.runs):
            for one in contenders:
                runs[one.name].append(run(one, path, plan))
                print(f"{acts:,} {ending} {one.name}: {runs[one.name][-1]['work_s']:.2f} s", flush=True)
        found += [summary(one, ending, runs[one.name]) for one in contenders]
    return {
        "acts": acts,
        "runs": plan.runs,
        "memory": plan.memory,
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "megabytes": megabytes,
        "contenders": with_ratios(found),
    }


def with_ratios(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """To the sort of the same file, and of peers to ours, of the numbers as they are stored."""
    logs = {(one["contender"], one["format"]): one for one in found}
    for one in found:
        if one["columns"]:
            one["s_per_column"] = round(one["work_s"] / one["columns"], 5)
        sort, ours = logs.get(("sort", one["format"])), logs.get((one.get("against", ""), one["format"]))
        if sort:
            one["over_sort"] = round(one["work_s"] / sort["work_s"], 2)
        if ours:
            one["theirs_over_ours"] = round(one["work_s"] / ours["work_s"], 2)
            after = [other["work_s"] - other["read_s"] for other in (one, ours)]
            one["theirs_over_ours_after_reading"] = round(after[0] / after[1], 2)
    return found


def stored(path: Path, new: dict[str, Any]) -> dict[str, Any]:
    """Put what one size took in the place of what it took before."""
    sizes = json.loads(path.read_text(encoding="utf-8"))["sizes"] if path.exists() else []
    sizes = [one for one in sizes if one["acts"] != new["acts"]] + [new]
    content = {"sizes": sorted(sizes, key=lambda one: one["acts"])}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return content


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--acts", type=int, nargs="+", default=[100_000, 1_000_000, TEN_MILLION])
    parser.add_argument("--runs", type=int, default=3, help="processes of each contender and log")
    parser.add_argument("--memory", default="2GB", help="of the logs on disk")
    parser.add_argument("--bandicoot", metavar="PYTHON", help="an interpreter that has bandicoot 0.6.0")
    names = [one.name for one in CONTENDERS]
    parser.add_argument(
        "--only", nargs="+", default=(), choices=names, help="leaves the stored results alone"
    )
    parser.add_argument(
        "--quick", action="store_true", help="100,000 and 1 million acts, once; writes nothing"
    )
    parser.add_argument("--dry", action="store_true", help="print, and leave the files as they are")
    parser.add_argument("--logs", type=Path, default=WORK, help="folder where the logs are, or go")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE, help="whose numbers are replaced")
    given = parser.parse_args()
    if given.quick:
        given.acts, given.runs, given.dry = [100_000, 1_000_000], 1, True
    if given.only and given.results == RESULTS:
        given.dry = True  # else some would take the place of all
    plan = Plan(given.runs, given.memory, given.bandicoot, tuple(given.only), given.logs)
    content: dict[str, Any] = {"sizes": []}
    for acts in given.acts:
        new = measured(acts, plan)
        content["sizes"].append(new)
        if not given.dry:
            write_page(stored(given.results, new), given.page)
    print(page(content))


if __name__ == "__main__":
    main()

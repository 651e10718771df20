"""Logs from one million acts to a hundred million, measured on disk in a set memory, against DuckDB's sort.

    python benchmarks/scale.py                            # 1, 10 and 100 million acts: half an hour
    python benchmarks/scale.py --acts 1_000_000 --dry

Every run is a process of its own. Processor seconds are user and system of all its threads, from the moment
at which what it needs had been imported; memory is the most that the process ever held. The floor is
DuckDB's sort of the same file by pair and time, on one thread, with as much memory as it likes. Writes
benchmarks/results/scale.json, and the numbers and figure of docs/scale.md.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dyads import SORT, run
from generate import write_log

HERE = Path(__file__).parent
WORK = HERE / "work"
RESULTS = HERE / "results" / "scale.json"
DOCS = HERE.parent / "docs"
BEGIN, END = "<!-- numbers -->", "<!-- end of numbers -->"
FIRST = ["volume", "balance", "timing", "turns", "persistence"]
"""Families that need a pair's own acts alone, as the package's first version had them."""
OURS = """
import honestsignals as hs, time, tempfile, os
import honestsignals.storing, scipy.optimize, scipy.sparse, pandas, pyarrow.parquet
columns = {{name: name for name in ("sender", "receiver", "time", "kind")}}
begin, wall = time.process_time(), time.monotonic()
log = hs.store_log({path!r}, columns=columns, time_unit="s", memory={memory!r}, threads={threads})
read = time.process_time() - begin
with tempfile.TemporaryDirectory() as folder:
    table = log.dyads(os.path.join(folder, "dyads.parquet"), metrics={metrics!r})
    done = time.process_time() - begin
    print("result", done, len(table), len(table.columns), read, time.monotonic() - wall)
"""
RUNS = {
    "all, two threads": (None, 2),
    "all, one thread": (None, 1),
    "own acts, two threads": (FIRST, 2),
}


def measured(acts: int, memory: str) -> dict[str, Any]:
    """One size: the floor, and each of our runs."""
    path = WORK / f"{acts}.parquet"
    if not path.exists():
        write_log(acts, path)
    floor = run(SORT.format(path=str(path)))
    found: dict[str, Any] = {"acts": acts, "file_mb": round(path.stat().st_size / 1e6)}
    found["sort_s"] = round(floor["work_s"], 2)
    found["sort_peak_gb"] = round(floor["peak_bytes"] / 1e9, 2)
    for name, (metrics, threads) in RUNS.items():
        one = run(OURS.format(path=str(path), memory=memory, threads=threads, metrics=metrics))
        found["pairs"] = int(one["rows"])
        found[name] = {
            "columns": int(one["columns"]),
            "work_s": round(one["work_s"], 2),
            "of_which_reading_s": round(one["read_s"], 2),
            "wall_s": round(one["wall_s"], 2),
            "peak_gb": round(one["peak_bytes"] / 1e9, 2),
            "ratio": round(one["work_s"] / floor["work_s"], 2),
        }
        print(acts, name, found[name], flush=True)
    return found


def exponent(results: list[dict[str, Any]], name: str) -> float:
    """Power of the number of acts with which processor seconds grow, from the smallest log to the largest."""
    first, last = results[0], results[-1]
    more = last["acts"] / first["acts"]
    return math.log(last[name]["work_s"] / first[name]["work_s"]) / math.log(more)


def page(content: dict[str, Any]) -> str:
    """The numbers of docs/scale.md."""
    results = content["results"]
    lines = [
        f'Made by `{content["command"]}` on {content["processors"]} cores, memory="{content["memory"]}". '
        "Seconds are of the processor, ratios are to DuckDB's sort of the same file.",
        "",
        "| acts | pairs | sort | columns of own acts | ratio | all columns | ratio | of which reading "
        "| most memory | wall, two threads | wall, one |",
        "| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for one in results:
        both, alone, own = (one[name] for name in RUNS)
        lines.append(
            f"| {one['acts']:,} | {one['pairs']:,} | {one['sort_s']:.1f} s | {own['work_s']:.1f} s | "
            f"{own['ratio']:.2f} | {both['work_s']:.1f} s | {both['ratio']:.2f} | "
            f"{both['of_which_reading_s']:.1f} s | "
            f"{both['peak_gb']:.2f} GB | {both['wall_s']:.0f} s | {alone['wall_s']:.0f} s |"
        )
    last = results[-1]
    both, alone = last["all, two threads"], last["all, one thread"]
    lines += [
        "",
        f"From {results[0]['acts']:,} to {last['acts']:,} acts processor seconds grow with the power "
        f"{exponent(results, 'all, two threads'):.2f} of the acts. Of {last['acts']:,} acts two threads are "
        f"done in {both['wall_s']:.0f} s where one takes {alone['wall_s']:.0f} s: "
        f"{alone['wall_s'] / both['wall_s']:.2f} times as fast. "
        f"DuckDB's sort held {last['sort_peak_gb']:.1f} GB.",
    ]
    return "\n".join(lines)


def draw(content: dict[str, Any], path: Path) -> None:
    """Ratio to the sort, and memory, by the number of acts."""
    from matplotlib.figure import Figure

    results = content["results"]
    figure = Figure(figsize=(7.5, 3.0), layout="constrained")
    ratio, memory = figure.subplots(1, 2)
    acts = [one["acts"] for one in results]
    for name, mark in (("all, two threads", "o"), ("own acts, two threads", "s")):
        ratio.plot(acts, [one[name]["ratio"] for one in results], marker=mark, label=name.split(",")[0])
        memory.plot(acts, [one[name]["peak_gb"] for one in results], marker=mark, label=name.split(",")[0])
    memory.plot(
        acts, [one["sort_peak_gb"] for one in results], marker="^", color="0.5", label="DuckDB's sort"
    )
    for axes, title in ((ratio, "processor time / DuckDB's sort"), (memory, "most memory held, GB")):
        axes.set(xscale="log", xlabel="acts", title=title, ylim=(0, None))
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--acts", type=int, nargs="+", default=[1_000_000, 10_000_000, 100_000_000])
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--dry", action="store_true", help="print, and leave the files as they are")
    given = parser.parse_args()
    results = [measured(acts, given.memory) for acts in given.acts]
    content = {
        "command": "python benchmarks/scale.py",
        "memory": given.memory,
        "python": platform.python_version(),
        "packages": {
            name: version(name) for name in ("honestsignals", "numpy", "pandas", "pyarrow", "duckdb")
        },
        "processors": os.cpu_count(),
        "results": results,
    }
    print(page(content))
    if given.dry:
        return
    RESULTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    text = (DOCS / "scale.md").read_text(encoding="utf-8")
    new = re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{page(content)}\n{END}", text, flags=re.DOTALL)
    (DOCS / "scale.md").write_text(new, encoding="utf-8")
    draw(content, DOCS / "figures" / "scale.svg")


if __name__ == "__main__":
    main()

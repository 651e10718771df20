"""Every metric of every pair of a log, as a ratio to DuckDB's sort of the same file.

    python benchmarks/dyads.py                      # 1 and 10 million acts, CSV and Parquet
    python benchmarks/dyads.py --acts 1_000_000 --runs 5

Each run is a process of its own. It counts processor seconds, user and system, of all its threads,
twice: of the whole process, and from the moment at which what it needs had been imported.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from generate import write_log

HERE = Path(__file__).parent
WORK = HERE / "work"
RESULTS = HERE / "results" / "dyads.json"

SORT = """
import duckdb, time
begin = time.process_time()
connection = duckdb.connect()
connection.execute("set threads = 1")
connection.execute("set enable_progress_bar = false")
source = "read_csv(?)" if {path!r}.endswith(".csv") else "read_parquet(?)"
connection.execute(
    f"create table sorted as select * from {{source}} "
    "order by least(sender, receiver), greatest(sender, receiver), time",
    [{path!r}],
)
done = time.process_time() - begin
size = connection.execute("select count(*), 0 from sorted").fetchone()
print("result", done, *size)
"""
OURS = """
import honestsignals as hs, time
import honestsignals.reading, scipy.optimize
columns = {{name: name for name in ("sender", "receiver", "time", "kind")}}
begin = time.process_time()
log = hs.read_log({path!r}, columns=columns, time_unit="s")
read = time.process_time() - begin
table = log.dyads()
done = time.process_time() - begin
print("result", done, len(table), len(table.frame.columns), read)
"""


def run(program: str) -> dict[str, float]:
    """One process: processor seconds, peak memory in bytes, and what it printed."""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read().split()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"A run failed with exit code {process.returncode}.")
    seconds, rows, columns, *more = (float(word) for word in said[said.index("result") + 1 :])
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "process_s": usage.ru_utime + usage.ru_stime,
        "work_s": seconds,
        "read_s": more[0] if more else 0.0,
        "wall_s": more[1] if len(more) > 1 else 0.0,
        "peak_bytes": usage.ru_maxrss * unit,
        "rows": rows,
        "columns": columns,
    }


def compare(path: Path, acts: int, runs: int) -> dict[str, Any]:
    """Runs of both in turn, so that whatever else the machine does falls on both."""
    sorts, ours = [], []
    for _ in range(runs):
        sorts.append(run(SORT.format(path=str(path))))
        ours.append(run(OURS.format(path=str(path))))

    def median(values: list[dict[str, float]], key: str) -> float:
        return statistics.median(one[key] for one in values)

    return {
        "acts": acts,
        "format": path.suffix[1:],
        "pairs": int(ours[0]["rows"]),
        "columns": int(ours[0]["columns"]),
        "runs": runs,
        "sort_s": round(median(sorts, "work_s"), 3),
        "ours_s": round(median(ours, "work_s"), 3),
        "of_which_reading_s": round(median(ours, "read_s"), 3),
        "ratio": round(median(ours, "work_s") / median(sorts, "work_s"), 2),
        "ratio_of_each_run": [
            round(one["work_s"] / floor["work_s"], 2) for one, floor in zip(ours, sorts, strict=True)
        ],
        "sort_process_s": round(median(sorts, "process_s"), 3),
        "ours_process_s": round(median(ours, "process_s"), 3),
        "ratio_of_processes": round(median(ours, "process_s") / median(sorts, "process_s"), 2),
        "sort_peak_gb": round(max(one["peak_bytes"] for one in sorts) / 1e9, 2),
        "ours_peak_gb": round(max(one["peak_bytes"] for one in ours) / 1e9, 2),
    }


def show(results: list[dict[str, Any]]) -> None:
    """The table, as Markdown."""
    heads = ["acts", "format", "pairs", "columns", "sort_s", "ours_s", "of_which_reading_s", "ratio"]
    heads += ["ratio_of_processes", "sort_peak_gb", "ours_peak_gb"]
    print("| " + " | ".join(head.replace("_", " ") for head in heads) + " |")
    print("|" + " --: |" * len(heads))
    for one in results:
        cells = (f"{one[head]:,}" if isinstance(one[head], int) else str(one[head]) for head in heads)
        print("| " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--acts", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--csv", type=int, nargs="*", default=[1_000_000], help="sizes to read as CSV too")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="print, and leave the results file as it is")
    given = parser.parse_args()
    results = []
    for acts, ending in [*((n, "parquet") for n in given.acts), *((n, "csv") for n in given.csv)]:
        path = WORK / f"{acts}.{ending}"
        if not path.exists():
            write_log(acts, path)
        results.append(compare(path, acts, given.runs))
    show(results)
    if given.dry:
        return
    packages = ("honestsignals", "numpy", "pandas", "pyarrow", "duckdb")
    about = {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "processors": os.cpu_count(),
        "results": results,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

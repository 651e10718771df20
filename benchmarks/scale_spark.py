"""Logs on Spark: everybody's ties through the driver and joined by workers, against DuckDB's sort.

    python benchmarks/scale_spark.py                          # 1 and 10 million acts: ten minutes
    python benchmarks/scale_spark.py --acts 1_000_000 --dry

Every run is a process of its own that starts Spark on this machine, reads Parquet and writes the table as
Parquet. Processor seconds are user and system of the driver's Python, of Java and of all of Python's workers,
from before Spark starts to the table's end; memory is the most that the driver's Python ever held, without
Java; what came to it are the bytes of all Arrow tables that were collected. The floor is DuckDB's sort of the
same file by pair and time, on one thread. Writes benchmarks/results/scale_spark.json, where a run replaces
the sizes that it measured, and the table of docs/spark.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from contenders import FIRST, KEYS
from generate import write_log
from watching import spent, watched

HERE = Path(__file__).parent
WORK = HERE / "work"
RESULTS = HERE / "results" / "scale_spark.json"
PAGE = HERE.parent / "docs" / "spark.md"
BEGIN, END = "<!-- numbers -->", "<!-- end of numbers -->"
NEVER = sys.maxsize
RUNS: dict[str, tuple[list[str] | None, int]] = {
    "all, through the driver": (None, NEVER),
    "all, joined by workers": (None, 0),
    "own acts": (FIRST, NEVER),
}
"""Metrics, and acts up to which ties go through the driver."""


def on_spark(path: str, metrics: list[str] | None, most: int) -> dict[str, Any]:
    """One run, in this process."""
    import pyarrow.parquet  # noqa: F401 - what is needed is there before the clock runs
    import scipy.optimize
    import scipy.sparse  # noqa: F401
    from pyspark.sql.classic.dataframe import DataFrame

    import honestsignals as hs
    from honestsignals import spark_logs

    came, collect = [0], DataFrame.toArrow

    def counted(frame: Any) -> Any:
        table = collect(frame)
        came[0] += table.nbytes
        return table

    DataFrame.toArrow, spark_logs.HELD_ACTS = counted, most
    with tempfile.TemporaryDirectory() as folder:
        begin, wall = spent(), time.monotonic()
        settings = {"shuffle.partitions": "16", "adaptive.coalescePartitions.enabled": "false"}
        settings = {f"spark.sql.{key}": value for key, value in settings.items()}
        settings |= {"spark.driver.maxResultSize": "4g", "spark.local.dir": folder}
        spark = hs.local_spark(2, memory="4g", settings=settings)
        log = hs.read_log(spark.read.parquet(path), columns={key: key for key in KEYS}, time_unit="s")
        ids = came[0]
        table = log.dyads(metrics=metrics)
        table.write(f"{folder}/dyads")
        found = {"processor_s": round(spent() - begin, 1), "wall_s": round(time.monotonic() - wall, 1)}
        status = Path("/proc/self/status").read_text().splitlines()
        kilobytes = int(next(line for line in status if line.startswith("VmHWM")).split()[1])
        found["driver_peak_gb"] = round(kilobytes * 1024 / 1e9, 2)
        found |= {"ids_mb": round(ids / 1e6, 2), "came_mb": round((came[0] - ids) / 1e6, 2)}
        pairs = spark.read.parquet(f"{folder}/dyads").count()
        spark.stop()
    return {"pairs": pairs, "columns": len(table.columns), **found}


def measured(acts: int) -> dict[str, Any]:
    """One size: the floor, and each of our runs."""
    path = WORK / f"{acts}.parquet"
    if not path.exists():
        write_log(acts, path)
    sort = [sys.executable, str(HERE / "contenders.py"), "sort", json.dumps({"path": str(path)})]
    floor = watched(sort)["work_s"]
    found: dict[str, Any] = {"acts": acts, "sort_s": round(floor, 2)}
    for name, (metrics, most) in RUNS.items():
        given = json.dumps({"path": str(path), "metrics": metrics, "most": most})
        said = watched([sys.executable, __file__, "--one", given])
        one = {key: said[key] for key in ("columns", "processor_s", "wall_s", "driver_peak_gb")}
        one |= {key: said[key] for key in ("ids_mb", "came_mb")}
        found["pairs"] = said["pairs"]
        found[name] = {**one, "ratio": round(one["processor_s"] / floor, 1)}
        print(acts, name, found[name], flush=True)
    return found


def page(content: dict[str, Any]) -> str:
    """The table of docs/spark.md."""
    spark = content["packages"]["pyspark"]
    heads = ["acts", "pairs", "columns", "everybody's ties", "processor seconds", "over the sort"]
    heads += ["most memory of the driver's Python", "came to the driver, besides ids"]
    lines = [
        f"Made by `{content['command']}` on {content['processors']} cores (`local[2]`, 16 partitions after a "
        f"shuffle, Spark {spark}). Seconds are of the processor: driver, Java and Python's workers, Spark's "
        "start included; the sort is DuckDB's, of the same file.",
        "",
        f"| {' | '.join(heads)} |",
        "| --: | --: | --: | --- | --: | --: | --: | --: |",
    ]
    for one in content["results"]:
        for name in RUNS:
            of = one[name]
            ties = name.partition(", ")[2] or "not asked for"
            lines.append(
                f"| {one['acts']:,} | {one['pairs']:,} | {of['columns']} | {ties} | {of['processor_s']:.0f} "
                f"| {of['ratio']:.0f} | {of['driver_peak_gb']:.2f} GB | {of['came_mb']:.1f} MB |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--acts", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--dry", action="store_true", help="print, and leave the files as they are")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(on_spark(**json.loads(given.one))))
        return
    results = {acts: measured(acts) for acts in given.acts}
    if RESULTS.exists():
        old = json.loads(RESULTS.read_text(encoding="utf-8"))["results"]
        results = {one["acts"]: one for one in old} | results
    content = {
        "command": "python benchmarks/scale_spark.py",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("honestsignals", "numpy", "pyarrow", "pyspark")},
        "processors": os.cpu_count(),
        "results": [results[acts] for acts in sorted(results)],
    }
    print(page(content))
    if given.dry:
        return
    RESULTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    new = re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{page(content)}\n{END}", text, flags=re.DOTALL)
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Fits over tables on disk: what they take by the number of rows, beside the same fits in memory.

    python benchmarks/scale_fits.py                  # 1, 10 and 100 million rows: half an hour, 15 GB of disk
    python benchmarks/scale_fits.py --rows 1e6 --dry

Every fit is a process of its own, with one thread for linear algebra. Writes
benchmarks/results/scale_fits.json, where a run replaces the sizes that it measured and leaves others as they
are, and the numbers of docs/scale_fits.md. TMPDIR says where the tables go meanwhile.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from watching import spent, watched

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "scale_fits.json"
PAGE = HERE.parent / "docs" / "scale_fits.md"
BEGIN, END = "<!-- numbers -->", "<!-- end of numbers -->"
FORMULA = "log1p(acts) + known(share) + in_contact + persistence"
LABEL = {"logit": "friendship", "gaussian": "trust"}
PART = 1_000_000
MEASURED = ("estimate", "std_error", "df", "p_value")


def write(folder: Path, rows: int, people: int) -> None:
    """Rows of pairs of people of very different activity, in parts."""
    rng = np.random.default_rng(1)
    weight = rng.lognormal(size=people)
    ends, effect = np.cumsum(weight / weight.sum()), rng.normal(0, 0.7, people)
    for place in range(max(1, rows // PART)):
        n = min(rows, PART)
        ego, alter = (np.minimum(np.searchsorted(ends, rng.random(n)), people - 1) for _ in range(2))
        alter = np.where(ego == alter, (alter + 1) % people, alter)
        acts = rng.poisson(2 * np.exp(rng.normal(size=n)))
        share = np.where(acts > 0, rng.random(n), np.nan)
        eta = -1.5 + 0.5 * np.log1p(acts) + 0.3 * np.nan_to_num(share) + effect[ego] + effect[alter]
        columns = {
            "ego": ego * 7 + 3,
            "alter": alter * 7 + 3,
            "acts": acts,
            "share": share,
            "in_contact": (acts > 0).astype(np.int8),
            "persistence": rng.random(n),
            "trust": eta + rng.normal(size=n),
            "friendship": (eta + rng.logistic(size=n) > 0).astype(np.int8),
        }
        pq.write_table(pa.table(columns), folder / f"part-{place:05d}.parquet")


def measure(folder: str, family: str, where: str) -> None:
    """One fit in a process of its own: what it took, and what it found."""
    import pandas as pd

    import honestsignals as hs

    begun = spent()
    table = pd.read_parquet(folder) if where == "memory" else folder
    found = hs.fit(f"{LABEL[family]} ~ {FORMULA}", table, family=family)
    seconds = spent() - begun
    one = found.glance().iloc[0]
    tidy = {name: found.tidy()[name].tolist() for name in MEASURED}
    counts = {name: int(one[name]) for name in ("rows", "pairs", "people")}
    print(
        json.dumps({"family": family, "where": where, **counts, "processor_seconds": seconds, "tidy": tidy})
    )


def fitted(folder: Path, family: str, where: str) -> dict[str, Any]:
    """The same, from outside."""
    command = [sys.executable, __file__, "--measure", str(folder), family, where]
    found = watched(command, {"OPENBLAS_NUM_THREADS": "1"})
    del found["process_s"]
    return {**found, "peak_mb": found.pop("peak_bytes") / 1e6, "seconds": found.pop("wall_s")}


def apart(one: dict, other: dict) -> float:
    """Largest relative difference of two tables of coefficients."""
    pairs = ((np.array(one["tidy"][name]), np.array(other["tidy"][name])) for name in MEASURED)
    return max(float(np.abs(a / b - 1).max()) for a, b in pairs if (b != 0).all())


def page(found: list[dict[str, Any]]) -> str:
    """The numbers of docs/scale_fits.md."""
    lines = [
        "| rows | people | family | where | processor s | wall s | peak MB | differs by |",
        "| --: | --: | :-- | :-- | --: | --: | --: | --: |",
    ]
    for one in found:
        differs = f"{one['differs']:.0e}" if "differs" in one else ""
        lines.append(
            f"| {one['rows']:,} | {one['people']:,} | {one['family']} | {one['where']} "
            f"| {one['processor_seconds']:.1f} | {one['seconds']:.1f} | {one['peak_mb']:,.0f} | {differs} |"
        )
    return "\n".join(lines)


def measured(rows: int, in_memory: bool) -> list[dict[str, Any]]:
    """Every fit of one size."""
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        # elsewhere, since a process begins with the peak of the one that started it
        arguments = (Path(folder), rows, max(1_000, rows // 100))
        writing = multiprocessing.get_context("spawn").Process(target=write, args=arguments)
        writing.start()
        writing.join()
        if writing.exitcode:
            raise SystemExit("The table could not be written.")
        for family in LABEL:
            found.append(fitted(Path(folder), family, "disk"))
            if in_memory:
                found.append(fitted(Path(folder), family, "memory"))
                found[-2]["differs"] = apart(found[-2], found[-1])
    return found


def store(new: list[dict[str, Any]]) -> None:
    """Put what one size took in the place of what it took before, in the results and on the page."""
    stored = json.loads(RESULTS.read_text(encoding="utf-8"))
    found = [one for one in stored if one["rows"] != new[0]["rows"]] + new
    found.sort(key=lambda one: one["rows"])  # of one size, as they were made
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    head, rest = PAGE.read_text(encoding="utf-8").split(BEGIN, 1)
    PAGE.write_text(f"{head}{BEGIN}\n{page(found)}\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", nargs="+", type=float, default=[1e6, 1e7, 1e8])
    parser.add_argument(
        "--in-memory", type=float, default=1e6, help="most rows that are fitted in memory too"
    )
    parser.add_argument("--dry", action="store_true", help="print, and leave the files as they are")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        measure(*asked.measure)
        return
    for rows in map(int, asked.rows):
        new = measured(rows, rows <= asked.in_memory)
        print(page(new), flush=True)
        if not asked.dry:
            store(new)


if __name__ == "__main__":
    main()

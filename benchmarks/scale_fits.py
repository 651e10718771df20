"""Fits over tables on disk: what they take by the number of rows, beside the same fits in memory.

Run from the project's folder:

    python benchmarks/scale_fits.py --rows 1e6 1e7 -o benchmarks/results/scale_fits.json \
        --markdown docs/scale_fits.md
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

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

    begun, wall = time.process_time(), time.time()
    table = pd.read_parquet(folder) if where == "memory" else folder
    found = hs.fit(f"{LABEL[family]} ~ {FORMULA}", table, family=family)
    spent = {"processor_seconds": time.process_time() - begun, "seconds": time.time() - wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    one = found.glance().iloc[0]
    tidy = {name: found.tidy()[name].tolist() for name in MEASURED}
    counts = {name: int(one[name]) for name in ("rows", "pairs", "people")}
    print(json.dumps({"family": family, "where": where, **counts, **spent, "peak_mb": peak, "tidy": tidy}))


def run(folder: Path, family: str, where: str) -> dict[str, object]:
    """The same, from outside."""
    command = [sys.executable, __file__, "--measure", str(folder), family, where]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def apart(one: dict, other: dict) -> float:
    """Largest relative difference of two tables of coefficients."""
    pairs = ((np.array(one["tidy"][name]), np.array(other["tidy"][name])) for name in MEASURED)
    return max(float(np.abs(a / b - 1).max()) for a, b in pairs if (b != 0).all())


def page(found: list[dict]) -> str:
    lines = [
        "| rows | people | family | where | processor s | peak MB | differs by |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in found:
        differs = f"{one['differs']:.0e}" if "differs" in one else ""
        lines.append(
            f"| {one['rows']:,} | {one['people']:,} | {one['family']} | {one['where']} "
            f"| {one['processor_seconds']:.1f} | {one['peak_mb']:,.0f} | {differs} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", type=float, default=[1e6, 1e7])
    parser.add_argument(
        "--in-memory", type=float, default=1e6, help="most rows that are fitted in memory too"
    )
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--markdown", type=Path, help="page whose table is replaced")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        measure(*asked.measure)
        return
    found: list[dict] = []
    for rows in map(int, asked.rows):
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), rows, max(1_000, rows // 100))
            for family in LABEL:
                found.append(run(Path(folder), family, "disk"))
                if rows <= asked.in_memory:
                    found.append(run(Path(folder), family, "memory"))
                    found[-2]["differs"] = apart(found[-2], found[-1])
    print(page(found))
    if asked.output:
        asked.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if asked.markdown:
        text = asked.markdown.read_text(encoding="utf-8")
        head, rest = text.split("<!-- numbers -->\n", 1)
        tail = rest.split("<!-- end of numbers -->", 1)[1]
        asked.markdown.write_text(
            f"{head}<!-- numbers -->\n{page(found)}\n<!-- end of numbers -->{tail}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()

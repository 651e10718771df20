"""What an evaluation costs, stage by stage: processor seconds and peak memory.

    python benchmarks/evaluation.py        # helpdesk, 450 people made up, copenhagen where it is
    python benchmarks/evaluation.py --only helpdesk --dry

Each evaluation is a process of its own, on one thread of linear algebra; processor seconds, user and system,
from when the rows are there to the printed text. Peak memory is of the whole process, its table with it.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks" / "results" / "evaluation.json"
SHARED = Path(os.environ.get("HONESTSIGNALS_SHARED") or PROJECT.parent / "shared") / "datasets"
PEOPLE = 450
STAGES = ("plan", "predict_folds", "scored", "_walds", "canaries")


def made_up(people: int) -> Any:
    """All pairs of people who differ in how active and how liked they are; hardly two rows are alike."""
    import pandas as pd

    draws = np.random.default_rng(people)
    ego, alter = np.triu_indices(people, 1)
    active, liked = draws.normal(size=(2, people))
    acts = draws.poisson(np.exp(0.6 * (active[ego] + active[alter]) - 1.0))
    met = acts > 0
    known = {name: np.where(met, draws.random(ego.size), np.nan) for name in ("share", "rate", "turns")}
    latent = -4.5 + 0.8 * np.log1p(acts) + 0.5 * np.nan_to_num(known["share"]) + liked[ego] + liked[alter]
    friends = (latent + draws.logistic(size=ego.size) > 0).astype(int)
    days = acts * draws.random(ego.size)
    named = {"ego": ego, "alter": alter, "acts": acts, "days": days, "met": met.astype(int)}
    return pd.DataFrame({**named, **known, "friends": friends})


def rows_of(name: str) -> tuple[Any, dict[str, Any]]:
    """The rows of an evaluation, and what is asked."""
    import honestsignals as hs

    if name == "helpdesk":
        return hs.open_study(PROJECT / "data" / "helpdesk").dyads(label="friendship"), {}
    if name == "copenhagen":
        return hs.open_study(SHARED / "copenhagen").dyads(label="friendship"), {}
    ladder = {"volume": ["log1p(acts)", "days", "met"], "balance": ["share"], "timing": ["rate", "turns"]}
    return made_up(PEOPLE), {"label": "friends", "ladder": ladder}


def measured(name: str) -> dict[str, Any]:
    """One evaluation in this process: seconds of each stage, of all, and the peak of memory."""
    import honestsignals as hs
    from honestsignals import evaluating

    rows, asked = rows_of(name)
    before = _peak()
    hs.evaluate(made_up(12), label="friends", ladder=["acts"], folds=hs.PeopleFolds(divisions=1))
    spent: dict[str, float] = {}

    def timed(stage: str, work: Any) -> Any:
        def run(*given: Any, **named: Any) -> Any:
            begin = time.process_time()
            found = work(*given, **named)
            spent[stage.strip("_")] = round(time.process_time() - begin, 2)
            return found

        return run

    for stage in STAGES:
        setattr(evaluating, stage, timed(stage, getattr(evaluating, stage)))
    begin = time.process_time()
    found = hs.evaluate(rows, **asked)
    text = str(found)
    whole = time.process_time() - begin
    return {
        "rows": len(found.plan.y),
        "people": found.plan.people[2],
        "folds": len(found.tested),
        "seconds": round(whole, 2),
        "stages": spent,
        "table_gigabytes": round(before, 2),
        "peak_gigabytes": round(_peak(), 2),
        "headline": text.splitlines()[0],
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=["helpdesk", "copenhagen", "made up"])
    parser.add_argument("--here", action="store_true", help="in this process; print, and write nothing")
    parser.add_argument("--dry", action="store_true", help="print, and leave the results file as it is")
    given = parser.parse_args()
    if given.here:
        print(json.dumps(measured(given.only)))
        return
    names = [given.only] if given.only else ["helpdesk", "made up"]
    if not given.only and SHARED.is_dir():
        names.append("copenhagen")
    found = {}
    for name in names:
        asked = [sys.executable, __file__, "--only", name, "--here"]
        found[name] = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
        print(name, json.dumps(found[name], indent=2), flush=True)
    if given.dry:
        return
    packages = ("honestsignals", "numpy", "scipy", "pandas", "statsmodels")
    about = {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "processors": os.cpu_count(),
        "evaluations": found,
    }
    RESULTS.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

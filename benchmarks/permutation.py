"""Processor time of MRQAP (double semi-partialling) against sna's netlm and netlogit.

    OPENBLAS_NUM_THREADS=1 python benchmarks/permutation.py

Ours: 1,000 draws of all coefficients of a simulated directed network, from the table to the result, fit and
formula included, everything imported. Theirs: stored seconds of R 4.2.2 and sna 2.7-1 for 1,000 draws, one
thread of a shared machine with two cores (good to a factor of two); with 200 people extrapolated. With 71
people 7 predictors, as there; with 200 people 6.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from pathlib import Path

import numpy as np
import pandas as pd
import scipy

import honestsignals as hs

RESULTS = Path(__file__).parent / "results" / "permutation.json"
DRAWS = 1_000
THEIRS = {
    ("gaussian", 71): ("sna::netlm", 103.7, "measured", 100),
    ("logit", 71): ("sna::netlogit", 267.7, "measured", 30),
    ("gaussian", 200): ("sna::netlm", 800.0, "extrapolated", 300),
    ("logit", 200): ("sna::netlogit", 1900.0, "extrapolated", 30),
}
"""Who, seconds of 1,000 draws, how they are known, and the ratio aimed at."""
ALONE = [("poisson", 71), ("ordered_logit", 71), ("probit", 71)]


def network(n_people: int, predictors: int) -> tuple[pd.DataFrame, str]:
    """A table of ordered pairs with people who differ, and the right side of its formula."""
    rng = np.random.default_rng([n_people, predictors])
    ego, alter = np.nonzero(~np.eye(n_people, dtype=bool))
    frame = pd.DataFrame({"ego": ego, "alter": alter})
    names = [f"x{place}" for place in range(predictors)]
    for name in names:
        sender, receiver = rng.normal(size=(2, n_people))
        frame[name] = sender[ego] + receiver[alter] + rng.normal(size=ego.size)
    eta = 0.2 * frame["x0"] + 0.5 * rng.normal(size=n_people)[ego] - 1.2
    frame["gaussian"] = eta + rng.normal(size=ego.size)
    frame["logit"] = frame["probit"] = (eta + rng.logistic(size=ego.size) > 0).astype(int)
    frame["poisson"] = rng.poisson(np.exp(eta))
    frame["ordered_logit"] = np.digitize(eta + rng.logistic(size=ego.size), [-1.5, 0.0, 1.5])
    return frame, " + ".join(names)


def seconds(family: str, n_people: int, runs: int) -> float:
    frame, right = network(n_people, 7 if n_people == 71 else 6)
    taken = []
    for seed in range(runs):
        begin = time.process_time()
        hs.permute(f"{family} ~ {right}", frame, family=family, draws=DRAWS, seed=seed)
        taken.append(time.process_time() - begin)
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    small, right = network(10, 2)
    for family in ("gaussian", "logit"):
        hs.permute(f"{family} ~ {right}", small, family=family, draws=5, seed=1)
    results = []
    for family, n_people in [*THEIRS, *ALONE]:
        ours = seconds(family, n_people, runs)
        one: dict[str, object] = {
            "family": family,
            "people": n_people,
            "draws": DRAWS,
            "ours_s": round(ours, 3),
        }
        if (family, n_people) in THEIRS:
            peer, theirs, known, aim = THEIRS[family, n_people]
            one |= {"peer": peer, "theirs_s": theirs, "theirs_are": known}
            one |= {"theirs_over_ours": round(theirs / ours), "aim": aim}
        results.append(one)
        print(one, flush=True)
    about = {
        "machine": "two shared cores, one thread",
        "python": platform.python_version(),
        "packages": {"numpy": np.__version__, "scipy": scipy.__version__},
        "results": results,
    }
    RESULTS.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

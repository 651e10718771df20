"""What the covariances of one fit cost, beside the fit itself.

    python benchmarks/covariances.py                      # a million dyads, and 200 people's exact jackknife
    python benchmarks/covariances.py --people 500 --runs 1 --dry

One process on one thread of linear algebra; processor seconds, user and system. Fits and errors take turns,
so that whatever else the machine does falls on both; medians of the runs.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import functools
import json
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from honestsignals.inference.clusters import person_codes
from honestsignals.inference.covariance import COVARIANCES
from honestsignals.inference.estimators import Estimate, estimate
from honestsignals.inference.families import FAMILIES
from honestsignals.inference.jackknife import jackknife
from honestsignals.inference.newton import Problem, solve

RESULTS = Path(__file__).parent / "results" / "covariances.json"
NAMES = ["Intercept", "volume", "balance", "x", "z"]


def rows(people: int, family: str, columns: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All ordered pairs of people who differ in what they give and answer."""
    rng = np.random.default_rng(people)
    ego, alter = np.nonzero(~np.eye(people, dtype=bool))
    give, answer, asked = 0.7 * rng.normal(size=(3, people))
    volume = np.log1p(rng.poisson(np.exp(0.5 + give[ego] + give[alter])))
    X = np.column_stack([np.ones(ego.size), volume, rng.normal(size=(ego.size, columns - 2))])
    latent = X @ np.full(columns, 0.3) - 1.5 + answer[ego] + asked[alter] + rng.logistic(size=ego.size)
    if family == "gaussian":
        y = latent
    elif family == "poisson":
        y = rng.poisson(np.exp(np.clip(latent / 3, -4, 3)))
    elif FAMILIES[family].levels:
        y = np.digitize(latent, [-1.5, 0.0, 1.5])
    else:
        y = latent > 0
    return ego, alter, X[:, 1:] if FAMILIES[family].cuts else X, y.astype(float)


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.process_time()
    found = work()
    return time.process_time() - begin, found


def large(people: int, runs: int) -> dict[str, Any]:
    """A logit on all ordered pairs: the fit, and each covariance."""
    ego, alter, X, y = rows(people, "logit")
    estimate(X[:1000], y[:1000], "logit", NAMES)  # loads what a first fit loads
    times: dict[str, list[float]] = {}
    for _ in range(runs):
        took, fit = seconds(lambda: estimate(X, y, "logit", NAMES))
        times.setdefault("fit", []).append(took)
        for name in COVARIANCES:
            took, _ = seconds(functools.partial(COVARIANCES[name], fit, ego, alter, fit.names))
            times.setdefault(name, []).append(took)
    median = {name: statistics.median(each) for name, each in times.items()}
    return {
        "family": "logit",
        "people": people,
        "rows": int(y.size),
        "coefficients": X.shape[1],
        "runs": runs,
        "seconds": {name: round(value, 3) for name, value in median.items()},
        "of_the_fit": {name: round(median[name] / median["fit"], 3) for name in median if name != "fit"},
    }


def plain_refit(fit: Estimate, keep: np.ndarray) -> np.ndarray:
    codes = np.searchsorted(fit.levels, fit.y).astype(float) if fit.levels else fit.y
    problem = Problem(fit.rule, fit.predictors[keep], codes[keep], fit.weights[keep], len(fit.levels))
    return solve(problem, fit.beta)[0]


def refitted(people: int, family: str, columns: int) -> dict[str, Any]:
    """The jackknife of 200 people: one step, exact, and what plain refits would take."""
    ego, alter, X, y = rows(people, family, columns)
    fit = estimate(X, y, family, [f"x{place}" for place in range(X.shape[1])])
    step_s, step = seconds(lambda: jackknife(fit, ego, alter, fit.names))
    exact_s, exact = seconds(lambda: jackknife(fit, ego, alter, fit.names, exact=True))
    ego, alter, n_people = person_codes(ego, alter)
    tried = [(ego != one) & (alter != one) for one in range(10)]
    plain_s = seconds(lambda: [plain_refit(fit, keep) for keep in tried])[0] / len(tried)
    refits = n_people + n_people * (n_people - 1) // 2
    return {
        "family": family,
        "people": n_people,
        "rows": int(y.size),
        "coefficients": int(fit.beta.size),
        "refits": refits,
        "one_step_s": round(step_s, 2),
        "exact_s": round(exact_s, 2),
        "plain_refits_s": round(plain_s * refits),
        "largest_change_of_an_error": round(float(np.abs(step.std_error / exact.std_error - 1).max()), 5),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=1001, help="of the logit; rows are all ordered pairs")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--families", nargs="*", default=[name for name in FAMILIES if name != "gaussian"])
    parser.add_argument("--dry", action="store_true", help="print, and leave the results file as it is")
    given = parser.parse_args()
    result = large(given.people, given.runs)
    print(json.dumps(result, indent=2), flush=True)
    jackknives = []
    for family in given.families:
        for columns in (5, 10) if family == "logit" else (5,):
            jackknives.append(refitted(200, family, columns))
            print(json.dumps(jackknives[-1]), flush=True)
    if given.dry:
        return
    about = {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("honestsignals", "numpy", "scipy", "statsmodels")},
        "processors": os.cpu_count(),
        "logit_of_a_million": result,
        "jackknives": jackknives,
    }
    RESULTS.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Bias and coverage of slopes beside sender and receiver effects, on studies whose effects go with a column.

Run from the project's folder:

    python benchmarks/fixed_effects.py --seed 1 -o benchmarks/results/fixed_effects.json \
        --markdown docs/fixed_effects.md

Every study has its own seed, made of --seed, the cell and the study. A fit that fails misses every interval.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from dataclasses import asdict, dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from scipy.special import logit, ndtr

from honestsignals.errors import FitError
from honestsignals.inference.covariance import covariance_of
from honestsignals.inference.estimators import estimate
from honestsignals.inference.fixed_effects import within
from honestsignals.inference.fixed_effects_errors import within_covariance
from honestsignals.inference.person_effects import effects_of
from honestsignals.inference.tetrad import tetrad_logit
from honestsignals.inference.tetrad_errors import tetrad_covariance
from honestsignals.inference.wald import coefficient_tests

NAMES = ["volume", "same group"]
TRUTH = np.array([0.5, 0.8])
METHODS = ["jackknife", "dyadic", "pair", "hc1"]
TARGET = (0.93, 0.97)


@dataclass(frozen=True)
class Cell:
    """One design: a row of the table."""

    family: str
    n_people: int
    directed: bool
    answering: float

    @property
    def name(self) -> str:
        rows = "directed" if self.directed else "undirected"
        answers = ", the two labels of a pair depend on one another" if self.answering else ""
        return f"{self.family}, {rows} {self.n_people}{answers}"

    @property
    def key(self) -> list[int]:
        """What seeds this cell's studies, whatever other cells are run."""
        return [len(self.family), self.n_people, int(self.directed), round(100 * self.answering)]


CELLS = [
    Cell(family, n_people, directed, answering)
    for n_people in (30, 60)
    for family in ("logit", "gaussian")
    for directed, answering in ((True, 0.0), (True, 0.6), (False, 0.0))
]


def simulated(cell: Cell, seed: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ego, alter, columns, label: effects of standard deviation 1, of which volume is made in part."""
    rng = np.random.default_rng(seed)
    n = cell.n_people
    sender, receiver = rng.normal(size=(2, n))
    group = rng.integers(0, 3, size=n)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool)) if cell.directed else np.triu_indices(n, k=1)
    if not cell.directed:
        receiver = sender
    volume = rng.normal(size=ego.size) + 0.7 * (sender[ego] + receiver[alter])
    X = np.column_stack([volume, (group[ego] == group[alter]).astype(float)])
    z = np.triu(rng.normal(size=(n, n)), 1)
    z = np.sqrt(cell.answering) * (z + z.T) + np.sqrt(1 - cell.answering) * rng.normal(size=(n, n))
    eta = X @ TRUTH + sender[ego] + receiver[alter] - 1.5
    if cell.family == "gaussian":
        return ego, alter, X, eta + z[ego, alter]
    # logistic errors by their quantiles, so that each label's model is exact whatever its pair's other says
    return ego, alter, X, (logit(ndtr(z[ego, alter])) < eta).astype(float)


def study(cell: Cell, seed: list[int]) -> dict[str, Any]:
    """Slopes and whether intervals cover, beside effects and without."""
    ego, alter, X, y = simulated(cell, seed)
    found: dict[str, Any] = {}
    design = np.column_stack([np.ones(y.size), X])
    try:
        plain = estimate(design, y, cell.family, ["Intercept", *NAMES])
        found["plain"] = plain.beta[1:]
        errors = covariance_of(plain, ego, alter, ["Intercept", *NAMES])
        found["plain_covered"] = covered(plain.beta, errors, np.array([0.0, *TRUTH]))[0][1:]
        if cell.family == "logit":
            quadruples = tetrad_logit(X, y, ego, alter, NAMES, directed=cell.directed)
            found["beta"], found["informative"] = quadruples.beta, quadruples.informative
            found["share"] = quadruples.informative / quadruples.quadruples
            by_name = {name: tetrad_covariance(quadruples, ego, alter, name) for name in METHODS}
        else:
            kinds = ("sender", "receiver") if cell.directed else ("person",)
            linear = within(X, y, NAMES, effects_of(ego, alter, kinds))
            found["beta"] = linear.estimate.beta
            by_name = {name: within_covariance(linear, ego, alter, name) for name in METHODS}
    except FitError as error:
        return {"failed": str(error)}
    found["methods"] = {name: covered(found["beta"], V, TRUTH) for name, V in by_name.items()}
    return found


def covered(beta: np.ndarray, V: Any, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each interval covers, and the standard errors."""
    tests = coefficient_tests(beta, V)
    with np.errstate(invalid="ignore"):
        return (tests.low <= truth) & (truth <= tests.high), V.std_error


def share(hits: np.ndarray, total: int) -> dict[str, Any]:
    rate = hits.sum(axis=0) / total
    return {
        "estimate": np.round(rate, 4).tolist(),
        "mc_error": np.round(np.sqrt(rate * (1 - rate) / total), 4).tolist(),
    }


def run(task: tuple[Cell, int, int]) -> dict[str, Any]:
    cell, studies, seed = task
    start = time.process_time()
    found = [study(cell, [seed, *cell.key, number]) for number in range(studies)]
    good = [one for one in found if "failed" not in one]
    beta, plain = (np.array([one[name] for one in good]) for name in ("beta", "plain"))
    result: dict[str, Any] = {
        "cell": cell.name,
        **asdict(cell),
        "studies": studies,
        "failed": studies - len(good),
        "bias": np.round(beta.mean(axis=0) - TRUTH, 4).tolist(),
        "bias_mc_error": np.round(beta.std(axis=0, ddof=1) / np.sqrt(len(good)), 4).tolist(),
        "sd": np.round(beta.std(axis=0, ddof=1), 4).tolist(),
        "plain_bias": np.round(plain.mean(axis=0) - TRUTH, 4).tolist(),
        "plain_coverage": share(np.array([one["plain_covered"] for one in good]), studies),
        "methods": {},
        "processor_seconds": round(time.process_time() - start, 1),
    }
    if cell.family == "logit":
        result["median_informative"] = float(np.median([one["informative"] for one in good]))
        result["median_share_informative"] = round(float(np.median([one["share"] for one in good])), 4)
    for name in METHODS:
        errors = np.array([one["methods"][name][1] for one in good])
        result["methods"][name] = {
            "coverage": share(np.array([one["methods"][name][0] for one in good]), studies),
            "median_se_over_sd": np.round(
                np.nanmedian(errors, axis=0) / beta.std(axis=0, ddof=1), 3
            ).tolist(),
        }
    return result


def outside(value: float, error: float) -> bool:
    """The estimate ± 2 Monte-Carlo errors does not meet the limits."""
    return value + 2 * error < TARGET[0] or value - 2 * error > TARGET[1]


def shown(values: dict[str, Any]) -> str:
    parts = []
    for value, error in zip(values["estimate"], values["mc_error"], strict=True):
        text = f"{value:.3f}".lstrip("0")
        parts.append(f"**{text}**" if outside(value, error) else text)
    return " ".join(parts)


def markdown(results: list[dict[str, Any]], command: str) -> str:
    lines = [
        "# Slopes beside sender and receiver effects",
        "",
        "`hs.fit(formula, dyads, fixed_effects=...)` compares rows of the same people: what is the same in",
        "all rows of a sender, or of a receiver, is absorbed. A gaussian model is fitted exactly, as with a",
        "dummy for every effect; a logit by its informative quadruples, in which the effects cancel",
        "(Charbonneau 2017, Jochmans 2018; without direction, Graham 2017). The definitions were checked",
        "against abstracts of the papers and two programs that implement them: Graham's own, and one made",
        "after Jochmans'.",
        "",
        "Simulated studies: effects of senders and receivers (of people, where rows have no direction) are",
        "normal with standard deviation 1, and volume is made of them in part; whether two people are of the",
        "same group is not. Slopes are .5 and .8. In some designs the two labels of a pair depend on one",
        "another beyond the effects (correlation .6 of the normal errors that their quantiles are taken of).",
        "Made by",
        "",
        f"    {command}",
        "",
        "Coverage of nominal .95 intervals, for volume and same group; a fit that fails misses. **Bold**:",
        "the estimate ± 2 Monte-Carlo errors does not meet 93–97 %. The model without effects is given with",
        "the net jackknife: where a slope is biased, no error mends its interval.",
        "",
        "| design | studies | failed | bias | bias without effects | net jackknife | dyadic | pair | hc1 "
        "| without effects |",
        "|---" * 10 + "|",
    ]
    for one in results:
        bias = " ".join(
            f"{value:+.3f} ({error:.3f})"
            for value, error in zip(one["bias"], one["bias_mc_error"], strict=True)
        )
        plain = " ".join(f"{value:+.2f}" for value in one["plain_bias"])
        methods = " | ".join(shown(one["methods"][name]["coverage"]) for name in METHODS)
        lines.append(
            f"| {one['cell']} | {one['studies']:,} | {one['failed']} | {bias} | {plain} | {methods} "
            f"| {shown(one['plain_coverage'])} |"
        )
    lines += ["", "Median standard error over the standard deviation of the slopes:", ""]
    lines += ["| design | " + " | ".join(METHODS) + " |", "|---" * 5 + "|"]
    for one in results:
        ratios = (one["methods"][name]["median_se_over_sd"] for name in METHODS)
        lines.append(
            f"| {one['cell']} | "
            + " | ".join(" ".join(f"{value:.2f}" for value in two) for two in ratios)
            + " |"
        )
    lines += ["", "Informative quadruples (median), and their share of all:", ""]
    lines += ["| design | informative | share |", "|---" * 3 + "|"]
    lines += [
        f"| {one['cell']} | {one['median_informative']:,.0f} | {one['median_share_informative']:.3f} |"
        for one in results
        if "median_informative" in one
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, nargs=2, default=[2000, 1000], help="of 30 and of 60 people")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", default="", help="cells whose name contains this")
    parser.add_argument("-o", "--output", type=Path, default=Path("benchmarks/results/fixed_effects.json"))
    parser.add_argument("--markdown", type=Path, default=None, help="also write the page here")
    asked = parser.parse_args()
    number = dict(zip((30, 60), asked.studies, strict=True))
    tasks = [(cell, number[cell.n_people], asked.seed) for cell in CELLS if asked.only in cell.name]
    results = []
    with Pool(asked.processes) as pool:
        for result in pool.imap(run, tasks):
            results.append(result)
            print(result["cell"], result["methods"]["jackknife"]["coverage"]["estimate"], flush=True)
    command = "python benchmarks/fixed_effects.py " + " ".join(sys.argv[1:])
    versions = {
        "python": platform.python_version(),
        **{module.__name__: module.__version__ for module in (np, scipy)},
    }
    made: dict[str, Any] = {
        "command": command,
        "software": versions,
        "truth": TRUTH.tolist(),
        "names": NAMES,
        "cells": results,
    }
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    if asked.markdown:
        asked.markdown.write_text(markdown(results, command), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

"""Coverage of the intervals, and size of the joint tests, on simulated studies with a known truth.

Run from the project's folder:

    python benchmarks/calibration.py --studies 1000 --seed 1 -o benchmarks/results/calibration.json

Every study has its own seed, made of --seed, the cell and the study, so the result depends neither on the
number of processes nor on the cells run with it. A fit that fails (separated, say) misses every interval.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from dataclasses import asdict, dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import statsmodels
from scipy.optimize import brentq
from scipy.special import chdtrc, expit, fdtrc

from honestsignals.errors import FitError
from honestsignals.inference.covariance import covariance_of
from honestsignals.inference.estimators import estimate
from honestsignals.inference.marginal import binary_labels, continuous_labels, dependent_normal
from honestsignals.inference.wald import coefficient_tests, wald

NAMES = ["intercept", "volume", "balance", "attribute"]
SLOPES = np.array([0.5, 0.8, 0.5])
METHODS = ["jackknife", "dyadic", "pair", "hc1"]
JOINT = {"volume, balance and attribute": [1, 2, 3], "balance and attribute": [2, 3]}
REFERENCES = ["F(q, nu)", "Hotelling F", "chi-square"]
TARGET, SIZE = (0.93, 0.97), (0.04, 0.065)


@dataclass(frozen=True)
class Cell:
    """One design: a row of the table."""

    family: str
    base_rate: float | None
    n_people: int
    directed: bool
    person_effects: bool

    @property
    def name(self) -> str:
        rate = "" if self.base_rate is None else f" {100 * self.base_rate:g} %"
        rows = "directed" if self.directed else "undirected"
        effects = "" if self.person_effects else ", no person effects"
        return f"{self.family}{rate}, {rows} {self.n_people}{effects}"

    @property
    def key(self) -> list[int]:
        """What seeds this cell's studies, whatever other cells are run."""
        rate = 0 if self.base_rate is None else round(1000 * self.base_rate)
        return [rate, self.n_people, int(self.directed), int(self.person_effects)]


def cells(people: list[int]) -> list[Cell]:
    return [
        Cell(family, rate, n_people, directed, effects)
        for family, rate in (("logit", 0.2), ("gaussian", None), ("logit", 0.05))
        for n_people in people
        for directed in (True, False)
        for effects in (True, False)
    ]


def design(cell: Cell, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ego, alter, and the columns: over-dispersed counts of acts, driven by how active people are."""
    n = cell.n_people
    active, sought, attribute = rng.normal(size=(3, n))
    closeness = rng.gamma(0.7, 1 / 0.7, size=(n, n))
    closeness = (
        np.triu(closeness, 1) + np.triu(closeness, 1).T
    )  # a pair's, whoever acts: counts are over-dispersed
    acts = rng.poisson(1.5 * closeness * np.exp(0.6 * active[:, None] + 0.4 * sought[None, :]))
    ego, alter = np.nonzero(~np.eye(n, dtype=bool)) if cell.directed else np.triu_indices(n, k=1)
    given, received = acts[ego, alter], acts[alter, ego]
    total = given + received
    balance = np.divide(2 * np.minimum(given, received), total, out=np.zeros(total.size), where=total > 0)
    trait = attribute[ego] if cell.directed else (attribute[ego] + attribute[alter]) / 2
    return ego, alter, np.column_stack([np.ones(ego.size), np.log1p(total), balance, trait])


def truth(cell: Cell) -> np.ndarray:
    """The coefficients: an intercept that gives the base rate over many designs, and fixed slopes."""
    if cell.base_rate is None:
        return np.concatenate([[0.0], SLOPES])
    rng = np.random.default_rng([7, *cell.key])
    eta = np.concatenate([design(cell, rng)[2][:, 1:] @ SLOPES for _ in range(400)])
    intercept = brentq(lambda shift: expit(eta + shift).mean() - cell.base_rate, -15, 5)
    return np.concatenate([[intercept], SLOPES])


def labels(
    cell: Cell, ego: np.ndarray, alter: np.ndarray, eta: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Labels whose mean is exactly the model's, dependent between pairs that share people."""
    directed = {"actor": 0.2, "partner": 0.15, "actor_partner_cor": 0.3, "dyad": 0.2}
    undirected = {"actor": 0.2, "partner": 0.2, "actor_partner_cor": 1.0, "dyad": 0.0}
    parts = dict(directed if cell.directed else undirected)
    if not cell.person_effects:
        parts |= {"actor": 0.0, "partner": 0.0}
    z = dependent_normal(cell.n_people, ego, alter, rng, **parts)
    return binary_labels(expit(eta), z) if cell.family == "logit" else continuous_labels(eta, z)


def study(cell: Cell, beta: np.ndarray, seed: list[int]) -> dict[str, Any]:
    """One study: whether each interval covers, and p of each joint test of the truth."""
    rng = np.random.default_rng(seed)
    ego, alter, X = design(cell, rng)
    y = labels(cell, ego, alter, X @ beta, rng).astype(float)
    try:
        fit = estimate(X, y, cell.family, NAMES)
    except FitError as error:
        return {"failed": str(error)}
    found: dict[str, Any] = {"beta": fit.beta}
    for method in METHODS:
        V = covariance_of(fit, ego, alter, NAMES, covariance=method)
        tests = coefficient_tests(fit.beta, V)
        with np.errstate(invalid="ignore"):
            covered = (tests.low <= beta) & (beta <= tests.high)
        p = []
        for indices in JOINT.values():
            test = wald(fit.beta - beta, V, indices)
            p.append([test.p_value, *alternatives(test.wald, len(indices), float(V.df[indices].min()))])
        found[method] = {"covered": covered, "se": V.std_error, "df": V.df, "p": np.array(p)}
    return found


def alternatives(W: float, q: int, nu: float) -> list[float]:
    """p by the references that the package does not use: Hotelling's scaling, and the chi-square."""
    rest = nu - q + 1
    if np.isinf(nu):
        return [float(chdtrc(q, W))] * 2
    scaled = float(fdtrc(q, rest, W * rest / (nu * q))) if rest > 0 else float("nan")
    return [scaled, float(chdtrc(q, W))]


def rate(hits: np.ndarray, total: int) -> dict[str, Any]:
    share = hits.sum(axis=0) / total
    return {
        "estimate": np.round(share, 4).tolist(),
        "mc_error": np.round(np.sqrt(share * (1 - share) / total), 4).tolist(),
    }


def summary(cell: Cell, beta: np.ndarray, found: list[dict[str, Any]]) -> dict[str, Any]:
    good = [one for one in found if "failed" not in one]
    estimates = np.array([one["beta"] for one in good])
    result: dict[str, Any] = {
        "cell": cell.name,
        **asdict(cell),
        "truth": np.round(beta, 6).tolist(),
        "studies": len(found),
        "failed": len(found) - len(good),
        "bias": np.round(estimates.mean(axis=0) - beta, 4).tolist(),
        "sd": np.round(estimates.std(axis=0, ddof=1), 4).tolist(),
        "methods": {},
    }
    for method in METHODS:
        ones = [one[method] for one in good]
        se = np.array([one["se"] for one in ones])
        p = np.array([one["p"] for one in ones])
        result["methods"][method] = {
            "coverage": rate(np.array([one["covered"] for one in ones]), len(found)),
            "without_standard_error": np.isnan(se).sum(axis=0).tolist(),
            "median_se_over_sd": np.round(
                np.nanmedian(se, axis=0) / estimates.std(axis=0, ddof=1), 3
            ).tolist(),
            "median_df": np.round(np.median([one["df"] for one in ones], axis=0), 1).tolist(),
            "size": {
                joint: {
                    "without_test": int(np.isnan(p[:, place, 0]).sum()),
                    **{name: rate(p[:, place, at] < 0.05, len(found)) for at, name in enumerate(REFERENCES)},
                }
                for place, joint in enumerate(JOINT)
            },
        }
    return result


def run(task: tuple[Cell, int, int]) -> dict[str, Any]:
    cell, studies, seed = task
    beta = truth(cell)
    return summary(cell, beta, [study(cell, beta, [seed, *cell.key, number]) for number in range(studies)])


def outside(estimate: float, error: float, limits: tuple[float, float]) -> bool:
    """The estimate ± 2 Monte-Carlo errors does not meet the limits."""
    return estimate + 2 * error < limits[0] or estimate - 2 * error > limits[1]


def markdown(results: list[dict[str, Any]], command: str) -> str:
    short = {"jackknife": "net jackknife", "dyadic": "dyadic", "pair": "pair", "hc1": "hc1"}
    studies = results[0]["studies"]
    lines = [
        "# Calibration",
        "",
        "Coverage of nominal .95 intervals for intercept, volume, balance and attribute, in that order, on",
        "simulated studies whose truth is exact (labels drawn by quantile transform). Made by",
        "",
        f"    {command}",
        "",
        f"{studies:,} studies a cell: Monte-Carlo error {np.sqrt(0.0475 / studies):.4f} at .95.",
        "Failed and separated fits count as misses. **Bold**: the estimate ± 2 Monte-Carlo errors does not",
        "meet 93–97 % (4–6.5 % for the tests).",
        "",
        "| design | failed | " + " | ".join(short.values()) + " |",
        "|---" * (2 + len(short)) + "|",
    ]
    for one in results:
        row = []
        for method in short:
            values = one["methods"][method]["coverage"]
            both = zip(values["estimate"], values["mc_error"], strict=True)
            row.append(" ".join(_shown(share, error, TARGET) for share, error in both))
        lines.append(f"| {one['cell']} | {one['failed']} | " + " | ".join(row) + " |")
    for joint in JOINT:
        lines += _sizes(results, joint)
    lines += ["", "In short: the lowest and the highest share over the designs (and coefficients).", ""]
    lines += ["| | with person effects | without |", "|---|---|---|"]
    for method, name in short.items():
        lines.append(_range(f"coverage, {name}", results, ("methods", method, "coverage")))
    for joint in JOINT:
        for name in REFERENCES:
            keys = ("methods", "jackknife", "size", joint, name)
            lines.append(_range(f"size, {joint}, net jackknife, {name}", results, keys))
    return "\n".join(lines) + "\n"


def _sizes(results: list[dict[str, Any]], joint: str) -> list[str]:
    lines = ["", f"Size of the joint test of {joint} at .05, net jackknife (and dyadic, F(q, nu)):", ""]
    lines.append("| design | " + " | ".join(REFERENCES) + " | dyadic | no test: jackknife, dyadic |")
    lines.append("|---" * 6 + "|")
    for one in results:
        sizes, dyadic = (one["methods"][method]["size"][joint] for method in ("jackknife", "dyadic"))
        shown = [_shown(sizes[name]["estimate"], sizes[name]["mc_error"], SIZE, 3) for name in REFERENCES]
        shown.append(_shown(dyadic[REFERENCES[0]]["estimate"], dyadic[REFERENCES[0]]["mc_error"], SIZE, 3))
        none = f"{sizes['without_test']}, {dyadic['without_test']}"
        lines.append(f"| {one['cell']} | " + " | ".join(shown) + f" | {none} |")
    return lines


def _range(name: str, results: list[dict[str, Any]], keys: tuple[str, ...]) -> str:
    shown = []
    for effects in (True, False):
        shares: list[float] = []
        for one in results:
            found = one
            for key in keys:
                found = found[key]
            shares += np.ravel(found["estimate"]).tolist() if one["person_effects"] == effects else []
        shown.append(f"{min(shares):.3f} – {max(shares):.3f}" if shares else "")
    return f"| {name} | " + " | ".join(shown) + " |"


def _shown(estimate: float, error: float, limits: tuple[float, float], digits: int = 2) -> str:
    text = f"{estimate:.{digits}f}".lstrip("0") or "0"
    return f"**{text}**" if outside(estimate, error, limits) else text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies a cell")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, nargs="+", default=[30, 60], help="sizes of study")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", default="", help="cells whose name contains this")
    parser.add_argument("-o", "--output", type=Path, default=Path("benchmarks/results/calibration.json"))
    parser.add_argument("--markdown", type=Path, default=None, help="also write the table here")
    asked = parser.parse_args()
    tasks = [(cell, asked.studies, asked.seed) for cell in cells(asked.people) if asked.only in cell.name]
    results = []
    with Pool(asked.processes) as pool:
        for result in pool.imap(run, tasks):
            results.append(result)
            print(result["cell"], result["methods"]["jackknife"]["coverage"]["estimate"], flush=True)
    command = f"python benchmarks/calibration.py --studies {asked.studies} --seed {asked.seed}"
    command += f" --people {' '.join(map(str, asked.people))}" if asked.people != [30, 60] else ""
    command += f" --only {asked.only!r}" if asked.only else ""
    command += f" -o {asked.output.as_posix()}"
    command += f" --markdown {asked.markdown.as_posix()}" if asked.markdown else ""
    versions = {
        "python": platform.python_version(),
        **{module.__name__: module.__version__ for module in (np, scipy, statsmodels)},
    }
    made = {
        "command": command,
        "software": versions,
        "slopes": SLOPES.tolist(),
        "names": NAMES,
        "cells": results,
    }
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    if asked.markdown:
        asked.markdown.parent.mkdir(parents=True, exist_ok=True)
        asked.markdown.write_text(markdown(results, command), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

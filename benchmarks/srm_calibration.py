"""Bias and coverage of the social relations model, on simulated studies whose components are known.

Run from the project's folder:

    python benchmarks/srm_calibration.py --studies 2000 --seed 1

Every study has its own seed, made of --seed, the cell and the study. A correlation without an interval, as a
variance is estimated at 0 or below or the correlation beyond 1, misses.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from honestsignals.inference.srm import fit_group, terms_of
from honestsignals.inference.srm_errors import between_groups, over_people, within_groups
from honestsignals.inference.srm_tests import component_tests, correlations

COMPONENTS = [term.name for term in terms_of(1)]
CORRELATIONS = ["generalized reciprocity", "dyadic reciprocity"]
EFFECTS = np.array([0.5, 0.3, 1.0, 0.2, 0.4])
NOTHING = np.array([0.0, 0.0, 1.0, 0.0, 0.0])
TARGET, SIZE = (0.93, 0.97), (0.04, 0.065)


@dataclass(frozen=True)
class Cell:
    """One design: groups of so many people, what they differ in, and what is not known."""

    n_people: int
    n_groups: int
    effects: bool = True
    skewed: bool = False
    missing: float = 0.0

    @property
    def name(self) -> str:
        groups = (
            f"{self.n_groups} groups of {self.n_people}" if self.n_groups > 1 else f"{self.n_people} people"
        )
        parts = [
            groups,
            "exponential" if self.skewed else "normal",
            "" if self.effects else "nothing but noise",
            f"{self.missing:.0%} of cells missing" if self.missing else "",
        ]
        return ", ".join(part for part in parts if part)

    @property
    def key(self) -> list[int]:
        """What seeds this cell's studies, whatever other cells are run."""
        return [
            self.n_people,
            self.n_groups,
            int(self.effects),
            int(self.skewed),
            round(100 * self.missing),
        ]

    @property
    def truth(self) -> np.ndarray:
        return EFFECTS if self.effects else NOTHING

    @property
    def methods(self) -> list[str]:
        return [
            "jackknife",
            *(["normal"] if not self.missing else []),
            *(["between"] if self.n_groups > 1 else []),
        ]


CELLS = [
    *(Cell(n, k) for n, k in ((12, 1), (30, 1), (6, 10))),
    *(Cell(n, k, skewed=True) for n, k in ((12, 1), (30, 1), (6, 10))),
    *(Cell(n, k, effects=False) for n, k in ((12, 1), (30, 1), (6, 10))),
    *(Cell(n, k, missing=0.2) for n, k in ((12, 1), (30, 1))),
]


def group(cell: Cell, rng: np.random.Generator) -> np.ndarray:
    """What each of one group gives each."""
    n = cell.n_people
    actor, partner, own, both, returned = cell.truth

    def standard(*shape: int) -> np.ndarray:
        return rng.exponential(size=shape) - 1 if cell.skewed else rng.normal(size=shape)

    people = root([[actor, both], [both, partner]]) @ standard(2, n)
    low, high = np.triu_indices(n, 1)
    pairs = root([[own, returned], [returned, own]]) @ standard(2, len(low))
    matrix = people[0][:, None] + people[1][None, :]
    matrix[low, high] += pairs[0]
    matrix[high, low] += pairs[1]
    matrix[rng.random((n, n)) < cell.missing] = np.nan
    return matrix


def root(covariance: list[list[float]]) -> np.ndarray:
    values, vectors = np.linalg.eigh(np.array(covariance))
    return vectors * np.sqrt(np.maximum(values, 0))


def study(cell: Cell, seed: list[int]) -> dict[str, Any]:
    """Estimates of one study; whether intervals cover; p of each test."""
    rng = np.random.default_rng(seed)
    matrices = [[group(cell, rng)] for _ in range(cell.n_groups)]
    groups = [fit_group(one) for one in matrices]
    found: dict[str, Any] = {}
    truth, terms = cell.truth, terms_of(1)
    of_both = np.array([truth[3] / np.sqrt(truth[0] * truth[1]) if cell.effects else np.nan, truth[4]])
    for method in cell.methods:
        if method == "jackknife":
            pooled = over_people(groups, matrices)
        else:
            pooled = within_groups(groups) if method == "normal" else between_groups(groups)
        tests, two = component_tests(pooled, terms), correlations(pooled, 1)
        covered = [*((tests.low <= truth) & (truth <= tests.high))]
        covered += [one.low <= value <= one.high for one, value in zip(two, of_both, strict=True)]
        found["estimate"] = pooled.estimate
        found["undefined"] = [one.why != "" for one in two]
        found[method] = {"covered": covered, "se": pooled.std_error, "p": tests.p_value}
    return found


def rate(hits: np.ndarray) -> dict[str, list[float]]:
    share = hits.mean(axis=0)
    return {
        "estimate": np.round(share, 4).tolist(),
        "mc_error": np.round(np.sqrt(share * (1 - share) / len(hits)), 4).tolist(),
    }


def run(cell: Cell, studies: int, seed: int) -> dict[str, Any]:
    found = [study(cell, [seed, *cell.key, number]) for number in range(studies)]
    estimates = np.array([one["estimate"] for one in found])
    sd = estimates.std(axis=0, ddof=1)
    result: dict[str, Any] = {
        "cell": cell.name,
        **asdict(cell),
        "truth": cell.truth.tolist(),
        "studies": studies,
        "bias": np.round(estimates.mean(axis=0) - cell.truth, 4).tolist(),
        "mc_error_of_bias": np.round(sd / np.sqrt(studies), 4).tolist(),
        "sd": np.round(sd, 4).tolist(),
        "below_zero": np.round((estimates[:, :3] < 0).mean(axis=0), 4).tolist(),
        "undefined": np.round(np.mean([one["undefined"] for one in found], axis=0), 4).tolist(),
        "methods": {},
    }
    for method in cell.methods:
        ones = [one[method] for one in found]
        result["methods"][method] = {
            "coverage": rate(np.array([one["covered"] for one in ones])),
            "median_se_over_sd": np.round(np.median([one["se"] for one in ones], axis=0) / sd, 3).tolist(),
            "rejected": rate(np.array([one["p"] for one in ones]) < 0.05),
        }
    return result


def outside(estimate: float, error: float, limits: tuple[float, float]) -> bool:
    """The estimate ± 2 Monte-Carlo errors does not meet the limits."""
    return estimate + 2 * error < limits[0] or estimate - 2 * error > limits[1]


def shown(estimate: float, error: float, limits: tuple[float, float], digits: int) -> str:
    text = f"{estimate:.{digits}f}".lstrip("0") or "0"
    return f"**{text}**" if outside(estimate, error, limits) else text


def markdown(results: list[dict[str, Any]], command: str) -> str:
    a, b, c, ab, cc = (f"{value:g}" for value in EFFECTS)
    lines = [
        "# Calibration of the social relations model",
        "",
        "Coverage of nominal .95 intervals, size of the tests at .05 and bias of the components, on",
        f"simulated groups: σ_a² {a}, σ_b² {b}, σ_c² {c}, σ_ab {ab}, σ_cc' {cc}, normal or exponential.",
        "Made by",
        "",
        f"    {command}",
        "",
        f"{results[0]['studies']:,} studies a cell. **Bold**: the estimate ± 2 Monte-Carlo errors does not",
        "meet 93–97 % (4–6.5 % for the tests). In order: actor, partner and relationship variance,",
        "actor-partner and relationship covariance; then generalized and dyadic reciprocity as",
        "correlations, whose studies without an interval count as misses.",
        "",
        "| design | errors | components | reciprocities | no generalized reciprocity |",
        "|---" * 5 + "|",
    ]
    for one in results:
        if not one["effects"]:
            continue
        for method, values in one["methods"].items():
            found = values["coverage"]
            both = list(zip(found["estimate"], found["mc_error"], strict=True))
            row = [shown(share, error, TARGET, 2) for share, error in both]
            lines.append(
                f"| {one['cell']} | {method} | {' '.join(row[:5])} | {' '.join(row[5:])} | "
                f"{one['undefined'][0]:.3f} |"
            )
    lines += [
        "",
        "Rejected at .05 where there is nothing but noise (variances one-sided, covariances two-sided):",
        "",
        "| design | errors | actor variance | partner variance | actor-partner cov. | relationship cov. |",
        "|---" * 6 + "|",
    ]
    for one in results:
        if one["effects"]:
            continue
        for method, values in one["methods"].items():
            found = values["rejected"]
            both = list(zip(found["estimate"], found["mc_error"], strict=True))
            row = [shown(*both[place], SIZE, 3) for place in (0, 1, 3, 4)]
            lines.append(f"| {one['cell']} | {method} | " + " | ".join(row) + " |")
    lines += ["", "Bias, in Monte-Carlo errors (median standard error of the jackknife over sd):", ""]
    lines += ["| design | " + " | ".join(COMPONENTS) + " |", "|---" * 6 + "|"]
    for one in results:
        errors = zip(
            one["bias"],
            one["mc_error_of_bias"],
            one["methods"]["jackknife"]["median_se_over_sd"],
            strict=True,
        )
        lines.append(
            f"| {one['cell']} | " + " | ".join(f"{b / e:+.1f} ({r:.2f})" for b, e, r in errors) + " |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2000, help="simulated studies a cell")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=Path("benchmarks/results/srm_calibration.json"))
    parser.add_argument("--markdown", type=Path, default=Path("docs/srm_calibration.md"))
    asked = parser.parse_args()
    results = []
    for cell in CELLS:
        results.append(run(cell, asked.studies, asked.seed))
        print(cell.name, results[-1]["methods"]["jackknife"]["coverage"]["estimate"], flush=True)
    command = f"python benchmarks/srm_calibration.py --studies {asked.studies} --seed {asked.seed}"
    versions = {
        "python": platform.python_version(),
        **{module.__name__: module.__version__ for module in (np, scipy)},
    }
    made = {"command": command, "software": versions, "components": COMPONENTS, "cells": results}
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    asked.markdown.write_text(markdown(results, command), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

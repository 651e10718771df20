"""Coverage of intervals of average marginal effects and predictions, on simulated studies with a known truth.

Run from the project's folder (the studies are those of benchmarks/calibration.py):

    python benchmarks/margins_calibration.py -o benchmarks/results/margins_calibration.json

Two truths are asked of every interval: the average over the study's own rows at the true coefficients, which
is what it is for, and the average over all rows that such studies could have had, which it does not claim.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import statsmodels
from calibration import LABELS, Cell, design, labels, truth

from honestsignals.errors import FitError
from honestsignals.inference.covariance import covariance_of
from honestsignals.inference.estimators import estimate
from honestsignals.inference.margins import (
    Gradients,
    average,
    average_slope,
    bounded,
    delta_method,
    joined,
)

METHODS = ["jackknife", "dyadic", "pair", "hc1"]
SHORT = {"jackknife": "net jackknife", "dyadic": "dyadic", "pair": "pair", "hc1": "hc1"}
EFFECTS = ["acts", "balance", "attribute"]
AT_ACTS = (0, 5)
TARGET = (0.93, 0.97)
DESIGNS = 300
"""How many studies' rows stand for all rows that there could be."""


def outcomes(cell: Cell) -> dict[str, int]:
    """Which probabilities are asked about: of a 1, or of the lowest and the highest level."""
    return {"lowest": 0, "highest": 3} if cell.family.startswith("ordered") else {"": 1}


def quantities(cell: Cell) -> list[str]:
    effects = [f"{one} {level}".strip() for one in EFFECTS for level in outcomes(cell)]
    return effects + [f"P at {acts} acts {level}".strip() for acts in AT_ACTS for level in outcomes(cell)]


def asked(cell: Cell, X: np.ndarray, theta: np.ndarray) -> tuple[Gradients, list[Gradients]]:
    """Effects, and predictions with all their levels, of these rows at some coefficients."""
    columns = X[:, 4 - len(cell.columns) :]
    first = len(cell.columns) - 3  # where volume stands
    L, weights, places = 4, np.ones(len(X)), list(outcomes(cell).values())
    effects = []
    for one, name in enumerate(EFFECTS):
        dX = np.zeros_like(columns)
        # volume is log1p of the acts of a pair
        dX[:, first + one] = np.exp(-X[:, 1]) if name == "acts" else 1.0
        slope = average_slope(cell.family, columns, dX, theta, L, weights=weights)
        effects.append(slope.only(places))
    predictions = []
    for acts in AT_ACTS:
        held = columns.copy()
        held[:, first] = np.log1p(acts)
        predictions.append(average(cell.family, held, theta, L, weights))
    return joined(effects), predictions


def values(cell: Cell, X: np.ndarray, theta: np.ndarray) -> np.ndarray:
    effects, predictions = asked(cell, X, theta)
    places = list(outcomes(cell).values())
    return np.concatenate([effects.value, *(one.value[places] for one in predictions)])


def everybody(cell: Cell, beta: np.ndarray) -> np.ndarray:
    """The averages over rows that there could be."""
    rng = np.random.default_rng([11, *cell.key])
    return np.mean([values(cell, design(cell, rng)[2], beta) for _ in range(DESIGNS)], axis=0)


def study(cell: Cell, beta: np.ndarray, population: np.ndarray, seed: list[int]) -> dict[str, Any]:
    """One study: which intervals cover."""
    rng = np.random.default_rng(seed)
    ego, alter, X = design(cell, rng)
    y = labels(cell, ego, alter, X, beta, rng).astype(float)
    try:
        fit = estimate(X[:, 4 - len(cell.columns) :], y, cell.family, cell.columns, start=beta)
    except FitError as error:
        return {"failed": str(error)}
    if fit.beta.size != beta.size:
        return {"failed": f"Only the levels {fit.levels} occur."}
    effects, predictions = asked(cell, X, fit.beta)
    places = list(outcomes(cell).values())
    own = values(cell, X, beta)
    found: dict[str, Any] = {"error": values(cell, X, fit.beta) - own, "drift": own - population}
    for method in METHODS:
        V = covariance_of(fit, ego, alter, fit.names, covariance=method)
        plain = delta_method(effects, fit.beta, V)
        ends = [bounded(cell.family, one.only(range(one.value.size)), fit.beta, V) for one in predictions]
        low, high = (
            np.concatenate([side, *(end[place][places] for end in ends)])
            for place, side in enumerate((plain.low, plain.high))
        )
        with np.errstate(invalid="ignore"):
            found[method] = {
                "own": (low <= own) & (own <= high),
                "population": (low <= population) & (population <= high),
                "none": np.isnan(low),
            }
    return found


def rate(hits: list[np.ndarray], total: int) -> dict[str, Any]:
    share = np.sum(hits, axis=0) / total
    return {
        "estimate": np.round(share, 4).tolist(),
        "mc_error": np.round(np.sqrt(share * (1 - share) / total), 4).tolist(),
    }


def run(task: tuple[Cell, int, int]) -> dict[str, Any]:
    cell, studies, seed = task
    beta = truth(cell)
    population = everybody(cell, beta)
    found = [study(cell, beta, population, [seed, *cell.key, number]) for number in range(studies)]
    good = [one for one in found if "failed" not in one]
    return {
        "cell": cell.name,
        **asdict(cell),
        "quantities": quantities(cell),
        "truth": np.round(population, 6).tolist(),
        "studies": studies,
        "failed": studies - len(good),
        "bias": np.round(np.mean([one["error"] for one in good], axis=0), 5).tolist(),
        "sd": np.round(np.std([one["error"] for one in good], axis=0, ddof=1), 5).tolist(),
        "sd_of_rows": np.round(np.std([one["drift"] for one in good], axis=0, ddof=1), 5).tolist(),
        "methods": {
            method: {
                "own rows": rate([one[method]["own"] for one in good], studies),
                "all rows": rate([one[method]["population"] for one in good], studies),
                "without_interval": np.sum([one[method]["none"] for one in good], axis=0).tolist(),
            }
            for method in METHODS
        },
    }


def shown(share: float, error: float) -> str:
    text = f"{share:.3f}".lstrip("0")
    meets = share + 2 * error >= TARGET[0] and share - 2 * error <= TARGET[1]
    return text if meets else f"**{text}**"


def table(results: list[dict[str, Any]], which: str, methods: list[str]) -> list[str]:
    lines = []
    for one in results:
        lines += ["", f"{one['cell']}, {one['studies']:,} studies, {one['failed']} failed:", ""]
        lines += ["| | bias | sd | " + " | ".join(SHORT[name] for name in methods) + " |"]
        lines += ["|---" * (3 + len(methods)) + "|"]
        for place, name in enumerate(one["quantities"]):
            row = []
            for method in methods:
                cover = one["methods"][method][which]
                row.append(shown(cover["estimate"][place], cover["mc_error"][place]))
            lines.append(
                f"| {name} | {one['bias'][place]:.4f} | {one['sd'][place]:.4f} | {' | '.join(row)} |"
            )
    return lines


def page(made: dict[str, Any]) -> str:
    """docs/calibration_margins.md."""
    results = made["cells"]
    lines = [
        "# Calibration of effects in the label's units",
        "",
        "Coverage of nominal .95 intervals of average marginal effects (`fit.marginal_effects`) and average",
        "predictions (`fit.predict`), on the simulated studies of [calibration.md](calibration.md): labels",
        "with an exact marginal distribution, and people who differ in what they answer and are answered.",
        "Acts enter as log1p; the effect is per act. Made by",
        "",
        f"    {made['command']}",
        "",
        "Failed fits and intervals that there are not count as misses. **Bold**: the share ± 2 Monte-Carlo",
        f"errors does not meet {TARGET[0]:.0%} to {TARGET[1]:.0%}.",
        "",
        "## The average over the study's own rows",
        "",
        "What the intervals are for: they take the rows as given.",
        *table(results, "own rows", METHODS),
        "",
        "## The average over all rows that there could have been",
        "",
        "What they do not claim: here the rows differ from study to study as well, and the delta method does",
        "not know it.",
        *table(results, "all rows", METHODS[:2]),
        "",
        "## In short",
        "",
        "| | lowest | highest |",
        "|---|---|---|",
    ]
    for which in ("own rows", "all rows"):
        for method in METHODS:
            shares = [one["methods"][method][which]["estimate"] for one in results]
            each = [share for one in shares for share in one]
            lines.append(f"| {SHORT[method]}, {which} | {min(each):.3f} | {max(each):.3f} |")
    return "\n".join(lines) + "\n"


def listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies a cell")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, nargs="+", default=[30, 60], help="sizes of study")
    parser.add_argument("--labels", type=listed, default=["logit 20 %", "ordered_logit"])
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("benchmarks/results/margins_calibration.json")
    )
    parser.add_argument("--markdown", type=Path, default=Path("docs/calibration_margins.md"))
    wanted = parser.parse_args()
    tasks = [
        (Cell(*LABELS[label], n_people, directed, True), wanted.studies, wanted.seed)
        for label in wanted.labels
        for directed in (True, False)
        for n_people in wanted.people
    ]
    results = []
    mapped: Callable[..., Any]
    with Pool(wanted.processes) as pool:
        mapped = pool.imap if wanted.processes > 1 else map
        for result in mapped(run, tasks):
            results.append(result)
            print(result["cell"], result["methods"]["jackknife"]["own rows"]["estimate"], flush=True)
    command = f"python benchmarks/margins_calibration.py --studies {wanted.studies} --seed {wanted.seed}"
    made = {
        "command": command,
        "software": {
            "python": platform.python_version(),
            **{module.__name__: module.__version__ for module in (np, scipy, statsmodels)},
        },
        "cells": results,
    }
    wanted.output.parent.mkdir(parents=True, exist_ok=True)
    wanted.output.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    wanted.markdown.write_text(page(made), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

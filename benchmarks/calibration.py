"""Coverage of the intervals, and size of the joint tests, on simulated studies with a known truth.

Run from the project's folder; what is stored already is kept, and a run that was stopped goes on:

    python benchmarks/calibration.py --labels all --methods all -o benchmarks/results/mine.json

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
from time import process_time
from typing import Any

import numpy as np
import scipy
import statsmodels
from scipy.optimize import brentq, root
from scipy.special import chdtrc, expit, fdtrc, ndtr, softmax

from honestsignals.errors import FitError
from honestsignals.inference.covariance import COVARIANCES, covariance_of
from honestsignals.inference.estimators import Estimate, estimate
from honestsignals.inference.marginal import (
    binary_labels,
    continuous_labels,
    count_labels,
    dependent_normal,
    ordinal_labels,
)
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import coefficient_tests, wald

NAMES = ["intercept", "volume", "balance", "attribute"]
SLOPES = np.array([0.5, 0.8, 0.5])
STRENGTH = {"probit": 0.6, "ordered_probit": 0.6, "poisson": 0.5}
"""Slopes of a family as a multiple of SLOPES, where they are not SLOPES themselves."""
MEAN_COUNT = 1.0
LEVEL_SHARES = np.array([0.4, 0.3, 0.2, 0.1])
CLASS_SHARES = np.array([0.6, 0.25, 0.15])
CLASS_STRENGTH = (0.5, 1.0)
"""Slopes of the second and third class as multiples of SLOPES; the first has none."""

LABELS: dict[str, tuple[str, float | None]] = {
    "logit 20 %": ("logit", 0.2),
    "gaussian": ("gaussian", None),
    "logit 5 %": ("logit", 0.05),
    "logit 50 %": ("logit", 0.5),
    "probit 20 %": ("probit", 0.2),
    "poisson": ("poisson", None),
    "ordered_logit": ("ordered_logit", None),
    "ordered_probit": ("ordered_probit", None),
    "multinomial": ("multinomial", None),
}
FIRST_LABELS = ["logit 20 %", "gaussian", "logit 5 %"]
FIRST_METHODS = ["jackknife", "dyadic", "pair", "hc1"]
NUMBERED = ["gaussian", "logit", "probit", "poisson", "ordered_logit", "ordered_probit", "multinomial"]
JOINT = {
    "volume, balance and attribute": ["volume", "balance", "attribute"],
    "balance and attribute": ["balance", "attribute"],
}
TESTED = ["jackknife", "dyadic"]
BOTH_ROWS, BOTH_EFFECTS = ["directed", "undirected"], ["with", "without"]
REFERENCES = ["F(q, nu)", "Hotelling F", "chi-square"]


@dataclass(frozen=True)
class Cell:
    """One design: a row of the table."""

    family: str
    base_rate: float | None
    n_people: int
    directed: bool
    person_effects: bool

    @property
    def label(self) -> str:
        rate = "" if self.base_rate is None else f" {100 * self.base_rate:g} %"
        return f"{self.family}{rate}"

    @property
    def name(self) -> str:
        rows = "directed" if self.directed else "undirected"
        effects = "" if self.person_effects else ", no person effects"
        return f"{self.label}, {rows} {self.n_people}{effects}"

    @property
    def key(self) -> list[int]:
        """What seeds this cell's studies, whatever other cells are run."""
        rate = 0 if self.base_rate is None else round(1000 * self.base_rate)
        own = [rate, self.n_people, int(self.directed), int(self.person_effects)]
        number = NUMBERED.index(self.family)
        return [*own, number] if number > 1 else own  # gaussian and logit are told apart by their rate

    @property
    def columns(self) -> list[str]:
        """Of the design; cut points stand for the intercept of an ordered label."""
        return NAMES[1:] if self.family.startswith("ordered") else NAMES


def cells(
    people: list[int],
    labels: list[str] | None = None,
    rows: tuple[bool, ...] = (True, False),
    effects: tuple[bool, ...] = (True, False),
) -> list[Cell]:
    return [
        Cell(*LABELS[label], n_people, directed, with_effects)
        for label in labels or FIRST_LABELS
        for n_people in people
        for directed in rows
        for with_effects in effects
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
    """The coefficients: fixed slopes, and intercepts or cut points that give the shares over many designs."""
    slopes = STRENGTH.get(cell.family, 1.0) * SLOPES
    if cell.family == "gaussian":
        return np.concatenate([[0.0], slopes])
    rng = np.random.default_rng([7, *cell.key])
    designs = 400 if cell.family == "logit" or cell.n_people < 100 else 50
    eta = np.concatenate([design(cell, rng)[2][:, 1:] @ slopes for _ in range(designs)])
    if cell.family == "poisson":
        return np.concatenate([[np.log(MEAN_COUNT / np.exp(eta).mean())], slopes])
    if cell.family == "multinomial":
        intercepts = root(lambda a: classes(eta, a).mean(axis=0)[1:] - CLASS_SHARES[1:], [-1.0, -2.0]).x
        both = zip(intercepts, CLASS_STRENGTH, strict=True)
        return np.concatenate([[a, *(strength * slopes)] for a, strength in both])
    link = ndtr if "probit" in cell.family else expit
    if cell.family.startswith("ordered"):
        below = np.cumsum(LEVEL_SHARES)[:-1]
        cuts = [brentq(lambda c, s=share: link(c - eta).mean() - s, -15, 15) for share in below]
        return np.concatenate([slopes, cuts])
    intercept = brentq(lambda shift: link(eta + shift).mean() - cell.base_rate, -15, 5)
    return np.concatenate([[intercept], slopes])


def classes(eta: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
    """Probability of every class, where each class but the first takes its part of one predictor."""
    both = zip(intercepts, CLASS_STRENGTH, strict=True)
    return softmax(np.column_stack([0 * eta, *(a + strength * eta for a, strength in both)]), axis=1)


def labels(
    cell: Cell, ego: np.ndarray, alter: np.ndarray, X: np.ndarray, beta: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Labels whose distribution, row by row, is exactly the model's; pairs that share people depend.

    Classes have no order, but their cumulative probabilities in any order give each its exact share: here
    none, one-sided, mutual, so that people with a high z have ties of either kind, the highest mutual ones.
    """
    directed = {"actor": 0.2, "partner": 0.15, "actor_partner_cor": 0.3, "dyad": 0.2}
    undirected = {"actor": 0.2, "partner": 0.2, "actor_partner_cor": 1.0, "dyad": 0.0}
    parts = dict(directed if cell.directed else undirected)
    if not cell.person_effects:
        parts |= {"actor": 0.0, "partner": 0.0}
    z = dependent_normal(cell.n_people, ego, alter, rng, **parts)
    link = ndtr if "probit" in cell.family else expit
    if cell.family.startswith("ordered"):
        return ordinal_labels(link(beta[None, 3:] - (X[:, 1:] @ beta[:3])[:, None]), z)
    if cell.family == "multinomial":
        eta = X @ beta.reshape(2, 4).T
        return ordinal_labels(np.cumsum(softmax(np.column_stack([0 * z, eta]), 1), 1)[:, :-1], z)
    eta = X @ beta
    if cell.family == "gaussian":
        return continuous_labels(eta, z)
    return count_labels(np.exp(eta), z) if cell.family == "poisson" else binary_labels(link(eta), z)


def study(cell: Cell, beta: np.ndarray, seed: list[int], methods: list[str]) -> dict[str, Any]:
    """One study: whether each interval covers, and p of each joint test of the truth."""
    rng = np.random.default_rng(seed)
    ego, alter, X = design(cell, rng)
    y = labels(cell, ego, alter, X, beta, rng).astype(float)
    columns = cell.columns
    try:
        # the optimum does not depend on the start, which costs time where statsmodels is to find it
        fit = estimate(X[:, 4 - len(columns) :], y, cell.family, columns, start=beta)
    except FitError as error:
        return {"failed": str(error)}
    if fit.beta.size != beta.size:
        return {"failed": f"Only the levels {fit.levels} occur."}
    found: dict[str, Any] = {"beta": fit.beta, "names": fit.names}
    for method in methods:
        V = covariance_of(fit, ego, alter, fit.names, covariance=method)
        tests = coefficient_tests(fit.beta, V)
        with np.errstate(invalid="ignore"):
            covered = (tests.low <= beta) & (beta <= tests.high)
        found[method] = {"covered": covered, "se": V.std_error, "df": V.df}
        if method in TESTED:
            p = [joint_p(fit, fit.beta - beta, V, columns, tested) for tested in JOINT.values()]
            found[method]["p"] = np.array(p)
    return found


def joint_p(
    fit: Estimate, distance: np.ndarray, V: Covariance, columns: list[str], tested: list[str]
) -> list[float]:
    """p by the package's reference, then by those that it does not use: Hotelling's scaling, chi-square."""
    indices = [place for column in tested for place in fit.places[columns.index(column)]]
    test, q, nu = wald(distance, V, indices), len(indices), float(V.df[indices].min())
    rest = nu - q + 1
    if np.isinf(nu):
        return [test.p_value, *[float(chdtrc(q, test.wald))] * 2]
    scaled = float(fdtrc(q, rest, test.wald * rest / (nu * q))) if rest > 0 else float("nan")
    return [test.p_value, scaled, float(chdtrc(q, test.wald))]


def rate(hits: np.ndarray, total: int) -> dict[str, Any]:
    share = hits.sum(axis=0) / total
    return {
        "estimate": np.round(share, 4).tolist(),
        "mc_error": np.round(np.sqrt(share * (1 - share) / total), 4).tolist(),
    }


def summary(
    cell: Cell, beta: np.ndarray, found: list[dict[str, Any]], methods: list[str], seed: int
) -> dict[str, Any]:
    good = [one for one in found if "failed" not in one]
    estimates = np.array([one["beta"] for one in good])
    sd = estimates.std(axis=0, ddof=1)
    result: dict[str, Any] = {
        "cell": cell.name,
        "label": cell.label,
        **asdict(cell),
        "names": list(good[0]["names"]),
        "truth": np.round(beta, 6).tolist(),
        "studies": len(found),
        "seed": seed,
        "failed": len(found) - len(good),
        "bias": np.round(estimates.mean(axis=0) - beta, 4).tolist(),
        "sd": np.round(sd, 4).tolist(),
        "methods": {},
    }
    for method in methods:
        ones = [one[method] for one in good]
        se = np.array([one["se"] for one in ones])
        df = np.median([one["df"] for one in ones], axis=0)
        result["methods"][method] = {
            "coverage": rate(np.array([one["covered"] for one in ones]), len(found)),
            "without_standard_error": np.isnan(se).sum(axis=0).tolist(),
            "median_se_over_sd": np.round(np.nanmedian(se, axis=0) / sd, 3).tolist(),
            "median_df": [None if np.isinf(one) else round(float(one), 1) for one in df],
        }
        if method in TESTED:
            result["methods"][method]["size"] = sizes(np.array([one["p"] for one in ones]), len(found))
    return result


def sizes(p: np.ndarray, total: int) -> dict[str, Any]:
    """How often each joint test of the truth rejects at .05; p is (studies, tests, references)."""
    return {
        joint: {
            "without_test": int(np.isnan(p[:, place, 0]).sum()),
            **{name: rate(p[:, place, at] < 0.05, total) for at, name in enumerate(REFERENCES)},
        }
        for place, joint in enumerate(JOINT)
    }


def run(task: tuple[Cell, int, int, list[str]]) -> dict[str, Any]:
    cell, studies, seed, methods = task
    began, beta = process_time(), truth(cell)
    found = [study(cell, beta, [seed, *cell.key, number], methods) for number in range(studies)]
    return summary(cell, beta, found, methods, seed) | {"seconds": round(process_time() - began, 1)}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies a cell")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, nargs="+", default=[30, 60], help="sizes of study")
    parser.add_argument("--labels", nargs="+", default=FIRST_LABELS, choices=[*LABELS, "all"])
    parser.add_argument("--methods", nargs="+", default=FIRST_METHODS, choices=[*COVARIANCES, "all"])
    parser.add_argument("--rows", nargs="+", default=BOTH_ROWS, choices=BOTH_ROWS)
    parser.add_argument(
        "--effects", nargs="+", default=BOTH_EFFECTS, choices=BOTH_EFFECTS, help="person effects"
    )
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", default="", help="cells whose name contains this")
    parser.add_argument("-o", "--output", type=Path, default=Path("benchmarks/results/calibration.json"))
    parser.add_argument("--markdown", type=Path, default=None, help="also write the page here")
    return parser.parse_args()


def stored(path: Path, asked: argparse.Namespace, command: str) -> dict[str, Any]:
    """What the file has of the same seed and number of studies, and the commands that made it."""
    made: dict[str, Any] = {"command": command, "cells": []}
    if path.exists():
        made = json.loads(path.read_text(encoding="utf-8"))
    same = {"studies": asked.studies, "seed": asked.seed}
    kept = [one for one in made["cells"] if {key: one.get(key) for key in same} == same]
    commands = dict.fromkeys([*made["command"].splitlines(), command])
    versions = {
        "python": platform.python_version(),
        **{module.__name__: module.__version__ for module in (np, scipy, statsmodels)},
    }
    return {
        "command": "\n".join(commands) if kept else command,
        "software": versions,
        "slopes": SLOPES.tolist(),
        "names": NAMES,
        "cells": kept,
    }


def write(path: Path, text: str) -> None:
    """Whole or not at all: a run that is stopped leaves the cells it had."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def main() -> None:
    asked = options()
    labels = list(LABELS) if "all" in asked.labels else asked.labels
    methods = list(COVARIANCES) if "all" in asked.methods else asked.methods
    rows = tuple(word == "directed" for word in asked.rows)
    effects = tuple(word == "with" for word in asked.effects)
    command = "python benchmarks/calibration.py " + " ".join(
        f"'{word}'" if " " in word else word for word in sys.argv[1:]
    )
    made = stored(asked.output, asked, command)
    done = {one["cell"] for one in made["cells"] if set(methods) <= set(one["methods"])}
    chosen = [one for one in cells(asked.people, labels, rows, effects) if asked.only in one.name]
    chosen.sort(key=lambda one: one.n_people * (1 + one.directed))  # what is cheap first
    tasks = [(one, asked.studies, asked.seed, methods) for one in chosen if one.name not in done]
    with Pool(asked.processes) as pool:
        for result in pool.imap(run, tasks):
            made["cells"] = [one for one in made["cells"] if one["cell"] != result["cell"]] + [result]
            write(asked.output, json.dumps(made, indent=1) + "\n")
            share = result["methods"][methods[0]]["coverage"]["estimate"]
            print(result["seconds"], result["cell"], methods[0], share, flush=True)
    if asked.markdown:
        from calibration_page import page

        write(asked.markdown, page(made, asked.output.stem))


if __name__ == "__main__":
    sys.exit(main())

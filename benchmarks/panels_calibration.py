"""Coverage of cross-lagged paths and of the reciprocity of a label, on simulated studies with a known truth.

Run from the project's folder:

    python benchmarks/panels_calibration.py --studies 1000 --seed 1

Writes benchmarks/results/panels_calibration.json and docs/calibration_panels.md. Every study has its own
seed, made of --seed, the cell and the study. A fit that fails (separated, say) misses every interval.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from honestsignals.errors import FitError
from honestsignals.inference.covariance import covariance_of
from honestsignals.inference.estimators import estimate
from honestsignals.inference.marginal import dependent_normal, ordinal_labels
from honestsignals.inference.mutual_logit import estimate_mutual, state_probabilities
from honestsignals.inference.stacked import by_equation, equation_of, stacked
from honestsignals.inference.wald import coefficient_tests, wald
from honestsignals.panel_rows import Panel
from honestsignals.panels import CrossLagged

HERE = Path(__file__).parent
METHODS = ("jackknife", "dyadic", "pair", "hc1")
OWN, CROSS, ACROSS = 0.5, 0.2, 0.3
"""Paths of both variables, and the correlation of the two at the first wave and of what is left of them."""
NAMES = ("trust", "help")
PATHS = ["trust: own", "trust: cross", "help: cross", "help: own"]
MUTUAL = np.array([-1.6, 0.5, 1.2])
"""Intercept, slope of what was given, log odds ratio."""
TARGET, SIZE = (0.93, 0.97), (0.04, 0.065)


def dependence(effects: bool) -> dict[str, float]:
    parts = {"actor": 0.2, "partner": 0.15, "actor_partner_cor": 0.3, "dyad": 0.2}
    return parts if effects else {"actor": 0.0, "partner": 0.0, "dyad": 0.2}


def two(n: int, codes: tuple[np.ndarray, np.ndarray], rng: np.random.Generator, effects: bool) -> np.ndarray:
    """Two standard normals a row that go together, each dependent between rows that share people."""
    first, other = (dependent_normal(n, *codes, rng, **dependence(effects)) for _ in range(2))
    return np.column_stack([first, ACROSS * first + np.sqrt(1 - ACROSS**2) * other])


def panel_study(n: int, effects: bool, rng: np.random.Generator) -> dict[str, Any]:
    """One panel: whether the interval of each path covers, and p of each true hypothesis."""
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    codes = (ego, alter)
    before = two(n, codes, rng, effects)
    after = OWN * before + CROSS * before[:, ::-1] + two(n, codes, rng, effects)
    X = np.column_stack([np.ones(ego.size), before])
    columns = ("Intercept", "trust_before", "help_before")
    fits = [estimate(X, after[:, place], "gaussian", columns) for place in range(2)]
    equations = tuple(equation_of(name, fit) for name, fit in zip(NAMES, fits, strict=True))
    whole = stacked(equations)
    truth = np.array([0, OWN, CROSS, 0, CROSS, OWN])
    places, cross = [1, 2, 4, 5], [2, 4]
    found: dict[str, Any] = {"estimate": whole.beta[places] - truth[places]}
    for method in METHODS:
        V = by_equation(covariance_of(whole, *codes, whole.names, method), equations, n)
        tests = coefficient_tests(whole.beta, V)
        covered = (tests.low <= truth) & (truth <= tests.high)
        found[method] = {
            "covered": covered[places],
            "size": wald(whole.beta - truth, V, cross).p_value < 0.05,
        }
        panel = Panel(
            NAMES,
            2,
            before,
            after,
            X,
            columns,
            {},
            pd.DataFrame({"ego": ego, "alter": alter}),
            {},
            (),
            (),
            True,
        )
        how = (True, False)
        result = CrossLagged("", "", whole, V, panel.ids, {}, {}, ((), ()), how, equations, panel)
        paths = result.standardised()
        deviation = np.sqrt(OWN**2 + CROSS**2 + 2 * OWN * CROSS * ACROSS + 1)
        standard = np.array([OWN, CROSS, CROSS, OWN]) / deviation
        inside = (paths.found.low <= standard) & (standard <= paths.found.high)
        residual = paths.residual
        found[method]["standardised"] = inside
        found[method]["equal"] = paths.equal is not None and paths.equal.p_value[0] < 0.05
        found[method]["residual"] = bool(residual.low[0] <= ACROSS <= residual.high[0])
    return found


def mutual_study(n: int, effects: bool, rng: np.random.Generator) -> dict[str, Any]:
    """One label: states drawn with exactly the model's probabilities, pairs that share people depend."""
    low, high = np.triu_indices(n, 1)
    active = rng.normal(size=n)
    given = np.log1p(rng.poisson(1.5 * np.exp(0.6 * active[:, None] + 0.5 * rng.normal(size=(n, n)))))
    forth, back = (np.column_stack([np.ones(low.size), given[one]]) for one in ((low, high), (high, low)))
    eta = np.column_stack([forth @ MUTUAL[:2], back @ MUTUAL[:2], (forth + back) @ MUTUAL[:2] + MUTUAL[2]])
    p = state_probabilities(eta)
    person = 0.2 if effects else 0.0
    z = dependent_normal(n, low, high, rng, actor=person, partner=person, actor_partner_cor=1.0)
    ties = ordinal_labels(np.cumsum(p[:, [0, 1]] + np.column_stack([0 * z, p[:, 2]]), axis=1), z)
    first = rng.random(low.size) < p[:, 1] / (p[:, 1] + p[:, 2])
    labels = np.column_stack([(ties == 2) | ((ties == 1) & first), (ties == 2) | ((ties == 1) & ~first)])
    names = ["Intercept", "given"]
    try:
        fit = estimate_mutual((forth, back), np.ones((low.size, 1)), labels, names, ["reciprocity"])
    except FitError as error:
        return {"failed": str(error)}
    found: dict[str, Any] = {"estimate": fit.beta - MUTUAL}
    for method in METHODS:
        tests = coefficient_tests(fit.beta, covariance_of(fit, low, high, fit.names, method))
        found[method] = {"covered": (tests.low <= MUTUAL) & (tests.high >= MUTUAL)}
    return found


CELLS = [
    (kind, n, effects) for kind in ("panel", "mutual") for n, effects in ((30, True), (30, False), (60, True))
]


def cell(kind: str, n: int, effects: bool, studies: int, seed: int) -> dict[str, Any]:
    """Shares of studies whose intervals cover, and that reject what is true."""
    draw = panel_study if kind == "panel" else mutual_study
    key = [seed, int(kind == "panel"), n, int(effects)]
    found = [draw(n, effects, np.random.default_rng([*key, study])) for study in range(studies)]
    good = [one for one in found if "failed" not in one]
    bias = np.mean([one["estimate"] for one in good], axis=0)
    result: dict[str, Any] = {
        "kind": kind,
        "people": n,
        "person_effects": effects,
        "studies": studies,
        "failed": len(found) - len(good),
        "bias": np.round(bias, 4).tolist(),
        "methods": {},
    }
    for method in METHODS:
        whats = good[0][method]
        result["methods"][method] = {
            what: np.round(np.sum([one[method][what] for one in good], axis=0) / studies, 4).tolist()
            for what in whats
        }
    return result


def cells_of(values: Any, studies: int, target: tuple[float, float], cautious: bool) -> str:
    """Shares as text; bold where they do not meet their target within two Monte-Carlo errors."""
    shown = []
    for share in np.atleast_1d(values):
        reach = 2 * np.sqrt(share * (1 - share) / studies)
        wrong = share + reach < target[0] if cautious else share - reach > target[1]
        far = share - reach > target[1] if cautious else share + reach < target[0]
        text = f"{share:.3f}".removeprefix("0")
        shown.append(f"**{text}**" if wrong else f"{text}+" if far else text)
    return " ".join(shown)


def page(results: list[dict[str, Any]], command: str) -> str:
    """The page of docs."""
    studies = results[0]["studies"]
    error = np.sqrt(0.05 * 0.95 / studies)
    lines = [
        "# Calibration of panels and of the reciprocity of a label",
        "",
        f"Coverage of nominal .95 intervals and size of tests at .05, {studies:,} simulated studies a cell "
        f"(Monte-Carlo error {error:.4f}). Made by",
        "",
        f"    {command}",
        "",
        "**Bold**: errors too small, the share ± 2 Monte-Carlo errors does not meet 93–97 % (4–6.5 % for "
        "tests); a plus sign: cautious, beyond the target on the other side. Failed fits miss every "
        "interval.",
        "",
        "## Cross-lagged panel",
        "",
        f"Two variables of ordered pairs at two waves; own paths {OWN}, cross paths {CROSS}, and a "
        f"correlation of {ACROSS} between the two at the first wave and between what is left of them at the "
        "second. With *person effects* people are 35 % of the variance of the two at the first wave and of "
        "what is left of them, and what rows of one pair share is 20 %. "
        "Paths in the order " + ", ".join(PATHS) + ". *Both cross paths*: joint test of their true values. "
        "*Equal*: test that the standardised cross paths are equal, as they are.",
        "",
        "| people | person effects | errors | paths | standardised paths | residual correlation "
        "| both cross paths | equal |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in (one for one in results if one["kind"] == "panel"):
        for method, shares in one["methods"].items():
            covered, standard, residual = (
                cells_of(shares[what], studies, TARGET, True)
                for what in ("covered", "standardised", "residual")
            )
            size, equal = (cells_of(shares[what], studies, SIZE, False) for what in ("size", "equal"))
            effects = "yes" if one["person_effects"] else "no"
            cells = [one["people"], effects, method, covered, standard, residual, size, equal]
            lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += [
        "",
        "## Both directions of a label",
        "",
        f"`fit_mutual` with intercept {MUTUAL[0]}, slope {MUTUAL[1]} of a directed column, log odds ratio "
        f"{MUTUAL[2]}; states of a pair have exactly the model's probabilities, and with *person effects* "
        "people are 40 % of the variance of what decides whether a pair has none, one or two ties.",
        "",
        "| people | person effects | errors | intercept, slope, reciprocity | bias | failed |",
        "|---|---|---|---|---|---|",
    ]
    for one in (one for one in results if one["kind"] == "mutual"):
        for method, shares in one["methods"].items():
            covered = cells_of(shares["covered"], studies, TARGET, True)
            effects = "yes" if one["person_effects"] else "no"
            bias = " ".join(f"{value:.3f}" for value in one["bias"])
            lines.append(f"| {one['people']} | {effects} | {method} | {covered} | {bias} | {one['failed']} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    results = [cell(*one, asked.studies, asked.seed) for one in CELLS]
    command = f"python benchmarks/panels_calibration.py --studies {asked.studies} --seed {asked.seed}"
    content = {"command": command, "cells": results}
    target = HERE / "results" / "panels_calibration.json"
    target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    (HERE.parent / "docs" / "calibration_panels.md").write_text(page(results, command), encoding="utf-8")


if __name__ == "__main__":
    main()

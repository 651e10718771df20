"""Regressions on pairs that several tests of the inference share: reference cases, and simulated ones."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from honestsignals.inference.estimators import Estimate, estimate
from tests.shared import REFERENCE, shared_path


@dataclass(frozen=True, eq=False)
class Rows:
    """A design and its labels, one row a pair (or ordered pair)."""

    ego: np.ndarray
    alter: np.ndarray
    X: np.ndarray
    y: np.ndarray
    names: list[str]
    weights: np.ndarray | None = None

    def fit(self, family: str, start: np.ndarray | None = None) -> Estimate:
        return estimate(self.X, self.y, family, self.names, start=start, weights=self.weights)

    def take(self, rows: np.ndarray) -> Rows:
        weights = None if self.weights is None else self.weights[rows]
        some = {name: getattr(self, name)[rows] for name in ("ego", "alter", "X", "y")}
        return replace(self, weights=weights, **some)


def reference_folder(case: str) -> Path:
    """What is simulated stands in this project; real networks are read from the shared folder."""
    return REFERENCE if case in ("sim40", "sim_label40") else shared_path("reference")


def reference(folder: str, case: str) -> dict[str, Any]:
    found = json.loads((reference_folder(case) / folder / f"{case}.json").read_text(encoding="utf-8"))
    return dict(found["models"])


def matrix(case: str, name: str, missing: float = 0.0) -> np.ndarray:
    """A matrix, row = sender; missing ties are 0, as most cases' descriptions say."""
    with (reference_folder(case) / "inputs" / f"{name}.csv").open(encoding="utf-8") as file:
        lines = list(csv.reader(file))[1:]
    return np.array([[missing if cell == "NA" else float(cell) for cell in line[1:]] for line in lines])


def attribute(case: str, name: str, column: str) -> np.ndarray:
    with (reference_folder(case) / "inputs" / f"{name}.csv").open(encoding="utf-8") as file:
        return np.array([float(line[column]) for line in csv.DictReader(file)])


def _same(values: np.ndarray) -> np.ndarray:
    return (values[:, None] == values[None, :]).astype(float)


def _gap(values: np.ndarray) -> np.ndarray:
    return np.abs(values[:, None] - values[None, :])


def case_rows(case: str) -> Rows:
    """The regression of a reference case, as its `description` says, over all ordered pairs."""
    if case == "eies":
        label, sent = matrix(case, "eies_acquaintance_t1"), np.log1p(matrix(case, "eies_messages"))
        columns = {"log1p_sent": sent, "log1p_received": sent.T}
    elif case == "krackhardt":
        label, advice = matrix(case, "krackhardt_friendship"), matrix(case, "krackhardt_advice")
        reports = matrix(case, "krackhardt_reports")
        columns = {"advice": advice, "advice_t": advice.T, "reports_to": reports}
    elif case == "lazega":
        label, advice = matrix(case, "lazega_friendship"), matrix(case, "lazega_advice")
        columns = {"advice": advice, "advice_t": advice.T, "cowork": matrix(case, "lazega_cowork")}
        for name in ("status", "gender", "office"):
            columns[f"same_{name}"] = _same(attribute(case, "lazega_attributes", name))
        columns["absdiff_seniority"] = _gap(attribute(case, "lazega_attributes", "seniority"))
    elif case == "wiring":
        label, given = matrix(case, "wiring_friendship"), matrix(case, "wiring_help")
        columns = {"help": given, "help_t": given.T}
    else:
        label, sent = matrix(case, "sim_trust40"), np.log1p(matrix(case, "sim_counts40"))
        columns = {
            "log1p_sent": sent,
            "log1p_received": sent.T,
            "same_group": _same(attribute(case, "sim_attributes40", "group")),
            "absdiff_age": _gap(attribute(case, "sim_attributes40", "age")),
        }
    ego, alter = np.nonzero(~np.eye(label.shape[0], dtype=bool))
    X = np.column_stack([np.ones(ego.size), *(column[ego, alter] for column in columns.values())])
    return Rows(ego, alter, X, label[ego, alter], ["(Intercept)", *columns])


def ordinal_rows(case: str) -> Rows:
    """The ordered regression of a reference case, as its description says; missing labels are out."""
    if case == "sim_label40":
        label, counts = matrix(case, "sim_label40"), matrix(case, "sim_counts40")
    else:
        label = matrix(case, "eies_acquaintance_t2", missing=np.nan)
        counts = matrix(case, "eies_messages")
    if case.endswith("reciprocity"):
        both = {"log1p_min": np.minimum(counts, counts.T), "log1p_total": counts + counts.T}
    else:
        both = {"log1p_sent": counts, "log1p_received": counts.T}
    ego, alter = np.nonzero(~np.eye(label.shape[0], dtype=bool) & ~np.isnan(label))
    X = np.column_stack([np.log1p(column[ego, alter]) for column in both.values()])
    return Rows(ego, alter, X, label[ego, alter], list(both))


def simulated(seed: int, n_people: int = 12, directed: bool = True, family: str = "gaussian") -> Rows:
    """A small unbalanced study: some pairs absent, some with several rows, scores that share people."""
    rng = np.random.default_rng(seed)
    if directed:
        ego, alter = np.nonzero(~np.eye(n_people, dtype=bool))
    else:
        ego, alter = np.triu_indices(n_people, k=1)
    kept = np.sort(rng.choice(ego.size, size=int(0.9 * ego.size), replace=False))
    rows = np.concatenate([kept, rng.choice(kept, size=ego.size // 8)])  # some asked twice
    ego, alter = ego[rows], alter[rows]
    trait, taste = rng.normal(size=(2, n_people))
    volume = np.log1p(rng.poisson(np.exp(0.4 * (trait[ego] + trait[alter]) + 0.5)))
    balance = rng.random(ego.size)
    X = np.column_stack([np.ones(ego.size), volume, balance])
    eta = -0.8 + 0.5 * volume + 0.4 * balance + 0.7 * (taste[ego] + taste[alter])
    noisy = eta + rng.normal(size=ego.size)
    names = ["Intercept", "volume", "balance"]
    if family == "gaussian":
        return Rows(ego, alter, X, noisy, names)
    latent = noisy + rng.logistic(size=ego.size)
    if family == "poisson":
        return Rows(ego, alter, X, rng.poisson(np.exp(np.clip(noisy / 2, -3, 2))).astype(float), names)
    if family == "multinomial":
        return Rows(ego, alter, X, np.digitize(latent, [-0.4, 1.0]).astype(float), names)
    if family.startswith("ordered"):
        y = np.digitize(latent, [-1.0, 0.3, 1.6]).astype(float)
        return Rows(ego, alter, X[:, 1:], y, names[1:])
    return Rows(ego, alter, X, (latent > 0.3).astype(float), names)

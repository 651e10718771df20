"""Coverage and size of moderated hazards, of the next act and of a tie's end, on simulated studies.

Run from the project's folder:

    python benchmarks/moderated_hazards.py --studies 1000 --seed 1
    python benchmarks/returns_calibration.py --page

Writes benchmarks/results/moderated_hazards.json, which the second draws into docs/returns_calibration.md.
All is judged with arrays alone, by the functions that `hs.return_hazard` and `hs.tie_survival` call.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from honestsignals.errors import FitError
from honestsignals.inference.hazard_errors import COVARIANCES, hazard_covariance
from honestsignals.inference.hazards import HazardFit, Spells, hazard_fit
from honestsignals.inference.wald import combinations

PROJECT = Path(__file__).resolve().parents[1]
STORED = PROJECT / "benchmarks" / "results" / "moderated_hazards.json"
KEPT = 3
"""Studies of each design that are stored one by one, for the test to make again."""
SLOPE = 0.3
MAIN = 0.2
"""Log hazard ratios, of the moderated covariate where the moderator is 0, and of the moderator itself."""
Drawn = tuple[np.ndarray, np.ndarray, Spells, list[str]]


@dataclass(frozen=True)
class Moderated:
    """A kind of study.

    Attributes
    ----------
    name : str
    of : str
        "act": recurrent acts, moderated in how the debt works; "tie": ends of ties, in how x does.
    by : str
        Whose the moderator is, 0 or 1: "pair" (two of one group), "ego", or "act" (what was last received).
    shift : float
        How far the slope differs where the moderator is 1.
    people : int
    share : float
        Of pairs in contact.
    ego, alter : float
        Standard deviations of log rates of who acts, and of whom they act to; of ties of either.
    slopes : float
        Standard deviation of egos' own slopes.
    """

    name: str
    of: str
    by: str
    shift: float
    people: int = 60
    share: float = 0.1
    ego: float = 0.6
    alter: float = 0.0
    slopes: float = 0.0


DESIGNS = [
    Moderated("acts, by pairs", "act", "pair", 0.3),
    Moderated("acts, by pairs, nothing", "act", "pair", 0.0),
    Moderated("acts, by who acts", "act", "ego", 0.3),
    Moderated("acts, by who acts, nothing, own slopes", "act", "ego", 0.0, slopes=0.2),
    Moderated("acts, by what was received", "act", "act", 0.3),
    Moderated("acts, by what was received, nothing", "act", "act", 0.0),
    Moderated("ties, by pairs", "tie", "pair", 0.4, people=40, share=0.4, ego=0.0),
    Moderated("ties, by pairs, nothing, people differ", "tie", "pair", 0.0, people=40, share=0.4, ego=0.4),
]


def draw_acts(design: Moderated, rng: np.random.Generator) -> Drawn:
    """Pairs act from time 0 to 1, all at once: a step is the next act of every pair that has one.

    Log rates have slope times signed log1p of the debt, the slope being another where the moderator is 1.
    """
    n = design.people
    gives, own = rng.normal(size=(2, n))
    group = rng.permutation(np.arange(n) % 2)
    low, high = np.triu_indices(n, 1)
    met = rng.random(len(low)) < design.share
    who = np.array([low[met], high[met]])
    pairs = who.shape[1]
    base = np.log(4.0) + design.ego * gives[who] + design.alter * gives[who[::-1]]
    # of each direction; of what was last received 0 or 1, -1 before anything was
    z = np.full((2, pairs), -1)
    if design.by != "act":
        z = group[who] if design.by == "ego" else np.tile(group[who[0]] == group[who[1]], (2, 1)).astype(int)
    given, clock, live = np.zeros((2, pairs)), np.zeros(pairs), np.arange(pairs)
    parts = []
    while len(live):
        owed = given[1, live] - given[0, live]
        debt = np.sign(owed) * np.log1p(np.abs(owed)) * np.array([[1.0], [-1.0]])
        level = np.maximum(z[:, live], 0)
        # what egos share has a column, or a baseline each, or is in neither's model
        slope = SLOPE + design.shift * level + design.slopes * own[who[:, live]]
        rates = np.exp(base[:, live] + slope * debt + MAIN * level * (design.by != "ego"))
        until = clock[live] + rng.exponential(size=len(live)) / rates.sum(axis=0)
        side = (rng.random(len(live)) >= rates[0] / rates.sum(axis=0)).astype(int)
        over, stop = until >= 1.0, np.minimum(until, 1.0)
        for way in (0, 1):
            acted = ~over & (side == way)
            ends = who[way, live], who[1 - way, live]
            parts.append(np.column_stack([*ends, clock[live], stop, acted, debt[way], z[way, live]]))
        acting = np.flatnonzero(~over)
        given[side[acting], live[acting]] += 1
        if design.by == "act":
            z[1 - side[acting], live[acting]] = rng.integers(0, 2, len(acting))
        clock[live] = stop
        live = live[~over]
    rows = np.concatenate(parts)
    rows = rows[rows[:, 6] >= 0]
    ego, alter = rows[:, :2].astype(np.int64).T
    debt, level = rows[:, 5:].T
    # a baseline for each ego has what egos share
    columns = {"slope": debt, "moderator": level, "product": debt * level}
    if design.by == "ego":
        del columns["moderator"]
    X = np.column_stack(list(columns.values()))
    return ego, alter, Spells(rows[:, 2], rows[:, 3], rows[:, 4] > 0, X, ego), list(columns)


def draw_ties(design: Moderated, rng: np.random.Generator) -> Drawn:
    """Ties end at exponential times, some after follow-up; people may differ in how long theirs last."""
    frail, group = rng.normal(size=design.people), rng.permutation(np.arange(design.people) % 2)
    low, high = np.triu_indices(design.people, 1)
    met = rng.random(len(low)) < design.share
    low, high = low[met], high[met]
    x, same = rng.normal(size=len(low)), (group[low] == group[high]).astype(float)
    rate = SLOPE * x + MAIN * same + design.shift * x * same + design.ego * (frail[low] + frail[high])
    time, followed = rng.exponential(size=len(low)) / np.exp(rate), rng.uniform(0.2, 2.0, len(low))
    X = np.column_stack([x, same, x * same])
    nobody = np.zeros(len(low), dtype=np.int64)
    spells = Spells(nobody - 1.0, np.minimum(time, followed), time <= followed, X, nobody)
    return low, high, spells, ["slope", "moderator", "product"]


def fitted(
    design: Moderated, rng: np.random.Generator
) -> tuple[HazardFit, np.ndarray, np.ndarray, list[str]]:
    draw = draw_acts if design.of == "act" else draw_ties
    ego, alter, spells, names = draw(design, rng)
    return hazard_fit(spells, names), ego, alter, names


def study(number: int, design: Moderated, seed: int) -> list[float]:
    """The product's coefficient; ends of its interval under each covariance; ends of both simple slopes'."""
    rng = np.random.default_rng([seed, *(ord(sign) for sign in design.name), number])
    fit, ego, alter, names = fitted(design, rng)
    R = np.array(
        [[float(name == "slope") for name in names]] * 2 + [[float(name == "product") for name in names]]
    )
    R[1] += R[2]
    found = [float(fit.beta[-1]), *(R[:2] @ fit.beta).tolist()]
    for name in COVARIANCES:
        one = combinations(fit.beta, hazard_covariance(fit, ego, alter, names, name), R)
        found += [*one.low.tolist(), *one.high.tolist(), float(one.std_error[2])]
    return found


def run(design: Moderated, studies: int, seed: int) -> dict[str, Any]:
    every, failed = [], 0
    for number in range(studies):
        try:
            every.append(study(number, design, seed))
        except FitError:
            failed += 1
    found = np.array(every)
    # people who differ pull ratios towards 1, so that slopes are known where none do
    truth = np.array([SLOPE, SLOPE + design.shift, design.shift])
    errors = {}
    for place, name in enumerate(COVARIANCES):
        part = found[:, 3 + 7 * place : 10 + 7 * place]
        low, high = part[:, :3], part[:, 3:6]
        covered = ((low <= truth) & (truth <= high)).mean(axis=0)
        rejects = ((low[:, 2] > 0) | (high[:, 2] < 0)).mean()
        errors[name] = {
            "covers": round(float(covered[2]), 4),
            "slopes": [round(float(one), 4) for one in covered[:2]],
            "rejects_nothing": round(float(rejects), 4),
            "error_over_sd": float(np.sqrt((part[:, 6] ** 2).mean()) / found[:, 0].std(ddof=1)),
        }
    mean = found[:, :3].mean(axis=0)
    return {
        **asdict(design),
        "failed": failed,
        "mean": float(mean[0]),
        "mean_slopes": mean[1:].tolist(),
        "sd": float(found[:, 0].std(ddof=1)),
        "errors": errors,
        "first": every[:KEPT],
    }


def main() -> None:
    """Run and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=STORED)
    asked = parser.parse_args()
    made = {
        "command": f"python benchmarks/moderated_hazards.py --studies {asked.studies} --seed {asked.seed}",
        "studies": asked.studies,
        "seed": asked.seed,
        "cells": [run(one, asked.studies, asked.seed) for one in DESIGNS],
    }
    asked.output.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

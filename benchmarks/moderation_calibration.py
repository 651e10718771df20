"""Coverage of moderated slopes, and size of their test, on simulated studies with a known truth.

Run from the project's folder (labels are drawn as in benchmarks/calibration.py):

    python benchmarks/moderation_calibration.py --studies 1000 --seed 1

A label hangs on volume, balance, a moderator, and balance times the moderator, which is a column of people
(whether ego is of the one culture or the other), of pairs (how related they are) or of acts (the share of the
pair's acts that came by mail). Besides the interaction, the slopes at three values of the moderator (its two
levels) are asked for, and whether a band around the slope holds all of it, from the lowest moderator to the
highest: pointwise, and as it is for all values at once.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from calibration import LABELS, SLOPES, Cell, labels
from scipy.optimize import brentq
from scipy.special import expit

from honestsignals.errors import FitError
from honestsignals.inference.covariance import covariance_of
from honestsignals.inference.estimators import estimate
from honestsignals.inference.regions import simultaneous_reach
from honestsignals.inference.wald import coefficient_tests, combinations, wald

MODERATORS = ("of people", "of pairs", "of acts")
COLUMNS = ["intercept", "volume", "balance", "moderator", "balance:moderator"]
PLANTED = 0.5
METHODS = ("jackknife", "dyadic", "pair", "hc1")
SHORT = {"jackknife": "net jackknife", "dyadic": "dyadic", "pair": "pair", "hc1": "hc1"}
COVERS, REJECTS = (0.93, 0.97), (0.04, 0.065)
POINTS = 41


@dataclass(frozen=True)
class Design:
    """One row of the page."""

    label: str
    moderator: str
    interaction: float
    n_people: int

    @property
    def cell(self) -> Cell:
        """How labels are drawn."""
        return Cell(*LABELS[self.label], self.n_people, True, True)

    @property
    def name(self) -> str:
        planted = "" if self.interaction else ", none planted"
        return f"{self.label}, {self.moderator}, {self.n_people} people{planted}"

    @property
    def key(self) -> list[int]:
        place = MODERATORS.index(self.moderator)
        return [*self.cell.key, place, round(100 * self.interaction)]


def drawn(one: Design, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ego, alter and columns: counts of acts driven by who is active, and a moderator of its kind."""
    n = one.n_people
    active, sought = rng.normal(size=(2, n))
    closeness = np.triu(rng.gamma(0.7, 1 / 0.7, size=(n, n)), 1)
    closeness = closeness + closeness.T
    acts = rng.poisson(3.0 * closeness * np.exp(0.6 * active[:, None] + 0.4 * sought[None, :]))
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    given, received = acts[ego, alter], acts[alter, ego]
    total = given + received
    balance = np.divide(2 * np.minimum(given, received), total, out=np.zeros(total.size), where=total > 0)
    if one.moderator == "of people":
        m = rng.permutation(np.arange(n) % 2).astype(float)[ego]
    elif one.moderator == "of pairs":
        # closeness of seats, say: people who sit in the middle are near to many
        seat = rng.normal(size=(n, 2))
        m = -np.linalg.norm(seat[ego] - seat[alter], axis=1)
        m = (m - m.mean()) / m.std()
    else:
        habit = rng.normal(size=n)
        p = expit(habit[:, None] + habit[None, :])
        mailed = rng.binomial(np.triu(acts + acts.T), p)
        mailed = np.triu(mailed, 1) + np.triu(mailed, 1).T
        m = np.divide(mailed[ego, alter], total, out=np.zeros(total.size), where=total > 0)
    keep = total > 0
    ego, alter, balance, m = ego[keep], alter[keep], balance[keep], m[keep]
    return ego, alter, np.column_stack([np.ones(ego.size), np.log1p(total[keep]), balance, m, balance * m])


def truth(one: Design) -> np.ndarray:
    """Coefficients; the intercept gives a binary label its base rate over many designs."""
    slopes = np.array([SLOPES[0], SLOPES[1], 0.3, one.interaction])
    rate = one.cell.base_rate
    if rate is None:
        return np.concatenate([[0.0], slopes])
    rng = np.random.default_rng([7, *one.key])
    eta = np.concatenate([drawn(one, rng)[2][:, 1:] @ slopes for _ in range(100)])
    return np.concatenate([[brentq(lambda shift: expit(eta + shift).mean() - rate, -15, 5)], slopes])


def study(one: Design, beta: np.ndarray, seed: list[int]) -> dict[str, Any]:
    """One study: which intervals cover, and what the test of no moderation says."""
    rng = np.random.default_rng(seed)
    ego, alter, X = drawn(one, rng)
    y = labels(one.cell, ego, alter, X, beta, rng).astype(float)
    try:
        fit = estimate(X, y, one.cell.family, COLUMNS, start=beta)
    except FitError as error:
        return {"failed": str(error)}
    m = X[:, 3]
    two = np.unique(m).size == 2
    at = np.array([0.0, 1.0, np.nan]) if two else m.mean() + m.std() * np.array([-1.0, 0.0, 1.0])
    line = np.linspace(m.min(), m.max(), POINTS)
    found: dict[str, Any] = {"beta": fit.beta[4]}
    for method in METHODS:
        V = covariance_of(fit, ego, alter, fit.names, covariance=method)
        tests = coefficient_tests(fit.beta, V)
        each = combinations(fit.beta, V, at_values(np.nan_to_num(at)))
        along = combinations(fit.beta, V, at_values(line))
        real = at_values(line) @ beta
        wide = simultaneous_reach(along.df, 2) * along.std_error
        three = at_values(at) @ beta
        found[method] = np.array(
            [
                tests.low[4] <= beta[4] <= tests.high[4],
                wald(fit.beta, V, [4]).p_value < 0.05,
                *np.where(np.isnan(at), np.nan, (each.low <= three) & (three <= each.high)),
                ((along.low <= real) & (real <= along.high)).all(),
                (np.abs(along.estimate - real) <= wide).all(),
            ],
            dtype=float,
        )
    return found


def at_values(at: np.ndarray) -> np.ndarray:
    """Combinations of coefficients that are the slope of balance at values of the moderator."""
    nothing = np.zeros_like(at)
    return np.column_stack([nothing, nothing, np.ones_like(at), nothing, at])


ASKED = ("interaction", "rejected", "low", "mean", "high", "whole line, pointwise", "whole line, at once")


def run(one: Design, studies: int, seed: int) -> dict[str, Any]:
    beta = truth(one)
    found = [study(one, beta, [seed, *one.key, number]) for number in range(studies)]
    good = [each for each in found if "failed" not in each]
    estimates = np.array([each["beta"] for each in good])
    missed = studies - len(good)
    return {
        "design": one.name,
        "label": one.label,
        "moderator": one.moderator,
        "people": one.n_people,
        "interaction": one.interaction,
        "studies": studies,
        "failed": missed,
        "bias": round(float(estimates.mean() - one.interaction), 4),
        "bias_error": round(float(estimates.std(ddof=1) / np.sqrt(len(good))), 4),
        "sd": round(float(estimates.std(ddof=1)), 4),
        "methods": {
            method: dict(
                zip(ASKED, np.round(np.sum([each[method] for each in good], 0) / studies, 4), strict=True)
            )
            for method in METHODS
        },
    }


def designs(people: list[int]) -> list[Design]:
    """A gaussian label without an interaction is one with, moved: its intervals cover the same."""
    return [
        Design(label, moderator, interaction, n)
        for n in people
        for label, planted in (("gaussian", (PLANTED,)), ("logit 20 %", (PLANTED, 0.0)))
        for interaction in planted
        for moderator in MODERATORS
    ]


def shown(share: float, studies: int, target: tuple[float, float]) -> str:
    if np.isnan(share):
        return ""
    error = 2 * np.sqrt(share * (1 - share) / studies)
    text = f"{share:.3f}".removeprefix("0")
    return text if share + error >= target[0] and share - error <= target[1] else f"**{text}**"


def page(made: dict[str, Any]) -> str:
    """docs/calibration_moderation.md."""
    lines = [
        "# Calibration of moderated slopes",
        "",
        "Coverage of nominal .95 intervals of an interaction and of simple slopes (`hs.moderation`), on",
        "simulated studies: labels with an exact marginal distribution, ordered pairs in contact, people",
        "who differ in what they answer and are answered. The slope of balance is moderated by a column of",
        "people (ego's culture, two levels), of pairs (how near their seats are) or of acts (the share of",
        "the pair's acts that came by mail). Made by",
        "",
        f"    {made['command']}",
        "",
        f"**Bold**: the share ± 2 Monte-Carlo errors does not meet {COVERS[0]:.0%} to {COVERS[1]:.0%}.",
        "",
        "## The interaction",
        "",
        "Unbiased but for what logits have with few people. The last column, where none is planted: how",
        "often moderation is claimed that is not there, with the net jackknife at .05 (to be",
        f"{REJECTS[0]:.0%} to {100 * REJECTS[1]:g}%). Of a gaussian label that is one minus coverage.",
        "",
        "| | bias | ± | sd | " + " | ".join(SHORT[one] for one in METHODS) + " | rejected where none is |",
        "|---" * (5 + len(METHODS)) + "|",
    ]
    for one in made["designs"]:
        each = [shown(one["methods"][name]["interaction"], one["studies"], COVERS) for name in METHODS]
        none = (
            ""
            if one["interaction"]
            else shown(one["methods"]["jackknife"]["rejected"], one["studies"], REJECTS)
        )
        lines.append(
            f"| {one['design']} | {one['bias']:.4f} | {2 * one['bias_error']:.4f} | {one['sd']:.4f} | "
            f"{' | '.join(each)} | {none} |"
        )
    lines += [
        "",
        "## Slopes at values of the moderator, and its whole range",
        "",
        "With the net jackknife: at the mean less a standard deviation, the mean, and the mean more one; of",
        "two levels at each. The whole line: how often a band around the slope holds all of it, of the",
        "pointwise band, which is not made for that, and of the one for all values at once (`low_all`,",
        "`high_all`).",
        "",
        "| | lower | mean | higher | whole line, pointwise | whole line, at once |",
        "|---|---|---|---|---|---|",
    ]
    for one in made["designs"]:
        found, studies = one["methods"]["jackknife"], one["studies"]
        low, mean, high = found["low"], found["mean"], found["high"]
        if one["moderator"] == "of people":
            mean, high = float("nan"), mean
        cells = [shown(share, studies, COVERS) for share in (low, mean, high)]
        cells += [f"{found[name]:.3f}".removeprefix("0") for name in ASKED[5:]]
        lines.append(f"| {one['design']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies a design")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, nargs="+", default=[40, 60], help="sizes of study")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("benchmarks/results/moderation_calibration.json")
    )
    parser.add_argument("--markdown", type=Path, default=Path("docs/calibration_moderation.md"))
    wanted = parser.parse_args()
    results = []
    for one in designs(wanted.people):
        results.append(run(one, wanted.studies, wanted.seed))
        found = results[-1]["methods"]["jackknife"]
        print(results[-1]["design"], results[-1]["bias"], found, flush=True)
    said = f"--studies {wanted.studies} --seed {wanted.seed}"
    made = {
        "command": f"python benchmarks/moderation_calibration.py {said}",
        "software": {
            "python": platform.python_version(),
            **{module.__name__: module.__version__ for module in (np, scipy)},
        },
        "designs": [json.loads(json.dumps(one).replace("NaN", "null")) for one in results],
    }
    text = json.dumps(made, indent=1) + "\n"
    wanted.output.write_text(text, encoding="utf-8")
    wanted.markdown.write_text(page(json.loads(text)), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

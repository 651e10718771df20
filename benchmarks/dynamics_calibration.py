"""Recovery of the bend, of the feedback loop and of how long ties last, on simulated studies of known truth.

Run from the project's folder:

    python benchmarks/dynamics_calibration.py --studies 1000 --seed 1

Writes benchmarks/results/dynamics_calibration.json and docs/calibration_dynamics.md. Every study has its own
seed, made of --seed, the cell and the study. A fit that fails misses every interval.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr

import honestsignals as hs
from honestsignals.errors import FitError, HonestSignalsError
from honestsignals.feedback_fits import crossed, own_windows
from honestsignals.feedback_loops import Feedback
from honestsignals.feedback_moderators import panel_rows
from honestsignals.feedback_rows import WindowRows
from honestsignals.inference.marginal import dependent_normal
from honestsignals.inference.wald import coefficient_tests, wald
from honestsignals.turn_moderators import moderator_of

HERE = Path(__file__).parent
PEOPLE, CONTACT = 40, 0.25
PERSON, PAIR = 0.15, 0.1
"""Shares of variance that are each of the two people's and the pair's, where people differ."""
PRODUCTS = [2, 3, 6, 7]
"""Of trust on trust and disclosure, and disclosure on these, among paths within pairs by halves."""
STEPS = 17
SHARE = 0.08
"""The same in what decides a return, for each of the two."""
CURVE = (0.3, 0.3, -0.25)
"""Intercept, slope and bend of the log odds of a return over relative depth; it turns at 0.6."""
LINE = (0.3, 0.3, 0.0)
PATHS = np.array([[0.3, 0.15], [0.1, 0.4]])
"""Of trust and disclosure: rows are what is explained, columns what went before."""
ALONE = np.diag([0.3, 0.4])
CURVE_APART = (0.0, 0.3, -0.15)
"""What the second half of people have more: their curve turns at 0.75."""
PATHS_APART = np.array([[0.0, 0.1], [0.1, 0.0]])
HAZARD = (-0.5, 0.8)
"""Log hazard ratios of gradual and of sudden."""
NONE = (0.0, 0.0)
TARGET, SIZE = (0.93, 0.97), (0.04, 0.065)
HOUR, DAY = 3600.0, 86400.0


def pairs_in_contact(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.triu_indices(PEOPLE, 1)
    there = rng.random(low.size) < CONTACT
    return low[there], high[there]


def halves(rng: np.random.Generator) -> tuple[np.ndarray, pd.DataFrame]:
    """Which people are of the second half; and that of who is ego, as a column of pairs."""
    second = (rng.permutation(PEOPLE) < PEOPLE // 2).astype(np.int64)
    ego, alter = np.nonzero(~np.eye(PEOPLE, dtype=bool))
    return second, pd.DataFrame({"ego": ego, "alter": alter, "half": np.array(["a", "b"])[second[ego]]})


def bend_log(
    curves: np.ndarray, second: np.ndarray, differ: bool, rng: np.random.Generator
) -> hs.InteractionLog:
    """About fifteen disclosures of each pair, about a day apart, less where one is returned; no first one is.

    What decides a return is standard normal at every relative depth, so that the curve is exactly the
    marginal one; people differ in it, otherwise at other depths, whichever of the two discloses.
    """
    low, high = pairs_in_contact(rng)
    rows, share = np.arange(low.size), SHARE if differ else 0.0
    effects = rng.standard_normal((2, PEOPLE))
    both = (effects[:, low] + effects[:, high]) * np.sqrt(share)
    own = rng.standard_normal(low.size) * np.sqrt(PAIR)
    deepest = np.full((low.size, 2), -np.inf)
    who, hour = rng.integers(0, 2, low.size), rng.uniform(0, 1, low.size)
    parts = []
    for step in range(STEPS):
        giver, other = np.where(who == 0, low, high), np.where(who == 0, high, low)
        x, reached = rng.standard_normal(low.size), deepest[rows, 1 - who]
        depth = x + (reached if step else 0.0)
        z = own + both[0] * np.cos(x) + both[1] * np.sin(x)
        z += np.sqrt(1 - PAIR - 2 * share) * rng.standard_normal(low.size)
        curve = curves[second[giver]].T
        returned = ndtr(-z) < expit(curve[0] + curve[1] * x + curve[2] * x**2)
        returned &= step > 0
        parts.append(pd.DataFrame({"sender": giver, "receiver": other, "time": hour * HOUR, "depth": depth}))
        deepest[rows, who] = np.maximum(deepest[rows, who], depth)
        wait = rng.uniform(22.1, 23.9, low.size) + np.where(returned, 0.0, 2.0)
        hour, who = hour + wait, np.where(returned | (step == 0), 1 - who, rng.integers(0, 2, low.size))
    # observed up to a moment that every pair's disclosures reach
    return hs.read_log(pd.concat(parts), time_unit="s").window(None, 22.1 * STEPS * HOUR)


def bend_study(planted: bool, differ: bool, rng: np.random.Generator) -> dict[str, Any]:
    curve = CURVE if planted else LINE
    nobody = np.zeros(PEOPLE, dtype=np.int64)
    found = hs.disclosure_bend(bend_log(np.array([curve]), nobody, differ, rng), soon=not planted)
    turn, tests = found.turning_point(), coefficient_tests(found.estimate.beta, found.covariance)
    places, truth = [1, 2], np.array(curve[1:])
    result: dict[str, Any] = {
        "estimate": found.estimate.beta[places] - truth,
        "covered": (tests.low[places] <= truth) & (truth <= tests.high[places]),
    }
    if planted:
        at = -curve[1] / (2 * curve[2])
        # every point is in an interval without ends
        result["estimate"] = np.append(turn.estimate - at, result["estimate"])
        inside = bool(turn.note) or turn.low <= at <= turn.high
        result["covered"] = np.append(inside, result["covered"])
        result["no interval"] = bool(turn.note)
        result["power"] = [found.bend_test().p_value < 0.05, found.both_ends().joint < 0.05]
    else:
        soon = found.too_soon()
        size = [found.bend_test().p_value, found.both_ends().joint, np.nan if soon is None else soon.p_value]
        result["size"] = np.array(size) < 0.05
    return result


def bend_by_study(planted: bool, differ: bool, rng: np.random.Generator) -> dict[str, Any]:
    """The bend of disclosures by two halves of people; the products, and where the second half's turns."""
    second, frame = halves(rng)
    more = np.array(CURVE_APART if planted else (0.0, 0.0, 0.0))
    curves = np.array([CURVE, np.array(CURVE) + more])
    found = hs.disclosure_bend(bend_log(curves, second, differ, rng), by=frame)
    tests = coefficient_tests(found.estimate.beta, found.covariance)
    places = [found.estimate.names.index(f"relative_depth{name}:half[T.b]") for name in ("", "_squared")]
    truth, there = more[1:], found.at("b").turning_point()
    at = -curves[1, 1] / (2 * curves[1, 2])
    test = found.moderation_test().p_value < 0.05
    inside = bool(there.note) or there.low <= at <= there.high
    covered = (tests.low[places] <= truth) & (truth <= tests.high[places])
    return {
        "estimate": np.append(there.estimate - at, found.estimate.beta[places] - truth),
        "covered": np.append(inside, covered),
        "no interval": bool(there.note),
        "power" if planted else "size": np.array([test]),
    }


def panel_study(planted: bool, differ: bool, rng: np.random.Generator) -> dict[str, Any]:
    """Ten windows of ordered pairs, one in twelve unknown; half of what varies is stable about pairs."""
    paths = PATHS if planted else ALONE
    rows = panel_windows(paths, np.zeros((2, 2)), np.zeros(PEOPLE, dtype=np.int64), differ, rng)
    within, reason = own_windows(rows, 1)
    found = Feedback(crossed(panel_rows(rows, 1), "classical"), within, 1, reason)
    table = found.tidy()
    own = table[table["compares"] == "windows of a pair"]
    pooled = table[table["compares"] != "windows of a pair"]
    truth = paths.ravel()
    return {
        "estimate": own["estimate"].to_numpy() - truth,
        "covered": ((own["low"] <= truth) & (truth <= own["high"])).to_numpy(),
        "size": np.array([found.cross_test().p_value < 0.05]),
        "pooled": pooled["estimate"].to_numpy() - truth,
        "demeaned": demeaned(rows) - truth,
    }


def panel_by_study(planted: bool, differ: bool, rng: np.random.Generator) -> dict[str, Any]:
    """The loop by two halves of people, by who is ego: what the second half's paths are more."""
    second, _ = halves(rng)
    more = PATHS_APART if planted else np.zeros((2, 2))
    rows = panel_windows(PATHS, more, second, differ, rng)
    column = pd.Series(np.array(["a", "b"])[second[rows.ego]], name="half")
    rows = replace(rows, moderator=moderator_of(column, np.ones(len(column), dtype=bool)))
    within, reason = own_windows(rows, 1)
    if within is None:
        raise FitError(reason)
    tests = coefficient_tests(within.beta, within.covariance)
    truth, cross = more.ravel(), PRODUCTS[1:3]
    return {
        "estimate": within.beta[PRODUCTS] - truth,
        "covered": (tests.low[PRODUCTS] <= truth) & (truth <= tests.high[PRODUCTS]),
        "power" if planted else "size": np.array(
            [wald(within.beta, within.covariance, cross).p_value < 0.05]
        ),
    }


def panel_windows(
    paths: np.ndarray, more: np.ndarray, second: np.ndarray, differ: bool, rng: np.random.Generator
) -> WindowRows:
    """The windows; paths of the second half of people, where they are ego, are more by so much."""
    low, high = pairs_in_contact(rng)
    ego, alter = np.concatenate([low, high]), np.concatenate([high, low])
    half = second[ego][:, None]
    much = {"actor": 0.25, "partner": 0.2, "actor_partner_cor": 0.3} if differ else {}
    some = {"actor": PERSON, "partner": PERSON} if differ else {}

    def two(parts: dict[str, float], dyad: float) -> np.ndarray:
        return np.column_stack(
            [dependent_normal(PEOPLE, ego, alter, rng, dyad=dyad, **parts) for _ in range(2)]
        )

    stable, values, every = 0.7 * two(much, 0.3), np.zeros((ego.size, 2)), []
    for window in range(22):
        values = values @ paths.T + half * (values @ more.T) + stable + two(some, 0.2)
        if window >= 12:
            every.append(values)
    known = rng.random((ego.size, 10)) < 11 / 12
    pair, window = np.nonzero(known)
    rows = WindowRows(
        ("trust", "disclosure"),
        np.array(every)[window, pair],
        ego[pair],
        alter[pair],
        window,
        10,
        np.arange(PEOPLE),
        {},
        "",
    )
    order = np.lexsort((window, rows.alter, rows.ego))
    parts = {name: getattr(rows, name)[order] for name in ("values", "ego", "alter", "window")}
    return WindowRows(rows.names, **parts, windows=10, people=rows.people, left_out={}, words="")


def demeaned(rows: WindowRows) -> np.ndarray:
    """Paths with each spell's own means taken out, which are biased."""
    at, spell = rows.behind(1), rows.spell
    part = np.hstack([rows.values[at], rows.values[at - 1]])
    codes = np.unique(spell[at], return_inverse=True)[1]
    size = np.bincount(codes)
    means = np.column_stack([np.bincount(codes, column) / size for column in part.T])
    left = part - means[codes]
    return np.linalg.lstsq(left[:, 2:], left[:, :2], rcond=None)[0].T.ravel()


def ties_log(truth: tuple[float, float], differ: bool, rng: np.random.Generator) -> hs.InteractionLog:
    """Eight disclosures of each pair within four weeks, then acts until the tie ends."""
    low, high = pairs_in_contact(rng)
    n = low.size
    begin = rng.uniform(0, 100, n) * DAY
    when = np.sort(rng.uniform(0, 27, (n, 8)) * DAY, axis=1)
    when[:, 0] = 0.0
    people = rng.normal(0, 0.25, PEOPLE) if differ else np.zeros(PEOPLE)
    slope = 0.5 + people[low] + people[high] + rng.normal(0, 0.35 if differ else 0.5, n)
    depth = slope[:, None] * np.log(np.arange(1, 9)) + rng.normal(0, 0.5, (n, 8))
    gradual, sudden = path_of(depth)
    share = {"actor": 0.2, "partner": 0.2, "actor_partner_cor": 1.0} if differ else {}
    z = dependent_normal(PEOPLE, low, high, rng, **share)
    rate = np.exp(truth[0] * gradual + truth[1] * np.nan_to_num(sudden) - 0.4) / 120.0
    life = -np.log(ndtr(z)) / rate * DAY
    # every ten days from the landmark on, and once more where the tie ends
    steps = 10.0 * np.arange(60) * DAY
    going = life[:, None] > steps - 10 * DAY
    later = (begin + 28 * DAY)[:, None] + np.minimum(life[:, None], steps)
    tie = np.nonzero(going)[0]
    log = pd.DataFrame(
        {
            "sender": np.concatenate([np.repeat(low, 8), high[tie]]),
            "receiver": np.concatenate([np.repeat(high, 8), low[tie]]),
            "time": np.concatenate([(begin[:, None] + when).ravel(), later[going]]),
            "depth": np.concatenate([depth.ravel(), np.full(len(tie), np.nan)]),
        }
    )
    return hs.read_log(log[log["time"] < 400 * DAY], time_unit="s")


def path_of(depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope on ln k, and largest share of one rise."""
    log = np.log(np.arange(1, depth.shape[1] + 1))
    gradual = (
        (depth - depth.mean(axis=1, keepdims=True)) @ (log - log.mean()) / np.sum((log - log.mean()) ** 2)
    )
    rises = np.diff(np.maximum.accumulate(depth, axis=1), axis=1)
    whole = rises.sum(axis=1)
    return gradual, np.where(whole > 0, rises.max(axis=1) / np.where(whole > 0, whole, 1), np.nan)


def ties_study(planted: bool, differ: bool, rng: np.random.Generator) -> dict[str, Any]:
    truth = np.array(HAZARD if planted else NONE)
    found = hs.tie_survival(ties_log(HAZARD if planted else NONE, differ, rng), ["gradual", "sudden"])
    result = {"estimate": found.fit.beta - truth, "ended": found.events / len(found.codes[0])}
    for name, size in (("dyadic", "size"), ("jackknife", "jackknife_size")):
        one = found.with_covariance(name)
        tests = coefficient_tests(one.fit.beta, one.covariance)
        covered = (tests.low <= truth) & (truth <= tests.high)
        result["covered" if name == "dyadic" else "jackknife_covered"] = covered
        if not planted:
            result[size] = tests.p_value < 0.05
    return result


STUDIES = {
    "bend": bend_study,
    "feedback": panel_study,
    "ties": ties_study,
    "bend_by": bend_by_study,
    "feedback_by": panel_by_study,
}
CELLS = [
    (kind, planted, differ)
    for kind in STUDIES
    for planted in (True, False)
    for differ in ((True,) if kind.endswith("_by") else (True, False))
]
"""By a moderator people always differ, which is what errors must know of."""


def cell(kind: str, planted: bool, differ: bool, studies: int, seed: int) -> dict[str, Any]:
    """Means over studies, failed ones missing every interval."""
    key = [seed, list(STUDIES).index(kind), int(planted), int(differ)]
    good, failed = [], 0
    for study in range(studies):
        try:
            good.append(STUDIES[kind](planted, differ, np.random.default_rng([*key, study])))
        except HonestSignalsError:
            failed += 1
    result: dict[str, Any] = {
        "kind": kind,
        "planted": planted,
        "people_differ": differ,
        "studies": studies,
        "failed": failed,
    }
    for what in good[0]:
        every = np.array([one[what] for one in good], dtype=float)
        shares = what.endswith(("covered", "size", "power", "no interval"))
        value = every.sum(axis=0) / (studies if shares else len(good))
        result["bias" if what == "estimate" else what] = np.round(value, 4).tolist()
        if what == "estimate":
            result["spread"] = np.round(every.std(axis=0), 4).tolist()
    return result


def names_of(stored: dict[str, Any]) -> tuple[str, bool, bool]:
    return stored["kind"], stored["planted"], stored["people_differ"]


def main() -> None:
    os.nice(5)
    from dynamics_page import page

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=list(STUDIES), help="keep what is stored of the others")
    asked = parser.parse_args()
    command = f"python benchmarks/dynamics_calibration.py --studies {asked.studies} --seed {asked.seed}"
    target = HERE / "results" / "dynamics_calibration.json"
    results = []
    stored = json.loads(target.read_text(encoding="utf-8"))["cells"] if asked.only else []
    for one in CELLS:
        if asked.only is None or one[0] in asked.only:
            results.append(cell(*one, asked.studies, asked.seed))
            print(results[-1], flush=True)
        else:
            results += [old for old in stored if names_of(old) == one]
    target.write_text(json.dumps({"command": command, "cells": results}, indent=1) + "\n", encoding="utf-8")
    (HERE.parent / "docs" / "calibration_dynamics.md").write_text(page(results, command), encoding="utf-8")


if __name__ == "__main__":
    main()

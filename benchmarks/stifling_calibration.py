"""What stifle ratios, their nulls and half-lives find in simulated studies with a known truth.

Run from the project's folder:

    python benchmarks/stifling_calibration.py --studies 1000 --seed 1

Writes benchmarks/results/stifling_calibration.json and the numbers of docs/stifling.md. Every study has its
own seed, made of --seed, the design and the study. An interval that is missing misses.
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from honestsignals.disclosing import Disclosure
from honestsignals.drawing_disclosure import draw_disclosure
from honestsignals.inference.stifle_decay import half_life
from honestsignals.inference.stifle_ratio import (
    Judged,
    Pooled,
    judged,
    less,
    pooled,
    products,
    rank_p,
    shuffled,
    strata_of,
)
from honestsignals.metrics.opening_windows import Openings, Spans, Windows, by_bins, windows

HERE = Path(__file__).parent
DAY = 86_400_000_000
NEVER = 2**62
PEOPLE = 60
BINS = 7
SHUFFLES = 39
"""With p = 2 (1 + k) / 40 a test at .05 has that size."""
TARGET, SIZE = (0.93, 0.97), (0.04, 0.065)
BEGIN, END = "<!-- numbers -->", "<!-- end of numbers -->"


@dataclass(frozen=True)
class Design:
    """One kind of study."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    horizon: int = 28
    days: int = 365

    @property
    def disclosure(self) -> Disclosure:
        return Disclosure(**{"stifle": 1.0, "contact": 0.15, **self.options})


EFFECT = {"stifle": 0.7, "half_life_days": 14.0}
BURSTS = {"bursts": 4.0, "burst_days": 20.0, "fail_sd": 0.5}
SHORT = {"bursts": 8.0, "burst_days": 7.0, "burst_factor": 6.0, "fail_sd": 0.5}
DESIGNS = (
    Design("no effect"),
    Design("slow people alone", {"slow_sd": 1.5, "wait_hours": 6.0, "fail_sd": 1.0, "late": 0.5}),
    Design("shared bursts alone", BURSTS),
    Design("short shared bursts alone, h = 7 days", SHORT, horizon=7),
    Design("uneven, busy pairs, no effect", {"weekly": 1.5, "tie_sd": 0.8, "contact": 0.08}),
    Design("effect 0.7, half-life 14 days", EFFECT),
    Design("the same under shared bursts", {**EFFECT, **BURSTS}),
)


def openings_of(acts: Any) -> tuple[Openings, int]:
    """Openings of simulated acts by ordered pair and time, and when the other first acted after each."""
    n, time = acts.people, acts.time
    low = np.minimum(acts.sender, acts.receiver).astype(np.int64)
    high = np.maximum(acts.sender, acts.receiver).astype(np.int64)
    group = 2 * (low * n + high) + (acts.sender > acts.receiver)
    instants, rank = np.unique(time, return_inverse=True)
    key = group * len(instants) + rank
    at = np.flatnonzero(acts.opens)
    at = at[np.argsort(key[at], kind="stable")]
    every = np.sort(key)
    place = np.searchsorted(every, (group[at] ^ 1) * len(instants) + rank[at], side="right")
    following = every[np.minimum(place, len(every) - 1)]
    there = (place < len(every)) & (following // len(instants) == (group[at] ^ 1))
    back = np.where(there, instants[following % len(instants)], NEVER)
    return Openings(group[at], time[at], back), n


def one_study(design: Design, seed: int) -> dict[str, float]:
    """Everything that one simulated study is found to say."""
    options = {"seed": seed, "people": PEOPLE, "days": design.days, "disclosure": design.disclosure}
    openings, n = openings_of(draw_disclosure(**options))
    start = int(np.datetime64("2024-01-08T00:00:00", "us").astype(np.int64))
    spans = Spans(DAY, design.horizon * DAY, start, start + design.days * DAY)
    at = windows(openings, np.ones(len(openings.time), dtype=bool), spans)
    pair, turned, alone = at.group // 2, (at.group % 2).astype(bool), ~at.returned
    strata = strata_of(at.group, np.where(turned, pair % n, pair // n), np.where(turned, pair // n, pair % n))

    def of(after: np.ndarray, before: np.ndarray) -> Pooled:
        counts = (one[:, None].astype(float) for one in (after, before))
        return pooled(strata, *products(strata, alone, *counts))

    ratio = judged(of(at.after, at.before))
    versus = judged(less(of(at.after, at.shared_before), of(at.other_after, at.other_before)))
    drawn = shuffled(strata, alone, (at.after.astype(float), at.before.astype(float)), SHUFFLES, seed)
    found = {"openings": float(len(at.time)), "alone": float(alone.mean())}
    found |= of_ratio("ratio", ratio) | of_ratio("versus", versus)
    found |= {"shuffled": float(np.nanmean(drawn)), "shuffled_p": rank_p(ratio.value, drawn)}
    return found | naive(at, alone) | of_life(openings, at, (strata, alone), design, ratio.df)


def of_ratio(name: str, one: Judged) -> dict[str, float]:
    low, high = one.ends()
    return {name: one.value, f"{name}_error": one.std_error, f"{name}_low": low, f"{name}_high": high}


def naive(at: Windows, alone: np.ndarray) -> dict[str, float]:
    """Log ratios that are not to be used: not divided by before; and of those only who opened again."""
    again = at.after > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        undivided = np.log(at.after[alone].mean() / at.after[~alone].mean())
        later = np.log(at.after[alone & again].mean() / at.after[~alone & again].mean())
    return {"undivided": float(undivided), "opened_again": float(later)}


def of_life(openings: Openings, at: Windows, how: Any, design: Design, df: float) -> dict[str, float]:
    strata, alone = how
    edges = np.round(np.linspace(0, design.horizon * DAY, BINS + 1)).astype(np.int64)

    def of(before: np.ndarray, other: bool) -> tuple[Pooled, np.ndarray]:
        after = by_bins(openings, at, DAY + edges, other).astype(float)
        found = pooled(strata, *products(strata, alone, after, np.repeat(before[:, None], BINS, axis=1)))
        left, back = after[alone].sum(axis=0), after[~alone].sum(axis=0)
        return found, left * back / np.maximum(left + back, 1.0)

    own, weight = of(at.before.astype(float), False)
    life = half_life(own, edges / DAY, weight, df)
    shared, others = of(at.shared_before.astype(float), False)[0], of(at.other_before.astype(float), True)
    versus = less(shared, others[0])
    weight = weight * others[1] / np.maximum(weight + others[1], 1.0)
    against = half_life(versus, edges / DAY, weight, df)
    found = {}
    for name, one in (("life", life), ("versus_life", against)):
        found |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
    return found


def cell(design: Design, studies: int, seed: int) -> dict[str, Any]:
    """A design's shares and means over studies."""
    place = DESIGNS.index(design)
    seeds = np.random.SeedSequence([seed, place]).generate_state(studies)
    rows = [one_study(design, int(one)) for one in seeds]
    found = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    truth = float(np.log(design.disclosure.stifle_ratio(design.horizon)))
    with np.errstate(invalid="ignore"):
        covers = (found["ratio_low"] <= truth) & (truth <= found["ratio_high"])
        away = (found["ratio_low"] > 0) | (found["ratio_high"] < 0)
        below = found["ratio_high"] < 0
        shared = (found["versus_low"] > 0) | (found["versus_high"] < 0)
        passed = below & (found["shuffled_p"] <= 0.05) & (found["versus_high"] < 0)
    cell = {
        "name": design.name,
        "options": design.options,
        "horizon": design.horizon,
        "days": design.days,
        "studies": studies,
        "openings": found["openings"].mean(),
        "alone": found["alone"].mean(),
        "true_log_ratio": truth,
        "mean_log_ratio": np.nanmean(found["ratio"]),
        "sd_log_ratio": np.nanstd(found["ratio"]),
        "error": np.sqrt(np.nanmean(found["ratio_error"] ** 2)),
        "covers": covers.mean(),
        "rejects": away.mean(),
        "below": below.mean(),
        "shuffled_mean": np.nanmean(found["shuffled"]),
        "shuffled_rejects": (found["shuffled_p"] <= 0.05).mean(),
        "versus_mean": np.nanmean(found["versus"]),
        "versus_sd": np.nanstd(found["versus"]),
        "versus_error": np.sqrt(np.nanmean(found["versus_error"] ** 2)),
        "versus_rejects": shared.mean(),
        "versus_below": (found["versus_high"] < 0).mean(),
        "claims": passed.mean(),
        "undivided": np.nanmean(found["undivided"]),
        "opened_again": np.nanmean(found["opened_again"]),
    }
    cell |= lived(design, found)
    return {key: round(float(one), 5) if isinstance(one, float) else one for key, one in cell.items()}


def lived(design: Design, found: dict[str, np.ndarray]) -> dict[str, float]:
    """The half-life, where there is one."""
    if design.disclosure.stifle == 1.0 or design.disclosure.half_life_days is None:
        return {}
    truth = design.disclosure.half_life_days
    cell = {"true_life": truth}
    for name in ("life", "versus_life"):
        low, high = found[f"{name}_low"], found[f"{name}_high"]
        cell |= {
            f"{name}_median": float(np.nanmedian(found[name])),
            f"{name}_missing": float(np.isnan(found[name]).mean()),
            f"{name}_covers": float(((low <= truth) & (truth <= high)).mean()),
            f"{name}_open": float(np.isinf(high).mean()),
        }
    return cell


def page(content: dict[str, Any]) -> str:
    """The numbers of docs/stifling.md."""
    cells = content["cells"]
    lines = [
        f"Made by `{content['command']}`: {cells[0]['studies']:,} studies a design, {PEOPLE} people, "
        f"{cells[0]['days']} days, Δ of a day, h of 28 days where nothing else is said. Shares near .95 "
        f"have a Monte-Carlo error of {np.sqrt(0.05 * 0.95 / cells[0]['studies']):.3f}.",
        "",
        "| design | true ratio | found | error / sd | covers | rejects 1 | shuffled: mean, rejects "
        "| against the other: mean, rejects, below 1 | claims |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one['name']} | {np.exp(one['true_log_ratio']):.3f} | {np.exp(one['mean_log_ratio']):.3f} | "
        f"{one['error'] / one['sd_log_ratio']:.2f} | {one['covers']:.3f} | {one['rejects']:.3f} | "
        f"{np.exp(one['shuffled_mean']):.3f}, {one['shuffled_rejects']:.3f} | "
        f"{np.exp(one['versus_mean']):.3f}, {one['versus_rejects']:.3f}, {one['versus_below']:.3f} | "
        f"{one['claims']:.3f} |"
        for one in cells
    ]
    lines += [
        "",
        "Half-lives:",
        "",
        "| design | true | median | covers | open to the right | none | against the other: median | covers |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one['name']} | {one['true_life']:g} days | {one['life_median']:.1f} | {one['life_covers']:.3f} "
        f"| {one['life_open']:.3f} | {one['life_missing']:.3f} | {one['versus_life_median']:.1f} "
        f"| {one['versus_life_covers']:.3f} |"
        for one in cells
        if "true_life" in one
    ]
    lines += [
        "",
        "Naive ratios of the same openings, on average:",
        "",
        "| design | true ratio | not divided by before | of those only who opened again |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {one['name']} | {np.exp(one['true_log_ratio']):.3f} | {np.exp(one['undivided']):.3f} | "
        f"{np.exp(one['opened_again']):.3f} |"
        for one in cells
    ]
    return "\n".join(lines)


def into_page(text: str, content: dict[str, Any]) -> str:
    """docs/stifling.md with its numbers."""
    return re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{page(content)}\n{END}", text, flags=re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dry", action="store_true", help="print the numbers and write nothing")
    asked = parser.parse_args()
    command = f"python benchmarks/stifling_calibration.py --studies {asked.studies} --seed {asked.seed}"
    content: dict[str, Any] = {"command": command, "people": PEOPLE, "cells": []}
    target = HERE / "results" / "stifling_calibration.json"
    for design in DESIGNS:
        content["cells"].append(cell(design, asked.studies, asked.seed))
        if not asked.dry:
            target.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if asked.dry:
        print(page(content))
        return
    docs = HERE.parent / "docs" / "stifling.md"
    docs.write_text(into_page(docs.read_text(encoding="utf-8"), content), encoding="utf-8")


if __name__ == "__main__":
    main()

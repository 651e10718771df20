"""What stifle ratios, their nulls and half-lives find in simulated studies with a known truth.

Run from the project's folder:

    python benchmarks/stifling_calibration.py --studies 1000 --seed 1

Writes benchmarks/results/stifling_calibration.json and, once all designs are there, the numbers of
docs/stifling.md. Studies are drawn eight at a time, each eight with a seed made of --seed, the design and
their number. An interval that is missing misses. What is true is what `whole_stifling` finds in a large study
of the same design: all that follows from an opening that failed. With --resume, cells of the stored run whose
design, studies and seed are the same are kept: only where nothing that they rest on has changed since. With
--first, some designs are run before the others.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from honestsignals.conversing import DAY, Ties, Turns, draw_ties, draw_turns
from honestsignals.disclosing import Disclosure
from honestsignals.inference.stifle_decay import half_life
from honestsignals.inference.stifle_ratio import (
    Judged,
    Pooled,
    Strata,
    judged,
    less,
    pooled,
    products,
    rank_p,
    shuffled,
    strata_of,
)
from honestsignals.making_studies import streams
from honestsignals.metrics.opening_windows import Openings, Spans, Windows, by_bins, windows
from honestsignals.stifle_truth import whole_stifling

HERE = Path(__file__).parent
NEVER = 2**62
PEOPLE = 60
TOGETHER = 8
TRUTH = {"people": 200, "seed": 1}
"""Of the large studies in which the truth is found."""
RATIO_ERROR, LIFE_ERROR = 0.0025, 0.02
"""Monte-Carlo errors of what is true, of the log ratio and as a share of the half-life: below these."""
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
    people: int = PEOPLE
    moderated: float | None = None
    """What stifling is multiplied by for the second half of those who open."""

    @property
    def disclosure(self) -> Disclosure:
        return Disclosure(**{"stifle": 1.0, "contact": 0.15, **self.options})

    @property
    def stated(self) -> dict[str, Any]:
        """What makes its studies."""
        names = ("name", "options", "horizon", "days", "people", "moderated")
        return {name: getattr(self, name) for name in names}


EFFECT = {"stifle": 0.7, "half_life_days": 14.0}
DEEP = {"weekly": 1.2, "stifle": 0.5, "half_life_days": 30.0, "contact": 0.08}
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
    Design("busy and deep: 0.5, half-life 30 days", DEEP),
    Design("busy and deep under shared bursts", {**DEEP, **BURSTS}),
    Design("busy and deep: 0.5, half-life 14 days", {**DEEP, "half_life_days": 14.0}),
    Design("effect 0.7, half-life 14 days, 20 people", {**EFFECT, "contact": 0.5}, people=20),
    Design("half of those who open stifled more", {"stifle": 0.9, "half_life_days": 30.0}, moderated=0.5),
    Design("halves alike", EFFECT, moderated=1.0),
)


def drawn(design: Design, seed: int, studies: int) -> tuple[Openings, np.ndarray, np.ndarray, np.ndarray]:
    """Studies side by side: openings, who the low and the high of each pair are, and who is moderated.

    People of the first study come first, then those of the second; who is in contact with whom, how much and
    how surely is drawn study by study, and what then happens in all of them at once.
    """
    of_ties, of_halves, of_turns = streams(seed, 3)
    options, people = design.disclosure, design.people
    ties = [draw_ties(people, options, of_ties) for _ in range(studies)]
    size = len(ties[0].low)
    low, high = (
        np.concatenate([getattr(one, side) + place * people for place, one in enumerate(ties)])
        for side in ("low", "high")
    )
    rate, fails = (
        np.concatenate(
            [getattr(one, name)[half] for half in (slice(size), slice(size, None)) for one in ties]
        )
        for name in ("rate", "fails")
    )
    joint = Ties(low, high, rate, fails, np.concatenate([one.wait for one in ties]))
    second = np.concatenate([of_halves.permutation(people) < people // 2 for _ in range(studies)])
    factor = np.where(second[joint.giver], 1.0 if design.moderated is None else design.moderated, 1.0)
    return (
        openings_of(draw_turns(joint, design.days, options, options.stifle * factor, of_turns)),
        low,
        high,
        second,
    )


def openings_of(turns: Turns) -> Openings:
    """Openings by ordered pair and time, and when the other first acted after each."""
    group = 2 * turns.pair + turns.by_high
    instants, rank = np.unique(turns.time, return_inverse=True)
    key = group * len(instants) + rank
    at = np.flatnonzero(turns.opens)
    at = at[np.argsort(key[at], kind="stable")]
    every = np.sort(key)
    place = np.searchsorted(every, (group[at] ^ 1) * len(instants) + rank[at], side="right")
    following = every[np.minimum(place, len(every) - 1)]
    there = (place < len(every)) & (following // len(instants) == (group[at] ^ 1))
    back = np.where(there, instants[following % len(instants)], NEVER)
    return Openings(group[at], turns.time[at], back)


@dataclass(frozen=True)
class Looked:
    """Openings of one study with what came before and after."""

    at: Windows
    opener: np.ndarray
    other: np.ndarray
    second: np.ndarray
    bins: tuple[np.ndarray, np.ndarray]

    @property
    def alone(self) -> np.ndarray:
        return ~self.at.returned

    @cached_property
    def strata(self) -> Strata:
        return strata_of(self.at.group, self.opener, self.other, self.at.near)

    def of(self, after: np.ndarray, before: np.ndarray, parts: np.ndarray | float = 1.0) -> Pooled:
        counts = (one.reshape(len(one), -1) * parts for one in (after, before))
        return pooled(self.strata, *products(self.strata, self.alone, *counts))


def edges_of(design: Design) -> np.ndarray:
    return np.round(np.linspace(0, design.horizon * DAY, BINS + 1)).astype(np.int64)


def looked(design: Design, seed: int, studies: int) -> Iterator[Looked]:
    """Study after study of those drawn side by side."""
    openings, low, high, second = drawn(design, seed, studies)
    spans = Spans(DAY, design.horizon * DAY, 0, design.days * DAY)
    at = windows(openings, np.ones(len(openings.time), dtype=bool), spans)
    bins = [by_bins(openings, at, DAY + edges_of(design), other) for other in (False, True)]
    pair, turned = at.group // 2, at.group % 2 == 1
    opener, other = np.where(turned, high[pair], low[pair]), np.where(turned, low[pair], high[pair])
    cuts = np.searchsorted(opener // design.people, np.arange(studies + 1))
    for first, last in pairwise(cuts):
        rows = slice(first, last)
        part = Windows(*(one[rows] for one in at))
        yield Looked(part, opener[rows], other[rows], second[opener[rows]], (bins[0][rows], bins[1][rows]))


def one_study(design: Design, one: Looked, seed: int) -> dict[str, float]:
    """Everything that one simulated study is found to say."""
    at, alone = one.at, one.alone
    ratio = judged(one.of(at.after, at.before))
    versus = judged(less(one.of(at.after, at.shared_before), one.of(at.other_after, at.other_before)))
    found = {"openings": float(len(at.time)), "alone": float(alone.mean())}
    found |= of_ratio("ratio", ratio) | of_ratio("versus", versus)
    if design.moderated is not None:
        halves = (one.second[:, None] == np.array([False, True])).astype(float)
        between = one.of(at.after, at.before, halves).of(np.array([-1.0, 1.0]))
        return found | of_ratio("between", judged(between))
    counts = at.after.astype(float), at.before.astype(float)
    placebo = shuffled(one.strata, alone, counts, SHUFFLES, seed)
    found |= {"shuffled": float(np.nanmean(placebo)), "shuffled_p": rank_p(ratio.value, placebo)}
    found |= naive(at, alone)
    return found | of_life(one, design, ratio.df) if design.disclosure.stifle < 1 else found


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


def of_life(one: Looked, design: Design, df: float) -> dict[str, float]:
    alone, days = one.alone, edges_of(design) / DAY

    def of(before: np.ndarray, other: bool) -> tuple[Pooled, np.ndarray]:
        after = one.bins[other].astype(float)
        found = one.of(after, np.repeat(before[:, None].astype(float), BINS, axis=1))
        left, back = after[alone].sum(axis=0), after[~alone].sum(axis=0)
        return found, left * back / np.maximum(left + back, 1.0)

    own, weight = of(one.at.before, False)
    life = half_life(own, days, weight, df)
    shared, others = of(one.at.shared_before, False)[0], of(one.at.other_before, True)
    versus = less(shared, others[0])
    weight = weight * others[1] / np.maximum(weight + others[1], 1.0)
    against = half_life(versus, days, weight, df)
    found = {}
    for name, told in (("life", life), ("versus_life", against)):
        found |= {name: told.value, f"{name}_low": told.low, f"{name}_high": told.high}
    return found


def truth_of(design: Design) -> dict[str, float]:
    """What is true of the whole, with its Monte-Carlo errors."""
    one = design.disclosure
    if one.stifle == 1.0:
        return {"true_log_ratio": 0.0}
    for studies in (1, 2, 4, 8):
        whole = whole_stifling(one, design.horizon, days=design.days, bins=BINS, studies=studies, **TRUTH)
        if (
            whole.ratio_error < RATIO_ERROR * whole.ratio
            and whole.half_life_error < LIFE_ERROR * whole.half_life_days
        ):
            break
    return {
        "one_log_ratio": float(np.log(one.stifle_ratio(design.horizon))),
        "true_log_ratio": float(np.log(whole.ratio)),
        "true_log_ratio_error": whole.ratio_error / whole.ratio,
        "one_life": float(one.half_life_days or np.inf),
        "true_life": whole.half_life_days,
        "true_life_error": whole.half_life_error,
    }


def cell(design: Design, studies: int, seed: int) -> dict[str, Any]:
    """A design's shares and means over studies."""
    place = DESIGNS.index(design)
    rows = []
    for number, first in enumerate(range(0, studies, TOGETHER)):
        own = int(np.random.SeedSequence([seed, place, number]).generate_state(1)[0])
        some = looked(design, own, min(TOGETHER, studies - first))
        rows += [one_study(design, one, own + shift) for shift, one in enumerate(some)]
    found = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    head = {**design.stated, "studies": studies, "seed": [seed, place]}
    if design.moderated is not None:
        numbers = compared(design, found)
    else:
        true = truth_of(design)
        numbers = {**true, **told(true["true_log_ratio"], found), **lived(true, found)}
    rounded = {key: round(float(one), 5) for key, one in numbers.items()}
    return head | {"openings": round(float(found["openings"].mean()), 1)} | rounded


def compared(design: Design, found: dict[str, np.ndarray]) -> dict[str, float]:
    """The ratio of the ratios of two halves of those who open."""
    first = design.disclosure
    second = replace(first, stifle=first.stifle * design.moderated)
    logs = [
        truth_of(replace(design, options={**design.options, "stifle": one.stifle})) for one in (first, second)
    ]
    truth = logs[1]["true_log_ratio"] - logs[0]["true_log_ratio"]
    low, high = found["between_low"], found["between_high"]
    return {
        "true_between": truth,
        "true_between_error": float(np.hypot(*(one["true_log_ratio_error"] for one in logs))),
        "mean_between": float(np.nanmean(found["between"])),
        "sd_between": float(np.nanstd(found["between"])),
        "between_error": float(np.sqrt(np.nanmean(found["between_error"] ** 2))),
        "between_covers": float(((low <= truth) & (truth <= high)).mean()),
        "between_rejects": float(((low > 0) | (high < 0)).mean()),
    }


def told(truth: float, found: dict[str, np.ndarray]) -> dict[str, float]:
    """The ratio, its interval and its nulls."""
    with np.errstate(invalid="ignore"):
        covers = (found["ratio_low"] <= truth) & (truth <= found["ratio_high"])
        away = (found["ratio_low"] > 0) | (found["ratio_high"] < 0)
        below = found["ratio_high"] < 0
        shared = (found["versus_low"] > 0) | (found["versus_high"] < 0)
        versus = (found["versus_low"] <= truth) & (truth <= found["versus_high"])
        passed = below & (found["shuffled_p"] <= 0.05) & (found["versus_high"] < 0)
    return {
        "alone": found["alone"].mean(),
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
        "versus_covers": versus.mean(),
        "versus_rejects": shared.mean(),
        "versus_below": (found["versus_high"] < 0).mean(),
        "claims": passed.mean(),
        "undivided": np.nanmean(found["undivided"]),
        "opened_again": np.nanmean(found["opened_again"]),
    }


def lived(true: dict[str, float], found: dict[str, np.ndarray]) -> dict[str, float]:
    """The half-life, where there is one."""
    if "true_life" not in true:
        return {}
    truth, cell = true["true_life"], {}
    for name in ("life", "versus_life"):
        low, high = found[f"{name}_low"], found[f"{name}_high"]
        cell |= {
            f"{name}_median": float(np.nanmedian(found[name])),
            f"{name}_missing": float(np.isnan(found[name]).mean()),
            f"{name}_covers": float(((low <= truth) & (truth <= high)).mean()),
            f"{name}_covers_one": float(((low <= true["one_life"]) & (true["one_life"] <= high)).mean()),
            f"{name}_open": float(np.isinf(high).mean()),
        }
    return cell


def page(content: dict[str, Any]) -> str:
    """The numbers of docs/stifling.md."""
    cells = [one for one in content["cells"] if one["moderated"] is None]
    planted = [one for one in cells if "true_life" in one]
    halves = [one for one in content["cells"] if one["moderated"] is not None]
    studies = content["cells"][0]["studies"]
    names = [one["name"] for one in content["cells"]]
    missing = "; ".join(one.name for one in DESIGNS if one.name not in names)
    lines = [
        f"Made by `{content['command']}`: {studies:,} studies a design, of {PEOPLE} people and "
        f"{cells[0]['days']} days, Δ of a day, h of 28 days where nothing else is said. Shares near .95 "
        f"have a Monte-Carlo error of {np.sqrt(0.05 * 0.95 / studies):.3f}."
        + (f" Not run yet: {missing}." if missing else ""),
        "",
        "| design | one failure | true | found | error / sd | covers | rejects 1 | shuffled: mean, rejects "
        "| against the other: mean, covers, rejects, below 1 | claims |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one['name']} | {np.exp(one.get('one_log_ratio', 0.0)):.3f} "
        f"| {np.exp(one['true_log_ratio']):.3f} | {np.exp(one['mean_log_ratio']):.3f} "
        f"| {one['error'] / one['sd_log_ratio']:.2f} | "
        f"{one['covers']:.3f} | {one['rejects']:.3f} | "
        f"{np.exp(one['shuffled_mean']):.3f}, {one['shuffled_rejects']:.3f} | "
        f"{np.exp(one['versus_mean']):.3f}, {one['versus_covers']:.3f}, {one['versus_rejects']:.3f}, "
        f"{one['versus_below']:.3f} | {one['claims']:.3f} |"
        for one in cells
    ]
    lines += [
        "",
        "Half-lives, in days:",
        "",
        "| design | one failure | true | median | covers | covers that of one failure | open to the right "
        "| none | against the other: median | covers |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one['name']} | {one['one_life']:g} | {one['true_life']:.1f} | {one['life_median']:.1f} | "
        f"{one['life_covers']:.3f} | {one['life_covers_one']:.3f} | {one['life_open']:.3f} | "
        f"{one['life_missing']:.3f} | {one['versus_life_median']:.1f} | {one['versus_life_covers']:.3f} |"
        for one in planted
    ]
    title = [
        "",
        "Ratio of the ratios of two halves of those who open (`by=` a column of people):",
        "",
        "| design | true | found | error / sd | covers | rejects 1 |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        *(title if halves else []),
        *(
            f"| {one['name']} | {np.exp(one['true_between']):.3f} | {np.exp(one['mean_between']):.3f} | "
            f"{one['between_error'] / one['sd_between']:.2f} | {one['between_covers']:.3f} | "
            f"{one['between_rejects']:.3f} |"
            for one in halves
        ),
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
    parser.add_argument("--first", type=int, nargs="*", default=[], help="places of designs to begin with")
    parser.add_argument("--resume", action="store_true", help="keep cells that are stored")
    parser.add_argument("--dry", action="store_true", help="print the numbers and write nothing")
    asked = parser.parse_args()
    command = f"python benchmarks/stifling_calibration.py --studies {asked.studies} --seed {asked.seed}"
    content: dict[str, Any] = {"command": command, "truth": TRUTH, "cells": []}
    target = HERE / "results" / "stifling_calibration.json"
    stored = json.loads(target.read_text(encoding="utf-8"))["cells"] if asked.resume else []
    cells: dict[int, dict[str, Any]] = {}
    for place in [*asked.first, *(one for one in range(len(DESIGNS)) if one not in asked.first)]:
        head = {**DESIGNS[place].stated, "studies": asked.studies, "seed": [asked.seed, place]}
        same = [one for one in stored if all(one.get(key) == value for key, value in head.items())]
        cells[place] = same[0] if same else cell(DESIGNS[place], asked.studies, asked.seed)
        content["cells"] = [cells[one] for one in sorted(cells)]
        if not asked.dry:
            target.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if asked.dry:
        print(page(content))
        return
    write_page(content)


def write_page(content: dict[str, Any]) -> None:
    """The numbers of docs/stifling.md, put there."""
    docs = HERE.parent / "docs" / "stifling.md"
    docs.write_text(into_page(docs.read_text(encoding="utf-8"), content), encoding="utf-8")


if __name__ == "__main__":
    main()

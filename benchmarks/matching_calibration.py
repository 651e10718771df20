"""Bias of matching, own persistence and escalation over a study, and coverage of their intervals.

Run from the project's folder:

    python benchmarks/matching_calibration.py -o benchmarks/results/matching_calibration.json

Simulated studies of disclosure with stated coefficients; beside `hs.matching`, what other estimators say.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from scipy.special import stdtrit

from honestsignals.conversing import draw_ties, draw_turns
from honestsignals.deepening import draw_depths
from honestsignals.disclosing import Disclosure, Moderation
from honestsignals.drawing_disclosure import draw_disclosure
from honestsignals.errors import FitError
from honestsignals.inference.turn_errors import person_errors
from honestsignals.inference.turn_series import Series, TurnModel

TERMS = ("matching", "own", "escalation")
OTHERS = ("pooled", "within", "split panel", "first differences")
TARGET, SIZE = (0.93, 0.97), (0.04, 0.065)
BESIDE = 100
"""Studies of a design of which other estimators are tried."""
KEPT = 8
"""Studies of each design that are stored one by one, for the test to make again."""


@dataclass(frozen=True)
class Design:
    """A kind of study.

    Attributes
    ----------
    name : str
    people, days : int
    disclosure : dict
        Options that are not the usual ones, of `honestsignals.Disclosure`.
    moderation : dict
        Options of `honestsignals.Moderation`; empty for none.
    differ : float
        Standard deviation of matching and of escalation between people.
    """

    name: str
    people: int
    days: int
    disclosure: dict[str, Any] = field(default_factory=dict)
    moderation: dict[str, Any] = field(default_factory=dict)
    differ: float = 0.0

    @property
    def options(self) -> Disclosure:
        return Disclosure(**{"weekly": 0.2, "contact": 0.12, "stifle": 1.0, **self.disclosure})

    @property
    def truth(self) -> list[float]:
        one = self.options
        if not self.moderation:
            return [one.matching, one.own, one.escalation]
        more = Moderation(**self.moderation)
        return [one.matching, more.matching, one.own, 0.0, one.escalation, more.escalation]

    @property
    def terms(self) -> list[str]:
        return [name + more for name in TERMS for more in (("", ":moderator") if self.moderation else ("",))]


NOTHING = {"matching": 0.0, "escalation": 0.0}
DESIGNS = [
    Design("40 people, half a year", 40, 182),
    Design("50 people, half a year, neither matching nor escalation", 50, 182, NOTHING),
    Design("50 people, half a year, no matching, steep escalation", 50, 182, {**NOTHING, "escalation": 1.0}),
    Design("40 people, half a year, moderator", 40, 182, {}, {"matching": 0.2, "escalation": 0.2}),
    Design("40 people, half a year, moderator without effect", 40, 182, {}, {"matching": 0.0}),
    Design("50 people, a year", 50, 365),
    Design("50 people, half a year, who differ in matching", 50, 182, {}, {}, 0.1),
    Design("40 people, half a year, moderator of pairs", 40, 182, {}, {"of": "pairs", "matching": 0.2}),
]


def draw(design: Design, number: int, seed: int) -> tuple[np.ndarray, ...]:
    """A study's turns: depth, pair, ego, alter, whether the second value of the moderator holds."""
    one = seed * 1_000_000 + sum(map(ord, design.name)) * 10_000 + number
    if design.differ:
        return _differing(design, np.random.default_rng(one))
    moderation = Moderation(**design.moderation) if design.moderation else None
    acts = draw_disclosure(
        seed=one, people=design.people, days=design.days, disclosure=design.options, moderation=moderation
    )
    told = np.flatnonzero(~np.isnan(acts.depth))
    ego, alter = acts.sender[told].astype(np.int64), acts.receiver[told].astype(np.int64)
    pair = np.minimum(ego, alter) * design.people + np.maximum(ego, alter)
    order = np.lexsort((acts.time[told], pair))
    ego, alter, pair, depth = ego[order], alter[order], pair[order], acts.depth[told][order]
    begins = _begins(pair, ego)
    ego, alter, pair, depth = ego[begins], alter[begins], pair[begins], depth[begins]
    second = acts.second_value
    value = np.zeros(len(ego)) if second is None else second[ego] if second.ndim == 1 else second[ego, alter]
    return depth, pair, ego, alter, value.astype(float)


def _begins(pair: np.ndarray, ego: np.ndarray) -> np.ndarray:
    """Where turns begin. All acts of a turn are equally deep in these studies."""
    begins = np.ones(len(pair), dtype=bool)
    begins[1:] = (np.diff(pair) != 0) | (np.diff(ego) != 0)
    return np.flatnonzero(begins)


def _differing(design: Design, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A study of people who differ in matching and escalation; normal, cut at two standard deviations."""
    options = design.options
    ties = draw_ties(design.people, options, rng)
    acts = draw_turns(ties, design.days, options, np.full(2 * len(ties.low), options.stifle), rng)
    own = np.clip(rng.standard_normal((2, design.people)), -2, 2) * design.differ
    effects = (options.matching + own[0][ties.giver], options.escalation + own[1][ties.giver])
    depth = draw_depths(ties, acts, options, effects, rng)
    begins = _begins(acts.pair, acts.by_high)
    pair, high = acts.pair[begins], acts.by_high[begins] == 1
    low, other = ties.low[pair], ties.high[pair]
    return depth[begins], pair, np.where(high, other, low), np.where(high, low, other), np.zeros(len(pair))


def series_of(turns: tuple[np.ndarray, ...], moderated: bool) -> tuple[Series, float]:
    """As `hs.matching` makes them, and the unit of depth."""
    depth, pair, ego, alter, value = turns
    first = np.flatnonzero(np.append(True, np.diff(pair) != 0))
    stretch = np.repeat(np.arange(len(first)), np.diff(first, append=len(pair)))
    place = np.arange(len(pair)) - first[stretch]
    z = np.column_stack([np.ones(len(pair)), value]) if moderated else np.ones((len(pair), 1))
    series = Series(depth, place + 1.0, place, stretch, ego, alter, z, z[:, :0])
    used = TurnModel(series).used
    unit = float(depth[used].std())
    return series._replace(depth=(depth - depth[used].mean()) / unit), unit


def split_panel(series: Series) -> np.ndarray:
    """Least squares within ordered pairs: twice that of all turns less the mean of both halves of pairs."""
    size = np.bincount(series.stretch)[series.stretch]
    long = size >= 10
    middle = (size // 2 // 2) * 2

    def part(rows: np.ndarray, shift: np.ndarray) -> np.ndarray:
        cut = Series(*(values[rows] for values in series))
        return TurnModel(cut._replace(place=cut.place - shift[rows])).solve(corrected=False)

    zero = np.zeros_like(size)
    whole = part(long, zero)
    halves = [
        part(long & (series.place < middle), zero),
        part(long & (series.place >= middle - 2), middle - 2),
    ]
    return 2 * whole - (halves[0] + halves[1]) / 2


def first_differences(series: Series) -> np.ndarray:
    """Differences from ego's turn before, by alter's and ego's earlier depths as instruments."""
    at = np.flatnonzero(series.place >= 4)
    d, k = series.depth, np.log(series.k)
    X = np.column_stack([values[at] - values[at - 2] for values in (np.roll(d, 1), np.roll(d, 2), k)])
    Z = np.column_stack([d[at - 3], d[at - 4], k[at] - k[at - 2]])
    found = np.linalg.solve(Z.T @ X, Z.T @ (d[at] - d[at - 2]))
    found[2] /= 1 - found[0] - found[1]
    return found


def study(design: Design, number: int, seed: int, others: bool) -> dict[str, Any]:
    """Estimates, errors and degrees of freedom of one study."""
    series, unit = series_of(draw(design, number, seed), bool(design.moderation))
    model = TurnModel(series)
    scales = np.where(np.arange(model.size) < 2 * series.z.shape[1], 1.0, unit)
    nothing = [float("nan")] * model.size
    try:
        theta = model.solve()
    except FitError:
        missing = {name: [float("nan")] * len(TERMS) for name in (OTHERS if others else ())}
        return {"estimate": nothing, "std_error": nothing, "df": nothing, **missing}
    errors = person_errors(
        model.scores(theta),
        model.slopes(theta),
        *model.people,
        information=model.information(theta),
    )
    whole = np.eye(model.size)
    found = {
        "estimate": (theta * scales).tolist(),
        "std_error": (np.sqrt(errors.variance(whole)) * scales).tolist(),
        "df": errors.df(whole).tolist(),
    }
    if not others:
        return found
    makers = (model.pooled, lambda: model.solve(corrected=False), lambda: split_panel(series))
    made = [attempted(make) for make in (*makers, lambda: first_differences(series))]
    return found | {name: (one * scales).tolist() for name, one in zip(OTHERS, made, strict=True)}


def attempted(make: Callable[[], np.ndarray]) -> np.ndarray:
    """What another estimator says, NaN where it says nothing."""
    try:
        return make()
    except (FitError, np.linalg.LinAlgError):
        return np.full(len(TERMS), np.nan)


def run(design: Design, studies: int, seed: int) -> dict[str, Any]:
    """One design: bias, coverage, size."""
    others = 0 if design.moderation else min(studies, BESIDE)
    made = [study(design, number, seed, number < others) for number in range(studies)]
    turns = [
        np.bincount(np.unique(draw(design, number, seed)[1], return_inverse=True)[1]) for number in range(20)
    ]
    truth = np.array(design.truth)
    estimate, error, df = (np.array([one[key] for one in made]) for key in ("estimate", "std_error", "df"))
    there = ~np.isnan(estimate).any(axis=1)
    off = (estimate - truth)[there]
    reach = error[there] * stdtrit(df[there], 0.975)
    covered = (np.abs(off) <= reach).mean(axis=0)
    return {
        **vars(design),
        "studies": studies,
        "turns": np.quantile(np.concatenate(turns), [0.05, 0.5, 0.95]).tolist(),
        "without": int((~there).sum()),
        "kept": made[:KEPT],
        "terms": {
            name: {
                "truth": float(truth[place]),
                "bias": float(off[:, place].mean()),
                "bias_mc_error": float(off[:, place].std(ddof=1) / np.sqrt(len(off))),
                "sd": float(off[:, place].std(ddof=1)),
                "error_of_sd": float(np.sqrt((error[there, place] ** 2).mean()) / off[:, place].std(ddof=1)),
                "coverage": float(covered[place]),
                "mc_error": float(np.sqrt(covered[place] * (1 - covered[place]) / len(off))),
                **{
                    f"bias of {other}": float(
                        np.nanmean([one[other][place] for one in made[:others]]) - truth[place]
                    )
                    for other in (OTHERS if others else ())
                },
                **{
                    f"sd of {other}": float(np.nanstd([one[other][place] for one in made[:others]], ddof=1))
                    for other in (OTHERS if others else ())
                },
            }
            for place, name in enumerate(design.terms)
        },
    }


def meets(one: dict[str, Any]) -> bool:
    """Whether the share of intervals ± 2 Monte-Carlo errors meets the target."""
    return bool(
        one["coverage"] + 2 * one["mc_error"] >= TARGET[0]
        and one["coverage"] - 2 * one["mc_error"] <= TARGET[1]
    )


def unbiased(one: dict[str, Any]) -> bool:
    """Whether the bias is within 3 Monte-Carlo errors of 0."""
    return abs(one["bias"]) <= 3 * one["bias_mc_error"]


def rows_of(design: dict[str, Any]) -> list[str]:
    """A row of the main table for each coefficient."""
    rows = []
    for name, one in design["terms"].items():
        bias = f"{one['bias']:+.4f} ± {2 * one['bias_mc_error']:.4f}"
        covers = f"{one['coverage']:.3f}"
        cells = [
            name,
            f"{one['truth']:g}",
            bias if unbiased(one) else f"**{bias}**",
            f"{one['sd']:.4f}",
            f"{one['error_of_sd']:.2f}",
            covers if meets(one) else f"**{covers}**",
            f"{1 - one['coverage']:.3f}" if one["truth"] == 0 else "",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def others_of(design: dict[str, Any]) -> list[str]:
    """A row of the table of other estimators for each coefficient."""
    return [
        f"| {name} | {one['truth']:g} | {one['bias']:+.3f} ({one['sd']:.3f}) | "
        + " | ".join(f"{one[f'bias of {other}']:+.3f} ({one[f'sd of {other}']:.3f})" for other in OTHERS)
        + " |"
        for name, one in design["terms"].items()
    ]


def page(made: dict[str, Any]) -> str:
    """docs/matching_calibration.md."""
    main = (
        "| coefficient | truth | bias ± 2 MC errors | sd | error / sd | covers | rejects |\n"
        + "|---" * 7
        + "|"
    )
    beside = "| coefficient | truth | hs.matching | pooled | within | split panel | first differences |\n"
    beside += "|---" * 7 + "|"
    tables: list[str] = []
    others: list[str] = []
    for one in made["designs"]:
        low, middle, high = one["turns"]
        size = f"pairs have {low:.0f} to {high:.0f} turns (5th to 95th percentile), half up to {middle:.0f}"
        refused = f" {one['without']} studies had no estimate." if one["without"] else ""
        tables += [f"**{one['name']}**: {size}.{refused}\n", main, *rows_of(one), ""]
        if "bias of pooled" in one["terms"]["matching"]:
            others += [f"**{one['name']}**\n", beside, *others_of(one), ""]
    alike = [one for one in made["designs"] if not one["differ"]]
    terms = [term for one in alike for term in one["terms"].values()]
    covered = [term["coverage"] for term in terms]
    size = [
        1 - one["terms"][name]["coverage"]
        for one in alike
        for name in one["terms"]
        if tests_nothing(one, name)
    ]
    return PAGE.format(
        command=made["command"],
        studies=f"{made['designs'][0]['studies']:,}",
        beside=made["beside"],
        low=f"{TARGET[0]:.0%}",
        high=f"{TARGET[1]:.0%}",
        covered=f"{min(covered):.3f} to {max(covered):.3f}",
        size=f"{min(size):.3f} to {max(size):.3f}",
        number=len(size),
        differ=DIFFER if len(alike) < len(made["designs"]) else "",
        unbiased=sum(unbiased(term) for term in terms),
        terms=len(terms),
        worst=max(abs(term["bias"]) / term["sd"] for term in terms),
        tables="\n".join(tables),
        others="\n".join(others).rstrip(),
    )


def tests_nothing(design: dict[str, Any], name: str) -> bool:
    """Whether a coefficient is truly 0."""
    return bool(design["terms"][name]["truth"] == 0)


DIFFER = """\
- Where people differ in matching (the design that says so), slopes are of no one person. Matching stays near
  the mean slope, own persistence takes up part of the difference.
"""
PAGE = """# Calibration of matching over a study

Bias of `hs.matching` and coverage of its 95 % intervals, on studies of disclosure made by
`hs.simulate_disclosure`, whose coefficients are known. Made by

    {command}

{studies} studies a design. Unless said otherwise matching is 0.3, own persistence 0.2, escalation 0.3 per
unit of ln turn; 12 % of pairs are in contact; people's levels differ by a standard deviation of 0.4, those
of ordered pairs by 0.3, and what is left of a turn by 0.6. *error / sd*: root mean square of the standard
error over the standard deviation of estimates. *rejects*: share of tests at .05 where the truth is 0.
**Bold**: a bias beyond 3 Monte-Carlo errors; a coverage that, ± 2 Monte-Carlo errors, does not meet
{low} to {high}.

## In short

- Where people do not differ in their slopes: {unbiased} of {terms} coefficients have a bias within 3
  Monte-Carlo errors, none beyond {worst:.2f} of the standard deviation of its estimates; intervals cover
  {covered}.
- Tests of coefficients that are 0 ({number} of them) reject in {size}.
{differ}
## Bias and coverage

{tables}
## Other estimators

Mean bias, and standard deviation of estimates in brackets, of the first {beside} studies. *Pooled*: least
squares with one level. *Within*: least squares less the mean of each ordered pair. *Split panel*: twice that
less the mean of both halves of each pair of ten turns or more (Dhaene & Jochmans 2015). *First differences*:
from ego's turn before, by earlier depths as instruments (Anderson & Hsiao 1982). Escalation of *pooled* is
the slope on ln k given the turns before; of the others it is that of the trend.

{others}
"""


def main() -> None:
    os.nice(5)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies a design")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="keep the designs that the output has")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("benchmarks/results/matching_calibration.json")
    )
    parser.add_argument("--markdown", type=Path, default=Path("docs/matching_calibration.md"))
    asked = parser.parse_args()
    made: dict[str, Any] = {
        "command": f"python benchmarks/matching_calibration.py --studies {asked.studies} --seed {asked.seed}",
        "seed": asked.seed,
        "beside": BESIDE,
        "software": {
            "python": platform.python_version(),
            **{module.__name__: module.__version__ for module in (np, scipy)},
        },
        "designs": [],
    }
    before = {}
    if asked.resume and asked.output.exists():
        before = {one["name"]: one for one in json.loads(asked.output.read_text("utf-8"))["designs"]}
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    for design in DESIGNS:
        made["designs"].append(before.get(design.name) or run(design, asked.studies, asked.seed))
        asked.output.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        covered = {name: one["coverage"] for name, one in made["designs"][-1]["terms"].items()}
        print(design.name, covered, flush=True)
    asked.markdown.write_text(page(made), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

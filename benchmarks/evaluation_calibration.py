"""Coverage of the intervals of scores and gains of `hs.evaluate`, on simulated studies with a known gain.

Run from the project's folder:

    python benchmarks/evaluation_calibration.py -o benchmarks/results/evaluation_calibration.json

The known gain is the mean gain, on people never seen, of models trained on that many people. It is found in
studies of its own, with arrays alone: train on all but a group of the people of one, test on that group.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from scipy.special import expit

from honestsignals.fold_scores import Foretold, Scores, base_of, base_prediction, scored, scores_for
from honestsignals.inference.folds import Fold, people_masks, usual_groups
from honestsignals.inference.learning import PENALTY, learn
from honestsignals.inference.score_errors import PersonSums, growth_of, spread
from honestsignals.inference.scores import SCORES, headline
from honestsignals.learners import Task

FAMILIES = {"binary": "logit", "ordinal": "ordered_logit", "continuous": "gaussian"}
TARGET, MOST_ABOVE = (0.93, 0.97), 0.035
KEPT = 12
"""Studies of each design that are stored one by one, for the test to make again."""


@dataclass(frozen=True)
class Design:
    """A kind of study.

    Attributes
    ----------
    name : str
    people : int
    second : float
        Slope of the second step's column, of standard deviation 1; the first step's is 1.
    directed : bool
    base : float
        Intercept of the log odds.
    effects : float
        Standard deviation of what a person adds to the log odds of all their labels.
    shared : float
        Share of the variance of the columns that is of people.
    acts : bool
        Columns of counts: log1p of a pair's acts, and the returned share, which pairs without acts lack.
    label : str
    """

    name: str
    people: int
    second: float = 0.5
    directed: bool = False
    base: float = -1.2
    effects: float = 0.5
    shared: float = 0.5
    acts: bool = False
    label: str = "binary"

    @property
    def key(self) -> list[int]:
        return [ord(one) for one in self.name]


DESIGNS = [
    Design("60 people", 60),
    Design("40 people", 40),
    Design("30 people, 2 groups", 30),
    Design("60 people, no gain", 60, 0.0),
    Design("60 people, small gain", 60, 0.25),
    Design("60 people, large gain", 60, 1.0),
]
LONGER = [
    Design("60 people, nobody differs", 60, effects=0.0, shared=0.0),
    Design("60 people, directed", 60, directed=True),
    Design("60 people, acts, directed", 60, 0.8, directed=True, base=-2.0, acts=True),
    Design("60 people, 10 % have the label", 60, base=-3.1),
    Design("60 people, who differ much, 50 %", 60, base=0.0, effects=1.0),
    Design("40 people, no gain", 40, 0.0),
    Design("60 people, no gain, directed", 60, 0.0, directed=True),
    Design("60 people, no gain, acts, directed", 60, 0.0, directed=True, base=-2.0, acts=True),
    Design("60 people, no gain, who differ much, 50 %", 60, 0.0, base=0.0, effects=1.0),
    Design("30 people, 2 groups, no gain", 30, 0.0),
    Design("120 people", 120),
]
"""Designs of a longer run, beside those above: ``--longer``."""
OTHERS = [
    Design("60 people", 60),
    Design("60 people, acts, directed", 60, 0.8, directed=True, base=-2.0, acts=True),
    Design("60 people, ordinal", 60, label="ordinal"),
    Design("60 people, continuous", 60, label="continuous"),
]
"""Designs in which every score is looked at, in a longer run."""


def draw(design: Design, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A study: the two people of each row, columns of the first and of the second step, label."""
    n = design.people
    ego, alter = np.triu_indices(n, 1)
    if design.directed:
        ego, alter = np.concatenate([ego, alter]), np.concatenate([alter, ego])
    columns = counts(design, rng, ego, alter) if design.acts else normals(design, rng, ego, alter)
    first, second = columns
    known = np.nan_to_num(second)
    sides = of_people(design, rng, ego, alter, design.effects)
    score = design.base + first + design.second * known + sides
    if design.label == "binary":
        return ego, alter, first, second, (rng.random(len(ego)) < expit(score)).astype(float)
    latent = score + rng.logistic(size=len(ego))
    if design.label == "continuous":
        return ego, alter, first, second, latent
    return ego, alter, first, second, np.digitize(latent, [-2.5, -1.0, 1.0]).astype(float)


def of_people(
    design: Design, rng: np.random.Generator, ego: np.ndarray, alter: np.ndarray, sd: float
) -> np.ndarray:
    """What the two people of each row bring, each with that standard deviation."""
    gives = rng.normal(size=design.people) * sd
    takes = rng.normal(size=design.people) * sd if design.directed else gives
    return gives[ego] + takes[alter]


def normals(
    design: Design, rng: np.random.Generator, ego: np.ndarray, alter: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Two columns of variance 1."""
    sd = np.sqrt(design.shared / 2)
    first, second = (
        of_people(design, rng, ego, alter, sd) + rng.normal(size=len(ego)) * np.sqrt(1 - design.shared)
        for _ in range(2)
    )
    return first, second


def counts(
    design: Design, rng: np.random.Generator, ego: np.ndarray, alter: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """log1p of acts, centred about; and a standardised share of what is returned, NaN without acts."""
    n = design.people
    active, liked = rng.normal(size=(2, n)) * 0.7
    both = np.triu(rng.normal(size=(n, n)), 1)
    own = rng.normal(size=(n, n)) * 0.7
    acts = rng.poisson(np.exp(active[:, None] + liked[None, :] + both + both.T + own - 0.5))
    given, taken = acts[ego, alter], acts[alter, ego]
    total = given + taken
    share = np.divide(2.0 * np.minimum(given, taken), total, out=np.full(len(ego), np.nan), where=total > 0)
    return np.log1p(total) - 1.0, (share - 0.5) / 0.4


def columns_of(first: np.ndarray, second: np.ndarray) -> list[np.ndarray]:
    """Columns of each step, as a ladder has them: undefined is 0, beside a column that says so."""
    known = [second, ~np.isnan(second)] if np.isnan(second).any() else [second]
    return [first[:, None], np.column_stack([first, *(np.nan_to_num(one) for one in known)])]


def fitted(X: np.ndarray, y: np.ndarray, label: str, start: np.ndarray | None = None) -> Any:
    """What predicts from columns. Logits are fitted here, as `learn` does but quicker, from a near start."""
    if label != "binary":
        return learn(X, y, FAMILIES[label], 4 if label == "ordinal" else 0), None
    middle, scale = X.mean(axis=0), X.std(axis=0)
    Z = np.column_stack([np.ones(len(X)), (X - middle) / scale])
    hold = np.append(0.0, np.full(X.shape[1], PENALTY * len(y)))
    theta = np.zeros(len(hold)) if start is None else start
    for _ in range(12):
        p = expit(Z @ theta)
        information = (Z.T * (p * (1 - p))) @ Z + np.diag(hold)
        if not np.linalg.cond(information) < 1e12:
            break
        step = np.linalg.solve(information, Z.T @ (y - p) - hold * theta)
        theta = theta + step
        if np.abs(step).max() < 1e-10:
            return Logit(theta, middle, scale), theta
    return learn(X, y, "logit"), None


@dataclass(frozen=True)
class Logit:
    theta: np.ndarray
    middle: np.ndarray
    scale: np.ndarray

    def predict(self, X: np.ndarray) -> np.ndarray:
        return expit(self.theta[0] + (X - self.middle) / self.scale @ self.theta[1:])


def study(number: int, design: Design, seed: int, every: bool) -> list[list[float]]:
    """For each score: gain, its error, ends, even ends; score of the second step, its ends."""
    rng = np.random.default_rng([seed, *design.key, number])
    ego, alter, first, second, y = draw(design, rng)
    task = Task(design.label, 4 if design.label == "ordinal" else 0)
    steps, starts, found = columns_of(first, second), [None, None], []
    masks = people_masks(
        ego, alter, groups=usual_groups(design.people), divisions=20, pairs="inside", seed=number
    )
    for one in masks:
        fold = Fold(one.division, one.fold, np.flatnonzero(one.train), np.flatnonzero(one.test))
        base = base_of(y[fold.train], task)
        told = [base_prediction(base, task, len(fold.train), len(fold.test))]
        for place, X in enumerate(steps):
            learnt, starts[place] = fitted(X[fold.train], y[fold.train], design.label, starts[place])
            told.append(learnt.predict(X[fold.test]))
        found.append(Foretold(fold, tuple(told), base, (False, False), ({}, {})))
    scores = [score for score in scores_for(task) if score.gain or not every]
    made = scored(y, found, scores if every else scores[:1], (ego, alter))
    return intervals(made, ego, alter)


def intervals(made: Scores, ego: np.ndarray, alter: np.ndarray) -> list[list[float]]:
    """As `Evaluation.gain` and `Evaluation.tidy` make them."""
    sign = np.array([1.0 if one.higher else -1.0 for one in made.scores])
    change = sign * (made.influence[:, 2] - made.influence[:, 1])
    folds = [PersonSums(one.people, sign * (one.sums[:, 2] - one.sums[:, 1])) for one in made.people]
    of_gain = spread(change, ego, alter, growth_of(change, ego, alter, folds))
    of_score = spread(made.influence[:, 2], ego, alter)
    mean = made.mean()
    gain, value = sign * (mean[2] - mean[1]), mean[2]
    low, high = of_gain.ends(gain)
    even, off = of_gain.margin(), of_score.margin()
    every = [gain, of_gain.std_error, low, high, gain - even, gain + even, value, value - off, value + off]
    return np.array(every).T.tolist()


def known(design: Design, names: list[str], studies: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean scores of the two steps on people never seen, and mean gain, each with its Monte-Carlo error."""
    found = []
    for number in range(studies):
        rng = np.random.default_rng([seed, 7, *design.key, number])
        for one in once(design, rng, number, names):
            found.append(np.concatenate([one, one[1:] - one[:1]]))
    values = np.array(found).reshape(studies, -1, 3, len(names))
    # groups of one study share its people
    values = np.nanmean(values, axis=1)
    return np.nanmean(values, axis=0), np.nanstd(values, axis=0, ddof=1) / np.sqrt(studies)


def once(design: Design, rng: np.random.Generator, number: int, names: list[str]) -> Iterator[np.ndarray]:
    """Scores of the two steps, (2, K), for each group of people that one division leaves out."""
    ego, alter, first, second, y = draw(design, rng)
    steps = columns_of(first, second)
    groups = usual_groups(design.people)
    masks = people_masks(ego, alter, groups=groups, divisions=1, pairs="inside", seed=number)
    for fold in masks:
        rows = y[fold.train]
        n_levels = 4 if design.label == "ordinal" else 0
        base = np.bincount(rows.astype(int), minlength=4) / len(rows) if n_levels else float(rows.mean())
        values = []
        for X in steps:
            learnt, _ = fitted(X[fold.train], rows, design.label)
            told = learnt.predict(X[fold.test])
            values.append([SCORES[name].function(y[fold.test], told, base).value for name in names])
        yield np.array(values)


def summary(found: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """Of one score, from (studies, 9): what intervals do, with the known gain and score."""
    gain, error, low, high, even_low, even_high, value, value_low, value_high = found.T
    n = len(gain)
    sd = float(gain.std(ddof=1))
    return {
        "mean": float(gain.mean()),
        "sd": sd,
        "error_over_sd": float(np.sqrt(np.nanmean(error**2)) / sd),
        "coverage": share((low <= truth[2]) & (truth[2] <= high)),
        "truth_above": share(high < truth[2]),
        "truth_below": share(low > truth[2]),
        "above_zero": share(low > 0),
        "even": share((even_low <= truth[2]) & (truth[2] <= even_high)),
        "score_coverage": share((value_low <= truth[1]) & (truth[1] <= value_high)),
        "score_mean": float(value.mean()),
        "mc_error": round(float(np.sqrt(0.95 * 0.05 / n)), 4),
    }


def share(hits: np.ndarray) -> float:
    return round(float(hits.mean()), 4)


def run(design: Design, asked: argparse.Namespace, every: bool, pool: Any) -> dict[str, Any]:
    kind = headline(design.label)
    studies = asked.others if every else asked.studies
    work = partial(study, design=design, seed=asked.seed, every=every)
    mapped = pool.imap(work, range(studies), chunksize=5) if pool else map(work, range(studies))
    found = np.array(list(mapped))
    names = [one.name for one in SCORES.values() if design.label in one.types and one.gain]
    names = names if every else [kind]
    truth, error = known(design, names, asked.known, asked.seed)
    scores = {}
    for k, name in enumerate(names):
        sign = 1.0 if SCORES[name].higher else -1.0
        of = np.array([truth[0, k], truth[1, k], sign * truth[2, k]])
        scores[name] = {
            "known_gain": of[2],
            "known_gain_mc_error": error[2, k],
            "known_score": of[1],
            **summary(found[:, k], of),
        }
    first = [[round(value, 10) for value in one[0]] for one in found[:KEPT].tolist()]
    return {**asdict(design), "studies": studies, "scores": scores, "first": first}


def covers(one: dict[str, Any], what: str = "coverage") -> bool:
    """Whether the share of intervals ± 2 Monte-Carlo errors meets the target."""
    error = 2 * one["mc_error"]
    return bool(one[what] + error >= TARGET[0] and one[what] - error <= TARGET[1])


def shown(one: dict[str, Any], what: str) -> str:
    text = f"{one[what]:.3f}"
    return text if covers(one, what) else f"**{text}**"


def ends(values: list[float]) -> str:
    return f"{min(values):.3f} to {max(values):.3f}"


def main_table(designs: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| studies of | known gain | sd | error / sd | covers | missed above, below | above 0 | even | AUC |",
        "|---" * 9 + "|",
    ]
    for one in designs:
        auc = one["scores"]["auc"]
        lines.append(
            f"| {one['name']} | {auc['known_gain']:+.4f} | {auc['sd']:.4f} | {auc['error_over_sd']:.2f} | "
            f"{shown(auc, 'coverage')} | {auc['truth_above']:.3f}, {auc['truth_below']:.3f} | "
            f"{auc['above_zero']:.3f} | {shown(auc, 'even')} | {shown(auc, 'score_coverage')} |"
        )
    return lines


def others_table(designs: list[dict[str, Any]]) -> list[str]:
    lines = ["| studies of | score | known gain | sd | covers | even | the score itself |", "|---" * 7 + "|"]
    for one in designs:
        for name, found in one["scores"].items():
            lines.append(
                f"| {one['name']} | {SCORES[name].title} | {found['known_gain']:+.4f} | {found['sd']:.4f} | "
                f"{shown(found, 'coverage')} | {shown(found, 'even')} | {shown(found, 'score_coverage')} |"
            )
    return lines


def missed(made: dict[str, Any], what: str) -> str:
    """Scores whose intervals do not meet the target."""
    found = [
        f"{each[what]:.3f} for {SCORES[name].title} ({one['name']})"
        for one in made["others"]
        for name, each in one["scores"].items()
        if not covers(each, what)
    ]
    return "; ".join(found) or "none"


NOT_RUN = (
    "Not run yet (`--longer`): intervals of the other scores, directed labels, counts of acts, other base\n"
    "rates, 120 people."
)


def others_words(made: dict[str, Any]) -> str:
    """What is to be said of the other scores, in short."""
    if not made["others"]:
        return "- " + NOT_RUN.replace("\n", "\n  ")
    return (
        f"- Gains of other scores that miss the target: {missed(made, 'coverage')}.\n"
        f"- Scores themselves that miss it: {missed(made, 'score_coverage')}."
    )


def others_page(made: dict[str, Any]) -> str:
    """The table of the other scores."""
    if not made["others"]:
        return NOT_RUN
    studies = (
        f"{made['others'][0]['studies']:,} studies a design. Gains are signed so that positive is better."
    )
    return "\n".join([studies, "", *others_table(made["others"])])


def page(made: dict[str, Any]) -> str:
    """docs/evaluation_calibration.md."""
    gains = [one for one in made["designs"] if one["second"]]
    nothing = [one for one in made["designs"] if not one["second"]]

    def over(designs: list[dict[str, Any]], what: str) -> str:
        return ends([one["scores"]["auc"][what] for one in designs])

    words = {
        "studies": f"{made['designs'][0]['studies']:,}",
        "known": f"{made['known']:,}",
        "command": made["command"],
        "low": f"{TARGET[0]:.0%}",
        "high": f"{TARGET[1]:.0%}",
        "most": f"{MOST_ABOVE:.3f}",
        "covered": over(gains, "coverage"),
        "even": over(gains, "even"),
        "above": over(nothing, "above_zero"),
        "none": over(nothing, "coverage"),
        "auc": over([*gains, *nothing], "score_coverage"),
        "missed": others_words(made),
        "gain_table": "\n".join(main_table(gains)),
        "none_table": "\n".join(main_table(nothing)),
        "others_table": others_page(made),
    }
    return PAGE.format(**words)


PAGE = """# Calibration of evaluations

How often the 95 % intervals of `hs.evaluate` cover what they are for, on simulated studies: the mean
score, and the mean gain of the second step over the first, of models trained on that many people, on
people never seen. That known gain is found in studies of its own, with arrays alone: train on all but a
group of the people of one study, test on that group ({known} studies a design). Made by

    {command}

{studies} studies a design; folds by people, 3 groups (2 of 30 people), 20 divisions. Unless said
otherwise pairs have no direction, 25 to 30 % have the label, columns are half of people and half of
pairs, and people differ in the log odds of all their labels by a standard deviation of 0.5. *Acts*:
log1p of counts, then the returned share, undefined without acts. **Bold**: the share ± 2 Monte-Carlo
errors does not meet {low} to {high}.

## In short

- A gain of AUC that there is: {covered} of intervals cover it. An even interval of that error would
  cover {even}, and miss gains above it far more often than below: a study that finds a small gain finds
  a small error too.
- No gain: {above} of intervals lie wholly above 0 ({most} at most is asked for). They cover the mean
  gain, which is slightly below 0 there, as learning a column that says nothing has a price, in {none}.
- AUC itself: {auc}.
{missed}

## Gains of AUC

*sd*: of the gain over studies; *error / sd*: root mean square of its error over it; *above 0*: intervals
wholly above 0; *even*: what an even interval of that error covers; *AUC*: intervals of the second step's
AUC.

{gain_table}

No gain:

{none_table}

## Other scores

{others_table}

## How the intervals are made

Each row adds to a score what the score changes by with the row's weight (to an AUC its placement value).
Sums over the rows of each person, less those of each pair, give the error, which never falls below that
of pairs; degrees of freedom say on how many people it rests. Three things were missing in a first trial,
whose intervals covered .85 to .92 at 40 and 60 people:

- values of a fold sum to 0, so how far a fold's people as a whole are off is added to its rows;
- leaving a person out of a fold of 13 to 20 people moves AUC by about 5 % more than such values say,
  which is measured by leaving people out of some folds, and scales the values;
- a small gain is half the square of an effect less what learning costs, so that its error grows with it.
  By how much is learnt from what the same tested people add in folds that were trained on people with
  more of a gain; with that, the ends for the effect are turned into ends for the gain.

The last needs random divisions of people (`hs.PeopleFolds`, both people never seen) and at least 20
folds, and a step below that learns: intervals of other folds, and of a gain over the base rate, are
even.
"""


def main() -> None:
    os.nice(10)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies a design")
    parser.add_argument("--others", type=int, default=500, help="where every score is looked at")
    parser.add_argument("--known", type=int, default=4000, help="studies in which the known gain is found")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("benchmarks/results/evaluation_calibration.json")
    )
    parser.add_argument("--longer", action="store_true", help="further designs, and every score")
    parser.add_argument("--resume", action="store_true", help="keep the designs that the output has")
    parser.add_argument("--markdown", type=Path, default=Path("docs/evaluation_calibration.md"))
    asked = parser.parse_args()
    command = f"python benchmarks/evaluation_calibration.py --studies {asked.studies} --seed {asked.seed}"
    made: dict[str, Any] = {
        "command": command,
        "seed": asked.seed,
        "known": asked.known,
        "software": {
            "python": platform.python_version(),
            **{module.__name__: module.__version__ for module in (np, scipy)},
        },
        "designs": [],
        "others": [],
    }
    before: dict[tuple[str, str], dict[str, Any]] = {}
    if asked.resume and asked.output.exists():
        stored = json.loads(asked.output.read_text(encoding="utf-8"))
        before = {(where, one["name"]): one for where in ("designs", "others") for one in stored[where]}
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    with Pool(asked.processes) as pool:
        longer = (LONGER, OTHERS) if asked.longer else ([], [])
        for where, designs in (("designs", [*DESIGNS, *longer[0]]), ("others", longer[1])):
            for design in designs:
                done = before.get((where, design.name))
                made[where].append(done or run(design, asked, where == "others", pool))
                asked.output.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
                one = next(iter(made[where][-1]["scores"].values()))
                print(where, design.name, {k: one[k] for k in ("coverage", "even", "above_zero")}, flush=True)
    asked.markdown.write_text(page(made), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

"""What an evaluation says in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from honestsignals.evaluation_plan import Plan
from honestsignals.fold_scores import Foretold, Scores
from honestsignals.inference.scores import SCORES
from honestsignals.splitters import BlockFolds, PairFolds, PeopleFolds, PeopleTimeFolds, TimeFolds


@dataclass(frozen=True)
class Gain:
    """What one step scores more than another, on pairs that neither was trained on.

    Attributes
    ----------
    step, over, score : str
    value : float
        Positive is better, whichever way the score runs.
    std_error, low, high, df : float
        Dyadic error and 95 % interval.
    """

    step: str
    over: str
    score: str
    value: float
    std_error: float
    low: float
    high: float
    df: float


def adds_words(plan: Plan, gain: Gain, before: float, steps: tuple[str, ...]) -> str:
    """What the steps add, in a sentence that says it as plainly whether it is much, little or nothing."""
    score = SCORES[gain.score]
    where = place_of(plan)
    names = steps[0] if len(steps) == 1 else f"{', '.join(steps[:-1])} and {steps[-1]}"
    ends = f"[{gain.low:+.3f}, {gain.high:+.3f}]"
    said = f"{where}, {names} {{}} {gain.over} in foretelling {plan.label}: {score.title} {before:.3f} "
    said += f"changes by {gain.value:+.3f} {ends}."
    if not np.isfinite(gain.value):
        return f"{where}, no score of {plan.label} is defined in any fold: {score.undefined}."
    if not np.isfinite(gain.low):
        return said.format("are set beside")
    if gain.low > 0:
        return said.format("adds to" if len(steps) == 1 else "add to")
    if gain.high < 0:
        return said.format("takes from" if len(steps) == 1 else "take from")
    return said.format(("adds" if len(steps) == 1 else "add") + " nothing that these data can show to")


def place_of(plan: Plan) -> str:
    """Among whom the scores are, as a sentence begins."""
    splitter: Any = plan.splitter
    if isinstance(splitter, PeopleFolds):
        return "On people never seen" if splitter.pairs == "inside" else "On pairs with one known person"
    if isinstance(splitter, PeopleTimeFolds):
        whom = "people never seen" if splitter.pairs == "inside" else "pairs with one known person"
        return f"On {whom}, asked later"
    if isinstance(splitter, TimeFolds):
        return "On answers asked later"
    if isinstance(splitter, BlockFolds):
        return "In blocks never seen"
    if isinstance(splitter, PairFolds):
        return "Transductively, on random pairs of known people"
    return "On the folds given"


def fold_words(plan: Plan) -> str:
    """How many folds, on how many rows and people."""
    folds = plan.folds
    divisions = len({fold.division for fold in folds})
    ego, alter, n_people = plan.people
    trained = np.mean([len(np.union1d(ego[fold.train], alter[fold.train])) for fold in folds[:60]])
    train, test = (
        np.mean([len(part) for part in parts]) for parts in zip(*(fold[2:] for fold in folds), strict=True)
    )
    several = f" of {divisions} random divisions" if divisions > 1 else ""
    return (
        f"{len(folds)} folds{several} of {n_people:,} people ({plan.splitter!r}): trained on {trained:,.0f} "
        f"people and {train:,.0f} rows, tested on {test:,.0f} rows, on average."
    )


def estimand_words(plan: Plan) -> str:
    """What the scores estimate."""
    what = getattr(plan.splitter, "estimand", "")
    said = f" ({what})" if what else ""
    return (
        f"Estimand: the mean score of models trained on that many people{said}, not that of one fitted model."
    )


def base_words(plan: Plan) -> str:
    """The base rate of the rows used, however the label is told."""
    y = plan.y
    if plan.task.label_type == "binary":
        return f"Base rate {y.mean():.2%}: {int(y.sum()):,} of {len(y):,} rows have label 1."
    if plan.task.levels:
        shares = np.bincount(y.astype(int), minlength=plan.task.n_levels) / len(y)
        parts = ", ".join(f"{name} {share:.1%}" for name, share in zip(plan.level_names, shares, strict=True))
        return f"Levels of {plan.label}: {parts}."
    return f"Mean of {plan.label} {y.mean():.4g}, standard deviation {y.std():.4g}."


def separated_words(steps: Sequence[str], tested: Sequence[Foretold], scores: Scores) -> list[str]:
    """Folds in which a model was held by its penalty, folds in which a score is undefined."""
    found = []
    for place, name in enumerate(steps[1:]):
        far = sum(one.far[place] for one in tested)
        if far:
            found.append(
                f"In {far} of {len(tested)} folds the training rows of {name} are separated, or "
                "nearly: a normal prior of sd 2.5 on standardised slopes holds them there."
            )
    score, used = scores.scores[0], int(scores.used[:, 0].sum())
    if used < len(tested):
        found.append(
            f"{score.title} is undefined in {len(tested) - used} of {len(tested)} "
            f"folds ({score.undefined}); its means are over the others."
        )
    return found

"""What an evaluation says in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.errors import listed
from honestsignals.evaluation_plan import Plan
from honestsignals.fold_scores import Foretold, Scores
from honestsignals.inference.clusters import Codes
from honestsignals.inference.scores import SCORES, Score
from honestsignals.inference.words import counted, joined
from honestsignals.rungs import BASE, Rung
from honestsignals.splitters import BlockFolds, PairFolds, PeopleFolds, PeopleTimeFolds, TimeFolds
from honestsignals.tables import number

if TYPE_CHECKING:
    import pandas as pd

FEW_FOLDS = 12
"""Up to so many folds of time or blocks, their gains are told one by one."""


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


def signed(value: float) -> str:
    """A gain with its sign, but for what rounds to nothing.

    >>> signed(0.0124), signed(-0.0002), signed(-0.5)
    ('+0.012', '0.000', '-0.500')
    """
    text = f"{value:+.3f}"
    return text if not np.isfinite(value) or float(text) else "0.000"


def adds_words(plan: Plan, gain: Gain, values: tuple[float, float], rungs: Sequence[Rung]) -> str:
    """What steps add, in a sentence that says it as plainly whether it is much, little or nothing.

    Parameters
    ----------
    plan : Plan
    gain : Gain
        Of the last step over the one before the first.
    values : tuple of float
        Score of that one, and of the last.
    rungs : sequence of Rung
        The steps.
    """
    score, where, last = SCORES[gain.score], place_of(plan), rungs[-1]
    names, over = [one.name for one in rungs], over_words(plan, gain.over)
    if not np.isfinite(gain.value):
        why = score.undefined if np.isnan(values).any() else "a probability of 0 was given to what happened"
        return f"{where}, no gain of {joined(names)} in foretelling {plan.label} can be told: {why}."
    change = f"{score.title} {values[0]:.3f} changes by {signed(gain.value)}"
    if np.isfinite(gain.low):
        change += f" [{signed(gain.low)}, {signed(gain.high)}]"
    rare = rarer(plan)
    if rare < FEW_EVENTS:
        return (
            f"{where}, {counted(rare, 'row')} with the rarer {plan.label} "
            f"{'is' if rare == 1 else 'are'} too few to judge {joined(names)} beside {over}: {change}, "
            "an interval too narrow here."
        )
    if not last.nested:
        told = "better" if gain.low > 0 else "worse" if gain.high < 0 else "no better"
        far = ", as far as these data show" if told == "no better" else ""
        return f"{where}{far}, {last.name} foretells {plan.label} {told} than {over}: {change}."
    s = "s" if len(names) == 1 else ""
    if gain.low > 0:
        said = f"add{s} to {over} in foretelling {plan.label}"
    elif gain.high < 0:
        said = f"beside {over} foretell{s} {plan.label} worse than {over} alone"
    elif gain.value == gain.low == gain.high == 0:
        # columns that order pairs as those before them do, whatever the label
        order = "orders" if s else "order"
        said = f"{order} pairs just as {over} does, so nothing is judged of {plan.label}"
    else:
        said = f"add{s} nothing that these data can show to {over} in foretelling {plan.label}"
    return f"{where}, {joined(names)} {said}: {change}."


FEW_EVENTS = 50
"""Rows with the rarer answer below which nothing is claimed: with 2 to 22 of them intervals of gains that
there were none of lay wholly above 0 in .09 to .37 of simulated studies of 30 people."""


def rarer(plan: Plan) -> int:
    """Rows with the rarer of two answers; of other labels all rows.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    int
    """
    if plan.task.label_type != "binary":
        return len(plan.y)
    return int(min(plan.y.sum(), len(plan.y) - plan.y.sum()))


def over_words(plan: Plan, over: str) -> str:
    """A step and all that it holds, by name."""
    if over == BASE:
        return "the base rate"
    place = [one.name for one in plan.rungs].index(over)
    held = plan.rungs[: place + 1]
    return joined([one.name for one in held]) if all(one.nested for one in held) else over


def note_words(notes: Sequence[str], mind: bool = False) -> list[str]:
    """Notes as sentences, behind a warning where they are to be read with the first line.

    >>> note_words(["acts was let in"]), note_words(["acts tells it"], mind=True)
    (['Acts was let in.'], ['Mind: acts tells it.'])
    """
    told = [f"Mind: {note}" if mind else f"{note[0].upper()}{note[1:]}" for note in notes]
    return [f"{note.rstrip('.')}." for note in told]


def row_words(plan: Plan) -> str:
    """How many rows there are, and why others are not among them."""
    lost = [
        f"{count:,} {f'row{reason[4:]}' if count == 1 and reason.startswith('rows') else reason}"
        for reason, count in plan.left_out.items()
    ]
    return f"{counted(len(plan.y), 'row')} used; left out: {listed(lost) if lost else 'none'}."


RANGES = {"auc": (0.0, 1.0), "somers_d": (-1.0, 1.0), "r2": (-np.inf, 1.0), "log_score": (-np.inf, 0.0)}
"""Ends of the scores that speak first."""


def beyond_words(score: Score, table: pd.DataFrame) -> list[str]:
    """Steps whose intervals reach where the score, or a gain in it, cannot be.

    Parameters
    ----------
    score : Score
        The one that speaks first.
    table : pandas.DataFrame
        A row a step, as ``Evaluation.tidy`` has it.

    Returns
    -------
    list of str
    """
    least, most = RANGES[score.name]
    found = []
    for what, low, high in (
        (f"{score.name}", least, most),
        (f"{score.name}_gain", least - most, most - least),
    ):
        wide = (table[f"{what}_low"] < low - 1e-9) | (table[f"{what}_high"] > high + 1e-9)
        if wide.any():
            said = "the gain" if what.endswith("_gain") else score.title
            found.append(f"{said} of {joined(table.loc[wide, 'step'].tolist())}")
    if not found:
        return []
    return [
        f"Mind: intervals reach beyond what {score.title} can be ({'; '.join(found)}). They are not cut off "
        "there: so wide, they say that there are too few people or rows to tell."
    ]


def brackets(frame: pd.DataFrame, name: str) -> list[str]:
    """Intervals of a column as they are printed; a dash where there is none."""
    ends = zip(frame[f"{name}_low"], frame[f"{name}_high"], strict=True)
    return ["–" if np.isnan(low + high) else f"[{number(low)}, {number(high)}]" for low, high in ends]


def step_words(plan: Plan) -> str:
    """What each step has."""
    parts = []
    for place, rung in enumerate(plan.rungs):
        if not rung.nested or place == 0:
            parts.append(f"{rung.name} is {rung.terms}")
        else:
            parts.append(f"{rung.name} adds {' + '.join(rung.adds) or 'nothing'}")
    return f"Steps: {'; '.join(parts)}."


def place_of(plan: Plan) -> str:
    """Among whom the scores are, as a sentence begins."""
    splitter: Any = plan.splitter
    if isinstance(splitter, PeopleFolds):
        return "On people never seen" if splitter.pairs == "inside" else "On pairs with one known person"
    if isinstance(splitter, PeopleTimeFolds):
        whom = "people never seen" if splitter.pairs == "inside" else "pairs with one known person"
        return f"On {whom}, asked later"
    if isinstance(splitter, TimeFolds):
        return "On labels asked later"
    if isinstance(splitter, BlockFolds):
        return f"In a {splitter.column} never seen"
    if isinstance(splitter, PairFolds):
        return "Transductively, on random pairs of known people"
    return "On the folds given"


def fold_words(plan: Plan) -> str:
    """How many folds, on how many rows and people."""
    folds = plan.folds
    divisions = len({fold.division for fold in folds})
    ego, alter, n_people = plan.people
    trained = np.mean([_people_of(ego, alter, fold.train, n_people) for fold in folds])
    train, test = (
        np.mean([len(part) for part in parts]) for parts in zip(*(fold[2:] for fold in folds), strict=True)
    )
    several = f" of {divisions} random divisions" if divisions > 1 else ""
    mean = ", on average" if len(folds) > 1 else ""
    return (
        f"{counted(len(folds), 'fold')}{several} of {n_people:,} people ({plan.splitter!r}): trained on "
        f"{trained:,.0f} people and {train:,.0f} rows, tested on {test:,.0f} rows{mean}."
    )


def _people_of(ego: Codes, alter: Codes, rows: Codes, n_people: int) -> int:
    """How many people are in some rows."""
    there = np.zeros(n_people, dtype=bool)
    there[ego[rows]] = there[alter[rows]] = True
    return int(there.sum())


def estimand_words(plan: Plan) -> str:
    """What the scores estimate."""
    what = getattr(plan.splitter, "estimand", "")
    said = f" ({what})" if isinstance(what, str) and what else ""
    return (
        f"Estimand: the mean score of models trained on that many people{said}, not that of one fitted model."
    )


def base_words(plan: Plan) -> list[str]:
    """The base rate of the rows used, however the label is told; nothing where the table has told it."""
    y = plan.y
    if plan.task.label_type == "binary":
        if isinstance(plan.table, DyadTable) and plan.label == plan.table.label and not plan.left_out:
            return []
        return [f"Base rate of {plan.label} {y.mean():.2%}: {int(y.sum()):,} of {len(y):,} rows used."]
    if plan.task.levels:
        shares = np.bincount(y.astype(int), minlength=plan.task.n_levels) / len(y)
        parts = ", ".join(f"{name} {share:.1%}" for name, share in zip(plan.level_names, shares, strict=True))
        return [f"Levels of {plan.label}: {parts}."]
    return [f"Mean of {plan.label} {y.mean():.4g}, standard deviation {y.std():.4g}."]


UNEVEN = 0.001
"""By how much an interval reaches further up than down where that can be seen in what is printed."""


def model_words(plan: Plan, table: pd.DataFrame, headed: Gain) -> str:
    """What learnt, and what the intervals are; that those of gains lean, where one does that is shown.

    Parameters
    ----------
    plan : Plan
    table : pandas.DataFrame
        A row a step, as ``Evaluation.tidy`` has it.
    headed : Gain
        The gain of the first line.

    Returns
    -------
    str
    """
    names = [name for name in table.columns if name.endswith("_gain")]
    lean = [headed.low + headed.high - 2 * headed.value]
    lean += [float((table[f"{one}_low"] + table[f"{one}_high"] - 2 * table[one]).max()) for one in names]
    leans = any(one > UNEVEN for one in lean)
    up = " A larger gain has a larger error, so intervals of gains reach further up than down." * leans
    return (
        f"Model: {plan.learner.words}. Scores are taken within each fold and averaged over folds; intervals "
        "are 95 %, of dyadic errors on what each row adds to a score (to an AUC: its placement value), never "
        f"below those of pairs, t with effective degrees of freedom.{up}"
    )


def fold_caveats(steps: Sequence[str], tested: Sequence[Foretold], scores: Scores) -> list[str]:
    """Folds in which a model was held by its prior, or a score is undefined or infinite."""
    found, folds = [], len(tested)
    for place, name in enumerate(steps[1:]):
        far = sum(one.far[place] for one in tested)
        if far:
            found.append(
                f"In {far} of {counted(folds, 'fold')} the training rows of {name} are separated, or "
                "nearly: a normal prior of sd 2.5 on standardised slopes holds them there."
            )
    missing: dict[tuple[int, str], list[str]] = {}
    for k, score in enumerate(scores.scores):
        count = folds - int(scores.used[:, k].sum())
        if count:
            missing.setdefault((count, score.undefined), []).append(score.title)
        endless = np.asarray(np.isinf(scores.each[:, :, k]).any(axis=0))
        if endless.any():
            which = joined([name for name, bad in zip(steps, endless.tolist(), strict=True) if bad])
            found.append(f"{score.title} of {which} is infinite: what happened was given probability 0.")
    for (count, why), titles in missing.items():
        rest = "" if count == folds else "; means are over the other folds"
        found.append(f"Undefined in {count} of {counted(folds, 'fold')}: {joined(titles)} ({why}){rest}.")
    return found


def wald_words(walds: Mapping[str, tuple[float, str]]) -> list[str]:
    """What ``wald_p`` tests, and why it is not there where it is not."""
    reasons: dict[str, list[str]] = {}
    said = []
    for name, (p, why) in walds.items():
        if np.isnan(p):
            reasons.setdefault(why.rstrip("."), []).append(name)
        elif why:
            said.append(f"wald_p of {name} is {why}, which other columns say too.")
    if not all(np.isnan(p) for p, _ in walds.values()):
        said = ["wald_p: in one fit of all rows, the step's coefficients are all 0 (net jackknife).", *said]
    return [*said, *(f"No wald_p of {joined(names)}: {why}." for why, names in reasons.items())]


def chosen_words(steps: Sequence[str], tested: Sequence[Foretold]) -> list[str]:
    """Settings that were chosen most often."""
    parts = []
    for place, name in enumerate(steps[1:]):
        if any(one.chosen[place] for one in tested):
            chosen = [sorted(one.chosen[place].items()) for one in tested]
            often = Counter(", ".join(f"{key}={value}" for key, value in one) for one in chosen)
            words, count = often.most_common(1)[0]
            parts.append(f"{name} {words} ({count} of {len(tested)})")
    return [f"Settings chosen in most folds: {listed(parts)}."] if parts else []


def _division_words(plan: Plan, values: Any, what: str) -> list[str]:
    """How far another seed would move a gain, from how random divisions differ."""
    number = np.array([fold.division for fold in plan.folds])
    means = [np.nanmean(values[number == one]) for one in np.unique(number[np.isfinite(values)])]
    if len(means) < FEWEST_DIVISIONS:
        return []
    error = float(np.std(means, ddof=1)) / np.sqrt(len(means))
    return [f"{what}: another seed's divisions would move it by {error:.3f} or so (standard error)."]


FEWEST_DIVISIONS = 5
"""Below, nothing is said of how far another seed would move a gain."""


def worse_words(steps: Sequence[str], scores: Scores) -> list[str]:
    """Steps whose probabilities are worse than the base rate's, whatever they rank."""
    names = [one.name for one in scores.scores]
    if "log_score" not in names:
        return []
    mean = scores.mean()[:, names.index("log_score")]
    worse = [name for name, value in zip(steps[1:], mean[1:], strict=True) if value < mean[0]]
    if not worse:
        return []
    return [
        f"The probabilities of {joined(worse)} are worse than the base rate's (log score), however well they "
        "rank pairs: too few rows were learnt from for so many terms."
    ]


def spread_words(plan: Plan, gains: Sequence[float], what: str) -> list[str]:
    """Gains fold by fold, where folds are not alike by lot: stretches of time, and blocks."""
    values = np.array(gains, dtype=float)
    known = values[np.isfinite(values)]
    if known.size < 2:
        return []
    if not isinstance(plan.splitter, BlockFolds | TimeFolds):
        return _division_words(plan, values, what)
    told = ", ".join(map(signed, values)) if len(values) <= FEW_FOLDS else ""
    told = told or f"from {signed(known.min())} to {signed(known.max())}, sd {known.std(ddof=1):.3f}"
    kind = "blocks" if isinstance(plan.splitter, BlockFolds) else "stretches of time"
    return [f"{what}, fold by fold: {told}. How much {kind} differ beyond chance is not in the intervals."]

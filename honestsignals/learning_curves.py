"""How far a model's score grows with the people that it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, FitError, HonestSignalsError, check_seed
from honestsignals.evaluation_plan import Plan
from honestsignals.fold_scores import Foretold, Scores, foretold, held_of, scored, scores_for
from honestsignals.inference.folds import Fold
from honestsignals.inference.score_errors import growth_of, spread
from honestsignals.inference.scores import Score
from honestsignals.printed import Printed
from honestsignals.progress import progress
from honestsignals.rungs import BASE
from honestsignals.splitters import PeopleFolds
from honestsignals.tables import render

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class LearningCurve(Printed):
    """Scores by people trained on. Made by :meth:`honestsignals.evaluation.Evaluation.learning_curve`.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row a step and share.
    score : Score
        The one that speaks first.
    headline : str
        What more people bring, in a sentence.
    notes : tuple of str
        What else must be known of the numbers.
    """

    frame: pd.DataFrame
    score: Score
    headline: str
    notes: tuple[str, ...]

    def facts(self) -> list[str]:
        """What a reader must know before the numbers, one sentence an item."""
        return [self.headline, *self.notes]

    def tidy(self) -> pd.DataFrame:
        """A row a step and share: people and rows trained on, every score, its gain over the first step."""
        return self.frame

    def shown(self) -> pd.DataFrame:
        """The first score alone, as it is printed."""
        name = self.score.name
        gains = [f"{name}_gain", f"{name}_gain_low", f"{name}_gain_high"] if self.score.gain else []
        return self.frame[["step", "share", "people", "rows", name, f"{name}_low", f"{name}_high", *gains]]

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.facts())

    def __str__(self) -> str:
        return "\n".join([*self.facts(), "", render(self.shown())])


def learning_curve(
    plan: Plan, *, shares: Sequence[float] = (0.25, 0.5, 0.75, 1.0), seed: int = 0
) -> LearningCurve:
    """Score every step when it is trained on fewer people, on the same tested rows.

    In each fold the people of the training rows are put in a random order; a share of them is the first so
    many of that order, so that smaller shares are within larger ones, and training has the rows whose two
    people are both among them. What is tested stays as it was. Where the curve still climbs at the right,
    more people would foretell better; where it lies flat, it is not for want of people.

    A share of the people has about the square of that share of the pairs. Where tested people may be known
    (folds across, by time, random pairs), a smaller share also knows fewer of them.

    Parameters
    ----------
    plan : Plan
        Of an evaluation.
    shares : sequence of float
        Above 0, up to 1: the evaluation itself.
    seed : int
        Of the orders of people.

    Returns
    -------
    LearningCurve
        For each step and share: ``people`` and ``rows`` trained on (means over folds), ``folds`` that count,
        then each score with its interval, and its gain over the first step (over the base rate where there
        is one step only) with its own; intervals as in the evaluation.

    Raises
    ------
    ArgumentError
        For shares that are none.
    FitError
        Where no fold has rows to train on at some share.

    References
    ----------
    viering2023

    Examples
    --------
    >>> import honestsignals as hs
    >>> dyads = hs.open_study("data/helpdesk").dyads(label="friendship")
    >>> found = hs.evaluate(dyads, ladder=["volume"], folds=hs.PeopleFolds(divisions=4))
    >>> curve = found.learning_curve(shares=(0.5, 1.0))
    >>> curve.tidy().query("step == 'volume'")[["share", "people", "auc"]].round(2)
       share  people   auc
    2    0.5     8.0  0.87
    3    1.0    15.0  0.88
    """
    asked = _checked(shares)
    check_seed(seed)
    judges = scores_for(plan.task)
    ego, alter, _ = plan.people
    orders = [_order(ego, alter, fold, seed) for fold in plan.folds]
    held = held_of(plan)
    points: list[_Point] = []
    with progress() as tell:
        for share in asked:
            found, lost = [], []
            for number, (fold, order) in enumerate(zip(plan.folds, orders, strict=True), 1):
                tell(f"Learning curve, share {share:g}: fold {number} of {len(plan.folds)}")
                try:
                    found.append(foretold(plan, _within(ego, alter, fold, (order, share)), held))
                except HonestSignalsError as error:
                    lost.append(str(error))
            if not found:
                raise FitError(f"At a share of {share:g} of the people no fold can be trained: {lost[0]}")
            made = scored(plan.y, found, judges, (ego, alter))
            points.append(_Point(share, tuple(found), made, tuple(lost)))
    frame = _frame(plan, points)
    return LearningCurve(frame, judges[0], _headline(plan, points), _notes(plan, points))


@dataclass(frozen=True, eq=False)
class _Point:
    """What was foretold at one share of the people, and why some folds could not be trained."""

    share: float
    found: tuple[Foretold, ...]
    scores: Scores
    lost: tuple[str, ...]

    def people(self, plan: Plan) -> float:
        """People in training rows, on average."""
        ego, alter, _ = plan.people
        trained = [np.union1d(ego[one.fold.train], alter[one.fold.train]) for one in self.found]
        return float(np.mean([len(one) for one in trained]))

    @property
    def rows(self) -> float:
        """Training rows, on average."""
        return float(np.mean([len(one.fold.train) for one in self.found]))


def _checked(shares: object) -> list[float]:
    """Shares in order, each once."""
    wrong = ArgumentError(f"shares is {shares!r}; it must be a list of numbers above 0 and up to 1.")
    if isinstance(shares, str) or not isinstance(shares, Sequence | np.ndarray) or not len(shares):
        raise wrong
    for one in shares:
        if isinstance(one, bool) or not isinstance(one, int | float | np.number) or not 0 < one <= 1:
            raise wrong
    return sorted({float(one) for one in shares})


def _order(ego: Array, alter: Array, fold: Fold, seed: int) -> Array:
    """Place of each person among those who train a fold, at random; -1 for who does not.

    People are put in order by their ids, so that the order of rows does not matter.
    """
    there = np.union1d(ego[fold.train], alter[fold.train])
    draws = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(fold.division, fold.fold)))
    order = np.full(int(max(ego.max(), alter.max())) + 1, -1, dtype=np.intp)
    order[there] = draws.permutation(len(there))
    return order


def _within(ego: Array, alter: Array, fold: Fold, asked: tuple[Array, float]) -> Fold:
    """A fold trained on the pairs among a share of its people."""
    order, share = asked
    count = int(np.ceil(share * (order.max() + 1) - 1e-9))
    train = fold.train[(order[ego[fold.train]] < count) & (order[alter[fold.train]] < count)]
    if not len(train):
        raise FitError(f"no pair is among {count:,} of the people")
    return fold._replace(train=train)


def _steps(plan: Plan) -> tuple[str, ...]:
    return (BASE, *(rung.name for rung in plan.rungs))


def _first(plan: Plan) -> int:
    """The step that others are held against: the first, or the base rate where there is no other."""
    return 1 if len(plan.rungs) > 1 else 0


def _ends(plan: Plan, influence: Array, found: Sequence[Foretold]) -> Array:
    """Half the width of 95 % intervals, (k,)."""
    ego, alter, _ = plan.people
    there = np.unique(np.concatenate([one.fold.test for one in found]))
    margin: Array = spread(influence[there], ego[there], alter[there]).margin()
    return margin


def _less(one: Array, other: Array) -> Array:
    """What one is more than another; NaN where both are infinite, as log scores are of who was too sure."""
    with np.errstate(invalid="ignore"):
        found: Array = one - other
    return found


def _signs(scores: Scores) -> Array:
    """1 where a higher score is better, -1 where a lower is, NaN where neither is."""
    return np.array([(1.0 if one.higher else -1.0) if one.gain else np.nan for one in scores.scores])


def _gains(point: _Point, step: int, base: int) -> Array:
    """What a step scores more than another, (K,): positive is better."""
    means = point.scores.mean()
    return _signs(point.scores) * _less(means[step], means[base])


def _gain_ends(plan: Plan, point: _Point, step: int, base: int) -> tuple[Array, Array]:
    """Ends of the intervals of gains, (K,) each, as those of an evaluation are."""
    ego, alter, _ = plan.people
    sign, made, growth = _signs(point.scores), point.scores, None
    change = sign * _less(made.influence[:, step], made.influence[:, base])
    if base and isinstance(plan.splitter, PeopleFolds) and plan.splitter.pairs == "inside":
        parts = [one._replace(sums=sign * _less(one.sums[:, step], one.sums[:, base])) for one in made.people]
        growth = growth_of(change, ego, alter, parts)
    there = np.unique(np.concatenate([one.fold.test for one in point.found]))
    return spread(change[there], ego[there], alter[there], growth).ends(_gains(point, step, base))


def _frame(plan: Plan, points: Sequence[_Point]) -> pd.DataFrame:
    """A row a step and share, the shares of a step together."""
    import pandas as pd

    base, rows = _first(plan), []
    for point in points:
        means, influence = point.scores.mean(), point.scores.influence
        told = {"share": point.share, "people": point.people(plan), "rows": point.rows}
        for s, step in enumerate(_steps(plan)):
            margin = _ends(plan, influence[:, s], point.found)
            low, high = _gain_ends(plan, point, s, base)
            row: dict[str, Any] = {"step": step, **told, "folds": len(point.found)}
            for k, one in enumerate(point.scores.scores):
                value = means[s, k]
                row |= {one.name: value, f"{one.name}_low": value - margin[k]}
                row[f"{one.name}_high"] = value + margin[k]
                if one.gain:
                    gain = _gains(point, s, base)[k] if s > base else np.nan
                    row |= {f"{one.name}_gain": gain, f"{one.name}_gain_low": low[k] if s > base else np.nan}
                    row[f"{one.name}_gain_high"] = high[k] if s > base else np.nan
            rows.append(row)
    frame = pd.DataFrame(rows)
    place = frame["step"].map({step: number for number, step in enumerate(_steps(plan))})
    return frame.iloc[np.lexsort((frame["share"], place))].reset_index(drop=True)


def _headline(plan: Plan, points: Sequence[_Point]) -> str:
    """What more people bring to the last step, in a sentence."""
    few, many = points[0], points[-1]
    judge, step = many.scores.scores[0], plan.rungs[-1].name
    before, after = (float(one.scores.mean()[-1, 0]) for one in (few, many))
    trained = f"Trained on {many.people(plan):,.0f} people"
    if len(points) == 1 or not (np.isfinite(after) and np.isfinite(before)):
        return f"{trained}, {step} foretells {plan.label}: {judge.title} {after:.3f}."
    change = _less(many.scores.influence[:, -1, :1], few.scores.influence[:, -1, :1])
    gain, margin = judge.gained(after, before), float(_ends(plan, change, many.found)[0])
    said = "neither better nor worse, as far as these data can show"
    if gain - margin > 0 or gain + margin < 0:
        said = "better" if gain > 0 else "worse"
    return (
        f"{trained} in place of {few.people(plan):,.0f}, {step} foretells {plan.label} {said}: "
        f"{judge.title} {before:.3f} to {after:.3f} ({gain:+.3f} [{gain - margin:+.3f}, "
        f"{gain + margin:+.3f}])."
    )


def _notes(plan: Plan, points: Sequence[_Point]) -> tuple[str, ...]:
    """How it was made, and what must be known of it."""
    over = _steps(plan)[_first(plan)]
    said = [
        f"Same folds and tested rows as the evaluation ({plan.splitter!r}); training has the pairs among a "
        "random share of the people who train a fold, smaller shares within larger ones.",
        f"Gains are over {over}, at the same share; intervals are 95 %, dyadic, of the tested pairs.",
    ]
    for point in points:
        if point.lost:
            said.append(
                f"At share {point.share:g}, {len(point.lost)} of {len(plan.folds)} folds could not be "
                f"trained and do not count ({point.lost[0].rstrip('.')})."
            )
        alike = sum(bool((plan.y[one.fold.train] == plan.y[one.fold.train[0]]).all()) for one in point.found)
        if alike:
            said.append(
                f"At share {point.share:g}, all training rows had the same label in {alike} of "
                f"{len(point.found)} folds: nothing could be learnt there."
            )
    first, used = points[-1].scores.scores[0], int(points[-1].scores.used[:, 0].sum())
    if used < len(points[-1].found):
        said.append(
            f"{first.title} is undefined in {len(points[-1].found) - used} of {len(points[-1].found)} folds "
            f"({first.undefined}); its means are over the others."
        )
    return tuple(said)

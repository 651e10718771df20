"""The work of an evaluation: fit within each fold, predict the tested rows, score, add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError
from honestsignals.evaluation_plan import Plan, folds_of
from honestsignals.fold_designs import StepColumns
from honestsignals.inference.folds import Fold
from honestsignals.inference.learning import learn
from honestsignals.inference.score_errors import PersonSums
from honestsignals.inference.scores import SCORES, Score, headline, scores_of
from honestsignals.inference.words import counted
from honestsignals.judging import MANY_TESTED, MOST_LEFT, Judged, beyond_first_order, judged
from honestsignals.learners import Task
from honestsignals.splitters import PeopleFolds, PeopleTimeFolds

Array = np.ndarray[Any, np.dtype[Any]]

FEW_DISTINCT = 0.25
"""Where a step has fewer distinct rows than this share, equal rows are fitted once, with a weight."""


@dataclass(frozen=True, eq=False)
class Distinct:
    """Rows of columns that are equal, told once.

    Attributes
    ----------
    X : ndarray, shape (m, k)
        Distinct rows.
    code : ndarray of int, shape (n,)
        Which of them each row is.
    """

    X: Array
    code: Array


@dataclass(frozen=True, eq=False)
class Foretold:
    """What the steps predicted for the tested rows of one fold.

    Attributes
    ----------
    fold : Fold
    predictions : tuple of ndarray
        Of each step, the base rate first: (n,) or (n, L).
    base : ndarray or float
        Base rate, shares of levels, or mean in the training rows.
    far : tuple of bool
        For each step whether the label was separated in the training rows.
    chosen : tuple of mappings
        Settings that each step chose.
    """

    fold: Fold
    predictions: tuple[Array, ...]
    base: Any
    far: tuple[bool, ...]
    chosen: tuple[dict[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of every step: means over folds, and what each row adds to them.

    Attributes
    ----------
    scores : tuple of Score
    each : ndarray, shape (F, S, K)
        Score of each fold and step.
    used : ndarray of bool, shape (F, K)
        Folds in which a score is defined for every step but the base rate.
    influence : ndarray, shape (n, S, K)
    people : tuple of PersonSums
        Of each fold, shape (p, S, K): what its rows add to its own scores.
    """

    scores: tuple[Score, ...]
    each: Array
    used: Array
    influence: Array
    people: tuple[PersonSums, ...]

    def mean(self) -> Array:
        """Mean over the folds in which the score is defined, (S, K); NaN where there is none."""
        keep = np.where(self.used[:, None, :], self.each, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(keep.sum(axis=0) / self.used.sum(axis=0))


def distinct(X: Array) -> Distinct | None:
    """Distinct rows where they are few; None where nothing is won by them.

    Parameters
    ----------
    X : ndarray, shape (n, k)

    Returns
    -------
    Distinct or None

    Examples
    --------
    >>> distinct(np.repeat([[0.0, 1.0], [2.0, 0.0]], 10, axis=0)).X.tolist()
    [[2.0, 0.0], [0.0, 1.0]]
    """
    import pandas as pd

    frame = pd.DataFrame(X)
    if X.shape[1] == 0 or len(X) < 8:
        return None
    code = frame.groupby(list(frame.columns), sort=False, dropna=False).ngroup().to_numpy()
    count = int(code.max()) + 1
    if count > FEW_DISTINCT * len(X):
        return None
    first = np.empty(count, dtype=np.intp)
    first[code[::-1]] = np.arange(len(X))[::-1]
    # in the order of values, so that sums do not hang on the order of rows
    order = np.lexsort(X[first].T)
    place = np.empty(count, dtype=np.intp)
    place[order] = np.arange(count)
    return Distinct(X[first][order], place[code])


def base_of(y: Array, task: Task) -> Any:
    """What is known of the label before anything is known of a pair."""
    if task.levels:
        return np.bincount(y.astype(int), minlength=task.n_levels) / len(y)
    return float(y.mean())


def base_prediction(base: Any, task: Task, trained: int, n: int) -> Array:
    """The base for every tested row, (n,) or (n, L).

    What no training row had gets its share of one row more, as the regressions have it: nothing is
    impossible for never having been seen.

    >>> base_prediction(np.array([0.75, 0.25, 0.0]), Task("nominal", 3), 4, 1).round(4).tolist()
    [[0.6667, 0.2667, 0.0667]]
    """
    if task.label_type == "continuous":
        return np.full(n, base)
    if np.min(base) <= 0 or np.max(base) >= 1:
        base = (base * trained + 1.0 / task.n_levels) / (trained + 1.0)
    return np.tile(base, (n, 1)) if task.levels else np.full(n, base)


@dataclass(frozen=True, eq=False)
class Learnt:
    """What a step learnt from the training rows of a fold.

    Attributes
    ----------
    predict : callable
        From columns to predictions.
    tested : ndarray, shape (n, k)
        Columns of the tested rows.
    far : bool
        Whether the label was separated.
    chosen : dict
        Settings.
    """

    predict: Callable[[Array], Array]
    tested: Array
    far: bool
    chosen: dict[str, Any]


def learnt(plan: Plan, step: int, fold: Fold, held: Distinct | None) -> Learnt:
    """What a step learns from the training rows of a fold.

    Parameters
    ----------
    plan : Plan
    step : int
        Place of the rung.
    fold : Fold
    held : Distinct or None
        Distinct rows of the step's columns.

    Returns
    -------
    Learnt
    """
    y, task, who = plan.y[fold.train], plan.task, plan.learner
    if held is not None:
        m, several = len(held.X), task.n_levels
        weights = np.bincount(held.code[fold.train] * several + y.astype(int), minlength=m * several)
        there = np.flatnonzero(weights)
        label = (there % several).astype(float)
        found = learn(held.X[there // several], label, who.family, several, weights[there].astype(float))
        return Learnt(found.predict, held.X[held.code[fold.test]], found.far, {})
    train, test, names = plan.columns[step].named_of_fold(fold.train, fold.test)
    chosen = _chosen(plan, plan.columns[step], fold) if len(who.tune) > 1 else dict(who.tune[0])
    predict, far = who.fitted(train, y, task, chosen, names)
    return Learnt(predict, test, far, chosen)


def predicted(plan: Plan, step: int, fold: Fold, held: Distinct | None) -> tuple[Array, bool, dict[str, Any]]:
    """What a step predicts for the tested rows of a fold.

    Parameters
    ----------
    plan, step, fold, held
        As for ``learnt``.

    Returns
    -------
    prediction : ndarray, shape (n,) or (n, L)
    far : bool
    chosen : dict
    """
    found = learnt(plan, step, fold, held)
    if held is not None:
        return found.predict(held.X)[held.code[fold.test]], found.far, found.chosen
    return found.predict(found.tested), found.far, found.chosen


def _chosen(plan: Plan, columns: StepColumns, fold: Fold) -> dict[str, Any]:
    """Settings that score best within the training rows, by folds of the same kind."""
    inner = plan.splitter
    if isinstance(inner, PeopleFolds | PeopleTimeFolds):
        inner = replace(inner, divisions=min(inner.divisions, INNER_DIVISIONS))
    try:
        parts = folds_of(inner, plan.frame.iloc[fold.train], plan.y[fold.train])
    except (ArgumentError, DesignError) as error:
        raise DesignError(
            f"Settings are chosen within each training set, and one of {counted(len(fold.train), 'row')} "
            f"cannot be divided as all rows are: {error} Or say which settings, and leave out tune."
        ) from error
    judge = SCORES[_JUDGE[plan.task.label_type]]
    found = []
    for part in parts:
        train, test = fold.train[part.train], fold.train[part.test]
        X, tested, names = columns.named_of_fold(train, test)
        base = base_of(plan.y[train], plan.task)
        one = []
        for settings in plan.learner.tune:
            predict, _ = plan.learner.fitted(X, plan.y[train], plan.task, settings, names)
            one.append(judge.function(plan.y[test], predict(tested), base).value)
        found.append(one)
    means = np.mean(found, axis=0) * (1 if judge.higher else -1)
    # of settings that score alike the first is taken
    return dict(plan.learner.tune[int(np.argmax(np.nan_to_num(means, nan=-np.inf)))])


INNER_DIVISIONS = 2
"""Random divisions of people by which settings are chosen: the choice is made in every fold anew."""

_JUDGE = {"binary": "log_score", "ordinal": "log_score", "nominal": "log_score", "continuous": "rmse"}
"""What settings are chosen by: a proper score."""


def predict_folds(plan: Plan, tell: Callable[[str], None], folds: Sequence[Fold]) -> list[Foretold]:
    """Every fold's predictions.

    Parameters
    ----------
    plan : Plan
    tell : callable
        Is told what is being done.
    folds : sequence of Fold
        The plan's, or others.

    Returns
    -------
    list of Foretold
    """
    held = held_of(plan)
    found = []
    for number, fold in enumerate(folds, 1):
        tell(f"Fold {number} of {len(folds)}")
        found.append(foretold(plan, fold, held))
    return found


def held_of(plan: Plan) -> list[Distinct | None]:
    """Distinct rows of each step's columns, where fitting those with weights is the same and quicker."""
    collapse = bool(plan.learner.family) and plan.task.label_type != "continuous"
    return [distinct(one.X) if collapse and one.X is not None else None for one in plan.columns]


def foretold(plan: Plan, fold: Fold, held: Sequence[Distinct | None]) -> Foretold:
    """What every step predicts for the tested rows of a fold, the base rate first."""
    base = base_of(plan.y[fold.train], plan.task)
    steps = [predicted(plan, step, fold, held[step]) for step in range(len(plan.rungs))]
    first = base_prediction(base, plan.task, len(fold.train), len(fold.test))
    predictions = (first, *(one[0] for one in steps))
    return Foretold(fold, predictions, base, tuple(one[1] for one in steps), tuple(one[2] for one in steps))


def scored(
    y: Array, found: Sequence[Foretold], scores: Sequence[Score], people: tuple[Array, Array]
) -> Scores:
    """Scores of every step within every fold, and what each row adds to their means.

    Influence values are of first order. By what leaving people out of some folds does beyond that, they are
    scaled (see :func:`honestsignals.inference.score_errors.left_out`), never down.

    Parameters
    ----------
    y : ndarray, shape (n,)
    found : sequence of Foretold
    scores : sequence of Score
    people : tuple of ndarray of int, shape (n,)
        Codes of the two people of each row.

    Returns
    -------
    Scores
    """
    shape = len(found), len(found[0].predictions), len(scores)
    each, used = np.full(shape, np.nan), np.zeros((shape[0], shape[2]), dtype=bool)
    influence, parts = np.zeros((len(y), *shape[1:])), []
    left: list[Judged] = []
    for f, one in enumerate(found):
        test = one.fold.test
        own = judged(y[test], (people[0][test], people[1][test]), one.predictions, one.base, scores)
        each[f], used[f] = own.values, own.used
        influence[test] += np.where(own.used, own.influence, 0.0)
        parts.append(own.people)
        if len(test) <= MANY_TESTED and sum(len(before.people.people) for before in left) < MOST_LEFT:
            left.append(own)
    scale = beyond_first_order(left, scores)
    sums = tuple(one._replace(sums=one.sums * scale) for one in parts)
    made = Scores(tuple(scores), each, used, influence, sums)
    mean = made.mean()
    # a score of -∞ has no influence values, nor has its mean
    with np.errstate(invalid="ignore", divide="ignore"):
        for f, one in enumerate(found):
            influence[one.fold.test] += np.where(used[f], each[f] - mean, 0.0) / len(one.fold.test)
        influence *= scale / used.sum(axis=0)
    return made


def scores_for(task: Task) -> tuple[Score, ...]:
    """Scores of a label, the one that speaks first at the front."""
    every = scores_of(task.label_type)
    first = headline(task.label_type)
    return tuple(sorted(every, key=lambda one: one.name != first))

"""Predictions of one fold judged: scores, what each row adds to them, what each person does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from honestsignals.inference.clusters import person_codes, person_sums
from honestsignals.inference.score_errors import PersonSums, left_out
from honestsignals.inference.scores import Score

Array = np.ndarray[Any, np.dtype[Any]]

MOST_LEFT, MANY_TESTED = 120, 2_000
"""People that are left out of folds in turn, about; rows of a fold beyond which one person weighs little."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Scores of one fold.

    Attributes
    ----------
    y : ndarray, shape (n,)
    ego, alter : ndarray of int, shape (n,)
    predictions : sequence of ndarray
        Of each step, the base rate first.
    base : ndarray or float
    values : ndarray, shape (S, K)
    influence : ndarray, shape (n, S, K)
    used : ndarray of bool, shape (K,)
        Whether a score is defined for every step but the base rate.
    people : PersonSums
        Of shape (p, S, K); NaN where a score is not used.
    """

    y: Array
    ego: Array
    alter: Array
    predictions: Sequence[Array]
    base: Any
    values: Array
    influence: Array
    used: Array
    people: PersonSums


def judged(
    y: Array, people: tuple[Array, Array], predictions: Sequence[Array], base: Any, scores: Sequence[Score]
) -> Judged:
    """Judge every step by every score.

    Parameters
    ----------
    y : ndarray, shape (n,)
    people : tuple of ndarray of int, shape (n,)
        The two people of each tested row.
    predictions : sequence of ndarray
        Of each step, the base rate first.
    base : ndarray or float
        Base rate, shares of levels, or mean in the training rows.
    scores : sequence of Score

    Returns
    -------
    Judged

    Examples
    --------
    >>> from honestsignals.inference.scores import scores_of
    >>> ego, alter = np.triu_indices(4, 1)
    >>> y, p = np.array([0, 1, 0, 1, 1, 0.0]), np.array([0.2, 0.6, 0.7, 0.8, 0.9, 0.1])
    >>> judged(y, (ego, alter), [np.full(6, 0.5), p], 0.5, scores_of("binary")[:1]).values.round(3).tolist()
    [[0.5], [0.889]]
    """
    found = [[score.function(y, one, base) for score in scores] for one in predictions]
    values = np.array([[part.value for part in parts] for parts in found])
    own = np.stack([np.stack([part.influence for part in parts], axis=1) for parts in found], axis=1)
    # a step that predicts one number for all has no slope of calibration; that is the base rate's
    used = ~np.isnan(values[1:]).any(axis=0)
    ego, alter, n_people = person_codes(*people)
    total = person_sums(ego, alter, own.reshape(len(y), -1), n_people).reshape(n_people, *values.shape)
    sums = PersonSums(np.unique(np.concatenate(people)), np.where(used, total, np.nan))
    return Judged(y, *people, predictions, base, values, own, used, sums)


def beyond_first_order(folds: Sequence[Judged], scores: Sequence[Score]) -> Array:
    """By how much influence values fall short of leaving people out, the same for every step; never below 1.

    Parameters
    ----------
    folds : sequence of Judged
        From which people are left out in turn.
    scores : sequence of Score
        Those in which one cannot gain are left as they are.

    Returns
    -------
    ndarray, shape (K,)
        1 where there is nothing to learn it from.

    Examples
    --------
    >>> beyond_first_order([], [])
    array([], dtype=float64)
    """
    products, squares = np.zeros((2, len(scores)))
    for one in folds:
        for k, score in enumerate(scores):
            if score.gain and one.used[k] and np.isfinite(one.influence[:, 1:, k]).all():
                both = left_out(one.ego, one.alter, one.influence[:, 1:, k], _Again(one, score, k))
                products[k] += both[0].sum()
                squares[k] += both[1].sum()
    return np.maximum(np.divide(products, squares, out=np.ones(len(scores)), where=squares > 0), 1.0)


@dataclass(frozen=True, eq=False)
class _Again:
    """A score of the steps over the base rate, taken again from some of the rows."""

    of: Judged
    score: Score
    k: int

    def __call__(self, keep: Array) -> Array:
        """How much each step's score changes, (S - 1,)."""
        judge, y, base = self.score.function, self.of.y[keep], self.of.base
        found = [judge(y, one[keep], base).value for one in self.of.predictions[1:]]
        return np.array(found) - self.of.values[1:, self.k]

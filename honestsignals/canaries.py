"""Canaries: what a model that knows nothing but who people are seems to foretell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.linalg import solve

from honestsignals.dyads import DyadTable
from honestsignals.evaluation_plan import Plan, folds_of
from honestsignals.fold_scores import Foretold, base_of, base_prediction, scored
from honestsignals.inference.clusters import pair_codes
from honestsignals.inference.folds import Fold
from honestsignals.inference.score_errors import spread
from honestsignals.inference.scores import SCORES
from honestsignals.rungs import BASE
from honestsignals.splitters import PairFolds

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

MOST_FOLDS, MANY_ROWS = 6, 20_000
"""Folds that a canary flies through where rows are many (elsewhere four times as many): its fits have a
column a person."""

JUDGED_BY = {"binary": "auc", "nominal": "log_score", "ordinal": "somers_d", "continuous": "somers_d"}
MANY_COLUMNS = 2_000
"""Up to so many, a regression is solved at once."""
WHO = "who they are"
"""Name of the model of dummies for people alone; beside the first step it goes by both names."""
RANDOM = "random pairs"
RANDOM_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Canaries:
    """What dummies of people seem to add, in the folds asked for and on random pairs.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row for folds and model: folds, model, score, value, gain, gain_low, gain_high.
    score : str
        Name of the score.
    step : str
        The first step of the ladder, which dummies are put beside.
    lifted : bool
        Whether dummies lift the score in the folds asked for, the interval wholly above 0.
    strangers : bool
        Whether nobody who is tested in the folds asked for was in training.
    flown : tuple of int
        In how many of the folds asked for, and how many these are.
    """

    frame: pd.DataFrame
    score: str
    step: str
    lifted: bool
    strangers: bool
    flown: tuple[int, int]

    def sentence(self) -> str:
        """What the canary says, in a sentence."""
        parts = []
        for folds, rows in self.frame.groupby("folds", sort=False):
            before, beside = rows["value"].iloc[1], rows["value"].iloc[2]
            where = "in these folds" + (", where they know nobody," if self.strangers else "")
            if folds == RANDOM:
                where = "on random pairs"
            if np.isfinite(before + beside):
                low, high = rows["gain_low"].iloc[2], rows["gain_high"].iloc[2]
                ends = f" [{low:+.3f}, {high:+.3f}]" if np.isfinite(low + high) else ""
                gain = f"{rows['gain'].iloc[2]:+.3f}{ends}"
                parts.append(f"from {before:.3f} to {beside:.3f} ({gain}) {where}")
        if not parts:
            return f"Canary: undefined, {SCORES[self.score].undefined}."
        some, every = self.flown
        first = f" and the first {some} of {every} folds" if some < every else ""
        return (
            f"Canary: dummies for people beside {self.step}, in a ridge regression of the same columns (not "
            f"the model above{first}), move the {SCORES[self.score].title} "
            f"{' and '.join(parts).rstrip(',')}."
        )


def canaries(plan: Plan, tell: Callable[[str], None]) -> Canaries:
    """Fly person dummies through the folds asked for, and through random pairs.

    On people never seen dummies know nothing, so the first step with dummies must fall back to about the
    first step without. What they add on random pairs is what any model there may seem to foretell by knowing
    who people are.

    Parameters
    ----------
    plan : Plan
    tell : callable
        Is told what is being done.

    Returns
    -------
    Canaries
    """
    import pandas as pd

    name, first = JUDGED_BY[plan.task.label_type], plan.rungs[0].name
    models = (BASE, first, f"{first} and {WHO}", WHO)
    asked = plan.folds[: MOST_FOLDS if len(plan.y) > MANY_ROWS else 4 * MOST_FOLDS]
    groups: list[tuple[str, Sequence[Fold]]] = [("as asked for", asked)]
    if not isinstance(plan.splitter, PairFolds):
        groups.append((RANDOM, _random(plan)))
    rows, lifted = [], False
    for where, folds in groups:
        tell(f"Canary: {where}")
        value, gain, margin = _judged(plan, folds, name)
        lifted |= bool(where != RANDOM and gain - margin > 0)
        for place, model in enumerate(models):
            row = {"folds": where, "model": model, "score": name, "value": value[place]}
            beside = {"gain": gain, "gain_low": gain - margin, "gain_high": gain + margin}
            rows.append(row | (beside if place == 2 else dict.fromkeys(beside, np.nan)))
    flown = len(asked), len(plan.folds)
    return Canaries(pd.DataFrame(rows), name, first, lifted, not _known(plan, asked), flown)


def _random(plan: Plan) -> Sequence[Fold]:
    """Random pairs, in five folds or as many as there are pairs."""
    ego, alter, _ = plan.people
    pairs = int(pair_codes(ego, alter).max()) + 1
    return folds_of(PairFolds(min(RANDOM_FOLDS, pairs), seed=plan.seed), plan.table, plan.y)


def _known(plan: Plan, folds: Sequence[Fold]) -> bool:
    """Whether somebody who is tested was in training."""
    ego, alter, n_people = plan.people
    for fold in folds:
        trained = np.zeros(n_people, dtype=bool)
        trained[ego[fold.train]] = trained[alter[fold.train]] = True
        if trained[ego[fold.test]].any() or trained[alter[fold.test]].any():
            return True
    return False


def _judged(plan: Plan, folds: Sequence[Fold], name: str) -> tuple[Array, float, float]:
    """Scores of the models, what dummies add to the first step, and half the width of its interval."""
    ego, alter, _ = plan.people
    made = scored(plan.y, [_flown(plan, fold) for fold in folds], [SCORES[name]], plan.people[:2])
    value = made.mean()[:, 0]
    change = made.influence[:, 2, :] - made.influence[:, 1, :]
    there = np.zeros(len(plan.y), dtype=bool)
    for fold in folds:
        there[fold.test] = True
    margin = spread(change[there], ego[there], alter[there]).margin()[0]
    return value, float(value[2] - value[1]), float(margin)


def _flown(plan: Plan, fold: Fold) -> Foretold:
    """Predictions of the base rate, the first step, the same beside dummies, and dummies alone."""
    train, test = plan.columns[0].of_fold(fold.train, fold.test)
    middle, scale = train.mean(axis=0), train.std(axis=0)
    # a column that is the same everywhere, but for rounding, whatever its unit
    scale[scale <= 1e-10 * np.abs(train).max(axis=0, initial=0.0)] = np.inf
    both = (train - middle) / scale, (test - middle) / scale
    dummies = _dummies(plan, fold.train), _dummies(plan, fold.test)
    base = base_of(plan.y[fold.train], plan.task)
    parts: list[tuple[Any, Any]] = [
        both,
        (
            sparse.hstack([both[0], dummies[0]], format="csr"),
            sparse.hstack([both[1], dummies[1]], format="csr"),
        ),
        dummies,
    ]
    y = plan.y[fold.train]
    found = [_foreseen(learnt, asked, y, plan) for learnt, asked in parts]
    first = base_prediction(base, plan.task, len(fold.train), len(fold.test))
    if plan.task.label_type == "ordinal":
        first = first @ np.arange(plan.task.n_levels)
    return Foretold(fold, (first, *found), base, (False,) * 3, ({},) * 3)


def _dummies(plan: Plan, rows: Array) -> Any:
    """A column for everybody, one where rows have no direction, else one as ego and one as alter."""
    ego, alter, n_people = plan.people
    directed = plan.table.directed if isinstance(plan.table, DyadTable) else True
    column = np.concatenate([ego[rows], alter[rows] + (n_people if directed else 0)])
    row = np.tile(np.arange(len(rows)), 2)
    shape = (len(rows), n_people * (2 if directed else 1))
    return sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape)


def _foreseen(train: Any, test: Any, y: Array, plan: Plan) -> Array:
    """What a ridge regression predicts; a logistic one of levels without order."""
    if not train.shape[1]:
        first = base_prediction(base_of(y, plan.task), plan.task, len(y), test.shape[0])
        return first @ np.arange(plan.task.n_levels) if plan.task.label_type == "ordinal" else first
    return _levels(train, test, y, plan) if plan.task.label_type == "nominal" else _ridge(train, test, y)


def _ridge(train: Any, test: Any, y: Array) -> Array:
    r"""Ridge regression with a free intercept, by its normal equations.

    .. math:: \hat\beta = (X_c' X_c + I)^{-1} X_c' (y - \bar y)

    with columns less their means; by conjugate gradients where people are many.
    """
    middle, right = np.asarray(train.mean(axis=0)).ravel(), train.T @ (y - y.mean())
    if len(middle) > MANY_COLUMNS:
        slopes = _searched(train, middle, right)
    else:
        square: Any = train.T @ train
        whole = square.toarray() if sparse.issparse(train) else square
        left = whole - len(y) * np.outer(middle, middle) + np.eye(len(middle))
        slopes = solve(left, right, assume_a="pos")
    return np.asarray(y.mean() + test @ slopes - middle @ slopes)


def _searched(train: Any, middle: Array, right: Array) -> Array:
    """The slopes of a ridge regression that has a column for each of many people."""
    from scipy.sparse.linalg import LinearOperator, cg

    turned = train.T

    def left(slopes: Array) -> Array:
        return np.asarray(turned @ (train @ slopes) - train.shape[0] * (middle @ slopes) * middle + slopes)

    k = len(middle)
    return np.asarray(cg(LinearOperator((k, k), matvec=left), right, rtol=1e-10)[0])


def _levels(train: Any, test: Any, y: Array, plan: Plan) -> Array:
    """Probabilities of levels without order; one that no training row had is next to impossible."""
    classes = np.unique(y)
    if len(classes) < 2:
        return base_prediction(base_of(y, plan.task), plan.task, len(y), test.shape[0])
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1.0, max_iter=1_000, tol=1e-6).fit(train, y.astype(int))
    whole = np.full((test.shape[0], plan.task.n_levels), 1e-9)
    whole[:, classes.astype(int)] = fitted.predict_proba(test)
    return whole / whole.sum(axis=1, keepdims=True)

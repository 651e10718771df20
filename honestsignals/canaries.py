"""Canaries: what a model that knows nothing but who people are seems to foretell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from honestsignals.dyads import DyadTable
from honestsignals.evaluation_plan import Plan, folds_of
from honestsignals.fold_scores import Foretold, base_of, base_prediction, scored
from honestsignals.inference.folds import Fold
from honestsignals.inference.score_errors import spread
from honestsignals.inference.scores import SCORES
from honestsignals.splitters import PairFolds

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

MOST_FOLDS, MANY_ROWS = 6, 20_000
"""Folds that a canary flies through where rows are many (elsewhere four times as many): its fits have a
column a person."""

JUDGED_BY = {"binary": "auc", "nominal": "log_score", "ordinal": "somers_d", "continuous": "somers_d"}
MODELS = ("base rate", "volume", "volume and who they are", "who they are")


@dataclass(frozen=True, eq=False)
class Canaries:
    """What dummies of people seem to add, in the folds asked for and on random pairs.

    Attributes
    ----------
    frame : pandas.DataFrame
        A row for folds and model: folds, model, score, value, gain, gain_low, gain_high.
    score : str
        Name of the score.
    lifted : bool
        Whether dummies lift the score in the folds asked for, the interval wholly above 0.
    """

    frame: pd.DataFrame
    score: str
    lifted: bool

    def sentence(self) -> str:
        """What the canary says, in a sentence."""
        rows = {(row.folds, row.model): row for row in self.frame.itertuples()}
        here, random = self.frame["folds"].unique()[0], "random pairs"
        title = SCORES[self.score].title
        parts = []
        for folds in (here, random):
            if (folds, MODELS[2]) in rows:
                row, before = rows[folds, MODELS[2]], rows[folds, MODELS[1]].value
                words = "on random pairs" if folds == random else "in these folds"
                parts.append(f"{before:.3f} to {row.value:.3f} {words} ({row.gain:+.3f})")
        return (
            f"Canary: dummies for people move the {title} of the first step from {' and from '.join(parts)}."
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

    name = JUDGED_BY[plan.task.label_type]
    groups = [("as asked for", plan.folds[: MOST_FOLDS if len(plan.y) > MANY_ROWS else 4 * MOST_FOLDS])]
    if not isinstance(plan.splitter, PairFolds):
        groups.append(("random pairs", folds_of(PairFolds(seed=plan.seed), plan.table, plan.y)))
    rows, lifted = [], False
    for where, folds in groups:
        tell(f"Canary: {where}")
        found = [_flown(plan, fold) for fold in folds]
        made = scored(plan.y, found, [SCORES[name]])
        value = made.mean()[:, 0]
        change = made.influence[:, 2, :] - made.influence[:, 1, :]
        ego, alter, _ = plan.people
        there = np.isin(np.arange(len(plan.y)), np.concatenate([fold.test for fold in folds]))
        error = spread(change[there], ego[there], alter[there])
        gain, margin = value[2] - value[1], error.margin()[0]
        lifted |= bool(where == "as asked for" and gain - margin > 0)
        for place, model in enumerate(MODELS):
            row = {"folds": where, "model": model, "score": name, "value": value[place]}
            beside = {"gain": gain, "gain_low": gain - margin, "gain_high": gain + margin}
            rows.append(row | (beside if place == 2 else dict.fromkeys(beside, np.nan)))
    return Canaries(pd.DataFrame(rows), name, lifted)


def _flown(plan: Plan, fold: Fold) -> Foretold:
    """Predictions of the base rate, the first step, the same beside dummies, and dummies alone."""
    train, test = plan.columns[0].of_fold(fold.train, fold.test)
    middle, scale = train.mean(axis=0), train.std(axis=0)
    scale[scale <= 1e-10 * np.maximum(np.abs(middle), 1.0)] = np.inf
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
    found = [_ridge(learnt, asked, y, plan) for learnt, asked in parts]
    first = base_prediction(base, len(fold.test))
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


def _ridge(train: Any, test: Any, y: Array, plan: Plan) -> Array:
    """Ridge regression, of penalty 1 on every coefficient; logistic where the label is of classes."""
    kind = plan.task.label_type
    if kind in ("ordinal", "continuous"):
        from sklearn.linear_model import Ridge

        solver = "sparse_cg" if sparse.issparse(train) else "cholesky"
        return np.asarray(Ridge(alpha=1.0, solver=solver, tol=1e-8).fit(train, y).predict(test), dtype=float)
    classes = np.unique(y)
    if len(classes) < 2:
        return base_prediction(base_of(y, plan.task), test.shape[0])
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1.0, max_iter=1_000, tol=1e-3).fit(train, y.astype(int))
    found = fitted.predict_proba(test)
    if kind == "binary":
        return np.asarray(found[:, 1])
    whole = np.full((test.shape[0], plan.task.n_levels), 1e-9)
    whole[:, classes.astype(int)] = found
    return whole / whole.sum(axis=1, keepdims=True)

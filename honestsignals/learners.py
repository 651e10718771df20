"""What learns from some pairs and predicts others: regressions, and estimators of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, FitError, listed, unknown
from honestsignals.inference.families import FAMILIES
from honestsignals.inference.learning import learn

Array = np.ndarray[Any, np.dtype[Any]]

OF_TYPE = {
    "binary": "logit",
    "ordinal": "ordered_logit",
    "nominal": "multinomial",
    "continuous": "gaussian",
}
"""What learns where nothing else is asked for."""
SUITS = {
    "binary": ("logit", "probit"),
    "ordinal": ("ordered_logit", "ordered_probit", "multinomial"),
    "nominal": ("multinomial",),
    "continuous": ("gaussian", "poisson"),
}
BOOSTING = "boosting"
"""Name of the standard second opinion: histogram gradient boosting, with scikit-learn's defaults."""


@dataclass(frozen=True, eq=False)
class Task:
    """What is predicted.

    Attributes
    ----------
    label_type : str
        "binary", "ordinal", "nominal" or "continuous".
    n_levels : int
        Levels of an ordinal or nominal label.
    """

    label_type: str
    n_levels: int

    @property
    def levels(self) -> bool:
        """Whether predictions are probabilities of levels, one column each."""
        return self.label_type in ("ordinal", "nominal")


@dataclass(frozen=True, eq=False)
class Learner:
    """What learns.

    Attributes
    ----------
    words : str
        What it is, in a sentence.
    family : str
        A regression; "" for an estimator of scikit-learn.
    estimator : object
        Of scikit-learn, as it was given; it is cloned for each fold.
    tune : tuple of mappings
        Settings to choose from within each training set; one empty mapping where there is no choice.
    """

    words: str
    family: str = ""
    estimator: Any = None
    tune: tuple[Mapping[str, Any], ...] = field(default=({},))

    def fitted(
        self, X: Array, y: Array, task: Task, settings: Mapping[str, Any], names: Sequence[str] = ()
    ) -> tuple[Callable[[Array], Array], bool]:
        """A function from columns to predictions, and whether the label was separated.

        Parameters
        ----------
        X : ndarray, shape (n, k)
            Columns of the training rows, without an intercept.
        y : ndarray, shape (n,)
        task : Task
        settings : mapping
            Of the estimator.
        names : sequence of str
            Of the columns: an estimator is given a frame with these, or an array if it can take none.

        Returns
        -------
        predict : callable
        far : bool
        """
        if self.family:
            learnt = learn(X, y, self.family, task.n_levels)
            return learnt.predict, learnt.far
        from sklearn.base import clone

        estimator = clone(self.estimator).set_params(**settings)
        classes = np.unique(y)
        if task.label_type != "continuous" and len(classes) < 2:
            return _alone(int(classes[0]), task, len(y)), False
        form = _fit(estimator, X, y if task.label_type == "continuous" else y.astype(int), names)

        def predict(rows: Array) -> Array:
            return _predicted(estimator, form(rows), task, len(y))

        return predict, False


def _fit(estimator: Any, X: Array, y: Array, names: Sequence[str]) -> Callable[[Array], Any]:
    """Fit an estimator to training rows, or say why it cannot be; and the form in which it takes rows."""
    import pandas as pd

    def frame(rows: Array) -> Any:
        return pd.DataFrame(rows, columns=list(names))

    if len(names) != X.shape[1]:
        _learn(estimator, X, y)
        return np.asarray
    try:
        _learn(estimator, frame(X), y)
    except FitError as first:
        # estimators of other libraries may refuse frames, or names with brackets
        try:
            _learn(estimator, X, y)
        except FitError:
            raise first from first.__cause__
        return np.asarray
    return frame


def _learn(estimator: Any, rows: Any, y: Array) -> None:
    try:
        with _one_thread():
            estimator.fit(rows, y)
    except Exception as error:
        raise FitError(
            f"{_named(estimator)} could not be fitted to the {len(y):,} training rows of a fold: {error}"
        ) from error
    if hasattr(estimator, "predict_proba") and not hasattr(estimator, "classes_"):
        raise FitError(f"{_named(estimator)} has no classes_ after fit, so its probabilities have no names.")


def _predicted(estimator: Any, rows: Any, task: Task, n: int) -> Array:
    """What an estimator that was fitted to n rows predicts; a level that none of them had has its share."""
    several = 1 if task.label_type == "continuous" else len(getattr(estimator, "classes_", ()))
    try:
        with _one_thread():
            told = estimator.predict(rows) if several == 1 else estimator.predict_proba(rows)
        found = np.asarray(told, dtype=float).reshape(len(rows), several)
    except Exception as error:
        raise FitError(f"{_named(estimator)} could not predict {len(rows):,} tested rows: {error}") from error
    if not np.isfinite(found).all():
        wrong = found[~np.isfinite(found)][0]
        raise FitError(f"{_named(estimator)} predicts {wrong} for a tested row; predictions must be finite.")
    if not task.levels:
        return found[:, 0] if several == 1 else found[:, list(estimator.classes_).index(1)]
    if several == task.n_levels:
        return found
    whole = np.full((len(rows), task.n_levels), 1.0 / task.n_levels / (n + 1.0))
    whole[:, np.asarray(estimator.classes_, dtype=int)] += found * n / (n + 1.0)
    return whole


def _one_thread() -> Any:
    """Loops of compiled code on one thread: of many small fits, most time goes to threads that wait."""
    return _pools().limit(limits=1, user_api="openmp")


@cache
def _pools() -> Any:
    """The threads of what is loaded when something first learns: looking for them takes longer than a fit."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _alone(only: int, task: Task, n: int) -> Callable[[Array], Array]:
    """Predicts what every training row had, all but one half of a row."""

    def predict(rows: Array) -> Array:
        if not task.levels:
            return np.full(len(rows), (n * only + 0.5) / (n + 1.0))
        whole = np.full((len(rows), task.n_levels), 1.0 / task.n_levels / (n + 1.0))
        whole[:, only] += n / (n + 1.0)
        return whole

    return predict


def learner(model: Any, tune: Any, task: Task, seed: int) -> Learner:
    """What was asked to learn.

    Parameters
    ----------
    model : str, estimator or None
        A family of regressions, "boosting", or an estimator or pipeline of scikit-learn.
    tune : mapping, sequence of mappings or None
        Settings of the estimator, each with the values to choose from.
    task : Task
    seed : int
        Of "boosting".

    Returns
    -------
    Learner

    Raises
    ------
    ArgumentError
        For a model that does not suit the label, an estimator without probabilities, settings it lacks.

    Examples
    --------
    >>> learner(None, None, Task("binary", 2), 0).words
    'logit'
    >>> learner("boost", None, Task("binary", 2), 0)
    Traceback (most recent call last):
    honestsignals.errors.UnknownNameError: Unknown model 'boost'. Did you mean 'boosting'?
    """
    if model is None:
        model = OF_TYPE[task.label_type]
    if isinstance(model, str) and model != BOOSTING:
        if model not in FAMILIES:
            raise unknown("model", model, [*SUITS[task.label_type], BOOSTING])
        if model not in SUITS[task.label_type]:
            suits = ", ".join([*SUITS[task.label_type], BOOSTING])
            raise ArgumentError(
                f"{model!r} does not suit {_a(task.label_type)} label; take {suits}, or an estimator of "
                "scikit-learn."
            )
        if tune:
            raise ArgumentError(f"{model!r} has nothing to tune; give an estimator of scikit-learn.")
        return Learner(f"{FAMILIES[model].title}", family=model)
    estimator = _boosting(task, seed) if isinstance(model, str) else model
    _check_estimator(estimator, task)
    estimator = _seeded(estimator, seed)
    grid = _grid(estimator, tune)
    chosen = f", settings chosen among {len(grid)} within each training set" if len(grid) > 1 else ""
    return Learner(f"{_named(estimator)}{chosen}", estimator=estimator, tune=grid)


def _boosting(task: Task, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if task.label_type == "continuous":
        return HistGradientBoostingRegressor(random_state=seed)
    return HistGradientBoostingClassifier(random_state=seed)


def _seeded(estimator: Any, seed: int) -> Any:
    """A copy whose draws are the seed's where it does not say what they are; the one given stays as it is."""
    from sklearn.base import clone

    copy = clone(estimator)
    free = [
        name
        for name, value in copy.get_params(deep=True).items()
        if name.rpartition("__")[2] == "random_state" and value is None
    ]
    return copy.set_params(**dict.fromkeys(free, seed))


def _named(estimator: Any) -> str:
    """Name of an estimator; of a pipeline the names of its steps."""
    steps = getattr(estimator, "steps", None)
    if steps:
        return " → ".join(type(step).__name__ for _, step in steps)
    return type(estimator).__name__


def _check_estimator(estimator: Any, task: Task) -> None:
    if isinstance(estimator, type) or not all(
        hasattr(estimator, name) for name in ("fit", "get_params", "set_params")
    ):
        raise ArgumentError(
            f"model is {estimator!r}; it must be one of {listed([*SUITS[task.label_type], BOOSTING])}, or an "
            "estimator of scikit-learn, as LogisticRegression()."
        )
    wanted = "regressor" if task.label_type == "continuous" else "classifier"
    kind = estimator.__sklearn_tags__().estimator_type if hasattr(estimator, "__sklearn_tags__") else None
    if wanted == "regressor" and hasattr(estimator, "predict_proba"):
        kind = "classifier"
    if kind not in (None, wanted):
        raise ArgumentError(
            f"{_named(estimator)} is {_a(kind.replace('_', ' '))}; {_a(task.label_type)} label needs a "
            f"{wanted}."
        )
    needs = "predict" if wanted == "regressor" else "predict_proba"
    if not hasattr(estimator, needs):
        raise ArgumentError(
            f"{_named(estimator)} has no {needs}; scores of {_a(task.label_type)} label need "
            + ("predictions." if needs == "predict" else "probabilities. CalibratedClassifierCV adds them.")
        )


def _a(word: str) -> str:
    """A word with its article."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _grid(estimator: Any, tune: Any) -> tuple[Mapping[str, Any], ...]:
    """All settings that are tried."""
    if not tune:
        return ({},)
    from sklearn.model_selection import ParameterGrid

    parts = [tune] if isinstance(tune, Mapping) else tune
    if not isinstance(parts, Sequence) or not all(isinstance(part, Mapping) for part in parts):
        raise ArgumentError(f"tune is {tune!r}; it must map settings to the values to choose from.")
    there = sorted(estimator.get_params())
    for part in parts:
        for name, values in part.items():
            if name not in there:
                raise unknown(f"setting of {_named(estimator)}", str(name), there)
            if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray) or not len(values):
                raise ArgumentError(f"tune[{name!r}] is {values!r}; it must be a list of values.")
    return tuple(ParameterGrid(list(parts)))


def task_of(label_type: str, levels: Sequence[str]) -> Task:
    """What is predicted, from the type of the label.

    >>> task_of("binary", ()).n_levels
    2
    """
    if label_type in ("ordinal", "nominal") and len(levels) < 2:
        raise DesignError("The label has fewer than two levels: there is nothing to predict.")
    return Task(label_type, len(levels) if levels else 2)

"""Columns of a step of a ladder: made once where rows stand alone, within each fold where they do not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.decomposing import taken_whole, written_out
from honestsignals.dyads import DyadTable
from honestsignals.errors import DesignError, FitError, HonestSignalsError, listed
from honestsignals.formula_calls import hanging_on_others
from honestsignals.formula_words import (
    OF_ALL_ROWS,
    QUOTED,
    expressions_of,
    right_side,
    tree_of,
    words_of,
)
from honestsignals.formulas import Model, design
from honestsignals.metrics.registry import entries
from honestsignals.metrics.shrinkage import beta_prior

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

OF_ROWS = re.compile(r"(?<![\w.])(" + "|".join(sorted({*OF_ALL_ROWS, "decompose"})) + r")\s*\(")
"""Functions whose value in one row hangs on the others."""

METHOD = re.compile(r"[\w)\]`]\s*\.\s*[^\W\d]")
"""A function of numpy, or of the column itself: it may hang on all rows, as a mean does, or on its own."""


@dataclass(frozen=True, eq=False)
class StepColumns:
    """How the columns of one step come about.

    Attributes
    ----------
    formula : str
    names : tuple of str
        Of the columns, without an intercept.
    X : ndarray, shape (n, k), or None
        The columns of all rows; None where they are made within each fold.
    used : tuple of str
        Columns of the table that they read.
    table : DyadTable or pandas.DataFrame
        The rows, with the columns that are needed to make these.
    """

    formula: str
    names: tuple[str, ...]
    X: Array | None
    used: tuple[str, ...]
    table: DyadTable | pd.DataFrame

    def of_fold(self, train: Array, test: Array) -> tuple[Array, Array]:
        """Columns of the training rows and of the tested rows: nothing of the latter is in the former.

        Parameters
        ----------
        train, test : ndarray of int
            Places of rows.

        Returns
        -------
        tuple of ndarray, shapes (n_train, k) and (n_test, k)

        Raises
        ------
        FitError
            Where the fold's columns cannot be made.
        """
        return self.named_of_fold(train, test)[:2]

    def named_of_fold(self, train: Array, test: Array) -> tuple[Array, Array, tuple[str, ...]]:
        """Columns of the training rows, of the tested rows, and their names, as ``of_fold`` makes them."""
        if self.X is not None:
            return self.X[train], self.X[test], self.names
        both = with_priors(self.table, self.used, train)
        try:
            formula, learnt = written_out(self.formula, taken(both, train))
            model = design(formula, learnt)
            asked = written_out(self.formula, taken(both, test))[1]
            source = asked.frame if isinstance(asked, DyadTable) else asked
            found = model.columns_of(source[list(model.source.columns)])
        except HonestSignalsError as error:
            raise FitError(
                f"Within a fold, {self.formula!r} has no columns: {error}{_hint(error)}"
            ) from error
        if len(model.rows) < len(train):
            raise FitError(f"Within a fold, {self.formula!r} is undefined in some training rows.")
        own = _own(model)
        return model.X[:, own], found[:, own], tuple(model.names[place] for place in own)


def step_columns(formula: str, table: DyadTable | pd.DataFrame) -> tuple[StepColumns, Model]:
    """The columns of a step, and the design that says which rows it can use.

    Parameters
    ----------
    formula : str
        "label ~ terms".
    table : DyadTable or pandas.DataFrame

    Returns
    -------
    columns : StepColumns
        Of the design's rows.
    model : Model

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ego": list("aab"), "alter": list("bcc"), "x": [1.0, 2.0, 4.0], "y": [0, 1, 1]})
    >>> step_columns("y ~ log1p(x)", frame)[0].names, step_columns("y ~ scale(x)", frame)[0].X is None
    (('log1p(x)',), True)
    """
    frame = table.frame if isinstance(table, DyadTable) else table
    plain = taken_whole(formula)
    right = plain.partition("~")[2]
    used = tuple(sorted(right_side(right, [str(name) for name in frame.columns])[0]))
    model = design(plain, table)
    _refuse_of_others(plain, model)
    within = bool(OF_ROWS.search(formula.partition("~")[2])) or bool(_whole(table, used))
    names = tuple(model.names[place] for place in _own(model))
    X = None if within else np.ascontiguousarray(model.X[:, _own(model)])
    return StepColumns(formula, names, X, used, taken(_narrow(table, plain, used), model.rows)), model


def _refuse_of_others(formula: str, model: Model) -> None:
    """Refuse terms whose value in one row hangs on the other rows, in a way that no fold could learn.

    Functions are known by name. What is a function of numpy or of the column is tried as well: made of
    either half of the rows alone, in another order, each row must be what it was among all of them.
    """
    for factor in expressions_of(formula.partition("~")[2]):
        part = hanging_on_others(tree_of(factor)[0], model.source.columns)
        if part:
            raise _of_others(f"{factor!r} in one row hangs on the other rows, by {part!r}")
    if not METHOD.search(QUOTED.sub("", formula)):
        return
    dealt = np.random.default_rng(0).permutation(len(model.rows))
    for some in np.array_split(dealt, 2) if len(dealt) > 1 else ():
        try:
            alone = model.columns_of(model.source.iloc[some])
        except HonestSignalsError as error:
            raise DesignError(f"{formula!r} cannot be made of some of its rows alone: {error}") from error
        wrong = np.flatnonzero(~np.isclose(alone, model.X[some], rtol=1e-9, atol=1e-12).all(axis=0))
        if wrong.size:
            raise _of_others(f"{model.names[wrong[0]]!r} in one row hangs on the other rows")


def _of_others(what: str) -> DesignError:
    return DesignError(
        f"{what}, as a mean over all does: tested rows would be in the training. Take center(), scale(), "
        "poly() or bs(), which each fold learns; or make the column in the table, if each row's value is its "
        "own."
    )


def _hint(error: HonestSignalsError) -> str:
    """What to do about a spline that is asked about more than its training rows had."""
    if "cannot be computed of these values" not in str(error):
        return ""
    return " A spline that holds its ends is bs(x, df=4, extrapolation='clip')."


def _narrow(table: DyadTable | pd.DataFrame, formula: str, used: tuple[str, ...]) -> DyadTable | pd.DataFrame:
    """A table with the columns that a step is made of, and no more: each fold takes rows of it."""
    frame = table.frame if isinstance(table, DyadTable) else table
    left = formula.partition("~")[0].strip()
    names = {"ego", "alter", *used, *((left,) if left in frame.columns else words_of(left).names)}
    for name in _whole(table, used):
        names |= set(_acts(name))
    narrow = frame[[name for name in frame.columns if name in names]]
    return replace(table, frame=narrow) if isinstance(table, DyadTable) else narrow


def _own(model: Model) -> list[int]:
    """Columns but for the intercept, which every learner has of its own."""
    return [place for place, name in enumerate(model.names) if name != "Intercept"]


def taken(table: DyadTable | pd.DataFrame, rows: Array) -> DyadTable | pd.DataFrame:
    """A table with some of its rows, in their order; itself where these are all.

    >>> import pandas as pd
    >>> taken(pd.DataFrame({"x": [1, 2, 3]}), np.array([0, 2]))["x"].tolist()
    [1, 3]
    """
    frame = table.frame if isinstance(table, DyadTable) else table
    if len(rows) == len(frame) and np.array_equal(rows, np.arange(len(frame))):
        return table
    some = frame.iloc[rows]
    return replace(table, frame=some) if isinstance(table, DyadTable) else some


def _acts(name: str) -> tuple[str, str]:
    """Columns of the acts that a shrunk share is made of."""
    _, _, kind = name.partition("__")
    tail = f"__{kind}" if kind else ""
    return f"acts_ego{tail}", f"acts_alter{tail}"


def _whole(table: DyadTable | pd.DataFrame, used: tuple[str, ...]) -> list[str]:
    """Columns that rest on all rows of the table: those that are shrunk towards what is usual in it."""
    if not isinstance(table, DyadTable):
        return []
    return [fact.name for fact in table.about if fact.name in used and fact.whole]


def with_priors(
    table: DyadTable | pd.DataFrame, used: tuple[str, ...], train: Array
) -> DyadTable | pd.DataFrame:
    """A table whose shrunk columns have a prior that was fitted to the training rows alone.

    Parameters
    ----------
    table : DyadTable or pandas.DataFrame
    used : tuple of str
        Columns that matter.
    train : ndarray of int

    Returns
    -------
    DyadTable or pandas.DataFrame

    Raises
    ------
    FitError
        Where the table lacks the acts that the shares were made of.
    """
    whole = _whole(table, used)
    if not whole or not isinstance(table, DyadTable):
        return table
    made = {}
    for name in whole:
        sides = _acts(name)
        lacks = [side for side in sides if side not in table.frame.columns]
        entry = entries().get(name.partition("__")[0])
        if lacks or entry is None:
            raise FitError(
                f"{name!r} is shrunk towards what is usual in the table, so each fold makes it anew; "
                f"that needs {listed(lacks)}, and the table was made without."
            )
        acts = [table.frame[side].to_numpy() for side in sides]
        prior = beta_prior(acts[0][train], acts[1][train], table.directed)
        made[name] = entry.function(*acts, *(np.full(len(table), one) for one in prior))
    return replace(table, frame=table.frame.assign(**made))

"""Columns of a step of a ladder: made once where rows stand alone, within each fold where they do not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.decomposing import taken_whole, written_out
from honestsignals.dyads import DyadTable
from honestsignals.errors import FitError, HonestSignalsError, listed
from honestsignals.formula_words import OF_ALL_ROWS, right_side
from honestsignals.formulas import Model, design
from honestsignals.metrics.registry import entries
from honestsignals.metrics.shrinkage import beta_prior

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

OF_ROWS = re.compile(r"(?<![\w.])(" + "|".join(sorted({*OF_ALL_ROWS, "decompose"})) + r")\s*\(")
"""Functions whose value in one row hangs on the others."""


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
        The rows.
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
        if self.X is not None:
            return self.X[train], self.X[test]
        both = with_priors(self.table, self.used, train)
        try:
            formula, learnt = written_out(self.formula, taken(both, train))
            model = design(formula, learnt)
            asked = written_out(self.formula, taken(both, test))[1]
            source = asked.frame if isinstance(asked, DyadTable) else asked
            found = model.columns_of(source[list(model.source.columns)])
        except HonestSignalsError as error:
            raise FitError(f"Within a fold, {self.formula!r} has no columns: {error}") from error
        if len(model.rows) < len(train):
            raise FitError(f"Within a fold, {self.formula!r} is undefined in some training rows.")
        return model.X[:, _own(model)], found[:, _own(model)]


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
    within = bool(OF_ROWS.search(formula.partition("~")[2])) or bool(_whole(table, used))
    names = tuple(model.names[place] for place in _own(model))
    X = None if within else np.ascontiguousarray(model.X[:, _own(model)])
    return StepColumns(formula, names, X, used, taken(table, model.rows)), model


def _own(model: Model) -> list[int]:
    """Columns but for the intercept, which every learner has of its own."""
    return [place for place, name in enumerate(model.names) if name != "Intercept"]


def taken(table: DyadTable | pd.DataFrame, rows: Array) -> DyadTable | pd.DataFrame:
    """A table with some of its rows."""
    if isinstance(table, DyadTable):
        return replace(table, frame=table.frame.iloc[rows])
    return table.iloc[rows]


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
        stem, _, kind = name.partition("__")
        sides = [f"acts_{side}" + (f"__{kind}" if kind else "") for side in ("ego", "alter")]
        lacks = [side for side in sides if side not in table.frame.columns]
        entry = entries().get(stem)
        if lacks or entry is None:
            raise FitError(
                f"{name!r} is shrunk towards what is usual in the table, so each fold makes it anew; "
                f"that needs {listed(lacks)}, and the table was made without."
            )
        acts = [table.frame[side].to_numpy() for side in sides]
        prior = beta_prior(acts[0][train], acts[1][train], table.directed)
        made[name] = entry.function(*acts, *(np.full(len(table), one) for one in prior))
    return replace(table, frame=table.frame.assign(**made))

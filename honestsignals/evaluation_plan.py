"""What an evaluation is to do, settled before anything is fitted: rows, label, steps, folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.column_checks import rows_of_pairs
from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, FitError, check_seed, listed, one_of
from honestsignals.fitting import check_ids
from honestsignals.fold_designs import StepColumns, step_columns, taken
from honestsignals.folding import Splitter
from honestsignals.formulas import Model
from honestsignals.given_folds import GivenFolds, folds_of_others, given_folds
from honestsignals.inference.clusters import pair_codes, person_codes
from honestsignals.inference.folds import Fold
from honestsignals.inference.words import counted
from honestsignals.leaks import check_admit, check_leaks
from honestsignals.learners import Learner, Task, learner, task_of
from honestsignals.rungs import Ladder, Rung, rungs
from honestsignals.splitters import BlockFolds, PairFolds, PeopleFolds, PeopleTimeFolds, TimeFolds

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

FOLDS = ("people", "across", "time", "people and time", "blocks", "transductive")
"""Folds that have a name; any splitter may be given in their place."""

MOST_CLASSES, FEWEST_OF_CLASS = 50, 5
"""Levels without an order up to which they are foretold, and rows of each on average: an id has more."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What is fitted to what, and tested on what.

    Attributes
    ----------
    table : DyadTable or pandas.DataFrame
        The rows used.
    rows : ndarray of int
        Their places in the table that was given.
    label : str
    y : ndarray, shape (n,)
        Label, or its level from 0 on.
    level_names : tuple of str
        Of an ordinal or nominal label.
    task : Task
    rungs : tuple of Rung
    columns : tuple of StepColumns
        Of each rung.
    learner : Learner
    splitter : object
        Of the package, or of scikit-learn.
    folds : tuple of Fold
    notes : tuple of str
    beside : tuple of str
        What must be read with the first line.
    left_out : dict of str to int
    source : tuple of str
        Facts of the table that was given.
    seed : int
    """

    table: DyadTable | pd.DataFrame
    rows: Array
    label: str
    y: Array
    level_names: tuple[str, ...]
    task: Task
    rungs: tuple[Rung, ...]
    columns: tuple[StepColumns, ...]
    learner: Learner
    splitter: Any
    folds: tuple[Fold, ...]
    notes: tuple[str, ...]
    beside: tuple[str, ...]
    left_out: dict[str, int]
    source: tuple[str, ...]
    seed: int

    @property
    def frame(self) -> pd.DataFrame:
        """The rows used."""
        return self.table.frame if isinstance(self.table, DyadTable) else self.table

    @cached_property
    def people(self) -> tuple[Array, Array, int]:
        """Codes of the two people of each row, and how many people there are."""
        return person_codes(self.frame["ego"].to_numpy(), self.frame["alter"].to_numpy())


def plan(
    dyads: DyadTable | pd.DataFrame,
    label: str | None,
    ladder: Ladder,
    *,
    folds: Any,
    model: tuple[Any, Any],
    admit: Sequence[str],
    seed: int,
) -> Plan:
    """Settle what an evaluation does.

    Parameters
    ----------
    dyads, label, ladder, folds, admit, seed
        As for :func:`honestsignals.evaluate`.
    model : tuple
        What learns, and its settings to choose from.

    Returns
    -------
    Plan
    """
    check_seed(seed)
    frame = rows_of_pairs(dyads)
    check_ids(frame)
    name = _label(dyads, label)
    let_in = check_admit(admit)
    steps, notes = rungs(dyads, ladder, name)
    designs = [step_columns(f"{name} ~ {step.terms}", dyads) for step in steps]
    rows = _rows([one for _, one in designs])
    model_of = max((one for _, one in designs), key=lambda one: len(one.rows))
    y, label_type, level_names = _outcome(dyads, name, model_of, rows)
    notes += _absent(name, model_of, level_names, dyads)
    used = sorted({column for columns, _ in designs for column in columns.used})
    known = name, rows, model_of.y[np.isin(model_of.rows, rows)]
    said, beside = check_leaks(dyads, used, known, let_in, _terms([one for _, one in designs], rows))
    columns = tuple(_on(columns, one, rows) for columns, one in designs)
    table = taken(dyads, rows)
    splitter = splitter_of(given_folds(folds, len(frame)) or folds, seed)
    splitter = splitter.among(rows) if isinstance(splitter, GivenFolds) else splitter
    made = folds_of(splitter, table, y)
    met, twice = ([], []) if isinstance(splitter, Splitter) else met_before(made, table)
    task = task_of(label_type, level_names)
    return Plan(
        table,
        rows,
        name,
        y,
        level_names,
        task,
        tuple(steps),
        columns,
        learner(*model, task, seed),
        splitter,
        made,
        (*notes, *said, *met),
        (*beside, *twice),
        _left_out(designs, len(frame) - len(rows)),
        tuple(dyads.facts()) if isinstance(dyads, DyadTable) else (),
        seed,
    )


def _rows(designs: Sequence[Model]) -> Array:
    """Rows that every step can use."""
    rows = designs[0].rows
    for one in designs[1:]:
        rows = np.intersect1d(rows, one.rows, assume_unique=True)
    if not len(rows):
        raise FitError("No row has all that the steps of the ladder ask for.")
    return rows


def _label(dyads: DyadTable | pd.DataFrame, label: str | None) -> str:
    if label is None:
        if not isinstance(dyads, DyadTable):
            raise ArgumentError("A plain frame does not say what is to be foretold: say label=.")
        if dyads.label is None:
            raise DesignError(
                "This table has no label, so there is nothing that give and take could foretell."
            )
        return dyads.label
    if not isinstance(label, str) or not label.strip() or ("~" in label and label not in _columns(dyads)):
        raise ArgumentError(
            f"label is {label!r}; it must name a column, or compare one, as 'trust >= 3'; what is not so is "
            "'trust < 3', or 'friend == 0'."
        )
    return label.strip()


def _columns(dyads: DyadTable | pd.DataFrame) -> list[str]:
    return [str(name) for name in (dyads.frame if isinstance(dyads, DyadTable) else dyads).columns]


def _outcome(
    dyads: DyadTable | pd.DataFrame, name: str, model: Model, rows: Array
) -> tuple[Array, str, tuple[str, ...]]:
    """The label of the rows as numbers or levels from 0 on, its type, and names of the levels."""
    y = model.y[np.isin(model.rows, rows)]
    values = np.unique(y)
    kind = dyads.design.label_type if isinstance(dyads, DyadTable) and name == dyads.label else ""
    if model.truth:
        kind = "binary"
    elif not kind and model.levels:
        frame = dyads.frame if isinstance(dyads, DyadTable) else dyads
        kind = "ordinal" if getattr(frame[name].dtype, "ordered", False) else "nominal"
    elif not kind:
        kind = "binary" if set(values.tolist()) <= {0.0, 1.0} else "continuous"
    if len(values) < 2:
        raise FitError(f"{name} is the same in all {counted(len(y), 'row')}: there is nothing to foretell.")
    if kind == "binary" and set(values.tolist()) != {0.0, 1.0}:
        raise FitError(f"{name} is binary, and has the values {values[:5].tolist()}; it must be 0 or 1.")
    if kind == "continuous" and len(values) == 2:
        low, high = (f"{value:g}" if float(f"{value:g}") == value else repr(float(value)) for value in values)
        raise ArgumentError(
            f"{name} has the values {low} and {high} alone, not 0 and 1: say label='{name} == {high}'."
        )
    if kind == "nominal" and (len(values) > MOST_CLASSES or len(y) < FEWEST_OF_CLASS * len(values)):
        raise ArgumentError(
            f"{name} has {len(values):,} levels without an order in {counted(len(y), 'row')}: is it an id? "
            f"Folds can learn up to {MOST_CLASSES}, of {FEWEST_OF_CLASS} rows or more on average; compare "
            "some, as in \"kind == 'help'\"."
        )
    if kind not in ("ordinal", "nominal"):
        return y, kind, ()
    words = [model.levels[int(value)] if model.levels else f"{value:g}" for value in values]
    return np.searchsorted(values, y).astype(float), kind, tuple(words)


def _absent(
    name: str, model: Model, level_names: tuple[str, ...], dyads: DyadTable | pd.DataFrame
) -> list[str]:
    """What is to be said of levels that the label could have, and no row used has."""
    could: dict[str, object] = {level: level for level in model.levels}
    if isinstance(dyads, DyadTable) and name == dyads.label and not could:
        # answers in words are counted from 0 on
        levels = dyads.design.levels
        words = any(isinstance(level, str) for level in levels)
        could = {f"{float(place if words else level):g}": level for place, level in enumerate(levels)}
    absent = [level for said, level in could.items() if level_names and said not in level_names]
    if not absent:
        return []
    return [
        f"no row used has {name} {listed(absent)}: nothing is foretold of what nobody said, and scores are "
        f"over the other {len(level_names)} levels"
    ]


def _terms(designs: Sequence[Model], rows: Array) -> dict[str, Array]:
    """Columns of all steps in the rows that all have, each once."""
    found: dict[str, Array] = {}
    for model in designs:
        keep = np.isin(model.rows, rows)
        new = [place for place, name in enumerate(model.names) if name not in {"Intercept", *found}]
        found |= {model.names[place]: model.X[keep, place] for place in new}
    return found


def _on(columns: StepColumns, model: Model, rows: Array) -> StepColumns:
    """Columns of the rows that all steps have."""
    keep = np.flatnonzero(np.isin(model.rows, rows))
    if len(keep) == len(model.rows):
        return columns
    X = None if columns.X is None else columns.X[keep]
    return replace(columns, X=X, table=taken(columns.table, keep))


def _left_out(designs: Sequence[tuple[StepColumns, Model]], lost: int) -> dict[str, int]:
    """Why rows were left out: the reasons of the step that lost most, and what other steps lost besides."""
    most = max((model for _, model in designs), key=lambda model: sum(model.left_out.values()))
    found = dict(most.left_out)
    rest = lost - sum(found.values())
    return found | ({"rows that another step cannot use": rest} if rest > 0 else {})


def splitter_of(folds: Any, seed: int) -> Any:
    """The splitter of a name, or the one that was given.

    Parameters
    ----------
    folds : str or splitter
    seed : int

    Returns
    -------
    splitter

    Raises
    ------
    ArgumentError
        For what is neither.

    Examples
    --------
    >>> splitter_of("people", 1)
    PeopleFolds(groups=None, divisions=20, pairs='inside', seed=1)
    """
    if not isinstance(folds, str):
        if not hasattr(folds, "split") or isinstance(folds, type):
            raise ArgumentError(
                f"folds is {folds!r}; it must be one of {', '.join(map(repr, FOLDS))}, a splitter, or a list "
                "of places to train on and to test, fold by fold."
            )
        return folds
    if folds == "random":
        raise ArgumentError(
            "Random pairs leak who people are, so they have the name of what they measure: "
            "folds='transductive'. For people never seen take folds='people'."
        )
    one_of("folds", folds, FOLDS)
    makers: dict[str, Any] = {
        "people": lambda: PeopleFolds(seed=seed),
        "across": lambda: PeopleFolds(pairs="across", seed=seed),
        "time": TimeFolds,
        "people and time": lambda: PeopleTimeFolds(seed=seed),
        "blocks": BlockFolds,
        "transductive": lambda: PairFolds(seed=seed),
    }
    return makers[folds]()


def folds_of(splitter: Any, table: DyadTable | pd.DataFrame, y: Array) -> tuple[Fold, ...]:
    """The folds of some rows.

    Parameters
    ----------
    splitter : object
    table : DyadTable or pandas.DataFrame
    y : ndarray, shape (n,)

    Returns
    -------
    tuple of Fold

    Raises
    ------
    DesignError
        Where the rows lack what the splitter asks for.
    """
    frame = table.frame if isinstance(table, DyadTable) else table
    if isinstance(splitter, Splitter):
        for column, what in (("asked", "moments at which labels were asked"), ("block", "blocks")):
            if getattr(splitter, "column", None) == column and column not in frame.columns:
                raise DesignError(
                    f"These rows have no column {column!r} ({what}), so there are no such folds."
                )
        return tuple(splitter.numbered(keys_of(frame, splitter)))
    return folds_of_others(splitter, frame, y)


def met_before(folds: Sequence[Fold], table: DyadTable | pd.DataFrame) -> tuple[list[str], list[str]]:
    """How many of the people and pairs that folds test were in training, of folds that promise nothing of it.

    Parameters
    ----------
    folds : sequence of Fold
    table : DyadTable or pandas.DataFrame
        The rows.

    Returns
    -------
    said : list of str
    beside : list of str
        What must be read with the first line: that pairs stand on both sides.
    """
    frame = table.frame if isinstance(table, DyadTable) else table
    ego, alter, _ = person_codes(frame["ego"].to_numpy(), frame["alter"].to_numpy())
    pair = pair_codes(ego, alter)
    people, pairs = np.zeros(2), np.zeros(2)
    for fold in folds:
        trained, tested = (np.union1d(ego[part], alter[part]) for part in (fold.train, fold.test))
        people += len(tested), len(np.intersect1d(tested, trained))
        asked = np.unique(pair[fold.test])
        pairs += len(asked), len(np.intersect1d(asked, pair[fold.train]))
    shares = [
        f"{known / every:.0%} of the {what}"
        for what, (every, known) in (("people", people), ("pairs", pairs))
    ]
    said = [
        f"these folds are not by people: {' and '.join(shares)} that they test were in training, on average; "
        "folds='people' tests people never seen"
    ]
    if not people[1]:
        said = ["nobody whom these folds test was in training"]
    if not pairs[1]:
        return said, []
    return said, [
        f"{pairs[1] / pairs[0]:.0%} of the pairs that these folds test stand in training too, in another row "
        "(seen from the other side, or asked before): a model that knows who they are foretells what it has "
        "seen; folds='people' or folds='transductive' keep the rows of a pair together"
    ]


def keys_of(frame: pd.DataFrame, splitter: Splitter) -> pd.DataFrame:
    """The columns that a splitter of pairs looks at, as far as they are there, with rows numbered anew."""
    names = ["ego", "alter", getattr(splitter, "column", "")]
    return frame[[name for name in names if name in frame.columns]].reset_index(drop=True)

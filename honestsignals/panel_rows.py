"""Rows of a panel of pairs: what every variable was at one wave and at the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.decomposing import taken_whole
from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, FitError
from honestsignals.fitting import PLAIN, check_ids
from honestsignals.formulas import Model, design
from honestsignals.model_rows import model_rows
from honestsignals.standard_errors import codes_of

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

ANY = "a_column_that_every_row_has"
"""Left side of the formula of covariates, which have no label of their own."""


@dataclass(frozen=True, eq=False)
class Panel:
    """Rows of a panel: one a pair and step from a wave to the next.

    Attributes
    ----------
    names : tuple of str
        Of the variables, K of them.
    waves : int
        How many there are.
    before, after : ndarray, shape (n, K)
        The variables at the wave before and at the one after.
    X : ndarray, shape (n, k)
        Right side of every equation: intercept, the variables before, steps but the first, covariates.
    columns : tuple of str, length k
        Its names.
    terms : mapping of str to tuple of int
        Terms, and the columns of each.
    ids : pandas.DataFrame
        ``ego`` and ``alter``.
    left_out : mapping of str to int
        Why rows were left out, and how many.
    facts, notes : tuple of str
        What the tables say of themselves, and what else a reader must know.
    directed : bool
        Whether rows are ordered pairs.
    """

    names: tuple[str, ...]
    waves: int
    before: Array
    after: Array
    X: Array
    columns: tuple[str, ...]
    terms: Mapping[str, tuple[int, ...]]
    ids: pd.DataFrame
    left_out: Mapping[str, int]
    facts: tuple[str, ...]
    notes: tuple[str, ...]
    directed: bool

    @property
    def codes(self) -> tuple[Array, Array]:
        """Codes of ego and alter."""
        return codes_of(self.ids)


def panel_of(
    variables: Mapping[str, str | Sequence[str]],
    dyads: DyadTable | pd.DataFrame | Sequence[DyadTable | pd.DataFrame],
    covariates: str | None,
) -> Panel:
    """The rows of a panel, from one wide table or from a table a wave.

    Parameters
    ----------
    variables : mapping of str to str or sequence of str
        Columns of each variable in the order of waves.
    dyads : DyadTable, pandas.DataFrame, or sequence of them
        One wide table, or one table a wave.
    covariates : str or None
        Terms that stand in every equation.

    Returns
    -------
    Panel
    """
    wide = isinstance(dyads, DyadTable) or hasattr(dyads, "columns")
    if not wide and (not isinstance(dyads, Iterable) or isinstance(dyads, str | Mapping)):
        raise ArgumentError(
            f"dyads is a {type(dyads).__name__}; it must be a DyadTable, a pandas.DataFrame, or a sequence "
            "of them, one a wave."
        )
    tables: list[Any] = [dyads] if wide else list(dyads)  # type: ignore[arg-type]
    _check_tables(tables, wide)
    words = _words(variables, None if wide else len(tables))
    waves = len(next(iter(words.values())))
    rows = [np.arange(len(_frame(tables[0])))] * waves if wide else _joined(tables)
    values = np.full((len(rows[0]), waves, len(words)), np.nan)
    for place, columns in enumerate(words.values()):
        for wave, column in enumerate(columns):
            there = rows[wave] >= 0
            found = _column(column, tables[0 if wide else wave])
            values[there, wave, place] = found[rows[wave][there]]
    left_out: dict[str, int] = {}
    steps = _known_steps(values, rows, words, left_out)
    beside = _covariates(covariates, tables[0], rows[0], steps, left_out)
    return _assembled(words, values, (rows, steps), beside, (tables, left_out))


def _frame(table: Any) -> pd.DataFrame:
    frame: pd.DataFrame = table.frame if isinstance(table, DyadTable) else table
    return frame


def _directed(table: Any) -> bool:
    return not isinstance(table, DyadTable) or table.directed


def _check_tables(tables: Sequence[Any], wide: bool) -> None:
    for table in tables:
        if not isinstance(table, DyadTable) and not hasattr(table, "columns"):
            raise ArgumentError(
                f"dyads holds a {type(table).__name__}; it must be a DyadTable, a pandas.DataFrame, or a "
                "sequence of them, one a wave."
            )
        check_ids(_frame(table))
    if not wide and len(tables) < 2:
        raise ArgumentError("dyads has one table; a panel needs one wide table, or a table a wave.")
    if len({_directed(table) for table in tables}) > 1:
        raise DesignError(
            "Some of the tables have ordered pairs and some have not; they have no rows in common."
        )


def _words(variables: Mapping[str, str | Sequence[str]], waves: int | None) -> dict[str, list[str]]:
    """Columns of each variable, in the order of waves."""
    if not isinstance(variables, Mapping) or len(variables) < 2:
        raise ArgumentError("variables must name two variables or more, each with its columns by wave.")
    odd = next((name for name in variables if not isinstance(name, str) or not name.strip()), None)
    if odd is not None:
        raise ArgumentError(f"variables has the name {odd!r}; each name must be text, such as 'trust'.")
    words: dict[str, list[str]] = {}
    for name, given in variables.items():
        if isinstance(given, str):
            if waves is None:
                raise ArgumentError(
                    f"{name!r} has the one column {given!r}; of a wide table, list its columns wave by wave."
                )
            words[name] = [given] * waves
        elif isinstance(given, Sequence) and all(isinstance(one, str) for one in given):
            words[name] = list(given)
        else:
            raise ArgumentError(
                f"{name!r} has {type(given).__name__} for columns; it must be a list of names, one a wave."
            )
    counts = {name: len(columns) for name, columns in words.items()}
    expected = waves if waves is not None else max(counts.values())
    wrong = next((name for name, count in counts.items() if count != expected), None)
    if wrong is not None:
        raise ArgumentError(
            f"{wrong!r} has {counts[wrong]} columns for {expected} waves; it needs one a wave."
        )
    if expected < 2:
        raise ArgumentError("A panel needs two waves or more, and these variables have one column each.")
    return words


def _joined(tables: Sequence[Any]) -> list[Array]:
    """Where in each table the pairs of all tables stand, in one order; -1 where a table lacks one."""
    import pandas as pd

    indices = []
    for wave, table in enumerate(tables, 1):
        ids = _frame(table)[["ego", "alter"]]
        if not _directed(table):
            turned = (ids["ego"] > ids["alter"]).to_numpy()
            ends = [np.where(turned, ids[two], ids[one]) for one, two in (("ego", "alter"), ("alter", "ego"))]
            ids = pd.DataFrame(dict(zip(("ego", "alter"), ends, strict=True)))
        index = pd.MultiIndex.from_frame(ids)
        if not index.is_unique:
            one = index[index.duplicated()][0]
            raise DesignError(
                f"The table of wave {wave} has two rows of {one[0]} and {one[1]}; it needs one."
            )
        indices.append(index)
    every = indices[0]
    for index in indices[1:]:
        every = every.append(index[~index.isin(every)])
    rows = [index.get_indexer(every) for index in indices]
    if not any(((one >= 0) & (two >= 0)).any() for one, two in pairwise(rows)):
        which = "of every wave" if len(tables) == 2 else "of two waves in a row"
        raise FitError(f"No pair is in the table {which}; ids must be spelt alike in all of them.")
    return rows


def _column(expression: str, table: Any) -> Array:
    """A column, or what a formula's left side may be, NaN where unknown."""
    if taken_whole(expression) != expression:
        raise ArgumentError(
            f"{expression!r} takes a column apart, which a variable of a panel is not: do so before, with "
            "hs.decompose(table, column), and name one of its parts."
        )
    model = design(f"{expression} ~ 1", table)
    if model.levels:
        raise ArgumentError(
            f"{expression!r} has the categories {', '.join(model.levels)}; a panel takes numbers."
        )
    values = np.full(len(_frame(table)), np.nan)
    values[model.rows] = model.y
    return values


def _known_steps(
    values: Array, rows: Sequence[Array], words: Mapping[str, list[str]], left_out: dict[str, int]
) -> list[Array]:
    """Of each step the rows whose variables are known before and after; the others are counted."""
    steps = []
    of = "every wave" if values.shape[1] == 2 else "both waves of a step"
    for step in range(values.shape[1] - 1):
        keep = (rows[step] >= 0) & (rows[step + 1] >= 0)
        if not keep.all():
            reason = f"pairs that are not in the table of {of}"
            left_out[reason] = left_out.get(reason, 0) + int((~keep).sum())
        for wave in (step, step + 1):
            for place, columns in enumerate(words.values()):
                lacks = keep & np.isnan(values[:, wave, place])
                if lacks.any():
                    reason = f"rows where {columns[wave]} is unknown"
                    left_out[reason] = left_out.get(reason, 0) + int(lacks.sum())
                    keep &= ~lacks
        steps.append(np.flatnonzero(keep))
    if not any(step.size for step in steps):
        raise FitError("No pair has all variables at two waves in a row.")
    return steps


def _covariates(
    covariates: str | None, table: Any, rows: Array, steps: list[Array], left_out: dict[str, int]
) -> tuple[Model | None, Array, tuple[str, ...]]:
    """Columns of the covariates, and where among them each row of the panel is, -1 where it has none.

    Beside them what is to be said of covariates that were taken apart.
    """
    place_of = np.zeros(len(rows), dtype=np.intp)
    if covariates is None:
        return None, place_of, ()
    if not isinstance(covariates, str) or not covariates.strip().removeprefix("~").strip():
        raise ArgumentError(f"covariates is {covariates!r}; it must be terms, such as 'same_office'.")
    used = np.unique(np.concatenate(steps))
    absent = sum(int((rows[step] < 0).sum()) for step in steps)
    used = used[rows[used] >= 0]
    if absent:
        left_out["rows of pairs that are not in the first table, which has the covariates"] = absent
    some = _frame(table).iloc[rows[used]].assign(**{ANY: 0.0})
    whole = replace(table, frame=some) if isinstance(table, DyadTable) else some
    found = model_rows(f"{ANY} ~ {covariates.strip().removeprefix('~').strip()}", whole)
    place_of[:] = -1
    place_of[used[found.model.rows]] = np.arange(len(found.model.rows))
    lost = sum(int((place_of[step] < 0).sum()) for step in steps) - absent
    counted = found.model.left_out
    if sum(counted.values()) == lost:
        left_out.update(counted)
    else:
        left_out[f"rows where a covariate is unknown ({', '.join(counted)})"] = lost
    return found.model, place_of, found.notes


def _assembled(
    words: Mapping[str, list[str]],
    values: Array,
    where: tuple[Sequence[Array], list[Array]],
    beside: tuple[Model | None, Array, tuple[str, ...]],
    of: tuple[Sequence[Any], dict[str, int]],
) -> Panel:
    (rows, steps), (model, place_of, said_of), (tables, left_out) = where, beside, of
    steps = [step[place_of[step] >= 0] for step in steps]
    names, n = tuple(words), sum(step.size for step in steps)
    before = np.concatenate([values[step, at] for at, step in enumerate(steps)])
    after = np.concatenate([values[step, at + 1] for at, step in enumerate(steps)])
    at = np.repeat(np.arange(len(steps)), [step.size for step in steps])
    there = [one for one in range(1, len(steps)) if steps[one].size]
    parts: list[tuple[str, list[str], Array]] = [("Intercept", ["Intercept"], np.ones((n, 1)))]
    parts += [(f"{name}_before", [f"{name}_before"], before[:, [k]]) for k, name in enumerate(names)]
    if there and steps[0].size:
        waves = [f"wave {one + 2}" for one in there]
        parts.append(("wave", waves, (at[:, None] == np.array(there)).astype(float)))
    if model is not None:
        chosen = place_of[np.concatenate(steps)]
        for term, places in model.terms.items():
            if term != "Intercept" and places:
                columns = [model.names[one] for one in places]
                parts.append((term, columns, model.X[np.ix_(chosen, list(places))]))
    ends = np.cumsum([0, *(len(columns) for _, columns, _ in parts)])
    terms = {term: tuple(range(ends[k], ends[k + 1])) for k, (term, _, _) in enumerate(parts)}
    said = [line for table in tables if isinstance(table, DyadTable) for line in table.facts()]
    plain = not all(isinstance(table, DyadTable) for table in tables)
    return Panel(
        names=names,
        waves=values.shape[1],
        before=before,
        after=after,
        X=np.column_stack([part for _, _, part in parts]),
        columns=tuple(name for _, columns, _ in parts for name in columns),
        terms=terms,
        ids=_ids(tables, rows).iloc[np.concatenate(steps)],
        left_out=left_out,
        facts=tuple(dict.fromkeys(said)),
        notes=(*((PLAIN,) if plain else ()), *said_of),
        directed=_directed(tables[0]),
    )


def _ids(tables: Sequence[Any], rows: Sequence[Array]) -> pd.DataFrame:
    """``ego`` and ``alter`` of every row, from the first table that has the pair."""
    import pandas as pd

    parts, done = [], np.zeros(len(rows[0]), dtype=bool)
    for table, where in zip(tables, rows, strict=False):
        new = np.flatnonzero((where >= 0) & ~done)
        parts.append(_frame(table)[["ego", "alter"]].iloc[where[new]].set_axis(new))
        done[new] = True
    return pd.concat(parts).sort_index()

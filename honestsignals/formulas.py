"""Formulas into designs: which rows, which columns, and why rows were left out."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.column_checks import check_column, is_complex, refuse_words, rows_of_pairs, widened
from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, listed, nearest, unknown
from honestsignals.formula_rows import (
    count_undefined,
    known_rows,
    refuse_alike,
    refuse_empty,
    refuse_infinite,
)
from honestsignals.formula_words import right_side, words_of
from honestsignals.metrics.columns import FORMS, all_names
from honestsignals.metrics.registry import SWAPS
from honestsignals.new_values import columns_at, unlisted

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

IDS = ("ego", "alter")


def known(values: Any) -> Any:
    """A column with 0 where it is undefined, to stand beside ``in_contact``.

    >>> known(np.array([0.5, np.nan]))
    array([0.5, 0. ])
    """
    values = _plain(values)
    return np.where(np.isnan(values), 0.0, values)


def undefined(values: Any) -> Any:
    """1 where a column is undefined, else 0: to stand beside ``known``, so that 0 is no value among others.

    >>> undefined(np.array([0.5, np.nan]))
    array([0., 1.])
    """
    return np.isnan(_plain(values)).astype(float)


def _plain(values: Any) -> Any:
    """A column as numbers, NaN where it is undefined."""
    return values.to_numpy(dtype=float, na_value=np.nan) if hasattr(values, "to_numpy") else values


TRANSFORMS: Mapping[str, Callable[..., Any]] = {
    "known": known,
    "undefined": undefined,
    "log1p": np.log1p,
    "log": np.log,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "abs": np.abs,
    "square": np.square,
}


@dataclass(frozen=True, eq=False)
class Model:
    """A design: the rows that a formula can use.

    Attributes
    ----------
    formula, label : str
        The formula, and its left side.
    y : ndarray, shape (n,)
        The label.
    X : ndarray, shape (n, k)
        The columns, intercept included.
    names : tuple of str
        Names of the columns.
    terms : mapping of str to tuple of int
        Terms of the formula, and the columns of each.
    rows : ndarray of int, shape (n,)
        Positions of the rows in the table.
    left_out : mapping of str to int
        Why rows were left out, and how many.
    truth : bool
        Whether the left side is a comparison, 0 or 1.
    levels : tuple of str
        Names of the levels of a label of categories, of which ``y`` has the positions; else empty.
    source : pandas.DataFrame
        The columns that the right side names, of the rows used.
    spec : formulaic.ModelSpec
        How the right side makes columns of them.
    kept : tuple of int
        Which of its columns ``X`` has.
    """

    formula: str
    label: str
    y: Array
    X: Array
    names: tuple[str, ...]
    terms: Mapping[str, tuple[int, ...]]
    rows: Array
    left_out: Mapping[str, int]
    truth: bool
    levels: tuple[str, ...]
    source: pd.DataFrame
    spec: Any
    kept: tuple[int, ...]

    def columns_of(self, source: pd.DataFrame) -> Array:
        """The design's columns of other values of what the right side names, (n, k).

        Raises
        ------
        ArgumentError
            For a column that is not there, a level never seen, a value that is missing or out of bounds.
        """
        return columns_at(self.spec, self.source, source, TRANSFORMS)[:, list(self.kept)]

    def without_intercept(self) -> Model:
        """The same design without its intercept, which the cut points of an ordered label stand for."""
        if "Intercept" not in self.names:
            return self
        out = self.names.index("Intercept")
        stays = [place for place in range(len(self.names)) if place != out]
        terms = {
            term: tuple(place - (place > out) for place in places)
            for term, places in self.terms.items()
            if term != "Intercept"
        }
        return replace(
            self,
            X=self.X[:, stays],
            names=tuple(self.names[place] for place in stays),
            terms=terms,
            kept=tuple(self.kept[place] for place in stays),
        )


def design(
    formula: str, table: DyadTable | pd.DataFrame, lacking: Mapping[str, int] = MappingProxyType({})
) -> Model:
    """The rows and columns that a formula asks of a table.

    Parameters
    ----------
    formula : str
        "label ~ terms", in formulaic's language, with ``known`` and ``log1p``.
    table : DyadTable or pandas.DataFrame
        The rows.
    lacking : mapping of str to int
        Why rows were left out before, and how many.

    Returns
    -------
    Model

    Raises
    ------
    UnknownNameError
        For a column that the table does not have.
    DesignError
        For a column that depends on who is called ego, where rows have no direction.
    """
    frame = table.frame if isinstance(table, DyadTable) else table
    left, right = sides(formula)
    variables, bare = variables_on_right(right, frame)
    check_columns(left, variables, table)
    y, truth, levels = label_values(left, frame)
    left_out = dict(lacking)
    keep = known_rows((y, left), frame[variables], bare, left_out)
    source = without_unused(frame[keep], variables)
    columns, names, terms, spec = right_columns(right, source)
    if not names:
        raise ArgumentError(f"The formula's right side {right!r} has no term.")
    undefined = count_undefined(columns, names, left_out)
    refuse_infinite(columns[~undefined], names)
    if undefined.any():
        # once more on the rows that stay: means and categories are theirs
        keep[np.flatnonzero(keep)[undefined]] = False
        refuse_empty(keep, left_out)
        source = without_unused(frame[keep], variables)
        columns, names, terms, spec = right_columns(right, source)
    refuse_infinite(columns, names)
    refuse_alike(terms, spec, source[variables], left_out)
    return Model(
        formula=formula,
        label=left,
        y=y[keep],
        X=columns,
        names=names,
        terms=terms,
        rows=np.flatnonzero(keep),
        left_out=left_out,
        truth=truth,
        levels=levels,
        source=source[variables],
        spec=spec,
        kept=tuple(range(len(names))),
    )


def check_columns(left: str, variables: list[str], table: DyadTable | pd.DataFrame) -> None:
    """Refuse columns of one name, a label on both sides, and what hangs on who is called ego."""
    frame = table.frame if isinstance(table, DyadTable) else table
    rows_of_pairs(table)
    named = (left,) if left in frame.columns else named_on_left(left)
    for name in named:
        if name in IDS:
            raise ArgumentError(f"{name!r} says who is in the row, and is no label; rename the column.")
        if name in frame.columns and is_complex(frame[name]):
            raise ArgumentError(f"The label {left!r} is of complex numbers; a model takes real ones.")
    if left in variables:
        raise ArgumentError(f"{left!r} stands on both sides of the formula.")
    if isinstance(table, DyadTable):
        for name in [*variables, *(one for one in named if one != table.label)]:
            _refuse_ego_only(name, table)


def without_unused(frame: pd.DataFrame, variables: list[str]) -> pd.DataFrame:
    """Rows whose categories are those that occur in them, whose truths are numbers, and numbers wide."""
    some = frame.copy(deep=False)
    for name in variables:
        if some[name].dtype == "category":
            some[name] = some[name].cat.remove_unused_categories()
        elif some[name].dtype.kind == "b" and some[name].dtype != bool:
            some[name] = some[name].to_numpy(dtype=float, na_value=np.nan)
        elif some[name].dtype == "string":
            some[name] = some[name].astype(object)
        else:
            some[name] = widened(some[name])
    return some


def named_on_left(left: str) -> tuple[str, ...]:
    """Columns that the left side names; functions that it calls are none."""
    try:
        return words_of(left).names
    except SyntaxError as error:
        hint = " A comparison is >=, <= or ==." if re.search(r"=>|=<|(?<![<>=!])=(?!=)", left) else ""
        raise ArgumentError(f"The formula's left side {left!r} cannot be read: {error}.{hint}") from error


def sides(formula: str) -> tuple[str, str]:
    """Left and right of the tilde."""
    if not isinstance(formula, str):
        raise ArgumentError(f"The formula is {formula!r}; it must be text, 'label ~ term + term'.")
    parts = formula.split("~")
    if len(parts) != 2 or not parts[0].strip() or not parts[1].strip():
        raise ArgumentError(f"The formula is {formula!r}; it must read 'label ~ term + term'.")
    return parts[0].strip(), parts[1].strip()


def variables_on_right(right: str, frame: pd.DataFrame) -> tuple[list[str], set[str]]:
    """Columns that the right side names, and which of them rows must have; an error for one not there."""
    wanted, bare = right_side(right, [str(name) for name in frame.columns])
    names = sorted(wanted)
    for name in names:
        if name not in frame.columns:
            raise _no_column(name, frame)
        check_column(name, frame[name])
    return names, bare


def _no_column(name: str, frame: pd.DataFrame) -> Exception:
    """The error for a column that is not there: another name, or a metric not measured."""
    columns = [str(column) for column in frame.columns]
    if name in all_names((), directed=False) and not nearest(name, [one for one in columns if one == name]):
        hint = f"{name!r} is a metric, and this table was made without it."
        return unknown("column", name, columns, hint)
    return unknown("column", name, [*columns, *TRANSFORMS])


def _refuse_ego_only(name: str, table: DyadTable) -> None:
    """Where rows have no direction, a column must be the same for both.

    Of a column that a user added to the frame nothing is known, and it is the user's.
    """
    if table.directed or name not in [one.name for one in table.about]:
        return
    fact = table.fact(name)
    if fact.swap == "same":
        return
    there = [one.name for one in table.about]
    stem = name.removesuffix("_ego").removesuffix("_alter")
    forms = [f"{stem}_{form}" for form in FORMS if f"{stem}_{form}" in there]
    bare = name.removeprefix("ego_").removeprefix("alter_")
    forms += [one for one in (f"same_{bare}", *(f"{form}_{bare}" for form in FORMS)) if one in there]
    if name in ("give_share", "net_giving", "log_odds_giving", "dyad_state"):
        forms = [one for one in ("imbalance", "returned_share", "in_contact") if one in there]
    what = table.label or "the table"
    hint = f" Use {listed(forms)}." if forms else ""
    raise DesignError(
        f"{name!r} depends on who is called ego, and {what} has no direction: swapping the two gives "
        f"{SWAPS[fact.swap]}.{hint}"
    )


def label_values(left: str, frame: pd.DataFrame) -> tuple[Array, bool, tuple[str, ...]]:
    """The label as numbers, NaN where unknown; whether it is a comparison; its categories, if it has some."""
    import pandas as pd

    if left in frame.columns:
        label = frame[left]
        if label.dtype == "category":
            codes = label.cat.codes.to_numpy(dtype=float)
            return np.where(codes < 0, np.nan, codes), False, tuple(map(str, label.cat.categories))
        if label.dtype.kind not in "iufb":
            refuse_words(left, label)
        return label.to_numpy(dtype=float, na_value=np.nan), label.dtype.kind == "b", ()
    values: Any
    try:
        named = [name for name in named_on_left(left) if name in frame.columns]
        wide = frame.assign(**{name: widened(frame[name]) for name in named})
        with np.errstate(all="ignore"):
            values = wide.eval(left, engine="python")
    except pd.errors.UndefinedVariableError as error:
        name = str(error).split("'")[1]
        raise unknown("column", name, [str(column) for column in frame.columns]) from error
    except (SyntaxError, TypeError, ValueError, NotImplementedError) as error:
        hint = " A comparison is >=, <= or ==." if re.search(r"=>|=<|(?<![<>=!])=(?!=)", left) else ""
        raise ArgumentError(f"The formula's left side {left!r} cannot be read: {error}.{hint}") from error
    if not isinstance(values, pd.Series):
        raise ArgumentError(f"The formula's left side {left!r} is no column.")
    numbers = values.to_numpy(dtype=float, na_value=np.nan).copy()
    # a comparison with an unknown value is False in pandas; here it is unknown
    numbers[frame[named].isna().any(axis=1).to_numpy()] = np.nan
    return numbers, values.dtype.kind == "b", ()


def right_columns(
    right: str, frame: pd.DataFrame
) -> tuple[Array, tuple[str, ...], dict[str, tuple[int, ...]], Any]:
    """Columns, their names, the columns of each term, and how they were made."""
    from formulaic import Formula
    from formulaic.errors import DataMismatchWarning, FormulaicError

    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", DataMismatchWarning)
            matrix = Formula(right).get_model_matrix(frame, context=dict(TRANSFORMS), na_action="ignore")
    except FormulaicError as error:
        reason = str(error).splitlines()[0]
        raise ArgumentError(f"The formula's right side {right!r} cannot be computed: {reason}") from error
    except DataMismatchWarning as error:
        raise unlisted(right, str(error)) from error
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise _no_column_made(right) from error
    spec = matrix.model_spec
    names = tuple(str(name) for name in spec.column_names)
    unreal = [str(name) for name, kind in matrix.dtypes.items() if kind.kind == "c"]
    if unreal:
        raise ArgumentError(f"{unreal[0]} comes to complex numbers; a model takes real ones.")
    terms = {str(term): tuple(places) for term, places in spec.term_indices.items()}
    terms = {"Intercept" if term == "1" else term: places for term, places in terms.items()}
    try:
        return np.asarray(matrix, dtype=float), names, terms, spec
    except (TypeError, ValueError) as error:
        raise _no_column_made(right) from error


def _no_column_made(right: str) -> ArgumentError:
    """The error for a term that makes no number of each row."""
    return ArgumentError(
        f"The formula's right side {right!r} cannot be computed: each term must come to one number a row; "
        "words go into C()."
    )

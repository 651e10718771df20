"""A formula over rows that come some at a time: what it learns from all, and the columns it makes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, FitError, unknown
from honestsignals.formula_rows import (
    count_undefined,
    refuse_alike,
    refuse_empty,
    refuse_endless,
    refuse_infinite,
    rows_known,
)
from honestsignals.formulas import (
    TRANSFORMS,
    check_columns,
    label_values,
    named_on_left,
    right_columns,
    sides,
    variables_on_right,
    without_unused,
)
from honestsignals.row_batches import PairRows
from honestsignals.streamed_terms import (
    Learnt,
    Levels,
    learnt_calls,
    refuse_crossing,
    sketch,
    spec_of_all,
    uncoded,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Array = np.ndarray[Any, np.dtype[Any]]
Tell = Callable[[str], None]


@dataclass(eq=False)
class Kinds:
    """Kinds of columns that only all rows tell: which have gaps, and the levels of categories.

    Attributes
    ----------
    gaps : set of str
        Columns of whole numbers or truths with missing values somewhere.
    levels : dict of str to list
        Levels of columns of categories, in their order.
    ranked : dict of str to bool
        Whether those have an order.
    """

    gaps: set[str] = field(default_factory=set)
    levels: dict[str, list[Any]] = field(default_factory=dict)
    ranked: dict[str, bool] = field(default_factory=dict)

    def add(self, frame: pd.DataFrame) -> None:
        """Learn from some rows."""
        for name in frame.columns:
            column = frame[name]
            if column.dtype == "category":
                both = dict.fromkeys([*self.levels.get(name, ()), *column.cat.categories.tolist()])
                self.levels[name] = list(both)
                self.ranked[name] = bool(column.cat.ordered)
            elif column.isna().any():
                self.gaps.add(name)

    def of_all(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Some rows with columns of the kinds that the whole table has."""
        import pandas as pd

        for name in frame.columns:
            kind = frame[name].dtype
            if name in self.levels:
                values = pd.Categorical(frame[name], self.levels[name], ordered=self.ranked[name])
                frame[name] = pd.Series(values, index=frame.index)
            elif name in self.gaps and kind == np.dtype(bool):
                frame[name] = frame[name].astype(object)
            elif name in self.gaps and isinstance(kind, np.dtype) and kind.kind in "iu":
                # what can hold a gap as it is (Int64) comes in one kind in all parts
                frame[name] = frame[name].astype(float)
        return frame


@dataclass(eq=False)
class Counts:
    """Why rows were left out, and what is refused of those that stay once all have been seen."""

    seen: int = 0
    weightless: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    undefined: dict[str, int] = field(default_factory=dict)
    endless: int = 0
    infinite: Array = field(default_factory=lambda: np.zeros(0, dtype=bool))
    used: int = 0

    def left_out(self, asked: Question, names: Sequence[str]) -> dict[str, int]:
        """Reasons and rows, in the order in which a table in memory counts them."""
        found = {f"rows where the weight ({asked.weights}) is 0 or unknown": self.weightless}
        what = [f"{asked.left} is unknown"]
        what += [f"{name} is {how}" for name in asked.variables for how in ("undefined", "not known")]
        for one in (*what, *(f"{name} is undefined" for name in names)):
            reason = f"rows where {one}"
            found[reason] = self.unknown.get(reason, 0) + self.undefined.get(reason, 0)
        return {reason: count for reason, count in found.items() if count}


@dataclass(frozen=True, eq=False)
class Question:
    """A formula, before any pass.

    Attributes
    ----------
    formula, left, right : str
    variables : list of str
        Columns that the right side names.
    bare : set of str
        Those of them that rows must have.
    weights : str or None
        A column.
    columns : list of str
        All that is to be read beside ego and alter.
    """

    formula: str
    left: str
    right: str
    variables: list[str]
    bare: set[str]
    weights: str | None
    columns: list[str]


def question(formula: str, rows: PairRows, weights: Any) -> Question:
    """A formula and the columns that it asks of a table.

    Raises
    ------
    UnknownNameError
        For a column that the table does not have.
    DesignError
        For what rows that come some at a time cannot tell.
    """
    if weights is not None and not isinstance(weights, str):
        raise ArgumentError("weights must name a column where rows come some at a time.")
    head = rows.head()
    frame = head.frame if isinstance(head, DyadTable) else head
    left, right = sides(formula)
    if "decompose(" in right.replace(" ", ""):
        raise DesignError(
            "decompose() takes a column apart by means of people, and these rows come some at a time. Fit "
            "the table in memory, or a sample of its people."
        )
    variables, bare = variables_on_right(right, frame)
    check_columns(left, variables, head)
    refuse_crossing(left, right, rows.columns)
    if weights is not None and weights not in frame.columns:
        raise unknown("column", weights, rows.columns)
    label_values(left, frame)
    named = [left] if left in frame.columns else [one for one in named_on_left(left) if one in frame.columns]
    columns = list(dict.fromkeys([*variables, *named, *([weights] if weights else [])]))
    return Question(formula, left, right, variables, bare, weights, columns)


class StreamedDesign:
    """A formula with all that it learnt, which makes columns of some rows at a time.

    Parameters
    ----------
    asked : Question
    rows : PairRows
    size : int
        Rows at a time.
    tell : callable
        Is told what is being done.
    """

    def __init__(self, asked: Question, rows: PairRows, size: int, tell: Tell) -> None:
        from formulaic.errors import FormulaicError

        self.asked, self.rows, self.size, self._tell = asked, rows, size, tell
        self.counts, self.kinds = Counts(), Kinds()
        self.truth, self.levels = False, tuple[str, ...]()
        self._learn_kinds()
        self.first = self._first_rows()
        doubt: ArgumentError | None = None
        try:
            self.spec = right_columns(asked.right, self.first)[3]
        except ArgumentError as error:
            # the first rows may lack a level that others have
            doubt, self.spec = error, self._sketched(error)
        self._learn()
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                self.spec = self.spec.get_model_matrix(self.first, context=dict(TRANSFORMS)).model_spec
        except (FormulaicError, AttributeError, IndexError, KeyError, TypeError, ValueError):
            if doubt is None:
                raise
            raise doubt from None
        self.names = tuple(str(name) for name in self.spec.column_names)
        if not self.names:
            raise ArgumentError(f"The formula's right side {asked.right!r} has no term.")
        terms = {str(term): tuple(places) for term, places in self.spec.term_indices.items()}
        self.terms = {"Intercept" if term == "1" else term: places for term, places in terms.items()}

    def _sketched(self, error: ArgumentError) -> Any:
        try:
            return sketch(self.asked.right, self.first)
        except ArgumentError:
            raise error from None

    def parts(self) -> Iterator[tuple[pa.Table, Array, Array, Array, Array | None]]:
        """Who is in some rows; which of them are used; design, label and weights of those.

        Counts are whole after the last part, and `refuse` says what they refuse.
        """
        self.counts = Counts(infinite=np.zeros(len(self.names), dtype=bool))
        for ids, whole in self._frames():
            where, frame, weights = self._weighted(whole)
            keep, y, source = self._kept(frame, self.counts)
            self.counts.endless += int(np.isinf(y[keep]).sum())
            X = self._columns(source)
            found: dict[str, int] = {}
            undefined = count_undefined(X, self.names, found)
            for reason, count in found.items():
                self.counts.undefined[reason] = self.counts.undefined.get(reason, 0) + count
            keep, X = keep[~undefined], X[~undefined]
            self.counts.infinite |= np.isinf(X).any(axis=0)
            self.counts.used += len(keep)
            yield ids, where[keep], X, y[keep], None if weights is None else weights[keep]

    def refuse(self) -> None:
        """Refuse what a table in memory refuses, now that all rows were seen."""
        left_out = self.left_out
        refuse_endless(self.asked.left, self.counts.endless)
        refuse_empty(np.full(1, self.counts.used > 0), left_out)
        refuse_infinite(np.where(self.counts.infinite, np.inf, 0.0)[None, :], self.names)
        refuse_alike(self.terms, self.spec, self.first, left_out)

    @property
    def left_out(self) -> dict[str, int]:
        """Why rows were left out, and how many."""
        return self.counts.left_out(self.asked, self.names)

    # passes

    def _frames(self) -> Iterator[tuple[pa.Table, pd.DataFrame]]:
        done, of = 0, f" of {self.rows.rows:,}" if self.rows.rows else ""
        for ids, frame in self.rows.frames(self.asked.columns, self.size):
            done += ids.num_rows
            self._tell(f"Reading rows: {done:,}{of}")
            yield ids, self.kinds.of_all(frame)

    def _learn_kinds(self) -> None:
        for _, frame in self.rows.frames(self.asked.columns, self.size):
            self.kinds.add(frame)

    def _first_rows(self) -> pd.DataFrame:
        """The columns on the right, of the first rows that the formula can use."""
        counts = Counts()
        for _, frame in self._frames():
            _, some, _ = self._weighted(frame)
            _, _, source = self._kept(some, counts)
            if len(source):
                return source
        if self.asked.weights and self.counts.weightless == self.counts.seen:
            raise FitError(f"No row has a weight above 0 ({self.asked.weights}).")
        counts.weightless = self.counts.weightless
        refuse_empty(np.zeros(1, dtype=bool), counts.left_out(self.asked, ()))
        raise DesignError("The table has no rows.")

    def _weighted(self, frame: pd.DataFrame) -> tuple[Array, pd.DataFrame, Array | None]:
        """Rows of a weight above 0, and their weights."""
        name = self.asked.weights
        self.counts.seen += len(frame)
        if name is None:
            return np.arange(len(frame)), frame, None
        if frame[name].dtype.kind not in "iufb" and frame[name].notna().any():
            raise ArgumentError(f"The weights {name!r} hold no numbers.")
        each = frame[name].to_numpy(dtype=float, na_value=np.nan)
        odd = each[(each < 0) | np.isinf(each)]
        if odd.size:
            raise ArgumentError(f"A weight is {odd[0]:g}; weights are finite and 0 or more.")
        where = np.flatnonzero(each > 0)
        self.counts.weightless += len(frame) - len(where)
        return where, frame.iloc[where], each[where]

    def _kept(self, frame: pd.DataFrame, counts: Counts) -> tuple[Array, Array, pd.DataFrame]:
        """Which rows have the label and the columns they must; all labels; the columns of those rows."""
        asked = self.asked
        y, self.truth, self.levels = label_values(asked.left, frame)
        found: dict[str, int] = {}
        keep = np.flatnonzero(rows_known((y, asked.left), frame[asked.variables], asked.bare, found))
        for reason, count in found.items():
            counts.unknown[reason] = counts.unknown.get(reason, 0) + count
        return keep, y, without_unused(frame.iloc[keep], asked.variables)[asked.variables]

    def _columns(self, source: pd.DataFrame) -> Array:
        """The design of some rows; those whose levels no row that stays has are undefined elsewhere."""
        if not len(source):
            return np.zeros((0, len(self.names)))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return np.asarray(self.spec.get_model_matrix(source, context=dict(TRANSFORMS)), dtype=float)

    # what terms learn

    def _learn(self) -> None:
        calls = learnt_calls(self.spec, self.asked.variables)
        coded = [
            str(one) for one, (kind, _) in self.spec.encoder_state.items() if kind.value == "categorical"
        ]
        if not calls and not coded:
            return
        plain = [str(one) for one in self.spec.encoder_state if not _learns(str(one), calls)]
        if any(_learns(one, calls) for one in coded):
            raise DesignError(
                "Levels of what is learnt from all rows would take more passes; make the column."
            )
        formula = " + ".join(["1", *dict.fromkeys(self._quoted(uncoded(one)) for one in plain)])
        levels, lost = Levels(), 0
        for _, frame in self._frames():
            _, some, _ = self._weighted(frame)
            _, _, source = self._kept(some, Counts())
            if not len(source):
                continue
            columns, _, _, spec = right_columns(formula, source)
            undefined = np.isnan(columns).any(axis=1)
            if undefined.any():
                lost += int(undefined.sum())
                source = without_unused(source.iloc[np.flatnonzero(~undefined)], self.asked.variables)
                if not len(source):
                    continue
                _, _, _, spec = right_columns(formula, source)
            levels.add(spec)
            for one in calls:
                values = right_columns(f"0 + I({one.of})", source)[0].ravel()
                lost += int(np.isnan(values).sum())
                one.moments.add(values)
        if lost and any(one.name == "bs" for one in calls):
            raise DesignError(
                "bs() beside terms that are undefined in some rows: leave those rows out first."
            )
        if (not levels.found and coded) or any(not one.moments.count for one in calls):
            return
        self.spec = spec_of_all(self.asked.right, self.spec, calls, levels, self.kinds.levels)

    def _quoted(self, factor: str) -> str:
        return f"`{factor}`" if factor in self.asked.variables else factor


def _learns(factor: str, calls: Sequence[Learnt]) -> bool:
    """Whether a factor has a part that learns from all rows."""
    return any(one.key in factor for one in calls)

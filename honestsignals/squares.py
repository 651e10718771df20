"""One variable of all people as a square matrix: from rows, a matrix, a graph, a log or a study."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, listed, unknown
from honestsignals.labels import known_pairs
from honestsignals.metrics.ties import MOST_DENSE
from honestsignals.networks import Network, network_of
from honestsignals.ties_of import numbers_of

if TYPE_CHECKING:
    import pandas as pd

    from honestsignals.dyads import DyadTable
    from honestsignals.study import Study

Array = np.ndarray[Any, np.dtype[Any]]

SELF = "rows of a person about themselves"


@dataclass(frozen=True, eq=False)
class Square:
    """One variable of all people.

    Attributes
    ----------
    name : str
        Name of the variable.
    people : list of Hashable
        Ids; pairs of group and id where the same id in two groups is two people.
    matrix : ndarray, shape (n_people, n_people)
        Row gave column; NaN is not known, the diagonal is not looked at.
    groups : list or None
        Group of each person, where the source has groups of its own.
    left_out : dict of str to int
        Reason to number.
    notes : tuple of str
        What it is of, in words.
    keyed : bool
        Whether people are pairs of group and id.
    """

    name: str
    people: list[Any]
    matrix: Array
    groups: list[Any] | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    keyed: bool = False


def square_of(source: Any, column: str | None, group: object) -> Square:
    """One variable of a source, whatever it is.

    Parameters
    ----------
    source : DyadTable, DataFrame, networkx.DiGraph, ndarray, InteractionLog, Network or Study
        Rows with ``ego`` and ``alter``, a square matrix (row gave column), or what makes a network.
    column : str or None
        Which column, attribute of edges, kind of giving, or label.
    group : object
        The name of a column of groups, or anything else, which is not looked at.

    Raises
    ------
    ArgumentError
        For what is none of these.
    DesignError
        For a column that is the same for both of a pair.
    """
    if hasattr(source, "design") and hasattr(source, "fact"):
        return _of_table(source, column, group)
    if has_rows(source):
        if column is None:
            numeric = [str(name) for name in source.columns if source[name].dtype.kind in "biuf"]
            raise ArgumentError(
                f"column is needed for rows of pairs; numbers are in {listed(numeric) or 'no column'}."
            )
        return _of_rows(source, column, _values(source, column), group)
    if hasattr(source, "log") and hasattr(source, "labels"):
        if column in source.labels:
            return _of_label(source, str(column))
        return _of_network(source, column, source.labels)
    if isinstance(source, Network) or any(hasattr(source, one) for one in ("engine", "is_directed")):
        return _of_network(source, column, ())
    if column is not None:
        raise ArgumentError(f"column={column!r} names a column of rows; a matrix is what it is.")
    return _of_matrix(source)


def has_rows(source: Any) -> bool:
    """Whether a frame has a row a pair, with ego and alter."""
    return hasattr(source, "iloc") and {"ego", "alter"} <= set(getattr(source, "columns", ()))


def _of_table(table: DyadTable, column: str | None, group: object) -> Square:
    """A column of a dyad table: its label where none is named."""
    name = column if column is not None else table.label
    if name is None:
        raise ArgumentError("column is needed: the table has no label.")
    swap = table.fact(name).swap
    if swap != "swap":
        how = "the same for both of a pair" if swap == "same" else "settled for alter by what ego has"
        raise DesignError(
            f"{name!r} is {how}, so there are no giver and receiver of it; take one of a direction, such as "
            "acts_ego."
        )
    square = _of_rows(table.frame, name, _values(table.frame, name), group)
    square = replace(square, notes=table.source)
    if table.directed:
        return square
    other = _partner(name, [str(one) for one in table.frame.columns])
    turned = table.frame.rename(columns={"ego": "alter", "alter": "ego"})
    back = _of_rows(turned, name, _values(table.frame, other), group)
    matrix = np.where(np.isnan(square.matrix), back.matrix, square.matrix)
    return replace(square, matrix=matrix)


def _partner(name: str, columns: list[str]) -> str:
    """Name of what alter has where this is what ego has."""
    for one, other in (("ego", "alter"), ("alter", "ego")):
        if name.endswith(f"_{one}") and f"{name[: -len(one)]}{other}" in columns:
            return f"{name[: -len(one)]}{other}"
        if name.startswith(f"{one}_") and f"{other}{name[len(one) :]}" in columns:
            return f"{other}{name[len(one) :]}"
    raise DesignError(f"{name!r} has no partner column that says what alter has.")


def _values(frame: pd.DataFrame, column: str) -> Array:
    """A column of numbers; what is missing is NaN."""
    if column not in frame.columns:
        raise unknown("column", column, [str(name) for name in frame.columns])
    if frame[column].dtype.kind not in "biuf":
        raise ArgumentError(f"{column!r} holds {frame[column].dtype}; the model is of numbers.")
    values: Array = frame[column].to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any():
        raise ArgumentError(f"{column!r} holds an infinite value; the model is of finite numbers.")
    return values


def _of_rows(frame: pd.DataFrame, name: str, values: Array, group: object) -> Square:
    """Rows with ego and alter, each ordered pair once at most."""
    ego, alter = (frame[side].to_numpy(dtype=object) for side in ("ego", "alter"))
    if frame["ego"].isna().any() or frame["alter"].isna().any():
        raise ArgumentError("A row has no ego or no alter.")
    if frame.empty:
        raise ArgumentError(f"The table of {name} has no rows.")
    named, of_rows = isinstance(group, str), None
    if named and group in frame.columns:
        of_rows = frame[group].to_numpy(dtype=object)
        # who has the same id in two groups is two people
        ego, alter = (_keyed(of_rows, side) for side in (ego, alter))
    people = in_order(set(ego.tolist()) | set(alter.tolist()))
    _refuse_many(len(people))
    code = {one: place for place, one in enumerate(people)}
    rows, columns = (np.array([code[one] for one in side], dtype=np.int64) for side in (ego, alter))
    apart = rows != columns
    places = (rows * len(people) + columns)[apart]
    first, counts = np.unique(places, return_counts=True)
    if (counts > 1).any():
        one, other = divmod(int(first[counts > 1][0]), len(people))
        raise ArgumentError(
            f"{people[one]!r} and {people[other]!r} have {counts.max()} rows in that order; each ordered "
            "pair has one: choose a wave, or take a mean."
        )
    matrix = np.full((len(people), len(people)), np.nan)
    matrix.flat[places] = values[apart]
    left = {SELF: int((~apart).sum())} if not apart.all() else {}
    groups = None
    if of_rows is not None:
        groups = [one[0] for one in people]
    elif named and {f"ego_{group}", f"alter_{group}"} <= set(frame.columns):
        found = dict(zip(ego, frame[f"ego_{group}"], strict=True))
        found |= dict(zip(alter, frame[f"alter_{group}"], strict=True))
        groups = [found[one] for one in people]
    return Square(name, people, matrix, groups, left, keyed=of_rows is not None)


def _keyed(groups: Array, people: Array) -> Array:
    keys = np.empty(len(people), dtype=object)
    keys[:] = list(zip(groups, people, strict=True))
    return keys


def _of_label(study: Study, name: str) -> Square:
    """Answers to a directed label; who did not answer is not known."""
    labels = study.label(name)
    if not labels.directed:
        raise DesignError(
            f"{name!r} is one answer about a pair, so there are no giver and receiver of it; a directed "
            "label has an answer of each of the two."
        )
    people = list(study.log.people)
    _refuse_many(len(people))
    known = known_pairs(labels, len(people), study.block, len(people) ** 2)
    matrix = np.full((len(people), len(people)), np.nan)
    matrix[known.ego, known.alter] = known.value
    note = f"Answers to {name}, of who answered about whom."
    return Square(name, people, matrix, blocks_of(study.block), {}, (note,))


def _of_network(source: Any, column: str | None, labels: Iterable[str]) -> Square:
    """What was given in a log, a study or a graph; nothing given is 0."""
    name = column or "acts"
    if labels and column is not None:
        kinds = ["acts", *source.log.engine.log.kinds]
        if "weight" in source.log.engine.log.has:
            kinds.append("weight")
        if column not in kinds:
            raise unknown("kind of giving or label", column, [*kinds, *labels])
    network = source if isinstance(source, Network) else network_of(source, of=name)
    ties, n = network.ties, network.ties.n_people
    _refuse_many(n)
    matrix = np.zeros((n, n))
    matrix[ties.low, ties.high], matrix[ties.high, ties.low] = ties.forth, ties.back
    if network.block is not None:
        matrix[network.block[:, None] != network.block[None, :]] = np.nan
    elif not ties.complete:
        raise DesignError(
            "The network does not say which of its pairs are not known; give the study and the label's name."
        )
    return Square(name, list(network.people), matrix, blocks_of(network.block), {}, network.notes)


def _of_matrix(source: Any) -> Square:
    matrix = numbers_of(source)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ArgumentError(
            f"The matrix has the shape {matrix.shape}; a row and a column a person make a square. Rows of "
            "pairs need columns 'ego' and 'alter'."
        )
    columns = getattr(source, "columns", None)
    if columns is not None and list(columns) != list(source.index):
        raise ArgumentError("Rows and columns of the frame are not the same people in the same order.")
    people = list(range(len(matrix))) if columns is None else list(columns)
    if len(set(people)) < len(people):
        raise ArgumentError("Two people of the frame have the same name.")
    if np.isinf(matrix[~np.eye(len(matrix), dtype=bool)]).any():
        raise ArgumentError("The matrix holds an infinite value; NaN stands for what is not known.")
    return Square("given", people, matrix, None, {}, ("Matrix: row gave column.",))


def blocks_of(block: Array | None) -> list[Any] | None:
    """The block of each person, as a list."""
    return None if block is None else [int(one) for one in block]


def _refuse_many(n: int) -> None:
    if n > MOST_DENSE:
        raise DesignError(f"{n:,} people: it needs the whole matrix, which is made of up to {MOST_DENSE:,}.")


def in_order(values: Iterable[Hashable]) -> list[Any]:
    """Values in their order, or in that of their words where they have none."""
    values = list(values)
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=lambda one: (type(one).__name__, str(one)))

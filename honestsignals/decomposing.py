"""Between and within: a column of pairs as who gives, who is given to, and what is special to the two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from honestsignals.dyads import Design, DyadTable
from honestsignals.errors import ArgumentError, DesignError, listed, one_of, unknown
from honestsignals.formulas import TRANSFORMS
from honestsignals.inference.decomposition import Parts, effects, means
from honestsignals.inference.words import counted
from honestsignals.metrics.registry import SWAPS, Fact
from honestsignals.standard_errors import codes_of
from honestsignals.tables import number

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
Table = TypeVar("Table", "DyadTable", "pd.DataFrame")

FAMILY = "decomposition"
DEVIATION = {"same": "same", "negate": "negate", "complement": "negate"}
"""What swapping the two does to a deviation, by what it does to the column; else it gives the partner's."""
WAYS = ("means", "effects")


def decompose(
    table: Table,
    columns: str | Sequence[str],
    *,
    weights: str | Sequence[float] | None = None,
    how: str = "means",
    leave_out: bool = False,
) -> Table:
    r"""Split columns into actor, partner and dyad, so that each gets its own coefficient.

    "Reciprocity foretells trust" is often "generous people are trusted". With x seen from ego i towards
    alter j, three columns are added,

    .. math:: x_{ij} = \underbrace{\bar x_{i\cdot}}_{\texttt{x\_actor}}
        + \underbrace{\bar x_{\cdot j}}_{\texttt{x\_partner}} - \bar x
        + \underbrace{d_{ij}}_{\texttt{x\_dyad}},

    the mean over ego's rows, the mean over the rows in which others are ego and alter is alter, and what is
    left to the two. Where rows have no direction there are two, ``x_people``, the mean of both people's
    means (each over all rows of the person), and ``x_dyad``, with
    :math:`x_{ij} = 2\,\bar x_{\{ij\}} - \bar x + d_{ij}`.

    Means are over the rows of this table in which x is known, the row itself included, whether or not a
    model uses them all; so take apart the table that is fitted. :math:`\bar x` is the mean of all those rows
    that are linked through people; nearly always that is every row, but groups that never meet have a mean
    each. The parts of a row whose x is not known are there as far as other rows tell them, its deviation is
    NaN. The parts enter a fit as if they were given: its errors do not know that means were estimated.

    Parameters
    ----------
    table : DyadTable or pandas.DataFrame
        One row a pair. A plain frame needs ``ego`` and ``alter``; its rows count as ordered.
    columns : str or sequence of str
        Columns of numbers, or transforms of one as formulas have them: "log1p(acts)" gives
        ``log1p_acts_actor`` and so on.
    weights : str or sequence of float, optional
        A column, or a number a row, 0 or more, by which rows count in the means; rows without count not.
    how : {"means", "effects"}
        "effects" takes effects of least squares in place of means: then the deviation has mean 0 for every
        person, and its coefficient in a linear model is the within slope, the one with a dummy for every ego
        and every alter, in whatever rows there are (the intercept and the other parts beside it). With means
        that holds where every ego meets every alter; in a round robin of n people, where nobody meets
        themselves, a share of 1 / (n − 1) of the people's effects stays in the deviation. The smaller the
        groups or the more cells are missing, the more "effects" is to be preferred.
    leave_out : bool
        Leave the pair's own rows (in that direction) out of its two means; NaN for who has no other.

    Returns
    -------
    DyadTable or pandas.DataFrame
        The same rows with the new columns at the end; a DyadTable knows what they are, and that parts of a
        label are labels.

    Raises
    ------
    UnknownNameError
        For a column that is not there.
    DesignError
        For a column that depends on who is called ego, where rows have no direction.
    ArgumentError
        For a column that holds no numbers, or weights that are none.

    References
    ----------
    mundlak1978

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> frame = pd.DataFrame({"ego": list("aabbcc"), "alter": list("bcacab"), "gave": [5, 6, 1, 2, 2, 2]})
    >>> decompose(frame, "gave").round(2)
      ego alter  gave  gave_actor  gave_partner  gave_dyad
    0   a     b     5         5.5           3.5       -1.0
    1   a     c     6         5.5           4.0       -0.5
    2   b     a     1         1.5           1.5        1.0
    3   b     c     2         1.5           4.0       -0.5
    4   c     a     2         2.0           1.5        1.5
    5   c     b     2         2.0           3.5       -0.5

    In a formula ``decompose(x)`` stands for the parts, of means; ``decompose(x, effects)`` of effects: those
    of the rows that the model uses, with its weights.

    >>> import honestsignals as hs
    >>> trust = hs.open_study("data/helpdesk").dyads(label="trust")
    >>> fit = hs.fit("trust ~ decompose(log1p(acts_ego), effects)", trust, family="gaussian")
    >>> fit.model.names
    ('Intercept', 'log1p_acts_ego_actor', 'log1p_acts_ego_partner', 'log1p_acts_ego_dyad')
    """
    one_of("how", how, WAYS)
    if leave_out and how != "means":
        raise ArgumentError("leave_out is for means; effects of least squares leave no row out.")
    frame = table.frame if isinstance(table, DyadTable) else table
    first, second = _people(frame)
    w, notes = _weights(frame, weights)
    directed = not isinstance(table, DyadTable) or table.directed
    pair = _pairs(first, second, directed) if leave_out else None
    new: dict[str, Array] = {}
    about: list[Fact] = []
    for wanted in dict.fromkeys([columns] if isinstance(columns, str) else columns):
        name, stem, x = _column(frame, wanted)
        if isinstance(table, DyadTable) and not directed:
            _refuse_ego_only(table, name)
        if how == "effects":
            parts = effects(x, first, second, w, ordered=directed)
        else:
            parts = means(x, first, second, w, pair, ordered=directed)
        made = _made(stem, parts, directed)
        _refuse_taken(frame, new, made)
        new |= made
        notes += _notes(wanted, parts, (how, leave_out))
        if isinstance(table, DyadTable):
            about += _facts(table, name, wanted, made)
    return _with(table, new, about, notes)


def taken_whole(formula: str) -> str:
    """A formula with the column itself where ``decompose(x)`` stands: its rows are those to take apart.

    >>> taken_whole("trust ~ decompose(log1p(gave), effects) * channel")
    'trust ~ (log1p(gave)) * channel'
    """
    for call in reversed(_calls(formula)):
        formula = f"{formula[: call.start]}({call.column}){formula[call.end :]}"
    return formula


def written_out(
    formula: str, table: DyadTable | pd.DataFrame, weights: Array | None = None
) -> tuple[str, DyadTable | pd.DataFrame]:
    """A formula with the parts that ``decompose(x)`` stands for, and the table that has them.

    Parameters
    ----------
    formula : str
        As in ``fit``.
    table : DyadTable or pandas.DataFrame
        The rows.
    weights : ndarray, shape (n,), optional
        By which rows count in means.

    Returns
    -------
    formula : str
    table : DyadTable or pandas.DataFrame
        Both as they were where nothing is to be taken apart.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ego": list("aabbcc"), "alter": list("bcacab"), "gave": [5, 6, 1, 2, 2, 2]})
    >>> written_out("trust ~ decompose(gave) * channel", frame)[0]
    'trust ~ (gave_actor + gave_partner + gave_dyad) * channel'
    """
    for call in reversed(_calls(formula)):
        before = _columns(table)
        apart: Any = table  # of either kind
        how = None if weights is None else weights.tolist()
        table = decompose(apart, call.column, weights=how, how=call.how)
        parts = [name for name in _columns(table) if name not in before]
        formula = f"{formula[: call.start]}({' + '.join(parts)}){formula[call.end :]}"
    return formula, table


class _Call(NamedTuple):
    """One ``decompose(x)`` of a formula."""

    start: int
    end: int
    column: str
    how: str


def _calls(formula: str) -> list[_Call]:
    """What a formula takes apart, and where."""
    found: list[_Call] = []
    if not isinstance(formula, str):
        return found
    for call in re.finditer(r"(?<!\w)decompose\s*\(", formula):
        end = _closing(formula, call.end())
        column, _, how = formula[call.end() : end].partition(",")
        way = re.sub(r"^\s*how\s*=", "", how).strip(" \"'") or "means"
        found.append(_Call(call.start(), end + 1, column.strip(), way))
    return found


def _closing(formula: str, start: int) -> int:
    """Where the parenthesis closes that was opened before ``start``."""
    depth = 1
    for place in range(start, len(formula)):
        depth += {"(": 1, ")": -1}.get(formula[place], 0)
        if depth == 0:
            return place
    raise ArgumentError(f"The formula {formula!r} opens a parenthesis that it does not close.")


def _columns(table: DyadTable | pd.DataFrame) -> list[str]:
    frame = table.frame if isinstance(table, DyadTable) else table
    return [str(name) for name in frame.columns]


def _people(frame: pd.DataFrame) -> tuple[Array, Array]:
    """Codes of ego and alter."""
    if not hasattr(frame, "columns"):
        raise ArgumentError(
            f"table is a {type(frame).__name__}; it must be a DyadTable or a pandas.DataFrame."
        )
    for name in ("ego", "alter"):
        if name not in frame.columns:
            raise ArgumentError(f"The table has no column {name!r}; every row needs the two of its pair.")
        if frame[name].isna().any():
            raise ArgumentError(f"{name} is missing in {int(frame[name].isna().sum()):,} rows.")
    return codes_of(frame[["ego", "alter"]])


def _pairs(first: Array, second: Array, directed: bool) -> Array:
    """A number a pair, that of an ordered one where rows have a direction."""
    low, high = (first, second) if directed else (np.minimum(first, second), np.maximum(first, second))
    people = int(max(first.max(initial=0), second.max(initial=0))) + 1
    return np.asarray(np.unique(low.astype(np.int64) * people + high, return_inverse=True)[1])


def _numbers(frame: pd.DataFrame, name: str) -> Array:
    """A column as numbers, NaN where it is not known."""
    if name not in frame.columns:
        raise unknown("column", name, [str(column) for column in frame.columns])
    column = frame[name]
    if column.dtype.kind not in "iufb":
        raise ArgumentError(f"{name!r} holds no numbers, so it has no mean.")
    return np.array(column.to_numpy(dtype=float, na_value=np.nan))


def _weights(frame: pd.DataFrame, weights: str | Sequence[float] | None) -> tuple[Array, list[str]]:
    """How much each row counts, and what is to be said of those that do not."""
    if weights is None:
        return np.ones(len(frame)), []
    what = f"weights {weights!r}" if isinstance(weights, str) else "weights"
    w = _numbers(frame, weights) if isinstance(weights, str) else np.array(weights, dtype=float)
    if w.shape != (len(frame),):
        raise ArgumentError(
            f"weights has shape {w.shape}; it needs one number for each of {len(frame):,} rows."
        )
    wrong = w[(w < 0) | np.isinf(w)]
    if wrong.size:
        raise ArgumentError(f"{what} has {wrong[0]:g}; a weight is a finite number from 0 on.")
    none = ~(w > 0)
    said = f"Means are weighted by {weights}" if isinstance(weights, str) else "Means are weighted"
    return np.where(none, 0.0, w), [
        f"{said}; {counted(int(none.sum()), 'row')} without weight do not count."
        if none.any()
        else f"{said}."
    ]


def _column(frame: pd.DataFrame, wanted: str) -> tuple[str, str, Array]:
    """The column that is named, how its parts are called, and its numbers."""
    called = re.fullmatch(r"\s*(\w+)\(\s*(\w+)\s*\)\s*", wanted) if isinstance(wanted, str) else None
    if called is None or wanted in frame.columns:
        name, stem, x = wanted, str(wanted), _numbers(frame, wanted)
    else:
        function, name = called.groups()
        if function not in TRANSFORMS:
            raise unknown("transform", function, list(TRANSFORMS))
        with np.errstate(all="ignore"):
            stem, x = (
                f"{function}_{name}",
                np.asarray(TRANSFORMS[function](_numbers(frame, name)), dtype=float),
            )
    if np.isinf(x).any():
        raise ArgumentError(f"{wanted!r} is infinite in some rows, so it has no mean; of counts, take log1p.")
    if np.isnan(x).all():
        raise DesignError(f"{wanted!r} is known in no row.")
    return name, stem, x


def _refuse_ego_only(table: DyadTable, name: str) -> None:
    """Where rows have no direction, what is taken apart must be the same for both."""
    swap = next((one.swap for one in table.about if one.name == name), "same")
    if swap != "same":
        raise DesignError(
            f"{name!r} depends on who is called ego, and {table.label or 'the table'} has no direction: "
            f"swapping the two gives {SWAPS[swap]}. Take apart what is the same for both."
        )


def _made(stem: str, parts: Parts, directed: bool) -> dict[str, Array]:
    """The new columns."""
    if not directed:
        return {f"{stem}_people": (parts.first + parts.second) / 2, f"{stem}_dyad": parts.deviation}
    return {
        f"{stem}_actor": parts.first,
        f"{stem}_partner": parts.second,
        f"{stem}_dyad": parts.deviation,
    }


def _refuse_taken(frame: pd.DataFrame, new: dict[str, Array], made: dict[str, Array]) -> None:
    taken = [name for name in made if name in frame.columns or name in new]
    if taken:
        raise DesignError(f"The table has a column {taken[0]!r} already; take it out, or rename it.")


def _notes(wanted: str, parts: Parts, way: tuple[str, bool]) -> list[str]:
    """What a reader must know of the parts of a column."""
    how, leave_out = way
    said = [f"{parts.groups} groups that never meet, each with its mean"]
    if parts.groups == 1:
        said = [f"mean {number(float(np.nanmax(parts.grand)))}"]
    if how == "effects":
        said.append("effects of people by least squares")
    if leave_out:
        said.append("means without the pair's own rows")
    if parts.alone.any():
        rows = counted(int(parts.alone.sum()), "row")
        said.append(f"in {rows} one of the two has no other, which tells nothing of the two alone")
    return [f"Taken apart: {wanted} ({'; '.join(said)})."]


def _facts(table: DyadTable, name: str, wanted: str, made: dict[str, Array]) -> list[Fact]:
    """What the new columns are; parts of a label are labels."""
    fact = next((one for one in table.about if one.name == name), None)
    swap = fact.swap if fact is not None else ("swap" if table.directed else "same")
    unit = fact.unit if fact is not None and name == wanted else ""
    label = name == table.label or (fact is not None and fact.family == "label")
    meanings = {
        "actor": f"{wanted} over all rows in which ego is ego",
        "partner": f"{wanted} over all rows in which alter is alter",
        "people": f"mean of both people's {wanted} over all rows of each",
        "dyad": f"what of {wanted} is neither the one's nor the other's",
    }
    out = []
    for column in made:
        part = column.rpartition("_")[2]
        turned = DEVIATION.get(swap, "swap") if part == "dyad" else "swap"
        out.append(
            Fact(
                column,
                column,
                "label" if label else FAMILY,
                meanings[part] + (", a part of a label" if label else ""),
                unit=unit,
                range=(-np.inf, np.inf),
                swap=turned if table.directed else "same",
                undefined=f"{wanted} is not known of the row"
                if part == "dyad"
                else "no row tells of the person",
                reference="mundlak1978",
            )
        )
    return out


def _with(table: Table, new: dict[str, Array], about: Sequence[Fact], notes: Sequence[str]) -> Table:
    """The table with the new columns at its end."""
    import pandas as pd

    frame = table.frame if isinstance(table, DyadTable) else table
    wide = pd.concat([frame, pd.DataFrame(new, index=frame.index)], axis=1)
    if not isinstance(table, DyadTable):
        return wide
    return replace(table, frame=wide, about=(*table.about, *about), design=_noted(table.design, about, notes))


def _noted(design: Design, about: Sequence[Fact], notes: Sequence[str]) -> Design:
    """The design with what must be known of the parts."""
    of_label = [one.name for one in about if one.family == "label"]
    more = [f"{listed(of_label)}: parts of a label, so labels too."] if of_label else []
    return replace(design, notes=(*design.notes, *notes, *more))

"""The dyad table: one row a pair, or an ordered pair seen from ego."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.engines.passes import MOST_MOMENTS, Engine, Rows
from honestsignals.errors import DesignError, listed, unknown
from honestsignals.exporting.codebooks import codebook_of
from honestsignals.exporting.writing import export
from honestsignals.glossary import WORDS
from honestsignals.metrics import balance
from honestsignals.metrics.acts import SECOND, Settings
from honestsignals.metrics.columns import choose, describe, plan
from honestsignals.metrics.registry import NO_RANGE, Fact
from honestsignals.printed import Printed
from honestsignals.tables import number, refuse_ending, render

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

MANY_ROWS, MOST_APART = 10_000, 90
"""From how many rows on, and up to how many columns, a table is not copied into blocks."""


@dataclass(frozen=True)
class Design:
    """Which pairs a table has, of how many, and why the others were left out.

    Attributes
    ----------
    label : str or None
        Name of the label.
    label_type : str
        "binary", "ordinal", "continuous", "nominal", or "" without a label.
    directed : bool
        Rows are ordered pairs, seen from ego.
    possible : int
        Pairs (ordered ones where directed) of the people on the roster.
    left_out : mapping of str to int
        Reason to number of pairs.
    asked : str
        When the label was asked, in words.
    notes : tuple of str
        What else a reader must know of the design.
    levels : tuple
        Of an ordinal label, every answer that could be given, from low to high; of others empty.
    """

    label: str | None = None
    label_type: str = ""
    directed: bool = False
    possible: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    asked: str = ""
    notes: tuple[str, ...] = ()
    levels: tuple[str | float, ...] = ()


@dataclass(frozen=True, eq=False)
class DyadTable(Printed):
    """One row a pair, its metrics, its label; what was left out goes with it.

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows: ``ego``, ``alter``, metrics, attributes, labels.
    design : Design
        Which pairs these are, of how many, and why the others were left out.
    about : tuple of Fact
        What each column is, in the order of the columns.
    settings : Settings
        Spans of the event metrics.
    source : tuple of str
        Facts of the log, in words.
    made : pandas.DataFrame or None
        The columns as they were made (sharing their memory with ``frame`` from pandas 3 on): what was put in
        the place of one since is no column of the log's.
    """

    frame: pd.DataFrame
    design: Design
    about: tuple[Fact, ...]
    settings: Settings = field(default_factory=Settings)
    source: tuple[str, ...] = ()
    made: pd.DataFrame | None = None

    @property
    def label(self) -> str | None:
        """Name of the label, or None."""
        return self.design.label

    @property
    def directed(self) -> bool:
        """Whether rows are ordered pairs."""
        return self.design.directed

    @property
    def people(self) -> int:
        """People who occur in a row."""
        codes = np.concatenate([self.frame["ego"].to_numpy(), self.frame["alter"].to_numpy()])
        return len(set(codes.tolist()))

    def __len__(self) -> int:
        return len(self.frame)

    def fact(self, name: str) -> Fact:
        """What a column is.

        Raises
        ------
        UnknownNameError
            Where there is no such column.
        """
        for one in self.about:
            if one.name == name:
                return one
        raise unknown("column", name, [one.name for one in self.about])

    def codebook(self) -> pd.DataFrame:
        """What each column is: meaning, unit, range, symmetry, when undefined, source."""
        return codebook_of(self.about)

    def facts(self) -> list[str]:
        """What a reader must know before the numbers, one sentence an item."""
        design, frame = self.design, self.frame
        what = "ordered pairs" if self.directed else "pairs"
        lines = [*self.source]
        lines.append(f"{len(frame):,} {what} of {design.possible:,} possible, {self.people:,} people.")
        reasons = [f"{count:,} {reason}" for reason, count in design.left_out.items() if count]
        if reasons:
            lines.append(f"Left out: {listed(reasons)}.")
        if design.label is not None:
            lines += [base_rates(frame, design.label, design.label_type), design.asked]
        return [line for line in (*lines, *design.notes) if line]

    def __str__(self) -> str:
        title = f"DyadTable{'' if self.label is None else f' of {self.label}'}"
        names = [str(name) for name in self.frame.columns]
        return "\n".join([title, *self.facts(), f"{len(names)} columns: {listed(names, 14)}."])

    def tidy(self) -> pd.DataFrame:
        """The rows, every column."""
        return self.frame

    def note(self) -> str:
        """What the rows are and rest on, in one line."""
        return " ".join(self.facts())

    def _repr_html_(self) -> str:
        facts = "".join(f"<li>{html.escape(line)}</li>" for line in self.facts())
        return f"<ul>{facts}</ul>{render(self.frame.head(5), 'html')}"

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the rows as CSV (gzipped where the name ends so), with what ``hs.export`` puts beside them.

        Text that a spreadsheet would take for a formula gets an apostrophe before it.
        """
        refuse_ending(path, (".csv", ".csv.gz"))
        export(self, path)


def base_rates(frame: pd.DataFrame, label: str, label_type: str) -> str:
    """Base rate of a label, among all rows and among those in contact."""

    def rate(values: pd.Series) -> str:
        if label_type == "binary":
            return f"{values.mean():.2%} ({int(values.sum()):,} of {len(values):,})"
        if label_type == "nominal":
            counts = values.value_counts().reindex(values.cat.categories)
            return ", ".join(
                f"{name} {count / len(values):.2%} ({count:,})" for name, count in counts.items()
            )
        return f"mean {number(float(values.mean()))} of {len(values):,}"

    values = frame[label].dropna()
    if not len(values):
        return f"Base rate of {label}: no row has one."
    said = f"Base rate of {label}: {rate(values)}"
    if "in_contact" in frame.columns:
        among = frame.loc[frame["in_contact"] == 1, label].dropna()
        if len(among) and len(among) < len(values):
            said += f"; among those in contact {rate(among)}"
    return said + "."


def measured(
    engine: Engine,
    rows: Rows,
    metrics: Sequence[str] | str | None,
    extras: Sequence[tuple[Fact, Any]],
    table: DyadTable,
    *,
    people: Array,
    dated: bool,
) -> DyadTable:
    """A dyad table with its metrics measured.

    Parameters
    ----------
    engine : Engine
        What computes the columns of a log.
    rows : Rows
        Who is ego, who is alter, before when acts count.
    metrics : sequence of str, str or None
        Columns or families; None for all that the log can have, "all" for the symmetric forms too where
        there is no label.
    extras : sequence of (Fact, values)
        Attributes, pair columns and labels.
    table : DyadTable
        Design, settings and source of the table; its frame is not looked at.
    people : ndarray, shape (n_people,)
        Ids by code.
    dated : bool
        Whether time zero is 1970-01-01, so that moments are dates.

    Raises
    ------
    DesignError
        Where two columns have the same name.
    """
    log = engine.log
    rows = replace(rows, directed=table.directed)
    many = len(rows.moments) > MOST_MOMENTS
    has = log.has - {"moments"} if many else log.has
    if many and metrics is None:
        design = replace(table.design, notes=(*table.design.notes, _without_surroundings(len(rows.moments))))
        table = replace(table, design=design)
    # symmetric forms are for undirected labels: a table without a label has them where asked for
    names = choose(metrics, log.kinds, has, table.directed or (table.label is None and metrics != "all"))
    planned = plan(names, log.kinds, has)
    columns = engine.columns(rows, planned, table.settings)
    about = [
        Fact(name, name, "design", WORDS[name].meaning, unit="id", range=NO_RANGE, swap="swap")
        for name in ("ego", "alter")
    ]
    values: dict[str, Any] = {"ego": people[rows.ego], "alter": people[rows.alter]}
    by_name = {column.name: column for column in planned}
    for name in names:
        about.append(describe(by_name[name]))
        values[name] = shown(about[-1], columns[name], dated)
    for fact, given in extras:
        if fact.name in values:
            clash = next(one for one in about if one.name == fact.name)
            raise DesignError(
                f"Two columns are called {fact.name!r}: a column of {clash.family} and one of {fact.family}. "
                "Rename it in the study's files."
            )
        about.append(fact)
        # labels and attributes belong to the study: who changes the frame must not change them
        values[fact.name] = copy(given)
    frame = _frame(values)
    return replace(table, frame=frame, about=tuple(about), made=_kept(frame))


def _kept(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns as they are now, whatever is done to the frame: a view, or a copy before pandas 3."""
    import pandas as pd

    # before copy-on-write, what is set in a frame is set in its views
    return frame.copy(deep=int(pd.__version__.partition(".")[0]) < 3)


def _without_surroundings(moments: int) -> str:
    return (
        f"Pairs were asked at {moments:,} moments, so there are no columns that rest on everybody's ties "
        "as of each (totals, attention, shared contacts, chance given totals)."
    )


def _frame(values: dict[str, Any]) -> pd.DataFrame:
    """The rows; in a large table a column stays where it was computed, or goes beside its neighbours.

    Copying a million pairs into blocks of one type, as pandas does, takes longer than measuring them. But
    pandas warns of a hundred columns outside blocks as soon as somebody adds one, so of a wide table the
    longest runs of neighbours of one type share a block: as few as will do.
    """
    import pandas as pd

    if len(values["ego"]) < MANY_ROWS:
        return pd.DataFrame(values)
    if len(values) <= MOST_APART:
        return pd.DataFrame(values, copy=False)
    runs = [dict(run) for _, run in groupby(values.items(), key=lambda item: _plain_type(item[1]))]
    apart, together = len(values), set()
    for place in sorted(range(len(runs)), key=lambda place: -len(runs[place])):
        if apart > MOST_APART and len(runs[place]) > 1:
            together.add(place)
            apart -= len(runs[place]) - 1
    frames = [
        _block(run) if place in together else pd.DataFrame(run, copy=False) for place, run in enumerate(runs)
    ]
    return pd.concat(frames, axis=1)


def _plain_type(values: Any) -> Any:
    """Type of a plain column of numbers; what tells any other column from its neighbours."""
    plain = isinstance(values, np.ndarray) and values.dtype.kind in "iuf"
    return values.dtype if plain else id(values)


def _block(values: dict[str, Any]) -> pd.DataFrame:
    """Columns of one type as one block."""
    import pandas as pd

    first = next(iter(values.values()))
    block = np.empty((len(values), len(first)), dtype=first.dtype)
    for row, column in enumerate(values.values()):
        block[row] = column
    return pd.DataFrame(block.T, columns=list(values), copy=False)


def contact(engine: Engine, rows: Rows) -> Array:
    """Whether the two of each row acted before the row's label was asked (bool, shape (n_rows,))."""
    planned = plan(["in_contact"], engine.log.kinds, engine.log.has)
    return engine.columns(rows, planned, Settings())["in_contact"] == 1


def shown(fact: Fact, values: Array, dated: bool) -> Any:
    """A column as the frame holds it: moments as dates where they are, states as words."""
    if fact.unit == "state":
        import pandas as pd

        return pd.Categorical.from_codes(values.astype(np.int8), categories=pd.Index(balance.STATES))
    if fact.unit == "time" and dated:
        known = ~np.isnan(values)
        moments = np.full(len(values), np.datetime64("NaT"), dtype="datetime64[us]")
        moments[known] = np.rint(values[known] * SECOND).astype(np.int64).astype("datetime64[us]")
        return moments
    return values

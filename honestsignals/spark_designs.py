"""Rows and columns of dyad tables on Spark: what is measured there, and what rests on everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from honestsignals.engines.bucket_work import closure, rests_on_all, sees
from honestsignals.engines.pair_parts import FLIPPED, Asked
from honestsignals.engines.passes import FAR, Rows, around, second_pass, ties_columns
from honestsignals.engines.spark import SparkEngine, collected, together
from honestsignals.engines.spark_ties import TiesOnSpark, of_workers
from honestsignals.errors import MOST_SHOWN, ArgumentError, DesignError, Problem, bad_input, listed
from honestsignals.glossary import WORDS
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.columns import Column, choose, describe, plan
from honestsignals.metrics.registry import NO_RANGE, Fact
from honestsignals.readers.ids import places_of
from honestsignals.spark_tables import shown_columns
from honestsignals.tables import number

Array = np.ndarray[Any, np.dtype[Any]]

SIDES = (("ego", "alter"), ("source", "target"))
"""Columns of ids that answers may have."""
SELF, STRANGER, SILENT, TWICE = (
    "a person with themselves",
    "a person without acts",
    "no answer",
    "the same answer twice",
)


@dataclass(frozen=True, eq=False)
class SparkLabel:
    """Answers about pairs, one row a pair, in the order of pairs.

    Attributes
    ----------
    name : str
    ego, alter : ndarray of int32
        Codes; the lower first where answers have no direction.
    value : ndarray of float64
    left_out : dict of str to int
        Reasons, and rows.
    """

    name: str
    ego: Array
    alter: Array
    value: Array
    left_out: dict[str, int]


@dataclass(frozen=True, eq=False)
class SparkDesign:
    """Which table is made.

    Attributes
    ----------
    engine : SparkEngine
    settings : Settings
    before : int or None
        Only acts strictly before it count.
    directed : bool
        Rows are ordered pairs, seen from ego.
    dated : bool
        Whether times have a calendar.
    joined : bool
        Whether workers join what rests on everybody's ties; else it is worked out on the driver, which takes
        less time where these are few.
    label : SparkLabel or None
    """

    engine: SparkEngine
    settings: Settings
    before: int | None
    directed: bool
    dated: bool
    joined: bool = False
    label: SparkLabel | None = None


def frame_of(design: SparkDesign, metrics: Sequence[str] | str | None) -> tuple[Any, tuple[Fact, ...]]:
    """The table as a Spark DataFrame, and what its columns are.

    What rests on everybody's ties, or on all rows, is worked out here and goes back to the pairs, or by the
    workers (``design.joined``).

    Parameters
    ----------
    design : SparkDesign
    metrics : sequence of str, str or None
        As in ``InteractionLog.dyads``.
    """
    engine, label = design.engine, design.label
    log = engine.log
    names = choose(metrics, log.kinds, log.has, design.directed or (label is None and metrics != "all"))
    if label is not None and label.name in names:
        raise DesignError(f"Two columns are called {label.name!r}: a metric and the label. Rename the label.")
    planned = plan(names, log.kinds, log.has)
    of_all = [column for column in planned if rests_on_all(column)]
    joined = [column for column in of_all if design.joined and _joins(column, planned)]
    of_all = [column for column in of_all if column not in joined]
    facts = [describe(column) for column in planned if column.name in set(names)]
    facts = sorted(facts, key=lambda fact: names.index(fact.name))
    rows: Rows | None = None
    given: dict[str, Array] = {}
    if of_all or label is not None:
        rows, given = _over_all(design, planned, of_all)
    if label is not None:
        facts.append(_label_fact(label, design.directed))
        given[label.name] = label.value
    asked = Asked(
        log,
        tuple(names),
        design.settings,
        design.before,
        met=True,
        directed=design.directed,
        given=tuple((name, str(values.dtype)) for name, values in given.items()),
        follows=rows is not None,
    )
    coming = [] if rows is None else [engine.rows_frame(rows, list(given.values()))]
    if joined:
        ties = TiesOnSpark(engine, joined, design.before, coming[0] if label is not None else None)
        found = ties.found(design.directed)
        asked, coming = found.asked(asked), [*(one.drop(FLIPPED) for one in coming), *found.frames]
    frame = engine.table(asked, shown_columns(facts, design.dated), together(coming))
    ids = [
        Fact(name, name, "design", WORDS[name].meaning, unit="id", range=NO_RANGE, swap="swap")
        for name in ("ego", "alter")
    ]
    return frame, (*ids, *facts)


def _joins(column: Column, planned: Sequence[Column]) -> bool:
    """Whether workers work out a column that rests on more than the row's pair."""
    if not column.form:
        return of_workers(column)
    by_name = {one.name: one for one in planned}
    return all(_joins(by_name[name], planned) for name in column.inputs)


def _over_all(
    design: SparkDesign, planned: Sequence[Column], of_all: Sequence[Column]
) -> tuple[Rows, dict[str, Array]]:
    """Rows of the table, and the columns that rest on more than the row's pair."""
    engine, before = design.engine, design.before
    kinds = list(dict.fromkeys(column.kind for column in of_all if sees(column)))
    wanted = closure([column for column in of_all if not sees(column)], planned)
    needed = [column for column in planned if column.name in wanted]
    if design.label is None:
        rows, known = _gathered(design, kinds, needed)
    else:
        label = design.label
        moments = None if before is None else np.full(len(label.ego), before)
        rows = Rows(label.ego, label.alter, moments, design.directed)
        known = engine.columns(rows, needed, design.settings) if needed else {}
    found = {column.name: around(column, rows, engine) for column in of_all if sees(column)}
    found = second_pass(known | found, needed, rows, engine)
    return rows, {column.name: found[column.name] for column in of_all}


def _gathered(
    design: SparkDesign, kinds: Sequence[str], needed: Sequence[Column]
) -> tuple[Rows, dict[str, Array]]:
    """Pairs in contact, and statistics of each: collected at once, everybody's ties among them."""
    engine, before = design.engine, design.before
    statistics = [one.name for one in needed if one.entry.fact.statistic and not one.form]
    names = dict.fromkeys([*(name for kind in kinds for name in ties_columns(kind)), *statistics])
    asked = Asked(engine.log, tuple(names), design.settings, before, met=True)
    low, high, found = engine.gathered(asked)
    for kind in kinds:
        engine.keep_ties(kind, FAR if before is None else before, engine.ties_of(kind, low, high, found))
    rows = Rows(low, high, None if before is None else np.full(len(low), before))
    return rows, {name: found[name] for name in statistics}


def rows_of(design: SparkDesign, pairs: int) -> list[str]:
    """How many rows there are, of how many possible, and what was left out."""
    n = len(design.engine.people)
    possible = n * (n - 1) // 2
    if design.label is None:
        return [
            f"{pairs:,} pairs of {possible:,} possible, {n:,} people.",
            f"Left out: {possible - pairs:,} not in contact.",
        ]
    label, what = design.label, "ordered pairs" if design.directed else "pairs"
    left = listed(f"{count:,} ({reason})" for reason, count in label.left_out.items() if count)
    return [
        f"{len(label.ego):,} {what} with an answer, in contact or not, "
        f"of {possible * (1 + design.directed):,} possible; {n:,} people.",
        f"Mean of {label.name}: {number(float(label.value.mean()))}." if len(label.ego) else "No answers.",
        f"Answers left out: {left}." if left else "Answers left out: none.",
    ]


def _label_fact(label: SparkLabel, directed: bool) -> Fact:
    whose = "ego's answer about alter" if directed else "answer about the pair"
    bounds = (float(label.value.min(initial=0)), float(label.value.max(initial=0)))
    swap = "swap" if directed else "same"
    return Fact(label.name, label.name, "label", f"{label.name}: {whose}", range=bounds, swap=swap)


def labels_of(frame: Any, people: Array, *, directed: bool) -> SparkLabel:
    """Answers from a Spark DataFrame, collected: one row a pair.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        ``ego`` and ``alter`` (or ``source`` and ``target``), and one column of numbers.
    people : ndarray
        Ids by code.
    directed : bool
        Whether answers are ego's about alter.

    Raises
    ------
    ArgumentError
        For other columns, or answers that are no numbers.
    InputError
        For two answers about one pair that differ.
    """
    sides = next((pair for pair in SIDES if set(pair) <= set(frame.columns)), None)
    others = [name for name in frame.columns if sides is not None and name not in sides]
    if sides is None or len(others) != 1:
        raise ArgumentError(
            f"labels has the columns {listed(frame.columns)}; it must have ego and alter (or source "
            "and target) and one of answers: choose them with select."
        )
    name = others[0]
    table = collected(frame.select(*sides, name))
    kind = table.schema.field(name).type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise ArgumentError(
            f"labels: {name} has the type {kind}; answers must be numbers, or true and false."
        )
    codes = [places_of(table.column(side).cast(pa.string()).combine_chunks(), people) for side in sides]
    value = pc.fill_null(table.column(name).cast(pa.float64()), np.nan).to_numpy()
    if np.isinf(value).any():
        raise ArgumentError(f"labels: {name} has an answer that is not finite.")
    return _one_a_pair(name, (codes[0], codes[1]), value, people, directed=directed)


def _one_a_pair(
    name: str, pair: tuple[Array, Array], value: Array, people: Array, *, directed: bool
) -> SparkLabel:
    """Answers in the order of pairs; the same one twice counts once, two that differ are an error."""
    ego, alter = pair
    strange = (ego < 0) | (alter < 0)
    itself, silent = ~strange & (ego == alter), np.isnan(value)
    keep = ~(strange | itself | silent)
    left = {STRANGER: int(strange.sum()), SELF: int(itself.sum())}
    left[SILENT] = int((silent & ~strange & ~itself).sum())
    ego, alter, value = ego[keep], alter[keep], value[keep]
    if not directed:
        ego, alter = np.minimum(ego, alter), np.maximum(ego, alter)
    order = np.lexsort((value, alter, ego))
    ego, alter, value = ego[order], alter[order], value[order]
    again = np.zeros(len(ego), dtype=bool)
    again[1:] = (ego[1:] == ego[:-1]) & (alter[1:] == alter[:-1])
    clash = np.flatnonzero(again & np.append(False, value[1:] != value[:-1]))
    if len(clash):
        problems = [
            Problem(
                "labels",
                None,
                name,
                float(value[at]),
                f"about {people[ego[at]]} and {people[alter[at]]} is not what another row says: "
                f"{value[at - 1]:g}",
            )
            for at in clash[:MOST_SHOWN].tolist()
        ]
        hint = "" if directed else "The answers have no direction: say directed=True if they have one."
        raise bad_input(problems, len(clash), hint)
    left[TWICE] = int(again.sum())
    return SparkLabel(name, ego[~again], alter[~again], value[~again], left)

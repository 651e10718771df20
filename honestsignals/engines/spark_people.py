"""People on Spark: everybody's pairs are brought together by person, and measured where they lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from honestsignals.engines.pair_parts import PART_ROWS, Asked, empty_columns, whole_pairs
from honestsignals.engines.passes import ties_columns
from honestsignals.engines.spark import SparkEngine, collected, mapped
from honestsignals.engines.spark_parts import places_in_order
from honestsignals.errors import DesignError
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.circles import Circle
from honestsignals.metrics.levels import measure
from honestsignals.metrics.registry import GIVEN, WAITS, Entry

Array = np.ndarray[Any, np.dtype[Any]]
SPELL = {"wait": pa.int64(), "cut": pa.bool_()}
"""Columns of a wait for somebody's reply, which is a row without an alter."""


@dataclass(frozen=True)
class OfCircles:
    """What is asked of whole circles.

    Attributes
    ----------
    plan : tuple of Entry
        Statistics of circles.
    given : tuple of (str, str)
        Columns of what ego and alter gave.
    horizon : int, microseconds
        Up to when a reply is awaited.
    """

    plan: tuple[Entry, ...]
    given: tuple[str, str]
    horizon: int

    def values(self, circle: Circle) -> dict[str, Array]:
        """Every statistic, one value a person."""
        found = measure(self.plan, {"circle": circle})
        for name, why in found.refused.items():
            raise DesignError(f"{name!r}: {why}")
        return found.values


def circles_on_spark(
    engine: SparkEngine,
    plan: Sequence[Entry],
    *,
    of: str,
    before: int | None,
    settings: Settings,
) -> dict[str, Array]:
    """Statistics of everybody's circle: one row a person comes here, and none of a pair.

    Parameters
    ----------
    engine : SparkEngine
    plan : sequence of Entry
        Person metrics; those that are no statistics of circles are passed over.
    of : str
        What was given: "" for acts, "weight", or the suffix of a kind.
    before : int or None
        Only acts strictly before it count.
    settings : Settings

    Returns
    -------
    dict of str to ndarray, shape (n_people,)
    """
    own = tuple(entry for entry in plan if entry.sees == ("circle",))
    reads = list(dict.fromkeys(name for entry in own for name in entry.reads))
    asked = OfCircles(own, ties_columns(of), settings.reply_horizon)
    names = tuple(dict.fromkeys([*asked.given, *(name for name in reads if name not in (*GIVEN, WAITS))]))
    sides = Asked(engine.log, names, settings, before, (False, True), met=True, directed=True)
    rows = engine.table(sides, lambda one: {name: one.columns[name] for name in names})
    if WAITS in reads:
        rows = rows.unionByName(engine.waits_of_people(settings, before), allowMissingColumns=True)
    nobody = np.empty(0, dtype=np.int64)
    none = dict.fromkeys(SPELL, nobody) if WAITS in reads else {}
    alone = asked.values(_circle(1, (nobody, nobody), empty_columns(sides) | none, asked))
    schema = pa.schema(
        [("ego", engine.no_ids.type), *((name, pa.array(values).type) for name, values in alone.items())]
    )

    def work(batches: Iterator[Any]) -> Iterator[Any]:
        for part in whole_pairs(batches, PART_ROWS, ["ego"]):
            people, values = of_circles(part, asked)
            yield from pa.table([people, *values], schema=schema).to_batches(PART_ROWS)

    found = collected(mapped(rows.repartition("ego").sortWithinPartitions("ego"), work, schema))
    place = engine.places_of(found.column("ego").combine_chunks())
    out: dict[str, Array] = {}
    for name, values in alone.items():
        # whoever is in no pair has what people without acts have
        out[name] = np.repeat(values, len(engine.people))
        out[name][place] = found.column(name).to_numpy()
    return out


def of_circles(table: Any, asked: OfCircles) -> tuple[Any, list[Array]]:
    """Statistics of some people, all of whose rows and waits are there.

    Parameters
    ----------
    table : pyarrow.Table
        ``ego``, ``alter`` and columns of their pair; or ``ego``, a wait, and no alter.
    asked : OfCircles

    Returns
    -------
    people : pyarrow.Array
        Ids.
    values : list of ndarray, shape (n_people,)
    """
    of_pairs = pc.is_valid(table.column("alter"))
    ids, ego, alter = places_in_order(table.column("ego"), table.column("alter"))
    # egos alone are counted, in the order of all
    there = np.unique(ego)
    ego = np.searchsorted(there, ego)
    pairs = np.flatnonzero(of_pairs.to_numpy())
    pairs = pairs[np.lexsort((alter[pairs], ego[pairs]))]
    columns = {}
    for name in table.column_names:
        if name not in ("ego", "alter", *SPELL):
            columns[name] = table.column(name).take(pa.array(pairs)).to_numpy()
    if "wait" in table.column_names:
        waits = table.filter(pc.invert(of_pairs))
        who = ego[np.flatnonzero(~of_pairs.to_numpy())]
        columns |= {"who": who, **{name: waits.column(name).to_numpy() for name in SPELL}}
    circle = _circle(len(there), (ego[pairs], alter[pairs]), columns, asked)
    return ids.take(pa.array(there)), list(asked.values(circle).values())


def _circle(n: int, pair: tuple[Array, Array], columns: dict[str, Array], asked: OfCircles) -> Circle:
    """Some people's pairs, sorted by ego and alter, as person metrics take them."""
    waits = None
    if "wait" in columns:
        waits = columns.get("who", columns["wait"]), columns["wait"], columns["cut"]
    given = {name: columns[one] for name, one in zip(GIVEN, asked.given, strict=True)}
    could = np.ones(len(pair[0]), dtype=bool)
    return Circle(n, *pair, {**columns, **given}, could, waits, asked.horizon)

"""Everybody's ties on Spark: totals of people and shared contacts worked out where the ties lie.

Nothing as long as the list of pairs comes to the driver, but acts of pairs for one number (`scale_of`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from honestsignals.engines.local import LocalEngine
from honestsignals.engines.pair_parts import (
    FLIPPED,
    OF_PERSON,
    PAIR,
    PART_ROWS,
    SHARED,
    Asked,
    packed,
    whole_pairs,
)
from honestsignals.engines.passes import Rows, around, ties_columns
from honestsignals.engines.spark import SparkEngine, collected, mapped, together
from honestsignals.engines.spark_parts import (
    ASKS,
    BLOCK,
    DEGREES,
    INNER,
    OTHER,
    PERSON,
    TOLD,
    OfPeople,
    of_people,
    shared_of_block,
)
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.columns import Column
from honestsignals.metrics.columns import column as column_of
from honestsignals.metrics.embeddedness import SHARED_NAMES
from honestsignals.metrics.shrinkage import beta_prior
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]

MOST_TIES = 4_000_000
"""Ties of a block: some 100 bytes of memory each while its triangles are listed."""
TALLIED = ("prior_ego",)
"""Columns that rest on how often there are which counts, and on nothing else."""
ROW_BY_ROW = ("give_share_shrunk", "give_share_shrunk_low", "give_share_shrunk_high")
"""Columns that rest on all rows through these alone."""
SCALES = ("phir_scale",)
"""Columns that are one number of all ties, which is the same to the bit in their order alone."""
SIZES = ("size_ego",)
SMALL = 2**30
"""Acts of one to one other up to which a pair's are held in four bytes."""


@dataclass(frozen=True, eq=False)
class Found:
    """What was found of everybody's ties, for the pairs of a table.

    Attributes
    ----------
    of_all, of_people, shared
        As in ``Asked``.
    frames : list of pyspark.sql.DataFrame
        What comes to the pairs.
    """

    of_all: tuple[tuple[str, float], ...]
    of_people: tuple[tuple[str, str, str], ...]
    shared: tuple[str, ...]
    frames: list[Any]

    def asked(self, asked: Asked) -> Asked:
        """The same question, with what comes."""
        return replace(asked, of_all=self.of_all, of_people=self.of_people, shared=self.shared)


def of_workers(column: Column) -> bool:
    """Whether a column that rests on more than the row's pair is worked out by the workers."""
    name, entry = column.entry.fact.name, column.entry
    if entry.sees and not entry.fact.statistic:
        return entry.fact.swap == "swap" or name in (*SHARED_NAMES, *SCALES)
    return name in (*TALLIED, *ROW_BY_ROW)


class TiesOnSpark:
    """What the two of every pair gave one another before a moment, where it lies.

    Parameters
    ----------
    engine : SparkEngine
    planned : sequence of Column
        Columns of the table that workers work out, and rest on more than the row's pair.
    before : int or None
        Only acts strictly before it count.
    rows : pyspark.sql.DataFrame, optional
        ``low`` and ``high`` of the table's rows, and whether the higher is ego; pairs in contact without.
    """

    def __init__(
        self, engine: SparkEngine, planned: Sequence[Column], before: int | None, rows: Any = None
    ) -> None:
        self._engine, self._rows = engine, rows
        self._planned = [one for one in planned if not one.form and of_workers(one)]
        kinds = dict.fromkeys(["", *(one.kind for one in self._planned)])
        self._kinds = [""]
        self._columns = {kind: ties_columns(kind) for kind in kinds}
        names = tuple(dict.fromkeys(name for pair in self._columns.values() for name in pair))
        asked = Asked(engine.log, names, Settings(), before, met=True)
        self._ties = engine.kept(asked)

    def found(self, directed: bool) -> Found:
        """All of them: what comes to the driver is here when it is back, the rest when the table is made."""
        most, ties = self._sizes()
        of_all = [
            *((one.name, self._scale(one, most.get(one.kind, 0))) for one in self._named(SCALES)),
            *self._priors(directed),
        ]
        own = {one.name: one for one in self._planned if one.entry.fact.swap == "swap" and one.entry.sees}
        columns = tuple(replace(one, side="ego", name=_seen_from("ego", one)) for one in own.values())
        columns = tuple({one.name: one for one in columns}.values())
        told = tuple((one.name, _seen_from("alter", one), self._type(one)) for one in columns)
        self._kinds = list(dict.fromkeys(["", *(one.kind for one in columns)]))
        frames = [self._of_people(columns, most)] if columns else []
        kinds = tuple(dict.fromkeys(one.kind for one in self._named(SHARED_NAMES)))
        frames += [self._shared(kind, code, ties[kind]) for code, kind in enumerate(kinds)]
        return Found(tuple(of_all), told, kinds, frames)

    def _named(self, names: Sequence[str]) -> list[Column]:
        return [one for one in self._planned if one.entry.fact.name in names]

    # one number of all

    def _sizes(self) -> tuple[dict[str, float], dict[str, int]]:
        """The most that anybody gave one other, and the number of ties, by kind."""
        from pyspark.sql import functions

        asked = []
        for place, (low, high) in enumerate(self._columns.values()):
            there = functions.when((functions.col(low) != 0) | (functions.col(high) != 0), 1).otherwise(0)
            largest = functions.max(functions.greatest(low, high)).cast("double")
            asked += [functions.sum(there).alias(f"ties{place}"), largest.alias(f"most{place}")]
        row = collected(self._ties.agg(*asked)).to_pylist()[0]
        ties = {kind: row[f"ties{place}"] or 0 for place, kind in enumerate(self._columns)}
        most = {kind: row[f"most{place}"] for place, kind in enumerate(self._columns) if ties[kind]}
        return most, ties

    def _scale(self, column: Column, most: float) -> float:
        """A number of all ties in their order: how much each pair gave in all comes here."""
        one, other = self._columns[column.kind]
        given = (self._ties[one] + self._ties[other]).cast("int" if most < SMALL else "long")
        ties = self._of_kind(column.kind).orderBy("ego", "alter")
        forth = collected(ties.select(given.alias("given"))).column("given").to_numpy()
        # who it is makes no difference to it: they are all between the same two
        low, high = (np.broadcast_to(np.int64(code), len(forth)) for code in (0, 1))
        found = Ties(2, low, high, forth, low, 1)
        first = np.zeros(1, dtype=np.int64)
        return float(column.entry.function(found, first, first + 1)[0])

    def _priors(self, directed: bool) -> list[tuple[str, float]]:
        """Fitted priors: each two counts that there are come here, and how often they are there."""
        out = []
        for kind in dict.fromkeys(one.kind for one in self._named(TALLIED)):
            found = collected(self._counts(list(self._columns[kind])))
            often = found.column("count").to_numpy()
            for one in self._named(TALLIED):
                if one.kind == kind:
                    ego, alter = (found.column(name).to_numpy() for name in one.inputs[:2])
                    out.append((one.name, beta_prior(ego, alter, directed, often)[0]))
        return out

    def _counts(self, names: list[str]) -> Any:
        """What ego and alter of rows gave one another, and how many rows have the same."""
        from pyspark.sql import functions

        counts = self._ties.select("ego", "alter", *names)
        if self._rows is not None:
            pair = (self._rows.low == counts.ego) & (self._rows.high == counts.alter)
            there = self._rows.join(counts, pair, "left")
            sides = [
                functions.when(there[FLIPPED], there[turned]).otherwise(there[name]).alias(name)
                for name, turned in zip(names, names[::-1], strict=True)
            ]
            counts = there.select(*sides).fillna(0, names)
        return counts.groupBy(*names).count()

    # of people

    def _type(self, column: Column) -> str:
        """Type of a column."""
        nobody = np.empty(0, dtype=np.int64)
        engine = LocalEngine(replace(self._engine.log, n_people=2))
        return str(around(column, Rows(nobody, nobody), engine).dtype)

    def _halves(self, kinds: Sequence[str], rows: Any = None, own: Any = None) -> Any:
        """Each tie from both sides, and rows that ask where it is not the ties, by person."""
        from pyspark.sql import functions

        ties = self._ties if own is None else own
        names = list(dict.fromkeys(name for kind in kinds for name in self._columns[kind]))
        told = functions.lit(rows is None).alias(TOLD)
        sides = [("ego", "alter"), ("alter", "ego")]
        parts = [ties.select(ties[a].alias(PERSON), ties[b].alias(OTHER), told, *names) for a, b in sides]
        if rows is not None:
            asks = functions.lit(True).alias(TOLD)
            pairs = rows.select(*PAIR).distinct()
            for a, b in (PAIR, PAIR[::-1]):
                parts.append(pairs.select(pairs[a].alias(PERSON), pairs[b].alias(OTHER), asks))
        found = parts[0]
        for part in parts[1:]:
            found = found.unionByName(part, allowMissingColumns=True)
        return found.repartition(PERSON).sortWithinPartitions(PERSON)

    def _of_people(self, columns: tuple[Column, ...], most: dict[str, float]) -> Any:
        """Columns of people, sent to each row that they are in."""
        kinds = self._kinds
        sized = {one.kind for one in columns if one.entry.fact.name in SIZES}
        asked = OfPeople(
            columns,
            {kind: self._columns[kind] for kind in kinds},
            {kind: value for kind, value in most.items() if kind in sized},
        )
        schema = pa.schema([*self._ids(), (OF_PERSON, pa.binary())])

        def work(batches: Iterator[Any]) -> Iterator[Any]:
            for part in whole_pairs(batches, PART_ROWS, [PERSON]):
                low, high, upper, values = of_people(part, asked)
                yield from _batches([low, high, packed(upper, values)], schema)

        return mapped(self._halves(kinds, self._rows), work, schema)

    # of three

    def _shared(self, kind: str, code: int, number: int) -> Any:
        """Sums over the contacts that the two of a row share, sent to the row."""
        rows = self._asking(kind)
        asking = rows is not None
        groups = max(1, math.ceil(math.sqrt(6 * number / MOST_TIES)))
        schema = pa.schema([*self._ids(), (SHARED, pa.binary())])

        def work(batches: Iterator[Any]) -> Iterator[Any]:
            for part in whole_pairs(batches, PART_ROWS, [BLOCK]):
                for block in _blocks(part):
                    low, high, many, weight = shared_of_block(block, asking=asking)
                    words = packed(np.zeros(len(many), dtype=bool), [np.full(len(many), code), many, weight])
                    yield from _batches([low, high, words], schema)

        edges = together([self._edges(kind), *([rows] if asking else [])])
        return mapped(self._in_blocks(edges, groups), work, schema)

    def _asking(self, kind: str) -> Any:
        """Rows of the table, where they are not simply the ties; of a kind, others may share contacts too."""
        from pyspark.sql import functions

        if self._rows is None and not kind:
            return None
        ties = self._ties
        rows = (
            ties.select(ties.ego.alias("low"), ties.alter.alias("high")) if self._rows is None else self._rows
        )
        return rows.select(*PAIR).distinct().withColumn(ASKS, functions.lit(True))

    def _edges(self, kind: str) -> Any:
        """Ties with the contacts of both people."""
        from pyspark.sql import functions

        contacts = column_of(f"contacts_ego__{kind}" if kind else "contacts_ego", self._engine.log.kinds)
        asked = OfPeople((contacts,), {kind: self._columns[kind]}, {})
        schema = pa.schema([*self._ids(), ("upper", pa.bool_()), ("contacts", pa.int64())])

        def work(batches: Iterator[Any]) -> Iterator[Any]:
            for part in whole_pairs(batches, PART_ROWS, [PERSON]):
                low, high, upper, (values,) = of_people(part, asked)
                yield from _batches([low, high, upper, values], schema)

        # every pair in contact is a tie: then Spark brings these together once, for this and for totals
        halves = self._halves(self._kinds) if not kind else self._halves([kind], None, self._of_kind(kind))
        halves = mapped(halves, work, schema)
        sides = [
            functions.sum(functions.when(halves.upper == upper, halves.contacts).otherwise(0)).alias(name)
            for upper, name in zip((False, True), DEGREES, strict=True)
        ]
        return halves.groupBy(*PAIR).agg(*sides).withColumn(ASKS, functions.lit(False))

    def _of_kind(self, kind: str) -> Any:
        """Pairs that gave one another something of a kind."""
        one, other = self._columns[kind]
        return self._ties.where((self._ties[one] != 0) | (self._ties[other] != 0))

    def _in_blocks(self, edges: Any, groups: int) -> Any:
        """Each tie in every block that has both its people's groups, one block after another."""
        from pyspark.sql import functions

        group = [functions.pmod(functions.xxhash64(name), functions.lit(groups)).alias(name) for name in PAIR]
        one, other = group
        third = functions.explode(functions.sequence(functions.lit(0), functions.lit(groups - 1)))
        dealt = edges.withColumn("one", one).withColumn("other", other).withColumn("third", third)
        least, middle, most = (
            functions.sort_array(functions.array("one", "other", dealt.third.cast("long")))[at]
            for at in range(3)
        )
        block = (least * groups + middle) * groups + most
        inner = (functions.col("one") == functions.col("other")) & (
            functions.col("one") != functions.col("third")
        )
        chosen = dealt.select(*PAIR, *DEGREES, ASKS, inner.alias(INNER), block.alias(BLOCK))
        return chosen.repartition(BLOCK).sortWithinPartitions(BLOCK)

    def _ids(self) -> list[tuple[str, Any]]:
        return [(name, self._engine.no_ids.type) for name in PAIR]


def _seen_from(side: str, column: Column) -> str:
    """Name of a column as seen from one side."""
    stem = column.entry.fact.name.removesuffix("_ego") + f"_{side}"
    return f"{stem}__{column.kind}" if column.kind else stem


def _batches(arrays: list[Any], schema: Any) -> Iterator[Any]:
    yield from pa.table(arrays, schema=schema).to_batches(PART_ROWS)


def _blocks(table: Any) -> Iterator[Any]:
    """Each block of a table in which they follow one another."""
    block = table.column(BLOCK).to_numpy()
    edges = [0, *(np.flatnonzero(block[1:] != block[:-1]) + 1).tolist(), len(block)]
    for start, stop in pairwise(edges):
        yield table.slice(start, stop - start)

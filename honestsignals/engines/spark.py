"""The engine of logs that lie on Spark: acts brought together by pair, and measured where they lie."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from honestsignals.engines.local import KEPT_TIES, LocalEngine
from honestsignals.engines.pair_parts import (
    ASKED,
    FLIPPED,
    PAIR,
    Asked,
    Measured,
    coded,
    empty_columns,
    measured,
    packed,
    whole_pairs,
)
from honestsignals.engines.passes import FAR, LogColumns, Rows, second_pass, ties_columns
from honestsignals.errors import DesignError
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.columns import Column
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]
Shown = Callable[[Measured], dict[str, Any]]
ROWS_OUT = 10_000
"""Rows of a batch that goes back, where the session does not say."""
WAITS = ("place", "for_ego", "wait", "cut")


class SparkEngine:
    """Pairs and columns of acts in a Spark DataFrame.

    Parameters
    ----------
    acts : pyspark.sql.DataFrame
        Checked acts: ``low``, ``high``, ``from_low``, and the columns that the log has.
    frame : LogColumns
        The log without its acts: columns that it has are empty.
    people : ndarray
        Ids in their one order.
    places_of : callable
        Codes of an Arrow array of ids.
    """

    def __init__(
        self, acts: Any, frame: LogColumns, people: Array, places_of: Callable[[Any], Array]
    ) -> None:
        self.acts, self._frame, self.people, self.places_of = acts, frame, people, places_of
        self._ties: dict[tuple[str, int], Ties] = {}
        self._kept: tuple[Asked, Any] | None = None

    @property
    def log(self) -> LogColumns:
        """The log without its acts: the columns that it has are empty."""
        return self._frame

    @property
    def most_rows(self) -> int:
        """No bound: what comes to the driver is held there, and each part would be a job of its own."""
        return FAR

    # what any engine does

    def pairs(self) -> tuple[Array, Array]:
        """Codes of the two of every pair with an act that counts as giving, the lower first, sorted."""
        found = collected(self.acts.select(*PAIR).distinct())
        low, high = (self.places_of(found.column(name).combine_chunks()) for name in PAIR)
        order = np.lexsort((high, low))
        return low[order], high[order]

    def columns(self, rows: Rows, plan: Sequence[Column], settings: Settings) -> dict[str, Array]:
        """Every planned column, one value a row, whatever the rows are and in whatever order."""
        statistics = [one for one in plan if one.entry.fact.statistic and not one.form]
        bare = LocalEngine(replace(self._frame, n_people=len(self.people)))
        joined = bare.statistics(rows, statistics, settings)
        for moment in rows.moments.tolist():
            at = (
                np.flatnonzero(rows.before == moment) if rows.before is not None else np.arange(len(rows.ego))
            )
            own = replace(rows, ego=rows.ego[at], alter=rows.alter[at], before=None)
            asked = self._asked([one.name for one in statistics], settings, own, moment)
            ego, alter, found = self.gathered(asked)
            place, there = self._look_up(own, ego, alter)
            for name, values in found.items():
                joined[name][at[there]] = values[place[there]]
        return second_pass(joined, plan, rows, self)

    def waits(self, rows: Rows, settings: Settings) -> tuple[Array, Array, Array, Array]:
        """Waits of each row for a reply: row, whether for ego's, microseconds, whether the end cut it off."""
        parts: list[tuple[Array, ...]] = []
        for moment in rows.moments.tolist():
            at = np.arange(len(rows.ego)) if rows.before is None else np.flatnonzero(rows.before == moment)
            own = replace(rows, ego=rows.ego[at], alter=rows.alter[at], before=None)
            asked = self._asked([], settings, own, moment)
            table = collected(self._waits(asked))
            ego, alter = (self.places_of(table.column(name).combine_chunks()) for name in ("ego", "alter"))
            columns = [table.column(name).to_numpy() for name in WAITS]
            order = np.lexsort((own.alter, own.ego))
            row, there = self._look_up(Rows(ego, alter), own.ego[order], own.alter[order])
            row = at[order][row[there]]
            parts.append((row, *(one[there] for one in columns)))
        row, place, *others = (np.concatenate(one) for one in zip(*parts, strict=True))
        order = np.lexsort((place, row))
        for_ego, wait, cut = (one[order] for one in others)
        return row[order], for_ego, wait, cut

    def waits_of_people(self, settings: Settings, before: int | None) -> Any:
        """Waits as a Spark DataFrame: ``ego``, who is waited for, ``wait`` and ``cut``."""
        from pyspark.sql import functions

        found = self._waits(Asked(self._frame, (), settings, before))
        waited_for = functions.when(found.for_ego, found.ego).otherwise(found.alter)
        return found.select(waited_for.alias("ego"), "wait", "cut")

    def ties(self, kind: str = "", before: int = FAR) -> Ties:
        """What the two of every pair gave one another before a moment: collected once."""
        if (kind, before) not in self._ties:
            names = ties_columns(kind)
            asked = Asked(self._frame, names, Settings(), None if before == FAR else before)
            low, high, found = self.gathered(asked)
            self._ties[kind, before] = self.ties_of(kind, low, high, found)
            while len(self._ties) > KEPT_TIES:
                del self._ties[next(iter(self._ties))]
        return self._ties[kind, before]

    # what Spark does

    def together(self, rows: Any = None) -> Any:
        """Acts (and what comes with them), each pair's in one partition and one after another."""
        from pyspark.sql import functions

        source = self.acts
        if rows is not None:
            source = source.unionByName(rows, allowMissingColumns=True)
        columns = [functions.col(name) for name in PAIR]
        return source.repartition(*columns).sortWithinPartitions(*columns)

    def table(self, asked: Asked, shown: Shown, rows: Any = None) -> Any:
        """A Spark DataFrame of the rows and columns that are asked for.

        Parameters
        ----------
        asked : Asked
        shown : callable
            Of measured columns, those of the table as they are shown: an Arrow array or what becomes one.
        rows : pyspark.sql.DataFrame, optional
            What comes with the acts: ``asked.coming``.
        """
        nobody = Measured(self.no_ids, self.no_ids, empty_columns(asked))
        types = as_table(nobody, shown).schema
        size = batch_rows(self.acts.sparkSession)

        def work(batches: Iterator[Any]) -> Iterator[Any]:
            for part in whole_pairs(batches):
                yield from as_table(measured(part, asked), shown).cast(types).to_batches(size)

        return mapped(self.together(rows), work, types)

    def kept(self, asked: Asked) -> Any:
        """Columns of every pair as a Spark DataFrame that workers keep, until others are asked for."""
        if self._kept is None or self._kept[0] != asked:
            if self._kept is not None:
                self._kept[1].unpersist()
            names = asked.names
            found = self.table(asked, lambda one: {name: one.columns[name] for name in names})
            self._kept = asked, found.persist()
        return self._kept[1]

    def gathered(self, asked: Asked) -> tuple[Array, Array, dict[str, Array]]:
        """Columns of every pair, collected: codes of ego and alter, sorted, and one value a row."""
        names = asked.names
        found = collected(self.table(asked, lambda one: {name: one.columns[name] for name in names}))
        ego, alter = (self.places_of(found.column(name).combine_chunks()) for name in ("ego", "alter"))
        order = np.lexsort((alter, ego))
        columns = {name: np.asarray(found.column(name).to_numpy())[order] for name in names}
        return ego[order], alter[order], columns

    def rows_frame(self, rows: Rows, columns: Sequence[Array]) -> Any:
        """Rows of a table and what comes with them, as a Spark DataFrame that goes among the acts."""
        from pyspark.sql import types

        low, high = np.minimum(rows.ego, rows.alter), np.maximum(rows.ego, rows.alter)
        ids = pa.array(self.people) if self.people.dtype != object else pa.array(self.people, pa.string())
        table = pa.table(
            {
                "low": ids.take(pa.array(low)),
                "high": ids.take(pa.array(high)),
                FLIPPED: rows.ego > rows.alter,
                ASKED: packed(rows.ego > rows.alter, columns),
            }
        )
        kind = types.LongType() if self.people.dtype != object else types.StringType()
        schema = types.StructType(
            [
                *(types.StructField(name, kind) for name in PAIR),
                types.StructField(FLIPPED, types.BooleanType()),
                types.StructField(ASKED, types.BinaryType()),
            ]
        )
        with quiet():
            return self.acts.sparkSession.createDataFrame(table, schema)

    def ties_of(self, kind: str, low: Array, high: Array, columns: dict[str, Array]) -> Ties:
        """Ties from the columns of what each of two gave."""
        forth, back = (columns[name] for name in ties_columns(kind))
        there = (forth != 0) | (back != 0)
        n = len(self.people)
        given = forth[there], back[there]
        return Ties(n, low[there], high[there], *given, n * (n - 1) // 2, counts=kind != "weight")

    def keep_ties(self, kind: str, before: int, ties: Ties) -> None:
        """Everybody's ties, collected with what else is asked for; those of one moment are kept."""
        self._ties = {key: kept for key, kept in self._ties.items() if key[1] == before}
        self._ties[kind, before] = ties

    def _asked(self, names: Sequence[str], settings: Settings, rows: Rows, moment: int) -> Asked:
        flipped = rows.ego > rows.alter
        sides = tuple(side for side, some in ((False, ~flipped), (True, flipped)) if some.any()) or (False,)
        return Asked(self._frame, tuple(names), settings, None if moment == FAR else moment, sides)

    def _look_up(self, rows: Rows, ego: Array, alter: Array) -> tuple[Array, Array]:
        """Where each row stands among sorted pairs, and whether it does."""
        n = len(self.people)
        keys, wanted = ego.astype(np.int64) * n + alter, rows.ego.astype(np.int64) * n + rows.alter
        place = np.searchsorted(keys, wanted)
        there = place < len(keys)
        there[there] = keys[place[there]] == wanted[there]
        return place, there

    @property
    def no_ids(self) -> Any:
        """Ids of nobody."""
        return pa.array([], pa.string() if self.people.dtype == object else pa.int64())

    def _waits(self, asked: Asked) -> Any:
        """Waits of every pair as a Spark DataFrame."""
        kind = self.no_ids.type
        fields = [("ego", kind), ("alter", kind), ("place", pa.int64())]
        fields += [("for_ego", pa.bool_()), ("wait", pa.int64()), ("cut", pa.bool_())]
        schema = pa.schema(fields)
        size = batch_rows(self.acts.sparkSession)

        def work(batches: Iterator[Any]) -> Iterator[Any]:
            for part in whole_pairs(batches):
                yield from pa.table(_waited(part, asked), schema=schema).to_batches(size)

        return mapped(self.together(), work, schema)


def _waited(table: Any, asked: Asked) -> dict[str, Any]:
    """Waits of some whole pairs, in the order in which each pair has them."""
    log, people, _ = coded(table, asked.frame)
    engine = LocalEngine(log)
    low, high = engine.pairs()
    ego = np.concatenate([high if turned else low for turned in asked.sides])
    alter = np.concatenate([low if turned else high for turned in asked.sides])
    before = None if asked.before is None else np.full(len(ego), asked.before)
    row, for_ego, wait, cut = engine.waits(Rows(ego, alter, before), asked.settings)
    found: dict[str, Any] = {
        "ego": people.take(pa.array(ego[row])),
        "alter": people.take(pa.array(alter[row])),
        "place": np.arange(len(row), dtype=np.int64),
    }
    return found | {"for_ego": for_ego, "wait": wait.astype(np.int64), "cut": cut}


def together(frames: Sequence[Any]) -> Any:
    """Rows of several Spark DataFrames, null where one has no such column; None of none."""
    found = None
    for one in frames:
        found = one if found is None else found.unionByName(one, allowMissingColumns=True)
    return found


def as_table(found: Measured, shown: Shown) -> Any:
    """Measured rows as an Arrow table; text for words of few states."""
    values = {"ego": found.ego, "alter": found.alter, **shown(found)}
    arrays = {name: pa.array(one) if not isinstance(one, pa.Array) else one for name, one in values.items()}
    return pa.table(
        {
            name: one.cast(pa.string()) if pa.types.is_dictionary(one.type) else one
            for name, one in arrays.items()
        }
    )


# Spark itself


def mapped(frame: Any, work: Callable[[Iterator[Any]], Iterator[Any]], schema: Any) -> Any:
    """A Spark DataFrame of what a function makes of the Arrow batches of each partition."""
    from pyspark.sql.pandas.types import from_arrow_type
    from pyspark.sql.types import StructField, StructType

    fields = [StructField(one.name, from_arrow_type(one.type, True)) for one in schema]
    with quiet():
        return frame.mapInArrow(work, StructType(fields))


def collected(frame: Any) -> Any:
    """All rows of a Spark DataFrame, as an Arrow table.

    Raises
    ------
    DesignError
        Where they do not fit onto the driver, or workers lack this package.
    """
    with quiet(), explained():
        return frame.toArrow()


def batch_rows(session: Any) -> int:
    """Rows of a batch that goes to and fro, as the session has it."""
    size = int(session.conf.get("spark.sql.execution.arrow.maxRecordsPerBatch", str(ROWS_OUT)))
    return size if size > 0 else 1_000_000


@contextmanager
def quiet() -> Iterator[None]:
    """Without Spark's warning about pandas: no frame of pandas goes through it here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


@contextmanager
def explained() -> Iterator[None]:
    """What Spark says in a page of Java, in a sentence where it is known.

    Raises
    ------
    DesignError
    """
    try:
        yield
    except Exception as error:
        said = str(error)
        if "No module named 'honestsignals'" in said or "No module named 'pyarrow'" in said:
            raise DesignError(
                "Spark's workers run a Python without honestsignals: install it there too, or set "
                "PYSPARK_PYTHON to the Python that has it before the session starts."
            ) from error
        if "maxResultSize" in said:
            raise DesignError(
                "Everybody's ties do not fit onto the driver: they are over spark.driver.maxResultSize. "
                "Raise it, or ask for metrics that rest on the pair's own acts alone (metrics=[...])."
            ) from error
        raise

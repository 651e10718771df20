"""Reads acts from a Spark DataFrame: checked where they lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from honestsignals.engines.passes import LogColumns
from honestsignals.engines.spark import SparkEngine, collected, mapped
from honestsignals.errors import DesignError, listed
from honestsignals.progress import progress
from honestsignals.readers.acts import ActOptions, check_options
from honestsignals.readers.faults import whole_source
from honestsignals.readers.ids import order_people, places_of
from honestsignals.readers.kinds import check_kinds, kind_slug
from honestsignals.readers.mapping import map_columns, unread_columns
from honestsignals.readers.spark_frame import (
    SURVEY,
    TYPES,
    Check,
    SparkFrame,
    Survey,
    acts_schema,
    checked_acts,
    read_names,
    survey_of,
    surveyed,
)
from honestsignals.readers.staging import WHOLE_LOG
from honestsignals.readers.times import parse_origin, refuse_mixed_zones, settle_unit
from honestsignals.spark_logs import SparkLog

UNSEEN = {"topic": np.int32, "conversation": np.int32}


def is_spark(source: object) -> bool:
    """Whether something is a Spark DataFrame, without loading Spark.

    >>> is_spark([1, 2])
    False
    """
    return type(source).__module__.startswith("pyspark.sql.") and hasattr(source, "mapInArrow")


def read_spark(frame: Any, columns: Mapping[str, str] | None, options: ActOptions) -> SparkLog:
    """Read a log from a Spark DataFrame: every row checked where it lies.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        Acts.
    columns, options
        As in ``read_log``.

    Raises
    ------
    InputError
        With what stands in up to ten rows that break a rule.
    DesignError
        Where ``columns`` names what only a log in memory can have.
    """
    source = SparkFrame(tuple(frame.columns))
    twice = sorted({column for column in source.columns if source.columns.count(column) > 1})
    if twice:
        raise whole_source(source, None, f"names two columns {listed(map(repr, twice))}")
    mapping = _mapping(source, columns)
    check_options(options, mapping, source)
    if options.duplicates == "drop":
        raise DesignError(
            "A log on Spark does not look for duplicates: leave them out before, with dropDuplicates()."
        )
    chosen = _chosen(frame, read_names(mapping))
    check = Check(source, mapping, _unit(chosen, mapping, options, source), options)
    with progress() as tell:
        tell("Checking rows on Spark")
        survey, ids, kinds = _surveyed(chosen, check)
    if survey.refused is not None:
        raise survey.refused
    if not survey.rows:
        raise whole_source(source, None, "has no rows")
    if options.bad_rows == "error" and survey.faults:
        raise survey.error(source)
    refuse_mixed_zones(survey.times, mapping.get("time", ""), source)
    if "kind" in mapping:
        check_kinds(source, mapping["kind"], kinds)
    return _log(chosen, check, (survey, ids, kinds), source.name, unread_columns(source, mapping))


def _mapping(source: SparkFrame, columns: Mapping[str, str] | None) -> dict[str, str]:
    """Keys of acts to columns; what takes all acts at once is not read, and refused where asked for."""
    mapping = map_columns(source, columns)
    if columns is None:
        return {key: name for key, name in mapping.items() if key not in WHOLE_LOG}
    wrong = [key for key in WHOLE_LOG if key in mapping]
    if wrong:
        why = listed(f"{WHOLE_LOG[key]} ({key})" for key in wrong)
        raise DesignError(
            f"A log on Spark cannot have {listed(wrong)}: {why}, which takes all acts at once. "
            "Leave them out of columns."
        )
    return mapping


def _chosen(frame: Any, names: list[str]) -> Any:
    """The columns that are read, under names of our own: a dot in theirs would stand for a part of one."""
    from pyspark.sql import functions

    quoted = (name.replace("`", "``") for name in names)
    return frame.select(*(functions.col(f"`{name}`").alias(f"c{at}") for at, name in enumerate(quoted)))


def _unit(chosen: Any, mapping: Mapping[str, str], options: ActOptions, source: SparkFrame) -> str | None:
    """What times are written in; one stamp is looked at where nobody says and the type does not."""
    if "time" not in mapping or options.time_unit in ("s", "ms"):
        return options.time_unit if "time" in mapping else None
    column = chosen[f"c{read_names(mapping).index(mapping['time'])}"]
    first = collected(chosen.select(column).where(column.isNotNull()).limit(1))
    return settle_unit(first.column(0), options.time_unit, mapping["time"], source)


def _surveyed(chosen: Any, check: Check) -> tuple[Survey, Any, list[str]]:
    def work(batches: Iterator[Any]) -> Iterator[Any]:
        from pyspark import TaskContext

        context = TaskContext.get()
        yield from surveyed(batches, check, -1 if context is None else context.partitionId())

    return survey_of(collected(mapped(chosen, work, SURVEY).distinct()))


def _log(
    chosen: Any, check: Check, found: tuple[Survey, Any, list[str]], name: str, unread: tuple[str, ...]
) -> SparkLog:
    survey, ids, kinds = found
    mapping, options = check.mapping, check.options
    people = order_people(ids)
    origin = parse_origin(options.time_origin)
    shift = (origin or 0) if "time" in mapping else 0
    schema = acts_schema(mapping, people.dtype != object)

    def work(batches: Iterator[Any]) -> Iterator[Any]:
        yield from checked_acts(batches, check, schema, kinds, shift)

    acts = mapped(chosen, work, schema)
    clock = "wave" if "wave" in mapping else "time" if "time" in mapping else None
    dated = clock == "time" and (check.unit == "iso" or origin is not None)
    first, last = survey.edges or (-shift, -shift)
    frame = _frame(schema, len(people), (clock or "", first + shift, last + shift), kinds)
    engine = SparkEngine(acts, frame, people, partial(places_of_ids, people=people))
    return SparkLog(engine, tuple(kinds), survey.acts, survey.left_out, (clock, dated), name, unread)


def places_of_ids(ids: Any, people: Any) -> Any:
    """Codes of Arrow ids."""
    return places_of(ids.to_numpy() if people.dtype != object else ids, people)


def _frame(schema: Any, people: int, clock: tuple[str, int, int], kinds: list[str]) -> LogColumns:
    """The log as an engine takes it, without its acts."""
    empty: dict[str, Any] = {
        column: np.empty(0, dtype=UNSEEN.get(column) or TYPES[column].to_pandas_dtype())
        if column in schema.names
        else None
        for column in TYPES
    }
    nobody = np.empty(0, dtype=np.int32)
    slugs = tuple(kind_slug(kind) for kind in kinds)
    return LogColumns(
        n_people=people,
        sender=nobody,
        receiver=nobody,
        clock=clock[0],
        start=clock[1],
        end=clock[2],
        kinds=slugs,
        **empty,
    )

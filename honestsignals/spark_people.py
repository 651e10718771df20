"""People of logs on Spark: one row a person comes to the driver, and none of a pair where none has to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from honestsignals.engines.pair_parts import Asked
from honestsignals.engines.passes import FAR, ties_columns
from honestsignals.engines.spark import SparkEngine, collected
from honestsignals.engines.spark_people import circles_on_spark
from honestsignals.metric_table import MetricTable
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.levels import Measured, measure, planned
from honestsignals.networks import Log, notes_of_log, size_in_words, suffix_of
from honestsignals.people import named_metrics, of_all_acts, people_table


def people_on_spark(
    log: Log,
    engine: SparkEngine,
    metrics: Sequence[str] | str | None,
    *,
    of: str,
    until: int,
    settings: Settings,
) -> MetricTable:
    """Metrics of everybody, worked out where the pairs lie.

    Only metrics that are functions of all ties at once need these on the driver: they come where one is asked
    for.

    Parameters
    ----------
    log : SparkLog
    engine : SparkEngine
        What measures it.
    metrics : sequence of str, str or None
        Names or families; None for all that the log can have.
    of : str
        What was given: "acts", "weight", or a kind.
    until : int
        Only acts strictly before it count.
    settings : Settings
    """
    names = named_metrics(metrics, engine.log.has)
    plan, suffix = planned("person", names), suffix_of(engine, of)
    before = None if until == FAR else until
    values = circles_on_spark(engine, plan, of=suffix, before=before, settings=settings)
    of_ties = any(entry.sees == ("ties",) for entry in plan)
    seen = {"ties": engine.ties(suffix, until)} if of_ties else {}
    found = measure(plan, seen, known=Measured(dict(values)))
    facts = [*notes_of_log(log, of), _size(engine, suffix, before)]
    table = people_table(found, names, engine.people, facts)
    return replace(table, notes=(*table.notes, *of_all_acts(names, of)))


def _size(engine: SparkEngine, kind: str, before: int | None) -> str:
    """How large the network is, counted on Spark."""
    from pyspark.sql import functions

    forth, back = ties_columns(kind)
    ties = engine.kept(Asked(engine.log, (forth, back), Settings(), before, met=True))
    counted = [
        functions.count_if(test)
        for test in (ties[forth] > 0, ties[back] > 0, (ties[forth] > 0) | (ties[back] > 0))
    ]
    row = collected(ties.agg(*(one.alias(f"n{at}") for at, one in enumerate(counted)))).to_pylist()[0]
    n = len(engine.people)
    return size_in_words(n, row["n0"] + row["n1"], row["n2"], n * (n - 1) // 2)

"""People: the metrics of everybody, as a table with one row a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from honestsignals.engines.circles import both_sides, circles_of
from honestsignals.engines.passes import FAR
from honestsignals.errors import DesignError, listed
from honestsignals.metric_table import MetricTable
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.circles import Circle
from honestsignals.metrics.levels import Measured, chosen, found, measure_in_parts, planned
from honestsignals.metrics.registry import GIVEN, NEEDS, NO_RANGE, Fact, entries
from honestsignals.networks import Log, Network, network_of, suffix_of

Array = np.ndarray[Any, np.dtype[Any]]

MOST_SHOWN = 10
"""Metrics up to which a table prints them all."""
SHOWN = (
    "given",
    "received",
    "net_giver",
    "contacts",
    "reciprocity_out",
    "reciprocity_in",
    "reciprocity_weighted",
)
"""What a wider table prints; the frame and the files have every column."""


def people_of_log(
    log: Log,
    metrics: Sequence[str] | str | None = None,
    *,
    of: str = "acts",
    until: int = FAR,
    settings: Settings | None = None,
    network: Network | None = None,
) -> MetricTable:
    """Metrics of everybody in a log.

    Parameters
    ----------
    log : InteractionLog
        Who gave whom what.
    metrics : sequence of str, str or None
        Names or families; None for all that the log can have.
    of : str
        What was given: "acts", "weight", or a kind. What rests on times (who answers, who goes first) is
        of all acts that count as giving.
    until : int
        Only acts strictly before it count.
    settings : Settings, optional
        Spans of the event metrics.
    network : Network, optional
        The same as a network, where some pairs could not be.
    """
    has = log.engine.log.has
    names = named_metrics(metrics, has)
    circles = circles_of(log.engine, planned("person", names), suffix_of(log.engine, of), until, settings)
    table = _table(network or network_of(log, of=of, until=until), circles, names)
    return replace(table, notes=(*table.notes, *of_all_acts(names, of)))


def of_all_acts(names: Sequence[str], of: str) -> tuple[str, ...]:
    """What a table says of columns that are of all acts, whatever else was given."""
    of_acts = [name for name in names if not _of_given_alone(name)]
    if of == "acts" or not of_acts:
        return ()
    return (f"Of all acts that count as giving, whatever else is given here: {listed(of_acts)}.",)


def people_of_network(network: Network, metrics: Sequence[str] | str | None = None) -> MetricTable:
    """Metrics of everybody in a network: of a label, a graph or a matrix.

    Parameters
    ----------
    network : Network
        Ties and people; those who could not answer are told apart where it knows of them.
    metrics : sequence of str, str or None
        Names or families; None for all that do not rest on acts.
    """
    names = [name for name in named_metrics(metrics, frozenset(NEEDS)) if _of_given_alone(name)]
    asked = [] if metrics is None else [metrics] if isinstance(metrics, str) else list(metrics)
    for name in asked:
        if name in entries("person") and name not in names:
            raise DesignError(f"{name!r} rests on acts; of a network there are ties alone.")
    return _table(network, [network.circle or _circle(network)], names)


def named_metrics(metrics: Sequence[str] | str | None, has: frozenset[str]) -> list[str]:
    """Names of the metrics of a table; an error where one needs what is not there."""
    names = chosen("person", metrics, has)
    for name in names:
        lacking = found("person", name).fact.needs - set(has) - {"moments"}
        if lacking:
            words = listed(NEEDS[need] for need in sorted(lacking))
            raise DesignError(f"{name!r} needs {words}, and this log has none.")
    return names


def _of_given_alone(name: str) -> bool:
    """Whether a metric rests on what was given and got alone, and on no acts."""
    return all(set(entry.reads) <= set(GIVEN) for entry in planned("person", [name]))


def _circle(network: Network) -> Circle:
    """Everybody's pairs of a network in which all could answer."""
    ties = network.ties
    ego, alter, order = both_sides(ties)
    columns = {
        "given_ego": np.concatenate([ties.forth, ties.back])[order],
        "given_alter": np.concatenate([ties.back, ties.forth])[order],
    }
    return Circle(ties.n_people, ego, alter, columns, np.ones(len(ego), dtype=bool))


def _table(network: Network, circles: Iterable[Circle], names: Sequence[str]) -> MetricTable:
    """The rows, one a person; of a network that knows who was asked, those who answered."""
    measured = measure_in_parts(planned("person", names), circles, {"ties": network.ties})
    asked = network.ties.n_people if network.circle is None else network.circle.n_people
    for name in names:
        value = measured.values[name]
        if network.places is not None and name not in measured.refused and len(value) == asked:
            measured.values[name] = value[network.places]
    return people_table(measured, names, network.people, network.facts())


def people_table(
    measured: Measured, names: Sequence[str], people: Array, facts: Sequence[str]
) -> MetricTable:
    """The rows, one a person; what refuses these data is NaN, and said.

    Parameters
    ----------
    measured : Measured
        One value a person.
    names : sequence of str
        Columns, in order.
    people : ndarray, shape (n_people,)
        Ids by code.
    facts : sequence of str
        What the metrics are of.
    """
    import pandas as pd

    values: dict[str, Any] = {"person": people}
    for name in names:
        if name in measured.refused and list(names) == [name]:
            raise DesignError(f"{name!r}: {measured.refused[name]}")
        values[name] = np.full(len(people), np.nan) if name in measured.refused else measured.values[name]
    about = [entries("person")[name].fact for name in names]
    whose = Fact("person", "person", "design", "whose metrics these are", unit="id", range=NO_RANGE)
    notes = [*facts]
    notes += [f"{name} is not here: {why}" for name, why in measured.refused.items() if name in names]
    shown = ("person", *names) if len(names) <= MOST_SHOWN else ("person", *SHOWN)
    columns = (whose, *(replace(fact, level="person") for fact in about))
    return MetricTable("People metrics", pd.DataFrame(values), columns, tuple(notes), shown)

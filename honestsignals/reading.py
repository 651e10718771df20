"""Where logs come from: files and tables, and graphs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, overload

from honestsignals.errors import ArgumentError
from honestsignals.graph import edge_rows
from honestsignals.log import InteractionLog
from honestsignals.readers.acts import ActOptions, acts_read, read_acts
from honestsignals.readers.addresses import is_address, parse_address
from honestsignals.readers.database import DatabaseTable
from honestsignals.readers.folder import fixed_part, is_pattern
from honestsignals.readers.source import open_source
from honestsignals.spark_reading import is_spark, read_spark

if TYPE_CHECKING:
    import networkx as nx

    from honestsignals.spark_logs import SparkLog


class OnSpark(Protocol):
    """A Spark DataFrame, to readers of types."""

    @property
    def sparkSession(self) -> Any:  # noqa: N802 - Spark's name
        """The session that it belongs to."""


@overload
def read_log(  # type: ignore[overload-overlap]
    source: OnSpark,
    *,
    columns: Mapping[str, str] | None = ...,
    table: str | None = ...,
    time_unit: str | None = ...,
    time_origin: str | None = ...,
    bad_rows: str = ...,
    duplicates: str = ...,
    depth_layers: Sequence[str] | None = ...,
) -> SparkLog: ...


@overload
def read_log(
    source: object,
    *,
    columns: Mapping[str, str] | None = ...,
    table: str | None = ...,
    time_unit: str | None = ...,
    time_origin: str | None = ...,
    bad_rows: str = ...,
    duplicates: str = ...,
    depth_layers: Sequence[str] | None = ...,
) -> InteractionLog: ...


def read_log(
    source: object,
    *,
    columns: Mapping[str, str] | None = None,
    table: str | None = None,
    time_unit: str | None = None,
    time_origin: str | None = None,
    bad_rows: str = "error",
    duplicates: str = "keep",
    depth_layers: Sequence[str] | None = None,
) -> InteractionLog | SparkLog:
    """Read a log of acts, checking every row.

    Parameters
    ----------
    source : path, address, pandas.DataFrame, Spark DataFrame or object with ``__arrow_c_stream__``
        CSV, gzipped CSV or Parquet by the ending; a folder of such files, or a pattern of their names
        ("acts/*.parquet"), where folders called ``kind=help`` are columns; the address of a database
        ("postgresql://user@host/database", "sqlite:///acts.db"); or a table of pandas, Polars, pyarrow,
        DuckDB. A Spark DataFrame is read and measured where it lies.
    columns : mapping of str to str, optional
        Names of the columns by what they are: ``sender``, ``receiver``, ``time``, ``wave``, ``id``,
        ``count``, ``kind``, ``weight``, ``duration``, ``depth``, ``topic``, ``channel``,
        ``context``, ``conversation``, ``reply_to``, ``reporter``. Without it, every column that is
        called so is read; with it, only those it names (and ``sender`` and ``receiver``), and the log says
        which other columns are called so.
    table : str, optional
        Of a database: the table or view, as "schema.table" where need be, or a query in parentheses.
    time_unit : {"iso", "s", "ms"}, optional
        Unit of the time column; may be left out where times are dates.
    time_origin : str, optional
        "relative", or the date that seconds or milliseconds count from.
    bad_rows : {"error", "leave out"}
        Rows that break a rule are an error that names them, or are left out and counted by reason.
    duplicates : {"keep", "drop"}
        What happens to rows that are equal in every column read.
    depth_layers : sequence of str, optional
        Words that depth is written in, the outermost layer first, as ["peripheral", "intermediate",
        "core"]: they become 0, 1, 2. Without it, depth is a number, or an ordered pandas Categorical, whose
        categories are its layers.

    Returns
    -------
    InteractionLog
        ``SparkLog`` of a Spark DataFrame.

    Raises
    ------
    InputError
        With file, line, column, value and rule of up to ten rows that break a rule.

    Examples
    --------
    >>> import pandas as pd
    >>> log = read_log(pd.DataFrame({"sender": ["a", "b", "a"], "receiver": ["b", "a", "c"]}))
    >>> log
    InteractionLog DataFrame
    3 acts, 3 people, 2 dyads in contact.
    No times.
    Left out: nothing.
    """
    if is_spark(source):
        on_spark = ActOptions(time_unit, time_origin, bad_rows, duplicates, depth_layers=depth_layers)
        return read_spark(source, columns, on_spark)
    if table is not None:
        source = open_source(source, table=table)
    options = ActOptions(time_unit, time_origin, bad_rows, duplicates, depth_layers=depth_layers)
    return InteractionLog(acts_read(source, columns, options), source_name(source))


def from_graph(
    graph: nx.DiGraph, *, acts: str = "acts", weight: str = "weight", time: str = "time"
) -> InteractionLog:
    """A log from a directed graph of networkx: an edge from each giver to each receiver.

    Parameters
    ----------
    graph : networkx.DiGraph or networkx.MultiDiGraph
        Edges without a number of acts are one act each. Kinds come back from ``acts__KIND``.
    acts, weight, time : str
        Names of the edge attributes: number of acts, amount, seconds from time zero.

    Returns
    -------
    InteractionLog
        What a graph does not hold (the time of each act, where an edge sums several) is not in it.

    Raises
    ------
    ArgumentError
        For a graph without directions.

    Examples
    --------
    >>> import networkx as nx
    >>> from_graph(nx.DiGraph([("a", "b"), ("b", "a")]))
    InteractionLog graph
    2 acts in 2 rows, 2 people, 1 dyads in contact.
    No times.
    Left out: nothing.
    """
    import pandas as pd

    if not (hasattr(graph, "is_directed") and hasattr(graph, "edges")):
        raise ArgumentError(f"graph is a {type(graph).__name__}; it must be a networkx.DiGraph.")
    if not graph.is_directed():
        raise ArgumentError(
            "The graph has no directions, so it does not say who gave; use a networkx.DiGraph."
        )
    roster = [str(node) for node in graph.nodes]
    if len(set(roster)) < len(roster):
        twice = next(name for name in roster if roster.count(name) > 1)
        raise ArgumentError(
            f"Two nodes are called {twice!r} when written as text; people need names of their own."
        )
    frame = pd.DataFrame(edge_rows(graph, acts, weight, time))
    same = {name: name for name in frame.columns}
    unit = "s" if "time" in frame.columns else None
    return InteractionLog(read_acts(frame, same, time_unit=unit, roster=roster), "graph")


def source_name(source: object) -> str:
    """What a source is called: the name of its file or table, or of its type; never a password.

    >>> source_name("data/acts.csv")
    'acts.csv'
    """
    if isinstance(source, DatabaseTable):
        return source.relation.title
    if isinstance(source, str) and is_address(source):
        return parse_address(source).shown
    if isinstance(source, (str, os.PathLike)) and is_pattern(str(source)):
        return fixed_part(Path(source)).name or str(source)
    return Path(source).name if isinstance(source, (str, os.PathLike)) else type(source).__name__

"""What the suite runs, each in a process of its own: DuckDB's sort, ours, and what researchers use now.

    python benchmarks/contenders.py memory '{"path": "benchmarks/work/1000000.parquet"}'

Each begins with the same file and ends with its numbers in hand. Counted are processor seconds from the
moment at which everything that it needs has been imported. An interpreter that has bandicoot and nothing else
runs this file too.
"""

from __future__ import annotations

import collections
import collections.abc
import csv
import datetime
import inspect
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from watching import spent

Work = Callable[[], dict[str, Any]]
KEYS = ("sender", "receiver", "time", "kind")
FIRST = ["volume", "balance", "timing", "turns", "persistence"]
"""Families that need a pair's own acts alone, as the package's first version had them."""
INDICATORS = (
    *("active_days", "number_of_contacts", "number_of_interactions", "interactions_per_contact"),
    *("balance_of_contacts", "percent_initiated_conversations", "response_rate_text"),
    *("response_delay_text", "entropy_of_contacts", "interevent_time"),
)


def sort(path: str) -> Work:
    """The floor: no metric of a pair's acts comes without bringing its acts together."""
    import duckdb

    def work() -> dict[str, Any]:
        connection = duckdb.connect()
        connection.execute("set threads = 1")  # which costs it the fewest processor seconds
        connection.execute("set enable_progress_bar = false")
        source = "read_csv(?)" if path.endswith(".csv") else "read_parquet(?)"
        connection.execute(
            f"create table sorted as select * from {source} "
            "order by least(sender, receiver), greatest(sender, receiver), time",
            [path],
        )
        rows = connection.execute("select count(*) from sorted").fetchone()
        return {"rows": rows[0] if rows else 0, "columns": 0}

    return work


def in_memory(path: str, metrics: list[str] | None = None) -> Work:
    """Every act in memory, every pair's metrics as a pandas frame."""
    import scipy.optimize  # noqa: F401

    import honestsignals as hs
    import honestsignals.reading

    def work() -> dict[str, Any]:
        begin = spent()
        log = hs.read_log(path, columns={name: name for name in KEYS}, time_unit="s")
        read = spent() - begin
        frame = log.dyads(metrics=metrics).frame
        return {"rows": len(frame), "columns": len(frame.columns) - 2, "read_s": read}

    return work


def on_disk(path: str, memory: str, threads: int, metrics: list[str] | None = None) -> Work:
    """The same, in as much memory as is said, into a folder of Parquet; one thread is kept to one core."""
    import pandas as pd  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import scipy.optimize
    import scipy.sparse  # noqa: F401

    import honestsignals as hs
    import honestsignals.storing

    if threads == 1 and hasattr(os, "sched_setaffinity"):
        # libraries that read files have threads of their own
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    def work() -> dict[str, Any]:
        begin = spent()
        log = hs.store_log(
            path, columns={name: name for name in KEYS}, time_unit="s", memory=memory, threads=threads
        )
        read = spent() - begin
        with tempfile.TemporaryDirectory() as folder:
            table = log.dyads(str(Path(folder) / "dyads.parquet"), metrics=metrics)
            return {"rows": len(table), "columns": len(table.columns) - 2, "read_s": read}

    return work


def by_hand(path: str) -> Work:
    """The handful of columns that people work out for themselves with a pandas groupby."""
    import pandas as pd

    def work() -> dict[str, Any]:
        begin = spent()
        read_file = pd.read_csv if path.endswith(".csv") else pd.read_parquet
        acts = read_file(path)
        read = spent() - begin
        table = pairs_by_hand(acts)
        return {"rows": len(table), "columns": len(table.columns), "read_s": read, "version": pd.__version__}

    return work


def pairs_by_hand(acts: Any) -> Any:
    """Acts each way, share returned, who gave first, and median hours from one's act to the other's next."""
    import numpy as np

    ends = acts["sender"].to_numpy(), acts["receiver"].to_numpy()
    acts = acts.assign(ego=np.minimum(*ends), alter=np.maximum(*ends))
    acts["by_ego"] = acts["sender"] == acts["ego"]
    acts = acts.sort_values(["ego", "alter", "time"], kind="stable")
    table = acts.groupby(["ego", "alter"], sort=False).agg(
        acts=("time", "size"), acts_ego=("by_ego", "sum"), first_giver=("sender", "first")
    )
    table["acts_alter"] = table["acts"] - table["acts_ego"]
    table["returned_share"] = 2 * table[["acts_ego", "acts_alter"]].min(axis=1) / table["acts"]
    before = acts.shift()
    same = (acts["ego"] == before["ego"]) & (acts["alter"] == before["alter"])
    replies = acts.assign(hours=(acts["time"] - before["time"]) / 3600)[
        same & (acts["sender"] != before["sender"])
    ]
    table["reply_hours_median"] = replies.groupby(["ego", "alter"], sort=False)["hours"].median()
    return table


def network(path: str) -> Work:
    """The network's census and every reciprocity, and of everybody what the family of people's ties has."""
    import honestsignals as hs
    import honestsignals.networks
    import honestsignals.reading

    def work() -> dict[str, Any]:
        begin = spent()
        log = hs.read_log(path, columns={name: name for name in KEYS}, time_unit="s")
        read = spent() - begin
        numbers = log.network_metrics(["mutual_dyads", "reciprocity"]).frame
        people = log.people_metrics(["people"]).frame
        columns = len(numbers) + len(people.columns) - 1
        return {"rows": len(people), "columns": columns, "read_s": read}

    return work


def network_by_hand(path: str) -> Work:
    """The same graph in networkx: arcs with weights, overall reciprocity, and everybody's."""
    import networkx
    import pandas as pd

    def work() -> dict[str, Any]:
        begin = spent()
        acts = pd.read_parquet(path, columns=["sender", "receiver"])
        read = spent() - begin
        _, of_each = reciprocity_by_hand(acts)
        found = {"rows": len(of_each), "columns": 2, "read_s": read}
        return {**found, "version": networkx.__version__}

    return work


def reciprocity_by_hand(acts: Any) -> tuple[float, dict[Any, float]]:
    """Overall, and of everybody, from a weighted graph of networkx."""
    import networkx

    arcs = acts.groupby(["sender", "receiver"], sort=False).size().reset_index(name="weight")
    graph = networkx.DiGraph()
    graph.add_weighted_edges_from(zip(*(arcs[name].tolist() for name in arcs), strict=True))
    return networkx.overall_reciprocity(graph), networkx.reciprocity(graph, graph.nodes)


def people(path: str) -> Work:
    """Everybody's metrics of ties and of answering, in memory."""
    import honestsignals as hs
    import honestsignals.reading

    def work() -> dict[str, Any]:
        begin = spent()
        log = hs.read_log(path, columns={name: name for name in KEYS}, time_unit="s")
        read = spent() - begin
        frame = log.people_metrics(["people", "answering"]).frame
        return {"rows": len(frame), "columns": len(frame.columns) - 1, "read_s": read}

    return work


def people_by_hand(path: str) -> Work:
    """Everybody's indicators by bandicoot, of records as it holds them."""
    put_back()
    import bandicoot.core
    from bandicoot import individual

    def work() -> dict[str, Any]:
        begin = spent()
        users = bandicoot_users(Path(path), bandicoot.core)
        read = spent() - begin
        for user in users:
            for name in INDICATORS:
                getattr(individual, name)(user, groupby=None)
        found = {"rows": len(users), "columns": len(INDICATORS), "read_s": read}
        return {**found, "version": version("bandicoot")}

    return work


def put_back() -> None:
    """What bandicoot asks of Python, and Python 3.11 no longer has."""
    old = collections.namedtuple("ArgSpec", "args varargs keywords defaults")

    def written(args: Any, varargs: Any = None, varkw: Any = None, defaults: Any = None, **other: Any) -> str:
        show = other.get("formatvalue", lambda one: "=" + repr(one))
        first = len(args) - len(defaults or ())
        named = [one + (show(defaults[i - first]) if i >= first else "") for i, one in enumerate(args)]
        rest = [star + one for star, one in (("*", varargs), ("**", varkw)) if one]
        return "(" + ", ".join(named + rest) + ")"

    inspect.getargspec = lambda one: old(*inspect.getfullargspec(one)[:4])  # type: ignore[attr-defined]
    inspect.formatargspec = written  # type: ignore[attr-defined]
    for name in ("Callable", "Iterable", "Mapping"):
        setattr(collections, name, getattr(collections.abc, name))


def bandicoot_users(path: Path, core: Any) -> list[Any]:
    """Each act is a record of both."""
    records = collections.defaultdict(list)
    with path.open() as file:
        for row in csv.DictReader(file):
            when = datetime.datetime.fromtimestamp(float(row["time"]), datetime.timezone.utc)  # noqa: UP017
            when = when.replace(tzinfo=None)
            giver, taker = row["sender"], row["receiver"]
            for one, other, way in ((giver, taker, "out"), (taker, giver, "in")):
                records[one].append(core.Record("text", way, other, when, None, core.Position()))
    users = []
    for name, of_one in records.items():
        user = core.User()
        user.name = name
        user.records = sorted(of_one, key=lambda record: record.datetime)
        users.append(user)
    return users


CONTENDERS: dict[str, Callable[..., Work]] = {
    "sort": sort,
    "memory": in_memory,
    "disk": on_disk,
    "pandas": by_hand,
    "network": network,
    "networkx": network_by_hand,
    "people": people,
    "bandicoot": people_by_hand,
}


def main() -> None:
    work = CONTENDERS[sys.argv[1]](**json.loads(sys.argv[2]))
    begin, wall = spent(), time.monotonic()
    found = work()
    print(json.dumps({"read_s": 0.0, **found, "work_s": spent() - begin, "wall_s": time.monotonic() - wall}))


if __name__ == "__main__":
    main()

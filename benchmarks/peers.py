"""People and network metrics against the peers that researchers use now, as ratios in one run.

    python benchmarks/peers.py --bandicoot PYTHON

Against bandicoot's per-user indicators on the same log (100,000 acts), and networkx's reciprocity on the
same graph (1 million arcs). PYTHON is an interpreter that has bandicoot 0.6.0; without it that half is left
out. Each run is a process of its own; processor seconds count from when the acts are in memory as each
package holds them. bandicoot's code asks for things that Python 3.11 no longer has: they are put back first.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq
from generate import write_log

HERE = Path(__file__).parent
WORK = HERE / "work"
RESULTS = HERE / "results" / "peers.json"

PEOPLE = """
import honestsignals as hs, time
import honestsignals.reading
log = hs.read_log({path!r}, columns={{name: name for name in ("sender", "receiver", "time")}}, time_unit="s")
begin = time.process_time()
table = log.people_metrics(["people", "answering"])
print("result", time.process_time() - begin, len(table), len(table.frame.columns) - 1)
"""
BANDICOOT = """
import collections, collections.abc, csv, datetime, inspect, time
parts = collections.namedtuple("ArgSpec", "args varargs keywords defaults")
inspect.getargspec = lambda one: parts(*inspect.getfullargspec(one)[:4])
def written(args, varargs=None, varkw=None, defaults=None, formatvalue=lambda one: "=" + repr(one)):
    first = len(args) - len(defaults or ())
    named = [x + (formatvalue(defaults[i - first]) if i >= first else "") for i, x in enumerate(args)]
    rest = [star + one for star, one in (("*", varargs), ("**", varkw)) if one]
    return "(" + ", ".join(named + rest) + ")"
inspect.formatargspec = written
for name in ("Callable", "Iterable", "Mapping"):
    setattr(collections, name, getattr(collections.abc, name))
import bandicoot
from bandicoot.core import Position, Record, User
from bandicoot import individual
users = collections.defaultdict(list)
with open({path!r}) as file:
    for row in csv.DictReader(file):
        when = datetime.datetime.fromtimestamp(float(row["time"]), datetime.timezone.utc).replace(tzinfo=None)
        giver, taker = row["sender"], row["receiver"]
        for one, other, way in ((giver, taker, "out"), (taker, giver, "in")):
            users[one].append(Record("text", way, other, when, None, Position()))
people = []
for name, records in users.items():
    user = User()
    user.name = name
    user.records = sorted(records, key=lambda record: record.datetime)
    people.append(user)
shared = (
    "active_days", "number_of_contacts", "number_of_interactions", "interactions_per_contact",
    "balance_of_contacts", "percent_initiated_conversations", "response_rate_text", "response_delay_text",
    "entropy_of_contacts", "interevent_time",
)
begin = time.process_time()
for user in people:
    for name in shared:
        getattr(individual, name)(user, groupby=None)
print("result", time.process_time() - begin, len(people), len(shared))
"""
NETWORK = """
import honestsignals as hs, networkx, time, pandas
import honestsignals.networks
frame = pandas.read_parquet({path!r}, columns=["sender", "receiver"]).drop_duplicates()[: {arcs}]
log = hs.read_log(frame)
begin = time.process_time()
table = log.network_metrics(["mutual_dyads", "reciprocity"])
print("result", time.process_time() - begin, len(frame), len(table))
"""
NETWORKX = """
import networkx, time, pandas
frame = pandas.read_parquet({path!r}, columns=["sender", "receiver"]).drop_duplicates()[: {arcs}]
graph = networkx.DiGraph()
graph.add_edges_from(zip(frame["sender"].tolist(), frame["receiver"].tolist()))
begin = time.process_time()
networkx.overall_reciprocity(graph)
print("result", time.process_time() - begin, graph.number_of_edges(), 1)
"""


def run(program: str, python: str = sys.executable) -> tuple[float, int, int]:
    """Processor seconds, rows and metrics of one process."""
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    said = done.stdout.split()
    seconds, rows, columns = said[said.index("result") + 1 :][:3]
    return float(seconds), int(rows), int(columns)


def compare(name: str, ours: str, theirs: str, python: str, runs: int) -> dict[str, object]:
    """Runs of both in turn."""
    pairs = [(run(ours), run(theirs, python)) for _ in range(runs)]
    seconds = [statistics.median(pair[side][0] for pair in pairs) for side in (0, 1)]
    return {
        "peer": name,
        "rows": pairs[0][0][1],
        "our_metrics": pairs[0][0][2],
        "their_metrics": pairs[0][1][2],
        "ours_s": round(seconds[0], 4),
        "theirs_s": round(seconds[1], 4),
        "theirs_over_ours": round(seconds[1] / seconds[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bandicoot", help="an interpreter that has bandicoot 0.6.0")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    # ten million acts of the generator make a million arcs and more
    small, large = WORK / "100000.parquet", WORK / "10000000.parquet"
    for acts, path in ((100_000, small), (10_000_000, large)):
        if not path.exists():
            write_log(acts, path)
    results = []
    if given.bandicoot:
        table = small.with_suffix(".csv")
        pyarrow.csv.write_csv(pq.read_table(small), table)
        programs = PEOPLE.format(path=str(small)), BANDICOOT.format(path=str(table))
        results.append(compare("bandicoot 0.6.0", *programs, given.bandicoot, given.runs))
    arcs = {"path": str(large), "arcs": 1_000_000}
    programs = NETWORK.format(**arcs), NETWORKX.format(**arcs)
    results.append(compare("networkx overall_reciprocity", *programs, sys.executable, given.runs))
    for one in results:
        print(one, flush=True)
    packages = ("honestsignals", "numpy", "networkx")
    about = {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "results": results,
    }
    RESULTS.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

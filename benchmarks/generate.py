"""Write a log of made-up acts as Parquet: heavy-tailed, bursty, in time order, in bounded memory.

python benchmarks/generate.py 10_000_000 benchmarks/work/acts.parquet
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

Array = np.ndarray[Any, np.dtype[Any]]

ACTS_PER_PERSON = 100
ACTS_PER_TIE = 8.8
"""Some ties never act, so that about 11 acts come to each pair that does."""
ACTS_PER_CONVERSATION = 2.5
DAYS = 365
DAY = 86_400
CHUNK = 1_000_000
KINDS = ("help", "information")


@dataclass(frozen=True, eq=False)
class Ties:
    """Who knows whom, and how likely a conversation is theirs (running sum)."""

    ego: Array
    alter: Array
    reach: Array
    share: Array


def make_ties(acts: int, random: np.random.Generator) -> Ties:
    """Distinct pairs of people; people and pairs differ in activity by orders of magnitude."""
    people = max(acts // ACTS_PER_PERSON, 20)
    wanted = min(int(acts / ACTS_PER_TIE), people * (people - 1) // 4)
    activity = np.cumsum(random.lognormal(0.0, 1.0, people))
    keys = np.empty(0, dtype=np.int64)
    while len(keys) < wanted:
        ends = [np.searchsorted(activity, random.random(wanted) * activity[-1]) for _ in range(2)]
        low, high = np.minimum(*ends), np.maximum(*ends)
        keys = np.unique(np.concatenate([keys, (low * people + high)[low != high]]))
    keys = random.permutation(keys)[:wanted]
    strength = np.cumsum(random.lognormal(0.0, 1.0, wanted))
    share = random.beta(3.0, 3.0, wanted)
    names = random.permutation(people) + 1
    return Ties(names[keys // people], names[keys % people], strength / strength[-1], share)


def conversations(ties: Ties, number: int, span: tuple[float, float], random: np.random.Generator) -> Any:
    """Acts of conversations that begin in a span: tie, second, whether the first of the tie gave."""
    tie = np.searchsorted(ties.reach, random.random(number))
    length = random.geometric(1 / ACTS_PER_CONVERSATION, number)
    # people act by day: nine in ten conversations begin in the middle half of a day
    start = span[0] + random.random(number) * (span[1] - span[0])
    hour = np.where(random.random(number) < 0.9, random.normal(0.58, 0.14, number) % 1, random.random(number))
    start = np.clip(np.floor(start / DAY) * DAY + hour * DAY, span[0], span[1] - 1)
    first = np.repeat(np.cumsum(length) - length, length)
    # replies come within minutes, some within hours
    wait = random.lognormal(5.0, 1.3, int(length.sum()))
    wait[np.cumsum(length) - length] = 0.0
    waited = np.cumsum(wait)
    second = np.repeat(start, length) + waited - waited[first]
    by_first = random.random(number) < ties.share[tie]
    turns = np.cumsum(random.random(len(wait)) < 0.7)
    gave = np.repeat(by_first, length) ^ ((turns - turns[first]) % 2 == 1)
    return np.repeat(tie, length), second.astype(np.int64), gave


def slices(acts: int, seed: int, weight: bool) -> Iterator[pa.Table]:
    """The log in time order, a slice of time at a time."""
    random = np.random.default_rng(seed)
    ties = make_ties(acts, random)
    days_a_slice = max(1, round(DAYS * CHUNK / acts))
    edges = [*range(0, DAYS, days_a_slice), DAYS]
    left = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool))
    # six standard errors too many, so that there are enough
    plenty = acts * (1 + 6 * 1.23 / acts**0.5)
    written = 0
    for begin, end in pairwise(edges):
        number = round(plenty / ACTS_PER_CONVERSATION * (end - begin) / DAYS)
        new = conversations(ties, number, (begin * DAY, end * DAY), random)
        tie, second, gave = (np.concatenate(parts) for parts in zip(left, new, strict=True))
        now = (second < end * DAY) | (end == DAYS)
        left = (tie[~now], second[~now], gave[~now])
        order = np.flatnonzero(now)
        order = order[np.argsort(second[order], kind="stable")][: acts - written]
        written += len(order)
        yield as_table(ties, (tie[order], second[order], gave[order]), random, weight)


def as_table(ties: Ties, acts: Any, random: np.random.Generator, weight: bool) -> pa.Table:
    tie, second, gave = acts
    ego, alter = ties.ego[tie], ties.alter[tie]
    kind = pa.DictionaryArray.from_arrays((random.random(len(tie)) < 0.4).astype(np.int8), list(KINDS))
    columns = {
        "sender": np.where(gave, ego, alter),
        "receiver": np.where(gave, alter, ego),
        "time": second,
        "kind": kind.cast(pa.string()),
    }
    if weight:
        columns["weight"] = np.ceil(random.lognormal(2.0, 1.0, len(tie)))
    return pa.table(columns)


def write_log(acts: int, path: Path, seed: int = 1, weight: bool = False, shuffled: bool = False) -> None:
    """Write a log: the same file for the same seed.

    Parameters
    ----------
    acts : int
        Rows.
    path : Path
        Ends in ``.parquet`` or ``.csv``.
    seed : int
        Of everything random.
    weight : bool
        Whether acts have a weight.
    shuffled : bool
        In random order instead of by time; holds the whole log in memory.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = slices(acts, seed, weight)
    if shuffled:
        whole = pa.concat_tables(tables)
        tables = iter([whole.take(np.random.default_rng(seed + 1).permutation(len(whole)))])
    first = next(tables)
    csv = path.suffix == ".csv"
    writer = pyarrow.csv.CSVWriter if csv else pq.ParquetWriter
    with writer(path, first.schema) as out:
        out.write_table(first)
        for table in tables:
            out.write_table(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("acts", type=int)
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weight", action="store_true", help="with a column of amounts")
    parser.add_argument("--shuffled", action="store_true", help="in random order, not by time")
    given = parser.parse_args()
    write_log(given.acts, given.path, given.seed, given.weight, given.shuffled)


if __name__ == "__main__":
    main()

"""Reads logs that do not fit into memory: onto disk, checked, then dealt into buckets of whole pairs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa

from honestsignals.engines.allocation import memory_kept
from honestsignals.engines.buckets import IDS, Buckets, bounds_of, deal, keys_of, write_table
from honestsignals.engines.ordering import MOST_EXPANDED, too_many
from honestsignals.engines.passes import LogColumns
from honestsignals.engines.stored import StoredEngine
from honestsignals.engines.threads import alive, cores, in_order
from honestsignals.errors import ArgumentError
from honestsignals.progress import progress
from honestsignals.readers.acts import ActOptions, check_options
from honestsignals.readers.duplicates import hashed_rows
from honestsignals.readers.kinds import kind_slug
from honestsignals.readers.mapping import map_columns, unread_columns, wanted_columns
from honestsignals.readers.source import open_source
from honestsignals.readers.staging import CLOCKS, WHOLE_LOG, Staged, stage
from honestsignals.reading import source_name
from honestsignals.stored_logs import StoredLog

Array = np.ndarray[Any, np.dtype[Any]]
ACT_BYTES = 250
"""Memory that an act of a bucket takes while its pairs are measured: the acts sorted, and a row's columns."""
ROW_BYTES = 600
"""Memory that a pair takes from one side while person metrics are measured, buckets and all."""
LEAST_ACTS = 20_000
"""Acts of a bucket at least: smaller ones cost more time than they save memory."""
LEAST_MEMORY = 300_000_000
"""What Python, NumPy, pandas and Arrow take by themselves, and some room to work in."""
READ_BYTES, MOST_ROWS = 600, 500_000
"""Memory that a row takes while it is checked; rows of a batch at most."""
PREFIX, OWNER = "honestsignals-log-", "owner"
SIZES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
PROCESSES_FROM = 3_000_000
"""Acts from which on processes are worth the second that it takes to start them."""
PROCESS_BYTES, IMPORTED = 250_000_000, 150_000_000
"""Memory of a process at least, and of it what Python and its libraries take."""
EACH = 5
"""Buckets a process measures at least."""
SAMPLED, EVERY = 8, 4
"""Batches of which every fourth act says where buckets begin: a log by time has the same pairs in all."""


def store_log(
    source: object,
    *,
    memory: str | int = "2GB",
    threads: int | None = None,
    columns: Mapping[str, str] | None = None,
    table: str | None = None,
    time_unit: str | None = None,
    time_origin: str | None = None,
    bad_rows: str = "error",
) -> StoredLog:
    """Read a log that need not fit into memory: checked row by row, then dealt by pair into buckets on disk.

    Acts lie in a folder of the system's for temporary files (TMPDIR says where), which takes about 20 bytes
    an act and goes away with the log.

    Parameters
    ----------
    source, columns, table, time_unit, time_origin, bad_rows
        As in :func:`read_log`. Ids of acts, replies to them and reports of two people are not read: each
        takes all acts at once. Depth is a number, or an ordered Categorical.
    memory : str or int
        As "2GB", or bytes: how much the process may take; ids of people and 24 bytes a pair come to it.
    threads : int, optional
        Batches and buckets worked on at once; one a core where not given. From three million acts on
        buckets are measured by as many processes, or by fewer that fit into ``memory``.

    Returns
    -------
    StoredLog
        With ``dyads(path)``, ``people_metrics()`` and ``network_metrics()``.

    Raises
    ------
    InputError
        With file, line, column, value and rule of up to ten rows that break a rule.
    DesignError
        Where ``columns`` names what only a log in memory can have.
    OutputError
        Where the disk is full.

    Examples
    --------
    >>> import pandas as pd
    >>> acts = pd.DataFrame({"sender": ["a", "b", "a"], "receiver": ["b", "a", "c"], "time": [0, 60, 90]})
    >>> log = store_log(acts, time_unit="s", threads=1)
    >>> log.people_metrics(["given", "received"]).frame["given"].tolist()
    [2, 1, 0]
    """
    size, many = memory_of(memory), threads_of(threads)
    opened = open_source(source, wanted_columns(columns), table)
    mapping = map_columns(opened, columns)
    if columns is None:
        mapping = {key: name for key, name in mapping.items() if key not in WHOLE_LOG}
    options = ActOptions(time_unit, time_origin, bad_rows)
    check_options(options, mapping, opened)
    sweep()
    place = Path(tempfile.mkdtemp(prefix=PREFIX))
    (place / OWNER).write_text(str(os.getpid()))
    try:
        with progress() as tell, memory_kept():
            raw = place / "read"
            raw.mkdir()
            staged = stage(
                opened,
                mapping,
                options,
                raw,
                threads=many,
                size=batch_rows(size, many),
                tell=lambda rows: tell(f"Read {rows:,} rows"),
            )
            buckets, tally = _dealt(staged, place, size, many, tell)
            shutil.rmtree(raw)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    engine = StoredEngine(buckets, many, size // ROW_BYTES, processes_of(size, many, staged.acts))
    weakref.finalize(engine, shutil.rmtree, place, ignore_errors=True)
    name = source_name(source if table is None else opened)
    if staged.clock == "time" and "count" in staged.columns and tally.total > MOST_EXPANDED:
        raise too_many(tally.total)
    counts = tally.total, tuple(tally.kinds.tolist())
    return StoredLog(staged, engine, name, str(tally), unread_columns(opened, mapping), counts)


def _dealt(staged: Staged, place: Path, memory: int, threads: int, tell: Any) -> tuple[Buckets, _Tally]:
    """The acts in buckets, and what they add up to."""
    frame = frame_of_log(staged)
    many = processes_of(memory, threads, staged.acts)
    number = max(1, -(-staged.acts // max(LEAST_ACTS, bucket_acts(memory, threads, many))))
    if many > 1:
        # so many that none has to be waited for long
        number = max(number, EACH * many)
    keys = [np.empty(0, dtype=np.int64)]
    step = max(1, staged.batches // SAMPLED)
    if number > 1:
        some = in_order(staged.batch, range(0, staged.batches, step), threads, ahead=1)
        keys += [keys_of(batch, frame.n_people)[::EVERY] for batch in some]
    bounds = bounds_of(np.concatenate(keys), number)
    folder = place / "buckets"
    folder.mkdir()
    write_table(folder / IDS, pa.table({"id": pa.array(staged.people)}))
    tally = _Tally(staged)
    batches = (partial(tally.batch, place) for place in range(staged.batches))
    buckets = deal(
        batches, frame, bounds, folder, threads=threads, tell=lambda acts: tell(f"Dealt {acts:,} acts")
    )
    return buckets, tally


class _Tally:
    """What the acts add up to, and a number that is the same for the same acts in any order.

    Two logs of hardly any other acts have it: it is made of codes, people, kinds and whether times are dates.
    """

    def __init__(self, staged: Staged) -> None:
        self._staged, self._lock = staged, Lock()
        self._sum, self.total = np.uint64(0), 0
        self.kinds = np.zeros(len(staged.values["kind"]) if "kind" in staged.values else 0, dtype=np.int64)

    def batch(self, place: int) -> dict[str, Array]:
        """A batch of acts, now counted, and gone from where it was read to; on any thread."""
        batch = self._staged.batch(place, last=True)
        mixed = hashed_rows(list(batch.values())).sum(dtype=np.uint64)
        count = batch.get("count")
        total = len(batch["sender"]) if count is None else int(count.sum())
        many = np.zeros(0)
        if "kind" in batch:
            many = np.rint(np.bincount(batch["kind"], weights=count, minlength=len(self.kinds)))
        with self._lock, np.errstate(over="ignore"):
            self._sum += mixed
            self.total += total
            self.kinds += many.astype(np.int64)
        return batch

    def __str__(self) -> str:
        return f"{int(self._sum):016x}-{self._of_names()}"

    def _of_names(self) -> str:
        """What tells names from others: those of people, some at a time, and of kinds and topics."""
        people, staged = self._staged.people, self._staged
        values = {name: text.to_pylist() for name, text in staged.values.items()}
        said = hashlib.sha256(json.dumps([people.dtype.kind, values, staged.dated]).encode())
        for first in range(0, len(people), MOST_ROWS):
            said.update(json.dumps(people[first : first + MOST_ROWS].tolist()).encode())
        return said.hexdigest()[:16]


def frame_of_log(staged: Staged) -> LogColumns:
    """The log as an engine takes it, without its acts."""
    types = {"kind": np.int16, "conversation": np.int32, "topic": np.int32, "weight": float, "depth": float}
    types |= {"count": np.int64, "time": np.int64}
    there = {CLOCKS.get(name, name) for name in staged.columns}
    empty: dict[str, Any] = {
        name: np.empty(0, dtype=types[name]) if name in there else None for name in types
    }
    kinds = staged.values["kind"].to_pylist() if "kind" in staged.values else []
    nobody = np.empty(0, dtype=np.int32)
    return LogColumns(
        n_people=len(staged.people),
        sender=nobody,
        receiver=nobody,
        clock=staged.clock or "",
        start=staged.edges[0],
        end=staged.edges[1],
        kinds=tuple(kind_slug(kind) for kind in kinds),
        **empty,
    )


def processes_of(memory: int, threads: int, acts: int) -> int:
    """Processes that measure, in half of the memory; 1 where there are few acts, or room for one alone."""
    many = min(threads, memory // 2 // PROCESS_BYTES)
    return many if many > 1 and acts >= PROCESSES_FROM else 1


def bucket_acts(memory: int, threads: int, processes: int) -> int:
    """Acts of a bucket: half of the memory goes to buckets, as many as are worked on at once."""
    if processes > 1:
        return (memory // 2 // processes - IMPORTED) // ACT_BYTES
    return memory // 2 // threads // ACT_BYTES


def batch_rows(memory: int, threads: int) -> int:
    """Rows of a batch on reading: half of the memory goes to them, and to the one that waits."""
    return min(MOST_ROWS, max(1_000, memory // 2 // (threads + 1) // READ_BYTES))


def sweep() -> None:
    """Take away folders of processes of this machine that were killed."""
    for owner in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{OWNER}"):
        try:
            if not alive(int(owner.read_text())):
                shutil.rmtree(owner.parent, ignore_errors=True)
        except (OSError, ValueError):
            continue


def memory_of(value: str | int) -> int:
    """Bytes from "2GB", "500MB" or a number.

    >>> memory_of("1.5GB")
    1500000000
    """
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        size = float(value)
    else:
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]B)\s*", str(value), re.IGNORECASE)
        size = float(match[1]) * SIZES[match[2].upper()] if match else -1.0
    if size < LEAST_MEMORY:
        raise ArgumentError(f"memory is {value!r}; it must be a size from 300MB on, such as '2GB'.")
    return int(size)


def threads_of(value: int | None) -> int:
    """Threads as asked for, or one a core."""
    if value is None:
        return cores()
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ArgumentError(f"threads is {value!r}; it must be a whole number from 1 on.")
    return int(value)

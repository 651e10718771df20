"""Writes a dyad table bucket by bucket: all of it or nothing, and again from where it stopped."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from honestsignals.dyads import shown
from honestsignals.engines.passes import Rows
from honestsignals.engines.stored import StoredEngine
from honestsignals.errors import OutputError, disk_error
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.columns import Column, describe
from honestsignals.metrics.registry import Fact
from honestsignals.stored_tables import ABOUT, CODEBOOK, FORMAT, StoredTable, open_table
from honestsignals.tables import write_frame

Array = np.ndarray[Any, np.dtype[Any]]
RUN = "run.json"
"""What a run in work is of: one that is taken up again must be of the same."""
WORK = ".work"
"""Ending of the folder of a run in work: the name of the table with it."""


@dataclass(frozen=True, eq=False)
class Job:
    """A table to be written.

    Attributes
    ----------
    engine : StoredEngine
    rows : Rows
        In the order of pairs.
    plan : sequence of Column
        Columns in an order in which each follows what it is computed from.
    names : tuple of str
        Columns of the table.
    settings : Settings
    people : pyarrow.Array
        Ids by code.
    dated : bool
        Whether times have a calendar.
    facts : tuple of str
        What the table says of itself.
    digest : str
        Tells the acts from others.
    """

    engine: StoredEngine
    rows: Rows
    plan: Sequence[Column]
    names: tuple[str, ...]
    settings: Settings
    people: Any
    dated: bool
    facts: tuple[str, ...]
    digest: str

    @property
    def run(self) -> dict[str, Any]:
        """What a run of it is known by."""
        before = None if self.rows.before is None or not len(self.rows.ego) else int(self.rows.before[0])
        return {
            "format": FORMAT,
            "acts": self.digest,
            "columns": list(self.names),
            "settings": asdict(self.settings),
            "before": before,
            "buckets": self.engine.bounds.tolist(),
        }


def place_of(path: str | os.PathLike[str]) -> Path:
    """Where a table may be written: nothing is there, or a table that was written before.

    Raises
    ------
    OutputError
    """
    target = Path(path)
    if not target.absolute().parent.is_dir():
        raise OutputError(f"There is no folder {target.parent} to write {target.name} into.")
    taken = target.exists() and not (
        target.is_dir() and ((target / ABOUT).is_file() or not any(target.iterdir()))
    )
    if taken:
        raise OutputError(f"{target} is there already, and is no stored table: name another folder.")
    return target


def write_parts(job: Job, target: Path, *, resume: bool, tell: Callable[[str], None]) -> StoredTable:
    """Measure and write every bucket, then give the folder its name.

    Parameters
    ----------
    job : Job
    target : Path
        As `place_of` returns it.
    resume : bool
        Go on with a run of the same that was interrupted: its parts that are done stay.
    tell : callable
        Told how far it is.

    Raises
    ------
    OutputError
        Where the disk is full, or the interrupted run was of something else.
    """
    work = target.with_name(target.name + WORK)
    try:
        done = _prepared(job, work, resume)
        _measure(job, work, done, tell)
        _finish(job, work)
    except OSError as error:
        raise disk_error(error, work) from error
    old = target.with_name(target.name + ".old")
    if target.exists():
        target.replace(old)
    work.replace(target)
    shutil.rmtree(old, ignore_errors=True)
    return open_table(target)


def _prepared(job: Job, work: Path, resume: bool) -> list[int]:
    """Buckets whose parts are done already."""
    run = json.dumps(job.run)
    if work.exists():
        there = work / RUN
        known = there.read_text(encoding="utf-8") if there.is_file() else ""
        if not resume and not known and any(work.iterdir()):
            raise OutputError(f"{work} is there already, and is no interrupted run: move it away.")
        if resume and known == run:
            return sorted(int(path.stem.removeprefix("part-")) for path in work.glob("part-*.parquet"))
        if resume and known:
            raise OutputError(
                f"{work} holds an interrupted run over other acts, columns or spans: go on with the same, or "
                "begin anew without resume."
            )
        shutil.rmtree(work)
    work.mkdir()
    (work / RUN).write_text(run, encoding="utf-8")
    return []


def _measure(job: Job, work: Path, done: Sequence[int], tell: Callable[[str], None]) -> None:
    number, begin = len(job.engine), time.monotonic()
    facts = [describe(column) for column in job.plan if column.name in set(job.names)]
    by_name = {fact.name: fact for fact in facts}

    def write(place: int, rows: Rows, columns: dict[str, Array]) -> int:
        table = _table(job, rows, columns, by_name)
        draft, part = work / f"part-{place:05d}.draft", work / f"part-{place:05d}.parquet"
        pq.write_table(table, draft, compression="lz4", use_dictionary=False, write_statistics=False)
        draft.replace(part)
        return place

    tell(f"Measuring {len(job.rows.ego):,} pairs")
    parts = job.engine.in_parts(job.rows, job.plan, job.settings, folder=work, take=write, done=done)
    for count, _ in enumerate(parts, 1):
        left = (time.monotonic() - begin) / count * (number - len(done) - count)
        tell(f"Measured {len(done) + count} of {number} parts; about {left:,.0f} s left")


def _table(job: Job, rows: Rows, columns: dict[str, Array], facts: dict[str, Fact]) -> Any:
    """Rows of one bucket, as the frame of a table in memory has them."""
    values: dict[str, Any] = {
        "ego": job.people.take(pa.array(rows.ego)),
        "alter": job.people.take(pa.array(rows.alter)),
    }
    for name in job.names:
        values[name] = pa.array(shown(facts[name], columns[name], job.dated))
    return pa.table(values)


def _finish(job: Job, work: Path) -> None:
    """Leave what belongs to the table, and say what it is."""
    for path in work.glob("*.npy"):
        path.unlink()
    rows = len(job.rows.ego)
    said = {
        "format": FORMAT,
        "rows": rows,
        "parts": len(job.engine),
        "kinds": list(job.engine.log.kinds),
        "columns": ["ego", "alter", *job.names],
        "facts": list(job.facts),
        "settings": asdict(job.settings),
    }
    (work / ABOUT).write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_frame(work / CODEBOOK, open_table(work).codebook())
    (work / RUN).unlink()

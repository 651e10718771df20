"""Writes a dyad table bucket by bucket: all of it or nothing, and again from where it stopped."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from honestsignals.engines.passes import Rows
from honestsignals.engines.stored import StoredEngine
from honestsignals.engines.threads import alive
from honestsignals.errors import ArgumentError, InputError, OutputError, disk_error
from honestsignals.exporting.codebooks import codebook_path
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.columns import Column, describe
from honestsignals.stored_parts import Sheet, part_name, write_part
from honestsignals.stored_tables import FORMAT, StoredTable, about_of, open_table, rows_in
from honestsignals.tables import write_frame

Array = np.ndarray[Any, np.dtype[Any]]
RUN = "run.json"
"""What a run in work is of: one that is taken up again must be of the same."""
WORK = ".work"
"""Ending of the folder of a run in work: the name of the table with it."""
LOCK, PARTS, OLD = "lock", "parts", "old"
"""In that folder: the process that writes into it, its parts, and the table that is replaced."""
AGAIN = "go on with the same, or begin anew without resume."


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
    dated: bool
    facts: tuple[str, ...]
    digest: str

    @property
    def about(self) -> bytes:
        """What every part says of the table."""
        said = {
            "format": FORMAT,
            "rows": len(self.rows.ego),
            "parts": len(self.engine),
            "kinds": list(self.engine.log.kinds),
            "columns": ["ego", "alter", *self.names],
            "facts": list(self.facts),
            "settings": asdict(self.settings),
        }
        return json.dumps(said, ensure_ascii=False).encode()

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
    ArgumentError
        For what is no path.
    OutputError
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str) or not str(path):
        raise ArgumentError(
            f"path is {path!r}; it must be where the table is written, as text or a Path: 'dyads.parquet'."
        )
    # links are followed now: what they lead to is made, or replaced
    try:
        target = Path(path).expanduser().resolve()
    except (RuntimeError, ValueError) as error:  # a home of nobody, a zero byte
        raise OutputError(f"{path!r} is no place to write: {str(error).rstrip('.').lower()}.") from None
    if not target.parent.is_dir():
        raise OutputError(f"There is no folder {target.parent} to write {target.name} into.")
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return target
    try:
        about_of(target)
    except InputError:
        raise OutputError(
            f"{target} is there already, and is no stored table: name another folder."
        ) from None
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
        Where the disk is full, another run writes the same table, or the interrupted run was of something
        else.
    """
    work = target.with_name(target.name + WORK)
    try:
        with alone(work):
            _begin(job, work, target, resume)
            _measure(job, work, tell)
            _publish(work, target)
    except OSError as error:
        raise disk_error(error, work) from error
    table = open_table(target)
    write_frame(codebook_path(target), table.codebook())
    return table


@contextmanager
def alone(work: Path) -> Iterator[None]:
    """The only run that writes into a folder, which is made where there is none.

    Raises
    ------
    OutputError
        Where another process writes into it, or what is there is no folder of a run.
    """
    lock = work / LOCK
    if work.exists() and not (work.is_dir() and ((work / RUN).is_file() or not any(work.iterdir()))):
        raise OutputError(f"{work} is there already, and is no interrupted run: move it away.")
    work.mkdir(exist_ok=True)
    owner = int(lock.read_text() or 0) if lock.is_file() else 0
    if owner and alive(owner):
        raise OutputError(f"Process {owner} is writing into {work}; wait for it, or name another folder.")
    lock.write_text(str(os.getpid()))
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        if work.is_dir() and not any(work.iterdir()):
            work.rmdir()


def _begin(job: Job, work: Path, target: Path, resume: bool) -> None:
    """Make a folder ready: as an interrupted run of the same left it, or empty."""
    there, old, run = work / RUN, work / OLD, json.dumps(job.run)
    if old.exists() and not target.exists():
        # stopped between two names: the table of before comes back
        old.replace(target)
    known = there.read_text(encoding="utf-8") if there.is_file() else ""
    if resume and known and known != run:
        raise OutputError(f"{work} holds an interrupted run {_difference(known, job.run)}: {AGAIN}")
    if not (resume and known):
        for path in work.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()
        there.write_text(run, encoding="utf-8")
    (work / PARTS).mkdir(exist_ok=True)


def _difference(known: str, run: dict[str, Any]) -> str:
    """In what an interrupted run differs from another."""
    try:
        before = json.loads(known)
    except ValueError:
        return "that cannot be read"
    names = {"acts": "over other acts", "columns": "of other columns", "settings": "with other spans"}
    for name, words in names.items():
        if before.get(name) != run[name]:
            return words
    if before.get("before") != run["before"]:
        return "until another moment"
    return "in other buckets (another memory, number of threads or order of rows)"


def _measure(job: Job, work: Path, tell: Callable[[str], None]) -> None:
    folder, number, begin = work / PARTS, len(job.engine), time.monotonic()
    facts = [describe(column) for column in job.plan if column.name in set(job.names)]
    sizes = job.engine.rows_in_buckets(job.rows)
    done = [place for place in range(number) if whole(folder / part_name(place), sizes[place])]
    for path in folder.iterdir():
        if path.name not in {part_name(place) for place in done}:
            path.unlink()

    sheet = Sheet(folder, job.engine.ids, job.names, tuple(facts), job.dated, job.about)
    tell(f"Measuring {len(job.rows.ego):,} pairs")
    written = partial(write_part, sheet)
    parts = job.engine.in_parts(job.rows, job.plan, job.settings, folder=work, take=written, done=done)
    for count, _ in enumerate(parts, 1):
        left = (time.monotonic() - begin) / count * (number - len(done) - count)
        tell(f"Measured {len(done) + count} of {number} parts; about {left:,.0f} s left")


def whole(part: Path, rows: int) -> bool:
    """Whether a part is there with all its rows."""
    try:
        return part.is_file() and rows_in(part) == rows
    except InputError:
        return False


def _publish(work: Path, target: Path) -> None:
    """Give the parts the name of the table, and take away what else there is."""
    for draft in (work / PARTS).glob("*.draft"):
        draft.unlink(missing_ok=True)
    if target.exists():
        target.replace(work / OLD)
    (work / PARTS).replace(target)
    (work / RUN).unlink()
    for path in work.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()

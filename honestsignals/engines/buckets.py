"""Acts dealt into buckets on disk: whole pairs each, in the order of pairs, small enough for memory.

A bucket holds a range of keys (``low * n_people + high``), so that what is measured bucket by bucket comes
in the one order of pairs, and nothing has to be sorted over all of them.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from honestsignals.engines.ordering import PairedActs, pair_up
from honestsignals.engines.passes import LogColumns
from honestsignals.engines.threads import in_order
from honestsignals.errors import DesignError, disk_error

Array = np.ndarray[Any, np.dtype[Any]]

ACT_COLUMNS = ("sender", "receiver", "time", "count", "weight", "kind", "conversation", "depth", "topic")
"""Columns of acts that an engine takes."""
SORTED_COLUMNS = ("time", "count", "weight", "kind", "conversation", "depth", "topic")
IDS = "ids.arrow"
"""In the folder of the buckets: ids by code."""
DEALT = "dealt"
"""Ending of a bucket's acts as they were dealt."""
LENGTH = 8
"""Bytes of a number of rows."""
MOST_OPEN = 100
"""Files that are open at once: systems allow a process 256 or more."""


@dataclass(frozen=True, eq=False)
class Buckets:
    """Acts on disk, dealt by pair.

    Attributes
    ----------
    folder : Path
        Where they lie: a file a bucket, and once they are sorted, one a bucket and column.
    frame : LogColumns
        The log without its acts: columns that it has are empty.
    bounds : ndarray of int64, shape (n_buckets - 1,)
        Key with which each bucket but the first begins.
    acts : tuple of int
        Rows in each bucket.
    """

    folder: Path
    frame: LogColumns
    bounds: Array
    acts: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.acts)

    @property
    def names(self) -> list[str]:
        """Columns that the acts have."""
        return [name for name in ACT_COLUMNS if getattr(self.frame, name) is not None]

    def of_keys(self, keys: Array) -> Array:
        """Bucket of each key."""
        return np.searchsorted(self.bounds, keys, side="right")

    def paired(self, bucket: int) -> PairedActs:
        """The acts of one bucket pair by pair: sorted once, and kept so on disk."""
        mark = self.folder / f"{bucket:05d}.sorted"
        if mark.exists():
            return self._kept(bucket)
        if not self.folder.is_dir():
            raise DesignError(f"{self.folder}, where the acts of this log lie, is gone: read the log again.")
        dealt = self._file(bucket, DEALT)
        raw = np.fromfile(dealt, dtype=np.uint8) if dealt.exists() else np.empty(0, dtype=np.uint8)
        columns = self._blocks(raw)
        if len(columns["sender"]) != self.acts[bucket]:
            raise DesignError(f"Acts of bucket {bucket} in {self.folder} are gone: read the log again.")
        found = pair_up(replace(self.frame, **columns))
        self._keep(bucket, found)
        # what was dealt goes only when what is sorted is whole
        mark.touch()
        dealt.unlink(missing_ok=True)
        return found

    def _blocks(self, raw: Array) -> dict[str, Any]:
        """Columns of a bucket's acts, from blocks as `deal` writes them: how many, then each column."""
        found: dict[str, list[Array]] = {name: [getattr(self.frame, name)] for name in self.names}
        place = 0
        while place < len(raw):
            rows = int(np.frombuffer(raw, np.int64, 1, place)[0])
            place += LENGTH
            for blocks in found.values():
                blocks.append(np.frombuffer(raw, blocks[0].dtype, rows, place))
                place += blocks[-1].nbytes
        return {name: np.concatenate(blocks) for name, blocks in found.items()}

    def _file(self, bucket: int, name: str) -> Path:
        return self.folder / f"{bucket:05d}.{name}"

    def _keep(self, bucket: int, paired: PairedActs) -> None:
        arrays = {"keys": paired.keys, "offsets": paired.offsets, "from_low": paired.from_low}
        arrays |= {name: getattr(paired.log, name) for name in SORTED_COLUMNS}
        for name, values in arrays.items():
            if values is not None:
                write_raw(np.ascontiguousarray(values), self._file(bucket, f"{name}.kept"), "wb")

    def _kept(self, bucket: int) -> PairedActs:
        def load(name: str, kind: Any) -> Any:
            # NumPy's own files have a header, which Python 3.11 may fail to read on two threads at once
            file = self._file(bucket, f"{name}.kept")
            return np.fromfile(file, dtype=kind) if file.exists() else None

        there = {name: getattr(self.frame, name) for name in SORTED_COLUMNS}
        columns: dict[str, Any] = {
            name: None if one is None else load(name, one.dtype) for name, one in there.items()
        }
        keys, offsets = load("keys", np.int64), load("offsets", np.int64)
        return PairedActs(keys, offsets, load("from_low", bool), replace(self.frame, **columns))


def deal(
    batches: Iterable[Callable[[], Mapping[str, Array]]],
    frame: LogColumns,
    bounds: Array,
    folder: Path,
    *,
    threads: int = 1,
    tell: Callable[[int], None] = lambda _: None,
) -> Buckets:
    """Deal acts into buckets, batch by batch.

    Parameters
    ----------
    batches : iterable of callable
        Each gives columns of acts when it is called, on any thread: codes of people for ``sender`` and
        ``receiver``.
    frame : LogColumns
        The log without its acts.
    bounds : ndarray of int64
        Key with which each bucket but the first begins.
    folder : Path
        An empty folder.
    threads : int
        Batches that are made ready at once.
    tell : callable, optional
        Told how many acts have been dealt.

    Raises
    ------
    OutputError
        Where the disk is full.
    """
    acts = np.zeros(len(bounds) + 1, dtype=np.int64)
    found = Buckets(folder, frame, bounds, ())
    told = _told_by_lower(found)

    def ready(batch: Callable[[], Mapping[str, Array]]) -> tuple[list[Array], Array]:
        return _by_bucket(found, told, batch())

    with _Growing(folder) as files:
        for columns, many in in_order(ready, batches, threads, ahead=1):
            ends = np.cumsum(many)
            for one in np.flatnonzero(many).tolist():
                part = slice(ends[one] - many[one], ends[one])
                block = b"".join([many[one].tobytes(), *(values[part].data for values in columns)])
                files.add(found._file(one, DEALT), block)
            acts += many
            tell(int(acts.sum()))
    return replace(found, acts=tuple(acts.tolist()))


class _Growing:
    """Files that grow by blocks: some stay open, as opening a file takes as long as writing a block."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._files, self._most = folder, ExitStack(), MOST_OPEN
        self._open: dict[Path, Any] = {}

    def __enter__(self) -> _Growing:
        return self

    def add(self, path: Path, block: bytes) -> None:
        """Add a block at the end of a file."""
        try:
            if path not in self._open and len(self._open) < self._most:
                self._open[path] = self._files.enter_context(path.open("ab"))
            if path in self._open:
                self._open[path].write(block)
                return
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise disk_error(error, self._folder) from error
            # others have files open too: from here on one at a time
            self.__exit__()
            self._open, self._most = {}, 0
        write_raw(block, path, "ab")

    def __exit__(self, *stopped: Any) -> None:
        try:
            # what was written last may not be on the disk before
            self._files.close()
        except OSError as error:
            raise disk_error(error, self._folder) from error


def _told_by_lower(buckets: Buckets) -> Array:
    """Bucket of all pairs in which somebody is the lower; the number of buckets where they are in several."""
    n, number = buckets.frame.n_people, len(buckets.bounds) + 1
    least = np.arange(n, dtype=np.int64) * n
    first, last = buckets.of_keys(least), buckets.of_keys(least + (n - 1))
    # sixteen bits are sorted without comparing
    return np.where(first == last, first, number).astype(np.min_scalar_type(number))


def _by_bucket(buckets: Buckets, told: Array, batch: Mapping[str, Array]) -> tuple[list[Array], Array]:
    """Columns of a batch in the order of buckets, and how many of its acts each bucket gets."""
    number = len(buckets.bounds) + 1
    bucket = told[np.minimum(batch["sender"], batch["receiver"])]
    several = np.flatnonzero(bucket == number)
    if len(several):
        some = {name: batch[name][several] for name in ("sender", "receiver")}
        bucket[several] = buckets.of_keys(keys_of(some, buckets.frame.n_people))
    order = np.argsort(bucket, kind="stable")
    columns = [
        np.ascontiguousarray(batch[name][order], dtype=getattr(buckets.frame, name).dtype)
        for name in buckets.names
    ]
    return columns, np.bincount(bucket, minlength=number)


def keys_of(batch: Mapping[str, Array], n_people: int) -> Array:
    """Key of the pair of each act."""
    sender, receiver = batch["sender"], batch["receiver"]
    key = np.minimum(sender, receiver).astype(np.int64)
    key *= n_people
    key += np.maximum(sender, receiver)
    return key


def bounds_of(keys: Array, buckets: int) -> Array:
    """Keys at which buckets of about as many acts each begin, from the keys of a sample of acts.

    A pair is never cut; one with more acts than a bucket should hold has a bucket of its own.

    >>> bounds_of(np.array([1, 1, 2, 3, 3, 3, 3, 9]), 4)
    array([2, 3, 4])
    """
    ordered = np.sort(keys)
    if buckets <= 1 or not len(ordered):
        return np.empty(0, dtype=np.int64)
    places = (np.arange(1, buckets) * len(ordered)) // buckets
    cuts = ordered[places]
    # a pair that fills more than a bucket ends where the next key begins
    again = cuts[1:][cuts[1:] == cuts[:-1]]
    return np.unique(np.concatenate([cuts, again + 1])).astype(np.int64)


def alike(values: Array) -> Array:
    """One value where all are the same to the bit, else all of them.

    >>> alike(np.array([0.5, 0.5])), alike(np.array([0.0, -0.0]))
    (array([0.5]), array([ 0., -0.]))
    """
    bits = values.view(f"u{values.itemsize}")
    return values[:1] if bool((bits == bits[:1]).all()) else values


def saved(file: Path, values: Array) -> None:
    """An array on disk."""
    values = np.ascontiguousarray(values)
    try:
        with file.open("wb") as out:
            # NumPy's own saving of a file does not say why it stopped
            np.lib.format.write_array_header_1_0(out, np.lib.format.header_data_from_array_1_0(values))
            out.write(values.data)
    except OSError as error:
        raise disk_error(error, file.parent) from error


def write_table(path: Path, table: Any) -> None:
    """An Arrow table as a file.

    Raises
    ------
    OutputError
        Where the disk is full.
    """
    try:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
            out.write_table(table)
    except OSError as error:
        raise disk_error(error, path.parent) from error


def write_raw(values: Array | bytes, path: Path, mode: str) -> None:
    """Bytes as a file ("wb") or at its end ("ab"); a full disk is said."""
    try:
        with path.open(mode) as file:
            file.write(values)
    except OSError as error:
        raise disk_error(error, path.parent) from error

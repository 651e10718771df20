"""Logs on disk measured by several processes: the same bits, and what happens where one of them stops."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import honestsignals as hs
from honestsignals import storing
from honestsignals.engines import allocation, stored
from honestsignals.engines.threads import alive, in_order
from honestsignals.engines.workers import processes
from honestsignals.errors import DesignError

from .test_stored import acts, killed_after, same


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many buckets, and processes for few acts."""
    monkeypatch.setattr(storing, "LEAST_ACTS", 300)
    monkeypatch.setattr(storing, "ACT_BYTES", 1_500_000)
    monkeypatch.setattr(storing, "PROCESSES_FROM", 0)
    monkeypatch.setattr(storing, "PROCESS_BYTES", 1)
    monkeypatch.setattr(storing, "IMPORTED", 0)


def log_of(frame: pd.DataFrame, **more: Any) -> hs.StoredLog:
    return hs.store_log(frame, memory="300MB", threads=2, time_unit="s", **more)


def test_the_table_is_that_of_memory_to_the_bit(tmp_path: Path) -> None:
    for text in (False, True):
        frame = acts(31, text=text)
        log = log_of(frame)
        table = log.dyads(tmp_path / f"dyads-{text}")
        assert len(table.parts) == len(log.engine) >= 5
        same(table.to_frame(), hs.read_log(frame, time_unit="s").dyads().frame)


def test_until_a_moment(tmp_path: Path) -> None:
    frame = acts(32)
    cut = int(frame["time"].quantile(0.6))
    one = log_of(frame).dyads(tmp_path / "t", until=cut, metrics=["volume", "embeddedness", "chance"])
    # without processes
    two = hs.store_log(frame, memory="300MB", threads=1, time_unit="s")
    same(
        one.to_frame(),
        two.dyads(tmp_path / "u", until=cut, metrics=["volume", "embeddedness", "chance"]).to_frame(),
    )


def test_processes_end_with_the_table(tmp_path: Path) -> None:
    log = log_of(acts(33))
    with log.engine.at_work():
        found = set(in_order(_process, range(8), 2, log.engine._pool))
        assert os.getpid() not in found
        # one within the other is the same
        with log.engine.at_work():
            assert log.engine._pool is not None
        assert log.engine._pool is not None
    assert log.engine._pool is None
    assert not any(map(alive, found))


def _process(_: int) -> int:
    return os.getpid()


def test_few_acts_take_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "PROCESSES_FROM", 10**6)
    log = log_of(acts(34))
    with log.engine.at_work():
        assert log.engine._pool is None


def test_a_process_that_is_stopped_is_said() -> None:
    with pytest.raises(DesignError, match="process that measured a part was stopped"), processes(2) as pool:
        list(in_order(_stop, range(4), 2, pool))


def _stop(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_fails_there_fails_here(tmp_path: Path) -> None:
    log, target = log_of(acts(35)), tmp_path / "t"
    log.engine.ids.unlink()
    with pytest.raises(FileNotFoundError, match=r"ids\.arrow"):
        log.dyads(target)
    assert not target.exists()
    assert log.engine._pool is None


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught, processes(2) as pool:
        list(in_order(_full, range(4), 2, pool))
    assert caught.value.errno == errno.ENOSPC


def _full(_: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _group_is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_killed_in_the_middle(tmp_path: Path) -> None:
    frame, target = acts(36, number=60_000, people=700), tmp_path / "dyads.parquet"
    frame.to_parquet(tmp_path / "acts.parquet")
    # no guard against being run again by its own processes
    program = f"""
import honestsignals as hs
from honestsignals import storing
storing.LEAST_ACTS, storing.ACT_BYTES, storing.IMPORTED = 100, 40_000, 0
storing.PROCESSES_FROM, storing.PROCESS_BYTES = 0, 1
log = hs.store_log({str(tmp_path / "acts.parquet")!r}, memory="300MB", time_unit="s", threads=2)
log.dyads({str(target)!r}, resume=True)
"""
    (tmp_path / "program.py").write_text(program)
    command = [sys.executable, str(tmp_path / "program.py")]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    group = killed_after(3, tmp_path / "dyads.parquet.work" / "parts", command, environment)
    assert not target.exists()
    begin = time.monotonic()
    # its processes end too
    while _group_is_there(group):
        assert time.monotonic() - begin < 60
        time.sleep(0.1)
    subprocess.run(command, check=True, env=environment)
    table = hs.open_table(target)
    assert {path.suffix for path in target.iterdir()} == {".parquet"}
    same(table.to_frame(), hs.read_log(frame, time_unit="s").dyads().frame)


def test_freed_memory_is_kept_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[int, ...]] = []
    library = SimpleNamespace(
        mallopt=lambda name, value: said.append((name, value)), malloc_trim=lambda pad: said.append((pad,))
    )
    monkeypatch.setattr(allocation, "_library", lambda: library)
    with pytest.raises(ZeroDivisionError), allocation.memory_kept():
        said.append((1 // 0,))
    assert said == [(-3, 2**30), (-1, 2**27), (-3, 2**25), (-1, 2**26), (0,)]


def test_other_systems_set_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert allocation._library() is None
    with allocation.memory_kept():
        pass


@pytest.mark.parametrize("memory", [3 * 10**8, 10**9, 2 * 10**9, 16 * 10**9])
@pytest.mark.parametrize("threads", [1, 2, 8, 64])
def test_processes_and_their_buckets_fit_into_memory(
    memory: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("PROCESS_BYTES", 250_000_000), ("IMPORTED", 150_000_000), ("ACT_BYTES", 250)):
        monkeypatch.setattr(storing, name, value)
    many = storing.processes_of(memory, threads, 3_000_000)
    assert many == max(1, min(threads, memory // 500_000_000))
    acts = storing.bucket_acts(memory, threads, many)
    taken = acts * 250 * threads if many == 1 else many * (acts * 250 + 150_000_000)
    assert 0.49 * memory < taken <= memory // 2
    assert acts > 3_000


def test_two_tables_of_one_log_on_two_threads(tmp_path: Path) -> None:
    frame = acts(41)
    log = log_of(frame)
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(log.dyads, tmp_path / f"t{number}") for number in range(2)]
        people = pool.submit(log.people_metrics, ["given", "received"])
        tables = [one.result() for one in asked]
    twin = hs.read_log(frame, time_unit="s")
    for table in tables:
        same(table.to_frame(), twin.dyads().frame)
    pd.testing.assert_frame_equal(people.result().frame, twin.people_metrics(["given", "received"]).frame)


def test_a_process_that_may_have_no_children(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stored, "current_process", lambda: SimpleNamespace(daemon=True))
    log = log_of(acts(42))
    with log.engine.at_work():
        assert log.engine.many == 2
        assert log.engine._pool is None

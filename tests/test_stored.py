"""Logs on disk: the same bits as in memory, whatever the buckets; nothing half-written; resumable."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import honestsignals as hs
from honestsignals import storing
from honestsignals.cli import app
from honestsignals.engines import buckets
from honestsignals.engines.buckets import bounds_of
from honestsignals.engines.threads import in_order
from honestsignals.errors import ArgumentError, DesignError, InputError, OutputError, UnknownNameError
from honestsignals.progress import telling

PLAIN = ["sender", "receiver", "time", "kind"]


def acts(seed: int = 1, number: int = 1_500, people: int = 40, text: bool = False) -> pd.DataFrame:
    """Acts of a few people of very different activity, with every column that metrics read."""
    rng = np.random.default_rng(seed)
    weight = rng.lognormal(0, 1.2, people)
    ego, alter = (rng.choice(people, number, p=weight / weight.sum()) for _ in range(2))
    alter = np.where(ego == alter, (alter + 1) % people, alter)
    ids = (
        np.array([f"p{code:03d}" for code in range(people)], dtype=object)
        if text
        else np.arange(people) * 7 - 20
    )
    return pd.DataFrame(
        {
            "sender": ids[ego],
            "receiver": ids[alter],
            "time": np.sort(rng.integers(0, 40 * 86_400, number)),
            "kind": rng.choice(["help", "information"], number),
            "count": rng.integers(1, 4, number),
            "weight": rng.choice([0.1, 0.2, 0.7, 1e9, 1e-9], number),
            "depth": np.where(rng.random(number) < 0.3, np.nan, rng.integers(0, 4, number)),
            "topic": rng.choice(["work", "home", None], number),
            "conversation": [f"c{one}" for one in rng.integers(0, 300, number)],
        }
    )


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets and batches small enough that there are many."""
    monkeypatch.setattr(storing, "LEAST_ACTS", 300)
    monkeypatch.setattr(storing, "ACT_BYTES", 1_500_000)
    monkeypatch.setattr(storing, "MOST_ROWS", 190)


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Equal to the bit, column by column, NaN by NaN."""
    assert list(one.columns) == list(other.columns)
    for name in one.columns:
        pd.testing.assert_series_equal(
            one[name], other[name], check_exact=True, check_categorical=False, check_names=False
        )


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_table_is_that_of_memory_to_the_bit(tmp_path: Path, text: bool, threads: int) -> None:
    frame = acts(text=text)
    log = hs.store_log(frame, memory="300MB", threads=threads, time_unit="s")
    assert len(log.engine) >= 5
    table = log.dyads(tmp_path / "dyads.parquet")
    same(table.to_frame(), hs.read_log(frame, time_unit="s").dyads().frame)
    assert table.rows == len(table) == log.dyads_in_contact
    assert len(table.parts) == len(log.engine)


def test_rows_may_come_in_any_order_and_buckets_be_of_any_size(tmp_path: Path) -> None:
    frame = acts(2)
    one = hs.store_log(frame, memory="300MB", time_unit="s").dyads(tmp_path / "one")
    shuffled = frame.sample(frac=1, random_state=3).reset_index(drop=True)
    other = hs.store_log(shuffled, memory="10GB", threads=1, time_unit="s").dyads(tmp_path / "other")
    assert len(other.parts) == 1 < len(one.parts)
    same(one.to_frame(), other.to_frame())


@pytest.mark.parametrize(
    "columns", [PLAIN, ["sender", "receiver"], ["sender", "receiver", "weight", "count"]]
)
def test_logs_with_fewer_columns(tmp_path: Path, columns: list[str]) -> None:
    frame = acts(4)[columns]
    unit = "s" if "time" in columns else None
    table = hs.store_log(frame, memory="300MB", time_unit=unit).dyads(tmp_path / "t")
    same(table.to_frame(), hs.read_log(frame, time_unit=unit).dyads().frame)


def test_waves_and_dates(tmp_path: Path) -> None:
    frame = acts(5)[["sender", "receiver"]].assign(wave=np.arange(1_500) // 300)
    table = hs.store_log(frame, memory="300MB").dyads(tmp_path / "waves")
    same(table.to_frame(), hs.read_log(frame).dyads().frame)
    dated = acts(5)[PLAIN].assign(time=lambda one: pd.to_datetime(one["time"], unit="s"))
    table = hs.store_log(dated, memory="300MB").dyads(tmp_path / "dates")
    same(table.to_frame(), hs.read_log(dated).dyads().frame)
    relative = acts(5)[PLAIN]
    found = hs.store_log(relative, memory="300MB", time_unit="s", time_origin="2024-01-01")
    twin = hs.read_log(relative, time_unit="s", time_origin="2024-01-01")
    assert found.moments() == twin.moments()
    same(found.dyads(tmp_path / "origin").to_frame(), twin.dyads().frame)


def test_metrics_asked_for_and_acts_before_a_moment(tmp_path: Path) -> None:
    frame = acts(6)
    log, twin = hs.store_log(frame, memory="300MB", time_unit="s"), hs.read_log(frame, time_unit="s")
    names = [
        "returned_share",
        "shared_contacts__help",
        "attention_ego__weight",
        "give_share_shrunk",
        "acts_gap",
    ]
    asked: dict[str, Any] = {"until": 20 * 86_400, "metrics": names, "conversation_gap": "2h"}
    table = log.dyads(tmp_path / "t", **asked)
    same(table.to_frame(), twin.dyads(**asked).frame)
    assert table.facts()[-2:] == twin.dyads(**asked).facts()[-2:]
    same(log.dyads(tmp_path / "all", metrics="all").to_frame(), twin.dyads(metrics="all").frame)
    with pytest.raises(UnknownNameError, match="Did you mean 'returned_share'"):
        log.dyads(tmp_path / "u", metrics=["returned_shar"])
    assert not (tmp_path / "u").exists()


def test_people_and_network_are_those_of_memory() -> None:
    frame = acts(7)
    log, twin = hs.store_log(frame, memory="300MB", time_unit="s"), hs.read_log(frame, time_unit="s")
    same(log.people_metrics().frame, twin.people_metrics().frame)
    same(
        log.people_metrics(of="help", until=86_400 * 9).frame,
        twin.people_metrics(of="help", until=86_400 * 9).frame,
    )
    same(log.network_metrics().frame, twin.network_metrics().frame)
    assert log.network().facts()[1:] == twin.network().facts()[1:]


@pytest.mark.parametrize("rows", [1, 40, 300])
def test_people_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    frame = acts(18)
    log, twin = hs.store_log(frame, memory="300MB", time_unit="s"), hs.read_log(frame, time_unit="s")
    monkeypatch.setattr(log.engine, "most_rows", rows)
    same(log.people_metrics().frame, twin.people_metrics().frame)
    same(log.people_metrics(of="weight").frame, twin.people_metrics(of="weight").frame)


def test_it_says_what_it_read() -> None:
    frame = pd.concat(
        [acts(8), pd.DataFrame({"sender": [1], "receiver": [1], "time": [5], "kind": ["help"]})]
    )
    frame = frame[PLAIN].assign(id=np.arange(len(frame)))
    log, twin = hs.store_log(frame, memory="300MB", time_unit="s"), hs.read_log(frame[PLAIN], time_unit="s")
    assert log.facts()[:2] == twin.facts()[:2]
    assert "Left out: 1 (self-acts)." in log.facts()
    assert "Columns not asked for, and not read: id." in log.facts()
    assert log.people.tolist() == twin.people.tolist()
    assert log.kinds == twin.kinds
    assert str(log).startswith("StoredLog DataFrame\n1,500 acts")
    assert "<b>StoredLog</b>" in log._repr_html_()


def test_bad_rows_are_named_or_left_out(tmp_path: Path) -> None:
    frame = acts(9)[PLAIN].astype({"time": object, "receiver": object})
    frame.loc[700, "time"] = "soon"
    frame.loc[703, "receiver"] = None
    path = tmp_path / "acts.csv"
    frame.to_csv(path, index=False)
    with pytest.raises(InputError) as told:
        hs.store_log(path, memory="300MB", time_unit="s")
    assert "line 702: time 'soon' is not a number" in str(told.value)
    log = hs.store_log(path, memory="300MB", time_unit="s", bad_rows="leave out")
    twin = hs.read_log(path, time_unit="s", bad_rows="leave out")
    assert dict(log.left_out) == dict(twin.left_out)
    same(log.dyads(tmp_path / "t").to_frame(), twin.dyads().frame)


def test_ragged_lines_and_mixed_zones(tmp_path: Path) -> None:
    path = tmp_path / "acts.csv"
    lines = ["sender,receiver,time", *(f"{one % 9},{one % 9 + 1},{one}" for one in range(400))]
    path.write_text("\n".join([*lines, "1,2", "3,4,5"]))
    with pytest.raises(InputError, match="line 402: too few fields"):
        hs.store_log(path, memory="300MB", time_unit="s")
    log = hs.store_log(path, memory="300MB", time_unit="s", bad_rows="leave out")
    assert dict(log.left_out) == dict(hs.read_log(path, time_unit="s", bad_rows="leave out").left_out)
    dates = [f"2024-01-01T00:00:{one % 60:02d}Z" for one in range(300)]
    dates[250] = "2024-01-02"
    frame = pd.DataFrame({"sender": [1] * 300, "receiver": [2] * 300, "time": dates})
    with pytest.raises(InputError, match=r"row 250.*has no time zone, others have one"):
        hs.store_log(frame, memory="300MB")


def test_what_takes_all_acts_at_once_is_refused() -> None:
    frame = acts(1)[PLAIN].assign(id=np.arange(1_500), reply_to=None)
    with pytest.raises(DesignError, match="cannot have id: ids of acts are held against one another"):
        hs.store_log(frame, columns={"time": "time", "id": "id"}, time_unit="s")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"memory": "2 bananas"}, "memory is '2 bananas'; it must be a size from 300MB on"),
        ({"memory": 1_000}, "memory is 1000"),
        ({"threads": 0}, "threads is 0; it must be a whole number from 1 on"),
        ({"time_origin": "2024-01-01", "time_unit": "iso"}, "time_origin is for times"),
    ],
)
def test_arguments(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        hs.store_log(acts(1)[PLAIN], **{"time_unit": "s", **asked})


def test_its_folder_goes_away_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    log = hs.store_log(acts(1), memory="300MB", time_unit="s")
    assert len(list(tmp_path.iterdir())) == 1
    del log
    assert not list(tmp_path.iterdir())
    bad = acts(1).assign(time="never")
    with pytest.raises(InputError):
        hs.store_log(bad, memory="300MB", time_unit="s")
    assert not list(tmp_path.iterdir())


def test_a_pair_with_more_acts_than_a_bucket(tmp_path: Path) -> None:
    hub = acts(15)
    hub.loc[::2, ["sender", "receiver"]] = [-20, 253]
    log = hs.store_log(hub, memory="300MB", time_unit="s")
    assert max(log.dealt.sizes) >= 700 > 300
    same(log.dyads(tmp_path / "t").to_frame(), hs.read_log(hub, time_unit="s").dyads().frame)


def test_ids_that_turn_out_to_be_text(tmp_path: Path) -> None:
    frame = acts(16)[PLAIN].astype({"sender": str, "receiver": str})
    frame.loc[1_400, "receiver"] = "Zoë"
    path = tmp_path / "acts.csv"
    frame.to_csv(path, index=False)
    log, twin = hs.store_log(path, memory="300MB", time_unit="s"), hs.read_log(path, time_unit="s")
    assert log.people.tolist() == twin.people.tolist()
    same(log.dyads(tmp_path / "t").to_frame(), twin.dyads().frame)


def test_on_the_command_line(tmp_path: Path) -> None:
    frame = acts(17)[PLAIN]
    frame.to_parquet(tmp_path / "acts.parquet")
    target = tmp_path / "dyads.parquet"
    asked = ["--time-unit", "s", "--metrics", "volume,balance", "--until", "1000000", "--memory", "300MB"]
    said = CliRunner().invoke(app, ["store", str(tmp_path / "acts.parquet"), "-o", str(target), *asked])
    assert said.exit_code == 0, said.output
    assert "StoredTable" in said.output
    twin = hs.read_log(frame, time_unit="s").dyads(metrics=["volume", "balance"], until=1_000_000)
    same(hs.open_table(target).to_frame(), twin.frame)


# runs that stop


def stop_after(monkeypatch: pytest.MonkeyPatch, parts: int, error: BaseException) -> None:
    """Let a run stop with an error once some parts are written."""
    write, written = pq.write_table, []

    def stopping(table: Any, path: Any, **how: Any) -> None:
        if len(written) == parts:
            raise error
        written.append(path)
        write(table, path, **how)

    monkeypatch.setattr(pq, "write_table", stopping)


def test_a_run_that_stops_leaves_no_table_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = acts(10)
    log, target = hs.store_log(frame, memory="300MB", threads=1, time_unit="s"), tmp_path / "dyads.parquet"
    with monkeypatch.context() as patched:
        stop_after(patched, 3, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            log.dyads(target)
    work = tmp_path / "dyads.parquet.work" / "parts"
    assert not target.exists()
    done = sorted(work.glob("part-*.parquet"))
    assert len(done) == 3
    stamps = [path.stat().st_mtime_ns for path in done]
    with pytest.raises(OutputError, match="interrupted run of other columns"):
        log.dyads(target, metrics=["acts"], resume=True)
    kept: list[int] = []
    with telling(lambda what: kept.extend([path.stat().st_mtime_ns for path in done if path.exists()])):
        table = log.dyads(target, resume=True)
    assert set(kept) == set(stamps)
    assert not work.parent.exists()
    same(table.to_frame(), hs.read_log(frame, time_unit="s").dyads().frame)
    fresh = hs.store_log(frame, memory="300MB", threads=2, time_unit="s").dyads(tmp_path / "fresh")
    assert [one.read_bytes() for one in fresh.parts] == [one.read_bytes() for one in table.parts]


def test_a_new_run_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = acts(11)
    log, target = hs.store_log(frame, memory="300MB", threads=1, time_unit="s"), tmp_path / "t"
    with monkeypatch.context() as patched:
        stop_after(patched, 2, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            log.dyads(target)
    same(
        log.dyads(target, metrics=["acts"]).to_frame(),
        hs.read_log(frame, time_unit="s").dyads(metrics=["acts"]).frame,
    )
    same(log.dyads(target).to_frame(), hs.read_log(frame, time_unit="s").dyads().frame)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t", "t.codebook.csv"]


def killed_after(number: int, parts: Path, command: list[str], environment: dict[str, str]) -> int:
    """Run a program until so many parts are there, and kill it; the group of its processes."""
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        begin = time.monotonic()
        while len(list(parts.glob("part-*.parquet"))) < number:
            assert process.poll() is None
            assert time.monotonic() - begin < 60
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    return process.pid


def test_killed_in_the_middle(tmp_path: Path) -> None:
    frame, target = acts(12, number=60_000, people=700), tmp_path / "dyads.parquet"
    frame.to_parquet(tmp_path / "acts.parquet")
    program = f"""
import honestsignals as hs
from honestsignals import storing
storing.LEAST_ACTS, storing.ACT_BYTES = 100, 40_000
log = hs.store_log({str(tmp_path / "acts.parquet")!r}, memory="300MB", time_unit="s", threads=2)
log.dyads({str(target)!r}, resume=True)
"""
    command, work = [sys.executable, "-c", program], tmp_path / "dyads.parquet.work" / "parts"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    killed_after(3, work, command, environment)
    assert not target.exists()
    done = len(list(work.glob("part-*.parquet")))
    subprocess.run(command, check=True, env=environment)
    table = hs.open_table(target)
    assert 3 <= done < len(table.parts)
    assert not work.parent.exists()
    same(table.to_frame(), hs.read_log(frame, time_unit="s").dyads().frame)


@pytest.mark.parametrize("where", ["reading", "dealing", "closing", "measuring"])
def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    log = hs.store_log(acts(13), memory="300MB", threads=1, time_unit="s")
    if where == "measuring":
        stop_after(monkeypatch, 2, full)
        with pytest.raises(OutputError, match=r"dyads\.work: the disk is full"):
            log.dyads(tmp_path / "dyads")
        assert not (tmp_path / "dyads").exists()
        assert len(list((tmp_path / "dyads.work" / "parts").glob("part-*.parquet"))) == 2
        return

    def refuse(*_: Any, **__: Any) -> Any:
        raise full

    if where == "reading":
        monkeypatch.setattr(pa.ipc, "new_file", refuse)
    else:
        file = MagicMock(**{"__enter__.return_value.write.side_effect": full})
        if where == "closing":
            file = MagicMock(**{"__exit__.side_effect": full})
        opened = Path.open
        monkeypatch.setattr(
            Path,
            "open",
            lambda path, *how, **more: file if path.suffix == ".dealt" else opened(path, *how, **more),
        )
    with pytest.raises(OutputError, match="the disk is full"):
        hs.store_log(acts(13), memory="300MB", threads=1, time_unit="s")


def test_places_that_are_taken(tmp_path: Path) -> None:
    log = hs.store_log(acts(1), memory="300MB", time_unit="s")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="is there already, and is no stored table"):
        log.dyads(tmp_path / "file")
    with pytest.raises(OutputError, match="There is no folder"):
        log.dyads(tmp_path / "no" / "t")
    (tmp_path / "t.work").mkdir()
    (tmp_path / "t.work" / "mine").write_text("mine")
    with pytest.raises(OutputError, match="is no interrupted run"):
        log.dyads(tmp_path / "t")
    assert (tmp_path / "t.work" / "mine").read_text() == "mine"


def test_what_is_no_path_is_told_so(tmp_path: Path) -> None:
    log = hs.store_log(acts(1, 200), memory="300MB", time_unit="s", threads=1)
    for path in (None, 7, "", b"dyads", ["dyads"]):
        with pytest.raises(ArgumentError, match=r"path is .*; it must be where the table is written"):
            log.dyads(path)  # type: ignore[arg-type]
    for path in ("~nobody-of-that-name/dyads", str(tmp_path / "a\0b")):
        with pytest.raises(OutputError, match="is no place to write: "):
            log.dyads(path)


def test_a_bucket_whose_sorting_stopped_is_sorted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = acts(20)
    log = hs.store_log(frame, memory="300MB", threads=1, time_unit="s")
    kept, calls = buckets.write_raw, []

    def stopping(values: Any, file: Path, mode: str) -> None:
        calls.append(file)
        if len(calls) == 3:
            raise KeyboardInterrupt
        kept(values, file, mode)

    with monkeypatch.context() as patched:
        patched.setattr(buckets, "write_raw", stopping)
        with pytest.raises(KeyboardInterrupt):
            log.dyads(tmp_path / "t")
    same(log.dyads(tmp_path / "t").to_frame(), hs.read_log(frame, time_unit="s").dyads().frame)


@pytest.mark.parametrize("change", ["ids", "text", "dates"])
def test_other_people_or_times_are_another_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    frame, asked = acts(21)[PLAIN], {"time_unit": "s", "threads": 1, "memory": "300MB"}
    with monkeypatch.context() as patched:
        stop_after(patched, 2, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            hs.store_log(frame, **asked).dyads(tmp_path / "t")
    if change == "dates":
        asked["time_origin"] = "1970-01-01"
    elif change == "ids":
        frame = frame.assign(sender=frame["sender"] + 1, receiver=frame["receiver"] + 1)
    else:
        frame = frame.assign(sender=frame["sender"].map("p{:04d}".format), receiver="q")
    with pytest.raises(OutputError, match="interrupted run over other acts"):
        hs.store_log(frame, **asked).dyads(tmp_path / "t", resume=True)


def test_two_runs_of_one_table(tmp_path: Path) -> None:
    log, target = hs.store_log(acts(22), memory="300MB", time_unit="s"), tmp_path / "t"
    heard: list[str] = []

    def meddling(what: str) -> None:
        if "part" in what and not heard:
            with pytest.raises(OutputError, match=f"Process {os.getpid()} is writing into") as told:
                log.dyads(target)
            heard.append(str(told.value))

    with telling(meddling):
        table = log.dyads(target)
    assert heard
    same(table.to_frame(), hs.read_log(acts(22), time_unit="s").dyads().frame)


def test_what_lies_beside_a_table_stays(tmp_path: Path) -> None:
    log = hs.store_log(acts(23), memory="300MB", time_unit="s")
    (tmp_path / "t.old").mkdir()
    (tmp_path / "t.old" / "mine").write_text("mine")
    log.dyads(tmp_path / "t")
    log.dyads(tmp_path / "t", metrics=["acts"])
    assert (tmp_path / "t.old" / "mine").read_text() == "mine"
    (tmp_path / "u.work").mkdir()
    (tmp_path / "u.work" / "mine").write_text("mine")
    for resume in (False, True):
        with pytest.raises(OutputError, match="is no interrupted run"):
            log.dyads(tmp_path / "u", resume=resume)
    assert (tmp_path / "u.work" / "mine").read_text() == "mine"
    (tmp_path / "link").symlink_to(tmp_path / "far")
    assert log.dyads(tmp_path / "link", metrics=["acts"]).path == tmp_path / "far"


def test_stopped_between_two_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, target = hs.store_log(acts(24), memory="300MB", time_unit="s"), tmp_path / "t"
    before, named = log.dyads(target, metrics=["acts"]).to_frame(), Path.replace

    def stopping(path: Path, new: Path) -> Path:
        if path.name == "parts":
            raise KeyboardInterrupt
        return named(path, new)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", stopping)
        with pytest.raises(KeyboardInterrupt):
            log.dyads(target)
    with monkeypatch.context() as patched:
        stop_after(patched, 0, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            log.dyads(target, metrics=["acts_ego"])
    same(hs.open_table(target).to_frame(), before)
    same(log.dyads(target).to_frame(), hs.read_log(acts(24), time_unit="s").dyads().frame)


def test_parts_that_are_not_whole_are_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, target = hs.store_log(acts(25), memory="300MB", threads=1, time_unit="s"), tmp_path / "t"
    with monkeypatch.context() as patched:
        stop_after(patched, 3, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            log.dyads(target)
    parts = tmp_path / "t.work" / "parts"
    for cut, name in ((500, "part-00000.parquet"), (0, "part-00001.parquet")):
        (parts / name).write_bytes((parts / name).read_bytes()[:cut])
    (parts / "part-copy.parquet").write_text("mine")
    same(log.dyads(target, resume=True).to_frame(), hs.read_log(acts(25), time_unit="s").dyads().frame)


def test_names_that_rows_left_out_have_alone(tmp_path: Path) -> None:
    frame = pd.DataFrame({"sender": ["a", "b", "c"], "receiver": ["b", "b", "a"], "topic": ["x", "own", "x"]})
    frame = frame.assign(kind=["help", "own", "talk"], conversation=["1", "own", "2"])
    table = hs.store_log(frame, memory="300MB").dyads(tmp_path / "t")
    same(table.to_frame(), hs.read_log(frame).dyads().frame)


def test_tables_without_rows(tmp_path: Path) -> None:
    frame = acts(26)
    log = hs.store_log(frame, memory="300MB", time_unit="s")
    table = log.dyads(tmp_path / "t", until=0)
    assert list(table.to_frame().columns) == list(
        hs.read_log(frame, time_unit="s").dyads(until=0).frame.columns
    )
    assert len(table) == len(table.to_frame()) == 0
    alone = hs.store_log(frame.assign(receiver=frame["sender"]), memory="300MB", time_unit="s")
    assert "No acts." in alone.facts()
    assert len(alone.dyads(tmp_path / "u").to_frame()) == 0


def test_counts_are_acts() -> None:
    frame = acts(27)
    log, twin = hs.store_log(frame, memory="300MB", time_unit="s"), hs.read_log(frame, time_unit="s")
    assert len(log) == len(twin) == frame["count"].sum()
    assert log.facts()[:4] == twin.facts()[:4]
    with pytest.raises(DesignError, match="The counts stand for 1,500,000,000,000 timed acts"):
        hs.store_log(frame.assign(count=10**9), memory="300MB", time_unit="s")


def test_a_log_cannot_be_sent_or_outlive_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    log = hs.store_log(acts(28), memory="300MB", time_unit="s")
    with pytest.raises(DesignError, match="goes away with its process"):
        pickle.dumps(log)
    for folder in tmp_path.glob("honestsignals-log-*"):
        shutil.rmtree(folder)
    with pytest.raises(DesignError, match="is gone: read the log again"):
        log.people_metrics()


def test_folders_of_killed_processes_are_swept_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    dead, living = tmp_path / "honestsignals-log-dead", tmp_path / "honestsignals-log-living"
    for folder, owner in ((dead, ended.stdout.decode().strip()), (living, str(os.getpid()))):
        folder.mkdir()
        (folder / "owner").write_text(owner)
    hs.store_log(acts(29), memory="300MB", time_unit="s")
    assert living.exists()
    assert not dead.exists()


def test_more_buckets_than_sixteen_bits_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(buckets, "MOST_OPEN", 0)
    monkeypatch.setattr(buckets, "write_raw", lambda values, path, _: written.append(path.name))
    frame = storing.frame_of_log(
        SimpleNamespace(people=np.arange(500), values={}, clock=None, edges=(0, 0), columns=())
    )
    low, high = (side.astype(np.int32) for side in np.triu_indices(500, 1))
    batch = {"sender": low, "receiver": high}
    found = buckets.deal([lambda: batch], frame, buckets.keys_of(batch, 500)[1:70_000], tmp_path)
    assert set(found.acts[:-1]) == {1}
    assert len(set(written)) == len(written) == 70_000


def test_where_others_have_files_open_one_is_opened_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, there = Path.open, []

    def limited(path: Path, *how: Any, **more: Any) -> Any:
        if sum(not one.closed for one in there) >= 3:
            raise OSError(errno.EMFILE, "Too many open files")
        there.append(opened(path, *how, **more))
        return there[-1]

    monkeypatch.setattr(Path, "open", limited)
    with buckets._Growing(tmp_path) as files:
        for block in range(3):
            for name in "abcdef":
                files.add(tmp_path / name, f"{name}{block}".encode())
    assert all(one.closed for one in there)
    assert [(tmp_path / name).read_bytes() for name in "af"] == [b"a0a1a2", b"f0f1f2"]


def test_every_act_goes_to_the_bucket_of_its_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "MOST_OPEN", 4)
    rng, n = np.random.default_rng(5), 300
    sender, step = rng.integers(n, size=(2, 4_000))
    batch = {"sender": sender, "receiver": (sender + 1 + step % (n - 1)) % n}
    batch = {name: codes.astype(np.int32) for name, codes in batch.items()}
    frame = storing.frame_of_log(
        SimpleNamespace(people=np.arange(n), values={}, clock=None, edges=(0, 0), columns=())
    )
    # more files than stay open: several of one person, some between two, and the first and last pair of all
    bounds = np.array([1, 7, 200, 5 * n, 5 * n + 100, 60 * n + 61, 200 * n, n * n - 1])
    found = buckets.deal([lambda: batch, lambda: batch], frame, bounds, tmp_path)
    keys = buckets.keys_of(batch, n)
    assert found.acts == tuple(2 * np.bincount(found.of_keys(keys), minlength=9))
    paired = np.concatenate([found.paired(place).keys for place in range(9)])
    assert paired.tolist() == np.unique(keys).tolist()


# the table


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> hs.StoredTable:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storing, "LEAST_ACTS", 300)
        patch.setattr(storing, "ACT_BYTES", 1_500_000)
        log = hs.store_log(acts(14, text=True), memory="300MB", time_unit="s")
        return log.dyads(tmp_path_factory.mktemp("stored") / "t.parquet")


def test_any_reader_of_parquet_reads_it(table: hs.StoredTable) -> None:
    whole = pq.read_table(table.path).to_pandas()
    assert list(whole.columns) == list(table.columns)
    assert len(whole) == len(table)
    book = pd.read_csv(table.path.with_name("t.parquet.codebook.csv"))
    assert pl.read_parquet(table.path).shape == whole.shape
    assert book["column"].tolist() == list(table.columns)


def test_batches_and_columns(table: hs.StoredTable) -> None:
    batches = list(table.batches(["acts", "ego"], rows=7))
    assert max(one.num_rows for one in batches) <= 7
    assert pa.concat_tables(batches).column_names == ["acts", "ego"]
    same(table.to_frame(["acts", "ego"]), table.to_frame()[["acts", "ego"]])
    with pytest.raises(UnknownNameError, match="Did you mean 'acts_ego'"):
        table.to_frame(["acts_egoo"])
    assert table.fact("returned_share").range == (0, 1)


def test_a_sample_is_of_people(table: hs.StoredTable) -> None:
    drawn, whole = table.sample(12, seed=3, columns=["acts"]), table.to_frame(["ego", "alter", "acts"])
    people = set(drawn["ego"]) | set(drawn["alter"])
    assert len(people) <= 12
    among = whole[whole["ego"].isin(people) & whole["alter"].isin(people)].reset_index(drop=True)
    same(drawn, among)
    same(drawn, table.sample(12, seed=3, columns=["acts"]))
    everybody = len(set(whole["ego"]) | set(whole["alter"]))
    same(table.sample(everybody, seed=1, columns=["acts"]), whole)
    with pytest.raises(ArgumentError, match="people is 41, and 40 occur"):
        table.sample(41, seed=1)


def test_damaged_tables_are_refused(table: hs.StoredTable, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no stored table: it has no part"):
        hs.open_table(tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(table.path, copy)
    last = max(copy.glob("part-*.parquet"))
    rows = len(table) - pq.read_metadata(last).num_rows
    pq.write_table(pq.read_table(last).slice(0, 0), last)
    with pytest.raises(InputError, match=f"has {rows:,} of its {len(table):,} rows"):
        hs.open_table(copy)
    last.write_bytes(last.read_bytes()[:500])
    with pytest.raises(InputError, match=f"{last.name} is damaged"):
        hs.open_table(copy)
    last.unlink()
    with pytest.raises(InputError, match=f"has {len(table.parts) - 1} of its {len(table.parts)} parts"):
        hs.open_table(copy)
    with pytest.raises(ArgumentError, match="columns names 'acts' twice"):
        table.to_frame(["acts", "acts"])


# the pieces


def test_bounds_never_cut_a_pair() -> None:
    keys = np.random.default_rng(1).zipf(1.4, 5_000) % 900
    bounds = bounds_of(keys, 12)
    assert (np.diff(bounds) > 0).all()
    size = np.bincount(np.searchsorted(bounds, keys, side="right"))
    largest = np.bincount(keys).max()
    assert size.max() <= max(2 * len(keys) / 12, largest)
    assert len(bounds_of(keys, 1)) == len(bounds_of(np.empty(0, dtype=np.int64), 5)) == 0


def test_work_in_order_stops_with_who_asks() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 3:
            raise ValueError("three")
        return item

    with pytest.raises(ValueError, match="three"):
        list(in_order(work, range(100), 2))
    assert len(begun) < 10
    begun.clear()
    assert next(iter(in_order(work, iter(range(3)), 2))) == 0

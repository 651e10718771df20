"""A program in a process of its own: what it says, what it takes, and the most memory that it ever held."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

EVERY = 0.2
"""Seconds between two looks at the memory of a program that has workers."""


def family(root: int) -> list[int]:
    """A process, those that it started, those that these started."""
    begun_by: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(folder.joinpath("stat").read_bytes().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):  # it ended as we looked
            continue
        begun_by.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for one in found:
        found += begun_by.get(one, [])
    return found


def spent() -> float:
    """Processor seconds, user and system, of this process and of its workers, those that still run too."""
    times = os.times()
    live = 0.0
    for one in family(os.getpid())[1:]:
        try:
            fields = Path(f"/proc/{one}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        live += sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return time.process_time() + times.children_user + times.children_system + live


def held(root: int) -> int:
    """Bytes that a process and its workers hold now, shared ones counted once; 0 where it has no workers."""
    processes = family(root)
    if len(processes) == 1:  # the system keeps its peak, to the page
        return 0
    kilobytes = 0
    for one in processes:
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes * 1024


def watched(command: Sequence[str], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run a program to its end.

    Returns
    -------
    dict
        Of the whole process with its workers ``process_s`` (processor seconds), ``wall_s`` and
        ``peak_bytes``, and what its last line says, in JSON.

    Notes
    -----
    A new process begins with the peak of the one that started it, so whoever calls this should hold little.
    """
    begun, peak, done = time.monotonic(), 0, threading.Event()
    every = {**os.environ, **(environment or {})}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=every) as process:
        assert process.stdout is not None

        def look() -> None:
            nonlocal peak
            while not done.wait(EVERY):
                peak = max(peak, held(process.pid))

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        said = process.stdout.read().splitlines()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        looking.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}.")
    return {
        "process_s": usage.ru_utime + usage.ru_stime,
        "wall_s": time.monotonic() - begun,
        "peak_bytes": max(peak, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)),
        **json.loads(said[-1]),
    }

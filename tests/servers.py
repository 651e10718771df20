"""A PostgreSQL of the tests' own: made in a temporary folder, reached by a socket there, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

USER, PASSWORD = "ada", "tell/no:one@all"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "2GB",
    "max_connections": "20",
}


def programs() -> Path | None:
    """The folder of the newest PostgreSQL that is installed, where Debian and others put it; else None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path:
        found = [Path(on_path).resolve()]
    return found[-1].parent if found else None


_absent = programs() is None and not os.environ.get("CI")
needs_postgresql = pytest.mark.skipif(
    _absent, reason="no PostgreSQL server: install the package postgresql (initdb and pg_ctl are looked for)"
)
"""Skips a test where there is no server; in CI it runs, and fails there."""


def address(folder: Path, *, user: str = USER, password: str = PASSWORD, database: str = "postgres") -> str:
    """The address of the server in a folder."""
    return f"postgresql://{user}:{quote(password, safe='')}@/{database}?host={quote(str(folder), safe='')}"


@contextlib.contextmanager
def postgresql() -> Iterator[Path]:
    """A running server; its folder holds the socket."""
    tools = programs()
    if tools is None:
        pytest.fail("No PostgreSQL server: install the package postgresql.")
    folder = Path(tempfile.mkdtemp(prefix="hs-pg-"))
    # the server refuses to be run by root
    who = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    secret = folder / "password"
    secret.write_text(PASSWORD)
    if who is not None:
        for path in (folder, secret):
            os.chown(path, who.pw_uid, who.pw_gid)

    def run(program: str, *arguments: str) -> None:
        own = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who is not None else {}
        command = [str(tools / program), "-D", str(folder / "data"), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **own)
        log = folder / "log"
        assert done.returncode == 0, done.stdout + done.stderr + (log.read_text() if log.exists() else "")

    try:
        run(
            "initdb",
            "-U",
            USER,
            "-A",
            "scram-sha-256",
            f"--pwfile={secret}",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        )
        given = {**SETTINGS, "unix_socket_directories": str(folder)}
        options = " ".join(f"-c {name}='{value}'" for name, value in given.items())
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield folder
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)

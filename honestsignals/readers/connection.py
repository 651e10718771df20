"""A DuckDB that reads files and does nothing else: no downloads, nothing in the user's folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@contextmanager
def open_duckdb() -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory database that loads no extension and spills to a folder that goes away.

    Examples
    --------
    >>> with open_duckdb() as connection:
    ...     connection.sql("select 1 + 1").fetchall()
    [(2,)]
    """
    # loads on first use: Parquet and frames do without
    import duckdb

    with tempfile.TemporaryDirectory(prefix="honestsignals-") as spill:
        connection = duckdb.connect(
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "temp_directory": str(Path(spill) / "duckdb"),
            }
        )
        try:
            connection.execute("set enable_progress_bar = false")
            yield connection
        finally:
            connection.close()

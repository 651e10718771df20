"""Spark on this machine alone: to try what will run on a cluster."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from honestsignals.engines.spark import quiet
from honestsignals.errors import ArgumentError, DesignError

INSTALL = 'pip install "honestsignals[spark]"'


def local_spark(cores: int = 2, *, memory: str = "2g", settings: dict[str, str] | None = None) -> Any:
    """A Spark session on this machine, reachable from nowhere else; one that is there already is given back.

    On a cluster the session is your own, and nothing here changes it.

    Parameters
    ----------
    cores : int
        Cores that it works on.
    memory : str
        Of the Java process, as Spark writes it.
    settings : dict of str to str, optional
        Further settings, as ``{"spark.sql.shuffle.partitions": "16"}``.

    Returns
    -------
    pyspark.sql.SparkSession

    Raises
    ------
    DesignError
        Where there is no pyspark, or no Java.
    """
    if isinstance(cores, bool) or not isinstance(cores, int) or cores < 1:
        raise ArgumentError(f"cores is {cores!r}; it must be a whole number from 1 on.")
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise DesignError(f"Spark is not installed: {INSTALL}") from error
    if not _java():
        raise DesignError(
            "Spark needs Java 17, and there is none: install one (apt install openjdk-17-jre-headless), "
            "or set JAVA_HOME to where it is."
        )
    # workers run what PATH calls python3 where nobody says otherwise
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    own = {
        "spark.driver.memory": memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    builder = SparkSession.builder.master(f"local[{cores}]").appName("honestsignals")
    for key, value in {**own, **(settings or {})}.items():
        builder = builder.config(key, value)
    with quiet():
        return builder.getOrCreate()


def _java() -> bool:
    """Whether there is a Java."""
    home = os.environ.get("JAVA_HOME")
    if home:
        return (Path(home) / "bin" / "java").exists()
    return shutil.which("java") is not None

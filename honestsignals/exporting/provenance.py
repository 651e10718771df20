"""Where a file comes from: what made it, of what, what was done to it, and whether it is still the same."""

from __future__ import annotations

import hashlib
import json
import math
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

from honestsignals.errors import InputError
from honestsignals.exporting.content import Content
from honestsignals.exporting.fitting_in import Stored
from honestsignals.exporting.forms import Form

LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "scikit-learn")
"""Libraries that numbers rest on."""
WRITERS = {
    ".parquet": ("pyarrow",),
    ".xlsx": ("openpyxl",),
    ".sav": ("pyreadstat",),
    ".tex": ("tabulate",),
    ".html": ("tabulate",),
    ".md": ("tabulate",),
}
FORMAT = "honestsignals export 1"
"""First value of a file of provenance."""


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def provenance(
    content: Content, columns: list[Stored], form: Form, files: dict[str, Path], done: dict[str, Any]
) -> str:
    """What is to be known of an exported file, as JSON: no clock, no path, no key.

    Parameters
    ----------
    content : Content
        The table as it was written, and what was done to it on the way.
    columns : list of Stored
        What each column is, and is called in the file.
    form : Form
        The form of the file.
    files : dict of str to Path
        Names to be, and the drafts that have them; the table first.
    done : dict
        What was asked for.
    """
    from honestsignals import __version__

    libraries = (*LIBRARIES, *WRITERS.get(form.ending, ()))
    said = {
        "format": FORMAT,
        "files": [
            {"name": name, "sha256": sha256(draft), "bytes": draft.stat().st_size}
            for name, draft in files.items()
        ],
        "form": form.title,
        "table": {"title": content.title, "rows": len(content.frame), "columns": len(content.frame.columns)},
        "facts": list(content.facts),
        "asked for": done,
        "done": list(content.said),
        "versions": {
            "honestsignals": __version__,
            "python": platform.python_version(),
            **{one: _version(one) for one in libraries},
        },
        "columns": [_plain(one) for one in columns],
    }
    return json.dumps(said, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _plain(column: Stored) -> dict[str, Any]:
    """A column as JSON has it; what JSON has no form for is text."""
    said = asdict(column)
    said["levels"] = [
        one
        if isinstance(one, str | int | bool) or (isinstance(one, float) and math.isfinite(one))
        else str(one)
        for one in column.levels
    ]
    return {
        key: value for key, value in said.items() if value or key in ("name", "stored", "kind", "missing")
    }


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def read_provenance(path: Path, table: Path) -> tuple[list[Stored], int]:
    """Columns of an exported table, from the file of provenance beside it, and how many rows it has.

    Raises
    ------
    InputError
        Where the table is no longer the one that was written, or the file tells of none.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise InputError(f"{path} is no provenance of an export ({FORMAT}).")
    try:
        written, rows = str(said["files"][0]["sha256"]), int(said["table"]["rows"])
        columns = [_stored(one) for one in said["columns"]]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is no whole provenance of an export: {error!r}") from error
    if sha256(table) != written:
        raise InputError(
            f"{table} is not the file that {path.name} tells of: its SHA-256 is another. Somebody "
            f"changed it; take {path.name} away to read it as it is."
        )
    return columns, rows


def _stored(one: dict[str, Any]) -> Stored:
    return Stored(
        one["name"],
        one["stored"],
        one["kind"],
        one["missing"],
        one.get("empty", 0),
        tuple(one.get("levels", ())),
        one.get("ordered", False),
        one.get("type", ""),
    )

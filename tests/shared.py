"""Where the datasets and reference values that cannot be copied into this project stand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
REFERENCE = PROJECT / "tests" / "reference"
VARIABLE = "HONESTSIGNALS_SHARED"


def shared_root() -> Path | None:
    """The shared folder: where HONESTSIGNALS_SHARED says, else `shared` beside the project; else None."""
    folder = Path(os.environ.get(VARIABLE) or PROJECT.parent / "shared")
    return folder if (folder / "reference").is_dir() else None


_absent = shared_root() is None and not os.environ.get("CI")
needs_shared = pytest.mark.skipif(
    _absent, reason=f"no shared folder: set {VARIABLE} to the folder with `datasets` and `reference`"
)
"""Skips a test where the shared folder is absent; in CI it runs, and fails there."""


def shared_path(*parts: str) -> Path:
    """A file or folder under the shared folder; fails where it is absent."""
    root = shared_root()
    if root is None:
        pytest.fail(f"No shared folder: set {VARIABLE} to the folder with `datasets` and `reference`.")
    return root.joinpath(*parts)

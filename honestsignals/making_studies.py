"""What all simulators share: options that are checked, streams of random numbers, folders written whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from honestsignals.errors import ArgumentError, OutputError

Options = TypeVar("Options")
WHOLE, NUMBER = (int, np.integer), (int, float, np.number)


def given(name: str, options: Options | None, kind: type[Options]) -> Options:
    """Options as they were given, or the usual ones.

    >>> given("disclosure", None, dict)
    {}
    """
    if options is not None and not isinstance(options, kind):
        raise ArgumentError(f"{name} is {options!r}; it must be made by {kind.__name__}(…).")
    return kind() if options is None else options


def check_number(shown: str, value: Any, bounds: tuple[float, float], whole: bool = False) -> None:
    """Refuse what is no number, or lies beyond its bounds.

    >>> check_number("days", 365, (7, 3_660), whole=True)
    """
    what, kinds = ("a whole number", WHOLE) if whole else ("a number", NUMBER)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise ArgumentError(f"{shown} is {value!r}; it must be {what}.")
    low, high = bounds
    if not low <= value <= high:  # NaN lies nowhere
        raise ArgumentError(f"{shown} is {value!r}; it must lie between {low:,g} and {high:,g}.")


def streams(seed: int, number: int) -> list[np.random.Generator]:
    """Generators of random numbers that do not touch one another.

    >>> len(streams(1, 3))
    3
    """
    children = np.random.SeedSequence(seed).spawn(number)
    return [np.random.Generator(np.random.PCG64(child)) for child in children]


def free_folder(folder: str | os.PathLike[str]) -> Path:
    """The folder, where a study may be written there.

    Raises
    ------
    OutputError
        Where something is there already, or there is no folder to write it into.
    """
    target = Path(folder)
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise OutputError(f"{target} is there already; name a folder that is new or empty.")
    if not target.absolute().parent.is_dir():
        raise OutputError(f"There is no folder {target.parent} to write {target.name} into.")
    return target


def write_whole(target: Path, files: Mapping[str, str]) -> Path:
    """Write a folder of texts, whole or not at all.

    Parameters
    ----------
    target : Path
        As :func:`free_folder` returns it.
    files : mapping of str to str
        Names, and texts.

    Returns
    -------
    Path
    """
    draft = Path(tempfile.mkdtemp(dir=target.absolute().parent, prefix=f".{target.name}."))
    try:
        for name, text in files.items():
            # as bytes: no system's own line ends
            (draft / name).write_bytes(text.encode())
        # mkdtemp makes folders that only the owner reads; a study gets the usual rights
        umask = os.umask(0)
        os.umask(umask)
        draft.chmod(0o777 & ~umask)
        if target.exists():
            target.rmdir()
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target

"""A folder of results that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from honestsignals.errors import OutputError, listed


def refuse_folder(folder: Path, files: Collection[str], mark: tuple[str, str]) -> None:
    """Refuse a place that cannot be written, or holds anything but what was written there before.

    Parameters
    ----------
    folder : Path
        Where the results go.
    files : collection of str
        Every file that the results may have, by its way from the folder.
    mark : tuple of str
        A file that earlier results have, and a text that it holds.

    Raises
    ------
    OutputError
        Where it is a file, has no folder above it, or holds something else.
    """
    if not folder.absolute().parent.is_dir():
        raise OutputError(f"There is no folder {folder.parent} to write {folder.name} into.")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file; name a folder.")
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    folders = {Path(file).parent.as_posix() for file in files}
    others = [name for name in found if name not in files]
    others += [
        f"{path.relative_to(folder).as_posix()}/"
        for path in sorted(folder.rglob("*"))
        if path.is_dir() and path.relative_to(folder).as_posix() not in folders
    ]
    if others:
        raise OutputError(
            f"{folder} holds what no report wrote ({listed(others, 3)}), and is left as it is; "
            "name a new folder."
        )
    page = folder / mark[0]
    if found and not (page.is_file() and mark[1] in page.read_text(encoding="utf-8", errors="replace")):
        raise OutputError(f"{folder} holds files, but no report of ours ({mark[0]}); name a new folder.")


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write to that becomes ``folder`` when all went well, and nothing otherwise.

    Parameters
    ----------
    folder : Path
        May be there already: then it is replaced. Ask :func:`refuse_folder` first.

    Yields
    ------
    Path
        An empty folder beside it.
    """
    target = folder.resolve()
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    aside = draft.with_name(f"{draft.name}.earlier")
    try:
        yield draft
        # mkdtemp makes folders that only the owner reads; what is written here gets the usual rights
        umask = os.umask(0)
        os.umask(umask)
        draft.chmod(0o777 & ~umask)
        if target.exists():
            target.rename(aside)
        try:
            draft.rename(target)
        except OSError:
            if aside.exists():
                aside.rename(target)
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)

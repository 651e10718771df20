"""Many files as one source: a folder or a pattern, and columns that folders name (kind=help/part-0.csv)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from honestsignals.errors import listed
from honestsignals.readers.csv_file import BATCH_ROWS
from honestsignals.readers.faults import Fault, whole_source

ENDINGS = {
    ".csv": "CSV",
    ".csv.gz": "CSV",
    ".tsv": "CSV",
    ".tsv.gz": "CSV",
    ".tab": "CSV",
    ".parquet": "Parquet",
    ".pq": "Parquet",
}
EMPTY_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""What writers call the folder of rows without a value."""
_UNFINISHED = "_temporary"
_MARKS = "*?["


@dataclass(frozen=True)
class Part:
    """A file of a folder.

    Attributes
    ----------
    file : Source
        The file.
    named : dict of str to str or None
        Columns that its folders name, and their one value.
    """

    file: Any
    named: dict[str, str | None]


@dataclass(frozen=True)
class Folder:
    """Files of one kind, read one after the other in the order of their paths: a `Source`.

    Attributes
    ----------
    name : str
        As the user gave it.
    parts : tuple of Part
        The files.
    columns : tuple of str
        Columns of the first file, then those that folders name. Every file has the same, in any order.
    unit : str
        What places within a file are counted in.
    starts : list of int
        The number of the first row of each file that has been begun.
    """

    name: str
    parts: tuple[Part, ...]
    columns: tuple[str, ...]
    unit: str
    starts: list[int] = field(default_factory=list, repr=False)

    def batches(
        self, columns: Sequence[str], faults: list[Fault] | None = None, rows: int = BATCH_ROWS
    ) -> Iterator[pa.Table]:
        """Tables of these columns by name; those of small files together."""
        self.starts.clear()
        waiting: list[pa.Table] = []
        for table in self._tables(columns, faults, rows):
            held = sum(one.num_rows for one in waiting)
            if waiting and (held + table.num_rows > rows or table.schema != waiting[0].schema):
                yield pa.concat_tables(waiting)
                waiting = []
            waiting.append(table)
        if waiting:
            yield pa.concat_tables(waiting)

    def _tables(self, columns: Sequence[str], faults: list[Fault] | None, rows: int) -> Iterator[pa.Table]:
        done = 0
        for part in self.parts:
            self.starts.append(done)
            broken: list[Fault] | None = None if faults is None else []
            own = [column for column in columns if column not in part.named]
            # a file of which nothing is wanted but what its folders say is read for its number of rows
            for table in part.file.batches(own or part.file.columns[:1], broken, rows):
                done += table.num_rows
                yield _with_named(table, columns, part.named)
            if faults is not None:
                faults += [replace(fault, file=part.file.name) for fault in broken or ()]

    def places(self, rows: Sequence[int]) -> list[tuple[str, int]]:
        """The file of each row, and its line or row there."""
        wanted: dict[int, list[int]] = {}
        for row in rows:
            wanted.setdefault(bisect_right(self.starts, int(row)) - 1, []).append(int(row))
        found: dict[int, tuple[str, int]] = {}
        for place, own in wanted.items():
            file = self.parts[place].file
            lines = file.lines([row - self.starts[place] for row in own])
            found |= {row: (file.name, line) for row, line in zip(own, lines, strict=True)}
        return [found[int(row)] for row in rows]

    def lines(self, rows: Sequence[int]) -> list[int]:
        """Where rows stand in their files."""
        return [line for _, line in self.places(rows)]


def is_pattern(text: str) -> bool:
    """Whether a text is a pattern of file names, and no file or folder is called so.

    >>> is_pattern("data/acts/*.parquet")
    True
    """
    return any(mark in text for mark in _MARKS) and not Path(text).expanduser().exists()


def fixed_part(pattern: Path) -> Path:
    """The folders of a pattern up to the first that is a pattern itself.

    >>> fixed_part(Path("data/acts/kind=*/*.parquet")).name
    'acts'
    """
    marked = [any(mark in part for mark in _MARKS) for part in pattern.parts]
    return Path(*pattern.parts[: marked.index(True)])


def open_folder(text: str, open_file: Callable[[Path, str], Any], kind: Callable[[Any], Any]) -> Folder:
    """The files of a folder, or those that fit a pattern, as one source.

    Parameters
    ----------
    text : str
        A folder, all files below which are read; or a pattern with * ? [ ] and ** for any number of folders.
    open_file : callable
        Opens a file under a name.
    kind : callable
        The types of a file's columns, or None where it has none.

    Returns
    -------
    Folder

    Raises
    ------
    InputError
        Where there are no files, of two kinds, of which one is broken, or columns differ between two.
    """
    root, found = _files(text)
    if not found:
        raise whole_source(text, None, "has no CSV or Parquet file")
    # by the text of the path, so that the order is the same everywhere
    names = sorted((_shown(text, root, path), path) for path in found)
    formats = {_format(path) for path in found}
    if len(formats) > 1:
        one, other = [next(name for name, path in names if _format(path) == kind) for kind in formats][:2]
        raise whole_source(
            text, None, f"has files of two kinds, {one} and {other}: name one kind by a pattern"
        )
    parts = tuple(Part(open_file(path, name), _named(path, root)) for name, path in names)
    _refuse_differences(parts, kind)
    first = parts[0]
    return Folder(text, parts, (*first.file.columns, *first.named), first.file.unit)


def _files(text: str) -> tuple[Path, list[Path]]:
    """Where names of columns begin to count, and the files."""
    path = Path(text).expanduser()
    if path.is_dir():
        return path, _below(path, text)
    found: set[Path] = set()
    root = fixed_part(path)
    for match in root.glob(str(path.relative_to(root))):
        if match.is_dir():
            found |= set(_below(match, text))
        elif not _left_aside(match.name):
            found.add(match)
    return root, sorted(found)


def _below(folder: Path, text: str) -> list[Path]:
    """The files of a folder; what is not data is refused, so that nothing is passed over in silence."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name == _UNFINISHED:
            raise whole_source(
                text, None, f"holds {_UNFINISHED}: it is still being written, or never was to the end"
            )
        if _left_aside(path.name):
            continue
        if path.is_dir():
            found += _below(path, text)
        elif _format(path) is None:
            hint = ": it is a study; open_study reads it" if path.name == "study.toml" else ""
            rule = f"holds {path.name!r}, no CSV or Parquet file" + (
                hint or ": name the files by a pattern, as '*.csv'"
            )
            raise whole_source(text, None, rule)
        else:
            found.append(path)
    return found


def _left_aside(name: str) -> bool:
    """Whether a name is one of those that writers of many files give to what is no data."""
    return name.startswith(("_", ".")) or name.endswith(".crc")


def _format(path: Path) -> str | None:
    name = path.name.lower()
    return next((kind for ending, kind in ENDINGS.items() if name.endswith(ending)), None)


def _shown(text: str, root: Path, path: Path) -> str:
    """A file's name in messages: as the user would write it."""
    given = Path(text)
    if given.expanduser().is_dir():
        return str(PurePosixPath(given.as_posix()) / path.relative_to(root).as_posix())
    return path.as_posix()


def _named(path: Path, root: Path) -> dict[str, str | None]:
    """Columns that the folders of a file name: KEY=VALUE."""
    named: dict[str, str | None] = {}
    for part in path.relative_to(root).parts[:-1]:
        key, sign, value = part.partition("=")
        if sign and key:
            named[unquote(key)] = None if value == EMPTY_PARTITION else unquote(value)
    return named


def _with_named(table: pa.Table, columns: Sequence[str], named: dict[str, str | None]) -> pa.Table:
    arrays = []
    for column in columns:
        if column not in named:
            arrays.append(table.column(column))
        else:
            one = pa.scalar(named[column], pa.string())
            arrays.append(pa.chunked_array([pa.repeat(one, table.num_rows)]))
    return pa.Table.from_arrays(arrays, names=list(columns))


def _refuse_differences(parts: Sequence[Part], kind: Callable[[Any], Any]) -> None:
    """Every file must have the columns of the first, of the same kinds."""
    first = parts[0]
    expected = {*first.file.columns, *first.named}
    kinds: dict[str, tuple[str, str]] = {}
    for part in parts:
        both = sorted(set(part.file.columns) & set(part.named))
        if both:
            raise whole_source(part.file, both[0], "is a column of the file, and its folder names it too")
        there = {*part.file.columns, *part.named}
        lacking, further = sorted(expected - there), sorted(there - expected)
        if lacking or further:
            said = [f"lacks {listed(map(repr, lacking))}"] if lacking else []
            said += [f"has {listed(map(repr, further))} besides"] if further else []
            rule = f"has other columns than {first.file.name}: it {' and '.join(said)}"
            raise whole_source(part.file, None, rule)
        for column, own in (kind(part.file) or {}).items():
            if own is None:
                continue
            other, file = kinds.setdefault(column, (own, part.file.name))
            if own != other:
                raise whole_source(part.file, column, f"holds {own}, but {other} in {file}")

"""One part of a dyad table on disk: written by whichever thread or process measured it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from honestsignals.dyads import shown
from honestsignals.engines.bucket_work import Part
from honestsignals.engines.passes import Rows
from honestsignals.metrics.balance import STATES
from honestsignals.metrics.registry import Fact

Array = np.ndarray[Any, np.dtype[Any]]
ABOUT = b"honestsignals"
"""What each part says of the table in its metadata."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """How parts are written, by whichever process.

    Attributes
    ----------
    folder : Path
        Where to.
    ids : Path
        Ids by code.
    names : tuple of str
        Columns.
    facts : tuple of Fact
        Of these columns, in any order.
    dated : bool
        Whether times have a calendar.
    about : bytes
        What each part says of the table.
    """

    folder: Path
    ids: Path
    names: tuple[str, ...]
    facts: tuple[Fact, ...]
    dated: bool
    about: bytes


def write_part(sheet: Sheet, part: Part, columns: dict[str, Array]) -> None:
    """Write the rows of one bucket: all of them or nothing."""
    table = _table(sheet, part.rows, columns).replace_schema_metadata({ABOUT: sheet.about})
    path = sheet.folder / part_name(part.bucket)
    # a process that outlives its run may still be writing the same part
    draft = path.with_suffix(f".{os.getpid()}.draft")
    # numbers are all different, and looking them up takes longer than writing them
    words = [one.name for one in table.schema if not pa.types.is_primitive(one.type)]
    pq.write_table(table, draft, compression="lz4", use_dictionary=words, write_statistics=False)
    draft.replace(path)


def part_name(place: int) -> str:
    """Name of a bucket's part."""
    return f"part-{place:05d}.parquet"


def _table(sheet: Sheet, rows: Rows, columns: dict[str, Array]) -> Any:
    """Rows of one bucket, as the frame of a table in memory has them."""
    ids, facts = _ids(sheet.ids), {fact.name: fact for fact in sheet.facts}
    values = [ids.take(pa.array(rows.ego)), ids.take(pa.array(rows.alter))]
    values += [_arrow(facts[name], columns[name], sheet.dated) for name in sheet.names]
    # numbers are never missing: those undefined are NaN
    schema = [
        pa.field(name, one.type, nullable=not _number(one.type))
        for name, one in zip(("ego", "alter", *sheet.names), values, strict=True)
    ]
    return pa.table(values, schema=pa.schema(schema))


def _number(kind: Any) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _arrow(fact: Fact, values: Array, dated: bool) -> Any:
    """A column as the frame of a table in memory has it."""
    if fact.unit == "state":
        codes = values.astype(np.int8)
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(STATES))
    return pa.array(shown(fact, values, dated))


@lru_cache(maxsize=1)
def _ids(path: Path) -> Any:
    """Ids by code, held once in a process."""
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all().column("id").combine_chunks()

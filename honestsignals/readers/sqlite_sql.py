"""SQLite: any value may stand in any column, so it is asked first what does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from honestsignals.readers.faults import whole_source
from honestsignals.readers.relations import Relation, quoted_name

SETTINGS: tuple[str, ...] = ()
"""The file is opened for reading only; there is nothing more to settle."""
BATCH_ROWS = "adbc.sqlite.query.batch_rows"
_CLASSES = ("integer", "real", "text", "blob")
_EXAMPLES = {"integer": "0", "real": "0.5", "text": "'text'"}


def tables(cursor: Any) -> dict[str, str]:
    """Names by which tables and views can be called, and each as SQL names it."""
    cursor.execute(
        "select name from sqlite_master where type in ('table', 'view')"
        " and name not like 'sqlite\\_%' escape '\\' order by name"
    )
    return {str(name): quoted_name(name) for (name,) in cursor.fetchall()}


def batches(cursor: Any, relation: Relation, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
    """Tables of these columns, in the order of the file."""
    kinds = _kinds(cursor, relation, columns)
    chosen = [
        f"cast(nullif(source.{quoted_name(column)}, '') as {kind})"
        for column, kind in zip(columns, kinds, strict=True)
    ]
    # The driver takes the type of a column from the first batch, where all may be missing: so a row that is
    # none comes first, with a value of each type.
    examples = ", ".join(_EXAMPLES[kind] for kind in kinds)
    cursor.adbc_statement.set_options(**{BATCH_ROWS: str(rows)})
    cursor.execute(f"select {examples} union all select {', '.join(chosen)} from {relation.sql}")
    first = 1
    for batch in cursor.fetch_record_batch():
        table = pa.Table.from_arrays(batch.columns, names=list(columns)).slice(first)
        first = 0
        if table.num_rows:
            yield table


def _kinds(cursor: Any, relation: Relation, columns: Sequence[str]) -> list[str]:
    """The type of each column, by what stands in it; an empty text is a missing value."""
    asked = []
    for column in columns:
        name = f"source.{quoted_name(column)}"
        asked += [f"max(typeof({name}) = '{kind}' and {name} <> '')" for kind in _CLASSES]
    cursor.execute(f"select {', '.join(asked)} from {relation.sql}")
    answers = [bool(answer) for answer in cursor.fetchone()]
    kinds = []
    for place, column in enumerate(columns):
        found = answers[place * len(_CLASSES) : (place + 1) * len(_CLASSES)]
        present = {kind for kind, there in zip(_CLASSES, found, strict=True) if there}
        if "blob" in present:
            raise whole_source(relation.name, column, "holds bytes (BLOB); it must be text, numbers or dates")
        if {"real", "text"} <= present:
            raise whole_source(relation.name, column, _mixed(cursor, relation, column))
        kinds.append(next((kind for kind in ("text", "real", "integer") if kind in present), "text"))
    return kinds


def _mixed(cursor: Any, relation: Relation, column: str) -> str:
    name = f"source.{quoted_name(column)}"
    cursor.execute(
        f"select {name} from {relation.sql} where typeof({name}) = 'text' and {name} <> '' limit 1"
    )
    example = cursor.fetchone()[0]
    return f"mixes decimals and text (such as {example!r}): make them one type, in a query or in the table"

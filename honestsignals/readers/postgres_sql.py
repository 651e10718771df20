"""PostgreSQL: its tables, and the form in which columns of each of its types are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from honestsignals.readers.faults import whole_source
from honestsignals.readers.relations import Relation, quoted_name

SETTINGS = (
    "set transaction isolation level repeatable read, read only",
    "set local client_encoding to 'UTF8'",
    "set local datestyle to 'ISO'",
)
"""What every reading begins with: one state of the table, which nothing can change."""
BATCH_BYTES = "adbc.postgresql.batch_size_hint_bytes"
_BATCH = 8_000_000
_TABLES = (
    "select n.nspname, c.relname, c.oid = to_regclass(quote_ident(c.relname)) from pg_class c"
    " join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'v', 'm', 'f', 'p')"
    " and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' order by 1, 2"
)
_AS_THEY_ARE = {
    "int2",
    "int4",
    "int8",
    "float4",
    "float8",
    "text",
    "varchar",
    "timestamp",
    "timestamptz",
    "bool",
}
# char(n) loses the blanks that only fill it; other types have no counterpart that everything reads
_AS_TEXT = {"bpchar", "name", "uuid", "oid", "citext"}
_DOMAINS = {"N", "S", "E", "D"}
"""Categories of types whose domains are read through their text."""


def tables(cursor: Any) -> dict[str, str]:
    """Names by which tables and views can be called, and each as SQL names it."""
    cursor.execute(_TABLES)
    found: dict[str, str] = {}
    visible = {}
    for schema, table, seen in cursor.fetchall():
        name = f"{quoted_name(schema)}.{quoted_name(table)}"
        found[f"{schema}.{table}"] = name
        if seen:
            visible[table] = name
    return {**visible, **found, **visible}


def batches(cursor: Any, relation: Relation, columns: Sequence[str], rows: int) -> Iterator[pa.Table]:
    """Tables of these columns, as the server delivers them."""
    chosen = _expressions(cursor, relation, columns)
    cursor.adbc_statement.set_options(**{BATCH_BYTES: str(_BATCH)})
    cursor.execute(f"select {', '.join(chosen) or '1'} from {relation.sql}")
    for batch in cursor.fetch_record_batch():
        table = pa.Table.from_arrays(batch.columns[: len(columns)], names=list(columns))
        for start in range(0, table.num_rows, rows):
            yield table.slice(start, rows)


def _expressions(cursor: Any, relation: Relation, columns: Sequence[str]) -> list[str]:
    """Each column in a form that arrives whole; a type that acts cannot have is refused by its name."""
    if not columns:
        return []
    names = [f"source.{quoted_name(column)}" for column in columns]
    # joined on nothing, so that no row is read: only types are asked for
    types = ", ".join(f"pg_typeof({name})" for name in names)
    cursor.execute(
        "select t.typname, t.typtype, t.typcategory, format_type(t.oid, null) from (select 1) as one"
        f" left join {relation.sql} on false"
        f" cross join lateral unnest(array[{types}]) with ordinality as u(type, place)"
        " join pg_type t on t.oid = u.type order by u.place"
    )
    chosen = []
    for column, name, facts in zip(columns, names, cursor.fetchall(), strict=True):
        typname, typtype, category, spelt = (str(fact) for fact in facts)
        if typname in _AS_THEY_ARE:
            chosen.append(name)
        elif typname == "date":
            chosen.append(f"{name}::timestamp")
        elif typname == "numeric":
            # 7.00 is the number 7, and so is the person
            chosen.append(f"trim_scale({name})::text")
        elif typname in _AS_TEXT or typtype == "e" or (typtype == "d" and category in _DOMAINS):
            chosen.append(f"{name}::text")
        else:
            raise whole_source(
                relation.name,
                column,
                f"has the type {spelt}; it must be text, numbers or dates: cast it in a query, as"
                " table='(select … from …)'",
            )
    return chosen

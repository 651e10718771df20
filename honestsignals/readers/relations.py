"""What is read from a database: a table, or the rows of a query."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """A table or query of a database.

    Attributes
    ----------
    sql : str
        As SQL names it after FROM, under the alias ``source``.
    title : str
        What a log of it is called: the table as the user named it, or "query".
    name : str
        For messages: which of which database.
    """

    sql: str
    title: str
    name: str


def quoted_name(name: str) -> str:
    """A name as SQL writes it, whatever stands in it.

    >>> print(quoted_name('a"b'))
    "a""b"
    """
    return '"' + name.replace('"', '""') + '"'

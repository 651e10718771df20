"""How messages of the inference name columns and counts."""

from __future__ import annotations

from collections.abc import Sequence


def named(names: Sequence[str]) -> str:
    """Names in quotes, as a list in a sentence.

    >>> named(["given", "received", "total"])
    "'given', 'received' and 'total'"
    >>> named(["given"])
    "'given'"
    """
    quoted = [f"'{name}'" for name in names]
    if len(quoted) <= 1:
        return "".join(quoted)
    return ", ".join(quoted[:-1]) + " and " + quoted[-1]


def counted(number: int, thing: str, things: str = "") -> str:
    """A number with its noun, in the plural where there is not one.

    >>> counted(1, "row"), counted(1200, "row"), counted(3, "person", "people")
    ('1 row', '1,200 rows', '3 people')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def joined(names: Sequence[str]) -> str:
    """Names as a sentence lists them.

    >>> joined(["balance"]), joined(["balance", "timing", "persistence"])
    ('balance', 'balance, timing and persistence')
    """
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"

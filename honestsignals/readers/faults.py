"""What is wrong with rows, found column by column, told row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import MOST_SHOWN, InputError, Problem, bad_input

DELIVERED = "delivered row"
"""Unit of places in what has no order of its own: rows are counted as they came."""

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Fault:
    """Rows whose value in one column breaks one rule.

    Attributes
    ----------
    column : str or None
        The column as the source names it; None where the row as a whole is broken.
    rule : str
        The end of a sentence, the same for every row: "is not a date".
    rows : ndarray of int64
        Row numbers from 0, ascending; for rows without a number (ragged ones) their lines.
    values : tuple
        What stands in the first ten of them.
    details : tuple of str
        What a message adds to the rule for each of these values.
    numbered : bool
        False where ``rows`` holds lines, as the source could not be cut into fields there.
    file : str or None
        The file in which these lines are, where the source has several.
    """

    column: str | None
    rule: str
    rows: Rows
    values: tuple[Any, ...] = ()
    details: tuple[str, ...] = ()
    numbered: bool = True
    file: str | None = None

    @property
    def reason(self) -> str:
        """The words under which such rows are counted when they are left out."""
        return f"{self.column} {self.rule}" if self.column else self.rule


class Located(Protocol):
    """What a message needs to know about a source."""

    @property
    def name(self) -> str:
        """The source, as the user named it."""

    @property
    def unit(self) -> str:
        """What its places are counted in: "line" or "row"."""

    def lines(self, rows: Sequence[int]) -> list[int]:
        """The places of rows."""


@runtime_checkable
class InFiles(Protocol):
    """A source of several files: a row has its place in one of them."""

    def places(self, rows: Sequence[int]) -> list[tuple[str, int]]:
        """The file of each row, and the place in it."""


def where(source: Located, rows: Sequence[int]) -> list[tuple[str, int]]:
    """Where rows stand: what they are in, and their place there in the source's unit.

    Parameters
    ----------
    source : Located
        What they were read from.
    rows : sequence of int
        Their numbers from 0.

    Returns
    -------
    list of (str, int)
    """
    if isinstance(source, InFiles):
        return source.places(rows)
    return [(source.name, line) for line in source.lines(rows)]


def raise_faults(source: Located, faults: Sequence[Fault], hint: str = "") -> None:
    """Raise the first ten problems in the order of the file, with the total; nothing if there are none."""
    if not faults:
        return
    wanted = sorted({int(row) for fault in faults if fault.numbered for row in fault.rows[:MOST_SHOWN]})
    place = dict(zip(wanted, where(source, wanted), strict=True))
    problems = []
    for fault in faults:
        for number, row in enumerate(fault.rows[:MOST_SHOWN].tolist()):
            file, line = place[row] if fault.numbered else (fault.file or source.name, row)
            value = fault.values[number] if number < len(fault.values) else None
            detail = fault.details[number] if number < len(fault.details) else ""
            problems.append(Problem(file, line, fault.column, value, fault.rule + detail, source.unit))
    problems.sort(key=lambda problem: (problem.source, problem.line or 0))
    raise bad_input(problems, sum(len(fault.rows) for fault in faults), hint)


def whole_source(source: Located | str, column: str | None, rule: str, value: object = None) -> InputError:
    """The error for what no row can be blamed for: a column of the wrong type, a file cut short."""
    name = source if isinstance(source, str) else source.name
    return bad_input([Problem(name, None, column, value, rule)])


def no_rows(source: Located) -> InputError:
    """The error for a source with columns and nothing in them."""
    return whole_source(source, None, f"has {'' if source.unit == DELIVERED else 'a header but '}no rows")


def kept_rows(faults: Sequence[Fault], rows: int, left_out: dict[str, int]) -> Mask:
    """Which rows stay; the others are counted in ``left_out``, each under its first reason."""
    keep = np.ones(rows, dtype=bool)
    for fault in faults:
        if not fault.numbered:
            count_left_out(left_out, fault.reason, len(fault.rows))
            continue
        fresh = fault.rows[keep[fault.rows]]
        count_left_out(left_out, fault.reason, len(fresh))
        keep[fresh] = False
    return keep


def count_left_out(left_out: dict[str, int], reason: str, rows: int) -> None:
    """Add rows to the count of a reason; a reason that met no row is not listed."""
    if rows:
        left_out[reason] = left_out.get(reason, 0) + int(rows)

"""Tables for Excel: text is text, never a formula, and the same rows give the same bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np

from honestsignals.exporting.content import kind_of
from honestsignals.tables import FORMULA

if TYPE_CHECKING:
    import pandas as pd

EPOCH = "1980-01-01T00:00:00Z"
"""Date of every file in a workbook, the first that the format has: the clock has no place in it."""
AT_ONCE = 10_000
"""Rows turned into cells at a time, and after which progress is told."""
ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ufffe\uffff]")
UNESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def excel_text(text: str) -> str:
    r"""Text as a workbook holds it: signs that XML has no form for by their number, as Excel reads them.

    >>> excel_text("a\x01b"), excel_text("_x0041_")
    ('a_x0001_b', '_x005F_x0041_')
    """
    return ESCAPED.sub(lambda found: f"_x{ord(found.group()):04X}_", text)


def plain_text(text: str) -> str:
    """Text as it was before :func:`excel_text`.

    >>> plain_text("_x005F_x0041_")
    '_x0041_'
    """
    return UNESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text)


def write_workbook(
    draft: Path, sheets: Mapping[str, pd.DataFrame], tell: Callable[[str], None] = lambda _: None
) -> None:
    """Write frames as the sheets of one workbook.

    Parameters
    ----------
    draft : Path
        Where to.
    sheets : mapping of str to pandas.DataFrame
        Name of each sheet and its rows; missing values are empty cells.
    tell : callable
        Told how far it is.
    """
    from openpyxl import Workbook
    from openpyxl.writer.excel import ExcelWriter

    book = Workbook(write_only=True)
    for title, frame in sheets.items():
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        sheet.append([_text_cell(sheet, str(name)) for name in frame.columns])
        for place, row in enumerate(_rows(sheet, frame)):
            sheet.append(row)
            if place and place % AT_ONCE == 0:
                tell(f"Writing {title}: {place:,} of {len(frame):,} rows")
    with _Undated(draft, "w", ZIP_DEFLATED, allowZip64=True) as archive:
        ExcelWriter(book, archive).save()


def _rows(sheet: Any, frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Cells row by row."""
    for start in range(0, len(frame), AT_ONCE):
        part = frame.iloc[start : start + AT_ONCE]
        yield from zip(*(_cells(sheet, part[name]) for name in part.columns), strict=True)


def _cells(sheet: Any, column: pd.Series) -> list[Any]:
    """Cells of a column; None where a value is missing, infinity as a word, as Excel has no such number."""
    kind = kind_of(column)
    missing = column.isna().to_numpy()
    if kind in ("number", "whole", "truth"):
        convert = bool if kind == "truth" else _number
        return [None if lost else convert(one) for one, lost in zip(column, missing, strict=True)]
    if kind == "moment":
        return [
            None if lost else one.to_pydatetime(warn=False)
            for one, lost in zip(column.astype(object), missing, strict=True)
        ]
    return [
        None if lost else _text_cell(sheet, str(one))
        for one, lost in zip(column.astype(object), missing, strict=True)
    ]


def _number(one: Any) -> Any:
    plain = one.item() if isinstance(one, np.generic) else one
    return str(plain) if isinstance(plain, float) and np.isinf(plain) else plain


def _text_cell(sheet: Any, text: str) -> Any:
    """A cell of text; what Excel might run when somebody edits it is marked as quoted."""
    from openpyxl.cell import WriteOnlyCell

    if text and (text[0].isalnum() or text[0] in "_(") and "_x" not in text and text.isprintable():
        return text
    cell = WriteOnlyCell(sheet, value=excel_text(text))
    # what looks like a formula or an error would have become one
    cell.data_type = "s"
    if FORMULA.match(text):
        cell.quotePrefix = True
    return cell


class _Undated(ZipFile):
    """An archive whose files carry no time."""

    def writestr(self, info: Any, data: Any, *arguments: Any) -> None:
        """Add text or bytes."""
        name = info.filename if isinstance(info, ZipInfo) else info
        if name == "docProps/core.xml":
            text = data.decode("utf-8") if isinstance(data, bytes) else data
            data = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", EPOCH, text)
        super().writestr(self._undated(name), data, *arguments)

    def write(self, filename: Any, arcname: Any = None, *arguments: Any) -> None:
        """Add a file."""
        size = Path(filename).stat().st_size
        with (
            Path(filename).open("rb") as source,
            self.open(self._undated(str(arcname or filename)), "w", force_zip64=size > 2**31 - 1) as target,
        ):
            while block := source.read(1 << 20):
                target.write(block)

    def _undated(self, name: str) -> ZipInfo:
        info = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.compress_type = ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        return info

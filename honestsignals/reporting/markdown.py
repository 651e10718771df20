"""The report as Markdown: what the page says, its figures as links to files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from honestsignals.reporting.blocks import Drawing, Grid, Head, Items, Page, Section, Sources, Terms, Text
from honestsignals.tables import markdown_text


def markdown_page(page: Page) -> str:
    r"""The report as Markdown, in which no text of others is anything but text.

    Parameters
    ----------
    page : Page
        What it says.

    Returns
    -------
    str

    Examples
    --------
    >>> print(markdown_page(Page("One <b>study</b>", "Why?", "", "1", ("Little.",), (), (), ())))
    # One \<b>study\</b>
    <BLANKLINE>
    Why?
    <BLANKLINE>
    ## In short
    <BLANKLINE>
    - Little.
    <BLANKLINE>
    """
    parts = [f"# {said(page.title)}", said(page.question), "## In short", listed(page.short)]
    parts += [f"> **Mind:** {said(line)}" for line in page.cautions]
    for section in page.every:
        parts += _section(section)
    return "\n\n".join(part for part in parts if part) + "\n"


def said(text: str) -> str:
    """Text on one line, with no part in Markdown."""
    # at the beginning of a line a number with a point or a sign would begin a list, a hash a heading
    line = re.sub(r"^(\s*)([-+#>=])", r"\1\\\2", cell(text))
    return re.sub(r"^(\s*)(\d+)([.)])(?=\s)", r"\1\2\\\3", line)


def cell(text: str) -> str:
    """Text in a cell: on one line, no brackets of a link or an image."""
    return markdown_text(" ".join(text.split())).replace("]", "\\]")


def listed(lines: Sequence[str]) -> str:
    """A list, an item a line."""
    return "\n".join(f"- {said(line)}" for line in lines)


def _section(section: Section) -> Iterator[str]:
    yield f"## {said(section.title)}"
    for block in section.blocks:
        yield WRITTEN[type(block)](block)


def _terms(block: Terms) -> str:
    return "\n".join(f"- **{said(name)}**: {said(value)}" for name, value in block.rows)


def _grid(grid: Grid) -> str:
    """A table below its caption."""
    rule = ["--:" if right else ":--" for right in grid.numeric]
    lines = [_row(grid.head), f"| {' | '.join(rule)} |", *(_row(cells) for cells in grid.rows)]
    return f"*{said(grid.caption)}*\n\n" + "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell(one) for one in cells) + " |"


def _drawing(block: Drawing) -> str:
    return f"![{said(block.words)}]({block.file})\n\n*{said(block.title)}.* {said(block.words)}"


def _sources(block: Sources) -> str:
    lines = []
    for one in block.references:
        link = f" <https://doi.org/{quote(one.doi)}>" if one.doi else ""
        lines.append(f"- {said(f'{one.authors} ({one.year}). {one.title}. {one.where}.')}{link}")
    return "\n".join(lines)


WRITTEN: dict[type, Callable[[Any], str]] = {
    Text: lambda block: said(block.line),
    Items: lambda block: listed(block.lines),
    Terms: _terms,
    Head: lambda block: f"### {said(block.title)}",
    Grid: _grid,
    Drawing: _drawing,
    Sources: _sources,
}
"""What writes each kind of block."""

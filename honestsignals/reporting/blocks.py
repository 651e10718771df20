"""What a report is made of: sections of blocks, which the page and its Markdown twin both show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from honestsignals.references import Reference


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    line: str
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Items:
    """A list."""

    lines: tuple[str, ...]
    kind: ClassVar[str] = "items"


@dataclass(frozen=True)
class Terms:
    """Names with their values."""

    rows: tuple[tuple[str, str], ...]
    kind: ClassVar[str] = "terms"


@dataclass(frozen=True)
class Head:
    """A heading within a section.

    Attributes
    ----------
    anchor, title : str
        What a link to it says, and what it reads.
    """

    anchor: str
    title: str
    kind: ClassVar[str] = "head"


@dataclass(frozen=True)
class Grid:
    """A table as the page shows it.

    Attributes
    ----------
    name : str
        Its id.
    caption : str
        What it is.
    head : tuple of str
        Headings.
    numeric : tuple of bool
        Which columns stand to the right.
    rows : tuple of tuple of str
        Cells; the first is the heading of its row. A line end is a new line in the cell.
    foot : int
        Number of last rows that stand below a line.
    wide : bool
        Whether its letters are smaller, as it has many columns.
    """

    name: str
    caption: str
    head: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    foot: int = field(default=0)
    wide: bool = False
    kind: ClassVar[str] = "grid"


@dataclass(frozen=True)
class Drawing:
    """A figure.

    Attributes
    ----------
    name : str
        Name of its file, without the ending.
    title : str
        What it is, for a caption.
    words : str
        What it shows, for those who do not see it.
    drawn : str
        The figure itself, as SVG.
    """

    name: str
    title: str
    words: str
    drawn: str
    kind: ClassVar[str] = "drawing"

    @property
    def file(self) -> str:
        """Its way from the folder of the report."""
        return f"figures/{self.name}.svg"


@dataclass(frozen=True)
class Sources:
    """A list of references."""

    references: tuple[Reference, ...]
    kind: ClassVar[str] = "sources"


Block = Text | Items | Terms | Head | Grid | Drawing | Sources


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes
    ----------
    anchor, title : str
        What a link to it says, and its heading.
    short : str
        What the contents call it.
    blocks : tuple of Block
        What stands in it, in order.
    """

    anchor: str
    title: str
    short: str
    blocks: tuple[Block, ...]

    @property
    def grids(self) -> list[Grid]:
        """Its tables."""
        return [block for block in self.blocks if isinstance(block, Grid)]

    @property
    def drawings(self) -> list[Drawing]:
        """Its figures."""
        return [block for block in self.blocks if isinstance(block, Drawing)]


@dataclass(frozen=True)
class Page:
    """A report as it is shown.

    Attributes
    ----------
    title, question : str
        Of what it is, and what it asks.
    label : str
        What is explained; "" for nothing.
    version : str
        Of the package.
    short : tuple of str
        What it says in short.
    cautions : tuple of str
        What must be known before any number is believed.
    sections : tuple of Section
        What it says.
    ending : tuple of Section
        How it came to be.
    """

    title: str
    question: str
    label: str
    version: str
    short: tuple[str, ...]
    cautions: tuple[str, ...]
    sections: tuple[Section, ...]
    ending: tuple[Section, ...]

    @property
    def every(self) -> tuple[Section, ...]:
        """All sections, in order."""
        return (*self.sections, *self.ending)

    @property
    def drawings(self) -> list[Drawing]:
        """All figures, in order."""
        return [one for section in self.every for one in section.drawings]

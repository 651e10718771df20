"""Figures as files: whole or not at all, and the same bytes every time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from honestsignals.errors import ArgumentError, OutputError
from honestsignals.figures.registry import said_of
from honestsignals.figures.svg import STYLE, svg
from honestsignals.tables import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENDINGS = (".svg", ".pdf", ".png")
DPI = 200
"""Dots per inch of a PNG."""


def save(
    drawn: Figure | Axes,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    description: str | None = None,
    paper: str = "white",
) -> None:
    """Write a figure as SVG, PDF or PNG, by the ending of the name: whole or not at all.

    The same figure gives the same bytes, without a date. Text of an SVG or PDF stays text. The title and
    what the figure shows go into the file.

    Parameters
    ----------
    drawn : matplotlib.figure.Figure or matplotlib.axes.Axes
        Of an Axes, the whole figure that it is in.
    path : str or path-like
        Ends in .svg, .pdf or .png.
    title, description : str, optional
        By default those of the figure.
    paper : str
        Colour behind the drawing; "none" where it is to show through.

    Raises
    ------
    ArgumentError
        For what is no figure.
    OutputError
        For another ending, or a folder that is not there.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from honestsignals.figures.registry import draw
    >>> studies = pd.DataFrame({"study": ["one"], "estimate": [0.1], "low": [0.0], "high": [0.2]})
    >>> with tempfile.TemporaryDirectory() as home:
    ...     save(draw("forest", studies), Path(home) / "forest.svg")
    ...     (Path(home) / "forest.svg").read_text(encoding="utf-8")[:28]
    '<svg xmlns="http://www.w3.or'
    """
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    if not isinstance(drawn, Figure | Axes):
        raise ArgumentError(
            f"The figure is {type(drawn).__name__}; it must be a matplotlib Figure or Axes, such as "
            "hs.figures.draw(name, table) gives."
        )
    made = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    if made is None:
        raise ArgumentError("The Axes is in no figure, so there is nothing to write.")
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise OutputError(f"{Path(path).name!r} ends in none of {', '.join(ENDINGS)}.")
    said = said_of(made)
    name = title if title is not None else "; ".join(one.title for one in said) or "Figure"
    words = description if description is not None else " ".join(one.text for one in said)
    with whole(path) as draft:
        if ending == ".svg":
            draft.write_text(svg(made, name, words, paper=paper), encoding="utf-8")
        else:
            _write(made, draft, (name, words), paper)


def _write(made: Figure, draft: Path, words: tuple[str, str], paper: str) -> None:
    """A PDF or a PNG without a clock in it."""
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    title, description = words
    with style.context(["default", STYLE, {"pdf.fonttype": 42}]):
        if draft.suffix.lower() == ".pdf":
            FigureCanvasPdf(made)
            about = {"Title": title, "Subject": description, "CreationDate": None, "Producer": None}
            made.savefig(draft, format="pdf", metadata={**about, "Creator": None}, facecolor=paper)
        else:
            FigureCanvasAgg(made)
            about = {"Title": title, "Description": description, "Software": None}
            made.savefig(draft, format="png", dpi=DPI, metadata=about, facecolor=paper)

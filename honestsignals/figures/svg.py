"""Figures as text that says what they show, and is the same every time."""

from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = {"svg.fonttype": "none", "svg.hashsalt": "honestsignals", "font.family": "sans-serif"}
"""Text stays text; ids come from a salt of our own instead of a random one."""


def svg(made: Figure, title: str, description: str) -> str:
    """A figure as SVG text: the same figure gives the same text, with its title and description.

    Parameters
    ----------
    made : matplotlib.figure.Figure
        What to write.
    title, description : str
        For those who do not see it.

    Returns
    -------
    str

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> text = svg(Figure(), "Nothing", "An empty figure.")
    >>> text == svg(Figure(), "Nothing", "An empty figure."), text[:28]
    (True, '<svg xmlns="http://www.w3.or')
    """
    from matplotlib import style
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    target = io.StringIO()
    with style.context(["default", STYLE]):
        FigureCanvasSVG(made)
        made.savefig(target, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    whole = target.getvalue()
    _, opening, after = whole.partition("<svg ")
    old, _, drawing = after.partition(">")
    # what stands before the drawing, and the vocabulary of the metadata, is of no use within a page
    kept = " ".join(re.findall(r'(?:viewBox|width|height)="[^"]*"', old))
    drawing = re.sub(r"\s*<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    name, words = html.escape(title), html.escape(description)
    head = (
        f'{opening}xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {kept} '
        f'role="img" aria-label="{name}: {words}">\n <title>{name}</title>\n <desc>{words}</desc>'
    )
    return "\n".join(line.rstrip() for line in (head + drawing).splitlines()) + "\n"

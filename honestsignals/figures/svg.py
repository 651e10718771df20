"""Figures as text that says what they show, and is the same every time."""

from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = {"svg.fonttype": "none", "font.family": "sans-serif"}
"""Text stays text."""


ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that no XML may hold."""


def legal(text: str) -> str:
    r"""Text without what no XML may hold: control characters, halves of a sign, and what is no sign.

    >>> legal("a\x0bb")
    'a\ufffdb'
    """
    return ILLEGAL.sub("\ufffd", text)


def svg(made: Figure, title: str, description: str, *, paper: str = "none") -> str:
    """A figure as SVG text: the same figure gives the same text, with its title and description.

    Parameters
    ----------
    made : matplotlib.figure.Figure
        What to write.
    title, description : str
        For those who do not see it.
    paper : str
        Colour behind the drawing.

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
    # ids come from a salt of our own instead of a random one, another for each figure of a page
    salt = {"svg.hashsalt": f"honestsignals {title}"}
    with style.context(["default", STYLE, salt]):
        FigureCanvasSVG(made)
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        made.savefig(target, format="svg", metadata=nothing, facecolor=paper)
    whole = legal(target.getvalue())
    _, opening, after = whole.partition("<svg ")
    old, _, drawing = after.partition(">")
    # what stands before the drawing, and the vocabulary of the metadata, is of no use within a page
    kept = " ".join(re.findall(r'(?:viewBox|width|height)="[^"]*"', old))
    drawing = re.sub(r"\s*<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    # a page may have several figures, and each id once
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', drawing))
    drawing = re.sub(r' id="([^"]*)"', lambda one: one[0] if one[1] in used else "", drawing)
    name, words = html.escape(legal(title)), html.escape(legal(description))
    head = (
        f'{opening}xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {kept} '
        f'role="img" aria-label="{name}: {words}">\n <title>{name}</title>\n <desc>{words}</desc>'
    )
    return "\n".join(line.rstrip() for line in (head + drawing).splitlines()) + "\n"

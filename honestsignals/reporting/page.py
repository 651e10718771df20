"""The page of a report: one file of HTML that needs nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from honestsignals.figures.style import COLOURS, DARK
from honestsignals.reporting.blocks import Page

GENERATOR = "honestsignals"
"""Marks a page as ours: a folder with it may be replaced."""
DARKER = {"shade-3": "#2e9e4f", "shade-4": "#978300"}
"""Colours that white paper swallows in a figure of its own, told from it on the page (WCAG 2.2, 1.4.11)."""


def html_page(page: Page) -> str:
    """The page, everything in it escaped that is not our own.

    Parameters
    ----------
    page : Page
        What it shows.

    Returns
    -------
    str
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["inlined"] = inlined
    light = [(word, DARKER.get(word, colour)) for colour, word in COLOURS.items()]
    dark = [(word, DARK[colour]) for colour, word in COLOURS.items()]
    template = environment.get_template("report.html")
    made: str = template.render(generator=GENERATOR, page=page, light=light, dark=dark)
    return made


def inlined(drawn: str, name: str) -> str:
    """A figure within a page: ids that no other figure has, and colours that follow light and dark.

    Parameters
    ----------
    drawn : str
        SVG.
    name : str
        Of the figure; no other on the page has it.

    Returns
    -------
    str

    Examples
    --------
    >>> inlined('<svg><g id="a" style="fill: #0072b2"/><use xlink:href="#a"/></svg>', "roc")
    '<svg><g id="roc-a" style="fill: var(--no)"/><use xlink:href="#roc-a"/></svg>'
    """

    def changed(tag: re.Match[str]) -> str:
        text = re.sub(r'(\sid="|url\(#|href="#)', rf"\g<1>{name}-", tag.group())
        for colour, word in COLOURS.items():
            text = text.replace(colour, f"var(--{word})")
        return text

    # what stands between tags is text, which may read like an id or a colour
    return re.sub(r"<[^>]+>", changed, drawn)

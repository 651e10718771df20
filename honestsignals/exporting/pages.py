"""Tables to be read by people: HTML, LaTeX, Markdown, with facts and what each column is."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from honestsignals.tables import markdown_text, render, with_note

if TYPE_CHECKING:
    import pandas as pd

STYLE = (
    "body{font-family:system-ui,sans-serif;margin:2rem}.wide{overflow-x:auto}table{border-collapse:collapse}"
    "th,td{padding:.2rem .6rem;border-bottom:1px solid #999;text-align:left;vertical-align:top;"
    "white-space:pre-wrap;unicode-bidi:isolate}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}"
)


def page(style: str, title: str, facts: Sequence[str], frame: pd.DataFrame, book: pd.DataFrame) -> str:
    """A table with its facts before it, and what each column is after it.

    Parameters
    ----------
    style : {"html", "latex", "markdown"}
        Its language; LaTeX has the facts as a note, and no codebook.
    title : str
        What it is a table of.
    facts : sequence of str
        What a reader must know before the numbers.
    frame, book : pandas.DataFrame
        The rows, and what each column is.
    """
    table = render(frame, style)
    if style == "latex":
        return with_note(table, " ".join([f"{title}.", *facts]), style) + "\n"
    codebook = render(book, style)
    if style == "markdown":
        items = "\n".join(f"- {markdown_text(' '.join(line.split()))}" for line in facts)
        return f"# {markdown_text(title)}\n\n{items}\n\n{table}\n\n## Codebook\n\n{codebook}\n"
    said = "".join(f"<li>{html.escape(line)}</li>" for line in facts)
    head = html.escape(title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{head}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{head}</h1>\n<ul>{said}</ul>\n"
        f'<div class="wide" tabindex="0" role="region" aria-label="{head}">\n{table}\n</div>\n'
        '<h2>Codebook</h2>\n<div class="wide" tabindex="0" role="region" aria-label="Codebook">\n'
        f"{codebook}\n</div>\n</body>\n</html>\n"
    )

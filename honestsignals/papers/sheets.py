"""A table as a paper sets it, with rows below a line and a note, as text, Markdown, LaTeX and HTML."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from honestsignals.papers.journals import SLANT, UPRIGHT
from honestsignals.tables import MINUS, latex_text, markdown_text

AFTER_DIGITS = ")]*†"
"""What may follow the last digit of a cell; digits stand below one another without it."""
THIN, THICK = "0.75pt solid #000", "1.5pt solid #000"
FONT = "font-family:'Times New Roman',Times,serif;font-size:11pt"


@dataclass(frozen=True)
class Sheet:
    """Cells of a table as they are printed.

    Attributes
    ----------
    over : tuple of (str, int)
        Headings above the others and how many columns each spans, after the first; empty where none are.
    head : tuple of str
        Headings of the columns.
    rows, foot : tuple of tuple of str
        Cells above and below the inner line; the first of each heads its row.
    notes : tuple of str
        What stands below, one sentence or more an item.
    """

    over: tuple[tuple[str, int], ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    foot: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]

    def heads(self) -> tuple[str, ...]:
        """Headings in one row: those above joined to those below."""
        spans = [name for name, columns in self.over for _ in range(columns)]
        below = self.head[1:]
        joined = [
            f"{over} {name}".strip() for over, name in zip(spans or [""] * len(below), below, strict=True)
        ]
        return (self.head[0], *joined)


def upright(text: str) -> str:
    """Text without the marks of italics.

    >>> upright(f"{SLANT}p{UPRIGHT} < .05")
    'p < .05'
    """
    return text.replace(SLANT, "").replace(UPRIGHT, "")


def _slanted(text: str, escape: Callable[[str], str], opening: str, closing: str) -> str:
    """Escaped text, with italics in its own language."""
    return escape(text).replace(SLANT, opening).replace(UPRIGHT, closing)


# text and Markdown


def plain_text(sheet: Sheet) -> str:
    """A table for a terminal: digits below one another, rules of hyphens, the note below.

    >>> rows = ("acts", "0.5*"), ("", "(0.1)")
    >>> print(plain_text(Sheet((), ("Term", "(1)"), rows, (("Rows", "90"),), ())))
    Term    (1)
    ----  -----
    acts   0.5*
          (0.1)
    ----  -----
    Rows    90
    """
    lines = [sheet.heads(), *sheet.rows, *sheet.foot]
    columns = [[upright(cell) for cell in column] for column in zip(*lines, strict=True)]
    first = max(map(len, columns[0]))
    padded = [[cell.ljust(first) for cell in columns[0]], *map(_below_one_another, columns[1:])]
    rows = ["  ".join(cells).rstrip() for cells in zip(*padded, strict=True)]
    rule = "  ".join("-" * len(column[0]) for column in padded)
    end = 1 + len(sheet.rows)
    body = [rows[0], rule, *rows[1:end], *([rule, *rows[end:]] if sheet.foot else [])]
    return "\n".join([*body, *(["", *map(upright, sheet.notes)] if sheet.notes else [])])


def _below_one_another(column: Sequence[str]) -> list[str]:
    """Cells of one width, whose last digits stand below one another; the heading ends where they end."""
    tails = [len(cell) - len(cell.rstrip(AFTER_DIGITS)) for cell in column[1:]]
    most = max(tails, default=0)
    cells = [column[0], *(cell + " " * (most - tail) for cell, tail in zip(column[1:], tails, strict=True))]
    width = max(map(len, cells))
    return [cell.rjust(width) for cell in cells]


def markdown(sheet: Sheet) -> str:
    r"""A table for Markdown; what Markdown would take for its own is escaped.

    >>> print(markdown(Sheet((), ("Term", "(1)"), (("a|b", "0.5*"),), (), ("p < .05",))))
    | Term | (1) |
    |:---|---:|
    | a\|b | 0.5\* |
    <BLANKLINE>
    p \< .05
    """
    lines = [sheet.heads(), *sheet.rows, *sheet.foot]
    cells = [[_slanted(cell, markdown_text, "*", "*") for cell in line] for line in lines]
    rule = "|:---|" + "---:|" * (len(sheet.head) - 1)
    rows = [f"| {' | '.join(line)} |" for line in cells]
    notes = [_slanted(note, markdown_text, "*", "*") for note in sheet.notes]
    return "\n".join([rows[0], rule, *rows[1:], *(["", "\n\n".join(notes)] if notes else [])])


# LaTeX


def latex(sheet: Sheet) -> str:
    r"""A table for LaTeX with the package booktabs; every engine can set it.

    >>> print(latex(Sheet((), ("Term", "(1)"), (("acts_ego", "-0.5"),), (("Rows", "90"),), ())))
    \begin{tabular}{lc}
    \toprule
    Term & (1) \\
    \midrule
    acts\_ego & $-$0.5 \\
    \midrule
    Rows & 90 \\
    \bottomrule
    \end{tabular}
    """
    over: list[str] = []
    if sheet.over:
        spans = [rf"\multicolumn{{{columns}}}{{c}}{{{_tex(name)}}}" for name, columns in sheet.over]
        starts = [2 + sum(columns for _, columns in sheet.over[:place]) for place in range(len(sheet.over))]
        ends = [start + columns - 1 for start, (_, columns) in zip(starts, sheet.over, strict=True)]
        rules = [rf"\cmidrule(lr){{{start}-{end}}}" for start, end in zip(starts, ends, strict=True)]
        over = [rf" & {' & '.join(spans)} \\", " ".join(rules)]
    foot = [r"\midrule", *map(_tex_row, sheet.foot)] if sheet.foot else []
    lines = [
        rf"\begin{{tabular}}{{l{'c' * (len(sheet.head) - 1)}}}",
        r"\toprule",
        *over,
        _tex_row(sheet.head),
        r"\midrule",
        *map(_tex_row, sheet.rows),
        *foot,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    notes = [rf"{{\footnotesize {' '.join(map(_tex, sheet.notes))}}}"] if sheet.notes else []
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _tex(text: str) -> str:
    return _slanted(text, latex_text, r"\emph{", "}")


def _tex_row(cells: Sequence[str]) -> str:
    first = _tex(cells[0])
    # after the end of a row TeX takes a bracket or an asterisk for part of that end
    guarded = f"{{}}{first}" if first[:1] in ("[", "*") else first
    return rf"{' & '.join([guarded, *map(_tex, cells[1:])])} \\"


# HTML


def document(sheet: Sheet) -> str:
    """A whole document of HTML that a word processor opens: no class, no sheet of styles, no script."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>Fits side by side</title>\n</head>\n<body>\n{hypertext(sheet, FONT)}\n</body>\n</html>"
    )


def hypertext(sheet: Sheet, font: str = "") -> str:
    """A table of HTML and its note, each cell with its own style, so that it can be pasted anywhere.

    >>> hypertext(Sheet((), ("Term", "(1)"), (("<b>", "-0.5"),), (), ())).splitlines()[2][-14:]
    '−0.5</td></tr>'
    """
    lines = []
    if sheet.over:
        cells = [("", 1), *sheet.over]
        lines.append("".join(_cell(name, "col", THICK, span) for name, span in cells))
    top = "" if sheet.over else THICK
    heads = "".join(_cell(name, "col", top) for name in sheet.head[1:])
    lines.append(_cell(sheet.head[0], "col", top, left=True) + heads)
    for group in (sheet.rows, sheet.foot):
        for place, row in enumerate(group):
            rule = THIN if place == 0 else ""
            cells_here = "".join(_cell(cell, "", rule) for cell in row[1:])
            lines.append(_cell(row[0], "row", rule) + cells_here)
    rows = "\n".join(f"<tr>{line}</tr>" for line in lines)
    style = f"border-collapse:collapse;border-bottom:{THICK};{font}".rstrip(";")
    notes = "".join(f'\n<p style="margin:3pt 0;{font}">{_html(note)}</p>' for note in sheet.notes)
    return f'<table style="{style}">\n{rows}\n</table>{notes}'


def _cell(text: str, scope: str, rule: str, span: int = 1, left: bool = False) -> str:
    """One cell; its line stands on the cell, since word processors pass over those of rows."""
    name = "th" if scope else "td"
    align = "left" if left or scope == "row" else "center"
    style = f"padding:1pt 6pt;text-align:{align};font-weight:normal;white-space:nowrap"
    style += f";border-top:{rule}" if rule else ""
    extra = (f' scope="{scope}"' if scope else "") + (f' colspan="{span}"' if span > 1 else "")
    return f'<{name}{extra} style="{style}">{_html(text)}</{name}>'


def _html(text: str) -> str:
    return _slanted(MINUS.sub("−", text), html.escape, "<i>", "</i>")

"""The report of a study: one page and its tables, written whole or not at all."""

from __future__ import annotations

import html
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from honestsignals import __version__
from honestsignals.dyads import DyadTable, base_rates
from honestsignals.errors import DesignError
from honestsignals.figures.giving import alt
from honestsignals.figures.registry import draw
from honestsignals.figures.style import COLOURS
from honestsignals.figures.svg import svg
from honestsignals.moments import spans_in_words
from honestsignals.reporting import page
from honestsignals.reporting.folder import refuse_folder, whole_folder
from honestsignals.reporting.ladder import Ladder, ladder
from honestsignals.reporting.methods import cautions, inputs, methods, sources, timed, versions
from honestsignals.reporting.summary import base_rate_table, columns_for, left_out, measures
from honestsignals.study import Study
from honestsignals.study_folder import open_study
from honestsignals.tables import write_frame, write_text

if TYPE_CHECKING:
    import pandas as pd

PAGE, FIGURE = "report.html", "figures/give-take.svg"
TABLES = ("base_rate", "codebook", "ladder", "left_out", "measures", "steps")
FILES = (PAGE, FIGURE, *(f"tables/{name}.{ending}" for name in TABLES for ending in ("csv", "tex")))
"""Everything a report may write: a folder with anything else in it is not replaced."""
CONTENTS = (
    ("study", "The study"),
    ("left-out", "Left out"),
    ("base-rate", "Base rate"),
    ("measures", "Measures"),
    ("models", "Models"),
    ("figure", "Figure"),
    ("notes", "Notes"),
    ("methods", "Methods"),
    ("codebook", "Codebook"),
    ("session", "Session"),
)


@dataclass(frozen=True, eq=False)
class Report:
    """A written report: what it says in short, and where it is.

    Attributes
    ----------
    study : str
        Name of the study.
    label : str or None
        The label that was explained.
    facts : tuple of str
        What the pairs are, of how many, and why the others were left out.
    ladder : Ladder or None
        The models, where there is a label.
    folder : Path
        Where it was written.
    """

    study: str
    label: str | None
    facts: tuple[str, ...]
    ladder: Ladder | None
    folder: Path

    @property
    def page(self) -> Path:
        """The page."""
        return self.folder / PAGE

    def sentences(self) -> list[str]:
        """What each step says."""
        none = ["The study has no labels, so there is nothing that give and take could foretell."]
        return none if self.ladder is None else self.ladder.sentences()

    def __str__(self) -> str:
        what = f", {self.label}" if self.label else ""
        lines = [f"Report of {self.study}{what}", *self.facts, *self.sentences()]
        return "\n".join([*lines, f"Written: {self.page}"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in (*self.facts, *self.sentences()))
        return (
            f"<p><b>Report</b> {html.escape(self.study)}: {html.escape(str(self.page))}</p><ul>{items}</ul>"
        )


def report(
    study: Study | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    label: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Write the report of a study: a page of HTML that needs nothing else, and its tables as CSV and LaTeX.

    What the study is, what was left out, the base rate, the measures, the fits of volume, balance and timing
    side by side with the test of each step, and give against take in one figure. A study without labels, or
    without times, gets the report that it can have. No name of a person is in it. The same study gives the
    same bytes.

    Parameters
    ----------
    study : Study or path
        The study, or its folder.
    folder : path
        Where the report goes: a new folder, an empty one, or one that holds an earlier report and nothing
        else. It appears whole or not at all.
    label : str, optional
        The label to explain; the study's first.
    progress : callable, optional
        Is told, in words, what is being done.

    Returns
    -------
    Report

    Raises
    ------
    OutputError
        Where something else is in the folder.
    UnknownNameError
        Where the study has no such label.

    Examples
    --------
    >>> import tempfile
    >>> from honestsignals.simulation import simulate
    >>> with tempfile.TemporaryDirectory() as home:
    ...     written = report(simulate(people=12, days=28, seed=1).study(), Path(home) / "report")
    ...     written.page.name, written.label
    ('report.html', 'friendship')
    """
    tell = progress or (lambda _: None)
    target = Path(folder)
    refuse_folder(target, FILES, (PAGE, f'name="generator" content="{page.GENERATOR} '))
    tell("Reading the study")
    opened = study if isinstance(study, Study) else open_study(study)
    chosen = label if label is not None else next(iter(opened.labels), None)
    if chosen is not None and opened.label(chosen).type == "nominal":
        raise DesignError(f"{chosen!r} has classes without an order; a report explains one answer. Use fit.")
    tell("Measuring pairs")
    table, said = _table(opened, chosen)
    if label is None and len(opened.labels) > 1:
        said.append(f"The study has {len(opened.labels)} labels; this is the first, {chosen}.")
    made = ladder(table, progress=tell) if chosen is not None else None
    tell("Writing")
    frames = {
        "base_rate": base_rate_table(table),
        "codebook": table.codebook(),
        "left_out": left_out(opened, table, made),
        "measures": measures(table),
    }
    if made is not None:
        frames |= {"ladder": made.tidy(), "steps": made.tests()}
    with whole_folder(target) as draft:
        _write(draft, opened, table, made, (frames, said))
    return Report(opened.name, chosen, tuple(table.facts()), made, target)


def _table(study: Study, label: str | None) -> tuple[DyadTable, list[str]]:
    """The pairs of the report, and what is to be said of their choice."""
    directed = label is not None and study.label(label).directed
    names = columns_for(study, directed)
    if label is None:
        said = "Without a label, only pairs in contact are measured: the others gave and took nothing."
        return study.dyads(pairs="in contact", metrics=names), [said]
    try:
        return study.dyads(label=label, metrics=names), []
    except DesignError:
        # too many pairs to make them all; any other refusal comes again
        table = study.dyads(label=label, pairs="in contact", metrics=names)
        return table, [
            "More than five million pairs have a known label, so only those in contact are in the table."
        ]


def _write(
    draft: Path,
    study: Study,
    table: DyadTable,
    made: Ladder | None,
    content: tuple[dict[str, pd.DataFrame], list[str]],
) -> None:
    """Every file of the report."""
    frames, said = content
    for name in ("tables", "figures"):
        (draft / name).mkdir()
    for name, frame in frames.items():
        write_frame(draft / "tables" / f"{name}.csv", frame)
        write_text(draft / "tables" / f"{name}.tex", _latex(name, frame, made))
    title = f"Give against take in {study.name}"
    drawn = svg(draw("give_take", table), title, alt(table))
    write_text(draft / FIGURE, drawn)
    context = _context(study, table, made, (frames, said))
    inline = drawn
    for colour, word in COLOURS.items():
        # on the page, colours follow whether it is light or dark
        inline = inline.replace(colour, f"var(--{word})")
    write_text(draft / PAGE, page.html_page({**context, "figure": inline}))


def _latex(name: str, frame: pd.DataFrame, made: Ladder | None) -> str:
    """A table as LaTeX: the fits side by side, the others as they are, as far as a page is wide."""
    if name == "ladder" and made is not None:
        return page.latex(made.side_by_side(), "l" + "r" * len(made.fits))
    if name == "codebook":
        narrow = frame[["column", "meaning", "unit", "undefined where"]]
        return page.latex(narrow, "lp{6cm}p{2cm}p{4cm}")
    if name == "steps":
        return page.latex(frame.drop(columns=["result"]))
    return page.latex(frame)


def _context(
    study: Study, table: DyadTable, made: Ladder | None, content: tuple[dict[str, pd.DataFrame], list[str]]
) -> dict[str, Any]:
    """What the template names, but for the figure."""
    frames, said = content
    label = table.label
    rate = "" if label is None else base_rates(table.frame, label, table.design.label_type)
    unit = "ordered pairs" if table.directed else "pairs"
    pairs = f"{len(table):,} {unit} of {table.design.possible:,} possible, {table.people:,} people."
    no_label = f"The study has no labels. {pairs}"
    undated = [] if label is None else cautions(study.label(label))
    dated = [table.design.asked] if label is not None and not undated else []
    fitted = made is not None and bool(made.fits)
    return {
        "version": __version__,
        "title": study.title,
        "label": label or "",
        "question": _question(label),
        "contents": [(anchor, name) for anchor, name in CONTENTS if label or name != "Base rate"],
        "short": [rate or no_label, *(made.sentences() if made is not None else [])],
        "cautions": undated,
        "facts": [*study.log.facts(), *(str(one) for one in study.labels.values()), pairs, *dated],
        "citation": study.citation,
        "licence": study.licence,
        "remarks": said,
        "base_rate": rate,
        "left_out": page.grid(frames["left_out"], "left-out", "What was left out, and why."),
        "base_rates": page.grid(frames["base_rate"], "base-rate", f"{unit.capitalize()} by who gave at all."),
        "measures": page.measures_grid(frames["measures"], table),
        "sentences": made.sentences() if made is not None else [],
        "without": [line for step in made.steps for line in step.without()] if made is not None else [],
        "ladder": page.ladder_grid(made) if fitted and made is not None else None,
        "steps": page.steps_grid(made) if fitted and made is not None else None,
        "caption": alt(table),
        "notes": _notes(table, made),
        "methods": methods(table, made),
        "references": sources(table, made),
        "codebook": page.codebook_grid(frames["codebook"]),
        "settings": _settings(table),
        "versions": versions(),
        "inputs": inputs(study),
    }


def _question(label: str | None) -> str:
    if label is None:
        return "How do these people give and take?"
    return f"Does the give and take between two people tell of {label}, beyond how much passes between them?"


def _notes(table: DyadTable, made: Ladder | None) -> list[str]:
    """What a reader must know of the design and of the fits."""
    notes = list(table.design.notes)
    if made is not None:
        notes += made.remarks()
        notes.append("A test that shows nothing is no proof that there is nothing: few people can hide much.")
    notes.append("These are associations: nobody was made to give.")
    return notes


def _settings(table: DyadTable) -> list[tuple[str, str]]:
    """Choices that another run would have to make again."""
    chosen = [("Label", table.label or "none")]
    if timed(table):
        chosen.append(("Spans", spans_in_words(table.settings)))
    if table.label is not None:
        chosen.append(("Standard errors", "net jackknife over people and pairs, one step"))
    return chosen

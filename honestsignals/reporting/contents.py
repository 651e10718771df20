"""What stands in a report, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from honestsignals import __version__
from honestsignals.reporting.blocks import Page
from honestsignals.reporting.findings import Findings
from honestsignals.reporting.ladder import Ladder
from honestsignals.reporting.methods import cautions
from honestsignals.reporting.sections_data import (
    Part,
    base_rate_line,
    base_rate_part,
    figures_part,
    left_out_part,
    measures_part,
    network_part,
    people_part,
    study_part,
)
from honestsignals.reporting.sections_end import (
    codebook_part,
    files_part,
    methods_part,
    notes_part,
    session_part,
)
from honestsignals.reporting.sections_evaluation import evaluation_part
from honestsignals.reporting.sections_models import (
    errors_part,
    models_part,
    permutation_part,
    standing_out,
)

if TYPE_CHECKING:
    import pandas as pd

TABLES = {
    "asymmetries": "pairs whose giving is furthest from even, by name",
    "base_rate": "the label among pairs, by who gave",
    "canaries": "what must foretell nothing of people never seen",
    "codebook": "what each column of the dyad table is",
    "errors": "the last step's coefficients with every standard error",
    "evaluation": "scores of each step on people never seen",
    "ladder": "coefficients of each step",
    "left_out": "what was left out, and why",
    "measures": "how the measures of pairs are distributed",
    "network": "metrics of the network",
    "people": "how the metrics of people are distributed",
    "permutation": "the last step's coefficients when people change places",
    "steps": "what each step adds, and its test",
}
"""Every table that a report may have, and what it is."""


@dataclass(frozen=True, eq=False)
class Contents:
    """What a report shows and writes.

    Attributes
    ----------
    page : Page
        Sections with their blocks.
    frames : mapping of str to pandas.DataFrame
        Tables by the name of their file, without its ending.
    ladder : Ladder or None
        Whose side-by-side form LaTeX has.
    further : tuple of str
        What is said in short besides the steps.
    """

    page: Page
    frames: dict[str, pd.DataFrame]
    ladder: Ladder | None
    further: tuple[str, ...]


def contents(found: Findings, *, first: bool) -> Contents:
    """Put together what a report shows.

    Parameters
    ----------
    found : Findings
    first : bool
        Whether the label is the study's first because none was named.

    Returns
    -------
    Contents
    """
    told = [*_before(found), *_after(found)]
    ending = [session_part(found)]
    frames = {name: frame for part in (*told, *ending) for name, frame in part.frames.items()}
    drawn = [one for part in told for one in part.section.drawings]
    files = [("report.html", "this page"), ("report.md", "the same in Markdown")]
    files += [(one.file, one.title[:1].lower() + one.title[1:]) for one in drawn]
    files += [(f"tables/{name}.csv and .tex", TABLES[name]) for name in sorted(frames)]
    ending.append(files_part(files))
    label = found.label
    short, further = _short(found, first)
    page = Page(
        title=found.study.title,
        question=_question(label),
        label=label or "",
        version=__version__,
        short=tuple(short),
        cautions=tuple([] if label is None else cautions(found.study.label(label))),
        sections=tuple(part.section for part in told),
        ending=tuple(part.section for part in ending),
    )
    return Contents(page, frames, found.ladder.found, tuple(further))


def _before(found: Findings) -> list[Part]:
    """What is told before any model."""
    makers = (study_part, left_out_part, base_rate_part, measures_part, network_part, people_part)
    return [*(make(found) for make in makers), figures_part(found)]


def _after(found: Findings) -> list[Part]:
    """Models, and what is to be said of them."""
    errors = errors_part(found)
    models = [models_part(found), *([errors] if errors is not None else [])]
    if found.label is not None:
        models += [permutation_part(found), evaluation_part(found)]
    return [*models, notes_part(found), methods_part(found), codebook_part(found)]


def _question(label: str | None) -> str:
    if label is None:
        return "How do these people give and take?"
    return f"Does the give and take between two people tell of {label}, beyond how much passes between them?"


def _short(found: Findings, first: bool) -> tuple[list[str], list[str]]:
    """What is said in short: all of it, and what of it is no step of the ladder."""
    table = found.table
    unit = "ordered pairs" if table.directed else "pairs"
    if table.label is None:
        size = f"{len(table):,} {unit} of {table.design.possible:,} possible, {table.people:,} people."
        return [f"The study has no labels. {size}"], []
    start = [base_rate_line(found)]
    steps = [] if found.ladder.found is None else found.ladder.found.sentences()
    further = [] if found.evaluation.found is None else [found.evaluation.found.headline]
    if found.ladder.found is None:
        further.append(found.ladder.reason)
    if found.permutation.found is not None:
        further.append(standing_out(found.permutation.found, found))
    if first and len(found.study.labels) > 1:
        many = f"The study has {len(found.study.labels)} labels; this is the first, {table.label}."
        start.append(many)
    return [*start, *steps, *further], further

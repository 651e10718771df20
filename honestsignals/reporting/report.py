"""The report of a study: one page, its Markdown twin, tables and figures, written whole or not at all."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from honestsignals.errors import ArgumentError, check_seed, unknown
from honestsignals.permutation import Permutation
from honestsignals.permuting import telling as listening
from honestsignals.progress import telling
from honestsignals.reporting import page
from honestsignals.reporting.contents import TABLES, Contents, contents
from honestsignals.reporting.drawings import NAMES
from honestsignals.reporting.findings import NO_LABEL, Choices, find
from honestsignals.reporting.folder import refuse_folder, whole_folder
from honestsignals.reporting.grids import latex_of
from honestsignals.reporting.ladder import Ladder
from honestsignals.reporting.markdown import markdown_page
from honestsignals.study import Study
from honestsignals.study_folder import open_study
from honestsignals.tables import write_frame, write_text

PAGE, MARKDOWN = "report.html", "report.md"
FILES = (
    PAGE,
    MARKDOWN,
    *(f"figures/{name}.svg" for name in NAMES),
    *(f"tables/{name}.{ending}" for name in TABLES for ending in ("csv", "tex")),
)
"""Everything a report may write: a folder with anything else in it is not replaced."""
PARTS = ("permutation", "evaluation")
"""Parts of a report that take long, and are there unless others are named."""
EVERY = (*PARTS, "names")


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
        The models, where there are any.
    folder : Path
        Where it was written.
    permutation : Permutation or None
        Of the last model, where it was permuted.
    evaluation : Evaluation or None
        What is foretold of people never seen, where that was evaluated.
    further : tuple of str
        What it says in short besides the steps of the ladder.
    """

    study: str
    label: str | None
    facts: tuple[str, ...]
    ladder: Ladder | None
    folder: Path
    permutation: Permutation | None = None
    evaluation: Any = None
    further: tuple[str, ...] = ()

    @property
    def page(self) -> Path:
        """The page."""
        return self.folder / PAGE

    def sentences(self) -> list[str]:
        """What each step says."""
        return [] if self.ladder is None else self.ladder.sentences()

    def _lines(self) -> list[str]:
        none = [NO_LABEL] if self.label is None else []
        return [*self.facts, *none, *self.sentences(), *self.further]

    def __str__(self) -> str:
        what = f", {self.label}" if self.label else ""
        return "\n".join([f"Report of {self.study}{what}", *self._lines(), f"Written: {self.page}"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self._lines())
        return (
            f"<p><b>Report</b> {html.escape(self.study)}: {html.escape(str(self.page))}</p><ul>{items}</ul>"
        )


def report(
    study: Study | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    label: str | None = None,
    seed: int = 1,
    draws: int | None = None,
    parts: Sequence[str] = PARTS,
    least: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Write the report of a study: a page of HTML that needs nothing else, its Markdown twin, and its tables.

    What the study is, what was left out, the base rate, the measures of pairs, people and the network, the
    fits of volume, balance and timing side by side, the ladder of errors, permutations, what is foretold of
    people never seen, figures, methods with their sources, a codebook, and what made it. What the data cannot
    have (labels, times, enough people) is said in a sentence, and the rest goes on. No person is named
    unless asked. The same study and seed give the same bytes.

    Parameters
    ----------
    study : Study or path
        The study, or its folder.
    folder : path
        Where the report goes: a new folder, an empty one, or one that holds an earlier report and nothing
        else. It appears whole or not at all.
    label : str, optional
        The label to explain; the study's first.
    seed : int
        What permutations, divisions of people, and draws of the null model begin with.
    draws : int, optional
        Permutations; by default as many as take no minutes, 1,000 at most.
    parts : sequence of {"permutation", "evaluation", "names"}
        Parts that take long, both by default; "names" writes who is who in the network's figure, and names
        the pairs whose giving is furthest from even.
    least : int
        Numbers that rest on fewer rows, pairs or people are not shown in tables of counts, and figures with
        a mark for every pair are left out. What other numbers add up to is not hidden.
    progress : callable, optional
        Is told, in words, what is being done; without it a terminal shows it after two seconds.

    Returns
    -------
    Report

    Raises
    ------
    OutputError
        Where something else is in the folder.
    UnknownNameError
        Where the study has no such label, or the report no such part.

    Examples
    --------
    >>> import tempfile
    >>> from honestsignals.simulation import simulate
    >>> with tempfile.TemporaryDirectory() as home:
    ...     study = simulate(people=12, days=28, seed=1).study()
    ...     written = report(study, Path(home) / "report", parts=["permutation"], draws=99)
    ...     written.page.name, written.label, written.permutation.found.draws
    ('report.html', 'friendship', 99)
    """
    wanted = _parts(parts)
    check_seed(seed)
    for name, value, start in (("draws", draws, 1), ("least", least, 0)):
        _check_count(name, value, start)
    target = Path(folder)
    refuse_folder(target, FILES, (PAGE, f'name="generator" content="{page.GENERATOR} '))
    with listening(progress) as tell, telling(tell):
        tell("Reading the study")
        opened = study if isinstance(study, Study) else open_study(study)
        chosen = label if label is not None else next(iter(opened.labels), None)
        found = find(opened, Choices(chosen, seed, draws, wanted, least), tell)
        made = contents(found, first=label is None)
        tell("Writing")
        with whole_folder(target) as draft:
            _write(draft, made)
    return Report(
        study=opened.name,
        label=chosen,
        facts=tuple(found.table.facts()),
        ladder=found.ladder.found,
        folder=target,
        permutation=found.permutation.found,
        evaluation=found.evaluation.found,
        further=made.further,
    )


def _parts(parts: Sequence[str]) -> frozenset[str]:
    """Parts that were asked for."""
    wanted = (parts,) if isinstance(parts, str) else tuple(parts)
    for part in wanted:
        if part not in EVERY:
            raise unknown("part", part, EVERY)
    return frozenset(wanted)


def _check_count(name: str, value: int | None, start: int) -> None:
    """Refuse what is no whole number."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (whole and value >= start):
        raise ArgumentError(f"{name} is {value!r}; it must be a whole number from {start} on.")


def _write(draft: Path, made: Contents) -> None:
    """Every file of the report."""
    for name in ("tables", "figures"):
        (draft / name).mkdir()
    for name, frame in made.frames.items():
        write_frame(draft / "tables" / f"{name}.csv", frame)
        write_text(draft / "tables" / f"{name}.tex", latex_of(name, frame, made.ladder))
    for one in made.page.drawings:
        write_text(draft / one.file, one.drawn)
    write_text(draft / MARKDOWN, markdown_page(made.page))
    write_text(draft / PAGE, page.html_page(made.page))

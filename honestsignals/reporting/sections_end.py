"""How a report ends: what to keep in mind, how it was done, the codebook, what made it, its files."""

from __future__ import annotations

from collections.abc import Sequence

from honestsignals.inference.words import counted
from honestsignals.moments import spans_in_words
from honestsignals.reporting.blocks import Block, Grid, Head, Items, Section, Sources, Terms, Text
from honestsignals.reporting.findings import Findings
from honestsignals.reporting.grids import codebook_grid
from honestsignals.reporting.methods import inputs, methods, sources, timed, versions
from honestsignals.reporting.sections_data import Part


def notes_part(found: Findings) -> Part:
    """What a reader must know of the design and of the fits."""
    notes = list(found.table.design.notes)
    made = found.ladder.found
    if made is not None:
        notes += made.remarks()
        notes.append("A test that shows nothing is no proof that there is nothing: few people can hide much.")
    notes.append("These are associations: nobody was made to give.")
    return Part(Section("notes", "To keep in mind", "Notes", (Items(tuple(notes)),)), {})


def methods_part(found: Findings) -> Part:
    """How the numbers were made, in words for a paper, and what it rests on."""
    blocks: list[Block] = [Text(line) for line in methods(found)]
    cited = sources(found)
    if cited:
        blocks += [Head("references", "References"), Sources(tuple(cited))]
    return Part(Section("methods", "How it was done", "Methods", tuple(blocks)), {})


def codebook_part(found: Findings) -> Part:
    """What each column is."""
    frame = found.table.codebook()
    return Part(Section("codebook", "Codebook", "Codebook", (codebook_grid(frame),)), {"codebook": frame})


def session_part(found: Findings) -> Part:
    """Choices, versions, and what was read."""
    read = inputs(found.study)
    blocks: list[Block] = [Terms((*_settings(found), *versions(found))), Head("read", "Files read")]
    if read:
        caption = "Files of the study, with their SHA-256."
        head = ("File", "size", "SHA-256")
        blocks.append(Grid("read", caption, head, (False, True, False), tuple(read)))
    else:
        blocks.append(
            Text("The study was not read from files that are still there, so there are no fingerprints.")
        )
    return Part(Section("session", "What made this report", "Session", tuple(blocks)), {})


def files_part(files: Sequence[tuple[str, str]]) -> Part:
    """What else stands in the folder.

    Parameters
    ----------
    files : sequence of (str, str)
        Their ways from the folder, and what each is.
    """
    lines = [f"{name}: {what}" for name, what in files]
    return Part(Section("files", "Files of this report", "Files", (Items(tuple(lines)),)), {})


def _settings(found: Findings) -> list[tuple[str, str]]:
    """Choices that another run would have to make again."""
    choices = found.choices
    chosen = [("Label", found.label or "none"), ("Seed", str(choices.seed))]
    if timed(found.table):
        depth = any("depth" in fact.needs for fact in found.table.about)
        chosen.append(("Spans", spans_in_words(found.table.settings, depth)))
    if found.last is not None:
        chosen.append(("Standard errors", "net jackknife over people and pairs, one step"))
    if found.permutation.found is not None:
        chosen.append(("Permutations", f"{found.permutation.found.found.draws:,}"))
    if found.null.found is not None:
        chosen.append(("Null model", f"{found.null.found.null!r}, {found.null.found.draws:,} draws"))
    if choices.least > 1:
        chosen.append(("Not shown", f"what rests on fewer than {counted(choices.least, 'row')}"))
    chosen.append(("Names", "shown" if choices.names else "not shown"))
    return chosen

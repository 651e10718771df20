"""The catalogue as a page: every metric with its formula, range, undefined case, example and source."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator

from honestsignals.metrics.registry import LEVELS, SWAPS, Entry, Fact, entries
from honestsignals.references import REFERENCES

HEADS = {
    "dyad": "Pairs of people: `log.dyads()`, `study.dyads()`",
    "person": "People: `log.people_metrics()`, `study.people_metrics()`",
    "network": "Networks: `log.network_metrics()`, `study.network_metrics()`",
}
LEFT_OUT = (
    (
        "Indices of reciprocity of Bandyopadhyay and Rao, and of Mandel",
        "of the papers no more than an abstract could be read, so no formula could be confirmed.",
    ),
    (
        "Squartini's ρ with strengths and degrees kept",
        "no independent software gives a value to hold it against; with strengths kept it is here.",
    ),
    (
        "Gomes, Mundry and Boesch's measure of contingent reciprocity",
        "the text could not be read; contingent return here is derived, and says so.",
    ),
    (
        "The social signature itself",
        "it is a list of shares by rank, not a number; the distance between two of them is here.",
    ),
    (
        "Kovanen's and Akoglu's own equations",
        "their texts could not be read; the forms here are derived from imbalance, and each says so.",
    ),
)
"""Published measures that are not here, and why."""


def page() -> str:
    """The catalogue in Markdown: what people ask, then every metric by level and family."""
    parts = ["# Metrics", INTRODUCTION, "## What people ask", *_asked()]
    for level in LEVELS:
        parts += [f"## {HEADS[level]}", *_level(level)]
    if LEFT_OUT:
        parts += ["## Left out", *(f"- **{name}**: {why}" for name, why in LEFT_OUT)]
    return "\n\n".join(_joined(parts)) + "\n"


INTRODUCTION = """\
Every number goes by its published name, with its formula, range and undefined case. This page is made from
the decorated functions themselves by `honestsignals metrics --page`. To find a metric by what you ask, search
this page, or say `honestsignals metrics --search "who goes first?"`; in Python
`hs.metrics.search("who goes first?")`.

A name ending in `_ego` is what ego did; its partner ends in `_alter`, and tables of undirected labels have
the two as `_mean`, `_min`, `_max` and `_gap`. Where it says *by kind*, `returned_share__help` is of acts of
help alone; where it says *by weight*, `returned_share__weight` is of amounts. Undefined is NaN, never 0.

Metrics of people and networks are of acts; with `of="weight"` of amounts, with `of="help"` of a kind."""


def _joined(parts: list[str]) -> Iterator[str]:
    """Paragraphs, the items of a list kept together."""
    items: list[str] = []
    for part in parts:
        if part.startswith("- "):
            items.append(part)
            continue
        if items:
            yield "\n".join(items)
            items = []
        yield part
    if items:
        yield "\n".join(items)


def _asked() -> Iterator[str]:
    """Questions as people put them, and the metrics that answer."""
    for level in LEVELS:
        for name, entry in entries(level).items():
            for question in entry.fact.asks:
                yield f"- {question} [`{name}`](#{_anchor(level, name)})"


def _anchor(level: str, name: str) -> str:
    """Where a metric stands on the page: a name can stand on two levels."""
    return f"{level}-{name}"


def _level(level: str) -> Iterator[str]:
    """Every metric of a level, family by family."""
    family = ""
    for name, entry in entries(level).items():
        if entry.fact.family != family:
            family = entry.fact.family
            yield f"### {family.capitalize()}"
        yield from _metric(name, entry)


def _metric(name: str, entry: Entry) -> Iterator[str]:
    """All that is known of one metric."""
    fact = entry.fact
    yield f'<a id="{_anchor(fact.level, name)}"></a>\n#### `{name}`'
    text, example = _parts(entry)
    yield f"{fact.meaning}." if fact.meaning[-1] not in ".?!" else fact.meaning
    if text:
        yield text
    for head, said in _facts(fact):
        yield f"- {head}: {said}"
    if example:
        yield f"```python\n{example}\n```"


def _facts(fact: Fact) -> Iterator[tuple[str, str]]:
    """Facts of a metric that have something to say, each with its head."""
    if fact.title != fact.name.removesuffix("_ego").replace("_", " "):
        yield "Published as", fact.title
    if fact.formula:
        yield "Formula", f"`{fact.formula}`"
    yield "Range", fact.interval + (f", {fact.unit}" if fact.unit else "")
    if fact.zero:
        yield "0 says", fact.zero
    if fact.higher:
        yield "Higher is more reciprocal", fact.higher
    if fact.level == "dyad":
        yield "Swapping ego and alter gives", SWAPS[fact.swap]
    yield "Undefined where", fact.undefined or "never"
    if fact.isolates:
        yield "People without acts", "change it"
    if fact.identity:
        yield "The same as", f"`{fact.identity}`"
    asked = [word for word, can in (("by kind", fact.by_kind), ("by weight", fact.by_weight)) if can]
    if asked and not fact.kinds and fact.level == "dyad":
        yield "Also", " and ".join(asked)
    if fact.needs - {"moments"}:
        yield "Needs", ", ".join(sorted(fact.needs - {"moments"}))
    if fact.inner:
        yield "In a table", "only where asked for by name"
    if fact.aliases:
        yield "Also called", ", ".join(f"`{one}`" for one in fact.aliases)
    if fact.elsewhere:
        yield "Elsewhere", "; ".join(fact.elsewhere)
    yield from _source(fact)


def _source(fact: Fact) -> Iterator[tuple[str, str]]:
    """Where a formula comes from."""
    if fact.reference:
        one = REFERENCES[fact.reference]
        link = f" [doi:{one.doi}](https://doi.org/{one.doi})" if one.doi else ""
        yield "Reference", f"{one.authors} ({one.year}). {one.title}. {one.where}.{link}"
    if fact.basis:
        yield "Formula", f"{fact.basis}" if fact.basis.startswith("derived") else f"read in {fact.basis}"


def _parts(entry: Entry) -> tuple[str, str]:
    """What a docstring says below its first line, and its example."""
    text = inspect.getdoc(entry.function) or ""
    _, _, rest = text.partition("\n\n")
    body, _, example = rest.partition("Examples\n--------\n")
    notes = "\n\n".join(part for part in body.strip().split("\n\n") if part)
    return notes.replace("``", "`"), textwrap.dedent(example).strip()

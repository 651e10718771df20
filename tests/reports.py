"""Reports in tests: studies to report on, and a page as a reader meets it."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd

import honestsignals as hs
from honestsignals.reporting.report import Report
from tests.folders import write_study

NASTY = (
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "{{ 7 * 7 }}",
    "two\nlines",
    "\u202eright to left",
    "](http://example.org/x.png)",
    "$x_1$ & 50% #1 ~^\\input",
)
"""Names that a page, a spreadsheet, TeX or Markdown could take for something else than a name."""
NO_TIMES = """
[study]
name = "plain"
title = "A <b>plain</b> study & more"

[acts]
file = "acts.csv"
sender = "sender"
receiver = "receiver"

[people]
file = "people.csv"
id = "id"

[labels.trust]
file = "labels.csv"
source = "source"
target = "target"
value = "trust"
type = "binary"
directed = true
absent = "unknown"
"""


class Page(HTMLParser):
    """What a test asks of a page: elements with their attributes, text, and ids."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attrs for tag, attrs in self.elements if tag in tags]


def plain_study(
    path: Path, ids: tuple[str, ...], label: object = None, toml: str = NO_TIMES, acts: int = 40
) -> Path:
    """A study without times whose people have the ids given; ``label`` tells a row's from (ego, alter)."""
    rng = np.random.default_rng(8)
    pairs = [(i, j) for i in range(len(ids)) for j in range(len(ids)) if i != j]
    chosen = rng.choice(len(pairs), acts)
    given = pd.DataFrame(
        [(ids[pairs[k][0]], ids[pairs[k][1]]) for k in chosen], columns=["sender", "receiver"]
    )
    answer = label or (lambda i, j: int(rng.random() < 0.4))
    labels = [(ids[i], ids[j], answer(i, j)) for i, j in pairs]
    return write_study(
        path,
        toml=toml,
        acts=given.to_csv(index=False),
        people=pd.DataFrame({"id": ids}).to_csv(index=False),
        labels=pd.DataFrame(labels, columns=["source", "target", "trust"]).to_csv(index=False),
    )


def names(count: int) -> tuple[str, ...]:
    return tuple(f"person{number}" for number in range(count))


def content(path: Path) -> dict[str, bytes]:
    return {
        file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()
    }


def assert_tells_of(text: str, study: hs.Study, made: Report) -> None:
    """A page says what its study left out, its base rate and its steps, and names nobody."""
    for count in study.log.left_out.values():
        assert f"{count:,}" in text
    people = {str(one) for one in study.log.people if not str(one).isdigit()}
    assert not people & set(text.split())
    if made.label is None:
        assert "The study has no labels" in text
        return
    table = study.dyads(label=made.label, metrics=["in_contact"])
    for reason, count in table.design.left_out.items():
        assert f"{reason} {count:,}" in text
    rate = next(line for line in table.facts() if line.startswith("Base rate"))
    assert rate in text
    assert [line.split()[0] for line in made.sentences()] == ["Volume", "Balance", "Timing"]

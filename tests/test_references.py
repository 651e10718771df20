"""What is cited, and how to cite the package: both files say what their readers rely on."""

import re
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import yaml
from pybtex.database import Entry, parse_file

ROOT = Path(__file__).resolve().parents[1]
ENTRIES = dict(parse_file(ROOT / "references.bib", bib_format="bibtex", encoding="utf-8").entries.items())
KEY = re.compile(r"[a-z]+(?P<year>\d{4})[a-z]?")
DOI = re.compile(r"10\.\d{4,9}/\S+")


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def citation() -> dict:
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


@pytest.fixture(params=sorted(ENTRIES))
def key(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def entry(key: str) -> Entry:
    return ENTRIES[key]


def test_key_is_a_name_and_the_year_of_the_entry(key: str, entry: Entry) -> None:
    match = KEY.fullmatch(key)
    assert match, f"{key!r} is not a lower-case name and a year"
    assert match["year"] == entry.fields["year"]


def test_entry_says_who_and_what(entry: Entry) -> None:
    assert entry.fields["title"].strip()
    people = entry.persons.get("author") or entry.persons.get("editor")
    assert people
    assert all(person.last_names for person in people)


def test_doi_is_well_formed_or_its_absence_explained(entry: Entry) -> None:
    if "doi" in entry.fields:
        assert DOI.fullmatch(entry.fields["doi"]), entry.fields["doi"]
    else:
        assert "DOI" in entry.fields.get("note", ""), "no doi, and no note that says why"


def test_no_two_entries_share_a_doi() -> None:
    # DOIs are case-insensitive.
    counts = Counter(entry.fields["doi"].lower() for entry in ENTRIES.values() if "doi" in entry.fields)
    assert [doi for doi, count in counts.items() if count > 1] == []


def test_citation_has_what_its_format_requires(citation: dict) -> None:
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert citation["message"]
    assert citation["abstract"]
    assert citation["authors"] == [{"name": "honestsignals maintainers"}]
    assert isinstance(citation["date-released"], str), "quote the date: the format wants a string"
    date.fromisoformat(citation["date-released"])


def test_citation_agrees_with_the_build_file(citation: dict, project: dict) -> None:
    assert citation["title"] == project["name"]
    assert str(citation["version"]) == project["version"]
    assert citation["license"] == project["license"]
    assert citation["keywords"] == project["keywords"]
    assert citation["authors"] == project["authors"]


def test_licence_text_is_the_one_named(project: dict) -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert project["license"] == "BSD-3-Clause"
    assert text.startswith("BSD 3-Clause License")
    assert "Copyright (c) 2026, honestsignals maintainers" in text

"""Write honestsignals/references.json, what the package cites, from references.bib.

python docs/bibliography.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from pybtex.database import Entry, Person, parse_file

HERE = Path(__file__).parent
TARGET = HERE.parent / "honestsignals" / "references.json"


def plain(text: str) -> str:
    """Text without TeX."""
    return re.sub(r"[{}$]", "", text).replace("\\", "").replace("--", "–")


def family(person: Person) -> str:
    """Family name, with its particle."""
    return " ".join([*person.prelast_names, *person.last_names])


def named(person: Person) -> str:
    """Family name and initials."""
    given = [*person.first_names, *person.middle_names]
    initials = ["-".join(f"{part[0]}." for part in name.split("-")) for name in given]
    return ", ".join(part for part in (family(person), " ".join(initials)) if part)


def where(entry: Entry) -> str:
    """Journal, volume and pages; or book, publisher, school."""
    fields = entry.fields
    names = ("journal", "booktitle", "publisher", "howpublished", "school")
    text = plain(next((fields[name] for name in names if name in fields), ""))
    if "volume" in fields and entry.type == "article":
        text += f" {fields['volume']}" + (f"({fields['number']})" if "number" in fields else "")
    return text + (f", {plain(fields['pages'])}" if "pages" in fields else "")


def reference(entry: Entry) -> dict[str, str]:
    """One source, as ``honestsignals.references.Reference`` holds it."""
    people = entry.persons.get("author") or entry.persons["editor"]
    names = [named(person) for person in people]
    short = family(people[0])
    if len(people) == 2:
        short += f" & {family(people[1])}"
    return {
        "authors": " & ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names),
        "year": entry.fields["year"],
        "title": plain(entry.fields["title"]),
        "where": where(entry),
        "doi": entry.fields.get("doi", ""),
        "short": f"{short}{' et al.' if len(people) > 2 else ''} {entry.fields['year']}",
    }


def bibliography() -> str:
    """Every entry by its key, as JSON."""
    entries = parse_file(HERE.parent / "references.bib", bib_format="bibtex", encoding="utf-8").entries
    found = {key: reference(entries[key]) for key in sorted(entries)}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(bibliography(), encoding="utf-8")

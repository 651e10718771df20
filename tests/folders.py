"""Small study folders for tests."""

from __future__ import annotations

from pathlib import Path

TOML = """
[study]
name = "tiny"

[acts]
file = "acts.csv"
sender = "sender"
receiver = "receiver"
time = "time"
time_unit = "iso"
kind = "kind"

[people]
file = "people.csv"
id = "id"
attributes = ["office", "age"]

[labels.friendship]
file = "labels.csv"
source = "source"
target = "target"
value = "friendship"
type = "binary"
directed = false
absent = "no"
asked = 2024-02-01
"""

ACTS = """sender,receiver,time,kind
a,b,2024-01-01T10:00:00Z,help
b,a,2024-01-01T10:20:00Z,help
a,c,2024-01-03T10:00:00Z,information
c,a,2024-03-03T10:00:00Z,help
"""
PEOPLE = "id,office,age\na,north,30\nb,north,40\nc,south,\nd,south,25\n"
LABELS = "source,target,friendship\na,b,1\nc,a,1\n"


def write_study(folder: Path, **files: str | None) -> Path:
    """A study folder; keyword ``acts`` writes acts.csv, ``toml`` study.toml, None leaves a file out."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"toml": TOML, "acts": ACTS, "people": PEOPLE, "labels": LABELS, **files}
    for name, text in content.items():
        if text is not None:
            file = "study.toml" if name == "toml" else f"{name}.csv"
            (folder / file).write_text(text, encoding="utf-8")
    return folder

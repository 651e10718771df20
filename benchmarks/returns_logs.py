"""How soon openings are returned in two logs, and what brings the next act.

Run from the project's folder, with the folder that holds the studies:

    python benchmarks/returns_logs.py FOLDER

Writes the tables of docs/returns.md.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import honestsignals as hs

HERE = Path(__file__).parent
ASKED = (("copenhagen", None), ("copenhagen", "kind"), ("collegemsg", None))
BEGIN, END = "<!-- logs -->", "<!-- end of logs -->"


def told(row: Any, name: str, times: float = 1.0, digits: int = 1) -> str:
    """A number with its interval."""
    value, low, high = (f"{times * row[one]:,.{digits}f}" for one in (name, f"{name}_low", f"{name}_high"))
    return f"{value} ({low} to {high})"


def curves(folder: Path) -> str:
    """One row a log, or a group of it, as Markdown."""
    lines = [
        "| openings | waits | returned in 7 days, % | half in, minutes | mean of min(wait, 7 days), hours |",
        "|---|---|---|---|---|",
    ]
    for name, by in ASKED:
        found = hs.return_curves(hs.open_study(folder / name), by=by)
        for _, row in found.tidy().iterrows():
            who = name if by is None else f"{name}, {by} {row['group']}"
            half = told(row, "median_hours", 60, 0) if row["median_hours"] == row["median_hours"] else "–"
            cells = [told(row, "returned", 100), half, told(row, "mean_hours")]
            lines.append(f"| {who} | {row['waits']:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def hazards(folder: Path) -> str:
    """One row a column of the hazard, a log beside the other, as Markdown."""
    names = list(dict.fromkeys(name for name, _ in ASKED))
    found = {name: hs.return_hazard(hs.open_study(folder / name), strata="ego").tidy() for name in names}
    lines = [f"| hazard ratio | {' | '.join(names)} |", "|---" * (1 + len(names)) + "|"]
    for place, term in enumerate(found[names[0]]["term"]):
        cells = []
        for name in names:
            row = found[name].iloc[place]
            digits = 0 if row["hazard_ratio"] >= 10 else 2
            ends = f"{row['low']:.{digits}f} to {row['high']:.{digits}f}"
            cells.append(f"{row['hazard_ratio']:.{digits}f} ({ends}; {row['df'] + 1:.0f} people in effect)")
        lines.append(f"| `{term}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def tables(folder: Path) -> str:
    """Both."""
    return f"{curves(folder)}\n\n{hazards(folder)}"


def main() -> None:
    page = HERE.parent / "docs" / "returns.md"
    text = page.read_text(encoding="utf-8")
    made = f"{BEGIN}\n{tables(Path(sys.argv[1]))}\n{END}"
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: made, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()

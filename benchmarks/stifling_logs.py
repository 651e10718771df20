"""How often openings go unanswered in logs without depth, and whether that stifles.

Run from the project's folder, with the folder that holds the studies:

    python benchmarks/stifling_logs.py FOLDER

Writes the table of docs/reciprocity_fails.md.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import honestsignals as hs

HERE = Path(__file__).parent
ASKED = (("copenhagen", "4D"), ("collegemsg", "7D"), ("collegemsg", "28D"))
BEGIN, END = "<!-- logs -->", "<!-- end of logs -->"


def table(folder: Path) -> str:
    """One row a log and horizon, as Markdown."""
    lines = [
        "| log | openings | not returned in a day | h | looked at | ordered pairs with both | stifle ratio "
        "| shuffled: middle 95 %, p | the other's | over the other's | said |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, horizon in ASKED:
        fails = hs.reciprocity_fails(hs.open_study(folder / name))
        found = fails.stifling(horizon, seed=1)
        one, other, versus = (row for _, row in found.tidy().iloc[:3].iterrows())
        spread = sorted(found.placebo)
        low, high = spread[int(0.025 * len(spread))], spread[int(0.975 * len(spread))]
        watched = int(fails.tidy()["returned"].notna().sum())
        share = "{:.1f} % ({:.1f} to {:.1f})".format(*(100 * end for end in (fails.share, *fails.interval)))
        lines.append(
            f"| {name} | {watched:,} | {share} | {horizon} | {len(found.study.at.time):,} "
            f"| {found.study.telling:,} | {one['ratio']:.2f} ({one['low']:.2f} to {one['high']:.2f}) "
            f"| {low:.2f} to {high:.2f}, {found.placebo_p:.3f} "
            f"| {other['ratio']:.2f} ({other['low']:.2f} to {other['high']:.2f}) "
            f"| {versus['ratio']:.2f} ({versus['low']:.2f} to {versus['high']:.2f}) | {found.verdict} |"
        )
    return "\n".join(lines)


def main() -> None:
    page = HERE.parent / "docs" / "reciprocity_fails.md"
    text = page.read_text(encoding="utf-8")
    made = f"{BEGIN}\n{table(Path(sys.argv[1]))}\n{END}"
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: made, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()

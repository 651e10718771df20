"""The numbers and the figure of docs/scale.md, of what benchmarks/suite.py stored.

python benchmarks/scale_page.py
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "scale.json"
PAGE = HERE.parent / "docs" / "scale.md"
BEGIN, END = "<!-- numbers -->", "<!-- end of numbers -->"
CLUSTER = ("<!-- cluster -->", "<!-- end of cluster -->")
CORES = (1, 16, 64)
PEERS = {"pandas": "pandas groupby", "networkx": "networkx", "bandicoot": "bandicoot"}
FLOOR = 1_000_000
"""Fewest acts that tell how time grows: with fewer, it is the libraries' start that is measured."""

Size = dict[str, Any]
Found = dict[str, Any]


def of(size: Size, contender: str, ending: str = "parquet") -> Found | None:
    """What a contender took with the log of a size, where it was run."""
    for one in size["contenders"]:
        if (one["contender"], one["format"]) == (contender, ending):
            return one
    return None


def cell(found: Found | None, key: str, form: str = ".2f") -> str:
    return "" if found is None or key not in found else f"{found[key]:{form}}"


def table(heads: list[str], rows: list[list[str]], left: tuple[int, ...] = ()) -> list[str]:
    """Markdown, columns of words to the left; nothing where there are no rows."""
    if not rows:
        return []
    marks = [":--" if place in left else "--:" for place in range(len(heads))]
    return ["", *("| " + " | ".join(row) + " |" for row in [heads, marks, *rows])]


def logs(content: dict[str, Any]) -> Iterator[tuple[Size, str]]:
    """Every log that was measured, by format and size."""
    for ending in ("parquet", "csv"):
        for size in content["sizes"]:
            if ending in size["megabytes"]:
                yield size, ending


AIMS = {
    "every column in memory, over the sort": ("≤ 3.5", "memory", "over_sort"),
    "every column on disk, one thread, over the sort": ("≤ 3.5", "disk, one thread", "over_sort"),
    "every column on disk, two threads, over the sort": ("≤ 3.5", "disk", "over_sort"),
    "columns of a pair's own acts in memory, over the sort": ("≤ 2.5", "memory, own acts", "over_sort"),
    "columns of a pair's own acts on disk, two threads, over the sort": (
        "≤ 2.5",
        "disk, own acts",
        "over_sort",
    ),
    "most memory on disk, two threads, GB": ("≤ 2", "disk", "peak_gb"),
}


def of_aims(content: dict[str, Any]) -> list[str]:
    """What the package is to reach, and what it does reach, of Parquet."""
    sizes = [size for size in content["sizes"] if size["acts"] >= FLOOR]
    heads = ["what", "aim", *(f"{size['acts']:,} acts" for size in sizes)]
    rows = []
    for words, (aim, name, key) in AIMS.items():
        rows.append([words, aim, *(cell(of(size, name), key) for size in sizes)])
    faster = []
    for size in sizes:
        alone, two = of(size, "disk, one thread"), of(size, "disk")
        faster.append(f"{alone['wall_s'] / two['wall_s']:.2f}" if alone and two else "")
    rows.append(["two threads on disk: times as fast as one, by the clock", "≥ 1.7", *faster])
    few = sizes[0]["acts"] if sizes else 0
    powers = [exponent({"sizes": sizes[: place + 1]}, "disk") for place in range(len(sizes))]
    rows.append(
        [
            f"power of the acts with which processor seconds on disk grow, from {few:,}",
            "≤ 1.1",
            *("" if power is None else f"{power[2]:.2f}" for power in powers),
        ]
    )
    return table(heads, [row for row in rows if any(row[2:])], (0,))


def of_every_column(content: dict[str, Any]) -> list[str]:
    heads = [
        "acts",
        "file",
        "pairs",
        "columns",
        "sort s",
        "in memory s",
        "over sort",
        "on disk, one thread s",
    ]
    heads += ["over sort", "two threads s", "over sort"]
    rows = []
    for size, ending in logs(content):
        disk = of(size, "disk", ending) or of(size, "memory", ending)
        if disk is None:
            continue
        row = [f"{size['acts']:,}", ending, f"{disk['rows']:,}", str(disk["columns"])]
        row.append(cell(of(size, "sort", ending), "work_s"))
        for name in ("memory", "disk, one thread", "disk"):
            row += [cell(of(size, name, ending), key) for key in ("work_s", "over_sort")]
        rows.append(row)
    return table(heads, rows, (1,))


def of_own_acts(content: dict[str, Any]) -> list[str]:
    heads = ["acts, Parquet", "columns", "in memory s", "over sort", "on disk, two threads s", "over sort"]
    rows = []
    for size in content["sizes"]:
        both = [of(size, name) for name in ("memory, own acts", "disk, own acts")]
        ran = [one for one in both if one]
        if ran:
            numbers = [cell(one, key) for one in both for key in ("work_s", "over_sort")]
            rows.append([f"{size['acts']:,}", str(ran[0]["columns"]), *numbers])
    return table(heads, rows)


def of_clocks(content: dict[str, Any]) -> list[str]:
    heads = ["acts", "file", "sort GB", "in memory GB", "on disk, one thread GB", "two threads GB"]
    heads += ["one thread, wall s", "two threads, wall s", "times as fast"]
    rows = []
    for size, ending in logs(content):
        names = ("sort", "memory", "disk, one thread", "disk")
        if not any(of(size, name, ending) for name in names[1:]):
            continue
        row = [f"{size['acts']:,}", ending, *(cell(of(size, name, ending), "peak_gb") for name in names)]
        alone, two = (of(size, name, ending) for name in ("disk, one thread", "disk"))
        row += [cell(one, "wall_s", ".1f") for one in (alone, two)]
        row.append(f"{alone['wall_s'] / two['wall_s']:.2f}" if alone and two else "")
        rows.append(row)
    return table(heads, rows, (1,))


def of_peers(content: dict[str, Any]) -> list[str]:
    heads = ["peer", "file", "acts", "its columns", "s", "of which reading", "GB", "our columns", "s"]
    heads += ["of which reading", "GB", "theirs / ours", "after reading", "theirs, ms a column", "ours"]
    rows = []
    for name, words in PEERS.items():
        for size, ending in logs(content):
            theirs = of(size, name, ending)
            ours = theirs and of(size, theirs["against"], ending)
            if not theirs or not ours:
                continue
            row = [f"{words} {theirs['version']}", ending, f"{size['acts']:,}"]
            for one in (theirs, ours):
                row += [str(one["columns"]), *(cell(one, key) for key in ("work_s", "read_s", "peak_gb"))]
            for key in ("theirs_over_ours", "theirs_over_ours_after_reading"):
                row.append(cell(theirs, key, ".1f"))
            row += [f"{1000 * one['s_per_column']:.1f}" for one in (theirs, ours)]
            rows.append(row)
    return table(heads, rows, (0, 1))


def exponent(content: dict[str, Any], name: str) -> tuple[int, int, float] | None:
    """Power of the number of acts with which processor seconds grow, from the smallest log to the largest."""
    ran = [(size["acts"], of(size, name)) for size in content["sizes"] if size["acts"] >= FLOOR]
    seconds = [(acts, one["work_s"]) for acts, one in ran if one]
    if len(seconds) < 2:
        return None
    (few, short), (many, long) = seconds[0], seconds[-1]
    return few, many, math.log(long / short) / math.log(many / few)


def in_words(content: dict[str, Any]) -> list[str]:
    """How time grows, and where that leads."""
    lines = []
    for name, words in (("sort", "the sort"), ("memory", "ours in memory"), ("disk", "ours on disk")):
        grows = exponent(content, name)
        if grows:
            few, many, power = grows
            lines.append(f"- {words}, from {few:,} to {many:,} acts: {power:.2f}")
    if lines:
        lines = ["", "**Power of the number of acts** with which processor seconds grow:", "", *lines]
    return lines + to_come(content)


def to_come(content: dict[str, Any]) -> list[str]:
    """A thousand million acts on one machine, from the largest log that was measured on disk."""
    ran = [(size["acts"], of(size, "disk"), of(size, "disk, one thread")) for size in content["sizes"]]
    both = [(acts, two, alone) for acts, two, alone in ran if two and alone]
    grows = exponent(content, "disk")
    if grows is None or not both:
        return []
    acts, two, alone = both[-1]
    times = 1e9 / acts
    power = max(grows[2], 1.0)
    return [
        "",
        f"**A thousand million acts on one machine**, if it goes on so: {two['work_s']:.0f} s × "
        f"{times:,.0f}^{power:.2f} = {two['work_s'] * times**power:,.0f} processor seconds; by the clock "
        f"{alone['wall_s'] * times**power / 60:,.0f} minutes on one core, "
        f"{two['wall_s'] * times**power / 60:,.0f} on two.",
    ]


def about(content: dict[str, Any]) -> str:
    """Where the numbers are from."""
    often = {size["acts"]: size["runs"] for size in content["sizes"]}
    runs = ", ".join(
        f"{acts:,} acts: {'one run' if n == 1 else f'medians of {n} runs'}" for acts, n in often.items()
    )
    processors = sorted({size["processors"] for size in content["sizes"]})
    memory = sorted({size["memory"] for size in content["sizes"]})
    return (
        f"Made by `python benchmarks/suite.py` on {' or '.join(map(str, processors))} cores, on disk with "
        f"memory={' or '.join(map(repr, memory))} ({runs}). Seconds are of the processor where nothing else "
        "is said."
    )


def page(content: dict[str, Any]) -> str:
    """The numbers of docs/scale.md."""
    titled = {
        "**Every column**, and the sort of the same file:": of_every_column,
        "**Columns of a pair's own acts** (volume, balance, timing, turns, persistence):": of_own_acts,
        "**Memory and the clock**, every column:": of_clocks,
        "**Peers**, on the same log in the same run, from the file to the numbers:": of_peers,
    }
    lines = [about(content), *of_aims(content)]
    for title, rows in titled.items():
        found = rows(content)
        lines += ["", title, *found] if found else []
    return "\n".join(lines + in_words(content))


def digest(content: dict[str, Any]) -> str:
    """What a figure was drawn of."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


LINES = {
    ("sort", "parquet"): ("DuckDB's sort", "0.45", "^", "-"),
    ("memory", "parquet"): ("ours in memory", "C0", "o", "-"),
    ("disk", "parquet"): ("ours on disk", "C3", "s", "-"),
    ("pandas", "parquet"): ("pandas groupby", "C1", "D", "--"),
    ("networkx", "parquet"): ("networkx", "C2", "v", "--"),
    ("bandicoot", "csv"): ("bandicoot", "C4", "P", "--"),
}


def figure(content: dict[str, Any]) -> Any:
    """Processor seconds and memory by the number of acts."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(9.0, 4.0), layout="constrained")
    panels = drawn.subplots(1, 2)
    for axes, key, title in zip(
        panels, ("work_s", "peak_gb"), ("processor seconds", "most memory held, GB"), strict=True
    ):
        for (name, ending), (words, colour, mark, line) in LINES.items():
            ran = [(size["acts"], of(size, name, ending)) for size in content["sizes"]]
            dots = [(acts, one[key]) for acts, one in ran if one]
            columns = max((one["columns"] for _, one in ran if one), default=0)
            label = f"{words}, {columns} columns" if columns else words
            if dots:
                axes.plot(*zip(*dots, strict=True), line, marker=mark, ms=4, color=colour, label=label)
        axes.set(xscale="log", yscale="log", xlabel="acts")
        axes.set_title(title, fontsize=10, loc="left")
        axes.grid(color="0.92", lw=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return drawn


def draw(content: dict[str, Any], path: Path) -> None:
    """The figure as a file that is the same for the same numbers."""
    import matplotlib as mpl

    text = StringIO()
    with mpl.rc_context({"svg.hashsalt": "honestsignals", "svg.fonttype": "none"}):
        figure(content).savefig(text, format="svg", metadata={"Date": None, "Description": digest(content)})
    # a hundredth of a point is as fine as eyes and files need it
    rounded = re.sub(r"(\d\.\d\d)\d+", r"\1", text.getvalue())
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(line.rstrip() for line in rounded.splitlines()) + "\n", encoding="utf-8")


def on_a_cluster(spark: dict[str, Any]) -> str:
    """A thousand million acts on Spark, from the largest log measured there, if time grows with the acts."""
    last = spark["results"][-1]
    times = 1e9 / last["acts"]
    rows = []
    for name, one in last.items():
        if isinstance(one, dict) and "processor_s" in one:
            seconds = one["processor_s"] * times
            spread = [
                f"{seconds / 3600:,.1f} h",
                *(f"{seconds / cores / 60:,.0f} min" for cores in CORES[1:]),
            ]
            rows.append([name, f"{one['processor_s']:,.0f}", f"{seconds:,.0f}", *spread])
    heads = ["columns", f"{last['acts']:,} acts, s", f"× {times:,.0f}, s"]
    heads += [f"{cores} core{'s' if cores > 1 else ''}" for cores in CORES]
    return "\n".join(table(heads, rows, (0,))[1:])


def placed(text: str, marks: tuple[str, str], numbers: str) -> str:
    """A page with numbers between its marks."""
    head, rest = text.split(marks[0], 1)
    return f"{head}{marks[0]}\n{numbers}\n{marks[1]}{rest.split(marks[1], 1)[1]}"


def write_page(content: dict[str, Any], path: Path = PAGE) -> None:
    """Put the numbers between the marks of the page, and draw its figure."""
    text = placed(path.read_text(encoding="utf-8"), (BEGIN, END), page(content))
    if CLUSTER[0] in text:
        spark = json.loads((HERE / "results" / "scale_spark.json").read_text(encoding="utf-8"))
        text = placed(text, CLUSTER, on_a_cluster(spark))
    path.write_text(text, encoding="utf-8")
    draw(content, path.parent / "figures" / "scale.svg")


def main() -> None:
    write_page(json.loads(RESULTS.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()

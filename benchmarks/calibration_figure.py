"""Figures of the stored calibration runs.

Run from the project's folder:

    python benchmarks/calibration_figure.py

draws docs/calibration_families.svg and docs/calibration_families_alike.svg from benchmarks/results/
calibration_families.json and calibration_large.json.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from calibration_page import JOINT, LABELS, METHODS, TARGET, Cell, coverage, is_cut, label_of, ordered, size
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

SOURCES = ("calibration_families", "calibration_large")
FILES = {"calibration_families": True, "calibration_families_alike": False}
COLOURS = {30: "#d55e00", 60: "#e69f00", 100: "#56b4e9", 200: "#0072b2"}
"""By number of people, of Okabe and Ito's palette, told apart by the colour-blind."""
COLUMNS = ["intercept or cut points", "volume", "balance", "attribute", "joint test: not rejected"]
TICKS = [0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.995]
DOT = 0.02
"""Half the length of a stroke so short that its round ends make it a dot."""
SHOWN = {"frank_snijders": "Frank &\nSnijders", "two_way": "two-way", "jackknife": "net\njackknife"}


def stored(folder: Path) -> list[Cell]:
    """Cells of all sources, each once: the same cell of two runs is the same number."""
    found: dict[str, Cell] = {}
    for source in SOURCES:
        for one in json.loads((folder / f"{source}.json").read_text(encoding="utf-8"))["cells"]:
            found.setdefault(one["cell"], one)
    return ordered(list(found.values()))


def digest(cells: list[Cell]) -> str:
    """What a figure carries, so that a test can tell whether it was drawn of these numbers."""
    numbers = [(one["cell"], one["methods"]) for one in cells]
    return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()


def points(cell: Cell, column: int) -> list[tuple[int, float, float]]:
    """Place of the method, share and Monte-Carlo error of each dot of one panel."""
    found = []
    for place, method in enumerate(METHODS):
        if method not in cell["methods"]:
            continue
        if column == len(COLUMNS) - 1:
            if method in ("jackknife", "dyadic"):
                share, error = size(cell, method, JOINT[0])
                found.append((place, 1.0 - share, error))
            continue
        for name, (share, error) in zip(cell["names"], coverage(cell, method), strict=True):
            mine = (
                is_cut(name) or name.endswith("intercept") if column == 0 else name.endswith(COLUMNS[column])
            )
            if mine:
                found.append((place, share, error))
    return found


def scale(share: Any) -> Any:
    """The logit, so that .90, .95 and .98 stand apart and .5 still has room."""
    p = np.clip(share, 0.15, 0.999)
    return np.log(p / (1 - p))


def strokes(axes: Axes, x: np.ndarray, low: np.ndarray, high: np.ndarray, *, color: str, lw: float) -> None:
    """Upright strokes with round ends, as one path: dots and bars by the thousand in a small file."""
    gap = np.full(x.size, np.nan)
    across, up = np.column_stack([x, x, gap]).ravel(), np.column_stack([low, high, gap]).ravel()
    cap = "round" if lw > 1 else "butt"
    axes.plot(across, up, color=color, lw=lw, solid_capstyle=cap, snap=False, zorder=3)


def panel(axes: Axes, cells: list[Cell], column: int) -> None:
    axes.axhspan(scale(TARGET[0]), scale(TARGET[1]), color="#dddddd", lw=0, zorder=0)
    axes.axhline(scale(0.95), color="#888888", lw=0.6, zorder=1)
    designs = [(n_people, directed) for n_people in COLOURS for directed in (True, False)]
    for one in cells:
        dots = np.array(points(one, column))
        offset = (designs.index((one["n_people"], one["directed"])) - 3.5) * 0.1
        colour = COLOURS[one["n_people"]]
        x, share, error = dots[:, 0] + offset, dots[:, 1], 2 * dots[:, 2]
        strokes(axes, x, scale(share - error), scale(share + error), color=colour, lw=0.7)
        strokes(axes, x, scale(share) - DOT, scale(share) + DOT, color=colour, lw=3.8)
        if not one["directed"]:
            strokes(axes, x, scale(share) - DOT, scale(share) + DOT, color="white", lw=2.2)
    axes.set_xlim(-0.6, len(METHODS) - 0.4)
    axes.set_ylim(scale(0.18), scale(0.9993))
    axes.set_yticks(scale(np.array(TICKS)), [f"{tick:g}".lstrip("0") for tick in TICKS], fontsize=7)
    axes.set_xticks(range(len(METHODS)), [SHOWN.get(method, method) for method in METHODS], fontsize=6.5)
    axes.tick_params(length=2, width=0.5)
    between = np.arange(1, len(METHODS)) - 0.5
    strokes(axes, between, np.full(between.size, -5.0), np.full(between.size, 9.0), color="#eeeeee", lw=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def figure(cells: list[Cell], title: str) -> plt.Figure:
    labels = [label for label in LABELS if any(label_of(one) == label for one in cells)]
    size_of = (3.3 * len(COLUMNS), 1.75 * len(labels) + 1)
    drawn, grid = plt.subplots(
        len(labels), len(COLUMNS), figsize=size_of, sharex=True, sharey=True, squeeze=False
    )
    for row, label in zip(grid, labels, strict=True):
        for column, axes in enumerate(row):
            panel(axes, [one for one in cells if label_of(one) == label], column)
        row[0].set_ylabel(label.replace("_", " "), fontsize=10)
    for axes, words in zip(grid[0], COLUMNS, strict=True):
        axes.set_title(words, fontsize=10)
    drawn.suptitle(title, fontsize=12, x=0.01, ha="left")
    people = [n for n in COLOURS if any(one["n_people"] == n for one in cells)]
    marks = [Line2D([], [], color=COLOURS[n], marker="o", ms=4, lw=0.8, label=f"{n} people") for n in people]
    for words, face in (("directed", "#555555"), ("undirected", "white")):
        marks.append(Line2D([], [], color="#555555", marker="o", ms=4, lw=0, mfc=face, label=words))
    drawn.legend(handles=marks, loc="upper right", ncols=len(marks), fontsize=9, frameon=False)
    drawn.tight_layout(rect=(0, 0, 1, 0.985), h_pad=0.4, w_pad=0.3)
    return drawn


def main() -> None:
    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "honestsignals", "svg.fonttype": "none", "path.simplify": False}
    cells = stored(Path("benchmarks/results"))
    for file, effects in FILES.items():
        chosen = [one for one in cells if one["person_effects"] == effects]
        words = "with person effects" if effects else "without person effects"
        drawn = figure(
            chosen, f"Coverage of nominal .95 intervals {words}; bars: ± 2 Monte-Carlo errors; grey: 93–97 %"
        )
        text = StringIO()
        drawn.savefig(text, format="svg", metadata={"Date": None, "Description": digest(chosen)})
        plt.close(drawn)
        # a hundredth of a point is as fine as eyes and files need it
        rounded = re.sub(r"(\d\.\d\d)\d+", r"\1", text.getvalue())
        lines = (line.rstrip() for line in rounded.splitlines())
        Path("docs", f"{file}.svg").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

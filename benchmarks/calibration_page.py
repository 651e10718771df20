"""Pages of the stored calibration runs, and whether their numbers pass.

Run from the project's folder:

    python benchmarks/calibration_page.py    # docs/calibration*.md of benchmarks/results/calibration*.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

TARGET, SIZE = (0.93, 0.97), (0.04, 0.065)
METHODS = ["classical", "hc1", "pair", "two_way", "dyadic", "jackknife", "frank_snijders"]
LABELS = [
    *("gaussian", "logit 5 %", "logit 20 %", "logit 50 %", "probit 20 %"),
    *("poisson", "ordered_logit", "ordered_probit", "multinomial"),
]
JOINT = ["volume, balance and attribute", "balance and attribute"]
REFERENCES = ["F(q, nu)", "Hotelling F", "chi-square"]
TITLES = {
    "calibration": "Calibration",
    "calibration_families": "Calibration of every family",
    "calibration_large": "Calibration of large studies",
}
FIGURES = {
    "calibration_families": [
        ("calibration_families.svg", "Coverage with person effects, by family, method and number of people"),
        ("calibration_families_alike.svg", "Coverage without person effects"),
    ]
}
INTRODUCTION = """\
Coverage of nominal .95 intervals, and size of joint tests at .05, on simulated studies whose truth is exact:
labels are drawn by quantile transform, so that row by row their distribution is the model's, while pairs
that share people depend on one another. *Volume* is log(1 + acts) of a pair and rests on people and on the
pair, *balance* on the pair, *attribute* on people. With *person effects*, people are 40 % of the variance of
what the label is made of; in directed studies 35 %, and 20 % more is shared with the row the other way
(which stays where there are no person effects). Made by"""
MODELS = {
    "poisson": "Counts of mean 1.",
    "ordered_logit": "Four levels, with shares of 40, 30, 20 and 10 %.",
    "ordered_probit": "Four levels, with shares of 40, 30, 20 and 10 %.",
    "multinomial": """\
Three classes (0 none, 1 one-sided, 2 mutual), with shares of 60, 25 and 15 %. Classes have no order;
probabilities cumulated in this one give every class of every row exactly its own.""",
}

Cell = dict[str, Any]
Share = tuple[float, float]
"""An estimated share and its Monte-Carlo error."""


def label_of(cell: Cell) -> str:
    rate = "" if cell["base_rate"] is None else f" {100 * cell['base_rate']:g} %"
    return f"{cell['family']}{rate}"


def ordered(cells: list[Cell]) -> list[Cell]:
    """Cells as pages and figures show them, whatever the order in which they were run."""
    return sorted(
        cells,
        key=lambda one: (
            LABELS.index(label_of(one)),
            one["n_people"],
            not one["directed"],
            not one["person_effects"],
        ),
    )


def outside(share: Share, limits: tuple[float, float]) -> bool:
    """The estimate ± 2 Monte-Carlo errors does not meet the limits."""
    estimate, error = share
    return estimate + 2 * error < limits[0] or estimate - 2 * error > limits[1]


def coverage(cell: Cell, method: str) -> list[Share]:
    found = cell["methods"][method]["coverage"]
    return list(zip(found["estimate"], found["mc_error"], strict=True))


def size(cell: Cell, method: str, joint: str, reference: str = REFERENCES[0]) -> Share:
    found = cell["methods"][method]["size"][joint][reference]
    return found["estimate"], found["mc_error"]


def is_cut(name: str) -> bool:
    return "|" in name


def shown(share: Share, limits: tuple[float, float], digits: int = 2) -> str:
    text = f"{share[0]:.{digits}f}".lstrip("0") or "0"
    return f"**{text}**" if outside(share, limits) else text


def span(shares: list[Share], limits: tuple[float, float], digits: int = 2) -> str:
    """The lowest and the highest, each marked where it fails."""
    if not shares:
        return ""
    return f"{shown(min(shares), limits, digits)} – {shown(max(shares), limits, digits)}"


def page(made: dict[str, Any], name: str) -> str:
    """The page of a stored run.

    Parameters
    ----------
    made : dict
        What benchmarks/calibration.py stored.
    name : str
        Of its file, without the ending.
    """
    cells = ordered([{"names": made["names"], **one} for one in made["cells"]])
    studies = cells[0]["studies"]
    error = np.sqrt(0.0475 / studies)
    lines = [f"# {TITLES.get(name, name)}", "", *INTRODUCTION.splitlines(), ""]
    lines += [f"    {command}" for command in made["command"].splitlines()]
    lines += [
        "",
        f"{studies:,} studies a cell: Monte-Carlo error {error:.4f} at .95. Failed and separated",
        "fits count as misses. **Bold**: the estimate ± 2 Monte-Carlo errors does not meet 93–97 % (4–6.5 %",
        "for the tests); too high a coverage, and a test that rejects too seldom, are cautious, not wrong.",
    ]
    for file, words in FIGURES.get(name, []):
        lines += ["", f"![{words}]({file})"]
    lines += ["", "## In short", *_in_short(cells)]
    for label in LABELS:
        chosen = [one for one in cells if label_of(one) == label]
        if chosen:
            lines += ["", f"## {label}", *_details(label, chosen)]
    return "\n".join(lines) + "\n"


def _in_short(cells: list[Cell]) -> Iterator[str]:
    methods = [method for method in METHODS if any(method in one["methods"] for one in cells)]
    for effects, words in ((True, "with person effects"), (False, "without person effects")):
        chosen = [one for one in cells if one["person_effects"] == effects]
        if not chosen:
            continue
        yield from (
            "",
            f"Coverage {words}: the lowest and the highest over directed and undirected studies and",
        )
        yield "coefficients. Undirected rows have no sender: two-way errors there rest on who is named first."
        yield from ("", "| label | people | " + " | ".join(methods) + " |")
        yield "|---" * (2 + len(methods)) + "|"
        for label, n_people, cut, some in _groups(chosen):
            spans = [span(_shares(some, method, cut), TARGET) for method in methods]
            yield f"| {label}{', cut points' if cut else ''} | {n_people} | " + " | ".join(spans) + " |"
    yield from _sizes(cells)
    yield from _references(cells)


def _groups(cells: list[Cell]) -> Iterator[tuple[str, int, bool, list[Cell]]]:
    for label in dict.fromkeys(label_of(one) for one in cells):
        cuts = (False, True) if label.startswith("ordered") else (False,)
        for cut in cuts:
            for n_people in sorted({one["n_people"] for one in cells if label_of(one) == label}):
                some = [one for one in cells if label_of(one) == label and one["n_people"] == n_people]
                yield label, n_people, cut, some


def _shares(cells: list[Cell], method: str, cut: bool) -> list[Share]:
    return [
        share
        for one in cells
        if method in one["methods"]
        for share, name in zip(coverage(one, method), one["names"], strict=True)
        if is_cut(name) == cut
    ]


def _sizes(cells: list[Cell]) -> Iterator[str]:
    yield from (
        "",
        "Size of the joint tests at .05, F(q, ν): the lowest and the highest. A study whose covariance",
    )
    yield from ("allows no test counts as one that does not reject.", "")
    tests = [(method, joint) for method in ("jackknife", "dyadic") for joint in JOINT]
    yield "| label | people | person effects | " + " | ".join(f"{m}: {j}" for m, j in tests) + " |"
    yield "|---" * (3 + len(tests)) + "|"
    for label, n_people, cut, some in _groups(cells):
        for effects in (True, False):
            chosen = [one for one in some if one["person_effects"] == effects]
            if chosen and not cut:
                spans = [span([size(one, *test) for one in chosen], SIZE, 3) for test in tests]
                yield f"| {label} | {n_people} | {'yes' if effects else 'no'} | " + " | ".join(spans) + " |"


def _references(cells: list[Cell]) -> Iterator[str]:
    yield from (
        "",
        "Size by the reference of W, net jackknife: the lowest and the highest over all designs. Only",
        "F(q, ν) is used.",
    )
    yield from ("", "| test | reference | with person effects | without |", "|---|---|---|---|")
    for joint in JOINT:
        for reference in REFERENCES:
            spans = [
                span(
                    [
                        size(one, "jackknife", joint, reference)
                        for one in cells
                        if one["person_effects"] == yes
                    ],
                    SIZE,
                    3,
                )
                for yes in (True, False)
            ]
            yield f"| {joint} | {reference} | " + " | ".join(spans) + " |"


def _details(label: str, cells: list[Cell]) -> Iterator[str]:
    if label in MODELS:
        yield from ("", *MODELS[label].splitlines())
    names = [name.replace("|", " to ") for name in cells[0]["names"]]
    yield ""
    yield f"| design | method | {' | '.join(names)} | se / sd | df | {' | '.join(JOINT)} | without a test |"
    yield "|---" * (7 + len(names)) + "|"
    for one in cells:
        for method in (method for method in METHODS if method in one["methods"]):
            yield f"| {design_of(one)} | {method} | {_row(one, method)} |"
    yield from ("", "Bias, and standard deviation of the estimates, in the order of the coefficients.", "")
    yield from ("| design | failed | bias | sd |", "|---|---|---|---|")
    for one in cells:
        bias, sd = (" ".join(f"{value:.3f}" for value in one[key]) for key in ("bias", "sd"))
        yield f"| {design_of(one)} | {one['failed']} | {bias} | {sd} |"


def design_of(cell: Cell) -> str:
    rows = "directed" if cell["directed"] else "undirected"
    return f"{rows} {cell['n_people']}{'' if cell['person_effects'] else ', no person effects'}"


def _row(cell: Cell, method: str) -> str:
    found = cell["methods"][method]
    ratio = found["median_se_over_sd"]
    df = [np.inf if one is None else one for one in found["median_df"]]
    parts = [shown(share, TARGET) for share in coverage(cell, method)]
    parts.append(f"{min(ratio):.2f} – {max(ratio):.2f}")
    parts.append(f"{min(df):.0f}" if min(df) == max(df) else f"{min(df):.0f} – {max(df):.0f}")
    if method in ("jackknife", "dyadic"):
        parts += [shown(size(cell, method, joint), SIZE, 3) for joint in JOINT]
        parts.append(", ".join(str(found["size"][joint]["without_test"]) for joint in JOINT))
    else:
        parts += ["", "", ""]
    return " | ".join(parts).replace("inf", "∞")


def main() -> None:
    for name in TITLES:
        stored = Path("benchmarks/results") / f"{name}.json"
        if stored.exists():
            made = json.loads(stored.read_text(encoding="utf-8"))
            Path("docs", f"{name}.md").write_text(page(made, name), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

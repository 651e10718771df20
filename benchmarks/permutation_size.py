"""How often permutation tests reject a true null, on simulated studies.

Run from the project's folder:

    python benchmarks/permutation_size.py --studies 1000 --seed 1

Writes benchmarks/results/permutation_size.json and docs/permutation_size.md. Every study has its own seed,
made of --seed, the cell and the study, so cells can be run one by one (--only) and are put together. With 39
(or 19) draws a test at .05 is as exact as with thousands: p is a multiple of 1/40 (1/20).
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from dataclasses import asdict, dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from scipy.special import expit, stdtr

from honestsignals.inference.marginal import (
    binary_labels,
    continuous_labels,
    count_labels,
    dependent_normal,
    ordinal_labels,
)
from honestsignals.inference.permutation import refit_of, tail
from honestsignals.inference.qap import correlation_test
from honestsignals.inference.relabelling import Relabelling, relabelling

SIZE = (0.04, 0.065)
LEVEL = 0.05 + 1e-12
PLACES = [2, 3]
TESTED = ["pair", "person"]
METHODS = ("dsp", "y")
LANE = "freedman_lane"
MISSING = {"missing 10 %": 0.1, "missing 50 %": 0.5, "missing 80 %": 0.8}
"""Share of pairs without a row, at random."""
DEPENDENT = {
    True: {"actor": 0.2, "partner": 0.15, "actor_partner_cor": 0.3, "dyad": 0.2},
    False: {"actor": 0.2, "partner": 0.2, "actor_partner_cor": 1.0, "dyad": 0.0},
}


@dataclass(frozen=True)
class Cell:
    """One design: a row of the table."""

    what: str
    family: str
    n_people: int
    directed: bool

    @property
    def name(self) -> str:
        return f"{self.family}, {'directed' if self.directed else 'undirected'} {self.n_people}"

    @property
    def key(self) -> list[int]:
        """What seeds this cell's studies, whatever other cells are run."""
        kinds = ("independent", "variance", "confounded", "mirror", "transpose", *MISSING)
        families = ("gaussian", "logit", "poisson", "ordered_logit")
        return [kinds.index(self.what), families.index(self.family), self.n_people, int(self.directed)]

    @property
    def methods(self) -> tuple[str, ...]:
        """Freedman and Lane's takes labels that are numbers; of 30 people."""
        small = self.what == "independent" and self.family == "gaussian" and self.n_people == 30
        return (*METHODS, LANE) if small else METHODS

    @property
    def draws(self) -> int:
        return 19 if self.n_people > 100 or self.family != "gaussian" else 39


def cells() -> list[Cell]:
    sizes = [
        Cell("independent", family, n, directed)
        for family in ("gaussian", "logit")
        for n in (30, 60, 200)
        for directed in (True, False)
    ]
    more = [Cell("independent", family, 30, True) for family in ("poisson", "ordered_logit")]
    more += [Cell("independent", family, 30, False) for family in ("poisson", "ordered_logit")]
    failures = [
        Cell(what, family, 60, True)
        for what in ("variance", "confounded")
        for family in ("gaussian", "logit")
    ]
    mirrors = [Cell(what, "gaussian", n, True) for what in ("mirror", "transpose") for n in (30, 60)]
    missing = [Cell(what, "gaussian", n, True) for what in MISSING for n in (30, 60)]
    return [*sizes, *more, *failures, *mirrors, *missing]


def people_of(cell: Cell, seed: list[int]) -> Relabelling:
    off = ~np.eye(cell.n_people, dtype=bool)
    ego, alter = np.nonzero(off if cell.directed else np.triu(off))
    if cell.what in MISSING:
        kept = np.random.default_rng([9, *seed]).random(ego.size) >= MISSING[cell.what]
        ego, alter = ego[kept], alter[kept]
    return relabelling(ego, alter, directed=cell.directed)


def columns(people: Relabelling, rng: np.random.Generator) -> np.ndarray:
    """Intercept, volume (who is active, and whom one is close to), a pair's column, a person's attribute."""
    n, ego, alter = people.n_people, people.ego, people.alter
    active, sought, attribute = rng.normal(size=(3, n))
    close = rng.normal(size=(n, n))
    close = np.triu(close, 1) + np.triu(close, 1).T
    if people.directed:
        volume = active[ego] + sought[alter] + close[ego, alter]
        trait = attribute[ego]
    else:
        volume = active[ego] + active[alter] + close[ego, alter]
        trait = (attribute[ego] + attribute[alter]) / 2
    pair = 0.5 * volume + rng.normal(size=ego.size)
    return np.column_stack([np.ones(ego.size), volume / 2, pair, trait])


def labels(cell: Cell, people: Relabelling, eta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Labels with person effects of their own, whose mean given the columns is exactly the model's."""
    z = dependent_normal(cell.n_people, people.ego, people.alter, rng, **DEPENDENT[cell.directed])
    if cell.family == "gaussian":
        return continuous_labels(eta, z)
    if cell.family == "logit":
        return binary_labels(expit(eta - 1), z).astype(float)
    if cell.family == "poisson":
        return count_labels(np.exp(eta), z).astype(float)
    # shares of the levels up to each, falling as the linear predictor rises
    return ordinal_labels(expit(np.array([-1.0, 0.5, 2.0]) - eta[:, None]), z).astype(float)


def failing(cell: Cell, people: Relabelling, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Columns and labels for which exchangeability does not hold: what no permutation of people mends."""
    n, ego, alter = people.n_people, people.ego, people.alter
    u, v, a, b = rng.normal(size=(4, n))
    noise = rng.normal(size=(3, ego.size))
    x = u[ego] + v[alter] + noise[0]
    if cell.what == "variance":
        # whoever has a high x has labels that differ more from others': in person effects of random sign
        y = np.exp(0.7 * u)[ego] * a[ego] + np.exp(0.7 * v)[alter] * b[alter] + noise[1]
    else:
        y = 0.4 * (u[ego] + v[alter]) + a[ego] + b[alter] + noise[1]
    if cell.family == "logit":
        y = (y > 0.5).astype(float)
    return np.column_stack([np.ones(ego.size), noise[2], x]), y


def tests(
    cell: Cell, people: Relabelling, model: tuple[np.ndarray, np.ndarray], places: list[int], seed: int
) -> dict[str, list[bool]]:
    """Whether each method rejects, for each tested column; and a t or z test that knows no people."""
    X, y = model
    found = {}
    for method in cell.methods:
        refit = refit_of(X, y, places, (cell.family, method), people.missing == 0)
        observed = refit(np.arange(y.size)[None, :])[0][0]
        most = max(1, 80_000 // y.size)
        drawn = [refit(people.rows_after(orders))[0] for orders in people.drawn(cell.draws, seed, most)]
        p = tail(np.abs(observed), np.abs(np.concatenate(drawn)), exact=False)
        found[method] = (p <= LEVEL).tolist()
        df = y.size - X.shape[1] if cell.family == "gaussian" else np.inf
        found["classical"] = (2 * stdtr(df, -np.abs(observed)) <= 0.05).tolist()
    return found


def study(cell: Cell, seed: list[int]) -> dict[str, list[bool]]:
    rng = np.random.default_rng(seed)
    people = people_of(cell, seed)
    own = int(rng.integers(2**31))
    if cell.what == "transpose":
        matrix = rng.normal(size=(cell.n_people, cell.n_people))
        cells_of, back = matrix[people.ego, people.alter], matrix[people.alter, people.ego]
        test = correlation_test(cells_of, back, people, draws=cell.draws, seed=own)
        return {"qap": [bool(test.p_value[0] <= LEVEL), bool(test.p_ge[0] <= LEVEL)]}
    if cell.what == "mirror":
        y = rng.normal(size=(cell.n_people, cell.n_people))
        one = rng.normal(size=people.n_rows)
        X = np.column_stack([np.ones(one.size), one, y[people.alter, people.ego]])
        return tests(cell, people, (X, y[people.ego, people.alter]), [2], own)
    if cell.what in ("variance", "confounded"):
        return tests(cell, people, failing(cell, people, rng), [2], own)
    X = columns(people, rng)
    y = labels(cell, people, 0.5 * X[:, 1], rng)
    # the cuts of an ordered label stand for the intercept
    if cell.family == "ordered_logit":
        return tests(cell, people, (X[:, 1:], y), [place - 1 for place in PLACES], own)
    return tests(cell, people, (X, y), PLACES, own)


def run(task: tuple[Cell, int, int]) -> dict[str, Any]:
    cell, studies, seed = task
    begin = time.process_time()
    found = [study(cell, [seed, *cell.key, number]) for number in range(studies)]
    shares = {name: np.mean([one[name] for one in found], axis=0) for name in found[0]}
    return {
        "cell": cell.name,
        **asdict(cell),
        "draws": cell.draws,
        "studies": studies,
        "seconds": round(time.process_time() - begin, 1),
        "rejected": {name: np.round(share, 4).tolist() for name, share in shares.items()},
    }


def shown(share: float, studies: int, judged: bool = True) -> str:
    error = 2 * np.sqrt(share * (1 - share) / studies)
    text = f"{share:.3f}".lstrip("0") or "0"
    outside = share + error < SIZE[0] or share - error > SIZE[1]
    return f"**{text}**" if judged and outside else text


def markdown(results: list[dict[str, Any]], command: str) -> str:
    studies = results[0]["studies"]
    lines = [
        "# How often permutation tests reject a true null",
        "",
        "Share of simulated studies in which a permutation test rejects a coefficient of 0 at .05; called",
        "are the functions behind `hs.permute` and `hs.qap`, on arrays. Made by",
        "",
        f"    {command}",
        "",
        f"{studies:,} studies a cell: Monte-Carlo error {np.sqrt(0.0475 / studies):.4f} at .05. **Bold**, in",
        "every table: the share ± 2 Monte-Carlo errors does not meet 4–6.5 %. A test draws 39 permutations",
        "(19 beyond 100 people, and where labels are no numbers): p is a multiple of 1/40 (1/20), so that at",
        ".05 it is as exact as with thousands, if less powerful. `dsp` is double semi-partialling, `y`",
        "permutes the label, `f. lane` the label's residuals (gaussian, 30 people); *classical* is the t or",
        "z test that takes rows for independent, and is never bold.",
        "",
        "## Person effects that are independent of x",
        "",
        "The label has sender and receiver effects (.2 and .15 of its variance) and a pair's part (.2); an",
        "undirected one an effect of each of the two (.2). x is a pair's column, correlated with one that",
        "has an effect (*pair*), or an attribute of people (*person*: ego's, or the mean of the two).",
        "",
        "| study | pair: dsp | y | f. lane | classical | person: dsp | y | f. lane | classical |",
        "|---" * 9 + "|",
    ]
    for one in (one for one in results if one["what"] == "independent"):
        row = [
            shown(one["rejected"][name][at], studies, name != "classical") if name in one["rejected"] else ""
            for at in range(len(TESTED))
            for name in (*METHODS, LANE, "classical")
        ]
        lines.append(f"| {one['cell']} | " + " | ".join(row) + " |")
    lines += [
        "",
        "## Known failures: shown, not targets",
        "",
        "No permutation of people mends these; they are printed with every result.",
        "",
        "| study | dsp | y | classical |",
        "|---" * 4 + "|",
    ]
    titles = {
        "variance": "person effects whose spread rises with x's",
        "confounded": "a person effect shared by x and the label",
        "mirror": "x is the label seen from alter, pairs independent",
    }
    for one in (one for one in results if one["what"] in titles):
        row = [
            shown(one["rejected"][name][0], studies, name != "classical") for name in (*METHODS, "classical")
        ]
        lines.append(f"| {titles[one['what']]}: {one['cell']} | " + " | ".join(row) + " |")
    lines += [
        "",
        "Pairs missing at random, gaussian, person effects independent of x: a draw rests on fewer rows of",
        "each person than the fit, so person effects widen its statistic less.",
        "",
        "| missing | pair: dsp | y | person: dsp | y |",
        "|---" * 5 + "|",
    ]
    for one in (one for one in results if one["what"] in MISSING):
        row = [shown(one["rejected"][name][at], studies) for at in (0, 1) for name in METHODS]
        name = f"{one['what'].removeprefix('missing ')} of {one['n_people']} people's"
        lines.append(f"| {name} | " + " | ".join(row) + " |")
    for one in (one for one in results if one["what"] == "transpose"):
        two_sided, one_sided = (shown(share, studies) for share in one["rejected"]["qap"])
        lines += [
            "",
            f"A matrix and its own transpose (`hs.qap`), {one['n_people']} people, pairs independent:",
            f"{two_sided} two-sided, {one_sided} one-sided.",
        ]
    return "\n".join(lines) + "\n"


def put_together(path: Path, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cells found before and these, in the order of `cells`."""
    before = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.exists() else []
    names = [f"{cell.what} {cell.name}" for cell in cells()]
    found = {f"{one['what']} {one['cell']}": one for one in [*before, *results]}
    return [found[name] for name in sorted(found, key=names.index)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies a cell")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", default="", help="cells whose name contains this")
    parser.add_argument("-o", "--output", type=Path, default=Path("benchmarks/results/permutation_size.json"))
    parser.add_argument("--page", action="store_true", help="write the page alone, of what was found before")
    parser.add_argument("--markdown", type=Path, default=Path("docs/permutation_size.md"))
    asked = parser.parse_args()
    wanted = [cell for cell in cells() if asked.only in f"{cell.what} {cell.name}"]
    # the longest last
    wanted.sort(key=lambda cell: cell.n_people > 100)
    tasks = [(cell, asked.studies, asked.seed) for cell in wanted]
    command = f"python benchmarks/permutation_size.py --studies {asked.studies} --seed {asked.seed}"
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    if asked.page:
        asked.markdown.write_text(markdown(put_together(asked.output, []), command), encoding="utf-8")
        return
    with Pool(asked.processes) as pool:
        for result in pool.imap(run, tasks):
            print(result["what"], result["cell"], result["rejected"], result["seconds"], flush=True)
            results = put_together(asked.output, [result])
            made = {"command": command, "software": versions, "level": 0.05, "cells": results}
            asked.output.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
            asked.markdown.write_text(markdown(results, command), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

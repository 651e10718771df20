"""What a report tells of models: the ladder, its errors, permutations, and what is foretold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from honestsignals.inference.words import joined
from honestsignals.ladder_terms import RECIPROCITY
from honestsignals.permutation import Permutation
from honestsignals.reporting.blocks import Block, Grid, Items, Section, Text
from honestsignals.reporting.drawings import drawing
from honestsignals.reporting.findings import Findings
from honestsignals.reporting.grids import grid, ladder_grid, minus, steps_grid
from honestsignals.reporting.ladder import LEVEL, Ladder
from honestsignals.reporting.sections_data import Part
from honestsignals.standard_errors import ErrorLadder
from honestsignals.tables import number, probability

if TYPE_CHECKING:
    import pandas as pd


def models_part(found: Findings) -> Part:
    """Volume, balance and timing side by side, and the test of each step."""
    title = "Volume, balance, timing"
    made = found.ladder.found
    if made is None:
        return Part(Section("models", title, "Models", (Text(found.ladder.reason),)), {})
    blocks: list[Block] = [Text(line) for line in made.sentences()]
    if made.fits:
        blocks += [ladder_grid(made), steps_grid(made)]
    blocks += [Text(line) for step in made.steps for line in step.without()]
    frames = {"ladder": made.tidy(), "steps": made.tests()}
    return Part(Section("models", title, "Models", tuple(blocks)), frames)


def errors_part(found: Findings) -> Part | None:
    """The standard errors of the last step, from those that ask least to those that ask most."""
    errors, last = found.errors.found, found.last
    if errors is None or last is None or last.result is None:
        return None
    frame = errors.tidy()
    p = errors.p_values().drop(columns=["term", "estimate"]).add_prefix("p_")
    blocks: list[Block] = [
        Text(_widening(errors)),
        _errors_grid(errors, last.name),
        Items(tuple(errors.facts()[1:])),
        drawing("coefficients", errors),
    ]
    title = "The ladder of errors"
    frames = {"errors": frame.join(p)}
    return Part(Section("errors", title, "Errors", tuple(blocks)), frames)


def _widening(errors: ErrorLadder) -> str:
    """How much wider the errors are that know that pairs share people."""
    table = errors.tidy()
    start = (
        "The coefficients are those of the last step; only what is assumed of the pairs differs, and errors "
        "that know that pairs share people come last."
    )
    if not {"classical", "jackknife"} <= set(table.columns):
        return start
    # a constant's coefficient is no slope, and cut points belong to no column
    made = errors.estimate
    slopes = [at for column, own in zip(made.X.T, made.places, strict=True) if np.ptp(column) for at in own]
    ratio = (table["jackknife"] / table["classical"]).to_numpy(dtype=float)[slopes]
    ratio = ratio[np.isfinite(ratio)]
    if not ratio.size:
        return start
    low, high = (f"{value:.2f}" for value in (ratio.min(), ratio.max()))
    size = f"{low}" if low == high else f"{low} to {high}"
    return f"{start} Net jackknife errors of the slopes are {size} times the classical ones."


def _errors_grid(errors: ErrorLadder, step: str) -> Grid:
    """Estimates, then a column an error with its p value below."""
    table, p = errors.tidy(), errors.p_values()
    names = [name for name in table.columns if name not in ("term", "estimate")]
    rows = []
    for place, term in enumerate(table["term"]):
        cells = [minus(number(float(table["estimate"][place]), 3))]
        for name in names:
            value = float(table[name][place])
            said = probability(float(p[name][place]))
            said = "" if said == "–" else f"\np {said}" if said.startswith("<") else f"\np = {said}"
            cells.append(f"({number(value, 3)}){said}" if np.isfinite(value) else "–")
        rows.append((str(term), *cells))
    head = ("Term", "estimate", *(name.replace("_", " ") for name in names))
    caption = f"Coefficients up to {step} with several standard errors in parentheses, p values below."
    return Grid("errors", caption, head, (False, *(True for _ in head[1:])), tuple(rows))


def permutation_part(found: Findings) -> Part:
    """Whether the coefficients of the last step survive when people change places."""
    title = "When people change places"
    made = found.permutation.found
    if made is None:
        text = Text(f"Not permuted: {found.permutation.reason}")
        return Part(Section("permutation", title, "Permutation", (text,)), {})
    frame = _permuted(made)
    count = f"{made.found.draws:,}"
    caption = (
        f"Coefficients of the last step, their {made.statistic}, where 95 % of {count} permutations have it, "
        "and how often one has it as far from 0."
    )
    shown = grid(frame[frame["p_value"].notna()], "permutation", caption, 3)
    facts = [line for line in made.facts() if line not in made.design_facts]
    blocks: list[Block] = [
        Text(standing_out(made, found)),
        shown,
        drawing("permutation-null", made),
        Items(tuple(facts)),
    ]
    section = Section("permutation", title, "Permutation", tuple(blocks))
    return Part(section, {"permutation": frame})


def _permuted(made: Permutation) -> pd.DataFrame:
    """The test of each coefficient, and where the null distribution lies."""
    null = made.null().rename(columns={"q025": "low", "q975": "high"})
    names = ["term", "estimate", "statistic", "p_value", "mc_error"]
    table = made.tidy()[names].merge(null[["term", "low", "high"]], on="term", validate="one_to_one")
    return table[["term", "estimate", "statistic", "low", "high", "p_value", "mc_error"]]


def standing_out(made: Permutation, found: Findings) -> str:
    """Which terms of give and take stand out when people change places.

    Parameters
    ----------
    made : Permutation
    found : Findings
        Whose steps name the terms.

    Returns
    -------
    str
    """
    terms = reciprocal(found.ladder.found)
    table = made.tidy().set_index("term")
    there = [term for term in terms if term in table.index and not np.isnan(table["p_value"][term])]
    if not there:
        return "When people change places: the model has no term of give and take beyond volume to test."
    out = [term for term in there if table["p_value"][term] < LEVEL]
    each = ", ".join(f"{term} p = {table['p_value'][term]:.3f}" for term in there)
    if not out:
        return (
            f"When people change places ({made.found.draws:,} permutations), no term of give and take beyond "
            f"volume stands out, one at a time: {each}."
        )
    return (
        f"When people change places ({made.found.draws:,} permutations), {joined(out)} "
        f"{'stands' if len(out) == 1 else 'stand'} out, one at a time{_several(there)}: {each}."
    )


def _several(terms: list[str]) -> str:
    """That one of several may stand out by chance alone."""
    n = len(terms)
    return (
        f" (of {n} terms looked at, one or more do so by chance alone up to {1 - 0.95**n:.0%} of the time)"
        * (n > 1)
    )


def reciprocal(made: Ladder | None) -> list[str]:
    """Terms of the ladder that are give and take beyond volume, in the last model that has a fit."""
    if made is None:
        return []
    return [term for step in made.steps if step.name in RECIPROCITY and step.result for term in step.adds]

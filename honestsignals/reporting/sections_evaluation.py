"""What a report tells of people never seen: the gain over volume, scores, canaries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from honestsignals.inference.scores import SCORES
from honestsignals.reporting.blocks import Block, Grid, Items, Section, Text
from honestsignals.reporting.drawings import drawing
from honestsignals.reporting.findings import Findings
from honestsignals.reporting.grids import minus
from honestsignals.reporting.sections_data import Part
from honestsignals.tables import probability

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Foretold of people never seen"
FIGURES = {
    "binary": ("ladder", "roc", "precision-recall", "reliability"),
    "continuous": ("ladder", "reliability"),
}
"""Figures of an evaluation, by the type of its label; of other types the ladder alone."""


def evaluation_part(found: Findings) -> Part:
    """What is foretold of people never seen.

    Parameters
    ----------
    found : Findings

    Returns
    -------
    Part
    """
    made: Any = found.evaluation.found
    if made is None:
        text = Text(f"Not evaluated: {found.evaluation.reason}")
        return Part(Section("evaluation", TITLE, "Evaluation", (text,)), {})
    scores, flown = made.tidy(), made.canaries()
    told = {*found.table.facts(), made.headline}
    blocks: list[Block] = [
        Text(made.headline),
        _scores_grid(scores, made),
        *(drawing(name, made) for name in FIGURES.get(made.label_type, ("ladder",))),
        *([_canary_grid(flown)] if len(flown) else []),
        Items(tuple(line for line in made.facts() if line not in told)),
    ]
    frames = {"evaluation": scores, **({"canaries": flown} if len(flown) else {})}
    return Part(Section("evaluation", TITLE, "Evaluation", tuple(blocks)), frames)


def _scores_grid(frame: pd.DataFrame, made: Any) -> Grid:
    """A row a step: the first score and its gain with intervals, other scores, the test on all rows."""
    first = made.score.name
    there = [one.name for one in made.scores.scores if one.name != first]
    others = [name for name in ("average_precision", "rps", "rmse", "brier", "log_score") if name in there]
    rows = [
        (
            str(row["step"]),
            _with_ends(row, first, ""),
            _with_ends(row, first, "_gain"),
            *(_number(row[name]) for name in others),
            probability(float(row["wald_p"])),
        )
        for _, row in frame.iterrows()
    ]
    titles = [SCORES[name].title for name in (first, *others)]
    head = ("Step", titles[0], "gain over the step before", *titles[1:], "p, all rows")
    caption = (
        f"Scores within folds, averaged, with 95 % intervals; p tests in one fit of all rows that the step "
        f"adds nothing to {made.label}."
    )
    return Grid("evaluation", caption, head, (False, *(True for _ in head[1:])), tuple(rows), wide=True)


def _with_ends(row: pd.Series, name: str, what: str) -> str:
    """A number with its interval below."""
    values = [float(row[f"{name}{what}{end}"]) for end in ("", "_low", "_high")]
    if math.isnan(values[0]):
        return "–"
    signed = bool(what)
    shown = [_number(value, signed) for value in values]
    return shown[0] if math.isnan(values[1]) else f"{shown[0]}\n[{shown[1]}, {shown[2]}]"


def _number(value: float, signed: bool = False) -> str:
    """A score or a gain, as far as three digits tell."""
    if math.isnan(value):
        return "–"
    # what rounds to nothing has no sign
    text = f"{value:+.3f}" if signed else f"{value:.3f}"
    return minus(text) if float(text) else "0.000"


def _canary_grid(frame: pd.DataFrame) -> Grid:
    """What dummies for people seem to foretell, in these folds and on random pairs."""
    folds = list(dict.fromkeys(frame["folds"]))
    models: Sequence[str] = list(dict.fromkeys(frame["model"]))
    each = zip(frame["folds"], frame["model"], frame["value"], strict=True)
    values = {(where, model): float(value) for where, model, value in each}
    rows = [
        (str(model), *(_number(values.get((where, model), math.nan)) for where in folds)) for model in models
    ]
    title = SCORES[str(frame["score"].iloc[0])].title
    head = ("Model", *(str(where) for where in folds))
    caption = (
        f"The canary: {title} of models that know who people are, which must fall back to volume on people "
        "never seen, and rise on random pairs by what is no exchange."
    )
    return Grid("canaries", caption, head, (False, *(True for _ in folds)), tuple(rows))

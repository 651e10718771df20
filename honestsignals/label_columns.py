"""Labels and facts of pairs as columns of a dyad table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.covariates import UNKNOWN, symmetric
from honestsignals.dyads import shown
from honestsignals.errors import listed
from honestsignals.glossary import WORDS
from honestsignals.labels import Labels
from honestsignals.metrics.acts import SECOND
from honestsignals.metrics.registry import NO_RANGE, Fact

if TYPE_CHECKING:
    from honestsignals.readers.acts import ActArrays

Array = np.ndarray[Any, np.dtype[Any]]


def label_fact(answers: Labels) -> Fact:
    """What a label is as a column."""
    levels = f", levels {listed(answers.levels)}" if answers.levels else ""
    bounds = answers.range or ((0.0, 1.0) if answers.type == "binary" else (-np.inf, np.inf))
    numeric = [float(level) for level in answers.levels if isinstance(level, (int, float))]
    if answers.levels:
        bounds = (min(numeric), max(numeric)) if numeric else (0.0, len(answers.levels) - 1.0)
    whose = "ego's answer about alter" if answers.directed else "answer about the pair"
    swap = "swap" if answers.directed else "same"
    if answers.type == "nominal":
        meaning = f"{answers.name}: {answers.meaning or whose} ({listed(answers.levels)})"
        return Fact(answers.name, answers.name, "label", meaning, unit="state", range=NO_RANGE, swap=swap)
    meaning = f"{answers.name}: {whose} ({answers.type}{levels})"
    return Fact(answers.name, answers.name, "label", meaning, range=bounds, swap=swap)


def label_values(answers: Labels, values: Array) -> Any:
    """Answers as the frame holds them: numbers, or classes as words.

    Parameters
    ----------
    answers : Labels
        What was asked.
    values : ndarray of float64, shape (n_rows,)
        The answers; NaN where one is not known.
    """
    import pandas as pd

    if answers.type != "nominal":
        return values
    codes = np.where(np.isnan(values), -1, np.nan_to_num(values)).astype(np.int8)
    return pd.Categorical.from_codes(codes, categories=pd.Index(answers.levels))


def earlier_note(earlier: Labels, label: Labels, later: int, dated: bool) -> str:
    """What is to be said of a label among the covariates."""
    if later:
        return f"{earlier.name} is a label too; asked later, {later:,} answers are unknown."
    waves = earlier.wave is not None and label.wave is not None
    if waves or (dated and (earlier.asked is not None or earlier.moment is not None)):
        return f"{earlier.name} is a label too, asked earlier."
    return f"{earlier.name} is a label too; nothing says that it was asked before {label.name}."


def both_ways(
    name: str, family: str, forth: Array, back: Array, directed: bool
) -> Iterable[tuple[Fact, Any]]:
    """A directed column as ego's and alter's, or in its symmetric forms where rows have no direction."""
    if not directed:
        yield from symmetric(name, family, forth, back)
        return
    endless = (-np.inf, np.inf)
    yield (
        Fact(name, name, family, f"{name}, from ego to alter", range=endless, swap="swap", undefined=UNKNOWN),
        forth,
    )
    turned = f"{name}_alter"
    yield (
        Fact(
            turned, name, family, f"{name}, from alter to ego", range=endless, swap="swap", undefined=UNKNOWN
        ),
        back,
    )


def design_columns(
    asked: Array | None, block: Array | None, ego: Array, acts: ActArrays
) -> Iterator[tuple[Fact, Any]]:
    """When each row's label was asked, where that differs by row, and the block of the pair.

    Parameters
    ----------
    asked : ndarray of int64, shape (n_rows,), or None
        As the log counts time.
    block : ndarray of int, shape (n_people,), or None
        Block of each person.
    ego : ndarray of int, shape (n_rows,)
        Codes.
    acts : ActArrays
        Of the log: what its moments are.

    Yields
    ------
    (Fact, values)
    """
    if asked is not None:
        fact = Fact("asked", "asked", "design", WORDS["asked"].meaning, unit="time", range=NO_RANGE)
        values = asked.astype(float) if acts.clock == "wave" else asked / SECOND
        yield fact, shown(fact, values, acts.dated)
    if block is not None:
        fact = Fact("block", "block", "design", WORDS["block"].meaning, unit="id", range=NO_RANGE)
        yield fact, block[ego]

"""Draws of a null model: metrics of a log whose acts chance has dealt out anew."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.engines.passes import LogColumns
from honestsignals.errors import ArgumentError, DesignError, check_seed, listed, one_of, unknown
from honestsignals.inference.nulls import NULLS, Given, Null, begin, generator
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.registry import LEVELS
from honestsignals.moments import FURTHER, settings_of, span
from honestsignals.networks import Network
from honestsignals.redrawing import Blocked, Ground, ground_of, laid_out
from honestsignals.standardising import Measure, unsuited

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

FEWEST_DRAWS = 19
"""Draws that a one-sided p value of 0.05 takes."""
SPANS = ("conversation_gap", "period", *FURTHER, "shift")
LEVEL_WORDS = {"dyad": "pairs", "person": "people", "network": "the network"}


@dataclass(frozen=True, eq=False)
class Begun:
    """A null model before its first draw: what it redraws, what is measured, and what was observed.

    Attributes
    ----------
    model : Null
    ground : Ground
        What is redrawn, and whose it is.
    base : LogColumns
        The acts as they are measured.
    acts, start : Given
        The acts as the null model sees them, and as draws begin.
    measure : Measure
        Metrics that suit the null model and these data.
    observed : mapping of str to ndarray
    left, refused : mapping of str to str
        Metrics that the null model does not suit, and that these data refuse, with the reasons.
    seed : int
    """

    model: Null
    ground: Ground
    base: LogColumns
    acts: Given
    start: Given
    measure: Measure
    observed: Mapping[str, Array]
    left: Mapping[str, str]
    refused: Mapping[str, str]
    seed: int

    def draw(self, number: int) -> dict[str, Array]:
        """The metrics of a draw, numbered from 1."""
        return self.measure(drawn(self.base, self.start, self.model, generator(self.seed, number)))


def begun(
    source: InteractionLog | Blocked | Network,
    metrics: Sequence[str] | str,
    how: tuple[str, str, int, int],
    spans: Mapping[str, str | float] | None,
) -> Begun:
    """A null model ready to draw, where source, metrics and model go together.

    Parameters
    ----------
    source : InteractionLog, Study or Network
    metrics : str or sequence of str
    how : tuple
        Null model, level, draws, seed.
    spans : mapping of str to str or float, or None
        As in :func:`standardise`.
    """
    null, level, draws, seed = how
    model = _model(null, level, draws)
    settings, shift = _spans(spans, model)
    ground = ground_of(source, model, level)
    base, acts = laid_out(ground, model, shift)
    measure = ground.prepared(Measure.of_log(base, level, metrics, settings, ties=ground.ties))
    left = unsuited(measure, model, base.kinds, split=ground.split)
    measure = measure.only(_remaining(measure, left))
    observed, refused = measure.observed(base)
    measure = measure.only(_remaining(measure, {name: f"{name!r}: {refused[name]}" for name in refused}))
    start = begin(model, acts, seed)
    return Begun(model, ground, base, acts, start, measure, observed, left, refused, seed)


def null_draws(
    source: InteractionLog | Blocked | Network,
    metrics: Sequence[str] | str,
    *,
    null: str = "binomial",
    level: str = "dyad",
    draws: int = 200,
    seed: int | None = None,
    spans: Mapping[str, str | float] | None = None,
) -> pd.DataFrame:
    """Every value of a metric in every draw of a null model: what :func:`standardise` sums up, to be drawn.

    Parameters
    ----------
    source : InteractionLog, Study or Network
        The acts, as in :func:`standardise`.
    metrics : str or sequence of str
        Columns, or families. Best one: the frame has a row a draw, metric and pair.
    null : str
        Which null model.
    level : {"dyad", "person", "network"}
        What the metrics are about. Dyads are those in contact as observed.
    draws : int
        Draws; at least 19.
    seed : int or None
        The draws of :func:`standardise` with the same seed. None takes one at random.
    spans : mapping of str to str or float, optional
        Spans of event metrics.

    Returns
    -------
    pandas.DataFrame
        ``draw`` (0 is as observed), ``metric`` and ``value``; NaN where it is undefined. Within a draw,
        rows are in the order of the pairs or people; no id is in them.

    Raises
    ------
    DesignError
        For a metric that the null model does not suit.

    Examples
    --------
    >>> import pandas as pd
    >>> from honestsignals.reading import read_log
    >>> acts = pd.DataFrame({"sender": ["ann"] * 9 + ["bob"], "receiver": ["bob"] * 9 + ["ann"]})
    >>> found = null_draws(read_log(acts), "returned_share", draws=19, seed=1)
    >>> len(found), float(found.loc[0, "value"])
    (20, 0.2)
    """
    import pandas as pd

    found = begun(source, metrics, (null, level, draws, seed_or_random(seed)), spans)
    each = [found.observed, *(found.draw(number) for number in range(1, draws + 1))]
    parts = [
        {"draw": number, "metric": name, "value": values[name]}
        for name in found.measure.names
        for number, values in enumerate(each)
    ]
    return pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)


def _remaining(measure: Measure, left: Mapping[str, str]) -> list[str]:
    """Names without those left out; an error where one of these was asked for by name, or none remains."""
    asked = [name for name in measure.asked if name in left]
    names = [name for name in measure.names if name not in left]
    if asked:
        raise DesignError(left[asked[0]])
    if not names:
        raise DesignError(
            f"None of these metrics remains, {len(left)} are left out. {next(iter(left.values()))}"
        )
    return names


def _spans(spans: Mapping[str, str | float] | None, model: Null) -> tuple[Settings, int]:
    """Spans of event metrics, and the shift of a null model that has one (0 where none is given)."""
    further = dict(spans or {})
    for name in further:
        if name not in SPANS:
            raise unknown("span", name, SPANS, f"Spans are: {listed(SPANS)}.")
    shift = span(further.pop("shift"), "shift") if "shift" in further else 0
    if shift and model.needs != "time":
        shifted = ", ".join(repr(one.name) for one in NULLS.values() if one.needs == "time")
        raise DesignError(
            f"{model.name!r} shifts nothing, so 'shift' is no span of it; it is one of {shifted}."
        )
    return settings_of(further.pop("conversation_gap", "1h"), further.pop("period", "7D"), further), shift


def drawn(base: LogColumns, acts: Given, model: Null, rng: np.random.Generator) -> LogColumns:
    """A log as the null model draws it."""
    if model.draw is None:
        raise TypeError(f"{model.name} has no function")
    sender, receiver, time = model.draw(acts, rng)
    return replace(base, sender=sender, receiver=receiver, time=time)


def _model(null: str, level: str, draws: int) -> Null:
    """The null model of that name, where level and draws are fit for it."""
    one_of("null", null, tuple(NULLS))
    one_of("level", level, tuple(LEVELS))
    model = NULLS[null]
    if level not in model.levels:
        others = ", ".join(repr(one.name) for one in NULLS.values() if level in one.levels)
        raise DesignError(
            f"{null!r} keeps who gave whom how often, so every metric of {LEVEL_WORDS[level]} stays "
            "as it was. "
            f"Null models for these: {others}."
        )
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < FEWEST_DRAWS:
        raise ArgumentError(f"draws is {draws!r}; it must be a whole number from {FEWEST_DRAWS} on.")
    return model


def seed_or_random(seed: int | None) -> int:
    """The seed, or one of 32 random bits where there is none."""
    check_seed(seed)
    return secrets.randbits(32) if seed is None else int(seed)

"""Rows of a panel of ordered pairs over windows: what passed in one window and in those before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from honestsignals.dyads import Design, DyadTable, measured
from honestsignals.engines.passes import Rows
from honestsignals.errors import ArgumentError, DesignError, FitError, unknown
from honestsignals.formula_words import words_of
from honestsignals.formulas import design
from honestsignals.inference.words import counted
from honestsignals.labels import Labels, known_pairs
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import Settings
from honestsignals.turn_moderators import Moderator
from honestsignals.windows import Windows

Array = np.ndarray[Any, np.dtype[Any]]

WITH_DEPTH = {
    "return": "extended_disclosure_return_alter",
    "disclosure": "depth_ego",
    "volume": "log1p(disclosures_ego)",
}
"""Of ego's disclosures to alter: the share that alter returned, how deep they were, how many."""
WITHOUT = {"return": "reply_rate_alter", "openings": "log1p(opened_ego)", "volume": "log1p(acts_ego)"}
"""Where no depth is known: the share of ego's openings that alter answered, how many there were, all acts."""
TRUST = "trust"


@dataclass(frozen=True, eq=False)
class WindowRows:
    """Ordered pairs window by window, all variables known.

    Attributes
    ----------
    names : tuple of str, length K
        Of the variables.
    values : ndarray, shape (n, K)
        Pair after pair, each in time.
    ego, alter : ndarray of int, shape (n,)
        Codes of the two.
    window : ndarray of int, shape (n,)
    windows : int
        How many windows there are.
    people : ndarray
        Ids by code.
    left_out : mapping of str to int
        Why pairs' windows were left out, and how many.
    words : str
        What windows these are.
    moderator : Moderator or None
        What paths may depend on, row by row.
    """

    names: tuple[str, ...]
    values: Array
    ego: Array
    alter: Array
    window: Array
    windows: int
    people: Array
    left_out: Mapping[str, int]
    words: str
    moderator: Moderator | None = None

    @property
    def z(self) -> Array:
        """Columns of the moderator, without the 1; none without a moderator."""
        return np.zeros((len(self.window), 0)) if self.moderator is None else self.moderator.z[:, 1:]

    @property
    def by(self) -> tuple[str, ...]:
        """Names of these columns."""
        return () if self.moderator is None else self.moderator.terms

    @property
    def spell(self) -> Array:
        """Number of the run of windows in a row that each is in."""
        new = np.ones(len(self.window), dtype=bool)
        new[1:] = (
            (self.ego[1:] != self.ego[:-1])
            | (self.alter[1:] != self.alter[:-1])
            | (self.window[1:] != self.window[:-1] + 1)
        )
        return np.cumsum(new) - 1

    def behind(self, lags: int) -> Array:
        """Rows whose pair is known in so many windows before, each the one right before the next."""
        spell = self.spell
        first = np.searchsorted(spell, spell, side="left")
        return np.flatnonzero(np.arange(len(spell)) - first >= lags)


def window_rows(
    log: InteractionLog,
    windows: Windows,
    variables: Mapping[str, str],
    labels: Sequence[Labels],
    settings: Settings,
) -> WindowRows:
    """The variables of every ordered pair in every window that was wholly observed.

    Parameters
    ----------
    log : InteractionLog
    windows : Windows
        Of that log.
    variables : mapping of str to str
        Names, and columns of dyads as seen from ego, or functions of them.
    labels : sequence of Labels
        Answers that make ``trust``, each in the window in which it was asked.
    settings : Settings

    Raises
    ------
    DesignError
        For fewer than two whole windows.
    FitError
        Where no pair has all variables in any window.
    """
    whole = np.flatnonzero(windows.whole)
    if len(whole) < 2:
        raise DesignError(
            f"{windows.words} {counted(len(whole), 'window')} of them wholly observed: a panel needs two. "
            "Say a shorter length."
        )
    metrics = _metrics(variables)
    parts = [one for place, one in enumerate(windows) if windows.whole[place]]
    frames = [_measured(part, metrics, settings) for part in parts]
    ego, alter = (np.concatenate([frame[place] for frame in frames]) for place in (0, 1))
    window = np.repeat(whole, [len(frame[0]) for frame in frames])
    values = [_value(expression, frames) for expression in variables.values()]
    names = list(variables)
    told = ""
    if labels:
        names.insert(1, TRUST)
        answers = [_answers(one, windows, len(log.people)) for one in labels]
        values.insert(1, _asked(labels, answers, (ego, alter, window), len(log.people)))
        told = _told(labels, answers, windows)
    found = _known(names, np.column_stack(values), (ego, alter, window), windows, log.people)
    said = {**variables, **({TRUST: ", ".join(one.name for one in labels)} if labels else {})}
    return replace(
        found, words=f"{found.words} " + "; ".join(f"{one}: {said[one]}" for one in names) + f".{told}"
    )


def _metrics(variables: Mapping[str, str]) -> list[str]:
    if not isinstance(variables, Mapping) or len(variables) < 2:
        raise ArgumentError(
            f"variables is {variables!r}; it must name two or more, as {{'return': 'reply_rate_alter', "
            "'volume': 'log1p(acts_ego)'}."
        )
    for name, one in variables.items():
        if not isinstance(name, str) or not isinstance(one, str):
            raise ArgumentError(
                f"variables has {name!r}: {one!r}; both are text, a name and a column of dyads or a function "
                "of columns, as 'volume': 'log1p(acts_ego)'."
            )
    found = [name for one in variables.values() for name in words_of(one).names]
    return list(dict.fromkeys(found))


def _measured(log: InteractionLog, metrics: Sequence[str], settings: Settings) -> tuple[Array, Array, Any]:
    """Codes of every ordered pair in contact in a window, and its columns."""
    low, high = log.pairs_in_contact()
    rows = Rows(np.concatenate([low, high]), np.concatenate([high, low]))
    table = DyadTable(None, Design(directed=True), (), settings, ())  # type: ignore[arg-type]
    found = measured(log.engine, rows, metrics, (), table, people=log.people, dated=log.acts.dated)
    return rows.ego, rows.alter, found.frame


def _value(expression: str, frames: Sequence[tuple[Array, Array, Any]]) -> Array:
    """A column, or a function of columns, over all windows; NaN where unknown."""
    import pandas as pd

    names = words_of(expression).names
    frame = pd.concat([one[2][list(names)] for one in frames], ignore_index=True)
    values = np.full(len(frame), np.nan)
    if expression in frame.columns:
        values[:] = frame[expression].to_numpy(dtype=float)
    elif not frame[list(names)].isna().all(axis=None):
        model = design(f"{expression} ~ 1", frame)
        values[model.rows] = model.y
    return values


class Answers(NamedTuple):
    """Answers of one label: about whom, when, in which window."""

    ego: Array
    alter: Array
    value: Array
    moment: Array
    window: Array  # −1 where in none


def _answers(labels: Labels, windows: Windows, people: int) -> Answers:
    """Answers of ego about alter, or of the pair as seen from either."""
    known = known_pairs(labels, people, None, people * people)
    if known.asked is None:
        raise DesignError(f"When {labels.name} was asked is not known, so it is in no window.")
    place = np.searchsorted(windows.edges[:, 0], known.asked, side="right") - 1
    place[(place >= 0) & (known.asked >= windows.edges[place, 1])] = -1
    found = (known.ego, known.alter, known.value, known.asked, place)
    if labels.directed:
        return Answers(*found)
    turned = (known.alter, known.ego, *found[2:])
    return Answers(*(np.concatenate(both) for both in zip(found, turned, strict=True)))


def _asked(
    labels: Sequence[Labels], answers: Sequence[Answers], rows: tuple[Array, Array, Array], people: int
) -> Array:
    """The latest answer of ego about alter (or of the pair) in each window."""
    ego, alter, window = rows
    key = (window.astype(np.int64) * people + ego) * people + alter
    order = np.argsort(key)
    at, moment, value, which = [], [], [], []
    for number, one in enumerate(answers):
        wanted = (one.window.astype(np.int64) * people + one.ego) * people + one.alter
        place = np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)
        hit = (one.window >= 0) & (key[order][place] == wanted)
        at.append(order[place[hit]])
        moment.append(one.moment[hit])
        value.append(one.value[hit])
        which.append(np.full(int(hit.sum()), number))
    rank = np.lexsort((np.concatenate(moment), np.concatenate(at)))
    row, when, said, by = (np.concatenate(one)[rank] for one in (at, moment, value, which))
    twice = np.flatnonzero((row[1:] == row[:-1]) & (when[1:] == when[:-1]))
    if len(twice):
        first, second = (labels[by[twice[0] + step]].name for step in (0, 1))
        raise DesignError(f"{first} and {second} were asked of one pair at one moment: name one of the two.")
    values = np.full(len(key), np.nan)
    last = np.append(row[1:] != row[:-1], True)[: len(row)]
    values[row[last]] = said[last]
    return values


def _told(labels: Sequence[Labels], answers: Sequence[Answers], windows: Windows) -> str:
    """Which label is in which window, and which in none that counts."""
    inside, outside, times = [], [], np.zeros(len(windows), dtype=int)
    for label, one in zip(labels, answers, strict=True):
        there = np.unique(one.window[one.window >= 0])
        whole = there[windows.whole[there]]
        times[whole] += 1
        if len(whole):
            numbers = ", ".join(f"{place + 1}" for place in whole)
            inside.append(f"{label.name} in window{'s' if len(whole) > 1 else ''} {numbers}")
        cut = ", ".join(f"{place + 1}" for place in there[~windows.whole[there]])
        if cut:
            outside.append(f"{label.name} in window {cut}, not wholly observed")
        none = int((one.window < 0).sum()) // (1 if label.directed else 2)
        if none:
            outside.append(f"{label.name} in no window" + (f" ({none:,} answers)" if len(there) else ""))
    found = f" {TRUST} is {'; '.join(inside)}." if inside else ""
    if (times > 1).any():
        found += " Of several answers in one window the latest counts."
    return found + (f" Not used: {'; '.join(outside)}." if outside else "")


def _known(
    names: Sequence[str],
    values: Array,
    rows: tuple[Array, Array, Array],
    windows: Windows,
    people: Array,
) -> WindowRows:
    ego, alter, window = rows
    left_out: dict[str, int] = {}
    keep = np.ones(len(ego), dtype=bool)
    for place, name in enumerate(names):
        lacks = int((keep & np.isnan(values[:, place])).sum())
        if lacks:
            left_out[f"windows of ordered pairs without {name}"] = lacks
        keep &= ~np.isnan(values[:, place])
    if not keep.any():
        raise FitError(f"No pair has {', '.join(names)} in any window ({'; '.join(left_out)}).")
    at = np.flatnonzero(keep)
    at = at[np.lexsort((window[at], alter[at], ego[at]))]
    part = (ego[at].astype(np.int64), alter[at].astype(np.int64), window[at])
    cut = int((~windows.whole).sum())
    words = windows.words + (f" {cut} of them not wholly observed, and left out." if cut else "")
    return WindowRows(tuple(names), values[at], *part, len(windows), people, left_out, words)


def labels_asked(source: object, label: str | Sequence[str] | None) -> list[Labels]:
    """Labels of a study by name.

    Parameters
    ----------
    source : InteractionLog or Study
    label : str, sequence of str or None

    Raises
    ------
    ArgumentError
        Where a log alone is given.
    """
    names = [] if label is None else [label] if isinstance(label, str) else list(dict.fromkeys(label))
    if not names:
        return []
    there = getattr(source, "labels", None)
    if not isinstance(there, Mapping):
        raise ArgumentError("A log has no labels: give the study, so that label= has something to name.")
    for name in names:
        if name not in there:
            raise unknown("label", name, there)
    return [there[name] for name in names]

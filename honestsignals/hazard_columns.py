"""Covariates of a hazard from columns of acts, people and pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.depth_rows import people_of
from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.hazard_rows import COVARIATES, NEVER, Between, history
from honestsignals.hazard_terms import Covariate
from honestsignals.inference.words import counted
from honestsignals.log import InteractionLog
from honestsignals.return_groups import (
    OF_ACTS,
    act_column,
    agreed,
    coded,
    of_ordered,
    pair_frame,
    people_column,
)
from honestsignals.return_waits import Asking, ordered_acts

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

OF_PEOPLE = ("ego", "alter", "gap", "same")
RECEIVED = "received_"
OF_RECEIVED = (*OF_ACTS, "depth")
"""Columns of acts, of what ego last received."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a log's acts, people and pairs.

    Attributes
    ----------
    log : InteractionLog
    people : pandas.DataFrame or None
        Attributes of people, by id.
    pairs : dict of str to (pandas.Series, bool)
        Columns of pairs: the values by ego's code times the number of people, plus alter's; and whether a
        pair that stands one way has its value both ways.
    """

    log: InteractionLog
    people: pd.DataFrame | None
    pairs: Mapping[str, tuple[pd.Series, bool]]

    def of_people(self, name: str, who: Asking, whose: Sequence[str] = OF_PEOPLE) -> Covariate | None:
        """A covariate from a column of people, as ``ego_office``, or None for another name.

        Parameters
        ----------
        name : str
        who : Asking
            Ego asks, alter answers.
        whose : sequence of str
            What may stand before the column.
        """
        part, _, column = name.partition("_")
        if part not in whose or self.people is None or column not in self.people.columns:
            return None
        values = people_column(self.log, self.people, column)
        if part in ("ego", "alter"):
            return _of_column(name, values, who.asker if part == "ego" else who.answerer)
        if part == "same":
            codes = coded_freely(values)
            one, other = codes[who.asker], codes[who.answerer]
            return Covariate(name, np.where((one < 0) | (other < 0), np.nan, one == other))
        if not _is_number(values):
            raise DesignError(f"{column!r} is no number and has no gaps: use same_{column}.")
        number = values.to_numpy(dtype=float, na_value=np.nan)
        if np.isinf(number).any():
            many = counted(int(np.isinf(number).sum()), "person", "people")
            raise DesignError(f"{column!r} is infinite of {many}, and has no gaps: make such values missing.")
        return Covariate(name, np.abs(number[who.asker] - number[who.answerer]))

    def of_pairs(self, name: str, who: Asking) -> Covariate | None:
        """A covariate from a column of pairs, of the ordered pair where it stands both ways; or None.

        Parameters
        ----------
        name : str
        who : Asking
            Ego asks, alter answers.
        """
        if name not in self.pairs:
            return None
        column, either = self.pairs[name]
        found = _of_column(name, column, np.arange(len(column)))
        values = of_ordered(column.index.to_numpy(), found.values, who, len(self.log.people), either)
        return Covariate(name, values, found.levels)

    def names(self, whose: Sequence[str] = OF_PEOPLE) -> list[str]:
        """Every name that there is, of people and pairs."""
        people = [] if self.people is None else [f"{one}_{each}" for one in whose for each in self.people]
        return [*people, *self.pairs]


def known_of(source: Any, log: InteractionLog, people: pd.DataFrame | None, frames: Sequence[Any]) -> Known:
    """What a log or study, attributes of people and frames of pairs say.

    Parameters
    ----------
    source : InteractionLog or Study
    log : InteractionLog
    people : pandas.DataFrame or None
        In the place of the study's.
    frames : sequence of pandas.DataFrame
        Each with ``ego``, ``alter`` and one column of pairs.
    """
    import pandas as pd

    n = len(log.people)
    pairs: dict[str, tuple[pd.Series, bool]] = {}
    for one in getattr(source, "pair_columns", ()):
        ego, alter = (np.asarray(code, dtype=np.int64) for code in (one.known.ego, one.known.alter))
        pairs[one.name] = pd.Series(one.known.value, index=ego * n + alter), not one.directed
    for frame in frames:
        name, column = pair_frame(log, frame)
        pairs[name] = column, True
    return Known(log, people_of(source) if people is None else people, pairs)


def parted(covariates: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Names of covariates, a frame of pairs by the name of its column; and those frames.

    >>> import pandas as pd
    >>> near = pd.DataFrame({"ego": ["a"], "alter": ["b"], "near": [1]})
    >>> parted(["debt", near])[0]
    ['debt', 'near']
    """
    if isinstance(covariates, str):
        raise ArgumentError(f"covariates is {covariates!r}; it must be a list of names, as ['{covariates}'].")
    names, frames = [], []
    for one in covariates:
        frame = getattr(one, "frame", one)
        if hasattr(frame, "columns"):
            frames.append(one)
            names += [str(name) for name in frame.columns if name not in ("ego", "alter")]
        else:
            names.append(one)
    return names, frames


def covariate_of(rows: Between, name: str, since: Mapping[str, int], known: Known) -> Covariate:
    """One covariate of a hazard of the next act.

    Parameters
    ----------
    rows : Between
    name : str
        A key of ``COVARIATES``; ``received_`` and a column of acts; ``ego_``, ``alter_``, ``gap_`` or
        ``same_`` and a column of people; or a column of pairs.
    since : mapping of str to int, microseconds
        Ends of the classes of time since, as written.
    known : Known
    """
    if name in COVARIATES:
        return history(rows, name, since)
    who = Asking(rows.ego, rows.alter, rows.start)
    word = name.removeprefix(RECEIVED)
    if word != name and word in OF_RECEIVED:
        return _received(rows, name, known.log)
    found = known.of_people(name, who) or known.of_pairs(name, who)
    if found is None:
        received = [RECEIVED + one for one in OF_RECEIVED if _has(known.log, one)]
        hint = "Columns of people stand in a study, or in people=." if known.people is None else ""
        raise unknown("covariate", name, [*COVARIATES, *received, *known.names()], hint)
    return found


def of_act(name: str, word: str, log: InteractionLog, who: Asking) -> Covariate:
    """A covariate from a column of acts.

    Parameters
    ----------
    name : str
        What it is called.
    word : str
        The column: "kind", "channel", "context" or "topic".
    log : InteractionLog
    who : Asking
        The act that each row is about; not known where those of an instant differ.
    """
    import pandas as pd

    found = act_column(log, word)
    if found is None:
        raise _lacking(name, word)
    codes, words = found
    placed, levels = coded(name, pd.Series(np.array([*words, None], dtype=object)[agreed(log, codes, who)]))
    return Covariate(name, np.where(placed < 0, np.nan, placed), levels)


def _lacking(name: str, word: str) -> DesignError:
    return DesignError(f"The acts of this log have no {word}, so {name!r} is not known.")


def words_of(name: str) -> str:
    """What a covariate of acts is, as a sentence ends; empty for others.

    >>> words_of("received_channel")
    'channel of the act that ego last received'
    """
    word = name.removeprefix(RECEIVED)
    if name in COVARIATES:
        return COVARIATES[name]
    return f"{word} of the act that ego last received" if word != name and word in OF_RECEIVED else ""


def _has(log: InteractionLog, name: str) -> bool:
    return name in log.acts.columns if name == "depth" else act_column(log, name) is not None


def _received(rows: Between, name: str, log: InteractionLog) -> Covariate:
    """A column of the act that ego last received; of several at one instant the deepest, or what all have."""
    word = name.removeprefix(RECEIVED)
    if not _has(log, word):
        raise _lacking(name, word)
    acts = ordered_acts(log)
    at = np.flatnonzero(acts.giving)
    n, instants = len(log.people), np.unique(acts.time[at])
    low, high, forth = acts.low[acts.pair[at]], acts.high[acts.pair[at]], acts.from_low[at]
    key = (np.where(forth, low, high) * n + np.where(forth, high, low)) * len(instants)
    key += np.searchsorted(instants, acts.time[at])
    keys, place = np.unique(key, return_inverse=True)
    most, least = np.full(len(keys), -np.inf), np.full(len(keys), np.inf)
    levels: tuple[str, ...] = ()
    if word == "depth":
        np.fmax.at(most, place, log.acts.columns["depth"][acts.row[at]].astype(float))
        value = np.where(np.isfinite(most), most, np.nan)
    else:
        told = of_act(name, word, log, Asking(low, high, acts.row[at]))
        levels, code = told.levels, np.nan_to_num(told.values, nan=-1.0)
        np.maximum.at(most, place, code)
        np.minimum.at(least, place, code)
        value = np.where((most == least) & (most >= 0), most, np.nan)
    asked = (rows.alter * n + rows.ego) * len(instants)
    asked = asked + np.searchsorted(instants, np.maximum(rows.last_received, instants[0]))
    there = rows.last_received != NEVER
    found = np.searchsorted(keys, asked[there])
    values = np.full(len(rows.ego), np.nan)
    values[there] = value[found]
    return Covariate(name, values, levels)


def _of_column(name: str, values: pd.Series, places: Array) -> Covariate:
    """Numbers as they are, anything else as levels."""
    if _is_number(values):
        return Covariate(name, values.to_numpy(dtype=float, na_value=np.nan)[places])
    codes, levels = coded(name, values)
    return Covariate(name, np.where(codes < 0, np.nan, codes)[places], levels)


def coded_freely(values: pd.Series) -> Array:
    """Codes of as many values as there are, -1 for missing."""
    import pandas as pd

    return np.asarray(pd.factorize(values)[0])


def _is_number(values: pd.Series) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_numeric_dtype(values.dtype))

"""Turns of disclosure one by one: whose, how deep, what was before, and what a moderator says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from honestsignals.depth_rows import disclosures_in, people_of
from honestsignals.errors import ArgumentError, DesignError, listed, unknown
from honestsignals.labels import look_up
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import HOUR
from honestsignals.metrics.disclosure import reached
from honestsignals.metrics.told import turns_of
from honestsignals.return_groups import act_column, agreed, people_column
from honestsignals.return_waits import Asking

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

OF_ACTS = ("kind", "channel", "context", "topic")
OF_PEOPLE = ("ego", "alter", "same")
IN_STUDY = "Columns of people stand in a study."
IN_PEOPLE = "Columns of people stand in a study, or in people=."
SIDES = (("ego", "alter"), ("source", "target"))


@dataclass(frozen=True, eq=False)
class TurnRows:
    """Turns of disclosure in the order of pairs and times.

    Attributes
    ----------
    ego, alter : ndarray of int, shape (n,)
        Codes of who takes the turn, and for whom.
    pair : ndarray of int, shape (n,)
    place : ndarray of int, shape (n,)
        Which turn of its pair it is, from 0.
    clear : ndarray of bool, shape (n,)
        Whether it is known where it began and ended; see :class:`honestsignals.metrics.told.Turns`.
    mixed : ndarray of bool, shape (n,)
        Whether it is an instant at which both disclosed, and so a turn of nobody.
    depth : ndarray, shape (n,)
        Mean of its disclosures.
    beyond : ndarray, shape (n,)
        Depth less the deepest that the other had disclosed before; NaN where nothing.
    answered : ndarray, shape (n,)
        Whether the other disclosed within Δ of its end; NaN where Δ was not observed whole.
    begin, end : ndarray of int64, microseconds, shape (n,)
        First and last disclosure of it.
    row : ndarray of int, shape (n,)
        An act of its first instant, as a row of the log.
    among : ndarray of int
        Rows of all disclosures.
    """

    ego: Array
    alter: Array
    pair: Array
    place: Array
    clear: Array
    mixed: Array
    depth: Array
    beyond: Array
    answered: Array
    begin: Array
    end: Array
    row: Array
    among: Array

    def __len__(self) -> int:
        return len(self.depth)

    def behind(self, lag: int) -> Array:
        """Whether the turn so many before is of the pair, and all from it on are clear."""
        found = self.place >= lag
        for back in range(lag + 1):
            found[back:] &= self.clear[: len(self) - back]
        return np.asarray(found)

    @property
    def hours(self) -> Array:
        """Hours from the end of the turn before to the beginning of each; NaN for a pair's first."""
        since = np.full(len(self), np.nan)
        since[1:] = (self.begin[1:] - self.end[:-1]) / HOUR
        return np.where(self.place > 0, since, np.nan)

    @property
    def first_giver(self) -> Array:
        """Who disclosed first in the pair of each turn; −1 where both did at one instant."""
        starts = np.flatnonzero(self.place == 0)
        sizes = np.diff(starts, append=len(self))
        return np.repeat(np.where(self.mixed[starts], -1, self.ego[starts]), sizes)


class Sides(NamedTuple):
    """Who did what to whom, as far as a moderator asks.

    Attributes
    ----------
    ego, alter : ndarray of int, shape (n,)
        Codes of people.
    row : ndarray of int, shape (n,), or None
        Rows of the log; None where no single act is meant.
    among : ndarray of int, or None
        Rows of acts, those of whose instants have no order; None where each row is meant alone.
    """

    ego: Array
    alter: Array
    row: Array | None
    among: Array | None = None


class Sided(Protocol):
    """Rows of which a moderator is asked: turns, or :class:`Sides`."""

    @property
    def ego(self) -> Array:
        """Codes of who acts."""

    @property
    def alter(self) -> Array:
        """Codes of for whom."""

    @property
    def row(self) -> Array | None:
        """Rows of the log."""

    @property
    def among(self) -> Array | None:
        """Rows of acts, those of whose instants have no order."""


def turn_rows(log: InteractionLog, within: int) -> TurnRows:
    """Every turn of disclosure of a log, of kinds that count as giving.

    Parameters
    ----------
    log : InteractionLog
    within : int, microseconds
        Δ: how long a return is waited for.

    Returns
    -------
    TurnRows

    Raises
    ------
    DesignError
        Where acts have no depth or time, or nobody disclosed anything.
    """
    of, acts = disclosures_in(log, within)
    if not len(of.depth):
        raise DesignError("Nobody disclosed anything: no act has a depth.")
    turns = turns_of(of.acts)
    starts = turns.starts
    ends = np.append(starts[1:], len(of.depth)) - 1
    weights = np.add.reduceat(of.counts, starts)
    before = reached(of)[starts]
    returned, watched = of.returned[ends], of.watched[ends]
    low, high = acts.low[acts.pair[starts]], acts.high[acts.pair[starts]]
    depth = np.add.reduceat(of.depth * of.counts, starts) / weights
    return TurnRows(
        ego=np.where(acts.from_low[starts], low, high),
        alter=np.where(acts.from_low[starts], high, low),
        pair=acts.pair[starts],
        place=turns.place,
        clear=turns.clear,
        mixed=of.acts.mixed[starts],
        depth=depth,
        beyond=np.where(np.isfinite(before), depth - np.where(np.isfinite(before), before, 0.0), np.nan),
        answered=np.where(watched, returned.astype(float), np.nan),
        begin=acts.time[starts],
        end=acts.time[ends],
        row=acts.row[starts],
        among=acts.row,
    )


def column_of(
    source: Any,
    log: InteractionLog,
    turns: Sided,
    by: Any,
    people: pd.DataFrame | None = None,
    *,
    hint: str = IN_STUDY,
) -> pd.Series:
    """A column of acts, people or pairs, turn by turn; its name is that of the column.

    Parameters
    ----------
    source : InteractionLog or Study
    log : InteractionLog
    turns : TurnRows or Sides
    by : str or pandas.DataFrame
        "kind", "channel", "context" or "topic" of the act that begins a turn, missing where ego's acts of
        that instant differ; "ego_", "alter_" or "same_" and a column of people; a column of the study's
        pairs; or a frame with ``ego``, ``alter`` and a column of pairs.
    people : pandas.DataFrame or None
        Attributes of people, by id; by default the study's.
    hint : str
        Where columns of people may stand.
    """
    import pandas as pd

    if not isinstance(by, str):
        return _of_frame(log, turns, by)
    people = people_of(source) if people is None else people
    of_acts = {name: found for name in OF_ACTS if (found := act_column(log, name)) is not None and found[1]}
    if by in of_acts:
        if turns.row is None:
            raise ArgumentError(
                f"{by!r} is of acts, of which a row has many: name a column of people or pairs, or shares of "
                "kinds as columns of pairs."
            )
        codes, words = of_acts[by]
        who = Asking(turns.ego, turns.alter, turns.row, turns.among)
        return pd.Series(np.array([*words, None], dtype=object)[agreed(log, codes, who)], name=by)
    whose, _, column = by.partition("_")
    if whose in OF_PEOPLE and people is not None and column in people.columns:
        of_people = people_column(log, people, column)
        one, other = (of_people.iloc[side].reset_index(drop=True) for side in (turns.ego, turns.alter))
        if whose == "same":
            same = (one == other).astype(object)
            return same.mask(one.isna() | other.isna(), None).rename(by)
        return (one if whose == "ego" else other).rename(by)
    of_pairs = {one.name: one for one in getattr(source, "pair_columns", ())}
    if by in of_pairs:
        return pd.Series(_of_study(of_pairs[by], turns, len(log.people)), name=by)
    there = [] if people is None else [f"{one}_{name}" for one in OF_PEOPLE for name in people.columns]
    raise unknown("column for by:", by, [*there, *of_pairs, *of_acts], hint if people is None else "")


def _of_study(column: Any, turns: Sided, n_people: int) -> Array:
    """A column of a study's pairs, of ego and alter."""
    ego, alter = turns.ego, turns.alter
    if not column.directed:
        ego, alter = np.minimum(ego, alter), np.maximum(ego, alter)
    return look_up(column.known, ego, alter, n_people)[0]


def _of_frame(log: InteractionLog, turns: Sided, by: Any) -> pd.Series:
    """A column of a frame of pairs: of the ordered pair where it stands both ways, else of the pair."""
    import pandas as pd

    frame = getattr(by, "frame", by)
    sides = next((two for two in SIDES if set(two) <= set(getattr(frame, "columns", ()))), None)
    if not isinstance(frame, pd.DataFrame) or sides is None:
        raise ArgumentError(
            f"by must be a name, or a frame with ego, alter and one column of pairs; got {type(by).__name__}."
        )
    columns = [name for name in frame.columns if name not in sides]
    if len(columns) != 1:
        raise ArgumentError(
            f"by has the columns {listed(columns)} beside {listed(sides)}; choose one of them."
        )
    n, place = len(log.people), {str(one): code for code, one in enumerate(log.people)}
    ego, alter = (np.array([place.get(str(one), -1) for one in frame[side]]) for side in sides)
    there = np.flatnonzero((ego >= 0) & (alter >= 0))
    known = pd.Series(there, index=ego[there] * n + alter[there])
    if not known.index.is_unique:
        raise ArgumentError("by has a pair twice; every pair, or ordered pair, has one row.")
    forth, back = (
        known.reindex(one).to_numpy() for one in (turns.ego * n + turns.alter, turns.alter * n + turns.ego)
    )
    at = np.where(np.isnan(forth), back, forth)
    values = frame[columns[0]].reset_index(drop=True).reindex(np.where(np.isnan(at), -1, at).astype(int))
    return values.reset_index(drop=True).rename(str(columns[0]))

"""Turns of self-disclosure as a table: each by what was disclosed to it just before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.depth_rows import log_of
from honestsignals.dyads import Design, DyadTable
from honestsignals.errors import ArgumentError
from honestsignals.inference.words import counted
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import Settings
from honestsignals.metrics.registry import NO_RANGE, Fact
from honestsignals.moments import span
from honestsignals.returning import Sourced
from honestsignals.turn_rows import IN_PEOPLE, TurnRows, column_of, turn_rows

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

MEANINGS = {
    "ego": ("who takes the turn", "id"),
    "alter": ("for whom; who took the turn before", "id"),
    "turn": ("k: number of the turn in the pair, both people's counted", "turns"),
    "log_turn": ("ln k", ""),
    "depth": ("mean depth of the turn's disclosures", "depth"),
    "alter_depth": ("depth of alter's turn just before", "depth"),
    "own_depth": ("depth of ego's turn before that", "depth"),
    "relative_depth": ("depth less the deepest that alter had disclosed before", "depth"),
    "answered": ("1 where alter disclosed within the window after the turn's last disclosure, else 0", ""),
    "next_depth": ("depth of alter's next turn", "depth"),
    "hours": ("from the end of alter's turn to the beginning of ego's", "hours"),
    "ego_first": ("1 where ego was the first of the pair to disclose, 0 where alter was", ""),
}
WHY = {
    "own_depth": "ego's first turn, or one of two turns before touches an instant at which both disclosed",
    "answered": "the log ended before the window did, whether alter disclosed by then or not",
    "next_depth": "alter disclosed nothing more, or at one instant with ego",
    "ego_first": "both first disclosed at one instant",
}


@dataclass(frozen=True, eq=False)
class DisclosureTurns(DyadTable):
    """One row a turn of disclosure that follows one of the other. Prints its facts; ``hs.fit`` takes it.

    Rows have a direction, from ego to alter, and many rows are of one pair: errors over people know that.
    """

    def facts(self) -> list[str]:
        """What the rows are, how many, and which turns were left out."""
        number, pairs = len(self.frame), len(self.frame[["ego", "alter"]].drop_duplicates())
        left = [f"Left out: {count:,} {reason}." for reason, count in self.design.left_out.items() if count]
        lines = [
            *self.source,
            f"{number:,} turns of disclosure that follow one of the other, of "
            f"{counted(self.people, 'person', 'people')} in {counted(pairs, 'ordered pair')}.",
        ]
        return [*lines, *left, *self.design.notes]

    def __str__(self) -> str:
        columns = ", ".join(str(name) for name in self.frame.columns)
        return "\n".join(["DisclosureTurns", *self.facts(), f"Columns: {columns}."])


def disclosure_turns(
    source: InteractionLog | Sourced,
    *,
    by: str | Sequence[str] = (),
    people: pd.DataFrame | None = None,
    within: str = "1D",
) -> DisclosureTurns:
    """Turns of self-disclosure, one row each, with what came just before and after.

    A turn is a run of disclosures of one person to another, and its depth their mean. A row is a turn of ego
    that follows one of alter. An instant at which both disclosed has no order: turns that touch one are left
    out, and counted.

    Parameters
    ----------
    source : InteractionLog or Study
        Acts with times and depths. A study knows attributes of its people too.
    by : str or sequence of str
        Further columns: "kind", "channel", "context" or "topic" of the act that begins a turn; "ego_",
        "alter_" or "same_" and a column of people ("ego_culture"); a column of the study's pairs.
    people : pandas.DataFrame, optional
        Attributes of people by id (index, or a column ``person`` or ``id``); by default the study's.
    within : str
        Δ: a turn is answered where alter discloses so soon after its end.

    Returns
    -------
    DisclosureTurns
        ego, alter, turn, log_turn, depth, alter_depth, own_depth, relative_depth, answered, next_depth,
        hours, ego_first, and the columns asked for.

    Raises
    ------
    DesignError
        Where acts have no time or depth, or nobody disclosed anything.

    See Also
    --------
    matching : Slopes of turns on turns before, without the bias that a plain regression of these rows has.

    Examples
    --------
    >>> import honestsignals as hs
    >>> log = hs.simulate_disclosure(seed=1, people=12, days=60).log
    >>> turns = hs.disclosure_turns(log)
    >>> turns.frame[["ego", "alter", "turn", "depth", "alter_depth", "own_depth"]].head(3)
       ego alter  turn  depth  alter_depth  own_depth
    0  P03   P01     2  2.008        1.786        NaN
    1  P01   P03     3  1.176        2.008      1.786
    2  P03   P01     4  2.943        1.176      2.008
    """
    log = log_of(source, "disclosure_turns")
    wait = span(within, "within")
    turns = turn_rows(log, wait)
    at = np.flatnonzero(turns.behind(1))
    columns: dict[str, Any] = {name: values[at] for name, values in _columns(turns, log).items()}
    about = [
        Fact(
            name,
            name.replace("_", " "),
            "turns",
            meaning,
            unit=unit,
            range=NO_RANGE,
            undefined=WHY.get(name, ""),
        )
        for name, (meaning, unit) in MEANINGS.items()
    ]
    for name in [by] if isinstance(by, str) else list(by):
        if not isinstance(name, str) or name in columns:
            raise ArgumentError(f"by names the column {name!r}; it must be a further one, by its name.")
        values = column_of(source, log, turns, name, people, hint=IN_PEOPLE)
        columns[name] = values.iloc[at].reset_index(drop=True)
        about.append(Fact(name, name, "turns", f"{name} of the turn, or of its people", range=NO_RANGE))
    return _table(columns, about, turns, (log, wait, len(at)))


def _table(
    columns: dict[str, Any], about: list[Fact], turns: TurnRows, what: tuple[InteractionLog, int, int]
) -> DisclosureTurns:
    import pandas as pd

    log, wait, kept = what
    first = int((turns.place == 0).sum())
    left = {
        "turns that begin a pair, and follow none": first,
        "turns that touch an instant at which both disclosed": len(turns) - first - kept,
    }
    design = Design("depth", "continuous", directed=True, possible=len(turns), left_out=left)
    settings = Settings(disclosure_window=wait)
    return DisclosureTurns(pd.DataFrame(columns), design, tuple(about), settings, log.source)


def _columns(turns: TurnRows, log: InteractionLog) -> dict[str, Array]:
    """Columns of all turns."""
    depth = turns.depth
    own, following = (np.full(len(depth), np.nan) for _ in range(2))
    behind = np.flatnonzero(turns.behind(2))
    own[behind] = depth[behind - 2]
    after = np.flatnonzero(turns.behind(1))
    following[after - 1] = depth[after]
    alter = np.append(np.nan, depth[:-1])
    first = turns.first_giver
    return {
        "ego": log.people[turns.ego],
        "alter": log.people[turns.alter],
        "turn": turns.place + 1,
        "log_turn": np.log(turns.place + 1.0),
        "depth": depth,
        "alter_depth": alter,
        "own_depth": own,
        "relative_depth": turns.beyond,
        "answered": turns.answered,
        "next_depth": following,
        "hours": turns.hours,
        "ego_first": np.where(first < 0, np.nan, (first == turns.ego).astype(float)),
    }

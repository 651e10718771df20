"""Reciprocity fails: openings and disclosures, one by one, that were not returned within Δ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.drawn_nulls import seed_or_random
from honestsignals.errors import ArgumentError
from honestsignals.fail_events import Initiatives, initiatives, span_words
from honestsignals.inference.score_errors import spread
from honestsignals.inference.words import counted
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import DAY, HOUR, NEVER
from honestsignals.metrics.opening_windows import Spans
from honestsignals.moments import span
from honestsignals.printed import Printed
from honestsignals.return_groups import IN_STUDY, groups_of
from honestsignals.return_waits import Asking
from honestsignals.returning import Sourced
from honestsignals.stifle_results import Stifling
from honestsignals.stifle_study import StifleStudy
from honestsignals.stifle_tables import Sensitivity, windows_of
from honestsignals.tables import render

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

SHOWN = 10
"""Rows that are printed."""
LATE = "Δ ends after the log"
ROUNDING = 1e-9
"""Half a width of an interval up to which it is rounding of shares that are all alike."""
FEWEST_PEOPLE = 3
"""With fewer there is no error over people."""


@dataclass(frozen=True, eq=False)
class ReciprocityFails(Printed):
    """Every opening (or disclosure), and whether it was returned. Made by :func:`reciprocity_fails`.

    Attributes
    ----------
    source : Initiatives
    window : int, microseconds
        Δ.
    level : float
        Coverage of intervals.
    """

    source: Initiatives
    window: int
    level: float = 0.95

    @cached_property
    def _returned(self) -> Array:
        """1, 0, or NaN where Δ ends after the log; of those looked at."""
        return returned(self.source, self.window)

    @property
    def share(self) -> float:
        """Share not returned within Δ, of those that were watched for Δ."""
        return self._share(self.window)[0]

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share."""
        return self._share(self.window)[1:]

    def _share(self, window: int) -> tuple[float, float, float]:
        found = returned(self.source, window)
        watched = ~np.isnan(found)
        if not watched.any():
            return (float("nan"),) * 3
        unreturned = 1.0 - found[watched]
        share = float(unreturned.mean())
        ego, alter = self._people(watched)
        if len(np.unique([ego, alter])) < FEWEST_PEOPLE:
            return share, float("nan"), float("nan")
        half = float(
            spread(((unreturned - share) / len(unreturned))[:, None], ego, alter).margin(self.level)[0]
        )
        odds = share * (1 - share)
        # half a width that is rounding, or not known, is none
        if not odds > 0 or not half > ROUNDING:
            return share, float("nan"), float("nan")
        # even on the log odds, so that no share leaves 0 to 1
        ends = 1 / (1 + np.exp(-(np.log(share / (1 - share)) + np.array([-1, 1]) * half / odds)))
        return share, float(ends[0]), float(ends[1])

    def _people(self, watched: Array) -> tuple[Array, Array]:
        """Who opened and to whom, of those watched for Δ."""
        able = self.source.able
        return self.source.opener[able][watched], self.source.other[able][watched]

    def by_person(self) -> pd.DataFrame:
        """A row a person: openings made and how many went unreturned; got, and how many they left alone."""
        import pandas as pd

        able, n = self.source.able, len(self.source.log.people)
        found = self._returned
        watched = ~np.isnan(found)
        columns: dict[str, Any] = {"person": self.source.log.people}
        for who, words in (
            (self.source.opener, ("opened", "unreturned")),
            (self.source.other, ("got", "left_alone")),
        ):
            at = who[able][watched]
            columns[words[0]] = np.bincount(at, minlength=n)
            columns[words[1]] = np.bincount(at, weights=1 - found[watched], minlength=n).astype(np.int64)
        frame = pd.DataFrame(columns)
        return frame[(frame["opened"] > 0) | (frame["got"] > 0)].reset_index(drop=True)

    def sensitivity(self, windows: Sequence[str] = ("1h", "6h", "1D", "2D", "4D", "7D")) -> Sensitivity:
        """The share that goes unreturned as Δ varies.

        Parameters
        ----------
        windows : sequence of str
            Several Δ.
        """
        import pandas as pd

        rows = []
        for one in windows_of(windows):
            window = span(one, "windows")
            share, low, high = self._share(window)
            watched = int((~np.isnan(returned(self.source, window))).sum())
            ends = {"unreturned": share, "low": low, "high": high}
            rows.append({"window": one, "window_days": window / DAY, **ends, self.source.of: watched})
        said = (f"Share of {self.source.words} not returned within Δ, by Δ; 95 % intervals over people.",)
        return Sensitivity(pd.DataFrame(rows), said)

    def stifling(
        self, horizon: str = "28D", *, by: Any = None, permutations: int = 999, seed: int | None = 0
    ) -> Stifling:
        """Whether the opener opens less often after being left alone; see :func:`stifling`."""
        return stifling_of(self.source, (self.window, horizon), by, permutations, seed)

    def tidy(self) -> pd.DataFrame:
        """One row an opening: opener, other, time, depth, returned (NaN: not known), wait_hours, reason."""
        import pandas as pd

        able, log = self.source.able, self.source.log
        found, events = self._returned, self.source.events
        wait = np.where(events.back < NEVER, (events.back - events.time) / HOUR, np.nan)[able]
        time: Any = events.time[able] / 1_000_000
        if log.acts.dated:
            time = pd.to_datetime(events.time[able], unit="us", utc=True)
        known = pd.array(np.where(np.isnan(found), 0, found).astype(bool), dtype="boolean")
        known[np.isnan(found)] = pd.NA
        columns = {
            "opener": log.people[self.source.opener[able]],
            "other": log.people[self.source.other[able]],
            "time": time,
            "depth": self.source.depth[able],
            "returned": known,
            "wait_hours": wait,
            "reason": np.where(np.isnan(found), LATE, ""),
        }
        if np.isnan(self.source.depth).all():
            del columns["depth"]
        return pd.DataFrame(columns)

    def facts(self) -> list[str]:
        """How many went unreturned, over how many people, and what is not known."""
        source, found = self.source, self._returned
        watched = found[~np.isnan(found)]
        left = int((watched == 0).sum())
        people = len(np.unique(self._people(~np.isnan(found))))
        back = "the other acts" if source.of == "openings" else "the other discloses"
        lines = [
            f"{left:,} of {len(watched):,} {source.words} ({self._share_words(people)}) "
            f"were not returned within {span_words(self.window)}: {back} later, or never."
        ]
        if not len(found):
            lines = []
        elif not len(watched):
            lines = [
                f"None of {len(found):,} {source.words} was followed for {span_words(self.window)}: choose a "
                "shorter Δ."
            ]
        lines += [source.deep_words] * bool(source.deep_words)
        late = len(found) - len(watched)
        if late:
            lines.append(f"Not known: {late:,}, as {LATE}.")
        if source.of == "openings" and "conversation" not in source.log.acts.columns:
            lines.append(
                "An opening is the first act of a conversation, more than "
                f"{span_words(source.gap)} after the pair's act before."
            )
        if source.both:
            lines.append(
                f"{counted(source.both, 'conversation')} begun by both at one instant: opened by neither."
            )
        return lines

    def _share_words(self, people: int) -> str:
        """The share with its interval, or why it has none."""
        share, low, high = self._share(self.window)
        of = f"{100 * share:.1f} %"
        over = counted(people, "person", "people")
        if not np.isnan(low):
            return f"{of}, 95 % interval {100 * low:.1f} to {100 * high:.1f} over {over}"
        why = "all alike tell of no error"
        if people < FEWEST_PEOPLE:
            why = "an error over people needs three"
        elif 0 < share < 1:
            why = "people differ by no more than rounding, which tells of no error"
        return f"{of}, over {over}; no interval: {why}"

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.facts())

    def __str__(self) -> str:
        frame = self.tidy()
        more = f"\n… and {len(frame) - SHOWN:,} more rows." if len(frame) > SHOWN else ""
        return "\n".join([*self.facts(), "", render(frame.head(SHOWN))]) + more


def returned(source: Initiatives, window: int) -> Array:
    """Of those looked at: 1 where returned within Δ, 0 where not, NaN where Δ ends after the log."""
    events = source.events
    found = (events.back - events.time <= window).astype(float)
    # also what came back in time: else the log's end would hold returned ones only
    found[events.time + window > source.edges[1]] = np.nan
    return found[source.able]


def reciprocity_fails(
    source: InteractionLog | Sourced,
    *,
    within: str = "1D",
    of: str = "openings",
    depth_at_least: float | None = None,
    conversation_gap: str = "1h",
) -> ReciprocityFails:
    r"""Which openings, or disclosures, were not returned within Δ: reciprocity fails, one by one.

    An opening at t is returned where the other acts in (t, t + Δ], a disclosure where the other discloses.
    Those in the log's last Δ are not known, returned ones too.

    Parameters
    ----------
    source : InteractionLog or Study
        Acts with times.
    within : str
        Δ: up to when a return counts.
    of : {"openings", "disclosures"}
        First acts of conversations, as ``opened_ego`` counts them; or every act that counts as giving and
        whose depth is known, a row as often as its ``count``.
    depth_at_least : float, optional
        Only those this deep: of an opening the deepest that the opener did at its instant.
    conversation_gap : str
        Acts at most this far apart belong to one conversation.

    Returns
    -------
    ReciprocityFails
        With ``sensitivity()``, ``by_person()`` and ``stifling()``.

    Raises
    ------
    DesignError
        Where acts have no times, or no depth that is asked for.

    References
    ----------
    fafchamps2007

    Examples
    --------
    >>> import honestsignals as hs
    >>> simulation = hs.simulate_disclosure(seed=1, people=20, days=120)
    >>> fails = hs.reciprocity_fails(simulation.log, within="1D")
    >>> round(fails.share, 2), [round(one, 2) for one in fails.interval]
    (0.25, [0.19, 0.32])
    """
    gap, window = span(conversation_gap, "conversation_gap"), span(within, "within")
    found = initiatives(source, "reciprocity_fails", of=of, depth_at_least=depth_at_least, gap=gap)
    return ReciprocityFails(found, window)


def stifling_of(
    source: Initiatives, spans: tuple[int, str], by: Any, permutations: object, seed: int | None
) -> Stifling:
    """The stifle ratio of openings already told.

    Parameters
    ----------
    source : Initiatives
    spans : tuple
        Δ in microseconds, and h as a span.
    by : str, pandas.DataFrame or None
        Moderator, as in ``return_curves``.
    permutations : int
        0 or at least 19.
    seed : int or None
    """
    whole = isinstance(permutations, int | np.integer) and not isinstance(permutations, bool)
    if not whole or (permutations != 0 and permutations < 19):  # type: ignore[operator]
        raise ArgumentError(f"permutations is {permutations!r}; it must be 0, or a whole number from 19 on.")
    start, end = source.edges
    study = StifleStudy(source, Spans(spans[0], span(spans[1], "horizon"), start, end))
    study.check()
    place = study.at.place
    asking = Asking(source.opener[place], source.other[place], source.row[place], source.among)
    groups = groups_of(source.log, asking, by, source.people, IN_STUDY)
    return Stifling(study, groups, int(permutations), seed_or_random(seed))  # type: ignore[call-overload]

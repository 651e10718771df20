"""Curves of how soon acts are returned: what they print, and whether groups differ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.drawn_nulls import seed_or_random
from honestsignals.errors import ArgumentError, DesignError, check_level
from honestsignals.inference.log_rank import LogRank, by_people, by_sameness, by_shifts, judged, residuals
from honestsignals.inference.return_curves import Pairs, pairs_of
from honestsignals.inference.return_estimates import NO_ERROR, Estimated, difference, estimated, truncated
from honestsignals.inference.words import counted
from honestsignals.printed import Printed
from honestsignals.return_groups import Groups
from honestsignals.return_waits import Waits

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

FEWEST_DRAWS = 19
"""With fewer permutations no p is as low as .05."""
ERRORS = (
    "Intervals: 95 %, from what each wait adds to the curve, summed over everybody's waits less those of "
    "each pair (waits of one person, asked or asking, may depend on one another), t with effective degrees "
    "of freedom; of shares even on log odds."
)
PERMUTED = {
    "asker": "labels of {} who ask, permuted",
    "answerer": "labels of {} who are asked, permuted",
    "same": "labels of {}, permuted",
    "act": "labels of waits shifted around within each ordered pair, in time order ({} with more than one)",
}


@dataclass(frozen=True, eq=False)
class LogRankTest(Printed):
    """Whether groups of waits have one curve, by permutation. Prints its facts, then a row a group.

    Attributes
    ----------
    groups : Groups
    found : LogRank
    seed : int
    horizon : float, hours
    """

    groups: Groups
    found: LogRank
    seed: int
    horizon: float

    @property
    def p_value(self) -> float:
        """Share of permutations with a statistic as large, the data among them."""
        return self.found.p_value

    def tidy(self) -> pd.DataFrame:
        """One row a group: group, returned, expected (were all groups alike)."""
        import pandas as pd

        columns = {"returned": self.found.observed, "expected": self.found.expected}
        return pd.DataFrame({"group": self.groups.names, **columns})

    def facts(self) -> list[str]:
        """The statistic, what was permuted, and p."""
        found, unit = self.found, self.groups.unit
        things = ("ordered pair", "") if unit == "act" else ("person", "people")
        what = PERMUTED[unit].format(counted(found.units, *things))
        p = "none, as no permutation changes anything" if np.isnan(found.p_value) else f"{found.p_value:.4f}"
        lines = [
            f"Log-rank test of {self.groups.name}, waits up to {_span_words(self.horizon)}: "
            f"χ²({found.df}) = {found.chi_square:.2f} as if waits were independent (no p is taken from it).",
            f"p = {p}: {len(found.drawn):,} permutations (seed {self.seed}); {what}.",
        ]
        if unit == "same":
            lines.append("Where people of one label ask or answer sooner, this is rejected too.")
        return lines

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.facts())


@dataclass(frozen=True, eq=False)
class ReturnCurves(Printed):
    """Curves of the time until an act is returned. Prints its facts, then a row a group.

    Attributes
    ----------
    waits : Waits
        All waits, of known group or not.
    groups : Groups
        Which group each is of.
    horizon : float, hours
        Up to when returns are looked at.
    of, answer : str
        What asks and what returns, in words.
    """

    waits: Waits
    groups: Groups
    horizon: float
    of: str
    answer: str

    def _rows(self, group: int) -> Array:
        return np.flatnonzero(self.groups.codes == group)

    @cached_property
    def _found(self) -> list[tuple[Estimated, Pairs, Array]]:
        """Of each group: its estimates, its pairs, and its waits."""
        out = []
        for group in range(len(self.groups.names)):
            rows = self._rows(group)
            pairs = pairs_of(self.waits.asker[rows], self.waits.answerer[rows])
            wait, ended = self.waits.hours[rows], self.waits.ended[rows]
            seen = float(self.waits.followed[rows].max(initial=0.0))
            out.append((estimated(wait, ended, pairs, self.horizon, seen), pairs, rows))
        return out

    # numbers

    def tidy(self, *, level: float = 0.95) -> pd.DataFrame:
        """One row a group: waits, people, share returned by the horizon, restricted mean and median hours.

        Each with ``_low`` and ``_high``. ``mean_hours`` is the mean of min(wait, horizon). NaN where waits
        could not be followed up to the horizon, or the curve stays below one half (``median_hours``); the
        facts say why.
        """
        import pandas as pd

        check_level(level)
        rows = []
        for name, (found, pairs, at) in zip(self.groups.names, self._found, strict=True):
            row = {"group": name, "waits": len(at)}
            row["people"] = len(np.union1d(pairs.ego, pairs.alter))
            both = {
                "returned": (found.share, *found.share_ends(level)),
                "mean_hours": (found.mean, *found.mean_ends(level)),
                "median_hours": (found.curve.quantile(0.5), *found.median_ends(level)),
            }
            for column, (value, low, high) in both.items():
                row |= {column: value, f"{column}_low": low, f"{column}_high": high}
            rows.append(row)
        return pd.DataFrame(rows)

    def curve(self, *, level: float = 0.95) -> pd.DataFrame:
        """The curves: group, hours, returned, std_error, df, low, high (pointwise), at_risk.

        A row for every length at which a wait ended, or for 200 of them, evenly by ends; one up to which the
        curve is known; and one at the horizon, NaN where waits could not be followed so far.
        """
        import pandas as pd

        check_level(level)
        parts = []
        for name, (found, _, at) in zip(self.groups.names, self._found, strict=True):
            low, high = found.band_ends(level)
            columns = {
                "hours": found.time,
                "returned": found.returned,
                "std_error": found.band.std_error,
                "df": found.band.df,
                "low": low,
                "high": high,
                "at_risk": found.curve.risk(found.time, self._seen(at)),
            }
            parts.append(pd.DataFrame({"group": name, **columns}))
        return pd.concat(parts, ignore_index=True)

    def _seen(self, rows: Array) -> Array:
        return truncated(self.waits.hours[rows], self.waits.ended[rows], self.horizon)[0]

    def steps(self) -> pd.DataFrame:
        """Every step of the curves: group, hours, at_risk, events, waiting (share that goes on)."""
        import pandas as pd

        parts = []
        for name, (found, _, _) in zip(self.groups.names, self._found, strict=True):
            one = found.curve
            columns = {"hours": one.time, "at_risk": one.at_risk, "events": one.events}
            parts.append(pd.DataFrame({"group": name, **columns, "waiting": one.survival}))
        return pd.concat(parts, ignore_index=True)

    def at_risk(self, hours: Any = None) -> pd.DataFrame:
        """How many still wait: one row a group and time, group, hours, at_risk, returned so far.

        Parameters
        ----------
        hours : sequence of float, optional
            Times; by default 0 and five even parts of the horizon.
        """
        import pandas as pd

        asked = np.linspace(0, self.horizon, 6) if hours is None else np.asarray(hours, dtype=float)
        parts = []
        for name, (found, _, at) in zip(self.groups.names, self._found, strict=True):
            events = np.append(0, np.cumsum(found.curve.events))
            so_far = events[np.searchsorted(found.curve.time, asked, side="right")]
            left = found.curve.risk(asked, self._seen(at))
            parts.append(pd.DataFrame({"group": name, "hours": asked, "at_risk": left, "ended": so_far}))
        return pd.concat(parts, ignore_index=True)

    def differences(self, *, level: float = 0.95) -> pd.DataFrame:
        """Each group against the first: share returned and restricted mean.

        Two rows a group but the first: group, reference, measure ("returned", "mean_hours"), estimate,
        std_error, df, low, high. People who are in both groups are in the errors of both.
        """
        import pandas as pd

        check_level(level)
        if len(self.groups.names) < 2:
            raise DesignError("There is one group, and so no difference: say by=.")
        first, pairs, _ = self._found[0]
        parts = []
        for name, (found, own, _) in zip(self.groups.names[1:], self._found[1:], strict=True):
            one = difference(found, first, (own, pairs))
            # two groups in each of which all waits are alike tell of no error
            half = np.where(one.errors.std_error > NO_ERROR, one.errors.margin(level), np.nan)
            columns = {"std_error": one.errors.std_error, "df": one.errors.df}
            ends = {"low": one.value - half, "high": one.value + half}
            measure = {"measure": ["returned", "mean_hours"], "estimate": one.value}
            named = {"group": name, "reference": self.groups.names[0]}
            parts.append(pd.DataFrame({**named, **measure, **columns, **ends}))
        return pd.concat(parts, ignore_index=True)

    def log_rank(self, *, draws: int = 999, seed: int | None = None) -> LogRankTest:
        r"""Whether the groups have one curve: the log-rank statistic, tested by permutation.

        Of groups of people their labels change places among those who ask, or are asked; of waits of one
        pair's, labels are shifted around within each ordered pair. p = (1 + #{as large}) / (1 + draws).

        Parameters
        ----------
        draws : int
        seed : int, optional

        Raises
        ------
        DesignError
            For groups of pairs, which share people and cannot change places one by one; for a single group.

        References
        ----------
        mantel1966, phipson2010
        """
        if not isinstance(draws, int) or isinstance(draws, bool) or draws < FEWEST_DRAWS:
            raise ArgumentError(f"draws is {draws!r}; it must be a whole number of at least {FEWEST_DRAWS}.")
        groups = self.groups
        if groups.unit in ("", "pair"):
            why = (
                "There is one group, and so nothing to test: say by=."
                if not groups.unit
                else f"{groups.name!r} is of pairs, which share people and cannot change places alone. "
                "differences() has intervals; hs.permute tests a label of pairs."
            )
            raise DesignError(why)
        known = np.flatnonzero(groups.codes >= 0)
        there = np.unique(groups.codes[known])
        if len(there) < 2:
            alone = "".join(f" {groups.names[one]}" for one in there.tolist()) or " not known"
            raise DesignError(f"{groups.name!r} is{alone} of every wait, so there are no groups to compare.")
        seed = seed_or_random(seed)
        found = _tested(self.waits.only(known), groups, groups.codes[known], self.horizon, (draws, seed))
        return LogRankTest(groups, found, seed, self.horizon)

    # words

    def facts(self) -> list[str]:
        """What was waited for, how many waits, which were cut off, and what the numbers are."""
        waits = self.waits
        late = int((~truncated(waits.hours, waits.ended, self.horizon)[1]).sum())
        cut = int((~waits.ended & (waits.hours < self.horizon)).sum())
        ordered = len(np.unique(waits.asker.astype(np.int64) * 2**31 + waits.answerer))
        people = len(np.union1d(waits.asker, waits.answerer))
        lines = [
            f"Waits from {self.of} to {self.answer}, strictly later: {len(waits):,} of "
            f"{counted(people, 'person', 'people')} in {counted(ordered, 'ordered pair')}; "
            f"{waits.asks - len(waits):,} further while one waited already start none.",
            f"Within {_span_words(self.horizon)} {len(waits) - late:,} ended; {cut:,} were cut off sooner by "
            "the end of the log, and count as far as they were seen (Kaplan–Meier).",
            ERRORS,
        ]
        return [*lines, *self._group_facts(), *self._undefined()]

    def _group_facts(self) -> list[str]:
        groups = self.groups
        if not groups.name:
            return []
        whose = {"asker": " of who asks", "answerer": " of who is asked", "act": " of the act that asks"}
        lines = [
            f"Groups by {groups.name}{whose.get(groups.unit, '')}: an association, nobody was put there."
        ]
        unknown = int((groups.codes < 0).sum())
        if unknown:
            lines.append(f"Left out: {counted(unknown, 'wait')} whose {groups.name} is not known.")
        return lines

    def _undefined(self) -> list[str]:
        lines = []
        for name, (found, pairs, at) in zip(self.groups.names, self._found, strict=True):
            where = f" ({name})" if self.groups.name else ""
            if not len(at):
                lines.append(f"No waits{where}: nothing is defined.")
            elif np.isnan(found.share):
                known = found.curve.followed
                all_ended = found.curve.survival.size and found.curve.survival[-1] == 0
                why = "the log ends" if all_ended else "the longest wait was cut off"
                lines.append(
                    f"Not known{where} beyond {known:.1f} h, where {why} before the horizon: no share "
                    f"returned by {_span_words(self.horizon)} and no restricted mean."
                )
            if found.share in (0.0, 1.0):
                which = "nothing" if found.share == 0 else "everything"
                lines.append(
                    f"No interval of the share{where}: {which} was returned, which tells of no error."
                )
            if len(at) and len(np.union1d(pairs.ego, pairs.alter)) < 3:
                lines.append(f"No intervals{where}: fewer than three people.")
        return lines

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.facts())


def _tested(waits: Waits, groups: Groups, codes: Array, horizon: float, how: tuple[int, int]) -> LogRank:
    wait, ended = truncated(waits.hours, waits.ended, horizon)
    left, rng = residuals(wait, ended), np.random.default_rng(how[1])
    if groups.unit == "same" and groups.labels is not None:
        test = by_sameness((waits.asker, waits.answerer), groups.labels, left, how[0], rng)
    elif groups.unit == "act":
        pair = waits.asker.astype(np.int64) * 2**31 + waits.answerer
        order = np.lexsort((waits.begin, pair))
        test = by_shifts(pair[order], codes[order], left[order], how[0], rng)
    else:
        who = waits.asker if groups.unit == "asker" else waits.answerer
        test = by_people(who, codes, left, how[0], rng)
    return judged(wait, ended, codes, len(groups.names), test)


def _span_words(hours: float) -> str:
    """A span as people say it.

    >>> _span_words(168.0), _span_words(1.0), _span_words(0.5)
    ('7 days', '1 h', '0.5 h')
    """
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} h"

"""The stifle ratio with its nulls: what it prints, and what it may be called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.fail_events import span_words
from honestsignals.inference.stifle_ratio import Judged, judged, rank_p, shuffled
from honestsignals.inference.variance import FEW_PEOPLE
from honestsignals.inference.words import counted
from honestsignals.metrics.acts import DAY
from honestsignals.moments import span
from honestsignals.printed import Printed
from honestsignals.return_groups import Groups
from honestsignals.stifle_study import StifleStudy
from honestsignals.stifle_tables import (
    DentLife,
    EventStudy,
    Sensitivity,
    dent_life,
    event_study,
    ratios,
    windows_of,
)
from honestsignals.tables import number, probability

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

ALPHA = 0.05
ERRORS = (
    "Intervals: 95 %, the larger of the net jackknife of people on the log ratio (whatever shares a person "
    "may depend on one another) and that of pairs, less what chance makes of the larger; t with effective "
    "degrees of freedom."
)
TOO_FEW = "too few openings of both kinds in the same ordered pairs"
CAUSE = "This is an association: what made an opening go unreturned may itself have kept the opener away."


@dataclass(frozen=True, eq=False)
class Stifling(Printed):
    """Whether somebody whose opening was left alone opens less often. Made by :func:`stifling`.

    Attributes
    ----------
    study : StifleStudy
        The openings looked at, with their windows.
    groups : Groups
        Of those openings, where a moderator was asked for.
    permutations : int
        Times that fails are shuffled; 0 for none.
    seed : int
    level : float
        Coverage of intervals.
    """

    study: StifleStudy
    groups: Groups
    permutations: int
    seed: int
    level: float = 0.95

    # numbers

    @cached_property
    def found(self) -> Judged:
        """The log ratio."""
        return judged(self.study.ratio())

    @cached_property
    def others(self) -> Judged:
        """The log ratio of the other's openings toward the opener, around the same openings."""
        return judged(self.study.others())

    @cached_property
    def against_others(self) -> Judged:
        """The opener's log ratio less the other's, both over what the spacing leaves to both before."""
        return self.study.against_others()

    @property
    def ratio(self) -> float:
        """The stifle ratio: below 1 where fewer openings follow one that was left alone."""
        return float(np.exp(self.found.value))

    @property
    def interval(self) -> tuple[float, float]:
        """Of the ratio."""
        low, high = np.exp(self.found.ends(self.level))
        return float(low), float(high)

    @cached_property
    def _shuffled(self) -> Array:
        at, alone = self.study.at, self.study.alone
        counts = at.after.astype(float), at.before.astype(float)
        return shuffled(self.study.strata, alone, counts, self.permutations, self.seed)

    @property
    def placebo(self) -> Array:
        """Ratios where which openings were left alone is shuffled within ordered pair, (permutations,)."""
        return np.exp(self._shuffled)

    @cached_property
    def placebo_p(self) -> float:
        """Two-sided p of the ratio among the shuffled."""
        if not self.permutations:
            return float("nan")
        return rank_p(self.found.value, self._shuffled)

    @property
    def passed(self) -> tuple[bool, bool]:
        """Whether the ratio is below 1 beyond shuffled fails, and beyond what both of a pair share.

        Neither is where the ratio's interval does not lie below 1: then there is nothing to pass them.
        """
        low = self.interval[1] < 1
        shared = self.against_others.value < 0 and self.against_others.p_value <= ALPHA
        return bool(low and self.placebo_p <= ALPHA), bool(low and shared)

    @property
    def standing(self) -> str:
        """What the ratio and all that hangs on it may be called, and how the two nulls stand."""
        shuffle, shared = self.passed
        first = _p(self.placebo_p) if self.permutations else "not asked for"
        nulls = (
            f"fails at shuffled times ({first}) {_stands(shuffle)}, "
            f"shared bursts ({_p(self.against_others.p_value)}) {_stands(shared)}"
        )
        if shuffle and shared:
            return f"Of the whole ratio both nulls are passed: {nulls}."
        first = "" if self.interval[1] < 1 else "No stifling is shown over the whole horizon. "
        return f"{first}No more than an association, as long as the ratio has not passed both nulls: {nulls}."

    @property
    def verdict(self) -> str:
        """What may be said, in a sentence or two."""
        low, high = self.interval
        if np.isnan(low):
            return "No interval: too few people or pairs carry the ratio, so nothing is said of it."
        if low <= 1 <= high:
            return "No stifling is shown: 1 is in the interval."
        if low > 1:
            return f"Openings left alone are followed by more, not by fewer. {CAUSE}"
        shuffle, shared = self.passed
        if shuffle and shared:
            return (
                "Openings left alone are followed by fewer, beyond fails at shuffled times and beyond what "
                "the two share: both nulls are passed. No experiment was made: what else differs at those "
                "times is not ruled out."
            )
        missing = [
            word for word, ok in (("fails at shuffled times", shuffle), ("shared bursts", shared)) if not ok
        ]
        return f"An association: not told from {' or from '.join(missing)}."

    # further looks

    def event_study(self, bins: int = 4) -> EventStudy:
        """Acts, openings and depth around the opening, of both, unreturned against returned.

        Parameters
        ----------
        bins : int
            Into which the time before, and the time after Δ, are each cut.
        """
        return event_study(self.study, bins, self.level, self.standing)

    def half_life(self, bins: int = 7, *, against_others: bool = False) -> DentLife:
        """How long the dent lasts, and whether it comes back within the horizon.

        Parameters
        ----------
        bins : int
            Into which the time after Δ is cut.
        against_others : bool
            Of the ratio over the other's, bin by bin: where a pair's bursts are shared, these bend the
            opener's own ratio as a dent would (docs/stifling.md has by how much).
        """
        return dent_life(self.study, bins, against_others, self.level, self.standing)

    def sensitivity(self, windows: Sequence[str] = ("6h", "12h", "1D", "2D", "4D", "7D")) -> Sensitivity:
        """The ratio as Δ varies, everything else the same.

        Parameters
        ----------
        windows : sequence of str
            Several Δ.
        """
        import pandas as pd

        rows = []
        for one in windows_of(windows):
            study = self.study.with_window(span(one, "windows"))
            one_ratio, seen = judged(study.ratio()), len(study.at.time)
            ends = np.exp([one_ratio.value, *one_ratio.ends(self.level)])
            unreturned = float(study.alone.mean()) if seen else float("nan")
            days = study.spans.window / DAY
            columns = dict(zip(("ratio", "low", "high"), ends, strict=True))
            reason = "" if np.isfinite(one_ratio.std_error) else TOO_FEW
            counts = {"openings": seen, "unreturned": unreturned, "reason": reason}
            rows.append({"window": one, "window_days": days, **columns, **counts})
        horizon = span_words(self.study.spans.horizon)
        said = (
            f"Stifle ratio of {self.study.source.words} over {horizon}, by Δ. {ERRORS}",
            f"Nulls were asked at a Δ of {span_words(self.study.spans.window)} only. {self.standing}",
        )
        return Sensitivity(pd.DataFrame(rows), said)

    # words

    def tidy(self) -> pd.DataFrame:
        """One row a ratio: what, group, ratio, low, high, p_value, df, openings, left_alone.

        And ``reason``, where a ratio or its interval is missing.
        """
        import pandas as pd

        alone = self.study.alone
        rows = [
            self._row("stifle ratio", "", self.found, (len(alone), int(alone.sum()))),
            self._row("the other's", "", self.others, (len(alone), int(alone.sum()))),
            self._row("against the other's", "", self.against_others, (len(alone), int(alone.sum()))),
        ]
        frame = pd.DataFrame([*rows, *self._group_rows()])
        spare = [*([] if self.groups.name else ["group"]), *([] if frame["reason"].any() else ["reason"])]
        return frame.drop(columns=spare)

    def _group_rows(self) -> list[dict[str, object]]:
        """Ratios of groups, then each over that of the first."""
        names, alone = self.groups.names, self.study.alone
        if not self.groups.name:
            return []
        parts = (self.groups.codes[:, None] == np.arange(len(names))).astype(float)
        found = self.study.ratio(parts)
        each, _ = ratios(found, self.level)
        counts = [(int(one.sum()), int((one * alone).sum())) for one in parts.T]
        rows = [self._row("stifle ratio", *one) for one in zip(names, each, counts, strict=True)]
        for place in range(1, len(names)):
            c = np.zeros(len(names))
            c[place], c[0] = 1.0, -1.0
            with np.errstate(invalid="ignore"):
                between = judged(found.of(c))
            both = (counts[0][0] + counts[place][0], counts[0][1] + counts[place][1])
            rows.append(self._row("ratio of ratios", f"{names[place]} / {names[0]}", between, both))
        return rows

    def _row(self, what: str, group: str, one: Judged, counts: tuple[int, int]) -> dict[str, object]:
        low, high = np.exp(one.ends(self.level))
        found = {"what": what, "group": group, "ratio": float(np.exp(one.value)), "low": low, "high": high}
        found |= {"p_value": one.p_value, "df": one.df, "openings": counts[0], "left_alone": counts[1]}
        return {**found, "reason": "" if np.isfinite(one.std_error) else TOO_FEW}

    def facts(self) -> list[str]:
        """What was compared, the ratio, its two nulls, and what it may be called."""
        study, source = self.study, self.study.source
        window, horizon = span_words(study.spans.window), span_words(study.spans.horizon)
        seen, alone = len(study.at.time), int(study.alone.sum())
        left = [f"{count:,} {reason}" for reason, count in study.left_out().items()]
        people = counted(study.strata.people, "person", "people")
        apart, (low, high) = span_words(study.spans.window + 2 * study.spans.horizon), self.interval
        lines = [
            f"{seen:,} of {len(source.able):,} {source.of} are looked at, {window} + {horizon} apart in each "
            f"ordered pair; {alone:,} of them were not returned within {window}. Left out: "
            f"{'; '.join(left) or 'none'}.",
            f"Ordered pairs with both kinds, {apart} apart, so that what follows one is not what precedes "
            f"the other; these tell the ratio (as Mantel and Haenszel pool): {study.telling:,}, of {people}.",
            f"Stifle ratio {number(self.ratio)} ({number(low)} to {number(high)}): the opener's {source.of} "
            f"to that other in the {horizon} after Δ, over those in the {horizon} before; left alone over "
            "returned.",
            *self._null_facts(),
            self.verdict,
            ERRORS,
        ]
        return [*lines, *self._notes()]

    def _null_facts(self) -> list[str]:
        other, versus = self.others, self.against_others
        low, high = np.exp(versus.ends(self.level))
        lines = ["Fails at shuffled times: not asked for (permutations=0)."]
        if self.permutations:
            lines = [
                f"Fails at shuffled times ({self.permutations:,}, within ordered pair, seed {self.seed}): "
                f"{self._spread()}; {_p(self.placebo_p)}."
            ]
        rate = number(float(np.exp(other.value)))
        against = f"{number(float(np.exp(versus.value)))} ({number(float(low))} to {number(float(high))})"
        lines.append(
            f"Shared bursts: the same ratio of the other's {self.study.source.of} is {rate}; the opener's "
            f"over it is {against}, {_p(versus.p_value)}."
        )
        return lines

    def _spread(self) -> str:
        """Ratios of shuffled fails in words; without parts there is none, or one that is 0 or infinite."""
        known = self._shuffled[~np.isnan(self._shuffled)]
        if not len(known):
            return "none of them has a ratio"
        # no mean of two draws where one is infinite
        low, middle, high = np.exp(np.quantile(known, [0.025, 0.5, 0.975], method="nearest"))
        return (
            f"half of them below a ratio of {number(float(middle))}, 95 % of them {number(float(low))} to "
            f"{number(float(high))}"
        )

    def _notes(self) -> list[str]:
        found = []
        people = self.study.strata.people
        if people < FEW_PEOPLE:
            found.append(f"Note: errors that rest on {people} people are not to be trusted.")
        weight = self.study.ratio().weight[:, 0]
        total = float(np.nansum(weight))
        if total > 0 and float(np.nanmax(weight)) / total > 0.25:
            found.append(
                "Note: one person's pairs carry more than half of what tells the ratio: its error is too "
                "small."
            )
        if self.groups.name:
            found.append(
                f"Rows by {self.groups.name} and ratios of ratios have intervals and no nulls: associations, "
                "whatever their p."
            )
        missing = int((self.groups.codes < 0).sum())
        if missing:
            many = counted(missing, f"{self.study.source.word} has", f"{self.study.source.of} have")
            found.append(f"Note: {many} no {self.groups.name}.")
        return found

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.facts())


def _stands(passed: bool) -> str:
    return "passed" if passed else "not passed"


def _p(value: float) -> str:
    """A p value within a sentence.

    >>> _p(0.0321), _p(1e-9)
    ('p = 0.0321', 'p < 0.0001')
    """
    shown = probability(value)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"

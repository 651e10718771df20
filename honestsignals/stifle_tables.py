"""What a study of stifling shows beside its ratio: around the opening, over Δ, and how long it lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError
from honestsignals.fail_events import span_words
from honestsignals.inference.event_means import matched, means
from honestsignals.inference.stifle_decay import HalfLife, half_life, last_bin, left_over
from honestsignals.inference.stifle_ratio import Judged, Pooled, judged
from honestsignals.metrics.acts import DAY
from honestsignals.metrics.opening_windows import by_bins
from honestsignals.printed import Printed
from honestsignals.stifle_study import StifleStudy, acts_of

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

MOST_BINS = 100
NO_DENT = (
    "the interval of the ratio over the horizon does not lie below 1, so no dent is shown that could end"
)


@dataclass(frozen=True, eq=False)
class EventStudy(Printed):
    """What both of a pair did around openings that were returned or not; prints its facts, then a row a bin.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``of`` (acts, openings or disclosures, depth), ``by`` (opener or other), ``opening`` (returned or
        left alone), ``from_day``, ``to_day``, ``value`` (a day, or a mean depth), ``low``, ``high``.
    said : tuple of str
    """

    frame: pd.DataFrame
    said: tuple[str, ...]

    def facts(self) -> list[str]:
        """What was averaged over what."""
        return list(self.said)

    def tidy(self) -> pd.DataFrame:
        """The frame."""
        return self.frame

    def note(self) -> str:
        """The facts in one line."""
        return " ".join(self.said)


@dataclass(frozen=True, eq=False)
class Sensitivity(Printed):
    """What becomes of a number as Δ varies; prints its facts, then a row a Δ.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``window``, ``window_days``, what varies with its interval, and what it rests on.
    said : tuple of str
    """

    frame: pd.DataFrame
    said: tuple[str, ...]

    def facts(self) -> list[str]:
        """What varies."""
        return list(self.said)

    def tidy(self) -> pd.DataFrame:
        """The frame."""
        return self.frame

    def note(self) -> str:
        """The facts in one line."""
        return " ".join(self.said)


@dataclass(frozen=True, eq=False)
class DentLife(Printed):
    """How long a dent lasts, and whether it comes back; prints its facts, then a row a bin.

    Attributes
    ----------
    found : HalfLife
        In days.
    last : Judged
        The log ratio of the last bin.
    frame : pandas.DataFrame
        ``from_day``, ``to_day`` (since Δ ran out), ``ratio``, ``low``, ``high``, ``fitted``.
    standing : str
        What it may be called, as its ratio.
    """

    found: HalfLife
    last: Judged
    frame: pd.DataFrame
    standing: str

    @property
    def value(self) -> float:
        """Days after which half of the dent is left, on the log scale; NaN where ``reason`` says why."""
        return self.found.value

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval in days: 0 or infinite at an end that nothing speaks against."""
        return self.found.low, self.found.high

    @property
    def reason(self) -> str:
        """Why there is no half-life; empty where there is one."""
        return self.found.reason

    def facts(self) -> list[str]:
        """The half-life, and the last bin."""
        low, high = self.interval
        ends = f" (95 % interval {low:.3g} to {'∞' if np.isinf(high) else f'{high:.3g}'} days)"
        ends = "" if np.isnan(low) else ends
        if self.reason:
            first = f"No half-life: {self.reason}{ends}."
        else:
            first = (
                f"Half-life of the dent: {self.value:.3g} days{ends}, from a ratio of "
                f"{np.exp(self.found.dent):.3g} when Δ has run out."
            )
        row = self.frame.iloc[-1]
        where = f"On days {row['from_day']:g} to {row['to_day']:g} after Δ"
        if np.isnan(self.last.std_error):
            return [first, f"{where} there are too few openings for a ratio.", self.standing]
        back = "1 is in its interval"
        if row["high"] < 1 or row["low"] > 1:
            back = "it has not come back" if row["high"] < 1 else "it is above 1"
        last = f"{where} the ratio is {row['ratio']:.3g} ({row['low']:.3g} to {row['high']:.3g}): {back}."
        return [first, last, self.standing]

    def tidy(self) -> pd.DataFrame:
        """The frame."""
        return self.frame

    def note(self) -> str:
        """The facts in one line."""
        return " ".join(self.facts())


def check_bins(bins: object, least: int) -> int:
    """A number of bins.

    Raises
    ------
    ArgumentError
        For what is none.
    """
    whole = isinstance(bins, int | np.integer) and not isinstance(bins, bool)
    if not whole or not least <= bins <= MOST_BINS:  # type: ignore[operator]
        raise ArgumentError(f"bins is {bins!r}; it must be a whole number from {least} to {MOST_BINS}.")
    return int(bins)  # type: ignore[call-overload]


def ratios(found: Pooled, level: float) -> tuple[list[Judged], list[tuple[float, float, float]]]:
    """Each log ratio judged, and the ratios with their ends."""
    one = [judged(found.of(c)) for c in np.eye(len(found.value))]
    return one, [tuple(np.exp([each.value, *each.ends(level)])) for each in one]


def dent_life(study: StifleStudy, bins: int, against_others: bool, level: float, standing: str) -> DentLife:
    """How long the dent lasts; see `half_life`. None is told unless the ratio's interval lies below 1."""
    import pandas as pd

    found, edges, weight = study.by_time(check_bins(bins, 3), against_others)
    whole = study.against_others() if against_others else judged(study.ratio())
    life = half_life(found, edges, weight, whole.df, level)
    if not (life.reason and np.isnan(life.dent)) and not whole.ends(level)[1] < 0:
        nothing = float("nan")
        life = HalfLife(nothing, nothing, nothing, nothing, NO_DENT)
    ends = np.array(ratios(found, level)[1])
    columns = {"from_day": edges[:-1], "to_day": edges[1:]}
    columns |= dict(zip(("ratio", "low", "high"), ends.T, strict=True))
    fitted = np.full(bins, np.nan)
    if not life.reason:
        fitted = np.exp(life.dent * left_over(np.array([life.value]), edges)[0])
    return DentLife(life, last_bin(found), pd.DataFrame({**columns, "fitted": fitted}), standing)


def event_study(study: StifleStudy, bins: int, level: float, standing: str) -> EventStudy:
    """Means a day around openings of both kinds, in the same ordered pairs."""
    import pandas as pd

    half = np.round(np.linspace(0, study.spans.horizon, check_bins(bins, 1) + 1)).astype(np.int64)
    edges = np.concatenate([-half[::-1], study.spans.window + half])
    weight = matched(study.strata.row, study.alone)
    parts, of, acts = [], study.source.of, acts_of(study.source)
    for word, other in (("opener", False), ("other", True)):
        counts = by_bins(study.source.events, study.at, edges, other).astype(float)
        parts += _rows(study, (of, word), counts, np.diff(edges) / DAY, (edges, weight, level))
        counts = by_bins(acts[0], study.at, edges, other, acts[1])
        parts += _rows(study, ("acts", word), counts, np.diff(edges) / DAY, (edges, weight, level))
        if not np.isnan(study.source.depth).all():
            deep, known = _depths(study, edges, other)
            parts += _rows(study, ("depth", word), deep, known, (edges, weight, level))
    window, horizon = span_words(study.spans.window), span_words(study.spans.horizon)
    said = (
        f"{of.capitalize()} a day, and all acts that count as giving, {horizon} before and after the "
        f"{window} that a return is waited for; what comes while it is waited for has a row of its own. "
        "Those looked at are some time apart, which leaves fewer of the opener's just before, whether "
        "returned or not.",
        f"Returned and left alone are compared in the same ordered pairs ({study.telling:,} have both): an "
        "ordered pair weighs alike in either. 95 % intervals over people.",
        standing,
    )
    frame = pd.DataFrame(parts)
    order = {name: place for place, name in enumerate((of, "acts", "depth"))}
    return EventStudy(
        frame.sort_values("of", key=lambda one: one.map(order), kind="stable", ignore_index=True), said
    )


def _rows(
    study: StifleStudy,
    words: tuple[str, str],
    top: Array,
    bottom: Array,
    how: tuple[Array, Array, float],
) -> list[dict[str, object]]:
    """Rows of one quantity, of openings left alone and of those returned."""
    edges, weight, level = how
    place = study.at.place
    found: list[dict[str, object]] = []
    for name, which in (("left alone", study.alone), ("returned", study.at.returned)):
        w = (weight * which)[:, None]
        under = np.asarray(w * np.broadcast_to(bottom, top.shape), dtype=float)
        one = means(
            np.asarray(w * top, dtype=float),
            under,
            study.source.opener[place],
            study.source.other[place],
            level,
        )
        for column in range(len(edges) - 1):
            day = {"from_day": edges[column] / DAY, "to_day": edges[column + 1] / DAY}
            ends = {"value": one.value[column], "low": one.low[column], "high": one.high[column]}
            found.append({"of": words[0], "by": words[1], "opening": name, **day, **ends})
    return found


def _depths(study: StifleStudy, edges: Array, other: bool) -> tuple[Array, Array]:
    """Sums of known depths in each bin, and how many are known."""
    source = study.source
    known = ~np.isnan(source.depth)
    events = source.events._replace(
        group=source.events.group[known], time=source.events.time[known], back=source.events.back[known]
    )
    running = np.concatenate([[0.0], np.cumsum(source.depth[known])])
    deep = by_bins(events, study.at, edges, other, running)
    return deep, by_bins(events, study.at, edges, other).astype(float)


def windows_of(windows: object) -> Sequence[str]:
    """Several Δ, as spans.

    Raises
    ------
    ArgumentError
        For what is no list of spans.
    """
    if isinstance(windows, str) or not isinstance(windows, Sequence) or not len(windows):
        raise ArgumentError(f"windows is {windows!r}; it must be a list of spans such as ['6h', '1D'].")
    return [str(one) for one in windows]

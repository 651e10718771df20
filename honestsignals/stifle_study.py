"""Openings that were returned or not, and what came before and after: what results of stifling rest on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from honestsignals.errors import DesignError
from honestsignals.fail_events import Initiatives, span_words
from honestsignals.inference.stifle_ratio import (
    Judged,
    Pooled,
    Strata,
    judged,
    less,
    pooled,
    products,
    strata_of,
)
from honestsignals.metrics.acts import DAY
from honestsignals.metrics.opening_windows import Openings, Spans, Windows, by_bins, windows
from honestsignals.return_waits import counts_of, ordered_acts

Array = np.ndarray[Any, np.dtype[Any]]


def acts_of(source: Initiatives) -> tuple[Openings, Array]:
    """All acts that count as giving by ordered pair and time, and running sums of how many each row is."""
    acts = ordered_acts(source.log)
    group = 2 * acts.pair + ~acts.from_low
    at = np.flatnonzero(acts.giving)
    at = at[np.lexsort((acts.time[at], group[at]))]
    count = counts_of(source.log, acts)[at]
    return Openings(group[at], acts.time[at], acts.time[at]), np.concatenate([[0.0], np.cumsum(count)])


@dataclass(frozen=True, eq=False)
class StifleStudy:
    """Spaced openings with their windows.

    Attributes
    ----------
    source : Initiatives
    spans : Spans
        Δ, h and the moments observed.
    """

    source: Initiatives
    spans: Spans

    @cached_property
    def at(self) -> Windows:
        """The openings looked at."""
        return windows(self.source.events, self.source.able, self.spans)

    @cached_property
    def strata(self) -> Strata:
        """Their ordered pairs and people."""
        place = self.at.place
        return strata_of(self.at.group, self.source.opener[place], self.source.other[place], self.at.near)

    @property
    def alone(self) -> Array:
        """Which were left alone for all of Δ."""
        return ~self.at.returned

    @property
    def telling(self) -> int:
        """Ordered pairs with openings of both kinds whose windows do not reach into one another."""
        one = np.ones((len(self.at.time), 1))
        return int((products(self.strata, self.alone, one, one)[0] > 0).sum())

    def with_window(self, window: int) -> StifleStudy:
        """The same with another Δ."""
        return replace(self, spans=self.spans._replace(window=window))

    def check(self) -> None:
        """Refuse where there is nothing to compare.

        Raises
        ------
        DesignError
        """
        window, horizon = span_words(self.spans.window), span_words(self.spans.horizon)
        if not self.source.able.any():
            raise DesignError(self.source.deep_words)
        if not len(self.at.time):
            seen = span_words(max(self.spans.end - self.spans.start, 0))
            raise DesignError(
                f"None of {len(self.source.able):,} {self.source.words} has {horizon} before it and {window} "
                f"+ {horizon} after it within the {seen} observed: choose a shorter horizon."
            )
        if not self.telling:
            apart = span_words(self.spans.window + 2 * self.spans.horizon)
            raise DesignError(
                f"No ordered pair has {self.source.words} that were returned within {window} and others that "
                f"were not, {apart} apart, so that the windows of the two do not meet: nothing can be "
                "compared within pairs. A shorter horizon asks for less."
            )

    def pooled(self, after: Array, before: Array, parts: Array | None = None) -> Pooled:
        """Log ratios of after over before, left alone against returned; of parts of the openings, (m, k)."""
        after, before = (np.asarray(one, dtype=float)[:, None] for one in (after, before))
        if parts is not None:
            after, before = after * parts, before * parts
        return pooled(self.strata, *products(self.strata, self.alone, after, before))

    def ratio(self, parts: Array | None = None) -> Pooled:
        """The stifle ratio, log."""
        return self.pooled(self.at.after, self.at.before, parts)

    def others(self, parts: Array | None = None) -> Pooled:
        """The same ratio of the other's openings toward the opener, log."""
        return self.pooled(self.at.other_after, self.at.other_before, parts)

    def against_others(self) -> Judged:
        """The opener's ratio over the other's, log: a burst that both share is in either."""
        return judged(less(self.pooled(self.at.after, self.at.shared_before), self.others()))

    def by_time(self, bins: int, against_others: bool = False) -> tuple[Pooled, Array, Array]:
        """Log ratios by time since Δ ran out, edges of the bins in days, and weights of the bins."""
        edges = np.round(np.linspace(0, self.spans.horizon, bins + 1)).astype(np.int64)
        before = self.at.shared_before if against_others else self.at.before
        found, weight = self._bins(edges, before)
        if against_others:
            others, weighs = self._bins(edges, self.at.other_before, other=True)
            found, weight = less(found, others), weight * weighs / np.maximum(weight + weighs, 1.0)
        return found, edges / DAY, weight

    def _bins(self, edges: Array, before: Array, other: bool = False) -> tuple[Pooled, Array]:
        after = by_bins(self.source.events, self.at, self.spans.window + edges, other).astype(float)
        under = np.repeat(before[:, None].astype(float), len(edges) - 1, axis=1)
        found = pooled(self.strata, *products(self.strata, self.alone, after, under))
        left, back = after[self.alone].sum(axis=0), after[~self.alone].sum(axis=0)
        # the inverse variance of a log ratio of counts, were they independent
        return found, left * back / np.maximum(left + back, 1.0)

    def left_out(self) -> dict[str, int]:
        """Openings not looked at, by reason."""
        events, able, spans = self.source.events, self.source.able, self.spans
        unknown = np.isnan(self.source.depth)
        early = able & (events.time - spans.horizon < spans.start)
        late = able & ~early & (events.time + spans.window + spans.horizon > spans.end)
        reach = span_words(spans.window + spans.horizon)
        near = int(able.sum() - early.sum() - late.sum()) - len(self.at.time)
        found = {
            "not so deep": int((~able & ~unknown).sum()),
            "of unknown depth": int((~able & unknown).sum()),
            f"less than {span_words(spans.horizon)} after the start": int(early.sum()),
            f"less than {reach} before the end": int(late.sum()),
            f"less than {reach} after one that is looked at": near,
        }
        return {reason: count for reason, count in found.items() if count}

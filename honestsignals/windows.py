"""Windows: the metrics of a log over one stretch of time after another."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from honestsignals.errors import ArgumentError, DesignError
from honestsignals.metric_table import MetricTable
from honestsignals.metrics.registry import NO_RANGE, Fact
from honestsignals.moments import span

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

CALENDAR = {"day": "D", "week": "W-MON", "month": "MS", "quarter": "QS", "year": "YS"}
"""Windows of the calendar, and where pandas lets each begin; weeks begin on Monday."""
MOST_WINDOWS = 100_000


class Windowed(Protocol):
    """What of a log is measured window by window."""

    def window(self, start: object = None, end: object = None) -> Any:
        """The acts from a moment on and before another."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Stretches of a log's time, each measured by itself. Made by ``log.windows()``.

    Attributes
    ----------
    log : InteractionLog or Study
        The log, or a study with its acts.
    edges : ndarray of int64, shape (n_windows, 2)
        First moment of each window, and the first after it; a log was observed for the whole of a window
        only where ``whole`` says so.
    shown : tuple of pair
        The same as people read them: dates, seconds from time zero, or waves.
    observed : tuple of pair
        The same, of what was observed of each window: a log's end cuts off, and is no silence.
    whole : ndarray of bool, shape (n_windows,)
        Whether the log was observed from the window's first moment to its last.
    words : str
        What windows they are.
    """

    log: Windowed
    edges: Array
    shown: tuple[tuple[Any, Any], ...]
    observed: tuple[tuple[Any, Any], ...]
    whole: Array
    words: str

    def __len__(self) -> int:
        return len(self.edges)

    def __iter__(self) -> Iterator[Any]:
        """The log, or the study, of each window."""
        return (self.log.window(start, end) for start, end in self.observed)

    def dyads(
        self,
        metrics: Sequence[str] | str | None = None,
        *,
        pairs: str = "in contact",
        conversation_gap: str = "1h",
        period: str = "7D",
        spans: Mapping[str, str | float] | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> MetricTable:
        """Dyad metrics, one row a window and pair.

        Parameters
        ----------
        metrics : sequence of str, str or None
            Columns or families; None for all that the log can have.
        pairs : {"in contact", "all"}
            Pairs with an act in the window, or every pair of people.
        conversation_gap, period : str
            Spans of event metrics, as in ``log.dyads()``.
        spans : mapping of str to str or float, optional
            Further spans, as in ``log.dyads()``.
        progress : callable, optional
            Told what is being done.
        """
        how = {"conversation_gap": conversation_gap, "period": period, "spans": spans}
        return self._stacked(
            "Dyads by window", lambda log: log.dyads(pairs=pairs, metrics=metrics, **how), progress
        )

    def people_metrics(
        self,
        metrics: Sequence[str] | str | None = None,
        *,
        of: str = "acts",
        conversation_gap: str = "1h",
        period: str = "7D",
        spans: Mapping[str, str | float] | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> MetricTable:
        """People metrics, one row a window and person.

        Parameters
        ----------
        metrics : sequence of str, str or None
            Names or families; None for all that the log can have.
        of : str
            What was given: "acts", "weight", or a kind.
        conversation_gap, period : str
            Spans of event metrics, as in ``log.people_metrics()``.
        spans : mapping of str to str or float, optional
            Further spans, as in ``log.people_metrics()``.
        progress : callable, optional
            Told what is being done.
        """
        how = {"conversation_gap": conversation_gap, "period": period, "spans": spans}
        return self._stacked(
            "People by window", lambda log: log.people_metrics(metrics, of=of, **how), progress
        )

    def network_metrics(
        self,
        metrics: Sequence[str] | str | None = None,
        *,
        of: str = "acts",
        progress: Callable[[str], None] | None = None,
    ) -> MetricTable:
        """Network metrics, one row a window and metric.

        Parameters
        ----------
        metrics : sequence of str, str or None
            Names or families; None for all.
        of : str
            What was given: "acts", "weight", or a kind.
        progress : callable, optional
            Told what is being done.
        """
        return self._stacked("Network by window", lambda log: log.network_metrics(metrics, of=of), progress)

    def _stacked(
        self, title: str, measured: Callable[[Any], Any], progress: Callable[[str], None] | None
    ) -> MetricTable:
        """The tables of all windows, one below the other."""
        import pandas as pd

        frames: list[pd.DataFrame] = []
        about: tuple[Fact, ...] = ()
        said: dict[str, int] = {}
        for place, log in enumerate(self):
            if progress is not None:
                progress(f"Window {place + 1:,} of {len(self):,}")
            table = measured(log)
            about = table.about
            for note in getattr(table, "design", table).notes:
                said[note] = said.get(note, 0) + 1
            front = {"window": place, "start": self.shown[place][0], "end": self.shown[place][1]}
            front["whole"] = bool(self.whole[place])
            frames.append(pd.DataFrame(front, index=table.frame.index).join(table.frame))
        filled = [frame for frame in frames if len(frame)]
        frame = pd.concat(filled or frames[:1], ignore_index=True)
        design = tuple(Fact(*one, range=NO_RANGE) for one in WINDOW_FACTS)
        shown = ("window", "start", "end", "whole", "name", "value") if "value" in frame else ()
        return MetricTable(title, frame, (*design, *about), (*self.facts(), *self._common(said)), shown)

    def _common(self, said: Mapping[str, int]) -> list[str]:
        """What the tables of the windows say: of all alike, or of how many."""
        alike = [note for note, times in said.items() if times == len(self)]
        others = {note: times for note, times in said.items() if times < len(self) and "is not here" in note}
        return [*alike, *(f"In {times:,} of the windows: {note}" for note, times in others.items())]

    def facts(self) -> list[str]:
        """What windows these are."""
        cut = int((~self.whole).sum())
        lines = [self.words]
        if cut:
            lines.append(
                f"{cut:,} of them reach beyond what was observed and are measured as far as it was: their "
                "column 'whole' is False."
            )
        lines.append("Each window is measured as a log of its own: nothing before or after it counts.")
        return lines

    def __str__(self) -> str:
        return "\n".join(["Windows", *self.facts()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.facts())
        return f"<p><b>Windows</b></p><ul>{items}</ul>"


WINDOW_FACTS = (
    ("window", "window", "design", "number of the window, from 0", "", "count"),
    ("start", "start", "design", "first moment of the window", "", "time"),
    ("end", "end", "design", "first moment after the window", "", "time"),
    ("whole", "whole", "design", "whether all of the window was observed", "", ""),
)


def windows_of(
    log: Windowed,
    edges: tuple[Array, str],
    observed: tuple[int, int],
    as_shown: Callable[[Array], list[Any]],
) -> Windows:
    """Windows of a log from their edges (see :func:`window_edges`).

    Parameters
    ----------
    log : InteractionLog
        The log.
    edges : tuple
        Edges, and what windows they are.
    observed : tuple of int
        First and last moment at which an act would have been in the log.
    as_shown : callable
        Makes of moments what people read.
    """
    (first, after), words = edges[0].T, edges[1]
    seen = np.maximum(first, observed[0]), np.minimum(after, observed[1] + 1)
    shown, inside = (
        tuple(zip(as_shown(one), as_shown(other), strict=True)) for one, other in ((first, after), seen)
    )
    return Windows(log, edges[0], shown, inside, (first >= observed[0]) & (after <= observed[1] + 1), words)


def window_edges(
    observed: tuple[int, int], length: object, step: object, clock: str | None, dated: bool
) -> tuple[Array, str]:
    """Edges of windows over what was observed, and what windows they are.

    Parameters
    ----------
    observed : tuple of int
        First and last moment at which an act would have been in the log.
    length : str or int
        A span ("7D"), a word of the calendar ("month"), or a number of waves.
    step : str, int or None
        From one window's beginning to the next; windows follow one another where None.
    clock : {"time", "wave"} or None
        How the log counts.
    dated : bool
        Whether its times have a calendar.

    Returns
    -------
    edges : ndarray of int64, shape (n_windows, 2)
    words : str
    """
    if clock is None:
        raise DesignError("This log has no time, so it has no windows.")
    start, end = observed
    if isinstance(length, str) and length in CALENDAR:
        return _calendar(start, end, length, step, clock == "time" and dated)
    if clock == "wave":
        width, stride = (_waves(one) for one in (length, length if step is None else step))
    else:
        width = span(length, "length")
        stride = width if step is None else span(step, "step")
    many = max(0, end - start) // stride + 1
    if many > MOST_WINDOWS:
        raise ArgumentError(f"Windows of {length!r} would be {many:,}, more than {MOST_WINDOWS:,}.")
    first = start + stride * np.arange(many, dtype=np.int64)
    kind = f"{many:,} windows of {length}" + ("" if step is None else f", one every {step}")
    return np.stack([first, first + width], axis=1), f"{kind}, from the log's first moment on."


def _waves(value: object) -> int:
    """A number of waves."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ArgumentError(f"{value!r} is not a number of waves; this log has waves and no spans of time.")
    return value


def _calendar(start: int, end: int, length: str, step: object, dated: bool) -> tuple[Array, str]:
    """Days, weeks, months, quarters or years, in UTC."""
    import pandas as pd

    if not dated:
        raise DesignError(f"The times of this log have no calendar, so there is no {length!r}; say a span.")
    if step is not None:
        raise ArgumentError(f"Windows of a {length} follow one another; step={step!r} is for a span.")
    first, last = (pd.Timestamp(moment, unit="us") for moment in (start, end))
    offset = pd.tseries.frequencies.to_offset(CALENDAR[length])
    begin = offset.rollback(first.normalize())
    after = (last + pd.Timedelta(1, "us")).normalize() + offset
    marks = pd.date_range(begin, after, freq=offset)
    moments = marks.as_unit("us").asi8
    edges = np.stack([moments[:-1], moments[1:]], axis=1)
    edges = edges[(edges[:, 0] <= end) & (edges[:, 1] > start)]
    return edges, f"{len(edges):,} windows, each a {length} of the calendar (UTC)."

"""Moments and spans as people write them, in the unit of a log."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.metrics.acts import DAY, HOUR, SECOND, Settings
from honestsignals.readers.times import parse_stamp


def moment(value: object, clock: str | None, dated: bool) -> int:
    """A moment as a log counts it: microseconds, or a wave.

    Parameters
    ----------
    value : str, datetime or number
        A date where the log is dated, else seconds from time zero or a wave.
    clock : {"time", "wave"} or None
        How the log counts.
    dated : bool
        Whether its times have a calendar.

    Raises
    ------
    DesignError
        Where the log has no time.
    ArgumentError
        For what is no date, or no number.

    Examples
    --------
    >>> moment("1970-01-01T00:00:02Z", "time", True), moment(1.5, "time", False), moment(3, "wave", False)
    (2000000, 1500000, 3)
    """
    import pandas as pd

    if clock is None:
        raise DesignError(f"This log has no time, so {value!r} has no place in it.")
    if clock == "wave" or not dated:
        return _number(value, clock == "wave")
    if isinstance(value, str):
        stamp = parse_stamp(value)
        if isinstance(stamp, str):
            raise ArgumentError(f"{value!r} {stamp}; dates are written 2024-12-31 or 2024-12-31T23:59:59Z.")
        return stamp.micros
    if not isinstance(value, datetime.date | np.datetime64) or pd.isna(value):
        raise ArgumentError(f"{value!r} is not a date; times of this log are dates.")
    found = pd.Timestamp(value)
    found = found if found.tzinfo is None else found.tz_convert("UTC").tz_localize(None)
    return int(found.to_datetime64().astype("datetime64[us]").astype(np.int64))


def _number(value: object, wave: bool) -> int:
    """A moment of a log whose times are numbers."""
    what = "waves" if wave else "seconds from time zero"
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ArgumentError(f"{value!r} is not a number; times of this log are {what}.")
    if not np.isfinite(value) or (wave and value != int(value)):
        rule = "a whole number" if wave else "finite"
        raise ArgumentError(f"{value!r} is not {rule}; times of this log are {what}.")
    return int(value) if wave else round(float(value) * SECOND)


FURTHER = ("reply_horizon", "silence", "disclosure_window", "stifle_horizon", "depth_margin")
"""Spans of event metrics that are given together, by name; of depth it is a number."""


def settings_of(
    conversation_gap: str | float, period: str | float, spans: Mapping[str, str | float] | None = None
) -> Settings:
    """Spans of event metrics from what people write.

    >>> settings_of("30min", "1D", {"silence": "2D", "depth_margin": 0.5}).conversation_gap
    1800000000
    """
    further: dict[str, Any] = {}
    for name, value in (spans or {}).items():
        if name not in FURTHER:
            hint = f"{name!r} is a parameter of its own." if name in ("conversation_gap", "period") else ""
            raise unknown("span", name, FURTHER, hint)
        further[name] = _margin(value) if name == "depth_margin" else span(value, name)
    return Settings(span(conversation_gap, "conversation_gap"), span(period, "period"), **further)


def _margin(value: object) -> float:
    """A difference of depths."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        number = math.nan
    else:
        number = float(value)
    if not 0 <= number < math.inf:
        raise ArgumentError(f"depth_margin is {value!r}; it must be a number, 0 or more, as depth counts.")
    return number


def span(value: object, name: str) -> int:
    """A span in microseconds, from "1h", "7D" or a timedelta.

    >>> span("2h", "period")
    7200000000
    """
    import pandas as pd

    error = ArgumentError(f"{name} is {value!r}; it must be a span such as '1h', '30min' or '7D'.")
    bare = isinstance(value, str) and re.fullmatch(r"[\d\s.+-]*", value)
    # a bare number has no unit, and pandas would take it for nanoseconds
    if bare or not isinstance(value, str | datetime.timedelta | np.timedelta64):
        raise error
    try:
        found = pd.Timedelta(value)
    except ValueError:
        raise error from None
    if pd.isna(found):
        raise error
    microseconds = int(found // pd.Timedelta(1, "us"))
    if microseconds <= 0:
        raise ArgumentError(f"{name} is {value!r}; it must be longer than nothing.")
    return microseconds


def spans_in_words(settings: Settings, depth: bool = False) -> str:
    """The spans of event metrics in words; with depth, those of disclosures too.

    >>> spans_in_words(Settings())
    'Conversation gap and reply window 1 h; periods of 7 days; replies awaited 1 day, silence 7 days.'
    """
    hours, days = settings.conversation_gap / HOUR, settings.period / DAY
    awaited, silence = (_days(one) for one in (settings.reply_horizon, settings.silence))
    told = f"; disclosures returned within {_days(settings.disclosure_window)}" if depth else ""
    if depth and settings.depth_margin:
        told += f", depths up to {settings.depth_margin:g} apart as deep"
    return (
        f"Conversation gap and reply window {hours:g} h; periods of {days:g} days; "
        f"replies awaited {awaited}, silence {silence}{told}."
    )


def _days(span: int) -> str:
    days = span / DAY
    return f"{days:g} day{'' if days == 1 else 's'}" if days >= 1 else f"{span / HOUR:g} h"

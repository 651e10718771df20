"""Pooled reply times: one Kaplan-Meier curve of all of a person's contacts, against loops."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.metrics.answering import restricted_mean
from tests.corpus import log_of, random_rows

HOUR = 3600


def curve_area(spells: list[tuple[float, bool]], horizon: float) -> float:
    """The area below the curve up to the horizon, event time by event time."""
    if not spells:
        return math.nan
    area, level, now = 0.0, 1.0, 0.0
    for moment in sorted({length for length, _ in spells}):
        if moment > horizon:
            break
        area += level * (moment - now)
        now = moment
        at_risk = sum(length >= moment for length, _ in spells)
        ended = sum(length == moment and not cut for length, cut in spells)
        level *= 1 - ended / at_risk
    if level > 0 and max(length for length, _ in spells) < horizon:
        return math.nan
    return area + level * (horizon - now)


def waits(rows: list[tuple[str, str, int]], person: str, gap: int) -> list[tuple[float, bool]]:
    """Every wait of somebody for a person's next act after opening a conversation, pair by pair."""
    end = max(time for *_, time in rows)
    found = []
    for other in {name for row in rows for name in row[:2]} - {person}:
        acts = sorted((t, s) for s, r, t in rows if {s, r} == {person, other})
        last, waited_until = None, -math.inf
        for moment in sorted({t for t, _ in acts}):
            givers = {s for t, s in acts if t == moment}
            if (last is None or moment - last > gap) and givers == {other} and moment >= waited_until:
                after = [t for t, s in acts if s == person and t > moment]
                waited_until = min(after) if after else math.inf
                found.append((min(after) - moment, False) if after else (end - moment, True))
            last = moment
    return found


@pytest.mark.parametrize("seed", range(12))
def test_waits_of_all_contacts_make_one_curve(seed: int) -> None:
    rows = random_rows(seed, people=5, acts=int(np.random.default_rng(seed).integers(3, 90)))
    table = log_of(rows).people_metrics(["response_hours"], spans={"reply_horizon": "2D"}).frame
    for person, value in zip(table["person"], table["response_hours"], strict=True):
        expected = curve_area(waits(rows, person, HOUR), 48 * HOUR) / HOUR
        assert value == pytest.approx(expected, rel=1e-12, nan_ok=True), person


@pytest.mark.parametrize("seed", range(10))
def test_the_area_is_that_of_the_curve(seed: int) -> None:
    rng = np.random.default_rng(seed)
    group, length = rng.integers(0, 6, 40), rng.integers(0, 12, 40)
    cut = rng.random(40) < 0.3
    found = restricted_mean(group, (length, cut), 8, 7)
    for one in range(7):
        spells = [(float(a), bool(b)) for a, b in zip(length[group == one], cut[group == one], strict=True)]
        assert found[one] == pytest.approx(curve_area(spells, 8), nan_ok=True, rel=1e-12)


def test_one_contact_pooled_is_the_pair() -> None:
    rows = [("a", "b", 0), ("b", "a", 7200), ("a", "b", 90_000), ("b", "a", 90_060), ("a", "b", 400_000)]
    log = log_of(rows)
    pooled = log.people_metrics(["response_hours", "response_hours_mean"]).frame.set_index("person")
    pair = log.dyads(metrics=["reply_hours_ego", "reply_hours_alter"]).frame.iloc[0]
    np.testing.assert_allclose(pooled.loc["a"], [pair["reply_hours_ego"]] * 2)
    np.testing.assert_allclose(pooled.loc["b"], [pair["reply_hours_alter"]] * 2)


def test_without_times_it_is_refused() -> None:
    log = hs.read_log(pd.DataFrame({"sender": ["a"], "receiver": ["b"]}))
    with pytest.raises(hs.DesignError, match="'response_hours' needs a time column"):
        log.people_metrics("response_hours")

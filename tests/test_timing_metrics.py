"""Waits, giving up, contingent return, the ledger and rhythm: against loops and references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from honestsignals.engines.local import LocalEngine
from honestsignals.engines.passes import LogColumns, Rows
from honestsignals.metrics.acts import DAY, HOUR, Settings
from honestsignals.metrics.columns import choose, plan
from tests.twins import Act, World, burstiness, openings, turns
from tests.twins_timing import timed, together

FAMILIES = ("survival", "contingency", "rhythm", "turns")
Columns = dict[str, np.ndarray]

SETTINGS = {
    "usual": Settings(),
    "short": Settings(conversation_gap=HOUR, period=3 * HOUR, reply_horizon=5 * HOUR, silence=10 * HOUR),
    "long": Settings(conversation_gap=30 * HOUR, period=DAY, reply_horizon=40 * DAY, silence=2 * HOUR),
}


def random_log(seed: int, days: int, acts: int, people: int = 3) -> list[Act]:
    """Acts on a coarse clock, so that there are ties, mixed instants and windows that just fit."""
    rng = np.random.default_rng(seed)
    step = int(rng.choice([HOUR // 2, HOUR, 4 * HOUR]))
    hours = rng.integers(0, 6, acts) * step + rng.integers(0, days, acts) * DAY
    begin = int(rng.integers(-3 * DAY, 3 * DAY))
    log = []
    for when in hours:
        sender, receiver = rng.choice(people, 2, replace=False)
        if (sender + receiver) % 3 == 2 and seed % 2:
            sender, receiver = min(sender, receiver), max(sender, receiver)
        off = int(rng.integers(0, 9) == 0)
        log.append(
            Act(int(sender), int(receiver), begin + int(when) + off, conversation=int(rng.integers(-1, 4)))
        )
    return log


def columns_of(
    log: Sequence[Act], threads: bool = False, end: int | None = None, clock: str = "time"
) -> LogColumns:
    times = [act.time for act in log] or [0]
    return LogColumns(
        n_people=1 + max([max(act.sender, act.receiver) for act in log] or [1]),
        sender=np.array([act.sender for act in log], dtype=np.int32),
        receiver=np.array([act.receiver for act in log], dtype=np.int32),
        time=np.array([act.time for act in log], dtype=np.int64),
        count=np.array([act.count for act in log], dtype=np.int64) if clock == "wave" else None,
        weight=None,
        kind=None,
        conversation=np.array([act.conversation for act in log], dtype=np.int32) if threads else None,
        clock=clock,
        start=min(times),
        end=max(times) if end is None else end,
    )


def everyone(people: int, before: Any = None) -> Rows:
    ego, alter = np.array([(one, two) for one in range(people) for two in range(people) if one != two]).T
    return Rows(ego.astype(np.int32), alter.astype(np.int32), before)


def measured(log: LogColumns, rows: Rows, settings: Settings, names: Sequence[str] = FAMILIES) -> Columns:
    wanted = choose(names, (), log.has, directed=True)
    found = LocalEngine(log).columns(rows, plan(wanted, (), log.has), settings)
    return {name: found[name] for name in wanted}


def assert_like_twin(log: Sequence[Act], columns: LogColumns, rows: Rows, settings: Settings) -> None:
    found = measured(columns, rows, settings, FAMILIES if columns.clock == "time" else ["rhythm"])
    waves, threads = columns.clock == "wave", columns.conversation is not None
    spans = (settings.conversation_gap, settings.reply_horizon, settings.silence)
    period = 1 if waves else settings.period
    for row, two in enumerate(zip(rows.ego.tolist(), rows.alter.tolist(), strict=True)):
        end = columns.end if rows.before is None else min(columns.end, int(rows.before[row]) - 1)
        acts = [act for act in log if {act.sender, act.receiver} == set(two) and act.time <= end]
        expected = together(acts, two[0], columns.start, end, period)
        if not waves:
            world = World(columns.start, end, settings.conversation_gap, period, threads=threads)
            expected |= timed(acts, openings(acts, world), two, (columns.start, end), spans)
            expected |= burstiness(acts) | turns(
                acts, *two, *(sum(act.sender == one for act in acts) for one in two)
            )
        for name, values in found.items():
            said = f"{name} of {two} up to {end}"
            if values.dtype.kind in "iu":
                assert values[row] == expected[name], said
            else:
                np.testing.assert_allclose(values[row], expected[name], rtol=1e-11, atol=1e-12, err_msg=said)


@pytest.mark.parametrize("settings", list(SETTINGS))
@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_every_column_is_what_its_formula_says(seed: int, threads: bool, settings: str) -> None:
    days = (2, 6, 20, 27, 28, 60)[seed % 6]
    log = random_log(seed, days, acts=(0, 3, 30, 90)[seed % 4])
    end = None if seed % 3 else max([act.time for act in log] or [0]) + 5 * HOUR
    assert_like_twin(log, columns_of(log, threads, end), everyone(3), SETTINGS[settings])


@pytest.mark.parametrize("settings", list(SETTINGS))
@pytest.mark.parametrize("seed", range(6))
def test_rows_asked_early_are_what_their_formula_says(seed: int, settings: str) -> None:
    log = random_log(seed, days=40, acts=60)
    rng = np.random.default_rng(seed)
    moments = rng.choice([act.time for act in log], 6) + rng.integers(0, 2, 6)
    # before anything was observed, and after everything
    moments[:2] = [min(act.time for act in log) - HOUR, max(act.time for act in log) + DAY]
    assert_like_twin(log, columns_of(log), everyone(3, moments), SETTINGS[settings])


@pytest.mark.parametrize("seed", range(6))
def test_waves_of_counts_move_together_as_the_formula_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    log = [
        replace(act, time=int(rng.integers(-2, 6)), count=int(rng.integers(1, 2**20)))
        for act in random_log(seed, 3, 20)
    ]
    assert_like_twin(log, columns_of(log, clock="wave"), everyone(3), Settings())

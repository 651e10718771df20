"""Waits, giving up, contingent return, the ledger and rhythm: against loops and references."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.engines.local import LocalEngine
from honestsignals.engines.passes import LogColumns, Rows
from honestsignals.metrics import contingency
from honestsignals.metrics.acts import DAY, HOUR, Settings, sort_within
from honestsignals.metrics.columns import choose, plan
from tests.shared import REFERENCE
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


def of_pair(
    acts: Sequence[tuple[int, str]], end: int | None = None, start: int | None = None, **spans: int
) -> dict[str, float]:
    """Columns of ego and alter, from (moment, "e" or "a")."""
    log = [Act(0, 1, when) if who == "e" else Act(1, 0, when) for when, who in acts]
    columns = columns_of(log, end=end)
    columns = columns if start is None else replace(columns, start=start)
    rows = Rows(np.array([0], dtype=np.int32), np.array([1], dtype=np.int32))
    found = measured(columns, rows, replace(Settings(), **spans))
    return {name: values[0] for name, values in found.items()}


def test_a_wait_cut_off_moves_the_weight_of_those_after_it() -> None:
    # waits of 1, 2 and 5 hours, and one cut off after 3: 1 - 1/4, 1/2, then 0 at 5 hours
    moments = [(0, "a"), (1, "e"), (100, "a"), (102, "e"), (200, "a"), (205, "e"), (300, "a")]
    found = of_pair([(when * HOUR, who) for when, who in moments], end=303 * HOUR)
    assert found["reply_hours_ego"] == pytest.approx(1 * 0.25 + 2 * 0.25 + 5 * 0.5)
    assert found["reply_hours_median_ego"] == 2.0
    # the log without the last opening: a plain mean and median
    found = of_pair([(when * HOUR, who) for when, who in moments[:-1]], end=303 * HOUR)
    assert found["reply_hours_ego"] == pytest.approx(8 / 3)
    assert found["reply_hours_median_ego"] == 2.0


def test_a_wait_counts_up_to_the_horizon_and_needs_follow_up() -> None:
    open_end = [(0, "a"), (HOUR, "e"), (100 * HOUR, "a")]
    assert np.isnan(of_pair(open_end, end=123 * HOUR)["reply_hours_ego"])
    assert of_pair(open_end, end=124 * HOUR)["reply_hours_ego"] == pytest.approx(12.5)
    assert of_pair(open_end, end=123 * HOUR, reply_horizon=20 * HOUR)["reply_hours_ego"] == pytest.approx(
        10.5
    )
    assert of_pair(open_end, end=123 * HOUR)["reply_hours_median_ego"] == 1.0
    assert np.isnan(of_pair(open_end[2:], end=123 * HOUR)["reply_hours_median_ego"])


def test_a_further_opening_starts_no_second_wait() -> None:
    found = of_pair([(0, "a"), (5 * HOUR, "a"), (8 * HOUR, "e")])
    assert found["reply_hours_ego"] == found["reply_hours_median_ego"] == 8.0
    assert np.isnan(found["reply_hours_alter"])


def test_giving_up_competes_with_return_and_is_seen_late() -> None:
    week = 7 * DAY
    tried = [(0, "e"), (2 * HOUR, "e")]
    assert of_pair(tried, end=2 * HOUR + week)["given_up_ego"] == 1.0
    assert of_pair(tried, end=2 * HOUR + week)["patience_ego"] == 2.0
    # one microsecond less, and nobody knows yet
    assert np.isnan(of_pair(tried, end=2 * HOUR + week - 1)["given_up_ego"])
    # returned at G exactly; a microsecond later it was given up
    back = of_pair([*tried, (2 * HOUR + week, "a")], end=5 * week)
    assert (back["given_up_ego"], back["given_up_alter"]) == (0.0, 1.0)
    assert of_pair([*tried, (2 * HOUR + week + 1, "a")], end=5 * week)["given_up_ego"] == 1.0
    # a mixed instant returns what came before it, and begins no run
    mixed = of_pair([*tried, (DAY, "e"), (DAY, "a")], end=5 * week)
    assert mixed["given_up_ego"] == 0.0
    assert np.isnan(mixed["given_up_alter"])


@pytest.mark.parametrize("late", [0, 1])
def test_windows_are_observed_to_their_last_microsecond(late: int) -> None:
    # the act of the third day is asked about if its hour was observed; so is the empty day between
    acts = [(0, "e"), (2 * DAY, "e"), (2 * DAY + HOUR // 2, "a")]
    found = of_pair(acts, end=2 * DAY + HOUR - late)
    assert found["return_rate_ego"] == (0.0 if late else 0.5)
    assert found["return_baseline_ego"] == (0.0 if late else 0.25)
    # a window does not hold the moment at which it begins, and holds the one at which it ends
    edges = of_pair([(0, "e"), (DAY, "e"), (HOUR + late, "a"), (DAY, "a")], end=3 * DAY)
    assert edges["return_rate_ego"] == (0.0 if late else 0.5)


@pytest.mark.parametrize(("length", "fits"), [(28 * DAY, 7), (28 * DAY - 1, 1)])
def test_shifts_are_whole_weeks_from_four_weeks_on(length: int, fits: int) -> None:
    found = of_pair([(0, "e"), (fits * DAY + 1, "a")], end=length)
    assert found["return_baseline_ego"] == pytest.approx(1 / 3 if fits == 7 else 1 / 27)
    other = of_pair([(0, "e"), ((8 - fits) * DAY + 1, "a")], end=length)
    assert other["return_baseline_ego"] == pytest.approx(0.0 if fits == 7 else 1 / 27)


def test_the_same_hours_do_not_make_return_contingent() -> None:
    """Two who act at the same hours without minding one another: only the constant rate is taken in."""
    rng = np.random.default_rng(1)
    day = np.arange(200) * DAY
    acts = [(int(when), who) for who in "ea" for when in day + rng.integers(9 * HOUR, 12 * HOUR, 200)]
    found = of_pair(acts, start=0, end=200 * DAY)
    assert abs(found["contingent_return_ego"]) < 0.06
    assert found["contingent_return_poisson_ego"] > 0.15


def test_a_ledger_is_even_again_only_after_a_debt() -> None:
    together = [(0, "e"), (0, "a"), (1, "e"), (2, "e"), (3, "a"), (3, "a"), (3, "e"), (4, "a")]
    found = of_pair(together)
    assert (found["ledger_peak_ego"], found["ledger_peak_alter"], found["ledger_returns"]) == (2, 0, 1)
    assert of_pair([(0, "e"), (1, "a"), (1, "a"), (2, "e")])["ledger_returns"] == 2


def test_groups_too_wide_for_one_integer_are_sorted_alike() -> None:
    rng = np.random.default_rng(0)
    group, value = np.sort(rng.integers(0, 2**20, 100)), rng.integers(0, 2**40, 100)
    for one, other in zip(sort_within(group, value, 40), sort_within(group, value, 60), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("most", [1, 50, 10**6])
def test_the_size_of_parts_changes_no_bit(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    log = columns_of(random_log(3, 40, 200, people=6))
    usual = measured(log, everyone(6), Settings())
    monkeypatch.setattr(contingency, "PART", most)
    for name, values in measured(log, everyone(6), Settings()).items():
        assert values.tobytes() == usual[name].tobytes(), name


@pytest.mark.parametrize("case", ["calllog_a", "calllog_b"])
def test_gaps_are_as_the_reference_has_them(case: str) -> None:
    frame = pd.read_csv(REFERENCE / "inputs" / f"{case}.csv")
    known = json.loads((REFERENCE / "G_bandicoot" / f"{case}.json").read_text(encoding="utf-8"))
    acts = frame.rename(columns={"datetime": "time"})[["sender", "receiver", "time"]]
    table = hs.read_log(acts).dyads(metrics=["burstiness", "burstiness_finite", "memory", "acts"]).frame
    checked = 0
    for row in table.itertuples():
        gaps = known["dyads"].get(f"{row.ego}|{row.alter}", {}).get("own_interevent_and_burstiness")
        if gaps is None or gaps["n"] < 2:
            assert np.isnan(row.burstiness)
            continue
        assert row.acts == gaps["n"] + 1
        assert row.burstiness == pytest.approx(gaps["burstiness_goh_barabasi_population_sd"], rel=1e-12)
        # n is the number of gaps here, and the number of acts there
        r, n = gaps["sd_population"] / gaps["mean"], gaps["n"]
        more, fewer = (n + 1) ** 0.5, (n - 1) ** 0.5
        assert row.burstiness_finite == pytest.approx((more * r - fewer) / ((more - 2) * r + fewer))
        assert row.burstiness_finite != pytest.approx(gaps["burstiness_kim_jo_N_events"], rel=1e-4)
        assert np.isnan(row.memory) == (gaps["n"] < 3)
        if gaps["n"] >= 3:
            assert row.memory == pytest.approx(gaps["memory_coefficient"], rel=1e-12)
        checked += 1
    assert checked >= 3

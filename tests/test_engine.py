"""The local engine: the same bits whatever the order, the batch or the packing; and what twins say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals import dyads
from honestsignals.engines import local
from honestsignals.engines.local import LocalEngine
from honestsignals.engines.passes import LogColumns, Rows
from honestsignals.metrics.acts import HOUR, SECOND, Settings
from honestsignals.metrics.columns import all_names, choose, column, describe, plan
from honestsignals.metrics.registry import Fact, entries
from tests.twins import Act, World, twin

KINDS = ("help", "information", "other")
SETTINGS = Settings(conversation_gap=HOUR, period=3 * HOUR)
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.7, 12.3)
WILD = (0.1, 0.2, 0.3, 1e9, 1e-9)
"""Weights of which every order has another sum."""

Columns = dict[str, np.ndarray]


def random_log(seed: int, people: int = 4, acts: int = 40, weights: Sequence[float] = WEIGHTS) -> list[Act]:
    """Acts on a coarse clock: ties, gaps of exactly Δ and of a microsecond more, openings in the last Δ."""
    rng, deep = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    span = int(rng.choice([1, 8, 60, 400]))
    log = []
    for _ in range(int(rng.integers(0, acts))):
        sender, receiver = rng.choice(people, 2, replace=False)
        # one of three pairs has acts in one direction only
        if (sender + receiver) % 3 == 0:
            sender, receiver = min(sender, receiver), max(sender, receiver)
        time = int(rng.integers(-span, span)) * HOUR // 2 + int(rng.integers(0, 8) == 0)
        extra = (int(rng.integers(1, 4)), float(rng.choice(weights)), int(rng.integers(0, 3)))
        depth = float(deep.integers(-1, 8)) / 4
        told = {"depth": depth if depth >= 0 else math.nan, "topic": int(deep.integers(-1, 4))}
        log.append(Act(int(sender), int(receiver), time, *extra, int(rng.integers(-1, 5)), **told))
    return log


def columns_of(
    log: Sequence[Act], people: int = 4, clock: str = "time", main: Any = None, without: Sequence[str] = ()
) -> LogColumns:
    """A log as the engine takes it, less some of its columns."""

    def part(name: str, kind: Any) -> Any:
        return None if name in without else np.array([getattr(act, name) for act in log], dtype=kind)

    times = [act.time for act in log] or [0]
    return LogColumns(
        n_people=people,
        sender=part("sender", np.int32),
        receiver=part("receiver", np.int32),
        time=part("time", np.int64) if clock else None,
        count=part("count", np.int64),
        weight=part("weight", np.float64),
        kind=part("kind", np.int16),
        conversation=part("conversation", np.int32),
        depth=part("depth", np.float64),
        topic=part("topic", np.int32),
        clock=clock,
        start=min(times),
        end=max(times),
        kinds=() if "kind" in without else KINDS,
        main=main,
    )


def measured(
    columns: LogColumns, rows: Rows | None = None, settings: Settings = SETTINGS, around: bool = True
) -> Columns:
    """Every column that the log can have, of all pairs in contact unless told."""
    engine = LocalEngine(columns)
    return engine.columns(rows or Rows(*engine.pairs()), planned(columns, around), settings)


def planned(columns: LogColumns, around: bool = True) -> list[Any]:
    """Every column, symmetric forms and balance of kinds and weight included; or those of the pair alone."""
    has = columns.has if around else columns.has - {"moments"}
    names = choose(None, columns.kinds, has, directed=False)
    suffixes = [*columns.kinds, *(["weight"] if "weight" in columns.has else [])]
    shares = [name for name, one in entries().items() if one.fact.by_weight and not one.fact.kinds]
    shares = [name for name in shares if around or "moments" not in entries()[name].fact.needs]
    return plan(
        [*names, *(f"{name}__{end}" for name in shares for end in suffixes)], columns.kinds, columns.has
    )


def of_their_pair(columns: Columns) -> Columns:
    """Less what rests on all rows of the table: what is left of a row is its own."""
    return {name: values for name, values in columns.items() if not describe(column(name, KINDS)).whole}


def assert_same_bits(one: Columns, other: Columns) -> None:
    assert list(one) == list(other)
    for name, values in one.items():
        assert values.dtype == other[name].dtype, name
        assert values.tobytes() == other[name].tobytes(), name


def shuffled(log: Sequence[Act], seed: int) -> list[Act]:
    return [log[place] for place in np.random.default_rng(seed).permutation(len(log))]


def as_world(columns: LogColumns, settings: Settings = SETTINGS) -> World:
    period = 1 if columns.clock == "wave" else settings.period
    threads = columns.conversation is not None
    edges = (columns.start, columns.end, settings.conversation_gap, period)
    return World(*edges, columns.kinds, columns.main, threads)


def assert_like_twin(log: Sequence[Act], columns: LogColumns, rows: Rows, settings: Settings) -> None:
    """Whole numbers exactly, decimals to 1e-12, NaN where the twin has NaN."""
    found = of_their_pair(measured(columns, rows, settings))
    before = [None] * len(rows.ego) if rows.before is None else rows.before.tolist()
    world = as_world(columns, settings)
    pairs = list(zip(rows.ego.tolist(), rows.alter.tolist(), before, strict=True))
    expected = [twin(log, *pair, world) for pair in pairs]
    for name, values in found.items():
        wanted = [one[name] for one in expected]
        if values.dtype.kind in "iu":
            # as Python has them, so that no number is rounded on the way
            same = np.array([one == other for one, other in zip(values.tolist(), wanted, strict=True)], bool)
        else:
            same = np.isclose(values, np.array(wanted, float), rtol=1e-12, atol=1e-12, equal_nan=True)
        wrong = np.flatnonzero(~same)
        said = [f"{pairs[row]}: {values[row]}, not {wanted[row]}" for row in wrong[:5]]
        assert not wrong.size, f"{name} of (ego, alter, before) {'; '.join(said)}"


VARIANTS = {
    "timed": {"without": ("count", "conversation", "depth", "topic")},
    "seconds alone": {"without": ("count", "conversation", "weight", "kind", "depth", "topic")},
    "kinds and times": {"without": ("count", "conversation", "weight", "depth", "topic")},
    "some kinds give": {"without": ("count", "conversation"), "main": (0, 2)},
    "disclosures": {"without": ("count", "conversation", "weight", "kind")},
    "conversations": {"without": ("count", "topic")},
    "counts": {},
    "waves": {"clock": "wave", "without": ("conversation",)},
    "no times": {"clock": "", "without": ("conversation",)},
}


def as_read(
    log: Sequence[Act], clock: str = "time", main: Any = None, without: Sequence[str] = ()
) -> list[Act]:
    """The acts as the twin has to see them: what the engine is not told of is what it is by default."""
    blank = Act(0, 0)
    changes = {name: getattr(blank, name) for name in without}
    return [replace(act, **changes) for act in log]


def test_twins_have_every_column() -> None:
    columns = columns_of(random_log(1))
    expected = twin([], 0, 1, None, as_world(columns))
    listed = [*(one.name for one in planned(columns)), *all_names(KINDS, directed=False)]
    # what rests on the whole table has its twins in tests/twins_chance.py
    assert {name for name in listed if not describe(column(name, KINDS)).whole} <= set(expected)


@pytest.mark.parametrize("variant", list(VARIANTS))
@pytest.mark.parametrize("seed", range(12))
def test_every_column_is_what_its_formula_says(variant: str, seed: int) -> None:
    told: dict[str, Any] = VARIANTS[variant]
    log = random_log(seed)
    columns = columns_of(log, **told)
    ego, alter = np.array([(one, two) for one in range(4) for two in range(4) if one != two]).T
    rows = Rows(ego.astype(np.int32), alter.astype(np.int32))
    settings = SETTINGS if seed % 2 else Settings(conversation_gap=HOUR // 2, period=86_400 * SECOND)
    assert_like_twin(as_read(log, **told), columns, rows, settings)


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != "no times"])
@pytest.mark.parametrize("seed", range(12))
def test_a_row_sees_only_the_acts_before_its_own_moment(variant: str, seed: int) -> None:
    told: dict[str, Any] = VARIANTS[variant]
    log = random_log(seed)
    columns = columns_of(log, **told)
    rng = np.random.default_rng(seed)
    ego = rng.integers(0, 4, 40)
    alter = (ego + rng.integers(1, 4, 40)) % 4
    # at the moment of an act, just after it, and before and after everything
    moments = np.array([act.time for act in log] + [columns.start - HOUR, columns.end + 5 * HOUR])
    before = rng.choice(moments, 40) + rng.integers(0, 2, 40)
    rows = Rows(ego.astype(np.int32), alter.astype(np.int32), before)
    assert_like_twin(as_read(log, **told), columns, rows, SETTINGS)
    # and it is the row of a table of the log cut off there
    row = int(rng.integers(0, 40))
    cut = [act for act in log if act.time < before[row]]
    last = min(columns.end, int(before[row]) - 1)
    short = replace(columns_of(cut, **told), start=columns.start, end=last)
    whole = measured(columns, rows)
    alone = measured(short, Rows(rows.ego[[row]], rows.alter[[row]]))
    one_row = {name: values[[row]] for name, values in whole.items()}
    assert_same_bits(of_their_pair(one_row), of_their_pair(alone))


@pytest.mark.parametrize("variant", list(VARIANTS))
@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_rows_and_the_size_of_batches_change_no_bit(
    variant: str, seed: int, monkeypatch
) -> None:
    told: dict[str, Any] = VARIANTS[variant]
    log = random_log(seed, people=12, acts=600, weights=WILD)
    usual = measured(columns_of(log, 12, **told))
    for rows in (shuffled(log, seed), sorted(log, key=lambda act: act.time)):
        assert_same_bits(usual, measured(columns_of(rows, 12, **told)))
    for most_acts, most_rows in ((7, 200_000), (1000, 200_000), (500_000, 3)):
        monkeypatch.setattr(local, "BATCH_ACTS", most_acts)
        monkeypatch.setattr(local, "BATCH_ROWS", most_rows)
        assert_same_bits(usual, measured(columns_of(log, 12, **told)))


@pytest.mark.parametrize("variant", list(VARIANTS))
@pytest.mark.parametrize(("stride", "fine"), [(1, True), (2**20, False), (2**20, True), (2**27, True)])
def test_what_does_not_fit_into_one_integer_changes_no_bit(variant: str, stride: int, fine: bool) -> None:
    # codes far apart need more bits, and so does a clock on which one act of others is off by a microsecond
    told: dict[str, Any] = VARIANTS[variant]
    log = [
        replace(act, time=act.time // 10**6 * 10**6)
        for act in random_log(1, people=12, acts=600, weights=WILD)
    ]
    log += [Act(0, 1, 2**44), Act(13, 14, 2**44)]
    usual = columns_of(log, 15, **told)
    wide = [replace(act, sender=act.sender * stride, receiver=act.receiver * stride) for act in log]
    if fine:
        wide[-1] = replace(wide[-1], time=2**44 - 1)
    low, high = np.triu_indices(13, 1)
    rows = Rows(low.astype(np.int32), high.astype(np.int32))
    far = Rows(rows.ego * np.int32(stride), rows.alter * np.int32(stride))
    for ordered in (shuffled(wide, stride), sorted(wide, key=lambda act: act.time)):
        # nothing that has a number for every code: there would be billions
        found = measured(columns_of(ordered, 14 * stride + 1, **told), far, around=False)
        assert_same_bits(measured(usual, rows, around=False), found)


@pytest.mark.parametrize("clock", ["time", "wave", ""])
@pytest.mark.parametrize("seed", range(4))
def test_a_count_is_as_many_rows(clock: str, seed: int) -> None:
    # the amount is the row's: it goes with one of its acts; quarters, so that zeros between change no sum
    log = [replace(act, weight=act.count / 4) for act in random_log(seed, people=6, acts=200)]
    rows = []
    for act in log:
        rows += [replace(act, count=1), *[replace(act, count=1, weight=0.0)] * (act.count - 1)]
    counted, single = columns_of(log, 6, clock), columns_of(rows, 6, clock)
    assert_same_bits(measured(counted), measured(single))


def test_a_log_without_acts_has_no_pairs() -> None:
    found = measured(columns_of([]))
    assert {len(values) for values in found.values()} == {0}
    rows = Rows(np.array([0], dtype=np.int32), np.array([1], dtype=np.int32))
    assert measured(columns_of([]), rows)["acts"].tolist() == [0]


def test_too_many_timed_acts_behind_counts_are_refused() -> None:
    log = columns_of([Act(0, 1, 0, count=2**40)])
    with pytest.raises(hs.DesignError, match="stand for 1,099,511,627,776 timed acts"):
        LocalEngine(log)


def test_a_large_table_shares_no_memory_with_the_study(monkeypatch: pytest.MonkeyPatch) -> None:
    # large tables keep columns where they are, and labels belong to a frozen study
    monkeypatch.setattr(dyads, "MANY_ROWS", 1)
    columns = columns_of([Act(0, 1), Act(1, 2)], clock="")
    answers = np.array([1.0, 2.0])
    extras = [(Fact("answer", "answer", "label", "an answer"), answers)]
    engine, table = LocalEngine(columns), dyads.DyadTable(pd.DataFrame(), dyads.Design(), ())
    rows, people = Rows(*engine.pairs()), np.arange(4)
    table = dyads.measured(engine, rows, None, extras, table, people=people, dated=False)
    table.frame.loc[:, "answer"] = 0.0
    assert answers.tolist() == [1.0, 2.0]


def test_no_two_columns_of_a_large_table_share_memory() -> None:
    # changing one must not change another
    rng = np.random.default_rng(3)
    sender = rng.integers(0, 400, 30_000)
    receiver = (sender + rng.integers(1, 400, 30_000)) % 400
    acts = {"sender": sender, "receiver": receiver, "time": rng.integers(0, 10**6, 30_000)}
    frame = hs.read_log(pd.DataFrame(acts), time_unit="s").dyads().frame
    assert len(frame) > 10_000
    parts = [frame[name].to_numpy() for name in frame.columns if frame[name].dtype.kind in "if"]
    spots = sorted((part.__array_interface__["data"][0], part.nbytes) for part in parts)
    assert all(one + size <= two for (one, size), (two, _) in pairwise(spots))

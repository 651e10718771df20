"""Self-disclosure: against loops over one pair's acts, by hand, and what must not change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import honestsignals as hs
from honestsignals.engines import local
from honestsignals.engines.local import LocalEngine
from honestsignals.engines.passes import LogColumns, Rows
from honestsignals.metrics.acts import DAY, HOUR, Settings
from honestsignals.metrics.columns import choose, column, describe, plan
from honestsignals.metrics.told import highest
from honestsignals.metrics.turn_depths import drawn_together
from tests.twins import Act
from tests.twins_disclosure import disclosing

FAMILIES = ("disclosure", "matching", "responsiveness")
INNER = ("topical_ego", "topical_alter", *(f"matching_{what}_ego" for what in ("spread", "residual")))
SETTINGS = {
    "usual": Settings(),
    "short": Settings(disclosure_window=2 * HOUR, depth_margin=0.1),
    "long": Settings(disclosure_window=5 * DAY, depth_margin=0.3),
}
Columns = dict[str, np.ndarray]


def acts_of_pair(rng: np.random.Generator, pair: int, most: int) -> list[Act]:
    """Acts of two on a coarse clock, their depths tenths or unknown: ties, mixed instants, equal depths."""
    size = int(rng.integers(1, most))
    clock = int(rng.choice([HOUR // 2, HOUR, 4 * HOUR]))
    when = rng.integers(0, int(rng.choice([4, 20, 200])), size) * clock
    lopsided, silent = rng.choice([0.0, 0.3, 0.5]), rng.choice([0.0, 0.2, 0.7])
    depth = np.where(
        rng.random(size) < silent, math.nan, rng.integers(0, int(rng.choice([1, 3, 11])), size) / 10
    )
    topic = rng.integers(-1, int(rng.choice([0, 2, 6])), size)
    from_low = rng.random(size) < lopsided
    low, high = 2 * pair, 2 * pair + 1
    sides = ((low, high) if forth else (high, low) for forth in from_low)
    return [
        Act(*side, int(t) + int(rng.integers(0, 30) == 0), depth=float(d), topic=int(c))
        for side, t, d, c in zip(sides, when, depth, topic, strict=True)
    ]


def long_exchange(rng: np.random.Generator, pair: int) -> list[Act]:
    """Alternating turns of one to three disclosures, so that slopes have turns enough."""
    acts, when, low = [], 0, 2 * pair
    for turn in range(int(rng.integers(16, 40))):
        side = (low, low + 1) if turn % 2 else (low + 1, low)
        for _ in range(int(rng.integers(1, 4))):
            # now and then at the instant of the other's
            when += int(rng.choice([0, HOUR, 3 * HOUR], p=[0.02, 0.58, 0.4]))
            depth = float(rng.integers(0, 10)) / 10
            acts.append(Act(*side, when, depth=depth, topic=int(rng.integers(0, 9))))
    return acts


def columns_of(log: Sequence[Act], end: int | None = None, **changes: Any) -> LogColumns:
    times = [act.time for act in log] or [0]

    def part(name: str, kind: Any) -> Any:
        return np.array([getattr(act, name) for act in log], dtype=kind)

    columns = LogColumns(
        n_people=1 + max([max(act.sender, act.receiver) for act in log] or [1]),
        sender=part("sender", np.int32),
        receiver=part("receiver", np.int32),
        time=part("time", np.int64),
        count=None,
        weight=None,
        kind=None,
        conversation=None,
        clock="time",
        start=min(times),
        end=max(times) if end is None else end,
        depth=part("depth", np.float64),
        topic=part("topic", np.int32),
    )
    return replace(columns, **changes)


def measured(log: LogColumns, rows: Rows, settings: Settings, names: Sequence[str] = FAMILIES) -> Columns:
    able = choose(None, log.kinds, log.has, directed=True)
    wanted = [name for name in able if column(name).entry.fact.family in names]
    wanted += [name for name in INNER if describe(column(name)).needs <= log.has]
    found = LocalEngine(log).columns(rows, plan(wanted, log.kinds, log.has), settings)
    return {name: found[name] for name in dict.fromkeys(wanted)}


def assert_like_twin(log: Sequence[Act], columns: LogColumns, rows: Rows, settings: Settings) -> None:
    found = measured(columns, rows, settings)
    of_pair: dict[int, list[Act]] = {}
    expected: list[dict[str, float]] = []
    for act in log:
        of_pair.setdefault(act.sender // 2, []).append(act)
    for row, two in enumerate(zip(rows.ego.tolist(), rows.alter.tolist(), strict=True)):
        end = columns.end if rows.before is None else min(columns.end, int(rows.before[row]) - 1)
        acts = [act for act in of_pair.get(two[0] // 2, ()) if act.time <= end]
        single = [act for act in acts for _ in range(act.count)]
        spans = (settings.disclosure_window, settings.depth_margin)
        expected.append(disclosing(acts, single, two, end, spans))
    for name, values in found.items():
        if not describe(column(name)).whole:
            loose = values.dtype.kind == "f"
            twin = np.array([one[name] for one in expected], dtype=float)
            np.testing.assert_allclose(values, twin, rtol=1e-9 * loose, atol=1e-10 * loose, err_msg=name)


def both_ways(pairs: int, before: Any = None) -> Rows:
    low = 2 * np.arange(pairs, dtype=np.int32)
    ego, alter = np.concatenate([low, low + 1]), np.concatenate([low + 1, low])
    return Rows(ego, alter, before)


@pytest.mark.parametrize("settings", list(SETTINGS))
@pytest.mark.parametrize("most", [4, 12, 40])
def test_every_column_is_what_its_formula_says(most: int, settings: str) -> None:
    rng = np.random.default_rng([most, len(settings)])
    pairs = 6000 // most // 4
    log = [act for pair in range(pairs) for act in acts_of_pair(rng, pair, most)]
    end = max(act.time for act in log) + int(rng.integers(0, 3)) * HOUR
    assert_like_twin(log, columns_of(log, end), both_ways(pairs), SETTINGS[settings])


@pytest.mark.parametrize("settings", list(SETTINGS))
def test_rows_asked_early_are_what_their_formula_says(settings: str) -> None:
    rng = np.random.default_rng(7)
    log = [act for pair in range(150) for act in acts_of_pair(rng, pair, 20)]
    log += [act for pair in range(150, 170) for act in long_exchange(rng, pair)]
    before = rng.choice([act.time for act in log], 340) + rng.integers(0, 2, 340)
    before[:2] = -DAY, 10**15
    assert_like_twin(log, columns_of(log), both_ways(170, before), SETTINGS[settings])


def test_long_exchanges_are_what_their_formula_says() -> None:
    rng = np.random.default_rng(3)
    log = [act for pair in range(30) for act in long_exchange(rng, pair)]
    columns = columns_of(log)
    assert_like_twin(log, columns, both_ways(30), Settings())
    assert np.isfinite(measured(columns, both_ways(30), Settings())["matching_slope_ego"]).mean() > 0.5


def test_counts_are_as_many_disclosures_of_that_depth() -> None:
    rng = np.random.default_rng(5)
    log = [act for pair in range(100) for act in acts_of_pair(rng, pair, 10)]
    log = [replace(act, count=int(rng.integers(1, 4))) for act in log]
    counted = columns_of(log, count=np.array([act.count for act in log]))
    assert_like_twin(log, counted, both_ways(100), Settings())
    untimed = replace(counted, time=None, clock="")
    assert "time" not in untimed.has
    assert set(measured(untimed, both_ways(100), Settings())) >= {
        "breadth_ego",
        "depth_ego",
        "disclosures_ego",
    }
    assert "escalation_ego" not in measured(untimed, both_ways(100), Settings())
    assert_like_twin(log, untimed, both_ways(100), Settings())


@pytest.mark.parametrize("most", [1, 50, 1000])
def test_batches_and_order_change_no_bit(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(11)
    log = [act for pair in range(80) for act in acts_of_pair(rng, pair, 30)]
    log += [act for pair in range(80, 100) for act in long_exchange(rng, pair)]
    usual = measured(columns_of(log), both_ways(100), SETTINGS["short"])
    shuffled = [log[place] for place in rng.permutation(len(log))]
    monkeypatch.setattr(local, "BATCH_ACTS", most)
    again = measured(columns_of(shuffled), both_ways(100), SETTINGS["short"])
    for name, values in usual.items():
        assert values.tobytes() == again[name].tobytes(), name


# by hand


def table(rows: Sequence[tuple[str, str, float, float | None]], **told: Any) -> pd.Series:
    """The row of a and b, from (giver, receiver, hour, depth)."""
    frame = pd.DataFrame(rows, columns=["sender", "receiver", "time", "depth"])
    frame["time"] = frame["time"] * 3600
    settings = {name: told.pop(name) for name in ("spans",) if name in told}
    return hs.read_log(frame.assign(**told), time_unit="s").dyads(**settings).frame.iloc[0]


LATE = ("c", "d", 1000.0, None)


def test_a_disclosure_met_by_a_deeper_one() -> None:
    row = table([("a", "b", 0, 0.3), ("b", "a", 2, None), ("b", "a", 5, 0.5), ("b", "a", 9, 0.1), LATE])
    assert (row["disclosures_ego"], row["disclosures_alter"], row["first_disclosure"]) == (1, 2, 1)
    assert (row["first_disclosure_met"], row["first_disclosure_hours"]) == (1, 5)
    assert row["first_disclosure_answer"] == pytest.approx(0.2)
    assert (row["return_hours_alter"], row["responsiveness_alter"]) == (5, 1)
    assert (row["overdisclosure_alter"], row["unreturned_ego"], row["unreturned_alter"]) == (0.5, 0, 2)
    assert (row["turn_disclosure_return_alter"], row["extended_disclosure_return_alter"]) == (1, 1)
    assert math.isnan(row["overdisclosure_ego"])
    # τ: 0.5 is not deeper than 0.3 by more than 0.2, whatever 0.5 - 0.3 is in binary
    row = table([("a", "b", 0, 0.3), ("b", "a", 5, 0.5), LATE], spans={"depth_margin": 0.2})
    assert row["overdisclosure_alter"] == 0


def test_a_shallow_answer_first_and_a_deep_one_within_the_window() -> None:
    rows = [("a", "b", 0, 0.5), ("b", "a", 1, 0.1), ("b", "a", 20, 0.6), LATE]
    assert table(rows)["responsiveness_alter"] == 1
    assert table(rows)["return_depth_alter"] == pytest.approx(-0.4)
    assert table(rows, spans={"disclosure_window": "19h"})["responsiveness_alter"] == 0
    # inclusive
    assert table(rows, spans={"disclosure_window": "20h"})["responsiveness_alter"] == 1
    assert table(rows, spans={"disclosure_window": "1h"})["extended_disclosure_return_alter"] == 1
    assert table(rows, spans={"disclosure_window": "59min"})["extended_disclosure_return_alter"] == 0


def test_what_the_end_cuts_off_counts_neither_way() -> None:
    rows = [("a", "b", 0, 0.5), ("b", "a", 1, 0.5), ("a", "b", 10, None)]
    assert table(rows)["disclosures_to_alter"] == 0
    assert math.isnan(table(rows)["first_disclosure_met"])
    assert table([*rows, ("c", "d", 24, None)])["disclosures_to_alter"] == 1
    assert table([*rows, ("c", "d", 24, None)])["disclosures_to_ego"] == 0


def test_opposite_disclosures_at_one_instant_have_no_order() -> None:
    row = table([("a", "b", 0, 0.5), ("b", "a", 0, 0.9), ("b", "a", 3, 0.7), LATE])
    assert row["first_disclosure"] == 0
    assert math.isnan(row["first_disclosure_met"])
    # only what is strictly later returns: b's second disclosure returns a's, and nothing returns b's
    assert (row["disclosures_returned_alter"], row["disclosures_returned_ego"]) == (1, 0)
    assert (row["overdisclosure_alter"], math.isnan(row["overdisclosure_ego"])) == (1, True)
    assert math.isnan(row["depth_gap"])
    assert math.isnan(row["turn_disclosure_return_alter"])


def test_escalation_is_a_slope_on_the_log_of_moments() -> None:
    depth = [0.2 + 0.3 * math.log(k) for k in range(1, 7)]
    row = table([("ab"[k % 2], "ba"[k % 2], k, depth[k]) for k in range(6)])
    assert row["escalation_ego"] == pytest.approx(0.3)
    assert row["escalation_alter"] == pytest.approx(0.3)


def test_breadth_is_rarefied_to_the_fewer() -> None:
    topics = ["x", "x", "y", "z", "x", "x", None]
    rows = [("a", "b", k, 0.1) for k in range(4)] + [("b", "a", k, 0.1) for k in range(4, 7)]
    row = table(rows, topic=topics)
    assert (row["topics_ego"], row["topics_alter"], row["breadth_size"]) == (3, 1, 2)
    # two of x x y z: one topic with probability 1/6, else two
    assert row["breadth_ego"] == pytest.approx(11 / 6)
    assert (row["breadth_alter"], row["breadth_balance"]) == (1, pytest.approx(6 / 11))


def test_kinds_are_disclosed_apart() -> None:
    rows = [("a", "b", 0, 0.4), ("a", "b", 1, 0.8), ("b", "a", 2, None), ("b", "a", 3, 0.2)]
    frame = pd.DataFrame(rows, columns=["sender", "receiver", "time", "depth"])
    log = hs.read_log(frame.assign(kind=["help", "talk", "help", "talk"]), time_unit="s")
    names = ["disclosures_ego__help", "disclosures_alter__help", "depth_ego__talk", "depth_peak_alter__talk"]
    assert log.dyads(metrics=names).frame[names].iloc[0].tolist() == [1, 0, 0.8, 0.2]
    with pytest.raises(hs.DesignError, match="not measured by kind"):
        log.dyads(metrics=["escalation_ego__help"])


def test_matching_finds_what_was_planted() -> None:
    rng, slope, frames = np.random.default_rng(0), 0.5, []
    for pair in range(40):
        depth = [0.5, 0.5]
        for turn in range(2, 60):
            depth.append(slope * depth[-1] + 0.2 * depth[-2] + 0.01 * turn + rng.normal(0, 0.1))
        sides = [f"{pair:02d}{'ab'[turn % 2]}" for turn in range(61)]
        parts = {"sender": sides[:60], "receiver": sides[1:], "time": np.arange(60), "depth": depth}
        frames.append(pd.DataFrame(parts))
    found = hs.read_log(pd.concat(frames), time_unit="s").dyads(metrics=["matching"]).frame
    assert found["depth_matching_ego"].mean() == pytest.approx(slope, abs=0.1)
    # drawn together, and towards what was planted, as all slopes are the same
    assert found["depth_matching_ego"].std() < found["matching_slope_ego"].std() / 2


def test_slopes_are_drawn_together_by_their_errors() -> None:
    slope, error = np.array([0.0, 1.0, math.nan, 0.4]), np.array([0.1, 0.5, math.nan, 0.2])
    found = drawn_together(slope, error, slope, error)
    weight = 1 / error[[0, 1, 3]] ** 2
    known = slope[[0, 1, 3]]
    fixed = (weight * known).sum() / weight.sum()
    cochran = (weight * (known - fixed) ** 2).sum()
    tau2 = max((cochran - 2) / (weight.sum() - (weight**2).sum() / weight.sum()), 0)
    random = 1 / (error[[0, 1, 3]] ** 2 + tau2)
    mean = (random * known).sum() / random.sum()
    shrunk = (tau2 * known + error[[0, 1, 3]] ** 2 * mean) / (tau2 + error[[0, 1, 3]] ** 2)
    np.testing.assert_allclose(found[[0, 1, 3]], shrunk, rtol=1e-12)
    assert math.isnan(found[2])
    # a slope alone, and slopes without error, stay what they are
    np.testing.assert_array_equal(drawn_together(slope[:1], error[:1], slope[:1], error[:1]), slope[:1])
    none = np.zeros(4)
    np.testing.assert_array_equal(drawn_together(slope, none, slope, none), slope)


def test_the_largest_of_stretches() -> None:
    rng = np.random.default_rng(0)
    values = rng.random(100)
    first = rng.integers(0, 100, 500)
    after = np.minimum(first + rng.integers(1, 100, 500), 100)
    expected = [values[one:two].max() for one, two in zip(first, after, strict=True)]
    np.testing.assert_array_equal(highest(values, first, after), expected)


# what must not change


def random_frame(seed: int, acts: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    names = np.array(list("abcde"))
    sender = rng.integers(0, 5, acts)
    frame = pd.DataFrame(
        {"sender": names[sender], "receiver": names[(sender + rng.integers(1, 5, acts)) % 5]}
    )
    frame["time"] = rng.integers(0, 200, acts) * 1800
    frame["depth"] = np.where(rng.random(acts) < 0.8, rng.integers(0, 9, acts) / 4, np.nan)
    frame["topic"] = rng.choice(["work", "home", "money", None], acts)
    return frame


@pytest.mark.parametrize("seed", range(4))
def test_another_unit_of_depth_changes_only_what_is_in_it(seed: int) -> None:
    frame = random_frame(seed)
    one = hs.read_log(frame, time_unit="s").dyads(metrics=FAMILIES, spans={"depth_margin": 0.25}).frame
    turned = frame.assign(depth=8 * frame["depth"] - 5)
    two = hs.read_log(turned, time_unit="s").dyads(metrics=FAMILIES, spans={"depth_margin": 2}).frame
    for name in one.columns[2:]:
        fact = describe(column(name))
        scaled = one[name] * (8 if fact.unit == "depth" else 1)
        shift = -5 if name.startswith(("depth_ego", "depth_alter", "depth_peak")) else 0
        np.testing.assert_allclose(two[name], scaled + shift, rtol=1e-9, atol=1e-9, err_msg=name)


def test_layers_are_their_places() -> None:
    frame, layers = random_frame(1), ["peripheral", "intermediate", "core"]
    place = np.random.default_rng(1).integers(-1, 3, len(frame))
    numbers = frame.assign(depth=np.where(place < 0, np.nan, place))
    words = frame.assign(depth=np.array([*layers, None], dtype=object)[place])
    read = hs.read_log(words, time_unit="s", depth_layers=layers)
    expected = hs.read_log(numbers, time_unit="s").dyads(metrics=FAMILIES).frame
    pd.testing.assert_frame_equal(read.dyads(metrics=FAMILIES).frame, expected)
    categories = words.assign(depth=pd.Categorical(words["depth"]))
    same = hs.read_log(categories, time_unit="s", depth_layers=layers)
    pd.testing.assert_frame_equal(same.dyads(metrics=FAMILIES).frame, expected)
    enum = pl.from_pandas(words).with_columns(pl.col("depth").cast(pl.Enum(layers)))
    same = hs.read_log(enum, time_unit="s", depth_layers=layers)
    pd.testing.assert_frame_equal(same.dyads(metrics=FAMILIES).frame, expected)


def test_ordered_categories_are_layers_on_disk_too(tmp_path: Any) -> None:
    frame, layers = random_frame(1), ["peripheral", "unused", "core"]
    place = np.random.default_rng(1).integers(-1, 3, len(frame))
    place[place == 1] = 0
    frame = frame.rename(columns={"depth": "how deep"})
    frame["how deep"] = pd.Categorical.from_codes(place, layers, ordered=True)
    columns = {name: name for name in ("sender", "receiver", "time", "topic")} | {"depth": "how deep"}
    memory = hs.read_log(frame, columns=columns, time_unit="s").dyads(metrics=FAMILIES).frame
    stored = hs.store_log(frame, columns=columns, time_unit="s", threads=1)
    disk = stored.dyads(tmp_path / "dyads.parquet", metrics=FAMILIES).to_frame()
    assert memory["depth_ego"].max() > 0
    pd.testing.assert_frame_equal(disk, memory, check_exact=True)
    for words in (frame["how deep"].cat.as_unordered(), frame["how deep"].astype(object)):
        with pytest.raises(hs.InputError, match="read as layers, with depth_layers of read_log"):
            hs.store_log(frame.assign(**{"how deep": words}), columns=columns, time_unit="s", threads=1)


def test_layers_of_a_study(tmp_path: Any) -> None:
    acts = "from,to,depth\na,b,outer\nb,a,core\na,b,\n"
    study = (
        '[study]\nname = "s"\n[acts]\nfile = "acts.csv"\nsender = "from"\nreceiver = "to"\ndepth = "depth"\n'
    )
    (tmp_path / "acts.csv").write_text(acts, encoding="utf-8")
    (tmp_path / "study.toml").write_text(f'{study}depth_layers = ["outer", "core"]\n', encoding="utf-8")
    row = hs.open_study(tmp_path).dyads(metrics=["disclosure"]).frame.iloc[0]
    assert (row["depth_ego"], row["depth_alter"], row["disclosures_ego"]) == (0, 1, 1)
    (tmp_path / "study.toml").write_text(study, encoding="utf-8")
    with pytest.raises(hs.InputError, match="'outer' is not a number; words are read as layers"):
        hs.open_study(tmp_path)
    (tmp_path / "study.toml").write_text(f'{study}depth_layers = "core"\n', encoding="utf-8")
    with pytest.raises(hs.InputError, match="must be a list of texts"):
        hs.open_study(tmp_path)


@pytest.mark.parametrize(
    ("changed", "layers", "said"),
    [
        (
            {"depth": "cor"},
            ["outer", "core"],
            r"'cor' is no layer; depth_layers are 'outer', 'core'; did you mean",
        ),
        ({"depth": 1}, ["outer", "core"], "has the type int64; depth_layers are for text"),
        ({"depth": "core"}, ["core"], "two or more, each once"),
        ({"depth": "core"}, ["core", "core"], "two or more, each once"),
        ({"depth": "core"}, "core", "the outermost layer first"),
        ({}, ["outer", "core"], "depth_layers is given, but columns maps no depth"),
    ],
)
def test_layers_that_do_not_fit_are_told_so(changed: Any, layers: Any, said: str) -> None:
    frame = pd.DataFrame({"sender": ["a", "b"], "receiver": ["b", "a"], **changed})
    with pytest.raises(hs.HonestSignalsError, match=said):
        hs.read_log(frame, depth_layers=layers)


def test_rows_that_are_no_layer_can_be_left_out() -> None:
    frame = pd.DataFrame({"sender": ["a", "b"], "receiver": ["b", "a"], "depth": ["core", "mantle"]})
    log = hs.read_log(frame, depth_layers=["outer", "core"], bad_rows="leave out")
    assert list(log.left_out.values()) == [1]


def test_spans_of_disclosure_are_named_where_there_is_depth() -> None:
    frame = random_frame(0)
    log, bare = (hs.read_log(one, time_unit="s") for one in (frame, frame.drop(columns="depth")))
    told = str(log.dyads(spans={"disclosure_window": "2D", "depth_margin": 0.5}))
    assert "disclosures returned within 2 days, depths up to 0.5 apart as deep." in told
    assert "disclosures" not in str(bare.dyads())
    assert not {"disclosures_ego", "breadth_ego"} & set(bare.dyads().frame.columns)
    for wrong in ("x", -1, math.inf, True, None):
        with pytest.raises(hs.ArgumentError, match="it must be a number, 0 or more"):
            log.dyads(spans={"depth_margin": wrong})
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'disclosure_window'"):
        log.dyads(spans={"disclosure_windo": "1D"})
    with pytest.raises(hs.DesignError, match="needs a depth column"):
        bare.dyads(metrics=["depth_ego"])


def test_null_models_move_depth_with_the_act() -> None:
    log = hs.read_log(random_frame(2), time_unit="s")
    with pytest.raises(hs.DesignError, match=r"'disclosures_ego' .* every draw keeps it as it was"):
        hs.standardise(log, "disclosures_ego", null="time shift", draws=20)
    names = ["extended_disclosure_return_ego", "depth_gap"]
    found = hs.standardise(log, names, null="time shift", draws=20, seed=1).frame
    assert (found.loc[found["metric"] == "depth_gap", "sd"] > 0).any()
    again = hs.standardise(log, names, null="time shift", draws=20, seed=1).frame
    pd.testing.assert_frame_equal(found, again)
    split = random_frame(2).assign(count=2)
    twice = hs.standardise(hs.read_log(split, time_unit="s"), "depth_ego", null="binomial", draws=19, seed=1)
    assert len(twice.frame)


def test_depths_beyond_all_squares_are_no_slope() -> None:
    log = [Act(turn % 2, 1 - turn % 2, turn * HOUR, depth=(turn * turn % 7) * 1e280) for turn in range(40)]
    found = measured(columns_of(log), both_ways(1), Settings())
    assert np.isnan(found["matching_slope_ego"]).all()
    assert np.isfinite(found["depth_gap"]).all()


def test_one_pair_of_very_many_disclosures_is_quick() -> None:
    rng = np.random.default_rng(0)
    size = 200_000
    log = LogColumns(
        n_people=2,
        sender=(rng.random(size) < 0.5).astype(np.int32),
        receiver=np.zeros(size, dtype=np.int32),
        time=np.sort(rng.integers(0, 20 * DAY, size)),
        count=None,
        weight=None,
        kind=None,
        conversation=None,
        clock="time",
        start=0,
        end=20 * DAY,
        depth=rng.integers(0, 5, size) / 4,
        topic=rng.integers(0, 50, size).astype(np.int32),
    )
    log = replace(log, receiver=1 - log.sender)
    found = measured(log, both_ways(1), Settings())
    # a return within a day is certain, and some are as deep
    assert found["responsiveness_ego"].tolist() == [1.0, 1.0]
    assert found["breadth_ego"].tolist() == pytest.approx([50, 50])

"""The bend, the feedback loop and the ends of ties against loops, other fits and simulations."""

from __future__ import annotations

import importlib.util
import json
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.duration.hazard_regression import PHReg

import honestsignals as hs
from honestsignals.depth_rows import depth_rows
from honestsignals.errors import ArgumentError, DesignError, FitError, UnknownNameError
from honestsignals.feedback_fits import crossed, own_windows
from honestsignals.feedback_moderators import panel_rows
from honestsignals.feedback_rows import WindowRows
from honestsignals.inference.bends import shape_of
from honestsignals.inference.double_filter import double_filtered, within_paths
from honestsignals.metrics.acts import DAY, HOUR
from honestsignals.tie_paths import PATHS, ties_in
from tests.folders import write_study
from tests.shared import PROJECT

WITHIN = "30h"


def acts_of(seed: int = 0, people: int = 9, n: int = 500, days: int = 60) -> pd.DataFrame:
    """Acts at whole hours, many at one instant, some without depth, some of another kind."""
    rng = np.random.default_rng(seed)
    sender = rng.integers(0, people, n)
    receiver = (sender + rng.choice([-2, -1, 1, 2], n)) % people
    frame = pd.DataFrame(
        {
            "sender": [f"p{one}" for one in sender],
            "receiver": [f"p{one}" for one in receiver],
            "time": rng.integers(0, days * 12, n) * 7200.0,
            "depth": np.round(rng.normal(2, 1, n), 1),
            "kind": rng.choice(["help", "information"], n),
        }
    )
    frame.loc[rng.random(n) < 0.25, "depth"] = np.nan
    return frame


def log_of(frame: pd.DataFrame) -> hs.InteractionLog:
    return hs.read_log(frame, time_unit="s")


@pytest.fixture(scope="module")
def told() -> hs.InteractionLog:
    return log_of(acts_of())


@pytest.fixture(scope="module")
def deep() -> hs.InteractionLog:
    return hs.simulate_disclosure(seed=7, people=16, days=200).log


# rows of disclosures


def by_loops(frame: pd.DataFrame, hours: float) -> pd.DataFrame:
    """Every disclosure with what went before and came after, found by looking at all others."""
    end = frame["time"].max()
    told = frame[frame["depth"].notna()].reset_index(drop=True)
    out = []
    for one in told.itertuples():
        pair = told[
            ((told["sender"] == one.sender) & (told["receiver"] == one.receiver))
            | ((told["sender"] == one.receiver) & (told["receiver"] == one.sender))
        ]
        other = pair[pair["sender"] == one.receiver]
        before, after = other[other["time"] < one.time], other[other["time"] > one.time]
        wait = (after["time"].min() - one.time) / 3600 if len(after) else math.nan
        out.append(
            {
                "giver": one.sender,
                "other": one.receiver,
                "time": one.time,
                "depth": one.depth,
                "reached": before["depth"].max() if len(before) else -math.inf,
                "moment": pair[pair["time"] <= one.time]["time"].nunique(),
                "returned": wait <= hours,
                "watched": one.time <= end - hours * 3600,
                "hours": wait,
            }
        )
    return pd.DataFrame(out)


def test_rows_of_disclosures_are_those_found_by_looking_at_all_others(told) -> None:
    found = depth_rows(told, 30 * HOUR)
    ours = pd.DataFrame(
        {
            "giver": told.people[found.giver],
            "other": told.people[found.other],
            "time": found.time / 1e6,
            **{
                name: getattr(found, name)
                for name in ("depth", "reached", "moment", "returned", "watched", "hours")
            },
        }
    )
    keys = ["giver", "other", "time", "depth"]
    twin = by_loops(acts_of(), 30.0)
    pd.testing.assert_frame_equal(
        ours.sort_values(keys, ignore_index=True),
        twin.sort_values(keys, ignore_index=True),
        check_dtype=False,
    )
    came = found.answer_depth[found.returned]
    assert np.isfinite(came).all()
    assert np.isnan(found.answer_depth[np.isnan(found.hours)]).all()


def test_only_kinds_that_count_as_giving_are_looked_at(told) -> None:
    giving = replace(told, giving=("help",))
    assert len(depth_rows(giving, DAY)) == (acts_of()["kind"].eq("help") & acts_of()["depth"].notna()).sum()


# the bend


@pytest.mark.parametrize("outcome", ["returned", "next_depth", "return_hours"])
def test_a_bend_is_the_fit_of_its_rows(deep, outcome) -> None:
    found = hs.disclosure_bend(deep, outcome=outcome, within=WITHIN)
    rows = found.augment()
    family = "logit" if outcome == "returned" else "gaussian"
    other = hs.fit(f"{outcome} ~ relative_depth + relative_depth_squared + log_turn", rows, family=family)
    np.testing.assert_allclose(found.estimate.beta, other.estimate.beta, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found.covariance.std_error, other.covariance.std_error, rtol=1e-6)
    twin = depth_rows(deep, 30 * HOUR)
    keep = (twin.reached > -np.inf) & twin.watched
    keep &= twin.returned if outcome == "next_depth" else True
    y = {
        "returned": twin.returned,
        "next_depth": twin.answer_depth,
        "return_hours": np.where(twin.returned, twin.hours, 30.0),
    }[outcome]
    np.testing.assert_array_equal(rows[outcome], y[keep])
    np.testing.assert_array_equal(rows["relative_depth"], (twin.depth - twin.reached)[keep])
    assert sum(found.left_out.values()) == len(twin) - len(rows)


def bent(curve: float = -0.8, seed: int = 3) -> hs.InteractionLog:
    """Each disclosure is answered, or not, by a curve that turns at 0.5."""
    rng = np.random.default_rng(seed)
    acts, hour = [], 0.0
    for one in range(12):
        for other in range(one + 1, min(one + 5, 12)):
            hour, deepest = rng.uniform(0, 10), {one: 0.0, other: 0.0}
            giver, taker = one, other
            acts.append((taker, giver, hour, 0.0))
            hour += 30
            for _ in range(25):
                x = rng.normal(0, 1)
                depth = deepest[taker] + x
                acts.append((giver, taker, hour, depth))
                deepest[giver] = max(deepest[giver], depth)
                odds = 1.0 + curve * (x - 0.5) ** 2
                if rng.random() < 1 / (1 + math.exp(-odds)):
                    giver, taker = taker, giver
                    hour += rng.uniform(1, 5)
                else:
                    hour += rng.uniform(30, 60)
    frame = pd.DataFrame(acts, columns=["sender", "receiver", "time", "depth"])
    return log_of(frame.assign(time=frame["time"] * 3600))


@pytest.fixture(scope="module")
def curved() -> hs.InteractionLog:
    return bent()


def test_the_turning_point_is_where_the_slope_is_0_and_its_ends_where_it_is_just_rejected(curved) -> None:
    found = hs.disclosure_bend(curved)
    turn, beta, V = found.turning_point(), found.estimate.beta, found.covariance
    assert turn.estimate == pytest.approx(-beta[1] / (2 * beta[2]), rel=1e-12)
    assert turn.low < turn.estimate < turn.high
    assert turn.low < 0.5 < turn.high
    for x in (turn.low, turn.high):
        gradient = np.array([0, 1, 2 * x, 0])
        whole = V.whole
        variance = max(gradient @ whole.matrix @ gradient, gradient @ whole.floor @ gradient)
        t = abs(gradient @ beta) / math.sqrt(variance)
        assert t == pytest.approx(stats.t.ppf(0.975, whole.df(gradient[None, :])[0]), rel=1e-6)
    ratio = np.array([0, -1 / (2 * beta[2]), beta[1] / (2 * beta[2] ** 2), 0])
    assert turn.std_error == pytest.approx(math.sqrt(ratio @ V.whole.matrix @ ratio), rel=1e-8)
    ends = found.both_ends()
    assert ends.slope[0] > 0 > ends.slope[1]
    assert ends.joint == ends.p_value.max() < 0.05
    np.testing.assert_allclose(ends.slope, beta[1] + 2 * beta[2] * np.quantile(found.x, (0.05, 0.95)))
    assert "a top" in found.turning_words()


def test_a_spline_finds_the_same_turn_and_is_a_line_beyond_its_knots(curved) -> None:
    found = hs.disclosure_bend(curved, spline=True)
    turn = found.turning_point()
    assert turn.low < 0.5 < turn.high
    shape = found.shape
    at = np.array([turn.estimate])
    assert float((shape.slopes(at) @ found.estimate.beta[1:4])[0]) == pytest.approx(0, abs=1e-9)
    grid = np.linspace(-2, 2, 41)
    step = 1e-6
    rise = (shape.columns(grid + step) - shape.columns(grid - step)) / (2 * step)
    np.testing.assert_allclose(shape.slopes(grid), rise, atol=1e-7)
    turned = (shape.slopes(grid + step) - shape.slopes(grid - step)) / (2 * step)
    np.testing.assert_allclose(shape.bends(grid), turned, atol=1e-7)
    outer = np.array([shape.knots[0] - 1, shape.knots[-1] + 0.3, shape.knots[-1] + 5])
    np.testing.assert_allclose(shape.bends(outer), 0, atol=1e-9)
    moved = replace(found, estimate=replace(found.estimate, beta=found.estimate.beta * [1, -1, -1, -1, 1]))
    assert "highest at its" in moved.turning_point().note


def test_a_curve_that_only_falls_is_no_bend_that_backfires(deep) -> None:
    found = hs.disclosure_bend(deep, outcome="next_depth")
    assert found.both_ends().joint > 0.05
    assert "answers deep" in str(found)
    assert hs.disclosure_bend(deep).peak
    assert not hs.disclosure_bend(deep, outcome="return_hours").peak


def test_too_soon_is_an_interaction_with_turns(curved) -> None:
    found = hs.disclosure_bend(curved, soon=True)
    test = found.too_soon()
    assert test is not None
    assert test.df1 == 2
    rows = found.augment()
    other = hs.fit("returned ~ (relative_depth + relative_depth_squared) * log_turn", rows, family="logit")
    assert test.wald == pytest.approx(
        other.wald(["relative_depth:log_turn", "relative_depth_squared:log_turn"]).wald, rel=1e-6
    )
    summary = found.summary()
    assert list(summary["what"])[-1] == "deep end, each e-fold of turns"
    late = found.estimate.beta[-2:]
    x = np.quantile(found.x, 0.95)
    assert summary["estimate"].iloc[-1] == pytest.approx(late[0] + 2 * x * late[1])
    assert hs.disclosure_bend(curved).too_soon() is None


def test_the_drawn_curve_is_the_model_s_at_mean_turns(curved) -> None:
    for soon in (False, True):
        found = hs.disclosure_bend(curved, soon=soon)
        beta, curve = found.estimate.beta, found.curve()
        x = curve["relative_depth"].to_numpy()
        eta = beta[0] + beta[1] * x + beta[2] * x**2
        np.testing.assert_allclose(curve["fitted"], 1 / (1 + np.exp(-eta)), rtol=1e-9)
        assert (curve["low"] < curve["fitted"]).all()
        assert (curve["fitted"] < curve["high"]).all()


def test_the_figure_marks_the_turn(curved) -> None:
    from matplotlib.figure import Figure

    found = hs.disclosure_bend(curved)
    axes = hs.figures.bend(found, Figure().subplots())
    assert axes.lines[-1].get_xdata()[0] == pytest.approx(found.turning_point().estimate)
    words = hs.figures.alt_text(axes)
    assert found.turning_words() in words
    x, y = axes.lines[1].get_xdata(), axes.lines[1].get_ydata()
    parts = np.array_split(np.argsort(found.x, kind="stable"), len(x))
    np.testing.assert_allclose(x, [found.x[part].mean() for part in parts], atol=0.05)
    np.testing.assert_allclose(y, [found.estimate.y[part].mean() for part in parts], atol=0.05)
    with pytest.raises(ArgumentError, match="needs a result of"):
        hs.figures.bend(found.augment(), Figure().subplots())
    with pytest.raises(ArgumentError, match="bins is 1"):
        hs.figures.bend(found, Figure().subplots(), bins=1)


def test_names_rows_and_units_do_not_matter() -> None:
    frame = acts_of(3, n=700)
    one = hs.disclosure_bend(log_of(frame), within=WITHIN)
    changed = frame.sample(frac=1, random_state=1)
    names = {f"p{place}": f"q{(place * 5) % 9}" for place in range(9)}
    changed = changed.assign(
        sender=changed["sender"].map(names),
        receiver=changed["receiver"].map(names),
        depth=2 * changed["depth"],
        time=2 * changed["time"],
    )
    other = hs.disclosure_bend(log_of(changed), within="60h")
    units = np.array([1, 0.5, 0.25, 1])
    np.testing.assert_allclose(other.estimate.beta, one.estimate.beta * units, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(other.covariance.std_error, one.covariance.std_error * units, rtol=1e-7)
    assert other.turning_point().estimate == pytest.approx(2 * one.turning_point().estimate)
    assert other.bend_test().p_value == pytest.approx(one.bend_test().p_value)


def test_acts_that_stand_for_several_count_as_often() -> None:
    frame = acts_of(4).drop(columns="kind")
    twice = pd.concat([frame, frame])
    one = hs.disclosure_bend(log_of(twice), within=WITHIN)
    rows = one.augment()
    assert len(rows) == 2 * len(hs.disclosure_bend(log_of(frame), within=WITHIN).augment())


def test_what_a_bend_cannot_be_of_is_said() -> None:
    frame = acts_of()
    with pytest.raises(DesignError, match="no depth"):
        hs.disclosure_bend(log_of(frame.drop(columns="depth")))
    with pytest.raises(ArgumentError, match="takes a log or a study; got DataFrame"):
        hs.disclosure_bend(frame)
    with pytest.raises(ArgumentError, match="outcome"):
        hs.disclosure_bend(log_of(frame), outcome="trust")
    alike = frame.assign(depth=1.0)
    with pytest.raises(FitError, match="a bend needs three"):
        hs.disclosure_bend(log_of(alike))
    steps = frame.assign(depth=frame["depth"].round().clip(1, 2))
    with pytest.raises(FitError, match="knots of a spline coincide"):
        hs.disclosure_bend(log_of(steps), spline=True)
    with pytest.raises(FitError, match="knots"):
        shape_of(np.zeros(9), True)


# the loop


def test_rows_of_windows_are_what_each_window_measures(deep) -> None:
    found = hs.feedback(deep, "20D")
    panel = found.pooled.panel
    frames = []
    for place, part in enumerate(deep.windows("20D")):
        if not deep.windows("20D").whole[place]:
            continue
        both = part.dyads(
            metrics=[
                "extended_disclosure_return_ego",
                "extended_disclosure_return_alter",
                "depth_ego",
                "depth_alter",
                "disclosures_ego",
                "disclosures_alter",
            ]
        ).frame
        for ego, alter in (("ego", "alter"), ("alter", "ego")):
            frames.append(
                pd.DataFrame(
                    {
                        "ego": both[ego],
                        "alter": both[alter],
                        "window": place,
                        "return": both[f"extended_disclosure_return_{alter}"],
                        "disclosure": both[f"depth_{ego}"],
                        "volume": np.log1p(both[f"disclosures_{ego}"]),
                    }
                )
            )
    rows = pd.concat(frames).dropna().set_index(["ego", "alter", "window"])
    expected = []
    for ego, alter, window in rows.index:
        if (ego, alter, window - 1) in rows.index:
            expected.append([*rows.loc[(ego, alter, window - 1)], *rows.loc[(ego, alter, window)]])
    ours = np.hstack([panel.before, panel.after])
    order, twin = np.lexsort(ours.T), np.array(expected)
    np.testing.assert_allclose(ours[order], twin[np.lexsort(twin.T)], rtol=1e-12)


def windows_of(seed: int = 0, windows: int = 7, people: int = 10, variables: int = 2) -> WindowRows:
    """Ordered pairs over windows, some of them unknown."""
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(people, dtype=bool))
    pair, window = np.nonzero(rng.random((ego.size, windows)) < 0.85)
    values = rng.normal(size=(pair.size, variables)) + rng.normal(size=(ego.size, variables))[pair]
    names = tuple("abc"[:variables])
    return WindowRows(names, values, ego[pair], alter[pair], window, windows, np.arange(people), {}, "w.")


def filtered_by_loops(rows: WindowRows, lags: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, list]:
    """The double filter, spell by spell and row by row."""
    at = rows.behind(lags)
    every = np.hstack([rows.values[at - lag] for lag in range(lags + 1)])
    for one in np.unique(rows.window[at]):
        every[rows.window[at] == one] -= every[rows.window[at] == one].mean(axis=0)
    K = len(rows.names)
    y, X, Z, ends = [], [], [], []
    for spell in np.unique(rows.spell[at]):
        part = np.flatnonzero(rows.spell[at] == spell)
        S = len(part)
        for s in range(1, S - 1):
            forward, back = math.sqrt((S - s - 1) / (S - s)), math.sqrt(s / (s + 1))
            here, later = every[part[s]], every[part[s + 1 :]].mean(axis=0)
            y.append(forward * (here[:K] - later[:K]))
            X.append(forward * (here[K:] - later[K:]))
            Z.append(back * (here[K:] - every[part[:s], K:].mean(axis=0)))
            ends.append((rows.ego[at][part[s]], rows.alter[at][part[s]]))
    return np.array(y), np.array(X), np.array(Z), ends


@pytest.mark.parametrize("lags", [1, 2])
def test_paths_within_pairs_are_those_of_loops_and_errors_those_of_leaving_out(lags) -> None:
    rows = windows_of(lags)
    found, reason = own_windows(rows, lags)
    assert not reason
    y, X, Z, ends = filtered_by_loops(rows, lags)
    assert found.rows == len(y)
    theta = np.linalg.solve(Z.T @ X, Z.T @ y)
    np.testing.assert_allclose(found.beta, theta.T.ravel(), rtol=1e-9, atol=1e-11)

    def without(gone: np.ndarray) -> np.ndarray:
        keep = ~gone
        left = np.linalg.solve(Z[keep].T @ X[keep], Z[keep].T @ y[keep])
        return (theta - left).T.ravel()

    ego, alter = np.array(ends).T
    people = [without((ego == one) | (alter == one)) for one in range(10)]
    pairs = [
        without(((ego == one) & (alter == two)) | ((ego == two) & (alter == one)))
        for one in range(10)
        for two in range(one)
    ]
    V = 0.9 * sum(np.outer(d, d) for d in people) - sum(np.outer(d, d) for d in pairs)
    np.testing.assert_allclose(found.covariance.matrix, V, rtol=1e-7, atol=1e-11)


def test_a_panel_s_pooled_paths_are_those_of_cross_lagged() -> None:
    rows = windows_of(5, windows=2)
    panel = panel_rows(rows, 1)
    wide = pd.DataFrame(np.hstack([panel.before, panel.after]), columns=["a1", "b1", "a2", "b2"]).assign(
        ego=panel.ids["ego"], alter=panel.ids["alter"]
    )
    other = hs.cross_lagged({"a": ["a1", "a2"], "b": ["b1", "b2"]}, wide)
    ours = crossed(panel, "jackknife")
    np.testing.assert_allclose(ours.estimate.beta, other.estimate.beta, rtol=1e-10)
    np.testing.assert_allclose(ours.covariance.matrix, other.covariance.matrix, rtol=1e-8)
    assert ours.estimate.names == other.estimate.names


def test_tables_and_tests_of_the_loop_agree(deep) -> None:
    found = hs.feedback(deep, "20D", lags=2)
    table = found.tidy()
    assert len(table) == 2 * 3 * 3 * 2
    assert set(table["kind"]) == {"stability", "cross"}
    own = table[table["compares"] == "windows of a pair"]
    names = found.pooled.estimate.names
    for row in table[table["compares"] == "pairs and windows"].itertuples():
        name = f"{row.to}: {row[1]}_before{'' if row.lag == 1 else row.lag}"
        assert row.estimate == found.pooled.estimate.beta[names.index(name)]
    np.testing.assert_array_equal(own["estimate"], found.within.beta)
    assert found.cross_test().df1 == 12
    assert found.cross_test(within=False).df1 == 12
    assert "goes before what" in str(found)
    assert "Nickell" in found.note()
    alone = hs.feedback(deep, "60D")
    assert len(alone.tidy()) == 9
    with pytest.raises(DesignError, match="no paths within pairs: no pair is known in 4 windows in a row"):
        alone.cross_test()


def test_names_of_people_and_order_of_rows_do_not_matter_to_the_loop() -> None:
    frame = acts_of(8, n=1500, days=80)
    one = hs.feedback(log_of(frame), "10D").tidy()
    names = {f"p{place}": f"q{(place * 5) % 9}" for place in range(9)}
    changed = frame.sample(frac=1, random_state=2)
    changed = changed.assign(sender=changed["sender"].map(names), receiver=changed["receiver"].map(names))
    other = hs.feedback(log_of(changed), "10D").tidy()
    numbers = ["estimate", "std_error", "df"]
    np.testing.assert_allclose(other[numbers], one[numbers], rtol=1e-7, atol=1e-9)


TRUST = """
[labels.trust_{month}]
file = "trust_{month}.csv"
source = "source"
target = "target"
value = "trust"
type = "ordinal"
directed = true
absent = "unknown"
range = [1, 5]
asked = 2024-0{month}-28
"""


def test_trust_stands_in_the_window_in_which_it_was_asked(tmp_path) -> None:
    rng = np.random.default_rng(4)
    ego, alter = np.nonzero(~np.eye(8, dtype=bool))
    people = "id\n" + "".join(f"p{one}\n" for one in range(8))
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 91 * 24, 3000), "h")
    which = rng.integers(0, ego.size, 3000)
    acts = pd.DataFrame({"sender": ego[which], "receiver": alter[which], "time": when})
    acts["sender"], acts["receiver"] = "p" + acts["sender"].astype(str), "p" + acts["receiver"].astype(str)
    files, toml = {}, ""
    for month in (1, 2, 3):
        trust = rng.integers(1, 6, ego.size)
        lines = [f"p{a},p{b},{c}" for a, b, c in zip(ego, alter, trust, strict=True)]
        files[f"trust_{month}"] = "source,target,trust\n" + "\n".join(lines[: 50 + month]) + "\n"
        toml += TRUST.format(month=month)
    head = (
        '[study]\nname = "tiny"\n[acts]\nfile = "acts.csv"\nsender = "sender"\nreceiver = "receiver"\n'
        'time = "time"\ntime_unit = "iso"\n[people]\nfile = "people.csv"\nid = "id"\n'
    )
    acts["time"] = acts["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    csv = acts.to_csv(index=False)
    folder = write_study(tmp_path / "s", toml=head + toml, acts=csv, people=people, labels=None, **files)
    study = hs.open_study(folder)
    names = ["trust_1", "trust_2", "trust_3"]
    found = hs.feedback(study, "month", label=names, variables={"a": "acts_ego", "b": "acts_alter"})
    assert found.names == ("a", "trust", "b")
    panel = found.pooled.panel
    asked = {}
    for month, name in enumerate(names):
        label = study.label(name)
        for a, b, value in zip(label.source, label.target, label.value, strict=True):
            asked[month, study.log.people[a], study.log.people[b]] = value
    whole = study.log.windows("month").whole
    met = {*(acts["sender"] + acts["receiver"] + acts["time"].str[6:7])}
    met |= {*(acts["receiver"] + acts["sender"] + acts["time"].str[6:7])}
    steps = [
        (float(asked[month - 1, a, b]), float(asked[month, a, b]))
        for month, a, b in asked
        if (month - 1, a, b) in asked
        and whole[month - 1]
        and whole[month]
        and {f"{a}{b}{month}", f"{a}{b}{month + 1}"} <= met
    ]
    assert len(steps) > 30
    ours = np.column_stack([panel.before[:, 1], panel.after[:, 1]])
    assert sorted(map(tuple, ours.tolist())) == sorted(steps)
    assert found.within is None
    assert "in 4 windows in a row" in found.reason
    with pytest.raises(FitError, match="in 2 windows in a row"):
        hs.feedback(study, "month", label="trust_2", variables={"a": "acts_ego", "b": "acts_alter"})
    with pytest.raises(UnknownNameError, match="trust_9"):
        hs.feedback(study, "month", label="trust_9")
    with pytest.raises(ArgumentError, match="A log has no labels"):
        hs.feedback(study.log, "month", label="trust_1")


def test_what_a_loop_cannot_be_of_is_said(deep) -> None:
    with pytest.raises(DesignError, match="a panel needs two"):
        hs.feedback(deep, "190D")
    with pytest.raises(ArgumentError, match="lags is 0"):
        hs.feedback(deep, lags=0)
    with pytest.raises(ArgumentError, match="name two or more"):
        hs.feedback(deep, variables={"a": "acts"})
    for wrong in ({"a": 3, "b": "acts_ego"}, {1: "acts_ego", "b": "acts_ego"}, {"a": None, "b": 2}):
        with pytest.raises(ArgumentError, match=r"variables has .*both are text"):
            hs.feedback(deep, variables=wrong)
    with pytest.raises(ArgumentError, match="name two or more"):
        hs.feedback(deep, variables={"a": 3})
    with pytest.raises(FitError, match="in any window"):
        hs.feedback(log_of(acts_of().assign(depth=np.nan)), "9D")
    with pytest.raises(ArgumentError, match="takes a log or a study"):
        hs.feedback(3)
    rows = windows_of(1, windows=3)
    assert own_windows(rows, 1) == (None, "no pair is known in 4 windows in a row.")
    ends = np.array([0, 1]), np.array([1, 0])
    few = double_filtered(np.ones((4, 1)), np.ones((4, 1)), np.zeros(4, dtype=int))
    with pytest.raises(FitError, match="too few"):
        within_paths(few, *ends, ("y: x",))
    still = double_filtered(np.ones((40, 1)), np.ones((40, 1)), np.repeat(np.arange(10), 4))
    with pytest.raises(FitError, match="says nothing"):
        within_paths(still, np.repeat(np.arange(10), 2), (np.repeat(np.arange(10), 2) + 1) % 10, ("y: x",))


# ends of ties


@pytest.fixture(scope="module")
def busy() -> hs.InteractionLog:
    much = hs.Disclosure(weekly=3.0, contact=0.5)
    return hs.simulate_disclosure(seed=7, people=16, days=150, disclosure=much).log


def ties_by_loops(frame: pd.DataFrame, silence: float, early: float | int) -> pd.DataFrame:
    """Ends and early paths of ties, one after the other; spans in hours."""
    end = frame["time"].max() / 3600
    frame = frame.assign(hour=frame["time"] / 3600)
    pairs = frame.apply(lambda row: tuple(sorted((row["sender"], row["receiver"]))), axis=1)
    out = []
    for pair, unsorted in frame.groupby(pairs):
        part = unsorted.sort_values("hour")
        times = np.append(part["hour"], end)
        gaps = np.flatnonzero(np.diff(times) > silence)
        over = gaps.size > 0
        last = times[gaps[0]] if over else times[-2]
        told = part[part["depth"].notna()]
        if isinstance(early, float):
            mark = times[0] + early
            path = told[told["hour"] < mark]
        else:
            if len(told) < early:
                continue
            mark = told["hour"].iloc[early - 1]
            path = told[told["hour"] <= mark]
        if last < mark or end - silence < mark:
            continue
        row = {"pair": pair, "days": (min(last, end - silence) - mark) / 24, "ended": over}
        moments = path["hour"].rank(method="dense").to_numpy() if len(path) else np.empty(0)
        top = path.groupby("hour")["depth"].max().cummax().to_numpy()
        depth = path["depth"].to_numpy()
        rise = top[-1] - top[0] if len(top) else math.nan
        slope = len(path) >= 3 and len(top) > 1
        out.append(
            row
            | {
                "volume": math.log(len(path)) if len(path) else math.nan,
                "depth": depth.mean() if len(path) else math.nan,
                "gradual": np.polyfit(np.log(moments), depth, 1)[0] if slope else math.nan,
                "sudden": np.diff(top).max() / rise if len(top) > 1 and rise > 0 else math.nan,
                "deepening": rise,
            }
        )
    return pd.DataFrame(out)


@pytest.mark.parametrize("early", ["12D", 4])
def test_ends_and_early_paths_of_ties_are_those_of_loops(early) -> None:
    frame = acts_of(11, people=14, n=1400, days=150)
    log = log_of(frame)
    found = ties_in(log, 9 * DAY, early)
    twin = ties_by_loops(frame, 9 * 24.0, 12 * 24.0 if isinstance(early, str) else early)
    ours = pd.DataFrame({"days": found.days, "ended": found.ended, **found.paths})
    ours["pair"] = [
        tuple(sorted(one)) for one in zip(log.people[found.low], log.people[found.high], strict=True)
    ]
    columns = ["pair", "days", "ended", *PATHS]
    pd.testing.assert_frame_equal(
        ours[columns].sort_values("pair", ignore_index=True),
        twin[columns].sort_values("pair", ignore_index=True),
        rtol=1e-9,
    )
    assert len(twin) > 15
    assert 0 < twin["ended"].sum() < len(twin)


def test_a_hazard_of_ends_is_cox_s(busy) -> None:
    found = hs.tie_survival(busy, ["gradual", "volume"], silence="10D", early="20D")
    ties = found.ties
    X = np.column_stack([ties.paths["gradual"], ties.paths["volume"]])
    keep = ~np.isnan(X).any(axis=1)
    other = PHReg(ties.days[keep], X[keep], ties.ended[keep].astype(int), ties="efron").fit()
    np.testing.assert_allclose(found.fit.beta, other.params, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.with_covariance("classical").covariance.std_error, other.bse, rtol=1e-6)
    assert found.events == ties.ended[keep].sum()
    assert "silent for more than 10D" in str(found)
    assert "before the landmark" in found.note()
    total = len(found.codes[0]) + sum(found.left_out.values())
    assert total == busy.dyads_in_contact


def test_curves_of_ties_by_group(busy) -> None:
    found = hs.tie_survival(busy, ["gradual"], silence="10D", early="20D", by="sudden")
    table = found.curves(horizon="40D")
    known = ~np.isnan(found.ties.paths["sudden"])
    assert table["ties"].sum() == known.sum()
    assert (table["ended_low"] <= table["ended"]).all()
    first = found.groups.codes == 0
    days, ended = found.ties.days[first], found.ties.ended[first]
    alive = 1.0
    for one in np.unique(days[ended & (days <= 40)]):
        alive *= 1 - (days[ended] == one).sum() / (days >= one).sum()
    assert table["ended"].iloc[0] == pytest.approx(1 - alive)
    curve = found.curve(horizon="40D")
    assert curve.groupby("group", sort=False)["alive"].min().iloc[0] == pytest.approx(alive)
    whole = hs.tie_survival(busy, ["gradual"], silence="10D", early="20D").curves()
    assert list(whole["group"]) == ["all"]
    assert whole["ties"].iloc[0] == len(found.ties)
    much = hs.Disclosure(weekly=3.0, contact=0.5)
    culture = hs.Moderation(column="culture")
    made = hs.simulate_disclosure(seed=7, people=16, days=150, disclosure=much, moderation=culture)
    study = made.study()
    by = hs.tie_survival(study, ["gradual"], silence="10D", early="20D", by="same_culture").curves()
    assert set(by["group"]) == {"other culture", "same culture"}


def test_ends_do_not_depend_on_names_order_or_unit() -> None:
    frame = acts_of(12, people=12, n=700, days=100)
    one = hs.tie_survival(log_of(frame), ["gradual"], silence="9D", early="10D").tidy()
    names = {f"p{place}": f"q{(place * 5) % 12}" for place in range(12)}
    changed = frame.sample(frac=1, random_state=2)
    changed = changed.assign(
        sender=changed["receiver"].map(names),
        receiver=changed["sender"].map(names),
        time=2 * changed["time"],
        depth=3 * changed["depth"],
    )
    other = hs.tie_survival(log_of(changed), ["gradual"], silence="18D", early="20D").tidy()
    numbers = ["estimate", "std_error"]
    np.testing.assert_allclose(3 * other[numbers], one[numbers], rtol=1e-7)
    np.testing.assert_allclose(other["p_value"], one["p_value"], rtol=1e-7)


def test_what_ends_cannot_be_asked_of_is_said(busy) -> None:
    with pytest.raises(UnknownNameError, match="covariate"):
        hs.tie_survival(busy, ["slow"])
    with pytest.raises(ArgumentError, match="must be a list"):
        hs.tie_survival(busy, "gradual")
    with pytest.raises(ArgumentError, match="number of disclosures from 3 on"):
        hs.tie_survival(busy, ["gradual"], early=2)
    with pytest.raises(DesignError, match="No tie is followed"):
        hs.tie_survival(busy, ["gradual"], silence="150D", early="100D")
    with pytest.raises(FitError, match="no event"):
        hs.tie_survival(busy, ["gradual"], silence="99D", early="20D")
    with pytest.raises(ArgumentError, match="have no order"):
        hs.tie_survival(busy, ["gradual"], silence="10D", by="asker_office")
    with pytest.raises(DesignError, match="no depth"):
        hs.tie_survival(log_of(acts_of().drop(columns="depth")))


# what is stored


@pytest.mark.slow
def test_the_code_of_the_page_runs() -> None:
    page = (PROJECT / "docs" / "dynamics.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for code in re.findall(r"```python\n(.*?)```", page, re.S):
        exec(code, names)
    assert isinstance(names["loop"], hs.Feedback)
    assert isinstance(names["ends"], hs.TieSurvival)
    assert isinstance(names["found"], hs.DisclosureBend)


def stored() -> dict:
    return json.loads((PROJECT / "benchmarks" / "results" / "dynamics_calibration.json").read_text())


def test_the_page_of_calibration_is_what_is_stored() -> None:
    spec = importlib.util.spec_from_file_location(
        "dynamics_page", PROJECT / "benchmarks" / "dynamics_page.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = stored()
    page = (PROJECT / "docs" / "calibration_dynamics.md").read_text(encoding="utf-8")
    assert page == module.page(found["cells"], found["command"])


def test_stored_intervals_cover_and_tests_keep_their_size() -> None:
    cells = stored()["cells"]
    assert {(one["kind"], one["planted"], one["people_differ"]) for one in cells} == {
        (kind, planted, differ)
        for kind in ("bend", "feedback", "ties")
        for planted in (True, False)
        for differ in (True, False)
    } | {(kind, planted, True) for kind in ("bend_by", "feedback_by") for planted in (True, False)}
    for one in cells:
        assert one["studies"] >= 1000
        covered = np.array(one["covered"])
        error = 2 * np.sqrt(covered * (1 - covered) / one["studies"])
        assert (covered + error >= 0.93).all(), one
        bias, spread = np.abs(one["bias"]), np.array(one["spread"])
        assert (bias < 0.15 * spread).all(), one
        if not one["planted"]:
            size = np.atleast_1d(one["size"])
            assert (size - 2 * np.sqrt(size * (1 - size) / one["studies"]) <= 0.065).all(), one

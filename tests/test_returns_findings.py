"""Found in returns, fails and ends of ties by reading them afresh, each with the test it failed."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import honestsignals as hs
from honestsignals.figures import alt_text
from honestsignals.figures.returns import return_curve
from honestsignals.inference.return_curves import kaplan_meier, pairs_of, restricted_mean
from honestsignals.inference.return_estimates import estimated
from honestsignals.return_waits import openings, ordered_acts, waits_of

HOUR, DAY = 3600, 86_400


def acts_of(seed: int, people: int = 7, size: int = 500) -> pd.DataFrame:
    """Acts of two months on a coarse clock: kinds, depths of some, answers."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(size):
        one, other = rng.choice(people, 2, replace=False)
        time = int(rng.integers(0, 60 * 24)) * HOUR
        rows.append((f"p{one}", f"p{other}", time))
        if rng.random() < 0.6:
            rows.append((f"p{other}", f"p{one}", time + int(rng.choice([1, 6, 24, 60])) * HOUR))
    frame = pd.DataFrame(rows, columns=["sender", "receiver", "time"])
    frame["kind"] = rng.choice(["help", "information"], len(frame))
    frame["depth"] = np.where(rng.random(len(frame)) < 0.6, rng.integers(1, 5, len(frame)), np.nan)
    return frame


def log_of(frame: pd.DataFrame) -> hs.InteractionLog:
    return hs.read_log(frame, columns={name: name for name in frame.columns}, time_unit="s")


def only_help(frame: pd.DataFrame) -> tuple[hs.InteractionLog, hs.InteractionLog]:
    """A log in which help alone counts as giving, and the log of help; observed for as long."""
    whole = replace(log_of(frame), giving=("help",))
    edges = (whole.moments()[0], whole.moments()[1] + 1)
    part = log_of(frame[frame["kind"] == "help"])
    return replace(whole, window_edges=edges), replace(part, window_edges=edges)


# what is a disclosure


def test_a_disclosure_counts_as_giving_everywhere() -> None:
    """Acts of other kinds with a depth are no disclosures of metrics, nor of fails, waits and stifling."""
    whole, part = only_help(acts_of(1))
    for family in ("disclosure", "matching", "responsiveness"):
        tables = [one.dyads(metrics=family).frame.set_index(["ego", "alter"]) for one in (whole, part)]
        # a pair whose acts are all of another kind is in contact in neither
        pd.testing.assert_frame_equal(*tables)
    fails = [hs.reciprocity_fails(one, of="disclosures") for one in (whole, part)]
    pd.testing.assert_frame_equal(fails[0].tidy(), fails[1].tidy())
    stifled = [
        hs.stifling(one, of="disclosures", horizon="7D", permutations=0).found for one in (whole, part)
    ]
    np.testing.assert_array_equal(stifled[0], stifled[1])
    for answer in ("disclosure", None):
        waits = [waits_of(one, of="disclosure", answer=answer) for one in (whole, part)]
        for name in ("begin", "hours", "ended", "asks"):
            np.testing.assert_array_equal(getattr(waits[0], name), getattr(waits[1], name))
    # a kind that is named is what it is
    assert (
        waits_of(whole, of="information").asks == (whole.acts.kind == whole.kinds.index("information")).sum()
    )


def test_openings_are_told_in_one_place() -> None:
    log = log_of(acts_of(2))
    acts = ordered_acts(log)
    at = openings(log, acts, HOUR * 10**6)
    assert (np.diff(at) > 0).all()
    assert len(at) == len(hs.reciprocity_fails(log).tidy()) == waits_of(log).asks


# acts that stand for several


def counted_and_repeated(seed: int) -> tuple[hs.InteractionLog, hs.InteractionLog]:
    frame = acts_of(seed)
    frame["count"] = np.random.default_rng(seed).integers(1, 4, len(frame))
    times = frame.loc[frame.index.repeat(frame["count"])].drop(columns="count")
    return log_of(frame), log_of(times)


@pytest.mark.parametrize("of", ["disclosures", "openings"])
def test_a_row_of_three_is_three_rows(of) -> None:
    logs = counted_and_repeated(3)
    edges = (0, 62 * DAY * 10**6)
    one, other = (hs.reciprocity_fails(replace(log, window_edges=edges), of=of) for log in logs)
    pd.testing.assert_frame_equal(one.tidy(), other.tidy())
    pd.testing.assert_frame_equal(one.by_person(), other.by_person())
    pd.testing.assert_frame_equal(one.sensitivity().tidy(), other.sensitivity().tidy())
    assert (one.share, one.interval, one.facts()) == (other.share, other.interval, other.facts())
    first, again = (each.stifling("7D", permutations=19) for each in (one, other))
    np.testing.assert_array_equal(first.found, again.found)
    np.testing.assert_array_equal(first.placebo, again.placebo)
    assert first.facts() == again.facts()


@pytest.mark.parametrize("of", ["disclosure", "help", None])
def test_a_row_of_three_asks_thrice_and_is_waited_after_once(of) -> None:
    one, other = (waits_of(log, of=of) for log in counted_and_repeated(4))
    assert one.asks == other.asks
    for name in ("begin", "ended", "asker", "answerer"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    if of is None:
        assert one.asks == len(ordered_openings(counted_and_repeated(4)[0]))


def ordered_openings(log: hs.InteractionLog) -> np.ndarray:
    return openings(log, ordered_acts(log), HOUR * 10**6)


# beyond what was followed


def test_nothing_is_known_beyond_what_could_be_seen() -> None:
    wait, ended = np.array([1.0, 2.0, 3.0]), np.array([True, False, True])
    curve = kaplan_meier(wait, ended, followed=4.0)
    np.testing.assert_array_equal(curve.at(np.array([3.0, 4.0, 4.5])), [0.0, 0.0, np.nan])
    assert np.isnan(restricted_mean(curve, 5.0))
    assert restricted_mean(curve, 4.0) == pytest.approx(1 + 2 / 3 * 2)
    cut = kaplan_meier(wait, np.array([True, True, False]), followed=9.0)
    np.testing.assert_allclose(cut.at(np.array([3.0, 3.5])), [1 / 3, np.nan])
    pairs = pairs_of(np.array([0, 1, 2]), np.array([1, 2, 0]))
    found = estimated(wait, ended, pairs, 9.0, 4.0)
    assert found.time.tolist() == [1.0, 3.0, 4.0, 9.0]
    assert np.isnan([found.returned[-1], found.share, found.mean, *found.errors.std_error]).all()
    assert np.isnan(np.array(found.band_ends(0.95))[:, -1]).all()
    assert np.isfinite(found.returned[:-1]).all()


def test_curves_end_where_the_log_does_and_say_so() -> None:
    """Everybody was answered within hours, and the log is of two days: of seven days nothing is known."""
    rng = np.random.default_rng(5)
    rows = []
    for _ in range(150):
        one, other = rng.choice(8, 2, replace=False)
        time = int(rng.integers(0, 46 * 60)) * 60
        rows += [(one, other, time), (other, one, time + int(rng.integers(1, 100)) * 60)]
    log = log_of(pd.DataFrame(rows, columns=["sender", "receiver", "time"]))
    found = hs.return_curves(log, horizon="7D")
    assert found.waits.ended.mean() > 0.9
    row = found.tidy().iloc[0]
    assert row[["returned", "returned_low", "mean_hours", "mean_hours_high"]].isna().all()
    assert np.isfinite(row["median_hours"])
    curve = found.curve()
    assert curve["hours"].iloc[-1] == 168.0
    assert curve.iloc[-1][["returned", "std_error", "low", "high"]].isna().all()
    assert curve["returned"].iloc[:-1].notna().all()
    known = curve["hours"].iloc[-2]
    assert known <= 48
    assert re.search(rf"Not known beyond {known:.1f} h, where .* before the horizon: no share", str(found))
    axes = return_curve(found, Figure().subplots())
    assert max(axes.lines[0].get_xdata()) == pytest.approx(known / 24)
    assert "not known beyond" in alt_text(axes)
    assert "nan" not in alt_text(axes)
    with_groups = hs.return_curves(
        log,
        by=pd.DataFrame(
            [(i, j, (i + j) % 2) for i in range(8) for j in range(i)], columns=["ego", "alter", "odd"]
        ),
    )
    assert with_groups.differences()[["estimate", "std_error", "low", "high"]].isna().all(axis=None)
    whole = hs.return_curves(log, horizon="1D").tidy().iloc[0]
    assert whole[["returned", "mean_hours"]].notna().all()


def test_waits_that_are_all_alike_tell_of_no_error() -> None:
    """Nobody is answered: the mean is the horizon, and there is no interval of that."""
    acts = [
        (one, other, place * 40 * HOUR) for place, (one, other) in enumerate(["ab", "bc", "ca", "da"] * 3)
    ]
    log = log_of(pd.DataFrame(acts, columns=["sender", "receiver", "time"]))
    found = hs.return_curves(log, horizon="1D", of=None)
    row = found.tidy().iloc[0]
    assert (row["returned"], row["mean_hours"]) == (0.0, 24.0)
    assert row[["returned_low", "mean_hours_low", "mean_hours_high"]].isna().all()
    assert found.curve()["std_error"].isna().all()
    assert "No interval of the share: nothing was returned, which tells of no error." in str(found)
    pairs = pd.DataFrame(
        [("a", "b", 0), ("b", "c", 0), ("c", "a", 1), ("d", "a", 1)], columns=["ego", "alter", "g"]
    )
    apart = hs.return_curves(log, horizon="1D", by=pairs).differences()
    assert apart["estimate"].tolist() == [0.0, 0.0]
    assert apart[["low", "high"]].isna().all(axis=None)


def test_curves_of_ties_end_where_follow_up_does() -> None:
    much = hs.Disclosure(weekly=3.0, contact=0.5)
    log = hs.simulate_disclosure(seed=7, people=12, days=120, disclosure=much).log
    found = hs.tie_survival(log, ["gradual"], silence="10D", early="20D")
    assert (found.ties.days <= found.ties.followed).all()
    table = found.curves(horizon="300D").iloc[0]
    assert table[["ended", "ended_low", "days", "days_high"]].isna().all()
    assert re.fullmatch(r"no tie of the group was followed for more than \d+\.\d days", table["reason"])
    assert found.curves()["reason"].iloc[0] == ""
    curve = found.curve(horizon="300D")
    assert curve["days"].iloc[-1] == 300
    assert curve.iloc[-1][["alive", "low", "high"]].isna().all()


# words


@pytest.mark.parametrize("depth", ["2", [1], True, np.nan, np.inf, np.bool_(True)])
@pytest.mark.parametrize(
    "asked",
    [
        lambda log, depth: hs.return_curves(log, of="disclosure", depth_at_least=depth),
        lambda log, depth: hs.reciprocity_fails(log, of="disclosures", depth_at_least=depth),
        lambda log, depth: hs.stifling(log, of="disclosures", depth_at_least=depth),
    ],
)
def test_a_depth_is_a_number(asked, depth) -> None:
    with pytest.raises(hs.ArgumentError, match=r"depth_at_least is .*; it must be a number"):
        asked(log_of(acts_of(1, size=60)), depth)


def test_a_kind_that_is_called_disclosure_is_named_once() -> None:
    frame = acts_of(1, size=60).replace({"kind": {"information": "disclosure"}})
    with pytest.raises(hs.UnknownNameError, match=r"There are: disclosure, help\.$"):
        hs.return_curves(log_of(frame), of="zzzzz")


def test_an_ordered_categorical_brings_its_layers() -> None:
    frame = acts_of(1, size=60).drop(columns="depth")
    words = ["outer", "middle", "core"]
    place = np.random.default_rng(1).integers(-1, 3, len(frame))
    frame["depth"] = pd.Categorical.from_codes(place, words, ordered=True)
    told = hs.read_log(frame.assign(depth=frame["depth"].astype(object)), time_unit="s", depth_layers=words)
    np.testing.assert_array_equal(log_of(frame).acts.columns["depth"], told.acts.columns["depth"])
    loose = frame.assign(depth=frame["depth"].cat.as_unordered())
    with pytest.raises(hs.InputError, match="read as layers, with depth_layers"):
        log_of(loose)


def test_ties_that_cannot_deepen_are_told_apart_from_those_that_do_not() -> None:
    much = hs.Disclosure(weekly=3.0, contact=0.5)
    log = hs.simulate_disclosure(seed=7, people=12, days=120, disclosure=much).log
    depth = np.where(np.isnan(log.acts.columns["depth"]), np.nan, 2.0)
    flat = replace(log, acts=replace(log.acts, columns={**log.acts.columns, "depth": depth}))
    for names in (None, ["gradual"], ["volume", "deepening"]):
        with pytest.raises(hs.DesignError, match="has the depth 2, so no tie deepens"):
            hs.tie_survival(flat, names, silence="10D", early="20D")
    assert hs.tie_survival(flat, ["volume"], silence="10D", early="20D").names == ("volume",)


def test_a_share_without_an_interval_says_why() -> None:
    two = pd.DataFrame([("a", "b", day * DAY) for day in range(9)], columns=["sender", "receiver", "time"])
    text = str(hs.reciprocity_fails(log_of(two)))
    assert "100.0 %, over 2 people; no interval: an error over people needs three" in text
    three = pd.concat([two, two.assign(receiver="c")])
    text = str(hs.reciprocity_fails(log_of(three)))
    assert "100.0 %, over 3 people; no interval: all alike tell of no error" in text
    text = str(hs.reciprocity_fails(log_of(three), within="30D"))
    assert "None of 18 openings was followed for 30 days: choose a shorter Δ." in text
    assert "nan" not in text

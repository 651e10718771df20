"""Ties, fails, waits and hazards: acts at one instant, what is not known, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.log import InteractionLog
from honestsignals.tie_paths import ties_in

HOUR, DAY = 3600, 86400


def log_of(frame: pd.DataFrame, until: int | None = None) -> InteractionLog:
    """A log of times in seconds; all kinds give."""
    log = hs.read_log(frame, columns={name: name for name in frame.columns}, time_unit="s")
    return log if until is None else replace(log, window_edges=(0, until * 10**6))


def test_a_row_that_counts_several_is_as_gradual_as_so_many_rows() -> None:
    rows = [("a", "b", day * DAY, 1.0 + day, 3) for day in range(3)]
    rows += [("a", "b", day * DAY, np.nan, 1) for day in range(3, 20)]
    told = pd.DataFrame(rows, columns=["sender", "receiver", "time", "depth", "count"])
    single = told.loc[told.index.repeat(told["count"])].drop(columns="count")
    found = [
        ties_in(log_of(one, 100 * DAY), 10 * DAY * 10**6, "7D").paths["gradual"] for one in (told, single)
    ]
    assert np.isfinite(found[0]).all()
    np.testing.assert_allclose(found[0], found[1])


FIRST_TOLD = [("help", "information"), ("help", "help"), ("information", "help"), ("information",)]


def first_acts() -> pd.DataFrame:
    """Ties whose first instant has acts of both, some of two kinds and some of one."""
    rows, draws = [], np.random.default_rng(1)
    for tie in range(32):
        a, b, at = f"a{tie % 8}", f"b{tie // 4}", tie * HOUR
        kinds = FIRST_TOLD[tie % 4]
        rows.append((a, b, at, kinds[0], 1.0))
        rows += [(b, a, at, kind, 2.0) for kind in kinds[1:]]
        for day in range(2, int(draws.integers(20, 90)), 3):
            rows.append((a, b, day * DAY + at, "help", 1.0 + day % 3))
    return pd.DataFrame(rows, columns=["sender", "receiver", "time", "kind", "depth"])


def test_a_tie_that_begins_with_acts_of_two_kinds_has_none() -> None:
    told = first_acts()
    turned = told.copy()
    for side in ("sender", "receiver"):
        turned[side] = turned[side].map(lambda one: ("z" if one[0] == "a" else "c") + one[1:])
    found = [
        hs.tie_survival(log_of(one, 110 * DAY), ["kind"], silence="10D", early="10D", by="kind")
        for one in (told, turned)
    ]
    assert found[0].left_out["ties without kind (not known)"] == 16
    assert found[0].curves()["ties"].tolist() == [8, 8]
    pd.testing.assert_frame_equal(found[0].curves(), found[1].curves())
    pd.testing.assert_frame_equal(
        found[0].tidy()[["term", "estimate"]], found[1].tidy()[["term", "estimate"]]
    )
    assert "kind: of the tie's first act; not known where acts of that instant differ." in found[0].facts()


def two_at_once() -> pd.DataFrame:
    """Disclosures of which one in three comes with another of the other channel at its instant."""
    told = hs.simulate_disclosure(seed=3, people=20, days=200).log
    acts = told.acts
    frame = pd.DataFrame(
        {
            "sender": told.people[acts.sender],
            "receiver": told.people[acts.receiver],
            "time": acts.time // 10**6,
        }
    )
    frame["depth"] = acts.columns["depth"]
    draws = np.random.default_rng(0)
    frame["channel"] = draws.choice(["mail", "talk"], len(frame))
    again = frame[draws.random(len(frame)) < 0.3].copy()
    again["channel"] = again["channel"].map({"mail": "talk", "talk": "mail"})
    return pd.concat([frame, again], ignore_index=True)


OTHER = {"mail": "zmail", "talk": "atalk"}


def test_the_names_of_channels_do_not_say_which_wait_is_of_which() -> None:
    told = two_at_once()
    renamed = told.assign(channel=told["channel"].map(OTHER))
    for asked in ({}, {"of": "disclosure", "answer": "disclosure"}):
        found = [hs.return_curves(log_of(one), by="channel", **asked) for one in (told, renamed)]
        frames = [
            one.tidy().assign(group=["mail", "talk"][::step])
            for one, step in zip(found, (1, -1), strict=True)
        ]
        frames[1] = frames[1].iloc[::-1].reset_index(drop=True)
        pd.testing.assert_frame_equal(*frames)
        unknown = [int((one.groups.codes < 0).sum()) for one in found]
        assert unknown[0] == unknown[1] > 0
        assert any("whose channel is not known" in line for line in found[0].facts())


def test_the_names_of_channels_do_not_say_which_turn_is_of_which() -> None:
    told = two_at_once()
    found = [log_of(one) for one in (told, told.assign(channel=told["channel"].map(OTHER)))]
    turns = [hs.disclosure_turns(log, by="channel").frame["channel"] for log in found]
    assert turns[0].isna().any()
    # what is missing is None before pandas 3, and NaN from then on
    assert turns[0].map(OTHER).fillna("").tolist() == turns[1].fillna("").tolist()
    left = [hs.matching(log, by="channel").left_out for log in found]
    assert left[0] == left[1]
    assert left[0]["whose channel is not known"] > 0


def opened(kinds: tuple[str, str]) -> InteractionLog:
    """Openings of two acts at one instant, the one shallow and the other deep."""
    rows = []
    for day in range(0, 120, 4):
        for pair in range(4):
            a, b = f"a{pair}", f"b{pair}"
            rows += [(a, b, day * DAY, kinds[0], 1.0), (a, b, day * DAY, kinds[1], 5.0)]
            if (day + pair) % 3:
                rows.append((b, a, day * DAY + HOUR // 2, kinds[0], 2.0))
    return log_of(pd.DataFrame(rows, columns=["sender", "receiver", "time", "kind", "depth"]), 125 * DAY)


def test_an_opening_is_as_deep_as_the_deepest_of_its_instant() -> None:
    for kinds in (("help", "talk"), ("talk", "help")):
        fails = hs.reciprocity_fails(opened(kinds), depth_at_least=4)
        assert fails.source.able.sum() == 120
        assert set(fails.tidy()["depth"]) == {5.0}
        assert hs.reciprocity_fails(opened(kinds)).share == fails.share


def test_an_opening_of_two_kinds_has_none() -> None:
    fails = hs.reciprocity_fails(opened(("help", "talk")))
    with pytest.raises(hs.DesignError, match="'kind' is known of none of them"):
        fails.stifling("1D", by="kind", permutations=0)


def test_a_missing_value_of_an_ordered_pair_is_not_that_of_the_other_way() -> None:
    told = first_acts()
    log, people = log_of(told), sorted({*told["sender"], *told["receiver"]})
    pairs = [(ego, alter) for ego in people for alter in people if ego != alter]
    near = pd.DataFrame(pairs, columns=["ego", "alter"])
    near["near"] = [np.nan if ego > alter else float(int(alter[1]) % 3) for ego, alter in pairs]
    found = hs.return_hazard(log, ["debt_log", near], covariance="classical")
    assert (np.char.find(log.people[found.codes[0]].astype(str), "a") == 0).all()
    one_way = hs.return_hazard(log, ["debt_log", near.dropna()], covariance="classical")
    assert len(one_way.codes[0]) == len(found.codes[0]) + found.left_out["near is not known"]


def test_a_hazard_of_a_log_in_which_nobody_gives_says_so() -> None:
    told = first_acts()
    told["kind"] = np.where(told["time"] < 20 * DAY, "chat", "help")
    log = replace(log_of(told), giving=("help",)).window(end=15 * DAY)
    for pairs in ("met", "all"):
        with pytest.raises(hs.DesignError, match="No act counts as giving"):
            hs.return_hazard(log, pairs=pairs)


def test_ties_that_the_end_of_the_log_cut_off_have_not_ended() -> None:
    rows = []
    for tie in range(8):
        for day in range(0, 50 + 6 * tie, 3):
            rows.append((f"a{tie}", f"b{tie}", day * DAY + tie * HOUR, 1.0 + day * tie % 5))
    late = [(f"n{tie}", f"m{tie}", day * DAY, 2.0) for tie in range(5) for day in (97, 98, 99)]
    gone = [("x", "y", day * DAY, 2.0) for day in (1, 2)]
    told = pd.DataFrame(rows + late + gone, columns=["sender", "receiver", "time", "depth"])
    found = hs.tie_survival(log_of(told, 100 * DAY), ["depth"], silence="10D", early="14D")
    assert found.left_out == {
        "ties that ended before their landmark": 1,
        "ties whose landmark is less than the silence before the log's end": 5,
    }


def test_ties_of_no_group_are_counted() -> None:
    found = hs.tie_survival(log_of(first_acts(), 110 * DAY), ["depth"], silence="10D", early="10D", by="kind")
    assert len(found.ties) - found.curves()["ties"].sum() == 16
    assert "In no curve: 16 of 32 ties, whose kind is not known." in found.facts()


def alike() -> pd.DataFrame:
    """Openings of four pairs, of which each leaves the same share alone."""
    rows = []
    for day in range(0, 60, 4):
        for pair in range(4):
            rows.append((f"a{pair}", f"b{pair}", day * DAY, 2.0 if pair else np.nan))
            if (day // 4) % 3:
                rows.append((f"b{pair}", f"a{pair}", day * DAY + HOUR // 2, 2.0))
    return pd.DataFrame(rows, columns=["sender", "receiver", "time", "depth"])


def test_an_interval_as_narrow_as_rounding_is_none() -> None:
    fails = hs.reciprocity_fails(log_of(alike(), 70 * DAY))
    assert 0 < fails.share < 1
    assert np.isnan(fails.interval).all()
    assert "people differ by no more than rounding, which tells of no error" in fails.facts()[0]


def test_where_no_opening_is_so_deep_that_is_the_reason() -> None:
    log = log_of(alike(), 70 * DAY)
    fails = hs.reciprocity_fails(log, depth_at_least=9)
    why = "None of 60 openings has a known depth of 9 or more; the deepest has 2."
    assert fails.facts()[0] == why
    with pytest.raises(hs.DesignError, match=why):
        fails.stifling("3D", permutations=0)


def test_openings_passed_over_are_counted_by_what_is_known() -> None:
    told = alike()
    told.loc[told["sender"] == "a1", "depth"] = 1.0
    told = pd.concat(
        [told, pd.DataFrame({"sender": ["b1", "a1"], "receiver": ["a1", "b1"], "time": 65 * DAY})]
    )
    fails = hs.reciprocity_fails(log_of(told, 70 * DAY), depth_at_least=2)
    assert "Passed over: 15 openings not so deep and 15 of unknown depth." in fails.facts()
    assert "1 conversation begun by both at one instant: opened by neither." in fails.facts()
    left = fails.stifling("3D", permutations=0).study.left_out()
    assert (left["not so deep"], left["of unknown depth"]) == (15, 15)


def test_infinite_attributes_are_named() -> None:
    told = first_acts()
    people = pd.DataFrame({"age": 1.0}, index=sorted({*told["sender"], *told["receiver"]}))
    people.iloc[:2] = np.inf
    for name in ("ego_age", "gap_age"):
        with pytest.raises(hs.DesignError, match="age' is infinite"):
            hs.return_hazard(log_of(told), [name], people=people)


def test_a_hazard_has_no_slope_at_a_value_that_is_none() -> None:
    told = hs.simulate(seed=5).study()
    found = hs.return_hazard(told, ["debt_log*received_log"], covariance="classical")
    for value in (np.nan, np.inf):
        with pytest.raises(hs.ArgumentError, match="must be finite"):
            found.moderation("debt_log", "received_log", values=[value])


def test_one_is_said_as_one() -> None:
    told = first_acts()
    again = told[told["time"] == told["time"].max()].iloc[:1]
    both = pd.concat([told, again], ignore_index=True).drop(columns="kind")
    found = hs.return_hazard(log_of(both), ["debt_log"], covariance="classical")
    assert "1 further act at such an instant is no event of its own." in found.facts()[1]


def test_people_are_asked_for_where_they_can_be_given() -> None:
    log = hs.simulate_disclosure(seed=1, people=12, days=60).log
    for takes in (hs.matching, hs.disclosure_turns):
        with pytest.raises(hs.HonestSignalsError, match="or in people="):
            takes(log, by="ego_office")
    with pytest.raises(hs.HonestSignalsError) as refused:
        hs.disclosure_bend(log, by="ego_office")
    assert "people=" not in str(refused.value)
    assert "stand in a study." in str(refused.value)


def test_names_of_people_and_channels_change_no_number() -> None:
    told = two_at_once().assign(time=lambda one: one["time"] // (6 * HOUR) * 6 * HOUR)
    people = sorted({*told["sender"], *told["receiver"]})
    turned = dict(zip(people, people[::-1], strict=True))
    renamed = told.assign(
        channel=told["channel"].map(OTHER),
        sender=told["sender"].map(turned),
        receiver=told["receiver"].map(turned),
    )
    logs = [log_of(one) for one in (told, renamed)]
    fails = [hs.reciprocity_fails(log, depth_at_least=1.5) for log in logs]
    assert fails[0].facts()[1:] == fails[1].facts()[1:]
    assert fails[0].share == pytest.approx(fails[1].share, abs=1e-12)
    for made in (
        lambda log: hs.return_curves(log, by="channel").tidy()[["group", "waits", "returned"]],
        lambda log: hs.tie_survival(log, ["depth"], by="channel").curves()[["group", "ties", "ended"]],
    ):
        one, other = (made(log) for log in logs)
        one = one.assign(group=one["group"].map(OTHER)).sort_values("group", ignore_index=True)
        pd.testing.assert_frame_equal(one, other.sort_values("group", ignore_index=True))


def test_stifling_names_no_argument_that_it_lacks() -> None:
    fails = hs.reciprocity_fails(opened(("help", "talk")))
    with pytest.raises(hs.HonestSignalsError, match=r"stand in a study\.$"):
        fails.stifling("1D", by="asker_office", permutations=0)

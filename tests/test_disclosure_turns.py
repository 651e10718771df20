"""Turns of disclosure against a loop over acts, and what fit makes of them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs

DAY = 86_400


def noted(seed: int) -> pd.DataFrame:
    """Acts at few moments, so that some are at one instant, and some that disclose nothing."""
    rng = np.random.default_rng(seed)
    n = 160
    people = np.array(list("abcd"))
    sender = rng.integers(0, 4, n)
    receiver = (sender + rng.integers(1, 4, n)) % 4
    depth = rng.integers(0, 9, n).astype(float)
    depth[rng.random(n) < 0.1] = np.nan
    hours = rng.integers(0, 400, n)
    return pd.DataFrame(
        {
            "time": hours * 3600.0,
            "sender": people[sender],
            "receiver": people[receiver],
            "kind": rng.choice(["mail", "talk"], n),
            "depth": depth,
        }
    ).drop_duplicates(["time", "sender", "receiver"])


def by_loops(acts: pd.DataFrame, end: float) -> dict[tuple[str, str, int], dict[str, float]]:
    """Every turn that follows one of the other, by ego, alter and number."""
    found = {}
    told = acts.dropna(subset=["depth"])
    pairs = {tuple(sorted(two)) for two in zip(told["sender"], told["receiver"], strict=True)}
    for one, other in sorted(pairs):
        inside = told[told["sender"].isin([one, other]) & told["receiver"].isin([one, other])]
        turns: list[dict] = []
        for moment in sorted(inside["time"].unique()):
            now = inside[inside["time"] == moment]
            who = set(now["sender"])
            giver = who.pop() if len(who) == 1 else None
            if not turns or giver is None or turns[-1]["ego"] != giver:
                turns.append({"ego": giver, "depths": [], "times": []})
            turns[-1]["depths"] += now["depth"].tolist()
            turns[-1]["times"].append(moment)
        clear = []
        for place in range(len(turns)):
            near = turns[max(place - 1, 0) : place + 2]
            clear.append(all(turn["ego"] is not None for turn in near))
        mean = [float(np.mean(turn["depths"])) for turn in turns]
        for k in range(1, len(turns)):
            if not (clear[k] and clear[k - 1]):
                continue
            ego = turns[k]["ego"]
            alter = other if ego == one else one
            begin, last = turns[k]["times"][0], turns[k]["times"][-1]
            earlier = inside[(inside["sender"] == alter) & (inside["time"] < begin)]["depth"]
            after = inside[(inside["sender"] == alter) & (inside["time"] > last)]["time"]
            came = bool(((after - last) <= DAY).any())
            first = turns[0]["ego"]
            found[ego, alter, k + 1] = {
                "depth": mean[k],
                "alter_depth": mean[k - 1],
                "own_depth": mean[k - 2] if k >= 2 and clear[k - 2] else math.nan,
                "relative_depth": mean[k] - earlier.max(),
                "answered": float(came) if last + DAY <= end else math.nan,
                "next_depth": mean[k + 1] if k + 1 < len(turns) and clear[k + 1] else math.nan,
                "hours": (begin - turns[k - 1]["times"][-1]) / 3600,
                "ego_first": math.nan if first is None else float(first == ego),
                "log_turn": math.log(k + 1),
            }
    return found


@pytest.mark.parametrize("seed", range(5))
def test_turns_are_those_of_a_loop(seed: int) -> None:
    acts = noted(seed)
    turns = hs.disclosure_turns(hs.read_log(acts, time_unit="s"))
    twin = by_loops(acts, acts["time"].max())
    frame = turns.frame
    keys = list(zip(frame["ego"], frame["alter"], frame["turn"], strict=True))
    assert sorted(keys) == sorted(twin)
    expected = pd.DataFrame([twin[key] for key in keys])
    pd.testing.assert_frame_equal(frame[expected.columns.tolist()], expected, check_exact=False)
    assert sum(turns.design.left_out.values()) + len(frame) == turns.design.possible
    assert turns.design.left_out["turns that touch an instant at which both disclosed"] > 0


def test_fit_takes_the_turns() -> None:
    simulation = hs.simulate_disclosure(seed=6, people=16, days=120, moderation=hs.Moderation())
    turns = hs.disclosure_turns(simulation.study(), by=["ego_culture", "same_culture", "kind"])
    whole = hs.fit("depth ~ alter_depth * ego_culture + own_depth + log_turn", turns)
    assert whole.tidy()["std_error"].notna().all()
    plain = hs.fit("depth ~ alter_depth * ego_culture + own_depth + log_turn", turns.frame, family="gaussian")
    np.testing.assert_allclose(whole.tidy()["estimate"], plain.tidy()["estimate"])
    assert {"ego_culture", "same_culture", "kind"} <= set(turns.codebook()["column"].tolist())
    assert str(turns).startswith("DisclosureTurns")
    assert turns.label == "depth"


def test_a_longer_window_answers_more() -> None:
    log = hs.simulate_disclosure(seed=6, people=16, days=120).log
    answered = [hs.disclosure_turns(log, within=span).frame["answered"].mean() for span in ("1h", "1D", "7D")]
    assert answered == sorted(answered)
    assert answered[0] < answered[-1]


def test_what_is_refused() -> None:
    simulation = hs.simulate_disclosure(seed=6, people=12, days=60)
    with pytest.raises(hs.ArgumentError, match="disclosure_turns takes a log or a study"):
        hs.disclosure_turns("log")
    with pytest.raises(hs.ArgumentError, match="must be a further one"):
        hs.disclosure_turns(simulation.log, by="depth")
    with pytest.raises(hs.UnknownNameError, match="column for by"):
        hs.disclosure_turns(simulation.log, by="ego_office")
    silent = simulation.acts.assign(depth=np.nan)
    with pytest.raises(hs.HonestSignalsError, match="depth"):
        hs.disclosure_turns(hs.read_log(silent, time_unit="iso"))


def test_individual_and_dyadic_reciprocity_of_disclosure_are_one_call() -> None:
    """Mean depth from each to each, split by the social relations model."""
    simulation = hs.simulate_disclosure(
        seed=2, people=16, days=150, disclosure=hs.Disclosure(contact=1.0, weekly=0.3)
    )
    table = simulation.log.dyads(metrics=["depth_ego", "depth_alter"])
    found = hs.srm(table, "depth_ego")
    ids = list(simulation.log.people)
    matrix = simulation.acts.pivot_table(index="sender", columns="receiver", values="depth", aggfunc="mean")
    by_hand = hs.srm(matrix.reindex(index=ids, columns=ids))
    np.testing.assert_allclose(found.tidy()["estimate"], by_hand.tidy()["estimate"], rtol=1e-8)
    assert {"actor-partner covariance", "relationship covariance"} <= set(found.tidy()["component"])

"""Channels, contexts and topics in the place of kinds, and what share of a pair's acts each has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from tests.shared import PROJECT

CHANNELS = np.array(["mail", "chat", "phone", None], dtype=object)


def acts(seed: int = 1, n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    ego, step = rng.integers(0, 9, n), rng.integers(1, 9, n)
    made = pd.DataFrame(
        {"sender": ego, "receiver": (ego + step) % 9, "time": np.sort(rng.integers(0, 10**6, n))}
    )
    made["kind"] = rng.choice(["help", "information", "chatter"], n)
    made["channel"] = rng.choice(CHANNELS, n)
    made["context"] = np.where(made["time"] % 2 == 0, "work", "home")
    return made.assign(topic=rng.choice(["money", "health"], n))


@pytest.mark.parametrize("column", ["channel", "context", "topic"])
def test_counts_and_shares_are_those_of_loops_over_acts(column: str) -> None:
    frame = acts()
    log = hs.kinds_from(hs.read_log(frame, time_unit="s"), column)
    assert log.kinds == tuple(sorted(frame[column].fillna("none").unique()))
    names = [f"{stem}__{kind}" for kind in log.kinds for stem in ("acts_ego", "kind_share", "kind_share")]
    table = log.dyads(metrics=list(dict.fromkeys(names)), pairs="all").frame
    for row in table.to_dict("records"):
        pair = {row["ego"], row["alter"]}
        between = [one for one in frame.to_dict("records") if {one["sender"], one["receiver"]} == pair]
        for kind in log.kinds:
            of_kind = [
                one for one in between if (one[column] if isinstance(one[column], str) else "none") == kind
            ]
            share = len(of_kind) / len(between) if between else np.nan
            assert row[f"kind_share__{kind}"] == pytest.approx(share, nan_ok=True)
            assert row[f"acts_ego__{kind}"] == sum(one["sender"] == row["ego"] for one in of_kind)


def test_shares_add_up_and_know_weight_is_none() -> None:
    log = hs.kinds_from(hs.read_log(acts(), time_unit="s"), "channel")
    shares = log.dyads(metrics=[f"kind_share__{kind}" for kind in log.kinds]).frame.iloc[:, 2:]
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    with pytest.raises(hs.DesignError, match="cannot be bound to weight"):
        hs.read_log(acts().assign(weight=1.0), time_unit="s").dyads(metrics=["kind_share__weight"])


def test_kinds_that_do_not_count_as_giving_are_left_out_and_counted() -> None:
    frame = acts()
    log = hs.read_log(frame, time_unit="s")
    giving = hs.InteractionLog(log.acts, "log", ("help", "information"))
    found = hs.kinds_from(giving, "channel")
    aside = int((frame["kind"] == "chatter").sum())
    assert len(found) == len(frame) - aside
    assert found.left_out["kinds that do not count as giving"] == aside
    assert found.moments() == log.moments()
    help_by_mail = hs.kinds_from(log.only("help"), "channel").only("mail")
    assert len(help_by_mail) == int(((frame["kind"] == "help") & (frame["channel"] == "mail")).sum())


def test_a_study_has_its_acts_by_channel_before_labels_were_asked(tmp_path) -> None:
    frame = acts()
    people = pd.DataFrame({"id": range(9)})
    labels = pd.DataFrame({"a": [0, 1, 2], "b": [1, 2, 3], "friend": [1, 0, 1], "asked": 500_000})
    for name, one in (("acts", frame), ("people", people), ("labels", labels)):
        one.to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "study.toml").write_text(
        '[study]\nname = "by channel"\n'
        '[acts]\nfile = "acts.csv"\nsender = "sender"\nreceiver = "receiver"\ntime = "time"\n'
        'time_unit = "s"\ntime_origin = "relative"\nkind = "kind"\nchannel = "channel"\ncontext = "context"\n'
        '[people]\nfile = "people.csv"\nid = "id"\n'
        '[labels.friend]\nfile = "labels.csv"\nsource = "a"\ntarget = "b"\nvalue = "friend"\n\n'
        'type = "binary"\ndirected = false\nabsent = "unknown"\nasked = "asked"\n'
    )
    study = hs.open_study(tmp_path)
    by_channel = hs.kinds_from(study, "channel")
    assert study.log.kinds == ("chatter", "help", "information")
    assert by_channel.log.kinds == ("chat", "mail", "none", "phone")
    table = by_channel.dyads(label="friend", metrics=["kind_share__mail", "acts"]).frame
    early = frame[frame["time"] < 500_000]
    for row in table.itertuples():
        between = early[
            early["sender"].isin([row.ego, row.alter]) & early["receiver"].isin([row.ego, row.alter])
        ]
        assert row.acts == len(between)
        assert row.kind_share__mail == pytest.approx((between["channel"] == "mail").mean())
    assert hs.kinds_from(study, "context").log.kinds == ("home", "work")
    waits = hs.return_curves(study, by="context", horizon="2D").tidy()
    assert waits["group"].tolist() == ["home", "work"]


def test_refusals() -> None:
    log = hs.read_log(acts(), time_unit="s")
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'channel'"):
        hs.kinds_from(log, "chanel")
    with pytest.raises(hs.ArgumentError, match="takes a log or a study; got DataFrame"):
        hs.kinds_from(acts(), "channel")
    plain = hs.read_log(acts()[["sender", "receiver", "context"]])
    with pytest.raises(hs.DesignError, match="no column 'channel'; it has context"):
        hs.kinds_from(plain, "channel")
    with pytest.raises(hs.DesignError, match="nor any like it"):
        hs.kinds_from(hs.open_study(PROJECT / "data" / "helpdesk").log, "channel")
    both = hs.read_log(acts().assign(channel=np.resize(["none", None], 400)), time_unit="s")
    with pytest.raises(hs.DesignError, match="both would be the kind 'none'"):
        hs.kinds_from(both, "channel")
    alike = hs.read_log(acts().assign(channel=np.resize(["e-mail", "e mail"], 400)), time_unit="s")
    with pytest.raises(hs.InputError, match="would both end column names as '__e_mail'"):
        hs.kinds_from(alike, "channel")

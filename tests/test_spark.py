"""Logs on Spark, run for real: the same bits as in memory, whatever the partitions, the order, the ids."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import honestsignals as hs
from honestsignals import spark_logs, spark_sessions
from honestsignals.engines import spark_ties
from honestsignals.engines.spark import explained, quiet
from honestsignals.errors import ArgumentError, DesignError, InputError, UnknownNameError
from tests.test_stored import acts, same

# all of them, so that they stay together and one worker starts one Spark
pytestmark = pytest.mark.slow
DAY = 86_400
PLAIN = ["sender", "receiver", "time", "kind"]


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One session for all tests: small Arrow batches, so that pairs are cut by them."""
    folder = tmp_path_factory.mktemp("spark")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ and "CI" not in os.environ:
        pytest.skip("no Java: apt install openjdk-17-jre-headless")
    session = hs.local_spark(
        2,
        settings={
            "spark.sql.shuffle.partitions": "7",
            "spark.sql.adaptive.coalescePartitions.enabled": "false",
            "spark.sql.execution.arrow.maxRecordsPerBatch": "5000",
            "spark.sql.warehouse.dir": str(folder),
            "spark.sql.session.timeZone": "America/New_York",
            # tests are over before code is worth compiling well
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
        },
    )
    yield session
    session.stop()


def on_spark(spark: Any, frame: pd.DataFrame, partitions: int = 3) -> Any:
    """A frame as a Spark DataFrame in as many partitions."""
    with quiet():
        table = pa.Table.from_pandas(frame, preserve_index=False)
        return spark.createDataFrame(table).repartition(partitions)


# large: written once, measured in memory once


def many(text: bool) -> pd.DataFrame:
    """120,000 acts: a person in a third of them, a pair with 50,000, and every column that metrics read."""
    frame = acts(21, number=120_000, people=900)
    rng = np.random.default_rng(22)
    hub, others = -20, np.arange(1, 900) * 7 - 20
    frame.loc[:39_999, "sender"] = np.where(rng.random(40_000) < 0.5, hub, rng.choice(others, 40_000))
    given = frame.loc[:39_999, "sender"].to_numpy() == hub
    frame.loc[:39_999, "receiver"] = np.where(given, rng.choice(others, 40_000), hub)
    forth = rng.random(50_000) < 0.6
    frame.loc[40_000:89_999, "sender"] = np.where(forth, 1, 8)
    frame.loc[40_000:89_999, "receiver"] = np.where(forth, 8, 1)
    if text:
        for side in ("sender", "receiver"):
            frame[side] = "é" + frame[side].astype(str)
    return frame.sample(frac=1, random_state=5).reset_index(drop=True)


OF_TIES = [
    "total_given_ego__weight",
    "total_received_alter__weight",
    "attention_gap__weight",
    "nu_ego__weight",
]
OF_TIES += ["shared_contacts__help", "overlap__information", "adamic_adar__help", "give_share_shrunk__help"]


@contextmanager
def joined(monkeypatch: pytest.MonkeyPatch, ties: int = 4_000_000) -> Iterator[None]:
    """Ties joined by workers however few there are, in blocks of so many."""
    with monkeypatch.context() as patched:
        patched.setattr(spark_logs, "HELD_ACTS", 0)
        patched.setattr(spark_ties, "MOST_TIES", ties)
        yield


@pytest.mark.parametrize(("text", "partitions"), [(False, 7), (True, 64)])
def test_a_large_table_is_that_of_memory_to_the_bit(
    spark: Any, text: bool, partitions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = many(text)
    twin = hs.read_log(frame, time_unit="s")
    # what rests on a pair's own acts alone is in the table that is not joined too; of the rest one of a sort
    names = ["total_given_ego", "attention_gap__weight", "adamic_adar", "give_share_shrunk"]
    names = names if text else [*twin.dyads().frame.columns[2:], *OF_TIES]
    asked = {"metrics": names, "until": DAY * 30 if text else None}
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    try:
        log = hs.read_log(on_spark(spark, frame, partitions), time_unit="s")
        log.acts.persist()
        table = log.dyads()
        found = table.to_frame()
        with joined(monkeypatch, ties=20_000):
            by_workers = log.dyads(**asked).to_frame()
        log.acts.unpersist()
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "7")
    same(found, twin.dyads().frame)
    same(by_workers, twin.dyads(**asked).frame)
    assert len(log) == 120_000
    assert log.dyads_in_contact == len(found)
    assert log.people.tolist() == twin.people.tolist()
    assert log.moments() == twin.moments()
    assert table.columns == tuple(found.columns)


# smaller logs of other columns


@pytest.fixture(scope="session")
def small_log(spark: Any) -> tuple[Any, Any]:
    """A log on Spark and the same in memory."""
    frame = acts(3)
    return hs.read_log(on_spark(spark, frame), time_unit="s"), hs.read_log(frame, time_unit="s")


def test_every_question_of_a_table(small_log: tuple[Any, Any]) -> None:
    log, twin = small_log
    for asked in (
        {"metrics": "all"},
        {"until": DAY * 9, "conversation_gap": "2h", "period": "3D", "spans": {"silence": "3D"}},
        {"metrics": ["acts", "returned_share__weight", "timing"]},
        {"metrics": ["give_share_shrunk"], "until": DAY * 20},
    ):
        table = log.dyads(**asked)
        same(table.to_frame(), twin.dyads(**asked).frame)
        words = twin.dyads(**asked).facts()
        assert table.facts()[-1] == words[-1]
        assert table.codebook().equals(twin.dyads(**asked).codebook())
    with pytest.raises(UnknownNameError, match="Did you mean 'returned_share'"):
        log.dyads(metrics=["returned_shar"])


def test_people_and_network_are_those_of_memory(
    small_log: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    log, twin = small_log
    same(log.people_metrics().frame, twin.people_metrics().frame)
    for asked in ({"of": "help", "until": DAY * 9}, {"of": "weight"}):
        wanted = twin.people_metrics(**asked)
        same(log.people_metrics(**asked).frame, wanted.frame)
        with joined(monkeypatch):
            by_workers = log.people_metrics(**asked)
        same(by_workers.frame, wanted.frame)
        assert by_workers.notes[1:] == wanted.notes[1:]
    same(log.network_metrics().frame, twin.network_metrics().frame)
    assert all(
        (one == other).all() for one, other in zip(log.engine.pairs(), twin.engine.pairs(), strict=True)
    )


def test_it_says_what_it_read(small_log: tuple[Any, Any]) -> None:
    log, twin = small_log
    assert log.facts()[1:4:2] == twin.facts()[1:4:2]
    assert log.facts()[2] == "Kinds: help, information."
    assert (
        log.facts()[0] == f"1,500 acts, {len(twin.people)} people, {twin.dyads_in_contact} dyads in contact."
    )
    assert str(log).startswith("SparkLog Spark DataFrame\n1,500 acts")
    assert log.kinds == twin.kinds
    assert log.has == twin.has
    table = log.dyads(metrics=["acts", "reply_rate"])
    assert str(table) == "SparkTable\n4 columns: ego, alter, acts, reply_rate.\nfacts() counts its rows."
    assert table.fact("acts").unit == "acts"
    assert "<p>SparkTable" in table._repr_html_()
    with pytest.raises(UnknownNameError, match="Did you mean 'acts'"):
        table.to_frame(["act"])


def test_waves_dates_and_bare_logs(spark: Any) -> None:
    waves = acts(5)[["sender", "receiver", "weight"]].assign(wave=np.arange(1_500) // 300)
    same(hs.read_log(on_spark(spark, waves)).dyads().to_frame(), hs.read_log(waves).dyads().frame)
    bare = acts(5)[["sender", "receiver"]]
    same(hs.read_log(on_spark(spark, bare)).dyads().to_frame(), hs.read_log(bare).dyads().frame)
    dates = acts(5)[PLAIN].assign(time=lambda one: pd.to_datetime(one["time"], unit="s", utc=True))
    log, twin = hs.read_log(on_spark(spark, dates)), hs.read_log(dates)
    assert log.facts()[1] == twin.facts()[1]
    asked = {"metrics": ["acts", "first", "last", "state"], "until": "1970-01-20"}
    asked["metrics"] = [one for one in asked["metrics"] if one in twin.dyads().frame.columns]
    same(log.dyads(**asked).to_frame(), twin.dyads(**asked).frame)
    written = dates.assign(time=dates["time"].dt.strftime("%Y-%m-%dT%H:%M:%S+02:00"))
    same(
        hs.read_log(on_spark(spark, written)).dyads(metrics=["reply_hours_ego"]).to_frame(),
        hs.read_log(written).dyads(metrics=["reply_hours_ego"]).frame,
    )


def test_columns_are_mapped_and_origins_kept(spark: Any) -> None:
    frame = acts(6)[PLAIN].assign(id=np.arange(1_500))
    renamed = frame.rename(columns={"sender": "from.whom", "receiver": "to"})
    columns = {"sender": "from.whom", "receiver": "to", "time": "time"}
    asked = {"columns": columns, "time_unit": "s", "time_origin": "2024-01-01"}
    log, twin = hs.read_log(on_spark(spark, renamed), **asked), hs.read_log(renamed, **asked)
    assert log.moments() == twin.moments()
    assert log.dated
    same(log.dyads(metrics=["acts"]).to_frame(), twin.dyads(metrics=["acts"]).frame)
    read = hs.read_log(on_spark(spark, frame), time_unit="s")
    assert "Columns not asked for, and not read: id." in read.facts()


# what is wrong


def test_bad_rows_are_shown_or_left_out(spark: Any) -> None:
    frame = acts(9)[PLAIN].astype(str)
    frame.loc[700, "time"] = "soon"
    frame.loc[703, "receiver"] = None
    frame.loc[704, "receiver"] = frame.loc[704, "sender"] = "5"
    there = on_spark(spark, frame)
    with pytest.raises(InputError) as told:
        hs.read_log(there, time_unit="s")
    sender, receiver, kind = frame.loc[700, ["sender", "receiver", "kind"]]
    row = f"(sender '{sender}', receiver '{receiver}', kind '{kind}')"
    assert f"Spark DataFrame: time 'soon' is not a number {row}" in str(told.value).splitlines()
    assert "receiver is missing" in str(told.value)
    log = hs.read_log(there, time_unit="s", bad_rows="leave out")
    twin = hs.read_log(frame, time_unit="s", bad_rows="leave out")
    assert dict(log.left_out) == dict(twin.left_out)
    same(log.dyads().to_frame(), twin.dyads().frame)


def test_what_rows_of_a_source_have_in_common(spark: Any) -> None:
    frame = acts(1)[PLAIN]
    there = on_spark(spark, frame)
    with pytest.raises(InputError, match=r"time .* is a number, not a date: say time_unit='s'"):
        hs.read_log(there)
    with pytest.raises(InputError, match=r"no column 'sender'\. Did you mean 'sende'"):
        hs.read_log(there.withColumnRenamed("sender", "sende"), time_unit="s")
    decimals = frame.astype({"receiver": float})
    with pytest.raises(InputError, match="Spark DataFrame: receiver is a column of decimals"):
        hs.read_log(on_spark(spark, decimals), time_unit="s")
    alone = frame.assign(receiver=frame["sender"])
    found = hs.read_log(on_spark(spark, alone), time_unit="s").dyads().to_frame()
    assert len(found) == 0
    assert list(found.columns) == list(hs.read_log(alone, time_unit="s").dyads().frame.columns)
    with pytest.raises(InputError, match="has no rows"):
        hs.read_log(there.limit(0), time_unit="s")
    with pytest.raises(DesignError, match=r"cannot have id, reply_to: ids of acts are held"):
        hs.read_log(
            on_spark(spark, frame.assign(id="1", reply_to="1")), columns={"id": "id", "reply_to": "reply_to"}
        )
    with pytest.raises(DesignError, match=re.escape("dropDuplicates()")):
        hs.read_log(there, time_unit="s", duplicates="drop")
    zones = frame.assign(time=np.where(np.arange(1_500) == 9, "2024-01-01", "2024-01-01T00:00:00Z"))
    with pytest.raises(InputError, match="has no time zone, others have one"):
        hs.read_log(on_spark(spark, zones))


def test_messages_where_spark_or_java_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "pyspark.sql", None)
        with pytest.raises(DesignError, match=re.escape('pip install "honestsignals[spark]"')):
            hs.local_spark()
    with monkeypatch.context() as patched:
        patched.setitem(os.environ, "JAVA_HOME", "/nowhere")
        with pytest.raises(DesignError, match="Spark needs Java 17, and there is none"):
            hs.local_spark()
    with pytest.raises(ArgumentError, match="cores is 0"):
        hs.local_spark(0)
    assert spark_sessions.INSTALL.startswith("pip install")
    with pytest.raises(DesignError, match="do not fit onto the driver"), explained():
        raise RuntimeError("bigger than spark.driver.maxResultSize")
    with pytest.raises(DesignError, match="workers run a Python without honestsignals"), explained():
        raise RuntimeError("ModuleNotFoundError: No module named 'honestsignals'")
    with pytest.raises(RuntimeError, match="else"), explained():
        raise RuntimeError("else")


# labels, samples, writing


def test_answers_go_with_their_pairs(
    spark: Any, small_log: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    log, twin = small_log
    people, rng = twin.people, np.random.default_rng(4)
    low, high = np.triu_indices(len(people), 1)
    some = rng.random(len(low)) < 0.8
    low, high = low[some], high[some]
    answers = pd.DataFrame(
        {
            # either way round: the answer is the pair's
            "ego": people[np.where(some[some], low, high)],
            "alter": people[high],
            "friendship": rng.integers(0, 2, len(low)),
        }
    )
    turned = rng.random(len(low)) < 0.5
    answers.loc[turned, ["ego", "alter"]] = answers.loc[turned, ["alter", "ego"]].to_numpy()
    extra = pd.DataFrame(
        {"ego": [int(people[0]), 99_999], "alter": [int(people[0]), 1], "friendship": [1, 1]}
    )
    given = on_spark(spark, pd.concat([answers, extra]))
    table = log.dyads(labels=given)
    found = table.to_frame()
    with joined(monkeypatch, ties=300):
        same(log.dyads(labels=given).to_frame(), found)
    every = twin.dyads(pairs="all", metrics="all").frame.set_index(["ego", "alter"])
    pair = np.sort(answers[["ego", "alter"]].to_numpy(), axis=1)
    wanted = answers.assign(ego=pair[:, 0], alter=pair[:, 1]).sort_values(["ego", "alter"])
    assert found[["ego", "alter", "friendship"]].to_numpy().tolist() == wanted.to_numpy().tolist()
    # what rests on all rows of a table is of other rows here
    own = [
        name
        for name in ("acts", "returned_share", "reply_rate_mean", "shared_contacts", "total_given_gap")
        if name in found
    ]
    assert len(own) >= 4
    rows = every.loc[pd.MultiIndex.from_frame(found[["ego", "alter"]])]
    same(found[own], rows[own].reset_index(drop=True))
    assert (found["acts"] == 0).any()
    assert table.label == "friendship"
    assert "1 (a person without acts), 1 (a person with themselves)" in table.facts()[-2]
    assert table.fact("friendship").swap == "same"


def test_directed_answers_are_seen_from_ego(
    spark: Any, small_log: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    log, twin = small_log
    ego, alter = twin.people[[5, 0, 3]], twin.people[[1, 5, 30]]
    answers = pd.DataFrame({"source": ego, "target": alter, "trust": [0.5, 2.0, 1.0]})
    found = log.dyads(labels=on_spark(spark, answers), directed=True).to_frame()
    assert found[["ego", "alter"]].to_numpy().tolist() == sorted(np.array([ego, alter]).T.tolist())
    with joined(monkeypatch):
        by_workers = log.dyads(labels=on_spark(spark, answers), directed=True).to_frame()
    same(by_workers, found)
    every = twin.dyads(pairs="all").frame
    for row in found.to_dict("records"):
        pair = sorted((row["ego"], row["alter"]))
        other = every[(every["ego"] == pair[0]) & (every["alter"] == pair[1])].iloc[0]
        sides = ("ego", "alter") if row["ego"] == pair[0] else ("alter", "ego")
        assert row["acts_ego"] == other[f"acts_{sides[0]}"]
        assert row["total_given_alter"] == other[f"total_given_{sides[1]}"]
    clash = pd.concat([answers, answers.assign(trust=9.0)])
    with pytest.raises(InputError, match="is not what another row says"):
        log.dyads(labels=on_spark(spark, clash), directed=True)
    with pytest.raises(ArgumentError, match="it must have ego and alter"):
        log.dyads(labels=on_spark(spark, answers.assign(more=1)))
    with pytest.raises(ArgumentError, match="answers must be numbers"):
        log.dyads(labels=on_spark(spark, answers.assign(trust="yes")))


def test_samples_are_of_people_and_tables_are_written(small_log: tuple[Any, Any], tmp_path: Path) -> None:
    log, twin = small_log
    table, every = log.dyads(metrics=["acts", "returned_share"]), twin.dyads().frame
    found = table.sample(12, seed=1)
    drawn = set(found["ego"]) | set(found["alter"])
    inside = every[every["ego"].isin(drawn) & every["alter"].isin(drawn)].reset_index(drop=True)
    assert len(drawn) <= 12
    same(found, inside[list(found.columns)])
    same(found, table.sample(12, seed=1))
    with pytest.raises(ArgumentError, match="people is 1;"):
        table.sample(1, seed=1)
    with pytest.raises(ArgumentError, match="occur in the table"):
        table.sample(10_000, seed=1)
    table.write(str(tmp_path / "dyads"))
    back = pd.read_parquet(tmp_path / "dyads").sort_values(["ego", "alter"]).reset_index(drop=True)
    assert back["acts"].tolist() == every["acts"].tolist()

"""Acts from databases: a real PostgreSQL and SQLite give what the same acts give from a file."""

from __future__ import annotations

import importlib
import json
import shutil
import sqlite3
import subprocess
import sys
import traceback
import uuid
from urllib.parse import quote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import honestsignals as hs
from honestsignals.errors import ArgumentError, InputError
from honestsignals.readers.acts import read_acts
from honestsignals.readers.addresses import parse_address
from honestsignals.readers.source import open_source
from tests.servers import PASSWORD, USER, address, needs_postgresql, postgresql

COLUMNS = {"sender": "giver", "receiver": "taker", "time": "sent", "kind": "kind", "weight": "weight"}


@pytest.fixture(scope="module")
def server():
    with postgresql() as folder:
        yield folder


def run_sql(folder, *statements, arrow=None):
    """Statements as the owner of the server; ``arrow`` is a name and a table to put in."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(address(folder)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        if arrow is not None:
            cursor.adbc_ingest(*arrow, mode="create")
        connection.commit()


def some_acts(n, people, seed):
    """Acts of few busy people and many others, in the order of time."""
    rng = np.random.default_rng(seed)
    who = np.minimum((people * rng.random((n, 2)) ** 3).astype(np.int64), people - 1)
    sent = 1_700_000_000_000_000 + np.sort(rng.integers(0, 10**13, n))
    return pa.table(
        {
            "giver": who[:, 0],
            "taker": who[:, 1],
            "sent": pa.array(sent, pa.timestamp("us", "UTC")),
            "kind": np.array(["help", "told"])[rng.integers(0, 2, n)],
            "weight": rng.exponential(size=n),
            "note": pa.array([f"{number:064d}" for number in range(n)]),
        }
    )


def same_bits(one, other):
    """Whether two frames are equal to the bit, in the same order."""
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    for name in one.columns:
        if one[name].dtype.kind == "f":
            mine, yours = (frame[name].to_numpy().view(np.uint64) for frame in (one, other))
            assert (mine == yours).all()


def file_of(folder, acts):
    path = folder / "acts.parquet"
    pq.write_table(acts, path)
    return path


READING = """
import json, os, sys
from honestsignals.readers.source import open_source

def taken():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

source = open_source(sys.argv[1], table=sys.argv[2])
rows, before, most = 0, taken(), 0
for batch in source.batches(source.columns):
    rows += batch.num_rows
    most = max(most, taken())
print(json.dumps([rows, most - before]))
"""


@pytest.mark.slow
@needs_postgresql
def test_a_million_acts_from_postgresql_give_the_same_bits_in_little_memory(server, tmp_path) -> None:
    acts = some_acts(1_000_000, 300, seed=1)
    run_sql(server, "drop table if exists million", arrow=("million", acts))
    log = hs.read_log(address(server), table="million", columns=COLUMNS)
    expected = hs.read_log(file_of(tmp_path, acts), columns=COLUMNS)
    same_bits(log.dyads().frame, expected.dyads().frame)
    assert str(log) == str(expected).replace("acts.parquet", "million")
    # the table is over 100 MB; of it there is never more than a few batches
    done = subprocess.run(
        [sys.executable, "-c", READING, address(server), "million"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows, grown = json.loads(done.stdout)
    assert rows == 1_000_000
    assert acts.nbytes > 100e6
    assert grown < 40e6


def test_a_log_on_disk_is_read_from_databases_and_folders_too(tmp_path) -> None:
    acts = some_acts(30_000, 60, seed=3).drop(["note"])
    frame = acts.to_pandas()
    (tmp_path / "acts").mkdir()
    for number in range(3):
        pq.write_table(acts.slice(number * 10_000, 10_000), tmp_path / "acts" / f"{number}.parquet")
    expected = hs.read_log(tmp_path / "acts", columns=COLUMNS)
    frame["sent"] = frame["sent"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with sqlite3.connect(tmp_path / "acts.db") as connection:
        frame.to_sql("acts", connection, index=False)
        connection.execute("create table wrong as select * from acts")
        connection.execute("update wrong set weight = -1 where rowid = 7")
    connection.close()
    address = f"sqlite:///{tmp_path}/acts.db"
    for log in (
        hs.store_log(tmp_path / "acts", columns=COLUMNS),
        hs.store_log(address, table="acts", columns=COLUMNS),
    ):
        assert log.name == "acts"
        same_bits(log.dyads(tmp_path / "dyads.parquet").to_frame(), expected.dyads().frame)
        shutil.rmtree(tmp_path / "dyads.parquet")
    with pytest.raises(
        InputError, match=r"wrong of sqlite.*, delivered row 6: weight -1.0 is .*\(sender|\(giver"
    ):
        hs.store_log(address, table="wrong", columns=COLUMNS)


def test_acts_from_sqlite_give_the_same_bits(tmp_path) -> None:
    acts = some_acts(100_000, 200, seed=2).drop(["note"])
    frame = acts.to_pandas()
    frame["sent"] = frame["sent"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with sqlite3.connect(tmp_path / "acts.db") as connection:
        frame.to_sql("acts", connection, index=False)
    connection.close()
    expected = hs.read_log(file_of(tmp_path, acts), columns=COLUMNS)
    log = hs.read_log(f"sqlite:///{tmp_path}/acts.db", table="acts", columns=COLUMNS)
    same_bits(log.dyads().frame, expected.dyads().frame)
    assert log.name == "acts"
    assert str(hs.read_log(tmp_path / "acts.db", table="acts", columns=COLUMNS)) == str(log)


@needs_postgresql
def test_the_types_of_postgresql_are_read_as_what_they_are(server) -> None:
    one, other = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
    run_sql(
        server,
        "drop schema if exists types cascade",
        "create schema types",
        "create type types.deed as enum ('told', 'help')",
        "create domain types.person as int4 check (value > 0)",
        "create table types.acts (a int4, b int8, c smallint, d text, e varchar(9), f char(9), g uuid,"
        " h numeric(9, 0), i numeric, j types.person, k timestamptz, l timestamp, m date, n types.deed,"
        " o float8, p real, q numeric(9, 2))",
        f"insert into types.acts values (1, 2, 3, 'x', 'y', 'z', '{one}', 7, 8.00, 9,"
        " '2024-03-01 12:00:00.000001+01', '2024-03-01 11:00', '2024-03-01', 'help', 0.1, 0.5, 0.10),"
        f" (2, 1, 4, 'y', 'x', 'w', '{other}', 8, 7.0, 8,"
        " '2024-03-02 12:00:00+01', '2024-03-02 11:00', '2024-03-02', 'told', 1e-300, 0.25, 12345.67)",
    )

    def read(**columns):
        return read_acts(open_source(address(server), table="types.acts"), columns)

    for sender, receiver, people in (
        ("a", "b", [1, 2]),
        ("c", "b", [1, 2, 3, 4]),
        ("d", "e", ["x", "y"]),
        ("f", "d", ["w", "x", "y", "z"]),
        ("g", "d", [one, other, "x", "y"]),
        ("h", "i", [7, 8]),
        ("j", "a", [1, 2, 8, 9]),
    ):
        assert read(sender=sender, receiver=receiver).people.tolist() == people
    hour = 3_600_000_000
    moments = {"k": 1709290800000001, "l": 1709290800000000, "m": 1709251200000000}
    for column, moment in moments.items():
        acts = read(sender="a", receiver="b", time=column)
        assert acts.time[0] == moment
        assert (acts.clock, acts.dated) == ("time", True)
    assert np.diff(read(sender="a", receiver="b", time="m").time).tolist() == [24 * hour]
    assert read(sender="a", receiver="b", kind="n").kinds == ("help", "told")
    for column, weights in (("o", [0.1, 1e-300]), ("p", [0.5, 0.25]), ("q", [0.1, 12345.67]), ("c", [3, 4])):
        assert read(sender="a", receiver="b", weight=column).weight.tolist() == weights


@needs_postgresql
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"sender": "t", "receiver": "b"}, "t has the type bool; it must be text or whole numbers"),
        ({"kind": "t"}, "t has the type bool"),
        ({"weight": "t"}, "t has the type bool"),
        (
            {"duration": "span"},
            "span has the type interval; it must be text, numbers or dates: cast it in a q",
        ),
        ({"topic": "tags"}, r"tags has the type text\[\]"),
        ({"topic": "body"}, "body has the type json"),
        ({"context": "raw"}, "raw has the type bytea"),
        ({"sender": "x", "receiver": "b"}, "x is a column of decimals"),
        ({"time": "a"}, "a '?1'? is a number, not a date: say time_unit"),
        ({"time": "sent", "weight": "wieght"}, "has no column 'wieght'. Did you mean 'weight'"),
    ],
)
def test_what_acts_cannot_have_is_refused_by_name(server, columns, message) -> None:
    run_sql(
        server,
        "create table if not exists odd (a int, b int, t boolean, span interval, tags text[], body json,"
        " raw bytea, x float8, sent timestamptz, weight int)",
        "truncate odd",
        "insert into odd values (1, 2, true, '1 day', '{a}', '{}', 'x', 1.5, now(), 1)",
    )
    given = {"sender": "a", "receiver": "b", **columns}
    with pytest.raises(InputError, match=message) as refused:
        hs.read_log(address(server), table="odd", columns=given)
    assert "odd of postgresql:///postgres" in str(refused.value)


@needs_postgresql
def test_rows_are_told_by_what_stands_in_them(server) -> None:
    run_sql(
        server,
        "drop table if exists faulty",
        "create table faulty (sender text, receiver text, time timestamptz, weight float8)",
        "insert into faulty values ('ann', 'bob', '2024-03-01Z', 1), ('bob', 'ann', '2024-03-02Z', -1),"
        " (null, 'ann', '2024-03-03Z', 1), ('cid ', 'ann', 'infinity', 2), ('ann', 'cid', null, 1)",
    )
    with pytest.raises(InputError) as refused:
        hs.read_log(address(server), table="faulty")
    lines = str(refused.value).splitlines()
    place = "faulty of postgresql:///postgres, delivered row"
    assert lines[0].startswith(f"{place} 1: weight -1.0 is negative")
    assert lines[0].endswith("(sender 'bob', receiver 'ann', time 2024-03-02T00:00:00.000000)")
    assert f"{place} 2: sender is missing (receiver 'ann', time 2024-03-03T00:00:00.000000)" in lines
    assert (
        f"{place} 3: sender 'cid ' has blanks at its ends; 'cid' is in the file too (receiver 'ann')" in lines
    )
    assert f"{place} 3: time lies outside the years 1 to 9999 (sender 'cid ', receiver 'ann')" in lines
    assert f"{place} 4: time is missing (sender 'ann', receiver 'cid')" in lines
    log = hs.read_log(address(server), table="faulty", bad_rows="leave out")
    assert log.acts.rows == 5
    assert len(log.acts.sender) == 1


@needs_postgresql
def test_names_are_taken_as_they_are(server) -> None:
    odd = 'a"b; drop table x.y'
    run_sql(
        server,
        'drop schema if exists "My Data" cascade',
        'create schema "My Data"',
        'create table "My Data"."The ""Acts"""'
        f' ("from" int, "{odd.replace(chr(34), chr(34) * 2)}" int, "Select" timestamptz, junk json)',
        'insert into "My Data"."The ""Acts""" values (1, 2, \'2024-03-01Z\', null)',
        'create or replace view seen as select "from" as sender, "Select" as time, 5 as receiver'
        ' from "My Data"."The ""Acts"""',
    )
    columns = {"sender": "from", "receiver": odd, "time": "Select"}
    log = hs.read_log(address(server), table='My Data.The "Acts"', columns=columns)
    assert log.people.tolist() == [1, 2]
    assert hs.read_log(address(server), table="seen").people.tolist() == [1, 5]
    query = '(select "from" as sender, 3 as receiver from "My Data"."The ""Acts""")'
    assert hs.read_log(address(server), table=query).name == "query"
    with pytest.raises(InputError, match=r"has no table 'sean'. Did you mean 'seen'"):
        hs.read_log(address(server), table="sean")
    with pytest.raises(
        ArgumentError, match=r"table says which table of postgresql:///postgres is read; it has .*seen"
    ):
        hs.read_log(address(server))
    with pytest.raises(
        InputError, match=r"query of .*could not be read .ERROR: relation .nowhere. does not exist"
    ):
        hs.read_log(address(server), table="(select * from nowhere)")


@needs_postgresql
def test_only_mapped_columns_are_read_and_nothing_is_written(server) -> None:
    run_sql(
        server,
        "drop table if exists few",
        "create table few (sender int, receiver int, secret int)",
        "insert into few values (1, 2, 3)",
        "create sequence if not exists counter",
        "drop role if exists guest",
        "create role guest login password 'of/honour'",
        "grant usage on schema public to guest",
        "grant select (sender, receiver) on few to guest",
    )
    guest = address(server, user="guest", password="of/honour")
    # columns that the guest must not see are not asked for, so that nobody forbids it
    assert hs.read_log(guest, table="(select sender, receiver from few)").people.tolist() == [1, 2]
    with pytest.raises(InputError, match=r"permission denied for table few"):
        hs.read_log(guest, table="few", columns={"weight": "secret"})
    with pytest.raises(InputError, match=r"cannot execute nextval.. in a read-only transaction"):
        hs.read_log(address(server), table="(select 1 as sender, nextval('counter')::int as receiver)")
    log = hs.read_log(address(server), table="few")
    assert log.acts.columns == {}


@needs_postgresql
def test_a_connection_that_is_lost_is_an_error(server) -> None:
    run_sql(
        server,
        "drop table if exists long",
        "create table long as select g as sender, g + 1 as receiver, repeat('x', 200) as topic"
        " from generate_series(1, 200000) g",
    )
    source = open_source(address(server), table="long")
    batches = source.batches(source.columns)
    first = next(batches)
    run_sql(
        server,
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where pid <> pg_backend_pid() and datname is not null",
    )
    with pytest.raises(InputError, match=r"could not be read after [\d,]+ rows \(.*connection"):
        for _ in batches:
            pass
    assert 0 < first.num_rows < 200_000


@needs_postgresql
def test_text_of_another_encoding_arrives_whole(server) -> None:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(address(server), autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("drop database if exists old")
        cursor.execute("create database old encoding 'LATIN1' locale 'C' template template0")
    there = address(server, database="old")
    with dbapi.connect(there) as connection, connection.cursor() as cursor:
        cursor.execute("set client_encoding to 'UTF8'")
        cursor.execute("create table acts (sender text, receiver text)")
        cursor.execute("insert into acts values ('Zoë', 'René')")
        connection.commit()
    assert hs.read_log(there, table="acts").people.tolist() == ["René", "Zoë"]


@needs_postgresql
@pytest.mark.parametrize(
    "change",
    [
        {"password": f"{PASSWORD}x"},
        {"user": "nobody"},
        {"database": "nothing"},
    ],
)
def test_what_cannot_be_opened_says_why_and_no_password(server, change) -> None:
    with pytest.raises(InputError, match="could not be opened") as refused:
        hs.read_log(address(server, **change), table="acts")
    told = "".join(traceback.format_exception(refused.value))
    assert PASSWORD not in told
    assert quote(PASSWORD, safe="") not in told


def test_a_server_that_is_not_there() -> None:
    secret = "tell-nobody"
    there = f"postgresql://ada:{secret}@localhost:1/x"
    with pytest.raises(
        InputError, match=r"postgresql://localhost:1/x: could not be opened \(.*refused"
    ) as refused:
        hs.read_log(there, table="acts")
    assert secret not in "".join(traceback.format_exception(refused.value))


@needs_postgresql
def test_nothing_that_is_shown_holds_the_password(server, tmp_path) -> None:
    run_sql(
        server,
        "create table if not exists shown (sender int, receiver int, time timestamptz)",
        "truncate shown",
        "insert into shown select 1 + g % 5, 1 + (g + 1) % 5, timestamptz '2024-03-01Z' + g * interval '1h'"
        " from generate_series(1, 100) g",
    )
    log = hs.read_log(address(server), table="shown")
    dyads = log.dyads()
    dyads.to_csv(tmp_path / "dyads.csv")
    said = [
        repr(log),
        str(log),
        log._repr_html_(),
        repr(dyads),
        repr(open_source(address(server), table="shown")),
    ]
    said += [path.read_text() for path in tmp_path.iterdir()]
    for text in said:
        assert PASSWORD not in text
        assert quote(PASSWORD, safe="") not in text
        assert f"{USER}@" not in text
        assert f"{USER}:" not in text


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ada:pass word@host/db",
        "postgresql://ada:pass/word@host/db",
        "postgresql://ada:pass@word@host/db",
        "postgresql://password",
        "postgresql://ada:password",
        "postgresql:/ada:password@host/db",
        "mysql://ada:password@host/db",
        "postgresql+psycopg://ada:password@host/db",
    ],
)
def test_an_address_that_is_not_understood_is_not_shown(address) -> None:
    if address == "postgresql://password":
        assert parse_address(address).shown == "postgresql://password/"
        return
    with pytest.raises(ArgumentError) as refused:
        hs.read_log(address, table="acts")
    assert "word" not in str(refused.value).replace("password, write", "").replace("leave the password", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:p%40w@h:5433/d?sslmode=require", "postgresql://h:5433/d"),
        ("postgres://u:p?q#w@h/d", "postgresql://h/d"),
        ("postgresql:///d?user=u&password=pw&host=%2Ftmp", "postgresql:///d"),
        ("postgresql://u@[::1]:5432/d", "postgresql://[::1]:5432/d"),
        ("postgresql://u:pw@one:1,two:2/d", "postgresql://one:1,two:2/d"),
        ("sqlite:///acts.db", "sqlite:///acts.db"),
    ],
)
def test_what_of_an_address_is_shown(text, shown) -> None:
    found = parse_address(text)
    assert found.shown == shown
    assert "pw" not in repr(found)
    assert "p%40w" not in repr(found)
    cleaned = found.clean("INVALID_STATE: [libpq] Failed: p@w p%40w pw p?q#w.\nmore. SQLSTATE: 08000")
    assert not any(secret in cleaned for secret in found.secrets)
    assert cleaned.startswith("Failed: ")


def sqlite(path, *statements):
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def test_sqlite_holds_any_value_in_any_column(tmp_path) -> None:
    path = sqlite(
        tmp_path / "acts.db",
        "create table acts (sender, receiver integer, weight real, topic text, number integer)",
        # nothing at first, for longer than a batch: types come from what stands later
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)"
        " insert into acts select i % 7, 100 + i % 5, case when i > 2000 then i / 3.0 else 1 end,"
        " case when i > 2500 then 'späť' when i > 2400 then '' end, i from n",
        "insert into acts values ('ann', 3, 9007199254740993, 'x', 9007199254740993)",
    )
    acts = read_acts(open_source(path, table="acts"), {"weight": "weight", "topic": "topic", "id": "number"})
    assert set(acts.people.tolist()) == {*map(str, range(7)), *map(str, range(100, 105)), "ann", "3"}
    assert acts.weight[2500] == 2501 / 3.0
    assert acts.values["topic"].tolist() == ["späť", "x"]
    assert (acts.columns["topic"][:2500] == -1).all()
    assert "9007199254740993" in acts.values["id"]
    batches = list(open_source(path, table="acts").batches(["topic", "weight"], rows=700))
    assert [batch.num_rows for batch in batches][:2] == [699, 700]
    assert {str(batch.schema.types) for batch in batches} == {str([pa.string(), pa.float64()])}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("'much'", "weight mixes decimals and text .such as 'much'.: make them one type"),
        ("x'00ff'", "weight holds bytes .BLOB."),
    ],
)
def test_values_of_sqlite_that_are_no_numbers(tmp_path, value, message) -> None:
    path = sqlite(
        tmp_path / "acts.db",
        "create table acts (sender, receiver, weight real)",
        "insert into acts values (1, 2, 0.5), (2, 1, ''), (1, 2, null)",
        f"insert into acts values (1, 2, {value})",
    )
    with pytest.raises(InputError, match=message):
        hs.read_log(path, table="acts")


def test_bytes_that_are_no_text_are_refused(tmp_path) -> None:
    path = sqlite(
        tmp_path / "acts.db",
        "create table acts (sender text, receiver text)",
        "insert into acts values (cast(x'ff61' as text), 'b')",
    )
    with pytest.raises(InputError, match="sender holds bytes that are not UTF-8"):
        hs.read_log(path, table="acts")


def test_files_of_sqlite_that_are_none(tmp_path, monkeypatch) -> None:
    path = sqlite(tmp_path / "acts.db", "create table acts (sender, receiver)")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"sqlite:///act.db: does not exist. Did you mean 'acts.db'"):
        hs.read_log("sqlite:///act.db", table="acts")
    with pytest.raises(InputError, match=f"does not exist. Did you mean 'sqlite:///{path}'"):
        hs.read_log(f"sqlite://{path}", table="acts")
    with pytest.raises(InputError, match="is a folder"):
        hs.read_log(f"sqlite:///{tmp_path}", table="acts")
    with pytest.raises(InputError, match=r"acts of sqlite:///acts.db: has no rows"):
        hs.read_log("sqlite:///acts.db", table="acts")
    with pytest.raises(ArgumentError, match=r"table says which table of acts.db is read; it has acts"):
        hs.read_log("acts.db")
    (tmp_path / "text.db").write_text("sender,receiver\n")
    with pytest.raises(InputError, match=r"sqlite:///text.db: could not be read .file is not a database"):
        hs.read_log("sqlite:///text.db", table="acts")
    (tmp_path / "acts.csv").write_text("sender,receiver\na,b\n")
    with pytest.raises(ArgumentError, match="table is 'acts', which is for databases"):
        hs.read_log("acts.csv", table="acts")
    with pytest.raises(ArgumentError, match="must read sqlite:///path"):
        hs.read_log("sqlite://acts.db", table="acts")
    with pytest.raises(ArgumentError, match="table is 3; it must be the name of a table"):
        hs.read_log("acts.db", table=3)


def test_sqlite_is_opened_for_reading_only(tmp_path) -> None:
    path = sqlite(
        tmp_path / "acts.db", "create table acts (sender, receiver)", "insert into acts values (1, 2)"
    )
    path.chmod(0o444)
    before = path.read_bytes()
    hs.read_log(path, table="acts")
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["acts.db"]


def test_a_missing_driver_says_how_to_get_it(tmp_path, monkeypatch) -> None:
    path = sqlite(tmp_path / "acts.db", "create table acts (sender, receiver)")
    real = importlib.import_module

    def without(name, package=None):
        if name.startswith("adbc_driver"):
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", without)
    for source in (path, "postgresql://localhost/x"):
        with pytest.raises(ArgumentError, match=r'pip install "honestsignals\[databases\]"'):
            hs.read_log(source, table="acts")


def test_drivers_load_on_first_use() -> None:
    code = (
        "import sys, honestsignals.reading; print(*(name for name in sys.modules if name.startswith('adbc')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []

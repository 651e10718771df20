"""What is wrong with an input is named: the file, the line, the column, the value and the rule."""

import gzip
import zlib

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from honestsignals.errors import InputError
from honestsignals.readers.acts import read_acts
from honestsignals.readers.table import read_table

HEADER = "sender,receiver,time,kind,weight"
GOOD = ["a,b,2024-03-01,help,1", "b,a,2024-03-02,help,2"]


def text(*lines, name="acts.csv", header=HEADER):
    """A file of these lines under a header."""

    def make(tmp_path):
        path = tmp_path / name
        path.write_bytes("\n".join([header, *lines, ""]).encode())
        return path

    return make


def raw(data, name="acts.csv"):
    """A file of these bytes."""

    def make(tmp_path):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return make


def frame(**columns):
    """A data frame."""
    return lambda _: pd.DataFrame(columns)


def missing_file(tmp_path):
    (tmp_path / "acts.csv").write_text("sender,receiver\na,b\n")
    return tmp_path / "act.csv"


def cut_parquet(tmp_path):
    pd.DataFrame({"sender": ["a"], "receiver": ["b"]}).to_parquet(tmp_path / "acts.parquet")
    path = tmp_path / "acts.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    return path


PACKED = gzip.compress(("\n".join([HEADER, *GOOD * 2000])).encode())
DAMAGED = PACKED[:20] + b"\xff" * 8 + PACKED[28:]
NO_SUM = PACKED[:-8] + zlib.crc32(b"other").to_bytes(4, "little") + PACKED[-4:]

# Rows that break a rule: they are errors, or are left out and counted. (name, make, options, message, rows)
ROWS = [
    ("too few fields", text(*GOOD, "a,b"), {}, "acts.csv, line 4: too few fields: the header has 5", 3),
    ("too many fields", text(GOOD[0], "a,b,2024-03-01,help,1,2"), {}, "line 3: too many fields", 2),
    (
        "text after a quote",
        text(*GOOD, '"a"x,b,2024-03-01,help,1'),
        {},
        "line 4: has text after a closing quote",
        3,
    ),
    (
        "ragged after quoted lines",
        text('"a\nx",b,2024-03-01,help,1', "", "a,b"),
        {},
        "line 5: too few fields",
        2,
    ),
    ("sender missing", text(",b,2024-03-01,help,1", *GOOD), {}, "line 2: sender is missing", 3),
    ("receiver missing", text('a,"",2024-03-01,help,1', *GOOD), {}, "line 2: receiver is missing", 3),
    (
        "blank after an id",
        text("a ,b,2024-03-01,help,1", *GOOD),
        {},
        "line 2: sender 'a ' has blanks at its ends; 'a' is in the file too",
        3,
    ),
    ("no-break space", text("a,\u00a0c,2024-03-01,help,1", *GOOD), {}, "has blanks at its ends", 3),
    (
        "control character",
        text("a\x07,b,2024-03-01,help,1", *GOOD),
        {},
        r"'a\x07' holds a control character",
        3,
    ),
    ("tab in an id", text("a\tc,b,2024-03-01,help,1", *GOOD), {}, "holds a control character", 3),
    ("no day", text("a,b,2024-13-01,help,1", *GOOD), {}, "line 2: time '2024-13-01' is not a date", 3),
    ("no leap day", text("a,b,2023-02-29,help,1", *GOOD), {}, "time '2023-02-29' is not a date", 3),
    ("no hour", text("a,b,2024-01-01T24:00:00,help,1", *GOOD), {}, "is not a date", 3),
    ("no ISO order", text("a,b,01/03/2024,help,1", *GOOD), {}, "time '01/03/2024' is not a date", 3),
    ("no stamp", text("a,b,yesterday,help,1", *GOOD), {}, "time 'yesterday' is not a date", 3),
    ("no time", text("a,b,,help,1", *GOOD), {}, "line 2: time is missing", 3),
    (
        "no time in seconds",
        text("a,b,,help,1", "a,b,5,help,1"),
        {"time_unit": "s"},
        "line 2: time is missing",
        2,
    ),
    (
        "nanoseconds",
        text("a,b,2024-03-01T10:00:00.123456789,help,1", *GOOD),
        {},
        "has digits below the microsecond",
        3,
    ),
    (
        "a date among seconds",
        text("a,b,5,help,1", GOOD[0]),
        {"time_unit": "s"},
        "'2024-03-01' is not a number",
        2,
    ),
    ("hexadecimal", text("a,b,0x10,help,1", "a,b,5,help,1"), {"time_unit": "s"}, "'0x10' is not a number", 2),
    (
        "infinite time",
        text("a,b,inf,help,1", "a,b,5,help,1"),
        {"time_unit": "s"},
        "time 'inf' is not finite",
        2,
    ),
    (
        "nanoseconds as milliseconds",
        text("a,b,1709287200000000000,help,1", "a,b,5,help,1"),
        {"time_unit": "ms"},
        "is beyond 2**53 microseconds: is time_unit right?",
        2,
    ),
    ("weight missing", text("a,b,2024-03-01,help,", *GOOD), {}, "line 2: weight is missing", 3),
    ("weight in words", text("a,b,2024-03-01,help,much", *GOOD), {}, "weight 'much' is not a number", 3),
    ("weight nan", text("a,b,2024-03-01,help,nan", *GOOD), {}, "weight 'nan' is not a number", 3),
    ("weight infinite", text("a,b,2024-03-01,help,inf", *GOOD), {}, "weight 'inf' is not finite", 3),
    ("decimal comma", text('a,b,2024-03-01,help,"1,5"', *GOOD), {}, "weight '1,5' is not a number", 3),
    (
        "signed rating",
        text("a,b,2024-03-01,help,-10", *GOOD),
        {},
        "weight '-10' is negative: a weight is an amount; a signed rating is a label, not a weight",
        3,
    ),
    ("kind missing", text("a,b,2024-03-01,,1", *GOOD), {}, "line 2: kind is missing", 3),
    ("count zero", text("a,b,0", "b,a,1", header="sender,receiver,count"), {}, "count '0' is below 1", 2),
    (
        "count a fraction",
        text("a,b,1.5", "b,a,1", header="sender,receiver,count"),
        {},
        "'1.5' is not a whole number",
        2,
    ),
    (
        "wave a fraction",
        text("a,b,1.5", "b,a,1", header="sender,receiver,wave"),
        {},
        "'1.5' is not a whole number",
        2,
    ),
    ("wave missing", text("a,b,", "b,a,1", header="sender,receiver,wave"), {}, "wave is missing", 2),
    (
        "duration negative",
        text("a,b,-1", "b,a,", header="sender,receiver,duration"),
        {},
        "duration '-1' is negative",
        2,
    ),
    (
        "depth infinite",
        text("a,b,inf", "b,a,", header="sender,receiver,depth"),
        {},
        "depth 'inf' is not finite",
        2,
    ),
    ("two headers", text(GOOD[0], HEADER, GOOD[1]), {}, "acts.csv, line 3: repeats the header", 3),
    (
        "stranger",
        text("ab,ba,2024-03-01,help,1"),
        {"roster": ["ab", "baa"]},
        "'ba' is not in the list of people; did",
        1,
    ),
    (
        "canonical roster",
        text("07,8,2024-03-01,help,1"),
        {"roster": ["7", "8"]},
        "'07' is not in the list of people",
        1,
    ),
    ("id missing", text("a,b,", "b,a,1", header="sender,receiver,id"), {}, "line 2: id is missing", 2),
    (
        "id of two acts",
        text("a,b,1", "b,a,1", "a,b,2", header="sender,receiver,id"),
        {},
        "line 2: id '1' is the id of different acts",
        3,
    ),
    (
        "reply to nothing",
        text("a,b,1,", "b,a,2,7", header="sender,receiver,id,reply_to"),
        {},
        "line 3: reply_to '7' is the id of no act",
        2,
    ),
    (
        "circle of replies",
        text("a,b,1,2", "b,a,2,1", "a,b,3,", header="sender,receiver,id,reply_to"),
        {},
        "line 2: reply_to '2' is part of a circle of replies",
        3,
    ),
    (
        "reply to itself",
        text("a,b,1,1", "b,a,2,", header="sender,receiver,id,reply_to"),
        {},
        "a circle of replies",
        2,
    ),
    (
        "blank reporter",
        text("a,b,a ", "b,a,a", header="sender,receiver,reporter"),
        {},
        "has blanks at its ends",
        2,
    ),
    (
        "NULL in a frame",
        frame(sender=["a", None], receiver=["b", "a"]),
        {},
        "DataFrame, row 1: sender is missing",
        2,
    ),
    (
        "empty id in a frame",
        frame(sender=["a", ""], receiver=["b", "a"]),
        {},
        "DataFrame, row 1: sender is missing",
        2,
    ),
    (
        "missing nullable integer",
        frame(sender=pd.array([1, None], dtype="Int64"), receiver=[2, 1]),
        {},
        "DataFrame, row 1: sender is missing",
        2,
    ),
    (
        "NaT in a frame",
        frame(sender=["a", "b"], receiver=["b", "a"], time=pd.to_datetime(["2024-01-01", None])),
        {},
        "DataFrame, row 1: time is missing",
        2,
    ),
    (
        "NaN weight in a frame",
        frame(sender=["a"], receiver=["b"], weight=[np.nan]),
        {},
        "row 0: weight is missing",
        1,
    ),
    (
        "NUL in a frame",
        frame(sender=["a\0", "b"], receiver=["b", "a"]),
        {},
        r"'a\x00' holds a control character",
        2,
    ),
    (
        "nanoseconds in a frame",
        frame(sender=["a"], receiver=["b"], time=pd.to_datetime([1], unit="ns")),
        {},
        "has digits below the microsecond",
        1,
    ),
    (
        "NaN in Polars",
        lambda _: pl.DataFrame({"sender": ["a"], "receiver": ["b"], "weight": [float("nan")]}),
        {},
        "DataFrame, row 0: weight is missing",
        1,
    ),
]

# What no row can be blamed for is always an error. (name, make, options, message)
WHOLE = [
    ("empty", raw(b""), {}, "acts.csv: is empty"),
    ("blank lines only", raw(b"\n\n\n"), {}, "acts.csv: is empty: it has no header"),
    ("header only", raw(b"sender,receiver\n"), {}, "acts.csv: has a header but no rows"),
    ("empty table", lambda _: pa.table({"sender": ["a"], "receiver": ["b"]}).slice(1), {}, "but no rows"),
    ("empty frame", frame(sender=[], receiver=[]), {}, "DataFrame: has a header but no rows"),
    ("folder", lambda tmp_path: tmp_path, {}, "has no CSV or Parquet file"),
    ("missing file", missing_file, {}, "act.csv: does not exist. Did you mean 'acts.csv'?"),
    (
        "two columns of one name",
        raw(b"sender,receiver,time,time\na,b,1,2\n"),
        {},
        "line 1: names two columns 'time'",
    ),
    (
        "no such column",
        raw(b"sender,reciever\na,b\n"),
        {},
        "has no column 'receiver'. Did you mean 'reciever'?",
    ),
    (
        "no such mapped column",
        raw(b"sender,receiver,kind\na,b,c\n"),
        {"columns": {"kind": "kinds"}},
        "has no column 'kinds'. Did you mean 'kind'?",
    ),
    (
        "strange delimiter",
        raw(b"sender:receiver\na:b\n"),
        {},
        "looks as if the delimiter were ':'; it must be one of",
    ),
    (
        "Latin-1",
        raw(b"sender,receiver\na,b\ncaf\xe9,b\n"),
        {},
        "acts.csv, line 3: holds the byte 0xe9, which is not UTF-8",
    ),
    (
        "Latin-1 in a column not read",
        raw(b"sender,receiver,x\na,b,\xe9\n"),
        {},
        "line 2: holds the byte 0xe9",
    ),
    (
        "cut within a character",
        raw("sender,receiver\na,é".encode()[:-1]),
        {},
        "line 2: ends within a character",
    ),
    ("UTF-16", raw("sender,receiver\na,b\n".encode("utf-16")), {}, "is not UTF-8: it begins like UTF-16"),
    ("NUL bytes", raw(b"sender,receiver\na,b\na\0,b\n"), {}, "line 3: holds a NUL byte"),
    (
        "gzip cut short",
        raw(PACKED[:-30], "acts.csv.gz"),
        {},
        "acts.csv.gz: is a gzip file that was cut short",
    ),
    ("gzip without its sum", raw(PACKED[:-8], "acts.csv.gz"), {}, "is a gzip file that was cut short"),
    ("gzip damaged", raw(DAMAGED, "acts.csv.gz"), {}, "is a gzip file that is damaged"),
    ("gzip of another sum", raw(NO_SUM, "acts.csv.gz"), {}, "is a gzip file that is damaged"),
    (
        "no Parquet",
        raw(b"sender,receiver\na,b\n", "acts.parquet"),
        {},
        "is not a Parquet file, or not a whole one",
    ),
    ("Parquet cut short", cut_parquet, {}, "is not a Parquet file, or not a whole one"),
    ("open quote", text('"a,b,2024-03-01,help,1', *GOOD), {}, "line 2: opens a quote that is never closed"),
    (
        "zones mixed",
        text(*GOOD, "a,b,2024-03-01T10:00Z,help,1"),
        {},
        "line 4: time '2024-03-01T10:00Z' has a time zone, others have none",
    ),
    (
        "zones mixed in a frame",
        frame(
            sender=["a", "b"],
            receiver=["b", "a"],
            time=pd.Series([pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-01", tz="UTC")], dtype=object),
        ),
        {},
        "time mixes dates with and without a time zone",
    ),
    (
        "unit not said",
        text("a,b,1709287200,help,1"),
        {},
        "time '1709287200' is a number, not a date: say time_unit=",
    ),
    ("year alone", text("a,b,2024,help,1"), {}, "is a number, not a date"),
    (
        "numbers called dates",
        frame(sender=["a"], receiver=["b"], time=[5]),
        {"time_unit": "iso"},
        "time '5' is a number, not a date",
    ),
    (
        "dates called seconds",
        frame(sender=["a"], receiver=["b"], time=pd.to_datetime(["2024-01-01"])),
        {"time_unit": "s"},
        "time holds dates, not numbers: say time_unit='iso'",
    ),
    (
        "kind that is no name",
        text("a,b,2024-03-01,௰,1"),
        {},
        "kind '௰' would end column names as '__௰', which no formula",
    ),
    (
        "kind called weight",
        text("a,b,2024-03-01,weight,1"),
        {},
        "kind 'weight' would end column names as '__weight'",
    ),
    (
        "kinds of one name",
        text("a,b,2024-03-01,e-mail,1", "a,b,2024-03-01,e mail,1"),
        {},
        "kind 'e-mail' and 'e mail' would both end column names as '__e_mail'",
    ),
    (
        "ids as decimals",
        frame(sender=[1.0, np.nan], receiver=[2, 1]),
        {},
        "sender is a column of decimals (such as 1.0): a missing value turns whole numbers into decimals",
    ),
    (
        "numbers and text",
        frame(sender=[1, "a"], receiver=["b", "c"]),
        {},
        "sender mixes values of the types int, str: make them one type",
    ),
    (
        "ids true or false",
        frame(sender=[True], receiver=["b"]),
        {},
        "sender has the type bool; it must be text",
    ),
    ("ids as bytes", frame(sender=[b"a"], receiver=["b"]), {}, "sender has the type binary; it must be text"),
    (
        "weights as dates",
        frame(sender=["a"], receiver=["b"], weight=pd.to_datetime(["2024-01-01"])),
        {},
        "it must be numbers",
    ),
    (
        "two columns of one name in a frame",
        lambda _: pd.DataFrame([["a", "b", 1, 2]], columns=["sender", "receiver", "x", "x"]),
        {},
        "DataFrame: names two columns 'x'",
    ),
    (
        "column missing in a table",
        lambda _: pa.table({"sender": ["a"], "to": ["b"]}),
        {},
        "table: has no column 'receiver'. Its columns: sender, to.",
    ),
    (
        "replies without ids",
        raw(b"sender,receiver,reply_to\na,b,1\n"),
        {},
        "reply_to refers to ids of acts: map the column id too",
    ),
]

# Tables of people and pairs, read with read_table. (name, make, options, message, rows)
TABLES = [
    ("id missing", text("a,1", ",2", header="id,age"), {}, "line 3: id is missing", 2),
    (
        "blank in an id",
        text("a,1", "a ,2", header="id,age"),
        {},
        "'a ' has blanks at its ends; 'a' is in the",
        2,
    ),
    ("too few fields", text("a,1", "b", header="id,age"), {}, "line 3: too few fields: the header has 2", 2),
    ("two headers", text("a,1", "id,age", "b,2", header="id,age"), {}, "line 3: repeats the header", 3),
]


@pytest.mark.parametrize(
    ("make", "options", "message"), [case[1:4] for case in ROWS], ids=[case[0] for case in ROWS]
)
def test_broken_rows_are_named(tmp_path, make, options, message):
    with pytest.raises(InputError) as refused:
        read_acts(make(tmp_path), **options)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("make", "options", "rows"),
    [(case[1], case[2], case[4]) for case in ROWS],
    ids=[case[0] for case in ROWS],
)
def test_broken_rows_are_left_out_and_counted(tmp_path, make, options, rows):
    acts = read_acts(make(tmp_path), bad_rows="leave out", **options)
    assert acts.left_out
    assert acts.rows == rows == len(acts.sender) + sum(acts.left_out.values())


@pytest.mark.parametrize("bad_rows", ["error", "leave out"])
@pytest.mark.parametrize(
    ("make", "options", "message"), [case[1:] for case in WHOLE], ids=[case[0] for case in WHOLE]
)
def test_broken_files_are_errors(tmp_path, make, options, message, bad_rows):
    with pytest.raises(InputError) as refused:
        read_acts(make(tmp_path), bad_rows=bad_rows, **options)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("make", "options", "message", "rows"), [case[1:] for case in TABLES], ids=[case[0] for case in TABLES]
)
def test_broken_tables_are_named(tmp_path, make, options, message, rows):
    source = make(tmp_path)
    with pytest.raises(InputError) as refused:
        read_table(source, ["id"], ["age"], **options)
    assert message in str(refused.value)
    table = read_table(source, ["id"], ["age"], bad_rows="leave out", **options)
    assert table.rows == rows == len(table.row) + sum(table.left_out.values())

"""Reading acts and tables: the same rows from every kind of source, and nothing changed in silence."""

import csv
import gzip
import json
import random
from datetime import UTC, datetime

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import honestsignals as hs
from honestsignals.errors import ArgumentError, InputError, UnknownNameError
from honestsignals.readers import staging
from honestsignals.readers.acts import read_acts
from honestsignals.readers.csv_file import open_csv
from honestsignals.readers.duplicates import repeated_rows
from honestsignals.readers.ids import order_people, places_of
from honestsignals.readers.source import open_source
from honestsignals.readers.table import read_table
from honestsignals.readers.times import parse_stamp

HEADER = "sender,receiver,time,kind,weight,duration\n"
ROWS = [
    "10,9,2024-03-01T10:00:00Z,help,1,",
    '9,10,2024-03-01T10:00:01.5Z,"told, it",2.5,3',
    "-3,9,2024-02-29T23:59:59.999999Z,help,0,0",
    "10,9,2024-03-01T11:00:00+01:00,help,1,",
]
TEXT = HEADER + "\n".join(ROWS) + "\n"


def written(tmp_path, text, name="acts.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def facts(acts):
    """Everything that two readings of the same acts must share."""
    return {
        "people": acts.people.tolist(),
        "sender": acts.people[acts.sender].tolist(),
        "receiver": acts.people[acts.receiver].tolist(),
        "time": None if acts.time is None else acts.time.tolist(),
        "clock": (acts.clock, acts.dated),
        "kind": None if acts.kind is None else [acts.kinds[code] for code in acts.kind],
        "weight": None if acts.weight is None else acts.weight.tolist(),
        "count": None if acts.count is None else acts.count.tolist(),
        "duration": str(acts.columns.get("duration")),
        "texts": {
            key: [None if code < 0 else values[code] for code in acts.columns[key]]
            for key, values in acts.values.items()
        },
        "left_out": acts.left_out,
        "rows": acts.rows,
        "duplicates": acts.duplicates,
    }


def test_a_plain_file(tmp_path):
    acts = read_acts(written(tmp_path, TEXT))
    assert acts.people.tolist() == [-3, 9, 10]
    assert acts.people.dtype == np.int64
    assert acts.sender.tolist() == [2, 1, 0, 2]
    assert acts.sender.dtype == acts.receiver.dtype == np.int32
    noon = datetime(2024, 3, 1, 10, tzinfo=UTC).timestamp() * 1e6
    assert acts.time.tolist() == [noon, noon + 1_500_000, 1709251199999999, noon]
    assert (acts.clock, acts.dated) == ("time", True)
    assert acts.kinds == ("help", "told, it")
    assert acts.kind.dtype == np.int16
    assert acts.weight.tolist() == [1, 2.5, 0, 1]
    np.testing.assert_array_equal(acts.columns["duration"], [np.nan, 3, 0, np.nan])
    assert (acts.rows, acts.left_out, acts.duplicates) == (4, {}, 1)


def as_frame(path):
    return pd.read_csv(path, dtype={"sender": "int64"})


def as_nullable(path):
    frame = pd.read_csv(path).astype({"sender": "Int64", "receiver": "string", "kind": "category"})
    frame["time"] = pd.to_datetime(frame["time"], utc=True, format="ISO8601")
    return frame


def as_parquet(path):
    pq.write_table(pa.Table.from_pandas(as_frame(path), preserve_index=False), path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def as_gzip(path):
    packed = path.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


def as_members(path):
    data = path.read_bytes()
    packed = path.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(data[:50]) + gzip.compress(data[50:]))
    return packed


def as_tabs(path):
    with path.open(newline="") as handle, path.with_suffix(".tsv").open("w", newline="") as out:
        csv.writer(out, delimiter="\t").writerows(csv.reader(handle))
    return path.with_suffix(".tsv")


def as_semicolons(path):
    with path.open(newline="") as handle, path.with_name("semi.csv").open("w", newline="") as out:
        csv.writer(out, delimiter=";").writerows(csv.reader(handle))
    return path.with_name("semi.csv")


def as_crlf(path):
    path.with_name("crlf.csv").write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    return path.with_name("crlf.csv")


def as_dictionary(path):
    table = pa.Table.from_pandas(as_frame(path), preserve_index=False)
    sender = table["sender"].cast(pa.string()).dictionary_encode()
    return table.set_column(0, "sender", sender)


SOURCES = {
    "text path": str,
    "gzip": as_gzip,
    "gzip of two members": as_members,
    "tabs": as_tabs,
    "semicolons": as_semicolons,
    "crlf and a byte order mark": as_crlf,
    "parquet": as_parquet,
    "pandas": as_frame,
    "pandas objects": lambda path: as_frame(path).astype({"sender": object, "kind": object}),
    "pandas, index": lambda path: as_frame(path).set_index(pd.Index([7, 7, 7, 7])),
    "pandas, nullable": as_nullable,
    "polars": lambda path: pl.from_pandas(as_frame(path)),
    "polars, dates": lambda path: pl.from_pandas(as_frame(path)).with_columns(
        pl.col("time").str.to_datetime(time_zone="UTC", time_unit="us"), pl.col("kind").cast(pl.Categorical)
    ),
    "pyarrow": lambda path: pa.Table.from_pandas(as_frame(path), preserve_index=False),
    "pyarrow, chunks": lambda path: pa.concat_tables(
        [pa.table(as_frame(path)[:1]), pa.table(as_frame(path)[1:])]
    ),
    "pyarrow, codes": as_dictionary,
    "pyarrow, stream": lambda path: pa.table(as_frame(path)).to_reader(),
    "duckdb": lambda path: duckdb.connect().from_arrow(pa.table(as_frame(path))),
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_every_source_gives_the_same_acts(tmp_path, make):
    path = written(tmp_path, TEXT)
    assert facts(read_acts(make(path))) == facts(read_acts(path))


def test_order_of_rows_does_not_matter(tmp_path):
    lines = ROWS * 3
    expected = facts(read_acts(written(tmp_path, HEADER + "\n".join(lines))))
    random.Random(1).shuffle(lines)
    found = facts(read_acts(written(tmp_path, HEADER + "\n".join(lines), "other.csv")))

    def rows(facts):
        return sorted(zip(facts["sender"], facts["receiver"], facts["time"], facts["kind"], strict=True))

    assert rows(found) == rows(expected)
    assert {key: found[key] for key in ("people", "rows", "left_out", "duplicates")} == {
        key: expected[key] for key in ("people", "rows", "left_out", "duplicates")
    }


ODD_IDS = ["a,b", 'say "hi"', "two\nlines", "😀", "אבג", "é", "007", "NULL", "NaN", "x" * 5000, "#1", "a\\"]


def test_ids_may_be_any_text(tmp_path):
    path = tmp_path / "acts.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        out = csv.writer(handle)
        out.writerow(["sender", "receiver"])
        out.writerows([name, "other"] for name in ODD_IDS)
    acts = read_acts(path)
    assert acts.people[acts.sender].tolist() == ODD_IDS
    assert acts.people.tolist() == sorted([*ODD_IDS, "other"])


def test_the_exact_reader_agrees_with_the_fast_one(tmp_path):
    """Where DuckDB gives up in the middle of a file, the rest is read without losing or repeating a row."""
    rows = [f'p{i},"q{i % 7}\n""x""",{i}' for i in range(3000)]
    fast = open_csv(written(tmp_path, "sender,receiver,time\n" + "\n".join(rows)), "acts.csv")
    assert not fast.exact
    exact = type(fast)(fast.path, fast.name, fast.delimiter, fast.columns, True)
    read = [pa.concat_tables(file.batches(["sender", "receiver"], rows=500)) for file in (fast, exact)]
    assert read[0].to_pylist() == read[1].to_pylist()
    assert fast.lines([0, 1, 2999]) == [2, 4, 6000]
    broken = written(tmp_path, "sender,receiver,time\n" + "\n".join([*rows, "a,b", *rows]), "broken.csv")
    acts = read_acts(broken, time_unit="s", bad_rows="leave out")
    assert (len(acts.sender), acts.left_out, acts.rows) == (6000, {"too few fields": 1}, 6001)


CELLS = st.text(alphabet="ab\", \n\r;\t|'1é", max_size=6)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"])
)
def test_a_written_table_comes_back(tmp_path_factory, rows, end):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        out = csv.writer(handle, lineterminator=end, quoting=csv.QUOTE_ALL)
        out.writerow(["a", "b", "c"])
        out.writerows(rows)
    source = open_source(path, ["a", "b", "c"])
    read = [list(row.values()) for table in source.batches(["a", "b", "c"]) for row in table.to_pylist()]
    assert read == [[cell or None for cell in row] for row in rows]


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='a,"\n 1', max_size=40))
def test_any_text_is_read_alike_or_refused(tmp_path_factory, text):
    """Whatever the bytes, the fast reader gives what the exact one gives."""
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_text("a,b\n" + text, newline="")
    file = open_csv(path, "t.csv")
    exact = type(file)(file.path, file.name, file.delimiter, file.columns, True)
    results = []
    for way in (file, exact):
        faults = []
        try:
            tables = list(way.batches(["a", "b"], faults))
            found = [row for table in tables for row in table.to_pylist()]
            results.append((found, [(fault.reason, fault.rows.tolist()) for fault in faults]))
        except InputError as error:
            results.append(str(error))
    assert results[0] == results[1]


def test_people_have_one_order():
    assert order_people(["10", "9", "-1"]).tolist() == [-1, 9, 10]
    assert order_people(["10", "9", "01"]).tolist() == ["01", "10", "9"]
    assert order_people(["9223372036854775808", "1"]).tolist() == ["1", "9223372036854775808"]
    assert order_people(["é", "z", "Z", "😀", "\uffff"]).tolist() == ["Z", "z", "é", "\uffff", "😀"]
    assert order_people(np.array([3, 1, 3], dtype=np.uint8)).tolist() == [1, 3]


def test_a_roster_settles_people_and_their_type(tmp_path):
    path = written(tmp_path, "sender,receiver\n2,10\n10,2\n")
    assert read_acts(path, roster=["10", "2", "7"]).people.tolist() == [2, 7, 10]
    acts = read_acts(path, roster=np.array(["10", "2", "x"], dtype=object))
    assert acts.people.tolist() == ["10", "2", "x"]
    assert acts.sender.tolist() == [1, 0]
    frame = pd.DataFrame({"sender": [2, 10], "receiver": [10, 2]})
    assert read_acts(frame, roster=["10", "2", "x"]).sender.tolist() == [1, 0]


def test_integers_and_text_meet(tmp_path):
    frame = pd.DataFrame({"sender": [2, 10], "receiver": ["10", "b"]})
    assert read_acts(frame).people.tolist() == ["10", "2", "b"]
    far = pd.DataFrame({"sender": [2**62, -(2**62)], "receiver": [1, 2]})
    assert read_acts(far).people.tolist() == [-(2**62), 1, 2, 2**62]
    huge = pd.DataFrame({"sender": np.array([2**63, 5], dtype=np.uint64), "receiver": [1, 2]})
    assert read_acts(huge).people.tolist() == ["1", "2", "5", "9223372036854775808"]


@pytest.mark.parametrize(
    ("cells", "options", "expected", "dated"),
    [
        (["1", "2.5"], {"time_unit": "s"}, [1_000_000, 2_500_000], False),
        (["1.0000004", "-3"], {"time_unit": "s", "time_origin": "relative"}, [1_000_000, -3_000_000], False),
        (["1", "2"], {"time_unit": "ms"}, [1000, 2000], False),
        (["1", "2"], {"time_unit": "s", "time_origin": "1970-01-02"}, [86_401_000_000, 86_402_000_000], True),
        (["1970-01-01", "1970-01-02 00:00"], {}, [0, 86_400_000_000], True),
        (["1970-01-01T00:00:00Z", "1970-01-01T02:00:00+02:00"], {"time_unit": "iso"}, [0, 0], True),
        (["1970-01-01T00:00:00-0130", "1970-01-01T00:00:00+01"], {}, [5_400_000_000, -3_600_000_000], True),
        (["1969-12-31T23:59:59.9", "0001-01-01"], {}, [-100_000, -62135596800000000], True),
        (["1e3", "1."], {"time_unit": "s"}, [1_000_000_000, 1_000_000], False),
    ],
)
def test_times(tmp_path, cells, options, expected, dated):
    path = written(tmp_path, "sender,receiver,time\n" + "".join(f"a,b,{cell}\n" for cell in cells))
    acts = read_acts(path, **options)
    assert acts.time.tolist() == expected
    assert acts.dated is dated


def test_times_of_frames():
    frame = pd.DataFrame({"sender": ["a", "b"], "receiver": ["b", "a"]})
    day = 86_400_000_000
    for values in (
        pd.to_datetime(["1970-01-02", "1970-01-03"]),
        pd.to_datetime(["1970-01-02 01:00+01:00", "1970-01-03 01:00+01:00"]),
        pd.to_datetime(["1970-01-02", "1970-01-03"]).as_unit("s"),
        [datetime(1970, 1, 2), datetime(1970, 1, 3)],
        pd.to_datetime(["1970-01-02", "1970-01-03"]).date,
    ):
        acts = read_acts(frame.assign(time=values))
        assert acts.time.tolist() == [day, 2 * day]
        assert acts.dated


@settings(max_examples=200, deadline=None)
@given(st.datetimes(), st.integers(0, 6))
def test_stamps_are_read_as_the_library_writes_them(moment, digits):
    moment = moment.replace(microsecond=moment.microsecond // 10 ** (6 - digits) * 10 ** (6 - digits))
    expected = (moment - datetime(1970, 1, 1)) // (datetime(1970, 1, 1, 0, 0, 0, 1) - datetime(1970, 1, 1))
    text = moment.isoformat()
    assert parse_stamp(text).micros == expected
    frame = pa.table({"sender": ["a"], "receiver": ["b"], "time": [text]})
    assert read_acts(frame).time.tolist() == [expected]


STAMPS = [
    "2024-03-01",
    "2024-03-01T10:00",
    "2024-03-01 10:00:05.123456Z",
    "0000-01-01",
    "2024-03-01T10:00-0130",
]


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(STAMPS), st.integers(0, 28), st.integers(0, 2), st.sampled_from("0123456789-:TtZz +., ")
)
def test_the_fast_reader_of_stamps_agrees(stamp, place, drop, letter):
    text = stamp[:place] + letter + stamp[place + drop :]
    table = pa.table({"sender": ["a"], "receiver": ["b"], "time": [text]})
    expected = parse_stamp(text)
    acts = read_acts(table, time_unit="iso", bad_rows="leave out")
    if isinstance(expected, str):
        assert acts.left_out == {f"time {expected}": 1}
    else:
        assert acts.time.tolist() == [expected.micros]


def test_waves(tmp_path):
    acts = read_acts(written(tmp_path, "sender,receiver,wave\na,b,2\nb,a,1\n"))
    assert (acts.time.tolist(), acts.clock, acts.dated) == ([2, 1], "wave", False)


def test_mapping_is_what_is_read(tmp_path):
    path = written(tmp_path, "from,to,timestamp,kind,weight\na,b,5,x,-1\n")
    acts = read_acts(path, {"sender": "from", "receiver": "to"})
    assert (acts.time, acts.kind, acts.weight) == (None, None, None)
    assert acts.unread == ("kind", "weight", "timestamp"), "said, and not read"
    assert read_acts(written(tmp_path, "sender,receiver,kind\na,b,x\n")).kinds == ("x",)


def test_self_acts_and_duplicates_are_counted(tmp_path):
    path = written(tmp_path, "sender,receiver,count\na,b,2\na,a,1\na,b,2\na,b,3\n")
    acts = read_acts(path)
    assert (len(acts.sender), acts.left_out, acts.duplicates) == (3, {"self-acts": 1}, 1)
    acts = read_acts(path, duplicates="drop")
    assert acts.left_out == {"self-acts": 1, "exact duplicates": 1}
    assert acts.count.tolist() == [2, 3]
    only = read_acts(written(tmp_path, "sender,receiver\na,a\n", "only.csv"))
    assert (len(only.sender), only.left_out, only.rows) == (0, {"self-acts": 1}, 1)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(-2, 2), st.sampled_from([0.0, -0.0, 1.5, float("nan")])), min_size=1))
def test_repeated_rows(rows):
    one, two = (np.array(column) for column in zip(*rows, strict=True))
    seen, expected = set(), []
    for number, (a, b) in enumerate(rows):
        key = (a, "nan" if b != b else b + 0.0)
        if key in seen:
            expected.append(number)
        seen.add(key)
    assert repeated_rows([one, two]).tolist() == expected


def test_replies_make_conversations(tmp_path):
    rows = ["1,a,b,", "2,b,a,1", "3,a,b,2", "4,c,a,", "6,a,c,5", "5,c,c,4"]
    acts = read_acts(written(tmp_path, "id,sender,receiver,reply_to\n" + "\n".join(rows)))
    values = acts.values["conversation"]
    assert [values[code] for code in acts.columns["conversation"]] == ["1", "1", "1", "4", "4"]
    assert acts.left_out == {"self-acts": 1}


def test_replies_to_what_is_left_out_are_left_out(tmp_path):
    rows = ["1,a,b,,x", "2,b,a,1,1", "3,a,b,2,1", "4,a,b,,1", "5,a,b,9,1", "6,a,b,7,1", "7,a,b,6,1"]
    path = written(tmp_path, "id,sender,receiver,reply_to,weight\n" + "\n".join(rows))
    acts = read_acts(path, bad_rows="leave out")
    assert acts.left_out == {
        "weight is not a number": 1,
        "reply_to answers an act that is left out": 2,
        "reply_to is the id of no act": 1,
        "reply_to is part of a circle of replies": 2,
    }
    assert len(acts.sender) == 1


def test_long_chains_of_replies(tmp_path):
    n = 5000
    order = np.random.default_rng(1).permutation(n)
    frame = pd.DataFrame(
        {"id": order, "reply_to": pd.array(order - 1, dtype="Int64"), "sender": "a", "receiver": "b"}
    )
    frame.loc[frame["id"] == 0, "reply_to"] = pd.NA
    acts = read_acts(frame)
    assert acts.values["conversation"].tolist() == ["0"]


def test_an_id_may_repeat_only_with_its_content(tmp_path):
    path = written(tmp_path, "id,sender,receiver\n1,a,b\n1,a,b\n2,a,b\n")
    assert read_acts(path).duplicates == 1
    path = written(tmp_path, "id,sender,receiver\n1,a,b\n1,a,c\n1,a,b\n2,a,b\n")
    acts = read_acts(path, bad_rows="leave out")
    assert acts.left_out == {"id is the id of different acts": 3}


REPORTED = "sender,receiver,reporter,weight\n" + "\n".join(
    ["a,b,b,1", "a,b,a,2", "a,b,a,3", "c,b,b,4", "b,a,c,5", "b,c,,6"]
)


@pytest.mark.parametrize(
    ("reports", "weights", "left_out"),
    [
        (None, [2, 3, 4, 5, 6], {"the other's report of the same act": 1}),
        ("union", [2, 3, 4, 5, 6], {"the other's report of the same act": 1}),
        (
            "both",
            [2],
            {
                "the other's report of the same act": 1,
                "said by one of the two only": 2,
                "said by neither of the two": 2,
            },
        ),
        ("giver", [2, 3], {"not said by the giver": 2, "said by neither of the two": 2}),
        ("receiver", [1, 4], {"not said by the receiver": 2, "said by neither of the two": 2}),
    ],
)
def test_two_reports_of_one_act(tmp_path, reports, weights, left_out):
    acts = read_acts(written(tmp_path, REPORTED), reports=reports)
    assert acts.weight.tolist() == weights
    assert acts.left_out == left_out
    assert acts.rows == 6


def test_kinds_are_sorted_by_code_point(tmp_path):
    acts = read_acts(written(tmp_path, "sender,receiver,kind\na,b,é\nb,a,z\na,b,Z\n"))
    assert acts.kinds == ("Z", "z", "é")
    assert acts.kind.tolist() == [2, 1, 0]
    numbers = read_acts(pd.DataFrame({"sender": ["a", "b"], "receiver": ["b", "a"], "kind": [10, 9]}))
    assert numbers.kinds == ("10", "9")


def test_tables(tmp_path):
    text = "id,age,name,code,score,flag\n7,31,Ann,007,1.5,yes\n8,,,12,2,no\n"
    table = read_table(
        written(tmp_path, text, "people.csv"), ["id"], ["age", "name", "code", "score", "flag"]
    )
    assert table.columns["id"].tolist() == ["7", "8"]
    np.testing.assert_array_equal(table.columns["age"], [31, np.nan])
    assert table.columns["name"].tolist() == ["Ann", None]
    assert table.columns["code"].tolist() == ["007", "12"]
    assert table.columns["score"].tolist() == [1.5, 2.0]
    assert table.columns["flag"].tolist() == ["yes", "no"]
    assert [str(problem) for problem in table.problems([1], "flag", "is neither")]
    assert str(table.problems([1], "age", "is missing")[0]).startswith(
        str(tmp_path / "people.csv") + ", line 3: age nan is missing"
    )
    frame = pd.DataFrame({"id": [7, 8], "tie": [True, False], "when": pd.to_datetime(["2024-01-01", None])})
    table = read_table(frame, ["id"], ["tie", "when"])
    assert table.columns["tie"].tolist() == [True, False]
    assert np.isnat(table.columns["when"]).tolist() == [False, True]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "2"], [1, 2]),
        (["1", None], [1.0, None]),
        (["+1", "-2.5e1"], [1.0, -25.0]),
        (["1", "x"], ["1", "x"]),
        (["1", "nan"], ["1", "nan"]),
        (["01", "2"], ["01", "2"]),
        (["12345678901234567", "1"], ["12345678901234567", "1"]),
        ([None, None], [None, None]),
    ],
)
def test_columns_are_numbers_only_if_nothing_is_lost(cells, expected):
    table = read_table(pa.table({"id": ["a", "b"], "x": pa.array(cells, pa.string())}), ["id"], ["x"])
    found = [None if value != value else value for value in table.columns["x"].tolist()]
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


def test_a_table_of_one_column(tmp_path):
    table = read_table(written(tmp_path, "id\na\n\nb\n", "people.csv"), ["id"], [])
    assert table.columns["id"].tolist() == ["a", "b"]


def test_bad_rows_of_tables_are_left_out(tmp_path):
    path = written(tmp_path, "id,age\n a,1\nb,2\nb\n,4\nid,age\n", "people.csv")
    table = read_table(path, ["id"], ["age"], bad_rows="leave out")
    assert table.columns["id"].tolist() == ["b"]
    assert table.columns["age"].tolist() == [2]
    assert table.rows == 5 == len(table.row) + sum(table.left_out.values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time_unit": "sec"}, "time_unit is 'sec'; it must be one of 'iso', 's', 'ms'"),
        ({"bad_rows": "drop"}, "bad_rows is 'drop'"),
        ({"duplicates": "remove"}, "duplicates is 'remove'"),
        ({"reports": "any"}, "reports is 'any'"),
        ({"reports": "both"}, "reports is given, but columns maps no reporter"),
        ({"time_unit": "s"}, "time_unit is given, but columns maps no time"),
        ({"time_unit": "s", "time_origin": "2024-13-01"}, "time_origin '2024-13-01' is not a date"),
        (
            {"columns": {"sender": "sender", "receiver": "sender"}},
            "sender and receiver are both the column 'sender'",
        ),
    ],
)
def test_arguments_are_checked(tmp_path, options, message):
    with pytest.raises(ArgumentError) as refused:
        read_acts(written(tmp_path, "sender,receiver\na,b\n"), **options)
    assert message in str(refused.value)


def test_an_unknown_key_names_the_nearest(tmp_path):
    with pytest.raises(UnknownNameError, match=r"Unknown key of columns 'sendr'\. Did you mean 'sender'\?"):
        read_acts(written(tmp_path, "sender,receiver\na,b\n"), {"sendr": "sender"})


def test_what_is_no_source_is_said_to_be_none():
    with pytest.raises(ArgumentError, match="source is a dict; it must be a path"):
        read_acts({"sender": ["a"]})
    with pytest.raises(ArgumentError, match="source is a Series"):
        read_acts(pd.Series([1]))


def test_ten_problems_are_told_and_all_are_counted(tmp_path):
    rows = "".join(f"a,b,{value}\n" for value in ["1", *(["x"] * 25)])
    with pytest.raises(InputError) as refused:
        read_acts(written(tmp_path, "sender,receiver,weight\n" + rows))
    lines = str(refused.value).splitlines()
    assert len(refused.value.problems) == 10
    assert lines[0].endswith("line 3: weight 'x' is not a number")
    assert lines[-1] == "… and 15 more."


def test_problems_come_in_the_order_of_the_file(tmp_path):
    path = written(tmp_path, 'sender,receiver,weight\n"a\nb",b,1\n\na,,x\na,b\na,b,-1\n')
    with pytest.raises(InputError) as refused:
        read_acts(path)
    assert [problem.line for problem in refused.value.problems] == [5, 5, 6, 7]


def test_paths_with_odd_names(tmp_path):
    for name in ("a[1].csv", "it's.csv", "a*b?.csv", "ü ö.csv"):
        assert len(read_acts(written(tmp_path, "sender,receiver\na,b\n", name)).sender) == 1


def test_nothing_is_left_in_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    read_acts(written(tmp_path, TEXT))
    assert [item.name for item in tmp_path.iterdir()] == ["acts.csv"]


def test_nanoseconds_that_are_none_are_fine():
    frame = pa.table({"sender": ["a"], "receiver": ["b"], "time": pa.array([1_000], pa.timestamp("ns"))})
    assert read_acts(frame).time.tolist() == [1]


def test_facts_are_plain_enough_for_json(tmp_path):
    acts = read_acts(written(tmp_path, "sender,receiver\na,b\na,a\n"))
    assert json.dumps(dict(acts.left_out)) == '{"self-acts": 1}'


@pytest.mark.parametrize("far", [1, 3, 10**6, 2**40])
def test_places_are_those_of_a_dictionary(far: int) -> None:
    rng = np.random.default_rng(far)
    for low in (0, -50, 2**62, -(2**63), 2**63 - 1 - 200 * far if far < 2**40 else 5):
        people = np.unique(low + rng.integers(0, 200, 40) * far)
        ends = np.array([-(2**63), 2**63 - 1, 0, low])
        values = np.concatenate([people, people[people < 2**63 - 1] + 1, ends])
        known = {person: place for place, person in enumerate(people.tolist())}
        assert places_of(values, people).tolist() == [known.get(value, -1) for value in values.tolist()]
    assert places_of(np.array([3]), np.empty(0, dtype=np.int64)).tolist() == [-1]


@pytest.mark.parametrize("most", [0, 500, 2**26])
def test_distinct_values_of_batches(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "MOST_PLACES", most)
    rng = np.random.default_rng(most)
    for spread in (10, 400, 10**6, 2**62):
        distinct, every = staging.Distinct(), set()
        for first in (0, 100, -300, spread):
            values = np.unique(first + rng.integers(-spread, spread, 50))
            distinct.add(values)
            every |= set(values.tolist())
        assert distinct.people().tolist() == sorted(every)
    distinct.add(pa.array(["a", "5"]))
    assert set(distinct.people()) == {str(value) for value in every} | {"a", "5"}


@pytest.mark.parametrize("low", [0, -7, 2**31 - 20, -(2**31), 2**40])
def test_batches_of_ids_that_lie_close_together(low: int, tmp_path) -> None:
    rng = np.random.default_rng(3)
    ego, alter = low + rng.integers(0, 30, (2, 400))
    frame = pd.DataFrame({"sender": ego, "receiver": alter})
    log = hs.read_log(frame)
    assert log.people.tolist() == sorted(set(ego.tolist()) | set(alter.tolist()))
    stored = hs.store_log(frame, threads=1)
    assert stored.people.tolist() == log.people.tolist()
    pd.testing.assert_frame_equal(stored.dyads(tmp_path / "t").to_frame(), log.dyads().frame)


def test_ids_on_both_sides_of_the_narrow_ones() -> None:
    frame = pd.DataFrame({"sender": [-(2**31) + 1, -(2**31) + 2], "receiver": [-(2**31) - 1, -(2**31) - 2]})
    people = sorted({*frame["sender"].tolist(), *frame["receiver"].tolist()})
    assert read_acts(frame).people.tolist() == people
    assert read_acts(-frame).people.tolist() == sorted(-person for person in people)

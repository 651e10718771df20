"""Folders and patterns as one source: the same acts as from one file, and every message names its file."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import honestsignals as hs
from honestsignals.errors import InputError
from honestsignals.readers.acts import read_acts
from honestsignals.readers.source import in_codes, open_source
from honestsignals.readers.table import read_table

KINDS = ("help", "told, it", "7 %/é")


def some_acts(n=300, seed=1):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "sender": rng.integers(1, 12, n),
            "receiver": rng.integers(1, 12, n),
            "time": pd.Timestamp("2024-03-01", tz="UTC")
            + pd.to_timedelta(np.sort(rng.integers(0, 10**6, n)), unit="s"),
            "kind": np.array(KINDS)[rng.integers(0, 3, n)],
            "weight": rng.exponential(size=n),
        }
    )


def as_csv(frame, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    written = frame.copy()
    if "time" in written:
        written["time"] = written["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    written.to_csv(path, index=False)


def as_parquet(frame, path, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, **how)


def same(one, other):
    """Whether two readings hold the same acts in the same order."""
    assert one.people.tolist() == other.people.tolist()
    assert one.kinds == other.kinds
    for name in ("sender", "receiver", "time", "kind", "weight"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.rows, one.left_out, one.clock, one.dated) == (
        other.rows,
        other.left_out,
        other.clock,
        other.dated,
    )


@pytest.mark.parametrize(("write", "ending"), [(as_csv, "csv"), (as_parquet, "parquet")])
def test_parts_are_read_in_the_order_of_their_paths(tmp_path, write, ending) -> None:
    frame = some_acts()
    write(frame, tmp_path / f"whole.{ending}")
    folder = tmp_path / "acts"
    # 10 comes before 2: it is the text of the path that counts, everywhere alike
    cuts = {"part-1": (0, 90), "part-10": (90, 100), "part-2": (100, 100), "sub/part-0": (100, 300)}
    for number, (name, (start, end)) in enumerate(cuts.items()):
        part = frame.iloc[start:end]
        write(part[part.columns[:: -1 if number % 2 else 1]], folder / f"{name}.{ending}")
    (folder / "_SUCCESS").touch()
    (folder / ".part-1.crc").write_bytes(b"x")
    whole = read_acts(tmp_path / f"whole.{ending}")
    same(read_acts(folder), whole)
    same(read_acts(str(folder)), whole)
    same(read_acts(f"{folder}/**/*.{ending}"), whole)
    batches = list(open_source(folder).batches(["weight", "sender"], rows=120))
    assert [batch.num_rows for batch in batches] == [100, 200] if ending == "csv" else [100, 120, 80]
    assert batches[0].column_names == ["weight", "sender"]
    assert hs.read_log(f"{folder}/*.{ending}").name == "acts"


def test_a_log_in_parts_gives_the_same_table(tmp_path) -> None:
    frame = some_acts(2000)
    as_parquet(frame, tmp_path / "acts.parquet")
    for number in range(7):
        as_parquet(frame.iloc[number::7], tmp_path / "acts" / f"{number}.parquet")
    one, other = (hs.read_log(tmp_path / name).dyads().frame for name in ("acts", "acts.parquet"))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


@pytest.mark.parametrize("write", [as_csv, as_parquet])
def test_folders_may_name_columns(tmp_path, write) -> None:
    from urllib.parse import quote

    frame = some_acts().sort_values(["kind", "sender"], kind="stable")
    ending = "csv" if write is as_csv else "parquet"
    folders = {kind: f"kind={quote(kind, safe='')}" for kind in KINDS}
    # the order of paths is that of folders, so the whole is written in it
    frame = pd.concat([frame[frame["kind"] == kind] for kind in sorted(KINDS, key=folders.__getitem__)])
    parts = []
    for kind in sorted(KINDS, key=folders.__getitem__):
        for sender in sorted(map(str, frame["sender"].unique())):
            part = frame[(frame["kind"] == kind) & (frame["sender"] == int(sender))]
            if len(part):
                parts.append(part)
                path = tmp_path / "acts" / folders[kind] / f"sender={sender}" / f"part-0.{ending}"
                write(part.drop(columns=["kind", "sender"]), path)
    write(pd.concat(parts), tmp_path / f"whole.{ending}")
    whole = read_acts(tmp_path / f"whole.{ending}")
    source = open_source(tmp_path / "acts")
    assert set(source.columns) == {"sender", "receiver", "time", "kind", "weight"}
    same(read_acts(tmp_path / "acts"), whole)
    same(read_acts(f"{tmp_path}/acts/kind=*/sender=*/*.{ending}"), whole)
    same(read_acts(f"{tmp_path}/acts/kind=*"), whole)
    only = list(source.batches(["kind"]))
    assert sum(batch.num_rows for batch in only) == 300
    assert only[0].column("kind").to_pylist() == [part for one in parts for part in one["kind"]]


def test_a_folder_of_rows_without_a_value(tmp_path) -> None:
    as_parquet(
        some_acts()[["sender", "receiver"]], tmp_path / "topic=__HIVE_DEFAULT_PARTITION__" / "a.parquet"
    )
    as_parquet(some_acts()[["sender", "receiver"]], tmp_path / "topic=x" / "a.parquet")
    acts = read_acts(tmp_path)
    assert (acts.columns["topic"] < 0).sum() == (acts.columns["topic"] == 0).sum() > 0


def test_rows_are_told_by_file_and_line(tmp_path) -> None:
    folder = tmp_path / "acts"
    for number in range(5):
        as_csv(some_acts(50, seed=number), folder / f"part-{number}.csv")
    spoilt = folder / "part-3.csv"
    lines = spoilt.read_text().splitlines()
    lines[7] = lines[7].replace("2024-03-", "2024-13-")
    lines[20] = lines[20] + ",1,2,3"
    spoilt.write_text("\n".join(lines) + "\n")
    last = folder / "part-4.csv"
    last.write_text(last.read_text().replace("help", "", 1))
    with pytest.raises(InputError) as refused:
        hs.read_log(folder)
    said = str(refused.value).splitlines()
    assert said[0].startswith(f"{folder}/part-3.csv, line 8: time '2024-13-")
    assert said[1] == f"{folder}/part-3.csv, line 21: too many fields: the header has 5"
    assert said[2].startswith(f"{folder}/part-4.csv, line ")
    assert said[2].endswith("kind is missing")
    assert [one.source for one in refused.value.problems] == [f"{folder}/part-{n}.csv" for n in (3, 3, 4)]
    log = hs.read_log(folder, bad_rows="leave out")
    assert sum(count for reason, count in log.acts.left_out.items() if reason != "self-acts") == 3
    assert log.acts.rows == 250


def test_rows_of_tables_are_told_by_file_and_row(tmp_path) -> None:
    frame = some_acts(40)
    as_parquet(frame, tmp_path / "acts" / "a.parquet")
    frame.loc[3, "weight"] = -1
    as_parquet(frame, tmp_path / "acts" / "b.parquet")
    with pytest.raises(InputError, match=r"acts/b.parquet, row 3: weight -1.0 is negative"):
        hs.read_log(f"{tmp_path}/acts/*.parquet")
    people = tmp_path / "people"
    as_parquet(pd.DataFrame({"id": ["x", "y"]}), people / "a.parquet")
    as_parquet(pd.DataFrame({"id": [None, "z"]}), people / "b.parquet")
    with pytest.raises(InputError, match=r"b.parquet, row 0: id is missing"):
        read_table(people, ["id"], [])


def test_a_study_may_be_in_parts(tmp_path) -> None:
    for name in ("acts", "answers"):
        (tmp_path / name).mkdir()
    (tmp_path / "study.toml").write_text(
        '[study]\nname = "parts"\n[acts]\nfile = "acts/"\nsender = "s"\nreceiver = "r"\n'
        '[labels.trust]\nfile = "answers"\nsource = "s"\ntarget = "r"\nvalue = "v"\ntype = "binary"\n'
        'directed = true\nabsent = "unknown"\n'
    )
    for number, pair in enumerate(["a,b", "b,a"]):
        (tmp_path / "acts" / f"{number}.csv").write_text(f"s,r\n{pair}\n")
        (tmp_path / "answers" / f"{number}.csv").write_text(f"s,r,v\n{pair},1\n")
    assert len(hs.open_study(tmp_path).labels["trust"].value) == 2
    (tmp_path / "answers" / "2.csv").write_text("s,r,v\nb,a,0\n")
    with pytest.raises(InputError, match=r"2.csv, line 2: v .* is not what line 2 of .*1.csv says"):
        hs.open_study(tmp_path)


def test_zones_that_differ_are_told_by_file(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("sender,receiver,time\na,b,2024-03-01T10:00Z\n")
    (tmp_path / "b.csv").write_text("sender,receiver,time\na,b,2024-03-01T10:00\n")
    with pytest.raises(InputError) as refused:
        read_acts(tmp_path)
    said = str(refused.value).splitlines()
    assert said[0].startswith(f"{tmp_path}/a.csv, line 2: time '2024-03-01T10:00Z' has a time zone")
    assert said[1].startswith(f"{tmp_path}/b.csv, line 2: time '2024-03-01T10:00' has no time zone")


def test_a_header_within_a_file_is_told(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("sender,receiver\na,b\n")
    (tmp_path / "b.csv").write_text("sender,receiver\na,b\nsender,receiver\n")
    with pytest.raises(InputError, match=r"b.csv, line 3: repeats the header"):
        read_acts(tmp_path)


FRAME = pd.DataFrame({"sender": [1, 2], "receiver": [2, 1], "weight": [1.0, 2.0]})
DIFFERENT = [
    (FRAME.drop(columns="weight"), r"b.parquet: has other columns than .*a.parquet: it lacks 'weight'"),
    (FRAME.assign(note="x"), r"b.parquet: has other columns than .*a.parquet: it has 'note' besides"),
    (
        FRAME.rename(columns={"weight": "Weight"}),
        r"b.parquet: .*: it lacks 'weight' and has 'Weight' besides",
    ),
    (FRAME.assign(weight="x"), r"b.parquet: weight holds text, but decimal numbers in .*a.parquet"),
    (
        FRAME.assign(sender=[1.5, 2]),
        r"b.parquet: sender holds decimal numbers, but whole numbers in .*a.parquet",
    ),
]


@pytest.mark.parametrize(("other", "message"), DIFFERENT)
def test_columns_that_differ_are_refused_by_file_and_column(tmp_path, other, message) -> None:
    as_parquet(FRAME, tmp_path / "a.parquet")
    as_parquet(other, tmp_path / "b.parquet")
    with pytest.raises(InputError, match=message):
        read_acts(tmp_path)


@pytest.mark.parametrize(
    "other",
    [
        FRAME.astype({"sender": "int32", "weight": "float32"}),
        FRAME.astype({"sender": "int16"}).assign(weight=None),
    ],
)
def test_columns_of_one_kind_may_differ_in_width(tmp_path, other) -> None:
    as_parquet(FRAME, tmp_path / "a.parquet")
    as_parquet(other, tmp_path / "b.parquet")
    acts = read_acts(tmp_path, {"duration": "weight"})
    assert acts.rows == 4
    assert acts.people.tolist() == [1, 2]


def test_text_may_be_coded_in_one_file_and_plain_in_another(tmp_path) -> None:
    frame = pd.DataFrame({"sender": ["a", "b"], "receiver": ["b", "a"]})
    as_parquet(frame, tmp_path / "a.parquet")
    as_parquet(frame.astype("category"), tmp_path / "b.parquet")
    assert read_acts(tmp_path).people.tolist() == ["a", "b"]


def test_files_that_cannot_be_read_are_named(tmp_path) -> None:
    as_csv(FRAME, tmp_path / "a.csv")
    (tmp_path / "b.csv").touch()
    with pytest.raises(InputError, match=r"b.csv: is empty"):
        read_acts(tmp_path)
    (tmp_path / "b.csv").write_bytes(b"sender,receiver,weight\n1,2,\xff\n")
    with pytest.raises(InputError, match=r"b.csv, line 2: holds the byte 0xff"):
        read_acts(tmp_path)
    (tmp_path / "b.csv").unlink()
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"sender,receiver,weight\n1,2,3\n" * 99)[:-9])
    with pytest.raises(InputError, match=r"b.csv.gz: is a gzip file that was cut short"):
        read_acts(tmp_path)


def test_a_file_with_a_header_alone_adds_nothing(tmp_path) -> None:
    as_csv(FRAME, tmp_path / "a.csv")
    as_csv(FRAME.iloc[:0], tmp_path / "b.csv")
    assert read_acts(tmp_path).rows == 2
    with pytest.raises(InputError, match="has a header but no rows"):
        read_acts(f"{tmp_path}/b*")


@pytest.mark.parametrize("compression", ["snappy", "zstd", "none"])
@pytest.mark.parametrize("several", [False, True])
def test_a_row_group_that_is_damaged_is_named(tmp_path, compression, several) -> None:
    acts = some_acts(4000)
    path = tmp_path / "acts" / "b.parquet"
    as_parquet(acts, tmp_path / "acts" / "a.parquet")
    table = pa.Table.from_pandas(acts, preserve_index=False)
    pq.write_table(table, path, row_group_size=1000, compression=compression, write_page_checksum=True)
    column = pq.read_metadata(path).row_group(2).column(4)
    data = bytearray(path.read_bytes())
    data[column.data_page_offset + 100] ^= 0x55
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"b.parquet: is a Parquet file that is damaged in row group 2 of 4"):
        read_acts(path.parent if several else path)
    # columns that are not read may be damaged
    assert read_acts(path, {"time": "time"}).rows == 4000


@pytest.mark.parametrize("text", [pa.string(), pa.large_string()])
def test_words_that_a_file_keeps_as_codes_are_read_so(tmp_path, text) -> None:
    acts = some_acts(4000)
    # other words in each row group, in another order
    acts["kind"] = [f"{kind} {row // 1300}" for row, kind in enumerate(acts["kind"])]
    acts["sender"] = [f"p {one}" for one in acts["sender"]]
    acts["receiver"] = [f"p {one}" for one in acts["receiver"]]
    table = pa.Table.from_pandas(acts, preserve_index=False)
    for name in ("sender", "receiver", "kind"):
        table = table.set_column(table.column_names.index(name), name, table.column(name).cast(text))
    path = tmp_path / "acts.parquet"
    pq.write_table(table, path, row_group_size=1000)
    coded = in_codes(open_source(path), ["kind"])
    read = list(coded.batches(["kind", "weight"], rows=1500))
    assert [one.num_rows for one in read] == [1500, 1500, 1000]
    assert all(pa.types.is_dictionary(one.schema.field("kind").type) for one in read)
    # whoever does not ask gets text
    assert next(open_source(path).batches(["kind"])).schema.field("kind").type == text
    pq.write_table(table, tmp_path / "plain.parquet", row_group_size=1000, use_dictionary=False)
    plain = hs.read_log(tmp_path / "plain.parquet", bad_rows="leave out").dyads().frame
    for found in (hs.read_log(path, bad_rows="leave out"), hs.store_log(path, bad_rows="leave out")):
        assert found.kinds == tuple(sorted({f"{kind} {one}" for kind in KINDS for one in range(4)}))
    pd.testing.assert_frame_equal(hs.read_log(path, bad_rows="leave out").dyads().frame, plain)
    # what is wrong is found in its row
    kinds = table.column("kind").to_pylist()
    kinds[2500] = None
    pq.write_table(table.set_column(3, "kind", pa.array(kinds)), path, row_group_size=1000)
    with pytest.raises(InputError, match=r"acts.parquet, row 2500: kind is missing"):
        hs.read_log(path)


@pytest.mark.parametrize("groups", [4000, 900])
def test_empty_text_is_missing_however_a_file_keeps_it(tmp_path, groups) -> None:
    acts = some_acts(4000)
    rng = np.random.default_rng(4)
    acts["conversation"] = np.array(["", "a", "b", "c"])[rng.integers(0, 4, 4000)]
    acts["topic"] = np.array(["", "x"])[rng.integers(0, 2, 4000)]
    found = []
    for keeps in (False, True):
        path = tmp_path / f"acts-{keeps}.parquet"
        as_parquet(acts, path, row_group_size=groups, use_dictionary=keeps)
        found += [hs.read_log(path).dyads().frame, hs.read_log(acts).dyads().frame]
        found.append(hs.store_log(path, threads=1).dyads(tmp_path / f"table-{keeps}").to_frame())
    for one in found[1:]:
        pd.testing.assert_frame_equal(one, found[0], check_dtype=False, check_categorical=False)
    for name in ("kind", "sender"):
        words = acts.assign(sender=[f"p{one}" for one in acts["sender"]])
        words.loc[2500, name] = ""
        as_parquet(words, path, row_group_size=groups)
        with pytest.raises(InputError, match=rf"acts-True.parquet, row 2500: {name} is missing"):
            hs.read_log(path)
        assert len(hs.read_log(path, bad_rows="leave out")) == len(hs.read_log(words[words[name] != ""]))


def test_a_column_called_like_one_within_another(tmp_path) -> None:
    within = pa.array([{"sender": "x"}, {"sender": "y"}, {"sender": "x"}])
    table = pa.table({"a.sender": ["p", "q", "p"], "receiver": ["q", "p", "r"], "a": within})
    pq.write_table(table, tmp_path / "acts.parquet", row_group_size=2)
    assert len(hs.read_log(tmp_path / "acts.parquet", columns={"sender": "a.sender"})) == 3


def test_bytes_that_are_no_text_are_found_in_their_row_group(tmp_path) -> None:
    names = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(np.array([0, 1, 3], dtype=np.int32)), pa.py_buffer(b"a\xff\xfe")]
    )
    path = tmp_path / "acts.parquet"
    pq.write_table(pa.table({"sender": names, "receiver": ["x", "y"]}), path, row_group_size=1)
    with pytest.raises(InputError, match=r"damaged in row group 1 of 2, rows 1 to 1 .*UTF8"):
        read_acts(path)


def test_times_beyond_the_calendar_are_refused(tmp_path) -> None:
    moments = pa.array([0, 2**62, -(2**62), None], pa.timestamp("ms"))
    table = pa.table({"sender": ["a"] * 4, "receiver": ["b"] * 4, "time": moments})
    for kind in (None, pa.timestamp("us"), pa.timestamp("s", "UTC")):
        column = moments if kind is None else pa.array([0, 2**61, -(2**61), None], kind)
        acts = read_acts(table.set_column(2, "time", column), bad_rows="leave out")
        assert acts.left_out == {"time lies outside the years 1 to 9999": 2, "time is missing": 1}
        with pytest.raises(InputError, match="row 1: time lies outside the years 1 to 9999"):
            read_acts(table.set_column(2, "time", column))
    days = table.set_column(2, "time", pa.array([0, 2**31 - 1, -(2**31), None], pa.date32()))
    assert read_acts(days, bad_rows="leave out").left_out["time lies outside the years 1 to 9999"] == 2


WRONG = [
    ({}, "", "has no CSV or Parquet file"),
    (
        {"_temporary/0/a.csv": "sender,receiver\n1,2\n", "a.csv": "x"},
        "",
        "holds _temporary: it is still being",
    ),
    ({"a.csv": "sender,receiver\n1,2\n", "readme.md": "x"}, "", "holds 'readme.md', no CSV or Parquet file"),
    ({"study.toml": "x", "acts.csv": "sender,receiver\n1,2\n"}, "", "it is a study; open_study reads it"),
    ({"a.csv": "sender,receiver\n1,2\n"}, "/*.parquet", "has no CSV or Parquet file"),
    (
        {"kind=a/a.csv": "sender,receiver,kind\n1,2,b\n"},
        "",
        "kind is a column of the file, and its folder names",
    ),
    (
        {"kind=a/a.csv": "sender,receiver\n1,2\n", "b.csv": "sender,receiver\n1,2\n"},
        "",
        "kind=a/a.csv: has other columns than .*b.csv: it has 'kind' besides",
    ),
]


@pytest.mark.parametrize(("files", "pattern", "message"), WRONG)
def test_folders_that_are_no_logs(tmp_path, files, pattern, message) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        read_acts(f"{tmp_path}{pattern}")


def test_files_of_two_kinds_are_refused(tmp_path) -> None:
    as_csv(FRAME, tmp_path / "a.csv")
    as_parquet(FRAME, tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"has files of two kinds, .*: name one kind by a pattern"):
        read_acts(tmp_path)
    assert read_acts(f"{tmp_path}/*.csv").rows == 2


def test_a_file_whose_name_is_a_pattern_is_a_file(tmp_path, monkeypatch) -> None:
    as_csv(FRAME, tmp_path / "acts[1].csv")
    as_csv(FRAME, tmp_path / "acts1.csv")
    assert open_source(f"{tmp_path}/acts[1].csv").path.name == "acts[1].csv"
    monkeypatch.chdir(tmp_path)
    assert read_acts("acts?.csv").rows == 2
    assert read_acts("acts*").rows == 4
    assert hs.read_log("acts?.csv").name == "acts?.csv"

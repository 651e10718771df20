"""What a worker makes of people and of blocks: held against everybody's ties in memory, without Spark."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pyarrow as pa
import pytest

import honestsignals as hs
from honestsignals.engines import pair_parts
from honestsignals.engines.pair_parts import packed, unpacked, whole_pairs
from honestsignals.engines.passes import Rows, around
from honestsignals.engines.spark import ties_columns
from honestsignals.engines.spark_parts import OfPeople, of_people, shared_of_block
from honestsignals.engines.spark_ties import of_workers
from honestsignals.metrics.asymmetry import most_given
from honestsignals.metrics.columns import column
from honestsignals.metrics.embeddedness import known_shared, shared_contacts, shared_sums
from honestsignals.metrics.registry import entries
from honestsignals.metrics.shrinkage import beta_prior
from honestsignals.metrics.ties import Ties
from tests.test_stored import acts

OF_EGO = [
    name
    for name, entry in entries().items()
    if entry.sees == ("ties", "ego", "alter") and entry.fact.swap == "swap"
]


def everybody(kind: str = "", seed: int = 2) -> tuple[Ties, hs.InteractionLog]:
    """Ties of a log in which one person meets most others."""
    frame = acts(seed, number=900, people=60)
    frame.loc[:200, "sender"] = 1
    frame = frame[frame["sender"] != frame["receiver"]]
    log = hs.read_log(frame, time_unit="s")
    return log.engine.ties(kind), log


def ids_of(codes: np.ndarray, text: bool) -> pa.Array:
    return pa.array([f"p{code:04d}" for code in codes]) if text else pa.array(codes * 5)


# people


@pytest.mark.parametrize("kind", ["", "weight"])
@pytest.mark.parametrize("text", [False, True])
def test_columns_of_people_are_those_of_all_ties_to_the_bit(kind: str, text: bool) -> None:
    ties, log = everybody(kind)
    names = [f"{name}__{kind}" if kind else name for name in OF_EGO]
    columns = tuple(
        column(name) for name in names if not kind or column(name.split("__")[0]).entry.fact.by_weight
    )
    rng = np.random.default_rng(1)
    person = np.concatenate([ties.low, ties.high])
    other = np.concatenate([ties.high, ties.low])
    given = [np.tile(side, 2) for side in (ties.forth, ties.back)]
    # some whole people, in whatever order; among them both ends of many ties
    some = rng.random(ties.n_people) < 0.6
    there = rng.permutation(np.flatnonzero(some[person]))
    asked = OfPeople(columns, {kind: ties_columns(kind)}, {kind: most_given(ties.forth, ties.back)})
    table = pa.table(
        {
            "person": ids_of(person[there], text),
            "other": ids_of(other[there], text),
            "told": rng.random(len(there)) < 0.7,
            **dict(zip(ties_columns(kind), (side[there] for side in given), strict=True)),
        }
    )
    low, high, upper, found = of_people(table, asked)
    told = there[table.column("told").to_numpy()]
    assert low.equals(ids_of(np.minimum(person, other)[told], text))
    assert high.equals(ids_of(np.maximum(person, other)[told], text))
    assert (upper == (person > other)[told]).all()
    rows = Rows(person[told].astype(np.int32), other[told].astype(np.int32))
    for one, values in zip(columns, found, strict=True):
        wanted = around(one, rows, log.engine)
        assert values.dtype == wanted.dtype
        assert values.tobytes() == wanted.tobytes(), one.name


@pytest.mark.parametrize("name", OF_EGO)
def test_a_column_of_ego_rests_on_ego_alone(name: str) -> None:
    ties, _ = everybody()
    rng = np.random.default_rng(3)
    ego = rng.integers(0, ties.n_people, 50)
    one, other = ((ego + rng.integers(1, ties.n_people, 50)) % ties.n_people for _ in range(2))
    function = entries()[name].function
    assert function(ties, ego, one).tolist() == function(ties, ego, other).tolist()


def test_whoever_is_in_no_tie_has_nothing() -> None:
    table = pa.table(
        {
            "person": [4, 9],
            "other": [9, 4],
            "told": [True, True],
            "acts_ego": pa.nulls(2, pa.int64()),
            "acts_alter": pa.nulls(2, pa.int64()),
        }
    )
    columns = tuple(column(name) for name in OF_EGO)
    _, _, upper, found = of_people(table, OfPeople(columns, {"": ties_columns("")}, {}))
    assert upper.tolist() == [False, True]
    assert all((values == 0).all() for values in found)


# blocks


@pytest.mark.parametrize("asking", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 5])
def test_blocks_add_up_to_what_all_ties_share(asking: bool, groups: int) -> None:
    ties, _ = everybody()
    n, rng = ties.n_people, np.random.default_rng(groups)
    group = rng.integers(0, groups, n)
    if asking:
        some = rng.random(n * (n - 1) // 2) < 0.3
        low, high = (side[some] for side in np.triu_indices(n, 1))
    else:
        low, high = ties.low, ties.high
    number, weight = np.zeros((2, n, n), dtype=np.int64)
    blocks = list(combinations_with_replacement(range(groups), 3))
    for block in blocks:
        parts = [_dealt(ties.low, ties.high, group, block, ties, asks=False)]
        if asking:
            parts.append(_dealt(low, high, group, block, ties, asks=True))
        table = pa.concat_tables(parts)
        if not table.num_rows:
            continue
        table = table.take(pa.array(rng.permutation(table.num_rows)))
        one, other, many, rare = shared_of_block(table, asking=asking)
        assert (many > 0).all()
        at = one.to_numpy() // 5, other.to_numpy() // 5
        number[at] += many
        weight[at] += rare
    wanted = shared_sums(ties, low, high)
    assert number[low, high].tolist() == wanted[0].tolist()
    assert weight[low, high].tolist() == wanted[1].tolist()
    assert number.sum() == wanted[0].sum()


def _dealt(low, high, group, block, ties, *, asks: bool) -> pa.Table:
    """Pairs that have two of a block's three groups, as Spark deals them."""
    there, inner = [], []
    for row, (one, other) in enumerate(zip(group[low], group[high], strict=True)):
        for third in range(max(group) + 1):
            if tuple(sorted((one, other, third))) == block:
                there.append(row)
                inner.append(one == other and third != one)
    contacts = ties.contacts()
    degrees = [pa.nulls(len(there), pa.int64()) if asks else contacts[side[there]] for side in (low, high)]
    return pa.table(
        {
            "low": pa.array(low[there] * 5, pa.int64()),
            "high": pa.array(high[there] * 5, pa.int64()),
            "contacts_low": pa.array(degrees[0], pa.int64()),
            "contacts_high": pa.array(degrees[1], pa.int64()),
            "asks": pa.array([asks] * len(there), pa.bool_()),
            "inner": pa.array(inner, pa.bool_()),
        }
    )


def test_ties_may_be_told_what_their_rows_share() -> None:
    ties, _ = everybody()
    nobody = np.empty(0, dtype=np.int64)
    other = Ties(ties.n_people, nobody, nobody, nobody, nobody, 0)
    known_shared(other, ties.low, ties.high, shared_sums(ties, ties.low, ties.high))
    wanted = shared_contacts(ties, ties.low, ties.high)
    assert shared_contacts(other, ties.low, ties.high).tolist() == wanted.tolist()


# numbers of all rows, and what goes to and fro


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("most", [9, 5_000, 2**21])
def test_a_prior_rests_on_how_often_counts_are_there(directed: bool, most: int) -> None:
    rng = np.random.default_rng(most)
    ego, alter = (np.minimum(rng.geometric(0.3, 800) - 1, 4) for _ in range(2))
    ego[5] = most
    rows, often = np.unique(np.stack([ego, alter]), axis=1, return_counts=True)
    assert beta_prior(*rows, directed, often) == beta_prior(ego, alter, directed)
    assert beta_prior(*rows[::-1], directed, often) == beta_prior(alter, ego, directed)


def test_values_go_as_bytes_and_come_back() -> None:
    upper = np.array([True, False])
    values = np.array([3, -1]), np.array([np.nan, 1e-300])
    back, found = unpacked(pa.chunked_array([packed(upper, values)]), (("n", "int64"), ("x", "float64")))
    assert back.tolist() == [True, False]
    assert found["n"].tolist() == [3, -1]
    assert found["x"].tobytes() == values[1].tobytes()


def test_every_column_of_ties_is_known_to_workers_or_to_the_driver() -> None:
    theirs = {name for name, entry in entries().items() if not entry.fact.kinds and of_workers(column(name))}
    of_ties = {name for name, entry in entries().items() if "ties" in entry.sees}
    of_rows = {name for name, entry in entries().items() if entry.fact.whole}
    assert of_ties <= theirs
    # what rests on sums over slopes of depth is still worked out on the driver
    assert of_rows - theirs == {"matching_noise", "matching_error_ego", "depth_matching_ego"}


# batches that never split a pair


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("least", [1, 5, 1_000])
def test_no_pair_is_split(size: int, least: int) -> None:
    rng = np.random.default_rng(size)
    low = np.repeat(np.arange(30), rng.integers(1, 9, 30))
    whole = pa.RecordBatch.from_pydict({"low": low // 3, "high": low + 40, "x": np.arange(len(low))})
    batches = [whole.slice(start, size) for start in range(0, len(low), size)]
    found = list(whole_pairs(batches, least))
    assert pa.concat_tables(found).column("x").to_pylist() == list(range(len(low)))
    ends = [(one.column("low")[0].as_py(), one.column("high")[0].as_py()) for one in found]
    lasts = [(one.column("low")[-1].as_py(), one.column("high")[-1].as_py()) for one in found]
    assert all(end != last for end, last in zip(ends[1:], lasts[:-1], strict=True))


def test_a_pair_larger_than_a_part() -> None:
    rows = {"low": [1] * 500 + [2] * 700, "high": [2] * 500 + [3] * 700}
    batches = pa.Table.from_pydict(rows).to_batches(10)
    assert [one.num_rows for one in whole_pairs(batches, 20)] == [500, 700]
    assert pair_parts.PART_ROWS >= 100_000

"""Correlations within rows: loops over every two others, what must not change, and the permutation test."""

from __future__ import annotations

import itertools
import math

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from honestsignals.errors import ArgumentError, DesignError
from honestsignals.inference import rowwise_test
from honestsignals.inference.rowwise_test import dealt, permuted
from honestsignals.matrix_tests import row_reciprocity
from honestsignals.metrics import ranks
from honestsignals.metrics.levels import measure, planned
from honestsignals.metrics.ranks import levels, sign_products
from honestsignals.metrics.registry import entries
from honestsignals.metrics.rowwise import KINDS, partial_correlation, row_sums
from honestsignals.metrics.ties import MOST_DENSE, Ties, ties_of_matrix

ROWWISE = [name for name, entry in entries("network").items() if entry.fact.family == "rowwise"]
ROWS = ["zr_row", "rr_row", "kr_row"]
Square = list[list[float]]


# twins: the formulas in loops


def sign(value: float) -> int:
    return (value > 0) - (value < 0)


def mid_ranks(row: dict[int, float]) -> dict[int, float]:
    """1 + how many are below + half of the others that are equal."""
    return {
        j: 1
        + sum(one < row[j] for one in row.values())
        + (sum(one == row[j] for one in row.values()) - 1) / 2
        for j in row
    }


def twin(kind: str, given: Square, other: Square) -> dict[str, object]:
    n = len(given)
    products, own, square = [0.0] * n, [0.0] * n, [0.0] * n
    for i in range(n):
        x = {j: given[i][j] for j in range(n) if j != i}
        y = {j: other[i][j] for j in range(n) if j != i}
        if kind == "rr":
            x, y = mid_ranks(x), mid_ranks(y)
        for j in x:
            for k in x:
                if j < k:
                    a, b = x[j] - x[k], y[j] - y[k]
                    if kind == "kr":
                        a, b = sign(a), sign(b)
                    products[i] += a * b
                    own[i] += a * a
                    square[i] += b * b
    weights = [math.sqrt(own[i] * square[i]) for i in range(n)]
    rows = [products[i] / weights[i] if weights[i] else math.nan for i in range(n)]
    scale = math.sqrt(sum(own) * sum(square))
    return {
        "total": sum(products) if n >= 3 else math.nan,
        "rw": sum(products) / scale if scale else math.nan,
        "mean": sum(products) / sum(weights) if sum(weights) else math.nan,
        "rows": rows,
    }


def twin_partial(kind: str, x: Square, y: Square, z: Square) -> float:
    xy, xz, yz = (twin(kind, *pair)["rw"] for pair in ((x, y), (x, z), (y, z)))
    left = (1 - xz**2) * (1 - yz**2)
    return (xy - xz * yz) / math.sqrt(left) if left > 1e-12 else math.nan


def relabelled(matrix: Square, order: tuple[int, ...]) -> Square:
    return [[matrix[i][j] for j in order] for i in order]


def transposed(matrix: Square) -> Square:
    return [list(column) for column in zip(*matrix, strict=True)]


# matrices


def matrices() -> list[np.ndarray]:
    """Small ones with ties, rows that are all alike, people without acts, amounts, and nothing at all."""
    rng = np.random.default_rng(5)
    out = [np.zeros((n, n)) for n in (0, 1, 2, 3, 5)]
    for n in (2, 3, 4, 5, 6, 7, 9):
        for values in (2, 3, 6):
            counts = rng.integers(0, values, (n, n)).astype(float)
            some = counts.copy()
            some[0] = 1.0  # gave everybody the same
            some[:, -1] = 0.0  # nobody gave the last
            isolated = counts.copy()
            isolated[1], isolated[:, 1] = 0.0, 0.0
            out += [counts, some, isolated, counts * 0.1, rng.gamma(0.5, 3.0, (n, n)) * (counts > 0)]
    out.append(np.tile(np.array([0.1, 0.2, 0.3, 0.4]), (4, 1)))  # everybody gives as everybody: columns alike
    for matrix in out:
        np.fill_diagonal(matrix, 0.0)
    return out


CORPUS = matrices()


def measured(matrix: np.ndarray) -> dict[str, object]:
    ties = ties_of_matrix(matrix)
    out = measure(planned("network", ROWWISE), {"ties": ties}).values
    return out | measure(planned("person", ROWS), {"ties": ties}).values


def same(one: dict[str, object], other: dict[str, object], names: list[str], rtol: float = 1e-10) -> None:
    for name in names:
        np.testing.assert_allclose(one[name], other[name], rtol=rtol, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_loops_find_the_same(kind) -> None:
    for matrix in CORPUS:
        expected = twin(kind, matrix.tolist(), matrix.T.tolist())
        found = measured(matrix)
        ends = {"total": "", "rw": "_rw", "mean": "_rw_mean", "rows": "_row"}
        for part, end in ends.items():
            np.testing.assert_allclose(
                found[f"{kind}{end}"], expected[part], rtol=1e-10, atol=1e-12, err_msg=f"{part}\n{matrix}"
            )


@pytest.mark.parametrize("kind", KINDS)
def test_loops_find_the_same_of_two_matrices_that_are_no_transposes(kind) -> None:
    rng = np.random.default_rng(6)
    for n in (3, 5, 8):
        one, two = rng.integers(-3, 4, (2, n, n)).astype(float)
        expected = twin(kind, one.tolist(), two.tolist())
        found = row_sums(kind, one, two)
        assert found.total == expected["total"]
        assert found.rw == pytest.approx(expected["rw"], rel=1e-12)
        assert found.mean == pytest.approx(expected["mean"], rel=1e-12)


def test_pairs_in_opposite_order_are_counted_in_any_number_of_pieces(monkeypatch) -> None:
    rng = np.random.default_rng(7)
    for cells in (1, 2, 3, 4, 5, 8, 9, 31):
        one, two = levels(rng.integers(0, 6, (20, cells))), levels(rng.integers(0, 6, (20, cells)))
        expected = [
            sum(sign(a[j] - a[k]) * sign(b[j] - b[k]) for j in range(cells) for k in range(j + 1, cells))
            for a, b in zip(one.tolist(), two.tolist(), strict=True)
        ]
        assert sign_products(one, two).tolist() == expected
        monkeypatch.setattr(ranks, "CELLS", 3 * cells)
        assert sign_products(one, two).tolist() == expected
        monkeypatch.undo()


# what must not change, and what does


def shuffled(matrix: np.ndarray, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    order = np.random.default_rng(seed).permutation(len(matrix))
    return matrix[np.ix_(order, order)], order


def test_renaming_people_changes_nothing() -> None:
    for matrix in CORPUS:
        again, order = shuffled(matrix)
        found, before = measured(again), measured(matrix)
        same(found, before, ROWWISE)
        for name in ROWS:
            np.testing.assert_allclose(found[name], before[name][order], rtol=1e-10, atol=1e-12)


def test_who_gives_and_who_gets_are_alike() -> None:
    """Row i of the one stands beside row i of the other, and it does not matter which is which."""
    for matrix in CORPUS:
        same(measured(matrix.T), measured(matrix), [*ROWWISE, *ROWS])


def test_doubling_keeps_correlations_and_amounts_are_as_counts() -> None:
    correlations = [name for name in [*ROWWISE, *ROWS] if name not in ("zr",)]
    for matrix in CORPUS:
        same(measured(2 * matrix), measured(matrix), correlations)
        same(measured(0.1 * matrix), measured(matrix), ["rr", "kr"])
        assert measured(2 * matrix)["zr"] == pytest.approx(4 * measured(matrix)["zr"], nan_ok=True)


def test_people_without_acts_change_all_of_it() -> None:
    matrix = CORPUS[30]
    larger = np.zeros((len(matrix) + 2, len(matrix) + 2))
    larger[:-2, :-2] = matrix
    before, after = measured(matrix), measured(larger)
    for name in ROWWISE:
        assert entries("network")[name].fact.isolates
        assert after[name] != pytest.approx(before[name]), name
    assert np.isnan(after["kr_row"][-2:]).all()


def test_ends_are_reached() -> None:
    balanced = np.array([[0, 1, 2, 3], [1, 0, 5, 6], [2, 5, 0, 7], [3, 6, 7, 0]])
    for name in (*ROWWISE, *ROWS):
        if name not in KINDS:
            assert np.all(measured(balanced)[name] == 1), name
    against = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    for name in (*ROWWISE, *ROWS):
        if name not in KINDS:
            assert np.all(measured(against)[name] == -1), name


def test_what_is_undefined_is_not_0() -> None:
    few = measured(np.array([[0, 1], [2, 0]]))
    assert all(np.isnan(few[name]).all() for name in [*ROWWISE, *ROWS])
    flat = measured(np.full((5, 5), 0.1))
    assert [flat[kind] for kind in KINDS] == [0, 0, 0]
    assert all(np.isnan(flat[name]).all() for name in [*ROWWISE, *ROWS] if name not in KINDS)


def test_pairs_that_are_not_known_are_refused() -> None:
    matrix = np.array([[0, 1, 2], [1, 0, np.nan], [2, 2, 0]])
    found = measure(planned("network", ["kr"]), {"ties": ties_of_matrix(matrix)})
    assert math.isnan(found.values["kr"])
    assert "not known" in found.refused["kr"]
    empty = np.zeros(0, dtype=np.int64)
    n = MOST_DENSE + 1
    many = Ties(n, empty, empty, empty, empty, n * (n - 1) // 2)
    assert "whole matrix" in measure(planned("person", ["kr_row"]), {"ties": many}).refused["kr_row"]


# the permutation test


@pytest.mark.parametrize("statistic", [*KINDS, "mantel"])
def test_all_orders_in_loops(statistic) -> None:
    rng = np.random.default_rng(8)
    for values in (2, 4):
        one, two = rng.integers(0, values, (2, 5, 5)).astype(float).tolist()

        def score(matrix: Square, other: Square = two) -> float:
            if statistic != "mantel":
                return twin(statistic, matrix, other)["total"]
            return sum(matrix[i][j] * other[i][j] for i in range(5) for j in range(5) if i != j)

        totals = [score(relabelled(one, order)) for order in itertools.permutations(range(5))]
        test = permuted(statistic, np.array(one), np.array(two))
        assert test.exact
        assert test.total == score(one)
        assert test.p_greater == sum(total >= score(one) - 1e-9 for total in totals) / 120
        assert test.p_less == sum(total <= score(one) + 1e-9 for total in totals) / 120
        assert test.p_two_sided == min(1, 2 * min(test.p_greater, test.p_less))


@pytest.mark.parametrize("statistic", KINDS)
def test_partial_in_loops(statistic) -> None:
    rng = np.random.default_rng(9)
    one = rng.integers(0, 5, (5, 5)).astype(float)
    third = (one + rng.integers(0, 5, (5, 5))).tolist()
    x, y = one.tolist(), transposed(one.tolist())
    observed = twin_partial(statistic, x, y, third)
    drawn = [
        twin_partial(statistic, relabelled(x, order), y, third) for order in itertools.permutations(range(5))
    ]
    test = permuted(statistic, one, one.T, np.array(third))
    assert test.correlation == pytest.approx(observed, rel=1e-12)
    np.testing.assert_allclose(sorted(test.drawn), sorted(drawn), rtol=1e-9, atol=1e-12)
    assert test.p_greater == sum(value >= observed - 1e-9 for value in drawn) / 120


def test_what_rounding_leaves_is_no_partial_correlation() -> None:
    assert math.isnan(partial_correlation(0.3, math.nextafter(1.0, 0.0), 0.3))
    assert math.isnan(partial_correlation(0.3, 0.3, -math.nextafter(1.0, 0.0)))
    assert partial_correlation(0.3, 0.0, 0.0) == 0.3


def test_orders_that_leave_nothing_count_nowhere() -> None:
    """The third matrix is the first with two people exchanged: that order is the third itself."""
    rng = np.random.default_rng(10)
    one = rng.integers(0, 5, (5, 5)).astype(float)
    order = [1, 0, 2, 3, 4]
    test = permuted("zr", one, one.T, one[np.ix_(order, order)])
    assert test.undefined == 1
    defined = test.drawn[~np.isnan(test.drawn)]
    assert test.p_greater == (defined >= test.correlation - 1e-9).sum() / 119


@pytest.mark.parametrize("statistic", [*KINDS, "mantel"])
def test_random_orders_agree_with_all(statistic, monkeypatch) -> None:
    rng = np.random.default_rng(11)
    one = rng.integers(0, 4, (6, 6)).astype(float)
    exact = permuted(statistic, one, one.T)
    monkeypatch.setattr(rowwise_test, "MOST_EXACT", 2)
    some = permuted(statistic, one, one.T, draws=3000, seed=1)
    assert not some.exact
    assert len(some.drawn) == 3000
    for side in ("p_greater", "p_less"):
        p = getattr(exact, side)
        assert abs(getattr(some, side) - p) <= 4 * math.sqrt(p * (1 - p) / 3000) + 1 / 3000


@pytest.mark.parametrize("statistic", [*KINDS, "mantel"])
def test_a_seed_gives_the_same_draws_in_any_batches(statistic, monkeypatch) -> None:
    one = np.random.default_rng(12).integers(0, 4, (10, 10)).astype(float)
    whole = permuted(statistic, one, one.T, draws=50, seed=3)
    other = permuted(statistic, one, one.T, draws=50, seed=4)
    assert (whole.drawn != other.drawn).any()
    monkeypatch.setattr(rowwise_test, "CELLS", 700)
    np.testing.assert_allclose(
        permuted(statistic, one, one.T, draws=50, seed=3).drawn, whole.drawn, atol=1e-12
    )


def test_the_first_orders_of_a_seed_are_these() -> None:
    """They must not change with the machine or with a release."""
    orders = np.concatenate(list(rowwise_test._orders(5, 3, 1)))
    assert orders.tolist() == [[2, 4, 0, 3, 1], [4, 2, 0, 3, 1], [4, 2, 1, 0, 3]]


def test_p_is_never_0_and_ties_survive_rounding() -> None:
    """In amounts the same cells in another order may sum to a bit less."""
    rng = np.random.default_rng(13)
    one = rng.random((12, 12)) * 0.1
    both = one + one.T
    assert permuted("zr", both, both, draws=99, seed=1).p_greater == 0.01
    alike = np.zeros((9, 9))
    alike[:3, :3] = 0.1
    alike[3:6, 3:6] = 0.1
    alike[6:, 6:] = 0.1
    tied = permuted("zr", alike, alike, draws=3000, seed=1)
    counts = permuted("zr", alike * 10, alike * 10, draws=3000, seed=1)
    assert (tied.p_greater, tied.p_less) == (counts.p_greater, counts.p_less)


def test_all_deals_of_rows_in_loops() -> None:
    """Three people: each has two ways to give the same to the two others, and p is a share of the eight."""
    one = np.array([[0, 1, 2], [2, 0, 0], [5, 1, 0]], dtype=float)
    rows = [[(0, x, y), (0, y, x)] for x, y in ((1, 2), (2, 0), (5, 1))]
    every = []
    for first, second, third in itertools.product(*rows):
        matrix = [list(first), [second[1], 0, second[2]], [third[1], third[2], 0]]
        every.append(twin("zr", matrix, transposed(matrix))["rw"])
    observed = twin("zr", one.tolist(), one.T.tolist())["rw"]
    test = dealt("zr", one, draws=2000, seed=1)
    assert test.correlation == pytest.approx(observed)
    assert {round(value, 9) for value in test.drawn} == {round(value, 9) for value in every}
    p = sum(value >= observed - 1e-9 for value in every) / 8
    assert abs(test.p_greater - p) <= 4 * math.sqrt(p * (1 - p) / 2000) + 1 / 2000
    assert (dealt("zr", one, draws=50, seed=1).drawn == test.drawn[:50]).all()


def test_dealt_rows_with_a_third_matrix() -> None:
    rng = np.random.default_rng(15)
    one, third = rng.integers(0, 5, (2, 6, 6)).astype(float)
    test = dealt("kr", one, third, draws=20, seed=1)
    expected = twin_partial("kr", one.tolist(), one.T.tolist(), third.tolist())
    assert test.correlation == pytest.approx(expected, rel=1e-12)
    assert (test.drawn != dealt("kr", one, draws=20, seed=1).drawn).any()


def test_chance_moves_the_statistic_more_than_relabelling_does() -> None:
    """What is said of the published test: √2 times as much where cells are independent, so .12 at .05."""
    rng = np.random.default_rng(14)
    found, drawn, people, rows = [], [], 0, 0
    for study in range(300):
        one = rng.normal(size=(16, 16))
        test = permuted("zr", one, one.T, draws=99, seed=study)
        found.append(test.correlation)
        drawn.append(test.drawn.var())
        people += test.p_greater <= 0.05
        rows += dealt("zr", one, draws=99, seed=study).p_greater <= 0.05
    assert np.std(found) / math.sqrt(np.mean(drawn)) == pytest.approx(math.sqrt(2), rel=0.15)
    assert 0.08 < people / 300 < 0.18
    assert abs(rows / 300 - 0.05) <= 3.5 * math.sqrt(0.05 * 0.95 / 300)


@pytest.mark.slow
def test_dealt_rows_keep_the_size_however_much_each_gives() -> None:
    rng = np.random.default_rng(16)
    rejected = 0
    for study in range(300):
        one = rng.poisson(rng.gamma(1.0, 2.0, (10, 1)), (10, 10)).astype(float)
        rejected += dealt("zr", one, draws=99, seed=study).p_greater <= 0.05
    assert abs(rejected / 300 - 0.05) <= 3.5 * math.sqrt(0.05 * 0.95 / 300)


def test_what_cannot_be_tested_is_refused() -> None:
    some = np.array([[0.0, 1, 2], [2, 0, 1], [0, 1, 0]])
    with pytest.raises(ArgumentError, match="statistic is 'tau'"):
        permuted("tau", some, some.T)
    for draws in (0, -1, 2.5, True):
        with pytest.raises(ArgumentError, match="whole number from 1 on"):
            permuted("kr", some, some.T, draws=draws)
    with pytest.raises(ArgumentError, match="takes no third matrix"):
        permuted("mantel", some, some.T, some)
    with pytest.raises(DesignError, match="2 people"):
        permuted("kr", some[:2, :2], some[:2, :2])
    with pytest.raises(DesignError, match="does not vary anywhere"):
        permuted("mantel", np.full((4, 4), 0.1), np.ones((4, 4)))
    for draws in (0, 1.0):
        with pytest.raises(ArgumentError, match="whole number from 1 on"):
            dealt("kr", some, draws=draws)
    with pytest.raises(ArgumentError, match="statistic is 'mantel'"):
        dealt("mantel", some)
    with pytest.raises(DesignError, match="does not vary within any row"):
        dealt("kr", np.ones((4, 4)))
    with pytest.raises(DesignError, match="2 people"):
        dealt("kr", some[:2, :2])
    with pytest.raises(ArgumentError, match="null is 'cells'"):
        row_reciprocity(some, null="cells")
    with pytest.raises(DesignError, match="leaves nothing"):
        permuted("zr", some, some.T, some.T)


# for users


HELP = np.array([[0, 3, 1, 0], [3, 0, 0, 1], [1, 0, 0, 2], [0, 4, 2, 0]])
NAMES = ["ann", "bea", "cem", "dan"]


def test_a_frame_a_graph_and_an_array_are_tested_alike() -> None:
    frame = pd.DataFrame(HELP, index=NAMES, columns=NAMES)
    graph = nx.DiGraph()
    graph.add_nodes_from(NAMES)
    graph.add_edges_from(
        (giver, taker, {"acts": int(HELP[i, j])})
        for i, giver in enumerate(NAMES)
        for j, taker in enumerate(NAMES)
        if HELP[i, j]
    )
    tests = [row_reciprocity(source, statistic="zr") for source in (HELP, frame, graph)]
    expected = twin("zr", HELP.tolist(), HELP.T.tolist())
    for test in tests:
        assert (test.value, test.rw, test.draws, test.exact) == (expected["total"], expected["rw"], 24, True)
        assert test.p_greater == tests[0].p_greater
        assert test.partial is None


def test_the_third_matrix_follows_the_names_of_people() -> None:
    frame = pd.DataFrame(HELP, index=NAMES, columns=NAMES)
    third = pd.DataFrame(np.arange(16.0).reshape(4, 4) ** 2 - 20, index=NAMES, columns=NAMES)
    order = ["dan", "ann", "cem", "bea"]
    straight = row_reciprocity(frame, given=third)
    turned = row_reciprocity(frame, given=third.loc[order, order])
    assert straight.partial == turned.partial == row_reciprocity(HELP, given=third.to_numpy()).partial
    assert straight.partial == pytest.approx(
        twin_partial("kr", HELP.tolist(), HELP.T.tolist(), third.to_numpy().tolist())
    )
    assert straight.rw != straight.partial


def test_a_third_matrix_of_other_people_is_refused() -> None:
    frame = pd.DataFrame(HELP, index=NAMES, columns=NAMES)
    with pytest.raises(ArgumentError, match=r"shape \(3, 3\)"):
        row_reciprocity(HELP, given=np.zeros((3, 3)))
    with pytest.raises(ArgumentError, match="not about the same people: 0, 1, 2 and 5 more"):
        row_reciprocity(frame, given=pd.DataFrame(HELP))
    with pytest.raises(ArgumentError, match="not the same people in the same order"):
        row_reciprocity(frame, given=pd.DataFrame(HELP, index=NAMES, columns=NAMES[::-1]))
    with pytest.raises(ArgumentError, match="missing or infinite"):
        row_reciprocity(frame, given=frame.where(frame != 4))
    with pytest.raises(ArgumentError, match="statistic is 'mantel'"):
        row_reciprocity(frame, statistic="mantel")
    with pytest.raises(DesignError, match="not known"):
        row_reciprocity(frame.where(frame != 4))


def test_facts_come_before_the_numbers() -> None:
    test = row_reciprocity(np.pad(HELP, (0, 6)), draws=99, seed=1)
    text = str(test)
    assert test.facts()[0] == "Matrix: row gave column."
    assert "6 people gave all others the same, or got the same, and add nothing." in text
    assert "p: 99 relabellings of the people at random (seed 1), and the data as they are." in text
    assert text.index("99 relabellings") < text.index("p_two_sided")
    assert test.tidy().columns.tolist() == [
        *("statistic", "value", "rw", "p_greater", "p_less", "p_two_sided")
    ]
    assert "partial" in row_reciprocity(HELP, given=HELP**2 + np.eye(4)[::-1]).tidy()
    assert "p: all 24 ways" in str(row_reciprocity(HELP))
    assert 'null="rows" is nearer' in text
    rows = row_reciprocity(HELP, null="rows", draws=50, seed=1)
    assert "dealt to others at random 50 times (seed 1)" in str(rows)
    assert 'null="rows"' not in str(rows)
    assert (rows.value, rows.rw) == (row_reciprocity(HELP).value, row_reciprocity(HELP).rw)
    assert (rows.draws, rows.exact) == (50, False)


@pytest.mark.parametrize("filled", [0.0, 0.1, 0.6, 1.0])
def test_sign_products_of_sparse_rows_are_those_of_all_pairs(filled, monkeypatch) -> None:
    rng = np.random.default_rng(3)
    for cells, some in ((1, 1), (7, 20), (12, 40)):
        monkeypatch.setattr(ranks, "CELLS", int(rng.choice([1, 30, 2_000])))
        values = [
            np.where(rng.random((some, cells)) < filled, rng.integers(0, 5, (some, cells)), 0) for _ in "xy"
        ]
        one, two = map(ranks.levels, values)
        signs = [np.sign(part[:, :, None] - part[:, None, :]) for part in values]
        np.testing.assert_array_equal(
            ranks.sign_products(one, two), np.triu(signs[0] * signs[1]).sum(axis=(1, 2))
        )

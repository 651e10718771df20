"""Indices of whole networks: what their formulas say, what they owe, and what changes them."""

from __future__ import annotations

import functools
import inspect
import math
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from pybtex.database import parse_file

from honestsignals.metrics import asymmetry, configuration, reciprocity, triads
from honestsignals.metrics.balance import imbalance
from honestsignals.metrics.levels import Measured, measure, planned
from honestsignals.metrics.registry import entries
from honestsignals.metrics.ties import Ties, ties_of_matrix
from tests.twins_network import (
    Matrix,
    network_twin,
    returned_amounts_twin,
    returned_ties_twin,
    triad_twin,
)

FAMILIES = ("census", "reciprocity", "expectation", "symmetry", "skew")
ENTRIES = {name: one for name, one in entries("network").items() if one.fact.family in FAMILIES}
PICTURES = {name: one.fact.formula for name, one in ENTRIES.items() if name.startswith("triads_")}
WHOLE = {"katz_powell", "choosers", *PICTURES, *(name for name in ENTRIES if name.endswith(("_wcm", "_dcm")))}
"""What needs every pair of people."""
Array = np.ndarray[Any, np.dtype[Any]]


def drawn(seed: int) -> Array:
    """Counts of a few people: people who give nothing, isolates, null and one-sided pairs, single acts."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 8))
    matrix = rng.poisson(rng.choice([0.3, 0.8, 3.0]), (n, n))
    matrix[rng.random((n, n)) < rng.choice([0.0, 0.5])] = 0
    matrix[rng.random(n) < 0.2] = 0
    matrix[:, rng.random(n) < 0.1] = 0
    if seed % 5 == 0:
        gone = rng.integers(0, n)
        matrix[gone], matrix[:, gone] = 0, 0
    np.fill_diagonal(matrix, 0)
    return matrix.astype(float)


def star(n: int, back: float) -> Array:
    """One who gives each of many one act, and gets some back."""
    matrix = np.zeros((n, n))
    matrix[0, 1:], matrix[1:, 0] = 1, back
    return matrix


def special() -> dict[str, Array]:
    """Ends of ranges, and networks on which something is 0/0."""
    circle = np.roll(np.eye(5), 1, axis=1)
    return {
        "nobody": np.zeros((0, 0)),
        "one": np.zeros((1, 1)),
        "empty": np.zeros((4, 4)),
        "two": np.array([[0, 3.0], [1, 0]]),
        "one pair one-way": np.array([[0, 2.0], [0, 0]]),
        "complete": 1 - np.eye(4),
        "complete, twos": 2 - 2 * np.eye(4),
        "tournament": circle + circle @ circle,
        "circle": circle,
        "mutual pairs": np.kron(np.eye(2), 1 - np.eye(2)),
        "star": star(30, 0),
        "star with returns": star(5, 1),
        "halves": np.array([[0, 0.5, 0], [0.25, 0, 1.5], [0, 2, 0]]),
    }


NETWORKS = {f"drawn {seed}": drawn(seed) for seed in range(30)} | special()
COUNTS = {name: matrix for name, matrix in NETWORKS.items() if name != "halves"}


def found(ties: Ties) -> Measured:
    return measure(planned("network", ENTRIES), {"ties": ties})


@functools.cache
def values(name: str) -> dict[str, Any]:
    return found(ties_of_matrix(NETWORKS[name])).values


def as_lists(matrix: Array) -> Matrix:
    out = [[None if math.isnan(cell) else cell for cell in row] for row in matrix.tolist()]
    for place, row in enumerate(out):
        row[place] = None
    return out


def assert_equal(ours: dict[str, Any], theirs: dict[str, Any], names: Any, tolerance: float = 1e-10) -> None:
    for name in names:
        assert ours[name] == pytest.approx(theirs[name], rel=tolerance, abs=1e-13, nan_ok=True), name


# what their formulas say


@pytest.mark.parametrize("name", NETWORKS)
def test_every_index_is_what_its_formula_says(name: str) -> None:
    theirs = network_twin(as_lists(NETWORKS[name])) if len(NETWORKS[name]) else None
    if theirs is None:
        assert sum(value == value and value != 0 for value in values(name).values()) == 0
        return
    # the null of whole numbers has no value for others
    assert_equal(values(name), theirs, {one for one in theirs if name in COUNTS or "_wrg" not in one})


def test_twins_have_every_index() -> None:
    others = {"choosers", *PICTURES, *(name for name in ENTRIES if name.endswith(("_wcm", "_dcm")))}
    assert set(network_twin(as_lists(NETWORKS["two"]))) == set(ENTRIES) - others


@pytest.mark.parametrize("seed", range(12))
def test_pairs_that_are_not_known_are_not_counted(seed: int) -> None:
    matrix = drawn(seed)
    matrix[np.random.default_rng(seed).random(matrix.shape) < 0.2] = np.nan
    ties = ties_of_matrix(matrix)
    assert ties.unknown
    ours, theirs = found(ties), network_twin(as_lists(matrix))
    assert set(ours.refused) >= WHOLE
    assert {ours.refused[name] for name in WHOLE} == {
        "It needs every pair of people, and some could not be or are not known."
    }
    assert_equal(ours.values, theirs, set(theirs) - WHOLE - {"squared_choices"})


@pytest.mark.parametrize("name", [name for name, matrix in NETWORKS.items() if 2 < len(matrix) < 10])
def test_triads_are_those_that_their_pictures_show(name: str) -> None:
    ours, theirs = values(name), triad_twin(as_lists(NETWORKS[name]), PICTURES)
    assert {one: ours[one] for one in theirs} == theirs
    graph = nx.from_numpy_array(NETWORKS[name], create_using=nx.DiGraph)
    assert {f"triads_{kind.lower()}": number for kind, number in nx.triadic_census(graph).items()} == theirs


@pytest.mark.parametrize("at_once", [1, 7, 10**6])
def test_triads_of_more_people_are_networkx_s(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triads, "AT_ONCE", at_once)
    graph = nx.gnp_random_graph(40, 0.2, seed=3, directed=True)
    graph.add_edges_from((0, other) for other in range(1, 40))
    census = triads.triads(ties_of_matrix(nx.to_numpy_array(graph, dtype=np.int64)))
    assert census == nx.triadic_census(graph)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_expected_where_degrees_are_kept(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # nobody names everybody, so that no tie is certain: substitution does not settle then
    matrix = (rng.random((9, 9)) < 0.4) * 1.0
    matrix[:, 0], matrix[1] = 0, 0
    np.fill_diagonal(matrix, 0)
    ours = found(ties_of_matrix(matrix)).values["reciprocity_expected_dcm"]
    assert ours == pytest.approx(returned_ties_twin(as_lists(matrix)), rel=1e-9)


def test_what_is_expected_where_ties_are_certain() -> None:
    # 0 names all and 3 is named by all; nobody names 0 and 3 names nobody; 1 and 2 name one another
    matrix = np.array([[0, 1, 1, 1], [0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 0.0]])
    assert found(ties_of_matrix(matrix)).values["reciprocity_expected_dcm"] == pytest.approx(2 / 7, rel=1e-15)
    # three who name everybody, and three who name nobody
    free = np.kron(np.diag([1.0, 0]), np.ones((3, 3))) - np.diag([1.0, 1, 1, 0, 0, 0])
    free[:3, 3:] = 1
    assert found(ties_of_matrix(free)).values["reciprocity_expected_dcm"] == pytest.approx(6 / 15, rel=1e-9)


# in the eighth everything goes through one person
@pytest.mark.parametrize("seed", [seed for seed in range(14) if seed != 8])
def test_what_is_expected_where_strengths_are_kept(seed: int) -> None:
    theirs = returned_amounts_twin(as_lists(drawn(seed)))
    ours = values(f"drawn {seed}")["reciprocity_weighted_expected_wcm"]
    assert ours == pytest.approx(theirs, rel=1e-7)


@pytest.mark.parametrize("name", COUNTS)
def test_groups_of_the_same_totals_stand_for_everybody(name: str) -> None:
    ties = ties_of_matrix(COUNTS[name])
    if not len(ties):
        return
    group = configuration.margins(ties)
    assert group.total == ties.total()
    assert group.people.sum() == ties.n_people
    assert group.pairs.sum() == ties.n_people * (ties.n_people - 1)
    for one in ("reciprocity_expected_dcm", "reciprocity_weighted_expected_wcm"):
        assert 0 <= values(name)[one] <= 1


def test_where_all_goes_through_one_person_amounts_are_certain() -> None:
    # 3 to and 2 from a leaf, on average: the smaller of two geometric numbers of means 3 and 2
    matrix = np.zeros((3, 3))
    matrix[0, 1:], matrix[1:, 0] = 3, 2
    both = (3 / 4) * (2 / 3)
    expected = 2 * 2 * both / (1 - both) / 10
    ours = found(ties_of_matrix(matrix)).values["reciprocity_weighted_expected_wcm"]
    assert ours == pytest.approx(expected, rel=1e-12)
    # ten more in a corner, and it is solved for; the more that goes through the one, the nearer it comes
    matrix = np.kron(np.eye(1), matrix)
    larger = np.zeros((5, 5))
    larger[:3, :3] = 1000 * matrix
    larger[3, 4] = 1
    near = found(ties_of_matrix(larger)).values["reciprocity_weighted_expected_wcm"]
    both = (3000 / 3001) * (2000 / 2001)
    assert near == pytest.approx(2 * 2 * both / (1 - both) / 10_000, rel=1e-3)


# what they owe


@pytest.mark.parametrize("name", ENTRIES)
def test_every_index_says_what_it_is(name: str) -> None:
    entry, keys = ENTRIES[name], set(parse_file("references.bib").entries)
    assert len(entry.fact.meaning) > 10
    assert entry.fact.formula
    assert not entry.fact.reference or entry.fact.reference in keys
    assert entry.fact.inner or entry.fact.reference
    if entry.inputs:
        assert ">>>" in (inspect.getdoc(entry.function) or "")


@pytest.mark.parametrize("name", ENTRIES)
def test_ranges_are_kept_and_their_ends_are_reached(name: str) -> None:
    fact = ENTRIES[name].fact
    seen = np.array([values(network)[name] for network in NETWORKS], dtype=float)
    seen = seen[~np.isnan(seen)]
    low, high = fact.range
    assert (seen > low).all() if fact.open_ends in ("low", "both") else (seen >= low).all()
    assert (seen < high).all() if fact.open_ends in ("high", "both") else (seen <= high).all()
    if math.isfinite(low) and fact.open_ends not in ("low", "both"):
        assert seen.min() == pytest.approx(low, abs=1e-12)
    if math.isfinite(high) and fact.open_ends not in ("high", "both"):
        assert seen.max() == pytest.approx(high, abs=1e-12)


@pytest.mark.parametrize("name", ENTRIES)
def test_nan_is_where_it_says_so(name: str) -> None:
    undefined = {network for network in COUNTS if math.isnan(values(network)[name])}
    says = ENTRIES[name].fact.undefined
    assert bool(undefined) == bool(says)
    # no acts at all are a case of everything that can be undefined, but for what counts pairs
    no_pairs = {"nobody", "one"}
    assert undefined >= ({"empty", *no_pairs} if "nobody gave" in says else no_pairs if says else set())
    if says == "nobody gave anything":
        assert undefined == {network for network, matrix in COUNTS.items() if not matrix.any()}
    if "everybody gave everybody" in says:
        assert "complete" in undefined


def test_what_needs_whole_numbers_refuses_others() -> None:
    refused = found(ties_of_matrix(NETWORKS["halves"])).refused
    assert set(refused) == {
        *("phir", "phir_expected", "phir_se"),
        *(name for name in ENTRIES if name.startswith("reciprocity_weighted_") and "_w" in name[20:]),
    }
    assert set(refused.values()) == {"It needs counts of acts, and some of these are no whole numbers."}


def test_what_would_take_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triads, "MOST_PATHS", 1)
    monkeypatch.setattr(configuration, "MOST_GROUPS", 2)
    refused = found(ties_of_matrix(NETWORKS["drawn 1"])).refused
    assert "paths of two ties: triangles are looked for along up to 1." in refused["triads_300"]
    assert "who differ in what they gave and got in all" in refused["reciprocity_rho_dcm"]
    assert set(refused) == WHOLE - {"katz_powell", "choosers"}


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_amounts_as_large_as_decimals_hold(scale: float) -> None:
    names = [*("skew_symmetry", "kappa", "epsilon", "reciprocity_correlation", "reciprocity_weighted")]
    one = ties_of_matrix(NETWORKS["drawn 2"])
    ours = found(replace(one, forth=one.forth * scale, back=one.back * scale, derived={}))
    assert_equal(ours.values, values("drawn 2"), names)
    what = "no whole numbers" if scale < 1 else "too large to be told from the next"
    assert ours.refused["phir"] == f"It needs counts of acts, and some of these are {what}."


# how they hang together


@pytest.mark.parametrize("name", NETWORKS)
def test_identities(name: str) -> None:
    one, matrix = values(name), NETWORKS[name]
    pairs = len(matrix) * (len(matrix) - 1) // 2
    assert one["mutual_dyads"] + one["asymmetric_dyads"] + one["null_dyads"] == pairs
    if len(matrix) > 2:
        assert sum(one[triad] for triad in PICTURES) == math.comb(len(matrix), 3)
    if not matrix.any():
        return
    assert one["reciprocity_weighted"] + one["directional_consistency"] == pytest.approx(1, rel=1e-15)
    assert one["skew_symmetry"] + one["symmetry"] == pytest.approx(1, rel=1e-15)
    square = float((matrix**2).sum())
    skew = (matrix - matrix.T) / 2
    assert one["skew_symmetry"] == pytest.approx(float((skew**2).sum()) / square, abs=1e-14)
    product = float((matrix * matrix.T).sum())
    assert one["skew_symmetry"] == pytest.approx((1 - product / square) / 2, abs=1e-14)
    assert one["reciprocity_lrr"] == pytest.approx(
        math.log(one["reciprocity_edgewise"] / one["density"]) if one["reciprocity_edgewise"] else -math.inf
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_rho_is_the_slope_of_ties_on_ties_the_other_way(name: str) -> None:
    matrix = (NETWORKS[name] > 0).astype(float)
    rho = values(name)["reciprocity_rho"]
    if math.isnan(rho):
        return
    off = ~np.eye(len(matrix), dtype=bool)
    design = np.stack([np.ones(off.sum()), matrix.T[off]], axis=1)
    slope = np.linalg.lstsq(design, matrix[off], rcond=None)[0][1]
    assert rho == pytest.approx(slope, abs=1e-12)
    binary = reciprocity.reciprocity_correlation(ties_of_matrix(matrix))
    assert rho == pytest.approx(binary, abs=1e-12)
    # Katz and Powell's index for equal numbers of choices, with their mean for each
    mean, n = matrix.sum() / len(matrix), len(matrix)
    expected = n * mean**2 / (2 * (n - 1))
    fixed = (values(name)["mutual_dyads"] - expected) / (matrix.sum() / 2 - expected)
    assert rho == pytest.approx(fixed, abs=1e-12)


def test_katz_and_powell_is_rho_where_all_choose_equally_many() -> None:
    for name in ("tournament", "circle", "mutual pairs"):
        assert values(name)["katz_powell"] == pytest.approx(values(name)["reciprocity_rho"], rel=1e-14)
    assert values("star with returns")["katz_powell"] == 1.0


def dyads_of(matrix: Array) -> tuple[Ties, Array, Array, Array, Array]:
    """Every ordered pair and what the two gave."""
    ego, alter = np.nonzero(~np.eye(len(matrix), dtype=bool))
    return ties_of_matrix(matrix), ego, alter, matrix[ego, alter], matrix[alter, ego]


@pytest.mark.parametrize("name", [name for name in COUNTS if len(COUNTS[name]) > 1])
def test_parts_of_pairs_add_up(name: str) -> None:
    ties, ego, alter, given, back = dyads_of(COUNTS[name])
    scale = asymmetry.phir_scale(ties, ego, alter)
    one_way, both = asymmetry.phir_ego(given, back, scale), asymmetry.phir(given, back, scale)
    total = values(name)["phir"]
    if not math.isnan(total):
        assert np.nansum(one_way) == pytest.approx(total, abs=1e-13)
        assert np.nansum(both[ego < alter]) == pytest.approx(total, abs=1e-13)
        other_way = asymmetry.phir_ego(back, given, scale)
        np.testing.assert_allclose(one_way + other_way, both, atol=1e-13)
        for person, by in (("phir_actor", ego), ("phir_partner", alter)):
            theirs = np.bincount(by, weights=np.nan_to_num(one_way), minlength=len(COUNTS[name]))
            ours = measure(planned("person", [person]), {"ties": ties}).values[person]
            np.testing.assert_allclose(ours, theirs, atol=1e-13)
            assert ours.sum() == pytest.approx(total, abs=1e-13)
    np.testing.assert_array_equal(np.isnan(both), (given + back == 0) | math.isnan(total))
    size = asymmetry.size_ego(ties, ego, alter)
    nu, same = asymmetry.nu_ego(given, back, size), asymmetry.lambda_ego(given, back, size)
    np.testing.assert_array_equal(np.isnan(nu), COUNTS[name].sum(axis=1)[ego] + COUNTS[name].sum(0)[ego] == 0)
    rows = np.bincount(ego, weights=np.nan_to_num(nu + same), minlength=len(COUNTS[name]))
    np.testing.assert_allclose(rows[rows > 0], 1, rtol=1e-13)
    apart = asymmetry.omega(imbalance(given, back))
    there = same > 0
    np.testing.assert_allclose(apart[there], (nu / np.where(there, same, 1))[there], atol=1e-14)


# what changes them


def changed(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {
        name for name in ENTRIES if other[name] != pytest.approx(one[name], rel=1e-10, nan_ok=True, abs=1e-12)
    }


@pytest.mark.parametrize("name", [name for name in NETWORKS if len(NETWORKS[name]) > 2])
def test_renaming_people_changes_nothing(name: str) -> None:
    order = np.random.default_rng(0).permutation(len(NETWORKS[name]))
    other = found(ties_of_matrix(NETWORKS[name][np.ix_(order, order)])).values
    assert not changed(values(name), other)


def test_the_network_the_other_way_round() -> None:
    turned = {name: found(ties_of_matrix(matrix).transposed()).values for name, matrix in NETWORKS.items()}
    every = set().union(*(changed(values(name), other) for name, other in turned.items()))
    # who chooses how many, and which way a triad points: nothing else
    ends = {f"triads_{kind}" for kind in ("021d", "021u", "111d", "111u", "120d", "120u")}
    assert every == {"katz_powell", "squared_choices"} | ends
    for name, other in turned.items():
        for down, up in (("021d", "021u"), ("111d", "111u"), ("120d", "120u")):
            assert other[f"triads_{up}"] == values(name)[f"triads_{down}"]


def test_doubling_the_log() -> None:
    doubled = {name: found(ties_of_matrix(2 * matrix)).values for name, matrix in COUNTS.items()}
    every = set().union(*(changed(values(name), other) for name, other in doubled.items()))
    null_dyads = {name for name in ENTRIES if name.endswith(("_wrg", "_wcm"))}
    assert every == {"all_given", "all_returned", "phir", "phir_expected", "phir_se"} | null_dyads


def test_people_without_acts() -> None:
    every = set()
    for name, matrix in NETWORKS.items():
        other = found(ties_of_matrix(np.pad(matrix, (0, 3)))).values
        every |= changed(values(name), other)
    assert every == {name for name, one in ENTRIES.items() if one.fact.isolates}
    assert {"reciprocity_dyadic", "reciprocity_rho", "reciprocity_lrr", "katz_powell"} <= every
    assert not {"reciprocity_edgewise", "reciprocity_nonnull", "reciprocity_weighted", "phir"} & every


def pair_columns(matrix: Array) -> dict[str, Array]:
    """Columns of the first people's ordered pairs, isolates added later left out."""
    ties, ego, alter, given, back = dyads_of(matrix)
    size, other = asymmetry.size_ego(ties, ego, alter), asymmetry.size_ego(ties, alter, ego)
    scale = asymmetry.phir_scale(ties, ego, alter)
    return {
        "nu_ego": asymmetry.nu_ego(given, back, size),
        "nu_alter": asymmetry.nu_ego(back, given, other),
        "lambda_ego": asymmetry.lambda_ego(given, back, size),
        "lambda_alter": asymmetry.lambda_ego(back, given, other),
        "omega": asymmetry.omega(imbalance(given, back)),
        "phir_ego": asymmetry.phir_ego(given, back, scale),
        "phir_alter": asymmetry.phir_ego(back, given, scale),
        "phir": asymmetry.phir(given, back, scale),
    }


@pytest.mark.parametrize("seed", range(8))
def test_what_changes_the_parts_of_pairs(seed: int) -> None:
    matrix = drawn(seed)
    once = pair_columns(matrix)
    twice = pair_columns(2 * matrix)
    for name, column in once.items():
        if not name.startswith("phir"):
            np.testing.assert_allclose(twice[name], column, rtol=1e-12, err_msg=name)
    assert not np.allclose(twice["phir"], once["phir"], equal_nan=True)
    # the one of a pair in place of the other: nu and lambda are of the two alike, phi_ij is phi_ji
    turned = pair_columns(matrix.T)
    for name, column in once.items():
        ends = {"phir_ego": "phir_alter", "phir_alter": "phir_ego"}
        np.testing.assert_allclose(turned[ends.get(name, name)], column, rtol=1e-12, err_msg=name)
    # a person more, without acts, in the last row and column
    n = len(matrix)
    more = pair_columns(np.pad(matrix, (0, 1)))
    ego, alter = np.nonzero(~np.eye(n + 1, dtype=bool))
    for name, column in once.items():
        np.testing.assert_allclose(more[name][(ego < n) & (alter < n)], column, rtol=1e-12, err_msg=name)

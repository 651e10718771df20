"""What sna, igraph, networkx, DyaDA, EloRating, compete and NEMtropy say of the same networks.

Every key of their values has one rule here: equal, within the error of a simulation, different on purpose,
a description, or checked in another file. A key without a rule fails.
"""

from __future__ import annotations

import csv
import functools
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import rankdata

from honestsignals.metrics import asymmetry, balance, reciprocity, skew, symmetry
from honestsignals.metrics.levels import measure, planned
from honestsignals.metrics.registry import entries
from honestsignals.metrics.ties import Ties, ties_of_matrix
from tests.shared import PROJECT, REFERENCE, needs_shared, shared_path

Array = np.ndarray[Any, np.dtype[Any]]
NAN = math.nan
FOLDERS = ("A_network_indices", "A_python_peers")
FAMILIES = ("census", "reciprocity", "expectation", "symmetry", "skew")
TOLERANCE = 1e-8

OURS = [
    *("sim_counts40", "sim_trust40", "toy_all_mutual4", "toy_complete4", "toy_cycle3"),
    *("toy_empty4", "toy_missing5", "toy_one_arc3", "toy_valued4", "toy_valued5"),
]
REAL = [
    *("eies_acquaintance_t1", "eies_acquaintance_t2", "eies_messages", "knecht_friendship_t1"),
    *("krackhardt_advice", "krackhardt_friendship", "krackhardt_reports", "lazega_advice"),
    *("lazega_cowork", "lazega_friendship", "rhesus_grooming", "sampson_like_t3"),
    *("wiring_help", "wiring_tradejobs"),
]
CASES = [*OURS, *(pytest.param(case, marks=needs_shared) for case in REAL)]


def place(*parts: str) -> Path:
    """What belongs to nobody else stands in this project; the rest in the shared folder."""
    path = REFERENCE.joinpath(*parts)
    return path if path.is_file() else shared_path("reference", *parts)


@dataclass(frozen=True, eq=False)
class Case:
    """A network, all that is measured of it here, and what others say of it."""

    name: str
    matrix: Array
    theirs: dict[str, Any] = field(default_factory=dict)

    @functools.cached_property
    def ties(self) -> Ties:
        return ties_of_matrix(self.matrix)

    @functools.cached_property
    def values(self) -> dict[str, Any]:
        names = [name for name, one in entries("network").items() if one.fact.family in FAMILIES]
        return measure(planned("network", names), {"ties": self.ties}).values

    @functools.cached_property
    def pairs(self) -> tuple[Array, Array, Array, Array]:
        """Every ordered pair, and what the two gave."""
        ego, alter = np.nonzero(~np.eye(len(self.matrix), dtype=bool))
        return ego, alter, self.matrix[ego, alter], self.matrix[alter, ego]

    def summed(self, column: Array) -> list[float]:
        """A column of ordered pairs, summed over each person's rows as ego."""
        weights = np.nan_to_num(column)
        return np.bincount(self.pairs[0], weights=weights, minlength=len(self.matrix)).tolist()

    # kinds of networks on which others differ on purpose

    @property
    def missing(self) -> bool:
        return self.ties.unknown > 0

    @property
    def empty(self) -> bool:
        return len(self.ties) == 0

    @property
    def complete(self) -> bool:
        return self.values["null_dyads"] == self.values["asymmetric_dyads"] == 0

    @property
    def even(self) -> bool:
        return bool((self.ties.forth == self.ties.back).all())

    @property
    def partly_even(self) -> bool:
        """Some people, not all, have no one-sided tie."""
        less = np.abs(self.ties.forth - self.ties.back)
        part = self.ties.per_person(less, less)
        return bool((part == 0).any() and (part > 0).any())


@functools.cache
def case(name: str) -> Case:
    with place("inputs", f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = [row[1:] for row in csv.reader(file)][1:]
    matrix = np.array([[NAN if cell in ("NA", "") else float(cell) for cell in row] for row in rows])
    np.fill_diagonal(matrix, 0)
    theirs = {}
    for folder in FOLDERS:
        path = place(folder, f"{name}.json") if (folder, name) in every_file() else None
        if path is not None:
            theirs |= {f"{folder}/{key}": value for key, value in flat(json.loads(path.read_text("utf-8")))}
    return Case(name, matrix, theirs)


@functools.cache
def every_file() -> set[tuple[str, str]]:
    """Folder and name of every file of values, here and in the shared folder where there is one."""
    found = {(folder, path.stem) for folder in FOLDERS for path in (REFERENCE / folder).glob("*.json")}
    try:
        shared = shared_path("reference")
    except pytest.fail.Exception:
        return found
    return found | {(folder, path.stem) for folder in FOLDERS for path in (shared / folder).glob("*.json")}


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from flat(one, f"{path}/{name}" if path else name)
    else:
        yield path, value


# rules


@dataclass(frozen=True)
class Rule:
    """What becomes of the keys that a pattern fits.

    ours makes our value; ``unless`` names a property of a case where the two differ on purpose, and why.
    """

    ours: Callable[[Case], Any] | None = None
    unless: tuple[tuple[str, str], ...] = ()
    why: str = ""
    tolerance: float = TOLERANCE


def of(name: str, *unless: tuple[str, str], tolerance: float = TOLERANCE) -> Rule:
    return Rule(lambda case: case.values[name], unless, tolerance=tolerance)


def expected_mutual(case: Case) -> float:
    arcs, others = case.values["arcs"], case.values["choosers"] - 1
    return (arcs**2 - case.values["squared_choices"]) / (2 * others**2)


def of_ranks(case: Case) -> float:
    known = ~(np.isnan(case.matrix) | np.isnan(case.matrix.T) | np.eye(len(case.matrix), dtype=bool))
    ranks = np.full(case.matrix.shape, NAN)
    ranks[known] = rankdata(case.matrix[known])
    return reciprocity.reciprocity_correlation(ties_of_matrix(ranks))


def of_people(name: str) -> Rule:
    return Rule(
        lambda case: measure(planned("person", [name]), {"ties": case.ties}).values[name].tolist(),
    )


def part(case: Case, column: Callable[[Array, Array, Array], Array]) -> list[float]:
    ego, alter, given, back = case.pairs
    return case.summed(column(given, back, asymmetry.size_ego(case.ties, ego, alter)))


def returned(case: Case) -> Array:
    return balance.returned_weight(*case.pairs[2:])


CORRELATED = ("missing", "README A.2: sna's correlation is wrong with missing ties, and can exceed 1")
ONES = tuple(
    (kind, "0/0 is NaN: sna prints 1 on an empty and on a complete graph") for kind in ("empty", "complete")
)
HALF = ("missing", "a pair known in one direction is left out; sna counts the direction that is known")
THREES = ("missing", "README A.3: sna counts threes whose pairs are known; every pair is needed here")
EVEN = ("even", "0/0 is NaN: DyaDA prints 1 where all giving is even, or nobody gave")
SOME_EVEN = ("partly_even", "README A.7: DyaDA prints NA where some have no one-sided tie; left out here")
ZEROS = ("empty", "0/0 is NaN: DyaDA prints 0 for the asymmetry of an empty graph")
SURE = ("complete", "(1 - 1) / (1 - 1): the null leaves nothing else possible")

TRIADS = "003|012|102|021D|021U|021C|111D|111U|030T|030C|201|120D|120U|120C|210|300"
SNA, IGRAPH, DYADA = (f"A_network_indices/{part}" for part in ("sna_binarised", "igraph", "DyaDA"))
OWN, PEERS, SQUARTINI = (
    *("A_network_indices/own_binary", "A_python_peers"),
    "A_network_indices/own_weighted_squartini",
)

EQUAL = {
    f"{SNA}/dyad_census/Mut|{SNA}/mutuality|{IGRAPH}/dyad_census/mut": of("mutual_dyads"),
    f"{SNA}/dyad_census/Asym|{IGRAPH}/dyad_census/asym": of("asymmetric_dyads"),
    f"{SNA}/dyad_census/Null|{IGRAPH}/dyad_census/null": of("null_dyads"),
    **{
        f"({SNA}|{IGRAPH})/triad_census/{kind}": of(f"triads_{kind.lower()}", THREES)
        for kind in TRIADS.split("|")
    },
    f"{SNA}/grecip/dyadic": of("reciprocity_dyadic"),
    f"{SNA}/grecip/dyadic[.]nonnull|({IGRAPH}|{PEERS}/python_igraph)/reciprocity_ratio": of(
        "reciprocity_nonnull"
    ),
    f"{SNA}/grecip/edgewise|({IGRAPH}|{PEERS}/python_igraph)/reciprocity_default|{OWN}/garlaschelli_loffredo/r"
    f"|{PEERS}/networkx/overall_reciprocity|A_network_indices/sna_cug_edges/obs": of("reciprocity_edgewise"),
    f"{SNA}/grecip/edgewise[.]lrr": of("reciprocity_lrr"),
    f"{SNA}/grecip/correlation": of("reciprocity_rho", CORRELATED, *ONES),
    f"{SNA}/density": of("density", HALF),
    "A_network_indices/sna_valued/grecip_correlation": of("reciprocity_correlation", CORRELATED),
    "A_network_indices/sna_valued/pearson_xij_xji": of("reciprocity_correlation"),
    "A_network_indices/sna_valued/spearman_xij_xji": Rule(of_ranks),
    f"{OWN}/garlaschelli_loffredo/L": of("arcs"),
    f"{OWN}/garlaschelli_loffredo/density": of("density"),
    f"{OWN}/garlaschelli_loffredo/rho|{OWN}/katz_powell/rho_fixed_choice_mean_d": of("reciprocity_rho"),
    f"{OWN}/katz_powell/expected_mutual_free_choice": Rule(expected_mutual),
    f"{OWN}/katz_powell/expected_mutual_fixed_choice_mean_d": Rule(
        lambda case: case.values["arcs"] ** 2 / (2 * len(case.matrix) * (len(case.matrix) - 1))
    ),
    f"{OWN}/katz_powell/rho_free_choice": of("katz_powell"),
    f"{OWN}/directed_configuration_model/expected_reciprocated_arcs": Rule(
        lambda case: case.values["reciprocity_expected_dcm"] * case.values["arcs"]
    ),
    f"{OWN}/directed_configuration_model/expected_r": of("reciprocity_expected_dcm"),
    f"{OWN}/directed_configuration_model/rho": of("reciprocity_rho_dcm", SURE),
    # to the degrees that it reports as its error
    f"{PEERS}/nemtropy_dbcm/expected_r": of("reciprocity_expected_dcm", tolerance=1e-6),
    f"{PEERS}/nemtropy_dbcm/rho": of("reciprocity_rho_dcm", tolerance=1e-6),
    f"{PEERS}/python_igraph/dyad_census": Rule(
        lambda case: [case.values[name] for name in ("mutual_dyads", "asymmetric_dyads", "null_dyads")]
    ),
    f"{SQUARTINI}/W": of("all_given"),
    f"{SQUARTINI}/W_reciprocated": of("all_returned"),
    f"{SQUARTINI}/r": of("reciprocity_weighted"),
    f"{SQUARTINI}/wrg/p": Rule(
        lambda case: 1 / (1 / case.values["reciprocity_weighted_expected_wrg"] - 1),
    ),
    f"{SQUARTINI}/wrg/expected_r": of("reciprocity_weighted_expected_wrg"),
    f"{SQUARTINI}/wrg/rho": of("reciprocity_weighted_rho_wrg"),
    f"{SQUARTINI}/wcm/expected_r": of("reciprocity_weighted_expected_wcm"),
    f"{SQUARTINI}/wcm/rho": of("reciprocity_weighted_rho_wcm"),
    f"{SQUARTINI}/node/reciprocated_strength": Rule(lambda case: case.summed(returned(case))),
    f"{SQUARTINI}/node/out_only": Rule(lambda case: case.summed(case.pairs[2] - returned(case))),
    f"{SQUARTINI}/node/in_only": Rule(lambda case: case.summed(case.pairs[3] - returned(case))),
    f"{DYADA}/directional_consistency|A_network_indices/other_packages/EloRating_DCindex": of(
        "directional_consistency"
    ),
    f"{DYADA}/phi_skew_symmetry|A_network_indices/other_packages/compete_phi": of("skew_symmetry"),
    f"{DYADA}/psi_symmetry": of("symmetry"),
    f"{DYADA}/delta_phi_over_psi": of("skew_ratio"),
    f"{DYADA}/kappa_dyadic_reciprocity": of("kappa", EVEN, SOME_EVEN),
    f"{DYADA}/epsilon_generalized_reciprocity": of("epsilon", EVEN),
    f"{DYADA}/nu_j": Rule(lambda case: part(case, asymmetry.nu_ego)),
    f"{DYADA}/lambda_j": Rule(lambda case: part(case, asymmetry.lambda_ego)),
    f"{DYADA}/PHIr_overall_asymmetry": of("phir", ZEROS),
    f"{DYADA}/PHIr_actor_phii": of_people("phir_actor"),
    f"{DYADA}/PHIr_partner_phij": of_people("phir_partner"),
}
WITHIN_ERROR = {
    "A_network_indices/sna_cug_edges/(mean_null|sd_null|p_ge|p_le)": Rule(
        why="draws of sna's null against its exact distribution: test_sna_s_null_by_edges"
    ),
    f"{DYADA}/reciptest1/p_(phi|psi|dc|delta|epsilon|kappa)": Rule(
        why="draws of a pair's acts, each as likely the one's: test_dyada_s_null_of_even_chances"
    ),
}
DIFFERENT = {
    f"{SNA}/transitivity_weak": Rule(why="not measured: no reciprocity; the triad census has its parts"),
}
DESCRIPTION = {
    "[^/]+/(case|input|n_nodes|valued|has_missing|diagonal)|[^/]+/software/.*": Rule(why="what was compared"),
    ".*/(definition|note|call|reps|seed|solver|iterations)": Rule(why="how it was made"),
    ".*/(max_abs_degree_error|max_abs_strength_error|max_degree_error)": Rule(why="how near theirs came"),
    "A_network_indices/sna_cug_edges/p_ge_mcse": Rule(why="follows from p and the number of draws"),
    "A_network_indices/other_packages/compete_di/error": Rule(why="compete refused to run"),
}
ELSEWHERE = {
    f"{DYADA}/hemelrijk/.*": Rule(why="test_reference_rowwise.py"),
    "A_network_indices/own_hemelrijk/.*": Rule(why="test_reference_rowwise.py"),
    "A_network_indices/sna_qaptest/.*": Rule(why="test_reference_rowwise.py"),
    f"{PEERS}/networkx/node_reciprocity": Rule(why="test_reference_people.py"),
}
TABLES = {
    "equal": EQUAL,
    "within error": WITHIN_ERROR,
    "different on purpose": DIFFERENT,
    "description": DESCRIPTION,
    "elsewhere": ELSEWHERE,
}


def rules_of(key: str) -> list[tuple[str, Rule]]:
    """Tables whose rules fit a key; what is checked elsewhere is described there too."""
    found = [
        (table, rule)
        for table, rules in TABLES.items()
        for pattern, rule in rules.items()
        if re.fullmatch(pattern, key)
    ]
    elsewhere = [one for one in found if one[0] == "elsewhere"]
    return elsewhere or found


def close(ours: Any, theirs: Any, tolerance: float) -> bool:
    """Whether two values are equal; null stands for NaN and infinity."""
    if isinstance(theirs, list):
        parts = zip(ours, theirs, strict=True)
        return all(close(one, other, tolerance) for one, other in parts)
    if theirs is None:
        return not math.isfinite(ours)
    return ours == pytest.approx(theirs, rel=tolerance, abs=1e-12)


# every key


@pytest.mark.parametrize("name", CASES)
def test_every_key_has_one_rule(name: str) -> None:
    assert case(name).theirs
    for key in case(name).theirs:
        assert len(rules_of(key)) == 1, key


def test_every_file_is_looked_at() -> None:
    assert {name for _, name in every_file()} <= {*OURS, *REAL}
    for rules in TABLES.values():
        assert all(rule.why or rule.ours for rule in rules.values())
    for rule in ELSEWHERE.values():
        assert (PROJECT / "tests" / rule.why).is_file()


@pytest.mark.parametrize("name", CASES)
def test_equal_or_different_on_purpose(name: str) -> None:
    one = case(name)
    for key, theirs in one.theirs.items():
        table, rule = rules_of(key)[0]
        if table != "equal" or rule.ours is None:
            continue
        ours = rule.ours(one)
        whys = [why for kind, why in rule.unless if getattr(one, kind)]
        same = close(ours, theirs, rule.tolerance)
        if whys:
            # where nothing differs, there is nothing to be said
            assert not same or "triad" in key, f"{key}: {theirs} is no different: {whys[0]}"
        else:
            assert same, f"{key}: {theirs} there, {ours} here"


@needs_shared
def test_every_reason_is_needed() -> None:
    used: set[tuple[int, str]] = set()
    for name in (*OURS, *REAL):
        one = case(name)
        for key in one.theirs:
            rule = rules_of(key)[0][1]
            used |= {(id(rule), kind) for kind, _ in rule.unless if getattr(one, kind)}
    for pattern, rule in EQUAL.items():
        for kind, why in rule.unless:
            assert (id(rule), kind) in used, f"{pattern}: {why}"


@needs_shared
def test_every_rule_is_needed() -> None:
    keys = {key for name in (*OURS, *REAL) for key in case(name).theirs}
    for rules in TABLES.values():
        for pattern in rules:
            assert any(re.fullmatch(pattern, key) for key in keys), pattern


# draws of others


def mutual_given_arcs(dyads: int, arcs: int) -> tuple[Array, Array]:
    """Numbers of mutual dyads, and the chance of each, if so many arcs fall on ordered pairs blindly."""
    mutual_dyads = np.arange(max(0, arcs - dyads), arcs // 2 + 1)

    def choose(n: Any, k: Any) -> Any:
        return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

    single = arcs - 2 * mutual_dyads
    log = choose(dyads, mutual_dyads) + choose(dyads - mutual_dyads, single) + single * math.log(2)
    return mutual_dyads, np.exp(log - choose(2 * dyads, arcs))


@pytest.mark.parametrize("name", CASES)
def test_sna_s_null_by_edges(name: str) -> None:
    one = case(name)
    theirs = {key.rpartition("/")[2]: value for key, value in one.theirs.items() if "sna_cug_edges" in key}
    if not theirs:
        return
    dyads = one.ties.possible
    mutual_dyads, chance = mutual_given_arcs(dyads, one.values["arcs"])
    assert chance.sum() == pytest.approx(1, rel=1e-9)
    share = 2 * mutual_dyads / one.values["arcs"]
    mean = float(share @ chance)
    spread = math.sqrt(max(float((share - mean) ** 2 @ chance), 0.0))
    draws = theirs["reps"]
    assert mean == pytest.approx((one.values["arcs"] - 1) / (2 * dyads - 1), rel=1e-9)
    assert theirs["mean_null"] == pytest.approx(mean, abs=4 * spread / math.sqrt(draws) + 1e-9)
    fourth = float((share - mean) ** 4 @ chance)
    of_spread = math.sqrt(max(fourth - spread**4, 0.0) / draws) / (2 * spread) if spread else 0.0
    assert theirs["sd_null"] == pytest.approx(spread, abs=4 * of_spread + 1e-4 * spread + 1e-9)
    at_least = float(chance[mutual_dyads >= one.values["mutual_dyads"]].sum())
    at_most = float(chance[mutual_dyads <= one.values["mutual_dyads"]].sum())
    for key, p in (("p_ge", min(at_least, 1.0)), ("p_le", min(at_most, 1.0))):
        # one in so many draws is as near as a share of none comes
        assert theirs[key] == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / draws) + 1 / draws), key


EXTREME = {
    # as far from even as seen, or farther
    "p_phi": lambda drawn, seen: drawn["phi"] >= seen["phi"] - 1e-12,
    "p_psi": lambda drawn, seen: drawn["phi"] >= seen["phi"] - 1e-12,
    "p_delta": lambda drawn, seen: drawn["phi"] >= seen["phi"] - 1e-12,
    "p_dc": lambda drawn, seen: drawn["dc"] >= seen["dc"] - 1e-12,
    "p_epsilon": lambda drawn, seen: drawn["epsilon"] <= seen["epsilon"] + 1e-12,
    "p_kappa": lambda drawn, seen: drawn["kappa"] <= seen["kappa"] + 1e-12,
}


def uneven(ties: Ties) -> dict[str, float]:
    less = np.abs(ties.forth - ties.back).sum() / ties.total()
    parts = {"kappa": skew.kappa(ties), "epsilon": skew.epsilon(ties)}
    return {"phi": symmetry.skew_symmetry(ties), "dc": float(less), **parts}


@pytest.mark.parametrize("name", ["toy_valued4", "toy_valued5", "sim_counts40"])
def test_dyada_s_null_of_even_chances(name: str) -> None:
    one, rng, draws = case(name), np.random.default_rng(11), 1_500
    acts, seen = one.ties.forth + one.ties.back, uneven(one.ties)
    met = dict.fromkeys(EXTREME, 0)
    for _ in range(draws):
        forth = rng.binomial(acts, 0.5)
        drawn = uneven(
            Ties(one.ties.n_people, one.ties.low, one.ties.high, forth, acts - forth, one.ties.possible)
        )
        for key, extreme in EXTREME.items():
            met[key] += bool(extreme(drawn, seen))
    for key, number in met.items():
        theirs = one.theirs[f"{DYADA}/reciptest1/{key}"]
        p = (number + 1) / (draws + 1)
        error = math.sqrt(max(p * (1 - p), 1e-4) * (1 / draws + 1 / 9_999))
        assert theirs == pytest.approx(p, abs=4 * error), key

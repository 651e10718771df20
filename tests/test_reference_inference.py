"""What R (sandwich, clubSandwich, multiwayvcov, dyadRobust, estimatr, ordinal, MASS, lme4, glmmTMB, amen) and
Python (statsmodels, netrics) say of the same regressions.

Every key of their values has one rule here: equal, different on purpose with the reason (and equal once that
is allowed for, where it can be), within bounds, or not ours with the reason. A key without a rule fails, and
so does a rule without a key.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import stdtr

from honestsignals.inference.clusters import pair_codes
from honestsignals.inference.covariance import COVARIANCES
from honestsignals.inference.estimators import Estimate, estimate
from honestsignals.inference.srm import fit_group
from tests.networks import Rows, case_rows, matrix, ordinal_rows
from tests.shared import REFERENCE, needs_shared, shared_path
from tests.test_inference_reference import glm_errors

CASES = {
    "C_dyadic_robust": ("eies", "krackhardt", "lazega", "sim40", "wiring"),
    "C_python_peers": ("eies", "krackhardt", "lazega", "wiring"),
    "E_ordinal": ("eies_acquaintance_t2", "eies_acquaintance_t2_reciprocity", "sim_label40"),
    "D_mixed_models": ("eies", "krackhardt", "lazega", "sim40", "wiring"),
    "D_amen": ("eies_log1p", "krackhardt_friendship"),
}
FILES = [(folder, case) for folder, cases in CASES.items() for case in cases]
FAMILY = {"ols": "gaussian", "logit": "logit", "gaussian": "gaussian"}


def marked(folder: str, case: str) -> Any:
    here = (REFERENCE / folder / f"{case}.json").is_file()
    return pytest.param(folder, case, marks=() if here else needs_shared)


def content(folder: str, case: str) -> dict[str, Any]:
    path = REFERENCE / folder / f"{case}.json"
    path = path if path.is_file() else shared_path("reference", folder, f"{case}.json")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, f"{key}/{name}" if key else str(name))
    else:
        yield key, value


@dataclass(frozen=True, eq=False)
class Case:
    """One regression, and the sums that every clustered error is made of."""

    rows: Rows
    fit: Estimate
    glm: bool  # whether R's information is one step behind

    @property
    def names(self) -> tuple[str, ...]:
        return self.fit.names

    @functools.cached_property
    def bread(self) -> np.ndarray:
        return np.linalg.inv(self.fit.hessian)

    @functools.cached_property
    def codes(self) -> dict[str, np.ndarray]:
        pairs = pair_codes(self.rows.ego, self.rows.alter)
        return {"sender": self.rows.ego, "receiver": self.rows.alter, "dyad": pairs}

    def clustered(self, name: str) -> np.ndarray:
        """H⁻¹ Σ_g u_g u_g' H⁻¹ over senders, receivers, pairs or rows."""
        scores = self.fit.scores
        if name != "row":
            which = np.unique(self.codes[name], return_inverse=True)[1]
            summed = np.zeros((which.max() + 1, scores.shape[1]))
            np.add.at(summed, which, scores)
            scores = summed
        return self.bread @ (scores.T @ scores) @ self.bread

    def count(self, name: str) -> int:
        return self.rows.y.size if name == "row" else np.unique(self.codes[name]).size

    def factor(self, name: str, of_rows: bool = False) -> float:
        """G / (G − 1), times (n − 1) / (n − k) where asked."""
        n, k = self.fit.scores.shape
        G = self.count(name)
        return G / (G - 1) * ((n - 1) / (n - k) if of_rows else 1.0)

    def errors(self, name: str) -> np.ndarray:
        return COVARIANCES[name](self.fit, self.rows.ego, self.rows.alter, self.names).std_error

    def named(self, values: np.ndarray) -> dict[str, float]:
        return dict(zip(self.names, values.tolist(), strict=True))


@functools.cache
def case_of(folder: str, name: str, model: str) -> Case:
    if folder == "E_ordinal":
        rows = ordinal_rows(name)
        return Case(rows, estimate(rows.X, rows.y, f"ordered_{model}", rows.names), False)
    rows = case_rows(name)
    return Case(rows, rows.fit(FAMILY[model]), folder == "C_dyadic_robust" and model == "logit")


Value = Callable[[Case, re.Match[str]], Any]


@dataclass(frozen=True)
class Rule:
    """What a key is to us: ``value`` says what it should be, ``why`` what sets it apart."""

    value: Value | None = None
    why: str = ""
    tolerance: float = 1e-8
    within: bool = False  # `value` gives (ours, reach): no equality, a bound
    absolute: float = 1e-14

    @property
    def kind(self) -> str:
        if self.within:
            return "bound"
        return "not ours" if self.value is None else "different on purpose" if self.why else "equal"


def vector(get: Callable[[Case], np.ndarray], why: str = "", tolerance: float = 1e-8) -> Rule:
    """Of each coefficient by its name, the last part of the key."""
    return Rule(lambda case, key: case.named(get(case))[key["term"]], why, tolerance)


def root(V: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.sqrt(np.diag(V))


def one_way(name: str, how: str) -> Callable[[Case], np.ndarray]:
    """Errors clustered one way, by the name of their factor."""

    def found(case: Case) -> np.ndarray:
        G, k = case.count(name), case.fit.beta.size
        factors = {
            "none": 1.0,
            "groups": case.factor(name),
            "stata": case.factor(name, of_rows=True),
            "p": G / (G - k) if k < G else np.nan,
        }
        return root(case.clustered(name)) * np.sqrt(factors[how])

    return found


def two_way(how: str) -> Callable[[Case], np.ndarray]:
    def found(case: Case) -> np.ndarray:
        total = np.zeros_like(case.bread)
        for name, sign in (("sender", 1), ("receiver", 1), ("row", -1)):
            factor = {"none": 1.0, "groups": case.factor(name), "stata": case.factor(name, True)}
            factor["row0"] = 1.0 if name == "row" else case.factor(name, True)
            total += sign * factor[how] * case.clustered(name)
        return root(total)

    return found


def three_way(case: Case) -> np.ndarray:
    """Sender, receiver and pair: any two of them, and all three, meet in one row."""
    ways = sum(case.clustered(one) for one in ("sender", "receiver", "dyad"))
    return root(ways - 2 * case.clustered("row"))


def dyadic_matrix(case: Case) -> np.ndarray:
    return COVARIANCES["dyadic"](case.fit, case.rows.ego, case.rows.alter, case.names).matrix


def least(case: Case, key: re.Match[str]) -> float:
    return float(np.linalg.eigvalsh(dyadic_matrix(case))[0])


def classical(case: Case) -> np.ndarray:
    if case.glm:
        return glm_errors(case.rows, "logit", "classical").std_error
    return case.errors("classical")


def p_of(name: str, how: str) -> Callable[[Case], np.ndarray]:
    def found(case: Case) -> np.ndarray:
        t = np.abs(case.fit.beta / one_way(name, how)(case))
        return 2 * stdtr(case.count(name) - 1.0, -t)

    return found


def information_matrix(case: Case, key: re.Match[str]) -> np.ndarray:
    """In R's order: cut points first."""
    k = case.rows.X.shape[1]
    order = [*range(k, case.fit.beta.size), *range(k)]
    return case.bread[np.ix_(order, order)]


FACTOR = "a factor for the number of clusters; ours has none, and is equal once that is allowed for"
ONE_WAY = "people send and receive: one of the two alone is not offered; equal from our scores"
BUG = "wrong values, kept as a warning"
MIXED = "no random effects here"
N_FACTOR = Rule(lambda case, key: case.count("sender") / (case.count("sender") - 1))
TERM = r"/(?P<term>[^/]+)"
C, M = "C_dyadic_robust/models/(ols|logit)", "C_python_peers/models/(ols|logit)"
E = "E_ordinal/models/(logit|probit)"
LEVEL = 1e-6

SANDWICH = {
    f"{C}/sandwich/vcovCL_{name}/{theirs}{TERM}": vector(
        one_way(name, how), "" if (name, how) == ("dyad", "none") else ONE_WAY if how == "none" else FACTOR
    )
    for name in ("sender", "receiver", "dyad")
    for theirs, how in (
        ("HC0_cadjust_FALSE", "none"),
        ("HC0_cadjust_TRUE", "groups"),
        ("HC1_cadjust_TRUE", "stata"),
    )
}
CLUB = {
    f"{C}/clubSandwich/{name}/{theirs}{TERM}": vector(
        one_way(name, how),
        "" if (name, how) == ("dyad", "none") else ONE_WAY if how == "none" else FACTOR,
        5e-8,  # of a logit its information is one step behind: see `glm_errors`
    )
    for name in ("sender", "receiver", "dyad")
    for theirs, how in (("CR0", "none"), ("CR1", "groups"), ("CR1p", "p"), ("CR1S", "stata"))
}
STATSMODELS = {
    f"{M}/statsmodels/{name}_use_correction_{corrected}{TERM}": vector(
        one_way(name, "stata" if corrected == "True" else "none"),
        FACTOR if corrected == "True" else "" if name == "dyad" else ONE_WAY,
    )
    for name in ("sender", "receiver", "dyad")
    for corrected in ("True", "False")
}
RULES: dict[str, Rule] = {
    f"{C}/coefficients{TERM}": vector(lambda case: case.fit.beta),
    f"{C}/se_model{TERM}": vector(classical),
    f"{C}/logLik": Rule(lambda case, key: case.fit.log_likelihood),
    f"{C}/sigma": Rule(lambda case, key: np.sqrt(case.fit.scale)),
    f"{C}/r_squared": Rule(lambda case, key: 1 - case.fit.residual.var() / case.fit.y.var()),
    f"{C}/deviance": Rule(lambda case, key: -2 * case.fit.log_likelihood),
    f"{C}/null_deviance": Rule(lambda case, key: -2 * case.fit.null_log_likelihood),
    f"{C}/dyadic_robust/se_no_correction{TERM}": vector(lambda case: case.errors("dyadic")),
    f"{C}/dyadic_robust/vcov": Rule(lambda case, key: dyadic_matrix(case), tolerance=2e-8),
    f"{C}/dyadic_robust/coef_order": Rule(lambda case, key: list(case.names)),
    f"{C}/dyadic_robust/min_eigenvalue": Rule(least, tolerance=1e-6),
    f"{C}/dyadic_robust/factor_N_over_Nminus1": N_FACTOR,
    f"{C}/dyadic_robust/factor_HC1": Rule(
        lambda case, key: case.rows.y.size / (case.rows.y.size - case.fit.beta.size)
    ),
    f"{C}/dyadic_robust/se_with_N_over_Nminus1{TERM}": vector(
        lambda case: case.errors("dyadic") * np.sqrt(case.factor("sender")), FACTOR
    ),
    f"{C}/dyadic_robust/max_abs_diff_literal_loop": Rule(why="how near their own loop came"),
    f"{C}/dyadRobust_package/se{TERM}": vector(lambda case: case.errors("dyadic")),
    f"{C}/dyadRobust_package/quirk_.*": Rule(why=BUG),
    f"{C}/dyadRobust_package/(call|note|error|cpu_seconds|max_abs_diff_.*)": Rule(why="how it was made"),
    f"{C}/sandwich/HC0{TERM}": vector(
        lambda case: root(case.clustered("row")), "hc1 is HC0 with the factor n / (n − k)"
    ),
    f"{C}/sandwich/HC1{TERM}": vector(lambda case: case.errors("hc1")),
    **SANDWICH,
    f"{C}/sandwich/vcovCL_sender_receiver_twoway/HC0_cadjust_FALSE{TERM}": vector(
        lambda case: case.errors("two_way")
    ),
    f"{C}/sandwich/vcovCL_sender_receiver_twoway/HC0_cadjust_TRUE{TERM}": vector(two_way("groups"), FACTOR),
    f"{C}/sandwich/vcovCL_sender_receiver_twoway/HC1_cadjust_TRUE{TERM}": vector(two_way("stata"), FACTOR),
    f"{C}/sandwich/vcovCL_sender_receiver_twoway/HC1_multi0{TERM}": vector(two_way("row0"), FACTOR),
    f"{C}/(sandwich/.*|multiwayvcov)/note": Rule(why="how it was made"),
    f"{C}/multiwayvcov/sender_receiver{TERM}": vector(two_way("stata"), FACTOR),
    f"{C}/multiwayvcov/sender_receiver_no_df{TERM}": vector(lambda case: case.errors("two_way")),
    f"{C}/multiwayvcov/sender_receiver_dyad3{TERM}": vector(
        three_way, "three-way misses a person as sender and as receiver, as two-way does; not offered"
    ),
    f"{C}/multiwayvcov/sender_receiver_integer_ids_quirk{TERM}": Rule(why=BUG),
    **CLUB,
    f"{C}/clubSandwich/(sender|receiver|dyad)/CR2{TERM}": Rule(
        why="bias-reduced one-way errors are not offered: the jackknife corrects over people and pairs"
    ),
    f"{C}/clubSandwich_CR2_sender_test/.*": Rule(why="bias-reduced one-way errors are not offered"),
    f"{C}/estimatr_lm_robust_sender/CR2/.*": Rule(why="bias-reduced one-way errors are not offered"),
    f"{C}/estimatr_lm_robust_sender/CR0/se{TERM}": vector(one_way("sender", "none"), ONE_WAY),
    f"{C}/estimatr_lm_robust_sender/stata/se{TERM}": vector(one_way("sender", "stata"), FACTOR),
    f"{C}/estimatr_lm_robust_sender/(CR0|stata)/df{TERM}": Rule(
        lambda case, key: case.count("sender") - 1, ONE_WAY
    ),
    f"{C}/estimatr_lm_robust_sender/CR0/p{TERM}": vector(p_of("sender", "none"), ONE_WAY),
    f"{C}/estimatr_lm_robust_sender/stata/p{TERM}": vector(p_of("sender", "stata"), FACTOR),
    # Python
    f"{M}/coefficients{TERM}": vector(lambda case: case.fit.beta),
    **STATSMODELS,
    f"{M}/statsmodels/sender_receiver_use_correction_False{TERM}": vector(
        lambda case: case.errors("two_way")
    ),
    f"{M}/statsmodels/sender_receiver_use_correction_True{TERM}": vector(two_way("stata"), FACTOR),
    f"{M}/netrics/(ind|DR|DR_bc)/coef{TERM}": vector(lambda case: case.fit.beta),
    f"{M}/netrics/ind/se{TERM}": vector(lambda case: case.errors("pair")),
    f"{M}/netrics/DR/se{TERM}": vector(
        lambda case: root(dyadic_matrix(case) + case.clustered("dyad")),
        "it counts what two rows of one pair share twice",
    ),
    f"{M}/netrics/DR_bc/se{TERM}": vector(
        lambda case: clipped(dyadic_matrix(case)),
        "where the matrix is indefinite it clips eigenvalues before it takes errors; ours stay those of the "
        "formula, and a negative variance has none",
    ),
    # ordered labels
    f"{E}/clm/coefficients{TERM}": vector(lambda case: case.fit.beta, tolerance=LEVEL),
    f"{E}/clm/se{TERM}": vector(lambda case: case.errors("classical"), tolerance=LEVEL),
    f"{E}/clm/vcov": Rule(information_matrix, tolerance=LEVEL),
    f"{E}/clm/coef_order": Rule(lambda case, key: [*case.names[2:], *case.names[:2]]),
    f"{E}/(clm|polr)/logLik": Rule(lambda case, key: case.fit.log_likelihood),
    f"{E}/clm/AIC": Rule(lambda case, key: 2 * case.fit.beta.size - 2 * case.fit.log_likelihood),
    f"{E}/polr/(beta|zeta){TERM}": Rule(  # polr stops early
        lambda case, key: case.named(case.fit.beta)[key["term"]], tolerance=0, absolute=1e-6
    ),
    f"{E}/polr/se{TERM}": vector(lambda case: case.errors("classical"), tolerance=LEVEL),
    f"{E}/null_logLik": Rule(lambda case, key: case.fit.null_log_likelihood),
    f"{E}/lr_test/chisq": Rule(
        lambda case, key: 2 * (case.fit.log_likelihood - case.fit.null_log_likelihood), tolerance=LEVEL
    ),
    f"{E}/lr_test/df": Rule(lambda case, key: case.rows.X.shape[1]),
    f"{E}/mcfadden_r2": Rule(lambda case, key: 1 - case.fit.log_likelihood / case.fit.null_log_likelihood),
    f"{E}/robust/se_dyadic{TERM}": vector(lambda case: case.errors("dyadic"), tolerance=LEVEL),
    f"{E}/robust/dyadic_variance_diag{TERM}": vector(
        lambda case: np.diag(dyadic_matrix(case)), tolerance=LEVEL
    ),
    f"{E}/robust/se_HC0{TERM}": vector(
        lambda case: root(case.clustered("row")), "hc1 is HC0 with the factor n / (n − k)", LEVEL
    ),
    f"{E}/robust/se_(?P<way>sender|receiver){TERM}": Rule(
        lambda case, key: case.named(root(case.clustered(key["way"])))[key["term"]], ONE_WAY, LEVEL
    ),
    f"{E}/robust/variance_twoway{TERM}": vector(
        lambda case: np.diag(COVARIANCES["two_way"](case.fit, *people(case), case.names).matrix),
        tolerance=LEVEL,
    ),
    f"{E}/(clm/max_gradient|max_abs_diff_coef_clm_polr|robust/(definition|score_sum_max))": Rule(
        why="how it was made, and how near theirs came"
    ),
    f"{E}/clmm_sender_receiver/coefficients{TERM}": Rule(
        lambda case, key: marginal(case, key, 3.0), "given the people, coefficients are larger", within=True
    ),
    f"{E}/clmm_sender_receiver/.*": Rule(why=MIXED),
    "E_ordinal/level_counts/(?P<level>.)": Rule(lambda case, key: (case.rows.y == float(key["level"])).sum()),
    # mixed models, as bounds
    "D_mixed_models/models/(logit)_sender_receiver/(lme4|glmmTMB)/coef/[(]Intercept[)]": Rule(
        why="an intercept given the people is no base rate"
    ),
    f"D_mixed_models/models/(gaussian|logit)_sender_receiver(_ML|_REML)?/(lme4|glmmTMB)/coef{TERM}": Rule(
        lambda case, key: marginal(case, key, 3.0), "shrinks people, not rows", within=True
    ),
    f"D_mixed_models/models/(gaussian)_sender_receiver_dyad_(ML|REML)/(lme4|glmmTMB)/coef{TERM}": Rule(
        lambda case, key: marginal(case, key, 3.0), "shrinks people and pairs", within=True
    ),
    "D_mixed_models/models/logit_sender_receiver_dyad/.*": Rule(
        why="a dyad intercept on a binary directed tie is nearly unidentified: two rows a pair"
    ),
    "D_mixed_models/models/[^/]+/(lme4|glmmTMB)/(se|variances)/.*": Rule(why=MIXED),
    "D_mixed_models/models/[^/]+/(lme4|glmmTMB)/"
    "(logLik|AIC|singular|messages|converged|pd_hessian|cpu_seconds|skipped)": Rule(why=MIXED),
    "D_amen/VC/(va|vb|ve|cab|rho)/mean": Rule(why="posterior under a prior: bounds below"),
    "D_amen/BETA/[^/]+/mean": Rule(why="posterior under a prior: bounds below"),
    "D_amen/generalized_reciprocity_cab_over_sqrt/.*": Rule(why="follows from va, vb and cab"),
    "D_amen/(VC|BETA)/.*/(sd|ess|mcse|q025|q975)": Rule(why="of the chain"),
    # descriptions
    "[^/]+/(case|description|input|inputs|note|call|cpu_seconds|rows)": Rule(why="what was compared"),
    "[^/]+/(software|definitions)(/.*)?": Rule(why="how it was made"),
    "(C_dyadic_robust|D_mixed_models|E_ordinal)/n_obs": Rule(lambda case, key: case.rows.y.size),
    "(C_dyadic_robust|D_mixed_models)/n_nodes": Rule(lambda case, key: case.count("sender")),
}


def people(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return case.rows.ego, case.rows.alter


def clipped(V: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(V)
    return root((vectors * np.maximum(values, 0.0)) @ vectors.T)


def marginal(case: Case, key: re.Match[str], reach: float) -> tuple[float, float]:
    """Our estimate, and how many of its dyadic errors theirs may lie away."""
    place = case.names.index(key["term"])
    return float(case.fit.beta[place]), reach * float(case.errors("jackknife")[place])


def rule_of(key: str) -> tuple[str, Rule, re.Match[str]] | None:
    for pattern, rule in RULES.items():
        match = re.fullmatch(pattern, key)
        if match:
            return pattern, rule, match
    return None


def model_of(key: str) -> str:
    found = re.search(r"models/(ols|logit|probit|gaussian)", key)
    return found[1] if found else "logit" if key.startswith("E_ordinal") else "ols"


@pytest.mark.parametrize(("folder", "name"), [marked(*file) for file in FILES])
def test_every_key_has_a_rule_and_keeps_it(folder: str, name: str) -> None:
    wrong, bare = [], []
    for key, theirs in leaves(content(folder, name)):
        found = rule_of(f"{folder}/{key}")
        if found is None:
            bare.append(key)
            continue
        _, rule, match = found
        if rule.value is None:
            continue
        case = case_of(folder, name, model_of(f"{folder}/{key}"))
        ours = rule.value(case, match)
        if not agrees(ours, theirs, rule):
            wrong.append((key, ours, theirs))
    assert not bare, f"keys without a rule: {bare}"
    assert not wrong


def agrees(ours: Any, theirs: Any, rule: Rule) -> bool:
    if theirs is None:
        return isinstance(ours, float) and bool(np.isnan(ours))
    if isinstance(theirs, list) and theirs and isinstance(theirs[0], str):
        return bool(ours == theirs)
    if rule.within:
        return bool(abs(ours[0] - float(theirs)) <= ours[1])
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if ours.ndim == 2:  # as correlations: an entry near 0 has no relative precision
        unit = np.sqrt(np.abs(np.outer(np.diag(theirs), np.diag(theirs))))
        return bool(np.allclose(ours / unit, theirs / unit, rtol=0, atol=rule.tolerance))
    return bool(np.allclose(ours, theirs, rtol=rule.tolerance, atol=rule.absolute))


@needs_shared
def test_every_rule_has_a_key() -> None:
    used = set()
    for folder, name in FILES:
        for key, _ in leaves(content(folder, name)):
            found = rule_of(f"{folder}/{key}")
            used |= {found[0]} if found else set()
    assert set(RULES) - used == set()


@needs_shared
@pytest.mark.parametrize("folder", list(CASES))
def test_no_case_is_left_out(folder: str) -> None:
    files = {path.stem for path in Path(shared_path("reference", folder)).glob("*.json")}
    assert files == set(CASES[folder])


def test_every_difference_has_a_reason() -> None:
    for pattern, rule in RULES.items():
        assert rule.kind == "equal" or len(rule.why) > 5, pattern


# sanity bounds


@needs_shared
@pytest.mark.parametrize("name", ["krackhardt", "lazega", "sim40", "wiring"])
def test_a_marginal_logit_is_flatter_than_one_given_the_people(name: str) -> None:
    """Coefficients given sender and receiver are those of a less noisy label, hence farther from 0."""
    case = case_of("C_dyadic_robust", name, "logit")
    theirs = content("D_mixed_models", name)["models"]["logit_sender_receiver"]["glmmTMB"]
    for term, beta in theirs["coef"].items():
        if term != "(Intercept)" and abs(beta) > 3 * theirs["se"][term]:
            ours = case.named(case.fit.beta)[term]
            assert 0.2 < ours / beta < 1.1, term


@needs_shared
def test_amen_has_the_same_signs_and_a_less_noisy_label() -> None:
    rows = case_rows("krackhardt")
    ours = dict(zip(rows.names, rows.fit("probit").beta, strict=True))
    for term, theirs in content("D_amen", "krackhardt_friendship")["BETA"].items():
        if term != "intercept" and abs(theirs["mean"]) > 2 * theirs["sd"]:
            ratio = ours[term.removesuffix(".dyad")] / theirs["mean"]
            assert 0.3 < ratio < 1.1, term


@needs_shared
def test_amen_has_the_social_relations_of_eies() -> None:
    """Moments against posterior means under a prior: within three posterior standard deviations."""
    fit = fit_group([np.log1p(matrix("eies", "eies_messages"))])
    theirs = content("D_amen", "eies_log1p")["VC"]
    actor, partner, relationship, shared, mutual = fit.estimates()
    ours = {"va": actor, "vb": partner, "ve": relationship, "cab": shared, "rho": mutual / relationship}
    for name, value in ours.items():
        assert abs(value - theirs[name]["mean"]) < 3 * theirs[name]["sd"], name

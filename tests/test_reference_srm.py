"""The social relations model against TripleR and DyaDA: every key of the reference has its place.

And against lme4 and amen, which fit other models to the same numbers, within bounds that say why.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import stdtr

import honestsignals as hs
from honestsignals.inference.srm_errors import jackknife_covariance
from honestsignals.inference.srm_without import leave_one_out
from honestsignals.metrics.levels import measure, planned
from honestsignals.metrics.relations import RoundRobin, round_robin
from honestsignals.metrics.ties import ties_of_matrix
from tests.shared import REFERENCE, needs_shared, shared_path

CASES = {
    "sim_counts40_log1p": "sim_counts40",
    "eies_log1p": "eies_messages",
    "krackhardt_friendship": "krackhardt_friendship",
    "rhesus_log1p": "rhesus_grooming",
    "tripler_liking_a": "tripler_liking_a",
    "wiring_tradejobs": "wiring_tradejobs",
}
PARAMETERS = [pytest.param(case, marks=() if case.startswith("sim_") else needs_shared) for case in CASES]


def found(*parts: str) -> Path:
    """What belongs to nobody else stands in this project; the rest in the shared folder."""
    path = REFERENCE.joinpath(*parts)
    return path if path.is_file() else shared_path("reference", *parts)


def matrix_of(name: str) -> np.ndarray:
    with found("inputs", f"{name}.csv").open(encoding="utf-8") as file:
        return np.array([[float(cell) for cell in line[1:]] for line in list(csv.reader(file))[1:]])


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every key that holds a number, a text or a list."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from flat(one, f"{path}/{name}" if path else name)
    else:
        yield path, value


@pytest.fixture(scope="module", params=PARAMETERS)
def case(request) -> tuple[dict[str, Any], np.ndarray]:
    """Reference values of one network, and its matrix as it was analysed."""
    values = json.loads(found("D_srm", f"{request.param}.json").read_text(encoding="utf-8"))
    matrix = matrix_of(CASES[request.param])
    return dict(flat(values)), np.log1p(matrix) if values["transform"] == "log(1+x)" else matrix


def cut(value: float) -> float:
    return max(-1.0, min(1.0, value))


def generalized(fit: RoundRobin) -> float:
    return fit.actor_partner_covariance / math.sqrt(fit.actor_variance * fit.partner_variance)


def dyadic(fit: RoundRobin) -> float:
    return fit.relationship_covariance / fit.relationship_variance


def share(part: str) -> Callable[[RoundRobin], float]:
    def of(fit: RoundRobin) -> float:
        whole = fit.actor_variance + fit.partner_variance + fit.relationship_variance
        return getattr(fit, f"{part}_variance") / whole

    return of


def sorted_as_text(values: np.ndarray) -> np.ndarray:
    """TripleR's order of people: their numbers as words."""
    return values[sorted(range(len(values)), key=lambda place: str(place + 1))]


EQUAL: dict[str, Callable[[RoundRobin], Any]] = {
    "n_nodes": lambda fit: fit.n_people,
    "TripleR/varComp/actor variance/estimate": lambda fit: fit.actor_variance,
    "TripleR/varComp/partner variance/estimate": lambda fit: fit.partner_variance,
    "TripleR/varComp/relationship variance/estimate": lambda fit: fit.relationship_variance,
    "TripleR/varComp/actor-partner covariance/estimate": lambda fit: fit.actor_partner_covariance,
    "TripleR/varComp/relationship covariance/estimate": lambda fit: fit.relationship_covariance,
    "TripleR/varComp/actor variance/standardized": share("actor"),
    "TripleR/varComp/partner variance/standardized": share("partner"),
    "TripleR/varComp/relationship variance/standardized": share("relationship"),
    "TripleR/varComp/relationship covariance/standardized": dyadic,
    "TripleR/effects/v.a": lambda fit: sorted_as_text(fit.actor),
    "TripleR/effects/v.p": lambda fit: sorted_as_text(fit.partner),
    "TripleR/effect_reliability/v.a": lambda fit: fit.actor_reliability,
    "TripleR/effect_reliability/v.p": lambda fit: fit.partner_reliability,
    "DyaDA/MSbetween": lambda fit: fit.between,
    "DyaDA/MSwithin": lambda fit: fit.within,
    "DyaDA/actor_variance": lambda fit: fit.actor_variance,
    "DyaDA/partner_variance": lambda fit: fit.partner_variance,
    "DyaDA/relationship_variance": lambda fit: fit.relationship_variance,
    "DyaDA/actor_partner_covariance": lambda fit: fit.actor_partner_covariance,
    "DyaDA/dyadic_covariance": lambda fit: fit.relationship_covariance,
    "DyaDA/relative_variances/actor.variance": share("actor"),
    "DyaDA/relative_variances/partner.variance": share("partner"),
    "DyaDA/relative_variances/relationship.variance": share("relationship"),
    "DyaDA/dyadic_reciprocity": dyadic,
    "DyaDA/actor_reliability": lambda fit: fit.actor_reliability_dyada,
    "DyaDA/partner_reliability": lambda fit: fit.partner_reliability_dyada,
    "DyaDA/actor_effects": lambda fit: fit.actor,
    "DyaDA/partner_effects": lambda fit: fit.partner,
}
DIFFERENT = {
    # README D.2: both cut correlations at ±1; here they stay as estimated. Compared after cutting.
    "TripleR/varComp/actor-partner covariance/standardized": lambda fit: cut(generalized(fit)),
    "DyaDA/generalized_reciprocity": lambda fit: cut(generalized(fit)),
}
OF_TESTS = ("se", "SEVAR", "t.value", "p.value")
COMPONENTS = (
    *("actor variance", "partner variance", "relationship variance"),
    *("actor-partner covariance", "relationship covariance"),
)
OF_MODEL = {  # `hs.srm(matrix, errors="normal")`
    *(f"TripleR/varComp/{component}/{key}" for component in COMPONENTS for key in OF_TESTS),
    *(f"DyaDA/dyadic_covariance_F/{key}" for key in ("F", "df1", "df2", "p")),
}
OF_JACKKNIFE = {  # DyaDA's, of pseudovalues and not net of pairs: from the parts of ours
    f"DyaDA/jackknife/{key}" for key in ("order", "t", "df", "p_two", "note")
}
NEVER = {  # there is none in one group: null throughout
    f"TripleR/varComp/error variance/{key}" for key in ("estimate", "standardized", *OF_TESTS)
}
DESCRIPTION = {
    *("case", "input", "transform", "definitions", "TripleR/effects/id"),
    *("software/R", "software/TripleR", "software/DyaDA"),
}


def test_every_key_has_its_place(case) -> None:
    values, _ = case
    listed = [*EQUAL, *DIFFERENT, *OF_MODEL, *OF_JACKKNIFE, *NEVER, *DESCRIPTION]
    assert sorted(values) == sorted(listed)
    assert len(listed) == len(set(listed))


def test_values_are_theirs(case) -> None:
    values, matrix = case
    fit = round_robin(matrix)
    scale = matrix[~np.eye(len(matrix), dtype=bool)].std()
    for key, of in (EQUAL | DIFFERENT).items():
        # an effect may be 0 but for rounding: 1e-12 of the cells' deviation
        np.testing.assert_allclose(of(fit), values[key], rtol=1e-8, atol=1e-12 * max(scale, 1.0), err_msg=key)
    assert all(values[key] is None for key in NEVER)


def test_errors_and_tests_are_triple_r_s(case) -> None:
    values, matrix = case
    found = hs.srm(matrix, errors="normal").tidy().set_index("component")
    assert tuple(found.index) == COMPONENTS
    for component in COMPONENTS:
        theirs = {key: values[f"TripleR/varComp/{component}/{key}"] for key in OF_TESTS}
        ours = found.loc[component]
        assert ours["std_error"] == pytest.approx(theirs["se"], rel=1e-8)
        assert ours["std_error"] ** 2 == pytest.approx(theirs["SEVAR"], rel=1e-8)
        assert ours["statistic"] == pytest.approx(theirs["t.value"], rel=1e-8)
        p = ours["p_value"]
        if component == "relationship covariance":
            # different on purpose: theirs is one-sided here and two-sided for the other covariance
            assert ours["statistic"] > 0
            p /= 2
        # theirs is 1 less the cumulative probability, so nothing below 1e-13 is left of it
        assert p == pytest.approx(theirs["p.value"], rel=1e-8, abs=1e-13)


def test_f_test_of_pairs_is_dyada_s(case) -> None:
    values, matrix = case
    test = hs.srm(matrix).pair_test()
    names = {"F": "statistic", "df1": "df1", "df2": "df2", "p": "p_greater"}
    for key, name in names.items():
        assert getattr(test, name) == pytest.approx(values[f"DyaDA/dyadic_covariance_F/{key}"], rel=1e-8), key


def test_plain_jackknife_is_dyada_s(case) -> None:
    """t of the mean pseudovalue. Ours is of the estimate, which is unbiased, and net of pairs."""
    values, matrix = case
    n, without = len(matrix), leave_one_out([matrix])
    mean = n * hs.srm(matrix).tidy()["estimate"].to_numpy() - (n - 1) * without.mean(axis=0)
    t = mean / np.sqrt(np.diag(jackknife_covariance(without)))
    places = [COMPONENTS.index(f"relationship {what}") for what in ("variance", "covariance")]
    places.insert(1, COMPONENTS.index("actor-partner covariance"))
    assert values["DyaDA/jackknife/order"] == ["relationship var", "actor-partner cov", "dyadic cov"]
    assert values["DyaDA/jackknife/df"] == n - 1
    np.testing.assert_allclose(t[places], values["DyaDA/jackknife/t"], rtol=1e-8)
    p = 2 * stdtr(n - 1, -np.abs(t[places]))
    np.testing.assert_allclose(p, values["DyaDA/jackknife/p_two"], rtol=1e-8, atol=1e-15)


def test_the_model_s_estimates_are_the_round_robin_s(case) -> None:
    _, matrix = case
    found, fit = hs.srm(matrix), round_robin(matrix)
    tidy = found.tidy().set_index("component")
    for component in COMPONENTS:
        name = component.replace("-", "_").replace(" ", "_")
        assert tidy.loc[component, "estimate"] == pytest.approx(getattr(fit, name), rel=1e-10)
    effects, reliabilities = found.effects(), found.reliabilities().set_index("role")
    for role in ("actor", "partner"):
        np.testing.assert_allclose(effects[role], getattr(fit, role), rtol=1e-10, atol=1e-12)
        for form, name in (("", "reliability"), ("_dyada", "reliability_dyada")):
            reliability = getattr(fit, f"{role}_reliability{form}")
            assert reliabilities.loc[role, name] == pytest.approx(reliability, rel=1e-10)


def test_no_reference_has_a_variance_below_zero(case) -> None:
    """Where one is, TripleR and DyaDA leave it out of the shares and we give none: README D.2."""
    values, _ = case
    assert min(values[f"DyaDA/{part}_variance"] for part in ("actor", "partner", "relationship")) > 0


def test_metrics_of_the_network_are_the_model_s(case) -> None:
    values, matrix = case
    names = [
        *("actor_variance", "partner_variance", "relationship_variance"),
        *("actor_partner_covariance", "relationship_covariance", "dyadic_reciprocity"),
        *("actor_share", "partner_share", "relationship_share"),
        *("actor_reliability", "partner_reliability", "generalized_reciprocity"),
    ]
    measured = measure(planned("network", names), {"ties": ties_of_matrix(matrix)}).values
    theirs = {
        "actor_share": "DyaDA/relative_variances/actor.variance",
        "partner_share": "DyaDA/relative_variances/partner.variance",
        "relationship_share": "DyaDA/relative_variances/relationship.variance",
        "relationship_covariance": "DyaDA/dyadic_covariance",
        "actor_reliability": "TripleR/effect_reliability/v.a",
        "partner_reliability": "TripleR/effect_reliability/v.p",
    }
    for name in names[:-1]:
        assert measured[name] == pytest.approx(values[theirs.get(name, f"DyaDA/{name}")], rel=1e-8), name
    assert cut(measured["generalized_reciprocity"]) == pytest.approx(
        values["DyaDA/generalized_reciprocity"], rel=1e-8
    )


def test_effects_of_people_are_the_model_s(case) -> None:
    values, matrix = case
    plan = planned("person", ["actor_effect", "partner_effect"])
    measured = measure(plan, {"ties": ties_of_matrix(matrix)}).values
    for name in ("actor", "partner"):
        np.testing.assert_allclose(
            measured[f"{name}_effect"], values[f"DyaDA/{name}_effects"], rtol=1e-8, atol=1e-12
        )


@needs_shared
def test_beyond_one_is_not_cut_in_silence() -> None:
    """README D.2: generalized reciprocity of wiring_tradejobs is -1 elsewhere, as it is cut."""
    fit = round_robin(matrix_of("wiring_tradejobs"))
    measured = measure(
        planned("network", ["generalized_reciprocity"]),
        {"ties": ties_of_matrix(matrix_of("wiring_tradejobs"))},
    )
    assert measured.values["generalized_reciprocity"] == pytest.approx(generalized(fit))
    assert generalized(fit) < -2


@needs_shared
def test_eies_to_the_digits_of_the_plan() -> None:
    fit = round_robin(np.log1p(matrix_of("eies_messages")))
    shown = [
        fit.actor_variance,
        fit.partner_variance,
        fit.relationship_variance,
        generalized(fit),
        dyadic(fit),
    ]
    assert [round(value, 6) for value in shown] == [1.242423, 0.566179, 0.840844, 0.966286, 0.629179]


def residuals_of_lme4(model: str) -> tuple[np.ndarray, dict[str, float]]:
    """EIES acquaintance less what lme4's coefficients say of it, and lme4's variances."""
    values = json.loads(found("D_mixed_models", "eies.json").read_text(encoding="utf-8"))
    fitted = values["models"][model]["lme4"]
    with found("inputs", "eies_acquaintance_t1.csv").open(encoding="utf-8") as file:
        rows = [line[1:] for line in list(csv.reader(file))[1:]]
    label = np.array([[0.0 if cell == "NA" else float(cell) for cell in row] for row in rows])
    sent, slopes = np.log1p(matrix_of("eies_messages")), fitted["coef"]
    expected = slopes["(Intercept)"] + slopes["log1p_sent"] * sent + slopes["log1p_received"] * sent.T
    return label - expected, fitted["variances"]


@needs_shared
def test_lme4_with_senders_and_receivers_is_near() -> None:
    """REML of a balanced crossed design is its analysis of variance.

    What differs: lme4 knows no covariance of the two of a pair, which takes σ_cc'/(n (n − 2)) more off the
    variances of people here (.0006 of .165), and uses two degrees of freedom for its slopes. 1 % covers both.
    """
    matrix, theirs = residuals_of_lme4("gaussian_sender_receiver_REML")
    ours = hs.srm(matrix).tidy().set_index("component")["estimate"]
    assert ours["actor variance"] == pytest.approx(theirs["sender"], rel=0.01)
    assert ours["partner variance"] == pytest.approx(theirs["receiver"], rel=0.01)
    assert ours["relationship variance"] == pytest.approx(theirs["Residual"], rel=0.01)


@needs_shared
def test_lme4_with_dyads_is_within_an_error() -> None:
    """Its dyad variance is σ_cc', its residual σ_c² − σ_cc'; it has σ_ab at 0, which here it is not.

    That moves variances of people: by less than one standard error, those of pairs by a fifth of one.
    """
    matrix, theirs = residuals_of_lme4("gaussian_sender_receiver_dyad_REML")
    ours = hs.srm(matrix).tidy().set_index("component")
    expected = {
        "actor variance": (theirs["sender"], 1.0),
        "partner variance": (theirs["receiver"], 1.0),
        "relationship variance": (theirs["dyad"] + theirs["Residual"], 0.2),
        "relationship covariance": (theirs["dyad"], 0.2),
    }
    for name, (value, errors) in expected.items():
        assert abs(ours.loc[name, "estimate"] - value) < errors * ours.loc[name, "std_error"], name


@needs_shared
def test_amen_s_posterior_is_around_the_estimates() -> None:
    """amen's prior pulls variances of people towards one another: within one posterior deviation.

    Of pairs there are 496, so the prior weighs little: within a tenth of one.
    """
    values = json.loads(found("D_amen", "eies_log1p.json").read_text(encoding="utf-8"))["VC"]
    model = hs.srm(np.log1p(matrix_of("eies_messages")))
    tidy = model.tidy().set_index("component")["estimate"]
    ours = {
        "va": (tidy["actor variance"], 1.0),
        "vb": (tidy["partner variance"], 1.0),
        "cab": (tidy["actor-partner covariance"], 1.0),
        "ve": (tidy["relationship variance"], 0.1),
        "rho": (model.correlations().set_index("correlation").loc["dyadic reciprocity", "estimate"], 0.1),
    }
    for name, (value, deviations) in ours.items():
        assert abs(value - values[name]["mean"]) < deviations * values[name]["sd"], name


@needs_shared
def test_amen_s_probit_and_crossed_logits_are_other_models() -> None:
    """Krackhardt in amen, and every logit of lme4, have covariates and a latent scale: nothing to compare."""
    values = json.loads(found("D_amen", "krackhardt_friendship.json").read_text(encoding="utf-8"))
    assert "family='bin'" in values["call"]
    assert any(name.startswith("advice") for name in values["BETA"])
    for case in ("krackhardt", "lazega", "wiring"):
        models = json.loads(found("D_mixed_models", f"{case}.json").read_text(encoding="utf-8"))["models"]
        assert all(name.startswith("logit") for name in models), case


@needs_shared
def test_model_of_eies_to_the_digits_of_the_plan() -> None:
    model = hs.srm(np.log1p(matrix_of("eies_messages")))
    tidy = model.tidy().set_index("component")["estimate"]
    reciprocity = model.correlations().set_index("correlation")["estimate"]
    shown = [*(tidy[name] for name in COMPONENTS[:3]), *reciprocity]
    assert [round(float(value), 6) for value in shown] == [1.242423, 0.566179, 0.840844, 0.966286, 0.629179]

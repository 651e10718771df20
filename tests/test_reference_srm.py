"""The social relations model against TripleR and DyaDA: every key of the reference has its place."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
LATER = {  # standard errors and tests belong to inference: issue 4
    *(f"TripleR/varComp/{component}/{key}" for component in COMPONENTS for key in OF_TESTS),
    *(f"DyaDA/dyadic_covariance_F/{key}" for key in ("F", "df1", "df2", "p")),
    *(f"DyaDA/jackknife/{key}" for key in ("order", "t", "df", "p_two", "note")),
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
    listed = [*EQUAL, *DIFFERENT, *LATER, *NEVER, *DESCRIPTION]
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

"""Correlations within rows against DyaDA, sna and plain R: every key of the reference has its place."""

from __future__ import annotations

import csv
import functools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honestsignals.errors import DesignError
from honestsignals.inference.rowwise_test import Permuted, permuted
from honestsignals.metrics.levels import measure, planned
from honestsignals.metrics.ties import ties_of_matrix
from tests.shared import REFERENCE, needs_shared, shared_path

OURS = ["toy_all_mutual4", "toy_complete4", "toy_valued4", "toy_valued5", "sim_counts40", "sim_trust40"]
REAL = [
    *("eies_messages", "knecht_friendship_t1", "krackhardt_advice", "krackhardt_friendship"),
    *("krackhardt_reports", "lazega_advice", "lazega_cowork", "lazega_friendship"),
    *("rhesus_grooming", "sampson_like_t3", "wiring_help", "wiring_tradejobs"),
]
NONE = ["toy_cycle3", "toy_empty4", "toy_missing5", "toy_one_arc3"]
UNUSED = ["eies_acquaintance_t1", "eies_acquaintance_t2"]  # with missing ties: neither peer was run
CASES = [*OURS, *(pytest.param(case, marks=needs_shared) for case in REAL)]
EVERY = [*OURS, *NONE, *(pytest.param(case, marks=needs_shared) for case in (*REAL, *UNUSED))]
SECTIONS = ("DyaDA/hemelrijk", "own_hemelrijk", "sna_qaptest")
DRAWS = 1500

VALUES = {"total": "", "rw": "_rw", "rw_weighted_average": "_rw_mean", "row_values": "_row"}
P_VALUES = {"right_p": "p_greater", "left_p": "p_less", "p_ge": "p_greater", "p_le": "p_less"}
KINDS = ("Kr", "Rr", "Zr")
EQUAL = {
    *(f"{peer}/{kind}/{key}" for peer in SECTIONS[:2] for kind in KINDS for key in VALUES),
    *("DyaDA/hemelrijk/mantel_Z", "DyaDA/hemelrijk/pearson_full", "sna_qaptest/obs"),
    *(f"DyaDA/hemelrijk/{kind}_test/exact" for kind in (*KINDS, "mantel_Z")),
}
WITHIN_ERROR = {
    *(f"DyaDA/hemelrijk/{kind}_test/{side}_p" for kind in (*KINDS, "mantel_Z") for side in ("right", "left")),
    *("own_hemelrijk/Kr_permutation/right_p", "own_hemelrijk/Kr_permutation/left_p"),
    *(f"sna_qaptest/{key}" for key in ("p_ge", "p_le", "mean_null", "sd_null")),
}
DESCRIPTION = {  # how the numbers were made; the errors follow from p and the number of draws
    *("DyaDA/hemelrijk/definition", "own_hemelrijk/definition", "sna_qaptest/call"),
    *(
        f"DyaDA/hemelrijk/{kind}_test/{key}"
        for kind in (*KINDS, "mantel_Z")
        for key in ("perm", "seed", "right_mcse")
    ),
    *(f"own_hemelrijk/Kr_permutation/{key}" for key in ("reps", "seed", "convention")),
    *("sna_qaptest/reps", "sna_qaptest/seed", "sna_qaptest/p_ge_mcse"),
}
DIFFERENT = {
    # README A.7: where a row is constant DyaDA's p of Rr is wrong, and was removed; ours is that of Kr
    # on binary data, which is tested below
    "DyaDA/hemelrijk/Rr_test/unreliable",
}


def found(*parts: str) -> Path:
    """What belongs to nobody else stands in this project; the rest in the shared folder."""
    path = REFERENCE.joinpath(*parts)
    return path if path.is_file() else shared_path("reference", *parts)


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from flat(one, f"{path}/{name}" if path else name)
    else:
        yield path, value


@functools.cache
def reference(case: str) -> dict[str, Any]:
    text = found("A_network_indices", f"{case}.json").read_text(encoding="utf-8")
    return {key: value for key, value in flat(json.loads(text)) if key.startswith(SECTIONS)}


@functools.cache
def matrix_of(case: str) -> np.ndarray:
    with found("inputs", f"{case}.csv").open(encoding="utf-8") as file:
        return np.array([[float(cell) for cell in line[1:]] for line in list(csv.reader(file))[1:]])


@functools.cache
def drawn(case: str, statistic: str) -> Permuted:
    return permuted(statistic, matrix_of(case), matrix_of(case).T, draws=DRAWS, seed=1)


def ours(case: str, name: str) -> Any:
    level = "person" if name.endswith("_row") else "network"
    return measure(planned(level, [name]), {"ties": ties_of_matrix(matrix_of(case))}).values[name]


def constant(case: str) -> bool:
    """Whether some row or column is all alike but for the diagonal."""
    matrix = matrix_of(case)
    rows = matrix[~np.eye(len(matrix), dtype=bool)].reshape(len(matrix), -1)
    columns = matrix.T[~np.eye(len(matrix), dtype=bool)].reshape(len(matrix), -1)
    return bool((np.ptp(rows, axis=1) == 0).any() or (np.ptp(columns, axis=1) == 0).any())


def error_of(p: float, draws: float) -> float:
    return math.sqrt(p * (1 - p) / draws)


@pytest.mark.parametrize("case", EVERY)
def test_every_key_has_its_place(case) -> None:
    listed = [*EQUAL, *WITHIN_ERROR, *DESCRIPTION, *DIFFERENT]
    assert len(listed) == len(set(listed))
    assert set(reference(case)) <= set(listed)
    assert bool(reference(case)) == (case not in (*NONE, *UNUSED))


def test_no_case_is_left_out() -> None:
    copied = {path.stem for path in (REFERENCE / "A_network_indices").glob("*.json")}
    assert copied >= {*OURS, *NONE}


@needs_shared
def test_no_shared_case_is_left_out() -> None:
    there = {path.stem for path in shared_path("reference", "A_network_indices").glob("*.json")}
    assert there == {*OURS, *REAL, *NONE, *UNUSED}


@pytest.mark.parametrize("case", CASES)
def test_values_are_theirs(case) -> None:
    for key, value in reference(case).items():
        if key not in EQUAL:
            continue
        *_, kind, name = key.split("/")
        if kind in KINDS:
            mine = ours(case, f"{kind.lower()}{VALUES[name]}")
            if value is None and constant(case) and key.startswith("DyaDA"):
                continue  # README A.7: DyaDA divides 0 by 0 there; own_hemelrijk has the number
            theirs = np.array(value, dtype=float)
            np.testing.assert_allclose(mine, theirs, rtol=1e-8, atol=1e-12, err_msg=key)
        elif name == "exact":
            assert drawn(case, "mantel" if kind == "mantel_Z_test" else kind[:2].lower()).exact == value
        elif name == "mantel_Z":
            assert drawn(case, "mantel").total == value
        else:
            assert drawn(case, "mantel").correlation == pytest.approx(value, rel=1e-8)


@pytest.mark.parametrize("case", [case for case in CASES if case != "toy_complete4"])
def test_p_values_are_theirs_within_their_errors(case) -> None:
    values = reference(case)
    for key, value in values.items():
        if key not in WITHIN_ERROR or key.endswith("_null"):
            continue
        section, name = key.rsplit("/", 1)
        kind = section.rsplit("/", 1)[-1]
        test = drawn(case, "mantel" if kind in ("mantel_Z_test", "sna_qaptest") else kind[:2].lower())
        draws = values.get(f"{section}/perm") or values[f"{section}/reps"]
        # README: sna counts without the data themselves
        theirs = (value * draws + 1) / (draws + 1) if name in ("p_ge", "p_le") else value
        mine = getattr(test, P_VALUES[name])
        if test.exact and values.get(f"{section}/exact"):
            assert mine == pytest.approx(theirs, rel=1e-12), key
            continue
        error = math.hypot(error_of(theirs, draws), 0 if test.exact else error_of(mine, DRAWS))
        assert abs(mine - theirs) <= 4 * error + 1 / draws, key


@pytest.mark.parametrize("case", [case for case in CASES if case not in OURS[:3]])
def test_the_null_of_the_correlation_is_sna_s(case) -> None:
    values, null = reference(case), drawn(case, "mantel").drawn
    reps, sd = values["sna_qaptest/reps"], values["sna_qaptest/sd_null"]
    each = 1 / reps + (0 if len(null) == math.factorial(len(matrix_of(case))) else 1 / len(null))
    assert abs(null.mean() - values["sna_qaptest/mean_null"]) <= 4 * sd * math.sqrt(each)
    # of a variance: 2/n where normal, more where tails are long
    excess = ((null - null.mean()) ** 4).mean() / null.var() ** 2 - 1
    assert abs(null.std() - sd) <= 4 * sd * math.sqrt(excess * each) / 2


def test_a_network_without_any_difference_is_refused() -> None:
    """README A.7: the references' total is 0 there, and p 1; a test of nothing is none."""
    assert reference("toy_complete4")["own_hemelrijk/Kr/total"] == ours("toy_complete4", "kr") == 0
    assert math.isnan(ours("toy_complete4", "kr_rw"))
    with pytest.raises(DesignError, match="does not vary within any row"):
        drawn("toy_complete4", "kr")


@needs_shared
@pytest.mark.parametrize("case", ["krackhardt_advice", "lazega_advice", "wiring_help"])
def test_binary_rows_have_one_p(case) -> None:
    """README A.7 and A.8: of 0 and 1, Kr is Zr and Rr is in proportion, so p are the same draw by draw."""
    for statistic in ("rr", "zr"):
        assert drawn(case, statistic).p_greater == drawn(case, "kr").p_greater
        assert drawn(case, statistic).p_less == drawn(case, "kr").p_less

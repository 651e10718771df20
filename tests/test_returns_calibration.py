"""Coverage and size of returns on simulated studies: the stored run, and studies of it again."""

from __future__ import annotations

import importlib.util
import json
import sys
from types import ModuleType

import numpy as np
import pytest

from tests.shared import PROJECT

STORED = json.loads(
    (PROJECT / "benchmarks" / "results" / "returns_calibration.json").read_text(encoding="utf-8")
)
ERROR = 2 * np.sqrt(0.05 * 0.95 / STORED["studies"])


@pytest.fixture(scope="module")
def calibration() -> ModuleType:
    path = PROJECT / "benchmarks" / "returns_calibration.py"
    spec = importlib.util.spec_from_file_location("returns_calibration", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["returns_calibration"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_page_is_the_stored_run(calibration: ModuleType) -> None:
    page = (PROJECT / "docs" / "returns_calibration.md").read_text(encoding="utf-8")
    assert page == calibration.page(STORED)


def test_the_run_is_of_these_designs(calibration: ModuleType) -> None:
    assert STORED["studies"] >= 1000
    for kind in ("waiting", "acting"):
        stored = STORED[kind]
        designs = getattr(calibration, kind.upper())
        assert [{key: one[key] for key in vars(own)} for one, own in zip(stored, designs, strict=True)] == [
            vars(own) for own in designs
        ]


@pytest.mark.parametrize("one", STORED["waiting"], ids=lambda one: one["name"])
def test_intervals_of_curves_cover(one) -> None:
    """93 to 97 % within two Monte-Carlo errors; where all are alike cautious, to 98.5 %."""
    most = 0.985 if "alike" in one["name"] else 0.97
    for what, share in one["shares"].items():
        if what.split(": ")[-1] in ("share at 0.5", "share at 1.5", "share at 4", "mean", "share"):
            groups = ": " in what
            assert 0.93 - ERROR <= share <= (0.985 if groups else most) + ERROR, what
    assert abs(one["bias"]) < 4 * one["sd"] / np.sqrt(STORED["studies"])


@pytest.mark.parametrize("one", STORED["waiting"], ids=lambda one: one["name"])
def test_permutations_of_groups_that_do_not_differ_reject_as_often_as_they_should(one) -> None:
    """4 to 6.5 % within two Monte-Carlo errors, where the test of packages rejects far more often."""
    for who in ("asker", "answerer", "channel"):
        assert 0.04 - ERROR <= one["shares"][f"{who}: permuted"] <= 0.065 + ERROR
        if "differ" in one["name"]:
            assert one["shares"][f"{who}: chi-square"] > 0.15


@pytest.mark.parametrize("one", STORED["acting"], ids=lambda one: one["name"])
def test_intervals_of_a_debt_cover(one) -> None:
    found = one["errors"]["jackknife"]
    assert 0.93 - ERROR <= found["coverage"] <= 0.97 + ERROR
    off = np.hypot(one["sd"] / np.sqrt(STORED["studies"]), one["truth_mc_error"])
    assert abs(one["mean"] - one["truth"]) < 4 * off + 0.02 * one["sd"]
    if one["debt"] == 0:
        assert found["rejects_nothing"] <= 0.065 + ERROR
    if one["alter"]:
        assert one["errors"]["pair"]["coverage"] < 0.9
        assert one["truth"] < one["debt"] - 0.1


def test_studies_of_the_run_come_out_again(calibration: ModuleType) -> None:
    for kind in ("waiting", "acting"):
        for one, design in zip(STORED[kind], getattr(calibration, kind.upper()), strict=True):
            more = (np.array(one["truth"]),) if kind == "waiting" else ()
            again = getattr(calibration, f"{kind}_study")(1, design, STORED["seed"], *more)
            assert again == pytest.approx(one["first"][1], rel=1e-6, abs=1e-9)

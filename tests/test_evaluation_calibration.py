"""Coverage of the intervals of evaluations on simulated studies: the stored run, and studies of it again."""

from __future__ import annotations

import importlib.util
import json
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from tests.shared import PROJECT

STORED = json.loads(
    (PROJECT / "benchmarks" / "results" / "evaluation_calibration.json").read_text(encoding="utf-8")
)
GAINS = [one for one in STORED["designs"] if one["second"]]
NOTHING = [one for one in STORED["designs"] if not one["second"]]


@pytest.fixture(scope="module")
def calibration() -> ModuleType:
    path = PROJECT / "benchmarks" / "evaluation_calibration.py"
    spec = importlib.util.spec_from_file_location("evaluation_calibration", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["evaluation_calibration"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def designs(calibration: ModuleType, which: str) -> dict[str, Any]:
    return {one.name: one for one in getattr(calibration, which)}


def test_the_page_is_the_stored_run(calibration: ModuleType) -> None:
    page = (PROJECT / "docs" / "evaluation_calibration.md").read_text(encoding="utf-8")
    assert page == calibration.page(STORED)


def test_designs_are_those_of_the_run(calibration: ModuleType) -> None:
    known = {**designs(calibration, "DESIGNS"), **designs(calibration, "LONGER")}
    assert {*designs(calibration, "DESIGNS")} <= {one["name"] for one in STORED["designs"]}
    for one in STORED["designs"]:
        assert {key: one[key] for key in vars(known[one["name"]])} == vars(known[one["name"]])


@pytest.mark.parametrize("one", GAINS, ids=lambda one: one["name"])
def test_intervals_cover_a_gain_of_auc_that_there_is(one) -> None:
    """93 to 97 % within two Monte-Carlo errors."""
    found = one["scores"]["auc"]
    assert one["studies"] >= 1000
    assert 0.93 - 2 * found["mc_error"] <= found["coverage"] <= 0.97 + 2 * found["mc_error"]
    assert found["known_gain"] > 4 * found["known_gain_mc_error"]


@pytest.mark.parametrize("one", NOTHING, ids=lambda one: one["name"])
def test_intervals_of_no_gain_are_seldom_above_0(one) -> None:
    found = one["scores"]["auc"]
    assert one["studies"] >= 1000
    assert found["above_zero"] <= 0.035
    assert found["known_gain"] < 2 * found["known_gain_mc_error"]


@pytest.mark.parametrize("one", [*STORED["designs"], *STORED["others"]], ids=lambda one: one["name"])
def test_estimates_are_of_the_known_gain(one) -> None:
    """Without bias, within four Monte-Carlo errors."""
    for name, found in one["scores"].items():
        error = np.hypot(found["sd"] / np.sqrt(one["studies"]), found["known_gain_mc_error"])
        assert abs(found["mean"] - found["known_gain"]) < 4 * error, name


@pytest.mark.parametrize("name", ["60 people", "30 people, 2 groups", "60 people, no gain"])
def test_studies_of_the_run_come_out_again(calibration: ModuleType, name) -> None:
    stored = next(one for one in STORED["designs"] if one["name"] == name)
    design = designs(calibration, "DESIGNS")[name]
    for number in (0, 1):
        again = calibration.study(number, design, STORED["seed"], False)[0]
        assert again == pytest.approx(stored["first"][number], rel=1e-6, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("which", "name"), [("LONGER", "60 people, acts, directed"), ("OTHERS", "60 people, ordinal")]
)
def test_studies_are_evaluated_as_by_the_package(calibration: ModuleType, which, name) -> None:
    design = designs(calibration, which)[name]
    rng = np.random.default_rng([STORED["seed"], *design.key, 0])
    ego, alter, first, second, y = calibration.draw(design, rng)
    frame = pd.DataFrame({"ego": ego, "alter": alter, "first": first, "second": second, "label": y})
    frame["in_contact"] = frame["second"].notna().astype(float)
    if design.label == "ordinal":
        frame["label"] = pd.Categorical(y.astype(int).astype(str), ordered=True)
    steps = {"first": ["first"], "second": ["second", "in_contact"] if design.acts else ["second"]}
    found = hs.evaluate(frame, label="label", ladder=steps, seed=0)
    gain = found.gain("second", "first")
    own = calibration.study(0, design, STORED["seed"], False)[0][:4]
    assert [gain.value, gain.std_error, gain.low, gain.high] == pytest.approx(own, rel=1e-6, abs=1e-9)
    row = found.tidy().iloc[-1]
    name = found.score.name
    assert [row[f"{name}_gain_low"], row[f"{name}_gain_high"]] == pytest.approx(own[2:], rel=1e-6, abs=1e-9)

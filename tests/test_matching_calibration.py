"""Bias and coverage of matching on simulated studies: the stored run, its page, and studies of it again."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import re
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import honestsignals as hs
from tests.shared import PROJECT

PATH = PROJECT / "benchmarks" / "results" / "matching_calibration.json"
STORED = json.loads(PATH.read_text(encoding="utf-8"))
TERMS = [
    pytest.param(one, name, id=f"{one['name']}: {name}")
    for one in STORED["designs"]
    if not one["differ"]
    for name in one["terms"]
]


@pytest.fixture(scope="module")
def calibration() -> ModuleType:
    path = PROJECT / "benchmarks" / "matching_calibration.py"
    spec = importlib.util.spec_from_file_location("matching_calibration", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["matching_calibration"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_page_is_the_stored_run(calibration: ModuleType) -> None:
    page = (PROJECT / "docs" / "matching_calibration.md").read_text(encoding="utf-8")
    assert page == calibration.page(STORED)


def test_designs_are_those_of_the_run(calibration: ModuleType) -> None:
    known = {one.name: vars(one) for one in calibration.DESIGNS}
    for one in STORED["designs"]:
        assert {key: one[key] for key in known[one["name"]]} == known[one["name"]]
        assert one["studies"] >= 1000
        assert one["without"] <= (0.05 * one["studies"] if one["moderation"].get("of") == "pairs" else 0)


@pytest.mark.parametrize(("one", "name"), TERMS)
def test_slopes_are_unbiased_and_covered(one: dict[str, Any], name: str) -> None:
    """Bias within 3.5 Monte-Carlo errors; 93 to 97 % of intervals cover, within two.

    Slopes of half the pairs have half the turns, of which a little bias is left, as the page says; and
    studies that are refused are those in which much persists.
    """
    found = one["terms"][name]
    halved = one["moderation"].get("of") == "pairs"
    assert abs(found["bias"]) < (0.15 * found["sd"] if halved else 3.5 * found["bias_mc_error"])
    assert 0.93 - 2 * found["mc_error"] <= found["coverage"] <= 0.97 + 2 * found["mc_error"]


@pytest.mark.parametrize(
    ("one", "name"), [one for one in TERMS if one.values[0]["terms"][one.values[1]]["truth"] == 0]
)
def test_what_is_not_there_is_seldom_found(one: dict[str, Any], name: str) -> None:
    """4 to 6.5 % of tests reject a true null, within two Monte-Carlo errors."""
    found = one["terms"][name]
    assert 0.04 - 2 * found["mc_error"] <= 1 - found["coverage"] <= 0.065 + 2 * found["mc_error"]


@pytest.mark.parametrize("place", range(len(STORED["designs"])))
def test_studies_of_the_run_come_out_again(calibration: ModuleType, place: int) -> None:
    stored = STORED["designs"][place]
    design = next(one for one in calibration.DESIGNS if one.name == stored["name"])
    again = calibration.study(design, 1, STORED["seed"], False)
    for key, values in again.items():
        assert values == pytest.approx(stored["kept"][1][key], rel=1e-6, abs=1e-8)


def test_studies_are_estimated_as_by_the_package(calibration: ModuleType) -> None:
    options = hs.Disclosure(weekly=0.2, contact=0.2)
    moderation = hs.Moderation(matching=0.2)
    simulation = hs.simulate_disclosure(
        seed=9, people=30, days=182, disclosure=options, moderation=moderation
    )
    found = hs.matching(simulation.log, by="ego_culture", people=simulation.people).tidy()
    log = simulation.log.acts
    order = np.lexsort((log.time, np.maximum(log.sender, log.receiver), np.minimum(log.sender, log.receiver)))
    ego, alter = log.sender[order].astype(np.int64), log.receiver[order].astype(np.int64)
    pair = np.minimum(ego, alter) * 30 + np.maximum(ego, alter)
    begins = calibration._begins(pair, ego)
    second = (simulation.people["culture"] == "b").to_numpy().astype(float)
    turns = (log.columns["depth"][order], pair, ego, alter, second[ego])
    series, unit = calibration.series_of(tuple(one[begins] for one in turns), True)
    model = calibration.TurnModel(series)
    scale = np.repeat([1.0, 1.0, unit], 2)
    np.testing.assert_allclose(found["estimate"], model.solve() * scale, rtol=1e-6)


def words_of_the_page() -> str:
    return " ".join((PROJECT / "docs" / "matching.md").read_text(encoding="utf-8").split())


def came_out(design: str, name: str, of: str = "") -> str:
    """A mean estimate of the stored run."""
    one = next(one for one in STORED["designs"] if one["name"] == design)["terms"][name]
    return f"{one['truth'] + one[f'bias of {of}' if of else 'bias']:.2f}"


def test_what_the_page_says_of_least_squares_is_of_the_stored_run() -> None:
    design, text = "40 people, half a year", words_of_the_page()
    pooled = {name: came_out(design, name, "pooled") for name in ("matching", "own", "escalation")}
    assert (
        f"own persistence of 0.2 comes out at {pooled['own']}, matching of 0.3 at {pooled['matching']}, "
        f"escalation of 0.3 at {pooled['escalation']}."
    ) in text
    low, _, high = next(one for one in STORED["designs"] if one["name"] == design)["turns"]
    own = came_out(design, "own", "within")
    assert f"own persistence of 0.2 comes out at {own} in pairs of {low:.0f} to {high:.0f} turns" in text
    differ = came_out("50 people, half a year, who differ in matching", "own")
    assert f"(0.2 comes out at {differ} where m differs by 0.1)" in text


def test_what_the_page_says_of_a_moderator_of_pairs_is_of_the_stored_run() -> None:
    one = next(one for one in STORED["designs"] if one["moderation"].get("of") == "pairs")
    assert one["moderation"]["matching"] + one["terms"]["matching"]["truth"] == pytest.approx(0.5)
    covered = [term["coverage"] for term in one["terms"].values()]
    found = [f"{1 - term['coverage']:.3f}" for term in one["terms"].values() if term["truth"] == 0]
    assert (
        f"{one['without']} of {one['studies']:,} studies had too few turns to tell the slopes of that half, "
        f"which is refused; intervals of the others covered {min(covered):.3f} to {max(covered):.3f}, and "
        f"differences that were not there were found in {' and '.join(found)}."
    ) in words_of_the_page()
    low = one["terms"]["own"]["bias"]
    assert f"Own persistence of 0.2 came out {-low:.3f} low" in words_of_the_page()
    assert all(np.isfinite(term["error_of_sd"]) for term in one["terms"].values())


def test_what_the_page_says_of_error_of_ratings_comes_out() -> None:
    found = []
    for error in (0.3, 0.6):
        options = hs.Disclosure(rating_sd=error)
        log = hs.simulate_disclosure(seed=5, people=60, days=365, disclosure=options).log
        found.append(f"{hs.matching(log).tidy()['estimate'][0]:.2f}")
    said = f"came out at {found[0]} over a year of 60 people; of the same size, at {found[1]}."
    assert said in words_of_the_page()


def test_the_examples_of_the_page_run_in_order() -> None:
    text = (PROJECT / "docs" / "matching.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        for block in re.findall(r"```python\n(.*?)```", text, re.S):
            exec(block, names)
    assert "relationship covariance" in out.getvalue()
    assert names["by_culture"].tidy()["estimate"][1] == pytest.approx(0.2, abs=0.1)

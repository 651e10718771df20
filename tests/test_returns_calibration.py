"""Coverage and size of returns on simulated studies: the stored run, and studies of it again."""

from __future__ import annotations

import importlib.util
import json
import sys
from types import ModuleType

import numpy as np
import pytest

from tests.shared import PROJECT, needs_shared, shared_path


def stored(name: str) -> dict:
    return json.loads((PROJECT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))


STORED, MODERATED = stored("returns_calibration"), stored("moderated_hazards")
ERROR = 2 * np.sqrt(0.05 * 0.95 / STORED["studies"])


def benchmark(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PROJECT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def calibration() -> ModuleType:
    return benchmark("returns_calibration")


@pytest.fixture(scope="module")
def moderated() -> ModuleType:
    return benchmark("moderated_hazards")


def text_of(page: str) -> str:
    """A page's words, wherever its lines break."""
    return " ".join((PROJECT / "docs" / page).read_text(encoding="utf-8").split())


def test_the_page_is_the_stored_run(calibration: ModuleType) -> None:
    page = (PROJECT / "docs" / "returns_calibration.md").read_text(encoding="utf-8")
    assert page == calibration.page(STORED, MODERATED)


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


def test_the_page_says_how_often_the_chi_square_rejects() -> None:
    """Of each kind of groups, where people differ, and where all are alike."""
    page = text_of("returns_calibration.md")
    differ = [one["shares"] for one in STORED["waiting"] if "differ" in one["name"]]
    people = [100 * one[f"{who}: chi-square"] for one in differ for who in ("asker", "answerer")]
    channel = [100 * one["channel: chi-square"] for one in differ]
    assert f"nulls of groups of people in {min(people):.0f} to {max(people):.0f} % of studies" in page
    assert f"in {min(channel):.1f} to {max(channel):.1f} %; where all are alike" in page
    (alike,) = (one["shares"] for one in STORED["waiting"] if "alike" in one["name"])
    assert max(alike[f"{who}: chi-square"] for who in ("asker", "answerer", "channel")) <= 0.065 + ERROR


# moderated hazards


@pytest.mark.parametrize("one", MODERATED["cells"], ids=lambda one: one["name"])
def test_a_moderated_hazard_covers_and_claims_nothing_of_nothing(one) -> None:
    studies = MODERATED["studies"]
    assert studies - one["failed"] >= 1000
    tie = one["of"] == "tie"
    own = one["errors"]["dyadic" if tie else "jackknife"]
    # of ties cautious, as the page says
    assert 0.93 - ERROR <= own["covers"] <= (0.99 if tie else 0.97) + ERROR
    assert abs(one["mean"] - one["shift"]) < 4 * one["sd"] / np.sqrt(studies) + 0.05 * one["sd"]
    if not one["shift"]:
        assert (0.0 if tie else 0.04 - ERROR) <= own["rejects_nothing"] <= 0.065 + ERROR
    if not one["slopes"] and not (tie and one["ego"]):
        assert all(0.93 - ERROR <= share <= 0.975 + ERROR for share in own["slopes"])


def test_studies_of_the_moderated_run_come_out_again(moderated: ModuleType) -> None:
    for one, design in zip(MODERATED["cells"], moderated.DESIGNS, strict=True):
        assert {key: one[key] for key in vars(design)} == vars(design)
        again = moderated.study(1, design, MODERATED["seed"])
        assert again == pytest.approx(one["first"][1], rel=1e-6, abs=1e-9)


# what other pages say


@needs_shared
def test_the_page_says_what_the_logs_say() -> None:
    page = (PROJECT / "docs" / "returns.md").read_text(encoding="utf-8")
    assert benchmark("returns_logs").tables(shared_path("datasets")) in page


def cells(kind: str) -> list[dict]:
    return [
        one for one in stored("dynamics_calibration")["cells"] if one["kind"] == kind and not one.get("by")
    ]


def percent(values: list[float]) -> str:
    """From the least to the most, whole."""
    low, high = (f"{100 * end:.0f}" for end in (min(values), max(values)))
    return f"{low}–{high} %"


def test_the_page_of_dynamics_says_what_is_stored() -> None:
    page, loops = text_of("dynamics.md"), cells("feedback")
    first = next(one for one in loops if one["planted"] and one["people_differ"])
    pooled, demeaned = f"{first['pooled'][0]:+.2f}", f"{first['demeaned'][0]:.2f}".replace("-", "−")
    assert max(abs(one["bias"][0]) for one in loops) < 0.01
    covered = percent([share for one in loops for share in one["covered"]])
    assert (
        f"Of ten windows the first way is off by {pooled} in a path of 0.3, the second by {demeaned}, and "
        f"the double filter by less than 0.01; its nominal .95 intervals cover {covered}"
    ) in page
    ties = cells("ties")
    covered = percent([share for one in ties for share in one["covered"]])
    size = percent([share for one in ties if not one["planted"] for share in one["size"]])
    assert (
        f"Intervals of studies of 40 people cover {covered}, and tests of no effect reject in {size}" in page
    )


def test_the_page_of_dynamics_says_what_is_stored_of_bends() -> None:
    page, bends = text_of("dynamics.md"), cells("bend")
    planted = {one["people_differ"]: one for one in bends if one["planted"]}
    bias = {f"{one['bias'][0]:.2f}" for one in planted.values()}
    spread = [f"{planted[differ]['spread'][0]:.2f}" for differ in (False, True)]
    covered = percent([one["covered"][0] for one in planted.values()])
    assert len(bias) == 1
    assert (
        f"the turning point came back with a bias of {bias.pop()} (its spread is {spread[0]} where people do "
        f"not differ in the curve, {spread[1]} where they do), and its intervals cover {covered}"
    ) in page
    size = [[one["size"][place] for one in bends if not one["planted"]] for place in range(3)]
    assert round(100 * max(size[1])) == 0
    assert (
        f"the test of a bend rejects in {percent(size[0])} of studies, `both_ends()` in none, `too_soon()` "
        f"in {percent(size[2])}"
    ) in page

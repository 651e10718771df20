"""Coverage of moderated slopes: the stored run, its page, and a small run of today's code."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import honestsignals as hs
from tests.shared import PROJECT
from tests.test_inference_calibration import loaded

STORED = PROJECT / "benchmarks" / "results" / "moderation_calibration.json"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    loaded("calibration")
    return loaded("moderation_calibration")


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    return json.loads(STORED.read_text(encoding="utf-8"))


def test_the_page_is_the_stored_run(benchmark: ModuleType, stored: dict[str, Any]) -> None:
    page = (PROJECT / "docs" / "calibration_moderation.md").read_text(encoding="utf-8")
    assert page == benchmark.page(stored)


def test_interactions_are_unbiased_and_covered_and_seldom_claimed(
    benchmark: ModuleType, stored: dict[str, Any]
) -> None:
    assert [one["design"] for one in stored["designs"]] == [one.name for one in benchmark.designs([40, 60])]
    for one in stored["designs"]:
        assert one["studies"] >= 1000
        assert one["failed"] == 0
        # a logit of forty people is biased away from 0, by a tenth of its spread at most
        room = 0.1 * one["sd"] if one["label"].startswith("logit") else 0.0
        assert abs(one["bias"]) < 2.6 * one["bias_error"] + room, one["design"]
        found = one["methods"]["jackknife"]
        for name in ("interaction", "low", "mean", *(["high"] if one["moderator"] != "of people" else [])):
            error = 2 * np.sqrt(found[name] * (1 - found[name]) / one["studies"])
            assert found[name] + error >= 0.93, (one["design"], name)
            assert found[name] - error <= 0.97, (one["design"], name)
        assert found["whole line, at once"] >= 0.95
        assert found["whole line, pointwise"] <= 0.925
        if not one["interaction"]:
            error = 2 * np.sqrt(0.05 * 0.95 / one["studies"])
            assert 0.04 - error <= found["rejected"] <= 0.065


@pytest.mark.slow
def test_studies_of_today_are_the_stored_ones(benchmark: ModuleType, stored: dict[str, Any]) -> None:
    one = benchmark.designs([40])[1]
    then = next(each for each in stored["designs"] if each["design"] == one.name)
    beta = benchmark.truth(one)
    today = [benchmark.study(one, beta, [1, *one.key, number]) for number in range(30)]
    share = then["methods"]["jackknife"]["interaction"]
    assert abs(np.mean([each["jackknife"][0] for each in today]) - share) < 4 * np.sqrt(
        share * (1 - share) / 30
    )
    assert abs(np.mean([each["beta"] for each in today]) - one.interaction) < 4 * then["sd"] / np.sqrt(30)


def test_what_is_calibrated_is_what_moderation_says(benchmark: ModuleType) -> None:
    """The same estimates, intervals and bands as from the one call on a frame of the same columns."""
    import pandas as pd

    one = benchmark.designs([40])[1]
    rng = np.random.default_rng(3)
    ego, alter, X = benchmark.drawn(one, rng)
    y = benchmark.labels(one.cell, ego, alter, X, benchmark.truth(one), rng)
    frame = pd.DataFrame({"ego": ego, "alter": alter, "volume": X[:, 1], "balance": X[:, 2], "m": X[:, 3]})
    frame["y"] = y
    found = hs.moderation("y ~ balance + volume", frame, by="m", family="gaussian")
    fit = hs.fit("y ~ balance * m + volume", frame, family="gaussian")
    order = [fit.model.names.index(name) for name in ("Intercept", "volume", "balance", "m", "balance:m")]
    m = X[:, 3]
    C = np.zeros((3, 5))
    C[:, order] = benchmark.at_values(m.mean() + m.std() * np.array([-1.0, 0.0, 1.0]))
    each = benchmark.combinations(fit.estimate.beta, fit.covariance, C)
    tidy = found.tidy()
    for name in ("estimate", "low", "high", "df"):
        np.testing.assert_allclose(tidy[name], getattr(each, name), rtol=1e-8)
    curve = found.curve()
    L = np.zeros((len(curve), 5))
    L[:, order] = benchmark.at_values(curve["value"].to_numpy())
    along = benchmark.combinations(fit.estimate.beta, fit.covariance, L)
    wide = benchmark.simultaneous_reach(along.df, 2) * along.std_error
    np.testing.assert_allclose(curve["high_all"] - curve["estimate"], wide, rtol=1e-7)

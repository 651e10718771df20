"""Slopes of columns measured with error: how far they shrink, and what is mended."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs


def study(seed: int, reliability: float, related: float = 0.0, n: int = 24) -> pd.DataFrame:
    """Ordered pairs; the true slope of depth is 1, of acts 0.5, and depth and acts correlate."""
    rng = np.random.default_rng(seed)
    ego, alter = np.nonzero(~np.eye(n, dtype=bool))
    acts = rng.normal(size=ego.size)
    depth = related * acts + np.sqrt(1 - related**2) * rng.normal(size=ego.size)
    spread = np.sqrt((1 - reliability) / reliability)
    people = 0.3 * rng.normal(size=n)
    made = pd.DataFrame({"ego": ego, "alter": alter, "acts": acts, "true": depth})
    made["depth"] = depth + spread * rng.normal(size=ego.size)
    made["trust"] = depth + 0.5 * acts + people[ego] + rng.normal(size=ego.size)
    return made


@pytest.mark.parametrize(("reliability", "related"), [(1.0, 0.0), (0.8, 0.0), (0.6, 0.5), (0.9, 0.7)])
def test_slopes_shrink_by_the_factor_and_are_mended(reliability: float, related: float) -> None:
    found = []
    for seed in range(15):
        fit = hs.fit("trust ~ depth + acts", study(seed, reliability, related), family="gaussian")
        found.append(hs.attenuation(fit, "depth", reliability))
    factor = np.mean([one.factor for one in found])
    shared = reliability * related**2
    assert factor == pytest.approx((reliability - shared) / (1 - shared), abs=0.01)
    table = pd.concat([one.tidy() for one in found]).groupby("slope")["estimate"]
    error = table.std() / np.sqrt(15)
    assert abs(table.mean()["as fitted"] - factor) < 4 * error["as fitted"] + 0.005
    assert abs(table.mean()["corrected"] - 1.0) < 4 * error["corrected"]


@pytest.mark.slow
def test_intervals_of_mended_slopes_cover() -> None:
    covered = []
    for seed in range(80):
        fit = hs.fit("trust ~ depth + acts", study(seed, 0.6, 0.5, 12), family="gaussian")
        row = hs.attenuation(fit, "depth", 0.6).tidy().iloc[1]
        covered.append(row["low"] <= 1.0 <= row["high"])
    assert np.mean(covered) >= 0.88


def test_with_reliability_1_nothing_changes_and_units_do_not_matter() -> None:
    made = study(1, 0.7, 0.4)
    fit = hs.fit("trust ~ depth + acts", made, family="gaussian")
    same = hs.attenuation(fit, "depth", 1).tidy()
    assert same.iloc[0, 2:].tolist() == same.iloc[1, 2:].tolist()
    found = hs.attenuation(fit, "depth", 0.7)
    assert found.tidy()["p_value"].nunique() == 1
    scaled = hs.fit("trust ~ depth + acts", made.assign(depth=5 + 2 * made["depth"]), family="gaussian")
    other = hs.attenuation(scaled, "depth", 0.7)
    assert other.factor == pytest.approx(found.factor)
    np.testing.assert_allclose(2 * other.tidy()["estimate"], found.tidy()["estimate"])


def test_shared_variance_goes_by_weight() -> None:
    made = study(2, 0.7, 0.6)
    twice = pd.concat([made, made.iloc[:100]], ignore_index=True)
    weights = np.where(np.arange(len(made)) < 100, 2.0, 1.0)
    one = hs.fit("trust ~ depth + acts", made, family="gaussian", weights=weights)
    other = hs.fit("trust ~ depth + acts", twice, family="gaussian")
    assert hs.attenuation(one, "depth", 0.7).factor == pytest.approx(
        hs.attenuation(other, "depth", 0.7).factor
    )


def test_refusals() -> None:
    made = study(3, 0.7, 0.6)
    fit = hs.fit("trust ~ depth + acts", made, family="gaussian")
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'depth'"):
        hs.attenuation(fit, "dept", 0.7)
    for wrong in (0, 1.2, float("nan"), "0.7", True):
        with pytest.raises(hs.ArgumentError, match="above 0 and at most 1"):
            hs.attenuation(fit, "depth", wrong)
    with pytest.raises(hs.FitError, match="could be error alone"):
        hs.attenuation(fit, "depth", 0.2)
    with pytest.raises(hs.ArgumentError, match="takes the result of fit"):
        hs.attenuation(made, "depth", 0.7)
    logit = hs.fit("yes ~ depth", made.assign(yes=made["trust"] > 0), family="logit")
    with pytest.raises(hs.DesignError, match="gaussian labels alone"):
        hs.attenuation(logit, "depth", 0.7)
    beside = hs.fit("trust ~ depth", made, family="gaussian", fixed_effects="sender")
    with pytest.raises(hs.DesignError, match="effects of people"):
        hs.attenuation(beside, "depth", 0.7)


def test_without_a_constant_the_mean_counts_as_spread() -> None:
    """Error is small beside the mean then: with x about 2 a slope is hardly pulled."""
    rng = np.random.default_rng(3)
    ego, alter = np.triu_indices(60, 1)
    true = rng.normal(2, 0.5, ego.size)
    rows = pd.DataFrame({"ego": ego, "alter": alter, "depth": true + rng.normal(0, 0.25, ego.size)})
    rows["trust"] = 3 * true
    alone = hs.attenuation(hs.fit("trust ~ depth - 1", rows, family="gaussian"), "depth", 0.8)
    assert alone.tidy()["estimate"].iloc[1] == pytest.approx(3, abs=0.03)
    x, noise = rows["depth"].to_numpy(), 0.2 * rows["depth"].var(ddof=0)
    assert alone.factor == pytest.approx(1 - noise / np.mean(x**2), rel=1e-10)

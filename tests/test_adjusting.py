"""P values of several tests at once, against independent software and by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.multitest import multipletests

from honestsignals.errors import ArgumentError
from honestsignals.inference.adjusting import ADJUSTMENTS, adjusted, benjamini_hochberg, holm

THEIRS = {"holm": "holm", "benjamini_hochberg": "fdr_bh"}
P_VALUES = arrays(float, st.integers(1, 25), elements=st.floats(0, 1))


@pytest.mark.parametrize("how", THEIRS)
@settings(deadline=None)
@given(p=P_VALUES)
def test_they_are_those_of_statsmodels(how: str, p) -> None:
    theirs = multipletests(p, method=THEIRS[how])[1]
    np.testing.assert_allclose(adjusted(p, how), theirs, rtol=1e-12, atol=1e-12)


def holm_by_rejecting(p: np.ndarray, alpha: float) -> np.ndarray:
    """Holm's procedure as he tells it: test the smallest, go on until one is not rejected."""
    rejected = np.zeros(len(p), dtype=bool)
    for place, index in enumerate(np.argsort(p, kind="stable")):
        if p[index] > alpha / (len(p) - place):
            break
        rejected[index] = True
    return rejected


def benjamini_hochberg_by_rejecting(p: np.ndarray, q: float) -> np.ndarray:
    """Theirs: the largest k with p_(k) at most k q / m, and all up to it."""
    ordered = np.sort(p)
    fits = [k for k in range(1, len(p) + 1) if ordered[k - 1] <= k * q / len(p)]
    return p <= ordered[max(fits) - 1] if fits else np.zeros(len(p), dtype=bool)


@pytest.mark.parametrize("level", [0.013, 0.051, 0.21])
def test_rejections_are_those_of_the_procedures(level: float) -> None:
    rng = np.random.default_rng(4)
    for _ in range(300):
        p = rng.beta(0.3, 1.0, rng.integers(1, 12))
        np.testing.assert_array_equal(holm(p) <= level, holm_by_rejecting(p, level))
        np.testing.assert_array_equal(
            benjamini_hochberg(p) <= level, benjamini_hochberg_by_rejecting(p, level)
        )


@pytest.mark.parametrize("adjust", ADJUSTMENTS.values())
@given(p=P_VALUES, seed=st.integers(0, 99))
def test_order_does_not_matter_and_nothing_gets_smaller(adjust, p, seed) -> None:
    order = np.random.default_rng(seed).permutation(p.size)
    out = adjust(p)
    np.testing.assert_array_equal(adjust(p[order]), out[order])
    assert (out >= p * (1 - 1e-15)).all()
    assert (out <= 1).all()
    assert (np.diff(out[np.argsort(p, kind="stable")]) >= 0).all()


@pytest.mark.parametrize("adjust", ADJUSTMENTS.values())
def test_a_test_that_was_not_made_is_not_counted(adjust) -> None:
    p = np.array([0.01, np.nan, 0.2, 0.03, np.nan])
    out = adjust(p)
    assert np.isnan(out[[1, 4]]).all()
    np.testing.assert_array_equal(out[[0, 2, 3]], adjust(p[[0, 2, 3]]))
    assert np.isnan(adjust([np.nan])).all()
    assert adjust([]).shape == (0,)
    assert adjust([[0.5, 0.2], [0.1, 0.9]]).shape == (2, 2)


def test_false_rejections_stay_below_alpha_where_tests_depend() -> None:
    """Equicorrelated normal tests of true hypotheses: .05 in 4,000 studies, within 3 Monte-Carlo errors."""
    from scipy.special import ndtr

    rng = np.random.default_rng(1)
    for correlation in (0.0, 0.8):
        shared, own = rng.normal(size=(4000, 1)), rng.normal(size=(4000, 6))
        z = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
        p = 2 * ndtr(-np.abs(z))
        wrong = np.mean([(holm(row) <= 0.05).any() for row in p])
        assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)


def test_what_is_no_p_value_and_no_adjustment_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"p_values holds 1\.2; a p value lies between 0 and 1\."):
        holm([0.1, 1.2])
    with pytest.raises(ArgumentError, match=r"p_values holds -0\.1;"):
        benjamini_hochberg([-0.1])
    with pytest.raises(ArgumentError, match=r"adjust is 'holms'.*Did you mean 'holm'"):
        adjusted([0.1], "holms")

"""Joint tests and t tests: distributions, contrasts, and where there is no test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from honestsignals.errors import ArgumentError
from honestsignals.inference.covariance import COVARIANCES, Covariance, classical, dyadic, jackknife
from honestsignals.inference.wald import coefficient_tests, wald
from tests.networks import case_rows, simulated
from tests.shared import needs_shared

ROWS = simulated(3, n_people=20)
FIT = ROWS.fit("gaussian")
CODES = (ROWS.ego, ROWS.alter, ROWS.names)


def test_classical_tests_are_those_of_statsmodels() -> None:
    from statsmodels.regression.linear_model import OLS

    peer = OLS(ROWS.y, ROWS.X).fit()
    V = classical(FIT, *CODES)
    tests = coefficient_tests(FIT.beta, V, level=0.9)
    np.testing.assert_allclose(tests.statistic, peer.tvalues, rtol=1e-9)
    np.testing.assert_allclose(tests.p_value, peer.pvalues, rtol=1e-8)
    np.testing.assert_allclose(np.column_stack([tests.low, tests.high]), peer.conf_int(0.1), rtol=1e-9)
    joint = wald(FIT.beta, V, [1, 2])
    assert joint.wald / 2 == pytest.approx(float(np.squeeze(peer.f_test(np.eye(3)[1:]).fvalue)), rel=1e-9)


def test_logit_tests_are_normal() -> None:
    from statsmodels.discrete.discrete_model import Logit

    rows = simulated(3, n_people=20, family="logit")
    fit = rows.fit("logit")
    peer = Logit(rows.y, rows.X).fit(disp=0)
    V = classical(fit, rows.ego, rows.alter, rows.names)
    np.testing.assert_allclose(coefficient_tests(fit.beta, V).p_value, peer.pvalues, rtol=1e-6)
    joint, expected = wald(fit.beta, V, [1, 2]), peer.wald_test(np.eye(3)[1:], scalar=True)
    assert joint.statistic == pytest.approx(float(expected.statistic), rel=1e-6)
    assert joint.p_value == pytest.approx(float(expected.pvalue), rel=1e-6)
    assert joint.df2 == np.inf


def test_hotellings_scaling() -> None:
    V = jackknife(FIT, *CODES)
    test = wald(FIT.beta, V, [1, 2])
    nu = V.df[1:].min()
    assert test.wald == pytest.approx(FIT.beta[1:] @ np.linalg.solve(V.block([1, 2]), FIT.beta[1:]))
    assert (test.df1, test.df2) == (2, pytest.approx(nu))
    assert test.statistic == pytest.approx(test.wald / 2)
    assert test.p_value == pytest.approx(stats.f.sf(test.statistic, 2, nu))


@pytest.mark.parametrize("name", list(COVARIANCES))
def test_one_coefficient_is_its_t_test(name: str) -> None:
    V = COVARIANCES[name](FIT, *CODES)
    for index in range(3):
        test = wald(FIT.beta, V, [index])
        assert test.statistic == pytest.approx((FIT.beta[index] / V.std_error[index]) ** 2)
        assert test.p_value == pytest.approx(coefficient_tests(FIT.beta, V).p_value[index])


@pytest.mark.parametrize("name", list(COVARIANCES))
def test_a_contrast_is_the_same_in_other_words(name: str) -> None:
    V = COVARIANCES[name](FIT, *CODES)
    by_index = wald(FIT.beta, V, [1, 2])
    R = np.array([[0.0, 1.0, 1.0], [0.0, 1.0, -1.0]])
    assert wald(FIT.beta, V, restrictions=R).wald == pytest.approx(by_index.wald)
    null = wald(FIT.beta, V, restrictions=R, values=R @ FIT.beta)
    assert null.wald == pytest.approx(0, abs=1e-18)
    assert null.p_value == pytest.approx(1)


def test_tails_do_not_vanish() -> None:
    V = Covariance("classical", np.eye(1) * 1e-2, None, np.array([np.inf]), ())
    assert 0 < coefficient_tests(np.array([2.0]), V).p_value[0] < 1e-80
    assert 0 < wald(np.array([2.0]), V, [0]).p_value < 1e-80


def test_no_test_with_too_few_degrees_of_freedom() -> None:
    V = replace(jackknife(FIT, *CODES), df=np.array([9.0, 9.0, 1.9]))
    test = wald(FIT.beta, V, [0, 1, 2])
    assert np.isnan(test.p_value)
    assert test.note == "no joint test: 3 coefficients with 1.9 effective degrees of freedom"
    assert np.isfinite(test.wald)


@needs_shared
def test_no_test_without_a_variance() -> None:
    rows = case_rows("krackhardt")
    fit = rows.fit("gaussian")
    V = dyadic(fit, rows.ego, rows.alter, rows.names)
    test = wald(fit.beta, V, [1, 3])
    assert np.isnan(test.p_value)
    assert test.note == "no joint test: a variance is missing or not positive"
    assert np.isfinite(wald(fit.beta, V, [1, 2]).p_value)  # reports_to spoils no other test


def test_an_indefinite_matrix_is_mended_and_gives_no_joint_test() -> None:
    V = Covariance("dyadic", np.array([[1.0, 1.2], [1.2, 1.0]]), None, np.full(2, 9.0), ())
    assert np.linalg.eigvalsh(V.block([0, 1])).min() == pytest.approx(0, abs=1e-12)
    test = wald(np.array([1.0, 2.0]), V, [0, 1])
    assert np.isnan(test.p_value)
    assert test.note == (
        "no joint test: dyadic errors give some combination of these coefficients a variance below 0"
    )


def test_a_coefficient_without_an_error_has_no_test() -> None:
    V = Covariance("dyadic", np.diag([1.0, -1.0]), None, np.full(2, 9.0), ())
    tests = coefficient_tests(np.array([1.0, 1.0]), V)
    assert np.isnan([tests.p_value[1], tests.low[1], tests.high[1]]).all()
    assert np.isfinite(tests.p_value[0])


def test_arguments_are_checked() -> None:
    V = classical(FIT, *CODES)
    with pytest.raises(ArgumentError, match="either indices of coefficients or a matrix"):
        wald(FIT.beta, V)
    with pytest.raises(ArgumentError, match="with independent rows"):
        wald(FIT.beta, V, restrictions=np.array([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0]]))
    with pytest.raises(ArgumentError, match="level is 95; it must lie between 0 and 1"):
        coefficient_tests(FIT.beta, V, level=95)

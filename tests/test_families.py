"""Every family against statsmodels: coefficients, classical errors, likelihoods, weights, probabilities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from honestsignals.inference.covariance import classical, hc1
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.families import FAMILIES, Row, rows_at
from tests.networks import Rows, simulated

CLOSE = 1e-8
NUMERIC = 1e-5
"""statsmodels' ordered model differentiates numerically, and its optimiser stops early."""


def rows_for(family: str) -> Rows:
    return simulated(21, n_people=25, family=family)


def peer(family: str, rows: Rows) -> Any:
    from statsmodels.discrete.discrete_model import Logit, MNLogit, Poisson, Probit
    from statsmodels.miscmodels.ordinal_model import OrderedModel
    from statsmodels.regression.linear_model import OLS

    if family == "gaussian":
        return OLS(rows.y, rows.X).fit()
    if family.startswith("ordered"):
        model = OrderedModel(rows.y, rows.X, distr=family.removeprefix("ordered_"))
        return model.fit(method="newton", disp=0, tol=1e-12)
    model = {"logit": Logit, "probit": Probit, "poisson": Poisson, "multinomial": MNLogit}[family]
    return model(rows.y, rows.X).fit(method="newton", disp=0, tol=1e-14)


def their_coefficients(family: str, found: Any) -> np.ndarray:
    if family.startswith("ordered"):  # its cut points after the first are logs of differences
        params = np.asarray(found.params)
        cuts = found.model.transform_threshold_params(params)[1:-1]
        return np.concatenate([params[: params.size - cuts.size], cuts])
    return np.asarray(found.params).ravel(order="F")


@pytest.mark.parametrize("family", list(FAMILIES))
def test_coefficients_and_likelihoods_are_those_of_statsmodels(family: str) -> None:
    rows = rows_for(family)
    fit, theirs = rows.fit(family), peer(family, rows)
    tolerance = NUMERIC if family.startswith("ordered") else CLOSE
    np.testing.assert_allclose(fit.beta, their_coefficients(family, theirs), rtol=tolerance)
    assert fit.log_likelihood == pytest.approx(theirs.llf, rel=1e-9)
    if family != "gaussian":
        assert fit.null_log_likelihood == pytest.approx(theirs.llnull, rel=1e-7)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_classical_errors_are_those_of_statsmodels(family: str) -> None:
    rows = rows_for(family)
    fit, theirs = rows.fit(family), peer(family, rows)
    found = classical(fit, rows.ego, rows.alter, fit.names).std_error
    k = rows.X.shape[1]
    if family.startswith("ordered"):
        np.testing.assert_allclose(found[:k], np.asarray(theirs.bse)[:k], rtol=1e-4)
    else:
        np.testing.assert_allclose(found, np.asarray(theirs.bse).ravel(order="F"), rtol=CLOSE)


@pytest.mark.parametrize("family", ["logit", "probit", "poisson", "gaussian"])
def test_weights_are_frequencies(family: str) -> None:
    """Against a generalized linear model with freq_weights."""
    import statsmodels.api as sm

    rows = rows_for(family)
    weights = np.random.default_rng(5).integers(1, 5, rows.y.size).astype(float)
    kind = {
        "logit": sm.families.Binomial(),
        "probit": sm.families.Binomial(sm.families.links.Probit()),
        "poisson": sm.families.Poisson(),
        "gaussian": sm.families.Gaussian(),
    }[family]
    theirs = sm.GLM(rows.y, rows.X, family=kind, freq_weights=weights).fit(tol=1e-14, tol_criterion="params")
    fit = replace(rows, weights=weights).fit(family)
    np.testing.assert_allclose(fit.beta, theirs.params, rtol=CLOSE)
    if family in ("logit", "poisson"):  # elsewhere their information is the expected one
        found = classical(fit, rows.ego, rows.alter, fit.names).std_error
        np.testing.assert_allclose(found, theirs.bse, rtol=1e-7)


@pytest.mark.parametrize("family", ["logit", "probit", "poisson"])
def test_hc_errors_are_those_of_statsmodels(family: str) -> None:
    rows = rows_for(family)
    fit = rows.fit(family)
    model = peer(family, rows).model
    theirs = model.fit(method="newton", disp=0, tol=1e-14, cov_type="HC0")
    n, k = rows.X.shape
    found = hc1(fit, rows.ego, rows.alter, fit.names).std_error * np.sqrt((n - k) / n)
    np.testing.assert_allclose(found, theirs.bse, rtol=1e-7)


@pytest.mark.parametrize("family", ["ordered_logit", "ordered_probit", "multinomial"])
def test_probabilities_are_those_of_statsmodels(family: str) -> None:
    rows = rows_for(family)
    fit, theirs = rows.fit(family), peer(family, rows)
    np.testing.assert_allclose(fit.probabilities, theirs.predict(), atol=1e-6)
    np.testing.assert_allclose(fit.probabilities.sum(axis=1), 1.0, rtol=1e-12)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_scores_sum_to_nothing(family: str) -> None:
    fit = rows_for(family).fit(family)
    size = np.sqrt((fit.scores**2).sum(axis=0))
    assert (np.abs(fit.scores.sum(axis=0)) < 1e-10 * size * np.sqrt(fit.y.size)).all()


# slopes and curvatures


def at(family: str, eta: np.ndarray, codes: np.ndarray) -> Row:
    return rows_at(FAMILIES[family], eta, codes, 4)


def tried(family: str, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Predictors within some reach of 0, and labels that they can have."""
    rng = np.random.default_rng(9)
    n = 400
    if family.startswith("ordered"):
        middle, gap = reach * rng.normal(size=n), rng.exponential(size=n) + 0.05
        return np.column_stack([middle + gap / 2, middle - gap / 2]), rng.integers(0, 4, n).astype(float)
    if family == "multinomial":
        return reach * rng.normal(size=(n, 3)), rng.integers(0, 4, n).astype(float)
    eta = reach * rng.normal(size=(n, 1))
    if family == "gaussian":
        return eta, rng.normal(size=n)
    return eta, rng.integers(0, 2 if family in ("logit", "probit") else 9, n).astype(float)


@pytest.mark.parametrize("reach", [1.0, 4.0])
@pytest.mark.parametrize("family", list(FAMILIES))
def test_slopes_and_curvatures_are_derivatives(family: str, reach: float) -> None:
    eta, codes = tried(family, reach)
    _, slope, curvature = at(family, eta, codes)
    for one in range(eta.shape[1]):
        move = np.zeros(eta.shape[1])
        move[one] = 1e-5
        up, down = at(family, eta + move, codes), at(family, eta - move, codes)
        there = np.isfinite(up[0]) & np.isfinite(down[0])
        assert there.all()
        scale = 1 + np.abs(curvature).max(axis=(1, 2))
        assert (np.abs((up[0] - down[0]) / 2e-5 - slope[:, one]) < 1e-5 * scale**2).all()
        change = (down[1] - up[1]) / 2e-5
        assert (np.abs(change - curvature[:, :, one]).max(axis=1) < 1e-5 * scale**2).all()


@pytest.mark.parametrize("family", ["ordered_logit", "ordered_probit"])
@pytest.mark.parametrize("far", [-30.0, 30.0])
def test_tails_of_ordered_labels_keep_their_digits(family: str, far: float) -> None:
    """A level far out in a tail: the same as its mirror image in the other."""
    eta = far + np.array([[0.5, -0.5], [1e-3, -1e-3]])
    level, slope, curvature = at(family, eta, np.array([1.0, 2.0]))
    mirrored = at(family, -eta[:, ::-1], np.array([1.0, 2.0]))
    assert np.isfinite(level).all()
    np.testing.assert_allclose(mirrored[0], level, rtol=1e-12)
    np.testing.assert_allclose(mirrored[1], -slope[:, ::-1], rtol=1e-9)
    np.testing.assert_allclose(mirrored[2], curvature[:, ::-1, ::-1], rtol=1e-6)


# labels of odd kinds


def ordered(levels: int, n: int = 800) -> Rows:
    rng = np.random.default_rng(levels)
    ego, alter = np.triu_indices(41, k=1)
    x = rng.normal(size=(n, 2))
    y = np.digitize(x @ [0.8, -0.5] + rng.logistic(size=n), np.linspace(-3, 3, levels - 1)).astype(float)
    return Rows(ego[:n], alter[:n], x, y, ["x", "z"])


def expected_fit(fit: Estimate) -> None:
    assert fit.converged
    assert (np.diff(fit.beta[2:]) > 0).all()
    assert np.abs(fit.scores.sum(axis=0)).max() < 1e-8


@pytest.mark.parametrize("levels", [2, 3, 21])
@pytest.mark.parametrize("family", ["ordered_logit", "ordered_probit"])
def test_levels_from_two_to_twentyone(family: str, levels: int) -> None:
    rows = ordered(levels)
    fit = rows.fit(family)
    expected_fit(fit)
    assert fit.beta.size == 2 + levels - 1
    assert fit.beta[0] > 0 > fit.beta[1]


@pytest.mark.parametrize("family", ["ordered_logit", "ordered_probit", "multinomial"])
def test_only_the_order_of_levels_counts(family: str) -> None:
    rows = simulated(22, n_people=14, family=family)
    values = np.array([-7.0, 0.5, 3.0, 1e6])
    other = replace(rows, y=values[rows.y.astype(int)])
    np.testing.assert_allclose(other.fit(family).beta, rows.fit(family).beta, rtol=1e-12)
    assert other.fit(family).levels == tuple(values[: len(rows.fit(family).levels)])


@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_poor_start_comes_to_the_same_end(family: str) -> None:
    rows = simulated(23, n_people=16, family=family)
    cold = rows.fit(family)
    start = cold.beta + 0.5 * np.sin(np.arange(cold.beta.size)) * (1 if not FAMILIES[family].cuts else 0.3)
    np.testing.assert_allclose(rows.fit(family, start=start).beta, cold.beta, rtol=1e-9, atol=1e-11)


def test_large_counts() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=500)
    y = rng.poisson(np.exp(9 + 0.5 * x)).astype(float)
    ego, alter = np.triu_indices(33, k=1)
    rows = Rows(ego[:500], alter[:500], np.column_stack([np.ones(500), x]), y, ["Intercept", "x"])
    np.testing.assert_allclose(rows.fit("poisson").beta, peer("poisson", rows).params, rtol=1e-9)

"""Permutations where most rows are alike: brought together, they give the same refits."""

from __future__ import annotations

import numpy as np
import pytest

from honestsignals.inference import permutation, permutation_alike, permutation_refits
from honestsignals.inference.relabelling import relabelling


def sparse(directed: bool, missing: float, family: str) -> tuple[np.ndarray, np.ndarray, object]:
    """A design in which one pair in twenty has anything to tell, and rows may be missing."""
    rng = np.random.default_rng(5)
    ego, alter = np.nonzero(~np.eye(40, dtype=bool)) if directed else np.triu_indices(40, 1)
    keep = rng.random(len(ego)) >= missing
    ego, alter = ego[keep], alter[keep]
    met = rng.random(len(ego)) < 0.05
    acts = np.where(met, rng.poisson(3.0, len(ego)) + 1, 0)
    share = np.where(met, rng.random(len(ego)), 0.0)
    X = np.column_stack([np.ones(len(ego)), met, np.log1p(acts), share])
    eta = -2.0 + 1.5 * met + share + 0.4 * rng.normal(size=40)[ego]
    y = rng.poisson(np.exp(eta)) if family == "poisson" else (eta + rng.logistic(size=len(ego)) > 0)
    return X, y.astype(float), relabelling(ego, alter, directed=directed)


@pytest.mark.parametrize("family", ["logit", "probit", "poisson"])
@pytest.mark.parametrize(("directed", "missing"), [(True, 0.0), (False, 0.0), (True, 0.2)])
def test_refits_are_those_of_all_rows(family: str, directed: bool, missing: float) -> None:
    X, y, people = sparse(directed, missing, family)
    alike = (X[:, 1:] == 0).all(axis=1)
    places = [1, 2, 3]
    plain = permutation_refits.semi_partial(X, y, places, family, complete=missing == 0)
    brought = permutation_alike.semi_partial(X, y, places, family, alike)
    rows = people.rows_after(next(people.orders(40, 1, 40)))
    for one, other in zip(plain(rows), brought(rows), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-7, atol=1e-9)


def test_a_test_finds_rows_alike_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, people = sparse(True, 0.0, "logit")
    plain = permutation.permutation_test(X, y, people, how=("logit", "dsp"), draws=99, seed=1)
    monkeypatch.setattr(permutation_alike, "MANY", 100)
    assert permutation_alike.alike_rows(X) is not None
    found = permutation.permutation_test(X, y, people, how=("logit", "dsp"), draws=99, seed=1)
    np.testing.assert_allclose(found.statistic, plain.statistic, rtol=1e-7)
    np.testing.assert_array_equal(found.p_value, plain.p_value)


def test_rows_that_differ_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permutation_alike, "MANY", 100)
    rng = np.random.default_rng(1)
    assert permutation_alike.alike_rows(rng.normal(size=(500, 2))) is None

"""The EIES regressions of INFERENCE.md, to the digits printed there, from the dataset's own files."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from honestsignals.inference.covariance import classical, dyadic, jackknife
from honestsignals.inference.estimators import estimate
from tests.networks import Rows
from tests.shared import needs_shared, shared_path

pytestmark = needs_shared


@pytest.fixture(scope="module")
def eies() -> Rows:
    """acquaintance_t2 on volume, balance and acquaintance_t1; self-messages left out, null pairs 0."""
    folder = shared_path("datasets", "eies")
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        columns = ("source", "target", "acquaintance_t1", "acquaintance_t2")
        labels = [tuple(row[column] for column in columns) for row in csv.DictReader(file)]
    people = sorted({name for row in labels for name in row[:2]})
    code = {name: position for position, name in enumerate(people)}
    sent = np.zeros((len(people), len(people)))
    with (folder / "interactions.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["sender"] != row["receiver"]:
                sent[code[row["sender"]], code[row["receiver"]]] += float(row["weight"])
    ego, alter = (np.array([code[row[place]] for row in labels]) for place in (0, 1))
    both, fewer = sent + sent.T, np.minimum(sent, sent.T)
    balance = np.divide(2 * fewer, both, out=np.zeros_like(both), where=both > 0)[ego, alter]
    before, after = (np.array([float(row[place]) for row in labels]) for place in (2, 3))
    X = np.column_stack([np.ones(ego.size), np.log1p(both[ego, alter]), balance, before])
    return Rows(ego, alter, X, after, ["Intercept", "volume", "balance", "acquaintance_t1"])


def printed(values: np.ndarray, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]


def test_ordered_pairs(eies: Rows) -> None:
    assert eies.y.size == 992
    assert np.unique(eies.ego).size == 32


def test_linear_model(eies: Rows) -> None:
    fit = eies.fit("gaussian")
    codes = (eies.ego, eies.alter, eies.names)
    assert printed(fit.beta, 8) == [0.44458901, 0.11076321, 0.30229832, 0.70728265]
    assert printed(dyadic(fit, *codes).std_error, 8) == [0.09136384, 0.03299814, 0.08479444, 0.06188431]
    assert printed(classical(fit, *codes).std_error, 8) == [0.03158695, 0.01861522, 0.08787857, 0.01737571]


def test_logit(eies: Rows) -> None:
    names = eies.names[:3]
    fit = estimate(eies.X[:, :3], (eies.y >= 3).astype(float), "logit", names)
    # Printed without a trailing 0: eight digits for the balance, seven for the volume.
    assert printed(fit.beta, 8) == [-2.38769589, 0.5483373, -0.43397788]
    assert printed(dyadic(fit, eies.ego, eies.alter, names).std_error, 8) == [
        0.43933199,
        0.1320061,
        0.47336251,
    ]
    exact = jackknife(fit, eies.ego, eies.alter, names, exact=True)
    assert printed(np.sqrt(np.diag(exact.matrix)), 4) == [0.5083, 0.1544, 0.5315]
    one_step = jackknife(fit, eies.ego, eies.alter, names)
    np.testing.assert_allclose(one_step.std_error, exact.std_error, rtol=0.1)


def test_ordered_logit(eies: Rows) -> None:
    fit = estimate(eies.X[:, 1:3], eies.y, "ordered_logit", eies.names[1:3])
    assert printed(fit.beta[:2], 5)[0] == 0.65128
    assert printed(fit.beta[:2], 4)[1] == -0.3509
    assert printed(fit.beta[2:], 7) == [-0.4299340, 0.1986721, 2.7080993, 4.5034555]

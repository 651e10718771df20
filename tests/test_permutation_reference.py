"""What sna, asnipe and a full enumeration say of the same regressions, permuted.

Every key of their values has one rule here: equal, within the error of a simulation, different on purpose, or
a description. A key without a rule fails.
"""

from __future__ import annotations

import csv
import functools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import stdtr

from honestsignals.inference.permutation import Permuted, permutation_test, refit_of, tail
from honestsignals.inference.qap import correlation_test
from honestsignals.inference.relabelling import Relabelling, relabelling
from tests.networks import Rows, case_rows
from tests.shared import REFERENCE, needs_shared, shared_path

EXACT = ("exact6a", "exact6b")
FITTED = (
    "sim40",
    *(pytest.param(one, marks=needs_shared) for one in ("eies", "krackhardt", "lazega", "wiring")),
)
TOLERANCE = 1e-8
DRAWS = {"gaussian": 2_000, "logit": 1_000, "lazega": 200}


def folder(case: str) -> Path:
    return REFERENCE if case in (*EXACT, "sim40") else shared_path("reference")


@functools.cache
def theirs(case: str) -> dict[str, Any]:
    return dict(json.loads((folder(case) / "B_mrqap" / f"{case}.json").read_text(encoding="utf-8")))


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    items = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if items is None:
        yield path, value
        return
    for name, one in items:
        yield from flat(one, f"{path}/{name}" if path else str(name))


@functools.cache
def design(case: str) -> tuple[Rows, Relabelling]:
    rows = case_rows(case) if case not in EXACT else _exact_rows(case)
    return rows, relabelling(rows.ego, rows.alter)


def _exact_rows(case: str) -> Rows:
    def matrix(name: str) -> np.ndarray:
        with (REFERENCE / "inputs" / f"{case}_{name}.csv").open(encoding="utf-8") as file:
            return np.array([[float(cell) for cell in line[1:]] for line in [*csv.reader(file)][1:]])

    y, c, z = (matrix(name) for name in "ycz")
    ego, alter = np.nonzero(~np.eye(6, dtype=bool))
    X = np.column_stack([np.ones(30), c[ego, alter], c[alter, ego], z[ego, alter]])
    return Rows(ego, alter, X, y[ego, alter], ["intercept", "sent", "received", "z"])


@functools.cache
def found(case: str, family: str, method: str) -> Permuted:
    rows, people = design(case)
    draws: int | str = "all" if case in EXACT else DRAWS.get(case if family == "logit" else "", DRAWS[family])
    return permutation_test(rows.X, rows.y, people, how=(family, method), draws=draws, seed=1)


def place(case: str, term: str) -> int:
    return ["intercept", *design(case)[0].names[1:]].index(term)


@dataclass(frozen=True)
class Key:
    """One value of theirs, and what its key says."""

    case: str
    path: str
    value: Any

    @property
    def fit(self) -> str:
        return self.path.split("/")[1]

    @property
    def term(self) -> str:
        return self.path.split("/")[-1]

    @property
    def family(self) -> str:
        return "logit" if "netlogit" in self.fit else "gaussian"

    @property
    def method(self) -> str:
        return "y" if "qapy" in self.fit else "dsp"

    @property
    def of_beta(self) -> bool:
        return self.fit.endswith("beta")

    @property
    def at(self) -> int:
        return place(self.case, self.term)

    def null(self) -> tuple[float, np.ndarray]:
        one = found(self.case, self.family, self.method)
        observed, drawn = (one.beta, one.drawn_beta) if self.of_beta else (one.statistic, one.drawn)
        return float(observed[self.at]), drawn[:, self.at]

    def reps(self) -> int:
        return int(theirs(self.case)["fits"][self.fit]["reps"])


# rules


def words(key: Key) -> None:
    assert key.value is not None


def on_purpose(reason: str) -> Callable[[Key], None]:
    def rule(key: Key) -> None:
        assert reason
        if key.term == "intercept" or key.path.split("/")[-2] == "intercept":
            assert np.isnan(found(key.case, "gaussian", "dsp").p_value[0])

    return rule


def close(ours: float, key: Key, tolerance: float = TOLERANCE) -> None:
    assert ours == pytest.approx(key.value, rel=tolerance, abs=tolerance * 1e-3), key


@functools.cache
def as_glm(case: str) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and errors where R's glm stops, whose errors are those of the step before its last."""
    rows, _ = design(case)
    X, y = rows.X, rows.y
    mu, deviance = (y + 0.5) / 2, np.inf
    eta = np.log(mu / (1 - mu))
    while True:
        w = mu * (1 - mu)
        information = (X * w[:, None]).T @ X
        beta = np.linalg.solve(information, X.T @ (w * eta + y - mu))
        eta = X @ beta
        mu = 1 / (1 + np.exp(-eta))
        before, deviance = deviance, 2 * np.logaddexp(0, (1 - 2 * y) * eta).sum()
        if abs(deviance - before) / (abs(deviance) + 0.1) < 1e-8:
            return beta, np.sqrt(np.diag(np.linalg.inv(information)))


def observed(key: Key) -> None:
    """t, z or a coefficient of the data as they are; R's z to the digits that its own stop allows."""
    rows, _ = design(key.case)
    refit = refit_of(rows.X, rows.y, list(range(rows.X.shape[1])), (key.family, key.method), complete=True)
    statistic, beta = refit(np.arange(rows.y.size)[None, :])
    ours = float((beta if key.of_beta else statistic)[0, key.at])
    if key.family == "logit":
        at_stop, se = as_glm(key.case)
        close(float((at_stop if key.of_beta else at_stop / se)[key.at]), key)
        close(ours, key, 5e-5)
    else:
        close(ours, key)


def simulated_p(key: Key) -> None:
    value, drawn = key.null()
    side = key.path.split("/")[-2]
    one, two = {
        "p_ge": (value, drawn),
        "p_le": (-value, -drawn),
        "p_two": (abs(value), np.abs(drawn)),
    }[side]
    ours = float(tail(np.array([one]), two[:, None], exact=False, same=1e-7)[0])
    error = np.sqrt(key.value * (1 - key.value) / key.reps() + ours * (1 - ours) / drawn.size)
    assert abs(ours - key.value) <= 4 * error, (key, ours)


def error_of_p(key: Key) -> None:
    """Theirs, of their own p and draws."""
    p = theirs(key.case)["fits"][key.fit]["p_two"][key.term]
    assert key.value == pytest.approx(np.sqrt(p * (1 - p) / key.reps()), abs=1e-12)


def null_moment(key: Key) -> None:
    _, drawn = key.null()
    if not np.isfinite(drawn).all():
        # where sna's steps end decides how far off a separated draw is; ours is at infinity
        assert key.of_beta
        return
    share = 1 / key.reps() + 1 / drawn.size
    if "null_mean" in key.path:
        assert abs(drawn.mean() - key.value) <= 4 * drawn.std() * np.sqrt(share), key
    else:
        kurtosis = ((drawn - drawn.mean()) ** 4).mean() / drawn.var() ** 2
        assert abs(drawn.std() / key.value - 1) <= 4 * np.sqrt(max(kurtosis - 1, 1) / 4 * share), key


def null_quantile(key: Key) -> None:
    _, drawn = key.null()
    level = 0.025 if "q025" in key.path else 0.975
    error = 4 * np.sqrt(level * (1 - level) * (1 / key.reps() + 1 / drawn.size))
    low = np.quantile(drawn, max(level - error, 0), method="lower")
    high = np.quantile(drawn, min(level + error, 1), method="higher")
    # of draws whose deviance changes by less than 1e-8 R knows z to four digits, and they come in steps
    slack = 1e-3 * abs(key.value) if key.family == "logit" else 1e-9
    assert low - slack <= key.value <= high + slack, key


def of_ols(key: Key) -> None:
    rows, _ = design(key.case)
    fit, kind = rows.fit("gaussian"), key.path.split("/")[1]
    n, k = rows.X.shape
    rss = float(fit.residual @ fit.residual)
    t = fit.beta / np.sqrt(fit.scale * np.diag(np.linalg.inv(fit.hessian)))
    ours: dict[str, Callable[[], float]] = {
        "coefficients": lambda: fit.beta[key.at],
        "t_value": lambda: t[key.at],
        "p_two_classical": lambda: 2 * stdtr(n - k, -abs(t[key.at])),
        "n_obs": lambda: n,
        "df_residual": lambda: n - k,
        "rss": lambda: rss,
        "r_squared": lambda: 1 - rss / float(np.square(rows.y - rows.y.mean()).sum()),
    }
    close(float(ours[kind]()), key)


def of_logit(key: Key) -> None:
    rows, _ = design(key.case)
    fit, kind = rows.fit("logit"), key.path.split("/")[1]
    n, k = rows.X.shape
    at_stop, se = as_glm(key.case)
    deviance = -2 * fit.log_likelihood
    ours: dict[str, Callable[[], float]] = {
        "coefficients": lambda: at_stop[key.at],
        "se": lambda: se[key.at],
        "z_value": lambda: at_stop[key.at] / se[key.at],
        "deviance": lambda: deviance,
        # of a label of even odds, without an intercept
        "null_deviance_sna": lambda: 2 * n * np.log(2),
        "aic": lambda: deviance + 2 * k,
        "bic": lambda: deviance + np.log(n) * k,
        "n_obs": lambda: n,
    }
    close(float(ours[kind]()), key)
    if kind == "coefficients":
        close(float(fit.beta[key.at]), key, 5e-5)


def of_all_permutations(key: Key) -> None:
    _, scheme, term, side = key.path.split("/")
    method, statistic = scheme.split("_")
    one = found(key.case, "gaussian", {"qapy": "y", "dsp": "dsp"}[method])
    assert one.exact
    value, drawn = (one.beta, one.drawn_beta) if statistic == "beta" else (one.statistic, one.drawn)
    at = place(key.case, term)
    value, drawn = value[[at]], drawn[:, [at]]
    each = {"p_ge": (value, drawn), "p_le": (-value, -drawn), "p_two": (np.abs(value), np.abs(drawn))}
    assert float(tail(*each[side], exact=True)[0]) == pytest.approx(key.value, abs=1e-12), key
    if statistic == "t":
        whole = {"p_ge": one.p_ge, "p_le": one.p_le, "p_two": one.p_value}[side]
        assert float(whole[at]) == pytest.approx(key.value, abs=1e-12)
    elif side == "p_two":
        assert float(one.p_beta[at]) == pytest.approx(key.value, abs=1e-12)


def of_a_correlation(key: Key) -> None:
    _, which, side = key.path.split("/")
    rows, people = design(key.case)
    other = rows.X[:, 1] if which == "qap_correlation_y_c" else rows.y[people.mirror]
    one = correlation_test(rows.y, other, people, draws="all")
    ours = {"r": one.statistic, "p_ge": one.p_ge, "p_le": one.p_le, "p_two": one.p_value}[side]
    assert float(ours[0]) == pytest.approx(key.value, abs=1e-12), key


def of_the_data(key: Key) -> None:
    one = found(key.case, "gaussian", "dsp")
    close(float((one.beta if key.path.startswith("coef") else one.statistic)[key.at]), key)


def drawn_by_sna(key: Key) -> None:
    """4,000 draws of what is enumerated here; of 720 orders one is the data's, which rounding can hide."""
    one = found(key.case, "gaussian", "y" if "qapy" in key.path else "dsp")
    exact = float(one.p_value[key.at])
    assert abs(exact - key.value) <= 4 * np.sqrt(exact * (1 - exact) / 4_000)


CONSTANT = on_purpose("no permutation of people changes the intercept: it is not tested, and has no p")
APART = on_purpose("permutes every column by itself, which undoes the dependence of columns: not offered")

RULES: list[tuple[str, Callable[[Key], None]]] = [
    (r"case|description|definition|inputs/\d+|n_nodes|n_permutations|software/.+|definitions/.+", words),
    (r"sna_monte_carlo_check/(reps|seed|sna)|logit/note", words),
    (r"fits/[^/]+/(call|reps|seed|cpu_seconds)", words),
    (r"fits/netlm_qapallx[^/]+/.+", APART),
    (r"fits/[^/]+/(p_ge|p_le|p_two|null_mean|null_sd|null_q025|null_q975)/intercept", CONSTANT),
    (r"fits/[^/]+/(statistic_observed)/.+", observed),
    (
        r"fits/asnipe[^/]+/coefficients/.+",
        lambda key: close(found(key.case, "gaussian", "dsp").beta[key.at], key),
    ),
    (r"fits/[^/]+/(p_ge|p_le|p_two)/.+", simulated_p),
    (r"fits/[^/]+/p_two_mcse/.+", error_of_p),
    (r"fits/[^/]+/null_(mean|sd)/.+", null_moment),
    (r"fits/[^/]+/null_q(025|975)/.+", null_quantile),
    (r"ols/.+", of_ols),
    (r"logit/.+", of_logit),
    (r"exact/[^/]+/intercept/.+", CONSTANT),
    (r"exact/qap_correlation_.+", of_a_correlation),
    (r"exact/.+", of_all_permutations),
    (r"(coefficients|t_values)/.+", of_the_data),
    (r"sna_monte_carlo_check/[^/]+/intercept", CONSTANT),
    (r"sna_monte_carlo_check/.+", drawn_by_sna),
]


@pytest.mark.parametrize("case", [*EXACT, *FITTED])
def test_every_value_of_theirs_is_ours_or_differs_on_purpose(case: str) -> None:
    keys = [Key(case, path, value) for path, value in flat(theirs(case))]
    assert len(keys) > 50
    for key in keys:
        rule = next((rule for pattern, rule in RULES if re.fullmatch(pattern, key.path)), None)
        assert rule is not None, f"{key.path} has no rule"
        rule(key)


@needs_shared
def test_every_file_of_theirs_is_looked_at() -> None:
    there = {path.stem for path in (shared_path("reference") / "B_mrqap").glob("*.json")}
    assert there == {*EXACT, "sim40", "eies", "krackhardt", "lazega", "wiring"}


@pytest.mark.parametrize("case", [*EXACT, "sim40"])
def test_the_copies_here_are_those_of_the_shared_folder(case: str) -> None:
    try:
        other = shared_path("reference", "B_mrqap", f"{case}.json")
    except pytest.fail.Exception:
        pytest.skip("no shared folder")
    assert json.loads(other.read_text(encoding="utf-8")) == theirs(case)


@needs_shared
def test_separated_draws_have_no_z_to_speak_of_and_endless_coefficients() -> None:
    """The wiring room: p of β is .03 for draws at infinity, p of z .002, as sna has them."""
    one = found("wiring", "logit", "y")
    assert one.separated[1] > 10
    assert not one.failed[1:].any()
    assert (one.drawn[np.isinf(one.drawn_beta)] == 0).all()
    rows, people = design("wiring")
    dsp = permutation_test(rows.X, rows.y, people, how=("logit", "dsp"), draws=4_000, seed=2)
    assert dsp.p_value[1] < 0.006
    assert 0.02 < dsp.p_beta[1] < 0.05


@needs_shared
def test_krackhardts_managers_are_those_of_the_specification() -> None:
    """Friendship on advice from both sides, reports and departments."""
    from tests.networks import attribute, matrix

    friends, advice, reports = (
        matrix("krackhardt", f"krackhardt_{name}") for name in ("friendship", "advice", "reports")
    )
    department = attribute("krackhardt", "krackhardt_attributes", "dept")
    ego, alter = np.nonzero(~np.eye(21, dtype=bool))
    columns = [advice.T, advice, reports, (department[:, None] == department[None, :]).astype(float)]
    X = np.column_stack([np.ones(420), *(one[ego, alter] for one in columns)])
    one = permutation_test(X, friends[ego, alter], relabelling(ego, alter), draws=500, seed=1)
    np.testing.assert_allclose(one.beta, [0.1316, 0.0350, 0.1055, 0.2171, 0.1669], atol=6e-5)
    np.testing.assert_allclose(one.statistic, [3.8626, 0.8591, 2.5232, 2.1168, 3.2633], atol=6e-5)

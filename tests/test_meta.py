"""Random effects of several studies: reference values, a brute-force twin, metamorphic tests, refusals."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import chi2, norm, t
from statsmodels.stats.meta_analysis import combine_effects

import honestsignals as hs
from honestsignals.evaluation_words import Gain
from honestsignals.inference.meta import METHODS, random_effects
from tests.shared import PROJECT

# vaccinated and not, with the disease and without: 13 trials of the BCG vaccine as published by Colditz et
# al. 1994, the worked example of Viechtbauer 2010 (J. Stat. Softw. 36(3)), whose printed numbers stand below
TRIALS = np.array(
    [
        (4, 119, 11, 128),
        (6, 300, 29, 274),
        (3, 228, 11, 209),
        (62, 13536, 248, 12619),
        (33, 5036, 47, 5761),
        (180, 1361, 372, 1079),
        (8, 2537, 10, 619),
        (505, 87886, 499, 87892),
        (29, 7470, 45, 7232),
        (17, 1699, 65, 1600),
        (186, 50448, 141, 27197),
        (5, 2493, 3, 2338),
        (27, 16886, 29, 17825),
    ],
    dtype=float,
)


def risks() -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d = TRIALS.T
    return np.log(a / (a + b)) - np.log(c / (c + d)), np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def made(seed: int, k: int, tau: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    s = rng.uniform(0.1, 1.5, k)
    return rng.normal(0.3, np.sqrt(s**2 + tau**2)), s


def frame(y: np.ndarray, s: np.ndarray) -> pd.DataFrame:
    names = [f"study {place}" for place in range(len(y))]
    return pd.DataFrame({"study": names, "estimate": y, "std_error": s})


def test_it_prints_the_published_example() -> None:
    found = random_effects(*risks(), hold=False)
    assert round(found.estimate, 4) == -0.7145
    assert round(found.tau**2, 4) == 0.3132
    assert [round(found.tau_low**2, 4), round(found.tau_high**2, 4)] == [0.1197, 1.1115]
    assert round(found.q, 4) == 152.2330
    _, s = risks()
    assert round(1 / np.sqrt((1 / (s**2 + found.tau**2)).sum()), 4) == 0.1798


# theirs takes the root of a variance below 0 where its τ² is
@pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt:RuntimeWarning")
@pytest.mark.parametrize("k", [3, 6, 13, 40])
@pytest.mark.parametrize(("method", "theirs"), [("dersimonian_laird", "dl"), ("paule_mandel", "iterated")])
def test_it_equals_statsmodels(k: int, method: str, theirs: str) -> None:
    compared = 0
    for seed in range(12):
        y, s = made(seed, k, tau=1.5)
        options = {} if theirs == "dl" else {"atol": 1e-10, "maxiter": 500}
        other = combine_effects(y, s**2, method_re=theirs, use_t=True, **options)
        # theirs may fall below 0; ours stays there
        if other.tau2 <= 0:
            continue
        compared += 1
        found = random_effects(y, s, method=method, hold=False)
        assert found.tau**2 == pytest.approx(other.tau2, rel=1e-8)
        assert found.estimate == pytest.approx(other.mean_effect_re, rel=1e-8)
        assert found.std_error == pytest.approx(other.sd_eff_w_re_hksj, rel=1e-8)
        assert (found.low, found.high) == pytest.approx(tuple(other.conf_int()[3]), rel=1e-8)
        assert found.q == pytest.approx(other.q, rel=1e-8)
        assert found.q_p_value == pytest.approx(other.test_homogeneity().pvalue, rel=1e-8)
        assert found.i2 == pytest.approx(max(0.0, other.i2), abs=1e-8)
        assert found.weights == pytest.approx(other.weights_rel_re, rel=1e-8)
    assert compared >= 5


def test_restricted_likelihood_by_brute_force() -> None:
    """The likelihood of contrasts, each with its covariance matrix, looked through on a fine grid."""
    for seed in range(25):
        y, s = made(seed, 4 + seed % 6, tau=[0.0, 0.4, 2.0][seed % 3])
        k = len(y)
        contrasts = np.linalg.svd(np.eye(k) - 1 / k)[0][:, : k - 1]

        def minus(tau2: float, z=contrasts.T @ y, s=s, contrasts=contrasts) -> float:
            cov = contrasts.T @ np.diag(s**2 + tau2) @ contrasts
            return float(np.linalg.slogdet(cov)[1] + z @ np.linalg.solve(cov, z))

        grid = np.concatenate([[0.0], np.geomspace(1e-7, 50.0, 800)])
        best = int(np.argmin([minus(one) for one in grid]))
        ends = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        refined = minimize_scalar(minus, bounds=ends, method="bounded", options={"xatol": 1e-12})
        tau2 = refined.x if refined.fun < minus(0.0) - 1e-12 else 0.0
        found = random_effects(y, s)
        assert found.tau**2 == pytest.approx(tau2, rel=1e-4, abs=1e-7)
        assert minus(found.tau**2) <= min(refined.fun, minus(0.0)) + 1e-10


def test_the_rest_by_hand() -> None:
    y, s = made(3, 7)
    found = random_effects(y, s, level=0.9)
    w = 1 / (s**2 + found.tau**2)
    mean = (w * y).sum() / w.sum()
    q = (w * (y - mean) ** 2).sum() / 6
    error = np.sqrt(max(1.0, q) / w.sum())
    assert found.estimate == pytest.approx(mean, rel=1e-12)
    assert found.std_error == pytest.approx(error, rel=1e-12)
    assert found.high == pytest.approx(mean + t.ppf(0.95, 6) * error, rel=1e-12)
    assert found.p_value == pytest.approx(2 * t.sf(abs(mean / error), 6), rel=1e-10)
    reach = t.ppf(0.95, 5) * np.sqrt(found.tau**2 + error**2)
    assert found.prediction_low == pytest.approx(mean - reach, rel=1e-12)
    for tau, p in ((found.tau_low, 0.95), (found.tau_high, 0.05)):
        w = 1 / (s**2 + tau**2)
        distance = (w * (y - (w * y).sum() / w.sum()) ** 2).sum()
        assert distance == pytest.approx(chi2.ppf(p, 6), rel=1e-9) or (tau == 0 and distance < chi2.ppf(p, 6))


def test_studies_that_agree_too_well_are_held_at_their_errors() -> None:
    y, s = np.array([0.1, 0.1001, 0.0999, 0.1]), np.full(4, 0.2)
    held, free = random_effects(y, s), random_effects(y, s, hold=False)
    assert held.held
    assert not free.held
    assert held.std_error == pytest.approx(0.1)
    assert free.std_error < 0.001
    assert held.tau == held.tau_low == held.i2 == 0.0


@pytest.mark.parametrize("method", METHODS)
def test_it_moves_with_the_numbers(method: str) -> None:
    y, s = made(5, 9)
    found = random_effects(y, s, method=method)
    shuffled = np.random.default_rng(1).permutation(9)
    for name, value in vars(random_effects(y[shuffled], s[shuffled], method=method)).items():
        expected = getattr(found, name)
        assert value == pytest.approx(expected[shuffled] if name == "weights" else expected, rel=1e-9)
    for unit in (1e-6, 1e5):
        scaled = random_effects(unit * y, unit * s, method=method)
        for name in ("estimate", "std_error", "low", "high", "tau", "tau_high", "prediction_low"):
            assert getattr(scaled, name) == pytest.approx(unit * getattr(found, name), rel=1e-9)
        assert scaled.q == pytest.approx(found.q, rel=1e-9)
    away = random_effects(y + 100.0, s, method=method)
    assert away.estimate - 100.0 == pytest.approx(found.estimate, abs=1e-9)
    assert away.tau == pytest.approx(found.tau, rel=1e-6)
    mirrored = random_effects(-y, s, method=method)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low), rel=1e-9)


def test_two_studies_leave_no_room_for_one_more() -> None:
    found = hs.meta_analysis(frame(np.array([0.1, 0.4]), np.array([0.1, 0.1])), of="gain")
    assert found.prediction is None
    assert np.isnan(found.found.prediction_low)
    assert "one more study would have cannot be said from two" in str(found)
    assert list(found.tidy()["part"]) == ["study", "study", "mean"]
    assert found.leave_one_out()["estimate"].isna().tolist() == [False, True, True]


def test_what_cannot_count_is_named() -> None:
    studies = pd.DataFrame(
        {
            "study": ["a", "b", "none", "sure", "almost", "no error"],
            "estimate": [0.1, 0.3, np.nan, 0.0, 0.0, 0.2],
            "std_error": [0.1, 0.2, 0.1, 0.0, 1e-12, np.nan],
        }
    )
    found = hs.meta_analysis(studies, of="gain in AUC")
    why = "standard error 0: it could not have found anything else"
    assert found.left_out == {
        "none": "no estimate",
        "sure": why,
        "almost": why,
        "no error": "no standard error",
    }
    assert f"Left out: none (no estimate); sure, almost ({why}); no error (no standard error)." in str(found)
    kept = hs.meta_analysis(studies.iloc[:2])
    assert found.pooled == kept.pooled
    with pytest.raises(hs.FitError, match=r"1 study counts; .* two at least\. Left out: none \(no"):
        hs.meta_analysis(studies.iloc[[0, 2]])
    with pytest.raises(hs.FitError, match="0 studies count"):
        hs.meta_analysis(studies.iloc[:0])


def test_a_study_that_has_all_the_weight_is_named() -> None:
    y, s = np.array([0.05, 0.0, 0.02]), np.array([0.05, 0.0001, 0.04])
    text = str(hs.meta_analysis(frame(y, s), of="gain"))
    assert "Mind: study 1 has 100.0 % of the weight; this is mostly what it found." in text
    assert "Mind" not in str(hs.meta_analysis(frame(y, np.full(3, 0.05)), of="gain"))


def test_what_studies_share_is_said_and_left_out_together() -> None:
    y, s = made(2, 5)
    found = hs.meta_analysis(frame(y, s), groups={"one village": ["study 1", "study 3"]})
    assert "'study 1' and 'study 3' share one village; the interval takes studies for independent." in (
        found.facts()
    )
    without = found.leave_one_out()
    assert without["left_out"].tolist() == [
        "none",
        *(f"study {place}" for place in range(5)),
        "study 1, study 3",
    ]
    assert without["studies"].tolist() == [5, 4, 4, 4, 4, 4, 3]
    lost = hs.meta_analysis(
        frame(y, s).assign(std_error=[*s[:3], 0.0, s[4]]), groups={"one village": ["study 1", "study 3"]}
    )
    assert not lost.groups
    assert "one village" not in str(lost)
    rest = [0, 2, 4]
    assert without["estimate"].iloc[-1] == random_effects(y[rest], s[rest]).estimate
    assert without["estimate"].iloc[0] == found.pooled[0]


def test_gains_and_evaluations() -> None:
    rng = np.random.default_rng(4)
    ego, alter = np.triu_indices(18, 1)
    evaluations, gains = {}, {}
    for name in ("one", "two"):
        acts, share = rng.poisson(3, ego.size), rng.uniform(size=ego.size)
        y = (rng.logistic(size=ego.size) < 0.4 * acts + share - 1.5).astype(int)
        table = pd.DataFrame({"ego": ego, "alter": alter, "acts": acts, "share": share, "y": y})
        evaluated = hs.evaluate(
            table,
            label="y",
            ladder={"much": ["acts"], "back": ["share"]},
            folds=hs.PeopleFolds(groups=2, divisions=2),
        )
        evaluations[name] = evaluated
        gains[name] = evaluated.gain("back", "much")
    by_gain, by_evaluation = hs.meta_analysis(gains), hs.meta_analysis(evaluations)
    assert by_gain.of == by_evaluation.of == "gain in AUC"
    assert by_gain.pooled == by_evaluation.pooled
    first = by_gain.studies.iloc[0]
    assert (first["low"], first["high"]) == pytest.approx((gains["one"].low, gains["one"].high))
    wider = hs.meta_analysis(gains, level=0.99).studies.iloc[0]
    assert wider["low"] < first["low"]
    other = Gain("back", "much", "brier", 0.1, 0.1, 0.0, 0.2, 5.0)
    with pytest.raises(hs.ArgumentError, match=r"different scores \(auc, brier\)"):
        hs.meta_analysis({"one": gains["one"], "two": other})
    with pytest.raises(hs.ArgumentError, match="'one' is float; it must be an evaluation, or a gain"):
        hs.meta_analysis({"one": 0.5})


def test_intervals_of_studies() -> None:
    y, s = made(1, 4)
    plain = hs.meta_analysis(frame(y, s)).studies
    assert plain["high"].to_numpy() == pytest.approx(y + norm.ppf(0.975) * s)
    by_df = hs.meta_analysis(frame(y, s).assign(df=3.0)).studies
    assert by_df["high"].to_numpy() == pytest.approx(y + t.ppf(0.975, 3) * s)
    own = hs.meta_analysis(frame(y, s).assign(low=y - 1, high=y + 2)).studies
    assert (own["high"] - own["estimate"]).to_numpy() == pytest.approx(2.0)
    assert own["weight"].sum() == pytest.approx(1.0)


def test_it_prints_and_writes(tmp_path) -> None:
    found = hs.meta_analysis(frame(*made(1, 4)).assign(study=["<b>", "a_b", "c, d", '"e"']), of="gain in AUC")
    lines = str(found).splitlines()
    assert lines[0].startswith("Over 4 studies the mean gain in AUC ")
    assert "4 studies are few" in str(found)
    assert "<b>" not in found._repr_html_().replace("<b>Over", "")
    assert r"a\_b" in found.to_latex()
    found.to_csv(tmp_path / "studies.csv")
    back = pd.read_csv(tmp_path / "studies.csv")
    assert back["study"].tolist() == found.tidy()["study"].tolist()
    assert back["estimate"].to_numpy() == pytest.approx(found.tidy()["estimate"].to_numpy(), nan_ok=True)


def test_refusals() -> None:
    y, s = made(1, 4)
    good = frame(y, s)
    with pytest.raises(hs.UnknownNameError, match=r"column 'std_error'\. Did you mean 'std_eror'"):
        hs.meta_analysis(good.rename(columns={"std_error": "std_eror"}))
    with pytest.raises(hs.ArgumentError, match="Two studies are called 'a'"):
        hs.meta_analysis(good.assign(study=["a", "a", "b", "c"]))
    with pytest.raises(hs.ArgumentError, match="method is 'ml'; it must be one of 'reml'"):
        hs.meta_analysis(good, method="ml")
    with pytest.raises(hs.ArgumentError, match="level is 95"):
        hs.meta_analysis(good, level=95)
    with pytest.raises(hs.ArgumentError, match=r"std_error\[2\] is -1\.0; it must be a number above 0"):
        hs.meta_analysis(good.assign(std_error=[0.1, 0.1, -1.0, 0.1]))
    with pytest.raises(hs.ArgumentError, match=r"estimate holds .* values; it must hold numbers"):
        hs.meta_analysis(good.assign(estimate=["a", "b", "c", "d"]))
    with pytest.raises(hs.ArgumentError, match="studies is list; it must be a frame"):
        hs.meta_analysis([1, 2])
    with pytest.raises(hs.UnknownNameError, match="study 'study 9'"):
        hs.meta_analysis(good, groups={"a village": ["study 1", "study 9"]})
    with pytest.raises(hs.ArgumentError, match=r"groups\['a village'\] is 'study 1'; it must list two"):
        hs.meta_analysis(good, groups={"a village": "study 1"})
    with pytest.raises(hs.ArgumentError, match=r"groups\['a village'\] is 3; it must list two"):
        hs.meta_analysis(good, groups={"a village": 3})
    with pytest.raises(hs.ArgumentError, match=r"groups is \['study 1', .*; it must map what studies share"):
        hs.meta_analysis(good, groups=["study 1", "study 3"])
    with pytest.raises(hs.ArgumentError, match="of is 3; it must say in words what is estimated"):
        hs.meta_analysis(good, of=3)
    with pytest.raises(hs.ArgumentError, match=r"shape \(4,\) and errors \(3,\)"):
        random_effects(y, s[:3])


def test_the_stored_simulation_is_of_this_code() -> None:
    """What is stored of the coverage is what the code gives today, and the page says it."""
    path = PROJECT / "benchmarks" / "meta_analysis.py"
    spec = importlib.util.spec_from_file_location("meta_analysis_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stored = json.loads((PROJECT / "benchmarks" / "results" / "meta_analysis.json").read_text())
    page = (PROJECT / "docs" / "meta_analysis.md").read_text(encoding="utf-8")
    assert page == module.page(stored["cells"], stored["command"])
    found = {(one["k"], one["ratio"], one["unlike"], one["known"]): one for one in stored["cells"]}
    assert set(found) == {tuple(cell) for cell in module.cells()}
    for key, one in found.items():
        # errors that are known, and people's studies of about one size: what the docstring promises
        if one["known"] and not one["unlike"]:
            assert one["ours"] >= 0.93, key
    cell = module.Cell(9, 1.0, True, True)
    again = module.run(cell, 150, 1)
    assert again["ours"] == pytest.approx(found[tuple(cell)]["ours"], abs=0.06)


THREE = {"study": ["a", "b", "c"], "estimate": [0.1, 0.2, 0.3], "std_error": [0.1, 0.1, 0.1]}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"low": [0.0, 0.4, 0.2], "high": [0.2, 0.1, 0.4]}, "'b' has the interval from 0.4 to 0.1; low must"),
        ({"low": [0.0, 0.3, 0.2], "high": [0.2, 0.4, 0.4]}, "'b' .* does not hold its estimate 0.2"),
        ({"low": [0.0, 0.1, 0.1], "high": [0.2, 0.3, 0.2]}, "'c' .* does not hold its estimate 0.3"),
        ({"df": [5, 0, 5]}, "'b' has df 0; degrees of freedom are 1 at least"),
        ({"df": [5, 5, -2]}, "'c' has df -2; "),
        ({"df": [1e-9, 5, 5]}, "'a' has df 1e-09; "),
        ({"study": ["a", "all studies", "c"]}, "A study is called 'all studies', as a row below"),
        ({"study": ["a", "b", "one more study"]}, "A study is called 'one more study'"),
        ({"study": ["a", None, "c"]}, "The study in row 1 has no name"),
        ({"study": [float("nan"), "b", "c"]}, "The study in row 0 has no name"),
        ({"study": ["a", "b", " "]}, "The study in row 2 has no name"),
    ],
)
def test_rows_that_cannot_be_are_refused(columns: dict[str, list[object]], message: str) -> None:
    with pytest.raises(hs.ArgumentError, match=message):
        hs.meta_analysis(pd.DataFrame(THREE | columns))


def test_rows_at_the_edge_of_what_can_be_are_taken() -> None:
    whole = hs.meta_analysis(pd.DataFrame(THREE)).pooled
    for columns in (
        {"low": [0.1, 0.1, 0.2], "high": [0.2, 0.2 - 1e-12, 0.4]},
        {"low": [0.0, np.nan, 0.2], "high": [0.2, np.nan, 0.4]},
        {"df": [1, 2.5, np.inf]},
    ):
        assert hs.meta_analysis(pd.DataFrame(THREE | columns)).pooled == whole
    # what does not count is not looked at
    lost = pd.DataFrame(THREE | {"estimate": [0.1, np.nan, 0.3], "df": [5, 0, 5]})
    assert list(hs.meta_analysis(lost).left_out) == ["b"]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"g": ["a", "a"]}, r"groups\['g'\] is \['a', 'a'\]; it names a study twice"),
        ({"": ["a", "b"]}, "A group is called ''; say in words"),
        ({3: ["a", "b"]}, "A group is called 3; say in words"),
    ],
)
def test_groups_that_say_nothing_are_refused(groups: dict[str, list[str]], message: str) -> None:
    with pytest.raises(hs.ArgumentError, match=message):
        hs.meta_analysis(pd.DataFrame(THREE), groups=groups)

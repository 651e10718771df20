"""Feedback loops that differ by a moderator: against loops over each level, and regressions written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import honestsignals as hs
from honestsignals.feedback_fits import crossed, own_windows
from honestsignals.feedback_loops import ALL, OWN, Feedback
from honestsignals.feedback_moderators import panel_rows, window_columns
from honestsignals.feedback_rows import WindowRows
from honestsignals.turn_moderators import moderator_of
from tests.test_dynamics import windows_of

COLUMNS = ["estimate", "std_error", "df"]


def moderated(rows: WindowRows, values: list) -> WindowRows:
    """A moderator of ordered pairs, by who is ego."""
    column = pd.Series([values[one] for one in rows.ego], name="kind")
    return replace(rows, moderator=moderator_of(column, np.ones(len(column), dtype=bool)))


def part_of(rows: WindowRows, which: np.ndarray) -> WindowRows:
    parts = {name: getattr(rows, name)[which] for name in ("values", "ego", "alter", "window")}
    return replace(rows, **parts, moderator=None)


def feedback_of(rows: WindowRows, lags: int) -> Feedback:
    within, reason = own_windows(rows, lags)
    return Feedback(crossed(panel_rows(rows, lags), "jackknife"), within, lags, reason, rows.moderator)


LEVELS = ["x", "y", "x", "y", "x", "y", "x", "y", "x", "y"]


@pytest.mark.parametrize("lags", [1, 2])
def test_each_level_has_the_paths_of_its_own_pairs(lags: int) -> None:
    rows = moderated(windows_of(lags, windows=8), LEVELS)
    found = feedback_of(rows, lags)
    slopes = found.slopes()
    for place, value in enumerate("xy"):
        alone = feedback_of(part_of(rows, rows.z[:, 0] == place), lags).tidy()
        ours = slopes[slopes["value"] == value].reset_index(drop=True)
        for name in ("from", "to", "lag", "kind", "compares"):
            assert ours[name].tolist() == alone[name].tolist()
        np.testing.assert_allclose(ours["estimate"], alone["estimate"], rtol=1e-7, atol=1e-9)
    table = found.tidy()
    products = table[table["by"] != ""].reset_index(drop=True)
    both = [slopes[slopes["value"] == value]["estimate"].to_numpy() for value in "xy"]
    np.testing.assert_allclose(products["estimate"], both[1] - both[0], rtol=1e-9, atol=1e-12)
    assert products["by"].unique().tolist() == ["kind[T.y]"]
    assert found.moderation_test().df1 == 2 * lags
    assert found.cross_test().df1 == 4 * lags


def test_pooled_paths_of_a_number_are_those_of_products_written_out() -> None:
    rows = moderated(windows_of(3, windows=6), list(np.arange(10.0) ** 1.3))
    found = feedback_of(rows, 1)
    at = rows.behind(1)
    z, past, now = rows.z[at, 0], rows.values[at - 1], rows.values[at]
    window = pd.get_dummies(rows.window[at]).to_numpy(dtype=float)
    design = np.column_stack([past, past * z[:, None], window, window * z[:, None]])
    table = found.tidy()
    pooled = table[table["compares"] == ALL]
    for place, name in enumerate("ab"):
        twin = sm.OLS(now[:, place], design).fit()
        ours = pooled[pooled["to"] == name]["estimate"].to_numpy()
        np.testing.assert_allclose(ours, twin.params[:4], rtol=1e-8, atol=1e-10)


def test_paths_within_pairs_of_a_number_and_their_errors_are_those_of_loops() -> None:
    rows = moderated(windows_of(4, windows=7), list(np.arange(10.0) ** 1.3))
    found, reason = own_windows(rows, 1)
    assert not reason
    at = rows.behind(1)
    z = rows.z[at, 0]
    past = rows.values[at - 1]
    every = np.column_stack([rows.values[at], past, past * z[:, None]])
    for one in np.unique(rows.window[at]):
        here = rows.window[at] == one
        every[here] = sm.OLS(every[here], sm.add_constant(z[here])).fit().resid
    y, X, Z, ends = [], [], [], []
    for spell in np.unique(rows.spell[at]):
        part = every[rows.spell[at] == spell]
        two = rows.ego[at][rows.spell[at] == spell][0], rows.alter[at][rows.spell[at] == spell][0]
        for s in range(1, len(part) - 1):
            left, before = len(part) - s - 1, s
            later = np.sqrt(left / (left + 1)) * (part[s] - part[s + 1 :].mean(axis=0))
            y.append(later[:2])
            X.append(later[2:])
            Z.append(np.sqrt(before / (before + 1)) * (part[s, 2:] - part[:s, 2:].mean(axis=0)))
            ends.append(two)
    y, X, Z, ends = np.array(y), np.array(X), np.array(Z), np.array(ends)
    theta = np.linalg.solve(Z.T @ X, Z.T @ y)
    np.testing.assert_allclose(found.beta, theta.T.ravel(), rtol=1e-7, atol=1e-10)

    def without(gone: np.ndarray) -> np.ndarray:
        left = np.linalg.solve(Z[~gone].T @ X[~gone], Z[~gone].T @ y[~gone])
        return (theta - left).T.ravel()

    people = [without((ends == one).any(axis=1)) for one in range(10)]
    pairs = [
        without((ends == one).any(axis=1) & (ends == two).any(axis=1))
        for one in range(10)
        for two in range(one)
    ]
    V = 0.9 * sum(np.outer(d, d) for d in people) - sum(np.outer(d, d) for d in pairs)
    np.testing.assert_allclose(found.covariance.matrix, V, rtol=1e-6, atol=1e-10)


def test_columns_of_windows_say_all_that_windows_of_levels_do_and_nothing_twice() -> None:
    rng = np.random.default_rng(2)
    window = rng.integers(0, 5, 200)
    level = rng.integers(0, 3, 200)
    level[window == 0] = np.minimum(level[window == 0], 1)  # nobody of the third in the first window
    z = (level[:, None] == [1, 2]).astype(float)
    columns, names = window_columns(window, z, ("k[T.b]", "k[T.c]"))
    cells = pd.get_dummies(window * 3 + level).to_numpy(dtype=float)
    whole = np.column_stack([np.ones(200), columns])
    assert np.linalg.matrix_rank(whole) == whole.shape[1] == cells.shape[1]
    fitted = whole @ np.linalg.lstsq(whole, cells, rcond=None)[0]
    np.testing.assert_allclose(fitted, cells, atol=1e-9)
    assert names[:2] == ["k[T.b]", "k[T.c]"]


@pytest.fixture(scope="module")
def study() -> hs.Study:
    simulation = hs.simulate_disclosure(
        seed=4,
        people=24,
        days=300,
        moderation=hs.Moderation(matching=0.2),
        disclosure=hs.Disclosure(contact=0.4, weekly=2.0),
    )
    return simulation.study()


def test_the_loop_of_a_study_by_its_people_and_by_pairs(study) -> None:
    found = hs.feedback(study, "20D", by="ego_culture")
    text = str(found)
    assert "Paths are those where ego_culture is a" in text
    assert "No cross path depends on it" in text
    ids = study.log.people
    culture = study.people["culture"].astype(str)
    frame = pd.DataFrame(
        [(one, other, culture[one]) for one in ids for other in ids if one != other],
        columns=["ego", "alter", "ego_culture"],
    )
    other = hs.feedback(study, "20D", by=frame)
    np.testing.assert_allclose(other.tidy()[COLUMNS], found.tidy()[COLUMNS], rtol=1e-9)
    plain = hs.feedback(study, "20D").tidy()
    assert "by" not in plain
    if found.within is not None:
        slopes = found.moderation("return", "disclosure")
        wanted = found.slopes().query(
            "compares == @OWN and to == 'disclosure' and `from` == 'return'", local_dict={"OWN": OWN}
        )
        np.testing.assert_allclose(slopes.tidy()["estimate"], wanted["estimate"], rtol=1e-10)
        np.testing.assert_allclose(slopes.tidy()["std_error"], wanted["std_error"], rtol=1e-10)
        from matplotlib.figure import Figure

        axes = Figure().subplots()
        hs.figures.moderation(slopes, axes)
        assert "slope of return on disclosure 1 window later" in axes.get_ylabel().replace("\n", " ")
    pooled = found.moderation("return", "disclosure", within=False)
    assert pooled.tidy()["value"].tolist() == ["a", "b"]


def test_pairs_without_the_moderator_are_left_out_and_counted(study) -> None:
    ids = study.log.people
    frame = pd.DataFrame(
        [
            (one, other, "near" if (i + j) % 2 else "far")
            for i, one in enumerate(ids)
            for j, other in enumerate(ids)
        ],
        columns=["ego", "alter", "near"],
    )
    frame = frame[frame["ego"] < frame["alter"]]
    frame.loc[frame["ego"] == ids[0], "near"] = None
    found = hs.feedback(study, "20D", by=frame)
    assert found.pooled.left_out["windows of ordered pairs whose near is not known"] > 0
    assert ids[0] not in set(found.pooled.ids["ego"])


def test_what_is_refused(study) -> None:
    with pytest.raises(hs.ArgumentError, match="'kind' is of acts, of which a row has many"):
        hs.feedback(study, "20D", by="kind")
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'ego_culture'"):
        hs.feedback(study, "20D", by="ego_cultur")
    plain = hs.feedback(study, "20D")
    for asked in (plain.slopes, plain.moderation_test, lambda: plain.moderation("return", "volume")):
        with pytest.raises(hs.DesignError, match="depend on no moderator: say by="):
            asked()
    found = hs.feedback(study, "20D", by="ego_culture")
    with pytest.raises(hs.UnknownNameError, match="Unknown variable 'returns'"):
        found.moderation("returns", "volume")
    with pytest.raises(hs.ArgumentError, match="lag is 2; paths go over 1 to 1 windows"):
        found.moderation("return", "volume", lag=2)

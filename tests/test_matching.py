"""Matching over a study: the estimating function against loops, exact identities, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.inference.turn_errors import person_errors
from honestsignals.inference.turn_series import Series, TurnModel
from honestsignals.turn_moderators import moderator_of, no_moderator

COLUMNS = ["estimate", "std_error", "df"]


def small(seed: int, moderated: bool = True) -> Series:
    """A few stretches of turns of four people, with a moderator that differs from turn to turn."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(3, 9, 6)
    sides = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
    stretch = np.repeat(np.arange(6), sizes)
    place = np.concatenate([np.arange(size) for size in sizes])
    low, high = (np.repeat([two[side] for two in sides], sizes) for side in (0, 1))
    ego = np.where((place + stretch) % 2 == 0, low, high)
    z = np.ones((len(place), 1))
    if moderated:
        z = np.column_stack([z, rng.integers(0, 2, len(place)).astype(float)])
    depth = rng.normal(size=len(place))
    return Series(depth, place + 2.0, place, stretch, ego, low + high - ego, z, z[:, 1:])


def scores_by_loops(series: Series, theta: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """The estimating function as its formula says it, error by error."""
    g, q = series.z.shape[1], series.shifts.shape[1]
    m, o, slope, level = theta[:g], theta[g : 2 * g], theta[2 * g : 3 * g], theta[3 * g :]
    n = len(series.depth)
    trend = [math.log(series.k[i]) * series.z[i] for i in range(n)]
    beyond = [series.depth[i] - trend[i] @ slope - series.shifts[i] @ level for i in range(n)]
    found = {}
    for stretch, ego in sorted({(int(s), int(e)) for s, e in zip(series.stretch, series.ego, strict=True)}):
        rows = [
            i
            for i in range(n)
            if (series.stretch[i], series.ego[i]) == (stretch, ego) and series.place[i] >= 2
        ]
        if len(rows) < 2:
            continue
        x, e = [], []
        for i in rows:
            mi, oi = series.z[i] @ m, series.z[i] @ o
            moved = [np.concatenate([trend[j], series.shifts[j]]) for j in (i, i - 1, i - 2)]
            x.append(
                np.concatenate(
                    [
                        series.z[i] * beyond[i - 1],
                        series.z[i] * beyond[i - 2],
                        moved[0] - mi * moved[1] - oi * moved[2],
                    ]
                )
            )
            e.append(beyond[i] - mi * beyond[i - 1] - oi * beyond[i - 2])
        x, e = np.array(x), np.array(e)
        x, e = x - x.mean(axis=0), e - e.mean()
        echo = np.zeros(3 * g + q)
        for cause in rows:
            # what an error of 1 at this turn does to all later turns of the stretch
            response = {cause: 1.0}
            for later in range(cause + 1, n):
                if series.stretch[later] != stretch:
                    break
                response[later] = series.z[later] @ m * response.get(later - 1, 0.0)
                response[later] += series.z[later] @ o * response.get(later - 2, 0.0)
            for i in rows:
                echo[:g] += series.z[i] * response.get(i - 1, 0.0)
                echo[g : 2 * g] += series.z[i] * response.get(i - 2, 0.0)
        variance = (e**2).sum() / (len(rows) - 1)
        found[stretch, ego] = x.T @ e + variance * echo / len(rows)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_scores_are_those_of_the_formula(seed: int) -> None:
    series = small(seed)
    model = TurnModel(series)
    theta = np.array([0.3, -0.2, 0.1, 0.25, 0.4, -0.3, 0.5])
    twin = scores_by_loops(series, theta)
    at = model.used[model.starts]
    keys = list(zip(series.stretch[at].tolist(), series.ego[at].tolist(), strict=True))
    assert sorted(keys) == sorted(twin)
    np.testing.assert_allclose(model.scores(theta), [twin[key] for key in keys], rtol=1e-10, atol=1e-12)
    for place in range(len(theta)):
        step = np.eye(len(theta))[place] * 1e-5
        numeric = (model.scores(theta - step) - model.scores(theta + step)) / 2e-5
        np.testing.assert_allclose(model.slopes(theta)[:, :, place], numeric, rtol=1e-6, atol=1e-6)


def test_scores_are_0_on_average_in_the_shortest_series() -> None:
    """Four turns a pair: least squares is far off, the corrected scores are not."""
    rng = np.random.default_rng(3)
    pairs, length, m, o, slope = 8_000, 6, 0.3, 0.2, 0.4
    stretch = np.repeat(np.arange(pairs), length)
    place = np.tile(np.arange(length), pairs)
    noise = rng.normal(size=(pairs, length)) * np.where(np.arange(length) % 2, 2.0, 1.0)
    level = rng.normal(size=(pairs, 2)) * 3
    beyond = np.zeros((pairs, length))
    beyond[:, :2] = rng.normal(size=(pairs, 2)) * 2 + level  # first turns are as they are
    for k in range(2, length):
        beyond[:, k] = m * beyond[:, k - 1] + o * beyond[:, k - 2] + noise[:, k]
    depth = beyond + np.tile(level, (1, length // 2)) + slope * np.log(np.arange(1, length + 1))
    ego, ones = np.where(place % 2, 2 * stretch + 1, 2 * stretch), np.ones((len(place), 1))
    other = np.where(place % 2, 2 * stretch, 2 * stretch + 1)
    series = Series(depth.ravel(), place + 1.0, place, stretch, ego, other, ones, ones[:, :0])
    model, theta = TurnModel(series), np.array([m, o, slope])
    corrected, plain = model.scores(theta), model.scores(theta, corrected=False)
    error = corrected.std(axis=0) / np.sqrt(len(corrected))
    assert (np.abs(corrected.mean(axis=0)) < 3.5 * error).all()
    assert plain[:, 1].mean() < -10 * error[1]
    found = model.solve()
    how = model.scores(found), model.slopes(found), *model.people
    errors = person_errors(*how, information=model.information(found))
    assert (np.abs(found - theta) < 3.5 * np.sqrt(errors.variance(np.eye(3)))).all()
    assert model.solve(corrected=False)[1] < theta[1] - 0.15


def test_errors_are_those_of_the_formula() -> None:
    rng = np.random.default_rng(5)
    ego, alter = np.triu_indices(7, 1)
    scores, slopes = rng.normal(size=(21, 2)), np.eye(2) + rng.normal(size=(21, 2, 2)) * 0.1
    x = rng.normal(size=(21, 2, 3))
    information = x @ x.transpose(0, 2, 1)
    found = person_errors(scores, slopes, ego, alter, information=information)
    whole, all_of_it = np.linalg.inv(slopes.sum(axis=0)), np.linalg.inv(information.sum(axis=0))

    def raised(rows: np.ndarray) -> np.ndarray:
        from scipy.linalg import sqrtm

        left = np.eye(2) - information[rows].sum(axis=0) @ all_of_it
        return whole @ np.linalg.inv(sqrtm(left)).real @ scores[rows].sum(axis=0)

    of_pairs = np.array([raised(np.array([row])) for row in range(21)])
    of_people = np.array([raised(np.flatnonzero((ego == one) | (alter == one))) for one in range(7)])
    for c in (np.array([1.0, 0.0]), np.array([0.5, -2.0])):
        u, v = of_pairs @ c, of_people @ c
        own = (u**2).sum()
        common = (v**2).sum() - 2 * own
        chance = 2 * sum(
            u[one] ** 2 * u[other] ** 2
            for one in range(21)
            for other in range(21)
            if one != other and {ego[one], alter[one]} & {ego[other], alter[other]}
        )
        expected = max(own + common**3 / (common**2 + chance), own / 2)
        np.testing.assert_allclose(found.variance(c[None])[0], expected, rtol=1e-10)
        told = [
            c @ whole @ information[(ego == one) | (alter == one)].sum(axis=0) @ whole.T @ c
            for one in range(7)
        ]
        df = sum(told) ** 2 / sum(one**2 for one in told) - 1
        np.testing.assert_allclose(found.df(c[None])[0], df, rtol=1e-10)


def drawn(seed: int, pairs: int, length: int, slopes: tuple[float, float]) -> Series:
    """Turns of pairs among 40 people, in short series."""
    rng = np.random.default_rng(seed)
    low, high = np.triu_indices(40, 1)
    chosen = rng.choice(len(low), pairs, replace=False)
    noise = rng.normal(size=(pairs, length + 10))
    beyond = np.zeros_like(noise)
    for k in range(2, length + 10):
        beyond[:, k] = slopes[0] * beyond[:, k - 1] + slopes[1] * beyond[:, k - 2] + noise[:, k]
    stretch, place = np.repeat(np.arange(pairs), length), np.tile(np.arange(length), pairs)
    one, other = low[chosen][stretch], high[chosen][stretch]
    ego = np.where(place % 2, one, other)
    z = np.ones((len(place), 1))
    return Series(beyond[:, 10:].ravel(), place + 1.0, place, stretch, ego, one + other - ego, z, z[:, :0])


def test_the_root_is_the_one_that_grows_out_of_least_squares() -> None:
    """Steps straight from least squares may find none, or a second that means nothing."""
    apart = 0
    for seed in (1, 2, 4, 10, 14, 21, 28):
        model = TurnModel(drawn(seed, 60, 12, (0.5, 0.2)))
        stepped, followed = model._root(model.first(), 1.0, False), model._followed()
        if followed is None and (stepped is None or model._fall(stepped) < 0.5):
            with pytest.raises(hs.FitError, match="turns are too few to tell what persists"):
                model.solve()
            continue
        found = model.solve()
        np.testing.assert_allclose(found, stepped if followed is None else followed, rtol=1e-6, atol=1e-8)
        assert np.abs(model.scores(found).sum(axis=0)).max() < 1e-6
        apart += stepped is not None and bool(np.abs(stepped - found).max() > 0.01)
    assert apart


def test_errors_are_there_where_slopes_of_one_pair_are_beyond_those_of_all() -> None:
    """Corrected scores of a single pair may even rise; information never does, and says what a pair pulls."""
    rng = np.random.default_rng(8)
    ego, alter = np.triu_indices(7, 1)
    scores, slopes = rng.normal(size=(21, 2)), np.tile(np.eye(2), (21, 1, 1))
    slopes[0], slopes[1] = 30 * np.eye(2), -25 * np.eye(2)
    x = rng.normal(size=(21, 2, 3))
    found = person_errors(scores, slopes, ego, alter, information=x @ x.transpose(0, 2, 1))
    assert np.isfinite(found.variance(np.eye(2))).all()
    alone = np.zeros((21, 2, 2))
    alone[:, 0, 0], alone[0, 1, 1] = 1.0, 1.0  # the second coefficient rests on one pair
    missing = person_errors(scores, slopes, ego, alter, information=alone).variance(np.eye(2))
    assert np.isnan(missing).any()


def test_slopes_of_a_moderator_of_pairs_have_errors() -> None:
    """Slopes of scores of one pair are beyond those of all in this study, and errors were missing."""
    options = hs.Disclosure(weekly=0.2, contact=0.12, stifle=1.0)
    more = hs.Moderation(of="pairs", matching=0.2)
    simulation = hs.simulate_disclosure(
        seed=38270014, people=40, days=182, disclosure=options, moderation=more
    )
    found = hs.matching(simulation.study(), by="culture").tidy()
    assert np.isfinite(found[["estimate", "std_error", "df"]].to_numpy()).all()


# the façade


@pytest.fixture(scope="module")
def simulation() -> hs.DisclosureSimulation:
    return hs.simulate_disclosure(
        seed=4,
        people=24,
        days=200,
        moderation=hs.Moderation(matching=0.2),
        disclosure=hs.Disclosure(contact=0.3),
    )


@pytest.fixture(scope="module")
def found(simulation: hs.DisclosureSimulation) -> hs.Matching:
    return hs.matching(simulation.log)


def log_of(acts: pd.DataFrame) -> hs.InteractionLog:
    return hs.read_log(acts, time_unit="iso")


def test_names_order_and_units_do_not_matter(simulation, found) -> None:
    rng = np.random.default_rng(1)
    ids = simulation.people["id"].tolist()
    names = dict(zip(ids, rng.permutation([f"N{place:03d}" for place in range(len(ids))]), strict=True))
    acts = simulation.acts.sample(frac=1, random_state=2).reset_index(drop=True)
    acts["sender"], acts["receiver"] = acts["sender"].map(names), acts["receiver"].map(names)
    acts["depth"] = 10 * acts["depth"] - 7
    other, own = hs.matching(log_of(acts)).tidy(), found.tidy()
    scale = np.array([1.0, 1.0, 10.0])
    for column in ("estimate", "std_error", "low", "high"):
        np.testing.assert_allclose(other[column], own[column] * scale, rtol=1e-7)
    np.testing.assert_allclose(other["p_value"], own["p_value"], rtol=1e-6, atol=1e-12)


def test_levels_of_pairs_do_not_matter(simulation, found) -> None:
    """A level of each ordered pair, however large, leaves every slope as it was."""
    acts = simulation.acts.copy()
    level = pd.factorize(acts["sender"] + " " + acts["receiver"])[0]
    acts["depth"] += np.random.default_rng(3).normal(size=level.max() + 1)[level] * 5
    own = found.tidy()
    np.testing.assert_allclose(hs.matching(log_of(acts)).tidy()["estimate"], own["estimate"], atol=1e-6)
    assert abs(hs.matching(log_of(acts)).naive()["pooled"] - found.naive()["pooled"]).max() > 0.1


def test_a_moderator_of_pairs_is_a_fit_of_each_kind_of_pair(simulation) -> None:
    acts = simulation.acts
    low, high = np.minimum(acts["sender"], acts["receiver"]), np.maximum(acts["sender"], acts["receiver"])
    near = pd.factorize(low + high)[0] % 2 == 1
    pairs = pd.DataFrame({"source": low, "target": high, "near": near}).drop_duplicates()
    both = hs.matching(simulation.log, by=pairs)
    slopes = both.slopes().pivot(index="term", columns="value", values="estimate")
    for word, which in (("False", ~near), ("True", near)):
        alone = hs.matching(log_of(acts[which])).tidy().set_index("term")["estimate"]
        np.testing.assert_allclose(slopes.loc[alone.index, word], alone, rtol=1e-7)
    terms = both.tidy().set_index("term")
    np.testing.assert_allclose(
        terms.loc["matching:near[T.True]", "estimate"],
        slopes.loc["matching", "True"] - slopes.loc["matching", "False"],
        rtol=1e-9,
    )


def test_a_moderator_is_looked_up_wherever_it_stands(simulation) -> None:
    of_people = hs.matching(simulation.log, by="ego_culture", people=simulation.people)
    of_study = hs.matching(simulation.study(), by="ego_culture")
    pd.testing.assert_frame_equal(of_people.tidy(), of_study.tidy())
    culture = simulation.people.set_index("id")["culture"]
    pairs = simulation.acts[["sender", "receiver"]].drop_duplicates()
    pairs.columns = ["ego", "alter"]
    frame = pairs.assign(culture=pairs["ego"].map(culture))
    of_frame = hs.matching(simulation.log, by=frame)
    np.testing.assert_allclose(of_frame.tidy()[COLUMNS], of_people.tidy()[COLUMNS], rtol=1e-10)
    assert of_people.terms[1] == "matching:ego_culture[T.b]"
    same = hs.matching(simulation.log, by="same_culture", people=simulation.people)
    assert same.slopes()["value"].unique().tolist() == ["False", "True"]


def test_a_moderator_of_turns_has_levels_of_its_own(simulation) -> None:
    acts = simulation.acts.copy()
    begins = (acts.groupby("conversation").cumcount() == 0).to_numpy()
    acts["kind"] = np.where(begins, "talk", "reply")
    plain = hs.matching(log_of(acts), by="kind")
    assert plain.terms[-1] == "level:kind[T.talk]"
    assert "Levels may differ by kind too." in plain.facts()
    acts["depth"] = acts["depth"] + 0.0
    first = hs.matching(log_of(acts), by="kind").tidy()
    np.testing.assert_allclose(first["estimate"], plain.tidy()["estimate"], rtol=1e-10)


def test_people_without_the_moderator_are_left_out_and_counted(simulation) -> None:
    people = simulation.people.copy()
    people.loc[0, "culture"] = None
    some = hs.matching(simulation.log, by="ego_culture", people=people)
    turns = hs.disclosure_turns(simulation.log).frame
    mine = int((turns["ego"] == people.loc[0, "id"]).sum())
    assert some.left_out["whose ego_culture is not known"] >= mine
    assert people.loc[0, "id"] not in simulation.log.people[np.concatenate(some.model.people)]


def test_what_is_printed(found) -> None:
    text = str(found)
    assert "median" in text
    assert "turns of disclosure by 24 people" in text
    assert found.naive()["term"].tolist() == ["matching", "own", "escalation"]
    assert found.tidy(level=0.5)["high"].iloc[0] < found.tidy()["high"].iloc[0]
    assert found.note().startswith("Matching of depth over")


def test_a_hub_is_said(simulation, found) -> None:
    acts, hub = simulation.acts, simulation.people["id"][0]
    star = hs.matching(log_of(acts[(acts["sender"] == hub) | (acts["receiver"] == hub)]))
    assert any("One person is in 100% of the turns" in line for line in star.facts())
    assert not any("One person" in line for line in found.facts())


def test_what_is_refused(simulation) -> None:
    log = simulation.log
    with pytest.raises(hs.ArgumentError, match="matching takes a log or a study; got int"):
        hs.matching(3)
    with pytest.raises(hs.DesignError, match="no depth"):
        hs.matching(log_of(simulation.acts.drop(columns=["depth"])))
    with pytest.raises(hs.UnknownNameError, match="Did you mean 'ego_culture'"):
        hs.matching(log, by="ego_cultur", people=simulation.people)
    with pytest.raises(hs.DesignError, match="'kind' is disclosure in every turn"):
        hs.matching(log, by="kind")
    few = simulation.acts.groupby(["sender", "receiver"]).head(1)
    with pytest.raises(hs.DesignError, match="Nobody has two turns to another"):
        hs.matching(log_of(few))
    alike = simulation.acts.assign(depth=2.0)
    with pytest.raises(hs.DesignError, match="equally deep"):
        hs.matching(log_of(alike))
    with pytest.raises(hs.ArgumentError, match="one column of pairs"):
        hs.matching(log, by=pd.DataFrame({"one": [1]}))
    frame = pd.DataFrame({"ego": ["P01", "P01"], "alter": ["P02", "P02"], "near": [1, 2]})
    with pytest.raises(hs.ArgumentError, match="a pair twice"):
        hs.matching(log, by=frame)
    with pytest.raises(hs.DesignError, match="known of no turn"):
        moderator_of(pd.Series([None, None], name="x"), np.ones(2, dtype=bool))
    with pytest.raises(hs.ArgumentError, match="up to 12 have slopes"):
        moderator_of(pd.Series(list("abcdefghijklmn"), name="x"), np.ones(14, dtype=bool))
    with pytest.raises(hs.ArgumentError, match="'x' has an infinite value"):
        moderator_of(pd.Series([1.0, 2.0, np.inf], name="x"), np.ones(3, dtype=bool))
    with pytest.raises(hs.ArgumentError, match="'x' has an infinite value"):
        moderator_of(pd.Series([1.0, 1.0, np.inf], name="x"), np.ones(3, dtype=bool))
    for name, values in (("ego_no", None), ("same_no", np.nan)):
        people = simulation.people.assign(no=values)
        with pytest.raises(hs.DesignError, match=f"'{name}' is known of no turn, so slopes cannot differ"):
            hs.matching(log, by=name, people=people)
    assert no_moderator(3).known.all()


def test_too_few_turns_are_refused_and_not_guessed_from() -> None:
    refused = []
    for seed in range(20):
        series = small(seed, moderated=False)
        try:
            theta = TurnModel(series._replace(shifts=series.z[:, :0])).solve()
        except hs.FitError as error:
            refused.append(str(error))
        else:
            assert abs(theta[1]) < 1
    assert refused
    assert all("too few turns" in one for one in refused)


def test_two_people_have_no_errors() -> None:
    with pytest.raises(hs.FitError, match="at least three people"):
        person_errors(np.ones((2, 1)), np.ones((2, 1, 1)), np.array([0, 1]), np.array([1, 0]))


def test_a_number_moderates_from_its_mean() -> None:
    column = pd.Series([1.0, 2.0, 6.0, np.nan], name="age")
    made = moderator_of(column, np.ones(4, dtype=bool))
    np.testing.assert_allclose(made.z[:3, 1], [-2.0, -1.0, 3.0])
    assert made.places[1] == ("3", (1.0, 0.0))
    assert not made.known[3]


def test_a_search_that_runs_away_is_no_error_of_its_own() -> None:
    """Echoes of slopes far from 0 are beyond what numbers hold."""
    model = TurnModel(drawn(1, 60, 12, (0.5, 0.2)))
    assert model._root(np.array([1e200, -1e200, 0.0]), 1.0, True) is None
    assert model._root(np.array([np.nan, 0.0, 0.0]), 1.0, False) is None

"""Folds of pairs: nobody and nothing leaks, whatever the order of rows, alone and inside scikit-learn.

Of scikit-learn's own checks of splitters these apply, and are made here: indices are integers and valid,
training and test are disjoint and never empty, as many folds as ``get_n_splits`` says (from groups alone
too), the same folds at every call, whatever y is (one column, two, none), the same from a table and from an
array of other columns, nothing given is changed, ``repr`` says all parameters, copies split alike,
``check_cv`` takes them as they are, they split for ``cross_val_score``, for nested ``GridSearchCV`` and with
metadata routed; wrong numbers, missing groups and groups of another length are refused.

These do not: that training and test together are all rows (pairs between groups, and an embargo, are left
out on purpose), that each row is tested once (divisions are many, and rows before the first cut are never
tested), and that ``split`` can be told to ignore groups (without them there are no folds, and splitters are
frozen).
"""

from __future__ import annotations

import copy
import datetime
import itertools
import pickle
import re

import numpy as np
import pandas as pd
import pytest

import honestsignals as hs
from honestsignals.errors import ArgumentError
from honestsignals.inference.folds import dealt, time_cuts

SPLITTERS = [
    hs.PeopleFolds(divisions=4),
    hs.PeopleFolds(groups=3, divisions=3, pairs="across", seed=5),
    hs.TimeFolds(),
    hs.TimeFolds(cuts=3, embargo="2D"),
    hs.PeopleTimeFolds(divisions=3, cuts=2, embargo="1D"),
    hs.PeopleTimeFolds(divisions=3, pairs="across"),
    hs.BlockFolds(),
    hs.PairFolds(divisions=2),
]
every = pytest.mark.parametrize("splitter", SPLITTERS, ids=repr)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Both rows of some pairs and one of others, of 24 people in 4 towns, asked in waves of days."""
    draws = np.random.default_rng(3)
    people = [f"p{place:02d}" for place in range(24)]
    pairs = [
        (one, two, place // 6)
        for place, one in enumerate(people)
        for two in people[6 * (place // 6) : 6 * (place // 6) + 6]
        if one != two
    ]
    frame = pd.DataFrame(pairs, columns=["ego", "alter", "block"])
    frame["asked"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(draws.integers(0, 12, len(frame)), unit="D")
    frame["x"] = draws.normal(size=len(frame))
    frame["label"] = (draws.random(len(frame)) < 0.5).astype(int)
    return frame.drop(index=draws.choice(len(frame), 15, replace=False)).sample(frac=1, random_state=1)


def people(frame: pd.DataFrame) -> set:
    return set(frame["ego"]) | set(frame["alter"])


def listed_folds(splitter, frame) -> list[tuple[list, list]]:
    return [(train.tolist(), test.tolist()) for train, test in splitter.split(frame)]


def as_sets(splitter, frame) -> list[tuple[set, set]]:
    """Each fold as the names of its rows, so that the order of rows does not matter."""
    names = np.array(frame.index)
    return [(set(names[train]), set(names[test])) for train, test in splitter.split(frame)]


# twins by sets


def people_twin(frame: pd.DataFrame, splitter, groups: int) -> list[tuple[set, set]]:
    ids = sorted(people(frame))
    folds = []
    for division in range(splitter.divisions):
        draws = np.random.Generator(
            np.random.PCG64(np.random.SeedSequence(splitter.seed, spawn_key=(division,)))
        )
        shuffled = [ids[place] for place in draws.permutation(len(ids))]
        for fold in range(groups):
            left_out = set(shuffled[fold::groups])
            train, test = set(), set()
            for row in frame.itertuples():
                inside = len({row.ego, row.alter} & left_out)
                if inside == 0:
                    train.add(row.Index)
                elif inside == (2 if splitter.pairs == "inside" else 1):
                    test.add(row.Index)
            folds.append((train, test))
    return folds


def time_twin(frame: pd.DataFrame, cuts: list, embargo) -> list[tuple[set, set]]:
    folds = []
    for place, cut in enumerate(cuts):
        after = cuts[place + 1] if place + 1 < len(cuts) else None
        train = {row.Index for row in frame.itertuples() if row.asked < cut - embargo}
        test = {
            row.Index
            for row in frame.itertuples()
            if row.asked >= cut and (after is None or row.asked < after)
        }
        folds.append((train, test))
    return folds


def full(folds: list[tuple[set, set]]) -> list[tuple[set, set]]:
    return [(train, test) for train, test in folds if train and test]


@pytest.mark.parametrize("pairs", ["inside", "across"])
@pytest.mark.parametrize(("groups", "found"), [(None, 2), (2, 2), (3, 3), (7, 7), (12, 12)])
def test_people_folds_equal_their_twin(rows, pairs, groups, found) -> None:
    splitter = hs.PeopleFolds(groups, divisions=3, pairs=pairs, seed=11)
    folds = as_sets(splitter, rows)
    assert folds == full(people_twin(rows, splitter, found))
    assert folds


@pytest.mark.parametrize("count", [1, 2, 5, 40])
@pytest.mark.parametrize("days", [0, 2])
def test_time_folds_equal_their_twin(rows, count, days) -> None:
    ordered = sorted(rows["asked"])
    cuts = set()
    for k in range(1, count + 1):
        # the last moment that has at most k / (count + 1) of the rows before it, and something before it
        fits = [one for one in ordered if sum(two < one for two in ordered) * (count + 1) <= len(ordered) * k]
        cuts.add(max(*fits, min(one for one in ordered if one > ordered[0])))
    embargo = pd.Timedelta(days, "D")
    twin = full(time_twin(rows, sorted(cuts), embargo))
    assert as_sets(hs.TimeFolds(count, f"{days}D" if days else 0), rows) == twin
    assert twin


def test_people_time_folds_are_what_both_would_do(rows) -> None:
    both = hs.PeopleTimeFolds(3, 4, 3, "1D", seed=2)
    persons = as_sets(hs.PeopleFolds(3, 4, seed=2), rows)
    times = as_sets(hs.TimeFolds(3, "1D"), rows)
    twin = [(one & three, two & four) for (one, two), (three, four) in itertools.product(persons, times)]
    assert len(persons) == 12
    assert as_sets(both, rows) == full(twin)


def test_block_folds_leave_one_town_out(rows) -> None:
    twin = [
        (set(rows.index[rows["block"] != town]), set(rows.index[rows["block"] == town])) for town in range(4)
    ]
    assert as_sets(hs.BlockFolds(), rows) == twin


def test_pair_folds_equal_their_twin(rows) -> None:
    pairs = sorted({tuple(sorted(one)) for one in zip(rows["ego"], rows["alter"], strict=True)})
    twin = []
    for division in range(2):
        draws = np.random.Generator(np.random.PCG64(np.random.SeedSequence(4, spawn_key=(division,))))
        shuffled = [pairs[place] for place in draws.permutation(len(pairs))]
        for fold in range(3):
            tested = set(shuffled[fold::3])
            test = {row.Index for row in rows.itertuples() if tuple(sorted((row.ego, row.alter))) in tested}
            twin.append((set(rows.index) - test, test))
    assert as_sets(hs.PairFolds(3, 2, seed=4), rows) == twin


# what each kind of folds promises


@pytest.mark.parametrize("groups", [2, 3, 5])
def test_inside_nobody_tested_was_seen(rows, groups) -> None:
    for train, test in hs.PeopleFolds(groups).split(rows):
        assert not people(rows.iloc[train]) & people(rows.iloc[test])


@pytest.mark.parametrize("groups", [2, 3, 5])
def test_across_exactly_one_of_two_is_on_the_training_side(rows, groups) -> None:
    n_people = len(people(rows))
    inside = hs.PeopleFolds(groups, divisions=4)
    across = hs.PeopleFolds(groups, divisions=4, pairs="across")
    seen = {(fold.division, fold.fold): fold for fold in inside.numbered(rows)}
    for fold in across.numbered(rows):
        trained = people(rows.iloc[fold.train])
        tested = rows.iloc[fold.test]
        assert (tested["ego"].isin(trained).astype(int) + tested["alter"].isin(trained) <= 1).all()
        assert len(trained) <= n_people - n_people // groups
        twin = seen.get((fold.division, fold.fold))
        if twin is not None:  # the same division: the same training, and newcomers only beyond it
            assert twin.train.tolist() == fold.train.tolist()
            newcomers = people(rows.iloc[twin.test])
            known = (tested["ego"].isin(newcomers), tested["alter"].isin(newcomers))
            assert not (known[0] & known[1]).any()


def test_across_of_a_full_round_knows_exactly_one() -> None:
    full_round = pd.DataFrame(itertools.permutations(range(12), 2), columns=["ego", "alter"])
    for train, test in hs.PeopleFolds(3, 5, "across").split(full_round):
        trained = people(full_round.iloc[train])
        tested = full_round.iloc[test]
        assert (tested["ego"].isin(trained) ^ tested["alter"].isin(trained)).all()
        assert len(test) == 2 * 4 * 8


def test_a_full_round_has_the_pairs_that_counting_says() -> None:
    full_round = pd.DataFrame(itertools.combinations(range(45), 2), columns=["ego", "alter"])
    folds = list(hs.PeopleFolds().split(full_round))
    assert len(folds) == 60
    assert {(len(train), len(test)) for train, test in folds} == {(30 * 29 // 2, 15 * 14 // 2)}


@pytest.mark.parametrize("embargo", [0, "1D", "36h", datetime.timedelta(days=2), np.timedelta64(3, "D")])
def test_training_ends_before_the_cut_less_the_embargo(rows, embargo) -> None:
    found = 0
    for train, test in hs.TimeFolds(4, embargo).split(rows):
        gap = rows["asked"].iloc[test].min() - rows["asked"].iloc[train].max()
        assert gap > pd.Timedelta(embargo)
        found += 1
    assert found


def test_five_groups_leave_few_pairs_inside() -> None:
    full_round = pd.DataFrame(itertools.combinations(range(32), 2), columns=["ego", "alter"])
    for division in range(3):
        folds = [one for one in hs.PeopleFolds(5, 3).numbered(full_round) if one.division == division]
        assert sum(len(one.test) for one in folds) == 2 * 21 + 3 * 15  # 18 % of 496 pairs


def test_ties_never_straddle_and_tests_are_apart() -> None:
    moments = pd.DataFrame({"asked": [1, 1, 1, 2, 2, 3, 3, 3, 3, 4]})
    tested = []
    for train, test in hs.TimeFolds(8).split(moments):
        one, two = set(moments["asked"].iloc[train]), set(moments["asked"].iloc[test])
        assert max(one) < min(two)
        tested += test.tolist()
    assert sorted(tested) == sorted(set(tested)) == list(range(3, 10))


def test_two_waves_are_one_fold_however_uneven() -> None:
    for first in (1, 50, 99):
        waves = pd.DataFrame({"asked": [0] * first + [1] * (100 - first)})
        [(train, test)] = hs.TimeFolds().split(waves)
        assert (len(train), len(test)) == (first, 100 - first)
    assert time_cuts(np.array([3, 3]), 2).size == 0


def test_pairs_stay_together(rows) -> None:
    pair = [frozenset(one) for one in zip(rows["ego"], rows["alter"], strict=True)]
    for train, test in hs.PairFolds(4, 3).split(rows):
        assert not {pair[place] for place in train} & {pair[place] for place in test}
    full_round = pd.DataFrame(itertools.permutations(range(12), 2), columns=["ego", "alter"])
    for train, _ in hs.PairFolds().split(full_round):
        assert people(full_round.iloc[train]) == set(range(12))  # they are known: the reason for the name


def test_groups_differ_by_one_person_at_most() -> None:
    for count, groups in [(4, 2), (7, 3), (40, 3), (13, 6)]:
        sizes = np.bincount(dealt(count, groups, 0, 0))
        assert len(sizes) == groups
        assert sizes.max() - sizes.min() <= 1


def test_from_forty_people_on_there_are_three_groups() -> None:
    for count, groups in [(39, 2), (40, 3)]:
        pairs = pd.DataFrame(itertools.combinations(range(count), 2), columns=["ego", "alter"])
        assert hs.PeopleFolds(divisions=2).get_n_splits(pairs) == 2 * groups


def test_everybody_is_dealt_evenly() -> None:
    deals = np.array([dealt(30, 3, 1, division) for division in range(3000)])
    together = (deals[:, :1] == deals[:, 1:]).mean(axis=0)
    # 9 of the other 29 share a group; 4.5 standard errors of 3,000 draws
    assert np.abs(together - 9 / 29).max() < 4.5 * np.sqrt(9 / 29 * 20 / 29 / 3000)


# metamorphic


@every
def test_the_order_of_rows_and_of_the_two_does_not_matter(rows, splitter) -> None:
    shuffled = rows.sample(frac=1, random_state=9)
    assert as_sets(splitter, shuffled) == as_sets(splitter, rows)
    flipped = rows.rename(columns={"ego": "alter", "alter": "ego"})
    assert listed_folds(splitter, flipped) == listed_folds(splitter, rows)


@every
def test_renaming_people_in_their_order_changes_nothing(rows, splitter) -> None:
    number = {one: 3 * place - 20 for place, one in enumerate(sorted(people(rows)))}
    renamed = rows.assign(ego=rows["ego"].map(number), alter=rows["alter"].map(number))
    assert listed_folds(splitter, renamed) == listed_folds(splitter, rows)


@every
@pytest.mark.parametrize("kind", ["category", "object", "string"])
def test_types_of_columns_do_not_matter(rows, splitter, kind) -> None:
    typed = rows.astype({"ego": kind, "alter": kind})
    if kind == "category":  # categories in an order of their own
        typed = typed.assign(ego=typed["ego"].cat.reorder_categories(typed["ego"].cat.categories[::-1]))
    assert listed_folds(splitter, typed) == listed_folds(splitter, rows)


def test_a_repeated_table_is_split_alike(rows) -> None:
    twice = pd.concat([rows, rows], ignore_index=True)
    for splitter in (hs.PeopleFolds(divisions=2), hs.PairFolds(), hs.BlockFolds(), hs.TimeFolds()):
        one = listed_folds(splitter, rows)
        two = listed_folds(splitter, twice)
        assert [sorted({place % len(rows) for place in test}) for _, test in two] == [test for _, test in one]


def test_seeds_and_divisions(rows) -> None:
    one = listed_folds(hs.PeopleFolds(divisions=2, seed=1), rows)
    assert one != listed_folds(hs.PeopleFolds(divisions=2, seed=2), rows)
    assert one == listed_folds(hs.PeopleFolds(divisions=5, seed=1), rows)[:4]
    assert one[:2] != one[2:]
    assert one == listed_folds(hs.PeopleFolds(divisions=2, seed=np.int64(1)), rows)


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_units_and_zones_of_dates_do_not_matter(rows, unit) -> None:
    splitter = hs.TimeFolds(4, "1D")
    plain = listed_folds(splitter, rows)
    dates = rows["asked"]
    for column in (
        dates.astype(f"datetime64[{unit}]"),
        dates.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"),
        dates.dt.date,
        dates.astype(object),
    ):
        assert listed_folds(splitter, rows.assign(asked=column)) == plain
    days = (dates - pd.Timestamp("2024-01-01")) / pd.Timedelta(1, "D")
    for column in (days, days.astype(int), days.astype("Int64"), days.astype(int).astype(object)):
        assert listed_folds(hs.TimeFolds(4, 1), rows.assign(asked=column)) == plain


@pytest.mark.parametrize(
    "cuts",
    [
        ["2024-01-04", "2024-01-09"],
        pd.to_datetime(["2024-01-04", "2024-01-09"]),
        np.array(["2024-01-04", "2024-01-09"], dtype="datetime64[D]"),
        (datetime.date(2024, 1, 4), datetime.datetime(2024, 1, 9)),
    ],
)
def test_cuts_may_be_moments(rows, cuts) -> None:
    stamps = [pd.Timestamp("2024-01-04"), pd.Timestamp("2024-01-09")]
    assert as_sets(hs.TimeFolds(cuts), rows) == time_twin(rows, stamps, pd.Timedelta(0))


def test_cuts_may_be_numbers() -> None:
    frame = pd.DataFrame({"wave": [1, 2, 3, 4]})
    for cuts in ([2, 4], (2.0, 4.0), np.array([2, 4]), range(2, 5, 2)):
        assert [
            (train.tolist(), test.tolist()) for train, test in hs.TimeFolds(cuts, column="wave").split(frame)
        ] == [([0], [1, 2]), ([0, 1, 2], [3])]
    assert hs.TimeFolds(cuts=[0, 3, 9], column="wave").get_n_splits(frame) == 1  # others have no rows


# scikit-learn's interface


@every
def test_splits_are_valid_and_repeatable(rows, splitter) -> None:
    before, parameters = rows.copy(deep=True), repr(splitter)
    folds = list(splitter.split(rows, rows["label"]))
    assert splitter.get_n_splits(rows) == splitter.get_n_splits(rows, rows["label"], None) == len(folds) > 0
    for (train, test), again in zip(folds, splitter.split(rows, rows["label"]), strict=True):
        assert train.dtype.kind == test.dtype.kind == "i"
        assert train.size
        assert test.size
        assert not np.intersect1d(train, test).size
        for places in (train, test):
            assert 0 <= places.min() <= places.max() < len(rows)
            assert (np.diff(places) > 0).all()
        np.testing.assert_array_equal(train, again[0])
        np.testing.assert_array_equal(test, again[1])
    pd.testing.assert_frame_equal(rows, before)
    assert repr(splitter) == parameters


@every
def test_y_is_not_looked_at(rows, splitter) -> None:
    plain = listed_folds(splitter, rows)
    for y in (rows["label"], rows[["label", "x"]].to_numpy(), rows["x"].tolist()):
        assert [(train.tolist(), test.tolist()) for train, test in splitter.split(rows, y)] == plain


@every
def test_groups_do_for_x(rows, splitter) -> None:
    from scipy.sparse import csr_array

    plain = listed_folds(splitter, rows)
    matrix = rows[["x"]].to_numpy()
    for X in (matrix, matrix[:, 0], matrix.tolist(), csr_array(matrix), rows[["x"]], None):
        found = splitter.split(X, None, rows)
        assert [(train.tolist(), test.tolist()) for train, test in found] == plain
        assert splitter.get_n_splits(X, None, rows) == len(plain)
    ids = rows[["ego", "alter"]]
    for groups in (ids.to_numpy(), list(ids.itertuples(index=False, name=None)), ids):
        found = splitter.split(rows.drop(columns=["ego", "alter"]), groups=groups)
        assert [(train.tolist(), test.tolist()) for train, test in found] == plain


def test_reprs_name_every_parameter() -> None:
    assert repr(hs.PeopleFolds()) == "PeopleFolds(groups=None, divisions=20, pairs='inside', seed=0)"
    assert repr(hs.TimeFolds(np.array([1, 2]))) == "TimeFolds(cuts=(1, 2), embargo=0, column='asked')"
    assert repr(hs.BlockFolds("town")) == "BlockFolds(column='town')"
    assert repr(hs.PairFolds(3)) == "PairFolds(folds=3, divisions=1, seed=0)"
    assert repr(hs.PeopleTimeFolds(cuts=2)).startswith(
        "PeopleTimeFolds(groups=None, divisions=20, cuts=2, embargo=0, column='asked', pairs='inside'"
    )


@every
def test_copies_are_equal_and_scikit_learn_takes_them_as_they_are(rows, splitter) -> None:
    from sklearn.model_selection import check_cv

    for one in (pickle.loads(pickle.dumps(splitter)), copy.deepcopy(splitter)):
        assert one == splitter
        assert hash(one) == hash(splitter)
        assert listed_folds(one, rows) == listed_folds(splitter, rows)
    assert check_cv(splitter, rows["label"], classifier=True) is splitter
    with pytest.raises(AttributeError):
        splitter.column = "other"


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    """All pairs of 28 people in two towns: enough of both labels in every fold."""
    draws = np.random.default_rng(6)
    pairs = [pair for town in (range(14), range(14, 28)) for pair in itertools.permutations(town, 2)]
    frame = pd.DataFrame(pairs, columns=["ego", "alter"])
    frame["block"] = frame["ego"] // 14
    frame["asked"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(draws.integers(0, 12, len(frame)), unit="D")
    frame["x"] = draws.normal(size=len(frame))
    return frame.assign(label=(frame["x"] + draws.logistic(size=len(frame)) > 0).astype(int))


@pytest.fixture(scope="module")
def model():
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(make_column_transformer(("passthrough", ["x"])), LogisticRegression())


@every
def test_cross_validation_of_a_pipeline_equals_the_loop(many, model, splitter) -> None:
    from sklearn.base import clone
    from sklearn.model_selection import cross_val_score, cross_validate

    scores = cross_val_score(model, many, many["label"], cv=splitter, scoring="neg_log_loss")
    loop = []
    for train, test in splitter.split(many):
        fitted = clone(model).fit(many.iloc[train], many["label"].iloc[train])
        chances = fitted.predict_proba(many.iloc[test])[:, 1]
        truth = many["label"].iloc[test]
        loop.append(np.mean(truth * np.log(chances) + (1 - truth) * np.log1p(-chances)))
    np.testing.assert_allclose(scores, loop, rtol=1e-10)
    found = cross_validate(model, many, many["label"], cv=splitter, return_indices=True)
    assert [one.tolist() for one in found["indices"]["test"]] == [
        test for _, test in listed_folds(splitter, many)
    ]


def test_arrays_with_groups_equal_tables(many, model) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    splitter = hs.PeopleFolds(divisions=3)
    one = cross_val_score(model, many, many["label"], cv=splitter)
    X, y, ids = many[["x"]].to_numpy(), many["label"].to_numpy(), many[["ego", "alter"]].to_numpy()
    two = cross_val_score(LogisticRegression(), X, y, cv=splitter, groups=ids)
    np.testing.assert_allclose(one, two)


@pytest.mark.parametrize("inner", [hs.PeopleFolds(2, 2), hs.PairFolds(2)], ids=repr)
def test_grids_are_searched_within_folds(many, model, inner) -> None:
    from sklearn.model_selection import GridSearchCV, cross_val_score

    grid = {"logisticregression__C": [0.01, 1.0]}
    search = GridSearchCV(model, grid, cv=inner, error_score="raise").fit(many, many["label"])
    assert search.n_splits_ == inner.get_n_splits(many)
    scores = cross_val_score(search, many, many["label"], cv=hs.PeopleFolds(2, 2), error_score="raise")
    assert np.isfinite(scores).all()


def test_groups_are_routed_where_metadata_are(many) -> None:
    from sklearn import config_context
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, cross_val_score

    X, y, ids = many[["x"]].to_numpy(), many["label"].to_numpy(), many[["ego", "alter"]].to_numpy()
    outer, inner = hs.PeopleFolds(2, 2), hs.PeopleFolds(2, 1, seed=1)
    plain = cross_val_score(LogisticRegression(), X, y, cv=outer, groups=ids)
    with config_context(enable_metadata_routing=True):
        for splitter in SPLITTERS:
            assert splitter.get_metadata_routing().split.requests == {"groups": True}
        routed = cross_val_score(LogisticRegression(), X, y, cv=outer, params={"groups": ids})
        np.testing.assert_array_equal(plain, routed)
        search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=inner, error_score="raise")
        nested = cross_val_score(search, X, y, cv=outer, params={"groups": ids}, error_score="raise")
    assert np.isfinite(nested).all()


def test_knowing_who_people_are_pays_only_under_random_pairs() -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    draws = np.random.default_rng(8)
    frame = pd.DataFrame(itertools.permutations(range(30), 2), columns=["ego", "alter"])
    popular = draws.normal(scale=1.5, size=30)
    label = (popular[frame["alter"]] + popular[frame["ego"]] + draws.logistic(size=len(frame)) > 0).astype(
        int
    )
    who = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["ego", "alter"]))
    model = make_pipeline(who, LogisticRegression(max_iter=1000))
    random = cross_val_score(model, frame, label, cv=hs.PairFolds(), scoring="roc_auc").mean()
    unseen = cross_val_score(model, frame, label, cv=hs.PeopleFolds(divisions=3), scoring="roc_auc").mean()
    assert random > 0.8
    assert unseen == 0.5


@every
def test_scores_have_their_estimand_in_words(splitter) -> None:
    assert splitter.estimand
    assert ("transductive" in splitter.estimand) == isinstance(splitter, hs.PairFolds)


def test_folds_are_numbered_through_their_divisions(rows) -> None:
    numbered = [(one.division, one.fold) for one in hs.PeopleFolds(3, 2).numbered(rows)]
    assert numbered == list(itertools.product(range(2), range(3)))
    both = [(one.division, one.fold) for one in hs.PeopleTimeFolds(2, 2, 3).numbered(rows)]
    assert both == list(itertools.product(range(2), range(6)))


def test_a_fold_without_rows_is_passed_over_and_not_counted() -> None:
    star = pd.DataFrame({"ego": ["hub"] * 5 + ["a"], "alter": ["a", "b", "c", "d", "e", "b"]})
    splitter = hs.PeopleFolds(2, 20)
    folds = list(splitter.numbered(star))
    assert 0 < len(folds) == splitter.get_n_splits(star) < 40
    assert len({(one.division, one.fold) for one in folds}) == len(folds)


# refusals


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: hs.PeopleFolds(1), "groups is 1; it must be a whole number from 2 on."),
        (lambda: hs.PeopleFolds(2.0), "groups is 2.0; it must be a whole number from 2 on."),
        (lambda: hs.PeopleFolds("3"), "groups is '3'; it must be a whole number"),
        (lambda: hs.PeopleFolds(True), "groups is True; it must be a whole number"),
        (lambda: hs.PeopleFolds(divisions=0), "divisions is 0; it must be a whole number from 1 on."),
        (
            lambda: hs.PeopleFolds(pairs="insde"),
            "pairs is 'insde'; it must be one of 'inside', 'across'. Did you",
        ),
        (lambda: hs.PeopleFolds(seed=-1), "seed is -1; it must be a whole number from 0 on."),
        (lambda: hs.PeopleFolds(seed=None), "seed is None; it must be a whole number, so that every call"),
        (lambda: hs.PeopleTimeFolds(pairs="both"), "pairs is 'both'; it must be one of"),
        (lambda: hs.PeopleTimeFolds(embargo=-1), "embargo is -1; it must be a finite number from 0 on"),
        (lambda: hs.TimeFolds(0), "cuts is 0; it must be a whole number from 1 on."),
        (lambda: hs.TimeFolds(1.5), "cuts is 1.5; it must be a whole number from 1 on."),
        (lambda: hs.TimeFolds("2024-01-01"), "cuts is '2024-01-01'; it must be a whole number"),
        (lambda: hs.TimeFolds([]), "cuts is empty; it must be"),
        (lambda: hs.TimeFolds(embargo=-0.5), "embargo is -0.5; it must be a finite number from 0 on"),
        (lambda: hs.TimeFolds(embargo=float("nan")), "embargo is nan; it must be a finite number"),
        (lambda: hs.TimeFolds(embargo=True), "embargo is True; it must be a span"),
        (lambda: hs.TimeFolds(embargo="7"), "embargo is '7'; it must be a span"),
        (lambda: hs.TimeFolds(embargo="-7D"), "embargo is '-7D'; it must be longer than nothing"),
        (lambda: hs.PairFolds(1), "folds is 1; it must be a whole number from 2 on."),
        (lambda: hs.PairFolds(divisions=1.0), "divisions is 1.0; it must be"),
        (lambda: hs.PairFolds(seed="a"), "seed is 'a'; it must be"),
    ],
)
def test_wrong_parameters_are_refused_at_once(make, said) -> None:
    with pytest.raises(ArgumentError, match=re.escape(said)):
        make()


PAIRS = pd.DataFrame({"ego": list("aabc"), "alter": list("bcdd"), "asked": [1, 2, 3, 4], "block": 1})


@pytest.mark.parametrize(
    ("splitter", "X", "groups", "said"),
    [
        (hs.PeopleFolds(3), PAIRS, None, "groups is 3; 4 people cannot make 3 groups of two or more people."),
        (hs.PeopleFolds(), PAIRS[:1], None, "2 people cannot make 2 groups of two or more people."),
        (
            hs.PeopleFolds(),
            PAIRS[["ego", "asked"]],
            None,
            "X has no column 'alter'. Give X as a pandas DataFrame",
        ),
        (
            hs.PeopleFolds(),
            PAIRS.rename(columns={"ego": "Ego"}),
            None,
            "no column 'ego'. Did you mean 'Ego'?",
        ),
        (
            hs.PeopleFolds(),
            PAIRS.assign(ego=["a", None, "b", None]),
            None,
            "'ego' is missing in row 1 (2 such rows)",
        ),
        (hs.PeopleFolds(), PAIRS.assign(alter=[1.0, np.nan, 2, 3]), None, "'alter' is missing in row 1"),
        (
            hs.PeopleFolds(),
            PAIRS.assign(alter=list("bcbd")),
            None,
            "Row 2 pairs a person with themselves (1 such",
        ),
        (
            hs.PeopleFolds(),
            PAIRS.assign(alter=[1, 2, 3, 4]),
            None,
            "numbers in some places and text in others",
        ),
        (
            hs.PeopleFolds(),
            PAIRS.assign(alter=[1.5, 2.5, "b", "c"]),
            None,
            "have no order; make them numbers or text",
        ),
        (hs.PeopleFolds(), PAIRS.assign(alter=[["b"]] * 4), None, "have no order; make them numbers or text"),
        (hs.PeopleFolds(), np.ones((4, 2)), None, "X, of type ndarray, has no columns by name."),
        (hs.PeopleFolds(), None, None, "Neither X nor a frame of groups is given"),
        (hs.PeopleFolds(), np.ones((4, 2)), list("abcd"), "groups has shape (4, 1); it must be (n, 2)"),
        (hs.PeopleFolds(), np.ones((4, 2)), np.arange(4), "groups has shape (4,); it must be (n, 2)"),
        (hs.PeopleFolds(), np.ones((4, 2)), np.ones((4, 3)), "groups has shape (4, 3); it must be (n, 2)"),
        (hs.PeopleFolds(), np.ones((4, 2)), np.array([["a", "b"]] * 3), "X has 4 rows, groups has 3 rows"),
        (hs.PeopleFolds(), PAIRS[:0], None, "X has 0 rows; folds need rows"),
        (hs.PeopleFolds(), "pairs.csv", None, "X is 'pairs.csv'; it must be a table or an array"),
        (
            hs.PeopleFolds(2, 3),
            pd.DataFrame({"ego": ["a", "a", "a"], "alter": ["b", "c", "d"]}),
            None,
            "No fold has rows to train on and rows to test: 3 rows of 4 people in 2 groups, 3 divisions",
        ),
        (
            hs.PeopleFolds(),
            pd.concat([PAIRS, PAIRS], axis=1),
            None,
            "2 columns are called 'ego'; there must be one.",
        ),
        (
            hs.TimeFolds(),
            PAIRS.drop(columns="asked"),
            None,
            "X has no column 'asked'. Give X as a pandas DataFrame with",
        ),
        (hs.TimeFolds(), np.ones(4), np.ones((4, 2)), "X, of type ndarray, has no columns by name."),
        (
            hs.TimeFolds(),
            PAIRS.assign(asked=[1, np.nan, 2, 3]),
            None,
            "'asked' is missing in row 1 (1 such rows)",
        ),
        (
            hs.TimeFolds(),
            PAIRS.assign(asked=[1, np.inf, 2, 3]),
            None,
            "'asked' is inf in row 1; moments must be finite",
        ),
        (
            hs.TimeFolds(),
            PAIRS.assign(asked=list("abcd")),
            None,
            "'asked' holds string such as 'a'; moments must be",
        ),
        (hs.TimeFolds(), PAIRS.assign(asked=[True, False] * 2), None, "'asked' holds boolean such as"),
        (hs.TimeFolds(), PAIRS.assign(asked=pd.to_timedelta([1, 2, 3, 4])), None, "'asked' holds timedelta"),
        (
            hs.TimeFolds(),
            PAIRS.assign(asked=7),
            None,
            "No cut has rows before it and rows after it: 4 rows from 7 to 7",
        ),
        (
            hs.TimeFolds(embargo=9),
            PAIRS,
            None,
            "No cut has rows before it and rows after it: 4 rows from 1 to 4 in",
        ),
        (hs.TimeFolds([9]), PAIRS, None, "No cut has rows before it and rows after it"),
        (
            hs.TimeFolds(embargo="7D"),
            PAIRS,
            None,
            "embargo is '7D'; 'asked' holds numbers, so it must be one too.",
        ),
        (
            hs.TimeFolds(embargo=7),
            PAIRS.assign(asked=pd.to_datetime(["2024-01-01"] * 4)),
            None,
            "embargo is 7; 'asked' holds dates, so it must be a span such as '7D'.",
        ),
        (hs.TimeFolds(["2024-01-01"]), PAIRS, None, "cuts has '2024-01-01'; 'asked' holds numbers"),
        (hs.TimeFolds([np.timedelta64(1, "D")]), PAIRS, None, "'asked' holds numbers"),
        (hs.TimeFolds([1, float("inf")]), PAIRS, None, "cuts has inf; 'asked' holds numbers"),
        (hs.TimeFolds([3, 3]), PAIRS, None, "cuts has 3 before 3; each must be later than the one before."),
        (
            hs.TimeFolds([3]),
            PAIRS.assign(asked=pd.to_datetime(["2024-01-01"] * 4)),
            None,
            "3 is not a date",
        ),
        (hs.PeopleTimeFolds(3), PAIRS, None, "4 people cannot make 3 groups"),
        (hs.PeopleTimeFolds(embargo=9), PAIRS, None, "once time cuts them too. No cut has rows before"),
        (hs.BlockFolds(), PAIRS, None, "'block' is 1 in every row; there must be another to train on."),
        (hs.BlockFolds("town"), PAIRS, None, "X has no column 'town'"),
        (
            hs.BlockFolds(),
            PAIRS.assign(block=list("vvww")),
            None,
            "'b' is in block 'v' and in 'w'; everybody must be in one, under an id",
        ),
        (hs.BlockFolds(), PAIRS.assign(block=[1, 1, None, 1]), None, "'block' is missing in row 2"),
        (hs.PairFolds(5), PAIRS, None, "folds is 5; 4 pairs cannot fill them."),
    ],
)
def test_rows_that_make_no_folds_are_refused(splitter, X, groups, said) -> None:
    with pytest.raises(ArgumentError, match=re.escape(said)):
        list(splitter.split(X, None, groups))
    with pytest.raises(ArgumentError, match=re.escape(said)):
        splitter.get_n_splits(X, None, groups)


def test_lengths_are_compared_before_anything_else() -> None:
    with pytest.raises(ArgumentError, match="X has 4 rows, y has 3 rows; they must be as long as each other"):
        hs.PeopleFolds().split(PAIRS, [1, 2, 3])


def test_a_table_of_the_package_says_where_its_frame_is(tmp_path) -> None:
    from tests.corpus import log_of

    dyads = log_of([("a", "b", 1), ("b", "c", 2), ("c", "d", 3), ("a", "d", 4)]).dyads()
    with pytest.raises(
        ArgumentError, match=re.escape("X, of type DyadTable, has no columns by name. Give its")
    ):
        hs.PeopleFolds().split(dyads)
    assert hs.PeopleFolds(divisions=9).get_n_splits(dyads.frame)

"""Chance: against every outcome, published intervals, a real log, and priors that are known."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy.special import betaln

import honestsignals as hs
from honestsignals.errors import DesignError
from honestsignals.metrics import chance
from honestsignals.metrics.binomial import FEW, SMALL, at_most, expected_imbalance, mid_p, of_distinct
from honestsignals.metrics.columns import column, describe
from honestsignals.metrics.shrinkage import LEAST, MOST, NEAR, beta_prior
from tests import twins_chance as twins
from tests.shared import needs_shared, shared_path

FAMILY = [
    *("give_share_expected", "giving_z", "giving_p", "giving_z_activity", "giving_p_activity"),
    *("imbalance_expected", "imbalance_excess"),
    *("imbalance_expected_activity", "imbalance_excess_activity"),
    *("give_share_shrunk", "give_share_shrunk_low", "give_share_shrunk_high"),
]
SHRUNK = FAMILY[-3:]


def pairs_up_to(acts: int) -> tuple[np.ndarray, np.ndarray]:
    """Every pair of counts of 1 to so many acts."""
    both = [(mine, all_acts - mine) for all_acts in range(1, acts + 1) for mine in range(all_acts + 1)]
    mine, theirs = np.array(both).T
    return mine, theirs


# binomial arithmetic


@pytest.mark.parametrize("share", [0.5, 0.3, 0.97, 0.002])
def test_every_pair_of_counts_against_every_outcome(share) -> None:
    mine, theirs = pairs_up_to(40)
    forth, back = np.full(len(mine), share), np.full(len(mine), 1 - share)
    p, expected = mid_p(mine, theirs, forth, back), expected_imbalance(mine + theirs, forth, back)
    for row, (one, other) in enumerate(zip(mine.tolist(), theirs.tolist(), strict=True)):
        twin = twins.against(one, other, share, 1 - share)
        assert p[row] == pytest.approx(twin["giving_p"], rel=1e-11, abs=1e-15)
        assert expected[row] == pytest.approx(twin["imbalance_expected"], rel=1e-12)


def test_more_acts_than_have_factorials_are_exact_too() -> None:
    # either side of the number of acts where the way of working changes, in whole numbers
    for acts in (SMALL - 1, SMALL, SMALL + 1, 3 * SMALL):
        for mine in (0, acts // 3, acts // 2, acts - 1, acts):
            ways = [math.comb(acts, given) for given in range(acts + 1)]
            twice = sum(ways[:mine]) * 2 + ways[mine]
            p = Fraction(min(twice, 2 * 2**acts - twice), 2**acts)
            found = chance.giving_p(np.array([mine]), np.array([acts - mine]))[0]
            assert found == pytest.approx(float(p), rel=1e-11)
            expected = Fraction(sum(way * abs(2 * given - acts) for given, way in enumerate(ways)), 2**acts)
            found = chance.imbalance_expected(np.array([acts]))[0]
            assert found == pytest.approx(float(expected / acts), rel=1e-12)


@pytest.mark.parametrize(
    ("given", "acts", "low", "high"),
    [(81, 263, 0.2544, 0.3658), (15, 148, 0.0601, 0.1581), (4, 10, 0.142, 0.709), (1, 29, 0.0017, 0.1585)],
)
def test_published_mid_p_intervals_end_where_p_is_a_twentieth(given, acts, low, high) -> None:
    """Newcombe 1998 and, of 4 in 10, Agresti & Gottard 2001, as the tests of R's coin cite them."""

    def p(share: float) -> float:
        counts = np.array([given]), np.array([acts - given])
        return float(mid_p(*counts, np.array([share]), np.array([1 - share]))[0])

    digit = 0.0005 if acts == 10 else 0.00005
    assert p(low - digit) < 0.05 < p(low + digit)
    assert p(high + digit) < 0.05 < p(high - digit)


def test_small_tails_keep_their_digits() -> None:
    # one minus a distribution would say 0; and mirrored pairs agree however far out
    p = chance.giving_p(np.array([0, 200, 1000]), np.array([200, 0, 0]))
    np.testing.assert_allclose(p, [2.0**-200, 2.0**-200, 2.0**-1000], rtol=1e-12)
    forth, back = np.array([1e12]), np.array([1.0])
    one = chance.giving_p_activity(np.array([5]), np.array([3]), forth, back)
    other = chance.giving_p_activity(np.array([3]), np.array([5]), back, forth)
    assert one[0] == pytest.approx(other[0], rel=1e-14)
    assert one[0] == pytest.approx(math.comb(8, 3) * 1e-36, rel=1e-10)


def test_ten_million_acts_overflow_nothing() -> None:
    n = 10**7
    ego, alter = np.array([n // 2, n // 2 + 1581, n]), np.array([n // 2, n // 2 - 1581, 0])
    z, p = chance.giving_z(ego, alter), chance.giving_p(ego, alter)
    assert z.tolist() == pytest.approx([0, 2 * 1581 / math.sqrt(n), math.sqrt(n)])
    # of so many acts the binomial is normal to six digits
    assert p.tolist() == pytest.approx([1.0, math.erfc(z[1] / math.sqrt(2)), 0.0], rel=1e-5)
    expected = chance.imbalance_expected(np.array([n]))[0]
    assert expected == pytest.approx(math.sqrt(2 / (math.pi * n)) * (1 - 1 / (4 * n)), rel=1e-10)
    big = np.array([float(n) ** 2])
    drawn = chance.imbalance_expected_activity(np.array([n]), big, big)[0]
    assert drawn == pytest.approx(expected, rel=1e-10)
    assert chance.giving_z_activity(ego[1:2], alter[1:2], big, big)[0] == pytest.approx(z[1])


@pytest.mark.parametrize("share", [0.5, 0.1, 0.8])
def test_mid_p_is_fair(share) -> None:
    """Its mean over what chance gives is a half, near enough, and it is small as seldom as it says."""
    for acts in (20, 60):
        mine = np.arange(acts + 1)
        of = np.array(twins.probabilities(acts, share, 1 - share))
        p = mid_p(mine, acts - mine, np.full(acts + 1, share), np.full(acts + 1, 1 - share))
        assert float(of @ p) == pytest.approx(0.5, abs=0.05)
        assert float(of[p <= 0.05].sum()) < 0.075


def test_where_nothing_is_left_to_chance_there_is_no_p() -> None:
    acts, none = (np.array([2, 0, 0]), np.array([1, 3, 0])), np.zeros(3)
    some = np.ones(3)
    for forth, back in ((some, none), (none, some), (none, none)):
        assert np.isnan(chance.giving_p_activity(*acts, forth, back)).all()
        assert np.isnan(chance.giving_z_activity(*acts, forth, back)).all()
    # but what is sure is expected: all acts are one's
    expected = chance.imbalance_expected_activity(np.array([3, 1, 0]), some, none)
    np.testing.assert_array_equal(expected, [1, 1, math.nan])
    assert np.isnan(chance.imbalance_expected_activity(np.array([3]), np.zeros(1), np.zeros(1)))
    assert chance.give_share_expected(some, none).tolist() == [1, 1, 1]


def test_activity_never_makes_less_imbalance_than_coins() -> None:
    rng = np.random.default_rng(0)
    acts = rng.integers(1, 400, 2000)
    forth, back = rng.random((2, 2000)) + 1e-9
    drawn = chance.imbalance_expected_activity(acts, forth, back)
    tossed = chance.imbalance_expected(acts)
    assert (drawn > tossed * (1 - 1e-12)).all()
    np.testing.assert_allclose(drawn, chance.imbalance_expected_activity(acts, back, forth), rtol=1e-11)
    # and no less than of the mean itself: a mean of absolute values is at least the value of the mean
    assert (drawn >= np.abs(forth - back) / (forth + back) * (1 - 1e-12)).all()


def test_tails_at_and_beyond_the_ends() -> None:
    counts = np.array([-1, 0, 3, 4, 5]), np.full(5, 4)
    np.testing.assert_allclose(at_most(*counts, np.full(5, 0.25)), [0, 0.25**4, 1 - 0.75**4, 1, 1])
    np.testing.assert_array_equal(at_most(*counts, np.zeros(5)), [0, 0, 0, 1, 1])


def test_distinct_pairs_are_worked_out_once() -> None:
    rng = np.random.default_rng(1)
    one = rng.choice([0, 1, 5, FEW - 1, FEW, 10**7], 500)
    other = rng.choice([0, 2, FEW - 1, FEW, 2**40], 500)
    seen: list[tuple[int, int]] = []

    def weigh(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        seen.extend(zip(left.tolist(), right.tolist(), strict=True))
        return left * 3.0 - right

    np.testing.assert_array_equal(of_distinct(weigh, one, other), one * 3.0 - other)
    # the pair of none and none stands in for those that are not in the table
    assert set(seen) - {(0, 0)} == set(zip(one.tolist(), other.tolist(), strict=True)) - {(0, 0)}
    assert len(seen) == len(set(seen))
    assert len(of_distinct(weigh, one[:0], other[:0])) == 0


# empirical Bayes


def drawn(seed: int, alpha: float, beta: float, n: int = 2000, most: int = 12) -> tuple[np.ndarray, ...]:
    """Shares from a beta distribution, and acts of pairs that have them."""
    rng = np.random.default_rng(seed)
    share, acts = rng.beta(alpha, beta, n), 1 + rng.poisson(rng.gamma(1, most / 2, n))
    mine = rng.binomial(acts, share)
    return share, mine, acts - mine


SMALL_TABLES = [
    [(2, 0), (2, 1), (0, 2), (0, 2)],
    [(5, 1), (3, 3), (0, 7), (1, 0), (2, 2), (9, 4)],
    [(1, 2), (4, 40), (0, 3), (6, 1)],
    # likely under two priors, of which the less likely is at the end: coins, but for one pair
    [(0, 3), (48, 4), (0, 5)],
]


@pytest.mark.parametrize("table", SMALL_TABLES)
def test_the_prior_is_the_most_likely(table) -> None:
    mine, theirs = np.array(table).T
    alpha, beta = beta_prior(mine, theirs, False)
    assert alpha == beta == pytest.approx(twins.even_prior(table), rel=1e-5)
    of_ego, of_alter = beta_prior(mine, theirs, True)
    expected = twins.uneven_prior(table)
    found, best = (twins.log_likelihood(table, *prior) for prior in ((of_ego, of_alter), expected))
    assert found >= best - 1e-9
    if max(of_ego, of_alter) < MOST / 4:
        assert (of_ego, of_alter) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("directed", [False, True])
def test_no_prior_of_a_grid_is_more_likely(directed) -> None:
    rng = np.random.default_rng(5)
    ends = np.exp(np.linspace(math.log(LEAST), math.log(MOST / 2), 60))
    one, other = (side.reshape(-1, 1) for side in np.meshgrid(ends, ends if directed else [1.0]))
    other = other if directed else one
    for _ in range(60):
        acts = rng.choice([1, 2, 3, 5, 20, 100], 6)
        mine = rng.binomial(acts, rng.choice([0.5, 0.1, 0.9, 0.01], 6))
        if acts.max() < 2:
            continue

        def height(alpha, beta, mine=mine, theirs=acts - mine):
            return (betaln(alpha + mine, beta + theirs) - betaln(alpha, beta)).sum(-1)

        alpha, beta = beta_prior(mine, acts - mine, directed)
        assert height(alpha, beta) >= height(one, other).max() - 1e-6
        assert min(alpha, beta) >= LEAST * (1 - 1e-12)
        assert alpha + beta <= MOST * (1 + 1e-12)


@pytest.mark.parametrize(("alpha", "beta"), [(0.4, 0.4), (2, 2), (15, 15), (1, 3), (0.5, 4)])
def test_a_known_prior_is_recovered(alpha, beta) -> None:
    fits = []
    for seed in range(12):
        _, mine, theirs = drawn(seed, alpha, beta)
        fits.append(np.log(beta_prior(mine, theirs, alpha != beta)))
    # of the logarithm: the mean of twelve studies within 4 of its errors, and each not far
    bias = np.mean(fits, axis=0) - np.log([alpha, beta])
    error = np.std(fits, axis=0, ddof=1) / math.sqrt(12)
    assert (np.abs(bias) < 4 * error + 1e-3).all()
    assert (np.abs(bias) < 0.1).all()


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.5), (3, 3), (10, 10), (1, 3), (6, 2)])
def test_intervals_cover_on_average_over_shares_drawn_from_the_prior(alpha, beta) -> None:
    covered = []
    for seed in range(8):
        share, mine, theirs = drawn(seed, alpha, beta)
        prior = tuple(np.full(len(mine), one) for one in beta_prior(mine, theirs, alpha != beta))
        low = chance.give_share_shrunk_low(mine, theirs, *prior)
        high = chance.give_share_shrunk_high(mine, theirs, *prior)
        covered.append(float(((low <= share) & (share <= high)).mean()))
    assert np.mean(covered) == pytest.approx(0.95, abs=0.01 if alpha < 10 else 0.02)
    if alpha < 10:
        assert min(covered) > 0.93
        assert max(covered) < 0.97


def test_where_shares_hardly_differ_a_small_table_has_narrow_intervals() -> None:
    """The docstring's warning: then the prior itself is uncertain, and the interval leaves that out."""
    covered = []
    for seed in range(20):
        share, mine, theirs = drawn(seed, 30, 30, n=500)
        prior = np.full(500, beta_prior(mine, theirs, False)[0])
        low = chance.give_share_shrunk_low(mine, theirs, prior, prior)
        high = chance.give_share_shrunk_high(mine, theirs, prior, prior)
        covered.append(float(((low <= share) & (share <= high)).mean()))
    assert np.mean(covered) < 0.93


def test_shrinking_pays() -> None:
    """The mean squared error of the shrunk share is below that of the bare one, and of one half."""
    for seed, alpha in ((0, 0.7), (1, 3), (2, 20)):
        share, mine, theirs = drawn(seed, alpha, alpha)
        prior = np.full(len(mine), beta_prior(mine, theirs, False)[0])
        shrunk = chance.give_share_shrunk(mine, theirs, prior, prior)
        bare = mine / (mine + theirs)
        loss = [float(((guess - share) ** 2).mean()) for guess in (shrunk, bare, np.full(len(share), 0.5))]
        assert loss[0] < min(loss[1:])


@pytest.mark.parametrize(
    ("mine", "theirs", "alpha", "beta"),
    [(0, 1, 0.6, 0.6), (3, 0, 2.0, 2.0), (7, 12, 0.5, 3.0), (40, 2, 5.0, 5.0)],
)
def test_the_posterior_is_what_its_density_adds_up_to(mine, theirs, alpha, beta) -> None:
    given = [np.array([one]) for one in (mine, theirs, alpha, beta)]
    mean, low, high = (float(getattr(chance, name)(*given)[0]) for name in SHRUNK)
    assert (mean, low, high) == pytest.approx(twins.posterior(mine, theirs, alpha, beta), rel=1e-5)
    assert low < mean < high


def test_one_sided_pairs_drive_the_prior_to_its_end_and_equal_ones_to_the_other() -> None:
    one_sided = np.array([3, 0, 5, 0]), np.array([0, 2, 0, 9])
    assert beta_prior(*one_sided, False) == pytest.approx((LEAST, LEAST))
    assert beta_prior(*one_sided, True) == pytest.approx((LEAST, LEAST), rel=0.5)
    equal = np.array([3, 4, 5]), np.array([3, 4, 5])
    assert beta_prior(*equal, False) == pytest.approx((MOST / 2, MOST / 2))
    thrice = np.array([3, 6, 9]), np.array([1, 2, 3])
    assert beta_prior(*thrice, True) == pytest.approx((MOST * 3 / 4, MOST / 4), rel=1e-3)
    # only alters gave: ego's share is nothing at all
    alpha, beta = beta_prior(np.zeros(3, dtype=int), np.array([2, 3, 4]), True)
    assert (alpha, beta) == pytest.approx((LEAST, MOST), rel=1e-6)


def test_single_acts_and_empty_tables_have_no_prior() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert len(chance.prior_ego(none, none, False)) == 0
    for mine, theirs in (([1, 0, 0], [0, 1, 0]), ([0, 0], [0, 0])):
        for directed in (False, True):
            prior = chance.prior_ego(np.array(mine), np.array(theirs), directed)
            assert np.isnan(prior).all()
            for name in SHRUNK:
                assert np.isnan(getattr(chance, name)(np.array(mine), np.array(theirs), prior, prior)).all()


def test_a_pair_without_acts_changes_no_prior_and_has_no_share() -> None:
    _, mine, theirs = drawn(3, 2, 2, n=50)
    more = [np.concatenate([side, np.zeros(9, dtype=np.int64)]) for side in (mine, theirs)]
    for directed in (False, True):
        assert beta_prior(*more, directed) == beta_prior(mine, theirs, directed)
    prior = chance.prior_ego(*more, False)
    for name in SHRUNK:
        values = getattr(chance, name)(*more, prior, prior)
        assert np.isnan(values[-9:]).all()
        assert not np.isnan(values[:-9]).any()


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_rows_changes_no_bit_and_a_mirror_mirrors(seed) -> None:
    _, mine, theirs = drawn(seed, 1, 3, n=300)
    mine[:3] *= 10 * NEAR
    order = np.random.default_rng(seed).permutation(300)
    for directed in (False, True):
        alpha, beta = beta_prior(mine, theirs, directed)
        assert beta_prior(mine[order], theirs[order], directed) == (alpha, beta)
        assert beta_prior(theirs, mine, directed) == (beta, alpha)
    # every pair seen from both sides: no side is another
    both = np.concatenate([mine, theirs]), np.concatenate([theirs, mine])
    assert beta_prior(*both, True) == pytest.approx(beta_prior(mine, theirs, False), rel=1e-12)


def test_large_counts_have_the_prior_that_whole_sums_give(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    acts = rng.integers(10, 60_000, 200)
    mine = rng.binomial(acts, rng.beta(2, 5, 200))
    found = [beta_prior(mine, acts - mine, directed) for directed in (False, True)]
    monkeypatch.setattr("honestsignals.metrics.shrinkage.NEAR", 100_000)
    whole = [beta_prior(mine, acts - mine, directed) for directed in (False, True)]
    np.testing.assert_allclose(found, whole, rtol=1e-9)
    # and up to ten million acts
    mine, theirs = mine * 200, (acts - mine) * 200
    prior = beta_prior(mine, theirs, True)
    assert prior == pytest.approx(found[1], rel=0.01)
    share = chance.give_share_shrunk(mine, theirs, *(np.full(200, one) for one in prior))
    np.testing.assert_allclose(share, mine / (mine + theirs), atol=0.01)


def test_a_prior_that_varies_by_row_is_taken_row_by_row() -> None:
    given = np.array([1, 1, 0]), np.array([0, 0, 0])
    prior = np.array([2.0, 5.0, 1.0]), np.array([2.0, 1.0, 1.0])
    low = chance.give_share_shrunk_low(*given, *prior)
    alone = [chance.give_share_shrunk_low(*([side[[row]] for side in (*given, *prior)]))[0] for row in (0, 1)]
    assert low[:2].tolist() == alone
    assert alone[0] != alone[1]
    assert np.isnan(low[2])


# in tables


def table_of(pairs: list[tuple[int, int]], **settings) -> pd.DataFrame:
    """A log in which the two of each pair gave one another so much, and nobody else anything."""
    rows = []
    for place, (mine, theirs) in enumerate(pairs):
        rows += [(f"{place:03}a", f"{place:03}b", mine), (f"{place:03}b", f"{place:03}a", theirs)]
    frame = pd.DataFrame(rows, columns=["sender", "receiver", "count"])
    return hs.read_log(frame[frame["count"] > 0]).dyads(**settings).frame


def test_a_table_has_the_prior_of_all_its_rows() -> None:
    pairs = SMALL_TABLES[1]
    frame = table_of(pairs, metrics=[*SHRUNK, "prior_ego", "prior_alter"])
    alpha = twins.even_prior(pairs)
    np.testing.assert_allclose(frame[["prior_ego", "prior_alter"]], alpha, rtol=1e-5)
    for row, (mine, theirs) in enumerate(pairs):
        expected = twins.posterior(mine, theirs, alpha, alpha)
        np.testing.assert_allclose(frame[SHRUNK].iloc[row], expected, rtol=1e-4)


def test_chance_stands_in_every_table_and_its_steps_do_not() -> None:
    frame = table_of(SMALL_TABLES[0])
    assert set(FAMILY) <= set(frame.columns)
    assert not {"prior_ego", "activity_product_ego"} & set(frame.columns)
    whole = {name for name in FAMILY if describe(column(name)).whole}
    assert whole == set(SHRUNK)


@pytest.mark.parametrize("name", [*FAMILY, "prior_ego"])
def test_counts_alone_have_chance_and_each_kind_its_own(name) -> None:
    with pytest.raises(DesignError, match="needs counts of acts"):
        column(f"{name}__weight")
    assert column(f"{name}__help", ["help"]).inputs[0].endswith("__help")


def test_doubling_the_log_leaves_expected_shares_and_changes_what_few_acts_are_worth() -> None:
    rng = np.random.default_rng(2)
    sender, receiver = rng.integers(0, 7, (2, 150))
    frame = pd.DataFrame({"sender": sender, "receiver": receiver})[sender != receiver]
    once, twice = (hs.read_log(one).dyads().frame for one in (frame, pd.concat([frame, frame])))
    np.testing.assert_allclose(twice["give_share_expected"], once["give_share_expected"], rtol=1e-12)
    np.testing.assert_allclose(twice["giving_z"], math.sqrt(2) * once["giving_z"], rtol=1e-12)
    np.testing.assert_allclose(
        twice["giving_z_activity"], math.sqrt(2) * once["giving_z_activity"], rtol=1e-12
    )
    acted = once["acts"] > 0
    assert (twice["imbalance_expected"][acted] <= once["imbalance_expected"][acted]).all()
    for name in ("giving_p", "imbalance_expected", *SHRUNK):
        assert not np.allclose(twice[name], once[name], equal_nan=True), f"{name} is known to change"


@needs_shared
def test_eies_is_more_one_sided_than_chance_and_activity_make_it() -> None:
    log = hs.open_study(shared_path("datasets", "eies")).log
    frame = log.dyads(metrics=["imbalance", "total_given_ego", "total_given_alter", *FAMILY]).frame
    assert len(frame) == 266
    assert frame["imbalance"].mean() == pytest.approx(0.516, abs=0.0005)
    assert frame["imbalance_expected"].mean() == pytest.approx(0.2025, abs=0.00005)
    assert frame["imbalance_expected_activity"].mean() == pytest.approx(0.391, abs=0.0005)
    # messages to oneself are no part of anybody's total
    matrix = pd.read_csv(shared_path("reference", "inputs", "eies_messages.csv"), index_col=0)
    assert not np.diag(matrix).any()
    sent = {
        person: total
        for side in ("ego", "alter")
        for person, total in zip(frame[side], frame[f"total_given_{side}"], strict=True)
    }
    # people have other names there
    assert sorted(sent.values()) == sorted(matrix.to_numpy().sum(axis=1))

"""Components of social relations and their errors: brute-force twins, and what sampling says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from honestsignals.errors import DesignError
from honestsignals.inference.srm import fit_group, inverse_of, noise_of, terms_of
from honestsignals.inference.srm_errors import (
    Pooled,
    between_groups,
    jackknife_covariance,
    normal_covariance,
    over_people,
    weights_of,
    wishart_covariance,
    within_groups,
)
from honestsignals.inference.srm_pairs import pair_influences
from honestsignals.inference.srm_tests import component_tests, correlations, pair_test
from honestsignals.inference.srm_without import leave_one_out
from honestsignals.metrics.roundrobin import round_robin

# of cells that are not known: none, some, one direction of some pairs alone
HOLES = {
    "complete": [],
    "scattered": [(0, 3), (2, 1), (4, 0)],
    "a pair and more": [(1, 2), (2, 1), (3, 5), (0, 4)],
}


def mask_of(n: int, holes: list[tuple[int, int]]) -> np.ndarray:
    known = ~np.eye(n, dtype=bool)
    for hole in holes:
        known[hole] = False
    return known


def drawn(rng: np.random.Generator, n: int, two: bool = False) -> list[np.ndarray]:
    """One variable with every component, or a second that shares people and pairs with it."""
    low, high = np.triu_indices(n, 1)
    people = np.linalg.cholesky([[0.5, 0.2], [0.2, 0.3]]) @ rng.normal(size=(2, n))
    pairs = np.linalg.cholesky([[1.0, 0.4], [0.4, 1.0]]) @ rng.normal(size=(2, len(low)))
    x = people[0][:, None] + people[1][None, :]
    x[low, high] += pairs[0]
    x[high, low] += pairs[1]
    if not two:
        return [x]
    y = 0.5 * x + 0.5 * rng.normal(size=n)[:, None] + people[0][None, :] + rng.normal(size=(n, n))
    return [x, y]


def unit_covariances(cells: list[tuple[int, int]]) -> dict[tuple[str, tuple[int, int]], np.ndarray]:
    """Covariance of what is in two cells for one component alone, of size 1."""
    giver, taker = np.array(cells).T
    same_giver, same_taker = (giver[:, None] == giver), (taker[:, None] == taker)
    turned = (giver[:, None] == taker) & (taker[:, None] == giver)
    return {
        ("person", (0, 0)): same_giver * 1.0,
        ("person", (1, 1)): same_taker * 1.0,
        ("person", (0, 1)): (giver[:, None] == taker) * 1.0,
        ("person", (1, 0)): (taker[:, None] == giver) * 1.0,
        ("intra", (0, 0)): (same_giver & same_taker) * 1.0,
        ("inter", (0, 0)): turned * 1.0,
    }


@pytest.mark.parametrize("name", HOLES)
def test_expectations_are_the_components_whatever_is_missing(name: str) -> None:
    """Estimates are forms x'Ax; tr(A V) of every component's own V is 1 for it and 0 for the others."""
    n = 6
    known = mask_of(n, HOLES[name])
    cells = [(int(i), int(j)) for i, j in zip(*np.nonzero(known), strict=True)]

    def estimates(*filled: int) -> np.ndarray:
        x = np.where(known, 0.0, np.nan)
        for place in filled:
            x[cells[place]] += 1.0
        return fit_group([x]).estimates()

    m = len(cells)
    alone = np.array([estimates(c) for c in range(m)])
    forms = np.zeros((5, m, m))
    for c in range(m):
        forms[:, c, c] = alone[c]
        for d in range(c):
            forms[:, c, d] = forms[:, d, c] = (estimates(c, d) - alone[c] - alone[d]) / 2
    units = unit_covariances(cells)
    for place, term in enumerate(terms_of(1)):
        V = units[term.kind, term.places]
        if term.places == (0, 1):
            V = V + units["person", (1, 0)]
        expected = np.einsum("kcd,cd->k", forms, V)
        np.testing.assert_allclose(expected, np.eye(5)[place], atol=1e-10)
    # what everybody gives everybody, and any level, adds nothing
    np.testing.assert_allclose(forms.sum(axis=2), 0.0, atol=1e-10)


@pytest.mark.parametrize("name", HOLES)
def test_expectations_of_what_two_variables_share(name: str) -> None:
    """Estimates are forms x'By; the sum of B over every component's own covariance is 1, others' 0."""
    n = 5
    known = mask_of(n, [hole for hole in HOLES[name] if max(hole) < n])
    cells = [(int(i), int(j)) for i, j in zip(*np.nonzero(known), strict=True)]
    basis = []
    for cell in cells:
        one = np.where(known, 0.0, np.nan)
        one[cell] = 1.0
        basis.append(one)
    forms = np.array([[fit_group([x, y]).estimates()[10:] for y in basis] for x in basis])
    units = unit_covariances(cells)
    # actor of x with actor of y and so on; of y, an actor is place 2 and a partner 3
    own = [units["person", (i, j)] for i, j in ((0, 0), (1, 1), (0, 1), (1, 0))]
    for place, V in enumerate([*own, units["intra", (0, 0)], units["inter", (0, 0)]]):
        expected = np.einsum("cdk,cd->k", forms, V)
        np.testing.assert_allclose(expected, np.eye(6)[place], atol=1e-10)


def test_where_every_cell_is_known_it_is_the_round_robin() -> None:
    x = np.log1p(np.random.default_rng(4).poisson(2, size=(9, 9)).astype(float))
    fit, robin = fit_group([x]), round_robin(x)
    names = ("actor_variance", "partner_variance", "relationship_variance")
    names += ("actor_partner_covariance", "relationship_covariance")
    np.testing.assert_allclose(fit.estimates(), [getattr(robin, name) for name in names], rtol=1e-12)
    np.testing.assert_allclose(fit.actor[0], robin.actor, rtol=1e-12)
    assert fit.mean[0] == pytest.approx(robin.mean, rel=1e-14)


def test_the_two_ways_to_estimate_agree_where_both_can() -> None:
    """A cell whose weight goes to nothing: least squares of all cells is the closed form."""
    from honestsignals.inference.srm import _incomplete

    known = ~np.eye(8, dtype=bool)
    x = np.random.default_rng(2).normal(size=(2, 8, 8)) * known
    fit, other = fit_group(list(x)), _incomplete(x, known)
    for name in ("actor", "partner", "intra", "inter", "mean"):
        np.testing.assert_allclose(getattr(other, name), getattr(fit, name), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(other.noise, noise_of(8), rtol=1e-10)


def test_pseudo_inverse_of_all_cells_is_the_closed_form() -> None:
    known = ~np.eye(7, dtype=bool)
    giver, taker = np.nonzero(known)
    X = np.zeros((len(giver), 14))
    X[np.arange(len(giver)), giver] = X[np.arange(len(giver)), 7 + taker] = 1
    np.testing.assert_allclose(inverse_of(known), np.linalg.pinv(X.T @ X), atol=1e-12)


def test_cross_terms_of_a_variable_with_itself_are_its_own() -> None:
    x = drawn(np.random.default_rng(1), 8)[0]
    found = fit_group([x, x]).estimates()
    a, b, c, ab, cc = found[:5]
    np.testing.assert_allclose(found[5:], [a, b, c, ab, cc, a, b, ab, ab, c, cc], rtol=1e-10)


def test_normal_errors_are_unbiased() -> None:
    """Mean of the estimated covariance, and covariance of the estimates, over 1,500 groups, two variables."""
    rng = np.random.default_rng(11)
    estimates, covariances = [], []
    for _ in range(1500):
        fit = fit_group(drawn(rng, 6, two=True))
        estimates.append(fit.estimates())
        covariances.append(normal_covariance(fit))
    theta, V = np.array(estimates), np.array(covariances)
    apart = theta - theta.mean(axis=0)
    products = apart[:, :, None] * apart[:, None, :]
    error = np.sqrt((products.var(axis=0) + V.var(axis=0)) / len(theta))
    assert (np.abs(products.mean(axis=0) - V.mean(axis=0)) < 5 * error).all()


def test_wishart_covariance_by_its_moments() -> None:
    """Unbiased for products of elements of a Wishart matrix: exact by Isserlis' theorem."""
    Sigma, nu = np.array([[2.0, 0.7], [0.7, 1.0]]), 5
    places = [(0, 0), (0, 1), (1, 1)]
    rng = np.random.default_rng(3)
    z = np.linalg.cholesky(Sigma) @ rng.normal(size=(60_000, 2, nu))
    S = z @ np.swapaxes(z, 1, 2) / nu
    mean = np.mean([wishart_covariance(one, places, nu) for one in S[:20_000]], axis=0)
    exact = [
        [(Sigma[i, k] * Sigma[j, m] + Sigma[i, m] * Sigma[j, k]) / nu for k, m in places] for i, j in places
    ]
    np.testing.assert_allclose(mean, exact, rtol=0.05)
    np.testing.assert_allclose(np.cov(np.array([S[:, i, j] for i, j in places])), exact, rtol=0.05)


@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_pair_influences_are_what_leaving_a_pair_out_does(missing: float) -> None:
    rng = np.random.default_rng(5)
    n = 16
    matrices = drawn(rng, n, two=True)
    matrices[0][rng.random((n, n)) < missing] = np.nan
    fit = fit_group(matrices)
    found = pair_influences(matrices, fit)
    np.testing.assert_allclose(found.sum(axis=0), 0.0, atol=1e-10)
    refitted = []
    for i, j in zip(*np.triu_indices(n, 1), strict=True):
        without = [one.copy() for one in matrices]
        for one in without:
            one[i, j] = one[j, i] = np.nan
        refitted.append(fit_group(without).estimates() - fit.estimates())
    exact = np.array(refitted)
    for column in range(found.shape[1]):
        # to the first order: a refit moves a little more, by the cells a pair is of those that are left
        assert np.corrcoef(found[:, column], exact[:, column])[0, 1] > 0.95
        ratio = np.sqrt((found[:, column] ** 2).sum() / (exact[:, column] ** 2).sum())
        assert 0.75 < ratio < 1


def test_leaving_each_person_out_is_a_fit_without_the_person() -> None:
    matrices = [3.0 + one for one in drawn(np.random.default_rng(7), 9, two=True)]
    found = leave_one_out(matrices)
    for person in range(9):
        rest = np.delete(np.arange(9), person)
        fit = fit_group([one[np.ix_(rest, rest)] for one in matrices])
        np.testing.assert_allclose(found[person], fit.estimates(), rtol=1e-9, atol=1e-12)


def test_pair_influences_where_every_cell_is_known_are_the_general_ones() -> None:
    from honestsignals.inference.srm_pairs import _alike, _unlike

    known, effects = ~np.eye(7, dtype=bool), np.random.default_rng(7).normal(size=(4, 7))
    effects -= effects.mean(axis=1, keepdims=True)
    for one, other in zip(_alike(known, effects), _unlike(known, effects), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_jackknife_of_pairs_that_are_independent_is_not_doubled() -> None:
    """With nothing of people, the plain jackknife counts a pair twice; the net one does not."""
    rng = np.random.default_rng(8)
    net, plain, estimates = [], [], []
    for _ in range(300):
        x = [rng.normal(size=(20, 20))]
        fit = fit_group(x)
        net.append(over_people([fit], [x]).std_error[2:3])
        plain.append(np.sqrt(jackknife_covariance(leave_one_out(x))[2, 2]))
        estimates.append(fit.estimates()[2])
    sd = np.std(estimates)
    assert 1.3 < np.median(plain) / sd < 1.6
    assert 0.9 < np.median(net) / sd < 1.25


def test_net_jackknife_does_not_fall_below_pairs_own_part() -> None:
    covariance, floor = np.diag([1.0, -0.5]), np.diag([0.25, 0.25])
    pooled = Pooled(np.array([1.0, 1.0]), covariance, 5.0, floor)
    np.testing.assert_allclose(pooled.std_error, [1.0, 0.5])
    assert np.isnan(Pooled(np.ones(1), np.array([[-1.0]]), 5.0).std_error[0])


def test_between_groups_of_one_size_is_the_t_test() -> None:
    rng = np.random.default_rng(6)
    fits = [fit_group(drawn(rng, 6, two=True)) for _ in range(7)]
    found = between_groups(fits)
    each = np.array([fit.estimates() for fit in fits])
    theirs = stats.ttest_1samp(each, 0.0)
    np.testing.assert_allclose(found.estimate, each.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.estimate / found.std_error, theirs.statistic, rtol=1e-10)
    tests = component_tests(found, terms_of(2))
    variances = [term.variance for term in terms_of(2)]
    one_sided = stats.ttest_1samp(each, 0.0, alternative="greater").pvalue
    np.testing.assert_allclose(tests.p_value, np.where(variances, one_sided, theirs.pvalue), rtol=1e-10)
    interval = theirs.confidence_interval(0.95)
    np.testing.assert_allclose(tests.low, interval.low, rtol=1e-10)
    np.testing.assert_allclose(tests.high, interval.high, rtol=1e-10)


def test_groups_of_unequal_size_are_weighted_by_people_less_one() -> None:
    rng = np.random.default_rng(6)
    matrices = [drawn(rng, n) for n in (5, 9, 12)]
    fits = [fit_group(one) for one in matrices]
    weights = np.array([4, 8, 11]) / 23
    np.testing.assert_allclose(weights_of(fits), weights)
    each = np.array([fit.estimates() for fit in fits])
    for found in (between_groups(fits), within_groups(fits), over_people(fits, matrices)):
        np.testing.assert_allclose(found.estimate, weights @ each, rtol=1e-12)
    own = np.array([np.sqrt(np.diag(normal_covariance(fit))) for fit in fits])
    np.testing.assert_allclose(within_groups(fits).std_error, np.sqrt(weights**2 @ own**2), rtol=1e-10)
    assert within_groups(fits).df == 23


def test_interval_of_a_variance_is_exact_for_one_mean_square() -> None:
    """Of a mean square with 9 degrees of freedom and known noise, the interval is the chi-square's."""
    square, noise, nu = 2.0, 0.3, 9
    pooled = Pooled(
        np.array([square - noise]), np.array([[2 * square**2 / nu]]), 9.0, None, np.array([noise])
    )
    tests = component_tests(pooled, terms_of(1)[:1])
    low, high = (nu * square / stats.chi2(nu).ppf(q) - noise for q in (0.975, 0.025))
    np.testing.assert_allclose([tests.low[0], tests.high[0]], [low, high], rtol=1e-10)


def test_correlations_are_not_cut_and_say_why_they_lack_an_interval() -> None:
    V = np.eye(5) / 100
    beyond = correlations(Pooled(np.array([0.1, 0.1, 1.0, 0.2, 0.5]), V, 9.0), 1)
    assert beyond[0].estimate == pytest.approx(2.0)
    assert "beyond ±1" in beyond[0].why
    assert np.isnan(beyond[0].low)
    below = correlations(Pooled(np.array([-0.1, 0.1, 1.0, 0.2, 0.5]), V, 9.0), 1)
    assert np.isnan(below[0].estimate)
    assert "0 or below" in below[0].why
    dyadic = below[1]
    assert dyadic.why == ""
    gradient = np.array([0, 0, -0.5, 0, 1.0])
    assert dyadic.std_error == pytest.approx(np.sqrt(gradient @ V @ gradient))
    half = stats.t(9).ppf(0.975) * dyadic.std_error / (1 - 0.25)
    assert dyadic.low == pytest.approx(np.tanh(np.arctanh(0.5) - half))


def test_pair_test_of_several_groups_pools_sums_of_squares() -> None:
    rng = np.random.default_rng(9)
    fits = [fit_group(drawn(rng, n)) for n in (5, 7)]
    test = pair_test(fits)
    assert (test.df1, test.df2) == (5 + 14, 6 + 15)
    sums = [(fit.intra + fit.inter)[0, 0] for fit in fits]
    apart = [(fit.intra - fit.inter)[0, 0] for fit in fits]
    F = ((5 * sums[0] + 14 * sums[1]) / 19) / ((6 * apart[0] + 15 * apart[1]) / 21)
    assert test.statistic == pytest.approx(F)
    assert test.p_greater == pytest.approx(stats.f(19, 21).sf(F))


def test_refusals() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(6, 6))
    hole = x.copy()
    hole[0, 1] = np.nan
    with pytest.raises(DesignError, match="3 people: the social relations model needs 4"):
        fit_group([x[:3, :3]])
    with pytest.raises(DesignError, match=r"every cell, and some are missing\.$"):
        normal_covariance(fit_group([hole]))
    with pytest.raises(DesignError, match="F test of pairs needs every cell"):
        pair_test([fit_group([hole])])
    with pytest.raises(DesignError, match="alike"):
        pair_test([fit_group([x + x.T])])
    with pytest.raises(DesignError, match="at least two groups"):
        between_groups([fit_group([x])])
    with pytest.raises(DesignError, match="4 must be left: a group has 4 people"):
        leave_one_out([x[:4, :4]])
    silent = x.copy()
    silent[2] = np.nan
    with pytest.raises(DesignError, match="nothing that is known"):
        fit_group([silent])
    parts = x.copy()
    parts[:3, 3:] = parts[3:, :3] = np.nan
    with pytest.raises(DesignError, match="fall into parts"):
        fit_group([parts])
    one_way = x.copy()
    one_way[np.tril_indices(6)] = np.nan
    one_way[5, 0] = one_way[0, 5]
    with pytest.raises(DesignError, match="cells"):
        fit_group([one_way])
    sparse = np.full((6, 6), np.nan)
    for i in range(6):
        sparse[i, (i + 1) % 6] = sparse[i, (i + 2) % 6] = x[i, i]
    with pytest.raises(DesignError, match="0 pairs known both ways: too few"):
        fit_group([sparse])
    # estimable with everybody, not without person 3: the others fall apart
    bridged = np.where(np.eye(7, dtype=bool), 0.0, rng.normal(size=(7, 7)))
    bridged[np.ix_([0, 1, 2], [4, 5, 6])] = bridged[np.ix_([4, 5, 6], [0, 1, 2])] = np.nan
    assert np.isfinite(fit_group([bridged]).estimates()).all()
    with pytest.raises(DesignError, match=r"one person after another\. .* parts"):
        leave_one_out([bridged])


def test_nothing_varies() -> None:
    fit = fit_group([np.full((6, 6), 3.3)])
    assert fit.estimates().tolist() == [0.0] * 5
    tests = component_tests(within_groups([fit]), terms_of(1))
    assert np.isnan(tests.statistic).all()
    assert np.isnan(tests.p_value).all()

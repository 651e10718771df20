"""Tests and intervals of the components of social relations, and of their correlations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, fdtr, fdtrc, stdtr, stdtrit

from honestsignals.errors import DesignError
from honestsignals.inference.srm import Floats, GroupFit, Term, degrees, terms_of
from honestsignals.inference.srm_errors import Pooled


@dataclass(frozen=True, eq=False)
class TermTests:
    """Tests and intervals, one a component; NaN where there is no standard error.

    Attributes
    ----------
    statistic, p_value, low, high : ndarray, shape (n_terms,)
    """

    statistic: Floats
    p_value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Correlation:
    """A correlation of effects, and its interval.

    Attributes
    ----------
    term : int
        Place of its covariance among the components.
    estimate, std_error, statistic, p_value, low, high : float
        NaN where undefined.
    why : str
        Why something is undefined; empty where nothing is.
    """

    term: int
    estimate: float
    std_error: float
    statistic: float
    p_value: float
    low: float
    high: float
    why: str = ""


@dataclass(frozen=True)
class PairTest:
    """Whether the two of a pair are alike beyond what each gives and gets: an F test.

    Attributes
    ----------
    statistic : float
        F: mean square of pairs' sums over that of their differences.
    df1, df2 : float
    p_greater : float
        That F is so large where the two of a pair are independent: are they alike?
    p_two_sided : float
        Twice the smaller tail: are they alike, or opposite?
    """

    statistic: float
    df1: float
    df2: float
    p_greater: float
    p_two_sided: float

    def __str__(self) -> str:
        """The test as papers print it.

        >>> print(PairTest(1.0276, 77, 78, 0.4522, 0.9045))
        F(77, 78) = 1.03, p = 0.4522 (one-sided)
        """
        p = "< 0.0001" if self.p_greater < 0.0001 else f"= {self.p_greater:.4f}"
        return f"F({self.df1:g}, {self.df2:g}) = {self.statistic:.2f}, p {p} (one-sided)"


def component_tests(found: Pooled, terms: Sequence[Term], level: float = 0.95) -> TermTests:
    r"""The t test of each component against 0, and its interval.

    A variance is tested one-sided, whether it is above 0; a covariance two-sided. Intervals of covariances
    are symmetric. That of a variance :math:`\sigma^2 = Q - N`, a mean square less noise, is Satterthwaite's

    .. math:: \nu Q / \chi^2_{\nu, 1 - \alpha/2} - N \;\text{ to }\; \nu Q / \chi^2_{\nu, \alpha/2} - N,
        \qquad \nu = 2 Q^2 / V

    whose ends may be below 0; between groups it is symmetric. Test and interval of a variance are not the
    same, and may disagree.

    References
    ----------
    satterthwaite1946

    Examples
    --------
    >>> found = Pooled(np.array([3.0]), np.array([[1.0]]), 10.0, noise=np.zeros(1))
    >>> tests = component_tests(found, terms_of(1)[:1])
    >>> tests.statistic, tests.low.round(2), tests.high.round(2)
    (array([3.]), array([1.71]), array([6.56]))
    """
    error = found.std_error
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = np.where(error > 0, found.estimate / error, np.nan)
    one_sided = np.array([term.variance for term in terms])
    p_value = np.where(one_sided, stdtr(found.df, -statistic), 2 * stdtr(found.df, -np.abs(statistic)))
    reach = -stdtrit(found.df, (1 - level) / 2) * error
    low, high = found.estimate - reach, found.estimate + reach
    if found.noise is not None:
        for place in np.flatnonzero(one_sided & (error > 0)):
            low[place], high[place] = _mean_square(
                float(found.estimate[place]), float(found.noise[place]), float(error[place]), level
            )
    return TermTests(statistic, p_value, low, high)


def _mean_square(estimate: float, noise: float, error: float, level: float) -> tuple[float, float]:
    """Interval of a mean square less its noise."""
    square = max(estimate + noise, 0.0)
    nu = 2 * (square / error) ** 2
    if nu == 0:
        return math.nan, math.nan
    upper, lower = float(chdtri(nu, (1 - level) / 2)), float(chdtri(nu, (1 + level) / 2))
    return nu * square / upper - noise, nu * square / lower - noise if lower > 0 else math.inf


def correlations(found: Pooled, n_variables: int, level: float = 0.95) -> tuple[Correlation, ...]:
    """Each covariance as a correlation, never cut at ±1, with an interval by Fisher's z.

    Its error is by the delta method from that of the components. Undefined where a variance is not above 0;
    a correlation of 1 and beyond has no interval.

    Examples
    --------
    >>> components = Pooled(np.array([1.0, 1.0, 2.0, 0.5, 1.0]), np.eye(5) / 100, 20.0)
    >>> [round(one.estimate, 3) for one in correlations(components, 1)]
    [0.5, 0.5]
    """
    terms = terms_of(n_variables)
    variance = {(term.kind, term.places): place for place, term in enumerate(terms) if term.variance}
    out = []
    for place, term in enumerate(terms):
        if term.variance:
            continue
        kind = "person" if term.kind == "person" else "intra"
        one, other = (variance[kind, (end, end)] for end in term.places)
        out.append(_correlation(found, place, (one, other), level))
    return tuple(out)


def _correlation(found: Pooled, place: int, ends: tuple[int, int], level: float) -> Correlation:
    covariance, first, second = (float(found.estimate[at]) for at in (place, *ends))
    nothing = (math.nan,) * 5
    if not (first > 0 and second > 0):
        return Correlation(place, math.nan, *nothing, "a variance is estimated at 0 or below")
    scale = math.sqrt(first * second)
    r = covariance / scale
    gradient = np.zeros(len(found.estimate))
    gradient[place] += 1 / scale
    gradient[ends[0]] -= r / (2 * first)
    gradient[ends[1]] -= r / (2 * second)
    error = found.error_of(gradient)
    if abs(r) >= 1:
        return Correlation(place, r, error, *nothing[1:], "beyond ±1, so it has no interval")
    if not error > 0:
        return Correlation(place, r, error, *nothing[1:], "it has no standard error")
    z, of_z = math.atanh(r), error / (1 - r * r)
    reach = -float(stdtrit(found.df, (1 - level) / 2)) * of_z
    p_value = float(2 * stdtr(found.df, -abs(z / of_z)))
    return Correlation(place, r, error, z / of_z, p_value, math.tanh(z - reach), math.tanh(z + reach))


def pair_test(groups: Sequence[GroupFit], variable: int = 0) -> PairTest:
    """F test that what is a pair's own is not returned, where effects are normal and every cell is known.

    Mean squares of pairs' sums and of their differences have the same expectation where the two of a pair
    are independent; those of several groups are pooled by their degrees of freedom.

    Raises
    ------
    DesignError
        Where cells are missing, and where nothing differs between the two of any pair.

    References
    ----------
    warner1979

    Examples
    --------
    >>> from honestsignals.inference.srm import fit_group
    >>> x = np.random.default_rng(1).normal(size=(8, 8))
    >>> test = pair_test([fit_group([x])])
    >>> test.df1, test.df2
    (20.0, 21.0)
    """
    if not all(one.complete for one in groups):
        raise DesignError("The F test of pairs needs every cell, and some are missing.")
    df = np.array([degrees(one.n_people) for one in groups])
    intra = np.array([one.intra[variable, variable] for one in groups])
    inter = np.array([one.inter[variable, variable] for one in groups])
    df1, df2 = df.sum(axis=0)
    sums = float((df[:, 0] * (intra + inter)).sum() / df1)
    differences = float((df[:, 1] * (intra - inter)).sum() / df2)
    if sums <= 0 and differences <= 0:
        raise DesignError("Nothing is left to pairs beyond what each gives and gets: there is no F test.")
    # what is alike both ways differs by rounding alone
    if differences <= 1e-13 * sums:
        raise DesignError("The two of every pair are alike but for who they are: there is no F test.")
    F = sums / differences
    greater, less = float(fdtrc(df1, df2, F)), float(fdtr(df1, df2, F))
    return PairTest(F, float(df1), float(df2), greater, min(1.0, 2 * min(greater, less)))

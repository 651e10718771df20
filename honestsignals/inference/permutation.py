"""Permutation tests of regressions on pairs: people change places, and their pairs go along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import ArgumentError, DesignError, one_of
from honestsignals.inference import (
    permutation_alike,
    permutation_linear,
    permutation_ordinal,
    permutation_refits,
)
from honestsignals.inference.permutation_linear import Floats, Refit
from honestsignals.inference.relabelling import Relabelling, number_of_draws

METHODS = ("dsp", "y", "freedman_lane")
FAMILIES = ("gaussian", *permutation_refits.FAMILIES, *permutation_ordinal.FAMILIES)

SAME, SAME_REFITTED = 1e-9, 1e-7
"""Share of a statistic within which two are equal: the same sums in another order; two refits to ``NEAR``."""

CELLS = {"gaussian": 200_000}
FEWER_CELLS = 80_000
"""Permuted values that are held at once, so that they stay near the processor."""


@dataclass(frozen=True, eq=False)
class Permuted:
    """Statistics of a regression as it is, and after people changed places.

    Attributes
    ----------
    statistic, beta : ndarray, shape (k,)
        t or z, and coefficients.
    drawn, drawn_beta : ndarray, shape (draws, k)
        The same after each permutation; z is 0 and a coefficient infinite where it separates the labels, and
        both are NaN where a refit failed.
    exact : bool
        Whether these are all permutations, the one that changes nothing among them.
    rows_used : float
        Share of rows that take part in a refit, on average: less than 1 where pairs are missing.
    same : float
        Share of a statistic within which two are equal.
    """

    statistic: Floats
    beta: Floats
    drawn: Floats
    drawn_beta: Floats
    exact: bool
    rows_used: float = 1.0
    same: float = SAME

    @property
    def draws(self) -> int:
        """Permutations, of which ``exact`` ones have the data among them."""
        return len(self.drawn)

    @property
    def separated(self) -> NDArray[np.int64]:
        """Draws whose permuted column separates the labels (ndarray of int, shape (k,))."""
        return np.isinf(self.drawn_beta).sum(axis=0)

    @property
    def failed(self) -> NDArray[np.int64]:
        """Draws without a statistic, which count as at least as extreme (ndarray of int, shape (k,))."""
        return np.isnan(self.drawn).sum(axis=0)

    @property
    def p_value(self) -> Floats:
        """Share of draws with a statistic as far from 0."""
        return tail(np.abs(self.statistic), np.abs(self.drawn), exact=self.exact, same=self.same)

    @property
    def p_ge(self) -> Floats:
        """Share of draws with a statistic as high."""
        return tail(self.statistic, self.drawn, exact=self.exact, same=self.same)

    @property
    def p_le(self) -> Floats:
        """Share of draws with a statistic as low."""
        return tail(-self.statistic, -self.drawn, exact=self.exact, same=self.same)

    @property
    def p_beta(self) -> Floats:
        """Share of draws with a coefficient as far from 0."""
        return tail(np.abs(self.beta), np.abs(self.drawn_beta), exact=self.exact, same=self.same)

    @property
    def mc_error(self) -> Floats:
        """Standard error of ``p_value`` as a share of a sample of permutations; 0 where they are all."""
        p = self.p_value
        return np.zeros_like(p) if self.exact else np.sqrt(p * (1.0 - p) / self.draws)


def tail(observed: Floats, drawn: Floats, *, exact: bool, same: float = SAME) -> Floats:
    """Share of draws at least as high as what was observed, itself among them: never 0.

    p = (1 + #{drawn ≥ observed}) / (1 + draws); of all permutations, # / draws, as the data are one of them.
    What is equal but for rounding counts as equal, and a draw that is NaN as higher; NaN where all are.

    Parameters
    ----------
    observed : ndarray, shape (k,)
    drawn : ndarray, shape (draws, k)
    exact : bool
    same : float
        Share of the larger of the observed and the median size of the drawn that is rounding.

    Returns
    -------
    ndarray, shape (k,)

    References
    ----------
    phipson2010

    Examples
    --------
    >>> tail(np.array([2.0]), np.array([[1.0], [2.0 - 1e-12], [np.nan]]), exact=False).tolist()
    [0.75]
    """
    sizes = np.where(np.isfinite(drawn), np.abs(drawn), 0.0)
    rounding = same * np.maximum(np.abs(observed), np.median(sizes, axis=0))
    higher = (~(drawn < observed - rounding)).sum(axis=0)
    own = 0 if exact else 1
    nothing = np.isnan(observed) | np.isnan(drawn).all(axis=0)
    return np.where(nothing, np.nan, (higher + own) / (len(drawn) + own))


def untestable(X: Floats, people: Relabelling) -> NDArray[np.bool_]:
    """Columns that no permutation changes: the same for all pairs between two blocks.

    Parameters
    ----------
    X : ndarray, shape (n, p)
    people : Relabelling

    Returns
    -------
    ndarray of bool, shape (p,)

    Examples
    --------
    >>> from honestsignals.inference.relabelling import relabelling
    >>> people = relabelling(np.array([0, 1, 0]), np.array([1, 2, 2]), directed=False)
    >>> untestable(np.array([[1.0, 3.0], [1.0, 4.0], [1.0, 5.0]]), people).tolist()
    [True, False]
    """
    one, two = people.block[people.ego], people.block[people.alter]
    if not people.directed:
        one, two = np.minimum(one, two), np.maximum(one, two)
    kind = np.unique(one * (people.block.max() + 1) + two, return_inverse=True)[1]
    first = np.unique(kind, return_index=True)[1]
    return np.asarray((X[first[kind]] == X).all(axis=0))


def refit_of(X: Floats, y: Floats, places: list[int], how: tuple[str, str], complete: bool) -> Refit:
    """What finds the statistics of some columns after permutations.

    Parameters
    ----------
    X : ndarray, shape (n, p)
    y : ndarray, shape (n,)
    places : list of int
        Columns that are tested.
    how : tuple of str
        Family and method.
    complete : bool
        Whether no possible pair is missing.

    Returns
    -------
    callable
        Rows after permutations (draws, n) to statistics and coefficients, each (draws, k).

    Raises
    ------
    ArgumentError
        For a family or a method that is not known, and for Freedman and Lane's where labels are no numbers.
    """
    family, method = how
    one_of("family", family, FAMILIES)
    one_of("method", method, METHODS)
    if family == "gaussian":
        linear = {
            "dsp": permutation_linear.semi_partial,
            "y": permutation_linear.permuted_label,
            "freedman_lane": permutation_linear.freedman_lane,
        }
        return linear[method](X, y, places, complete)
    if method == "freedman_lane":
        raise ArgumentError(
            f"freedman_lane adds permuted residuals to a label, and a label of a {family} model has none to "
            "add; use method='dsp'."
        )
    alike = None
    if method == "dsp" and family in permutation_refits.FAMILIES:
        alike = permutation_alike.alike_rows(X)
    if alike is not None:
        return permutation_alike.semi_partial(X, y, places, family, alike)
    room = permutation_ordinal if family in permutation_ordinal.FAMILIES else permutation_refits
    made = room.semi_partial if method == "dsp" else room.permuted_label
    return made(X, y, places, family, complete)


def permutation_test(
    X: NDArray[Any],
    y: NDArray[Any],
    people: Relabelling,
    *,
    how: tuple[str, str] = ("gaussian", "dsp"),
    draws: int | str = 5_000,
    seed: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> Permuted:
    """Test every coefficient of a regression on pairs by letting people change places.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Of full rank; without an intercept for ordered labels.
    y : ndarray, shape (n,)
        Labels: 0 or 1, counts, or levels, as the family has them.
    people : Relabelling
        Who is in each row, and who may change places.
    how : tuple of str
        Family ("gaussian", "logit", "probit", "poisson", "ordered_logit", "ordered_probit") and method:
        "dsp" permutes the residual of a column on the others, by least squares for every family; "y" the
        label; "freedman_lane" the residuals of the label on the other columns (gaussian).
    draws : int or "all"
        Permutations drawn; where there are no more than that, all are tried.
    seed : int, optional
        The same seed gives the same permutations on any machine.
    tell : callable, optional
        Is told how far the draws are.

    Returns
    -------
    Permuted
        NaN throughout for columns that no permutation changes.

    Raises
    ------
    DesignError
        Where no column changes.

    References
    ----------
    dekker2007, freedman1983, phipson2010

    Examples
    --------
    >>> from honestsignals.inference.relabelling import relabelling
    >>> ego, alter = np.nonzero(~np.eye(5, dtype=bool))
    >>> X = np.column_stack([np.ones(20), (ego * alter) % 3, ego - alter])
    >>> y = X[:, 1] + np.sin(np.arange(20.0))
    >>> found = permutation_test(X, y, relabelling(ego, alter))
    >>> found.draws, found.exact, found.p_value.round(4).tolist()
    (120, True, [nan, 0.0333, 0.3])
    """
    X, y = np.ascontiguousarray(X, dtype=float), np.asarray(y, dtype=float)
    number = number_of_draws(draws, people, seed)
    fixed = untestable(X, people)
    places = np.flatnonzero(~fixed)
    if not places.size:
        raise DesignError("No column of the model changes when people change places: nothing can be tested.")
    complete = people.missing == 0
    every = refit_of(X, y, list(range(X.shape[1])), how, complete)
    statistic, beta = (each[0] for each in every(np.arange(len(y))[None, :]))
    total = people.count if number is None else number
    drawn, drawn_beta = np.full((2, total, X.shape[1]), np.nan)
    refit = refit_of(X, y, places.tolist(), how, complete)
    done, used = 0, 0
    for orders in people.orders(number, seed, max(1, CELLS.get(how[0], FEWER_CELLS) // len(y))):
        rows = people.rows_after(orders)
        part = slice(done, done + len(rows))
        drawn[part, places], drawn_beta[part, places] = refit(rows)
        done, used = done + len(rows), used + int((rows < len(y)).sum())
        if tell is not None:
            tell(f"{done:,} of {total:,} permutations")
    return Permuted(
        statistic=statistic,
        beta=beta,
        drawn=drawn,
        drawn_beta=drawn_beta,
        exact=number is None,
        rows_used=used / (total * len(y)),
        same=SAME if how[0] == "gaussian" else SAME_REFITTED,
    )

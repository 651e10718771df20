r"""Paths within pairs over few windows: what is stable about a pair taken out, without Nickell's bias.

Taking each pair's own mean out of both sides of a panel whose right side is its own past leaves errors in
the means of both, and a bias of order one over the number of windows (Nickell). Here both sides lose the mean
of what comes *later* in the spell, and instruments lose the mean of what came *before* (Hayakawa, Qi and
Breitung's double filter): what is stable is gone from all three, and an instrument, made of the past, has no
error of the row in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import FitError
from honestsignals.inference.clusters import Codes, Floats, pair_codes, person_codes, person_sums, sums
from honestsignals.inference.people_shares import SHARED_CORRELATION
from honestsignals.inference.variance import Covariance
from honestsignals.inference.words import counted

SINGULAR = 1e-10
"""Share of its scale below which instruments say nothing of some column."""


class Filtered(NamedTuple):
    """Rows that are left of spells after both filters.

    Attributes
    ----------
    y : ndarray, shape (m, K)
    X, Z : ndarray, shape (m, p)
        Right side, and its instruments.
    row : ndarray of int, shape (m,)
        Which row of the panel each is made at.
    """

    y: Floats
    X: Floats
    Z: Floats
    row: Codes


@dataclass(frozen=True, eq=False)
class WithinPaths:
    """Paths within pairs.

    Attributes
    ----------
    beta : ndarray, shape (K p,)
        Outcome after outcome, each with the p columns of the right side.
    covariance : Covariance
        Net jackknife over people and pairs.
    rows, pairs, people : int
    """

    beta: Floats
    covariance: Covariance
    rows: int
    pairs: int
    people: int


def double_filtered(y: NDArray[Any], X: NDArray[Any], spell: NDArray[Any]) -> Filtered:
    r"""Rows less the mean of later rows, instruments less the mean of earlier ones.

    .. math:: \tilde y_s = \sqrt{\tfrac{S - s}{S - s + 1}}\,\big(y_s - \bar y_{s+1 \dots S}\big), \qquad
        z_s = \sqrt{\tfrac{s - 1}{s}}\,\big(x_s - \bar x_{1 \dots s-1}\big)

    Parameters
    ----------
    y : ndarray, shape (n, K)
        Outcomes, spell after spell, each in time.
    X : ndarray, shape (n, p)
        What went before them.
    spell : ndarray of int, shape (n,)
        Not falling.

    Returns
    -------
    Filtered
        Of a spell of S rows S − 2: the first has nothing before it, the last nothing after.

    References
    ----------
    hayakawa2019, arellano1995

    Examples
    --------
    >>> x = np.array([[1.0], [2.0], [6.0], [7.0]])
    >>> found = double_filtered(x, x, np.zeros(4, dtype=int))
    >>> found.y.round(3).ravel().tolist(), found.Z.round(3).ravel().tolist(), found.row.tolist()
    ([-3.674, -0.707], [0.707, 3.674], [1, 2])
    """
    y, X = np.asarray(y, dtype=float), np.asarray(X, dtype=float)
    size = np.bincount(spell) if len(spell) else np.zeros(0, dtype=int)
    size = size[size > 0]
    first = np.repeat(np.cumsum(size) - size, size)
    count = np.repeat(size, size)
    place = np.arange(len(spell)) - first
    row = np.flatnonzero((place > 0) & (place < count - 1))
    before, after = place[row], count[row] - place[row] - 1

    def later(values: Floats) -> Floats:
        running = np.vstack([np.zeros(values.shape[1]), np.cumsum(values, axis=0)])
        rest = (running[first[row] + count[row]] - running[row + 1]) / after[:, None]
        return np.asarray(np.sqrt(after / (after + 1.0))[:, None] * (values[row] - rest))

    running = np.vstack([np.zeros(X.shape[1]), np.cumsum(X, axis=0)])
    earlier = (running[row] - running[first[row]]) / before[:, None]
    Z = np.sqrt(before / (before + 1.0))[:, None] * (X[row] - earlier)
    return Filtered(later(y), later(X), Z, row)


def within_paths(
    found: Filtered, ego: NDArray[Any], alter: NDArray[Any], names: tuple[str, ...]
) -> WithinPaths:
    r"""Paths of filtered rows, with the net jackknife over people and pairs.

    .. math:: \hat\Theta = (Z^\top \tilde X)^{-1} Z^\top \tilde Y, \qquad
        \Delta_i = (Z^\top\tilde X - Z_i^\top\tilde X_i)^{-1} Z_i^\top \hat U_i

    exactly what leaving out person i changes; errors are those of `honestsignals.inference.jackknife`, and
    degrees of freedom those of its `effective_df` with instruments for the design.

    Parameters
    ----------
    found : Filtered
    ego, alter : ndarray, shape (m,)
        The two people of each filtered row.
    names : tuple of str, length K p
        Of the paths.

    Returns
    -------
    WithinPaths

    Raises
    ------
    FitError
        For fewer than three people, too few rows, or a column that its own past says nothing of.

    References
    ----------
    hayakawa2019, nickell1981, fafchamps2007

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> ego, alter = (np.repeat(one, 9) for one in np.nonzero(~np.eye(12, dtype=bool)))
    >>> x = rng.normal(size=(ego.size, 1))
    >>> y = 0.4 * x + np.repeat(rng.normal(size=132), 9)[:, None] + rng.normal(size=x.shape)
    >>> rows = double_filtered(y, x, np.repeat(np.arange(132), 9))
    >>> fit = within_paths(rows, ego[rows.row], alter[rows.row], ("y: x",))
    >>> fit.beta.round(2).tolist(), fit.covariance.std_error.round(3).tolist()
    ([0.42], [0.081])
    """
    ego, alter, n_people = person_codes(ego, alter)
    p, K = found.X.shape[1], found.y.shape[1]
    if n_people < 3 or len(found.row) <= p:
        raise FitError(
            f"{counted(len(found.row), 'row')} of {counted(n_people, 'person', 'people')} after both filters "
            f"for {counted(p, 'column')}: too few for paths within pairs."
        )
    pairs = pair_codes(ego, alter)
    cross = (found.Z[:, :, None] * found.X[:, None, :]).reshape(-1, p * p)
    A = cross.sum(axis=0).reshape(p, p)
    scale = np.sqrt(np.outer((found.Z**2).sum(axis=0), (found.X**2).sum(axis=0)))
    if not (scale > 0).all() or np.linalg.svd(A / scale, compute_uv=False)[-1] < SINGULAR:
        raise FitError("What went before says nothing of some column: there are no paths within pairs.")
    theta = np.linalg.solve(A, found.Z.T @ found.y)
    rest = found.y - found.X @ theta
    score = (rest[:, :, None] * found.Z[:, None, :]).reshape(-1, K * p)
    of_people = person_sums(ego, alter, cross, n_people), person_sums(ego, alter, score, n_people)
    n_pairs = int(pairs.max()) + 1
    of_pairs = sums(pairs, cross, n_pairs), sums(pairs, score, n_pairs)
    people_out, pairs_out = _steps(A, *of_people), _steps(A, *of_pairs)
    floor = pairs_out.T @ pairs_out
    matrix = people_out.T @ people_out * (n_people - 1) / n_people - floor
    df = np.tile(_df(found.Z @ np.linalg.inv(A).T, ego, alter, n_people), K)
    notes = _notes(n_people, bool(np.isnan(floor + matrix).any()))
    covariance = Covariance("jackknife", matrix, floor, df, notes)
    if len(names) != K * p:
        raise FitError(f"{counted(len(names), 'name')} for {counted(K * p, 'path')}.")
    return WithinPaths(theta.T.ravel(), covariance, len(found.row), n_pairs, n_people)


def _steps(A: Floats, cross: Floats, score: Floats) -> Floats:
    """What leaving out each group changes, (groups, K p); NaN where without it there is no estimate."""
    p = len(A)
    left = A - cross.reshape(-1, p, p)
    size = np.abs(np.linalg.det(left))
    gone = size < SINGULAR * np.abs(np.linalg.det(A))
    left[gone] = np.eye(p)
    by_outcome = score.reshape(len(score), -1, p)
    found = np.linalg.solve(left[:, None], by_outcome[..., None])[..., 0].reshape(score.shape)
    found[gone] = np.nan
    return np.asarray(found)


def _df(influence: Floats, ego: Codes, alter: Codes, n_people: int) -> Floats:
    """Effective degrees of freedom: how many people what is told of a column rests on, less one."""
    rho = SHARED_CORRELATION
    alone = person_sums(ego, alter, influence**2, n_people)
    together = person_sums(ego, alter, influence, n_people) ** 2
    share = (1 - rho) * alone + rho * together
    return np.asarray(np.maximum(share.sum(axis=0) ** 2 / (share**2).sum(axis=0) - 1.0, 1.0))


def _notes(n_people: int, lost: bool) -> tuple[str, ...]:
    notes = []
    if n_people < 10:
        notes.append(f"{n_people} people: errors that rest on fewer than 10 people are not to be trusted")
    if lost:
        notes.append("without one person or pair there is no estimate, so no standard error")
    return tuple(notes)

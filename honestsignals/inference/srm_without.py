"""Components of a group without each of its people in turn: what its jackknife is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import DesignError
from honestsignals.inference.srm import Floats, degrees, fit_group, noise_of, terms_of
from honestsignals.inference.srm_cells import levelled, one_piece
from honestsignals.metrics.roundrobin import LEAST_PEOPLE

TRIED = 100
"""People up to which a jackknife with missing cells takes about a second, and may be tried."""


def leave_one_out(matrices: Sequence[NDArray[Any]]) -> Floats:
    """Components of a group without each of its people in turn.

    Where every cell is known they come from sums of which each person's part is taken off, in the time of a
    few passes over the cells; else from as many fits as there are people.

    Parameters
    ----------
    matrices : sequence of ndarray, shape (n_people, n_people)
        What ``fit_group`` takes.

    Returns
    -------
    ndarray, shape (n_people, n_terms)

    Raises
    ------
    DesignError
        Below five people, and where what is left without somebody cannot be estimated.

    Examples
    --------
    >>> x = np.random.default_rng(1).normal(size=(6, 6))
    >>> bool(np.allclose(leave_one_out([x])[5], fit_group([x[:5, :5]]).estimates()))
    True
    """
    n = len(matrices[0])
    if n <= LEAST_PEOPLE:
        raise DesignError(
            f"A jackknife leaves one person out, and {LEAST_PEOPLE} must be left: a group has {n} people."
        )
    cells = np.array([np.asarray(one, dtype=float) for one in matrices])
    off = ~np.eye(n, dtype=bool)
    if np.isfinite(cells[:, off]).all():
        return _without_each(levelled(cells, off)[0])
    out = []
    for person in range(n):
        rest = np.delete(np.arange(n), person)
        try:
            out.append(fit_group([one[np.ix_(rest, rest)] for one in matrices]).estimates())
        except DesignError as error:
            raise DesignError(f"The jackknife leaves out one person after another. {error}") from error
    return np.array(out)


def can_leave_out(matrices: Sequence[NDArray[Any]]) -> bool:
    """Whether the components can be estimated without each of a group's people in turn.

    Of groups of more than 100 people with missing cells only what a lack of links tells is looked at, since
    to try takes as long as the jackknife itself.

    Parameters
    ----------
    matrices : sequence of ndarray, shape (n_people, n_people)

    Returns
    -------
    bool

    Examples
    --------
    >>> can_leave_out([np.ones((4, 4))]), can_leave_out([np.ones((5, 5))])
    (False, True)
    """
    n = len(matrices[0])
    known = np.isfinite(np.array([np.asarray(one, dtype=float) for one in matrices])).all(axis=0)
    np.fill_diagonal(known, False)
    if n <= LEAST_PEOPLE or known.sum() == n * (n - 1):
        return n > LEAST_PEOPLE
    if not all(one_piece(np.delete(np.delete(known, one, 0), one, 1)) for one in range(n)):
        return False
    if n > TRIED:
        return True
    try:
        leave_one_out(matrices)
    except DesignError:
        return False
    return True


@dataclass(frozen=True, eq=False)
class _Sums:
    """What components of two variables, or one with itself, are made of; one entry a person left out.

    Attributes
    ----------
    sides : ndarray, shape (2, 2, n_people)
        Sums over people of products of what they gave (0) and got (1).
    same, turned : ndarray, shape (n_people,)
        Sums over cells of x_ij y_ij, and of x_ij y_ji.
    totals : ndarray, shape (n_people,)
        Product of the totals.
    """

    sides: Floats
    same: Floats
    turned: Floats
    totals: Floats


def _without_each(cells: Floats) -> Floats:
    """All components without each person, from sums over all cells and over each person's."""
    v, n = len(cells), cells.shape[1]
    sums = {(p, q): _sums(cells[p], cells[q]) for p in range(v) for q in range(p, v)}
    made = {key: _components(one, n - 1) for key, one in sums.items()}
    noise = noise_of(n - 1)
    out = []
    for term in terms_of(v):
        i, j = term.places
        if term.kind == "person":
            (p, r), (q, s) = divmod(i, 2), divmod(j, 2)
            products, intra, inter = made[p, q]
            out.append(products[r, s] - noise[0, r, s] * intra - noise[1, r, s] * inter)
        else:
            out.append(made[i, j][1 if term.kind == "intra" else 2])
    return np.array(out).T


def _sums(x: Floats, y: Floats) -> _Sums:
    """Sums over all cells, less those of each person's own row and column."""
    given, got = (x.sum(axis=1), y.sum(axis=1)), (x.sum(axis=0), y.sum(axis=0))
    both, back = x * y, x * y.T
    sides = np.empty((2, 2, len(x)))
    # of others, what they gave (or got) without what they gave this person (or got from the person)
    sides[0, 0] = given[0] @ given[1] - given[0] * given[1] - y.T @ given[0] - x.T @ given[1]
    sides[0, 0] += both.sum(axis=0)
    sides[1, 1] = got[0] @ got[1] - got[0] * got[1] - y @ got[0] - x @ got[1] + both.sum(axis=1)
    sides[0, 1] = given[0] @ got[1] - given[0] * got[1] - y @ given[0] - x.T @ got[1] + back.sum(axis=0)
    sides[1, 0] = got[0] @ given[1] - got[0] * given[1] - y.T @ got[0] - x @ given[1] + back.sum(axis=1)
    return _Sums(
        sides,
        both.sum() - both.sum(axis=0) - both.sum(axis=1),
        back.sum() - back.sum(axis=0) - back.sum(axis=1),
        (x.sum() - given[0] - got[0]) * (y.sum() - given[1] - got[1]),
    )


def _components(sums: _Sums, n: int) -> tuple[Floats, Floats, Floats]:
    """Mean products of effects, and the relationship's covariances, of n people."""
    centred = sums.sides - sums.totals / n
    own, other = noise_of(n)[0, 0]
    # effects are weighted sums of what was given and got
    weights = np.array([[own, other], [other, own]])
    products = np.einsum("rt,tuk,su->rsk", weights, centred, weights) / (n - 1)
    fitted = np.einsum("rt,tsk->rsk", weights, centred)
    of_all = sums.totals / (n * (n - 1))
    squares = sums.same - of_all - fitted[0, 0] - fitted[1, 1]
    returned = sums.turned - of_all - fitted[0, 1] - fitted[1, 0]
    of_sums, of_differences = degrees(n)
    kept, turned = of_sums + of_differences, of_sums - of_differences
    scale = kept**2 - turned**2
    return (
        products,
        (kept * squares - turned * returned) / scale,
        (kept * returned - turned * squares) / scale,
    )

"""What each pair of people adds to the components of its group, to the first order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.srm import Floats, GroupFit, degrees, exchanged, inverse_of, noise_of, terms_of

Blocks = tuple[tuple[Floats, Floats], tuple[Floats, Floats]]


def pair_influences(matrices: Sequence[NDArray[Any]], group: GroupFit) -> Floats:
    r"""By how much each component would change without a pair, to the first order.

    Sums of squares and products of residuals are sums over pairs d, and so are what is expected of them:
    :math:`S = \sum_d S_d`, :math:`\mathrm{E} S = T \theta`, :math:`T = \sum_d T_d`. Without a pair the
    relationship's components change by :math:`-T^{-1}(S_d - T_d \theta)`, effects by
    :math:`-(X^\top X)^+ X_d^\top r_d`. Both add up to 0 over pairs.

    Parameters
    ----------
    matrices : sequence of ndarray, shape (n_people, n_people)
        What ``fit_group`` was given.
    group : GroupFit
        What it found.

    Returns
    -------
    ndarray, shape (n_pairs, n_terms)
        One row a pair i < j, in the order of ``numpy.triu_indices``; 0 for one that is not known.

    Examples
    --------
    >>> from honestsignals.inference.srm import fit_group
    >>> x = np.random.default_rng(1).normal(size=(5, 5))
    >>> found = pair_influences([x], fit_group([x]))
    >>> found.shape, bool(np.allclose(found.sum(axis=0), 0))
    ((10, 5), True)
    """
    cells = np.array([np.asarray(one, dtype=float) for one in matrices])
    n = group.n_people
    known = np.isfinite(cells).all(axis=0) & ~np.eye(n, dtype=bool)
    fitted = group.mean[:, None, None] + group.actor[:, :, None] + group.partner[:, None, :]
    residual = np.where(known, np.where(known, cells, 0.0) - fitted, 0.0)
    effects = np.stack([group.actor, group.partner], axis=1).reshape(-1, n)
    T, weights = (_alike if group.complete else _unlike)(known, effects)
    intra, inter = _of_relationships(residual, known, T, group)
    changed = _of_products(residual, weights)
    low, high = np.triu_indices(n, 1)
    out = []
    for term in terms_of(group.n_variables):
        i, j = term.places
        if term.kind == "person":
            (p, r), (q, s) = divmod(i, 2), divmod(j, 2)
            noise = group.noise[0, r, s] * intra[p, q] + group.noise[1, r, s] * inter[p, q]
            value = changed[i][j] + changed[j][i] - noise
        else:
            value = intra[i, j] if term.kind == "intra" else inter[i, j]
        out.append(value[low, high])
    return np.array(out).T


def _blocks(matrix: Floats) -> Blocks:
    n = len(matrix) // 2
    return (matrix[:n, :n], matrix[:n, n:]), (matrix[n:, :n], matrix[n:, n:])


def _of_cell(matrix: Floats) -> Floats:
    """x_c' A x_c of every cell c = (i, j), x_c its indicators of giver and receiver."""
    (giver, both), (_, receiver) = _blocks(matrix)
    return np.asarray(np.diag(giver)[:, None] + np.diag(receiver)[None, :] + both + both)


def _of_returned(matrix: Floats) -> Floats:
    """x_c' A x_c' of every cell c = (i, j) and its return c' = (j, i)."""
    (giver, both), (other, receiver) = _blocks(matrix)
    return np.asarray(giver + receiver.T + np.diag(both)[:, None] + np.diag(other)[None, :])


def _alike(known: NDArray[np.bool_], effects: Floats) -> tuple[Floats, Floats]:
    """T_d and the weights of effects where every cell is known: every pair has the same share."""
    n = len(known)
    of_sums, of_differences = degrees(n)
    kept, turned = of_sums + of_differences, of_sums - of_differences
    T = np.array([[kept, turned], [turned, kept]]) / (n * (n - 1) / 2)
    own, other = noise_of(n)[0, 0]
    weights = np.array([[own, other], [other, own]])
    every = np.where(known, 1.0, 0.0)
    return T[:, :, None, None] * every, weights[None, :, :, None] * effects[:, None, None, :]


def _unlike(known: NDArray[np.bool_], effects: Floats) -> tuple[Floats, Floats]:
    """The same where cells are missing, by what M and M P M have in the two cells of each pair."""
    inverse, n = inverse_of(known), len(known)
    mutual, own = (known & known.T).astype(float), known.astype(float)
    turned = exchanged(inverse, mutual) @ inverse
    hat, crossed = _of_cell(inverse), _of_returned(inverse)
    same = own * (1 - hat)
    same_turned = own * _of_cell(turned) - 2 * mutual * crossed
    back = -mutual * crossed
    back_turned = mutual * (1 - hat - hat.T + _of_returned(turned))
    T = _pairwise(np.array([[same, same_turned], [back, back_turned]]))
    return T, np.einsum("en,snrm->esrm", effects, inverse.reshape(2, n, 2, n))


def _of_relationships(
    residual: Floats, known: NDArray[np.bool_], T: Floats, group: GroupFit
) -> tuple[Floats, Floats]:
    """Changes of the relationship's covariances, intra and inter (each of shape (v, v, n, n))."""
    mutual = (known & known.T).astype(float)
    whole = np.linalg.inv(T.sum(axis=(2, 3)) / 2)
    squares = _pairwise(residual[:, None] * residual[None, :])
    returned = _pairwise(residual[:, None] * np.swapaxes(residual, 1, 2)[None, :] * mutual)
    expected = np.einsum("stij,tpq->spqij", T, np.array([group.intra, group.inter]))
    changed = -np.einsum("st,tpqij->spqij", whole, np.array([squares, returned]) - expected)
    return changed[0], changed[1]


def _pairwise(cells: Floats) -> Floats:
    """Both cells of a pair together."""
    return cells + np.swapaxes(cells, -1, -2)


def _of_products(residual: Floats, weights: Floats) -> list[list[Floats]]:
    """Changes of mean products of effects: of the second of the two (shape (n, n) each), by pair.

    ``weights``, of shape (n_effects, 2, 2, n), are an effect times the inverse: of actor or partner effects,
    on cells by giver and by receiver.
    """
    n = residual.shape[1]
    out = []
    for of_effect in weights:
        row = []
        for place in range(len(weights)):
            of, side = divmod(place, 2)
            giver, receiver = of_effect[side]
            row.append(_pairwise(-(giver[:, None] + receiver[None, :]) * residual[of] / (n - 1)))
        out.append(row)
    return out

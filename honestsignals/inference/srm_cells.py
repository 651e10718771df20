"""Cells of a round robin: without their level, and whether those known link everybody."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def levelled(cells: Floats, known: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Cells less their mean, 0 where not known, and that mean: so large values lose no digits.

    What is the same in every cell is exactly 0, so that nothing but rounding is never taken for a variance.

    Parameters
    ----------
    cells : ndarray, shape (n_variables, n_people, n_people)
    known : ndarray of bool, shape (n_people, n_people)

    Returns
    -------
    cells : ndarray, shape (n_variables, n_people, n_people)
    level : ndarray, shape (n_variables,)

    Examples
    --------
    >>> off = ~np.eye(7, dtype=bool)
    >>> bool((levelled(np.full((1, 7, 7), 0.1), off)[0] == 0).all())
    True
    """
    each = [one[known] if known.any() else np.zeros(1) for one in cells]
    level = np.array([one[0] if (one == one[0]).all() else one.mean() for one in each])
    return np.where(known, cells - level[:, None, None], 0.0), level


def one_piece(known: NDArray[np.bool_]) -> bool:
    """Whether the cells known link every giver and receiver, so that their effects can be told apart.

    >>> one_piece(~np.eye(4, dtype=bool)), one_piece(np.kron(np.eye(2), 1 - np.eye(4)) > 0)
    (True, False)
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    giver, receiver = np.nonzero(known)
    n = len(known)
    graph = csr_array((np.ones(giver.size), (giver, n + receiver)), shape=(2 * n, 2 * n))
    return int(connected_components(graph, directed=False)[0]) == 1

"""Labels of pairs that share people, drawn with an exact marginal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, pdtr, pdtrik

from honestsignals.errors import ArgumentError
from honestsignals.inference.clusters import Floats, pair_codes


def dependent_normal(
    n_people: int,
    ego: NDArray[Any],
    alter: NDArray[Any],
    rng: np.random.Generator,
    *,
    actor: float = 0.0,
    partner: float = 0.0,
    actor_partner_cor: float = 0.0,
    dyad: float = 0.0,
) -> Floats:
    r"""A standard normal for each row, dependent between rows that share people.

    .. math:: z_{ij} = a_i + b_j + g_{\{ij\}} + e_{ij}, \quad
        \operatorname{var} z = \sigma_a^2 + \sigma_b^2 + \sigma_g^2 + \sigma_e^2 = 1

    Each z is exactly standard normal, so that a label made from Φ(z) has exactly the mean asked for; a logit
    with normal person effects has another, attenuated one. For undirected rows give both effects the same
    variance and the correlation 1: then :math:`z = a_i + a_j + g + e`, whoever is called ego.

    Parameters
    ----------
    n_people : int
    ego, alter : ndarray of int, shape (n,)
        Codes 0 … n_people − 1 of two different people a row.
    rng : numpy.random.Generator
    actor, partner, dyad : float
        Variances of ego's effect, of alter's, and of what the rows of one unordered pair share.
    actor_partner_cor : float
        Correlation of a person's two effects.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ArgumentError
        Where variances are negative or sum to more than 1, or the correlation is not one.

    Examples
    --------
    >>> ego, alter = np.triu_indices(200, k=1)
    >>> z = dependent_normal(200, ego, alter, np.random.default_rng(1), dyad=0.5)
    >>> round(float(z.std()), 1)
    1.0
    """
    rest = 1.0 - actor - partner - dyad
    if min(actor, partner, dyad) < 0 or rest < -1e-12:
        raise ArgumentError(
            f"actor is {actor:g}, partner {partner:g} and dyad {dyad:g}; variances must be 0 or more "
            "and sum to 1 at most."
        )
    if not -1 <= actor_partner_cor <= 1:
        raise ArgumentError(f"actor_partner_cor is {actor_partner_cor:g}; it must lie between -1 and 1.")
    a, other = rng.standard_normal((2, n_people))
    b = actor_partner_cor * a + np.sqrt(1.0 - actor_partner_cor**2) * other
    pairs = pair_codes(ego, alter)
    g = rng.standard_normal(int(pairs.max()) + 1)
    e = rng.standard_normal(pairs.size)
    z: Floats = np.sqrt(actor) * a[ego] + np.sqrt(partner) * b[alter]
    return z + np.sqrt(dyad) * g[pairs] + np.sqrt(max(rest, 0.0)) * e


def binary_labels(probability: NDArray[Any], z: NDArray[Any]) -> NDArray[np.int64]:
    r"""Labels of 0 and 1 with exactly these probabilities: :math:`y = 1[\Phi(-z) < p]`.

    Parameters
    ----------
    probability : ndarray, shape (n,)
    z : ndarray, shape (n,)
        Standard normal; a high z is a label of 1.

    Returns
    -------
    ndarray of int, shape (n,)

    Examples
    --------
    >>> binary_labels(np.array([0.2, 0.2, 0.9]), np.array([1.0, 0.0, 0.0])).tolist()
    [1, 0, 1]
    """
    return (ndtr(-np.asarray(z)) < probability).astype(np.int64)


def ordinal_labels(cumulative: NDArray[Any], z: NDArray[Any]) -> NDArray[np.int64]:
    r"""Ordered labels 0 … L − 1 with exactly these cumulative probabilities.

    Parameters
    ----------
    cumulative : ndarray, shape (n, L − 1)
        P(Y ≤ l) for every level but the last, rising along a row.
    z : ndarray, shape (n,)
        Standard normal; a high z is a high label.

    Returns
    -------
    ndarray of int, shape (n,)

    Examples
    --------
    >>> ordinal_labels(np.array([[0.3, 0.6]] * 3), np.array([-1.0, 0.0, 1.0])).tolist()
    [0, 1, 2]
    """
    below: NDArray[np.int64] = (np.asarray(cumulative) < ndtr(np.asarray(z))[:, None]).sum(axis=1)
    return below.astype(np.int64)


def count_labels(mean: NDArray[Any], z: NDArray[Any]) -> NDArray[np.int64]:
    r"""Poisson counts with exactly these means: the smallest count with :math:`P(Y \le y) \ge \Phi(z)`.

    Parameters
    ----------
    mean : ndarray, shape (n,)
    z : ndarray, shape (n,)
        Standard normal; a high z is a high count.

    Returns
    -------
    ndarray of int, shape (n,)

    Examples
    --------
    >>> count_labels(np.array([2.0, 2.0]), np.array([-3.0, 0.0])).tolist()
    [0, 2]
    """
    mean, level = np.asarray(mean, dtype=float), ndtr(np.asarray(z))
    # The continuous inverse is undefined below P(Y = 0), and may be off by rounding on either side.
    count = np.where(level <= np.exp(-mean), 0.0, np.nan_to_num(np.ceil(pdtrik(level, mean)), nan=0.0))
    count = np.where((count > 0) & (pdtr(np.maximum(count - 1.0, 0.0), mean) >= level), count - 1.0, count)
    return np.where(pdtr(count, mean) < level, count + 1.0, count).astype(np.int64)


def continuous_labels(mean: NDArray[Any], z: NDArray[Any], sd: float = 1.0) -> Floats:
    """Normal labels with exactly these means: mean + sd · z.

    Parameters
    ----------
    mean : ndarray, shape (n,)
    z : ndarray, shape (n,)
        Standard normal.
    sd : float
        In the unit of the label.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> continuous_labels(np.array([3.0]), np.array([1.0]), sd=0.5).tolist()
    [3.5]
    """
    labels: Floats = np.asarray(mean, dtype=float) + sd * np.asarray(z, dtype=float)
    return labels

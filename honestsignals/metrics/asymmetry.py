"""Symmetric and skew-symmetric parts of what the two gave, against all that each gave and got."""

from __future__ import annotations

from typing import Any

import numpy as np

from honestsignals.metrics.acts import ratio
from honestsignals.metrics.balance import NEITHER
from honestsignals.metrics.registry import metric, statistic
from honestsignals.metrics.skew import both, most_asymmetry
from honestsignals.metrics.ties import Ties

Array = np.ndarray[Any, np.dtype[Any]]

ALONE = "ego gave nothing to anybody and got nothing"
SINGLE = f"{NEITHER}, or no two people gave one another more than one act in all"


@statistic(
    unit="what was given",
    by_kind=True,
    by_weight=True,
    inner=True,
    reference="solanas2006",
    formula="sqrt(sum over j of w_ij^2 + w_ji^2)",
)
def size_ego(ties: Ties, ego: Array, alter: Array) -> Array:
    """Root of the sum of squares of all that ego gave and got."""

    def make() -> Array:
        # as shares of the largest, so that squares keep within what decimals hold
        most = ties.once("most", lambda: most_given(ties.forth, ties.back))
        squares = (ties.forth / most) ** 2 + (ties.back / most) ** 2
        return most * np.sqrt(ties.per_person(squares, squares))

    return ties.once("size", make)[ego]


def most_given(forth: Array, back: Array) -> float:
    """The most that anybody gave one other; 1 where there is nobody."""
    return float(max(forth.max(), back.max())) if len(forth) else 1.0


@metric(
    range=(0, 0.5),
    swap="swap",
    undefined=ALONE,
    reference="solanas2006",
    formula="k_ij^2 / sum over j of (s_ij^2 + k_ij^2), k_ij = (w_ij - w_ji)/2, s_ij = (w_ij + w_ji)/2",
    higher="no",
    title="dyadic contribution to skew-symmetry ν",
    elsewhere=("DyaDA getnu",),
    basis="DyaDA",
)
def nu_ego(given_ego: Array, given_alter: Array, size_ego: Array) -> Array:
    """One-sided part of what the two gave, against all that ego gave and got.

    Rows are normalised, as in DyaDA, which prints 0 where ego gave and got nothing. At most ½: what is
    one-sided is symmetric in part, as half of it is given the one way and half taken from the other.

    Examples
    --------
    >>> nu_ego(np.array([2, 1]), np.array([0, 1]), np.sqrt([6, 6])).round(4)
    array([0.3333, 0.    ])
    """
    return np.minimum(ratio(np.abs(given_ego - given_alter), size_ego) ** 2 / 2, 0.5)


@metric(
    range=(0, 1),
    swap="swap",
    undefined=ALONE,
    reference="solanas2006",
    formula="s_ij^2 / sum over j of (s_ij^2 + k_ij^2), k_ij = (w_ij - w_ji)/2, s_ij = (w_ij + w_ji)/2",
    title="dyadic contribution to symmetry λ",
    elsewhere=("DyaDA getlambda",),
    basis="DyaDA",
)
def lambda_ego(given_ego: Array, given_alter: Array, size_ego: Array) -> Array:
    """Symmetric part of what the two gave, against all that ego gave and got.

    Rows are normalised, as in DyaDA, which prints 0 where ego gave and got nothing.

    Examples
    --------
    >>> lambda_ego(np.array([2, 1]), np.array([0, 1]), np.sqrt([6, 6])).round(4)
    array([0.3333, 0.3333])
    """
    return np.minimum(ratio(given_ego + given_alter, size_ego) ** 2 / 2, 1.0)


@metric(
    range=(0, 1),
    undefined=NEITHER,
    reference="solanas2006",
    formula="nu_ij / lambda_ij = imbalance^2",
    higher="no",
    title="balanced reciprocity ω",
    elsewhere=("DyaDA getomega",),
    basis="DyaDA",
)
def omega(imbalance: Array) -> Array:
    """One-sided against symmetric part of what the two gave: the square of ``imbalance``.

    DyaDA prints 0 where neither acted.

    Examples
    --------
    >>> omega(np.array([0.5, np.nan]))
    array([0.25,  nan])
    """
    return imbalance**2


@statistic(
    unit="",
    by_kind=True,
    inner=True,
    reference="solanas2009",
    formula="2 z - 2 m = sum over pairs in contact of 1 - o / N^2, o = 1[N odd]",
)
def phir_scale(ties: Ties, ego: Array, alter: Array) -> Array:
    """What the asymmetry of all pairs adds up to where nobody gives back."""
    return np.full(len(ego), ties.once("phir_scale", lambda: most_asymmetry(both(ties))))


@metric(
    range=(-9 / 8, 13 / 8),
    swap="swap",
    undefined=SINGLE,
    reference="solanas2009",
    formula="(4 w_ij^2 / N^2 - 1 - o / N^2) / (4 z - 4 m), N = w_ij + w_ji, o = 1[N odd]",
    higher="no",
    title="directional asymmetry φ_ij",
    elsewhere=("DyaDA getphirmat",),
    basis="DyaDA",
)
def phir_ego(acts_ego: Array, acts_alter: Array, phir_scale: Array) -> Array:
    """Ego's part of the overall asymmetry PHIr towards alter, below 0 where ego gave the less.

    Over all pairs and both ways they add up to PHIr. The constants z, the number of pairs in contact, and
    m, the least asymmetry they can have, are of all the ties.

    Examples
    --------
    >>> phir_ego(np.array([2, 0]), np.array([0, 2]), np.array([2.0, 2.0]))
    array([ 0.75, -0.25])
    """
    acts = np.asarray(acts_ego, dtype=float) + acts_alter
    share = ratio(acts_ego, acts)
    return ratio(4 * share**2 - 1 - ratio(acts % 2, acts**2), 2 * phir_scale)


@metric(
    range=(0, 1),
    undefined=SINGLE,
    reference="solanas2009",
    formula="(d^2 - o) / N^2 / (2 z - 2 m), d = w_ij - w_ji, N = w_ij + w_ji, o = 1[N odd]",
    higher="no",
    title="dyadic asymmetry Φ_ij",
    elsewhere=("DyaDA getPHIij",),
    basis="DyaDA",
)
def phir(acts_ego: Array, acts_alter: Array, phir_scale: Array) -> Array:
    """The pair's part of the overall asymmetry PHIr, to which all pairs add up: 0 for as even as can be.

    Ego's part and alter's together. DyaDA prints 0 where neither acted.

    Examples
    --------
    >>> phir(np.array([2, 2, 0]), np.array([0, 1, 0]), np.array([2.0, 2.0, 2.0]))
    array([0.5, 0. , nan])
    """
    acts = np.asarray(acts_ego, dtype=float) + acts_alter
    less = np.asarray(acts_ego, dtype=float) - acts_alter
    return ratio(ratio(less**2 - acts % 2, acts**2), phir_scale)

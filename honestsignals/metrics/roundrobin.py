"""One round robin: everybody's giving split into giver, receiver and what is between the two.

x_ij = M + a_i + b_j + c_ij: what i gives j is the mean, i's giving (actor), j's getting (partner), and what
is between the two (relationship). The variances and covariances of a, b and c are estimated by analysis of
variance, and stay as estimated: one of them may be below 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from honestsignals.errors import DesignError

Array = np.ndarray[Any, np.dtype[Any]]

LEAST_PEOPLE = 4
"""With three, the pairs' own part has no degrees of freedom left."""
ROUNDING = 1e-13
"""Of the variance of all cells: a component nearer to 0 is rounding, and is 0."""


@dataclass(frozen=True, eq=False)
class RoundRobin:
    """Everything that the model says of one matrix.

    Attributes
    ----------
    mean : float
        Mean of all cells, M.
    actor, partner : ndarray, shape (n_people,)
        Effects a and b: how much more than the mean each gives and gets.
    relationship : ndarray, shape (n_people, n_people)
        Effects c; 0 on the diagonal, where there are none.
    between, within : float
        Mean squares of pairs: of both directions together (D), of their difference (E).
    actor_variance, partner_variance, relationship_variance : float
        Variances of a, b and c; one below 0 is as estimated.
    actor_partner_covariance, relationship_covariance : float
        Covariances of a_i and b_i, and of c_ij and c_ji.
    """

    mean: float
    actor: Array
    partner: Array
    relationship: Array
    between: float
    within: float
    actor_variance: float
    partner_variance: float
    relationship_variance: float
    actor_partner_covariance: float
    relationship_covariance: float

    @property
    def n_people(self) -> int:
        """How many people."""
        return len(self.actor)

    @property
    def actor_reliability(self) -> float:
        """Share of the variance of estimated actor effects that is the actors' (TripleR's form)."""
        return self._reliability(self.actor_variance, self._noise)

    @property
    def partner_reliability(self) -> float:
        """Share of the variance of estimated partner effects that is the partners' (TripleR's form)."""
        return self._reliability(self.partner_variance, self._noise)

    @property
    def actor_reliability_dyada(self) -> float:
        """The same in DyaDA's form, whose noise is s²/(n - 1) - cov/(n - 1)²."""
        return self._reliability(self.actor_variance, self._noise_dyada)

    @property
    def partner_reliability_dyada(self) -> float:
        """The same in DyaDA's form."""
        return self._reliability(self.partner_variance, self._noise_dyada)

    @property
    def _noise(self) -> float:
        n = self.n_people
        return ((n - 1) * self.relationship_variance + self.relationship_covariance) / (n * (n - 2))

    @property
    def _noise_dyada(self) -> float:
        n = self.n_people
        return self.relationship_variance / (n - 1) - self.relationship_covariance / (n - 1) ** 2

    @staticmethod
    def _reliability(variance: float, noise: float) -> float:
        return variance / (variance + noise) if variance >= 0 and variance + noise > 0 else math.nan


def round_robin(matrix: Array) -> RoundRobin:
    """Effects, variances and covariances of one round robin.

    Parameters
    ----------
    matrix : ndarray, shape (n_people, n_people)
        What each gave each, raw or transformed; the diagonal is not looked at.

    Raises
    ------
    DesignError
        Below four people, and where a cell is missing.

    Examples
    --------
    >>> giving = np.array([3.0, 1.0, 1.0, 1.0])
    >>> found = round_robin(np.tile(giving[:, None], 4))
    >>> found.actor, found.relationship_variance
    (array([ 1.5, -0.5, -0.5, -0.5]), 0.0)
    """
    n = len(matrix)
    if n < LEAST_PEOPLE:
        raise DesignError(f"{n} people: the social relations model needs at least {LEAST_PEOPLE}.")
    off = ~np.eye(n, dtype=bool)
    cells = np.where(off, matrix, 0.0).astype(float)
    if not np.isfinite(cells).all():
        raise DesignError("Cells are missing: the round robin needs what everybody gave everybody else.")
    # only differences count; less the lowest, cells that are all alike are 0 to the bit
    lowest = float(cells[off].min())
    cells[off] -= lowest
    mean = float(cells.sum() / (n * (n - 1)))
    cells[off] -= mean
    given, got = cells.sum(axis=1), cells.sum(axis=0)
    actor = ((n - 1) * given + got) / (n * (n - 2))
    partner = ((n - 1) * got + given) / (n * (n - 2))
    relationship = np.where(off, cells - actor[:, None] - partner[None, :], 0.0)
    return _components(lowest + mean, actor, partner, relationship, float((cells**2).sum() / (n * (n - 1))))


def _components(mean: float, actor: Array, partner: Array, relationship: Array, spread: float) -> RoundRobin:
    """Variances and covariances from the effects; ``spread`` is the variance of all cells."""
    n = len(actor)

    def clean(value: float) -> float:
        return float(value) if abs(value) > ROUNDING * spread else 0.0

    both = (relationship + relationship.T) / 2
    apart = relationship - relationship.T
    between = (both**2).sum() / ((n - 1) * (n - 2) / 2 - 1)
    within = (apart**2).sum() / 2 / ((n - 1) * (n - 2))
    variance, covariance = (between + within) / 2, (between - within) / 2
    noise = ((n - 1) * variance + covariance) / (n * (n - 2))
    crossed = ((n - 1) * covariance + variance) / (n * (n - 2))
    return RoundRobin(
        mean=mean,
        actor=actor,
        partner=partner,
        relationship=relationship,
        between=clean(between),
        within=clean(within),
        actor_variance=clean((actor**2).sum() / (n - 1) - noise),
        partner_variance=clean((partner**2).sum() / (n - 1) - noise),
        relationship_variance=clean(variance),
        actor_partner_covariance=clean((actor * partner).sum() / (n - 1) - crossed),
        relationship_covariance=clean(covariance),
    )

"""Social relations of one group: components of one variable, or of two and what they share.

x_ij = M + a_i + b_j + c_ij. Where every cell is known this is the round robin's analysis of variance. Where
cells are missing, effects are fitted by least squares to the cells that are known, and the expected sums of
squares and products of effects and residuals are solved for the components: Henderson's third method, which
is the analysis of variance where nothing is missing. Cells are not filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import DesignError
from honestsignals.inference.srm_cells import levelled, one_piece
from honestsignals.inference.words import counted
from honestsignals.metrics.roundrobin import LEAST_PEOPLE, ROUNDING, round_robin

Floats = NDArray[np.float64]

SINGULAR = 1e-9
"""Of the cells to spare, squared: a determinant nearer to 0 is 0."""
LOOSER = 100.0
"""Solving for components with missing cells loses about two digits more than the closed form."""


@dataclass(frozen=True)
class Term:
    """One component, and where it stands in the sums it is estimated from.

    Attributes
    ----------
    name : str
        Its name in a table.
    of : tuple of int
        The variable, or the two, that it is about.
    kind : {"person", "intra", "inter"}
        Covariance of two effects of a person, of c_ij with c_ij, or of c_ij with c_ji.
    places : tuple of int
        Of "person": 2 v for the actor effect of variable v, 2 v + 1 for its partner effect. Otherwise the
        variables.
    """

    name: str
    of: tuple[int, ...]
    kind: str
    places: tuple[int, int]

    @property
    def variance(self) -> bool:
        """Whether it is a variance, and not a covariance."""
        return self.kind != "inter" and self.places[0] == self.places[1]


def terms_of(n_variables: int) -> tuple[Term, ...]:
    """The components of one variable (5), or of two (5 each, and 6 of both).

    >>> [term.name for term in terms_of(1)][:2], len(terms_of(2))
    (['actor variance', 'partner variance'], 16)
    """
    out = []
    for v in range(n_variables):
        out += [
            Term("actor variance", (v,), "person", (2 * v, 2 * v)),
            Term("partner variance", (v,), "person", (2 * v + 1, 2 * v + 1)),
            Term("relationship variance", (v,), "intra", (v, v)),
            Term("actor-partner covariance", (v,), "person", (2 * v, 2 * v + 1)),
            Term("relationship covariance", (v,), "inter", (v, v)),
        ]
    if n_variables == 2:
        out += [
            Term("actor-actor covariance", (0, 1), "person", (0, 2)),
            Term("partner-partner covariance", (0, 1), "person", (1, 3)),
            Term("actor-partner covariance", (0, 1), "person", (0, 3)),
            Term("partner-actor covariance", (0, 1), "person", (1, 2)),
            Term("intrapersonal relationship covariance", (0, 1), "intra", (0, 1)),
            Term("interpersonal relationship covariance", (0, 1), "inter", (0, 1)),
        ]
    return tuple(out)


@dataclass(frozen=True, eq=False)
class GroupFit:
    """Effects and components of one group.

    Attributes
    ----------
    mean : ndarray, shape (n_variables,)
        M of each variable.
    actor, partner : ndarray, shape (n_variables, n_people)
        Effects a and b.
    products : ndarray, shape (2 n_variables, 2 n_variables)
        Mean products of effects, Σ a_i b_i / (n − 1) and so on; order a, b of the first, a, b of the second.
    intra, inter : ndarray, shape (n_variables, n_variables)
        Covariances of c_ij with c_ij, and of c_ij with c_ji.
    noise : ndarray, shape (2, 2, 2)
        What of ``intra`` (first) and ``inter`` (second) is in the mean products of (a, a), (a, b), (b, b).
    spread : ndarray, shape (n_variables,)
        Standard deviation of all cells.
    n_cells : int
        Cells known.
    """

    mean: Floats
    actor: Floats
    partner: Floats
    products: Floats
    intra: Floats
    inter: Floats
    noise: Floats
    spread: Floats
    n_cells: int

    @property
    def n_people(self) -> int:
        """How many people."""
        return self.actor.shape[1]

    @property
    def n_variables(self) -> int:
        """One or two."""
        return len(self.mean)

    @property
    def complete(self) -> bool:
        """Whether every cell is known."""
        return self.n_cells == self.n_people * (self.n_people - 1)

    def estimates(self) -> Floats:
        """The components, in the order of ``terms_of``; as estimated, so a variance may be below 0."""
        values = []
        for term in terms_of(self.n_variables):
            i, j = term.places
            values.append(self._person(i, j) if term.kind == "person" else getattr(self, term.kind)[i, j])
        return np.where(np.abs(values) > self.rounding(), values, 0.0)

    def rounding(self) -> Floats:
        """How far from 0 rounding may take each component, in the order of ``terms_of``."""
        tolerance = ROUNDING * (1.0 if self.complete else LOOSER)
        ends = [(term.of[0], term.of[-1]) for term in terms_of(self.n_variables)]
        return np.array([tolerance * self.spread[p] * self.spread[q] for p, q in ends])

    def _person(self, i: int, j: int) -> float:
        (p, r), (q, s) = divmod(i, 2), divmod(j, 2)
        noise = self.noise[0, r, s] * self.intra[p, q] + self.noise[1, r, s] * self.inter[p, q]
        return float(self.products[i, j] - noise)


def fit_group(matrices: Sequence[NDArray[Any]]) -> GroupFit:
    r"""Effects and components of one group, from what each gave each.

    With every cell known, the round robin's analysis of variance. Else, with :math:`X` the indicators of
    giver and receiver of the cells known, :math:`M = I - X(X^\top X)^+X^\top`, :math:`P` the exchange of the
    two directions of a pair, :math:`r = M x`:

    .. math::
        \mathrm{E}\, r^\top r = \sigma_c^2 \operatorname{tr} M + \sigma_{cc'} \operatorname{tr} M P,\quad
        \mathrm{E}\, r^\top P r = \sigma_c^2 \operatorname{tr} M P + \sigma_{cc'} \operatorname{tr} (M P)^2

    and mean products of fitted effects less what of c is in them. Unbiased whatever the distributions, as
    long as which cells are missing has nothing to do with what would stand in them.

    Parameters
    ----------
    matrices : sequence of ndarray, shape (n_people, n_people)
        One variable or two; row gave column, NaN is missing, the diagonal is not looked at. Of two variables
        a cell counts where both are known.

    Returns
    -------
    GroupFit

    Raises
    ------
    DesignError
        Below four people, and where the cells known cannot tell the effects apart.

    References
    ----------
    warner1979, henderson1953

    Examples
    --------
    >>> giving = np.array([3.0, 1.0, 1.0, 1.0])
    >>> found = fit_group([np.tile(giving[:, None], 4)])
    >>> found.actor[0], float(found.estimates()[2])
    (array([ 1.5, -0.5, -0.5, -0.5]), 0.0)
    """
    cells = np.array([np.asarray(one, dtype=float) for one in matrices])
    n = cells.shape[1]
    if n < LEAST_PEOPLE:
        raise DesignError(
            f"{counted(n, 'person', 'people')}: the social relations model needs {LEAST_PEOPLE}."
        )
    known = np.isfinite(cells).all(axis=0) & ~np.eye(n, dtype=bool)
    cells, level = levelled(cells, known)
    spread = np.sqrt((cells**2).sum(axis=(1, 2)) / max(int(known.sum()), 1))
    fitted = _complete(cells) if known.sum() == n * (n - 1) else _incomplete(cells, known)
    return GroupFit(
        mean=fitted.mean + level,
        actor=fitted.actor,
        partner=fitted.partner,
        products=_products(fitted.actor, fitted.partner),
        intra=fitted.intra,
        inter=fitted.inter,
        noise=fitted.noise,
        spread=spread,
        n_cells=int(known.sum()),
    )


def noise_of(n_people: int) -> Floats:
    """What of the relationship's covariances is in mean products of effects where every cell is known.

    >>> noise_of(4)[0]
    array([[0.375, 0.125],
           [0.125, 0.375]])
    """
    n = n_people
    same, other = (n - 1) / (n * (n - 2)), 1 / (n * (n - 2))
    return np.array([[[same, other], [other, same]], [[other, same], [same, other]]])


@dataclass(frozen=True, eq=False)
class _Fitted:
    """Effects, covariances of relationships, and the noise in products of effects."""

    mean: Floats
    actor: Floats
    partner: Floats
    intra: Floats
    inter: Floats
    noise: Floats


def _products(actor: Floats, partner: Floats) -> Floats:
    effects = np.stack([actor, partner], axis=1).reshape(-1, actor.shape[1])
    return effects @ effects.T / (actor.shape[1] - 1)


def _complete(cells: Floats) -> _Fitted:
    """The round robin of each variable; products of relationships over pairs of variables."""
    n = cells.shape[1]
    robins = [round_robin(one) for one in cells]
    both = np.array([(one.relationship + one.relationship.T) / 2 for one in robins])
    apart = np.array([one.relationship - one.relationship.T for one in robins])
    between = np.einsum("pij,qij->pq", both, both) / degrees(n)[0]
    within = np.einsum("pij,qij->pq", apart, apart) / 4 / degrees(n)[1]
    return _Fitted(
        np.array([one.mean for one in robins]),
        np.array([one.actor for one in robins]),
        np.array([one.partner for one in robins]),
        (between + within) / 2,
        (between - within) / 2,
        noise_of(n),
    )


def degrees(n_people: int) -> tuple[float, float]:
    """Degrees of freedom of pairs' sums and of their differences.

    >>> degrees(32)
    (464.0, 465.0)
    """
    n = n_people
    return (n - 1) * (n - 2) / 2 - 1, (n - 1) * (n - 2) / 2


def _incomplete(cells: Floats, known: NDArray[np.bool_]) -> _Fitted:
    """Least squares on the cells known, and expected sums of squares solved for the components."""
    n = cells.shape[1]
    inverse = inverse_of(known)
    sums = np.concatenate([cells.sum(axis=2), cells.sum(axis=1)], axis=1)
    effects = sums @ inverse
    actor, partner = effects[:, :n], effects[:, n:]
    fitted = actor[:, :, None] + partner[:, None, :]
    residual = np.where(known, cells - fitted, 0.0)
    # of pairs known both ways: exchanged indicators, and the pairs themselves
    mutual = (known & known.T).astype(float)
    pairs = np.diag(mutual.sum(axis=1))
    themselves = np.block([[pairs, mutual], [mutual, pairs]])
    crossed = exchanged(inverse, mutual)
    kept = known.sum() - (2 * n - 1)
    turned = -np.trace(crossed)
    twice = mutual.sum() - 2 * (inverse * themselves).sum() + (crossed * crossed.T).sum()
    determinant = kept * twice - turned**2
    if kept <= 0 or determinant <= SINGULAR * float(kept) ** 2:
        raise DesignError(
            f"{counted(int(known.sum()), 'cell')} of {n} people, {counted(int(mutual.sum()) // 2, 'pair')} "
            "known both ways: too few to tell pairs from people."
        )
    squares = np.einsum("pij,qij->pq", residual, residual)
    returned = np.einsum("pij,qji->pq", residual * mutual, residual)
    return _Fitted(
        actor.mean(axis=1) + partner.mean(axis=1),
        actor - actor.mean(axis=1, keepdims=True),
        partner - partner.mean(axis=1, keepdims=True),
        (twice * squares - turned * returned) / determinant,
        (kept * returned - turned * squares) / determinant,
        np.array([_shares(np.eye(2 * n), inverse), _shares(crossed, inverse)]),
    )


def inverse_of(known: NDArray[np.bool_]) -> Floats:
    """A generalised inverse of XᵀX, X the indicators of giver and receiver of the cells known.

    Which one does not matter to fitted values, nor to effects as they differ from their mean.

    Parameters
    ----------
    known : ndarray of bool, shape (n_people, n_people)

    Returns
    -------
    ndarray, shape (2 n_people, 2 n_people)

    Raises
    ------
    DesignError
        Where more is lost than the level of givers against that of receivers.
    """
    n = len(known)
    if known.sum() == n * (n - 1):
        level = np.full((n, n), 1 / (4 * n * (n - 1)))
        own, other = (share * (np.eye(n) - 1 / n) for share in noise_of(n)[0, 0])
        return np.block([[own + level, other + level], [other + level, own + level]])
    own = known.astype(float)
    if not one_piece(known):
        raise DesignError(
            f"The cells known of {n} people leave effects that cannot be told apart: somebody gave, or got, "
            "nothing that is known, or the people fall into parts between which nothing is known."
        )
    # givers and receivers are one connected graph, so givers' level against receivers' is all that is lost
    share = own / own.sum(axis=1, keepdims=True)
    receivers = np.linalg.inv(np.diag(own.sum(axis=0)) - own.T @ share + 1.0)
    crossed = -share @ receivers
    givers = np.diag(1 / own.sum(axis=1)) - crossed @ share.T
    return np.block([[givers, crossed], [crossed.T, receivers]])


def exchanged(matrix: Floats, mutual: Floats) -> Floats:
    """A matrix times XᵀPX: givers and receivers of pairs known both ways change places."""
    n, degree = len(mutual), mutual.sum(axis=1)
    left, right = matrix[:, :n], matrix[:, n:]
    return np.hstack([left @ mutual + right * degree, left * degree + right @ mutual])


def _shares(left: Floats, right: Floats) -> Floats:
    """Mean squares and products of centred effects whose covariance is left @ right, which is not made."""
    n = len(left) // 2
    out = np.empty((2, 2))
    for r in (0, 1):
        rows = left[r * n : (r + 1) * n]
        for s in (0, 1):
            columns = right[:, s * n : (s + 1) * n]
            own = np.einsum("ik,ki->", rows, columns)
            out[r, s] = (own - rows.sum(axis=0) @ columns.sum(axis=1) / n) / (n - 1)
    return out

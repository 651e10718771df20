"""Logit with sender and receiver effects, by what quadruples of rows tell without them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import expit, log_expit

from honestsignals.errors import ArgumentError, FitError, check_seed
from honestsignals.inference.clusters import Codes, Floats, person_codes
from honestsignals.inference.fixed_effects import checked_columns
from honestsignals.inference.person_effects import effects_of
from honestsignals.inference.quadruples import (
    SIGNS,
    Arrangement,
    arranged,
    counts,
    drawn_pairs,
    informative,
    row_sums,
)
from honestsignals.inference.words import counted, named

MOST_QUADRUPLES = 300_000_000
"""Informative quadruples that are summed exactly: some minutes of one core. More are refused, or sampled."""

HELD = 5_000_000
"""Informative quadruples that are held in memory between steps; more are listed again at each step."""

MOST_STEPS = 40
"""Newton's method takes 5 to 10 steps; where it takes more, the likelihood rises for ever."""


@dataclass(frozen=True, eq=False)
class Tetrads:
    """A logit conditional on what senders sent and receivers received, quadruple by quadruple.

    Attributes
    ----------
    names : tuple of str
        The slopes; an intercept is absorbed.
    kept : tuple of int
        Their columns in the design as it was given.
    beta : ndarray, shape (k,)
    hessian : ndarray, shape (k, k)
        Σ over informative quadruples of Λ (1 − Λ) d dᵀ.
    row_scores : ndarray, shape (n, k)
        Of each row, the scores of the quadruples it is in, summed. Over rows they sum to 0.
    row_information : ndarray, shape (n, k, k)
        Of each row, the Hessian of the quadruples it is in.
    log_likelihood, null_log_likelihood : float
        Of the quadruples, as if they were independent, at the estimate and at slopes of 0: no likelihood of
        the rows.
    informative, quadruples : int
        Quadruples whose labels alternate, and all quadruples; exact, whether or not they were sampled.
    used : int
        Informative quadruples that were summed.
    rows_used : ndarray of bool, shape (n,)
        Rows that are in some quadruple that was summed.
    directed : bool
    iterations : int
    design : ndarray, shape (n, k)
        Columns with the effects taken out.
    held : tuple of ndarray of int, or None
        The informative quadruples, where they are few enough to be held.
    """

    names: tuple[str, ...]
    kept: tuple[int, ...]
    beta: Floats
    hessian: Floats
    row_scores: Floats
    row_information: Floats
    log_likelihood: float
    null_log_likelihood: float
    informative: int
    quadruples: int
    used: int
    rows_used: NDArray[np.bool_]
    directed: bool
    iterations: int
    design: Floats
    held: tuple[Codes, ...] | None


def tetrad_logit(
    X: NDArray[Any],
    y: NDArray[Any],
    ego: NDArray[Any],
    alter: NDArray[Any],
    names: Sequence[str],
    *,
    directed: bool = True,
    sample: int | None = None,
    seed: int | None = None,
) -> Tetrads:
    r"""Slopes of a logit with an effect for every sender and receiver, which cancel and are not estimated.

    .. math:: \Pr(y_{ij} = 1) = \Lambda(x_{ij}^\top \beta + a_i + b_j)

    Of two senders i, k and two receivers j, l whose labels alternate, the effects cancel:
    :math:`\Pr(y_{ij} = y_{kl} = 1 \mid \text{alternating}) = \Lambda(d^\top \beta)`,
    :math:`d = x_{ij} - x_{il} - x_{kj} + x_{kl}`, and β maximises the sum of their logarithms over all such
    quadruples (Charbonneau; Jochmans). Where rows have no direction there is one effect a person, the same
    holds of every cycle of four pairs, and this is Graham's tetrad logit.

    It is conditional on the effects, and takes rows to be independent given them (the two rows of a pair may
    depend on one another under ``pair`` errors and the jackknife). Nothing is learnt of the effects, nor of
    anything that is the same in all rows of a sender or of a receiver, and no probability can be predicted.
    Rows of one pair (waves) are alternatives: each choice of a row in every place makes a quadruple.

    Parameters
    ----------
    X : ndarray, shape (n, k)
        Design; an intercept is absorbed.
    y : ndarray, shape (n,)
        Labels, 0 or 1.
    ego, alter : ndarray, shape (n,)
        The two people of each row; the sender is ego.
    names : sequence of str
        Columns of ``X``.
    directed : bool
        Whether rows have a sender and a receiver.
    sample : int, optional
        Take only this many pairs of senders, drawn at random. All where absent.
    seed : int, optional
        Of that draw.

    Returns
    -------
    Tetrads

    Raises
    ------
    ArgumentError
        Where shapes do not fit, or a label is not 0 or 1.
    FitError
        Where no quadruple is informative or too many are, effects absorb a column, the informative quadruples
        do not tell columns apart, or are separated.

    References
    ----------
    charbonneau2017, jochmans2018, graham2017

    Examples
    --------
    >>> rng = np.random.default_rng(4)
    >>> ego, alter = np.nonzero(~np.eye(20, dtype=bool))
    >>> x, effects = rng.normal(size=380), rng.normal(size=(2, 20))
    >>> y = rng.logistic(size=380) < x + effects[0][ego] + effects[1][alter]
    >>> found = tetrad_logit(x[:, None], y, ego, alter, ["acts"])
    >>> found.informative, found.quadruples, found.beta.round(2).tolist()
    (2365, 29070, [1.29])
    """
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    ego, alter, n_people = person_codes(ego, alter)
    check_seed(seed)
    _check_values(X, y, ego, names)
    kinds = ("sender", "receiver") if directed else ("person",)
    left, kept = checked_columns(X, names, effects_of(ego, alter, kinds))
    arrangement = arranged(ego, alter, y, directed=directed)
    found, every = counts(arrangement)
    _check_counts(found, every, y, sample)
    chosen = None if sample is None else drawn_pairs(n_people, sample, seed)
    held = _held(arrangement, chosen, found)
    # Differences of columns are the same with the effects out, and lose no digits to them.
    unit = np.sqrt(np.mean(left**2, axis=0))
    likelihood = QuadrupleLikelihood(
        left / unit, (lambda: informative(arrangement, chosen)) if held is None else held
    )
    slopes = tuple(names[column] for column in kept)
    likelihood.check_design(slopes)
    theta, steps = likelihood.solved(slopes)
    level, _, hessian, used = likelihood.at(theta)
    scores, information, rows_used = likelihood.by_row(theta)
    return Tetrads(
        names=slopes,
        kept=kept,
        beta=theta / unit,
        hessian=hessian * np.outer(unit, unit),
        row_scores=scores * unit,
        row_information=information * np.outer(unit, unit),
        log_likelihood=level,
        null_log_likelihood=-used * float(np.log(2.0)),
        informative=found,
        quadruples=every,
        used=used,
        rows_used=rows_used,
        directed=directed,
        iterations=steps,
        design=left,
        held=held,
    )


class QuadrupleLikelihood:
    r"""Sum over quadruples of :math:`\log \Lambda(d^\top \theta)`, with its derivatives.

    Parameters
    ----------
    Z : ndarray, shape (n, k)
        Columns, of lengths alike.
    source : sequence of ndarray of int, or function
        Chunks of quadruples, or what lists them.
    """

    def __init__(self, Z: Floats, source: Sequence[Codes] | Callable[[], Iterable[Codes]]) -> None:
        self.Z = Z
        self._source = source

    def chunks(self) -> Iterator[tuple[Codes, Floats]]:
        """Quadruples, and their differences d."""
        for rows in self._source() if callable(self._source) else self._source:
            d = np.zeros((rows.shape[0], self.Z.shape[1]))
            for place, sign in enumerate(SIGNS):
                d += sign * self.Z[rows[:, place]]
            yield rows, d

    def at(self, theta: Floats) -> tuple[float, Floats, Floats, int]:
        """Level, gradient, Hessian (of the negative), and the number of quadruples."""
        k = self.Z.shape[1]
        level, gradient, hessian, used = 0.0, np.zeros(k), np.zeros((k, k)), 0
        for rows, d in self.chunks():
            eta = d @ theta
            rest = expit(-eta)
            level += float(log_expit(eta).sum())
            gradient += rest @ d
            hessian += (d * (rest * (1.0 - rest))[:, None]).T @ d
            used += rows.shape[0]
        return level, gradient, (hessian + hessian.T) / 2, used

    def by_row(self, theta: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Scores and Hessians of the quadruples that each row is in, summed; and whether it is in any."""
        n, k = self.Z.shape
        scores, information = np.zeros((n, k)), np.zeros((n, k, k))
        some = np.zeros(n, dtype=bool)
        for rows, d in self.chunks():
            rest = expit(-(d @ theta))
            weight = rest * (1.0 - rest)
            some[rows.ravel()] = True
            for a in range(k):
                scores[:, a] += row_sums(rows, rest * d[:, a], n)
                for b in range(a + 1):
                    information[:, a, b] += row_sums(rows, weight * d[:, a] * d[:, b], n)
        lower = np.tril_indices(k, -1)
        information[:, lower[1], lower[0]] = information[:, lower[0], lower[1]]
        return scores, information, some

    def check_design(self, names: Sequence[str]) -> None:
        """Refuse columns that do not differ, or not apart from one another, within the quadruples."""
        _, _, cross, used = self.at(np.zeros(self.Z.shape[1]))
        if used == 0:
            raise FitError("No quadruple of the senders that were drawn is informative: draw more of them.")
        length = np.sqrt(np.diag(cross))
        flat = [name for name, one in zip(names, length, strict=True) if one <= 1e-7 * length.max()]
        if flat:
            raise FitError(f"{named(flat)} cancels in every informative quadruple: it has no estimate.")
        values, vectors = np.linalg.eigh(cross / np.outer(length, length))
        if values[0] < 1e-12:
            told = [name for name, part in zip(names, np.abs(vectors[:, 0]), strict=True) if part > 1e-3]
            raise FitError(
                f"In the informative quadruples {named(told)} tell the same: leave one of them out."
            )

    def solved(self, names: Sequence[str], start: Floats | None = None) -> tuple[Floats, int]:
        """The maximum by Newton's method, and its steps; an error where the likelihood rises for ever."""
        theta = np.zeros(self.Z.shape[1]) if start is None else start.copy()
        level, gradient, hessian, _ = self.at(theta)
        step = gradient
        for number in range(1, MOST_STEPS + 1):
            try:
                step = cho_solve(cho_factor(hessian), gradient)
            except LinAlgError:
                break
            size = float(np.abs(step).max() / max(1.0, np.abs(theta).max()))
            fraction = 1.0
            while True:
                after = self.at(theta + fraction * step)
                if size < 1e-6 or fraction < 1e-6 or after[0] >= level:
                    break
                fraction /= 2
            theta = theta + fraction * step
            level, gradient, hessian, _ = after
            # Steps shrink quadratically: the one just taken left an error of about its square.
            if size < 1e-8:
                return theta, number
        part = np.abs(step) / np.abs(step).max()
        told = [name for name, one in zip(names, part, strict=True) if one > 1e-3]
        whose = "its coefficient has" if len(told) == 1 else "their coefficients have"
        raise FitError(
            f"The informative quadruples are separated by {named(told)}: {whose} no finite estimate."
        )


def _held(arrangement: Arrangement, chosen: NDArray[np.bool_] | None, found: int) -> tuple[Codes, ...] | None:
    """The informative quadruples, where they are not too many."""
    n_people = arrangement.cells.shape[0]
    share = 1.0 if chosen is None else chosen.sum() / (n_people * (n_people - 1) / 2)
    return tuple(informative(arrangement, chosen)) if found * share <= HELD else None


def _check_values(X: Floats, y: Floats, ego: Codes, names: Sequence[str]) -> None:
    if X.ndim != 2 or y.shape != X.shape[:1] or y.shape != ego.shape or len(names) != X.shape[1]:
        raise ArgumentError(
            f"X has shape {X.shape}, y {y.shape}, ego {ego.shape} and there are "
            f"{counted(len(names), 'name')}; they must be (n, k), (n,), (n,) and k."
        )
    if not np.isfinite(X).all():
        raise ArgumentError("A column is missing or infinite in some row; leave those rows out.")
    odd = y[(y != 0) & (y != 1)]
    if odd.size:
        raise ArgumentError(f"The label is {odd[0]:g} in some row; a logit needs labels of 0 and 1.")


def _check_counts(found: int, every: int, y: Floats, sample: int | None) -> None:
    if found == 0:
        raise FitError(
            f"None of {counted(every, 'quadruple')} of rows is informative: {counted(int(y.sum()), 'row')} "
            f"of {y.size:,} with label 1, and nowhere do two senders differ about two receivers in opposite "
            "ways."
        )
    if sample is not None and sample < 1:
        raise ArgumentError(f"sample is {sample}; it must be 1 pair of senders or more.")
    if found > MOST_QUADRUPLES and sample is None:
        raise FitError(
            f"{found:,} informative quadruples are more than the {MOST_QUADRUPLES:,} that are summed "
            "exactly; say sample=, a number of pairs of senders to draw, and seed=."
        )

r"""Both directions of a pair at once: the probability of none, of either one alone, and of both.

.. math:: P(y_{ij}, y_{ji}) \propto \exp(y_{ij} x_{ij}^\top\beta + y_{ji} x_{ji}^\top\beta
    + y_{ij} y_{ji} w_{ij}^\top\rho)

This is a multinomial model of the pair's four states whose predictors share coefficients:
:math:`x_{ij}^\top\beta`, :math:`x_{ji}^\top\beta`, and their sum with :math:`w_{ij}^\top\rho`, against none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from honestsignals.errors import ArgumentError, FitError
from honestsignals.inference.clusters import Floats
from honestsignals.inference.collinearity import dependence, dependent_columns
from honestsignals.inference.estimators import LARGE_ETA, Estimate
from honestsignals.inference.families import FAMILIES, Family, information
from honestsignals.inference.newton import Problem, solve
from honestsignals.inference.separation import direction_of
from honestsignals.inference.words import counted, named

# A state that no pair is in takes no coefficient with it, as a level would: hence a "number".
MUTUAL_LOGIT = Family(
    "mutual_logit", "bivariate logit", "number", FAMILIES["multinomial"].row, FAMILIES["multinomial"].mean
)

SHIFTS = np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 1.0]])
"""What pairs share may move both directions alike, or what binds them; never one direction apart, since who
is called first is a matter of names."""


def estimate_mutual(
    designs: tuple[NDArray[Any], NDArray[Any]],
    reciprocity: NDArray[Any],
    labels: NDArray[Any],
    names: Sequence[str],
    reciprocity_names: Sequence[str],
) -> Estimate:
    r"""Coefficients of both directions of a binary label, and the log odds ratio that binds them.

    Parameters
    ----------
    designs : tuple of ndarray, shape (n, k)
        :math:`x_{ij}` and :math:`x_{ji}`, a row an unordered pair.
    reciprocity : ndarray, shape (n, q)
        :math:`w_{ij}`, the same for both directions; no columns where the two are independent given x.
    labels : ndarray, shape (n, 2)
        :math:`y_{ij}` and :math:`y_{ji}`, 0 or 1.
    names, reciprocity_names : sequence of str
        Of the columns.

    Returns
    -------
    Estimate
        Three predictors a row, against none: of the first direction alone, of the second alone, of both;
        ``y`` is the state, 0 to 3 in that order; ``fitted`` is the probability of the pair's own state.

    Raises
    ------
    FitError
        Where columns are collinear, labels do not vary or are separated, or pairs are too few.

    References
    ----------
    holland1981, vanduijn2004

    Examples
    --------
    Without covariates the log odds ratio is that of the table of 8 pairs without, 4 + 4 with one way, 8 with
    both: log(8 · 8 / (4 · 4)).

    >>> labels = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [8, 4, 4, 8], axis=0)
    >>> one = np.ones((24, 1))
    >>> estimate_mutual((one, one), one, labels, ["Intercept"], ["reciprocity"]).beta.round(6).tolist()
    [-0.693147, 1.386294]
    """
    forth, back = (np.asarray(one, dtype=float) for one in designs)
    W, y = np.asarray(reciprocity, dtype=float), np.asarray(labels, dtype=float)
    _check(forth, back, W, y, (names, reciprocity_names))
    k, q = forth.shape[1], W.shape[1]
    Z = np.zeros((len(y), 3, k + q))
    Z[:, 0, :k], Z[:, 1, :k] = forth, back
    Z[:, 2, :k], Z[:, 2, k:] = forth + back, W
    state, every = y[:, 0] + 2.0 * y[:, 1], (*names, *reciprocity_names)
    norms = np.sqrt(np.einsum("nmp,nmp->p", Z, Z))
    problem = Problem(MUTUAL_LOGIT, Z, state, np.ones(len(y)), 0)
    scaled = Problem(MUTUAL_LOGIT, Z / norms, state, np.ones(len(y)), 0)
    theta, converged, steps = solve(scaled, np.zeros(k + q))
    if not converged or np.abs(scaled.Z @ theta).max() > LARGE_ETA:
        _refuse_separation(scaled.Z, state, every)
    if not converged:
        raise FitError(f"The bivariate logit did not converge in {steps} steps, but is not separated.")
    return _described(problem, forth, theta / norms, every, steps)


def state_probabilities(eta: Floats) -> Floats:
    """Probability of each state of a pair: none, the first direction alone, the second alone, both.

    Parameters
    ----------
    eta : ndarray, shape (n, 3)
        Predictors of the last three against the first.

    Returns
    -------
    ndarray, shape (n, 4)

    Examples
    --------
    >>> state_probabilities(np.zeros((1, 3))).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    return np.asarray(softmax(np.column_stack([np.zeros(len(eta)), eta]), axis=1))


def _check(
    forth: Floats, back: Floats, W: Floats, y: Floats, names: tuple[Sequence[str], Sequence[str]]
) -> None:
    n = len(y)
    if y.shape != (n, 2) or forth.shape != (n, len(names[0])) or back.shape != forth.shape:
        raise ArgumentError(
            f"The designs have shapes {forth.shape} and {back.shape} and labels {y.shape}; "
            "they must be (n, k), (n, k) and (n, 2)."
        )
    if W.shape != (n, len(names[1])):
        raise ArgumentError(f"reciprocity has shape {W.shape}; it must be (n, q) = {(n, len(names[1]))}.")
    if not (np.isfinite(forth).all() and np.isfinite(back).all() and np.isfinite(W).all()):
        raise ArgumentError("A column is missing or infinite in some pair; leave such pairs out.")
    odd = y[(y != 0) & (y != 1)]
    if odd.size:
        raise ArgumentError(f"The label is {odd[0]:g} in some pair; both directions must be 0 or 1.")
    p = forth.shape[1] + W.shape[1]
    if n <= p:
        raise FitError(
            f"{counted(n, 'pair')} for {counted(p, 'coefficient')}: too few to estimate them; "
            "there must be more pairs than coefficients."
        )
    if np.ptp(y) == 0:
        raise FitError(f"The label is {y[0, 0]:g} in every direction: there is nothing to explain.")
    dependent = dependent_columns(np.vstack([forth, back]), names[0])
    if names[1]:
        dependent += dependent_columns(W, names[1])
    if dependent:
        raise FitError(" ".join(dependence(column, others) for column, others in dependent))


def _refuse_separation(Z: Floats, state: Floats, names: Sequence[str]) -> None:
    """An error where the likelihood rises for ever along some direction, with what separates."""
    n = len(state)
    whole = np.concatenate([np.zeros((n, 1, Z.shape[2])), Z], axis=1)
    codes = state.astype(int)
    own = whole[np.arange(n), codes]
    margins = np.vstack([(own - whole[:, other])[codes != other] for other in range(4)])
    margins = margins / np.abs(margins).max(axis=0)
    free = np.array([name == "Intercept" for name in names])
    direction = direction_of(margins, free)
    if direction is None:
        return
    carrying = [name for name, part in zip(names, direction, strict=True) if abs(part) > 1e-6]
    carrying = [name for name in carrying if name != "Intercept"] or carrying
    whose = "its coefficient has" if len(carrying) == 1 else "their coefficients have"
    message = f"The label is separated by {named(carrying)}: {whose} no finite estimate."
    mutual, one_sided = int((state == 3).sum()), int(np.isin(state, (1, 2)).sum())
    if not mutual:
        message += " No pair has the label both ways."
    elif not one_sided:
        message += " Every pair that has the label has it both ways."
    raise FitError(message)


def _described(
    problem: Problem, forth: Floats, theta: Floats, names: tuple[str, ...], steps: int
) -> Estimate:
    level, slopes, curvature = problem.at(theta)
    state, Z = problem.codes, problem.Z
    own = state_probabilities(Z @ theta)[np.arange(len(state)), state.astype(int)]
    return Estimate(
        family=MUTUAL_LOGIT.name,
        names=names,
        places=tuple((place,) for place in range(len(names))),
        levels=(),
        beta=theta,
        X=forth,
        y=state,
        weights=problem.weights,
        fitted=own,
        residual=1.0 - own,
        predictors=Z,
        slopes=slopes,
        curvature=curvature,
        shifts=SHIFTS,
        scores=np.einsum("nmp,nm->np", Z, slopes),
        hessian=information(Z, curvature),
        scale=1.0,
        log_likelihood=level,
        null_log_likelihood=_null_level(state),
        converged=True,
        iterations=steps,
        own=MUTUAL_LOGIT,
    )


def _null_level(state: Floats) -> float:
    """Log likelihood where all that is known is how many pairs are mutual and how many one-sided."""
    n = len(state)
    counts = np.array([(state == 0).sum(), np.isin(state, (1, 2)).sum(), (state == 3).sum()])
    shares = counts / (n * np.array([1.0, 2.0, 1.0]))
    there = counts > 0
    return float(counts[there] @ np.log(shares[there]))

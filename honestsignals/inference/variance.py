"""A covariance of coefficients as it is handed on: matrix, floor, degrees of freedom, notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from honestsignals.errors import FitError
from honestsignals.inference.clusters import Floats
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.families import information
from honestsignals.inference.words import counted, named

FEW_PEOPLE = 10
"""Below this many people no error here was tried; a sum over so few says little about its own variance."""

EVENTS_PER_COEFFICIENT = 10
"""The usual rule of thumb for a logit, here a warning and no more."""

ROUNDING = 1e-10
"""An eigenvalue of a correlation matrix this far below 0 is rounding, not an indefinite matrix."""


@dataclass(frozen=True, eq=False)
class Whole:
    """What a covariance knows of combinations beyond its coefficients one by one.

    However a factor is coded, a contrast or a prediction is the same number, and so are its error and its
    degrees of freedom.

    Attributes
    ----------
    matrix, floor : ndarray, shape (k, k)
        Without gaps where a coefficient has no variance of its own.
    gone : ndarray, shape (k, q)
        Directions of which nothing is left without some person or pair.
    root : ndarray, shape (k, k)
        Units in which the Hessian is the identity.
    shares : ndarray, shape (N, k, k), or None
        What each person adds to the variance of a combination; see `person_shares`.
    """

    matrix: Floats
    floor: Floats
    gone: Floats
    root: Floats
    shares: Floats | None

    def df(self, C: Floats) -> Floats:
        """Effective degrees of freedom of combinations, (q,); NaN where shares are not kept."""
        if self.shares is None:
            return np.full(len(C), np.nan)
        found = np.empty(len(C))
        size = max(1, SHARES_AT_ONCE // (self.shares.shape[0] * self.shares.shape[1]))
        for low in range(0, len(C), size):
            some = C[low : low + size]
            v = np.einsum("iqa,qa->qi", some @ self.shares, some)
            with np.errstate(invalid="ignore"):
                found[low : low + size] = v.sum(axis=1) ** 2 / (v**2).sum(axis=1) - 1.0
        return np.maximum(found, 1.0)


SHARES_AT_ONCE = 4_000_000
"""Numbers held at once where many combinations are judged (32 MB)."""


def parts_gone(C: Floats, gone: Floats, root: Floats) -> NDArray[np.bool_]:
    """Which combinations have a part in directions that are gone.

    Parameters
    ----------
    C : ndarray, shape (q, k)
        Combinations, one a row.
    gone : ndarray, shape (k, d)
    root : ndarray, shape (k, k)

    Returns
    -------
    ndarray of bool, shape (q,)

    Examples
    --------
    >>> parts_gone(np.eye(2), np.array([[1.0], [0.0]]), np.eye(2)).tolist()
    [True, False]
    """
    part: NDArray[np.bool_] = np.linalg.norm(C @ gone, axis=1) > 1e-6 * np.linalg.norm(C @ root, axis=1)
    return part


@dataclass(frozen=True, eq=False)
class Covariance:
    """Covariance of the coefficients of one fit.

    Attributes
    ----------
    name : str
        As it is asked for: "classical", "hc1", "pair", "two_way", "dyadic", "jackknife".
    matrix : ndarray, shape (k, k)
        As its formula gives it; it may be indefinite.
    floor : ndarray, shape (k, k), or None
        What it must not fall below (the pair-clustered jackknife), where it has one.
    df : ndarray, shape (k,)
        Degrees of freedom of each coefficient's t; infinite for the normal distribution.
    notes : tuple of str
        What the reader must know, in words.
    whole : Whole or None
        What it knows of combinations, where it knows more than of each coefficient.
    """

    name: str
    matrix: Floats
    floor: Floats | None
    df: Floats
    notes: tuple[str, ...]
    whole: Whole | None = None

    @property
    def std_error(self) -> Floats:
        """Standard errors, shape (k,): NaN where the variance is not positive, since 0 would be a lie."""
        variance = np.diag(self.matrix)
        if self.floor is not None:
            variance = np.maximum(variance, np.diag(self.floor))
        return np.sqrt(np.where(variance > 0, variance, np.nan))

    def block(self, indices: Sequence[int]) -> Floats:
        """The positive semi-definite form of a block, as the Wald test uses it; see `positive_form`."""
        chosen = np.ix_(list(indices), list(indices))
        return positive_form(self.matrix[chosen], None if self.floor is None else self.floor[chosen])[0]


def positive_form(matrix: Floats, floor: Floats | None) -> tuple[Floats, str]:
    r"""Nearest form of a covariance that can be one, and what was done to it.

    With a floor :math:`P = LL^\top`: :math:`V^* = L \max(L^{-1} V L^{-\top}, 1) L^\top`, the maximum taken of
    eigenvalues; for one coefficient that is max(V, P), and no unit of a column shows in it. Without a floor,
    negative eigenvalues of the correlation-scaled matrix become 0.

    Parameters
    ----------
    matrix : ndarray, shape (q, q)
    floor : ndarray, shape (q, q), or None

    Returns
    -------
    matrix : ndarray, shape (q, q)
        NaN where there is no such form: a variance that is not positive, or a floor that is singular.
    note : str
        Empty where nothing was done.

    Examples
    --------
    >>> positive_form(np.array([[1.0]]), np.array([[4.0]]))[0].tolist()
    [[4.0]]
    >>> positive_form(np.array([[1.0, 2.0], [2.0, 1.0]]), None)[1]
    'the matrix is not positive semi-definite and was mended: its negative eigenvalues became 0'
    """
    nothing = np.full_like(matrix, np.nan)
    variance = np.diag(matrix if floor is None else floor)
    if not (np.isfinite(matrix).all() and np.isfinite(variance).all() and (variance > 0).all()):
        return nothing, "a variance is missing or not positive"
    scale = np.sqrt(variance)
    V = matrix / np.outer(scale, scale)
    if floor is None:
        values, vectors = np.linalg.eigh(V)
        if values[0] >= -ROUNDING:
            return matrix, ""
        mended = (vectors * np.maximum(values, 0.0)) @ vectors.T
        note = "the matrix is not positive semi-definite and was mended: its negative eigenvalues became 0"
        return mended * np.outer(scale, scale), note
    try:
        L = np.linalg.cholesky(floor / np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return nothing, "the floor is singular: too few pairs carry these coefficients"
    inner = solve_triangular(L, solve_triangular(L, V, lower=True).T, lower=True)
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    root = L @ vectors
    return (root * np.maximum(values, 1.0)) @ root.T * np.outer(scale, scale), ""


def inverse_root(hessian: Floats) -> Floats:
    """A matrix W with W W' = H⁻¹: X W is the design in units in which the Hessian is the identity.

    Everything is computed in these units, so that no column's unit or scale shows in the rounding.

    Parameters
    ----------
    hessian : ndarray, shape (k, k)

    Returns
    -------
    ndarray, shape (k, k)

    Raises
    ------
    FitError
        Where the Hessian is singular.

    Examples
    --------
    >>> inverse_root(np.array([[4.0]])).tolist()
    [[0.5]]
    """
    scale = np.sqrt(np.diag(hessian))
    try:
        L = np.linalg.cholesky(hessian / np.outer(scale, scale))
    except np.linalg.LinAlgError:
        raise FitError("The information of the estimate is singular: there is no covariance.") from None
    root: Floats = solve_triangular(L, np.eye(scale.size), lower=True).T / scale[:, None]
    return root


def root_of(estimate: Estimate) -> Floats:
    """The same of an estimate, to the digits of its design and not of its square.

    A column whose mean is large against its spread (a time in seconds, say) takes twice as many digits from
    the Hessian as from the design; a second root, in the units of the first, gives them back.

    Parameters
    ----------
    estimate : Estimate

    Returns
    -------
    ndarray, shape (p, p)

    Raises
    ------
    FitError
        Where the Hessian is singular.

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> fit = estimate(np.full((4, 1), 0.5), np.array([1.0, 2.0, 3.0, 4.0]), "gaussian", ["half"])
    >>> root_of(fit).tolist()
    [[1.0]]
    """
    first = inverse_root(estimate.hessian)
    return first @ inverse_root(information(estimate.predictors @ first, estimate.curvature))


def inverse(hessian: Floats) -> Floats:
    """H⁻¹, by a Cholesky factor of the scaled matrix.

    Parameters
    ----------
    hessian : ndarray, shape (k, k)

    Returns
    -------
    ndarray, shape (k, k)

    Examples
    --------
    >>> inverse(np.array([[4.0]])).tolist()
    [[0.25]]
    """
    root = inverse_root(hessian)
    product: Floats = root @ root.T
    return product


def noted(
    name: str, matrix: Floats, df: Floats, names: Sequence[str], notes: Sequence[str] = ()
) -> Covariance:
    """A covariance without a floor, with the notes that its matrix calls for.

    Parameters
    ----------
    name : str
    matrix : ndarray, shape (k, k)
    df : ndarray, shape (k,)
    names : sequence of str
        Columns of the design.
    notes : sequence of str
        What is known already.

    Returns
    -------
    Covariance

    Examples
    --------
    >>> noted("dyadic", np.array([[-1.0]]), np.array([9.0]), ["reports_to"]).notes
    ("dyadic: no positive variance for 'reports_to', so it has no standard error",)
    """
    matrix = (matrix + matrix.T) / 2
    without = [label for label, variance in zip(names, np.diag(matrix), strict=True) if not variance > 0]
    found: list[str] = []
    if without:
        found.append(f"{name}: no positive variance for {named(without)}, so it has no standard error")
    elif positive_form(matrix, None)[1]:
        found.append(
            f"{name}: the matrix is not positive semi-definite; a joint test over a direction without "
            "variance is refused"
        )
    return Covariance(name, matrix, None, df, (*found, *notes))


def size_notes(estimate: Estimate, n_people: int, names: Sequence[str]) -> list[str]:
    r"""Warnings that the size of a study calls for: few people, few events.

    Parameters
    ----------
    estimate : Estimate
    n_people : int
    names : sequence of str
        Columns of the design.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> fit = estimate(np.ones((3, 1)), np.array([0.0, 1.0, 1.0]), "logit", ["Intercept"])
    >>> print("\n".join(size_notes(fit, 3, ["Intercept"])))
    3 people: errors that rest on fewer than 10 people are not to be trusted
    1 row with label 0 for 1 coefficient, fewer than 10 each: estimates may be biased, errors too small
    """
    rarer = None if estimate.rule.label == "number" else _rarer(estimate)
    return notes_of_size(n_people, rarer, len(names))


def notes_of_size(n_people: int, rarer: tuple[int, str] | None, k: int) -> list[str]:
    """The same from counts.

    Parameters
    ----------
    n_people : int
    rarer : tuple of (int, str), or None
        How many rows tell the coefficients, and which those are; None of a label that is a number.
    k : int
        Coefficients.

    Returns
    -------
    list of str

    Examples
    --------
    >>> notes_of_size(30, (12, "with label 1"), 2)
    ['12 rows with label 1 for 2 coefficients, fewer than 10 each: estimates may be biased, errors too small']
    """
    found = []
    if n_people < FEW_PEOPLE:
        found.append(
            f"{counted(n_people, 'person', 'people')}: errors that rest on fewer than "
            f"{FEW_PEOPLE} people are not to be trusted"
        )
    if rarer is not None and rarer[0] < EVENTS_PER_COEFFICIENT * k:
        found.append(
            f"{counted(rarer[0], 'row')} {rarer[1]} for {counted(k, 'coefficient')}, "
            f"fewer than {EVENTS_PER_COEFFICIENT} each: estimates may be biased, errors too small"
        )
    return found


def _rarer(estimate: Estimate) -> tuple[int, str]:
    """Rows that tell the coefficients: those of the rarer label, or outside the commonest level."""
    label = estimate.rule.label
    if label == "level":
        counts = np.unique(estimate.y, return_counts=True)[1]
        return int(
            counts.sum() - counts.max()
        ), f"outside the commonest level {estimate.level_names[counts.argmax()]}"
    events = int((estimate.y > 0).sum())
    if label == "count":
        return events, "with a count above 0"
    rarer, value = min((events, 1), (estimate.y.size - events, 0))
    return rarer, f"with label {value}"

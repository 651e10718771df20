r"""Several equations over the same rows as one estimate, so that one covariance spans all of them.

Row r has one predictor an equation, :math:`\eta_{re} = x_{re}^\top\beta_e`, so :math:`Z_r` is block-diagonal
and W is diagonal: estimates are those of each equation alone, and errors over pairs and people let what is
left of one equation go with what is left of another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from honestsignals.errors import ArgumentError
from honestsignals.inference.clusters import Floats
from honestsignals.inference.estimators import Estimate
from honestsignals.inference.families import FAMILIES, Family, Row, information
from honestsignals.inference.variance import Covariance


@dataclass(frozen=True, eq=False)
class Equation:
    """One equation at its estimate.

    Attributes
    ----------
    name : str
        Of its outcome.
    family : str
        A name in ``FAMILIES`` with one predictor.
    X : ndarray, shape (n, k)
    y : ndarray, shape (n,)
    beta : ndarray, shape (k,)
    names : tuple of str, length k
    scale : float
        σ² of a gaussian, 1 of others.
    log_likelihood : float
    """

    name: str
    family: str
    X: Floats
    y: Floats
    beta: Floats
    names: tuple[str, ...]
    scale: float
    log_likelihood: float


def equation_of(name: str, estimate: Estimate) -> Equation:
    """A fitted regression as one of several equations.

    Parameters
    ----------
    name : str
        Of its outcome.
    estimate : Estimate
        Of a family with one predictor.

    Returns
    -------
    Equation

    Examples
    --------
    >>> from honestsignals.inference.estimators import estimate
    >>> fit = estimate(np.ones((3, 1)), np.array([1.0, 2.0, 6.0]), "gaussian", ["Intercept"])
    >>> equation_of("trust", fit).beta.round(9).tolist()
    [3.0]
    """
    if estimate.rule.levels or estimate.predictors.shape[1] != 1:
        raise ArgumentError(
            f"{name}: a {estimate.rule.title} has several predictors a row; an equation of several takes "
            "gaussian, logit, probit or poisson."
        )
    return Equation(
        name,
        estimate.family,
        estimate.X,
        estimate.y,
        estimate.beta,
        estimate.names,
        estimate.scale,
        estimate.log_likelihood,
    )


def mean_of(name: str, values: Floats) -> Equation:
    """A mean as an equation: what a function of means and coefficients needs for its error.

    Parameters
    ----------
    name : str
        What it is the mean of.
    values : ndarray, shape (n,)

    Returns
    -------
    Equation
        A gaussian with an intercept alone.

    Examples
    --------
    >>> mean_of("square", np.array([1.0, 3.0])).beta.tolist()
    [2.0]
    """
    mean = float(values.mean())
    scale = float(np.square(values - mean).sum() / max(values.size - 1, 1))
    one = np.ones((values.size, 1))
    return Equation(name, "gaussian", one, values, np.array([mean]), ("mean",), scale, 0.0)


def stacked(equations: Sequence[Equation]) -> Estimate:
    """Several equations over the same rows as one estimate.

    Parameters
    ----------
    equations : sequence of Equation
        Each with n rows, in the same order.

    Returns
    -------
    Estimate
        One predictor a row and equation; coefficients are called "outcome: column". ``y`` is the number of
        the row, since outcomes are several; ``fitted`` and ``residual`` are those of the first equation.

    Raises
    ------
    ArgumentError
        Where the equations have different numbers of rows, or one name.

    References
    ----------
    zellner1962

    Examples
    --------
    >>> both = stacked([mean_of("trust", np.array([1.0, 3.0])), mean_of("help", np.array([0.0, 4.0]))])
    >>> both.names, both.beta.tolist(), both.predictors.shape
    (('trust: mean', 'help: mean'), [2.0, 2.0], (2, 2, 2))
    """
    n, m = equations[0].y.size, len(equations)
    if any(one.y.size != n for one in equations) or len({one.name for one in equations}) < m:
        raise ArgumentError("Equations must have names of their own, and as many rows as one another.")
    sizes = [one.beta.size for one in equations]
    starts = np.cumsum([0, *sizes])
    Z = np.zeros((n, m, int(starts[-1])))
    for place, one in enumerate(equations):
        Z[:, place, starts[place] : starts[place + 1]] = one.X
    beta, number = np.concatenate([one.beta for one in equations]), np.arange(n, dtype=float)
    family = _family(equations)
    _, slopes, curvature = family.row(Z @ beta, number)
    first = FAMILIES[equations[0].family].mean(equations[0].X @ equations[0].beta)
    return Estimate(
        family=family.name,
        names=tuple(f"{one.name}: {name}" for one in equations for name in one.names),
        places=tuple((place,) for place in range(int(starts[-1]))),
        levels=(),
        beta=beta,
        X=equations[0].X,
        y=number,
        weights=np.ones(n),
        fitted=first,
        residual=equations[0].y - first,
        predictors=Z,
        slopes=slopes,
        curvature=curvature,
        shifts=np.eye(m),
        scores=np.einsum("nmp,nm->np", Z, slopes),
        hessian=information(Z, curvature),
        scale=1.0,
        log_likelihood=sum(one.log_likelihood for one in equations),
        null_log_likelihood=np.nan,
        converged=True,
        iterations=0,
        own=family,
    )


def by_equation(covariance: Covariance, equations: Sequence[Equation], n_people: int) -> Covariance:
    """A covariance of stacked equations with what each equation's own size gives.

    Classical errors have the σ² of their equation, HC1 its n / (n − k); degrees of freedom that count
    coefficients count those of one equation, not of all.

    Parameters
    ----------
    covariance : Covariance
        Of `stacked` equations.
    equations : sequence of Equation
    n_people : int

    Returns
    -------
    Covariance

    Examples
    --------
    >>> both = [mean_of("trust", np.array([1.0, 3.0, 5.0])), mean_of("help", np.array([0.0, 4.0, 2.0]))]
    >>> V = Covariance("classical", np.eye(2) / 3, None, np.full(2, np.inf), ())
    >>> by_equation(V, both, 3).std_error.round(4).tolist()
    [1.1547, 1.1547]
    """
    k = np.concatenate([np.full(one.beta.size, float(one.beta.size)) for one in equations])
    linear = np.concatenate([np.full(one.beta.size, one.family == "gaussian") for one in equations])
    n, name = equations[0].y.size, covariance.name
    if name == "dyadic":
        return replace(covariance, df=np.maximum(n_people - k, 1.0))
    if name not in ("classical", "hc1"):
        return _in_own_units(covariance, equations)
    factor = (n - k.size) / (n - k)
    if name == "classical":
        factor = np.concatenate([np.full(one.beta.size, one.scale) for one in equations])
    matrix = covariance.matrix * np.sqrt(np.outer(factor, factor))
    return replace(covariance, matrix=matrix, df=np.where(linear, n - k, np.inf))


def _in_own_units(covariance: Covariance, equations: Sequence[Equation]) -> Covariance:
    """What people add to a variance, in σ² of each equation: across equations it must not hang on units."""
    whole = covariance.whole
    if whole is None or whole.shares is None:
        return covariance
    unit = np.sqrt(np.concatenate([np.full(one.beta.size, one.scale) for one in equations]))
    return replace(covariance, whole=replace(whole, shares=whole.shares * np.outer(unit, unit)))


def _family(equations: Sequence[Equation]) -> Family:
    kinds = dict.fromkeys(one.family for one in equations)
    words = " and ".join(kinds)
    return Family(f"joint {words}", f"joint {words}", "number", _rows(equations), _no_mean)


def _rows(equations: Sequence[Equation]) -> Callable[[Floats, Floats], Row]:
    """What all equations say of a row; rows come by their number, since outcomes are several."""
    outcomes = np.column_stack([one.y for one in equations])
    families = [FAMILIES[one.family] for one in equations]

    def row(eta: Floats, numbers: Floats) -> Row:
        chosen = outcomes[numbers.astype(int)]
        level, slopes = np.zeros(len(eta)), np.empty_like(eta)
        curvature = np.zeros((*eta.shape, eta.shape[1]))
        for place, family in enumerate(families):
            found, slope, bend = family.row(eta[:, place : place + 1], chosen[:, place])
            level += found
            slopes[:, place], curvature[:, place, place] = slope[:, 0], bend[:, 0, 0]
        return level, slopes, curvature

    return row


def _no_mean(eta: Floats) -> Floats:
    return eta

"""Recurrent events: the partial likelihood of Cox's model in counting processes, and what rows add to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import DesignError, FitError, one_of
from honestsignals.inference.clusters import Codes, Floats, sums
from honestsignals.inference.collinearity import dependent_columns
from honestsignals.inference.variance import inverse_root
from honestsignals.inference.words import named

TIES = ("efron", "breslow")
MOST_STEPS, SMALL_STEP, ROUNDING = 50, 1e-10, 1e-6
"""Newton steps; the last is this small in standard errors, or so small that only rounding is left."""
UNTOLD, SINGULAR = 1e-12, 1e-11
"""Information an event of a column of spread 1, and smallest eigenvalue of an information scaled to a unit
diagonal, that are more than rounding."""
PARTED = 1e-9
"""Share of the information at no effect below which what is left of it tells of separation."""


class Spells(NamedTuple):
    """Rows of counting processes: at risk after ``start`` and up to ``stop``.

    Attributes
    ----------
    start, stop : ndarray, shape (n,)
        Times, start below stop.
    event : ndarray of bool, shape (n,)
        Whether there is an event at ``stop``.
    X : ndarray, shape (n, k)
        Columns, known at ``start``.
    stratum : ndarray of int, shape (n,)
        From 0; each has a baseline of its own.
    """

    start: NDArray[Any]
    stop: NDArray[Any]
    event: NDArray[np.bool_]
    X: Floats
    stratum: Codes


@dataclass(frozen=True, eq=False)
class HazardFit:
    r"""Coefficients of a hazard, :math:`\lambda_r(t) = \lambda_{0s}(t) \exp(x_r(t)^\top \beta)`.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    information : ndarray, shape (k, k)
        Minus the second derivative of the log partial likelihood.
    residuals : ndarray, shape (n, k)
        Score residuals of the rows; they sum to 0.
    log_likelihood, null_log_likelihood : float
    iterations : int
    spells : Spells
    ties : str
    """

    beta: Floats
    information: Floats
    residuals: Floats
    log_likelihood: float
    null_log_likelihood: float
    iterations: int
    spells: Spells
    ties: str


class _Layout(NamedTuple):
    """Where rows enter and leave the risk sets of the instants at which events are."""

    order: Codes  # rows, twice: as they enter and as they leave
    sign: Floats
    reach: NDArray[np.intp]  # (instants,) entries and leaves before each
    base: NDArray[np.intp]  # (instants,) those of earlier strata
    first: Codes  # (n,) instants up to the row's start
    last: Codes  # (n,) instants up to its stop
    rows: Codes  # (m,) rows with an event, by instant
    instant: Codes  # (m,)
    phi: Floats  # (m,) Efron's share of the tied events that is gone already
    instants: int


def _layout(spells: Spells, ties: str) -> _Layout:
    times, place = np.unique(np.concatenate([spells.start, spells.stop]), return_inverse=True)
    n = len(spells.start)
    # one number holds stratum and time
    begin, end = (spells.stratum * len(times) + one for one in (place[:n], place[n:]))
    keys = np.concatenate([begin, end])
    order = np.argsort(keys, kind="stable").astype(np.int64)
    rows = np.flatnonzero(spells.event)
    rows = rows[np.argsort(end[rows], kind="stable")]
    at, instant, size = np.unique(end[rows], return_inverse=True, return_counts=True)
    instant = instant.astype(np.int64)
    within = np.arange(len(rows)) - (np.cumsum(size) - size)[instant]
    phi = within / size[instant] if ties == "efron" else np.zeros(len(rows))
    return _Layout(
        order % n,
        np.where(order < n, 1.0, -1.0),
        np.atleast_1d(np.searchsorted(keys[order], at, side="left")),
        np.atleast_1d(np.searchsorted(keys[order], at // len(times) * len(times), side="left")),
        np.searchsorted(at, begin, side="right"),
        np.searchsorted(at, end, side="right"),
        rows,
        instant,
        phi.astype(np.float64),
        len(at),
    )


class _Sums(NamedTuple):
    """The partial likelihood at one value of the coefficients."""

    log_likelihood: float
    score: Floats
    information: Floats
    weight: Floats  # (n,)
    mean: Floats  # (m, k)
    inverse: Floats  # (m,) 1 / what is at risk


def _at(beta: Floats, spells: Spells, lay: _Layout) -> _Sums:
    eta = spells.X @ beta
    # the largest of a stratum cancels
    top = np.full(int(spells.stratum.max()) + 1, -np.inf)
    np.maximum.at(top, spells.stratum, eta)
    eta = eta - top[spells.stratum]
    weight = np.exp(eta)
    S0, S1 = _at_risk(lay, weight), np.column_stack([_at_risk(lay, weight * column) for column in spells.X.T])
    tied = weight[lay.rows]
    xs = spells.X[lay.rows]
    D0 = np.bincount(lay.instant, weights=tied, minlength=lay.instants)
    D1 = sums(lay.instant, tied[:, None] * xs, lay.instants)
    left = S0[lay.instant] - lay.phi * D0[lay.instant]
    # a step too far may leave nothing but rounding at risk: the likelihood is 0 there, and the step is halved
    possible = bool((left > 0).all())
    left = np.where(left > 0, left, 1.0)
    mean = (S1[lay.instant] - lay.phi[:, None] * D1[lay.instant]) / left[:, None]
    inverse = 1.0 / left
    value = float(eta[lay.rows].sum() - np.log(left).sum()) if possible else -np.inf
    hazard = _over_rows(lay, inverse)
    gone = np.bincount(lay.instant, weights=lay.phi * inverse, minlength=lay.instants)[lay.instant]
    squares = (spells.X * (weight * hazard)[:, None]).T @ spells.X - (xs * (tied * gone)[:, None]).T @ xs
    return _Sums(value, (xs - mean).sum(axis=0), squares - mean.T @ mean, weight, mean, inverse)


def _at_risk(lay: _Layout, values: Floats) -> Floats:
    """Sum over the rows at risk at each instant: what entered less what left, in order of time."""
    running = np.concatenate([[0.0], np.cumsum(lay.sign * values[lay.order])])
    # what rounding left of earlier strata, of whom nobody is at risk any more
    return running[lay.reach] - running[lay.base]


def _over_rows(lay: _Layout, values: Floats) -> Floats:
    """Sum over the events for which each row was at risk."""
    each = np.bincount(lay.instant, weights=values, minlength=lay.instants)
    running = np.concatenate([[0.0], np.cumsum(each)])
    return running[lay.last] - running[lay.first]


def _residuals(spells: Spells, lay: _Layout, at: _Sums) -> Floats:
    r"""Score residuals, :math:`\int (x_r - \bar x(t))\, dM_r(t)`, of tied events averaged alike."""
    out = np.empty_like(spells.X)
    hazard = _over_rows(lay, at.inverse)
    size = np.bincount(lay.instant, minlength=lay.instants)[lay.instant]
    tied = at.weight[lay.rows]
    gone = np.bincount(lay.instant, weights=lay.phi * at.inverse, minlength=lay.instants)[lay.instant]
    for column in range(spells.X.shape[1]):
        x, mean = spells.X[:, column], at.mean[:, column]
        out[:, column] = -at.weight * (x * hazard - _over_rows(lay, mean * at.inverse))
        average = np.bincount(lay.instant, weights=mean, minlength=lay.instants)[lay.instant] / size
        moved = np.bincount(lay.instant, weights=lay.phi * mean * at.inverse, minlength=lay.instants)
        own = x[lay.rows]
        out[lay.rows, column] += own - average + tied * (own * gone - moved[lay.instant])
    return out


def hazard_fit(spells: Spells, names: Sequence[str], ties: str = "efron") -> HazardFit:
    r"""Coefficients of a hazard of recurrent events, by the partial likelihood.

    .. math:: \prod_t \frac{\exp(x_{(t)}^\top \beta)}{\sum_{r: start_r < t \le stop_r} \exp(x_r^\top \beta)}

    within strata; of tied events as Efron or Breslow have it.

    Parameters
    ----------
    spells : Spells
    names : sequence of str
        Of the columns.
    ties : {"efron", "breslow"}

    Returns
    -------
    HazardFit

    Raises
    ------
    FitError
        Without events, or where a column parts all events from the rest.
    DesignError
        Where a column says what others say already.

    References
    ----------
    andersen1982, efron1977

    Examples
    --------
    >>> spells = Spells(np.zeros(3), np.array([1.0, 2.0, 3.0]), np.array([True, True, False]),
    ...     np.array([[0.0], [1.0], [0.0]]), np.zeros(3, dtype=int))
    >>> hazard_fit(spells, ["x"]).beta.round(6).tolist()  # log of the root of 2
    [0.346574]
    """
    one_of("ties", ties, TIES)
    if not spells.event.any():
        raise FitError("There is no event, so nothing is known of a hazard.")
    middle, scale = spells.X.mean(axis=0), spells.X.std(axis=0)
    lay = _layout(spells, ties)
    _check(spells, lay, names, scale)
    units = spells._replace(X=(spells.X - middle) / scale)
    theta = np.zeros(len(names))
    at = null = _at(theta, units, lay)
    _refuse_untold(null.information, len(lay.rows), names)
    step, before = 0, np.inf
    while step < MOST_STEPS:
        step += 1
        root = inverse_root(at.information)
        move = root @ (root.T @ at.score)
        size = float(np.abs(np.linalg.solve(root, move)).max())
        theta, at = _moved(theta, move, at, (units, lay), size)
        _refuse_parted(at.information, null.information, names)
        if size < SMALL_STEP or (size < ROUNDING and size > before / 4):
            break
        before = size
    else:
        raise FitError(f"No estimate after {MOST_STEPS} steps: the partial likelihood has no clear maximum.")
    return HazardFit(
        theta / scale,
        at.information * np.outer(scale, scale),
        _residuals(units, lay, at) * scale,
        at.log_likelihood,
        null.log_likelihood,
        step,
        spells,
        ties,
    )


def _refuse_parted(information: Floats, null: Floats, names: Sequence[str]) -> None:
    """Refuse a direction in which the likelihood rises without end, as the information there vanishes."""
    root = inverse_root(null)
    values, vectors = np.linalg.eigh(root.T @ information @ root)
    if values[0] < PARTED:
        share = np.abs(root @ vectors[:, 0])
        apart = [name for name, one in zip(names, share, strict=True) if one > 0.01 * share.max()]
        raise FitError(
            f"No estimate: {named(apart)} {'parts' if len(apart) == 1 else 'part'} all events from what else "
            "could have been, so a hazard ratio is 0 or infinite."
        )


def _moved(
    theta: Floats, move: Floats, at: _Sums, data: tuple[Spells, _Layout], size: float
) -> tuple[Floats, _Sums]:
    """One step, halved as long as the likelihood falls; the last digits fall by rounding alone."""
    for _ in range(30):
        new = _at(theta + move, *data)
        if size < 1e-4 or (np.isfinite(new.log_likelihood) and new.log_likelihood >= at.log_likelihood):
            return theta + move, new
        move = move / 2
    return theta + move, new


def _refuse_untold(information: Floats, events: int, names: Sequence[str]) -> None:
    """Refuse columns, of spread 1, that do not vary among those compared, or not apart from one another."""
    told = np.diag(information)
    without = [name for name, one in zip(names, told, strict=True) if not one > UNTOLD * events]
    if without:
        raise FitError(f"No estimate: nothing tells {named(without)}, alike for all at risk at every event.")
    scale = np.sqrt(told)
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    if values[0] < SINGULAR:
        alike = [name for name, one in zip(names, vectors[:, 0], strict=True) if abs(one) > 1e-3]
        raise DesignError(
            f"{named(alike)} are combinations of one another among those who are compared, so their hazard "
            "ratios cannot be told apart: leave one of them out, or the strata."
        )


def _check(spells: Spells, lay: _Layout, names: Sequence[str], scale: Floats) -> None:
    """Refuse columns that do not vary among those at risk, or say what others say."""
    if not np.isfinite(spells.X).all():
        raise DesignError("Columns of a hazard must be known at every moment; some are missing.")
    constant = [name for name, one in zip(names, scale, strict=True) if one == 0]
    if constant:
        raise DesignError(f"{named(constant)} never varies, so nothing is known of its hazard ratio.")
    X = np.column_stack([np.ones(len(spells.X)), spells.X])
    for name, others in dependent_columns(X, ["the baseline", *names]):
        raise DesignError(f"{name!r} is a combination of {named(others)}: leave one of them out.")


def information_by(fit: HazardFit, codes: Codes, count: int) -> Floats:
    r"""What the rows of each group add to the information, :math:`\int (x_r - \bar x)(x_r - \bar x)^\top`.

    Integrals are over the estimated cumulative hazard of each row.

    Parameters
    ----------
    fit : HazardFit
    codes : ndarray of int, shape (n,)
        Group of each row.
    count : int

    Returns
    -------
    ndarray, shape (count, k, k)
        Without ties they sum to the information.

    Examples
    --------
    >>> spells = Spells(np.zeros(3), np.array([1.0, 2.0, 3.0]), np.array([True, True, False]),
    ...     np.array([[0.0], [1.0], [0.0]]), np.zeros(3, dtype=int))
    >>> fit = hazard_fit(spells, ["x"])
    >>> found = information_by(fit, np.array([0, 1, 1]), 2)
    >>> bool(np.isclose(found.sum(), fit.information[0, 0]))
    True
    """
    spells, lay = fit.spells, _layout(fit.spells, fit.ties)
    k = spells.X.shape[1]
    X = spells.X - spells.X.mean(axis=0)
    at = _at(fit.beta, spells._replace(X=X), lay)
    hazard = _over_rows(lay, at.inverse)
    mean = [_over_rows(lay, at.inverse * at.mean[:, one]) for one in range(k)]
    out = np.empty((count, k, k))
    for a in range(k):
        for b in range(a + 1):
            both = _over_rows(lay, at.inverse * at.mean[:, a] * at.mean[:, b])
            rows = X[:, a] * X[:, b] * hazard - X[:, a] * mean[b] - X[:, b] * mean[a] + both
            out[:, a, b] = out[:, b, a] = np.bincount(codes, weights=at.weight * rows, minlength=count)
    return out

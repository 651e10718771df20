r"""Turns regressed on turns before them, within ordered pairs, without the bias of short series.

Two people take turns, and turn k of ego is as deep as

.. math:: d_k = \mu_k + m_k [d_{k-1} - \mu_{k-1}] + o_k [d_{k-2} - \mu_{k-2}] + \epsilon_k, \qquad
    \mu_k = \alpha_{ij} + \beta_k \ln k + \delta^\top s_k

where coefficients may depend on moderators z: :math:`m_k = z_k^\top m`. Taking out the level
:math:`\alpha_{ij}` of each ordered pair by its mean leaves a product of ego's errors with ego's own later
depths, which biases least squares (Nickell 1981). What that product is on average follows from the
coefficients and the error variance alone, so that it is taken out of the estimating function exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_banded

from honestsignals.errors import FitError
from honestsignals.inference.clusters import Codes, Floats

Array = NDArray[Any]

LAGS = 2
STEPS, FEW = 50, 12
"""Most steps of a search, and of one whose slopes are made anew at each: that is there soon, or runs away."""
STEP = 1e-20
"""An imaginary step: a derivative without differences, exact to rounding."""
DONE = 1e-10
FAR = 1e6
"""A step so long has left all that depths in standard deviations can have."""
STRIDE, LEAST_STRIDE = 0.25, 0.01
"""Of the growing correction."""
FLAT = 1e-8
"""Least share of information that still counts as information."""
STEEP = 0.5
"""Share of the least squares' slope: where as much is left, a second root is not near; none is followed."""


class Series(NamedTuple):
    """Turns of stretches of turns whose order is known, stretch after stretch.

    Attributes
    ----------
    depth : ndarray, shape (n,)
    k : ndarray, shape (n,)
        From 1 in each pair.
    place : ndarray of int, shape (n,)
        From 0 in each stretch; givers alternate.
    stretch : ndarray of int, shape (n,)
        Not decreasing.
    ego, alter : ndarray of int, shape (n,)
        Codes of who takes the turn, and for whom.
    z : ndarray, shape (n, g)
        1, and moderators of who takes the turn.
    shifts : ndarray, shape (n, q)
        What moves the level of a turn: moderators that differ from turn to turn.
    """

    depth: Floats
    k: Floats
    place: Codes
    stretch: Codes
    ego: Codes
    alter: Codes
    z: Floats
    shifts: Floats


class _Rows(NamedTuple):
    """Residuals and what they are made of, less the means of ordered pairs."""

    residual: Array
    columns: Array


@dataclass(frozen=True, eq=False)
class TurnModel:
    """The estimating function of a study's turns.

    Attributes
    ----------
    series : Series
    """

    series: Series

    @cached_property
    def used(self) -> Codes:
        """Turns with two before them in the stretch, ordered pair by ordered pair; two or more of each."""
        s = self.series
        arc = 2 * s.stretch + (s.ego > s.alter)
        number = np.bincount(arc[s.place >= LAGS], minlength=int(arc.max(initial=0)) + 1)
        at = np.flatnonzero((s.place >= LAGS) & (number[arc] >= 2))
        return at[np.argsort(arc[at], kind="stable")]

    @cached_property
    def _side(self) -> Codes:
        return (self.series.ego > self.series.alter).astype(np.int64)

    @cached_property
    def starts(self) -> Codes:
        """Where each ordered pair's used turns begin."""
        arc = (2 * self.series.stretch + self._side)[self.used]
        return np.flatnonzero(np.append(True, arc[1:] != arc[:-1]) if len(arc) else np.zeros(0, dtype=bool))

    @cached_property
    def counts(self) -> Codes:
        """Used turns of each ordered pair of a stretch."""
        return np.diff(self.starts, append=len(self.used))

    @property
    def people(self) -> tuple[Codes, Codes]:
        """Ego and alter of each ordered pair of a stretch."""
        at = self.used[self.starts]
        return self.series.ego[at], self.series.alter[at]

    @property
    def size(self) -> int:
        """Number of coefficients: matching, own and escalation by moderator, then shifts."""
        return 3 * self.series.z.shape[1] + self.series.shifts.shape[1]

    def _split(self, theta: Array) -> tuple[Array, Array, Array, Array]:
        g = self.series.z.shape[1]
        return theta[:g], theta[g : 2 * g], theta[2 * g : 3 * g], theta[3 * g :]

    def _sums(self, values: Array) -> Array:
        return np.asarray(np.add.reduceat(values, self.starts, axis=0))

    def _centred(self, values: Array) -> Array:
        counts = self.counts if values.ndim == 1 else self.counts[:, None]
        return np.asarray(values - np.repeat(self._sums(values) / counts, self.counts, axis=0))

    def _rows(self, theta: Array) -> _Rows:
        s, at = self.series, self.used
        matching, own, slope, level = self._split(theta)
        trend = s.z * np.log(s.k)[:, None]
        beyond = s.depth - trend @ slope - s.shifts @ level
        m, o = (s.z[at] @ matching)[:, None], (s.z[at] @ own)[:, None]
        moved = np.hstack([trend, s.shifts])
        columns = [s.z[at] * beyond[at - lag, None] for lag in (1, 2)]
        columns.append(moved[at] - m * moved[at - 1] - o * moved[at - 2])
        residual = beyond[at] - m[:, 0] * beyond[at - 1] - o[:, 0] * beyond[at - 2]
        return _Rows(self._centred(residual), self._centred(np.hstack(columns)))

    def _echoes(self, theta: Array) -> Array:
        r"""What an error of 1 in all used turns of an ordered pair adds to its own later columns, on average.

        The columns of matching and own are depths of one and two turns before. With S the response of all
        turns to those errors, :math:`S_k = m_k S_{k-1} + o_k S_{k-2} + 1`, it is
        :math:`\frac1n \sum_k z_k S_{k-1}` and :math:`\frac1n \sum_k z_k S_{k-2}`.
        """
        s, at = self.series, self.used
        matching, own, _, _ = self._split(theta)
        bands = np.zeros((3, len(s.depth)), dtype=theta.dtype)
        bands[0] = 1
        for lag, weight in ((1, s.z @ matching), (2, s.z @ own)):
            bands[lag, :-lag] = np.where(s.place >= lag, -weight, 0)[lag:]
        errors = np.zeros((len(s.depth), 2), dtype=theta.dtype)
        errors[at, self._side[at]] = 1
        response = solve_banded((2, 0), bands, errors, check_finite=False)
        echoes = [s.z[at] * response[at - lag, self._side[at]][:, None] for lag in (1, 2)]
        return np.asarray(self._sums(np.hstack(echoes)) / self.counts[:, None])

    def scores(self, theta: Array, *, corrected: float = True) -> Array:
        r"""The estimating function by ordered pair of a stretch, shape (arcs, size).

        .. math:: \sum_k \tilde x_k \tilde e_k + \hat\sigma_{ij}^2 c_{ij}, \qquad
            \hat\sigma_{ij}^2 = \frac{1}{n - 1} \sum_k \tilde e_k^2

        with c the echoes of matching and own. Its mean is 0 at the true coefficients, whatever the levels,
        the first two turns and the error variance of each ordered pair. ``corrected`` is the share of the
        second part that is added.
        """
        rows = self._rows(theta)
        found = self._sums(rows.columns * rows.residual[:, None])
        if corrected:
            variance = self._sums(rows.residual**2) / (self.counts - 1)
            width = 2 * self.series.z.shape[1]
            found[:, :width] += corrected * variance[:, None] * self._echoes(theta)
        return found

    def slopes(self, theta: Floats, *, corrected: float = True) -> Floats:
        """Minus the derivative of the scores, shape (arcs, size, size)."""
        found = np.empty((len(self.starts), self.size, self.size))
        for place in range(self.size):
            moved = theta.astype(complex)
            moved[place] += 1j * STEP
            found[:, :, place] = -self.scores(moved, corrected=corrected).imag / STEP
        return found

    def information(self, theta: Floats) -> Floats:
        r"""What residuals tell of the coefficients, shape (arcs, size, size).

        :math:`\sum_k \tilde x_k \tilde x_k^\top`: never negative, as slopes of corrected scores of a single
        ordered pair may be.
        """
        x = self._rows(theta).columns
        return self._sums(x[:, :, None] * x[:, None, :])

    def partial(self, theta: Floats) -> tuple[Floats, Floats]:
        """Of each used turn: how deep alter's before it was, and it itself but for own persistence and trend.

        Each less the mean of its ordered pair; of coefficients without moderators.
        """
        rows = self._rows(theta)
        return rows.columns[:, 0], rows.residual + rows.columns[:, 0] * theta[0]

    def first(self) -> Floats:
        """Least squares within ordered pairs, with ln k for the trend: where the search begins."""
        s, at = self.series, self.used
        lagged = [s.z[at] * s.depth[at - lag, None] for lag in (1, 2)]
        moved = np.hstack([s.z * np.log(s.k)[:, None], s.shifts])[at]
        found = np.linalg.lstsq(
            self._centred(np.hstack([*lagged, moved])), self._centred(s.depth[at]), rcond=None
        )[0]
        width = 2 * s.z.shape[1]
        # a slope on ln k given turns before is of the trend what these leave
        found[width:] /= max(
            1.0 - float((s.z[at] @ (found[:width].reshape(2, -1).T)).sum(axis=1).mean()), 0.1
        )
        return np.asarray(found)

    def pooled(self) -> Floats:
        """Least squares of all turns with one level: matching, own and escalation; what not to do."""
        s, at = self.series, np.flatnonzero(self.series.place >= LAGS)
        rows = [np.ones(len(at)), s.depth[at - 1], s.depth[at - 2], np.log(s.k[at])]
        return np.asarray(np.linalg.lstsq(np.column_stack(rows), s.depth[at], rcond=None)[0][1:])

    def solve(self, *, corrected: bool = True) -> Floats:
        """Coefficients at which the scores sum to 0.

        The root is that to which least squares leads as its correction grows from none to whole: where there
        are several, that one means something. Steps straight to a root at which scores fall steeply find it
        too, with less work.

        Raises
        ------
        FitError
            Where turns tell too little: none is found, or there the scores fall no more.
        """
        share = 1.0 if corrected else 0.0
        theta = self._root(self.first(), share, False)
        fall = -np.inf if theta is None else self._fall(theta, share)
        if corrected and fall < STEEP:
            theta = self._followed()
            fall = -np.inf if theta is None else self._fall(theta)
        if theta is not None and fall >= FLAT and self._persists(theta) < 1:
            return theta
        raise FitError(
            f"{len(self.used):,} turns are too few to tell what persists from levels: pairs have too few "
            "turns each, or depths vary too little. More turns a pair are needed"
            + (", or fewer levels of the moderator." if self.series.z.shape[1] > 1 else ".")
        )

    def _total(self, theta: Floats, share: float) -> tuple[Floats, Floats]:
        """Sum of the scores, with a share of their correction, and of their slopes."""
        score, slope = self.scores(theta, corrected=share), self.slopes(theta, corrected=share)
        return score.sum(axis=0), slope.sum(axis=0)

    def _root(self, start: Floats, share: float, each: bool) -> Floats | None:
        """Where scores sum to 0, from a start on; their slope made anew at each step, or updated."""
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                return self._searched(start, share, each)
        except np.linalg.LinAlgError:
            return None  # the search ran away

    def _searched(self, start: Floats, share: float, each: bool) -> Floats | None:
        theta, reach = start, np.inf
        score, slope = self._total(theta, share)
        for _ in range(FEW if each else STEPS):
            usable = np.isfinite(score).all() and np.isfinite(slope).all()
            if not usable or np.linalg.cond(slope / _units(slope)) > 1 / FLAT:
                return None
            step = np.linalg.solve(slope, score)
            theta, before, reach = theta + step, reach, float(np.abs(step).max())
            if reach < DONE:
                return theta
            if reach > FAR or (each and reach > 2 * before):
                return None
            was = score
            if each or reach > before:
                score, slope = self._total(theta, share)
            else:
                score = self.scores(theta, corrected=share).sum(axis=0)
                # Broyden's update: what the step did to the scores
                slope = slope + np.outer(was - score - slope @ step, step) / (step @ step)
        return None

    def _followed(self) -> Floats | None:
        """The root of least squares, followed while the correction grows; None where the way ends."""
        theta, share, stride = self._root(self.first(), 0.0, True), 0.0, STRIDE
        while theta is not None and share < 1:
            further = min(share + stride, 1.0)
            found = self._root(theta, further, True)
            if found is not None and self._fall(found, further) >= FLAT:
                theta, share = found, further
            elif stride > LEAST_STRIDE:
                stride /= 2
            else:
                return None
        return theta

    def _fall(self, theta: Floats, share: float = 1.0) -> float:
        """Slope of the scores over the information, in the direction in which it is least.

        1 for least squares; what the correction leaves of that. How a moderator is coded does not matter.
        """
        slope = self.slopes(theta, corrected=share).sum(axis=0)
        whole = self.information(theta).sum(axis=0)
        try:
            back = np.linalg.inv(np.linalg.cholesky(whole))
        except np.linalg.LinAlgError:
            return -np.inf  # something is told by no turn
        inner = back @ slope @ back.T
        return float(np.linalg.eigvalsh((inner + inner.T) / 2)[0])

    def _persists(self, theta: Floats) -> float:
        """Mean size of own persistence: from 1 on depths grow without end."""
        return float(np.abs(self.series.z[self.used] @ self._split(theta)[1]).mean())


def _units(slope: Floats) -> Floats:
    """Scales in which the diagonal is 1."""
    diagonal = np.sqrt(np.maximum(np.abs(np.diag(slope)), np.finfo(float).tiny))
    return np.outer(diagonal, diagonal)

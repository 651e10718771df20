r"""Sums over people and pairs of rows that come in parts: all that any covariance of a fit is made of.

Of p coefficients at most p² + 4p + 3 numbers a person are kept, and none of a pair or row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from honestsignals.inference.clusters import Codes, Floats, sums
from honestsignals.inference.families import Family, rows_of
from honestsignals.inference.jackknife import Steps, pair_steps, steps_without
from honestsignals.inference.people_shares import MOST_SHARES
from honestsignals.inference.score_series import CHUNK
from honestsignals.inference.streamed import Passes, Rows, Solved, Summary

MANY_ROWS = 16
"""A pair with more rows than this is left out by its sums, not row by row."""


@dataclass(eq=False)
class People:
    """Sums over the rows of each person; only of people who are in some row.

    Attributes
    ----------
    n_people, p : int
    wide : bool
        Whether ``squares`` has products of any two coefficients, or squares alone.
    sent, received : ndarray, shape (p, N)
        Scores as ego, and as alter.
    own : ndarray, shape (q, N)
        H_i, the upper triangle.
    moved : ndarray, shape (p, N)
        T_i.
    squares : ndarray, shape (q, N) or (p, N)
        Σ of the squares of what T_i is the sum of.
    rows_sent, rows_received, events : ndarray, shape (N,)
        Counts; events are rows whose label is above 0.
    """

    n_people: int
    p: int
    wide: bool
    sent: Floats = field(init=False)
    received: Floats = field(init=False)
    own: Floats = field(init=False)
    moved: Floats = field(init=False)
    squares: Floats = field(init=False)
    rows_sent: Floats = field(init=False)
    rows_received: Floats = field(init=False)
    events: Floats = field(init=False)

    def __post_init__(self) -> None:
        p, q, count = self.p, self.p * (self.p + 1) // 2, self.n_people
        self.sent, self.received, self.moved = (np.zeros((p, count)) for _ in range(3))
        self.own, self.squares = np.zeros((q, count)), np.zeros((q if self.wide else p, count))
        self.rows_sent, self.rows_received, self.events = (np.zeros(count) for _ in range(3))

    def add(self, rows: Rows, found: _Found, root: Floats) -> None:
        """Add a part of the rows."""
        places = _places(rows.ego, rows.alter, self.n_people)
        Z, score, weighted, moved = found.Z, found.score, found.Z * found.curvature[:, None], found.moved
        for column in range(self.p):
            places.add(self.sent[column], score[:, column], alter=False)
            places.add(self.received[column], score[:, column], ego=False)
            places.add(self.moved[column], moved[:, column])
        flat = moved if self.wide else moved @ root.T
        for place, (one, other) in enumerate(np.stack(np.triu_indices(self.p), axis=1).tolist()):
            places.add(self.own[place], Z[:, one] * weighted[:, other])
            if self.wide:
                places.add(self.squares[place], flat[:, one] * flat[:, other])
        for one in range(0 if self.wide else self.p):
            places.add(self.squares[one], flat[:, one] ** 2)
        unit = np.ones(rows.y.size)
        places.add(self.rows_sent, unit, alter=False)
        places.add(self.rows_received, unit, ego=False)
        places.add(self.events, (rows.y > 0).astype(float))

    @property
    def rows(self) -> Floats:
        """Rows of each person."""
        return self.rows_sent + self.rows_received

    def present(self) -> People:
        """The same of people who are in some row."""
        there = self.rows > 0
        if there.all():
            return self
        less = People.__new__(People)
        less.n_people, less.p, less.wide = int(there.sum()), self.p, self.wide
        for name in ("sent", "received", "own", "moved", "squares", "rows_sent", "rows_received", "events"):
            setattr(less, name, getattr(self, name)[..., there])
        return less


class _Places(NamedTuple):
    """Where the sums of a part go: a part of the people is in its rows."""

    ego: Codes
    alter: Codes
    who: Codes | None
    size: int

    def add(self, total: Floats, values: Floats, *, ego: bool = True, alter: bool = True) -> None:
        """Add each row's value to its people."""
        for codes in [self.ego] * ego + [self.alter] * alter:
            found = np.bincount(codes, values, minlength=self.size)
            if self.who is None:
                total += found
            else:
                total[self.who] += found


def _places(ego: Codes, alter: Codes, n_people: int) -> _Places:
    if n_people <= 4 * ego.size:
        return _Places(ego, alter, None, n_people)
    who, codes = np.unique(np.concatenate([ego, alter]), return_inverse=True)
    return _Places(codes[: ego.size], codes[ego.size :], who, who.size)


@dataclass(eq=False)
class Pairs:
    """Sums of squares over rows, pairs and ordered pairs, in units in which the Hessian is the identity.

    Attributes
    ----------
    rows, scores, cells, steps : ndarray, shape (p, p)
        Σ s s' over rows; Σ u u' over pairs, over ordered pairs; Σ Δ Δ' over pairs.
    gone : ndarray, shape (p, q)
    lost : ndarray of bool, shape (p,)
        See `honestsignals.inference.jackknife.Steps`.
    count : int
        Pairs.
    events, others : int
        The most rows of one pair whose label is above 0, and is 0.
    """

    p: int
    rows: Floats = field(init=False)
    scores: Floats = field(init=False)
    cells: Floats = field(init=False)
    steps: Floats = field(init=False)
    gone: Floats = field(init=False)
    lost: NDArray[np.bool_] = field(init=False)
    count: int = 0
    events: int = 0
    others: int = 0

    def __post_init__(self) -> None:
        p = self.p
        self.rows, self.scores, self.cells, self.steps = (np.zeros((p, p)) for _ in range(4))
        self.gone, self.lost = np.zeros((p, 0)), np.zeros(p, dtype=bool)

    def add(self, rows: Rows, found: _Found, root: Floats) -> None:
        """Add a part of the rows: whole pairs, each in this part only."""
        low, high = np.minimum(rows.ego, rows.alter), np.maximum(rows.ego, rows.alter).astype(np.int64)
        pairs = np.unique(low * (high.max() + 1) + high, return_inverse=True)[1]
        sizes = np.bincount(pairs)
        self.count += sizes.size
        self.rows += found.score.T @ found.score
        self.scores += _squares_of(pairs, found.score)
        cells = np.unique(2 * pairs + (rows.ego < rows.alter), return_inverse=True)[1]
        self.cells += _squares_of(cells, found.score)
        ones = np.bincount(pairs, rows.y > 0)
        self.events = max(self.events, int(ones.max()))
        self.others = max(self.others, int((sizes - ones).max()))
        many = sizes > MANY_ROWS
        if not many.any():
            self._leave_out(
                pair_steps(found.slope, found.curvature[:, None, None], found.Z[:, None], pairs, root)
            )
            return
        few = ~many[pairs]
        codes = np.where(many, np.cumsum(many), np.cumsum(~many)) - 1
        if few.any():
            part = found.rows(few)
            self._leave_out(
                pair_steps(
                    part.slope, part.curvature[:, None, None], part.Z[:, None], codes[pairs[few]], root
                )
            )
        part, of = found.rows(~few), codes[pairs[~few]]
        self._leave_out(
            steps_without(np.eye(self.p) - _own(part, of), sums(of, part.score, int(many.sum())), root)
        )

    def _leave_out(self, out: Steps) -> None:
        self.steps += out.delta.T @ out.delta
        self.lost |= out.lost
        self.gone = np.hstack([self.gone, out.gone])


def _own(found: _Found, codes: Codes) -> Floats:
    """Hessian of each group's rows, (groups, p, p)."""
    parts = [sums(codes, found.Z * (found.curvature * z)[:, None], int(codes.max()) + 1) for z in found.Z.T]
    return np.stack(parts, axis=1)


def _squares_of(codes: Codes, score: Floats) -> Floats:
    count = int(codes.max()) + 1
    u = score if count == codes.size else sums(codes, score, count)
    return np.asarray(u.T @ u)


class _Found(NamedTuple):
    """Of a part of the rows, in units in which the Hessian is the identity."""

    Z: Floats
    slope: Floats  # (n, 1)
    curvature: Floats  # (n,)
    score: Floats
    moved: Floats

    def rows(self, which: NDArray[np.bool_]) -> _Found:
        """The same of some rows."""
        return _Found(*(one[which] for one in self))


@dataclass(frozen=True, eq=False)
class Sums:
    """All that a fit says of itself, and all that its covariances are made of.

    Attributes
    ----------
    family : Family
    summary : Summary
    solved : Solved
    people : People
    pairs : Pairs
    level, null_level : float
        Log likelihood at the estimate, and of an intercept alone; of the gaussian of unit variance.
    square, null_square : float
        Σ w e², and Σ w (y − ȳ)².
    """

    family: Family
    summary: Summary
    solved: Solved
    people: People
    pairs: Pairs
    level: float
    null_level: float
    square: float
    null_square: float

    @property
    def scale(self) -> float:
        """σ² of the gaussian, 1 of others."""
        n, k = self.summary.n, self.solved.theta.size
        return self.square / (n - k) if self.family.name == "gaussian" else 1.0


def sums_of(passes: Passes, family: Family, summary: Summary, solved: Solved, n_people: int) -> Sums:
    """One pass over the rows at the estimate.

    Parameters
    ----------
    passes : callable
    family : Family
    summary : Summary
    solved : Solved
    n_people : int
        Codes of people are below.

    Returns
    -------
    Sums

    Examples
    --------
    >>> from honestsignals.inference.families import FAMILIES
    >>> from honestsignals.inference.streamed import summarise
    >>> who = np.array([0, 1, 2])
    >>> part = Rows(np.ones((3, 1)), np.array([1.0, 2.0, 3.0]), np.ones(3), who, np.array([1, 2, 0]))
    >>> def passes():
    ...     return iter([part])
    >>> solved = Solved(np.array([2.0]), np.array([[3**-0.5]]), 1)
    >>> found = sums_of(passes, FAMILIES["gaussian"], summarise(passes, 1), solved, 3)
    >>> found.scale, found.pairs.count, found.people.rows.tolist()
    (1.0, 3, [2.0, 2.0, 2.0])
    """
    p = solved.theta.size
    people, pairs = People(n_people, p, n_people * p * p <= MOST_SHARES), Pairs(p)
    mean = summary.label_total / summary.total
    level = null = square = null_square = 0.0
    for rows in passes():
        if not rows.y.size:
            continue
        w, Z = rows.weights, rows.X @ solved.root
        each, slope, curvature = rows_of(family, rows.X[:, None, :], solved.theta, rows.y, 0)
        level += float(w @ each)
        if family.label == "count":
            null += float(w @ family.row(np.full((w.size, 1), np.log(mean)), rows.y)[0])
        square += float(w @ slope[:, 0] ** 2)
        null_square += float(w @ (rows.y - mean) ** 2)
        own = curvature[:, 0, 0]
        slope, weighted = slope * w[:, None], own * w
        moved = Z * (weighted / np.sqrt(np.maximum(own, 1.0)))[:, None]
        found = _Found(Z, slope, weighted, Z * slope, moved)
        people.add(rows, found, solved.root)
        pairs.add(rows, found, solved.root)
    if family.label == "binary":
        shares = np.array([1.0 - mean, mean])
        null = float(summary.total * (shares * np.log(shares)).sum())
    return Sums(family, summary, solved, people.present(), pairs, level, null, square, null_square)


def people_steps(people: People, root: Floats) -> tuple[Floats, Steps]:
    """Σ Δ Δ' over people, and what the steps have lost; people by blocks.

    Parameters
    ----------
    people : People
    root : ndarray, shape (p, p)

    Returns
    -------
    matrix : ndarray, shape (p, p)
        In units in which the Hessian is the identity.
    out : Steps
        Without its Δ.
    """
    p = people.p
    total, gone, lost = np.zeros((p, p)), [np.zeros((p, 0))], np.zeros(p, dtype=bool)
    for block in blocks(people.n_people, p):
        left = np.eye(p) - unfolded(people.own[:, block], p)
        out = steps_without(left, (people.sent[:, block] + people.received[:, block]).T, root)
        total += out.delta.T @ out.delta
        gone.append(out.gone)
        lost |= out.lost
    return total, Steps(np.zeros((0, p)), np.hstack(gone), lost)


def blocks(count: int, p: int) -> list[slice]:
    """People in blocks that fit in memory.

    >>> blocks(5, 2_000)
    [slice(0, 1, None), slice(1, 2, None), slice(2, 3, None), slice(3, 4, None), slice(4, 5, None)]
    """
    size = max(1, CHUNK // (p * p))
    return [slice(low, min(low + size, count)) for low in range(0, count, size)]


def unfolded(upper: Floats, p: int) -> Floats:
    """Symmetric matrices from their upper triangles.

    Parameters
    ----------
    upper : ndarray, shape (q, N)
    p : int

    Returns
    -------
    ndarray, shape (N, p, p)

    Examples
    --------
    >>> unfolded(np.array([[1.0], [2.0], [3.0]]), 2).tolist()
    [[[1.0, 2.0], [2.0, 3.0]]]
    """
    whole = np.empty((upper.shape[1], p, p))
    for place, (one, other) in enumerate(zip(*np.triu_indices(p), strict=True)):
        whole[:, one, other] = whole[:, other, one] = upper[place]
    return whole

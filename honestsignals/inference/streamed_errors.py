"""Covariances of a fit whose rows came in parts, from sums over its people and pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import FitError, unknown
from honestsignals.inference.clusters import Floats
from honestsignals.inference.covariance import BELOW, DYADIC_PEOPLE, SHARED_PEOPLE, TWO_WAY
from honestsignals.inference.jackknife import (
    FRANK_SNIJDERS,
    Steps,
    blank_lost,
    lost_notes,
    refuse_two,
    without_levels,
)
from honestsignals.inference.people_shares import SHARED_CORRELATION, hub_words
from honestsignals.inference.streamed_sums import People, Sums, blocks, people_steps, unfolded
from honestsignals.inference.variance import Covariance, Whole, noted, notes_of_size


def streamed_covariance(sums: Sums, names: Sequence[str], covariance: str) -> Covariance:
    """The covariance of that name, as of rows in memory.

    Parameters
    ----------
    sums : Sums
    names : sequence of str
        Of the coefficients.
    covariance : str
        A name in ``COVARIANCES``.

    Returns
    -------
    Covariance

    Raises
    ------
    UnknownNameError
        Where there is no covariance of that name.
    FitError
        Where there are too few people.
    """
    if covariance not in STREAMED:
        raise unknown("covariance", covariance, STREAMED)
    return STREAMED[covariance](sums, names)


def _classical(sums: Sums, names: Sequence[str]) -> Covariance:
    root = sums.solved.root
    return noted("classical", sums.scale * root @ root.T, _row_df(sums), names, [SHARED_PEOPLE])


def _hc1(sums: Sums, names: Sequence[str]) -> Covariance:
    root, n = sums.solved.root, sums.summary.n
    matrix = root @ sums.pairs.rows @ root.T * n / (n - root.shape[0])
    return noted("hc1", matrix, _row_df(sums), names, [SHARED_PEOPLE])


def _pair(sums: Sums, names: Sequence[str]) -> Covariance:
    root = sums.solved.root
    df = np.full(root.shape[0], max(sums.pairs.count - 1.0, 1.0))
    return noted("pair", root @ sums.pairs.scores @ root.T, df, names, [SHARED_PEOPLE])


def _two_way(sums: Sums, names: Sequence[str]) -> Covariance:
    root, people = sums.solved.root, sums.people
    meat = people.sent @ people.sent.T + people.received @ people.received.T - sums.pairs.cells
    fewer = min(int((people.rows_sent > 0).sum()), int((people.rows_received > 0).sum()))
    df = np.full(root.shape[0], max(fewer - 1.0, 1.0))
    return noted("two_way", root @ meat @ root.T, df, names, [*_size(sums, names), TWO_WAY])


def _dyadic(sums: Sums, names: Sequence[str]) -> Covariance:
    root, people = sums.solved.root, sums.people
    if people.n_people < 3:
        raise FitError("Two people make one pair: errors over people need at least three people.")
    u = people.sent + people.received
    df = np.full(root.shape[0], max(people.n_people - root.shape[0], 1.0))
    notes = [*_hubs(sums, names), *_size(sums, names)]
    if people.n_people < DYADIC_PEOPLE:
        notes.append(BELOW)
    return noted("dyadic", root @ (u @ u.T - sums.pairs.scores) @ root.T, df, names, notes)


def _jackknife(sums: Sums, names: Sequence[str]) -> Covariance:
    root, count = sums.solved.root, sums.people.n_people
    refuse_two(count)
    squares, people_out = _people_out(sums)
    found = sums.pairs
    pairs_out = Steps(people_out.delta, found.gone, found.lost)
    pairs_out = without_levels(pairs_out, _vanishing(sums, found.events, found.others))
    floor = root @ found.steps @ root.T
    matrix = root @ squares @ root.T * (count - 1) / count - floor
    gone, lost = np.hstack([people_out.gone, pairs_out.gone]), people_out.lost | pairs_out.lost
    notes = [*lost_notes(people_out, pairs_out, names), *_hubs(sums, names), *_size(sums, names)]
    whole = Whole(matrix, floor, gone, root, _shares(sums) if sums.people.wide else None)
    df = _effective_df(sums)
    return Covariance("jackknife", blank_lost(matrix, lost), blank_lost(floor, lost), df, tuple(notes), whole)


def _frank_snijders(sums: Sums, names: Sequence[str]) -> Covariance:
    root, count = sums.solved.root, sums.people.n_people
    refuse_two(count)
    squares, out = _people_out(sums)
    nobody = Steps(out.delta, out.gone[:, :0], np.zeros(root.shape[0], dtype=bool))
    notes = [*lost_notes(out, nobody, names), *_hubs(sums, names), *_size(sums, names), FRANK_SNIJDERS]
    matrix = blank_lost(root @ squares @ root.T, out.lost) * (count - 2) / (2 * count)
    return Covariance("frank_snijders", matrix, None, np.full(root.shape[0], count - 1.0), tuple(notes))


STREAMED: dict[str, Callable[[Sums, Sequence[str]], Covariance]] = {
    "classical": _classical,
    "hc1": _hc1,
    "pair": _pair,
    "two_way": _two_way,
    "dyadic": _dyadic,
    "jackknife": _jackknife,
    "frank_snijders": _frank_snijders,
}
"""Every covariance by its name, as in ``COVARIANCES``."""


def _people_out(sums: Sums) -> tuple[Floats, Steps]:
    """Σ Δ Δ' over people, and what is lost without one of them."""
    squares, out = people_steps(sums.people, sums.solved.root)
    people = sums.people
    vanish = _vanishing(sums, int(people.events.max()), int((people.rows - people.events).max()))
    return squares, without_levels(out, vanish)


def _vanishing(sums: Sums, events: int, others: int) -> NDArray[np.bool_]:
    """Coefficients without an estimate where a level of the label goes with some person or pair."""
    kind, all_events = sums.family.label, sums.summary.events
    gone = kind in ("binary", "count") and events == all_events
    gone |= kind == "binary" and others == sums.summary.n - all_events
    return np.full(sums.solved.theta.size, gone)


def _row_df(sums: Sums) -> Floats:
    n, k = sums.summary.n, sums.solved.theta.size
    return np.full(k, n - k if sums.family.name == "gaussian" else np.inf)


def _size(sums: Sums, names: Sequence[str]) -> list[str]:
    """Warnings that the size of a study calls for."""
    events, kind, rarer = sums.summary.events, sums.family.label, None
    if kind == "count":
        rarer = (events, "with a count above 0")
    elif kind == "binary":
        least, value = min((events, 1), (sums.summary.n - events, 0))
        rarer = (least, f"with label {value}")
    return notes_of_size(sums.people.n_people, rarer, len(names))


def _told(people: People, root: Floats, block: slice) -> Floats:
    """What the rows of each person tell each coefficient, (N, p): diagonals of H⁻¹ H_i H⁻¹."""
    return np.asarray(((root @ unfolded(people.own[:, block], people.p)) * root).sum(axis=2))


def _hubs(sums: Sums, names: Sequence[str]) -> list[str]:
    """A warning where one person is in most rows, or in most of what tells a coefficient."""
    people, p = sums.people, sums.people.p
    most, total = np.zeros(p), np.zeros(p)
    for block in blocks(people.n_people, p):
        told = _told(people, sums.solved.root, block)
        most, total = np.maximum(most, told.max(axis=0)), total + told.sum(axis=0)
    # every row is told of two people
    return hub_words(float(people.rows.max() / sums.summary.n), most / (total / 2), names)


def _effective_df(sums: Sums) -> Floats:
    """See `honestsignals.inference.people_shares.effective_df`."""
    people, root, p = sums.people, sums.solved.root, sums.people.p
    mean, first, second = sums.summary.total / sums.summary.n, np.zeros(p), np.zeros(p)
    for block in blocks(people.n_people, p):
        T, squares = root @ people.moved[:, block], people.squares[:, block]
        if people.wide:
            squares = ((root @ unfolded(squares, p)) * root).sum(axis=2).T
        v = mean * _told(people, root, block) + SHARED_CORRELATION * (T**2 - squares).T
        first, second = first + v.sum(axis=0), second + (v**2).sum(axis=0)
    return np.maximum(first**2 / second - 1.0, 1.0)


def _shares(sums: Sums) -> Floats:
    """See `honestsignals.inference.people_shares.person_shares`."""
    people, root, p = sums.people, sums.solved.root, sums.people.p
    mean, shares = sums.summary.total / sums.summary.n, np.empty((people.n_people, p, p))
    for block in blocks(people.n_people, p):
        T = (root @ people.moved[:, block]).T
        shared = T[:, :, None] * T[:, None, :] - root @ unfolded(people.squares[:, block], p) @ root.T
        shares[block] = (
            mean * (root @ unfolded(people.own[:, block], p) @ root.T) + SHARED_CORRELATION * shared
        )
    return shares

"""Errors of slopes beside sender and receiver effects: those of the model with a dummy for every effect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve
from scipy.linalg.lapack import dpocon, dpotrf

from honestsignals.errors import FitError, unknown
from honestsignals.inference.clusters import Codes, Floats, pair_codes, person_codes
from honestsignals.inference.covariance import COVARIANCES, classical, covariance_of, hc1
from honestsignals.inference.fixed_effects import Within
from honestsignals.inference.people_shares import effective_df, hub_note
from honestsignals.inference.person_effects import generalised_inverse
from honestsignals.inference.variance import Covariance, inverse_root, size_notes
from honestsignals.inference.words import counted, named

LEAVING_OUT = 1e13
"""Sum over people of (rows of a person)³ above which leaving people out is refused: minutes of one core."""

SINGULAR = 1e-8
"""Eigenvalue of I − h below which rows left out take an effect or a slope with them."""

CHUNK = 4_000_000
"""Numbers held at once in batched solves (32 MB)."""


class _Steps(NamedTuple):
    """Δ of every group left out, and the slopes that some group carries alone."""

    delta: Floats  # (groups, k), in units of the whitened design
    lost: NDArray[np.bool_]  # (k,)


class _Hat(NamedTuple):
    """What the full hat matrix of any few rows is made of, rows scaled by the root of their weight."""

    Z: Floats  # (n, k), slopes' part, whitened
    residual: Floats  # (n,)
    root_weights: Floats  # (n,)
    columns: Codes  # (n, 1 or 2)
    inverse: Floats  # of the effects
    root: Floats  # (k, k), back to the slopes' units


def within_covariance(
    found: Within, ego: NDArray[Any], alter: NDArray[Any], covariance: str = "jackknife"
) -> Covariance:
    """Errors of the slopes beside effects of people, by the name of the errors.

    Each is the slopes' block of the same errors of the model with a dummy for every effect. ``classical``
    has σ² over n − slopes − effects, and ``hc1`` the factor n / (n − slopes − effects), both with that t;
    ``pair``, ``two_way`` and ``dyadic`` have no factor, and the same t as without effects.

    Parameters
    ----------
    found : Within
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    covariance : str
        "jackknife", "dyadic", "two_way", "pair", "hc1", "classical" or "frank_snijders".

    Returns
    -------
    Covariance

    Raises
    ------
    UnknownNameError
        Where there are no errors of that name.
    FitError
        Where people are too few, or too many rows would have to be left out at once.

    References
    ----------
    frisch1933, fafchamps2007, aronow2015

    Examples
    --------
    >>> from honestsignals.inference.fixed_effects import within
    >>> from honestsignals.inference.person_effects import effects_of
    >>> ego, alter = np.nonzero(~np.eye(12, dtype=bool))
    >>> acts = (ego * alter) % 7
    >>> y = 0.5 * acts + ego - 2.0 * alter + np.cos(3 * ego + alter)
    >>> found = within(acts[:, None], y, ["acts"], effects_of(ego, alter))
    >>> within_covariance(found, ego, alter).std_error.round(4).tolist()
    [0.0499]
    """
    if covariance not in COVARIANCES:
        raise unknown("covariance", covariance, COVARIANCES)
    n, k = found.estimate.X.shape
    df = np.full(k, float(found.row_df))
    if covariance == "classical":
        return replace(classical(found.estimate, ego, alter, found.names), df=df)
    if covariance == "hc1":
        errors = hc1(found.estimate, ego, alter, found.names)
        return replace(errors, matrix=errors.matrix * (n - k) / found.row_df, df=df)
    if covariance == "jackknife":
        return within_jackknife(found, ego, alter)
    if covariance == "frank_snijders":
        return _frank_snijders(found, ego, alter)
    return covariance_of(found.estimate, ego, alter, found.names, covariance)


def within_jackknife(found: Within, ego: NDArray[Any], alter: NDArray[Any]) -> Covariance:
    r"""Net jackknife in which every fit without a person, or a pair, estimates all effects anew: exact.

    .. math:: \Delta_S = H^{-1} \tilde X_S^\top (I - h_{SS})^{+} e_S

    for the rows S of a person or of a pair, with h the hat matrix of slopes and effects together. A person's
    own effects go with the person's rows, so :math:`I - h_{SS}` is singular there and its pseudo-inverse is
    taken: residuals are 0 along what goes. Variance, floor and degrees of freedom are those of `jackknife`,
    the latter on the design without effects. Nominal .95 intervals cover 96–98 % at 30 people
    (docs/fixed_effects.md).

    Parameters
    ----------
    found : Within
    ego, alter : ndarray, shape (n,)
        The two people of each row.

    Returns
    -------
    Covariance
        NaN where a slope has no estimate without some person or pair.

    Raises
    ------
    FitError
        Where there are fewer than three people, or too many rows to be left out at once.

    References
    ----------
    fafchamps2007, efron1981

    Examples
    --------
    >>> from honestsignals.inference.fixed_effects import within
    >>> from honestsignals.inference.person_effects import effects_of
    >>> ego, alter = np.triu_indices(12, k=1)
    >>> y = np.sqrt(ego + alter) + np.cos(ego * alter)
    >>> found = within(((ego * alter) % 5)[:, None], y, ["acts"], effects_of(ego, alter, ("person",)))
    >>> within_jackknife(found, ego, alter).std_error.round(4).tolist()
    [0.1381]
    """
    ego, alter, n_people = _people(ego, alter)
    hat = _hat(found)
    root = hat.root
    people_out = _person_steps(hat, ego, alter, found.effects.kinds)
    pairs_out = _pair_steps(hat, pair_codes(ego, alter))
    lost = people_out.lost | pairs_out.lost
    floor = _squares(pairs_out.delta, root, lost)
    matrix = _squares(people_out.delta, root, lost) * (n_people - 1) / n_people - floor
    notes = (
        *_lost_note(lost, found.names),
        *hub_note(found.estimate, ego, alter, found.names),
        *size_notes(found.estimate, n_people, found.names),
    )
    return Covariance("jackknife", matrix, floor, effective_df(found.estimate, ego, alter), notes)


def _people(ego: NDArray[Any], alter: NDArray[Any]) -> tuple[Codes, Codes, int]:
    """Codes of people, where leaving each out is possible and takes a bearable time."""
    ego, alter, n_people = person_codes(ego, alter)
    if n_people < 3:
        raise FitError("Two people make one pair: errors that leave people out need at least three people.")
    sizes = np.bincount(np.concatenate([ego, alter])).astype(float)
    if (sizes**3).sum() > LEAVING_OUT:
        raise FitError(
            f"Leaving out each of {counted(n_people, 'person', 'people')}, with up to {int(sizes.max()):,} "
            "rows, and estimating the effects anew takes too long; take covariance='dyadic'."
        )
    return ego, alter, n_people


def _hat(found: Within) -> _Hat:
    root = inverse_root(found.estimate.hessian)
    weights = np.sqrt(found.effects.weights)
    return _Hat(
        found.estimate.X @ root * weights[:, None],
        found.estimate.residual * weights,
        weights,
        found.effects.columns,
        generalised_inverse(found.effects),
        root,
    )


def _frank_snijders(found: Within, ego: NDArray[Any], alter: NDArray[Any]) -> Covariance:
    """(N − 2) / 2N of the squares of people left out, with t(people − 1)."""
    ego, alter, n_people = _people(ego, alter)
    hat = _hat(found)
    out = _person_steps(hat, ego, alter, found.effects.kinds)
    matrix = _squares(out.delta, hat.root, out.lost) * (n_people - 2) / (2 * n_people)
    notes = (*_lost_note(out.lost, found.names), *hub_note(found.estimate, ego, alter, found.names))
    df = np.full(hat.root.shape[0], n_people - 1.0)
    return Covariance("frank_snijders", matrix, None, df, notes)


def within_facts(found: Within) -> list[str]:
    """What was absorbed, and what it cost, in sentences.

    Parameters
    ----------
    found : Within

    Returns
    -------
    list of str

    Examples
    --------
    >>> from honestsignals.inference.fixed_effects import within
    >>> from honestsignals.inference.person_effects import effects_of
    >>> ego, alter = np.nonzero(~np.eye(5, dtype=bool))
    >>> y = np.cos(3 * ego + alter)
    >>> found = within(((ego * alter) % 4)[:, None], y, ["acts"], effects_of(ego, alter))
    >>> print(within_facts(found)[0])
    9 sender and receiver effects are absorbed, and the intercept with them: slopes compare rows of the same
    people. 10 degrees of freedom are left.
    """
    effects = found.effects
    lines = [
        f"{effects.n_effects:,} {effects.words} effects are absorbed, and the intercept with them: slopes "
        f"compare rows of the same people. {counted(found.row_df, 'degree')} of freedom are left."
    ]
    if effects.components > 1:
        lines.append(f"The rows fall into {effects.components:,} sets of people that no row connects.")
    if found.uninformative:
        verb = "is" if found.uninformative == 1 else "are"
        lines.append(
            f"{counted(found.uninformative, 'row')} {verb} fitted exactly by the effects alone and "
            "tell nothing of slopes."
        )
    return lines


def _person_steps(hat: _Hat, ego: Codes, alter: Codes, kinds: tuple[str, ...]) -> _Steps:
    k, n_people = hat.Z.shape[1], int(max(ego.max(), alter.max())) + 1
    order = np.argsort(np.concatenate([ego, alter]), kind="stable")
    ends = np.cumsum(np.bincount(np.concatenate([ego, alter]), minlength=n_people))
    delta, lost = np.empty((n_people, k)), np.zeros(k, dtype=bool)
    for person, at in enumerate(np.split(order, ends[:-1])):
        rows = at % ego.size
        own = np.column_stack(
            [
                hat.root_weights[rows] * _takes_part(kind, ego[rows], alter[rows], person)
                for kind in kinds
                if _takes_part(kind, ego[rows], alter[rows], person).any()
            ]
            or [np.zeros(rows.size)]
        )
        norms = np.linalg.norm(own, axis=0)
        own = own / np.where(norms > 0, norms, 1.0)
        left = np.eye(rows.size) - _hat_block(hat, rows)
        # The person's own effects are fitted by these rows alone: known null vectors of I − h, filled up.
        inner = _solved(left + own @ own.T, hat.residual[rows])
        if inner is None:
            inner, without = _pseudo_solved(hat, rows, left)
            lost |= without
        delta[person] = hat.Z[rows].T @ inner
    return _Steps(delta, lost)


def _takes_part(kind: str, ego: Codes, alter: Codes, person: int) -> NDArray[np.bool_]:
    """Rows of a person in which the person's own effect of that kind enters."""
    if kind == "person":
        return np.ones(ego.size, dtype=bool)
    return (ego if kind == "sender" else alter) == person


def _hat_block(hat: _Hat, rows: Codes) -> Floats:
    """Hat matrix among some rows: (…, m) to (…, m, m)."""
    Z, scale = hat.Z[rows], hat.root_weights[rows]
    block = np.zeros((*rows.shape, rows.shape[-1]))
    for one in hat.columns.T:
        for other in hat.columns.T:
            block += hat.inverse[one[rows][..., :, None], other[rows][..., None, :]]
    block *= scale[..., :, None] * scale[..., None, :]
    block += Z @ np.swapaxes(Z, -1, -2)
    return block


def _solved(matrix: Floats, values: Floats) -> Floats | None:
    """matrix⁻¹ values by Cholesky, or None where the matrix is as good as singular."""
    factor, failed = dpotrf(matrix, lower=1)
    if failed or dpocon(factor, np.abs(matrix).sum(axis=0).max(), uplo="L")[0] < SINGULAR / matrix.shape[0]:
        return None
    solution: Floats = cho_solve((factor, True), values)
    return solution


def _pseudo_solved(hat: _Hat, rows: Codes, left: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """(I − h)⁺ e among some rows, and the slopes that have no estimate without them."""
    values, vectors = np.linalg.eigh(left)
    kept = values >= SINGULAR
    inner = vectors[:, kept] @ ((vectors[:, kept].T @ hat.residual[rows]) / values[kept])
    gone = hat.root @ (hat.Z[rows].T @ vectors[:, ~kept])
    return inner, np.linalg.norm(gone, axis=1) / np.linalg.norm(hat.root, axis=1) > 1e-6


def _pair_steps(hat: _Hat, pairs: Codes) -> _Steps:
    k = hat.Z.shape[1]
    delta, lost = np.empty((int(pairs.max()) + 1, k)), np.zeros(k, dtype=bool)
    for which, rows in _row_blocks(pairs, k):
        left = np.eye(rows.shape[1]) - _hat_block(hat, rows)
        values, vectors = np.linalg.eigh(left)
        kept = values >= SINGULAR
        along = (np.swapaxes(vectors, 1, 2) @ hat.residual[rows][:, :, None])[:, :, 0]
        along = np.where(kept, along / np.where(kept, values, 1.0), 0.0)
        inner = (vectors @ along[:, :, None])[:, :, 0]
        delta[which] = np.einsum("gmk,gm->gk", hat.Z[rows], inner)
        for group in np.flatnonzero(~kept.all(axis=1)):
            lost |= _pseudo_solved(hat, rows[group], left[group])[1]
    return _Steps(delta, lost)


def _row_blocks(pairs: Codes, k: int) -> Iterator[tuple[Codes, Codes]]:
    """Pairs with as many rows as one another, and those rows, (pairs, m): blocks that fit in memory."""
    order = np.argsort(pairs, kind="stable")
    sizes = np.bincount(pairs)
    starts = np.cumsum(sizes) - sizes
    for m in np.unique(sizes):
        which = np.flatnonzero(sizes == m)
        for part in np.array_split(which, max(1, -(-which.size * int(m) * max(int(m), k) // CHUNK))):
            yield part, order[starts[part][:, None] + np.arange(m)]


def _squares(delta: Floats, root: Floats, lost: NDArray[np.bool_]) -> Floats:
    """Σ ΔΔ' in the units of the slopes; NaN where a slope is lost."""
    matrix: Floats = root @ (delta.T @ delta) @ root.T
    matrix[lost, :] = np.nan
    matrix[:, lost] = np.nan
    return matrix


def _lost_note(lost: NDArray[np.bool_], names: Sequence[str]) -> list[str]:
    gone = [name for name, without in zip(names, lost, strict=True) if without]
    if not gone:
        return []
    return [
        f"jackknife: beside the effects, {named(gone)} cannot be estimated without some person or pair, "
        "so there is no standard error"
    ]

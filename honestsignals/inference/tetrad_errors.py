"""Errors of a tetrad logit: its quadruples share rows, its rows share people."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from honestsignals.errors import DesignError, FitError, unknown
from honestsignals.inference.clusters import Codes, Floats, pair_codes, person_codes, person_sums, sums
from honestsignals.inference.covariance import DYADIC_PEOPLE
from honestsignals.inference.tetrad import QuadrupleLikelihood, Tetrads
from honestsignals.inference.variance import FEW_PEOPLE, Covariance, inverse_root, noted
from honestsignals.inference.words import counted, named

ERRORS = ("hc1", "pair", "two_way", "dyadic", "jackknife", "frank_snijders")
"""The errors a tetrad logit has; "classical" it has not."""

SINGULAR = 1e-8
"""Eigenvalue of H − H_i, in units of H, below which some slope has no estimate without person i."""

ENDS = 2.0
"""Rows of a quadruple that touch each of its four people: sums over rows of a person count it twice."""


def tetrad_covariance(
    found: Tetrads,
    ego: NDArray[Any],
    alter: NDArray[Any],
    covariance: str = "jackknife",
    *,
    exact: bool = False,
) -> Covariance:
    r"""Errors of the slopes of a tetrad logit, by their name.

    With :math:`u_r` the summed scores of the quadruples that row r is in and H the Hessian, ``hc1`` is
    :math:`\frac{n}{n-k} H^{-1} \sum_r u_r u_r^\top H^{-1}`: the projection of the scores on rows, as
    Jochmans has it for directed rows (without the factor) and Graham for undirected ones (who adds, for each
    pair, the one cycle of a tetrad that it is not in; given its label that has mean 0). ``pair`` sums u over
    the rows of a pair first, so that answers to one another may depend on one another beyond the effects;
    ``dyadic`` takes :math:`\sum_i u_i u_i^\top - \sum_d u_d u_d^\top`, with :math:`u_i` of the quadruples
    that person i is in, and covers 71–91 % at 30 and 60 people; ``two_way`` the same of senders and of
    receivers, less rows. The default is the net jackknife. ``classical`` would count a row once for every
    quadruple it is in: refused.

    Parameters
    ----------
    found : Tetrads
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    covariance : str
        "jackknife", "dyadic", "two_way", "pair", "hc1" or "frank_snijders".
    exact : bool
        For the jackknife: refit without each person and each pair instead of taking one step.

    Returns
    -------
    Covariance

    Raises
    ------
    DesignError
        For classical errors, and for two_way ones where rows have no direction.
    UnknownNameError
        Where there are no errors of that name.

    References
    ----------
    jochmans2018, graham2017, fafchamps2007

    Examples
    --------
    >>> from honestsignals.inference.tetrad import tetrad_logit
    >>> rng = np.random.default_rng(4)
    >>> ego, alter = np.nonzero(~np.eye(20, dtype=bool))
    >>> x, effects = rng.normal(size=380), rng.normal(size=(2, 20))
    >>> y = rng.logistic(size=380) < x + effects[0][ego] + effects[1][alter]
    >>> found = tetrad_logit(x[:, None], y, ego, alter, ["acts"])
    >>> tetrad_covariance(found, ego, alter).std_error.round(2).tolist()
    [0.22]
    """
    if covariance == "classical":
        raise DesignError(
            "A tetrad logit has no classical errors: they would count each row once for every quadruple it "
            "is in. Take 'hc1', which takes rows as independent given the effects."
        )
    if covariance not in ERRORS:
        raise unknown("covariance", covariance, ERRORS)
    if covariance == "two_way" and not found.directed:
        raise DesignError(
            "two_way clusters by sender and by receiver, and these rows have no direction; use 'dyadic'."
        )
    if covariance in ("jackknife", "frank_snijders"):
        net = tetrad_jackknife(found, ego, alter, exact=exact)
        return net if covariance == "jackknife" else _frank_snijders(net, person_codes(ego, alter)[2])
    ego, alter, n_people = person_codes(ego, alter)
    pairs = pair_codes(ego, alter)
    root = inverse_root(found.hessian)
    scores = found.row_scores @ root
    n, k = scores.shape
    by_pair = sums(pairs, scores, int(pairs.max()) + 1)
    rows, within_pairs = scores.T @ scores, by_pair.T @ by_pair
    df = np.inf
    if covariance == "hc1":
        meat = rows * n / (n - k)
    elif covariance == "pair":
        meat, df = within_pairs, float(pairs.max())
    elif covariance == "two_way":
        sent, received = (sums(end, scores, n_people) / ENDS for end in (ego, alter))
        meat = sent.T @ sent + received.T @ received - rows
        df = max(min(np.unique(ego).size, np.unique(alter).size) - 1.0, 1.0)
    else:
        touched = person_sums(ego, alter, scores, n_people) / ENDS
        meat, df = touched.T @ touched - within_pairs, max(float(n_people - k), 1.0)
    notes = _size_notes(found, n_people)
    if covariance == "dyadic" and n_people < DYADIC_PEOPLE:
        notes.append("dyadic: in a tetrad logit its errors are too small; the jackknife's and pair's are not")
    return noted(covariance, root @ meat @ root.T, np.full(k, df), found.names, notes)


def tetrad_jackknife(
    found: Tetrads, ego: NDArray[Any], alter: NDArray[Any], *, exact: bool = False
) -> Covariance:
    r"""Net jackknife: every quadruple of a person left out, less every quadruple of a pair's rows.

    .. math:: V = \tfrac{N-1}{N} \sum_i \Delta_i \Delta_i^\top - \sum_d \Delta_d \Delta_d^\top, \quad
        \Delta_S = (H - H_S)^{-1} u_S

    with :math:`u_S` and :math:`H_S` the scores and Hessian of the quadruples that a person, or a row of a
    pair, is in. Floor and notes as in `honestsignals.inference.jackknife.jackknife`. Rows are independent
    given the effects, so the effective degrees of freedom are those of ρ = 0:
    :math:`(\sum_i v_i)^2 / \sum_i v_i^2 - 1` with :math:`v_i = c^\top H^{-1} H_i H^{-1} c`.

    Quadruples share more than rows, which errors of every kind count as if it were variance: nominal .95
    intervals cover 98–99 % at 30 people and 96–98 % at 60 (docs/fixed_effects.md).

    Parameters
    ----------
    found : Tetrads
    ego, alter : ndarray, shape (n,)
        The two people of each row.
    exact : bool
        Refit without each person and pair.

    Returns
    -------
    Covariance

    Raises
    ------
    FitError
        Where there are fewer than five people, or quadruples are too many for exact refits.

    References
    ----------
    fafchamps2007, efron1981

    Examples
    --------
    >>> from honestsignals.inference.tetrad import tetrad_logit
    >>> rng = np.random.default_rng(4)
    >>> ego, alter = np.triu_indices(16, k=1)
    >>> y = rng.logistic(size=120) < np.cos(ego * alter)
    >>> found = tetrad_logit(np.cos(ego * alter)[:, None], y, ego, alter, ["acts"], directed=False)
    >>> tetrad_jackknife(found, ego, alter).std_error.round(2).tolist()
    [0.46]
    """
    ego, alter, n_people = person_codes(ego, alter)
    if n_people < 5:
        raise FitError(
            f"{counted(n_people, 'person', 'people')} make no quadruple without one of them: errors that "
            "leave people out need at least five."
        )
    pairs = pair_codes(ego, alter)
    root = inverse_root(found.hessian)
    k = root.shape[0]
    scores = found.row_scores @ root
    information = (root.T @ found.row_information @ root).reshape(-1, k * k)
    people = person_sums(ego, alter, information, n_people) / ENDS
    people_delta, people_lost = _steps(person_sums(ego, alter, scores, n_people) / ENDS, people, root)
    count = int(pairs.max()) + 1
    pairs_delta, pairs_lost = _steps(sums(pairs, scores, count), sums(pairs, information, count), root)
    notes = _size_notes(found, n_people)
    if exact:
        codes = (ego, alter, pairs)
        people_delta, pairs_delta = _refits(found, codes, root, (people_delta, pairs_delta))
        if not (np.isfinite(people_delta).all() and np.isfinite(pairs_delta).all()):
            notes.append(
                "jackknife: without one person or pair the quadruples give no estimate, so exact refits give "
                "no errors"
            )
    lost = people_lost | pairs_lost
    if lost.any():
        gone = [name for name, without in zip(found.names, lost, strict=True) if without]
        notes.insert(
            0,
            f"jackknife: {named(gone)} cannot be estimated without some person or pair, so there is no "
            "standard error",
        )
    floor = _squares(pairs_delta, root, lost)
    matrix = _squares(people_delta, root, lost) * (n_people - 1) / n_people - floor
    v = np.einsum("ca,iab,cb->ic", root, people.reshape(-1, k, k), root)
    df = np.maximum(v.sum(axis=0) ** 2 / (v**2).sum(axis=0) - 1.0, 1.0)
    return Covariance("jackknife", matrix, floor, df, tuple(notes))


def _frank_snijders(net: Covariance, n_people: int) -> Covariance:
    """(N − 2) / 2N of the squares of people left out, which the net jackknife and its floor add up to."""
    floor = 0.0 if net.floor is None else net.floor
    squares = (net.matrix + floor) * n_people / (n_people - 1)
    df = np.full(net.df.size, n_people - 1.0)
    matrix = squares * (n_people - 2) / (2 * n_people)
    return Covariance("frank_snijders", matrix, None, df, net.notes)


def tetrad_facts(found: Tetrads) -> list[str]:
    """What a tetrad logit rests on, in sentences.

    Parameters
    ----------
    found : Tetrads

    Returns
    -------
    list of str

    Examples
    --------
    >>> from honestsignals.inference.tetrad import tetrad_logit
    >>> rng = np.random.default_rng(4)
    >>> ego, alter = np.triu_indices(16, k=1)
    >>> y = rng.logistic(size=120) < np.cos(ego * alter)
    >>> found = tetrad_logit(np.cos(ego * alter)[:, None], y, ego, alter, ["acts"], directed=False)
    >>> print(tetrad_facts(found)[0])
    Tetrad logit: 780 of 5,460 quadruples are informative, and 120 of 120 rows are in one.
    """
    of = "cycles of four pairs" if not found.directed else "quadruples"
    lines = [
        f"Tetrad logit: {found.informative:,} of {found.quadruples:,} quadruples are informative, and "
        f"{int(found.rows_used.sum()):,} of {found.rows_used.size:,} rows are in one."
    ]
    if found.used < found.informative:
        lines.append(f"Of the informative {of} {found.used:,} were summed: a seeded sample.")
    whose = "Sender and receiver effects" if found.directed else "Effects of people"
    lines.append(
        f"{whose} cancel and are not estimated: slopes are conditional on them, and no probability can be "
        "predicted."
    )
    return lines


def _steps(scores: Floats, information: Floats, root: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """(1 − H_S)⁻¹ u_S in units of H, and the slopes that have no estimate without some S."""
    k = scores.shape[1]
    left = np.eye(k) - information.reshape(-1, k, k)
    values, vectors = np.linalg.eigh((left + left.transpose(0, 2, 1)) / 2)
    kept = values >= SINGULAR
    along = np.einsum("gab,ga->gb", vectors, scores)
    delta = np.einsum("gab,gb->ga", vectors, np.where(kept, along / np.where(kept, values, 1.0), 0.0))
    lost = np.zeros(k, dtype=bool)
    for group in np.flatnonzero(~kept.all(axis=1)):
        gone = np.linalg.norm(root @ vectors[group][:, ~kept[group]], axis=1)
        lost |= gone / np.linalg.norm(root, axis=1) > 1e-6
    return delta, lost


def _refits(
    found: Tetrads, codes: tuple[Codes, Codes, Codes], root: Floats, first: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Δ of people and of pairs by Newton's method without them, from the one step; NaN where it fails."""
    if found.held is None:
        raise FitError(f"{found.used:,} quadruples are too many for exact refits; leave exact=True out.")
    ego, alter, pairs = codes
    Z = found.design @ root
    whole = np.linalg.solve(root, found.beta)
    refitted = []
    for groups, start in ((None, first[0]), (pairs, first[1])):
        delta = np.empty_like(start)
        for out in range(start.shape[0]):
            gone = (ego == out) | (alter == out) if groups is None else groups == out
            kept = [rows[~gone[rows].any(axis=1)] for rows in found.held]
            try:
                theta = QuadrupleLikelihood(Z, kept).solved(found.names, whole - start[out])[0]
            except FitError:
                theta = np.full(whole.size, np.nan)
            delta[out] = whole - theta
        refitted.append(delta)
    return refitted[0], refitted[1]


def _squares(delta: Floats, root: Floats, lost: NDArray[np.bool_]) -> Floats:
    """Σ ΔΔ' in the units of the slopes; NaN where a slope is lost."""
    matrix: Floats = root @ (delta.T @ delta) @ root.T
    matrix[lost, :] = np.nan
    matrix[:, lost] = np.nan
    return matrix


def _size_notes(found: Tetrads, n_people: int) -> list[str]:
    notes: list[str] = []
    if n_people < FEW_PEOPLE:
        notes.append(
            f"{counted(n_people, 'person', 'people')}: errors that rest on fewer than "
            f"{FEW_PEOPLE} people are not to be trusted"
        )
    share = found.rows_used.mean()
    if share < 0.5:
        notes.append(f"only {100 * share:.0f} % of the rows are in an informative quadruple")
    return notes

"""The social relations model: who gives, who gets, and what is between the two; one variable or two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from honestsignals.errors import DesignError, check_level, one_of
from honestsignals.inference.srm import GroupFit, fit_group
from honestsignals.inference.srm_errors import (
    Pooled,
    between_groups,
    over_people,
    possible_errors,
    within_groups,
)
from honestsignals.round_robins import Group, round_robins
from honestsignals.social_components import ERRORS, SocialRelations

Array = np.ndarray[Any, np.dtype[Any]]

TOO_SPARSE = "group(s) with too few cells to tell people from pairs"


def srm(
    source: object,
    column: str | None = None,
    *,
    second: object = None,
    group: object = None,
    errors: str | None = None,
    level: float = 0.95,
) -> SocialRelations:
    r"""Split what people give one another into giver, receiver, and what is between the two.

    .. math:: x_{ij} = M + a_i + b_j + c_{ij}

    with the variances of actor, partner and relationship effects, the covariance of a person's two (do those
    who give more get more? generalized reciprocity as a correlation), and that of c_ij and c_ji (is what is
    special to a pair returned? dyadic reciprocity). Of two variables, also what they share: does giving help
    go with getting information, of people and of pairs?

    Where cells are missing they are not filled in: effects are fitted by least squares to the cells known,
    and expected sums of squares are solved for the components (Henderson's third method). That is the round
    robin's analysis of variance where every cell is known, and unbiased where what is missing has nothing to
    do with what it would be. Estimates stay as they are: a variance may be below 0, a correlation beyond 1,
    and both are said. Of several groups, components are means weighted by people less one.

    Parameters
    ----------
    source : DyadTable, DataFrame, networkx.DiGraph, ndarray, InteractionLog, Network or Study
        Rows of pairs with ``ego`` and ``alter``, or a square matrix (row gave column; NaN is not known), or
        what makes a network, where nothing given is 0. Take logarithms of counts first.
    column : str, optional
        Column of rows (the label of a dyad table where not given), label of a study, kind of giving of a log
        ("acts" where not given), or attribute of edges.
    second : str or source, optional
        A second variable: its name in the same source, or a source of its own. A cell counts where both are
        known.
    group : str, mapping, Series or sequence, optional
        Name of a column of rows, or of people; group by person; or one group a person in the order of a
        matrix. A study with blocks is divided by them. Groups of fewer than four are left out and counted.
    errors : {"jackknife", "between", "normal"}, optional
        "jackknife": over people and pairs of each group of five or more, net of what is counted twice; the
        default of one group. "between": from how groups differ; the default of several. "normal": Bond and
        Lashley's, as TripleR prints them, for normal effects and without missing cells.
    level : float
        Coverage of the intervals.

    Returns
    -------
    SocialRelations

    Raises
    ------
    ArgumentError
        For a source that is none of these.
    DesignError
        Where no group of four is left, where the cells known cannot tell people from pairs, and for errors
        that these groups cannot have.

    Notes
    -----
    How often nominal 95 % intervals covered on 2,000 simulated studies a design (docs/srm_calibration.md):

    - One group of 12 or 30 people, normal effects, with or without a fifth of the cells missing:
      "jackknife" .93 to .98, "normal" .90 to .97.
    - The same with exponential effects: "jackknife" .85 to .97, lowest where people's own variances and
      covariance are asked for, "normal" .68 to .86. Strongly skewed effects need many people or many groups;
      logarithms of counts help more than any choice of errors.
    - Ten groups of 6: "between" .93 to .96, exponential .89 to .96; "normal" .95 to .97, exponential .81 to
      .95; "jackknife" .98 to 1, too wide in groups so small.

    Tests are cautious: where there is nothing but noise they reject less than 5 %, of people's variances in
    one group less than 1 %. With missing cells the jackknife fits every group again without each person:
    seconds for 200 people, minutes for 500; with every cell known it takes a few passes over them. Rows, logs
    and studies are held as one square matrix, and refused above 5,000 people; give their groups apart.

    References
    ----------
    warner1979, kenny1984, henderson1953, bond1996, lashley1997, schonbrodt2012

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> giving = rng.normal(size=12)
    >>> found = srm(giving[:, None] + rng.normal(size=(12, 12)))
    >>> found.tidy()[["component", "estimate", "std_error"]].round(3)
                      component  estimate  std_error
    0            actor variance     0.264      0.156
    1          partner variance    -0.002      0.041
    2     relationship variance     0.834      0.158
    3  actor-partner covariance    -0.016      0.048
    4   relationship covariance    -0.016      0.117
    """
    if errors is not None:
        one_of("errors", errors, tuple(ERRORS))
    check_level(level)
    robins = round_robins(source, column, second, group)
    left = dict(robins.left_out)
    groups, fits = _fitted(robins.groups, left)
    chosen = errors or ("between" if len(fits) > 1 else "jackknife")
    return SocialRelations(
        robins.names,
        groups,
        fits,
        _pooled(groups, fits, chosen),
        chosen,
        float(level),
        left,
        (*robins.notes, *_alike(robins.names, groups, fits)),
    )


def _fitted(
    groups: tuple[Group, ...], left: dict[str, int]
) -> tuple[tuple[Group, ...], tuple[GroupFit, ...]]:
    """Every group that its cells allow to be fitted; the others are counted."""
    used, fits, why = [], [], ""
    for group in groups:
        try:
            fits.append(fit_group(group.matrices))
            used.append(group)
        except DesignError as error:
            why = str(error)
            left[TOO_SPARSE] = left.get(TOO_SPARSE, 0) + 1
    if not fits:
        raise DesignError(why)
    return tuple(used), tuple(fits)


def _pooled(groups: tuple[Group, ...], fits: tuple[GroupFit, ...], errors: str) -> Pooled:
    matrices = [group.matrices for group in groups]
    try:
        if errors == "between":
            return between_groups(fits)
        return within_groups(fits) if errors == "normal" else over_people(fits, matrices)
    except DesignError as error:
        others = [repr(name) for name in possible_errors(fits, matrices)]
        advice = f"Other errors: {' or '.join(others)}." if others else "These groups can have no others."
        raise DesignError(f"{error} {advice}") from error


def _alike(names: tuple[str, ...], groups: tuple[Group, ...], fits: tuple[GroupFit, ...]) -> Iterator[str]:
    """What is the same in every cell tells nothing; what is the same both ways has no giver and receiver."""
    for v, name in enumerate(names):
        if all(fit.spread[v] == 0 for fit in fits):
            where = " of a group" if len(fits) > 1 else ""
            yield (
                f"{name} is the same in every cell{where}: nothing varies, so shares, correlations "
                "(reciprocity among them), reliabilities and errors are undefined."
            )
        elif all(np.array_equal(_off(one.matrices[v]), _off(one.matrices[v].T)) for one in groups):
            yield f"{name} is the same both ways of every pair, so reciprocity is 1 by construction."


def _off(matrix: Array) -> Array:
    """The matrix with −1 where nothing is known, so that it can be compared."""
    known = np.isfinite(matrix) & ~np.eye(len(matrix), dtype=bool)
    return np.where(known, matrix, -1.0)

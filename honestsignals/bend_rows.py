"""Rows of a bend: what came back for each disclosure, the columns of its curve, and what moderates it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from honestsignals.depth_rows import DepthRows
from honestsignals.errors import DesignError, FitError
from honestsignals.inference.bends import Shape, shape_of
from honestsignals.inference.clusters import Floats
from honestsignals.inference.words import counted
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import HOUR
from honestsignals.turn_moderators import Moderator, moderator_of, no_moderator
from honestsignals.turn_rows import Sides, column_of

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

X = "relative_depth"
MOST_ACTS = 20_000_000
"""Disclosures up to which rows that stand for several are taken apart."""


class BendRows(NamedTuple):
    """Disclosures that a curve is of.

    Attributes
    ----------
    y, x, log_turn : ndarray, shape (n,)
        What came back, relative depth, ln k.
    at : ndarray of int, shape (n,)
        Which rows of disclosures these are: one as often as disclosures that it stands for.
    moderator : Moderator
        Of these rows.
    left_out : dict of str to int
        Why others were left out, and how many.
    """

    y: Array
    x: Array
    log_turn: Array
    at: Array
    moderator: Moderator
    left_out: dict[str, int]


def bend_rows(source: Any, log: InteractionLog, rows: DepthRows, asked: tuple[str, int], by: Any) -> BendRows:
    """The disclosures that have the outcome and the moderator, one a row: counts are as so many rows.

    Parameters
    ----------
    source : InteractionLog or Study
    log : InteractionLog
    rows : DepthRows
    asked : tuple of (str, int)
        The outcome, and Δ in microseconds.
    by : str, pandas.DataFrame or None

    Raises
    ------
    DesignError
        Where rows stand for more disclosures than memory would hold.
    FitError
        Where relative depth has fewer than three values.
    """
    y, at, left_out = _outcome(rows, *asked)
    acts = int(rows.count[at].sum())
    if acts > max(MOST_ACTS, len(at)):
        raise DesignError(
            f"Rows of this log stand for {acts:,} disclosures (column count); a bend takes one row a "
            f"disclosure, and up to {MOST_ACTS:,} where rows stand for several."
        )
    y, at = (np.repeat(one, rows.count[at]) for one in (y, at))
    moderator = no_moderator(len(at))
    if by is not None:
        sides = Sides(rows.giver[at], rows.other[at], rows.row[at])
        column = column_of(source, log, sides, by)
        moderator = moderator_of(column, np.ones(len(at), dtype=bool), "disclosure")
        known = moderator.known
        if not known.all():
            left_out[f"disclosures whose {moderator.name} is not known"] = int((~known).sum())
        y, at, moderator = y[known], at[known], moderator.only(known)
    x = rows.depth[at] - rows.reached[at]
    if np.unique(x).size < 3:
        raise FitError(
            f"Relative depth has {counted(np.unique(x).size, 'value')} over "
            f"{counted(len(x), 'disclosure')} that follow one of the other; a bend needs three."
        )
    return BendRows(y, x, np.log(rows.moment[at]), at, moderator, left_out)


def _outcome(rows: DepthRows, outcome: str, delta: int) -> tuple[Array, Array, dict[str, int]]:
    """The outcome of the rows that have one, which those are, and why the others have none."""
    left_out: dict[str, int] = {}
    keep = np.ones(len(rows), dtype=bool)
    reasons = {
        "disclosures before the other's first": rows.reached > -np.inf,
        "disclosures less than Δ before the log's end": rows.watched,
    }
    if outcome == "next_depth":
        reasons["disclosures that nothing came back for within Δ"] = rows.returned
    for reason, has in reasons.items():
        lacks = int(rows.count[keep & ~has].sum())
        if lacks:
            left_out[reason] = lacks
        keep &= has
    if outcome == "returned":
        y = rows.returned.astype(float)
    elif outcome == "next_depth":
        y = rows.answer_depth
    else:
        y = np.where(rows.returned, rows.hours, delta / HOUR)
    return y[keep], np.flatnonzero(keep), left_out


def bend_design(rows: BendRows, spline: bool, soon: bool) -> tuple[Shape, Floats, list[str]]:
    """The curve, and columns of the model.

    Intercept, the curve, the moderator, ln k from its mean, products of the curve with either.

    Parameters
    ----------
    rows : BendRows
    spline, soon : bool

    Raises
    ------
    FitError
        Where all disclosures are at one moment, or knots of a spline coincide.
    """
    shape = shape_of(rows.x, spline)
    curve = shape.columns(rows.x)
    curve_names = [X + name for name in shape.names]
    late = rows.log_turn - rows.log_turn.mean()
    parts, names = [np.ones((rows.x.size, 1)), curve], ["Intercept", *curve_names]
    z, terms = rows.moderator.z[:, 1:], rows.moderator.terms
    parts += [z, *(curve * one[:, None] for one in z.T)]
    names += [*terms, *(f"{name}:{term}" for term in terms for name in curve_names)]
    if np.ptp(late) > 0:
        parts.append(late[:, None])
        names.append("log_turn")
        if soon:
            parts.append(curve * late[:, None])
            names += [f"log_turn:{name}" for name in curve_names]
    elif soon:
        raise FitError("All disclosures are at one moment of their exchange, so none is too soon.")
    return shape, np.hstack(parts), names


def ids_of(log: InteractionLog, rows: DepthRows, at: Array) -> pd.DataFrame:
    """Who disclosed, and to whom: ego and alter of some disclosures."""
    import pandas as pd

    return pd.DataFrame({"ego": log.people[rows.giver[at]], "alter": log.people[rows.other[at]]})


def end_slopes(names: tuple[str, ...], slopes: Floats, shape: Shape, moderator: Moderator) -> Floats:
    """Slopes of the curve at the values of its moderator, as combinations of coefficients.

    Parameters
    ----------
    names : tuple of str, length k
        Columns of the model.
    slopes : ndarray, shape (e, q)
        Derivatives of the curve's columns where slopes are asked for.
    shape : Shape
    moderator : Moderator

    Returns
    -------
    ndarray, shape (values, e, k)
    """
    where = {name: place for place, name in enumerate(names)}
    matrix = np.zeros((len(moderator.places), len(slopes), len(names)))
    for place, (_, z) in enumerate(moderator.places):
        for term, weight in zip(("", *moderator.terms), z, strict=True):
            for piece, name in enumerate(shape.names):
                matrix[place, :, where[f"{X}{name}:{term}" if term else X + name]] = weight * slopes[:, piece]
    return matrix


def counted_from(names: tuple[str, ...], moderator: Moderator, place: tuple[float, ...]) -> Floats:
    """What columns are multiplied by so that the moderator is 0 where it was at a place.

    Parameters
    ----------
    names : tuple of str, length k
        Columns of the model.
    moderator : Moderator
    place : tuple of float
        1, and the moderator's columns there.

    Returns
    -------
    ndarray, shape (k, k)
        The model is the same; its coefficients of the curve are those at the place.

    Examples
    --------
    >>> by = Moderator("near", ("near",), np.ones((1, 2)), ())
    >>> counted_from(("Intercept", "relative_depth", "near", "relative_depth:near"), by, (1.0, 2.0))[:2]
    array([[ 1.,  0., -2.,  0.],
           [ 0.,  1.,  0., -2.]])
    """
    R = np.eye(len(names))
    where = {name: column for column, name in enumerate(names)}
    for term, step in zip(moderator.terms, place[1:], strict=True):
        for name, column in where.items():
            front = "Intercept" if name == term else name.removesuffix(f":{term}")
            if front != name and front in where:
                R[where[front], column] = -step
    return R

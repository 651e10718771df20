"""What paths over windows may depend on: columns of people or pairs, and products with what was before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from honestsignals.errors import FitError
from honestsignals.feedback_rows import WindowRows
from honestsignals.inference.clusters import Floats
from honestsignals.log import InteractionLog
from honestsignals.panel_rows import Panel
from honestsignals.turn_moderators import moderator_of
from honestsignals.turn_rows import Sides, column_of

Array = np.ndarray[Any, np.dtype[Any]]

ALIKE = 1e-8
"""Share of a column that others leave unexplained below which it says nothing of its own."""


def moderated_rows(source: Any, log: InteractionLog, rows: WindowRows, by: Any) -> WindowRows:
    """The windows of ordered pairs whose moderator is known, with it.

    Parameters
    ----------
    source : InteractionLog or Study
    log : InteractionLog
    rows : WindowRows
    by : str, pandas.DataFrame or None
        A column of people or of pairs; see :func:`honestsignals.turn_rows.column_of`.

    Returns
    -------
    WindowRows
    """
    if by is None:
        return rows
    column = column_of(source, log, Sides(rows.ego, rows.alter, None), by)
    moderator = moderator_of(column, np.ones(len(rows.ego), dtype=bool), "window of a pair")
    known = moderator.known
    left_out = dict(rows.left_out)
    if not known.all():
        left_out[f"windows of ordered pairs whose {moderator.name} is not known"] = int((~known).sum())
    parts = {name: getattr(rows, name)[known] for name in ("values", "ego", "alter", "window")}
    return replace(rows, **parts, left_out=left_out, moderator=moderator.only(known))


def with_products(columns: Floats, z: Floats) -> Floats:
    """Columns, and behind them their products with each column of a moderator.

    >>> with_products(np.array([[2.0, 3.0]]), np.array([[5.0]])).tolist()
    [[2.0, 3.0, 10.0, 15.0]]
    """
    return np.hstack([columns, *(columns * one[:, None] for one in z.T)])


def within_windows(values: Floats, window: Array, z: Floats) -> Floats:
    """Columns less what all pairs have in common in each window, by the values of a moderator.

    What least squares on 1 and z leaves, window by window; without a moderator that takes out means.

    Parameters
    ----------
    values : ndarray, shape (n, q)
    window : ndarray of int, shape (n,)
    z : ndarray, shape (n, g)
        Without the 1.

    Examples
    --------
    >>> y, none = np.array([[1.0], [3.0], [8.0]]), np.zeros((3, 0))
    >>> within_windows(y, np.array([0, 0, 1]), none).ravel().round(9).tolist()
    [-1.0, 1.0, 0.0]
    """
    left = np.empty_like(values)
    one = np.hstack([np.ones((len(z), 1)), z])
    for place in np.unique(window):
        at = np.flatnonzero(window == place)
        left[at] = values[at] - one[at] @ np.linalg.lstsq(one[at], values[at], rcond=None)[0]
    return left


def window_columns(window: Array, z: Floats, terms: tuple[str, ...]) -> tuple[Floats, list[str]]:
    """Columns that say the same as 1 and z in each window, none of them twice: z, windows, their products.

    A level that a window has nobody of has no column there.

    Parameters
    ----------
    window : ndarray of int, shape (n,)
    z : ndarray, shape (n, g)
    terms : tuple of str, length g

    Returns
    -------
    tuple of (ndarray, list of str)
        Beside an intercept: the columns, and their names.

    Examples
    --------
    >>> z = np.array([[0.0], [1.0], [0.0], [0.0]])
    >>> window_columns(np.array([0, 0, 1, 1]), z, ("near",))[1]
    ['near', 'window 2']
    """
    there = np.unique(window)
    later = (window[:, None] == there[1:]).astype(float)
    names = [f"window {one + 1}" for one in there[1:]]
    if not terms:
        return later, names
    columns = np.hstack([z, later, *(later * one[:, None] for one in z.T)])
    names = [*terms, *names, *(f"{name}:{term}" for term in terms for name in names)]
    cells = np.unique(np.column_stack([window, z]), axis=0, return_index=True)[1]
    few = np.hstack([np.ones((len(cells), 1)), columns[cells]])
    basis: list[Array] = []
    kept = []
    for place, one in enumerate(few.T):
        rest = one.copy()
        for _ in range(2):  # once more, for what rounding left
            for other in basis:
                rest -= (other @ rest) * other
        size = float(np.linalg.norm(rest))
        if size > ALIKE * max(float(np.linalg.norm(one)), 1.0):
            basis.append(rest / size)
            kept.append(place - 1)
    kept = [place for place in kept if place >= 0]
    lost = [terms[place] for place in range(len(terms)) if place not in kept]
    if lost:
        raise FitError(f"{lost[0]} cannot be told from other values of the moderator in any window.")
    return columns[:, kept], [names[place] for place in kept]


def panel_rows(rows: WindowRows, lags: int) -> Panel:
    """Rows of the panel: every variable in a window and in the windows before.

    Parameters
    ----------
    rows : WindowRows
    lags : int
        How many windows before stand on the right side.

    Returns
    -------
    Panel
        With columns ``NAME_before``, ``NAME_before2`` …, their products with the moderator, and one of each
        window but the first.

    Raises
    ------
    FitError
        Where no pair is known in windows in a row.
    """
    import pandas as pd

    at = rows.behind(lags)
    if not len(at):
        raise FitError(
            f"No pair is known in {lags + 1} windows in a row: say a longer length, or another label."
        )
    past = np.hstack([rows.values[at - lag] for lag in range(1, lags + 1)])
    paths = [f"{name}_before{'' if lag == 1 else lag}" for lag in range(1, lags + 1) for name in rows.names]
    names = [*paths, *(f"{name}:{term}" for term in rows.by for name in paths)]
    shared, shared_names = window_columns(rows.window[at], rows.z[at], rows.by)
    columns = ["Intercept", *names, *shared_names]
    terms = {name: (place,) for place, name in enumerate(columns) if not name.startswith("window ")}
    every = tuple(place for place, name in enumerate(columns) if name.startswith("window "))
    left_out = dict(rows.left_out)
    alone = len(rows.window) - len(at)
    if alone:
        left_out["windows of ordered pairs without one right before" + ("" if lags == 1 else " each")] = alone
    return Panel(
        names=rows.names,
        waves=rows.windows,
        before=rows.values[at - 1],
        after=rows.values[at],
        X=np.hstack([np.ones((len(at), 1)), with_products(past, rows.z[at]), shared]),
        columns=tuple(columns),
        terms={**terms, **({"window": every} if every else {})},
        ids=pd.DataFrame({"ego": rows.people[rows.ego[at]], "alter": rows.people[rows.alter[at]]}),
        left_out=left_out,
        facts=(rows.words,),
        notes=(),
        directed=True,
    )

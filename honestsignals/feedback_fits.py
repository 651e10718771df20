"""Paths over windows: by least squares over all pairs, and within pairs by a double filter."""

from __future__ import annotations

from typing import Any

import numpy as np

from honestsignals.errors import FitError
from honestsignals.feedback_moderators import with_products, within_windows
from honestsignals.feedback_rows import WindowRows
from honestsignals.inference.double_filter import WithinPaths, double_filtered, within_paths
from honestsignals.inference.estimators import estimate
from honestsignals.inference.stacked import by_equation, equation_of, stacked
from honestsignals.panel_rows import Panel
from honestsignals.panels import CrossLagged, people_in
from honestsignals.standard_errors import errors_of

Array = np.ndarray[Any, np.dtype[Any]]


def own_windows(rows: WindowRows, lags: int) -> tuple[WithinPaths | None, str]:
    """Paths within pairs, or the reason why there are none.

    Parameters
    ----------
    rows : WindowRows
    lags : int
    """
    at, K = rows.behind(lags), len(rows.names)
    past = np.hstack([rows.values[at - lag] for lag in range(1, lags + 1)])
    # what all pairs share in a window is no pair's own
    every = np.hstack([rows.values[at], with_products(past, rows.z[at])])
    every = within_windows(every, rows.window[at], rows.z[at])
    left = double_filtered(every[:, :K], every[:, K:], rows.spell[at])
    if not len(left.row):
        return None, f"no pair is known in {lags + 3} windows in a row."
    right = [
        f"{one}{term and f':{term}'}" for term in ("", *rows.by) for _ in range(lags) for one in rows.names
    ]
    names = tuple(f"{to}: {one}" for to in rows.names for one in right)
    ends = rows.ego[at][left.row], rows.alter[at][left.row]
    try:
        return within_paths(left, *ends, names), ""
    except FitError as error:
        return None, str(error)


def crossed(panel: Panel, covariance: str) -> CrossLagged:
    """Every variable of a panel on its right side, by least squares.

    Parameters
    ----------
    panel : Panel
    covariance : str
        Which standard errors.
    """
    equations = []
    for place, name in enumerate(panel.names):
        try:
            fitted = estimate(panel.X, panel.after[:, place], "gaussian", panel.columns)
        except FitError as error:
            raise FitError(f"{name}: {error}") from error
        equations.append(equation_of(name, fitted))
    found = stacked(equations)
    k = len(panel.columns)
    errors = errors_of(found, panel.codes, covariance, (True, False))
    terms = {
        f"{name}: {term}": tuple(place * k + one for one in places)
        for place, name in enumerate(panel.names)
        for term, places in panel.terms.items()
    }
    right = [term for term in panel.terms if term != "Intercept"]
    return CrossLagged(
        formula=f"{', '.join(panel.names)} ~ {' + '.join(right)}",
        label=", ".join(panel.names),
        estimate=found,
        covariance=by_equation(errors, equations, people_in(panel.codes)),
        ids=panel.ids,
        terms=terms,
        left_out=panel.left_out,
        said=(panel.facts, panel.notes),
        how=(True, False),
        equations=tuple(equations),
        panel=panel,
    )

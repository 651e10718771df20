"""Figure of coefficients with the intervals that several standard errors give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from honestsignals.errors import ArgumentError, check_level, listed, unknown
from honestsignals.figures.registry import check_axes, describe, figure
from honestsignals.figures.rows import few_ticks, interval, lay_rows, nameless, rows_of, upright, whiskers
from honestsignals.figures.style import handle, key_width, legends, look, room, say_why, wrapped
from honestsignals.inference.wald import coefficient_tests
from honestsignals.inference.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]

STEP = 0.13
"""Inches between the intervals of one coefficient."""
AXIS = 0.75
"""Inches below the rows."""
WORDS = {
    "classical": "classical",
    "hc1": "HC1",
    "pair": "by pair",
    "two_way": "by sender\nand receiver",
    "dyadic": "dyadic-robust",
    "jackknife": "net jackknife",
    "frank_snijders": "Frank–Snijders",
}


class Estimates(NamedTuple):
    """Coefficients with one or several intervals each.

    Attributes
    ----------
    terms : list of str
    value : ndarray, shape (groups, terms)
        NaN where a group lacks the term.
    low, high : ndarray, shape (groups, terms)
        NaN where there is no interval.
    groups : list of str
        Standard errors, or models; one without a name where there is one.
    what : str
        What the groups are.
    """

    terms: list[str]
    value: Array
    low: Array
    high: Array
    groups: list[str]
    what: str


@figure(
    "Coefficients under several standard errors",
    "a result of a fit, or a frame with the columns term, estimate, low and high",
    height=3.5,
)
def coefficients(
    table: Any,
    axes: Axes,
    *,
    terms: str | Sequence[str] | None = None,
    covariances: str | Sequence[str] | None = None,
    level: float = 0.95,
    names: bool = False,
) -> Axes:
    """Draw coefficients with their intervals, one colour and mark for each standard error of the ladder.

    Parameters
    ----------
    table : Result, ErrorLadder or pandas.DataFrame
        A fit, whose ladder of errors is drawn; or a frame of intervals, ``model`` in it where they are of
        several fits.
    axes : matplotlib.axes.Axes
        Where to draw.
    terms : str or sequence of str, optional
        Which coefficients; by default all but the intercept and cut points.
    covariances : str or sequence of str, optional
        Which standard errors of a fit; by default the whole ladder.
    level : float
        Coverage of the intervals of a fit.
    names : bool
        Write who a coefficient is of, where it is of one person (``C(ego)``). Never by default; the words
        never say it.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> found = pd.DataFrame({"term": ["acts"], "estimate": [0.5], "low": [0.1], "high": [0.9]})
    >>> axes = coefficients(found, Figure().subplots())
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['acts']
    """
    check_axes(axes)
    check_level(level)
    terms, covariances = ([one] if isinstance(one, str) else one for one in (terms, covariances))
    found = _estimates(table, terms, covariances, level)
    if not found.terms:
        say_why(axes, "There is no coefficient beside the intercept.")
        axes.set_axis_off()
        return describe(axes, "coefficients", "There is no coefficient beside the intercept.")
    many = len(found.groups)
    rows = rows_of(
        [one if names else nameless(one) for one in found.terms], axes, max(0.3, STEP * many + 0.14)
    )
    keys = []
    for place, name in enumerate(found.groups):
        how = look(place)
        at = rows.centre + (place - (many - 1) / 2) * STEP
        whiskers(axes, found.low[place], found.high[place], at, how.colour)
        # a mark without an interval would look like one that is sure, where another error has one
        bare = ~np.isfinite(found.low[place]) & np.isfinite(found.low).any(axis=0)
        axes.plot(
            np.where(bare, np.nan, found.value[place]),
            at,
            linestyle="none",
            marker=how.marker,
            color=how.colour,
            markersize=4.8,
            markeredgewidth=0,
            zorder=3,
        )
        keys.append(handle(how, WORDS.get(name, wrapped(name, key_width(axes))), line=False, marker=True))
    upright(axes, 0.0)
    lay_rows(axes, rows)
    few_ticks(axes)
    axes.set_xlabel(_unit(table))
    key = legends(axes, [(found.what, keys)]) if many > 1 else 0.0
    inches = room(axes, key, wide=rows.total, narrow=rows.total, axis=AXIS)
    return describe(axes, "coefficients", _said(found, level), inches)


def _unit(table: Any) -> str:
    """What a coefficient is measured in."""
    family = getattr(getattr(table, "estimate", None), "family", "")
    return {"logit": "log odds", "ordered_logit": "log odds of a higher level"}.get(family, "coefficient")


def _estimates(
    table: Any, terms: Sequence[str] | None, covariances: Sequence[str] | None, level: float
) -> Estimates:
    """Intervals of a fit under each of its errors, or of a frame."""
    import pandas as pd

    if isinstance(table, pd.DataFrame):
        if covariances is not None:
            raise ArgumentError("covariances are of a fit; this is a frame, which has its intervals.")
        return _of_frame(table, terms)
    errors = table.ladder(*(covariances or ())) if hasattr(table, "ladder") else table
    if not isinstance(getattr(errors, "covariances", None), Mapping):
        raise ArgumentError(
            "The figure needs a result of a fit, or a frame with term, estimate, low and high; "
            f"got {type(table).__name__}."
        )
    names = list(errors.estimate.names)
    # cut points stand after the columns of the model
    model = getattr(table, "model", None)
    slopes = [name for name in (model.names if model is not None else names) if name != "Intercept"]
    if model is not None and len(names) != len(model.names) and not set(slopes) <= set(names):
        slopes = [name for name in names if name != "Intercept"]
    chosen = _chosen(terms, names, slopes)
    places = [names.index(name) for name in chosen]
    tests = [coefficient_tests(errors.estimate.beta, one, level) for one in errors.covariances.values()]
    beta = np.asarray(errors.estimate.beta, dtype=float)[places]
    return Estimates(
        chosen,
        np.tile(beta, (len(tests), 1)),
        np.array([one.low[places] for one in tests]),
        np.array([one.high[places] for one in tests]),
        list(errors.covariances),
        "standard errors",
    )


def _of_frame(frame: pd.DataFrame, terms: Sequence[str] | None) -> Estimates:
    for name in ("term", "estimate", "low", "high"):
        if name not in frame.columns:
            there = [str(one) for one in frame.columns]
            raise unknown("column", name, there, f"A frame of intervals needs it; there are {listed(there)}.")
    of = frame["model"].astype(str) if "model" in frame.columns else None
    groups = [""] if of is None else list(dict.fromkeys(of))
    names = list(dict.fromkeys(str(one) for one in frame["term"]))
    chosen = _chosen(terms, names, [name for name in names if name != "Intercept"])
    shape = (3, len(groups), len(chosen))
    values = np.full(shape, np.nan)
    for place, group in enumerate(groups):
        part = (frame if of is None else frame[of == group]).drop_duplicates("term").set_index("term")
        part.index = part.index.astype(str)
        part = part.reindex(chosen)
        for row, name in enumerate(("estimate", "low", "high")):
            values[row, place] = part[name].to_numpy(dtype=float, na_value=np.nan)
    return Estimates(chosen, values[0], values[1], values[2], groups, "model")


def _chosen(terms: Sequence[str] | None, names: Sequence[str], default: list[str]) -> list[str]:
    for name in terms or ():
        if name not in names:
            raise unknown("coefficient", name, names)
    return list(terms) if terms is not None else default


def _said(found: Estimates, level: float) -> str:
    """Each coefficient under the last of the errors, and how far the first ones would be off."""
    last = len(found.groups) - 1
    ends = np.stack([found.value[last], found.low[last], found.high[last]], axis=1)
    each = "; ".join(
        f"{nameless(term)} {interval(*map(float, one))}" for term, one in zip(found.terms, ends, strict=True)
    )
    under = f" under {WORDS.get(found.groups[last], found.groups[last])} errors" if last else ""
    if found.what == "model" and last:
        under = f" in {found.groups[last]}"
    said = f"{counted(len(found.terms), 'coefficient')} with {100 * level:.10g}% intervals{under}: {each}."
    if found.what == "model" or not last:
        return said.replace("\n", " ")
    width = found.high - found.low
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = width[0] / width[last]
    known = ratio[np.isfinite(ratio)]
    if known.size:
        said += f" {WORDS.get(found.groups[0], found.groups[0]).capitalize()} intervals are "
        said += f"{known.min():.0%} to {known.max():.0%} as wide."
    return said.replace("\n", " ")

"""Slopes along a moderator: at three values or its levels, over its whole range, and where they are not 0."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.averaging import Fitted, Table, word
from honestsignals.inference.margins import Gradients, changes, joined
from honestsignals.inference.regions import Region, regions, simultaneous_reach
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import Combinations, WaldTest, combinations
from honestsignals.printed import Printed
from honestsignals.simple_slopes import SimpleSlopes, cells_of, on_both_scales, simple_slopes

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

POINTS = 41
"""Values of a moderator at which its curve is shown."""
PROBES = (0.0, 0.31, 0.67, 1.0)
"""Places along a range: slopes that lie on one line at these lie on it everywhere."""
KINDS = ("each value on its own", "all values at once")
"""What an interval is for, and so a region."""


@dataclass(frozen=True, eq=False)
class ModeratedSlopes(Printed):
    """Slopes of a column along another that moderates it. Prints facts, then a row a slope.

    Attributes
    ----------
    slopes : SimpleSlopes
        At the levels of the moderator, or at three of its values.
    term, by, what : str
        The column, its moderator, and what slopes on the label's scale are on, in words.
    along : pandas.DataFrame
        The slope over what was observed of the moderator; no rows where it has levels.
    where : pandas.DataFrame
        Where the slope can be told from 0.
    observed : ndarray
        The moderator's values, in order; none where it has levels.
    lines : tuple of str
        What the curve says, in words.
    """

    slopes: SimpleSlopes
    term: str
    by: str
    what: str
    along: pd.DataFrame
    where: pd.DataFrame
    observed: Array
    lines: tuple[str, ...]

    @property
    def test(self) -> WaldTest:
        """That no coefficient of the interaction differs from 0."""
        return self.slopes.test

    def tidy(self) -> pd.DataFrame:
        """One row a slope: what it is of, at which value, the estimate with its error and test, rows."""
        return self.slopes.tidy()

    def differences(self) -> pd.DataFrame:
        """One row a value but the first: how far the slope differs there from that at the first value."""
        return self.slopes.differences()

    def curve(self) -> pd.DataFrame:
        """The slope over the moderator's range, with both bands; no rows where the moderator has levels.

        ``low`` and ``high`` hold for each value on its own, ``low_all`` and ``high_all`` for all at once
        (potthoff1964); these are there where slopes are linear in the coefficients: scale "link", and
        "label" of a gaussian.
        """
        return self.along.copy()

    def regions(self) -> pd.DataFrame:
        """Where the slope can be told from 0: from, to, whether below or above, for which interval."""
        return self.where.copy()

    def facts(self) -> list[str]:
        """The interaction's test, where the slope can be told from 0, which errors."""
        said = self.slopes.facts()
        notes = [one for one in said if one.startswith("Note: ")]
        return [*(one for one in said if one not in notes), *self.lines, *notes]

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join([self.slopes.note(), *self.lines])


def moderated_slopes(
    fitted: Fitted, term: str, by: str, values: Any = None, *, level: float = 0.95
) -> ModeratedSlopes:
    r"""The slope of a column at values of its moderator, along it, and where it can be told from 0.

    At the levels of a moderator; of one that goes by degrees at its mean and one standard deviation to
    either side, over the rows used. Along such a one the slope has an interval at every value: those values
    at which it does not hold 0 are Johnson and Neyman's regions, within what was observed.

    Parameters
    ----------
    fitted : Fitted
    term : str
        A column; of levels each is set against the first.
    by : str
        The moderator.
    values : value or sequence of values, optional
        Of the moderator, instead of those three, or of its levels.
    level : float
        Coverage of the intervals.

    Returns
    -------
    ModeratedSlopes

    References
    ----------
    bauer2005, potthoff1964, esarey2018

    Examples
    --------
    >>> import pandas as pd
    >>> from honestsignals import fit
    >>> ego, alter = np.triu_indices(12, 1)
    >>> frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": (ego * alter) % 7})
    >>> frame["years"] = (ego + alter) / 4
    >>> frame["trust"] = frame["acts"] * (frame["years"] - 2) + np.sin(ego + alter)
    >>> found = fit("trust ~ acts * years", frame, family="gaussian").moderation("acts", "years")
    >>> found.regions()[["from", "to", "sign", "holds"]].round(2).head(2)
       from    to   sign                  holds
    0  0.25  1.86  below  each value on its own
    1  2.16  5.25  above  each value on its own
    """
    slopes, lines = _slopes(fitted, term, by, values, level)
    observed = np.empty(0)
    if fitted.categories(by) is None:
        x = fitted.numbers(by)
        observed = np.sort(x[~np.isnan(x)])
    if observed.size and np.unique(observed).size > 2:
        at = np.linspace(observed[0], observed[-1], POINTS)
    else:
        at, observed = np.empty(0), np.empty(0)
    curves = _curves(fitted, (term, by), at, level)
    where = _where(curves)
    if curves:
        lines += _words(by, where, curves)
    along = _along((term, by), curves)
    return ModeratedSlopes(slopes, term, by, fitted.what(), along, where, observed, lines)


@dataclass(frozen=True, eq=False)
class Stated:
    """Slopes at places of a moderator as combinations of coefficients.

    Attributes
    ----------
    term, by, what : str
        As of :class:`ModeratedSlopes`.
    contrasts : tuple of str
        Which slopes there are at each place.
    values : tuple of str
        The places, in words.
    matrix : ndarray, shape (values, contrasts, k)
        The combinations.
    scale : str
        "label" or "link".
    rows : int
    """

    term: str
    by: str
    what: str
    contrasts: tuple[str, ...]
    values: tuple[str, ...]
    matrix: Array
    scale: str
    rows: int

    def of(
        self, fit: tuple[Array, Covariance], test: WaldTest, lines: tuple[str, ...], level: float
    ) -> ModeratedSlopes:
        """The slopes, how far each is from that at the first place, and their test."""
        parts = [(value, one) for value in self.values for one in self.contrasts]
        apart = [(f"{value} - {self.values[0]}", one) for value in self.values[1:] for one in self.contrasts]
        size = self.matrix.shape[2]
        found = combinations(*fit, self.matrix.reshape(-1, size), level=level)
        between = combinations(*fit, (self.matrix[1:] - self.matrix[0]).reshape(-1, size), level=level)
        tables = self._table(parts, found), self._table(apart, between)
        slopes = SimpleSlopes(tables[0], tables[1], test, lines, ())
        return ModeratedSlopes(
            slopes, self.term, self.by, self.what, _along(("", ""), []), _where([]), np.empty(0), ()
        )

    def _table(self, parts: list[tuple[str, str]], found: Combinations) -> Table:
        n = len(parts)
        index = {
            "term": (self.term,) * n,
            "contrast": tuple(contrast for _, contrast in parts),
            "by": (self.by,) * n,
            "value": tuple(value for value, _ in parts),
            "scale": (self.scale,) * n,
        }
        return Table(index, found, {"rows": (self.rows,) * n})


def _slopes(
    fitted: Fitted, term: str, by: str, values: Any, level: float
) -> tuple[SimpleSlopes, tuple[str, ...]]:
    """Slopes at the levels, or at the mean and a standard deviation to either side; what those are."""
    fitted.check_column(by)
    if values is not None or fitted.categories(by) is not None:
        return simple_slopes(fitted, term, by, values, level=level), ()
    x, w = fitted.numbers(by), fitted.estimate.weights
    x, w = x[~np.isnan(x)], w[~np.isnan(x)]
    if np.unique(x).size <= 2:
        return simple_slopes(fitted, term, by, np.unique(x).tolist(), level=level), ()
    mean = float(w @ x / w.sum())
    spread = float(np.sqrt(w @ np.square(x - mean) / w.sum()))
    at = [mean - spread, mean, mean + spread]
    said = f"{by}: mean {word(mean)}, standard deviation {word(spread)} over the rows used."
    beyond = [word(one) for one in (at[0], at[2]) if not x.min() <= one <= x.max()]
    if beyond:
        said += f" No row has a value as far out as {' or '.join(beyond)}: take others by values=."
    return simple_slopes(fitted, term, by, at, level=level), (said,)


@dataclass(frozen=True, eq=False)
class _Curve:
    """One slope along a moderator.

    Attributes
    ----------
    names : tuple of str
        Contrast, scale, outcome.
    at : ndarray, shape (m,)
        Values of the moderator.
    known : tuple of ndarray and Gradients
        Values at which the slope was computed, and the slope there.
    fitted : Fitted
    level : float
    """

    names: tuple[str, str, str]
    at: Array
    known: tuple[Array, Gradients]
    fitted: Fitted
    level: float

    def bands(self, at: Array) -> tuple[Combinations, Array, Array]:
        """The slope with its interval at each of some values, and the band that holds for all of them.

        Between the values at which slopes were computed these are joined by straight lines, which they are
        where the moderator enters as it stands and slopes are of the linear predictor.
        """
        known, slopes = self.known
        where = np.interp(at, known, np.arange(known.size))
        before = np.minimum(where.astype(int), known.size - 2)
        share = where - before
        value, gradient = (
            one[before] + (share if one.ndim == 1 else share[:, None]) * (one[before + 1] - one[before])
            for one in (slopes.value, slopes.gradient)
        )
        found = self.fitted.tested(changes(value, gradient), self.level)
        wide = np.full(at.size, np.nan)
        if self.names[1] == "link" or self.fitted.linear:
            wide = simultaneous_reach(found.df, self._directions(), self.level) * found.std_error
        return found, found.estimate - wide, found.estimate + wide

    def _directions(self) -> int:
        """How many directions the slope's gradient takes along the moderator."""
        gradient = self.known[1].gradient
        gradient = gradient[np.isfinite(gradient).all(axis=1)]
        size = np.abs(gradient).max(axis=0, initial=0.0)
        if not size.any():
            return 1
        return int(np.linalg.matrix_rank(gradient[:, size > 0] / size[size > 0], tol=1e-8))

    def regions(self) -> list[tuple[Region, str]]:
        """Where the slope can be told from 0, for both kinds of interval."""
        found, low, high = self.bands(self.at)
        each = ((found.low, found.high), (low, high))
        return [
            (one, KINDS[kind])
            for kind, bounds in enumerate(each)
            for one in regions(self.at, bounds, partial(self._ends, kind))
        ]

    def _ends(self, kind: int, value: float) -> tuple[float, float]:
        found, low, high = self.bands(np.array([value]))
        ends = (found.low, found.high) if kind == 0 else (low, high)
        return float(ends[0][0]), float(ends[1][0])


def _curves(fitted: Fitted, names: tuple[str, str], at: Array, level: float) -> list[_Curve]:
    """Every slope along a moderator."""
    if not at.size:
        return []
    few = at[0] + (at[-1] - at[0]) * np.array(PROBES)
    slopes, cells = _slopes_at(fitted, names, few)
    where = few
    if not all(_straight(few, one) for one in slopes):
        slopes, cells = _slopes_at(fitted, names, at)
        where = at
    each = zip(cells, slopes, strict=True)
    return [_Curve(cell[:3], at, (where, one), fitted, level) for cell, one in each]


def _slopes_at(
    fitted: Fitted, names: tuple[str, str], at: Array
) -> tuple[list[Gradients], list[tuple[str, str, str, int]]]:
    """Of each slope its values at some values of the moderator; and what tells the slopes apart."""
    term, by = names
    found = [fitted.changes_of(term, {by: value}) for value in at.tolist()]
    each = [on_both_scales(fitted, one) for one in found]
    cells = cells_of(fitted, found[0])
    return [joined([one.only([place]) for one in each]) for place in range(len(cells))], cells


def _straight(at: Array, slopes: Gradients) -> bool:
    """Whether slopes lie on a straight line: then few values tell all."""
    values = np.column_stack([slopes.value, slopes.gradient])
    share = ((at - at[0]) / (at[-1] - at[0]))[:, None]
    apart = values - (values[0] + share * (values[-1] - values[0]))
    return bool((np.abs(apart) <= 1e-7 * np.abs(values).max(axis=0)).all())


def _along(names: tuple[str, str], curves: list[_Curve]) -> pd.DataFrame:
    """One row a slope and value."""
    import pandas as pd

    index = ("term", "contrast", "by", "value", "scale", "outcome")
    numbers = ("estimate", "std_error", "low", "high", "low_all", "high_all")
    parts = []
    for one in curves:
        found, low, high = one.bands(one.at)
        contrast, scale, outcome = one.names
        told = (names[0], contrast, names[1], one.at, scale, outcome)
        values = (found.estimate, found.std_error, found.low, found.high, low, high)
        parts.append(pd.DataFrame(dict(zip((*index, *numbers), (*told, *values), strict=True))))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*index, *numbers])


def _where(curves: list[_Curve]) -> pd.DataFrame:
    """One row a region."""
    import pandas as pd

    rows = [
        (*one.names, region.start, region.end, "above" if region.sign > 0 else "below", kind)
        for one in curves
        for region, kind in one.regions()
    ]
    return pd.DataFrame(rows, columns=["contrast", "scale", "outcome", "from", "to", "sign", "holds"])


def _words(by: str, where: pd.DataFrame, curves: list[_Curve]) -> tuple[str, ...]:
    """Regions as a sentence, of the scale that is tested."""
    linear, at, level = curves[0].fitted.linear, curves[0].at, curves[0].level
    shown = where[where["scale"] == ("label" if linear else "link")]
    said = []
    for kind in KINDS:
        parts = [
            f"{one.sign} 0 from {word(one[4])} to {word(one[5])}{_of(one)}"
            for one in shown[shown["holds"] == kind].itertuples()
        ]
        said.append(f"{kind}, {' and '.join(parts) if parts else 'nowhere'}")
    scale = "" if linear else "on the link's scale, "
    return (
        f"Where the slope is told from 0, {scale}{by} from {word(at[0])} to {word(at[-1])} as observed, at "
        f"{100 * level:g} %: {said[0]}; {said[1]}.",
    )


def _of(one: Any) -> str:
    """Which slope a region is of, where there are several."""
    parts = [part for part in (one.contrast if one.contrast != "dy/dx" else "", one.outcome) if part]
    return f" ({', '.join(parts)})" if parts else ""

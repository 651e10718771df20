"""Return, trust, disclosure: does each go before the others, window after window?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.depth_rows import log_of
from honestsignals.errors import ArgumentError, DesignError, FitError
from honestsignals.feedback_rows import (
    WITH_DEPTH,
    WITHOUT,
    WindowRows,
    labels_asked,
    panel_rows,
    window_rows,
)
from honestsignals.inference.double_filter import WithinPaths, double_filtered, within_paths
from honestsignals.inference.estimators import estimate
from honestsignals.inference.stacked import by_equation, equation_of, stacked
from honestsignals.inference.wald import WaldTest, coefficient_tests, wald
from honestsignals.metrics.acts import Settings
from honestsignals.moments import span
from honestsignals.panel_rows import Panel
from honestsignals.panels import CrossLagged, people_in
from honestsignals.printed import Printed
from honestsignals.standard_errors import check_errors, errors_of

if TYPE_CHECKING:
    import pandas as pd

    from honestsignals.log import InteractionLog

Array = np.ndarray[Any, np.dtype[Any]]

ALL, OWN = "pairs and windows", "windows of a pair"
"""What an estimate compares."""
NO_CAUSE = (
    "A path says what goes before what, not what makes it: something that moves both, one sooner than the "
    "other, leaves the same paths; so does a variable that is measured better than the other."
)
COMPARES = (
    f"'{ALL}' compares pairs that differ as well: what is stable about pairs and people stands in its paths. "
    f"'{OWN}' compares a pair with itself (double filter, without Nickell's bias)."
)


@dataclass(frozen=True, eq=False)
class Feedback(Printed):
    """Paths from every variable to every one in the window after. Prints its facts, then a row a path.

    Attributes
    ----------
    pooled : CrossLagged
        Over all pairs and windows.
    within : WithinPaths or None
        Within pairs.
    lags : int
    reason : str
        Why there are no paths within pairs; empty where there are.
    """

    pooled: CrossLagged
    within: WithinPaths | None
    lags: int
    reason: str

    @property
    def names(self) -> tuple[str, ...]:
        """The variables."""
        return self.pooled.panel.names

    @property
    def _ends(self) -> list[tuple[str, str, int]]:
        """To, from, and how many windows back, in the order of estimates."""
        names, lags = self.names, range(1, self.lags + 1)
        return [(to, one, lag) for to in names for lag in lags for one in names]

    def _pooled_places(self) -> list[int]:
        where = {name: place for place, name in enumerate(self.pooled.estimate.names)}
        return [where[f"{to}: {one}_before{'' if lag == 1 else lag}"] for to, one, lag in self._ends]

    def tidy(self, *, level: float = 0.95) -> pd.DataFrame:
        """One row a path and comparison.

        Columns: from, to, lag, kind ("stability" or "cross"), compares, estimate, std_error, statistic,
        p_value, low, high, df. Estimates are in the variables' own units.
        """
        import pandas as pd

        ends = self._ends
        front = {
            "from": [one for _, one, _ in ends],
            "to": [to for to, _, _ in ends],
            "lag": [lag for *_, lag in ends],
            "kind": ["stability" if to == one else "cross" for to, one, _ in ends],
        }
        places = self._pooled_places()
        parts = [self._part(ALL, front, (self.pooled.estimate.beta, self.pooled.covariance, places), level)]
        if self.within is not None:
            every = list(range(len(ends)))
            parts.append(self._part(OWN, front, (self.within.beta, self.within.covariance, every), level))
        return pd.concat(parts, ignore_index=True)

    def _part(
        self, compares: str, front: Mapping[str, Any], found: tuple[Any, Any, list[int]], level: float
    ) -> pd.DataFrame:
        import pandas as pd

        beta, covariance, places = found
        tests = coefficient_tests(beta, covariance, level)
        columns = {
            "estimate": beta,
            "std_error": covariance.std_error,
            "statistic": tests.statistic,
            "p_value": tests.p_value,
            "low": tests.low,
            "high": tests.high,
            "df": covariance.df,
        }
        numbers = {name: values[places] for name, values in columns.items()}
        return pd.DataFrame({**front, "compares": compares, **numbers})

    def cross_test(self, *, within: bool = True) -> WaldTest:
        """Joint test that all cross paths are 0.

        Parameters
        ----------
        within : bool
            Of the paths within pairs; else of those over all pairs and windows.

        Raises
        ------
        DesignError
            Where there are no paths within pairs.
        """
        cross = [place for place, (to, one, _) in enumerate(self._ends) if to != one]
        if not within:
            places = self._pooled_places()
            return wald(self.pooled.estimate.beta, self.pooled.covariance, [places[one] for one in cross])
        if self.within is None:
            raise DesignError(f"There are no paths within pairs: {self.reason}")
        return wald(self.within.beta, self.within.covariance, cross)

    def facts(self) -> list[str]:
        """Windows, rows, people, what was left out; what the paths compare and do not show."""
        lines = self.pooled.facts()
        if self.within is None:
            lines.append(f"No paths within pairs: {self.reason}")
        else:
            one = self.within
            lines.append(
                f"Within pairs: {one.rows:,} rows after both filters, {one.pairs:,} pairs, {one.people:,} "
                f"people. All cross paths 0: {self.cross_test()}."
            )
            lines += [f"Note: {note}." for note in one.covariance.notes]
        return [*lines, COMPARES, NO_CAUSE]

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.facts())


def feedback(
    source: InteractionLog | Any,
    length: str | int = "28D",
    *,
    variables: Mapping[str, str] | None = None,
    label: str | Sequence[str] | None = None,
    lags: int = 1,
    pair_effects: bool = True,
    within: str = "1D",
    covariance: str = "jackknife",
) -> Feedback:
    r"""The loop of return, trust and disclosure: each on all of them in the window before.

    .. math:: v_{ij,t} = \alpha_{vt} + \sum_u \sum_{l=1}^{L} \beta_{vul}\, u_{ij,t-l} + \mu_{v,ij} + e_{v,ijt}

    A row is an ordered pair in a window. Twice estimated: over all pairs and windows, which leaves out μ, so
    that what is stable about pairs stands in the paths; and within pairs, where a double filter takes μ out
    without the bias that a pair's own mean would leave over few windows. Windows are shorter than the log was
    observed for: parts of windows at its end are left out. A window of a pair in which some variable is not
    defined (nothing disclosed, say) is left out and counted, and so is one without one right before.

    Parameters
    ----------
    source : InteractionLog or Study
        Acts with times.
    length : str or int
        Of a window: a span, "week" or "month", or a number of waves.
    variables : mapping of str to str, optional
        Names, and columns of dyads as seen from ego, or functions of them ("log1p(acts_ego)"). By default
        ``return`` (share of ego's disclosures that alter returned within Δ), ``disclosure`` (mean depth of
        ego's) and ``volume`` (how many, log1p); of a log without depth ``return`` (share of ego's openings
        that alter answered), ``openings`` (how many ego opened) and ``volume`` (all of ego's acts).
    label : str or sequence of str, optional
        Labels of the study that are ``trust``, each in the window in which it was asked; a pair counts only
        in windows in which it was.
    lags : int
        Windows before on the right side.
    pair_effects : bool
        Whether to estimate paths within pairs too; for that a pair must be known in ``lags`` + 3 windows in a
        row.
    within : str
        Δ: how long the return of a disclosure is waited for.
    covariance : {"jackknife", "dyadic", "two_way", "pair", "hc1", "classical", "frank_snijders"}
        Which standard errors over all pairs and windows; within pairs it is the net jackknife.

    Returns
    -------
    Feedback

    Raises
    ------
    DesignError
        Where acts have no times, or fewer than two windows were wholly observed.
    FitError
        Where no pair is known in windows in a row.

    References
    ----------
    hamaker2015, hayakawa2019, nickell1981

    Examples
    --------
    >>> import honestsignals as hs
    >>> log = hs.simulate_disclosure(seed=4, people=20, days=300).log
    >>> found = hs.feedback(log, "28D")
    >>> own = found.tidy().query("compares == 'windows of a pair' and to == 'disclosure'")
    >>> own[["from", "to", "estimate", "std_error"]].round(2)
              from          to  estimate  std_error
    12      return  disclosure     -0.06       0.14
    13  disclosure  disclosure      0.33       0.10
    14      volume  disclosure      0.10       0.13
    """
    check_errors(covariance, False)
    if isinstance(lags, bool) or not isinstance(lags, int) or lags < 1:
        raise ArgumentError(f"lags is {lags!r}; it must be a whole number of windows, 1 or more.")
    log = log_of(source, "feedback")
    settings = Settings(disclosure_window=span(within, "within"))
    chosen = variables
    if chosen is None:
        chosen = WITH_DEPTH if log.acts.columns.get("depth") is not None else WITHOUT
    labels = labels_asked(source, label)
    rows = window_rows(log, log.windows(length), chosen, labels, settings)
    pooled = crossed(panel_rows(rows, lags), covariance)
    if not pair_effects:
        return Feedback(pooled, None, lags, "they were not asked for.")
    found, reason = own_windows(rows, lags)
    return Feedback(pooled, found, lags, reason)


def own_windows(rows: WindowRows, lags: int) -> tuple[WithinPaths | None, str]:
    """Paths within pairs, or the reason why there are none.

    Parameters
    ----------
    rows : WindowRows
    lags : int
    """
    at, K = rows.behind(lags), len(rows.names)
    every = np.hstack([rows.values[at - lag] for lag in range(lags + 1)])
    # what all pairs share in a window is no pair's own
    _, count = np.unique(rows.window[at], return_inverse=True)
    means = np.column_stack([np.bincount(count, column) / np.bincount(count) for column in every.T])
    every = every - means[count]
    left = double_filtered(every[:, :K], every[:, K:], rows.spell[at])
    if not len(left.row):
        return None, f"no pair is known in {lags + 3} windows in a row."
    names = tuple(f"{to}: {one}" for to in rows.names for _ in range(lags) for one in rows.names)
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

"""Return, trust, disclosure: does each go before the others, window after window?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.depth_rows import log_of
from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.feedback_fits import crossed, own_windows
from honestsignals.feedback_moderators import moderated_rows, panel_rows
from honestsignals.feedback_rows import WITH_DEPTH, WITHOUT, labels_asked, window_rows
from honestsignals.inference.double_filter import WithinPaths
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import Combinations, WaldTest, combinations, wald
from honestsignals.inference.words import counted
from honestsignals.metrics.acts import Settings
from honestsignals.moderated_slopes import ModeratedSlopes, Stated
from honestsignals.moments import span
from honestsignals.panels import CrossLagged
from honestsignals.printed import Printed
from honestsignals.standard_errors import check_errors
from honestsignals.turn_moderators import Moderator

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
    moderator : Moderator or None
        What paths may depend on. Paths are then those at its first level, or its mean, and products what they
        are more.
    """

    pooled: CrossLagged
    within: WithinPaths | None
    lags: int
    reason: str
    moderator: Moderator | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The variables."""
        return self.pooled.panel.names

    @property
    def _by(self) -> tuple[str, ...]:
        return ("", *(() if self.moderator is None else self.moderator.terms))

    @property
    def _ends(self) -> list[tuple[str, str, int]]:
        """To, from, and how many windows back, in the order of estimates."""
        names, lags = self.names, range(1, self.lags + 1)
        return [(to, one, lag) for to in names for lag in lags for one in names]

    def _of(self, compares: str) -> tuple[Array, Covariance]:
        """Coefficients and their errors, over all pairs and windows or within pairs."""
        if compares == ALL:
            return self.pooled.estimate.beta, self.pooled.covariance
        if self.within is None:
            raise DesignError(f"There are no paths within pairs: {self.reason}")
        return self.within.beta, self.within.covariance

    def _places(self, compares: str) -> Array:
        """Coefficients of every path, and of its products, shape (paths, 1 + g)."""
        if compares == ALL:
            where = {name: place for place, name in enumerate(self.pooled.estimate.names)}
            return np.array(
                [
                    [
                        where[f"{to}: {one}_before{'' if lag == 1 else lag}{f':{term}' if term else ''}"]
                        for term in self._by
                    ]
                    for to, one, lag in self._ends
                ]
            )
        each = len(self.names) * self.lags
        every = np.arange(len(self.names) * each * len(self._by)).reshape(
            len(self.names), len(self._by), each
        )
        return np.asarray(every.transpose(0, 2, 1).reshape(-1, len(self._by)))

    @property
    def _compared(self) -> list[str]:
        return [ALL] if self.within is None else [ALL, OWN]

    def _front(self, compares: str) -> dict[str, Any]:
        ends = self._ends
        return {
            "from": [one for _, one, _ in ends],
            "to": [to for to, _, _ in ends],
            "lag": [lag for *_, lag in ends],
            "kind": ["stability" if to == one else "cross" for to, one, _ in ends],
            "compares": compares,
        }

    def tidy(self, *, level: float = 0.95) -> pd.DataFrame:
        """One row a path and comparison; with a moderator, then one a product of a path with it.

        Columns: from, to, lag, kind ("stability" or "cross"), compares, with a moderator by (empty for a path
        itself, else what it is more by), estimate, std_error, statistic, p_value, low, high, df. Estimates
        are in the variables' own units.
        """
        import pandas as pd

        parts = []
        for compares in self._compared:
            beta, covariance = self._of(compares)
            for term, places in zip(self._by, self._places(compares).T, strict=True):
                found = combinations(beta, covariance, np.eye(len(beta))[places], level=level)
                named = {"by": term} if self.moderator is not None else {}
                parts.append(pd.DataFrame({**self._front(compares), **named, **_numbers(found)}))
        return pd.concat(parts, ignore_index=True)

    def slopes(self, *, level: float = 0.95) -> pd.DataFrame:
        """Every path at each level of the moderator, or at its mean and a standard deviation to each side.

        Columns: from, to, lag, kind, compares, by, value, then as ``tidy``.
        """
        import pandas as pd

        moderator = self._moderated()
        parts = []
        for compares in self._compared:
            for word, z in moderator.places:
                found = combinations(*self._of(compares), self._at(compares, z), level=level)
                told = {"by": moderator.name, "value": word}
                parts.append(pd.DataFrame({**self._front(compares), **told, **_numbers(found)}))
        return pd.concat(parts, ignore_index=True)

    def _at(self, compares: str, z: tuple[float, ...]) -> Array:
        """Paths at a place of the moderator, as combinations of coefficients."""
        places = self._places(compares)
        C = np.zeros((len(places), len(self._of(compares)[0])))
        C[np.arange(len(places))[:, None], places] = z
        return C

    def _moderated(self) -> Moderator:
        if self.moderator is None:
            raise DesignError("Paths depend on no moderator: say by=.")
        return self.moderator

    def moderation(self, start: str, end: str, *, lag: int = 1, within: bool = True) -> ModeratedSlopes:
        """One path by the moderator, for the figure of moderation.

        Parameters
        ----------
        start, end : str
            Variables that it goes from and to.
        lag : int
            How many windows later.
        within : bool
            Within pairs, or over all pairs and windows.
        """
        moderator, compares = self._moderated(), OWN if within else ALL
        for name in (start, end):
            if name not in self.names:
                raise unknown("variable", name, list(self.names))
        if (end, start, lag) not in self._ends:
            raise ArgumentError(f"lag is {lag!r}; paths go over 1 to {self.lags} windows.")
        place = self._ends.index((end, start, lag))
        fit = self._of(compares)
        stated = Stated(
            term=start,
            by=moderator.name,
            what=f"{end} {counted(lag, 'window')} later",
            contrasts=("dy/dx",),
            values=tuple(word for word, _ in moderator.places),
            matrix=np.array([self._at(compares, z)[[place]] for _, z in moderator.places]),
            scale="label",
            rows=len(self.pooled.ids) if self.within is None or not within else self.within.rows,
        )
        test = wald(*fit, self._places(compares)[place, 1:].tolist())
        line = f"Path of {start} to {end} by {moderator.name}, {compares}; the same whatever it is: {test}."
        return stated.of(fit, test, (line,), 0.95)

    def cross_test(self, *, within: bool = True) -> WaldTest:
        """Joint test that all cross paths are 0, with a moderator at each of its values.

        Parameters
        ----------
        within : bool
            Of the paths within pairs; else of those over all pairs and windows.

        Raises
        ------
        DesignError
            Where there are no paths within pairs.
        """
        return self._test(within, 0)

    def moderation_test(self, *, within: bool = True) -> WaldTest:
        """Joint test that no cross path depends on the moderator.

        Parameters
        ----------
        within : bool
            As of ``cross_test``.
        """
        self._moderated()
        return self._test(within, 1)

    def _test(self, within: bool, first: int) -> WaldTest:
        compares = OWN if within else ALL
        fit = self._of(compares)
        cross = [place for place, (to, one, _) in enumerate(self._ends) if to != one]
        return wald(*fit, sorted(self._places(compares)[cross, first:].ravel().tolist()))

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
        if self.moderator is not None:
            test = self.moderation_test(within=self.within is not None)
            lines.append(
                f"Paths are those where {self.moderator.name} is {self.moderator.zero}, rows with by= what "
                f"they are more; windows are taken out by it too. No cross path depends on it: {test}."
            )
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
    by: Any = None,
    lags: int = 1,
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
        Labels of the study that are ``trust``, each in the window in which it was asked, of several in one
        window the latest answer; a pair counts only in windows in which it was asked about.
    by : str or pandas.DataFrame, optional
        A moderator that all paths may depend on: "ego_", "alter_" or "same_" and a column of a study's
        people; a column of the study's pairs; or a frame with ``ego``, ``alter`` and a column of pairs.
        Words, and two numbers, are levels.
    lags : int
        Windows before on the right side; within pairs, a pair must be known in ``lags`` + 3 in a row.
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
    rows = moderated_rows(source, log, rows, by)
    pooled = crossed(panel_rows(rows, lags), covariance)
    found, reason = own_windows(rows, lags)
    return Feedback(pooled, found, lags, reason, rows.moderator)


def _numbers(found: Combinations) -> dict[str, Array]:
    names = ("estimate", "std_error", "statistic", "p_value", "low", "high", "df")
    return {name: getattr(found, name) for name in names}

"""What makes somebody act next? A hazard of recurrent acts, with the balance so far as it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from honestsignals.depth_rows import log_of
from honestsignals.errors import ArgumentError, DesignError, check_level, one_of, unknown
from honestsignals.hazard_columns import RECEIVED, covariate_of, known_of, parted, words_of
from honestsignals.hazard_rows import Between, between_acts, split
from honestsignals.hazard_slopes import HazardSlopes, hazard_slopes
from honestsignals.hazard_terms import Covariate, Design, asked_terms, designed
from honestsignals.inference.hazard_errors import COVARIANCES, hazard_covariance
from honestsignals.inference.hazards import TIES, HazardFit, Spells, hazard_fit
from honestsignals.inference.variance import Covariance
from honestsignals.inference.wald import WaldTest, coefficient_tests, wald
from honestsignals.inference.words import counted
from honestsignals.log import InteractionLog
from honestsignals.moments import span
from honestsignals.printed import Printed
from honestsignals.return_groups import people_column
from honestsignals.returning import Sourced

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

SINCE = ("1h", "1D", "7D")
HALF_LIFE = "7D"
FURTHER = "further acts at such an instant are no events of their own"
STRATA = ("ego", "alter", "pair")
WHICH = {
    "classical": "as if all events were independent given the columns",
    "pair": "clustered by pair; pairs that share a person count as independent",
    "dyadic": "dyadic-robust: rows that share a person may depend on one another; t with effective degrees "
    "of freedom",
    "jackknife": "net jackknife over people and pairs, in one step; t with effective degrees of freedom",
}


@dataclass(frozen=True, eq=False)
class HazardResult(Printed):
    """Hazard ratios of ego's next act to alter. Prints its facts, then a row a column.

    Attributes
    ----------
    design : Design
        Its columns.
    fit : HazardFit
    covariance : Covariance
    codes : tuple of ndarray of int, shape (rows,)
        Ego and alter of each row.
    events : int
    lines : tuple of str
        What was looked at, and how.
    left_out : mapping of str to int
        Why rows were left out, and how many.
    """

    design: Design
    fit: HazardFit
    covariance: Covariance
    codes: tuple[Array, Array]
    events: int
    lines: tuple[str, ...]
    left_out: Mapping[str, int]

    of: ClassVar[str] = "the next act"
    """What the hazard is of."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return self.design.names

    def with_covariance(self, covariance: str) -> HazardResult:
        """The same with other standard errors.

        Parameters
        ----------
        covariance : {"jackknife", "dyadic", "pair", "classical"}
        """
        one_of("covariance", covariance, tuple(COVARIANCES))
        return replace(self, covariance=hazard_covariance(self.fit, *self.codes, self.names, covariance))

    def tidy(self, *, level: float = 0.95) -> pd.DataFrame:
        """One row a column: term, estimate (log hazard ratio), hazard_ratio, its ends, error and test.

        Columns: term, estimate, std_error, statistic, p_value, hazard_ratio, low, high (of the hazard
        ratio), df.
        """
        import pandas as pd

        check_level(level)
        tests = coefficient_tests(self.fit.beta, self.covariance, level)
        return pd.DataFrame(
            {
                "term": self.names,
                "estimate": self.fit.beta,
                "std_error": self.covariance.std_error,
                "statistic": tests.statistic,
                "p_value": tests.p_value,
                "hazard_ratio": np.exp(self.fit.beta),
                "low": np.exp(tests.low),
                "high": np.exp(tests.high),
                "df": self.covariance.df,
            }
        )

    def ladder(self) -> pd.DataFrame:
        """Standard errors side by side: term, estimate, classical, pair, dyadic, jackknife."""
        import pandas as pd

        errors = {name: self.with_covariance(name).covariance.std_error for name in COVARIANCES}
        return pd.DataFrame({"term": self.names, "estimate": self.fit.beta, **errors})

    def wald(self, terms: Sequence[str]) -> WaldTest:
        """Joint test that some log hazard ratios are 0.

        Parameters
        ----------
        terms : sequence of str
            Names of columns.
        """
        for one in terms:
            if one not in self.names:
                raise unknown("term", one, self.names)
        return wald(self.fit.beta, self.covariance, [self.names.index(one) for one in terms])

    def moderation(self, term: str, by: str, values: Any = None, *, level: float = 0.95) -> HazardSlopes:
        """The hazard ratio of a covariate at values of another, whose product the hazard has.

        Parameters
        ----------
        term : str
            The covariate; of one in classes each class is set against the first.
        by : str
            Its moderator.
        values : value or sequence of values, optional
            Of the moderator; by default its levels, or its mean and a standard deviation to either side.
        level : float
            Coverage of the intervals.

        Returns
        -------
        HazardSlopes
            With the test of the product, and ``differences()``; the figure "moderation" draws it.
        """
        return hazard_slopes(
            self.design,
            (self.fit.beta, self.covariance),
            (term, by),
            (self.of, WHICH[self.covariance.name]),
            values=values,
            level=level,
        )

    def facts(self) -> list[str]:
        """Events, people and pairs; which errors; what the numbers are."""
        ego, alter = self.codes
        people = len(np.union1d(ego, alter))
        ordered = counted(len(np.unique(ego * 2**31 + alter)), "ordered pair")
        errors = self.covariance.name
        left = [f"Left out: {counted(count, 'row')} ({reason})." for reason, count in self.left_out.items()]
        return [
            f"Hazard of ego's next act to alter: {counted(self.events, 'act')} of "
            f"{counted(people, 'person', 'people')} in {ordered}, {counted(len(ego), 'row')}.",
            *self.lines,
            *left,
            f"Standard errors: {WHICH[errors]}.",
            "Hazard ratios are associations: who has been given much may be who acts much anyway.",
            *(f"Note: {one}." for one in self.covariance.notes),
        ]

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.facts())


def return_hazard(
    source: InteractionLog | Sourced,
    covariates: Sequence[str] = ("debt_log", "received_since"),
    *,
    strata: str | None = None,
    pairs: str = "met",
    spans: Mapping[str, Any] | None = None,
    people: pd.DataFrame | None = None,
    covariance: str = "jackknife",
    ties: str = "efron",
) -> HazardResult:
    r"""Does a debt bring the next act? The hazard of ego's next act to alter, by the balance so far.

    .. math:: \lambda_{ij}(t) = \lambda_0(t) \exp(\beta\, \text{debt}_{ij}(t) + \ldots), \quad
        \text{debt}_{ij}(t) = w_{ji}(t^-) - w_{ij}(t^-)

    Andersen and Gill's model of recurrent events on the log's own clock: at each act all ordered pairs at
    risk are compared, so that busy hours, which all share, say nothing. Columns count acts strictly before.
    People act at rates of their own: without ``strata`` or columns that say so, who acts much has little
    debt and acts again, which pulls the debt's ratio down. ``strata="ego"`` compares whom the same person
    acts to; ``strata="pair"`` who of two acts next. Nominal .95 intervals of the jackknife cover 95–97 % at
    60 people (docs/returns_calibration.md).

    Parameters
    ----------
    source : InteractionLog or Study
        Acts with times; only those that count as giving are looked at (``log.only("help")`` for a kind).
    covariates : sequence of str
        "debt", "debt_log" (signed log1p), "debt_decayed" (each act halved with every half-life, in
        quarters of it), "received_log", "given_log", "received_since" and "given_since" (classes of time
        since the last); "received_kind", "received_channel", "received_context", "received_topic" and
        "received_depth" of the act that ego last received; "ego_tenure", "alter_tenure", "gap_tenure" and
        "same_office", attributes of people; columns of a study's pairs, or a frame with ``ego``, ``alter``
        and one column. "debt_log*same_office" is both and their product, "debt_log:ego_office" the product
        alone: what ``strata`` or a baseline takes out needs no column of its own.
    strata : str, optional
        A baseline for each "ego", "alter" or "pair", or for each value of "ego_office", "alter_office".
    pairs : {"met", "all"}
        At risk: pairs from their first act on, which is no event; or all pairs from the beginning.
    spans : mapping of str, optional
        ``half_life`` (a week), and ``since``, the ends of the classes of time since: ("1h", "1D", "7D").
    people : pandas.DataFrame, optional
        Attributes of people by id (index, or a column ``person`` or ``id``); by default the study's.
    covariance : {"jackknife", "dyadic", "pair", "classical"}
        Which standard errors.
    ties : {"efron", "breslow"}
        How acts at one instant are taken.

    Returns
    -------
    HazardResult

    Raises
    ------
    DesignError
        Where acts have no times, a column is a combination of others, or there are too many rows.
    FitError
        Where there is no estimate.

    References
    ----------
    andersen1982, efron1977, lin1989, fafchamps2007

    Examples
    --------
    >>> import honestsignals as hs
    >>> study = hs.simulate(seed=5).study()
    >>> found = hs.return_hazard(study, ["debt_log"], strata="ego")
    >>> found.tidy()[["term", "hazard_ratio", "low", "high"]].round(2)
           term  hazard_ratio   low  high
    0  debt_log          0.82  0.69  0.97
    """
    log = log_of(source, "return_hazard")
    one_of("pairs", pairs, ("met", "all"))
    one_of("covariance", covariance, tuple(COVARIANCES))
    one_of("ties", ties, TIES)
    named, frames = parted(covariates)
    asked = asked_terms(named, "debt_log")
    known = known_of(source, log, people, frames)
    half_life, since = _spans(spans)
    rows = between_acts(log, pairs, half_life)
    if not rows.event.any():
        raise DesignError("Nobody acts again after a first act, so there is no event.")
    rows = split(rows, asked.names, list(since.values()), half_life)
    there = {name: covariate_of(rows, name, since, known) for name in asked.names}
    stratum, words = _strata(rows, strata, log, known.people)
    used, left_out = _used(there, stratum)
    design = designed(asked, there, used)
    spells = Spells(rows.start[used], rows.stop[used], rows.event[used], design.X, stratum[used])
    found = hazard_fit(spells, list(design.names), ties)
    codes = rows.ego[used], rows.alter[used]
    return HazardResult(
        design,
        found,
        hazard_covariance(found, *codes, list(design.names), covariance),
        codes,
        int(spells.event.sum()),
        _lines(rows, (pairs, words, ties), asked.names),
        left_out,
    )


def _used(covariates: Mapping[str, Covariate], stratum: Array) -> tuple[Array, dict[str, int]]:
    """Rows of which all is known; how many are not used, by the first reason."""
    keep = stratum >= 0
    left = {"the attribute of the strata is not known": int((~keep).sum())}
    for name, one in covariates.items():
        nothing = ", or nothing was received yet" if name.startswith(RECEIVED) else ""
        left[f"{name} is not known{nothing}"] = int((keep & ~one.known).sum())
        keep &= one.known
        if not keep.any():
            raise DesignError(f"{name!r} is known of no row that is left, so there is nothing to compare.")
    return np.flatnonzero(keep), {reason: count for reason, count in left.items() if count}


def _spans(spans: Mapping[str, Any] | None) -> tuple[int, dict[str, int]]:
    """Half-life, and the ends of classes of time since."""
    for name in spans or {}:
        if name not in ("half_life", "since"):
            raise unknown("span", name, ("half_life", "since"))
    given = dict(spans or {})
    words = given.get("since", SINCE)
    words = [words] if isinstance(words, str) else list(words)
    if not words:
        raise ArgumentError("since has no class; name ends such as ('1h', '1D').")
    since = {str(word): span(word, "since") for word in words}
    return span(given.get("half_life", HALF_LIFE), "half_life"), dict(
        sorted(since.items(), key=lambda one: one[1])
    )


def _strata(
    rows: Between, strata: str | None, log: InteractionLog, people: pd.DataFrame | None
) -> tuple[Array, str]:
    """Codes of the strata, -1 where not known, and what they are in words."""
    import pandas as pd

    if strata is None:
        return np.zeros(len(rows.ego), dtype=np.int64), "One baseline for all"
    low, high = np.minimum(rows.ego, rows.alter), np.maximum(rows.ego, rows.alter)
    own = {"ego": rows.ego, "alter": rows.alter, "pair": low * len(log.people) + high}
    if strata in own:
        return pd.factorize(own[strata])[0].astype(np.int64), f"A baseline for each {strata}"
    whose, _, column = strata.partition("_")
    if whose not in ("ego", "alter") or people is None or column not in people.columns:
        there = [] if people is None else [f"{one}_{each}" for one in ("ego", "alter") for each in people]
        raise unknown("strata", strata, [*STRATA, *there])
    codes = pd.factorize(people_column(log, people, column))[0].astype(np.int64)
    return codes[rows.ego if whose == "ego" else rows.alter], f"A baseline for each {column} of {whose}"


def _lines(rows: Between, how: tuple[str, str, str], names: Sequence[str]) -> tuple[str, ...]:
    pairs, strata, ties = how
    met = "Pairs are at risk from their first act on, which is no event"
    when = met if pairs == "met" else "All pairs of people are at risk from the beginning of the log"
    further = counted(rows.several, "further act at such an instant is no event of its own", FURTHER)
    several = f" {further}." * bool(rows.several)
    return (
        f"{when}. {strata}, on the log's own clock; ties by {ties.capitalize()}.{several}",
        *(f"{name}: {words_of(name)}." for name in names if words_of(name)),
    )

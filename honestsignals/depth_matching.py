"""Is depth met with depth? Matching, own persistence and escalation of disclosure over a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtr, stdtrit

from honestsignals.depth_rows import log_of
from honestsignals.errors import DesignError, FitError, check_level
from honestsignals.inference.people_shares import HUB_SHARE
from honestsignals.inference.turn_errors import PersonErrors, person_errors
from honestsignals.inference.turn_series import LAGS, Series, TurnModel
from honestsignals.inference.words import counted
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import DAY
from honestsignals.printed import Printed
from honestsignals.returning import Sourced
from honestsignals.tables import number
from honestsignals.turn_moderators import Moderator, moderator_of, no_moderator
from honestsignals.turn_rows import IN_PEOPLE, TurnRows, column_of, turn_rows

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

NAMES = ("matching", "own", "escalation")
PER_DYAD = "depth_matching_ego"
ROUNDING = 1e-12
SQUARED = (1e-100, 1e100)
"""Depths whose squares, and sums of them, are numbers."""
ERRORS = (
    "Standard errors: turns of pairs that share a person may depend on one another, as far as that is "
    "beyond chance; t with effective degrees of freedom."
)


@dataclass(frozen=True, eq=False)
class Matching(Printed):
    """Matching, own persistence and escalation. Prints its facts, then a row a coefficient.

    Attributes
    ----------
    terms : tuple of str
        Names of the coefficients.
    estimate : ndarray, shape (p,)
    model : TurnModel
        The turns, depths in standard deviations.
    errors : PersonErrors
        Of these.
    unit : float
        Their standard deviation.
    moderator : Moderator
        What coefficients may depend on.
    left_out : mapping of str to int
        Turns that no slope rests on, by reason.
    log : InteractionLog
        Whose turns these are.
    """

    terms: tuple[str, ...]
    estimate: Array
    model: TurnModel
    errors: PersonErrors
    unit: float
    moderator: Moderator
    left_out: Mapping[str, int]
    log: InteractionLog

    def _frame(self, combinations: Array, columns: Mapping[str, Any], level: float) -> pd.DataFrame:
        """Combinations of the coefficients, one a row."""
        import pandas as pd

        check_level(level)
        estimate = combinations @ self.estimate
        inner = combinations * _scales(self.model, self.unit)
        size = np.abs(inner).max(axis=1)  # taken out, as variances take their sixth power on the way
        inner /= size[:, None]
        error, df = size * np.sqrt(self.errors.variance(inner)), self.errors.df(inner)
        with np.errstate(invalid="ignore", divide="ignore"):
            statistic = estimate / error
        half = error * stdtrit(df, 0.5 + level / 2)
        values = {
            "estimate": estimate,
            "std_error": error,
            "statistic": statistic,
            "p_value": 2 * stdtr(df, -np.abs(statistic)),
            "low": estimate - half,
            "high": estimate + half,
            "df": df,
        }
        return pd.DataFrame({**columns, **values})

    def tidy(self, *, level: float = 0.95) -> pd.DataFrame:
        """One row a coefficient: term, estimate, std_error, statistic, p_value, low, high, df.

        With a moderator, ``matching`` is of its first level (or its mean), ``matching:culture[T.b]`` what b
        has more.
        """
        return self._frame(np.eye(len(self.terms)), {"term": list(self.terms)}, level)

    def slopes(self, *, level: float = 0.95) -> pd.DataFrame:
        """Matching, own and escalation at each level of the moderator, or at its mean and an sd to each side.

        Columns: term, by, value, then as ``tidy``.
        """
        g = self.model.series.z.shape[1]
        rows, terms, values = [], [], []
        for place, name in enumerate(NAMES):
            for word, z in self.moderator.places:
                row = np.zeros(len(self.terms))
                row[place * g : (place + 1) * g] = z
                rows.append(row)
                terms.append(name)
                values.append(word)
        return self._frame(np.array(rows), {"term": terms, "by": self.moderator.name, "value": values}, level)

    @cached_property
    def _least_squares(self) -> Array:
        """Pooled, and within ordered pairs, of the same turns: shape (2, 3)."""
        series = self.model.series
        plain = TurnModel(series._replace(z=series.z[:, :1], shifts=series.shifts[:, :0]))
        pooled = plain.pooled()
        try:
            within = plain.solve(corrected=False)
        except FitError:
            within = np.full(3, np.nan)
        return np.array([pooled, within]) * [1.0, 1.0, self.unit]

    def naive(self) -> pd.DataFrame:
        """What least squares says of the same turns, and which way it is off: term, pooled, within.

        ``pooled`` has one level for everybody, so that who goes deep anyway passes for what persists;
        ``within`` takes out the mean of each ordered pair, which pulls what persists down in short series.
        Its escalation is the slope on ln k given the turns before.
        """
        import pandas as pd

        pooled, within = self._least_squares
        return pd.DataFrame({"term": NAMES, "pooled": pooled, "within": within})

    @cached_property
    def _per_dyad(self) -> Array:
        table = self.log.dyads(metrics=[PER_DYAD, "depth_matching_alter"])
        both = [table.frame[name].to_numpy(dtype=float) for name in (PER_DYAD, "depth_matching_alter")]
        found = np.concatenate(both)
        return np.asarray(found[~np.isnan(found)])

    def partial(self) -> tuple[Array, Array]:
        """How deep alter's turn and ego's next were, beyond what level, own persistence and trend foretell.

        One value a turn used, each less the mean of its ordered pair; in units of depth.

        Raises
        ------
        DesignError
            With a moderator: there are as many slopes as it has levels.
        """
        if self.moderator.name:
            raise DesignError(f"Matching differs by {self.moderator.name}; of one slope it is without by=.")
        alter, ego = self.model.partial(self.estimate / _scales(self.model, self.unit))
        return self.unit * alter, self.unit * ego

    def facts(self) -> list[str]:
        """Turns used and left out, how levels are dealt with, which errors, and what slopes of dyads say."""
        model, series = self.model, self.model.series
        ego, alter = model.people
        arcs = len(np.unique(ego * (int(max(ego.max(), alter.max())) + 1) + alter))
        people = counted(len(np.union1d(ego, alter)), "person", "people")
        left = [f"{count:,} {reason}" for reason, count in self.left_out.items() if count]
        lines = [
            f"Matching of depth over {len(model.used):,} turns of disclosure by {people} in "
            f"{counted(arcs, 'ordered pair')}; a middle one has {np.median(model.counts):.0f} turns.",
            f"Left out: {'; '.join(left)}." if left else "",
            "matching: deeper by so much where alter's turn just before was deeper by one; own: the same of "
            "ego's turn before that; escalation: slope of depth on ln k, k the turns of the pair so far.",
            "Each ordered pair has a level of its own; what taking it out does to slopes in short series is "
            "taken out too (docs/matching.md).",
            ERRORS,
        ]
        touching = np.bincount(np.concatenate([ego, alter]), weights=np.tile(model.counts, 2))
        if touching.max() > HUB_SHARE * len(model.used):
            lines.append(
                f"One person is in {touching.max() / len(model.used):.0%} of the turns: errors that sum over "
                "people are too small with such a hub."
            )
        if np.isnan(self.errors.of_people).any() or np.isnan(self.errors.of_pairs).any():
            lines.append("No errors: coefficients rest on one person or pair alone.")
        pooled, within = self._least_squares
        lines.append(
            f"Least squares of the same turns, for comparison: matching {number(float(pooled[0]))} pooled, "
            f"{number(float(within[0]))} within ordered pairs; own {number(float(pooled[1]))}, "
            f"{number(float(within[1]))}."
        )
        if self.moderator.name and series.shifts.shape[1]:
            lines.append(f"Levels may differ by {self.moderator.name} too.")
        return [line for line in (*lines, self._dyads_in_words()) if line]

    def _dyads_in_words(self) -> str:
        slopes = self._per_dyad
        if not len(slopes):
            return f"Slopes of dyads ({PER_DYAD}): none, as no ordered pair has 8 turns."
        low, middle, high = (number(float(one)) for one in np.quantile(slopes, [0.25, 0.5, 0.75]))
        return (
            f"Slopes of dyads ({PER_DYAD}), drawn together: median {middle}, middle half {low} to {high}, of "
            f"{counted(len(slopes), 'ordered pair')}; they keep the bias of short series."
        )

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.facts())


def matching(
    source: InteractionLog | Sourced,
    *,
    by: str | pd.DataFrame | None = None,
    people: pd.DataFrame | None = None,
) -> Matching:
    r"""How far turns of disclosure match the other's, persist, and escalate, over all pairs of a study.

    .. math:: d_k = \mu_k + m\,[d_{k-1} - \mu_{k-1}] + o\,[d_{k-2} - \mu_{k-2}] + \epsilon_k, \qquad
        \mu_k = \alpha_{ij} + \beta \ln k

    for turn k by i, who goes :math:`\alpha_{ij}` deep with j: m is matching (alter's turn just before), o own
    persistence (ego's turn before that), β escalation. Two who deepen together are not taken to match.

    People and pairs differ in level. Least squares with one level for all takes that for persistence; taking
    the mean of each ordered pair out pulls slopes down in short series (nickell1981). The mean of the pull
    follows from m, o and the error variance, and is taken out of the estimating function (buncarree2005,
    dhaene2016): no assumption on levels, first turns, or who varies how much. How far all of these are off is
    in docs/matching.md.

    Parameters
    ----------
    source : InteractionLog or Study
        Acts with times and depths.
    by : str or pandas.DataFrame, optional
        A moderator that all three may depend on: "kind", "channel", "context" or "topic" of the act that
        begins the turn; "ego_", "alter_" or "same_" and a column of people ("ego_culture"); a column of the
        study's pairs; or a frame with ``ego``, ``alter`` and a column of pairs. Words, and two numbers, are
        levels.
    people : pandas.DataFrame, optional
        Attributes of people by id (index, or a column ``person`` or ``id``); by default the study's.

    Returns
    -------
    Matching
        ``tidy()``, ``slopes()`` by the moderator, ``naive()``.

    Raises
    ------
    DesignError
        Where acts have no time or depth, no pair has four turns, or depths are too large to be squared.
    FitError
        Where turns are too few to tell persistence from levels, or there are fewer than three people.

    See Also
    --------
    disclosure_turns : The turns as a table.
    srm : Individual against dyadic reciprocity, of mean depths.

    References
    ----------
    altman1973, buncarree2005, dhaene2016, nickell1981

    Examples
    --------
    >>> import honestsignals as hs
    >>> study = hs.simulate_disclosure(seed=3, people=30, days=200)  # matching .3, own .2, escalation .3
    >>> found = hs.matching(study.log)
    >>> found.tidy()[["term", "estimate", "low", "high"]].round(2)
             term  estimate   low  high
    0    matching      0.32  0.28  0.35
    1         own      0.22  0.19  0.25
    2  escalation      0.32  0.22  0.41
    """
    log = log_of(source, "matching")
    turns = turn_rows(log, DAY)
    if by is None:
        moderator = no_moderator(len(turns))
    else:
        column = column_of(source, log, turns, by, people, hint=IN_PEOPLE)
        moderator = moderator_of(column, turns.clear)
    model, unit, left = _model(turns, moderator)
    estimate = model.solve()
    errors = person_errors(
        model.scores(estimate),
        model.slopes(estimate),
        *model.people,
        information=model.information(estimate),
    )
    names = [name if not term else f"{name}:{term}" for name in NAMES for term in ("", *moderator.terms)]
    names += [f"level:{moderator.terms[place]}" for place in np.flatnonzero(_shifting(turns, moderator))]
    return Matching(tuple(names), estimate * _scales(model, unit), model, errors, unit, moderator, left, log)


def _scales(model: TurnModel, unit: float) -> Array:
    """Unit of each coefficient: slopes on depth have none."""
    return np.where(np.arange(model.size) < 2 * model.series.z.shape[1], 1.0, unit)


def _stretches(turns: TurnRows, moderator: Moderator) -> tuple[Array, Array, Array]:
    """Turns that follow one another, all known: which, the number of each stretch, places in it."""
    known = turns.clear & moderator.known
    at = np.flatnonzero(known)
    begins = turns.place == 0
    begins[1:] |= ~known[:-1]
    stretch = np.cumsum(begins[at]) - 1
    first = np.flatnonzero(begins[at])
    return at, stretch, np.arange(len(at)) - first[stretch]


def _shifting(turns: TurnRows, moderator: Moderator) -> Array:
    """Which columns of a moderator differ between turns of one ordered pair."""
    at, stretch, _ = _stretches(turns, moderator)
    return moderator.shifts(at, stretch)


def _model(turns: TurnRows, moderator: Moderator) -> tuple[TurnModel, float, dict[str, int]]:
    """The turns that slopes rest on, the unit of their depths, and what was left out."""
    at, stretch, place = _stretches(turns, moderator)
    depth = turns.depth[at]
    series = Series(
        depth=depth,
        k=turns.place[at] + 1.0,
        place=place,
        stretch=stretch,
        ego=turns.ego[at].astype(np.int64),
        alter=turns.alter[at].astype(np.int64),
        z=moderator.z[at],
        shifts=moderator.z[at][:, 1:][:, _shifting(turns, moderator)],
    )
    used = TurnModel(series).used if len(at) else at
    if not len(used):
        raise DesignError(
            "Nobody has two turns to another that each follow two known turns, so there are no slopes."
        )
    most = float(np.abs(depth).max())
    if most and not SQUARED[0] < most < SQUARED[1]:
        raise DesignError(
            f"Depths go up to {most:g}, and squares of them beyond what numbers can hold: give depth in "
            "another unit."
        )
    unit = float(depth[used].std())
    if not unit > ROUNDING * most:
        raise DesignError("All turns are equally deep, so there is nothing that could be matched.")
    later = int((place >= LAGS).sum())
    left = {
        "that touch an instant at which both disclosed": int((~turns.clear).sum()),
        f"whose {moderator.name} is not known": int((turns.clear & ~moderator.known).sum()),
        "that begin a series, two each, as what was before is not known": len(at) - later,
        "that are the only one left of an ordered pair": later - len(used),
    }
    return TurnModel(series._replace(depth=(depth - depth[used].mean()) / unit)), unit, left

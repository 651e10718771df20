"""Do ties that deepen gradually last longer than those that deepen at one go?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from honestsignals.depth_rows import log_of
from honestsignals.errors import ArgumentError, DesignError, check_level, one_of, unknown
from honestsignals.hazard_columns import Known, known_of, of_act, parted
from honestsignals.hazard_terms import Covariate, asked_terms, designed
from honestsignals.hazards import WHICH, HazardResult
from honestsignals.inference.hazard_errors import COVARIANCES, hazard_covariance
from honestsignals.inference.hazards import Spells, hazard_fit
from honestsignals.inference.return_curves import pairs_of
from honestsignals.inference.return_estimates import Estimated, estimated
from honestsignals.inference.words import counted
from honestsignals.log import InteractionLog
from honestsignals.metrics.acts import DAY
from honestsignals.moments import span
from honestsignals.return_groups import OF_ACTS, Groups, act_column, groups_of
from honestsignals.tie_paths import LACKS, PATHS, Ties, check_depths, ties_in

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

OF_TWO = ("same", "gap")
NO_CAUSE = (
    "Hazard ratios are associations: two who suit one another may deepen in another way and "
    "last longer, without the one making the other."
)


@dataclass(frozen=True, eq=False)
class TieSurvival(HazardResult):
    """Hazard ratios of a tie's end. Prints its facts, then a row a covariate.

    Attributes
    ----------
    ties : Ties
        All ties that were alive at their landmark, with known covariates or not.
    groups : Groups
        Which group each is of.
    """

    of: ClassVar[str] = "a tie's end"
    ties: Ties
    groups: Groups

    def curves(self, *, horizon: str | None = None, level: float = 0.95) -> pd.DataFrame:
        """Kaplan and Meier's curves at a horizon, a row a group.

        Columns: group, ties, people, ended (share by the horizon), days (mean of min(time, horizon)), each
        with ``_low`` and ``_high``; ``median_days``; all from the landmark on; ``reason``, why there is
        neither share nor mean (a group was not followed up to the horizon), or no interval. Ties of no known
        group are in no row; ``facts()`` counts them.

        Parameters
        ----------
        horizon : str, optional
            By default as far as every group was followed.
        level : float
            Coverage of the intervals.
        """
        import pandas as pd

        check_level(level)
        rows = []
        for name, found, at in self._estimated(horizon):
            low, high = found.share_ends(level)
            mean_low, mean_high = found.mean_ends(level)
            ends = self.ties.low[at], self.ties.high[at]
            rows.append(
                {
                    "group": name,
                    "ties": len(at),
                    "people": len(np.union1d(*ends)),
                    "ended": found.share,
                    "ended_low": low,
                    "ended_high": high,
                    "days": found.mean,
                    "days_low": mean_low,
                    "days_high": mean_high,
                    "median_days": found.curve.quantile(0.5),
                    "reason": _reason(found),
                }
            )
        return pd.DataFrame(rows)

    def curve(self, *, horizon: str | None = None, level: float = 0.95) -> pd.DataFrame:
        """The curves: group, days, alive, low, high, at_risk; NaN where a group was not followed so far.

        Parameters
        ----------
        horizon, level
            As in :meth:`curves`.
        """
        import pandas as pd

        check_level(level)
        parts = []
        for name, found, at in self._estimated(horizon):
            low, high = found.band_ends(level)
            columns = {"days": found.time, "alive": 1 - found.returned, "low": 1 - high, "high": 1 - low}
            risk = found.curve.risk(found.time, self.ties.days[at])
            parts.append(pd.DataFrame({"group": name, **columns, "at_risk": risk}))
        return pd.concat(parts, ignore_index=True)

    def _estimated(self, horizon: str | None) -> list[tuple[str, Estimated, Array]]:
        groups = [
            (name, np.flatnonzero(self.groups.codes == place)) for place, name in enumerate(self.groups.names)
        ]
        groups = [(name, at) for name, at in groups if len(at)]
        reach = min(float(self.ties.days[at].max()) for _, at in groups)
        until = reach if horizon is None else span(horizon, "horizon") / DAY
        found = []
        for name, at in groups:
            pairs = pairs_of(self.ties.low[at], self.ties.high[at])
            seen = float(self.ties.followed[at].max())
            found.append((name, estimated(self.ties.days[at], self.ties.ended[at], pairs, until, seen), at))
        return found

    def _no_group(self) -> list[str]:
        unknown = int((self.groups.codes < 0).sum())
        whole = counted(len(self.ties), "tie")
        return [f"In no curve: {unknown:,} of {whole}, whose {self.groups.name} is not known."] * bool(
            unknown
        )

    def facts(self) -> list[str]:
        """Ties, ends, people; what was left out; which errors; what the numbers are."""
        low, high = self.codes
        people = counted(len(np.union1d(low, high)), "person", "people")
        left = [f"{count:,} {reason}" for reason, count in self.left_out.items()]
        return [
            f"Hazard of a tie's end: {counted(len(low), 'tie')} of {people}, {self.events:,} of which ended.",
            *self.lines,
            f"Left out: {'; '.join(left) if left else 'nothing'}.",
            *self._no_group(),
            f"Standard errors: {WHICH[self.covariance.name]}.",
            NO_CAUSE,
            *(f"Note: {one}." for one in self.covariance.notes),
        ]


def _reason(found: Estimated) -> str:
    """Why something is not known at the horizon."""
    if not np.isnan(found.share):
        which = {0.0: "no tie", 1.0: "every tie"}.get(found.share)
        return f"{which} of the group ended, which tells of no error" if which else ""
    return f"no tie of the group was followed for more than {found.curve.followed:.1f} days"


def tie_survival(
    source: InteractionLog | Any,
    covariates: Sequence[str] | None = None,
    *,
    silence: str = "28D",
    early: str | int = "28D",
    by: Any = None,
    people: pd.DataFrame | None = None,
    covariance: str = "dyadic",
    ties: str = "efron",
) -> TieSurvival:
    r"""Gradual against sudden deepening, and how long ties last: Cox's model from a landmark on.

    .. math:: \lambda_{ij}(t) = \lambda_0(t) \exp(\beta^\top x_{ij}), \qquad t \text{ from the landmark}

    A tie is two people, from their first act on; it ends with the last act before both are silent for longer
    than ``silence``. Whether a tie is over is known only that much later, so follow-up ends that long before
    the log does. x is of the early path alone, before the landmark, and only ties that are alive at the
    landmark are followed: what had time to deepen because it lasted is not compared with what had not.

    Parameters
    ----------
    source : InteractionLog or Study
        Acts with times and depth.
    covariates : sequence of str, optional
        Some of "volume", "depth", "gradual" (slope of depth on ln k), "sudden" (share of the whole deepening
        that came at one moment) and "deepening". By default volume, gradual and sudden; without volume where
        ``early`` is a number of disclosures. Beside them "kind", "channel", "context" or "topic" of the first
        act, "same_office" and "gap_tenure" of people, columns of a study's pairs, or a frame with ``ego``,
        ``alter`` and one column; "gradual*same_office" is both and their product.
    silence : str
        After so long without an act of either a tie is over.
    early : str or int
        The landmark: a span from the first act on, or a number of disclosures (the landmark is the last's).
    by : str or pandas.DataFrame, optional
        Groups of ``curves()``: one of the covariates (halves at its median), "same_office" of people,
        "kind" of the first act, or a frame with ``ego``, ``alter`` and a column.
    people : pandas.DataFrame, optional
        Attributes of people by id; by default the study's.
    covariance : {"dyadic", "jackknife", "pair", "classical"}
        Which standard errors.
    ties : {"efron", "breslow"}
        How ends at one time are taken.

    Returns
    -------
    TieSurvival
        With ``curves()``, ``curve()`` and, of products, ``moderation()``.

    Raises
    ------
    DesignError
        Where acts have no depth or time, or no tie is followed beyond its landmark.
    FitError
        Where no tie ends, or a covariate parts those that end from the others.

    References
    ----------
    altman1973, anderson1983, cox1972, lin1989, fafchamps2007

    Examples
    --------
    >>> import honestsignals as hs
    >>> log = hs.simulate_disclosure(seed=4, people=30, days=300).log
    >>> found = hs.tie_survival(log, ["gradual"], silence="21D")
    >>> found.tidy()[["term", "hazard_ratio", "low", "high"]].round(2)
          term  hazard_ratio   low  high
    0  gradual           0.7  0.27  1.84
    """
    one_of("covariance", covariance, tuple(COVARIANCES))
    default = ("volume", "gradual", "sudden") if isinstance(early, str) else ("gradual", "sudden")
    named, frames = parted(default if covariates is None else covariates)
    asked = asked_terms(named, "gradual")
    log = log_of(source, "tie_survival")
    known = known_of(source, log, people, frames)
    found = ties_in(log, span(silence, "silence"), early)
    check_depths(log, [one for one in asked.names if one in PATHS])
    groups = _groups(log, found, by, known.people)
    there = {name: _covariate(found, name, known) for name in asked.names}
    left_out = dict(found.left_out)
    keep = np.ones(len(found), dtype=bool)
    for name, one in there.items():
        lacks = int((keep & ~one.known).sum())
        if lacks:
            left_out[f"ties without {name} ({LACKS.get(name, 'not known')})"] = lacks
        keep &= one.known
    at = np.flatnonzero(keep)
    if not len(at):
        raise DesignError(f"No tie has {', '.join(asked.names)}: {'; '.join(left_out)}.")
    design = designed(asked, there, at)
    # everybody is at risk from just before the landmark on, also who is never heard of again
    spells = Spells(
        np.full(len(at), -1.0), found.days[at], found.ended[at], design.X, np.zeros(len(at), dtype=int)
    )
    fit = hazard_fit(spells, list(design.names), ties)
    codes = found.low[at], found.high[at]
    return TieSurvival(
        design=design,
        fit=fit,
        covariance=hazard_covariance(fit, *codes, list(design.names), covariance),
        codes=codes,
        events=int(spells.event.sum()),
        lines=_lines(found, asked.names, (silence, early, ties)),
        left_out=left_out,
        ties=found,
        groups=groups,
    )


def _covariate(ties: Ties, name: str, known: Known) -> Covariate:
    """One covariate of ties: of the early path, the first act, the two, or the pair."""
    if name in PATHS:
        return Covariate(name, ties.paths[name])
    who, turned = ties.asking(), ties.asking(turned=True)
    if name in OF_ACTS:
        return of_act(name, name, known.log, who)
    if name.startswith(("ego_", "alter_")) and known.of_people(name, who):
        raise ArgumentError(f"{name!r} is of one of the two, and a tie has no order: say same_ or gap_.")
    found = known.of_people(name, who, OF_TWO) or known.of_pairs(name, who)
    if found is None:
        acts = [one for one in OF_ACTS if act_column(known.log, one) is not None]
        raise unknown("covariate", name, [*PATHS, *acts, *known.names(OF_TWO)])
    back = known.of_pairs(name, turned)
    if back is not None and not np.array_equal(found.values, back.values, equal_nan=True):
        raise ArgumentError(f"{name!r} differs by direction for some pair, and a tie has no order.")
    return found


def _lines(found: Ties, names: Sequence[str], how: tuple[str, str | int, str]) -> tuple[str, ...]:
    silence, early, method = how
    mark = f"{early} after its first act" if isinstance(early, str) else f"its disclosure number {early}"
    begun = (
        f" {counted(found.begun_before, 'tie')} had a first act less than that after the log's beginning and "
        "may have begun before."
        if found.begun_before
        else ""
    )
    return (
        f"A tie ends with the last act before both are silent for more than {silence}; follow-up ends that "
        f"long before the log does.{begun}",
        f"Time runs from a tie's landmark, {mark}; ends at one time by {method.capitalize()}.",
        *(f"{name}: {PATHS[name]}, before the landmark." for name in names if name in PATHS),
        *(
            f"{name}: of the tie's first act; not known where acts of that instant differ."
            for name in names
            if name in OF_ACTS
        ),
    )


def _groups(log: InteractionLog, ties: Ties, by: Any, people: pd.DataFrame | None) -> Groups:
    if isinstance(by, str) and by in PATHS:
        values = ties.paths[by]
        if np.isnan(values).all():
            raise DesignError(f"No tie has {by}, so there are no halves of it.")
        middle = float(np.nanmedian(values))
        codes = np.where(np.isnan(values), -1, (values > middle).astype(int))
        return Groups(by, (f"{by} up to {middle:.3g}", f"{by} above {middle:.3g}"), codes, "pair")
    if isinstance(by, str) and by.startswith(("asker_", "answerer_")):
        raise ArgumentError(f"by is {by!r}; the two of a tie have no order: say same_ and an attribute.")
    found = groups_of(log, ties.asking(), by, people)
    turned = groups_of(log, ties.asking(turned=True), by, people)
    if (found.codes != turned.codes).any():
        raise ArgumentError(f"{found.name!r} differs by direction for some pair, and a tie has no order.")
    return found

"""Too much: does going far deeper than the other has gone so far bend the return down, and where?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from honestsignals.bend_rows import X, bend_design, bend_rows, counted_from, end_slopes, ids_of
from honestsignals.depth_rows import depth_rows, log_of
from honestsignals.errors import DesignError, check_level, one_of
from honestsignals.inference.bends import ENDS, BothEnds, Shape, Turning, both_ends, turning_point
from honestsignals.inference.estimators import estimate, mean
from honestsignals.inference.wald import WaldTest, combinations
from honestsignals.inference.words import counted
from honestsignals.joint_results import JointResult
from honestsignals.moderated_slopes import ModeratedSlopes, Stated
from honestsignals.moments import span
from honestsignals.standard_errors import check_errors, codes_of, errors_of
from honestsignals.tables import number
from honestsignals.turn_moderators import Moderator

if TYPE_CHECKING:
    import pandas as pd

    from honestsignals.log import InteractionLog

Array = np.ndarray[Any, np.dtype[Any]]

FAMILY = {"returned": "logit", "next_depth": "gaussian", "return_hours": "gaussian"}
"""Of each outcome."""
OUTCOMES = {
    "returned": "whether the other discloses within {within}",
    "next_depth": "depth of what the other discloses next, within {within}",
    "return_hours": "hours until the other discloses, counting at most {within}",
}
NO_CAUSE = (
    "what is deep is not dealt out by lot: who goes far, to whom and when may be why it is returned or not"
)
BOTH_SIDES = (
    "whoever goes deep makes the other's relative depth small and answers deep, which alone makes this curve "
    "fall: compare within people, with hs.fit(..., fixed_effects=) of augment()"
)
STEPS = 101
"""Points of a drawn curve."""


@dataclass(frozen=True, eq=False)
class DisclosureBend(JointResult):
    """A curve of what comes back over relative depth. Prints its facts, then a row a coefficient.

    Attributes
    ----------
    outcome : str
        "returned", "next_depth" or "return_hours".
    shape : Shape
        A parabola or a spline.
    x : ndarray, shape (n,)
        Relative depth of the rows of the estimate.
    within : str
        Δ, in words.
    moderator : Moderator
        What the curve may depend on. Curve, turning point and ends are those at its first level, or its mean;
        ``at()`` has the others.
    """

    outcome: str
    shape: Shape
    x: Array
    within: str
    moderator: Moderator

    @property
    def peak(self) -> bool:
        """Whether too much shows as a fall (of returns, of depth) or as a rise (of hours)."""
        return self.outcome != "return_hours"

    @property
    def _places(self) -> tuple[int, ...]:
        return tuple(self.estimate.names.index(X + name) for name in self.shape.names)

    def turning_point(self, *, level: float = 0.95) -> Turning:
        """Where the curve turns: estimate, std_error, low, high, and why there is none.

        Of a parabola −b/2c with Fieller's interval; of a spline its highest point (of hours the lowest)
        between the 5 % and 95 % quantiles of relative depth, with the delta method's.
        """
        check_level(level)
        fit = (self.estimate.beta, self.covariance)
        return turning_point(self.shape, fit, self._places, self.x, peak=self.peak, level=level)

    def both_ends(self, *, level: float = 0.95) -> BothEnds:
        """Slopes at the 5 % and 95 % quantiles, and the test that the curve rises and then falls.

        Of hours: that it falls and then rises.
        """
        check_level(level)
        fit = (self.estimate.beta, self.covariance)
        return both_ends(self.shape, fit, self._places, self.x, peak=self.peak, level=level)

    def bend_test(self) -> WaldTest:
        """That the curve is a line: the squared term, or all pieces of a spline, are 0.

        With a moderator, at each of its values.
        """
        bent = [X + name for name in self.shape.names[1:]]
        return self.wald([*bent, *(f"{one}:{term}" for term in self.moderator.terms for one in bent)])

    def moderation_test(self) -> WaldTest:
        """That the curve is the same whatever the moderator, but for its height."""
        names = [f"{X}{name}:{term}" for term in self._moderated() for name in self.shape.names]
        return self.wald(names)

    def _moderated(self) -> tuple[str, ...]:
        if not self.moderator.name:
            raise DesignError("There is one curve, and so nothing to compare: say by=.")
        return self.moderator.terms

    def at(self, value: object) -> Self:
        """The same model, seen from one value of the moderator: its curve, turning point and ends.

        Parameters
        ----------
        value : value
            A level, or of a moderator that goes by degrees one of the three that ``summary()`` names.
        """
        self._moderated()
        place = self.moderator.place(value)
        one = self.estimate
        X_there = one.X @ counted_from(one.names, self.moderator, place)
        found = estimate(X_there, one.y, one.family, list(one.names), weights=one.weights)
        z = self.moderator.z - np.append(0.0, place[1:])
        places = tuple(
            (word, tuple(np.subtract(z, (0.0, *place[1:])).tolist())) for word, z in self.moderator.places
        )
        covariance = errors_of(found, self.codes, self.covariance.name, self.how)
        moderator = replace(self.moderator, z=z, places=places)
        return replace(self, estimate=found, covariance=covariance, moderator=moderator)

    def moderation(self, *, level: float = 0.95) -> ModeratedSlopes:
        """Slopes of the curve at both ends by the moderator, and how far they are apart.

        Of ``returned`` on log odds. `honestsignals.figures.moderation` draws them.
        """
        check_level(level)
        test, ends = self.moderation_test(), np.quantile(self.x, ENDS)
        names = tuple(
            f"{word} end ({number(float(one))})" for word, one in zip(("shallow", "deep"), ends, strict=True)
        )
        stated = Stated(
            term=X,
            by=self.moderator.name,
            what=OUTCOMES[self.outcome].format(within=self.within),
            contrasts=names,
            values=tuple(word for word, _ in self.moderator.places),
            matrix=end_slopes(self.estimate.names, self.shape.slopes(ends), self.shape, self.moderator),
            scale="label" if self.estimate.family == "gaussian" else "link",
            rows=len(self.x),
        )
        return stated.of((self.estimate.beta, self.covariance), test, tuple(self._moderation_words()), level)

    def _moderation_words(self) -> list[str]:
        if not self.moderator.name:
            return []
        return [
            f"The same curve whatever the {self.moderator.name}, but for height: {self.moderation_test()}.",
            f"Turning point, ends and curve are those where {self.moderator.name} is "
            f"{self.moderator.zero}; at() has the others.",
        ]

    def too_soon(self) -> WaldTest | None:
        """That the curve is the same early and late: its interactions with ln k are 0; None without them."""
        terms = [one for one in self.estimate.names if one.startswith("log_turn:")]
        return self.wald(terms) if terms else None

    def summary(self, *, level: float = 0.95) -> pd.DataFrame:
        """What the curve does, in three rows, or four with ``soon``; with a moderator at each of its values.

        Columns: with a moderator by and value; what, relative_depth, estimate, std_error, low, high, p_value.
        ``turning point`` (its estimate is a relative depth, its p that of no bend at all), ``slope at the
        shallow end`` and ``slope at the deep end`` (p one-sided, as a peak has them), and ``deep end, each
        e-fold of turns``: by how much the slope there changes as exchange grows e-fold.
        """
        import pandas as pd

        if not self.moderator.name:
            return self._summary(level)
        parts = []
        for word, _ in self.moderator.places:
            one = self.at(word)._summary(level)
            one.insert(0, "by", self.moderator.name)
            one.insert(1, "value", word)
            parts.append(one)
        return pd.concat(parts, ignore_index=True)

    def _summary(self, level: float) -> pd.DataFrame:
        import pandas as pd

        turn, ends = self.turning_point(level=level), self.both_ends(level=level)
        bent = [X + name for name in self.shape.names[1:]]
        rows: list[tuple[Any, ...]] = [
            ("turning point", turn.estimate, *turn[:4], self.wald(bent).p_value),
            *(
                (f"slope at the {where} end", ends.x[k], *(getattr(ends, one)[k] for one in ENDS_HAVE))
                for k, where in enumerate(("shallow", "deep"))
            ),
        ]
        if self.too_soon() is not None:
            places = [self.estimate.names.index(f"log_turn:{X}{name}") for name in self.shape.names]
            C = np.zeros((1, self.estimate.beta.size))
            C[0, places] = self.shape.slopes(ends.x[1:])[0]
            one = combinations(self.estimate.beta, self.covariance, C, level=level)
            found = [
                float(getattr(one, name)[0]) for name in ("estimate", "std_error", "low", "high", "p_value")
            ]
            rows.append(("deep end, each e-fold of turns", ends.x[1], *found))
        columns = ["what", X, "estimate", "std_error", "low", "high", "p_value"]
        return pd.DataFrame(rows, columns=columns)

    def curve(self, *, level: float = 0.95) -> pd.DataFrame:
        """The curve, the other columns at their means: relative_depth, fitted, low, high.

        From the 1 % to the 99 % quantile of relative depth.
        """
        import pandas as pd

        check_level(level)
        first, last = np.quantile(self.x, (0.01, 0.99))
        at = np.linspace(float(first), float(last), STEPS)
        C = np.repeat(self.estimate.X.mean(axis=0)[None, :], STEPS, axis=0)
        columns = self.shape.columns(at)
        for place, name in enumerate(self.shape.names):
            C[:, self._places[place]] = columns[:, place]
            # turns are counted from their mean, a moderator from where the curve is: there products are 0
            for term in ("log_turn", *self.moderator.terms):
                for product in (f"{term}:{X}{name}", f"{X}{name}:{term}", term):
                    if product in self.estimate.names:
                        C[:, self.estimate.names.index(product)] = 0.0
        one = combinations(self.estimate.beta, self.covariance, C, level=level)
        family = self.estimate.family
        ends = {name: mean(getattr(one, of), family) for name, of in CURVE_HAS.items()}
        return pd.DataFrame({X: at, **ends})

    def augment(self) -> pd.DataFrame:
        """One row a disclosure used: ego, alter, relative_depth, the curve's columns, log_turn, the outcome.

        Also ``fitted``, and ``acts``, 1: where a row of the log stands for several disclosures, it is here as
        often. ``hs.fit`` takes these rows, beside effects of people or with further columns.
        """
        rows = self.ids.reset_index(drop=True)
        for place, name in enumerate(self.estimate.names[1:], start=1):
            if ":" not in name:
                rows = rows.assign(**{name: self.estimate.X[:, place]})
        found = {self.outcome: self.estimate.y, "fitted": self.estimate.fitted}
        return rows.assign(**found, acts=self.estimate.weights)

    def _found(self) -> list[str]:
        one, ends = self.glance().iloc[0], self.both_ends()
        what = OUTCOMES[self.outcome].format(within=self.within)
        direction = ("rises at", "falls at") if self.peak else ("falls at", "rises at")
        lines = [
            f"{self.outcome} ({what}) over relative depth, depth less the deepest that the other had "
            f"disclosed before: {counted(one['rows'], 'disclosure')}, {counted(one['pairs'], 'pair')}, "
            f"{counted(one['people'], 'person', 'people')}.",
            f"No bend at all: {self.bend_test()}.",
            self.turning_words(),
            f"That it {direction[0]} the shallow end ({number(float(ends.x[0]))}) and {direction[1]} the "
            f"deep end ({number(float(ends.x[1]))}): p = {ends.joint:.4f}, the larger of two one-sided ones.",
        ]
        soon = self.too_soon()
        if soon is not None:
            lines.append(f"The same curve early and late in exchange: {soon}.")
        return [*lines, *self._moderation_words()]

    def turning_words(self) -> str:
        """Where the curve turns, in a sentence."""
        turn = self.turning_point()
        if np.isnan(turn.estimate):
            return f"{turn.note[:1].upper()}{turn.note[1:]}."
        top = "top" if self.peak == self._falls else "bottom"
        inside = self.x.min() <= turn.estimate <= self.x.max()
        beyond = "" if inside else ", beyond all that was observed"
        where = f"Turning point, a {top}: {number(turn.estimate)}{beyond}"
        if turn.note:
            return f"{where}; {turn.note}."
        return f"{where} (95 % interval {number(turn.low)} to {number(turn.high)})."

    @property
    def _falls(self) -> bool:
        """Whether the curve has the bend that was looked for."""
        if self.shape.knots:
            return True
        bend = float(self.estimate.beta[self._places[1]])
        return bend < 0 if self.peak else bend > 0


ENDS_HAVE = ("slope", "std_error", "low", "high", "p_value")
CURVE_HAS = {"fitted": "estimate", "low": "low", "high": "high"}


def disclosure_bend(
    source: InteractionLog | Any,
    *,
    outcome: str = "returned",
    by: Any = None,
    spline: bool = False,
    soon: bool = False,
    within: str = "1D",
    covariance: str = "jackknife",
    exact: bool = False,
) -> DisclosureBend:
    r"""Over-disclosure's bend: what comes back for a disclosure, by how far it goes beyond the other's.

    .. math:: \eta = \alpha + b\,x + c\,x^2 + \gamma \ln k, \qquad x = d - \max_{\text{other, before}} d

    A row is a disclosure made after the other has first disclosed; x is its depth less the other's deepest
    so far, and k the moments so far at which either of the two disclosed. If too much backfires, more comes
    back the deeper one goes, up to a point, −b/2c, and less beyond it.

    Parameters
    ----------
    source : InteractionLog or Study
        Acts with times and depth.
    outcome : {"returned", "next_depth", "return_hours"}
        Whether the other discloses within Δ (logit); how deep what the other then discloses is; hours until
        then, counting at most Δ (an unreturned one counts as Δ). The last two are gaussian.
    by : str or pandas.DataFrame, optional
        A moderator that the curve may depend on: "kind", "channel", "context" or "topic" of the disclosure;
        "ego_", "alter_" or "same_" and a column of a study's people, ego being who discloses; a column of
        the study's pairs; or a frame with ``ego``, ``alter`` and a column of pairs. Words, and two numbers,
        are levels.
    spline : bool
        A natural cubic spline with four knots instead of the parabola, which bends wherever the curve does.
    soon : bool
        Lets the curve differ by ln k: too much too soon is an interaction.
    within : str
        Δ.
    covariance : {"jackknife", "dyadic", "two_way", "pair", "hc1", "classical", "frank_snijders"}
        Which standard errors.
    exact : bool
        For a jackknife: refit without each person and pair, instead of one step.

    Returns
    -------
    DisclosureBend
        With ``summary()``, ``turning_point()``, ``both_ends()``, ``bend_test()``, ``too_soon()``, ``curve()``
        and ``augment()``, whose rows ``hs.fit`` takes; of a moderator ``at()`` and ``moderation()``.

    Raises
    ------
    DesignError
        Where acts have no depth, or no time, or the moderator is the same of all.
    FitError
        Where no disclosure follows one of the other, or relative depth has fewer than three values.

    References
    ----------
    altman1973, lind2010, simonsohn2018, fieller1954

    Examples
    --------
    >>> import honestsignals as hs
    >>> log = hs.simulate_disclosure(seed=4, people=20, days=200).log
    >>> found = hs.disclosure_bend(log)
    >>> found.summary()[["what", "relative_depth"]].round(2)
                           what  relative_depth
    0             turning point           -1.09
    1  slope at the shallow end           -2.22
    2     slope at the deep end            1.11
    """
    one_of("outcome", outcome, tuple(FAMILY))
    check_errors(covariance, exact)
    log = log_of(source, "disclosure_bend")
    delta = span(within, "within")
    every = depth_rows(log, delta)
    rows = bend_rows(source, log, every, (outcome, delta), by)
    shape, design, names = bend_design(rows, spline, soon)
    found = estimate(design, rows.y, FAMILY[outcome], names)
    ids = ids_of(log, every, rows.at)
    return DisclosureBend(
        formula=f"{outcome} ~ {' + '.join(names[1:])}",
        label=outcome,
        estimate=found,
        covariance=errors_of(found, codes_of(ids), covariance, (True, exact)),
        ids=ids,
        terms={name: (place,) for place, name in enumerate(names)},
        left_out=rows.left_out,
        said=((), (NO_CAUSE, BOTH_SIDES) if outcome == "next_depth" else (NO_CAUSE,)),
        how=(True, exact),
        outcome=outcome,
        shape=shape,
        x=rows.x,
        within=within,
        moderator=rows.moderator,
    )

"""Too much: does going far deeper than the other has gone so far bend the return down, and where?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.depth_rows import DepthRows, depth_rows, log_of
from honestsignals.errors import FitError, check_level, one_of
from honestsignals.inference.bends import BothEnds, Shape, Turning, both_ends, shape_of, turning_point
from honestsignals.inference.clusters import Floats
from honestsignals.inference.estimators import estimate, mean
from honestsignals.inference.wald import WaldTest, combinations
from honestsignals.inference.words import counted
from honestsignals.joint_results import JointResult
from honestsignals.metrics.acts import HOUR
from honestsignals.moments import span
from honestsignals.standard_errors import check_errors, codes_of, errors_of
from honestsignals.tables import number

if TYPE_CHECKING:
    import pandas as pd

    from honestsignals.log import InteractionLog

Array = np.ndarray[Any, np.dtype[Any]]

X = "relative_depth"
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
    """

    outcome: str
    shape: Shape
    x: Array
    within: str

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
        """That the curve is a line: the squared term, or all pieces of a spline, are 0."""
        return self.wald([X + name for name in self.shape.names[1:]])

    def too_soon(self) -> WaldTest | None:
        """That the curve is the same early and late: its interactions with ln k are 0; None without them."""
        terms = [one for one in self.estimate.names if one.startswith("log_turn:")]
        return self.wald(terms) if terms else None

    def summary(self, *, level: float = 0.95) -> pd.DataFrame:
        """What the curve does, in three rows, or four with ``soon``.

        Columns: what, relative_depth, estimate, std_error, low, high, p_value. ``turning point`` (its
        estimate is a relative depth, its p that of no bend at all), ``slope at the shallow end`` and
        ``slope at the deep end`` (p one-sided, as a peak has them), and ``deep end, each e-fold of turns``:
        by how much the slope there changes as exchange grows e-fold.
        """
        import pandas as pd

        turn, ends = self.turning_point(level=level), self.both_ends(level=level)
        rows: list[tuple[Any, ...]] = [
            ("turning point", turn.estimate, *turn[:4], self.bend_test().p_value),
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
            # turns are counted from their mean, where interactions are 0
            if f"log_turn:{X}{name}" in self.estimate.names:
                C[:, self.estimate.names.index(f"log_turn:{X}{name}")] = 0.0
        one = combinations(self.estimate.beta, self.covariance, C, level=level)
        family = self.estimate.family
        ends = {name: mean(getattr(one, of), family) for name, of in CURVE_HAS.items()}
        return pd.DataFrame({X: at, **ends})

    def augment(self) -> pd.DataFrame:
        """One row a disclosure used: ego, alter, relative_depth, the curve's columns, log_turn, the outcome.

        Also ``fitted``, and ``acts`` that it stands for. ``hs.fit`` takes these rows, beside effects of
        people or with further columns.
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
            f"disclosed before: {one['rows']:,} disclosures, {one['pairs']:,} pairs, "
            f"{one['people']:,} people.",
            f"No bend at all: {self.bend_test()}.",
            self.turning_words(),
            f"That it {direction[0]} the shallow end ({number(float(ends.x[0]))}) and {direction[1]} the "
            f"deep end ({number(float(ends.x[1]))}): p = {ends.joint:.4f}, the larger of two one-sided ones.",
        ]
        soon = self.too_soon()
        if soon is not None:
            lines.append(f"The same curve early and late in exchange: {soon}.")
        return lines

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
        and ``augment()``, whose rows ``hs.fit`` takes.

    Raises
    ------
    DesignError
        Where acts have no depth, or no time.
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
    rows = depth_rows(log, delta)
    y, keep, left_out = _outcome(rows, outcome, delta)
    x = rows.depth[keep] - rows.reached[keep]
    if np.unique(x).size < 3:
        raise FitError(
            f"Relative depth has {counted(np.unique(x).size, 'value')} over "
            f"{counted(len(x), 'disclosure')} that follow one of the other; a bend needs three."
        )
    shape = shape_of(x, spline)
    design, names, terms = _design(x, np.log(rows.moment[keep]), shape, soon)
    found = estimate(design, y, FAMILY[outcome], names, weights=rows.count[keep].astype(float))
    ids = _ids(log, rows, keep)
    return DisclosureBend(
        formula=f"{outcome} ~ {' + '.join(names[1:])}",
        label=outcome,
        estimate=found,
        covariance=errors_of(found, codes_of(ids), covariance, (True, exact)),
        ids=ids,
        terms=terms,
        left_out=left_out,
        said=((), (NO_CAUSE, BOTH_SIDES) if outcome == "next_depth" else (NO_CAUSE,)),
        how=(True, exact),
        outcome=outcome,
        shape=shape,
        x=x,
        within=within,
    )


def _ids(log: InteractionLog, rows: DepthRows, keep: Array) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"ego": log.people[rows.giver[keep]], "alter": log.people[rows.other[keep]]})


def _outcome(rows: DepthRows, outcome: str, delta: int) -> tuple[Array, Array, dict[str, int]]:
    """The outcome of the rows that have one, which those are, and why the others have none."""
    left_out: dict[str, int] = {}
    keep = np.ones(len(rows), dtype=bool)
    reasons = {
        "disclosures before the other's first": rows.reached > -np.inf,
        "disclosures less than Δ before the log's end": rows.watched,
    }
    if outcome == "next_depth":
        reasons["disclosures that nothing came back for within Δ"] = rows.returned
    for reason, has in reasons.items():
        lacks = int((keep & ~has).sum())
        if lacks:
            left_out[reason] = lacks
        keep &= has
    if outcome == "returned":
        y = rows.returned.astype(float)
    elif outcome == "next_depth":
        y = rows.answer_depth
    else:
        y = np.where(rows.returned, rows.hours, delta / HOUR)
    return y[keep], np.flatnonzero(keep), left_out


def _design(
    x: Floats, log_turn: Floats, shape: Shape, soon: bool
) -> tuple[Floats, list[str], dict[str, tuple[int, ...]]]:
    """Columns of the model: intercept, the curve, ln k from its mean, and their products."""
    curve = shape.columns(x)
    curve_names = [X + name for name in shape.names]
    late = log_turn - log_turn.mean()
    parts, names = [np.ones((x.size, 1)), curve], ["Intercept", *curve_names]
    if np.ptp(late) > 0:
        parts.append(late[:, None])
        names.append("log_turn")
        if soon:
            parts.append(curve * late[:, None])
            names += [f"log_turn:{name}" for name in curve_names]
    elif soon:
        raise FitError("All disclosures are at one moment of their exchange, so none is too soon.")
    return np.hstack(parts), names, {name: (place,) for place, name in enumerate(names)}

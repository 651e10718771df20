"""What several studies say together of one and the same number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, FitError, listed, unknown
from honestsignals.evaluation import Evaluation
from honestsignals.evaluation_words import Gain
from honestsignals.inference.meta import RandomEffects, random_effects
from honestsignals.inference.scores import SCORES
from honestsignals.inference.words import counted, named
from honestsignals.meta_rows import check_names, check_rows, groups_of, numbers
from honestsignals.printed import Printed
from honestsignals.tables import number, probability

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

ALL, MORE = "all studies", "one more study"
"""Rows below the studies: their mean, and what one more might show."""

FEW = 10
"""Studies below which it is said that they are few."""

GAIN_LEVEL = 0.95
"""Coverage of the interval that a gain brings along."""

LEAST = 1e-9
"""Share of the largest standard error of the studies below which one is 0 but for rounding."""

WORDS = {
    "reml": "restricted maximum likelihood",
    "paule_mandel": "Paule and Mandel",
    "dersimonian_laird": "DerSimonian and Laird",
}


@dataclass(frozen=True, eq=False)
class MetaAnalysis(Printed):
    """The mean of what studies found, and how far studies differ. Made by :func:`meta_analysis`.

    Attributes
    ----------
    studies : pandas.DataFrame
        A row a study that counts: study, estimate, std_error, low, high, weight (a share of 1).
    found : RandomEffects
        Mean, spread between studies, heterogeneity.
    left_out : dict of str to str
        Studies that do not count, each with the reason.
    of : str
        What is estimated.
    method : str
    level : float
    groups : dict of str to tuple of str
        What studies that count share, and which.
    """

    studies: pd.DataFrame
    found: RandomEffects
    left_out: dict[str, str]
    of: str
    method: str
    level: float
    groups: dict[str, tuple[str, ...]]

    @property
    def pooled(self) -> tuple[float, float, float]:
        """The mean effect and the ends of its interval."""
        return self.found.estimate, self.found.low, self.found.high

    @property
    def prediction(self) -> tuple[float, float] | None:
        """Ends of the interval for one more study; None for two studies."""
        ends = self.found.prediction_low, self.found.prediction_high
        return ends if np.isfinite(ends[0]) else None

    def facts(self) -> list[str]:
        """What a reader must know before the numbers, one sentence an item."""
        return [
            self._headline(),
            *self._spread_words(),
            *self._weight_words(),
            f"Left out: {_lost(self.left_out)}.",
            *(
                f"{named(names)} share {what}; the interval takes studies for independent."
                for what, names in self.groups.items()
            ),
            f"Random effects, by {WORDS[self.method]}; {100 * self.level:g} % interval of Hartung and Knapp, "
            f"t of {self.found.df:g}; errors of studies are taken as known.",
            *(
                ["Studies differ less than their errors let expect: the interval is held at those errors."]
                if self.found.held
                else []
            ),
        ]

    def _headline(self) -> str:
        value, low, high = self.pooled
        many = counted(len(self.studies), "study", "studies")
        if low > 0 or high < 0:
            said = f"is {'above' if low > 0 else 'below'} 0"
        else:
            said = "is nothing that can be told from 0"
        return f"Over {many} the mean {self.of} {said}: {_signed(value)} [{_signed(low)}, {_signed(high)}]."

    def _spread_words(self) -> list[str]:
        found = self.found
        p = probability(found.q_p_value)
        said = [
            f"Between studies its standard deviation τ is {number(found.tau)}, interval "
            f"{number(found.tau_low)} to {number(found.tau_high)} (Q profile); Q({found.df:g}) = "
            f"{found.q:.2f}, p {p if p.startswith('<') else f'= {p}'}; I² = {100 * found.i2:.0f} %."
        ]
        if self.prediction:
            low, high = self.prediction
            said.append(f"One more such study would have it between {_signed(low)} and {_signed(high)}.")
        else:
            said.append("What one more study would have cannot be said from two.")
        if len(self.studies) < FEW:
            said.append(
                f"{counted(len(self.studies), 'study', 'studies')} are few: how far studies differ is hardly "
                "known. Where their errors differ several times over, 95 % intervals of so few cover the "
                "mean in 91 to 95 %, one more study in 84 to 93 %."
            )
        return said

    def _weight_words(self) -> list[str]:
        at = int(self.found.weights.argmax())
        share = float(self.found.weights[at])
        if share <= max(0.5, 1.5 / len(self.studies)):
            return []
        name = self.studies["study"].iloc[at]
        return [f"Mind: {name} has {100 * share:.1f} % of the weight; this is mostly what it found."]

    def tidy(self) -> pd.DataFrame:
        """A row a study, then the mean of all and what one more study might show."""
        import pandas as pd

        value, low, high = self.pooled
        below = [
            {"study": ALL, "estimate": value, "std_error": self.found.std_error, "low": low, "high": high}
        ]
        if self.prediction:
            below.append({"study": MORE, "low": self.prediction[0], "high": self.prediction[1]})
        frame = pd.DataFrame(below, columns=list(self.studies.columns))
        frame["weight"] = [1.0, np.nan][: len(below)]
        both = pd.concat([self.studies, frame.astype(self.studies.dtypes)], ignore_index=True)
        both.insert(0, "part", ["study"] * len(self.studies) + ["mean", "prediction"][: len(below)])
        return both

    def note(self) -> str:
        """What the table rests on, in one line."""
        return " ".join(self.facts())

    def leave_one_out(self) -> pd.DataFrame:
        """The mean without each study in turn, and without all that share something.

        Returns
        -------
        pandas.DataFrame
            A row for none left out, each study, each of ``groups``: left_out, studies, estimate, low, high,
            p_value, tau. NaN where fewer than two studies are left.
        """
        import pandas as pd

        names = self.studies["study"]
        without: list[tuple[str, tuple[str, ...]]] = [("none", ()), *((name, (name,)) for name in names)]
        without += [(listed(group), group) for group in self.groups.values()]
        rows = []
        for what, gone in without:
            kept = self.studies[~names.isin(gone)]
            row: dict[str, Any] = {"left_out": what, "studies": len(kept)}
            if len(kept) >= 2:
                found = _found(kept, self.method, self.level)
                row |= {name: getattr(found, name) for name in ("estimate", "low", "high", "p_value", "tau")}
            rows.append(row)
        columns = ["left_out", "studies", "estimate", "low", "high", "p_value", "tau"]
        return pd.DataFrame(rows, columns=columns)


def meta_analysis(
    studies: pd.DataFrame | Mapping[str, Evaluation | Gain],
    *,
    of: str | None = None,
    method: str = "reml",
    level: float = 0.95,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> MetaAnalysis:
    r"""Put together what several studies found: the mean effect, how far studies differ, one more study.

    .. math:: y_i = \mu + u_i + e_i, \qquad u_i \sim (0, \tau^2), \quad e_i \sim (0, s_i^2)

    Parameters
    ----------
    studies : pandas.DataFrame, or mapping of str to Evaluation or Gain
        A row a study: ``study``, ``estimate``, ``std_error`` and, where there, ``low`` and ``high``, the
        study's own interval, or ``df``, its degrees of freedom (without either the interval is normal). Or
        evaluations by name, of which the gain in the first line counts; or gains
        (``evaluation.gain(step, over)``).
    of : str, optional
        What is estimated, with its unit, as in "gain in AUC".
    method : {"reml", "paule_mandel", "dersimonian_laird"}
        How the variance between studies is estimated.
    level : float
        Coverage of the intervals.
    groups : mapping of str to sequence of str, optional
        What studies share ("one community") and their names. It is said, and they are left out together
        once in ``leave_one_out()``; the interval does not know of it.

    Returns
    -------
    MetaAnalysis

    Raises
    ------
    FitError
        For fewer than two studies that can count. A study whose estimate is undefined, or whose standard
        error is 0 or undefined, does not count, and is named with the reason: an error of 0 says that the
        study could not have found anything else, and would have all the weight.
    ArgumentError, UnknownNameError
        For a table that lacks a column, studies of one name or without one, gains in different scores, an
        interval that does not hold its estimate, degrees of freedom below 1.

    Notes
    -----
    The interval is Hartung and Knapp's, t of k − 1, never narrower than the errors of the studies
    allow. In simulation it covers 94–100 % for 5 to 13 studies whose errors are alike, 91–95 % where errors
    differ several times over and effects differ too; that for one more study 88–98 % and 84–93 %
    (docs/meta_analysis.md). Errors that are themselves hardly known make heterogeneity of nothing; effects
    that are not normal, and studies that share people, are tried in no simulation. The error of a gain
    grows with the gain, so that small gains weigh more, and the mean is rather too small than too large.

    References
    ----------
    dersimonian1986, hartung2001, higgins2002, higgins2009, inthout2014, paule1982, rover2015,
    viechtbauer2005, viechtbauer2007

    Examples
    --------
    >>> import pandas as pd
    >>> import honestsignals as hs
    >>> studies = pd.DataFrame({"study": ["a", "b", "c", "d"], "estimate": [0.10, 0.30, 0.35, 0.65],
    ...     "std_error": [0.10, 0.10, 0.05, 0.15]})
    >>> found = hs.meta_analysis(studies, of="gain in AUC")
    >>> found.facts()[0]
    'Over 4 studies the mean gain in AUC is nothing that can be told from 0: +0.3314 [-0.0015, +0.6643].'
    >>> found.tidy()[["study", "estimate", "low", "high", "weight"]].round(3)
                study  estimate    low   high  weight
    0               a     0.100 -0.096  0.296   0.250
    1               b     0.300  0.104  0.496   0.250
    2               c     0.350  0.252  0.448   0.312
    3               d     0.650  0.356  0.944   0.188
    4     all studies     0.331 -0.002  0.664   1.000
    5  one more study       NaN -0.516  1.179     NaN
    """
    if of is not None and not isinstance(of, str):
        raise ArgumentError(f"of is {of!r}; it must say in words what is estimated, as in 'gain in AUC'.")
    frame, said = _studies(studies, level)
    check_names(list(frame["study"]), (ALL, MORE))
    asked = groups_of(groups, [str(name) for name in frame["study"]])
    why = _reasons(numbers(frame, "estimate"), numbers(frame, "std_error"))
    left_out = {str(name): reason for name, reason in zip(frame["study"], why, strict=True) if reason}
    kept = frame[[not reason for reason in why]].reset_index(drop=True)
    if len(kept) < 2:
        raise FitError(
            f"{counted(len(kept), 'study counts', 'studies count')}; there must be two at least. "
            f"Left out: {_lost(left_out)}."
        )
    # what is left out shares nothing with what counts
    left = {what: tuple(name for name in names if name not in left_out) for what, names in asked.items()}
    shared = {what: names for what, names in left.items() if len(names) > 1}
    check_rows(kept)
    found = _found(kept, method, level)
    kept = _with_ends(kept, level).assign(weight=found.weights)
    kept = kept[["study", "estimate", "std_error", "low", "high", "weight"]]
    return MetaAnalysis(kept, found, left_out, of or said, method, level, shared)


def _found(kept: pd.DataFrame, method: str, level: float) -> RandomEffects:
    return random_effects(numbers(kept, "estimate"), numbers(kept, "std_error"), method=method, level=level)


def _studies(studies: Any, level: float) -> tuple[pd.DataFrame, str]:
    """A row a study, and what is estimated."""
    import pandas as pd

    said = "estimate"
    if isinstance(studies, Mapping):
        gains = {str(name): _gain(str(name), one) for name, one in studies.items()}
        scores = sorted({one.score for one in gains.values()})
        if len(scores) > 1:
            raise ArgumentError(f"The gains are in different scores ({listed(scores)}); one mean has none.")
        said = f"gain in {SCORES[scores[0]].title}" if scores else said
        rows = [(name, one.value, one.std_error, one.df, one.low, one.high) for name, one in gains.items()]
        made = pd.DataFrame(rows, columns=["study", "estimate", "std_error", "df", "low", "high"])
        # a gain brings the ends of 95 %, and its degrees of freedom for others
        return made if level == GAIN_LEVEL else made.drop(columns=["low", "high"]), said
    if not isinstance(studies, pd.DataFrame):
        raise ArgumentError(
            f"studies is {type(studies).__name__}; it must be a frame with a row a study (study, estimate, "
            "std_error), or a mapping of names to evaluations or gains."
        )
    for name in ("study", "estimate", "std_error"):
        if name not in studies.columns:
            raise unknown("column", name, [str(one) for one in studies.columns], "Every study needs it.")
    check_names(list(studies["study"]), ())
    twice = studies["study"][studies["study"].astype(str).duplicated()]
    if len(twice):
        raise ArgumentError(f"Two studies are called {str(twice.iloc[0])!r}.")
    return studies.assign(study=studies["study"].astype(str)).reset_index(drop=True), said


def _gain(name: str, one: object) -> Gain:
    if isinstance(one, Evaluation):
        return one.added
    if isinstance(one, Gain):
        return one
    raise ArgumentError(
        f"{name!r} is {type(one).__name__}; it must be an evaluation, or a gain of one: "
        "evaluation.gain(step, over)."
    )


def _reasons(estimate: Array, std_error: Array) -> list[str]:
    """Why each study cannot count; "" where it can."""
    least = LEAST * max(std_error[np.isfinite(std_error)], default=0.0)
    why = []
    for value, error in zip(estimate, std_error, strict=True):
        if not np.isfinite(value):
            why.append("no estimate")
        elif not np.isfinite(error):
            why.append("no standard error")
        else:
            none = 0 <= error <= least
            why.append("standard error 0: it could not have found anything else" if none else "")
    return why


def _with_ends(kept: pd.DataFrame, level: float) -> pd.DataFrame:
    """With the studies' own intervals: as they bring them, or of their degrees of freedom, or normal."""
    from scipy.special import stdtrit

    there = {str(name) for name in kept.columns}
    if {"low", "high"} <= there:
        return kept
    df = numbers(kept, "df") if "df" in there else np.full(len(kept), np.inf)
    reach = stdtrit(df, 0.5 + level / 2) * numbers(kept, "std_error")
    value = numbers(kept, "estimate")
    return kept.assign(low=value - reach, high=value + reach)


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{number(value)}"


def _lost(left_out: Mapping[str, str]) -> str:
    """Studies that do not count, by reason."""
    by_reason: dict[str, list[str]] = {}
    for name, why in left_out.items():
        by_reason.setdefault(why, []).append(name)
    return "; ".join(f"{listed(names, 50)} ({why})" for why, names in by_reason.items()) or "none"

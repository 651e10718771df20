"""What the social relations model found: components, correlations, effects, reliabilities."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import one_of
from honestsignals.inference.srm import GroupFit, Term, terms_of
from honestsignals.inference.srm_errors import Pooled, possible_errors, weights_of
from honestsignals.inference.srm_tests import PairTest, component_tests, correlations, pair_test
from honestsignals.inference.words import counted
from honestsignals.printed import Printed
from honestsignals.round_robins import Group
from honestsignals.tables import number, write_text

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

ERRORS = {
    "jackknife": "net jackknife over people and pairs",
    "between": "between groups",
    "normal": "Bond and Lashley's, as if every effect were normal",
}
INTERVALS = {
    "jackknife": "of variances by chi-square of a mean square (Satterthwaite) less its noise, "
    "of covariances by t",
    "between": "by t",
    "normal": "of variances by chi-square of a mean square (Satterthwaite) less its noise, "
    "of covariances by t",
}
NO_TEST = (
    "Such an interval of variance is no test: it stays above 0 where no noise is taken off (relationships), "
    "else falls below 0 at most by that noise. p values of variances are by t, one-sided."
)
"""Beside intervals by chi-square, which may leave 0 out where the test does not."""
FEW = 6
"""Groups below which their differences tell little: t with fewer than 5 degrees of freedom."""
SMALL = 10
"""People below which the jackknife covers too often: 99 % and more in groups of 6, 96 % in groups of 12."""


@dataclass(frozen=True, eq=False)
class SocialRelations(Printed):
    """What the social relations model found. Prints its facts, then one row a component.

    Attributes
    ----------
    names : tuple of str
        The variable, or the two.
    groups : tuple of Group
        People and cells of each group that was used.
    fits : tuple of GroupFit
        Effects and components of each.
    pooled : Pooled
        Components of all groups together, and their errors.
    errors : str
        Which errors: "jackknife", "between" or "normal".
    level : float
        Coverage of the intervals.
    left_out : mapping of str to int
        Why people, cells and groups were left out, and how many.
    notes : tuple of str
        What the numbers are of.
    """

    names: tuple[str, ...]
    groups: tuple[Group, ...]
    fits: tuple[GroupFit, ...]
    pooled: Pooled
    errors: str
    level: float
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def _is_still(self, variable: int) -> bool:
        """Whether a variable is the same in every cell of every group."""
        return all(fit.spread[variable] == 0 for fit in self.fits)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The components, in the order of the table."""
        return terms_of(len(self.names))

    def tidy(self) -> pd.DataFrame:
        """One row a component: estimate, standardized, std_error, statistic, p_value, low, high.

        ``standardized`` is a variance's share of its variable's three, and a covariance as a correlation,
        never cut at ±1; NaN where a variance is not above 0. Variances are tested one-sided, covariances
        two-sided. Of two variables a column ``of`` says which.
        """
        import pandas as pd

        tests = component_tests(self.pooled, self.terms, self.level)
        columns: dict[str, Any] = {
            "component": [term.name for term in self.terms],
            "estimate": self.pooled.estimate,
            "standardized": self._standardized(self.pooled.estimate),
            "std_error": self.pooled.std_error,
            "statistic": tests.statistic,
            "p_value": tests.p_value,
            "low": tests.low,
            "high": tests.high,
        }
        if len(self.names) > 1:
            columns = {"of": [self._of(term) for term in self.terms], **columns}
        return pd.DataFrame(columns)

    def correlations(self) -> pd.DataFrame:
        """Each covariance as a correlation: estimate, std_error, statistic, p_value, low, high, undefined.

        Of one variable: generalized reciprocity (do people who give more get more?) and dyadic reciprocity
        (is what is special to a pair returned?). Tests and intervals are by Fisher's z.
        """
        import pandas as pd

        rows = []
        for one in correlations(self.pooled, len(self.names), self.level):
            term = self.terms[one.term]
            of = {"of": self._of(term)} if len(self.names) > 1 else {}
            shown = {name: getattr(one, name) for name in ("estimate", "std_error", "statistic", "p_value")}
            row = {**of, "correlation": _correlation_name(term), **shown}
            still = [self.names[v] for v in term.of if self._is_still(v)]
            why = f"nothing varies: {still[0]} is the same in every cell" if still else one.why
            rows.append({**row, "low": one.low, "high": one.high, "undefined": why})
        return pd.DataFrame(rows)

    def effects(self) -> pd.DataFrame:
        """One row a person and variable: group, variable, person, actor, partner, from the group's mean."""
        import pandas as pd

        parts = []
        for group, fit in zip(self.groups, self.fits, strict=True):
            for v, name in enumerate(self.names):
                columns = {"person": group.people, "actor": fit.actor[v], "partner": fit.partner[v]}
                parts.append(pd.DataFrame({"group": group.name, "variable": name, **columns}))
        return pd.concat(parts, ignore_index=True)

    def by_group(self) -> pd.DataFrame:
        """One row a group and component: group, people, cells, component, estimate, standardized."""
        import pandas as pd

        parts = []
        for group, fit in zip(self.groups, self.fits, strict=True):
            estimate = fit.estimates()
            frame = pd.DataFrame({"component": [term.name for term in self.terms], "estimate": estimate})
            frame["standardized"] = self._standardized(estimate)
            if len(self.names) > 1:
                frame.insert(0, "of", [self._of(term) for term in self.terms])
            about = pd.DataFrame(
                {"group": group.name, "people": fit.n_people, "cells": fit.n_cells}, frame.index
            )
            parts.append(pd.concat([about, frame], axis=1))
        return pd.concat(parts, ignore_index=True)

    def reliabilities(self) -> pd.DataFrame:
        """How well effects tell people apart: share of their variance that is people's, by variable and role.

        ``reliability`` is TripleR's form, σ²/(σ² + noise). ``reliability_dyada`` has the noise of DyaDA,
        σ_c²/(n − 1) − σ_cc'/(n − 1)², and only where every cell is known. NaN where the variance is estimated
        below 0. Of several groups variances and noise are means, weighted as the components.
        """
        import pandas as pd

        rows, weights = [], weights_of(self.fits)
        for v, name in enumerate(self.names):
            for role, place in (("actor", 5 * v), ("partner", 5 * v + 1)):
                variance, at = float(self.pooled.estimate[place]), self.terms[place].places[0]
                square = float(weights @ [fit.products[at, at] for fit in self.fits])
                other = [_dyada_noise(fit, v) for fit in self.fits]
                rows.append(
                    {
                        "variable": name,
                        "role": role,
                        "reliability": _ratio(variance, square),
                        "reliability_dyada": _ratio(variance, variance + float(weights @ other)),
                    }
                )
        return pd.DataFrame(rows)

    def pair_test(self, variable: str | None = None) -> PairTest:
        """F test that what is special to a pair is not returned, as if every effect were normal.

        Parameters
        ----------
        variable : str, optional
            Of two, which; the first where not given.
        """
        name = self.names[0] if variable is None else variable
        one_of("variable", name, self.names)
        return pair_test(self.fits, self.names.index(name))

    # words

    def facts(self) -> list[str]:
        """People, groups, cells known of how many, what was left out, which errors, what is below 0."""
        people = sum(fit.n_people for fit in self.fits)
        known, all_cells = (
            sum(fit.n_cells for fit in self.fits),
            sum(fit.n_people * (fit.n_people - 1) for fit in self.fits),
        )
        left = [f"{count:,} {reason}" for reason, count in self.left_out.items()]
        lines = [
            *self.notes,
            f"Social relations of {' and '.join(self.names)}: {counted(people, 'person', 'people')}, "
            f"{counted(len(self.fits), 'group')}, {known:,} of {all_cells:,} cells known.",
            f"Left out: {'; '.join(left) if left else 'none'}. What people say of themselves is not used.",
            f"Standard errors: {ERRORS[self.errors]}; "
            f"{counted(int(self.pooled.df), 'degree', 'degrees')} of freedom.",
            f"{self.level * 100:g} % intervals, {INTERVALS[self.errors]}.",
            *([NO_TEST] if self.pooled.noise is not None else []),
        ]
        if known < all_cells:
            lines.append("Cells that are not known are not filled in: Henderson's third method.")
        return [*lines, *(f"Note: {note}" for note in self._warnings())]

    def _warnings(self) -> Iterator[str]:
        for term, value in zip(self.terms, self.pooled.estimate, strict=True):
            if term.variance and value < 0:
                yield (
                    f"{term.name} of {self._of(term)} is estimated below 0 ({number(float(value))}), so "
                    "there are no shares, and it has no correlations."
                )
        for one in correlations(self.pooled, len(self.names), self.level):
            term = self.terms[one.term]
            # 1 by construction is not beyond 1 for its rounding
            if abs(one.estimate) > 1 + 1e-9:
                yield (
                    f"{_correlation_name(term)} of {self._of(term)} is estimated beyond ±1 "
                    f"({number(one.estimate)}): the variances are too small to be told from 0."
                )
        without = [
            f"{term.name} of {self._of(term)}"
            for term, error in zip(self.terms, self.pooled.std_error, strict=True)
            if np.isnan(error) and not any(map(self._is_still, term.of))
        ]
        if without:
            yield f"no error, as nothing varies there but rounding: {', '.join(without)}."
        smallest = min(fit.n_people for fit in self.fits)
        if self.errors == "jackknife" and smallest < SMALL:
            better = "; errors='between' is better" if len(self.fits) >= FEW else ""
            yield f"a jackknife of groups of {smallest} is too wide{better}."
        if self.errors == "between" and len(self.fits) < FEW:
            others = [repr(one) for one in self._possible if one != "between"]
            tail = f"; errors={' or '.join(others)}" if others else ", and they can have no other errors"
            yield f"{len(self.fits)} groups tell little of how groups differ{tail}."

    @cached_property
    def _possible(self) -> list[str]:
        """Errors that these groups can have."""
        return possible_errors(self.fits, [group.matrices for group in self.groups])

    def note(self) -> str:
        """What the table rests on, in one line."""
        people = sum(fit.n_people for fit in self.fits)
        return (
            f"Social relations of {' and '.join(self.names)}. {counted(people, 'person', 'people')}, "
            f"{counted(len(self.fits), 'group')}. Standard errors: {ERRORS[self.errors]}; "
            f"{self.level * 100:g} % intervals."
        )

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Facts, components, correlations, reliabilities, effects as JSON; written to ``path`` if given."""
        content = {
            "facts": self.facts(),
            "components": _records(self.tidy()),
            "correlations": _records(self.correlations()),
            "reliabilities": _records(self.reliabilities()),
            "effects": _records(self.effects()),
            "left_out": dict(self.left_out),
        }
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False, default=str)
        if path is not None:
            write_text(path, text + "\n")
        return text

    def _of(self, term: Term) -> str:
        return " × ".join(self.names[v] for v in term.of)

    def _standardized(self, estimate: Array) -> Array:
        """Shares of variances, and covariances as correlations."""
        out = np.full(len(estimate), np.nan)
        for v in range(len(self.names)):
            three = estimate[5 * v : 5 * v + 3]
            if (three >= 0).all() and three.sum() > 0:
                out[5 * v : 5 * v + 3] = three / three.sum()
        found = Pooled(estimate, np.zeros((len(estimate),) * 2), math.inf)
        for one in correlations(found, len(self.names)):
            out[one.term] = one.estimate
        return out


def _correlation_name(term: Term) -> str:
    """What a covariance is called as a correlation."""
    if len(term.of) == 1:
        return "generalized reciprocity" if term.kind == "person" else "dyadic reciprocity"
    return term.name.replace("covariance", "correlation")


def _dyada_noise(fit: GroupFit, v: int) -> float:
    if not fit.complete:
        return math.nan
    n = fit.n_people
    return float(fit.intra[v, v] / (n - 1) - fit.inter[v, v] / (n - 1) ** 2)


def _ratio(part: float, whole: float) -> float:
    return part / whole if part >= 0 and whole > 0 else math.nan


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): _plain(value) for key, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value

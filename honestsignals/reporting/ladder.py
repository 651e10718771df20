"""The ladder: volume, then balance, then timing, and whether each step adds to those below it."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from honestsignals.comparing import compare
from honestsignals.dyads import DyadTable
from honestsignals.errors import DesignError, FitError
from honestsignals.fitting import fit
from honestsignals.inference.families import FAMILIES, Family
from honestsignals.inference.wald import WaldTest
from honestsignals.inference.words import counted, joined
from honestsignals.ladder_terms import STEPS, candidates
from honestsignals.reporting.words import foot_of, grouped, heading, shown
from honestsignals.result import Result
from honestsignals.tables import render
from honestsignals.told_terms import ONCE, most_acts, told_already

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05
"""The usual level; it decides the wording alone, since the test stands beside it either way."""

TIMED = frozenset({"active_days", "reply_rate", "alternation", "burstiness"})
"""Columns of the ladder that a log without times does not have."""


@dataclass(frozen=True, eq=False)
class Step:
    """One step of the ladder: a model that holds the steps below it, and the test of what it adds.

    Attributes
    ----------
    name : str
        "volume", "balance" or "timing".
    label : str
        What is to be explained.
    beyond : tuple of str
        Steps that the model holds besides this one.
    adds : tuple of str
        Terms that the step adds; none where there is no model.
    dropped : mapping of str to str
        Terms that could not be added, and why.
    result : Result or None
        The fit, with net jackknife errors over people and pairs.
    test : WaldTest or None
        That the added coefficients are all 0.
    reason : str
        Why there is no fit; "" where there is one.
    """

    name: str
    label: str
    beyond: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    dropped: Mapping[str, str] = field(default_factory=dict)
    result: Result | None = None
    test: WaldTest | None = None
    reason: str = ""

    def sentence(self) -> str:
        """What the step says, in one sentence with its test, or why it says nothing."""
        name = self.name.capitalize()
        if self.test is None:
            return f"{name} is not judged: {self.reason}"
        if math.isnan(self.test.p_value):
            return f"{name} has estimates, but {self.test}."
        adds = self.test.p_value < LEVEL
        base = joined(self.beyond)
        yes, no = f"tells of {self.label}", f"tells nothing of {self.label} that these data can show"
        if base:
            yes, no = f"adds to {base}", f"adds nothing that these data can show beyond {base}"
        return f"{name} {yes if adds else no}: {self.test}.{self._direction() if adds else ''}"

    def _direction(self) -> str:
        """Which way the added terms point, where their intervals say so: what adds may well point down."""
        if self.result is None:
            return ""
        table = self.result.tidy().set_index("term")
        there = [term for term in self.adds if term in table.index]
        more = [term for term in there if table["low"][term] > 0]
        less = [term for term in there if table["high"][term] < 0]
        said = [
            f"more {joined(terms)} {'goes' if len(terms) == 1 else 'go'} with {which} {self.label}"
            for terms, which in ((more, "more"), (less, "less"))
            if terms
        ]
        if not said:
            return " No single term stands out." if len(there) > 1 else ""
        text = "; ".join(said)
        # a sign beside other terms is not the sign of the term alone
        return (
            f" The others held, {text}."
            if len(there) + len(self.beyond) > 1
            else f" {text[0].upper()}{text[1:]}."
        )

    def without(self) -> list[str]:
        """What could not be added to the step, and why: one sentence a reason."""
        return [f"Left out of {self.name}: {reason}." for reason in grouped(self.dropped)]


@dataclass(frozen=True, eq=False)
class Ladder:
    """Nested models of one label, on the same rows. Made by :func:`ladder`.

    Attributes
    ----------
    label : str
        What is to be explained.
    facts : tuple of str
        What the table says of itself.
    steps : tuple of Step
        Volume, balance, timing.
    """

    label: str
    facts: tuple[str, ...]
    steps: tuple[Step, ...]

    @cached_property
    def fits(self) -> dict[str, Result]:
        """The fits, by step; none where a step has no fit."""
        return {step.name: step.result for step in self.steps if step.result is not None}

    @cached_property
    def glances(self) -> dict[str, pd.Series]:
        """What each fit is, by step: rows, people, base rate, log likelihood."""
        return {name: result.glance().iloc[0] for name, result in self.fits.items()}

    def sentences(self) -> list[str]:
        """What each step says, one sentence a step."""
        return [step.sentence() for step in self.steps]

    def remarks(self) -> list[str]:
        """Terms left out, the rows of the steps, and the notes of the fits, each once."""
        lines = [line for step in self.steps for line in step.without()]
        rows = {len(result.model.rows) for result in self.fits.values()}
        if any(ONCE in step.dropped.values() for step in self.steps):
            lines.append(
                "Nobody acted twice towards another: that both gave is nearly what each gave, so the test of "
                "balance rests on how volume enters (here as the two logarithms, added)."
            )
        if len(rows) == 1:
            beside = any("in_contact" in step.adds for step in self.steps)
            lines.append(
                f"All steps use the same {counted(rows.pop(), 'row')}; a share or a rate that is undefined "
                f"enters as 0{', beside in_contact' if beside else ''}."
            )
        about: dict[str, list[str]] = {}
        for name, result in self.fits.items():
            for note in (*result.notes, *result.covariance.notes):
                about.setdefault(note, []).append(name)
        for note, names in about.items():
            where = "Every step" if len(names) == len(self.fits) else joined(names).capitalize()
            lines.append(f"{where}: {note}.")
        return lines

    def tidy(self) -> pd.DataFrame:
        """One row a coefficient of each step, as a fit's ``tidy`` has them."""
        import pandas as pd

        parts = [result.tidy().assign(step=name) for name, result in self.fits.items()]
        columns = ["step", "term", "estimate", "std_error", "statistic", "p_value", "low", "high", "df"]
        return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)

    def tests(self) -> pd.DataFrame:
        """One row a step: what it adds, its test, on how many rows and people, how well it fits, in words."""
        import pandas as pd

        fits = ("rows", "people", "base_rate", "log_likelihood", "r_squared")
        rows = []
        for step in self.steps:
            row: dict[str, object] = {"step": step.name, "adds": " + ".join(step.adds)}
            if step.test is not None:
                test, one = step.test, self.glances[step.name]
                row |= {
                    "statistic": test.statistic,
                    "df1": test.df1,
                    "df2": test.df2,
                    "p_value": test.p_value,
                }
                row |= {name: one[name] for name in fits}
            rows.append({**row, "result": step.sentence()})
        tested = ("statistic", "df1", "df2", "p_value")
        return pd.DataFrame(rows, columns=["step", "adds", *tested, *fits, "result"])

    def side_by_side(self) -> pd.DataFrame:
        """One column a step: each estimate with its standard error below, then what the fit rests on."""
        import pandas as pd

        if not self.fits:
            return pd.DataFrame(columns=["term"])
        above = compare(*self.fits.values(), names=list(self.fits), statistics=()).frame
        rows = []
        for name, (words, form) in foot_of(self.family).items():
            cells = {step: shown(float(one[name]), form) for step, one in self.glances.items()}
            rows.append({"term": words, **cells})
        return pd.concat([above, pd.DataFrame(rows)], ignore_index=True).rename(columns=heading)

    @property
    def family(self) -> Family | None:
        """Family of the fits; None where there is none."""
        return next((FAMILIES[result.estimate.family] for result in self.fits.values()), None)

    def __str__(self) -> str:
        lines = [f"Ladder of {self.label}", *self.facts, *self.sentences(), *self.remarks()]
        return "\n".join([*lines, "", render(self.side_by_side())] if self.fits else lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in (*self.sentences(), *self.remarks()))
        return f"<ul>{items}</ul>{render(self.side_by_side(), 'html')}"


def ladder(table: DyadTable, *, progress: Callable[[str], None] | None = None) -> Ladder:
    """Fit volume, then balance, then timing, each with those below it, and test what each adds.

    Volume is log1p(acts), for directed labels the acts of each; where acts have times, log1p(active_days)
    too. Where some pairs are not in contact, ``in_contact`` enters with it. Balance is known(returned_share),
    for directed labels also known(net_giving); timing is known(reply_rate), known(alternation) and
    known(burstiness). A term that is the same in every row, or a combination of terms before it, is left out
    and said (but ``in_contact`` gives way to balance where nobody acted twice towards another); so is a step
    that has no estimate. Timing goes on without balance, but nothing without volume.

    Parameters
    ----------
    table : DyadTable
        With a label; and with the columns named here, as far as its log can have them.
    progress : callable, optional
        Is told, in words, what is being done.

    Returns
    -------
    Ladder

    Raises
    ------
    DesignError
        Where the table has no label.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from honestsignals.dyads import Design
    >>> from honestsignals.metrics.registry import Fact
    >>> ego, alter = np.triu_indices(12, 1)
    >>> acts = (ego * 5 + alter * 3) % 7
    >>> share = np.where(acts > 0, (ego + alter) % 5 / 4, np.nan)
    >>> close = np.log1p(acts) + (ego * alter) % 3
    >>> columns = {"acts": acts, "in_contact": acts > 0, "returned_share": share, "closeness": close}
    >>> frame = pd.DataFrame({"ego": ego, "alter": alter, **columns}).astype(float)
    >>> about = tuple(Fact(name, name, "", "") for name in frame.columns)
    >>> for line in ladder(DyadTable(frame, Design("closeness", "continuous"), about)).sentences():
    ...     print(line)
    Volume tells of closeness: F(2, ...) = ..., p = 0.00...
    Balance adds nothing that these data can show beyond volume: F(1, ...) = 0.03, p = 0.8...
    Timing is not judged: the acts have no times, from which replies could be told.
    """
    if table.label is None:
        raise DesignError("This table has no label, so there is nothing that give and take could foretell.")
    wanted = candidates(table)
    try:
        dropped = told_already(table, table.label, wanted)
    except FitError as error:
        steps = tuple(Step(name, table.label, reason=str(error)) for name in STEPS)
        return Ladder(table.label, tuple(table.facts()), steps)
    steps_made: list[Step] = []
    for name in STEPS:
        if progress is not None:
            progress(f"Fitting {name}")
        steps_made.append(_step(table, name, wanted[name], dropped, steps_made))
    return Ladder(table.label, tuple(table.facts()), tuple(steps_made))


def _step(
    table: DyadTable, name: str, wanted: Sequence[str], dropped: Mapping[str, str], below: Sequence[Step]
) -> Step:
    """One step: fitted and tested, or the reason why not."""
    label = table.label or ""
    lost = {term: dropped[term] for term in wanted if term in dropped}
    adds = tuple(term for term in wanted if term not in lost)
    if not adds:
        return Step(name, label, reason=_no_terms(table, wanted, lost))
    base = [step for step in below if step.result is not None]
    failed = [step.name for step in below if step.name == "volume" and step.reason and step.adds]
    if failed:
        reason = "volume has no estimate, so there is nothing that it could be judged beyond."
        return Step(name, label, adds=adds, dropped=lost, reason=reason)
    terms = [term for step in base for term in step.adds]
    beyond = tuple(step.name for step in base)
    try:
        result = fit(f"{label} ~ {' + '.join([*terms, *adds])}", table)
    except FitError as error:
        return Step(name, label, beyond, adds, lost, reason=str(error))
    return Step(name, label, beyond, adds, lost, result, result.wald(adds))


def _no_terms(table: DyadTable, wanted: Sequence[str], lost: Mapping[str, str]) -> str:
    """Why a step has no term."""
    if not wanted:
        timed = any("time" in fact.needs for fact in table.about)
        without = "the table was made without its columns."
        return without if timed else "the acts have no times, from which replies could be told."
    reasons = "; ".join(grouped(lost))
    if "known(returned_share)" in lost and most_acts(table) <= 1:
        reasons += (
            ". Where each of two people acted at most once, how much passed between them and whether it was "
            "returned are one fact"
        )
    return f"{reasons}."

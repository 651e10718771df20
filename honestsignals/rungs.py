"""A ladder as it is asked for, and the formula of each of its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.ladder_terms import FURTHER, STEPS, candidates, terms_of
from honestsignals.told_terms import told_already

if TYPE_CHECKING:
    import pandas as pd

BASE = "base rate"
"""The step that every ladder begins with: nothing is known of the pair."""

Ladder = Sequence[Any] | Mapping[str, Any] | None


@dataclass(frozen=True)
class Rung:
    """One step of a ladder.

    Attributes
    ----------
    name : str
    adds : tuple of str
        Terms that it adds to the step before it; of a formula all its terms.
    terms : str
        Right side of its formula.
    nested : bool
        Whether it holds the step before it.
    """

    name: str
    adds: tuple[str, ...]
    terms: str
    nested: bool = True


def rungs(table: DyadTable | pd.DataFrame, ladder: Ladder, label: str) -> tuple[list[Rung], list[str]]:
    """The steps of a ladder, and what is to be said of steps and terms that are not there.

    Parameters
    ----------
    table : DyadTable or pandas.DataFrame
    ladder : sequence, mapping or None
        See :func:`honestsignals.evaluate`.
    label : str
        Left side that formulas must have.

    Returns
    -------
    steps : list of Rung
    notes : list of str

    Raises
    ------
    ArgumentError, UnknownNameError, DesignError
        For a step that cannot be read, a name that is not there, and a ladder without a step.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ego": ["a", "b"], "alter": ["b", "c"], "acts": [1, 2], "share": [0.5, None]})
    >>> [one.terms for one in rungs(frame, {"how much": ["log1p(acts)"], "return": ["share"]}, "y")[0]]
    ['log1p(acts)', 'log1p(acts) + known(share) + undefined(share)']
    """
    notes: list[str] = []
    made: list[Rung] = []
    steps = _steps(ladder)
    told = _told(table, label, steps)
    for name, asked in steps:
        if isinstance(asked, str) and "~" in asked:
            right = _right_of(asked, label)
            made.append(Rung(name, (right,), right, nested=False))
            continue
        terms = _known_terms(table, name, told, notes) if name in told[0] else _terms(table, name, asked)
        if terms:
            below = made[-1].terms if made else ""
            had = set(below.split(" + ")) if below else set()
            adds = tuple(term for term in terms if term not in had)
            made.append(Rung(name, adds, " + ".join(([below] if below else []) + list(adds))))
    if not made:
        raise DesignError(
            f"No step of the ladder has a column in this table. {' '.join(notes)} Name its columns, as in "
            "ladder={'much': ['log1p(sent)'], 'return': ['share']}."
        )
    names = [one.name for one in made]
    twice = next((name for name in names if names.count(name) > 1 or name == BASE), None)
    if twice is not None:
        raise ArgumentError(f"Two steps of the ladder are called {twice!r}.")
    return made, notes


def _steps(ladder: Ladder) -> list[tuple[str, Any]]:
    """Names of steps and what was asked for each."""
    if ladder is None:
        return [(name, name) for name in STEPS]
    if isinstance(ladder, Mapping) and ladder:
        return [(str(name), asked) for name, asked in ladder.items()]
    if isinstance(ladder, str):
        ladder = [ladder]
    if not isinstance(ladder, Sequence) or not ladder:
        raise ArgumentError(
            f"ladder is {ladder!r}; it must be a list of steps (metrics, terms or formulas), or a mapping of "
            "names to them."
        )
    found = []
    for number, asked in enumerate(ladder, 1):
        plain = isinstance(asked, str) and "~" not in asked
        found.append((asked if plain else f"model {number}", asked))
    return found


def _right_of(formula: str, label: str) -> str:
    left, _, right = formula.partition("~")
    if "".join(left.split()) not in ("", "".join(label.split())):
        raise ArgumentError(f"The formula {formula!r} explains {left.strip()!r}; the label is {label!r}.")
    return right.strip()


Told = tuple[Mapping[str, Sequence[str]], Mapping[str, str]]
"""Terms of the steps that have a name of their own, and why some of them cannot be judged."""


def _told(table: DyadTable | pd.DataFrame, label: str, steps: Sequence[tuple[str, Any]]) -> Told:
    """Terms of the known steps, and those that say what terms before them say: as the report has it."""
    names = [name for name, asked in steps if asked == name and name in (*STEPS, *FURTHER)]
    wanted = {name: terms for name, terms in candidates(table, names).items() if terms}
    if not wanted:
        return dict.fromkeys(names, ()), {}
    return {**dict.fromkeys(names, ()), **wanted}, told_already(table, label, wanted)


def _known_terms(table: DyadTable | pd.DataFrame, name: str, told: Told, notes: list[str]) -> list[str]:
    """Terms of a step that has a name of its own, but for those that cannot be judged."""
    terms, why = told
    lost = [f"{term} is {why[term]}" for term in terms[name] if term in why]
    left = [term for term in terms[name] if term not in why]
    if not left:
        reason = "; ".join(lost) or "the table has none of its columns"
        notes.append(f"{name} is not judged: {reason}.")
    elif lost:
        notes.append(f"left out of {name}: {'; '.join(lost)}.")
    return left


def _terms(table: DyadTable | pd.DataFrame, name: str, asked: Any) -> list[str]:
    """Terms of a step, as listed."""
    frame = table.frame if isinstance(table, DyadTable) else table
    columns = [str(one) for one in frame.columns]
    if isinstance(asked, str):
        asked = [asked]
    if not isinstance(asked, Sequence) or not asked or not all(isinstance(one, str) for one in asked):
        raise ArgumentError(
            f"Step {name!r} is {asked!r}; it must be a formula, or a list of metrics and terms."
        )
    terms = []
    for term in asked:
        if term in columns:
            if term not in frame.columns:
                raise ArgumentError(f"Step {name!r} lists {term!r}, whose name is no text; rename it.")
            terms += terms_of(frame, term)
        elif "~" in term:
            raise ArgumentError(f"Step {name!r} lists the formula {term!r}; a formula is a step by itself.")
        elif term.isidentifier():
            raise unknown("column", term, [*columns, *STEPS, *FURTHER])
        else:
            terms.append(term)
    return terms

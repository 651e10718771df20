"""Moderation: does what a column does to the label depend on another, asked in one call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from honestsignals.column_checks import rows_of_pairs
from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.fitting import fit
from honestsignals.formula_words import right_side, variables_of, words_of
from honestsignals.formulas import design
from honestsignals.moderated_slopes import ModeratedSlopes

if TYPE_CHECKING:
    import pandas as pd

CONTACT = "in_contact"
"""Beside it slopes of ``known(x)`` are those of pairs in contact."""


def moderation(
    formula: str,
    dyads: DyadTable | pd.DataFrame,
    *,
    by: str,
    term: str | None = None,
    values: Any = None,
    family: str | None = None,
    covariance: str = "jackknife",
    fixed_effects: str | Sequence[str] | None = None,
) -> ModeratedSlopes:
    """Whether what a column does to the label depends on a moderator, and where.

    Fits the formula with the products of the term and the moderator, those that it lacks being added:
    ``moderation("trust ~ known(returned_share) + acts", pairs, by="same_office")`` fits ``trust ~
    known(returned_share) + acts + same_office + known(returned_share):same_office``. Of a product with
    further columns every lower one is added too, so that no slope hangs on where a column has its 0; of
    ``known(x)`` beside ``in_contact`` also that of ``in_contact``, so that slopes stay those of pairs in
    contact. The rest is ``fit(...).moderation(term, by)``.

    Parameters
    ----------
    formula : str
        As :func:`fit` takes it.
    dyads : DyadTable or pandas.DataFrame
        One row a pair, or several of a pair: errors know that rows share people.
    by : str
        The moderator: a column of pairs ("same_office", "relatedness"), of people ("ego_culture"), or of the
        pair's acts ("kind_share__mail", see :func:`kinds_from`).
    term : str, optional
        The column whose slope is moderated; by default the first that the formula names.
    values : value or sequence of values, optional
        Of the moderator; by default its levels, or its mean and a standard deviation to either side.
    family, covariance, fixed_effects
        As :func:`fit` takes them.

    Returns
    -------
    ModeratedSlopes
        Slopes with their intervals, the interaction's Wald test, the regions of Johnson and Neyman.

    Raises
    ------
    UnknownNameError
        For a term or moderator that the table does not have.
    DesignError
        Where the moderator is not known of any row, or the same of all.

    See Also
    --------
    honestsignals.figures.moderation : The slope along its moderator, drawn.

    References
    ----------
    bauer2005, potthoff1964, ai2003

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> ego, alter = np.triu_indices(12, 1)
    >>> frame = pd.DataFrame({"ego": ego, "alter": alter, "acts": (ego * alter) % 7})
    >>> frame["near"] = (ego + alter) % 2
    >>> frame["trust"] = 0.5 * frame["acts"] * frame["near"] + np.sin(ego + alter)
    >>> found = moderation("trust ~ acts", frame, by="near", family="gaussian")
    >>> found.tidy()[["term", "by", "value", "estimate", "std_error"]].round(3)
       term    by  value  estimate  std_error
    0  acts  near      0     0.020      0.063
    1  acts  near      1     0.516      0.057
    >>> print(found.test)
    F(1, 10.7) = 34.21, p = 0.0001
    """
    rows = rows_of_pairs(dyads)
    columns = [str(one) for one in rows.columns]
    left, right = _sides(formula)
    if re.search(r"\bdecompose\(", right):
        raise ArgumentError(
            "decompose(x) makes columns of its own, of which each may be moderated: write decompose(x) * "
            f"{by} and ask fit(...).moderation(column, {by!r})."
        )
    named = right_side(right, columns)[0] & set(columns)
    if term is None:
        ordered = sorted(named - {by}, key=lambda name: (right.find(name), name))
        if not ordered:
            raise ArgumentError(f"The formula {formula!r} names no column whose slope {by!r} could moderate.")
        term = ordered[0]
    for name in (by, term):
        if name not in columns:
            raise unknown("column", name, columns)
    if term not in named:
        raise ArgumentError(f"{term!r} is to be moderated, and the formula {formula!r} does not name it.")
    if term == by:
        raise ArgumentError(f"{term!r} is the slope and its own moderator; name two columns.")
    _check_values(rows[by], by)
    terms = _terms(right, columns)
    whole = f"{left} ~ {' + '.join([right, *_products(terms, (term, by), columns)])}"
    guards = _guards(terms, (term, by), columns)
    if guards and _told_apart(design(whole, rows).source, by):
        whole += "".join(f" + {one}" for one in guards)
    found = fit(whole, dyads, family=family, covariance=covariance, fixed_effects=fixed_effects)
    slopes = found.moderation(term, by, values)
    note = _confounded(found.model.source, _terms(whole.split("~")[1], columns), (term, by))
    return replace(slopes, slopes=replace(slopes.slopes, notes=(*slopes.slopes.notes, *note)))


def _check_values(column: pd.Series, by: str) -> None:
    """Refuse a moderator that is not known of any row, or the same of all: slopes cannot differ by it."""
    known = column.dropna()
    if not len(known):
        raise DesignError(f"{by!r} has no known value, so slopes cannot differ by it.")
    if known.nunique() == 1:
        raise DesignError(f"{by!r} has one value, {known.iloc[0]!r}, so slopes cannot differ by it.")


def _sides(formula: object) -> tuple[str, str]:
    if not isinstance(formula, str) or formula.count("~") != 1:
        raise ArgumentError(f"The formula is {formula!r}; it must be text, 'label ~ terms'.")
    left, right = formula.split("~")
    return left.strip(), right.strip()


def _terms(right: str, columns: list[str]) -> list[tuple[str, ...]]:
    """Terms of a right side, each as its factors."""
    from formulaic import Formula

    return [tuple(_written(str(factor), columns) for factor in one.factors) for one in Formula(right)]


def _reads(term: Sequence[str], columns: list[str]) -> set[str]:
    """Columns that a term reads."""
    return set().union(*(variables_of(factor, columns) for factor in term))


def _moderators(terms: list[tuple[str, ...]], by: str, columns: list[str]) -> list[tuple[str, ...]]:
    """Terms of the moderator alone, or the column itself where there are none."""
    return [one for one in terms if _reads(one, columns) == {by}] or [(_written(by, columns),)]


def _products(terms: list[tuple[str, ...]], names: tuple[str, str], columns: list[str]) -> list[str]:
    """Products of every term of a column with its moderator, and all below them, where there are none yet."""
    term, by = names
    if any({term, by} <= _reads(one, columns) for one in terms):
        return []
    moderators = _moderators(terms, by, columns)
    found = [":".join(one) for one in moderators]
    for one in terms:
        if term in _reads(one, columns):
            below = [part for size in range(1, len(one) + 1) for part in combinations(one, size)]
            found += [":".join([*part, *moderator]) for part in below for moderator in moderators]
    there = {":".join(one) for one in terms}
    return [one for one in dict.fromkeys(found) if one not in there]


def _guards(terms: list[tuple[str, ...]], names: tuple[str, str], columns: list[str]) -> list[str]:
    """Products of ``in_contact`` with a moderator, beside those of ``known(x)`` that are added."""
    term, by = names
    if CONTACT in names or any({term, by} <= _reads(one, columns) for one in terms):
        return []
    found = []
    for one in terms:
        for factor in one:
            if not _known(factor, term):
                continue
            rest = {*one, CONTACT} - {factor}
            beside = [other for other in terms if CONTACT in other and set(other) <= rest]
            found += [
                ":".join([*other, *moderator])
                for other in beside
                for moderator in _moderators(terms, by, columns)
            ]
    return list(dict.fromkeys(found))


def _known(factor: str, name: str) -> bool:
    """Whether a factor takes a column that may be undefined."""
    words = words_of(factor)
    return "known" in words.calls and name in words.names and name not in words.bare


def _told_apart(used: pd.DataFrame, by: str) -> bool:
    """Whether pairs without contact differ by the moderator, and have every level of it."""
    without = used.loc[used[CONTACT].to_numpy(dtype=float) == 0, by]
    if used[by].dtype.kind in "iuf":
        return bool(without.nunique() > 1)
    return set(without.dropna()) == set(used[by].dropna())


def _confounded(used: pd.DataFrame, terms: list[tuple[str, ...]], names: tuple[str, str]) -> list[str]:
    """What to say where undefined values, which ``known`` makes 0, decide slopes with those that are 0."""
    term, by = names
    lacks = used[term].isna()
    calls = [words_of(factor) for one in terms for factor in one]
    if any("undefined" in one.calls and term in one.names for one in calls):
        return []
    columns = [str(one) for one in used.columns]
    reads = [_reads(one, columns) for one in terms]
    why = f"undefined({term}) is not in the formula"
    if any({CONTACT, by} <= read for read in reads):
        lacks &= used[CONTACT].to_numpy(dtype=float) != 0
    elif {CONTACT} in reads:
        apart = _told_apart(used, by)
        why = f"{CONTACT}:{by} is not in the formula" + (
            "" if apart else f", as not all levels of {by} occur without contact"
        )
    if used.loc[lacks, by].nunique() < 2:
        return []
    lacking = f"{term} is undefined in {int(lacks.sum()):,} rows, which known() counts as 0"
    return [f"{lacking}, and {why}: slopes by {by} rest on these rows too"]


def _written(factor: str, columns: list[str]) -> str:
    """A factor as a formula has it: names that Python could not read between backticks."""
    return f"`{factor}`" if factor in columns and not factor.isidentifier() else factor

"""Moderation: does what a column does to the label depend on another, asked in one call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from honestsignals.column_checks import rows_of_pairs
from honestsignals.dyads import DyadTable
from honestsignals.errors import ArgumentError, DesignError, unknown
from honestsignals.fitting import fit
from honestsignals.formula_words import right_side, variables_of
from honestsignals.moderated_slopes import ModeratedSlopes

if TYPE_CHECKING:
    import pandas as pd


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
    known(returned_share) + acts + same_office + known(returned_share):same_office``. The rest is
    ``fit(...).moderation(term, by)``.

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
    whole = f"{left} ~ {_with_products(right, (term, by), columns)}"
    found = fit(whole, dyads, family=family, covariance=covariance, fixed_effects=fixed_effects)
    return found.moderation(term, by, values)


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


def _with_products(right: str, names: tuple[str, str], columns: list[str]) -> str:
    """A right side with the products of every term of a column and its moderator, where it lacks all."""
    from formulaic import Formula

    term, by = names
    terms = [[_written(str(factor), columns) for factor in one.factors] for one in Formula(right)]
    reads = [set().union(*(variables_of(factor, columns) for factor in one)) for one in terms]
    if any({term, by} <= read for read in reads):
        return right
    alone = [one for one, read in zip(terms, reads, strict=True) if read == {by}]
    moderators = alone or [[_written(by, columns)]]
    parts = [right, *([] if alone else moderators[0])]
    for one, read in zip(terms, reads, strict=True):
        if term in read:
            parts += [":".join([*one, *moderator]) for moderator in moderators]
    return " + ".join(parts)


def _written(factor: str, columns: list[str]) -> str:
    """A factor as a formula has it: names that Python could not read between backticks."""
    return f"`{factor}`" if factor in columns and not factor.isidentifier() else factor

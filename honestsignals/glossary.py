"""Columns and words that are no metric: what each means, and its unit. One place for all tables."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """A column of a table that is no metric.

    Attributes
    ----------
    meaning : str
        What it is, to a reader who sees it for the first time.
    unit : str
        Its unit; "" where it has none.
    """

    meaning: str
    unit: str = ""


WORDS = {
    # dyad tables
    "ego": Word("the one the row is seen from; in an undirected table the first in sort order", "id"),
    "alter": Word("the other of the two", "id"),
    "asked": Word("when the label was asked: only acts strictly before it count", "time"),
    "block": Word("class, town or group of both people: pairs across blocks could never be", "id"),
    # tables of a fit
    "term": Word("term of the model"),
    "estimate": Word("estimated coefficient", "units of the label, or log odds"),
    "std_error": Word("standard error, of the kind that the facts name"),
    "statistic": Word("estimate / std_error, or the Wald statistic"),
    "df": Word("degrees of freedom of the t distribution; infinite for the normal"),
    "p_value": Word("two-sided p value of no effect"),
    "low": Word("lower end of the 95 % interval"),
    "high": Word("upper end of the 95 % interval"),
    # rows of a fit
    "fitted": Word("expected label of the row", "units of the label, or probability"),
    "residual": Word("label minus fitted"),
    # what a fit is, in one row
    "family": Word("family of the model"),
    "covariance": Word("which standard errors"),
    "rows": Word("rows used"),
    "pairs": Word("unordered pairs among the rows used"),
    "people": Word("people among the rows used"),
    "events": Word("rows whose label is 1"),
    "base_rate": Word("share of rows whose label is 1, or mean of the label"),
    "log_likelihood": Word("log likelihood at the estimate"),
    "r_squared": Word("share of variance explained; for a logit McFadden's, against the base rate"),
    "step": Word("step of the ladder of models"),
    "adds": Word("terms that the step adds"),
    "df1": Word("restrictions tested"),
    "df2": Word("degrees of freedom of the denominator; infinite for chi-square"),
}


FORMULA_WORDS = (
    *("known", "undefined", "log1p", "log", "sqrt", "exp", "abs", "square"),
    *("C", "I", "Q", "np", "center", "scale", "standardize", "poly", "bs", "cs", "cc", "cr"),
)
"""What formulas call: ours, then formulaic's. No label may be called so."""


def identifier(text: str) -> str:
    """A name that stands unquoted in a formula.

    >>> identifier("help at work"), identifier("2nd")
    ('help_at_work', '_2nd')
    """
    slug = re.sub(r"\W", "_", text)
    return "_" + slug if slug[:1].isdigit() else slug

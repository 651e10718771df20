"""What keeps fits from being compared: other rows, other labels, other families, other errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from honestsignals.contrasts import Contrast
from honestsignals.errors import ArgumentError, listed
from honestsignals.margins import MarginalEffects
from honestsignals.papers.journals import SLANT, UPRIGHT
from honestsignals.simple_slopes import SimpleSlopes
from honestsignals.social_components import SocialRelations
from honestsignals.standard_errors import ERRORS, ErrorLadder

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

UNITS = {
    "logit": "Log odds",
    "probit": "Probit coefficients",
    "poisson": "Log rates",
    "ordered_logit": "Log odds of a higher level",
    "ordered_probit": "Ordered probit coefficients",
    "multinomial": "Log odds against the first class",
    "mutual_logit": "Log odds given the other direction",
}
"""What coefficients of a family are; those of any other are called coefficients."""
CONDITIONAL = "Log odds given the effects of people"
"""What slopes of a logit are where effects of people cancel: no effect is averaged over."""
OTHERS = (
    (MarginalEffects, "Average marginal effects"),
    (SimpleSlopes, "Simple slopes"),
    (Contrast, "Linear combinations of coefficients"),
    (SocialRelations, "Components of social relations"),
)
"""What can be compared and has no coefficients, and what its estimates are."""
RESCALED = ("logit", "probit", "ordered_logit", "ordered_probit", "multinomial", "mutual_logit")
"""Families whose coefficients grow as terms are added, be they related to the others or not."""
KEYS = ("term", "component", "contrast")
"""Columns that can name the rows of ``tidy()``."""
SHARED = ("dyadic", "jackknife")
"""Covariances that know that rows share people, as sender here and as receiver there."""


class Fit(Protocol):
    """What can be compared: anything that tells of itself so, and with ``glance()`` on what it rests."""

    def tidy(self) -> pd.DataFrame:
        """One row a coefficient, with ``term`` and ``estimate``."""

    def note(self) -> str:
        """What its numbers rest on."""


@dataclass(frozen=True, eq=False)
class Column:
    """One fit of a comparison.

    Attributes
    ----------
    name : str
        Its heading.
    table : pandas.DataFrame
        Its coefficients; the index is the terms.
    one : mapping of str to value
        What it is: one row of ``glance()``.
    ids : pandas.DataFrame or None
        ``ego`` and ``alter`` of the rows used; None where the fit does not tell.
    said : tuple of str
        What the fit itself has to say: its warnings and the rows left out, or else its ``note()``.
    cut_points : tuple of str
        Terms that are cut points of an ordered label, which stand last.
    unit : str
        What its estimates are: log odds, marginal effects, …
    """

    name: str
    table: pd.DataFrame
    one: Mapping[str, Any]
    ids: pd.DataFrame | None
    said: tuple[str, ...] = ()
    cut_points: tuple[str, ...] = ()
    unit: str = "Coefficients"

    @property
    def within_people(self) -> bool:
        """Whether slopes stand beside effects of people."""
        return isinstance(self.one.get("fixed_effects"), str)

    def number(self, term: str, name: str) -> float:
        """One number of a term; NaN where there is none."""
        if name not in self.table.columns or term not in self.table.index:
            return math.nan
        value: Any = self.table.at[term, name]
        return math.nan if value is None else float(value)


def columns_of(fits: Sequence[Fit], names: Sequence[str] | None) -> list[Column]:
    """The fits of a comparison, each checked.

    Parameters
    ----------
    fits : sequence of Fit
        What is to be compared.
    names : sequence of str, optional
        Headings; by default (1), (2), …

    Raises
    ------
    ArgumentError
        For something that is no fit, or headings that do not tell the fits apart.
    """
    if not fits:
        raise ArgumentError("compare needs at least one fit.")
    if isinstance(names, str):
        raise ArgumentError(f"names is {names!r}; it must be a sequence of one name a fit.")
    heads = [f"({place})" for place in range(1, len(fits) + 1)]
    if names is not None:
        heads = [one_line(name) for name in names]
    if len(heads) != len(fits):
        raise ArgumentError(f"names has {len(heads)} names for {len(fits)} fits.")
    twice = next((name for name in heads if heads.count(name) > 1), None)
    if twice is not None or "" in heads:
        what = f"{twice!r} twice" if twice else "an empty name"
        raise ArgumentError(f"names has {what}; every fit needs its own.")
    return [_column(fit, name, place) for place, (fit, name) in enumerate(zip(fits, heads, strict=True), 1)]


def _column(fit: Fit, name: str, place: int) -> Column:
    """One fit, asked for its numbers."""
    lacks = [one for one in ("tidy", "note") if not callable(getattr(fit, one, None))]
    if lacks:
        hint = " Give fits one by one: compare(*fits)." if isinstance(fit, (list, tuple, dict)) else ""
        raise ArgumentError(
            f"What is compared as number {place} is a {type(fit).__name__} without "
            f"{listed(f'{one}()' for one in lacks)}; compare takes fits.{hint}"
        )
    if isinstance(fit, ErrorLadder):
        raise ArgumentError(
            f"What is compared as number {place} is a ladder: one fit with several errors, which print() "
            "shows side by side. Of fits, compare(fit, fit.with_covariance('dyadic'))."
        )
    table, ids = fit.tidy(), getattr(fit, "ids", None)
    one: dict[str, Any] = {}
    if callable(getattr(fit, "glance", None)):
        glance = fit.glance()  # type: ignore[attr-defined]
        if len(glance) != 1:
            raise ArgumentError(f"glance() of number {place} has {len(glance)} rows; it needs one.")
        for key, value in glance.iloc[0].items():
            one[str(key)] = one_line(value) if isinstance(value, str) else value
    cuts = tuple(getattr(fit, "cut_points", ()))
    return Column(name, _by_term(table, place), one, ids, _said(fit, one), cuts, _unit(fit, one))


def _unit(fit: Fit, one: Mapping[str, Any]) -> str:
    """What the estimates of a fit are."""
    for kind, words in OTHERS:
        if isinstance(fit, kind):
            return words
    if one.get("family") == "logit" and isinstance(one.get("fixed_effects"), str):
        return CONDITIONAL
    return UNITS.get(str(one.get("family")), "Coefficients")


def one_line(text: object) -> str:
    r"""A name as a table takes it: on one line, without the private marks of italics.

    >>> one_line("known \n share")
    'known share'
    """
    return " ".join(str(text).replace(SLANT, "").replace(UPRIGHT, "").split())


def _said(fit: Any, one: Mapping[str, Any]) -> tuple[str, ...]:
    """Warnings and rows left out of a regression; of anything else, the line that goes with its table."""
    if "covariance" not in one:
        return (fit.note().rstrip("."),)
    left = getattr(getattr(fit, "model", None), "left_out", {})
    warned = (*getattr(fit, "notes", ()), *getattr(getattr(fit, "covariance", None), "notes", ()))
    return (*(f"{count:,} {reason} left out" for reason, count in left.items()), *warned)


def _by_term(table: pd.DataFrame, place: int) -> pd.DataFrame:
    """Coefficients by term; where several equations share terms, each with its equation before it."""
    key = next((one for one in KEYS if one in table.columns), None)
    if key is None or "estimate" not in table.columns:
        raise ArgumentError(
            f"tidy() of number {place} has the columns {listed(table.columns)}; "
            "'term' and 'estimate' are needed."
        )
    terms = table[key].map(one_line)
    if terms.duplicated().any():
        words = [name for name in table.columns if name != key and table[name].dtype.kind not in "iufb"]
        enough = ([name] for name in words if not table[[name, key]].astype(str).duplicated().any())
        apart = next(enough, [name for name in words if table[name].nunique(dropna=False) > 1])
        if table[[*apart, key]].astype(str).duplicated().any():
            raise ArgumentError(
                f"tidy() of number {place} has the term {terms[terms.duplicated()].iloc[0]!r} twice."
            )
        for name in reversed(apart):
            terms = table[name].map(one_line) + ": " + terms
    return table.set_index(terms.rename("term"))


def _same_pairs(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two fits rest on rows of the same pairs, in whatever order."""
    first, second = (ids[["ego", "alter"]].reset_index(drop=True) for ids in (one, other))
    return len(first) == len(second) and (
        first.equals(second) or np.array_equal(_hashed(first), _hashed(second))
    )


def _hashed(ids: pd.DataFrame) -> Array:
    """A number a row, sorted: the same rows in any order give the same numbers."""
    from pandas.util import hash_pandas_object

    # the text of an id, so that 1 in a table of numbers is 1 in a table of text
    return np.sort(hash_pandas_object(ids.astype(str), index=False).to_numpy())


def differences(columns: Sequence[Column]) -> list[str]:
    """What the numbers are, and what but the terms keeps the columns apart; one sentence or more an item.

    Parameters
    ----------
    columns : sequence of Column
        The fits.
    """
    lines = [*_labels(columns), *_errors(columns), *_not_alike(columns), *_readings(columns)]
    said: dict[str, list[str]] = {}
    for column in columns:
        for text in column.said:
            said.setdefault(text, []).append(column.name)
    return lines + [f"{listed(names)}: {text}." for text, names in said.items()]


def _not_alike(columns: Sequence[Column]) -> list[str]:
    """Other rows, and scales that move with the terms."""
    lines: list[str] = []
    counts = [column.one.get("rows") for column in columns]
    known = [column.ids for column in columns if column.ids is not None]
    if len({count for count in counts if count is not None}) > 1:
        each = ", ".join(f"{one.name} {int(one.one['rows']):,}" for one in columns if "rows" in one.one)
        lines.append(f"The fits rest on different rows ({each}), so columns differ for that reason too.")
    elif not all(_same_pairs(known[0], other) for other in known[1:]):
        lines.append(
            "The fits rest on as many rows, but not on the same pairs, so columns differ for that reason too."
        )
    lines += _effects(columns)
    if _terms_differ(columns) and sum(column.one.get("family") in RESCALED for column in columns) > 1:
        lines.append(
            "Coefficients of these families grow with whatever else explains the label, so a change from one "
            "column to another need not be confounding (Mood 2010)."
        )
    return lines


def _effects(columns: Sequence[Column]) -> list[str]:
    """Which fits stand beside effects of people, where not all stand beside the same."""
    told = {
        one.name: f"{one.one['fixed_effects'] if one.within_people else 'none'}"
        for one in columns
        if "covariance" in one.one
    }
    if len(set(told.values())) < 2:
        return []
    return [
        f"{_apart('Fixed effects differ', told)}: beside them slopes compare rows of the same people only."
    ]


def _readings(columns: Sequence[Column]) -> list[str]:
    """How terms and statistics of some families are to be read."""
    families = [str(column.one.get("family")) for column in columns]
    lines = []
    if any(family.startswith("ordered") for family in families):
        lines.append("Terms a|b are cut points between levels a and b of the label.")
    told = zip(families, columns, strict=True)
    others = dict.fromkeys(
        one.replace("_", " ")
        for one, fit in told
        if one in UNITS and "r_squared" in fit.one and not fit.within_people
    )
    if others:
        lines.append(f"R² of {listed(others)} is McFadden's.")
    return lines


def _terms_differ(columns: Sequence[Column]) -> bool:
    return len({frozenset(column.table.index) for column in columns}) > 1


def _labels(columns: Sequence[Column]) -> list[str]:
    """Whose coefficients these are, and in which unit."""
    what = {column.name: column.unit for column in columns}
    label = {column.name: str(column.one["label"]) for column in columns if "label" in column.one}
    units, labels = dict.fromkeys(what.values()), dict.fromkeys(label.values())
    lines = []
    if len(units) == 1:
        of = f" of {next(iter(labels))}" if len(labels) == 1 and len(label) == len(columns) else ""
        lines.append(f"{next(iter(units))}{of}.")
    else:
        lines.append(f"{_apart('Units differ', what)}: numbers of one row are not on one scale.")
        lines += [f"All of {next(iter(labels))}."] if len(labels) == 1 and len(label) == len(columns) else []
    if len(labels) > 1:
        lines.append(f"{_apart('Labels differ', label)}.")
    return lines


def _errors(columns: Sequence[Column]) -> list[str]:
    """Which errors, and whether they know that pairs share people."""
    kinds = {column.name: str(column.one["covariance"]) for column in columns if "covariance" in column.one}
    words = {name: ERRORS.get(kind, kind.replace("_", " ")) for name, kind in kinds.items()}
    if not kinds:
        return []
    if len(set(kinds.values())) > 1:
        return [f"{_apart('Standard errors differ', words)}."]
    knows = next(iter(kinds.values())) in SHARED
    more = "; they and the intervals allow for pairs that share people" if knows else ""
    return [f"Standard errors: {next(iter(words.values()))}{more}."]


def _apart(what: str, values: Mapping[str, str]) -> str:
    """Values with the columns that have each."""
    groups: dict[str, list[str]] = {}
    for name, value in values.items():
        groups.setdefault(value, []).append(name)
    return f"{what} ({'; '.join(f'{listed(names)} {value}' for value, names in groups.items())})"

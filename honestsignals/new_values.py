"""Rows at other values than those observed: what a design makes of them, or why it can say nothing."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, listed, nearest
from honestsignals.formula_words import variables_of

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


def coded_levels(spec: Any, seen: pd.DataFrame, name: str) -> tuple[Any, ...] | None:
    """Levels of a column of which a design makes one column each, the first compared with; None of others.

    Parameters
    ----------
    spec : formulaic.ModelSpec
    seen : pandas.DataFrame
        The columns that it was made of.
    name : str
        One of them: text, a category, or numbers that the formula takes as such, ``C(x)``.

    Returns
    -------
    tuple or None
    """
    coded = [
        state
        for factor, (kind, state) in spec.encoder_state.items()
        if kind.value == "categorical" and variables_of(str(factor), seen.columns) == {name}
    ]
    numeric = seen[name].dtype.kind in "iufb"
    if numeric and not coded:
        return None
    values = set(seen[name].dropna().unique().tolist())
    for state in coded:
        levels = list(state.get("categories", ()))
        if values <= set(levels):
            base = getattr(getattr(state.get("contrasts"), "contrasts", None), "base", None)
            first = base if isinstance(base, str | int | float) and base in levels else levels[0]
            return (first, *(one for one in levels if one != first))
    return None if numeric else tuple(sorted(values))


def categories_of(spec: Any, seen: pd.DataFrame, name: str) -> tuple[Any, ...] | None:
    """Levels between which a column changes, the first compared with; None where it goes by degrees.

    Those of `coded_levels`, and of numbers 0 and 1 alone, or False and True.
    """
    coded = coded_levels(spec, seen, name)
    if coded is not None:
        return coded
    if seen[name].dtype == bool:
        return (False, True)
    return (0, 1) if set(seen[name].dropna().unique().tolist()) == {0, 1} else None


def bound_to(seen: pd.DataFrame, name: str) -> dict[str, float]:
    """Columns that are nothing wherever a 0/1 column is 0, and what nothing is: 0, or NaN for undefined.

    Those of ``in_contact``, and of any that says exactly where another is defined, or is not 0. Stated at 0
    beside what others have who are at 1, such a column would describe pairs that cannot be.

    Parameters
    ----------
    seen : pandas.DataFrame
        The columns that a formula names.
    name : str
        One of them.

    Returns
    -------
    dict of str to float
        Empty for a column that binds none.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"in_contact": [0, 1, 1], "acts": [0, 2, 1], "share": [None, 0.5, 1.0]})
    >>> bound_to(rows, "in_contact"), bound_to(rows, "acts")
    ({'acts': 0.0, 'share': nan}, {})
    """
    if seen[name].dtype.kind not in "iufb":
        return {}
    x = seen[name].to_numpy(dtype=float, na_value=np.nan)
    if set(np.unique(x)) != {0.0, 1.0}:
        return {}
    found: dict[str, float] = {}
    rules = name == "in_contact"
    for other in seen.columns:
        if other == name or seen[other].dtype.kind not in "iufb":
            continue
        y = seen[other].to_numpy(dtype=float, na_value=np.nan)
        defined = ~np.isnan(y)
        something = defined & (y != 0)
        if something.any() and not something[x == 0].any():
            found[str(other)] = 0.0 if defined[x == 0].all() else np.nan
            rules |= np.array_equal(defined, x == 1) or np.array_equal(something, x == 1)
    return found if rules else {}


def bound_words(bound: Mapping[str, float]) -> str:
    """What columns are where the one that they are bound to is 0.

    >>> bound_words({"acts": 0.0, "share": np.nan, "rate": np.nan})
    'acts is 0; share and rate undefined'
    """
    zero = [name for name, value in bound.items() if value == 0]
    undefined = [name for name, value in bound.items() if value != 0]
    parts: list[str] = []
    for names, what in ((zero, "0"), (undefined, "undefined")):
        if names:
            be = "" if parts else ("is " if len(names) == 1 else "are ")
            parts.append(f"{' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))} {be}{what}")
    return "; ".join(parts)


def columns_at(
    spec: Any, seen: pd.DataFrame, source: pd.DataFrame, functions: Mapping[str, Callable[..., Any]]
) -> Array:
    """A design's columns of other values: means, knots and levels stay those of the fit.

    Parameters
    ----------
    spec : formulaic.ModelSpec
        How the columns were made.
    seen : pandas.DataFrame
        What they were made of.
    source : pandas.DataFrame
        Other values of the same.
    functions : mapping of str to callable
        What a formula may call.

    Returns
    -------
    ndarray, shape (n, k)

    Raises
    ------
    ArgumentError
        For a column that is not there, a level never seen, a value that is missing, a term that is
        undefined or infinite, a spline asked about what lies outside.
    """
    from formulaic.errors import DataMismatchWarning, FactorEvaluationError

    rows = _as_seen(spec, seen, source)
    try:
        # a level of numbers that is a category was checked; that some do not occur is nothing to say
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", DataMismatchWarning)
            matrix = spec.get_model_matrix(rows, context=dict(functions))
    except FactorEvaluationError as error:
        raise _outside(str(error), seen) from error
    except DataMismatchWarning as error:
        raise unlisted(", ".join(map(str, spec.formula)), str(error)) from error
    columns = np.asarray(matrix, dtype=float)
    if not np.isfinite(columns).all():
        raise _undefined(columns, spec, rows)
    return columns


def unlisted(right: str, warning: str) -> ArgumentError:
    """The error for levels that a formula does not list, or a fit has not seen.

    Parameters
    ----------
    right : str
        Terms.
    warning : str
        What formulaic says, which names the levels.

    Returns
    -------
    ArgumentError

    Examples
    --------
    >>> str(unlisted("C(z, levels=[0, 1])", "... dataset): {np.float64(2.0)}. They are"))[:66]
    "'C(z, levels=[0, 1])' has no column for 2.0, which rows have; such"
    """
    named = re.search(r"\{(.*)\}", warning, re.DOTALL)
    text = re.sub(r"np\.\w+\(([^()]*)\)", r"\1", named.group(1) if named else "some levels")
    levels = listed(sorted(text.split(", ")), 5)
    return ArgumentError(
        f"{right!r} has no column for {levels}, which rows have; such rows would count as the first level. "
        "List every level, take C() without levels=, or leave those rows out of the table."
    )


def _as_seen(spec: Any, seen: pd.DataFrame, source: pd.DataFrame) -> pd.DataFrame:
    """The columns that a design names, each of the kind that it was."""
    rows = source.copy(deep=False)
    for name in seen.columns:
        if name not in rows.columns:
            _refuse_parts(name, [str(one) for one in seen.columns])
            near = nearest(name, [str(one) for one in rows.columns])
            hint = f"; is it {near!r} there?" if near else "."
            raise ArgumentError(f"The rows have no column {name!r}, which the formula names{hint}")
        rows[name] = _one_as_seen(rows[name], seen[name], coded_levels(spec, seen, name))
    return rows[list(seen.columns)]


PARTS = ("_actor", "_partner", "_dyad", "_people")
"""What the names of parts end with that ``decompose`` makes of a column."""


def _refuse_parts(name: str, names: list[str]) -> None:
    """Say how to make the parts of a column where rows have none."""
    stem = next((name.removesuffix(part) for part in PARTS if name.endswith(part)), name)
    if f"{stem}_dyad" in names and stem != name:
        raise ArgumentError(
            f"The rows have no column {name!r}, a part that decompose() made of the rows fitted. Make the "
            f"parts of these rows, by their own means, with hs.decompose(rows, column), which names them "
            f"{stem}_...; or state them: predict({{{name!r}: ...}})."
        )


def _one_as_seen(column: pd.Series, seen: pd.Series, levels: tuple[Any, ...] | None) -> pd.Series:
    import pandas as pd

    numeric = seen.dtype.kind in "iufb"
    if numeric and column.dtype.kind not in "iufb":
        raise _no_numbers(str(seen.name), column)
    if numeric and levels is None:
        same = column.dtype == seen.dtype
        return column if same else pd.Series(column.to_numpy(dtype=float, na_value=np.nan), column.index)
    column = column.astype(object)
    if column.isna().any():
        raise ArgumentError(f"{seen.name!r} is missing in {int(column.isna().sum()):,} rows.")
    odd = [one for one in column.unique() if one not in (levels or ())]
    if odd:
        near = nearest(str(odd[0]), map(str, levels or ()))
        tail = f" Did you mean {near!r}?" if near else ""
        known = ", ".join(repr(one) for one in levels or ())
        raise ArgumentError(f"{seen.name!r} is {odd[0]!r}, a level that the fit has not seen: {known}.{tail}")
    return column.astype(seen.dtype)


def _no_numbers(name: str, column: pd.Series) -> ArgumentError:
    """The error for a column that is not of numbers, as the fit's is."""
    there = column.dropna().tolist()
    if not there:
        return ArgumentError(f"{name!r} is missing in {len(column):,} rows; the fit has numbers there.")
    odd = [one for one in there if not isinstance(one, int | float | np.number)]
    if odd:
        return ArgumentError(f"{name!r} is {odd[:1]}; the fit has numbers there.")
    return ArgumentError(f"{name!r} holds numbers as objects; turn it into a column of numbers.")


def _outside(message: str, seen: pd.DataFrame) -> ArgumentError:
    """The error for values that a term cannot take."""
    factor = (re.findall(r"`(.*?)`\. \[", message) or ["a term"])[0]
    ranges = [
        f"{name} from {seen[name].min():g} to {seen[name].max():g}"
        for name in sorted(variables_of(factor, seen.columns))
        if seen[name].dtype.kind in "iuf"
    ]
    fitted = f"; it was fitted to {', '.join(ranges)}" if ranges else ""
    return ArgumentError(f"{factor} cannot be computed of these values{fitted}.")


def _undefined(columns: Array, spec: Any, rows: pd.DataFrame) -> ArgumentError:
    """The error for a cell of the design that is no number."""
    place = int(np.flatnonzero(~np.isfinite(columns).all(axis=0))[0])
    term = str(spec.column_names[place])
    count = int((~np.isfinite(columns[:, place])).sum())
    missing = [name for name in sorted(variables_of(term, rows.columns)) if rows[name].isna().any()]
    if missing:
        return ArgumentError(f"{missing[0]!r} is missing in {int(rows[missing[0]].isna().sum()):,} rows.")
    what = "undefined" if np.isnan(columns[:, place]).any() else "infinite"
    return ArgumentError(f"{term} is {what} in {count:,} rows at these values.")

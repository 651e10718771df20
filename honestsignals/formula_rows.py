"""Rows that a formula can use, why the others were left out, and columns that no model can have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import FitError, listed
from honestsignals.formula_words import variables_of
from honestsignals.inference.words import counted

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


def known_rows(
    label: tuple[Array, str], frame: pd.DataFrame, bare: set[str], left_out: dict[str, int]
) -> Array:
    """Rows whose label and columns are known, but for columns inside ``known()``; the others are counted.

    Parameters
    ----------
    label : tuple of (ndarray, str)
        The label, and what it is called.
    frame : pandas.DataFrame
        The columns that the right side names.
    bare : set of str
        Those that rows must have.
    left_out : dict of str to int
        Is told why rows were left out, and how many.

    Returns
    -------
    ndarray of bool
    """
    keep = rows_known(label, frame, bare, left_out)
    refuse_empty(keep, left_out)
    refuse_endless(label[1], int(np.isinf(label[0][keep]).sum()))
    return keep


def rows_known(
    label: tuple[Array, str], frame: pd.DataFrame, bare: set[str], left_out: dict[str, int]
) -> Array:
    """The same of rows that may be none.

    Parameters
    ----------
    label : tuple of (ndarray, str)
    frame : pandas.DataFrame
    bare : set of str
    left_out : dict of str to int

    Returns
    -------
    ndarray of bool
    """
    y, left = label
    keep = ~np.isnan(y)
    if not keep.all():
        left_out[f"rows where {left} is unknown"] = int((~keep).sum())
    for name in frame.columns:
        if str(name) not in bare:
            continue
        lacks = keep & frame[name].isna().to_numpy()
        if lacks.any():
            what = "undefined" if frame[name].dtype.kind in "iufb" else "not known"
            left_out[f"rows where {name} is {what}"] = int(lacks.sum())
            keep &= ~lacks
    return keep


def refuse_endless(left: str, endless: int) -> None:
    """Refuse a label that is infinite in some rows."""
    if endless:
        raise FitError(f"The label {left} is infinite in {counted(endless, 'row')}; no model takes it.")


def count_undefined(columns: Array, names: tuple[str, ...], left_out: dict[str, int]) -> Array:
    """Rows where a term is undefined although its columns are known, each counted under the first."""
    undefined = np.zeros(len(columns), dtype=bool)
    for place, name in enumerate(names):
        fresh = np.isnan(columns[:, place]) & ~undefined
        if fresh.any():
            left_out[f"rows where {name} is undefined"] = int(fresh.sum())
            undefined |= fresh
    return undefined


def refuse_infinite(columns: Array, names: tuple[str, ...]) -> None:
    """Refuse columns that are infinite somewhere."""
    infinite = ~np.isfinite(columns).all(axis=0)
    if infinite.any():
        raise FitError(
            f"{listed(np.array(names)[infinite])} is infinite in some rows; of counts, take log1p."
        )


def refuse_alike(
    terms: Mapping[str, tuple[int, ...]], spec: Any, source: pd.DataFrame, left_out: Mapping[str, int]
) -> None:
    """Refuse a term that makes no column, as its factor has one level: it would vanish without a word.

    Parameters
    ----------
    terms : mapping of str to tuple of int
        Terms, and the columns of each.
    spec : formulaic.ModelSpec
        How they were made.
    source : pandas.DataFrame
        Of what.
    left_out : mapping of str to int
        Why other rows are not among them.
    """
    empty = next((term for term, places in terms.items() if not places), None)
    if empty is None:
        return
    said, level = empty, "the same"
    for factor in next((those for term, those in spec.term_factors.items() if str(term) == empty), ()):
        levels = spec.encoder_state.get(factor.expr, ("", {}))[1].get("categories", ())
        if len(levels) == 1:
            read = variables_of(factor.expr, source.columns)
            value = np.asarray(levels, dtype=object)[0]
            alone = len(read) == 1 and bool((source[min(read)] == value).all())
            said, level = repr(min(read)) if alone else str(factor.expr), repr(value)
    lost = f" Left out are {listed(f'{n:,} {reason}' for reason, n in left_out.items())}." if left_out else ""
    raise FitError(f"{said} is {level} in every row: leave it out.{lost}")


def refuse_empty(keep: Array, left_out: Mapping[str, int]) -> None:
    """Refuse a formula that leaves no row."""
    if not keep.any():
        reasons = listed(f"{count:,} {reason}" for reason, count in left_out.items()) or "there are no rows"
        raise FitError(f"No row has all that the formula asks for: {reasons}.")

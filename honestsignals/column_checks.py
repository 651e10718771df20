"""What a column of a model must hold, and what is wrong with one that does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

MANY_LEVELS = 20
"""More different numbers than this in a column of text are numbers, and the rest of it is a slip."""

COMPLEX = (complex, np.complexfloating)


def check_column(name: str, column: pd.Series) -> None:
    """Refuse a column of a formula's right side that no model can take.

    Parameters
    ----------
    name : str
    column : pandas.Series

    Raises
    ------
    ArgumentError
        For dates, complex numbers, numbers as objects, lists, and text among numbers.
    """
    if name == "Intercept":
        raise ArgumentError("A column is called 'Intercept', which is the name of the constant; rename it.")
    if column.dtype.kind in "Mm":
        raise ArgumentError(f"{name!r} is a date; a model takes spans, such as recency_days or span_days.")
    if is_complex(column):
        raise ArgumentError(f"{name!r} holds complex numbers; a model takes real ones.")
    if column.dtype.kind in "iufb" or column.dtype == "category":
        return
    if column.dtype == object and len(column) and all(isinstance(one, int | float) for one in column):
        raise ArgumentError(f"{name!r} holds numbers as objects; turn it into a column of numbers.")
    odd = next((one for one in column if isinstance(one, (list, dict, set, np.ndarray))), None)
    if odd is not None:
        raise ArgumentError(
            f"{name!r} holds a {type(odd).__name__} in some row; a model takes numbers or words."
        )
    _refuse_slips(name, column)


def widened(column: pd.Series) -> pd.Series:
    """Numbers as int64, or as float64 where they are none of those: narrow ones would run over in a formula.

    Parameters
    ----------
    column : pandas.Series

    Returns
    -------
    pandas.Series
        What holds no numbers stays as it is.

    Examples
    --------
    >>> import pandas as pd
    >>> acts = pd.Series([100, 120], dtype="int8")
    >>> (acts * acts).tolist(), (widened(acts) * widened(acts)).tolist()
    ([16, 64], [10000, 14400])
    """
    import pandas as pd

    if column.dtype in (np.dtype(np.int64), np.dtype(np.float64)) or column.dtype.kind not in "iuf":
        return column
    whole = column.dtype.kind in "iu" and not column.isna().any()
    if whole and (column.dtype.kind == "i" or not len(column) or column.max() <= np.iinfo(np.int64).max):
        return pd.Series(column.to_numpy(dtype=np.int64), column.index, name=column.name)
    return pd.Series(column.to_numpy(dtype=float, na_value=np.nan), column.index, name=column.name)


def _refuse_slips(name: str, column: pd.Series) -> None:
    """Refuse words among numbers, which would make a category of each number."""
    import pandas as pd

    known = column.dropna()
    numbers = pd.to_numeric(known, errors="coerce")
    if numbers.nunique() > MANY_LEVELS and numbers.isna().any():
        raise ArgumentError(f"{name!r} holds numbers and {slip_of(known, numbers)}; mend or drop those rows.")
    if numbers.nunique() > MANY_LEVELS:
        raise ArgumentError(f"{name!r} holds numbers as text; turn it into a column of numbers.")


def slip_of(known: pd.Series, numbers: pd.Series) -> str:
    """The first value that is no number, and how many there are.

    Parameters
    ----------
    known, numbers : pandas.Series
        Values, and the same as numbers, NaN where they are none.

    Returns
    -------
    str
    """
    wrong = known[numbers.isna()]
    more = f" and {len(wrong) - 1:,} more" if len(wrong) > 1 else ""
    return f"{wrong.iloc[0]!r} (row {wrong.index[0]}{more})"


def refuse_words(label: str, column: pd.Series) -> None:
    """The error for a label that holds no numbers.

    Parameters
    ----------
    label : str
    column : pandas.Series

    Raises
    ------
    ArgumentError
        Always.
    """
    import pandas as pd

    known = column.dropna()
    if column.dtype.kind in "Mm":
        what = "dates" if column.dtype.kind == "M" else "spans of time"
        raise ArgumentError(f"The label {label!r} holds {what}; turn it into numbers, as of days.")
    try:
        numbers = pd.to_numeric(known, errors="coerce")
    except TypeError:
        numbers = pd.Series(np.nan, index=known.index)
    if numbers.notna().any() and numbers.isna().any():
        raise ArgumentError(
            f"The label {label!r} holds numbers and {slip_of(known, numbers)}; mend those rows."
        )
    if numbers.notna().any():
        kind = "text" if all(isinstance(one, str) for one in known) else "objects"
        raise ArgumentError(f"The label {label!r} holds numbers as {kind}; turn it into a column of numbers.")
    words = sorted({one for one in known if isinstance(one, str)})
    name = label if label.isidentifier() else f"`{label}`"
    compare = f""" Compare it, as in "{name} == {words[-1]!r}".""" if words else ""
    raise ArgumentError(f"The label {label!r} holds no numbers.{compare}")


def is_complex(column: pd.Series) -> bool:
    """Whether a column holds complex numbers."""
    if column.dtype == object:
        return any(isinstance(one, COMPLEX) for one in column)
    return bool(column.dtype.kind == "c")


def rows_of_pairs(dyads: Any) -> Any:
    """A table of pairs as it was given, or the error for what is none.

    Parameters
    ----------
    dyads : DyadTable or pandas.DataFrame
        Has a frame, or is one.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ArgumentError
        For anything else, and for two columns of one name.
    """
    import pandas as pd

    frame = getattr(dyads, "frame", dyads)
    if not isinstance(frame, pd.DataFrame):
        advice = " Its pandas form is .to_pandas()." if hasattr(dyads, "to_pandas") else ""
        advice = " Its pairs are .dyads()." if hasattr(dyads, "dyads") else advice
        raise ArgumentError(
            f"dyads is a {type(dyads).__name__}; it must be a DyadTable or a pandas.DataFrame.{advice}"
        )
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ArgumentError(f"The table has two columns called {twice!r}.")
    return frame

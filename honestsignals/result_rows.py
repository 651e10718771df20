"""Rows of a fit beside what it makes of them, and tables as JSON holds them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.formulas import Model

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


def label_of(model: Model) -> Array | pd.Categorical:
    """The label of the rows used, as the table has it: numbers, or names of categories.

    Parameters
    ----------
    model : Model

    Returns
    -------
    ndarray or pandas.Categorical, shape (n,)
    """
    import pandas as pd

    if not model.levels:
        return model.y
    names = np.array(model.levels, dtype=object)
    return pd.Categorical(names[model.y.astype(np.intp)], list(dict.fromkeys(model.levels)))


def share_explained(left: float, whole: float) -> float:
    """1 less what is left of a whole; 0 where they differ by rounding alone, NaN where there is nothing.

    >>> share_explained(2.0, 8.0), share_explained(3.0 + 1e-15, 3.0)
    (0.75, 0.0)
    """
    if whole == 0:
        return math.nan
    share = 1.0 - left / whole
    return 0.0 if abs(share) < 1e-14 else share


def with_columns(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """A frame with columns at its end; one whose name is taken is called ``model_`` and that.

    Parameters
    ----------
    frame : pandas.DataFrame
    columns : mapping of str to array

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> with_columns(pd.DataFrame({"fitted": [1]}), {"fitted": [0.5], "residual": [0.5]})
       fitted  model_fitted  residual
    0       1           0.5       0.5
    """
    out = frame.copy()
    for name, column in columns.items():
        out[free_name(name, out.columns)] = column
    return out


def free_name(name: str, taken: Iterable[str]) -> str:
    """The name, behind ``model_`` where it is taken.

    >>> free_name("fitted", ["ego", "alter", "fitted"])
    'model_fitted'
    """
    there = set(taken)
    while name in there:
        name = f"model_{name}"
    return name


def number_or_null(value: Any) -> Any:
    """A cell as JSON holds it: what is undefined or endless is null.

    >>> number_or_null(float("inf")), number_or_null(np.int64(3))
    (None, 3)
    """
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a frame as JSON holds them.

    >>> import pandas as pd
    >>> records(pd.DataFrame({"term": ["acts"], "df": [math.inf]}))
    [{'term': 'acts', 'df': None}]
    """
    return [
        {str(key): number_or_null(value) for key, value in row.items()} for row in frame.to_dict("records")
    ]

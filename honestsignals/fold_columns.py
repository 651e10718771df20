"""What folds are made of: the people of rows, when rows were asked, and their blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from honestsignals.errors import ArgumentError, listed, nearest
from honestsignals.inference.clusters import person_codes

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

HOW = "Give X as a pandas DataFrame with {columns} among its columns, or give such a frame as groups."


def check_lengths(X: Any, y: Any, groups: Any) -> None:
    """Refuse tables, labels and groups of different lengths, and no rows at all."""
    given = {"X": X, "y": y, "groups": groups}
    sizes = {name: _size(name, value) for name, value in given.items() if value is not None}
    if len(set(sizes.values())) > 1:
        said = listed(f"{name} has {size:,} rows" for name, size in sizes.items())
        raise ArgumentError(f"{said}; they must be as long as each other.")
    if 0 in sizes.values():
        raise ArgumentError(f"{next(iter(sizes))} has 0 rows; folds need rows to train on and rows to test.")


def _size(name: str, value: Any) -> int:
    shape = getattr(value, "shape", None)
    if isinstance(value, str) or not (shape or hasattr(value, "__len__")):
        raise ArgumentError(f"{name} is {value!r}; it must be a table or an array, a row for each pair.")
    return int(shape[0] if shape else len(value))


def _frames(X: Any, groups: Any) -> list[pd.DataFrame]:
    import pandas as pd

    return [one for one in (groups, X) if isinstance(one, pd.DataFrame)]


def column_of(X: Any, groups: Any, name: str) -> pd.Series:
    """A column without gaps, of groups where that is a frame that has it, else of X.

    Parameters
    ----------
    X, groups : DataFrame, array or None
    name : str

    Raises
    ------
    ArgumentError
        Where neither has the column, where it stands twice, and where a value is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> column_of(pd.DataFrame({"asked": [1, 2]}), None, "asked").tolist()
    [1, 2]
    """
    frames = _frames(X, groups)
    found = next((one[name] for one in frames if name in one.columns), None)
    if found is None:
        near = nearest(name, [str(column) for one in frames for column in one.columns])
        guess = f" Did you mean {near!r}?" if near else ""
        where = "X and groups have" if len(frames) == 2 else "X has" if _frames(X, None) else "groups has"
        said = f"{where} no column {name!r}." if frames else _no_frame(X)
        raise ArgumentError(f"{said}{guess} {HOW.format(columns=name)}")
    if found.ndim != 1:
        raise ArgumentError(f"{found.shape[1]} columns are called {name!r}; there must be one.")
    missing = np.flatnonzero(found.isna())
    if missing.size:
        raise ArgumentError(
            f"{name!r} is missing in row {missing[0]} ({missing.size:,} such rows); leave such rows out, or "
            "say what it was."
        )
    return found


def _no_frame(X: Any) -> str:
    if X is None:
        return "Neither X nor a frame of groups is given; folds depend on the rows."
    frame = " Give its .frame." if hasattr(X, "frame") else ""
    return f"X, of type {type(X).__name__}, has no columns by name.{frame}"


def people_of_rows(X: Any, groups: Any) -> tuple[Array, Array, Array]:
    """The two people of each row as codes in the order of their ids, and the ids.

    Parameters
    ----------
    X : DataFrame, array or None
        Looked into for ``ego`` and ``alter`` where groups says nothing of them.
    groups : ndarray, shape (n, 2), DataFrame or None
        Ids of the two people of each row.

    Returns
    -------
    ego, alter : ndarray of int64, shape (n,)
        0 … N − 1.
    ids : ndarray of object, shape (N,)

    Raises
    ------
    ArgumentError
        Where nothing says who is in a row, an id is missing, ids are numbers and text, or a row pairs
        somebody with themselves.

    Examples
    --------
    >>> ego, alter, ids = people_of_rows(None, [("b", "a"), ("c", "b")])
    >>> ego.tolist(), alter.tolist(), ids.tolist()
    ([1, 2], [0, 1], ['a', 'b', 'c'])
    """
    import pandas as pd

    if groups is not None and not isinstance(groups, pd.DataFrame):
        groups = _two_columns(groups)
    elif not _frames(X, groups):
        again = "" if X is None else ", or the ids of ego and alter as groups, an array of shape (n, 2)"
        raise ArgumentError(f"{_no_frame(X)} {HOW.format(columns='ego and alter')[:-1]}{again}.")
    sides = [column_of(X, groups, name) for name in ("ego", "alter")]
    both = pd.concat([pd.Series(side.tolist()) for side in sides], ignore_index=True)
    if pd.api.types.infer_dtype(both) == "mixed-integer":
        raise ArgumentError(
            "Ids of people are numbers in some places and text in others; make all of them one."
        )
    codes, ids = _coded(both)
    ego, alter, _ = person_codes(*np.split(codes, 2))
    return ego, alter, ids


def _coded(values: pd.Series) -> tuple[Array, Array]:
    """Values as codes in their order, which no order of rows or categories changes; and the values."""
    import pandas as pd

    try:
        codes, known = pd.factorize(values)
        found = np.asarray(known, dtype=object)
        order = np.argsort(found, kind="stable")
    except TypeError:
        raise ArgumentError(f"Ids such as {values[0]!r} have no order; make them numbers or text.") from None
    rank = np.empty(len(found), dtype=np.int64)
    rank[order] = np.arange(len(found))
    return rank[codes], found[order]


def blocks_of_rows(X: Any, groups: Any, name: str) -> Array:
    """The block of each row as a code, in the order of blocks.

    Parameters
    ----------
    X, groups : DataFrame, array or None
        As for ``people_of_rows`` and ``column_of``.
    name : str

    Returns
    -------
    ndarray of int64, shape (n,)

    Raises
    ------
    ArgumentError
        Where somebody is in two blocks, or there is one block only.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"ego": [1, 3], "alter": [2, 4], "town": ["b", "a"]})
    >>> blocks_of_rows(rows, None, "town").tolist()
    [1, 0]
    """
    import pandas as pd

    ego, alter, ids = people_of_rows(X, groups)
    codes, blocks = _coded(pd.Series(column_of(X, groups, name).tolist()))
    people, of_rows = np.concatenate([ego, alter]), np.concatenate([codes, codes])
    block = np.empty(len(ids), dtype=np.int64)
    block[people] = of_rows
    astray = np.flatnonzero(block[people] != of_rows)
    if astray.size:
        one = people[astray[0]]
        two = sorted({int(of_rows[astray[0]]), int(block[one])})
        raise ArgumentError(
            f"{ids[one]!r} is in {name} {blocks[two[0]]!r} and in {blocks[two[1]]!r}; everybody must be in "
            "one, under an id that nobody of another has."
        )
    if len(blocks) == 1:
        raise ArgumentError(f"{name!r} is {blocks[0]!r} in every row; there must be another to train on.")
    return codes


def _two_columns(groups: Any) -> pd.DataFrame:
    """Ids given as an array, as a frame; a list of tuples keeps numbers apart from text."""
    import pandas as pd

    if isinstance(groups, np.ndarray) and groups.ndim == 2:
        found = pd.DataFrame(groups)
    elif isinstance(groups, Sequence) and not isinstance(groups, str):
        found = pd.DataFrame(list(groups))
    else:
        found = pd.DataFrame()
    if found.shape[1] != 2:
        shape = getattr(groups, "shape", found.shape)
        raise ArgumentError(
            f"groups has shape {tuple(shape)}; it must be (n, 2), the ids of ego and alter of each row, or a "
            "DataFrame with ego and alter among its columns."
        )
    return found.set_axis(["ego", "alter"], axis=1)


def moments_of(column: pd.Series, name: str) -> tuple[Array, bool]:
    """When each row was asked: numbers as they are, dates as microseconds; and whether they are dates.

    Parameters
    ----------
    column : pandas.Series
        Without gaps.
    name : str

    Returns
    -------
    moments : ndarray of int64 or float64, shape (n,)
    dated : bool

    Raises
    ------
    ArgumentError
        For what is neither a finite number nor a date.

    Examples
    --------
    >>> import pandas as pd
    >>> moments_of(pd.Series(pd.to_datetime(["1970-01-02"])), "asked")
    (array([86400000000]), True)
    """
    import pandas as pd

    column = column.infer_objects()
    kind = pd.api.types.infer_dtype(column)
    if kind in ("datetime64", "datetime", "date"):
        stamps = pd.to_datetime(column, utc=True).dt.tz_localize(None).to_numpy()
        return stamps.astype("datetime64[us]").astype(np.int64), True
    if kind not in ("integer", "floating"):
        raise ArgumentError(
            f"{name!r} holds {kind} such as {column.iloc[0]!r}; moments must be numbers or dates "
            "(pandas.to_datetime makes dates of text)."
        )
    if kind == "integer":
        return column.to_numpy(dtype=np.int64), False
    found = column.to_numpy(dtype=np.float64)
    infinite = np.flatnonzero(~np.isfinite(found))
    if infinite.size:
        raise ArgumentError(f"{name!r} is {found[infinite[0]]} in row {infinite[0]}; moments must be finite.")
    return found, False

"""Depth in words: the layers of a person, the outermost first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honestsignals.errors import MOST_SHOWN, ArgumentError, listed, nearest
from honestsignals.readers.faults import Fault, Located, whole_source


def check_layers(layers: Sequence[str]) -> None:
    """Refuse layers that are no words, are fewer than two, or come twice.

    >>> check_layers(["peripheral", "intermediate", "core"])
    """
    rule = "it must be the words that depth is written in, the outermost layer first"
    if isinstance(layers, str) or not all(isinstance(one, str) and one.strip() for one in layers):
        raise ArgumentError(f"depth_layers is {layers!r}; {rule}.")
    if len(layers) < 2 or len(set(layers)) < len(layers):
        raise ArgumentError(f"depth_layers is {list(layers)!r}; {rule}, two or more, each once.")


def layers_of(source: object, mapping: Mapping[str, str], said: Sequence[str] | None) -> tuple[str, ...]:
    """The words of depth: those said, or the categories of an ordered pandas Categorical of words.

    Parameters
    ----------
    source : Source
        What is read.
    mapping : mapping of str to str
        Keys of acts to columns.
    said : sequence of str or None
        ``depth_layers``.

    Returns
    -------
    tuple of str
        The outermost first; none where depth is in numbers, or not there.

    Examples
    --------
    >>> import pandas as pd
    >>> from honestsignals.readers.source import open_source
    >>> words = pd.Categorical(["core", "outer"], ["outer", "core"], ordered=True)
    >>> layers_of(open_source(pd.DataFrame({"how deep": words})), {"depth": "how deep"}, None)
    ('outer', 'core')
    """
    if said is not None:
        return tuple(said)
    frame: Any = getattr(source, "frame", None)
    if frame is None or "depth" not in mapping:
        return ()
    place = [str(column) for column in frame.columns].index(mapping["depth"])
    kind = frame.dtypes.iloc[place]
    words = list(kind.categories) if getattr(kind, "ordered", False) else []
    if len(words) < 2 or not all(isinstance(one, str) for one in words):
        return ()
    check_layers(words)
    return tuple(words)


def read_layers(
    array: Any, column: str, layers: Sequence[str], first_row: int, source: Located
) -> tuple[NDArray[np.float64], list[Fault]]:
    """One batch of a column of layers as places in their order, and what is wrong with it.

    Parameters
    ----------
    array : pyarrow ChunkedArray
        Text.
    column : str
        Its name.
    layers : sequence of str
        The words, the outermost layer first.
    first_row : int
        The number of the batch's first row.
    source : Located
        Where it comes from.

    Returns
    -------
    values : ndarray of float64, shape (n_rows,)
        0, 1, 2 …; NaN where missing or wrong.
    faults : list of Fault

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> words, source = pa.chunked_array([["core", None, "outer"]]), SimpleNamespace(name="acts.csv")
    >>> read_layers(words, "depth", ["outer", "core"], 0, source)[0]
    array([ 1., nan,  0.])
    """
    array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    kind = array.type
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    if not any(one(kind) for one in texts):
        raise whole_source(source, column, f"has the type {kind}; depth_layers are for text")
    text = array.cast(pa.string())
    text = pc.if_else(pc.equal(pc.binary_length(text), 0), None, text)
    place = pc.index_in(text, value_set=pa.array(list(layers), pa.string()))
    values = np.array(pc.cast(place, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    odd = np.flatnonzero(np.isnan(values) & text.is_valid().to_numpy(zero_copy_only=False))
    if not len(odd):
        return values, []
    shown = text.take(pa.array(odd[:MOST_SHOWN])).to_pylist()
    rule = f"is no layer; depth_layers are {listed(map(repr, layers))}"
    near = (nearest(one, layers) for one in shown)
    details = tuple(f"; did you mean {one!r}?" if one else "" for one in near)
    return values, [Fault(column, rule, odd + first_row, tuple(shown), details)]

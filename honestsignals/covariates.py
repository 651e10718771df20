"""Columns of a dyad table that are no metric: attributes of people, facts of pairs, earlier labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from honestsignals.metrics.registry import NO_RANGE, Fact

Array = np.ndarray[Any, np.dtype[Any]]
UNKNOWN = "not known of one of the two"


def attribute_columns(
    name: str, codes: tuple[Array, Array], values: Any, categorical: bool, directed: bool
) -> Iterable[tuple[Fact, Any]]:
    """Columns of one attribute of people: ego's, alter's, and of the pair.

    Parameters
    ----------
    name : str
        The attribute.
    codes : tuple of ndarray of int, shape (n_rows,)
        Codes of ego and alter.
    values : pandas.Series, shape (n_people,)
        The attribute, by code.
    categorical : bool
        Compared by ``same_``; otherwise by ``gap_``.
    directed : bool
        False adds what does not depend on who is called ego.
    """
    ego, alter = (values.array[code] for code in codes)
    missing = values.isna().to_numpy()
    unknown_one = missing[codes[0]] | missing[codes[1]]
    bounds = NO_RANGE if categorical else (-np.inf, np.inf)
    yield Fact(f"ego_{name}", name, "attribute", f"{name} of ego", range=bounds, swap="swap"), ego
    yield Fact(f"alter_{name}", name, "attribute", f"{name} of alter", range=bounds, swap="swap"), alter
    if categorical:
        same = np.where(unknown_one, np.nan, np.asarray(ego == alter, dtype=float))
        meaning = f"whether the two have the same {name}: 1 or 0"
        yield Fact(f"same_{name}", name, "attribute", meaning, range=(0, 1), undefined=UNKNOWN), same
        return
    first, second = (values.to_numpy(dtype=float, na_value=np.nan)[code] for code in codes)
    meaning = f"absolute difference of the two in {name}"
    yield Fact(f"gap_{name}", name, "attribute", meaning, undefined=UNKNOWN), np.abs(first - second)
    if not directed:
        yield from symmetric(name, "attribute", first, second, before=True)


def symmetric(
    name: str, family: str, first: Array, second: Array, before: bool = False
) -> Iterable[tuple[Fact, Any]]:
    """Mean, smaller and larger of what the two have, and (but for attributes) their gap."""
    forms = {
        "mean": (first + second) / 2,
        "min": np.minimum(first, second),
        "max": np.maximum(first, second),
        "gap": np.abs(first - second),
    }
    for form, values in forms.items():
        if before and form == "gap":
            continue
        column = f"{form}_{name}" if before else f"{name}_{form}"
        meaning = f"{form} of the two in {name}"
        yield Fact(column, name, family, meaning, range=(-np.inf, np.inf), undefined=UNKNOWN), values

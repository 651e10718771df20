"""Terms of a ladder that say what terms before them say, and so cannot be judged beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from honestsignals.dyads import DyadTable
from honestsignals.formulas import design
from honestsignals.inference.collinearity import dependent_columns

if TYPE_CHECKING:
    import pandas as pd

ONCE = "told by who gave and whether both did, as nobody acted twice towards another"
"""Why in_contact gives way to balance."""


def told_already(
    table: DyadTable | pd.DataFrame, label: str, wanted: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Terms that are constant, or a combination of terms before them, and why.

    Where nobody acted more than once towards another, contact is what each gave less what was returned:
    ``in_contact`` then gives way, so that balance asks whether it matters that both gave.

    Parameters
    ----------
    table : DyadTable or pandas.DataFrame
        Rows of a plain frame are ordered.
    label : str
        Column, or comparison, that the rows must have.
    wanted : mapping of str to sequence of str
        Terms of each step.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ego": list("aabc"), "alter": list("bcca"), "acts": [1, 0, 3, 2]})
    >>> frame["y"] = [0, 1, 1, 0]
    >>> told_already(frame.assign(twice=2 * frame["acts"]), "y", {"volume": ["acts"], "more": ["twice"]})
    {'twice': 'a multiple of acts'}
    """
    terms = [term for step in wanted.values() for term in step]
    found = _dependent(table, label, terms)
    tied = "known(returned_share)" in found and "in_contact" in terms and "in_contact" not in found
    directed = table.directed if isinstance(table, DyadTable) else True
    if tied and directed and most_acts(table) <= 1:
        without = _dependent(table, label, [term for term in terms if term != "in_contact"])
        if "known(returned_share)" not in without:
            return {**without, "in_contact": ONCE}
    return found


def _dependent(table: DyadTable | pd.DataFrame, label: str, terms: Sequence[str]) -> dict[str, str]:
    """Terms that are constant, or a combination of terms before them, and why."""
    model = design(f"{label} ~ {' + '.join(terms)}", table)
    found = {}
    for term, others in dependent_columns(model.X, model.names):
        if others:
            what = "a combination" if len(others) > 1 else "a multiple"
            named = [one for one in others if one != "Intercept"]
            listed = " and ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
            found[term] = f"{what} of {listed}"
        else:
            found[term] = "the same in every row"
    return found


def most_acts(table: DyadTable | pd.DataFrame) -> float:
    """Most acts from one to another; infinite where the table does not tell.

    Parameters
    ----------
    table : DyadTable or pandas.DataFrame

    Returns
    -------
    float

    Examples
    --------
    >>> import pandas as pd
    >>> most_acts(pd.DataFrame({"acts_ego": [1, 4], "acts_alter": [0, 1]}))
    4.0
    """
    frame = table.frame if isinstance(table, DyadTable) else table
    there = [name for name in ("acts_ego", "acts_alter") if name in frame.columns]
    return float(frame[there].to_numpy().max(initial=0)) if there else np.inf

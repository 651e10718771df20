"""Metrics: decorated plain functions of arrays, and the catalogue that follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

# volume first: a metric may only name columns that exist already
# isort: off
from honestsignals.metrics import volume, balance, attention, asymmetry, chance, embeddedness
from honestsignals.metrics import timing, survival, contingency, rhythm, turns, persistence
from honestsignals.metrics import census, reciprocity, expectation, symmetry, skew, rowwise, relations
from honestsignals.metrics import people, answering, effects

# isort: on
from honestsignals.metrics.registry import SWAPS, entries

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "answering",
    "asymmetry",
    "attention",
    "balance",
    "census",
    "chance",
    "contingency",
    "effects",
    "embeddedness",
    "expectation",
    "people",
    "persistence",
    "reciprocity",
    "relations",
    "rhythm",
    "rowwise",
    "skew",
    "survival",
    "symmetry",
    "table",
    "timing",
    "turns",
    "volume",
]


def table() -> pd.DataFrame:
    """Every metric: name, family, meaning, formula, range, symmetry, needs, source.

    Returns
    -------
    pandas.DataFrame
        One row a metric, in the order of the dyad table's columns.

    Examples
    --------
    >>> table().set_index("name").loc["returned_share", "range"]
    '[0, 1]'
    """
    import pandas as pd

    rows = []
    for name, entry in entries().items():
        fact = entry.fact
        rows.append(
            {
                "name": name,
                "title": fact.title,
                "family": fact.family,
                "meaning": fact.meaning,
                "formula": fact.formula,
                "unit": fact.unit,
                "range": fact.interval,
                "swapping ego and alter gives": SWAPS[fact.swap],
                "undefined where": fact.undefined,
                "higher is more reciprocal": fact.higher,
                "needs": ", ".join(sorted(fact.needs)),
                "by kind": "yes" if fact.by_kind else "no",
                "also called": ", ".join(fact.aliases),
                "reference": fact.reference,
            }
        )
    return pd.DataFrame(rows)

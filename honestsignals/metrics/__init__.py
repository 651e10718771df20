"""Metrics: decorated plain functions of arrays, and the catalogue that follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

# volume first: a metric may only name columns that exist already
# isort: off
from honestsignals.metrics import volume, balance, attention, asymmetry, chance, embeddedness
from honestsignals.metrics import timing, survival, contingency, rhythm, turns, persistence
from honestsignals.metrics import disclosure, matching, responsiveness, stifling
from honestsignals.metrics import census, reciprocity, expectation, symmetry, skew, rowwise, relations
from honestsignals.metrics import people, signature, answering, effects

# isort: on
from honestsignals.errors import unknown
from honestsignals.metrics.finding import search
from honestsignals.metrics.registry import LEVELS, SWAPS, Fact, entries

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
    "disclosure",
    "effects",
    "embeddedness",
    "expectation",
    "matching",
    "people",
    "persistence",
    "reciprocity",
    "relations",
    "responsiveness",
    "rhythm",
    "rowwise",
    "search",
    "signature",
    "skew",
    "stifling",
    "survival",
    "symmetry",
    "table",
    "timing",
    "turns",
    "volume",
]


def table(level: str = "dyad") -> pd.DataFrame:
    """Every metric of a level: name, family, meaning, formula, range, symmetry, needs, source.

    Parameters
    ----------
    level : {"dyad", "person", "network"}
        What the metrics are about.

    Returns
    -------
    pandas.DataFrame
        One row a metric, in the order of the level's table.

    Examples
    --------
    >>> table().set_index("name").loc["returned_share", "range"]
    '[0, 1]'
    >>> table("network").set_index("name").loc["reciprocity_nonnull", "formula"]
    'M / (M + A)'
    """
    import pandas as pd

    if level not in LEVELS:
        raise unknown("level of metrics", level, LEVELS)
    return pd.DataFrame([_row(name, entry.fact) for name, entry in entries(level).items()])


def _row(name: str, fact: Fact) -> dict[str, object]:
    return {
        "name": name,
        "title": fact.title,
        "family": fact.family,
        "meaning": fact.meaning,
        "formula": fact.formula,
        "unit": fact.unit,
        "range": fact.interval,
        "swapping ego and alter gives": SWAPS[fact.swap] if fact.level == "dyad" else "",
        "undefined where": fact.undefined,
        "higher is more reciprocal": fact.higher,
        "needs": ", ".join(sorted(fact.needs - {"moments"})),
        "by kind": ("yes" if fact.by_kind else "no") if fact.level == "dyad" else "",
        "also called": ", ".join(fact.aliases),
        "elsewhere": "; ".join(fact.elsewhere),
        "formula read in": fact.basis,
        "reference": fact.reference,
    }

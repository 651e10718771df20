"""What each column of an exported table is, and where that goes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from honestsignals.errors import OutputError
from honestsignals.exporting.forms import FORMS
from honestsignals.glossary import WORDS
from honestsignals.metrics.registry import NO_RANGE, SWAPS, Fact

if TYPE_CHECKING:
    import pandas as pd

BESIDE = ("codebook.csv", "provenance.json")
"""How the names of the files beside a table end."""


def codebook_of(about: Iterable[Fact]) -> pd.DataFrame:
    """What each of some columns is, one row a column."""
    import pandas as pd

    rows = [
        {
            "column": one.name,
            "kind": one.family,
            "meaning": one.meaning,
            "unit": one.unit,
            "lowest": one.range[0],
            "highest": one.range[1],
            "swapping ego and alter gives": SWAPS[one.swap],
            "undefined where": one.undefined,
            "formula": one.formula,
            "reference": one.reference,
        }
        for one in about
    ]
    return pd.DataFrame(rows)


def fact_of_word(name: str) -> Fact:
    """What a column is that is no metric, as far as the glossary knows it."""
    word = WORDS.get(name)
    meaning, unit = (word.meaning, word.unit) if word else ("", "")
    return Fact(name, name, "", meaning, unit=unit, range=NO_RANGE)


def codebook_path(path: str | os.PathLike[str]) -> Path:
    """Where the codebook of a table goes: beside it.

    >>> codebook_path("tables/dyads.csv").name
    'dyads.codebook.csv'
    """
    return _beside(path, BESIDE[0])


def provenance_path(path: str | os.PathLike[str]) -> Path:
    """Where the provenance of a table goes: beside it.

    >>> provenance_path("tables/dyads.xlsx").name
    'dyads.xlsx.provenance.json'
    """
    return _beside(path, BESIDE[1])


def _beside(path: str | os.PathLike[str], ending: str) -> Path:
    table = Path(path)
    # a table in another form keeps its ending here, so that two tables never share a codebook
    stem = re.sub(r"\.csv$", "", table.name, flags=re.IGNORECASE)
    if stem.lower().endswith(tuple(FORMS)):
        stem = table.name
    if stem.endswith(".codebook"):
        raise OutputError(
            f"{table.name!r} is what the codebook of another table is called; choose another name."
        )
    return table.with_name(f"{stem}.{ending}")

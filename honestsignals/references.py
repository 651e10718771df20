"""Sources of metrics and methods, as a list of references prints them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Reference:
    """One source, as the project's ``references.bib`` has it.

    Attributes
    ----------
    authors, year, title, where : str
        As a list of references prints them.
    doi : str
        "" where it has none.
    short : str
        As a sentence cites it.
    """

    authors: str
    year: str
    title: str
    where: str
    doi: str
    short: str


_FILE = Path(__file__).with_name("references.json")
REFERENCES = {
    key: Reference(**fields) for key, fields in json.loads(_FILE.read_text(encoding="utf-8")).items()
}
"""Every source by its key; made from ``references.bib`` by ``docs/bibliography.py``."""


def cited(keys: Iterable[str]) -> list[Reference]:
    """The sources of some keys, in the order of a list of references; a key without one is passed over.

    Parameters
    ----------
    keys : iterable of str
        Keys of ``references.bib``.

    Returns
    -------
    list of Reference

    Examples
    --------
    >>> [one.short for one in cited(["goh2008", "efron1981"])]
    ['Efron & Stein 1981', 'Goh & Barabási 2008']
    """
    return [REFERENCES[key] for key in sorted(set(keys)) if key in REFERENCES]

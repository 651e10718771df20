"""The figures of a report: which there are, and what each shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from honestsignals.errors import ArgumentError, DesignError
from honestsignals.figures.registry import FIGURES, alt_text, draw
from honestsignals.figures.svg import svg
from honestsignals.progress import progress
from honestsignals.reporting.blocks import Block, Drawing, Text

NAMES = (
    "give-take",
    "reciprocity-null",
    "network",
    "coefficients",
    "permutation-null",
    "ladder",
    "roc",
    "precision-recall",
    "reliability",
)
"""Every figure that a report may have, by the name of its file."""


def drawing(name: str, table: Any, options: Mapping[str, Any] | None = None) -> Block:
    """A figure of the catalogue, or the reason why these data have none.

    Parameters
    ----------
    name : str
        Of the file: that of the figure, with hyphens.
    table : object
        What the figure needs.
    options : mapping of str to value, optional
        Further arguments of the figure.

    Returns
    -------
    Drawing or Text
    """
    of = name.replace("-", "_")
    title = FIGURES[of].title
    with progress() as tell:
        tell(f"Drawing {title[:1].lower()}{title[1:]}")
        try:
            made = draw(of, table, options=options)
        except (ArgumentError, DesignError) as error:
            return Text(f"{title}: not drawn. {error}")
        words = alt_text(made)
        return Drawing(name, title, words, svg(made, title, words))

"""The figures of a report: which there are, and what each shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from honestsignals.errors import ArgumentError, DesignError
from honestsignals.figures.registry import FIGURES, alt_text, draw
from honestsignals.figures.svg import svg
from honestsignals.reporting.blocks import Block, Drawing, Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    try:
        made = draw(of, table, options=options)
    except (ArgumentError, DesignError) as error:
        return Text(f"{title}: not drawn. {error}")
    return shown(name, title, made)


def shown(name: str, title: str, made: Figure) -> Drawing:
    """A drawn figure as a block."""
    words = alt_text(made)
    return Drawing(name, title, words, svg(made, title, words))

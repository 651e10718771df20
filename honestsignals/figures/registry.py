"""Which figures there are, and what each drawn one says to those who do not see it."""

from __future__ import annotations

import base64
import html
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from honestsignals.errors import ArgumentError, unknown
from honestsignals.figures.style import PAGE
from honestsignals.figures.svg import svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Function = TypeVar("Function", bound=Callable[..., Any])

WIDTH = 7.2
"""Inches: the width of a page's text."""
BETWEEN = (3.4, 20.0)
"""Inches that a figure may be wide."""
TALL = (1.0, 100.0)
"""Inches that a figure may be tall."""


@dataclass(frozen=True)
class Drawable:
    """A figure that can be drawn.

    Attributes
    ----------
    name : str
        What :func:`draw` calls it.
    title : str
        What it shows, for a caption.
    needs : str
        What its first argument must be, in words.
    height : float, inches
        On a page; a figure with rows is as high as these need.
    square : bool
        Both axes have one scale.
    function : callable
        ``function(table, axes, ...)``, which returns the Axes.
    """

    name: str
    title: str
    needs: str
    height: float
    square: bool
    function: Callable[..., Any]


@dataclass(frozen=True)
class Said:
    """What an Axes shows.

    Attributes
    ----------
    title : str
        Of the figure.
    text : str
        In words and numbers; no id of a person is in it.
    inches : float or None
        Height that its rows need; None where any will do.
    """

    title: str
    text: str
    inches: float | None = None


FIGURES: dict[str, Drawable] = {}
"""Every figure by name, in the order of a paper."""
_SAID: WeakKeyDictionary[Axes, Said] = WeakKeyDictionary()


def figure(
    title: str, needs: str, *, height: float = 4.2, square: bool = False
) -> Callable[[Function], Function]:
    """Enter a function of a table and an Axes among the figures; the function stays as it is.

    Parameters
    ----------
    title : str
        What it shows, for a caption.
    needs : str
        What its first argument must be, in words.
    height : float, inches
    square : bool
        Both axes have one scale.
    """

    def register(function: Function) -> Function:
        name = function.__name__
        FIGURES[name] = Drawable(name, title, needs, height, square, function)
        return function

    return register


def check_axes(axes: object) -> None:
    """Refuse what nothing can be drawn on.

    Raises
    ------
    ArgumentError

    Examples
    --------
    >>> check_axes(None)
    Traceback (most recent call last):
    honestsignals.errors.ArgumentError: axes is NoneType; it must be one Axes, ...
    """
    from matplotlib.axes import Axes

    if not isinstance(axes, Axes):
        raise ArgumentError(
            f"axes is {type(axes).__name__}; it must be one Axes, as Figure().subplots() gives it. A figure "
            "of its own is made by hs.figures.draw(name, table)."
        )


def describe(axes: Axes, name: str, text: str, inches: float | None = None) -> Axes:
    """Keep what an Axes shows beside it.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    name : str
        Of the figure.
    text : str
        In words and numbers, without ids.
    inches : float, optional
        Height that its rows need.

    Returns
    -------
    matplotlib.axes.Axes
        The same.
    """
    _SAID[axes] = Said(FIGURES[name].title, text, inches)
    return axes


def said_of(drawn: Axes | Figure) -> list[Said]:
    """What the Axes of a figure show, in order; of an Axes, what it shows."""
    from matplotlib.figure import Figure

    if isinstance(drawn, Figure):
        return [_SAID[axes] for axes in drawn.axes if axes in _SAID]
    return [_SAID[drawn]] if drawn in _SAID else []


def alt_text(axes: Axes | Figure) -> str:
    """What a figure shows, in words with its numbers, for those who do not see it.

    Parameters
    ----------
    axes : matplotlib.axes.Axes or matplotlib.figure.Figure
        That a function of this room drew on.

    Returns
    -------
    str
        Never with an id of a person in it.

    Raises
    ------
    ArgumentError
        Where nothing of this room was drawn there.

    Examples
    --------
    >>> import pandas as pd
    >>> studies = pd.DataFrame({"study": ["one"], "estimate": [0.1], "low": [0.0], "high": [0.2]})
    >>> alt_text(draw("forest", studies))
    'Estimates of 1 study with 95 % intervals: one 0.100 (0.000 to 0.200).'
    """
    said = said_of(axes)
    if not said:
        raise ArgumentError("Nothing was drawn there by honestsignals.figures, so there are no words for it.")
    return " ".join(one.text for one in said)


def draw(
    name: str,
    table: Any,
    *,
    width: float = WIDTH,
    height: float | None = None,
    options: Mapping[str, Any] | None = None,
) -> Figure:
    """A figure of its own, in one style and of the size that fits a page.

    It is no figure of pyplot, and what a user has set for other figures neither changes nor is changed. A
    notebook shows it where it is the last line of a cell, with its words for those who do not see it.

    Parameters
    ----------
    name : str
        One of ``FIGURES``.
    table : object
        What the figure needs.
    width : float, inches
        7.2 for a page; 3.75 for a screen 360 pixels wide.
    height : float, inches, optional
        By default what suits the figure, and what its rows need.
    options : mapping of str to value, optional
        Further arguments of the figure's function.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    UnknownNameError
        For a figure, or an option, that there is not.
    ArgumentError
        For a size that is no number of inches, or beyond what can be drawn.
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    if not isinstance(name, str) or name not in FIGURES:
        raise unknown("figure", name, FIGURES)
    _check_inches("width", width, BETWEEN)
    if height is not None:
        _check_inches("height", height, TALL)
    one = FIGURES[name]
    _check_options(one, options)
    tall = height if height is not None else one.height if width > 5 else one.height * 0.95
    with style.context(["default", PAGE]):
        made = Figure(figsize=(width, tall), layout="compressed" if one.square else "constrained")
        made.set_facecolor("none")
        axes = made.subplots()
        axes.set_facecolor("none")
        one.function(table, axes, **(options or {}))
    needed = [said.inches for said in said_of(axes) if said.inches is not None]
    if height is None and needed:
        made.set_size_inches(width, needed[0])
    # a notebook shows only figures of pyplot by itself, and asks any other object for this
    made.__dict__["_repr_html_"] = partial(_in_page, made)
    return made


def _check_inches(name: str, value: object, between: tuple[float, float]) -> None:
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not (real and between[0] <= value <= between[1]):  # type: ignore[operator]
        raise ArgumentError(f"{name} is {value!r}; it must be from {between[0]} to {between[1]} inches.")


def _check_options(one: Drawable, options: Mapping[str, Any] | None) -> None:
    """Further arguments that the figure's function has."""
    if options is None:
        return
    if not isinstance(options, Mapping):
        kind = type(options).__name__
        raise ArgumentError(f"options must be a mapping of names to values, as {{'level': 0.9}}; got {kind}.")
    there = list(inspect.signature(one.function).parameters)[2:]
    for option in options:
        if option not in there:
            hint = "" if there else f"{one.name} has none."
            raise unknown(f"option of {one.name}", str(option), there, hint)


def _in_page(made: Figure) -> str:
    """A figure as part of a page: an image of its own, whose ids cannot meet those of another."""
    said = said_of(made)
    words = " ".join(one.text for one in said)
    drawing = svg(made, "; ".join(one.title for one in said), words, paper="white")
    code = base64.b64encode(drawing.encode("utf-8")).decode("ascii")
    return (
        f'<img alt="{html.escape(words)}" src="data:image/svg+xml;base64,{code}" '
        'style="max-width: 100%; height: auto">'
    )
